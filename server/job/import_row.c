/*
 * One row of a file as a record: which one it means, what its cells say, and the records that
 * it refers to by name.
 */
#include "server/job/import_impl.h"

#include "server/record/arms.h"
#include "server/record/store_tree.h"

#include <stdlib.h>
#include <string.h>

enum err
import_blame(struct import *import, struct import_row *row, enum err err, const char *column)
{
	struct call *call = import->job->call;
	const char *text =
	    call->failure.text != NULL ? call->failure.text : err_text(err, call->session.lang);

	if (row->err == ERR_OK) {
		row->err = err;
		row->column = arena_strdup(import->batch_arena, column != NULL ? column : "");
		row->reason = arena_strdup(import->batch_arena, text);
	}
	call->failure = (struct failure){ 0 };
	call->more_count = 0;
	return err;
}

/* Of a field that no column feeds: a column of that name would. */
static const char *
import_label_of(const struct import *import, uint32_t entity, uint32_t number)
{
	struct call *call = import->job->call;
	const struct entity_view *view = call_view(call, entity);
	const struct field *field = view != NULL ? entity_field(view, number) : NULL;

	if (field == NULL)
		return "";
	return view->def == import->map.entity->def
		   ? call_say(call, field->en, field->zh)
		   : arena_printf(call->arena, "%s.%s", view->def->name, field->name);
}

const char *
import_header_of(const struct import *import, uint32_t entity, uint32_t field)
{
	/* A rule that names no entity means the record's own. */
	if (entity == 0)
		entity = import->map.entity->def->number;
	for (size_t i = 0; i < import->map.column_count; i++) {
		const struct import_column *column = &import->map.columns[i];
		const struct entity_view *view =
		    column->line != NULL ? column->line : import->map.entity;

		if (column->field->number == field &&
		    view->def->number == entity)
			return column->header;
	}
	return import_label_of(import, entity, field);
}

static enum err
import_value(
    struct import *import, const struct field *field, const char *text, struct value *value)
{
	struct call *call = import->job->call;
	enum err err;

	if (field->type == TYPE_DATE || field->type == TYPE_MOMENT)
		text = intake_date(call->arena, text, import->order);
	if (field->type == TYPE_DATE)
		text = intake_day(call->arena, text);
	if (!import_by_name(import, field, text))
		return value_from_text(call, field, text, value);
	/* A file's "11" is a number of theirs; only what no record is called may be an id. */
	*value = (struct value){ 0 };
	err = import_find_reference(import, field, text, &value->number);
	if (err == ERR_NO_SUCH_RECORD && value_from_text(call, field, text, value) == ERR_OK)
		return ERR_OK;
	if (err == ERR_NO_SUCH_RECORD)
		err = import_make_reference(import, field, text, &value->number);
	value->present = err == ERR_OK;
	return err;
}

/* The row's line of a kind: the record's first, or one of its own where rows add lines. */
static struct record *
import_line(struct call *call, struct record *record, const struct entity_view *kind, bool add)
{
	struct record *line;

	for (size_t i = 0; i < record->line_count; i++)
		if (record->lines[i]->entity->def == kind->def &&
		    (!add || record->lines[i]->is_new))
			return record->lines[i];
	line = record_new(call->arena, kind);
	line->is_new = true;
	line->parent = record;
	line->id = -1 - (int64_t)record->line_count;
	record->lines[record->line_count++] = line;
	return line;
}

static enum err
import_put(struct import *import, struct import_row *row, struct record *record,
    const struct import_column *column, const char *text)
{
	struct call *call = import->job->call;
	struct value value;
	enum err err = import_value(import, column->field, text, &value);

	if (err != ERR_OK)
		return import_blame(import, row, err, column->header);
	if (column->line != NULL) {
		if (!value.present)
			return ERR_OK; /* an empty cell makes no line */
		record = import_line(call, record, column->line, import->map.add);
	}
	err = record_take_value(record, column->field, &value);
	return err == ERR_OK ? ERR_OK : import_blame(import, row, err, column->header);
}

