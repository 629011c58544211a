/*
 * One change of 10,000 customers through kehud, found by a query and done by a job, with history, change
 * feed, audit, the record of it and its rows, beside a bare UPDATE of the same rows with the same triggers.
 */
#include "common/date.h"
#include "common/log.h"
#include "server/entity/fields.h"
#include "tests/lib/beside.h"
#include "tests/lib/figures.h"
#include "tests/lib/pg.h"

#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#define DB     "bench_alter"
#define ROUNDS 5
#define ROWS   10000

static void
alter_through(struct beside *bench, const char *level)
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
alter_bare(struct beside *bench, const char *level)
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
alter_set_up(struct beside *bench)
{
	beside_open(bench, DB, false);
	pg_exec(DB,
	    "INSERT INTO customer (name, name_key, number, type, level, stage, owner_id, department_id, branch_id) "
	    "SELECT 'customer ' || i, 'customer ' || i, 'Q' || i, 'company', 'D', 'potential', u.id, u.department_id, "
	    "u.branch_id FROM users u, generate_series(1, %d) i WHERE u.id = 101; ANALYZE customer",
	    ROWS);
}

int
main(void)
{
	static const char *const levels[] = { "A", "B", "C" };
	struct beside bench = { 0 };
	struct rounds changed = { 0 }, bare = { 0 };

	alter_set_up(&bench);
	for (int round = 0; round < ROUNDS + 1; round++) {
		int64_t before = beside_kehud_ns(&bench), own;

		alter_through(&bench, levels[round % 3]);
		own = beside_kehud_ns(&bench) - before;
		before = beside_bare_ns(&bench);
		alter_bare(&bench, "D");
		before = beside_bare_ns(&bench) - before;
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
	beside_close(&bench);
	return 0;
}
