/*
 * Undoing an import: batch by batch from the last to the first, in one transaction where it is small, else
 * in a job with one for each batch, which another run goes on with where one was cut off.
 */
#include "server/job/import_impl.h"

#include "common/date.h"
#include "server/entity/fields.h"
#include "server/record/alter.h"
#include "server/record/store_tree.h"

#include <inttypes.h>
#include <string.h>

struct undo {
	int64_t id; /* of the import */
	struct uuid change;
	struct alter_kept kept;
	bool more;
	int64_t batch, left; /* records of this batch, and of all when it began */
};

/* Not while its rows still come in, nor twice at once. */
static enum err
undo_check(struct call *call, const struct record *import)
{
	struct sql *sql = sql_new(call->arena);
	struct rows *rows;
	enum err err;

	sql_add(sql, "SELECT EXISTS (SELECT FROM job j WHERE j.state IN ('uploading', 'waiting', 'running') AND "
		     "j.kind = 'import' AND (j.id = ");
	sql_int(sql, record_number(import, F_import_job));
	sql_add(sql, " OR j.arguments LIKE 'undo=' || ");
	sql_int(sql, import->id);
	sql_add(sql, "::text || ' %'))");
	err = store_run(call->store, call->arena, sql, &rows);
	if (err == ERR_OK && rows_bool(rows, 0, 0))
		return CALL_FAIL(call, ERR_WRONG_STATE, .entity = E_import,
		    .text = call_say(call, "It is still running; stop its job first", "仍在进行，请先停止其作业"));
	return err;
}

static enum err
undo_find_change(struct call *call, struct undo *undo)
{
	struct sql *sql = sql_new(call->arena);
	struct rows *rows;
	enum err err;

	sql_add(sql, "SELECT i.change_id, (SELECT coalesce(sum(cardinality(p.ids)), 0)::bigint FROM import_part p "
		     "WHERE p.import_id = i.id AND NOT p.undone) FROM import i WHERE i.id = ");
	sql_int(sql, undo->id);
	err = store_run(call->store, call->arena, sql, &rows);
	if (err == ERR_OK && (rows->count == 0 || !uuid_parse(rows_text(rows, 0, 0), &undo->change)))
		return CALL_FAIL(call, ERR_NO_SUCH_RECORD, .entity = E_import);
	if (err == ERR_OK)
		undo->left = rows_int(rows, 0, 1);
	return err;
}

/* In the scope of the import itself: what it changed was in that of its own. */
static void
undo_own_scope(struct call *call)
{
	call_context(call);
	write_scope(call, &(struct write){ .entity = call_view(call, E_import), .right = RIGHT_ACT });
}

static void
undo_queue_done(struct call *call, const struct undo *undo, const struct rows *part)
{
	struct sql *sql = sql_new(call->arena);

	sql_add(sql, "UPDATE import_part SET undone = true WHERE import_id = ");
	sql_int(sql, undo->id);
	sql_add(sql, " AND number = ");
	sql_int(sql, rows_int(part, 0, 0));
	sql_add(sql, " AND step = ");
	sql_int(sql, rows_int(part, 0, 1));
	sql_add(sql, " AND entity = ");
	sql_text(sql, rows_text(part, 0, 2));
	store_queue(call->store, sql, NULL);
}

/* The last batch that is not undone yet: changes before what they may have changed, references last. */
static enum err
undo_next(struct call *call, struct undo *undo)
{
	struct alter *alter = ARENA_NEW(call->arena, struct alter);
	struct sql *sql = sql_new(call->arena);
	struct rows *part;
	int64_t *ids;
	size_t count;
	enum err err;

	undo_own_scope(call);
	sql_add(sql, "SELECT number, step::bigint, entity, ids FROM import_part WHERE NOT undone AND import_id = ");
	sql_int(sql, undo->id);
	sql_add(sql, " ORDER BY number DESC, step DESC, entity LIMIT 1 FOR UPDATE");
	err = store_run(call->store, call->arena, sql, &part);
	undo->more = err == ERR_OK && part->count > 0;
	if (!undo->more)
		return err;
	count = rows_ints(call->arena, part, 0, 3, &ids);
	*alter = (struct alter){ .call = call,
		.entity = call_view_named(call, rows_text(part, 0, 2)),
		.change = undo->change };
	if (alter->entity == NULL)
		return CALL_FAIL(call, ERR_NO_SUCH_ENTITY);
	err = alter_take_back(alter, rows_int(part, 0, 1) <= 2, ids, count, &undo->kept);
	if (err != ERR_OK)
		return err;
	undo->batch = (int64_t)count;
	undo_own_scope(call);
	undo_queue_done(call, undo, part);
	return store_flush(call->store, call->arena);
}

