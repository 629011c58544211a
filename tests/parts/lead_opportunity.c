/*
 * Opportunities: stages and their rules, who may and who may not, decision chain, development plans.
 */
#include "common/date.h"
#include "server/access/access.h"
#include "server/entity/fields.h"
#include "tests/lib/pg.h"
#include "tests/parts/lead.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
// clang-format off
#include <cmocka.h>
// clang-format on

static void
stages_decide_probability_and_write_history(void **state)
{
	int64_t customer = make_customer(ada, "阶段公司", "");
	int64_t id = make_opportunity(ada, customer, "阶段商机");
	const Kehu__Record *record;

	expect_written(client_act(ada, E_opportunity, id, "move",
	    SENT(TEXT_OF(1, "proposal"), TEXT_OF(2, "客户要方案"))));
	record = record_of(ada, E_opportunity, id);
	assert_int_equal(value_of(record, F_opportunity_probability)->number, 50);
	assert_int_equal(value_of(record, F_opportunity_weighted)->number, 5000000);
	assert_int_equal(value_of(record, F_opportunity_stalls_on)->number, today() + 21);
	assert_int_equal(record->n_lines, 2);
	assert_string_equal(value_of(record->lines[1], F_opportunity_move_from_stage)->text, "prospecting");
	assert_string_equal(value_of(record->lines[1], F_opportunity_move_stage)->text, "proposal");
	assert_int_equal(value_of(record->lines[1], F_opportunity_move_days)->number, 0);
	assert_string_equal(value_of(record->lines[1], F_opportunity_move_reason)->text, "客户要方案");
	/* days are counted from when it came into the stage */
	pg_exec(DB, "UPDATE opportunity SET stage_since = now() - interval '9 days' WHERE id = %ld", (long)id);
	expect_written(client_act(ada, E_opportunity, id, "move", SENT(TEXT_OF(1, "negotiation"))));
	record = record_of(ada, E_opportunity, id);
	assert_int_equal(value_of(record->lines[2], F_opportunity_move_days)->number, 9);
	/* history is nobody's to write */
	expect_error(client_save(ada, E_opportunity, id, record->version, NULL,
	    (const struct sent_line[]){ { .entity = E_opportunity_move, .id = record->lines[0]->id,
		.remove = true }, { 0 } }), ERR_READ_ONLY, 0);
	expect_error(client_save(ada, E_opportunity, id, record->version, NULL,
	    (const struct sent_line[]){ { .entity = E_opportunity_move, .id = -1 }, { 0 } }),
	    ERR_READ_ONLY, 0);
	expect_error(client_save(ada, E_opportunity, id, record->version,
	    SENT(TEXT_OF(F_opportunity_stage, "won")), NULL), ERR_READ_ONLY, F_opportunity_stage);
}

