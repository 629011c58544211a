/*
 * The Alter request: which records are meant, what is to be done with them, and the record that is
 * kept of it. See alter.h.
 */
#include "server/record/alter.h"

#include "common/text.h"
#include "server/entity/fields.h"
#include "server/gate/gate.h"
#include "server/job/job.h"
#include "server/record/answer.h"
#include "server/record/approval.h"
#include "server/record/page.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define TITLE_CHARS 200

static const char *const alter_names[] = { "set", "tag", "untag", "act", "delete", "restore" };

#define ALTER_KINDS (sizeof(alter_names) / sizeof(alter_names[0]))

const char *
alter_name(enum alter_what what)
{
	return alter_names[what];
}

bool
alter_is_undoable(enum alter_what what, const char *action)
{
	return what != ALTER_ACT || strcmp(action, "transfer") == 0;
}

/* ---- what is meant ----------------------------------------------------------------------- */

static enum err
alter_take_values(struct alter *alter, const Kehu__Alter *request)
{
	struct call *call = alter->call;

	if (request->n_values == 0)
		return CALL_FAIL(call, ERR_EMPTY);
	if (request->n_values > ALTER_VALUES_MAX)
		return CALL_FAIL(call, ERR_TOO_LARGE);
	alter->values = ARENA_ARRAY(call->arena, struct alter_value, request->n_values);
	for (size_t i = 0; i < request->n_values; i++) {
		const Kehu__Value *wire = request->values[i];
		struct alter_value *taken = &alter->values[i];
		enum err err;

		taken->field = entity_field(alter->entity, wire->field);
		err = taken->field == NULL ? ERR_NO_SUCH_FIELD
		    : (taken->field->flags & (FIELD_READONLY | FIELD_UNIQUE | FIELD_NUMBERED)) != 0
			? ERR_READ_ONLY
			: value_from_wire(call, taken->field, wire, &taken->value);
		if (err == ERR_OK && !taken->value.present && (taken->field->flags & FIELD_REQUIRED) != 0)
			err = ERR_REQUIRED;
		if (err != ERR_OK)
			call_also(call, (struct failure){ .err = err,
			    .entity = alter->entity->def->number, .field = wire->field });
	}
	alter->value_count = request->n_values;
	return call->failure.err;
}

/* The kind of line that holds tags: "<entity>_tag", with a reference to a tag. */
static enum err
alter_take_tags(struct alter *alter, const Kehu__Alter *request)
{
	struct call *call = alter->call;
	const struct entity *def = alter->entity->def;
	int64_t *tags;

	alter->tag_line = catalog_entity_named(
	    call->catalog, arena_printf(call->arena, "%s_tag", def->name));
	if (alter->tag_line == NULL || alter->tag_line->def->kind != ENTITY_LINE)
		return CALL_FAIL(call, ERR_NO_SUCH_FIELD, .entity = def->number,
		    .text = call_say(call, "These records carry no tags", "此类记录没有标签"));
	if (request->n_values == 0 || request->n_values > ALTER_VALUES_MAX)
		return CALL_FAIL(call, request->n_values == 0 ? ERR_EMPTY : ERR_TOO_LARGE);
	alter->tags = tags = ARENA_ARRAY(call->arena, int64_t, request->n_values);
	for (size_t i = 0; i < request->n_values; i++) {
		tags[i] = request->values[i]->number;
		if (access_setup(call->access, E_tag, tags[i]) == NULL)
			return CALL_FAIL(call, ERR_NO_SUCH_RECORD, .entity = E_tag);
	}
	alter->tag_count = request->n_values;
	return ERR_OK;
}

/* Act, Delete and Restore are requests of their own: what one record's needs, all of them need. */
static enum err
alter_take_write(struct alter *alter, const Kehu__Alter *request)
{
	struct call *call = alter->call;
	Kehu__ClientFrame *frame = ARENA_NEW(call->arena, Kehu__ClientFrame);
	enum err err;

	kehu__client_frame__init(frame);
	if (alter->what == ALTER_ACT) {
		Kehu__Act *act = frame->act = ARENA_NEW(call->arena, Kehu__Act);

		kehu__act__init(act);
		act->has_entity = act->has_id = true;
		act->entity = request->entity;
		act->id = 1;
		act->action = request->action;
		act->n_arguments = request->n_values;
		act->arguments = request->values;
		frame->request_case = KEHU__CLIENT_FRAME__REQUEST_ACT;
	} else if (alter->what == ALTER_DELETE) {
		frame->delete_ = ARENA_NEW(call->arena, Kehu__Delete);
		kehu__delete__init(frame->delete_);
		frame->delete_->entity = request->entity;
		frame->delete_->id = 1;
		frame->request_case = KEHU__CLIENT_FRAME__REQUEST_DELETE;
	} else {
		frame->restore = ARENA_NEW(call->arena, Kehu__Restore);
		kehu__restore__init(frame->restore);
		frame->restore->entity = request->entity;
		frame->restore->id = 1;
		frame->request_case = KEHU__CLIENT_FRAME__REQUEST_RESTORE;
	}
	err = write_prepare(call, frame, &alter->write);
	if (err == ERR_OK)
		alter->right = alter->write.right;
	return err;
}

