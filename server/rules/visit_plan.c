/*
 * 重复计划: what makes sense as one; its activities are made by the database (kehu_plan_make), at
 * once when it is saved and further ahead by server/job/remind.c.
 */
#include "common/date.h"
#include "server/entity/fields.h"
#include "server/record/rule.h"

#include <string.h>

#define EVERY_MAX 400
#define TIMES_MAX 1000

static enum err
plan_check_numbers(struct call *call, const struct record *plan)
{
	int64_t every = record_number(plan, F_visit_plan_every), minutes = record_number(plan, F_visit_plan_minutes);
	const struct value *times = record_value(plan, F_visit_plan_times);

	if (every < 1 || every > EVERY_MAX)
		return CALL_FAIL(call, ERR_INVALID, .field = F_visit_plan_every,
		    .text = call_say(call, "Every 1 to 400", "间隔应在 1 到 400 之间"));
	if (minutes < 0 || minutes > 24 * 60)
		return CALL_FAIL(call, ERR_INVALID, .field = F_visit_plan_minutes,
		    .text = call_say(call, "It lasts from 0 to 1440 minutes", "时长应在 0 到 1440 分钟之间"));
	if (times->present && (times->number < 1 || times->number > TIMES_MAX))
		return CALL_FAIL(call, ERR_INVALID, .field = F_visit_plan_times,
		    .text = call_say(call, "From 1 to 1000 times", "次数应在 1 到 1000 之间"));
	if (record_number(plan, F_visit_plan_remind_min) < 0 ||
	    record_number(plan, F_visit_plan_remind_min) > 30 * 24 * 60)
		return CALL_FAIL(call, ERR_INVALID, .field = F_visit_plan_remind_min,
		    .text = call_say(call, "A reminder comes from 0 minutes to 30 days before", "提前提醒应在 0 分钟到 30 天之间"));
	return ERR_OK;
}

static enum err
plan_check(struct call *call, const struct record *plan)
{
	const char *weekdays = record_text(plan, F_visit_plan_weekdays);
	int64_t first = date_of_us(record_number(plan, F_visit_plan_starts_at), call->session.offset_min);

	if (weekdays[strspn(weekdays, "1234567 ,")] != '\0')
		return CALL_FAIL(call, ERR_INVALID, .field = F_visit_plan_weekdays,
		    .text = call_say(call, "Weekdays are 1 (Monday) to 7, such as 1 3 5", "星期用 1（周一）到 7 表示，如 1 3 5"));
	if (strspn(weekdays, " ,") < strlen(weekdays) && strcmp(record_text(plan, F_visit_plan_unit), "day") == 0)
		return CALL_FAIL(call, ERR_INVALID, .field = F_visit_plan_weekdays,
		    .text = call_say(call, "Weekdays go with weeks or months", "星期只用于按周或按月重复"));
	if (record_value(plan, F_visit_plan_until)->present && record_number(plan, F_visit_plan_until) < first)
		return CALL_FAIL(call, ERR_INVALID, .field = F_visit_plan_until,
		    .text = call_say(call, "It cannot end before it starts", "不能早于首次"));
	return ERR_OK;
}

static enum err
plan_before_save(struct call *call, struct record *plan)
{
	/* What it says of those made already is changed at one of them, for all that follow. */
	static const uint32_t fixed[] = { F_visit_plan_starts_at, F_visit_plan_every, F_visit_plan_unit,
		F_visit_plan_weekdays, F_visit_plan_times, F_visit_plan_holidays, F_visit_plan_until, F_visit_plan_owner_id };
	enum err err;

	for (size_t i = 0; !plan->is_new && i < sizeof(fixed) / sizeof(fixed[0]); i++)
		if (record_changed(plan, fixed[i]))
			return CALL_FAIL(call, ERR_READ_ONLY, .field = fixed[i],
			    .text = call_say(call, "Change or stop it at one of its activities, for all that follow",
				"请在其中一次活动上改变或停止后续各次"));
	if (plan->is_new)
		record_set_text(plan, F_visit_plan_state, "active");
	err = plan_check_numbers(call, plan);
	return err == ERR_OK ? plan_check(call, plan) : err;
}

static enum err
plan_after_save(struct call *call, struct record *plan)
{
	struct sql *sql = sql_new(call->arena);
	struct rows *rows;
	enum err err;

	if (!plan->is_new)
		return ERR_OK;
	sql_add(sql, "SELECT kehu_plan_make(");
	sql_int(sql, plan->stored_id);
	sql_add(sql, ")");
	err = store_as_rule(call, sql, &rows);
	if (err == ERR_OK)
		call->written_text = arena_printf(call->arena,
		    call_say(call, "%d activities made for the next 60 days", "已生成未来 60 天的 %d 次活动"),
		    (int)rows_int(rows, 0, 0));
	return err;
}

static enum err
plan_end(struct call *call, struct record *plan, const struct value *arguments)
{
	struct sql *sql = sql_new(call->arena);
	struct rows *rows;
	enum err err;

	record_set_text(plan, F_visit_plan_reason, arguments[0].text);
	sql_add(sql, "SELECT kehu_plan_end(");
	sql_int(sql, plan->id);
	sql_add(sql, ", ");
	sql_text(sql, arguments[0].text);
	sql_add(sql, ")");
	err = store_as_rule(call, sql, &rows);
	if (err == ERR_OK)
		call->written_text = arena_printf(call->arena,
		    call_say(call, "%d activities cancelled", "已取消 %d 次活动"), (int)rows_int(rows, 0, 0));
	return err;
}

const struct rule rules_visit_plan[] = {
	{ .hook = HOOK_BEFORE_SAVE, .run = plan_before_save },
	{ .hook = HOOK_AFTER_SAVE, .run = plan_after_save },
	{ .action = "end", .act = plan_end },
	{ 0 },
};
