/*
 * The import job: reads the file piece by piece, saves its rows in batches, each batch one
 * transaction that also stores how far it came, so that a run taken over by another server goes on
 * where the last one committed.
 *
 * A refused row is written to the result, a CSV file with the row as it was and where and why, to be
 * mended and imported again. A batch that the database refuses is done once more with a
 * savepoint for each row, so that one bad row never takes others with it.
 */
#include "server/job/import.h"

#include "common/csv.h"
#include "common/log.h"
#include "common/text.h"
#include "server/entity/dictionary.h"
#include "server/job/export.h"
#include "server/record/approval.h"
#include "server/record/arms.h"
#include "server/record/store_tree.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define IMPORT_BATCH_ROWS 200
#define IMPORT_BATCH_BYTES (4 * 1024 * 1024)

struct import_row {
	const char **cells; /* in the batch's arena */
	bool mark; /* stands for no record: see export.h */
	size_t count;
	uint64_t line;
	bool stray_quote;
	/* outcome */
	enum err err;
	const char *column, *reason;
	bool created, updated;
};

struct import {
	struct job *job;
	Kehu__Import *request;
	struct import_map map;
	const char **header;
	size_t header_count;
	struct arena *batch_arena;
	struct import_row rows[IMPORT_BATCH_ROWS];
	size_t row_count, batch_bytes;
	bool careful;      /* savepoint for each row */
	bool wrote_header; /* of the error file */
	int64_t read, created, updated, refused;
	int64_t marks; /* of the rows read, those that stand for no record */
	int64_t skip; /* rows done by an earlier run */
	uint64_t chunk, chunks;
};

/* ---- a row ------------------------------------------------------------------------------- */

static enum err
import_blame(struct import *import, struct import_row *row, enum err err, const char *column)
{
	struct call *call = import->job->call;
	const char *text = call->failure.text != NULL ? call->failure.text :
							err_text(err, call->session.lang);

	if (row->err == ERR_OK) {
		row->err = err;
		row->column = arena_strdup(import->batch_arena, column != NULL ? column : "");
		row->reason = arena_strdup(import->batch_arena, text);
	}
	call->failure = (struct failure){ 0 };
	call->more_count = 0;
	return err;
}

/* The header of the column that feeds a field, for blaming it. */
static const char *
import_header_of(const struct import *import, uint32_t entity, uint32_t field)
{
	for (size_t i = 0; i < import->map.column_count; i++) {
		const struct import_column *column = &import->map.columns[i];
		const struct entity_view *view =
		    column->line != NULL ? column->line : import->map.entity;

		if (column->field != NULL && column->field->number == field && view->def->number == entity)
			return column->header;
	}
	return "";
}

/* A record of another entity by number, exact name or short name, among those in sight. */
static enum err
import_find_reference(struct call *call, const struct field *field, const char *text, int64_t *id)
{
	const struct entity_view *target = call_view_named(call, field->ref);
	struct arms arms = access_arms(call->user, target->def, RIGHT_VIEW);
	static const char *const names[] = { "number", "name", "short_name" };
	struct sql *sql = sql_new(call->arena);
	struct rows *rows;
	bool first = true;
	enum err err;

	sql_addf(sql, "SELECT t.id FROM %s t WHERE t.deleted_at IS NULL AND ", entity_table(target->def));
	record_arms_where(call, sql, target, "t", &arms);
	sql_add(sql, " AND (");
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const struct field *by = entity_field_named(target, names[i]);

		if (by == NULL || (by->flags & FIELD_MASKED) != 0)
			continue;
		sql_addf(sql, "%st.%s = ", first ? "" : " OR ", names[i]);
		sql_text(sql, text);
		first = false;
	}
	sql_add(sql, first ? "false) LIMIT 2" : ") LIMIT 2");
	err = store_run(call->store, call->arena, sql, &rows);
	if (err != ERR_OK)
		return err;
	if (rows->count != 1)
		return rows->count == 0 ? ERR_NO_SUCH_RECORD : ERR_NARROW;
	*id = rows_int(rows, 0, 0);
	return ERR_OK;
}

