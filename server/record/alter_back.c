/*
 * Taking back what one change made of some records: those it made are deleted, the others get what the
 * history says they had before, lines too. Those that somebody has touched since stay, and are named.
 */
#include "server/record/alter.h"

#include "server/entity/fields.h"
#include "server/gate/gate.h"
#include "server/record/history.h"
#include "server/record/store_tree.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define BACK_CHANGES_MAX 5000
#define BACK_NAMES_BYTES 3800

enum back_kind { BACK_CREATED = 1, BACK_CHANGED = 2, BACK_KINDS_MAX = 4 };

void
alter_note_kept(struct alter_kept *kept, const char *label, int64_t id, const char *why)
{
	kept->count++;
	if (kept->names.bytes < BACK_NAMES_BYTES)
		buf_printf(&kept->names, "#%" PRId64 " %s: %s\n", id, label, why);
}

/* ---- one record -------------------------------------------------------------------------- */

static enum err
back_put_values(struct call *call, struct record *part, const struct rows *rows, size_t at)
{
	const struct entity_view *view = call_view(call, part->entity->def->number);
	int64_t *fields;
	char **old;
	size_t count = rows_ints(call->arena, rows, at, 7, &fields);
	enum err err = ERR_OK;

	rows_texts(call->arena, rows, at, 8, &old);
	for (size_t i = 0; err == ERR_OK && view != NULL && i < count; i++) {
		const struct field *field = entity_field(view, (uint32_t)fields[i]);
		struct value value;

		if (field == NULL || (field->flags & FIELD_READONLY) != 0)
			continue;
		value = history_value(call->arena, field, old[i]);
		err = record_take_value(part, field, &value);
	}
	return err;
}

static struct record *
back_part(struct record *record, uint32_t entity, int64_t id)
{
	if (record->entity->def->number == entity && record->id == id)
		return record;
	for (size_t i = 0; i < record->line_count; i++)
		if (record->lines[i]->entity->def->number == entity && record->lines[i]->id == id)
			return record->lines[i];
	return NULL;
}

static enum err
back_put(struct alter *alter, struct record *record, const struct rows *rows)
{
	struct call *call = alter->call;
	const char *change = uuid_format(call->arena, alter->change);
	enum err err = ERR_OK;

	for (size_t i = 0; err == ERR_OK && i < rows->count; i++) {
		struct record *part;

		if (rows_null(rows, i, 10) || strcmp(rows_text(rows, i, 10), change) != 0)
			continue;
		part = back_part(record, (uint32_t)rows_int(rows, i, 3), rows_int(rows, i, 4));
		if (part == NULL)
			continue;
		if (rows_int(rows, i, 6) == BACK_CHANGED)
			err = back_put_values(call, part, rows, i);
		else if (rows_int(rows, i, 6) == BACK_CREATED && part != record)
			part->removed = true;
	}
	return err;
}

enum err
alter_put_back(struct alter *alter, struct record *record)
{
	struct call *call = alter->call;
	struct rows *rows;
	enum err err;

	call_open(call, record->entity->def, record->id, true);
	history_queue(call, record->entity->def, record->id, INT64_MAX, BACK_CHANGES_MAX, &rows);
	err = store_flush(call->store, call->arena);
	return err == ERR_OK ? back_put(alter, record, rows) : err;
}

/* ---- many -------------------------------------------------------------------------------- */

static const char *
back_why(const struct call *call, const char *why)
{
	if (strcmp(why, "used") == 0)
		return call_say(call, "other records refer to it by now", "已被其他记录引用");
	if (strcmp(why, "gone") == 0)
		return call_say(call, "deleted since", "之后已被删除");
	if (strcmp(why, "old") == 0)
		return call_say(call, "its history is no longer kept", "其修改历史已不再保留");
	return call_say(call, "changed since", "之后又被修改");
}

