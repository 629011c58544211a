/*
 * Triggers, grants and columns of one entity as SQL text; its policies are ddl_policy.c's.
 * Names come from the catalogue, never from a user.
 */
#include "server/store/ddl_impl.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

const char *
ddl_type(enum field_type type)
{
	switch (type) {
	case TYPE_INT:
	case TYPE_QUANTITY:
	case TYPE_REF:
	case TYPE_MONEY:
		return "bigint";
	case TYPE_BOOL:
		return "boolean";
	case TYPE_DATE:
		return "date";
	case TYPE_MOMENT:
		return "timestamp with time zone";
	case TYPE_REFS:
		return "bigint[]";
	case TYPE_TEXT:
	case TYPE_BLOCK:
	case TYPE_CHOICE:
	case TYPE_PHONE:
	case TYPE_MAIL:
	case TYPE_LINK:
		break;
	}
	return "text";
}

bool
ddl_side_column(
    const struct field *field, size_t number, const char **suffix, const char **type)
{
	const char *list[3];
	size_t count = 0;

	*type = "text";
	if (field->type == TYPE_MONEY)
		list[count++] = "_currency";
	else if (field->type == TYPE_PHONE)
		list[count++] = "_digits";
	else if (field->type == TYPE_TEXT && (field->flags & FIELD_SORT))
		list[count++] = "_key";
	if (field->flags & FIELD_ALIKE) {
		list[count++] = "_alike";
		if (field->flags & FIELD_SORT)
			list[count++] = "_sound";
	}
	if (number < count)
		*suffix = list[number];
	return number < count;
}

/* ---- grants --------------------------------------------------------------------------- */

static void
ddl_put_grants(struct buf *out, const struct entity_view *view)
{
	const struct entity *def = view->def;
	const char *table = entity_table(def);

	buf_printf(out, "GRANT SELECT, INSERT, UPDATE ON %s TO kehu_app;\n", table);
	buf_printf(out, "GRANT SELECT, INSERT, UPDATE, DELETE ON %s TO kehu_rule;\n", table);
	buf_printf(out, "GRANT SELECT ON %s TO kehu_backup;\n", table);
	/* Reports never see what never leaves the server. */
	buf_printf(out, "REVOKE ALL ON %s FROM kehu_report;\n", table);
	buf_puts(out, "GRANT SELECT (id, version, created_at, created_by, updated_at, "
		      "updated_by, deleted_at");
	if (def->kind == ENTITY_LINE)
		buf_printf(out, ", %s_id, position", def->parent);
	for (size_t i = 0; i < view->field_count; i++) {
		const struct field *field = view->fields[i];
		const char *suffix, *type;
		if ((field->flags & (FIELD_HIDDEN | FIELD_FIGURE)) ||
		    strcmp(field->name, "created_at") == 0)
			continue;
		buf_printf(out, ", %s", field->name);
		for (size_t k = 0; ddl_side_column(field, k, &suffix, &type); k++)
			buf_printf(out, ", %s%s", field->name, suffix);
	}
	buf_printf(out, ") ON %s TO kehu_report;\n", table);
	if (def->figures) {
		buf_printf(out,
		    "GRANT SELECT ON %s_figures TO kehu_app, kehu_report, kehu_backup;\n",
		    table);
		buf_printf(
		    out, "GRANT SELECT, INSERT, UPDATE, DELETE ON %s_figures TO kehu_rule;\n",
		    table);
	}
	if (def->searched) {
		buf_printf(out,
		    "GRANT SELECT, INSERT, UPDATE, DELETE ON %s_search TO kehu_app;\n", table);
		buf_printf(out, "GRANT SELECT, UPDATE, DELETE ON %s_search TO kehu_rule;\n", table);
	}
}

/* ---- triggers ------------------------------------------------------------------------- */

