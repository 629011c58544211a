/*
 * 折扣权限: a percentage.
 */
#include "server/entity/fields.h"
#include "server/trade/trade.h"

static enum err
discount_limit_before_save(struct call *call, struct record *limit)
{
	int64_t percent = record_number(limit, F_discount_limit_percent);

	if (percent < 0 || percent > PERCENT_WHOLE)
		return CALL_FAIL(call, ERR_INVALID, .field = F_discount_limit_percent,
		    .text = call_say(
			call, "A discount is from 0 to 100 %", "折扣应在 0 到 100 % 之间"));
	return ERR_OK;
}

const struct rule rules_discount_limit[] = {
	{ .hook = HOOK_BEFORE_SAVE, .run = discount_limit_before_save },
	{ 0 },
};
