/*
 * 商机: the life of an opportunity. Its stage decides state and probability; it moves by
 * actions only, each of which adds a line of history and counts the days spent.
 */
#include "common/date.h"
#include "common/text.h"
#include "server/entity/dictionary.h"
#include "server/entity/fields.h"
#include "server/record/rule.h"
#include "server/rules/opportunity_stage.h"
#include "server/trade/wanted.h"

#include <inttypes.h>
#include <string.h>

/* ---- entering a stage -------------------------------------------------------------------- */

static const struct field *
opportunity_field(const struct record *opportunity, uint32_t number)
{
	return entity_field(opportunity->entity, number);
}

static const char *
opportunity_stage_label(
    const struct call *call, const struct record *opportunity, const char *code)
{
	return dictionary_label(call->catalog,
	    opportunity_field(opportunity, F_opportunity_stage), code, call->session.lang);
}

/*
 * What a stage needs and the opportunity lacks: "客户、金额"; "" when nothing. just_now: only
 * what this change takes away, since a stage may have come to need more after it was entered.
 */
static const char *
opportunity_missing(const struct call *call, const struct record *opportunity,
    const struct stage *stage, bool just_now)
{
	const char *list = "";

	for (size_t i = 0; i < opportunity->entity->field_count; i++) {
		const struct field *field = opportunity->entity->fields[i];
		bool filled = opportunity->values[i].present &&
			      (field->type != TYPE_MONEY || opportunity->values[i].number > 0);

		if (!filled && (!just_now || opportunity->changed[i]) &&
		    text_has_word(stage->needs, field->name))
			list = arena_printf(call->arena, "%s%s%s", list,
			    list[0] == '\0' ? "" : call_say(call, ", ", "、"),
			    call_say(call, field->en, field->zh));
	}
	return list;
}

static enum err
opportunity_check_needs(struct call *call, const struct record *opportunity,
    const struct stage *stage, bool just_now)
{
	const char *missing = opportunity_missing(call, opportunity, stage, just_now);

	if (missing[0] == '\0')
		return ERR_OK;
	return CALL_FAIL(call, ERR_REQUIRED, .entity = E_opportunity,
	    .text = arena_printf(call->arena,
		call_say(call, "For the stage %s fill in first: %s", "进入“%s”前请先填写：%s"),
		opportunity_stage_label(call, opportunity, stage->code), missing));
}

static enum err
opportunity_check_role(
    struct call *call, const struct record *opportunity, const struct stage *stage)
{
	const char *const *names;
	size_t count;

	if (stage->role[0] == '\0')
		return ERR_OK;
	count = access_user_roles(call->arena, call->user, &names);
	for (size_t i = 0; i < count; i++)
		if (strcmp(names[i], stage->role) == 0)
			return ERR_OK;
	return CALL_FAIL(call, ERR_FORBIDDEN, .entity = E_opportunity,
	    .text = arena_printf(call->arena,
		call_say(
		    call, "Your roles may not move anything into %s", "您的角色不能移入“%s”"),
		opportunity_stage_label(call, opportunity, stage->code)));
}

/* A line of history; the days are those spent in the stage that is left. */
static void
opportunity_add_move(struct call *call, struct record *opportunity, const char *from,
    const char *to, int64_t since_us, const char *reason)
{
	struct record *line = record_add_line(
	    call->arena, opportunity, catalog_entity(call->catalog, E_opportunity_move));
	int64_t now = date_now_us();

	record_set_number(line, F_opportunity_move_at, now);
	record_set_text(line, F_opportunity_move_stage, to);
	record_set_number(line, F_opportunity_move_by_id, call->session.user);
	if (from != NULL) {
		record_set_text(line, F_opportunity_move_from_stage, from);
		record_set_number(line, F_opportunity_move_days,
		    date_of_us(now, call->session.offset_min) -
			date_of_us(since_us, call->session.offset_min));
	}
	if (reason != NULL && reason[0] != '\0')
		record_set_text(line, F_opportunity_move_reason, reason);
}

static void
opportunity_start_clock(
    struct call *call, struct record *opportunity, const struct stage *stage, int64_t since_us)
{
	record_set_number(opportunity, F_opportunity_stage_since, since_us);
	if (stage->stall_days > 0)
		record_set_number(opportunity, F_opportunity_stalls_on,
		    date_of_us(since_us, call->session.offset_min) + stage->stall_days);
	else
		record_set_null(opportunity, F_opportunity_stalls_on);
}

