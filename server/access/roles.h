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

/*
 * Inserts the roles and grants the database never had, in the open transaction of a store that
 * may write them; what an administrator changed or deleted stays as it is. Safe at every start.
 */
MUST_CHECK enum err roles_seed(struct store *store, struct arena *arena);

#endif
