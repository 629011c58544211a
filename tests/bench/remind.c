/*
 * 100,000 reminders due over a day: what telling one costs while so many others wait, beside a
 * table without others, what looking costs when nothing is due, and how late they are told with
 * a client open. Nobody is told twice.
 */
#include "common/date.h"
#include "common/log.h"
#include "tests/lib/bed.h"
#include "tests/lib/figures.h"
#include "tests/lib/pg.h"

#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#define DB      "bench_remind"
#define DUE     2000
#define WAITING 100000
#define IDLE_S  10
#define WAIT_S  120

static int64_t
remind_pid(void)
{
	return pg_int(DB,
	    "SELECT pid FROM pg_stat_activity WHERE datname = '%s' AND application_name = "
	    "'kehud remind'",
	    DB);
}

/* CPU of the backend that looks for what is due. */
static int64_t
remind_ns(void)
{
	int64_t until = date_monotonic_us() + WAIT_S * US_PER_SECOND, pid;

	while ((pid = remind_pid()) == 0) {
		if (date_monotonic_us() > until)
			fatal("nobody looks for reminders");
		usleep(50000);
	}
	return big_process_ns((pid_t)pid);
}

static void
remind_add(const char *text, const char *due_at, int count)
{
	pg_exec(DB,
	    "SET session_replication_role = replica; INSERT INTO reminder (text, due_at, "
	    "state, owner_id, "
	    "department_id, branch_id) SELECT '%s', %s, 'waiting', 101, 12, 2 "
	    "FROM generate_series(1, %d) n; ANALYZE reminder",
	    text, due_at, count);
}

/* CPU for each of DUE reminders that are due at once, in µs. */
static double
remind_tell(const char *text)
{
	int64_t before = remind_ns(), until = date_monotonic_us() + WAIT_S * US_PER_SECOND;

	remind_add(text, "now()", DUE);
	while (
	    pg_int(DB, "SELECT count(*) FROM reminder WHERE text = '%s' AND state = 'waiting'",
		text) > 0) {
		if (date_monotonic_us() > until)
			fatal("reminders are not told");
		usleep(50000);
	}
	return (double)(remind_ns() - before) / 1000 / DUE;
}

/* CPU of looking, in µs a second. */
static double
remind_idle(void)
{
	int64_t before = remind_ns();

	sleep(IDLE_S);
	return (double)(remind_ns() - before) / 1000 / IDLE_S;
}

int
main(void)
{
	struct bed *bed = bed_new(DB);
	struct client *ada = client_new(bed, "ada", LANG_EN);
	double alone, among, idle, idle_among;

	(void)remind_tell("first"); /* plans and caches */
	alone = remind_tell("alone");
	sleep(2);
	idle = remind_idle();
	remind_add("day", "now() + make_interval(secs => 3600 + n * 0.864)", WAITING);
	idle_among = remind_idle();
	among = remind_tell("among");
	remind_add("soon", "now() + make_interval(secs => 2 + n * 0.05)", 200);
	sleep(14);
	if (pg_int(DB,
		"SELECT count(*) FROM reminder WHERE text = 'soon' AND state <> 'told'") > 0)
		fatal("a reminder that is due was not told");
	if (pg_int(DB, "SELECT count(*) FROM message WHERE kind = 'reminder'") !=
	    pg_int(DB, "SELECT count(*) FROM reminder WHERE state = 'told'"))
		fatal("a reminder was not told once");
	figure("remind_pg_cpu_alone", 0, alone, "us", 0, AT_MOST, 0);
	figure("remind_pg_cpu_among_100000", 0, among, "us", alone, AT_MOST, 1.5);
	figure("remind_idle_pg_cpu_a_second", 0, idle_among, "us", idle, AT_MOST, 1.5);
	figure("remind_latest_of_200", 0,
	    (double)pg_int(DB,
		"SELECT 1000 * max(extract(epoch FROM told_at - due_at)) FROM reminder "
		"WHERE text = 'soon'"),
	    "ms", 1000, AT_MOST, 1);
	client_free(ada);
	bed_free(bed);
	return 0;
}
