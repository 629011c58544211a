/*
 * History: what was done to a record and its lines, field by field, newest first. Values are
 * shown as the reader may see them; hidden fields are not there at all.
 */
#include "server/record/history.h"

#include "server/entity/fields.h"
#include "server/gate/gate.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define HISTORY_LIMIT_MAX 200
#define HISTORY_SHARED    5 /* this kind and above tell of sharing, not of fields */

struct value
history_value(struct arena *arena, const struct field *field, const char *text)
{
	struct value value = { .present = text != NULL };
	const char *space;

	if (text == NULL)
		return value;
	switch (field->type) {
	case TYPE_INT:
	case TYPE_QUANTITY:
	case TYPE_BOOL:
	case TYPE_DATE:
	case TYPE_MOMENT:
	case TYPE_REF:
		value.number = strtoll(text, NULL, 10);
		break;
	case TYPE_MONEY:
		value.number = strtoll(text, NULL, 10);
		space = strchr(text, ' ');
		value.text = arena_strdup(arena, space != NULL ? space + 1 : "CNY");
		break;
	case TYPE_REFS:
		value.text = text;
		break;
	default:
		value.text = text;
		break;
	}
	return value;
}

const char *
history_text(struct arena *arena, const struct field *field, const struct value *value)
{
	if (!value->present)
		return NULL;
	switch (field->type) {
	case TYPE_INT:
	case TYPE_QUANTITY:
	case TYPE_BOOL:
	case TYPE_DATE:
	case TYPE_MOMENT:
	case TYPE_REF:
		return arena_printf(arena, "%" PRId64, value->number);
	case TYPE_MONEY:
		return arena_printf(arena, "%" PRId64 " %s", value->number,
		    value->text != NULL ? value->text : "");
	default:
		return value->text;
	}
}

static void
history_fields(struct call *call, const struct rows *rows, size_t row, Kehu__Change *change)
{
	const struct entity_view *entity = call_view(call, change->entity);
	int64_t *numbers;
	char **old, **new;
	size_t count = rows_ints(call->arena, rows, row, 7, &numbers);

	rows_texts(call->arena, rows, row, 8, &old);
	rows_texts(call->arena, rows, row, 9, &new);
	change->fields = ARENA_ARRAY(call->arena, Kehu__FieldChange *, count + 1);
	for (size_t i = 0; entity != NULL && i < count; i++) {
		const struct field *field = entity_field(entity, (uint32_t)numbers[i]);
		Kehu__FieldChange *wire;
		struct value before, after;

		if (field == NULL)
			continue;
		before = history_value(call->arena, field, old[i]);
		after = history_value(call->arena, field, new[i]);
		wire = ARENA_NEW(call->arena, Kehu__FieldChange);
		kehu__field_change__init(wire);
		wire->has_field = true;
		wire->field = field->number;
		wire->old = value_to_wire(call, entity->def, field, &before, false);
		wire->new_ = value_to_wire(call, entity->def, field, &after, false);
		change->fields[change->n_fields++] = wire;
	}
}

/* With whom a record was shared, and what that allows. */
static char *
history_share(struct call *call, const struct rows *rows, size_t row)
{
	char **new;
	size_t count = rows_texts(call->arena, rows, row, 9, &new);
	const struct setup_record *user =
	    count == 2 ? access_setup(call->access, E_user, strtoll(new[0], NULL, 10)) : NULL;
	long long rights = count == 2 ? strtoll(new[1], NULL, 10) : 0;

	if (user == NULL || rights == 0)
		return arena_strdup(call->arena, user != NULL ? user->label : "");
	return arena_printf(call->arena, "%s (%s)", user->label,
	    (rights & RIGHT_EDIT) != 0 ? call_say(call, "may change", "可修改")
				       : call_say(call, "may read", "只读"));
}

