/*
 * The selling day against a real kehud: activities of every kind, repeating plans, checking in, what
 * today's list holds, reminders on an open client and by mail, with two servers on one database.
 */
#include "common/date.h"
#include "server/access/access.h"
#include "server/entity/fields.h"
#include "tests/lib/bed.h"
#include "tests/lib/company.h"
#include "tests/lib/pg.h"
#include "tests/lib/smtp.h"

#include <inttypes.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
// clang-format off
#include <cmocka.h>
// clang-format on

#define DB     "day"
#define MINUTE (60 * US_PER_SECOND)
#define HOUR   (60 * MINUTE)

static struct bed *bed;
static struct smtp *smtp;
static struct client *ada, *ben, *cai, *dan, *eve, *guo;

static int64_t
make_customer(struct client *client, const char *name)
{
	return expect_written(client_save(client, E_customer, 0, 0,
		SENT(TEXT_OF(F_customer_name, name), TEXT_OF(F_customer_level, "D")), NULL))->id;
}

static int64_t
make_visit(struct client *client, int64_t customer, const char *kind, int64_t at, const char *purpose)
{
	return expect_written(client_save(client, E_visit, 0, 0,
		SENT(NUMBER_OF(F_visit_customer_id, customer), TEXT_OF(F_visit_kind, kind),
		    NUMBER_OF(F_visit_at, at), TEXT_OF(F_visit_purpose, purpose)), NULL))->id;
}

static const Kehu__Value *
value(struct client *client, uint32_t entity, int64_t id, uint32_t field)
{
	return value_of(client_get(client, entity, id)->get->record, field);
}

static int64_t
today(void)
{
	return date_of_us(date_now_us(), 480);
}

/* A moment of a day in the company's time. */
static int64_t
at(int64_t day, int hour)
{
	return day * US_PER_DAY + (hour - 8) * HOUR;
}

/* ---- activities -------------------------------------------------------------------------- */

static void
task_and_meeting_need_no_customer_and_a_visit_does(void **state)
{
	int64_t task;

	expect_error(client_save(ada, E_visit, 0, 0,
	    SENT(TEXT_OF(F_visit_kind, "visit"), TEXT_OF(F_visit_purpose, "无客户")), NULL),
	    ERR_REQUIRED, F_visit_customer_id);
	expect_written(client_save(ada, E_visit, 0, 0,
	    SENT(TEXT_OF(F_visit_kind, "meeting"), TEXT_OF(F_visit_purpose, "部门例会")), NULL));
	task = expect_written(client_save(ada, E_visit, 0, 0,
	    SENT(TEXT_OF(F_visit_kind, "task"), TEXT_OF(F_visit_purpose, "写方案")), NULL))->id;
	assert_string_equal(text_of(ada, E_visit, task, F_visit_state), "planned");
	expect_written(client_act(ada, E_visit, task, "done", NULL));
	assert_string_equal(text_of(ada, E_visit, task, F_visit_state), "completed");
	assert_int_equal(list_count(ada, E_visit, "kind:task"), 1);
	assert_int_equal(list_count(dan, E_visit, "kind:task"), 0);
	/* a visit has an outcome to tell */
	task = make_visit(ada, make_customer(ada, "结果公司"), "visit", date_now_us(), "x");
	expect_error(client_act(ada, E_visit, task, "done", NULL), ERR_WRONG_STATE, 0);
}

static void
end_and_minutes_agree_and_no_end_lies_before_the_start(void **state)
{
	int64_t start = at(today() + 3, 9), id = make_visit(ada, make_customer(ada, "时长公司"), "meeting", start, "时长");
	uint32_t version = client_get(ada, E_visit, id)->get->record->version;

	assert_int_equal(number_of(ada, E_visit, id, F_visit_ends_at), start + HOUR);
	expect_error(client_save(ada, E_visit, id, version, SENT(NUMBER_OF(F_visit_ends_at, start - MINUTE)), NULL),
	    ERR_INVALID, F_visit_ends_at);
	expect_error(client_save(ada, E_visit, id, version, SENT(NUMBER_OF(F_visit_ends_at, start + 25 * HOUR)), NULL),
	    ERR_INVALID, F_visit_ends_at);
	expect_error(client_save(ada, E_visit, id, version, SENT(NUMBER_OF(F_visit_minutes, -1)), NULL),
	    ERR_INVALID, F_visit_minutes);
	expect_error(client_save(ada, E_visit, id, version, SENT(NUMBER_OF(F_visit_remind_min, -5)), NULL),
	    ERR_INVALID, F_visit_remind_min);
	expect_written(client_save(ada, E_visit, id, version, SENT(NUMBER_OF(F_visit_ends_at, start + 30 * MINUTE)), NULL));
	assert_int_equal(number_of(ada, E_visit, id, F_visit_minutes), 30);
	expect_error(client_act(ada, E_visit, id, "postpone", SENT(NUMBER_OF(1, date_now_us() - HOUR))), ERR_INVALID, 1);
	expect_written(client_act(ada, E_visit, id, "postpone", SENT(NUMBER_OF(1, start + US_PER_DAY))));
	assert_int_equal(number_of(ada, E_visit, id, F_visit_ends_at), start + US_PER_DAY + 30 * MINUTE);
}

static void
two_at_one_time_are_said_and_saved(void **state)
{
	int64_t customer = make_customer(ada, "冲突公司"), start = at(today() + 5, 14);
	const Kehu__ServerFrame *answer;

	make_visit(ada, customer, "visit", start, "先来的");
	answer = client_save(ada, E_visit, 0, 0, SENT(NUMBER_OF(F_visit_customer_id, customer),
	    TEXT_OF(F_visit_kind, "phone"), NUMBER_OF(F_visit_at, start + 30 * MINUTE), TEXT_OF(F_visit_purpose, "后到的")), NULL);
	expect_written(answer);
	assert_non_null(strstr(answer->written->text, "时间冲突"));
	assert_non_null(strstr(answer->written->text, "14:00 先来的"));
	/* end to end is no overlap, and another's time is another's */
	answer = client_save(ada, E_visit, 0, 0, SENT(NUMBER_OF(F_visit_customer_id, customer),
	    TEXT_OF(F_visit_kind, "phone"), NUMBER_OF(F_visit_at, start + 90 * MINUTE), TEXT_OF(F_visit_purpose, "接着的")), NULL);
	expect_written(answer);
	assert_null(strstr(answer->written->text, "时间冲突"));
}