/* A value as history keeps it. */
static void
ddl_put_history_value(struct buf *out, const struct field *field, const char *row)
{
	const char *name = field->name;

	switch (field->type) {
	case TYPE_BOOL:
		buf_printf(out, "%s.%s::integer::text", row, name);
		break;
	case TYPE_DATE:
		buf_printf(out, "(%s.%s - date '1970-01-01')::text", row, name);
		break;
	case TYPE_MOMENT:
		buf_printf(
		    out, "(extract(epoch FROM %s.%s) * 1000000)::bigint::text", row, name);
		break;
	case TYPE_MONEY:
		buf_printf(out, "(%s.%s::text || ' ' || coalesce(%s.%s_currency, ''))", row,
		    name, row, name);
		break;
	case TYPE_INT:
	case TYPE_QUANTITY:
	case TYPE_REF:
	case TYPE_REFS:
		buf_printf(out, "%s.%s::text", row, name);
		break;
	default:
		buf_printf(out, "%s.%s", row, name);
	}
}

static bool
ddl_in_history(const struct field *field)
{
	return !(field->flags & (FIELD_FIGURE | FIELD_HIDDEN)) &&
	       strcmp(field->name, "created_at") != 0;
}

static void
ddl_put_history_field(struct buf *out, const struct field *field)
{
	const char *name = field->name;

	buf_printf(out, "\tIF NEW.%s IS DISTINCT FROM OLD.%s", name, name);
	if (field->type == TYPE_MONEY)
		buf_printf(
		    out, " OR NEW.%s_currency IS DISTINCT FROM OLD.%s_currency", name, name);
	buf_printf(
	    out, " THEN\n\t\tf := f || %" PRIu32 "; o := array_append(o, ", field->number);
	ddl_put_history_value(out, field, "OLD");
	buf_puts(out, "); n := array_append(n, ");
	ddl_put_history_value(out, field, "NEW");
	buf_puts(out, ");\n\tEND IF;\n");
}

/*
 * The row of the change feed of an UPDATE: subscribers are told of records, lines come with their
 * parent.
 */
static void
ddl_put_change(struct buf *out, const struct entity *def)
{
	const char *pool = def->pooled ? "pool_id" : NULL;

	if (def->kind == ENTITY_LINE || def->kind == ENTITY_ANCHORED)
		return;
	if (def->kind == ENTITY_SETUP) {
		buf_printf(out,
		    "\tINSERT INTO change (entity, id, version, kind) VALUES (%" PRIu32
		    ", NEW.id, NEW.version, k);\n",
		    def->number);
		return;
	}
	buf_printf(out,
	    "\tINSERT INTO change (entity, id, version, kind, old_owner, old_department, "
	    "old_branch%s,\n"
	    "\t\tnew_owner, new_department, new_branch%s)\n"
	    "\t\tVALUES (%" PRIu32
	    ", NEW.id, NEW.version, k, OLD.owner_id, OLD.department_id, "
	    "OLD.branch_id%s,\n\t\tNEW.owner_id, NEW.department_id, NEW.branch_id%s);\n",
	    pool ? ", old_pool" : "", pool ? ", new_pool" : "", def->number,
	    pool ? ", OLD.pool_id" : "", pool ? ", NEW.pool_id" : "");
}

static void
ddl_put_root(
    struct buf *out, const struct catalog *catalog, const struct entity *def, const char *row)
{
	if (def->kind == ENTITY_LINE)
		buf_printf(out, "%" PRIu32 ", %s.%s_id",
		    catalog_entity_named(catalog, def->parent)->def->number, row, def->parent);
	else if (def->kind == ENTITY_ANCHORED)
		buf_printf(out, "%s.anchor_entity, %s.anchor_id", row, row);
	else
		buf_printf(out, "%" PRIu32 ", %s.id", def->number, row);
}

static void
ddl_put_change_new(struct buf *out, const struct entity *def, const char *row, const char *from)
{
	if (def->kind == ENTITY_LINE || def->kind == ENTITY_ANCHORED)
		return;
	if (def->kind == ENTITY_SETUP) {
		buf_printf(out,
		    "\tINSERT INTO change (entity, id, version, kind) SELECT %" PRIu32
		    ", %s.id, %s.version, 1%s;\n",
		    def->number, row, row, from);
		return;
	}
	buf_printf(out,
	    "\tINSERT INTO change (entity, id, version, kind, new_owner, new_department, new_branch%s)\n"
	    "\tSELECT %" PRIu32 ", %s.id, %s.version, 1, %s.owner_id, %s.department_id, %s.branch_id",
	    def->pooled ? ", new_pool" : "", def->number, row, row, row, row, row);
	if (def->pooled)
		buf_printf(out, ", %s.pool_id", row);
	buf_printf(out, "%s;\n", from);
}

