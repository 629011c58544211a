/*
 * What is copied forward, never retyped: opportunity to quote, its versions, contract, order.
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
quote_is_revised_and_becomes_an_order_without_retyping(void **state)
{
	const Kehu__Record *old, *record;
	int64_t quote = save(ada, E_quote,
	    SENT(NUMBER_OF(F_quote_customer_id, customer), TEXT_OF(F_quote_terms, "月结30天")),
	    LINES(LINE(E_quote_line, -1, pump, SO_MANY(Q(3))),
		LINE(E_quote_line, -2, valve, SO_MANY(Q(5)),
		    NUMBER_OF(F_quote_line_price, Q(20)))));
	int64_t next, order;

	assert_int_equal(number_of(ada, E_quote, quote, F_quote_valid_until), today + 30);
	expect_error(
	    client_act(ada, E_quote, quote, "order", NULL), ERR_WRONG_STATE, F_quote_state);
	expect_written(client_act(ada, E_quote, quote, "issue", NULL));
	expect_error(
	    client_save(ada, E_quote, quote, 2, SENT(TEXT_OF(F_quote_terms, "预付")), NULL),
	    ERR_WRONG_STATE, F_quote_state);
	expect_written(
	    client_act(ada, E_quote, quote, "revise", SENT(TEXT_OF(1, "客户要求降价"))));
	old = record_of(ada, E_quote, quote);
	assert_string_equal(value_of(old, F_quote_state)->text, "superseded");
	assert_int_equal(value_of(old, F_quote_total)->number, 349000);
	next = client_list(ada, E_quote, "state:draft version:2")->page->rows[0]->id;
	record = record_of(ada, E_quote, next);
	assert_int_equal(value_of(record, F_quote_previous_id)->number, quote);
	assert_string_equal(value_of(record, F_quote_terms)->text, "月结30天");
	assert_non_null(strstr(value_of(record, F_quote_number)->text, "-2"));
	assert_int_equal(record->n_lines, 2);
	expect_written(
	    client_save(ada, E_quote, next, 1, SENT(NUMBER_OF(F_quote_valid_until, today)),
		LINES({ .entity = E_quote_line,
		    .id = record->lines[0]->id,
		    .values = SENT(NUMBER_OF(F_quote_line_discount, 300)) })));
	expect_written(client_act(ada, E_quote, next, "issue", NULL));
	expect_written(client_act(ada, E_quote, next, "order", NULL));
	order = pg_int(DB, "SELECT id FROM sales_order WHERE quote_id = %ld", (long)next);
	record = record_of(ada, E_order, order);
	assert_int_equal(value_of(record, F_order_total)->number,
	    number_of(ada, E_quote, next, F_quote_total));
	assert_int_equal(value_of(record, F_order_total)->number, 338830);
	assert_string_equal(value_of(record, F_order_terms)->text, "月结30天");
	assert_int_equal(line_value(record, 0, F_order_line_discount)->number, 300);
	assert_int_equal(line_value(record, 0, F_order_line_list_price)->number, Q(1130));
	/* one quote, one order */
	expect_error(
	    client_act(ada, E_quote, next, "order", NULL), ERR_WRONG_STATE, F_quote_state);
	expect_error(
	    client_act(ada, E_quote, quote, "order", NULL), ERR_WRONG_STATE, F_quote_state);
}

/* Both versions side by side: what was taken off shows where it was. */
static void
versions_of_a_quote_are_compared(void **state)
{
	const char *said = shell("ada", "report quote_versions quote=%s --format text",
	    pg_exec(DB, "SELECT q.id FROM quote q JOIN quote w ON w.id = q.previous_id WHERE "
			"w.reason = '客户要求降价'"));

	expect_said(said, "客户要求降价");
	expect_said(said, "0 > 3");
	expect_said(said, "3,490.00 CNY");
	expect_said(said, "3,388.30 CNY");
	expect_said(said, "-101.70 CNY");
}

