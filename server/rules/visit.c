/*
 * 活动: the life of a visit, call, mail, meeting or task. planned -> started -> completed or
 * cancelled, and back by reopen.
 *
 * One logged for now or earlier is completed when it has an outcome, else started; one in the
 * future, and every new task without an outcome, is planned. Figures of the customer follow every change;
 * the activity's own reminder follows by a trigger (sql/repeat/37_activities.sql).
 */
#include "common/date.h"
#include "server/entity/fields.h"
#include "server/record/rule.h"

#include <inttypes.h>
#include <string.h>

#define US_PER_MINUTE (60 * US_PER_SECOND)
#define MINUTES_MAX   (24 * 60)
#define REMIND_MAX    (30 * 24 * 60)
#define CHECK_IN_TRIES 10 /* wrong codes of a user in a day; after that not even the right one counts */
#define SOON_US (5 * 60 * US_PER_SECOND) /* clocks differ: a visit "now" is not in the future */

static bool
visit_was_finished(const struct record *visit)
{
	const char *state = visit->old[record_position(visit->entity, F_visit_state)].text;

	return state != NULL && (strcmp(state, "completed") == 0 || strcmp(state, "cancelled") == 0);
}

static bool
visit_is(const struct record *visit, const char *kind)
{
	return strcmp(record_text(visit, F_visit_kind), kind) == 0;
}

/* Of the end and the minutes the one that was given makes the other; both: the end. */
static enum err
visit_set_end(struct call *call, struct record *visit)
{
	int64_t at = record_number(visit, F_visit_at), minutes;

	if (record_changed(visit, F_visit_ends_at) && record_value(visit, F_visit_ends_at)->present) {
		int64_t ends = record_number(visit, F_visit_ends_at);

		if (ends < at)
			return CALL_FAIL(call, ERR_INVALID, .field = F_visit_ends_at,
			    .text = call_say(call, "It cannot end before it starts", "结束时间不能早于开始时间"));
		record_set_number(visit, F_visit_minutes, (ends - at) / US_PER_MINUTE);
	}
	minutes = record_number(visit, F_visit_minutes);
	if (minutes < 0 || minutes > MINUTES_MAX)
		return CALL_FAIL(call, ERR_INVALID,
		    .field = record_changed(visit, F_visit_ends_at) ? F_visit_ends_at : F_visit_minutes,
		    .text = call_say(call, "It lasts from 0 to 1440 minutes", "时长应在 0 到 1440 分钟之间"));
	record_set_number(visit, F_visit_ends_at, at + minutes * US_PER_MINUTE);
	return ERR_OK;
}

static enum err
visit_check(struct call *call, const struct record *visit)
{
	int64_t remind = record_number(visit, F_visit_remind_min);

	if (remind < 0 || remind > REMIND_MAX)
		return CALL_FAIL(call, ERR_INVALID, .field = F_visit_remind_min,
		    .text = call_say(call, "A reminder comes from 0 minutes to 30 days before", "提前提醒应在 0 分钟到 30 天之间"));
	return ERR_OK;
}

static enum err
visit_before_save(struct call *call, struct record *visit)
{
	int64_t now = date_now_us(), at = record_number(visit, F_visit_at);
	const char *state = record_text(visit, F_visit_state);
	enum err err = visit_check(call, visit);

	if (err == ERR_OK)
		err = visit_set_end(call, visit);
	if (err != ERR_OK)
		return err;
	if (visit->is_new) {
		if (at > now + SOON_US ||
		    (visit_is(visit, "task") && record_text(visit, F_visit_outcome)[0] == '\0'))
			state = "planned";
		else
			state = record_text(visit, F_visit_outcome)[0] != '\0' ? "completed" : "started";
		record_set_text(visit, F_visit_state, state);
	} else if (visit_was_finished(visit) && record_changed(visit, F_visit_at)) {
		return CALL_FAIL(call, ERR_WRONG_STATE, .field = F_visit_at,
		    .text = call_say(call, "A finished visit keeps its time; reopen it first",
			"已结束的拜访不能改时间，请先重新打开"));
	}
	if (at > now + SOON_US && record_text(visit, F_visit_outcome)[0] != '\0')
		return CALL_FAIL(call, ERR_INVALID, .field = F_visit_outcome,
		    .text = call_say(call, "A visit in the future has no outcome yet", "未来的拜访还没有结果"));
	if (strcmp(state, "completed") == 0 && !record_value(visit, F_visit_completed_at)->present)
		record_set_number(visit, F_visit_completed_at, now);
	if (record_value(visit, F_visit_next_on)->present && record_changed(visit, F_visit_next_on) &&
	    record_number(visit, F_visit_next_on) < date_of_us(at, call->session.offset_min))
		return CALL_FAIL(call, ERR_INVALID, .field = F_visit_next_on,
		    .text = call_say(call, "The next step cannot be before the visit", "下次日期不能早于本次拜访"));
	return ERR_OK;
}