static void
opportunity_enter(struct call *call, struct record *opportunity, const struct stage *stage,
    const char *reason)
{
	const char *from =
	    arena_strdup(call->arena, record_text(opportunity, F_opportunity_stage));

	opportunity_add_move(call, opportunity, from, stage->code,
	    record_number(opportunity, F_opportunity_stage_since), reason);
	record_set_text(opportunity, F_opportunity_stage, stage->code);
	record_set_number(opportunity, F_opportunity_probability, stage->probability);
	record_set_null(opportunity, F_opportunity_probability_reason);
	opportunity_start_clock(call, opportunity, stage, date_now_us());
}

/* Whether the opportunity may go from its stage to this one. */
static enum err
opportunity_may_enter(struct call *call, const struct record *opportunity,
    const struct stages *stages, const struct stage *stage)
{
	const struct stage *now =
	    stages_find(stages, record_text(opportunity, F_opportunity_stage));
	enum err err;

	if (now != NULL && strcmp(now->code, stage->code) == 0)
		return CALL_FAIL(call, ERR_EMPTY,
		    .text = call_say(call, "It is in this stage already", "已处于该阶段"));
	if (now != NULL && now->moves[0] != '\0' && !text_has_word(now->moves, stage->code))
		return CALL_FAIL(call, ERR_WRONG_STATE, .entity = E_opportunity,
		    .text = arena_printf(call->arena,
			call_say(call, "From %s one cannot go to %s", "不能从“%s”进入“%s”"),
			opportunity_stage_label(call, opportunity, now->code),
			opportunity_stage_label(call, opportunity, stage->code)));
	err = opportunity_check_role(call, opportunity, stage);
	return err != ERR_OK ? err : opportunity_check_needs(call, opportunity, stage, false);
}

/* ---- saving ------------------------------------------------------------------------------ */

/* Stage history is the server's: a save brings no line of it and takes none away. */
static enum err
opportunity_guard_history(struct call *call, const struct record *opportunity)
{
	for (size_t i = 0; !opportunity->acting && i < opportunity->line_count; i++) {
		const struct record *line = opportunity->lines[i];

		if (line->entity->def->number == E_opportunity_move &&
		    (line->is_new || line->removed))
			return CALL_FAIL(call, ERR_READ_ONLY, .entity = E_opportunity_move,
			    .line = line->id);
	}
	if (!opportunity->is_new && !opportunity->acting &&
	    record_changed(opportunity, F_opportunity_stage))
		return CALL_FAIL(call, ERR_READ_ONLY, .field = F_opportunity_stage,
		    .text = call_say(call, "Use Move, Win or Lose to change the stage",
			"请用“推进”“赢单”“输单”改变阶段"));
	return ERR_OK;
}

static enum err
opportunity_check_dates(
    struct call *call, struct record *opportunity, const struct stage *stage)
{
	int64_t today = call_today(call),
		opened = record_number(opportunity, F_opportunity_opened_on);
	bool closed = record_value(opportunity, F_opportunity_closed_on)->present;
	int64_t closed_on = record_number(opportunity, F_opportunity_closed_on);

	if (opened > today && record_changed(opportunity, F_opportunity_opened_on))
		return CALL_FAIL(call, ERR_INVALID, .field = F_opportunity_opened_on,
		    .text =
			call_say(call, "It cannot begin in the future", "开始日期不能在未来"));
	if (stage_is_open(stage) &&
	    record_value(opportunity, F_opportunity_expected_on)->present &&
	    record_changed(opportunity, F_opportunity_expected_on) &&
	    record_number(opportunity, F_opportunity_expected_on) < today)
		return CALL_FAIL(call, ERR_INVALID, .field = F_opportunity_expected_on,
		    .text = call_say(
			call, "The expected date lies in the past", "预计成交日期已过"));
	if (closed && stage_is_open(stage))
		return CALL_FAIL(call, ERR_INVALID, .field = F_opportunity_closed_on,
		    .text = call_say(call, "It is open still; use Win or Lose",
			"尚未关闭，请用“赢单”或“输单”"));
	if (closed && (closed_on > today || closed_on < opened))
		return CALL_FAIL(call, ERR_INVALID, .field = F_opportunity_closed_on,
		    .text = closed_on > today
				? call_say(call, "It cannot be closed in the future",
				      "关闭日期不能在未来")
				: call_say(call, "It cannot be closed before it began",
				      "关闭日期不能早于开始日期"));
	return ERR_OK;
}

static enum err
opportunity_check_probability(
    struct call *call, struct record *opportunity, const struct stage *stage)
{
	const struct value *value = record_value(opportunity, F_opportunity_probability);

