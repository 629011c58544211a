/*
 * A record in memory: values by field, what changed, what the reader may do with it.
 */
#include "server/record/record.h"

#include "common/log.h"
#include "common/text.h"
#include "server/entity/fields.h"

#include <inttypes.h>
#include <string.h>

struct record *
record_new(struct arena *arena, const struct entity_view *entity)
{
	struct record *record = ARENA_NEW(arena, struct record);

	entity = entity_whole(entity);
	record->entity = entity;
	record->values = ARENA_ARRAY(arena, struct value, entity->field_count);
	record->changed = ARENA_ARRAY(arena, bool, entity->field_count);
	return record;
}

struct record *
record_add_line(struct arena *arena, struct record *record, const struct entity_view *kind)
{
	struct record **lines = ARENA_ARRAY(arena, struct record *, record->line_count + 1);
	struct record *line = record_new(arena, kind);

	if (record->line_count > 0)
		memcpy(lines, record->lines, record->line_count * sizeof(*lines));
	line->is_new = true;
	line->parent = record;
	line->id = INT32_MIN - (int64_t)record->line_count; /* no temporary id of a client's */
	lines[record->line_count++] = line;
	record->lines = lines;
	return line;
}

size_t
record_position(const struct entity_view *entity, uint32_t field)
{
	for (size_t i = 0; i < entity->field_count; i++)
		if (entity->fields[i]->number == field)
			return i;
	fatal("entity=%s has no field %" PRIu32, entity->def->name, field);
}

const struct value *
record_value(const struct record *record, uint32_t field)
{
	return &record->values[record_position(record->entity, field)];
}

int64_t
record_number(const struct record *record, uint32_t field)
{
	const struct value *value = record_value(record, field);

	return value->present ? value->number : 0;
}

const char *
record_text(const struct record *record, uint32_t field)
{
	const struct value *value = record_value(record, field);

	return value->present && value->text != NULL ? value->text : "";
}

bool
record_changed(const struct record *record, uint32_t field)
{
	return record->changed[record_position(record->entity, field)];
}

static void
record_put(struct record *record, uint32_t field, struct value value)
{
	size_t at = record_position(record->entity, field);

	if (value_same(record->entity->fields[at], &record->values[at], &value))
		return;
	record->values[at] = value;
	record->changed[at] = true;
}

void
record_set_number(struct record *record, uint32_t field, int64_t number)
{
	const char *text = record_value(record, field)->text;

	record_put(
	    record, field, (struct value){ .present = true, .number = number, .text = text });
}

void
record_set_text(struct record *record, uint32_t field, const char *text)
{
	record_put(record, field, (struct value){ .present = text != NULL, .text = text });
}

void
record_set_money(struct record *record, uint32_t field, int64_t minor, const char *currency)
{
	record_put(
	    record, field, (struct value){ .present = true, .number = minor, .text = currency });
}

void
record_set_null(struct record *record, uint32_t field)
{
	record_put(record, field, (struct value){ 0 });
}

enum err
record_take_value(struct record *record, const struct field *field, const struct value *value)
{
	size_t at = record_position(record->entity, field->number);
	bool masked = (field->flags & FIELD_MASKED) != 0;

	if (masked && record->values[at].present && !record->changed[at])
		return ERR_READ_ONLY;
	if (value_same(field, &record->values[at], value))
		return ERR_OK;
	if (field->flags & FIELD_READONLY)
		return ERR_READ_ONLY;
	record->values[at] = *value;
	record->changed[at] = true;
	return ERR_OK;
}

enum { WIRE_EDIT = 1, WIRE_DELETE = 2, WIRE_RESTORE = 4, WIRE_ASSIGN = 8 };

static const struct {
	enum right right;
	uint32_t bit;
} record_right_bits[RECORD_RIGHTS] = { { RIGHT_EDIT, WIRE_EDIT }, { RIGHT_DELETE, WIRE_DELETE },
	{ RIGHT_RESTORE, WIRE_RESTORE }, { RIGHT_ASSIGN, WIRE_ASSIGN } };

struct row_rights
record_row_rights(const struct call *call, const struct entity *entity)
{
	struct row_rights rights = { .user = call->user,
		.entity = entity,
		.by_state = access_hangs_on_state(call->user, entity) };

	for (size_t i = 0; i < RECORD_RIGHTS; i++)
		rights.arms[i] = access_arms(call->user, entity, record_right_bits[i].right);
	rights.edits_shared = (access_rights(call->user, entity) & RIGHT_EDIT) != 0;
	return rights;
}

static bool
record_is_frozen(const struct entity *entity, enum right right, const char *state)
{
	return (right == RIGHT_EDIT || right == RIGHT_DELETE) && state != NULL &&
	       text_has_word(entity->frozen, state);
}

