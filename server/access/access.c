/*
 * The access snapshot: who may do what with which rows and fields. Here it is asked; how it is made is
 * access_load.c's.
 */
#include "server/access/access_private.h"

#include "common/buf.h"
#include "common/text.h"

#include <inttypes.h>
#include <stdlib.h>

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

int
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
access_user_outside(const struct access_user *user)
{
	return user->company != 0;
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
	if (user->shared && access_right_shares(right))
		arms.shared_with = user->id;
	scopes &= ~(1u << SCOPE_SHARED);
	if (scopes == 0)
		return arms;
	arms.own = user->id;
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

bool
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

const struct approval_rule *
access_approval_rules(const struct access *access, size_t *count)
{
	*count = access->approval_rule_count;
	return access->approval_rules;
}
