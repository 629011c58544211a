/*
 * The row budget over every way of reading, what is unusual, who looked at whose sensitive
 * fields, and the audit as an auditor reads and checks it; against real kehuds.
 */
#include "common/date.h"
#include "server/entity/fields.h"
#include "tests/lib/bed.h"
#include "tests/lib/company.h"
#include "tests/lib/pg.h"

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

#define DB     "audit_reading"
#define BUDGET 100

static struct bed *bed;
static struct client *ada, *cai, *guo, *ann;
static int64_t customers[300];

static int
reading_setup(void **state)
{
	bed = bed_new_with(DB,
	    "budget: { rows = 100; unusual = 10; };\n"
	    "log: { level = \"info\"; };\nsign: { " BED_CHEAP "second_factor = \"none\"; };\n");
	pg_exec(DB, "INSERT INTO users (id, name, name_key, label, label_key, branch_id, "
		    "language, password_hash)"
		    " SELECT 150, 'ann', 'ann', 'Ann', 'ann', 1, 'en', password_hash FROM "
		    "users WHERE id = 101;"
		    "INSERT INTO user_role (user_id, role_id) SELECT 150, id FROM role WHERE "
		    "name = 'auditor'");
	pg_exec(DB, "INSERT INTO customer (name, name_key, type, stage, phone, owner_id, "
		    "department_id, branch_id)"
		    " SELECT '客户' || to_char(g, 'FM000'), 'kehu' || to_char(g, 'FM000'), "
		    "'company', 'potential',"
		    " '021-688' || g, 101, 12, 2 FROM generate_series(1, 300) g");
	for (size_t i = 0; i < 300; i++)
		customers[i] =
		    pg_int(DB, "SELECT id FROM customer ORDER BY name OFFSET %zu LIMIT 1", i);
	ada = client_new(bed, "ada", LANG_EN);
	cai = client_new(bed, "cai", LANG_ZH);
	guo = client_new(bed, "guo", LANG_EN);
	ann = client_new(bed, "ann", LANG_EN);
	return 0;
}

static int
reading_teardown(void **state)
{
	client_free(ada);
	client_free(cai);
	client_free(guo);
	client_free(ann);
	bed_free(bed);
	return 0;
}

/* Until the database says so: what is counted is written every ten seconds. */
static void
wait_for(const char *query)
{
	for (int i = 0; i < 1200; i++) {
		if (strcmp(pg_exec(DB, "SELECT %s", query), "t") == 0)
			return;
		usleep(50000);
	}
	fail_msg("never: %s", query);
}

static size_t
rows_of(struct client *client, uint32_t entity, const char *query)
{
	const Kehu__ServerFrame *answer = client_list(client, entity, query);

	if (answer->answer_case != KEHU__SERVER_FRAME__ANSWER_PAGE)
		fail_msg("refused: %u %s", answer->error->code, answer->error->text);
	return answer->page->n_rows;
}

static void
a_day_has_a_budget_over_every_way_of_reading(void **state)
{
	Kehu__ServerFrame *answer;
	int64_t seen = 0;

	expect_written(client_save(
	    ada, E_customer, 0, 0, SENT(TEXT_OF(F_customer_name, "搜索目标有限公司")), NULL));
	/* 29 by lists, looked at again for nothing. */
	for (int i = 0; i < 5; i++) {
		assert_int_equal(rows_of(ada, E_customer, "name:客户00"), 9);
		assert_int_equal(rows_of(ada, E_customer, "name:客户01"), 10);
		assert_int_equal(rows_of(ada, E_customer, "name:客户02"), 10);
	}
	/* Then one by one. */
	for (size_t i = 29; i < 300; i++) {
		answer = client_get(ada, E_customer, customers[i]);
		if (answer->answer_case == KEHU__SERVER_FRAME__ANSWER_ERROR)
			break;
		seen++;
	}
	assert_int_equal(29 + seen, BUDGET);
	expect_error(answer, ERR_BUDGET, 0);
	assert_non_null(strstr(answer->error->text, "100"));
	expect_error(client_search(ada, "搜索目标"), ERR_BUDGET, 0);
	expect_error(client_list(ada, E_customer, "name:客户25"), ERR_BUDGET, 0);
	/* What was seen stays open, and nothing that is no record was ever counted. */
	assert_int_equal(client_get(ada, E_customer, customers[7])->answer_case,
	    KEHU__SERVER_FRAME__ANSWER_GET);
	assert_true(rows_of(ada, E_region, "") > 0);
	assert_int_equal(
	    pg_int(DB,
		"SELECT count(*) FROM audit WHERE action = 'over_budget' AND user_id = 101"),
	    1);
}

