/*
 * kill -9 of kehud, N times, while several clients save and go on with the same intentions at
 * the next one: nothing that was acknowledged is lost, nothing is there twice, and of nothing
 * does its client not know.
 */
#include "common/date.h"
#include "tests/lib/bed.h"
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

#define DB "kill_server"

enum { SAVERS = 4, KILLS = 3, SAVES_BETWEEN = 8, MOMENT_US = 150000 };

static void
killed_servers_lose_and_double_nothing(void **state)
{
	const char *text = getenv("N");
	int kills = text != NULL && atoi(text) > 0 ? atoi(text) : KILLS;
	unsigned seed = (unsigned)date_now_us();
	struct bed *bed = bed_new(DB);
	struct savers *savers = savers_start(bed, SAVERS);

	for (int i = 0; i < kills; i++) {
		assert_true(savers_wait(savers, SAVES_BETWEEN));
		/* at any moment of the saves under way */
		usleep((useconds_t)(rand_r(&seed) % MOMENT_US));
		bed_kill(bed, SIGKILL);
		bed_start(bed);
	}
	assert_true(savers_wait(savers, SAVES_BETWEEN));
	struct savers_count count = savers_stop(savers);
	print_message("# kill_server: %d kills, %" PRId64 " acknowledged, %" PRId64
		      " lost, %" PRId64 " doubled, %" PRId64 " unknown\n",
	    kills, count.acknowledged, count.lost, count.doubled, count.unknown);
	assert_true(count.acknowledged >= (kills + 1) * SAVES_BETWEEN);
	assert_int_equal(count.lost, 0);
	assert_int_equal(count.doubled, 0);
	assert_int_equal(count.unknown, 0);
	bed_free(bed);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(killed_servers_lose_and_double_nothing),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
