/*
 * Subscriptions: a hash table from (entity, id) to the connections that have the record on
 * screen, so that a change costs as much as it has watchers, however many are connected.
 */
#include "common/log.h"
#include "common/mem.h"
#include "server/net/inner.h"

#include <stdlib.h>

#define WATCH_FIRST_BUCKETS 256

static size_t
watch_bucket(const struct watch_table *table, uint32_t entity, int64_t id)
{
	uint64_t hash = ((uint64_t)id ^ (uint64_t)entity << 40) * UINT64_C(0x9e3779b97f4a7c15);

	return (size_t)(hash >> 20) & (table->bucket_count - 1);
}

static struct watch **
watch_buckets(size_t count)
{
	struct watch **buckets = mem_zalloc(count, sizeof(struct watch *));

	return buckets;
}

void
watch_init(struct watch_table *table)
{
	*table = (struct watch_table){ .buckets = watch_buckets(WATCH_FIRST_BUCKETS),
		.bucket_count = WATCH_FIRST_BUCKETS };
}

void
watch_fini(struct watch_table *table)
{
	free(table->buckets);
	*table = (struct watch_table){ 0 };
}

static void
watch_link(struct watch_table *table, struct watch *watch)
{
	struct watch **bucket = &table->buckets[watch_bucket(table, watch->entity, watch->id)];

	watch->next = *bucket;
	watch->at = bucket;
	if (watch->next != NULL)
		watch->next->at = &watch->next;
	*bucket = watch;
}

static void
watch_grow(struct watch_table *table)
{
	struct watch **old = table->buckets;
	size_t old_count = table->bucket_count;

	table->bucket_count = old_count * 2;
	table->buckets = watch_buckets(table->bucket_count);
	for (size_t i = 0; i < old_count; i++)
		for (struct watch *watch = old[i], *next; watch != NULL; watch = next) {
			next = watch->next;
			watch_link(table, watch);
		}
	free(old);
}

void
watch_clear(struct watch_table *table, struct conn *conn)
{
	for (size_t i = 0; i < conn->watch_count; i++) {
		struct watch *watch = &conn->watches[i];

		*watch->at = watch->next;
		if (watch->next != NULL)
			watch->next->at = watch->at;
	}
	table->count -= conn->watch_count;
	free(conn->watches);
	conn->watches = NULL;
	conn->watch_count = 0;
}

static void
watch_add(struct watch_table *table, struct conn *conn, uint32_t entity, int64_t id)
{
	struct watch *watch = &conn->watches[conn->watch_count++];

	*watch = (struct watch){ .conn = conn, .entity = entity, .id = id };
	if (++table->count > table->bucket_count)
		watch_grow(table);
	watch_link(table, watch);
}

enum err
watch_set(struct watch_table *table, struct conn *conn, const Kehu__Subscribe *subscribe)
{
	size_t count = 0;

	for (size_t i = 0; i < subscribe->n_watch; i++)
		count += subscribe->watch[i]->n_ids + (subscribe->watch[i]->all ? 1 : 0);
	if (count > NET_SUBSCRIBE_IDS)
		return ERR_TOO_MANY;
	watch_clear(table, conn);
	if (count == 0)
		return ERR_OK;
	conn->watches = mem_zalloc(count, sizeof(struct watch));
	for (size_t i = 0; i < subscribe->n_watch; i++) {
		const Kehu__Watch *watch = subscribe->watch[i];

		if (watch->all)
			watch_add(table, conn, watch->entity, 0);
		for (size_t n = 0; n < watch->n_ids; n++)
			watch_add(table, conn, watch->entity, watch->ids[n]);
	}
	return ERR_OK;
}

struct watch *
watch_next(
    const struct watch_table *table, const struct watch *after, uint32_t entity, int64_t id)
{
	struct watch *watch =
	    after != NULL ? after->next : table->buckets[watch_bucket(table, entity, id)];

	while (watch != NULL && (watch->entity != entity || watch->id != id))
		watch = watch->next;
	return watch;
}
