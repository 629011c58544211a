/*
 * The Export request: checks, the consent it may want (server/record/approval.h), and the job that
 * does it (export.c).
 */
#include "server/job/export.h"

#include "common/text.h"
#include "server/entity/fields.h"
#include "server/record/approval.h"

#include <inttypes.h>
#include <string.h>

#define EXPORT_COUNT_MAX  100000 /* counting on would tell approvers no more */
#define EXPORT_REASON_MAX 200

static const char *
export_text(const char *text)
{
	return text != NULL ? text : "";
}

bool
export_open(struct export_writer *writer, const Kehu__Export *request, struct buf *out)
{
	return export_writer_open(
	    writer, export_text(request->format), export_text(request->encoding), out);
}

/* Cards are made of their own fields, as far as this reader sees them in the clear. */
static enum err
export_columns(struct call *call, const Kehu__Export *request, const struct entity_view *entity,
    struct page_request *page)
{
	const uint32_t *wanted;
	uint32_t *columns;
	struct export_writer writer;
	size_t count;

	page->columns = request->columns;
	page->column_count = request->n_columns;
	if (!export_open(&writer, request, NULL))
		return CALL_FAIL(call, ERR_BAD_REQUEST);
	if (export_is_printed(writer.format) && request->n_columns > DOC_COLUMNS_MAX)
		return CALL_FAIL(call, ERR_TOO_LARGE);
	if (!export_is_vcard(writer.format))
		return ERR_OK;
	wanted = export_vcard_fields(request->entity, &count);
	if (wanted == NULL)
		return CALL_FAIL(call, ERR_BAD_REQUEST, .entity = request->entity,
		    .text = call_say(call, "Only customers and contacts can be vCards",
			"只有客户和联系人可以导出为名片 (vCard)"));
	page->columns = columns = ARENA_ARRAY(call->arena, uint32_t, count);
	page->column_count = 0;
	for (size_t i = 0; i < count; i++) {
		const struct field *field = entity_field(entity, wanted[i]);

		if (field != NULL && (field->flags & FIELD_MASKED) == 0)
			columns[page->column_count++] = wanted[i];
	}
	return page->column_count > 0 ? ERR_OK : CALL_FAIL(call, ERR_FORBIDDEN);
}

enum err
export_prepare(struct call *call, const Kehu__Export *request, struct export_place place,
    const struct entity_view **entity, struct page_reading **reading)
{
	enum err err = call_entity(call, request->entity, RIGHT_EXPORT, entity);
	struct page_request page = { .query = request->query,
		.sort = request->sort,
		.down = request->down,
		.cursor = place.cursor,
		.limit = place.rows,
		.whole = true };
	struct arms *arms;

	if (err != ERR_OK)
		return err;
	if ((*entity)->def->kind == ENTITY_LINE || (*entity)->def->kind == ENTITY_ANCHORED)
		return CALL_FAIL(call, ERR_BAD_REQUEST, .entity = request->entity);
	call_scope_references(call, *entity);
	arms = ARENA_NEW(call->arena, struct arms);
	*arms = call_scope(call, (*entity)->def, RIGHT_EXPORT);
	page.entity = *entity;
	page.arms = arms;
	err = export_columns(call, request, *entity, &page);
	return err == ERR_OK ? page_prepare(call, &page, reading) : err;
}

enum err
export_find_words(struct call *call, const Kehu__Export *request,
    const struct entity_view *entity, struct page_reading *reading)
{
	int64_t *ids;
	size_t count;
	enum err err;

	if (request->n_ids > 0) {
		page_only(reading, request->ids, request->n_ids);
		return ERR_OK;
	}
	if (page_words(reading)[0] == '\0')
		return ERR_OK;
	err = lists_find_words(call, entity, request->query, &ids, &count);
	if (err == ERR_OK)
		page_only(reading, ids, count);
	return err;
}

/* ---- the request ------------------------------------------------------------------------- */

static enum err
export_check(struct call *call, const Kehu__Export *request, const char **reason)
{
	const char *text = export_text(request->reason);
	struct export_writer writer;

	if (!call->has_intention)
		return CALL_FAIL(call, ERR_BAD_REQUEST);
	if (request->n_ids > EXPORT_IDS_MAX)
		return CALL_FAIL(call, ERR_TOO_LARGE);
	if (request->report == NULL && !export_open(&writer, request, NULL))
		return CALL_FAIL(call, ERR_BAD_REQUEST,
		    .text = call_say(call,
			"Formats are csv and tsv (utf-8, utf-8-bom or gb18030), jsonl, vcard, vcard3, pdf and text",
			"格式为 csv、tsv（编码 utf-8、utf-8-bom、gb18030）、jsonl、vcard、vcard3、pdf、text"));
	if (strlen(text) > EXPORT_REASON_MAX * 4 ||
	    text_clean(call->arena, text, strlen(text), TEXT_LINE, reason) != ERR_OK)
		return CALL_FAIL(call, ERR_TOO_LONG);
	return (*reason)[0] == '\0' ? CALL_FAIL(call, ERR_REASON_NEEDED) : ERR_OK;
}

