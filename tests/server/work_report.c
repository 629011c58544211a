/*
 * Work reports and targets against a real kehud: filled from what was done, handed in and
 * frozen, read and commented; targets set by who leads, and how far they are reached.
 */
#include "common/date.h"
#include "server/entity/fields.h"
#include "tests/lib/bed.h"
#include "tests/lib/company.h"
#include "tests/lib/pg.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
// clang-format off
#include <cmocka.h>
// clang-format on

#define DB "work_report"

static struct bed *bed;
static struct client *ada, *ben, *cai, *dan, *eve, *guo;

static int64_t
today(void)
{
	return date_of_us(date_now_us(), 480);
}

static int64_t
make_customer(struct client *client, const char *name)
{
	return expect_written(
	    client_save(client, E_customer, 0, 0, SENT(TEXT_OF(F_customer_name, name)), NULL))
	    ->id;
}

static int64_t
make_visit(struct client *client, int64_t customer, const char *purpose, int64_t at_us)
{
	return expect_written(
	    client_save(client, E_visit, 0, 0,
		SENT(NUMBER_OF(F_visit_customer_id, customer), NUMBER_OF(F_visit_at, at_us),
		    TEXT_OF(F_visit_purpose, purpose)),
		NULL))
	    ->id;
}

static int64_t
make_report(struct client *client, const char *kind, int64_t day)
{
	return expect_written(
	    client_save(client, E_work_report, 0, 0,
		SENT(TEXT_OF(F_work_report_kind, kind), NUMBER_OF(F_work_report_day, day)),
		NULL))
	    ->id;
}

/* ---- reports ----------------------------------------------------------------------------- */

static void
new_report_is_filled_from_what_was_done_and_is_planned(void **state)
{
	int64_t now = date_now_us(), customer = make_customer(ada, "日报公司");
	int64_t visit = make_visit(ada, customer, "谈年度框架", now - US_PER_SECOND);
	int64_t report;
	const char *done, *plan;

	expect_written(
	    client_act(ada, E_visit, visit, "complete", SENT(TEXT_OF(1, "followup"))));
	make_visit(ada, customer, "送样品", now + US_PER_DAY);
	make_visit(ben, make_customer(ben, "别人的公司"), "别人的拜访", now - US_PER_SECOND);
	expect_written(client_save(ada, E_visit, 0, 0,
	    SENT(TEXT_OF(F_visit_kind, "meeting"), NUMBER_OF(F_visit_at, now),
		TEXT_OF(F_visit_purpose, "内部例会")),
	    NULL));
	report = make_report(ada, "daily", today());
	done = text_of(ada, E_work_report, report, F_work_report_done);
	assert_non_null(strstr(done, "上门拜访 日报公司：谈年度框架"));
	assert_non_null(strstr(done, "新增客户 日报公司"));
	assert_non_null(strstr(done, "会议：内部例会")); /* without a customer */
	assert_null(strstr(done, "送样品"));
	assert_null(strstr(done, "别人"));
	plan = text_of(ada, E_work_report, report, F_work_report_plan);
	assert_non_null(strstr(plan, "送样品"));
	assert_null(strstr(plan, "谈年度框架"));
	assert_string_equal(text_of(ada, E_work_report, report, F_work_report_state), "draft");
	/* what was typed stays */
	report = expect_written(client_save(ada, E_work_report, 0, 0,
				    SENT(TEXT_OF(F_work_report_kind, "weekly"),
					TEXT_OF(F_work_report_done, "写好的")),
				    NULL))
		     ->id;
	assert_string_equal(text_of(ada, E_work_report, report, F_work_report_done), "写好的");
	assert_int_equal(value_of(record_of(ada, E_work_report, report), F_work_report_day)->number,
	    today() - date_weekday(today()) + 1);
	/* until it is asked to be filled again */
	expect_written(client_act(ada, E_work_report, report, "refill", NULL));
	assert_non_null(strstr(text_of(ada, E_work_report, report, F_work_report_done), "谈年度框架"));
}

