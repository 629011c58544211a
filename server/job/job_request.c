/*
 * The Job request: start a job, look at it, cancel it, read its result, list them. People see their own
 * jobs; administrators see all.
 */
#include "server/job/job.h"

#include "common/text.h"
#include "server/entity/fields.h"

#include <inttypes.h>
#include <string.h>

#define JOB_ADMINISTRATOR      "administrator"
#define JOB_ARGUMENTS_MAX_BYTES 4000

#define JOB_LIST_ROWS		100

enum job_step { JOB_START = 1, JOB_LOOK, JOB_CANCEL, JOB_READ, JOB_LIST };

static bool
job_user_has_role(struct call *call, const char *role)
{
	const char *const *names;
	size_t count = access_user_roles(call->arena, call->user, &names);

	for (size_t i = 0; i < count; i++)
		if (strcmp(names[i], role) == 0)
			return true;
	return false;
}

/* ---- answering --------------------------------------------------------------------------- */

#define JOB_COLUMNS "j.id, j.kind, j.state, j.done, j.total, j.text, " \
		    "(SELECT count(*) FROM job_chunk c WHERE c.job_id = j.id), " \
		    "j.created_by, j.created_at, j.finished_at, j.arguments, j.attempts, j.fetched_at IS NOT NULL"
#define JOB_COLUMN_DATA 13

static Kehu__JobAnswer *
job_answer(struct call *call, int64_t id)
{
	Kehu__JobAnswer *answer = ARENA_NEW(call->arena, Kehu__JobAnswer);

	kehu__job_answer__init(answer);
	answer->has_id = true;
	answer->id = id;
	call->answer.answer_case = KEHU__SERVER_FRAME__ANSWER_JOB;
	call->answer.job = answer;
	return answer;
}

static void
job_fill(struct call *call, Kehu__JobAnswer *answer, const struct rows *rows, size_t row)
{
	const struct setup_record *user =
	    access_setup(call->access, E_user, rows_int(rows, row, 7));

	answer->has_id = answer->has_created_us = true;
	answer->id = rows_int(rows, row, 0);
	answer->kind = arena_strdup(call->arena, rows_text(rows, row, 1));
	answer->state = arena_strdup(call->arena, rows_text(rows, row, 2));
	answer->has_done = answer->has_total = answer->has_chunks = true;
	answer->done = rows_int(rows, row, 3);
	answer->total = rows_int(rows, row, 4);
	answer->text = arena_strdup(call->arena, rows_text(rows, row, 5));
	answer->chunks = (uint32_t)rows_int(rows, row, 6);
	/* The last piece of an export goes out once it is done: whoever has it has fetched it. */
	if (strcmp(answer->kind, "export") == 0 && strcmp(answer->state, "done") != 0 && answer->chunks > 0)
		answer->chunks--;
	answer->has_user = rows_int(rows, row, 7) != 0;
	answer->user = rows_int(rows, row, 7);
	answer->user_label = arena_strdup(call->arena, user != NULL ? user->label : "");
	answer->created_us = rows_moment(rows, row, 8);
	answer->has_finished_us = !rows_null(rows, row, 9);
	if (answer->has_finished_us)
		answer->finished_us = rows_moment(rows, row, 9);
	answer->title = job_argument_in(call->arena, rows_text(rows, row, 10), "title");
	answer->file = job_argument_in(call->arena, rows_text(rows, row, 10), "file");
	answer->has_attempt = answer->has_fetched = true;
	answer->attempt = (uint32_t)rows_int(rows, row, 11);
	answer->fetched = rows_bool(rows, row, 12);
}

static Kehu__JobAnswer *
job_answer_row(struct call *call, const struct rows *rows)
{
	Kehu__JobAnswer *answer = job_answer(call, 0);

	job_fill(call, answer, rows, 0);
	call->rows = 1;
	return answer;
}

/* " AND j.created_by = …": jobs of others do not exist, but for administrators. */
static void
job_visible(struct call *call, struct sql *sql)
{
	if (job_user_has_role(call, JOB_ADMINISTRATOR))
		return;
	sql_add(sql, " AND j.created_by = ");
	sql_int(sql, call->session.user);
}

static void
job_where(struct call *call, struct sql *sql, int64_t id)
{
	sql_add(sql, " WHERE j.id = ");
	sql_int(sql, id);
	job_visible(call, sql);
}

