/*
 * Products, prices, quotes, orders and the money they bring, against a real kehud and
 * PostgreSQL: what is found, copied forward, held and refused, and that accounts agree.
 */
#include "common/date.h"
#include "server/access/access.h"
#include "server/entity/fields.h"
#include "tests/lib/bed.h"
#include "tests/lib/company.h"
#include "tests/lib/pg.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
// clang-format off
#include <cmocka.h>
// clang-format on

#define DB       "trade"
#define USER_HUA 108 /* finance */
#define USER_MEI 109 /* marketing */
#define MONEY_OF(field_, minor_)                                                               \
	{                                                                                      \
		.field = field_, .text = "CNY", .number = minor_, .has_number = true           \
	}
#define Q(n) ((n)*10000) /* quantities and prices */

static struct bed *bed;
static struct client *ada, *ben, *cai, *eve, *guo, *hua, *mei;
static int64_t today, pump, valve, customer;

static int64_t
save(struct client *client, uint32_t entity, const struct sent *values,
    const struct sent_line *lines)
{
	return expect_written(client_save(client, entity, 0, 0, values, lines))->id;
}

static const Kehu__Record *
get(struct client *client, uint32_t entity, int64_t id)
{
	const Kehu__ServerFrame *answer = client_get(client, entity, id);

	if (answer->answer_case != KEHU__SERVER_FRAME__ANSWER_GET)
		fail_msg("get refused: %u %s", answer->error->code, answer->error->text);
	return answer->get->record;
}

static int64_t
number_of(struct client *client, uint32_t entity, int64_t id, uint32_t field)
{
	const Kehu__Value *value = value_of(get(client, entity, id), field);

	return value != NULL ? value->number : 0;
}

static const char *
text_of(struct client *client, uint32_t entity, int64_t id, uint32_t field)
{
	const Kehu__Value *value = value_of(get(client, entity, id), field);

	return value != NULL && value->text != NULL ? value->text : "";
}

static size_t
list_count(struct client *client, uint32_t entity, const char *query)
{
	const Kehu__ServerFrame *answer = client_list(client, entity, query);

	if (answer->answer_case != KEHU__SERVER_FRAME__ANSWER_PAGE)
		fail_msg("list refused: %u %s", answer->error->code, answer->error->text);
	return answer->page->n_rows;
}

/* Each with a tax number of its own: two of one number would be one customer twice. */
static int64_t
make_customer(const char *name)
{
	static int made;
	const char *tax_number = arena_printf(bed->arena, "91310000TEST%06d", ++made);

	return save(ada, E_customer,
	    SENT(TEXT_OF(F_customer_name, name), TEXT_OF(F_customer_level, "A"),
		TEXT_OF(F_customer_tax_number, tax_number),
		TEXT_OF(F_customer_bank, "工商银行浦东支行")),
	    NULL);
}

static int64_t
make_product(const char *name)
{
	return save(mei, E_product,
	    SENT(TEXT_OF(F_product_name, name), TEXT_OF(F_product_unit, "piece")),
	    (const struct sent_line[]){ { .entity = E_product_unit,
					    .id = -1,
					    .values = SENT(TEXT_OF(F_product_unit_unit, "box"),
						NUMBER_OF(F_product_unit_factor, Q(12))) },
		{ 0 } });
}

static int64_t
make_list(const char *name, const char *level, int64_t from, int64_t until, int64_t product,
    int64_t minimum, int64_t price)
{
	struct sent values[] = { TEXT_OF(F_price_list_name, name),
		NUMBER_OF(F_price_list_valid_from, from),
		{ .field = F_price_list_level, .text = level },
		NUMBER_OF(F_price_list_valid_until, until), { 0 } };

	values[2].empty = level == NULL;
	values[3].empty = until == 0;
	values[3].has_number = until != 0;
	return save(cai, E_price_list, values,
	    (const struct sent_line[]){
		{ .entity = E_price_line,
		    .id = -1,
		    .values = SENT(NUMBER_OF(F_price_line_product_id, product),
			NUMBER_OF(F_price_line_minimum, minimum),
			NUMBER_OF(F_price_line_price, price)) },
		{ 0 } });
}

