/*
 * The job of an export. It reads page after page as its user, in constant memory; each page counts
 * against the day's budget before it is written down. Interrupted, it begins anew.
 */
#include "server/job/export.h"

#include "common/date.h"
#include "server/audit/readings.h"
#include "server/entity/fields.h"
#include "server/server.h"

#include <inttypes.h>
#include <string.h>

#define EXPORT_FIRST_ROWS   200 /* the first bytes are there at once */
#define EXPORT_CURSOR_BYTES 600
#define EXPORT_AGAIN_MINUTES 10 /* for a line that broke at the very end */
#define EXPORT_MARKS_MAX    64
#define EXPORT_MARK	    "kehu-export:"

struct export
{
	struct job *job;
	Kehu__Export *request;
	struct buf text, bytes; /* a page in UTF-8; in the file's encoding */
	struct export_writer writer;
	uint8_t cursor[EXPORT_CURSOR_BYTES];
	size_t cursor_bytes;
	bool more, sorted;
	int64_t rows, canary_at; /* written; after which the next row of nobody comes */
	struct canary canary;
	uint64_t order; /* of the pairs; the canary's seed moves on in the middle of one */
	const char *mark, *when;	     /* "kehu-export:…", and the moment it began */
	const char *marks[EXPORT_MARKS_MAX]; /* names given to nobody, and the watermark */
	size_t mark_count;
	/* until the next transaction: */
	const struct entity_view *entity;
	Kehu__Page *page;
	int64_t ids[EXPORT_PAGE_ROWS];
};

/* ---- rows -------------------------------------------------------------------------------- */

/* The cell as a person reads it and an import takes it; codes in cards. */
static const char *
export_cell(const struct export *export, const struct field *field, const Kehu__Value *cell)
{
	struct call *call = export->job->call;
	struct value value = { .present = cell->has_number || cell->text != NULL,
		.number = cell->number,
		.text = cell->text };

	if (!value.present)
		return "";
	if (cell->masked || field->type == TYPE_REF || field->type == TYPE_REFS)
		return cell->text != NULL ? cell->text : "";
	if (export_is_vcard(export->writer.format) && field->type == TYPE_CHOICE)
		return cell->text;
	if (export_is_vcard(export->writer.format) && field->type == TYPE_BOOL)
		return value.number ? "1" : "0";
	return value_print(call, field, &value);
}

/* Behind a real row one that stands for nobody: its choices and references, other names and
 * numbers. There are fewer of them the longer the file gets. */
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
			/* papers are called by their number */
			fake[i] = (label->flags & FIELD_NUMBERED) != 0
				      ? canary_text(&export->canary, call->arena, cells[i], false)
				      : canary_name(&export->canary, call->arena,
					    (label->flags & FIELD_PERSON) != 0);
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
		export_writer_row(&export->writer, export->entity->def, fields, fake, count);
	export->canary_at = canary_after(export->canary_at, export->mark_count);
}

/* The first and the last row at the latest: no file is without one that has rows at all. */
static bool
export_wants_canary(const struct export *export, bool last)
{
	return export->mark_count + 1 < EXPORT_MARKS_MAX &&
	       (export->rows == export->canary_at || (last && export->mark_count == 0));
}

static void
export_put_page(struct export *export)
{
	struct call *call = export->job->call;
	const Kehu__Page *page = export->page;
	const struct field **fields =
	    ARENA_ARRAY(call->arena, const struct field *, page->n_columns + 1);
	const char **cells = ARENA_ARRAY(call->arena, const char *, page->n_columns + 1);

	for (size_t i = 0; i < page->n_columns; i++) {
		fields[i] = entity_field(export->entity, page->columns[i]);
		cells[i] = call_say(call, fields[i]->en, fields[i]->zh);
	}
	export_writer_header(&export->writer, fields, cells, page->n_columns);
	for (size_t r = 0; r < page->n_rows; r++) {
		struct arena_mark mark = arena_mark(call->arena);
		size_t at = r;

		/* The order within a pair is this export's own, unless an order was asked for.
		 */
		if (!export->sorted && (r ^ 1) < page->n_rows &&
		    (export->order >> ((r / 2) % 48) & 1) != 0)
			at = r ^ 1;
		for (size_t i = 0; i < page->n_columns; i++)
			cells[i] = export_cell(export, fields[i], page->rows[at]->cells[i]);
		export_writer_row(
		    &export->writer, export->entity->def, fields, cells, page->n_columns);
		if (export_wants_canary(export, !export->more && r + 1 == page->n_rows))
			export_put_canary(export, fields, cells, page->n_columns);
		export->rows++;
		arena_rewind(call->arena, mark);
	}
}