static enum err
import_value(struct call *call, const struct field *field, const char *text, struct value *value)
{
	const struct entity_view *target = catalog_entity_named(call->catalog, field->ref);
	enum err err;

	if (field->type != TYPE_REF || target->def->kind == ENTITY_SETUP || text[0] == '#' ||
	    text[strspn(text, " ")] == '\0')
		return value_from_text(call, field, text, value);
	/* A file's "11" is a number of theirs; only what no record is called may be an id. */
	*value = (struct value){ 0 };
	err = import_find_reference(call, field, text, &value->number);
	if (err == ERR_NO_SUCH_RECORD)
		return value_from_text(call, field, text, value);
	value->present = err == ERR_OK;
	return err;
}

/* The row's line of a kind: the record's first, or one of its own where rows add lines. */
static struct record *
import_line(struct call *call, struct record *record, const struct entity_view *kind, bool add)
{
	struct record *line;

	for (size_t i = 0; i < record->line_count; i++)
		if (record->lines[i]->entity->def == kind->def && (!add || record->lines[i]->is_new))
			return record->lines[i];
	line = record_new(call->arena, kind);
	line->is_new = true;
	line->parent = record;
	line->id = -1 - (int64_t)record->line_count;
	record->lines[record->line_count++] = line;
	return line;
}

static enum err
import_put(struct import *import, struct import_row *row, struct record *record,
    const struct import_column *column, const char *text)
{
	struct call *call = import->job->call;
	struct value value;
	enum err err = import_value(call, column->field, text, &value);

	if (err != ERR_OK)
		return import_blame(import, row, err, column->header);
	if (column->line != NULL) {
		if (!value.present)
			return ERR_OK; /* an empty cell makes no line */
		record = import_line(call, record, column->line, import->map.add);
	}
	err = record_take_value(record, column->field, &value);
	return err == ERR_OK ? ERR_OK : import_blame(import, row, err, column->header);
}

static enum err
import_fill(struct import *import, struct import_row *row, struct record *record)
{
	struct record **lines = ARENA_ARRAY(import->job->call->arena, struct record *,
	    record->line_count + import->map.column_count + import->map.constant_count + 1);
	enum err err = ERR_OK;

	if (record->line_count > 0)
		memcpy(lines, record->lines, record->line_count * sizeof(*lines));
	record->lines = lines;
	for (size_t i = 0; err == ERR_OK && i < import->map.constant_count; i++)
		err = import_put(import, row, record, &import->map.constants[i],
		    import->map.constants[i].header);
	for (size_t i = 0; err == ERR_OK && i < import->map.column_count; i++)
		if (import->map.columns[i].field != NULL && i < row->count)
			err = import_put(import, row, record, &import->map.columns[i], row->cells[i]);
	return err;
}

static const char *
import_match_cell(const struct import *import, const struct import_row *row)
{
	for (size_t i = 0; i < import->map.column_count && i < row->count; i++)
		if (import->map.columns[i].line == NULL && import->map.match != NULL &&
		    import->map.columns[i].field == import->map.match)
			return row->cells[i];
	return NULL;
}

/* The record this row means, when the import says how to know it. */
static enum err
import_find(struct import *import, const struct import_row *row, int64_t *id)
{
	struct call *call = import->job->call;
	const char *text = import_match_cell(import, row);
	struct arms arms = access_arms(call->user, import->map.entity->def, RIGHT_VIEW);
	struct sql *sql = sql_new(call->arena);
	struct value value;
	struct rows *rows;
	enum err err;

	*id = 0;
	if (text == NULL || import_value(call, import->map.match, text, &value) != ERR_OK ||
	    !value.present)
		return ERR_OK;
	sql_addf(sql, "SELECT t.id FROM %s t WHERE t.deleted_at IS NULL AND t.%s = ",
	    entity_table(import->map.entity->def), import->map.match->name);
	value_bind(sql, import->map.match, &value);
	sql_add(sql, " AND ");
	record_arms_where(call, sql, import->map.entity, "t", &arms);
	sql_add(sql, " ORDER BY t.id LIMIT 1");
	sql_named(sql);
	err = store_run(call->store, call->arena, sql, &rows);
	if (err == ERR_OK && rows->count > 0)
		*id = rows_int(rows, 0, 0);
	return err;
}

