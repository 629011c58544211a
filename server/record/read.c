/*
 * Reading one record with its lines, through the arms the gate gave, in one trip: the record
 * itself opens the way to its lines (kehu.p<entity> is set only when the row was reached).
 */
#include "server/record/record.h"

#include "common/log.h"
#include "server/record/arms.h"

#include <inttypes.h>
#include <string.h>

#define LINE_KINDS_MAX 16
#define LINES_MAX      2000 /* of one kind under one record */

struct record_reading {
	const struct entity_view *entity;
	const struct entity_view *kinds[LINE_KINDS_MAX];
	size_t kind_count;
	struct rows *row, *lines[LINE_KINDS_MAX];
	struct rows *opening; /* a row: the reader has stated a purpose */
	int64_t id;
};

/* The columns every read starts with. */
#define HEAD_COLUMNS 8
static void
read_select_head(struct sql *sql, const struct entity *def, int64_t user)
{
	bool access = def->kind == ENTITY_ACTIVITY;

	sql_addf(sql, "SELECT t.id, t.version, t.deleted_at IS NOT NULL, %s, %s, %s, %s, ",
	    access ? "t.owner_id" : "0", access ? "t.department_id" : "0",
	    access ? "t.branch_id" : "0", def->pooled ? "t.pool_id" : "0");
	if (access && user != 0) {
		sql_addf(sql, "EXISTS (SELECT 1 FROM record_share s WHERE s.user_id = ");
		sql_int(sql, user);
		sql_addf(sql,
		    " AND s.entity = %" PRIu32
		    " AND s.record_id = t.id AND s.rights & %d <> 0)",
		    def->number, RIGHT_EDIT);
	} else {
		sql_add(sql, "false");
	}
}

static void
read_select_fields(struct call *call, struct sql *sql, const struct entity_view *entity)
{
	for (size_t i = 0; i < entity->field_count; i++) {
		const struct field *field = entity->fields[i];
		const struct entity_view *target =
		    catalog_entity_named(call->catalog, field->ref);

		sql_add(sql, ", ");
		value_select(sql, field, field->flags & FIELD_FIGURE ? "f" : "t");
		if (field->type == TYPE_REF && target->def->kind != ENTITY_SETUP) {
			sql_add(sql, ", ");
			arms_label_select(
			    call, sql, target, arena_printf(call->arena, "t.%s", field->name));
		}
	}
}

static void
read_take_fields(struct call *call, struct record *record, const struct rows *rows, size_t row,
    size_t column)
{
	const struct entity_view *entity = record->entity;

	for (size_t i = 0; i < entity->field_count; i++) {
		const struct field *field = entity->fields[i];
		const struct entity_view *target =
		    catalog_entity_named(call->catalog, field->ref);

		record->values[i] = value_from_row(call->arena, field, rows, row, &column);
		if (field->type == TYPE_REF && target->def->kind != ENTITY_SETUP) {
			value_set_label(&record->values[i], rows_text(rows, row, column));
			column++;
		}
	}
}

/* The user, if anything is shared with him: who sees all records may change one only so. */
static int64_t
read_shared_with(const struct call *call, const struct entity *def)
{
	int64_t edits = access_arms(call->user, def, RIGHT_EDIT).shared_with;

	return edits != 0 ? edits : access_arms(call->user, def, RIGHT_ACT).shared_with;
}

/*
 * Whether this reader has stated what a record that may be shut is for; and the policy that hides shut records
 * lets this one be read, since it is asked for by its id.
 */
static void
read_queue_opening(struct call *call, struct record_reading *reading)
{
	struct sql *sql = sql_new(call->arena);

	sql_addf(sql, "SELECT set_config('kehu.asked%" PRIu32 "', ", reading->entity->def->number);
	sql_int(sql, reading->id);
	sql_add(sql, "::text, true), EXISTS (SELECT FROM record_opening o WHERE o.user_id = ");
	sql_int(sql, call_reader(call));
	sql_addf(sql, " AND o.entity = %" PRIu32 " AND o.until_at > now() AND o.record_id = ",
	    reading->entity->def->number);
	sql_int(sql, reading->id);
	sql_add(sql, ")");
	sql_named(sql);
	store_queue(call->store, sql, &reading->opening);
}