static void
activity_is_about_several_customers_and_opportunities(void **state)
{
	int64_t first = make_customer(ada, "第一家"), second = make_customer(ada, "第二家"), theirs = make_customer(dan, "丹的一家");
	int64_t deal = expect_written(client_save(ada, E_opportunity, 0, 0,
	    SENT(TEXT_OF(F_opportunity_name, "合作"), NUMBER_OF(F_opportunity_customer_id, second)), NULL))->id;
	const struct sent_line lines[] = {
		{ .entity = E_visit_customer, .id = -1, .values = SENT(NUMBER_OF(F_visit_customer_customer_id, second)) },
		{ .entity = E_visit_opportunity, .id = -2, .values = SENT(NUMBER_OF(F_visit_opportunity_opportunity_id, deal)) },
		{ 0 } };

	expect_written(client_save(ada, E_visit, 0, 0, SENT(NUMBER_OF(F_visit_customer_id, first),
	    TEXT_OF(F_visit_kind, "meeting"), TEXT_OF(F_visit_purpose, "三方会谈")), lines));
	assert_int_equal(list_count(ada, E_visit, arena_printf(bed->arena, "customers:#%" PRId64, second)), 1);
	assert_int_equal(list_count(ada, E_visit, arena_printf(bed->arena, "opportunities:#%" PRId64, deal)), 1);
	assert_int_equal(list_count(dan, E_visit, arena_printf(bed->arena, "customers:#%" PRId64, second)), 0);
	expect_error(client_save(ada, E_visit, 0, 0, SENT(NUMBER_OF(F_visit_customer_id, first),
	    TEXT_OF(F_visit_kind, "meeting"), TEXT_OF(F_visit_purpose, "越权")),
	    (const struct sent_line[]){ { .entity = E_visit_customer, .id = -1,
		.values = SENT(NUMBER_OF(F_visit_customer_customer_id, theirs)) }, { 0 } }), ERR_NO_SUCH_RECORD, 0);
}

static void
checking_in_takes_the_code_shown_there(void **state)
{
	int64_t customer = make_customer(ada, "签到公司"), visit = make_visit(ada, customer, "visit", date_now_us() + HOUR, "签到");
	const Kehu__ServerFrame *answer;
	const char *code;

	expect_error(client_act(ada, E_visit, visit, "check_in", SENT(TEXT_OF(1, "ABC"))), ERR_WRONG_STATE, 0);
	/* who visits neither makes the code nor reads it */
	expect_error(client_act(ada, E_customer, customer, "check_in_code", NULL), ERR_FORBIDDEN, 0);
	answer = client_act(cai, E_customer, customer, "check_in_code", NULL);
	code = expect_written(answer)->text;
	assert_int_equal(strlen(code), 8);
	assert_null(value(ada, E_customer, customer, F_customer_check_in_code));
	assert_string_equal(text_of(cai, E_customer, customer, F_customer_check_in_code), code);
	expect_error(client_act(ada, E_visit, visit, "check_in", SENT(TEXT_OF(1, "ABCDEFGH1"))), ERR_CHECK_IN, 1);
	assert_null(value(ada, E_visit, visit, F_visit_checked_in_at));
	expect_written(client_act(ada, E_visit, visit, "check_in", SENT(TEXT_OF(1, code))));
	assert_true(date_now_us() - number_of(ada, E_visit, visit, F_visit_checked_in_at) < HOUR);
	assert_string_equal(text_of(ada, E_visit, visit, F_visit_state), "started");
}

static void
code_is_not_guessed(void **state)
{
	int64_t customer = make_customer(ben, "猜码公司"), visit = make_visit(ben, customer, "visit", date_now_us() + HOUR, "猜");
	char *code = arena_strdup(bed->arena, expect_written(client_act(cai, E_customer, customer, "check_in_code", NULL))->text);

	for (int i = 0; i < 10; i++)
		expect_error(client_act(ben, E_visit, visit, "check_in", SENT(TEXT_OF(1, "WRONG"))), ERR_CHECK_IN, 1);
	/* not cain the right one, for today */
	expect_error(client_act(ben, E_visit, visit, "check_in", SENT(TEXT_OF(1, code))), ERR_CHECK_IN_LIMIT, 1);
	pg_exec(DB, "UPDATE access_use SET day = day - 1 WHERE kind = 'check_in'");
	expect_written(client_act(ben, E_visit, visit, "check_in", SENT(TEXT_OF(1, code))));
}

/* ---- repeating plans --------------------------------------------------------------------- */

/* The dates of a plan's activities that are still to be, "2026-11-23 2026-11-25". */
static const char *
plan_days(int64_t plan)
{
	return pg_exec(DB, "SELECT coalesce(string_agg(((at AT TIME ZONE 'UTC') + interval '8 hours')::date::text, ' ' "
			   "ORDER BY at), '') FROM visit WHERE plan_id = %" PRId64 " AND state = 'planned'", plan);
}

