/*
 * The Save request: a new or changed record with its lines as one tree, one outcome. What a record
 * must pass before it is stored is save_record.c's.
 *
 * All refused fields are answered at once, each by its number and, in lines, by the line's id.
 * A version that is not the stored one is a conflict: both sides are answered, nothing is stored.
 */
#include "server/record/save.h"

#include "common/text.h"
#include "server/record/answer.h"
#include "server/record/write.h"

#include <inttypes.h>
#include <string.h>

#define LINES_MAX	 2000
#define REASON_CHARS_MIN 2
#define REASON_CHARS_MAX 200

/* ---- what the client sent ---------------------------------------------------------------- */

static void
save_take_value(struct call *call, struct record *record, const Kehu__Value *wire)
{
	const struct field *field =
	    entity_field(access_view(call->user, record->entity->def), wire->field);
	struct value value;
	enum err err;

	if (field == NULL) {
		call_also(call, (struct failure){ .err = ERR_NO_SUCH_FIELD,
		    .entity = record->entity->def->number, .field = wire->field });
		return;
	}
	err = value_from_wire(call, field, wire, &value);
	if (err == ERR_OK)
		err = record_take_value(record, field, &value);
	if (err != ERR_OK)
		save_refuse(call, record, field, err);
}

static void
save_take_values(struct call *call, struct record *record, const Kehu__Record *wire)
{
	for (size_t i = 0; i < wire->n_values; i++)
		save_take_value(call, record, wire->values[i]);
}

static void
save_remember_old(struct call *call, struct record *record)
{
	record->old = arena_memdup(call->arena, record->values,
	    record->entity->field_count * sizeof(*record->values));
}

static struct record *
save_find_line(const struct record *record, const Kehu__Record *wire)
{
	for (size_t i = 0; i < record->line_count; i++)
		if (record->lines[i]->id == wire->id &&
		    record->lines[i]->entity->def->number == wire->entity)
			return record->lines[i];
	return NULL;
}

static struct record *
save_new_line(struct call *call, struct record *parent, const Kehu__Record *wire)
{
	const struct entity_view *kind = catalog_entity(call->catalog, wire->entity);
	struct record *line;

	if (kind == NULL || kind->def->kind != ENTITY_LINE ||
	    strcmp(kind->def->parent, parent->entity->def->name) != 0) {
		call_also(call, (struct failure){ .err = ERR_NO_SUCH_ENTITY, .entity = wire->entity,
		    .line = wire->id });
		return NULL;
	}
	line = record_new(call->arena, kind);
	line->id = wire->id;
	line->is_new = true;
	line->parent = parent;
	parent->lines[parent->line_count++] = line;
	return line;
}

/* A line whose value is masked is not replaced unseen, nor is it taken away. */
static void
save_check_removed(struct call *call, const struct record *line)
{
	const struct entity_view *view = access_view(call->user, line->entity->def);

	for (size_t i = 0; i < view->field_count; i++)
		if (view->fields[i]->flags & FIELD_MASKED &&
		    record_value(line, view->fields[i]->number)->present)
			save_refuse(call, line, view->fields[i], ERR_READ_ONLY);
}

static void
save_take_lines(struct call *call, struct record *record, const Kehu__Record *wire)
{
	struct record **lines =
	    ARENA_ARRAY(call->arena, struct record *, record->line_count + wire->n_lines + 1);

	if (record->line_count > 0)
		memcpy(lines, record->lines, record->line_count * sizeof(*lines));
	record->lines = lines;
	for (size_t i = 0; i < wire->n_lines; i++) {
		const Kehu__Record *sent = wire->lines[i];
		struct record *line = sent->id > 0 ? save_find_line(record, sent) :
						     save_new_line(call, record, sent);

		if (line == NULL) {
			if (sent->id > 0)
				call_also(call, (struct failure){ .err = ERR_NO_SUCH_RECORD,
				    .entity = sent->entity, .line = sent->id });
			continue;
		}
		if (line->old == NULL)
			save_remember_old(call, line);
		line->removed = sent->remove;
		if (line->removed) {
			save_check_removed(call, line);
			continue;
		}
		save_take_values(call, line, sent);
		if (line->is_new)
			save_take_initials(call, line);
		save_check_values(call, line);
	}
}