/* What stays is told in the import itself. */
static void
undo_queue_kept(struct call *call, struct undo *undo, bool over)
{
	struct sql *sql = sql_new(call->arena);

	sql_add(sql, "UPDATE import SET version = version + 1, updated_at = now(), kept = coalesce(kept, 0) + ");
	sql_int(sql, (int64_t)undo->kept.count);
	sql_add(sql, ", kept_names = left(coalesce(kept_names, '') || ");
	sql_text(sql, arena_strdup(call->arena, undo->kept.names.bytes > 0 ? buf_text(&undo->kept.names) : ""));
	sql_add(sql, ", 3900)");
	if (over)
		sql_add(sql, ", state = 'undone', undone_at = now()");
	sql_add(sql, " WHERE id = ");
	sql_int(sql, undo->id);
	store_queue(call->store, sql, NULL);
}

/* ---- in one transaction ------------------------------------------------------------------ */

static enum err
undo_at_once(struct call *call, struct record *import, struct undo *undo)
{
	enum err err;

	do
		err = undo_next(call, undo);
	while (err == ERR_OK && undo->more);
	if (err != ERR_OK)
		return err;
	record_set_text(import, F_import_state, "undone");
	record_set_number(import, F_import_undone_at, date_now_us());
	record_set_number(import, F_import_kept, (int64_t)undo->kept.count);
	if (undo->kept.count > 0) {
		record_set_text(import, F_import_kept_names, arena_strdup(call->arena, buf_text(&undo->kept.names)));
		call->written_text = arena_printf(call->arena,
		    call_say(call, "undone; %zu stay as they are", "已撤销，%zu 条保持不变"), undo->kept.count);
	}
	undo_own_scope(call);
	return record_save(call, import);
}

static enum err
undo_queue_job(struct call *call, struct record *import)
{
	struct rows *rows;
	enum err err;

	job_queue(call, "import", arena_printf(call->arena, "undo=%" PRId64 " title=\"%s\"", import->id,
		call_say(call, "undo of an import", "撤销导入")), &rows);
	err = store_flush(call->store, call->arena);
	if (err != ERR_OK)
		return err;
	call->written_text = arena_printf(call->arena,
	    call_say(call, "job %" PRId64 " undoes it", "由作业 %" PRId64 " 撤销"), rows_int(rows, 0, 0));
	record_set_text(import, F_import_state, "undoing");
	return record_save(call, import);
}

/* Whoever may not do it at all hears so at once, not from a job. */
static enum err
undo_check_rights(struct call *call, const struct record *import)
{
	const struct entity_view *view = call_view_named(call, record_text(import, F_import_entity));
	enum right right = record_number(import, F_import_rows_created) > 0 ? RIGHT_DELETE : RIGHT_EDIT;

	if (view == NULL)
		return CALL_FAIL(call, ERR_NO_SUCH_ENTITY);
	if ((access_rights(call->user, view->def) & right) == 0)
		return CALL_FAIL(call, ERR_FORBIDDEN, .entity = view->def->number,
		    .text = call_say(call, "Undoing deletes what was created, which you may not; ask who may",
			"撤销会删除新建的记录，您没有删除权限，请联系有权限的人"));
	return ERR_OK;
}

enum err
import_act_undo(struct call *call, struct record *import, const struct value *arguments)
{
	struct undo undo = { .id = import->id, .kept.names = BUF_INIT };
	enum err err = undo_check_rights(call, import);

	(void)arguments;
	if (err == ERR_OK)
		err = undo_check(call, import);
	if (err == ERR_OK)
		err = undo_find_change(call, &undo);
	if (err == ERR_OK && undo.left > ALTER_DIRECT_MAX)
		return undo_queue_job(call, import);
	if (err == ERR_OK)
		err = undo_at_once(call, import, &undo);
	buf_fini(&undo.kept.names);
	return err;
}

/* ---- as a job ---------------------------------------------------------------------------- */

static enum err
undo_job_step(struct job *job, void *to)
{
	struct undo *undo = to;
	struct call *call = job->call;
	const struct entity_view *view = call_view(call, E_import);
	enum err err;

	buf_clear(&undo->kept.names);
	undo->kept.count = 0;
	undo->batch = 0;
	call_scope_references(call, view);
	call_scope(call, view->def, RIGHT_ACT);
	call_begin(call, true);
	err = undo->left == 0 ? undo_find_change(call, undo) : ERR_OK;
	if (err == ERR_OK)
		err = undo_next(call, undo);
	if (err == ERR_OK && (undo->kept.count > 0 || !undo->more)) {
		undo_own_scope(call);
		undo_queue_kept(call, undo, !undo->more);
	}
	return err;
}

enum err
import_undo_run(struct job *job, int64_t id)
{
	struct undo undo = { .id = id, .kept.names = BUF_INIT };
	int64_t done = 0, kept = 0;
	enum err err;

	do {
		err = job_transaction(job, undo_job_step, &undo);
		done += undo.batch;
		kept += (int64_t)undo.kept.count;
		if (err == ERR_OK && !job_progress(job, done, undo.left))
			err = ERR_CANCELLED;
	} while (err == ERR_OK && undo.more);
	if (err == ERR_OK)
		job_say(job, "%" PRId64 " taken back, %" PRId64 " stay as they are",
		    "已撤销 %" PRId64 " 条，%" PRId64 " 条保持不变", done - kept, kept);
	buf_fini(&undo.kept.names);
	return err;
}
