/*
 * What one reader may not see is made another in the right company.
 */
#include "tests/parts/twins.h"

#include "common/text.h"

/* ---- what the reader may not see --------------------------------------------------------- */

/*
 * What a reader knows of a row. A shut customer: that it is there, when asked by its id, and that is all; by
 * its number and whole names it is found.
 */
enum twins_sight { UNSEEN, SHUT, SEEN };

static enum twins_sight
twins_sight(const struct eval_user *user, const struct world_row *row)
{
	if (world_shows(world, user, row))
		return SEEN;
	return row->row.shut && row->row.entity->number == E_customer &&
		       eval_knows(&world->facts, user, &row->row) &&
		       (eval_rights(&world->facts, user, row->row.entity) & EVAL_VIEW) != 0
		   ? SHUT
		   : UNSEEN;
}

/* Fields that mean something to the server itself stay. */
static bool
twins_may_change(const struct entity *entity, const struct field *field)
{
	static const char *const kept[] = { "entity", "action", "anchor_entity", "anchor_id",
		"sha256", "bytes", "step", "position", "level", "day" };

	if (field->flags & (FIELD_FIGURE | FIELD_HIDDEN))
		return false;
	if (entity->kind == ENTITY_SETUP && strcmp(field->name, "name") == 0)
		return false;
	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
		if (strcmp(kept[i], field->name) == 0)
			return false;
	return true;
}

/*
 * SQL for another value of the same kind, NULL: none. A text is changed behind its "Zq", a
 * phone in its middle, so that a mask shows the same of both.
 */
static const char *
twins_other(struct arena *arena, const struct field *field, const char *column)
{
	switch (field->type) {
	case TYPE_INT:
	case TYPE_QUANTITY:
	case TYPE_MONEY:
		return arena_printf(arena, "%s + 1000", column);
	case TYPE_DATE:
		return arena_printf(arena, "%s + 20000", column);
	case TYPE_PHONE:
		return arena_printf(arena, "overlay(%s placing '8642' from 4)", column);
	case TYPE_TEXT:
	case TYPE_BLOCK:
	case TYPE_LINK:
	case TYPE_MAIL:
		return arena_printf(arena,
		    "CASE WHEN %s ~* 'zq[0-9a-f]{7}f' THEN overlay(%s placing 'XY' from "
		    "strpos(lower(%s), 'zq') + 2) "
		    "ELSE %s END",
		    column, column, column, column);
	default:
		return NULL;
	}
}

static void
twins_put_ids(
    struct buf *out, const struct eval_user *user, const struct entity *entity, enum twins_sight sight)
{
	buf_puts(out, "'{");
	for (size_t i = 0, count = 0; i < world->count; i++) {
		const struct world_row *row = world->rows[i];

		if (row->row.entity == entity && row->made && !row->absent &&
		    twins_sight(user, row) == sight)
			buf_printf(out, "%s%" PRId64, count++ > 0 ? "," : "", row->row.id);
	}
	buf_puts(out, "}'::bigint[]");
}

/* Does the reader know it of rows in such sight? Of those that are seen, all but what is masked or hidden. */
static bool
twins_is_known(const struct eval_user *user, const struct entity *entity, const struct field *field, enum twins_sight sight)
{
	if (sight == SHUT)
		return text_has_word("number name short_name", field->name);
	return sight == SEEN && eval_field(&world->facts, user, entity, field) <= EVAL_READONLY;
}

static void
twins_change_fields(struct buf *out, struct arena *arena, const struct eval_user *user,
    const struct entity_view *view, enum twins_sight sight)
{
	bool any = false;

	for (size_t i = 0; i < view->field_count; i++) {
		const struct field *field = view->fields[i];
		const char *other = twins_other(arena, field, field->name);

		if (other == NULL || !twins_may_change(view->def, field) ||
		    twins_is_known(user, view->def, field, sight))
			continue;
		buf_printf(out, "%s%s = %s",
		    any ? ", " : arena_printf(arena, "UPDATE %s SET ", entity_table(view->def)),
		    field->name, other);
		any = true;
		if (field->type == TYPE_PHONE)
			buf_printf(out, ", %s_digits = %s", field->name, other);
		if (field->type == TYPE_TEXT && field->flags & FIELD_SORT)
			buf_printf(out, ", %s_key = %s", field->name,
			    twins_other(
				arena, field, arena_printf(arena, "%s_key", field->name)));
	}
	if (!any)
		return;
	buf_puts(out, " WHERE id = ANY(");
	twins_put_ids(out, user, view->def, sight);
	buf_puts(out, ");\n");
}

