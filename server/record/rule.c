/*
 * The machine behind hooks and actions.
 */
#include "server/record/rule.h"

#include "common/log.h"
#include "server/record/message.h"
#include "server/record/share.h"

#include <string.h>

#define RULES(name) extern const struct rule rules_##name[];
#include "server/rule_list.inc"
#undef RULES

static const struct {
	const char *entity;
	const struct rule *rules;
} rule_tables[] = {
#define RULES(name) { #name, rules_##name },
#include "server/rule_list.inc"
#undef RULES
};

const struct rule *
rule_table(const struct entity *entity)
{
	for (size_t i = 0; i < sizeof(rule_tables) / sizeof(rule_tables[0]); i++)
		if (strcmp(rule_tables[i].entity, entity->name) == 0)
			return rule_tables[i].rules;
	return NULL;
}

bool
rule_has_hook(const struct entity *entity, enum hook hook)
{
	const struct rule *rules = rule_table(entity);

	for (; rules != NULL && (rules->run != NULL || rules->act != NULL); rules++)
		if (rules->hook == hook)
			return true;
	return false;
}

enum err
rule_run_hooks(struct call *call, enum hook hook, struct record *record)
{
	const struct rule *rules = rule_table(record->entity->def);

	for (; rules != NULL && (rules->run != NULL || rules->act != NULL); rules++) {
		enum err err;

		if (rules->hook != hook)
			continue;
		err = rules->run(call, record);
		if (err != ERR_OK)
			return err;
	}
	return ERR_OK;
}

bool
rule_takes_many(const struct entity *entity)
{
	const struct rule *rules = rule_table(entity);

	for (; rules != NULL && (rules->run != NULL || rules->act != NULL); rules++)
		if (rules->hook == HOOK_DEFAULTS || rules->hook == HOOK_AFTER_SAVE ||
		    (rules->hook == HOOK_BEFORE_SAVE && rules->many == NULL))
			return false;
	return true;
}

enum err
rule_run_many(struct call *call, const struct entity *entity, struct record *const *records,
    size_t count, struct failure *refused)
{
	const struct rule *rules = rule_table(entity);
	enum err err = ERR_OK;

	for (; rules != NULL && (rules->run != NULL || rules->act != NULL) && err == ERR_OK; rules++)
		if (rules->hook == HOOK_BEFORE_SAVE)
			err = rules->many(call, records, count, refused);
	return err;
}

static bool
rule_declares(const struct entity *entity, const char *name)
{
	for (const struct action *action = entity->actions; action != NULL && action->name != NULL;
	     action++)
		if (strcmp(action->name, name) == 0)
			return true;
	return false;
}

const struct rule *
rule_action(const struct entity *entity, const char *action)
{
	const struct rule *rules = rule_table(entity);

	for (; rules != NULL && (rules->run != NULL || rules->act != NULL); rules++)
		if (rules->action != NULL && strcmp(rules->action, action) == 0)
			return rules;
	if (!rule_declares(entity, action))
		return NULL;
	rules = share_rule(action);
	return rules != NULL ? rules : message_rule(action);
}

enum err
rule_refuse_circle(struct call *call, const struct record *record, uint32_t parent)
{
	const struct entity *def = record->entity->def;
	int64_t above = record_number(record, parent), *below;
	size_t count;

	if (record->is_new || above == 0 || !record_changed(record, parent))
		return ERR_OK;
	count = access_setup_below(call->access, call->arena, def->number, record->id, &below);
	for (size_t i = 0; i < count; i++)
		if (below[i] == above)
			return CALL_FAIL(call, ERR_CIRCLE, .entity = def->number, .field = parent);
	return ERR_OK;
}

enum err
rule_check(const char **why)
{
	for (size_t e = 0; entity_shipped[e] != NULL; e++) {
		const struct action *actions = entity_shipped[e]->actions;

		for (; actions != NULL && actions->name != NULL; actions++)
			if (rule_action(entity_shipped[e], actions->name) == NULL) {
				*why = actions->name;
				return ERR_CONFIG;
			}
	}
	for (size_t i = 0; i < sizeof(rule_tables) / sizeof(rule_tables[0]); i++) {
		const struct entity *entity = NULL;

		for (size_t e = 0; entity == NULL && entity_shipped[e] != NULL; e++)
			if (strcmp(entity_shipped[e]->name, rule_tables[i].entity) == 0)
				entity = entity_shipped[e];
		if (entity == NULL) {
			*why = rule_tables[i].entity;
			return ERR_CONFIG;
		}
	}
	return ERR_OK;
}

enum err
store_as_rule(struct call *call, const struct sql *sql, struct rows **rows)
{
	enum err err = store_run(call->store, call->arena, sql, rows);

	if (err == ERR_OK || strcmp(store_state(call->store), STATE_REFUSED) != 0)
		return err;
	/* The function's message is the name of an error that its caller can do something about. */
	for (int number = 2000; number < 4000; number++)
		if (err_known(number) &&
		    strcmp(store_message(call->store), err_name((enum err)number)) == 0)
			return CALL_FAIL(call, (enum err)number);
	return err;
}
