/*
 * A backup is what pg_dump writes of one snapshot; with a check it is restored beside the
 * original, its tables counted against that snapshot and its audit verified.
 */
#include "server/backup/backup.h"

#include "server/audit/audit.h"
#include "server/backup/vault.h"
#include "server/store/migrate.h"
#include "server/store/store.h"
#include "server/store/tool.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#define BACKUP_PIECE_BYTES 65536

struct backup {
	struct arena *arena;
	const struct backup_options *options;
	struct backup_done *done;
	struct sealed_keys *keys; /* NULL: none given */
	const char *why;
	bool superuser;
	bool within; /* the transaction of the snapshot is open */
	/* The tables whose rows are kept, and how many each had. */
	const char **tables;
	int64_t *counts;
	size_t table_count;
};

static enum err
backup_begin(struct backup *backup)
{
	const char *path = backup->options->key_file;

	if (path == NULL)
		return ERR_OK;
	backup->keys = ARENA_NEW(backup->arena, struct sealed_keys);
	return sealed_read(backup->arena, path, backup->keys, &backup->why);
}

static void
backup_end(struct backup *backup, const char **why)
{
	if (backup->keys != NULL)
		sealed_wipe(backup->keys);
	*why = backup->why;
}

static struct store *
backup_store(const char *conninfo, const char *role)
{
	return store_new(&(struct store_options){
	    .conninfo = conninfo,
	    .role = role,
	    .application = "kehud backup",
	    .need_primary = false,
	});
}

static enum err
backup_ask(struct backup *backup, struct store *store, const char *text, struct rows **rows)
{
	struct sql *sql = sql_new(backup->arena);

	sql_add(sql, text);
	if (!backup->within)
		store_read(store);
	enum err err = store_run(store, backup->arena, sql, rows);
	if (err != ERR_OK && backup->why == NULL)
		backup->why = arena_printf(backup->arena, "the database does not answer: %s %s",
		    store_state(store), store_message(store));
	return err;
}

/* ---- tables and their rows --------------------------------------------------------------- */

static enum err
backup_count(struct backup *backup, struct store *store, const char *table, int64_t *count)
{
	struct rows *rows;
	enum err err = backup_ask(backup, store,
	    arena_printf(backup->arena, "SELECT count(*) FROM %s", table), &rows);

	*count = err == ERR_OK ? rows_int(rows, 0, 0) : 0;
	return err;
}

static enum err
backup_count_all(struct backup *backup, struct store *store)
{
	struct rows *rows;
	enum err err = backup_ask(backup, store,
	    "SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c "
	    "JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind = 'r' "
	    "AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema' "
	    "AND c.oid NOT IN ('session'::regclass, 'change'::regclass) ORDER BY 1",
	    &rows);

	if (err != ERR_OK)
		return err;
	backup->table_count = rows->count;
	backup->tables = ARENA_ARRAY(backup->arena, const char *, rows->count);
	backup->counts = ARENA_ARRAY(backup->arena, int64_t, rows->count);
	for (size_t i = 0; i < rows->count && err == ERR_OK; i++) {
		backup->tables[i] = rows_text(rows, i, 0);
		err = backup_count(backup, store, backup->tables[i], &backup->counts[i]);
	}
	return err;
}

/* ---- making ------------------------------------------------------------------------------ */

static enum err
backup_pour_in(struct backup *backup, struct tool *tool, struct vault *vault)
{
	static char piece[BACKUP_PIECE_BYTES];

	for (;;) {
		ssize_t bytes = read(tool->fd, piece, sizeof(piece));
		if (bytes == 0)
			return ERR_OK;
		if (bytes < 0 && errno == EINTR)
			continue;
		if (bytes < 0 || vault_write(vault, piece, (size_t)bytes) != ERR_OK) {
			backup->why = arena_printf(backup->arena, "%s cannot be written: %s",
			    backup->options->file, strerror(errno));
			return ERR_FILE_SYSTEM;
		}
	}
}

