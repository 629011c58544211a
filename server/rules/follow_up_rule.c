/* 回访规则: as many days as make sense. */
#include "server/entity/fields.h"
#include "server/record/rule.h"

#define DAYS_MAX 3650

static enum err
follow_up_before_save(struct call *call, struct record *rule)
{
	int64_t days = record_number(rule, F_follow_up_rule_days);

	if (days >= 1 && days <= DAYS_MAX)
		return ERR_OK;
	return CALL_FAIL(call, ERR_INVALID, .field = F_follow_up_rule_days,
	    .text = call_say(call, "From 1 to 3650 days", "应在 1 到 3650 天之间"));
}

const struct rule rules_follow_up_rule[] = {
	{ .hook = HOOK_BEFORE_SAVE, .run = follow_up_before_save },
	{ 0 },
};
