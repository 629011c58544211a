/*
 * 定时报表: what it asks for is there for whoever schedules it, its time is a time, and who gets it can be reached.
 * Next times and runs are sql/repeat/43_report.sql's.
 */
#include "common/buf.h"
#include "common/date.h"
#include "server/entity/fields.h"
#include "server/record/rule.h"
#include "server/report/schedule.h"

#include <string.h>

#define SCHEDULE_KEEP_DAYS_MAX 3650

static enum err
schedule_refuse(struct call *call, enum err err, uint32_t field, const char *text)
{
	call->failure = (struct failure){ 0 };
	call->more_count = 0;
	return CALL_FAIL(call, err, .entity = E_report_schedule, .field = field, .text = text);
}

static enum err
schedule_check_time(struct call *call, struct record *schedule)
{
	int64_t day = record_number(schedule, F_report_schedule_day);
	int64_t keep = record_number(schedule, F_report_schedule_keep_days);
	const char *every = record_text(schedule, F_report_schedule_every);
	int minutes;

	if (time_parse(record_text(schedule, F_report_schedule_time), &minutes) != ERR_OK)
		return schedule_refuse(call, ERR_INVALID, F_report_schedule_time,
		    call_say(call, "A time such as 08:00", "时刻如 08:00"));
	record_set_text(schedule, F_report_schedule_time,
	    arena_printf(call->arena, "%02d:%02d", minutes / 60, minutes % 60));
	if (record_value(schedule, F_report_schedule_day)->present &&
	    (day < 1 || day > (strcmp(every, "week") == 0 ? 7 : 31)))
		return schedule_refuse(call, ERR_INVALID, F_report_schedule_day,
		    call_say(call, "Weekdays are 1 to 7, days of the month 1 to 31", "按周为 1 至 7，按月为 1 至 31"));
	if (keep < 1 || keep > SCHEDULE_KEEP_DAYS_MAX)
		return schedule_refuse(call, ERR_INVALID, F_report_schedule_keep_days,
		    call_say(call, "1 to 3650 days", "1 至 3650 天"));
	return ERR_OK;
}

/* The report with its parameters, as it would be asked for now; *info becomes what that is. */
static enum err
schedule_check_report(struct call *call, const struct record *schedule, const struct report_info **info)
{
	Kehu__Report request;
	struct report report = { .call = call, .request = &request };
	const char *why = NULL;
	enum err err = schedule_request(call, *info, record_text(schedule, F_report_schedule_parameters),
	    record_text(schedule, F_report_schedule_period), &request, &why);

	if (err == ERR_OK) {
		err = report_take(&report);
		why = call->failure.text != NULL ? call->failure.text : err_text(err, call->session.lang);
		for (const struct field *field = (*info)->parameters; err != ERR_OK && field->number != 0; field++)
			if (field->number == call->failure.field)
				why = arena_printf(call->arena, "%s: %s", field->name, why);
	}
	if (err != ERR_OK)
		return schedule_refuse(call, ERR_INVALID, F_report_schedule_parameters, why);
	*info = report.info;
	return ERR_OK;
}

/* Commas and semicolons of either language become ",". */
static char *
schedule_commas(struct arena *arena, const char *text)
{
	static const char *const marks[] = { "，", "；", "、", ";", " " };
	char *out = arena_strdup(arena, text), *to = out;

	while (*text != '\0') {
		size_t bytes = 0;

		for (size_t i = 0; bytes == 0 && i < sizeof(marks) / sizeof(marks[0]); i++)
			if (strncmp(text, marks[i], strlen(marks[i])) == 0)
				bytes = strlen(marks[i]);
		*to++ = bytes > 0 ? ',' : *text;
		text += bytes > 0 ? bytes : 1;
	}
	*to = '\0';
	return out;
}

static bool
schedule_is_user(const struct call *call, const char *name)
{
	for (size_t i = 0; i < access_setup_count(call->access, E_user); i++)
		if (strcmp(access_setup_at(call->access, E_user, i)->key, name) == 0)
			return true;
	return false;
}

static enum err
schedule_check_receivers(struct call *call, struct record *schedule, const struct report_info *info)
{
	char *next = schedule_commas(call->arena, record_text(schedule, F_report_schedule_receivers));
	struct buf kept = BUF_INIT;
	enum err err = ERR_OK;

	if (!report_may_export(call, info) &&
	    (schedule_leaves_house(next) || strcmp(record_text(schedule, F_report_schedule_format), "csv") == 0))
		return schedule_refuse(call, ERR_FORBIDDEN,
		    schedule_leaves_house(next) ? F_report_schedule_receivers : F_report_schedule_format,
		    call_say(call, "CSV, and addresses outside, need the right to export",
			"CSV 及外部邮箱需要导出权限"));
	for (char *word; err == ERR_OK && (word = strsep(&next, ",")) != NULL;) {
		if (*word == '\0')
			continue;
		if (strchr(word, '@') == NULL && !schedule_is_user(call, word))
			err = schedule_refuse(call, ERR_INVALID, F_report_schedule_receivers,
			    arena_printf(call->arena, call_say(call, "There is no user %s", "没有用户 %s"), word));
		buf_printf(&kept, "%s%s", kept.bytes > 0 ? ", " : "", word);
	}
	if (err == ERR_OK && kept.bytes > 0)
		record_set_text(schedule, F_report_schedule_receivers, arena_strdup(call->arena, buf_text(&kept)));
	buf_fini(&kept);
	return err;
}

static enum err
schedule_before_save(struct call *call, struct record *schedule)
{
	const struct report_info *info =
	    report_find(call->catalog, record_text(schedule, F_report_schedule_report));
	enum err err;

	if (schedule->acting)
		return ERR_OK;
	if (!schedule->is_new && record_number(schedule, F_report_schedule_owner_id) != call->session.user)
		return CALL_FAIL(call, ERR_FORBIDDEN, .entity = E_report_schedule,
		    .text = call_say(call, "It is made in its owner's rights: only the owner changes it",
			"以所有人的权限生成，只能由所有人修改"));
	if (info == NULL || !report_allowed(call, info))
		return schedule_refuse(call, ERR_INVALID, F_report_schedule_report,
		    call_say(call, "There is no such report", "没有此报表"));
	err = schedule_check_time(call, schedule);
	if (err == ERR_OK)
		err = schedule_check_report(call, schedule, &info);
	return err == ERR_OK ? schedule_check_receivers(call, schedule, info) : err;
}

static enum err
schedule_run_now(struct call *call, struct record *schedule, const struct value *arguments)
{
	struct sql *sql = sql_new(call->arena);

	(void)arguments;
	if (record_number(schedule, F_report_schedule_owner_id) != call->session.user)
		return CALL_FAIL(call, ERR_FORBIDDEN, .entity = E_report_schedule);
	sql_add(sql, "SELECT kehu_report_start(");
	sql_int(sql, schedule->id);
	sql_add(sql, ")");
	call->has_jobs = true;
	return store_as_rule(call, sql, NULL);
}

const struct rule rules_report_schedule[] = {
	{ .hook = HOOK_BEFORE_SAVE, .run = schedule_before_save },
	{ .action = "run", .act = schedule_run_now, .makes = "report_run" },
	{ 0 },
};
