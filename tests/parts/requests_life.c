/*
 * History, the recycle bin, the life of a visit, passwords, the server killed and PostgreSQL restarted.
 */
#include "common/date.h"
#include "server/entity/fields.h"
#include "tests/lib/pg.h"
#include "tests/parts/requests.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
// clang-format off
#include <cmocka.h>
// clang-format on

/* ---- history, recycle bin ---------------------------------------------------------------- */

static void
history_tells_every_change_newest_first(void **state)
{
	int64_t id = make_customer(ada, "历史公司", "历史");
	const Kehu__HistoryAnswer *answer;

	expect_written(client_save(ada, E_customer, id, 1, SENT(TEXT_OF(F_customer_level, "A")), NULL));
	expect_written(client_save(cai, E_customer, id, 2, SENT(TEXT_OF(F_customer_level, "B")), NULL));
	answer = history_of(ada, E_customer, id)->history;
	assert_int_equal(answer->n_changes, 3);
	assert_int_equal(answer->changes[0]->kind, 2);
	assert_string_equal(answer->changes[0]->user_label, "蔡");
	assert_string_equal(answer->changes[0]->fields[0]->old->text, "A");
	assert_string_equal(answer->changes[0]->fields[0]->new_->text, "B");
	assert_int_equal(answer->changes[2]->kind, 1);
	expect_error(history_of(ben, E_customer, id), ERR_NO_SUCH_RECORD, 0);
}

static void
deleting_takes_all_along_and_restoring_brings_it_back(void **state)
{
	int64_t id = make_customer(cai, "回收公司", "回收");

	expect_written(client_save(cai, E_contact, 0, 0,
	    SENT(TEXT_OF(F_contact_name, "尤回收"), NUMBER_OF(F_contact_customer_id, id)), NULL));
	expect_written(client_delete(cai, E_customer, id, 1));
	assert_int_equal(list_count(cai, E_customer, "name:回收公司"), 0);
	assert_int_equal(list_count(cai, E_contact, "name:尤回收"), 0);
	assert_int_equal(client_search(cai, "尤回收")->search->n_hits, 0);
	expect_error(client_save(cai, E_customer, id, 2, SENT(TEXT_OF(F_customer_level, "A")), NULL),
	    ERR_NO_SUCH_RECORD, 0);
	expect_written(client_restore(cai, E_customer, id));
	assert_int_equal(list_count(cai, E_customer, "name:回收公司"), 1);
	assert_int_equal(list_count(cai, E_contact, "name:尤回收"), 1);
}

/* ---- visits ------------------------------------------------------------------------------ */

static void
visit_walks_its_life_and_moves_the_figures(void **state)
{
	int64_t id = make_customer(ada, "拜访公司", "拜访");
	int64_t tomorrow = date_now_us() + US_PER_DAY;
	const Kehu__Record *record;
	int64_t visit;

	visit = expect_written(client_save(ada, E_visit, 0, 0,
	    SENT(NUMBER_OF(F_visit_customer_id, id), TEXT_OF(F_visit_purpose, "报价"), NUMBER_OF(F_visit_at, tomorrow)), NULL))->id;
	record = client_get(ada, E_visit, visit)->get->record;
	assert_string_equal(value_of(record, F_visit_state)->text, "planned");
	assert_string_equal(value_of(record, F_visit_customer_id)->text, "拜访公司");
	assert_int_equal(strncmp(value_of(record, F_visit_number)->text, "V", 1), 0);
	record = client_get(ada, E_customer, id)->get->record;
	assert_int_equal(value_of(record, F_customer_open_visits)->number, 1);
	assert_int_equal(record->version, 1); /* figures are outside the version */
	expect_error(client_act(ada, E_visit, visit, "complete", NULL), ERR_REQUIRED, 1);
	expect_error(client_act(ada, E_visit, visit, "reopen", SENT(TEXT_OF(1, "x"))), ERR_WRONG_STATE, F_visit_state);
	expect_error(client_act(ada, E_visit, visit, "fly", NULL), ERR_NO_SUCH_ACTION, 0);
	expect_written(client_act(ada, E_visit, visit, "complete",
	    SENT(TEXT_OF(1, pg_exec(DB, "SELECT code FROM dictionary_item i JOIN dictionary d ON d.id = i.dictionary_id "
		"WHERE d.name = 'visit_outcome' ORDER BY i.position LIMIT 1")), TEXT_OF(2, "谈妥"))));
	record = client_get(ada, E_customer, id)->get->record;
	assert_int_equal(value_of(record, F_customer_visit_count)->number, 1);
	assert_non_null(value_of(record, F_customer_last_visit_at));
	assert_int_equal(list_count(ada, E_customer, "visited:1d name:拜访公司"), 1);
	assert_int_equal(list_count(ada, E_visit, "state:completed customer:拜访公司"), 1);
}