static enum err
backup_dump(struct backup *backup, const char *snapshot)
{
	const char *argv[] = { "pg_dump", "--format=custom", "--no-password",
		"--exclude-table-data=public.session", "--exclude-table-data=public.change",
		arena_printf(backup->arena, "--snapshot=%s", snapshot),
		backup->superuser ? NULL : "--role=kehu_owner", "--enable-row-security", NULL };
	const struct sealed_key *key =
	    backup->keys != NULL ? &backup->keys->keys[backup->keys->count - 1] : NULL;
	struct vault *vault =
	    vault_make(backup->arena, backup->options->file, key, &backup->why);
	struct tool tool;
	enum err err;

	if (vault == NULL)
		return ERR_FILE_SYSTEM;
	err = tool_start(&tool, backup->arena, argv, backup->options->conninfo, NULL,
	    TOOL_OUTPUT, &backup->why);
	if (err == ERR_OK) {
		const char *failed = NULL;
		err = backup_pour_in(backup, &tool, vault);
		enum err ended = tool_wait(&tool, backup->arena, &failed);
		if (err == ERR_OK && ended != ERR_OK) {
			err = ended;
			backup->why = failed;
		}
	}
	if (err == ERR_OK)
		err = vault_keep(vault, backup->arena, &backup->why);
	vault_close(vault);
	return err;
}

/* The snapshot stays while its transaction does. */
static enum err
backup_take(struct backup *backup, struct store *store)
{
	struct rows *rows;
	enum err err;

	store_begin(store);
	backup->within = true;
	err = backup_ask(
	    backup, store, "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY", NULL);
	if (err == ERR_OK)
		err = backup_ask(backup, store, "SELECT pg_export_snapshot()", &rows);
	if (err == ERR_OK && backup->options->check)
		err = backup_count_all(backup, store);
	if (err == ERR_OK)
		err = backup_dump(backup, rows_text(rows, 0, 0));
	store_rollback(store);
	backup->within = false;
	return err;
}

/* ---- putting back ------------------------------------------------------------------------ */

static enum err
backup_damaged(struct backup *backup)
{
	backup->why = arena_printf(backup->arena,
	    "%s is damaged or cut off; nothing was restored", backup->options->file);
	return ERR_INVALID;
}

/* To its end, for what a changed byte spoils may come last. */
static enum err
backup_read_through(struct backup *backup)
{
	static char piece[BACKUP_PIECE_BYTES];
	struct vault *vault =
	    vault_open(backup->arena, backup->options->file, backup->keys, &backup->why);
	size_t bytes = 1;
	enum err err = ERR_OK;

	if (vault == NULL)
		return ERR_INVALID;
	while (err == ERR_OK && bytes > 0)
		err = vault_read(vault, piece, sizeof(piece), &bytes);
	vault_close(vault);
	return err == ERR_OK ? ERR_OK : backup_damaged(backup);
}

static enum err
backup_pour_out(struct backup *backup, struct vault *vault, struct tool *tool)
{
	static char piece[BACKUP_PIECE_BYTES];
	size_t bytes = 1;
	enum err err = ERR_OK;

	while (err == ERR_OK && bytes > 0) {
		err = vault_read(vault, piece, sizeof(piece), &bytes);
		for (size_t at = 0; err == ERR_OK && at < bytes;) {
			ssize_t more = write(tool->fd, piece + at, bytes - at);
			if (more < 0 && errno == EINTR)
				continue;
			if (more < 0)
				return ERR_OK; /* it says itself why it reads no more */
			at += (size_t)more;
		}
	}
	return err == ERR_OK ? ERR_OK : backup_damaged(backup);
}

static enum err
backup_fill(struct backup *backup, const char *database)
{
	const char *argv[] = { "pg_restore", "--no-password", "--exit-on-error",
		"--single-transaction", arena_printf(backup->arena, "--dbname=%s", database),
		NULL };
	struct vault *vault =
	    vault_open(backup->arena, backup->options->file, backup->keys, &backup->why);
	struct tool tool;
	enum err err;

	if (vault == NULL)
		return ERR_INVALID;
	err = tool_start(&tool, backup->arena, argv, backup->options->conninfo, database,
	    TOOL_INPUT, &backup->why);
	if (err == ERR_OK) {
		const char *failed = NULL;
		err = backup_pour_out(backup, vault, &tool);
		enum err ended = tool_wait(&tool, backup->arena, &failed);
		if (err == ERR_OK && ended != ERR_OK) {
			err = ended;
			backup->why = failed;
		}
	}
	vault_close(vault);
	return err;
}

/* ---- checking ---------------------------------------------------------------------------- */

