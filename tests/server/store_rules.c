/*
 * kehu_begin and the outcome table, history and change feed, counters of the caches, and the
 * rule functions: each checks for itself who may.
 */
#include "common/date.h"
#include "tests/lib/company.h"
#include "tests/lib/pg.h"
#include <inttypes.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
// clang-format off
#include <cmocka.h>
// clang-format on

#define DB "rules"

static struct arena *arena;
static struct store *store; /* as kehu_app */
static int64_t customer;    /* Ada's, fresh for each test */

static int
each_setup(void **state)
{
	arena = arena_new(0);
	store = pg_store(DB, "kehu_app");
	customer = pg_int(DB,
	    "INSERT INTO customer (name, name_key, type, stage, owner_id, department_id, "
	    "branch_id) "
	    "VALUES ('客户', 'kehu', 'company', 'potential', 101, 12, 2) RETURNING id");
	return 0;
}

static int
each_teardown(void **state)
{
	store_free(store);
	arena_free(arena);
	pg_exec(DB, "DELETE FROM record_share");
	return 0;
}

/* The text with the customer's id for each "#". */
static const char *
call_of(const char *format)
{
	struct buf out = BUF_INIT;

	for (const char *c = format; *c; c++) {
		if (*c == '#')
			buf_printf(&out, "%" PRId64, customer);
		else
			buf_putc(&out, *c);
	}
	const char *text = arena_strdup(arena, buf_text(&out));
	buf_fini(&out);
	return text;
}

static struct sql *
begin_of(int64_t session, int64_t epoch, int64_t catalog, int64_t user, struct uuid change,
    bool intention)
{
	struct sql *sql = sql_new(arena);

	sql_add(sql, "SELECT kehu_begin(");
	sql_int(sql, session), sql_add(sql, ", ");
	sql_int(sql, epoch), sql_add(sql, ", ");
	sql_int(sql, catalog), sql_add(sql, ", ");
	sql_int(sql, user), sql_add(sql, ", ");
	sql_uuid(sql, change), sql_add(sql, ", ");
	sql_bool(sql, intention);
	sql_add(sql, ", ARRAY['kehu.r10'], ARRAY['" ARMS_ALL "'])");
	sql_named(sql);
	return sql;
}

static enum err
begin_says(int64_t session, int64_t epoch, int64_t catalog, const char *expect)
{
	store_read(store);
	store_queue(
	    store, begin_of(session, epoch, catalog, USER_ADA, uuid_new(), false), NULL);
	enum err err = store_flush(store, arena);
	assert_string_equal(store_state(store), expect);
	return err;
}

static void
begin_refuses_what_is_stale(void **state)
{
	int64_t epoch = pg_int(DB, "SELECT access_epoch FROM state");
	int64_t catalog = pg_int(DB, "SELECT catalog_version FROM state");
	int64_t session = pg_int(
	    DB, "INSERT INTO session (user_id, token_hash) VALUES (101, 'a') RETURNING id");

	assert_int_equal(begin_says(session, epoch, catalog, ""), ERR_OK);
	assert_int_equal(
	    begin_says(session, epoch + 1, catalog, STATE_STALE_ACCESS), ERR_STALE);
	assert_int_equal(
	    begin_says(session, epoch, catalog - 1, STATE_STALE_CATALOG), ERR_STALE);
	assert_int_equal(
	    begin_says(session + 1, epoch, catalog, STATE_SESSION_ENDED), ERR_SESSION_ENDED);
	pg_exec(DB,
	    "UPDATE session SET expires_at = now() - interval '1 second' WHERE id = %" PRId64,
	    session);
	assert_int_equal(
	    begin_says(session, epoch, catalog, STATE_SESSION_ENDED), ERR_SESSION_ENDED);
	pg_exec(DB, "UPDATE session SET expires_at = now() + interval '1 hour', user_id = 102");
	assert_int_equal(
	    begin_says(session, epoch, catalog, STATE_SESSION_ENDED), ERR_SESSION_ENDED);
	pg_exec(DB, "UPDATE session SET user_id = 101, ended_at = now()");
	assert_int_equal(
	    begin_says(session, epoch, catalog, STATE_SESSION_ENDED), ERR_SESSION_ENDED);
	pg_exec(DB, "DELETE FROM session");
}

