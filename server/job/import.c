/*
 * The import job. The file is read twice: first to see that all of it can be read, so that one
 * which was cut or is no text leaves nothing behind; then its rows are saved in batches,
 * through the same checks, hooks and history as a person's saves.
 */
#include "server/job/import_impl.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static enum err
import_take_header(struct import *import, const struct intake_row *row)
{
	struct arena *arena = import->job->arena;

	import->header_count = row->count;
	import->header = ARENA_ARRAY(arena, const char *, row->count + 1);
	for (size_t i = 0; i < row->count; i++)
		import->header[i] = arena_strdup(arena, row->cells[i]);
	return import_bind(import->job->call, arena, import->request, import->header,
	    import->header_count, &import->map);
}

/* Counts the rows; whatever makes the file unreadable comes to light before anything is stored.
 */
static enum err
import_scan(struct import *import)
{
	struct import_source *source = import_source_open(import);
	struct intake_row row;
	bool more = false;
	enum err err = import_source_next(source, &row, &more);

	if (err == ERR_OK && !more)
		err = CALL_FAIL(import->job->call, ERR_BAD_FILE,
		    .text = call_say(import->job->call, "The file is empty", "文件是空的"));
	if (err == ERR_OK)
		err = import_take_header(import, &row);
	while (err == ERR_OK && more) {
		err = import_source_next(source, &row, &more);
		import->total += err == ERR_OK && more;
		if (import->total % 10000 == 9999 && !job_progress(import->job, 0, 0))
			err = ERR_CANCELLED;
	}
	import_source_close(source);
	return err;
}

static enum err
import_take_row(struct import *import, const struct intake_row *from)
{
	struct import_row *row;

	import->read++;
	if (import->read <= import->skip)
		return ERR_OK;
	row = &import->rows[import->row_count++];
	*row =
	    (struct import_row){ .count = from->count, .line = from->line, .flaw = from->flaw };
	row->cells = ARENA_ARRAY(import->batch_arena, const char *, from->count + 1);
	for (size_t i = 0; i < from->count; i++) {
		row->cells[i] = arena_strdup(import->batch_arena, csv_armed(from->cells[i]));
		import->batch_bytes += strlen(from->cells[i]) + 1;
	}
	if (import->row_count == (import->by_set ? IMPORT_BATCH_ROWS : IMPORT_CAREFUL_ROWS) ||
	    import->batch_bytes >= IMPORT_BATCH_BYTES)
		return import_flush(import);
	return ERR_OK;
}

static enum err
import_rows(struct import *import)
{
	struct import_source *source;
	struct intake_row row;
	bool more = false;
	enum err err = import_bind_header(import);

	if (err != ERR_OK)
		return err;
	import->by_set = import_may_by_set(import);
	source = import_source_open(import);
	err = import_source_next(source, &row, &more);
	while (err == ERR_OK && more) {
		err = import_source_next(source, &row, &more);
		if (err == ERR_OK && more)
			err = import_take_row(import, &row);
	}
	if (err == ERR_OK)
		err = import_flush(import);
	import_source_close(source);
	return err;
}

/* Where an earlier run of this job came to. */
static enum err
import_find_position(struct import *import)
{
	struct arena *arena = import->job->arena;
	struct store *store = import->job->worker->store;
	struct sql *sql = sql_new(arena);
	struct rows *rows;
	enum err err;

	if (import->job->attempts <= 1)
		return ERR_OK;
	store_read(store);
	sql_add(sql, "SELECT coalesce(text, '') FROM job WHERE id = ");
	sql_int(sql, import->job->id);
	store_queue(store, sql, &rows);
	err = store_flush(store, arena);
	if (err == ERR_OK &&
	    sscanf(rows_text(rows, 0, 0),
		"%" SCNd64 " %" SCNd64 " %" SCNd64 " %" SCNd64 " %" SCNd64, &import->created,
		&import->updated, &import->refused, &import->marks, &import->skip) == 5)
		import->wrote_header = import->job->chunks > 0;
	return err;
}

static enum err
import_open(struct import *import)
{
	struct call *call = import->job->call;
	const char *dates;
	enum err err = import_source_request(import);

	if (err == ERR_OK)
		err = import_find_position(import);
	if (err != ERR_OK)
		return err;
	import->map.entity = call_view(call, import->request->entity);
	if (import->map.entity == NULL)
		return ERR_NO_SUCH_ENTITY;
	dates = import->request->dates != NULL ? import->request->dates : "";
	if (!intake_order_of(dates, &import->order))
		return CALL_FAIL(call, ERR_BAD_REQUEST);
	return ERR_OK;
}

static enum err
import_forget_file(struct job *job, void *to)
{
	struct sql *sql = sql_new(job->call->arena);

	(void)to;
	call_begin(job->call, true);
	sql_add(sql, "DELETE FROM import_chunk WHERE job_id = ");
	sql_int(sql, job->id);
	store_queue(job->call->store, sql, NULL);
	return ERR_OK;
}

/* Another run goes on with the file where the server stops or the database was away. */
static bool
import_is_over(const struct job *job, enum err err)
{
	return job->cancelled ||
	       (!job->released && err != ERR_DB_GONE && err != ERR_UNKNOWN_OUTCOME);
}

/* Nothing of the file is left behind, however it ended; why it failed is kept. */
static enum err
import_end(struct import *import, enum err err)
{
	struct job *job = import->job;
	const struct call *call = job->call;
	const char *state = err == ERR_OK ? "done" : job->cancelled ? "cancelled" : "failed";
	enum err forgotten;

	if (err != ERR_OK && job->text[0] == '\0') {
		const char *why = call->failure.text != NULL
				      ? call->failure.text
				      : err_text(err, call->session.lang);

		job_say(job, "%s", "%s", why);
	}
	forgotten = job_transaction(job, import_forget_file, NULL);
	if (forgotten == ERR_OK && import->record_id != 0)
		forgotten = import_record_end(import, state);
	return err != ERR_OK ? err : forgotten;
}

/* Clients read the numbers of it, in this order. */
static void
import_say(struct import *import)
{
	struct arena *arena = import->job->arena;
	const struct call *call = import->job->call;
	const char *record = import->record_id == 0
				 ? ""
				 : arena_printf(arena, call_say(call, ", import %" PRId64, "，导入记录 %" PRId64),
				       import->record_id);

	job_say(import->job,
	    "read %" PRId64 ", created %" PRId64 ", updated %" PRId64 ", refused %" PRId64 "%s",
	    "读取 %" PRId64 "，新建 %" PRId64 "，更新 %" PRId64 "，拒绝 %" PRId64 "%s",
	    import->read - import->marks, import->created, import->updated, import->refused,
	    record);
}

enum err
import_job_run(struct job *job)
{
	struct import *import = ARENA_NEW(job->arena, struct import);
	const char *undo = job_argument(job, "undo");
	enum err err;

	if (undo != NULL)
		return import_undo_run(job, strtoll(undo, NULL, 10));
	import->job = job;
	import->batch_arena = arena_new(0);
	err = import_open(import);
	if (err == ERR_OK)
		err = import_scan(import);
	if (err == ERR_OK && !import->map.dry_run)
		err = import_record_begin(import);
	if (err == ERR_OK)
		err = import_rows(import);
	if (import_is_over(job, err))
		err = import_end(import, err);
	if (err == ERR_OK)
		import_say(import);
	arena_free(import->batch_arena);
	return err;
}
