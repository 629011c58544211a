/*
 * 外部邀请: whoever looks after a customer asks one of its people in. The account is made and changed by
 * sql/repeat/39_invitation.sql; consent to a registration is the approval engine's (a rule for the
 * action register ships).
 */
#include "common/date.h"
#include "common/pinyin.h"
#include "common/text.h"
#include "server/entity/fields.h"
#include "server/gate/gate.h"
#include "server/record/rule.h"

#include <ctype.h>
#include <inttypes.h>
#include <string.h>

#define INVITATION_DAYS	    14
#define INVITATION_DAYS_MAX 90

enum { ARGUMENT_LOGIN, ARGUMENT_NAME, ARGUMENT_MOBILE, ARGUMENT_MAIL, ARGUMENT_TITLE };

static enum err
invitation_before_save(struct call *call, struct record *invitation)
{
	int64_t today = call_today(call), until = record_number(invitation, F_invitation_until_on);

	if (invitation->is_new)
		record_set_text(invitation, F_invitation_state, "open");
	if (until == 0)
		record_set_number(invitation, F_invitation_until_on, today + INVITATION_DAYS);
	else if (record_changed(invitation, F_invitation_until_on) &&
		 (until < today || until > today + INVITATION_DAYS_MAX))
		return CALL_FAIL(call, ERR_INVALID, .field = F_invitation_until_on,
		    .text = call_say(call, "From today to 90 days ahead", "应在今天起 90 天之内"));
	/* Whose company an account is to see is settled when it is made. */
	if (!invitation->is_new && record_number(invitation, F_invitation_user_id) != 0 &&
	    record_changed(invitation, F_invitation_customer_id))
		return CALL_FAIL(call, ERR_READ_ONLY, .field = F_invitation_customer_id);
	return ERR_OK;
}

/* The account with a one-time password, said once; again: another password. */
static enum err
invitation_issue(struct call *call, struct record *invitation, const struct value *arguments)
{
	const char *password = password_make(call->arena), *login = record_text(invitation, F_invitation_login);
	struct sql *sql = sql_new(call->arena);
	const struct field *seen;
	struct rows *rows;
	enum err err;

	(void)arguments;
	if (record_number(invitation, F_invitation_until_on) < call_today(call))
		record_set_number(invitation, F_invitation_until_on, call_today(call) + INVITATION_DAYS);
	if (login[0] == '\0')
		login = arena_printf(call->arena, "inv%" PRId64, invitation->id);
	sql_add(sql, "SELECT kehu_invite(");
	sql_int(sql, invitation->id);
	sql_add(sql, ", ");
	sql_text(sql, password_hash(call->arena, server_password_cost(call->server), password));
	sql_add(sql, ", ");
	sql_text(sql,
	    pinyin_sort_key(call->arena, record_text(invitation, F_invitation_name), PINYIN_PERSON));
	sql_add(sql, ", ");
	sql_text(sql, pinyin_sort_key(call->arena, login, PINYIN_NAME));
	sql_add(sql, ", ");
	sql_date(sql, record_number(invitation, F_invitation_until_on));
	sql_add(sql, ")");
	err = store_as_rule(call, sql, &rows);
	if (err != ERR_OK)
		return err;
	record_set_number(invitation, F_invitation_user_id, rows_int(rows, 0, 0));
	record_set_text(invitation, F_invitation_login, login);
	seen = entity_field(access_view(call->user, invitation->entity->def), F_invitation_login);
	call->written_text = seen != NULL && (seen->flags & FIELD_MASKED) == 0 ?
	    arena_printf(call->arena,
		call_say(call, "login %s, one-time password %s", "登录名 %s，一次性密码 %s"), login, password) :
	    arena_printf(call->arena, call_say(call, "one-time password %s", "一次性密码 %s"), password);
	return ERR_OK;
}

