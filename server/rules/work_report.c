/*
 * 工作报告: a day's or a week's report. One for each person, kind and period; new, it is filled
 * from what its author did and has planned. Handed in it is frozen; who leads the author reads
 * it, comments on it, or sends it back.
 */
#include "common/buf.h"
#include "common/date.h"
#include "common/money.h"
#include "server/entity/dictionary.h"
#include "server/entity/fields.h"
#include "server/record/message.h"

#include <string.h>

#define REPORT_BYTES 3600 /* of a filled text; the field takes 4000 characters */

/* ---- filling ----------------------------------------------------------------------------- */

enum {
	ITEM_PLANNED,
	ITEM_WHAT,
	ITEM_AT,
	ITEM_DAY,
	ITEM_CODE,
	ITEM_NAME,
	ITEM_NOTE,
	ITEM_RESULT,
	ITEM_MINOR,
	ITEM_CURRENCY,
};

static bool
work_report_weekly(const struct record *report)
{
	return strcmp(record_text(report, F_work_report_kind), "weekly") == 0;
}

/* The last day of what comes after the report: the next working day, or the week after. */
static int64_t
work_report_next(const struct record *report, int64_t until)
{
	int64_t next = until + (work_report_weekly(report) ? 7 : 1);

	while (!work_report_weekly(report) && date_weekday(next) > 5)
		next++;
	return next;
}

static const char *
work_report_choice(const struct call *call, uint32_t entity, uint32_t field, const char *code)
{
	const struct entity_view *view = catalog_entity(call->catalog, entity);

	return code == NULL ? ""
			    : dictionary_label(call->catalog, entity_field(view, field), code,
				  call->session.lang);
}

/* "拜访", "新增客户", "商机推进"… */
static const char *
work_report_word(const struct call *call, const struct rows *rows, size_t row)
{
	static const struct {
		const char *what, *en, *zh;
	} words[] = {
		{ "next", "Follow up", "跟进" },
		{ "customer", "New customer", "新增客户" },
		{ "lead", "Lead", "线索" },
		{ "move", "Opportunity", "商机" },
		{ "opportunity", "Opportunity", "商机" },
		{ "step", "Step", "计划" },
		{ "order", "Order", "订单" },
		{ "receipt", "Receipt", "回款" },
	};
	const char *what = rows_text(rows, row, ITEM_WHAT);

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(words[i].what, what) == 0)
			return call_say(call, words[i].en, words[i].zh);
	return work_report_choice(call, E_visit, F_visit_kind, rows_text(rows, row, ITEM_CODE));
}

/* "初步接触 → 方案报价", "继续跟进", the result of a step; "" for none. */
static const char *
work_report_result(const struct call *call, const struct rows *rows, size_t row)
{
	const char *what = rows_text(rows, row, ITEM_WHAT),
		   *result = rows_text(rows, row, ITEM_RESULT);

	if (strcmp(what, "move") == 0)
		return arena_printf(call->arena, "%s%s%s",
		    work_report_choice(call, E_opportunity, F_opportunity_stage, result),
		    result != NULL ? " → " : "",
		    work_report_choice(call, E_opportunity, F_opportunity_stage,
			rows_text(rows, row, ITEM_CODE)));
	if (strcmp(what, "visit") == 0)
		return work_report_choice(call, E_visit, F_visit_outcome, result);
	return result != NULL ? result : "";
}

static const char *
work_report_when(
    const struct call *call, const struct record *report, const struct rows *rows, size_t row)
{
	const char *text;

	if (rows_null(rows, row, ITEM_AT))
		return rows_null(rows, row, ITEM_DAY)
			   ? ""
			   : date_format(call->arena, rows_date(rows, row, ITEM_DAY)) + 5;
	text = date_format_us(
	    call->arena, rows_moment(rows, row, ITEM_AT), call->session.offset_min);
	/* A day's own report says the time alone. */
	return date_of_us(rows_moment(rows, row, ITEM_AT), call->session.offset_min) ==
			   record_number(report, F_work_report_day) &&
		       !work_report_weekly(report)
		   ? text + 11
		   : text + 5;
}

/* "10:00 上门拜访 华信科技：谈报价（继续跟进）" */
static const char *
work_report_line(
    const struct call *call, const struct record *report, const struct rows *rows, size_t row)
{
	const char *note = rows_text(rows, row, ITEM_NOTE),
		   *result = work_report_result(call, rows, row);
	const char *currency = rows_text(rows, row, ITEM_CURRENCY), *line;
	int decimals = currency != NULL ? money_decimals(currency) : 2;

	line = arena_printf(call->arena, "%s %s", work_report_when(call, report, rows, row),
	    work_report_word(call, rows, row));
	if (!rows_null(
		rows, row, ITEM_NAME)) /* a task or a meeting may be without a customer */
		line =
		    arena_printf(call->arena, "%s %s", line, rows_text(rows, row, ITEM_NAME));
	if (note != NULL && note[0] != '\0')
		line =
		    arena_printf(call->arena, call_say(call, "%s: %s", "%s：%s"), line, note);
	if (!rows_null(rows, row, ITEM_MINOR))
		line = arena_printf(call->arena, "%s %s %s", line,
		    money_format(call->arena, rows_int(rows, row, ITEM_MINOR),
			decimals < 0 ? 2 : decimals, false),
		    currency != NULL ? currency : "");
	if (result[0] != '\0')
		line = arena_printf(
		    call->arena, call_say(call, "%s (%s)", "%s（%s）"), line, result);
	return line;
}

