/*
 * 移交: batches of a leaver's work change hands, each in a transaction of its own, so that nobody waits
 * for the locks of a large portfolio. What moves and who is told is sql/repeat/36_hand_over.sql;
 * whatever ends a job early is told there too. A batch that was committed is not found again: a
 * run taken over by another server, or a new hand-over after a cancelled one, goes on with the rest.
 */
#include "server/record/hand_over.h"

#include "server/entity/fields.h"
#include "server/record/rule.h"

#include <inttypes.h>
#include <stdlib.h>

#define HAND_OVER_BATCH 500
#define HAND_OVER_KINDS 64

/* What was moved, by kind of record: entity 0 is what was shared. */
struct hand_over {
	int64_t from, to;
	bool dry, more;
	size_t count;
	int64_t entity[HAND_OVER_KINDS], moved[HAND_OVER_KINDS];
	int64_t total;
};

static void
hand_over_add(struct hand_over *work, int64_t entity, int64_t moved)
{
	size_t at = 0;

	while (at < work->count && work->entity[at] != entity)
		at++;
	if (at == HAND_OVER_KINDS)
		return;
	if (at == work->count) {
		work->entity[work->count++] = entity;
		work->moved[at] = 0;
	}
	work->moved[at] += moved;
	work->total += moved;
}

/* One batch in the call's transaction, or the count of all. */
static enum err
hand_over_batch(struct call *call, struct hand_over *work)
{
	struct sql *sql = sql_new(call->arena);
	struct rows *rows;
	enum err err;

	sql_add(sql, "SELECT entity, moved FROM kehu_hand_over(");
	sql_int(sql, work->from);
	sql_add(sql, ", ");
	sql_int(sql, work->to);
	sql_add(sql, ", ");
	sql_bool(sql, work->dry);
	sql_addf(sql, ", %d)", HAND_OVER_BATCH);
	err = store_as_rule(call, sql, &rows);
	if (err != ERR_OK)
		return err;
	work->more = false;
	for (size_t i = 0; i < rows->count; i++) {
		int64_t entity = rows_int(rows, i, 0);

		if (entity < 0)
			work->more = true;
		else
			hand_over_add(work, entity, rows_int(rows, i, 1));
	}
	return ERR_OK;
}

/* "客户 12, 联系人 30": how much of what. */
static const char *
hand_over_say(struct call *call, const struct hand_over *work)
{
	struct buf text = BUF_INIT;
	const char *copy;

	for (size_t i = 0; i < work->count; i++) {
		const struct entity_view *view =
		    catalog_entity(call->catalog, (uint32_t)work->entity[i]);

		buf_printf(&text, "%s%s %" PRId64, i > 0 ? ", " : "",
		    view != NULL ? call_say(call, view->def->en, view->def->zh)
				 : call_say(call, "Shared with", "共享给本人"),
		    work->moved[i]);
	}
	copy = arena_strdup(
	    call->arena, work->count > 0 ? buf_text(&text) : call_say(call, "nothing", "无"));
	buf_fini(&text);
	return copy;
}

/* ---- the actions ------------------------------------------------------------------------- */

static enum err
hand_over_check(struct call *call, const struct record *user, int64_t to_id)
{
	const struct setup_record *to = access_setup(call->access, E_user, to_id);

	if (to_id == user->id || to == NULL ||
	    access_user(call->access, to->id, call_today(call)) == NULL)
		return CALL_FAIL(call, ERR_INVALID, .field = 1,
		    .text = call_say(call, "Work goes to somebody else whose account is active",
			"只能移交给另一个未停用的用户"));
	return ERR_OK;
}

static const char *
hand_over_label(struct call *call, int64_t user)
{
	const struct setup_record *setup = access_setup(call->access, E_user, user);

	return setup != NULL ? setup->label : "";
}

enum err
hand_over_preview(struct call *call, struct record *user, const struct value *arguments)
{
	struct hand_over work = { .from = user->id, .to = arguments[0].number, .dry = true };
	enum err err = hand_over_check(call, user, work.to);

	if (err == ERR_OK)
		err = hand_over_batch(call, &work);
	if (err == ERR_OK)
		call->written_text = arena_printf(call->arena,
		    call_say(call, "Would go to %s: %s", "将移交给 %s：%s"),
		    hand_over_label(call, work.to), hand_over_say(call, &work));
	return err;
}