static int64_t
make_plan(int64_t first, const char *unit, int64_t every, const char *weekdays, int64_t times, const char *holidays)
{
	return expect_written(client_save(ada, E_visit_plan, 0, 0,
		SENT(TEXT_OF(F_visit_plan_purpose, "例行"), TEXT_OF(F_visit_plan_kind, "task"),
		    NUMBER_OF(F_visit_plan_starts_at, at(first, 10)), TEXT_OF(F_visit_plan_unit, unit),
		    NUMBER_OF(F_visit_plan_every, every), TEXT_OF(F_visit_plan_weekdays, weekdays),
		    NUMBER_OF(F_visit_plan_times, times), TEXT_OF(F_visit_plan_holidays, holidays)), NULL))->id;
}

static const char *
days(const int64_t *list, size_t count)
{
	const char *text = "";

	for (size_t i = 0; i < count; i++)
		text = arena_printf(bed->arena, "%s%s%s", text, i > 0 ? " " : "", date_format(bed->arena, list[i]));
	return text;
}

static void
plan_makes_its_activities_once_and_skips_holidays(void **state)
{
	/* the Monday after next */
	int64_t monday = today() + 15 - date_weekday(today());
	int64_t week[] = { monday, monday + 2, monday + 7, monday + 9 };
	int64_t kept[] = { monday, monday + 7, monday + 9 }, moved[] = { monday, monday + 3, monday + 7, monday + 9 };
	int64_t each[] = { monday, monday + 3, monday + 6 }, id;

	id = make_plan(monday, "week", 1, "1 3", 4, "keep");
	assert_string_equal(plan_days(id), days(week, 4));
	assert_int_equal(pg_int(DB, "SELECT count(DISTINCT number) FROM visit WHERE plan_id = %" PRId64, id), 4);
	expect_written(client_save(guo, E_holiday, 0, 0, SENT(NUMBER_OF(F_holiday_day, monday + 2),
	    TEXT_OF(F_holiday_name, "节日")), NULL));
	assert_string_equal(plan_days(make_plan(monday, "week", 1, "1 3", 4, "skip")), days(kept, 3));
	assert_string_equal(plan_days(make_plan(monday, "week", 1, "1,3", 4, "after")), days(moved, 4));
	assert_string_equal(plan_days(make_plan(monday, "day", 3, "", 3, "keep")), days(each, 3));
	/* made again, by two servers: nothing more */
	pg_exec(DB, "UPDATE visit_plan SET made_until = NULL WHERE id = %" PRId64, id);
	pg_exec(DB, "SELECT kehu_plan_make(%" PRId64 ")", id);
	assert_string_equal(plan_days(id), days(week, 4));
	expect_error(client_save(ada, E_visit_plan, 0, 0, SENT(TEXT_OF(F_visit_plan_purpose, "x"),
	    TEXT_OF(F_visit_plan_kind, "task"), TEXT_OF(F_visit_plan_weekdays, "8")), NULL), ERR_INVALID, F_visit_plan_weekdays);
	expect_error(client_save(ada, E_visit_plan, 0, 0, SENT(TEXT_OF(F_visit_plan_purpose, "x"),
	    TEXT_OF(F_visit_plan_kind, "task"), NUMBER_OF(F_visit_plan_every, 0)), NULL), ERR_INVALID, F_visit_plan_every);
}

static void
months_end_on_their_last_day_and_count_weekdays(void **state)
{
	assert_string_equal(pg_exec(DB,
	    "SELECT string_agg(d.planned::text, ' ') FROM kehu_plan_days(jsonb_populate_record(NULL::visit_plan, "
	    "'{\"every\": 1, \"unit\": \"month\", \"holidays\": \"keep\"}'), '2027-01-31', '2027-04-30') d"),
	    "2027-01-31 2027-02-28 2027-03-31 2027-04-30");
	/* every other month the second Tuesday */
	assert_string_equal(pg_exec(DB,
	    "SELECT string_agg(d.planned::text, ' ') FROM kehu_plan_days(jsonb_populate_record(NULL::visit_plan, "
	    "'{\"every\": 2, \"unit\": \"month\", \"weekdays\": \"2\", \"holidays\": \"keep\"}'), '2027-01-12', '2027-06-30') d"),
	    "2027-01-12 2027-03-09 2027-05-11");
	/* the fifth Friday only where there is one */
	assert_string_equal(pg_exec(DB,
	    "SELECT string_agg(d.planned::text, ' ') FROM kehu_plan_days(jsonb_populate_record(NULL::visit_plan, "
	    "'{\"every\": 1, \"unit\": \"month\", \"weekdays\": \"5\", \"holidays\": \"keep\"}'), '2027-01-29', '2027-05-31') d"),
	    "2027-01-29 2027-04-30");
}

