/*
 * A record as it was: what is stored now, with what the history says was done since taken back, the
 * newest first. Values are shown as the reader may see them today; figures are of the present and left out.
 */
#include "server/entity/fields.h"
#include "server/gate/gate.h"
#include "server/record/arms.h"
#include "server/record/history.h"

#include <inttypes.h>
#include <string.h>

#define VERSION_CHANGES_MAX 5000
#define VERSION_LABELS_MAX  40

enum version_kind { VERSION_CREATED = 1, VERSION_CHANGED, VERSION_DELETED, VERSION_RESTORED };

struct version_label {
	struct value *value;
	struct rows *rows;
};

struct version {
	struct call *call;
	struct record *record;
	struct version_label labels[VERSION_LABELS_MAX];
	size_t label_count;
};

/* The row of the change that is meant: its last one, in an order that begins with the newest. */
static bool
version_find(struct call *call, const struct rows *rows, uint32_t entity, size_t *found)
{
	const Kehu__Version *request = call->request->version;
	const char *change = NULL;
	size_t at = 0;

	if (request->change.len == sizeof(struct uuid)) {
		struct uuid id;

		memcpy(id.bytes, request->change.data, sizeof(id.bytes));
		change = uuid_format(call->arena, id);
	} else {
		while (at < rows->count && (rows_int(rows, at, 3) != entity ||
					       rows_int(rows, at, 4) != request->id ||
					       rows_int(rows, at, 6) > VERSION_RESTORED ||
					       rows_int(rows, at, 5) > request->version))
			at++;
		if (at == rows->count)
			return false;
		change = rows_text(rows, at, 10);
		if (change == NULL) {
			*found = at;
			return true;
		}
	}
	for (at = 0; at < rows->count; at++)
		if (rows_text(rows, at, 10) != NULL && strcmp(rows_text(rows, at, 10), change) == 0) {
			*found = at;
			return true;
		}
	return false;
}

static struct record *
version_part(struct record *record, uint32_t entity, int64_t id)
{
	if (record->entity->def->number == entity && record->id == id)
		return record;
	for (size_t i = 0; i < record->line_count; i++)
		if (record->lines[i]->entity->def->number == entity && record->lines[i]->id == id)
			return record->lines[i];
	return NULL;
}

static void
version_take_back(struct version *version, const struct rows *rows, size_t at)
{
	struct call *call = version->call;
	struct record *part = version_part(
	    version->record, (uint32_t)rows_int(rows, at, 3), rows_int(rows, at, 4));
	int64_t *fields, kind = rows_int(rows, at, 6);
	char **old;
	size_t count;

	if (part == NULL || kind > VERSION_RESTORED)
		return;
	count = rows_ints(call->arena, rows, at, 7, &fields);
	rows_texts(call->arena, rows, at, 8, &old);
	for (size_t i = 0; i < count; i++) {
		const struct field *field = entity_field(part->entity, (uint32_t)fields[i]);

		if (field != NULL)
			part->values[record_position(part->entity, field->number)] =
			    history_value(call->arena, field, old[i]);
	}
	if (kind == VERSION_CREATED)
		part->removed = true;
	else if (kind == VERSION_DELETED)
		part->removed = part->deleted = false;
	else if (kind == VERSION_RESTORED)
		part->removed = part->deleted = true;
}

/* Other records that it named then: their labels, where this reader may see them. */
static void
version_queue_labels(struct version *version, struct record *record)
{
	struct call *call = version->call;

	for (size_t i = 0; i < record->entity->field_count; i++) {
		const struct field *field = record->entity->fields[i];
		const struct entity_view *target = catalog_entity_named(call->catalog, field->ref);
		struct value *value = &record->values[i];
		struct version_label *label = &version->labels[version->label_count];
		struct sql *sql;

		if ((field->flags & FIELD_FIGURE) != 0)
			value->present = false;
		if (field->type != TYPE_REF || !value->present || value->text != NULL ||
		    target->def->kind == ENTITY_SETUP || version->label_count == VERSION_LABELS_MAX)
			continue;
		sql = sql_new(call->arena);
		sql_add(sql, "SELECT ");
		arms_label_select(
		    call, sql, target, arena_printf(call->arena, "%" PRId64, value->number));
		store_queue(call->store, sql, &label->rows);
		label->value = value;
		version->label_count++;
	}
}

