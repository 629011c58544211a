/*
 * Lines of quotes, contracts and orders: what is left empty is found, the rest checked, all of it added up
 * by common/price.h. One trip to the database, whatever the number of lines.
 */
#include "server/trade/trade.h"

#include "common/date.h"
#include "common/money.h"
#include "server/entity/fields.h"

#include <assert.h>
#include <string.h>

/* Rules read all kinds of line by one set of numbers. */
#define SAME(name, field)                                                                      \
	static_assert(                                                                         \
	    (int)F_quote_line_##field == (int)name && (int)F_order_line_##field == (int)name &&  \
		(int)F_contract_line_##field == (int)name,                                         \
	    "the lines of a quote, a contract and an order differ")
SAME(TRADE_PRODUCT, product_id);
SAME(TRADE_QUANTITY, quantity);
SAME(TRADE_UNIT, unit);
SAME(TRADE_PRICE, price);
SAME(TRADE_DISCOUNT, discount);
SAME(TRADE_TAX_RATE, tax_rate);
SAME(TRADE_AMOUNT, amount);
SAME(TRADE_DESCRIPTION, description);
SAME(TRADE_LIST_PRICE, list_price);
SAME(TRADE_PRICE_LIST, price_list_id);

/* Columns of kehu_prices. */
enum {
	FOUND_LINE,
	FOUND_NAME,
	FOUND_ACTIVE,
	FOUND_UNIT,
	FOUND_TAX,
	FOUND_FACTOR,
	FOUND_PRICE,
	FOUND_LIST,
	FOUND_ENDED
};

struct pricing {
	const struct trade_fields *fields;
	struct record *record;
	struct record **lines;
	size_t count;
	const char *currency;
	bool tax_included;
	struct rows *prices, *rate, *limit;
	int64_t widest;
};

bool
trade_changed(const struct record *record, const struct trade_fields *fields)
{
	const uint32_t heads[] = { fields->customer, fields->day, fields->currency,
		fields->tax_included, fields->owner };

	if (record->is_new)
		return true;
	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++)
		if (record_changed(record, heads[i]))
			return true;
	for (size_t i = 0; i < record->line_count; i++) {
		const struct record *line = record->lines[i];

		if (line->is_new || line->removed)
			return true;
		for (size_t f = 0; f < line->entity->field_count; f++)
			if (line->changed[f])
				return true;
	}
	return false;
}

static void
price_ask(struct call *call, struct pricing *pricing)
{
	int64_t *products = ARENA_ARRAY(call->arena, int64_t, pricing->count + 1);
	int64_t *quantities = ARENA_ARRAY(call->arena, int64_t, pricing->count + 1);
	const char **units = ARENA_ARRAY(call->arena, const char *, pricing->count + 1);
	int64_t day = record_number(pricing->record, pricing->fields->day);
	struct sql *sql = sql_new(call->arena), *rate = sql_new(call->arena),
		   *limit = sql_new(call->arena);

	for (size_t i = 0; i < pricing->count; i++) {
		const struct value *unit = record_value(pricing->lines[i], TRADE_UNIT);

		products[i] = record_number(pricing->lines[i], TRADE_PRODUCT);
		quantities[i] = record_number(pricing->lines[i], TRADE_QUANTITY);
		units[i] = unit->present ? unit->text : NULL;
	}
	sql_add(sql, "SELECT * FROM kehu_prices(");
	sql_int(sql, record_number(pricing->record, pricing->fields->customer));
	sql_add(sql, ", ");
	sql_text(sql, pricing->currency);
	sql_add(sql, ", ");
	sql_bool(sql, pricing->tax_included);
	sql_add(sql, ", ");
	sql_date(sql, day);
	sql_add(sql, ", ");
	sql_ints(sql, products, pricing->count);
	sql_add(sql, ", ");
	sql_texts(sql, units, pricing->count);
	sql_add(sql, ", ");
	sql_ints(sql, quantities, pricing->count);
	sql_add(sql, ")");
	sql_named(sql);
	store_queue(call->store, sql, &pricing->prices);
	sql_add(rate, "SELECT kehu_rate(");
	sql_text(rate, pricing->currency);
	sql_add(rate, ", ");
	sql_date(rate, day);
	sql_add(rate, ")");
	sql_named(rate);
	store_queue(call->store, rate, &pricing->rate);
	sql_add(limit, "SELECT kehu_discount_limit()");
	sql_named(limit);
	store_queue(call->store, limit, &pricing->limit);
}