static void
visit_update_customer(struct call *call, int64_t customer)
{
	struct sql *sql = sql_new(call->arena);

	if (customer == 0)
		return;
	sql_add(sql, "SELECT kehu_customer_figures(");
	sql_int(sql, customer);
	sql_add(sql, ")");
	sql_named(sql);
	store_queue(call->store, sql, NULL);
}

/*
 * Last and next visit, counts: recomputed by a rule function, outside the customer's version. What a
 * new visit adds the database sees to (visit_figures_on_new).
 */
static enum err
visit_update_figures(struct call *call, struct record *visit)
{
	if (visit->is_new)
		return ERR_OK;
	visit_update_customer(call, record_number(visit, F_visit_customer_id));
	if (visit->old != NULL && record_changed(visit, F_visit_customer_id))
		visit_update_customer(call,
		    visit->old[record_position(visit->entity, F_visit_customer_id)].number);
	return ERR_OK;
}

/* What else its owner has at that time, as far as the reader may see it: said, never refused. */
static void
visit_warn_overlap(struct call *call, struct record *visit)
{
	int64_t at = record_number(visit, F_visit_at), ends = record_number(visit, F_visit_ends_at);
	const char *state = record_text(visit, F_visit_state);
	struct rows **rows;
	struct sql *sql;

	if ((strcmp(state, "planned") != 0 && strcmp(state, "started") != 0) || ends <= at ||
	    (!visit->is_new && !record_changed(visit, F_visit_at) && !record_changed(visit, F_visit_minutes) &&
		!record_changed(visit, F_visit_owner_id)))
		return;
	sql = sql_new(call->arena);
	sql_addf(sql, "SELECT '%s ' || to_char(v.at AT TIME ZONE 'UTC' + make_interval(mins => ",
	    call_say(call, "Overlaps with", "时间冲突:"));
	sql_int(sql, call->session.offset_min);
	sql_add(sql, "::integer), 'MM-DD HH24:MI ') || v.purpose FROM visit v WHERE v.owner_id = ");
	sql_int(sql, record_number(visit, F_visit_owner_id));
	sql_add(sql, " AND v.state IN ('planned', 'started') AND v.deleted_at IS NULL AND v.id <> ");
	sql_int(sql, visit->stored_id);
	/* Nothing lasts longer than a day. */
	sql_add(sql, " AND v.at > ");
	sql_moment(sql, at - MINUTES_MAX * US_PER_MINUTE);
	sql_add(sql, " AND v.at < ");
	sql_moment(sql, ends);
	sql_add(sql, " AND coalesce(v.ends_at, v.at + make_interval(mins => coalesce(v.minutes, 0)::integer)) > ");
	sql_moment(sql, at);
	sql_add(sql, " ORDER BY v.at, v.id LIMIT 1");
	sql_named(sql);
	rows = ARENA_NEW(call->arena, struct rows *);
	store_queue(call->store, sql, rows);
	call->remark_comes = rows;
}

static enum err
visit_after_save(struct call *call, struct record *visit)
{
	visit_warn_overlap(call, visit);
	return visit_update_figures(call, visit);
}

