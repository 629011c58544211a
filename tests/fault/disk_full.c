/*
 * A full disk under the database's tables, under all of the database, and under the log of
 * kehud: whoever saves is told so, nothing acknowledged is lost, nothing refused is there, and
 * when there is room again all goes on without a restart of kehud. The disks are small ones of
 * memory that only this process sees; where it may not make them, there is nothing to try.
 */
#include "common/date.h"
#include "server/entity/fields.h"
#include "tests/lib/bed.h"
#include "tests/lib/node.h"
#include "tests/lib/pg.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>
// clang-format off
#include <cmocka.h>
// clang-format on

#define DB "disk_full"

enum { SAVES_MOST = 20000, REFUSED_ENOUGH = 50 };

static const char *const lasting[] = { "fsync=on", "synchronous_commit=on", "shared_buffers=16MB",
	"max_connections=60", "log_min_messages=panic", NULL };

static bool may_mount;
static struct bed *bed;

/* ---- small disks -------------------------------------------------------------------------- */

static const char *
disk_new(const char *name, int mib)
{
	const char *path = pg_folder(name);
	struct stat owner;

	assert_int_equal(stat(path, &owner), 0);
	assert_int_equal(mount("tmpfs", path, "tmpfs", 0,
			     arena_printf(bed->arena, "size=%dm,uid=%d,gid=%d,mode=0700", mib,
				 (int)owner.st_uid, (int)owner.st_gid)), 0);
	return path;
}

static const char *
disk_ballast(const char *disk)
{
	return arena_printf(bed->arena, "%s/ballast", disk);
}

static void
disk_fill(const char *disk)
{
	static char zeros[65536];
	int fd = open(disk_ballast(disk), O_WRONLY | O_CREAT | O_APPEND, 0600);

	assert_true(fd >= 0);
	for (size_t bytes = sizeof(zeros); bytes > 0;) {
		if (write(fd, zeros, bytes) < 0)
			bytes /= 2;
	}
	close(fd);
}

static void
disk_free(const char *disk)
{
	assert_int_equal(unlink(disk_ballast(disk)), 0);
}

/* ---- saves -------------------------------------------------------------------------------- */

static enum err
save(struct client *client, const char *what, int i)
{
	const char *name = arena_printf(client->arena, "%s.%d", what, i);
	const Kehu__ServerFrame *answer =
	    client_save(client, E_customer, 0, 0, SENT(TEXT_OF(F_customer_name, name)), NULL);
	enum err err = answer->answer_case == KEHU__SERVER_FRAME__ANSWER_ERROR ?
	    (enum err)answer->error->code : ERR_OK;

	arena_reset(client->arena);
	return err;
}

/* How many were acknowledged until one was refused with wanted. */
static int
saves_until(struct client *client, const char *what, enum err wanted)
{
	for (int i = 0; i < SAVES_MOST; i++) {
		enum err err = save(client, what, i);

		if (err == wanted)
			return i;
		assert_int_equal(err, ERR_OK);
	}
	fail_msg("the disk never was full");
	return 0;
}

/* How many of many are acknowledged meanwhile; *unknown: sent to a server that has ended. */
static int
saves_while_full(struct client *client, const char *what, int *unknown)
{
	int saves = 0;

	for (int i = 0, refused = 0; i < SAVES_MOST && refused < REFUSED_ENOUGH && *unknown == 0; i++) {
		enum err err = save(client, what, i);

		saves += err == ERR_OK;
		refused += err == ERR_NO_SPACE;
		*unknown += err == ERR_DB_GONE;
		assert_true(err == ERR_OK || err == ERR_NO_SPACE || err == ERR_DB_GONE);
	}
	return saves;
}

static void
again_within_its_time(struct client *client, const char *what)
{
	int64_t until_us = date_monotonic_us() + BED_WAIT_MS * INT64_C(1000);

	for (int i = 0; save(client, what, i) != ERR_OK; i++) {
		assert_true(date_monotonic_us() < until_us);
		usleep(100000);
	}
}

static void
stored_exactly(const char *what, int saves)
{
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM customer WHERE name LIKE '%s.%%'", what), saves);
	assert_int_equal(pg_int(DB,
	    "SELECT count(*) FROM customer c WHERE c.name LIKE '%s.%%' AND NOT (EXISTS (SELECT FROM audit"
	    " a WHERE a.record_id = c.id) AND EXISTS (SELECT FROM history h WHERE h.root_id = c.id) AND"
	    " EXISTS (SELECT FROM outcome o WHERE o.record_id = c.id))", what), 0);
}

