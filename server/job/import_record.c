/*
 * The record that is kept of an import (entity import): begun before its first row is stored, with the
 * records that each batch made or changed, so that all of it can be taken back.
 */
#include "server/job/import_impl.h"

#include "common/text.h"
#include "server/entity/fields.h"

#include <string.h>

#define FILE_CHARS 200

enum part_step { PART_REFERENCE = 1, PART_MADE = 2, PART_CHANGED = 3 };

/* The name of the file, without what stands before it on the sender's machine. */
static const char *
import_file_name(const struct import *import)
{
	struct arena *arena = import->job->call->arena;
	const char *path = import->request->file != NULL ? import->request->file : "";
	const char *slash = strrchr(path, '/');
	const char *name = text_print(arena, slash != NULL ? slash + 1 : path, TEXT_LINE);

	return text_chars(name) > FILE_CHARS ? arena_strndup(arena, name, FILE_CHARS) : name;
}

static enum err
record_insert(struct job *job, void *to)
{
	struct import *import = to;
	struct call *call = job->call;
	const struct entity_view *view = call_view(call, E_import);
	struct sql *sql = sql_new(call->arena);
	struct rows *rows;
	enum err err = import_bind_header(import);

	if (err != ERR_OK)
		return err;
	call_scope_references(call, view);
	call_scope(call, view->def, RIGHT_ACT);
	call_begin(call, true);
	sql_add(sql, "WITH made AS (INSERT INTO import (file, entity, job, change_id, owner_id, department_id, "
		     "branch_id, created_by) SELECT ");
	sql_text(sql, import_file_name(import));
	sql_add(sql, ", ");
	sql_text(sql, import->map.entity->def->name);
	sql_add(sql, ", ");
	sql_int(sql, job->id);
	sql_add(sql, ", ");
	sql_uuid(sql, call->intention);
	call_add_owner(call, sql);
	sql_add(sql, " WHERE NOT EXISTS (SELECT FROM import i WHERE i.job = ");
	sql_int(sql, job->id);
	sql_add(sql, ") RETURNING id) SELECT id FROM made UNION ALL SELECT id FROM import WHERE job = ");
	sql_int(sql, job->id);
	err = store_run(call->store, call->arena, sql, &rows);
	if (err == ERR_OK && rows->count == 0)
		return CALL_FAIL(call, ERR_FORBIDDEN, .entity = E_import);
	if (err == ERR_OK)
		import->record_id = rows_int(rows, 0, 0);
	return err;
}

enum err
import_record_begin(struct import *import)
{
	return job_transaction(import->job, record_insert, import);
}

void
import_record_made(struct import *import, const struct entity *def, int64_t id)
{
	struct arena *arena = import->job->call->arena;

	if (import->made_count == import->made_room) {
		size_t room = import->made_room * 2 + 64;
		struct import_made *more = ARENA_ARRAY(arena, struct import_made, room);

		if (import->made_count > 0)
			memcpy(more, import->made, import->made_count * sizeof(*more));
		import->made = more;
		import->made_room = room;
	}
	import->made[import->made_count++] = (struct import_made){ def, id };
}

static void
import_queue_part(struct import *import, enum part_step step, const struct entity *def,
    const int64_t *ids, size_t count)
{
	struct call *call = import->job->call;
	struct sql *sql = sql_new(call->arena);

	if (count == 0)
		return;
	sql_add(sql, "INSERT INTO import_part (import_id, number, step, entity, ids) VALUES (");
	sql_int(sql, import->record_id);
	sql_add(sql, ", ");
	sql_int(sql, import->read);
	sql_addf(sql, ", %d, ", (int)step);
	sql_text(sql, def->name);
	sql_add(sql, ", ");
	sql_ints(sql, ids, count);
	sql_add(sql, ")");
	store_queue(call->store, sql, NULL);
}

static bool
import_noted(const int64_t *ids, size_t count, int64_t id)
{
	while (count > 0)
		if (ids[--count] == id)
			return true;
	return false;
}

/* Records made for references, those of one entity together. */
static void
import_queue_references(struct import *import, int64_t *ids)
{
	for (size_t i = 0; i < import->made_count; i++) {
		const struct entity *def = import->made[i].def;
		size_t count = 0;
		bool first = true;

		for (size_t k = 0; k < import->made_count; k++) {
			first &= k >= i || import->made[k].def != def;
			if (import->made[k].def == def)
				ids[count++] = import->made[k].id;
		}
		if (first)
			import_queue_part(import, PART_REFERENCE, def, ids, count);
	}
}

void
import_record_part(struct import *import)
{
	size_t room = import->row_count + import->made_count + 1, made = 0, changed = 0;
	int64_t *ids = ARENA_ARRAY(import->job->call->arena, int64_t, room);

	import_queue_references(import, ids);
	for (size_t i = 0; i < import->row_count; i++)
		if (import->rows[i].created)
			ids[made++] = import->rows[i].record;
	import_queue_part(import, PART_MADE, import->map.entity->def, ids, made);
	for (size_t i = 0; i < import->row_count; i++)
		if (import->rows[i].updated && !import_noted(ids, changed, import->rows[i].record))
			ids[changed++] = import->rows[i].record;
	import_queue_part(import, PART_CHANGED, import->map.entity->def, ids, changed);
}

/* ---- the end ----------------------------------------------------------------------------- */

struct record_ending {
	struct import *import;
	const char *state;
};

static enum err
record_store_end(struct job *job, void *to)
{
	struct record_ending *ending = to;
	struct import *import = ending->import;
	struct call *call = job->call;
	const struct entity_view *view = call_view(call, E_import);
	const int64_t counts[] = { import->read - import->marks, import->created, import->updated,
		import->refused };
	static const char *const columns[] = { "rows_read", "rows_created", "rows_updated",
		"rows_refused" };
	struct sql *sql = sql_new(call->arena);

	call_scope(call, view->def, RIGHT_ACT);
	call_begin(call, true);
	sql_add(sql, "UPDATE import SET version = version + 1, updated_at = now(), state = ");
	sql_text(sql, ending->state);
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		sql_addf(sql, ", %s = ", columns[i]);
		sql_int(sql, counts[i]);
	}
	sql_add(sql, " WHERE state = 'running' AND id = ");
	sql_int(sql, import->record_id);
	store_queue(call->store, sql, NULL);
	if (strcmp(ending->state, "done") == 0)
		import_learn(import);
	return ERR_OK;
}

enum err
import_record_end(struct import *import, const char *state)
{
	struct record_ending ending = { import, state };

	return job_transaction(import->job, record_store_end, &ending);
}