/* ---- steps ------------------------------------------------------------------------------- */

static const struct job_kind *
job_kind_of(const Kehu__Job *request)
{
	for (const struct job_kind *kind = job_kinds; kind->kind != NULL; kind++)
		if (request->kind != NULL && strcmp(kind->kind, request->kind) == 0)
			return kind;
	return NULL;
}

static bool
job_may_start(struct call *call, const struct job_kind *kind)
{
	if (kind->role != NULL)
		return job_user_has_role(call, kind->role);
	return (access_rights(call->user, catalog_entity(call->catalog, kind->entity)->def) & kind->right) != 0;
}

static enum err
job_start(struct call *call, const Kehu__Job *request)
{
	const struct job_kind *kind = job_kind_of(request);
	const char *arguments = request->arguments != NULL ? request->arguments : "";
	Kehu__JobAnswer *answer;
	struct rows *rows;
	enum err err;

	if (!call->has_intention)
		return CALL_FAIL(call, ERR_BAD_REQUEST);
	if (kind == NULL || (kind->role == NULL && kind->entity == 0))
		return CALL_FAIL(call, ERR_NO_SUCH_ACTION);
	if (!job_may_start(call, kind))
		return CALL_FAIL(call, ERR_FORBIDDEN);
	if (strlen(arguments) > JOB_ARGUMENTS_MAX_BYTES)
		return CALL_FAIL(call, ERR_TOO_LONG);
	err = text_clean(call->arena, arguments, strlen(arguments), TEXT_LINE, &arguments);
	if (err != ERR_OK)
		return CALL_FAIL(call, err);
	call_begin(call, true);
	job_queue(call, kind->kind, arguments, &rows);
	err = store_flush(call->store, call->arena);
	if (err != ERR_OK)
		return err;
	call->done_id = rows_int(rows, 0, 0);
	call->done_action = kind->kind;
	answer = job_answer(call, call->done_id);
	answer->kind = arena_strdup(call->arena, kind->kind);
	answer->state = arena_strdup(call->arena, "waiting");
	return ERR_OK;
}

static enum err
job_look(struct call *call, const Kehu__Job *request)
{
	struct sql *sql = sql_new(call->arena);
	struct rows *rows;
	enum err err;

	sql_add(sql, "SELECT " JOB_COLUMNS " FROM job j");
	job_where(call, sql, request->id);
	call_begin(call, false);
	store_queue(call->store, sql, &rows);
	err = store_flush(call->store, call->arena);
	if (err != ERR_OK)
		return err;
	if (rows->count == 0)
		return CALL_FAIL(call, ERR_NO_SUCH_RECORD);
	job_answer_row(call, rows);
	return ERR_OK;
}

/* One that waits is over at once; a running one sees the mark. One that is over stays as it is. */
static enum err
job_cancel(struct call *call, const Kehu__Job *request)
{
	struct sql *update = sql_new(call->arena), *look = sql_new(call->arena);
	struct rows *rows;
	enum err err;

	sql_add(update, "UPDATE job j SET cancel = true, finished_at = CASE WHEN state <> 'running'"
			" THEN now() END, state = CASE WHEN state <> 'running' THEN 'cancelled'"
			" ELSE state END");
	job_where(call, update, request->id);
	sql_add(update, " AND j.state IN ('uploading', 'waiting', 'running')");
	sql_add(look, "SELECT " JOB_COLUMNS " FROM job j");
	job_where(call, look, request->id);
	call_begin(call, true);
	store_queue(call->store, update, NULL);
	store_queue(call->store, look, &rows);
	err = store_flush(call->store, call->arena);
	if (err != ERR_OK)
		return err;
	if (rows->count == 0)
		return CALL_FAIL(call, ERR_NO_SUCH_RECORD);
	call->done_id = request->id;
	call->done_action = "cancel";
	job_answer_row(call, rows);
	return ERR_OK;
}

