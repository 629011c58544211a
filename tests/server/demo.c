/*
 * The demo company in a real database: whole, in step with what the database itself works out,
 * and leaving nothing set aside. With KEHU_DEMO_BIG=N it also loads N customers and says
 * how long that took.
 */
#include "server/job/demo.h"
#include "common/date.h"
#include "server/access/roles.h"
#include "server/record/derived.h"
#include "tests/lib/pg.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { CUSTOMERS = 2000 };

static struct arena *arena;
static struct demo_result company;

static const char *
password(void *to, const char *login)
{
	(void)to;
	return login[0] != '\0' ? "scrypt$15$8$1$00$00" : NULL;
}

static bool
stop_at_once(void *to, uint64_t done, uint64_t total)
{
	(void)to;
	return done == 0 && total == 0;
}

static struct demo_options
wanted(uint64_t customers)
{
	return (struct demo_options){ .customers = customers,
		.seed = 7,
		.today = date_today(480),
		.password = password };
}

static enum err
load(const char *database, const struct demo_options *options, struct demo_result *result)
{
	struct store *store = pg_store(database, "kehu_owner");
	enum err err = demo_run(store, arena, options, result);

	if (err != ERR_OK)
		print_message("# %s %s\n", store_state(store), store_message(store));
	store_free(store);
	return err;
}

static int
setup(void **state)
{
	struct demo_options options = wanted(CUSTOMERS);

	arena = arena_new(0);
	pg_start();
	pg_database("demo");
	return load("demo", &options, &company) == ERR_OK ? 0 : -1;
}

static int
teardown(void **state)
{
	arena_free(arena);
	return 0;
}

static void
rows_are_there(void **state)
{
	assert_int_equal(pg_int("demo", "SELECT count(*) FROM customer"), CUSTOMERS);
	assert_int_equal(pg_int("demo", "SELECT count(*) FROM contact"), company.contacts);
	assert_int_equal(pg_int("demo", "SELECT count(*) FROM visit"), company.visits);
	assert_int_equal(pg_int("demo", "SELECT count(*) FROM users"), company.user_count);
	assert_true(pg_int("demo", "SELECT count(*) FROM branch") >= 12);
	assert_true(pg_int("demo", "SELECT count(*) FROM pool WHERE active") >= 2);
}

static void
every_customer_has_a_search_row_like_its_own(void **state)
{
	assert_int_equal(
	    pg_int("demo",
		"SELECT count(*) FROM customer c JOIN customer_search s USING (id) "
		"WHERE (c.owner_id, c.department_id, c.branch_id, c.pool_id) IS NOT "
		"DISTINCT FROM (s.owner_id, s.department_id, s.branch_id, s.pool_id) "
		"AND strpos(s.doc, c.name) > 0 AND s.tokens <> ''"),
	    CUSTOMERS);
	assert_int_equal(
	    pg_int("demo", "SELECT count(*) FROM contact c JOIN contact_search s USING (id) "
			   "WHERE strpos(s.doc, c.name) > 0 AND s.tokens <> ''"),
	    company.contacts);
}

/* What record/ would have written: number of entity and field, tab, text, a line for each. */
static void
search_rows_hold_the_searched_texts(void **state)
{
	assert_int_equal(
	    pg_int("demo",
		"SELECT count(*) FROM customer c JOIN customer_search s USING (id) WHERE "
		"regexp_replace(s.doc, '^[a-zA-Z]', '', 'ng') = concat("
		"E'10.1\t' || number || E'\n', E'10.2\t' || name || E'\n', "
		"E'10.3\t' || short_name || E'\n', E'10.4\t' || name_en || E'\n', "
		"E'10.12\t' || phone || E'\n', E'10.13\t' || mail || E'\n', "
		"E'10.22\t' || tax_number || E'\n', "
		"(SELECT string_agg(E'12.2\t' || l.number || E'\n', '' ORDER BY l.position) "
		"FROM customer_phone l WHERE l.customer_id = c.id), "
		"(SELECT string_agg(E'13.2\t' || l.mail || E'\n', '' ORDER BY l.position) "
		"FROM customer_mail l WHERE l.customer_id = c.id))"),
	    CUSTOMERS);
}