static void
one_is_changed_alone_or_with_all_that_follow(void **state)
{
	int64_t monday = today() + 15 - date_weekday(today());
	int64_t plan = make_plan(monday, "week", 1, "1", 5, "keep"), second, third, other;
	int64_t first_two[] = { monday, monday + 8 }, following[] = { monday + 16, monday + 23, monday + 30 };

	second = pg_int(DB, "SELECT id FROM visit WHERE plan_id = %" PRId64 " ORDER BY at OFFSET 1 LIMIT 1", plan);
	third = pg_int(DB, "SELECT id FROM visit WHERE plan_id = %" PRId64 " ORDER BY at OFFSET 2 LIMIT 1", plan);
	expect_written(client_act(ada, E_visit, second, "postpone", SENT(NUMBER_OF(1, at(monday + 8, 10)))));
	expect_written(client_act(ada, E_visit, third, "change_following",
	    SENT(NUMBER_OF(1, at(monday + 16, 11)), NUMBER_OF(2, 90), TEXT_OF(3, "改到周三"))));
	assert_string_equal(plan_days(plan), days(first_two, 2));
	other = number_of(ada, E_visit, third, F_visit_plan_id);
	assert_int_not_equal(other, plan);
	assert_string_equal(plan_days(other), days(following, 3));
	assert_string_equal(text_of(ada, E_visit, third, F_visit_purpose), "改到周三");
	assert_int_equal(number_of(ada, E_visit, third, F_visit_minutes), 90);
	assert_string_equal(text_of(ada, E_visit_plan, other, F_visit_plan_weekdays), "3");
	assert_int_equal(number_of(ada, E_visit_plan, other, F_visit_plan_times), 3);
	/* the two do not make each other's */
	pg_exec(DB, "UPDATE visit_plan SET made_until = NULL WHERE id IN (%" PRId64 ", %" PRId64 ")", plan, other);
	pg_exec(DB, "SELECT kehu_plan_make(%" PRId64 "), kehu_plan_make(%" PRId64 ")", plan, other);
	assert_string_equal(plan_days(plan), days(first_two, 2));
	assert_string_equal(plan_days(other), days(following, 3));
	expect_error(client_act(dan, E_visit, third, "stop_following", SENT(TEXT_OF(1, "x"))), ERR_NO_SUCH_RECORD, 0);
	expect_written(client_act(ada, E_visit,
	    pg_int(DB, "SELECT id FROM visit WHERE plan_id = %" PRId64 " ORDER BY at OFFSET 1 LIMIT 1", other),
	    "stop_following", SENT(TEXT_OF(1, "项目结束"))));
	assert_string_equal(plan_days(other), days(following, 1));
	assert_string_equal(text_of(ada, E_visit_plan, other, F_visit_plan_state), "ended");
	expect_error(client_act(ada, E_visit, make_visit(ada, make_customer(ada, "单次"), "visit", date_now_us() + HOUR, "x"),
	    "stop_following", SENT(TEXT_OF(1, "x"))), ERR_WRONG_STATE, 0);
}

/* ---- today ------------------------------------------------------------------------------- */

static const Kehu__TodayAnswer *
ask_today(struct client *client)
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__Today request = KEHU__TODAY__INIT;
	Kehu__ServerFrame *answer;

	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_TODAY;
	frame.today = &request;
	answer = client_call(client, &frame);
	if (answer->answer_case != KEHU__SERVER_FRAME__ANSWER_TODAY)
		fail_msg("today refused: %u %s", answer->error->code, answer->error->text);
	return answer->today;
}

/* Whether a section has this record. */
static bool
today_has(struct client *client, const char *section, int64_t id)
{
	const Kehu__TodayAnswer *answer = ask_today(client);

	for (size_t i = 0; i < answer->n_sections; i++)
		for (size_t r = 0; strcmp(answer->sections[i]->name, section) == 0 && r < answer->sections[i]->page->n_rows; r++)
			if (answer->sections[i]->page->rows[r]->id == id)
				return true;
	return false;
}

static void
today_holds_what_is_due_of_ones_own(void **state)
{
	int64_t customer = make_customer(ben, "今日公司"), again = make_customer(ben, "该联系公司"), level = make_customer(ben, "回访公司");
	int64_t late = make_visit(ben, customer, "visit", date_now_us() - 3 * US_PER_DAY, "没收尾"), now, deal, contact, step, met;

	pg_exec(DB, "UPDATE visit SET at = now() - interval '3 days' WHERE id = %" PRId64, late);
	now = expect_written(client_save(ben, E_visit, 0, 0, SENT(TEXT_OF(F_visit_kind, "task"),
	    TEXT_OF(F_visit_purpose, "今天的任务"), NUMBER_OF(F_visit_at, at(today(), 12))), NULL))->id;
	deal = expect_written(client_save(ben, E_opportunity, 0, 0, SENT(TEXT_OF(F_opportunity_name, "月底成交"),
	    NUMBER_OF(F_opportunity_customer_id, customer), NUMBER_OF(F_opportunity_expected_on, today())), NULL))->id;
	step = expect_written(client_save(ben, E_plan_step, 0, 0, SENT(NUMBER_OF(F_plan_step_customer_id, customer),
	    TEXT_OF(F_plan_step_step, "送样"), NUMBER_OF(F_plan_step_due_on, today())), NULL))->id;
	contact = expect_written(client_save(ben, E_contact, 0, 0, SENT(TEXT_OF(F_contact_name, "寿星"),
	    NUMBER_OF(F_contact_customer_id, customer), NUMBER_OF(F_contact_birthday, today() + 2 - 36 * 365 - 9)), NULL))->id;
	pg_exec(DB, "UPDATE contact SET birthday = ((now() AT TIME ZONE 'UTC' + interval '8 hours')::date + 2) - interval '36 years' WHERE id = %" PRId64, contact);
	met = make_visit(ben, again, "phone", date_now_us() - HOUR, "约好再谈");
	expect_written(client_act(ben, E_visit, met, "complete", SENT(TEXT_OF(1, "followup"), NUMBER_OF(4, today()))));
	/* nobody met it for 40 days, and its level wants 30 */
	expect_written(client_save(ben, E_customer, level, 1, SENT(TEXT_OF(F_customer_level, "A")), NULL));
	assert_false(today_has(ben, "follow", level));
	pg_exec(DB, "UPDATE customer_due SET met_at = now() - interval '40 days' WHERE id = %" PRId64, level);
	assert_true(today_has(ben, "overdue", late));
	assert_true(today_has(ben, "today", now));
	assert_true(today_has(ben, "closing", deal));
	assert_true(today_has(ben, "plan", step));
	assert_true(today_has(ben, "birthdays", contact));
	assert_true(today_has(ben, "contact", again));
	assert_true(today_has(ben, "follow", level));
	/* how many there are, and the asker's own line */
	assert_true(ask_today(ben)->sections[0]->count >= 1);
	assert_int_equal(ask_today(ben)->me->id, USER_BEN);
	assert_int_equal(ask_today(ben)->leads, 0);
	assert_true(ask_today(cai)->leads >= 2);
	/* the supervisor's day is the supervisor's own */
	assert_false(today_has(cai, "overdue", late));
	assert_false(today_has(cai, "contact", again));
	assert_false(today_has(ada, "follow", level));
	/* done: it goes; planned again: nobody has to be reminded of it */
	expect_written(client_act(ben, E_visit, now, "done", NULL));
	assert_false(today_has(ben, "today", now));
	make_visit(ben, level, "visit", date_now_us() + US_PER_DAY, "去看看");
	assert_false(today_has(ben, "follow", level));
	make_visit(ben, again, "visit", date_now_us() + US_PER_DAY, "去看看");
	assert_false(today_has(ben, "contact", again));
	/* its owner leaves it */
	expect_written(client_act(cai, E_customer, customer, "transfer", SENT(NUMBER_OF(1, USER_ADA))));
	assert_false(today_has(ben, "birthdays", contact));
	assert_true(today_has(ada, "birthdays", contact));
}