static void
begin_sets_only_our_settings(void **state)
{
	store_read(store);
	assert_int_equal(company_try(store, arena,
			     "SELECT kehu_begin(0, (SELECT access_epoch FROM state), "
			     "(SELECT catalog_version FROM state), 101, NULL, false, "
			     "ARRAY['role'], ARRAY['kehu_owner'])"),
	    ERR_FORBIDDEN);
}

/* ---- outcomes ------------------------------------------------------------------------- */

struct sender {
	struct uuid id;
	atomic_int done, repeated, other;
	bool fail_first;
	atomic_int started;
	struct store *stores[8]; /* one for each thread */
};

static void *
sender_run(void *arg)
{
	struct sender *sender = arg;
	struct arena *own = arena_new(0);
	int turn = atomic_fetch_add(&sender->started, 1);
	struct store *mine = sender->stores[turn];
	struct sql *begin = sql_new(own), *work = sql_new(own), *outcome = sql_new(own);

	sql_add(begin, "SELECT kehu_begin(0, (SELECT access_epoch FROM state), "
		       "(SELECT catalog_version FROM state), 101, ");
	sql_uuid(begin, sender->id);
	sql_add(begin,
	    ", true, ARRAY['kehu.w10', 'kehu.r10'], ARRAY['" ARMS_ALL "', '" ARMS_ALL "'])");
	sql_add(work, "UPDATE customer SET version = version + 1 WHERE id = ");
	sql_int(work, customer);
	sql_add(outcome, "SELECT kehu_outcome(");
	sql_uuid(outcome, sender->id);
	sql_add(outcome, ", 'hash', 10, 1, 2, 77, 'save', 'save')");
	store_begin(mine);
	store_queue(mine, begin, NULL);
	store_queue(mine, work, NULL);
	if (store_flush(mine, own) == ERR_OK && sender->fail_first && turn == 0) {
		store_rollback(mine);
	} else {
		store_queue(mine, outcome, NULL);
		enum err err = store_commit(mine, own);
		if (err == ERR_OK)
			atomic_fetch_add(&sender->done, 1);
		else if (strcmp(store_state(mine), STATE_REPEATED) == 0)
			atomic_fetch_add(&sender->repeated, 1);
		else
			atomic_fetch_add(&sender->other, 1);
	}
	arena_free(own);
	return NULL;
}

static void
same_intention_sent_at_once_is_done_once(void **state)
{
	for (int round = 0; round < 6; round++) {
		struct sender sender = { .id = uuid_new(), .fail_first = round % 2 };
		int64_t before =
		    pg_int(DB, "SELECT version FROM customer WHERE id = %" PRId64, customer);
		pthread_t threads[8];
		for (int i = 0; i < 8; i++)
			sender.stores[i] = pg_store(DB, "kehu_app");
		for (int i = 0; i < 8; i++)
			pthread_create(&threads[i], NULL, sender_run, &sender);
		for (int i = 0; i < 8; i++)
			pthread_join(threads[i], NULL);
		for (int i = 0; i < 8; i++)
			store_free(sender.stores[i]);
		assert_int_equal(sender.other, 0);
		assert_int_equal(sender.done, 1);
		assert_int_equal(
		    pg_int(DB, "SELECT version FROM customer WHERE id = %" PRId64, customer),
		    before + 1);
		assert_int_equal(
		    pg_int(DB,
			"SELECT count(*) FROM outcome WHERE id = '%s' AND day = current_date",
			uuid_format(arena, sender.id)),
		    1);
		assert_int_equal(
		    pg_int(DB,
			"SELECT count(*) FROM audit WHERE change_id = '%s' AND user_id = 101"
			" AND reference = 77 AND action = 'save'",
			uuid_format(arena, sender.id)),
		    1);
	}
}

static void
outcome_day_is_that_of_the_id(void **state)
{
	struct uuid id = uuid_new();

	assert_int_equal(
	    pg_int(DB, "SELECT outcome_day('%s') - date '1970-01-01'", uuid_format(arena, id)),
	    date_of_us(uuid_time_ms(id) * 1000, 0));
	assert_string_equal(
	    pg_exec(DB, "SELECT outcome_day('017f22e2-79b0-7cc3-98c4-dc0c0c07398f')"),
	    "2022-02-22");
}

