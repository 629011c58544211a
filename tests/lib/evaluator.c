/*
 * See evaluator.h. Written from REQUIREMENTS (ACC-3 to ACC-6, CUS-8) and the head of roles.def,
 * as simply as can be: every question looks through all the facts again.
 *
 * What a share gives: to see the record and, shared for writing, to change it and do its named
 * actions. Not to delete, restore or give it away, nor to share it on.
 */
#include "tests/lib/evaluator.h"

#include <string.h>

enum {
	VIEW = EVAL_VIEW,
	CREATE = EVAL_CREATE,
	EDIT = EVAL_EDIT,
	DELETE = EVAL_DELETE,
	RESTORE = EVAL_RESTORE,
	EXPORT = EVAL_EXPORT,
	APPROVE = EVAL_APPROVE,
	ASSIGN = EVAL_ASSIGN,
	ACT = EVAL_ACT,
};

#define SECOND_FACTOR(...)
#define ROLE(name_, ...) #name_,
#define EVERY(...)
#define GRANT(...)
#define SENSITIVE(...)
#define FIELD(...)
const char *const eval_roles[] = {
#include "server/access/roles.def"
};
const size_t eval_role_count = sizeof(eval_roles) / sizeof(eval_roles[0]);
#undef ROLE
#undef EVERY
#undef GRANT
#define ROLE(...)
#define EVERY(entity_, rights_, scope_) { NULL, #entity_, rights_, #scope_, NULL, NULL },
#define EVAL_SCOPE_OWN        "OWN"
#define EVAL_SCOPE_TEAM       "TEAM"
#define EVAL_SCOPE_DEPARTMENT "DEPARTMENT"
#define EVAL_SCOPE_BRANCH     "BRANCH"
#define EVAL_SCOPE_ALL        "ALL"
#define EVAL_SCOPE_COMPANY    "COMPANY"
#define EVAL_SCOPE_SHARED     "SHARED"
#define GRANT(role_, entity_, rights_, ...)                                                    \
	{ .role = #role_, .entity = #entity_, .rights = rights_, .scope = EVAL_SCOPE_##__VA_ARGS__ },
static const struct eval_grant eval_shipped[] = {
#include "server/access/roles.def"
};
#undef EVERY
#undef GRANT
#undef SENSITIVE
#undef FIELD
#define EVERY(...)
#define GRANT(...)
#define SENSITIVE(role_, show_, ...)              { #role_, NULL, "*", EVAL_##show_ },
#define FIELD(role_, entity_, field_, show_, ...) { #role_, #entity_, #field_, EVAL_##show_ },
static const struct eval_field_rule eval_shipped_rules[] = {
#include "server/access/roles.def"
};

#define SHIPPED       (sizeof(eval_shipped) / sizeof(eval_shipped[0]))
#define SHIPPED_RULES (sizeof(eval_shipped_rules) / sizeof(eval_shipped_rules[0]))

/* Actions that need another right than ACT. */
static const struct {
	const char *entity, *action; /* entity NULL: any */
	enum eval_right right;
} eval_action_rights[] = {
	{ "customer", "transfer", EVAL_ASSIGN },
	{ "customer", "claim", EVAL_EDIT },
	{ "customer", "assign", EVAL_EDIT },
	{ "customer", "release", EVAL_EDIT },
	{ "customer", "open", EVAL_VIEW },
	{ "customer", "shut", EVAL_APPROVE },
	{ "customer", "unshut", EVAL_APPROVE },
	{ "customer", "protect", EVAL_EDIT },
	{ "customer", "unprotect", EVAL_EDIT },
	{ "duplicate", "merge", EVAL_ACT }, /* and what the two themselves need */
	{ "ticket", "merge", EVAL_ACT },
	{ NULL, "merge", EVAL_DELETE },
	{ "bin", "empty", EVAL_APPROVE },
	{ NULL, "share", EVAL_EDIT },
	{ NULL, "unshare", EVAL_EDIT },
	{ "lead", "assign", EVAL_ASSIGN },
	{ "opportunity", "assign", EVAL_ASSIGN },
	{ "ticket", "assign", EVAL_ASSIGN },
	{ "job_visit", "place", EVAL_ASSIGN },
	{ "job_visit", "undo_place", EVAL_ASSIGN },
	{ "job_visit", "swap", EVAL_ASSIGN },
	{ "job_visit", "split", EVAL_ASSIGN },
	{ "job_visit", "unplace", EVAL_ASSIGN },
	{ "job_visit", "suggest", EVAL_VIEW },
	/* who sees a record may say something of it, and be told of it */
	{ NULL, "comment", EVAL_VIEW },
	{ NULL, "follow", EVAL_VIEW },
	{ NULL, "unfollow", EVAL_VIEW },
	{ "reading", "extend_budget", EVAL_APPROVE },
	{ "reading", "ask_budget", EVAL_VIEW },
	{ "user", "reset_password", EVAL_EDIT },
	{ "user", "reset_factor", EVAL_EDIT },
	{ "customer", "check_in_code", EVAL_APPROVE },
	{ "customer", "classify", EVAL_APPROVE },
	{ "work_report", "read", EVAL_APPROVE },
	{ "work_report", "send_back", EVAL_APPROVE },
};

const char *
eval_answer_name(enum eval_answer answer)
{
	static const char *const names[] = { "OK", "NO_SUCH_ENTITY", "NO_SUCH_RECORD",
		"NO_SUCH_ACTION", "FORBIDDEN", "WRONG_STATE", "BAD_REQUEST", "PURPOSE_NEEDED" };

	return names[answer];
}

/* ---- grants ----------------------------------------------------------------------------- */

static const struct entity *
eval_top(const struct entity *entity)
{
	for (size_t i = 0; entity->kind == ENTITY_LINE && entity_shipped[i] != NULL; i++)
		if (strcmp(entity_shipped[i]->name, entity->parent) == 0)
			return entity_shipped[i];
	return entity;
}

/*
 * The user's nth grant on an entity. A shipped role has one at most, its own before the one for
 * every role; a role of the test's own has what the facts say.
 */
static const struct eval_grant *
eval_grant(const struct eval_facts *facts, const struct eval_user *user,
    const struct entity *entity, size_t nth)
{
	const struct eval_grant *every = NULL;
	bool shipped = false;

	entity = eval_top(entity);
	for (size_t i = 0; i < facts->grant_count; i++)
		if (strcmp(facts->grants[i].role, user->role) == 0 &&
		    strcmp(facts->grants[i].entity, entity->name) == 0 && nth-- == 0)
			return &facts->grants[i];
	for (size_t i = 0; i < eval_role_count; i++)
		shipped |= strcmp(eval_roles[i], user->role) == 0;
	for (size_t i = 0; shipped && nth == 0 && i < SHIPPED; i++) {
		if (strcmp(eval_shipped[i].entity, entity->name) != 0)
			continue;
		if (eval_shipped[i].role == NULL)
			every = &eval_shipped[i];
		else if (strcmp(eval_shipped[i].role, user->role) == 0)
			return &eval_shipped[i];
	}
	return nth == 0 ? every : NULL;
}

uint32_t
eval_rights(
    const struct eval_facts *facts, const struct eval_user *user, const struct entity *entity)
{
	const struct eval_grant *grant;
	uint32_t rights = 0;

	for (size_t i = 0; (grant = eval_grant(facts, user, entity, i)) != NULL; i++)
		rights |= grant->rights;
	return rights;
}

/* ---- scopes ----------------------------------------------------------------------------- */

/* Is id the node top, or below it? */
static bool
eval_within(const struct eval_node *nodes, size_t count, int64_t id, int64_t top)
{
	while (id != 0 && id != top) {
		int64_t up = 0;

		for (size_t i = 0; i < count; i++)
			if (nodes[i].id == id)
				up = nodes[i].parent;
		id = up;
	}
	return id != 0;
}

static bool
eval_is_superior(const struct eval_facts *facts, int64_t superior, int64_t user)
{
	for (size_t depth = 0; user != 0 && depth < facts->user_count; depth++) {
		int64_t up = 0;

		for (size_t i = 0; i < facts->user_count; i++)
			if (facts->users[i].id == user)
				up = facts->users[i].superior;
		if (up == superior)
			return true;
		user = up;
	}
	return false;
}

static bool
eval_in_pool(const struct eval_facts *facts, const struct eval_user *user, int64_t pool)
{
	for (size_t i = 0; pool != 0 && i < facts->member_count; i++) {
		const struct eval_member *member = &facts->members[i];

		if (member->pool == pool &&
		    (member->user == user->id ||
			(member->department != 0 &&
			    eval_within(facts->departments, facts->department_count,
				user->department, member->department))))
			return true;
	}
	return false;
}

static bool
eval_shared(const struct eval_facts *facts, const struct eval_user *user,
    const struct eval_row *row, enum eval_right right)
{
	for (size_t i = 0; i < facts->share_count; i++) {
		const struct eval_share *share = &facts->shares[i];

		if (share->entity == row->entity && share->record == row->id &&
		    share->user == user->id &&
		    (right == EVAL_VIEW ||
			(share->write && (right == EVAL_EDIT || right == EVAL_ACT))))
			return true;
	}
	return false;
}

static bool
eval_scope_reaches(const struct eval_facts *facts, const struct eval_user *user,
    const char *scope, const struct eval_row *row)
{
	bool company = strcmp(scope, "COMPANY") == 0;

	if (strcmp(scope, "NONE") == 0)
		return false;
	if (row->entity->kind == ENTITY_SETUP || strcmp(scope, "ALL") == 0)
		return true;
	if (strcmp(scope, "SHARED") == 0) /* of itself it reaches nothing */
		return false;
	if (row->owner == user->id)
		return true;
	if (company)
		return user->company != 0 && row->company == user->company;
	if (eval_in_pool(facts, user, row->pool))
		return true;
	if (strcmp(scope, "TEAM") == 0)
		return row->owner != 0 && eval_is_superior(facts, user->id, row->owner);
	if (strcmp(scope, "DEPARTMENT") == 0)
		return eval_within(facts->departments, facts->department_count, row->department,
		    user->department);
	if (strcmp(scope, "BRANCH") == 0)
		return eval_within(
		    facts->branches, facts->branch_count, row->branch, user->branch);
	return false;
}

static bool
eval_word(const char *words, const char *word)
{
	size_t bytes = strlen(word);

	for (const char *at = words; at != NULL && (at = strstr(at, word)) != NULL; at += bytes)
		if ((at == words || at[-1] == ' ') && (at[bytes] == '\0' || at[bytes] == ' '))
			return true;
	return false;
}

/* Does any grant with the right reach the row, in its state (or, without_state, in any)? */
static bool
eval_reaches(const struct eval_facts *facts, const struct eval_user *user,
    const struct eval_row *row, enum eval_right right, const char *action, bool without_state)
{
	const struct eval_grant *grant;

	for (size_t i = 0; (grant = eval_grant(facts, user, row->entity, i)) != NULL; i++) {
		if ((grant->rights & right) == 0)
			continue;
		if (action != NULL && grant->actions != NULL &&
		    !eval_word(grant->actions, action))
			continue;
		if (right != EVAL_VIEW && !without_state && grant->states != NULL &&
		    row->state != NULL && !eval_word(grant->states, row->state))
			continue;
		if (eval_scope_reaches(facts, user, grant->scope, row) ||
		    (eval_shared(facts, user, row, right) &&
			(action == NULL || right != EVAL_EDIT)))
			return true;
	}
	return false;
}

bool
eval_is_shut(const struct eval_user *user, const struct eval_row *row)
{
	return row->shut && row->owner != user->id;
}

bool
eval_knows(
    const struct eval_facts *facts, const struct eval_user *user, const struct eval_row *row)
{
	return eval_reaches(facts, user, row, EVAL_VIEW, NULL, true);
}

bool
eval_sees(
    const struct eval_facts *facts, const struct eval_user *user, const struct eval_row *row)
{
	return !eval_is_shut(user, row) && eval_knows(facts, user, row);
}

/* What is answered of a living row in place of itself, before rights to change it are looked at. */
static enum eval_answer
eval_met(
    const struct eval_facts *facts, const struct eval_user *user, const struct eval_row *row)
{
	if (!eval_knows(facts, user, row))
		return EVAL_NO_RECORD;
	if (!eval_is_shut(user, row))
		return EVAL_OK;
	return strcmp(row->entity->name, "customer") == 0 ? EVAL_PURPOSE : EVAL_NO_RECORD;
}

/* ---- requests --------------------------------------------------------------------------- */

enum eval_right
eval_action_right(const struct entity *entity, const char *action)
{
	for (size_t i = 0; i < sizeof(eval_action_rights) / sizeof(eval_action_rights[0]); i++)
		if ((eval_action_rights[i].entity == NULL ||
			strcmp(eval_action_rights[i].entity, entity->name) == 0) &&
		    strcmp(eval_action_rights[i].action, action) == 0)
			return eval_action_rights[i].right;
	return EVAL_ACT;
}

enum eval_answer
eval_entity(const struct eval_facts *facts, const struct eval_user *user,
    const struct entity *entity, enum eval_right right)
{
	uint32_t rights = eval_rights(facts, user, entity);

	if (rights == 0)
		return EVAL_NO_ENTITY;
	if ((rights & right) == 0)
		return EVAL_FORBIDDEN;
	/* Lines are opened, listed and saved with their record, files by their own request. */
	if (entity->kind == ENTITY_LINE || entity->kind == ENTITY_ANCHORED)
		return EVAL_BAD_REQUEST;
	return EVAL_OK;
}

enum eval_answer
eval_open(
    const struct eval_facts *facts, const struct eval_user *user, const struct eval_row *row)
{
	enum eval_answer answer = eval_entity(facts, user, row->entity, EVAL_VIEW);

	if (answer == EVAL_OK)
		answer = eval_met(facts, user, row);
	if (answer != EVAL_OK)
		return answer;
	/* The recycle bin is for those who may restore what lies in it. */
	if (row->deleted && !eval_reaches(facts, user, row, EVAL_RESTORE, NULL, false))
		return EVAL_NO_RECORD;
	return EVAL_OK;
}

enum eval_answer
eval_change(const struct eval_facts *facts, const struct eval_user *user,
    const struct eval_row *row, enum eval_right right, const struct action *action)
{
	const char *name = action != NULL ? action->name : NULL;
	const char *frozen =
	    right == EVAL_EDIT || right == EVAL_DELETE ? row->entity->frozen : NULL;
	enum eval_answer answer =
	    eval_entity(facts, user, row->entity, action != NULL ? EVAL_VIEW : right);
	bool granted = false, restore;
	const struct eval_grant *grant;

	if (answer != EVAL_OK)
		return answer;
	for (size_t i = 0; (grant = eval_grant(facts, user, row->entity, i)) != NULL; i++)
		granted |=
		    (grant->rights & right) != 0 &&
		    (name == NULL || grant->actions == NULL || eval_word(grant->actions, name));
	if (!granted)
		return EVAL_FORBIDDEN;
	restore = right == EVAL_RESTORE && action == NULL;
	answer = eval_met(facts, user, row);
	if (answer == EVAL_NO_RECORD || (row->deleted && !restore))
		return EVAL_NO_RECORD;
	if (answer == EVAL_PURPOSE && (name == NULL || strcmp(name, "open") != 0))
		return answer;
	if (!eval_reaches(facts, user, row, right, name, true))
		return row->deleted ? EVAL_NO_RECORD : EVAL_FORBIDDEN;
	if (restore && !row->deleted)
		return EVAL_NO_RECORD;
	/* An action that freezing holds back for saving is itself not held back. */
	if (row->state != NULL && action == NULL && frozen != NULL &&
	    eval_word(frozen, row->state))
		return EVAL_WRONG_STATE;
	if (!eval_reaches(facts, user, row, right, name, false))
		return EVAL_WRONG_STATE;
	if (action != NULL && action->from != NULL && !eval_word(action->from, row->state))
		return EVAL_WRONG_STATE;
	return EVAL_OK;
}

enum eval_answer
eval_create(
    const struct eval_facts *facts, const struct eval_user *user, const struct eval_row *row)
{
	enum eval_answer answer = eval_entity(facts, user, row->entity, EVAL_CREATE);

	if (answer != EVAL_OK || row->entity->kind == ENTITY_SETUP)
		return answer;
	if (row->owner != user->id &&
	    (eval_rights(facts, user, row->entity) & EVAL_ASSIGN) == 0)
		return EVAL_FORBIDDEN;
	return eval_reaches(facts, user, row, EVAL_CREATE, NULL, true) ? EVAL_OK
								       : EVAL_FORBIDDEN;
}

/* ---- fields ----------------------------------------------------------------------------- */

static const struct eval_field_rule *
eval_rule_in(const struct eval_field_rule *rules, size_t count, const char *role,
    const struct entity *entity, const struct field *field)
{
	const struct entity *top = eval_top(entity);
	const struct eval_field_rule *wide = NULL, *narrow = NULL;
	bool sensitive = (field->flags & FIELD_SENSITIVE) != 0;

	for (size_t i = 0; i < count; i++) {
		const struct eval_field_rule *rule = &rules[i];

		if (strcmp(rule->role, role) != 0)
			continue;
		if (rule->entity == NULL) { /* a shipped role's, for all its entities */
			if (sensitive && wide == NULL)
				wide = rule;
		} else if (strcmp(rule->field, "*") != 0) {
			if (strcmp(rule->entity, entity->name) == 0 &&
			    strcmp(rule->field, field_word(field)) == 0)
				return rule;
		} else if (sensitive && strcmp(rule->entity, entity->name) == 0) {
			narrow = rule;
		} else if (sensitive && strcmp(rule->entity, top->name) == 0 &&
			   narrow == NULL) {
			narrow = rule;
		}
	}
	return narrow != NULL ? narrow : wide;
}

enum eval_show
eval_field(const struct eval_facts *facts, const struct eval_user *user,
    const struct entity *entity, const struct field *field)
{
	const struct eval_field_rule *rule;

	if (field->flags & (FIELD_HIDDEN | FIELD_RETIRED))
		return EVAL_HIDDEN;
	/* Where a role reaches nothing it has no say about fields either; what belongs to any record is reached with it. */
	if (entity->kind != ENTITY_ANCHORED && eval_rights(facts, user, entity) == 0)
		return EVAL_CLEAR;
	rule = eval_rule_in(facts->rules, facts->rule_count, user->role, entity, field);
	if (rule == NULL)
		rule =
		    eval_rule_in(eval_shipped_rules, SHIPPED_RULES, user->role, entity, field);
	return rule != NULL ? rule->show : EVAL_CLEAR;
}