static void
figures_are_what_the_database_works_out(void **state)
{
	assert_int_equal(pg_int("demo", "CREATE TABLE made AS SELECT * FROM customer_figures; "
					"SELECT count(*) FROM made"),
	    CUSTOMERS);
	pg_exec("demo", "SELECT kehu_customer_figures_all()");
	assert_int_equal(
	    pg_int("demo", "SELECT count(*) FROM (TABLE made EXCEPT TABLE customer_figures) d"),
	    0);
	pg_exec("demo", "DROP TABLE made");
}

/* What is booked adds up the way kehud books it, and every list has something to show. */
static void
trade_adds_up(void **state)
{
	static const char *const lists[] = { "product", "price_list", "quote", "sales_order",
		"delivery", "goods_return", "receivable", "receipt", "prepaid_entry",
		"credit_limit", "invoice_request", "currency_rate", "discount_limit" };
	static const char *const none[] = {
		/* the account of each customer */
		"customer_figures f WHERE f.owed IS DISTINCT FROM (SELECT CASE WHEN f.balance "
		"IS "
		"NOT NULL THEN coalesce((SELECT sum(o.total_base) FROM sales_order o WHERE "
		"o.customer_id = f.id AND o.state NOT IN ('draft', 'held', 'cancelled')), 0) - "
		"coalesce((SELECT sum(r.amount_base) FROM receipt r WHERE r.customer_id = "
		"f.id), "
		"0) - coalesce((SELECT sum(g.total_base) FROM goods_return g WHERE "
		"g.customer_id "
		"= f.id), 0) END)",
		"customer_figures f WHERE f.balance IS NOT NULL AND f.balance <> "
		"coalesce((SELECT "
		"sum(p.amount) FROM prepaid_entry p WHERE p.customer_id = f.id), 0)",
		/* lines, instalments, receipts */
		"sales_order o WHERE o.total <> o.net + o.tax OR (CASE WHEN o.tax_included "
		"THEN "
		"o.total ELSE o.net END) <> (SELECT sum(l.amount) FROM order_line l WHERE "
		"l.order_id = o.id)",
		"quote q WHERE (CASE WHEN q.tax_included THEN q.total ELSE q.net END) <> "
		"(SELECT "
		"sum(l.amount) FROM quote_line l WHERE l.quote_id = q.id)",
		"sales_order o WHERE o.state NOT IN ('draft', 'held', 'cancelled') AND o.total "
		"<> "
		"(SELECT sum(r.amount) FROM receivable r WHERE r.order_id = o.id)",
		"receivable r JOIN receivable_figures f USING (id) WHERE r.amount <> f.paid + "
		"f.open OR f.paid <> coalesce((SELECT sum(a.amount) FROM receipt_allocation a "
		"WHERE a.receivable_id = r.id), 0) OR (f.overdue_on IS NULL) <> (f.open = 0)",
		"sales_order o LEFT JOIN sales_order_figures f USING (id) WHERE "
		"coalesce(f.paid, "
		"0) <> coalesce((SELECT sum(g.paid) FROM receivable r JOIN receivable_figures "
		"g "
		"USING (id) WHERE r.order_id = o.id), 0)",
		"receipt r WHERE r.amount <> coalesce(r.to_balance, 0) + (SELECT sum(a.amount) "
		"FROM receipt_allocation a WHERE a.receipt_id = r.id)",
		/* goods */
		"order_line l WHERE l.delivered <> coalesce((SELECT sum(d.quantity) FROM "
		"delivery_line d WHERE d.order_line = l.id), 0)",
		"goods_return_line g JOIN delivery_line d ON d.id = g.delivery_line WHERE "
		"g.quantity > d.returned OR g.product_id <> d.product_id",
		"goods_return g JOIN delivery d ON d.id = g.delivery_id WHERE d.order_id <> "
		"g.order_id",
		/* the chain */
		"sales_order o JOIN quote q ON q.id = o.quote_id WHERE q.customer_id <> "
		"o.customer_id OR q.state <> 'ordered' OR q.total <> o.total",
		"sales_order o JOIN opportunity p ON p.id = o.opportunity_id WHERE p.state <> "
		"'won' OR p.customer_id <> o.customer_id",
		/* held is only what is past the credit */
		"sales_order o WHERE o.state = 'held' AND o.total_base + (SELECT f.owed FROM "
		"customer_figures f WHERE f.id = o.customer_id) <= (SELECT c.amount FROM "
		"credit_limit c WHERE c.customer_id = o.customer_id)",
	};

	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		if (pg_int("demo", "SELECT count(*) FROM %s", lists[i]) == 0)
			fail_msg("no %s", lists[i]);
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		if (pg_int("demo", "SELECT count(*) FROM %s", none[i]) != 0)
			fail_msg("%s", none[i]);
	assert_int_equal(pg_int("demo", "SELECT count(DISTINCT state) FROM sales_order"), 7);
	assert_int_equal(pg_int("demo", "SELECT count(DISTINCT state) FROM quote"), 4);
	assert_true(pg_int("demo", "SELECT count(*) FROM receivable_figures WHERE overdue_on < "
				   "current_date") > 10);
	assert_true(pg_int("demo", "SELECT count(*) FROM sales_order WHERE owner_id = %lld",
			(long long)company.users[0].id) > 5);
}

