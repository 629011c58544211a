/*
 * Settings that are changed while kehud runs: rows of the entity setting over what kehud.conf
 * said. Loaded with the snapshots, so that every kehud has them at the next request.
 */
#include "server/gate/runtime.h"

#include "server/gate/gate.h"

#include "common/pinyin.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct runtime_row {
	const char *path, *zh, *en;
};

static const struct runtime_row runtime_rows[] = {
#define RUNTIME(path_, zh_, en_) { path_, zh_, en_ },
#include "server/runtime.def"
#undef RUNTIME
};

#define RUNTIME_ROWS (sizeof(runtime_rows) / sizeof(runtime_rows[0]))

const struct setting *
server_runtime(const char *path)
{
	bool listed = false;

	for (size_t i = 0; i < RUNTIME_ROWS; i++)
		listed |= strcmp(runtime_rows[i].path, path) == 0;
	for (size_t i = 0; listed && i < server_setting_count; i++)
		if (strcmp(server_setting_table[i].path, path) == 0)
			return &server_setting_table[i];
	return NULL;
}

/* The number that is set for a path, if it is one that fits; else that of kehud.conf. */
static int64_t
runtime_value(const struct rows *rows, const struct setting *setting, int64_t before)
{
	for (size_t i = 0; i < rows->count; i++) {
		const char *text = rows_text(rows, i, 1);
		char *end;
		long long number;

		if (strcmp(rows_text(rows, i, 0), setting->path) != 0 || text == NULL)
			continue;
		number = strtoll(text, &end, 10);
		if (end != text && *end == '\0' && number >= setting->min &&
		    number <= setting->max)
			return number;
	}
	return before;
}

enum err
runtime_load(struct server *server, struct store *store, struct arena *arena)
{
	struct sql *sql = sql_new(arena);
	struct rows *rows;
	enum err err;

	store_read(store);
	sql_add(sql, "SELECT name, value FROM kehu_settings()");
	store_queue(store, sql, &rows);
	err = store_flush(store, arena);
	if (err != ERR_OK)
		return err;
	pthread_mutex_lock(&server->lock);
	if (!server->conf_kept) {
		server->conf = server->settings;
		server->conf_kept = true;
	}
	for (size_t i = 0; i < RUNTIME_ROWS; i++) {
		const struct setting *setting = server_runtime(runtime_rows[i].path);
		int64_t *now, wanted;

		if (setting == NULL)
			continue;
		now = (int64_t *)(void *)((char *)&server->settings + setting->offset);
		wanted = runtime_value(rows, setting,
		    *(int64_t *)(void *)((char *)&server->conf + setting->offset));
		/* Others read it meanwhile: it is one number, before or after. */
		if (__atomic_load_n(now, __ATOMIC_RELAXED) != wanted)
			__atomic_store_n(now, wanted, __ATOMIC_RELAXED);
	}
	pthread_mutex_unlock(&server->lock);
	return ERR_OK;
}

enum err
runtime_seed(struct store *store, struct arena *arena)
{
	const char *names[RUNTIME_ROWS], *keys[RUNTIME_ROWS], *titles[RUNTIME_ROWS];
	const char *english[RUNTIME_ROWS], *bounds[RUNTIME_ROWS], *notes[RUNTIME_ROWS];
	struct sql *sql = sql_new(arena);

	for (size_t i = 0; i < RUNTIME_ROWS; i++) {
		const struct setting *setting = server_runtime(runtime_rows[i].path);

		names[i] = runtime_rows[i].path;
		keys[i] = pinyin_sort_key(arena, names[i], PINYIN_NAME);
		titles[i] = runtime_rows[i].zh;
		english[i] = runtime_rows[i].en;
		bounds[i] = arena_printf(arena, "%" PRId64 " - %" PRId64 "%s%s (%" PRId64 ")",
		    setting->min, setting->max, setting->unit[0] != '\0' ? " " : "",
		    setting->unit, setting->number);
		notes[i] = setting->help;
	}
	sql_add(sql, "WITH n AS (SELECT * FROM unnest(");
	sql_texts(sql, names, RUNTIME_ROWS);
	sql_add(sql, ", ");
	sql_texts(sql, keys, RUNTIME_ROWS);
	sql_add(sql, ", ");
	sql_texts(sql, titles, RUNTIME_ROWS);
	sql_add(sql, ", ");
	sql_texts(sql, english, RUNTIME_ROWS);
	sql_add(sql, ", ");
	sql_texts(sql, bounds, RUNTIME_ROWS);
	sql_add(sql, ", ");
	sql_texts(sql, notes, RUNTIME_ROWS);
	/* Of those that are there, what a new version says of them. */
	sql_add(sql, ") AS t (name, name_key, title, title_en, bounds, note)), "
		     "u AS (UPDATE setting s SET title = n.title, title_en = n.title_en, bounds = n.bounds, note = n.note "
		     "FROM n WHERE s.name = n.name AND s.deleted_at IS NULL AND (s.title, s.title_en, s.bounds, s.note) "
		     "IS DISTINCT FROM (n.title, n.title_en, n.bounds, n.note)) "
		     "INSERT INTO setting (name, name_key, title, title_en, bounds, note) SELECT * FROM n "
		     "WHERE NOT EXISTS (SELECT FROM setting s WHERE s.name = n.name)");
	return store_run(store, arena, sql, NULL);
}

enum err
numbering_seed(struct store *store, struct arena *arena)
{
	struct sql *sql;
	enum err err = ERR_OK;

	for (size_t i = 0; err == ERR_OK && entity_shipped[i] != NULL; i++) {
		const struct entity *def = entity_shipped[i];

		if (def->number_prefix == NULL)
			continue;
		sql = sql_new(arena);
		sql_add(sql, "INSERT INTO numbering (name, name_key, pattern) SELECT ");
		sql_text(sql, def->name);
		sql_add(sql, ", ");
		sql_text(sql, pinyin_sort_key(arena, def->name, PINYIN_NAME));
		sql_add(sql, ", ");
		sql_text(sql, def->number_prefix);
		sql_add(sql, " WHERE NOT EXISTS (SELECT FROM numbering n WHERE n.name = ");
		sql_text(sql, def->name);
		sql_add(sql, ")");
		err = store_run(store, arena, sql, NULL);
	}
	return err;
}
