/*
 * 角色: each line must name what exists, and a grant a scope that its entity has. Nobody changes what a
 * role of their own gives: rights come from somebody else. A role that somebody has stays.
 */
#include "common/text.h"
#include "server/entity/dictionary.h"
#include "server/entity/fields.h"
#include "server/access/roles.h"
#include "server/record/rule.h"

#include <inttypes.h>
#include <string.h>

#define RIGHTS_ALL 511

static enum err
role_refuse(struct call *call, const struct record *line, uint32_t field, const char *text)
{
	return CALL_FAIL(call, ERR_INVALID, .entity = line->entity->def->number, .field = field,
	    .line = line->id, .text = text);
}

/* The entity that a line names; lines of a record go with it. */
static const struct entity_view *
role_entity(struct call *call, const struct record *line, uint32_t field)
{
	const struct entity_view *entity =
	    catalog_entity_named(call->catalog, record_text(line, field));

	if (entity == NULL)
		call_also(call, (struct failure){ .err = ERR_NO_SUCH_ENTITY,
		    .entity = line->entity->def->number, .field = field, .line = line->id });
	return entity;
}

/* Own, team, department and branch are of activities; a company's, of what names a customer. */
static bool
role_scope_fits(const struct entity *def, enum scope scope)
{
	if (scope == SCOPE_NONE)
		return false;
	if (def->kind == ENTITY_SETUP)
		return scope == SCOPE_ALL;
	return scope != SCOPE_COMPANY || entity_company_column(def) != NULL;
}

static bool
role_state_known(struct call *call, const struct entity_view *entity, const char *state)
{
	const struct field *field = entity_field_named(entity, entity->def->state_field);

	return field != NULL &&
	       dictionary_item(catalog_dictionary(call->catalog, field->dict), state) != NULL;
}

static bool
role_action_known(
    struct call *call, const struct entity_view *entity, const char *name)
{
	(void)call;
	if (strcmp(name, "none") == 0)
		return true;
	for (const struct action *action = entity->def->actions;
	     action != NULL && action->name != NULL; action++)
		if (strcmp(action->name, name) == 0)
			return true;
	return false;
}

/* Each of the space-separated words must be one that the entity knows. */
static enum err
role_check_words(struct call *call, const struct record *line, uint32_t field,
    const struct entity_view *entity,
    bool (*known)(struct call *call, const struct entity_view *entity, const char *word))
{
	char *copy = arena_strdup(call->arena, record_text(line, field)), *save = NULL;

	for (char *word = strtok_r(copy, " ", &save); word; word = strtok_r(NULL, " ", &save))
		if (!known(call, entity, word))
			return role_refuse(call, line, field,
			    arena_printf(call->arena,
				call_say(call, "%s has no \"%s\"", "%s没有“%s”"),
				call_say(call, entity->def->en, entity->def->zh),
				text_print(call->arena, word, TEXT_LINE)));
	return ERR_OK;
}

static enum err
role_check_grant(struct call *call, const struct record *line)
{
	const struct entity_view *entity = role_entity(call, line, F_role_grant_entity);
	int64_t rights = record_number(line, F_role_grant_rights);
	enum err err;

	if (entity == NULL)
		return ERR_NO_SUCH_ENTITY;
	if (entity->def->kind == ENTITY_LINE)
		return role_refuse(call, line, F_role_grant_entity,
		    call_say(call, "Lines go with their record; grant that", "明细随主记录授权，请对主记录授权"));
	if (!role_scope_fits(entity->def, scope_named(record_text(line, F_role_grant_scope))))
		return role_refuse(call, line, F_role_grant_scope,
		    arena_printf(call->arena,
			call_say(call, "%s has no such scope", "%s没有此数据范围"),
			call_say(call, entity->def->en, entity->def->zh)));
	if (rights <= 0 || rights > RIGHTS_ALL)
		return role_refuse(call, line, F_role_grant_rights, NULL);
	err = role_check_words(call, line, F_role_grant_states, entity, role_state_known);
	if (err == ERR_OK)
		err = role_check_words(
		    call, line, F_role_grant_actions, entity, role_action_known);
	return err;
}