static void
numbers_have_no_gaps(void **state)
{
	const char *first, *again;

	company_begin(store, arena, USER_ADA, NULL);
	first = rows_text(company_run(store, arena, "SELECT kehu_number('V2611-')"), 0, 0);
	store_rollback(store);
	company_begin(store, arena, USER_ADA, NULL);
	again = rows_text(company_run(store, arena, "SELECT kehu_number('V2611-')"), 0, 0);
	assert_int_equal(store_commit(store, arena), ERR_OK);
	assert_string_equal(first, again);
}

/* ---- history and the change feed ------------------------------------------------------ */

static void
history_tells_each_change(void **state)
{
	const char *mine = arena_printf(arena, "{%" PRId64 "}", customer);

	company_begin(store, arena, USER_ADA, "kehu.r10", ARMS_ALL, "kehu.w10", ARMS_ALL,
	    "kehu.p10", mine, "kehu.q10", mine, NULL);
	company_run(store, arena,
	    "UPDATE customer SET name = '新', capital = 1250, capital_currency = 'CNY', "
	    "founded_on = '1970-01-11', version = 2 WHERE id = %" PRId64,
	    customer);
	company_run(store, arena,
	    "INSERT INTO customer_phone (customer_id, number) VALUES (%" PRId64 ", '138')",
	    customer);
	company_run(store, arena, "UPDATE customer_phone SET number = '139', version = 2");
	company_run(store, arena,
	    "UPDATE customer SET updated_at = now(), version = 3 WHERE id = %" PRId64,
	    customer);
	company_run(store, arena,
	    "UPDATE customer SET deleted_at = now(), version = 4 WHERE id = %" PRId64,
	    customer);
	company_run(store, arena,
	    "UPDATE customer SET deleted_at = NULL, version = 5 WHERE id = %" PRId64, customer);
	struct rows *rows = company_run(store, arena,
	    "SELECT entity, version, kind, fields, old, new, user_id, change_id FROM history "
	    "WHERE root_id = %" PRId64 " ORDER BY id",
	    customer);
	static const char *const expected[][6] = {
		{ "10", "1", "1", "{}", "{}", "{}" },
		{ "10", "2", "2", "{2,18,19}", "{客户,NULL,NULL}", "{新,\"1250 CNY\",10}" },
		{ "12", "1", "1", "{}", "{}", "{}" },
		{ "12", "2", "2", "{2}", "{138}", "{139}" },
		{ "10", "4", "3", "{}", "{}", "{}" },
		{ "10", "5", "4", "{}", "{}", "{}" },
	};
	assert_int_equal(rows->count, 6);
	for (size_t i = 0; i < 6; i++) {
		for (size_t k = 0; k < 6; k++)
			assert_string_equal(rows_text(rows, i, k), expected[i][k]);
		if (i > 0) {
			assert_int_equal(rows_int(rows, i, 6), USER_ADA);
			assert_string_equal(rows_text(rows, i, 7), rows_text(rows, 1, 7));
		}
	}
	store_rollback(store);
}

static void
password_hashes_stay_out_of_history(void **state)
{
	pg_exec(
	    DB, "UPDATE users SET password_hash = 'secret-hash', phone = '1' WHERE id = 101");
	assert_int_equal(
	    pg_int(DB, "SELECT count(*) FROM history WHERE 'secret-hash' = ANY (new)"), 0);
	assert_string_equal(
	    pg_exec(DB, "SELECT fields FROM history WHERE record_id = 101 AND kind = 2"),
	    "{7}");
	assert_int_equal(
	    pg_int(DB, "SELECT count(*) FROM pg_proc WHERE proname LIKE 'kehu_track%%' "
		       "AND prosrc LIKE '%%password_hash%%'"),
	    0);
}

static const char *
feed_read(struct store *reader, const char *position, int *count, int64_t *last_id)
{
	struct sql *sql = sql_new(arena);
	struct rows *rows;

	sql_add(sql, "SELECT snapshot, id, old_owner, new_owner, version FROM kehu_changes(");
	sql_text(sql, position);
	sql_add(sql, ", 1000::integer)");
	store_read(reader);
	if (store_run(reader, arena, sql, &rows) != ERR_OK)
		fail_msg("%s", store_message(reader));
	assert_true(rows->count >= 1);
	*count = rows_null(rows, 0, 1) ? 0 : (int)rows->count;
	*last_id = rows_int(rows, rows->count - 1, 1);
	return rows_text(rows, 0, 0);
}

