/* Row policies: each arm reaches exactly its rows, everything else fails closed. */
#include "server/access/access.h"
#include "tests/lib/company.h"
#include "tests/lib/pg.h"
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
// clang-format off
#include <cmocka.h>
// clang-format on

#define DB "policies"

enum { CUSTOMERS = 600, READERS = 150, FIRST = 5000 };

static struct arena *arena;
static struct store *store; /* as kehu_app */
static unsigned int seed = 20261122;

static int64_t
random_of(int64_t count)
{
	return (int64_t)(rand_r(&seed) % (unsigned int)count);
}

struct row_access {
	int64_t owner, department, branch, pool; /* 0: null */
	bool shared_to_ben, editable_by_ben;
};
static struct row_access rows_made[CUSTOMERS];

static void
make_customers(void)
{
	struct buf text = BUF_INIT;

	for (int i = 0; i < CUSTOMERS; i++) {
		struct row_access *row = &rows_made[i];
		*row = (struct row_access){ .owner = 101 + random_of(5),
			.department = 11 + random_of(4),
			.branch = 1 + random_of(3),
			.pool = random_of(4) == 0 ? POOL_WEST : 0,
			.shared_to_ben = random_of(5) == 0 };
		if (row->pool)
			row->owner = 0;
		row->editable_by_ben = row->shared_to_ben && random_of(2) == 0;
		buf_printf(&text,
		    "INSERT INTO customer (id, name, name_key, type, stage, owner_id, "
		    "department_id, "
		    "branch_id, pool_id) VALUES (%d, 'c%d', 'c%06d', 'company', 'potential', "
		    "nullif(%" PRId64 ", 0), %" PRId64 ", %" PRId64 ", nullif(%" PRId64
		    ", 0));",
		    FIRST + i, i, i, row->owner, row->department, row->branch, row->pool);
		if (row->shared_to_ben)
			buf_printf(&text,
			    "INSERT INTO record_share (user_id, entity, record_id, rights) "
			    "VALUES (102, 10, %d, %d);",
			    FIRST + i, row->editable_by_ben ? 5 : 1);
	}
	pg_exec(DB, "%s", buf_text(&text));
	buf_fini(&text);
}

static size_t
random_ids(int64_t *ids, int64_t first, int64_t count)
{
	size_t taken = 0;

	for (int64_t i = 0; i < count; i++) {
		if (random_of(3) == 0)
			ids[taken++] = first + i;
	}
	return taken;
}

static bool
oracle(const struct arms *arms, const struct row_access *row, bool write)
{
	return arms_reach(arms, row->owner, row->department, row->branch, row->pool) ||
	       (arms->company != 0 && arms->company == FIRST + (row - rows_made)) ||
	       (arms->shared_with == USER_BEN &&
		   (write ? row->editable_by_ben : row->shared_to_ben));
}

static void
random_arms(struct arms *arms, int64_t departments[8], int64_t branches[8], int64_t pools[8],
    int64_t team[8])
{
	*arms =
	    (struct arms){ .departments = departments, .branches = branches, .pools = pools };
	arms->all = random_of(12) == 0;
	arms->own = random_of(2) ? 101 + random_of(5) : 0;
	if (random_of(2))
		arms->department_count = random_ids(departments, 11, 4);
	if (random_of(3) == 0)
		arms->branch_count = random_ids(branches, 1, 3);
	if (random_of(2) && random_of(2))
		arms->pools = pools, pools[0] = POOL_WEST, arms->pool_count = 1;
	arms->shared_with = random_of(2) ? USER_BEN : 0;
	arms->team = team;
	arms->team_count = random_of(3) == 0 ? random_ids(team, 101, 5) : 0;
	arms->company = random_of(4) == 0 ? FIRST + random_of(CUSTOMERS) : 0;
}

static void
readers_see_exactly_their_arms(void **state)
{
	int64_t departments[8], branches[8], pools[8], team[8];
	size_t seen_some = 0;
	struct arms arms;

	for (int reader = 0; reader < READERS; reader++) {
		random_arms(&arms, departments, branches, pools, team);
		company_read(
		    store, arena, USER_BEN, "kehu.r10", arms_setting(arena, &arms), NULL);
		struct rows *rows =
		    company_run(store, arena, "SELECT id FROM customer ORDER BY id");
		size_t at = 0;
		for (int i = 0; i < CUSTOMERS; i++) {
			bool seen = at < rows->count && rows_int(rows, at, 0) == FIRST + i;
			if (seen != oracle(&arms, &rows_made[i], false))
				fail_msg("reader %s, customer %d: seen %d",
				    arms_setting(arena, &arms), i, seen);
			at += seen;
		}
		assert_int_equal(at, rows->count);
		seen_some += rows->count > 0 && rows->count < CUSTOMERS;
	}
	assert_true(seen_some > READERS / 2);
}

