/*
 * What a form pays for "is this customer known already?" while its name is being typed, and what a pass
 * over all customers costs: every clock read anew, owners warned, what is due given back. The pass is
 * rolled back, so that the data stays as it was.
 */
#include "common/log.h"
#include "common/text.h"
#include "server/entity/fields.h"
#include "tests/lib/figures.h"
#include "tests/lib/pg.h"
#include "tests/lib/sample.h"

#define ROUNDS	     5
#define ANSWERS	     400
#define CHECK_US     3000
#define PASS_MS	     30000
#define PASS_AT_ONCE "2000" /* as server/job/tick.c */

struct pool_bench {
	const struct big *big;
	struct load *load;
	struct rows *rows; /* names and phones there are */
	uint64_t random;
};

/* Half of the names exist; of the others, which differ in a character, some sound the same. */
static void
pool_next(struct load *load, size_t client, void *context, Kehu__ClientFrame *frame)
{
	struct pool_bench *bench = context;
	size_t row = sample_random(&bench->random, bench->rows->count);
	Kehu__Check *check = ARENA_NEW(load->arena, Kehu__Check);
	const char *name = rows_text(bench->rows, row, 0);

	(void)client;
	kehu__check__init(check);
	check->name = sample_random(&bench->random, 2) == 0 ? arena_strdup(load->arena, name)
							    : arena_printf(load->arena, "%s新", name);
	check->phone = arena_strdup(load->arena, rows_null(bench->rows, row, 1) ? "" : rows_text(bench->rows, row, 1));
	check->has_typing = check->typing = true;
	frame->request_case = KEHU__CLIENT_FRAME__REQUEST_CHECK;
	frame->check = check;
}

static void
pool_measure_check(struct pool_bench *bench)
{
	const struct load_work work = { .next = pool_next, .context = bench };
	struct rounds rounds = { 0 };

	for (int i = 0; i < ROUNDS; i++) {
		rounds_measure(&rounds, bench->load, &work, ANSWERS);
		load_forget(bench->load);
	}
	figure("check_typing_pg_cpu", bench->big->customers, rounds_median(&rounds).pg_us, "us", CHECK_US, AT_MOST, 1);
}

/* One row and column of a statement in the store's transaction, or the end of the process. */
static int64_t
pool_number(struct store *store, struct arena *arena, const char *text)
{
	struct sql *sql = sql_new(arena);
	struct rows *rows;

	sql_add(sql, text);
	if (store_run(store, arena, sql, &rows) != ERR_OK)
		fatal("%s: %s", text, store_message(store));
	return rows->count > 0 && !rows_null(rows, 0, 0) ? rows_int(rows, 0, 0) : 0;
}

/* Everybody is in a pool that recycles after half a year without follow-up, whatever else there is. */
static void
pool_measure_pass(const struct big *big)
{
	struct arena *arena = arena_new(0);
	struct store *store = pg_store(big->database, NULL);
	int64_t pid, before, moved;

	store_begin(store);
	(void)pool_number(store, arena, "SELECT set_config('kehu.user', '0', true), set_config('kehu.session', '0', true), "
					"set_config('kehu.change', '', true)");
	(void)pool_number(store, arena, "SET LOCAL statement_timeout = 0");
	(void)pool_number(store, arena, "UPDATE pool SET recycles = true, active = true, warn_days = 7, "
					"spare_order = false, spare_deal = false");
	(void)pool_number(store, arena, "INSERT INTO pool_member (pool_id, member_department_id) "
					"SELECT (SELECT min(id) FROM pool), id FROM department WHERE parent_id IS NULL");
	(void)pool_number(store, arena, "DELETE FROM pool_rule");
	(void)pool_number(store, arena, "INSERT INTO pool_rule (pool_id, follow_days) SELECT id, 180 FROM pool");
	(void)pool_number(store, arena, "UPDATE pool_state SET stale = true");
	pid = pool_number(store, arena, "SELECT pg_backend_pid()::bigint");
	before = big_process_ns((pid_t)pid);
	moved = pool_number(store, arena, "SELECT kehu_pool_pass(" PASS_AT_ONCE ")");
	figure("pool_pass_pg_cpu", big->customers, (double)(big_process_ns((pid_t)pid) - before) / 1e6, "ms", PASS_MS,
	    AT_MOST, 1);
	figure("pool_pass_clocks", big->customers,
	    (double)pool_number(store, arena, "SELECT count(*) FROM customer_figures WHERE leaves_on IS NOT NULL") +
		(double)moved,
	    "customers", 0, AT_MOST, 0);
	store_rollback(store);
	store_free(store);
	arena_free(arena);
}

int
main(void)
{
	big_start();
	for (size_t i = 0; i < big_count(); i++) {
		struct pool_bench bench = { .big = big_at(i), .random = 11 };
		const int64_t user = big_reader(bench.big, "own", 0);
		int64_t users[LOAD_CLIENTS];

		for (size_t k = 0; k < LOAD_CLIENTS; k++)
			users[k] = user;
		big_warm(bench.big, "customer customer_phone contact customer_figures");
		bench.rows = sample_rows(bench.big, bench.big->arena,
		    "SELECT name, phone FROM customer WHERE deleted_at IS NULL ORDER BY hashint8(id), id LIMIT 2000");
		bench.load = load_new(bench.big, users, LOAD_CLIENTS, false);
		pool_measure_check(&bench);
		load_free(bench.load);
		pool_measure_pass(bench.big);
	}
	return 0;
}