#define SO_MANY(quantity_) NUMBER_OF(F_order_line_quantity, quantity_)
#define LINE(entity_, id_, product_, ...)                                                      \
	{                                                                                      \
		.entity = entity_, .id = id_,                                                  \
		.values = SENT(NUMBER_OF(F_order_line_product_id, product_), __VA_ARGS__)      \
	}
#define LINES(...)                                                                             \
	(const struct sent_line[])                                                             \
	{                                                                                      \
		__VA_ARGS__,                                                                   \
		{                                                                              \
			0                                                                      \
		}                                                                              \
	}

static int64_t
make_order(int64_t buyer, int64_t quantity)
{
	return save(ada, E_order, SENT(NUMBER_OF(F_order_customer_id, buyer)),
	    LINES(LINE(E_order_line, -1, pump, SO_MANY(quantity))));
}

/* What a form asks while it is filled in. */
static const Kehu__ServerFrame *
rehearse_order(const struct sent *values, const struct sent_line *lines)
{
	Kehu__ClientFrame *step = client_save_step(ada, E_order, -1, 0, values);

	client_add_lines(ada, step->save->record, lines);
	return client_bulk(ada, uuid_new(), &step, 1, true);
}

static const Kehu__Value *
line_value(const Kehu__Record *record, size_t line, uint32_t field)
{
	assert_true(line < record->n_lines);
	return value_of(record->lines[line], field);
}

/* The account is what its papers say. */
static void
check_account(int64_t buyer)
{
	assert_int_equal(
	    pg_int(DB,
		"SELECT coalesce((SELECT owed FROM customer_figures WHERE id = %ld), 0)"
		" - coalesce((SELECT sum(total_base - coalesce(dropped, 0)) FROM sales_order o "
		"LEFT JOIN sales_order_figures f"
		" ON f.id = o.id WHERE customer_id = %ld AND state IN"
		" ('confirmed', 'part_delivered', 'delivered', 'closed')), 0)"
		" + coalesce((SELECT sum(total_base) FROM goods_return WHERE customer_id = "
		"%ld), 0)"
		" + coalesce((SELECT sum(amount_base) FROM receipt WHERE customer_id = %ld AND "
		"state = 'booked'), 0)",
		(long)buyer, (long)buyer, (long)buyer, (long)buyer),
	    0);
	assert_int_equal(
	    pg_int(DB,
		"SELECT coalesce((SELECT balance FROM customer_figures WHERE id = %ld), 0)"
		" - coalesce((SELECT sum(amount) FROM prepaid_entry WHERE customer_id = %ld), "
		"0)",
		(long)buyer, (long)buyer),
	    0);
	assert_int_equal(
	    pg_int(DB,
		"SELECT count(*) FROM receivable r JOIN receivable_figures f ON f.id = r.id"
		" WHERE r.customer_id = %ld AND r.deleted_at IS NULL AND (f.open <> r.amount - "
		"f.paid OR f.paid <>"
		" coalesce((SELECT sum(a.amount) FROM receipt_allocation a JOIN receipt x ON "
		"x.id = a.receipt_id"
		" WHERE a.receivable_id = r.id AND x.state = 'booked'), 0)"
		" - coalesce((SELECT sum(amount) FROM prepaid_entry WHERE receivable_id = "
		"r.id), 0))",
		(long)buyer),
	    0);
}

/* ---- products and prices ----------------------------------------------------------------- */

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

	record = get(ada, E_order, order);
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
	record = get(ada, E_order, order);
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
	record = get(ada, E_order, order);
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

/* ---- quotes ------------------------------------------------------------------------------ */

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
	old = get(ada, E_quote, quote);
	assert_string_equal(value_of(old, F_quote_state)->text, "superseded");
	assert_int_equal(value_of(old, F_quote_total)->number, 349000);
	next = client_list(ada, E_quote, "state:draft version:2")->page->rows[0]->id;
	record = get(ada, E_quote, next);
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
	record = get(ada, E_order, order);
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
	const Kehu__Record *record = get(ada, E_opportunity, deal);

	assert_string_equal(
	    line_value(record, 0, F_opportunity_product_product)->text, "备份水泵");
	expect_written(client_act(ada, E_opportunity, deal, "quote", NULL));
	quote = pg_int(DB, "SELECT id FROM quote WHERE opportunity_id = %ld", (long)deal);
	record = get(ada, E_quote, quote);
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
	record = get(ada, E_opportunity, deal);
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
	record = get(ada, E_opportunity, deal);
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