static void
visit_save_refuses_a_customer_out_of_sight(void **state)
{
	int64_t id = make_customer(ada, "看不见公司", "看不见");

	expect_error(client_save(ben, E_visit, 0, 0,
	    SENT(NUMBER_OF(F_visit_customer_id, id), TEXT_OF(F_visit_purpose, "x")), NULL),
	    ERR_NO_SUCH_RECORD, F_visit_customer_id);
}

/* ---- the server itself ------------------------------------------------------------------- */

static void
sessions_resume_after_kehud_is_killed(void **state)
{
	int64_t id = make_customer(ada, "重启前公司", "重启前");

	bed_kill(bed, SIGKILL);
	bed_start(bed);
	assert_string_equal(client_get(ada, E_customer, id)->get->record->label, "重启前公司");
	expect_written(client_save(ada, E_customer, id, 1, SENT(TEXT_OF(F_customer_level, "A")), NULL));
}

static void
database_restart_is_survived(void **state)
{
	int64_t id = make_customer(ada, "数据库重启公司", "库重启");
	const Kehu__ServerFrame *answer = NULL;

	pg_restart();
	for (int i = 0; i < 100; i++) {
		answer = client_get(ada, E_customer, id);
		if (answer->answer_case == KEHU__SERVER_FRAME__ANSWER_GET)
			break;
		assert_true(answer->error->retry_safe);
	}
	assert_int_equal(answer->answer_case, KEHU__SERVER_FRAME__ANSWER_GET);
}

static void
password_is_changed_by_its_owner(void **state)
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__Password password = KEHU__PASSWORD__INIT;

	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_PASSWORD;
	frame.password = &password;
	password.old_password = (char *)(uintptr_t)"wrong";
	password.new_password = (char *)(uintptr_t)"an even longer passphrase";
	expect_error(client_call(eve, &frame), ERR_LOGIN_REFUSED, 0);
	password.old_password = (char *)(uintptr_t)BED_PASSWORD;
	password.new_password = (char *)(uintptr_t)"short";
	expect_error(client_call(eve, &frame), ERR_PASSWORD_WEAK, 0);
	password.new_password = (char *)(uintptr_t)"an even longer passphrase";
	assert_int_equal(client_call(eve, &frame)->answer_case, KEHU__SERVER_FRAME__ANSWER_DONE);
}

static void
a_new_user_gets_a_one_time_password(void **state)
{
	int64_t role = client_list(guo, E_role, "name:account_manager")->page->rows[0]->id;
	int64_t id = expect_written(client_save(guo, E_user, 0, 0,
	    SENT(TEXT_OF(F_user_name, "xin"), TEXT_OF(F_user_label, "辛新"), NUMBER_OF(F_user_branch_id, BRANCH_EAST),
		NUMBER_OF(F_user_department_id, DEPT_KEY)),
	    (const struct sent_line[]){ { .entity = E_user_role, .id = -1,
		.values = SENT(NUMBER_OF(F_user_role_role_id, role)) }, { 0 } }))->id;
	const char *password = expect_written(client_act(guo, E_user, id, "reset_password", NULL))->text;
	struct client *xin = client_stranger(bed, LANG_EN);

	assert_int_equal(strlen(password), 20);
	/* said once: neither history, outcome nor audit knows it */
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM history h WHERE h.record_id = %ld AND h.new::text LIKE '%%scrypt%%'", (long)id), 0);
	link_login(xin->link, "xin", password, NULL);
	assert_int_equal(link_wait(xin->link, BED_WAIT_MS), ERR_PASSWORD_CHANGE);
	link_login(xin->link, "xin", password, "a passphrase of my own");
	assert_int_equal(link_wait(xin->link, BED_WAIT_MS), ERR_OK);
	expect_error(client_act(xin, E_user, id, "reset_password", NULL), ERR_FORBIDDEN, 0);
	expect_error(client_delete(guo, E_user, id, 0), ERR_WRONG_STATE, 0);
	client_free(xin);
}

static void
disabled_users_are_out_and_stay_out(void **state)
{
	struct client *fay = client_stranger(bed, LANG_EN);

	link_login(fay->link, "fay", BED_PASSWORD, NULL);
	assert_int_not_equal(link_wait(fay->link, 2000), ERR_OK);
	client_free(fay);
}

int
requests_life(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(history_tells_every_change_newest_first),
		cmocka_unit_test(deleting_takes_all_along_and_restoring_brings_it_back),
		cmocka_unit_test(visit_walks_its_life_and_moves_the_figures),
		cmocka_unit_test(visit_save_refuses_a_customer_out_of_sight),
		cmocka_unit_test(sessions_resume_after_kehud_is_killed),
		cmocka_unit_test(database_restart_is_survived),
		cmocka_unit_test(password_is_changed_by_its_owner),
		cmocka_unit_test(a_new_user_gets_a_one_time_password),
		cmocka_unit_test(disabled_users_are_out_and_stay_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