static void
one_report_for_a_person_and_a_period(void **state)
{
	int64_t day = today() - 20;

	make_report(ada, "daily", day);
	expect_error(client_save(ada, E_work_report, 0, 0,
			 SENT(NUMBER_OF(F_work_report_day, day)), NULL),
	    ERR_DUPLICATE, 0);
	make_report(ada, "weekly", day);
	expect_error(client_save(ada, E_work_report, 0, 0,
			 SENT(TEXT_OF(F_work_report_kind, "weekly"),
			     NUMBER_OF(F_work_report_day, day - date_weekday(day) + 7)),
			 NULL),
	    ERR_DUPLICATE, 0);
	make_report(ben, "daily", day);
	expect_error(client_save(ada, E_work_report, 0, 0,
			 SENT(NUMBER_OF(F_work_report_day, today() + 1)), NULL),
	    ERR_INVALID, F_work_report_day);
	expect_error(client_save(ada, E_work_report, 0, 0,
			 SENT(TEXT_OF(F_work_report_kind, "yearly")), NULL),
	    ERR_NOT_IN_LIST, F_work_report_kind);
}

static void
handed_in_it_is_frozen_until_taken_back(void **state)
{
	int64_t report = make_report(ada, "daily", today() - 3);
	uint32_t version;

	/* nothing was done then, and nothing is handed in */
	expect_error(client_act(ada, E_work_report, report, "hand_in", NULL), ERR_REQUIRED,
	    F_work_report_done);
	version = record_of(ada, E_work_report, report)->version;
	expect_written(client_save(ada, E_work_report, report, version,
	    SENT(TEXT_OF(F_work_report_done, "整理资料")), NULL));
	expect_error(client_act(cai, E_work_report, report, "hand_in", NULL), ERR_FORBIDDEN, 0);
	expect_error(client_act(cai, E_work_report, report, "read", NULL), ERR_WRONG_STATE, 0);
	expect_written(client_act(ada, E_work_report, report, "hand_in", NULL));
	version = record_of(ada, E_work_report, report)->version;
	expect_error(client_save(ada, E_work_report, report, version,
			 SENT(TEXT_OF(F_work_report_done, "改了")), NULL),
	    ERR_WRONG_STATE, 0);
	assert_int_equal(
	    value_of(record_of(ada, E_work_report, report), F_work_report_late)->number, 1);
	assert_int_equal(list_count(cai, E_work_report, "late:yes owner:Ada"), 1);
	expect_written(client_act(ada, E_work_report, report, "take_back", NULL));
	version = record_of(ada, E_work_report, report)->version;
	expect_written(client_save(ada, E_work_report, report, version,
	    SENT(TEXT_OF(F_work_report_done, "改了")), NULL));
	expect_written(client_act(ada, E_work_report, report, "hand_in", NULL));
	expect_error(client_act(ada, E_work_report, report, "read", NULL), ERR_FORBIDDEN, 0);
	expect_written(client_act(cai, E_work_report, report, "read", NULL));
	expect_error(
	    client_act(ada, E_work_report, report, "take_back", NULL), ERR_WRONG_STATE, 0);
	assert_int_equal(
	    value_of(record_of(ada, E_work_report, report), F_work_report_reader_id)->number,
	    USER_CAI);
}