/* What the change log and the search row say of a masked or hidden text goes along. */
static void
twins_change_copies(struct buf *out, const struct eval_user *user, const struct world_row *row)
{
	const struct entity_view *view =
	    catalog_entity(world->catalog, row->row.entity->number);
	const struct world_row *root = row->parent != NULL ? row->parent : row;

	for (size_t i = 0; i < view->field_count; i++) {
		const struct field *field = view->fields[i];
		struct world_value value = world_value(world, row, field);
		char other[200];

		if (!value.present || value.text == NULL || strlen(value.text) < 11 ||
		    !twins_may_change(view->def, field) || field->type == TYPE_MONEY ||
		    eval_field(&world->facts, user, view->def, field) <= EVAL_READONLY)
			continue;
		snprintf(other, sizeof(other), "%s", value.text);
		if (field->type == TYPE_PHONE)
			memcpy(other + 3, "8642", 4);
		else if (strcasestr(other, "zq") != NULL)
			memcpy(strcasestr(other, "zq") + 2, "XY", 2);
		buf_printf(out,
		    "UPDATE history SET new = array_replace(new, '%s', '%s') WHERE root_id = "
		    "%" PRId64 " AND record_id = %" PRId64 ";\n",
		    value.text, other, root->row.id, row->row.id);
		if (root->row.entity->searched)
			buf_printf(out,
			    "UPDATE %s_search SET doc = replace(doc, '%s', '%s') WHERE id = "
			    "%" PRId64 ";\n",
			    entity_table(root->row.entity), value.text, other, root->row.id);
	}
}

static void
twins_change_unseen(struct buf *out, const struct eval_user *user, const struct entity_view *view,
    enum twins_sight sight)
{
	const char *table = entity_table(view->def);

	buf_puts(out, "UPDATE history SET new = (SELECT array_agg(coalesce(x, '') || '9') FROM "
		      "unnest(new) x) "
		      "WHERE new <> '{}' AND record_id = ANY(");
	twins_put_ids(out, user, view->def, sight);
	buf_puts(out, ");\n");
	if (view->def->searched) {
		buf_printf(out, "DELETE FROM %s_search WHERE id = ANY(", table);
		twins_put_ids(out, user, view->def, sight);
		buf_puts(out, ");\n");
	}
	/* Some of them are not there at all. */
	if (view->def->kind == ENTITY_ACTIVITY && sight == UNSEEN) {
		buf_printf(out,
		    "UPDATE %s SET deleted_at = now() WHERE id %% 3 = 0 AND id = ANY(", table);
		twins_put_ids(out, user, view->def, sight);
		buf_puts(out, ");\n");
	}
}

/* Makes the right company another one, where the reader does not see it. */
void
twins_change(size_t reader)
{
	const struct eval_user *user = &world->readers[reader];
	struct arena *arena = arena_new(0);
	struct buf out = BUF_INIT;

	/* Past the triggers: an unseen change bumps no versions that are seen. */
	buf_puts(&out, "SET session_replication_role = replica;\n");
	for (size_t e = 0; e < catalog_count(world->catalog); e++) {
		const struct entity_view *view = catalog_at(world->catalog, e);

		for (enum twins_sight sight = UNSEEN; sight <= SEEN; sight++) {
			twins_change_fields(&out, arena, user, view, sight);
			if (sight != SEEN)
				twins_change_unseen(&out, user, view, sight);
		}
	}
	for (size_t i = 0; i < world->count; i++)
		if (world->rows[i]->made && !world->rows[i]->absent &&
		    world_shows(world, user, world->rows[i]))
			twins_change_copies(&out, user, world->rows[i]);
	pg_exec(RIGHT, "%s", buf_text(&out));
	buf_fini(&out);
	arena_free(arena);
}