static enum err
version_add_labels(struct version *version)
{
	enum err err;

	version_queue_labels(version, version->record);
	for (size_t i = 0; i < version->record->line_count; i++)
		version_queue_labels(version, version->record->lines[i]);
	err = version->label_count > 0 ? store_flush(version->call->store, version->call->arena) : ERR_OK;
	for (size_t i = 0; err == ERR_OK && i < version->label_count; i++)
		value_set_label(version->labels[i].value, rows_text(version->labels[i].rows, 0, 0));
	return err;
}

/* The newest version that the record itself had by then; lines have counts of their own. */
static uint32_t
version_number(const struct rows *rows, size_t from, const struct record *record)
{
	for (size_t i = from; i < rows->count; i++)
		if (rows_int(rows, i, 3) == record->entity->def->number &&
		    rows_int(rows, i, 4) == record->id && rows_int(rows, i, 6) <= VERSION_RESTORED)
			return (uint32_t)rows_int(rows, i, 5);
	return 0;
}

static void
version_answer(struct version *version, const struct rows *rows, size_t at, uint32_t current)
{
	struct call *call = version->call;
	const struct setup_record *user = access_setup(call->access, E_user, rows_int(rows, at, 2));
	Kehu__VersionAnswer *answer = ARENA_NEW(call->arena, Kehu__VersionAnswer);

	kehu__version_answer__init(answer);
	version->record->rights = 0;
	version->record->version = version_number(rows, at, version->record);
	answer->record = record_to_wire(call, version->record);
	answer->has_at_us = answer->has_user = answer->has_current = true;
	answer->at_us = rows_moment(rows, at, 1);
	answer->user = rows_int(rows, at, 2);
	answer->user_label = arena_strdup(call->arena, user != NULL ? user->label : "");
	answer->current = current;
	call->answer.answer_case = KEHU__SERVER_FRAME__ANSWER_VERSION;
	call->answer.version = answer;
}

enum err
handle_version(struct call *call)
{
	const Kehu__Version *request = call->request->version;
	struct version version = { .call = call };
	const struct entity_view *entity;
	struct record_reading *reading;
	struct rows *rows;
	struct arms arms;
	size_t at;
	enum err err = call_entity(call, request->entity, RIGHT_VIEW, &entity);

	if (err != ERR_OK)
		return err;
	if (entity->def->kind == ENTITY_LINE || entity->def->kind == ENTITY_ANCHORED)
		return CALL_FAIL(call, ERR_BAD_REQUEST, .entity = request->entity);
	arms = call_scope(call, entity->def, RIGHT_VIEW);
	call_scope_references(call, entity);
	call_begin(call, true);
	reading = record_queue_read_gone(call, entity, request->id, &arms);
	history_queue(call, entity->def, request->id, INT64_MAX, VERSION_CHANGES_MAX, &rows);
	err = store_flush(call->store, call->arena);
	if (err != ERR_OK)
		return err;
	version.record = record_take_read(call, reading);
	if (!record_is_there(version.record))
		return CALL_FAIL(call, ERR_NO_SUCH_RECORD, .entity = request->entity);
	if (!version_find(call, rows, entity->def->number, &at))
		return CALL_FAIL(call, ERR_NO_SUCH_RECORD, .entity = request->entity,
		    .text = call_say(call, "There is no such version", "没有这个版本"));
	for (size_t i = 0; i < at; i++)
		version_take_back(&version, rows, i);
	err = version_add_labels(&version);
	if (err == ERR_OK)
		version_answer(&version, rows, at, version.record->version);
	return err;
}
