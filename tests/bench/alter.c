/*
 * One change of 10,000 customers through kehud, found by a query and done by a job, with history, change
 * feed, audit, the record of it and its rows, beside a bare UPDATE of the same rows with the same triggers.
 */
#include "common/date.h"
#include "common/log.h"
#include "server/entity/fields.h"
#include "tests/lib/bed.h"
#include "tests/lib/figures.h"
#include "tests/lib/pg.h"

#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#define DB     "bench_alter"
#define ROUNDS 5
#define ROWS   10000

struct alter_bench {
	struct bed *bed;
	struct client *ada;
	struct store *store; /* bare */
	pid_t backend;
};

/* CPU of all backends of kehud on this database. */
static int64_t
alter_backends_ns(const struct alter_bench *bench)
{
	const char *pids = pg_exec(DB,
	    "SELECT string_agg(pid::text, ' ') FROM pg_stat_activity"
	    " WHERE datname = '%s' AND pid NOT IN (pg_backend_pid(), %d)",
	    DB, (int)bench->backend);
	int64_t sum = 0;
	char *end;

	for (const char *at = pids; *at != '\0'; at = end) {
		sum += big_process_ns((pid_t)strtol(at, &end, 10));
		if (end == at)
			break;
	}
	return sum;
}

static void
alter_through(struct alter_bench *bench, const char *level)
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT, *step;
	Kehu__Alter request = KEHU__ALTER__INIT;
	Kehu__ServerFrame *answer;
	struct uuid intention = uuid_new();

	step = client_save_step(bench->ada, E_customer, 0, 0, SENT(TEXT_OF(F_customer_level, level)));
	request.has_intention = request.has_entity = true;
	request.intention.data = intention.bytes;
	request.intention.len = sizeof(intention.bytes);
	request.entity = E_customer;
	request.what = arena_strdup(bench->ada->arena, "set");
	request.values = step->save->record->values;
	request.n_values = step->save->record->n_values;
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_ALTER;
	frame.alter = &request;
	answer = client_call(bench->ada, &frame);
	if (answer->answer_case != KEHU__SERVER_FRAME__ANSWER_ALTER || answer->alter->job == 0)
		fatal("not taken as a job");
	while (pg_int(DB, "SELECT count(*) FROM job WHERE id = %" PRId64 " AND state = 'done'",
		   answer->alter->job) == 0)
		usleep(20000);
	if (pg_int(DB, "SELECT count(*) FROM customer WHERE level = '%s'", level) != ROWS)
		fatal("not all were changed");
}

static void
alter_bare(struct alter_bench *bench, const char *level)
{
	struct arena *arena = arena_new(0);
	struct sql *sql = sql_new(arena);

	store_begin(bench->store);
	sql_add(sql, "UPDATE customer SET version = version + 1, updated_at = now(), updated_by = 101, level = ");
	sql_text(sql, level);
	store_queue(bench->store, sql, NULL);
	if (store_commit(bench->store, arena) != ERR_OK)
		fatal("bare update: %s", store_message(bench->store));
	arena_free(arena);
}

static void
alter_set_up(struct alter_bench *bench)
{
	struct arena *arena = arena_new(0);
	struct sql *sql = sql_new(arena);
	struct rows *rows;

	bench->bed = bed_new(DB);
	pg_exec(DB,
	    "INSERT INTO customer (name, name_key, number, type, level, stage, owner_id, department_id, branch_id) "
	    "SELECT 'customer ' || i, 'customer ' || i, 'Q' || i, 'company', 'D', 'potential', u.id, u.department_id, "
	    "u.branch_id FROM users u, generate_series(1, %d) i WHERE u.id = 101; ANALYZE customer",
	    ROWS);
	bench->ada = client_new(bench->bed, "ada", LANG_EN);
	bench->store = pg_store(DB, NULL);
	sql_add(sql, "SELECT pg_backend_pid()");
	store_begin(bench->store);
	store_queue(bench->store, sql, &rows);
	if (store_commit(bench->store, arena) != ERR_OK)
		fatal("no bare store");
	bench->backend = (pid_t)rows_int(rows, 0, 0);
	arena_free(arena);
}

int
main(void)
{
	static const char *const levels[] = { "A", "B", "C" };
	struct alter_bench bench = { 0 };
	struct rounds changed = { 0 }, bare = { 0 };

	alter_set_up(&bench);
	for (int round = 0; round < ROUNDS + 1; round++) {
		int64_t before = alter_backends_ns(&bench), own;

		alter_through(&bench, levels[round % 3]);
		own = alter_backends_ns(&bench) - before;
		before = big_process_ns(bench.backend);
		alter_bare(&bench, "D");
		before = big_process_ns(bench.backend) - before;
		pg_exec(DB, "VACUUM customer");
		if (round == 0)
			continue; /* plans and caches */
		rounds_add(&changed, (struct spent){ .pg_us = (double)own / 1000 });
		rounds_add(&bare, (struct spent){ .pg_us = (double)before / 1000 });
	}
	if (pg_int(DB, "SELECT count(*) FROM bulk_row") != (ROUNDS + 1) * ROWS)
		fatal("a row is not kept");
	figure("bulk_edit_of_10000", 0, rounds_median(&changed).pg_us, "us",
	    rounds_median(&bare).pg_us, AT_MOST, 2);
	store_free(bench.store);
	client_free(bench.ada);
	bed_free(bench.bed);
	return 0;
}