static enum err
import_load(struct import *import, struct import_row *row, struct record **result)
{
	struct call *call = import->job->call;
	const struct entity_view *entity = import->map.entity;
	struct sql *sql = sql_new(call->arena);
	struct rows *rows;
	int64_t id;
	enum err err = import_find(import, row, &id);

	if (err != ERR_OK)
		return err;
	if (id != 0) {
		if (!import->map.update)
			return import_blame(import, row, ERR_DUPLICATE,
			    import_header_of(import, entity->def->number, import->map.match->number));
		err = record_read_to_change(call, entity, id, result);
		if (err == ERR_OK)
			err = record_may(call, *result, RIGHT_EDIT, NULL);
		if (err == ERR_OK)
			(*result)->old = arena_memdup(call->arena, (*result)->values,
			    (*result)->entity->field_count * sizeof(struct value));
		return err;
	}
	*result = record_new(call->arena, entity);
	(*result)->is_new = true;
	sql_add(sql, "SELECT nextval('record_id')");
	sql_named(sql);
	err = store_run(call->store, call->arena, sql, &rows);
	if (err == ERR_OK)
		(*result)->stored_id = rows_int(rows, 0, 0);
	return err;
}

/* Save one row. A refusal is in the row; another error is the database's. */
static enum err
import_save(struct import *import, struct import_row *row)
{
	struct call *call = import->job->call;
	struct record *record = NULL;
	enum err err;

	if (row->stray_quote || row->count != import->header_count) {
		call->failure.text = arena_printf(call->arena,
		    row->stray_quote ? call_say(call, "A quote is not closed where the cell ends",
					   "引号未在单元格结尾处闭合") :
				       call_say(call, "The row has %zu columns where the header has %zu",
					   "本行有 %zu 列，表头有 %zu 列"),
		    row->count, import->header_count);
		return import_blame(import, row, ERR_BAD_FILE, NULL);
	}
	err = import_load(import, row, &record);
	if (err == ERR_OK)
		err = import_fill(import, row, record);
	if (err == ERR_OK)
		err = record_save(call, record);
	if (err == ERR_OK && import->careful)
		err = approval_check_row(call, record);
	if (err == ERR_OK && import->careful)
		err = store_flush(call->store, call->arena);
	if (err == ERR_OK) {
		row->created = record->is_new;
		row->updated = !record->is_new;
		return ERR_OK;
	}
	if (row->err == ERR_OK && (store_state(call->store)[0] == '\0' || import->careful)) {
		/* A check of ours refused it, or the database did and the savepoint holds. */
		return import_blame(import, row, err,
		    import_header_of(import, call->failure.entity, call->failure.field));
	}
	return err;
}

/* ---- a batch ----------------------------------------------------------------------------- */

static void
import_store_position(struct import *import)
{
	struct call *call = import->job->call;
	struct sql *sql = sql_new(call->arena);
	int64_t created = import->created, updated = import->updated, refused = import->refused;
	int64_t marks = import->marks;

	for (size_t i = 0; i < import->row_count; i++) {
		created += import->rows[i].created;
		updated += import->rows[i].updated;
		refused += import->rows[i].err != ERR_OK;
		marks += import->rows[i].mark;
	}
	sql_add(sql, "UPDATE job SET done = ");
	sql_int(sql, import->read);
	sql_add(sql, ", text = ");
	sql_text(sql, arena_printf(call->arena, "%" PRId64 " %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64, created, updated,
			  refused, marks, import->read));
	sql_add(sql, " WHERE id = ");
	sql_int(sql, import->job->id);
	store_queue(call->store, sql, NULL);
}

/* The text by which an export of ours would know the row: its watermark, or the name in it. */
static const char *
import_mark(const struct import *import, const struct import_row *row)
{
	struct call *call = import->job->call;
	const struct field *label = entity_label(import->map.entity);
	const char *mark = row->count > 0 ? export_mark_in(call->arena, row->cells[0]) : NULL;

	for (size_t i = 0; mark == NULL && i < import->map.column_count && i < row->count; i++)
		if (import->map.columns[i].line == NULL && label != NULL &&
		    import->map.columns[i].field == label)
			mark = row->cells[i];
	return mark != NULL ? mark : "";
}

/* Rows of an export that stand for no record are left out, by what was stored of them. */
static enum err
import_find_marks(struct import *import)
{
	struct call *call = import->job->call;
	const char **texts = ARENA_ARRAY(call->arena, const char *, import->row_count + 1);
	struct sql *sql = sql_new(call->arena);
	struct rows *rows;
	enum err err;

	for (size_t i = 0; i < import->row_count; i++)
		texts[i] = import_mark(import, &import->rows[i]);
	sql_add(sql, "SELECT text FROM kehu_export_marked(");
	sql_texts(sql, texts, import->row_count);
	sql_add(sql, ")");
	err = store_run(call->store, call->arena, sql, &rows);
	for (size_t i = 0; err == ERR_OK && i < import->row_count; i++) {
		import->rows[i].mark = false;
		for (size_t k = 0; k < rows->count; k++)
			import->rows[i].mark |= strcmp(rows_text(rows, k, 0), texts[i]) == 0;
	}
	return err;
}

