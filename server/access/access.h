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
};

enum field_right { FIELD_CLEAR = 0, FIELD_SHOW_MASKED = 1, FIELD_SHOW_READONLY = 2, FIELD_SHOW_HIDDEN = 3 };

/*
 * Which rows of one entity a reader reaches for one right. Arrays live in the snapshot.
 * Settings (set-up entities) have all or nothing.
 */
struct arms {
	bool all;
	int64_t own;              /* user id, 0: no own arm */
	const int64_t *departments;
	size_t department_count;
	const int64_t *branches;
	size_t branch_count;
	const int64_t *pools;
	size_t pool_count;
	int64_t shared_with;      /* user id, 0: no share arm (nothing is shared with the user) */
};

struct access;      /* snapshot of users, roles, trees, pools */
struct access_user; /* one user in it */

const struct access *access_ref(const struct access *access);
void access_unref(const struct access *access);
int64_t access_epoch(const struct access *access);

/* NULL: no such user, or disabled. */
const struct access_user *access_user(const struct access *access, int64_t user);
int64_t access_user_id(const struct access_user *user);
int64_t access_user_department(const struct access_user *user);
int64_t access_user_branch(const struct access_user *user);
const char *access_user_label(const struct access_user *user);

/* Rights of the user on an entity: bits of enum right. A line has its parent's. */
uint32_t access_rights(const struct access_user *user, const struct entity *entity);
/* Rows for one right; nothing reachable when the right is missing. */
const struct arms *access_arms(const struct access_user *user, const struct entity *entity,
    enum right right);
enum field_right access_field(const struct access_user *user, const struct entity *entity,
    const struct field *field);
/* Does arms reach a row with these access columns? (share arm apart) */
bool arms_reach(const struct arms *arms, int64_t owner, int64_t department, int64_t branch,
    int64_t pool);

/*
 * The settings row policies read, one for each entity a request touches:
 * "own|{departments}|{branches}|{pools}|all|shared", e.g. "7|{3,4}|{}|{}|f|7".
 * Names: kehu.r<entity> for reading, kehu.w<entity> for changing.
 */
char *arms_setting(struct arena *arena, const struct arms *arms);

#endif
