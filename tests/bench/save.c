/*
 * A visit saved with everything that goes with it (history, audit, outcome and change rows,
 * number, the customer's figures, all under the row policies), beside a bare INSERT of such a
 * visit and UPDATE of its customer in one transaction: by a superuser, over as many connections
 * at once, without triggers of
 * ours.
 */
#include "common/date.h"
#include "common/log.h"
#include "server/entity/fields.h"
#include "tests/lib/figures.h"
#include "tests/lib/pg.h"
#include "tests/lib/sample.h"

#include <inttypes.h>
#include <pthread.h>

#define ROUNDS    5
#define ANSWERS   600
#define CUSTOMERS 300
#define BARES     4 /* connections, as many as kehud's workers on two cores have */

struct save_bench {
	const struct big *big;
	struct load *load;
	struct arena *arena;
	int64_t users[LOAD_CLIENTS], *ids[LOAD_CLIENTS];
	size_t counts[LOAD_CLIENTS];
	int64_t last_before, now_us;
	uint64_t random, saved;
	struct bare {
		struct save_bench *bench;
		struct store *store;
		pid_t backend;
		size_t index;
		uint64_t random;
		pthread_t thread;
	} bares[BARES];
	struct rounds rounds, bare;
};

/* ---- through kehud ----------------------------------------------------------------------- */

static void
save_put(
    struct load *load, Kehu__Record *record, uint32_t field, const char *text, int64_t number)
{
	Kehu__Value *value = ARENA_NEW(load->arena, Kehu__Value);

	kehu__value__init(value);
	value->has_field = true;
	value->field = field;
	value->text = arena_strdup(load->arena, text);
	value->has_number = text == NULL;
	value->number = number;
	record->values[record->n_values++] = value;
}

static void
save_next(struct load *load, size_t client, void *context, Kehu__ClientFrame *frame)
{
	struct save_bench *bench = context;
	Kehu__Save *save = ARENA_NEW(load->arena, Kehu__Save);
	Kehu__Record *record = ARENA_NEW(load->arena, Kehu__Record);
	struct uuid intention = uuid_new();

	kehu__save__init(save);
	kehu__record__init(record);
	save->has_intention = true;
	save->intention.data =
	    arena_memdup(load->arena, intention.bytes, sizeof(intention.bytes));
	save->intention.len = sizeof(intention.bytes);
	save->record = record;
	record->has_entity = true;
	record->entity = E_visit;
	record->values = ARENA_ARRAY(load->arena, Kehu__Value *, 8);
	save_put(load, record, F_visit_customer_id, NULL,
	    bench->ids[client][sample_random(&bench->random, bench->counts[client])]);
	save_put(load, record, F_visit_at, NULL, bench->now_us - (int64_t)bench->saved * 1000);
	save_put(load, record, F_visit_kind, "visit", 0);
	save_put(load, record, F_visit_purpose, "季度回访", 0);
	save_put(load, record, F_visit_summary,
	    "客户对交货期满意，下季度计划增加订单，需报新价。", 0);
	save_put(load, record, F_visit_outcome, "followup", 0);
	save_put(load, record, F_visit_next_step, "报价", 0);
	save_put(load, record, F_visit_next_on, NULL, date_today(480) + 14);
	bench->saved++;
	frame->request_case = KEHU__CLIENT_FRAME__REQUEST_SAVE;
	frame->save = save;
}

/* Everything is there for each visit saved, or the figure is worth nothing. */
static void
save_check(const struct save_bench *bench)
{
	const char *database = bench->big->database;
	int64_t made = pg_int(database,
	    "SELECT count(*) FROM visit v WHERE v.id > %" PRId64 " AND v.number IS NOT NULL "
	    "AND EXISTS (SELECT FROM history h WHERE h.root_id = v.id AND h.entity = %d AND "
	    "h.kind = 1) "
	    "AND EXISTS (SELECT FROM outcome o WHERE o.record_id = v.id) "
	    "AND EXISTS (SELECT FROM audit a WHERE a.record_id = v.id) "
	    "AND EXISTS (SELECT FROM change c WHERE c.id = v.id) "
	    "AND EXISTS (SELECT FROM customer_figures f WHERE f.id = v.customer_id AND "
	    "f.last_visit_at >= v.at)",
	    bench->last_before, E_visit);

	if (made != (int64_t)bench->saved)
		fatal("%" PRIu64 " visits saved, %" PRId64 " whole", bench->saved, made);
}