uint32_t
record_rights(const struct row_rights *rights, const struct access_row *row)
{
	uint32_t result = 0;

	for (size_t i = 0; i < RECORD_RIGHTS; i++) {
		enum right right = record_right_bits[i].right;
		const struct arms *arms = &rights->arms[i];
		bool shared =
		    row->shared_write && right == RIGHT_EDIT && rights->edits_shared;

		if (!shared && !arms_reach(arms, row->owner, row->department, row->branch, row->pool) &&
		    (arms->company == 0 || arms->company != row->customer))
			continue;
		if (rights->by_state && (record_is_frozen(rights->entity, right, row->state) ||
					    !access_allows(rights->user, rights->entity, right, NULL, row)))
			continue;
		result |= record_right_bits[i].bit;
	}
	return result;
}

bool
record_is_there(const struct record *record)
{
	return record != NULL && (!record->deleted || (record->rights & WIRE_RESTORE) != 0);
}

struct access_row
record_access_row(const struct record *record)
{
	const struct entity *def = record->entity->def;
	const struct field *customer = entity_field_named(record->entity, entity_company_column(def)),
			   *state = entity_field_named(record->entity, def->state_field);

	return (struct access_row){
		.owner = record->owner,
		.department = record->department,
		.branch = record->branch,
		.pool = record->pool,
		.customer = def->number == E_customer ? record->id
			    : customer != NULL	      ? record_number(record, customer->number)
						      : 0,
		.shared_write = record->shared_write,
		.state = state != NULL ? record_text(record, state->number) : NULL,
	};
}

enum err
record_may(struct call *call, const struct record *record, enum right right, const char *action)
{
	const struct entity *def = record->entity->def;
	const struct field *state =
	    entity_field_named(access_view(call->user, def), def->state_field);
	struct access_row row = record_access_row(record);
	const char *label;

#ifdef KEHU_TEST_NO_GATE /* see arms.c */
	return ERR_OK;
#endif
	/* Whoever reached it sees it, also where it is only shared. */
	if (right == RIGHT_VIEW && access_acts(call->user, def, right, action))
		return ERR_OK;
	if (action != NULL || !record_is_frozen(def, right, row.state)) {
		if (access_allows(call->user, def, right, action, &row))
			return ERR_OK;
		row.state = NULL;
		if (!access_allows(call->user, def, right, action, &row))
			return CALL_FAIL(call, ERR_FORBIDDEN, .entity = def->number);
	}
	if (state == NULL) /* hidden from this reader */
		return CALL_FAIL(call, ERR_WRONG_STATE, .entity = def->number);
	label = value_show(call, def, state, record_value(record, state->number));
	return CALL_FAIL(call, ERR_WRONG_STATE, .entity = def->number, .field = state->number,
	    .text = arena_printf(call->arena,
		call_say(call, "Not in this state: %s", "当前状态不允许此操作：%s"), label));
}

enum err
record_may_make(struct call *call, const struct record *record)
{
	struct access_row row = record_access_row(record);

#ifdef KEHU_TEST_NO_GATE /* see arms.c */
	return ERR_OK;
#endif
	row.state = NULL; /* it comes to be in whatever state its rules give it */
	if (access_allows(call->user, record->entity->def, RIGHT_CREATE, NULL, &row))
		return ERR_OK;
	return CALL_FAIL(call, ERR_FORBIDDEN, .entity = record->entity->def->number);
}

/* Label of a record: its label field as this reader may read it. */
static const char *
record_label(struct call *call, const struct record *record)
{
	const struct field *field = entity_label(access_view(call->user, record->entity->def));

	return field == NULL ? "" :
			       value_show(call, record->entity->def, field,
				   record_value(record, field->number));
}

Kehu__Record *
record_to_wire(struct call *call, const struct record *record)
{
	const struct entity_view *entity = access_view(call->user, record->entity->def);
	Kehu__Record *wire = ARENA_NEW(call->arena, Kehu__Record);

	kehu__record__init(wire);
	wire->has_entity = wire->has_id = wire->has_version = true;
	wire->entity = entity->def->number;
	wire->id = record->id;
	wire->version = record->version;
	wire->has_rights = record->rights != 0;
	wire->rights = record->rights;
	wire->has_deleted = wire->deleted = record->deleted;
	/* A line needs no label of its own: its values are on the form. */
	if (record->parent == NULL)
		wire->label = arena_strdup(call->arena, record_label(call, record));
	wire->values = ARENA_ARRAY(call->arena, Kehu__Value *, entity->field_count);
	for (size_t i = 0; i < entity->field_count; i++) {
		const struct value *value = record_value(record, entity->fields[i]->number);

		if (value->present)
			wire->values[wire->n_values++] =
			    value_to_wire(call, entity->def, entity->fields[i], value, true);
	}
	wire->lines = ARENA_ARRAY(call->arena, Kehu__Record *, record->line_count);
	for (size_t i = 0; i < record->line_count; i++)
		if (!record->lines[i]->removed)
			wire->lines[wire->n_lines++] = record_to_wire(call, record->lines[i]);
	return wire;
}
