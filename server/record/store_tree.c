/*
 * The statements of a save: insert or update, lines, search row. All of them are queued and
 * ride in the trip of the next flush or of the COMMIT.
 */
#include "server/record/store_tree.h"

#include "common/date.h"
#include "common/log.h"
#include "common/text.h"
#include "server/record/token.h"

#include <inttypes.h>
#include <string.h>

#define INSERT_ROWS 50 /* lines in one statement; one each cost 45 us more of the database a line */

static bool
tree_is_access_column(const struct field *field)
{
	static const char *const names[] = { "owner_id", "department_id", "branch_id", "pool_id" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(field->name, names[i]) == 0)
			return true;
	return false;
}

/* Does this column come from the access columns rather than from the field's value? */
static bool
tree_from_access(const struct entity *def, const struct field *field)
{
	return def->kind == ENTITY_ACTIVITY && tree_is_access_column(field);
}

static void
tree_bind_id(struct sql *sql, int64_t id)
{
	if (id != 0)
		sql_int(sql, id);
	else
		sql_null(sql, "bigint");
}

static void
tree_access_columns(struct sql *sql, const struct record *record, bool assign)
{
	const char *const names[] = { "owner_id", "department_id", "branch_id", "pool_id" };
	const int64_t ids[] = { record->owner, record->department, record->branch, record->pool };

	if (record->entity->def->kind != ENTITY_ACTIVITY)
		return;
	for (int i = 0; i < (record->entity->def->pooled ? 4 : 3); i++) {
		sql_add(sql, ", ");
		if (assign)
			sql_addf(sql, "%s = ", names[i]);
		tree_bind_id(sql, ids[i]);
	}
}

/*
 * Asks for the number of a new record. Where it is searched for, its search row needs the number
 * now; else nobody does before the COMMIT, and it rides in that trip, so that the series is
 * locked no longer than that.
 */
static enum err
tree_ask_number(struct call *call, struct record *record, const struct field *field)
{
	struct sql *sql = sql_new(call->arena);
	enum err err;

	sql_add(sql, "SELECT kehu_number_of(");
	sql_text(sql, record->entity->def->name);
	sql_add(sql, ", ");
	sql_text(sql, record->entity->def->number_prefix);
	sql_add(sql, ", ");
	sql_date(sql, call_today(call));
	sql_add(sql, ", ");
	sql_int(sql, record->branch != 0 ? record->branch : access_user_branch(call->user));
	sql_add(sql, ")");
	sql_named(sql);
	store_queue(call->store, sql, &record->number_rows);
	record->number_asked = true;
	if (!record->entity->def->searched)
		return ERR_OK;
	err = store_flush(call->store, call->arena);
	if (err == ERR_OK)
		record_set_text(record, field->number, rows_text(record->number_rows, 0, 0));
	return err;
}

/* A number that comes with the COMMIT: stored, but not yet known here. */
static bool
tree_number_comes(const struct record *record, size_t i)
{
	return record->number_asked && !record->values[i].present &&
	    (record->entity->fields[i]->flags & FIELD_NUMBERED) != 0;
}

bool
record_inserts(const struct record *record, size_t i)
{
	const struct field *field = record->entity->fields[i];

	return (record->values[i].present || tree_number_comes(record, i)) &&
	    (field->flags & FIELD_FIGURE) == 0 && !tree_from_access(record->entity->def, field);
}

/* "INSERT INTO … (…) VALUES " for rows that fill in the fields this one does. */
static struct sql *
tree_begin_insert(struct call *call, const struct record *record)
{
	const struct entity_view *entity = record->entity;
	const struct entity *def = entity->def;
	struct sql *sql = sql_new(call->arena);

	sql_addf(sql, "INSERT INTO %s (id, created_by, updated_by", entity_table(def));
	if (def->kind == ENTITY_LINE)
		sql_addf(sql, ", %s, position", entity_parent_column(call->arena, def));
	if (def->kind == ENTITY_ACTIVITY)
		sql_addf(sql, ", owner_id, department_id, branch_id%s", def->pooled ? ", pool_id" : "");
	for (size_t i = 0; i < entity->field_count; i++)
		if (record_inserts(record, i)) {
			sql_add(sql, ", ");
			value_columns(sql, entity->fields[i]);
		}
	sql_add(sql, ") VALUES ");
	return sql;
}

