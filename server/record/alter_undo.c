/*
 * Taking a bulk change back: records whose version is still the one it made get what the history says
 * they had before, in groups of those that had the same; the others stay, and are named.
 */
#include "server/record/alter.h"

#include "common/date.h"
#include "common/text.h"
#include "server/entity/fields.h"
#include "server/job/job.h"
#include "server/record/history.h"
#include "server/record/store_tree.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct undo_row {
	struct alter_row row;
	const char *key; /* rows of one key had the same before */
	int64_t *fields;
	char **old;
	size_t count;
};

struct undo {
	struct alter alter;
	struct uuid change;
	struct undo_row *rows;
	size_t row_count;
	struct alter_kept kept;
};

static bool
undo_take_what(struct undo *undo, const char *kind)
{
	for (int what = ALTER_SET; what <= ALTER_RESTORE; what++)
		if (strcmp(alter_name((enum alter_what)what), kind) == 0) {
			undo->alter.what = (enum alter_what)what;
			return true;
		}
	return false;
}

/* What the bulk was; the scopes of what it changed join those of the transaction. */
static enum err
undo_open(struct undo *undo, const struct record *bulk)
{
	struct call *call = undo->alter.call;
	struct alter *alter = &undo->alter;
	struct sql *sql = sql_new(call->arena);
	int64_t *tags;
	struct rows *rows;
	enum err err;

	sql_add(sql, "SELECT kind, entity, action, numbers, change_id FROM bulk WHERE id = ");
	sql_int(sql, bulk->id);
	err = store_run(call->store, call->arena, sql, &rows);
	if (err != ERR_OK)
		return err;
	alter->entity = call_view_named(call, rows_text(rows, 0, 1));
	alter->action = rows_text(rows, 0, 2);
	if (alter->entity == NULL || !undo_take_what(undo, rows_text(rows, 0, 0)) ||
	    !uuid_parse(rows_text(rows, 0, 4), &undo->change))
		return CALL_FAIL(call, ERR_NO_SUCH_ENTITY);
	if (!alter_is_undoable(alter->what, alter->action))
		return CALL_FAIL(call, ERR_BULK_FINAL, .entity = E_bulk);
	alter->tag_count = rows_ints(call->arena, rows, 0, 3, &tags);
	alter->tags = tags;
	alter->tag_line = catalog_entity_named(
	    call->catalog, arena_printf(call->arena, "%s_tag", alter->entity->def->name));
	alter->right = alter->what == ALTER_DELETE   ? RIGHT_RESTORE
		       : alter->what == ALTER_RESTORE ? RIGHT_DELETE
		       : alter->what == ALTER_ACT     ? RIGHT_ASSIGN
						      : RIGHT_EDIT;
	if ((access_rights(call->user, alter->entity->def) & alter->right) == 0)
		return CALL_FAIL(call, ERR_FORBIDDEN, .entity = alter->entity->def->number);
	return ERR_OK;
}

static void
undo_queue_rows(struct undo *undo, int64_t bulk, struct rows **rows)
{
	struct call *call = undo->alter.call;
	const struct entity *def = undo->alter.entity->def;
	const struct field *label = entity_label(undo->alter.entity);
	struct sql *sql = sql_new(call->arena);

	/* The history of those that can be seen is open. */
	sql_addf(sql, "SELECT set_config('kehu.p%" PRIu32 "', coalesce(array_agg(t.id), '{}')::text, true) "
		      "FROM bulk_row b JOIN %s t ON t.id = b.record_id WHERE b.bulk_id = ",
	    def->number, entity_table(def));
	sql_int(sql, bulk);
	store_queue(call->store, sql, NULL);
	sql = sql_new(call->arena);
	sql_addf(sql, "SELECT b.record_id, b.version, t.version, %s%s, h.fields, h.old FROM bulk_row b "
		      "LEFT JOIN %s t ON t.id = b.record_id LEFT JOIN LATERAL (SELECT h.fields, h.old FROM history h "
		      "WHERE h.root_id = b.record_id AND h.record_id = b.record_id AND h.entity = %" PRIu32
		      " AND h.change_id = ",
	    label != NULL && label->type == TYPE_TEXT ? "t." : "NULL",
	    label != NULL && label->type == TYPE_TEXT ? label->name : "", entity_table(def), def->number);
	sql_uuid(sql, undo->change);
	sql_add(sql, " ORDER BY h.id LIMIT 1) h ON true WHERE b.bulk_id = ");
	sql_int(sql, bulk);
	sql_add(sql, " ORDER BY b.record_id");
	store_queue(call->store, sql, rows);
}

static int
undo_compare(const void *a, const void *b)
{
	const struct undo_row *x = a, *y = b;
	int order = strcmp(x->key, y->key);

	return order != 0 ? order : (x->row.id > y->row.id) - (x->row.id < y->row.id);
}

