/*
 * The access snapshot: who may do what with which rows and fields. Users with the same roles share
 * one sum of grants and one view of each entity; a user's departments and branches "and below" are
 * worked out once, here.
 */
#include "server/access/views.h"

#include "common/buf.h"
#include "common/log.h"
#include "common/pinyin.h"
#include "common/text.h"
#include "server/access/roles.h"
#include "server/entity/fields.h"
#include "server/store/store.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define RIGHT_BITS 9

struct grant {
	const char *role;
	uint32_t rights;
	enum scope scope;
	const char *states, *actions; /* NULL: any */
};

struct grant_sum { /* of all roles of a user, on one entity */
	uint32_t rights;
	uint8_t scopes[RIGHT_BITS]; /* of each right: bits by enum scope */
	const struct grant *grants;
	size_t count;
	bool narrowed; /* some of them are for certain states only */
};

/* One distinct set of roles: what they add up to. */
struct access_set {
	const char *const *names; /* of the roles */
	const struct role_rules *const *rules; /* what each says of fields */
	size_t role_count;
	bool second_factor; /* one of them wants it */
	const struct grant_sum *grants;		 /* by entity number */
	const struct entity_view *const *views; /* by entity number */
};

struct access_user {
	int64_t id, branch, department;
	int64_t expires_on; /* INT64_MAX: never */
	bool disabled, shared;
	const struct access *access;
	const struct access_set *set;
	int64_t superior, company;
	const int64_t *departments, *branches, *pools, *team;
	size_t department_count, branch_count, pool_count, team_count;
	/* Whom the user stands in for: the first so many of team, who need not be below the user. */
	size_t away_count;
};

struct setup_table {
	struct setup_record *records; /* by id */
	size_t count;
};

struct access {
	atomic_int references;
	int64_t epoch;
	struct arena *arena;
	const struct catalog *catalog;
	struct access_user *users; /* by id */
	size_t user_count;
	struct setup_table *setups; /* by entity number */
	uint32_t entity_max;
	struct approval_rule *approval_rules;
	size_t approval_rule_count;
};

const struct access *
access_ref(const struct access *access)
{
	/* The count is the one thing that changes in a published snapshot. */
	atomic_fetch_add(&((struct access *)(uintptr_t)access)->references, 1);
	return access;
}

void
access_unref(const struct access *access)
{
	if (access == NULL)
		return;
	if (atomic_fetch_sub(&((struct access *)(uintptr_t)access)->references, 1) == 1) {
		catalog_unref(access->catalog);
		arena_free(access->arena);
	}
}

int64_t
access_epoch(const struct access *access)
{
	return access->epoch;
}

