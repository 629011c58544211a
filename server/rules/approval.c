/*
 * 审批: what signers and senders do. The rows change in rule functions (sql/repeat/33_approval.sql);
 * when the last step grants, the stored request is run here, in the same transaction.
 */
#include "server/entity/fields.h"
#include "server/gate/deferred.h"
#include "server/record/rule.h"

#include <string.h>

struct decision {
	const char *action, *comment;
	int64_t user, step;
};

static enum err
approval_end(struct call *call, struct record *approval, const struct deferred *deferred)
{
	struct sql *sql = sql_new(call->arena);
	struct rows *rows;
	enum err err;

	sql_add(sql, "SELECT kehu_approval_end(");
	sql_int(sql, approval->id);
	sql_addf(sql, ", '%s', ", deferred->done ? "granted" : "failed");
	sql_text(sql, deferred->done ? "" : deferred->why);
	sql_add(sql, ", ");
	sql_int(sql, deferred->done ? deferred->id : 0);
	sql_add(sql, ")");
	err = store_as_rule(call, sql, &rows);
	if (err == ERR_OK)
		approval->version = (uint32_t)rows_int(rows, 0, 0);
	call->written_text = deferred->done ?
	    call_say(call, "Granted and done", "已同意并执行") :
	    arena_printf(call->arena,
		call_say(call, "Granted, but it could not be done: %s", "已同意，但未能执行：%s"),
		deferred->why);
	return err;
}

/* Columns of kehu_approval_decide from request on. */
static enum err
approval_run(struct call *call, struct record *approval, const struct rows *rows)
{
	struct deferred deferred = { .user = rows_int(rows, 0, 3),
		.lang = strcmp(rows_text(rows, 0, 4), "en") == 0 ? LANG_EN : LANG_ZH,
		.offset_min = (int)rows_int(rows, 0, 5) };
	enum err err;

	deferred.request = rows_bytea(call->arena, rows, 0, 2, &deferred.bytes);
	if (!uuid_parse(rows_text(rows, 0, 6), &deferred.intention))
		return CALL_FAIL(call, ERR_INTERNAL);
	err = gate_run_deferred(call, &deferred);
	return err == ERR_OK ? approval_end(call, approval, &deferred) : err;
}

static enum err
approval_decide(struct call *call, struct record *approval, struct decision decision)
{
	struct sql *sql = sql_new(call->arena);
	struct rows *rows;
	enum err err;

	sql_add(sql, "SELECT version, ready, request, sender, language, offset_min, intention "
		     "FROM kehu_approval_decide(");
	sql_int(sql, approval->id);
	sql_add(sql, ", ");
	sql_text(sql, decision.action);
	sql_add(sql, ", ");
	sql_text(sql, decision.comment);
	sql_add(sql, ", ");
	sql_int(sql, decision.user);
	sql_add(sql, ", ");
	sql_int(sql, decision.step);
	sql_add(sql, ")");
	err = store_as_rule(call, sql, &rows);
	if (err == ERR_FORBIDDEN)
		call->failure.text = call_say(call, "This does not wait for you", "此审批不需要您处理");
	if (err != ERR_OK)
		return err;
	approval->version = (uint32_t)rows_int(rows, 0, 0);
	return rows_bool(rows, 0, 1) ? approval_run(call, approval, rows) : ERR_OK;
}

static const char *
approval_comment(const struct value *argument)
{
	return argument->present ? argument->text : NULL;
}

static enum err
approval_approve(struct call *call, struct record *approval, const struct value *arguments)
{
	return approval_decide(call, approval,
	    (struct decision){ "approve", approval_comment(&arguments[0]), 0, 0 });
}

static enum err
approval_refuse(struct call *call, struct record *approval, const struct value *arguments)
{
	return approval_decide(
	    call, approval, (struct decision){ "refuse", approval_comment(&arguments[0]), 0, 0 });
}

static enum err
approval_send_back(struct call *call, struct record *approval, const struct value *arguments)
{
	enum err err = approval_decide(call, approval,
	    (struct decision){ "send_back", approval_comment(&arguments[0]), 0,
		arguments[1].present ? arguments[1].number : 0 });

	if (err == ERR_INVALID)
		call->failure.field = 2;
	return err;
}

/* ERR_INVALID: the signer is disabled, the sender, the caller, or signs this step already. */
static enum err
approval_blame_signer(struct call *call, enum err err)
{
	if (err == ERR_INVALID) {
		call->failure.field = 1;
		call->failure.text = call_say(call, "This user cannot sign here", "此用户不能在此签署");
	}
	return err;
}

static enum err
approval_add_signer(struct call *call, struct record *approval, const struct value *arguments)
{
	return approval_blame_signer(call, approval_decide(call, approval,
	    (struct decision){ "add_signer", approval_comment(&arguments[1]), arguments[0].number, 0 }));
}

static enum err
approval_pass_on(struct call *call, struct record *approval, const struct value *arguments)
{
	return approval_blame_signer(call, approval_decide(call, approval,
	    (struct decision){ "pass_on", approval_comment(&arguments[1]), arguments[0].number, 0 }));
}

static enum err
approval_remind(struct call *call, struct record *approval, const struct value *arguments)
{
	(void)arguments;
	return approval_decide(call, approval, (struct decision){ "remind", NULL, 0, 0 });
}

static enum err
approval_resubmit(struct call *call, struct record *approval, const struct value *arguments)
{
	return approval_decide(
	    call, approval, (struct decision){ "resubmit", approval_comment(&arguments[0]), 0, 0 });
}

static enum err
approval_withdraw(struct call *call, struct record *approval, const struct value *arguments)
{
	return approval_decide(
	    call, approval, (struct decision){ "withdraw", approval_comment(&arguments[0]), 0, 0 });
}

const struct rule rules_approval[] = {
	{ .action = "approve", .act = approval_approve, .stores = true },
	{ .action = "refuse", .act = approval_refuse, .stores = true },
	{ .action = "send_back", .act = approval_send_back, .stores = true },
	{ .action = "add_signer", .act = approval_add_signer, .stores = true },
	{ .action = "pass_on", .act = approval_pass_on, .stores = true },
	{ .action = "remind", .act = approval_remind, .stores = true },
	{ .action = "resubmit", .act = approval_resubmit, .stores = true },
	{ .action = "withdraw", .act = approval_withdraw, .stores = true },
	{ 0 },
};
