/*
 * The start-up check: does the database have what the catalogue says, and may its columns be
 * filtered and sorted under row policies without losing their indexes.
 */
#include "server/store/ddl.h"
#include "server/store/migrate.h"
#include <stdlib.h>
#include <string.h>

struct schema {
	struct arena *arena;
	const struct rows *columns; /* table, column, type; ordered by both */
	const char *why;
};

static int
schema_compare(const struct rows *rows, size_t row, const char *table, const char *column)
{
	int order = strcmp(rows_text(rows, row, 0), table);

	return order ? order : strcmp(rows_text(rows, row, 1), column);
}

/* The type of a column, NULL when there is none. */
static const char *
schema_type(const struct schema *schema, const char *table, const char *column)
{
	size_t low = 0, high = schema->columns->count;

	while (low < high) {
		size_t middle = (low + high) / 2;
		int order = schema_compare(schema->columns, middle, table, column);
		if (order == 0)
			return rows_text(schema->columns, middle, 2);
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

static bool
schema_want(struct schema *schema, const char *table, const char *column, const char *type)
{
	const char *found = schema_type(schema, table, column);

	if (found && strcmp(found, type) == 0)
		return true;
	schema->why =
	    found ? arena_printf(
			schema->arena, "column %s.%s is %s, not %s", table, column, found, type)
		  : arena_printf(schema->arena,
			"column %s.%s (%s) is missing; run kehud migrate", table, column, type);
	return false;
}

static bool
schema_check_field(struct schema *schema, const struct entity *def, const struct field *field)
{
	const char *table = entity_table(def);
	const char *suffix, *type;

	if (field->flags & FIELD_FIGURE)
		table = arena_printf(schema->arena, "%s_figures", table);
	if (!schema_want(schema, table, field->name, ddl_type(field->type)))
		return false;
	for (size_t i = 0; ddl_side_column(field, i, &suffix, &type); i++) {
		if (!schema_want(schema, table,
			arena_printf(schema->arena, "%s%s", field->name, suffix), type))
			return false;
	}
	return true;
}

static bool
schema_check_entity(struct schema *schema, const struct entity_view *view)
{
	static const struct {
		const char *column, *type;
		enum entity_kind kind; /* 0: every entity */
	} fixed[] = {
		{ "id", "bigint", 0 },
		{ "version", "integer", 0 },
		{ "created_at", "timestamp with time zone", 0 },
		{ "created_by", "bigint", 0 },
		{ "updated_at", "timestamp with time zone", 0 },
		{ "updated_by", "bigint", 0 },
		{ "deleted_at", "timestamp with time zone", 0 },
		{ "delete_id", "uuid", 0 },
		{ "owner_id", "bigint", ENTITY_ACTIVITY },
		{ "department_id", "bigint", ENTITY_ACTIVITY },
		{ "branch_id", "bigint", ENTITY_ACTIVITY },
		{ "position", "integer", ENTITY_LINE },
		{ "anchor_entity", "bigint", ENTITY_ANCHORED },
		{ "anchor_id", "bigint", ENTITY_ANCHORED },
	};
	const struct entity *def = view->def;
	const char *table = entity_table(def);

	for (size_t i = 0; i < sizeof fixed / sizeof fixed[0]; i++) {
		if ((fixed[i].kind == 0 || fixed[i].kind == def->kind) &&
		    !schema_want(schema, table, fixed[i].column, fixed[i].type))
			return false;
	}
	if (def->kind == ENTITY_LINE &&
	    !schema_want(schema, table, entity_parent_column(schema->arena, def), "bigint"))
		return false;
	if (def->pooled && !schema_want(schema, table, "pool_id", "bigint"))
		return false;
	if (def->searched &&
	    !schema_want(
		schema, arena_printf(schema->arena, "%s_search", table), "tokens", "tsvector"))
		return false;
	for (size_t i = 0; i < view->field_count; i++) {
		if (!schema_check_field(schema, def, view->fields[i]))
			return false;
	}
	return true;
}

/* Comparisons that are not leakproof make PostgreSQL put row policies before the index. */
static bool
schema_check_leakproof(
    struct schema *schema, const struct catalog *catalog, const struct rows *leaky)
{
	for (size_t i = 0; i < catalog_count(catalog); i++) {
		const struct entity_view *view = catalog_at(catalog, i);
		for (size_t k = 0; k < view->field_count; k++) {
			const struct field *field = view->fields[k];
			if (!(field->flags & (FIELD_SORT | FIELD_FILTER)))
				continue;
			bool found = field->type == TYPE_REFS;
			for (size_t r = 0; r < leaky->count; r++)
				found |=
				    strcmp(rows_text(leaky, r, 0), ddl_type(field->type)) == 0;
			if (found) {
				schema->why = arena_printf(schema->arena,
				    "field %s.%s is sortable or filterable, but comparisons of "
				    "%s are not leakproof",
				    view->def->name, field->name, ddl_type(field->type));
				return false;
			}
		}
	}
	return true;
}

enum err
store_check_schema(
    struct store *store, const struct catalog *catalog, struct arena *arena, const char **why)
{
	struct schema schema = { .arena = arena };
	struct sql *columns = sql_new(arena), *leaky = sql_new(arena);
	struct rows *column_rows, *leaky_rows;

	store_read(store);
	sql_add(columns,
	    "SELECT c.relname, a.attname, format_type(a.atttypid, NULL) FROM pg_class c "
	    "JOIN pg_attribute a ON a.attrelid = c.oid "
	    "WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') "
	    "AND a.attnum > 0 AND NOT a.attisdropped "
	    "ORDER BY c.relname COLLATE \"C\", a.attname COLLATE \"C\"");
	store_queue(store, columns, &column_rows);
	sql_add(leaky,
	    "SELECT DISTINCT format_type(c.opcintype, NULL) FROM pg_opclass c "
	    "JOIN pg_amop o ON o.amopfamily = c.opcfamily AND o.amoplefttype = c.opcintype "
	    "AND o.amoprighttype = c.opcintype JOIN pg_operator p ON p.oid = o.amopopr "
	    "JOIN pg_proc f ON f.oid = p.oprcode "
	    "WHERE c.opcmethod = (SELECT oid FROM pg_am WHERE amname = 'btree') "
	    "AND c.opcdefault AND NOT f.proleakproof");
	store_queue(store, leaky, &leaky_rows);
	enum err err = store_flush(store, arena);
	if (err != ERR_OK) {
		*why = arena_strdup(arena, store_message(store));
		return err;
	}
	schema.columns = column_rows;
	for (size_t i = 0; i < catalog_count(catalog); i++) {
		if (!schema_check_entity(&schema, catalog_at(catalog, i))) {
			*why = schema.why;
			return ERR_CONFIG;
		}
	}
	if (!schema_check_leakproof(&schema, catalog, leaky_rows)) {
		*why = schema.why;
		return ERR_CONFIG;
	}
	return ERR_OK;
}
