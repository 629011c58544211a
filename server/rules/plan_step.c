/*
 * 开发计划: steps with a date each, and what came of them.
 */
#include "server/entity/fields.h"
#include "server/record/arms.h"
#include "server/record/rule.h"

/* The opportunity's customer, for a step that names none or another. */
static enum err
plan_step_read_customer(struct call *call, const struct record *step, int64_t *customer)
{
	const struct entity_view *entity = catalog_entity(call->catalog, E_opportunity);
	struct arms arms = access_arms(call->user, entity->def, RIGHT_VIEW);
	struct sql *sql = sql_new(call->arena);
	struct rows *rows;
	enum err err;

	sql_add(sql, "SELECT t.customer_id FROM opportunity t WHERE t.id = ");
	sql_int(sql, record_number(step, F_plan_step_opportunity_id));
	sql_add(sql, " AND t.deleted_at IS NULL AND ");
	record_arms_where(call, sql, entity, "t", &arms);
	err = store_run(call->store, call->arena, sql, &rows);
	if (err == ERR_OK && rows->count == 0)
		return CALL_FAIL(call, ERR_NO_SUCH_RECORD, .field = F_plan_step_opportunity_id);
	*customer = err == ERR_OK ? rows_int(rows, 0, 0) : 0;
	return err;
}

static enum err
plan_step_defaults(struct call *call, struct record *step)
{
	int64_t customer;
	enum err err;

	if (!record_value(step, F_plan_step_opportunity_id)->present ||
	    record_value(step, F_plan_step_customer_id)->present)
		return ERR_OK;
	err = plan_step_read_customer(call, step, &customer);
	if (err == ERR_OK && customer != 0)
		record_set_number(step, F_plan_step_customer_id, customer);
	return err;
}

static enum err
plan_step_before_save(struct call *call, struct record *step)
{
	int64_t customer;
	enum err err;

	if (step->is_new)
		record_set_text(step, F_plan_step_state, "open");
	if (record_changed(step, F_plan_step_due_on) &&
	    record_number(step, F_plan_step_due_on) < call_today(call))
		return CALL_FAIL(call, ERR_INVALID, .field = F_plan_step_due_on,
		    .text = call_say(
			call, "A step cannot be planned in the past", "计划日期不能早于今天"));
	if (!record_value(step, F_plan_step_opportunity_id)->present ||
	    (!record_changed(step, F_plan_step_opportunity_id) &&
		!record_changed(step, F_plan_step_customer_id)))
		return ERR_OK;
	err = plan_step_read_customer(call, step, &customer);
	if (err == ERR_OK && customer != 0 &&
	    customer != record_number(step, F_plan_step_customer_id))
		return CALL_FAIL(call, ERR_INVALID, .field = F_plan_step_opportunity_id,
		    .text = call_say(
			call, "The opportunity is another customer's", "该商机属于另一客户"));
	return err;
}

static enum err
plan_step_done(struct call *call, struct record *step, const struct value *arguments)
{
	int64_t today = call_today(call);

	if (arguments[1].present && arguments[1].number > today)
		return CALL_FAIL(call, ERR_INVALID, .field = 2,
		    .text = call_say(call, "That day has not come yet", "完成日期不能在未来"));
	record_set_text(step, F_plan_step_result, arguments[0].text);
	record_set_number(
	    step, F_plan_step_done_on, arguments[1].present ? arguments[1].number : today);
	return ERR_OK;
}

static enum err
plan_step_drop(struct call *call, struct record *step, const struct value *arguments)
{
	(void)call;
	record_set_text(step, F_plan_step_result, arguments[0].text);
	return ERR_OK;
}

static enum err
plan_step_reopen(struct call *call, struct record *step, const struct value *arguments)
{
	(void)call;
	record_set_text(step, F_plan_step_result, arguments[0].text);
	record_set_null(step, F_plan_step_done_on);
	return ERR_OK;
}

const struct rule rules_plan_step[] = {
	{ .hook = HOOK_DEFAULTS, .run = plan_step_defaults },
	{ .hook = HOOK_BEFORE_SAVE, .run = plan_step_before_save },
	{ .action = "done", .act = plan_step_done },
	{ .action = "drop", .act = plan_step_drop },
	{ .action = "reopen", .act = plan_step_reopen },
	{ 0 },
};
