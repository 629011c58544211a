/*
 * 用户: an administrator gives a one-time password; accounts are disabled, never deleted.
 */
#include "server/entity/fields.h"
#include "server/gate/gate.h"
#include "server/record/hand_over.h"
#include "server/record/outbox.h"
#include "server/record/rule.h"

#include <inttypes.h>

/* What says how much one sees is for somebody else to change; so are one's roles. */
static bool
user_changes_own_rights(const struct record *user)
{
	static const uint32_t fields[] = { F_user_branch_id, F_user_department_id,
		F_user_superior_id, F_user_company_id, F_user_disabled, F_user_expires_on };

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		if (record_changed(user, fields[i]))
			return true;
	for (size_t i = 0; i < user->line_count; i++) {
		const struct record *line = user->lines[i];

		if (line->entity->def->number == E_user_role &&
		    (line->removed || line->is_new || record_changed(line, F_user_role_role_id)))
			return true;
	}
	return false;
}

static enum err
user_before_save(struct call *call, struct record *user)
{
	int64_t superior = record_number(user, F_user_superior_id);

	if (!user->is_new && user->id == call->session.user && user_changes_own_rights(user))
		return CALL_FAIL(call, ERR_OWN_RIGHTS, .entity = E_user);
	if (!user->is_new && superior != 0 && record_changed(user, F_user_superior_id) &&
	    (superior == user->id || access_leads(call->access, user->id, superior)))
		return CALL_FAIL(call, ERR_CIRCLE, .entity = E_user, .field = F_user_superior_id);
	return ERR_OK;
}

/* The password is said once, in the answer; only its hash is stored, and it must be changed. */
static enum err
user_reset_password(struct call *call, struct record *user, const struct value *arguments)
{
	const char *password = password_make(call->arena);

	(void)arguments;
	record_set_text(user, F_user_password_hash, password_hash(call->arena, server_password_cost(call->server), password));
	record_set_number(user, F_user_must_change, 1);
	call->written_text = password;
	return ERR_OK;
}

/*
 * For a lost telephone. The database forgets the secret and the recovery codes with the date and
 * ends the user's sessions; who needs a second factor sets up a new one at the next login.
 */
static enum err
user_reset_factor(struct call *call, struct record *user, const struct value *arguments)
{
	(void)arguments;
	if (record_number(user, F_user_factor_at) == 0)
		return CALL_FAIL(call, ERR_EMPTY, .entity = E_user,
		    .text = call_say(call, "This user has no second factor", "该用户未启用二次验证"));
	record_set_null(user, F_user_factor_at);
	return ERR_OK;
}

/* By the way all mails go, so that a sent one proves that way whole; about nobody, so on no tab. */
static enum err
user_test_outbox(struct call *call, enum outbox_channel channel, const char *address)
{
	const struct server_settings *settings = &call->server->settings;
	bool mail = channel == OUTBOX_MAIL;
	bool set = (mail ? settings->mail_server : settings->sms_url) != NULL;
	const struct outbox_message message = { .channel = channel,
		.address = address,
		.subject = call_say(call, "Test mail of Kehu", "Kehu 测试邮件"),
		.body = call_say(call, "This is a test: Kehu can send.", "这是一条测试消息：Kehu 可以发送。"),
		.owner = call->session.user,
		.to_user = true };
	int64_t id;
	enum err err;

	err = outbox_queue(call, &message, &id);
	if (err == ERR_INVALID) {
		call->failure.field = 1;
		call->failure.text = call_say(call, "This is no address that can be sent to", "此地址无法发送");
	}
	if (err == ERR_OK)
		call->written_text = arena_printf(call->arena,
		    set ? call_say(call, "queued in the outbox as %" PRId64, "已排入发件箱，编号 %" PRId64) :
			  call_say(call, "queued in the outbox as %" PRId64 ", but this kehud has no %s",
			      "已排入发件箱，编号 %" PRId64 "，但此 kehud 未设置 %s"),
		    id, mail ? "mail.server" : "sms.url");
	return err;
}

static enum err
user_test_mail(struct call *call, struct record *user, const struct value *arguments)
{
	(void)user;
	return user_test_outbox(call, OUTBOX_MAIL, arguments[0].text);
}

static enum err
user_test_sms(struct call *call, struct record *user, const struct value *arguments)
{
	(void)user;
	return user_test_outbox(call, OUTBOX_SMS, arguments[0].text);
}

static enum err
user_refuse_delete(struct call *call, struct record *user)
{
	(void)user;
	return CALL_FAIL(call, ERR_WRONG_STATE, .entity = E_user,
	    .text = call_say(call, "Accounts are disabled, not deleted", "账号只能停用，不能删除"));
}

const struct rule rules_user[] = {
	{ .action = "reset_password", .act = user_reset_password, .right = RIGHT_EDIT },
	{ .action = "reset_factor", .act = user_reset_factor, .right = RIGHT_EDIT },
	{ .action = "hand_over", .act = hand_over_begin, .right = RIGHT_EDIT, .stores = true },
	{ .action = "preview_hand_over", .act = hand_over_preview, .right = RIGHT_EDIT, .stores = true },
	{ .action = "test_mail", .act = user_test_mail, .right = RIGHT_EDIT },
	{ .action = "test_sms", .act = user_test_sms, .right = RIGHT_EDIT },
	{ .hook = HOOK_BEFORE_SAVE, .run = user_before_save },
	{ .hook = HOOK_DELETE, .run = user_refuse_delete },
	{ 0 },
};