static void
tree_add_row(struct call *call, struct sql *sql, struct record *record, size_t position)
{
	const struct entity_view *entity = record->entity;

	sql_add(sql, "(");
	if (record->stored_id != 0)
		sql_int(sql, record->stored_id);
	else
		sql_add(sql, "nextval('record_id')");
	sql_add(sql, ", ");
	tree_bind_id(sql, call->session.user);
	sql_add(sql, ", ");
	tree_bind_id(sql, call->session.user);
	if (entity->def->kind == ENTITY_LINE) {
		sql_add(sql, ", ");
		sql_int(sql, record->parent->stored_id);
		sql_addf(sql, ", %zu", position);
	}
	tree_access_columns(sql, record, false);
	for (size_t i = 0; i < entity->field_count; i++)
		if (tree_number_comes(record, i)) {
			sql_add(sql, ", current_setting('kehu.number')");
		} else if (record_inserts(record, i)) {
			sql_add(sql, ", ");
			value_bind_all(call, sql, entity->fields[i], &record->values[i]);
		}
	sql_add(sql, ")");
	record->version = 1;
}

static void
tree_insert(struct call *call, struct record *record, size_t position)
{
	struct sql *sql = tree_begin_insert(call, record);

	tree_add_row(call, sql, record, position);
	sql_named(sql);
	store_queue(call->store, sql, NULL);
}

/* Do two new lines fill in the same columns? */
static bool
tree_same_columns(const struct record *a, const struct record *b)
{
	if (a->entity != b->entity)
		return false;
	for (size_t i = 0; i < a->entity->field_count; i++)
		if (record_inserts(a, i) != record_inserts(b, i))
			return false;
	return true;
}

/* New lines from at on that fill in the same columns, in one statement; how many. */
static size_t
tree_insert_lines(struct call *call, struct record *record, size_t at)
{
	struct record **lines = record->lines + at;
	struct sql *sql = tree_begin_insert(call, lines[0]);
	size_t count = 0;

	do {
		if (count > 0)
			sql_add(sql, ", ");
		tree_add_row(call, sql, lines[count], at + count);
		count++;
	} while (count < INSERT_ROWS && at + count < record->line_count && lines[count]->is_new &&
	    !lines[count]->removed && tree_same_columns(lines[0], lines[count]));
	sql_named(sql);
	store_queue(call->store, sql, NULL);
	return count;
}

static bool
tree_changed(const struct record *record)
{
	for (size_t i = 0; i < record->entity->field_count; i++)
		if (record->changed[i])
			return true;
	return false;
}

static void
tree_update(struct call *call, struct record *record, struct rows **rows)
{
	const struct entity_view *entity = record->entity;
	const struct entity *def = entity->def;
	struct sql *sql = sql_new(call->arena);

	sql_addf(sql, "UPDATE %s SET version = version + 1, updated_at = now(), updated_by = ",
	    entity_table(def));
	tree_bind_id(sql, call->session.user);
	tree_access_columns(sql, record, true);
	for (size_t i = 0; i < entity->field_count; i++)
		if (record->changed[i] && !(entity->fields[i]->flags & FIELD_FIGURE) &&
		    !tree_from_access(def, entity->fields[i])) {
			sql_add(sql, ", ");
			value_assign(call, sql, entity->fields[i], &record->values[i]);
		}
	sql_add(sql, " WHERE id = ");
	sql_int(sql, record->stored_id);
	sql_add(sql, " AND version = ");
	sql_int(sql, record->version);
	sql_named(sql);
	store_queue(call->store, sql, rows);
	record->version++;
}

static void
tree_remove_line(struct call *call, const struct record *line)
{
	struct sql *sql = sql_new(call->arena);

	sql_addf(sql, "UPDATE %s SET deleted_at = now(), version = version + 1, delete_id = ",
	    entity_table(line->entity->def));
	sql_uuid(sql, call->intention);
	sql_add(sql, " WHERE id = ");
	sql_int(sql, line->stored_id);
	sql_named(sql);
	store_queue(call->store, sql, NULL);
}

/* Ids for the new lines in one statement, so that the answer can name them. */
static enum err
tree_number_lines(struct call *call, struct record *record)
{
	struct sql *sql = sql_new(call->arena);
	struct rows *rows;
	size_t count = 0, at = 0;
	enum err err;

	for (size_t i = 0; i < record->line_count; i++)
		count += record->lines[i]->is_new && !record->lines[i]->removed;
	if (count == 0)
		return ERR_OK;
	sql_add(sql, "SELECT nextval('record_id') FROM generate_series(1, ");
	sql_int(sql, (int64_t)count);
	sql_add(sql, ")");
	err = store_run(call->store, call->arena, sql, &rows);
	for (size_t i = 0; err == ERR_OK && i < record->line_count; i++)
		if (record->lines[i]->is_new && !record->lines[i]->removed)
			record->lines[i]->stored_id = rows_int(rows, at++, 0);
	return err;
}