static enum err
alter_take_what(struct alter *alter, const Kehu__Alter *request)
{
	struct call *call = alter->call;
	size_t what = 0;

	while (what < ALTER_KINDS &&
	    (request->what == NULL || strcmp(alter_names[what], request->what) != 0))
		what++;
	if (what == ALTER_KINDS || alter->entity->def->kind == ENTITY_LINE ||
	    alter->entity->def->kind == ENTITY_ANCHORED)
		return CALL_FAIL(call, ERR_BAD_REQUEST, .entity = request->entity);
	alter->what = (enum alter_what)what;
	alter->action = request->action;
	if (alter->what == ALTER_SET)
		return alter_take_values(alter, request);
	if (alter->what == ALTER_TAG || alter->what == ALTER_UNTAG)
		return alter_take_tags(alter, request);
	return alter_take_write(alter, request);
}

enum err
alter_prepare(struct call *call, const Kehu__Alter *request, struct alter *alter,
    struct page_reading **reading)
{
	const struct entity_view *bulk;
	const struct field *label;
	struct arms *arms = ARENA_NEW(call->arena, struct arms);
	uint32_t *column = ARENA_NEW(call->arena, uint32_t);
	bool deleted = request->what != NULL && strcmp(request->what, "restore") == 0;
	enum err err = call_entity(call, E_bulk, RIGHT_ACT, &bulk);

	*alter = (struct alter){ .call = call, .right = RIGHT_EDIT };
	if (err == ERR_OK)
		err = call_entity(call, request->entity, RIGHT_VIEW, &alter->entity);
	if (err == ERR_OK && request->n_versions > 0 && request->n_versions != request->n_ids)
		err = CALL_FAIL(call, ERR_BAD_REQUEST);
	if (err == ERR_OK && (request->n_ids > ALTER_ROWS_MAX))
		err = CALL_FAIL(call, ERR_BULK_LARGE);
	if (err == ERR_OK)
		err = alter_take_what(alter, request);
	if (err == ERR_OK && alter->what <= ALTER_UNTAG)
		err = call_entity(call, request->entity, RIGHT_EDIT, &alter->entity);
	if (err != ERR_OK)
		return err;
	call_scope_references(call, bulk);
	call_scope(call, bulk->def, RIGHT_ACT);
	call_scope_references(call, alter->entity);
	call_scope(call, alter->entity->def, alter->right);
	/* What is seen is meant; what of it may be changed is told, not left out unsaid. */
	*arms = access_arms(call->user, alter->entity->def, deleted ? RIGHT_RESTORE : RIGHT_VIEW);
	label = entity_label(alter->entity);
	*column = label != NULL ? label->number : alter->entity->fields[0]->number;
	return page_prepare(call,
	    &(struct page_request){ .entity = alter->entity,
		.arms = arms,
		.query = request->query,
		.columns = column,
		.column_count = 1,
		.limit = ALTER_ROWS_MAX + 1,
		.whole = true,
		.deleted = deleted },
	    reading);
}

static int
alter_compare(const void *a, const void *b)
{
	const struct alter_row *x = a, *y = b;

	return (x->id > y->id) - (x->id < y->id);
}