/* What an opportunity wants, in and out of the catalogue. */
static int64_t
make_opportunity(const char *name, int64_t product, const char *words)
{
	return save(ada, E_opportunity,
	    SENT(TEXT_OF(F_opportunity_name, name),
		NUMBER_OF(F_opportunity_customer_id, customer)),
	    LINES({ .entity = E_opportunity_product,
		      .id = -1,
		      .values = SENT(NUMBER_OF(F_opportunity_product_product_id, product),
			  NUMBER_OF(F_opportunity_product_quantity, 3000),
			  TEXT_OF(F_opportunity_product_note, "急用")) },
		{ .entity = E_opportunity_product,
		    .id = -2,
		    .values = words != NULL
				  ? SENT(TEXT_OF(F_opportunity_product_product, words))
				  : SENT(NUMBER_OF(F_opportunity_product_product_id, valve),
					NUMBER_OF(F_opportunity_product_quantity, 500),
					MONEY_OF(F_opportunity_product_price, 1950)) }));
}

static void
opportunity_becomes_quote_order_and_is_won_without_retyping(void **state)
{
	int64_t deal = make_opportunity("泵站改造", pump, NULL), quote, order;
	const Kehu__Record *record = record_of(ada, E_opportunity, deal);

	assert_string_equal(
	    line_value(record, 0, F_opportunity_product_product)->text, "备份水泵");
	expect_written(client_act(ada, E_opportunity, deal, "quote", NULL));
	quote = pg_int(DB, "SELECT id FROM quote WHERE opportunity_id = %ld", (long)deal);
	record = record_of(ada, E_quote, quote);
	assert_int_equal(value_of(record, F_quote_customer_id)->number, customer);
	assert_string_equal(value_of(record, F_quote_state)->text, "draft");
	assert_int_equal(line_value(record, 0, F_quote_line_quantity)->number, Q(3));
	assert_int_equal(line_value(record, 0, F_quote_line_price)->number, Q(1130));
	assert_string_equal(line_value(record, 0, F_quote_line_description)->text, "急用");
	assert_int_equal(line_value(record, 1, F_quote_line_quantity)->number, Q(1) / 2);
	assert_int_equal(line_value(record, 1, F_quote_line_price)->number, Q(39) / 2);
	expect_written(client_act(ada, E_quote, quote, "issue", NULL));
	expect_written(client_act(ada, E_quote, quote, "order", NULL));
	order = pg_int(DB, "SELECT id FROM sales_order WHERE quote_id = %ld", (long)quote);
	assert_int_equal(number_of(ada, E_order, order, F_order_opportunity_id), deal);
	assert_string_equal(text_of(ada, E_opportunity, deal, F_opportunity_state), "open");
	expect_written(client_act(ada, E_order, order, "confirm", NULL));
	record = record_of(ada, E_opportunity, deal);
	assert_string_equal(value_of(record, F_opportunity_state)->text, "won");
	assert_string_equal(value_of(record, F_opportunity_stage)->text, "won");
	assert_int_equal(value_of(record, F_opportunity_probability)->number, 100);
	assert_int_equal(value_of(record, F_opportunity_closed_on)->number, today);
	assert_int_equal(value_of(record, F_opportunity_amount)->number,
	    number_of(ada, E_order, order, F_order_total));
	assert_string_equal(value_of(record, F_opportunity_close_note)->text,
	    text_of(ada, E_order, order, F_order_number));
	assert_int_equal(
	    pg_int(DB, "SELECT count(*) FROM opportunity_move WHERE opportunity_id = %ld",
		(long)deal),
	    2);
	expect_error(client_act(ada, E_opportunity, deal, "quote", NULL), ERR_WRONG_STATE,
	    F_opportunity_state);
	/* the rest of it: found from each other */
	assert_int_equal(list_count(ada, E_quote, "opportunity:泵站改造"), 1);
	assert_int_equal(list_count(ada, E_order, "opportunity:泵站改造"), 1);
}

/* An order of this opportunity, confirmed. */
static int64_t
confirm_order_of(int64_t deal)
{
	int64_t order = save(ada, E_order, SENT(NUMBER_OF(F_order_opportunity_id, deal)),
	    LINES(LINE(E_order_line, -1, pump, SO_MANY(Q(1)))));

	expect_written(client_act(ada, E_order, order, "confirm", NULL));
	return order;
}

static void
expect_deal(int64_t deal, const char *state, const char *stage)
{
	assert_string_equal(text_of(ada, E_opportunity, deal, F_opportunity_state), state);
	assert_string_equal(text_of(ada, E_opportunity, deal, F_opportunity_stage), stage);
}