static void
days_have_targets_reports_and_consents(void **state)
{
	long long me = (long long)company.users[0].id;

	assert_int_equal(
	    pg_int("demo", "SELECT count(*) FROM target WHERE person_id = %lld", me), 12);
	assert_int_equal(
	    pg_int("demo", "SELECT count(*) FROM target WHERE level = 'company'"), 12);
	assert_int_equal(
	    pg_int("demo",
		"SELECT count(*) FROM target WHERE (amount IS NULL) = (number IS NULL)"),
	    0);
	/* everybody who sells has a new lead; who has sold, a contract that ends soon and its reminder */
	assert_int_equal(pg_int("demo", "SELECT count(*) FROM lead WHERE owner_id = %lld AND state = 'new'", me) >= 2, 1);
	assert_int_equal(pg_int("demo", "SELECT count(*) FROM contract c WHERE c.total <> (SELECT sum(l.amount) FROM contract_line l"
					" WHERE l.contract_id = c.id) AND c.tax_included"), 0);
	assert_int_equal(pg_int("demo", "SELECT count(*) FROM contract c WHERE state = 'signed'"),
	    pg_int("demo", "SELECT count(DISTINCT q.owner_id) FROM quote q WHERE q.state = 'ordered' AND q.deleted_at IS NULL"));
	assert_int_equal(pg_int("demo", "SELECT count(*) FROM contract c WHERE NOT EXISTS (SELECT FROM reminder r"
					" WHERE r.contract_id = c.id AND r.owner_id = c.owner_id)"), 0);
	assert_int_equal(pg_int("demo", "SELECT count(*) FROM message WHERE owner_id = %lld AND kind = 'message'", me), 1);
	assert_int_equal(
	    pg_int("demo", "SELECT count(*) FROM work_report WHERE owner_id = %lld", me), 5);
	assert_int_equal(
	    pg_int("demo", "SELECT count(*) FROM work_report WHERE (state = 'read') <> "
			   "(reader_id IS NOT NULL) OR done = ''"),
	    0);
	assert_true(
	    pg_int("demo", "SELECT count(*) FROM approval a JOIN quote q ON q.id = "
			   "a.anchor_id WHERE a.state = 'waiting' AND a.waiting_for <> '' "
			   "AND a.owner_id = q.owner_id AND q.state = 'draft'") > 0);
	/* each asks somebody, who was told */
	assert_int_equal(
	    pg_int("demo", "SELECT count(*) FROM approval a WHERE NOT EXISTS (SELECT "
			   "FROM approval_step s JOIN message m ON m.owner_id = "
			   "s.user_id AND m.anchor_id = a.id WHERE s.approval_id = "
			   "a.id AND s.state = 'waiting')"),
	    0);
}

static void
regions_are_found(void **state)
{
	assert_int_equal(pg_int("demo", "SELECT count(*) FROM customer c LEFT JOIN region r "
					"ON r.id = c.region_id WHERE r.id IS NULL "
					"AND c.phone_digits !~ '^(44|1[0-9]{3}55501)' "
					"AND c.postcode IS NOT NULL"),
	    0);
	assert_true(pg_int("demo", "SELECT count(DISTINCT region_id) FROM customer") > 200);
}

