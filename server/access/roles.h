/*
 * The roles Kehu ships (roles.def) and putting them into a database.
 */
#ifndef KEHU_ROLES_H
#define KEHU_ROLES_H

#include "server/access/access.h"
#include "server/store/store.h"

struct role_row {
	const char *name; /* code; role.name */
	const char *zh, *en;
	const char *note; /* both languages */
};

struct grant_row {
	const char *role;
	const char *entity;
	uint32_t rights; /* enum right */
	enum scope scope;
	const char *actions; /* RIGHT_ACT is for these named actions only, by spaces; NULL: all */
};

extern const struct role_row role_shipped[];
extern const size_t role_shipped_count;

/* What the shipped role may do with the entity; EVERY's rows included. False: nothing. */
bool role_ships(const char *role, const char *entity, struct grant_row *grant);

/* Code of a scope in the choice list "scope" and in role_grant.scope. */
const char *scope_code(enum scope scope);
/* An unknown code, or NULL, gives nothing: SCOPE_NONE. */
enum scope scope_named(const char *code);

/* What putting them in met: names of roles, in arena. */
struct roles_told {
	const char **followed; /* had other rights, which nobody had changed: now as shipped */
	const char **left;     /* have other rights because somebody changed them */
	size_t followed_count, left_count;
};

/*
 * Brings the shipped roles into the open transaction of a store that may write them. A role that no
 * person ever changed follows what ships, so that a right taken away in a new version is taken away in
 * old databases too. What an administrator changed or deleted stays as it is and gets only lines for
 * entities it never had any for. Safe at every migrate; not at every start, where an older server beside a
 * newer one would take the roles back.
 */
MUST_CHECK enum err roles_seed(struct store *store, struct arena *arena, struct roles_told *told);

/*
 * Four eyes: rules of the approval engine, off until an administrator switches them on, that let
 * changes of rights wait for another administrator. Those of the rules themselves are among them,
 * or who may not change a role alone would first switch that off. A deleted one counts as had.
 * Part of roles_seed().
 */
MUST_CHECK enum err roles_seed_eyes(struct store *store, struct arena *arena);

#endif
