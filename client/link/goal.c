/* See goal.h. */
#include "client/link/goal.h"

static void
goal_add(struct arena *arena, Kehu__Record *record, const Kehu__Entity *entity, const char *name, const char *text,
    const int64_t *number)
{
	const Kehu__Field *field = cat_field_called(entity, name);
	Kehu__Value *value = ARENA_NEW(arena, Kehu__Value);

	kehu__value__init(value);
	value->has_field = field != NULL;
	value->field = field != NULL ? field->number : 0;
	value->text = arena_strdup(arena, text);
	value->has_number = number != NULL;
	value->number = number != NULL ? *number : 0;
	record->values[record->n_values++] = value;
}

static Kehu__ClientFrame *
goal_delete(struct arena *arena, const Kehu__Entity *entity, const Kehu__TargetsCell *cell)
{
	Kehu__ClientFrame *step = ARENA_NEW(arena, Kehu__ClientFrame);

	kehu__client_frame__init(step);
	step->request_case = KEHU__CLIENT_FRAME__REQUEST_DELETE;
	step->delete_ = ARENA_NEW(arena, Kehu__Delete);
	kehu__delete__init(step->delete_);
	step->delete_->has_entity = step->delete_->has_id = step->delete_->has_version = true;
	step->delete_->entity = entity->number;
	step->delete_->id = cell->id;
	step->delete_->version = cell->version;
	return step;
}

Kehu__ClientFrame *
goal_step(struct arena *arena, const Kehu__Entity *entity, const Kehu__TargetsAnswer *answer, const char *measure,
    const Kehu__TargetsRow *row, size_t month, const int64_t *goal)
{
	const Kehu__TargetsCell *cell = row->cells[month];
	Kehu__ClientFrame *step;
	Kehu__Record *record;

	if (goal != NULL ? cell->has_goal && *goal == cell->goal : !cell->has_id)
		return NULL;
	if (goal == NULL)
		return goal_delete(arena, entity, cell);
	step = ARENA_NEW(arena, Kehu__ClientFrame);
	kehu__client_frame__init(step);
	step->request_case = KEHU__CLIENT_FRAME__REQUEST_SAVE;
	step->save = ARENA_NEW(arena, Kehu__Save);
	kehu__save__init(step->save);
	step->save->record = record = ARENA_NEW(arena, Kehu__Record);
	kehu__record__init(record);
	record->has_entity = true;
	record->entity = entity->number;
	record->has_id = record->has_version = cell->has_id;
	record->id = cell->id;
	record->version = cell->version;
	record->values = ARENA_ARRAY(arena, Kehu__Value *, 5);
	if (answer->money)
		goal_add(arena, record, entity, "amount", "CNY", goal);
	else
		goal_add(arena, record, entity, "number", NULL, goal);
	if (cell->has_id)
		return step;
	goal_add(arena, record, entity, "level", "person", NULL);
	goal_add(arena, record, entity, "measure", measure, NULL);
	goal_add(arena, record, entity, "person_id", NULL, &row->person);
	goal_add(arena, record, entity, "month", NULL, &answer->months[month]);
	return step;
}
