/*
 * Which rules want consent for a request, and what the request would change. Storing it is
 * approval_open.c's job, deciding server/rules/approval.c's.
 */
#include "server/record/approval.h"

#include "common/log.h"
#include "server/entity/fields.h"
#include "server/record/filter.h"
#include "server/record/history.h"

#include <inttypes.h>
#include <string.h>

#define TITLE_FIELDS 5 /* named in the title; the rest is in the details */

/* ---- before ------------------------------------------------------------------------------ */

struct approval_target {
	uint32_t entity;
	int64_t id;
	const char *action;
};

static bool
approval_take_target(const Kehu__ClientFrame *frame, struct approval_target *target)
{
	switch (frame->request_case) {
	case KEHU__CLIENT_FRAME__REQUEST_SAVE:
		if (frame->save->record == NULL)
			return false;
		*target = (struct approval_target){ frame->save->record->entity,
			frame->save->record->id > 0 ? frame->save->record->id : 0,
			frame->save->record->id > 0 ? "change" : "create" };
		return true;
	case KEHU__CLIENT_FRAME__REQUEST_DELETE:
		*target = (struct approval_target){ frame->delete_->entity, frame->delete_->id,
			"delete" };
		return true;
	case KEHU__CLIENT_FRAME__REQUEST_RESTORE:
		*target = (struct approval_target){ frame->restore->entity, frame->restore->id,
			"restore" };
		return true;
	case KEHU__CLIENT_FRAME__REQUEST_ACT:
		*target = (struct approval_target){ frame->act->entity, frame->act->id,
			frame->act->action };
		return target->action != NULL;
	default:
		return false;
	}
}

static bool
approval_is_sender(struct call *call, const struct approval_rule *rule)
{
	const char *const *roles;
	size_t count;
	bool found = rule->role == NULL;

	count = found ? 0 : access_user_roles(call->arena, call->user, &roles);
	for (size_t i = 0; !found && i < count; i++)
		found = strcmp(roles[i], rule->role) == 0;
	if (!found || rule->department == 0)
		return found;
	for (int64_t id = access_user_department(call->user); id != 0;) {
		const struct setup_record *department = access_setup(call->access, E_department, id);

		if (id == rule->department)
			return true;
		id = department != NULL && department->parent != id ? department->parent : 0;
	}
	return false;
}

static bool
approval_is_action(const struct approval_rule *rule, const char *action)
{
	return strcmp(rule->action, action) == 0 ||
	    (strcmp(rule->action, "save") == 0 &&
		(strcmp(action, "create") == 0 || strcmp(action, "change") == 0));
}

static size_t
approval_collect(struct call *call, uint32_t entity, const char *action,
    const struct approval_rule ***result)
{
	size_t count, found = 0;
	const struct approval_rule *rules = access_approval_rules(call->access, &count);
	const struct approval_rule **list = NULL;

	for (size_t i = 0; i < count; i++) {
		if (rules[i].entity != entity || !approval_is_action(&rules[i], action) ||
		    !approval_is_sender(call, &rules[i]))
			continue;
		if (list == NULL)
			list = ARENA_ARRAY(call->arena, const struct approval_rule *, count);
		list[found++] = &rules[i];
	}
	*result = list;
	return found;
}

/* The writes of a request: itself, or the steps of a Bulk. */
static size_t
approval_steps(const struct call *call, const Kehu__ClientFrame *const **steps)
{
	if (call->request->request_case == KEHU__CLIENT_FRAME__REQUEST_BULK) {
		*steps = (const Kehu__ClientFrame *const *)call->request->bulk->steps;
		return call->request->bulk->n_steps;
	}
	*steps = &call->request;
	return 1;
}

static size_t
approval_of_step(struct call *call, const Kehu__ClientFrame *step, struct approval_target *target,
    const struct approval_rule ***rules)
{
	/* Deciding is not itself something to be decided. */
	if (!approval_take_target(step, target) || target->entity == E_approval ||
	    target->entity == E_message)
		return 0;
	return approval_collect(call, target->entity, target->action, rules);
}

void
approval_prepare(struct call *call)
{
	const Kehu__ClientFrame *const *steps;
	const struct approval_rule **rules;
	struct approval_target target;
	size_t count, all;

	call->may_wait = false;
	access_approval_rules(call->access, &all);
	if (all == 0 || call->nested || call->user == NULL)
		return;
	count = approval_steps(call, &steps);
	for (size_t i = 0; i < count && !call->may_wait; i++)
		call->may_wait = approval_of_step(call, steps[i], &target, &rules) > 0;
}

/* ---- what would change ------------------------------------------------------------------- */

static struct record *
approval_find(struct record *record, uint32_t entity, int64_t id)
{
	if (record == NULL)
		return NULL;
	if (record->entity->def->number == entity && record->id == id)
		return record;
	for (size_t i = 0; i < record->line_count; i++)
		if (record->lines[i]->entity->def->number == entity && record->lines[i]->id == id)
			return record->lines[i];
	return NULL;
}

