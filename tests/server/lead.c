/*
 * Leads, opportunities and development plans against a real kehud: converting, stages and their
 * rules, the board, who may and who may not.
 */
#include "common/buf.h"
#include "common/date.h"
#include "server/access/access.h"
#include "server/entity/fields.h"
#include "tests/lib/bed.h"
#include "tests/lib/company.h"
#include "tests/lib/pg.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
// clang-format off
#include <cmocka.h>
// clang-format on

#define DB "lead"

static struct bed *bed;
static struct client *ada, *ben, *cai, *dan, *eve, *guo;

static int64_t
make_lead(struct client *client, const char *name, const char *person, const char *phone)
{
	return expect_written(client_save(client, E_lead, 0, 0,
		SENT(TEXT_OF(F_lead_name, name), TEXT_OF(F_lead_person, person),
		    TEXT_OF(F_lead_mobile, phone)), NULL))->id;
}

static int64_t
make_customer(struct client *client, const char *name, const char *phone)
{
	return expect_written(client_save(client, E_customer, 0, 0,
		SENT(TEXT_OF(F_customer_name, name), TEXT_OF(F_customer_phone, phone)), NULL))->id;
}

static int64_t
make_opportunity(struct client *client, int64_t customer, const char *name)
{
	return expect_written(client_save(client, E_opportunity, 0, 0,
		SENT(TEXT_OF(F_opportunity_name, name), NUMBER_OF(F_opportunity_customer_id, customer),
		    { .field = F_opportunity_amount, .text = "CNY", .number = 10000000, .has_number = true },
		    NUMBER_OF(F_opportunity_expected_on, date_of_us(date_now_us(), 480) + 20)), NULL))->id;
}

static const Kehu__Record *
get(struct client *client, uint32_t entity, int64_t id)
{
	return client_get(client, entity, id)->get->record;
}

static const char *
text_of(struct client *client, uint32_t entity, int64_t id, uint32_t field)
{
	const Kehu__Value *value = value_of(get(client, entity, id), field);

	return value != NULL && value->text != NULL ? value->text : "";
}

static int64_t
number_of(struct client *client, uint32_t entity, int64_t id, uint32_t field)
{
	const Kehu__Value *value = value_of(get(client, entity, id), field);

	return value != NULL ? value->number : 0;
}

static size_t
list_count(struct client *client, uint32_t entity, const char *query)
{
	const Kehu__ServerFrame *answer = client_list(client, entity, query);

	if (answer->answer_case != KEHU__SERVER_FRAME__ANSWER_PAGE)
		fail_msg("list refused: %u %s", answer->error->code, answer->error->text);
	return answer->page->n_rows;
}

static int64_t
today(void)
{
	return date_of_us(date_now_us(), 480);
}

/* ---- leads ------------------------------------------------------------------------------- */

static void
lead_is_found_by_name_pinyin_and_phone(void **state)
{
	int64_t id = make_lead(ada, "苏州明远机电有限公司", "曾小芳", "0512-6288 7001");

	assert_string_equal(text_of(ada, E_lead, id, F_lead_state), "new");
	assert_int_equal(client_search(ada, "明远")->search->n_hits, 1);
	assert_int_equal(client_search(ada, "szmy")->search->n_hits, 1);
	assert_int_equal(client_search(ada, "zxf")->search->n_hits, 1);
	assert_int_equal(client_search(ada, "62887001")->search->n_hits, 1);
	assert_int_equal(client_search(ben, "明远")->search->n_hits, 0);
	assert_int_equal(list_count(ada, E_lead, "state:new interest:warm 明远"), 1);
	assert_int_equal(list_count(cai, E_lead, "明远"), 1);
}

