/*
 * The shipped roles as tables, and bringing a database up to them. Reading roles back, copies
 * and changed ones included, is access.c's job: at run time these tables count for nothing.
 */
#include "server/access/roles.h"
#include "common/pinyin.h"

#include <string.h>

#define ROLE(name_, zh_, en_, note_) { .name = #name_, .zh = zh_, .en = en_, .note = note_ },
#define EVERY(...)
#define GRANT(...)
const struct role_row role_shipped[] = {
#include "server/access/roles.def"
};
#undef ROLE
#undef EVERY
#undef GRANT
const size_t role_shipped_count = sizeof(role_shipped) / sizeof(role_shipped[0]);

#define VIEW    RIGHT_VIEW
#define CREATE  RIGHT_CREATE
#define EDIT    RIGHT_EDIT
#define DELETE  RIGHT_DELETE
#define RESTORE RIGHT_RESTORE
#define EXPORT  RIGHT_EXPORT
#define APPROVE RIGHT_APPROVE
#define ASSIGN  RIGHT_ASSIGN
#define ACT     RIGHT_ACT

/* A row for every role has role NULL. */
#define ROLE(...)
#define EVERY(entity_, rights_, scope_)                                                        \
	{ .entity = #entity_, .rights = rights_, .scope = SCOPE_##scope_ },
#define GRANT(role_, entity_, rights_, scope_)                                                 \
	{ .role = #role_, .entity = #entity_, .rights = rights_, .scope = SCOPE_##scope_ },
static const struct grant_row role_grants[] = {
#include "server/access/roles.def"
};
#undef ROLE
#undef EVERY
#undef GRANT
#define ROLE_GRANTS  (sizeof(role_grants) / sizeof(role_grants[0]))
#define ROLE_COUNT   (sizeof(role_shipped) / sizeof(role_shipped[0]))
#define ROLE_COLUMNS (ROLE_GRANTS * ROLE_COUNT)

const char *
scope_code(enum scope scope)
{
	switch (scope) {
	case SCOPE_OWN:
		return "own";
	case SCOPE_DEPARTMENT:
		return "department";
	case SCOPE_BRANCH:
		return "branch";
	case SCOPE_ALL:
		return "all";
	case SCOPE_NONE:
		break;
	}
	return "none";
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
	sql_add(sql, "INSERT INTO role (name, name_key, label, label_key, note) "
		     "SELECT n.name, n.name_key, n.label, n.label_key, n.note FROM unnest(");
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
			columns->count++;
		}
	}
	return columns;
}

/* A grant once taken away is a deleted line, so that it does not come back. */
enum err
roles_seed(struct store *store, struct arena *arena)
{
	struct role_columns *columns = roles_collect(arena);
	struct sql *sql = sql_new(arena);
	enum err err = roles_seed_names(store, arena);

	if (err != ERR_OK)
		return err;
	sql_add(sql, "INSERT INTO role_grant (role_id, position, entity, scope, rights) "
		     "SELECT r.id, n.nth, n.entity, n.scope, n.rights FROM unnest(");
	sql_texts(sql, columns->role, columns->count);
	sql_add(sql, ", ");
	sql_texts(sql, columns->entity, columns->count);
	sql_add(sql, ", ");
	sql_texts(sql, columns->scope, columns->count);
	sql_add(sql, ", ");
	sql_ints(sql, columns->rights, columns->count);
	sql_add(sql, ") WITH ORDINALITY AS n (role, entity, scope, rights, nth) "
		     "JOIN role r ON r.name = n.role "
		     "WHERE NOT EXISTS (SELECT FROM role_grant g "
		     "WHERE g.role_id = r.id AND g.entity = n.entity) ORDER BY n.nth");
	return store_run(store, arena, sql, NULL);
}
