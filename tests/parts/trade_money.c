/*
 * Deliveries and returns, instalments and receipts, balance, credit and invoices: the account agrees after each.
 */
#include "common/date.h"
#include "server/entity/fields.h"
#include "tests/lib/pg.h"
#include "tests/parts/trade.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
// clang-format off
#include <cmocka.h>
// clang-format on

static void
order_is_delivered_in_parts_and_goods_come_back(void **state)
{
	int64_t buyer = make_customer("分批发货公司"), order, first, second;
	const Kehu__Record *record;

	order = save(ada, E_order,
	    SENT(
		NUMBER_OF(F_order_customer_id, buyer), TEXT_OF(F_order_address, "浦东大道1号")),
	    LINES(LINE(E_order_line, -1, pump, SO_MANY(Q(10))),
		LINE(E_order_line, -2, valve, SO_MANY(Q(4)),
		    NUMBER_OF(F_order_line_price, Q(7)))));
	expect_error(
	    client_act(ada, E_order, order, "deliver", NULL), ERR_WRONG_STATE, F_order_state);
	expect_written(client_act(ada, E_order, order, "confirm", NULL));
	expect_error(
	    client_save(ada, E_order, order, 2, SENT(TEXT_OF(F_order_remarks, "x")), NULL),
	    ERR_WRONG_STATE, F_order_state);
	expect_error(client_act(ada, E_order, order, "deliver", SENT(TEXT_OF(1, "1=11"))),
	    ERR_OVER_DELIVERY, 1);
	expect_error(client_act(ada, E_order, order, "deliver", SENT(TEXT_OF(1, "3=1"))),
	    ERR_INVALID, 1);
	expect_error(client_act(ada, E_order, order, "deliver", SENT(TEXT_OF(1, "1=1 1=1"))),
	    ERR_INVALID, 1);
	expect_written(client_act(
	    ada, E_order, order, "deliver", SENT(TEXT_OF(1, "1=6.5"), TEXT_OF(3, "顺丰"))));
	assert_string_equal(text_of(ada, E_order, order, F_order_state), "part_delivered");
	first = client_list(ada, E_delivery, "carrier:顺丰")->page->rows[0]->id;
	record = record_of(ada, E_delivery, first);
	assert_int_equal(record->n_lines, 1);
	assert_string_equal(value_of(record, F_delivery_address)->text, "浦东大道1号");
	assert_int_equal(value_of(record, F_delivery_customer_id)->number, buyer);
	/* by hand: the rest of the pumps and one too many valves, then right */
	expect_error(
	    client_save(ada, E_delivery, 0, 0, SENT(NUMBER_OF(F_delivery_order_id, order)),
		LINES({ .entity = E_delivery_line,
		    .id = -1,
		    .values = SENT(NUMBER_OF(F_delivery_line_product_id, valve),
			NUMBER_OF(F_delivery_line_quantity, Q(5))) })),
	    ERR_OVER_DELIVERY, F_delivery_line_quantity);
	second = expect_written(client_act(ada, E_order, order, "deliver", NULL))->id;
	assert_int_equal(second, order);
	assert_string_equal(text_of(ada, E_order, order, F_order_state), "delivered");
	expect_error(
	    client_act(ada, E_order, order, "deliver", NULL), ERR_WRONG_STATE, F_order_state);
	second = pg_int(DB, "SELECT max(id) FROM delivery WHERE order_id = %ld", (long)order);
	/* cancelled, its goods are open again */
	expect_written(
	    client_act(ada, E_delivery, second, "cancel", SENT(TEXT_OF(1, "车坏了"))));
	assert_string_equal(text_of(ada, E_order, order, F_order_state), "part_delivered");
	expect_written(client_act(ada, E_order, order, "deliver", NULL));
	/* two and a half of the first came back, for what they were sold for */
	expect_written(client_act(
	    ada, E_delivery, first, "return", SENT(TEXT_OF(1, "破损"), TEXT_OF(2, "1=2.5"))));
	assert_int_equal(
	    pg_int(DB, "SELECT total FROM goods_return WHERE delivery_id = %ld", (long)first),
	    282500);
	expect_error(client_act(ada, E_delivery, first, "return",
			 SENT(TEXT_OF(1, "又"), TEXT_OF(2, "1=4.1"))),
	    ERR_OVER_DELIVERY, 2);
	expect_error(
	    client_act(ada, E_delivery, first, "cancel", SENT(TEXT_OF(1, "x"))), ERR_IN_USE, 0);
	assert_int_equal(
	    number_of(ada, E_customer, buyer, F_customer_owed), 1130000 + 2800 - 282500);
	check_account(buyer);
	expect_error(client_act(ada, E_order, order, "cancel", SENT(TEXT_OF(1, "x"))),
	    ERR_WRONG_STATE, F_order_state);
	expect_written(client_act(ada, E_order, order, "close", NULL));
	expect_error(client_delete(cai, E_customer, buyer, 0), ERR_IN_USE, 0);
}

