/*
 * What cells mean that name a record of another entity. A batch stored by set asks for all its
 * names at once; where rows are saved one by one each is asked for when it comes.
 */
#include "server/job/import_impl.h"

#include "common/pinyin.h"
#include "common/text.h"
#include "server/record/approval.h"
#include "server/record/arms.h"
#include "server/record/store_tree.h"

#include <stdlib.h>
#include <string.h>

static int
import_name_compare(const void *a, const void *b)
{
	const struct import_name *x = a, *y = b;

	return x->def != y->def ? (x->def->number < y->def->number ? -1 : 1)
				: strcmp(x->text, y->text);
}

bool
import_by_name(const struct import *import, const struct field *field, const char *text)
{
	return field->type == TYPE_REF && text[0] != '#' && text[strspn(text, " ")] != '\0' &&
	       catalog_entity_named(import->job->call->catalog, field->ref)->def->kind !=
		   ENTITY_SETUP;
}

/* "SELECT n, id" of those names that a field of the target has; by its key where that is
 * indexed. */
static void
import_find_by(struct call *call, struct sql *sql, const struct entity_view *target,
    const struct field *by, const struct import_name *names, size_t count)
{
	struct arms arms = access_arms(call->user, target->def, RIGHT_VIEW);
	bool keyed = by->type == TYPE_TEXT && (by->flags & FIELD_SORT) != 0;
	int64_t *at = ARENA_ARRAY(call->arena, int64_t, count);
	const char **texts = ARENA_ARRAY(call->arena, const char *, count);
	const char **keys = ARENA_ARRAY(call->arena, const char *, count);

	for (size_t i = 0; i < count; i++) {
		at[i] = (int64_t)i;
		texts[i] = names[i].text;
		keys[i] = keyed ? pinyin_sort_key(call->arena, names[i].text,
				      by->flags & FIELD_PERSON ? PINYIN_PERSON : PINYIN_NAME)
				: names[i].text;
	}
	sql_add(sql, "SELECT x.n, t.id FROM unnest(");
	sql_ints(sql, at, count);
	sql_add(sql, ", ");
	sql_texts(sql, texts, count);
	sql_add(sql, ", ");
	sql_texts(sql, keys, count);
	sql_addf(sql,
	    ") x (n, name, key) JOIN %s t ON t.%s = x.name AND t.%s%s = x.key "
	    "WHERE t.deleted_at IS NULL AND ",
	    entity_table(target->def), by->name, by->name, keyed ? "_key" : "");
	record_arms_where(call, sql, target, "t", &arms);
}

/* What a record may be called by in a file; a masked field tells nothing. */
static const char *const import_names[] = { "number", "name", "short_name" };

static enum err
import_ask_names(struct call *call, struct import_name *names, size_t count)
{
	const struct entity_view *target = call_view_named(call, names[0].def->name);
	struct sql *sql = sql_new(call->arena);
	struct rows *rows;
	bool first = true;
	enum err err;

	for (size_t i = 0; i < sizeof(import_names) / sizeof(import_names[0]); i++) {
		const struct field *by = entity_field_named(target, import_names[i]);

		if (by == NULL || (by->flags & FIELD_MASKED) != 0)
			continue;
		sql_add(sql, first ? "" : " UNION ");
		import_find_by(call, sql, target, by, names, count);
		first = false;
	}
	if (first)
		return ERR_OK;
	err = store_run(call->store, call->arena, sql, &rows);
	for (size_t i = 0; err == ERR_OK && i < rows->count; i++) {
		struct import_name *name = &names[rows_int(rows, i, 0)];

		name->id = rows_int(rows, i, 1);
		name->found++;
	}
	return err;
}