/* ---- the watermark ----------------------------------------------------------------------- */

const char *
export_mark_in(struct arena *arena, const char *cell)
{
	const char *at = strstr(cell, EXPORT_MARK);

	return at != NULL ? arena_strndup(arena, at, strcspn(at, " \t\"\r\n")) : NULL;
}

/* "Wang Fang (wang)" */
static const char *
export_who(const struct export *export)
{
	struct job *job = export->job;
	const struct setup_record *user = access_setup(job->call->access, E_user, job->user);

	return user != NULL ? arena_printf(job->arena, "%s (%s)", user->label, user->key) : "?";
}

/* Once what is exported is known, and in which language. */
static void
export_mark_begin(struct export *export)
{
	struct job *job = export->job;
	struct call *call = job->call;
	const struct entity *entity = export->entity->def;

	if (export->mark != NULL)
		return;
	export->mark = arena_printf(job->arena, EXPORT_MARK "%" PRId64 ":%s", job->id,
	    uuid_format(job->arena, uuid_new()));
	export->when = date_format_us(job->arena, date_now_us(), call->session.offset_min);
	export->writer.head = (struct export_head){
		.title = call_say(call, entity->en, entity->zh),
		.foot = arena_printf(job->arena, call_say(call, "%s, %s, for: %s", "%s %s 用途：%s"),
		    export_who(export), export->when, export->request->reason),
		.mark_label = call_say(call, "Mark", "水印"),
		.mark = export->mark,
		.lang = call->session.lang,
		.offset_min = call->session.offset_min,
	};
}

static void
export_put_watermark(struct export *export)
{
	struct job *job = export->job;
	const char *line = arena_printf(job->arena,
	    call_say(job->call, "# Exported by %s on %s for: %s; %" PRId64 " rows; %s",
		"# 导出人 %s 时间 %s 用途：%s 共 %" PRId64 " 行 %s"),
	    export_who(export), export->when, export->request->reason, export->rows, export->mark);

	export->marks[export->mark_count++] = export->mark;
	export_writer_line(&export->writer, line);
}

/* ---- pages of the list ------------------------------------------------------------------- */

static enum err
export_page(struct job *job, void *to)
{
	struct export *export = to;
	struct call *call = job->call;
	struct page_reading *reading;
	const struct export_place place = {
		.cursor = { .data = export->cursor, .len = export->cursor_bytes },
		.rows = export->rows == 0 ? EXPORT_FIRST_ROWS : EXPORT_PAGE_ROWS,
	};
	enum err err =
	    export_prepare(call, export->request, place, &export->entity, &reading);

	if (err != ERR_OK)
		return err;
	call_begin(call, true);
	err = export_find_words(call, export->request, export->entity, reading);
	if (err != ERR_OK)
		return err;
	page_queue(call, reading);
	err = store_flush(call->store, call->arena);
	if (err != ERR_OK)
		return err;
	export->sorted = page_is_sorted(reading);
	export->page = page_take(call, reading);
	return ERR_OK;
}