static void
writers_change_exactly_their_arms(void **state)
{
	int64_t departments[8], branches[8], pools[8], team[8];
	struct arms arms;

	for (int writer = 0; writer < READERS / 3; writer++) {
		random_arms(&arms, departments, branches, pools, team);
		company_begin(store, arena, USER_BEN, "kehu.r10", ARMS_ALL, "kehu.w10",
		    arms_setting(arena, &arms), NULL);
		struct rows *rows = company_run(store, arena,
		    "WITH done AS (UPDATE customer SET remarks = 'x' RETURNING id) "
		    "SELECT id FROM done ORDER BY id");
		size_t at = 0;
		for (int i = 0; i < CUSTOMERS; i++) {
			bool done = at < rows->count && rows_int(rows, at, 0) == FIRST + i;
			if (done != oracle(&arms, &rows_made[i], true))
				fail_msg("writer %s, customer %d: changed %d",
				    arms_setting(arena, &arms), i, done);
			at += done;
		}
		store_rollback(store);
	}
}

static void
refused_update_changes_no_row_and_refused_insert_fails(void **state)
{
	company_begin(
	    store, arena, USER_ADA, "kehu.r10", ARMS_ALL, "kehu.w10", "101|{}|{}|{}|f|0", NULL);
	struct rows *rows = company_run(store, arena,
	    "UPDATE customer SET remarks = 'x' WHERE id IN (SELECT id FROM customer WHERE "
	    "owner_id = 104)");
	assert_int_equal(rows->affected, 0);
	assert_int_equal(
	    company_try(store, arena,
		"INSERT INTO customer (name, name_key, type, stage, owner_id) VALUES "
		"('n', 'n', 'company', 'potential', 104)"),
	    ERR_FORBIDDEN);
	assert_string_equal(store_state(store), "42501");
	store_rollback(store);
	/* Giving one's own away is refused, too: that is kehu_customer_transfer's job. */
	company_begin(
	    store, arena, USER_ADA, "kehu.r10", ARMS_ALL, "kehu.w10", "101|{}|{}|{}|f|0", NULL);
	assert_int_equal(company_try(store, arena,
			     "UPDATE customer SET owner_id = 104 WHERE owner_id = 101"),
	    ERR_FORBIDDEN);
	store_rollback(store);
}

static void
forgotten_context_fails(void **state)
{
	struct store *fresh = pg_store(DB, "kehu_app");

	/* Never set on this connection. */
	store_read(fresh);
	assert_int_not_equal(
	    company_try(fresh, arena, "SELECT count(*) FROM customer"), ERR_OK);
	assert_string_equal(store_state(fresh), "42704");
	/* Set by the transaction before. */
	company_read(fresh, arena, USER_ADA, "kehu.r10", ARMS_ALL, NULL);
	assert_int_equal(
	    rows_int(company_run(fresh, arena, "SELECT count(*) FROM customer"), 0, 0),
	    CUSTOMERS);
	store_read(fresh);
	assert_int_not_equal(
	    company_try(fresh, arena, "SELECT count(*) FROM customer"), ERR_OK);
	/* Reading rights give no writing. */
	company_begin(fresh, arena, USER_ADA, "kehu.r10", ARMS_ALL, NULL);
	assert_int_not_equal(
	    company_try(fresh, arena, "UPDATE customer SET remarks = 'x'"), ERR_OK);
	store_rollback(fresh);
	store_free(fresh);
}

static void
lines_are_reached_through_their_parent_only(void **state)
{
	pg_exec(DB,
	    "INSERT INTO customer_phone (customer_id, number) VALUES (%d, '111'), (%d, '222')",
	    FIRST, FIRST + 1);
	company_begin(store, arena, USER_ADA, "kehu.r10", ARMS_ALL, NULL);
	assert_int_equal(
	    rows_int(company_run(store, arena, "SELECT count(*) FROM customer_phone"), 0, 0),
	    0);
	company_run(store, arena, "SELECT set_config('kehu.p10', '{%d}', true)", FIRST);
	struct rows *rows = company_run(store, arena, "SELECT number FROM customer_phone");
	assert_int_equal(rows->count, 1);
	assert_string_equal(rows_text(rows, 0, 0), "111");
	/* Open for reading is not open for writing. */
	assert_int_equal(
	    company_run(store, arena, "UPDATE customer_phone SET note = 'x'")->affected, 0);
	company_run(store, arena, "SELECT set_config('kehu.q10', '{%d}', true)", FIRST);
	assert_int_equal(
	    company_run(store, arena, "UPDATE customer_phone SET note = 'x'")->affected, 1);
	assert_int_equal(
	    company_try(store, arena,
		"INSERT INTO customer_phone (customer_id, number) VALUES (%d, '3')", FIRST + 1),
	    ERR_FORBIDDEN);
	store_rollback(store);
	/* What the transaction before opened is closed. */
	company_read(store, arena, USER_ADA, "kehu.r10", ARMS_ALL, NULL);
	assert_int_equal(
	    rows_int(company_run(store, arena, "SELECT count(*) FROM customer_phone"), 0, 0),
	    0);
}

