/*
 * 联系人: what can be sent to one, and two of one person made one.
 */
#include "server/record/merge.h"
#include "server/record/outbox.h"
#include "server/record/rule.h"

const struct rule rules_contact[] = {
	MERGE_RULES,
	{ .action = "send_mail", .act = outbox_act_mail, .stores = true },
	{ .action = "send_sms", .act = outbox_act_sms, .stores = true },
	{ 0 },
};