/* A new record or line has no fields in history: all that is filled in is new. */
static void
approval_take_new(struct call *call, const struct record *record, struct approval_change *change)
{
	size_t max = record->entity->field_count;

	change->fields = ARENA_ARRAY(call->arena, int64_t, max + 1);
	change->old = ARENA_ARRAY(call->arena, const char *, max + 1);
	change->new = ARENA_ARRAY(call->arena, const char *, max + 1);
	for (size_t i = 0; i < max; i++) {
		const struct field *field = record->entity->fields[i];
		const struct value *value = &record->values[i];

		if (!value->present || (field->flags & (FIELD_FIGURE | FIELD_HIDDEN)) != 0 ||
		    strcmp(field->name, "created_at") == 0)
			continue;
		change->fields[change->count] = field->number;
		change->new[change->count++] = history_text(call->arena, field, value);
	}
}

/* Moments that the server itself sets are those of the doing, which is yet to come: nobody decides on them. */
static void
approval_drop_stamps(struct call *call, struct approval_change *change)
{
	const struct entity_view *entity = catalog_entity(call->catalog, change->entity);
	size_t kept = 0;

	for (size_t i = 0; entity != NULL && i < change->count; i++) {
		const struct field *field = entity_field(entity, (uint32_t)change->fields[i]);

		if (field != NULL && field->type == TYPE_MOMENT && (field->flags & FIELD_READONLY) != 0)
			continue;
		change->fields[kept] = change->fields[i];
		change->old[kept] = change->old[i];
		change->new[kept++] = change->new[i];
	}
	change->count = entity != NULL ? kept : change->count;
}

/* Rows: entity, record_id, version, kind, fields, old, new; of this transaction, in order. */
static size_t
approval_take_changes(struct call *call, const struct rows *rows, struct record *after,
    struct approval_change **result)
{
	struct approval_change *changes =
	    ARENA_ARRAY(call->arena, struct approval_change, rows->count + 1);

	for (size_t i = 0; i < rows->count; i++) {
		struct approval_change *change = &changes[i];
		const struct record *record;

		change->entity = (uint32_t)rows_int(rows, i, 0);
		change->id = rows_int(rows, i, 1);
		change->version = (uint32_t)rows_int(rows, i, 2);
		change->kind = (int)rows_int(rows, i, 3);
		record = approval_find(after, change->entity, change->id);
		if (change->kind == 1 && record != NULL) {
			approval_take_new(call, record, change);
			continue;
		}
		change->count = rows_ints(call->arena, rows, i, 4, &change->fields);
		rows_texts(call->arena, rows, i, 5, (char ***)(uintptr_t)&change->old);
		rows_texts(call->arena, rows, i, 6, (char ***)(uintptr_t)&change->new);
		approval_drop_stamps(call, change);
	}
	*result = changes;
	return rows->count;
}

/* Does a rule's list of fields name one that changes, or a kind of line that does? */
static bool
approval_touches(struct call *call, const char *words, const struct approval_change *changes,
    size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct entity_view *entity = catalog_entity(call->catalog, changes[i].entity);
		char *copy = arena_strdup(call->arena, words), *save = NULL;

		for (char *word = strtok_r(copy, " ", &save); entity != NULL && word != NULL;
		     word = strtok_r(NULL, " ", &save)) {
			const struct field *field = entity_field_named(entity, word);

			if (entity->def->kind == ENTITY_LINE && strcmp(entity->def->name, word) == 0)
				return true;
			for (size_t f = 0; field != NULL && f < changes[i].count; f++)
				if (changes[i].fields[f] == (int64_t)field->number)
					return true;
		}
	}
	return false;
}

/* ---- after ------------------------------------------------------------------------------- */

/*
 * Whether the record as it is now meets a rule's condition, past the sender's own sight: whoever
 * transfers a customer no longer sees it. A condition that no longer fits the catalogue holds:
 * what cannot be judged waits.
 */
static void
approval_queue_condition(struct call *call, const struct entity_view *entity, int64_t id,
    const struct approval_rule *rule, struct rows **rows)
{
	struct sql *sql = sql_new(call->arena);
	struct failure failure = call->failure;
	struct filter filter;

	*rows = NULL;
	if (rule->condition[0] == '\0')
		return;
	if (filter_bind(call, entity, rule->condition, sql, &filter) != ERR_OK ||
	    filter.where[0] == '\0') {
		call->failure = failure;
		call_log(call, LOG_WARN, "condition of an approval rule not understood",
		    "rule=%" PRId64, rule->id);
		return;
	}
	sql_addf(sql, "SELECT EXISTS (SELECT FROM %s t WHERE (%s) AND t.id = ",
	    entity_table(entity->def), filter.where);
	sql_int(sql, id);
	sql_add(sql, ")");
	store_queue(call->store, sql, rows);
}

