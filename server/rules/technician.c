/*
 * 服务人员: called as the user is, unless named; leave ends after it begins.
 */
#include "server/entity/fields.h"
#include "server/record/rule.h"

static enum err
technician_fill(struct call *call, struct record *technician)
{
	const struct setup_record *user;

	if (record_value(technician, F_technician_name)->present ||
	    !record_value(technician, F_technician_user_id)->present)
		return ERR_OK;
	user = access_setup(call->access, E_user, record_number(technician, F_technician_user_id));
	if (user != NULL)
		record_set_text(technician, F_technician_name, arena_strdup(call->arena, user->label));
	return ERR_OK;
}

static enum err
technician_before_save(struct call *call, struct record *technician)
{
	for (size_t i = 0; i < technician->line_count; i++) {
		const struct record *line = technician->lines[i];

		if (line->entity->def->number == E_technician_leave && !line->removed &&
		    record_number(line, F_technician_leave_until_at) <=
			record_number(line, F_technician_leave_from_at))
			return CALL_FAIL(call, ERR_INVALID, .entity = E_technician_leave, .line = line->id,
			    .field = F_technician_leave_until_at,
			    .text = call_say(call, "Leave ends before it begins", "请假结束时间须晚于开始时间"));
	}
	if (technician->is_new && record_value(technician, F_technician_hour_cost)->present &&
	    record_number(technician, F_technician_hour_cost) < 0)
		return CALL_FAIL(call, ERR_INVALID, .field = F_technician_hour_cost);
	return ERR_OK;
}

const struct rule rules_technician[] = {
	{ .hook = HOOK_DEFAULTS, .run = technician_fill },
	{ .hook = HOOK_BEFORE_SAVE, .run = technician_before_save },
	{ 0 },
};
