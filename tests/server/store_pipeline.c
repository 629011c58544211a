/* The connection: pipelines, named statements, failures, losses, COPY. */
#include "common/date.h"
#include "tests/lib/pg.h"
#include <inttypes.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
// clang-format off
#include <cmocka.h>
// clang-format on

#define DB "store"

static struct arena *arena;
static struct store *store;

static struct sql *
sql_of(const char *text)
{
	struct sql *sql = sql_new(arena);

	sql_add(sql, text);
	return sql;
}

static struct sql *
named_of(const char *text)
{
	struct sql *sql = sql_of(text);

	sql_named(sql);
	return sql;
}

static void
must(enum err err)
{
	if (err != ERR_OK)
		fail_msg("%s: %s %s", err_name(err), store_state(store), store_message(store));
}

static int64_t
count_of(const char *text)
{
	struct rows *rows;

	store_read(store);
	must(store_run(store, arena, sql_of(text), &rows));
	return rows_int(rows, 0, 0);
}

static int
each_setup(void **state)
{
	arena = arena_new(0);
	store = pg_store(DB, NULL);
	return 0;
}

static int
each_teardown(void **state)
{
	store_free(store);
	arena_free(arena);
	return 0;
}

/* ---- values --------------------------------------------------------------------------- */

static void
values_come_back_as_they_went(void **state)
{
	const int64_t ints[] = { 1, -2, INT64_MAX };
	const char *const texts[] = { "a", "\"q\\,{}", NULL, "", "NULL", "客户" };
	const uint8_t bytes[] = { 0, 1, 255, 92 };
	struct uuid uuid = uuid_new();
	struct sql *sql = sql_of("SELECT ");
	struct rows *rows;
	int64_t *ints_back;
	char **texts_back;
	size_t size;

	sql_int(sql, INT64_MIN), sql_add(sql, ", ");
	sql_text(sql, "o'客\\"), sql_add(sql, ", ");
	sql_bool(sql, true), sql_add(sql, ", ");
	sql_date(sql, -719162), sql_add(sql, ", ");
	sql_date(sql, 20779), sql_add(sql, ", ");
	sql_moment(sql, INT64_C(1795347300123456)), sql_add(sql, ", ");
	sql_moment(sql, INT64_C(-1)), sql_add(sql, ", ");
	sql_bytes(sql, bytes, sizeof bytes), sql_add(sql, ", ");
	sql_uuid(sql, uuid), sql_add(sql, ", ");
	sql_ints(sql, ints, 3), sql_add(sql, ", ");
	sql_texts(sql, texts, 6), sql_add(sql, ", ");
	sql_null(sql, "date"), sql_add(sql, ", ");
	sql_text(sql, NULL);
	store_read(store);
	must(store_run(store, arena, sql, &rows));
	assert_int_equal(rows->count, 1);
	assert_int_equal(rows_int(rows, 0, 0), INT64_MIN);
	assert_string_equal(rows_text(rows, 0, 1), "o'客\\");
	assert_true(rows_bool(rows, 0, 2));
	assert_int_equal(rows_date(rows, 0, 3), -719162);
	assert_int_equal(rows_date(rows, 0, 4), 20779);
	assert_int_equal(rows_moment(rows, 0, 5), INT64_C(1795347300123456));
	assert_int_equal(rows_moment(rows, 0, 6), -1);
	assert_memory_equal(rows_bytea(arena, rows, 0, 7, &size), bytes, sizeof bytes);
	assert_int_equal(size, sizeof bytes);
	assert_string_equal(rows_text(rows, 0, 8), uuid_format(arena, uuid));
	assert_int_equal(rows_ints(arena, rows, 0, 9, &ints_back), 3);
	assert_memory_equal(ints_back, ints, sizeof ints);
	assert_int_equal(rows_texts(arena, rows, 0, 10, &texts_back), 6);
	for (size_t i = 0; i < 6; i++) {
		if (texts[i])
			assert_string_equal(texts_back[i], texts[i]);
		else
			assert_null(texts_back[i]);
	}
	assert_true(rows_null(rows, 0, 11));
	assert_null(rows_text(rows, 0, 12));
}

/* ---- transactions --------------------------------------------------------------------- */

static void
one_flush_is_one_trip_for_many_statements(void **state)
{
	struct rows *rows[20];
	struct store_figures before;

	assert_int_equal(count_of("SELECT 1"), 1);
	before = store_figures(store);
	store_begin(store);
	for (int i = 0; i < 20; i++) {
		struct sql *sql = sql_of("SELECT ");
		sql_int(sql, i);
		store_queue(store, sql, &rows[i]);
	}
	must(store_commit(store, arena));
	for (int i = 0; i < 20; i++)
		assert_int_equal(rows_int(rows[i], 0, 0), i);
	assert_int_equal(store_figures(store).round_trips - before.round_trips, 1);
}