/* Sends an action that a rule wants consent for; the approval. */
static int64_t
expect_waits(const Kehu__ServerFrame *answer)
{
	const Kehu__Written *written = expect_written(answer);

	assert_true(written->waits);
	return written->id;
}

/* An account manager may give five percent; more is asked of the superior. */
static int64_t
limit_discounts(const char *name)
{
	int64_t role = client_list(guo, E_role, "name:account_manager")->page->rows[0]->id;

	pg_exec(DB, "UPDATE users SET superior_id = %d WHERE id = %d", USER_CAI, USER_ADA);
	return save(guo, E_discount_limit,
	    SENT(TEXT_OF(F_discount_limit_name, name),
		NUMBER_OF(F_discount_limit_role_id, role),
		NUMBER_OF(F_discount_limit_percent, 500)),
	    NULL);
}

static void
quote_with_a_discount_needs_approval_refused_amended_granted(void **state)
{
	int64_t limit = limit_discounts("经理"), quote, approval, order;
	const Kehu__Record *record;

	quote = save(ada, E_quote, SENT(NUMBER_OF(F_quote_customer_id, customer)),
	    LINES(LINE(E_quote_line, -1, pump, SO_MANY(Q(10)),
		NUMBER_OF(F_quote_line_discount, 1500))));
	assert_int_equal(number_of(ada, E_quote, quote, F_quote_over_limit), 1);
	approval = expect_waits(client_act(ada, E_quote, quote, "issue", NULL));
	assert_string_equal(text_of(ada, E_quote, quote, F_quote_state), "draft");
	/* refused: it stays a draft, which is amended and asked for again */
	expect_written(
	    client_act(cai, E_approval, approval, "refuse", SENT(TEXT_OF(1, "最多一成"))));
	assert_string_equal(text_of(ada, E_quote, quote, F_quote_state), "draft");
	record = get(ada, E_quote, quote);
	expect_written(client_save(ada, E_quote, quote, record->version,
	    SENT(TEXT_OF(F_quote_remarks, "按主管意见")),
	    LINES({ .entity = E_quote_line,
		.id = record->lines[0]->id,
		.values = SENT(NUMBER_OF(F_quote_line_discount, 1000)) })));
	approval = expect_waits(client_act(ada, E_quote, quote, "issue", NULL));
	expect_error(client_act(ada, E_approval, approval, "approve", NULL), ERR_FORBIDDEN, 0);
	expect_written(client_act(cai, E_approval, approval, "approve", NULL));
	assert_string_equal(text_of(ada, E_quote, quote, F_quote_state), "issued");
	expect_written(client_act(ada, E_quote, quote, "order", NULL));
	order = pg_int(DB, "SELECT id FROM sales_order WHERE quote_id = %ld", (long)quote);
	/* what was granted on the quote is not asked for again on its order */
	expect_written(client_act(ada, E_order, order, "confirm", NULL));
	assert_string_equal(text_of(ada, E_order, order, F_order_state), "confirmed");
	assert_int_equal(number_of(ada, E_order, order, F_order_total), 1017000);
	/* an order written by itself asks */
	order = save(ada, E_order, SENT(NUMBER_OF(F_order_customer_id, customer)),
	    LINES(LINE(
		E_order_line, -1, pump, SO_MANY(Q(1)), NUMBER_OF(F_order_line_discount, 600))));
	approval = expect_waits(client_act(ada, E_order, order, "confirm", NULL));
	assert_string_equal(text_of(ada, E_order, order, F_order_state), "draft");
	expect_written(client_act(cai, E_approval, approval, "approve", NULL));
	assert_string_equal(text_of(ada, E_order, order, F_order_state), "confirmed");
	check_account(customer);
	expect_written(client_delete(guo, E_discount_limit, limit, 0));
}

/* Ada confirms an order with a discount past her limit; the approval. */
static int64_t
ask_discount(int64_t *order)
{
	*order = save(ada, E_order, SENT(NUMBER_OF(F_order_customer_id, customer)),
	    LINES(LINE(
		E_order_line, -1, pump, SO_MANY(Q(1)), NUMBER_OF(F_order_line_discount, 900))));
	return expect_waits(client_act(ada, E_order, *order, "confirm", NULL));
}