static void
comments_reach_the_author_and_the_superior_hears_of_it(void **state)
{
	int64_t report = make_report(ada, "daily", today() - 4);
	uint32_t version = record_of(ada, E_work_report, report)->version;

	pg_exec(DB, "UPDATE users SET superior_id = %d WHERE id = %d", USER_CAI, USER_ADA);
	expect_written(client_save(ada, E_work_report, report, version,
	    SENT(TEXT_OF(F_work_report_done, "回访三家")), NULL));
	expect_written(client_act(ada, E_work_report, report, "hand_in", NULL));
	assert_int_equal(
	    pg_int(DB, "SELECT count(*) FROM message WHERE owner_id = %d AND anchor_id = %ld",
		USER_CAI, (long)report),
	    1);
	expect_written(client_act(
	    cai, E_work_report, report, "comment", SENT(TEXT_OF(1, "明天先去华信"))));
	expect_written(
	    client_act(cai, E_work_report, report, "read", SENT(TEXT_OF(1, "很好"))));
	assert_int_equal(list_count(ada, E_message, "-has:read_at kind:comment"), 2);
	assert_int_equal(
	    pg_int(DB, "SELECT count(*) FROM message WHERE owner_id = %d AND anchor_id = %ld",
		USER_ADA, (long)report),
	    2);
	assert_int_equal(
	    pg_int(DB, "SELECT count(*) FROM comment WHERE anchor_id = %ld", (long)report), 2);
	/* sent back, it may be changed again, and the author knows why */
	expect_error(
	    client_act(cai, E_work_report, report, "send_back", NULL), ERR_REQUIRED, 1);
	expect_written(
	    client_act(cai, E_work_report, report, "send_back", SENT(TEXT_OF(1, "写上报价"))));
	assert_string_equal(text_of(ada, E_work_report, report, F_work_report_state), "draft");
	assert_int_equal(
	    value_of(record_of(ada, E_work_report, report), F_work_report_read_at) != NULL &&
		value_of(record_of(ada, E_work_report, report), F_work_report_read_at)->has_number,
	    0);
	pg_exec(DB, "UPDATE users SET superior_id = NULL WHERE id = %d", USER_ADA);
}

static void
comment_on_a_visit_reaches_its_visitor(void **state)
{
	int64_t visit = make_visit(
	    ada, make_customer(ada, "评论公司"), "报价", date_now_us() - US_PER_SECOND);

	expect_written(
	    client_act(cai, E_visit, visit, "comment", SENT(TEXT_OF(1, "价格别再降"))));
	assert_int_equal(
	    pg_int(DB,
		"SELECT count(*) FROM message WHERE owner_id = %d AND anchor_id = %ld"
		" AND text LIKE '%%价格别再降%%'",
		USER_ADA, (long)visit),
	    1);
}

static void
report_is_seen_by_its_author_and_who_leads(void **state)
{
	int64_t report = make_report(ada, "daily", today() - 5);

	expect_error(client_get(ben, E_work_report, report), ERR_NO_SUCH_RECORD, 0);
	expect_error(client_get(dan, E_work_report, report), ERR_NO_SUCH_RECORD, 0);
	expect_error(client_get(guo, E_work_report, report), ERR_NO_SUCH_RECORD, 0);
	assert_string_equal(text_of(cai, E_work_report, report, F_work_report_state), "draft");
	assert_string_equal(text_of(eve, E_work_report, report, F_work_report_state), "draft");
	/* nobody writes it for another */
	expect_error(
	    client_save(cai, E_work_report, report, record_of(cai, E_work_report, report)->version,
		SENT(TEXT_OF(F_work_report_problems, "x")), NULL),
	    ERR_FORBIDDEN, 0);
	expect_error(client_save(cai, E_work_report, 0, 0,
			 SENT(NUMBER_OF(F_work_report_owner_id, USER_ADA)), NULL),
	    ERR_FORBIDDEN, F_work_report_owner_id);
}

/* ---- targets ----------------------------------------------------------------------------- */

static const Kehu__ServerFrame *
set_target(struct client *client, const char *level, uint32_t field, int64_t subject,
    const char *measure, int64_t goal)
{
	bool money = strcmp(measure, "orders") == 0 || strcmp(measure, "receipts") == 0;
	const struct sent amount = {
		.field = F_target_amount, .text = "CNY", .number = goal, .has_number = true
	};
	const struct sent number = NUMBER_OF(F_target_number, goal);
	const struct sent none = { 0 };
	const struct sent values[] = { TEXT_OF(F_target_level, level),
		TEXT_OF(F_target_measure, measure), money ? amount : number,
		field != 0 ? (struct sent)NUMBER_OF(field, subject) : none, none };

	return client_save(client, E_target, 0, 0, values, NULL);
}

