/*
 * Teams: who gets a ticket by the rule, who is passed over, and who hears of one that is escalated.
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
// clang-format off
#include <cmocka.h>
// clang-format on

#define DAY_US (INT64_C(86400) * US_PER_SECOND)

static int64_t team, of_tom, of_uma, shanghai, pudong, chengdu;

static int64_t
make_technician(int64_t user, const char *skill, int64_t region)
{
	return expect_written(client_save(dis, E_technician, 0, 0,
		SENT(NUMBER_OF(F_technician_user_id, user), NUMBER_OF(F_technician_team_id, team),
		    NUMBER_OF(F_technician_region_id, region), NUMBER_OF(F_technician_active, 1)),
		(const struct sent_line[]){ { .entity = E_technician_skill, .id = -1,
			.values = SENT(TEXT_OF(F_technician_skill_skill, skill)) }, { 0 } }))->id;
}

static int64_t
make_place(int64_t id, const char *name, int64_t above)
{
	pg_exec(DB, "INSERT INTO region (id, code, code_key, name, name_key, full_name, parent_id, level) "
		    "VALUES (%" PRId64 ", '9%" PRId64 "', '9', '%s', '%s', '%s', nullif(%" PRId64 ", 0), 1)",
	    id, id, name, name, name, above);
	return id;
}

/* A ticket that the agent took in for a customer in a region. */
static int64_t
take_in(int64_t customer, const char *subject, int64_t region)
{
	return expect_written(client_save(sue, E_ticket, 0, 0,
		SENT(NUMBER_OF(F_ticket_customer_id, customer), TEXT_OF(F_ticket_subject, subject),
		    TEXT_OF(F_ticket_kind, "installation"), NUMBER_OF(F_ticket_region_id, region)), NULL))->id;
}

static int64_t
handler_of(int64_t ticket)
{
	return number_of(sue, E_ticket, ticket, F_ticket_owner_id);
}

static void
team_is_set_up_with_its_people(void **state)
{
	shanghai = make_place(301, "上海", 0);
	pudong = make_place(302, "浦东", 301);
	chengdu = make_place(303, "成都", 0);
	pg_exec(DB, "UPDATE state SET access_epoch = access_epoch + 1");
	expect_error(client_save(sue, E_service_team, 0, 0, SENT(TEXT_OF(F_service_team_name, "x")), NULL), ERR_FORBIDDEN, 0);
	team = expect_written(client_save(dis, E_service_team, 0, 0,
		SENT(TEXT_OF(F_service_team_name, "上海安装队"), TEXT_OF(F_service_team_kind, "installation"),
		    NUMBER_OF(F_service_team_region_id, shanghai), NUMBER_OF(F_service_team_leader_id, USER_EVE),
		    NUMBER_OF(F_service_team_active, 1)), NULL))->id;
	of_tom = make_technician(USER_TOM, "goods", shanghai);
	of_uma = make_technician(USER_UMA, "goods", shanghai);
	assert_string_equal(text_of(dis, E_technician, of_tom, F_technician_name), "Tom");
	expect_error(client_save(dis, E_technician, 0, 0, SENT(NUMBER_OF(F_technician_user_id, USER_TOM)), NULL),
	    ERR_DUPLICATE, F_technician_user_id);
	expect_error(client_save(dis, E_technician, 0, 0, SENT(TEXT_OF(F_technician_company, "外包公司")), NULL),
	    ERR_REQUIRED, F_technician_name);
	expect_error(client_save(dis, E_technician, of_tom, record_of(dis, E_technician, of_tom)->version, NULL,
	    (const struct sent_line[]){ { .entity = E_technician_leave, .id = -1,
		.values = SENT(TEXT_OF(F_technician_leave_kind, "sick"), NUMBER_OF(F_technician_leave_from_at, DAY_US),
		    NUMBER_OF(F_technician_leave_until_at, DAY_US)) }, { 0 } }), ERR_INVALID, F_technician_leave_until_at);
}

