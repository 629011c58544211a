/*
 * 工单: the life of a ticket, from the call to the rating.
 *
 * new -> open -> waiting -> solved -> closed, or cancelled; back by reopen and by a rating below three
 * stars. What it is filled with is server/service/ticket.c; who has it is given by a rule function
 * (sql/repeat/42_service.sql), since whom it is given to may be out of the giver's reach.
 */
#include "common/date.h"
#include "server/entity/fields.h"
#include "server/record/merge.h"
#include "server/record/rule.h"
#include "server/service/sla.h"
#include "server/service/ticket.h"

#include <string.h>

#define SOON_US	   (5 * 60 * US_PER_SECOND) /* clocks differ */
#define STARS_MAX  5
#define STARS_GOOD 3 /* from so many on it is archived */

/* ---- saving ------------------------------------------------------------------------------ */

static enum err
ticket_check_times(struct call *call, const struct record *ticket)
{
	int64_t now = date_now_us(), opened = record_number(ticket, F_ticket_opened_at);
	int64_t solved = record_number(ticket, F_ticket_solved_at);

	if (opened > now + SOON_US && record_changed(ticket, F_ticket_opened_at))
		return CALL_FAIL(call, ERR_INVALID, .field = F_ticket_opened_at,
		    .text = call_say(call, "It cannot come in in the future", "受理时间不能在未来"));
	if (solved == 0)
		return ERR_OK;
	if (solved > now + SOON_US && record_changed(ticket, F_ticket_solved_at))
		return CALL_FAIL(call, ERR_INVALID, .field = F_ticket_solved_at,
		    .text = call_say(call, "It cannot be solved in the future", "解决时间不能在未来"));
	if (solved < opened)
		return CALL_FAIL(call, ERR_INVALID, .field = F_ticket_solved_at,
		    .text = call_say(call, "It cannot be solved before it came in",
			"解决时间不能早于受理时间"));
	return ERR_OK;
}

/* What a save may not do: history is the server's, handlers and solutions come by actions. */
static enum err
ticket_guard(struct call *call, const struct record *ticket)
{
	if (ticket->acting)
		return ERR_OK;
	for (size_t i = 0; i < ticket->line_count; i++)
		if (ticket->lines[i]->is_new || ticket->lines[i]->removed)
			return CALL_FAIL(call, ERR_READ_ONLY,
			    .entity = ticket->lines[i]->entity->def->number, .line = ticket->lines[i]->id);
	if (ticket->is_new)
		return ERR_OK;
	if (record_changed(ticket, F_ticket_owner_id))
		return CALL_FAIL(call, ERR_READ_ONLY, .field = F_ticket_owner_id,
		    .text = call_say(call, "Use Take or Assign to change the handler",
			"请用“接手”或“指派”变更处理人"));
	if (record_changed(ticket, F_ticket_solved_at))
		return CALL_FAIL(call, ERR_READ_ONLY, .field = F_ticket_solved_at,
		    .text = call_say(call, "Use Solve", "请用“解决”"));
	return ERR_OK;
}

/* One written up after the fact comes in closed: history is imported. */
static void
ticket_begin(struct call *call, struct record *ticket)
{
	int64_t solved = record_number(ticket, F_ticket_solved_at);
	const char *state = solved != 0 ? "closed" : "new";

	ticket_add_move(call, ticket, state, NULL);
	record_set_text(ticket, F_ticket_state, state);
	if (solved != 0)
		record_set_number(ticket, F_ticket_closed_at, solved);
}

static enum err
ticket_before_save(struct call *call, struct record *ticket)
{
	enum err err = ticket_guard(call, ticket);

	if (err == ERR_OK)
		err = ticket_check_times(call, ticket);
	if (err != ERR_OK)
		return err;
	if (!record_value(ticket, F_ticket_customer_id)->present)
		return CALL_FAIL(call, ERR_REQUIRED, .field = F_ticket_customer_id,
		    .text = call_say(call, "No customer of yours has this phone; choose one",
			"没有客户使用此号码，请选择客户"));
	if (!ticket->is_new && record_number(ticket, F_ticket_related_id) == ticket->id)
		return CALL_FAIL(call, ERR_CIRCLE, .field = F_ticket_related_id,
		    .text = call_say(call, "It cannot be related to itself", "不能与自身相关"));
	if (ticket->is_new)
		ticket_begin(call, ticket);
	if (ticket->acting || strcmp(record_text(ticket, F_ticket_state), "closed") == 0)
		return ERR_OK;
	if (ticket->is_new || record_changed(ticket, F_ticket_kind) || record_changed(ticket, F_ticket_priority) ||
	    record_changed(ticket, F_ticket_customer_id))
		return sla_start(call, ticket);
	return ERR_OK;
}