static void
order_cancelled_reopens_what_it_won_unless_another_holds_it(void **state)
{
	int64_t deal = make_opportunity("取消重开", pump, NULL), first, second;
	const Kehu__Record *record;

	expect_written(
	    client_act(ada, E_opportunity, deal, "move", SENT(TEXT_OF(1, "engaging"))));
	first = confirm_order_of(deal);
	second = confirm_order_of(deal);
	expect_deal(deal, "won", "won");
	/* the order that won it goes, another holds it */
	expect_written(client_act(ada, E_order, first, "cancel", SENT(TEXT_OF(1, "重复下单"))));
	expect_deal(deal, "won", "won");
	/* closed before anything was delivered brings as little as cancelled */
	expect_written(client_act(ada, E_order, second, "close", SENT(TEXT_OF(1, "客户反悔"))));
	expect_deal(deal, "open", "engaging");
	record = record_of(ada, E_opportunity, deal);
	assert_int_equal(value_of(record, F_opportunity_probability)->number,
	    pg_int(DB, "SELECT probability FROM opportunity_stage WHERE stage = 'engaging'"));
	assert_null(value_of(record, F_opportunity_closed_on));
	assert_null(value_of(record, F_opportunity_close_note));
	assert_int_equal(value_of(record, F_opportunity_amount)->number, 113000);
	assert_int_equal(value_of(record, F_opportunity_weighted)->number,
	    (113000 * value_of(record, F_opportunity_probability)->number + 50) / 100);
	assert_string_equal(
	    pg_exec(DB,
		"SELECT string_agg(stage, ' ' ORDER BY position) || ' ' || (SELECT reason FROM "
		"opportunity_move WHERE opportunity_id = %ld ORDER BY position DESC LIMIT 1) "
		"FROM opportunity_move WHERE opportunity_id = %ld",
		(long)deal, (long)deal),
	    arena_printf(bed->arena, "prospecting engaging won engaging %s: 客户反悔",
		text_of(ada, E_order, second, F_order_number)));
	assert_int_equal(pg_int(DB,
			     "SELECT count(*) FROM history WHERE entity = %d AND record_id = "
			     "%ld AND version = (SELECT version FROM opportunity WHERE id = "
			     "%ld)",
			     E_opportunity, (long)deal, (long)deal),
	    1);
	/* it is worked on and won again */
	first = confirm_order_of(deal);
	expect_deal(deal, "won", "won");
	/* what was delivered stays sold, whatever is left out of the rest */
	expect_written(client_act(ada, E_order, first, "deliver", SENT(TEXT_OF(1, "1=0.5"))));
	expect_written(client_act(ada, E_order, first, "close", SENT(TEXT_OF(1, "余量不要"))));
	expect_deal(deal, "won", "won");
	check_account(customer);
}

static void
order_cancelled_leaves_what_was_won_by_hand(void **state)
{
	int64_t deal = make_opportunity("手工赢单", pump, NULL), order;

	expect_written(client_save(
	    ada, E_opportunity, deal, 1, SENT(MONEY_OF(F_opportunity_amount, 500000)), NULL));
	expect_written(
	    client_act(ada, E_opportunity, deal, "win", SENT(TEXT_OF(2, "口头承诺"))));
	order = confirm_order_of(deal);
	expect_written(client_act(ada, E_order, order, "cancel", SENT(TEXT_OF(1, "改签合同"))));
	expect_deal(deal, "won", "won");
	assert_string_equal(
	    text_of(ada, E_opportunity, deal, F_opportunity_close_note), "口头承诺");
}