Kehu__Change *
history_change(struct call *call, const struct rows *rows, size_t row)
{
	Kehu__Change *change = ARENA_NEW(call->arena, Kehu__Change);
	const struct setup_record *user = access_setup(call->access, E_user, rows_int(rows, row, 2));
	struct uuid id;

	kehu__change__init(change);
	change->has_at_us = change->has_user = change->has_kind = change->has_entity = true;
	change->has_id = change->has_version = true;
	change->at_us = rows_moment(rows, row, 1);
	change->user = rows_int(rows, row, 2);
	change->user_label = arena_strdup(call->arena, user != NULL ? user->label : "");
	change->entity = (uint32_t)rows_int(rows, row, 3);
	change->id = rows_int(rows, row, 4);
	change->version = (uint32_t)rows_int(rows, row, 5);
	change->kind = (uint32_t)rows_int(rows, row, 6);
	if (rows_text(rows, row, 10) != NULL && uuid_parse(rows_text(rows, row, 10), &id)) {
		change->has_change = true;
		change->change.data = arena_memdup(call->arena, id.bytes, sizeof(id.bytes));
		change->change.len = sizeof(id.bytes);
	}
	if (change->kind >= HISTORY_SHARED)
		change->note = history_share(call, rows, row);
	else
		history_fields(call, rows, row, change);
	return change;
}

static enum err
history_cursor(struct call *call, const ProtobufCBinaryData *cursor, int64_t *before)
{
	uint64_t id = 0;

	*before = INT64_MAX;
	if (cursor->len == 0)
		return ERR_OK;
	if (cursor->len != 8)
		return CALL_FAIL(call, ERR_BAD_REQUEST);
	for (size_t i = 0; i < 8; i++)
		id = id << 8 | cursor->data[i];
	*before = (int64_t)id;
	return ERR_OK;
}

void
history_queue(struct call *call, const struct entity *entity, int64_t id, int64_t before, size_t max,
    struct rows **rows)
{
	struct sql *sql = sql_new(call->arena);

	sql_add(sql, "SELECT id, at, user_id, entity, record_id, version, kind, fields, old, new, change_id "
		     "FROM history WHERE root_id = ");
	sql_int(sql, id);
	sql_addf(sql, " AND root_entity = %" PRIu32 " AND id < ", entity->number);
	sql_int(sql, before);
	sql_addf(sql, " ORDER BY at DESC, id DESC LIMIT %zu", max);
	store_queue(call->store, sql, rows);
}

enum err
handle_history(struct call *call)
{
	const Kehu__History *request = call->request->history;
	size_t limit = request->limit == 0 || request->limit > HISTORY_LIMIT_MAX ? 50 : request->limit;
	Kehu__HistoryAnswer *answer = ARENA_NEW(call->arena, Kehu__HistoryAnswer);
	const struct entity_view *entity;
	struct record *record;
	struct record_reading *reading;
	struct rows *rows;
	struct arms arms;
	int64_t before;
	enum err err;

	err = call_entity(call, request->entity, RIGHT_VIEW, &entity);
	if (err == ERR_OK)
		err = history_cursor(call, &request->cursor, &before);
	if (err != ERR_OK)
		return err;
	if (entity->def->kind == ENTITY_LINE || entity->def->kind == ENTITY_ANCHORED)
		return CALL_FAIL(call, ERR_BAD_REQUEST, .entity = request->entity);
	arms = call_scope(call, entity->def, RIGHT_VIEW);
	call_scope_references(call, entity);
	call_begin(call, false);
	/* The record opens its history: no row, nothing behind it. */
	reading = record_queue_read(call, entity, request->id, &arms, false, false);
	history_queue(call, entity->def, request->id, before, limit + 1, &rows);
	err = store_flush(call->store, call->arena);
	if (err != ERR_OK)
		return err;
	record = record_take_read(call, reading);
	if (!record_is_there(record))
		return CALL_FAIL(call, ERR_NO_SUCH_RECORD, .entity = request->entity);
	err = record_check_open(call, record);
	if (err != ERR_OK)
		return err;
	kehu__history_answer__init(answer);
	answer->changes = ARENA_ARRAY(call->arena, Kehu__Change *, rows->count + 1);
	for (size_t i = 0; i < rows->count && i < limit; i++)
		answer->changes[answer->n_changes++] = history_change(call, rows, i);
	if (rows->count > limit) {
		uint64_t id = (uint64_t)rows_int(rows, limit - 1, 0);

		answer->has_next = true;
		answer->next.len = 8;
		answer->next.data = arena_alloc(call->arena, 8);
		for (int i = 0; i < 8; i++)
			answer->next.data[i] = (uint8_t)(id >> (56 - 8 * i));
	}
	call->rows += answer->n_changes;
	call->answer.answer_case = KEHU__SERVER_FRAME__ANSWER_HISTORY;
	call->answer.history = answer;
	return ERR_OK;
}
