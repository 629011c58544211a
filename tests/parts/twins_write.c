/*
 * Requests of a reader about one record, seen or not, and those that are refused.
 */
#include "common/date.h"
#include "tests/parts/twins.h"

/* ---- a record by its id, seen or not ---- */

struct twins_target {
	struct arena *arena;
	const struct entity_view *view;
	const struct world_row *row;
	const struct eval_user *user;
};

static ProtobufCBinaryData
twins_intention(struct arena *arena)
{
	struct uuid intention = uuid_new();

	return (ProtobufCBinaryData){ sizeof(intention.bytes),
		arena_memdup(arena, intention.bytes, sizeof(intention.bytes)) };
}

/* A protobuf message with the fields entity and id, which name the target. */
#define TWINS_NAME(message, target)                                                            \
	((message)->has_entity = (message)->has_id = true,                                     \
	    (message)->entity = (target)->view->def->number,                                   \
	    (message)->id = (target)->row->row.id)

static bool
twins_get(const struct twins_target *target, Kehu__ClientFrame *frame)
{
	frame->request_case = KEHU__CLIENT_FRAME__REQUEST_GET;
	frame->get = ARENA_NEW(target->arena, Kehu__Get);
	kehu__get__init(frame->get);
	TWINS_NAME(frame->get, target);
	return true;
}

static bool
twins_history(const struct twins_target *target, Kehu__ClientFrame *frame)
{
	frame->request_case = KEHU__CLIENT_FRAME__REQUEST_HISTORY;
	frame->history = ARENA_NEW(target->arena, Kehu__History);
	kehu__history__init(frame->history);
	TWINS_NAME(frame->history, target);
	return true;
}

static bool
twins_version(const struct twins_target *target, Kehu__ClientFrame *frame)
{
	frame->request_case = KEHU__CLIENT_FRAME__REQUEST_VERSION;
	frame->version = ARENA_NEW(target->arena, Kehu__Version);
	kehu__version__init(frame->version);
	TWINS_NAME(frame->version, target);
	frame->version->has_version = true;
	frame->version->version = 1 + twins_random(2);
	return true;
}

static bool
twins_why(const struct twins_target *target, Kehu__ClientFrame *frame)
{
	frame->request_case = KEHU__CLIENT_FRAME__REQUEST_WHY;
	frame->why = ARENA_NEW(target->arena, Kehu__Why);
	kehu__why__init(frame->why);
	TWINS_NAME(frame->why, target);
	return true;
}

/* Writes: what would be done must not be, so only where the evaluator says no. */
static bool
twins_refused(const struct twins_target *target, enum eval_right needs, const struct action *action)
{
	return eval_change(&world->facts, target->user, &target->row->row, needs, action) != EVAL_OK;
}

static bool
twins_save(const struct twins_target *target, Kehu__ClientFrame *frame)
{
	Kehu__Save *save = ARENA_NEW(target->arena, Kehu__Save);
	Kehu__Record *record = ARENA_NEW(target->arena, Kehu__Record);
	Kehu__Value *value = ARENA_NEW(target->arena, Kehu__Value);

	if (!twins_refused(target, EVAL_EDIT, NULL))
		return false;
	kehu__value__init(value);
	value->has_field = true;
	value->field = twins_field(target->view)->number;
	value->text = arena_strdup(target->arena, "someone");
	kehu__record__init(record);
	TWINS_NAME(record, target);
	record->has_version = true;
	record->version = 1;
	record->n_values = 1;
	record->values = ARENA_ARRAY(target->arena, Kehu__Value *, 1);
	record->values[0] = value;
	kehu__save__init(save);
	save->has_intention = true;
	save->intention = twins_intention(target->arena);
	save->record = record;
	frame->request_case = KEHU__CLIENT_FRAME__REQUEST_SAVE;
	frame->save = save;
	return true;
}

static bool
twins_delete(const struct twins_target *target, Kehu__ClientFrame *frame)
{
	if (!twins_refused(target, EVAL_DELETE, NULL))
		return false;
	frame->request_case = KEHU__CLIENT_FRAME__REQUEST_DELETE;
	frame->delete_ = ARENA_NEW(target->arena, Kehu__Delete);
	kehu__delete__init(frame->delete_);
	TWINS_NAME(frame->delete_, target);
	frame->delete_->has_intention = true;
	frame->delete_->intention = twins_intention(target->arena);
	return true;
}

