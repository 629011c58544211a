/*
 * The one access core. It answers four questions and nobody else does: may this user do this
 * action on this entity; which rows (arms); which fields, and how; which state rules apply.
 *
 * A snapshot is immutable, made from the database for one access epoch, shared by count.
 */
#ifndef KEHU_ACCESS_H
#define KEHU_ACCESS_H

#include "server/entity/entity.h"

/* Bits of a grant; also Entity.actions_allowed on the wire. */
enum right {
	RIGHT_VIEW = 1,
	RIGHT_CREATE = 2,
	RIGHT_EDIT = 4,
	RIGHT_DELETE = 8,
	RIGHT_RESTORE = 16,
	RIGHT_EXPORT = 32,
	RIGHT_APPROVE = 64,
	RIGHT_ASSIGN = 128,
	RIGHT_ACT = 256, /* named actions of the entity */
};

enum scope { /* of a grant; several roles add up */
	SCOPE_NONE = 0,
	SCOPE_OWN = 1,
	SCOPE_DEPARTMENT = 2, /* own department and below */
	SCOPE_BRANCH = 3,     /* own branch and below */
	SCOPE_ALL = 4,
	SCOPE_TEAM = 5,    /* own, and of those whose superior the user is, however far up */
	SCOPE_COMPANY = 6, /* the customer that the user belongs to, and what names it */
	SCOPE_SHARED = 7,  /* only what is shared with the user, record by record */
};
#define SCOPE_COUNT 8

/* How a field shows, the most permissive first: of several roles the least counts. */
enum field_right { FIELD_CLEAR = 0, FIELD_SHOW_READONLY = 1, FIELD_SHOW_MASKED = 2, FIELD_SHOW_HIDDEN = 3 };

/*
 * Which rows of one entity a reader reaches for one right. Arrays live in the snapshot.
 * Settings (set-up entities) have all or nothing.
 */
struct arms {
	enum right right;         /* what they are for; shares count when they give it */
	bool all;
	int64_t own;              /* user id, 0: no own arm */
	const int64_t *team;      /* users whom the user stands in for, and those below; not the user */
	size_t team_count, away_count; /* of them the first so many are away */
	int64_t company;          /* customer id, 0: no such arm */
	const int64_t *departments;
	size_t department_count;
	const int64_t *branches;
	size_t branch_count;
	const int64_t *pools;
	size_t pool_count;
	int64_t shared_with;      /* user id, 0: no share arm (nothing is shared with the user) */
};

struct access;      /* snapshot of users, roles, trees, pools, labels of set-up records */
struct access_user; /* one user in it */
struct store;

/*
 * Read a snapshot from the database. The store must be idle; the read has its own
 * transaction, in the system's context (user 0, set-up entities only).
 */
MUST_CHECK enum err access_load(struct store *store, const struct catalog *catalog,
    const struct access **access);
const struct access *access_ref(const struct access *access);
void access_unref(const struct access *access);
int64_t access_epoch(const struct access *access);

/* NULL: no such user, disabled, or expired before today (days since 1970). */
const struct access_user *access_user(const struct access *access, int64_t user, int64_t today);
/* Is above the superior of below, or of a superior of his? Disabled users count. */
bool access_leads(const struct access *access, int64_t above, int64_t below);
int64_t access_user_id(const struct access_user *user);
int64_t access_user_department(const struct access_user *user);
int64_t access_user_branch(const struct access_user *user);
/* One of a customer's own people: of ours they see what was meant for them. */
bool access_user_outside(const struct access_user *user);
/* One of the roles wants a second factor; one of them lets data out. */
bool access_user_second_factor(const struct access_user *user);
bool access_user_exports(const struct access_user *user);
/*
 * A user as the viewer may look through him: the rows are his, nothing can be done with them, and
 * values show where the viewer sees all such records, and that field. In arena; both must outlive it.
 */
const struct access_user *access_through(
    struct arena *arena, const struct access_user *user, const struct access_user *viewer);
/* The role names of a user, in arena; returns how many. */
size_t access_user_roles(struct arena *arena, const struct access_user *user,
    const char *const **names);

/* Rights of the user on an entity: bits of enum right. A line has its parent's. */
uint32_t access_rights(const struct access_user *user, const struct entity *entity);
/*
 * The same on one record: do the grants give the right in the record's state (NULL: it has none),
 * through an arm that reaches it, and for this action (NULL: no action)? Companies count where customer
 * is the record's, or it is that customer.
 */
