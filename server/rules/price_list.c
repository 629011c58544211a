/*
 * 价目表: from a day to a day, with prices that are none below zero.
 */
#include "server/entity/fields.h"
#include "server/trade/trade.h"

static enum err
price_list_before_save(struct call *call, struct record *list)
{
	struct record **lines;
	size_t count = trade_lines(call, list, E_price_line, &lines);

	if (record_value(list, F_price_list_valid_until)->present &&
	    record_number(list, F_price_list_valid_until) <
		record_number(list, F_price_list_valid_from))
		return CALL_FAIL(call, ERR_INVALID, .field = F_price_list_valid_until,
		    .text = call_say(call, "A price list cannot end before it begins",
			"失效日期不能早于生效日期"));
	for (size_t i = 0; i < count; i++)
		if (record_number(lines[i], F_price_line_price) < 0 ||
		    record_number(lines[i], F_price_line_minimum) < 0)
			call_also(
			    call, (struct failure){ .err = ERR_INVALID,
				      .entity = E_price_line,
				      .line = lines[i]->id,
				      .field = record_number(lines[i], F_price_line_price) < 0
						   ? F_price_line_price
						   : F_price_line_minimum });
	return call->failure.err;
}

const struct rule rules_price_list[] = {
	{ .hook = HOOK_BEFORE_SAVE, .run = price_list_before_save },
	{ 0 },
};
