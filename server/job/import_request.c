/*
 * The Import request: start, chunks, end or give up. The file lies in import_chunk until its
 * job has run; nothing is done before the last chunk.
 */
#include "server/job/import.h"

#include "common/intake.h"
#include "server/entity/fields.h"
#include "server/net/net.h"
#include "server/server.h"

#include <inttypes.h>
#include <string.h>

#define IMPORT_CHUNK_MAX  (64 * 1024)
#define IMPORT_CHUNKS_MAX 65536 /* 4 GiB */

enum import_step { IMPORT_START = 1, IMPORT_DATA = 2, IMPORT_END = 3, IMPORT_GIVE_UP = 4, IMPORT_LEARNT = 5 };

static void
import_answer(struct call *call, int64_t id, bool job)
{
	Kehu__ImportAnswer *answer = ARENA_NEW(call->arena, Kehu__ImportAnswer);

	kehu__import_answer__init(answer);
	answer->has_id = true;
	answer->id = id;
	answer->has_job = job;
	answer->job = id;
	call->answer.answer_case = KEHU__SERVER_FRAME__ANSWER_IMPORT;
	call->answer.import = answer;
}

/* Keeps the request itself as chunk 0: its mapping may be long and hold any text. */
static void
import_keep_request(struct call *call, int64_t id)
{
	const Kehu__Import *request = call->request->import;
	struct sql *sql = sql_new(call->arena);
	size_t bytes = kehu__import__get_packed_size(request);
	uint8_t *packed = arena_alloc(call->arena, bytes);

	kehu__import__pack(request, packed);
	sql_add(sql, "INSERT INTO import_chunk (job_id, number, data) VALUES (");
	sql_int(sql, id);
	sql_add(sql, ", 0, ");
	sql_bytes(sql, packed, bytes);
	sql_add(sql, ")");
	store_queue(call->store, sql, NULL);
}

static enum err
import_start(struct call *call)
{
	const Kehu__Import *request = call->request->import;
	const struct entity_view *entity, *import;
	struct sql *sql = sql_new(call->arena);
	enum intake_order order;
	struct rows *rows;
	enum err err = call_entity(call, request->entity, RIGHT_CREATE, &entity);

	if (err == ERR_OK)
		err = call_entity(call, E_import, RIGHT_ACT, &import);

	if (err != ERR_OK)
		return err;
	if (entity->def->kind == ENTITY_LINE || entity->def->kind == ENTITY_ANCHORED)
		return CALL_FAIL(call, ERR_BAD_REQUEST, .entity = request->entity);
	if (request->on_match != NULL &&
	    (strcmp(request->on_match, "update") == 0 ||
		strcmp(request->on_match, "add") == 0) &&
	    (access_rights(call->user, entity->def) & RIGHT_EDIT) == 0)
		return CALL_FAIL(call, ERR_FORBIDDEN, .entity = request->entity);
	if (request->dates != NULL && !intake_order_of(request->dates, &order))
		return CALL_FAIL(call, ERR_BAD_REQUEST, .text = "dates");
	call_begin(call, true);
	job_queue(call, "import", "", &rows);
	err = store_flush(call->store, call->arena);
	if (err != ERR_OK)
		return err;
	sql_add(sql, "UPDATE job SET state = 'uploading' WHERE id = ");
	sql_int(sql, rows_int(rows, 0, 0));
	store_queue(call->store, sql, NULL);
	import_keep_request(call, rows_int(rows, 0, 0));
	err = store_flush(call->store, call->arena);
	call->done_entity = request->entity;
	call->done_id = rows_int(rows, 0, 0);
	call->done_action = "import";
	if (err == ERR_OK)
		import_answer(call, rows_int(rows, 0, 0), false);
	return err;
}

/* " … job j WHERE j.id = … AND it is this user's and still uploading", or not any more. */
static void
import_own(struct call *call, struct sql *sql, bool uploading)
{
	sql_add(sql, "j.id = ");
	sql_int(sql, call->request->import->id);
	sql_addf(sql, " AND j.kind = 'import' AND j.state %s 'uploading' AND j.created_by = ",
	    uploading ? "=" : "<>");
	sql_int(sql, call->session.user);
}

