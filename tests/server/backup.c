/*
 * Backup and restore: what comes back is what was there, whatever the file went through is
 * noticed, and what fails leaves nothing behind.
 */
#include "server/backup/backup.h"
#include "common/buf.h"
#include "common/date.h"
#include "common/sealed.h"
#include "server/job/demo.h"
#include "tests/lib/pg.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define DB   "office"
#define COPY "restored"

static struct arena *arena;
static char folder[] = "/tmp/kehu-backup-XXXXXX";
static const char *key_file;

static const char *
password(void *to, const char *login)
{
	return "scrypt$15$8$1$00$00";
}

static int
all_setup(void **state)
{
	struct demo_options options = {
		.customers = 200, .seed = 7, .today = date_today(480), .password = password
	};
	struct demo_result result;
	const char *id, *why;

	arena = arena_new(0);
	assert_non_null(mkdtemp(folder));
	key_file = arena_printf(arena, "%s/keys", folder);
	assert_int_equal(sealed_add(arena, key_file, &id, &why), ERR_OK);
	pg_database(DB);
	struct store *store = pg_store(DB, "kehu_owner");
	assert_int_equal(demo_run(store, arena, &options, &result), ERR_OK);
	store_free(store);
	return 0;
}

static int
all_teardown(void **state)
{
	int failed = system(arena_printf(arena, "rm -rf %s", folder));

	arena_free(arena);
	return failed;
}

static const char *
file_named(const char *name)
{
	return arena_printf(arena, "%s/%s", folder, name);
}

static enum err
backup(
    const char *name, const char *key, bool check, struct backup_done *done, const char **why)
{
	struct backup_options options = { .conninfo = pg_conninfo(DB),
		.file = file_named(name),
		.key_file = key,
		.check = check };

	*why = NULL;
	return backup_make(arena, &options, done, why);
}

static enum err
restore(const char *name, const char *key, const char **why)
{
	struct backup_options options = {
		.conninfo = pg_conninfo(COPY), .file = file_named(name), .key_file = key
	};
	struct backup_done done;

	*why = NULL;
	return backup_restore(arena, &options, &done, why);
}

/*
 * A dump as text to be compared, less what PostgreSQL makes up anew each time, and without the
 * parentheses of conditions: a OR b OR c is nested before it was restored and flat after.
 */
static const char *
dump_of(const char *database)
{
	const char *path = file_named(database);

	assert_int_equal(system(arena_printf(arena,
			     "%s --dbname=\"%s\" --exclude-table-data=public.session "
			     "--exclude-table-data=public.change | "
			     "sed -E '/^.(un)?restrict /d; /^CREATE TRIGGER/s/[()]//g' >%s",
			     pg_bin("pg_dump"), pg_conninfo(database), path)),
	    0);
	return path;
}

static void
what_is_restored_is_what_was_there_but_sessions(void **state)
{
	struct backup_done done;
	const char *why;

	pg_exec(DB, "INSERT INTO session (user_id, token_hash, expires_at) "
		    "SELECT min(id), sha256('x'), now() + interval '1 day' FROM users");
	if (backup("plain", NULL, true, &done, &why) != ERR_OK)
		fail_msg("%s", why);
	assert_true(done.tables > 100 && done.rows > 1000);
	pg_empty_database(COPY);
	if (restore("plain", NULL, &why) != ERR_OK)
		fail_msg("%s", why);
	assert_int_equal(pg_int(COPY, "SELECT count(*) FROM customer"),
	    pg_int(DB, "SELECT count(*) FROM customer"));
	assert_int_equal(system(arena_printf(arena, "diff %s %s | head -20; cmp -s %s %s",
			     dump_of(DB), dump_of(COPY), file_named(DB), file_named(COPY))),
	    0);
	assert_int_equal(pg_int(COPY, "SELECT count(*) FROM session"), 0);
	/* What checked it is gone again. */
	assert_int_equal(
	    pg_int("postgres",
		"SELECT count(*) FROM pg_database WHERE datname LIKE 'kehu_check%%'"),
	    0);
	pg_drop(COPY);
}

static void
encrypted_backup_opens_with_its_key_alone(void **state)
{
	const char *other = file_named("other keys"), *id, *why;
	struct backup_done done;
	struct stat status;

	assert_int_equal(sealed_add(arena, other, &id, &why), ERR_OK);
	if (backup("sealed", key_file, false, &done, &why) != ERR_OK)
		fail_msg("%s", why);
	assert_int_equal(stat(file_named("sealed"), &status), 0);
	assert_int_equal(status.st_mode & 0777, 0600);
	assert_int_not_equal(
	    system(arena_printf(arena, "grep -q CREATE %s", file_named("sealed"))), 0);
	pg_empty_database(COPY);
	assert_int_equal(restore("sealed", NULL, &why), ERR_INVALID);
	assert_non_null(strstr(why, "--key"));
	assert_int_equal(restore("sealed", other, &why), ERR_INVALID);
	assert_int_equal(restore("sealed", key_file, &why), ERR_OK);
	assert_int_equal(pg_int(COPY, "SELECT count(*) FROM customer"), 200);
	pg_drop(COPY);
}