static void
read_context_is_gone_after_its_flush(void **state)
{
	struct rows *rows;

	store_read(store);
	store_queue(store, sql_of("SELECT set_config('kehu.user', '7', true)"), NULL);
	store_queue(store, sql_of("SELECT current_setting('kehu.user')"), &rows);
	must(store_flush(store, arena));
	assert_string_equal(rows_text(rows, 0, 0), "7");
	store_read(store);
	must(store_run(store, arena, sql_of("SELECT current_setting('kehu.user')"), &rows));
	assert_string_equal(rows_text(rows, 0, 0), "");
}

static void
first_failure_is_kept_and_nothing_is_stored(void **state)
{
	struct rows *rows;

	pg_exec(DB, "DELETE FROM t");
	store_begin(store);
	store_queue(store, sql_of("INSERT INTO t VALUES (1, 'a')"), NULL);
	store_queue(store, sql_of("INSERT INTO t VALUES (1, 'b')"), NULL);
	store_queue(store, sql_of("SELECT 1/0"), &rows);
	assert_int_equal(store_commit(store, arena), ERR_DUPLICATE);
	assert_string_equal(store_state(store), "23505");
	assert_string_equal(store_constraint(store), "t_pkey");
	assert_int_equal(count_of("SELECT count(*) FROM t"), 0);
	/* And later calls of the failed transaction answer the same. */
	store_begin(store);
	assert_int_equal(store_run(store, arena, sql_of("SELECT 1/0"), NULL), ERR_INTERNAL);
	assert_int_equal(store_run(store, arena, sql_of("SELECT 1"), NULL), ERR_INTERNAL);
	assert_string_equal(store_state(store), "22012");
	store_rollback(store);
	assert_int_equal(count_of("SELECT 5"), 5);
}

static void
errors_have_their_meaning(void **state)
{
	static const struct {
		const char *text;
		enum err err;
		bool retry;
	} cases[] = {
		{ "DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = 'KH001'; END $$", ERR_STALE,
		    true },
		{ "DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = 'KH002'; END $$",
		    ERR_INTENT_REUSED, false },
		{ "DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = 'KH003'; END $$",
		    ERR_SESSION_ENDED, false },
		{ "DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = 'KH004'; END $$", ERR_STALE,
		    true },
		{ "DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = 'KH005', MESSAGE = 'CONFLICT'; "
		  "END $$",
		    ERR_CONFLICT, false },
		{ "DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '40001'; END $$", ERR_STALE,
		    true },
		{ "DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '40P01'; END $$", ERR_STALE,
		    true },
		{ "DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '53100'; END $$", ERR_NO_SPACE,
		    false },
		{ "INSERT INTO t VALUES (NULL, 'x')", ERR_REQUIRED, false },
		{ "INSERT INTO t VALUES (9, 'bad')", ERR_INVALID, false },
		{ "INSERT INTO child VALUES (404)", ERR_IN_USE, false },
		{ "SET LOCAL statement_timeout = 20; SELECT 1", ERR_INTERNAL,
		    false }, /* two statements */
		{ "SELECT nonsense", ERR_INTERNAL, false },
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		store_begin(store);
		assert_int_equal(
		    store_run(store, arena, sql_of(cases[i].text), NULL), cases[i].err);
		assert_int_equal(store_retryable(store), cases[i].retry);
		store_rollback(store);
	}
	store_begin(store);
	must(store_run(store, arena, sql_of("SET LOCAL statement_timeout = 20"), NULL));
	assert_int_equal(
	    store_run(store, arena, sql_of("SELECT pg_sleep(5)"), NULL), ERR_TIMEOUT);
	store_rollback(store);
}

static void
lock_timeout_says_locked(void **state)
{
	struct store *other = pg_store(DB, NULL);

	pg_exec(DB, "DELETE FROM t; INSERT INTO t VALUES (1, 'a')");
	store_begin(other);
	must(store_run(other, arena, sql_of("SELECT * FROM t WHERE id = 1 FOR UPDATE"), NULL));
	store_begin(store);
	must(store_run(store, arena, sql_of("SET LOCAL lock_timeout = 50"), NULL));
	assert_int_equal(
	    store_run(store, arena, sql_of("UPDATE t SET name = 'b'"), NULL), ERR_LOCKED);
	store_rollback(store);
	store_rollback(other);
	store_free(other);
}