/* ---- conflicts --------------------------------------------------------------------------- */

/* Fields changed by others since the version the client read, from the history. */
static enum err
save_conflict(struct call *call, struct record *record, const Kehu__Record *wire)
{
	struct sql *sql = sql_new(call->arena);
	const Kehu__Difference **list;
	struct rows *rows;
	enum err err;

	sql_add(sql, "SELECT DISTINCT unnest(fields) FROM history WHERE root_id = ");
	sql_int(sql, record->id);
	sql_addf(sql, " AND entity = %" PRIu32 " AND version > ", record->entity->def->number);
	sql_int(sql, wire->version);
	err = store_run(call->store, call->arena, sql, &rows);
	if (err != ERR_OK)
		return err;
	list = ARENA_ARRAY(call->arena, const Kehu__Difference *, rows->count + 1);
	for (size_t i = 0; i < rows->count; i++) {
		const struct field *field = entity_field(
		    access_view(call->user, record->entity->def), (uint32_t)rows_int(rows, i, 0));
		Kehu__Difference *difference;
		size_t at;

		if (field == NULL)
			continue;
		at = record_position(record->entity, field->number);
		difference = ARENA_NEW(call->arena, Kehu__Difference);
		kehu__difference__init(difference);
		difference->has_field = true;
		difference->field = field->number;
		difference->theirs = value_to_wire(call, record->entity->def, field, &record->old[at], true);
		if (record->changed[at])
			difference->yours =
			    value_to_wire(call, record->entity->def, field, &record->values[at], true);
		list[call->difference_count++] = difference;
	}
	call->differences = list;
	call->current_version = record->version;
	return CALL_FAIL(call, ERR_CONFLICT, .entity = record->entity->def->number);
}

/* ---- the request ------------------------------------------------------------------------- */

/* The stored record a Save means; 0: it makes a new one. */
static int64_t
save_id(const struct call *call, const struct entity_view *entity, const Kehu__Record *wire)
{
	for (size_t i = 0; wire->id < 0 && wire->version > 0 && i < call->made_count; i++)
		if (call->made[i].temporary == wire->id && call->made[i].entity == entity->def->number)
			return call->made[i].id;
	return wire->id > 0 ? wire->id : 0;
}

static enum err
save_load(struct call *call, const struct entity_view *entity, const Kehu__Record *wire,
    struct record **result)
{
	int64_t id = save_id(call, entity, wire);
	struct record *record = NULL;
	enum err err = ERR_OK;

	if (id == 0 && wire->version > 0)
		return CALL_FAIL(call, ERR_NO_SUCH_RECORD, .entity = entity->def->number);
	if (id > 0) {
		err = record_read_to_change(call, entity, id, &record);
		if (err == ERR_OK && record->deleted)
			err = CALL_FAIL(call, ERR_NO_SUCH_RECORD, .entity = entity->def->number);
		if (err == ERR_OK)
			err = record_may(call, record, RIGHT_EDIT, NULL);
		if (err == ERR_OK)
			save_remember_old(call, record);
	} else {
		record = record_make(call, entity);
		record->id = wire->id;
	}
	*result = record;
	return err;
}

static bool
save_changes_anything(const struct record *record)
{
	if (record->is_new)
		return true;
	for (size_t i = 0; i < record->entity->field_count; i++)
		if (record->changed[i])
			return true;
	for (size_t i = 0; i < record->line_count; i++) {
		const struct record *line = record->lines[i];

		if (line->removed || line->is_new)
			return true;
		for (size_t f = 0; f < line->entity->field_count; f++)
			if (line->changed[f])
				return true;
	}
	return false;
}