static void
undo_take_row(struct undo *undo, const struct rows *rows, size_t at)
{
	struct call *call = undo->alter.call;
	const char *label = rows_text(rows, at, 3) != NULL ? rows_text(rows, at, 3) : "";
	struct undo_row *row = &undo->rows[undo->row_count];
	struct buf key = BUF_INIT;

	*row = (struct undo_row){ .row = { .id = rows_int(rows, at, 0), .label = label, .rights = 1 } };
	if (rows_null(rows, at, 2)) {
		alter_note_kept(&undo->kept, label, row->row.id, err_text(ERR_NO_SUCH_RECORD, call->session.lang));
		return;
	}
	if (rows_int(rows, at, 1) != rows_int(rows, at, 2)) {
		alter_note_kept(&undo->kept, label, row->row.id, call_say(call, "changed since", "之后又被修改"));
		return;
	}
	if (undo->alter.what == ALTER_SET || undo->alter.what == ALTER_ACT) {
		row->count = rows_ints(call->arena, rows, at, 4, &row->fields);
		rows_texts(call->arena, rows, at, 5, &row->old);
	}
	for (size_t i = 0; i < row->count; i++)
		buf_printf(&key, "%" PRId64 "=%s\x1f", row->fields[i], row->old[i] != NULL ? row->old[i] : "\x1e");
	row->key = arena_strdup(call->arena, buf_text(&key));
	buf_fini(&key);
	undo->row_count++;
}

/* The fields the user may set again, with what was there. */
static void
undo_take_values(struct undo *undo, const struct undo_row *row)
{
	struct alter *alter = &undo->alter;
	struct arena *arena = alter->call->arena;

	alter->values = ARENA_ARRAY(arena, struct alter_value, row->count + 1);
	alter->value_count = 0;
	for (size_t i = 0; i < row->count; i++) {
		const struct field *field = entity_field(alter->entity, (uint32_t)row->fields[i]);

		if (field != NULL && (field->flags & FIELD_READONLY) == 0)
			alter->values[alter->value_count++] = (struct alter_value){ field,
				history_value(arena, field, row->old[i]) };
	}
}

/* Transferred: back to who had it. */
static enum err
undo_prepare_transfer(struct undo *undo, const struct undo_row *row)
{
	struct alter *alter = &undo->alter;
	struct call *call = alter->call;
	const struct field *owner = entity_field_named(entity_whole(alter->entity), "owner_id");
	Kehu__ClientFrame *frame = ARENA_NEW(call->arena, Kehu__ClientFrame);
	Kehu__Act *act = ARENA_NEW(call->arena, Kehu__Act);
	Kehu__Value *value = ARENA_NEW(call->arena, Kehu__Value);

	kehu__client_frame__init(frame);
	kehu__act__init(act);
	kehu__value__init(value);
	value->has_field = value->has_number = true;
	value->field = 1;
	for (size_t i = 0; owner != NULL && i < row->count; i++)
		if (row->fields[i] == (int64_t)owner->number && row->old[i] != NULL)
			value->number = strtoll(row->old[i], NULL, 10);
	act->has_entity = act->has_id = true;
	act->entity = alter->entity->def->number;
	act->id = 1;
	act->action = arena_strdup(call->arena, alter->action);
	act->arguments = ARENA_NEW(call->arena, Kehu__Value *);
	act->arguments[0] = value;
	act->n_arguments = 1;
	frame->act = act;
	frame->request_case = KEHU__CLIENT_FRAME__REQUEST_ACT;
	return write_prepare(call, frame, &alter->write);
}

enum err
alter_prepare_remove(struct alter *alter, bool restore)
{
	struct call *call = alter->call;
	Kehu__ClientFrame *frame = ARENA_NEW(call->arena, Kehu__ClientFrame);

	kehu__client_frame__init(frame);
	if (restore) {
		frame->restore = ARENA_NEW(call->arena, Kehu__Restore);
		kehu__restore__init(frame->restore);
		frame->restore->entity = alter->entity->def->number;
		frame->restore->id = 1;
		frame->request_case = KEHU__CLIENT_FRAME__REQUEST_RESTORE;
	} else {
		frame->delete_ = ARENA_NEW(call->arena, Kehu__Delete);
		kehu__delete__init(frame->delete_);
		frame->delete_->entity = alter->entity->def->number;
		frame->delete_->id = 1;
		frame->request_case = KEHU__CLIENT_FRAME__REQUEST_DELETE;
	}
	return write_prepare(call, frame, &alter->write);
}

