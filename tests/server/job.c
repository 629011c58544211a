/*
 * Jobs against real kehuds and PostgreSQL: run once whoever claims them, seen through to their
 * end when a server dies, cancelled, refused.
 */
#include "server/entity/fields.h"
#include "tests/lib/bed.h"
#include "tests/lib/company.h"
#include "tests/lib/pg.h"

#include <inttypes.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
// clang-format off
#include <cmocka.h>
// clang-format on

#define DB "job"

enum { START = 1, LOOK, CANCEL, READ, LIST };

static struct bed *bed;
static struct client *ada, *guo, *guo_zh;

/* ---- asking ------------------------------------------------------------------------------ */

static Kehu__ServerFrame *
job_step(struct client *client, Kehu__Job request)
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;

	request.has_step = request.has_id = request.has_chunk = true;
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_JOB;
	frame.job = &request;
	return client_call(client, &frame);
}

static Kehu__ServerFrame *
job_ask(struct client *client, uint32_t step, int64_t id, uint32_t chunk)
{
	Kehu__Job request = KEHU__JOB__INIT;

	request.step = step;
	request.id = id;
	request.chunk = chunk;
	return job_step(client, request);
}

static Kehu__ServerFrame *
job_begin(struct client *client, const char *kind, const char *arguments)
{
	Kehu__Job request = KEHU__JOB__INIT;
	struct uuid intention = uuid_new();

	request.step = START;
	request.kind = arena_strdup(client->arena, kind);
	request.arguments = arena_strdup(client->arena, arguments);
	request.has_intention = true;
	request.intention.data = intention.bytes;
	request.intention.len = sizeof(intention.bytes);
	return job_step(client, request);
}

static const Kehu__JobAnswer *
expect_job(const Kehu__ServerFrame *answer)
{
	if (answer->answer_case == KEHU__SERVER_FRAME__ANSWER_ERROR)
		fail_msg("refused: %u %s", answer->error->code, answer->error->text);
	assert_int_equal(answer->answer_case, KEHU__SERVER_FRAME__ANSWER_JOB);
	return answer->job;
}

static int64_t
job_start(const char *kind, const char *arguments)
{
	const Kehu__JobAnswer *answer = expect_job(job_begin(guo, kind, arguments));

	assert_string_equal(answer->state, "waiting");
	assert_string_equal(answer->kind, kind);
	return answer->id;
}

static bool
job_is(int64_t id, const char *condition)
{
	return pg_int(DB, "SELECT count(*) FROM job WHERE id = %" PRId64 " AND %s", id, condition) == 1;
}

/* Until the row says so; half a minute at most. */
static void
job_wait(int64_t id, const char *condition)
{
	for (int i = 0; i < 600; i++) {
		if (job_is(id, condition))
			return;
		usleep(50000);
	}
	fail_msg("job never: %s; it is %s", condition,
	    pg_exec(DB, "SELECT row_to_json(j)::text FROM job j WHERE id = %" PRId64, id));
}

/* All that a demo company brought; what company.h made has low ids. */
static void
forget_demo(void)
{
	/* External users belong to a customer; those here do not, and are not to go with them. */
	pg_exec(DB, "ALTER TABLE users DROP CONSTRAINT IF EXISTS users_company_id_fkey;"
		    "TRUNCATE account_review, reading, customer, customer_figures, customer_search, contact, contact_search, visit,"
		    " competitor, lead, opportunity, product, price_list, approval, message, work_report, target, service_team,"
		    " reminder, currency_rate, discount_limit"
		    " CASCADE;"
		    "UPDATE department SET manager_id = NULL; UPDATE users SET superior_id = NULL;"
		    "DELETE FROM pool_member WHERE id >= 1000; TRUNCATE pool_rule;"
		    "DELETE FROM pool WHERE id >= 1000;"
		    "DELETE FROM tag WHERE id >= 1000; DELETE FROM saved_view WHERE id >= 1000;"
		    "DELETE FROM user_role WHERE user_id >= 1000; DELETE FROM users WHERE id >= 1000;"
		    "DELETE FROM department WHERE id >= 1000; DELETE FROM branch WHERE id >= 1000");
}

static int
job_setup(void **state)
{
	bed = bed_new(DB);
	ada = client_new(bed, "ada", LANG_EN);
	guo = client_new(bed, "guo", LANG_EN);
	guo_zh = client_new(bed, "guo", LANG_ZH);
	return 0;
}