static void
activities_are_read_through_an_opened_parent(void **state)
{
	pg_exec(DB,
	    "INSERT INTO visit (id, customer_id, at, kind, purpose, state, owner_id) VALUES"
	    " (8001, %d, now(), 'visit', 'p', 'planned', 104), (8002, %d, now(), 'visit', 'p', "
	    "'planned', 104);"
	    "INSERT INTO contact (id, name, name_key, customer_id, owner_id) VALUES"
	    " (8101, 'a', 'a', %d, 104), (8102, 'b', 'b', %d, 104);"
	    "INSERT INTO contact_customer (contact_id, customer_id) VALUES (8102, %d);"
	    "INSERT INTO customer_relation (id, customer_id, kind, other_id, owner_id) VALUES"
	    " (8201, %d, 'partner', %d, 104)",
	    FIRST, FIRST + 1, FIRST, FIRST + 1, FIRST, FIRST + 1, FIRST);
	company_begin(store, arena, USER_ADA, "kehu.r10", ARMS_ALL, "kehu.r18", ARMS_NONE,
	    "kehu.r14", ARMS_NONE, "kehu.r17", ARMS_NONE, "kehu.w18", ARMS_NONE, NULL);
	const char *const each =
	    "SELECT (SELECT count(*) FROM visit), (SELECT count(*) FROM contact), "
	    "(SELECT count(*) FROM customer_relation)";
	struct rows *rows = company_run(store, arena, "%s", each);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(rows_int(rows, 0, i), 0);
	company_run(store, arena, "SELECT set_config('kehu.p10', '{%d}', true)", FIRST);
	rows = company_run(store, arena, "%s", each);
	assert_int_equal(rows_int(rows, 0, 0), 1); /* its visit */
	assert_int_equal(rows_int(rows, 0, 1), 2); /* its contact, and the one linked to it */
	assert_int_equal(rows_int(rows, 0, 2), 1); /* the relation seen from the other side */
	assert_int_equal(
	    company_run(store, arena, "UPDATE visit SET purpose = 'x'")->affected, 0);
	store_rollback(store);
}

static void
contacts_of_a_customer_open_for_writing_may_be_added(void **state)
{
	const char *const add = "INSERT INTO contact (name, name_key, customer_id, owner_id) "
				"VALUES ('n', 'n', %d, 104)";

	company_begin(store, arena, USER_ADA, "kehu.r14", ARMS_NONE, "kehu.w14",
	    "101|{}|{}|{}|f|0", NULL);
	assert_int_equal(company_try(store, arena, add, FIRST), ERR_FORBIDDEN);
	store_rollback(store);
	company_begin(store, arena, USER_ADA, "kehu.r14", ARMS_NONE, "kehu.w14",
	    "101|{}|{}|{}|f|0", "kehu.q10", arena_printf(arena, "{%d}", FIRST), NULL);
	assert_int_equal(company_run(store, arena, add, FIRST)->affected, 1);
	store_rollback(store);
}

static void
files_and_history_follow_their_record(void **state)
{
	pg_exec(DB,
	    "INSERT INTO attachment (id, name, anchor_entity, anchor_id) VALUES (8301, "
	    "'a.pdf', 10, %d);"
	    "INSERT INTO attachment_chunk VALUES (8301, 0, 'bytes');"
	    "UPDATE customer SET remarks = 'first' WHERE id = %d",
	    FIRST, FIRST);
	company_begin(store, arena, USER_ADA, NULL);
	const char *const each = "SELECT (SELECT count(*) FROM attachment), "
				 "(SELECT count(*) FROM attachment_chunk), "
				 "(SELECT count(*) FROM history WHERE fields = '{30}')";
	struct rows *rows = company_run(store, arena, "%s", each);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(rows_int(rows, 0, i), 0);
	company_run(store, arena, "SELECT set_config('kehu.p10', '{%d}', true)", FIRST);
	rows = company_run(store, arena, "%s", each);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(rows_int(rows, 0, i), 1);
	assert_int_equal(
	    company_try(store, arena,
		"INSERT INTO attachment (name, anchor_entity, anchor_id) VALUES ('b', 10, %d)",
		FIRST),
	    ERR_FORBIDDEN);
	store_rollback(store);
}

