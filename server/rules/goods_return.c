/*
 * 退货单: what came back of a delivery, worth what it was sold for: the same price, discount,
 * tax and rounding as the order, off what the customer owes. Made once, then fixed.
 */
#include "server/entity/fields.h"
#include "server/trade/trade.h"

#include <string.h>

/* Columns of kehu_delivery_lines. */
enum {
	SENT_ID,
	SENT_PRODUCT,
	SENT_UNIT,
	SENT_QUANTITY,
	SENT_RETURNED,
	SENT_PRICE,
	SENT_DISCOUNT,
	SENT_TAX,
	SENT_STATE,
	SENT_ORDER,
	SENT_CUSTOMER,
	SENT_CURRENCY,
	SENT_INCLUDED,
	SENT_RATE
};

static void
return_refuse(struct call *call, const struct record *line, uint32_t field, enum err err)
{
	call_also(call,
	    (struct failure){
		.err = err, .entity = E_goods_return_line, .field = field, .line = line->id });
}

static void
return_match_line(struct call *call, struct record *line, const struct rows *rows,
    int64_t *open, struct price_line *price)
{
	int64_t product = record_number(line, F_goods_return_line_product_id);
	int64_t quantity = record_number(line, F_goods_return_line_quantity);
	int64_t wanted = record_number(line, F_goods_return_line_delivery_line);
	bool known = false;

	if (quantity <= 0) {
		return_refuse(call, line, F_goods_return_line_quantity, ERR_INVALID);
		return;
	}
	for (size_t i = 0; i < rows->count; i++) {
		if (rows_int(rows, i, SENT_PRODUCT) != product ||
		    (wanted != 0 && rows_int(rows, i, SENT_ID) != wanted))
			continue;
		known = true;
		if (open[i] < quantity)
			continue;
		open[i] -= quantity;
		record_set_number(
		    line, F_goods_return_line_delivery_line, rows_int(rows, i, SENT_ID));
		record_set_text(line, F_goods_return_line_unit, rows_text(rows, i, SENT_UNIT));
		*price = (struct price_line){ .quantity = quantity,
			.price = rows_int(rows, i, SENT_PRICE),
			.discount = rows_int(rows, i, SENT_DISCOUNT),
			.tax_rate = rows_int(rows, i, SENT_TAX) };
		return;
	}
	return_refuse(call, line,
	    known ? F_goods_return_line_quantity : F_goods_return_line_product_id,
	    known ? ERR_OVER_DELIVERY : ERR_INVALID);
}

static enum err
return_add_up(struct call *call, struct record *back, struct record **lines,
    struct price_line *prices, size_t count, const struct rows *rows)
{
	const char *currency = rows_text(rows, 0, SENT_CURRENCY);
	struct price_total total = { 0 };
	int64_t base = 0;
	enum err err = trade_total(
	    call, prices, count, currency, rows_bool(rows, 0, SENT_INCLUDED), &total);

	if (err == ERR_OK)
		err = trade_base(
		    total.gross_minor, currency, rows_int(rows, 0, SENT_RATE), &base);
	if (err != ERR_OK)
		return CALL_FAIL(call, err, .field = F_goods_return_total);
	for (size_t i = 0; i < count; i++)
		trade_set_money(
		    lines[i], F_goods_return_line_amount, prices[i].amount_minor, currency);
	trade_set_money(back, F_goods_return_total, total.gross_minor, currency);
	trade_set_money(back, F_goods_return_total_base, base, PRICE_BASE);
	return ERR_OK;
}

static enum err
return_fill(struct call *call, struct record *back, const struct rows *rows)
{
	int64_t *open = ARENA_ARRAY(call->arena, int64_t, rows->count + 1);
	struct record **lines;
	size_t count = trade_lines(call, back, E_goods_return_line, &lines);
	struct price_line *prices = ARENA_ARRAY(call->arena, struct price_line, count + 1);

	if (rows->count == 0 || strcmp(rows_text(rows, 0, SENT_STATE), "cancelled") == 0)
		return CALL_FAIL(call, ERR_WRONG_STATE, .field = F_goods_return_delivery_id);
	if (count == 0)
		return CALL_FAIL(call, ERR_EMPTY, .field = F_goods_return_delivery_id,
		    .text = call_say(call, "A return needs lines", "退货单没有明细"));
	for (size_t i = 0; i < rows->count; i++)
		open[i] = rows_int(rows, i, SENT_QUANTITY) - rows_int(rows, i, SENT_RETURNED);
	for (size_t i = 0; i < count; i++)
		return_match_line(call, lines[i], rows, open, &prices[i]);
	if (call->failure.err != ERR_OK)
		return call->failure.err;
	record_set_number(back, F_goods_return_order_id, rows_int(rows, 0, SENT_ORDER));
	record_set_number(back, F_goods_return_customer_id, rows_int(rows, 0, SENT_CUSTOMER));
	return return_add_up(call, back, lines, prices, count, rows);
}

static enum err
return_before_save(struct call *call, struct record *back)
{
	struct sql *sql = sql_new(call->arena);
	struct rows *rows;
	enum err err;

	if (!back->is_new)
		return CALL_FAIL(call, ERR_WRONG_STATE,
		    .text = call_say(
			call, "A return stays as it was booked", "退货单入账后不可修改"));
	sql_add(sql, "SELECT * FROM kehu_delivery_lines(");
	sql_int(sql, record_number(back, F_goods_return_delivery_id));
	sql_add(sql, ")");
	sql_named(sql);
	err = store_as_rule(call, sql, &rows);
	return err == ERR_OK ? return_fill(call, back, rows) : err;
}

static enum err
return_after_save(struct call *call, struct record *back)
{
	struct sql *sql = sql_new(call->arena);
	struct rows *rows;

	sql_add(sql, "SELECT kehu_return_book(");
	sql_int(sql, back->stored_id);
	sql_add(sql, ")");
	return store_as_rule(call, sql, &rows);
}

const struct rule rules_goods_return[] = {
	{ .hook = HOOK_BEFORE_SAVE, .run = return_before_save },
	{ .hook = HOOK_AFTER_SAVE, .run = return_after_save },
	{ 0 },
};