/* Another job of the same user would give the same records to two people. */
static enum err
hand_over_refuse_second(struct call *call, int64_t user)
{
	struct sql *sql = sql_new(call->arena);
	struct rows *rows;
	enum err err;

	sql_add(sql, "SELECT kehu_hand_over_job(");
	sql_int(sql, user);
	sql_add(sql, ")");
	err = store_as_rule(call, sql, &rows);
	if (err != ERR_OK || rows_null(rows, 0, 0))
		return err;
	return CALL_FAIL(call, ERR_WRONG_STATE, .entity = E_user,
	    .text = arena_printf(call->arena,
		call_say(call, "This user's work is being handed over already (job %" PRId64 ")",
		    "该用户的工作正在移交中（作业 %" PRId64 "）"),
		rows_int(rows, 0, 0)));
}

static enum err
hand_over_queue(struct call *call, const struct hand_over *work)
{
	struct rows *rows;
	enum err err;

	job_queue(call, "hand_over",
	    arena_printf(call->arena, "from=%" PRId64 " to=%" PRId64 " moved=%" PRId64 " title=\"%s > %s\"",
		work->from, work->to, work->total, hand_over_label(call, work->from),
		hand_over_label(call, work->to)),
	    &rows);
	err = store_flush(call->store, call->arena);
	if (err == ERR_OK)
		call->done_job = rows_int(rows, 0, 0);
	return err;
}

/* The rows are others'; the user's own stays as it is, until somebody disables the account. */
enum err
hand_over_begin(struct call *call, struct record *user, const struct value *arguments)
{
	struct hand_over work = { .from = user->id, .to = arguments[0].number };
	enum err err = hand_over_check(call, user, work.to);

	if (err == ERR_OK)
		err = hand_over_refuse_second(call, user->id);
	if (err == ERR_OK)
		err = hand_over_batch(call, &work);
	if (err == ERR_OK && work.more)
		err = hand_over_queue(call, &work);
	if (err != ERR_OK)
		return err;
	call->written_text = work.more ?
	    arena_printf(call->arena,
		call_say(call, "The first %" PRId64 " went to %s; job %" PRId64 " goes on (F9 jobs)",
		    "前 %" PRId64 " 条已移交给 %s，其余由作业 %" PRId64 " 继续（F9 zy）"),
		work.total, hand_over_label(call, work.to), call->done_job) :
	    arena_printf(call->arena, call_say(call, "Handed over to %s: %s", "已移交给 %s：%s"),
		hand_over_label(call, work.to), hand_over_say(call, &work));
	return ERR_OK;
}

/* ---- the job ----------------------------------------------------------------------------- */

static enum err
hand_over_job_batch(struct job *job, void *to)
{
	call_begin(job->call, true);
	return hand_over_batch(job->call, to);
}

enum err
hand_over_job_run(struct job *job)
{
	const char *from = job_argument(job, "from"), *to = job_argument(job, "to");
	const char *before = job_argument(job, "moved");
	int64_t first = before != NULL ? strtoll(before, NULL, 10) : 0;
	struct hand_over work = { .from = from != NULL ? strtoll(from, NULL, 10) : 0,
		.to = to != NULL ? strtoll(to, NULL, 10) : 0,
		.dry = true };
	struct hand_over all = work, batch;
	int64_t earlier = job->done;
	enum err err = job_transaction(job, hand_over_job_batch, &all);

	if (earlier == 0)
		earlier = first;
	do {
		batch = (struct hand_over){ .from = work.from, .to = work.to };
		if (err == ERR_OK)
			err = job_transaction(job, hand_over_job_batch, &batch);
		for (size_t i = 0; err == ERR_OK && i < batch.count; i++)
			hand_over_add(&work, batch.entity[i], batch.moved[i]);
		if (err == ERR_OK &&
		    !job_progress(job, earlier + work.total, earlier + all.total) && batch.more)
			err = ERR_CANCELLED;
	} while (err == ERR_OK && batch.more);
	if (err == ERR_OK)
		job_say(job, "Handed over to %s: %" PRId64 " before, then %s",
		    "已移交给 %s：先前 %" PRId64 " 条，此后 %s", hand_over_label(job->call, work.to),
		    earlier, hand_over_say(job->call, &work));
	else if (job->cancelled)
		job_say(job, "Stopped: %" PRId64 " went over, %" PRId64 " are left; hand over again to go on",
		    "已中止：已移交 %" PRId64 " 条，剩余 %" PRId64 " 条；再次移交即可继续",
		    earlier + work.total, all.total - work.total);
	return err;
}
