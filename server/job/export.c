/*
 * The Export request and its job. The job reads page after page as its user, in constant
 * memory; each page counts against the day's budget before it is written down. Interrupted, it
 * begins anew. What somebody has to agree to waits for it (server/record/approval.h).
 */
#include "server/job/export.h"

#include "common/csv.h"
#include "common/date.h"
#include "common/text.h"
#include "server/audit/readings.h"
#include "server/entity/fields.h"
#include "server/record/approval.h"
#include "server/record/page.h"

#include <inttypes.h>
#include <string.h>

#define EXPORT_PAGE_ROWS  200
#define EXPORT_COUNT_MAX  100000 /* counting on would tell approvers no more */
#define EXPORT_REASON_MAX 200
#define CANARY_EVERY      150 /* rows; one at least */
#define EXPORT_MARK       "kehu-export:"

enum export_format { EXPORT_CSV, EXPORT_TSV, EXPORT_JSONL };

static bool
export_format(const char *name, enum export_format *format)
{
	static const char *const names[] = { "csv", "tsv", "jsonl" };

	*format = EXPORT_CSV;
	for (size_t i = 0; i < 3; i++)
		if (strcmp(names[i], name) == 0)
			*format = (enum export_format)i;
	return name[0] == '\0' || strcmp(names[*format], name) == 0;
}

static const char *
export_text(const char *text)
{
	return text != NULL ? text : "";
}

static enum err
export_prepare(struct call *call, const Kehu__Export *request, ProtobufCBinaryData cursor,
    const struct entity_view **entity, struct page_reading **reading)
{
	enum err err = call_entity(call, request->entity, RIGHT_EXPORT, entity);
	struct arms *arms;

	if (err != ERR_OK)
		return err;
	if ((*entity)->def->kind == ENTITY_LINE || (*entity)->def->kind == ENTITY_ANCHORED)
		return CALL_FAIL(call, ERR_BAD_REQUEST, .entity = request->entity);
	call_scope_references(call, *entity);
	arms = ARENA_NEW(call->arena, struct arms);
	*arms = call_scope(call, (*entity)->def, RIGHT_EXPORT);
	return page_prepare(call,
	    &(struct page_request){ .entity = *entity,
		.arms = arms,
		.query = request->query,
		.columns = request->columns,
		.column_count = request->n_columns,
		.sort = request->sort,
		.down = request->down,
		.cursor = cursor,
		.limit = EXPORT_PAGE_ROWS },
	    reading);
}

static enum err
export_find_words(struct call *call, const Kehu__Export *request,
    const struct entity_view *entity, struct page_reading *reading)
{
	int64_t *ids;
	size_t count;
	enum err err;

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
	const char *encoding = export_text(request->encoding),
		   *text = export_text(request->reason);
	enum export_format format;

	if (!call->has_intention)
		return CALL_FAIL(call, ERR_BAD_REQUEST);
	if (!export_format(export_text(request->format), &format) ||
	    (encoding[0] != '\0' && strcmp(encoding, "utf-8-bom") != 0))
		return CALL_FAIL(call, ERR_BAD_REQUEST,
		    .text = call_say(call,
			"Formats are csv, tsv and jsonl; encodings UTF-8 and utf-8-bom",
			"格式为 csv、tsv、jsonl；编码为 UTF-8 或 utf-8-bom"));
	if (strlen(text) > EXPORT_REASON_MAX * 4 ||
	    text_clean(call->arena, text, strlen(text), TEXT_LINE, reason) != ERR_OK)
		return CALL_FAIL(call, ERR_TOO_LONG);
	return (*reason)[0] == '\0' ? CALL_FAIL(call, ERR_REASON_NEEDED) : ERR_OK;
}