/* Every transaction has its own snapshot: what the header names is found in it again. */
static enum err
import_bind_header(struct import *import)
{
	struct call *call = import->job->call;

	import->map = (struct import_map){ .entity = call_view(call, import->request->entity) };
	if (import->map.entity == NULL)
		return CALL_FAIL(call, ERR_NO_SUCH_ENTITY);
	return import_bind(call, call->arena, import->request, import->header,
	    import->header_count, &import->map);
}

static enum err
import_batch(struct job *job, void *to)
{
	struct import *import = to;
	struct call *call = job->call;
	enum err err = import_bind_header(import);

	if (err != ERR_OK)
		return err;
	call_scope_references(call, import->map.entity);
	call_scope(call, import->map.entity->def, import->map.update ? RIGHT_EDIT : RIGHT_CREATE);
	call_begin(call, true);
	err = import_find_marks(import);
	if (err != ERR_OK)
		return err;
	if (import->map.dry_run)
		err = store_savepoint(call->store, call->arena);
	for (size_t i = 0; err == ERR_OK && i < import->row_count; i++) {
		struct import_row *row = &import->rows[i];

		row->err = ERR_OK;
		row->created = row->updated = false;
		if (row->mark)
			continue;
		if (import->careful)
			err = store_savepoint(call->store, call->arena);
		if (err != ERR_OK)
			break;
		err = import_save(import, row);
		if (row->err != ERR_OK) {
			/* What a refused row had stored before its refusal goes with it. */
			err = import->careful ? store_rollback_to(call->store, call->arena) : ERR_OK;
		} else if (err == ERR_OK && import->careful) {
			err = store_release(call->store, call->arena);
		}
	}
	if (err == ERR_OK && import->map.dry_run)
		err = store_rollback_to(call->store, call->arena);
	if (err == ERR_OK)
		import_store_position(import);
	return err;
}

/* "line","column","reason" behind the row as it was. */
static enum err
import_write_refusal(struct import *import, const struct import_row *row)
{
	struct buf out = BUF_INIT;
	struct csv_writer writer = { .out = &out, .delimiter = ',' };
	char line[32];
	enum err err;

	if (!import->wrote_header) {
		for (size_t i = 0; i < import->header_count; i++)
			csv_put(&writer, import->header[i], CSV_TEXT);
		csv_put(&writer, "kehu_line", CSV_TEXT);
		csv_put(&writer, "kehu_column", CSV_TEXT);
		csv_put(&writer, "kehu_reason", CSV_TEXT);
		csv_end_row(&writer);
		import->wrote_header = true;
	}
	for (size_t i = 0; i < row->count || i < import->header_count; i++)
		csv_put(&writer, i < row->count ? row->cells[i] : "", CSV_TEXT);
	snprintf(line, sizeof(line), "%" PRIu64, row->line);
	csv_put(&writer, line, CSV_NUMBER);
	csv_put(&writer, row->column, CSV_TEXT);
	csv_put(&writer, row->reason, CSV_TEXT);
	csv_end_row(&writer);
	err = job_result(import->job, out.data, out.bytes);
	buf_fini(&out);
	return err;
}

static enum err
import_flush(struct import *import)
{
	enum err err;

	if (import->row_count == 0)
		return ERR_OK;
	/* A row that wants consent shows it only once stored. */
	import->careful = approval_may_ask(import->job->call, import->map.entity->def);
	err = job_transaction(import->job, import_batch, import);
	if (err != ERR_OK && err != ERR_DB_GONE && err != ERR_CANCELLED) {
		import->careful = true;
		err = job_transaction(import->job, import_batch, import);
	}
	for (size_t i = 0; err == ERR_OK && i < import->row_count; i++) {
		struct import_row *row = &import->rows[i];

		import->created += row->created;
		import->updated += row->updated;
		import->marks += row->mark;
		if (row->err != ERR_OK) {
			import->refused++;
			err = import_write_refusal(import, row);
		}
	}
	import->row_count = import->batch_bytes = 0;
	arena_reset(import->batch_arena);
	if (err == ERR_OK && !job_progress(import->job, (int64_t)import->chunk, (int64_t)import->chunks))
		err = ERR_CANCELLED;
	return err;
}