static bool
asked_again(struct client *client)
{
	return client_get(client, E_customer, customers[299])->answer_case ==
	       KEHU__SERVER_FRAME__ANSWER_GET;
}

static void
no_other_server_and_no_new_session_gives_more(void **state)
{
	struct client *again = client_new(bed, "ada", LANG_EN);
	struct bed other = *bed;
	struct client *elsewhere;

	assert_false(asked_again(again));
	client_free(again);
	other.port = bed_second(bed);
	elsewhere = client_new(&other, "ada", LANG_EN);
	assert_false(asked_again(elsewhere));
	client_free(elsewhere);
	bed_kill(bed, SIGKILL);
	bed_start(bed);
	again = client_new(bed, "ada", LANG_EN);
	assert_false(asked_again(again));
	client_free(again);
	client_free(ada);
	client_free(cai);
	client_free(guo);
	client_free(ann);
	ada = client_new(bed, "ada", LANG_EN);
	cai = client_new(bed, "cai", LANG_ZH);
	guo = client_new(bed, "guo", LANG_EN);
	ann = client_new(bed, "ann", LANG_EN);
}

static void
somebody_else_extends_it(void **state)
{
	const struct sent *more = SENT(NUMBER_OF(1, 50), TEXT_OF(2, "季度盘点"));
	int64_t id = pg_int(DB, "SELECT id FROM reading WHERE owner_id = 101");

	expect_error(client_act(ada, E_reading, id, "extend_budget", more), ERR_FORBIDDEN, 0);
	expect_error(client_act(guo, E_reading, id, "extend_budget", more), ERR_FORBIDDEN, 0);
	expect_error(client_act(cai, E_reading, id, "extend_budget",
			 SENT(NUMBER_OF(1, 0), TEXT_OF(2, "x"))),
	    ERR_INVALID, 1);
	expect_written(client_act(cai, E_reading, id, "extend_budget", more));
	assert_true(asked_again(ada));
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM audit WHERE action = 'extend_budget' "
				    "AND user_id = 103 AND "
				    "detail = 'for=101 rows=50'"),
	    1);
	/* One's own is another matter, supervisor or not. */
	client_get(cai, E_customer, customers[0]);
	wait_for("EXISTS (SELECT FROM reading WHERE owner_id = 103)");
	id = pg_int(DB, "SELECT id FROM reading WHERE owner_id = 103");
	expect_error(client_act(cai, E_reading, id, "extend_budget", more), ERR_FORBIDDEN, 0);
}

/* Asked for by whom it binds, agreed to by the superior, through the one approval engine. */
static void
more_is_asked_for_and_granted_by_another(void **state)
{
	const struct sent *more = SENT(NUMBER_OF(1, 20), TEXT_OF(2, "月底盘点"));
	int64_t id = pg_int(DB, "SELECT id FROM reading WHERE owner_id = 101"), approval;
	struct client *ben = client_new(bed, "ben", LANG_EN);
	const Kehu__Written *written;
	size_t seen = 0;

	for (size_t i = 0; i < 300; i++)
		seen += client_get(ada, E_customer, customers[i])->answer_case ==
			KEHU__SERVER_FRAME__ANSWER_GET;
	/* A server that began anew no longer knows what was seen before. */
	assert_int_equal(seen, 50);
	/* Nobody to ask, too much, another's. */
	pg_exec(DB, "UPDATE users SET superior_id = NULL WHERE id = 101");
	expect_error(client_act(ada, E_reading, id, "ask_budget", more), ERR_NO_APPROVER, 0);
	pg_exec(DB, "UPDATE users SET superior_id = 103 WHERE id = 101");
	expect_error(client_act(ada, E_reading, id, "ask_budget",
			 SENT(NUMBER_OF(1, 100001), TEXT_OF(2, "x"))),
	    ERR_INVALID, 1);
	expect_error(
	    client_act(ben, E_reading, id, "ask_budget", more), ERR_NO_SUCH_RECORD, 0);
	expect_error(client_act(cai, E_reading, id, "ask_budget", more), ERR_FORBIDDEN, 0);
	written = expect_written(client_act(ada, E_reading, id, "ask_budget", more));
	assert_true(written->waits);
	approval = written->id;
	assert_int_equal(pg_int(DB, "SELECT extra FROM reading_figures WHERE id = %" PRId64, id), 50);
	expect_error(client_get(ada, E_customer, customers[200]), ERR_BUDGET, 0);
	/* Not by oneself, and not without the engine. */
	expect_error(client_act(ada, E_approval, approval, "approve", NULL), ERR_FORBIDDEN, 0);
	expect_written(client_act(cai, E_approval, approval, "approve", NULL));
	assert_int_equal(pg_int(DB, "SELECT extra FROM reading_figures WHERE id = %" PRId64, id), 70);
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM audit WHERE action = 'extend_budget' AND "
				    "user_id = 103 AND detail = 'for=101 rows=20'"),
	    1);
	for (size_t i = 0; i < 300; i++)
		seen += client_get(ada, E_customer, customers[i])->answer_case ==
			KEHU__SERVER_FRAME__ANSWER_GET;
	assert_int_equal(seen, 50 + 50 + 20);
	/* Where no rule asks anybody, nobody has agreed. */
	pg_exec(DB, "UPDATE approval_rule SET active = false WHERE action = 'ask_budget';"
		    "UPDATE state SET access_epoch = access_epoch + 1");
	expect_error(client_act(ada, E_reading, id, "ask_budget", more), ERR_NO_APPROVER, 0);
	assert_int_equal(pg_int(DB, "SELECT extra FROM reading_figures WHERE id = %" PRId64, id), 70);
	client_free(ben);
}