static void
targets_are_set_by_who_leads(void **state)
{
	const Kehu__Record *target;
	int64_t id;

	expect_error(set_target(ada, "person", F_target_person_id, USER_ADA, "visits", 40),
	    ERR_FORBIDDEN, 0);
	id = expect_written(
	    set_target(cai, "person", F_target_person_id, USER_ADA, "visits", 40))
		 ->id;
	target = record_of(ada, E_target, id);
	assert_int_equal(value_of(target, F_target_owner_id)->number, USER_ADA);
	assert_int_equal(value_of(target, F_target_department_id)->number, DEPT_KEY);
	expect_error(client_get(ben, E_target, id), ERR_NO_SUCH_RECORD, 0);
	expect_error(set_target(cai, "person", F_target_person_id, USER_ADA, "visits", 50),
	    ERR_DUPLICATE, 0);
	expect_error(set_target(cai, "person", F_target_person_id, USER_DAN, "visits", 50),
	    ERR_FORBIDDEN, F_target_level);
	expect_error(
	    set_target(cai, "department", F_target_of_department_id, DEPT_WEST, "visits", 50),
	    ERR_FORBIDDEN, F_target_level);
	expect_error(
	    set_target(cai, "company", 0, 0, "visits", 50), ERR_FORBIDDEN, F_target_level);
	expect_error(
	    set_target(cai, "person", 0, 0, "visits", 50), ERR_REQUIRED, F_target_person_id);
	expect_error(set_target(cai, "person", F_target_person_id, USER_BEN, "visits", 0),
	    ERR_INVALID, F_target_number);
	expect_error(set_target(cai, "person", F_target_person_id, USER_BEN, "orders", -1),
	    ERR_INVALID, F_target_amount);
	expect_written(
	    set_target(cai, "department", F_target_of_department_id, DEPT_KEY, "visits", 80));
	expect_written(
	    set_target(eve, "branch", F_target_of_branch_id, BRANCH_EAST, "customers", 10));
	expect_written(set_target(eve, "company", 0, 0, "orders", 100000000));
	assert_int_equal(list_count(ada, E_target, ""), 1);
	assert_int_equal(list_count(cai, E_target, ""), 2);
	assert_int_equal(list_count(eve, E_target, ""), 4);
	expect_error(client_list(guo, E_target, ""), ERR_NO_SUCH_ENTITY, 0);
}

/* ---- the team ---------------------------------------------------------------------------- */

static const Kehu__TeamAnswer *
team(struct client *client, bool me)
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__Team request = KEHU__TEAM__INIT;
	const Kehu__ServerFrame *answer;

	request.has_me = request.me = me;
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_TEAM;
	frame.team = &request;
	answer = client_call(client, &frame);
	if (answer->answer_case != KEHU__SERVER_FRAME__ANSWER_TEAM)
		fail_msg("team refused: %u %s", answer->error->code, answer->error->text);
	return answer->team;
}

static const Kehu__TeamMember *
team_member(const Kehu__TeamAnswer *answer, int64_t user)
{
	for (size_t i = 0; i < answer->n_members; i++)
		if (answer->members[i]->id == user)
			return answer->members[i];
	fail_msg("user %d is not of the team", (int)user);
	abort();
}

static bool
team_has(const Kehu__TeamAnswer *answer, int64_t user)
{
	for (size_t i = 0; i < answer->n_members; i++)
		if (answer->members[i]->id == user)
			return true;
	return false;
}