/*
 * New rows: nothing to compare. By statement what comes by the dozen, lines and records that come by
 * the thousand; else by row.
 */
static void
ddl_put_track_new(struct buf *out, const struct catalog *catalog, const struct entity *def)
{
	const char *table = entity_table(def);
	bool many = def->many || def->kind == ENTITY_LINE;
	const char *row = many ? "n" : "NEW", *from = many ? " FROM kehu_new n" : "";

	buf_printf(out,
	    "CREATE OR REPLACE FUNCTION kehu_track_new_%s() RETURNS trigger LANGUAGE plpgsql AS $kehu$\n"
	    "BEGIN\n"
	    "\tINSERT INTO history (change_id, user_id, session_id, entity, record_id, root_entity,\n"
	    "\t\troot_id, version, kind, fields, old, new)\n",
	    table);
	/* A sub-select is asked once for all rows, but costs more than one row's asking. */
	buf_printf(out,
	    "\tSELECT %snullif(current_setting('kehu.change', true), '')::uuid%s,\n"
	    "\t\t%snullif(current_setting('kehu.user', true), '')::bigint%s,\n"
	    "\t\t%snullif(current_setting('kehu.session', true), '')::bigint%s,\n"
	    "\t\t%" PRIu32 ", %s.id, ",
	    many ? "(SELECT " : "", many ? ")" : "", many ? "(SELECT " : "", many ? ")" : "",
	    many ? "(SELECT " : "", many ? ")" : "", def->number, row);
	ddl_put_root(out, catalog, def, row);
	buf_printf(out, ", %s.version, 1, '{}', '{}', '{}'%s;\n", row, from);
	ddl_put_change_new(out, def, row, from);
	buf_puts(out, "\tRETURN NULL;\nEND\n$kehu$;\n");
	buf_printf(out, "CREATE OR REPLACE TRIGGER kehu_track_new AFTER INSERT ON %s %s EXECUTE FUNCTION "
			"kehu_track_new_%s();\n",
	    table, many ? "REFERENCING NEW TABLE AS kehu_new FOR EACH STATEMENT" : "FOR EACH ROW", table);
}

static void
ddl_put_track(struct buf *out, const struct catalog *catalog, const struct entity_view *view)
{
	const struct entity *def = view->def;
	const char *table = entity_table(def);

	buf_printf(out,
	    "CREATE OR REPLACE FUNCTION kehu_track_%s() RETURNS trigger LANGUAGE plpgsql AS "
	    "$kehu$\n"
	    "DECLARE\n\tf integer[] := '{}';\n\to text[] := '{}';\n\tn text[] := '{}';\n"
	    "\tk smallint := CASE WHEN NEW.deleted_at IS NOT NULL AND OLD.deleted_at IS NULL THEN 3\n"
	    "\t\tWHEN NEW.deleted_at IS NULL AND OLD.deleted_at IS NOT NULL THEN 4 ELSE 2 END;\nBEGIN\n",
	    table);
	for (size_t i = 0; i < view->field_count; i++) {
		if (ddl_in_history(view->fields[i]))
			ddl_put_history_field(out, view->fields[i]);
	}
	/* A sort key made again says nothing new. */
	buf_puts(out, "\tIF k = 2 AND f = '{}' AND NEW.version = OLD.version THEN\n"
		      "\t\tRETURN NULL;\n\tEND IF;\n"
		      "\tIF k <> 2 OR f <> '{}' THEN\n"
		      "\t\tINSERT INTO history (change_id, user_id, session_id, entity, "
		      "record_id, root_entity,\n"
		      "\t\t\troot_id, version, kind, fields, old, new)\n"
		      "\t\tVALUES (nullif(current_setting('kehu.change', true), '')::uuid,\n"
		      "\t\t\tnullif(current_setting('kehu.user', true), '')::bigint,\n"
		      "\t\t\tnullif(current_setting('kehu.session', true), '')::bigint,\n");
	buf_printf(out, "\t\t\t%" PRIu32 ", NEW.id, ", def->number);
	ddl_put_root(out, catalog, def, "NEW");
	buf_puts(out, ", NEW.version, k, f, o, n);\n\tEND IF;\n");
	ddl_put_change(out, def);
	buf_puts(out, "\tRETURN NULL;\nEND\n$kehu$;\n");
	buf_printf(out,
	    "CREATE OR REPLACE TRIGGER kehu_track AFTER UPDATE ON %s FOR EACH ROW "
	    "EXECUTE FUNCTION kehu_track_%s();\n",
	    table, table);
	ddl_put_track_new(out, catalog, def);
}

