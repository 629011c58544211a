/*
 * 纸质档案: lent to a user until a day, who sees it meanwhile and is reminded
 * (sql/repeat/43_record.sql); given back it lies in its place again.
 */
#include "server/entity/fields.h"
#include "server/record/rule.h"

static enum err
paper_before_save(struct call *call, struct record *paper)
{
	if (paper->is_new)
		record_set_text(paper, F_paper_state, "kept");
	if (record_changed(paper, F_paper_dated_on) &&
	    record_number(paper, F_paper_dated_on) > call_today(call))
		return CALL_FAIL(call, ERR_INVALID, .field = F_paper_dated_on,
		    .text = call_say(call, "It cannot have been signed in the future",
			"签署日期不能在未来"));
	return ERR_OK;
}

static enum err
paper_check_until(struct call *call, const struct value *until, uint32_t argument)
{
	if (until->number >= call_today(call))
		return ERR_OK;
	return CALL_FAIL(call, ERR_INVALID, .field = argument,
	    .text =
		call_say(call, "It is due back today at the earliest", "应还日期不能早于今天"));
}

static enum err
paper_lend(struct call *call, struct record *paper, const struct value *arguments)
{
	enum err err = paper_check_until(call, &arguments[1], 2);

	if (err != ERR_OK)
		return err;
	record_set_number(paper, F_paper_borrower_id, arguments[0].number);
	record_set_number(paper, F_paper_lent_on, call_today(call));
	record_set_number(paper, F_paper_due_on, arguments[1].number);
	if (arguments[2].present)
		record_set_text(paper, F_paper_purpose, arguments[2].text);
	else
		record_set_null(paper, F_paper_purpose);
	return ERR_OK;
}

static enum err
paper_extend(struct call *call, struct record *paper, const struct value *arguments)
{
	enum err err = paper_check_until(call, &arguments[0], 1);

	if (err == ERR_OK)
		record_set_number(paper, F_paper_due_on, arguments[0].number);
	return err;
}

/* Nobody has it any more. */
static void
paper_end_loan(struct record *paper)
{
	record_set_null(paper, F_paper_borrower_id);
	record_set_null(paper, F_paper_lent_on);
	record_set_null(paper, F_paper_due_on);
	record_set_null(paper, F_paper_purpose);
}

/* Back in its place, or found again: where it is said to lie now. */
static enum err
paper_put(struct call *call, struct record *paper, const struct value *arguments)
{
	(void)call;
	paper_end_loan(paper);
	record_set_null(paper, F_paper_reason);
	if (arguments[0].present)
		record_set_text(paper, F_paper_place, arguments[0].text);
	return ERR_OK;
}

/* Who had it when it was lost stays written there. */
static enum err
paper_end(struct call *call, struct record *paper, const struct value *arguments)
{
	(void)call;
	record_set_text(paper, F_paper_reason, arguments[0].text);
	return ERR_OK;
}

const struct rule rules_paper[] = {
	{ .hook = HOOK_BEFORE_SAVE, .run = paper_before_save },
	{ .action = "lend", .act = paper_lend },
	{ .action = "extend", .act = paper_extend },
	{ .action = "give_back", .act = paper_put },
	{ .action = "find", .act = paper_put },
	{ .action = "lose", .act = paper_end },
	{ .action = "destroy", .act = paper_end },
	{ 0 },
};
