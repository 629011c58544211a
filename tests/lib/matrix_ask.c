/* Requests of one reader: gathered, sent all at once, each answer given to its check. */
#include "tests/lib/matrix.h"

#include "common/log.h"

#include <stdlib.h>

struct ask *
matrix_ask(struct asks *asks, const char *what, const struct entity *entity,
    const struct world_row *row, enum eval_answer expected)
{
	struct ask *ask = &asks->list[asks->count++];

	if (asks->count > ASKS_MAX)
		fatal("more than %d requests at once", ASKS_MAX);
	*ask = (struct ask){ .what = what,
		.entity = entity,
		.row = row,
		.expected = expected,
		.check = matrix_check_error };
	ask->frame = ARENA_NEW(asks->arena, Kehu__ClientFrame);
	kehu__client_frame__init(ask->frame);
	return ask;
}

struct asks *
matrix_begin(size_t reader)
{
	struct asks *asks = calloc(1, sizeof(*asks));

	asks->arena = arena_new(0);
	asks->reader = reader;
	return asks;
}

void
matrix_end(struct asks *asks)
{
	struct wire_answer *answers =
	    ARENA_ARRAY(asks->arena, struct wire_answer, asks->count + 1);
	Kehu__ClientFrame **frames =
	    ARENA_ARRAY(asks->arena, Kehu__ClientFrame *, asks->count + 1);

	for (size_t i = 0; i < asks->count; i++)
		frames[i] = asks->list[i].frame;
	wire_ask(matrix.wires[asks->reader], frames, asks->count, asks->arena, answers);
	for (size_t i = 0; i < asks->count; i++) {
		asks->list[i].check(asks->reader, &asks->list[i], &answers[i]);
		matrix_scan(asks->reader, &asks->list[i], &answers[i]);
		matrix.cases++;
	}
	arena_free(asks->arena);
	free(asks);
}

const struct eval_user *
matrix_user(const struct asks *asks)
{
	return &matrix.world->readers[asks->reader];
}

/* Rows worth asking about: the reader's own places, the next reader's own, and the common ones.
 */
static bool
matrix_concerns(const struct asks *asks, const struct world_row *row)
{
	if (row->parent != NULL || row->absent)
		return false;
	if (row->place >= PLACE_DEPARTMENT || row->reader == asks->reader)
		return true;
	return row->reader == (asks->reader + 1) % matrix.world->reader_count &&
	       (row->place == PLACE_OWN || row->place == PLACE_SHARED_READ);
}

const struct world_row *
matrix_next(const struct asks *asks, const struct entity *entity, size_t *at)
{
	for (; *at < matrix.world->count; (*at)++) {
		const struct world_row *row = matrix.world->rows[matrix.world->first[entity->number] + *at];

		if (matrix.world->first[entity->number] + *at >= matrix.world->count ||
		    row->row.entity != entity)
			return NULL;
		if (matrix_concerns(asks, row)) {
			(*at)++;
			return row;
		}
	}
	return NULL;
}

const struct entity_view *
matrix_view(const struct entity *entity)
{
	return catalog_entity(matrix.world->catalog, entity->number);
}

bool
matrix_leaves_out(const struct asks *asks, const char *what, int64_t id, uint32_t one_in)
{
	uint64_t mix = (uint64_t)id * 1000 + asks->reader;

	for (; *what != '\0'; what++)
		mix = (mix ^ (uint8_t)*what) * UINT64_C(1099511628211);
	return !matrix.full && (mix >> 33) % one_in != 0;
}

struct ask *
matrix_ask_get(struct asks *asks, const struct world_row *row, enum eval_answer expected)
{
	struct ask *ask = matrix_ask(asks, "get", row->row.entity, row, expected);
	Kehu__Get *get = ARENA_NEW(asks->arena, Kehu__Get);

	kehu__get__init(get);
	get->has_entity = get->has_id = true;
	get->entity = row->row.entity->number;
	get->id = row->row.id;
	ask->frame->request_case = KEHU__CLIENT_FRAME__REQUEST_GET;
	ask->frame->get = get;
	return ask;
}

struct ask *
matrix_ask_history(struct asks *asks, const struct world_row *row, enum eval_answer expected)
{
	struct ask *ask = matrix_ask(asks, "history", row->row.entity, row, expected);
	Kehu__History *history = ARENA_NEW(asks->arena, Kehu__History);

	kehu__history__init(history);
	history->has_entity = history->has_id = true;
	history->entity = row->row.entity->number;
	history->id = row->row.id;
	ask->frame->request_case = KEHU__CLIENT_FRAME__REQUEST_HISTORY;
	ask->frame->history = history;
	return ask;
}

