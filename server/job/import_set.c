/*
 * A batch by set: the rows that are new records are checked together and stored by a few
 * statements, whatever their number (record_save_many). Rows that change records there are, and
 * whatever an entity's rules cannot take many at once, go one by one as ever.
 */
#include "server/job/import_impl.h"

#include "server/record/arms.h"
#include "server/record/store_tree.h"

#include <stdlib.h>
#include <string.h>

bool
import_may_by_set(const struct import *import)
{
	const struct import_map *map = &import->map;

	for (size_t i = 0; i < map->column_count; i++)
		if (map->columns[i].line != NULL)
			return false;
	for (size_t i = 0; i < map->constant_count; i++)
		if (map->constants[i].line != NULL)
			return false;
	/* What a refused row had made for its references goes with it alone. */
	return record_may_save_many(map->entity) && !map->add && !import->request->create_references &&
	       (map->match == NULL || map->match->type == TYPE_TEXT);
}

/* ---- rows that mean records there are ---------------------------------------------------- */

struct set_key {
	const char *text;
	size_t row;
};

static int
set_key_compare(const void *a, const void *b)
{
	return strcmp(((const struct set_key *)a)->text, ((const struct set_key *)b)->text);
}

static size_t
set_collect_keys(struct import *import, struct set_key *keys)
{
	struct call *call = import->job->call;
	size_t count = 0;

	for (size_t i = 0; i < import->row_count; i++) {
		const char *text = import_match_cell(import, &import->rows[i]);
		struct value value;

		if (text != NULL && !import->rows[i].mark &&
		    value_from_text(call, import->map.match, text, &value) == ERR_OK &&
		    value.present)
			keys[count++] = (struct set_key){ value.text, i };
	}
	qsort(keys, count, sizeof(*keys), set_key_compare);
	return count;
}

/* *alone false: two rows have one key, and what the second means depends on the first. */
static enum err
set_find_matches(struct import *import, bool *alone)
{
	struct call *call = import->job->call;
	const struct entity_view *entity = import->map.entity;
	struct arms arms = access_arms(call->user, entity->def, RIGHT_VIEW);
	struct set_key *keys = ARENA_ARRAY(call->arena, struct set_key, import->row_count + 1);
	const char **texts = ARENA_ARRAY(call->arena, const char *, import->row_count + 1);
	size_t count = set_collect_keys(import, keys);
	struct sql *sql = sql_new(call->arena);
	struct rows *rows;
	enum err err;

	for (size_t i = 0; i < count; i++) {
		texts[i] = keys[i].text;
		if (i > 0 && strcmp(texts[i - 1], texts[i]) == 0)
			*alone = false;
	}
	if (!*alone || count == 0)
		return ERR_OK;
	sql_addf(sql,
	    "SELECT t.%s, min(t.id) FROM %s t WHERE t.deleted_at IS NULL AND t.%s <> '' AND "
	    "t.%s = ANY (",
	    import->map.match->name, entity_table(entity->def), import->map.match->name,
	    import->map.match->name);
	sql_texts(sql, texts, count);
	sql_add(sql, ") AND ");
	record_arms_where(call, sql, entity, "t", &arms);
	sql_add(sql, " GROUP BY 1");
	err = store_run(call->store, call->arena, sql, &rows);
	for (size_t i = 0; err == ERR_OK && i < rows->count; i++) {
		const struct set_key key = { .text = rows_text(rows, i, 0) };
		const struct set_key *found =
		    bsearch(&key, keys, count, sizeof(key), set_key_compare);

		if (found != NULL)
			import->rows[found->row].match = rows_int(rows, i, 1);
	}
	return err;
}

/* ---- the batch --------------------------------------------------------------------------- */

/* The records of the rows that are new, and those rows. */
static size_t
set_make_records(struct import *import, struct record **records, struct import_row **rows)
{
	size_t count = 0;

	for (size_t i = 0; i < import->row_count; i++) {
		struct import_row *row = &import->rows[i];

		if (row->mark || row->match != 0 || import_check_shape(import, row) != ERR_OK)
			continue;
		if (import_fill_new(import, row, &records[count]) == ERR_OK)
			rows[count++] = row;
	}
	return count;
}

static enum err
set_save_new(struct import *import)
{
	struct call *call = import->job->call;
	struct record **records = ARENA_ARRAY(call->arena, struct record *, import->row_count);
	struct import_row **rows =
	    ARENA_ARRAY(call->arena, struct import_row *, import->row_count);
	struct failure *refused = ARENA_ARRAY(call->arena, struct failure, import->row_count);
	size_t count = set_make_records(import, records, rows);
	enum err err = count > 0 ? record_save_many(call, records, count, refused) : ERR_OK;

	for (size_t i = 0; err == ERR_OK && i < count; i++) {
		rows[i]->created = refused[i].err == ERR_OK;
		rows[i]->record = records[i]->stored_id;
		if (refused[i].err == ERR_OK)
			continue;
		call->failure = refused[i];
		import_blame(import, rows[i], refused[i].err,
		    import_header_of(import, refused[i].entity, refused[i].field));
	}
	return err;
}

enum err
import_batch_by_set(struct import *import, bool *done)
{
	bool alone = true;
	enum err err = import_find_names(import);

	if (err == ERR_OK && import->map.match != NULL)
		err = set_find_matches(import, &alone);
	if (err != ERR_OK || !alone)
		return err;
	*done = true;
	err = set_save_new(import);
	for (size_t i = 0; err == ERR_OK && i < import->row_count; i++)
		if (import->rows[i].match != 0) {
			err = import_save(import, &import->rows[i]);
			if (import->rows[i].err != ERR_OK)
				err = ERR_OK;
		}
	return err;
}
