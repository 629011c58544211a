/*
 * A sale by command line, and its papers.
 */
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

static void
orders_are_worked_from_a_shell_and_printed(void **state)
{
	int64_t buyer = make_customer("命令行公司"), order;
	const char *said;

	/* several lines by their numbers; a stored one is changed, one past the last is added
	 */
	shell("ada",
	    "new order customer_id=%ld 'lines[1].product_id=%ld' 'lines[2].product_id=%ld' "
	    "'lines[2].quantity=3'",
	    (long)buyer, (long)pump, (long)pump);
	order =
	    pg_int(DB, "SELECT max(id) FROM sales_order WHERE customer_id = %ld", (long)buyer);
	shell("ada", "set order %ld 'lines[2].quantity=4' 'lines[3].product_id=%ld'",
	    (long)order, (long)pump);
	assert_string_equal(
	    pg_exec(DB,
		"SELECT string_agg((quantity / 10000)::text, ' ' ORDER BY id) FROM order_line "
		"WHERE order_id = %ld",
		(long)order),
	    "1 4 1");
	expect_said(
	    shell("ada", "set order %ld 'lines[0].quantity=4'", (long)order), "lines[2].field");
	said = shell("ada",
	    "new order customer_id=%ld lines.product_id=%ld lines.quantity=2.5 "
	    "lines.discount=3 terms=月结",
	    (long)buyer, (long)pump);
	order =
	    pg_int(DB, "SELECT max(id) FROM sales_order WHERE customer_id = %ld", (long)buyer);
	if (order == 0)
		fail_msg("no order: %s", said);
	shell("ada", "act order %ld confirm", (long)order);
	assert_string_equal(text_of(ada, E_order, order, F_order_state), "confirmed");
	said = shell("ada", "act order %ld deliver quantities=1=3", (long)order);
	expect_said(said, "超出");
	expect_said(shell("ada", "act order %ld deliver quantities=1=1", (long)order),
	    ": D2"); /* what was made */
	shell("ada", "act order %ld plan instalments='50 today, 50 +30d'", (long)order);
	book(hua, buyer, 100000, "SH1");
	said = shell(
	    "ada", "list order customer:命令行公司 --columns number,total,paid --format csv");
	expect_said(said, "2740.25");
	said = shell("ada", "report order order=%ld --format text", (long)order);
	expect_said(said, "命令行公司");
	expect_said(said, "备份水泵");
	expect_said(said, "2.5");
	expect_said(said, "2,740.25");
	expect_said(said, "人民币贰仟柒佰肆拾元零贰角伍分");
	said = shell("ada", "report order order=%ld --language en --format text", (long)order);
	expect_said(said, "CNY two thousand seven hundred forty and 25/100");
	said = shell("ada", "report delivery delivery=%s --format text",
	    pg_exec(DB, "SELECT id FROM delivery WHERE order_id = %ld", (long)order));
	expect_said(said, "发货单");
	expect_said(said, "备份水泵");
	expect_said(said, "收货人");
	said = shell("hua", "report receipt receipt=%s --format text",
	    pg_exec(DB, "SELECT id FROM receipt WHERE reference = 'SH1'"));
	expect_said(said, "人民币壹仟元整");
	expect_said(said, "/1");
	said = shell("ada", "report statement customer=%ld --format text", (long)buyer);
	expect_said(said, "期初余额");
	expect_said(said, "1,740.25");
	said = shell("ben", "report statement customer=%ld --format text", (long)buyer);
	assert_null(strstr(said, "期初余额"));
	if (getenv("TRADE_KEEP") != NULL) {
		shell("ada", "report order order=%ld --format pdf -o %s/order.pdf", (long)order,
		    getenv("TRADE_KEEP"));
		shell("ada", "report statement customer=%ld --format pdf -o %s/statement.pdf",
		    (long)buyer, getenv("TRADE_KEEP"));
	}
}

/* The id of what was made last of a kind. */
static long
last_of(const char *table)
{
	return (long)pg_int(DB, "SELECT max(id) FROM %s", table);
}

/* The discount of a quote by command line: asked, refused, amended, called to mind, granted. */
static void
issue_with_a_discount(long quote)
{
	const char *number = pg_exec(DB, "SELECT number FROM quote WHERE id = %ld", quote);
	int64_t limit = limit_discounts("命令行折扣");
	long approval;

	number = arena_strdup(bed->arena, number);
	shell("ada", "set quote %ld lines.discount=15", quote);
	shell("ada", "act quote %ld issue", quote);
	approval = last_of("approval");
	expect_said(shell("ada", "list approval sender:me state:waiting"), number);
	expect_said(shell("cai", "list approval approver:me"), number);
	expect_said(shell("cai", "proposal %ld", approval), "已发出");
	expect_said(shell("cai", "act approval %ld refuse", approval), "comment");
	shell("cai", "act approval %ld refuse comment=最多一成", approval);
	expect_said(shell("ada", "get approval %ld", approval), "最多一成");
	expect_said(shell("ada", "act quote %ld order", quote), "草稿");
	shell("ada", "set quote %ld lines.discount=10", quote);
	shell("ada", "act quote %ld issue", quote);
	assert_true(last_of("approval") > approval);
	approval = last_of("approval");
	expect_said(shell("ada", "act approval %ld approve", approval), "E3001");
	shell("ada", "act approval %ld remind", approval);
	expect_said(shell("cai", "list message --columns text"), "催办");
	shell("cai", "act approval %ld approve", approval);
	expect_said(shell("ada", "get quote %ld", quote), "已发出");
	expect_written(client_delete(guo, E_discount_limit, limit, 0));
}

