/*
 * Saving: lines, refused fields, intentions, conflicts, what may be given to whom.
 */
#include "common/date.h"
#include "server/entity/fields.h"
#include "tests/lib/pg.h"
#include "tests/parts/requests.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
// clang-format off
#include <cmocka.h>
// clang-format on

static void
save_stores_a_customer_with_its_lines(void **state)
{
	const Kehu__Record *record;
	const Kehu__Written *written;
	int64_t id;

	written = expect_written(client_save(ada, E_customer, 0, 0,
	    SENT(TEXT_OF(F_customer_name, "  上海浦东发展银行  "), TEXT_OF(F_customer_level, "A"),
		TEXT_OF(F_customer_phone, "021-6882 0001")),
	    (const struct sent_line[]){
		{ .entity = E_customer_phone, .id = -7, .values = SENT(TEXT_OF(F_customer_phone_number, "13800138000")) },
		{ .entity = E_customer_mail, .id = -8, .values = SENT(TEXT_OF(F_customer_mail_mail, "a@example.com")) },
		{ 0 } }));
	id = written->id;
	assert_int_equal(written->n_ids, 2);
	assert_int_equal(written->ids[0]->temporary, -7);
	record = client_get(ada, E_customer, id)->get->record;
	assert_string_equal(value_of(record, F_customer_name)->text, "上海浦东发展银行");
	assert_string_equal(value_of(record, F_customer_number)->text, "C000001");
	assert_int_equal(value_of(record, F_customer_owner_id)->number, USER_ADA);
	assert_int_equal(value_of(record, F_customer_branch_id)->number, BRANCH_EAST);
	assert_int_equal(record->n_lines, 2);
	assert_int_equal(record->version, 1);
	assert_string_equal(record->label, "上海浦东发展银行");
	/* derived columns, search row, audit and outcome rows came with it */
	assert_string_equal(pg_exec(DB, "SELECT phone_digits FROM customer WHERE id = %ld", (long)id),
	    "02168820001");
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM customer_search WHERE id = %ld", (long)id), 1);
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM audit WHERE record_id = %ld AND action = 'create'", (long)id), 1);
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM outcome WHERE record_id = %ld", (long)id), 1);
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM change WHERE id = %ld", (long)id), 1);
}

static void
save_answers_all_refused_fields_at_once(void **state)
{
	const Kehu__ServerFrame *answer = client_save(ada, E_customer, 0, 0,
	    SENT(TEXT_OF(F_customer_mail, "no mail"), TEXT_OF(F_customer_level, "Z"),
		NUMBER_OF(F_customer_region_id, 999999999)), NULL);
	const Kehu__Error *error = answer->error;

	expect_error(answer, ERR_INVALID, F_customer_mail);
	assert_int_equal(error->n_more, 3);
	assert_int_equal(error->more[0]->field, F_customer_level);
	assert_int_equal(error->more[0]->code, ERR_NOT_IN_LIST);
	assert_int_equal(error->more[1]->code, ERR_NO_SUCH_RECORD);
	assert_int_equal(error->more[2]->field, F_customer_name);
	assert_int_equal(error->more[2]->code, ERR_REQUIRED);
}

static void
save_names_the_line_to_blame(void **state)
{
	const Kehu__ServerFrame *answer = client_save(ada, E_customer, 0, 0,
	    SENT(TEXT_OF(F_customer_name, "行")),
	    (const struct sent_line[]){ { .entity = E_customer_phone, .id = -3,
		.values = SENT(TEXT_OF(F_customer_phone_number, "x")) }, { 0 } });

	expect_error(answer, ERR_INVALID, F_customer_phone_number);
	assert_int_equal(answer->error->line, -3);
	assert_int_equal(answer->error->entity, E_customer_phone);
}

static void
save_repeats_the_stored_outcome(void **state)
{
	struct uuid intention = uuid_new();
	const struct sent *values = SENT(TEXT_OF(F_customer_name, "重复提交有限公司"));
	const Kehu__Written *first =
	    expect_written(client_save_as(ada, intention, E_customer, 0, 0, values, NULL));
	const Kehu__Written *again =
	    expect_written(client_save_as(ada, intention, E_customer, 0, 0, values, NULL));

	assert_int_equal(first->id, again->id);
	assert_true(again->repeated_request);
	assert_int_equal(list_count(ada, E_customer, "name:重复提交"), 1);
	expect_error(client_save_as(ada, intention, E_customer, 0, 0,
	    SENT(TEXT_OF(F_customer_name, "别的")), NULL), ERR_INTENT_REUSED, 0);
	expect_error(client_save_as(ben, intention, E_customer, 0, 0, values, NULL),
	    ERR_INTENT_REUSED, 0);
}

