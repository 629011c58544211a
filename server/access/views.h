/*
 * What the roles of a reader leave of each entity: views made of the catalogue and field rights.
 */
#ifndef KEHU_ACCESS_VIEWS_H
#define KEHU_ACCESS_VIEWS_H

#include "server/access/access.h"

/* What a role says of a field, or with field "*" of an entity's sensitive ones. Texts are borrowed. */
struct field_rule {
	const char *entity, *field;
	enum field_right right;
	bool reveal;
};

struct role_rules {
	const struct field_rule *rules;
	size_t count;
	/* By entity number: whether the role reaches the entity at all, and so has a say about it. */
	bool *reaches;
};

/* Code of a field right in the choice list "field_show"; an unknown code is the strictest. */
const char *field_right_code(enum field_right right);
enum field_right field_right_named(const char *code);

/*
 * What one role alone says of a field; top is the number of the entity, or of its parent for a
 * line. A role that does not reach the entity hides it.
 */
enum field_right views_of_role(const struct role_rules *role, const struct entity *entity,
    uint32_t top, const struct field *field);

/*
 * The catalogue as a reader without field rules sees it, by entity number, in arena: hidden and
 * retired fields left out, figures read-only. entity_max is the highest number.
 */
const struct entity_view **views_plain(
    struct arena *arena, const struct catalog *catalog, uint32_t entity_max);

/*
 * The same for a reader with these roles, the most permissive of which counts for each field. An
 * entity of which no role says anything is shared with plain.
 */
const struct entity_view **views_of_roles(struct arena *arena, const struct catalog *catalog,
    const struct entity_view *const *plain, uint32_t entity_max,
    const struct role_rules *const *roles, size_t role_count);

/*
 * The views of one reader as another may look through them: of an entity that the viewer does not
 * see whole (whole false), or of a field hidden from the viewer, only that there is a value. Nothing
 * in them can be changed, and masked fields cannot be asked by.
 */
const struct entity_view *views_through(struct arena *arena, const struct entity_view *seen,
    const struct entity_view *viewers, bool whole);

#endif
