/*
 * 月度数据: kept by the first day of its month, of no month to come; an amount, or a number of
 * what is counted.
 */
#include "common/date.h"
#include "server/entity/fields.h"
#include "server/record/rule.h"

static enum err
month_check(struct call *call, struct record *figure)
{
	struct ymd month = date_to_ymd(record_number(figure, F_customer_month_month));

	if (record_number(figure, F_customer_month_month) > date_month_end(call_today(call)))
		return CALL_FAIL(call, ERR_INVALID, .field = F_customer_month_month,
		    .text = call_say(call, "That month is yet to come", "月份不能在未来"));
	if (!record_value(figure, F_customer_month_amount)->present &&
	    !record_value(figure, F_customer_month_number)->present)
		return CALL_FAIL(call, ERR_REQUIRED, .field = F_customer_month_amount,
		    .text =
			call_say(call, "An amount or a number is needed", "请填写金额或数量"));
	month.day = 1;
	record_set_number(figure, F_customer_month_month, date_from_ymd(month));
	return ERR_OK;
}

static enum err
month_check_many(
    struct call *call, struct record *const *figures, size_t count, struct failure *refused)
{
	for (size_t i = 0; i < count; i++)
		if (refused[i].err == ERR_OK && month_check(call, figures[i]) != ERR_OK)
			call_refused(call, &refused[i]);
	return ERR_OK;
}

const struct rule rules_customer_month[] = {
	{ .hook = HOOK_BEFORE_SAVE, .run = month_check, .many = month_check_many },
	{ 0 },
};