static void
reports_to_read_are_their_readers(void **state)
{
	int64_t id = expect_written(client_save(ben, E_work_report, 0, 0, SENT(TEXT_OF(F_work_report_kind, "daily"),
	    NUMBER_OF(F_work_report_day, today())), NULL))->id;

	assert_false(today_has(cai, "reports", id));
	expect_written(client_act(ben, E_work_report, id, "hand_in", NULL));
	assert_true(today_has(cai, "reports", id));
	assert_false(today_has(ben, "reports", id));
	assert_false(today_has(dan, "reports", id));
	expect_written(client_act(cai, E_work_report, id, "read", NULL));
	assert_false(today_has(cai, "reports", id));
}

static void
lead_and_quote_stand_on_their_owners_list(void **state)
{
	int64_t customer = make_customer(ben, "报价公司"), quote, lead = expect_written(client_save(ben, E_lead, 0, 0,
	    SENT(TEXT_OF(F_lead_name, "新来的线索公司"), TEXT_OF(F_lead_person, "丁")), NULL))->id;

	assert_true(today_has(ben, "leads", lead));
	assert_false(today_has(ada, "leads", lead));
	expect_written(client_act(ben, E_lead, lead, "contact", NULL));
	assert_false(today_has(ben, "leads", lead));
	quote = expect_written(client_save(ben, E_quote, 0, 0, SENT(NUMBER_OF(F_quote_customer_id, customer),
	    NUMBER_OF(F_quote_valid_until, today() + 3)), NULL))->id;
	assert_false(today_has(ben, "quotes", quote));
	pg_exec(DB, "UPDATE quote SET state = 'issued' WHERE id = %" PRId64, quote);
	assert_true(today_has(ben, "quotes", quote));
	assert_false(today_has(ada, "quotes", quote));
}

static void
today_is_there_for_every_role(void **state)
{
	struct client *all[] = { ada, cai, dan, eve, guo };

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		(void)ask_today(all[i]);
}

/* ---- reminders --------------------------------------------------------------------------- */

struct heard {
	int notices;
	char text[200];
	uint32_t entity;
	int64_t id, at_us;
};

static void
heard_push(void *context, const Kehu__ServerFrame *frame)
{
	struct heard *heard = context;

	if (frame->answer_case != KEHU__SERVER_FRAME__ANSWER_NOTICE ||
	    strncmp(frame->notice->text, "提醒", strlen("提醒")) != 0)
		return;
	heard->notices++;
	heard->entity = frame->notice->entity;
	heard->id = frame->notice->id;
	heard->at_us = date_now_us();
	snprintf(heard->text, sizeof(heard->text), "%s", frame->notice->text);
}

static bool
heard_one(void *heard)
{
	return ((struct heard *)heard)->notices > 0;
}

static int64_t
make_reminder(struct client *client, const char *text, int64_t due)
{
	return expect_written(client_save(client, E_reminder, 0, 0,
		SENT(TEXT_OF(F_reminder_text, text), NUMBER_OF(F_reminder_due_at, due)), NULL))->id;
}

static void
reminder_reaches_the_open_client_once_and_is_snoozed_and_done(void **state)
{
	struct heard heard = { 0 };
	int64_t customer = make_customer(ada, "提醒公司"), start = date_now_us() + 5 * MINUTE + 2 * US_PER_SECOND, visit, id;
	uint32_t version;

	link_set_events(ada->link, &(struct link_events){ .context = &heard, .push = heard_push });
	visit = expect_written(client_save(ada, E_visit, 0, 0, SENT(NUMBER_OF(F_visit_customer_id, customer),
	    TEXT_OF(F_visit_kind, "visit"), NUMBER_OF(F_visit_at, start), TEXT_OF(F_visit_purpose, "别忘了"),
	    NUMBER_OF(F_visit_remind_min, 5)), NULL))->id;
	id = pg_int(DB, "SELECT id FROM reminder WHERE visit_id = %" PRId64, visit);
	assert_true(client_wait(ada, heard_one, &heard));
	assert_string_equal(heard.text, "提醒: 别忘了");
	assert_int_equal(heard.entity, E_visit);
	assert_int_equal(heard.id, visit);
	assert_true(heard.at_us >= start - 5 * MINUTE);
	print_message("# %" PRId64 " ms after its time\n", (heard.at_us - (start - 5 * MINUTE)) / 1000);
	assert_true(today_has(ada, "reminders", id));
	/* put off, it comes again */
	expect_error(client_act(ada, E_reminder, id, "snooze", SENT(NUMBER_OF(1, 0))), ERR_INVALID, 1);
	heard.notices = 0;
	expect_written(client_act(ada, E_reminder, id, "snooze", SENT(NUMBER_OF(2, date_now_us() + US_PER_SECOND))));
	assert_false(today_has(ada, "reminders", id));
	assert_true(client_wait(ada, heard_one, &heard));
	assert_int_equal(heard.notices, 1);
	expect_written(client_act(ada, E_reminder, id, "done", NULL));
	assert_false(today_has(ada, "reminders", id));
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM message WHERE kind = 'reminder' AND owner_id = %d", USER_ADA), 2);
	/* one that no longer matters is not told */
	version = client_get(ada, E_visit, visit)->get->record->version;
	expect_written(client_save(ada, E_visit, visit, version, SENT(NUMBER_OF(F_visit_remind_min, 4)), NULL));
	assert_string_equal(text_of(ada, E_reminder, id, F_reminder_state), "waiting");
	expect_written(client_act(ada, E_visit, visit, "cancel", SENT(TEXT_OF(1, "不去了"))));
	assert_string_equal(text_of(ada, E_reminder, id, F_reminder_state), "done");
	link_set_events(ada->link, &(struct link_events){ 0 });
}