static void
save_answer(struct call *call, const struct record *record)
{
	const struct entity_view *entity = record->entity;
	const char *text = "";
	Kehu__Written *written;
	size_t new_lines = 0;

	for (size_t i = 0; i < entity->field_count; i++)
		if ((entity->fields[i]->flags & FIELD_NUMBERED) != 0 && record->is_new &&
		    record->values[i].present)
			text = record->values[i].text;
	if (text[0] == '\0' && call->written_text != NULL)
		text = call->written_text;
	if (text[0] == '\0' && record->number_asked)
		call->number_comes = &record->number_rows;
	answer_written(call, entity->def, record->stored_id, record->version,
	    record->is_new ? "create" : "change", text);
	written = call->answer.written;
	written->ids = ARENA_ARRAY(call->arena, Kehu__TemporaryId *, record->line_count + 1);
	for (size_t i = 0; i < record->line_count; i++) {
		Kehu__TemporaryId *pair;

		if (!record->lines[i]->is_new || record->lines[i]->removed)
			continue;
		pair = ARENA_NEW(call->arena, Kehu__TemporaryId);
		kehu__temporary_id__init(pair);
		pair->has_temporary = pair->has_id = true;
		pair->temporary = record->lines[i]->id;
		pair->id = record->lines[i]->stored_id;
		written->ids[new_lines++] = pair;
	}
	written->n_ids = new_lines;
	if (call->discard)
		written->record = record_to_wire(call, record);
}

static enum err
save_flush_refused(struct call *call, enum err refused)
{
	enum err err = store_flush(call->store, call->arena);

	return err != ERR_OK ? err : refused;
}

enum err
save_prepare(struct call *call, struct write *write)
{
	const Kehu__Record *wire = write->frame->save->record;
	enum err err;

	if (wire == NULL || wire->n_lines > LINES_MAX)
		return CALL_FAIL(call, ERR_BAD_REQUEST);
	/* A version under a temporary id: a change to what an earlier step made. */
	write->right = wire->id > 0 || wire->version > 0 ? RIGHT_EDIT : RIGHT_CREATE;
	err = call_entity(call, wire->entity, write->right, &write->entity);
	if (err != ERR_OK)
		return err;
	if (write->entity->def->kind == ENTITY_LINE || write->entity->def->kind == ENTITY_ANCHORED)
		return CALL_FAIL(call, ERR_BAD_REQUEST, .entity = wire->entity);
	return ERR_OK;
}

/* Why the user wants it although a like record exists. */
static enum err
save_take_reason(struct call *call, const Kehu__Save *save, struct record *record)
{
	const char *reason = save->duplicate_reason != NULL ? save->duplicate_reason : "";

	if (!save->allow_duplicate)
		return ERR_OK;
	if (text_clean(call->arena, reason, strlen(reason), TEXT_LINE, &record->in_spite) != ERR_OK ||
	    text_chars(record->in_spite) < REASON_CHARS_MIN)
		return CALL_FAIL(call, ERR_REASON_NEEDED, .entity = record->entity->def->number);
	if (text_chars(record->in_spite) > REASON_CHARS_MAX)
		return CALL_FAIL(call, ERR_TOO_LONG, .entity = record->entity->def->number);
	return ERR_OK;
}

enum err
save_run(struct call *call, const struct write *write)
{
	const Kehu__Record *wire = write->frame->save->record;
	struct record *record = NULL;
	enum err err;

	err = save_load(call, write->entity, wire, &record);
	if (err != ERR_OK)
		return err;
	err = save_take_reason(call, write->frame->save, record);
	if (err != ERR_OK)
		return err;
	save_take_values(call, record, wire);
	save_take_lines(call, record, wire);
	if (!record->is_new && wire->version != record->version && save_changes_anything(record))
		return save_conflict(call, record, wire);
	if (call->failure.err == ERR_OK && !save_changes_anything(record)) {
		save_answer(call, record);
		return ERR_OK;
	}
	err = record_save(call, record);
	if (err == ERR_OK)
		save_answer(call, record);
	else if (record->stored_id == 0)
		/* Refused before the first trip: perhaps by snapshots that kehu_begin finds stale. */
		return save_flush_refused(call, err);
	return err;
}