/* By the rule, into other hands; automatic: of a ticket that just came in, where its team wants that. */
static enum err
ticket_by_rule(struct call *call, struct record *ticket, bool automatic)
{
	struct sql *sql = sql_new(call->arena);
	struct rows *rows;
	enum err err;

	sql_add(sql, "SELECT kehu_ticket_route(");
	sql_int(sql, ticket->stored_id);
	sql_add(sql, ", ");
	sql_int(sql, ticket->version);
	sql_add(sql, automatic ? ", true)" : ", false)");
	err = store_as_rule(call, sql, &rows);
	if (err == ERR_OK)
		ticket->version = (uint32_t)rows_int(rows, 0, 0);
	return err;
}

static enum err
ticket_after_save(struct call *call, struct record *ticket)
{
	struct arms arms = access_arms(call->user, ticket->entity->def, RIGHT_CREATE);
	uint32_t version = ticket->version;

	if (!ticket->is_new || strcmp(record_text(ticket, F_ticket_state), "new") != 0)
		return ERR_OK;
	/* What its maker gave to somebody stays with them; a customer's people give to nobody. */
	if (record_number(ticket, F_ticket_owner_id) == call->session.user || arms.company != 0) {
		enum err err = ticket_by_rule(call, ticket, true);

		if (err != ERR_OK)
			return err;
	}
	if (ticket->version == version)
		ticket_tell(call, ticket, record_number(ticket, F_ticket_owner_id),
		    "A ticket for you", "有您的新工单");
	return ERR_OK;
}

/* ---- who has it -------------------------------------------------------------------------- */

static enum err
ticket_give(struct call *call, struct record *ticket, int64_t owner, int64_t pool, enum right right,
    const struct value *note)
{
	struct sql *sql = sql_new(call->arena);
	struct rows *rows;
	enum err err;

	sql_add(sql, "SELECT kehu_ticket_give(");
	sql_int(sql, ticket->id);
	sql_add(sql, ", ");
	sql_int(sql, ticket->version);
	sql_add(sql, ", ");
	if (owner != 0)
		sql_int(sql, owner);
	else
		sql_null(sql, "bigint");
	sql_add(sql, ", ");
	sql_int(sql, pool);
	sql_add(sql, ", ");
	sql_int(sql, right);
	sql_add(sql, ", ");
	sql_text(sql, note != NULL && note->present ? note->text : NULL);
	sql_add(sql, ")");
	err = store_as_rule(call, sql, &rows);
	if (err == ERR_OK)
		ticket->version = (uint32_t)rows_int(rows, 0, 0);
	return err;
}

static enum err
ticket_take(struct call *call, struct record *ticket, const struct value *arguments)
{
	(void)arguments;
	if (record_number(ticket, F_ticket_owner_id) == call->session.user &&
	    strcmp(record_text(ticket, F_ticket_state), "new") != 0)
		return CALL_FAIL(call, ERR_WRONG_STATE, .entity = E_ticket,
		    .text = call_say(call, "You have it already", "已由您处理"));
	return ticket_give(call, ticket, call->session.user, 0, RIGHT_ACT, NULL);
}

static enum err
ticket_assign(struct call *call, struct record *ticket, const struct value *arguments)
{
	if (arguments[0].number == record_number(ticket, F_ticket_owner_id))
		return CALL_FAIL(call, ERR_EMPTY, .field = 1,
		    .text = call_say(call, "This is the handler already", "该用户已是处理人"));
	return ticket_give(call, ticket, arguments[0].number, 0, RIGHT_ASSIGN, &arguments[1]);
}

static enum err
ticket_queue(struct call *call, struct record *ticket, const struct value *arguments)
{
	return ticket_give(call, ticket, 0, arguments[0].number, RIGHT_ACT, &arguments[1]);
}