/* Which were asked for by id and are not there, and which are not as they were seen. */
static void
alter_check_asked(struct alter *alter, const Kehu__Alter *request)
{
	struct alter_row *all = ARENA_ARRAY(
	    alter->call->arena, struct alter_row, alter->row_count + request->n_ids + 1);
	size_t count = alter->row_count;

	memcpy(all, alter->rows, count * sizeof(*all));
	for (size_t i = 0; i < request->n_ids; i++) {
		struct alter_row key = { .id = request->ids[i] }, *found =
		    bsearch(&key, all, alter->row_count, sizeof(*all), alter_compare);

		if (found == NULL)
			all[count++] = (struct alter_row){ .id = request->ids[i], .label = "",
				.gone = true };
		else if (request->n_versions > 0)
			found->version = request->versions[i];
	}
	alter->rows = all;
	alter->row_count = count;
	/* Always in the same order: two of these at once do not wait for each other. */
	qsort(alter->rows, alter->row_count, sizeof(*alter->rows), alter_compare);
}

enum err
alter_find(struct alter *alter, const Kehu__Alter *request, struct page_reading *reading)
{
	struct call *call = alter->call;
	const struct field *label = entity_label(alter->entity);
	Kehu__Page *page;
	int64_t *ids;
	size_t count;
	enum err err;

	if (request->n_ids > 0) {
		page_only(reading, request->ids, request->n_ids);
	} else if (page_words(reading)[0] != '\0') {
		err = lists_find_words(call, alter->entity, request->query, &ids, &count);
		if (err != ERR_OK)
			return err;
		page_only(reading, ids, count);
	}
	page_queue(call, reading);
	err = store_flush(call->store, call->arena);
	if (err != ERR_OK)
		return err;
	page = page_take(call, reading);
	if (page->n_rows > ALTER_ROWS_MAX)
		return CALL_FAIL(call, ERR_BULK_LARGE);
	if (page->n_rows == 0 && request->n_ids == 0)
		return CALL_FAIL(call, ERR_EMPTY, .entity = request->entity,
		    .text = call_say(call, "No record fits", "没有符合条件的记录"));
	alter->rows = ARENA_ARRAY(call->arena, struct alter_row, page->n_rows + 1);
	for (size_t i = 0; i < page->n_rows; i++) {
		const Kehu__Value *cell = page->rows[i]->n_cells > 0 ? page->rows[i]->cells[0] : NULL;
		const char *text = cell != NULL && label != NULL ? cell->text : NULL;

		alter->rows[alter->row_count++] = (struct alter_row){ .id = page->rows[i]->id,
			.rights = page->rows[i]->rights,
			.label = text != NULL ? text : "" };
	}
	qsort(alter->rows, alter->row_count, sizeof(*alter->rows), alter_compare);
	alter_check_asked(alter, request);
	return ERR_OK;
}

/* ---- what is kept ------------------------------------------------------------------------ */

const char *
alter_title(const struct alter *alter)
{
	struct call *call = alter->call;
	const struct entity *def = alter->entity->def;
	const char *title = call_say(call, def->en, def->zh), *kept;

	switch (alter->what) {
	case ALTER_SET:
		title = arena_printf(call->arena, "%s:", title);
		for (size_t i = 0; i < alter->value_count; i++) {
			const struct field *field = alter->values[i].field;
			const char *text = value_show(call, def, field, &alter->values[i].value);

			title = arena_printf(call->arena, "%s %s=%s", title,
			    call_say(call, field->en, field->zh), text);
		}
		break;
	case ALTER_TAG:
	case ALTER_UNTAG:
		title = arena_printf(call->arena, "%s:", title);
		for (size_t i = 0; i < alter->tag_count; i++)
			title = arena_printf(call->arena, "%s %s%s", title,
			    alter->what == ALTER_TAG ? "+" : "-",
			    access_setup(call->access, E_tag, alter->tags[i])->label);
		break;
	case ALTER_ACT:
		title = arena_printf(call->arena, "%s: %s", title,
		    call_say(call, alter->write.action->en, alter->write.action->zh));
		break;
	case ALTER_DELETE:
		title = arena_printf(call->arena, "%s: %s", title, call_say(call, "delete", "删除"));
		break;
	case ALTER_RESTORE:
		title = arena_printf(call->arena, "%s: %s", title, call_say(call, "restore", "恢复"));
		break;
	case ALTER_BACK:
		break;
	}
	kept = text_print(call->arena, title, TEXT_LINE);
	return text_chars(kept) > TITLE_CHARS ? arena_strndup(call->arena, kept, TITLE_CHARS) : kept;
}