static int
access_compare_id(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

const struct access_user *
access_user(const struct access *access, int64_t id, int64_t today)
{
	const struct access_user *user = bsearch(
	    &id, access->users, access->user_count, sizeof(*access->users), access_compare_id);

	if (user == NULL || user->disabled || user->expires_on < today)
		return NULL;
	return user;
}

bool
access_leads(const struct access *access, int64_t above, int64_t below)
{
	/* Bounded: bad data may have a circle. */
	for (size_t i = 0; below != 0 && i <= access->user_count; i++) {
		const struct access_user *user = bsearch(&below, access->users, access->user_count,
		    sizeof(*access->users), access_compare_id);

		below = user != NULL ? user->superior : 0;
		if (below == above)
			return true;
	}
	return false;
}

int64_t
access_user_id(const struct access_user *user)
{
	return user->id;
}

int64_t
access_user_department(const struct access_user *user)
{
	return user->department;
}

int64_t
access_user_branch(const struct access_user *user)
{
	return user->branch;
}

bool
access_user_second_factor(const struct access_user *user)
{
	return user->set->second_factor;
}

bool
access_user_exports(const struct access_user *user)
{
	for (uint32_t e = 0; e <= user->access->entity_max; e++)
		if ((user->set->grants[e].rights & RIGHT_EXPORT) != 0)
			return true;
	return false;
}

size_t
access_user_roles(
    struct arena *arena, const struct access_user *user, const char *const **names)
{
	*names = arena_memdup(
	    arena, user->set->names, user->set->role_count * sizeof(*user->set->names));
	return user->set->role_count;
}

/* A line answers for its parent. */
static uint32_t
access_entity_number(const struct access *access, const struct entity *entity)
{
	if (entity->kind == ENTITY_LINE)
		return catalog_entity_named(access->catalog, entity->parent)->def->number;
	return entity->number;
}

uint32_t
access_rights(const struct access_user *user, const struct entity *entity)
{
	return user->set->grants[access_entity_number(user->access, entity)].rights;
}

/*
 * What a record shared for writing allows beside reading it: to change it and do its actions. Never to
 * delete, restore or give away what is somebody else's.
 */
static bool
access_right_shares(enum right right)
{
	return right == RIGHT_VIEW || right == RIGHT_EDIT || right == RIGHT_ACT;
}

/* The widest of branch and department stands for the narrower ones: own ones lie within. */
static struct arms
access_arms_of(const struct access_user *user, const struct entity *entity, enum right right,
    uint32_t scopes)
{
	struct arms arms = { .right = right };

	if (scopes == 0)
		return arms;
	if (entity->kind == ENTITY_SETUP || (scopes & 1u << SCOPE_ALL) != 0) {
		arms.all = true;
		return arms;
	}
	arms.own = user->id;
	if (user->shared && access_right_shares(right))
		arms.shared_with = user->id;
	if (scopes & 1u << SCOPE_COMPANY && entity_company_column(entity) != NULL)
		arms.company = user->company;
	if (scopes == 1u << SCOPE_COMPANY)
		return arms;
	arms.pools = user->pools;
	arms.pool_count = user->pool_count;
	arms.away_count = entity->personal ? 0 : user->away_count;
	arms.team = user->team + (user->away_count - arms.away_count);
	arms.team_count = arms.away_count;
	if (scopes & 1u << SCOPE_TEAM)
		arms.team_count += user->team_count - user->away_count;
	if (scopes & 1u << SCOPE_BRANCH) {
		arms.branches = user->branches;
		arms.branch_count = user->branch_count;
	} else if (scopes & 1u << SCOPE_DEPARTMENT) {
		arms.departments = user->departments;
		arms.department_count = user->department_count;
	}
	return arms;
}

static const struct grant_sum *
access_sum_of(const struct access_user *user, const struct entity *entity)
{
	return &user->set->grants[access_entity_number(user->access, entity)];
}

struct arms
access_arms(const struct access_user *user, const struct entity *entity, enum right right)
{
	const struct grant_sum *sum = access_sum_of(user, entity);
	int bit = __builtin_ctz((unsigned)right);

	return access_arms_of(user, entity, right, sum->rights & right ? sum->scopes[bit] : 0);
}

bool
access_hangs_on_state(const struct access_user *user, const struct entity *entity)
{
	return entity->state_field != NULL &&
	       (entity->frozen != NULL || access_sum_of(user, entity)->narrowed);
}

static bool
grant_holds(const struct grant *grant, enum right right, const char *action, const char *state)
{
	if ((grant->rights & right) == 0)
		return false;
	if (action != NULL && grant->actions != NULL && !text_has_word(grant->actions, action))
		return false;
	/* Nobody loses sight of a record because its state changes. */
	return right == RIGHT_VIEW || grant->states == NULL || state == NULL ||
	       text_has_word(grant->states, state);
}

bool
access_acts(const struct access_user *user, const struct entity *entity, enum right right,
    const char *action)
{
	const struct grant_sum *sum = access_sum_of(user, entity);

	for (size_t i = 0; i < sum->count; i++)
		if (grant_holds(&sum->grants[i], right, action, NULL))
			return true;
	return false;
}

bool
access_allows(const struct access_user *user, const struct entity *entity, enum right right,
    const char *action, const struct access_row *row)
{
	const struct grant_sum *sum = access_sum_of(user, entity);

	for (size_t i = 0; i < sum->count; i++) {
		const struct grant *grant = &sum->grants[i];
		struct arms arms;

		if (!grant_holds(grant, right, action, row->state))
			continue;
		arms = access_arms_of(user, entity, right, 1u << grant->scope);
		if ((row->shared_write && access_right_shares(right)) || arms_reach(&arms, row->owner, row->department, row->branch,
					     row->pool) ||
		    (arms.company != 0 && arms.company == row->customer))
			return true;
	}
	return false;
}

bool
arms_none(const struct arms *arms)
{
	return !arms->all && arms->own == 0 && arms->department_count == 0 &&
	       arms->branch_count == 0 && arms->pool_count == 0 && arms->team_count == 0 &&
	       arms->company == 0 && arms->shared_with == 0;
}

static bool
arms_has(const int64_t *ids, size_t count, int64_t id)
{
	for (size_t i = 0; id != 0 && i < count; i++)
		if (ids[i] == id)
			return true;
	return false;
}

bool
arms_reach(
    const struct arms *arms, int64_t owner, int64_t department, int64_t branch, int64_t pool)
{
	return arms->all || (arms->own != 0 && arms->own == owner) ||
	       arms_has(arms->team, arms->team_count, owner) ||
	       arms_has(arms->departments, arms->department_count, department) ||
	       arms_has(arms->branches, arms->branch_count, branch) ||
	       arms_has(arms->pools, arms->pool_count, pool);
}

static enum arm
access_arm(const struct arms *arms, const struct access_row *row, bool shared)
{
	if (arms->all)
		return ARM_ALL;
	if (arms->own != 0 && arms->own == row->owner)
		return ARM_OWN;
	if (arms_has(arms->team, arms->away_count, row->owner))
		return ARM_AWAY;
	if (arms_has(arms->team, arms->team_count, row->owner))
		return ARM_TEAM;
	if (arms_has(arms->departments, arms->department_count, row->department))
		return ARM_DEPARTMENT;
	if (arms_has(arms->branches, arms->branch_count, row->branch))
		return ARM_BRANCH;
	if (arms->company != 0 && arms->company == row->customer)
		return ARM_COMPANY;
	if (arms_has(arms->pools, arms->pool_count, row->pool))
		return ARM_POOL;
	return shared ? ARM_SHARE : ARM_NONE;
}

size_t
access_explain(struct arena *arena, const struct access_user *user, const struct entity *entity,
    const struct access_row *row, bool shared, const struct access_reason **reasons)
{
	const struct grant_sum *sum = access_sum_of(user, entity);
	struct access_reason *list = ARENA_ARRAY(arena, struct access_reason, sum->count + 1);

	for (size_t i = 0; i < sum->count; i++) {
		const struct grant *grant = &sum->grants[i];
		struct arms arms =
		    access_arms_of(user, entity, RIGHT_VIEW, 1u << grant->scope);

		list[i] = (struct access_reason){ .role = grant->role,
			.rights = grant->rights,
			.scope = grant->scope,
			.states = grant->states,
			.actions = grant->actions };
		if (row == NULL)
			continue;
		list[i].arm = access_arm(&arms, row, shared);
		list[i].held_by_state = grant->states != NULL && row->state != NULL &&
					!text_has_word(grant->states, row->state);
	}
	*reasons = list;
	return sum->count;
}

bool
access_explain_field(const struct access_user *user, const struct entity *entity,
    const struct field *field, size_t role, const char **name, enum field_right *right)
{
	if (role >= user->set->role_count)
		return false;
	*name = user->set->names[role];
	*right = views_of_role(user->set->rules[role], entity,
	    access_entity_number(user->access, entity), field);
	return true;
}

const struct entity_view *
access_view(const struct access_user *user, const struct entity *entity)
{
	return user->set->views[entity->number];
}

enum field_right
access_field(
    const struct access_user *user, const struct entity *entity, const struct field *field)
{
	if ((field->flags & FIELD_VIEWED) == 0)
		field = entity_field(access_view(user, entity), field->number);
	if (field == NULL)
		return FIELD_SHOW_HIDDEN;
	if (field->flags & FIELD_MASKED)
		return FIELD_SHOW_MASKED;
	return field->flags & FIELD_READONLY ? FIELD_SHOW_READONLY : FIELD_CLEAR;
}

static void
arms_put_ids(struct buf *out, const int64_t *ids, size_t count)
{
	buf_puts(out, "|{");
	for (size_t i = 0; i < count; i++)
		buf_printf(out, "%s%" PRId64, i > 0 ? "," : "", ids[i]);
	buf_putc(out, '}');
}

char *
arms_setting(struct arena *arena, const struct arms *arms)
{
	struct buf out = BUF_INIT;
	char *text;

	/* Every request sets this for every set-up entity it may show. */
	if (arms->all && arms->own == 0 && arms->shared_with == 0)
		return arena_strdup(arena, "0|{}|{}|{}|t|0");
	buf_printf(&out, "%" PRId64, arms->own);
	arms_put_ids(&out, arms->departments, arms->department_count);
	arms_put_ids(&out, arms->branches, arms->branch_count);
	arms_put_ids(&out, arms->pools, arms->pool_count);
	buf_printf(&out, "|%s|%" PRId64, arms->all ? "t" : "f", arms->shared_with);
	arms_put_ids(&out, arms->team, arms->team_count);
	arms_put_ids(&out, &arms->company, arms->company != 0);
	text = arena_strdup(arena, buf_text(&out));
	buf_fini(&out);
	return text;
}

const struct setup_record *
access_setup(const struct access *access, uint32_t entity, int64_t id)
{
	if (entity > access->entity_max)
		return NULL;
	return bsearch(&id, access->setups[entity].records, access->setups[entity].count,
	    sizeof(struct setup_record), access_compare_id);
}

size_t
access_setup_count(const struct access *access, uint32_t entity)
{
	return entity > access->entity_max ? 0 : access->setups[entity].count;
}

const struct setup_record *
access_setup_at(const struct access *access, uint32_t entity, size_t i)
{
	return &access->setups[entity].records[i];
}

size_t
access_setup_below(const struct access *access, struct arena *arena, uint32_t entity,
    int64_t id, int64_t **ids)
{
	const struct setup_table *table = &access->setups[entity];
	int64_t *found = ARENA_ARRAY(arena, int64_t, table->count + 1);
	size_t count = 0;

	found[count++] = id;
	/* Breadth first; a record is taken once, so a cycle in bad data ends. */
	for (size_t at = 0; at < count; at++)
		for (size_t i = 0; i < table->count; i++)
			if (table->records[i].parent == found[at] &&
			    !arms_has(found, count, table->records[i].id))
				found[count++] = table->records[i].id;
	*ids = found;
	return count;
}

/* ---- loading ---------------------------------------------------------------------------- */

static void
access_load_setups(struct access *access, struct rows *const *rows)
{
	for (size_t e = 0; e < catalog_count(access->catalog); e++) {
		const struct entity *def = catalog_at(access->catalog, e)->def;
		struct setup_table *table = &access->setups[def->number];

		if (rows[e] == NULL)
			continue;
		table->count = rows[e]->count;
		table->records = ARENA_ARRAY(access->arena, struct setup_record, table->count);
		for (size_t i = 0; i < table->count; i++) {
			const char *label = rows_text(rows[e], i, 1);
			const char *key = rows_text(rows[e], i, 2);

			table->records[i] = (struct setup_record){
				.id = rows_int(rows[e], i, 0),
				.label =
				    arena_strdup(access->arena, label != NULL ? label : ""),
				.key = arena_strdup(access->arena, key != NULL ? key : ""),
				.folded = text_fold(access->arena, label != NULL ? label : ""),
				.folded_key = text_fold(access->arena, key != NULL ? key : ""),
				.pinyin =
				    pinyin_initials(access->arena, label != NULL ? label : "",
					def->number == E_user ? PINYIN_PERSON : PINYIN_NAME),
				.parent = rows_int(rows[e], i, 3),
				.branch = rows_int(rows[e], i, 4),
				.department = rows_int(rows[e], i, 5),
			};
		}
	}
}

/* "SELECT id, label, key, parent, branch, department" of a set-up entity. */
static void
access_queue_setup(struct store *store, struct arena *arena, const struct entity_view *view,
    struct rows **rows)
{
	const struct entity *def = view->def;
	struct sql *sql = sql_new(arena);
	const char *label = def->label_field != NULL ? def->label_field : "name";
	const char *key = def->number == E_region            ? "full_name"
			  : def->label_field != NULL         ? "name"
			  : entity_field_named(view, "code") ? "code"
							     : "NULL";

	sql_addf(sql,
	    "SELECT id, %s, %s, %s, %s, %s FROM %s WHERE deleted_at IS NULL ORDER BY id", label,
	    key, entity_field_named(view, "parent_id") ? "parent_id" : "0",
	    entity_field_named(view, "branch_id") ? "branch_id" : "0",
	    entity_field_named(view, "department_id") ? "department_id" : "0",
	    entity_table(def));
	store_queue(store, sql, rows);
}

struct access_role {
	int64_t id;
	const char *name;
	bool second_factor;
	struct grant_sum *grants;
	struct role_rules rules;
};

static void
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

const struct approval_rule *
access_approval_rules(const struct access *access, size_t *count)
{
	*count = access->approval_rule_count;
	return access->approval_rules;
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
