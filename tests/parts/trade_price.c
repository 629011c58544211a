/*
 * Products and the prices that lines find: by level, date, unit and quantity, or why none.
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

/* What a form asks while it is filled in. */
static const Kehu__ServerFrame *
rehearse_order(const struct sent *values, const struct sent_line *lines)
{
	Kehu__ClientFrame *step = client_save_step(ada, E_order, -1, 0, values);

	client_add_lines(ada, step->save->record, lines);
	return client_bulk(ada, uuid_new(), &step, 1, true);
}

static void
product_is_found_by_initials_and_keeps_units_apart(void **state)
{
	const Kehu__ServerFrame *answer = client_search(ada, "bfsb");

	assert_int_equal(answer->answer_case, KEHU__SERVER_FRAME__ANSWER_SEARCH);
	assert_true(list_count(ada, E_product, "name:备份水泵") == 1);
	assert_int_equal(strncmp(text_of(ada, E_product, pump, F_product_number), "P", 1), 0);
	expect_error(
	    client_save(mei, E_product, 0, 0,
		SENT(TEXT_OF(F_product_name, "坏单位"), TEXT_OF(F_product_unit, "box")),
		LINES({ .entity = E_product_unit,
		    .id = -1,
		    .values = SENT(TEXT_OF(F_product_unit_unit, "box"),
			NUMBER_OF(F_product_unit_factor, Q(2))) })),
	    ERR_DUPLICATE, F_product_unit_unit);
	expect_error(
	    client_save(mei, E_product, 0, 0,
		SENT(TEXT_OF(F_product_name, "坏税率"), NUMBER_OF(F_product_tax_rate, 20000)),
		NULL),
	    ERR_INVALID, F_product_tax_rate);
}

static void
price_is_found_by_level_date_unit_and_quantity(void **state)
{
	const Kehu__Record *record;
	int64_t order = save(ada, E_order, SENT(NUMBER_OF(F_order_customer_id, customer)),
	    LINES(LINE(E_order_line, -1, pump, SO_MANY(Q(1))),
		LINE(E_order_line, -2, pump, SO_MANY(Q(100))),
		LINE(E_order_line, -3, pump, SO_MANY(Q(2)), TEXT_OF(F_order_line_unit, "box")),
		LINE(E_order_line, -4, valve, SO_MANY(Q(1)),
		    NUMBER_OF(F_order_line_price, Q(50)),
		    NUMBER_OF(F_order_line_discount, 1000))));

	record = record_of(ada, E_order, order);
	/* the level's list, not everybody's; the bigger quantity's price; 12 pieces to the box
	 */
	assert_int_equal(line_value(record, 0, F_order_line_price)->number, Q(1130));
	assert_int_equal(line_value(record, 1, F_order_line_price)->number, Q(1000));
	assert_int_equal(line_value(record, 2, F_order_line_price)->number, Q(1130 * 12));
	assert_string_equal(line_value(record, 2, F_order_line_price_list_id)->text, "A级价");
	assert_string_equal(line_value(record, 3, F_order_line_unit)->text, "piece");
	assert_int_equal(line_value(record, 3, F_order_line_amount)->number, 4500);
	assert_null(line_value(record, 3, F_order_line_price_list_id));
	/* 1130 + 100000 + 27120 + 45 with tax of 13 % in it */
	assert_int_equal(value_of(record, F_order_total)->number, 12829500);
	assert_int_equal(value_of(record, F_order_tax)->number, 1475960);
	assert_int_equal(value_of(record, F_order_net)->number, 12829500 - 1475960);
	assert_string_equal(value_of(record, F_order_total)->text, "CNY");
	assert_string_equal(value_of(record, F_order_state)->text, "draft");
	/* a quantity changed finds its price again; a price typed stays */
	expect_written(client_save(ada, E_order, order, 1, SENT(TEXT_OF(F_order_remarks, "改")),
	    LINES({ .entity = E_order_line,
		      .id = record->lines[0]->id,
		      .values = SENT(NUMBER_OF(F_order_line_quantity, Q(200))) },
		{ .entity = E_order_line,
		    .id = record->lines[3]->id,
		    .values = SENT(NUMBER_OF(F_order_line_quantity, Q(3))) })));
	record = record_of(ada, E_order, order);
	assert_int_equal(line_value(record, 0, F_order_line_price)->number, Q(1000));
	assert_int_equal(line_value(record, 3, F_order_line_price)->number, Q(50));
}