/* What was done, or what is planned; NULL: nothing. What does not fit is counted. */
static const char *
work_report_text(
    struct call *call, const struct record *report, const struct rows *rows, bool planned)
{
	struct buf out = BUF_INIT;
	const char *text = NULL;
	size_t left = 0;

	for (size_t i = 0; i < rows->count; i++) {
		const char *line;

		if (rows_bool(rows, i, ITEM_PLANNED) != planned)
			continue;
		line = work_report_line(call, report, rows, i);
		if (left > 0 || strlen(buf_text(&out)) + strlen(line) > REPORT_BYTES)
			left++;
		else
			buf_printf(&out, "%s%s", strlen(buf_text(&out)) > 0 ? "\n" : "", line);
	}
	if (left > 0)
		buf_printf(&out, call_say(call, "\n… and %zu more", "\n… 另有 %zu 项"), left);
	if (strlen(buf_text(&out)) > 0)
		text = arena_strdup(call->arena, buf_text(&out));
	buf_fini(&out);
	return text;
}

static int64_t
work_report_midnight_us(const struct call *call, int64_t day)
{
	return day * US_PER_DAY - call->session.offset_min * INT64_C(60) * US_PER_SECOND;
}

static enum err
work_report_read_items(struct call *call, const struct record *report, struct rows **rows)
{
	int64_t day = record_number(report, F_work_report_day),
		until = record_number(report, F_work_report_until);
	int64_t next = work_report_next(report, until);
	struct sql *sql = sql_new(call->arena);

	sql_add(sql, "SELECT planned, what, at, day, code, name, note, result, minor, currency "
		     "FROM kehu_work_items(");
	sql_int(sql, record_number(report, F_work_report_owner_id));
	sql_add(sql, ", ");
	sql_moment(sql, work_report_midnight_us(call, day));
	sql_add(sql, ", ");
	sql_moment(sql, work_report_midnight_us(call, until + 1));
	sql_add(sql, ", ");
	sql_moment(sql, work_report_midnight_us(call, next + 1));
	sql_add(sql, ", ");
	sql_date(sql, day);
	sql_add(sql, ", ");
	sql_date(sql, until);
	sql_add(sql, ", ");
	sql_date(sql, next);
	sql_add(sql, ")");
	sql_named(sql);
	return store_as_rule(call, sql, rows);
}

/* Only one's own: what another did is not for the caller to have written out. */
static enum err
work_report_fill(struct call *call, struct record *report, bool again)
{
	bool done = again || record_text(report, F_work_report_done)[0] == '\0';
	bool plan = again || record_text(report, F_work_report_plan)[0] == '\0';
	struct rows *rows;
	const char *text;
	enum err err;

	if (record_number(report, F_work_report_owner_id) != call->session.user ||
	    (!done && !plan))
		return ERR_OK;
	err = work_report_read_items(call, report, &rows);
	if (err != ERR_OK)
		return err;
	text = work_report_text(call, report, rows, false);
	if (done && text != NULL)
		record_set_text(report, F_work_report_done, text);
	text = work_report_text(call, report, rows, true);
	if (plan && text != NULL)
		record_set_text(report, F_work_report_plan, text);
	return ERR_OK;
}

/* ---- saving ------------------------------------------------------------------------------ */

/* A weekly report is kept by its Monday. */
static void
work_report_set_period(struct record *report)
{
	int64_t day = record_number(report, F_work_report_day), until = day;

	if (work_report_weekly(report)) {
		day -= date_weekday(day) - 1;
		until = day + 6;
	}
	if (day != record_number(report, F_work_report_day))
		record_set_number(report, F_work_report_day, day);
	record_set_number(report, F_work_report_until, until);
	record_set_number(report, F_work_report_due_on, until + 1);
}

static void
work_report_set_title(struct call *call, struct record *report)
{
	const struct setup_record *author =
	    access_setup(call->access, E_user, record_number(report, F_work_report_owner_id));
	int64_t day = record_number(report, F_work_report_day),
		until = record_number(report, F_work_report_until);
	const char *title = arena_printf(call->arena, "%s %s",
	    author != NULL ? author->label : "", date_format(call->arena, day));

	if (until != day)
		title = arena_printf(
		    call->arena, "%s..%s", title, date_format(call->arena, until) + 5);
	record_set_text(report, F_work_report_title, title);
}

