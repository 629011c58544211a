/*
 * Views: for a set of roles, the fields of each entity as their reader may know them.
 *
 * A role has a say about an entity that it grants something on. There a rule for the field counts
 * before a rule for all sensitive fields of the line or of its parent, and what no rule names is
 * clear. Of several roles the most permissive counts, and one that may reveal is enough.
 */
#include "server/access/views.h"

#include <string.h>

static const char *const view_codes[] = { "clear", "readonly", "masked", "hidden" };

const char *
field_right_code(enum field_right right)
{
	return view_codes[right];
}

enum field_right
field_right_named(const char *code)
{
	for (size_t i = 0; code != NULL && i < sizeof(view_codes) / sizeof(view_codes[0]); i++)
		if (strcmp(view_codes[i], code) == 0)
			return (enum field_right)i;
	return FIELD_SHOW_HIDDEN;
}

/*
 * What a masked field still allows: to be matched whole, where guessing all its values would take
 * for ever. A date, an amount or a choice would be found in a few tries.
 */
static uint32_t
view_mask_flags(const struct field *field)
{
	uint32_t flags = (field->flags & ~(uint32_t)(FIELD_SORT | FIELD_FILTER)) | FIELD_MASKED;

	switch (field->type) {
	case TYPE_TEXT:
	case TYPE_PHONE:
	case TYPE_MAIL:
	case TYPE_LINK:
		return flags | (field->flags & FIELD_FILTER);
	default:
		return flags;
	}
}

static struct field *
view_field(struct arena *arena, const struct field *field)
{
	struct field *copy = arena_memdup(arena, field, sizeof(*field));

	copy->flags |= FIELD_VIEWED;
	if (field->flags & FIELD_FIGURE)
		copy->flags |= FIELD_READONLY;
	return copy;
}

const struct entity_view **
views_plain(struct arena *arena, const struct catalog *catalog, uint32_t entity_max)
{
	const struct entity_view **views =
	    ARENA_ARRAY(arena, const struct entity_view *, entity_max + 1);

	for (size_t e = 0; e < catalog_count(catalog); e++) {
		const struct entity_view *whole = catalog_at(catalog, e);
		struct entity_view *view = ARENA_NEW(arena, struct entity_view);
		const struct field **fields =
		    ARENA_ARRAY(arena, const struct field *, whole->field_count + 1);

		*view =
		    (struct entity_view){ .def = whole->def, .fields = fields, .whole = whole };
		for (size_t i = 0; i < whole->field_count; i++)
			if ((whole->fields[i]->flags & (FIELD_HIDDEN | FIELD_RETIRED)) == 0)
				fields[view->field_count++] =
				    view_field(arena, whole->fields[i]);
		views[whole->def->number] = view;
	}
	return views;
}

/* ---- rules ------------------------------------------------------------------------------ */

static const struct field_rule *
view_find_rule(const struct role_rules *role, const char *entity, const char *field)
{
	for (size_t i = 0; i < role->count; i++)
		if (strcmp(role->rules[i].field, field) == 0 &&
		    strcmp(role->rules[i].entity, entity) == 0)
			return &role->rules[i];
	return NULL;
}

/* What one role says of a field; NULL: nothing, so it is clear. */
static const struct field_rule *
view_rule(const struct role_rules *role, const struct entity *def, const struct field *field)
{
	const struct field_rule *rule = view_find_rule(role, def->name, field_word(field));

	if (rule == NULL && (field->flags & FIELD_SENSITIVE) != 0)
		rule = view_find_rule(role, def->name, "*");
	if (rule == NULL && (field->flags & FIELD_SENSITIVE) != 0 && def->kind == ENTITY_LINE)
		rule = view_find_rule(role, def->parent, "*");
	return rule;
}

/* What belongs to any record is reached with that one, whatever the role's grants are. */
static bool
view_reaches(const struct role_rules *role, const struct entity *def, uint32_t top)
{
	return role->reaches[top] || def->kind == ENTITY_ANCHORED;
}

enum field_right
views_of_role(const struct role_rules *role, const struct entity *entity, uint32_t top,
    const struct field *field)
{
	const struct field_rule *rule;

	if (!view_reaches(role, entity, top))
		return FIELD_SHOW_HIDDEN;
	rule = view_rule(role, entity, field);
	return rule == NULL ? FIELD_CLEAR : rule->right;
}