static void
import_collect_names(struct import *import, const struct import_column *column)
{
	struct call *call = import->job->call;
	const struct entity_view *target =
	    catalog_entity_named(call->catalog, column->field->ref);
	size_t at = column->at;

	for (size_t i = 0; i < import->row_count; i++) {
		const struct import_row *row = &import->rows[i];
		const char *text;

		if (row->mark || at >= row->count ||
		    !import_by_name(import, column->field, row->cells[at]) ||
		    text_clean(call->arena, row->cells[at], strlen(row->cells[at]), TEXT_LINE,
			&text) != ERR_OK)
			continue;
		import->names[import->name_count++] =
		    (struct import_name){ .def = target->def, .text = text };
	}
}

enum err
import_find_names(struct import *import)
{
	struct arena *arena = import->job->call->arena;
	size_t kept = 0, next;
	enum err err = ERR_OK;

	import->names = ARENA_ARRAY(
	    arena, struct import_name, import->row_count * import->map.column_count + 1);
	import->name_count = 0;
	for (size_t i = 0; i < import->map.column_count; i++)
		if (import->map.columns[i].field->type == TYPE_REF)
			import_collect_names(import, &import->map.columns[i]);
	qsort(import->names, import->name_count, sizeof(*import->names), import_name_compare);
	for (size_t i = 0; i < import->name_count; i++)
		if (kept == 0 ||
		    import_name_compare(&import->names[kept - 1], &import->names[i]) != 0)
			import->names[kept++] = import->names[i];
	import->name_count = kept;
	for (size_t i = 0; err == ERR_OK && i < kept; i = next) {
		for (next = i; next < kept && import->names[next].def == import->names[i].def;)
			next++;
		err = import_ask_names(import->job->call, &import->names[i], next - i);
	}
	return err;
}

enum err
import_find_reference(
    struct import *import, const struct field *field, const char *text, int64_t *id)
{
	struct call *call = import->job->call;
	struct import_name name = { .def =
					catalog_entity_named(call->catalog, field->ref)->def };
	const struct import_name *known;
	enum err err = text_clean(call->arena, text, strlen(text), TEXT_LINE, &name.text);

	if (err != ERR_OK)
		return err;
	known = import->name_count == 0 ? NULL
					: bsearch(&name, import->names, import->name_count,
					      sizeof(name), import_name_compare);
	if (known == NULL) {
		err = import_ask_names(call, &name, 1);
		known = &name;
	}
	if (err == ERR_OK && known->found != 1)
		err = known->found == 0 ? ERR_NO_SUCH_RECORD : ERR_NARROW;
	*id = known->id;
	return err;
}

/* ---- making what is named ---------------------------------------------------------------- */

static bool
import_may_make(struct import *import, const struct entity *def)
{
	return import->request->create_references && def->kind == ENTITY_ACTIVITY &&
	       (access_rights(import->job->call->user, def) & RIGHT_CREATE) != 0;
}

void
import_scope_names(struct import *import)
{
	struct call *call = import->job->call;

	for (size_t i = 0; i < import->map.column_count; i++) {
		const struct field *field = import->map.columns[i].field;
		const struct entity *def =
		    field->type == TYPE_REF
			? catalog_entity_named(call->catalog, field->ref)->def
			: NULL;

		if (def != NULL && def != import->map.entity->def &&
		    import_may_make(import, def))
			call_scope(call, def, RIGHT_CREATE);
	}
}

enum err
import_make_reference(
    struct import *import, const struct field *field, const char *text, int64_t *id)
{
	struct call *call = import->job->call;
	const struct entity_view *target = call_view_named(call, field->ref);
	const struct field *label = target != NULL ? entity_label(target) : NULL;
	struct record *record;
	struct value value;
	enum err err;

	if (label == NULL || label->type != TYPE_TEXT || !import_may_make(import, target->def))
		return ERR_NO_SUCH_RECORD;
	err = value_from_text(call, label, text, &value);
	if (err != ERR_OK)
		return err;
	record = record_make(call, target);
	err = record_take_value(record, label, &value);
	if (err == ERR_OK)
		err = record_save(call, record);
	if (err == ERR_OK)
		err = approval_check_row(call, record);
	*id = record->stored_id;
	if (err == ERR_OK)
		import_record_made(import, target->def, *id);
	return err;
}