static enum err
import_fill(struct import *import, struct import_row *row, struct record *record)
{
	struct record **lines = ARENA_ARRAY(import->job->call->arena, struct record *,
	    record->line_count + import->map.column_count + import->map.constant_count + 1);
	enum err err = ERR_OK;

	if (record->line_count > 0)
		memcpy(lines, record->lines, record->line_count * sizeof(*lines));
	record->lines = lines;
	for (size_t i = 0; err == ERR_OK && i < import->map.constant_count; i++)
		err = import_put(import, row, record, &import->map.constants[i],
		    import->map.constants[i].header);
	for (size_t i = 0; err == ERR_OK && i < import->map.column_count; i++)
		if (import->map.columns[i].at < row->count)
			err = import_put(import, row, record, &import->map.columns[i],
			    row->cells[import->map.columns[i].at]);
	return err;
}

const char *
import_match_cell(const struct import *import, const struct import_row *row)
{
	for (size_t i = 0; i < import->map.column_count; i++) {
		const struct import_column *column = &import->map.columns[i];

		if (column->line == NULL && import->map.match != NULL &&
		    column->field == import->map.match && column->at < row->count)
			return row->cells[column->at];
	}
	return NULL;
}

/* The record this row means, when the import says how to know it. */
static enum err
import_find(struct import *import, const struct import_row *row, int64_t *id)
{
	struct call *call = import->job->call;
	const char *text = import_match_cell(import, row);
	struct arms arms = access_arms(call->user, import->map.entity->def, RIGHT_VIEW);
	struct sql *sql = sql_new(call->arena);
	struct value value;
	struct rows *rows;
	enum err err;

	*id = 0;
	if (text == NULL || import_value(import, import->map.match, text, &value) != ERR_OK ||
	    !value.present)
		return ERR_OK;
	sql_addf(sql, "SELECT t.id FROM %s t WHERE t.deleted_at IS NULL AND t.%s = ",
	    entity_table(import->map.entity->def), import->map.match->name);
	value_bind(sql, import->map.match, &value);
	sql_add(sql, " AND ");
	record_arms_where(call, sql, import->map.entity, "t", &arms);
	sql_add(sql, " ORDER BY t.id LIMIT 1");
	sql_named(sql);
	err = store_run(call->store, call->arena, sql, &rows);
	if (err == ERR_OK && rows->count > 0)
		*id = rows_int(rows, 0, 0);
	return err;
}

static enum err
import_load(struct import *import, struct import_row *row, struct record **result)
{
	struct call *call = import->job->call;
	const struct entity_view *entity = import->map.entity;
	struct sql *sql = sql_new(call->arena);
	struct rows *rows;
	int64_t id;
	enum err err = import_find(import, row, &id);

	if (err != ERR_OK)
		return err;
	if (id != 0) {
		if (!import->map.update)
			return import_blame(import, row, ERR_DUPLICATE,
			    import_header_of(
				import, entity->def->number, import->map.match->number));
		err = record_read_to_change(call, entity, id, result);
		if (err == ERR_OK)
			err = record_may(call, *result, RIGHT_EDIT, NULL);
		if (err == ERR_OK)
			(*result)->old = arena_memdup(call->arena, (*result)->values,
			    (*result)->entity->field_count * sizeof(struct value));
		return err;
	}
	*result = record_new(call->arena, entity);
	(*result)->is_new = true;
	sql_add(sql, "SELECT nextval('record_id')");
	sql_named(sql);
	err = store_run(call->store, call->arena, sql, &rows);
	if (err == ERR_OK)
		(*result)->stored_id = rows_int(rows, 0, 0);
	return err;
}

enum err
import_check_shape(struct import *import, struct import_row *row)
{
	struct call *call = import->job->call;

	if (row->flaw != INTAKE_SOUND)
		call->failure.text = intake_flaw_text(row->flaw, call->session.lang);
	else if (row->count != import->header_count)
		call->failure.text = arena_printf(call->arena,
		    call_say(call, "The row has %zu columns where the header has %zu",
			"本行有 %zu 列，表头有 %zu 列"),
		    row->count, import->header_count);
	else
		return ERR_OK;
	return import_blame(import, row, ERR_BAD_FILE, NULL);
}

enum err
import_make_record(struct import *import, struct import_row *row, struct record **record)
{
	enum err err = import_load(import, row, record);

	return err == ERR_OK ? import_fill(import, row, *record) : err;
}

enum err
import_fill_new(struct import *import, struct import_row *row, struct record **record)
{
	*record = record_new(import->job->call->arena, import->map.entity);
	(*record)->is_new = true;
	return import_fill(import, row, *record);
}
