/*
 * New records by the thousand: COPY into the staging table, and from there one INSERT … SELECT
 * for the records and one for their search rows. Row policies forbid COPY into the tables
 * themselves. The staging rows go with the transaction that used them.
 */
#include "server/record/store_tree.h"

#include "common/date.h"
#include "server/record/token.h"

#include <inttypes.h>
#include <string.h>

struct many {
	struct call *call;
	const struct entity_view *entity;
	struct record **records;
	const struct failure *refused;
	size_t count, good;
	bool *used; /* by position of the field: a column of the INSERT */
	int64_t batch;
};

/* ---- ids and numbers --------------------------------------------------------------------- */

static enum err
many_take_ids(struct many *many)
{
	struct call *call = many->call;
	struct sql *sql = sql_new(call->arena);
	struct rows *rows;
	size_t at = 0;
	enum err err;

	sql_add(sql, "SELECT nextval('record_id') FROM generate_series(1, ");
	sql_int(sql, (int64_t)many->good + 1);
	sql_add(sql, ")");
	sql_named(sql);
	err = store_run(call->store, call->arena, sql, &rows);
	if (err != ERR_OK)
		return err;
	many->batch = rows_int(rows, at++, 0);
	for (size_t i = 0; i < many->count; i++)
		if (many->refused[i].err == ERR_OK)
			many->records[i]->stored_id = rows_int(rows, at++, 0);
	return ERR_OK;
}

static int64_t
many_branch(const struct many *many, size_t i)
{
	return many->records[i]->branch != 0 ? many->records[i]->branch
					     : access_user_branch(many->call->user);
}

static bool
many_wants_number(const struct many *many, size_t i, size_t field)
{
	return many->refused[i].err == ERR_OK && !many->records[i]->values[field].present;
}

/* Numbers of one branch, of those from first on that are of it. */
static enum err
many_number_branch(struct many *many, size_t field, size_t first)
{
	struct call *call = many->call;
	const struct entity *def = many->entity->def;
	int64_t branch = many_branch(many, first), wanted = 0;
	struct sql *sql = sql_new(call->arena);
	struct rows *rows;
	char **numbers;
	size_t at = 0;
	enum err err;

	for (size_t i = first; i < many->count; i++)
		wanted += many_wants_number(many, i, field) && many_branch(many, i) == branch;
	sql_add(sql, "SELECT kehu_numbers_of(");
	sql_text(sql, def->name);
	sql_add(sql, ", ");
	sql_text(sql, def->number_prefix);
	sql_add(sql, ", ");
	sql_date(sql, call_today(call));
	sql_add(sql, ", ");
	sql_int(sql, branch);
	sql_add(sql, ", ");
	sql_int(sql, wanted);
	sql_add(sql, ")");
	sql_named(sql);
	err = store_run(call->store, call->arena, sql, &rows);
	if (err != ERR_OK)
		return err;
	rows_texts(call->arena, rows, 0, 0, &numbers);
	for (size_t i = first; i < many->count; i++)
		if (many_wants_number(many, i, field) && many_branch(many, i) == branch)
			record_set_text(many->records[i], many->entity->fields[field]->number,
			    numbers[at++]);
	return ERR_OK;
}

static enum err
many_take_numbers(struct many *many)
{
	enum err err = ERR_OK;

	for (size_t f = 0; f < many->entity->field_count; f++)
		for (size_t i = 0; err == ERR_OK && i < many->count; i++)
			if ((many->entity->fields[f]->flags & FIELD_NUMBERED) != 0 &&
			    many_wants_number(many, i, f))
				err = many_number_branch(many, f, i);
	return err;
}

/* ---- staging ----------------------------------------------------------------------------- */

static void
many_put_cell(struct buf *cells, const char *text)
{
	buf_putc(cells, cells->bytes == 0 ? '{' : ',');
	if (text == NULL) {
		buf_puts(cells, "NULL");
		return;
	}
	buf_putc(cells, '"');
	for (; *text != '\0'; text++) {
		if (*text == '"' || *text == '\\')
			buf_putc(cells, '\\');
		buf_putc(cells, *text);
	}
	buf_putc(cells, '"');
}

static void
many_put_id(struct many *many, struct buf *cells, int64_t id)
{
	many_put_cell(cells, id != 0 ? arena_printf(many->call->arena, "%" PRId64, id) : NULL);
}

static const char *
many_tokens(struct many *many, const struct record *record, struct buf *doc)
{
	struct token_set tokens = { 0 };
	struct buf out = BUF_INIT;
	const char *text;

	record_add_search(many->call, record, &tokens, doc);
	token_set_sort(&tokens);
	for (size_t i = 0; i < tokens.count; i++)
		buf_printf(&out, i == 0 ? "%s" : " %s", tokens.tokens[i]);
	text = arena_strdup(many->call->arena, buf_text(&out));
	buf_fini(&out);
	return text;
}

/* Access columns, then the fields' columns. */
static void
many_put_cells(struct many *many, const struct record *record, struct buf *cells)
{
	const int64_t ids[] = { record->owner, record->department, record->branch,
		record->pool };
	const char *texts[VALUE_COLUMNS_MAX];

	buf_clear(cells);
	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++)
		many_put_id(many, cells, ids[i]);
	for (size_t f = 0; f < many->entity->field_count; f++) {
		size_t count = many->used[f] ? value_texts(many->call, many->entity->fields[f],
						   &record->values[f], texts)
					     : 0;

		for (size_t i = 0; i < count; i++)
			many_put_cell(cells, texts[i]);
	}
	buf_putc(cells, '}');
}

