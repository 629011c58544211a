/*
 * The commands of the database's owner: bring it to this version's shape, keep it in order,
 * back it up and restore it. Each ends with what it did on standard output.
 */
#include "server/owner.h"

#include "server/backup/backup.h"
#include "server/gate/factor_keys.h"
#include "server/gate/setup.h"
#include "server/record/derived.h"
#include "server/store/migrate.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct owner {
	struct arena *arena;
	const struct server_settings *settings;
	const struct owner_options *options;
	struct migrate_options migrate;
	const char *why;
};

static void
owner_say(void *to, const char *line)
{
	(void)to;
	printf("%s\n", line);
}

/* ---- sort keys, search rows, secrets -------------------------------------------------------
 */

static struct store *
owner_store(const char *conninfo)
{
	return store_new(&(struct store_options){
	    .conninfo = conninfo,
	    .role = "kehu_owner",
	    .statement_timeout_ms = 60000,
	    .lock_timeout_ms = 2000,
	    .application = "kehud maintain",
	    .need_primary = true,
	});
}

/* Sort keys and search rows that other rules made are made again. */
static enum err
owner_derive(const struct migrate_options *migrate, struct arena *arena, const char **why)
{
	struct store *store = owner_store(migrate->conninfo);
	struct derived_done done = { 0 };
	struct catalog *catalog = NULL;
	enum err err = migrate_read_catalog(migrate, arena, &catalog, why);
	bool due = false;

	if (err == ERR_OK)
		err = derived_check(store, catalog, arena, &due);
	if (err == ERR_OK && due)
		err = derived_make(store, catalog, 0, &done);
	if (err != ERR_OK && *why == NULL)
		*why = arena_printf(arena,
		    "sort keys and search rows could not be made again: %s %s",
		    store_state(store), store_message(store));
	if (done.ended && done.due)
		printf("sort keys and search rows: %" PRIu64 " records looked at, %" PRIu64
		       " made again\n",
		    done.rows, done.changed);
	catalog_unref(catalog);
	store_free(store);
	return err;
}

/* migrate only tells: with many records it takes minutes, which nobody need wait for. */
static enum err
owner_tell_derived(const struct migrate_options *migrate, struct arena *arena, const char **why)
{
	struct store *store = owner_store(migrate->conninfo);
	struct catalog *catalog = NULL;
	bool due = false;
	enum err err = migrate_read_catalog(migrate, arena, &catalog, why);

	if (err == ERR_OK)
		err = derived_check(store, catalog, arena, &due);
	if (err != ERR_OK && *why == NULL)
		*why = arena_printf(arena, "the settings cannot be read: %s %s",
		    store_state(store), store_message(store));
	if (due)
		printf("sort keys and search rows follow other rules: run kehud maintain once "
		       "every "
		       "server is of this version\n");
	catalog_unref(catalog);
	store_free(store);
	return err;
}

/* Secrets of second factors that are plain or under an old key, sealed with the one in use. */
static enum err
owner_seal(struct arena *arena, const struct server_settings *settings, const char *conninfo,
    bool newest, const char **why)
{
	struct store *store = owner_store(conninfo);
	const char *key = NULL;
	size_t done;
	enum err err = factor_keys_renew(store, arena, settings, newest, &done, &key, why);

	if (err != ERR_OK && *why == NULL)
		*why = arena_printf(arena, "second factors could not be sealed: %s %s",
		    store_state(store), store_message(store));
	if (err == ERR_OK && key != NULL)
		printf("secrets of second factors sealed with key %s: %zu\n", key, done);
	store_free(store);
	return err;
}

/* Once, or with --every until a signal ends it, which undoes what is half done. Then only what
 * was done is told. */
static enum err
owner_maintain(struct arena *arena, const struct server_settings *settings,
    const struct migrate_options *migrate, long every_s, const char **why)
{
	for (;;) {
		struct arena *scratch = arena_new(0);
		size_t done = 0;
		enum err err = maintain_run(migrate, scratch, &done, why);

		if (err == ERR_OK)
			err = owner_seal(scratch, settings, migrate->conninfo, false, why);
		if (err == ERR_OK)
			err = owner_derive(migrate, scratch, why);
		if (err == ERR_OK && (done > 0 || every_s == 0))
			printf("maintained: %zu\n", done);
		fflush(stdout);
		*why = arena_strdup(arena, *why);
		arena_free(scratch);
		if (err != ERR_OK || every_s == 0)
			return err;
		sleep((unsigned)every_s);
	}
}

/* ---- commands ------------------------------------------------------------------------------
 */

static enum err
owner_audit_key(struct owner *owner)
{
	const char *key = NULL;
	enum err err =
	    setup_audit_key(owner->arena, owner->migrate.conninfo, &key, &owner->why);

	if (err == ERR_OK && key != NULL)
		printf(
		    "first key of the audit, told once; keep it away from this machine: %s\n",
		    key);
	return err;
}

