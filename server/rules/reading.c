/*
 * 查看统计: a day's budget of records is extended by somebody else, never by whom it binds: they do
 * it themselves, or agree to what was asked for (ask_budget, by the approval engine).
 */
#include "server/entity/fields.h"
#include "server/record/rule.h"

#define EXTEND_MAX 100000

static enum err
reading_check_rows(struct call *call, const struct value *arguments)
{
	if (arguments[0].number >= 1 && arguments[0].number <= EXTEND_MAX)
		return ERR_OK;
	return CALL_FAIL(call, ERR_INVALID, .field = 1,
	    .text = call_say(call, "From 1 to 100,000 records", "行数应在 1 到 100,000 之间"));
}

static enum err
reading_extend(struct call *call, struct record *reading, const char *function, int64_t count)
{
	struct sql *sql = sql_new(call->arena);
	struct rows *rows;
	enum err err;

	sql_addf(sql, "SELECT %s(", function);
	sql_int(sql, reading->id);
	sql_add(sql, ", ");
	sql_int(sql, count);
	sql_add(sql, ")");
	err = store_as_rule(call, sql, &rows);
	if (err == ERR_OK)
		reading->version = (uint32_t)rows_int(rows, 0, 0);
	return err;
}

static enum err
reading_extend_budget(struct call *call, struct record *reading, const struct value *arguments)
{
	enum err err = reading_check_rows(call, arguments);

	if (record_number(reading, F_reading_owner_id) == call->session.user)
		return CALL_FAIL(call, ERR_FORBIDDEN, .entity = E_reading,
		    .text = call_say(
			call, "Somebody else must extend your budget", "须由他人为您增加额度"));
	return err == ERR_OK
		   ? reading_extend(call, reading, "kehu_budget_extend", arguments[0].number)
		   : err;
}

/*
 * Nothing is done before somebody agreed, and kehu_budget_granted() sees to it that somebody did;
 * where no rule asks anybody there is nobody to agree.
 */
static enum err
reading_ask_budget(struct call *call, struct record *reading, const struct value *arguments)
{
	enum err err = reading_check_rows(call, arguments);

	if (record_number(reading, F_reading_owner_id) != call->session.user)
		return CALL_FAIL(call, ERR_FORBIDDEN, .entity = E_reading,
		    .text = call_say(call, "Everybody asks for themselves", "只能为本人申请"));
	if (err != ERR_OK)
		return err;
	if (call->nested)
		return reading_extend(
		    call, reading, "kehu_budget_granted", arguments[0].number);
	return call->may_wait ? ERR_OK : CALL_FAIL(call, ERR_NO_APPROVER);
}

const struct rule rules_reading[] = {
	{ .action = "extend_budget",
	    .act = reading_extend_budget,
	    .right = RIGHT_APPROVE,
	    .stores = true },
	{ .action = "ask_budget",
	    .act = reading_ask_budget,
	    .right = RIGHT_VIEW,
	    .reads = true,
	    .stores = true },
	{ 0 },
};
