/*
 * The Job request: start a job, look at it, cancel it, read its result. People see their own
 * jobs; administrators see all.
 */
#include "server/job/job.h"

#include "common/text.h"

#include <inttypes.h>
#include <string.h>

#define JOB_ADMINISTRATOR      "administrator"
#define JOB_ARGUMENTS_MAX_BYTES 4000

enum job_step { JOB_START = 1, JOB_LOOK, JOB_CANCEL, JOB_READ };

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
		    "(SELECT count(*) FROM job_chunk c WHERE c.job_id = j.id)"
#define JOB_COLUMN_DATA 7

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

static Kehu__JobAnswer *
job_answer_row(struct call *call, const struct rows *rows)
{
	Kehu__JobAnswer *answer = job_answer(call, rows_int(rows, 0, 0));

	answer->kind = arena_strdup(call->arena, rows_text(rows, 0, 1));
	answer->state = arena_strdup(call->arena, rows_text(rows, 0, 2));
	answer->has_done = answer->has_total = answer->has_chunks = true;
	answer->done = rows_int(rows, 0, 3);
	answer->total = rows_int(rows, 0, 4);
	answer->text = arena_strdup(call->arena, rows_text(rows, 0, 5));
	answer->chunks = (uint32_t)rows_int(rows, 0, 6);
	call->rows = 1;
	return answer;
}

/* " WHERE j.id = … AND j.created_by = …": jobs of others do not exist, but for administrators. */
static void
job_where(struct call *call, struct sql *sql, int64_t id)
{
	sql_add(sql, " WHERE j.id = ");
	sql_int(sql, id);
	if (job_user_has_role(call, JOB_ADMINISTRATOR))
		return;
	sql_add(sql, " AND j.created_by = ");
	sql_int(sql, call->session.user);
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
	if (kind == NULL || kind->role == NULL)
		return CALL_FAIL(call, ERR_NO_SUCH_ACTION);
	if (!job_user_has_role(call, kind->role))
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

static enum err
job_read(struct call *call, const Kehu__Job *request)
{
	struct sql *sql = sql_new(call->arena);
	Kehu__JobAnswer *answer;
	struct rows *rows;
	size_t bytes;
	enum err err;

	sql_add(sql, "SELECT " JOB_COLUMNS ", r.data FROM job j JOIN job_chunk r ON r.job_id = j.id"
		     " AND r.number = ");
	sql_int(sql, request->chunk);
	job_where(call, sql, request->id);
	call_begin(call, false);
	store_queue(call->store, sql, &rows);
	err = store_flush(call->store, call->arena);
	if (err != ERR_OK)
		return err;
	if (rows->count == 0)
		return CALL_FAIL(call, ERR_NO_SUCH_RECORD);
	answer = job_answer_row(call, rows);
	answer->has_data = true;
	answer->data.data =
	    (uint8_t *)(uintptr_t)rows_bytea(call->arena, rows, 0, JOB_COLUMN_DATA, &bytes);
	answer->data.len = bytes;
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
	default:
		return CALL_FAIL(call, ERR_BAD_REQUEST);
	}
}
