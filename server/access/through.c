/*
 * Looking through another user: the rows are that user's, what can be done is nothing, and values
 * show as far as the viewer's own rights go. Who may look so is server/gate/viewing.c's business.
 */
#include "server/access/access_private.h"

/* Of the grants on an entity what they let be seen. */
static struct grant_sum
access_only_view(struct arena *arena, const struct grant_sum *sum)
{
	struct grant *grants = ARENA_ARRAY(arena, struct grant, sum->count + 1);
	struct grant_sum seen = { .grants = grants };

	for (size_t i = 0; i < sum->count; i++) {
		struct grant *grant = &grants[seen.count];

		*grant = sum->grants[i];
		grant->rights &= RIGHT_VIEW;
		if (grant->rights == 0)
			continue;
		access_add_grant(&seen, grant);
		seen.count++;
	}
	return seen;
}

const struct access_user *
access_through(
    struct arena *arena, const struct access_user *user, const struct access_user *viewer)
{
	const struct access *access = user->access;
	struct access_user *through = arena_memdup(arena, user, sizeof(*user));
	struct access_set *set = arena_memdup(arena, user->set, sizeof(*user->set));
	struct grant_sum *grants = ARENA_ARRAY(arena, struct grant_sum, access->entity_max + 1);
	const struct entity_view **views =
	    ARENA_ARRAY(arena, const struct entity_view *, access->entity_max + 1);

	for (size_t i = 0; i < catalog_count(access->catalog); i++) {
		const struct entity *def = catalog_at(access->catalog, i)->def;
		struct arms arms = access_arms(viewer, def, RIGHT_VIEW);

		grants[def->number] = access_only_view(arena, &user->set->grants[def->number]);
		views[def->number] = views_through(
		    arena, access_view(user, def), access_view(viewer, def),
		    arms.all && def->kind != ENTITY_ANCHORED);
	}
	set->grants = grants;
	set->views = views;
	through->set = set;
	return through;
}
