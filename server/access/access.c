/*
 * The access snapshot: who may do what with which rows. Users with the same roles share one
 * sum of grants; a user's departments and branches "and below" are worked out once, here.
 */
#include "server/access/access.h"

#include "common/buf.h"
#include "common/log.h"
#include "common/pinyin.h"
#include "common/text.h"
#include "server/entity/fields.h"
#include "server/store/store.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define RIGHT_BITS 9

struct grant_sum { /* of all roles of a user, on one entity */
	uint32_t rights;
	uint8_t scope[RIGHT_BITS]; /* widest scope of each right */
};

struct access_user {
	int64_t id, branch, department;
	int64_t expires_on; /* INT64_MAX: never */
	bool disabled, shared;
	const struct access *access;
	const char *const *roles;
	size_t role_count;
	const struct grant_sum *grants; /* by entity number */
	const int64_t *departments, *branches, *pools;
	size_t department_count, branch_count, pool_count;
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

size_t
access_user_roles(
    struct arena *arena, const struct access_user *user, const char *const **names)
{
	*names = arena_memdup(arena, user->roles, user->role_count * sizeof(*user->roles));
	return user->role_count;
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
	return user->grants[access_entity_number(user->access, entity)].rights;
}

struct arms
access_arms(const struct access_user *user, const struct entity *entity, enum right right)
{
	const struct grant_sum *sum = &user->grants[access_entity_number(user->access, entity)];
	struct arms arms = { .right = right };
	int bit = __builtin_ctz((unsigned)right);

	if ((sum->rights & right) == 0)
		return arms;
	if (entity->kind == ENTITY_SETUP || sum->scope[bit] >= SCOPE_ALL) {
		arms.all = true;
		return arms;
	}
	arms.own = user->id;
	if (user->shared)
		arms.shared_with = user->id;
	arms.pools = user->pools;
	arms.pool_count = user->pool_count;
	if (sum->scope[bit] >= SCOPE_BRANCH) {
		arms.branches = user->branches;
		arms.branch_count = user->branch_count;
	} else if (sum->scope[bit] >= SCOPE_DEPARTMENT) {
		arms.departments = user->departments;
		arms.department_count = user->department_count;
	}
	return arms;
}

bool
arms_none(const struct arms *arms)
{
	return !arms->all && arms->own == 0 && arms->department_count == 0 &&
	       arms->branch_count == 0 && arms->pool_count == 0 && arms->shared_with == 0;
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
	       arms_has(arms->departments, arms->department_count, department) ||
	       arms_has(arms->branches, arms->branch_count, branch) ||
	       arms_has(arms->pools, arms->pool_count, pool);
}

enum field_right
access_field(
    const struct access_user *user, const struct entity *entity, const struct field *field)
{
	(void)user;
	(void)entity;
	if (field->flags & (FIELD_HIDDEN | FIELD_RETIRED))
		return FIELD_SHOW_HIDDEN;
	if (field->flags & (FIELD_READONLY | FIELD_FIGURE))
		return FIELD_SHOW_READONLY;
	return FIELD_CLEAR;
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
	struct grant_sum *grants;
};

static void
access_add_grant(struct grant_sum *sum, uint32_t rights, uint8_t scope)
{
	sum->rights |= rights;
	for (int bit = 0; bit < RIGHT_BITS; bit++)
		if ((rights & (1u << bit)) != 0 && scope > sum->scope[bit])
			sum->scope[bit] = scope;
}

static uint8_t
access_scope(const char *code)
{
	static const char *const names[] = { "none", "own", "department", "branch", "all" };

	for (uint8_t i = 0; code != NULL && i < 5; i++)
		if (strcmp(code, names[i]) == 0)
			return i;
	return SCOPE_NONE;
}

static size_t
access_load_roles(struct access *access, const struct rows *roles, const struct rows *grants,
    struct access_role **list)
{
	struct access_role *all =
	    ARENA_ARRAY(access->arena, struct access_role, roles->count + 1);

