/*
 * Row policies of one entity as SQL text. The form of each is the measured one (DESIGN.md, "The
 * database"): a setting is read once for each statement as a sub-select, shares last. The few ids
 * of an arm are compared as an array, which is set up faster than a hash (a page costs 1.18 of
 * one without policies in place of 1.30); ids opened, which may be hundreds, by unnest. A missing
 * r or w setting is an error; a missing p or q opens nothing.
 */
#include "server/store/ddl_impl.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define DDL_ROLES "kehu_app, kehu_report"

/* ---- policies ------------------------------------------------------------------------- */

static const char *
ddl_opened(char *text, size_t bytes, char which, uint32_t entity)
{
	snprintf(text, bytes,
	    "nullif(current_setting('kehu.%c%" PRIu32 "', true), '')::bigint[]", which, entity);
	return text;
}

static void
ddl_put_opened(struct buf *out, const char *column, char which, uint32_t entity)
{
	char ids[96];

	buf_printf(out, "%s IN (SELECT unnest(%s))", column,
	    ddl_opened(ids, sizeof ids, which, entity));
}

/* Ids opened of any entity that can be opened: for what hangs on any record. */
void
ddl_opened_any(struct buf *out, const struct catalog *catalog, const char *column, char which)
{
	buf_printf(out, "%s IN (SELECT unnest('{}'::bigint[]", column);
	for (size_t i = 0; i < catalog_count(catalog); i++) {
		const struct entity *def = catalog_at(catalog, i)->def;
		char ids[96];
		if (def->kind == ENTITY_ACTIVITY || def->kind == ENTITY_SETUP)
			buf_printf(
			    out, " || %s", ddl_opened(ids, sizeof ids, which, def->number));
	}
	buf_puts(out, "))");
}

static void
ddl_put_part(struct buf *out, char which, uint32_t entity, int part)
{
	buf_printf(out, "split_part(current_setting('kehu.%c%" PRIu32 "'), '|', %d)", which,
	    entity, part);
}

static void
ddl_put_array_arm(struct buf *out, const char *column, uint32_t entity, int part)
{
	buf_printf(out, "\n\tOR %s = ANY ((SELECT ", column);
	ddl_put_part(out, 'r', entity, part);
	buf_puts(out, "::bigint[])::bigint[])"); /* the outer cast: an array, not rows */
}

/* The same of a part that settings of before the scopes team and company do not have. */
static void
ddl_put_late_arm(struct buf *out, const char *column, uint32_t entity, int part)
{
	buf_printf(out, "\n\tOR %s = ANY ((SELECT nullif(", column);
	ddl_put_part(out, 'r', entity, part);
	buf_puts(out, ", '')::bigint[])::bigint[])");
}

/* The arms of an activity's reader, shares apart. */
static void
ddl_put_arms(struct buf *out, const struct entity *def)
{
	buf_puts(out, "(SELECT ");
	ddl_put_part(out, 'r', def->number, 5);
	buf_puts(out, " = 't')\n\tOR owner_id = (SELECT ");
	ddl_put_part(out, 'r', def->number, 1);
	buf_puts(out, "::bigint)");
	ddl_put_array_arm(out, "department_id", def->number, 2);
	ddl_put_array_arm(out, "branch_id", def->number, 3);
	if (def->pooled)
		ddl_put_array_arm(out, "pool_id", def->number, 4);
	ddl_put_late_arm(out, "owner_id", def->number, 7);
	if (entity_company_column(def) != NULL)
		ddl_put_late_arm(out, entity_company_column(def), def->number, 8);
}

/*
 * Last in its policy: arms that accept first never build its hash. A function with a small
 * ROWS, since the planner would else charge a reader's thousand shares to every look-up by id
 * and turn a join of candidates into a scan of the table.
 */
static void
ddl_put_shares(struct buf *out, const struct entity *def)
{
	buf_puts(out, "\n\tOR id IN (SELECT kehu_shared((SELECT ");
	ddl_put_part(out, 'r', def->number, 6);
	buf_printf(out, "::bigint), %" PRIu32 ", 1))", def->number);
}