/* Which stay, and why; those that were made and are gone already need nothing more. */
static enum err
back_find_held(struct alter *alter, bool made, const int64_t *ids, size_t count, struct rows **rows)
{
	struct call *call = alter->call;
	const struct entity *def = alter->entity->def;
	struct sql *sql = sql_new(call->arena);

	sql_addf(sql, "SELECT h.id, h.why FROM kehu_held_back(%" PRIu32 ", '%s', %s, ", def->number,
	    entity_table(def), made ? "true" : "false");
	sql_ints(sql, ids, count);
	sql_add(sql, ", ");
	sql_uuid(sql, alter->change);
	sql_add(sql, ") h ORDER BY h.id");
	return store_as_rule(call, sql, rows);
}

static enum err
back_find_labels(struct alter *alter, const int64_t *ids, size_t count, struct rows **rows)
{
	struct call *call = alter->call;
	const struct field *label = entity_label(alter->entity);
	bool named = label != NULL && label->type == TYPE_TEXT;
	struct sql *sql = sql_new(call->arena);

	sql_addf(sql, "SELECT x.id, coalesce(%s%s, '') FROM unnest(", named ? "t." : "NULL::text",
	    named ? label->name : "");
	sql_ints(sql, ids, count);
	sql_addf(sql, ") x (id) LEFT JOIN %s t ON t.id = x.id ORDER BY 1", entity_table(alter->entity->def));
	return store_run(call->store, call->arena, sql, rows);
}

static const char *
back_held_why(const struct rows *held, int64_t id, size_t *at)
{
	while (*at < held->count && rows_int(held, *at, 0) < id)
		++*at;
	return *at < held->count && rows_int(held, *at, 0) == id ? rows_text(held, *at, 1) : NULL;
}

static void
back_take_rows(struct alter *alter, bool made, const struct rows *labels, const struct rows *held,
    struct alter_kept *kept)
{
	struct call *call = alter->call;
	size_t at = 0;

	alter->rows = ARENA_ARRAY(call->arena, struct alter_row, labels->count + 1);
	alter->row_count = alter->done = alter->same = alter->refused = 0;
	for (size_t i = 0; i < labels->count; i++) {
		int64_t id = rows_int(labels, i, 0);
		const char *label = rows_text(labels, i, 1), *why = back_held_why(held, id, &at);

		if (why == NULL)
			alter->rows[alter->row_count++] =
			    (struct alter_row){ .id = id, .label = label, .rights = 1 };
		else if (!made || strcmp(why, "gone") != 0)
			alter_note_kept(kept, label, id, back_why(call, why));
	}
}

enum err
alter_take_back(struct alter *alter, bool made, const int64_t *ids, size_t count,
    struct alter_kept *kept)
{
	struct call *call = alter->call;
	struct rows *held, *labels;
	enum err err = ERR_OK;

	alter->right = made ? RIGHT_DELETE : RIGHT_EDIT;
	alter->what = made ? ALTER_DELETE : ALTER_BACK;
	if ((access_rights(call->user, alter->entity->def) & alter->right) == 0)
		return CALL_FAIL(call, ERR_FORBIDDEN, .entity = alter->entity->def->number);
	call_scope_references(call, alter->entity);
	call_scope(call, alter->entity->def, alter->right);
	if (made)
		err = alter_prepare_remove(alter, false);
	call_context(call);
	if (err == ERR_OK)
		err = back_find_held(alter, made, ids, count, &held);
	if (err == ERR_OK)
		err = back_find_labels(alter, ids, count, &labels);
	if (err != ERR_OK)
		return err;
	back_take_rows(alter, made, labels, held, kept);
	err = alter_apply(alter, alter->row_count);
	for (size_t i = 0; err == ERR_OK && i < alter->refused && i < ALTER_NAMED_MAX; i++)
		alter_note_kept(kept, alter->refusals[i].label, alter->refusals[i].id, alter->refusals[i].text);
	if (alter->refused > ALTER_NAMED_MAX)
		kept->count += alter->refused - ALTER_NAMED_MAX;
	return err;
}
