/*
 * Letting texts of reports in: what PostgreSQL makes of their SQL, the shipped ones into the
 * database, and all of them into the catalogue.
 *
 * PostgreSQL itself says what a statement reads: each placeholder becomes a subquery of nothing
 * with its columns, the statement becomes a temporary view, and that view's tree may then name
 * no table at all, and no function but those that a report may call. The view is gone with the
 * savepoint.
 */
#include "server/report/report_file.h"

#include "common/log.h"
#include "common/pinyin.h"
#include "server/entity/dictionary.h"
#include "server/store/ddl.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- the SQL of one table ---------------------------------------------------------------- */

struct check {
	struct store *store;
	struct arena *arena;
	const struct catalog *catalog;
	const struct report_file *file;
	const char *choice; /* the field that stands for the one a parameter chooses */
	const char *why;
};

static const char *
check_type(const struct field *field)
{
	switch (field->type) {
	case TYPE_DATE:
		return "date";
	case TYPE_INT:
	case TYPE_REF:
		return "bigint";
	case TYPE_BOOL:
		return "boolean";
	default:
		return "text";
	}
}

static void
check_put_name(void *to, struct sql *sql, const char *word)
{
	const struct check *check = to;
	size_t at = 0;

	if (strncmp(word, "when ", 5) == 0 || strcmp(word, "end") == 0)
		return;
	if (strncmp(word, "local ", 6) == 0) {
		sql_addf(sql, "(%s AT TIME ZONE 'UTC' + interval '0 minutes')", word + 6);
		return;
	}
	if (strcmp(word, "today") == 0 || strcmp(word, "now") == 0) {
		sql_add(sql, word[0] == 't' ? "NULL::date" : "NULL::timestamptz");
		return;
	}
	if (strchr("=^$<.", word[0]) == NULL) {
		report_put_nothing(sql, catalog_entity_named(check->catalog, word));
		return;
	}
	while (strcmp(check->file->parameters[at].name, word + 1) != 0)
		at++;
	if (word[0] == '.')
		sql_add(sql, check->choice);
	else
		sql_addf(sql, "NULL::%s",
		    word[0] == '='   ? check_type(&check->file->parameters[at])
		    : word[0] == '<' ? "bigint[]"
				     : "timestamptz");
}

static enum err
check_run(struct check *check, const char *text, struct rows **rows)
{
	struct sql *sql = sql_new(check->arena);

	sql_add(sql, text);
	return store_run(check->store, check->arena, sql, rows);
}

/* Tables and functions that the view names and may not. */
static const char check_reads[] =
    "WITH tree AS (SELECT r.ev_action::text AS t, r.ev_class AS own FROM pg_rewrite r"
    " WHERE r.ev_class = 'pg_temp.report_check'::regclass),"
    " called AS (SELECT DISTINCT m[2]::oid AS f FROM tree,"
    " regexp_matches(t, ':(funcid|opfuncid|aggfnoid|winfnoid) (\\d+)', 'g') m)"
    " SELECT 'reads ' || m[1]::oid::regclass::text FROM tree,"
    " regexp_matches(t, ':rtekind 0 :relid (\\d+)', 'g') m WHERE m[1]::oid <> own"
    " UNION ALL SELECT 'calls ' || p.oid::regprocedure::text FROM called c JOIN pg_proc p ON "
    "p.oid = c.f"
    " WHERE p.pronamespace <> 'pg_catalog'::regnamespace OR p.provolatile = 'v' OR p.prosecdef"
    " OR p.proname ~ "
    "'(^(pg|lo|dblink|inet|has|txid|set|ts)_|_to_xml|xmlschema|current_setting|row_security|"
    "obj_desc|col_desc)'"
    " OR p.prorettype IN (SELECT t.oid FROM pg_type t WHERE t.typname LIKE 'reg%')"
    " LIMIT 1";

static const char check_columns[] =
    "SELECT a.attname, format_type(a.atttypid, NULL) FROM pg_attribute a"
    " WHERE a.attrelid = 'pg_temp.report_check'::regclass AND a.attnum > 0 ORDER BY a.attnum";

static bool
check_fits_kind(enum file_kind kind, const char *type)
{
	bool whole = strcmp(type, "bigint") == 0 || strcmp(type, "integer") == 0;

	switch (kind) {
	case FILE_INTEGER:
	case FILE_NUMBER:
	case FILE_MONEY:
	case FILE_SETUP:
		return whole;
	case FILE_DATE:
		return strcmp(type, "date") == 0;
	case FILE_MOMENT:
		return strcmp(type, "timestamp with time zone") == 0;
	case FILE_BOOL:
		return strcmp(type, "boolean") == 0;
	default:
		return strcmp(type, "text") == 0;
	}
}

