/* Bulk: many writes as one, against a real kehud and PostgreSQL. */
#include "common/uuid.h"
#include "server/entity/fields.h"
#include "tests/lib/bed.h"
#include "tests/lib/pg.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
// clang-format off
#include <cmocka.h>
// clang-format on

#define DB "bulk"

static struct bed *bed;
static struct client *ada, *guo;

static const Kehu__BulkAnswer *
expect_bulk(const Kehu__ServerFrame *answer)
{
	if (answer->answer_case == KEHU__SERVER_FRAME__ANSWER_ERROR)
		fail_msg("refused at step %u: %u %s (field %u)", answer->error->step, answer->error->code,
		    answer->error->text, answer->error->field);
	assert_int_equal(answer->answer_case, KEHU__SERVER_FRAME__ANSWER_BULK);
	return answer->bulk;
}

/* A branch, and a department in that branch before either is stored. */
static size_t
new_place(Kehu__ClientFrame **steps, const char *branch, const char *department)
{
	steps[0] = client_save_step(guo, E_branch, -1, 0,
	    SENT(TEXT_OF(F_branch_name, branch), TEXT_OF(F_branch_code, branch)));
	steps[1] = client_save_step(guo, E_department, -2, 0,
	    SENT(TEXT_OF(F_department_name, department), NUMBER_OF(F_department_branch_id, -1)));
	return 2;
}

static void
bulk_steps_may_refer_to_records_made_before_them(void **state)
{
	Kehu__ClientFrame *steps[2];
	const Kehu__BulkAnswer *answer;

	answer = expect_bulk(client_bulk(guo, uuid_new(), steps, new_place(steps, "QD", "青岛一部"), false));
	assert_int_equal(answer->n_steps, 2);
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM department d JOIN branch b ON b.id = d.branch_id "
				    "WHERE b.id = %ld AND d.id = %ld", (long)answer->steps[0]->id,
			     (long)answer->steps[1]->id),
	    1);
}

static void
bulk_keeps_nothing_when_one_step_is_refused(void **state)
{
	Kehu__ClientFrame *steps[3];
	Kehu__ServerFrame *answer;

	new_place(steps, "YT", "烟台一部");
	steps[2] = client_save_step(guo, E_department, -3, 0, SENT(NUMBER_OF(F_department_branch_id, -1)));
	answer = client_bulk(guo, uuid_new(), steps, 3, false);
	expect_error(answer, ERR_REQUIRED, F_department_name);
	assert_int_equal(answer->error->step, 3);
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM branch WHERE code = 'YT'"), 0);
	/* a temporary id that no step made is no record */
	steps[0] = client_save_step(guo, E_department, -3, 0,
	    SENT(TEXT_OF(F_department_name, "威海一部"), NUMBER_OF(F_department_branch_id, -9)));
	answer = client_bulk(guo, uuid_new(), steps, 1, false);
	expect_error(answer, ERR_NO_SUCH_RECORD, F_department_branch_id);
}

static void
bulk_rehearsal_answers_and_keeps_nothing(void **state)
{
	Kehu__ClientFrame *steps[2];

	assert_int_equal(
	    expect_bulk(client_bulk(guo, uuid_new(), steps, new_place(steps, "WF", "潍坊一部"), true))->n_steps, 2);
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM branch WHERE code = 'WF'"), 0);
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM outcome o JOIN branch b ON b.id = o.record_id WHERE b.code = 'WF'"), 0);
}

static void
bulk_is_done_once_for_one_intention(void **state)
{
	struct uuid intention = uuid_new();
	Kehu__ClientFrame *steps[2];

	expect_bulk(client_bulk(guo, intention, steps, new_place(steps, "ZB", "淄博一部"), false));
	assert_true(expect_bulk(client_bulk(guo, intention, steps, 2, false))->repeated_request);
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM branch WHERE code = 'ZB'"), 1);
}

/* Creating reaches further than deleting: each step is held to its own right. */
static void
bulk_steps_keep_to_their_own_rights(void **state)
{
	Kehu__ClientFrame *steps[3];
	int64_t id = expect_written(client_save(ada, E_customer, 0, 0,
	    SENT(TEXT_OF(F_customer_name, "济南泉城商贸"), TEXT_OF(F_customer_level, "C")), NULL))->id;

	steps[0] = client_save_step(ada, E_customer, -1, 0, SENT(TEXT_OF(F_customer_name, "济南历下商贸")));
	steps[1] = client_save_step(ada, E_customer, id, 1, SENT(TEXT_OF(F_customer_level, "A")));
	assert_int_equal(expect_bulk(client_bulk(ada, uuid_new(), steps, 2, false))->n_steps, 2);
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM customer WHERE id = %ld AND level = 'A' AND version = 2", (long)id), 1);
	/* an account manager never deletes; nothing of the bulk stays */
	steps[1] = client_save_step(ada, E_customer, id, 2, SENT(TEXT_OF(F_customer_level, "B")));
	steps[2] = client_delete_step(ada, E_customer, id, 3);
	expect_error(client_bulk(ada, uuid_new(), steps + 1, 2, false), ERR_FORBIDDEN, 0);
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM customer WHERE id = %ld AND level = 'A' AND version = 2", (long)id), 1);
}

static void
bulk_refuses_what_is_no_write(void **state)
{
	Kehu__ClientFrame inner = KEHU__CLIENT_FRAME__INIT, *steps[] = { &inner };
	Kehu__Bulk nested = KEHU__BULK__INIT;
	Kehu__Ping ping = KEHU__PING__INIT;

	expect_error(client_bulk(guo, uuid_new(), NULL, 0, false), ERR_EMPTY, 0);
	expect_error(client_bulk(guo, uuid_new(), steps, 1, false), ERR_BAD_REQUEST, 0);
	inner.request_case = KEHU__CLIENT_FRAME__REQUEST_PING;
	inner.ping = &ping;
	expect_error(client_bulk(guo, uuid_new(), steps, 1, false), ERR_BAD_REQUEST, 0);
	inner.request_case = KEHU__CLIENT_FRAME__REQUEST_BULK;
	inner.bulk = &nested;
	expect_error(client_bulk(guo, uuid_new(), steps, 1, false), ERR_BAD_REQUEST, 0);
}

static int
bulk_start(void **state)
{
	bed = bed_new(DB);
	ada = client_new(bed, "ada", LANG_ZH);
	guo = client_new(bed, "guo", LANG_EN);
	return 0;
}

static int
bulk_end(void **state)
{
	client_free(ada);
	client_free(guo);
	bed_free(bed);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bulk_steps_may_refer_to_records_made_before_them),
		cmocka_unit_test(bulk_keeps_nothing_when_one_step_is_refused),
		cmocka_unit_test(bulk_rehearsal_answers_and_keeps_nothing),
		cmocka_unit_test(bulk_is_done_once_for_one_intention),
		cmocka_unit_test(bulk_steps_keep_to_their_own_rights),
		cmocka_unit_test(bulk_refuses_what_is_no_write),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, bulk_start, bulk_end);
}
