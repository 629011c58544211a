/*
 * The shipped roles as tables, and bringing a database up to them. Reading roles back, copies
 * and changed ones included, is access.c's job: at run time these tables count for nothing.
 */
#include "server/access/roles.h"
#include "common/pinyin.h"
#include "server/access/views.h"

#include <string.h>

#define SECOND_FACTOR(...)
#define ROLE(name_, zh_, en_, note_) { .name = #name_, .zh = zh_, .en = en_, .note = note_ },
#define EVERY(...)
#define GRANT(...)
#define SENSITIVE(...)
#define FIELD(...)
const struct role_row role_shipped[] = {
#include "server/access/roles.def"
};
#undef ROLE
#undef EVERY
#undef GRANT
#undef SENSITIVE
#undef FIELD
const size_t role_shipped_count = sizeof(role_shipped) / sizeof(role_shipped[0]);

#undef SECOND_FACTOR
#define SECOND_FACTOR(name_) #name_,
#define ROLE(...)
#define EVERY(...)
#define GRANT(...)
#define SENSITIVE(...)
#define FIELD(...)
static const char *const role_second_factor[] = {
#include "server/access/roles.def"
};
#undef SECOND_FACTOR
#undef ROLE
#undef EVERY
#undef GRANT
#undef SENSITIVE
#undef FIELD
#define SECOND_FACTOR(...)

#define VIEW    RIGHT_VIEW
#define CREATE  RIGHT_CREATE
#define EDIT    RIGHT_EDIT
#define DELETE  RIGHT_DELETE
#define RESTORE RIGHT_RESTORE
#define EXPORT  RIGHT_EXPORT
#define APPROVE RIGHT_APPROVE
#define ASSIGN  RIGHT_ASSIGN
#define ACT     RIGHT_ACT

/* How a role sees a field, or with field "*" every sensitive one of an entity and its lines. */
struct role_field_row {
	const char *role, *entity, *field;
	enum field_right show;
	bool reveal;
};