static void
discount_is_granted_for_whom_is_away_or_disabled(void **state)
{
	int64_t limit = limit_discounts("缺席"), order, approval, away;

	/* on leave: whoever stands in, and not the sender although they could */
	away = save(cai, E_delegation,
	    SENT(NUMBER_OF(F_delegation_to_user_id, USER_BEN),
		NUMBER_OF(F_delegation_from_day, today),
		NUMBER_OF(F_delegation_to_day, today + 3),
		TEXT_OF(F_delegation_reason, "年假")),
	    NULL);
	approval = ask_discount(&order);
	expect_error(client_act(ada, E_approval, approval, "approve", NULL), ERR_FORBIDDEN, 0);
	expect_error(client_act(eve, E_approval, approval, "approve", NULL), ERR_FORBIDDEN, 0);
	expect_written(client_act(ben, E_approval, approval, "approve", NULL));
	assert_string_equal(text_of(ada, E_order, order, F_order_state), "confirmed");
	expect_written(client_delete(cai, E_delegation, away, 0));
	/* disabled: who is above them */
	pg_exec(DB, "UPDATE users SET superior_id = %d, disabled = true WHERE id = %d",
	    USER_EVE, USER_CAI);
	approval = ask_discount(&order);
	expect_written(client_act(eve, E_approval, approval, "approve", NULL));
	assert_string_equal(text_of(ada, E_order, order, F_order_state), "confirmed");
	/* and nobody when there is none: refused at once, nothing waits */
	pg_exec(DB, "UPDATE users SET superior_id = NULL WHERE id = %d", USER_CAI);
	order = save(ada, E_order, SENT(NUMBER_OF(F_order_customer_id, customer)),
	    LINES(LINE(
		E_order_line, -1, pump, SO_MANY(Q(1)), NUMBER_OF(F_order_line_discount, 900))));
	expect_error(client_act(ada, E_order, order, "confirm", NULL), ERR_NO_APPROVER, 0);
	assert_string_equal(text_of(ada, E_order, order, F_order_state), "draft");
	pg_exec(DB, "UPDATE users SET disabled = false WHERE id = %d", USER_CAI);
	client_free(cai);
	cai = client_new(bed, "cai", LANG_EN);
	expect_written(client_delete(guo, E_discount_limit, limit, 0));
}

static void
release_past_credit_goes_through_an_approval_rule(void **state)
{
	int64_t buyer = make_customer("放行审批公司"), order = make_order(buyer, Q(1)),
		approval, rule;

	save(hua, E_credit_limit,
	    SENT(NUMBER_OF(F_credit_limit_customer_id, buyer),
		MONEY_OF(F_credit_limit_amount, 100)),
	    NULL);
	expect_written(client_act(ada, E_order, order, "confirm", NULL));
	expect_error(client_act(ada, E_order, order, "release", NULL), ERR_OVER_CREDIT, 0);
	rule = save(guo, E_approval_rule,
	    SENT(TEXT_OF(F_approval_rule_name, "信用放行"),
		TEXT_OF(F_approval_rule_entity, "order"),
		TEXT_OF(F_approval_rule_action, "release"),
		NUMBER_OF(F_approval_rule_active, 1)),
	    LINES({ .entity = E_approval_rule_step,
		.id = -1,
		.values = SENT(TEXT_OF(F_approval_rule_step_kind, "person"),
		    NUMBER_OF(F_approval_rule_step_user_id, USER_HUA)) }));
	approval = expect_waits(
	    client_act(ada, E_order, order, "release", SENT(TEXT_OF(1, "年底冲量"))));
	assert_string_equal(text_of(ada, E_order, order, F_order_state), "held");
	assert_int_equal(number_of(ada, E_customer, buyer, F_customer_owed), 0);
	expect_written(client_act(hua, E_approval, approval, "approve", NULL));
	assert_string_equal(text_of(ada, E_order, order, F_order_state), "confirmed");
	assert_int_equal(number_of(ada, E_customer, buyer, F_customer_owed), 113000);
	check_account(buyer);
	expect_written(client_delete(guo, E_approval_rule, rule, 0));
}