static bool
tree_has_line_changes(const struct record *record)
{
	for (size_t i = 0; i < record->line_count; i++)
		if (record->lines[i]->removed || record->lines[i]->is_new || tree_changed(record->lines[i]))
			return true;
	return false;
}

static void
tree_store_lines(struct call *call, struct record *record)
{
	for (size_t i = 0; i < record->line_count;) {
		struct record *line = record->lines[i];

		if (line->is_new && !line->removed) {
			i += tree_insert_lines(call, record, i);
			continue;
		}
		if (!line->is_new && line->removed)
			tree_remove_line(call, line);
		else if (!line->is_new && tree_changed(line))
			tree_update(call, line, NULL);
		i++;
	}
}

/* ---- the search row ---------------------------------------------------------------------- */

void
record_add_search(struct call *call, const struct record *record, struct token_set *tokens,
    struct buf *doc)
{
	const struct entity_view *entity = record->entity;

	for (size_t i = 0; i < entity->field_count; i++) {
		const struct field *field = entity->fields[i];

		if ((field->flags & FIELD_SEARCH) == 0 || !record->values[i].present)
			continue;
		token_index(call->arena, tokens, field->search, record->values[i].text);
		buf_printf(doc, "%c%" PRIu32 ".%" PRIu32 "\t%s\n", field->search, entity->def->number,
		    field->number, record->values[i].text);
	}
}

enum err
record_store_search(struct call *call, struct record *record)
{
	struct sql *sql = sql_new(call->arena);
	const char *table = entity_table(record->entity->def);
	struct token_set tokens = { 0 };
	struct buf doc = BUF_INIT;

	record_add_search(call, record, &tokens, &doc);
	for (size_t i = 0; i < record->line_count; i++)
		if (!record->lines[i]->removed)
			record_add_search(call, record->lines[i], &tokens, &doc);
	token_set_sort(&tokens);
	if (tokens.full)
		call_log(call, LOG_WARN, "too many search tokens", "entity=%" PRIu32 " id=%" PRId64,
		    record->entity->def->number, record->stored_id);
	sql_addf(sql, "INSERT INTO %s_search (id, owner_id, department_id, branch_id, pool_id, tokens, doc) "
		      "VALUES (",
	    table);
	sql_int(sql, record->stored_id);
	sql_add(sql, ", ");
	tree_bind_id(sql, record->owner);
	sql_add(sql, ", ");
	tree_bind_id(sql, record->department);
	sql_add(sql, ", ");
	tree_bind_id(sql, record->branch);
	sql_add(sql, ", ");
	tree_bind_id(sql, record->pool);
	sql_add(sql, ", array_to_tsvector(");
	sql_texts(sql, tokens.tokens, tokens.count);
	sql_add(sql, "), ");
	sql_text(sql, buf_text(&doc));
	sql_add(sql, ") ON CONFLICT (id) DO UPDATE SET tokens = EXCLUDED.tokens, doc = EXCLUDED.doc");
	sql_named(sql);
	store_queue(call->store, sql, NULL);
	buf_fini(&doc);
	return ERR_OK;
}

static bool
tree_search_changed(const struct record *record)
{
	for (size_t i = 0; i < record->entity->field_count; i++)
		if (record->changed[i] && (record->entity->fields[i]->flags & FIELD_SEARCH) != 0)
			return true;
	return tree_has_line_changes(record);
}

enum err
record_store(struct call *call, struct record *record)
{
	const struct entity_view *entity = record->entity;
	struct rows *updated = NULL;
	enum err err;

	err = tree_number_lines(call, record);
	if (err != ERR_OK)
		return err;
	if (record->is_new) {
		for (size_t i = 0; err == ERR_OK && i < entity->field_count; i++)
			if ((entity->fields[i]->flags & FIELD_NUMBERED) != 0 && !record->values[i].present)
				err = tree_ask_number(call, record, entity->fields[i]);
		if (err != ERR_OK)
			return err;
		tree_insert(call, record, 0);
	} else {
		tree_update(call, record, &updated);
	}
	if (tree_has_line_changes(record)) {
		call_open(call, entity->def, record->stored_id, true);
		tree_store_lines(call, record);
	}
	if (entity->def->searched && (record->is_new || tree_search_changed(record)))
		err = record_store_search(call, record);
	if (err == ERR_OK && !record->is_new) {
		err = store_flush(call->store, call->arena);
		/* A policy that refuses an UPDATE answers no row and no error. */
		if (err == ERR_OK && updated->affected == 0)
			err = CALL_FAIL(call, ERR_FORBIDDEN, .entity = entity->def->number);
	}
	return err;
}
