/*
 * The page cache. Some hundred entries at most, so a list walked from its front is enough; each
 * holds a packed answer.
 */
#include "client/link/cache.h"

#include "common/date.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/uuid.h"
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

struct cached {
	TAILQ_ENTRY(cached) entry;
	uint8_t key[32];
	uint32_t entity;
	bool fresh;
	int64_t at_us;
	size_t bytes;
	uint8_t data[];
};
TAILQ_HEAD(cached_list, cached);

struct link_cache {
	struct cached_list list; /* most recently used first */
	size_t bytes, max_bytes;
};

struct link_cache *
link_cache_new(size_t max_bytes)
{
	struct link_cache *cache = mem_zalloc(1, sizeof(*cache));

	TAILQ_INIT(&cache->list);
	cache->max_bytes = max_bytes;
	return cache;
}

static void
link_cache_drop(struct link_cache *cache, struct cached *cached)
{
	TAILQ_REMOVE(&cache->list, cached, entry);
	cache->bytes -= cached->bytes;
	free(cached);
}

void
link_cache_clear(struct link_cache *cache)
{
	while (!TAILQ_EMPTY(&cache->list))
		link_cache_drop(cache, TAILQ_FIRST(&cache->list));
}

void
link_cache_free(struct link_cache *cache)
{
	if (cache == NULL)
		return;
	link_cache_clear(cache);
	free(cache);
}

void
link_cache_key(const Kehu__ClientFrame *frame, uint8_t key[32])
{
	Kehu__ClientFrame bare = *frame;
	struct buf packed = BUF_INIT;

	bare.has_number = false;
	bare.number = 0;
	size_t bytes = kehu__client_frame__get_packed_size(&bare);
	kehu__client_frame__pack(&bare, (uint8_t *)buf_reserve(&packed, bytes));
	buf_wrote(&packed, bytes);
	hash_sha256(packed.data, packed.bytes, key);
	buf_fini(&packed);
}

static struct cached *
link_cache_find(struct link_cache *cache, const uint8_t key[32])
{
	struct cached *cached;

	TAILQ_FOREACH(cached, &cache->list, entry)
	if (memcmp(cached->key, key, sizeof(cached->key)) == 0)
		return cached;
	return NULL;
}

void
link_cache_put(struct link_cache *cache, const uint8_t key[32], uint32_t entity,
    const Kehu__ServerFrame *answer)
{
	size_t bytes = kehu__server_frame__get_packed_size(answer);
	struct cached *cached = link_cache_find(cache, key);

	if (cached != NULL)
		link_cache_drop(cache, cached);
	if (bytes > cache->max_bytes / 4)
		return;
	cached = mem_alloc(sizeof(*cached) + bytes);
	*cached = (struct cached){
		.entity = entity, .fresh = true, .at_us = date_monotonic_us(), .bytes = bytes
	};
	memcpy(cached->key, key, sizeof(cached->key));
	kehu__server_frame__pack(answer, cached->data);
	TAILQ_INSERT_HEAD(&cache->list, cached, entry);
	cache->bytes += bytes;
	while (cache->bytes > cache->max_bytes)
		link_cache_drop(cache, TAILQ_LAST(&cache->list, cached_list));
}

Kehu__ServerFrame *
link_cache_get(struct link_cache *cache, struct arena *arena, const uint8_t key[32],
    int64_t *age_ms, bool *fresh)
{
	struct cached *cached = link_cache_find(cache, key);
	ProtobufCAllocator allocator = frame_allocator(arena);

	if (cached == NULL)
		return NULL;
	TAILQ_REMOVE(&cache->list, cached, entry);
	TAILQ_INSERT_HEAD(&cache->list, cached, entry);
	*age_ms = (date_monotonic_us() - cached->at_us) / 1000;
	*fresh = cached->fresh;
	return kehu__server_frame__unpack(&allocator, cached->bytes, cached->data);
}

void
link_cache_stale(struct link_cache *cache, uint32_t entity)
{
	struct cached *cached;

	TAILQ_FOREACH(cached, &cache->list, entry)
	if (entity == 0 || cached->entity == 0 || cached->entity == entity)
		cached->fresh = false;
}
