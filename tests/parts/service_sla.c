/*
 * Service levels: moments on working time, the pause while the customer is waited for, warning and breach.
 */
#include "common/date.h"
#include "server/entity/fields.h"
#include "tests/lib/pg.h"
#include "tests/parts/service.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
// clang-format off
#include <cmocka.h>
// clang-format on

#define MINUTE_US (INT64_C(60) * US_PER_SECOND)
#define WAIT_MS	  30000

static int64_t company_hours, level;

/* What a clock of a ticket has in a column, as text; "" when null. */
static const char *
clock_text(int64_t ticket, const char *kind, const char *column)
{
	return pg_exec(DB, "SELECT coalesce(%s::text, '') FROM ticket_clock WHERE ticket_id = %" PRId64 " AND kind = '%s'",
	    column, ticket, kind);
}

/* 2026-11-20 17:00 at Shanghai, a Friday, and minutes. */
static int64_t
friday(int64_t minutes)
{
	return INT64_C(1795165200) * US_PER_SECOND + minutes * MINUTE_US;
}

static int64_t
at_of(int64_t ticket, const char *kind)
{
	return pg_int(DB, "SELECT (extract(epoch FROM due_at) * 1000000)::bigint FROM ticket_clock WHERE ticket_id = %" PRId64
			  " AND kind = '%s'", ticket, kind);
}

static int64_t
make_promised(const char *subject, int64_t opened_us)
{
	static int made;
	const char *phone = arena_printf(bed->arena, "021-5566 79%02d", made++);

	return expect_written(client_save(sue, E_ticket, 0, 0,
		SENT(NUMBER_OF(F_ticket_customer_id, make_customer(subject, phone)), TEXT_OF(F_ticket_subject, subject),
		    TEXT_OF(F_ticket_kind, "return"), TEXT_OF(F_ticket_priority, "p2"), NUMBER_OF(F_ticket_opened_at, opened_us)), NULL))->id;
}

static void
service_level_is_set_up(void **state)
{
	pg_exec(DB, "INSERT INTO work_calendar (id, name, name_key, hours, zone) VALUES (401, '服务', 'f', "
		    "'1-5 09:00-12:00 13:30-18:00', 'Asia/Shanghai'), (402, '全天', 'q', '1-7 00:00-24:00', 'Europe/Berlin'); "
		    "INSERT INTO holiday (name, name_key, day, working) VALUES ('停电', 't', '2026-11-24', false), "
		    "('补班', 'b', '2026-11-21', true); UPDATE state SET access_epoch = access_epoch + 1");
	company_hours = 401;
	expect_error(client_save(sue, E_sla, 0, 0, SENT(TEXT_OF(F_sla_name, "x"), NUMBER_OF(F_sla_solve_min, 60)), NULL), ERR_FORBIDDEN, 0);
	struct client *guo = client_new(bed, "guo", LANG_ZH);
	expect_error(client_save(guo, E_sla, 0, 0, SENT(TEXT_OF(F_sla_name, "x")), NULL), ERR_REQUIRED, F_sla_solve_min);
	expect_error(client_save(guo, E_sla, 0, 0, SENT(TEXT_OF(F_sla_name, "x"), NUMBER_OF(F_sla_solve_min, 0)), NULL),
	    ERR_INVALID, F_sla_solve_min);
	expect_error(client_save(guo, E_sla, 0, 0, SENT(TEXT_OF(F_sla_name, "x"), NUMBER_OF(F_sla_solve_min, 60),
	    NUMBER_OF(F_sla_warn_percent, 101)), NULL), ERR_INVALID, F_sla_warn_percent);
	expect_written(client_save(guo, E_sla, 0, 0, SENT(TEXT_OF(F_sla_name, "退换"), TEXT_OF(F_sla_kind, "return"),
	    NUMBER_OF(F_sla_solve_min, 9000), NUMBER_OF(F_sla_calendar_id, 402), NUMBER_OF(F_sla_active, 1)), NULL));
	level = expect_written(client_save(guo, E_sla, 0, 0, SENT(TEXT_OF(F_sla_name, "退换紧急"), TEXT_OF(F_sla_kind, "return"),
	    TEXT_OF(F_sla_priority, "p2"), NUMBER_OF(F_sla_answer_min, 30), NUMBER_OF(F_sla_on_site_min, 120),
	    NUMBER_OF(F_sla_solve_min, 1020), NUMBER_OF(F_sla_calendar_id, company_hours), NUMBER_OF(F_sla_warn_percent, 50),
	    NUMBER_OF(F_sla_active, 1)), NULL))->id;
	client_free(guo);
}

/* 450 minutes a day: Friday 17:00 + 60 to 18:00; Saturday is worked; Tuesday is a holiday. */
static void
moments_are_counted_on_working_time_and_stored(void **state)
{
	int64_t ticket = make_promised("时限客户有限公司", friday(0));

	assert_int_equal(number_of(sue, E_ticket, ticket, F_ticket_sla_id), level);
	assert_int_equal(at_of(ticket, "answer"), friday(30));
	assert_int_equal(at_of(ticket, "on_site"), friday(17 * 60)); /* Saturday 10:00 */
	/* 60 Friday, 450 Saturday, 450 Monday, 60 of Wednesday: 10:00 */
	assert_int_equal(at_of(ticket, "solve"), friday(4 * 24 * 60 + 17 * 60));
	assert_int_equal(number_of(sue, E_ticket, ticket, F_ticket_due_at), friday(30));
	/* another priority, another promise; summer time ended in between */
	expect_written(client_save(sue, E_ticket, ticket, record_of(sue, E_ticket, ticket)->version,
	    SENT(TEXT_OF(F_ticket_priority, "p4")), NULL));
	assert_string_equal(pg_exec(DB, "SELECT kehu_zone_offsets('Europe/Berlin', '2026-10-20 00:00+00', 30)"),
	    "0:120 1792890000000000:60");
	expect_written(client_act(sue, E_ticket, ticket, "cancel", SENT(TEXT_OF(1, "x"))));
	assert_string_equal(clock_text(ticket, "solve", "alarm_at"), "");
}