static void
savepoint_part_fails_alone(void **state)
{
	pg_exec(DB, "DELETE FROM t");
	store_begin(store);
	must(store_run(store, arena, sql_of("INSERT INTO t VALUES (1, 'a')"), NULL));
	must(store_savepoint(store, arena));
	assert_int_equal(store_run(store, arena, sql_of("INSERT INTO t VALUES (1, 'b')"), NULL),
	    ERR_DUPLICATE);
	must(store_rollback_to(store, arena));
	must(store_savepoint(store, arena));
	must(store_run(store, arena, sql_of("INSERT INTO t VALUES (2, 'c')"), NULL));
	must(store_release(store, arena));
	must(store_commit(store, arena));
	assert_int_equal(count_of("SELECT count(*) FROM t"), 2);
}

/* ---- named statements ----------------------------------------------------------------- */

static void
named_statements_are_kept_and_pushed_out(void **state)
{
	struct store_figures figures;

	for (int i = 0; i < 250; i++) {
		struct sql *sql = named_of(arena_printf(arena, "SELECT %d + ", i));
		struct rows *rows;
		sql_int(sql, 1000);
		store_read(store);
		must(store_run(store, arena, sql, &rows));
		assert_int_equal(rows_int(rows, 0, 0), 1000 + i);
	}
	/* The last 200 texts are still there. */
	figures = store_figures(store);
	assert_int_equal(figures.named_prepares, 250);
	for (int i = 249; i >= 60; i--) {
		struct sql *sql = named_of(arena_printf(arena, "SELECT %d + ", i));
		struct rows *rows;
		sql_int(sql, 1);
		store_read(store);
		must(store_run(store, arena, sql, &rows));
		assert_int_equal(rows_int(rows, 0, 0), 1 + i);
	}
	assert_int_equal(store_figures(store).named_prepares, 250);
	assert_int_equal(count_of("SELECT count(*) FROM pg_prepared_statements"), 200);
}

static void
named_in_a_failed_pipeline_is_prepared_again(void **state)
{
	struct rows *rows;

	store_begin(store);
	store_queue(store, sql_of("SELECT 1/0"), NULL);
	store_queue(store, named_of("SELECT 41 + 1"), &rows);
	assert_int_equal(store_flush(store, arena), ERR_INTERNAL);
	store_rollback(store);
	store_read(store);
	store_queue(store, named_of("SELECT 41 + 1"), &rows);
	must(store_flush(store, arena));
	assert_int_equal(rows_int(rows, 0, 0), 42);
}

static void
changed_table_drops_kept_plans(void **state)
{
	struct rows *rows;
	enum err err;

	pg_exec(DB, "DROP TABLE IF EXISTS shifting; CREATE TABLE shifting (a bigint)");
	for (int i = 0; i < 2; i++) {
		store_read(store);
		must(store_run(store, arena, named_of("SELECT * FROM shifting"), &rows));
	}
	pg_exec(DB, "ALTER TABLE shifting ADD COLUMN b bigint");
	store_read(store);
	err = store_run(store, arena, named_of("SELECT * FROM shifting"), &rows);
	assert_int_equal(err, ERR_STALE);
	assert_true(store_retryable(store));
	store_read(store);
	must(store_run(store, arena, named_of("SELECT * FROM shifting"), &rows));
	assert_int_equal(rows->columns, 2);
}

/* ---- losses --------------------------------------------------------------------------- */

static void
kill_backend(const struct rows *pid)
{
	pg_exec(DB, "SELECT pg_terminate_backend(%" PRId64 ", 5000)", rows_int(pid, 0, 0));
}

static void
lost_idle_connection_is_made_again(void **state)
{
	struct rows *pid;

	store_read(store);
	must(store_run(store, arena, sql_of("SELECT pg_backend_pid()"), &pid));
	kill_backend(pid);
	assert_int_equal(count_of("SELECT 3"), 3);
	assert_int_equal(store_figures(store).reconnects, 1);
}

static void
loss_before_commit_is_safe_to_run_again(void **state)
{
	struct rows *pid;

	store_begin(store);
	must(store_run(store, arena, sql_of("SELECT pg_backend_pid()"), &pid));
	kill_backend(pid);
	assert_int_equal(store_run(store, arena, sql_of("SELECT 1"), NULL), ERR_DB_GONE);
	assert_true(store_retryable(store));
	store_rollback(store);
	assert_int_equal(count_of("SELECT 3"), 3);
}

