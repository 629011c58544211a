/*
 * 订单: from draft to paid. A draft is edited; confirming checks prices and credit, past the
 * credit it is held until a receipt makes room or somebody who may releases it. Deliveries,
 * instalments and invoice requests are made from it, never typed again.
 */
#include "common/date.h"
#include "common/money.h"
#include "common/text.h"
#include "server/entity/fields.h"
#include "server/record/store_tree.h"
#include "server/trade/trade.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define ORDER_INSTALMENTS 36

static const struct trade_fields order_fields = TRADE_FIELDS(order, ordered_on);

/* A quote or a contract promised its prices. */
static bool
order_is_promised(const struct record *order)
{
	return record_value(order, F_order_contract_id)->present ||
	       record_value(order, F_order_quote_id)->present;
}

static enum err
order_defaults(struct call *call, struct record *order)
{
	return trade_join_opportunity(
	    call, order, F_order_opportunity_id, F_order_customer_id, F_order_contact_id);
}

/* Made by somebody of the customer's own, for whom looks after the customer. */
static bool
order_is_asked_for(const struct call *call, const struct record *order)
{
	return order->is_new && order->owner != call->session.user &&
	       access_arms(call->user, order->entity->def, RIGHT_CREATE).company != 0;
}

static enum err
order_before_save(struct call *call, struct record *order)
{
	bool of_contract = record_value(order, F_order_contract_id)->present;
	struct trade_fields fields = order_fields;
	enum err err;

	if (order->is_new)
		record_set_text(order, F_order_state, "draft");
	else if (record_changed(order, F_order_state))
		return ERR_OK; /* an action; nothing else of it changes */
	/* At today's prices, not those of a day they choose. */
	if (order_is_asked_for(call, order))
		record_set_number(order, F_order_ordered_on, call_today(call));
	err = trade_join_opportunity(
	    call, order, F_order_opportunity_id, F_order_customer_id, F_order_contact_id);
	if (err != ERR_OK)
		return err;
	fields.prices_are_given = order_is_promised(order);
	if (!trade_changed(order, &fields))
		return ERR_OK;
	err = trade_price(call, order, &fields);
	return err == ERR_OK && fields.prices_are_given
		   ? trade_keep_granted(call, order, &fields, of_contract ? "contract" : "quote",
			 record_number(order, of_contract ? F_order_contract_id : F_order_quote_id))
		   : err;
}

/* Who is to confirm it hears of an order that somebody of the customer's own asks for. */
static enum err
order_after_save(struct call *call, struct record *order)
{
	const char *label = record_text(order, F_order_number);
	struct sql *sql = sql_new(call->arena);

	if (!order_is_asked_for(call, order))
		return ERR_OK;
	sql_add(sql, "SELECT kehu_tell(");
	sql_int(sql, order->owner);
	sql_add(sql, ", 'system', ");
	sql_text(sql, arena_printf(call->arena, "A customer asks for an order %s", label));
	sql_add(sql, ", ");
	sql_text(sql, arena_printf(call->arena, "客户提交了订单 %s", label));
	sql_addf(sql, ", %d, ", E_order);
	sql_int(sql, order->stored_id);
	sql_add(sql, ")");
	store_queue(call->store, sql, NULL);
	return ERR_OK;
}

/* ---- confirming -------------------------------------------------------------------------- */

/* A price of a list that ended since the draft was written holds no more, unless a quote or
 * a contract promised it. */
static enum err
order_check_prices(struct call *call, struct record *order)
{
	struct sql *sql = sql_new(call->arena);
	struct rows *rows;
	enum err err;

	if (order_is_promised(order))
		return ERR_OK;
	sql_add(sql, "SELECT p.name, l.valid_until FROM order_line o JOIN price_list l ON l.id "
		     "= o.price_list_id "
		     "JOIN product p ON p.id = o.product_id WHERE o.order_id = ");
	sql_int(sql, order->id);
	sql_add(
	    sql, " AND o.deleted_at IS NULL AND o.price = o.list_price AND l.valid_until < ");
	sql_date(sql, call_today(call));
	sql_add(sql, " ORDER BY o.position LIMIT 1");
	err = store_run(call->store, call->arena, sql, &rows);
	if (err != ERR_OK || rows->count == 0)
		return err;
	return CALL_FAIL(call, ERR_PRICE_ENDED,
	    .text = arena_printf(call->arena,
		call_say(call, "The price of %s ended on %s; price the order again",
		    "%s 的价格已于 %s 到期，请重新取价"),
		rows_text(rows, 0, 0), date_format(call->arena, rows_date(rows, 0, 1))));
}

