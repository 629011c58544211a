/*
 * The Report request against a real kehud and PostgreSQL: what the two reports say, to whom,
 * and how wrong parameters are answered.
 */
#include "common/date.h"
#include "common/text.h"
#include "server/entity/fields.h"
#include "tests/lib/bed.h"
#include "tests/lib/company.h"
#include "tests/lib/pg.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
// clang-format off
#include <cmocka.h>
// clang-format on

#define DB "report"

static struct bed *bed;
static struct client *ada, *ben, *cai, *dan, *eve, *guo;
static int64_t ada_customer, ada_visit, ben_visit;

/* ---- asking ------------------------------------------------------------------------------ */

struct asked {
	struct buf data;
	size_t frames;
	Kehu__ServerFrame *last;
	struct client *client;
	bool done;
};

static void
report_frame(void *context, const Kehu__ServerFrame *answer)
{
	struct asked *asked = context;

	asked->frames++;
	asked->done = link_last(answer);
	asked->last = link_keep(asked->client->arena, answer);
	if (answer->answer_case == KEHU__SERVER_FRAME__ANSWER_REPORT && answer->report->has_data)
		buf_put(&asked->data, answer->report->data.data, answer->report->data.len);
}

static bool
report_done(void *context)
{
	return ((struct asked *)context)->done;
}

struct parameter {
	uint32_t number;
	int64_t value;
	const char *text;
};
#define PARAMETERS(...) (const struct parameter[]){ __VA_ARGS__, { 0 } }

static struct asked
report_ask_wide(struct client *client, const char *name, const char *format,
    const struct parameter *parameters, uint32_t page, uint32_t width)
{
	struct asked asked = { .client = client };
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__Report report = KEHU__REPORT__INIT;
	Kehu__Value values[8], *list[8];

	for (; parameters != NULL && parameters[report.n_parameters].number != 0;
	     report.n_parameters++) {
		const struct parameter *parameter = &parameters[report.n_parameters];
		Kehu__Value *value = &values[report.n_parameters];

		kehu__value__init(value);
		value->has_field = true;
		value->field = parameter->number;
		value->has_number = parameter->text == NULL;
		value->number = parameter->value;
		value->text = arena_strdup(client->arena, parameter->text);
		list[report.n_parameters] = value;
	}
	report.parameters = list;
	report.name = arena_strdup(client->arena, name);
	report.format = arena_strdup(client->arena, format);
	report.has_page = report.has_width = true;
	report.page = page;
	report.width = width;
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_REPORT;
	frame.report = &report;
	link_send(client->link,
	    &(struct link_request){ .frame = &frame, .done = report_frame, .context = &asked });
	assert_true(client_wait(client, report_done, &asked));
	return asked;
}

static struct asked
report_ask(struct client *client, const char *name, const char *format,
    const struct parameter *parameters)
{
	return report_ask_wide(client, name, format, parameters, 1, 0);
}

/* A report as text, in the client's arena. */
static const char *
report_text(struct client *client, const char *name, const char *format,
    const struct parameter *parameters)
{
	struct asked asked = report_ask(client, name, format, parameters);
	const char *text;

	if (asked.last->answer_case == KEHU__SERVER_FRAME__ANSWER_ERROR)
		fail_msg("refused: %u %s (field %u)", asked.last->error->code, asked.last->error->text,
		    asked.last->error->field);
	assert_true(asked.last->report->last);
	text = arena_strdup(client->arena, buf_text(&asked.data));
	buf_fini(&asked.data);
	return text;
}

static void
expect_text(const char *text, const char *wanted)
{
	if (strstr(text, wanted) == NULL)
		fail_msg("\"%s\" is missing in:\n%s", wanted, text);
}

static void
expect_no_text(const char *text, const char *unwanted)
{
	if (strstr(text, unwanted) != NULL)
		fail_msg("\"%s\" is in:\n%s", unwanted, text);
}

/* ---- what there is to report ------------------------------------------------------------- */

static int64_t
make_customer(struct client *client, const char *name, const char *phone)
{
	return expect_written(client_save(client, E_customer, 0, 0,
	    SENT(TEXT_OF(F_customer_name, name), TEXT_OF(F_customer_level, "A"),
		TEXT_OF(F_customer_phone, phone)),
	    NULL))
	    ->id;
}

/* Completed at ten o'clock in China. */
static int64_t
make_visit(struct client *client, int64_t customer, const char *day, const char *purpose,
    int64_t minutes, int64_t cost, const char *currency)
{
	int64_t at = 0, id;

	assert_int_equal(date_parse_us(day, date_now_us(), 480, &at), ERR_OK);
	id = expect_written(client_save(client, E_visit, 0, 0,
	    SENT(NUMBER_OF(F_visit_customer_id, customer), NUMBER_OF(F_visit_at, at + 10 * 3600 * US_PER_SECOND),
		TEXT_OF(F_visit_purpose, purpose), NUMBER_OF(F_visit_minutes, minutes),
		{ .field = F_visit_cost, .number = cost, .has_number = true, .text = currency }),
	    NULL))
	    ->id;
	expect_written(client_act(client, E_visit, id, "complete",
	    SENT(TEXT_OF(1, "followup"), TEXT_OF(2, "讨论了明年的合同"), TEXT_OF(3, "寄出报价"))));
	return id;
}