static void
opportunity_says_what_a_quote_of_it_lacks(void **state)
{
	int64_t words = make_opportunity("只有描述", pump, "特制滤芯"), other, lost;

	expect_error(client_act(ada, E_opportunity, words, "quote", NULL), ERR_REQUIRED,
	    F_opportunity_product_product_id);
	other = save(ada, E_opportunity, SENT(TEXT_OF(F_opportunity_name, "还没有客户")), NULL);
	expect_error(client_act(ada, E_opportunity, other, "quote", NULL), ERR_REQUIRED,
	    F_opportunity_customer_id);
	expect_error(
	    client_save(ada, E_opportunity, other, 1, NULL,
		LINES({ .entity = E_opportunity_product,
		    .id = -1,
		    .values = SENT(NUMBER_OF(F_opportunity_product_quantity, 1000)) })),
	    ERR_REQUIRED, F_opportunity_product_product_id);
	expect_error(client_save(ada, E_opportunity, other, 1, NULL,
			 LINES({ .entity = E_opportunity_product,
			     .id = -1,
			     .values = SENT(NUMBER_OF(F_opportunity_product_product_id, pump),
				 NUMBER_OF(F_opportunity_product_quantity, -1000)) })),
	    ERR_INVALID, F_opportunity_product_quantity);
	/* a document is for the opportunity's own customer, and takes it over */
	expect_error(client_save(ada, E_quote, 0, 0,
			 SENT(NUMBER_OF(F_quote_customer_id, make_customer("别家公司")),
			     NUMBER_OF(F_quote_opportunity_id, words)),
			 NULL),
	    ERR_INVALID, F_quote_opportunity_id);
	lost = save(ada, E_quote, SENT(NUMBER_OF(F_quote_opportunity_id, words)), NULL);
	assert_int_equal(number_of(ada, E_quote, lost, F_quote_customer_id), customer);
	/* what is lost makes no quote; an order of it wins nothing */
	expect_written(
	    client_act(ada, E_opportunity, words, "lose", SENT(TEXT_OF(1, "price"))));
	expect_error(client_act(ada, E_opportunity, words, "quote", NULL), ERR_WRONG_STATE,
	    F_opportunity_state);
}

static void
quote_that_ended_makes_no_order(void **state)
{
	int64_t quote = save(ada, E_quote,
	    SENT(NUMBER_OF(F_quote_customer_id, customer),
		NUMBER_OF(F_quote_quoted_on, today - 10)),
	    LINES(LINE(E_quote_line, -1, pump, SO_MANY(Q(1)))));

	expect_written(client_act(ada, E_quote, quote, "issue", NULL));
	pg_exec(
	    DB, "UPDATE quote SET valid_until = current_date - 1 WHERE id = %ld", (long)quote);
	expect_error(client_act(ada, E_quote, quote, "order", NULL), ERR_QUOTE_ENDED,
	    F_quote_valid_until);
	expect_written(client_act(ada, E_quote, quote, "lose", SENT(TEXT_OF(1, "价格"))));
	expect_error(client_save(ada, E_quote, 0, 0,
			 SENT(NUMBER_OF(F_quote_customer_id, customer),
			     NUMBER_OF(F_quote_valid_until, today - 1)),
			 NULL),
	    ERR_INVALID, F_quote_valid_until);
}

