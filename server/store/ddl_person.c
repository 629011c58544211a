/*
 * What the catalogue knows of persons as a function of the database, kehu_personal(): a row for
 * each field of each entity. The functions that find, take out and erase a person go by it alone,
 * so a new entity or field is theirs without another line.
 */
#include "server/store/ddl_impl.h"

#include <inttypes.h>
#include <string.h>

static bool
person_text(const struct field *field)
{
	switch (field->type) {
	case TYPE_TEXT:
	case TYPE_BLOCK:
	case TYPE_PHONE:
	case TYPE_MAIL:
	case TYPE_LINK:
		return true;
	default:
		return false;
	}
}

/* Does erasing take its value? Numbers of records, states, references and what rules compute stay. */
static bool
person_blanked(const struct entity *def, const struct field *field)
{
	if ((field->flags & (FIELD_NUMBERED | FIELD_FIGURE)) != 0 ||
	    (def->number_prefix != NULL && strcmp(field->name, "number") == 0) ||
	    (def->state_field != NULL && strcmp(def->state_field, field->name) == 0))
		return false;
	if (person_text(field) || (field->flags & FIELD_SENSITIVE) != 0)
		return true;
	return (field->flags & (FIELD_REQUIRED | FIELD_READONLY)) == 0 &&
	       (field->type == TYPE_DATE || field->type == TYPE_CHOICE ||
		   field->type == TYPE_BOOL);
}

/* Does its value tell who it is? What is looked for elsewhere. */
static bool
person_tells(const struct entity *def, const struct field *field)
{
	const char *label = def->label_field != NULL ? def->label_field : "name";

	return person_text(field) && (field->flags & FIELD_NUMBERED) == 0 &&
	       ((field->flags & (FIELD_PERSON | FIELD_SENSITIVE)) != 0 ||
		   field->type == TYPE_PHONE || field->type == TYPE_MAIL ||
		   (def->person != NULL && strcmp(field->name, label) == 0));
}

static void
person_put_text(struct buf *out, const char *text)
{
	if (text != NULL && text[0] != '\0')
		buf_printf(out, "'%s'", text);
	else
		buf_puts(out, "NULL::text");
}

/* "type=person" as a condition on alias t; names and codes are the catalogue's own. */
static void
person_put_who(struct buf *out, const struct entity *def)
{
	const char *equals = def->person != NULL ? strchr(def->person, '=') : NULL;

	if (def->person == NULL)
		buf_puts(out, "NULL::text");
	else if (equals == NULL)
		buf_puts(out, "'true'");
	else
		buf_printf(out, "'t.%.*s = ''%s'''", (int)(equals - def->person), def->person,
		    equals + 1);
}

static void
person_put_field(struct buf *out, const struct catalog *catalog, const struct entity_view *view,
    const struct field *field)
{
	const struct entity *def = view->def;
	const struct entity_view *parent =
	    def->kind == ENTITY_LINE ? catalog_entity_named(catalog, def->parent) : NULL;
	const struct entity_view *target =
	    field->type == TYPE_REF ? catalog_entity_named(catalog, field->ref) : NULL;
	const char *suffix = "", *type;

	if (!ddl_side_column(field, 0, &suffix, &type))
		suffix = "";
	buf_printf(out, "\t(%" PRIu32 ", '%s', '%s', %" PRIu32 ", ", def->number, def->name,
	    entity_table(def), parent != NULL ? parent->def->number : 0);
	person_put_text(out, def->parent);
	buf_puts(out, ", ");
	person_put_who(out, def);
	buf_printf(out, ", %s, %s, %" PRIu32 ", '%s', '%s', %s, %s, %s, %" PRIu32 "),\n",
	    entity_field_named(view, "anchor_id") != NULL ? "true" : "false",
	    def->searched ? "true" : "false", field->number, field->name, suffix,
	    person_text(field) ? "true" : "false",
	    person_blanked(def, field) ? "true" : "false",
	    person_tells(def, field) ? "true" : "false",
	    target != NULL && target->def->kind == ENTITY_ACTIVITY ? target->def->number : 0);
}

void
ddl_personal(struct buf *out, const struct catalog *catalog)
{
	buf_puts(out, "CREATE OR REPLACE FUNCTION kehu_personal() RETURNS TABLE (entity integer, "
		      "name text, tbl text, parent integer, parent_name text, who text, "
		      "anchored boolean, searched boolean, field integer, col text, side text, "
		      "is_text boolean, blanked boolean, tells boolean, target integer) "
		      "LANGUAGE sql STABLE ROWS 1000 AS $kehu$\nSELECT * FROM (VALUES\n");
	for (size_t i = 0; i < catalog_count(catalog); i++) {
		const struct entity_view *view = catalog_at(catalog, i);

		for (size_t k = 0; k < view->field_count; k++)
			if ((view->fields[k]->flags & FIELD_FIGURE) == 0)
				person_put_field(out, catalog, view, view->fields[k]);
	}
	out->bytes -= strlen(",\n");
	buf_puts(out, "\n) v\n$kehu$;\n");
}