static enum err
alter_store_bulk(struct alter *alter, int64_t *id)
{
	struct call *call = alter->call;
	struct sql *sql = sql_new(call->arena);
	struct rows *rows;
	enum err err;

	sql_add(sql, "INSERT INTO bulk (title, kind, entity, records, refused, change_id, action, numbers, "
		     "owner_id, department_id, branch_id, created_by) SELECT ");
	sql_text(sql, alter_title(alter));
	sql_add(sql, ", ");
	sql_text(sql, alter_name(alter->what));
	sql_add(sql, ", ");
	sql_text(sql, alter->entity->def->name);
	sql_add(sql, ", ");
	sql_int(sql, (int64_t)alter->done);
	sql_add(sql, ", ");
	sql_int(sql, (int64_t)alter->refused);
	sql_add(sql, ", ");
	sql_uuid(sql, call->intention);
	sql_add(sql, ", ");
	sql_text(sql, alter->action);
	sql_add(sql, ", ");
	sql_ints(sql, alter->tags, alter->tag_count);
	call_add_owner(call, sql);
	sql_add(sql, " RETURNING id");
	err = store_run(call->store, call->arena, sql, &rows);
	if (err != ERR_OK)
		return err;
	*id = rows_int(rows, 0, 0);
	sql = sql_new(call->arena);
	sql_add(sql, "INSERT INTO bulk_row (bulk_id, record_id, version) SELECT ");
	sql_int(sql, *id);
	sql_add(sql, ", r.id, r.version FROM unnest(");
	sql_ints(sql, alter->done_ids, alter->done);
	sql_add(sql, ", ");
	sql_ints(sql, alter->done_versions, alter->done);
	sql_add(sql, ") r (id, version)");
	store_queue(call->store, sql, NULL);
	return ERR_OK;
}

/* Owners hear once what was done with theirs; actions tell for themselves. */
static void
alter_tell(struct alter *alter)
{
	struct call *call = alter->call;
	const struct entity *def = alter->entity->def;
	const struct setup_record *me = access_setup(call->access, E_user, call->session.user);
	const char *who = me != NULL ? me->label : "", *title = alter_title(alter);
	struct sql *sql = sql_new(call->arena);

	if (def->kind != ENTITY_ACTIVITY || alter->what == ALTER_ACT)
		return;
	sql_add(sql, "SELECT kehu_tell(o.owner_id, 'system', ");
	sql_text(sql, arena_printf(call->arena, "%s changed records of yours together: %s, ", who, title));
	sql_add(sql, " || o.n, ");
	sql_text(sql, arena_printf(call->arena, "%s 批量处理了您的记录：%s，共 ", who, title));
	sql_addf(sql, " || o.n || ' 条', NULL, NULL) FROM (SELECT t.owner_id, count(*) AS n FROM %s t WHERE t.id = ANY(",
	    entity_table(def));
	sql_ints(sql, alter->done_ids, alter->done);
	sql_add(sql, ") AND t.owner_id <> ");
	sql_int(sql, call->session.user);
	sql_add(sql, " GROUP BY t.owner_id) o");
	store_queue(call->store, sql, NULL);
}

enum err
alter_keep(struct alter *alter, const Kehu__Alter *request, int64_t *bulk)
{
	struct call *call = alter->call;
	enum err err;

	*bulk = 0;
	if (alter->refused > 0 && !request->skip_refused)
		return CALL_FAIL(call, ERR_BULK_REFUSED, .entity = request->entity,
		    .text = arena_printf(call->arena,
			call_say(call, "Nothing was done: %zu of %zu cannot be, such as %s: %s",
			    "未执行：%2$zu 条中有 %1$zu 条不能执行，如 %3$s：%4$s"),
			alter->refused, alter->row_count, alter->refusals[0].label,
			alter->refusals[0].text));
	if (alter->done == 0)
		return ERR_OK;
	err = alter_store_bulk(alter, bulk);
	if (err == ERR_OK) {
		alter_tell(alter);
		err = store_flush(call->store, call->arena);
	}
	return err;
}

/* ---- the request ------------------------------------------------------------------------- */