static void
feed_misses_nothing_behind_an_open_writer(void **state)
{
	struct store *reader = pg_store(DB, "kehu_app"), *slow = pg_store(DB, "kehu_app");
	int64_t id;
	int count;
	const char *position = feed_read(reader, "", &count, &id);

	assert_int_equal(count, 0);
	company_begin(slow, arena, USER_ADA, "kehu.r10", ARMS_ALL, "kehu.w10", ARMS_ALL, NULL);
	company_run(
	    slow, arena, "UPDATE customer SET version = 2 WHERE id = %" PRId64, customer);
	int64_t quick =
	    pg_int(DB, "INSERT INTO customer (name, name_key, type, stage, owner_id) VALUES "
		       "('q', 'q', 'company', 'potential', 102) RETURNING id");
	/* The quick one is told at once, the slow one when it commits; each once. */
	position = feed_read(reader, position, &count, &id);
	assert_int_equal(count, 1);
	assert_int_equal(id, quick);
	position = feed_read(reader, position, &count, &id);
	assert_int_equal(count, 0);
	assert_int_equal(store_commit(slow, arena), ERR_OK);
	position = feed_read(reader, position, &count, &id);
	assert_int_equal(count, 1);
	assert_int_equal(id, customer);
	feed_read(reader, position, &count, &id);
	assert_int_equal(count, 0);
	pg_exec(DB, "UPDATE change SET at = now() - interval '2 hours'");
	store_read(reader);
	assert_true(
	    rows_int(company_run(reader, arena, "SELECT kehu_change_purge(100000)"), 0, 0) > 1);
	store_free(reader);
	store_free(slow);
}

static void
feed_and_search_rows_follow_the_owner(void **state)
{
	pg_exec(DB,
	    "INSERT INTO customer_search (id, owner_id, department_id, branch_id, tokens) "
	    "VALUES (%" PRId64 ", 101, 12, 2, 'abc')",
	    customer);
	company_begin(store, arena, USER_CAI, NULL);
	company_run(
	    store, arena, "SELECT kehu_customer_transfer(%" PRId64 ", 1, 104, NULL)", customer);
	assert_int_equal(store_commit(store, arena), ERR_OK);
	assert_string_equal(pg_exec(DB,
				"SELECT (owner_id, department_id, branch_id, tokens)::text "
				"FROM customer_search WHERE id = %" PRId64,
				customer),
	    "(104,13,3,'abc')");
	assert_string_equal(
	    pg_exec(DB,
		"SELECT (old_owner, new_owner, old_branch, new_branch, version)::text "
		"FROM change WHERE id = %" PRId64 " ORDER BY seq DESC LIMIT 1",
		customer),
	    "(101,104,2,3,2)");
}

static void
setup_changes_make_the_caches_stale(void **state)
{
	static const struct {
		const char *text;
		bool access, catalog;
	} cases[] = {
		{ "UPDATE users SET label = label WHERE id = 101", true, false },
		{ "UPDATE users SET password_hash = 'x' WHERE id = 101", false, false },
		{ "UPDATE role_grant SET rights = rights", true, true },
		{ "UPDATE dictionary_item SET zh = zh", true, true },
		{ "UPDATE customer SET name = name", false, false },
		{ "UPDATE pool_member SET position = 1", false, false },
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		int64_t epoch = pg_int(DB, "SELECT access_epoch FROM state");
		int64_t catalog = pg_int(DB, "SELECT catalog_version FROM state");
		pg_exec(DB, "%s", cases[i].text);
		assert_int_equal(
		    pg_int(DB, "SELECT access_epoch FROM state") > epoch, cases[i].access);
		assert_int_equal(pg_int(DB, "SELECT catalog_version FROM state") > catalog,
		    cases[i].catalog);
	}
}

/* ---- rules ---------------------------------------------------------------------------- */

static enum err
as_user(int64_t user, const char *text)
{
	company_begin(store, arena, user, NULL);
	if (company_try(store, arena, "%s", text) != ERR_OK) {
		enum err err = store_commit(store, arena);
		return err;
	}
	return store_commit(store, arena);
}