Kehu__List *
matrix_ask_list(struct asks *asks, const struct entity *entity, const char *what,
    enum eval_answer expected, struct ask **ask)
{
	Kehu__List *list = ARENA_NEW(asks->arena, Kehu__List);

	*ask = matrix_ask(asks, what, entity, NULL, expected);
	kehu__list__init(list);
	list->has_entity = list->has_limit = true;
	list->entity = entity->number;
	list->limit = 500;
	(*ask)->frame->request_case = KEHU__CLIENT_FRAME__REQUEST_LIST;
	(*ask)->frame->list = list;
	return list;
}

Kehu__Value *
matrix_value(struct arena *arena, const struct field *field, const struct world_value *value)
{
	Kehu__Value *wire = ARENA_NEW(arena, Kehu__Value);

	kehu__value__init(wire);
	wire->has_field = true;
	wire->field = field->number;
	if (!value->present)
		return wire;
	switch (field->type) {
	case TYPE_INT:
	case TYPE_QUANTITY:
	case TYPE_BOOL:
	case TYPE_DATE:
	case TYPE_MOMENT:
	case TYPE_REF:
	case TYPE_MONEY:
		wire->has_number = true;
		wire->number = value->number;
		break;
	default:
		break;
	}
	wire->text = arena_strdup(arena, value->text);
	return wire;
}

void
matrix_intention(struct arena *arena, protobuf_c_boolean *has, ProtobufCBinaryData *data)
{
	struct uuid uuid = uuid_new();

	*has = true;
	data->data = arena_memdup(arena, uuid.bytes, sizeof(uuid.bytes));
	data->len = sizeof(uuid.bytes);
}

void
matrix_rehearse(struct asks *asks, struct ask *ask)
{
	Kehu__Bulk *bulk;
	Kehu__ClientFrame *step = ask->frame;

	if (ask->expected != EVAL_OK)
		return;
	bulk = ARENA_NEW(asks->arena, Kehu__Bulk);
	kehu__bulk__init(bulk);
	matrix_intention(asks->arena, &bulk->has_intention, &bulk->intention);
	bulk->has_dry_run = bulk->dry_run = true;
	bulk->n_steps = 1;
	bulk->steps = ARENA_ARRAY(asks->arena, Kehu__ClientFrame *, 1);
	bulk->steps[0] = step;
	/* A step carries no intention of its own. */
	if (step->request_case == KEHU__CLIENT_FRAME__REQUEST_SAVE)
		step->save->has_intention = false;
	if (step->request_case == KEHU__CLIENT_FRAME__REQUEST_ACT)
		step->act->has_intention = false;
	if (step->request_case == KEHU__CLIENT_FRAME__REQUEST_DELETE)
		step->delete_->has_intention = false;
	if (step->request_case == KEHU__CLIENT_FRAME__REQUEST_RESTORE)
		step->restore->has_intention = false;
	ask->frame = ARENA_NEW(asks->arena, Kehu__ClientFrame);
	kehu__client_frame__init(ask->frame);
	ask->frame->request_case = KEHU__CLIENT_FRAME__REQUEST_BULK;
	ask->frame->bulk = bulk;
}

Kehu__Record *
matrix_ask_save(struct asks *asks, const char *what, const struct entity *entity,
    const struct world_row *row, enum eval_answer expected, struct ask **ask)
{
	Kehu__Save *save = ARENA_NEW(asks->arena, Kehu__Save);
	Kehu__Record *record = ARENA_NEW(asks->arena, Kehu__Record);

	*ask = matrix_ask(asks, what, entity, row, expected);
	kehu__save__init(save);
	kehu__record__init(record);
	matrix_intention(asks->arena, &save->has_intention, &save->intention);
	record->has_entity = record->has_id = record->has_version = true;
	record->entity = entity->number;
	record->id = row != NULL ? row->row.id : 0;
	record->version = row != NULL ? 1 : 0;
	record->values = ARENA_ARRAY(asks->arena, Kehu__Value *, 200);
	save->record = record;
	(*ask)->frame->request_case = KEHU__CLIENT_FRAME__REQUEST_SAVE;
	(*ask)->frame->save = save;
	return record;
}