static void
lead_goes_from_new_to_contacted_to_qualified_to_lost_and_back(void **state)
{
	int64_t id = make_lead(ada, "走流程公司", "李一", "13911110001");

	expect_error(client_act(ada, E_lead, id, "reopen", SENT(TEXT_OF(1, "x"))), ERR_WRONG_STATE, 0);
	expect_error(client_act(ada, E_lead, id, "contact",
	    SENT(NUMBER_OF(2, today() - 1))), ERR_INVALID, 2);
	expect_written(client_act(ada, E_lead, id, "contact",
	    SENT(TEXT_OF(1, "下周再谈"), NUMBER_OF(2, today() + 7))));
	assert_string_equal(text_of(ada, E_lead, id, F_lead_state), "contacted");
	expect_written(client_act(ada, E_lead, id, "qualify", SENT(TEXT_OF(1, "hot"))));
	assert_string_equal(text_of(ada, E_lead, id, F_lead_interest), "hot");
	expect_error(client_act(ada, E_lead, id, "lose", NULL), ERR_REQUIRED, 1);
	expect_error(client_act(ada, E_lead, id, "lose", SENT(TEXT_OF(1, "bored"))), ERR_NOT_IN_LIST, 1);
	expect_written(client_act(ada, E_lead, id, "lose", SENT(TEXT_OF(1, "no_budget"))));
	expect_error(client_act(ada, E_lead, id, "convert", NULL), ERR_WRONG_STATE, 0);
	expect_written(client_act(ada, E_lead, id, "reopen", SENT(TEXT_OF(1, "有预算了"))));
	assert_string_equal(text_of(ada, E_lead, id, F_lead_state), "contacted");
	assert_string_equal(text_of(ada, E_lead, id, F_lead_lost_reason), "");
}

static void
lead_waits_in_a_pool_until_one_takes_it(void **state)
{
	int64_t id = make_lead(dan, "公海线索公司", "赵二", "13911110002");
	const Kehu__ServerFrame *late;

	expect_error(client_get(cai, E_lead, id), ERR_NO_SUCH_RECORD, 0);
	expect_error(client_act(dan, E_lead, id, "take", NULL), ERR_WRONG_STATE, 0);
	expect_written(client_act(dan, E_lead, id, "release", SENT(NUMBER_OF(1, POOL_WEST))));
	assert_int_equal(number_of(dan, E_lead, id, F_lead_owner_id), 0);
	assert_int_equal(list_count(dan, E_lead, "pool:西区公海"), 1);
	expect_error(client_act(ben, E_lead, id, "take", NULL), ERR_NO_SUCH_RECORD, 0);
	expect_written(client_act(dan, E_lead, id, "take", NULL));
	assert_int_equal(number_of(dan, E_lead, id, F_lead_owner_id), USER_DAN);
	late = client_act(dan, E_lead, id, "take", NULL);
	expect_error(late, ERR_WRONG_STATE, 0);
}

static void
lead_is_assigned_by_a_supervisor_only(void **state)
{
	int64_t id = make_lead(ada, "分配公司", "钱三", "13911110003");

	expect_error(client_act(ada, E_lead, id, "assign", SENT(NUMBER_OF(1, USER_BEN))), ERR_FORBIDDEN, 0);
	expect_error(client_act(cai, E_lead, id, "assign", SENT(NUMBER_OF(1, USER_ADA))), ERR_EMPTY, 1);
	expect_error(client_act(cai, E_lead, id, "assign", SENT(NUMBER_OF(1, USER_FAY))), ERR_INVALID, 0);
	expect_written(client_act(cai, E_lead, id, "assign", SENT(NUMBER_OF(1, USER_BEN))));
	expect_error(client_get(ada, E_lead, id), ERR_NO_SUCH_RECORD, 0);
	assert_int_equal(number_of(ben, E_lead, id, F_lead_owner_id), USER_BEN);
	assert_int_equal(client_search(ben, "分配公司")->search->n_hits, 1);
	expect_error(client_save(ben, E_lead, id, 2, SENT(NUMBER_OF(F_lead_owner_id, USER_ADA)), NULL),
	    ERR_FORBIDDEN, 0);
}

/* ---- converting -------------------------------------------------------------------------- */

