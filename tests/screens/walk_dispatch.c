/*
 * From a customer's call to the rating at the real terminal: a ticket is taken in, its job placed on the dispatch board, a technician
 * accepts on a second client and is done; two stars open the ticket again, three archive it. And the board itself: what
 * others move is seen, what does not fit is refused with the reason, the last move is undone.
 */
#include "common/date.h"
#include "server/entity/fields.h"
#include "tests/lib/desk.h"
#include "tests/lib/pg.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
// clang-format off
#include <cmocka.h>
// clang-format on

#define DB "walk_dispatch"

enum { USER_SUE = 201, USER_DIS = 202, USER_TOM = 203, USER_UMA = 204 };

static struct bed *bed;
static struct client *ada, *sue, *dis, *tom;

static void
add_user(int64_t id, const char *name, const char *role)
{
	pg_exec(DB,
	    "INSERT INTO users (id, name, name_key, label, label_key, branch_id, department_id, language, password_hash) "
	    "SELECT %" PRId64 ", '%s', '%s', initcap('%s'), '%s', 2, 12, 'zh', password_hash FROM users WHERE id = 101;"
	    "INSERT INTO user_role (user_id, role_id) SELECT %" PRId64 ", id FROM role WHERE name = '%s'",
	    id, name, name, name, name, id, role);
}

static const char *
state_of(const char *table, int64_t id)
{
	return pg_exec(DB, "SELECT state FROM %s WHERE id = %" PRId64, table, id);
}

static void
board_open(struct vt *vt, bool zh)
{
	desk_type(vt, "{F9}");
	desk_type(vt, "pgb");
	desk_sees(vt, zh ? "派工" : "Dispatch");
	desk_type(vt, "{Enter}");
	desk_sees(vt, zh ? "待派 (" : "To place (");
	desk_sees(vt, "Tom");
	/* tomorrow: nothing of it is over, whatever the clock says */
	desk_type(vt, ">");
	desk_sees(vt, date_format(bed->arena, date_today(480) + 1));
}

static void
job_open(struct vt *vt, const char *subject)
{
	desk_type(vt, "{F9}");
	desk_type(vt, "pgd");
	desk_type(vt, "{Enter}");
	desk_sees(vt, subject);
	desk_type(vt, "{Enter}");
}

/* F8, the action by its first letters, and Enter. */
static void
act(struct vt *vt, const char *label)
{
	desk_type(vt, "{F8}");
	desk_sees(vt, label);
	desk_type(vt, label);
	desk_type(vt, "{Enter}");
}