static void
moves_against_the_rules_are_refused(void **state)
{
	int64_t id = expect_written(client_save(ada, E_opportunity, 0, 0,
	    SENT(TEXT_OF(F_opportunity_name, "空商机")), NULL))->id;
	const Kehu__ServerFrame *answer = client_act(ada, E_opportunity, id, "move", SENT(TEXT_OF(1, "proposal")));

	expect_error(answer, ERR_REQUIRED, 0);
	assert_non_null(strstr(answer->error->text, "客户"));
	assert_non_null(strstr(answer->error->text, "金额"));
	expect_error(client_act(ada, E_opportunity, id, "move", SENT(TEXT_OF(1, "prospecting"))), ERR_EMPTY, 0);
	expect_error(client_act(ada, E_opportunity, id, "move", SENT(TEXT_OF(1, "won"))), ERR_WRONG_STATE, 1);
	expect_error(client_act(ada, E_opportunity, id, "move", SENT(TEXT_OF(1, "nowhere"))), ERR_NOT_IN_LIST, 1);
	expect_error(client_act(ada, E_opportunity, id, "move", NULL), ERR_REQUIRED, 1);
	expect_error(client_act(ada, E_opportunity, id, "win", NULL), ERR_REQUIRED, 0);
	expect_error(client_act(ada, E_opportunity, id, "lose", NULL), ERR_REQUIRED, 1);
	/* out of the contract one goes back one stage or closes */
	id = make_opportunity(ada, make_customer(ada, "合同公司", ""), "合同商机");
	expect_written(client_act(ada, E_opportunity, id, "move", SENT(TEXT_OF(1, "contract"))));
	expect_error(client_act(ada, E_opportunity, id, "move", SENT(TEXT_OF(1, "engaging"))), ERR_WRONG_STATE, 0);
	expect_written(client_act(ada, E_opportunity, id, "move", SENT(TEXT_OF(1, "negotiation"))));
	/* a stage for supervisors only */
	pg_exec(DB, "UPDATE opportunity_stage SET role_id = (SELECT id FROM role WHERE name = "
		    "'sales_supervisor') WHERE stage = 'contract'");
	expect_error(client_act(ada, E_opportunity, id, "move", SENT(TEXT_OF(1, "contract"))), ERR_FORBIDDEN, 0);
	expect_written(client_act(cai, E_opportunity, id, "move", SENT(TEXT_OF(1, "contract"))));
	pg_exec(DB, "UPDATE opportunity_stage SET role_id = NULL");
}

static void
bad_values_are_refused_at_their_field(void **state)
{
	int64_t customer = make_customer(ada, "坏值公司", "");
	int64_t id = make_opportunity(ada, customer, "坏值商机");

	expect_error(client_save(ada, E_opportunity, id, 1,
	    SENT(NUMBER_OF(F_opportunity_probability, 150), TEXT_OF(F_opportunity_probability_reason, "x")), NULL),
	    ERR_INVALID, F_opportunity_probability);
	expect_error(client_save(ada, E_opportunity, id, 1,
	    SENT(NUMBER_OF(F_opportunity_probability, 80)), NULL), ERR_REQUIRED, F_opportunity_probability_reason);
	expect_error(client_save(ada, E_opportunity, id, 1,
	    SENT(NUMBER_OF(F_opportunity_expected_on, today() - 1)), NULL), ERR_INVALID, F_opportunity_expected_on);
	expect_error(client_save(ada, E_opportunity, id, 1,
	    SENT(NUMBER_OF(F_opportunity_opened_on, today() + 1)), NULL), ERR_INVALID, F_opportunity_opened_on);
	expect_error(client_save(ada, E_opportunity, id, 1,
	    SENT(NUMBER_OF(F_opportunity_closed_on, today())), NULL), ERR_INVALID, F_opportunity_closed_on);
	expect_error(client_save(ada, E_opportunity, id, 1,
	    SENT({ .field = F_opportunity_amount, .text = "CNY", .number = -1, .has_number = true }), NULL),
	    ERR_INVALID, F_opportunity_amount);
	expect_written(client_save(ada, E_opportunity, id, 1,
	    SENT(NUMBER_OF(F_opportunity_probability, 80), TEXT_OF(F_opportunity_probability_reason, "老客户")), NULL));
	assert_int_equal(number_of(ada, E_opportunity, id, F_opportunity_weighted), 8000000);
	expect_error(client_act(ada, E_opportunity, id, "win", SENT(NUMBER_OF(1, today() + 1))), ERR_INVALID, 0);
	/* a customer of another's sight */
	expect_error(client_save(ben, E_opportunity, 0, 0,
	    SENT(TEXT_OF(F_opportunity_name, "x"), NUMBER_OF(F_opportunity_customer_id, customer)), NULL),
	    ERR_NO_SUCH_RECORD, F_opportunity_customer_id);
}

