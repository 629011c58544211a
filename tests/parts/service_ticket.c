/*
 * Tickets: filled from the phone and the serial number, handled, rated, merged; and what is refused.
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

#define HOUR_US (INT64_C(3600) * US_PER_SECOND)

static const char *
state_of(int64_t ticket)
{
	return text_of(sue, E_ticket, ticket, F_ticket_state);
}

static void
caller_is_found_by_the_phone(void **state)
{
	int64_t customer = make_customer("来电机械有限公司", "021-5566 7001"), other, ticket;
	int64_t person = expect_written(client_save(ada, E_contact, 0, 0,
		SENT(TEXT_OF(F_contact_name, "段小红"), NUMBER_OF(F_contact_customer_id, customer),
		    TEXT_OF(F_contact_mobile, "13955667002")), NULL))->id;

	ticket = expect_written(client_save(sue, E_ticket, 0, 0,
		SENT(TEXT_OF(F_ticket_phone, "139 5566 7002"), TEXT_OF(F_ticket_subject, "打印机不通电")), NULL))->id;
	assert_int_equal(number_of(sue, E_ticket, ticket, F_ticket_customer_id), customer);
	assert_int_equal(number_of(sue, E_ticket, ticket, F_ticket_contact_id), person);
	assert_string_equal(state_of(ticket), "new");
	ticket = expect_written(client_save(sue, E_ticket, 0, 0,
		SENT(TEXT_OF(F_ticket_phone, "02155667001"), TEXT_OF(F_ticket_subject, "问保修期")), NULL))->id;
	assert_int_equal(number_of(sue, E_ticket, ticket, F_ticket_customer_id), customer);
	assert_int_equal(number_of(sue, E_ticket, ticket, F_ticket_contact_id), 0);
	/* nobody, and more than one */
	expect_error(client_save(sue, E_ticket, 0, 0,
		SENT(TEXT_OF(F_ticket_phone, "02199990000"), TEXT_OF(F_ticket_subject, "x")), NULL),
	    ERR_REQUIRED, F_ticket_customer_id);
	expect_error(client_save(sue, E_ticket, 0, 0, SENT(TEXT_OF(F_ticket_subject, "x")), NULL),
	    ERR_REQUIRED, F_ticket_customer_id);
	other = make_customer("另一来电公司", "0512-11112222");
	pg_exec(DB, "UPDATE customer SET phone_digits = '02155667001' WHERE id = %" PRId64, other);
	expect_error(client_save(sue, E_ticket, 0, 0,
		SENT(TEXT_OF(F_ticket_phone, "02155667001"), TEXT_OF(F_ticket_subject, "x")), NULL),
	    ERR_DUPLICATE, F_ticket_customer_id);
	/* a customer that is not the asker's is not found by its phone */
	expect_error(client_save(dan, E_ticket, 0, 0,
		SENT(TEXT_OF(F_ticket_phone, "13955667002"), TEXT_OF(F_ticket_subject, "x")), NULL),
	    ERR_REQUIRED, F_ticket_customer_id);
}