struct access_row {
	int64_t owner, department, branch, pool, customer;
	bool shared_write;
	const char *state;
};
bool access_allows(const struct access_user *user, const struct entity *entity, enum right right,
    const char *action, const struct access_row *row);
/* Does any grant with this right allow the action, whatever the record? */
bool access_acts(const struct access_user *user, const struct entity *entity, enum right right,
    const char *action);
/* Does what the user may do with a record hang on its state? */
bool access_hangs_on_state(const struct access_user *user, const struct entity *entity);
/* Through which arm a grant reaches a record. */
enum arm { ARM_NONE, ARM_ALL, ARM_OWN, ARM_AWAY, ARM_TEAM, ARM_DEPARTMENT, ARM_BRANCH, ARM_COMPANY, ARM_POOL, ARM_SHARE };
/*
 * Why a user may or may not: every grant of the user's roles on the entity, with the arm through
 * which it reaches the record; shared says that the record is shared with the user. row NULL: no record is meant, or
 * the user does not see it.
 */
struct access_reason {
	const char *role;
	uint32_t rights;
	enum scope scope;
	const char *states, *actions; /* NULL: any */
	enum arm arm;
	bool held_by_state; /* its states are not the record's */
};
size_t access_explain(struct arena *arena, const struct access_user *user,
    const struct entity *entity, const struct access_row *row, bool shared,
    const struct access_reason **reasons);
/* What one of the user's roles says of a field, and its name; false: there are no more. */
bool access_explain_field(const struct access_user *user, const struct entity *entity,
    const struct field *field, size_t role, const char **name, enum field_right *right);

/* Rows for one right; nothing reachable when the right is missing. Arrays live in the snapshot. */
struct arms access_arms(const struct access_user *user, const struct entity *entity,
    enum right right);
bool arms_none(const struct arms *arms);
/*
 * The user's view of an entity: hidden fields absent, masked and read-only ones marked so and
 * without what they no longer allow. Computed once per snapshot and set of roles; lives in it.
 * Never NULL for an entity of the snapshot's catalogue.
 */
const struct entity_view *access_view(const struct access_user *user, const struct entity *entity);
/* How a field of the catalogue, or of a view, shows for this user. */
enum field_right access_field(const struct access_user *user, const struct entity *entity,
    const struct field *field);
/* Do arms reach a row with these access columns? (the share and company arms apart) */
bool arms_reach(const struct arms *arms, int64_t owner, int64_t department, int64_t branch,
    int64_t pool);

/* A rule that makes requests wait for consent, as far as it can be judged without the record. */
struct approval_rule {
	int64_t id;
	uint32_t entity;
	const char *action;    /* save, create, change, delete, restore, export, or a named action */
	const char *fields;    /* names, blank-separated; "": any */
	const char *condition; /* in the search language, of the record as it would be; "": always */
	int64_t rows_over;     /* export: of more rows than this */
	int64_t department;    /* of the sender, with those below; 0: any */
	const char *role;      /* of the sender; NULL: any */
	bool needs_reason;
};
/* Rules in force, in the order they ask. */
const struct approval_rule *access_approval_rules(const struct access *access, size_t *count);

/*
 * Labels of set-up records (users, branches, departments, regions, tags …), kept in the snapshot
 * so that lists need no join for them. NULL: no such record.
 */
struct setup_record {
	int64_t id;
	const char *label;   /* 上海 */
	const char *key;     /* second name: login name, code, full name; "" when none */
	const char *folded, *folded_key; /* the two by text_fold(), for comparing with what people type */
	const char *pinyin;  /* initials of the label */
	const char *key_pinyin;
	int64_t parent;      /* of trees: branch, department, region */
	int64_t branch, department; /* users and departments */
};
const struct setup_record *access_setup(const struct access *access, uint32_t entity, int64_t id);
size_t access_setup_count(const struct access *access, uint32_t entity);
const struct setup_record *access_setup_at(const struct access *access, uint32_t entity, size_t i);
/* The field that is a set-up record's key; NULL: it has none. view: the catalogue's. */
const char *access_setup_key(const struct entity_view *view);
/* Ids of a record and everything below it in its tree, in arena. */
size_t access_setup_below(const struct access *access, struct arena *arena, uint32_t entity,
    int64_t id, int64_t **ids);

/*
 * The settings row policies read, one for each entity a request touches:
 * "own|{departments}|{branches}|{pools}|all|shared|{team}|{company}", e.g. "7|{3,4}|{}|{}|f|7|{8,9}|{}".
 * Names: kehu.r<entity> for reading, kehu.w<entity> for changing.
 */
char *arms_setting(struct arena *arena, const struct arms *arms);

#endif