static void
order_cancelled_or_closed_early_owes_only_what_was_delivered(void **state)
{
	int64_t buyer = make_customer("提前关闭公司"), order = make_order(buyer, Q(10));

	expect_written(client_act(ada, E_order, order, "confirm", NULL));
	assert_int_equal(number_of(ada, E_customer, buyer, F_customer_owed), 1130000);
	expect_written(
	    client_act(ada, E_order, order, "cancel", SENT(TEXT_OF(1, "客户改主意"))));
	assert_int_equal(number_of(ada, E_customer, buyer, F_customer_owed), 0);
	order = make_order(buyer, Q(10));
	expect_written(client_act(ada, E_order, order, "confirm", NULL));
	expect_written(client_act(ada, E_order, order, "deliver", SENT(TEXT_OF(1, "1=3"))));
	expect_error(client_act(ada, E_order, order, "close", NULL), ERR_REQUIRED, 1);
	expect_written(
	    client_act(ada, E_order, order, "close", SENT(TEXT_OF(1, "余量不要了"))));
	assert_int_equal(number_of(ada, E_customer, buyer, F_customer_owed), 339000);
	assert_int_equal(number_of(ada, E_order, order, F_order_dropped), 791000);
	check_account(buyer);
	expect_error(
	    client_save(ada, E_order, order, 4, SENT(TEXT_OF(F_order_remarks, "x")), NULL),
	    ERR_WRONG_STATE, F_order_state);
}

int64_t
book(struct client *client, int64_t buyer, int64_t minor, const char *reference)
{
	return save(client, E_receipt,
	    SENT(NUMBER_OF(F_receipt_customer_id, buyer), MONEY_OF(F_receipt_amount, minor),
		TEXT_OF(F_receipt_reference, reference)),
	    NULL);
}