static void
numbers_go_on(void **state)
{
	char next[32];

	snprintf(next, sizeof(next), "C%06d", CUSTOMERS + 1);
	assert_string_equal(pg_exec("demo", "BEGIN; SELECT kehu_number('C')"), next);
	assert_int_equal(
	    pg_int("demo",
		"SELECT count(*) FROM (SELECT left(number, 6) p, count(*) n, "
		"max(substr(number, 7)::bigint) m FROM visit GROUP BY 1) v "
		"JOIN number_series s ON s.prefix = v.p AND s.last = v.m AND v.n = v.m") -
		pg_int("demo", "SELECT count(DISTINCT left(number, 6)) FROM visit"),
	    0);
	assert_true(pg_int("demo", "SELECT nextval('record_id') - max(id) FROM visit") > 0);
}

static void
everybody_can_be_somebody(void **state)
{
	for (size_t i = 0; i < role_shipped_count; i++)
		assert_true(
		    pg_int("demo",
			"SELECT count(*) FROM user_role u JOIN role r ON r.id = u.role_id "
			"WHERE r.name = '%s'",
			role_shipped[i].name) > 0);
	assert_string_equal(company.users[0].role, "account_manager");
	assert_true(pg_int("demo", "SELECT count(*) FROM customer WHERE owner_id = %lld",
			(long long)company.users[0].id) > 20);
	assert_int_equal(
	    pg_int("demo", "SELECT count(*) FROM department WHERE manager_id IS NULL"), 0);
	assert_int_equal(
	    pg_int("demo", "SELECT count(*) FROM users WHERE password_hash IS NULL"), 0);
}

/* What a database migrated but empty says, the loaded one says too. */
static void
nothing_stays_set_aside(const char *database)
{
	static const char *const same[] = {
		"SELECT md5(string_agg(indexdef, ';' ORDER BY indexdef)) FROM pg_indexes "
		"WHERE schemaname = 'public'",
		"SELECT md5(string_agg(conrelid::regclass || conname || "
		"pg_get_constraintdef(oid), ';' "
		"ORDER BY conrelid::regclass::text, conname)) FROM pg_constraint WHERE contype "
		"= 'f'",
		"SELECT md5(string_agg(tgrelid::regclass || tgname || tgenabled::text, ';' "
		"ORDER BY tgrelid::regclass::text, tgname)) FROM pg_trigger WHERE NOT "
		"tgisinternal",
		"SELECT md5(string_agg(relname || relrowsecurity || relforcerowsecurity, ';' "
		"ORDER BY relname)) FROM pg_class WHERE relnamespace = 'public'::regnamespace",
	};

	for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++) {
		char before[80];

		snprintf(before, sizeof(before), "%s", pg_exec("demo_fresh", "%s", same[i]));
		assert_string_equal(pg_exec(database, "%s", same[i]), before);
	}
}

static void
indexes_triggers_and_policies_are_as_before(void **state)
{
	struct demo_options options = wanted(25000); /* past the size where indexes go */
	struct demo_result big;

	pg_database("demo_fresh");
	nothing_stays_set_aside("demo");
	pg_database("demo_heavy");
	assert_int_equal(load("demo_heavy", &options, &big), ERR_OK);
	nothing_stays_set_aside("demo_heavy");
	assert_int_equal(pg_int("demo_heavy", "SELECT count(*) FROM customer"), 25000);
	pg_drop("demo_heavy");
	pg_drop("demo_fresh");
}

static void
a_filled_database_is_refused(void **state)
{
	struct demo_options options = wanted(10);
	struct demo_result result;

	assert_int_equal(load("demo", &options, &result), ERR_DUPLICATE);
	assert_int_equal(pg_int("demo", "SELECT count(*) FROM customer"), CUSTOMERS);
}

static void
stopped_leaves_nothing(void **state)
{
	struct demo_options options = wanted(10);
	struct demo_result result;

	options.progress = stop_at_once;
	pg_database("demo_stopped");
	assert_int_equal(load("demo_stopped", &options, &result), ERR_CANCELLED);
	assert_int_equal(pg_int("demo_stopped", "SELECT count(*) FROM customer"), 0);
	assert_int_equal(pg_int("demo_stopped", "SELECT count(*) FROM users"), 0);
	pg_drop("demo_stopped");
}

/* ---- made again when the rules change ---------------------------------------------------- */

static struct derived_done
make_again(size_t chunks_max)
{
	struct catalog *catalog = catalog_new(1);
	struct store *store = pg_store("demo", "kehu_owner");
	struct derived_done done;

	assert_int_equal(derived_make(store, catalog, chunks_max, &done), ERR_OK);
	catalog_unref(catalog);
	store_free(store);
	return done;
}

