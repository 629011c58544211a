/*
 * The official divisions that ship with Kehu: a file of code, parent code, level, name and full
 * name, put into table region with the pinyin keys made here. What is there already, or was
 * renamed or deleted by an administrator, stays as it is.
 */
#include "common/pinyin.h"
#include "server/store/migrate.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { REGION_MAX = 8000, REGION_CELLS = 5 };

struct region_table {
	size_t count;
	const char *code[REGION_MAX], *parent[REGION_MAX], *name[REGION_MAX], *key[REGION_MAX];
	const char *full_name[REGION_MAX];
	int64_t level[REGION_MAX];
};

/* "110101\t1101\t3\t东城区\t北京市东城区"; false when a line is something else. */
static bool
region_take_line(struct region_table *table, struct arena *arena, char *line)
{
	char *cells[REGION_CELLS];
	size_t count = 0;

	line[strcspn(line, "\r\n")] = '\0';
	if (line[0] == '#' || line[0] == '\0')
		return true;
	for (char *cell = strsep(&line, "\t"); cell; cell = strsep(&line, "\t")) {
		if (count == REGION_CELLS)
			return false;
		cells[count++] = arena_strdup(arena, cell);
	}
	if (count != REGION_CELLS || table->count == REGION_MAX)
		return false;
	size_t at = table->count++;
	table->code[at] = cells[0];
	table->parent[at] = cells[1];
	table->level[at] = strtoll(cells[2], NULL, 10);
	table->name[at] = cells[3];
	table->key[at] = pinyin_sort_key(arena, cells[3], PINYIN_NAME);
	table->full_name[at] = cells[4];
	return true;
}

static bool
region_read(struct region_table *table, struct arena *arena, const char *path, const char **why)
{
	FILE *file = fopen(path, "re");
	char *line = NULL;
	size_t room = 0, number = 0;
	bool good = true;

	if (!file) {
		*why = arena_printf(arena, "%s: %s", path, strerror(errno));
		return false;
	}
	while (good && getline(&line, &room, file) >= 0) {
		number++;
		good = region_take_line(table, arena, line);
	}
	if (!good)
		*why = arena_printf(arena, "%s:%zu: not a line of five columns", path, number);
	free(line);
	fclose(file);
	return good;
}

/* One level after the other, so that a parent is there before its children. */
static struct sql *
region_insert(struct arena *arena, const struct region_table *table, int64_t level)
{
	struct sql *sql = sql_new(arena);

	sql_add(sql,
	    "INSERT INTO region (code, code_key, name, name_key, parent_id, level, full_name) "
	    "SELECT n.code, n.code, n.name, n.name_key, p.id, n.level, n.full_name FROM "
	    "unnest(");
	sql_texts(sql, table->code, table->count);
	sql_add(sql, ", ");
	sql_texts(sql, table->parent, table->count);
	sql_add(sql, ", ");
	sql_ints(sql, table->level, table->count);
	sql_add(sql, ", ");
	sql_texts(sql, table->name, table->count);
	sql_add(sql, ", ");
	sql_texts(sql, table->key, table->count);
	sql_add(sql, ", ");
	sql_texts(sql, table->full_name, table->count);
	sql_add(sql, ") AS n (code, parent, level, name, name_key, full_name) "
		     "LEFT JOIN region p ON p.code = n.parent WHERE n.level = ");
	sql_int(sql, level);
	sql_add(sql,
	    " AND NOT EXISTS (SELECT FROM region r WHERE r.code = n.code) ORDER BY n.code");
	return sql;
}

enum err
region_seed(
    struct store *store, struct arena *arena, const char *path, size_t *made, const char **why)
{
	struct region_table *table = ARENA_NEW(arena, struct region_table);
	struct sql *off = sql_new(arena), *on = sql_new(arena);
	struct rows *rows[3];
	enum err err;

	*made = 0;
	if (!region_read(table, arena, path, why))
		return ERR_CONFIG;
	store_begin(store);
	/* Three thousand rows of the product's own are no history. */
	sql_add(off, "ALTER TABLE region DISABLE TRIGGER kehu_track, DISABLE TRIGGER kehu_track_new");
	store_queue(store, off, NULL);
	for (int64_t level = 1; level <= 3; level++)
		store_queue(store, region_insert(arena, table, level), &rows[level - 1]);
	sql_add(on, "ALTER TABLE region ENABLE TRIGGER kehu_track, ENABLE TRIGGER kehu_track_new");
	store_queue(store, on, NULL);
	err = store_commit(store, arena);
	if (err != ERR_OK) {
		*why = arena_strdup(arena, store_message(store));
		return err;
	}
	for (size_t i = 0; i < 3; i++)
		*made += rows[i]->affected;
	return ERR_OK;
}
