/*
 * kehud exchanged under saves, N times, while its socket stays open as systemd keeps it: those
 * who are connected move over, those who come meanwhile wait, and no request fails.
 */
#include "tests/lib/bed.h"
#include "tests/lib/savers.h"

#include <inttypes.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
// clang-format off
#include <cmocka.h>
// clang-format on

enum { SAVERS = 4, RESTARTS = 3, SAVES_BETWEEN = 8 };

static void
a_restart_fails_no_request(void **state)
{
	const char *text = getenv("N");
	int restarts = text != NULL && atoi(text) > 0 ? atoi(text) : RESTARTS;
	struct bed *bed = bed_new("restart");
	struct savers *savers;

	bed_keep_socket(bed);
	savers = savers_start(bed, SAVERS);
	for (int i = 0; i < restarts; i++) {
		assert_true(savers_wait(savers, SAVES_BETWEEN));
		bed_kill(bed, SIGTERM);
		bed_start(bed);
	}
	assert_true(savers_wait(savers, SAVES_BETWEEN));
	struct savers_count count = savers_stop(savers);
	print_message("# restart: %d times, %" PRId64 " saves, %" PRId64 " failed, %" PRId64
		      " lost, %" PRId64 " doubled, %" PRId64 " unknown\n",
	    restarts, count.acknowledged, count.troubles, count.lost, count.doubled, count.unknown);
	assert_int_equal(count.troubles, 0);
	assert_int_equal(count.lost, 0);
	assert_int_equal(count.doubled, 0);
	assert_int_equal(count.unknown, 0);
	bed_free(bed);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_restart_fails_no_request),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