/*
 * Access columns are copied to the search row, never the tokens. search_branch_grams(), of
 * sql/repeat/32_search.sql: words within a branch, in ranges of ids.
 */
static void
ddl_put_search(struct buf *out, const struct entity *def)
{
	const char *table = entity_table(def);
	const char *pool = def->pooled ? ", pool_id = NEW.pool_id" : "";

	if (!def->searched || def->kind != ENTITY_ACTIVITY)
		return;
	buf_printf(out,
	    "CREATE OR REPLACE FUNCTION kehu_search_%s() RETURNS trigger LANGUAGE plpgsql AS "
	    "$kehu$\n"
	    "BEGIN\n\tUPDATE %s_search SET owner_id = NEW.owner_id, department_id = "
	    "NEW.department_id,\n"
	    "\t\tbranch_id = NEW.branch_id%s WHERE id = NEW.id;\n\tRETURN "
	    "NULL;\nEND\n$kehu$;\n",
	    table, table, pool);
	buf_printf(out,
	    "CREATE OR REPLACE TRIGGER kehu_search AFTER UPDATE OF owner_id, department_id, "
	    "branch_id%s "
	    "ON %s FOR EACH ROW\n\tWHEN ((OLD.owner_id, OLD.department_id, OLD.branch_id%s) IS "
	    "DISTINCT FROM\n"
	    "\t(NEW.owner_id, NEW.department_id, NEW.branch_id%s))\n\tEXECUTE FUNCTION "
	    "kehu_search_%s();\n",
	    def->pooled ? ", pool_id" : "", table, def->pooled ? ", OLD.pool_id" : "",
	    def->pooled ? ", NEW.pool_id" : "", table);
	buf_printf(out,
	    "CREATE INDEX IF NOT EXISTS %s_search_grams ON %s_search USING gin "
	    "(search_branch_grams(branch_id, tokens), (id >> 18));\n",
	    table, table);
}

bool
ddl_is_setup(const struct catalog *catalog, const struct entity *def)
{
	if (def->kind == ENTITY_LINE)
		def = catalog_entity_named(catalog, def->parent)->def;
	return def->kind == ENTITY_SETUP;
}

/*
 * Set-up records are in the servers' snapshots: a change to one makes those stale. What clients
 * keep of the catalogue hangs on custom fields, choice lists and what roles give, too.
 */
static void
ddl_put_epoch(struct buf *out, const struct catalog *catalog, const struct entity_view *view)
{
	const struct entity *def = view->def;
	const char *table = entity_table(def);
	bool catalogue = strncmp(def->name, "dictionary", strlen("dictionary")) == 0 ||
			 strcmp(def->name, "custom_field") == 0 ||
			 strcmp(def->name, "report") == 0 || (def->kind == ENTITY_LINE && strcmp(def->parent, "role") == 0);

	if (!ddl_is_setup(catalog, def))
		return;
	for (int i = 0; i < 1 + catalogue; i++) {
		buf_printf(out,
		    "CREATE OR REPLACE TRIGGER %s AFTER INSERT OR DELETE OR UPDATE OF "
		    "deleted_at",
		    i == 0 ? "kehu_epoch" : "kehu_catalog");
		for (size_t k = 0; k < view->field_count; k++) {
			if (!(view->fields[k]->flags & FIELD_HIDDEN))
				buf_printf(out, ", %s", view->fields[k]->name);
		}
		buf_printf(out, "\n\tON %s FOR EACH STATEMENT EXECUTE FUNCTION %s();\n", table,
		    i == 0 ? "kehu_bump_access" : "kehu_bump_catalog");
	}
}

static void
ddl_put_columns(struct buf *out, const struct catalog *catalog, const struct entity_view *entity)
{
	ddl_put_grants(out, entity);
	ddl_put_track(out, catalog, entity);
	ddl_put_epoch(out, catalog, entity);
}