/* From here to the end of the transaction, or until it is undone, the record is open. */
static void
approval_open_sight(struct call *call, const struct entity *entity)
{
	struct sql *sql = sql_new(call->arena);

	sql_addf(sql, "SELECT set_config('kehu.r%" PRIu32 "', '0|{}|{}|{}|t|0', true)",
	    entity->number);
	store_queue(call->store, sql, NULL);
}

static void
approval_queue_changes(
    struct call *call, const struct entity *entity, int64_t id, struct rows **rows)
{
	struct sql *sql = sql_new(call->arena);

	sql_add(sql, "SELECT entity, record_id, version, kind, fields, old, new FROM history "
		     "WHERE root_id = ");
	sql_int(sql, id);
	sql_addf(sql, " AND root_entity = %" PRIu32 " AND at = now() AND change_id = ",
	    entity->number);
	sql_uuid(sql, call->intention);
	sql_add(sql, " ORDER BY id");
	store_queue(call->store, sql, rows);
}

struct approval_judging {
	const struct entity_view *entity;
	const struct approval_rule **matched;
	size_t matched_count;
	struct approval_change *changes;
	size_t change_count;
	struct record *after;
};

static enum err
approval_judge(struct call *call, const struct approval_rule *const *rules, size_t count,
    int64_t id, struct approval_judging *judging)
{
	const struct arms all = { .right = RIGHT_VIEW, .all = true };
	struct rows **met = ARENA_ARRAY(call->arena, struct rows *, count), *changes;
	struct record_reading *reading;
	enum err err;

	approval_open_sight(call, judging->entity->def);
	reading = record_queue_read(call, judging->entity, id, &all, true, false);
	approval_queue_changes(call, judging->entity->def, id, &changes);
	for (size_t i = 0; i < count; i++)
		approval_queue_condition(call, judging->entity, id, rules[i], &met[i]);
	err = store_flush(call->store, call->arena);
	if (err != ERR_OK)
		return err;
	judging->after = record_take_read(call, reading);
	judging->change_count =
	    approval_take_changes(call, changes, judging->after, &judging->changes);
	judging->matched = ARENA_ARRAY(call->arena, const struct approval_rule *, count);
	for (size_t i = 0; i < count; i++)
		if ((met[i] == NULL || rows_bool(met[i], 0, 0)) &&
		    (rules[i]->fields[0] == '\0' ||
			approval_touches(
			    call, rules[i]->fields, judging->changes, judging->change_count)))
			judging->matched[judging->matched_count++] = rules[i];
	return ERR_OK;
}

/* "客户 上海祥光：更改 级别、信用状况" */
static const char *
approval_title(struct call *call, const struct approval_judging *judging, const char *action)
{
	static const struct {
		const char *action, *en, *zh;
	} verbs[] = { { "change", "change", "更改" }, { "create", "create", "新建" },
		{ "delete", "delete", "删除" }, { "restore", "restore", "恢复" } };
	const struct entity *def = judging->entity->def;
	const struct entity_view *view = call_view(call, def->number);
	const struct field *label = view != NULL ? entity_label(view) : NULL;
	const char *verb = action, *title;
	struct buf out = BUF_INIT;
	size_t named = 0;

	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (strcmp(verbs[i].action, action) == 0)
			verb = call_say(call, verbs[i].en, verbs[i].zh);
	for (const struct action *a = def->actions; a != NULL && a->name != NULL; a++)
		if (strcmp(a->name, action) == 0)
			verb = call_say(call, a->en, a->zh);
	buf_printf(&out, "%s %s%s%s", call_say(call, def->en, def->zh),
	    label != NULL && judging->after != NULL ?
		value_print(call, label, record_value(judging->after, label->number)) :
		"",
	    call_say(call, ": ", "："), verb);
	for (size_t i = 0; strcmp(action, "change") == 0 && i < judging->change_count; i++)
		for (size_t f = 0; view != NULL && judging->changes[i].entity == def->number &&
		     f < judging->changes[i].count;
		     f++) {
			const struct field *changed =
			    entity_field(view, (uint32_t)judging->changes[i].fields[f]);

			if (changed == NULL || named > TITLE_FIELDS)
				continue;
			buf_printf(&out, "%s%s", named == 0 ? " " : call_say(call, ", ", "、"),
			    named == TITLE_FIELDS ? "…" : call_say(call, changed->en, changed->zh));
			named++;
		}
	title = arena_strdup(call->arena, buf_text(&out));
	buf_fini(&out);
	return title;
}