/* ---- bare -------------------------------------------------------------------------------- */

static void
save_queue_bare(struct bare *bare, struct arena *arena, size_t n)
{
	const struct save_bench *bench = bare->bench;
	struct sql *insert = sql_new(arena), *update = sql_new(arena);
	size_t client = (n * BARES + bare->index) % LOAD_CLIENTS;
	int64_t customer =
	    bench->ids[client][sample_random(&bare->random, bench->counts[client])];

	sql_add(insert, "INSERT INTO visit (created_by, updated_by, owner_id, department_id, "
			"branch_id, number, customer_id, "
			"at, minutes, kind, purpose, state, summary, outcome, next_step, "
			"next_on, completed_at) "
			"SELECT u.id, u.id, u.id, u.department_id, u.branch_id, ");
	sql_text(insert, arena_printf(arena, "X%zu-%zu-%" PRId64, bare->index, n, date_monotonic_us()));
	sql_add(insert, ", ");
	sql_int(insert, customer);
	sql_add(insert, ", ");
	sql_moment(insert, bench->now_us - (int64_t)n * 1000);
	sql_add(insert, ", 60, 'visit', ");
	sql_text(insert, "季度回访");
	sql_add(insert, ", 'completed', ");
	sql_text(insert, "客户对交货期满意，下季度计划增加订单，需报新价。");
	sql_add(insert, ", 'followup', ");
	sql_text(insert, "报价");
	sql_add(insert, ", ");
	sql_date(insert, date_today(480) + 14);
	sql_add(insert, ", now() FROM users u WHERE u.id = ");
	sql_int(insert, bench->users[client]);
	sql_named(insert);
	store_queue(bare->store, insert, NULL);
	sql_add(update,
	    "UPDATE customer SET version = version + 1, updated_at = now(), updated_by = ");
	sql_int(update, bench->users[client]);
	sql_add(update, " WHERE id = ");
	sql_int(update, customer);
	sql_named(update);
	store_queue(bare->store, update, NULL);
}

static void *
save_bare_run(void *bare_)
{
	struct bare *bare = bare_;
	struct arena *arena = arena_new(0);

	for (size_t n = 0; n < ANSWERS / BARES; n++) {
		arena_reset(arena);
		store_begin(bare->store);
		save_queue_bare(bare, arena, n);
		if (store_commit(bare->store, arena) != ERR_OK)
			fatal("bare visit: %s", store_message(bare->store));
	}
	arena_free(arena);
	return NULL;
}

/* All connections at once; what their backends spent, in ns. */
static int64_t
save_bare(struct save_bench *bench)
{
	int64_t spent_ns = 0;

	for (size_t i = 0; i < BARES; i++)
		spent_ns -= big_process_ns(bench->bares[i].backend);
	for (size_t i = 0; i < BARES; i++) {
		if (pthread_create(&bench->bares[i].thread, NULL, save_bare_run, &bench->bares[i]) != 0)
			fatal("no thread");
	}
	for (size_t i = 0; i < BARES; i++) {
		pthread_join(bench->bares[i].thread, NULL);
		spent_ns += big_process_ns(bench->bares[i].backend);
	}
	return spent_ns;
}

/* Foreign keys stay: only what the design adds is off. */
static void
save_triggers(const struct save_bench *bench, const char *state)
{
	pg_exec(bench->big->database,
	    "ALTER TABLE visit %s TRIGGER USER; ALTER TABLE customer %s TRIGGER USER", state,
	    state);
}

static void
save_bare_round(struct save_bench *bench)
{
	save_triggers(bench, "DISABLE");
	save_bare(bench); /* plans made again */
	rounds_add(&bench->bare,
	    (struct spent){ .pg_us = (double)save_bare(bench) / 1000 / (ANSWERS / BARES * BARES) });
	save_triggers(bench, "ENABLE");
	pg_exec(bench->big->database,
	    "DELETE FROM visit WHERE number LIKE 'X%%' AND id > %" PRId64, bench->last_before);
}

