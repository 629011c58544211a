/*
 * 信用额度: in the base currency, which a customer's debt is added up in.
 */
#include "server/entity/fields.h"
#include "server/trade/trade.h"

#include <string.h>

static enum err
credit_limit_before_save(struct call *call, struct record *limit)
{
	if (strcmp(record_text(limit, F_credit_limit_amount), PRICE_BASE) != 0)
		return CALL_FAIL(call, ERR_INVALID, .field = F_credit_limit_amount,
		    .text = call_say(call, "A credit limit is in CNY", "信用额度以人民币计"));
	if (record_number(limit, F_credit_limit_amount) < 0)
		return CALL_FAIL(call, ERR_INVALID, .field = F_credit_limit_amount);
	return ERR_OK;
}

const struct rule rules_credit_limit[] = {
	{ .hook = HOOK_BEFORE_SAVE, .run = credit_limit_before_save },
	{ 0 },
};
