/*
 * What lists cost under row policies: with 100,000 customers and 200,000 visits, each page the
 * server asks for walks an index made for it. Plans are read as text: a sequential scan or a
 * sort in a page, or another index than the arm's, is a failure.
 */
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

#define DB      "plans"
#define LIVE    " AND deleted_at IS NULL "
#define BY_NAME LIVE "ORDER BY name_key, id LIMIT 51"

static struct arena *arena;
static struct store *store;

static const char *
plan_of(const char *text)
{
	struct rows *rows =
	    company_run(store, arena, "EXPLAIN (ANALYZE, TIMING OFF, SUMMARY OFF) %s", text);
	struct buf plan = BUF_INIT;

	for (size_t i = 0; i < rows->count; i++)
		buf_printf(&plan, "%s\n", rows_text(rows, i, 0));
	const char *copy = arena_strdup(arena, buf_text(&plan));
	buf_fini(&plan);
	return copy;
}

/* The empty partitions of coming months are read whole, which costs nothing. */
static bool
scans_a_table(const char *plan)
{
	static const char scan[] = "Seq Scan on ";

	while ((plan = strstr(plan, scan))) {
		plan += strlen(scan);
		if (strncmp(plan, "history_", strlen("history_")) != 0)
			return true;
	}
	return false;
}

static void
check_plan(const char *text, const char *index, bool sorted)
{
	const char *plan = plan_of(text);

	if (!strstr(plan, index) || scans_a_table(plan) ||
	    (!sorted && strstr(plan, "Sort Key"))) {
		fprintf(stderr, "%s\n", plan);
		fail_msg("%s wants %s", text, index);
	}
}

/* As a reader who has every kind of arm. */
#define WIDE "101|{11,12,13,14,15,16,17,18}|{2,3}|{21}|f|102"

static void
begin_reader(const char *arms)
{
	company_begin(store, arena, USER_ADA, "kehu.r10", arms, "kehu.r14", arms, "kehu.r17",
	    arms, "kehu.r18", arms, "kehu.w10", arms, NULL);
}

static void
each_arm_pages_by_its_index(void **state)
{
	begin_reader(WIDE);
	check_plan("SELECT id FROM customer WHERE owner_id = 101" BY_NAME,
	    "using customer_owner", false);
	check_plan("SELECT id FROM customer WHERE department_id = 12" BY_NAME,
	    "using customer_department", false);
	check_plan("SELECT id FROM customer WHERE branch_id = 2" BY_NAME,
	    "using customer_branch", false);
	check_plan(
	    "SELECT id FROM customer WHERE pool_id = 21" BY_NAME, "using customer_pool", false);
	check_plan("SELECT id FROM contact WHERE branch_id = 2" BY_NAME, "using contact_branch",
	    false);
	check_plan("SELECT id FROM contact WHERE owner_id = 101" BY_NAME, "using contact_owner",
	    false);
	check_plan("SELECT id FROM visit WHERE owner_id = 101" LIVE
		   "ORDER BY at DESC, id DESC LIMIT 51",
	    "using visit_owner", false);
	check_plan("SELECT id FROM visit WHERE department_id = 12" LIVE
		   "ORDER BY at DESC, id DESC LIMIT 51",
	    "using visit_department", false);
	check_plan("SELECT id FROM visit WHERE branch_id = 2" LIVE
		   "ORDER BY at DESC, id DESC LIMIT 51",
	    "using visit_branch", false);
	store_rollback(store);
	begin_reader(ARMS_ALL);
	check_plan(
	    "SELECT id FROM customer WHERE true" BY_NAME, "using customer_name_key", false);
	check_plan(
	    "SELECT id FROM contact WHERE true" BY_NAME, "using contact_name_key", false);
	check_plan("SELECT id FROM visit WHERE true" LIVE "ORDER BY at DESC, id DESC LIMIT 51",
	    "using visit_at", false);
	store_rollback(store);
}

static void
a_cursor_stays_an_index_condition(void **state)
{
	begin_reader(WIDE);
	const char *plan =
	    plan_of("SELECT id FROM customer WHERE branch_id = 2 AND deleted_at IS NULL "
		    "AND (name_key, id) > ('c050000', 0) ORDER BY name_key, id LIMIT 51");
	const char *condition = strstr(plan, "Index Cond");
	assert_non_null(condition);
	if (!strstr(condition, "ROW(name_key, id)"))
		fail_msg("%s", plan);
	store_rollback(store);
}