static void
setup_entities_need_their_flag(void **state)
{
	company_begin(store, arena, USER_ADA, "kehu.r3", ARMS_ALL, "kehu.r4", ARMS_NONE,
	    "kehu.w3", ARMS_NONE, NULL);
	assert_int_equal(
	    rows_int(company_run(store, arena, "SELECT count(*) FROM users"), 0, 0), 7);
	assert_int_equal(
	    rows_int(company_run(store, arena, "SELECT count(*) FROM role"), 0, 0), 0);
	assert_int_equal(
	    rows_int(company_run(store, arena, "SELECT count(*) FROM role_grant"), 0, 0), 0);
	assert_int_equal(
	    company_run(store, arena, "UPDATE users SET label = 'x'")->affected, 0);
	store_rollback(store);
}

static void
run_time_role_may_not(void **state)
{
	static const char *const refused[] = {
		"DELETE FROM customer",
		"TRUNCATE history",
		"UPDATE history SET user_id = 0",
		"DELETE FROM history",
		"UPDATE audit SET user_id = 0",
		"DELETE FROM audit",
		"DELETE FROM outcome",
		"UPDATE state SET access_epoch = 0",
		"INSERT INTO record_share VALUES (101, 10, 5000)",
		"UPDATE customer_figures SET visit_count = 9",
		"SELECT store_key FROM user_secret",
		"SELECT kehu_may(101, 'customer', 1, 1, 1, 1, 1)",
		"SELECT kehu_customer_mark(5000, NULL, NULL)",
		"SELECT kehu_customer_take(5000, 0, 1, false)",
		"SET ROLE kehu_rule",
		"SET ROLE kehu_owner",
		"CREATE TABLE mine (a int)",
		"ALTER TABLE customer DISABLE ROW LEVEL SECURITY",
		"CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
	};
	/* As a server that signs in as kehu_app itself, not through SET ROLE. */
	struct store *app = store_new(&(struct store_options){
	    .conninfo = arena_printf(arena, "%s user=kehu_app", pg_conninfo(DB)) });

	for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
		company_begin(
		    app, arena, USER_ADA, "kehu.r10", ARMS_ALL, "kehu.w10", ARMS_ALL, NULL);
		if (company_try(app, arena, "%s", refused[i]) != ERR_FORBIDDEN)
			fail_msg("%s: %s", refused[i], store_state(app));
		store_rollback(app);
	}
	store_free(app);
	assert_int_equal(
	    pg_int(DB, "SELECT pg_has_role('kehu_app', 'kehu_rule', 'MEMBER')::int"), 0);
}

static void
reports_see_policies_but_no_secrets(void **state)
{
	company_begin(
	    store, arena, USER_ADA, "kehu.r10", "101|{}|{}|{}|f|0", "kehu.r3", ARMS_ALL, NULL);
	company_run(store, arena, "SET LOCAL ROLE kehu_report");
	struct rows *rows = company_run(store, arena,
	    "SELECT count(*), count(*) FILTER (WHERE owner_id = 101) FROM customer");
	assert_true(rows_int(rows, 0, 0) > 0);
	assert_int_equal(rows_int(rows, 0, 0), rows_int(rows, 0, 1));
	company_run(store, arena, "SELECT label FROM users");
	static const char *const refused[] = { "SELECT password_hash FROM users",
		"SELECT set_config('kehu.r10', '" ARMS_ALL "', true)",
		"SELECT pg_notify('a', 'b')", "SELECT query_to_xml('SELECT 1', true, true, '')",
		"SELECT lo_creat(-1)", "UPDATE customer SET remarks = 'x'",
		"SELECT * FROM session", "SELECT pg_read_file('/etc/passwd')" };
	for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
		assert_int_equal(store_savepoint(store, arena), ERR_OK);
		if (company_try(store, arena, "%s", refused[i]) != ERR_FORBIDDEN)
			fail_msg("%s: %s", refused[i], store_state(store));
		assert_int_equal(store_rollback_to(store, arena), ERR_OK);
	}
	store_rollback(store);
}

static int
each_setup(void **state)
{
	arena = arena_new(0);
	store = pg_store(DB, "kehu_app");
	return 0;
}

static int
each_teardown(void **state)
{
	store_free(store);
	arena_free(arena);
	return 0;
}

int
main(void)
{
#define EACH(name) cmocka_unit_test_setup_teardown(name, each_setup, each_teardown)
	const struct CMUnitTest tests[] = {
		EACH(readers_see_exactly_their_arms),
		EACH(writers_change_exactly_their_arms),
		EACH(refused_update_changes_no_row_and_refused_insert_fails),
		EACH(forgotten_context_fails),
		EACH(lines_are_reached_through_their_parent_only),
		EACH(activities_are_read_through_an_opened_parent),
		EACH(contacts_of_a_customer_open_for_writing_may_be_added),
		EACH(files_and_history_follow_their_record),
		EACH(setup_entities_need_their_flag),
		EACH(run_time_role_may_not),
		EACH(reports_see_policies_but_no_secrets),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	pg_database(DB);
	company_make(DB);
	make_customers();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