static void
equipment_fills_the_ticket_and_shows_its_tickets(void **state)
{
	int64_t customer = make_customer("设备客户有限公司", "021-5566 7101");
	int64_t stranger = make_customer("别家设备有限公司", "021-5566 7102");
	int64_t equipment = expect_written(client_save(sue, E_equipment, 0, 0,
		SENT(NUMBER_OF(F_equipment_customer_id, customer), TEXT_OF(F_equipment_serial, "SN-7101"),
		    TEXT_OF(F_equipment_place, "三号车间")), NULL))->id, ticket;

	ticket = expect_written(client_save(sue, E_ticket, 0, 0,
		SENT(NUMBER_OF(F_ticket_customer_id, customer), TEXT_OF(F_ticket_serial, "SN-7101"),
		    TEXT_OF(F_ticket_subject, "异响")), NULL))->id;
	assert_int_equal(number_of(sue, E_ticket, ticket, F_ticket_equipment_id), equipment);
	assert_string_equal(text_of(sue, E_ticket, ticket, F_ticket_place), "三号车间");
	ticket = expect_written(client_save(sue, E_ticket, 0, 0,
		SENT(NUMBER_OF(F_ticket_equipment_id, equipment), TEXT_OF(F_ticket_subject, "漏油")), NULL))->id;
	assert_int_equal(number_of(sue, E_ticket, ticket, F_ticket_customer_id), customer);
	assert_string_equal(text_of(sue, E_ticket, ticket, F_ticket_serial), "SN-7101");
	assert_int_equal(list_count(sue, E_ticket, "serial:SN-7101"), 2);
	assert_int_equal(client_search(sue, "SN-7101")->search->n_hits, 3);
	expect_error(client_save(sue, E_ticket, 0, 0,
		SENT(NUMBER_OF(F_ticket_customer_id, stranger), NUMBER_OF(F_ticket_equipment_id, equipment),
		    TEXT_OF(F_ticket_subject, "x")), NULL), ERR_INVALID, F_ticket_equipment_id);
	/* one number is of one machine; a warranty does not end before it begins */
	expect_error(client_save(sue, E_equipment, 0, 0,
		SENT(NUMBER_OF(F_equipment_customer_id, stranger), TEXT_OF(F_equipment_serial, "SN-7101")), NULL),
	    ERR_DUPLICATE, F_equipment_serial);
	expect_error(client_save(sue, E_equipment, 0, 0,
		SENT(NUMBER_OF(F_equipment_customer_id, stranger), TEXT_OF(F_equipment_serial, "SN-7102"),
		    NUMBER_OF(F_equipment_warranty_until, 10)), NULL), ERR_INVALID, F_equipment_warranty_until);
	expect_written(client_act(sue, E_equipment, equipment, "retire", SENT(TEXT_OF(1, "报废"))));
	expect_error(client_act(sue, E_equipment, equipment, "retire", SENT(TEXT_OF(1, "报废"))), ERR_WRONG_STATE, 0);
	expect_written(client_act(sue, E_equipment, equipment, "return_to_use", NULL));
}

static void
ticket_is_handled_rated_badly_handled_again_and_archived(void **state)
{
	int64_t ticket = make_ticket(sue, make_customer("评分客户有限公司", "021-5566 7201"), "送来的货少了两箱", "complaint");
	const Kehu__Record *record;
	size_t moves = 0;

	expect_error(client_act(sue, E_ticket, ticket, "rate", SENT(NUMBER_OF(1, 5))), ERR_WRONG_STATE, 0);
	expect_written(client_act(sue, E_ticket, ticket, "answer", SENT(TEXT_OF(1, "今天查清"))));
	assert_string_equal(state_of(ticket), "open");
	assert_true(number_of(sue, E_ticket, ticket, F_ticket_answered_at) > 0);
	expect_written(client_act(sue, E_ticket, ticket, "wait", SENT(TEXT_OF(1, "等客户拍照"))));
	expect_written(client_act(sue, E_ticket, ticket, "resume", NULL));
	expect_error(client_act(sue, E_ticket, ticket, "solve", SENT(TEXT_OF(1, "已补发"))), ERR_REQUIRED, 2);
	expect_written(client_act(sue, E_ticket, ticket, "solve", SENT(TEXT_OF(1, "已补发"), TEXT_OF(2, "wrong_goods"))));
	expect_error(client_act(sue, E_ticket, ticket, "rate", SENT(NUMBER_OF(1, 7))), ERR_INVALID, 1);
	expect_error(client_act(sue, E_ticket, ticket, "rate", SENT(NUMBER_OF(1, 0))), ERR_INVALID, 1);
	assert_string_equal(state_of(ticket), "solved");
	expect_written(client_act(sue, E_ticket, ticket, "rate", SENT(NUMBER_OF(1, 2), TEXT_OF(2, "还差一箱"))));
	assert_string_equal(state_of(ticket), "open");
	assert_int_equal(number_of(sue, E_ticket, ticket, F_ticket_reopened), 1);
	assert_int_equal(number_of(sue, E_ticket, ticket, F_ticket_solved_at), 0);
	expect_written(client_act(sue, E_ticket, ticket, "solve", SENT(TEXT_OF(1, "全部补齐"))));
	expect_written(client_act(sue, E_ticket, ticket, "rate", SENT(NUMBER_OF(1, 3))));
	assert_string_equal(state_of(ticket), "closed");
	/* archived it is only acted on, and all of its history is there */
	record = record_of(sue, E_ticket, ticket);
	for (size_t i = 0; i < record->n_lines; i++)
		moves += record->lines[i]->entity == E_ticket_move;
	assert_int_equal(moves, 8);
	expect_error(client_save(sue, E_ticket, ticket, record->version, SENT(TEXT_OF(F_ticket_subject, "x")), NULL),
	    ERR_WRONG_STATE, 0);
	expect_error(client_act(sue, E_ticket, ticket, "answer", SENT(TEXT_OF(1, "x"))), ERR_WRONG_STATE, 0);
	expect_written(client_act(sue, E_ticket, ticket, "reopen", SENT(TEXT_OF(1, "又少了"))));
	assert_string_equal(state_of(ticket), "open");
	expect_error(client_act(sue, E_ticket, ticket, "cancel", NULL), ERR_REQUIRED, 1);
	expect_written(client_act(sue, E_ticket, ticket, "cancel", SENT(TEXT_OF(1, "重复登记"))));
	assert_string_equal(state_of(ticket), "cancelled");
}