static void
clocks_stand_while_the_customer_is_waited_for(void **state)
{
	int64_t now = date_now_us(), ticket, left;

	/* round the clock from here on, whatever day it is run on */
	pg_exec(DB, "DELETE FROM holiday; UPDATE sla SET calendar_id = 402 WHERE id = %" PRId64
		    "; UPDATE state SET access_epoch = access_epoch + 1", level);
	ticket = make_promised("暂停客户有限公司", now - 10 * MINUTE_US);
	expect_written(client_act(sue, E_ticket, ticket, "wait", SENT(TEXT_OF(1, "等照片"))));
	assert_string_equal(clock_text(ticket, "answer", "state"), "met");
	assert_string_equal(clock_text(ticket, "solve", "state"), "paused");
	assert_int_equal(number_of(sue, E_ticket, ticket, F_ticket_due_at), 0);
	left = pg_int(DB, "SELECT left_min FROM ticket_clock WHERE ticket_id = %" PRId64 " AND kind = 'solve'", ticket);
	assert_in_range(left, 1008, 1010);
	/* two days later it goes on as far from its end as it was */
	pg_exec(DB, "UPDATE ticket_clock SET due_at = due_at - interval '2 days' WHERE ticket_id = %" PRId64, ticket);
	expect_written(client_act(sue, E_ticket, ticket, "resume", NULL));
	assert_in_range(at_of(ticket, "solve"), now + (left - 1) * MINUTE_US, now + (left + 2) * MINUTE_US);
	expect_written(client_act(sue, E_ticket, ticket, "on_site", NULL));
	assert_string_equal(clock_text(ticket, "on_site", "state"), "met");
	expect_error(client_act(sue, E_ticket, ticket, "on_site", NULL), ERR_WRONG_STATE, 0);
	expect_written(client_act(sue, E_ticket, ticket, "solve", SENT(TEXT_OF(1, "好"))));
	assert_string_equal(clock_text(ticket, "solve", "state"), "met");
	assert_int_equal(number_of(sue, E_ticket, ticket, F_ticket_late), 0);
	/* rated badly, the time to solve it begins anew */
	expect_written(client_act(sue, E_ticket, ticket, "rate", SENT(NUMBER_OF(1, 2))));
	assert_in_range(at_of(ticket, "solve"), now + 1019 * MINUTE_US, now + 1022 * MINUTE_US);
	assert_string_equal(clock_text(ticket, "solve", "state"), "running");
}

static void
await(int64_t ticket, const char *kind, const char *wanted)
{
	int64_t until = date_monotonic_us() + WAIT_MS * 1000;

	while (strcmp(clock_text(ticket, kind, "state || (alarm_at = due_at)::text"), wanted) != 0 &&
	       strcmp(clock_text(ticket, kind, "state"), wanted) != 0) {
		if (date_monotonic_us() > until)
			fail_msg("no clock came to be %s", wanted);
		usleep(100000);
	}
}

static void
handler_is_warned_and_a_broken_promise_escalated_once(void **state)
{
	int64_t ticket = make_promised("超时客户有限公司", date_now_us());
	int second = bed_second(bed);

	assert_true(second > 0);
	pg_exec(DB, "UPDATE ticket_clock SET alarm_at = now() WHERE kind = 'answer' AND ticket_id = %" PRId64, ticket);
	await(ticket, "answer", "runningtrue");
	assert_non_null(strstr(last_message(sue), "即将超时（首次答复）"));
	pg_exec(DB, "UPDATE ticket_clock SET due_at = now() - interval '1 minute', alarm_at = now() "
		    "WHERE kind = 'answer' AND ticket_id = %" PRId64, ticket);
	await(ticket, "answer", "breached");
	assert_int_equal(number_of(sue, E_ticket, ticket, F_ticket_escalated), 1);
	assert_int_equal(number_of(sue, E_ticket, ticket, F_ticket_late), 1);
	assert_string_equal(text_of(sue, E_ticket, ticket, F_ticket_priority), "p1");
	assert_non_null(strstr(last_message(sue), "超时"));
	expect_written(client_act(sue, E_ticket, ticket, "answer", SENT(TEXT_OF(1, "抱歉"))));
	assert_string_equal(clock_text(ticket, "answer", "state"), "missed");
	/* what breaks next comes first */
	assert_true(client_list(sue, E_ticket, "has:due_at sort:due_at")->page->n_rows > 0);
}

int
service_levels(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(service_level_is_set_up),
		cmocka_unit_test(moments_are_counted_on_working_time_and_stored),
		cmocka_unit_test(clocks_stand_while_the_customer_is_waited_for),
		cmocka_unit_test(handler_is_warned_and_a_broken_promise_escalated_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
