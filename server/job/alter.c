/*
 * Bulk changes, and undoing them, of more records than a request may keep its sender waiting for: the
 * same in one transaction of a job.
 */
#include "server/record/alter.h"

#include "server/entity/fields.h"
#include "server/job/job.h"

#include <inttypes.h>
#include <stdlib.h>

struct alter_job {
	const Kehu__Alter *request;
	int64_t undo, bulk;
	size_t done, refused;
	const char *text;
};

static enum err
alter_job_read(struct job *job, void *to)
{
	struct alter_job *work = to;
	struct call *call = job->call;
	ProtobufCAllocator allocator = frame_allocator(job->arena);
	struct sql *sql = sql_new(call->arena);
	struct rows *rows;
	const void *packed;
	size_t bytes;
	enum err err;

	call_begin(call, true);
	sql_add(sql, "SELECT data FROM import_chunk WHERE number = 0 AND job_id = ");
	sql_int(sql, job->id);
	store_queue(call->store, sql, &rows);
	err = store_flush(call->store, call->arena);
	if (err != ERR_OK)
		return err;
	if (rows->count == 0)
		return CALL_FAIL(call, ERR_INTERNAL);
	packed = rows_bytea(call->arena, rows, 0, 0, &bytes);
	work->request = kehu__alter__unpack(&allocator, bytes, packed);
	return work->request != NULL ? ERR_OK : CALL_FAIL(call, ERR_INTERNAL);
}

static enum err
alter_job_do(struct job *job, void *to)
{
	struct alter_job *work = to;
	struct call *call = job->call;
	struct alter *alter = ARENA_NEW(call->arena, struct alter);
	struct page_reading *reading;
	enum err err = alter_prepare(call, work->request, alter, &reading);

	if (err != ERR_OK)
		return err;
	call_begin(call, true);
	err = job_hold(job);
	if (err == ERR_OK)
		err = alter_find(alter, work->request, reading);
	if (err == ERR_OK)
		err = alter_apply(alter, alter->row_count);
	if (err == ERR_OK)
		err = alter_keep(alter, work->request, &work->bulk);
	if (err == ERR_OK)
		err = job_hold(job);
	work->done = alter->done;
	work->refused = alter->refused;
	return err;
}

static enum err
alter_job_undo(struct job *job, void *to)
{
	struct alter_job *work = to;
	struct call *call = job->call;
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__Act act = KEHU__ACT__INIT;
	struct write write;
	enum err err;

	act.has_entity = act.has_id = true;
	act.entity = E_bulk;
	act.id = work->undo;
	act.action = arena_strdup(call->arena, "undo");
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_ACT;
	frame.act = &act;
	err = write_prepare(call, &frame, &write);
	if (err != ERR_OK)
		return err;
	call_begin(call, true);
	err = job_hold(job);
	if (err == ERR_OK)
		err = write_run(call, &write);
	if (err == ERR_OK)
		err = job_hold(job);
	if (err == ERR_OK)
		work->text = arena_strdup(job->arena, call->written_text != NULL ? call->written_text : "");
	return err != ERR_OK ? err : store_flush(call->store, call->arena);
}

enum err
alter_job_run(struct job *job)
{
	const char *undo = job_argument(job, "undo");
	struct alter_job work = { .undo = undo != NULL ? strtoll(undo, NULL, 10) : 0 };
	enum err err;

	if (work.undo != 0) {
		err = job_transaction(job, alter_job_undo, &work);
		if (err == ERR_OK)
			job_say(job, "%s", "%s", work.text[0] != '\0' ? work.text :
				call_say(job->call, "undone", "已撤销"));
		return err;
	}
	err = job_transaction(job, alter_job_read, &work);
	if (err == ERR_OK)
		err = job_transaction(job, alter_job_do, &work);
	if (err == ERR_OK) {
		job_progress(job, (int64_t)work.done, job->total);
		job_say(job, "%zu changed, %zu left out, bulk change %" PRId64,
		    "已修改 %zu 条，未执行 %zu 条，批量操作 %" PRId64, work.done, work.refused, work.bulk);
	}
	return err;
}
