/*
 * 意向产品: what an opportunity's customer wants, checked and named, and copied into the quote
 * that comes of it. The quote's own rules find the prices that are left empty.
 */
#include "server/trade/wanted.h"

#include "common/money.h"
#include "server/entity/fields.h"
#include "server/record/store_tree.h"
#include "server/trade/trade.h"

#include <string.h>

#define WANTED_SCALE 1000 /* of a wanted product's quantity */

/* Its wanted product is ours, by reference, or said in words. */
static enum err
wanted_check_lines(struct call *call, struct record **lines, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		uint32_t field = 0;

		if (!record_value(lines[i], F_opportunity_product_product_id)->present &&
		    record_text(lines[i], F_opportunity_product_product)[0] == '\0')
			call_also(call, (struct failure){ .err = ERR_REQUIRED,
					    .entity = E_opportunity_product,
					    .field = F_opportunity_product_product_id,
					    .line = lines[i]->id });
		if (record_value(lines[i], F_opportunity_product_quantity)->present &&
		    record_number(lines[i], F_opportunity_product_quantity) <= 0)
			field = F_opportunity_product_quantity;
		else if (record_number(lines[i], F_opportunity_product_price) < 0)
			field = F_opportunity_product_price;
		if (field != 0)
			call_also(call, (struct failure){ .err = ERR_INVALID,
					    .entity = E_opportunity_product,
					    .field = field,
					    .line = lines[i]->id });
	}
	return call->failure.err;
}

/* A line whose product was just chosen is called what the product is, unless said otherwise. */
static bool
wanted_takes_name(const struct record *line)
{
	return record_changed(line, F_opportunity_product_product_id) &&
	       record_value(line, F_opportunity_product_product_id)->present &&
	       (record_text(line, F_opportunity_product_product)[0] == '\0' ||
		   !record_changed(line, F_opportunity_product_product));
}

enum err
wanted_check(struct call *call, struct record *opportunity)
{
	struct record **lines;
	size_t count = trade_lines(call, opportunity, E_opportunity_product, &lines), asked = 0;
	int64_t *products = ARENA_ARRAY(call->arena, int64_t, count + 1);
	struct sql *sql = sql_new(call->arena);
	struct rows *rows;
	enum err err = wanted_check_lines(call, lines, count);

	for (size_t i = 0; i < count; i++)
		if (wanted_takes_name(lines[i]))
			products[asked++] =
			    record_number(lines[i], F_opportunity_product_product_id);
	if (err != ERR_OK || asked == 0)
		return err;
	sql_add(sql, "SELECT id, name FROM product WHERE id = ANY(");
	sql_ints(sql, products, asked);
	sql_add(sql, ")");
	sql_named(sql);
	err = store_run(call->store, call->arena, sql, &rows);
	for (size_t i = 0; err == ERR_OK && i < count; i++)
		for (size_t r = 0; wanted_takes_name(lines[i]) && r < rows->count; r++)
			if (rows_int(rows, r, 0) ==
			    record_number(lines[i], F_opportunity_product_product_id))
				record_set_text(lines[i], F_opportunity_product_product,
				    rows_text(rows, r, 1));
	return err;
}

/* ---- quoting ----------------------------------------------------------------------------- */

/* The currency of what was said of prices: of the first line that has one, else the amount's.
 */
static const char *
wanted_currency(const struct record *opportunity, struct record **lines, size_t count)
{
	const struct value *amount = record_value(opportunity, F_opportunity_amount);

	for (size_t i = 0; i < count; i++)
		if (record_value(lines[i], F_opportunity_product_price)->present)
			return record_text(lines[i], F_opportunity_product_price);
	return amount->present ? amount->text : PRICE_BASE;
}

/* What an opportunity lacks that a quote must have. */
static enum err
wanted_may_quote(struct call *call, const struct record *opportunity, struct record **lines,
    size_t count, const char *currency)
{
	if (!record_value(opportunity, F_opportunity_customer_id)->present)
		return CALL_FAIL(call, ERR_REQUIRED, .entity = E_opportunity,
		    .field = F_opportunity_customer_id,
		    .text = call_say(call, "A quote is for a customer; give it one first",
			"请先填写客户，再生成报价"));
	for (size_t i = 0; i < count; i++) {
		const struct value *price = record_value(lines[i], F_opportunity_product_price);

		if (!record_value(lines[i], F_opportunity_product_product_id)->present)
			return CALL_FAIL(call, ERR_REQUIRED, .entity = E_opportunity_product,
			    .field = F_opportunity_product_product_id, .line = lines[i]->id,
			    .text = arena_printf(call->arena,
				call_say(call,
				    "\"%s\" is no product of the catalogue; choose one",
				    "“%s”不是目录中的产品，请选择产品"),
				record_text(lines[i], F_opportunity_product_product)));
		if (price->present && strcmp(price->text, currency) != 0)
			return CALL_FAIL(call, ERR_INVALID, .entity = E_opportunity_product,
			    .field = F_opportunity_product_price, .line = lines[i]->id,
			    .text = call_say(call, "A quote has one currency only",
				"一份报价只能用一种币种"));
	}
	return ERR_OK;
}

static void
wanted_quote_line(
    struct call *call, struct record *quote, const struct record *wanted, size_t max)
{
	static const uint32_t same[] = { F_opportunity_product_product_id,
		F_quote_line_product_id, F_opportunity_product_unit, F_quote_line_unit,
		F_opportunity_product_note, F_quote_line_description, 0 };
	struct record *line = record_make_line(call, quote, E_quote_line, max);
	const struct value *price = record_value(wanted, F_opportunity_product_price);
	int64_t scale = PRICE_SCALE;

	trade_copy(line, wanted, same);
	if (record_value(wanted, F_opportunity_product_quantity)->present)
		record_set_number(line, F_quote_line_quantity,
		    record_number(wanted, F_opportunity_product_quantity) *
			(PRICE_SCALE / WANTED_SCALE));
	if (!price->present)
		return;
	for (int i = money_decimals(price->text); i > 0; i--)
		scale /= 10;
	record_set_number(line, F_quote_line_price, price->number * scale);
}

enum err
wanted_quote(struct call *call, struct record *opportunity)
{
	static const uint32_t same[] = { F_opportunity_customer_id, F_quote_customer_id,
		F_opportunity_contact_id, F_quote_contact_id, F_opportunity_owner_id,
		F_quote_owner_id, 0 };
	struct record *quote = record_make(call, catalog_entity(call->catalog, E_quote));
	struct record **lines;
	size_t count = trade_lines(call, opportunity, E_opportunity_product, &lines);
	const char *currency = wanted_currency(opportunity, lines, count);
	enum err err = wanted_may_quote(call, opportunity, lines, count, currency);

	if (err != ERR_OK)
		return err;
	trade_copy(quote, opportunity, same);
	record_set_number(quote, F_quote_opportunity_id, opportunity->id);
	record_set_number(quote, F_quote_quoted_on, call_today(call));
	record_set_text(quote, F_quote_currency, currency);
	for (size_t i = 0; i < count; i++)
		wanted_quote_line(call, quote, lines[i], count);
	err = record_save(call, quote);
	trade_tell_number(call, quote, F_quote_number);
	return err;
}