static int
job_teardown(void **state)
{
	client_free(ada);
	client_free(guo);
	client_free(guo_zh);
	bed_free(bed);
	return 0;
}

static const Kehu__JobAnswer *
job_list(struct client *client, uint32_t limit, int64_t before)
{
	Kehu__Job request = KEHU__JOB__INIT;
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;

	request.has_step = request.has_limit = true;
	request.step = LIST;
	request.limit = limit;
	request.has_id = before != 0;
	request.id = before;
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_JOB;
	frame.job = &request;
	return expect_job(client_call(client, &frame));
}

/* ---- one job, from start to result ------------------------------------------------------- */

static void
a_demo_company_is_made_and_its_people_can_sign_in(void **state)
{
	int64_t id = job_start("demo", "customers=200 seed=7");
	const Kehu__JobAnswer *answer;
	struct client *seller;
	char login[64], role[64], password[64];
	const char *people;

	job_wait(id, "state = 'done'");
	answer = expect_job(job_ask(guo, LOOK, id, 0));
	assert_string_equal(answer->state, "done");
	assert_non_null(strstr(answer->text, "200 customers"));
	assert_int_equal(answer->done, answer->total);
	assert_int_equal(answer->chunks, 1);
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM customer"), 200);
	answer = expect_job(job_ask(guo, READ, id, 0));
	people = arena_strndup(guo->arena, (const char *)answer->data.data, answer->data.len);
	/* login, role, name, id, password */
	assert_int_equal(sscanf(people, "%63s %63s %*s %*s %63s", login, role, password), 3);
	assert_string_equal(role, "account_manager");
	seller = client_stranger(bed, LANG_ZH);
	link_login(seller->link, login, password, NULL);
	assert_int_equal(link_wait(seller->link, BED_WAIT_MS), ERR_OK);
	assert_true(client_list(seller, E_customer, "")->page->n_rows > 0);
	client_free(seller);
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM audit WHERE request = 'job' AND action = 'demo'"
				    " AND record_id = %" PRId64, id),
	    1);
	expect_error(job_ask(guo, READ, id, 1), ERR_NO_SUCH_RECORD, 0);
}

static void
a_job_that_cannot_be_done_says_why(void **state)
{
	int64_t id = job_start("demo", "customers=10"), bad, zh;
	const Kehu__JobAnswer *answer;

	job_wait(id, "state = 'failed'");
	answer = expect_job(job_ask(guo, LOOK, id, 0));
	assert_non_null(strstr(answer->text, "There are customers already"));
	bad = job_start("demo", "customers=many");
	job_wait(bad, "state = 'failed'");
	assert_non_null(strstr(expect_job(job_ask(guo, LOOK, bad, 0))->text, "customers must be"));
	assert_int_equal(pg_int(DB, "SELECT attempts FROM job WHERE id = %" PRId64, bad), 1);
	/* in the language it was asked in */
	zh = expect_job(job_begin(guo_zh, "demo", "seed=x"))->id;
	job_wait(zh, "state = 'failed'");
	assert_non_null(strstr(expect_job(job_ask(guo_zh, LOOK, zh, 0))->text, "整数"));
}

/* Not at the next look of a worker with nothing to do, which comes a second after its last job. */
static void
a_job_starts_once_its_request_is_committed(void **state)
{
	int64_t last = 0, waited_ms;

	for (int i = 0; i < 5; i++) {
		last = job_start("demo", "customers=many");
		job_wait(last, "state = 'failed'");
	}
	waited_ms = pg_int(DB, "SELECT round(1000 * sum(extract(epoch FROM started_at - created_at)))"
			       " FROM (SELECT * FROM job WHERE id <= %" PRId64
			       " ORDER BY id DESC LIMIT 5) j", last);
	print_message("# 5 starts waited %" PRId64 " ms\n", waited_ms);
	assert_in_range(waited_ms, 0, 2500);
}

/* ---- rights ------------------------------------------------------------------------------ */

static void
only_administrators_start_a_demo(void **state)
{
	expect_error(job_begin(ada, "demo", "customers=10"), ERR_FORBIDDEN, 0);
	expect_error(job_begin(guo, "nonsense", ""), ERR_NO_SUCH_ACTION, 0);
	/* kinds that another request begins */
	expect_error(job_begin(guo, "import", ""), ERR_NO_SUCH_ACTION, 0);
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM job WHERE created_by = %d", USER_ADA), 0);
}