static void
lines_name_what_is_wrong_with_them(void **state)
{
	const Kehu__ServerFrame *answer = client_save(ada, E_order, 0, 0,
	    SENT(NUMBER_OF(F_order_customer_id, customer)),
	    LINES(LINE(E_order_line, -1, pump, SO_MANY(0)),
		LINE(E_order_line, -2, valve, SO_MANY(Q(1))),
		LINE(E_order_line, -3, pump, SO_MANY(Q(1)), TEXT_OF(F_order_line_unit, "ton")),
		LINE(E_order_line, -4, pump, SO_MANY(Q(1)),
		    NUMBER_OF(F_order_line_discount, 10001)),
		LINE(E_order_line, -5, 999999999, SO_MANY(Q(1)))));

	/* a product nobody knows stops the rest from being priced */
	expect_error(answer, ERR_NO_SUCH_RECORD, F_order_line_product_id);
	assert_int_equal(answer->error->line, -5);
	answer = client_save(ada, E_order, 0, 0, SENT(NUMBER_OF(F_order_customer_id, customer)),
	    LINES(LINE(E_order_line, -1, pump, SO_MANY(0)),
		LINE(E_order_line, -2, valve, SO_MANY(Q(1))),
		LINE(E_order_line, -3, pump, SO_MANY(Q(1)), TEXT_OF(F_order_line_unit, "ton")),
		LINE(E_order_line, -4, pump, SO_MANY(Q(1)),
		    NUMBER_OF(F_order_line_discount, 10001))));
	expect_error(answer, ERR_INVALID, F_order_line_quantity);
	assert_int_equal(answer->error->line, -1);
	assert_int_equal(answer->error->n_more, 4);
	assert_int_equal(answer->error->more[0]->code, ERR_NO_PRICE);
	assert_int_equal(answer->error->more[0]->line, -2);
	assert_int_equal(answer->error->more[1]->field, F_order_line_unit);
}

static void
rehearsal_answers_prices_and_totals_and_keeps_nothing(void **state)
{
	size_t before = list_count(ada, E_order, "");
	const Kehu__ServerFrame *answer =
	    rehearse_order(SENT(NUMBER_OF(F_order_customer_id, customer)),
		LINES(LINE(E_order_line, -1, pump, SO_MANY(Q(2))),
		    LINE(E_order_line, -2, valve, SO_MANY(Q(1)),
			NUMBER_OF(F_order_line_price, Q(50)))));
	const Kehu__Record *record;

	assert_int_equal(answer->answer_case, KEHU__SERVER_FRAME__ANSWER_BULK);
	record = answer->bulk->steps[0]->record;
	assert_non_null(record);
	assert_int_equal(record->lines[0]->id, -1);
	assert_int_equal(line_value(record, 0, F_order_line_price)->number, Q(1130));
	assert_string_equal(line_value(record, 0, F_order_line_unit)->text, "piece");
	assert_int_equal(line_value(record, 0, F_order_line_tax_rate)->number, 1300);
	assert_int_equal(line_value(record, 0, F_order_line_amount)->number, 226000);
	assert_int_equal(line_value(record, 1, F_order_line_amount)->number, 5000);
	assert_int_equal(value_of(record, F_order_total)->number, 231000);
	assert_int_equal(list_count(ada, E_order, ""), before);
	/* what is wrong with a line is said as a save would */
	answer = rehearse_order(SENT(NUMBER_OF(F_order_customer_id, customer)),
	    LINES(LINE(E_order_line, -1, valve, SO_MANY(Q(1)))));
	expect_error(answer, ERR_NO_PRICE, F_order_line_price);
	assert_int_equal(answer->error->line, -1);
	/* nothing of it is answered by a real save */
	assert_null(expect_written(
	    client_save(ada, E_order, 0, 0, SENT(NUMBER_OF(F_order_customer_id, customer)),
		LINES(LINE(E_order_line, -1, pump, SO_MANY(Q(2))))))
			->record);
}

static void
price_that_ended_yesterday_is_refused_then_priced_again(void **state)
{
	int64_t product = make_product("旧价阀门"), order;
	int64_t list = make_list("旧价", NULL, today - 30, today + 5, product, 0, Q(88));
	const Kehu__Record *record;
	const Kehu__ServerFrame *answer;

	order = save(ada, E_order, SENT(NUMBER_OF(F_order_customer_id, customer)),
	    LINES(LINE(E_order_line, -1, product, SO_MANY(Q(2)))));
	/* the list is cut short behind the draft's back */
	expect_written(client_save(cai, E_price_list, list, 1,
	    SENT(NUMBER_OF(F_price_list_valid_until, today - 1)), NULL));
	answer = client_act(ada, E_order, order, "confirm", NULL);
	expect_error(answer, ERR_PRICE_ENDED, 0);
	assert_non_null(strstr(answer->error->text, "旧价阀门"));
	assert_non_null(strstr(answer->error->text, date_format(bed->arena, today - 1)));
	/* a new draft is refused at its line */
	answer = client_save(ada, E_order, 0, 0, SENT(NUMBER_OF(F_order_customer_id, customer)),
	    LINES(LINE(E_order_line, -9, product, SO_MANY(Q(2)))));
	expect_error(answer, ERR_PRICE_ENDED, F_order_line_price);
	assert_int_equal(answer->error->line, -9);
	/* with a new list it is priced again, and says so */
	make_list("新价", NULL, today, 0, product, 0, Q(99));
	expect_written(client_act(ada, E_order, order, "reprice", NULL));
	record = record_of(ada, E_order, order);
	assert_int_equal(line_value(record, 0, F_order_line_price)->number, Q(99));
	assert_int_equal(value_of(record, F_order_total)->number, 19800);
	assert_non_null(
	    strstr(value_of(record, F_order_reason)->text, date_format(bed->arena, today)));
	expect_written(client_act(ada, E_order, order, "confirm", NULL));
}