/* ---- the file ---------------------------------------------------------------------------- */

static enum err
import_take_header(struct import *import, const struct csv_row *row)
{
	struct arena *arena = import->job->arena;

	import->header_count = row->count;
	import->header = ARENA_ARRAY(arena, const char *, row->count + 1);
	for (size_t i = 0; i < row->count; i++)
		import->header[i] = arena_strdup(arena, row->cells[i]);
	return import_bind_header(import);
}

static enum err
import_take_row(struct import *import, const struct csv_row *csv)
{
	struct import_row *row;

	if (import->header == NULL)
		return import_take_header(import, csv);
	import->read++;
	if (import->read <= import->skip)
		return ERR_OK;
	row = &import->rows[import->row_count++];
	*row = (struct import_row){ .count = csv->count, .line = csv->line, .stray_quote = csv->stray_quote };
	row->cells = ARENA_ARRAY(import->batch_arena, const char *, csv->count + 1);
	for (size_t i = 0; i < csv->count; i++) {
		row->cells[i] = arena_strdup(import->batch_arena, csv_armed(csv->cells[i]));
		import->batch_bytes += strlen(csv->cells[i]) + 1;
	}
	if (import->row_count == IMPORT_BATCH_ROWS || import->batch_bytes >= IMPORT_BATCH_BYTES)
		return import_flush(import);
	return ERR_OK;
}

static enum err
import_take_rows(struct import *import, struct csv_reader *reader)
{
	struct arena *arena = arena_new(0);
	enum err err = ERR_OK;
	struct csv_row row;
	enum csv_status status;

	while (err == ERR_OK && (status = csv_reader_next(reader, arena, &row)) == CSV_ROW) {
		err = import_take_row(import, &row);
		arena_reset(arena);
	}
	if (err == ERR_OK && status == CSV_BROKEN) {
		struct call *call = import->job->call;
		uint64_t line;
		enum csv_fault fault = csv_reader_fault(reader, &line);

		err = CALL_FAIL(call, ERR_BAD_FILE, .text = arena_printf(import->job->arena, "%s %" PRIu64 ": %s",
		    call_say(call, "line", "第"), line, csv_fault_text(fault, call->session.lang)));
	}
	arena_free(arena);
	return err;
}

static enum err
import_read_chunk(struct import *import, uint64_t number, const void **data, size_t *bytes,
    struct arena *arena)
{
	struct store *store = import->job->worker->store;
	struct sql *sql = sql_new(arena);
	struct rows *rows;
	enum err err;

	store_read(store);
	sql_add(sql, "SELECT data FROM import_chunk WHERE job_id = ");
	sql_int(sql, import->job->id);
	sql_add(sql, " AND number = ");
	sql_int(sql, (int64_t)number);
	sql_named(sql);
	store_queue(store, sql, &rows);
	err = store_flush(store, arena);
	if (err == ERR_OK && rows->count == 0)
		err = ERR_BAD_FILE;
	if (err == ERR_OK)
		*data = rows_bytea(arena, rows, 0, 0, bytes);
	return err;
}