/* The SQL gives the declared columns in their order; those worked out are not in it. */
static bool
check_fits(struct check *check, const struct file_table *table, const struct rows *rows)
{
	size_t at = 0;

	for (size_t i = 0; i < table->column_count; i++) {
		const struct file_column *column = &table->columns[i];

		if (column->kind == FILE_SHARE || column->kind == FILE_AVERAGE)
			continue;
		if (at >= rows->count || strcmp(rows_text(rows, at, 0), column->name) != 0)
			check->why = arena_printf(check->arena,
			    "the SQL gives %s where column %s is declared",
			    at < rows->count ? rows_text(rows, at, 0) : "nothing",
			    column->name);
		else if (column->by == 0 &&
			 !check_fits_kind(column->kind, rows_text(rows, at, 1)))
			check->why =
			    arena_printf(check->arena, "column %s cannot be of type %s",
				column->name, rows_text(rows, at, 1));
		if (check->why != NULL)
			return false;
		at++;
	}
	if (at < rows->count)
		check->why = arena_printf(check->arena,
		    "the SQL gives %s, which no column declares", rows_text(rows, at, 0));
	return at == rows->count;
}

static enum err
check_view(struct check *check, const struct file_table *table)
{
	struct sql *sql = sql_new(check->arena);
	struct rows *rows;
	enum err err;

	sql_add(sql, "CREATE TEMPORARY VIEW report_check AS ");
	report_expand(sql, table->sql, check_put_name, check);
	err = store_run(check->store, check->arena, sql, NULL);
	if (err != ERR_OK) {
		/* PostgreSQL read a statement and would not have it: that is the text's fault.
		 */
		if (strncmp(store_state(check->store), "42", 2) == 0 ||
		    strncmp(store_state(check->store), "0A", 2) == 0 ||
		    strncmp(store_state(check->store), "22", 2) == 0)
			check->why = arena_strdup(check->arena, store_message(check->store));
		return check->why != NULL ? ERR_INVALID : err;
	}
	err = check_run(check, check_reads, &rows);
	if (err == ERR_OK && rows->count > 0)
		check->why = arena_printf(check->arena,
		    "it %s, and may read its placeholders only", rows_text(rows, 0, 0));
	if (err == ERR_OK && check->why == NULL)
		err = check_run(check, check_columns, &rows);
	if (err == ERR_OK && check->why == NULL)
		check_fits(check, table, rows);
	return err == ERR_OK && check->why != NULL ? ERR_INVALID : err;
}

/* With each field that a parameter may choose in turn; once if there is no such parameter. */
static enum err
check_table(struct check *check, const struct file_table *table)
{
	const char *fields = NULL;
	enum err err = ERR_OK;

	for (size_t i = 0; i < check->file->parameter_count; i++)
		if (check->file->rules[i].fields != NULL)
			fields = check->file->rules[i].fields;
	do {
		if (fields != NULL) {
			size_t bytes = strcspn(fields, " "), dot = strcspn(fields, ".") + 1;

			check->choice = arena_strndup(check->arena, fields + dot, bytes - dot);
			fields += bytes + (fields[bytes] == ' ');
		}
		err = store_savepoint(check->store, check->arena);
		if (err == ERR_OK)
			err = check_view(check, table);
		if (err == ERR_OK || err == ERR_INVALID) {
			enum err back = store_rollback_to(check->store, check->arena);

			err = back != ERR_OK ? back : err;
		}
	} while (err == ERR_OK && fields != NULL && *fields != '\0');
	return err;
}

enum err
report_file_check(struct store *store, struct arena *arena, const struct catalog *catalog,
    const struct report_file *file, const char **why)
{
	struct check check = {
		.store = store, .arena = arena, .catalog = catalog, .file = file
	};
	enum err err = ERR_OK;

	for (size_t i = 0; i < file->table_count && err == ERR_OK; i++)
		err = check_table(&check, &file->tables[i]);
	*why = check.why;
	return err;
}

/* ---- into the catalogue ------------------------------------------------------------------ */

enum err
report_files_load(struct store *store, struct catalog *catalog)
{
	struct arena *scratch = arena_new(0), *arena = catalog_arena(catalog);
	struct sql *sql = sql_new(scratch);
	const struct report_info **list;
	struct rows *rows;
	size_t count = 0;
	enum err err;

	store_read(store);
	sql_add(sql, "SELECT name, source FROM catalog_reports()");
	store_queue(store, sql, &rows);
	err = store_flush(store, scratch);
	if (err != ERR_OK)
		goto out;
	list = ARENA_ARRAY(arena, const struct report_info *, rows->count + 1);
	for (size_t i = 0; i < rows->count; i++) {
		const char *why, *name = rows_text(rows, i, 0);
		const struct report_file *file =
		    report_file_read(arena, catalog, name, rows_text(rows, i, 1), &why);

		if (file != NULL)
			list[count++] = &file->info;
		else
			log_error("report left out", "name=%s why=\"%s\"", name, why);
	}
	list[count] = NULL;
	catalog_set_reports(catalog, list);
out:
	arena_free(scratch);
	return err;
}