static void
team_tells_what_everybody_did_and_how_far_targets_are(void **state)
{
	const Kehu__TeamMember *before = team_member(team(ada, true), USER_ADA), *member;
	int64_t customer = make_customer(ada, "团队公司"), now = date_now_us();
	int64_t visits = before->visits, calls = before->calls, customers = before->customers;
	int64_t overdue = before->overdue;

	make_visit(ada, customer, "团队拜访", now);
	expect_written(client_save(ada, E_visit, 0, 0,
	    SENT(NUMBER_OF(F_visit_customer_id, customer), NUMBER_OF(F_visit_at, now),
		TEXT_OF(F_visit_kind, "phone"), TEXT_OF(F_visit_purpose, "回电")),
	    NULL));
	/* a task that was done is none of the visits */
	expect_written(client_save(ada, E_visit, 0, 0,
	    SENT(TEXT_OF(F_visit_kind, "task"), NUMBER_OF(F_visit_at, now),
		TEXT_OF(F_visit_purpose, "整理合同"), TEXT_OF(F_visit_outcome, "solved")),
	    NULL));
	make_visit(ada, customer, "昨天没做完", now - US_PER_DAY);
	member = team_member(team(cai, false), USER_ADA);
	assert_int_equal(member->visits, visits + 1);
	assert_int_equal(member->calls, calls + 1);
	assert_int_equal(member->customers, customers + 1);
	assert_int_equal(member->overdue, overdue + 1);
	assert_string_equal(member->report, "draft");
	assert_int_equal(member->n_goals, 1);
	assert_string_equal(member->goals[0]->measure, "visits");
	assert_int_equal(member->goals[0]->goal, 40);
	assert_int_equal(member->goals[0]->done,
	    pg_int(DB,
		"SELECT count(*) FROM visit WHERE owner_id = %d AND state IN ('started', "
		"'completed')"
		" AND kind <> 'task' AND deleted_at IS NULL AND at >= date_trunc('month', "
		"now() AT TIME ZONE "
		"'Asia/Shanghai') AT TIME ZONE 'Asia/Shanghai'",
		USER_ADA));
	/* who leads nobody has nobody, and only those one leads are there */
	assert_int_equal(team(ada, false)->n_members, 0);
	assert_false(team_has(team(cai, false), USER_DAN));
	assert_false(team_has(team(cai, false), USER_CAI));
	assert_false(team_has(team(cai, false), USER_FAY)); /* disabled */
	assert_true(team_has(team(eve, false), USER_DAN));
	assert_int_equal(team(guo, false)->n_members, 0);
}

static void
team_and_reports_by_the_command_line(void **state)
{
	const char *text;

	text = bed_shell(bed, "cai", NULL, "$KEHU team --format tsv");
	assert_non_null(strstr(text, "Ada\t"));
	assert_null(strstr(text, "Dan\t"));
	/* her goal of 40, and the department's of 80 with what is set for its people beside it */
	text = bed_shell(bed, "cai", NULL, "$KEHU report targets --format csv");
	if (strstr(text, "Ada") == NULL || strstr(text, "40") == NULL || strstr(text, "80") == NULL ||
	    strstr(text, "----------") == NULL)
		fail_msg("%s", text);
	assert_null(strstr(text, "Dan"));
}

/* A month for everybody at once, as a file. */
static void
targets_of_a_month_come_as_a_file(void **state)
{
	const char *path = arena_printf(bed->arena, "%s/targets.csv", bed->dir);
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fputs("month,level,person_id,measure,number\n2027-01-15,person,ada,visits,30\n2027-01-15,person,ben,visits,35\n",
	    file);
	fclose(file);
	bed_shell(bed, "cai", NULL, "$KEHU import target %s 2>&1", path);
	assert_int_equal(list_count(cai, E_target, "month:2027-01-01"), 2);
	assert_int_equal(list_count(ben, E_target, "month:2027-01-01"), 1);
}

static const Kehu__ServerFrame *
ask_grid(struct client *client, const char *measure, uint32_t months)
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__Targets request = KEHU__TARGETS__INIT;

	request.measure = (char *)(uintptr_t)measure;
	request.has_months = true;
	request.months = months;
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_TARGETS;
	frame.targets = &request;
	return client_call(client, &frame);
}