static void
convert_makes_customer_contact_and_opportunity(void **state)
{
	int64_t id = expect_written(client_save(ada, E_lead, 0, 0,
	    SENT(TEXT_OF(F_lead_name, "全新转化公司"), TEXT_OF(F_lead_person, "单小明"),
		TEXT_OF(F_lead_mobile, "13922220001"), TEXT_OF(F_lead_source, "fair"),
		TEXT_OF(F_lead_need, "两台贴片机")),
	    (const struct sent_line[]){ { .entity = E_lead_phone, .id = -1,
		.values = SENT(TEXT_OF(F_lead_phone_number, "0512-8000123")) }, { 0 } }))->id;
	int64_t customer, contact, opportunity;
	const Kehu__Record *record;

	expect_written(client_act(ada, E_lead, id, "convert",
	    SENT({ .field = 6, .text = "CNY", .number = 5000000, .has_number = true },
		NUMBER_OF(7, today() + 30))));
	record = get(ada, E_lead, id);
	assert_string_equal(value_of(record, F_lead_state)->text, "converted");
	customer = value_of(record, F_lead_customer_id)->number;
	contact = value_of(record, F_lead_contact_id)->number;
	opportunity = value_of(record, F_lead_opportunity_id)->number;
	record = get(ada, E_customer, customer);
	assert_string_equal(value_of(record, F_customer_name)->text, "全新转化公司");
	assert_string_equal(value_of(record, F_customer_source)->text, "fair");
	assert_int_equal(record->n_lines, 1);
	assert_string_equal(text_of(ada, E_contact, contact, F_contact_name), "单小明");
	record = get(ada, E_opportunity, opportunity);
	assert_string_equal(value_of(record, F_opportunity_name)->text, "两台贴片机");
	assert_int_equal(value_of(record, F_opportunity_customer_id)->number, customer);
	assert_int_equal(value_of(record, F_opportunity_amount)->number, 5000000);
	assert_int_equal(value_of(record, F_opportunity_weighted)->number, 500000);
	assert_string_equal(value_of(record, F_opportunity_stage)->text, "prospecting");
	assert_int_equal(client_search(ada, "80000123")->search->n_hits, 0);
	assert_int_equal(client_search(ada, "8000123")->search->n_hits, 2); /* lead and customer */
	/* once is enough, and a converted lead stays as it is */
	expect_error(client_act(ada, E_lead, id, "convert", NULL), ERR_WRONG_STATE, 0);
	expect_error(client_save(ada, E_lead, id, 2, SENT(TEXT_OF(F_lead_title, "经理")), NULL),
	    ERR_WRONG_STATE, 0);
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM customer WHERE name = '全新转化公司'"), 1);
}

static void
convert_makes_no_second_customer_or_contact(void **state)
{
	int64_t customer = make_customer(ada, "已有客户公司", "021-50001111");
	int64_t contact = expect_written(client_save(ada, E_contact, 0, 0,
	    SENT(TEXT_OF(F_contact_name, "解大伟"), NUMBER_OF(F_contact_customer_id, customer),
		TEXT_OF(F_contact_mobile, "13922220002")), NULL))->id;
	int64_t by_name = make_lead(ada, " 已有客户公司 ", "解大伟", "139 2222 0002");
	int64_t by_phone = make_lead(ada, "换了名字的公司", "王五", "021-5000 1111");
	int64_t elsewhere = make_lead(ada, "解大伟的新公司", "解大伟", "13922220002");

	expect_written(client_act(ada, E_lead, by_name, "convert", NULL));
	assert_int_equal(number_of(ada, E_lead, by_name, F_lead_customer_id), customer);
	assert_int_equal(number_of(ada, E_lead, by_name, F_lead_contact_id), contact);
	expect_error(client_act(ada, E_lead, by_phone, "convert", NULL), ERR_DUPLICATE, 1);
	expect_written(client_act(ada, E_lead, by_phone, "convert",
	    SENT(NUMBER_OF(1, customer), NUMBER_OF(4, 1))));
	assert_int_equal(number_of(ada, E_lead, by_phone, F_lead_customer_id), customer);
	assert_null(value_of(get(ada, E_lead, by_phone), F_lead_opportunity_id));
	/* a contact that is named stands with the customer, too */
	{
		int64_t lead = make_lead(ada, "已有客户公司", "", "");
		int64_t named = expect_written(client_save(ada, E_contact, 0, 0,
		    SENT(TEXT_OF(F_contact_name, "别处的人"), NUMBER_OF(F_contact_customer_id,
			make_customer(ada, "别处公司", ""))), NULL))->id;

		expect_written(client_act(ada, E_lead, lead, "convert", SENT(NUMBER_OF(2, named))));
		assert_int_equal(number_of(ada, E_lead, lead, F_lead_contact_id), named);
		assert_int_equal(get(ada, E_contact, named)->n_lines, 1);
	}
	/* the same person at another company: one contact of both */
	expect_written(client_act(ada, E_lead, elsewhere, "convert", NULL));
	assert_int_equal(number_of(ada, E_lead, elsewhere, F_lead_contact_id), contact);
	assert_int_equal(get(ada, E_contact, contact)->n_lines, 1);
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM contact WHERE name = '解大伟'"), 1);
}