static void
won_and_lost_keep_what_closed_them_and_reopen(void **state)
{
	int64_t id = make_opportunity(ada, make_customer(ada, "输赢公司", ""), "输赢商机");
	int64_t competitor = expect_written(client_save(ada, E_competitor, 0, 0,
	    SENT(TEXT_OF(F_competitor_name, "对手一号"), TEXT_OF(F_competitor_strengths, "便宜")), NULL))->id;

	expect_written(client_act(ada, E_opportunity, id, "move", SENT(TEXT_OF(1, "negotiation"))));
	expect_written(client_act(ada, E_opportunity, id, "lose",
	    SENT(TEXT_OF(1, "competitor"), NUMBER_OF(2, competitor), TEXT_OF(3, "低两成"))));
	assert_string_equal(text_of(ada, E_opportunity, id, F_opportunity_state), "lost");
	assert_int_equal(number_of(ada, E_opportunity, id, F_opportunity_weighted), 0);
	assert_int_equal(number_of(ada, E_opportunity, id, F_opportunity_closed_on), today());
	assert_int_equal(list_count(ada, E_opportunity, "state:lost lost_to:对手一号"), 1);
	expect_error(client_act(ada, E_opportunity, id, "win", NULL), ERR_WRONG_STATE, 0);
	expect_error(client_act(ada, E_opportunity, id, "reopen", NULL), ERR_REQUIRED, 1);
	expect_written(client_act(ada, E_opportunity, id, "reopen", SENT(TEXT_OF(1, "客户回头"))));
	assert_string_equal(text_of(ada, E_opportunity, id, F_opportunity_stage), "negotiation");
	assert_string_equal(text_of(ada, E_opportunity, id, F_opportunity_lost_reason), "");
	expect_written(client_act(ada, E_opportunity, id, "win", NULL));
	assert_string_equal(text_of(ada, E_opportunity, id, F_opportunity_state), "won");
	/* what is closed is only acted on */
	expect_error(client_save(ada, E_opportunity, id, record_of(ada, E_opportunity, id)->version,
	    SENT(TEXT_OF(F_opportunity_need, "改")), NULL), ERR_WRONG_STATE, 0);
	assert_int_equal(number_of(ada, E_opportunity, id, F_opportunity_probability), 100);
	assert_int_equal(number_of(ada, E_opportunity, id, F_opportunity_weighted), 10000000);
}

static void
assigning_takes_the_open_steps_along(void **state)
{
	int64_t id = make_opportunity(ada, make_customer(ada, "移交公司", ""), "移交商机");
	int64_t step = expect_written(client_save(ada, E_plan_step, 0, 0,
	    SENT(NUMBER_OF(F_plan_step_opportunity_id, id), NUMBER_OF(F_plan_step_due_on, today() + 3),
		TEXT_OF(F_plan_step_step, "送样")), NULL))->id;

	expect_error(client_act(ada, E_opportunity, id, "assign", SENT(NUMBER_OF(1, USER_BEN))), ERR_FORBIDDEN, 0);
	expect_written(client_act(cai, E_opportunity, id, "assign", SENT(NUMBER_OF(1, USER_BEN))));
	assert_int_equal(number_of(ben, E_opportunity, id, F_opportunity_owner_id), USER_BEN);
	assert_int_equal(number_of(ben, E_plan_step, step, F_plan_step_owner_id), USER_BEN);
	assert_int_equal(client_search(ben, "移交商机")->search->n_hits, 1);
	expect_error(client_get(ada, E_opportunity, id), ERR_NO_SUCH_RECORD, 0);
}