/* The activity that a reference opens its records to; a custom one refers and opens nothing. */
static const struct entity *
ddl_activity(const struct catalog *catalog, const struct field *field)
{
	const struct entity_view *view = field->type == TYPE_REF && !(field->flags & FIELD_CUSTOM) ?
	    catalog_entity_named(catalog, field->ref) : NULL;

	return view && view->def->kind == ENTITY_ACTIVITY ? view->def : NULL;
}

struct ddl_link { /* a line of an entity that names another activity */
	const struct entity *line, *target;
	const struct field *field;
};

static size_t
ddl_links(
    const struct catalog *catalog, const struct entity *def, struct ddl_link *links, size_t max)
{
	const struct entity_view *lines[64];
	size_t count = catalog_lines(catalog, def, lines, 64), found = 0;

	for (size_t i = 0; i < count; i++) {
		for (size_t k = 0; k < lines[i]->field_count && found < max; k++) {
			const struct entity *target =
			    ddl_activity(catalog, lines[i]->fields[k]);
			if (target && target != def)
				links[found++] = (struct ddl_link){ .line = lines[i]->def,
					.target = target,
					.field = lines[i]->fields[k] };
		}
	}
	return found;
}

/*
 * A line of def that names another activity makes def readable through that one, too. The ids
 * come from a function for the same reason as the shares.
 */
static void
ddl_put_link_functions(struct buf *out, const struct catalog *catalog, const struct entity *def)
{
	struct ddl_link links[16];
	size_t count = ddl_links(catalog, def, links, 16);
	char ids[96];

	for (size_t i = 0; i < count; i++)
		buf_printf(out,
		    "CREATE OR REPLACE FUNCTION kehu_linked_%s_%s() RETURNS SETOF bigint "
		    "LANGUAGE plpgsql STABLE ROWS 10 AS $kehu$\n"
		    "DECLARE\n\topened bigint[] := %s;\nBEGIN\n\tIF opened IS NOT NULL THEN\n"
		    "\t\tRETURN QUERY SELECT l.%s_id FROM %s l WHERE l.%s = ANY (opened) "
		    "AND l.deleted_at IS NULL;\n\tEND IF;\nEND\n$kehu$;\n",
		    entity_table(links[i].line), links[i].field->name,
		    ddl_opened(ids, sizeof ids, 'p', links[i].target->number), def->name,
		    entity_table(links[i].line), links[i].field->name);
}

static void
ddl_put_links(struct buf *out, const struct catalog *catalog, const struct entity *def)
{
	struct ddl_link links[16];
	size_t count = ddl_links(catalog, def, links, 16);

	for (size_t i = 0; i < count; i++)
		buf_printf(out, "\n\tOR id IN (SELECT kehu_linked_%s_%s())",
		    entity_table(links[i].line), links[i].field->name);
}

static void
ddl_put_parents(struct buf *out, const struct catalog *catalog, const struct entity_view *view)
{
	for (size_t i = 0; i < view->field_count; i++) {
		const struct entity *target = ddl_activity(catalog, view->fields[i]);
		if (!target)
			continue;
		buf_puts(out, "\n\tOR ");
		ddl_put_opened(out, view->fields[i]->name, 'p', target->number);
	}
}

/* "column is one of the records opened for writing", for the one row that is written. */
static void
ddl_put_opened_row(struct buf *out, const char *column, uint32_t entity)
{
	char ids[96];

	buf_printf(out, "%s = ANY (%s)", column, ddl_opened(ids, sizeof ids, 'q', entity));
}

/* Whose owner follows another record may be written by who opened that one for writing. */
static void
ddl_put_inherited(
    struct buf *out, const struct catalog *catalog, const struct entity_view *view)
{
	if (!view->def->inherits_owner)
		return;
	const struct field *field = entity_field_named(view, view->def->owner_from);
	const struct entity *target = field ? ddl_activity(catalog, field) : NULL;
	if (!target)
		return;
	buf_puts(out, "\n\tOR ");
	ddl_put_opened_row(out, field->name, target->number);
}