/* The copy has bytes of the sealed backup, one of them changed when at >= 0. */
static void
spoil(long bytes, long at)
{
	FILE *from = fopen(file_named("sealed"), "rb"), *to = fopen(file_named("spoilt"), "wb");
	int c;

	assert_true(from != NULL && to != NULL);
	for (long i = 0; i < bytes && (c = fgetc(from)) != EOF; i++)
		fputc(i == at ? c ^ 1 : c, to);
	fclose(from);
	assert_int_equal(fclose(to), 0);
}

static void
changed_or_cut_off_backup_restores_nothing(void **state)
{
	struct stat status;
	const char *why;

	assert_int_equal(stat(file_named("sealed"), &status), 0);
	long bytes = (long)status.st_size;
	const long changed[] = { 0, 9, 20, 33, 40, bytes / 2, bytes - 20, bytes - 1 };
	const long cut[] = { 0, 5, 32, 36, 70000, bytes / 2, bytes - 16, bytes - 1 };
	pg_empty_database(COPY);
	for (size_t i = 0; i < sizeof(changed) / sizeof(changed[0]); i++) {
		spoil(bytes, changed[i]);
		if (restore("spoilt", key_file, &why) != ERR_INVALID)
			fail_msg("byte %ld changed: %s", changed[i], why);
		spoil(cut[i], -1);
		if (restore("spoilt", key_file, &why) != ERR_INVALID)
			fail_msg("cut off at %ld: %s", cut[i], why);
	}
	/* One that is not encrypted is judged by pg_restore, in one transaction. */
	assert_int_equal(system(arena_printf(arena, "head -c 100000 %s >%s",
			     file_named("plain"), file_named("short"))),
	    0);
	assert_int_not_equal(restore("short", NULL, &why), ERR_OK);
	assert_int_equal(
	    pg_int(COPY, "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"), 0);
	pg_drop(COPY);
}

static void
what_cannot_be_done_says_why_and_leaves_nothing(void **state)
{
	struct backup_done done;
	const char *why;

	assert_int_equal(backup("no/such/folder", NULL, false, &done, &why), ERR_FILE_SYSTEM);
	assert_non_null(strstr(why, "no/such/folder"));
	assert_int_not_equal(backup("x", file_named("no keys"), false, &done, &why), ERR_OK);
	assert_int_not_equal(access(file_named("x"), F_OK), 0);
	assert_int_not_equal(access(file_named("x.part"), F_OK), 0);
	pg_empty_database(COPY);
	assert_int_equal(restore("nothing", NULL, &why), ERR_INVALID);
	assert_int_equal(restore("keys", NULL, &why), ERR_INVALID);
	assert_non_null(strstr(why, "no backup"));
	pg_drop(COPY);
	struct backup_options options = { .conninfo = pg_conninfo(DB),
		.file = file_named("plain") };
	assert_int_equal(backup_restore(arena, &options, &done, &why), ERR_CONFIG);
	assert_non_null(strstr(why, "not empty"));
	options.conninfo = "host=/nonexistent dbname=x";
	assert_int_not_equal(backup_restore(arena, &options, &done, &why), ERR_OK);
}

/* The exit status of kehud with these words behind --owner. */
static int
kehud(const char *words)
{
	const char *build = getenv("KEHU_BUILD");
	int status = system(arena_printf(arena, "%s/kehud --owner \"%s\" %s >%s 2>&1",
	    build != NULL ? build : "build", pg_conninfo(DB), words, file_named("said")));

	return WEXITSTATUS(status);
}

static void
the_commands_take_a_file_and_say_what_they_did(void **state)
{
	assert_int_equal(kehud("backup"), 2);
	assert_int_equal(kehud("backup a b"), 2);
	assert_int_equal(kehud(arena_printf(arena, "--key %s backup %s", key_file,
			     file_named("of the program"))),
	    2); /* a name with blanks, not quoted, is several words */
	assert_int_equal(
	    kehud(arena_printf(arena, "--key %s backup %s", key_file, file_named("program"))),
	    0);
	assert_int_equal(access(file_named("program"), R_OK), 0);
	assert_int_equal(
	    system(arena_printf(arena, "grep -q encrypted %s", file_named("said"))), 0);
	assert_int_equal(kehud(arena_printf(arena, "restore %s", file_named("program"))), 2);
	assert_int_equal(
	    system(arena_printf(arena, "grep -q 'not empty' %s", file_named("said"))), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_restored_is_what_was_there_but_sessions),
		cmocka_unit_test(encrypted_backup_opens_with_its_key_alone),
		cmocka_unit_test(changed_or_cut_off_backup_restores_nothing),
		cmocka_unit_test(what_cannot_be_done_says_why_and_leaves_nothing),
		cmocka_unit_test(the_commands_take_a_file_and_say_what_they_did),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, all_setup, all_teardown);
}