static void
reminder_of_who_is_away_goes_by_mail_once_with_two_servers(void **state)
{
	int64_t until = date_monotonic_us() + BED_WAIT_MS * INT64_C(1000);
	size_t before = smtp_count(smtp);

	bed_second(bed);
	pg_exec(DB, "UPDATE users SET mail = 'fay@kehu.example', language = 'en' WHERE id = %d", USER_FAY);
	pg_exec(DB, "INSERT INTO reminder (text, due_at, state, owner_id) "
		    "SELECT 'call ' || g, now() + interval '500 ms', 'waiting', %d FROM generate_series(1, 40) g", USER_FAY);
	while (date_monotonic_us() < until && smtp_count(smtp) < before + 40)
		usleep(50000);
	assert_int_equal(smtp_count(smtp), before + 40);
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM message WHERE kind = 'reminder' AND owner_id = %d", USER_FAY), 40);
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM outgoing WHERE address = 'fay@kehu.example'"), 40);
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM reminder WHERE owner_id = %d AND state = 'told' "
				    "AND mailed_at IS NOT NULL AND shown_at IS NULL", USER_FAY), 40);
}

/* A day's load in short: all of them due within two seconds, two servers at work, each told once. */
static void
thousands_at_once_are_each_told_once(void **state)
{
	enum { MANY = 3000 };
	int64_t until = date_monotonic_us() + BED_WAIT_MS * INT64_C(1000);

	pg_exec(DB, "UPDATE users SET mail = NULL WHERE id = %d", USER_FAY);
	pg_exec(DB, "INSERT INTO reminder (text, due_at, state, owner_id) SELECT 'many ' || g, "
		    "now() + g * interval '600 us', 'waiting', %d FROM generate_series(1, %d) g", USER_FAY, MANY);
	while (date_monotonic_us() < until &&
	    pg_int(DB, "SELECT count(*) FROM reminder WHERE text LIKE 'many %%' AND state = 'waiting'") > 0)
		usleep(50000);
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM reminder WHERE text LIKE 'many %%' AND state = 'told'"), MANY);
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM message WHERE kind = 'reminder' AND text LIKE '%%many %%'"), MANY);
	assert_int_equal(pg_int(DB, "SELECT count(DISTINCT text) FROM message WHERE kind = 'reminder' AND text LIKE '%%many %%'"), MANY);
}

/* Today and tomorrow, so that it does not matter when midnight is. */
static void
two_days_are_worked(bool working)
{
	pg_exec(DB, "DELETE FROM holiday WHERE day BETWEEN current_date - 1 AND current_date + 2;"
		    "INSERT INTO holiday (day, name, name_key, working) SELECT current_date + n, 'day ' || n, 'day ' || n, %s "
		    "FROM generate_series(-1, 2) n", working ? "true" : "false");
}

static int64_t
remind_by_itself(const char *text)
{
	return pg_int(DB, "INSERT INTO reminder (text, due_at, state, automatic, owner_id, branch_id) "
			  "VALUES ('%s', now(), 'waiting', true, %d, %d) RETURNING id", text, USER_ADA, BRANCH_EAST);
}

static void
reminder_of_a_holiday_is_told_on_a_working_day(void **state)
{
	int64_t until = date_monotonic_us() + BED_WAIT_MS * INT64_C(1000), automatic, own;

	two_days_are_worked(false);
	automatic = remind_by_itself("合同到期");
	own = make_reminder(ada, "自己定的", date_now_us() + US_PER_SECOND / 2);
	while (date_monotonic_us() < until &&
	    pg_int(DB, "SELECT count(*) FROM reminder WHERE id = %" PRId64 " AND state = 'told'", own) == 0)
		usleep(50000);
	/* the own one at its time; the other, due before, is due when work goes on, at the same hour */
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM reminder WHERE id = %" PRId64 " AND state = 'told'", own), 1);
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM reminder WHERE id = %" PRId64 " AND state = 'waiting' AND told_at IS NULL "
				    "AND due_at > now() + interval '20 hours' AND (due_at - created_at) < interval '30 days'", automatic), 1);
	two_days_are_worked(true);
	automatic = remind_by_itself("档案到期");
	while (date_monotonic_us() < until &&
	    pg_int(DB, "SELECT count(*) FROM reminder WHERE id = %" PRId64 " AND state = 'told'", automatic) == 0)
		usleep(50000);
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM reminder WHERE id = %" PRId64 " AND state = 'told'", automatic), 1);
	pg_exec(DB, "DELETE FROM holiday WHERE name LIKE 'day %%'");
}

static void
reminder_of_who_is_here_is_not_mailed(void **state)
{
	int64_t id = make_reminder(ben, "在线提醒", date_now_us() + US_PER_SECOND), until = date_monotonic_us() + BED_WAIT_MS * INT64_C(1000);

	expect_error(client_save(ben, E_reminder, 0, 0, SENT(TEXT_OF(F_reminder_text, "过去"),
	    NUMBER_OF(F_reminder_due_at, date_now_us() - US_PER_DAY)), NULL), ERR_INVALID, F_reminder_due_at);
	while (date_monotonic_us() < until &&
	    pg_int(DB, "SELECT count(shown_at) FROM reminder WHERE id = %" PRId64, id) == 0)
		usleep(50000);
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM reminder WHERE id = %" PRId64 " AND shown_at IS NOT NULL AND mailed_at IS NULL", id), 1);
	expect_error(client_get(ada, E_reminder, id), ERR_NO_SUCH_RECORD, 0);
	expect_error(client_get(cai, E_reminder, id), ERR_NO_SUCH_RECORD, 0);
}