static void
a_start_without_an_intention_is_refused(void **state)
{
	Kehu__Job request = KEHU__JOB__INIT;
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__ServerFrame *answer;
	struct uuid intention = { { 0 } };

	request.has_step = true;
	request.step = START;
	request.kind = arena_strdup(guo->arena, "demo");
	/* link fills in a missing one, so a wrong one stands for it */
	request.has_intention = true;
	request.intention.data = intention.bytes;
	request.intention.len = sizeof(intention.bytes);
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_JOB;
	frame.job = &request;
	answer = client_call(guo, &frame);
	expect_error(answer, ERR_BAD_REQUEST, 0);
	expect_error(job_ask(guo, 9, 1, 0), ERR_BAD_REQUEST, 0);
}

static void
jobs_of_others_are_seen_by_administrators_only(void **state)
{
	int64_t id = pg_int(DB, "INSERT INTO job (kind, state, created_by) VALUES ('old', 'done', %d)"
				" RETURNING id", USER_DAN);
	int64_t own = pg_int(DB, "INSERT INTO job (kind, state, created_by, text) VALUES ('old', 'done',"
				 " %d, 'fine') RETURNING id", USER_ADA);

	expect_error(job_ask(ada, LOOK, id, 0), ERR_NO_SUCH_RECORD, 0);
	expect_error(job_ask(ada, CANCEL, id, 0), ERR_NO_SUCH_RECORD, 0);
	expect_error(job_ask(ada, READ, id, 0), ERR_NO_SUCH_RECORD, 0);
	assert_string_equal(expect_job(job_ask(ada, LOOK, own, 0))->text, "fine");
	assert_string_equal(expect_job(job_ask(guo, LOOK, id, 0))->state, "done");
	/* and listed so, the newest first, page by page */
	assert_int_equal(job_list(ada, 10, 0)->n_jobs, 1);
	assert_int_equal(job_list(ada, 10, 0)->jobs[0]->id, own);
	assert_string_equal(job_list(ada, 10, 0)->jobs[0]->user_label, "Ada");
	assert_int_equal(job_list(ada, 10, own)->n_jobs, 0);
	assert_int_equal(job_list(guo, 2, 0)->n_jobs, 2);
	assert_int_equal(job_list(guo, 1, 0)->jobs[0]->id, own);
	assert_int_equal(job_list(guo, 1, own)->jobs[0]->id, id);
	assert_string_equal(job_list(guo, 1, own)->jobs[0]->user_label, "Dan");
}

static void
a_job_of_somebody_disabled_since_fails(void **state)
{
	int64_t id = pg_int(DB, "INSERT INTO job (kind, arguments, created_by) VALUES ('demo',"
				" 'lang=en', %d) RETURNING id", USER_FAY);

	job_wait(id, "state = 'failed'");
	assert_true(job_is(id, "error = 3001"));
}

/* ---- cancelling -------------------------------------------------------------------------- */

static void
a_waiting_job_is_cancelled_at_once(void **state)
{
	int64_t id = pg_int(DB, "INSERT INTO job (kind, created_by, lease_until) VALUES ('demo', %d,"
				" now() + interval '1 hour') RETURNING id", USER_GUO);

	assert_string_equal(expect_job(job_ask(guo, CANCEL, id, 0))->state, "cancelled");
	/* and stays so */
	assert_string_equal(expect_job(job_ask(guo, CANCEL, id, 0))->state, "cancelled");
	assert_true(job_is(id, "finished_at IS NOT NULL"));
}

static void
a_running_job_is_cancelled_and_leaves_nothing(void **state)
{
	int64_t id;

	forget_demo();
	id = job_start("demo", "customers=40000");
	job_wait(id, "state = 'running' AND done > 0");
	assert_string_equal(expect_job(job_ask(guo, CANCEL, id, 0))->state, "running");
	job_wait(id, "state = 'cancelled'");
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM customer"), 0);
}

/* ---- servers that die -------------------------------------------------------------------- */

static void
a_job_goes_on_where_another_server_died(void **state)
{
	int64_t id;

	forget_demo();
	id = job_start("demo", "customers=3000");
	job_wait(id, "state = 'running' AND done > 0");
	bed_kill(bed, SIGKILL);
	assert_true(job_is(id, "state = 'running' AND lease_until > now()"));
	bed_start(bed);
	/* its lease still runs: nobody takes it */
	usleep(1500000);
	assert_true(job_is(id, "attempts = 1"));
	pg_exec(DB, "UPDATE job SET lease_until = now() WHERE id = %" PRId64, id);
	job_wait(id, "state = 'done'");
	assert_true(job_is(id, "attempts = 2"));
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM customer"), 3000);
}

