/*
 * Batches of rows: each is one transaction that also stores how far the import came, so that a
 * run taken over by another server goes on where the last one committed. A batch that the
 * database refuses is done once more with a savepoint for each row, so that one bad row never
 * takes others with it.
 */
#include "server/job/import_impl.h"

#include "server/entity/fields.h"
#include "server/job/export.h"
#include "server/record/approval.h"
#include "server/record/store_tree.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum err
import_save(struct import *import, struct import_row *row)
{
	struct call *call = import->job->call;
	struct record *record = NULL;
	enum err err;

	if (import_check_shape(import, row) != ERR_OK)
		return ERR_BAD_FILE;
	err = import_make_record(import, row, &record);
	if (err == ERR_OK)
		err = record_save(call, record);
	if (err == ERR_OK && import->careful)
		err = approval_check_row(call, record);
	if (err == ERR_OK && import->careful)
		err = store_flush(call->store, call->arena);
	if (err == ERR_OK) {
		row->created = record->is_new;
		row->updated = !record->is_new;
		row->record = record->is_new ? record->stored_id : record->id;
		return ERR_OK;
	}
	if (row->err == ERR_OK && (store_state(call->store)[0] == '\0' || import->careful)) {
		/* A check of ours refused it, or the database did and the savepoint holds. */
		return import_blame(import, row, err,
		    import_header_of(import, call->failure.entity, call->failure.field));
	}
	return err;
}

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
	sql_text(sql, arena_printf(call->arena,
			  "%" PRId64 " %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64, created,
			  updated, refused, marks, import->read));
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

	for (size_t i = 0; mark == NULL && i < import->map.column_count; i++) {
		const struct import_column *column = &import->map.columns[i];

		if (column->line == NULL && label != NULL && column->field == label &&
		    column->at < row->count)
			mark = row->cells[column->at];
	}
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

enum err
import_bind_header(struct import *import)
{
	struct call *call = import->job->call;

	import->map = (struct import_map){ .entity = call_view(call, import->request->entity) };
	if (import->map.entity == NULL)
		return CALL_FAIL(call, ERR_NO_SUCH_ENTITY);
	return import_bind(call, call->arena, import->request, import->header,
	    import->header_count, &import->map);
}

static void
import_forget_outcomes(struct import *import)
{
	for (size_t i = 0; i < import->row_count; i++) {
		struct import_row *row = &import->rows[i];

		row->err = ERR_OK;
		row->created = row->updated = false;
		row->match = 0;
	}
	import->names = NULL;
	import->made = NULL;
	import->name_count = import->made_count = import->made_room = 0;
}

static enum err
import_batch_by_row(struct import *import)
{
	struct call *call = import->job->call;
	enum err err = ERR_OK;

	for (size_t i = 0; err == ERR_OK && i < import->row_count; i++) {
		struct import_row *row = &import->rows[i];
		size_t made = import->made_count;

		if (row->mark)
			continue;
		if (import->careful)
			err = store_savepoint(call->store, call->arena);
		if (err != ERR_OK)
			break;
		err = import_save(import, row);
		if (row->err != ERR_OK) {
			/* What a refused row had stored before its refusal goes with it. */
			import->made_count = made;
			err = import->careful ? store_rollback_to(call->store, call->arena)
					      : ERR_OK;
		} else if (err == ERR_OK && import->careful) {
			err = store_release(call->store, call->arena);
		}
	}
	return err;
}

static enum err
import_batch(struct job *job, void *to)
{
	struct import *import = to;
	struct call *call = job->call;
	bool done = false;
	enum err err = import_bind_header(import);

	if (err != ERR_OK)
		return err;
	call_scope(call, call_view(call, E_import)->def, RIGHT_ACT);
	call_scope_references(call, import->map.entity);
	call_scope(
	    call, import->map.entity->def, import->map.update ? RIGHT_EDIT : RIGHT_CREATE);
	import_scope_names(import);
	call_begin(call, true);
	err = import_find_marks(import);
	if (err != ERR_OK)
		return err;
	if (import->map.dry_run)
		err = store_savepoint(call->store, call->arena);
	import_forget_outcomes(import);
	if (err == ERR_OK && import->by_set && !import->careful)
		err = import_batch_by_set(import, &done);
	if (err == ERR_OK && !done)
		err = import_batch_by_row(import);
	if (err == ERR_OK && import->map.dry_run)
		err = store_rollback_to(call->store, call->arena);
	if (err != ERR_OK)
		return err;
	if (!import->map.dry_run)
		import_record_part(import);
	import_store_position(import);
	return ERR_OK;
}

enum err
import_flush(struct import *import)
{
	enum err err;

	if (import->row_count == 0)
		return ERR_OK;
	/* A row that wants consent shows it only once stored. */
	import->careful = import->request->create_references ||
	    approval_may_ask(import->job->call, import->map.entity->def);
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
	if (err == ERR_OK && !job_progress(import->job, import->read, import->total))
		err = ERR_CANCELLED;
	return err;
}