struct killer {
	int64_t pid;
};

static void *
killer_run(void *arg)
{
	struct killer *killer = arg;
	struct store *own = pg_store(DB, NULL);
	struct arena *scratch = arena_new(0);
	struct sql *sql = sql_new(scratch);
	struct rows *rows;

	/* Wait until it sleeps in its COMMIT. */
	for (int i = 0; i < 500; i++) {
		struct sql *look = sql_new(scratch);
		sql_add(look, "SELECT count(*) FROM pg_stat_activity WHERE wait_event = "
			      "'PgSleep' AND pid = ");
		sql_int(look, killer->pid);
		store_read(own);
		if (store_run(own, scratch, look, &rows) == ERR_OK && rows_int(rows, 0, 0) == 1)
			break;
		nanosleep(&(struct timespec){ .tv_nsec = 10000000 }, NULL);
	}
	sql_add(sql, "SELECT pg_terminate_backend(");
	sql_int(sql, killer->pid);
	sql_add(sql, "::integer)");
	store_read(own);
	(void)!store_run(own, scratch, sql, NULL);
	store_free(own);
	arena_free(scratch);
	return NULL;
}

static void
loss_during_commit_is_unknown(void **state)
{
	struct killer killer;
	struct rows *pid;
	pthread_t thread;

	store_begin(store);
	must(store_run(store, arena, sql_of("SELECT pg_backend_pid()"), &pid));
	killer.pid = rows_int(pid, 0, 0);
	/* A deferred trigger makes the COMMIT itself slow. */
	must(store_run(store, arena, sql_of("INSERT INTO slow VALUES (1)"), NULL));
	pthread_create(&thread, NULL, killer_run, &killer);
	assert_int_equal(store_commit(store, arena), ERR_UNKNOWN_OUTCOME);
	assert_false(store_retryable(store));
	pthread_join(thread, NULL);
	assert_int_equal(count_of("SELECT count(*) FROM slow"), 0);
}

static void
deferred_failure_at_commit_is_known(void **state)
{
	store_begin(store);
	must(store_run(store, arena, sql_of("INSERT INTO deferred VALUES (77)"), NULL));
	assert_int_equal(store_commit(store, arena), ERR_IN_USE);
	assert_int_equal(count_of("SELECT count(*) FROM deferred"), 0);
}

static void *
canceller_run(void *arg)
{
	nanosleep(&(struct timespec){ .tv_nsec = 100000000 }, NULL);
	store_cancel(store);
	return NULL;
}

static void
cancel_stops_a_statement(void **state)
{
	pthread_t thread;

	store_begin(store);
	must(store_run(store, arena, sql_of("SELECT 1"), NULL));
	pthread_create(&thread, NULL, canceller_run, NULL);
	assert_int_equal(
	    store_run(store, arena, sql_of("SELECT pg_sleep(10)"), NULL), ERR_CANCELLED);
	pthread_join(thread, NULL);
	store_rollback(store);
	assert_int_equal(count_of("SELECT 4"), 4);
}

static void
cancel_leaves_a_commit_alone(void **state)
{
	pthread_t thread;

	pg_exec(DB, "DELETE FROM slow");
	store_begin(store);
	must(store_run(store, arena, sql_of("INSERT INTO slow VALUES (2)"), NULL));
	pthread_create(&thread, NULL, canceller_run, NULL);
	must(store_commit(store, arena));
	pthread_join(thread, NULL);
	assert_int_equal(count_of("SELECT count(*) FROM slow"), 1);
}

static void
no_server_is_told_quickly(void **state)
{
	struct store *none = store_new(&(struct store_options){
	    .conninfo = "host=/nonexistent dbname=x", .need_primary = true });
	int64_t start_us = date_monotonic_us();

	store_begin(none);
	assert_int_equal(store_run(none, arena, sql_of("SELECT 1"), NULL), ERR_DB_GONE);
	assert_false(store_retryable(none));
	store_rollback(none);
	store_begin(none);
	store_queue(none, sql_of("SELECT 1"), NULL);
	assert_int_equal(store_commit(none, arena), ERR_DB_GONE);
	assert_true(date_monotonic_us() - start_us < 2 * US_PER_SECOND);
	store_free(none);
}

/* ---- copy and notify ------------------------------------------------------------------ */

