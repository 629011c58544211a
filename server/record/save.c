/*
 * Save: a new or changed record with its lines as one tree, one outcome.
 *
 * All refused fields are answered at once, each by its number and, in lines, by the line's id.
 * A version that is not the stored one is a conflict: both sides are answered, nothing is stored.
 */
#include "server/record/store_tree.h"

#include "common/date.h"
#include "common/text.h"
#include "server/entity/fields.h"
#include "server/record/answer.h"
#include "server/record/write.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define LINES_MAX 2000

/* ---- what the client sent ---------------------------------------------------------------- */

static void
save_refuse(struct call *call, const struct record *record, const struct field *field,
    enum err err)
{
	call_also(call, (struct failure){
	    .err = err,
	    .entity = record->entity->def->number,
	    .field = field->number,
	    .line = record->parent != NULL ? record->id : 0,
	});
}

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

/* Defaults of a new record, where nothing was sent. */
static void
save_take_initials(struct call *call, struct record *record)
{
	for (size_t i = 0; i < record->entity->field_count; i++) {
		const struct field *field = record->entity->fields[i];
		struct value value = { .present = true };

		if (field->initial == NULL || record->values[i].present || record->changed[i])
			continue;
		if (strcmp(field->initial, "me") == 0)
			value.number = call->session.user;
		else if (strcmp(field->initial, "now") == 0)
			value.number = date_now_us();
		else if (strcmp(field->initial, "today") == 0)
			value.number = call_today(call);
		else if (value_from_text(call, field, field->initial, &value) != ERR_OK)
			continue;
		record->values[i] = value;
		record->changed[i] = true;
	}
}

/*
 * What the server fills in (a state, a number) is not for the user to miss; nor is what the user's
 * roles hide: such a user can make no record that needs it.
 */
/* "kind task meeting": not required where the field kind has one of the codes. */
static bool
save_is_spared(struct call *call, const struct record *record, const struct field *field)
{
	const char *codes = field->required_unless;
	const struct field *choice;
	const struct value *value;
	size_t length;

	if (codes == NULL)
		return false;
	length = strcspn(codes, " ");
	choice = entity_field_named(record->entity, arena_strndup(call->arena, codes, length));
	value = record_value(record, choice->number);
	return value->present && text_has_word(codes + length, value->text);
}

