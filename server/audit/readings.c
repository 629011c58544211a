/*
 * See readings.h. One lock around everything: a page of 50 rows holds it for a few
 * microseconds. The database is never waited for under it.
 */
#include "server/audit/readings_private.h"

#include "common/log.h"
#include "common/mem.h"
#include "server/server.h"

#include <inttypes.h>
#include <stdlib.h>

#define CHUNK_SHARE   20 /* of the budget: taken at once */
#define VIEWS_MAX     20000                 /* of sensitive fields, waiting to be written */

struct readings *
readings_new(void)
{
	struct readings *readings = mem_zalloc(1, sizeof(*readings));

	pthread_mutex_init(&readings->lock, NULL);
	return readings;
}

void
reader_free(struct reader *reader)
{
	free(reader->seen.ids);
	free(reader);
}

void
readings_free(struct readings *readings)
{
	if (readings == NULL)
		return;
	for (size_t i = 0; i < BUCKETS; i++) {
		while (readings->readers[i] != NULL) {
			struct reader *reader = readings->readers[i];

			readings->readers[i] = reader->next;
			reader_free(reader);
		}
		while (readings->views[i] != NULL) {
			struct view *view = readings->views[i];

			readings->views[i] = view->next;
			free(view);
		}
	}
	pthread_mutex_destroy(&readings->lock);
	free(readings);
}

/* ---- sets -------------------------------------------------------------------------------- */

static uint64_t
set_hash(uint64_t id)
{
	return (id * UINT64_C(0x9E3779B97F4A7C15)) >> 20;
}

/* Where the id is, or would be. */
static size_t
set_place(const struct id_set *set, uint64_t id)
{
	size_t at = set_hash(id) & (set->size - 1);

	while (set->ids[at] != 0 && set->ids[at] != id)
		at = (at + 1) & (set->size - 1);
	return at;
}

static bool
set_has(const struct id_set *set, uint64_t id)
{
	return set->size > 0 && set->ids[set_place(set, id)] == id;
}

static void
set_add(struct id_set *set, uint64_t id)
{
	if (set->count * 2 >= set->size) {
		struct id_set wider = { .size = set->size == 0 ? 128 : set->size * 2,
			.count = set->count };

		wider.ids = mem_zalloc(wider.size, sizeof(*wider.ids));
		for (size_t i = 0; i < set->size; i++)
			if (set->ids[i] != 0)
				wider.ids[set_place(&wider, set->ids[i])] = set->ids[i];
		free(set->ids);
		*set = wider;
	}
	if (!set_has(set, id)) {
		set->ids[set_place(set, id)] = id;
		set->count++;
	}
}

/* ---- readers ----------------------------------------------------------------------------- */

int64_t
reading_day(const struct server *server)
{
	return date_today((int)server->settings.budget_offset);
}

/* The user's count of today; yesterday's is left to the next flush. Under the lock. */
static struct reader *
reader_of(struct readings *readings, int64_t user, int64_t day)
{
	struct reader **at = &readings->readers[set_hash((uint64_t)user) % BUCKETS];
	struct reader *reader = *at;

	while (reader != NULL && (reader->user != user || reader->day != day))
		reader = reader->next;
	if (reader == NULL) {
		reader = mem_zalloc(1, sizeof(*reader));
		reader->user = user;
		reader->day = day;
		reader->next = *at;
		*at = reader;
	}
	reader->used_us = date_monotonic_us();
	return reader;
}

/* One statement in a transaction of its own. */
enum err
readings_run(
    struct store *store, struct arena *arena, const struct sql *sql, struct rows **rows)
{
	enum err err;

	store_begin(store);
	store_queue(store, sql, rows);
	err = store_commit(store, arena);
	if (err != ERR_OK)
		store_rollback(store);
	return err;
}

static enum err
readings_refuse(struct call *call, int64_t budget)
{
	return CALL_FAIL(call, ERR_BUDGET,
	    .text = arena_printf(call->arena,
		call_say(call,
		    "You have read the %" PRId64
		    " records that one day allows; ask for more in Reading (F9 cktj), "
		    "F8 Ask for more. What you have seen today stays open to you",
		    "今日可查看的 %" PRId64 " 条记录已用完；可在“查看统计”(F9 cktj) 按 F8 申请增加。"
					    "今日已看过的记录仍可查看"),
		budget));
}

/* Takes need rows from the day's budget, or a chunk that holds them. */
static enum err
readings_take(struct call *call, int64_t day, uint64_t need, uint64_t chunk, uint64_t *granted,
    int64_t *budget)
{
	const struct server_settings *settings = &call->server->settings;
	struct sql *sql = sql_new(call->arena);
	struct rows *rows;
	enum err err;

	sql_add(sql, "SELECT granted, budget FROM kehu_reading_reserve(");
	sql_int(sql, call_reader(call));
	sql_add(sql, ", ");
	sql_date(sql, day);
	sql_add(sql, ", ");
	sql_int(sql, (int64_t)need);
	sql_add(sql, ", ");
	sql_int(sql, (int64_t)chunk);
	sql_add(sql, ", ");
	sql_int(sql, settings->budget_rows);
	sql_add(sql, ", ");
	sql_int(sql, (int64_t)call->reference);
	sql_add(sql, ")");
	sql_named(sql);
	err = readings_run(call->store, call->arena, sql, &rows);
	if (err != ERR_OK)
		return CALL_FAIL(call, err);
	*granted = (uint64_t)rows_int(rows, 0, 0);
	*budget = rows_int(rows, 0, 1);
	return ERR_OK;
}