static void
ticket_goes_to_whom_it_is_given_and_they_are_told(void **state)
{
	int64_t ticket = make_ticket(sue, make_customer("转派客户有限公司", "021-5566 7301"), "水泵不转", "repair");
	const Kehu__Record *record;

	expect_error(client_get(tom, E_ticket, ticket), ERR_NO_SUCH_RECORD, 0);
	expect_error(client_act(sue, E_ticket, ticket, "assign", SENT(NUMBER_OF(1, USER_SUE))), ERR_EMPTY, 1);
	expect_error(client_act(sue, E_ticket, ticket, "assign", SENT(NUMBER_OF(1, USER_FAY))), ERR_INVALID, 0);
	expect_written(client_act(dis, E_ticket, ticket, "assign", SENT(NUMBER_OF(1, USER_TOM), TEXT_OF(2, "离得近"))));
	assert_non_null(strstr(last_message(tom), "水泵不转"));
	assert_non_null(strstr(last_message(sue), "Tom"));
	assert_string_equal(text_of(tom, E_ticket, ticket, F_ticket_state), "new");
	expect_written(client_act(tom, E_ticket, ticket, "take", NULL));
	assert_string_equal(text_of(tom, E_ticket, ticket, F_ticket_state), "open");
	expect_error(client_act(tom, E_ticket, ticket, "take", NULL), ERR_WRONG_STATE, 0);
	expect_error(client_act(tom, E_ticket, ticket, "assign", SENT(NUMBER_OF(1, USER_UMA))), ERR_FORBIDDEN, 0);
	/* the handler and the history are changed by actions alone */
	record = record_of(sue, E_ticket, ticket);
	expect_error(client_save(sue, E_ticket, ticket, record->version,
	    SENT(NUMBER_OF(F_ticket_owner_id, USER_SUE)), NULL), ERR_READ_ONLY, F_ticket_owner_id);
	expect_error(client_save(sue, E_ticket, ticket, record->version,
	    SENT(NUMBER_OF(F_ticket_related_id, ticket)), NULL), ERR_CIRCLE, F_ticket_related_id);
	expect_written(client_act(sue, E_ticket, ticket, "take", NULL));
	assert_int_equal(number_of(sue, E_ticket, ticket, F_ticket_owner_id), USER_SUE);
}

static void
ticket_in_a_queue_is_taken_by_one_of_its_members(void **state)
{
	int64_t ticket = make_ticket(sue, make_customer("排队客户有限公司", "021-5566 7351"), "灯不亮", "repair");

	pg_exec(DB, "INSERT INTO pool_member (pool_id, user_id) VALUES (%d, %d), (%d, %d); "
		    "UPDATE state SET access_epoch = access_epoch + 1", POOL_WEST, USER_TOM, POOL_WEST, USER_UMA);
	expect_error(client_act(sue, E_ticket, ticket, "queue", NULL), ERR_REQUIRED, 1);
	expect_written(client_act(sue, E_ticket, ticket, "queue", SENT(NUMBER_OF(1, POOL_WEST))));
	assert_int_equal(number_of(sue, E_ticket, ticket, F_ticket_owner_id), 0);
	assert_non_null(strstr(last_message(tom), "灯不亮"));
	assert_non_null(strstr(last_message(uma), "灯不亮"));
	/* both may see it; who is second finds it gone */
	assert_int_equal(list_count(uma, E_ticket, "灯不亮"), 1);
	expect_written(client_act(tom, E_ticket, ticket, "take", NULL));
	assert_int_equal(number_of(tom, E_ticket, ticket, F_ticket_owner_id), USER_TOM);
	expect_error(client_act(uma, E_ticket, ticket, "take", NULL), ERR_NO_SUCH_RECORD, 0);
	assert_int_equal(list_count(uma, E_ticket, "灯不亮"), 0);
}

