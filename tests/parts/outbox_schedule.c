/*
 * Scheduled reports, as tests/server/outbox.c runs them: made at their time, once, in their owner's rights, kept and
 * mailed.
 */
#include "common/date.h"
#include "server/entity/fields.h"
#include "tests/lib/pg.h"
#include "tests/parts/outbox.h"

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

static int64_t
schedule(struct client *client, const char *report, const char *parameters, const char *format, const char *receivers)
{
	return expect_written(client_save(client, E_report_schedule, 0, 0,
		SENT(TEXT_OF(F_report_schedule_name, "周报 Weekly"), TEXT_OF(F_report_schedule_report, report),
		    TEXT_OF(F_report_schedule_parameters, parameters), TEXT_OF(F_report_schedule_format, format),
		    TEXT_OF(F_report_schedule_time, "8:30"), TEXT_OF(F_report_schedule_receivers, receivers)),
		NULL))
	    ->id;
}

/* The newest run of a schedule, after one, once it has ended. */
static int64_t
schedule_ended(int64_t id, int64_t after)
{
	int64_t until = date_monotonic_us() + BED_WAIT_MS * INT64_C(1000);

	while (date_monotonic_us() < until) {
		int64_t run = pg_int(DB, "SELECT coalesce(max(id), 0) FROM report_run WHERE schedule_id = %" PRId64 " AND id > %" PRId64 " AND state <> 'running'", id, after);

		if (run != 0)
			return run;
		usleep(50000);
	}
	fail_msg("no run of %" PRId64 " ended: %s", id,
	    pg_exec(DB, "SELECT string_agg(kind || ' ' || state || ' ' || coalesce(text, ''), '; ') FROM job"));
	return 0;
}

static const char *
run_text(int64_t run)
{
	return pg_exec(DB, "SELECT state || ': ' || coalesce(text, '') FROM report_run WHERE id = %" PRId64, run);
}

void
scheduled_report_reaches_its_receivers_once(void **state)
{
	size_t before = smtp_count(smtp);
	int64_t id, run;
	const char *mail;

	pg_exec(DB, "UPDATE users SET mail = 'ada@kehu.example' WHERE name = 'ada'");
	pg_exec(DB, "UPDATE users SET mail = NULL WHERE name = 'ben'");
	id = schedule(eve, "customer_composition", "by=customer.type", "pdf", "ada， boss@out.example;ben");
	assert_string_equal(pg_exec(DB, "SELECT receivers || ' ' || time FROM report_schedule WHERE id = %" PRId64, id),
	    "ada, boss@out.example, ben 08:30");
	/* the next Monday at half past eight by the clock of her branch */
	assert_int_equal(pg_int(DB, "SELECT (extract(isodow FROM t) = 1 AND t::time = '08:30' AND next_at > now() AND next_at <= now() + "
		"interval '7 days')::integer FROM report_schedule, LATERAL (SELECT next_at AT TIME ZONE 'UTC' + kehu_branch_offset(branch_id) AS t) x WHERE id = %" PRId64, id), 1);
	/* two servers look at once */
	(void)bed_second(bed);
	pg_exec(DB, "UPDATE report_schedule SET next_at = now() - interval '1 minute' WHERE id = %" PRId64, id);
	run = schedule_ended(id, 0);
	assert_string_equal(run_text(run), "done: 无邮箱 / no address: ben");
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM report_run WHERE schedule_id = %" PRId64, id), 1);
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM outgoing WHERE anchor_entity = %d AND anchor_id = %" PRId64, E_report_run, run), 2);
	for (int i = 0; i < 2; i++)
		expect_state(pg_int(DB, "SELECT id FROM outgoing WHERE anchor_id = %" PRId64 " ORDER BY address LIMIT 1 OFFSET %d", run, i), "sent");
	assert_int_equal(smtp_count(smtp), before + 2);
	mail = smtp_mail(smtp, before);
	assert_non_null(strstr(mail, "application/pdf"));
	assert_non_null(strstr(mail, "filename=\"customer_composition-"));
	assert_non_null(strstr(mail, "JVBERi0")); /* %PDF- */
	/* the very bytes are kept, and are its owner's alone */
	assert_int_equal(pg_int(DB, "SELECT (a.bytes = length(o.data) AND a.sha256 = encode(sha256(o.data), 'hex') AND a.bytes = r.bytes)::integer "
		"FROM report_run r JOIN attachment a ON a.anchor_id = r.id JOIN outgoing g ON g.anchor_id = r.id JOIN outgoing_file o ON o.outgoing_id = g.id "
		"WHERE r.id = %" PRId64 " LIMIT 1", run), 1);
	assert_int_not_equal(client_get(eve, E_report_run, run)->answer_case, KEHU__SERVER_FRAME__ANSWER_ERROR);
	expect_error(client_get(ada, E_report_run, run), ERR_NO_SUCH_RECORD, 0);
	/* a job that is run again because nobody heard of its end sends nothing again */
	pg_exec(DB, "UPDATE job SET state = 'waiting', finished_at = NULL WHERE id = (SELECT job FROM report_run WHERE id = %" PRId64 ")", run);
	expect_written(client_act(eve, E_report_schedule, id, "run", NULL));
	assert_int_not_equal(schedule_ended(id, run), 0);
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM outgoing WHERE anchor_id = %" PRId64, run), 2);
}