/* The whole of a sale by command line: from who called to the report of the evening. */
static void
sale_is_worked_from_a_shell_from_lead_to_report(void **state)
{
	long quote, order;

	shell("ada", "new lead name=命令链条公司 person=李链条 need=水泵");
	shell("ada", "act lead %ld convert", last_of("lead"));
	shell("ada", "act opportunity %ld quote", last_of("opportunity"));
	quote = last_of("quote");
	shell("ada", "set quote %ld lines.product=备份水泵 lines.quantity=2", quote);
	issue_with_a_discount(quote);
	shell("ada", "act quote %ld order", quote);
	order = last_of("sales_order");
	shell("ada", "act order %ld confirm", order);
	expect_said(
	    shell("ada", "list opportunity customer:命令链条公司 --format csv --columns "
			 "name,state,amount"),
	    "2160.00");
	shell("ada", "act order %ld plan instalments='50 today, 50 +30d'", order);
	shell("hua", "new receipt customer=命令链条公司 amount=1080 reference=SHELL1");
	expect_said(
	    shell("ada", "list receivable order:%s --format csv --columns number,paid,open",
		pg_exec(DB, "SELECT number FROM sales_order WHERE id = %ld", order)),
	    "1080.00");
	shell("ada", "new work_report kind=daily");
	shell("ada", "act work_report %ld hand_in", last_of("work_report"));
	shell("cai", "act work_report %ld read comment=很好", last_of("work_report"));
	expect_said(
	    shell("ada", "get work_report %ld", last_of("work_report")), "命令链条公司");
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM comment WHERE text = '很好'"), 1);
}

/* Contracts of before come in as a file, priced as it says, and go out again as one. */
static void
contracts_come_and_go_as_files(void **state)
{
	const char *file = arena_printf(bed->arena, "%s/contracts.csv", bed->dir);
	const char *said;
	FILE *out = fopen(file, "w");

	assert_non_null(out);
	fputs("no,cust,day,until,product,qty,price,discount\n"
	      "HT-OLD-1,上海浦东泵业,2026-01-05,2027-01-04,备份水泵,3,1000,2\n"
	      "HT-OLD-1,上海浦东泵业,2026-01-05,2027-01-04,截止阀,10,50.5,\n"
	      "HT-OLD-2,上海浦东泵业,2026-03-05,2026-02-01,截止阀,1,50,\n"
	      "HT-OLD-3,没有这家公司,2026-03-05,,截止阀,1,50,\n",
	    out);
	fclose(out);
	bed_shell(bed, "ada", NULL,
	    "printf '%%s\n' 'number = \"no\"; customer_id = \"cust\"; signed_on = \"day\"; valid_until = \"until\";'"
	    " 'lines = { product_id = \"product\"; quantity = \"qty\"; price = \"price\"; discount = \"discount\"; };'"
	    " >%s/contracts.map",
	    bed->dir);
	said = shell("ada", "import contract %s --map %s/contracts.map --match number --on-match add", file, bed->dir);
	expect_said(said, "2"); /* one refused for its days, one for its customer */
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM contract WHERE number LIKE 'HT-OLD-%%'"), 1);
	assert_int_equal(pg_int(DB, "SELECT total FROM contract WHERE number = 'HT-OLD-1'"), 294000 + 50500);
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM contract_line l JOIN contract c ON c.id = l.contract_id"
				    " WHERE c.number = 'HT-OLD-1' AND c.state = 'draft'"),
	    2);
	expect_said(shell("ada", "act contract %ld sign", last_of("contract")), "签订");
	/* out again, by who may; those who may not are refused */
	said = shell("cai", "export contract number:HT-OLD-1 --reason 核对 -o %s/out.csv && cat %s/out.csv", bed->dir, bed->dir);
	expect_said(said, "HT-OLD-1");
	expect_said(said, "3,445.00");
	expect_said(shell("ada", "export contract --reason 核对 -o %s/no.csv", bed->dir), "E3001");
}

int
trade_shell(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(orders_are_worked_from_a_shell_and_printed),
		cmocka_unit_test(sale_is_worked_from_a_shell_from_lead_to_report),
		cmocka_unit_test(contracts_come_and_go_as_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
