/*
 * Inside the world of world.h: its places and people, and what its parts ask of each other.
 */
#ifndef KEHU_TEST_WORLD_PRIVATE_H
#define KEHU_TEST_WORLD_PRIVATE_H

#include "tests/lib/world.h"

enum {
	BRANCH = 2,
	OTHER_BRANCH = 3,
	BRANCH_BELOW = 4,
	DEPARTMENT = 11,
	DEPARTMENT_BELOW = 12,
	DEPARTMENT_OF_OTHER = 14,
	DEPARTMENT_BRANCH_BELOW = 15,
	OTHER_DEPARTMENT = 16,
	POOL = 31,
	OTHER_POOL = 32,
	NOBODY = 101, /* who owns none of the rows */
	READER = 200,
	TEAM = 300,
	COLLEAGUE = 401,
	BELOW,
	IN_OTHER_DEPARTMENT,
	IN_BRANCH_BELOW,
	IN_OTHER_BRANCH,
};

/* Roles of the test: scopes, states, actions and field rights that no shipped role has (yet). */
#define WORLD_ROLES 4
extern const char *const world_roles[WORLD_ROLES];

/* What rules ask of a field's value, or with field NULL of the entity's rows; *found false: nothing. */
const char *world_hint(const struct entity *entity, const struct field *field, bool *found);

/* By its name; the row that a line or an anchored record hangs on. */
const struct entity *world_entity(const struct world *world, const char *name);
struct world_row *world_anchor(const struct world *world, const struct world_row *row);

/* Set-up first, then customers, what names them, and lines last: references are there by then. */
void world_store_rows(struct world *world);
/* The readers with their roles and rights, and the others. */
void world_store_people(struct world *world);
/* The customer that all readers belong to; it counts for a role whose scope is the company. */
void world_store_company(struct world *world);
/* What is shared with readers. */
void world_store_shares(struct world *world);

#endif