static enum err
owner_init(struct owner *owner)
{
	const char *password = NULL;
	size_t done = 0;
	enum err err = migrate_init(&owner->migrate, owner->arena, &owner->why);

	if (err == ERR_OK)
		err = setup_first(owner->arena, &owner->migrate, &password, &owner->why);
	if (err == ERR_OK)
		err = maintain_run(&owner->migrate, owner->arena, &done, &owner->why);
	if (err == ERR_OK)
		err = owner_derive(&owner->migrate, owner->arena, &owner->why);
	if (err == ERR_OK && password != NULL)
		printf("first administrator: admin\none-time password: %s\n", password);
	return err == ERR_OK ? owner_audit_key(owner) : err;
}

static enum err
owner_migrate(struct owner *owner)
{
	enum err err = migrate_run(&owner->migrate, owner->arena, &owner->why);

	if (err == ERR_OK)
		err = setup_seed(owner->arena, &owner->migrate, &owner->why);
	if (err == ERR_OK)
		err = owner_tell_derived(&owner->migrate, owner->arena, &owner->why);
	return err == ERR_OK ? owner_audit_key(owner) : err;
}

static enum err
owner_run_maintain(struct owner *owner)
{
	return owner_maintain(owner->arena, owner->settings, &owner->migrate,
	    owner->options->every_s, &owner->why);
}

static enum err
owner_rotate(struct owner *owner)
{
	return owner_seal(
	    owner->arena, owner->settings, owner->migrate.conninfo, true, &owner->why);
}

static struct backup_options
owner_backup_options(const struct owner *owner)
{
	return (struct backup_options){
		.conninfo = owner->migrate.conninfo,
		.file = owner->options->file,
		.key_file = owner->options->key_file,
		.check = owner->options->check,
	};
}

static enum err
owner_backup(struct owner *owner)
{
	struct backup_options options = owner_backup_options(owner);
	struct backup_done done;
	enum err err = backup_make(owner->arena, &options, &done, &owner->why);

	if (err != ERR_OK)
		return err;
	printf("backup: %s%s\n", options.file, options.key_file != NULL ? ", encrypted" : "");
	if (options.check)
		printf("restored beside it and compared: %" PRIu64 " tables, %" PRIu64
		       " rows, %" PRIu64 " rows of the audit\n",
		    done.tables, done.rows, done.audit_rows);
	return ERR_OK;
}

static enum err
owner_restore(struct owner *owner)
{
	struct backup_options options = owner_backup_options(owner);
	struct backup_done done;
	enum err err = backup_restore(owner->arena, &options, &done, &owner->why);

	if (err != ERR_OK)
		return err;
	printf(
	    "restored: %s\nnext: kehud migrate; then kehu-admin person replay FILE, with the "
	    "journal of those erased since (this backup knows of %" PRIu64 ")\n",
	    options.file, done.erasures);
	return ERR_OK;
}

static const struct {
	const char *name;
	enum err (*run)(struct owner *owner);
	bool file; /* takes a file */
} owner_commands[] = {
	{ "init", owner_init, false },
	{ "migrate", owner_migrate, false },
	{ "maintain", owner_run_maintain, false },
	{ "rotate-key", owner_rotate, false },
	{ "backup", owner_backup, true },
	{ "restore", owner_restore, true },
};

static int
owner_find(const char *name)
{
	for (size_t i = 0; i < sizeof(owner_commands) / sizeof(owner_commands[0]); i++)
		if (strcmp(owner_commands[i].name, name) == 0)
			return (int)i;
	return -1;
}

bool
owner_has(const char *command)
{
	return owner_find(command) >= 0;
}

bool
owner_takes_file(const char *command)
{
	int at = owner_find(command);

	return at >= 0 && owner_commands[at].file;
}

enum err
owner_run(struct arena *arena, const struct server_settings *settings,
    const struct owner_options *options, const char **why)
{
	struct owner owner = {
		.arena = arena,
		.settings = settings,
		.options = options,
		.migrate = {
			.conninfo = options->conninfo != NULL ? options->conninfo :
								settings->database_connection,
			.sql_dir = options->sql_dir,
			.say = owner_say,
		},
	};
	int at = owner_find(options->command);
	enum err err;

	if (owner_commands[at].file && options->file == NULL) {
		*why = arena_printf(arena, "%s needs the file", options->command);
		return ERR_USAGE;
	}
	/* A program that stops reading is an error of writing, not our end. */
	signal(SIGPIPE, SIG_IGN);
	err = owner_commands[at].run(&owner);
	*why = owner.why;
	return err;
}