static void
reading_three_times_the_usual_is_flagged(void **state)
{
	pg_exec(DB, "DO $$ BEGIN FOR i IN 1 .. 6 LOOP PERFORM kehu_reading(103, current_date - "
		    "3 * i); END LOOP; END $$;"
		    "UPDATE reading_figures f SET rows = 9 FROM reading r WHERE r.id = f.id "
		    "AND r.owner_id = 103"
		    " AND r.day < current_date - 1;"
		    "UPDATE reading_figures f SET median = NULL FROM reading r WHERE r.id = "
		    "f.id AND r.owner_id = 103");
	for (size_t i = 0; i < 40; i++)
		client_get(cai, E_customer, customers[i]);
	wait_for("EXISTS (SELECT FROM reading r JOIN reading_figures f USING (id) WHERE "
		 "r.owner_id = 103 AND "
		 "f.flagged_at IS NOT NULL AND f.median = 9)");
	/* Whoever watches everybody's reading was told. */
	assert_int_equal(
	    pg_int(DB, "SELECT count(*) FROM message m JOIN reading r ON r.id = m.anchor_id WHERE "
		       "m.anchor_entity = 34 AND m.owner_id = 150 AND r.owner_id = 103"),
	    1);
	wait_for("EXISTS (SELECT FROM audit WHERE action = 'unusual' AND user_id = 103 AND "
		 "detail LIKE 'rows=% usual=9')");
	/* Auditors see it, and everybody their own. */
	assert_int_equal(rows_of(ann, E_reading, "flagged:2020-01-01.."), 1);
	assert_int_equal(rows_of(ada, E_reading, ""), 1);
	assert_true(rows_of(ann, E_reading, "") > 2);
}

static void
who_looked_at_sensitive_fields_is_in_the_audit(void **state)
{
	for (int i = 0; i < 3; i++)
		client_get(ada, E_customer, customers[3]);
	rows_of(ada, E_customer, "name:客户01");
	wait_for("EXISTS (SELECT FROM audit WHERE request = 'read' AND action = 'sensitive' "
		 "AND user_id = 101 AND "
		 "entity = 10 AND record_id <> 0)");
	wait_for("EXISTS (SELECT FROM audit WHERE request = 'read' AND action = 'sensitive' "
		 "AND user_id = 101 AND "
		 "entity = 10 AND record_id = 0)");
	assert_int_equal(
	    pg_int(DB, "SELECT count(*) FROM audit WHERE action = 'sensitive' AND detail !~ "
		       "'^count=[0-9]+ hour=[0-9]+$'"),
	    0);
}

/* ---- the audit itself -------------------------------------------------------------------- */

static Kehu__ServerFrame *
ask_audit(struct client *client, Kehu__Audit request)
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;

	request.has_step = true;
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_AUDIT;
	frame.audit = &request;
	return client_call(client, &frame);
}

static void
only_auditors_read_the_audit(void **state)
{
	Kehu__Audit request = KEHU__AUDIT__INIT;
	struct client *eve = client_new(bed, "eve", LANG_EN);
	struct client *refused[] = { ada, cai, guo, eve };

	for (uint32_t step = 1; step <= 3; step++)
		for (size_t i = 0; i < 4; i++) {
			request.step = step;
			expect_error(ask_audit(refused[i], request), ERR_FORBIDDEN, 0);
		}
	client_free(eve);
	request.step = 1;
	request.has_limit = true;
	request.limit = 7;
	assert_int_equal(ask_audit(ann, request)->audit->n_rows, 7);
	request.step = 9;
	expect_error(ask_audit(ann, request), ERR_BAD_REQUEST, 0);
}