static enum err
visit_start(struct call *call, struct record *visit, const struct value *arguments)
{
	(void)call;
	record_set_number(visit, F_visit_started_at, date_now_us());
	if (arguments[0].present)
		record_set_text(visit, F_visit_place, arguments[0].text);
	return ERR_OK;
}

static enum err
visit_complete(struct call *call, struct record *visit, const struct value *arguments)
{
	int64_t now = date_now_us();

	if (record_number(visit, F_visit_at) > now + SOON_US) /* done early: it was now */
		record_set_number(visit, F_visit_at, now);
	record_set_text(visit, F_visit_outcome, arguments[0].text);
	if (arguments[1].present)
		record_set_text(visit, F_visit_summary, arguments[1].text);
	if (arguments[2].present)
		record_set_text(visit, F_visit_next_step, arguments[2].text);
	if (arguments[3].present) {
		if (arguments[3].number < call_today(call))
			return CALL_FAIL(call, ERR_INVALID, .field = 4,
			    .text = call_say(call, "The next date lies in the past", "下次日期已过"));
		record_set_number(visit, F_visit_next_on, arguments[3].number);
	}
	record_set_number(visit, F_visit_completed_at, now);
	return ERR_OK;
}

static enum err
visit_cancel(struct call *call, struct record *visit, const struct value *arguments)
{
	(void)call;
	record_set_text(visit, F_visit_reason, arguments[0].text);
	return ERR_OK;
}

static enum err
visit_reopen(struct call *call, struct record *visit, const struct value *arguments)
{
	(void)call;
	record_set_text(visit, F_visit_reason, arguments[0].text);
	record_set_null(visit, F_visit_completed_at);
	return ERR_OK;
}

/* For what has no outcome to tell: a task, a mail. */
static enum err
visit_done(struct call *call, struct record *visit, const struct value *arguments)
{
	if (!visit_is(visit, "task") && !visit_is(visit, "mail") && !visit_is(visit, "message"))
		return CALL_FAIL(call, ERR_WRONG_STATE,
		    .text = call_say(call, "Say what came of it: use Complete", "请用“完成”并填写结果"));
	if (arguments[0].present)
		record_set_text(visit, F_visit_summary, arguments[0].text);
	record_set_number(visit, F_visit_completed_at, date_now_us());
	return ERR_OK;
}

static enum err
visit_postpone(struct call *call, struct record *visit, const struct value *arguments)
{
	if (arguments[0].number < date_now_us() - SOON_US)
		return CALL_FAIL(call, ERR_INVALID, .field = 1,
		    .text = call_say(call, "The new time lies in the past", "新时间已过"));
	record_set_number(visit, F_visit_at, arguments[0].number);
	return ERR_OK;
}

static enum err
visit_check_in(struct call *call, struct record *visit, const struct value *arguments)
{
	struct sql *sql = sql_new(call->arena);
	struct rows *rows;
	enum err err;

	if (!record_value(visit, F_visit_customer_id)->present)
		return CALL_FAIL(call, ERR_WRONG_STATE,
		    .text = call_say(call, "It is about no customer", "此活动没有客户"));
	sql_add(sql, "SELECT kehu_check_in(");
	sql_int(sql, record_number(visit, F_visit_customer_id));
	sql_add(sql, ", ");
	sql_text(sql, arguments[0].text);
	sql_add(sql, ", ");
	sql_date(sql, call_today(call));
	sql_addf(sql, ", %d)", CHECK_IN_TRIES);
	err = store_as_rule(call, sql, &rows);
	if (err != ERR_OK)
		return err;
	if (strcmp(rows_text(rows, 0, 0), "limit") == 0)
		return CALL_FAIL(call, ERR_CHECK_IN_LIMIT, .field = 1);
	if (strcmp(rows_text(rows, 0, 0), "none") == 0)
		return CALL_FAIL(call, ERR_WRONG_STATE,
		    .text = call_say(call, "This customer has no check-in code; a supervisor gives it one", "该客户没有签到码，请主管生成"));
	if (strcmp(rows_text(rows, 0, 0), "yes") != 0) {
		call->missed = "check_in";
		return CALL_FAIL(call, ERR_CHECK_IN, .field = 1);
	}
	record_set_number(visit, F_visit_checked_in_at, date_now_us());
	if (!record_value(visit, F_visit_started_at)->present)
		record_set_number(visit, F_visit_started_at, date_now_us());
	return ERR_OK;
}