static bool
twins_act(const struct twins_target *target, Kehu__ClientFrame *frame)
{
	const struct action *action = target->view->def->actions;

	while (action != NULL && action->name != NULL &&
	       !twins_refused(target, eval_action_right(target->view->def, action->name), action))
		action++;
	if (action == NULL || action->name == NULL)
		return false;
	frame->request_case = KEHU__CLIENT_FRAME__REQUEST_ACT;
	frame->act = ARENA_NEW(target->arena, Kehu__Act);
	kehu__act__init(frame->act);
	TWINS_NAME(frame->act, target);
	frame->act->has_intention = true;
	frame->act->intention = twins_intention(target->arena);
	frame->act->action = arena_strdup(target->arena, action->name);
	return true;
}

static bool (*const twins_ways[])(const struct twins_target *target, Kehu__ClientFrame *frame) = {
	twins_get, twins_history, twins_why, twins_save, twins_delete, twins_act, twins_version
};

/* In one of these ways; false: there is no such row, or it might be done. */
bool
twins_record(struct arena *arena, Kehu__ClientFrame *frame, size_t reader, uint32_t way)
{
	struct twins_target target = { .arena = arena,
		.view = twins_entity(false),
		.user = &world->readers[reader] };

	target.row = twins_row(target.view, reader);
	return target.row != NULL && twins_ways[way](&target, frame);
}

bool
twins_tree(struct arena *arena, Kehu__ClientFrame *frame, size_t reader)
{
	const struct world_row *row = twins_row(catalog_entity_named(world->catalog, "customer"), reader);

	if (row == NULL)
		return false;
	frame->request_case = KEHU__CLIENT_FRAME__REQUEST_TREE;
	frame->tree = ARENA_NEW(arena, Kehu__Tree);
	kehu__tree__init(frame->tree);
	frame->tree->has_id = true;
	frame->tree->id = row->row.id;
	return true;
}

/* Denied ones once more, as the step of a Bulk that keeps nothing. */
bool
twins_bulk(struct arena *arena, Kehu__ClientFrame *frame, size_t reader)
{
	Kehu__ClientFrame *step = ARENA_NEW(arena, Kehu__ClientFrame);
	struct uuid intention = uuid_new();

	kehu__client_frame__init(step);
	if (!twins_record(arena, step, reader, 3 + twins_random(3)))
		return false;
	if (step->request_case == KEHU__CLIENT_FRAME__REQUEST_SAVE)
		step->save->has_intention = false;
	else if (step->request_case == KEHU__CLIENT_FRAME__REQUEST_DELETE)
		step->delete_->has_intention = false;
	else
		step->act->has_intention = false;
	frame->request_case = KEHU__CLIENT_FRAME__REQUEST_BULK;
	frame->bulk = ARENA_NEW(arena, Kehu__Bulk);
	kehu__bulk__init(frame->bulk);
	frame->bulk->has_intention = frame->bulk->has_dry_run = frame->bulk->dry_run = true;
	frame->bulk->intention.data =
	    arena_memdup(arena, intention.bytes, sizeof(intention.bytes));
	frame->bulk->intention.len = sizeof(intention.bytes);
	frame->bulk->n_steps = 1;
	frame->bulk->steps = ARENA_ARRAY(arena, Kehu__ClientFrame *, 1);
	frame->bulk->steps[0] = step;
	return true;
}

/* A change of all that a query finds, tried only: what is counted and refused is of what is seen. */
void
twins_alter(struct arena *arena, Kehu__ClientFrame *frame, size_t reader)
{
	const struct entity_view *view = twins_entity(false);
	Kehu__Alter *alter = ARENA_NEW(arena, Kehu__Alter);

	kehu__alter__init(alter);
	alter->has_entity = alter->has_dry_run = alter->has_intention = true;
	alter->intention = twins_intention(arena);
	alter->entity = view->def->number;
	alter->query = arena_strdup(arena, twins_query(arena, view, reader));
	alter->dry_run = true;
	if (twins_random(3) == 0) {
		alter->what = arena_strdup(arena, "delete");
	} else {
		Kehu__Value *value = ARENA_NEW(arena, Kehu__Value);

		kehu__value__init(value);
		value->has_field = true;
		value->field = twins_field(view)->number;
		value->text = arena_strdup(arena, "someone");
		alter->what = arena_strdup(arena, "set");
		alter->n_values = 1;
		alter->values = ARENA_ARRAY(arena, Kehu__Value *, 1);
		alter->values[0] = value;
	}
	frame->request_case = KEHU__CLIENT_FRAME__REQUEST_ALTER;
	frame->alter = alter;
}