static int
report_setup_company(void **state)
{
	int64_t ben_customer, contact;

	bed = bed_new_with(DB, "log: { level = \"info\"; };\nsign: { " BED_CHEAP "second_factor = \"none\"; };\n"
			       "budget: { rows = 0; };\nreport: { rows = 450; };\n");
	ada = client_new(bed, "ada", LANG_ZH);
	ben = client_new(bed, "ben", LANG_EN);
	cai = client_new(bed, "cai", LANG_EN);
	dan = client_new(bed, "dan", LANG_ZH);
	eve = client_new(bed, "eve", LANG_EN);
	guo = client_new(bed, "guo", LANG_ZH);
	ada_customer = make_customer(ada, "上海华东电子有限公司", "021-6888 1234");
	ben_customer = make_customer(ben, "Minghe Foods", "021-6999 4321");
	contact = expect_written(client_save(ada, E_contact, 0, 0,
	    SENT(TEXT_OF(F_contact_name, "李明"), NUMBER_OF(F_contact_customer_id, ada_customer),
		TEXT_OF(F_contact_title, "采购经理")),
	    NULL))
	    ->id;
	ada_visit = make_visit(ada, ada_customer, "2026-03-02", "年度合同", 90, 12050, "CNY");
	expect_written(client_save(ada, E_visit, ada_visit, 2, NULL,
	    (const struct sent_line[]){ { .entity = E_visit_contact,
					    .id = -1,
					    .values = SENT(NUMBER_OF(F_visit_contact_contact_id, contact)) },
		{ 0 } }));
	make_visit(ada, ada_customer, "2026-03-20", "回访", 30, 800, "CNY");
	make_visit(ada, ada_customer, "2026-04-01", "交货", 45, 2000, "USD");
	ben_visit = make_visit(ben, ben_customer, "2026-03-05", "Demo", 60, 4500, "CNY");
	return 0;
}

static int
report_end_company(void **state)
{
	client_free(ada);
	client_free(ben);
	client_free(cai);
	client_free(dan);
	client_free(eve);
	client_free(guo);
	bed_free(bed);
	return 0;
}

static void
role_matrix_says_what_a_role_may(void **state)
{
	int64_t role = pg_int(DB, "SELECT id FROM role WHERE name = 'account_manager'");
	const char *text = report_text(guo, "role_matrix", "text", PARAMETERS({ 1, role, NULL }));

	expect_text(text, "角色权限表");
	expect_text(text, "客户经理");
	expect_text(text, "重复计划");
	expect_text(text, "分配");
	expect_text(text, "check_in_code");
	expect_text(text, "隐藏");
}

/* ---- the visit sheet --------------------------------------------------------------------- */

static void
visit_sheet_says_everything_about_the_visit(void **state)
{
	const char *text =
	    report_text(ada, "visit_sheet", "text", PARAMETERS({ 1, ada_visit, NULL }));

	expect_text(text, "客户拜访单");
	expect_text(text, "上海华东电子有限公司");
	expect_text(text, "李明（采购经理）");
	expect_text(text, "2026-03-02 周一");
	expect_text(text, "10:00–11:30");
	expect_text(text, "年度合同");
	expect_text(text, "讨论了明年的合同");
	expect_text(text, "需要跟进");
	expect_text(text, "寄出报价");
	expect_text(text, "120.50 CNY");
	expect_text(text, "打印：Ada ");
	expect_text(text, "总部  东区");
	expect_text(text, "主管");
	/* one page */
	assert_null(strchr(text, '\f'));
}

static void
visit_sheet_is_english_for_who_reads_english(void **state)
{
	const char *text =
	    report_text(ben, "visit_sheet", "text", PARAMETERS({ 1, ben_visit, NULL }));

	expect_text(text, "Visit sheet");
	expect_text(text, "Printed by Ben, ");
	expect_text(text, "Minghe Foods");
	expect_text(text, "2026-03-05 Thu");
	expect_text(text, "Follow up");
}

static void
visit_sheet_of_anothers_visit_does_not_exist(void **state)
{
	struct asked asked = report_ask(ben, "visit_sheet", "text", PARAMETERS({ 1, ada_visit, NULL }));

	expect_error(asked.last, ERR_NO_SUCH_RECORD, 1);
	asked = report_ask(dan, "visit_sheet", "preview", PARAMETERS({ 1, ada_visit, NULL }));
	expect_error(asked.last, ERR_NO_SUCH_RECORD, 1);
	/* the supervisor of the department sees it */
	expect_text(report_text(cai, "visit_sheet", "text", PARAMETERS({ 1, ada_visit, NULL })), "Ada");
}

static void
visit_sheet_of_a_shared_customer_shows_no_more_than_the_reader_may_see(void **state)
{
	int64_t shared = expect_written(client_act(ada, E_customer, ada_customer, "share",
					    SENT(NUMBER_OF(1, USER_DAN))))
			     ->id;
	struct asked asked;

	assert_int_equal(shared, ada_customer);
	/* the customer is his to see now, the visit is not */
	asked = report_ask(dan, "visit_sheet", "text", PARAMETERS({ 1, ada_visit, NULL }));
	expect_error(asked.last, ERR_NO_SUCH_RECORD, 1);
	expect_written(client_act(ada, E_customer, ada_customer, "unshare", SENT(NUMBER_OF(1, USER_DAN))));
}

static void
visit_sheet_is_made_in_every_format(void **state)
{
	static const char *const formats[] = { "pdf", "html", "csv", "text" };
	static const char *const starts[] = { "%PDF-", "<!", "", "" };

	for (size_t i = 0; i < 4; i++) {
		struct asked asked = report_ask(
		    ada, "visit_sheet", formats[i], PARAMETERS({ 1, ada_visit, NULL }));

		assert_int_equal(asked.last->answer_case, KEHU__SERVER_FRAME__ANSWER_REPORT);
		assert_true(asked.data.bytes > 100);
		assert_memory_equal(asked.data.data, starts[i], strlen(starts[i]));
		assert_string_equal(asked.last->report->title, "客户拜访单");
		buf_fini(&asked.data);
	}
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM audit WHERE request = 'report' AND action ="
				    " 'visit_sheet' AND detail = 'pdf' AND record_id = %" PRId64, ada_visit),
	    1);
}