static void
convert_says_a_colleague_has_it_without_saying_who(void **state)
{
	int64_t id;
	const Kehu__ServerFrame *answer;

	make_customer(dan, "丹的秘密客户", "010-60001111");
	id = make_lead(ada, "丹的秘密客户", "周六", "13922220003");
	answer = client_act(ada, E_lead, id, "convert", NULL);
	expect_error(answer, ERR_DUPLICATE, 1);
	assert_non_null(strstr(answer->error->text, "同事"));
	assert_null(strstr(answer->error->text, "Dan"));
	assert_null(strstr(answer->error->text, "C0"));
	/* nor by insisting */
	expect_error(client_act(ada, E_lead, id, "convert", SENT(NUMBER_OF(3, 1))), ERR_DUPLICATE, 1);
	assert_string_equal(text_of(ada, E_lead, id, F_lead_state), "new");
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM customer WHERE name = '丹的秘密客户'"), 1);
}

/* Two at once, each with a client and a thread of its own. */
struct converting {
	struct client *client;
	int64_t lead;
	const Kehu__ServerFrame *answer;
};

static void *
convert_in_thread(void *arg)
{
	struct converting *converting = arg;

	converting->answer = client_act(converting->client, E_lead, converting->lead, "convert", NULL);
	return NULL;
}

static void
convert_of_one_company_by_two_at_once_makes_one_customer(void **state)
{
	for (int round = 0; round < 5; round++) {
		const char *name = arena_printf(bed->arena, "并发公司%d", round);
		int64_t first = make_lead(ada, name, "", ""), second = make_lead(ben, name, "", "");
		int done = 0;

		struct converting both[2] = { { .client = ada, .lead = first },
			{ .client = ben, .lead = second } };
		pthread_t threads[2];

		for (int i = 0; i < 2; i++)
			pthread_create(&threads[i], NULL, convert_in_thread, &both[i]);
		for (int i = 0; i < 2; i++)
			pthread_join(threads[i], NULL);
		for (int i = 0; i < 2; i++)
			done += both[i].answer->answer_case == KEHU__SERVER_FRAME__ANSWER_WRITTEN;
		assert_int_equal(done, 1);
		assert_int_equal(pg_int(DB, "SELECT count(*) FROM customer WHERE name = '%s'", name), 1);
	}
}

/* ---- opportunities ----------------------------------------------------------------------- */