/* A masked value of what is seen may be revealed, and differs; anything else is refused. */
bool
twins_reveal(struct arena *arena, Kehu__ClientFrame *frame, size_t reader)
{
	const struct entity_view *view = twins_entity(false);
	const struct world_row *row = twins_row(view, reader);
	const struct eval_user *user = &world->readers[reader];
	const struct field *field = twins_field(view);

	if (row == NULL ||
	    (eval_open(&world->facts, user, &row->row) == EVAL_OK &&
		eval_field(&world->facts, user, view->def, field) == EVAL_MASKED))
		return false;
	frame->request_case = KEHU__CLIENT_FRAME__REQUEST_REVEAL;
	frame->reveal = ARENA_NEW(arena, Kehu__Reveal);
	kehu__reveal__init(frame->reveal);
	frame->reveal->has_entity = frame->reveal->has_id = frame->reveal->has_field = true;
	frame->reveal->entity = view->def->number;
	frame->reveal->id = row->row.id;
	frame->reveal->field = field->number;
	frame->reveal->reason = arena_strdup(arena, "twins");
	return true;
}

/* What leaves, comes in, or looks past scopes: of those who have not the right, who learn nothing. */
bool
twins_denied(struct arena *arena, Kehu__ClientFrame *frame, size_t reader, uint32_t way)
{
	const struct entity_view *view = twins_entity(false);
	const struct world_row *row = twins_row(view, reader);
	uint32_t rights = eval_rights(&world->facts, &world->readers[reader], view->def);
	struct uuid intention = uuid_new();

	switch (way) {
	case 0:
		if (rights & EVAL_EXPORT)
			return false;
		frame->request_case = KEHU__CLIENT_FRAME__REQUEST_EXPORT;
		frame->export = ARENA_NEW(arena, Kehu__Export);
		kehu__export__init(frame->export);
		frame->export->has_intention = frame->export->has_entity = true;
		frame->export->intention.data =
		    arena_memdup(arena, intention.bytes, sizeof(intention.bytes));
		frame->export->intention.len = sizeof(intention.bytes);
		frame->export->entity = view->def->number;
		frame->export->query = arena_strdup(arena, twins_query(arena, view, reader));
		frame->export->format = arena_strdup(arena, "csv");
		frame->export->reason = arena_strdup(arena, "twins");
		return true;
	case 1:
		if (rights & EVAL_CREATE)
			return false;
		frame->request_case = KEHU__CLIENT_FRAME__REQUEST_IMPORT;
		frame->import = ARENA_NEW(arena, Kehu__Import);
		kehu__import__init(frame->import);
		frame->import->has_step = frame->import->has_entity = frame->import->has_dry_run =
		    frame->import->dry_run = frame->import->has_intention = true;
		frame->import->step = 1;
		frame->import->entity = view->def->number;
		frame->import->intention.data =
		    arena_memdup(arena, intention.bytes, sizeof(intention.bytes));
		frame->import->intention.len = sizeof(intention.bytes);
		return true;
	case 2:
		if (eval_rights(&world->facts, &world->readers[reader],
			catalog_entity(world->catalog, E_reading)->def) != EVAL_VIEW ||
		    strcmp(world->readers[reader].role, "auditor") == 0 ||
		    strcmp(world->readers[reader].role, "test_states") == 0)
			return false;
		frame->request_case = KEHU__CLIENT_FRAME__REQUEST_AUDIT;
		frame->audit = ARENA_NEW(arena, Kehu__Audit);
		kehu__audit__init(frame->audit);
		frame->audit->has_step = frame->audit->has_entity = frame->audit->has_record = true;
		frame->audit->step = 1;
		frame->audit->entity = view->def->number;
		frame->audit->record = row != NULL ? row->row.id : 0;
		return true;
	default:
		if (eval_rights(&world->facts, &world->readers[reader],
			catalog_entity(world->catalog, E_erasure)->def) != 0)
			return false;
		frame->request_case = KEHU__CLIENT_FRAME__REQUEST_PERSON;
		frame->person = ARENA_NEW(arena, Kehu__Person);
		kehu__person__init(frame->person);
		frame->person->has_step = frame->person->has_record = true;
		frame->person->step = 1 + twins_random(2);
		frame->person->record = row != NULL ? row->row.id : 0;
		frame->person->text = arena_strdup(arena, "someone");
		return true;
	}
}
