/*
 * Making a snapshot from the database, in one trip. Users with the same roles share one sum of grants
 * and one view of each entity; a user's departments and branches "and below", and the people below
 * him, are worked out once, here.
 */
#include "server/access/access_private.h"

#include "server/access/roles.h"
#include "server/entity/fields.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct access_role {
	int64_t id;
	const char *name;
	bool second_factor;
	struct grant_sum *grants;
	struct role_rules rules;
};

void
access_add_grant(struct grant_sum *sum, const struct grant *grant)
{
	sum->rights |= grant->rights;
	sum->narrowed |= grant->states != NULL;
	for (int bit = 0; bit < RIGHT_BITS; bit++)
		if ((grant->rights & (1u << bit)) != 0)
			sum->scopes[bit] |= (uint8_t)(1u << grant->scope);
}

static struct access_role *
access_find_role(struct access_role *roles, size_t count, int64_t id)
{
	return bsearch(&id, roles, count, sizeof(*roles), access_compare_id);
}

static const char *
access_words(struct access *access, const char *text)
{
	return text != NULL && text[0] != '\0' ? arena_strdup(access->arena, text) : NULL;
}

/* Rows (role, entity, scope, rights, states, actions), ordered by role and entity. */
static void
access_load_grants(
    struct access *access, const struct rows *rows, struct access_role *roles, size_t count)
{
	struct grant *grants = ARENA_ARRAY(access->arena, struct grant, rows->count + 1);
	size_t kept = 0;

	for (size_t i = 0; i < rows->count; i++) {
		struct grant *grant = &grants[kept];
		struct access_role *role =
		    access_find_role(roles, count, rows_int(rows, i, 0));
		const struct entity_view *entity =
		    catalog_entity_named(access->catalog, rows_text(rows, i, 1));
		struct grant_sum *sum;

		*grant = (struct grant){
			.role = role != NULL ? role->name : NULL,
			.rights = (uint32_t)rows_int(rows, i, 3),
			.scope = scope_named(rows_text(rows, i, 2)),
			.states = access_words(access, rows_text(rows, i, 4)),
			.actions = access_words(access, rows_text(rows, i, 5)),
		};
		/* What this server does not know, entity or scope, gives nothing. */
		if (role == NULL || entity == NULL || grant->scope == SCOPE_NONE)
			continue;
		sum = &role->grants[entity->def->number];
		if (sum->count++ == 0)
			sum->grants = grant;
		access_add_grant(sum, grant);
		role->rules.reaches[entity->def->number] |= grant->rights != 0;
		kept++;
	}
}

/* Rows (role, entity, field, show, reveal), ordered by role. */
static void
access_load_rules(
    struct access *access, const struct rows *rows, struct access_role *roles, size_t count)
{
	struct field_rule *rules = ARENA_ARRAY(access->arena, struct field_rule, rows->count + 1);

	for (size_t i = 0; i < rows->count; i++) {
		struct access_role *role = access_find_role(roles, count, rows_int(rows, i, 0));

		rules[i] = (struct field_rule){
			.entity = arena_strdup(access->arena, rows_text(rows, i, 1)),
			.field = arena_strdup(access->arena, rows_text(rows, i, 2)),
			.right = field_right_named(rows_text(rows, i, 3)),
			.reveal = rows_bool(rows, i, 4),
		};
		if (role == NULL)
			continue;
		if (role->rules.count++ == 0)
			role->rules.rules = &rules[i];
	}
}

static struct access_role *
access_load_roles(struct access *access, const struct rows *rows)
{
	struct access_role *roles =
	    ARENA_ARRAY(access->arena, struct access_role, rows->count + 1);

	for (size_t i = 0; i < rows->count; i++) {
		roles[i].id = rows_int(rows, i, 0);
		roles[i].name = arena_strdup(access->arena, rows_text(rows, i, 1));
		roles[i].second_factor = rows_bool(rows, i, 2);
		roles[i].grants =
		    ARENA_ARRAY(access->arena, struct grant_sum, access->entity_max + 1);
		roles[i].rules.reaches =
		    ARENA_ARRAY(access->arena, bool, access->entity_max + 1);
	}
	return roles;
}