static void
preview_shows_what_is_printed(void **state)
{
	struct asked asked =
	    report_ask(ada, "visit_sheet", "preview", PARAMETERS({ 1, ada_visit, NULL }));
	const char *text = report_text(ada, "visit_sheet", "text", PARAMETERS({ 1, ada_visit, NULL }));

	assert_int_equal(asked.last->answer_case, KEHU__SERVER_FRAME__ANSWER_REPORT);
	assert_true(asked.last->report->n_lines > 20);
	assert_int_equal(asked.last->report->page, 1);
	assert_int_equal(asked.last->report->pages, 1);
	for (size_t i = 0; i < asked.last->report->n_lines; i++)
		if (strstr(asked.last->report->lines[i], "打印") == NULL)
			expect_text(text, asked.last->report->lines[i]);
}

/* ---- visits by person and month ---------------------------------------------------------- */

static const struct parameter march_and_april[] = { { 1, 0, "2026-03-01" }, { 2, 0, "2026-04-30" },
	{ 0 } };

static void
visits_by_person_adds_up_by_month_and_person(void **state)
{
	const char *text = report_text(ada, "visits_by_person", "text", march_and_april);

	expect_text(text, "人员月度拜访统计");
	expect_text(text, "2026-03-01 至 2026-04-30");
	expect_text(text, "2026-03");
	expect_text(text, "2026-04");
	expect_text(text, "2 次"); /* of March */
	expect_text(text, "128.50");
	expect_text(text, "3 次"); /* of all */
	expect_text(text, "165");
	/* currencies are not added to each other */
	expect_text(text, "CNY");
	expect_text(text, "USD");
	expect_text(text, "20.00");
	expect_no_text(text, "148.50");
	expect_no_text(text, "Ben");
}

static void
visits_by_person_shows_a_supervisor_the_department(void **state)
{
	const char *text = report_text(cai, "visits_by_person", "text", march_and_april);

	expect_text(text, "Ada");
	expect_text(text, "Ben");
	expect_text(text, "4 visits");
	expect_text(text, "225");
	expect_text(text, "Minutes by person");
	text = report_text(cai, "visits_by_person", "text",
	    PARAMETERS({ 1, 0, "2026-03-01" }, { 2, 0, "2026-04-30" }, { 3, USER_BEN, NULL }));
	expect_no_text(text, "Ada");
	expect_text(text, "Ben");
	text = report_text(cai, "visits_by_person", "text",
	    PARAMETERS({ 1, 0, "2026-03-01" }, { 2, 0, "2026-04-30" }, { 4, DEPT_SALES, NULL }));
	expect_text(text, "Ada");
	text = report_text(cai, "visits_by_person", "text",
	    PARAMETERS({ 1, 0, "2026-03-01" }, { 2, 0, "2026-04-30" }, { 4, DEPT_WEST, NULL }));
	expect_no_text(text, "Ada");
}

static void
visits_by_person_is_empty_for_who_sees_none(void **state)
{
	const char *text = report_text(dan, "visits_by_person", "text", march_and_april);

	expect_text(text, "（无记录）");
}

static void
visits_by_person_counts_days_as_the_reader_lives_them(void **state)
{
	/* ten in the evening UTC of the 31st of March is April in China */
	const char *text;

	pg_exec(DB, "UPDATE visit SET at = '2026-03-31 22:00+00' WHERE purpose = '交货'");
	text = report_text(cai, "visits_by_person", "csv",
	    PARAMETERS({ 1, 0, "2026-04-01" }, { 2, 0, "2026-04-01" }));
	expect_text(text, "2026-04,2026-04-01");
	expect_text(text, "交货");
	text = report_text(cai, "visits_by_person", "csv",
	    PARAMETERS({ 1, 0, "2026-03-31" }, { 2, 0, "2026-03-31" }));
	expect_no_text(text, "交货");
}

static void
visits_by_person_streams_many_rows(void **state)
{
	struct asked asked;

	pg_exec(DB,
	    "INSERT INTO visit (number, customer_id, at, minutes, kind, purpose, state, owner_id,"
	    " department_id, branch_id) SELECT 'X' || i, %" PRId64 ", timestamptz '2025-01-01 00:00+00' +"
	    " make_interval(hours => i), 10, 'visit', 'P' || i || repeat('长', 20), 'completed', %d, %d, %d FROM"
	    " generate_series(1, 8000) i",
	    ada_customer, USER_ADA, DEPT_KEY, BRANCH_EAST);
	/* with the right to export they are one, which says what for (tests/server/audit_export.c) */
	asked = report_ask(cai, "visits_by_person", "csv",
	    PARAMETERS({ 1, 0, "2025-01-01" }, { 2, 0, "2025-12-31" }));
	assert_int_equal(asked.last->answer_case, KEHU__SERVER_FRAME__ANSWER_ERROR);
	assert_int_equal(asked.last->error->code, ERR_REASON_NEEDED);
	expect_no_text(buf_text(&asked.data), "P1长");
	buf_fini(&asked.data);
	/* so many on paper need the right to export; a few do not */
	for (size_t i = 0; i < 3; i++) {
		static const char *const formats[] = { "text", "pdf", "html" };

		asked = report_ask(ada, "visits_by_person", formats[i],
		    PARAMETERS({ 1, 0, "2025-01-01" }, { 2, 0, "2025-12-31" }));
		assert_int_equal(asked.last->answer_case, KEHU__SERVER_FRAME__ANSWER_ERROR);
		assert_int_equal(asked.last->error->code, ERR_FORBIDDEN);
		expect_no_text(buf_text(&asked.data), "P8000长");
		buf_fini(&asked.data);
		asked = report_ask(ada, "visits_by_person", formats[i],
		    PARAMETERS({ 1, 0, "2025-01-02" }, { 2, 0, "2025-01-04" }));
		assert_int_equal(asked.last->answer_case, KEHU__SERVER_FRAME__ANSWER_REPORT);
		buf_fini(&asked.data);
	}
	asked = report_ask_wide(ada, "visits_by_person", "preview",
	    PARAMETERS({ 1, 0, "2025-01-01" }, { 2, 0, "2025-12-31" }), 3, 132);
	assert_int_equal(asked.last->report->page, 3);
	assert_true(asked.last->report->n_lines > 30);
	for (size_t i = 0; i < asked.last->report->n_lines; i++)
		assert_true(text_cols(asked.last->report->lines[i]) <= 132);
}