static enum err
backup_compare(struct backup *backup, struct store *store)
{
	struct audit_verdict verdict = { 0 };
	enum err err = ERR_OK;
	int64_t count;

	for (size_t i = 0; i < backup->table_count && err == ERR_OK; i++) {
		err = backup_count(backup, store, backup->tables[i], &count);
		if (err == ERR_OK && count != backup->counts[i]) {
			backup->why = arena_printf(backup->arena,
			    "%s has %" PRId64 " rows, restored %" PRId64, backup->tables[i],
			    backup->counts[i], count);
			return ERR_INVALID;
		}
		backup->done->rows += (uint64_t)count;
	}
	backup->done->tables = backup->table_count;
	if (err == ERR_OK)
		err = audit_verify(store, backup->arena, NULL, NULL, &verdict);
	if (err == ERR_OK && verdict.broken) {
		backup->why =
		    arena_printf(backup->arena, "the audit is broken: %s", verdict.en);
		return ERR_INVALID;
	}
	backup->done->audit_rows = verdict.rows;
	return err;
}

static enum err
backup_check(struct backup *backup)
{
	const char *scratch = arena_printf(backup->arena, "kehu_check_%ld", (long)getpid());
	const char *conninfo = backup->options->conninfo;
	const char *create[] = { "createdb", "--no-password", "--template=template0", scratch,
		NULL };
	const char *drop[] = { "dropdb", "--no-password", "--if-exists", scratch, NULL };
	const char *copy = tool_conninfo(backup->arena, conninfo, scratch), *ignored;
	enum err err = tool_run(backup->arena, create, conninfo, NULL, &backup->why);

	if (err != ERR_OK)
		return err;
	err = backup_fill(backup, scratch);
	if (err == ERR_OK) {
		struct store *store =
		    backup_store(copy, backup->superuser ? NULL : "kehu_owner");
		err = backup_compare(backup, store);
		store_free(store);
	}
	if (tool_run(backup->arena, drop, conninfo, NULL, &ignored) != ERR_OK &&
	    err == ERR_OK) {
		backup->why = ignored;
		return ERR_CONFIG;
	}
	return err;
}

/* ---- from outside ------------------------------------------------------------------------ */

enum err
backup_make(struct arena *arena, const struct backup_options *options, struct backup_done *done,
    const char **why)
{
	struct backup backup = { .arena = arena, .options = options, .done = done };
	struct store *store = backup_store(options->conninfo, NULL);
	struct rows *rows;
	enum err err = backup_begin(&backup);

	*done = (struct backup_done){ 0 };
	if (err == ERR_OK)
		err = backup_ask(&backup, store,
		    "SELECT rolsuper FROM pg_roles WHERE rolname = session_user", &rows);
	if (err == ERR_OK) {
		backup.superuser = rows_bool(rows, 0, 0);
		if (!backup.superuser) {
			store_free(store);
			store = backup_store(options->conninfo, "kehu_owner");
		}
		err = backup_take(&backup, store);
	}
	store_free(store);
	if (err == ERR_OK && options->check)
		err = backup_check(&backup);
	backup_end(&backup, why);
	return err;
}

static enum err
backup_is_empty(struct backup *backup, struct store *store, const char **database)
{
	struct rows *rows;
	enum err err = backup_ask(backup, store,
	    "SELECT current_database(), count(*) FROM pg_class c JOIN pg_namespace n "
	    "ON n.oid = c.relnamespace WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p')",
	    &rows);

	if (err != ERR_OK)
		return err;
	*database = rows_text(rows, 0, 0);
	if (rows_int(rows, 0, 1) == 0)
		return ERR_OK;
	backup->why = arena_printf(backup->arena,
	    "the database %s is not empty: make a new one (createdb) and restore into that",
	    *database);
	return ERR_CONFIG;
}

enum err
backup_restore(struct arena *arena, const struct backup_options *options,
    struct backup_done *done, const char **why)
{
	struct backup backup = { .arena = arena, .options = options, .done = done };
	struct store *store = backup_store(options->conninfo, NULL);
	const struct migrate_options roles = { .conninfo = options->conninfo };
	const char *database = NULL;
	struct rows *rows;
	enum err err = backup_begin(&backup);

	*done = (struct backup_done){ 0 };
	if (err == ERR_OK)
		err = backup_is_empty(&backup, store, &database);
	if (err == ERR_OK)
		err = backup_read_through(&backup);
	if (err == ERR_OK)
		err = migrate_roles(&roles, arena, &backup.why);
	if (err == ERR_OK)
		err = backup_fill(&backup, database);
	if (err == ERR_OK)
		err = backup_ask(&backup, store, "SELECT count(*) FROM erasure", &rows);
	if (err == ERR_OK)
		done->erasures = (uint64_t)rows_int(rows, 0, 0);
	store_free(store);
	backup_end(&backup, why);
	return err;
}