static void
copy_escapes_and_counts(void **state)
{
	struct rows *rows;
	size_t count;

	pg_exec(DB, "DELETE FROM t");
	store_begin(store);
	must(store_copy_begin(store, arena, "COPY t (id, name) FROM STDIN"));
	for (int i = 0; i < 5000; i++) {
		copy_int(store, i);
		copy_text(store, i == 0 ? NULL : i == 1 ? "a\tb\nc\\d\r\\N" : "客户");
		must(copy_end_row(store));
	}
	must(store_copy_end(store, arena, &count));
	assert_int_equal(count, 5000);
	must(store_run(
	    store, arena, sql_of("SELECT name FROM t WHERE id < 2 ORDER BY id"), &rows));
	assert_null(rows_text(rows, 0, 0));
	assert_string_equal(rows_text(rows, 1, 0), "a\tb\nc\\d\r\\N");
	must(store_commit(store, arena));
	assert_int_equal(count_of("SELECT count(*) FROM t"), 5000);
}

static void
copy_that_fails_leaves_nothing(void **state)
{
	size_t count;

	pg_exec(DB, "DELETE FROM t");
	store_begin(store);
	must(store_copy_begin(store, arena, "COPY t (id, name) FROM STDIN"));
	copy_int(store, 1);
	copy_text(store, "bad");
	must(copy_end_row(store));
	assert_int_equal(store_copy_end(store, arena, &count), ERR_INVALID);
	assert_int_equal(store_commit(store, arena), ERR_INVALID);
	store_begin(store);
	must(store_copy_begin(store, arena, "COPY t (id, name) FROM STDIN"));
	copy_int(store, 1);
	store_rollback(store);
	assert_int_equal(count_of("SELECT count(*) FROM t"), 0);
}

static void
notify_wakes_the_listener(void **state)
{
	store_read(store);
	must(store_run(store, arena, sql_of("LISTEN kehu"), NULL));
	assert_false(store_wait_notify(store, 10));
	pg_exec(DB, "NOTIFY kehu");
	assert_true(store_wait_notify(store, 5000));
	assert_false(store_wait_notify(store, 10));
}

static void
large_answers_mark_the_arena_spent(void **state)
{
	struct arena *small = arena_new(100000);

	store_read(store);
	assert_int_equal(
	    store_run(store, small, sql_of("SELECT repeat('x', 1000000)"), NULL), ERR_OK);
	struct rows *rows;
	store_read(store);
	assert_int_equal(store_run(store, small, sql_of("SELECT repeat('x', 1000000)"), &rows),
	    ERR_TOO_LARGE);
	arena_free(small);
}

int
main(void)
{
#define EACH(name) cmocka_unit_test_setup_teardown(name, each_setup, each_teardown)
	const struct CMUnitTest tests[] = {
		EACH(values_come_back_as_they_went),
		EACH(one_flush_is_one_trip_for_many_statements),
		EACH(read_context_is_gone_after_its_flush),
		EACH(first_failure_is_kept_and_nothing_is_stored),
		EACH(errors_have_their_meaning),
		EACH(lock_timeout_says_locked),
		EACH(savepoint_part_fails_alone),
		EACH(named_statements_are_kept_and_pushed_out),
		EACH(named_in_a_failed_pipeline_is_prepared_again),
		EACH(changed_table_drops_kept_plans),
		EACH(lost_idle_connection_is_made_again),
		EACH(loss_before_commit_is_safe_to_run_again),
		EACH(loss_during_commit_is_unknown),
		EACH(deferred_failure_at_commit_is_known),
		EACH(cancel_stops_a_statement),
		EACH(cancel_leaves_a_commit_alone),
		EACH(no_server_is_told_quickly),
		EACH(copy_escapes_and_counts),
		EACH(copy_that_fails_leaves_nothing),
		EACH(notify_wakes_the_listener),
		EACH(large_answers_mark_the_arena_spent),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	pg_start();
	pg_empty_database(DB);
	pg_exec(DB,
	    "CREATE TABLE t (id bigint PRIMARY KEY, name text CHECK (name <> 'bad'));"
	    "CREATE TABLE child (t_id bigint REFERENCES t);"
	    "CREATE TABLE deferred (t_id bigint REFERENCES t DEFERRABLE INITIALLY DEFERRED);"
	    "CREATE TABLE slow (id bigint);"
	    "CREATE FUNCTION slow_check() RETURNS trigger LANGUAGE plpgsql AS "
	    "'BEGIN PERFORM pg_sleep(1); RETURN NULL; END';"
	    "CREATE CONSTRAINT TRIGGER slow_check AFTER INSERT ON slow DEFERRABLE INITIALLY "
	    "DEFERRED "
	    "FOR EACH ROW EXECUTE FUNCTION slow_check()");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