static void
stages_decide_probability_and_write_history(void **state)
{
	int64_t customer = make_customer(ada, "阶段公司", "");
	int64_t id = make_opportunity(ada, customer, "阶段商机");
	const Kehu__Record *record;

	expect_written(client_act(ada, E_opportunity, id, "move",
	    SENT(TEXT_OF(1, "proposal"), TEXT_OF(2, "客户要方案"))));
	record = get(ada, E_opportunity, id);
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
	record = get(ada, E_opportunity, id);
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
	expect_error(client_save(ada, E_opportunity, id, get(ada, E_opportunity, id)->version,
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
	assert_int_equal(get(ada, E_opportunity, id)->n_lines, 4);
	expect_error(client_save(ada, E_opportunity, id, 2, NULL,
	    (const struct sent_line[]){ { .entity = E_opportunity_decider, .id = -1 }, { 0 } }),
	    ERR_REQUIRED, F_opportunity_decider_contact_id);
}

/* ---- the board --------------------------------------------------------------------------- */

static const Kehu__BoardAnswer *
board(struct client *client, const char *query)
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__Board request = KEHU__BOARD__INIT;
	Kehu__ServerFrame *answer;

	request.query = (char *)(uintptr_t)query;
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_BOARD;
	frame.board = &request;
	answer = client_call(client, &frame);
	if (answer->answer_case != KEHU__SERVER_FRAME__ANSWER_BOARD)
		fail_msg("board refused: %u %s", answer->error->code, answer->error->text);
	return answer->board;
}

static const Kehu__BoardStage *
board_stage(const Kehu__BoardAnswer *answer, const char *code)
{
	for (size_t i = 0; i < answer->n_stages; i++)
		if (strcmp(answer->stages[i]->stage, code) == 0)
			return answer->stages[i];
	fail_msg("no stage %s", code);
	return NULL;
}

static void
board_shows_stages_in_order_with_sums_of_what_one_sees(void **state)
{
	int64_t customer = make_customer(dan, "看板公司", "");
	int64_t one = make_opportunity(dan, customer, "看板甲"), two = make_opportunity(dan, customer, "看板乙");
	int64_t won = make_opportunity(dan, customer, "看板丙");
	const Kehu__BoardAnswer *answer;
	const Kehu__BoardStage *stage;
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__Board request = KEHU__BOARD__INIT;

	expect_written(client_act(dan, E_opportunity, two, "move", SENT(TEXT_OF(1, "proposal"))));
	expect_written(client_act(dan, E_opportunity, won, "win", NULL));
	answer = board(dan, "");
	assert_int_equal(answer->n_stages, 7);
	assert_string_equal(answer->stages[0]->stage, "prospecting");
	assert_string_equal(answer->stages[6]->stage, "lost");
	stage = board_stage(answer, "prospecting");
	assert_int_equal(stage->count, 1);
	assert_int_equal(stage->page->rows[0]->id, one);
	assert_int_equal(stage->amounts[0]->number, 10000000);
	assert_int_equal(stage->weighted[0]->number, 1000000);
	stage = board_stage(answer, "proposal");
	assert_int_equal(stage->weighted[0]->number, 5000000);
	assert_string_equal(stage->amounts[0]->text, "CNY");
	assert_int_equal(board_stage(answer, "won")->count, 1);
	/* what was closed long ago has left it */
	pg_exec(DB, "UPDATE opportunity SET closed_on = closed_on - 31, opened_on = opened_on - 40 WHERE id = %ld", (long)won);
	stage = board_stage(board(dan, ""), "won");
	assert_int_equal(stage->count, 0);
	assert_int_equal(stage->page->n_rows, 0);
	/* filters and words narrow sums and cards alike */
	stage = board_stage(board(dan, "看板乙"), "proposal");
	assert_int_equal(stage->count, 1);
	assert_int_equal(board_stage(board(dan, "看板乙"), "prospecting")->count, 0);
	assert_int_equal(board_stage(board(dan, "amount:>200000"), "proposal")->count, 0);
	assert_int_equal(board_stage(board(dan, "owner:me"), "proposal")->page->n_rows, 1);
	/* nothing of others, and nothing at all without the right */
	assert_int_equal(board_stage(board(ben, "看板甲"), "prospecting")->count, 0);
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_BOARD;
	frame.board = &request;
	expect_error(client_call(guo, &frame), ERR_NO_SUCH_ENTITY, 0);
	request.query = (char *)(uintptr_t)"colour:red";
	expect_error(client_call(dan, &frame), ERR_QUERY, 0);
}

/* ---- development plans ------------------------------------------------------------------- */

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

/* ---- the funnel -------------------------------------------------------------------------- */

static const char *
funnel(struct client *client)
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__Report request = KEHU__REPORT__INIT;
	const char *text = "";
	uint32_t pages = 1;

	request.name = (char *)(uintptr_t)"opportunity_funnel";
	request.format = (char *)(uintptr_t)"preview";
	request.has_page = request.has_width = true;
	request.width = 132;
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_REPORT;
	frame.report = &request;
	for (request.page = 1; request.page <= pages; request.page++) {
		const Kehu__ServerFrame *answer = client_call(client, &frame);

		if (answer->answer_case != KEHU__SERVER_FRAME__ANSWER_REPORT)
			fail_msg("report refused: %u %s", answer->error->code, answer->error->text);
		pages = answer->report->pages;
		for (size_t i = 0; i < answer->report->n_lines; i++)
			text = arena_printf(client->arena, "%s%s\n", text, answer->report->lines[i]);
	}
	return text;
}