static void
receipts_pay_instalments_and_the_rest_is_the_balance(void **state)
{
	int64_t buyer = make_customer("回款公司"), order = make_order(buyer, Q(3)), one, two,
		receipt;
	const Kehu__ServerFrame *answer;

	expect_error(client_act(ada, E_order, order, "plan", SENT(TEXT_OF(1, "100 today"))),
	    ERR_WRONG_STATE, F_order_state);
	expect_written(client_act(ada, E_order, order, "confirm", NULL));
	expect_error(client_act(ada, E_order, order, "plan", SENT(TEXT_OF(1, "30 2026-12-01"))),
	    ERR_PLAN, 1);
	expect_error(
	    client_act(ada, E_order, order, "plan", SENT(TEXT_OF(1, "x"))), ERR_PLAN, 1);
	expect_written(client_act(
	    ada, E_order, order, "plan", SENT(TEXT_OF(1, "33.33% today, 66.67 +60d"))));
	expect_error(client_act(ada, E_order, order, "plan", SENT(TEXT_OF(1, "100 today"))),
	    ERR_PLAN, 0);
	one = pg_int(DB, "SELECT min(id) FROM receivable WHERE order_id = %ld", (long)order);
	two = pg_int(DB, "SELECT max(id) FROM receivable WHERE order_id = %ld", (long)order);
	assert_int_equal(number_of(ada, E_receivable, one, F_receivable_amount), 112989);
	assert_int_equal(number_of(ada, E_receivable, two, F_receivable_amount), 226011);
	/* finance books; the salesperson sees, and does not book */
	expect_error(client_save(ada, E_receipt, 0, 0,
			 SENT(NUMBER_OF(F_receipt_customer_id, buyer),
			     MONEY_OF(F_receipt_amount, 1), TEXT_OF(F_receipt_reference, "A")),
			 NULL),
	    ERR_FORBIDDEN, 0);
	receipt = book(hua, buyer, 100000, "BK001");
	assert_int_equal(number_of(ada, E_receipt, receipt, F_receipt_amount_base), 100000);
	assert_int_equal(number_of(ada, E_receivable, one, F_receivable_open), 12989);
	assert_int_equal(number_of(ada, E_order, order, F_order_paid), 100000);
	answer = client_save(hua, E_receipt, 0, 0,
	    SENT(NUMBER_OF(F_receipt_customer_id, buyer), MONEY_OF(F_receipt_amount, 100000),
		TEXT_OF(F_receipt_reference, "BK001")),
	    NULL);
	expect_error(answer, ERR_DUPLICATE, F_receipt_reference);
	/* named instalment, more than it asks for */
	answer = client_save(hua, E_receipt, 0, 0,
	    SENT(NUMBER_OF(F_receipt_customer_id, buyer), MONEY_OF(F_receipt_amount, 500000),
		TEXT_OF(F_receipt_reference, "BK002")),
	    LINES({ .entity = E_receipt_allocation,
		.id = -1,
		.values = SENT(NUMBER_OF(F_receipt_allocation_receivable_id, two),
		    MONEY_OF(F_receipt_allocation_amount, 226012)) }));
	expect_error(answer, ERR_OVERPAID, 0);
	receipt = book(hua, buyer, 300000, "BK003");
	assert_int_equal(number_of(ada, E_receivable, two, F_receivable_open), 0);
	assert_int_equal(number_of(ada, E_receipt, receipt, F_receipt_to_balance), 61000);
	assert_int_equal(number_of(ada, E_customer, buyer, F_customer_balance), 61000);
	assert_int_equal(number_of(ada, E_customer, buyer, F_customer_owed), -61000);
	assert_int_equal(list_count(ada, E_prepaid_entry, "customer:回款公司"), 1);
	expect_error(
	    client_save(hua, E_receipt, receipt, 1, SENT(MONEY_OF(F_receipt_amount, 1)), NULL),
	    ERR_WRONG_STATE, 0);
	check_account(buyer);
	/* the balance pays what comes next, and no more than is there */
	order = make_order(buyer, Q(1));
	expect_written(client_act(ada, E_order, order, "confirm", NULL));
	expect_written(client_act(ada, E_order, order, "plan", SENT(TEXT_OF(1, "100 today"))));
	one = pg_int(DB, "SELECT max(id) FROM receivable WHERE order_id = %ld", (long)order);
	expect_error(client_act(ada, E_receivable, one, "settle", NULL), ERR_BALANCE, 0);
	expect_written(client_act(ada, E_receivable, one, "settle", SENT(MONEY_OF(1, 61000))));
	assert_int_equal(number_of(ada, E_receivable, one, F_receivable_open), 52000);
	assert_int_equal(number_of(ada, E_customer, buyer, F_customer_balance), 0);
	check_account(buyer);
	/* what was spent cannot be taken back; another receipt can, and frees its reference */
	expect_error(client_act(hua, E_receipt, receipt, "reverse", SENT(TEXT_OF(1, "错"))),
	    ERR_BALANCE, 0);
	receipt = book(hua, buyer, 52000, "BK004");
	expect_written(
	    client_act(hua, E_receipt, receipt, "reverse", SENT(TEXT_OF(1, "银行退回"))));
	assert_int_equal(number_of(ada, E_receivable, one, F_receivable_open), 52000);
	book(hua, buyer, 52000, "BK004");
	check_account(buyer);
	expect_error(
	    client_save(hua, E_receipt, 0, 0,
		SENT(NUMBER_OF(F_receipt_customer_id, buyer), MONEY_OF(F_receipt_amount, 1),
		    TEXT_OF(F_receipt_reference, "明天"),
		    NUMBER_OF(F_receipt_received_on, today + 1)),
		NULL),
	    ERR_INVALID, F_receipt_received_on);
	expect_error(
	    client_save(hua, E_receipt, 0, 0,
		SENT(NUMBER_OF(F_receipt_customer_id, buyer), MONEY_OF(F_receipt_amount, -5),
		    TEXT_OF(F_receipt_reference, "负")),
		NULL),
	    ERR_INVALID, F_receipt_amount);
}