static enum err
import_open(struct import *import, struct text_decoder **decoder)
{
	struct arena *arena = import->job->arena;
	struct store *store = import->job->worker->store;
	struct call *call = import->job->call;
	struct sql *sql = sql_new(arena);
	ProtobufCAllocator allocator = frame_allocator(arena);
	const char *encoding;
	const void *data;
	struct rows *rows;
	size_t bytes;
	enum err err;

	store_read(store);
	sql_add(sql, "SELECT count(*) - 1, (SELECT coalesce(text, '') FROM job WHERE id = ");
	sql_int(sql, import->job->id);
	sql_add(sql, ") FROM import_chunk WHERE job_id = ");
	sql_int(sql, import->job->id);
	store_queue(store, sql, &rows);
	err = store_flush(store, arena);
	if (err == ERR_OK)
		err = import_read_chunk(import, 0, &data, &bytes, arena);
	if (err != ERR_OK)
		return err;
	import->chunks = (uint64_t)rows_int(rows, 0, 0);
	if (import->job->attempts > 1 && sscanf(rows_text(rows, 0, 1), "%" SCNd64 " %" SCNd64 " %" SCNd64 " %" SCNd64 " %" SCNd64,
		&import->created, &import->updated, &import->refused, &import->marks, &import->skip) == 5) {
		import->wrote_header = import->job->chunks > 0;
	}
	import->request = kehu__import__unpack(&allocator, bytes, data);
	if (import->request == NULL)
		return ERR_INTERNAL;
	encoding = import->request->encoding;
	if (import->chunks > 0) {
		err = import_read_chunk(import, 1, &data, &bytes, arena);
		if (err != ERR_OK)
			return err;
		if (encoding == NULL || encoding[0] == '\0')
			encoding = text_detect_encoding(data, bytes);
	}
	*decoder = text_decoder_open(encoding != NULL ? encoding : "UTF-8");
	if (*decoder == NULL)
		return CALL_FAIL(call, ERR_BAD_FILE, .text = arena_printf(arena,
		    call_say(call, "There is no encoding \"%s\"", "没有编码“%s”"), encoding));
	return ERR_OK;
}

static enum err
import_file(struct import *import, struct text_decoder *decoder, struct csv_reader *reader)
{
	struct call *call = import->job->call;
	struct arena *arena = arena_new(0);
	struct buf text = BUF_INIT;
	enum err err = ERR_OK;

	for (import->chunk = 1; err == ERR_OK && import->chunk <= import->chunks; import->chunk++) {
		const void *data;
		size_t bytes;

		arena_reset(arena);
		buf_clear(&text);
		err = import_read_chunk(import, import->chunk, &data, &bytes, arena);
		if (err == ERR_OK)
			err = text_decoder_feed(decoder, data, bytes, &text);
		if (err == ERR_OK && import->chunk == import->chunks)
			err = text_decoder_end(decoder, &text);
		if (err == ERR_BAD_TEXT) {
			err = CALL_FAIL(call, ERR_BAD_FILE, .text = arena_printf(import->job->arena,
			    call_say(call, "Byte %" PRIu64 " is not in the file's encoding; name the right one",
				"第 %" PRIu64 " 字节不符合文件编码，请指定正确的编码"),
			    text_decoder_offset(decoder)));
			break;
		}
		csv_reader_feed(reader, buf_text(&text), text.bytes);
		if (import->chunk == import->chunks)
			csv_reader_finish(reader);
		if (err == ERR_OK)
			err = import_take_rows(import, reader);
	}
	if (err == ERR_OK)
		err = import_flush(import);
	if (err == ERR_OK && import->header == NULL)
		err = CALL_FAIL(call, ERR_BAD_FILE,
		    .text = call_say(call, "The file is empty", "文件是空的"));
	buf_fini(&text);
	arena_free(arena);
	return err;
}

static enum err
import_forget_file(struct job *job, void *to)
{
	struct sql *sql = sql_new(job->call->arena);

	(void)to;
	call_begin(job->call, true);
	sql_add(sql, "DELETE FROM import_chunk WHERE job_id = ");
	sql_int(sql, job->id);
	store_queue(job->call->store, sql, NULL);
	return ERR_OK;
}

enum err
import_job_run(struct job *job)
{
	struct import *import = ARENA_NEW(job->arena, struct import);
	struct text_decoder *decoder = NULL;
	struct csv_reader *reader = NULL;
	const char *separator;
	enum err err;

	import->job = job;
	import->batch_arena = arena_new(0);
	err = import_open(import, &decoder);
	if (err == ERR_OK) {
		separator = import->request->separator;
		reader = csv_reader_new(separator != NULL ? separator[0] : '\0');
		err = import_file(import, decoder, reader);
	}
	if (err == ERR_OK)
		err = job_transaction(job, import_forget_file, NULL);
	if (err == ERR_OK)
		job_say(job, "read %" PRId64 ", created %" PRId64 ", updated %" PRId64 ", refused %" PRId64,
		    "读取 %" PRId64 "，新建 %" PRId64 "，更新 %" PRId64 "，拒绝 %" PRId64,
		    import->read - import->marks, import->created, import->updated, import->refused);
	if (reader != NULL)
		csv_reader_free(reader);
	if (decoder != NULL)
		text_decoder_close(decoder);
	arena_free(import->batch_arena);
	return err;
}