/* ---- the disks ---------------------------------------------------------------------------- */

static void
full_tables_refuse_and_recover(void **state)
{
	const char *disk;
	struct client *client;
	int saves;

	if (!may_mount)
		skip();
	bed = bed_new(DB);
	disk = disk_new("tables", 400);
	bed_kill(bed, SIGTERM);
	pg_exec("postgres", "CREATE TABLESPACE small LOCATION '%s'", disk);
	pg_exec("postgres", "ALTER DATABASE " DB " SET TABLESPACE small");
	bed_start(bed);
	client = client_new(bed, "ada", LANG_EN);
	assert_int_equal(save(client, "early", 0), ERR_OK);
	disk_fill(disk);
	saves = saves_until(client, "full", ERR_NO_SPACE);
	disk_free(disk);
	again_within_its_time(client, "after");
	stored_exactly("full", saves);
	print_message("# disk_full_tables: %d saves before the refusal, all there\n", saves);
	client_free(client);
	bed_free(bed);
	pg_exec("postgres", "DROP TABLESPACE small");
	assert_int_equal(umount(disk), 0);
}

/* Of tables and log of changes, or of the log alone. */
static void
full_database(const char *disk_name, bool log_alone)
{
	struct client *client;
	struct node *node;
	const char *disk;
	int saves, unknown = 0;

	if (!may_mount)
		skip();
	bed = bed_new(DB);
	disk = disk_new(disk_name, log_alone ? 64 : 600);
	node = node_follow("small", pg_folder("."));
	bed_kill(bed, SIGTERM);
	node_promote(node);
	if (log_alone)
		node_move_wal(node, disk);
	pg_look_at(node_dir(node));
	bed_start(bed);
	client = client_new(bed, "ada", LANG_EN);
	assert_int_equal(save(client, "early", 0), ERR_OK);
	disk_fill(disk);
	saves = saves_while_full(client, "full", &unknown);
	disk_free(disk);
	if (node_ended(node))
		node_start(node);
	again_within_its_time(client, "after");
	/* of what was on its way when the server ended nobody knew: it may be there, whole */
	int there = (int)pg_int(DB, "SELECT count(*) FROM customer WHERE name LIKE 'full.%%'");
	assert_in_range(there, (unsigned)saves, (unsigned)(saves + unknown));
	stored_exactly("full", there);
	print_message("# disk_full_%s: %d saves acknowledged, %d there, PostgreSQL ended %d times\n",
	    log_alone ? "wal" : "database", saves, there, unknown);
	client_free(client);
	bed_kill(bed, SIGTERM);
	pg_look_at(NULL);
	node_kill(node);
	bed_free(bed);
	assert_int_equal(umount(disk), 0);
}

static void
a_full_database_loses_nothing(void **state)
{
	full_database("small-data", false);
}

static void
a_full_log_of_changes_loses_nothing(void **state)
{
	full_database("wal", true);
}

static void
full_log_of_kehud_stops_nobody(void **state)
{
	const char *disk, *log;
	struct client *client;

	if (!may_mount)
		skip();
	bed = bed_new(DB);
	disk = disk_new("log", 1);
	log = arena_printf(bed->arena, "%s/kehud.log", bed->dir);
	bed_kill(bed, SIGTERM);
	unlink(log);
	assert_int_equal(symlink(arena_printf(bed->arena, "%s/kehud.log", disk), log), 0);
	bed_start(bed);
	client = client_new(bed, "ada", LANG_EN);
	disk_fill(disk);
	for (int i = 0; i < 20; i++)
		assert_int_equal(save(client, "unlogged", i), ERR_OK);
	stored_exactly("unlogged", 20);
	disk_free(disk);
	assert_int_equal(save(client, "logged", 0), ERR_OK);
	client_free(client);
	bed_free(bed);
	assert_int_equal(umount(disk), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(full_tables_refuse_and_recover),
		cmocka_unit_test(a_full_database_loses_nothing),
		cmocka_unit_test(a_full_log_of_changes_loses_nothing),
		cmocka_unit_test(full_log_of_kehud_stops_nobody),
	};

	may_mount = geteuid() == 0 && unshare(CLONE_NEWNS) == 0 &&
	    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
	pg_settings(lasting);
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
