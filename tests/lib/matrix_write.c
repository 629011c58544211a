/* Every way to change a record: creating, editing, deleting, restoring, each of its actions. */
#include "tests/lib/matrix.h"

#include <string.h>

void
matrix_check_write(size_t reader, const struct ask *ask, const struct wire_answer *answer)
{
	bool done = answer->err == ERR_OK && ask->expected == EVAL_OK;
	uint32_t number = ask->entity->number;

	matrix_check_error(reader, ask, answer);
	done |= ask->expected == EVAL_OK && matrix_may_refuse(reader, ask, answer->err);
	for (size_t i = 0; ask->entity->actions != NULL && ask->entity->actions[i].name != NULL;
	     i++)
		if (strcmp(ask->entity->actions[i].name, ask->what) == 0) {
			matrix.met[number].acted[i] |= done;
			matrix.met[number].refused[i] |= ask->expected != EVAL_OK;
		}
	matrix.met[number].created |= done && strcmp(ask->what, "create") == 0;
	matrix.met[number].edited |= done && strcmp(ask->what, "edit") == 0;
	matrix.met[number].deleted |= done && strcmp(ask->what, "delete") == 0;
	matrix.met[number].restored |= done && strcmp(ask->what, "restore") == 0;
}

/* A field that the reader may change: the first that is neither asked by rules nor ownership.
 */
static const struct field *
matrix_editable(const struct eval_user *user, const struct entity_view *view)
{
	for (size_t i = 0; i < view->field_count; i++) {
		const struct field *field = view->fields[i];

		if ((field->flags &
			(FIELD_READONLY | FIELD_FIGURE | FIELD_UNIQUE | FIELD_HIDDEN)) == 0 &&
		    (field->type == TYPE_TEXT || field->type == TYPE_BLOCK ||
			field->type == TYPE_LINK || field->type == TYPE_INT) &&
		    (field->flags & FIELD_NUMBERED) == 0 &&
		    strcmp(field->name, "entity") != 0 && strcmp(field->name, "action") != 0 &&
		    eval_field(&matrix.world->facts, user, view->def, field) == EVAL_CLEAR)
			return field;
	}
	return NULL;
}

/* What may be done to the reader's own and to what there is one of is all done. */
static bool
matrix_leaves_out_write(const struct asks *asks, const char *what, const struct world_row *row,
    enum eval_answer expected)
{
	if (expected == EVAL_NO_ENTITY || expected == EVAL_NO_RECORD)
		return matrix_leaves_out(asks, what, row->row.id, 2 * ALIKE);
	return (expected != EVAL_OK ||
		   (row->place >= PLACE_DEPARTMENT && row->place < PLACE_COMMON)) &&
	       matrix_leaves_out(asks, what, row->row.id, ALIKE);
}

static void
matrix_ask_edit(struct asks *asks, const struct world_row *row)
{
	const struct eval_user *user = matrix_user(asks);
	const struct field *field = matrix_editable(user, matrix_view(row->row.entity));
	enum eval_answer expected =
	    eval_change(&matrix.world->facts, user, &row->row, EVAL_EDIT, NULL);
	struct world_value value;
	Kehu__Record *record;
	struct ask *ask;

	if (!row->made || /* of the system's own set-up */
	    matrix_leaves_out_write(asks, "edit", row, expected))
		return;
	record = matrix_ask_save(asks, "edit", row->row.entity, row, expected, &ask);
	ask->check = matrix_check_write;
	if (field != NULL) {
		value = world_new_value(matrix.world, field, asks->reader, field->number);
		record->values[record->n_values++] = matrix_value(asks->arena, field, &value);
	}
	matrix_rehearse(asks, ask);
}

static void
matrix_ask_remove(struct asks *asks, const struct world_row *row, bool restore)
{
	const struct eval_user *user = matrix_user(asks);
	enum eval_answer expected = eval_change(
	    &matrix.world->facts, user, &row->row, restore ? EVAL_RESTORE : EVAL_DELETE, NULL);
	const char *what = restore ? "restore" : "delete";
	struct ask *ask;

	if (matrix_leaves_out_write(asks, what, row, expected))
		return;
	ask = matrix_ask(asks, what, row->row.entity, row, expected);
	ask->check = matrix_check_write;
	if (restore) {
		Kehu__Restore *wire = ARENA_NEW(asks->arena, Kehu__Restore);

		kehu__restore__init(wire);
		matrix_intention(asks->arena, &wire->has_intention, &wire->intention);
		wire->has_entity = wire->has_id = true;
		wire->entity = row->row.entity->number;
		wire->id = row->row.id;
		ask->frame->request_case = KEHU__CLIENT_FRAME__REQUEST_RESTORE;
		ask->frame->restore = wire;
	} else {
		Kehu__Delete *wire = ARENA_NEW(asks->arena, Kehu__Delete);

		kehu__delete__init(wire);
		matrix_intention(asks->arena, &wire->has_intention, &wire->intention);
		wire->has_entity = wire->has_id = true;
		wire->entity = row->row.entity->number;
		wire->id = row->row.id;
		ask->frame->request_case = KEHU__CLIENT_FRAME__REQUEST_DELETE;
		ask->frame->delete_ = wire;
	}
	matrix_rehearse(asks, ask);
}