static void
the_audit_is_paged_and_filtered(void **state)
{
	Kehu__Audit request = KEHU__AUDIT__INIT;
	int64_t all = pg_int(DB, "SELECT count(*) FROM audit WHERE user_id = 103"), seen = 0,
		last = INT64_MAX;
	const Kehu__AuditAnswer *answer;

	request.step = 1;
	request.has_limit = request.has_user = true;
	request.limit = 3;
	request.user = 103;
	do {
		Kehu__ServerFrame *frame = ask_audit(ann, request);

		assert_int_equal(frame->answer_case, KEHU__SERVER_FRAME__ANSWER_AUDIT);
		answer = frame->audit;
		for (size_t i = 0; i < answer->n_rows; i++) {
			assert_int_equal(answer->rows[i]->user, 103);
			assert_true(answer->rows[i]->seq < last);
			last = answer->rows[i]->seq;
		}
		seen += (int64_t)answer->n_rows;
		request.has_cursor = answer->has_next;
		request.cursor = answer->next;
	} while (answer->has_next);
	assert_true(seen >= all);
	request.has_cursor = true;
	request.cursor =
	    (ProtobufCBinaryData){ .data = (uint8_t *)(uintptr_t) "12 '; DROP", .len = 10 };
	expect_error(ask_audit(ann, request), ERR_BAD_REQUEST, 0);
}

static void
a_refused_sign_in_leaves_no_name(void **state)
{
	pg_exec(DB,
	    "SELECT session_tried((SELECT t.attempt FROM session_try('geheim123', 'x') t), "
	    "'wrong');"
	    "SELECT session_tried((SELECT t.attempt FROM session_try('ada', 'x') t), 'wrong')");
	assert_int_equal(
	    pg_int(DB,
		"SELECT count(*) FROM audit WHERE request = 'login' AND action = 'refused' AND "
		"detail ~ '^name=[0-9a-f]{16}$' AND (user_id IS NULL OR user_id = 101)"),
	    2);
	pg_exec(DB, "DELETE FROM login_attempt");
}

static void
kehu_admin_checks_the_chain_and_names_the_break(void **state)
{
	const char *text;
	int64_t seq;

	wait_for("EXISTS (SELECT FROM audit_segment)");
	pg_exec(DB, "UPDATE users SET password_hash = (SELECT password_hash FROM users WHERE "
		    "id = 101)");
	assert_int_equal(bed_run_as(bed, "kehu-admin", "ann",
			     (const char *const[]){ "audit", "verify", NULL }, &text),
	    0);
	assert_non_null(strstr(text, "The chain holds"));
	assert_int_equal(bed_run_as(bed, "kehu-admin", "ann",
			     (const char *const[]){ "audit", "head", NULL }, &text),
	    0);
	assert_non_null(strstr(text, "kehu-audit "));
	assert_int_equal(bed_run_as(bed, "kehu-admin", "ann",
			     (const char *const[]){ "audit", "list", "user=ada", "--limit", "5",
				 "--format", "jsonl", NULL },
			     &text),
	    0);
	assert_non_null(strstr(text, "\"request\":"));
	assert_int_equal(bed_run_as(bed, "kehu-admin", "ada",
			     (const char *const[]){ "audit", "verify", NULL }, &text),
	    1);
	seq = pg_int(
	    DB, "SELECT min(a.seq) FROM audit a, audit_segment s WHERE a.xid < s.xid_below");
	pg_exec(DB, "UPDATE audit SET user_id = 102 WHERE seq = %" PRId64, seq);
	assert_int_equal(bed_run_as(bed, "kehu-admin", "ann",
			     (const char *const[]){ "audit", "verify", NULL }, &text),
	    1);
	assert_non_null(strstr(text, "Broken at segment"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_day_has_a_budget_over_every_way_of_reading),
		cmocka_unit_test(no_other_server_and_no_new_session_gives_more),
		cmocka_unit_test(somebody_else_extends_it),
		cmocka_unit_test(more_is_asked_for_and_granted_by_another),
		cmocka_unit_test(reading_three_times_the_usual_is_flagged),
		cmocka_unit_test(who_looked_at_sensitive_fields_is_in_the_audit),
		cmocka_unit_test(only_auditors_read_the_audit),
		cmocka_unit_test(the_audit_is_paged_and_filtered),
		cmocka_unit_test(a_refused_sign_in_leaves_no_name),
		cmocka_unit_test(kehu_admin_checks_the_chain_and_names_the_break),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, reading_setup, reading_teardown);
}
