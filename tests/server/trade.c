/*
 * Products, prices, quotes, orders and the money they bring, against a real kehud and PostgreSQL:
 * the company that the parts in tests/parts/trade_*.c work in.
 */
#include "tests/parts/trade.h"

#include "common/date.h"
#include "server/access/access.h"
#include "server/entity/fields.h"
#include "tests/lib/pg.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
// clang-format off
#include <cmocka.h>
// clang-format on

struct bed *bed;
struct client *ada, *ben, *cai, *eve, *guo, *hua, *mei;
int64_t today, pump, valve, customer;

int64_t
save(struct client *client, uint32_t entity, const struct sent *values,
    const struct sent_line *lines)
{
	return expect_written(client_save(client, entity, 0, 0, values, lines))->id;
}

/* Two of one tax number would be one customer twice. */
int64_t
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

int64_t
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

int64_t
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

int64_t
make_order(int64_t buyer, int64_t quantity)
{
	return save(ada, E_order, SENT(NUMBER_OF(F_order_customer_id, buyer)),
	    LINES(LINE(E_order_line, -1, pump, SO_MANY(quantity))));
}

const Kehu__Value *
line_value(const Kehu__Record *record, size_t line, uint32_t field)
{
	assert_true(line < record->n_lines);
	return value_of(record->lines[line], field);
}

void
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

const char *
shell(const char *user, const char *format, ...)
{
	va_list args;
	int status;

	va_start(args, format);
	const char *words = arena_vprintf(bed->arena, format, args);
	va_end(args);
	return bed_shell(bed, user, &status, "$KEHU --language zh %s 2>&1 </dev/null", words);
}

void
expect_said(const char *said, const char *piece)
{
	if (strstr(said, piece) == NULL)
		fail_msg("not said: %s\nin: %s", piece, said);
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

static void
trade_start(void)
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
}

static void
trade_end(void)
{
	struct client *all[] = { ada, ben, cai, eve, guo, hua, mei };

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		client_free(all[i]);
	bed_free(bed);
}

int
main(void)
{
	int (*const parts[])(void) = { trade_prices, trade_quotes, trade_consents, trade_money,
		trade_shell, trade_northwind, trade_crowd };
	int failed = 0;

	cmocka_set_message_output(CM_OUTPUT_TAP);
	trade_start();
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		failed += parts[i]();
	trade_end();
	return failed;
}
