/*
 * What was counted in memory is written down, every few seconds and when kehud ends: figures of the day, what
 * of the budget was taken and not used, looks at sensitive fields.
 */
#include "server/audit/readings_private.h"

#include "common/log.h"
#include "server/server.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define IDLE_US       (120 * US_PER_SECOND) /* then what was taken and not used goes back */
#define VIEWS_A_FLUSH 500

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
