/*
 * 发货单: goods that left, of one order. Booked once, when it is made; its lines are the
 * order's. The order's quantities are checked under its lock, so that two deliveries never send
 * one thing twice.
 */
#include "common/date.h"
#include "server/entity/fields.h"
#include "server/record/store_tree.h"
#include "server/trade/trade.h"

#include <string.h>

/* Columns of kehu_order_lines. */
enum {
	ORDERED_ID,
	ORDERED_PRODUCT,
	ORDERED_UNIT,
	ORDERED_QUANTITY,
	ORDERED_DELIVERED,
	ORDERED_STATE,
	ORDERED_CUSTOMER,
	ORDERED_ADDRESS
};

static void
delivery_refuse(struct call *call, const struct record *line, uint32_t field, enum err err)
{
	call_also(call,
	    (struct failure){
		.err = err, .entity = E_delivery_line, .field = field, .line = line->id });
}

/* The order's line it delivers: the one it was made of, else the first of its product that has
 * so much open. */
static void
delivery_match_line(
    struct call *call, struct record *line, const struct rows *rows, int64_t *open)
{
	int64_t product = record_number(line, F_delivery_line_product_id);
	int64_t quantity = record_number(line, F_delivery_line_quantity);
	int64_t wanted = record_number(line, F_delivery_line_order_line);
	bool known = false;

	if (quantity <= 0) {
		delivery_refuse(call, line, F_delivery_line_quantity, ERR_INVALID);
		return;
	}
	for (size_t i = 0; i < rows->count; i++) {
		if (rows_int(rows, i, ORDERED_PRODUCT) != product ||
		    (wanted != 0 && rows_int(rows, i, ORDERED_ID) != wanted))
			continue;
		known = true;
		if (open[i] < quantity)
			continue;
		open[i] -= quantity;
		record_set_number(
		    line, F_delivery_line_order_line, rows_int(rows, i, ORDERED_ID));
		record_set_text(line, F_delivery_line_unit, rows_text(rows, i, ORDERED_UNIT));
		return;
	}
	delivery_refuse(call, line,
	    known ? F_delivery_line_quantity : F_delivery_line_product_id,
	    known ? ERR_OVER_DELIVERY : ERR_INVALID);
}

static enum err
delivery_fill(struct call *call, struct record *delivery, const struct rows *rows)
{
	int64_t *open = ARENA_ARRAY(call->arena, int64_t, rows->count + 1);
	struct record **lines;
	size_t count = trade_lines(call, delivery, E_delivery_line, &lines);
	const char *state = rows->count > 0 ? rows_text(rows, 0, ORDERED_STATE) : "";

	if (strcmp(state, "confirmed") != 0 && strcmp(state, "part_delivered") != 0)
		return CALL_FAIL(call, ERR_WRONG_STATE, .entity = E_delivery,
		    .field = F_delivery_order_id,
		    .text = call_say(
			call, "The order is not open for delivery", "订单当前不可发货"));
	if (count == 0)
		return CALL_FAIL(call, ERR_EMPTY, .entity = E_delivery,
		    .field = F_delivery_order_id,
		    .text = call_say(call, "A delivery needs lines", "发货单没有明细"));
	for (size_t i = 0; i < rows->count; i++)
		open[i] =
		    rows_int(rows, i, ORDERED_QUANTITY) - rows_int(rows, i, ORDERED_DELIVERED);
	for (size_t i = 0; i < count; i++)
		delivery_match_line(call, lines[i], rows, open);
	record_set_text(delivery, F_delivery_state, "shipped");
	record_set_number(
	    delivery, F_delivery_customer_id, rows_int(rows, 0, ORDERED_CUSTOMER));
	if (!record_value(delivery, F_delivery_address)->present)
		record_set_text(
		    delivery, F_delivery_address, rows_text(rows, 0, ORDERED_ADDRESS));
	return call->failure.err;
}

static enum err
delivery_before_save(struct call *call, struct record *delivery)
{
	struct sql *sql = sql_new(call->arena);
	struct rows *rows;
	enum err err;

	if (!delivery->is_new)
		return ERR_OK; /* an action */
	sql_add(sql, "SELECT * FROM kehu_order_lines(");
	sql_int(sql, record_number(delivery, F_delivery_order_id));
	sql_add(sql, ")");
	sql_named(sql);
	err = store_as_rule(call, sql, &rows);
	return err == ERR_OK ? delivery_fill(call, delivery, rows) : err;
}

static enum err
delivery_book(struct call *call, const struct record *delivery, int64_t sign)
{
	struct sql *sql = sql_new(call->arena);
	struct rows *rows;

	sql_add(sql, "SELECT kehu_delivery_book(");
	sql_int(sql, delivery->stored_id);
	sql_add(sql, ", ");
	sql_int(sql, sign);
	sql_add(sql, ")");
	return store_as_rule(call, sql, &rows);
}

static enum err
delivery_after_save(struct call *call, struct record *delivery)
{
	return delivery->is_new ? delivery_book(call, delivery, 1) : ERR_OK;
}

static enum err
delivery_receive(struct call *call, struct record *delivery, const struct value *arguments)
{
	(void)call;
	if (arguments[0].present)
		record_set_text(delivery, F_delivery_received_by, arguments[0].text);
	return ERR_OK;
}

static enum err
delivery_cancel(struct call *call, struct record *delivery, const struct value *arguments)
{
	record_set_text(delivery, F_delivery_reason, arguments[0].text);
	return delivery_book(call, delivery, -1);
}

static enum err
delivery_return(struct call *call, struct record *delivery, const struct value *arguments)
{
	struct record *back = record_make(call, catalog_entity(call->catalog, E_goods_return));
	struct record **lines;
	size_t count = trade_lines(call, delivery, E_delivery_line, &lines);
	int64_t *open = ARENA_ARRAY(call->arena, int64_t, count + 1);
	int64_t *quantities = ARENA_ARRAY(call->arena, int64_t, count + 1);
	enum err err;

	for (size_t i = 0; i < count; i++)
		open[i] = record_number(lines[i], F_delivery_line_quantity) -
			  record_number(lines[i], F_delivery_line_returned);
	err = trade_quantities(
	    call, 2, arguments[1].present ? arguments[1].text : NULL, open, count, quantities);
	if (err != ERR_OK)
		return err;
	record_set_number(back, F_goods_return_delivery_id, delivery->id);
	record_set_text(back, F_goods_return_reason, arguments[0].text);
	for (size_t i = 0; i < count; i++) {
		struct record *line;

		if (quantities[i] == 0)
			continue;
		line = record_make_line(call, back, E_goods_return_line, count);
		trade_copy(line, lines[i],
		    (const uint32_t[]){
			F_delivery_line_product_id, F_goods_return_line_product_id, 0 });
		record_set_number(line, F_goods_return_line_quantity, quantities[i]);
		record_set_number(line, F_goods_return_line_delivery_line, lines[i]->id);
	}
	err = record_save(call, back);
	trade_tell_number(call, back, F_goods_return_number);
	return err;
}

const struct rule rules_delivery[] = {
	{ .hook = HOOK_BEFORE_SAVE, .run = delivery_before_save },
	{ .hook = HOOK_AFTER_SAVE, .run = delivery_after_save },
	{ .action = "receive", .act = delivery_receive },
	{ .action = "return", .act = delivery_return, .stores = true, .makes = "goods_return" },
	{ .action = "cancel", .act = delivery_cancel },
	{ 0 },
};
