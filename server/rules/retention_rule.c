/*
 * 保留期限: long enough that a slip of the finger costs nothing.
 */
#include "server/entity/fields.h"
#include "server/record/rule.h"

#define RETENTION_DAYS_MIN 30
#define RETENTION_DAYS_MAX 36500

static enum err
retention_rule_before_save(struct call *call, struct record *rule)
{
	int64_t days = record_number(rule, F_retention_rule_days);

	if (days < RETENTION_DAYS_MIN || days > RETENTION_DAYS_MAX)
		return CALL_FAIL(call, ERR_INVALID, .field = F_retention_rule_days,
		    .text = call_say(
			call, "From 30 to 36,500 days", "天数应在 30 到 36,500 之间"));
	return ERR_OK;
}

const struct rule rules_retention_rule[] = {
	{ .hook = HOOK_BEFORE_SAVE, .run = retention_rule_before_save },
	{ 0 },
};
