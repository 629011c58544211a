/*
 * Act: a named action of an entity. State, arguments and rights come from the catalogue; what
 * it does is a rule.
 */
#include "server/record/store_tree.h"

#include "common/text.h"
#include "server/entity/dictionary.h"
#include "server/record/answer.h"
#include "server/record/write.h"

#include <string.h>

static const struct action *
act_find(const struct entity *def, const char *name)
{
	for (const struct action *action = def->actions; name != NULL && action != NULL && action->name;
	     action++)
		if (strcmp(action->name, name) == 0)
			return action;
	return NULL;
}

static enum err
act_take_arguments(struct call *call, const Kehu__Act *act, const struct action *action,
    struct value **result)
{
	size_t count = 0;
	struct value *values;

	while (action->arguments != NULL && action->arguments[count].number != 0)
		count++;
	values = ARENA_ARRAY(call->arena, struct value, count + 1);
	for (size_t i = 0; i < act->n_arguments; i++) {
		size_t at = 0;
		enum err err;

		while (at < count && action->arguments[at].number != act->arguments[i]->field)
			at++;
		if (at == count)
			return CALL_FAIL(call, ERR_NO_SUCH_FIELD, .field = act->arguments[i]->field);
		err = value_from_wire(call, &action->arguments[at], act->arguments[i], &values[at]);
		if (err != ERR_OK)
			call_also(call, (struct failure){ .err = err, .field = action->arguments[at].number });
	}
	for (size_t at = 0; at < count; at++)
		if ((action->arguments[at].flags & FIELD_REQUIRED) != 0 && !values[at].present)
			call_also(call, (struct failure){ .err = ERR_REQUIRED,
			    .field = action->arguments[at].number });
	*result = values;
	return call->failure.err;
}

/* The state as people read it, for "not from here". */
static enum err
act_refuse_state(struct call *call, const struct record *record, const struct action *action,
    const struct field *field)
{
	const char *label = value_show(call, record->entity->def, field,
	    record_value(record, field->number));

	if (label[0] == '\0') /* hidden from this reader */
		return CALL_FAIL(call, ERR_WRONG_STATE, .entity = record->entity->def->number);
	return CALL_FAIL(call, ERR_WRONG_STATE, .entity = record->entity->def->number,
	    .field = field->number,
	    .text = arena_printf(call->arena,
		call_say(call, "%s is not possible: the state is %s", "不能%s：当前状态为%s"),
		call_say(call, action->en, action->zh), label));
}

static enum err
act_do(struct call *call, struct record *record, const struct write *write)
{
	const struct entity_view *entity = record->entity;
	const struct action *action = write->action;
	const struct field *state = entity_field_named(entity, entity->def->state_field);
	struct value *arguments = NULL;
	enum err err;

	if (action->from != NULL &&
	    !text_has_word(action->from, record_text(record, state->number)))
		return act_refuse_state(call, record, action, state);
	err = act_take_arguments(call, write->frame->act, action, &arguments);
	if (err != ERR_OK)
		return err;
	record->old = arena_memdup(call->arena, record->values,
	    entity->field_count * sizeof(*record->values));
	record->acting = true;
	err = write->rule->act(call, record, arguments);
	if (err != ERR_OK || write->rule->stores)
		return err;
	if (action->to != NULL)
		record_set_text(record, state->number, action->to);
	return record_save(call, record);
}

/* An action that makes records of other entities writes them by the reader's own arms. */
static void
act_scope_made(struct call *call, const struct rule *rule)
{
	char *copy = arena_strdup(call->arena, rule->makes != NULL ? rule->makes : "");
	char *save = NULL;

	for (char *name = strtok_r(copy, " ", &save); name != NULL; name = strtok_r(NULL, " ", &save)) {
		const struct entity_view *made = catalog_entity_named(call->catalog, name);

		call_scope_references(call, made);
		call_scope(call, made->def, RIGHT_CREATE);
	}
}

enum err
act_prepare(struct call *call, struct write *write)
{
	const Kehu__Act *act = write->frame->act;
	enum err err = call_entity(call, act->entity, RIGHT_VIEW, &write->entity);

	if (err != ERR_OK)
		return err;
	write->action = act_find(write->entity->def, act->action);
	write->rule =
	    write->action != NULL ? rule_action(write->entity->def, write->action->name) : NULL;
	if (write->rule == NULL || act->id <= 0)
		return CALL_FAIL(call, ERR_NO_SUCH_ACTION, .entity = act->entity);
	write->right = write->rule->right != 0 ? write->rule->right : RIGHT_ACT;
	if (!access_acts(call->user, write->entity->def, write->right, write->action->name))
		return CALL_FAIL(call, ERR_FORBIDDEN, .entity = act->entity);
	act_scope_made(call, write->rule);
	return ERR_OK;
}

enum err
act_run(struct call *call, const struct write *write)
{
	const Kehu__Act *act = write->frame->act;
	const struct action *action = write->action;
	struct record *record;
	enum err err;

	call->opening = write->rule->opens;
	err = write->rule->reads ?
	    record_read(call, write->entity, act->id, RIGHT_VIEW, true, false, &record) :
	    record_read_to_change(call, write->entity, act->id, &record);
	call->opening = false;
	if (err != ERR_OK)
		return err;
	if (record == NULL || record->deleted)
		return CALL_FAIL(call, ERR_NO_SUCH_RECORD, .entity = act->entity);
	if (act->has_version && act->version != record->version) {
		call->current_version = record->version;
		return CALL_FAIL(call, ERR_CONFLICT, .entity = act->entity);
	}
	err = record_may(call, record, write->right, action->name);
	if (err == ERR_OK)
		err = act_do(call, record, write);
	if (err == ERR_OK)
		answer_written(call, write->entity->def, record->id, record->version, action->name,
		    call->written_text != NULL ? call->written_text :
						 call_say(call, action->en, action->zh));
	if (err == ERR_OK && call->done_job != 0) {
		call->answer.written->has_job = true;
		call->answer.written->job = call->done_job;
	}
	return err;
}
