/*
 * What every save of a record goes through, whoever sent it (Save, an action, an import, a rule that
 * makes an order of a quote): defaults, required fields, whose it is, what it refers to, the hooks,
 * and then the storing.
 */
#include "server/record/save.h"

#include "common/date.h"
#include "common/text.h"
#include "server/entity/fields.h"
#include "server/record/rule.h"

#include <string.h>

void
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

void
save_take_initials(struct call *call, struct record *record)
{
	for (size_t i = 0; i < record->entity->field_count; i++) {
		const struct field *field = record->entity->fields[i];
		struct value value = { .present = true };

		if (field->initial == NULL || record->values[i].present || record->changed[i])
			continue;
		if (strcmp(field->initial, "me") == 0)
			value.number = call->session.user;
		else if (field->type == TYPE_REF && strcmp(field->initial, "company") == 0)
			value.number = access_arms(call->user, record->entity->def, RIGHT_VIEW).company;
		else if (strcmp(field->initial, "now") == 0)
			value.number = date_now_us();
		else if (strcmp(field->initial, "today") == 0)
			value.number = call_today(call);
		else if (value_from_text(call, field, field->initial, &value) != ERR_OK)
			continue;
		if (field->type == TYPE_REF && value.number == 0)
			continue; /* of none of the customers' own people */
		record->values[i] = value;
		record->changed[i] = true;
	}
}

/* "kind task meeting": not required where the field kind has one of the codes; a name alone: where
 * that field has a value. */
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
	return value->present && (codes[length] == '\0' || text_has_word(codes + length, value->text));
}

/* A bound of money is one of whatever currency the value has. */
static bool
save_bound(struct call *call, const struct field *field, const char *text, const struct value *value,
    struct value *bound)
{
	if (text == NULL)
		return false;
	if (field->type == TYPE_MONEY)
		text = arena_printf(call->arena, "%s %s", text, value->text);
	return value_from_text(call, field, text, bound) == ERR_OK && bound->present;
}

static void
save_check_bounds(struct call *call, const struct record *record, const struct field *field,
    const struct value *value)
{
	struct value least, most;
	bool has_least = save_bound(call, field, field->least, value, &least);
	bool has_most = save_bound(call, field, field->most, value, &most);
	const char *text;

	if ((!has_least || value->number >= least.number) && (!has_most || value->number <= most.number))
		return;
	if (has_least && has_most)
		text = arena_printf(call->arena, call_say(call, "From %s to %s", "应在 %s 到 %s 之间"),
		    value_print(call, field, &least), value_print(call, field, &most));
	else if (has_least)
		text = arena_printf(call->arena, call_say(call, "At least %s", "不小于 %s"), value_print(call, field, &least));
	else
		text = arena_printf(call->arena, call_say(call, "At most %s", "不大于 %s"), value_print(call, field, &most));
	call_also(call, (struct failure){
	    .err = ERR_INVALID,
	    .entity = record->entity->def->number,
	    .field = field->number,
	    .line = record->parent != NULL ? record->id : 0,
	    .text = text,
	});
}

void
save_check_values(struct call *call, struct record *record)
{
	const struct entity_view *view = access_view(call->user, record->entity->def);

	for (size_t i = 0; i < record->entity->field_count; i++) {
		const struct field *field = record->entity->fields[i];

		if ((field->least != NULL || field->most != NULL) && record->changed[i] && record->values[i].present)
			save_check_bounds(call, record, field, &record->values[i]);
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

/* Somebody of the customer's own, who makes what is theirs: it is for who looks after the customer. */
static bool
save_is_outside(struct call *call, const struct record *record)
{
	struct arms arms = access_arms(call->user, record->entity->def, RIGHT_CREATE);

	return record->is_new && record->parent == NULL && arms.company != 0 && !arms.all &&
	       arms.department_count == 0 && arms.branch_count == 0;
}

static void
save_give_inside(struct record *record, const struct rows *rows, size_t row)
{
	const struct field *owner = entity_field_named(record->entity, "owner_id");

	if (owner == NULL || rows_null(rows, row, 0))
		return;
	record->owner = rows_int(rows, row, 0);
	record->department = rows_int(rows, row, 1);
	record->branch = rows_int(rows, row, 2);
	record_set_number(record, owner->number, record->owner);
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
	else if (entity_company_column(def) != NULL &&
		 strcmp(entity_company_column(def), reference->field->name) == 0 &&
		 save_is_outside(call, reference->record))
		save_give_inside(reference->record, rows, row);
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
	return err != ERR_OK ? err : call->failure.err;
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

/* ---- whole records ----------------------------------------------------------------------- */

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
	save_check_values(call, record);
	if (call->failure.err != ERR_OK)
		return call->failure.err;
	err = save_set_access(call, record);
	if (err == ERR_OK)
		err = save_check_references(call, record);
	if (err == ERR_OK)
		err = rule_run_hooks(call, HOOK_BEFORE_SAVE, record);
	/* Hooks may have moved it: to a pool, to the person whose target it is. */
	if (err == ERR_OK && record->is_new)
		err = record_may_make(call, record);
	if (err == ERR_OK)
		err = record_store(call, record);
	if (err == ERR_OK)
		err = rule_run_hooks(call, HOOK_AFTER_SAVE, record);
	return err;
}

/* ---- many -------------------------------------------------------------------------------- */

bool
record_may_save_many(const struct entity_view *entity)
{
	return entity->def->many && rule_takes_many(entity->def);
}

/* Each refers to what is in sight; one question for all of them. */
static enum err
save_check_many_references(
    struct call *call, struct record **records, size_t count, struct failure *refused)
{
	size_t max = count * records[0]->entity->field_count, listed = 0, at = 0;
	struct save_reference *list = ARENA_ARRAY(call->arena, struct save_reference, max + 1);
	enum err err;

	for (size_t i = 0; i < count; i++)
		if (refused[i].err == ERR_OK)
			listed = save_collect_references(call, records[i], list, listed, max);
	for (size_t i = 0; i < listed; i++)
		if (save_first_reference(list, i) == i)
			save_queue_references(call, list, i, listed);
	err = store_flush(call->store, call->arena);
	for (size_t i = 0; err == ERR_OK && i < listed; i++) {
		while (records[at] != list[i].record)
			at++;
		save_check_reference(call, &list[i], *list[save_first_reference(list, i)].answer);
		if (call->failure.err != ERR_OK)
			call_refused(call, &refused[at]);
	}
	return err;
}

enum err
record_save_many(struct call *call, struct record **records, size_t count, struct failure *refused)
{
	const struct entity *def = records[0]->entity->def;
	enum err err;

	for (size_t i = 0; i < count; i++) {
		if (refused[i].err != ERR_OK)
			continue;
		save_take_initials(call, records[i]);
		save_check_values(call, records[i]);
		if (call->failure.err != ERR_OK || save_set_access(call, records[i]) != ERR_OK)
			call_refused(call, &refused[i]);
	}
	err = save_check_many_references(call, records, count, refused);
	if (err == ERR_OK)
		err = rule_run_many(call, def, records, count, refused);
	for (size_t i = 0; err == ERR_OK && i < count; i++)
		if (refused[i].err == ERR_OK && record_may_make(call, records[i]) != ERR_OK)
			call_refused(call, &refused[i]);
	return err == ERR_OK ? record_store_many(call, records, count, refused) : err;
}