void
scheduled_report_is_made_in_its_owners_rights(void **state)
{
	int64_t id, run, of_ada, of_eve;

	pg_exec(DB, "UPDATE users SET mail = 'ada@kehu.example' WHERE name = 'ada'");
	/* who may not export mails nothing to addresses outside, and no CSV */
	expect_error(client_save(ada, E_report_schedule, 0, 0,
	    SENT(TEXT_OF(F_report_schedule_name, "x"), TEXT_OF(F_report_schedule_report, "customer_list"),
		TEXT_OF(F_report_schedule_receivers, "me@out.example")), NULL), ERR_FORBIDDEN, F_report_schedule_receivers);
	expect_error(client_save(ada, E_report_schedule, 0, 0,
	    SENT(TEXT_OF(F_report_schedule_name, "x"), TEXT_OF(F_report_schedule_report, "customer_list"),
		TEXT_OF(F_report_schedule_format, "csv")), NULL), ERR_FORBIDDEN, F_report_schedule_format);
	pg_exec(DB, "INSERT INTO customer (name, name_key, type, stage, level, number, owner_id, department_id, branch_id) VALUES "
		"('西部的客户', 'xibu', 'company', 'potential', 'A', 'W-1', %d, %d, %d)", USER_DAN, DEPT_WEST, BRANCH_WEST);
	id = schedule(ada, "customer_list", "", "text", "ada");
	expect_written(client_act(ada, E_report_schedule, id, "run", NULL));
	of_ada = schedule_ended(id, 0);
	assert_string_equal(run_text(of_ada), "done: ");
	id = schedule(eve, "customer_list", "", "text", "");
	expect_written(client_act(eve, E_report_schedule, id, "run", NULL));
	of_eve = schedule_ended(id, 0);
	assert_int_equal(pg_int(DB, "SELECT rows FROM report_run WHERE id = %" PRId64, of_ada),
	    pg_int(DB, "SELECT count(*) FROM customer WHERE owner_id = %d AND deleted_at IS NULL", USER_ADA));
	assert_int_equal(pg_int(DB, "SELECT rows FROM report_run WHERE id = %" PRId64, of_eve),
	    pg_int(DB, "SELECT count(*) FROM customer WHERE deleted_at IS NULL"));
	/* another's cannot be changed nor run; whose right went has no more reports */
	expect_error(client_act(ada, E_report_schedule, id, "run", NULL), ERR_NO_SUCH_RECORD, 0);
	pg_exec(DB, "UPDATE report_schedule SET receivers = 'x@out.example' WHERE owner_id = %d", USER_ADA);
	id = pg_int(DB, "SELECT max(id) FROM report_schedule WHERE owner_id = %d", USER_ADA);
	expect_written(client_act(ada, E_report_schedule, id, "run", NULL));
	run = schedule_ended(id, of_ada);
	assert_non_null(strstr(run_text(run), "failed: "));
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM outgoing WHERE anchor_id = %" PRId64, run), 0);
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM message WHERE owner_id = %d AND anchor_id = %" PRId64, USER_ADA, run), 1);
}