/* ---- what ships -------------------------------------------------------------------------- */

static int
seed_is_sql(const struct dirent *entry)
{
	size_t bytes = strlen(entry->d_name);

	return bytes > 4 && strcmp(entry->d_name + bytes - 4, ".sql") == 0;
}

static const char *
seed_text(struct arena *arena, const char *path)
{
	struct buf text = BUF_INIT;
	FILE *file = fopen(path, "re");
	char piece[4096];
	const char *result;
	size_t got;

	if (file == NULL)
		return NULL;
	while ((got = fread(piece, 1, sizeof(piece), file)) > 0)
		buf_put(&text, piece, got);
	fclose(file);
	result = arena_strdup(arena, buf_text(&text));
	buf_fini(&text);
	return result;
}

static enum err
seed_store(
    struct store *store, struct arena *arena, const struct report_file *file, const char *text)
{
	struct sql *sql = sql_new(arena);

	sql_add(sql, "WITH n (name, name_key, zh, en, source) AS (SELECT ");
	sql_text(sql, file->info.name);
	sql_add(sql, ", ");
	sql_text(sql, pinyin_sort_key(arena, file->info.name, PINYIN_NAME));
	sql_add(sql, ", ");
	sql_text(sql, file->info.zh);
	sql_add(sql, ", ");
	sql_text(sql, file->info.en);
	sql_add(sql, ", ");
	sql_text(sql, text);
	sql_add(sql, "), changed AS (UPDATE report r SET source = n.source, title_zh = n.zh, "
		     "title_en = n.en,"
		     " version = r.version + 1 FROM n WHERE r.name = n.name AND r.shipped AND "
		     "r.deleted_at IS NULL"
		     " AND r.source <> n.source)"
		     " INSERT INTO report (name, name_key, title_zh, title_en, source, shipped)"
		     " SELECT n.name, n.name_key, n.zh, n.en, n.source, true FROM n"
		     " WHERE NOT EXISTS (SELECT FROM report r WHERE r.name = n.name AND "
		     "r.deleted_at IS NULL)");
	return store_run(store, arena, sql, NULL);
}

static enum err
seed_file(struct store *store, struct arena *arena, const struct catalog *catalog,
    const char *dir, const char *base, const char **why)
{
	const char *name = arena_strndup(arena, base, strlen(base) - 4), *wrong = NULL;
	const char *text = seed_text(arena, arena_printf(arena, "%s/%s", dir, base));
	const struct report_file *file =
	    text != NULL ? report_file_read(arena, catalog, name, text, &wrong) : NULL;
	enum err err =
	    file == NULL ? ERR_CONFIG : report_file_check(store, arena, catalog, file, &wrong);

	if (err == ERR_OK)
		return seed_store(store, arena, file, text);
	*why = arena_printf(
	    arena, "%s/%s: %s", dir, base, wrong != NULL ? wrong : "cannot be read");
	return ERR_CONFIG;
}

/* What no longer ships is gone. */
static enum err
seed_forget(struct store *store, struct arena *arena, const char *const *names, size_t count)
{
	struct sql *sql = sql_new(arena);

	sql_add(sql, "UPDATE report SET deleted_at = now() WHERE shipped AND deleted_at IS "
		     "NULL AND name <> ALL (");
	sql_texts(sql, names, count);
	sql_add(sql, ")");
	return store_run(store, arena, sql, NULL);
}

enum err
report_files_seed(
    struct store *store, struct arena *arena, const char *sql_dir, const char **why)
{
	const char *dir = arena_printf(arena, "%s/reports", sql_dir);
	struct catalog *catalog = catalog_new(1);
	struct dirent **entries = NULL;
	int count = scandir(dir, &entries, seed_is_sql, alphasort);
	const char **names = ARENA_ARRAY(arena, const char *, count > 0 ? (size_t)count : 1);
	enum err err = ERR_OK;

	if (count < 0) {
		*why = arena_printf(arena, "%s: %s", dir, strerror(errno));
		err = ERR_CONFIG;
	}
	for (int i = 0; i < count; i++) {
		if (err == ERR_OK)
			err = seed_file(store, arena, catalog, dir, entries[i]->d_name, why);
		names[i] =
		    arena_strndup(arena, entries[i]->d_name, strlen(entries[i]->d_name) - 4);
		free(entries[i]);
	}
	if (err == ERR_OK)
		err = seed_forget(store, arena, names, (size_t)count);
	free(entries);
	catalog_unref(catalog);
	return err;
}