static enum err
ticket_route(struct call *call, struct record *ticket, const struct value *arguments)
{
	uint32_t version = ticket->version;
	enum err err;

	(void)arguments;
	err = ticket_by_rule(call, ticket, false);
	if (err == ERR_OK && ticket->version == version)
		return CALL_FAIL(call, ERR_EMPTY, .entity = E_ticket,
		    .text = call_say(call, "The rule names who has it already", "按规则仍由现处理人处理"));
	return err;
}

static enum err
ticket_escalate(struct call *call, struct record *ticket, const struct value *arguments)
{
	struct sql *sql = sql_new(call->arena);
	struct rows *rows;
	enum err err;

	sql_add(sql, "SELECT kehu_ticket_escalate(");
	sql_int(sql, ticket->id);
	sql_add(sql, ", ");
	sql_int(sql, ticket->version);
	sql_add(sql, ", ");
	sql_text(sql, arguments[0].text);
	sql_add(sql, ")");
	err = store_as_rule(call, sql, &rows);
	if (err == ERR_OK)
		ticket->version = (uint32_t)rows_int(rows, 0, 0);
	return err;
}

/* ---- handling it ------------------------------------------------------------------------- */

/* A step with its reason, in the ticket and in its history. */
static void
ticket_step(struct call *call, struct record *ticket, const char *to, const struct value *reason)
{
	const char *text = reason != NULL && reason->present ? reason->text : NULL;

	ticket_add_move(call, ticket, to, text);
	if (text != NULL)
		record_set_text(ticket, F_ticket_reason, text);
}

static enum err
ticket_answer(struct call *call, struct record *ticket, const struct value *arguments)
{
	bool fresh = strcmp(record_text(ticket, F_ticket_state), "new") == 0;

	ticket_add_move(call, ticket, fresh ? "open" : NULL, arguments[0].text);
	if (!record_value(ticket, F_ticket_answered_at)->present)
		record_set_number(ticket, F_ticket_answered_at, date_now_us());
	if (fresh)
		record_set_text(ticket, F_ticket_state, "open");
	sla_reach(ticket, "answer");
	return ERR_OK;
}

static enum err
ticket_on_site(struct call *call, struct record *ticket, const struct value *arguments)
{
	(void)arguments;
	if (record_value(ticket, F_ticket_on_site_at)->present)
		return CALL_FAIL(call, ERR_WRONG_STATE, .entity = E_ticket,
		    .text = call_say(call, "Somebody is there already", "已到场"));
	ticket_add_move(call, ticket, NULL, call_say(call, "on site", "到场"));
	record_set_number(ticket, F_ticket_on_site_at, date_now_us());
	sla_reach(ticket, "on_site");
	return ERR_OK;
}

static enum err
ticket_wait(struct call *call, struct record *ticket, const struct value *arguments)
{
	ticket_step(call, ticket, "waiting", &arguments[0]);
	return sla_pause(call, ticket);
}

static enum err
ticket_resume(struct call *call, struct record *ticket, const struct value *arguments)
{
	ticket_step(call, ticket, "open", &arguments[0]);
	return sla_resume(call, ticket);
}

static enum err
ticket_solve(struct call *call, struct record *ticket, const struct value *arguments)
{
	int64_t now = date_now_us();

	if (arguments[1].present)
		record_set_text(ticket, F_ticket_cause, arguments[1].text);
	else if (strcmp(record_text(ticket, F_ticket_kind), "complaint") == 0 &&
		 !record_value(ticket, F_ticket_cause)->present)
		return CALL_FAIL(call, ERR_REQUIRED, .field = 2,
		    .text = call_say(call, "Say what a complaint was caused by", "投诉须填写原因"));
	ticket_add_move(call, ticket, "solved", arguments[0].text);
	record_set_text(ticket, F_ticket_solution, arguments[0].text);
	record_set_number(ticket, F_ticket_solved_at, now);
	if (!record_value(ticket, F_ticket_answered_at)->present)
		record_set_number(ticket, F_ticket_answered_at, now);
	sla_solve(ticket);
	return ERR_OK;
}

/* ---- after it ---------------------------------------------------------------------------- */

/* Open once more: what was done stays in its history. */
static enum err
ticket_open_again(struct call *call, struct record *ticket, const char *why)
{
	record_set_number(ticket, F_ticket_reopened, record_number(ticket, F_ticket_reopened) + 1);
	record_set_null(ticket, F_ticket_solved_at);
	record_set_null(ticket, F_ticket_closed_at);
	record_set_text(ticket, F_ticket_state, "open");
	ticket_tell(call, ticket, record_number(ticket, F_ticket_owner_id), why,
	    "工单已重新打开");
	return sla_restart(call, ticket);
}