static enum field_right
view_right(const struct role_rules *const *roles, size_t role_count, uint32_t top,
    const struct entity *def, const struct field *field, bool *reveal)
{
	enum field_right least = FIELD_SHOW_HIDDEN;
	bool any = false;

	*reveal = false;
	for (size_t r = 0; r < role_count; r++) {
		const struct field_rule *rule;

		if (!view_reaches(roles[r], def, top))
			continue;
		any = true;
		rule = view_rule(roles[r], def, field);
		if (rule == NULL)
			return FIELD_CLEAR;
		if (rule->right < least)
			least = rule->right;
		*reveal |= rule->reveal && rule->right == FIELD_SHOW_MASKED;
	}
	return any ? least : FIELD_CLEAR;
}

static const struct field *
view_restrict(struct arena *arena, const struct field *field, enum field_right right, bool reveal)
{
	struct field *copy;

	if (right == FIELD_CLEAR)
		return field;
	copy = arena_memdup(arena, field, sizeof(*field));
	if (right == FIELD_SHOW_MASKED)
		copy->flags = view_mask_flags(field) | (reveal ? FIELD_REVEAL : 0);
	else
		copy->flags |= FIELD_READONLY;
	return copy;
}

/* Does any rule of these roles name the entity, or as a line its parent? Most are not named. */
static bool
view_named(const struct role_rules *const *roles, size_t role_count, const struct entity *def)
{
	for (size_t r = 0; r < role_count; r++)
		for (size_t i = 0; i < roles[r]->count; i++)
			if (strcmp(roles[r]->rules[i].entity, def->name) == 0 ||
			    (def->kind == ENTITY_LINE &&
				strcmp(roles[r]->rules[i].entity, def->parent) == 0))
				return true;
	return false;
}

const struct entity_view **
views_of_roles(struct arena *arena, const struct catalog *catalog,
    const struct entity_view *const *plain, uint32_t entity_max,
    const struct role_rules *const *roles, size_t role_count)
{
	const struct entity_view **views =
	    ARENA_ARRAY(arena, const struct entity_view *, entity_max + 1);

	memcpy(views, plain, (entity_max + 1) * sizeof(*views));
	for (size_t e = 0; e < catalog_count(catalog); e++) {
		const struct entity *def = catalog_at(catalog, e)->def;
		const struct entity_view *whole = plain[def->number];
		uint32_t top = def->kind == ENTITY_LINE
				   ? catalog_entity_named(catalog, def->parent)->def->number
				   : def->number;
		const struct field **fields;
		struct entity_view *view;

		if (!view_named(roles, role_count, def))
			continue;
		fields = ARENA_ARRAY(arena, const struct field *, whole->field_count + 1);
		view = ARENA_NEW(arena, struct entity_view);
		*view = (struct entity_view){ .def = def, .fields = fields, .whole = whole->whole };
		for (size_t i = 0; i < whole->field_count; i++) {
			bool reveal;
			enum field_right right = view_right(
			    roles, role_count, top, def, whole->fields[i], &reveal);

			if (right != FIELD_SHOW_HIDDEN)
				fields[view->field_count++] =
				    view_restrict(arena, whole->fields[i], right, reveal);
		}
		views[def->number] = view;
	}
	return views;
}

const struct entity_view *
views_through(struct arena *arena, const struct entity_view *seen,
    const struct entity_view *viewers, bool whole)
{
	const struct field **fields =
	    ARENA_ARRAY(arena, const struct field *, seen->field_count + 1);
	struct entity_view *view = ARENA_NEW(arena, struct entity_view);

	*view = (struct entity_view){ .def = seen->def, .fields = fields, .whole = seen->whole };
	for (size_t i = 0; i < seen->field_count; i++) {
		const struct field *own = entity_field(viewers, seen->fields[i]->number);
		struct field *copy =
		    arena_memdup(arena, seen->fields[i], sizeof(*seen->fields[i]));

		if (!whole || own == NULL)
			copy->flags |= FIELD_MASKED | FIELD_BLANK;
		else
			copy->flags |= own->flags & FIELD_MASKED;
		if (copy->flags & FIELD_MASKED)
			copy->flags &= ~(uint32_t)(FIELD_SORT | FIELD_FILTER | FIELD_SEARCH |
						   FIELD_REVEAL);
		copy->flags |= FIELD_READONLY;
		fields[view->field_count++] = copy;
	}
	return view;
}