static enum err
order_run_confirm(struct call *call, struct record *order, bool force, const char *reason)
{
	struct sql *sql = sql_new(call->arena);
	struct rows *rows;
	enum err err;

	sql_add(sql, "SELECT version, held FROM kehu_order_confirm(");
	sql_int(sql, order->id);
	sql_add(sql, ", ");
	sql_bool(sql, force);
	sql_add(sql, ", ");
	sql_text(sql, reason);
	sql_add(sql, ")");
	err = store_as_rule(call, sql, &rows);
	if (err != ERR_OK)
		return err;
	order->version = (uint32_t)rows_int(rows, 0, 0);
	if (rows_bool(rows, 0, 1))
		call->written_text = call_say(call,
		    "HELD: past the customer's credit limit, until money comes in or somebody releases it",
		    "已挂起：超出客户信用额度，待回款或信用放行");
	return ERR_OK;
}

static enum err
order_confirm(struct call *call, struct record *order, const struct value *arguments)
{
	struct record **lines;
	enum err err;

	(void)arguments;
	if (trade_lines(call, order, E_order_line, &lines) == 0)
		return CALL_FAIL(call, ERR_EMPTY,
		    .text = call_say(
			call, "An order without lines orders nothing", "订单没有明细"));
	err = order_check_prices(call, order);
	return err == ERR_OK ? order_run_confirm(call, order, false, NULL) : err;
}

/*
 * Within the limit anybody may. Past it somebody answers for it: who may approve orders, or
 * whom an approval rule asks before this is done for good.
 */
static enum err
order_release(struct call *call, struct record *order, const struct value *arguments)
{
	struct arms arms = access_arms(call->user, order->entity->def, RIGHT_APPROVE);
	bool force = call->may_wait || call->nested ||
		     arms_reach(&arms, order->owner, order->department, order->branch, 0);

	return order_run_confirm(
	    call, order, force, arguments[0].present ? arguments[0].text : NULL);
}

static enum err
order_reprice(struct call *call, struct record *order, const struct value *arguments)
{
	(void)arguments;
	record_set_number(order, F_order_ordered_on, call_today(call));
	trade_forget_prices(order);
	record_set_text(order, F_order_reason,
	    arena_printf(call->arena, call_say(call, "Priced again on %s", "%s 重新取价"),
		date_format(call->arena, call_today(call))));
	return trade_price(call, order, &order_fields);
}

/* ---- ending ------------------------------------------------------------------------------ */

/* What the part of the order that was never delivered comes to, in the base currency. */
static enum err
order_open_base(struct call *call, const struct record *order, int64_t *base)
{
	struct price_line *open;
	struct price_total total = { 0 };
	struct record **lines;
	size_t count = trade_lines(call, order, E_order_line, &lines);
	bool all = true;
	enum err err;

	open = ARENA_ARRAY(call->arena, struct price_line, count + 1);
	for (size_t i = 0; i < count; i++) {
		open[i] = (struct price_line){ .price = record_number(lines[i], TRADE_PRICE),
			.quantity = record_number(lines[i], TRADE_QUANTITY) -
				    record_number(lines[i], F_order_line_delivered),
			.discount = record_number(lines[i], TRADE_DISCOUNT),
			.tax_rate = record_number(lines[i], TRADE_TAX_RATE) };
		all = all && record_number(lines[i], F_order_line_delivered) == 0;
	}
	if (all) { /* to the last minor unit what confirming added */
		*base = record_number(order, F_order_total_base);
		return ERR_OK;
	}
	err = trade_total(call, open, count, record_text(order, F_order_currency),
	    record_number(order, F_order_tax_included) != 0, &total);
	if (err == ERR_OK)
		err = trade_base(total.gross_minor, record_text(order, F_order_currency),
		    record_number(order, F_order_rate), base);
	return err;
}