static void
overdue_instalments_are_listed_until_paid(void **state)
{
	int64_t buyer = make_customer("逾期公司"), order = make_order(buyer, Q(1)), one;

	expect_written(client_act(ada, E_order, order, "confirm", NULL));
	expect_written(
	    client_act(ada, E_order, order, "plan", SENT(TEXT_OF(1, "40 -5d, 60 +5d"))));
	assert_int_equal(list_count(ada, E_receivable, "overdue:..-1d customer:逾期公司"), 1);
	assert_int_equal(list_count(ada, E_receivable, "逾期:..+9d customer:逾期公司"), 2);
	book(hua, buyer, 45200, "YQ1");
	assert_int_equal(list_count(ada, E_receivable, "overdue:..-1d customer:逾期公司"), 0);
	/* an instalment may be put off, never below what was paid, never past the order */
	one = pg_int(DB, "SELECT min(id) FROM receivable WHERE order_id = %ld", (long)order);
	expect_error(client_save(ada, E_receivable, one, 1,
			 SENT(MONEY_OF(F_receivable_amount, 45199)), NULL),
	    ERR_IN_USE, 0);
	expect_error(client_save(ada, E_receivable, one, 1,
			 SENT(MONEY_OF(F_receivable_amount, 45201)), NULL),
	    ERR_PLAN, 0);
	expect_error(client_delete(cai, E_receivable, one, 0), ERR_IN_USE, 0);
	expect_written(client_delete(cai, E_receivable,
	    pg_int(DB, "SELECT max(id) FROM receivable WHERE order_id = %ld", (long)order), 0));
	expect_written(client_save(ada, E_receivable, 0, 0,
	    SENT(NUMBER_OF(F_receivable_order_id, order),
		NUMBER_OF(F_receivable_due_on, today + 9),
		MONEY_OF(F_receivable_amount, 67800)),
	    NULL));
	check_account(buyer);
}

static void
order_over_credit_waits_for_release(void **state)
{
	int64_t buyer = make_customer("信用公司"), first = make_order(buyer, Q(1)),
		second = make_order(buyer, Q(1)), third = make_order(buyer, Q(1));

	save(hua, E_credit_limit,
	    SENT(NUMBER_OF(F_credit_limit_customer_id, buyer),
		MONEY_OF(F_credit_limit_amount, 200000)),
	    NULL);
	expect_error(client_save(hua, E_credit_limit, 0, 0,
			 SENT(NUMBER_OF(F_credit_limit_customer_id, buyer),
			     MONEY_OF(F_credit_limit_amount, 1)),
			 NULL),
	    ERR_DUPLICATE, F_credit_limit_customer_id);
	expect_error(client_save(ada, E_credit_limit, 0, 0,
			 SENT(NUMBER_OF(F_credit_limit_customer_id, buyer),
			     MONEY_OF(F_credit_limit_amount, 1)),
			 NULL),
	    ERR_FORBIDDEN, 0);
	expect_written(client_act(ada, E_order, first, "confirm", NULL));
	assert_non_null(strstr(expect_written(client_act(ada, E_order, second, "confirm", NULL))->text, "HELD"));
	expect_said(shell("ada", "act order %ld confirm", (long)third), "已挂起：超出客户信用额度");
	assert_string_equal(text_of(ada, E_order, first, F_order_state), "confirmed");
	assert_string_equal(text_of(ada, E_order, second, F_order_state), "held");
	assert_string_equal(text_of(ada, E_order, third, F_order_state), "held");
	expect_error(
	    client_act(ada, E_order, second, "deliver", NULL), ERR_WRONG_STATE, F_order_state);
	expect_error(client_act(ada, E_order, second, "release", NULL), ERR_OVER_CREDIT, 0);
	/* a receipt makes room for the older one, and only that */
	book(hua, buyer, 30000, "XY1");
	assert_string_equal(text_of(ada, E_order, second, F_order_state), "confirmed");
	assert_string_equal(text_of(ada, E_order, third, F_order_state), "held");
	assert_int_equal(number_of(ada, E_customer, buyer, F_customer_owed), 196000);
	/* who approves orders answers for more */
	expect_written(client_act(cai, E_order, third, "release", SENT(TEXT_OF(1, "老客户"))));
	assert_string_equal(text_of(ada, E_order, third, F_order_state), "confirmed");
	assert_string_equal(text_of(ada, E_order, third, F_order_reason), "老客户");
	check_account(buyer);
}

