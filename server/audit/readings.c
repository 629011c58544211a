/*
 * See readings.h. One lock around everything: a page of 50 rows holds it for a few
 * microseconds. The database is never waited for under it.
 */
#include "server/audit/readings.h"

#include "common/date.h"
#include "common/log.h"
#include "common/mem.h"
#include "server/entity/fields.h"
#include "server/server.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define BUCKETS       1024
#define CHUNK_SHARE   20 /* of the budget: taken at once */
#define CHUNK_MAX     500
#define IDLE_US       (120 * US_PER_SECOND) /* then what was taken and not used goes back */
#define VIEWS_MAX     20000                 /* of sensitive fields, waiting to be written */
#define VIEWS_A_FLUSH 500
#define US_PER_HOUR   (3600 * US_PER_SECOND)

/* Records seen: open addressing, a power of two; 0 is free. */
struct id_set {
	uint64_t *ids;
	size_t size, count;
};

struct reader {
	struct reader *next;
	int64_t user, day;
	struct id_set seen;
	uint64_t left;            /* taken from the budget, not used yet */
	uint64_t news[READ_WAYS]; /* since the last flush */
	int64_t used_us;          /* monotonic */
};

/* Looks at the sensitive fields of a record (0: of rows in lists) in an hour. */
struct view {
	struct view *next;
	int64_t user, record, hour;
	uint32_t entity;
	uint64_t count, written;
};

struct readings {
	pthread_mutex_t lock;
	struct reader *readers[BUCKETS];
	struct view *views[BUCKETS];
	size_t view_count;
};

struct readings *
readings_new(void)
{
	struct readings *readings = mem_zalloc(1, sizeof(*readings));

	pthread_mutex_init(&readings->lock, NULL);
	return readings;
}

static void
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

static int64_t
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
static enum err
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

static enum err
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

static void
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

/* ---- answers ----------------------------------------------------------------------------- */

/* Business records count; branches, dictionaries and the like are only labels. */
static const struct entity_view *
readings_counted(const struct call *call, uint32_t number)
{
	const struct entity_view *entity = call_view(call, number);

	return entity != NULL && entity->def->kind == ENTITY_ACTIVITY && number != E_reading
		   ? entity
		   : NULL;
}

static enum err
readings_charge_page(struct call *call, uint32_t number, const Kehu__Page *page)
{
	const struct entity_view *entity = readings_counted(call, number);
	int64_t *ids = ARENA_ARRAY(call->arena, int64_t, page->n_rows + 1);
	enum err err;

	if (entity == NULL)
		return ERR_OK;
	for (size_t i = 0; i < page->n_rows; i++)
		ids[i] = page->rows[i]->id;
	err = readings_charge(call, READ_LIST, ids, page->n_rows);
	if (err == ERR_OK)
		readings_note_view(call, entity, 0, page->n_rows);
	return err;
}

static enum err
readings_charge_record(struct call *call, uint32_t number, int64_t id)
{
	const struct entity_view *entity = readings_counted(call, number);
	enum err err;

	if (entity == NULL)
		return ERR_OK;
	err = readings_charge(call, READ_OPEN, &id, 1);
	if (err == ERR_OK)
		readings_note_view(call, entity, id, 1);
	return err;
}

static enum err
readings_charge_get(struct call *call)
{
	const Kehu__GetAnswer *get = call->answer.get;
	enum err err =
	    readings_charge_record(call, call->request->get->entity, call->request->get->id);

	for (size_t i = 0; err == ERR_OK && i < get->n_related; i++)
		err =
		    readings_charge_page(call, get->related[i]->entity, get->related[i]->page);
	return err;
}

static enum err
readings_charge_search(struct call *call)
{
	const Kehu__SearchAnswer *search = call->answer.search;
	int64_t *ids = ARENA_ARRAY(call->arena, int64_t, search->n_hits + 1);
	size_t count = 0;

	for (size_t i = 0; i < search->n_hits; i++)
		if (readings_counted(call, search->hits[i]->entity) != NULL)
			ids[count++] = search->hits[i]->id;
	return readings_charge(call, READ_SEARCH, ids, count);
}

static enum err
readings_charge_board(struct call *call)
{
	const Kehu__BoardAnswer *board = call->answer.board;
	enum err err = ERR_OK;

	for (size_t i = 0; err == ERR_OK && i < board->n_stages; i++)
		if (board->stages[i]->page != NULL)
			err = readings_charge_page(call, E_opportunity, board->stages[i]->page);
	return err;
}

