/*
 * The function that gives all of one user's work to another, made from the catalogue so that no
 * kind of record is forgotten: who owns what, and where set-up records name a person. What is asked
 * before and told after is sql/repeat/36_hand_over.sql.
 */
#include "server/store/ddl_impl.h"

#include <inttypes.h>
#include <string.h>

/*
 * One kind: its rows counted, or as many of them changed as the batch has room for. set and where
 * name t. What is changed is not found by where any more, so that the next batch goes on.
 */
static void
ddl_put_give(struct buf *out, const struct entity *def, const char *set, const char *where)
{
	const char *table = entity_table(def);

	buf_printf(out,
	    "\tIF p_dry THEN\n"
	    "\t\tSELECT count(*) INTO moved FROM %s t WHERE %s AND t.deleted_at IS NULL;\n"
	    "\tELSE\n"
	    "\t\tWITH part AS (SELECT t.id FROM %s t WHERE %s ORDER BY t.id LIMIT room FOR NO KEY UPDATE),\n"
	    "\t\tgone AS (UPDATE %s t SET %s, version = t.version + 1, updated_at = now(),\n"
	    "\t\t\tupdated_by = current_setting('kehu.user')::bigint FROM part\n"
	    "\t\t\tWHERE t.id = part.id RETURNING t.deleted_at)\n"
	    "\t\tSELECT count(*) FILTER (WHERE deleted_at IS NULL), count(*) INTO moved, took FROM gone;\n"
	    "\t\troom := room - took;\n"
	    "\tEND IF;\n"
	    "\tIF moved > 0 THEN\n\t\tentity := %" PRIu32 ";\n\t\tRETURN NEXT;\n\tEND IF;\n",
	    table, where, table, where, table, set, def->number);
}

/* Deleted ones move too: who restores them should find them with somebody. */
static void
ddl_put_give_owned(struct buf *out, const struct entity *def)
{
	struct buf where = BUF_INIT, set = BUF_INIT;

	buf_puts(&where, "t.owner_id = p_from");
	if (def->kept != NULL)
		buf_printf(&where, " AND coalesce(t.%s, '') <> ALL (string_to_array('%s', ' '))",
		    def->state_field, def->kept);
	buf_puts(&set, "owner_id = p_to, department_id = p_department, branch_id = p_branch");
	ddl_put_give(out, def, buf_text(&set), buf_text(&where));
	buf_fini(&where);
	buf_fini(&set);
}

/* Of a line that would name the new one twice in a record, the old one goes. */
static void
ddl_put_give_named(struct buf *out, const struct entity *def, const struct field *field)
{
	struct buf where = BUF_INIT, set = BUF_INIT;

	buf_printf(&where, "t.%s = p_from", field->name);
	buf_printf(&set, "%s = p_to", field->name);
	if (def->kind == ENTITY_LINE)
		buf_printf(&set,
		    ", deleted_at = CASE WHEN EXISTS (SELECT FROM %s o WHERE o.%s_id = t.%s_id "
		    "AND o.%s = p_to AND o.deleted_at IS NULL) THEN now() ELSE t.deleted_at END",
		    entity_table(def), def->parent, def->parent, field->name);
	ddl_put_give(out, def, buf_text(&set), buf_text(&where));
	buf_fini(&where);
	buf_fini(&set);
}

/* Lists of people, such as those who help with a customer; nobody is in one twice. */
static void
ddl_put_give_listed(struct buf *out, const struct entity *def, const struct field *field)
{
	const char *table = entity_table(def), *name = field->name;

	buf_printf(out,
	    "\tIF NOT p_dry THEN\n"
	    "\t\tWITH part AS (SELECT t.id FROM %s t WHERE t.%s @> ARRAY[p_from]\n"
	    "\t\t\tORDER BY t.id LIMIT room FOR NO KEY UPDATE)\n"
	    "\t\tUPDATE %s t SET %s = (SELECT array_agg(DISTINCT x ORDER BY x)\n"
	    "\t\t\tFROM unnest(array_replace(t.%s, p_from, p_to)) x WHERE x <> t.owner_id),\n"
	    "\t\t\tversion = t.version + 1 FROM part WHERE t.id = part.id;\n"
	    "\t\tGET DIAGNOSTICS took = ROW_COUNT;\n\t\troom := room - took;\n\tEND IF;\n",
	    table, name, table, name, name);
}

static bool
ddl_names_user(const struct field *field, enum field_type type)
{
	return field->type == type && strcmp(field->ref, "user") == 0;
}

static void
ddl_put_give_entity(
    struct buf *out, const struct catalog *catalog, const struct entity_view *view)
{
	const struct entity *def = view->def;

	if (def->kind == ENTITY_ACTIVITY && !def->personal &&
	    (def->kept == NULL || strcmp(def->kept, "*") != 0)) {
		ddl_put_give_owned(out, def);
		for (size_t i = 0; i < view->field_count; i++)
			if (ddl_names_user(view->fields[i], TYPE_REFS))
				ddl_put_give_listed(out, def, view->fields[i]);
	}
	if (!ddl_is_setup(catalog, def))
		return;
	for (size_t i = 0; i < view->field_count; i++)
		if (ddl_names_user(view->fields[i], TYPE_REF))
			ddl_put_give_named(out, def, view->fields[i]);
}

/* Whose records neither who stands in nor an heir has. */
static void
ddl_put_is_personal(struct buf *out, const struct catalog *catalog)
{
	buf_puts(out, "CREATE OR REPLACE FUNCTION kehu_is_personal(p_entity text) RETURNS boolean\n"
		      "LANGUAGE sql IMMUTABLE AS $kehu$ SELECT p_entity IN (''");
	for (size_t i = 0; i < catalog_count(catalog); i++)
		if (catalog_at(catalog, i)->def->personal)
			buf_printf(out, ", '%s'", catalog_at(catalog, i)->def->name);
	buf_puts(out, ") $kehu$;\n");
}

void
ddl_put_hand_over(struct buf *out, const struct catalog *catalog)
{
	static const char name[] =
	    "kehu_hand_over_rows(bigint, bigint, bigint, bigint, boolean, bigint)";

	ddl_put_is_personal(out, catalog);
	buf_puts(out,
	    "DROP FUNCTION IF EXISTS kehu_hand_over_rows(bigint, bigint, bigint, bigint, boolean);\n"
	    "CREATE OR REPLACE FUNCTION kehu_hand_over_rows(p_from bigint, p_to bigint,\n"
	    "\tp_department bigint, p_branch bigint, p_dry boolean, p_room bigint)\n"
	    "RETURNS TABLE (entity bigint, moved bigint) LANGUAGE plpgsql AS $kehu$\n"
	    "DECLARE\n\troom bigint := p_room;\n\ttook bigint;\nBEGIN\n");
	for (size_t i = 0; i < catalog_count(catalog); i++)
		ddl_put_give_entity(out, catalog, catalog_at(catalog, i));
	/* No room left: there may be more. */
	buf_printf(out,
	    "\tIF room <= 0 THEN\n\t\tentity := -1;\n\t\tmoved := 0;\n\t\tRETURN NEXT;\n\tEND IF;\n"
	    "END\n$kehu$;\nREVOKE EXECUTE ON FUNCTION %s FROM PUBLIC;\n"
	    "GRANT EXECUTE ON FUNCTION %s TO kehu_rule;\n", name, name);
}