/* A row for every role has role NULL. */
#define ROLE(...)
#define SENSITIVE(...)
#define FIELD(...)
#define EVERY(entity_, rights_, scope_)                                                        \
	{ .entity = #entity_, .rights = rights_, .scope = SCOPE_##scope_ },
/* The scope, and perhaps further members: "ALL, .actions = "release"". */
#define GRANT(role_, entity_, rights_, ...)                                                    \
	{ .role = #role_, .entity = #entity_, .rights = rights_, .scope = SCOPE_##__VA_ARGS__ },
static const struct grant_row role_grants[] = {
#include "server/access/roles.def"
};
#undef EVERY
#undef GRANT
#undef SENSITIVE
#undef FIELD

/* What is for the sensitive fields of every entity has entity NULL. */
#define EVERY(...)
#define GRANT(...)
#define SENSITIVE(role_, show_, reveal_)                                                       \
	{ .role = #role_, .field = "*", .show = SHOW_##show_, .reveal = reveal_ },
#define FIELD(role_, entity_, field_, show_, reveal_)                                          \
	{ .role = #role_,                                                                      \
		.entity = #entity_,                                                            \
		.field = #field_,                                                              \
		.show = SHOW_##show_,                                                          \
		.reveal = reveal_ },
#define SHOW_CLEAR    FIELD_CLEAR
#define SHOW_READONLY FIELD_SHOW_READONLY
#define SHOW_MASKED   FIELD_SHOW_MASKED
#define SHOW_HIDDEN   FIELD_SHOW_HIDDEN
static const struct role_field_row role_fields[] = {
#include "server/access/roles.def"
};
#undef EVERY
#undef GRANT
#undef SENSITIVE
#undef FIELD
#undef ROLE

#define ROLE_FIELDS  (sizeof(role_fields) / sizeof(role_fields[0]))
#define ROLE_GRANTS  (sizeof(role_grants) / sizeof(role_grants[0]))
#define ROLE_COUNT   (sizeof(role_shipped) / sizeof(role_shipped[0]))
#define ROLE_COLUMNS (ROLE_GRANTS * ROLE_COUNT)

static const char *const scope_codes[SCOPE_COUNT] = {
	[SCOPE_NONE] = "none",
	[SCOPE_OWN] = "own",
	[SCOPE_DEPARTMENT] = "department",
	[SCOPE_BRANCH] = "branch",
	[SCOPE_ALL] = "all",
	[SCOPE_TEAM] = "team",
	[SCOPE_COMPANY] = "company",
	[SCOPE_SHARED] = "shared",
};

const char *
scope_code(enum scope scope)
{
	return scope_codes[scope];
}

enum scope
scope_named(const char *code)
{
	for (int i = 0; code != NULL && i < SCOPE_COUNT; i++)
		if (strcmp(scope_codes[i], code) == 0)
			return (enum scope)i;
	return SCOPE_NONE;
}

/* A role's own row goes before the one for every role. */
bool
role_ships(const char *role, const char *entity, struct grant_row *grant)
{
	const struct grant_row *found = NULL;

	for (size_t i = 0; i < ROLE_GRANTS; i++) {
		const struct grant_row *row = &role_grants[i];

		if (strcmp(row->entity, entity) != 0)
			continue;
		if (row->role != NULL && strcmp(row->role, role) == 0)
			found = row;
		else if (row->role == NULL && found == NULL)
			found = row;
	}
	if (found == NULL)
		return false;
	*grant = *found;
	grant->role = role;
	return true;
}

/*
 * May the entity, or one of its lines, have anything to mask? Whatever has forms may: administrators
 * add sensitive fields to it, and those are not to be clear for want of a rule.
 */
static bool
role_may_be_sensitive(const struct entity *entity)
{
	return entity->kind == ENTITY_ACTIVITY || entity->kind == ENTITY_SETUP;
}

static enum err
roles_seed_names(struct store *store, struct arena *arena)
{
	const char *name[ROLE_COUNT], *name_key[ROLE_COUNT], *label[ROLE_COUNT];
	const char *label_key[ROLE_COUNT], *note[ROLE_COUNT];
	struct sql *sql = sql_new(arena);

	for (size_t i = 0; i < ROLE_COUNT; i++) {
		const struct role_row *row = &role_shipped[i];

		name[i] = row->name;
		name_key[i] = pinyin_sort_key(arena, row->name, PINYIN_NAME);
		label[i] = arena_printf(arena, "%s %s", row->zh, row->en);
		label_key[i] = pinyin_sort_key(arena, label[i], PINYIN_NAME);
		note[i] = row->note;
	}
	sql_add(sql, "INSERT INTO role (name, name_key, label, label_key, note, second_factor) "
		     "SELECT n.name, n.name_key, n.label, n.label_key, n.note, n.name = ANY (");
	sql_texts(sql, role_second_factor,
	    sizeof(role_second_factor) / sizeof(role_second_factor[0]));
	sql_add(sql, ") FROM unnest(");
	sql_texts(sql, name, ROLE_COUNT);
	sql_add(sql, ", ");
	sql_texts(sql, name_key, ROLE_COUNT);
	sql_add(sql, ", ");
	sql_texts(sql, label, ROLE_COUNT);
	sql_add(sql, ", ");
	sql_texts(sql, label_key, ROLE_COUNT);
	sql_add(sql, ", ");
	sql_texts(sql, note, ROLE_COUNT);
	sql_add(sql,
	    ") WITH ORDINALITY AS n (name, name_key, label, label_key, note, nth) "
	    "WHERE NOT EXISTS (SELECT FROM role r WHERE r.name = n.name) ORDER BY n.nth");
	return store_run(store, arena, sql, NULL);
}

struct role_columns {
	size_t count;
	const char *role[ROLE_COLUMNS], *entity[ROLE_COLUMNS], *scope[ROLE_COLUMNS];
	const char *actions[ROLE_COLUMNS];
	int64_t rights[ROLE_COLUMNS];
};

static struct role_columns *
roles_collect(struct arena *arena)
{
	struct role_columns *columns = ARENA_NEW(arena, struct role_columns);

	for (size_t r = 0; r < ROLE_COUNT; r++) {
		for (size_t i = 0; entity_shipped[i] != NULL; i++) {
			struct grant_row grant;
			size_t at = columns->count;

			if (!role_ships(role_shipped[r].name, entity_shipped[i]->name, &grant))
				continue;
			columns->role[at] = grant.role;
			columns->entity[at] = grant.entity;
			columns->scope[at] = scope_code(grant.scope);
			columns->rights[at] = grant.rights;
			columns->actions[at] = grant.actions;
			columns->count++;
		}
	}
	return columns;
}

struct role_field_columns {
	size_t count;
	const char **role, **entity, **field, **show;
	int64_t *reveal;
};

/* Does roles.def say something of its own for the sensitive fields of one entity? */
static bool
roles_name_sensitive(const char *role, const char *entity)
{
	for (size_t i = 0; i < ROLE_FIELDS; i++)
		if (role_fields[i].entity != NULL && strcmp(role_fields[i].field, "*") == 0 &&
		    strcmp(role_fields[i].role, role) == 0 &&
		    strcmp(role_fields[i].entity, entity) == 0)
			return true;
	return false;
}

static void
roles_add_field(
    struct role_field_columns *columns, const struct role_field_row *row, const char *entity)
{
	size_t at = columns->count++;

	columns->role[at] = row->role;
	columns->entity[at] = entity;
	columns->field[at] = row->field;
	columns->show[at] = field_right_code(row->show);
	columns->reveal[at] = row->reveal;
}

static struct role_field_columns *
roles_collect_fields(struct arena *arena)
{
	struct role_field_columns *columns = ARENA_NEW(arena, struct role_field_columns);
	size_t entities = 0, max;
	struct grant_row grant;

	while (entity_shipped[entities] != NULL)
		entities++;
	max = ROLE_FIELDS * entities;
	columns->role = ARENA_ARRAY(arena, const char *, max);
	columns->entity = ARENA_ARRAY(arena, const char *, max);
	columns->field = ARENA_ARRAY(arena, const char *, max);
	columns->show = ARENA_ARRAY(arena, const char *, max);
	columns->reveal = ARENA_ARRAY(arena, int64_t, max);
	for (size_t i = 0; i < ROLE_FIELDS; i++) {
		const struct role_field_row *row = &role_fields[i];

		if (row->entity != NULL)
			roles_add_field(columns, row, row->entity);
		for (size_t e = 0; row->entity == NULL && e < entities; e++)
			if (role_ships(row->role, entity_shipped[e]->name, &grant) &&
			    role_may_be_sensitive(entity_shipped[e]) &&
			    !roles_name_sensitive(row->role, entity_shipped[e]->name))
				roles_add_field(columns, row, entity_shipped[e]->name);
	}
	return columns;
}

/* n (role, entity, scope, rights, actions, nth): what ships. */
static void
roles_put_grants(struct sql *sql, const struct role_columns *columns)
{
	sql_add(sql, "unnest(");
	sql_texts(sql, columns->role, columns->count);
	sql_add(sql, ", ");
	sql_texts(sql, columns->entity, columns->count);
	sql_add(sql, ", ");
	sql_texts(sql, columns->scope, columns->count);
	sql_add(sql, ", ");
	sql_ints(sql, columns->rights, columns->count);
	sql_add(sql, ", ");
	sql_texts(sql, columns->actions, columns->count);
	sql_add(sql, ") WITH ORDINALITY AS n (role, entity, scope, rights, actions, nth)");
}

/* n (role, entity, field, show, reveal, nth): the same of fields. */
static void
roles_put_fields(struct sql *sql, const struct role_field_columns *columns)
{
	sql_add(sql, "unnest(");
	sql_texts(sql, columns->role, columns->count);
	sql_add(sql, ", ");
	sql_texts(sql, columns->entity, columns->count);
	sql_add(sql, ", ");
	sql_texts(sql, columns->field, columns->count);
	sql_add(sql, ", ");
	sql_texts(sql, columns->show, columns->count);
	sql_add(sql, ", ");
	sql_ints(sql, columns->reveal, columns->count);
	sql_add(sql, ") WITH ORDINALITY AS n (role, entity, field, show, reveal, nth)");
}

/* ---- roles that follow what ships --------------------------------------------------------- */

/*
 * Shipped roles of the database whose lines are not those that ship. Every save by a person raises the
 * version of a role; one that has its first follows, another is its administrators' and is left alone.
 */
static enum err
roles_compare(struct store *store, struct arena *arena, const struct role_columns *grants,
    const struct role_field_columns *fields, struct roles_told *told)
{
	struct sql *sql = sql_new(arena);
	struct rows *rows;
	enum err err;

	sql_add(sql, "WITH g AS (SELECT n.role, n.entity, n.scope, n.rights, n.actions FROM ");
	roles_put_grants(sql, grants);
	sql_add(sql, "), f AS (SELECT n.role, n.entity, n.field, n.show, n.reveal <> 0 AS reveal FROM ");
	roles_put_fields(sql, fields);
	sql_add(sql,
	    "), r AS (SELECT * FROM role r WHERE r.deleted_at IS NULL AND r.name IN (SELECT g.role FROM g)),"
	    " has AS (SELECT r.name AS role, l.entity, l.scope, l.rights, nullif(l.actions, '') AS actions,"
	    " nullif(l.states, '') AS states FROM role_grant l JOIN r ON r.id = l.role_id"
	    " WHERE l.deleted_at IS NULL),"
	    " shows AS (SELECT r.name AS role, l.entity, l.field, l.show, coalesce(l.reveal, false) AS reveal"
	    " FROM role_field l JOIN r ON r.id = l.role_id WHERE l.deleted_at IS NULL),"
	    " differs AS ((SELECT role FROM (SELECT g.*, NULL::text FROM g EXCEPT SELECT * FROM has) x)"
	    " UNION (SELECT role FROM (SELECT * FROM has EXCEPT SELECT g.*, NULL::text FROM g) x)"
	    " UNION (SELECT role FROM (SELECT * FROM f EXCEPT SELECT * FROM shows) x)"
	    " UNION (SELECT role FROM (SELECT * FROM shows EXCEPT SELECT * FROM f) x))"
	    " SELECT r.name, r.version = 1 AND r.updated_by IS NULL FROM r"
	    " WHERE r.name IN (SELECT d.role FROM differs d) ORDER BY r.name");
	err = store_run(store, arena, sql, &rows);
	if (err != ERR_OK)
		return err;
	told->followed = ARENA_ARRAY(arena, const char *, rows->count + 1);
	told->left = ARENA_ARRAY(arena, const char *, rows->count + 1);
	for (size_t i = 0; i < rows->count; i++) {
		const char *name = arena_strdup(arena, rows_text(rows, i, 0));

		if (rows_bool(rows, i, 1))
			told->followed[told->followed_count++] = name;
		else
			told->left[told->left_count++] = name;
	}
	return ERR_OK;
}

/* " FROM role r WHERE …": of a line, l, of a role that follows. */
static void
roles_put_followed(struct sql *sql, const struct roles_told *told)
{
	sql_add(sql, " FROM role r WHERE r.id = l.role_id AND l.deleted_at IS NULL AND r.name = ANY (");
	sql_texts(sql, told->followed, told->followed_count);
	sql_add(sql, ")");
}

/* What ships no more, or otherwise, is taken away; what is missing is inserted with the rest. */
static enum err
roles_follow(struct store *store, struct arena *arena, const struct role_columns *grants,
    const struct role_field_columns *fields, const struct roles_told *told)
{
	static const char end[] = " SET deleted_at = now(), updated_at = now(), version = l.version + 1";
	struct sql *grant = sql_new(arena), *field = sql_new(arena);

	if (told->followed_count == 0)
		return ERR_OK;
	sql_addf(grant, "UPDATE role_grant l%s", end);
	roles_put_followed(grant, told);
	sql_add(grant, " AND NOT EXISTS (SELECT FROM ");
	roles_put_grants(grant, grants);
	sql_add(grant,
	    " WHERE n.role = r.name AND n.entity = l.entity AND n.scope = l.scope AND n.rights = l.rights"
	    " AND n.actions IS NOT DISTINCT FROM nullif(l.actions, '') AND nullif(l.states, '') IS NULL)");
	store_queue(store, grant, NULL);
	sql_addf(field, "UPDATE role_field l%s", end);
	roles_put_followed(field, told);
	sql_add(field, " AND NOT EXISTS (SELECT FROM ");
	roles_put_fields(field, fields);
	sql_add(field, " WHERE n.role = r.name AND n.entity = l.entity AND n.field = l.field"
		       " AND n.show = l.show AND (n.reveal <> 0) = coalesce(l.reveal, false))");
	return store_run(store, arena, field, NULL);
}

/* ---- lines that are missing --------------------------------------------------------------- */

/* A line that was ever there counts, save for roles that follow. */
static void
roles_put_ever(struct sql *sql, const struct roles_told *told)
{
	sql_add(sql, " AND (l.deleted_at IS NULL OR r.name <> ALL (");
	sql_texts(sql, told->followed, told->followed_count);
	sql_add(sql, "))) ORDER BY n.nth");
}

/* A grant that people took away is a deleted line, so that it does not come back. */
static enum err
roles_seed_lines(struct store *store, struct arena *arena, const struct role_columns *grants,
    const struct role_field_columns *fields, const struct roles_told *told)
{
	struct sql *grant = sql_new(arena), *field = sql_new(arena);

	sql_add(grant, "INSERT INTO role_grant (role_id, position, entity, scope, rights, actions) "
		       "SELECT r.id, n.nth, n.entity, n.scope, n.rights, n.actions FROM ");
	roles_put_grants(grant, grants);
	sql_add(grant, " JOIN role r ON r.name = n.role WHERE NOT EXISTS (SELECT FROM role_grant l "
		       "WHERE l.role_id = r.id AND l.entity = n.entity");
	roles_put_ever(grant, told);
	store_queue(store, grant, NULL);
	sql_add(field, "INSERT INTO role_field (role_id, position, entity, field, show, reveal) "
		       "SELECT r.id, n.nth, n.entity, n.field, n.show, n.reveal <> 0 FROM ");
	roles_put_fields(field, fields);
	sql_add(field, " JOIN role r ON r.name = n.role WHERE NOT EXISTS (SELECT FROM role_field l "
		       "WHERE l.role_id = r.id AND l.entity = n.entity AND l.field = n.field");
	roles_put_ever(field, told);
	return store_run(store, arena, field, NULL);
}

enum err
roles_seed(struct store *store, struct arena *arena, struct roles_told *told)
{
	const struct role_columns *grants = roles_collect(arena);
	const struct role_field_columns *fields = roles_collect_fields(arena);
	enum err err;

	*told = (struct roles_told){ 0 };
	err = roles_compare(store, arena, grants, fields, told);
	if (err == ERR_OK)
		err = roles_seed_names(store, arena);
	if (err == ERR_OK)
		err = roles_follow(store, arena, grants, fields, told);
	if (err == ERR_OK)
		err = roles_seed_lines(store, arena, grants, fields, told);
	return err == ERR_OK ? roles_seed_eyes(store, arena) : err;
}