static enum err
import_data(struct call *call)
{
	const Kehu__Import *request = call->request->import;
	struct sql *sql = sql_new(call->arena);
	struct rows *rows;
	enum err err;

	if (request->data.len == 0 || request->data.len > IMPORT_CHUNK_MAX ||
	    request->chunk >= IMPORT_CHUNKS_MAX)
		return CALL_FAIL(call, ERR_BAD_REQUEST);
	call_begin(call, true);
	sql_add(sql, "INSERT INTO import_chunk (job_id, number, data) SELECT j.id, ");
	sql_int(sql, (int64_t)request->chunk + 1);
	sql_add(sql, ", ");
	sql_bytes(sql, request->data.data, request->data.len);
	sql_add(sql, " FROM job j WHERE ");
	import_own(call, sql, true);
	/* Sent again after a broken link: the same bytes. */
	sql_add(sql, " ON CONFLICT (job_id, number) DO UPDATE SET data = EXCLUDED.data");
	err = store_run(call->store, call->arena, sql, &rows);
	if (err == ERR_OK && rows->affected == 0)
		return CALL_FAIL(call, ERR_NO_SUCH_RECORD);
	if (err == ERR_OK)
		import_answer(call, request->id, false);
	return err;
}

/* Sent again, since the answer was lost with its connection: the job is there, run or running.
 */
static enum err
import_ended_before(struct call *call)
{
	struct sql *sql = sql_new(call->arena);
	struct rows *rows;
	enum err err;

	sql_add(sql, "SELECT 1 FROM job j WHERE ");
	import_own(call, sql, false);
	err = store_run(call->store, call->arena, sql, &rows);
	if (err == ERR_OK && rows->count == 0)
		return CALL_FAIL(call, ERR_NO_SUCH_RECORD);
	if (err == ERR_OK)
		import_answer(call, call->request->import->id, true);
	return err;
}

static enum err
import_end(struct call *call)
{
	struct sql *sql = sql_new(call->arena), *gaps = sql_new(call->arena);
	struct rows *rows, *count;
	enum err err;

	call_begin(call, true);
	sql_add(gaps,
	    "SELECT count(*), coalesce(max(number), 0) FROM import_chunk WHERE job_id = ");
	sql_int(gaps, call->request->import->id);
	store_queue(call->store, gaps, &count);
	sql_add(sql, "UPDATE job j SET state = 'waiting' WHERE ");
	import_own(call, sql, true);
	err = store_run(call->store, call->arena, sql, &rows);
	if (err != ERR_OK)
		return err;
	if (rows->affected == 0)
		return import_ended_before(call);
	if (rows_int(count, 0, 0) != rows_int(count, 0, 1) + 1)
		return CALL_FAIL(call, ERR_BAD_FILE,
		    .text = call_say(call, "A piece of the file is missing; send it again",
			"文件不完整，请重新发送"));
	import_answer(call, call->request->import->id, true);
	call->has_jobs = true;
	return ERR_OK;
}

static enum err
import_give_up(struct call *call)
{
	struct sql *sql = sql_new(call->arena);
	struct rows *rows;
	enum err err;

	call_begin(call, true);
	sql_add(sql, "DELETE FROM job j WHERE ");
	import_own(call, sql, true);
	err = store_run(call->store, call->arena, sql, &rows);
	if (err == ERR_OK && rows->affected == 0)
		return CALL_FAIL(call, ERR_NO_SUCH_RECORD);
	if (err == ERR_OK)
		import_answer(call, call->request->import->id, false);
	return err;
}

enum err
handle_import(struct call *call)
{
	switch (call->request->import->step) {
	case IMPORT_START:
		return import_start(call);
	case IMPORT_DATA:
		return import_data(call);
	case IMPORT_END:
		return import_end(call);
	case IMPORT_GIVE_UP:
		return import_give_up(call);
	case IMPORT_LEARNT:
		return import_learnt(call);
	default:
		return CALL_FAIL(call, ERR_BAD_REQUEST);
	}
}