/* The line that has a word. */
static const char *
line_with(struct client *client, const char *text, const char *word)
{
	const char *at = strstr(text, word);

	if (at == NULL)
		fail_msg("no %s in the report", word);
	while (at > text && at[-1] != '\n')
		at--;
	return arena_strndup(client->arena, at, strcspn(at, "\n"));
}

static void
funnel_adds_up_stages_months_and_win_rate(void **state)
{
	int64_t customer, won, lost;
	const char *text, *line;

	/* Dan has the report to himself: nothing of the others is in it. */
	pg_exec(DB, "UPDATE opportunity SET deleted_at = now() WHERE owner_id = %d AND deleted_at IS NULL", USER_DAN);
	customer = make_customer(dan, "漏斗公司", "");
	make_opportunity(dan, customer, "漏斗一");
	make_opportunity(dan, customer, "漏斗二");
	won = make_opportunity(dan, customer, "漏斗赢");
	lost = make_opportunity(dan, customer, "漏斗输");
	expect_written(client_act(dan, E_opportunity, won, "move", SENT(TEXT_OF(1, "proposal"))));
	pg_exec(DB, "UPDATE opportunity SET stage_since = now() - interval '10 days' WHERE id = %ld", (long)won);
	expect_written(client_act(dan, E_opportunity, won, "win", NULL));
	expect_written(client_act(dan, E_opportunity, lost, "lose", SENT(TEXT_OF(1, "price"))));
	text = funnel(dan);
	line = line_with(dan, text, "初步接触");
	assert_non_null(strstr(line, " 2"));
	assert_non_null(strstr(line, "200,000.00"));
	assert_non_null(strstr(line, "20,000.00"));
	line = line_with(dan, text, "Dan ");
	assert_non_null(strstr(line, "100,000.00"));
	assert_non_null(strstr(line, " 50"));
	line = line_with(dan, text, "方案报价"); /* left once, after ten days */
	assert_non_null(strstr(line, "10"));
	assert_null(strstr(text, "Ada"));
	assert_non_null(strstr(funnel(eve), "Prospecting"));
}

/* ---- rights ------------------------------------------------------------------------------ */

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
	assert_int_equal(get(cai, E_opportunity, id)->n_lines, 1);
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
	assert_int_equal(get(cai, E_opportunity, id)->n_lines, 1);
}

/* ---- somebody else's data ---------------------------------------------------------------- */

static const char *
data_dir(void)
{
	const char *dir = getenv("KEHU_DATA");

	if (dir == NULL)
		dir = "../shared/data";
	return access(arena_printf(bed->arena, "%s/crm_sales/sales_pipeline.csv", dir), R_OK) == 0 ?
	    arena_printf(bed->arena, "%s/crm_sales", dir) : NULL;
}

/* What a shell prints, in the bed's folder, as this user of kehu. */
static char *
shell(const char *user, const char *format, ...)
{
	struct buf out = BUF_INIT;
	va_list args;
	FILE *pipe;
	char *text;
	int c;

	setenv("KEHU_SERVER", bed_server(bed), 1);
	setenv("KEHU_CA", bed_ca(bed), 1);
	setenv("KEHU_USER", user, 1);
	setenv("KEHU_PASSWORD_FILE", arena_printf(bed->arena, "%s/secret", bed->dir), 1);
	setenv("XDG_CACHE_HOME", bed->dir, 1);
	setenv("XDG_CONFIG_HOME", bed->dir, 1);
	setenv("LC_ALL", "C.UTF-8", 1);
	setenv("KEHU", bed_program("kehu"), 1);
	setenv("DIR", bed->dir, 1);
	setenv("DATA", data_dir() != NULL ? data_dir() : "", 1);
	va_start(args, format);
	fflush(NULL);
	pipe = popen(arena_vprintf(bed->arena, format, args), "r");
	va_end(args);
	assert_non_null(pipe);
	while ((c = fgetc(pipe)) != EOF)
		buf_putc(&out, (char)c);
	if (pclose(pipe) != 0)
		fail_msg("refused: %s", buf_text(&out));
	text = arena_strdup(bed->arena, buf_text(&out));
	buf_fini(&out);
	return text;
}