static void
ddl_put_read(struct buf *out, const struct catalog *catalog, const struct entity_view *view)
{
	const struct entity *def = view->def;
	char column[80];

	switch (def->kind) {
	case ENTITY_ACTIVITY:
		ddl_put_arms(out, def);
		ddl_put_parents(out, catalog, view);
		ddl_put_links(out, catalog, def);
		if (def->anchored) {
			buf_puts(out, "\n\tOR ");
			ddl_opened_any(out, catalog, "anchor_id", 'p');
		}
		ddl_put_shares(out, def);
		break;
	case ENTITY_LINE:
		snprintf(column, sizeof column, "%s_id", def->parent);
		ddl_put_opened(
		    out, column, 'p', catalog_entity_named(catalog, def->parent)->def->number);
		ddl_put_parents(out, catalog, view);
		break;
	case ENTITY_ANCHORED:
		ddl_opened_any(out, catalog, "anchor_id", 'p');
		break;
	case ENTITY_SETUP:
		buf_puts(out, "(SELECT ");
		ddl_put_part(out, 'r', def->number, 5);
		buf_puts(out, " = 't')");
		break;
	}
}

/*
 * Rows are written by key and few at a time: one call a row costs 3 us, where the sub-selects
 * of a reading policy cost each INSERT 30 to set up. The writer's own are told without the call.
 */
static void
ddl_put_write(struct buf *out, const struct catalog *catalog, const struct entity_view *view,
    bool existing)
{
	const struct entity *def = view->def;
	char column[80];

	switch (def->kind) {
	case ENTITY_ACTIVITY:
		buf_puts(out, "owner_id = ");
		ddl_put_part(out, 'w', def->number, 1);
		buf_printf(out,
		    "::bigint OR kehu_writes('kehu.w%" PRIu32 "', %" PRIu32
		    ", %s, owner_id, department_id, branch_id, %s, %s)",
		    def->number, def->number, existing ? "id" : "NULL",
		    def->pooled ? "pool_id" : "NULL",
		    entity_company_column(def) != NULL ? entity_company_column(def) : "NULL");
		ddl_put_inherited(out, catalog, view);
		break;
	case ENTITY_LINE:
		snprintf(column, sizeof column, "%s_id", def->parent);
		ddl_put_opened_row(
		    out, column, catalog_entity_named(catalog, def->parent)->def->number);
		break;
	case ENTITY_ANCHORED:
		ddl_opened_any(out, catalog, "anchor_id", 'q');
		break;
	case ENTITY_SETUP:
		buf_puts(out, "(SELECT ");
		ddl_put_part(out, 'w', def->number, 5);
		buf_puts(out, " = 't')");
		break;
	}
}

/*
 * A report adds up the lines of many records: of each that its reader sees. kehu_app has the
 * policies of kehu_report too, so the function asks who is reading; its name puts the policy
 * behind kehu_read in the OR.
 */
static void
ddl_put_reported(struct buf *out, const struct catalog *catalog, const struct entity *def)
{
	const struct entity *parent = catalog_entity_named(catalog, def->parent)->def;

	buf_printf(out,
	    "CREATE OR REPLACE FUNCTION kehu_reported_%s(p_id bigint) RETURNS boolean "
	    "LANGUAGE plpgsql STABLE AS $kehu$\nBEGIN\n"
	    "\tRETURN current_user = 'kehu_report' AND EXISTS (SELECT FROM %s p WHERE p.id = p_id);\n"
	    "END\n$kehu$;\n"
	    "CREATE POLICY kehu_reported ON %s FOR SELECT TO kehu_report USING "
	    "(kehu_reported_%s(%s_id));\n",
	    entity_table(parent), entity_table(parent), entity_table(def), entity_table(parent),
	    def->parent);
}

/* The shut records of def that this reader has not opened are not there for him. */
static void
ddl_put_shut(struct buf *out, const struct entity *def, const char *column)
{
	buf_printf(out, "%s = ANY ((SELECT kehu_shut_from(%" PRIu32 "))::bigint[])", column, def->number);
}

static void
ddl_put_shut_head(struct buf *out, const struct entity *def)
{
	buf_printf(out, "CREATE POLICY kehu_shut ON %s AS RESTRICTIVE FOR SELECT TO " DDL_ROLES " USING (",
	    entity_table(def));
}