static void
targets_stand_in_a_grid_of_people_by_months(void **state)
{
	const Kehu__TargetsAnswer *answer = ask_grid(cai, "visits", 12)->targets;

	assert_int_equal(answer->n_months, 12);
	for (size_t i = 0; i < answer->n_rows; i++) {
		const Kehu__TargetsRow *row = answer->rows[i];

		assert_int_equal(row->may_set, row->person != USER_CAI);
		assert_true(row->person != USER_DAN && row->person != USER_FAY);
		assert_int_equal(row->cells[0]->goal, row->person == USER_ADA ? 40 : 0);
		if (row->person == USER_ADA)
			assert_int_equal(row->cells[0]->done,
			    team_member(team(cai, false), USER_ADA)->goals[0]->done);
	}
	answer = ask_grid(ada, "visits", 1)->targets;
	assert_int_equal(answer->n_rows, 1);
	assert_false(answer->rows[0]->may_set);
	assert_true(ask_grid(eve, "receipts", 1)->targets->money);
	expect_error(ask_grid(cai, "visits", 13), ERR_INVALID, F_target_month);
	expect_error(ask_grid(cai, "visits", 0), ERR_INVALID, F_target_month);
	expect_error(ask_grid(cai, "bogus", 3), ERR_NOT_IN_LIST, F_target_measure);
	expect_error(ask_grid(guo, "visits", 3), ERR_NO_SUCH_ENTITY, 0);
}

static void
targets_are_set_from_a_shell_all_or_none(void **state)
{
	int status;
	const char *set = "$KEHU targets visits --from 2027-02 --to 2027-04 --format tsv";
	const char *text = bed_shell(bed, "cai", NULL, "%s Ada=11,,13 Ben=5", set);

	if (strstr(text, "Ada\t11\t0\t\t0\t13\t0") == NULL || strstr(text, "Ben\t5\t0") == NULL)
		fail_msg("%s", text);
	/* who is not led is not there; oneself may not; then nothing of the rest is kept */
	text = bed_shell(bed, "cai", &status, "%s Ada=7 Dan=8 2>&1", set);
	assert_non_null(strstr(text, "E2007"));
	text = bed_shell(bed, "cai", &status, "%s Ada=7 蔡=8 2>&1", set);
	assert_non_null(strstr(text, "E3001"));
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM target WHERE number = 7"), 0);
	text = bed_shell(bed, "ada", &status, "%s Ada=99 2>&1", set);
	assert_non_null(strstr(text, "E3001"));
	text = bed_shell(bed, "cai", &status, "%s Ada=1,2,3,4 2>&1", set);
	assert_non_null(strstr(text, "--to"));
	text = bed_shell(bed, "cai", NULL, "%s Ada=-,12", set);
	if (strstr(text, "Ada\t\t0\t12\t0\t13\t0") == NULL)
		fail_msg("%s", text);
	text = bed_shell(bed, "cai", NULL,
	    "$KEHU --language zh targets 订单金额 --from 2027-02-14 --to 2027-02 --format tsv Ada=1200.50");
	if (strstr(text, "Ada\t1200.50\t0.00") == NULL)
		fail_msg("%s", text);
}

static int
set_up(void **state)
{
	bed = bed_new(DB);
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
	struct client *const all[] = { ada, ben, cai, dan, eve, guo };

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		client_free(all[i]);
	bed_free(bed);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(new_report_is_filled_from_what_was_done_and_is_planned),
		cmocka_unit_test(one_report_for_a_person_and_a_period),
		cmocka_unit_test(handed_in_it_is_frozen_until_taken_back),
		cmocka_unit_test(comments_reach_the_author_and_the_superior_hears_of_it),
		cmocka_unit_test(comment_on_a_visit_reaches_its_visitor),
		cmocka_unit_test(report_is_seen_by_its_author_and_who_leads),
		cmocka_unit_test(targets_are_set_by_who_leads),
		cmocka_unit_test(team_tells_what_everybody_did_and_how_far_targets_are),
		cmocka_unit_test(team_and_reports_by_the_command_line),
		cmocka_unit_test(targets_of_a_month_come_as_a_file),
		cmocka_unit_test(targets_stand_in_a_grid_of_people_by_months),
		cmocka_unit_test(targets_are_set_from_a_shell_all_or_none),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