static void
save_refuses_an_intention_past_its_week(void **state)
{
	struct uuid old = uuid_new();
	uint64_t ms = (uint64_t)(date_now_us() / 1000) - UINT64_C(8) * 86400000;

	for (int i = 0; i < 6; i++)
		old.bytes[i] = (uint8_t)(ms >> (40 - 8 * i));
	expect_error(client_save_as(ada, old, E_customer, 0, 0, SENT(TEXT_OF(F_customer_name, "晚")), NULL),
	    ERR_INTENT_UNKNOWN, 0);
}

static void
save_conflict_shows_both_sides(void **state)
{
	int64_t id = make_customer(ada, "冲突公司", "冲突");
	const Kehu__ServerFrame *answer;

	expect_written(client_save(cai, E_customer, id, 1,
	    SENT(TEXT_OF(F_customer_level, "A"), TEXT_OF(F_customer_site, "https://a.example")), NULL));
	answer = client_save(ada, E_customer, id, 1, SENT(TEXT_OF(F_customer_level, "D")), NULL);
	expect_error(answer, ERR_CONFLICT, 0);
	assert_int_equal(answer->error->version, 2);
	assert_int_equal(answer->error->n_differences, 2);
	for (size_t i = 0; i < 2; i++) {
		const Kehu__Difference *difference = answer->error->differences[i];

		if (difference->field == F_customer_level) {
			assert_string_equal(difference->theirs->text, "A");
			assert_string_equal(difference->yours->text, "D");
		} else {
			assert_int_equal(difference->field, F_customer_site);
			assert_null(difference->yours);
		}
	}
	/* nothing was stored */
	assert_string_equal(value_of(client_get(ada, E_customer, id)->get->record, F_customer_level)->text, "A");
	expect_written(client_save(ada, E_customer, id, 2, SENT(TEXT_OF(F_customer_level, "D")), NULL));
}

static void
save_changes_and_removes_lines_with_the_record_version(void **state)
{
	const Kehu__Record *record;
	int64_t id = expect_written(client_save(ada, E_customer, 0, 0, SENT(TEXT_OF(F_customer_name, "多号公司")),
	    (const struct sent_line[]){
		{ .entity = E_customer_phone, .id = -1, .values = SENT(TEXT_OF(F_customer_phone_number, "010-11112222")) },
		{ .entity = E_customer_phone, .id = -2, .values = SENT(TEXT_OF(F_customer_phone_number, "010-33334444")) },
		{ 0 } }))->id;
	int64_t first, second;

	record = client_get(ada, E_customer, id)->get->record;
	first = record->lines[0]->id;
	second = record->lines[1]->id;
	expect_written(client_save(ada, E_customer, id, 1, NULL,
	    (const struct sent_line[]){
		{ .entity = E_customer_phone, .id = first, .remove = true },
		{ .entity = E_customer_phone, .id = second, .values = SENT(TEXT_OF(F_customer_phone_number, "010-55556666")) },
		{ 0 } }));
	record = client_get(ada, E_customer, id)->get->record;
	assert_int_equal(record->version, 2);
	assert_int_equal(record->n_lines, 1);
	assert_string_equal(value_of(record->lines[0], F_customer_phone_number)->text, "010-55556666");
	assert_int_equal(client_search(ada, "11112222")->search->n_hits, 0);
	assert_int_equal(client_search(ada, "55556666")->search->n_hits, 1);
}

static void
save_gives_ownership_only_with_the_right(void **state)
{
	expect_error(client_save(ada, E_visit, 0, 0,
	    SENT(NUMBER_OF(F_visit_customer_id, make_customer(ada, "归属", "归")), TEXT_OF(F_visit_purpose, "x"),
		NUMBER_OF(F_visit_owner_id, USER_BEN)), NULL), ERR_FORBIDDEN, F_visit_owner_id);
}