static void
decision_chain_and_competition_are_lines(void **state)
{
	int64_t customer = make_customer(ada, "决策公司", ""), id = make_opportunity(ada, customer, "决策商机");
	int64_t contact = expect_written(client_save(ada, E_contact, 0, 0,
	    SENT(TEXT_OF(F_contact_name, "决策人"), NUMBER_OF(F_contact_customer_id, customer)), NULL))->id;
	int64_t competitor = expect_written(client_save(cai, E_competitor, 0, 0,
	    SENT(TEXT_OF(F_competitor_name, "对手二号")), NULL))->id;

	expect_written(client_save(ada, E_opportunity, id, 1, NULL,
	    (const struct sent_line[]){
		{ .entity = E_opportunity_decider, .id = -1, .values = SENT(
		    NUMBER_OF(F_opportunity_decider_contact_id, contact),
		    TEXT_OF(F_opportunity_decider_role, "decider"), TEXT_OF(F_opportunity_decider_attitude, "support")) },
		{ .entity = E_opportunity_competitor, .id = -2, .values = SENT(
		    NUMBER_OF(F_opportunity_competitor_competitor_id, competitor),
		    TEXT_OF(F_opportunity_competitor_weaknesses, "交期长")) },
		{ .entity = E_opportunity_product, .id = -3, .values = SENT(
		    TEXT_OF(F_opportunity_product_product, "贴片机"), NUMBER_OF(F_opportunity_product_quantity, 2000)) },
		{ 0 } }));
	assert_int_equal(record_of(ada, E_opportunity, id)->n_lines, 4);
	expect_error(client_save(ada, E_opportunity, id, 2, NULL,
	    (const struct sent_line[]){ { .entity = E_opportunity_decider, .id = -1 }, { 0 } }),
	    ERR_REQUIRED, F_opportunity_decider_contact_id);
}

static void
plan_steps_have_dates_and_results(void **state)
{
	int64_t customer = make_customer(ada, "计划公司", ""), other = make_customer(ada, "别的公司", "");
	int64_t opportunity = make_opportunity(ada, customer, "计划商机"), id;

	expect_error(client_save(ada, E_plan_step, 0, 0,
	    SENT(NUMBER_OF(F_plan_step_customer_id, customer), NUMBER_OF(F_plan_step_due_on, today() - 1),
		TEXT_OF(F_plan_step_step, "昨天")), NULL), ERR_INVALID, F_plan_step_due_on);
	expect_error(client_save(ada, E_plan_step, 0, 0,
	    SENT(NUMBER_OF(F_plan_step_customer_id, other), NUMBER_OF(F_plan_step_opportunity_id, opportunity),
		NUMBER_OF(F_plan_step_due_on, today()), TEXT_OF(F_plan_step_step, "错客户")), NULL),
	    ERR_INVALID, F_plan_step_opportunity_id);
	id = expect_written(client_save(ada, E_plan_step, 0, 0,
	    SENT(NUMBER_OF(F_plan_step_opportunity_id, opportunity), NUMBER_OF(F_plan_step_due_on, today()),
		TEXT_OF(F_plan_step_step, "拜访总工")), NULL))->id;
	assert_int_equal(number_of(ada, E_plan_step, id, F_plan_step_customer_id), customer);
	expect_error(client_act(ada, E_plan_step, id, "done", NULL), ERR_REQUIRED, 1);
	expect_error(client_act(ada, E_plan_step, id, "done",
	    SENT(TEXT_OF(1, "好"), NUMBER_OF(2, today() + 1))), ERR_INVALID, 2);
	expect_written(client_act(ada, E_plan_step, id, "done", SENT(TEXT_OF(1, "总工支持"))));
	assert_int_equal(number_of(ada, E_plan_step, id, F_plan_step_done_on), today());
	/* what is overdue is a filter */
	id = expect_written(client_save(ada, E_plan_step, 0, 0,
	    SENT(NUMBER_OF(F_plan_step_customer_id, customer), NUMBER_OF(F_plan_step_due_on, today()),
		TEXT_OF(F_plan_step_step, "要过期")), NULL))->id;
	pg_exec(DB, "UPDATE plan_step SET due_on = due_on - 3 WHERE id = %ld", (long)id);
	assert_int_equal(list_count(ada, E_plan_step, "owner:me state:open due:<today"), 1);
}