static void
transfer_checks_who_may(void **state)
{
	const char *transfer = call_of("SELECT kehu_customer_transfer(#, 0, 104, NULL)");

	assert_int_equal(as_user(USER_BEN, transfer), ERR_NO_SUCH_RECORD); /* not his */
	assert_int_equal(
	    as_user(USER_EVE, transfer), ERR_FORBIDDEN); /* sees it, may not assign */
	assert_int_equal(as_user(USER_FAY, transfer), ERR_FORBIDDEN); /* disabled */
	assert_int_equal(as_user(999, transfer), ERR_FORBIDDEN);
	assert_int_equal(as_user(USER_CAI, call_of("SELECT kehu_customer_transfer(#, 7, 104, NULL)")),
	    ERR_CONFLICT);
	assert_int_equal(as_user(USER_CAI, call_of("SELECT kehu_customer_transfer(#, 0, 106, NULL)")),
	    ERR_INVALID); /* to a disabled user */
	pg_exec(DB,
	    "INSERT INTO contact (name, name_key, customer_id, owner_id, department_id, "
	    "branch_id) "
	    "VALUES ('c', 'c', %" PRId64 ", 101, 12, 2)",
	    customer);
	assert_int_equal(as_user(USER_CAI, transfer), ERR_OK);
	assert_string_equal(
	    pg_exec(DB,
		"SELECT (c.owner_id, c.branch_id, c.version, k.owner_id, k.branch_id)::text "
		"FROM customer c JOIN contact k ON k.customer_id = c.id WHERE c.id = %" PRId64,
		customer),
	    "(104,3,2,104,3)");
	/* It is out of her reach now. */
	assert_int_equal(as_user(USER_CAI, transfer), ERR_NO_SUCH_RECORD);
}

static void
a_forged_user_setting_opens_nothing_for_a_dead_session(void **state)
{
	int64_t session = pg_int(
	    DB, "INSERT INTO session (user_id, token_hash) VALUES (103, 'b') RETURNING id");

	store_begin(store);
	company_run(store, arena,
	    "SELECT set_config('kehu.user', '105', true), set_config('kehu.session', '%" PRId64
	    "', true)",
	    session);
	assert_int_equal(company_try(store, arena, "%s",
			     call_of("SELECT kehu_customer_transfer(#, 0, 104, NULL)")),
	    ERR_FORBIDDEN);
	store_rollback(store);
	pg_exec(DB, "DELETE FROM session");
}

static void
sharing_is_for_who_may_edit(void **state)
{
	int64_t epoch = pg_int(DB, "SELECT access_epoch FROM state");

	assert_int_equal(
	    as_user(USER_EVE, call_of("SELECT kehu_record_share(10, #, 104, 4, 'x', 'x')")), ERR_FORBIDDEN);
	assert_int_equal(
	    as_user(USER_ADA, call_of("SELECT kehu_record_share(10, #, 104, 4, 'x', 'x')")), ERR_OK);
	assert_int_equal(pg_int(DB, "SELECT access_epoch FROM state"), epoch + 1);
	assert_string_equal(
	    pg_exec(DB, "SELECT co_owners FROM customer WHERE id = %" PRId64, customer),
	    "{104}");
	/* A helper edits, and neither shares on nor gives away. */
	company_begin(store, arena, USER_DAN, "kehu.r10", "104|{}|{}|{}|f|104", "kehu.w10",
	    "104|{}|{}|{}|f|104", NULL);
	assert_int_equal(company_run(store, arena, "%s",
			     call_of("UPDATE customer SET remarks = 'x' WHERE id = #"))
			     ->affected,
	    1);
	store_rollback(store);
	assert_int_equal(as_user(USER_DAN, call_of("SELECT kehu_record_share(10, #, 102, 1, 'x', 'x')")),
	    ERR_FORBIDDEN);
	assert_int_equal(
	    as_user(USER_ADA, call_of("SELECT kehu_record_share(10, #, 104, 0, 'x', 'x')")), ERR_OK);
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM record_share"), 0);
	assert_string_equal(
	    pg_exec(DB, "SELECT coalesce(co_owners, '{}') FROM customer WHERE id = %" PRId64,
		customer),
	    "{}");
}