/* ---- wrong requests ---------------------------------------------------------------------- */

static void
wrong_parameters_are_answered_at_their_number(void **state)
{
	struct asked asked;

	asked = report_ask(ada, "visits_by_person", "text", PARAMETERS({ 1, 0, "soon" }));
	expect_error(asked.last, ERR_NOT_A_DATE, 1);
	asked = report_ask(ada, "visits_by_person", "text",
	    PARAMETERS({ 1, 0, "2026-05-01" }, { 2, 0, "2026-04-01" }));
	expect_error(asked.last, ERR_INVALID, 2);
	asked = report_ask(ada, "visits_by_person", "text", PARAMETERS({ 3, 999999, NULL }));
	expect_error(asked.last, ERR_NO_SUCH_RECORD, 3);
	asked = report_ask(ada, "visits_by_person", "text", PARAMETERS({ 9, 1, NULL }));
	expect_error(asked.last, ERR_NO_SUCH_FIELD, 9);
	asked = report_ask(ada, "visit_sheet", "text", NULL);
	expect_error(asked.last, ERR_REQUIRED, 1);
}

static void
wrong_names_and_formats_are_refused(void **state)
{
	struct asked asked = report_ask(ada, "payroll", "text", NULL);

	expect_error(asked.last, ERR_NO_SUCH_ACTION, 0);
	asked = report_ask(ada, "visits_by_person", "docx", NULL);
	expect_error(asked.last, ERR_BAD_REQUEST, 0);
	asked = report_ask_wide(ada, "visits_by_person", "text", NULL, 1, 77);
	expect_error(asked.last, ERR_BAD_REQUEST, 0);
	/* an administrator has no right to see visits, so there is no such report */
	asked = report_ask(guo, "visits_by_person", "text", NULL);
	expect_error(asked.last, ERR_NO_SUCH_ACTION, 0);
}

static void
deleted_visits_are_in_no_report(void **state)
{
	const char *text;

	pg_exec(DB, "UPDATE visit SET deleted_at = now() WHERE purpose = '回访'");
	text = report_text(ada, "visits_by_person", "text", march_and_april);
	expect_no_text(text, "回访");
	pg_exec(DB, "UPDATE visit SET deleted_at = NULL WHERE purpose = '回访'");
}

/* kehud itself may read everything that its own role may: it does not here. */
static void
reports_run_as_their_own_role(void **state)
{
	struct asked asked;

	pg_exec(DB, "REVOKE SELECT (purpose) ON visit FROM kehu_report");
	asked = report_ask(ada, "visits_by_person", "text", march_and_april);
	expect_error(asked.last, ERR_FORBIDDEN, 0);
	assert_true(client_list(ada, E_visit, "")->page->n_rows > 0);
	pg_exec(DB, "GRANT SELECT (purpose) ON visit TO kehu_report");
	report_text(ada, "visits_by_person", "text", march_and_april);
}

/* ---- reports as data --------------------------------------------------------------------- */

#define REPORT_HEAD "-- report: zh=\"试\" en=\"Trial\"\n"

static Kehu__ServerFrame *
save_report(struct client *client, const char *name, const char *source)
{
	return client_save(client, E_report, 0, 0,
	    SENT(TEXT_OF(F_report_name, name), TEXT_OF(F_report_source, source)), NULL);
}

/* Every text in sql/reports, for who sees all, in every format. */
static void
every_shipped_report_runs(void **state)
{
	static const char *const formats[] = { "preview", "text", "csv", "pdf", "escp" };
	const struct parameter *of = PARAMETERS({ 1, ada_customer, NULL });
	char *names = arena_strdup(eve->arena,
	    pg_exec(DB, "SELECT string_agg(name || CASE WHEN source LIKE '%% of=customer%%' THEN '*' ELSE '' END, ' ')"
			" FROM report WHERE shipped"));
	size_t count = 0;

	for (char *name; (name = strsep(&names, " ")) != NULL; count++) {
		char *star = strchr(name, '*');

		if (star != NULL)
			*star = '\0';
		for (size_t f = 0; f < 5; f++) {
			/* what others read, she sees and does not carry off */
			if (strcmp(name, "access_statistics") == 0 && f == 2)
				continue;
			struct asked asked = report_ask(eve, name, formats[f], star != NULL ? of : NULL);

			if (asked.last->answer_case != KEHU__SERVER_FRAME__ANSWER_REPORT)
				fail_msg("%s as %s: %u %s", name, formats[f], asked.last->error->code,
				    asked.last->error->text);
			buf_fini(&asked.data);
		}
	}
	assert_true(count >= 15);
}