/* A name to sign in with: letters, digits and a few signs, as others type it in scripts too. */
static bool
invitation_is_login(const char *login)
{
	size_t bytes = strlen(login);

	for (size_t i = 0; i < bytes; i++)
		if (!isalnum((unsigned char)login[i]) && strchr(".-_@", login[i]) == NULL)
			return false;
	return bytes >= 3;
}

static void
invitation_bind_text(struct sql *sql, const struct value *value)
{
	sql_add(sql, ", ");
	sql_text(sql, value->present ? value->text : NULL);
}

static enum err
invitation_register(struct call *call, struct record *invitation, const struct value *arguments)
{
	const struct value *mobile = &arguments[ARGUMENT_MOBILE];
	struct sql *sql = sql_new(call->arena);
	struct rows *rows;
	enum err err;

	if (record_number(invitation, F_invitation_user_id) != call->session.user)
		return CALL_FAIL(call, ERR_FORBIDDEN, .entity = E_invitation);
	if (!invitation_is_login(arguments[ARGUMENT_LOGIN].text))
		return CALL_FAIL(call, ERR_INVALID, .field = 1,
		    .text = call_say(call, "Three or more letters, digits, or . - _ @",
			"至少三个字母、数字或 . - _ @"));
	sql_add(sql, "SELECT kehu_register(");
	sql_int(sql, invitation->id);
	invitation_bind_text(sql, &arguments[ARGUMENT_LOGIN]);
	sql_add(sql, ", ");
	sql_text(sql, pinyin_sort_key(call->arena, arguments[ARGUMENT_LOGIN].text, PINYIN_NAME));
	invitation_bind_text(sql, &arguments[ARGUMENT_NAME]);
	sql_add(sql, ", ");
	sql_text(sql, pinyin_sort_key(call->arena, arguments[ARGUMENT_NAME].text, PINYIN_PERSON));
	invitation_bind_text(sql, mobile);
	sql_add(sql, ", ");
	sql_text(sql, mobile->present ? text_digits(call->arena, mobile->text) : NULL);
	invitation_bind_text(sql, &arguments[ARGUMENT_MAIL]);
	sql_add(sql, ")");
	err = store_as_rule(call, sql, &rows);
	if (err != ERR_OK)
		return err;
	if (!rows_bool(rows, 0, 0))
		return CALL_FAIL(call, ERR_DUPLICATE, .field = 1,
		    .text = call_say(call, "Somebody has this name already", "该登录名已被使用"));
	record_set_text(invitation, F_invitation_login, arguments[ARGUMENT_LOGIN].text);
	record_set_text(invitation, F_invitation_name, arguments[ARGUMENT_NAME].text);
	if (mobile->present)
		record_set_text(invitation, F_invitation_mobile, mobile->text);
	if (arguments[ARGUMENT_MAIL].present)
		record_set_text(invitation, F_invitation_mail, arguments[ARGUMENT_MAIL].text);
	if (arguments[ARGUMENT_TITLE].present)
		record_set_text(invitation, F_invitation_title, arguments[ARGUMENT_TITLE].text);
	record_set_number(invitation, F_invitation_registered_at, date_now_us());
	call->written_text = call_say(call, "Welcome: you see your company's records now", "欢迎：现在可以查看贵公司的记录");
	return ERR_OK;
}

static enum err
invitation_withdraw(struct call *call, struct record *invitation, const struct value *arguments)
{
	struct sql *sql = sql_new(call->arena);
	struct rows *rows;

	record_set_text(invitation, F_invitation_reason, arguments[0].text);
	sql_add(sql, "SELECT kehu_invite_end(");
	sql_int(sql, invitation->id);
	sql_add(sql, ")");
	return store_as_rule(call, sql, &rows);
}

const struct rule rules_invitation[] = {
	{ .hook = HOOK_BEFORE_SAVE, .run = invitation_before_save },
	{ .action = "issue", .act = invitation_issue },
	{ .action = "register", .act = invitation_register },
	{ .action = "withdraw", .act = invitation_withdraw },
	{ 0 },
};
