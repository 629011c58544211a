/* 代看: it can be ended by whoever may begin one; the session that views ends with it. */
#include "common/date.h"
#include "server/entity/fields.h"
#include "server/record/rule.h"

static enum err
viewing_end(struct call *call, struct record *viewing, const struct value *arguments)
{
	(void)arguments;
	if (record_number(viewing, F_viewing_ended_at) != 0 ||
	    record_number(viewing, F_viewing_until_at) <= date_now_us())
		return CALL_FAIL(call, ERR_EMPTY, .entity = E_viewing,
		    .text = call_say(call, "It has ended already", "该代看已结束"));
	record_set_number(viewing, F_viewing_ended_at, date_now_us());
	return ERR_OK;
}

const struct rule rules_viewing[] = {
	{ .action = "end", .act = viewing_end, .right = RIGHT_ACT },
	{ 0 },
};