static void
composition_adds_up_to_all_customers(void **state)
{
	const char *text = report_text(eve, "customer_composition", "csv", NULL);

	expect_text(text, "Level,Customers,Share %");
	expect_text(text, "A key,2,100.0");
	/* by another field, which a reader who may not see it does not have */
	text = report_text(eve, "customer_composition", "csv", PARAMETERS({ 1, 0, "customer.owner_id" }));
	expect_text(text, "Owner,Customers");
	expect_text(text, "Ada,1,50.0");
	expect_error(report_ask(eve, "customer_composition", "csv", PARAMETERS({ 1, 0, "customer.phone" })).last,
	    ERR_INVALID, 1);
}

static void
fields_that_are_hidden_are_in_no_report(void **state)
{
	const char *text;

	pg_exec(DB, "INSERT INTO role_field (role_id, entity, field, show) SELECT id, 'customer', f, 'hidden' "
		    "FROM role, unnest(ARRAY['level', 'owner_id']) f WHERE name = 'executive'");
	text = report_text(eve, "customer_list", "csv", NULL);
	expect_no_text(text, "Level");
	expect_no_text(text, "Owner");
	expect_text(text, "Minghe Foods");
	expect_error(report_ask(eve, "customer_composition", "csv", NULL).last, ERR_INVALID, 1);
	expect_error(report_ask(eve, "customer_composition", "csv", PARAMETERS({ 1, 0, "customer.owner_id" })).last,
	    ERR_INVALID, 1);
	text = report_text(eve, "customer_composition", "csv", PARAMETERS({ 1, 0, "customer.type" }));
	expect_text(text, "2,100.0");
	pg_exec(DB, "DELETE FROM role_field f USING role r WHERE r.id = f.role_id AND r.name = 'executive' "
		    "AND f.entity = 'customer' AND f.field IN ('level', 'owner_id')");
}

static void
months_become_columns(void **state)
{
	const char *text = report_text(eve, "visits_by_month", "csv",
	    PARAMETERS({ 2, 0, "2026-03-01" }, { 3, 0, "2026-04-30" }));

	expect_text(text, "Visitor,2026-03,2026-04,Total");
	expect_text(text, "Ada,2,1,3");
	expect_text(text, "Ben,1,,1");
}

static void
targets_stand_beside_what_was_done(void **state)
{
	const char *text;

	pg_exec(DB, "INSERT INTO target (title, month, level, person_id, measure, number, owner_id, department_id, branch_id)"
		    " VALUES ('t', '2026-03-01', 'person', %d, 'visits', 4, %d, %d, %d)", USER_ADA, USER_ADA, DEPT_KEY, BRANCH_EAST);
	text = report_text(eve, "visit_targets", "text",
	    PARAMETERS({ 1, 0, "2026-03-01" }, { 2, 0, "2026-03-31" }));
	expect_text(text, "Visitor: Ada");
	expect_text(text, "50.0");
	expect_text(text, "75.0"); /* 3 of 4 over all: the rate of the sums, not the sum of rates */
}

/* The sum of a column of a report's CSV, money in minor units. */
static int64_t
csv_sum(struct client *client, const char *name, const struct parameter *parameters, const char *column)
{
	char *text = arena_strdup(client->arena, report_text(client, name, "csv", parameters)), *line;
	int64_t sum = 0;
	size_t at = 0, found = 0;

	for (size_t row = 0; (line = strsep(&text, "\n")) != NULL && strlen(line) > 1; row++) {
		char *cell;

		for (size_t i = 1; (cell = strsep(&line, ",\r")) != NULL; i++) {
			if (row == 0 && strcmp(cell, column) == 0)
				found = i;
			if (row > 0 && i == found) {
				char *point = strchr(cell, '.');

				if (point != NULL)
					memmove(point, point + 1, strlen(point));
				sum += strtoll(cell, NULL, 10);
			}
		}
		at = row;
	}
	if (found == 0 || at == 0)
		fail_msg("%s has no %s, or no rows", name, column);
	return sum;
}

/* Every third customer buys; what is a draft or cancelled counts nowhere. */
static void
sell_and_visit(void)
{
	pg_exec(DB, "INSERT INTO customer (number, name, name_key, type, level, stage, owner_id, department_id, branch_id, created_at)"
		    " SELECT 'P' || i, 'Proof ' || i, 'PROOF' || i, 'company', (ARRAY['A', 'B', 'C', 'D'])[1 + i %% 4],"
		    " (ARRAY['potential', 'active', 'lost'])[1 + i %% 3], (ARRAY[%d, %d])[1 + i %% 2], %d, %d,"
		    " timestamptz '2024-01-10 04:00+00' + make_interval(days => i) FROM generate_series(1, 400) i",
	    USER_ADA, USER_BEN, DEPT_KEY, BRANCH_EAST);
	pg_exec(DB, "INSERT INTO customer_figures (id, last_visit_at) SELECT id, now() - make_interval(days => (id %% 200)::int)"
		    " FROM customer WHERE name LIKE 'Proof%%' ON CONFLICT DO NOTHING");
	pg_exec(DB, "INSERT INTO sales_order (number, customer_id, ordered_on, currency, state, total_base, total_base_currency,"
		    " owner_id, department_id, branch_id) SELECT 'O' || c.id || '-' || k, c.id, date '2024-01-01' + (c.id * 7 + k * 31)::int %% 700,"
		    " 'CNY', (ARRAY['confirmed', 'delivered', 'closed', 'draft', 'cancelled'])[1 + (c.id + k) %% 5], c.id * 137 %% 99991 * k, 'CNY',"
		    " c.owner_id, c.department_id, c.branch_id FROM customer c, generate_series(1, 4) k WHERE c.name LIKE 'Proof%%' AND c.id %% 3 = 0");
	pg_exec(DB, "INSERT INTO visit (number, customer_id, at, minutes, kind, purpose, state, owner_id, department_id, branch_id)"
		    " SELECT 'W' || c.id || '-' || k, c.id, timestamptz '2024-02-01 03:00+00' + make_interval(days => (c.id * 3 + k * 17)::int %% 500),"
		    " 15 * k, 'visit', (ARRAY['Demo', 'Contract', 'Service'])[1 + (c.id + k) %% 3],"
		    " (ARRAY['completed', 'planned', 'started', 'cancelled'])[1 + k %% 4], c.owner_id, c.department_id, c.branch_id"
		    " FROM customer c, generate_series(1, 5) k WHERE c.name LIKE 'Proof%%' AND c.id %% 2 = 0");
}

