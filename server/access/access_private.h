/*
 * Inside the access core: the snapshot as it is loaded (access_load.c, access_setup.c) and asked
 * (access.c). Nobody else looks into it.
 */
#ifndef KEHU_ACCESS_PRIVATE_H
#define KEHU_ACCESS_PRIVATE_H

#include "server/access/views.h"
#include "server/store/store.h"

#include <stdatomic.h>

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

/* Order by the int64_t that a struct begins with. */
int access_compare_id(const void *a, const void *b);
bool arms_has(const int64_t *ids, size_t count, int64_t id);
/* Adds rights and scopes of one more grant to a sum. */
void access_add_grant(struct grant_sum *sum, const struct grant *grant);

/* "SELECT id, label, key, parent, branch, department" of a set-up entity; and into the snapshot, by
 * the catalogue's order of entities (NULL: not a set-up one). */
void access_queue_setup(struct store *store, struct arena *arena, const struct entity_view *view,
    struct rows **rows);
void access_load_setups(struct access *access, struct rows *const *rows);

#endif
