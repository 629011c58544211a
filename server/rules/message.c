/*
 * 消息: written to a user or to a department, answered, marked as read. The receivers' rows are
 * made by a rule function; what the sender saves is their own copy.
 */
#include "server/record/message.h"

#include "common/date.h"
#include "server/entity/fields.h"

static enum err
message_before_save(struct call *call, struct record *message)
{
	if (!message->is_new)
		return ERR_OK;
	record_set_text(message, F_message_kind, "sent");
	record_set_number(message, F_message_from_id, call->session.user);
	record_set_number(message, F_message_read_at, date_now_us());
	return ERR_OK;
}

static enum err
message_after_save(struct call *call, struct record *message)
{
	enum err err;

	if (!message->is_new)
		return ERR_OK;
	err = message_send(call, record_number(message, F_message_to_id),
	    record_number(message, F_message_to_department_id),
	    record_text(message, F_message_text), 0, false);
	if (err == ERR_INVALID)
		call->failure.field = record_number(message, F_message_to_id) != 0
					  ? F_message_to_id
					  : F_message_to_department_id;
	return err;
}

static enum err
message_reply(struct call *call, struct record *message, const struct value *arguments)
{
	int64_t thread = record_number(message, F_message_thread);

	if (record_number(message, F_message_from_id) == 0)
		return CALL_FAIL(call, ERR_WRONG_STATE,
		    .text = call_say(call, "Kehu itself reads no answers", "系统消息不能回复"));
	record_set_number(message, F_message_read_at, date_now_us());
	return message_send(call, record_number(message, F_message_from_id), 0, arguments[0].text,
	    thread != 0 ? thread : message->id, true);
}

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
	{ .hook = HOOK_BEFORE_SAVE, .run = message_before_save },
	{ .hook = HOOK_AFTER_SAVE, .run = message_after_save },
	{ .action = "reply", .act = message_reply },
	{ .action = "read", .act = message_read },
	{ .action = "unread", .act = message_unread },
	{ 0 },
};