/* "key count cents" a line, of the file and of the database. */
static void
sums_agree(const char *what, const char *awk_key, const char *sql_key)
{
	char *theirs = shell("cai",
	    "awk -F, 'NR == FNR { sub(/\\r$/, \"\"); team[$1] = $2; next } { sub(/\\r$/, \"\") } FNR > 1 "
	    "{ k = %s; n[k]++; if ($5 == \"Won\") s[k] += $8 * 100 } "
	    "END { for (k in n) printf \"%%s|%%d|%%d\\n\", k, n[k], s[k] }' "
	    "$DATA/sales_teams.csv $DATA/sales_pipeline.csv | LC_ALL=C sort -t'|' -k1,1", awk_key);
	const char *ours = pg_exec(DB,
	    "SELECT string_agg(format('%%s|%%s|%%s', k, n, s), E'\\n' ORDER BY k COLLATE \"C\") FROM ("
	    "SELECT coalesce(%s, '') AS k, count(*) AS n,"
	    " coalesce(sum(o.amount) FILTER (WHERE o.state = 'won'), 0) AS s"
	    " FROM opportunity o JOIN users u ON u.id = o.owner_id JOIN department d ON d.id = o.department_id"
	    " LEFT JOIN customer c ON c.id = o.customer_id"
	    " LEFT JOIN opportunity_product p ON p.opportunity_id = o.id"
	    " WHERE o.deleted_at IS NULL AND o.source = 'import' GROUP BY 1) x", sql_key);

	assert_true(strlen(theirs) > 60);
	theirs[strlen(theirs) - 1] = '\0'; /* the last newline */
	if (strcmp(theirs, ours) != 0)
		fail_msg("%s:\n%.300s\n---\n%.300s", what, theirs, ours);
	print_message("# crm_sales by %s: all sums are equal\n", what);
}

static void
board_is_printed_by_the_command_line(void **state)
{
	const char *text;

	pg_exec(DB, "UPDATE opportunity SET deleted_at = now() WHERE owner_id = %d AND deleted_at IS NULL", USER_DAN);
	make_opportunity(dan, make_customer(dan, "命令行公司", ""), "命令行商机");
	text = shell("dan", "$KEHU board owner:me --format tsv");
	assert_non_null(strstr(text, "prospecting\t"));
	assert_non_null(strstr(text, "\t10\t1\tCNY\t100000.00\t10000.00\n"));
	assert_non_null(strstr(text, "lost\t"));
	text = shell("dan", "$KEHU board nothing:there 2>&1 || test $? = 1");
	assert_non_null(strstr(text, "E2014"));
}

