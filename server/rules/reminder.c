/*
 * 提醒: waiting until its time, told once, done or put off. Telling is the work of
 * server/job/remind.c.
 */
#include "common/date.h"
#include "server/entity/fields.h"
#include "server/record/rule.h"

#include <string.h>

#define SNOOZE_MIN     10
#define SNOOZE_MAX_MIN (30 * 24 * 60)
#define MINUTE_US      (60 * US_PER_SECOND)

static enum err
reminder_before_save(struct call *call, struct record *reminder)
{
	if (reminder->is_new)
		record_set_text(reminder, F_reminder_state, "waiting");
	if (reminder->acting || !record_changed(reminder, F_reminder_due_at))
		return ERR_OK;
	if (!reminder->is_new && record_value(reminder, F_reminder_automatic)->number != 0)
		return CALL_FAIL(call, ERR_READ_ONLY, .field = F_reminder_due_at,
		    .text = call_say(call, "It follows its activity or contract; change that, or snooze it", "它随活动或合同而定，请修改活动或合同，或稍后提醒"));
	if (record_number(reminder, F_reminder_due_at) < date_now_us() - MINUTE_US)
		return CALL_FAIL(call, ERR_INVALID, .field = F_reminder_due_at,
		    .text = call_say(call, "This time has passed", "此时间已过"));
	/* Another time: it is told again. */
	record_set_text(reminder, F_reminder_state, "waiting");
	return ERR_OK;
}

static enum err
reminder_done(struct call *call, struct record *reminder, const struct value *arguments)
{
	(void)call;
	(void)reminder;
	(void)arguments;
	return ERR_OK;
}

static enum err
reminder_snooze(struct call *call, struct record *reminder, const struct value *arguments)
{
	int64_t now = date_now_us();
	int64_t minutes = arguments[0].present ? arguments[0].number : SNOOZE_MIN;
	int64_t until = arguments[1].present ? arguments[1].number : now + minutes * MINUTE_US;

	if (minutes < 1 || minutes > SNOOZE_MAX_MIN)
		return CALL_FAIL(call, ERR_INVALID, .field = 1,
		    .text = call_say(call, "From 1 minute to 30 days", "应在 1 分钟到 30 天之间"));
	if (until <= now)
		return CALL_FAIL(call, ERR_INVALID, .field = 2,
		    .text = call_say(call, "This time has passed", "此时间已过"));
	record_set_number(reminder, F_reminder_due_at, until);
	record_set_number(reminder, F_reminder_snoozed_until, until);
	return ERR_OK;
}

const struct rule rules_reminder[] = {
	{ .hook = HOOK_BEFORE_SAVE, .run = reminder_before_save },
	{ .action = "done", .act = reminder_done },
	{ .action = "snooze", .act = reminder_snooze },
	{ 0 },
};
