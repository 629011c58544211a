/*
 * Orders of others: northwind imported line by line, its sums beside those that its own database gives.
 */
#include "common/buf.h"
#include "common/date.h"
#include "server/entity/fields.h"
#include "tests/lib/pg.h"
#include "tests/parts/trade.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
// clang-format off
#include <cmocka.h>
// clang-format on

#define NORTHWIND "northwind"

static char *
slurp(const char *path)
{
	FILE *file = fopen(path, "r");
	struct buf text = BUF_INIT;

	if (file == NULL)
		fail_msg("%s is not there", path);
	for (int c; (c = fgetc(file)) != EOF;)
		buf_putc(&text, (char)c);
	fclose(file);
	char *copy = arena_strdup(bed->arena, buf_text(&text));
	buf_fini(&text);
	return copy;
}

static const char *
spill(const char *name, const char *text)
{
	const char *path = arena_printf(bed->arena, "%s/%s", bed->dir, name);
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
	return path;
}

/* The same sums by two ways: text by text, the first that differs is told. */
static void
check_same(const char *what, const char *ours, const char *theirs)
{
	char *mine = arena_strdup(bed->arena, pg_exec(DB, "%s", ours));
	const char *other = pg_exec(NORTHWIND, "%s", theirs);
	size_t at = 0;

	assert_true(strlen(other) > 30);
	while (mine[at] != '\0' && mine[at] == other[at])
		at++;
	if (mine[at] != other[at])
		fail_msg("%s differ: ours %.60s, theirs %.60s", what,
		    mine + (at > 20 ? at - 20 : 0), other + (at > 20 ? at - 20 : 0));
}

#define THEIR_AGENTS                                                                           \
	"(SELECT e.employee_id, 'nw' || e.employee_id AS login, e.first_name || ' ' || "       \
	"e.last_name AS agent, coalesce(b.last_name, e.last_name) AS team FROM employees e "   \
	"LEFT JOIN employees b ON b.employee_id = e.reports_to) "
/* A row for each line, in the order of the orders. */
#define THEIR_ROWS                                                                             \
	"SELECT string_agg(concat_ws(',', o.order_id, o.customer_id, o.order_date, a.agent, "  \
	"d.product_id, d.unit_price, d.quantity,"                                              \
	" d.discount::numeric * 100), E'\\n' ORDER BY o.order_id, d.product_id) FROM orders "  \
	"o JOIN order_details d USING (order_id) JOIN " THEIR_AGENTS "a USING (employee_id)"   \
	" WHERE o.order_id"
#define THEIR_LINES                                                                            \
	"WITH l AS (SELECT d.*, o.customer_id, o.order_date, a.agent, a.team, "                \
	"round(d.unit_price::numeric * d.quantity"                                             \
	" * (1 - d.discount::numeric), 2) AS amount FROM order_details d JOIN orders o USING " \
	"(order_id) JOIN " THEIR_AGENTS "a USING (employee_id)) "
#define OUR_LINES                                                                              \
	"WITH l AS (SELECT d.amount / 100.0 AS amount, o.number AS order_id, c.number AS "     \
	"customer_id, p.number AS product_id, u.label AS agent, t.name AS team,"               \
	" o.ordered_on AS order_date FROM order_line d JOIN sales_order o ON o.id = "          \
	"d.order_id JOIN customer c ON c.id = o.customer_id JOIN users u ON u.id = "           \
	"o.owner_id JOIN department t ON t.id = o.department_id"                               \
	" JOIN product p ON p.id = d.product_id WHERE o.remarks = "                            \
	"'northwind' AND d.deleted_at IS NULL) "
#define SUMS(by)                                                                               \
	"SELECT string_agg(k || '=' || s, ' ' ORDER BY k COLLATE \"C\") FROM (SELECT " by      \
	" AS k, to_char(sum(amount), 'FM9999990.00') AS s"                                     \
	" FROM l GROUP BY 1) x"