static enum err
order_end(
    struct call *call, struct record *order, const char *state, const struct value *reason)
{
	struct sql *sql = sql_new(call->arena);
	int64_t base;
	enum err err = order_open_base(call, order, &base);

	if (err != ERR_OK)
		return err;
	sql_add(sql, "SELECT kehu_order_end(");
	sql_int(sql, order->id);
	sql_add(sql, ", ");
	sql_text(sql, state);
	sql_add(sql, ", ");
	sql_int(sql, base);
	sql_add(sql, ", ");
	sql_text(sql, reason->present ? reason->text : NULL);
	sql_add(sql, ")");
	return trade_rule(call, order, sql);
}

static enum err
order_close(struct call *call, struct record *order, const struct value *arguments)
{
	if (strcmp(record_text(order, F_order_state), "delivered") != 0 &&
	    !arguments[0].present)
		return CALL_FAIL(call, ERR_REQUIRED, .field = 1,
		    .text = call_say(call, "Say why it is closed before all is delivered",
			"未全部发货就关闭，请说明原因"));
	return order_end(call, order, "closed", &arguments[0]);
}

static enum err
order_cancel(struct call *call, struct record *order, const struct value *arguments)
{
	return order_end(call, order, "cancelled", &arguments[0]);
}

/* ---- what is made of it ------------------------------------------------------------------ */

static enum err
order_deliver(struct call *call, struct record *order, const struct value *arguments)
{
	struct record *delivery = record_make(call, catalog_entity(call->catalog, E_delivery));
	struct record **lines;
	size_t count = trade_lines(call, order, E_order_line, &lines);
	int64_t *open = ARENA_ARRAY(call->arena, int64_t, count + 1);
	int64_t *quantities = ARENA_ARRAY(call->arena, int64_t, count + 1);
	enum err err;

	for (size_t i = 0; i < count; i++)
		open[i] = record_number(lines[i], TRADE_QUANTITY) -
			  record_number(lines[i], F_order_line_delivered);
	err = trade_quantities(
	    call, 1, arguments[0].present ? arguments[0].text : NULL, open, count, quantities);
	if (err != ERR_OK)
		return err;
	record_set_number(delivery, F_delivery_order_id, order->id);
	if (arguments[1].present)
		record_set_number(delivery, F_delivery_delivered_on, arguments[1].number);
	if (arguments[2].present)
		record_set_text(delivery, F_delivery_carrier, arguments[2].text);
	if (arguments[3].present)
		record_set_text(delivery, F_delivery_waybill, arguments[3].text);
	for (size_t i = 0; i < count; i++) {
		struct record *line;

		if (quantities[i] == 0)
			continue;
		line = record_make_line(call, delivery, E_delivery_line, count);
		trade_copy(line, lines[i],
		    (const uint32_t[]){ TRADE_PRODUCT, F_delivery_line_product_id, 0 });
		record_set_number(line, F_delivery_line_quantity, quantities[i]);
		record_set_number(line, F_delivery_line_order_line, lines[i]->id);
	}
	err = record_save(call, delivery);
	order->version++; /* booking the delivery set the order's state */
	trade_tell_number(call, delivery, F_delivery_number);
	return err;
}

/* "30 2026-12-01, 70 +60d": percents and days. */
static enum err
order_read_plan(
    struct call *call, const char *text, int64_t *percents, int64_t *days, size_t *count)
{
	size_t n = 0;