static void
imported_opportunities_add_up_to_the_last_cent(void **state)
{
	if (data_dir() == NULL) {
		print_message("# no crm_sales data here\n");
		skip();
	}
	/* An administrator makes a department for each team and a user for each agent … */
	shell("guo",
	    "awk -F, 'NR > 1 && !($2 in s) { s[$2]; print $2 }' $DATA/sales_teams.csv | "
	    "awk 'BEGIN { print \"name,branch,parent\" } { print $0 \",东区,销售\" }' >$DIR/teams.csv && "
	    "awk -F, 'BEGIN { print \"login,label,department,branch\" } NR > 1 { l = tolower($1); "
	    "gsub(/[^a-z]/, \"\", l); print l \",\" $1 \",\" $2 \",东区\" }' $DATA/sales_teams.csv >$DIR/agents.csv && "
	    "printf '%%s\\n' 'name = \"login\";' 'label = \"label\";' 'department_id = \"department\";' "
	    "'branch_id = \"branch\";' 'user_role = { role_id = \"=account_manager\"; };' >$DIR/agents.map && "
	    "$KEHU import department $DIR/teams.csv 2>&1 && $KEHU import user $DIR/agents.csv --map $DIR/agents.map 2>&1");
	/* … and the supervisor of all of them imports accounts, then opportunities. */
	shell("cai",
	    "printf '%%s\\n' 'name = \"account\";' 'employees = \"employees\";' 'source = \"=import\";' >$DIR/accounts.map && "
	    "$KEHU import customer $DATA/accounts.csv --map $DIR/accounts.map 2>&1");
	shell("cai",
	    "awk -F, -v OFS=, 'NR == 1 { sub(/\\r$/, \"\"); print $0, \"name\"; next } { sub(/\\r$/, \"\"); "
	    "if ($8 != \"\") $8 = $8 \" USD\"; print $0, $3 }' $DATA/sales_pipeline.csv >$DIR/pipeline.csv && "
	    "printf '%%s\\n' 'number = \"opportunity_id\";' 'name = \"name\";' 'owner_id = \"sales_agent\";' "
	    "'customer_id = \"account\";' 'stage = \"deal_stage\";' 'opened_on = \"engage_date\";' "
	    "'closed_on = \"close_date\";' 'amount = \"close_value\";' 'source = \"=import\";' "
	    "'lost_reason = \"=unknown\";' 'products = { product = \"product\"; };' >$DIR/pipeline.map && "
	    "$KEHU import opportunity $DIR/pipeline.csv --map $DIR/pipeline.map 2>&1");
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM opportunity WHERE source = 'import'"), 8800);
	sums_agree("agent", "$2", "u.label");
	sums_agree("team", "team[$2]", "d.name");
	sums_agree("quarter", "$7 == \"\" ? \"\" : substr($7, 1, 4) \"Q\" int((substr($7, 6, 2) + 2) / 3)",
	    "to_char(o.closed_on, 'YYYY\"Q\"Q')");
	sums_agree("product", "$3", "p.product");
	sums_agree("customer", "$4", "c.name");
}

/* ---- the fixture ------------------------------------------------------------------------- */

static int
set_up(void **state)
{
	FILE *secret;

	bed = bed_new(DB);
	secret = fopen(arena_printf(bed->arena, "%s/secret", bed->dir), "w");
	assert_non_null(secret);
	fputs(BED_PASSWORD "\n", secret);
	fclose(secret);
	ada = client_new(bed, "ada", LANG_ZH);
	ben = client_new(bed, "ben", LANG_ZH);
	cai = client_new(bed, "cai", LANG_ZH);
	dan = client_new(bed, "dan", LANG_ZH);
	eve = client_new(bed, "eve", LANG_EN);
	guo = client_new(bed, "guo", LANG_ZH);
	return 0;
}

static int
tear_down(void **state)
{
	struct client *const all[] = { ada, ben, cai, dan, eve, guo };

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		client_free(all[i]);
	bed_free(bed);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lead_is_found_by_name_pinyin_and_phone),
		cmocka_unit_test(lead_goes_from_new_to_contacted_to_qualified_to_lost_and_back),
		cmocka_unit_test(lead_waits_in_a_pool_until_one_takes_it),
		cmocka_unit_test(lead_is_assigned_by_a_supervisor_only),
		cmocka_unit_test(convert_makes_customer_contact_and_opportunity),
		cmocka_unit_test(convert_makes_no_second_customer_or_contact),
		cmocka_unit_test(convert_says_a_colleague_has_it_without_saying_who),
		cmocka_unit_test(convert_of_one_company_by_two_at_once_makes_one_customer),
		cmocka_unit_test(stages_decide_probability_and_write_history),
		cmocka_unit_test(moves_against_the_rules_are_refused),
		cmocka_unit_test(bad_values_are_refused_at_their_field),
		cmocka_unit_test(won_and_lost_keep_what_closed_them_and_reopen),
		cmocka_unit_test(assigning_takes_the_open_steps_along),
		cmocka_unit_test(decision_chain_and_competition_are_lines),
		cmocka_unit_test(board_shows_stages_in_order_with_sums_of_what_one_sees),
		cmocka_unit_test(funnel_adds_up_stages_months_and_win_rate),
		cmocka_unit_test(plan_steps_have_dates_and_results),
		cmocka_unit_test(roles_see_and_do_what_they_are_granted),
		cmocka_unit_test(deleted_customer_takes_its_opportunities_along),
		cmocka_unit_test(board_is_printed_by_the_command_line),
		cmocka_unit_test(imported_opportunities_add_up_to_the_last_cent),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
