/*
 * 查看统计: a day's budget of records is extended by somebody else, never by whom it binds.
 */
#include "server/entity/fields.h"
#include "server/record/rule.h"

#define EXTEND_MAX 100000

static enum err
reading_extend_budget(struct call *call, struct record *reading, const struct value *arguments)
{
	struct sql *sql = sql_new(call->arena);
	struct rows *rows;
	enum err err;

	if (record_number(reading, F_reading_owner_id) == call->session.user)
		return CALL_FAIL(call, ERR_FORBIDDEN, .entity = E_reading,
		    .text = call_say(
			call, "Somebody else must extend your budget", "须由他人为您增加额度"));
	if (arguments[0].number < 1 || arguments[0].number > EXTEND_MAX)
		return CALL_FAIL(call, ERR_INVALID, .field = 1,
		    .text = call_say(
			call, "From 1 to 100,000 records", "行数应在 1 到 100,000 之间"));
	sql_add(sql, "SELECT kehu_budget_extend(");
	sql_int(sql, reading->id);
	sql_add(sql, ", ");
	sql_int(sql, arguments[0].number);
	sql_add(sql, ")");
	err = store_as_rule(call, sql, &rows);
	if (err == ERR_OK)
		reading->version = (uint32_t)rows_int(rows, 0, 0);
	return err;
}

const struct rule rules_reading[] = {
	{ .action = "extend_budget",
	    .act = reading_extend_budget,
	    .right = RIGHT_APPROVE,
	    .stores = true },
	{ 0 },
};