/* Cai leads department 11 and below, Dan is in 13; with a scope of shared alone nothing new is reached. */
static void
expect_nothing_made_out_of_reach(int64_t customer)
{
	int64_t before = pg_int(DB, "SELECT count(*) FROM customer") + pg_int(DB, "SELECT count(*) FROM contact");

	expect_error(client_save(cai, E_customer, 0, 0,
	    SENT(TEXT_OF(F_customer_name, "给远处同事"), NUMBER_OF(F_customer_owner_id, USER_DAN)), NULL),
	    ERR_FORBIDDEN, 0);
	pg_exec(DB, "UPDATE role_grant SET scope = 'shared' WHERE entity IN ('customer', 'contact') AND role_id ="
		    " (SELECT id FROM role WHERE name = 'account_manager');"
		    "UPDATE state SET access_epoch = access_epoch + 1");
	expect_error(client_save(ben, E_customer, 0, 0, SENT(TEXT_OF(F_customer_name, "只有共享")), NULL),
	    ERR_FORBIDDEN, 0);
	expect_error(client_save(ben, E_contact, 0, 0,
	    SENT(TEXT_OF(F_contact_name, "只有共享"), NUMBER_OF(F_contact_customer_id, customer)), NULL),
	    ERR_FORBIDDEN, 0);
	pg_exec(DB, "UPDATE role_grant SET scope = 'own' WHERE entity IN ('customer', 'contact') AND role_id ="
		    " (SELECT id FROM role WHERE name = 'account_manager');"
		    "UPDATE state SET access_epoch = access_epoch + 1");
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM customer") + pg_int(DB, "SELECT count(*) FROM contact"), before);
}

static void
save_makes_nothing_out_of_reach_with_or_without_row_policies(void **state)
{
	int64_t id = make_customer(ada, "共享着建", "共建");

	expect_written(client_act(ada, E_customer, id, "share", SENT(NUMBER_OF(1, USER_BEN), NUMBER_OF(2, 1))));
	expect_nothing_made_out_of_reach(id);
	pg_exec(DB, "ALTER TABLE customer DISABLE ROW LEVEL SECURITY; ALTER TABLE contact DISABLE ROW LEVEL SECURITY");
	expect_nothing_made_out_of_reach(id);
	pg_exec(DB, "ALTER TABLE customer ENABLE ROW LEVEL SECURITY; ALTER TABLE contact ENABLE ROW LEVEL SECURITY");
	/* to somebody within reach it is given */
	expect_written(client_save(cai, E_customer, 0, 0,
	    SENT(TEXT_OF(F_customer_name, "给近处同事"), NUMBER_OF(F_customer_owner_id, USER_BEN)), NULL));
}

static void
save_names_the_field_that_must_be_unique(void **state)
{
	const struct sent *values = SENT(TEXT_OF(F_tag_name, "重点"));

	expect_written(client_save(guo, E_tag, 0, 0, values, NULL));
	expect_error(client_save(guo, E_tag, 0, 0, values, NULL), ERR_DUPLICATE, F_tag_name);
}

static void
numbers_grow_past_six_digits(void **state)
{
	int64_t id;

	pg_exec(DB, "UPDATE number_series SET last = 1234566 WHERE prefix = 'C'");
	id = make_customer(ada, "第一百多万家", "百万");
	assert_string_equal(value_of(client_get(ada, E_customer, id)->get->record, F_customer_number)->text, "C1234567");
}

int
requests_saving(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(save_stores_a_customer_with_its_lines),
		cmocka_unit_test(save_answers_all_refused_fields_at_once),
		cmocka_unit_test(save_names_the_line_to_blame),
		cmocka_unit_test(save_repeats_the_stored_outcome),
		cmocka_unit_test(save_refuses_an_intention_past_its_week),
		cmocka_unit_test(save_conflict_shows_both_sides),
		cmocka_unit_test(save_changes_and_removes_lines_with_the_record_version),
		cmocka_unit_test(save_gives_ownership_only_with_the_right),
		cmocka_unit_test(save_makes_nothing_out_of_reach_with_or_without_row_policies),
		cmocka_unit_test(save_names_the_field_that_must_be_unique),
		cmocka_unit_test(numbers_grow_past_six_digits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