/* What one step wants consent for joins what the steps before it do. */
static void
approval_join(struct call *call, struct approval_request *request,
    const struct approval_judging *judging, const struct approval_target *target)
{
	size_t rules = request->rule_count + judging->matched_count;
	size_t count = request->change_count + judging->change_count;
	const struct approval_rule **all = ARENA_ARRAY(call->arena, const struct approval_rule *, rules);
	struct approval_change *changes = ARENA_ARRAY(call->arena, struct approval_change, count);
	bool known = false;

	if (request->entity == NULL) {
		request->entity = judging->entity->def;
		request->id = target->id;
		request->action = target->action;
		request->title = approval_title(call, judging, target->action);
	}
	for (size_t i = 0; i < request->rule_count; i++)
		all[i] = request->rules[i];
	for (size_t i = 0; i < judging->matched_count; i++) {
		bool twice = false;

		for (size_t k = 0; k < request->rule_count && !twice; k++)
			twice = all[k] == judging->matched[i];
		if (!twice)
			all[request->rule_count++] = judging->matched[i];
	}
	request->rules = all;
	/* Two steps on one record: its history has both already. */
	for (size_t i = 0; i < request->change_count; i++) {
		changes[i] = request->changes[i];
		known |= judging->change_count > 0 &&
		    changes[i].entity == judging->changes[0].entity &&
		    changes[i].id == judging->changes[0].id;
	}
	for (size_t i = 0; !known && i < judging->change_count; i++)
		changes[request->change_count++] = judging->changes[i];
	request->changes = changes;
}

static int64_t
approval_step_id(const struct call *call, size_t step)
{
	if (call->answer.answer_case == KEHU__SERVER_FRAME__ANSWER_BULK)
		return call->answer.bulk->steps[step]->id;
	return call->done_id;
}

enum err
approval_intercept(struct call *call)
{
	struct approval_request request = { 0 };
	const Kehu__ClientFrame *const *steps;
	enum err err = ERR_OK;
	size_t count;

	if (!call->may_wait || !call->begun || call->done_action == NULL || call->discard)
		return ERR_OK;
	count = approval_steps(call, &steps);
	for (size_t i = 0; err == ERR_OK && i < count; i++) {
		struct approval_judging judging = { 0 };
		const struct approval_rule **rules;
		struct approval_target target;
		size_t found = approval_of_step(call, steps[i], &target, &rules);

		if (found == 0)
			continue;
		judging.entity = catalog_entity(call->catalog, target.entity);
		err = approval_judge(call, rules, found, approval_step_id(call, i), &judging);
		/* A save that changes nothing asks nobody; an action may write where no history is. */
		if (err == ERR_OK && judging.matched_count > 0 &&
		    (judging.change_count > 0 ||
			steps[i]->request_case == KEHU__CLIENT_FRAME__REQUEST_ACT))
			approval_join(call, &request, &judging, &target);
	}
	if (err != ERR_OK || request.entity == NULL)
		return err;
	err = store_rollback_to(call->store, call->arena);
	return err == ERR_OK ? approval_open(call, &request) : err;
}

bool
approval_may_ask(struct call *call, const struct entity *entity)
{
	const struct approval_rule **rules;

	return call->user != NULL &&
	    (approval_collect(call, entity->number, "create", &rules) > 0 ||
		approval_collect(call, entity->number, "change", &rules) > 0);
}

enum err
approval_check_done(
    struct call *call, const struct entity_view *entity, int64_t id, const char *action)
{
	struct approval_judging judging = { .entity = entity };
	const struct approval_rule **rules;
	size_t count = call->nested ? 0 : approval_collect(call, entity->def->number, action, &rules);
	enum err err;

	if (count == 0)
		return ERR_OK;
	err = approval_judge(call, rules, count, id, &judging);
	/* The rows that follow are their user's again, not open to all. */
	call_context(call);
	if (err == ERR_OK && judging.matched_count > 0 && judging.change_count > 0)
		return CALL_FAIL(call, ERR_NEEDS_APPROVAL, .entity = entity->def->number);
	return err;
}

enum err
approval_check_row(struct call *call, const struct record *record)
{
	return approval_check_done(
	    call, record->entity, record->stored_id, record->is_new ? "create" : "change");
}

enum err
approval_ask(struct call *call, const struct entity *entity, const char *action, int64_t count,
    const char *title, bool *waits)
{
	const struct approval_rule **rules;
	size_t found = call->nested ? 0 : approval_collect(call, entity->number, action, &rules);
	size_t matched = 0;
	enum err err;

	*waits = false;
	for (size_t i = 0; i < found; i++)
		if (count > rules[i]->rows_over)
			rules[matched++] = rules[i];
	if (matched == 0)
		return ERR_OK;
	err = approval_open(call,
	    &(struct approval_request){ .entity = entity, .action = action, .title = title,
		.rules = rules, .rule_count = matched });
	*waits = err == ERR_OK;
	return err;
}