static void
currency_without_a_rate_is_refused(void **state)
{
	const struct sent_line *lines = LINES(
	    LINE(E_order_line, -1, pump, SO_MANY(Q(1)), NUMBER_OF(F_order_line_price, Q(100))));
	int64_t order;

	expect_error(client_save(ada, E_order, 0, 0,
			 SENT(NUMBER_OF(F_order_customer_id, customer),
			     TEXT_OF(F_order_currency, "USD")),
			 lines),
	    ERR_NO_RATE, F_order_currency);
	save(hua, E_currency_rate,
	    SENT(TEXT_OF(F_currency_rate_currency, "USD"),
		NUMBER_OF(F_currency_rate_day, today - 3),
		NUMBER_OF(F_currency_rate_rate, 7123456)),
	    NULL);
	expect_error(
	    client_save(ada, E_order, 0, 0,
		SENT(NUMBER_OF(F_order_customer_id, customer), TEXT_OF(F_order_currency, "USD"),
		    NUMBER_OF(F_order_ordered_on, today - 4)),
		lines),
	    ERR_NO_RATE, F_order_currency);
	order = save(ada, E_order,
	    SENT(NUMBER_OF(F_order_customer_id, customer), TEXT_OF(F_order_currency, "USD")),
	    lines);
	assert_int_equal(number_of(ada, E_order, order, F_order_total), 10000);
	assert_int_equal(number_of(ada, E_order, order, F_order_total_base), 71235);
	expect_error(client_save(hua, E_currency_rate, 0, 0,
			 SENT(TEXT_OF(F_currency_rate_currency, "CNY"),
			     NUMBER_OF(F_currency_rate_rate, 1)),
			 NULL),
	    ERR_INVALID, F_currency_rate_currency);
	expect_error(client_save(hua, E_currency_rate, 0, 0,
			 SENT(TEXT_OF(F_currency_rate_currency, "EUR"),
			     NUMBER_OF(F_currency_rate_rate, 0)),
			 NULL),
	    ERR_INVALID, F_currency_rate_rate);
}

static void
discount_past_the_limit_is_told(void **state)
{
	int64_t order,
	    role = client_list(guo, E_role, "name:account_manager")->page->rows[0]->id;
	int64_t limit = save(guo, E_discount_limit,
	    SENT(TEXT_OF(F_discount_limit_name, "客户经理"),
		NUMBER_OF(F_discount_limit_role_id, role),
		NUMBER_OF(F_discount_limit_percent, 500)),
	    NULL);

	order = save(ada, E_order, SENT(NUMBER_OF(F_order_customer_id, customer)),
	    LINES(LINE(
		E_order_line, -1, pump, SO_MANY(Q(1)), NUMBER_OF(F_order_line_discount, 500))));
	assert_int_equal(number_of(ada, E_order, order, F_order_over_limit), 0);
	order = save(ada, E_order, SENT(NUMBER_OF(F_order_customer_id, customer)),
	    LINES(LINE(
		E_order_line, -1, pump, SO_MANY(Q(1)), NUMBER_OF(F_order_line_discount, 501))));
	assert_int_equal(number_of(ada, E_order, order, F_order_over_limit), 1);
	/* a lower price typed is a discount, too */
	order = save(ada, E_order, SENT(NUMBER_OF(F_order_customer_id, customer)),
	    LINES(LINE(E_order_line, -1, pump, SO_MANY(Q(1)),
		NUMBER_OF(F_order_line_price, Q(1000)))));
	assert_int_equal(number_of(ada, E_order, order, F_order_discount_max), 1150);
	assert_int_equal(list_count(ada, E_order, "over_limit:yes"), 2);
	expect_error(client_save(guo, E_discount_limit, 0, 0,
			 SENT(TEXT_OF(F_discount_limit_name, "过大"),
			     NUMBER_OF(F_discount_limit_percent, 10001)),
			 NULL),
	    ERR_INVALID, F_discount_limit_percent);
	expect_written(client_delete(guo, E_discount_limit, limit, 0));
}

int
trade_prices(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(product_is_found_by_initials_and_keeps_units_apart),
		cmocka_unit_test(price_is_found_by_level_date_unit_and_quantity),
		cmocka_unit_test(lines_name_what_is_wrong_with_them),
		cmocka_unit_test(rehearsal_answers_prices_and_totals_and_keeps_nothing),
		cmocka_unit_test(price_that_ended_yesterday_is_refused_then_priced_again),
		cmocka_unit_test(currency_without_a_rate_is_refused),
		cmocka_unit_test(discount_past_the_limit_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