/* ---- orders, deliveries, returns ----------------------------------------------------------
 */

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
	record = get(ada, E_delivery, first);
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

/* ---- money ------------------------------------------------------------------------------- */

static int64_t
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

/* ---- on paper and from a shell -------------------------------------------------------------
 */

static const char *
shell(const char *user, const char *format, ...)
{
	const char *out = arena_printf(bed->arena, "%s/out", bed->dir);
	struct buf text = BUF_INIT;
	va_list args;
	FILE *file;

	va_start(args, format);
	const char *words = arena_vprintf(bed->arena, format, args);
	va_end(args);
	setenv("KEHU_SERVER", bed_server(bed), 1);
	setenv("KEHU_CA", bed_ca(bed), 1);
	setenv("KEHU_USER", user, 1);
	setenv("KEHU_PASSWORD_FILE", arena_printf(bed->arena, "%s/password", bed->dir), 1);
	setenv("XDG_CACHE_HOME", bed->dir, 1);
	setenv("XDG_CONFIG_HOME", bed->dir, 1);
	setenv("LC_ALL", "C.UTF-8", 1);
	file = fopen(getenv("KEHU_PASSWORD_FILE"), "w");
	assert_non_null(file);
	fputs(BED_PASSWORD "\n", file);
	fclose(file);
	if (system(arena_printf(bed->arena, "%s --language zh %s >%s 2>&1 </dev/null",
		bed_program("kehu"), words, out)) == -1)
		fail();
	file = fopen(out, "r");
	assert_non_null(file);
	for (int c; (c = fgetc(file)) != EOF;)
		buf_putc(&text, (char)c);
	fclose(file);
	const char *said = arena_strdup(bed->arena, buf_text(&text));
	buf_fini(&text);
	return said;
}