void
ddl_column(struct buf *out, const struct catalog *catalog, const struct entity_view *entity)
{
	ddl_put_columns(out, catalog, entity);
	ddl_personal(out, catalog);
	ddl_choices(out, catalog);
	ddl_put_hand_over(out, catalog);
}

void
ddl_entity(struct buf *out, const struct catalog *catalog, const struct entity_view *entity)
{
	ddl_policies(out, catalog, entity);
	ddl_put_columns(out, catalog, entity);
	ddl_put_search(out, entity->def);
}

/* Which tables the recycle bin's entries are of, and which hang on any record. */
static void
ddl_put_bin(struct buf *out, const struct catalog *catalog)
{
	const char *between = "";

	buf_puts(out, "CREATE OR REPLACE FUNCTION kehu_bin_tables() RETURNS TABLE (name text, tbl text, "
		      "anchored boolean) LANGUAGE sql IMMUTABLE AS $kehu$\nVALUES ");
	for (size_t i = 0; i < catalog_count(catalog); i++) {
		const struct entity *def = catalog_at(catalog, i)->def;

		if (def->kind == ENTITY_LINE)
			continue;
		buf_printf(out, "%s('%s', '%s', %s)", between, def->name, entity_table(def),
		    def->kind == ENTITY_ANCHORED ? "true" : "false");
		between = ",\n\t";
	}
	buf_puts(out, "\n$kehu$;\nGRANT EXECUTE ON FUNCTION kehu_bin_tables() TO kehu_rule;\n");
}

void
ddl_catalog(struct buf *out, const struct catalog *catalog)
{
	for (size_t i = 0; i < catalog_count(catalog); i++)
		ddl_entity(out, catalog, catalog_at(catalog, i));
	ddl_personal(out, catalog);
	ddl_choices(out, catalog);
	buf_puts(out,
	    "DROP POLICY IF EXISTS kehu_read ON history;\n"
	    "DROP POLICY IF EXISTS kehu_add ON history;\n"
	    "DROP POLICY IF EXISTS kehu_all ON history;\n"
	    "ALTER TABLE history ENABLE ROW LEVEL SECURITY;\n"
	    "ALTER TABLE history FORCE ROW LEVEL SECURITY;\n"
	    "CREATE POLICY kehu_add ON history FOR INSERT TO kehu_app, kehu_rule WITH CHECK "
	    "(true);\n"
	    "CREATE POLICY kehu_all ON history TO kehu_owner, kehu_backup USING (true) "
	    "WITH CHECK (true);\n"
	    "CREATE POLICY kehu_read ON history FOR SELECT TO kehu_app USING (");
	ddl_opened_any(out, catalog, "root_id", 'p');
	buf_puts(out, ");\n");
	ddl_put_bin(out, catalog);
	ddl_put_hand_over(out, catalog);
	ddl_put_share(out, catalog);
}

/* ---- custom fields -------------------------------------------------------------------- */

void
ddl_add_column(struct buf *out, const struct entity *entity, const struct field *field)
{
	const char *suffix, *type;
	const char *text = ddl_type(field->type);

	buf_printf(out, "ALTER TABLE %s ADD COLUMN IF NOT EXISTS x_%" PRIu32 " %s%s",
	    entity_table(entity), field->number, text,
	    field->type == TYPE_CHOICE ? " COLLATE \"C\"" : "");
	for (size_t i = 0; ddl_side_column(field, i, &suffix, &type); i++)
		buf_printf(out, ", ADD COLUMN IF NOT EXISTS x_%" PRIu32 "%s %s COLLATE \"C\"",
		    field->number, suffix, type);
	buf_puts(out, ";\n");
}

bool
ddl_index(
    struct buf *name, struct buf *text, const struct entity *entity, const struct field *field)
{
	const char *table = entity_table(entity);
	bool key = field->type == TYPE_TEXT && (field->flags & FIELD_SORT);

	buf_printf(name, "%s_x_%" PRIu32, table, field->number);
	if (!(field->flags & FIELD_INDEXED))
		return false;
	buf_printf(text,
	    "CREATE INDEX CONCURRENTLY %s ON %s (%sx_%" PRIu32
	    "%s, id) WHERE deleted_at IS NULL",
	    buf_text(name), table, entity->kind == ENTITY_ACTIVITY ? "branch_id, " : "",
	    field->number, key ? "_key" : "");
	return true;
}