static void
northwind_orders_import_and_add_up_to_the_last_cent(void **state)
{
	const char *data = getenv("KEHU_DATA"), *customers, *products, *orders, *first;
	const char *teams, *agents, *map;

	if (data == NULL)
		skip();
	pg_empty_database(NORTHWIND);
	pg_exec(NORTHWIND, "%s",
	    slurp(arena_printf(bed->arena, "%s/northwind/northwind.sql", data)));
	customers = spill("nw_customers.csv",
	    pg_exec(NORTHWIND,
		"SELECT 'id,name' || E'\\n' || string_agg(customer_id || ',\"' ||"
		" replace(company_name, '\"', '\"\"') || '\"', E'\\n') FROM customers"));
	products = spill("nw_products.csv",
	    pg_exec(NORTHWIND,
		"SELECT 'id,name' || E'\\n' || string_agg(product_id || ',\"' ||"
		" replace(product_name, '\"', '\"\"') || '\"', E'\\n') FROM products"));
	teams = spill("nw_teams.csv",
	    pg_exec(NORTHWIND, "SELECT E'name,branch,parent\\n' || string_agg(DISTINCT team || "
			       "',东区,销售', E'\\n') FROM " THEIR_AGENTS "a"));
	agents = spill("nw_agents.csv",
	    pg_exec(NORTHWIND, "SELECT E'login,label,team\\n' || string_agg(concat_ws(',', "
			       "login, agent, team), E'\\n') FROM " THEIR_AGENTS "a"));
	first = arena_strdup(bed->arena, pg_exec(NORTHWIND, THEIR_ROWS " < 10660"));
	orders = spill("nw_orders.csv",
	    arena_printf(bed->arena,
		"order,customer,day,agent,product,price,quantity,discount\n%s\n%s\n", first,
		pg_exec(NORTHWIND, THEIR_ROWS " >= 10660")));
	save(hua, E_currency_rate,
	    SENT(TEXT_OF(F_currency_rate_currency, "USD"), NUMBER_OF(F_currency_rate_day, 9496),
		NUMBER_OF(F_currency_rate_rate, 8300000)),
	    NULL);
	map = spill("nw_agent.map", "name = \"login\"; label = \"label\"; department_id = "
				    "\"team\"; branch_id = \"=东区\"; user_role = { role_id = "
				    "\"=account_manager\"; };\n");
	expect_said(shell("guo", "import department %s", teams), "2");
	expect_said(shell("guo", "import user %s --map %s", agents, map), "9");
	map = spill("nw.map", "number = \"id\"; name = \"name\";\n");
	expect_said(shell("ada", "import customer %s --map %s", customers, map), "91");
	expect_said(shell("mei", "import product %s --map %s", products, map), "77");
	map = spill("nw_order.map",
	    "number = \"order\"; customer_id = \"customer\"; "
	    "ordered_on = \"day\"; owner_id = \"agent\"; currency = \"=USD\";"
	    " remarks = \"=northwind\"; lines = { product_id = "
	    "\"product\"; price = \"price\"; quantity = \"quantity\";"
	    " discount = \"discount\"; tax_rate = \"=0\"; };\n");
	expect_said(
	    shell("cai", "import order %s --map %s --match number --on-match add", orders, map),
	    "2155");
	assert_int_equal(
	    pg_int(DB, "SELECT count(*) FROM sales_order WHERE remarks = 'northwind'"), 830);
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM order_line l JOIN sales_order o ON "
				    "o.id = l.order_id WHERE o.remarks = 'northwind'"),
	    2155);
	check_same(
	    "orders", OUR_LINES SUMS("order_id::text"), THEIR_LINES SUMS("order_id::text"));
	check_same("agents", OUR_LINES SUMS("agent"), THEIR_LINES SUMS("agent"));
	check_same("teams", OUR_LINES SUMS("team"), THEIR_LINES SUMS("team"));
	check_same("products", OUR_LINES SUMS("product_id::text"),
	    THEIR_LINES SUMS("product_id::text"));
	check_same("customers", OUR_LINES SUMS("customer_id::text"),
	    THEIR_LINES SUMS("customer_id::text"));
	check_same("quarters", OUR_LINES SUMS("to_char(order_date, 'YYYY-Q')"),
	    THEIR_LINES SUMS("to_char(order_date, 'YYYY-Q')"));
	/* their own currency, and no tax of ours in it */
	assert_string_equal(
	    pg_exec(DB, "SELECT string_agg(DISTINCT currency || tax, ' ') FROM sales_order "
			"WHERE remarks = 'northwind'"),
	    "USD0");
	/* the heads' totals are the sums of their lines */
	assert_int_equal(
	    pg_int(DB, "SELECT count(*) FROM sales_order o WHERE o.remarks = 'northwind' AND "
		       "o.total <>"
		       " (SELECT sum(l.amount) FROM order_line l WHERE l.order_id = o.id)"),
	    0);
	/* the other copy's broken rows are refused, not shifted */
	expect_said(
	    shell("ada", "import order %s/northwind/csv/orders.csv --map %s --dry-run", data,
		spill("nw_csv.map", "purchase_number = \"orderID\"; customer_id = "
				    "\"customerID\"; address = \"shipAddress\";\n")),
	    "176");
}

int
trade_northwind(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(northwind_orders_import_and_add_up_to_the_last_cent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