static void
deleting_takes_along_and_restoring_brings_back(void **state)
{
	const char *live =
	    "SELECT (SELECT count(*) FROM contact WHERE customer_id = %" PRId64
	    " AND deleted_at IS NULL) * 100 + (SELECT count(*) FROM visit WHERE customer_id = "
	    "%" PRId64 " AND deleted_at IS NULL) * 10 + (SELECT count(*) FROM customer_phone "
	    "WHERE customer_id = %" PRId64 " AND deleted_at IS NULL)";

	pg_exec(DB, "%s",
	    call_of(
		"INSERT INTO contact (name, name_key, customer_id) VALUES ('a', 'a', #), ('b', "
		"'b', #);"
		"UPDATE contact SET deleted_at = now(), delete_id = gen_random_uuid() WHERE "
		"name = 'b' AND "
		"customer_id = #;"
		"INSERT INTO visit (customer_id, at, kind, purpose, state, owner_id) VALUES "
		"(#, now(), 'visit', 'p', 'planned', 104);"
		"INSERT INTO customer_phone (customer_id, number) VALUES (#, '1')"));
	assert_int_equal(pg_int(DB, live, customer, customer, customer), 111);
	/* Account managers never delete. */
	assert_int_equal(
	    as_user(USER_ADA, call_of("SELECT kehu_customer_delete(#, 0, gen_random_uuid())")),
	    ERR_FORBIDDEN);
	assert_int_equal(
	    as_user(USER_CAI, call_of("SELECT kehu_customer_delete(#, 1, gen_random_uuid())")),
	    ERR_OK);
	assert_int_equal(pg_int(DB, live, customer, customer, customer), 0);
	assert_int_equal(
	    as_user(USER_CAI, call_of("SELECT kehu_customer_delete(#, 0, gen_random_uuid())")),
	    ERR_NO_SUCH_RECORD);
	assert_int_equal(as_user(USER_CAI, call_of("SELECT kehu_customer_restore(#)")), ERR_OK);
	/* The contact deleted before stays deleted. */
	assert_int_equal(pg_int(DB, live, customer, customer, customer), 111);
	assert_int_equal(
	    pg_int(DB,
		"SELECT version FROM customer WHERE id = %" PRId64 " AND deleted_at IS NULL",
		customer),
	    3);
}

static void
figures_follow_the_visits(void **state)
{
	pg_exec(DB, "%s",
	    call_of("INSERT INTO visit (customer_id, at, kind, purpose, state, owner_id, "
		    "next_on) VALUES"
		    " (#, '2026-03-01 02:00+00', 'visit', 'p', 'completed', 101, '2026-04-01'),"
		    " (#, '2026-03-09 02:00+00', 'visit', 'p', 'completed', 101, '2026-05-01'),"
		    " (#, '2026-03-20 02:00+00', 'visit', 'p', 'cancelled', 101, NULL)"));
	assert_int_equal(as_user(USER_ADA, call_of("SELECT kehu_customer_figures(#)")), ERR_OK);
	const char *look =
	    "SELECT (last_visit_at AT TIME ZONE 'UTC', visit_count, open_visits, "
	    "next_visit_on)::text FROM customer_figures WHERE id = %" PRId64;
	assert_string_equal(
	    pg_exec(DB, look, customer), "(\"2026-03-09 02:00:00\",2,0,2026-05-01)");
	/* 17:00 UTC is the next day in the branch's time zone. */
	pg_exec(DB,
	    "INSERT INTO visit (customer_id, at, kind, purpose, state, owner_id) VALUES"
	    " (%" PRId64 ", '2026-03-24 17:00+00', 'visit', 'p', 'planned', 101)",
	    customer);
	assert_int_equal(as_user(USER_ADA, call_of("SELECT kehu_customer_figures(#)")), ERR_OK);
	assert_string_equal(
	    pg_exec(DB, look, customer), "(\"2026-03-09 02:00:00\",2,1,2026-03-25)");
	/* The record's version is untouched. */
	assert_int_equal(
	    pg_int(DB, "SELECT version FROM customer WHERE id = %" PRId64, customer), 1);
	pg_exec(DB, "SELECT kehu_customer_figures_all()");
	assert_string_equal(
	    pg_exec(DB, look, customer), "(\"2026-03-09 02:00:00\",2,1,2026-03-25)");
}

