/*
 * PostgreSQL gone under kehud, N times while several clients save: stopped at once and started
 * again, and one of its processes killed, which makes it end all others. Nothing acknowledged
 * is lost or doubled, no client stays without an answer, and kehud serves again by itself.
 */
#include "common/date.h"
#include "tests/lib/bed.h"
#include "tests/lib/pg.h"
#include "tests/lib/savers.h"

#include <inttypes.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>
// clang-format off
#include <cmocka.h>
// clang-format on

#define DB "kill_database"

enum { SAVERS = 4, KILLS = 3, SAVES_BETWEEN = 8, MOMENT_US = 100000 };

/* As a real one: what was committed is on disk. */
static const char *const lasting[] = { "fsync=on", "synchronous_commit=on", "shared_buffers=64MB",
	"max_connections=60", "log_min_messages=fatal", NULL };

static void
kill_one_process(void)
{
	pid_t pid = (pid_t)pg_int("postgres",
	    "SELECT pid FROM pg_stat_activity WHERE datname = '" DB "' ORDER BY random() LIMIT 1");

	assert_true(pid > 0);
	assert_int_equal(kill(pid, SIGKILL), 0);
	while (kill(pid, 0) == 0)
		usleep(1000);
	pg_ready();
}

static void
database_fails(const char *how, void (*strike)(void))
{
	const char *text = getenv("N");
	int kills = text != NULL && atoi(text) > 0 ? atoi(text) : KILLS;
	unsigned seed = (unsigned)date_now_us();
	struct bed *bed = bed_new(DB);
	pid_t kehud = bed->kehud;
	int64_t longest_us = 0;

	/*
	 * A database made from a template counts sequences on from pages that its log has as they
	 * were copied: until a checkpoint, a crash sets them back by what the template had in hand.
	 */
	pg_exec("postgres", "CHECKPOINT");
	struct savers *savers = savers_start(bed, SAVERS);

	for (int i = 0; i < kills; i++) {
		assert_true(savers_wait(savers, SAVES_BETWEEN));
		usleep((useconds_t)(rand_r(&seed) % MOMENT_US));
		strike();
		int64_t back_us = date_monotonic_us();
		assert_true(savers_wait(savers, 1));
		back_us = date_monotonic_us() - back_us;
		longest_us = back_us > longest_us ? back_us : longest_us;
	}
	assert_true(savers_wait(savers, SAVES_BETWEEN));
	struct savers_count count = savers_stop(savers);
	print_message("# %s: %d times, %" PRId64 " acknowledged, %" PRId64 " lost, %" PRId64
		      " doubled, %" PRId64 " unknown; saved again within %" PRId64 " ms\n",
	    how, kills, count.acknowledged, count.lost, count.doubled, count.unknown,
	    longest_us / 1000);
	assert_true(count.acknowledged >= (kills + 1) * SAVES_BETWEEN);
	assert_int_equal(count.lost, 0);
	assert_int_equal(count.doubled, 0);
	assert_int_equal(count.unknown, 0);
	assert_int_equal(bed->kehud, kehud);
	assert_int_equal(kill(kehud, 0), 0);
	bed_free(bed);
}

static void
a_database_stopped_at_once_loses_and_doubles_nothing(void **state)
{
	database_fails("kill_database_stop", pg_crash);
}

static void
a_killed_process_of_the_database_loses_and_doubles_nothing(void **state)
{
	database_fails("kill_database_process", kill_one_process);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_database_stopped_at_once_loses_and_doubles_nothing),
		cmocka_unit_test(a_killed_process_of_the_database_loses_and_doubles_nothing),
	};

	pg_settings(lasting);
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