static Kehu__AlterAnswer *
alter_answer(const struct alter *alter)
{
	struct arena *arena = alter->call->arena;
	Kehu__AlterAnswer *answer = ARENA_NEW(arena, Kehu__AlterAnswer);
	size_t named = alter->refused < ALTER_NAMED_MAX ? alter->refused : ALTER_NAMED_MAX;

	kehu__alter_answer__init(answer);
	answer->has_total = answer->has_done = answer->has_same = answer->has_refused = true;
	answer->has_undoable = answer->has_tried = true;
	answer->total = alter->row_count;
	answer->done = alter->done;
	answer->same = alter->same;
	answer->refused = alter->refused;
	answer->tried = alter->tried;
	answer->undoable = alter_is_undoable(alter->what, alter->action);
	answer->refusals = ARENA_ARRAY(arena, Kehu__AlterRefusal *, named + 1);
	for (size_t i = 0; i < named; i++) {
		Kehu__AlterRefusal *refusal = ARENA_NEW(arena, Kehu__AlterRefusal);

		kehu__alter_refusal__init(refusal);
		refusal->has_id = true;
		refusal->id = alter->refusals[i].id;
		refusal->label = arena_strdup(arena, alter->refusals[i].label);
		refusal->text = arena_strdup(arena, alter->refusals[i].text);
		answer->refusals[answer->n_refusals++] = refusal;
	}
	alter->call->answer.answer_case = KEHU__SERVER_FRAME__ANSWER_ALTER;
	alter->call->answer.alter = answer;
	return answer;
}

/* For a job: the request as it was sent is its first chunk. */
static enum err
alter_queue_job(struct alter *alter, const Kehu__Alter *request, int64_t *job)
{
	struct call *call = alter->call;
	size_t bytes = kehu__alter__get_packed_size(request);
	uint8_t *packed = arena_alloc(call->arena, bytes);
	char *title = arena_strdup(call->arena, alter_title(alter));
	struct sql *sql = sql_new(call->arena);
	struct rows *rows;
	enum err err;

	for (char *at = title; *at != '\0'; at++)
		if (*at == '"')
			*at = '\'';
	job_queue(call, "bulk", arena_printf(call->arena, "title=\"%s\"", title), &rows);
	err = store_flush(call->store, call->arena);
	if (err != ERR_OK)
		return err;
	*job = rows_int(rows, 0, 0);
	kehu__alter__pack(request, packed);
	sql_add(sql, "INSERT INTO import_chunk (job_id, number, data) VALUES (");
	sql_int(sql, *job);
	sql_add(sql, ", 0, ");
	sql_bytes(sql, packed, bytes);
	sql_add(sql, ")");
	store_queue(call->store, sql, NULL);
	sql = sql_new(call->arena);
	sql_add(sql, "UPDATE job SET total = ");
	sql_int(sql, (int64_t)alter->row_count);
	sql_add(sql, " WHERE id = ");
	sql_int(sql, *job);
	store_queue(call->store, sql, NULL);
	return store_flush(call->store, call->arena);
}

static enum err
alter_ask(struct alter *alter, bool *waits)
{
	struct call *call = alter->call;

	return approval_ask(call, alter->entity->def, "bulk", (int64_t)alter->row_count,
	    arena_printf(call->arena, call_say(call, "%s, %zu records", "%s，共 %zu 条"),
		alter_title(alter), alter->row_count),
	    waits);
}

static enum err
alter_do(struct alter *alter, const Kehu__Alter *request)
{
	struct call *call = alter->call;
	Kehu__AlterAnswer *answer;
	int64_t bulk = 0, job = 0;
	enum err err = ERR_OK;

	if (alter->row_count > ALTER_DIRECT_MAX)
		err = alter_queue_job(alter, request, &job);
	else
		err = alter_apply(alter, alter->row_count);
	if (err == ERR_OK && job == 0)
		err = alter_keep(alter, request, &bulk);
	if (err != ERR_OK)
		return err;
	answer = alter_answer(alter);
	answer->has_bulk = bulk != 0;
	answer->bulk = bulk;
	answer->has_job = job != 0;
	answer->job = job;
	call->done_entity = bulk != 0 ? E_bulk : request->entity;
	call->done_id = bulk;
	call->done_action = alter_name(alter->what);
	return ERR_OK;
}

enum err
handle_alter(struct call *call)
{
	const Kehu__Alter *request = call->request->alter;
	struct alter *alter = ARENA_NEW(call->arena, struct alter);
	struct page_reading *reading;
	bool waits = false;
	enum err err = alter_prepare(call, request, alter, &reading);

	if (err != ERR_OK)
		return err;
	call_begin(call, true);
	err = alter_find(alter, request, reading);
	if (err != ERR_OK)
		return err;
	if (request->dry_run) {
		call->discard = true;
		call->done_action = "bulk";
		err = alter_apply(alter, ALTER_DIRECT_MAX);
		if (err == ERR_OK)
			alter_answer(alter);
		return err;
	}
	err = alter_ask(alter, &waits);
	return err == ERR_OK && !waits ? alter_do(alter, request) : err;
}