/* What the search row holds; it stands in columns of its own. */
static void
many_copy_search(struct many *many, const struct record *record)
{
	struct store *store = many->call->store;
	struct buf doc = BUF_INIT;

	if (many->entity->def->searched) {
		copy_text(store, many_tokens(many, record, &doc));
		copy_text(store, buf_text(&doc));
	} else {
		copy_text(store, NULL);
		copy_text(store, NULL);
	}
	buf_fini(&doc);
}

static enum err
many_stage(struct many *many)
{
	struct store *store = many->call->store;
	struct buf cells = BUF_INIT;
	size_t copied;
	enum err err = store_copy_begin(store, many->call->arena,
	    "COPY import_row (import_id, line, record_id, cells, tokens, doc) FROM STDIN");

	for (size_t i = 0; err == ERR_OK && i < many->count; i++) {
		struct arena_mark mark = arena_mark(many->call->arena);

		if (many->refused[i].err != ERR_OK)
			continue;
		many_put_cells(many, many->records[i], &cells);
		copy_int(store, many->batch);
		copy_int(store, (int64_t)i);
		copy_int(store, many->records[i]->stored_id);
		copy_text(store, buf_text(&cells));
		many_copy_search(many, many->records[i]);
		err = copy_end_row(store);
		arena_rewind(many->call->arena, mark);
	}
	buf_fini(&cells);
	return err == ERR_OK ? store_copy_end(store, many->call->arena, &copied) : err;
}

/* ---- storing ----------------------------------------------------------------------------- */

static void
many_from_staging(struct many *many, struct sql *sql)
{
	sql_add(sql, " FROM import_row r WHERE r.import_id = ");
	sql_int(sql, many->batch);
	sql_add(sql, " ORDER BY r.line");
}

static void
many_queue_records(struct many *many)
{
	const struct entity_view *entity = many->entity;
	struct call *call = many->call;
	struct sql *sql = sql_new(call->arena);
	const char *texts[VALUE_COLUMNS_MAX];
	size_t column = 5;

	sql_addf(sql,
	    "INSERT INTO %s (id, created_by, updated_by, owner_id, department_id, branch_id%s",
	    entity_table(entity->def), entity->def->pooled ? ", pool_id" : "");
	for (size_t f = 0; f < entity->field_count; f++)
		if (many->used[f]) {
			sql_add(sql, ", ");
			value_columns(sql, entity->fields[f]);
		}
	sql_add(sql, ") SELECT r.record_id, ");
	sql_int(sql, call->session.user);
	sql_add(sql, ", ");
	sql_int(sql, call->session.user);
	for (size_t i = 1; i <= (entity->def->pooled ? 4 : 3); i++)
		sql_addf(sql, ", r.cells[%zu]::bigint", i);
	for (size_t f = 0; f < entity->field_count; f++) {
		const struct value none = { 0 };
		size_t count =
		    many->used[f] ? value_texts(call, entity->fields[f], &none, texts) : 0;

		for (size_t i = 0; i < count; i++) {
			const char *cell = arena_printf(call->arena, "r.cells[%zu]", column++);
			const char *cast = value_cast(entity->fields[f], i),
				   *at = strstr(cast, "%s");

			sql_addf(sql, ", %.*s%s%s", (int)(at - cast), cast, cell, at + 2);
		}
	}
	many_from_staging(many, sql);
	store_queue(call->store, sql, NULL);
}

static void
many_queue_search(struct many *many)
{
	struct sql *sql = sql_new(many->call->arena);

	sql_addf(sql,
	    "INSERT INTO %s_search (id, owner_id, department_id, branch_id, pool_id, tokens, "
	    "doc) "
	    "SELECT r.record_id, r.cells[1]::bigint, r.cells[2]::bigint, r.cells[3]::bigint, "
	    "r.cells[4]::bigint, array_to_tsvector(string_to_array(r.tokens, ' ')), r.doc",
	    entity_table(many->entity->def));
	many_from_staging(many, sql);
	store_queue(many->call->store, sql, NULL);
}

static void
many_queue_end(struct many *many)
{
	struct sql *sql = sql_new(many->call->arena);

	sql_add(sql, "DELETE FROM import_row WHERE import_id = ");
	sql_int(sql, many->batch);
	sql_named(sql);
	store_queue(many->call->store, sql, NULL);
}

static void
many_find_columns(struct many *many)
{
	many->used = ARENA_ARRAY(many->call->arena, bool, many->entity->field_count);
	for (size_t f = 0; f < many->entity->field_count; f++)
		for (size_t i = 0; i < many->count && !many->used[f]; i++)
			many->used[f] = many->refused[i].err == ERR_OK &&
					record_inserts(many->records[i], f);
}

enum err
record_store_many(
    struct call *call, struct record **records, size_t count, const struct failure *refused)
{
	struct many many = { .call = call,
		.entity = records[0]->entity,
		.records = records,
		.refused = refused,
		.count = count };
	enum err err;

	for (size_t i = 0; i < count; i++)
		many.good += refused[i].err == ERR_OK;
	if (many.good == 0)
		return ERR_OK;
	err = many_take_ids(&many);
	if (err == ERR_OK)
		err = many_take_numbers(&many);
	if (err != ERR_OK)
		return err;
	many_find_columns(&many);
	err = many_stage(&many);
	if (err != ERR_OK)
		return err;
	many_queue_records(&many);
	if (many.entity->def->searched)
		many_queue_search(&many);
	many_queue_end(&many);
	return store_flush(call->store, call->arena);
}
