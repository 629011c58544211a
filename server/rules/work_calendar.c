/*
 * 工作日历: hours that can be understood and a time zone that there is.
 */
#include "common/worktime.h"
#include "server/entity/fields.h"
#include "server/record/rule.h"

static enum err
work_calendar_before_save(struct call *call, struct record *calendar)
{
	struct work_week week;
	struct sql *sql;
	struct rows *rows;
	enum err err;

	if (work_parse(record_text(calendar, F_work_calendar_hours), &week) != ERR_OK)
		return CALL_FAIL(call, ERR_INVALID, .entity = E_work_calendar,
		    .field = F_work_calendar_hours,
		    .text = call_say(call,
			"Weekdays and hours that do not overlap, such as 1-5 09:00-12:00 13:30-18:00; 6 09:00-12:00",
			"应为星期及互不重叠的时段，如 1-5 09:00-12:00 13:30-18:00; 6 09:00-12:00"));
	if (!record_changed(calendar, F_work_calendar_zone))
		return ERR_OK;
	sql = sql_new(call->arena);
	sql_add(sql, "SELECT EXISTS (SELECT FROM pg_timezone_names WHERE name = ");
	sql_text(sql, record_text(calendar, F_work_calendar_zone));
	sql_add(sql, ")");
	err = store_run(call->store, call->arena, sql, &rows);
	if (err == ERR_OK && !rows_bool(rows, 0, 0))
		err = CALL_FAIL(call, ERR_INVALID, .entity = E_work_calendar,
		    .field = F_work_calendar_zone,
		    .text = call_say(call, "There is no such time zone", "没有此时区"));
	return err;
}

const struct rule rules_work_calendar[] = {
	{ .hook = HOOK_BEFORE_SAVE, .run = work_calendar_before_save },
	{ 0 },
};