static enum err
export_queue(struct call *call, const Kehu__Export *request, const char *reason, int64_t *id)
{
	struct sql *sql;
	size_t bytes = kehu__export__get_packed_size(request);
	uint8_t *packed = arena_alloc(call->arena, bytes);
	struct rows *rows;
	enum err err;

	job_queue(call, "export", "", &rows);
	err = store_flush(call->store, call->arena);
	if (err != ERR_OK)
		return err;
	*id = rows_int(rows, 0, 0);
	kehu__export__pack(request, packed);
	sql = sql_new(call->arena);
	sql_add(sql, "INSERT INTO import_chunk (job_id, number, data) VALUES (");
	sql_int(sql, *id);
	sql_add(sql, ", 0, ");
	sql_bytes(sql, packed, bytes);
	sql_add(sql, ")");
	store_queue(call->store, sql, NULL);
	sql = sql_new(call->arena);
	sql_add(sql, "INSERT INTO export_log (id, user_id, entity, reason) VALUES (");
	sql_int(sql, *id);
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

enum err
handle_export(struct call *call)
{
	const Kehu__Export *request = call->request->export;
	const struct entity_view *entity;
	struct page_reading *reading;
	const char *reason = "";
	Kehu__JobAnswer *answer;
	struct rows *count;
	bool waits = false;
	enum err err = export_check(call, request, &reason);

	if (err == ERR_OK)
		err = export_prepare(
		    call, request, (ProtobufCBinaryData){ 0 }, &entity, &reading);
	if (err != ERR_OK)
		return err;
	call_begin(call, true);
	err = export_find_words(call, request, entity, reading);
	if (err != ERR_OK)
		return err;
	page_count(call, reading, EXPORT_COUNT_MAX, &count);
	err = store_flush(call->store, call->arena);
	if (err == ERR_OK)
		err = approval_ask(call, entity->def, "export", rows_int(count, 0, 0),
		    arena_printf(call->arena,
			call_say(call, "Export %" PRId64 " records (%s): %s",
			    "导出 %" PRId64 " 条%s：%s"),
			rows_int(count, 0, 0), call_say(call, entity->def->en, entity->def->zh),
			reason),
		    &waits);
	if (err != ERR_OK || waits)
		return err;
	err = export_queue(call, request, reason, &call->done_id);
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

/* ---- rows -------------------------------------------------------------------------------- */

struct export
{
	struct job *job;
	Kehu__Export *request;
	enum export_format format;
	struct buf out;
	struct csv_writer writer;
	ProtobufCBinaryData cursor; /* in the job's arena */
	bool more, header;
	int64_t rows;
	struct canary canary;
	const char *marks[64]; /* names given to nobody, and the watermark */
	size_t mark_count;
	const struct entity_view *entity; /* until the next transaction */
	int64_t ids[EXPORT_PAGE_ROWS];
	size_t id_count;
};

static void
export_json_text(struct buf *out, const char *text)
{
	buf_putc(out, '"');
	for (; *text != '\0'; text++) {
		unsigned char c = (unsigned char)*text;

		if (c == '"' || c == '\\')
			buf_printf(out, "\\%c", c);
		else if (c < 0x20)
			buf_printf(out, "\\u%04x", c);
		else
			buf_putc(out, (char)c);
	}
	buf_putc(out, '"');
}

static bool
export_is_number(const struct field *field)
{
	return field->type == TYPE_INT || field->type == TYPE_QUANTITY;
}

/* The cell as a person reads it and an import takes it. */
static const char *
export_cell(struct call *call, const struct field *field, const Kehu__Value *cell)
{
	struct value value = { .present = cell->has_number || cell->text != NULL,
		.number = cell->number,
		.text = cell->text };

	if (!value.present)
		return "";
	if (cell->masked || field->type == TYPE_REF || field->type == TYPE_REFS)
		return export_text(cell->text);
	return value_print(call, field, &value);
}

static void
export_put_row(struct export *export, const struct field *const *fields,
    const char *const *cells, size_t count)
{
	if (export->format != EXPORT_JSONL) {
		for (size_t i = 0; i < count; i++)
			csv_put(&export->writer, cells[i],
			    fields != NULL && export_is_number(fields[i]) ? CSV_NUMBER
									  : CSV_TEXT);
		csv_end_row(&export->writer);
		return;
	}
	for (size_t i = 0; i < count; i++) {
		buf_putc(&export->out, i == 0 ? '{' : ',');
		export_json_text(
		    &export->out, fields != NULL ? fields[i]->name : "kehu_watermark");
		buf_putc(&export->out, ':');
		export_json_text(&export->out, cells[i]);
	}
	buf_puts(&export->out, "}\n");
}

/* Behind a real row one that stands for nobody: its choices and references, other names and
 * numbers. */
static void
export_put_canary(struct export *export, const struct field *const *fields,
    const char *const *cells, size_t count)
{
	struct call *call = export->job->call;
	const struct field *label = entity_label(export->entity);
	const char **fake = ARENA_ARRAY(call->arena, const char *, count + 1);
	bool named = false;

	for (size_t i = 0; i < count; i++) {
		fake[i] = cells[i];
		if (label != NULL && fields[i] == label && label->type == TYPE_TEXT) {
			fake[i] = canary_name(
			    &export->canary, call->arena, (label->flags & FIELD_PERSON) != 0);
			export->marks[export->mark_count++] =
			    arena_strdup(export->job->arena, fake[i]);
			named = true;
		} else if (fields[i]->type == TYPE_PHONE || fields[i]->type == TYPE_MAIL ||
			   (fields[i]->flags & (FIELD_NUMBERED | FIELD_UNIQUE)) != 0) {
			fake[i] = canary_text(&export->canary, call->arena, cells[i],
			    fields[i]->type == TYPE_MAIL);
		}
	}
	if (named)
		export_put_row(export, fields, fake, count);
}

static void
export_put_header(struct export *export, const struct field *const *fields, size_t count)
{
	struct call *call = export->job->call;

	if (export->header || export->format == EXPORT_JSONL)
		return;
	export->header = true;
	if (strcmp(export_text(export->request->encoding), "utf-8-bom") == 0)
		buf_puts(&export->out, "\xef\xbb\xbf");
	for (size_t i = 0; i < count; i++)
		csv_put(
		    &export->writer, call_say(call, fields[i]->en, fields[i]->zh), CSV_TEXT);
	csv_end_row(&export->writer);
}

static void
export_put_page(struct export *export, const Kehu__Page *page)
{
	struct call *call = export->job->call;
	const struct field **fields =
	    ARENA_ARRAY(call->arena, const struct field *, page->n_columns + 1);
	const char **cells = ARENA_ARRAY(call->arena, const char *, page->n_columns + 1);

	for (size_t i = 0; i < page->n_columns; i++)
		fields[i] = entity_field(export->entity, page->columns[i]);
	export_put_header(export, fields, page->n_columns);
	export->id_count = page->n_rows;
	for (size_t r = 0; r < page->n_rows; r++) {
		/* The order within a pair is this export's own, unless an order was asked for.
		 */
		size_t at = r;

		if (export->request->sort == 0 && (r ^ 1) < page->n_rows &&
		    (export->canary.seed >> ((r / 2) % 48) & 1) != 0)
			at = r ^ 1;
		export->ids[r] = page->rows[r]->id;
		for (size_t i = 0; i < page->n_columns; i++)
			cells[i] = export_cell(call, fields[i], page->rows[at]->cells[i]);
		export_put_row(export, fields, cells, page->n_columns);
		if ((export->rows + (int64_t)r) % CANARY_EVERY == CANARY_EVERY / 3 ||
		    (export->rows == 0 && page->next.len == 0 && r + 1 == page->n_rows &&
			export->mark_count == 0))
			if (export->mark_count + 2 <
			    sizeof(export->marks) / sizeof(export->marks[0]))
				export_put_canary(export, fields, cells, page->n_columns);
	}
}

static enum err
export_page(struct job *job, void *to)
{
	struct export *export = to;
	struct call *call = job->call;
	struct page_reading *reading;
	size_t bytes = export->out.bytes, marks = export->mark_count;
	uint64_t seed = export->canary.seed;
	Kehu__Page *page;
	enum err err =
	    export_prepare(call, export->request, export->cursor, &export->entity, &reading);

	if (err != ERR_OK)
		return err;
	call_begin(call, true);
	err = export_find_words(call, export->request, export->entity, reading);
	if (err != ERR_OK)
		return err;
	page_queue(call, reading);
	err = store_flush(call->store, call->arena);
	if (err != ERR_OK) {
		export->out.bytes = bytes;
		export->mark_count = marks;
		export->canary.seed = seed;
		return err;
	}
	page = page_take(call, reading);
	export_put_page(export, page);
	export->more = page->next.len > 0;
	export->cursor.len = page->next.len;
	export->cursor.data = arena_memdup(job->arena, page->next.data, page->next.len);
	return ERR_OK;
}

/* ---- the watermark ----------------------------------------------------------------------- */

const char *
export_mark_in(struct arena *arena, const char *cell)
{
	const char *at = strstr(cell, EXPORT_MARK);

	return at != NULL ? arena_strndup(arena, at, strcspn(at, " \t\"\r\n")) : NULL;
}

static void
export_put_watermark(struct export *export)
{
	struct job *job = export->job;
	struct call *call = job->call;
	const struct setup_record *user = access_setup(call->access, E_user, job->user);
	const char *mark = arena_printf(job->arena, EXPORT_MARK "%" PRId64 ":%s", job->id,
	    uuid_format(job->arena, uuid_new()));
	const char *line = arena_printf(job->arena,
	    call_say(call, "# Exported by %s (%s) on %s for: %s; %" PRId64 " rows; %s",
		"# 导出人 %s（%s） 时间 %s 用途：%s 共 %" PRId64 " 行 %s"),
	    user != NULL ? user->label : "?", user != NULL ? user->key : "?",
	    date_format_us(job->arena, date_now_us(), call->session.offset_min),
	    export_text(export->request->reason), export->rows, mark);

	export->marks[export->mark_count++] = mark;
	export_put_row(export, NULL, &line, 1);
}

/* Who has the file can be told by its marks; the audit says that there is one. */
static enum err
export_end(struct job *job, void *to)
{
	struct export *export = to;
	struct call *call = job->call;
	struct sql *sql = sql_new(call->arena);

	call_begin(call, true);
	sql_add(sql, "SELECT kehu_export_mark(");
	sql_int(sql, job->id);
	sql_add(sql, ", ");
	sql_texts(sql, export->marks, export->mark_count);
	sql_add(sql, ")");
	store_queue(call->store, sql, NULL);
	sql = sql_new(call->arena);
	sql_add(sql, "UPDATE export_log SET rows = ");
	sql_int(sql, export->rows);
	sql_add(sql, " WHERE id = ");
	sql_int(sql, job->id);
	store_queue(call->store, sql, NULL);
	sql = sql_new(call->arena);
	sql_add(sql, "SELECT kehu_audit(");
	sql_int(sql, job->user);
	sql_add(sql, ", NULL::bigint, NULL::bigint, 'export', 'exported', ");
	sql_int(sql, export->request->entity);
	sql_add(sql, ", ");
	sql_int(sql, job->id);
	sql_add(sql, ", ");
	sql_text(sql, arena_printf(call->arena, "rows=%" PRId64 " marks=%zu", export->rows,
			  export->mark_count));
	sql_add(sql, ")");
	store_queue(call->store, sql, NULL);
	return store_flush(call->store, call->arena);
}

/* ---- the job ----------------------------------------------------------------------------- */

static enum err
export_begin(struct job *job, void *to)
{
	struct export *export = to;
	struct call *call = job->call;
	struct sql *sql = sql_new(call->arena), *again = sql_new(call->arena);
	ProtobufCAllocator allocator = frame_allocator(job->arena);
	struct rows *rows;
	const void *packed;
	size_t bytes;
	enum err err;

	call_begin(call, true);
	sql_add(again, "DELETE FROM job_chunk WHERE job_id = ");
	sql_int(again, job->id);
	store_queue(call->store, again, NULL);
	sql_add(sql, "SELECT data FROM import_chunk WHERE number = 0 AND job_id = ");
	sql_int(sql, job->id);
	store_queue(call->store, sql, &rows);
	err = store_flush(call->store, call->arena);
	if (err != ERR_OK)
		return err;
	if (rows->count == 0)
		return CALL_FAIL(call, ERR_INTERNAL);
	packed = rows_bytea(call->arena, rows, 0, 0, &bytes);
	export->request = kehu__export__unpack(&allocator, bytes, packed);
	return export->request != NULL ? ERR_OK : CALL_FAIL(call, ERR_INTERNAL);
}

static enum err
export_pages(struct export *export)
{
	struct job *job = export->job;
	enum err err = ERR_OK;

	while (err == ERR_OK && export->more) {
		err = job_transaction(job, export_page, export);
		if (err == ERR_OK)
			err = readings_charge_export(
			    job->call, export->entity, export->ids, export->id_count);
		if (err != ERR_OK)
			break;
		export->rows += (int64_t) export->id_count;
		if (!export->more)
			export_put_watermark(export);
		err = job_result(job, export->out.data, export->out.bytes);
		buf_clear(&export->out);
		if (err == ERR_OK && !job_progress(job, export->rows, 0))
			err = ERR_CANCELLED;
	}
	return err;
}

enum err
export_job_run(struct job *job)
{
	struct export export = { .job = job, .more = true, .out = BUF_INIT };
	enum err err;

	job->chunks = 0;
	export.canary.seed = (uint64_t)job->id * UINT64_C(2654435761) ^ (uint64_t)date_now_us();
	err = job_transaction(job, export_begin, &export);
	if (err == ERR_OK &&
	    export_format(export_text(export.request->format), &export.format)) {
		export.writer = (struct csv_writer){ .out = &export.out,
			.delimiter = export.format == EXPORT_TSV ? '\t' : ',',
			.crlf = true,
			.defuse = true };
		err = export_pages(&export);
	}
	if (err == ERR_OK)
		err = job_transaction(job, export_end, &export);
	if (err == ERR_OK)
		job_say(job, "%" PRId64 " rows", "共 %" PRId64 " 行", export.rows);
	buf_fini(&export.out);
	return err;
}