/* The whole of an export has gone out: what its owner took is taken. */
static enum err
job_fetched(struct call *call, const Kehu__JobAnswer *answer)
{
	struct sql *sql = sql_new(call->arena);

	sql_add(sql, "UPDATE job SET fetched_at = now() WHERE fetched_at IS NULL AND id = ");
	sql_int(sql, answer->id);
	store_queue(call->store, sql, NULL);
	sql = sql_new(call->arena);
	sql_add(sql, "SELECT kehu_audit(");
	sql_int(sql, call->session.user);
	sql_add(sql, ", ");
	sql_int(sql, call->session.id);
	sql_add(sql, ", ");
	sql_int(sql, (int64_t)call->reference);
	sql_add(sql, ", 'export', 'fetched', 0, ");
	sql_int(sql, answer->id);
	sql_add(sql, ", NULL::text)");
	store_queue(call->store, sql, NULL);
	return store_flush(call->store, call->arena);
}

/*
 * Only who started it reads a job's result: whoever looks after jobs need not see customers. An
 * export can be read to its end once; see kehu_export_expire().
 */
static enum err
job_read(struct call *call, const Kehu__Job *request)
{
	struct sql *sql = sql_new(call->arena);
	Kehu__JobAnswer *answer;
	struct rows *rows;
	size_t bytes;
	bool export, last;
	enum err err;

	sql_add(sql, "SELECT " JOB_COLUMNS ", r.data FROM job j LEFT JOIN job_chunk r ON r.job_id = j.id"
		     " AND r.number = ");
	sql_int(sql, request->chunk);
	sql_add(sql, " WHERE j.id = ");
	sql_int(sql, request->id);
	sql_add(sql, " AND j.created_by = ");
	sql_int(sql, call->session.user);
	call_begin(call, true);
	store_queue(call->store, sql, &rows);
	err = store_flush(call->store, call->arena);
	if (err != ERR_OK)
		return err;
	if (rows->count == 0)
		return CALL_FAIL(call, ERR_NO_SUCH_RECORD);
	answer = job_answer_row(call, rows);
	if (rows_null(rows, 0, JOB_COLUMN_DATA) || request->chunk >= answer->chunks)
		return CALL_FAIL(call, answer->fetched ? ERR_FETCHED : ERR_NO_SUCH_RECORD);
	answer->has_data = true;
	answer->data.data =
	    (uint8_t *)(uintptr_t)rows_bytea(call->arena, rows, 0, JOB_COLUMN_DATA, &bytes);
	answer->data.len = bytes;
	export = strcmp(answer->kind, "export") == 0;
	last = strcmp(answer->state, "done") == 0 && request->chunk + 1 == answer->chunks;
	return export && last && !answer->fetched ? job_fetched(call, answer) : ERR_OK;
}

/* Imports on their way in are no jobs yet. */
static enum err
job_list(struct call *call, const Kehu__Job *request)
{
	struct sql *sql = sql_new(call->arena);
	int64_t limit = request->has_limit && request->limit < JOB_LIST_ROWS ? request->limit
									      : JOB_LIST_ROWS;
	Kehu__JobAnswer *answer;
	struct rows *rows;
	enum err err;

	sql_add(sql, "SELECT " JOB_COLUMNS " FROM job j WHERE j.state <> 'uploading'");
	if (request->has_id) {
		sql_add(sql, " AND j.id < ");
		sql_int(sql, request->id);
	}
	job_visible(call, sql);
	sql_add(sql, " ORDER BY j.id DESC LIMIT ");
	sql_int(sql, limit);
	call_begin(call, false);
	store_queue(call->store, sql, &rows);
	err = store_flush(call->store, call->arena);
	if (err != ERR_OK)
		return err;
	answer = job_answer(call, 0);
	answer->has_id = false;
	answer->n_jobs = rows->count;
	answer->jobs = ARENA_ARRAY(call->arena, Kehu__JobAnswer *, rows->count);
	for (size_t i = 0; i < rows->count; i++) {
		answer->jobs[i] = ARENA_NEW(call->arena, Kehu__JobAnswer);
		kehu__job_answer__init(answer->jobs[i]);
		job_fill(call, answer->jobs[i], rows, i);
	}
	call->rows = rows->count;
	return ERR_OK;
}

enum err
handle_job(struct call *call)
{
	const Kehu__Job *request = call->request->job;

	switch (request->step) {
	case JOB_START:
		return job_start(call, request);
	case JOB_LOOK:
		return job_look(call, request);
	case JOB_CANCEL:
		return job_cancel(call, request);
	case JOB_READ:
		return job_read(call, request);
	case JOB_LIST:
		return job_list(call, request);
	default:
		return CALL_FAIL(call, ERR_BAD_REQUEST);
	}
}
