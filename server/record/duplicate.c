/*
 * The scan of all customers for those that look like one: sql/repeat/38_duplicate.sql a stretch of keys
 * at a time, each in a transaction of its own. Every stretch may be done again, so a run that another
 * server takes over begins anew; two at once find the same.
 */
#include "server/job/job.h"

#include "server/record/rule.h"

#include <inttypes.h>

enum { DUPLICATE_STEPS = 4, DUPLICATE_KEYS = 20000 };

struct duplicate_job {
	int64_t step;
	const char *from, *next; /* in the job's arena */
	int64_t found, open, closed;
	const char *began;
};

static enum err
duplicate_job_begin(struct job *job, void *to)
{
	struct duplicate_job *work = to;
	struct sql *sql = sql_new(job->call->arena);
	struct rows *rows;
	enum err err;

	call_begin(job->call, true);
	sql_add(sql, "SELECT now()::text, greatest(reltuples, 0)::bigint FROM pg_class WHERE oid = 'customer'::regclass");
	store_queue(job->call->store, sql, &rows);
	err = store_flush(job->call->store, job->call->arena);
	if (err != ERR_OK)
		return err;
	work->began = arena_strdup(job->arena, rows_text(rows, 0, 0));
	job->total = rows_int(rows, 0, 1) * DUPLICATE_STEPS;
	return ERR_OK;
}

static enum err
duplicate_job_stretch(struct job *job, void *to)
{
	struct duplicate_job *work = to;
	struct sql *sql = sql_new(job->call->arena);
	struct rows *rows;
	enum err err;

	call_begin(job->call, true);
	sql_add(sql, "SELECT next, number FROM kehu_duplicate_scan(");
	sql_int(sql, work->step);
	sql_add(sql, ", ");
	sql_text(sql, work->from);
	sql_addf(sql, ", %d)", DUPLICATE_KEYS);
	err = store_as_rule(job->call, sql, &rows);
	if (err != ERR_OK)
		return err;
	work->next = rows_null(rows, 0, 0) ? NULL : arena_strdup(job->arena, rows_text(rows, 0, 0));
	work->found += rows_int(rows, 0, 1);
	return ERR_OK;
}

static enum err
duplicate_job_close(struct job *job, void *to)
{
	struct duplicate_job *work = to;
	struct sql *sql = sql_new(job->call->arena);
	struct rows *rows;
	enum err err;

	call_begin(job->call, true);
	sql_add(sql, "SELECT open, closed FROM kehu_duplicate_close(");
	sql_text(sql, work->began);
	sql_add(sql, "::timestamptz)");
	err = store_as_rule(job->call, sql, &rows);
	if (err != ERR_OK)
		return err;
	work->open = rows_int(rows, 0, 0);
	work->closed = rows_int(rows, 0, 1);
	return ERR_OK;
}

enum err
duplicate_job_run(struct job *job)
{
	struct duplicate_job work = { .step = 1, .from = "" };
	int64_t done = 0;
	enum err err = job_transaction(job, duplicate_job_begin, &work);

	while (err == ERR_OK && work.step <= DUPLICATE_STEPS) {
		err = job_transaction(job, duplicate_job_stretch, &work);
		if (err == ERR_OK && !job_progress(job, done += DUPLICATE_KEYS, job->total))
			return ERR_CANCELLED;
		if (work.next == NULL)
			work.step++;
		work.from = work.next != NULL ? work.next : "";
	}
	if (err == ERR_OK)
		err = job_transaction(job, duplicate_job_close, &work);
	if (err == ERR_OK)
		job_say(job, "In the whole company %" PRId64 " pairs are open, %" PRId64 " are alike no more",
		    "全公司 %" PRId64 " 对疑似重复待核对，%" PRId64 " 对已不再相似", work.open, work.closed);
	return err;
}