static struct record_reading *
read_queue(struct call *call, const struct entity_view *entity, int64_t id, const struct arms *arms,
    bool lines, bool gone, bool lock)
{
	struct record_reading *reading = ARENA_NEW(call->arena, struct record_reading);
	const struct entity *def = entity->def;
	struct sql *sql = sql_new(call->arena);

	entity = entity_whole(entity);
	reading->entity = entity;
	reading->id = id;
	if (entity_field_named(entity, "shut") != NULL)
		read_queue_opening(call, reading);
	read_select_head(sql, def, read_shared_with(call, def));
	read_select_fields(call, sql, entity);
	/* Opening the children rides on the row: no row, nothing opened. */
	sql_addf(
	    sql, ", set_config('kehu.p%" PRIu32 "', '{' || t.id || '}', true)", def->number);
	sql_addf(sql, " FROM %s t", entity_table(def));
	if (def->figures)
		sql_addf(sql, " LEFT JOIN %s_figures f ON f.id = t.id", entity_table(def));
	sql_add(sql, " WHERE t.id = ");
	sql_int(sql, id);
	if (def->kind == ENTITY_ACTIVITY) {
		sql_add(sql, " AND ");
		record_arms_where(call, sql, entity, "t", arms);
	}
	/* Not FOR UPDATE: who inserts something that refers to this record need not wait. */
	if (lock)
		sql_add(sql, " FOR NO KEY UPDATE OF t");
	sql_named(sql);
	store_queue(call->store, sql, &reading->row);
	if (lines)
		reading->kind_count =
		    catalog_lines(call->catalog, def, reading->kinds, LINE_KINDS_MAX);
	for (size_t i = 0; i < reading->kind_count; i++) {
		struct sql *select = sql_new(call->arena);

		sql_add(select, "SELECT t.id, t.version, t.deleted_at IS NOT NULL");
		read_select_fields(call, select, reading->kinds[i]);
		sql_addf(select,
		    " FROM %s t WHERE t.%s = ", entity_table(reading->kinds[i]->def),
		    entity_parent_column(call->arena, reading->kinds[i]->def));
		sql_int(select, id);
		sql_addf(select, "%s ORDER BY t.position, t.id LIMIT %d",
		    gone ? "" : " AND t.deleted_at IS NULL", LINES_MAX);
		sql_named(select);
		store_queue(call->store, select, &reading->lines[i]);
	}
	return reading;
}

struct record_reading *
record_queue_read(struct call *call, const struct entity_view *entity, int64_t id,
    const struct arms *arms, bool lines, bool lock)
{
	return read_queue(call, entity, id, arms, lines, false, lock);
}

struct record_reading *
record_queue_read_gone(
    struct call *call, const struct entity_view *entity, int64_t id, const struct arms *arms)
{
	return read_queue(call, entity, id, arms, true, true, false);
}

/* Shut but for its owner and who has stated a purpose: reading->opening knows of the latter. */
static bool
read_is_shut(const struct call *call, const struct record *record, const struct record_reading *reading)
{
	const struct field *shut = entity_field_named(reading->entity, "shut");

	return shut != NULL && record_number(record, shut->number) != 0 &&
	       record->owner != call_reader(call) && !rows_bool(reading->opening, 0, 1);
}

enum err
record_check_open(struct call *call, const struct record *record)
{
	return record->shut && !call->opening ?
	    CALL_FAIL(call, ERR_PURPOSE_NEEDED, .entity = record->entity->def->number) :
	    ERR_OK;
}

static void
read_take_lines(struct call *call, struct record *record, const struct record_reading *reading)
{
	size_t total = 0;

	for (size_t k = 0; k < reading->kind_count; k++)
		total += reading->lines[k]->count;
	record->lines = ARENA_ARRAY(call->arena, struct record *, total + 1);
	for (size_t k = 0; k < reading->kind_count; k++)
		for (size_t i = 0; i < reading->lines[k]->count; i++) {
			struct record *line = record_new(call->arena, reading->kinds[k]);

			line->id = line->stored_id = rows_int(reading->lines[k], i, 0);
			line->version = (uint32_t)rows_int(reading->lines[k], i, 1);
			line->parent = record;
			line->removed = line->deleted = rows_bool(reading->lines[k], i, 2);
			read_take_fields(call, line, reading->lines[k], i, 3);
			record->lines[record->line_count++] = line;
		}
}

struct record *
record_take_read(struct call *call, struct record_reading *reading)
{
	struct rows *row = reading->row;
	struct row_rights rights;
	struct access_row access;
	struct record *record;

	if (row->count == 0)
		return NULL;
	rights = record_row_rights(call, reading->entity->def);
	record = record_new(call->arena, reading->entity);
	record->id = record->stored_id = rows_int(row, 0, 0);
	record->version = (uint32_t)rows_int(row, 0, 1);
	record->deleted = rows_bool(row, 0, 2);
	record->owner = rows_int(row, 0, 3);
	record->department = rows_int(row, 0, 4);
	record->branch = rows_int(row, 0, 5);
	record->pool = rows_int(row, 0, 6);
	record->shared_write = rows_bool(row, 0, 7);
	read_take_fields(call, record, row, 0, HEAD_COLUMNS);
	access = record_access_row(record);
	record->rights = record_rights(&rights, &access);
	record->shut = read_is_shut(call, record, reading);
	read_take_lines(call, record, reading);
	call->rows += 1 + record->line_count;
	return record;
}

enum err
record_read(struct call *call, const struct entity_view *entity, int64_t id, enum right right,
    bool lines, bool lock, struct record **record)
{
	struct arms arms = access_arms(call->user, entity->def, right);
	struct record_reading *reading =
	    record_queue_read(call, entity, id, &arms, lines, lock);
	enum err err = store_flush(call->store, call->arena);

	*record = NULL;
	if (err == ERR_OK)
		*record = record_take_read(call, reading);
	if (err == ERR_OK && *record != NULL)
		err = record_check_open(call, *record);
	return err;
}
