/*
 * What an import mapped, kept for its user: the next file of the same columns is proposed the same. Only what
 * fills a field from a column or with a constant is kept, nothing of the file itself but its columns' names.
 */
#include "server/job/import_impl.h"

#include <inttypes.h>
#include <string.h>

#define LEARN_COLUMNS_MAX 1000
#define LEARN_KEPT	  200 /* maps of one user; older ones go */

/* Which columns a file has, in their order: FNV-1a. Whoever finds two heads of one hash fools only themselves. */
static int64_t
learn_head(const char *const *columns, size_t count)
{
	uint64_t hash = 14695981039346656037U;

	for (size_t i = 0; i < count; i++) {
		for (const char *c = columns[i]; *c != '\0'; c++)
			hash = (hash ^ (unsigned char)*c) * 1099511628211U;
		hash = (hash ^ 0xFF) * 1099511628211U; /* in no text */
	}
	return (int64_t)(hash >> 1);
}

static void
learn_add_key(struct call *call, struct sql *sql, const struct entity *def, int64_t head)
{
	sql_add(sql, "m.user_id = ");
	sql_int(sql, call->session.user);
	sql_add(sql, " AND m.entity = ");
	sql_text(sql, def->name);
	sql_add(sql, " AND m.head = ");
	sql_int(sql, head);
}

void
import_learn(struct import *import)
{
	struct call *call = import->job->call;
	/* Not the view of the last batch: that snapshot may be let go by now. */
	const struct entity_view *view = call_view(call, import->request->entity);
	Kehu__Import kept = KEHU__IMPORT__INIT;
	struct sql *sql = sql_new(call->arena), *old = sql_new(call->arena);
	uint8_t *packed;
	size_t bytes;

	if (view == NULL || import->request->n_map == 0 || import->request->no_header)
		return;
	kept.map = import->request->map;
	kept.n_map = import->request->n_map;
	bytes = kehu__import__get_packed_size(&kept);
	packed = arena_alloc(call->arena, bytes);
	kehu__import__pack(&kept, packed);
	sql_add(sql, "INSERT INTO import_map (user_id, entity, head, map) VALUES (");
	sql_int(sql, call->session.user);
	sql_add(sql, ", ");
	sql_text(sql, view->def->name);
	sql_add(sql, ", ");
	sql_int(sql, learn_head(import->header, import->header_count));
	sql_add(sql, ", ");
	sql_bytes(sql, packed, bytes);
	sql_add(sql, ") ON CONFLICT (user_id, entity, head) DO UPDATE SET map = EXCLUDED.map, used_at = now()");
	store_queue(call->store, sql, NULL);
	sql_add(old, "DELETE FROM import_map WHERE (user_id, entity, head) IN (SELECT m.user_id, m.entity, m.head "
		     "FROM import_map m WHERE m.user_id = ");
	sql_int(old, call->session.user);
	sql_addf(old, " ORDER BY m.used_at DESC OFFSET %d)", LEARN_KEPT);
	store_queue(call->store, old, NULL);
}

/* Fields that the user may not write any more are not proposed. */
static bool
learn_still_fills(const struct entity_view *entity, const Kehu__Mapping *mapping)
{
	return mapping->field != NULL && (strchr(mapping->field, '.') != NULL ||
	    (entity_field_named(entity, mapping->field) != NULL &&
		(entity_field_named(entity, mapping->field)->flags & FIELD_READONLY) == 0));
}

enum err
import_learnt(struct call *call)
{
	const Kehu__Import *request = call->request->import;
	ProtobufCAllocator allocator = frame_allocator(call->arena);
	Kehu__ImportAnswer *answer = ARENA_NEW(call->arena, Kehu__ImportAnswer);
	struct sql *sql = sql_new(call->arena);
	const struct entity_view *entity;
	struct rows *rows;
	enum err err = call_entity(call, request->entity, RIGHT_CREATE, &entity);

	if (err != ERR_OK)
		return err;
	if (request->n_columns == 0 || request->n_columns > LEARN_COLUMNS_MAX)
		return CALL_FAIL(call, ERR_BAD_REQUEST);
	kehu__import_answer__init(answer);
	call->answer.answer_case = KEHU__SERVER_FRAME__ANSWER_IMPORT;
	call->answer.import = answer;
	call_begin(call, true);
	sql_add(sql, "SELECT m.map FROM import_map m WHERE ");
	learn_add_key(call, sql, entity->def,
	    learn_head((const char *const *)request->columns, request->n_columns));
	err = store_run(call->store, call->arena, sql, &rows);
	if (err == ERR_OK && rows->count > 0) {
		size_t bytes;
		const void *data = rows_bytea(call->arena, rows, 0, 0, &bytes);
		Kehu__Import *kept = kehu__import__unpack(&allocator, bytes, data);

		answer->map = ARENA_ARRAY(call->arena, Kehu__Mapping *, kept != NULL ? kept->n_map + 1 : 1);
		for (size_t i = 0; kept != NULL && i < kept->n_map; i++)
			if (learn_still_fills(entity, kept->map[i]))
				answer->map[answer->n_map++] = kept->map[i];
	}
	return err;
}