static const struct grant_sum *
access_sum(struct access *access, const struct access_role *const *roles, size_t count)
{
	struct grant_sum *sum =
	    ARENA_ARRAY(access->arena, struct grant_sum, access->entity_max + 1);

	for (uint32_t e = 0; e <= access->entity_max; e++) {
		struct grant *grants;
		size_t total = 0;

		for (size_t r = 0; r < count; r++)
			total += roles[r]->grants[e].count;
		grants = ARENA_ARRAY(access->arena, struct grant, total);
		sum[e].grants = grants;
		for (size_t r = 0; r < count; r++)
			for (size_t i = 0; i < roles[r]->grants[e].count; i++) {
				grants[sum[e].count] = roles[r]->grants[e].grants[i];
				access_add_grant(&sum[e], &grants[sum[e].count++]);
			}
	}
	return sum;
}

static const struct access_set *
access_new_set(struct access *access, const struct entity_view *const *plain,
    struct access_role *roles, size_t role_count, const int64_t *ids, size_t count)
{
	struct access_set *set = ARENA_NEW(access->arena, struct access_set);
	const char **names = ARENA_ARRAY(access->arena, const char *, count + 1);
	const struct access_role **list =
	    ARENA_ARRAY(access->arena, const struct access_role *, count + 1);
	const struct role_rules **rules =
	    ARENA_ARRAY(access->arena, const struct role_rules *, count + 1);
	size_t found = 0;

	for (size_t i = 0; i < count; i++) {
		const struct access_role *role = access_find_role(roles, role_count, ids[i]);

		if (role == NULL) /* deleted since it was given */
			continue;
		names[found] = role->name;
		set->second_factor |= role->second_factor;
		rules[found] = &role->rules;
		list[found++] = role;
	}
	set->names = names;
	set->rules = rules;
	set->role_count = found;
	set->grants = access_sum(access, list, found);
	set->views = views_of_roles(
	    access->arena, access->catalog, plain, access->entity_max, rules, found);
	return set;
}

/* The sets of roles that users have: few, however many users there are. */
struct access_sets {
	const struct access_set **list;
	const int64_t **ids;
	size_t *counts;
	size_t count;
};

/* Rows (user, role) are ordered by both. */
static void
access_load_user_roles(struct access *access, const struct rows *rows, struct access_role *roles,
    size_t role_count)
{
	const struct entity_view **plain =
	    views_plain(access->arena, access->catalog, access->entity_max);
	size_t max = access->user_count + 1, at = 0;
	struct access_sets sets = {
		.list = ARENA_ARRAY(access->arena, const struct access_set *, max),
		.ids = ARENA_ARRAY(access->arena, const int64_t *, max),
		.counts = ARENA_ARRAY(access->arena, size_t, max),
	};

	for (size_t u = 0; u < access->user_count; u++) {
		struct access_user *user = &access->users[u];
		size_t count = 0, s = 0;
		int64_t *ids;

		while (at < rows->count && rows_int(rows, at, 0) < user->id)
			at++;
		while (at + count < rows->count && rows_int(rows, at + count, 0) == user->id)
			count++;
		ids = ARENA_ARRAY(access->arena, int64_t, count + 1);
		for (size_t i = 0; i < count; i++)
			ids[i] = rows_int(rows, at + i, 1);
		while (s < sets.count &&
		       (sets.counts[s] != count ||
			   memcmp(sets.ids[s], ids, count * sizeof(*ids)) != 0))
			s++;
		if (s == sets.count) {
			sets.list[s] =
			    access_new_set(access, plain, roles, role_count, ids, count);
			sets.ids[s] = ids;
			sets.counts[s] = count;
			sets.count++;
		}
		user->set = sets.list[s];
	}
}

static void
access_load_users(struct access *access, const struct rows *rows)
{
	access->user_count = rows->count;
	access->users = ARENA_ARRAY(access->arena, struct access_user, rows->count + 1);
	for (size_t i = 0; i < rows->count; i++) {
		struct access_user *user = &access->users[i];

		user->access = access;
		user->id = rows_int(rows, i, 0);
		user->branch = rows_int(rows, i, 1);
		user->department = rows_int(rows, i, 2);
		user->disabled = rows_bool(rows, i, 3);
		user->expires_on = rows_null(rows, i, 4) ? INT64_MAX : rows_date(rows, i, 4);
		user->shared = rows_bool(rows, i, 5);
		user->superior = rows_int(rows, i, 6);
		user->company = rows_int(rows, i, 7);
		if (user->department != 0)
			user->department_count =
			    access_setup_below(access, access->arena, E_department,
				user->department, (int64_t **)(uintptr_t)&user->departments);
		if (user->branch != 0)
			user->branch_count = access_setup_below(access, access->arena, E_branch,
			    user->branch, (int64_t **)(uintptr_t)&user->branches);
	}
}