/* The day's work stays in sight without the rows that the budget no longer covers. */
static enum err
readings_charge_today(struct call *call)
{
	const Kehu__TodayAnswer *today = call->answer.today;

	for (size_t i = 0; i < today->n_sections; i++) {
		Kehu__TodaySection *section = today->sections[i];
		enum err err = section->page != NULL
				   ? readings_charge_page(call, section->entity, section->page)
				   : ERR_OK;

		if (err != ERR_OK && err != ERR_BUDGET)
			return err;
		if (err == ERR_BUDGET) {
			section->page->n_rows = 0;
			call->failure = (struct failure){ 0 };
		}
	}
	return ERR_OK;
}

enum err
readings_charge_answer(struct call *call)
{
	const Kehu__ClientFrame *request = call->request;

	switch (call->answer.answer_case) {
	case KEHU__SERVER_FRAME__ANSWER_PAGE:
		return readings_charge_page(call,
		    request->request_case == KEHU__CLIENT_FRAME__REQUEST_LIST
			? request->list->entity
			: request->related->related,
		    call->answer.page);
	case KEHU__SERVER_FRAME__ANSWER_GET:
		return readings_charge_get(call);
	case KEHU__SERVER_FRAME__ANSWER_SEARCH:
		return readings_charge_search(call);
	case KEHU__SERVER_FRAME__ANSWER_HISTORY:
		/* What somebody proposes is theirs to show; who may decide sees it whole. */
		if (request->request_case != KEHU__CLIENT_FRAME__REQUEST_HISTORY)
			return ERR_OK;
		return readings_charge_record(
		    call, request->history->entity, request->history->id);
	case KEHU__SERVER_FRAME__ANSWER_BOARD:
		return readings_charge_board(call);
	case KEHU__SERVER_FRAME__ANSWER_TODAY:
		return readings_charge_today(call);
	case KEHU__SERVER_FRAME__ANSWER_ATTACH:
		return call->answer.attach->has_data
			   ? readings_charge_record(
				 call, request->attach->entity, request->attach->record)
			   : ERR_OK;
	default:
		return ERR_OK;
	}
}

/* ---- reports and exports ----------------------------------------------------------------- */

enum err
readings_charge_export(
    struct call *call, const struct entity_view *entity, const int64_t *ids, size_t count)
{
	enum err err = readings_counted(call, entity->def->number) != NULL
			   ? readings_charge(call, READ_EXPORT, ids, count)
			   : ERR_OK;

	if (err == ERR_OK)
		readings_note_view(call, entity, 0, count);
	return err;
}

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

/* ---- writing it down --------------------------------------------------------------------- */

/* What was taken and is to go back: all of an idle reader's, what a report left of its own. */
static uint64_t
reader_unused(const struct reader *reader, bool idle)
{
	if (idle)
		return reader->left;
	return reader->left > 2 * CHUNK_MAX ? reader->left - CHUNK_MAX : 0;
}

static bool
reader_has_news(const struct reader *reader, bool idle)
{
	for (int way = 0; way < READ_WAYS; way++)
		if (reader->news[way] > 0)
			return true;
	return reader_unused(reader, idle) > 0;
}

static struct sql *
reader_flush_sql(struct worker *worker, const struct reader *reader, uint64_t unused)
{
	static const enum reading_way ways[] = { READ_LIST, READ_OPEN, READ_SEARCH, READ_REPORT,
		READ_EXPORT };
	struct sql *sql = sql_new(worker->arena);

	sql_add(sql, "SELECT kehu_reading_flush(");
	sql_int(sql, reader->user);
	sql_add(sql, ", ");
	sql_date(sql, reader->day);
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		sql_add(sql, ", ");
		sql_int(sql, (int64_t)reader->news[ways[i]]);
	}
	sql_add(sql, ", ");
	sql_int(sql, (int64_t)unused);
	sql_add(sql, ", ");
	sql_int(sql, worker->server->settings.budget_unusual);
	sql_add(sql, ")");
	return sql;
}

/* What one reader read since the last time. Copied out under the lock, put back when it fails.
 */
static enum err
reader_flush(struct worker *worker, struct reader *reader, bool idle)
{
	struct readings *readings = worker->server->readings;
	struct reader copy;
	uint64_t unused;
	struct rows *rows;
	enum err err;

	pthread_mutex_lock(&readings->lock);
	if (!reader_has_news(reader, idle)) {
		pthread_mutex_unlock(&readings->lock);
		return ERR_OK;
	}
	unused = reader_unused(reader, idle);
	reader->left -= unused;
	copy = *reader;
	memset(reader->news, 0, sizeof(reader->news));
	pthread_mutex_unlock(&readings->lock);
	err = readings_run(
	    worker->store, worker->arena, reader_flush_sql(worker, &copy, unused), &rows);
	if (err == ERR_OK) {
		if (rows_bool(rows, 0, 0))
			log_warn("unusual reading", "user=%" PRId64, copy.user);
		return ERR_OK;
	}
	pthread_mutex_lock(&readings->lock);
	reader->left += unused;
	for (int way = 0; way < READ_WAYS; way++)
		reader->news[way] += copy.news[way];
	pthread_mutex_unlock(&readings->lock);
	return err;
}

