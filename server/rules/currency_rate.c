/*
 * 汇率: more than zero, and none for the base currency itself.
 */
#include "server/entity/fields.h"
#include "server/trade/trade.h"

#include <string.h>

static enum err
currency_rate_before_save(struct call *call, struct record *rate)
{
	if (strcmp(record_text(rate, F_currency_rate_currency), PRICE_BASE) == 0)
		return CALL_FAIL(call, ERR_INVALID, .field = F_currency_rate_currency,
		    .text = call_say(
			call, "CNY is what the others are measured in", "人民币为本位币"));
	if (record_number(rate, F_currency_rate_rate) <= 0)
		return CALL_FAIL(call, ERR_INVALID, .field = F_currency_rate_rate);
	return ERR_OK;
}

const struct rule rules_currency_rate[] = {
	{ .hook = HOOK_BEFORE_SAVE, .run = currency_rate_before_save },
	{ 0 },
};