/* ---- repeated ones ----------------------------------------------------------------------- */

static enum err
visit_plan_rule(struct call *call, struct record *visit, const struct sql *sql)
{
	struct rows *rows;
	enum err err = store_as_rule(call, sql, &rows);

	if (err == ERR_OK)
		visit->version = (uint32_t)rows_int(rows, 0, 0);
	return err;
}

static enum err
visit_check_repeated(struct call *call, const struct record *visit)
{
	if (record_value(visit, F_visit_plan_id)->present)
		return ERR_OK;
	return CALL_FAIL(call, ERR_WRONG_STATE,
	    .text = call_say(call, "It is not one of a repeating plan", "此活动不属于重复计划"));
}

static void
visit_add_optional(struct sql *sql, const struct value *value, bool text)
{
	sql_add(sql, ", ");
	if (text)
		sql_text(sql, value->present ? value->text : NULL);
	else if (value->present)
		sql_int(sql, value->number);
	else
		sql_null(sql, "bigint");
}

static enum err
visit_change_following(struct call *call, struct record *visit, const struct value *arguments)
{
	struct sql *sql = sql_new(call->arena);
	int64_t shift = arguments[0].present ? arguments[0].number - record_number(visit, F_visit_at) : 0;
	enum err err = visit_check_repeated(call, visit);

	if (err != ERR_OK)
		return err;
	if (arguments[0].present && arguments[0].number < date_now_us() - SOON_US)
		return CALL_FAIL(call, ERR_INVALID, .field = 1,
		    .text = call_say(call, "The new time lies in the past", "新时间已过"));
	if (arguments[1].present && (arguments[1].number < 0 || arguments[1].number > MINUTES_MAX))
		return CALL_FAIL(call, ERR_INVALID, .field = 2);
	sql_add(sql, "SELECT kehu_plan_change(");
	sql_int(sql, visit->id);
	sql_add(sql, ", ");
	sql_int(sql, visit->version);
	sql_add(sql, ", ");
	sql_int(sql, shift / US_PER_SECOND);
	visit_add_optional(sql, &arguments[1], false);
	visit_add_optional(sql, &arguments[2], true);
	visit_add_optional(sql, &arguments[3], true);
	sql_add(sql, ")");
	return visit_plan_rule(call, visit, sql);
}

static enum err
visit_stop_following(struct call *call, struct record *visit, const struct value *arguments)
{
	struct sql *sql = sql_new(call->arena);
	enum err err = visit_check_repeated(call, visit);

	if (err != ERR_OK)
		return err;
	sql_add(sql, "SELECT kehu_plan_stop(");
	sql_int(sql, visit->id);
	sql_add(sql, ", ");
	sql_int(sql, visit->version);
	sql_add(sql, ", ");
	sql_text(sql, arguments[0].text);
	sql_add(sql, ")");
	return visit_plan_rule(call, visit, sql);
}

const struct rule rules_visit[] = {
	{ .hook = HOOK_BEFORE_SAVE, .run = visit_before_save },
	{ .hook = HOOK_AFTER_SAVE, .run = visit_after_save },
	{ .action = "done", .act = visit_done },
	{ .action = "postpone", .act = visit_postpone },
	{ .action = "check_in", .act = visit_check_in },
	{ .action = "change_following", .act = visit_change_following, .stores = true },
	{ .action = "stop_following", .act = visit_stop_following, .stores = true },
	{ .hook = HOOK_AFTER_DELETE, .run = visit_update_figures },
	{ .action = "start", .act = visit_start },
	{ .action = "complete", .act = visit_complete },
	{ .action = "cancel", .act = visit_cancel },
	{ .action = "reopen", .act = visit_reopen },
	{ 0 },
};