static void
expect_said(const char *said, const char *piece)
{
	if (strstr(said, piece) == NULL)
		fail_msg("not said: %s\nin: %s", piece, said);
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

/* ---- orders of others -------------------------------------------------------------------- */

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

/* An employee's team is that of whom they report to; who reports to nobody leads their own. */
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

/* ---- many at once ------------------------------------------------------------------------ */

#define CROWD_MAX   64
#define CROWD_LIMIT INT64_C(1000000) /* ten thousand yuan: nine pumps or so */

struct crowd {
	struct client *client;
	bool books; /* finance; else sells */
	int64_t buyer;
	size_t number, done, busy, bad;
	enum err worst;
};

static atomic_bool crowd_over;

static void
crowd_take(struct crowd *one, const Kehu__ServerFrame *answer)
{
	if (answer->answer_case == KEHU__SERVER_FRAME__ANSWER_WRITTEN) {
		one->done++;
	} else if (answer->answer_case == KEHU__SERVER_FRAME__ANSWER_ERROR &&
		   (answer->error->code == ERR_LOCKED || answer->error->code == ERR_BUSY)) {
		one->busy++;
	} else {
		one->bad++;
		one->worst = answer->answer_case == KEHU__SERVER_FRAME__ANSWER_ERROR
				 ? (enum err)answer->error->code
				 : ERR_INTERNAL;
	}
}

static void
crowd_book(struct crowd *one, size_t round)
{
	const char *reference =
	    arena_printf(one->client->arena, "CR%zu-%zu", one->number, round);

	crowd_take(one, client_save(one->client, E_receipt, 0, 0,
			    SENT(NUMBER_OF(F_receipt_customer_id, one->buyer),
				MONEY_OF(F_receipt_amount, 20000 + (int64_t)(round % 7)),
				TEXT_OF(F_receipt_reference, reference)),
			    NULL));
}

static void
crowd_sell(struct crowd *one)
{
	const Kehu__ServerFrame *answer = client_save(one->client, E_order, 0, 0,
	    SENT(NUMBER_OF(F_order_customer_id, one->buyer)),
	    LINES(LINE(E_order_line, -1, pump, SO_MANY(Q(1)))));
	int64_t order;

	crowd_take(one, answer);
	if (answer->answer_case != KEHU__SERVER_FRAME__ANSWER_WRITTEN)
		return;
	order = answer->written->id;
	crowd_take(one, client_act(one->client, E_order, order, "confirm", NULL));
	answer = client_act(one->client, E_order, order, "plan", SENT(TEXT_OF(1, "100 today")));
	/* held and not yet planned when confirming was refused as busy: a draft has no plan */
	if (answer->answer_case != KEHU__SERVER_FRAME__ANSWER_ERROR ||
	    answer->error->code != ERR_WRONG_STATE)
		crowd_take(one, answer);
}

static void *
crowd_run(void *to)
{
	struct crowd *one = to;

	for (size_t round = 0; !atomic_load(&crowd_over); round++) {
		if (one->books)
			crowd_book(one, round);
		else
			crowd_sell(one);
		arena_reset(one->client->arena);
	}
	return NULL;
}

static void
crowd_at_the_credit_limit_never_passes_it(void **state)
{
	bool full = getenv("KEHU_FULL") != NULL;
	size_t count = full ? CROWD_MAX : 12, samples = 0, done = 0, busy = 0, bad = 0;
	int64_t until, highest = 0;
	int64_t buyer = make_customer("拥挤公司");
	struct crowd crowd[CROWD_MAX] = { 0 };
	pthread_t threads[CROWD_MAX];
	enum err worst = ERR_OK;

	save(hua, E_credit_limit,
	    SENT(NUMBER_OF(F_credit_limit_customer_id, buyer),
		MONEY_OF(F_credit_limit_amount, CROWD_LIMIT)),
	    NULL);
	for (size_t i = 0; i < count; i++)
		crowd[i] =
		    (struct crowd){ .client = client_new(bed, i % 2 ? "hua" : "ada", LANG_EN),
			    .books = i % 2,
			    .buyer = buyer,
			    .number = i };
	until = date_now_us() + (full ? 60 : 5) * US_PER_SECOND;
	atomic_store(&crowd_over, false);
	for (size_t i = 0; i < count; i++)
		pthread_create(&threads[i], NULL, crowd_run, &crowd[i]);
	while (date_now_us() < until) {
		int64_t owed = pg_int(DB,
		    "SELECT coalesce((SELECT owed FROM customer_figures WHERE id = %ld), 0)",
		    (long)buyer);

		highest = owed > highest ? owed : highest;
		samples++;
	}
	atomic_store(&crowd_over, true);
	for (size_t i = 0; i < count; i++) {
		pthread_join(threads[i], NULL);
		done += crowd[i].done;
		busy += crowd[i].busy;
		bad += crowd[i].bad;
		worst = crowd[i].bad > 0 ? crowd[i].worst : worst;
		client_free(crowd[i].client);
	}
	printf("# %zu clients: %zu done, %zu told to wait, %zu samples, highest debt %lld of "
	       "%lld\n",
	    count, done, busy, samples, (long long)highest, (long long)CROWD_LIMIT);
	if (bad > 0)
		fail_msg("%zu answers were neither done nor busy, as %s", bad, err_name(worst));
	assert_true(done > count);
	assert_true(highest > CROWD_LIMIT / 2); /* it was pressed against */
	assert_true(highest <= CROWD_LIMIT);
	assert_true(number_of(ada, E_customer, buyer, F_customer_owed) <= CROWD_LIMIT);
	assert_int_equal(
	    pg_int(DB, "SELECT deadlocks FROM pg_stat_database WHERE datname = '%s'", DB), 0);
	check_account(buyer);
	/* the ledger, entry by entry, never went below zero and adds up */
	assert_int_equal(pg_int(DB,
			     "SELECT count(*) FROM (SELECT balance, sum(amount) OVER (ORDER BY "
			     "at, id) AS run"
			     " FROM prepaid_entry WHERE customer_id = %ld) e WHERE balance < 0 "
			     "OR balance <> run",
			     (long)buyer),
	    0);
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
	record = get(hua, E_invoice_request, asked);
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

static void
add_user(int id, const char *name, const char *role)
{
	pg_exec(DB,
	    "INSERT INTO users (id, name, name_key, label, label_key, branch_id, password_hash)"
	    " SELECT %d, '%s', '%s', '%s', '%s', 1, password_hash FROM users WHERE id = 101;"
	    "INSERT INTO user_role (user_id, role_id) SELECT %d, id FROM role WHERE name = "
	    "'%s'",
	    id, name, name, name, name, id, role);
}

static int
trade_start(void **state)
{
	bed = bed_new(DB);
	add_user(USER_HUA, "hua", "finance");
	add_user(USER_MEI, "mei", "marketing");
	today = date_of_us(date_now_us(), 480);
	ada = client_new(bed, "ada", LANG_EN);
	ben = client_new(bed, "ben", LANG_EN);
	cai = client_new(bed, "cai", LANG_EN);
	eve = client_new(bed, "eve", LANG_EN);
	guo = client_new(bed, "guo", LANG_EN);
	hua = client_new(bed, "hua", LANG_EN);
	mei = client_new(bed, "mei", LANG_EN);
	pump = make_product("备份水泵");
	valve = make_product("截止阀");
	customer = make_customer("上海浦东泵业");
	make_list("标准价", NULL, today - 100, 0, pump, 0, Q(1200));
	save(cai, E_price_list,
	    SENT(TEXT_OF(F_price_list_name, "A级价"), TEXT_OF(F_price_list_level, "A"),
		NUMBER_OF(F_price_list_valid_from, today - 50)),
	    LINES({ .entity = E_price_line,
		      .id = -1,
		      .values = SENT(NUMBER_OF(F_price_line_product_id, pump),
			  NUMBER_OF(F_price_line_price, Q(1130))) },
		{ .entity = E_price_line,
		    .id = -2,
		    .values = SENT(NUMBER_OF(F_price_line_product_id, pump),
			NUMBER_OF(F_price_line_price, Q(1000)),
			NUMBER_OF(F_price_line_minimum, Q(50))) }));
	return 0;
}

static int
trade_end(void **state)
{
	struct client *all[] = { ada, ben, cai, eve, guo, hua, mei };

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		client_free(all[i]);
	bed_free(bed);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(product_is_found_by_initials_and_keeps_units_apart),
		cmocka_unit_test(price_is_found_by_level_date_unit_and_quantity),
		cmocka_unit_test(lines_name_what_is_wrong_with_them),
		cmocka_unit_test(rehearsal_answers_prices_and_totals_and_keeps_nothing),
		cmocka_unit_test(price_that_ended_yesterday_is_refused_then_priced_again),
		cmocka_unit_test(currency_without_a_rate_is_refused),
		cmocka_unit_test(discount_past_the_limit_is_told),
		cmocka_unit_test(quote_is_revised_and_becomes_an_order_without_retyping),
		cmocka_unit_test(opportunity_becomes_quote_order_and_is_won_without_retyping),
		cmocka_unit_test(order_cancelled_reopens_what_it_won_unless_another_holds_it),
		cmocka_unit_test(order_cancelled_leaves_what_was_won_by_hand),
		cmocka_unit_test(opportunity_says_what_a_quote_of_it_lacks),
		cmocka_unit_test(quote_that_ended_makes_no_order),
		cmocka_unit_test(contract_takes_the_quote_over_makes_orders_reminds_and_is_renewed),
		cmocka_unit_test(contract_ending_within_a_month_is_on_todays_list),
		cmocka_unit_test(quote_with_a_discount_needs_approval_refused_amended_granted),
		cmocka_unit_test(discount_is_granted_for_whom_is_away_or_disabled),
		cmocka_unit_test(release_past_credit_goes_through_an_approval_rule),
		cmocka_unit_test(order_is_delivered_in_parts_and_goods_come_back),
		cmocka_unit_test(order_cancelled_or_closed_early_owes_only_what_was_delivered),
		cmocka_unit_test(receipts_pay_instalments_and_the_rest_is_the_balance),
		cmocka_unit_test(overdue_instalments_are_listed_until_paid),
		cmocka_unit_test(order_over_credit_waits_for_release),
		cmocka_unit_test(orders_are_worked_from_a_shell_and_printed),
		cmocka_unit_test(versions_of_a_quote_are_compared),
		cmocka_unit_test(sale_is_worked_from_a_shell_from_lead_to_report),
		cmocka_unit_test(northwind_orders_import_and_add_up_to_the_last_cent),
		cmocka_unit_test(crowd_at_the_credit_limit_never_passes_it),
		cmocka_unit_test(invoice_request_takes_the_customers_title),
		cmocka_unit_test(transfer_takes_the_customers_money_along),
		cmocka_unit_test(others_orders_do_not_exist),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, trade_start, trade_end);
}