/* Readers are freed here alone, in the ticker's thread, so pointers to them stay good. */
static enum err
readings_flush_readers(struct worker *worker, bool stopping)
{
	struct readings *readings = worker->server->readings;
	int64_t today = reading_day(worker->server), now_us = date_monotonic_us();
	enum err err = ERR_OK;

	for (size_t i = 0; err == ERR_OK && i < BUCKETS; i++) {
		struct reader **at = &readings->readers[i], *reader;

		pthread_mutex_lock(&readings->lock);
		reader = *at;
		pthread_mutex_unlock(&readings->lock);
		for (; err == ERR_OK && reader != NULL; reader = reader->next)
			err = reader_flush(worker, reader,
			    stopping || reader->day != today ||
				now_us - reader->used_us > IDLE_US);
		pthread_mutex_lock(&readings->lock);
		while (err == ERR_OK && *at != NULL) {
			reader = *at;
			if (reader->day == today || reader_has_news(reader, true)) {
				at = &reader->next;
				continue;
			}
			*at = reader->next;
			reader_free(reader);
		}
		pthread_mutex_unlock(&readings->lock);
	}
	return err;
}

/* A first look is written at once, further ones of the hour when it is over. */
static bool
view_is_due(const struct view *view, int64_t hour, bool stopping)
{
	return view->count > view->written &&
	       (view->written == 0 || view->hour != hour || stopping);
}

static enum err
readings_flush_views(struct worker *worker, bool stopping)
{
	struct readings *readings = worker->server->readings;
	struct view **due = ARENA_ARRAY(worker->arena, struct view *, VIEWS_A_FLUSH);
	uint64_t *counts = ARENA_ARRAY(worker->arena, uint64_t, VIEWS_A_FLUSH);
	int64_t hour = date_now_us() / US_PER_HOUR;
	size_t count = 0;
	enum err err;

	pthread_mutex_lock(&readings->lock);
	for (size_t i = 0; i < BUCKETS; i++)
		for (struct view **at = &readings->views[i]; *at != NULL;) {
			struct view *view = *at;

			if (view->hour != hour && view->count == view->written) {
				*at = view->next;
				readings->view_count--;
				free(view);
				continue;
			}
			if (count < VIEWS_A_FLUSH && view_is_due(view, hour, stopping)) {
				counts[count] = view->count;
				due[count++] = view;
			}
			at = &view->next;
		}
	pthread_mutex_unlock(&readings->lock);
	if (count == 0)
		return ERR_EMPTY;
	store_begin(worker->store);
	for (size_t i = 0; i < count; i++) {
		struct sql *sql = sql_new(worker->arena);

		sql_add(sql, "SELECT kehu_audit(");
		sql_int(sql, due[i]->user);
		sql_add(sql, ", NULL::bigint, NULL::bigint, 'read', 'sensitive', ");
		sql_int(sql, due[i]->entity);
		sql_add(sql, ", ");
		sql_int(sql, due[i]->record);
		sql_add(sql, ", ");
		sql_text(sql, arena_printf(worker->arena, "count=%" PRIu64 " hour=%" PRId64,
				  counts[i] - due[i]->written, due[i]->hour));
		sql_add(sql, ")");
		sql_named(sql);
		store_queue(worker->store, sql, NULL);
	}
	err = store_commit(worker->store, worker->arena);
	if (err != ERR_OK) {
		store_rollback(worker->store);
		return err;
	}
	pthread_mutex_lock(&readings->lock);
	for (size_t i = 0; i < count; i++)
		due[i]->written = counts[i];
	pthread_mutex_unlock(&readings->lock);
	return ERR_OK;
}

enum err
readings_tick(struct worker *worker)
{
	bool stopping = worker->server->net != NULL && net_stopping(worker->server->net);
	enum err err = readings_flush_readers(worker, stopping);

	while (err == ERR_OK) {
		arena_reset(worker->arena);
		err = readings_flush_views(worker, stopping);
	}
	return err == ERR_EMPTY ? ERR_OK : err;
}