void
schedule_says_what_is_wrong_with_it(void **state)
{
	static const struct {
		const char *report, *parameters, *period, *time, *receivers;
		uint32_t field;
	} bad[] = {
		{ "no_such", "", "", "8:00", "", F_report_schedule_report },
		{ "customer_list", "colour=red", "", "8:00", "", F_report_schedule_parameters },
		{ "customer_list", "level=\"A", "", "8:00", "", F_report_schedule_parameters },
		{ "customer_list", "level=ZZ", "", "8:00", "", F_report_schedule_parameters },
		{ "customer_list", "level", "", "8:00", "", F_report_schedule_parameters },
		{ "staff_ranking", "from=yesterday to=-30d", "", "8:00", "", F_report_schedule_parameters },
		{ "customer_list", "", "last_month", "8:00", "", F_report_schedule_parameters },
		{ "customer_list", "", "", "25:00", "", F_report_schedule_time },
		{ "customer_list", "", "", "8:00", "nobody", F_report_schedule_receivers },
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		expect_error(client_save(eve, E_report_schedule, 0, 0,
		    SENT(TEXT_OF(F_report_schedule_name, "x"), TEXT_OF(F_report_schedule_report, bad[i].report),
			TEXT_OF(F_report_schedule_parameters, bad[i].parameters), TEXT_OF(F_report_schedule_period, bad[i].period),
			TEXT_OF(F_report_schedule_time, bad[i].time), TEXT_OF(F_report_schedule_receivers, bad[i].receivers)),
		    NULL), ERR_INVALID, bad[i].field);
	/* times: the last of a short month, working days around a holiday, a clock west of UTC */
	assert_string_equal(pg_exec(DB, "SELECT kehu_report_next('month', 31, '06:00', '8 hours', '2027-01-31T01:00Z') AT TIME ZONE 'UTC'"), "2027-02-27 22:00:00");
	assert_string_equal(pg_exec(DB, "SELECT kehu_report_next('workday', NULL, '09:00', '0', '2026-11-27T10:00Z') AT TIME ZONE 'UTC'"), "2026-11-30 09:00:00");
	assert_string_equal(pg_exec(DB, "SELECT kehu_report_next('day', NULL, '23:30', '-5 hours', '2026-11-27T10:00Z') AT TIME ZONE 'UTC'"), "2026-11-28 04:30:00");
	assert_string_equal(pg_exec(DB, "SELECT kehu_report_next('week', 7, '00:00', '0', '2026-11-29T00:00Z') AT TIME ZONE 'UTC'"), "2026-12-06 00:00:00");
}

void
kept_reports_expire(void **state)
{
	int64_t id = schedule(eve, "staff_ranking", "", "html", ""), run, until;

	expect_written(client_act(eve, E_report_schedule, id, "run", NULL));
	run = schedule_ended(id, 0);
	assert_string_equal(run_text(run), "done: ");
	pg_exec(DB, "UPDATE report_run SET expires_at = now() WHERE id = %" PRId64, run);
	until = date_monotonic_us() + BED_WAIT_MS * INT64_C(1000);
	while (date_monotonic_us() < until && strncmp(run_text(run), "expired", 7) != 0)
		usleep(50000);
	assert_string_equal(run_text(run), "expired: ");
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM attachment_chunk c JOIN attachment a ON a.id = c.attachment_id WHERE a.anchor_id = %" PRId64, run), 0);
}