/* ---- given out to calendar programs ------------------------------------------------------- */

static const char *
run_kehu(const char *user, const char *const *arguments)
{
	const char *text;
	int status = bed_run_as(bed, "kehu", user, arguments, &text);

	if (status != 0)
		fail_msg("kehu: %d %s", status, text);
	return text;
}

/* What calcurse, a real reader, has after taking the file in: "start end summary note", a line each. */
static const char *
calcurse_reads(const char *file)
{
	static char text[8192];
	const char *folder = arena_printf(bed->arena, "%s/calcurse", bed->dir);
	size_t bytes;
	FILE *pipe;

	pipe = popen(arena_printf(bed->arena,
	    "rm -rf %s; mkdir %s; export TZ=CST-8 LC_ALL=C.UTF-8; calcurse -q -D %s -i %s && "
	    "calcurse -q -D %s -Q --from today --days 30 "
	    "--format-apt '%%(start:%%Y-%%m-%%d %%H:%%M) %%(end:%%H:%%M) %%m|%%N\n' "
	    "--format-event '%%m|%%N\n' 2>&1", folder, folder, folder, file, folder), "r");
	assert_non_null(pipe);
	bytes = fread(text, 1, sizeof(text) - 1, pipe);
	text[bytes] = '\0';
	pclose(pipe);
	return text;
}

static void
calendar_is_read_by_a_real_reader(void **state)
{
	const char *file = arena_printf(bed->arena, "%s/day.ics", bed->dir), *text, *raw;
	int64_t customer = make_customer(ben, "日历公司"), start = at(today() + 20, 14), id, gone, none;
	/* 40 Han characters take 120 bytes: folded; what iCalendar gives a meaning is escaped */
	const char *purpose = "商务谈判，第二轮；价格, 交期; 反斜杠\\和很长很长的一段说明文字直到超过一行七十五个字节";

	id = expect_written(client_save(ben, E_visit, 0, 0, SENT(NUMBER_OF(F_visit_customer_id, customer),
	    TEXT_OF(F_visit_kind, "meeting"), NUMBER_OF(F_visit_at, start), NUMBER_OF(F_visit_minutes, 90),
	    TEXT_OF(F_visit_purpose, purpose), TEXT_OF(F_visit_summary, "第一行\n第二行"),
	    TEXT_OF(F_visit_place, "上海, 世纪大道 88 号")), NULL))->id;
	gone = make_visit(ben, customer, "visit", start + US_PER_DAY, "不去的拜访");
	expect_written(client_act(ben, E_visit, gone, "cancel", SENT(TEXT_OF(1, "改期"))));
	none = make_visit(ada, make_customer(ada, "别人的公司"), "visit", start, "别人的事");
	run_kehu("ben", (const char *const[]){ "calendar", "--format", "ics", "-o", file, NULL });
	raw = run_kehu("ben", (const char *const[]){ "calendar", "--format", "ics", NULL });
	text = calcurse_reads(file);
	/* eight hours east of UTC, ninety minutes, every sign of it */
	if (strstr(text, arena_printf(bed->arena, "%s 14:00 15:30", date_format(bed->arena, today() + 20))) == NULL ||
	    strstr(text, purpose) == NULL || strstr(text, "第二行") == NULL)
		fail_msg("calcurse has: %s", text);
	assert_null(strstr(text, "别人的事"));
	assert_non_null(strstr(raw, arena_printf(bed->arena, "UID:visit-%" PRId64 "@", id)));
	assert_null(strstr(raw, arena_printf(bed->arena, "UID:visit-%" PRId64 "@", none)));
	/* what was called off is said to be, and a change has a higher sequence */
	assert_non_null(strstr(raw, "STATUS:CANCELLED"));
	assert_non_null(strstr(raw, "SEQUENCE:1"));
	expect_written(client_act(ben, E_visit, id, "postpone", SENT(NUMBER_OF(1, start + HOUR))));
	raw = run_kehu("ben", (const char *const[]){ "calendar", "--format", "ics", NULL });
	assert_non_null(strstr(strstr(raw, arena_printf(bed->arena, "UID:visit-%" PRId64 "@", id)), "SEQUENCE:2"));
	/* no line is longer than 75 bytes */
	for (const char *line = raw; *line != '\0'; line = strchr(line, '\n') + 1)
		assert_true(strcspn(line, "\r\n") <= 75);
	/* as rows, for a colleague only who may see them */
	text = run_kehu("cai", (const char *const[]){ "calendar", "ben", "--to", "+40d", "--format", "tsv", NULL });
	assert_non_null(strstr(text, "商务谈判"));
	assert_null(strstr(text, "不去的拜访"));
	text = run_kehu("dan", (const char *const[]){ "calendar", "ben", "--to", "+40d", "--format", "tsv", NULL });
	assert_null(strstr(text, "商务谈判"));
	text = run_kehu("ben", (const char *const[]){ "today", "--format", "tsv", NULL });
	assert_non_null(strstr(text, "overdue"));
}

/* ---- rights ------------------------------------------------------------------------------ */