static enum err
ticket_rate(struct call *call, struct record *ticket, const struct value *arguments)
{
	int64_t stars = arguments[0].number;
	const char *said = arguments[1].present ? arguments[1].text : "";
	bool good = stars >= STARS_GOOD;
	enum err err = ERR_OK;

	if (stars < 1 || stars > STARS_MAX)
		return CALL_FAIL(call, ERR_INVALID, .field = 1,
		    .text = call_say(call, "A rating is from 1 to 5 stars", "评分应为 1 到 5 星"));
	ticket_add_move(call, ticket, good ? "closed" : "open",
	    arena_printf(call->arena, "%d/%d %s", (int)stars, STARS_MAX, said));
	record_set_number(ticket, F_ticket_rating, stars);
	if (said[0] != '\0')
		record_set_text(ticket, F_ticket_rating_note, said);
	else
		record_set_null(ticket, F_ticket_rating_note);
	if (good) {
		record_set_text(ticket, F_ticket_state, "closed");
		record_set_number(ticket, F_ticket_closed_at, date_now_us());
	} else {
		err = ticket_open_again(call, ticket, "Rated below three stars, open again");
	}
	call->written_text = good ? call_say(call, "Archived", "已归档")
				  : call_say(call, "Below three stars: open again", "低于三星：已重新打开");
	return err;
}

static enum err
ticket_close(struct call *call, struct record *ticket, const struct value *arguments)
{
	ticket_step(call, ticket, "closed", &arguments[0]);
	record_set_number(ticket, F_ticket_closed_at, date_now_us());
	return ERR_OK;
}

static enum err
ticket_reopen(struct call *call, struct record *ticket, const struct value *arguments)
{
	ticket_step(call, ticket, "open", &arguments[0]);
	return ticket_open_again(call, ticket, "Open again");
}

static enum err
ticket_cancel(struct call *call, struct record *ticket, const struct value *arguments)
{
	ticket_step(call, ticket, "cancelled", &arguments[0]);
	sla_drop(ticket);
	record_set_number(ticket, F_ticket_closed_at, date_now_us());
	return ERR_OK;
}

/* Two of one customer's become one; the merging itself is everybody's. */
static enum err
ticket_merge(struct call *call, struct record *ticket, const struct value *arguments)
{
	struct record *other;
	enum err err =
	    record_read(call, ticket->entity, arguments[0].number, RIGHT_VIEW, false, false, &other);

	if (err != ERR_OK)
		return err;
	if (other == NULL || !record_is_there(other))
		return CALL_FAIL(call, ERR_NO_SUCH_RECORD, .entity = E_ticket, .field = 1);
	if (record_number(other, F_ticket_customer_id) != record_number(ticket, F_ticket_customer_id))
		return CALL_FAIL(call, ERR_INVALID, .field = 1,
		    .text = call_say(call, "It is another customer's", "该工单属于另一客户"));
	return merge_act(call, ticket, arguments);
}

const struct rule rules_ticket[] = {
	{ .hook = HOOK_DEFAULTS, .run = ticket_fill },
	{ .hook = HOOK_BEFORE_SAVE, .run = ticket_before_save },
	{ .hook = HOOK_AFTER_SAVE, .run = ticket_after_save },
	{ .action = "answer", .act = ticket_answer },
	{ .action = "take", .act = ticket_take, .stores = true },
	{ .action = "assign", .act = ticket_assign, .right = RIGHT_ASSIGN, .stores = true },
	{ .action = "queue", .act = ticket_queue, .stores = true },
	{ .action = "route", .act = ticket_route, .stores = true },
	{ .action = "on_site", .act = ticket_on_site },
	{ .action = "escalate", .act = ticket_escalate, .stores = true },
	{ .action = "wait", .act = ticket_wait },
	{ .action = "resume", .act = ticket_resume },
	{ .action = "solve", .act = ticket_solve },
	{ .action = "rate", .act = ticket_rate },
	{ .action = "close", .act = ticket_close },
	{ .action = "reopen", .act = ticket_reopen },
	{ .action = "cancel", .act = ticket_cancel },
	{ .action = "merge", .act = ticket_merge, .stores = true },
	{ 0 },
};