/*
 * Records that open for a stated purpose only, what goes with them wherever they go, and what keeps their
 * names: not there for whoever has not opened them, whichever arm reaches them. Work that names one (a visit,
 * an order, a ticket) stays, and its name shows as not visible. The one record that is asked for by its id
 * (kehu.asked) is read, so that its reader is told to state a purpose. Changing needs reading first.
 */
static void
ddl_put_shut_policy(struct buf *out, const struct catalog *catalog, const struct entity_view *view)
{
	const struct entity *def = view->def;
	const char *through = def->inherits_owner && def->pooled ? def->owner_from :
	    entity_field_named(view, "customer_name") != NULL ? "customer_id" : NULL;
	const struct field *from = through != NULL ? entity_field_named(view, through) : NULL;
	const struct entity *target = from != NULL ? ddl_activity(catalog, from) : NULL;

	if (entity_field_named(view, "shut") != NULL) {
		ddl_put_shut_head(out, def);
		buf_printf(out, "shut IS NOT TRUE OR id = (SELECT nullif(current_setting('kehu.asked%" PRIu32
				"', true), '')::bigint) OR NOT ", def->number);
		ddl_put_shut(out, def, "id");
		buf_puts(out, ");\n");
	} else if (target != NULL && entity_field_named(catalog_entity_named(catalog, target->name), "shut") != NULL) {
		ddl_put_shut_head(out, def);
		buf_printf(out, "%s IS NULL OR NOT ", from->name);
		ddl_put_shut(out, target, from->name);
		buf_puts(out, ");\n");
	}
}

/* What is given out or not is ours alone until it is. */
static void
ddl_put_given_out(struct buf *out, const struct entity_view *view)
{
	if (entity_field_named(view, "given_out") != NULL)
		buf_printf(out, "CREATE POLICY kehu_given_out ON %s AS RESTRICTIVE FOR SELECT TO " DDL_ROLES
				" USING (given_out OR NOT (SELECT kehu_is_outside()));\n", entity_table(view->def));
}

void
ddl_policies(struct buf *out, const struct catalog *catalog, const struct entity_view *view)
{
	static const char *const names[] = { "kehu_read", "kehu_add", "kehu_change", "kehu_shut", "kehu_given_out",
		"kehu_rule", "kehu_owner", "kehu_backup", "kehu_reported" };
	const char *table = entity_table(view->def);

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		buf_printf(out, "DROP POLICY IF EXISTS %s ON %s;\n", names[i], table);
	buf_printf(out, "ALTER TABLE %s ENABLE ROW LEVEL SECURITY;\n", table);
	buf_printf(out, "ALTER TABLE %s FORCE ROW LEVEL SECURITY;\n", table);
	ddl_put_link_functions(out, catalog, view->def);
	buf_printf(
	    out, "CREATE POLICY kehu_read ON %s FOR SELECT TO " DDL_ROLES " USING (", table);
	ddl_put_read(out, catalog, view);
	buf_printf(
	    out, ");\nCREATE POLICY kehu_add ON %s FOR INSERT TO kehu_app WITH CHECK (", table);
	ddl_put_write(out, catalog, view, false);
	buf_printf(
	    out, ");\nCREATE POLICY kehu_change ON %s FOR UPDATE TO kehu_app USING (", table);
	ddl_put_write(out, catalog, view, true);
	buf_puts(out, ") WITH CHECK (");
	ddl_put_write(out, catalog, view, true);
	buf_puts(out, ");\n");
	buf_printf(out,
	    "CREATE POLICY kehu_rule ON %s TO kehu_rule USING (true) WITH CHECK (true);\n",
	    table);
	buf_printf(out,
	    "CREATE POLICY kehu_owner ON %s TO kehu_owner USING (true) WITH CHECK (true);\n",
	    table);
	buf_printf(out,
	    "CREATE POLICY kehu_backup ON %s FOR SELECT TO kehu_backup USING (true);\n", table);
	ddl_put_shut_policy(out, catalog, view);
	ddl_put_given_out(out, view);
	if (view->def->kind == ENTITY_LINE)
		ddl_put_reported(out, catalog, view->def);
}