/* What each new visit adds is what reading all of them again gives. */
static void
figures_added_up_are_figures_read_again(void **state)
{
	static const char *const visits[] = {
		"'2026-03-01 02:00+00', 'visit', 'completed', '2026-04-01'", /* the first */
		"'2026-03-09 02:00+00', 'call', 'completed', '2026-05-01'",  /* the latest now */
		"'2026-02-01 02:00+00', 'visit', 'completed', '2026-06-01'", /* an older one, told late */
		"'2026-03-09 02:00+00', 'visit', 'completed', '2026-07-01'", /* at the same moment */
		"'2026-03-12 02:00+00', 'task', 'completed', '2026-08-01'",  /* nobody was met */
		"'2026-03-11 02:00+00', 'visit', 'completed', NULL",	     /* nothing agreed */
		"'2026-03-30 17:00+00', 'visit', 'planned', NULL",
		"'2026-03-14 02:00+00', 'visit', 'completed', '2026-09-01'", /* one is planned already */
		"'2026-03-28 02:00+00', 'visit', 'started', NULL",
		"'2026-03-29 02:00+00', 'visit', 'cancelled', '2026-09-09'",
	};
	const char *look = "SELECT (last_visit_at, visit_count, open_visits, next_visit_on)::text || "
			   "(SELECT (d.next_on, d.met_at)::text FROM customer_due d WHERE d.id = f.id) "
			   "FROM customer_figures f WHERE id = %" PRId64;

	for (size_t i = 0; i < sizeof(visits) / sizeof(visits[0]); i++) {
		const char *added;

		pg_exec(DB,
		    "INSERT INTO visit (customer_id, purpose, owner_id, at, kind, state, next_on) VALUES "
		    "(%" PRId64 ", 'p', 101, %s)",
		    customer, visits[i]);
		added = arena_strdup(arena, pg_exec(DB, look, customer));
		pg_exec(DB, "SELECT kehu_customer_figures(%" PRId64 ")", customer);
		assert_string_equal(pg_exec(DB, look, customer), added);
	}
	assert_int_equal(
	    pg_int(DB, "SELECT visit_count * 10 + open_visits FROM customer_figures WHERE id = %" PRId64, customer), 62);
}

static void
duplicates_name_only_what_the_caller_sees(void **state)
{
	pg_exec(DB, "%s",
	    call_of("UPDATE customer SET tax_number_alike = 't#', phone_digits = '13800000001' "
		    "WHERE id = #"));
	const char *probe = arena_printf(arena,
	    "SELECT id, same, matched, place FROM kehu_customer_alike(0, false, false, '', NULL, "
	    "'{13800000001}', 't%" PRId64 "', false)",
	    customer);
	company_read(store, arena, USER_ADA, NULL);
	struct rows *rows = company_run(store, arena, "%s", probe);
	assert_int_equal(rows->count, 1);
	assert_int_equal(rows_int(rows, 0, 0), customer);
	assert_true(rows_bool(rows, 0, 1));
	assert_string_equal(rows_text(rows, 0, 2), "phone tax_number");
	company_read(store, arena, USER_DAN, NULL);
	rows = company_run(store, arena, "%s", probe);
	assert_int_equal(rows->count, 1);
	assert_true(rows_null(rows, 0, 0));
	assert_string_equal(rows_text(rows, 0, 3), "colleague");
	company_read(store, arena, USER_ADA, NULL);
	assert_int_equal(company_run(store, arena,
			     "SELECT id FROM kehu_customer_alike(0, false, false, '', '', '{}', '', true)")
			     ->count,
	    0);
}

int
main(void)
{
#define EACH(name) cmocka_unit_test_setup_teardown(name, each_setup, each_teardown)
	const struct CMUnitTest tests[] = {
		EACH(begin_refuses_what_is_stale),
		EACH(begin_sets_only_our_settings),
		EACH(same_intention_sent_at_once_is_done_once),
		EACH(outcome_day_is_that_of_the_id),
		EACH(numbers_have_no_gaps),
		EACH(history_tells_each_change),
		EACH(password_hashes_stay_out_of_history),
		EACH(feed_misses_nothing_behind_an_open_writer),
		EACH(feed_and_search_rows_follow_the_owner),
		EACH(setup_changes_make_the_caches_stale),
		EACH(transfer_checks_who_may),
		EACH(a_forged_user_setting_opens_nothing_for_a_dead_session),
		EACH(sharing_is_for_who_may_edit),
		EACH(deleting_takes_along_and_restoring_brings_back),
		EACH(figures_follow_the_visits),
		EACH(figures_added_up_are_figures_read_again),
		EACH(duplicates_name_only_what_the_caller_sees),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	pg_database(DB);
	company_make(DB);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