static void
filters_that_matter_have_their_index(void **state)
{
	begin_reader("101|{}|{2}|{}|f|0");
	check_plan("SELECT id FROM customer WHERE branch_id = 2 AND level = 'A'" BY_NAME,
	    "using customer_branch_level", false);
	check_plan("SELECT id FROM customer WHERE branch_id = 2 AND stage = 'lost'" BY_NAME,
	    "using customer_branch_stage", false);
	check_plan("SELECT id FROM customer WHERE branch_id = 2 AND region_id = 2000" BY_NAME,
	    "customer_branch_region", true);
	store_rollback(store);
	begin_reader(ARMS_ALL);
	check_plan(
	    "SELECT id FROM customer WHERE region_id = 2000" BY_NAME, "customer_region", true);
	store_rollback(store);
}

static void
departments_page_by_lateral(void **state)
{
	begin_reader(WIDE);
	check_plan(
	    "SELECT a.* FROM unnest('{11,12,13,14,15,16,17,18}'::bigint[]) d (x), LATERAL "
	    "(SELECT id, name_key FROM customer t WHERE t.department_id = d.x" BY_NAME
	    ") a ORDER BY a.name_key, a.id LIMIT 51",
	    "using customer_department", true);
	check_plan(
	    "SELECT t.id FROM (SELECT record_id FROM record_share WHERE user_id = 102 AND "
	    "entity = 10 "
	    "OFFSET 0) s JOIN customer t ON t.id = s.record_id WHERE t.deleted_at IS NULL "
	    "ORDER BY t.name_key, t.id LIMIT 51",
	    "using customer_pkey", true);
	store_rollback(store);
}

static void
one_record_and_what_hangs_on_it_come_by_key(void **state)
{
	company_begin(store, arena, USER_ADA, "kehu.r10", WIDE, "kehu.r14", ARMS_NONE,
	    "kehu.r17", ARMS_NONE, "kehu.r18", ARMS_NONE, "kehu.w10", WIDE, "kehu.p10",
	    "{100777}", "kehu.q10", "{100777}", NULL);
	check_plan("SELECT * FROM customer WHERE id = 100777 FOR UPDATE", "using customer_pkey",
	    false);
	check_plan("UPDATE customer SET remarks = 'x' WHERE id = 100777 AND version = 1",
	    "using customer_pkey", false);
	check_plan(
	    "SELECT * FROM customer_phone WHERE customer_id = 100777 ORDER BY position, id",
	    "customer_phone_parent", true);
	check_plan("SELECT * FROM visit WHERE customer_id = 100777" LIVE
		   "ORDER BY at DESC, id DESC LIMIT 51",
	    "using visit_customer", false);
	check_plan("SELECT * FROM contact WHERE customer_id = 100777" BY_NAME,
	    "using contact_customer_key", false);
	check_plan(
	    "SELECT * FROM history WHERE root_id = 100777 ORDER BY at DESC, id DESC LIMIT 51",
	    "root_id_at_id_idx", true);
	store_rollback(store);
}

static void
search_candidates_come_from_the_token_index(void **state)
{
	begin_reader("101|{}|{2}|{}|f|0");
	const char *const page = "SELECT s.id, s.doc FROM customer_search s WHERE s.tokens @@ "
				 "'''%s'''::tsquery AND %s LIMIT 201";
	check_plan("SELECT s.id, s.doc FROM (SELECT * FROM customer_search s WHERE s.tokens @@ "
		   "'''t777'''::tsquery OFFSET 0) s WHERE s.branch_id = ANY('{2}'::bigint[]) "
		   "LIMIT 201",
	    "customer_search_tokens", true);
	check_plan("SELECT s.id, s.doc FROM customer_search s WHERE search_branch_grams(s.branch_id, s.tokens) "
		   "@@ '''2nh777'''::tsquery AND (s.id >> 18) = 3 AND s.id + 0 > 7 ORDER BY id OFFSET 0",
	    "customer_search_grams", true);
	/* A common token: the arms are met in an index, not by reading every hit. */
	check_plan(arena_printf(arena, page, "all", "s.owner_id = 101::bigint"),
	    "customer_search_owner", true);
	check_plan(
	    arena_printf(arena, page, "all",
		"(s.owner_id = 101::bigint OR s.department_id = ANY('{12}'::bigint[]) OR "
		"s.id = ANY(ARRAY(SELECT record_id FROM record_share WHERE user_id = 102 AND "
		"entity = 10)))"),
	    "BitmapOr", true);
	store_rollback(store);
}