static void
roles_may_what_they_are_granted(void **state)
{
	const struct sent *rule = SENT(TEXT_OF(F_follow_up_rule_name, "C 级"), TEXT_OF(F_follow_up_rule_level, "C"),
	    NUMBER_OF(F_follow_up_rule_days, 90));
	int64_t plan = make_plan(today() + 3, "week", 1, "", 1, "keep");

	expect_error(client_save(ada, E_follow_up_rule, 0, 0, rule, NULL), ERR_FORBIDDEN, 0);
	expect_written(client_save(cai, E_follow_up_rule, 0, 0, rule, NULL));
	expect_error(client_save(cai, E_follow_up_rule, 0, 0, SENT(TEXT_OF(F_follow_up_rule_name, "零"),
	    TEXT_OF(F_follow_up_rule_level, "D"), NUMBER_OF(F_follow_up_rule_days, 0)), NULL), ERR_INVALID, F_follow_up_rule_days);
	expect_error(client_save(ada, E_holiday, 0, 0, SENT(TEXT_OF(F_holiday_name, "x"), NUMBER_OF(F_holiday_day, today())), NULL),
	    ERR_FORBIDDEN, 0);
	expect_error(client_get(dan, E_visit_plan, plan), ERR_NO_SUCH_RECORD, 0);
	assert_int_equal(client_get(cai, E_visit_plan, plan)->answer_case, KEHU__SERVER_FRAME__ANSWER_GET);
	expect_error(client_act(eve, E_visit_plan, plan, "end", SENT(TEXT_OF(1, "x"))), ERR_FORBIDDEN, 0);
	expect_written(client_act(ada, E_visit_plan, plan, "end", SENT(TEXT_OF(1, "不再需要"))));
	assert_string_equal(plan_days(plan), "");
}

static void
working_calendar_knows_its_hours_and_its_zone(void **state)
{
	struct sent name = TEXT_OF(F_work_calendar_name, "东部"), hours = TEXT_OF(F_work_calendar_hours, "1-5 09:00-18:00");
	int64_t id;

	expect_error(client_save(ada, E_work_calendar, 0, 0, SENT(name), NULL), ERR_FORBIDDEN, 0);
	expect_error(client_save(guo, E_work_calendar, 0, 0, SENT(name, TEXT_OF(F_work_calendar_hours, "1-5 18:00-09:00")), NULL),
	    ERR_INVALID, F_work_calendar_hours);
	expect_error(client_save(guo, E_work_calendar, 0, 0, SENT(name, hours, TEXT_OF(F_work_calendar_zone, "Asia/Nowhere")), NULL),
	    ERR_INVALID, F_work_calendar_zone);
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM work_calendar"), 0);
	id = expect_written(client_save(guo, E_work_calendar, 0, 0,
	    SENT(name, hours, TEXT_OF(F_work_calendar_zone, "Europe/Berlin"), NUMBER_OF(F_work_calendar_branch_id, BRANCH_EAST)), NULL))->id;
	expect_error(client_save(guo, E_work_calendar, 0, 0, SENT(name, hours), NULL), ERR_DUPLICATE, F_work_calendar_name);
	assert_int_equal(client_get(ada, E_work_calendar, id)->answer_case, KEHU__SERVER_FRAME__ANSWER_GET);
	expect_written(client_save(guo, E_work_calendar, id, 1, SENT(TEXT_OF(F_work_calendar_hours, "1-6 09:00-12:00")), NULL));
}

static int
set_up(void **state)
{
	const char *plain;

	bed = bed_new(DB);
	smtp = smtp_new(arena_printf(bed->arena, "%s/server.crt", bed->dir), arena_printf(bed->arena, "%s/server.key", bed->dir), 1);
	plain = bed->settings;
	bed_kill(bed, SIGTERM);
	bed->settings = arena_printf(bed->arena,
	    "%sremind: { working = 1; };\nmail: { server = \"127.0.0.1:%d\"; ca = \"%s\"; from = \"Kehu <crm@kehu.example>\"; timeout = 3; tries = 3; };\n",
	    plain, smtp_port(smtp), bed_ca(bed));
	bed_start(bed);
	ada = client_new(bed, "ada", LANG_ZH);
	ben = client_new(bed, "ben", LANG_ZH);
	cai = client_new(bed, "cai", LANG_ZH);
	dan = client_new(bed, "dan", LANG_ZH);
	eve = client_new(bed, "eve", LANG_EN);
	guo = client_new(bed, "guo", LANG_ZH);
	return 0;
}

static int
tear_down(void **state)
{
	client_free(ada);
	client_free(ben);
	client_free(cai);
	client_free(dan);
	client_free(eve);
	client_free(guo);
	bed_free(bed);
	smtp_free(smtp);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(task_and_meeting_need_no_customer_and_a_visit_does),
		cmocka_unit_test(end_and_minutes_agree_and_no_end_lies_before_the_start),
		cmocka_unit_test(two_at_one_time_are_said_and_saved),
		cmocka_unit_test(activity_is_about_several_customers_and_opportunities),
		cmocka_unit_test(checking_in_takes_the_code_shown_there),
		cmocka_unit_test(code_is_not_guessed),
		cmocka_unit_test(plan_makes_its_activities_once_and_skips_holidays),
		cmocka_unit_test(months_end_on_their_last_day_and_count_weekdays),
		cmocka_unit_test(one_is_changed_alone_or_with_all_that_follow),
		cmocka_unit_test(today_holds_what_is_due_of_ones_own),
		cmocka_unit_test(reports_to_read_are_their_readers),
		cmocka_unit_test(lead_and_quote_stand_on_their_owners_list),
		cmocka_unit_test(today_is_there_for_every_role),
		cmocka_unit_test(reminder_reaches_the_open_client_once_and_is_snoozed_and_done),
		cmocka_unit_test(reminder_of_who_is_away_goes_by_mail_once_with_two_servers),
		cmocka_unit_test(thousands_at_once_are_each_told_once),
		cmocka_unit_test(reminder_of_a_holiday_is_told_on_a_working_day),
		cmocka_unit_test(reminder_of_who_is_here_is_not_mailed),
		cmocka_unit_test(calendar_is_read_by_a_real_reader),
		cmocka_unit_test(roles_may_what_they_are_granted),
		cmocka_unit_test(working_calendar_knows_its_hours_and_its_zone),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