static void
save_check_required(struct call *call, struct record *record)
{
	const struct entity_view *view = access_view(call->user, record->entity->def);

	for (size_t i = 0; i < record->entity->field_count; i++) {
		const struct field *field = record->entity->fields[i];

		if ((field->flags & FIELD_REQUIRED) == 0 || (field->flags & FIELD_READONLY) != 0 ||
		    record->values[i].present || save_is_spared(call, record, field))
			continue;
		if (entity_field(view, field->number) != NULL)
			save_refuse(call, record, field, ERR_REQUIRED);
		else
			call_also(call, (struct failure){ .err = ERR_FORBIDDEN,
			    .entity = record->entity->def->number });
	}
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
		save_check_required(call, line);
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

/* ---- references and ownership ------------------------------------------------------------ */

/* One reference to an activity, to be found within the reader's sight. */
struct save_reference {
	struct record *record;
	const struct field *field;
	struct rows **answer; /* of the first reference to an entity: what all of them found */
};

/* One statement for all references to the entity of the first: an order has many products. */
static void
save_queue_references(struct call *call, struct save_reference *list, size_t first, size_t count)
{
	const struct entity_view *target =
	    catalog_entity_named(call->catalog, list[first].field->ref);
	struct arms arms = access_arms(call->user, target->def, RIGHT_VIEW);
	int64_t *ids = ARENA_ARRAY(call->arena, int64_t, count - first);
	struct rows **rows = ARENA_NEW(call->arena, struct rows *);
	struct sql *sql = sql_new(call->arena);
	size_t n = 0;

	for (size_t i = first; i < count; i++)
		if (strcmp(list[i].field->ref, list[first].field->ref) == 0)
			ids[n++] = record_number(list[i].record, list[i].field->number);
	sql_addf(sql, "SELECT t.owner_id, t.department_id, t.branch_id, %s, t.id FROM %s t WHERE t.id = ",
	    target->def->pooled ? "t.pool_id" : "NULL::bigint", entity_table(target->def));
	if (n > 1) {
		sql_add(sql, "ANY (");
		sql_ints(sql, ids, n);
		sql_add(sql, ")");
	} else {
		sql_int(sql, ids[0]);
	}
	sql_add(sql, " AND t.deleted_at IS NULL AND ");
	record_arms_where(call, sql, target, "t", &arms);
	sql_named(sql);
	store_queue(call->store, sql, rows);
	list[first].answer = rows;
}

/* The first reference to the same entity, which asks for all of them. */
static size_t
save_first_reference(const struct save_reference *list, size_t at)
{
	for (size_t i = 0; i < at; i++)
		if (strcmp(list[i].field->ref, list[at].field->ref) == 0)
			return i;
	return at;
}

static size_t
save_collect_references(struct call *call, struct record *record, struct save_reference *list,
    size_t count, size_t max)
{
	for (size_t i = 0; i < record->entity->field_count && count < max; i++) {
		const struct field *field = record->entity->fields[i];
		const struct entity_view *target = catalog_entity_named(call->catalog, field->ref);

		if (field->type == TYPE_REF && target->def->kind == ENTITY_ACTIVITY &&
		    record->changed[i] && record->values[i].present)
			list[count++] = (struct save_reference){ .record = record, .field = field };
	}
	return count;
}

/* Access columns of what the record's owner follows (a contact's customer). */
static void
save_inherit(struct record *record, const struct rows *rows, size_t row)
{
	record->owner = rows_int(rows, row, 0);
	record->department = rows_int(rows, row, 1);
	record->branch = rows_int(rows, row, 2);
	record->pool = rows_int(rows, row, 3);
}

static void
save_check_reference(struct call *call, const struct save_reference *reference,
    const struct rows *rows)
{
	const struct entity *def = reference->record->entity->def;
	int64_t id = record_number(reference->record, reference->field->number);
	size_t row = 0;

	while (row < rows->count && rows_int(rows, row, 4) != id)
		row++;
	if (row == rows->count)
		save_refuse(call, reference->record, reference->field, ERR_NO_SUCH_RECORD);
	else if (def->inherits_owner && strcmp(def->owner_from, reference->field->name) == 0)
		save_inherit(reference->record, rows, row);
}

/* Department and branch are the owner's; giving a new record to another needs the right. */
static enum err
save_set_access(struct call *call, struct record *record)
{
	const struct entity *def = record->entity->def;
	const struct field *owner = entity_field_named(record->entity, "owner_id");
	const struct setup_record *user;

	if (def->kind != ENTITY_ACTIVITY || def->inherits_owner)
		return ERR_OK;
	if (!record->is_new && !record_changed(record, owner->number))
		return ERR_OK;
	record->owner = record_number(record, owner->number);
	if (record->owner == 0)
		record->owner = call->session.user;
	if (record->owner != call->session.user &&
	    (access_rights(call->user, def) & RIGHT_ASSIGN) == 0)
		return CALL_FAIL(call, ERR_FORBIDDEN, .entity = def->number, .field = owner->number);
	user = access_setup(call->access, E_user, record->owner);
	if (user == NULL)
		return CALL_FAIL(call, ERR_NO_SUCH_RECORD, .entity = def->number, .field = owner->number);
	record->department = user->department;
	record->branch = user->branch;
	return ERR_OK;
}

/* ---- the request ------------------------------------------------------------------------- */

static enum err
save_first_failure(const struct call *call)
{
	return call->failure.err;
}

/* The record as stored, locked; refusals that tell apart "not there" from "not yours to change". */
enum err
record_read_to_change(struct call *call, const struct entity_view *entity, int64_t id,
    struct record **record)
{
	enum err err = record_read(call, entity, id, RIGHT_VIEW, true, true, record);

	if (err != ERR_OK || *record != NULL)
		return err;
	/* FOR UPDATE shows only what may be changed; look again without. */
	err = record_read(call, entity, id, RIGHT_VIEW, false, false, record);
	if (err != ERR_OK)
		return err;
	return CALL_FAIL(call, *record != NULL && !(*record)->deleted ? ERR_FORBIDDEN : ERR_NO_SUCH_RECORD,
	    .entity = entity->def->number);
}

struct record *
record_make(struct call *call, const struct entity_view *entity)
{
	struct record *record = record_new(call->arena, entity);
	struct sql *sql = sql_new(call->arena);

	record->is_new = true;
	sql_add(sql, "SELECT nextval('record_id')");
	sql_named(sql);
	store_queue(call->store, sql, &record->id_rows);
	record->id_asked = true;
	return record;
}

struct record *
record_make_line(struct call *call, struct record *parent, uint32_t kind, size_t max)
{
	struct record *line = record_new(call->arena, catalog_entity(call->catalog, kind));

	if (parent->lines == NULL)
		parent->lines = ARENA_ARRAY(call->arena, struct record *, max);
	line->id = -1 - (int64_t)parent->line_count;
	line->is_new = true;
	line->parent = parent;
	parent->lines[parent->line_count++] = line;
	return line;
}

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

static enum err
save_check_references(struct call *call, struct record *record)
{
	size_t max = record->entity->field_count + record->line_count * 8, count;
	struct save_reference *list = ARENA_ARRAY(call->arena, struct save_reference, max + 1);
	enum err err;

	count = save_collect_references(call, record, list, 0, max);
	for (size_t i = 0; i < record->line_count; i++)
		if (!record->lines[i]->removed)
			count = save_collect_references(call, record->lines[i], list, count, max);
	if (count == 0 && !record->id_asked)
		return ERR_OK;
	for (size_t i = 0; i < count; i++)
		if (save_first_reference(list, i) == i)
			save_queue_references(call, list, i, count);
	err = store_flush(call->store, call->arena);
	if (err == ERR_OK && record->id_asked)
		record->stored_id = rows_int(record->id_rows, 0, 0);
	for (size_t i = 0; err == ERR_OK && i < count; i++)
		save_check_reference(call, &list[i], *list[save_first_reference(list, i)].answer);
	return err != ERR_OK ? err : save_first_failure(call);
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

/* Check and store a record whose values are set; shared by Save, actions and imports. */
enum err
record_save(struct call *call, struct record *record)
{
	enum err err;

	if (record->is_new) {
		save_take_initials(call, record);
		err = rule_run_hooks(call, HOOK_DEFAULTS, record);
		if (err != ERR_OK)
			return err;
	}
	save_check_required(call, record);
	if (save_first_failure(call) != ERR_OK)
		return save_first_failure(call);
	err = save_set_access(call, record);
	if (err == ERR_OK)
		err = save_check_references(call, record);
	if (err == ERR_OK)
		err = rule_run_hooks(call, HOOK_BEFORE_SAVE, record);
	if (err == ERR_OK)
		err = record_store(call, record);
	if (err == ERR_OK)
		err = rule_run_hooks(call, HOOK_AFTER_SAVE, record);
	return err;
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

enum err
save_run(struct call *call, const struct write *write)
{
	const Kehu__Record *wire = write->frame->save->record;
	struct record *record = NULL;
	enum err err;

	err = save_load(call, write->entity, wire, &record);
	if (err != ERR_OK)
		return err;
	save_take_values(call, record, wire);
	save_take_lines(call, record, wire);
	if (!record->is_new && wire->version != record->version && save_changes_anything(record))
		return save_conflict(call, record, wire);
	if (save_first_failure(call) == ERR_OK && !save_changes_anything(record)) {
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
