/*
 * 委托: standing in for somebody who is away. What it gives is in the access snapshot (arms) and in
 * the approvals' own functions; here is what may be arranged, and who is told.
 */
#include "server/entity/fields.h"
#include "server/record/rule.h"

#include <string.h>

static enum err
delegation_ask(struct call *call, const struct sql *sql, const char **answer)
{
	struct rows *rows;
	enum err err = store_as_rule(call, sql, &rows);

	if (err == ERR_OK)
		*answer = rows_null(rows, 0, 0) ? "" : rows_text(rows, 0, 0);
	return err;
}

static enum err
delegation_check_others(struct call *call, const struct record *delegation)
{
	struct sql *sql = sql_new(call->arena);
	const char *wrong;
	enum err err;

	sql_add(sql, "SELECT kehu_delegation_check(");
	sql_int(sql, delegation->is_new ? 0 : delegation->id);
	sql_add(sql, ", ");
	sql_int(sql, record_number(delegation, F_delegation_owner_id));
	sql_add(sql, ", ");
	sql_int(sql, record_number(delegation, F_delegation_to_user_id));
	sql_add(sql, ", ");
	sql_date(sql, record_number(delegation, F_delegation_from_day));
	sql_add(sql, ", ");
	sql_date(sql, record_number(delegation, F_delegation_to_day));
	sql_add(sql, ")");
	err = delegation_ask(call, sql, &wrong);
	if (err != ERR_OK)
		return err;
	if (strcmp(wrong, "disabled") == 0)
		return CALL_FAIL(call, ERR_INVALID, .field = F_delegation_to_user_id,
		    .text = call_say(call, "This account is disabled, or expires before the end",
			"该账号已停用，或在委托结束前到期"));
	if (strcmp(wrong, "overlap") == 0)
		return CALL_FAIL(call, ERR_INVALID, .field = F_delegation_from_day,
		    .text = call_say(call, "There is another delegation on some of these days",
			"这段时间内已有其他委托"));
	if (strcmp(wrong, "circle") == 0)
		return CALL_FAIL(call, ERR_CIRCLE, .field = F_delegation_to_user_id);
	return ERR_OK;
}

static enum err
delegation_before_save(struct call *call, struct record *delegation)
{
	int64_t today = call_today(call);
	int64_t from = record_number(delegation, F_delegation_from_day);
	int64_t to = record_number(delegation, F_delegation_to_day);

	if (record_number(delegation, F_delegation_owner_id) ==
	    record_number(delegation, F_delegation_to_user_id))
		return CALL_FAIL(call, ERR_INVALID, .field = F_delegation_to_user_id,
		    .text = call_say(call, "Nobody stands in for themselves", "不能委托给本人"));
	if (record_changed(delegation, F_delegation_from_day) && from < today)
		return CALL_FAIL(call, ERR_INVALID, .field = F_delegation_from_day,
		    .text = call_say(call, "It cannot begin in the past", "开始日期不能早于今天"));
	if (to < from)
		return CALL_FAIL(call, ERR_INVALID, .field = F_delegation_to_day,
		    .text = call_say(call, "It ends before it begins", "结束日期早于开始日期"));
	/* Yesterday ends one that runs. */
	if (record_changed(delegation, F_delegation_to_day) && to < today - 1)
		return CALL_FAIL(call, ERR_INVALID, .field = F_delegation_to_day,
		    .text = call_say(call, "It cannot end in the past", "结束日期不能早于昨天"));
	if (!delegation->is_new && !record_changed(delegation, F_delegation_owner_id) &&
	    !record_changed(delegation, F_delegation_to_user_id) &&
	    !record_changed(delegation, F_delegation_from_day) &&
	    !record_changed(delegation, F_delegation_to_day))
		return ERR_OK;
	return delegation_check_others(call, delegation);
}

static enum err
delegation_turn(struct call *call, struct record *delegation)
{
	struct sql *sql = sql_new(call->arena);
	const char *ignored;

	(void)delegation;
	sql_add(sql, "SELECT kehu_delegation_turn(false)");
	return delegation_ask(call, sql, &ignored);
}

static enum err
delegation_after_save(struct call *call, struct record *delegation)
{
	struct sql *sql = sql_new(call->arena);
	const char *ignored;
	enum err err;

	sql_add(sql, "SELECT kehu_delegation_tell(");
	sql_int(sql, delegation->stored_id);
	sql_add(sql, ")");
	err = delegation_ask(call, sql, &ignored);
	return err == ERR_OK ? delegation_turn(call, delegation) : err;
}

static enum err
delegation_after_delete(struct call *call, struct record *delegation)
{
	if (!delegation->deleted) {
		enum err err = delegation_check_others(call, delegation);

		if (err != ERR_OK)
			return err;
	}
	return delegation_turn(call, delegation);
}

const struct rule rules_delegation[] = {
	{ .hook = HOOK_BEFORE_SAVE, .run = delegation_before_save },
	{ .hook = HOOK_AFTER_SAVE, .run = delegation_after_save },
	{ .hook = HOOK_AFTER_DELETE, .run = delegation_after_delete },
	{ 0 },
};