/* Each is computed a second time, by another statement over the tables themselves. */
static void
totals_are_what_plain_sql_says(void **state)
{
	const struct parameter *time = PARAMETERS({ 1, 0, "2024-01-01" }, { 2, 0, "2025-12-31" });
	const struct parameter *steps = PARAMETERS({ 1, 0, "year" }, { 2, 0, "2024-01-01" }, { 3, 0, "2025-12-31" });
	const struct parameter *by = PARAMETERS({ 1, 0, "visit.kind" }, { 2, 0, "2024-01-01" }, { 3, 0, "2025-12-31" });
	int64_t ordered, visits, minutes, added, customers;

	sell_and_visit();
	ordered = pg_int(DB, "SELECT sum(total_base) FROM sales_order WHERE deleted_at IS NULL AND ordered_on >= '2024-01-01'"
			     " AND ordered_on < '2026-01-01' AND state NOT IN ('draft', 'cancelled', 'held')");
	visits = pg_int(DB, "SELECT count(*) FROM visit WHERE deleted_at IS NULL AND state NOT IN ('planned', 'cancelled')"
			    " AND at >= '2023-12-31 16:00+00' AND at < '2025-12-31 16:00+00'");
	minutes = pg_int(DB, "SELECT sum(minutes) FROM visit WHERE deleted_at IS NULL AND state NOT IN ('planned', 'cancelled')"
			     " AND at >= '2023-12-31 16:00+00' AND at < '2025-12-31 16:00+00'");
	added = pg_int(DB, "SELECT count(*) FROM customer WHERE deleted_at IS NULL AND"
			   " (created_at + interval '8 hours')::date BETWEEN '2024-01-01' AND '2025-12-31'");
	customers = pg_int(DB, "SELECT count(*) FROM customer WHERE deleted_at IS NULL");
	assert_true(ordered > 0 && visits > 200 && added == 400 && customers >= 402);

	assert_int_equal(csv_sum(eve, "customer_contribution", time, "Amount (CNY)"), ordered);
	assert_int_equal(csv_sum(eve, "staff_ranking", time, "Ordered"), ordered);
	assert_int_equal(csv_sum(eve, "statistics", steps, "Ordered"), ordered);
	assert_int_equal(csv_sum(eve, "staff_ranking", time, "Visits"), visits);
	assert_int_equal(csv_sum(eve, "statistics", steps, "Visits"), visits);
	assert_int_equal(csv_sum(eve, "statistics", steps, "Minutes"), minutes);
	assert_int_equal(csv_sum(eve, "visits_by_customer", time, "Minutes"), minutes);
	assert_int_equal(csv_sum(eve, "visits_by_purpose", time, "Visits"), visits);
	assert_int_equal(csv_sum(eve, "visit_targets", time, "Visits"), visits);
	assert_int_equal(csv_sum(eve, "visits_by_month", by, "Total"), visits);
	assert_int_equal(csv_sum(eve, "statistics", steps, "New customers"), added);
	assert_int_equal(csv_sum(eve, "customers_new_lost", time, "New"), added);
	assert_int_equal(csv_sum(eve, "customer_composition", NULL, "Customers"), customers);
	assert_int_equal(csv_sum(eve, "customer_composition", PARAMETERS({ 1, 0, "customer.branch_id" }), "Customers"), customers);
	assert_int_equal(csv_sum(eve, "visit_coverage", time, "Visited"),
	    pg_int(DB, "SELECT count(DISTINCT v.customer_id) FROM visit v, customer c WHERE c.id = v.customer_id AND c.stage <> 'lost'"
		       " AND v.state NOT IN ('planned', 'cancelled') AND v.at >= '2023-12-31 16:00+00' AND v.at < '2025-12-31 16:00+00'"));
	/* lost: the last order ran out before today, within the period */
	assert_int_equal(csv_sum(eve, "customers_new_lost", time, "Lost"),
	    pg_int(DB, "SELECT count(*) FROM customer c WHERE (SELECT max(o.ordered_on) FROM sales_order o WHERE o.customer_id = c.id"
		       " AND o.state NOT IN ('draft', 'cancelled', 'held')) + 180 BETWEEN '2024-01-01' AND '2025-12-31'"));
}