/* What the list of jobs shows, and the name proposed for the file. */
static const char *
export_arguments(struct call *call, const Kehu__Export *request, const struct entity *entity,
    const char *reason)
{
	char *title = arena_printf(
	    call->arena, "%s: %s", call_say(call, entity->en, entity->zh), reason);
	struct export_writer writer = { 0 };

	for (char *at = title; *at != '\0'; at++)
		if (*at == '"')
			*at = '\'';
	return arena_printf(call->arena, "title=\"%s\" file=%s.%s", title,
	    request->report != NULL ? request->report->name : entity->name,
	    export_open(&writer, request, NULL) ? export_writer_suffix(&writer) : request->format);
}

static enum err
export_queue(struct call *call, const Kehu__Export *request, const struct entity *entity,
    const char *reason, int64_t total)
{
	struct sql *sql = sql_new(call->arena);
	size_t bytes = kehu__export__get_packed_size(request);
	uint8_t *packed = arena_alloc(call->arena, bytes);
	struct rows *rows;
	enum err err;

	job_queue(call, "export", export_arguments(call, request, entity, reason), &rows);
	err = store_flush(call->store, call->arena);
	if (err != ERR_OK)
		return err;
	call->done_id = rows_int(rows, 0, 0);
	sql_add(sql, "UPDATE job SET total = ");
	sql_int(sql, total < EXPORT_COUNT_MAX ? total : 0);
	sql_add(sql, " WHERE id = ");
	sql_int(sql, call->done_id);
	store_queue(call->store, sql, NULL);
	kehu__export__pack(request, packed);
	sql = sql_new(call->arena);
	sql_add(sql, "INSERT INTO import_chunk (job_id, number, data) VALUES (");
	sql_int(sql, call->done_id);
	sql_add(sql, ", 0, ");
	sql_bytes(sql, packed, bytes);
	sql_add(sql, ")");
	store_queue(call->store, sql, NULL);
	sql = sql_new(call->arena);
	sql_add(sql, "INSERT INTO export_log (id, user_id, entity, reason) VALUES (");
	sql_int(sql, call->done_id);
	sql_add(sql, ", ");
	sql_int(sql, call->session.user);
	sql_add(sql, ", ");
	sql_int(sql, request->entity);
	sql_add(sql, ", ");
	sql_text(sql, reason);
	sql_add(sql, ")");
	store_queue(call->store, sql, NULL);
	return store_flush(call->store, call->arena);
}

/* The rows of a list, counted in the transaction begun here. */
static enum err
export_count_list(struct call *call, const Kehu__Export *request, const struct entity **entity, int64_t *rows)
{
	const struct entity_view *view;
	struct page_reading *reading;
	struct rows *count;
	enum err err = export_prepare(call, request, (struct export_place){ 0 }, &view, &reading);

	if (err != ERR_OK)
		return err;
	*entity = view->def;
	call_begin(call, true);
	err = export_find_words(call, request, view, reading);
	if (err != ERR_OK)
		return err;
	page_count(call, reading, EXPORT_COUNT_MAX, &count);
	err = store_flush(call->store, call->arena);
	if (err == ERR_OK)
		*rows = rows_int(count, 0, 0);
	return err;
}

static enum err
export_count_report(struct call *call, const Kehu__Export *request, const struct entity **entity, int64_t *rows)
{
	const struct entity_view *view;
	enum err err = call_entity(call, request->entity, RIGHT_EXPORT, &view);

	if (err != ERR_OK)
		return err;
	*entity = view->def;
	return export_report_count(call, request, rows);
}

enum err
handle_export(struct call *call)
{
	const Kehu__Export *request = call->request->export;
	const struct entity *entity = NULL;
	const char *reason = "";
	Kehu__JobAnswer *answer;
	int64_t rows = 0;
	bool waits = false;
	enum err err = export_check(call, request, &reason);

	if (err == ERR_OK)
		err = request->report != NULL ? export_count_report(call, request, &entity, &rows)
					      : export_count_list(call, request, &entity, &rows);
	if (err == ERR_OK)
		err = approval_ask(call, entity, "export", rows,
		    arena_printf(call->arena,
			call_say(call, "Export %" PRId64 " records (%s): %s",
			    "导出 %" PRId64 " 条%s：%s"),
			rows, call_say(call, entity->en, entity->zh), reason),
		    &waits);
	if (err != ERR_OK || waits)
		return err;
	err = export_queue(call, request, entity, reason, rows);
	if (err != ERR_OK)
		return err;
	call->done_entity = request->entity;
	call->done_action = "export";
	answer = call->answer.job = ARENA_NEW(call->arena, Kehu__JobAnswer);
	kehu__job_answer__init(answer);
	answer->has_id = true;
	answer->id = call->done_id;
	answer->kind = arena_strdup(call->arena, "export");
	answer->state = arena_strdup(call->arena, "waiting");
	call->answer.answer_case = KEHU__SERVER_FRAME__ANSWER_JOB;
	return ERR_OK;
}