static void
two_tickets_of_one_matter_become_one_and_come_apart_again(void **state)
{
	int64_t customer = make_customer("合并工单有限公司", "021-5566 7401");
	int64_t kept = make_ticket(sue, customer, "空调不冷", "repair"), gone = make_ticket(sue, customer, "空调还是不冷", "repair");
	int64_t other = make_ticket(sue, make_customer("无关有限公司", "021-5566 7402"), "x", "inquiry"), merge;

	expect_written(client_act(sue, E_ticket, gone, "comment", SENT(TEXT_OF(1, "客户又打来了"))));
	expect_error(client_act(sue, E_ticket, kept, "merge", SENT(NUMBER_OF(1, other))), ERR_INVALID, 1);
	expect_error(client_act(sue, E_ticket, kept, "merge", SENT(NUMBER_OF(1, kept))), ERR_INVALID, 0);
	expect_written(client_act(sue, E_ticket, kept, "merge", SENT(NUMBER_OF(1, gone))));
	assert_int_equal(list_count(sue, E_ticket, "不冷"), 1);
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM comment WHERE anchor_id = %" PRId64, kept), 1);
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM ticket_move WHERE ticket_id = %" PRId64, kept), 2);
	merge = pg_int(DB, "SELECT id FROM merge WHERE kept_id = %" PRId64, kept);
	expect_written(client_act(sue, E_merge, merge, "undo", NULL));
	assert_int_equal(list_count(sue, E_ticket, "不冷"), 2);
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM ticket_move WHERE ticket_id = %" PRId64, gone), 1);
}

static void
ticket_written_up_after_the_fact_comes_in_archived(void **state)
{
	int64_t customer = make_customer("补录客户有限公司", "021-5566 7501"), now = date_now_us(), ticket;

	expect_error(client_save(sue, E_ticket, 0, 0,
		SENT(NUMBER_OF(F_ticket_customer_id, customer), TEXT_OF(F_ticket_subject, "x"),
		    NUMBER_OF(F_ticket_opened_at, now + HOUR_US)), NULL), ERR_INVALID, F_ticket_opened_at);
	expect_error(client_save(sue, E_ticket, 0, 0,
		SENT(NUMBER_OF(F_ticket_customer_id, customer), TEXT_OF(F_ticket_subject, "x"),
		    NUMBER_OF(F_ticket_opened_at, now - HOUR_US), NUMBER_OF(F_ticket_solved_at, now - 2 * HOUR_US)), NULL),
	    ERR_INVALID, F_ticket_solved_at);
	ticket = expect_written(client_save(sue, E_ticket, 0, 0,
		SENT(NUMBER_OF(F_ticket_customer_id, customer), TEXT_OF(F_ticket_subject, "去年的事"),
		    NUMBER_OF(F_ticket_opened_at, now - 3 * HOUR_US), NUMBER_OF(F_ticket_solved_at, now - HOUR_US)), NULL))->id;
	assert_string_equal(state_of(ticket), "closed");
}

