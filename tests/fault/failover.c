/*
 * Failover, N times: the primary freezes under saves, its standby, which confirmed each commit,
 * is promoted, and the old primary goes on in the belief that it still is one. kehud has both in
 * its connection string and is not restarted: it finds the new one, and nothing acknowledged is
 * lost, nothing is there twice, nothing is written to the old one.
 */
#include "common/date.h"
#include "tests/lib/bed.h"
#include "tests/lib/node.h"
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

#define DB "failover"

enum { SAVERS = 4, FAILOVERS = 1, SAVES_BETWEEN = 8, MOMENT_US = 100000 };

static const char *const lasting[] = { "fsync=on", "synchronous_commit=on", "shared_buffers=64MB",
	"max_connections=60", "log_min_messages=fatal", NULL };

static int64_t outages_us[1000];

static int
by_length(const void *a, const void *b)
{
	int64_t first = *(const int64_t *)a, second = *(const int64_t *)b;

	return (first > second) - (first < second);
}

/* The old one goes on, and saves succeed meanwhile: how many of its rows the new one lacks. */
static int64_t
rows_of_old_primary_alone(struct arena *arena, struct savers *savers, const struct node *old, const struct node *primary)
{
	const char *there;

	node_thaw(old);
	assert_true(savers_wait(savers, SAVES_BETWEEN));
	pg_look_at(node_dir(old));
	there = pg_exec(DB,
	    "SELECT string_agg(id::text, ',') FROM (SELECT id FROM customer ORDER BY id DESC LIMIT 1000) l");
	there = arena_strdup(arena, there);
	pg_look_at(node_dir(primary));
	return pg_int(DB,
	    "SELECT count(*) FROM unnest('{%s}'::bigint[]) l(id) WHERE NOT EXISTS (SELECT FROM customer c"
	    " WHERE c.id = l.id)", there);
}

static void
failover_loses_and_doubles_nothing(void **state)
{
	const char *text = getenv("N");
	int failovers = text != NULL && atoi(text) > 0 ? (atoi(text) + 4) / 5 : FAILOVERS;
	unsigned seed = (unsigned)date_now_us();
	struct bed *bed = bed_new(DB);
	const char *own = arena_strdup(bed->arena, pg_folder("."));
	struct node *primary = node_follow("first", own), *standby;
	int64_t on_old = 0;

	bed_kill(bed, SIGTERM);
	node_promote(primary);
	standby = node_follow("second", node_dir(primary));
	node_wait_for_standby(primary);
	pg_look_at(node_dir(primary));
	bed->connection = arena_printf(bed->arena, "host=%s,%s dbname=" DB " user=postgres",
	    node_dir(primary), node_dir(standby));
	bed_start(bed);
	pid_t kehud = bed->kehud;
	struct savers *savers = savers_start(bed, SAVERS);

	for (int i = 0; i < failovers; i++) {
		struct node *old = primary;
		const char *name = arena_printf(bed->arena, "%s", i % 2 == 0 ? "first" : "second");

		assert_true(savers_wait(savers, SAVES_BETWEEN));
		usleep((useconds_t)(rand_r(&seed) % MOMENT_US));
		node_freeze(old);
		int64_t from_us = date_monotonic_us();
		node_promote(standby);
		primary = standby;
		assert_true(savers_wait(savers, 1));
		outages_us[i % 1000] = date_monotonic_us() - from_us;
		on_old += rows_of_old_primary_alone(bed->arena, savers, old, primary);
		node_kill(old);
		if (i + 1 == failovers)
			break;
		standby = node_follow(name, node_dir(primary));
		node_wait_for_standby(primary);
	}
	assert_true(savers_wait(savers, SAVES_BETWEEN));
	struct savers_count count = savers_stop(savers);
	qsort(outages_us, (size_t)failovers, sizeof(outages_us[0]), by_length);
	print_message("# failover: %d times, %" PRId64 " acknowledged, %" PRId64 " lost, %" PRId64
		      " doubled, %" PRId64 " unknown, %" PRId64
		      " on an old primary; outage median %" PRId64 " ms, longest %" PRId64 " ms\n",
	    failovers, count.acknowledged, count.lost, count.doubled, count.unknown, on_old,
	    outages_us[failovers / 2] / 1000, outages_us[failovers - 1] / 1000);
	assert_int_equal(count.lost, 0);
	assert_int_equal(count.doubled, 0);
	assert_int_equal(count.unknown, 0);
	assert_int_equal(on_old, 0);
	assert_int_equal(bed->kehud, kehud);
	assert_int_equal(kill(kehud, 0), 0);
	bed_kill(bed, SIGTERM);
	node_kill(primary);
	pg_look_at(NULL);
	bed_free(bed);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(failover_loses_and_doubles_nothing),
	};

	pg_settings(lasting);
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