static void
price_refuse(struct call *call, const struct record *line, uint32_t field, enum err err,
    const char *text)
{
	call_also(call, (struct failure){ .err = err,
			    .entity = line->entity->def->number,
			    .field = field,
			    .line = line->id,
			    .text = text });
}

/* What the price depends on besides itself. */
static bool
price_depends_changed(const struct pricing *pricing, const struct record *line)
{
	return record_changed(line, TRADE_PRODUCT) || record_changed(line, TRADE_UNIT) ||
	       record_changed(line, TRADE_QUANTITY) ||
	       record_changed(pricing->record, pricing->fields->currency) ||
	       record_changed(pricing->record, pricing->fields->customer) ||
	       record_changed(pricing->record, pricing->fields->day) ||
	       record_changed(pricing->record, pricing->fields->tax_included);
}

/* A price that nobody typed: empty, or the list's own and what it depends on changed. */
static bool
price_is_the_lists(const struct pricing *pricing, const struct record *line)
{
	if (!record_value(line, TRADE_PRICE)->present)
		return true;
	return !line->is_new && !record_changed(line, TRADE_PRICE) &&
	       record_value(line, TRADE_LIST_PRICE)->present &&
	       record_number(line, TRADE_PRICE) == record_number(line, TRADE_LIST_PRICE) &&
	       price_depends_changed(pricing, line);
}

static void
price_take_list(struct call *call, struct pricing *pricing, struct record *line, size_t row)
{
	const struct rows *found = pricing->prices;
	bool has = !rows_null(found, row, FOUND_PRICE);

	/* What it was copied from says which list the price came from. */
	if (pricing->fields->prices_are_given && record_value(line, TRADE_PRICE)->present)
		return;
	if (price_is_the_lists(pricing, line)) {
		if (!has && !rows_null(found, row, FOUND_ENDED))
			price_refuse(call, line, TRADE_PRICE, ERR_PRICE_ENDED,
			    arena_printf(call->arena,
				call_say(call,
				    "The price of %s ended on %s; type one or choose another "
				    "date",
				    "%s 的价格已于 %s 到期，请手工输入或改日期"),
				rows_text(found, row, FOUND_NAME),
				date_format(call->arena, rows_date(found, row, FOUND_ENDED))));
		else if (!has)
			price_refuse(call, line, TRADE_PRICE, ERR_NO_PRICE, NULL);
		else
			record_set_number(line, TRADE_PRICE, rows_int(found, row, FOUND_PRICE));
	}
	if (has) {
		record_set_number(line, TRADE_LIST_PRICE, rows_int(found, row, FOUND_PRICE));
		record_set_number(line, TRADE_PRICE_LIST, rows_int(found, row, FOUND_LIST));
	} else {
		record_set_null(line, TRADE_LIST_PRICE);
		record_set_null(line, TRADE_PRICE_LIST);
	}
}

static void
price_take_line(struct call *call, struct pricing *pricing, struct record *line, size_t row)
{
	const struct rows *found = pricing->prices;

	if (!rows_bool(found, row, FOUND_ACTIVE) &&
	    (line->is_new || record_changed(line, TRADE_PRODUCT)))
		price_refuse(call, line, TRADE_PRODUCT, ERR_INVALID,
		    arena_printf(call->arena,
			call_say(call, "%s is no longer sold", "%s 已停售"),
			rows_text(found, row, FOUND_NAME)));
	if (rows_null(found, row, FOUND_FACTOR))
		price_refuse(call, line, TRADE_UNIT, ERR_INVALID,
		    arena_printf(call->arena,
			call_say(call, "%s is not sold in this unit", "%s 没有此计量单位"),
			rows_text(found, row, FOUND_NAME)));
	if (record_number(line, TRADE_QUANTITY) <= 0)
		price_refuse(call, line, TRADE_QUANTITY, ERR_INVALID,
		    call_say(call, "A quantity is more than zero", "数量必须大于零"));
	if (record_number(line, TRADE_PRICE) < 0)
		price_refuse(call, line, TRADE_PRICE, ERR_INVALID, NULL);
	if (record_number(line, TRADE_DISCOUNT) < 0 ||
	    record_number(line, TRADE_DISCOUNT) > PERCENT_WHOLE)
		price_refuse(call, line, TRADE_DISCOUNT, ERR_INVALID,
		    call_say(
			call, "A discount is from 0 to 100 %", "折扣应在 0 到 100 % 之间"));
	if (record_number(line, TRADE_TAX_RATE) < 0 ||
	    record_number(line, TRADE_TAX_RATE) > PERCENT_WHOLE)
		price_refuse(call, line, TRADE_TAX_RATE, ERR_INVALID, NULL);
	record_set_text(line, TRADE_UNIT, rows_text(found, row, FOUND_UNIT));
	if (!record_value(line, TRADE_TAX_RATE)->present)
		record_set_number(line, TRADE_TAX_RATE, rows_int(found, row, FOUND_TAX));
	price_take_list(call, pricing, line, row);
}

