/*
 * 消息: a reader marks their own messages; nothing else of them changes.
 */
#include "common/date.h"
#include "server/entity/fields.h"
#include "server/record/rule.h"

static enum err
message_read(struct call *call, struct record *message, const struct value *arguments)
{
	(void)call;
	(void)arguments;
	if (!record_value(message, F_message_read_at)->present)
		record_set_number(message, F_message_read_at, date_now_us());
	return ERR_OK;
}

static enum err
message_unread(struct call *call, struct record *message, const struct value *arguments)
{
	(void)call;
	(void)arguments;
	record_set_null(message, F_message_read_at);
	return ERR_OK;
}

const struct rule rules_message[] = {
	{ .action = "read", .act = message_read },
	{ .action = "unread", .act = message_unread },
	{ 0 },
};
