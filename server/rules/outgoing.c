/*
 * 发件: a person may have one sent again that failed, or stop one that still waits.
 */
#include "common/date.h"
#include "server/entity/fields.h"
#include "server/record/rule.h"

static enum err
outgoing_again(struct call *call, struct record *outgoing, const struct value *arguments)
{
	(void)call;
	(void)arguments;
	record_set_text(outgoing, F_outgoing_state, "waiting");
	record_set_number(outgoing, F_outgoing_attempts, 0);
	record_set_number(outgoing, F_outgoing_next_at, date_now_us());
	return ERR_OK;
}

static enum err
outgoing_cancel(struct call *call, struct record *outgoing, const struct value *arguments)
{
	(void)call;
	(void)arguments;
	record_set_text(outgoing, F_outgoing_state, "cancelled");
	return ERR_OK;
}

const struct rule rules_outgoing[] = {
	{ .action = "again", .act = outgoing_again },
	{ .action = "cancel", .act = outgoing_cancel },
	{ 0 },
};
