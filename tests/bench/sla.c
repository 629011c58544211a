/*
 * What the pass over service clocks costs beside 100,000 open tickets: with 200 of them due, and with none. All of it
 * is rolled back, so that the data stays as it was.
 */
#include "common/log.h"
#include "tests/lib/figures.h"
#include "tests/lib/pg.h"
#include "tests/lib/sample.h"

#define OPEN	   "100000"
#define DUE	   "200"
#define DUE_US	   2000 /* each: a warning told */
#define NOTHING_US 500
#define IDLE	   50

static int64_t
sla_number(struct store *store, struct arena *arena, const char *text)
{
	struct sql *sql = sql_new(arena);
	struct rows *rows;

	sql_add(sql, text);
	if (store_run(store, arena, sql, &rows) != ERR_OK)
		fatal("%s: %s", text, store_message(store));
	return rows->count > 0 && !rows_null(rows, 0, 0) ? rows_int(rows, 0, 0) : 0;
}

static void
sla_measure(const struct big *big)
{
	struct arena *arena = arena_new(0);
	struct store *store = pg_store(big->database, NULL);
	int64_t before, done;
	pid_t pid;

	store_begin(store);
	(void)sla_number(store, arena, "SELECT set_config('kehu.user', '0', true), set_config('kehu.session', '0', true), "
				       "set_config('kehu.change', '', true), set_config('statement_timeout', '0', true)");
	(void)sla_number(store, arena, "UPDATE ticket_clock SET alarm_at = NULL WHERE alarm_at IS NOT NULL");
	(void)sla_number(store, arena, "INSERT INTO ticket (customer_id, subject, kind, priority, channel, state, opened_at, owner_id) "
				       "SELECT c.id, 'x', 'repair', 'p3', 'phone', 'open', now(), c.owner_id FROM customer c, "
				       "generate_series(1, 20) WHERE c.owner_id IS NOT NULL LIMIT " OPEN);
	(void)sla_number(store, arena, "INSERT INTO ticket_clock (ticket_id, kind, minutes, state, due_at, warn_at, alarm_at) SELECT id, 'solve', "
				       "600, 'running', now() + interval '1 day', now() + interval '20 hours', now() + interval '20 hours' "
				       "FROM ticket WHERE subject = 'x'");
	(void)sla_number(store, arena, "UPDATE ticket_clock SET alarm_at = now() WHERE id IN (SELECT id FROM ticket_clock WHERE "
				       "alarm_at IS NOT NULL LIMIT " DUE ")");
	pid = (pid_t)sla_number(store, arena, "SELECT pg_backend_pid()::bigint");
	before = big_process_ns(pid);
	done = sla_number(store, arena, "SELECT kehu_sla_pass(" DUE ")");
	figure("sla_pass_due_pg_cpu", 100000, (double)(big_process_ns(pid) - before) / 1e3 / (double)(done > 0 ? done : 1), "us",
	    DUE_US, AT_MOST, 1);
	figure("sla_pass_due", 100000, (double)done, "clocks", 0, AT_MOST, 0);
	before = big_process_ns(pid);
	for (int i = 0; i < IDLE; i++)
		(void)sla_number(store, arena, "SELECT kehu_sla_pass(" DUE ")");
	figure("sla_pass_idle_pg_cpu", 100000, (double)(big_process_ns(pid) - before) / 1e3 / IDLE, "us", NOTHING_US, AT_MOST, 1);
	store_rollback(store);
	store_free(store);
	arena_free(arena);
}

int
main(void)
{
	big_start();
	for (size_t i = 0; i < big_count(); i++)
		sla_measure(big_at(i));
	return 0;
}