static void
rule_gives_by_region_load_leave_and_who_had_the_customer(void **state)
{
	int64_t customer = make_customer("分派客户有限公司", "021-5566 7801"), first, second, third, now = date_now_us();

	pg_exec(DB, "UPDATE ticket SET state = 'closed' WHERE owner_id IN (%d, %d)", USER_TOM, USER_UMA);
	/* not given at once unless the team wants that; nobody takes this kind elsewhere */
	first = take_in(customer, "装第一台", pudong);
	assert_int_equal(handler_of(first), USER_SUE);
	second = take_in(customer, "成都安装", chengdu);
	expect_error(client_act(sue, E_ticket, second, "route", NULL), ERR_NO_TEAM, 0);
	expect_written(client_act(sue, E_ticket, first, "route", NULL));
	assert_int_equal(handler_of(first), USER_TOM);
	assert_int_equal(number_of(sue, E_ticket, first, F_ticket_team_id), team);
	assert_non_null(strstr(last_message(tom), "装第一台"));
	/* from now on at once: the second goes to who has less to do */
	expect_written(client_save(dis, E_service_team, team, record_of(dis, E_service_team, team)->version,
	    SENT(NUMBER_OF(F_service_team_automatic, 1)), NULL));
	second = take_in(make_customer("另一分派客户", "021-5566 7802"), "装第二台", pudong);
	assert_int_equal(handler_of(second), USER_UMA);
	/* but to who had the customer last, whatever there is to do */
	expect_written(client_act(tom, E_ticket, first, "solve", SENT(TEXT_OF(1, "装好"))));
	expect_written(client_act(sue, E_ticket, first, "reopen", SENT(TEXT_OF(1, "还差一台"))));
	expect_written(client_act(tom, E_ticket, first, "solve", SENT(TEXT_OF(1, "装好两台"))));
	pg_exec(DB, "UPDATE ticket SET owner_id = %d WHERE customer_id = %" PRId64 " AND subject = '成都安装'", USER_TOM, customer);
	third = take_in(customer, "装第三台", pudong);
	assert_int_equal(handler_of(third), USER_TOM);
	/* who is on leave gets none; a team's own keep what they take in */
	expect_written(client_save(dis, E_technician, of_tom, record_of(dis, E_technician, of_tom)->version, NULL,
	    (const struct sent_line[]){ { .entity = E_technician_leave, .id = -1,
		.values = SENT(TEXT_OF(F_technician_leave_kind, "leave"), NUMBER_OF(F_technician_leave_from_at, now - DAY_US),
		    NUMBER_OF(F_technician_leave_until_at, now + DAY_US)) }, { 0 } }));
	assert_int_equal(handler_of(take_in(customer, "装第四台", pudong)), USER_UMA);
	expect_written(client_act(sue, E_ticket, third, "route", NULL));
	assert_int_equal(handler_of(third), USER_UMA);
	expect_error(client_act(sue, E_ticket, third, "route", NULL), ERR_EMPTY, 0);
}

static void
ticket_waits_in_the_teams_queue_when_nobody_fits(void **state)
{
	int64_t ticket, version = record_of(dis, E_technician, of_uma)->version;

	expect_written(client_save(dis, E_technician, of_uma, (uint32_t)version, SENT(NUMBER_OF(F_technician_active, 0)), NULL));
	ticket = take_in(make_customer("无人可派客户", "021-5566 7803"), "装第五台", pudong);
	assert_int_equal(handler_of(ticket), USER_SUE);
	expect_error(client_act(sue, E_ticket, ticket, "route", NULL), ERR_NO_TECHNICIAN, 0);
	expect_written(client_save(dis, E_service_team, team, record_of(dis, E_service_team, team)->version,
	    SENT(NUMBER_OF(F_service_team_pool_id, POOL_WEST)), NULL));
	expect_written(client_act(sue, E_ticket, ticket, "route", NULL));
	assert_int_equal(handler_of(ticket), 0);
	assert_int_equal(number_of(sue, E_ticket, ticket, F_ticket_pool_id), POOL_WEST);
	expect_written(client_save(dis, E_technician, of_uma, (uint32_t)version + 1, SENT(NUMBER_OF(F_technician_active, 1)), NULL));
}

static void
escalated_ticket_is_more_urgent_and_its_leader_hears_of_it(void **state)
{
	int64_t ticket = take_in(make_customer("升级客户有限公司", "021-5566 7804"), "装第六台", pudong);

	expect_error(client_act(sue, E_ticket, ticket, "escalate", NULL), ERR_REQUIRED, 1);
	expect_written(client_act(sue, E_ticket, ticket, "escalate", SENT(TEXT_OF(1, "客户很急"))));
	assert_string_equal(text_of(sue, E_ticket, ticket, F_ticket_priority), "p2");
	assert_int_equal(number_of(sue, E_ticket, ticket, F_ticket_escalated), 1);
	assert_non_null(strstr(last_message(eve), "客户很急"));
	assert_non_null(strstr(last_message(uma), "Escalated"));
	expect_error(client_act(tom, E_ticket, ticket, "escalate", SENT(TEXT_OF(1, "x"))), ERR_NO_SUCH_RECORD, 0);
	expect_written(client_act(sue, E_ticket, ticket, "solve", SENT(TEXT_OF(1, "装好"))));
	expect_error(client_act(sue, E_ticket, ticket, "escalate", SENT(TEXT_OF(1, "x"))), ERR_WRONG_STATE, 0);
	/* the rule is at work no more in what follows */
	expect_written(client_save(dis, E_service_team, team, record_of(dis, E_service_team, team)->version,
	    SENT(NUMBER_OF(F_service_team_automatic, 0)), NULL));
}

int
service_teams(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(team_is_set_up_with_its_people),
		cmocka_unit_test(rule_gives_by_region_load_leave_and_who_had_the_customer),
		cmocka_unit_test(ticket_waits_in_the_teams_queue_when_nobody_fits),
		cmocka_unit_test(escalated_ticket_is_more_urgent_and_its_leader_hears_of_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