static void
a_server_that_stops_in_order_hands_its_job_back(void **state)
{
	int64_t id;

	forget_demo();
	id = job_start("demo", "customers=40000");
	job_wait(id, "state = 'running' AND done > 0");
	bed_kill(bed, SIGTERM);
	assert_true(job_is(id, "state = 'waiting' AND attempts = 0 AND lease_until IS NULL"));
	pg_exec(DB, "UPDATE job SET arguments = 'customers=20' WHERE id = %" PRId64, id);
	bed_start(bed);
	job_wait(id, "state = 'done' AND attempts = 1");
}

static void
a_job_is_given_up_after_three_attempts(void **state)
{
	int64_t id = pg_int(DB, "INSERT INTO job (kind, arguments, created_by, state, attempts, lease_until)"
				" VALUES ('demo', 'lang=en', %d, 'running', 3, now()) RETURNING id", USER_GUO);

	job_wait(id, "state = 'failed'");
	assert_non_null(strstr(expect_job(job_ask(guo, LOOK, id, 0))->text, "3 times"));
}

static void
kinds_of_a_newer_server_wait_for_it(void **state)
{
	int64_t unknown = pg_int(DB, "INSERT INTO job (kind, created_by) VALUES ('tomorrow', %d)"
				     " RETURNING id", USER_GUO);
	int64_t known = job_start("demo", "seed=x");

	job_wait(known, "state = 'failed'");
	assert_true(job_is(unknown, "state = 'waiting' AND attempts = 0"));
	pg_exec(DB, "DELETE FROM job WHERE id = %" PRId64, unknown);
}

static void
two_servers_run_each_job_once(void **state)
{
	bed_second(bed);
	pg_exec(DB, "INSERT INTO job (kind, arguments, created_by) SELECT 'demo', 'twice=1 seed=x', %d"
		    " FROM generate_series(1, 8)", USER_GUO);
	for (int i = 0; i < 600; i++) {
		if (pg_int(DB, "SELECT count(*) FROM job WHERE arguments LIKE 'twice%%' AND state = 'failed'") == 8)
			break;
		usleep(50000);
	}
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM job WHERE arguments LIKE 'twice%%' AND attempts = 1"
				    " AND state = 'failed'"),
	    8);
	/* both had their share: host, process, claim */
	assert_int_equal(pg_int(DB, "SELECT count(DISTINCT split_part(worker, ' ', 2)) FROM job"
				    " WHERE arguments LIKE 'twice%%'"),
	    2);
}

static void
old_jobs_are_purged(void **state)
{
	int64_t id = pg_int(DB, "INSERT INTO job (kind, state, finished_at) VALUES ('old', 'done',"
				" now() - interval '31 days') RETURNING id");

	pg_exec(DB, "INSERT INTO job_chunk VALUES (%" PRId64 ", 0, 'x');"
		    "SET ROLE kehu_owner; SELECT kehu_partitions()", id);
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM job WHERE id = %" PRId64, id), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_demo_company_is_made_and_its_people_can_sign_in),
		cmocka_unit_test(a_job_that_cannot_be_done_says_why),
		cmocka_unit_test(a_job_starts_once_its_request_is_committed),
		cmocka_unit_test(only_administrators_start_a_demo),
		cmocka_unit_test(a_start_without_an_intention_is_refused),
		cmocka_unit_test(jobs_of_others_are_seen_by_administrators_only),
		cmocka_unit_test(a_job_of_somebody_disabled_since_fails),
		cmocka_unit_test(a_waiting_job_is_cancelled_at_once),
		cmocka_unit_test(a_running_job_is_cancelled_and_leaves_nothing),
		cmocka_unit_test(a_job_goes_on_where_another_server_died),
		cmocka_unit_test(a_job_is_given_up_after_three_attempts),
		cmocka_unit_test(kinds_of_a_newer_server_wait_for_it),
		cmocka_unit_test(a_server_that_stops_in_order_hands_its_job_back),
		cmocka_unit_test(old_jobs_are_purged),
		cmocka_unit_test(two_servers_run_each_job_once),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, job_setup, job_teardown);
}
