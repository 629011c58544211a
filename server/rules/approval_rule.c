/*
 * 审批规则: a rule must name an entity, an action and fields that exist, a condition that can be
 * understood, and steps that say whom they mean.
 */
#include "server/entity/fields.h"
#include "server/record/filter.h"
#include "server/record/rule.h"

#include <string.h>

static bool
approval_rule_has_action(const struct entity *entity, const char *name)
{
	static const char *const general[] = { "save", "create", "change", "delete", "restore",
		"export", "bulk" };

	for (size_t i = 0; i < sizeof(general) / sizeof(general[0]); i++)
		if (strcmp(general[i], name) == 0)
			return true;
	for (const struct action *action = entity->actions; action != NULL && action->name != NULL;
	     action++)
		if (strcmp(action->name, name) == 0)
			return true;
	return false;
}

static bool
approval_rule_has_field(struct call *call, const struct entity_view *entity, const char *name)
{
	const struct entity_view *line = catalog_entity_named(call->catalog, name);

	return entity_field_named(entity, name) != NULL ||
	    (line != NULL && line->def->kind == ENTITY_LINE &&
		strcmp(line->def->parent, entity->def->name) == 0);
}

static enum err
approval_rule_check_fields(struct call *call, struct record *rule, const struct entity_view *entity)
{
	char *copy = arena_strdup(call->arena, record_text(rule, F_approval_rule_fields));
	char *save = NULL;

	for (char *name = strtok_r(copy, " ", &save); name != NULL; name = strtok_r(NULL, " ", &save))
		if (!approval_rule_has_field(call, entity, name))
			return CALL_FAIL(call, ERR_NO_SUCH_FIELD, .entity = E_approval_rule,
			    .field = F_approval_rule_fields,
			    .text = arena_printf(call->arena,
				call_say(call, "There is no field \"%s\"", "没有字段“%s”"), name));
	return ERR_OK;
}

static enum err
approval_rule_check_condition(
    struct call *call, struct record *rule, const struct entity_view *entity)
{
	struct filter filter;
	enum err err = filter_bind(call, entity, record_text(rule, F_approval_rule_condition),
	    sql_new(call->arena), &filter);

	if (err != ERR_OK) {
		call->failure.entity = E_approval_rule;
		call->failure.field = F_approval_rule_condition;
		return err;
	}
	if (filter.words[0] != '\0')
		return CALL_FAIL(call, ERR_QUERY, .entity = E_approval_rule,
		    .field = F_approval_rule_condition,
		    .text = call_say(call, "A condition needs fields, such as level:A",
			"条件须指定字段，如 级别:A"));
	return ERR_OK;
}

static enum err
approval_rule_check_step(struct call *call, const struct record *step)
{
	const char *kind = record_text(step, F_approval_rule_step_kind);
	int64_t level = record_number(step, F_approval_rule_step_level);
	struct failure failure = { .err = ERR_REQUIRED, .entity = E_approval_rule_step,
		.line = step->id };

	if (strcmp(kind, "person") == 0 && record_number(step, F_approval_rule_step_user_id) == 0)
		failure.field = F_approval_rule_step_user_id;
	else if (strcmp(kind, "role") == 0 && record_number(step, F_approval_rule_step_role_id) == 0)
		failure.field = F_approval_rule_step_role_id;
	else if (strncmp(kind, "superior", 8) == 0 && (level < 1 || level > 10)) {
		failure.field = F_approval_rule_step_level;
		failure.err = ERR_INVALID;
		failure.text = call_say(call, "From the first to the tenth", "应在 1 到 10 之间");
	}
	return failure.field != 0 ? call_fail(call, failure) : ERR_OK;
}

static enum err
approval_rule_before_save(struct call *call, struct record *rule)
{
	const struct entity_view *entity =
	    catalog_entity_named(call->catalog, record_text(rule, F_approval_rule_entity));
	size_t steps = 0;
	enum err err;

	if (entity == NULL || entity->def->number == E_approval ||
	    (entity->def->kind != ENTITY_ACTIVITY && entity->def->kind != ENTITY_SETUP))
		return CALL_FAIL(call, ERR_NO_SUCH_ENTITY, .entity = E_approval_rule,
		    .field = F_approval_rule_entity);
	if (!approval_rule_has_action(entity->def, record_text(rule, F_approval_rule_action)))
		return CALL_FAIL(call, ERR_NO_SUCH_ACTION, .entity = E_approval_rule,
		    .field = F_approval_rule_action);
	err = approval_rule_check_fields(call, rule, entity);
	if (err == ERR_OK)
		err = approval_rule_check_condition(call, rule, entity);
	for (size_t i = 0; err == ERR_OK && i < rule->line_count; i++) {
		if (rule->lines[i]->removed)
			continue;
		steps++;
		err = approval_rule_check_step(call, rule->lines[i]);
	}
	if (err == ERR_OK && steps == 0 && record_number(rule, F_approval_rule_active) != 0)
		return CALL_FAIL(call, ERR_REQUIRED, .entity = E_approval_rule,
		    .field = F_approval_rule_active,
		    .text = call_say(call, "A rule in force needs at least one step",
			"启用的规则至少要有一个步骤"));
	return err;
}

const struct rule rules_approval_rule[] = {
	{ .hook = HOOK_BEFORE_SAVE, .run = approval_rule_before_save },
	{ 0 },
};