static enum err
work_report_defaults(struct call *call, struct record *report)
{
	if (!record_value(report, F_work_report_day)->present)
		return ERR_OK; /* refused with the other required ones */
	work_report_set_period(report);
	return work_report_fill(call, report, false);
}

static enum err
work_report_before_save(struct call *call, struct record *report)
{
	if (report->is_new)
		record_set_text(report, F_work_report_state, "draft");
	if (report->acting)
		return ERR_OK;
	if (report->owner != call->session.user)
		return CALL_FAIL(call, ERR_FORBIDDEN, .field = F_work_report_owner_id,
		    .text = call_say(
			call, "Everybody writes their own report", "工作报告由本人填写"));
	if (!report->is_new && (record_changed(report, F_work_report_day) ||
				   record_changed(report, F_work_report_kind)))
		return CALL_FAIL(call, ERR_READ_ONLY, .field = F_work_report_day,
		    .text = call_say(call, "A report keeps its period; write another one",
			"报告的日期和种类不能改，请另写一份"));
	if (record_number(report, F_work_report_day) > call_today(call))
		return CALL_FAIL(call, ERR_INVALID, .field = F_work_report_day,
		    .text = call_say(call, "That day has not come yet", "日期不能在未来"));
	work_report_set_period(report);
	work_report_set_title(call, report);
	return ERR_OK;
}

/* ---- actions ----------------------------------------------------------------------------- */

static enum err
work_report_need_author(struct call *call, const struct record *report)
{
	if (report->owner == call->session.user)
		return ERR_OK;
	return CALL_FAIL(call, ERR_FORBIDDEN,
	    .text = call_say(call, "Only its author may do that", "只有报告人本人可以这样做"));
}

static enum err
work_report_need_reader(struct call *call, const struct record *report)
{
	if (report->owner != call->session.user)
		return ERR_OK;
	return CALL_FAIL(call, ERR_FORBIDDEN,
	    .text = call_say(
		call, "One's own report is read by somebody else", "本人的报告由上级阅读"));
}

static enum err
work_report_hand_in(struct call *call, struct record *report, const struct value *arguments)
{
	struct sql *sql = sql_new(call->arena);
	enum err err = work_report_need_author(call, report);

	(void)arguments;
	if (err == ERR_OK && record_text(report, F_work_report_done)[0] == '\0')
		err = CALL_FAIL(call, ERR_REQUIRED, .entity = E_work_report,
		    .field = F_work_report_done,
		    .text = call_say(call, "Say what was done first", "请先填写完成的工作"));
	if (err != ERR_OK)
		return err;
	record_set_number(report, F_work_report_handed_in_at, date_now_us());
	record_set_number(report, F_work_report_late,
	    call_today(call) > record_number(report, F_work_report_due_on));
	sql_add(sql, "SELECT kehu_work_report_tell(");
	sql_int(sql, report->id);
	sql_addf(sql, ", %d, ", E_work_report);
	sql_text(sql, record_text(report, F_work_report_title));
	sql_add(sql, ")");
	return store_as_rule(call, sql, NULL);
}

static void
work_report_reset(struct record *report)
{
	record_set_null(report, F_work_report_handed_in_at);
	record_set_null(report, F_work_report_late);
	record_set_null(report, F_work_report_read_at);
	record_set_null(report, F_work_report_reader_id);
}

static enum err
work_report_take_back(struct call *call, struct record *report, const struct value *arguments)
{
	enum err err = work_report_need_author(call, report);

	(void)arguments;
	if (err == ERR_OK)
		work_report_reset(report);
	return err;
}

static enum err
work_report_read(struct call *call, struct record *report, const struct value *arguments)
{
	enum err err = work_report_need_reader(call, report);

	if (err != ERR_OK)
		return err;
	record_set_number(report, F_work_report_read_at, date_now_us());
	record_set_number(report, F_work_report_reader_id, call->session.user);
	return arguments[0].present ? message_act_comment(call, report, arguments) : ERR_OK;
}

static enum err
work_report_send_back(struct call *call, struct record *report, const struct value *arguments)
{
	enum err err = work_report_need_reader(call, report);

	if (err != ERR_OK)
		return err;
	work_report_reset(report);
	return message_act_comment(call, report, arguments);
}

static enum err
work_report_refill(struct call *call, struct record *report, const struct value *arguments)
{
	enum err err = work_report_need_author(call, report);

	(void)arguments;
	return err == ERR_OK ? work_report_fill(call, report, true) : err;
}

const struct rule rules_work_report[] = {
	{ .hook = HOOK_DEFAULTS, .run = work_report_defaults },
	{ .hook = HOOK_BEFORE_SAVE, .run = work_report_before_save },
	{ .action = "hand_in", .act = work_report_hand_in },
	{ .action = "take_back", .act = work_report_take_back },
	{ .action = "read", .act = work_report_read, .right = RIGHT_APPROVE },
	{ .action = "send_back", .act = work_report_send_back, .right = RIGHT_APPROVE },
	{ .action = "refill", .act = work_report_refill },
	{ 0 },
};
