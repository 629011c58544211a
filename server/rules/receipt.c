/*
 * 回款: booked once, when it is saved. What it pays is named by its lines, else the oldest open
 * instalments; the rest is the customer's balance. A mistake is reversed, never edited away.
 */
#include "common/date.h"
#include "server/entity/fields.h"
#include "server/trade/trade.h"

#include <string.h>

static enum err
receipt_check_lines(struct call *call, const struct record *receipt)
{
	const char *currency = record_text(receipt, F_receipt_amount);
	int64_t sum = 0;

	for (size_t i = 0; i < receipt->line_count; i++) {
		const struct record *line = receipt->lines[i];
		int64_t amount = record_number(line, F_receipt_allocation_amount);

		if (line->removed)
			continue;
		if (amount <= 0 ||
		    strcmp(record_text(line, F_receipt_allocation_amount), currency) != 0)
			call_also(call, (struct failure){ .err = ERR_INVALID,
					    .entity = E_receipt_allocation,
					    .field = F_receipt_allocation_amount,
					    .line = line->id });
		sum += amount;
	}
	if (sum > record_number(receipt, F_receipt_amount))
		call_also(
		    call, (struct failure){ .err = ERR_OVERPAID, .field = F_receipt_amount });
	return call->failure.err;
}

static enum err
receipt_before_save(struct call *call, struct record *receipt)
{
	int64_t rate, base, amount = record_number(receipt, F_receipt_amount);
	const char *currency = record_text(receipt, F_receipt_amount);
	enum err err;

	if (amount <= 0)
		return CALL_FAIL(call, ERR_INVALID, .field = F_receipt_amount,
		    .text =
			call_say(call, "A receipt is more than zero", "回款金额必须大于零"));
	if (record_number(receipt, F_receipt_received_on) > call_today(call))
		return CALL_FAIL(call, ERR_INVALID, .field = F_receipt_received_on,
		    .text = call_say(call, "Money that has not come yet is not booked",
			"未到账的回款不能入账"));
	err = receipt_check_lines(call, receipt);
	if (err == ERR_OK)
		err = trade_rate(call, receipt, F_receipt_amount, currency,
		    record_number(receipt, F_receipt_received_on), &rate);
	if (err == ERR_OK)
		err = trade_base(amount, currency, rate, &base);
	if (err != ERR_OK)
		return err;
	record_set_text(receipt, F_receipt_state, "booked");
	trade_set_money(receipt, F_receipt_amount_base, base, PRICE_BASE);
	return ERR_OK;
}

static enum err
receipt_after_save(struct call *call, struct record *receipt)
{
	struct sql *sql = sql_new(call->arena);
	struct rows *rows;

	if (!receipt->is_new)
		return ERR_OK;
	sql_add(sql, "SELECT kehu_receipt_book(");
	sql_int(sql, receipt->stored_id);
	sql_add(sql, ")");
	sql_named(sql);
	return store_as_rule(call, sql, &rows);
}

static enum err
receipt_reverse(struct call *call, struct record *receipt, const struct value *arguments)
{
	struct sql *sql = sql_new(call->arena);

	sql_add(sql, "SELECT kehu_receipt_reverse(");
	sql_int(sql, receipt->id);
	sql_add(sql, ", ");
	sql_text(sql, arguments[0].text);
	sql_add(sql, ")");
	return trade_rule(call, receipt, sql);
}

const struct rule rules_receipt[] = {
	{ .hook = HOOK_BEFORE_SAVE, .run = receipt_before_save },
	{ .hook = HOOK_AFTER_SAVE, .run = receipt_after_save },
	{ .action = "reverse", .act = receipt_reverse, .stores = true },
	{ 0 },
};