	for (size_t i = 0; i < roles->count; i++) {
		all[i].id = rows_int(roles, i, 0);
		all[i].name = arena_strdup(access->arena, rows_text(roles, i, 1));
		all[i].grants =
		    ARENA_ARRAY(access->arena, struct grant_sum, access->entity_max + 1);
	}
	for (size_t i = 0; i < grants->count; i++) {
		int64_t role = rows_int(grants, i, 0);
		struct access_role *found =
		    bsearch(&role, all, roles->count, sizeof(*all), access_compare_id);
		const struct entity_view *entity =
		    catalog_entity_named(access->catalog, rows_text(grants, i, 1));

		/* A grant on an entity this server does not know gives nothing. */
		if (found != NULL && entity != NULL)
			access_add_grant(&found->grants[entity->def->number],
			    (uint32_t)rows_int(grants, i, 3),
			    access_scope(rows_text(grants, i, 2)));
	}
	*list = all;
	return roles->count;
}

/* Adds up the roles of each user; rows are ordered by user. */
static void
access_load_user_roles(struct access *access, const struct rows *rows,
    const struct access_role *roles, size_t role_count)
{
	struct grant_sum *none =
	    ARENA_ARRAY(access->arena, struct grant_sum, access->entity_max + 1);
	size_t at = 0;

	for (size_t u = 0; u < access->user_count; u++) {
		struct access_user *user = &access->users[u];
		const struct access_role *single = NULL;
		struct grant_sum *sum = NULL;
		size_t first;

		while (at < rows->count && rows_int(rows, at, 0) < user->id)
			at++;
		first = at;
		while (at < rows->count && rows_int(rows, at, 0) == user->id)
			at++;
		const char **names = ARENA_ARRAY(access->arena, const char *, at - first);
		for (size_t i = first; i < at; i++) {
			int64_t id = rows_int(rows, i, 1);
			const struct access_role *role =
			    bsearch(&id, roles, role_count, sizeof(*roles), access_compare_id);

			if (role == NULL)
				continue;
			names[user->role_count++] = role->name;
			if (single == NULL) {
				single = role;
				continue;
			}
			if (sum == NULL)
				sum = arena_memdup(access->arena, single->grants,
				    (access->entity_max + 1) * sizeof(*sum));
			for (uint32_t e = 0; e <= access->entity_max; e++)
				for (int bit = 0; bit < RIGHT_BITS; bit++)
					access_add_grant(&sum[e],
					    role->grants[e].rights & (1u << bit),
					    role->grants[e].scope[bit]);
		}
		user->roles = names;
		user->grants = sum != NULL ? sum : single != NULL ? single->grants : none;
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
		if (user->department != 0)
			user->department_count =
			    access_setup_below(access, access->arena, E_department,
				user->department, (int64_t **)(uintptr_t)&user->departments);
		if (user->branch != 0)
			user->branch_count = access_setup_below(access, access->arena, E_branch,
			    user->branch, (int64_t **)(uintptr_t)&user->branches);
	}
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
	struct rows *state, *users, *roles, *grants, *user_roles, *pools;
	struct access_role *role_list;
	struct access *access;
	size_t role_count;
	enum err err;

	store_read(store);
	access_queue_context(store, scratch, catalog);
	access_queue_text(store, scratch, "SELECT access_epoch FROM state", &state);
	access_queue_text(store, scratch,
	    "SELECT id, branch_id, coalesce(department_id, 0), disabled, expires_on, "
	    "EXISTS (SELECT 1 FROM record_share s WHERE s.user_id = users.id) "
	    "FROM users WHERE deleted_at IS NULL ORDER BY id",
	    &users);
	access_queue_text(store, scratch,
	    "SELECT id, name FROM role WHERE deleted_at IS NULL ORDER BY id", &roles);
	access_queue_text(store, scratch,
	    "SELECT role_id, entity, scope, rights FROM access_role_grants()", &grants);
	access_queue_text(store, scratch,
	    "SELECT user_id, role_id FROM access_user_roles() ORDER BY user_id", &user_roles);
	access_queue_text(store, scratch,
	    "SELECT user_id, member_department_id, pool_id FROM access_pool_members()", &pools);
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
	role_count = access_load_roles(access, roles, grants, &role_list);
	access_load_user_roles(access, user_roles, role_list, role_count);
	access_load_pools(access, pools);
	*result = access;
out:
	arena_free(scratch);
	return err;
}
