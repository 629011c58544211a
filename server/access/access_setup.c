/*
 * Set-up records (users, branches, departments, regions, tags …) in the snapshot: their labels, so
 * that lists need no join for them, and their trees.
 */
#include "server/access/access_private.h"

#include "common/pinyin.h"
#include "common/text.h"
#include "server/entity/fields.h"

#include <stdlib.h>

const struct setup_record *
access_setup(const struct access *access, uint32_t entity, int64_t id)
{
	if (access_setup_count(access, entity) == 0)
		return NULL; /* bsearch wants a table, if only an empty one */
	return bsearch(&id, access->setups[entity].records, access->setups[entity].count,
	    sizeof(struct setup_record), access_compare_id);
}

size_t
access_setup_count(const struct access *access, uint32_t entity)
{
	return entity > access->entity_max ? 0 : access->setups[entity].count;
}

const struct setup_record *
access_setup_at(const struct access *access, uint32_t entity, size_t i)
{
	return &access->setups[entity].records[i];
}

size_t
access_setup_below(const struct access *access, struct arena *arena, uint32_t entity,
    int64_t id, int64_t **ids)
{
	const struct setup_table *table = &access->setups[entity];
	int64_t *found = ARENA_ARRAY(arena, int64_t, table->count + 1);
	size_t count = 0;

	found[count++] = id;
	/* Breadth first; a record is taken once, so a cycle in bad data ends. */
	for (size_t at = 0; at < count; at++)
		for (size_t i = 0; i < table->count; i++)
			if (table->records[i].parent == found[at] &&
			    !arms_has(found, count, table->records[i].id))
				found[count++] = table->records[i].id;
	*ids = found;
	return count;
}

void
access_load_setups(struct access *access, struct rows *const *rows)
{
	for (size_t e = 0; e < catalog_count(access->catalog); e++) {
		const struct entity *def = catalog_at(access->catalog, e)->def;
		struct setup_table *table = &access->setups[def->number];

		if (rows[e] == NULL)
			continue;
		table->count = rows[e]->count;
		table->records = ARENA_ARRAY(access->arena, struct setup_record, table->count);
		for (size_t i = 0; i < table->count; i++) {
			const char *label = rows_text(rows[e], i, 1);
			const char *key = rows_text(rows[e], i, 2);

			table->records[i] = (struct setup_record){
				.id = rows_int(rows[e], i, 0),
				.label =
				    arena_strdup(access->arena, label != NULL ? label : ""),
				.key = arena_strdup(access->arena, key != NULL ? key : ""),
				.folded = text_fold(access->arena, label != NULL ? label : ""),
				.folded_key = text_fold(access->arena, key != NULL ? key : ""),
				.pinyin =
				    pinyin_initials(access->arena, label != NULL ? label : "",
					def->number == E_user ? PINYIN_PERSON : PINYIN_NAME),
				.key_pinyin = pinyin_initials(access->arena, key != NULL ? key : "", PINYIN_NAME),
				.parent = rows_int(rows[e], i, 3),
				.branch = rows_int(rows[e], i, 4),
				.department = rows_int(rows[e], i, 5),
			};
		}
	}
}

const char *
access_setup_key(const struct entity_view *view)
{
	return view->def->number == E_region	    ? "full_name"
	       : view->def->label_field != NULL	    ? "name"
	       : entity_field_named(view, "code")   ? "code"
	       : entity_field_named(view, "zh")	    ? "zh"
						    : NULL;
}

void
access_queue_setup(struct store *store, struct arena *arena, const struct entity_view *view,
    struct rows **rows)
{
	const struct entity *def = view->def;
	struct sql *sql = sql_new(arena);
	const char *label = def->label_field != NULL ? def->label_field : "name";
	const char *key = access_setup_key(view);

	sql_addf(sql,
	    "SELECT id, %s, %s, %s, %s, %s FROM %s WHERE deleted_at IS NULL ORDER BY id", label,
	    key != NULL ? key : "NULL", entity_field_named(view, "parent_id") ? "parent_id" : "0",
	    entity_field_named(view, "branch_id") ? "branch_id" : "0",
	    entity_field_named(view, "department_id") ? "department_id" : "0",
	    entity_table(def));
	store_queue(store, sql, rows);
}