static void
matrix_ask_act(struct asks *asks, const struct world_row *row, const struct action *action)
{
	const struct eval_user *user = matrix_user(asks);
	const struct entity *entity = row->row.entity;
	enum eval_answer expected = eval_change(
	    &matrix.world->facts, user, &row->row, eval_action_right(entity, action->name), action);
	struct ask *ask;
	Kehu__Act *act;

	if (matrix_leaves_out_write(asks, action->name, row, expected))
		return;
	ask = matrix_ask(asks, action->name, entity, row, expected);
	act = ARENA_NEW(asks->arena, Kehu__Act);
	ask->check = matrix_check_write;
	kehu__act__init(act);
	matrix_intention(asks->arena, &act->has_intention, &act->intention);
	act->has_entity = act->has_id = true;
	act->entity = entity->number;
	act->id = row->row.id;
	act->action = arena_strdup(asks->arena, action->name);
	act->arguments = ARENA_ARRAY(asks->arena, Kehu__Value *, 20);
	for (const struct field *argument = action->arguments;
	     argument != NULL && argument->number != 0; argument++) {
		struct world_value value =
		    world_new_value(matrix.world, argument, asks->reader, argument->number);

		if (argument->flags & FIELD_REQUIRED)
			act->arguments[act->n_arguments++] =
			    matrix_value(asks->arena, argument, &value);
	}
	ask->frame->request_case = KEHU__CLIENT_FRAME__REQUEST_ACT;
	ask->frame->act = act;
	matrix_rehearse(asks, ask);
}

/* A new record with what it must have, for oneself or for a colleague. */
static void
matrix_ask_create(struct asks *asks, const struct entity *entity, bool assign)
{
	const struct eval_user *user = matrix_user(asks);
	const struct entity_view *view = matrix_view(entity);
	const struct field *owner = entity_field_named(view, "owner_id");
	enum eval_answer expected = eval_entity(&matrix.world->facts, user, entity, EVAL_CREATE);
	const struct world_row *like = world_find(matrix.world, entity,
	    entity->kind == ENTITY_ACTIVITY ? PLACE_OWN : PLACE_COMMON, asks->reader);
	Kehu__Record *record;
	struct ask *ask;

	if (assign &&
	    (owner == NULL || owner->flags & FIELD_READONLY || entity->kind != ENTITY_ACTIVITY))
		return;
	/* Who may not change the field at all is asked with the other fields. */
	if (assign && eval_field(&matrix.world->facts, user, entity, owner) == EVAL_READONLY)
		return;
	record = matrix_ask_save(
	    asks, assign ? "create for another" : "create", entity, NULL, expected, &ask);
	ask->check = matrix_check_write;
	for (size_t i = 0; like != NULL && i < view->field_count; i++) {
		const struct field *field = view->fields[i];
		struct world_value value = world_value(matrix.world, like, field);
		const struct world_row *target = world_target(matrix.world, like, field);

		if ((field->flags & FIELD_REQUIRED) == 0 ||
		    (field->flags & FIELD_READONLY) != 0 || field == owner ||
		    eval_field(&matrix.world->facts, user, entity, field) == EVAL_READONLY)
			continue;
		if (target != NULL && expected == EVAL_OK &&
		    !eval_sees(&matrix.world->facts, user, &target->row))
			ask->expected = EVAL_NO_RECORD;
		if (target == NULL && (field->flags & FIELD_UNIQUE) != 0)
			value = world_new_value(matrix.world, field, asks->reader, entity->number);
		record->values[record->n_values++] = matrix_value(asks->arena, field, &value);
	}
	if (assign) {
		const struct world_row *of = world_find(matrix.world, entity, PLACE_DEPARTMENT, 0);
		struct world_value value = { .present = true, .number = of->row.owner };

		record->values[record->n_values++] = matrix_value(asks->arena, owner, &value);
		if (ask->expected == EVAL_OK)
			ask->expected = eval_create(&matrix.world->facts, user, &of->row);
	} else if (like != NULL && ask->expected == EVAL_OK) {
		ask->expected = eval_create(&matrix.world->facts, user, &like->row);
	}
	matrix_rehearse(asks, ask);
}

void
matrix_ask_writing(struct asks *asks, const struct entity *entity)
{
	const struct world_row *row;
	size_t at = 0;

	matrix_ask_create(asks, entity, false);
	matrix_ask_create(asks, entity, true);
	while ((row = matrix_next(asks, entity, &at)) != NULL) {
		matrix_ask_edit(asks, row);
		matrix_ask_remove(asks, row, false);
		matrix_ask_remove(asks, row, true);
		for (const struct action *action = entity->actions;
		     action != NULL && action->name != NULL; action++)
			matrix_ask_act(asks, row, action);
	}
}