static void
duplicate_probe_uses_its_indexes(void **state)
{
	begin_reader(ARMS_ALL);
	company_run(store, arena, "SET LOCAL ROLE kehu_owner");
	check_plan(
	    "SELECT id FROM customer WHERE phone_digits = '13800000777' AND phone_digits <> ''",
	    "customer_phone_digits", true);
	check_plan("SELECT id FROM customer WHERE tax_number_alike = 't777' AND tax_number_alike <> '' "
		   "AND deleted_at IS NULL",
	    "customer_tax_number_alike", true);
	check_plan("SELECT id FROM customer WHERE name_alike = 'n777' AND name_alike <> '' "
		   "AND deleted_at IS NULL",
	    "customer_name_alike", true);
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

static void
fill(void)
{
	pg_database(DB);
	company_make(DB);
	pg_exec(DB,
	    "SET session_replication_role = replica;"
	    "INSERT INTO department (id, name, name_key, branch_id)"
	    " SELECT i, 'd' || i, 'd' || i, 3 FROM generate_series(15, 60) i;"
	    "INSERT INTO customer (id, name, name_key, type, stage, level, region_id, owner_id,"
	    "  department_id, branch_id, pool_id, phone_digits, tax_number)"
	    " SELECT 100000 + i, 'c' || i, 'c' || lpad(((i * 7919) %% 100000)::text, 6, '0'), "
	    "'company',"
	    "  CASE WHEN i %% 50 = 0 THEN 'lost' ELSE 'potential' END,"
	    "  CASE WHEN i %% 20 = 0 THEN 'A' ELSE 'C' END, 1900 + i %% 600,"
	    "  CASE WHEN i %% 20 <> 7 THEN 101 + i %% 200 END, 11 + i %% 48, 1 + i %% 3,"
	    "  CASE WHEN i %% 20 = 7 THEN 21 END, '138' || lpad(i::text, 8, '0'), 'T' || i"
	    " FROM generate_series(0, 99999) i;"
	    "INSERT INTO customer_search SELECT id, owner_id, department_id, branch_id, "
	    "pool_id,"
	    "  array_to_tsvector(ARRAY['t' || id %% 1000, 'all']) FROM customer;"
	    "INSERT INTO customer_phone (customer_id, number) SELECT id, '1' FROM customer;"
	    "INSERT INTO contact (id, name, name_key, customer_id, owner_id, department_id, "
	    "branch_id)"
	    " SELECT 300000 + i, 'k' || i, 'k' || i, 100000 + i, 101 + i %% 200, 11 + i %% 48, "
	    "1 + i %% 3"
	    " FROM generate_series(0, 99999) i;"
	    "INSERT INTO visit (customer_id, at, kind, purpose, state, owner_id, "
	    "department_id, branch_id)"
	    " SELECT 100000 + i %% 100000, now() - make_interval(mins => i), 'visit', 'p', "
	    "'completed',"
	    "  101 + i %% 200, 11 + i %% 48, 1 + i %% 3 FROM generate_series(1, 200000) i;"
	    "INSERT INTO contact_customer (contact_id, customer_id)"
	    " SELECT 300000 + i * 5, 100000 + (i * 31) %% 100000 FROM generate_series(0, "
	    "19999) i;"
	    "INSERT INTO visit_contact (visit_id, contact_id)"
	    " SELECT id, 300000 + id %% 100000 FROM visit WHERE id %% 4 = 0;"
	    "INSERT INTO record_share SELECT 102 + u, 10, 100000 + i * 50 + u, 1, now()"
	    " FROM generate_series(1, 1000) i, generate_series(0, 29) u;"
	    "INSERT INTO history (entity, record_id, root_entity, root_id, version, kind)"
	    " SELECT 10, id, 10, id, 1, 1 FROM customer");
	pg_exec(DB, "VACUUM ANALYZE");
}

int
main(void)
{
#define EACH(name) cmocka_unit_test_setup_teardown(name, each_setup, each_teardown)
	const struct CMUnitTest tests[] = {
		EACH(each_arm_pages_by_its_index),
		EACH(a_cursor_stays_an_index_condition),
		EACH(filters_that_matter_have_their_index),
		EACH(departments_page_by_lateral),
		EACH(one_record_and_what_hangs_on_it_come_by_key),
		EACH(search_candidates_come_from_the_token_index),
		EACH(duplicate_probe_uses_its_indexes),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	fill();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