static void
walk(const char *lang, int rows, int cols)
{
	bool zh = strcmp(lang, "zh") == 0;
	const char *subject = zh ? "锅炉不热" : "Boiler is cold";
	int64_t customer, ticket, job, other;
	struct vt *agent, *board, *field;

	pg_exec(DB, "UPDATE job_visit SET deleted_at = now() WHERE deleted_at IS NULL; UPDATE ticket SET deleted_at = now() WHERE deleted_at IS NULL");
	customer = expect_written(client_save(ada, E_customer, 0, 0,
		SENT(TEXT_OF(F_customer_name, zh ? "苏州热力有限公司" : "Harbour Heating Ltd"),
		    TEXT_OF(F_customer_phone, zh ? "0512-66880001" : "0512-66880002")), NULL))->id;

	/* the call: by the phone's digits the customer is found */
	agent = desk_home(bed, "sue", lang, rows, cols);
	desk_type(agent, "{F9}");
	desk_type(agent, "xgd");
	desk_type(agent, "{Enter}");
	desk_sees(agent, zh ? "来电号码" : "Caller's phone");
	desk_type(agent, subject);
	desk_type(agent, zh ? "{Tab}3{Tab}051266880001{F10}" : "{Tab}3{Tab}051266880002{F10}");
	desk_sees(agent, zh ? "已保存" : "saved");
	ticket = pg_int(DB, "SELECT id FROM ticket WHERE customer_id = %" PRId64 " AND deleted_at IS NULL", customer);
	assert_true(ticket > 0);
	job = expect_written(client_save(dis, E_job_visit, 0, 0,
		SENT(NUMBER_OF(F_job_visit_ticket_id, ticket), NUMBER_OF(F_job_visit_minutes, 120)), NULL))->id;

	/* on the board: taken from the open list, put down on Tom's day */
	board = desk_home(bed, "dis", lang, rows, cols);
	board_open(board, zh);
	desk_sees(board, subject);
	desk_type(board, "{Tab}{Enter}");
	desk_sees(board, zh ? "Enter 放下" : "Enter puts it down");
	desk_type(board, "{Enter}");
	desk_sees(board, zh ? "待派 (0)" : "To place (0)");
	assert_string_equal(state_of("job_visit", job), "planned");
	assert_int_equal(pg_int(DB, "SELECT t.user_id FROM job_visit j JOIN technician t ON t.id = j.technician_id WHERE j.id = %" PRId64, job), USER_TOM);

	/* carried to Uma and back by undo; stretched; taken off and back again */
	desk_type(board, "m{Down}{Enter}");
	desk_sees(board, zh ? "u 撤销" : "u undoes");
	assert_int_equal(pg_int(DB, "SELECT t.user_id FROM job_visit j JOIN technician t ON t.id = j.technician_id WHERE j.id = %" PRId64, job), USER_UMA);
	desk_type(board, "u");
	desk_sees(board, zh ? "已撤销" : "Undone");
	assert_int_equal(pg_int(DB, "SELECT t.user_id FROM job_visit j JOIN technician t ON t.id = j.technician_id WHERE j.id = %" PRId64, job), USER_TOM);

	/* another one, moved by somebody else, is seen; put on Tom's it is refused and says with what */
	other = expect_written(client_save(dis, E_job_visit, 0, 0,
		SENT(NUMBER_OF(F_job_visit_customer_id, customer), TEXT_OF(F_job_visit_subject, zh ? "修水泵" : "Fix the pump"),
		    NUMBER_OF(F_job_visit_minutes, 60)), NULL))->id;
	desk_sees(board, zh ? "修水泵" : "Fix the pump");
	desk_type(board, "{Up}{Tab}{Enter}{Enter}");
	desk_sees(board, subject);
	desk_sees(board, zh ? "锅炉不热" : "Boiler");
	assert_string_equal(state_of("job_visit", other), "open");
	/* F4: the best places with their cost; the first is taken */
	desk_type(board, "{Tab}{F4}");
	desk_sees(board, zh ? "代价" : "cost");
	desk_type(board, "{Enter}");
	desk_sees(board, zh ? "待派 (0)" : "To place (0)");
	assert_string_equal(state_of("job_visit", other), "planned");
	desk_type(board, "u");
	desk_sees(board, zh ? "待派 (1)" : "To place (1)");
	/* the whole list proposed, all of it taken */
	desk_type(board, "p");
	desk_sees(board, zh ? "代价" : "cost");
	desk_type(board, "P");
	desk_sees(board, zh ? "已安排 1 单" : "1 placed");
	assert_string_equal(state_of("job_visit", other), "planned");
	expect_written(client_act(dis, E_job_visit, other, "unplace", NULL));
	desk_sees(board, zh ? "待派 (1)" : "To place (1)");

	/* Tom, at sixty columns and in Chinese, whatever the dispatcher reads, accepts, goes there, is done */
	expect_written(client_act(dis, E_job_visit, job, "tell", NULL));
	field = desk_home(bed, "tom", "zh", 24, 60);
	job_open(field, subject);
	act(field, "接受");
	desk_sees(field, "已接受");
	assert_string_equal(state_of("job_visit", job), "accepted");
	act(field, "出发");
	desk_sees(field, "在途");
	act(field, "到达");
	desk_sees(field, "到场");
	act(field, "完工");
	desk_sees(field, "客户确认");
	desk_type(field, "换了阀门");
	desk_type(field, "{F10}");
	desk_sees(field, "完工");
	assert_string_equal(state_of("job_visit", job), "done");
	desk_leave(field);
	desk_leave(board);

	/* solved; two stars open it again, three archive it */
	expect_written(client_act(sue, E_ticket, ticket, "solve", SENT(TEXT_OF(1, zh ? "换阀" : "Valve"))));
	desk_sees(agent, zh ? "状态 已解决" : "State Solved");
	act(agent, zh ? "评分" : "Rate");
	desk_sees(agent, zh ? "客户意见" : "Customer says");
	desk_type(agent, "2{F10}");
	desk_sees(agent, zh ? "状态 处理中" : "State Open");
	assert_string_equal(state_of("ticket", ticket), "open");
	assert_int_equal(pg_int(DB, "SELECT reopened FROM ticket WHERE id = %" PRId64, ticket), 1);
	expect_written(client_act(sue, E_ticket, ticket, "solve", SENT(TEXT_OF(1, zh ? "再换" : "Again"))));
	desk_sees(agent, zh ? "状态 已解决" : "State Solved");
	act(agent, zh ? "评分" : "Rate");
	desk_sees(agent, zh ? "客户意见" : "Customer says");
	desk_type(agent, "3{F10}");
	desk_sees(agent, zh ? "状态 已归档" : "State Closed");
	assert_string_equal(state_of("ticket", ticket), "closed");
	desk_leave(agent);
}

static void
call_becomes_ticket_job_and_rating_in_chinese(void **state)
{
	walk("zh", 24, 80);
}

static void
call_becomes_ticket_job_and_rating_in_english(void **state)
{
	walk("en", 40, 120);
}

static int
setup(void **state)
{
	bed = bed_new(DB);
	add_user(USER_SUE, "sue", "service_agent");
	add_user(USER_DIS, "dis", "service_dispatcher");
	add_user(USER_TOM, "tom", "service_technician");
	add_user(USER_UMA, "uma", "service_technician");
	pg_exec(DB, "INSERT INTO technician (name, name_key, user_id, active) VALUES ('Tom', 'tom', 203, true), ('Uma', 'uma', 204, true);"
		    "UPDATE work_calendar SET hours = '1-7 00:00-24:00'; UPDATE holiday SET deleted_at = now();"
		    "UPDATE state SET access_epoch = access_epoch + 1");
	ada = client_new(bed, "ada", LANG_ZH);
	sue = client_new(bed, "sue", LANG_ZH);
	dis = client_new(bed, "dis", LANG_ZH);
	tom = client_new(bed, "tom", LANG_ZH);
	return 0;
}

static int
teardown(void **state)
{
	client_free(ada);
	client_free(sue);
	client_free(dis);
	client_free(tom);
	bed_free(bed);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(call_becomes_ticket_job_and_rating_in_chinese),
		cmocka_unit_test(call_becomes_ticket_job_and_rating_in_english),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, setup, teardown);
}