static void
contract_takes_the_quote_over_makes_orders_reminds_and_is_renewed(void **state)
{
	int64_t quote = save(ada, E_quote, SENT(NUMBER_OF(F_quote_customer_id, customer)),
	    LINES(LINE(E_quote_line, -1, pump, SO_MANY(Q(3)), NUMBER_OF(F_quote_line_discount, 200))));
	int64_t contract, order, next;

	expect_written(client_act(ada, E_quote, quote, "issue", NULL));
	expect_written(client_act(ada, E_quote, quote, "contract", SENT(NUMBER_OF(1, today + 60))));
	assert_string_equal(text_of(ada, E_quote, quote, F_quote_state), "contracted");
	contract = pg_int(DB, "SELECT max(id) FROM contract WHERE quote_id = %ld", (long)quote);
	assert_int_equal(number_of(ada, E_contract, contract, F_contract_total),
	    number_of(ada, E_quote, quote, F_quote_total));
	/* a draft makes no order and reminds nobody */
	expect_error(client_act(ada, E_contract, contract, "order", NULL), ERR_WRONG_STATE, F_contract_state);
	expect_error(client_save(ada, E_contract, contract, 1,
			 SENT(NUMBER_OF(F_contract_valid_until, today - 1)), NULL),
	    ERR_INVALID, F_contract_valid_until);
	expect_error(client_act(ada, E_contract, contract, "sign", SENT(NUMBER_OF(1, today + 1))), ERR_INVALID, 1);
	expect_written(client_act(ada, E_contract, contract, "sign", NULL));
	expect_error(client_save(ada, E_contract, contract, 2, SENT(TEXT_OF(F_contract_title, "x")), NULL), ERR_WRONG_STATE, 0);
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM reminder WHERE contract_id = %ld AND state = 'waiting' AND owner_id = 101"
				    " AND (due_at AT TIME ZONE 'UTC' + interval '8 h')::date = (SELECT valid_until - 30 FROM contract WHERE id = contract_id)",
			     (long)contract), 1);
	/* orders take its prices, as often as they are made */
	for (int i = 0; i < 2; i++)
		expect_written(client_act(ada, E_contract, contract, "order", NULL));
	order = pg_int(DB, "SELECT max(id) FROM sales_order WHERE contract_id = %ld", (long)contract);
	assert_int_equal(number_of(ada, E_order, order, F_order_total), number_of(ada, E_quote, quote, F_quote_total));
	assert_int_equal(list_count(ada, E_order, arena_printf(bed->arena, "contract_id:%ld", (long)contract)), 2);
	/* a renewal follows it; the one before reminds no more */
	expect_error(client_act(ada, E_contract, contract, "renew", SENT(NUMBER_OF(1, today + 60))), ERR_INVALID, 1);
	expect_written(client_act(ada, E_contract, contract, "renew", NULL));
	assert_string_equal(text_of(ada, E_contract, contract, F_contract_state), "renewed");
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM reminder WHERE contract_id = %ld AND state = 'done'", (long)contract), 1);
	next = pg_int(DB, "SELECT id FROM contract WHERE previous_id = %ld", (long)contract);
	assert_int_equal(number_of(ada, E_contract, next, F_contract_valid_from), today + 61);
	assert_int_equal(number_of(ada, E_contract, next, F_contract_valid_until), today + 121);
	assert_int_equal(number_of(ada, E_contract, next, F_contract_total), number_of(ada, E_quote, quote, F_quote_total));
	/* ended, it makes nothing any more */
	expect_written(client_act(ada, E_contract, next, "sign", NULL));
	pg_exec(DB, "UPDATE contract SET valid_until = current_date - 1 WHERE id = %ld", (long)next);
	expect_error(client_act(ada, E_contract, next, "order", NULL), ERR_CONTRACT_ENDED, 0);
	expect_written(client_act(ada, E_contract, next, "end", SENT(TEXT_OF(1, "改供"))));
	expect_error(client_act(ada, E_contract, next, "renew", NULL), ERR_WRONG_STATE, F_contract_state);
	expect_error(client_get(ben, E_contract, contract), ERR_NO_SUCH_RECORD, 0);
}

static void
contract_ending_within_a_month_is_on_todays_list(void **state)
{
	int64_t soon = save(ada, E_contract,
	    SENT(NUMBER_OF(F_contract_customer_id, customer), NUMBER_OF(F_contract_valid_until, today + 20)),
	    LINES(LINE(E_contract_line, -1, pump, SO_MANY(Q(1)))));
	const char *said;

	assert_int_equal(list_count(ada, E_contract, "state:signed valid_until:..+30d sort:valid_until"), 0);
	expect_written(client_act(ada, E_contract, soon, "sign", NULL));
	assert_int_equal(list_count(ada, E_contract, "state:signed valid_until:..+30d sort:valid_until"), 1);
	said = shell("ada", "today");
	expect_said(said, "合同到期");
	expect_said(said, text_of(ada, E_contract, soon, F_contract_number));
	expect_said(shell("ada", "report contract contract=%ld", (long)soon), "销售合同");
	expect_written(client_act(ada, E_contract, soon, "end", SENT(TEXT_OF(1, "试用"))));
}

int
trade_quotes(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(quote_is_revised_and_becomes_an_order_without_retyping),
		cmocka_unit_test(versions_of_a_quote_are_compared),
		cmocka_unit_test(opportunity_becomes_quote_order_and_is_won_without_retyping),
		cmocka_unit_test(order_cancelled_reopens_what_it_won_unless_another_holds_it),
		cmocka_unit_test(order_cancelled_leaves_what_was_won_by_hand),
		cmocka_unit_test(opportunity_says_what_a_quote_of_it_lacks),
		cmocka_unit_test(quote_that_ended_makes_no_order),
		cmocka_unit_test(contract_takes_the_quote_over_makes_orders_reminds_and_is_renewed),
		cmocka_unit_test(contract_ending_within_a_month_is_on_todays_list),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
