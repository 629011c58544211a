/*
 * Bulk loading. What is dropped is read from PostgreSQL's own catalogue and made again from its
 * words, so that an index or a reference added by a later migration needs no line here.
 */
#include "server/job/demo_load.h"

#include <string.h>

/* From here on in demo_tables.def, tables grow with the customers. */
#define DEMO_FIRST_BIG DEMO_TABLE_customer

struct demo_load {
	struct store *store;
	struct arena *arena;     /* of the whole load */
	struct rows *forced;     /* table */
	struct rows *references; /* table, name, definition */
	struct rows *indexes;    /* name, definition */
	bool heavy;
};

static struct sql *
demo_load_names(struct demo_load *load, const char *before, const char *after, size_t first)
{
	const char *names[DEMO_TABLES];
	struct sql *sql = sql_new(load->arena);

	for (size_t i = first; i < DEMO_TABLES; i++)
		names[i - first] = demo_tables[i].name;
	sql_add(sql, before);
	sql_texts(sql, names, DEMO_TABLES - first);
	sql_add(sql, after);
	return sql;
}

/* One statement of three pieces; pieces are ours or PostgreSQL's own names and definitions. */
static void
demo_load_say(
    struct demo_load *load, const char *a, const char *b, const char *c, const char *d)
{
	struct sql *sql = sql_new(load->arena);

	sql_add(sql, a);
	sql_add(sql, b);
	sql_add(sql, c);
	sql_add(sql, d);
	store_queue(load->store, sql, NULL);
}

static enum err
demo_load_look(struct demo_load *load)
{
	store_queue(load->store,
	    demo_load_names(load,
		"SELECT c.oid::regclass::text FROM pg_class c WHERE c.relforcerowsecurity "
		"AND c.oid = ANY (",
		"::regclass[])", 0),
	    &load->forced);
	store_queue(load->store,
	    demo_load_names(load,
		"SELECT c.conrelid::regclass::text, quote_ident(c.conname), "
		"pg_get_constraintdef(c.oid) FROM pg_constraint c "
		"WHERE c.contype = 'f' AND c.conrelid = ANY (",
		"::regclass[]) ORDER BY c.oid", DEMO_FIRST_BIG),
	    &load->references);
	store_queue(load->store,
	    demo_load_names(load,
		"SELECT i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid) "
		"FROM pg_index i WHERE NOT EXISTS "
		"(SELECT FROM pg_constraint c WHERE c.conindid = i.indexrelid) "
		"AND i.indrelid = ANY (",
		"::regclass[]) ORDER BY i.indexrelid", DEMO_FIRST_BIG),
	    &load->indexes);
	return store_flush(load->store, load->arena);
}

static void
demo_load_set_aside(struct demo_load *load)
{
	demo_load_say(load, "SELECT kehu_customer_due_all(), kehu_visit_remind_all()", "", "", "");
	for (size_t i = 0; i < load->forced->count; i++)
		demo_load_say(load, "ALTER TABLE ", rows_text(load->forced, i, 0),
		    " NO FORCE ROW LEVEL SECURITY", "");
	for (size_t i = 0; load->heavy && i < load->references->count; i++)
		demo_load_say(load, "ALTER TABLE ", rows_text(load->references, i, 0),
		    " DROP CONSTRAINT ", rows_text(load->references, i, 1));
	for (size_t i = 0; load->heavy && i < load->indexes->count; i++)
		demo_load_say(load, "DROP INDEX ", rows_text(load->indexes, i, 0), "", "");
}

enum err
demo_load_open(struct store *store, struct arena *arena, bool heavy, struct demo_load **out)
{
	struct demo_load *load = ARENA_NEW(arena, struct demo_load);
	enum err err;

	*load = (struct demo_load){ .store = store, .arena = arena, .heavy = heavy };
	demo_load_say(load, "SET LOCAL statement_timeout = 0", "", "", "");
	demo_load_say(load, "SET LOCAL lock_timeout = '30s'", "", "", "");
	for (size_t i = 0; i < DEMO_TABLES; i++)
		demo_load_say(
		    load, "ALTER TABLE ", demo_tables[i].name, " DISABLE TRIGGER USER", "");
	err = demo_load_look(load);
	if (err != ERR_OK)
		return err;
	demo_load_set_aside(load);
	err = store_flush(store, arena);
	*out = load;
	return err;
}

static enum err
demo_load_table(
    struct demo_load *load, const struct demo_table_info *table, const struct demo_rows *rows)
{
	struct arena *scratch = arena_new(0);
	size_t at = 0, copied;
	enum err err = store_copy_begin(load->store, scratch,
	    arena_printf(scratch, "COPY %s (%s) FROM STDIN", table->name, table->columns));

	for (size_t row = 0; row < rows->count && err == ERR_OK; row++) {
		for (size_t column = 0; column < rows->columns; column++)
			copy_text(load->store, demo_cell(rows, &at));
		err = copy_end_row(load->store);
	}
	if (err == ERR_OK)
		err = store_copy_end(load->store, scratch, &copied);
	arena_free(scratch);
	return err;
}

enum err
demo_load_chunk(struct demo_load *load, const struct demo_chunk *chunk)
{
	enum err err = ERR_OK;

	for (size_t i = 0; i < DEMO_TABLES && err == ERR_OK; i++)
		if (chunk->tables[i].count > 0)
			err = demo_load_table(load, &demo_tables[i], &chunk->tables[i]);
	return err;
}

enum err
demo_load_close(struct demo_load *load)
{
	for (size_t i = 0; load->heavy && i < load->indexes->count; i++) {
		const char *index = rows_text(load->indexes, i, 1);

		/* GIN collects in a tree that should fit the processor's cache: half the time.
		 */
		demo_load_say(load, "SET LOCAL maintenance_work_mem = ",
		    strstr(index, " USING gin ") != NULL ? "'16MB'" : "'256MB'", "", "");
		demo_load_say(load, index, "", "", "");
	}
	for (size_t i = 0; load->heavy && i < load->references->count; i++) {
		struct sql *sql = sql_new(load->arena);

		sql_add(sql, "ALTER TABLE ");
		sql_add(sql, rows_text(load->references, i, 0));
		sql_add(sql, " ADD CONSTRAINT ");
		sql_add(sql, rows_text(load->references, i, 1));
		sql_add(sql, " ");
		sql_add(sql, rows_text(load->references, i, 2));
		store_queue(load->store, sql, NULL);
	}
	for (size_t i = 0; i < load->forced->count; i++)
		demo_load_say(load, "ALTER TABLE ", rows_text(load->forced, i, 0),
		    " FORCE ROW LEVEL SECURITY", "");
	for (size_t i = 0; i < DEMO_TABLES; i++) {
		demo_load_say(
		    load, "ALTER TABLE ", demo_tables[i].name, " ENABLE TRIGGER USER", "");
		demo_load_say(load, "ANALYZE ", demo_tables[i].name, "", "");
	}
	demo_load_say(load,
	    "UPDATE state SET access_epoch = access_epoch + 1, "
	    "catalog_version = catalog_version + 1",
	    "", "", "");
	return store_flush(load->store, load->arena);
}