static void
other_rules(void)
{
	pg_exec("demo",
	    "INSERT INTO settings (name, value) VALUES ('derived.rules', 'of before') "
	    "ON CONFLICT (name) DO UPDATE SET value = EXCLUDED.value");
}

static const char *
derived_sums(void)
{
	return arena_strdup(arena,
	    pg_exec("demo",
		"SELECT concat((SELECT md5(string_agg(md5(c::text), '' ORDER BY id)) FROM "
		"customer c), "
		"(SELECT md5(string_agg(md5(s::text), '' ORDER BY id)) FROM customer_search "
		"s), "
		"(SELECT md5(string_agg(md5(s::text), '' ORDER BY id)) FROM contact_search s), "
		"(SELECT md5(string_agg(label_key, '' ORDER BY id)) FROM users), "
		"(SELECT count(*) FROM history), (SELECT count(*) FROM change))"));
}

/* The loader's keys and search rows are what the records themselves give; of a few shipped
 * records the migrations only know nearly how they sort. */
static void
keys_and_search_rows_of_the_same_rules_stay(void **state)
{
	const char *before = derived_sums();
	struct derived_done done;

	other_rules();
	done = make_again(0);
	assert_true(done.due && done.ended && done.rows > CUSTOMERS);
	assert_string_equal(derived_sums(), before);
	other_rules();
	done = make_again(0);
	assert_true(done.ended && done.rows > CUSTOMERS);
	assert_int_equal(done.changed, 0);
	done = make_again(0);
	assert_true(done.ended && !done.due && done.rows == 0);
}

static void
keys_and_search_rows_of_other_rules_are_made_again(void **state)
{
	const char *before = derived_sums();
	int64_t epoch = pg_int("demo", "SELECT access_epoch FROM state");
	struct derived_done done;

	other_rules();
	pg_exec("demo", "SET session_replication_role = replica; UPDATE customer SET name_key "
			"= 'x' || name_key WHERE mod(id, 7) = 0; "
			"UPDATE users SET label_key = 'x' WHERE mod(id, 2) = 0; "
			"UPDATE customer_search SET tokens = 'nothing' WHERE mod(id, 5) = 0; "
			"UPDATE customer_search SET doc = 'n10.2' || E'\t' || 'nobody' || "
			"E'\n' WHERE mod(id, 9) = 0; "
			"DELETE FROM contact_search WHERE mod(id, 11) = 0");
	for (int runs = 1;; runs++) {
		done = make_again(1);
		if (done.ended) {
			assert_true(runs > 5);
			break;
		}
		assert_true(done.rows > 0 && done.rows <= 1000);
		assert_string_equal(
		    pg_exec("demo", "SELECT value FROM settings WHERE name = 'derived.rules'"),
		    "of before");
	}
	assert_string_equal(derived_sums(), before);
	assert_int_equal(
	    pg_int("demo", "SELECT count(*) FROM settings WHERE name = 'derived.at'"), 0);
	assert_true(pg_int("demo", "SELECT access_epoch FROM state") >= epoch);
}

static void *
make_again_beside(void *done)
{
	*(struct derived_done *)done = make_again(0);
	return NULL;
}

/* Somebody renames a customer while its key is being made again. */
static void
what_is_saved_meanwhile_stays(void **state)
{
	struct store *saver = pg_store("demo", NULL);
	struct sql *sql = sql_new(arena);
	struct derived_done done;
	pthread_t thread;

	other_rules();
	pg_exec("demo",
	    "SET session_replication_role = replica; UPDATE customer SET name_key = 'x'");
	store_begin(saver);
	sql_add(sql, "UPDATE customer SET name = '新', name_key = 'new' WHERE id = (SELECT "
		     "min(id) FROM customer)");
	assert_int_equal(store_run(saver, arena, sql, NULL), ERR_OK);
	assert_int_equal(pthread_create(&thread, NULL, make_again_beside, &done), 0);
	for (int64_t until = date_monotonic_us() + 20 * US_PER_SECOND;
	     pg_int("demo", "SELECT count(*) FROM pg_locks WHERE NOT granted") == 0;)
		assert_true(date_monotonic_us() < until);
	assert_int_equal(store_commit(saver, arena), ERR_OK);
	assert_int_equal(pthread_join(thread, NULL), 0);
	store_free(saver);
	assert_true(done.ended);
	assert_int_equal(
	    pg_int(
		"demo", "SELECT count(*) FROM customer WHERE name_key = 'new' AND name = '新'"),
	    1);
	assert_int_equal(
	    pg_int("demo", "SELECT count(*) FROM customer WHERE name_key = 'x'"), 0);
}

