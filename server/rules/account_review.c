/* 账号复核: an account nobody uses is kept for a reason, or disabled. */
#include "common/date.h"
#include "server/entity/fields.h"
#include "server/record/rule.h"

static void
account_review_decide(struct call *call, struct record *review, const struct value *reason)
{
	record_set_number(review, F_account_review_decider_id, call->session.user);
	record_set_number(review, F_account_review_decided_at, date_now_us());
	if (reason->present)
		record_set_text(review, F_account_review_reason, reason->text);
}

static enum err
account_review_keep(struct call *call, struct record *review, const struct value *arguments)
{
	account_review_decide(call, review, &arguments[0]);
	return ERR_OK;
}

static enum err
account_review_disable(struct call *call, struct record *review, const struct value *arguments)
{
	struct sql *sql = sql_new(call->arena);
	struct rows *rows;

	account_review_decide(call, review, &arguments[0]);
	sql_add(sql, "SELECT kehu_account_review_disable(");
	sql_int(sql, review->id);
	sql_add(sql, ")");
	return store_as_rule(call, sql, &rows);
}

const struct rule rules_account_review[] = {
	{ .action = "keep", .act = account_review_keep },
	{ .action = "disable", .act = account_review_disable },
	{ 0 },
};