static void
customers_own_people_report_and_rate(void **state)
{
	int64_t customer = make_customer("自助客户有限公司", "021-5566 7601"), ticket, other;
	const Kehu__Record *record;

	other = make_ticket(sue, make_customer("别人的有限公司", "021-5566 7602"), "x", "inquiry");
	pg_exec(DB, "UPDATE users SET company_id = %" PRId64 " WHERE id = %d; UPDATE state SET access_epoch = access_epoch + 1",
	    customer, USER_EXT);
	ticket = expect_written(client_save(ext, E_ticket, 0, 0,
	    SENT(TEXT_OF(F_ticket_subject, "门禁打不开"), TEXT_OF(F_ticket_kind, "repair")), NULL))->id;
	assert_int_equal(number_of(ext, E_ticket, ticket, F_ticket_customer_id), customer);
	assert_int_equal(number_of(sue, E_ticket, ticket, F_ticket_owner_id), USER_ADA);
	assert_non_null(strstr(last_message(ada), "门禁打不开"));
	expect_error(client_get(ext, E_ticket, other), ERR_NO_SUCH_RECORD, 0);
	expect_error(client_act(ext, E_ticket, ticket, "solve", SENT(TEXT_OF(1, "x"))), ERR_FORBIDDEN, 0);
	expect_written(client_act(sue, E_ticket, ticket, "solve", SENT(TEXT_OF(1, "已远程开门"))));
	expect_written(client_act(ext, E_ticket, ticket, "rate", SENT(NUMBER_OF(1, 5))));
	assert_string_equal(state_of(ticket), "closed");
	record = record_of(ext, E_ticket, ticket);
	assert_null(value_of(record, F_ticket_reason));
}

static void
tickets_are_worked_imported_and_exported_from_a_shell(void **state)
{
	int64_t customer = make_customer("命令行客户有限公司", "021-5566 7701"), ticket;
	const char *said;
	int status;

	bed_shell(bed, "sue", NULL, "$KEHU --language zh new ticket phone=02155667701 subject=命令行报修 kind=repair");
	ticket = pg_int(DB, "SELECT id FROM ticket WHERE customer_id = %" PRId64, customer);
	bed_shell(bed, "sue", NULL, "$KEHU --language zh act ticket %" PRId64 " solve solution=换保险丝 cause=wear", ticket);
	said = bed_shell(bed, "sue", &status, "$KEHU --language zh act ticket %" PRId64 " rate stars=7 2>&1", ticket);
	assert_non_null(strstr(said, "1 到 5 星"));
	said = bed_shell(bed, "sue", NULL, "$KEHU --language en act ticket %" PRId64 " rate stars=1", ticket);
	assert_non_null(strstr(said, "open again"));
	/* another system's list, by mapping: those it calls solved come in archived */
	bed_shell(bed, "sue", NULL,
	    "cd %s && printf '客户,主题,类型,受理时间,解决时间\\n命令行客户有限公司,导入一,投诉,2026-03-01 09:00,2026-03-02 10:00\\n"
	    "命令行客户有限公司,导入二,repair,2026-03-03 09:00,\\n命令行客户有限公司,导入三,repair,2026-03-03 09:00,2026-03-01 09:00\\n' >t.csv",
	    bed->dir);
	said = bed_shell(bed, "sue", &status, "$KEHU --language zh import ticket %s/t.csv 2>&1", bed->dir);
	if (list_count(sue, E_ticket, "subject:导入一 state:closed") != 1)
		fail_msg("%s", said);
	assert_int_equal(list_count(sue, E_ticket, "subject:导入二 state:new"), 1);
	assert_int_equal(list_count(sue, E_ticket, "subject:导入三"), 0);
	said = bed_shell(bed, "sue", NULL, "$KEHU --language zh list ticket subject:导入 --columns number,subject,state --format csv");
	assert_non_null(strstr(said, "导入一"));
}

int
service_tickets(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(caller_is_found_by_the_phone),
		cmocka_unit_test(equipment_fills_the_ticket_and_shows_its_tickets),
		cmocka_unit_test(ticket_is_handled_rated_badly_handled_again_and_archived),
		cmocka_unit_test(ticket_goes_to_whom_it_is_given_and_they_are_told),
		cmocka_unit_test(ticket_in_a_queue_is_taken_by_one_of_its_members),
		cmocka_unit_test(two_tickets_of_one_matter_become_one_and_come_apart_again),
		cmocka_unit_test(ticket_written_up_after_the_fact_comes_in_archived),
		cmocka_unit_test(customers_own_people_report_and_rate),
		cmocka_unit_test(tickets_are_worked_imported_and_exported_from_a_shell),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