/* Runs last: it changes the shared company. */
static void
appending_goes_on_with_the_same_staff(void **state)
{
	struct demo_options options = wanted(500);
	struct demo_result result;
	static const char *const grow[] = { "lead", "opportunity", "quote", "quote_line", "sales_order", "receivable",
		"receipt", "delivery" };
	int64_t users = pg_int("demo", "SELECT count(*) FROM users"), before[8];

	for (size_t i = 0; i < 8; i++)
		before[i] = pg_int("demo", "SELECT count(*) FROM %s", grow[i]);
	options.append = true;
	assert_int_equal(load("demo", &options, &result), ERR_OK);
	assert_int_equal(pg_int("demo", "SELECT count(*) FROM customer"), CUSTOMERS + 500);
	assert_int_equal(pg_int("demo", "SELECT count(*) FROM users"), users);
	assert_int_equal(pg_int("demo", "SELECT max(substr(number, 2)::bigint) FROM customer"),
	    CUSTOMERS + 500);
	assert_true(result.user_count > 0);
	assert_true(
	    pg_int("demo", "SELECT count(DISTINCT name) FROM customer") > CUSTOMERS + 400);
	/* who is added trades as those before, at the prices that are there */
	for (size_t i = 0; i < 8; i++)
		if (pg_int("demo", "SELECT count(*) FROM %s", grow[i]) <= before[i])
			fail_msg("no more %s", grow[i]);
	trade_adds_up(state);
}

static void
appending_to_who_sells_nothing_brings_products(void **state)
{
	struct demo_options options = wanted(300);
	struct demo_result result;

	pg_exec("demo", "TRUNCATE product, product_unit, product_search, price_list, price_line, currency_rate, "
			"discount_limit, quote, quote_line, sales_order, order_line, opportunity_product CASCADE");
	options.append = true;
	assert_int_equal(load("demo", &options, &result), ERR_OK);
	assert_true(pg_int("demo", "SELECT count(*) FROM product") > 10);
	assert_true(pg_int("demo", "SELECT count(*) FROM price_line") > 30);
	assert_true(pg_int("demo", "SELECT count(*) FROM quote") > 0);
}

static void
many_customers_load_fast(void **state)
{
	const char *many = getenv("KEHU_DEMO_BIG");
	struct demo_options options = wanted(many != NULL ? strtoull(many, NULL, 10) : 1000);
	struct demo_result result;

	pg_database("demo_big");
	assert_int_equal(load("demo_big", &options, &result), ERR_OK);
	print_message(
	    "# %llu customers, %llu visits, %llu rows: %.1f s to make, %.1f s to load\n",
	    (unsigned long long)result.customers, (unsigned long long)result.visits,
	    (unsigned long long)result.rows, (double)result.make_us / 1e6,
	    (double)result.load_us / 1e6);
	assert_int_equal(
	    pg_int("demo_big", "SELECT count(*) FROM customer"), options.customers);
	pg_drop("demo_big");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_are_there),
		cmocka_unit_test(every_customer_has_a_search_row_like_its_own),
		cmocka_unit_test(search_rows_hold_the_searched_texts),
		cmocka_unit_test(figures_are_what_the_database_works_out),
		cmocka_unit_test(trade_adds_up),
		cmocka_unit_test(days_have_targets_reports_and_consents),
		cmocka_unit_test(regions_are_found),
		cmocka_unit_test(numbers_go_on),
		cmocka_unit_test(everybody_can_be_somebody),
		cmocka_unit_test(a_filled_database_is_refused),
		cmocka_unit_test(stopped_leaves_nothing),
		cmocka_unit_test(indexes_triggers_and_policies_are_as_before),
		cmocka_unit_test(keys_and_search_rows_of_the_same_rules_stay),
		cmocka_unit_test(keys_and_search_rows_of_other_rules_are_made_again),
		cmocka_unit_test(what_is_saved_meanwhile_stays),
		cmocka_unit_test(appending_goes_on_with_the_same_staff),
		cmocka_unit_test(appending_to_who_sells_nothing_brings_products),
		cmocka_unit_test(many_customers_load_fast),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, setup, teardown);
}