	if (!value->present || !stage_is_open(stage))
		record_set_number(opportunity, F_opportunity_probability, stage->probability);
	if (value->number < 0 || value->number > 100)
		return CALL_FAIL(call, ERR_INVALID, .field = F_opportunity_probability,
		    .text = call_say(
			call, "A probability runs from 0 to 100", "把握应在 0 到 100 之间"));
	if (value->number == stage->probability)
		record_set_null(opportunity, F_opportunity_probability_reason);
	else if (record_text(opportunity, F_opportunity_probability_reason)[0] == '\0')
		return CALL_FAIL(call, ERR_REQUIRED, .field = F_opportunity_probability_reason,
		    .text = call_say(call, "Say why it is not the stage's probability",
			"与阶段的把握不同，请说明理由"));
	return ERR_OK;
}

/* Half a minor unit goes up; amounts are never negative. */
static void
opportunity_set_weighted(struct record *opportunity)
{
	const struct value *amount = record_value(opportunity, F_opportunity_amount);
	int64_t percent = record_number(opportunity, F_opportunity_probability);

	if (amount->present)
		record_set_money(opportunity, F_opportunity_weighted,
		    (amount->number * percent + 50) / 100, amount->text);
	else
		record_set_null(opportunity, F_opportunity_weighted);
}

/* A new one may be entered in any stage, closed too: history is imported and written up later.
 */
static enum err
opportunity_begin(struct call *call, struct record *opportunity, const struct stage *stage)
{
	int64_t since = date_now_us();
	enum err err = opportunity_check_role(call, opportunity, stage);

	if (strcmp(stage->state, "lost") != 0)
		record_set_null(opportunity, F_opportunity_lost_reason);
	if (err == ERR_OK)
		err = opportunity_check_needs(call, opportunity, stage, false);
	if (err != ERR_OK)
		return err;
	if (!stage_is_open(stage)) {
		if (!record_value(opportunity, F_opportunity_closed_on)->present)
			record_set_number(
			    opportunity, F_opportunity_closed_on, call_today(call));
		since = record_number(opportunity, F_opportunity_closed_on) * US_PER_DAY -
			call->session.offset_min * INT64_C(60) * US_PER_SECOND;
	}
	opportunity_start_clock(call, opportunity, stage, since);
	opportunity_add_move(call, opportunity, NULL, stage->code, 0, NULL);
	return ERR_OK;
}

static enum err
opportunity_before_save(struct call *call, struct record *opportunity)
{
	const struct stage *stage;
	struct stages stages;
	enum err err = opportunity_guard_history(call, opportunity);

	if (err == ERR_OK)
		err = stages_read(call, &stages);
	if (err != ERR_OK)
		return err;
	stage = stages_find(&stages, record_text(opportunity, F_opportunity_stage));
	if (stage == NULL)
		return CALL_FAIL(call, ERR_NOT_IN_LIST, .field = F_opportunity_stage,
		    .text = call_say(call, "This stage has no rules yet; ask an administrator",
			"此阶段尚未设置，请联系管理员"));
	if (record_number(opportunity, F_opportunity_amount) < 0)
		return CALL_FAIL(call, ERR_INVALID, .field = F_opportunity_amount,
		    .text = call_say(call, "An amount is not negative", "金额不能为负"));
	if (opportunity->is_new)
		err = opportunity_begin(call, opportunity, stage);
	else
		err = opportunity_check_needs(call, opportunity, stage, true);
	if (err == ERR_OK)
		err = opportunity_check_dates(call, opportunity, stage);
	if (err == ERR_OK)
		err = opportunity_check_probability(call, opportunity, stage);
	if (err != ERR_OK)
		return err;
	record_set_text(opportunity, F_opportunity_state, stage->state);
	opportunity_set_weighted(opportunity);
	return opportunity->acting ? ERR_OK : wanted_check(call, opportunity);
}

/* ---- actions ----------------------------------------------------------------------------- */

static const char *
opportunity_argument(const struct value *argument)
{
	return argument->present ? argument->text : NULL;
}

static enum err
opportunity_move(struct call *call, struct record *opportunity, const struct value *arguments)
{
	const struct stage *stage;
	struct stages stages;
	enum err err = stages_read(call, &stages);

	if (err != ERR_OK)
		return err;
	stage = stages_find(&stages, arguments[0].text);
	if (stage == NULL)
		return CALL_FAIL(call, ERR_NOT_IN_LIST, .field = 1);
	if (!stage_is_open(stage))
		return CALL_FAIL(call, ERR_WRONG_STATE, .field = 1,
		    .text = call_say(
			call, "Use Win or Lose to close it", "请用“赢单”或“输单”关闭"));
	err = opportunity_may_enter(call, opportunity, &stages, stage);
	if (err == ERR_OK)
		opportunity_enter(
		    call, opportunity, stage, opportunity_argument(&arguments[1]));
	return err;
}

