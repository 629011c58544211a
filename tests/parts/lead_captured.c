/*
 * Leads: found, worked, pooled, assigned, and converted without a second customer or contact.
 */
#include "common/date.h"
#include "server/access/access.h"
#include "server/entity/fields.h"
#include "tests/lib/pg.h"
#include "tests/parts/lead.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
// clang-format off
#include <cmocka.h>
// clang-format on

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
	record = record_of(ada, E_lead, id);
	assert_string_equal(value_of(record, F_lead_state)->text, "converted");
	customer = value_of(record, F_lead_customer_id)->number;
	contact = value_of(record, F_lead_contact_id)->number;
	opportunity = value_of(record, F_lead_opportunity_id)->number;
	record = record_of(ada, E_customer, customer);
	assert_string_equal(value_of(record, F_customer_name)->text, "全新转化公司");
	assert_string_equal(value_of(record, F_customer_source)->text, "fair");
	assert_int_equal(record->n_lines, 1);
	assert_string_equal(text_of(ada, E_contact, contact, F_contact_name), "单小明");
	record = record_of(ada, E_opportunity, opportunity);
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
	assert_null(value_of(record_of(ada, E_lead, by_phone), F_lead_opportunity_id));
	/* a contact that is named stands with the customer, too */
	{
		int64_t lead = make_lead(ada, "已有客户公司", "", "");
		int64_t named = expect_written(client_save(ada, E_contact, 0, 0,
		    SENT(TEXT_OF(F_contact_name, "别处的人"), NUMBER_OF(F_contact_customer_id,
			make_customer(ada, "别处公司", ""))), NULL))->id;

		expect_written(client_act(ada, E_lead, lead, "convert", SENT(NUMBER_OF(2, named))));
		assert_int_equal(number_of(ada, E_lead, lead, F_lead_contact_id), named);
		assert_int_equal(record_of(ada, E_contact, named)->n_lines, 1);
	}
	/* the same person at another company: one contact of both */
	expect_written(client_act(ada, E_lead, elsewhere, "convert", NULL));
	assert_int_equal(number_of(ada, E_lead, elsewhere, F_lead_contact_id), contact);
	assert_int_equal(record_of(ada, E_contact, contact)->n_lines, 1);
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

int
lead_leads(void)
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
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