static uint64_t
readings_chunk(const struct call *call)
{
	uint64_t share = (uint64_t)call->server->settings.budget_rows / CHUNK_SHARE + 1;

	return share < CHUNK_MAX ? share : CHUNK_MAX;
}

/* How many of the ids are news to the reader. Under the lock. */
static uint64_t
reader_news(const struct reader *reader, const int64_t *ids, size_t count)
{
	uint64_t news = 0;

	for (size_t i = 0; i < count; i++)
		news += !set_has(&reader->seen, (uint64_t)ids[i]);
	return news;
}

enum err
readings_charge(struct call *call, enum reading_way way, const int64_t *ids, size_t count)
{
	struct readings *readings = call->server->readings;
	bool limited = call->server->settings.budget_rows > 0;
	int64_t day = reading_day(call->server);

	if (readings == NULL || count == 0 || call_reader(call) == 0)
		return ERR_OK;
	for (;;) {
		uint64_t news, need, granted;
		struct reader *reader;
		int64_t budget;
		enum err err;

		pthread_mutex_lock(&readings->lock);
		reader = reader_of(readings, call_reader(call), day);
		news = reader_news(reader, ids, count);
		need = limited && news > reader->left ? news - reader->left : 0;
		if (need == 0) {
			reader->left -= limited ? news : 0;
			reader->news[way] += news;
			for (size_t i = 0; i < count; i++)
				set_add(&reader->seen, (uint64_t)ids[i]);
		}
		pthread_mutex_unlock(&readings->lock);
		if (need == 0)
			return ERR_OK;
		err = readings_take(call, day, need, readings_chunk(call), &granted, &budget);
		if (err != ERR_OK)
			return err;
		if (granted == 0)
			return readings_refuse(call, budget);
		pthread_mutex_lock(&readings->lock);
		reader_of(readings, call_reader(call), day)->left += granted;
		pthread_mutex_unlock(&readings->lock);
	}
}

/* ---- sensitive fields -------------------------------------------------------------------- */

/* Whether this reader sees a sensitive field of the entity in the clear. */
static bool
readings_sensitive(const struct entity_view *entity)
{
	for (size_t i = 0; i < entity->field_count; i++)
		if ((entity->fields[i]->flags & (FIELD_SENSITIVE | FIELD_MASKED)) ==
		    FIELD_SENSITIVE)
			return true;
	return false;
}

void
readings_note_view(
    struct call *call, const struct entity_view *entity, int64_t record, uint64_t count)
{
	struct readings *readings = call->server->readings;
	int64_t hour = date_now_us() / US_PER_HOUR, user = call_reader(call);
	struct view **at, *view;

	if (readings == NULL || count == 0 || !readings_sensitive(entity))
		return;
	at = &readings->views[set_hash((uint64_t)(record ^ user * 31 ^ hour)) % BUCKETS];
	pthread_mutex_lock(&readings->lock);
	for (view = *at; view != NULL; view = view->next)
		if (view->user == user && view->record == record && view->hour == hour &&
		    view->entity == entity->def->number)
			break;
	if (view == NULL && readings->view_count < VIEWS_MAX) {
		view = mem_zalloc(1, sizeof(*view));
		*view = (struct view){ .next = *at,
			.user = user,
			.record = record,
			.hour = hour,
			.entity = entity->def->number };
		*at = view;
		readings->view_count++;
	}
	if (view != NULL)
		view->count += count;
	pthread_mutex_unlock(&readings->lock);
}

/* ---- ahead ------------------------------------------------------------------------------- */

enum err
readings_reserve(struct call *call, uint64_t wanted, uint64_t *rows)
{
	struct readings *readings = call->server->readings;
	int64_t day = reading_day(call->server), budget;
	uint64_t granted = 0;
	enum err err;

	*rows = wanted;
	if (readings == NULL || call->server->settings.budget_rows == 0)
		return ERR_OK;
	pthread_mutex_lock(&readings->lock);
	*rows = reader_of(readings, call_reader(call), day)->left;
	pthread_mutex_unlock(&readings->lock);
	if (*rows >= wanted)
		return ERR_OK;
	err = readings_take(call, day, 1, wanted - *rows, &granted, &budget);
	if (err != ERR_OK)
		return err;
	if (granted == 0 && *rows == 0)
		return readings_refuse(call, budget);
	pthread_mutex_lock(&readings->lock);
	*rows = reader_of(readings, call_reader(call), day)->left += granted;
	pthread_mutex_unlock(&readings->lock);
	return ERR_OK;
}

bool
readings_use(
    struct call *call, enum reading_way way, const struct entity_view *entity, uint64_t rows)
{
	struct readings *readings = call->server->readings;
	bool limited = call->server->settings.budget_rows > 0, enough = true;
	struct reader *reader;

	if (readings == NULL)
		return true;
	pthread_mutex_lock(&readings->lock);
	reader = reader_of(readings, call_reader(call), reading_day(call->server));
	enough = !limited || reader->left >= rows;
	if (enough) {
		reader->left -= limited ? rows : 0;
		reader->news[way] += rows;
	}
	pthread_mutex_unlock(&readings->lock);
	if (enough && entity != NULL)
		readings_note_view(call, entity, 0, rows);
	return enough;
}