/* Won or lost: on that day, by the first stage of that state. */
static enum err
opportunity_close(struct call *call, struct record *opportunity, const char *state,
    const struct value *day, const char *note)
{
	const struct stage *stage;
	struct stages stages;
	enum err err = stages_read(call, &stages);

	if (err != ERR_OK)
		return err;
	stage = stages_of_state(&stages, state);
	if (stage == NULL)
		return CALL_FAIL(call, ERR_CONFIG);
	err = opportunity_may_enter(call, opportunity, &stages, stage);
	if (err != ERR_OK)
		return err;
	record_set_number(opportunity, F_opportunity_closed_on,
	    day->present ? day->number : call_today(call));
	record_set_text(opportunity, F_opportunity_close_note, note);
	opportunity_enter(call, opportunity, stage, note);
	return ERR_OK;
}

static enum err
opportunity_win(struct call *call, struct record *opportunity, const struct value *arguments)
{
	return opportunity_close(
	    call, opportunity, "won", &arguments[0], opportunity_argument(&arguments[1]));
}

static enum err
opportunity_lose(struct call *call, struct record *opportunity, const struct value *arguments)
{
	record_set_text(opportunity, F_opportunity_lost_reason, arguments[0].text);
	if (arguments[1].present)
		record_set_number(opportunity, F_opportunity_lost_to_id, arguments[1].number);
	return opportunity_close(
	    call, opportunity, "lost", &arguments[3], opportunity_argument(&arguments[2]));
}

/* The open stage it was in last. */
static const struct stage *
opportunity_last_open(const struct record *opportunity, const struct stages *stages)
{
	const struct stage *last = NULL;

	for (size_t i = 0; i < opportunity->line_count; i++) {
		const struct record *line = opportunity->lines[i];
		const struct stage *from;

		if (line->entity->def->number != E_opportunity_move)
			continue;
		from = stages_find(stages, record_text(line, F_opportunity_move_from_stage));
		if (from != NULL && stage_is_open(from))
			last = from;
	}
	return last != NULL ? last : stages_of_state(stages, "open");
}

static enum err
opportunity_reopen(struct call *call, struct record *opportunity, const struct value *arguments)
{
	const struct stage *stage;
	struct stages stages;
	enum err err = stages_read(call, &stages);

	if (err != ERR_OK)
		return err;
	stage = arguments[1].present ? stages_find(&stages, arguments[1].text)
				     : opportunity_last_open(opportunity, &stages);
	if (stage == NULL || !stage_is_open(stage))
		return CALL_FAIL(call, ERR_NOT_IN_LIST, .field = 2,
		    .text = call_say(call, "Choose an open stage", "请选择未关闭的阶段"));
	record_set_null(opportunity, F_opportunity_closed_on);
	record_set_null(opportunity, F_opportunity_lost_reason);
	record_set_null(opportunity, F_opportunity_lost_to_id);
	record_set_null(opportunity, F_opportunity_close_note);
	opportunity_enter(call, opportunity, stage, arguments[0].text);
	return ERR_OK;
}

static enum err
opportunity_assign(struct call *call, struct record *opportunity, const struct value *arguments)
{
	struct sql *sql = sql_new(call->arena);
	struct rows *rows;
	enum err err;

	if (arguments[0].number == record_number(opportunity, F_opportunity_owner_id))
		return CALL_FAIL(call, ERR_EMPTY, .field = 1,
		    .text = call_say(call, "This is the owner already", "该用户已是负责人"));
	sql_add(sql, "SELECT kehu_opportunity_give(");
	sql_int(sql, opportunity->id);
	sql_add(sql, ", ");
	sql_int(sql, opportunity->version);
	sql_add(sql, ", ");
	sql_int(sql, arguments[0].number);
	sql_add(sql, ")");
	err = store_as_rule(call, sql, &rows);
	if (err == ERR_OK)
		opportunity->version = (uint32_t)rows_int(rows, 0, 0);
	return err;
}

static enum err
opportunity_quote(struct call *call, struct record *opportunity, const struct value *arguments)
{
	(void)arguments;
	return wanted_quote(call, opportunity);
}

const struct rule rules_opportunity[] = {
	{ .hook = HOOK_BEFORE_SAVE, .run = opportunity_before_save },
	{ .action = "move", .act = opportunity_move },
	{ .action = "quote", .act = opportunity_quote, .makes = "quote" },
	{ .action = "win", .act = opportunity_win },
	{ .action = "lose", .act = opportunity_lose },
	{ .action = "reopen", .act = opportunity_reopen },
	{ .action = "assign",
	    .act = opportunity_assign,
	    .right = RIGHT_ASSIGN,
	    .stores = true },
	{ 0 },
};