/* ---- rounds ------------------------------------------------------------------------------ */

static void
save_open_bare(struct save_bench *bench, size_t index)
{
	struct bare *bare = &bench->bares[index];
	struct sql *sql = sql_new(bench->arena);
	struct rows *rows;

	*bare = (struct bare){ .bench = bench,
		.store = pg_store(bench->big->database, NULL),
		.index = index,
		.random = index };
	sql_add(sql, "SELECT pg_backend_pid()");
	store_begin(bare->store);
	if (store_run(bare->store, bench->arena, sql, &rows) != ERR_OK ||
	    store_commit(bare->store, bench->arena) != ERR_OK)
		fatal("no database for bare visits");
	bare->backend = (pid_t)rows_int(rows, 0, 0);
}

static void
save_open(struct save_bench *bench, const struct big *big)
{
	struct arena *arena = bench->arena = arena_new(0);

	bench->big = big;
	bench->now_us = date_now_us();
	bench->last_before = pg_int(big->database, "SELECT nextval('record_id')");
	for (int i = 0; i < LOAD_CLIENTS; i++) {
		bench->users[i] = big_reader(big, "own", i);
		bench->ids[i] = sample_ids(big, arena, &bench->counts[i],
		    "SELECT id FROM customer WHERE deleted_at IS NULL AND owner_id = %" PRId64
		    " ORDER BY hashint8(id), id LIMIT %d",
		    bench->users[i], CUSTOMERS);
	}
	bench->load = load_new(big, bench->users, LOAD_CLIENTS, true);
	for (size_t i = 0; i < BARES; i++)
		save_open_bare(bench, i);
}

static void
save_round(struct save_bench *bench)
{
	const struct load_work work = { .next = save_next, .context = bench };

	load_run(
	    bench->load, &work, 100); /* plans made again after the triggers were switched */
	rounds_measure(&bench->rounds, bench->load, &work, ANSWERS);
	save_bare_round(bench);
}

/* The database as it was, so that the next run measures the same. */
static void
save_close(struct save_bench *bench)
{
	const char *database = bench->big->database;

	save_check(bench);
	load_free(bench->load);
	for (size_t i = 0; i < BARES; i++)
		store_free(bench->bares[i].store);
	pg_exec(database,
	    "SET session_replication_role = replica; "
	    "CREATE TEMP TABLE touched AS SELECT DISTINCT customer_id FROM visit WHERE id > "
	    "%" PRId64 "; "
	    "DELETE FROM visit WHERE id > %" PRId64
	    "; DELETE FROM history WHERE root_id > %" PRId64 "; "
	    "DELETE FROM audit; DELETE FROM outcome; DELETE FROM change; "
	    "SELECT kehu_customer_figures(customer_id) FROM touched",
	    bench->last_before, bench->last_before, bench->last_before);
	pg_exec(database,
	    "VACUUM visit, customer, customer_figures, history, audit, outcome, change");
}

int
main(void)
{
	static struct save_bench benches[BIG_SIZES_MAX];
	struct spent spent[BIG_SIZES_MAX], bare[BIG_SIZES_MAX];
	size_t last;

	big_start();
	last = big_count() - 1;
	for (size_t i = 0; i <= last; i++)
		save_open(&benches[i], big_at(i));
	for (size_t round = 0; round < ROUNDS; round++)
		for (size_t i = 0; i <= last; i++)
			save_round(&benches[i]);
	for (size_t i = 0; i <= last; i++) {
		spent[i] = rounds_median(&benches[i].rounds);
		bare[i] = rounds_median(&benches[i].bare);
		figure("visit_save_pg_cpu", big_at(i)->customers, spent[i].pg_us, "us",
		    bare[i].pg_us, AT_MOST, 3);
		figure("visit_save_kehud_cpu", big_at(i)->customers, spent[i].kehud_us, "us",
		    spent[i].pg_us, AT_MOST, 0);
		save_close(&benches[i]);
	}
	figure_growth("visit_save_pg_cpu", spent[0].pg_us, spent[last].pg_us, "us");
	return 0;
}