/* A custom field that waits for its column may have its rights before it has values. */
static enum err
role_check_waiting_field(struct call *call, const struct record *line)
{
	struct sql *sql = sql_new(call->arena);
	struct rows *rows;
	enum err err;

	sql_add(sql, "SELECT catalog_field_defined(");
	sql_text(sql, arena_printf(call->arena, "%s.%s", record_text(line, F_role_field_entity),
			  record_text(line, F_role_field_field)));
	sql_add(sql, ")");
	err = store_as_rule(call, sql, &rows);
	if (err == ERR_OK && !rows_bool(rows, 0, 0))
		err = CALL_FAIL(call, ERR_NO_SUCH_FIELD, .entity = E_role_field,
		    .field = F_role_field_field, .line = line->id);
	return err;
}

static enum err
role_check_field(struct call *call, const struct record *line)
{
	const struct entity_view *entity = role_entity(call, line, F_role_field_entity);
	const char *name = record_text(line, F_role_field_field);
	const struct field *field;

	if (entity == NULL)
		return ERR_NO_SUCH_ENTITY;
	if (strcmp(name, "*") == 0)
		return ERR_OK;
	field = entity_field_named(entity, name);
	if (field == NULL)
		return role_check_waiting_field(call, line);
	if ((field->flags & FIELD_HIDDEN) != 0)
		return CALL_FAIL(call, ERR_NO_SUCH_FIELD, .entity = E_role_field,
		    .field = F_role_field_field, .line = line->id);
	return ERR_OK;
}

static bool
role_line_changes(const struct record *line)
{
	if (line->removed || line->is_new)
		return true;
	for (size_t i = 0; i < line->entity->field_count; i++)
		if (line->changed[i])
			return true;
	return false;
}

static bool
role_is_held(const struct call *call, const struct record *role)
{
	const char *const *names;
	size_t count = access_user_roles(call->arena, call->user, &names);
	const struct value *name = &role->old[record_position(role->entity, F_role_name)];

	for (size_t i = 0; i < count; i++)
		if (strcmp(names[i], name->text) == 0)
			return true;
	return false;
}

static enum err
role_before_save(struct call *call, struct record *role)
{
	bool held = !role->is_new && role_is_held(call, role);

	for (size_t i = 0; i < role->line_count; i++) {
		const struct record *line = role->lines[i];
		enum err err = ERR_OK;

		if (!role_line_changes(line))
			continue;
		if (held)
			return CALL_FAIL(call, ERR_OWN_RIGHTS, .entity = E_role);
		if (!line->removed && line->entity->def->number == E_role_grant)
			err = role_check_grant(call, line);
		else if (!line->removed && line->entity->def->number == E_role_field)
			err = role_check_field(call, line);
		if (err != ERR_OK)
			return err;
	}
	return ERR_OK;
}

/* Says who has it: the first few by name. */
static enum err
role_before_delete(struct call *call, struct record *role)
{
	struct sql *sql = sql_new(call->arena);
	struct rows *rows;
	enum err err;

	sql_add(sql, "SELECT holders, labels FROM kehu_role_holders(");
	sql_int(sql, role->id);
	sql_add(sql, ")");
	err = store_as_rule(call, sql, &rows);
	if (err != ERR_OK || rows_int(rows, 0, 0) == 0)
		return err;
	return CALL_FAIL(call, ERR_IN_USE, .entity = E_role,
	    .text = arena_printf(call->arena,
		call_say(call, "%" PRId64 " have this role: %s%s", "有 %" PRId64 " 人持有此角色：%s%s"),
		rows_int(rows, 0, 0), rows_text(rows, 0, 1), rows_int(rows, 0, 0) > 5 ? "…" : ""));
}

const struct rule rules_role[] = {
	{ .hook = HOOK_BEFORE_SAVE, .run = role_before_save },
	{ .hook = HOOK_BEFORE_DELETE, .run = role_before_delete },
	{ 0 },
};