static int
undo_compare_ids(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* Neither changed nor refused one by one: out of the user's reach by now. */
static void
undo_keep_rest(struct undo *undo)
{
	struct alter *alter = &undo->alter;

	if (alter->same == 0)
		return;
	qsort(alter->done_ids, alter->done, sizeof(*alter->done_ids), undo_compare_ids);
	for (size_t i = 0; i < alter->row_count; i++)
		if (bsearch(&alter->rows[i].id, alter->done_ids, alter->done, sizeof(*alter->done_ids),
			undo_compare_ids) == NULL)
			alter_note_kept(&undo->kept, alter->rows[i].label, alter->rows[i].id,
			    err_text(ERR_FORBIDDEN, alter->call->session.lang));
}

/* Rows from first on with the same before: the same change for them all. */
static enum err
undo_group(struct undo *undo, enum alter_what was, size_t first, size_t count)
{
	struct alter *alter = &undo->alter;
	enum err err = ERR_OK;

	alter->row_count = count;
	alter->rows = ARENA_ARRAY(alter->call->arena, struct alter_row, count);
	for (size_t i = 0; i < count; i++)
		alter->rows[i] = undo->rows[first + i].row;
	alter->done = alter->same = alter->refused = 0;
	switch (was) {
	case ALTER_SET:
		undo_take_values(undo, &undo->rows[first]);
		break;
	case ALTER_TAG:
		alter->what = ALTER_UNTAG;
		break;
	case ALTER_UNTAG:
		alter->what = ALTER_TAG;
		break;
	case ALTER_ACT:
		err = undo_prepare_transfer(undo, &undo->rows[first]);
		break;
	case ALTER_DELETE:
		alter->what = ALTER_RESTORE;
		err = alter_prepare_remove(alter, true);
		break;
	case ALTER_RESTORE:
		alter->what = ALTER_DELETE;
		err = alter_prepare_remove(alter, false);
		break;
	case ALTER_BACK:
		break;
	}
	if (err == ERR_OK) {
		/* What write_prepare registered, too. */
		call_context(alter->call);
		err = alter_apply(alter, count);
	}
	for (size_t i = 0; err == ERR_OK && i < alter->refused && i < ALTER_NAMED_MAX; i++)
		alter_note_kept(&undo->kept, alter->refusals[i].label, alter->refusals[i].id, alter->refusals[i].text);
	if (alter->refused > ALTER_NAMED_MAX)
		undo->kept.count += alter->refused - ALTER_NAMED_MAX;
	if (err == ERR_OK && was == ALTER_SET && alter->refused == 0)
		undo_keep_rest(undo);
	return err;
}

static enum err
undo_do(struct undo *undo, const struct record *bulk)
{
	struct call *call = undo->alter.call;
	enum alter_what was = undo->alter.what;
	struct rows *rows;
	enum err err;

	call_scope_references(call, undo->alter.entity);
	call_scope(call, undo->alter.entity->def, undo->alter.right);
	call_context(call);
	undo_queue_rows(undo, bulk->id, &rows);
	err = store_flush(call->store, call->arena);
	if (err != ERR_OK)
		return err;
	undo->rows = ARENA_ARRAY(call->arena, struct undo_row, rows->count + 1);
	for (size_t i = 0; i < rows->count; i++)
		undo_take_row(undo, rows, i);
	if (undo->row_count > 0)
		qsort(undo->rows, undo->row_count, sizeof(*undo->rows), undo_compare);
	for (size_t first = 0, end; err == ERR_OK && first < undo->row_count; first = end) {
		for (end = first + 1; end < undo->row_count &&
		     strcmp(undo->rows[end].key, undo->rows[first].key) == 0;
		     end++)
			;
		err = undo_group(undo, was, first, end - first);
	}
	return err;
}

/* Too much for one request: a job does the same action. */
static enum err
undo_queue_job(struct call *call, struct record *bulk)
{
	struct rows *rows;
	enum err err;

	job_queue(call, "bulk",
	    arena_printf(call->arena, "undo=%" PRId64 " title=\"%s\"", bulk->id,
		call_say(call, "undo of a bulk change", "撤销批量操作")),
	    &rows);
	err = store_flush(call->store, call->arena);
	if (err == ERR_OK)
		call->written_text = arena_printf(call->arena,
		    call_say(call, "job %" PRId64 " undoes it", "由作业 %" PRId64 " 撤销"), rows_int(rows, 0, 0));
	return err;
}

enum err
alter_act_undo(struct call *call, struct record *bulk, const struct value *arguments)
{
	struct undo undo = { .alter.call = call, .kept.names = BUF_INIT };
	enum err err;

	(void)arguments;
	err = undo_open(&undo, bulk);
	/* A job has no request: it is the one that does it. */
	if (err == ERR_OK && call->request != NULL &&
	    record_number(bulk, F_bulk_records) > ALTER_DIRECT_MAX)
		return undo_queue_job(call, bulk);
	if (err == ERR_OK)
		err = undo_do(&undo, bulk);
	if (err == ERR_OK) {
		record_set_text(bulk, F_bulk_state, "undone");
		record_set_number(bulk, F_bulk_undone_at, date_now_us());
		record_set_number(bulk, F_bulk_kept, (int64_t)undo.kept.count);
		if (undo.kept.count > 0) {
			record_set_text(bulk, F_bulk_kept_names,
			    arena_strdup(call->arena, buf_text(&undo.kept.names)));
			call->written_text = arena_printf(call->arena,
			    call_say(call, "undone; %zu stay as they are", "已撤销，%zu 条保持不变"), undo.kept.count);
		}
		/* The rows of the records themselves are done: the bulk's own scope again. */
		call_context(call);
		write_scope(call, &(struct write){ .entity = bulk->entity, .right = RIGHT_ACT });
		err = record_save(call, bulk);
	}
	buf_fini(&undo.kept.names);
	return err;
}