/* A page that was read: counted, then written down. */
static enum err
export_take_page(struct export *export)
{
	const Kehu__Page *page = export->page;
	enum err err;

	for (size_t i = 0; i < page->n_rows; i++)
		export->ids[i] = page->rows[i]->id;
	err = readings_charge_export(export->job->call, export->entity, export->ids, page->n_rows);
	if (err != ERR_OK)
		return err;
	export_mark_begin(export);
	export->more = page->next.len > 0;
	export->cursor_bytes = page->next.len;
	if (export->more)
		memcpy(export->cursor, page->next.data, page->next.len);
	export_put_page(export);
	return ERR_OK;
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

/* To the result, in the file's encoding. */
static enum err
export_store(struct export *export)
{
	enum err err;

	buf_clear(&export->bytes);
	err = export_writer_encode(&export->writer, &export->bytes);
	return err == ERR_OK ? job_result(export->job, export->bytes.data, export->bytes.bytes)
			     : CALL_FAIL(export->job->call, err);
}

static enum err
export_pages(struct export *export)
{
	struct job *job = export->job;
	enum err err = ERR_OK;

	while (err == ERR_OK && export->more) {
		err = job_transaction(job, export_page, export);
		if (err == ERR_OK)
			err = export_take_page(export);
		if (err != ERR_OK)
			break;
		if (!export->more)
			export_put_watermark(export);
		err = export_store(export);
		if (err == ERR_OK && !job_progress(job, export->rows, job->total))
			err = ERR_CANCELLED;
	}
	return err;
}

/* A report is made in one go, and stored when it is whole. */
static enum err
export_whole_report(struct export *export)
{
	struct job *job = export->job;
	struct export_report report = { .request = export->request,
		.canary = &export->canary,
		.out = &export->text,
		.marks = export->marks,
		.marks_max = EXPORT_MARKS_MAX - 1 };
	enum err err;

	export->entity = catalog_entity(job->call->catalog, export->request->entity);
	if (export->entity == NULL)
		return CALL_FAIL(job->call, ERR_NO_SUCH_ENTITY);
	export_mark_begin(export);
	report.foot = export->writer.head.foot;
	report.mark = export->mark;
	err = export_report_make(job, &report);
	if (err != ERR_OK)
		return err;
	export->rows = report.rows;
	export->mark_count = report.mark_count;
	if (!export_open(&export->writer, export->request, &export->text) ||
	    export_is_printed(export->writer.format)) {
		export->marks[export->mark_count++] = export->mark;
		return job_result(job, export->text.data, export->text.bytes);
	}
	export_put_watermark(export);
	return export_store(export);
}

enum err
export_job_run(struct job *job)
{
	struct export *export = ARENA_NEW(job->arena, struct export);
	enum err err;

	*export = (struct export){ .job = job,
		.more = true,
		.text = BUF_INIT,
		.bytes = BUF_INIT,
		.canary_at = CANARY_FIRST };
	job->chunks = 0;
	export->canary.seed = (uint64_t)job->id * UINT64_C(2654435761) ^ (uint64_t)date_now_us();
	export->order = export->canary.seed;
	err = job_transaction(job, export_begin, export);
	if (err == ERR_OK && export->request->report != NULL)
		err = export_whole_report(export);
	else if (err == ERR_OK && !export_open(&export->writer, export->request, &export->text))
		err = ERR_INTERNAL;
	else if (err == ERR_OK)
		err = export_pages(export);
	if (err == ERR_OK)
		err = job_transaction(job, export_end, export);
	if (err == ERR_OK)
		job_say(job, "%" PRId64 " rows", "共 %" PRId64 " 行", export->rows);
	export_writer_close(&export->writer);
	buf_fini(&export->text);
	buf_fini(&export->bytes);
	return err;
}

enum err
export_tick(struct worker *worker)
{
	struct sql *sql = sql_new(worker->arena);
	struct rows *rows;

	sql_addf(sql, "SELECT kehu_export_expire(interval '%d minutes', make_interval(hours => ",
	    EXPORT_AGAIN_MINUTES);
	sql_int(sql, worker->server->settings.export_keep);
	sql_add(sql, "::integer))");
	sql_named(sql);
	store_begin(worker->store);
	store_queue(worker->store, sql, &rows);
	return store_commit(worker->store, worker->arena);
}