static enum err
price_take(struct call *call, struct pricing *pricing)
{
	for (size_t i = 0; i < pricing->prices->count; i++) {
		size_t at = (size_t)rows_int(pricing->prices, i, FOUND_LINE) - 1;

		price_take_line(call, pricing, pricing->lines[at], i);
	}
	if (rows_null(pricing->rate, 0, 0))
		call_also(call, (struct failure){ .err = ERR_NO_RATE,
				    .entity = pricing->record->entity->def->number,
				    .field = pricing->fields->currency });
	return call->failure.err;
}

/* Amounts of the lines, totals of the head. */
static enum err
price_add_up(struct call *call, struct pricing *pricing)
{
	struct price_line *lines =
	    ARENA_ARRAY(call->arena, struct price_line, pricing->count + 1);
	const struct trade_fields *fields = pricing->fields;
	struct record *record = pricing->record;
	int64_t rate = rows_int(pricing->rate, 0, 0), base;
	struct price_total total = { 0 };
	enum err err;

	for (size_t i = 0; i < pricing->count; i++) {
		const struct record *line = pricing->lines[i];
		int64_t off = price_discount(record_number(line, TRADE_LIST_PRICE),
		    record_number(line, TRADE_PRICE), record_number(line, TRADE_DISCOUNT));

		lines[i] = (struct price_line){ .quantity = record_number(line, TRADE_QUANTITY),
			.price = record_number(line, TRADE_PRICE),
			.discount = record_number(line, TRADE_DISCOUNT),
			.tax_rate = record_number(line, TRADE_TAX_RATE) };
		if (off > pricing->widest)
			pricing->widest = off;
	}
	err = trade_total(
	    call, lines, pricing->count, pricing->currency, pricing->tax_included, &total);
	if (err == ERR_OK)
		err = trade_base(total.gross_minor, pricing->currency, rate, &base);
	if (err != ERR_OK)
		return CALL_FAIL(
		    call, err, .entity = record->entity->def->number, .field = fields->total);
	for (size_t i = 0; i < pricing->count; i++)
		trade_set_money(
		    pricing->lines[i], TRADE_AMOUNT, lines[i].amount_minor, pricing->currency);
	trade_set_money(record, fields->net, total.net_minor, pricing->currency);
	trade_set_money(record, fields->tax, total.tax_minor, pricing->currency);
	trade_set_money(record, fields->total, total.gross_minor, pricing->currency);
	trade_set_money(record, fields->total_base, base, PRICE_BASE);
	record_set_number(record, fields->rate, rate);
	record_set_number(record, fields->discount_max, pricing->widest);
	record_set_number(record, fields->over_limit,
	    !rows_null(pricing->limit, 0, 0) &&
		pricing->widest > rows_int(pricing->limit, 0, 0));
	return ERR_OK;
}

enum err
trade_price(struct call *call, struct record *record, const struct trade_fields *fields)
{
	struct pricing pricing = { .fields = fields,
		.record = record,
		.currency = record_text(record, fields->currency),
		.tax_included = record_number(record, fields->tax_included) != 0 };
	enum err err;

	pricing.count = trade_lines(call, record, fields->line_entity, &pricing.lines);
	price_ask(call, &pricing);
	err = store_flush(call->store, call->arena);
	if (err == ERR_OK)
		err = price_take(call, &pricing);
	if (err == ERR_OK)
		err = price_add_up(call, &pricing);
	return err;
}

void
trade_forget_prices(struct record *record)
{
	for (size_t i = 0; i < record->line_count; i++) {
		struct record *line = record->lines[i];

		if (!line->removed && record_value(line, TRADE_PRICE_LIST)->present &&
		    record_number(line, TRADE_PRICE) == record_number(line, TRADE_LIST_PRICE))
			record_set_null(line, TRADE_PRICE);
	}
}
