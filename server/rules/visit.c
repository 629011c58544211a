/*
 * 拜访: a visit's life. planned -> started -> completed or cancelled, and back by reopen.
 *
 * A visit logged for now or earlier is completed when it has an outcome, else started; one in the
 * future is planned. Figures of the customer follow every change.
 */
#include "common/date.h"
#include "server/entity/fields.h"
#include "server/record/message.h"
#include "server/record/rule.h"

#include <inttypes.h>
#include <string.h>

#define SOON_US (5 * 60 * US_PER_SECOND) /* clocks differ: a visit "now" is not in the future */

static bool
visit_was_finished(const struct record *visit)
{
	const char *state = visit->old[record_position(visit->entity, F_visit_state)].text;

	return state != NULL && (strcmp(state, "completed") == 0 || strcmp(state, "cancelled") == 0);
}

static enum err
visit_before_save(struct call *call, struct record *visit)
{
	int64_t now = date_now_us(), at = record_number(visit, F_visit_at);
	const char *state = record_text(visit, F_visit_state);

	if (record_number(visit, F_visit_minutes) < 0 || record_number(visit, F_visit_minutes) > 24 * 60)
		return CALL_FAIL(call, ERR_INVALID, .field = F_visit_minutes,
		    .text = call_say(call, "A visit lasts from 0 to 1440 minutes", "时长应在 0 到 1440 分钟之间"));
	if (visit->is_new) {
		if (at > now + SOON_US)
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

/* Last and next visit, counts: recomputed by a rule function, outside the customer's version. */
static enum err
visit_update_figures(struct call *call, struct record *visit)
{
	struct sql *sql = sql_new(call->arena);

	sql_add(sql, "SELECT kehu_customer_figures(");
	sql_int(sql, record_number(visit, F_visit_customer_id));
	sql_add(sql, ")");
	sql_named(sql);
	store_queue(call->store, sql, NULL);
	if (visit->old != NULL && record_changed(visit, F_visit_customer_id)) {
		struct sql *other = sql_new(call->arena);

		sql_add(other, "SELECT kehu_customer_figures(");
		sql_int(other,
		    visit->old[record_position(visit->entity, F_visit_customer_id)].number);
		sql_add(other, ")");
		sql_named(other);
		store_queue(call->store, other, NULL);
	}
	return ERR_OK;
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

const struct rule rules_visit[] = {
	{ .hook = HOOK_BEFORE_SAVE, .run = visit_before_save },
	{ .hook = HOOK_AFTER_SAVE, .run = visit_update_figures },
	{ .hook = HOOK_AFTER_DELETE, .run = visit_update_figures },
	MESSAGE_RULES,
	{ .action = "start", .act = visit_start },
	{ .action = "complete", .act = visit_complete },
	{ .action = "cancel", .act = visit_cancel },
	{ .action = "reopen", .act = visit_reopen },
	{ 0 },
};