struct access_below {
	int64_t superior;
	struct access_user *user;
};

static int
access_compare_below(const void *a_, const void *b_)
{
	const struct access_below *a = a_, *b = b_;

	return (a->superior > b->superior) - (a->superior < b->superior);
}

/* The first of those directly below a user, in a list ordered by superior. */
static size_t
access_find_below(const struct access_below *list, size_t count, int64_t superior)
{
	size_t low = 0, high = count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (list[middle].superior < superior)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/*
 * Whose superior each user is, directly and below; a circle in bad data ends. Before them whom the
 * user stands in for: rows (user, who is away), ordered by user. Somebody who is both comes twice,
 * since the arms may need either alone.
 */
static void
access_load_teams(struct access *access, const struct rows *away)
{
	struct arena *scratch = arena_new(0);
	struct access_below *list =
	    ARENA_ARRAY(scratch, struct access_below, access->user_count + 1);
	int64_t *team = ARENA_ARRAY(scratch, int64_t, access->user_count + away->count + 1);
	size_t *seen = ARENA_ARRAY(scratch, size_t, access->user_count + 1), count = 0, row = 0;

	for (size_t u = 0; u < access->user_count; u++)
		if (access->users[u].superior != 0)
			list[count++] = (struct access_below){
				.superior = access->users[u].superior, .user = &access->users[u]
			};
	qsort(list, count, sizeof(*list), access_compare_below);
	for (size_t u = 0; u < access->user_count; u++) {
		struct access_user *user = &access->users[u];
		size_t size = 0, first;

		while (row < away->count && rows_int(away, row, 0) < user->id)
			row++;
		for (; row < away->count && rows_int(away, row, 0) == user->id; row++)
			team[size++] = rows_int(away, row, 1);
		user->away_count = first = size;
		seen[u] = u + 1;
		for (size_t at = first; at <= size; at++) {
			int64_t superior = at == first ? user->id : team[at - 1];

			for (size_t i = access_find_below(list, count, superior);
			     i < count && list[i].superior == superior; i++) {
				size_t below = (size_t)(list[i].user - access->users);

				if (seen[below] != u + 1)
					team[size++] = list[i].user->id;
				seen[below] = u + 1;
			}
		}
		user->team = arena_memdup(access->arena, team, size * sizeof(*team));
		user->team_count = size;
	}
	arena_free(scratch);
}

/* Rows (user or 0, department or 0, pool): a department's members are those of it and below. */
static void
access_load_pools(struct access *access, const struct rows *rows)
{
	for (size_t u = 0; u < access->user_count; u++) {
		struct access_user *user = &access->users[u];
		int64_t *pools = ARENA_ARRAY(access->arena, int64_t, rows->count);

		for (size_t i = 0; i < rows->count; i++) {
			int64_t member = rows_int(rows, i, 0),
				department = rows_int(rows, i, 1);
			int64_t pool = rows_int(rows, i, 2);
			bool in = member == user->id;

			for (int64_t d = user->department; !in && d != 0;) {
				const struct setup_record *up =
				    access_setup(access, E_department, d);

				in = d == department;
				d = up != NULL && up->parent != d ? up->parent : 0;
			}
			if (in && !arms_has(pools, user->pool_count, pool))
				pools[user->pool_count++] = pool;
		}
		user->pools = pools;
	}
}

/* Rows of access_approval_rules(); one on an entity this server does not know asks nothing. */
static void
access_load_approvals(struct access *access, const struct rows *rows)
{
	access->approval_rules =
	    ARENA_ARRAY(access->arena, struct approval_rule, rows->count + 1);
	for (size_t i = 0; i < rows->count; i++) {
		const struct entity_view *entity =
		    catalog_entity_named(access->catalog, rows_text(rows, i, 1));
		const struct setup_record *role =
		    access_setup(access, E_role, rows_int(rows, i, 6));

		if (entity == NULL)
			continue;
		access->approval_rules[access->approval_rule_count++] = (struct approval_rule){
			.id = rows_int(rows, i, 0),
			.entity = entity->def->number,
			.action = arena_strdup(access->arena, rows_text(rows, i, 2)),
			.fields = arena_strdup(access->arena, rows_text(rows, i, 3)),
			.condition = arena_strdup(access->arena, rows_text(rows, i, 4)),
			.rows_over = rows_int(rows, i, 5),
			/* A role that is gone has nobody in it. */
			.role = role != NULL                  ? role->key
				: rows_int(rows, i, 6) != 0 ? ""
							    : NULL,
			.department = rows_int(rows, i, 7),
			.needs_reason = rows_bool(rows, i, 8),
		};
	}
}

static void
access_queue_text(
    struct store *store, struct arena *arena, const char *text, struct rows **rows)
{
	struct sql *sql = sql_new(arena);

	sql_add(sql, text);
	store_queue(store, sql, rows);
}

/* The system's own context: set-up entities and their lines are open, nothing else. */
static void
access_queue_context(struct store *store, struct arena *arena, const struct catalog *catalog)
{
	struct sql *sql = sql_new(arena);

	sql_add(sql, "SELECT set_config('kehu.user', '0', true)");
	for (size_t e = 0; e < catalog_count(catalog); e++)
		if (catalog_at(catalog, e)->def->kind == ENTITY_SETUP)
			sql_addf(sql,
			    ", set_config('kehu.r%" PRIu32 "', '0|{}|{}|{}|t|0', true)",
			    catalog_at(catalog, e)->def->number);
	store_queue(store, sql, NULL);
}

enum err
access_load(struct store *store, const struct catalog *catalog, const struct access **result)
{
	struct arena *scratch = arena_new(0), *arena;
	size_t count = catalog_count(catalog);
	struct rows **setups = ARENA_ARRAY(scratch, struct rows *, count);
	struct rows *state, *users, *roles, *grants, *rules, *user_roles, *pools, *approvals, *away;
	struct access_role *role_list;
	struct access *access;
	enum err err;

	store_read(store);
	access_queue_context(store, scratch, catalog);
	access_queue_text(store, scratch, "SELECT access_epoch FROM state", &state);
	access_queue_text(store, scratch,
	    "SELECT id, branch_id, coalesce(department_id, 0), disabled, expires_on, "
	    "EXISTS (SELECT 1 FROM record_share s WHERE s.user_id = users.id), "
	    "coalesce(superior_id, 0), coalesce(company_id, 0) "
	    "FROM users WHERE deleted_at IS NULL ORDER BY id",
	    &users);
	access_queue_text(store, scratch,
	    "SELECT id, name, second_factor FROM role WHERE deleted_at IS NULL ORDER BY id", &roles);
	access_queue_text(store, scratch,
	    "SELECT role_id, entity, scope, rights, states, actions FROM access_role_grants() "
	    "ORDER BY role_id, entity",
	    &grants);
	access_queue_text(store, scratch,
	    "SELECT role_id, entity, field, show, reveal FROM access_role_fields() ORDER BY role_id",
	    &rules);
	access_queue_text(store, scratch,
	    "SELECT user_id, role_id FROM access_user_roles() ORDER BY user_id, role_id",
	    &user_roles);
	access_queue_text(store, scratch,
	    "SELECT user_id, member_department_id, pool_id FROM access_pool_members()", &pools);
	access_queue_text(
	    store, scratch, "SELECT * FROM access_approval_rules()", &approvals);
	access_queue_text(
	    store, scratch, "SELECT user_id, away_id FROM access_delegations()", &away);
	for (size_t e = 0; e < count; e++)
		if (catalog_at(catalog, e)->def->kind == ENTITY_SETUP)
			access_queue_setup(store, scratch, catalog_at(catalog, e), &setups[e]);
	err = store_flush(store, scratch);
	if (err != ERR_OK)
		goto out;
	arena = arena_new(0);
	access = ARENA_NEW(arena, struct access);
	atomic_init(&access->references, 1);
	access->arena = arena;
	access->catalog = catalog_ref(catalog);
	access->epoch = rows_int(state, 0, 0);
	for (size_t e = 0; e < count; e++)
		if (catalog_at(catalog, e)->def->number > access->entity_max)
			access->entity_max = catalog_at(catalog, e)->def->number;
	access->setups = ARENA_ARRAY(arena, struct setup_table, access->entity_max + 1);
	access_load_setups(access, setups);
	access_load_users(access, users);
	role_list = access_load_roles(access, roles);
	access_load_grants(access, grants, role_list, roles->count);
	access_load_rules(access, rules, role_list, roles->count);
	access_load_user_roles(access, user_roles, role_list, roles->count);
	access_load_pools(access, pools);
	access_load_teams(access, away);
	access_load_approvals(access, approvals);
	*result = access;
out:
	arena_free(scratch);
	return err;
}