static void
invoice_request_takes_the_customers_title(void **state)
{
	int64_t buyer = make_customer("开票公司"), order = make_order(buyer, Q(1)), asked;
	const Kehu__Record *record;

	expect_error(client_act(ada, E_order, order, "invoice", SENT(TEXT_OF(1, "special"))),
	    ERR_WRONG_STATE, F_order_state);
	expect_written(client_act(ada, E_order, order, "confirm", NULL));
	expect_error(client_act(ada, E_order, order, "invoice",
			 SENT(TEXT_OF(1, "special"), MONEY_OF(2, 113001))),
	    ERR_OVER_INVOICE, 0);
	expect_written(client_act(
	    ada, E_order, order, "invoice", SENT(TEXT_OF(1, "special"), MONEY_OF(2, 50000))));
	expect_written(
	    client_act(ada, E_order, order, "invoice", SENT(TEXT_OF(1, "ordinary"))));
	asked =
	    pg_int(DB, "SELECT min(id) FROM invoice_request WHERE order_id = %ld", (long)order);
	record = record_of(hua, E_invoice_request, asked);
	assert_string_equal(value_of(record, F_invoice_request_title)->text, "开票公司");
	assert_string_equal(value_of(record, F_invoice_request_tax_number)->text,
	    text_of(ada, E_customer, buyer, F_customer_tax_number));
	assert_string_equal(value_of(record, F_invoice_request_bank)->text, "工商银行浦东支行");
	assert_int_equal(
	    number_of(hua, E_invoice_request, asked + 0, F_invoice_request_amount), 50000);
	assert_int_equal(pg_int(DB,
			     "SELECT amount FROM invoice_request WHERE order_id = %ld ORDER BY "
			     "id DESC LIMIT 1",
			     (long)order),
	    63000);
	expect_error(client_act(ada, E_order, order, "invoice", SENT(TEXT_OF(1, "special"))),
	    ERR_INVALID, F_invoice_request_amount);
	expect_error(
	    client_act(ada, E_invoice_request, asked, "issue", SENT(TEXT_OF(1, "0001"))),
	    ERR_FORBIDDEN, 0);
	expect_written(
	    client_act(hua, E_invoice_request, asked, "issue", SENT(TEXT_OF(1, "0001"))));
	assert_string_equal(
	    text_of(ada, E_invoice_request, asked, F_invoice_request_state), "issued");
	expect_error(client_act(hua, E_invoice_request, asked, "reject", SENT(TEXT_OF(1, "x"))),
	    ERR_WRONG_STATE, F_invoice_request_state);
}

static void
transfer_takes_the_customers_money_along(void **state)
{
	int64_t buyer = make_customer("转移公司"), receipt = book(hua, buyer, 700, "ZY1");

	expect_error(client_get(ben, E_receipt, receipt), ERR_NO_SUCH_RECORD, 0);
	expect_written(
	    client_act(cai, E_customer, buyer, "transfer", SENT(NUMBER_OF(1, USER_BEN))));
	assert_int_equal(number_of(ben, E_receipt, receipt, F_receipt_owner_id), USER_BEN);
	assert_int_equal(list_count(ben, E_prepaid_entry, "customer:转移公司"), 1);
}

static void
others_orders_do_not_exist(void **state)
{
	int64_t order = make_order(customer, Q(1));

	expect_error(client_get(ben, E_order, order), ERR_NO_SUCH_RECORD, 0);
	expect_error(client_act(ben, E_order, order, "confirm", NULL), ERR_NO_SUCH_RECORD, 0);
	expect_error(client_act(eve, E_delivery, order, "receive", NULL), ERR_FORBIDDEN, 0);
	expect_error(client_get(guo, E_order, order), ERR_NO_SUCH_ENTITY, 0);
	expect_error(client_save(mei, E_order, 0, 0,
			 SENT(NUMBER_OF(F_order_customer_id, customer)), NULL),
	    ERR_NO_SUCH_ENTITY, 0);
	expect_error(client_save(ada, E_prepaid_entry, 0, 0,
			 SENT(NUMBER_OF(F_prepaid_entry_customer_id, customer)), NULL),
	    ERR_FORBIDDEN, 0);
	expect_error(
	    client_save(ada, E_product, 0, 0, SENT(TEXT_OF(F_product_name, "x")), NULL),
	    ERR_FORBIDDEN, 0);
	expect_error(
	    client_save(ada, E_price_list, 0, 0, SENT(TEXT_OF(F_price_list_name, "x")), NULL),
	    ERR_FORBIDDEN, 0);
	expect_error(client_save(hua, E_quote, 0, 0,
			 SENT(NUMBER_OF(F_quote_customer_id, customer)), NULL),
	    ERR_FORBIDDEN, 0);
}

int
trade_money(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(order_is_delivered_in_parts_and_goods_come_back),
		cmocka_unit_test(order_cancelled_or_closed_early_owes_only_what_was_delivered),
		cmocka_unit_test(receipts_pay_instalments_and_the_rest_is_the_balance),
		cmocka_unit_test(overdue_instalments_are_listed_until_paid),
		cmocka_unit_test(order_over_credit_waits_for_release),
		cmocka_unit_test(invoice_request_takes_the_customers_title),
		cmocka_unit_test(transfer_takes_the_customers_money_along),
		cmocka_unit_test(others_orders_do_not_exist),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