/* The visits of March, grouped, summed by currency and drawn, as the reader sees them. */
static void
any_list_is_a_report(void **state)
{
	const struct parameter *asked = PARAMETERS({ 1, 0, "at:2026-03-01..2026-04-30" }, { 2, 0, "visit" },
	    { 3, 0, "at,customer_id,purpose" }, { 4, 0, "at" }, { 5, 0, "cost" }, { 6, 0, "at" }, { 7, 0, "bars" },
	    { 8, 0, "春季拜访" });
	const char *text = report_text(ada, "list", "text", asked);

	(void)state;
	expect_text(text, "春季拜访");
	expect_text(text, "at:2026-03-01..2026-04-30");
	expect_text(text, "上海华东电子");
	expect_text(text, "2026-04");
	expect_text(text, "128.50"); /* March, CNY */
	expect_text(text, "20.00");  /* April, USD; never added to the others */
	expect_no_text(text, "148.50");
	expect_no_text(text, "Minghe");
	expect_text(report_text(eve, "list", "html", asked), "Minghe");
	assert_memory_equal(report_text(ada, "list", "pdf", asked), "%PDF-", 5);
	/* words are looked for as in lists, and what is counted is said */
	text = report_text(ada, "list", "text", PARAMETERS({ 1, 0, "华东" }, { 2, 0, "customer" }, { 3, 0, "number,name" }));
	expect_text(text, "上海华东电子有限公司");
	text = report_text(ada, "list", "text", PARAMETERS({ 1, 0, "不存在的公司" }, { 2, 0, "customer" }));
	expect_no_text(text, "上海华东电子有限公司");
}

static void
wrong_lists_are_answered_at_their_parameter(void **state)
{
	(void)state;
	expect_error(report_ask(ada, "list", "text", NULL).last, ERR_REQUIRED, 2);
	expect_error(report_ask(ada, "list", "text", PARAMETERS({ 2, 0, "nothing" })).last, ERR_INVALID, 2);
	expect_error(report_ask(ada, "list", "text", PARAMETERS({ 2, 0, "visit" }, { 3, 0, "password" })).last, ERR_INVALID, 3);
	expect_error(report_ask(ada, "list", "text", PARAMETERS({ 2, 0, "visit" }, { 4, 0, "purpose" })).last, ERR_INVALID, 4);
	expect_error(report_ask(ada, "list", "text", PARAMETERS({ 2, 0, "visit" }, { 5, 0, "purpose" })).last, ERR_INVALID, 5);
	expect_error(report_ask(ada, "list", "text", PARAMETERS({ 2, 0, "visit" }, { 7, 0, "pie" })).last, ERR_INVALID, 7);
	expect_error(report_ask(ada, "list", "text", PARAMETERS({ 2, 0, "visit" }, { 9, 999999, NULL })).last,
	    ERR_NO_SUCH_RECORD, 9);
	assert_int_equal(report_ask(ada, "list", "text", PARAMETERS({ 1, 0, "foo:1" }, { 2, 0, "visit" })).last->error->code,
	    ERR_QUERY);
	/* CSV is an export of what the list is of, whatever the report is called */
	expect_error(report_ask(ada, "list", "csv", PARAMETERS({ 2, 0, "visit" })).last, ERR_FORBIDDEN, 0);
}

static void
saved_views_are_reports(void **state)
{
	int64_t id = expect_written(client_save(ada, E_saved_view, 0, 0,
	    SENT(TEXT_OF(F_saved_view_name, "华东拜访"), TEXT_OF(F_saved_view_entity, "visit"),
		TEXT_OF(F_saved_view_query, "at:2026-03-01..2026-03-31"), TEXT_OF(F_saved_view_columns, "at,purpose"),
		TEXT_OF(F_saved_view_sum_of, "minutes")),
	    NULL))->id;
	const char *text = report_text(ada, "list", "text", PARAMETERS({ 9, id, NULL }));

	(void)state;
	expect_text(text, "华东拜访");
	expect_text(text, "120");
	expect_no_text(text, "交货");
	expect_text(report_text(ada, "list", "text", PARAMETERS({ 9, id, NULL }, { 1, 0, "at:2026-04-01" })), "交货");
	/* it is her own until she shares it */
	expect_error(report_ask(ben, "list", "text", PARAMETERS({ 9, id, NULL })).last, ERR_NO_SUCH_RECORD, 9);
	/* made at its time, it is the view as it is then */
	expect_written(client_save(ada, E_report_schedule, 0, 0,
	    SENT(TEXT_OF(F_report_schedule_name, "每周华东"), TEXT_OF(F_report_schedule_report, "list"),
		TEXT_OF(F_report_schedule_parameters, arena_printf(ada->arena, "view=#%" PRId64, id))),
	    NULL));
	expect_error(client_save(ben, E_report_schedule, 0, 0,
			 SENT(TEXT_OF(F_report_schedule_name, "x"), TEXT_OF(F_report_schedule_report, "list"),
			     TEXT_OF(F_report_schedule_parameters, arena_printf(ben->arena, "view=#%" PRId64, id))),
			 NULL),
	    ERR_INVALID, F_report_schedule_parameters);
	/* addresses outside get what may be exported of what it is of */
	expect_error(client_save(ada, E_report_schedule, 0, 0,
			 SENT(TEXT_OF(F_report_schedule_name, "y"), TEXT_OF(F_report_schedule_report, "list"),
			     TEXT_OF(F_report_schedule_parameters, "of=visit"),
			     TEXT_OF(F_report_schedule_receivers, "who@example.org")),
			 NULL),
	    ERR_FORBIDDEN, F_report_schedule_receivers);
}

static void
administrators_add_reports(void **state)
{
	int64_t id = expect_written(save_report(guo, "levels",
				 REPORT_HEAD "-- table: totals\n-- column: level field=customer.level\n"
					     "-- column: customers integer zh=数 en=Number sum\n"
					     "SELECT c.level, count(*) AS customers FROM {customer} c GROUP BY 1"))
			 ->id;

	expect_text(report_text(eve, "levels", "text", NULL), "Trial");
	expect_text(report_text(ada, "levels", "text", NULL), "试");
	expect_text(report_text(cai, "levels", "csv", NULL), "A key,2");
	expect_error(report_ask(guo, "levels", "text", NULL).last, ERR_NO_SUCH_ACTION, 0);
	expect_written(client_save(guo, E_report, id, 1, SENT(NUMBER_OF(F_report_disabled, 1)), NULL));
	expect_error(report_ask(eve, "levels", "text", NULL).last, ERR_NO_SUCH_ACTION, 0);
	expect_error(save_report(ada, "mine", "x"), ERR_FORBIDDEN, 0);
}