static void
roles_see_and_do_what_they_are_granted(void **state)
{
	int64_t id = make_opportunity(ada, make_customer(ada, "权限公司", ""), "权限商机");
	int64_t stage = (int64_t)pg_int(DB, "SELECT id FROM opportunity_stage WHERE stage = 'proposal'");

	expect_error(client_get(ben, E_opportunity, id), ERR_NO_SUCH_RECORD, 0);
	assert_int_equal(list_count(cai, E_opportunity, "name:权限商机"), 1);
	assert_int_equal(list_count(eve, E_opportunity, "name:权限商机"), 1);
	expect_error(client_act(eve, E_opportunity, id, "win", NULL), ERR_FORBIDDEN, 0);
	expect_error(client_delete(ada, E_opportunity, id, 1), ERR_FORBIDDEN, 0);
	expect_error(client_get(guo, E_opportunity, id), ERR_NO_SUCH_ENTITY, 0);
	expect_written(client_delete(cai, E_opportunity, id, 1));
	expect_written(client_restore(cai, E_opportunity, id));
	assert_int_equal(record_of(cai, E_opportunity, id)->n_lines, 1);
	/* stages are the administrator's */
	expect_error(client_save(cai, E_opportunity_stage, stage, 1,
	    SENT(NUMBER_OF(F_opportunity_stage_probability, 60)), NULL), ERR_FORBIDDEN, 0);
	expect_error(client_save(guo, E_opportunity_stage, stage, 1,
	    SENT(NUMBER_OF(F_opportunity_stage_probability, 160)), NULL), ERR_INVALID, F_opportunity_stage_probability);
	expect_error(client_save(guo, E_opportunity_stage, stage, 1,
	    SENT(TEXT_OF(F_opportunity_stage_needs, "amount colour")), NULL), ERR_INVALID, F_opportunity_stage_needs);
	expect_error(client_save(guo, E_opportunity_stage, stage, 1,
	    SENT(TEXT_OF(F_opportunity_stage_moves, "won nowhere")), NULL), ERR_INVALID, F_opportunity_stage_moves);
	expect_written(client_save(guo, E_opportunity_stage, stage, 1,
	    SENT(NUMBER_OF(F_opportunity_stage_probability, 60)), NULL));
	expect_written(client_act(ada, E_opportunity, id, "move", SENT(TEXT_OF(1, "proposal"))));
	assert_int_equal(number_of(ada, E_opportunity, id, F_opportunity_probability), 60);
	expect_error(client_delete(guo, E_opportunity_stage, stage, 2), ERR_IN_USE, 0);
	expect_written(client_save(guo, E_opportunity_stage, stage, 2,
	    SENT(NUMBER_OF(F_opportunity_stage_probability, 50)), NULL));
}

static void
deleted_customer_takes_its_opportunities_along(void **state)
{
	int64_t customer = make_customer(cai, "删除公司", "");
	int64_t id = make_opportunity(cai, customer, "删除商机");

	expect_written(client_delete(cai, E_customer, customer, 1));
	assert_int_equal(list_count(cai, E_opportunity, "name:删除商机"), 0);
	expect_written(client_restore(cai, E_customer, customer));
	assert_int_equal(record_of(cai, E_opportunity, id)->n_lines, 1);
}

int
lead_opportunities(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stages_decide_probability_and_write_history),
		cmocka_unit_test(moves_against_the_rules_are_refused),
		cmocka_unit_test(bad_values_are_refused_at_their_field),
		cmocka_unit_test(won_and_lost_keep_what_closed_them_and_reopen),
		cmocka_unit_test(assigning_takes_the_open_steps_along),
		cmocka_unit_test(decision_chain_and_competition_are_lines),
		cmocka_unit_test(plan_steps_have_dates_and_results),
		cmocka_unit_test(roles_see_and_do_what_they_are_granted),
		cmocka_unit_test(deleted_customer_takes_its_opportunities_along),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
