/*
 * 回款计划: instalments of an order, never more together than the order; what is paid on them
 * is written by receipts, as figures outside their version.
 */
#include "server/entity/fields.h"
#include "server/trade/trade.h"

static enum err
receivable_before_save(struct call *call, struct record *one)
{
	if (!one->is_new && record_changed(one, F_receivable_order_id))
		return CALL_FAIL(call, ERR_READ_ONLY, .field = F_receivable_order_id);
	if (record_number(one, F_receivable_amount) <= 0)
		return CALL_FAIL(call, ERR_INVALID, .field = F_receivable_amount,
		    .text = call_say(
			call, "An instalment is more than zero", "分期金额必须大于零"));
	return ERR_OK;
}

/* Made by hand, it takes its customer and its number from its order. */
static enum err
receivable_defaults(struct call *call, struct record *one)
{
	struct sql *sql = sql_new(call->arena);
	struct rows *rows;
	enum err err;

	if (record_value(one, F_receivable_customer_id)->present ||
	    !record_value(one, F_receivable_order_id)->present)
		return ERR_OK;
	sql_add(sql,
	    "SELECT o.customer_id, o.number || '/' || 1 + (SELECT count(*) FROM receivable r "
	    "WHERE r.order_id = o.id) FROM sales_order o WHERE o.id = ");
	sql_int(sql, record_number(one, F_receivable_order_id));
	sql_named(sql);
	err = store_run(call->store, call->arena, sql, &rows);
	if (err != ERR_OK || rows->count == 0)
		return err; /* an order out of sight is refused with the other references */
	record_set_number(one, F_receivable_customer_id, rows_int(rows, 0, 0));
	record_set_text(one, F_receivable_number, rows_text(rows, 0, 1));
	return ERR_OK;
}

static enum err
receivable_track(struct call *call, struct record *one)
{
	struct sql *sql = sql_new(call->arena);
	struct rows *rows;

	sql_add(sql, "SELECT kehu_receivable_track(");
	sql_int(sql, one->stored_id);
	sql_add(sql, ")");
	sql_named(sql);
	return store_as_rule(call, sql, &rows);
}

static enum err
receivable_settle(struct call *call, struct record *one, const struct value *arguments)
{
	struct sql *sql = sql_new(call->arena);

	sql_add(sql, "SELECT kehu_receivable_settle(");
	sql_int(sql, one->id);
	sql_add(sql, ", ");
	if (arguments[0].present)
		sql_int(sql, arguments[0].number);
	else
		sql_null(sql, "bigint");
	sql_add(sql, ")");
	return trade_rule(call, one, sql);
}

const struct rule rules_receivable[] = {
	{ .hook = HOOK_DEFAULTS, .run = receivable_defaults },
	{ .hook = HOOK_BEFORE_SAVE, .run = receivable_before_save },
	{ .hook = HOOK_AFTER_SAVE, .run = receivable_track },
	{ .hook = HOOK_AFTER_DELETE, .run = receivable_track },
	{ .action = "settle", .act = receivable_settle, .stores = true },
	{ 0 },
};