	while (*text != '\0') {
		size_t bytes = strcspn(text, ",;"), cut;
		char *part = arena_strndup(call->arena, text + strspn(text, " "),
		    bytes - (strspn(text, " ") < bytes ? strspn(text, " ") : bytes));

		text += bytes + (text[bytes] != '\0');
		if (part[0] == '\0')
			continue;
		cut = strcspn(part, " ");
		if (n == ORDER_INSTALMENTS || part[cut] == '\0')
			return ERR_INVALID;
		part[cut] = '\0';
		if (cut > 1 && part[cut - 1] == '%')
			part[cut - 1] = '\0';
		if (money_parse(part, PERCENT_DECIMALS, &percents[n]) != ERR_OK ||
		    date_parse(part + cut + 1, call_today(call), true, &days[n]) != ERR_OK)
			return ERR_INVALID;
		n++;
	}
	*count = n;
	return n > 0 ? ERR_OK : ERR_INVALID;
}

static enum err
order_add_instalment(struct call *call, const struct record *order, size_t place,
    int64_t percent, int64_t day, int64_t minor)
{
	struct record *one = record_make(call, catalog_entity(call->catalog, E_receivable));

	record_set_number(one, F_receivable_order_id, order->id);
	record_set_number(one, F_receivable_due_on, day);
	trade_set_money(one, F_receivable_amount, minor, record_text(order, F_order_currency));
	record_set_number(one, F_receivable_percent, percent);
	record_set_text(one, F_receivable_number,
	    arena_printf(call->arena, "%s/%zu", record_text(order, F_order_number), place));
	trade_copy(
	    one, order, (const uint32_t[]){ F_order_customer_id, F_receivable_customer_id, 0 });
	return record_save(call, one);
}

static enum err
order_plan(struct call *call, struct record *order, const struct value *arguments)
{
	int64_t percents[ORDER_INSTALMENTS], days[ORDER_INSTALMENTS], parts[ORDER_INSTALMENTS];
	size_t count = 0;
	enum err err = order_read_plan(call, arguments[0].text, percents, days, &count);

	if (err == ERR_OK)
		err = price_split(record_number(order, F_order_total), percents, count, parts);
	if (err != ERR_OK)
		return CALL_FAIL(call, ERR_PLAN, .field = 1,
		    .text = call_say(call,
			"Percents that make up 100, each with its day: 30 2026-12-01, 70 +60d",
			"各期百分比之和应为 100，并写明日期: 30 2026-12-01, 70 +60d"));
	for (size_t i = 0; err == ERR_OK && i < count; i++)
		err = order_add_instalment(call, order, i + 1, percents[i], days[i], parts[i]);
	return err;
}

static enum err
order_invoice(struct call *call, struct record *order, const struct value *arguments)
{
	struct record *asked =
	    record_make(call, catalog_entity(call->catalog, E_invoice_request));
	enum err err;

	record_set_number(asked, F_invoice_request_order_id, order->id);
	record_set_text(asked, F_invoice_request_kind, arguments[0].text);
	if (arguments[1].present)
		trade_set_money(
		    asked, F_invoice_request_amount, arguments[1].number, arguments[1].text);
	else
		trade_set_money(asked, F_invoice_request_amount,
		    record_number(order, F_order_total) -
			record_number(order, F_order_invoiced),
		    record_text(order, F_order_currency));
	err = record_save(call, asked);
	trade_tell_number(call, asked, F_invoice_request_number);
	return err;
}

const struct rule rules_order[] = {
	{ .hook = HOOK_DEFAULTS, .run = order_defaults },
	{ .hook = HOOK_BEFORE_SAVE, .run = order_before_save },
	{ .hook = HOOK_AFTER_SAVE, .run = order_after_save },
	{ .action = "confirm", .act = order_confirm, .stores = true },
	{ .action = "reprice", .act = order_reprice },
	{ .action = "release", .act = order_release, .stores = true },
	{ .action = "deliver", .act = order_deliver, .stores = true, .makes = "delivery" },
	{ .action = "plan", .act = order_plan, .stores = true, .makes = "receivable" },
	{ .action = "invoice",
	    .act = order_invoice,
	    .stores = true,
	    .makes = "invoice_request" },
	{ .action = "close", .act = order_close, .stores = true },
	{ .action = "cancel", .act = order_cancel, .stores = true },
	{ 0 },
};