static void
reports_that_read_past_their_placeholders_do_not_load(void **state)
{
	static const char *const bad[] = {
		"SELECT 'x' AS a FROM users", "SELECT 'x'::text AS a FROM {customer} c, customer d",
		"SELECT (SELECT max(u.name) FROM users u) AS a FROM {customer} c",
		"WITH w AS (SELECT * FROM customer) SELECT w.name AS a FROM w, {customer} c",
		"SELECT r.rolname::text AS a FROM pg_catalog.pg_roles r, {customer} c",
		"SELECT current_setting('kehu.r10') AS a FROM {customer} c",
		"SELECT pg_read_file('/etc/passwd') AS a FROM {customer} c",
		"SELECT query_to_xml('SELECT 1', true, true, '')::text AS a FROM {customer} c",
		"SELECT table_to_xml('users', true, true, '')::text AS a FROM {customer} c",
		"SELECT set_config('kehu.r10', '', true) AS a FROM {customer} c",
		"SELECT kehu_pseudonym(c.name) AS a FROM {customer} c",
		"SELECT c.level AS a FROM {customer} c; DROP TABLE users", "SELECT c.password AS a FROM {customer} c",
		"DELETE FROM customer RETURNING name AS a", "SELECT u.password_hash AS a FROM {user} u",
		"SELECT c.level AS b FROM {customer} c", "SELECT c.id AS a FROM {customer} c",
		"SELECT c.level AS a, 1 AS more FROM {customer} c", "SELECT c.level AS a FROM {nobody} c",
		"SELECT c.level AS a FROM {customer c", "SELECT c.level AS a FROM {customer} c WHERE c.id = {=x}",
		"SELECT c.level AS a FROM {customer} c {when x} WHERE true", "",
	};
	struct arena *arena = arena_new(0);

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		Kehu__ServerFrame *answer = save_report(guo, "bad",
		    arena_printf(arena, REPORT_HEAD "-- table:\n-- column: a text zh=甲 en=A\n%s", bad[i]));

		if (answer->answer_case != KEHU__SERVER_FRAME__ANSWER_ERROR)
			fail_msg("it was let in: %s", bad[i]);
		expect_error(answer, ERR_INVALID, F_report_source);
		assert_true(strlen(answer->error->text) > 10);
	}
	expect_error(save_report(guo, "visits_by_person", "x"), ERR_INVALID, F_report_name);
	expect_error(save_report(guo, "Bad Name", "x"), ERR_INVALID, F_report_name);
	arena_free(arena);
}

static void
shipped_reports_are_only_switched_off(void **state)
{
	int64_t id = pg_int(DB, "SELECT id FROM report WHERE name = 'customer_list'");

	expect_error(client_save(guo, E_report, id, 1, SENT(TEXT_OF(F_report_source, "x")), NULL),
	    ERR_READ_ONLY, F_report_source);
	expect_written(client_save(guo, E_report, id, 1, SENT(NUMBER_OF(F_report_disabled, 1)), NULL));
	expect_error(report_ask(eve, "customer_list", "text", NULL).last, ERR_NO_SUCH_ACTION, 0);
	expect_written(client_save(guo, E_report, id, 2, SENT(NUMBER_OF(F_report_disabled, 0)), NULL));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(role_matrix_says_what_a_role_may),
		cmocka_unit_test(visit_sheet_says_everything_about_the_visit),
		cmocka_unit_test(visit_sheet_is_english_for_who_reads_english),
		cmocka_unit_test(visit_sheet_of_anothers_visit_does_not_exist),
		cmocka_unit_test(visit_sheet_of_a_shared_customer_shows_no_more_than_the_reader_may_see),
		cmocka_unit_test(visit_sheet_is_made_in_every_format),
		cmocka_unit_test(preview_shows_what_is_printed),
		cmocka_unit_test(visits_by_person_adds_up_by_month_and_person),
		cmocka_unit_test(visits_by_person_shows_a_supervisor_the_department),
		cmocka_unit_test(visits_by_person_is_empty_for_who_sees_none),
		cmocka_unit_test(visits_by_person_counts_days_as_the_reader_lives_them),
		cmocka_unit_test(wrong_parameters_are_answered_at_their_number),
		cmocka_unit_test(wrong_names_and_formats_are_refused),
		cmocka_unit_test(deleted_visits_are_in_no_report),
		cmocka_unit_test(reports_run_as_their_own_role),
		cmocka_unit_test(every_shipped_report_runs),
		cmocka_unit_test(composition_adds_up_to_all_customers),
		cmocka_unit_test(fields_that_are_hidden_are_in_no_report),
		cmocka_unit_test(months_become_columns),
		cmocka_unit_test(targets_stand_beside_what_was_done),
		cmocka_unit_test(any_list_is_a_report),
		cmocka_unit_test(wrong_lists_are_answered_at_their_parameter),
		cmocka_unit_test(saved_views_are_reports),
		cmocka_unit_test(administrators_add_reports),
		cmocka_unit_test(reports_that_read_past_their_placeholders_do_not_load),
		cmocka_unit_test(shipped_reports_are_only_switched_off),
		cmocka_unit_test(totals_are_what_plain_sql_says),
		cmocka_unit_test(visits_by_person_streams_many_rows),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, report_setup_company, report_end_company);
}
