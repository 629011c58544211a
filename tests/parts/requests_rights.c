/*
 * Whose rows one sees: rights, shares, transfers.
 */
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
rows_of_others_do_not_exist(void **state)
{
	int64_t id = make_customer(ada, "只属于艾达的公司", "艾达公司");

	expect_error(client_get(ben, E_customer, id), ERR_NO_SUCH_RECORD, 0);
	expect_error(client_save(ben, E_customer, id, 1, SENT(TEXT_OF(F_customer_level, "A")), NULL),
	    ERR_NO_SUCH_RECORD, 0);
	expect_error(client_act(ben, E_customer, id, "share", SENT(NUMBER_OF(1, USER_BEN))),
	    ERR_NO_SUCH_RECORD, 0);
	assert_int_equal(list_count(ben, E_customer, "name:只属于艾达"), 0);
	assert_int_equal(client_search(ben, "只属于艾达")->search->n_hits, 0);
	assert_int_equal(list_count(dan, E_customer, "name:只属于艾达"), 0);
	assert_int_equal(list_count(cai, E_customer, "name:只属于艾达"), 1); /* department and below */
	assert_int_equal(list_count(eve, E_customer, "name:只属于艾达"), 1); /* all */
	/* who administers users sees no customers by that alone */
	expect_error(client_get(guo, E_customer, id), ERR_NO_SUCH_ENTITY, 0);
	/* an account manager never deletes */
	expect_error(client_delete(ada, E_customer, id, 1), ERR_FORBIDDEN, 0);
}

static void
visits_of_a_customer_show_through_it_only(void **state)
{
	int64_t id = make_customer(ada, "穿透公司", "穿透");
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__Related related = KEHU__RELATED__INIT;

	expect_written(client_save(ada, E_visit, 0, 0,
	    SENT(NUMBER_OF(F_visit_customer_id, id), TEXT_OF(F_visit_purpose, "初访")), NULL));
	related.has_entity = related.has_id = related.has_related = true;
	related.entity = E_customer;
	related.id = id;
	related.related = E_visit;
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_RELATED;
	frame.related = &related;
	assert_int_equal(client_call(ada, &frame)->page->n_rows, 1);
	assert_int_equal(client_call(eve, &frame)->page->n_rows, 1);
	expect_error(client_call(ben, &frame), ERR_NO_SUCH_RECORD, 0);
	assert_int_equal(list_count(ben, E_visit, "purpose:初访"), 0);
}

static void
share_gives_reading_then_changing_then_nothing(void **state)
{
	int64_t id = make_customer(ada, "共享公司", "共享");
	const Kehu__Record *record;

	expect_written(client_act(ada, E_customer, id, "share", SENT(NUMBER_OF(1, USER_DAN))));
	record = client_get(dan, E_customer, id)->get->record;
	assert_int_equal(record->rights & 1, 0);
	assert_int_equal(list_count(dan, E_customer, "name:共享公司"), 1);
	assert_int_equal(client_search(dan, "共享公司")->search->n_hits, 1);
	expect_error(client_save(dan, E_customer, id, record->version, SENT(TEXT_OF(F_customer_level, "A")), NULL),
	    ERR_FORBIDDEN, 0);
	expect_written(client_act(ada, E_customer, id, "share", SENT(NUMBER_OF(1, USER_DAN), NUMBER_OF(2, 1))));
	record = client_get(dan, E_customer, id)->get->record;
	assert_int_equal(record->rights & 1, 1);
	expect_written(client_save(dan, E_customer, id, record->version, SENT(TEXT_OF(F_customer_level, "A")), NULL));
	expect_written(client_act(ada, E_customer, id, "unshare", SENT(NUMBER_OF(1, USER_DAN))));
	expect_error(client_get(dan, E_customer, id), ERR_NO_SUCH_RECORD, 0);
}

static void
a_visit_is_shared_told_of_and_kept_in_its_history(void **state)
{
	int64_t customer = make_customer(ada, "共享拜访公司", "共享拜访");
	int64_t id = expect_written(client_save(ada, E_visit, 0, 0,
	    SENT(NUMBER_OF(F_visit_customer_id, customer), TEXT_OF(F_visit_purpose, "共享的拜访")), NULL))->id;
	const struct sent *read = SENT(NUMBER_OF(1, USER_DAN)), *write = SENT(NUMBER_OF(1, USER_DAN), NUMBER_OF(2, 1));
	const Kehu__HistoryAnswer *history;

	expect_written(client_act(ada, E_visit, id, "share", read));
	assert_int_equal(list_count(dan, E_visit, "purpose:共享的拜访"), 1);
	expect_error(client_get(dan, E_customer, customer), ERR_NO_SUCH_RECORD, 0);
	expect_error(client_act(dan, E_visit, id, "cancel", SENT(TEXT_OF(1, "x"))), ERR_FORBIDDEN, 0);
	expect_written(client_act(ada, E_visit, id, "share", write));
	expect_written(client_act(ada, E_visit, id, "share", write)); /* no news */
	expect_written(client_act(dan, E_visit, id, "cancel", SENT(TEXT_OF(1, "x"))));
	/* what one only has by a share is not shared on */
	expect_error(client_act(dan, E_visit, id, "share", SENT(NUMBER_OF(1, USER_BEN))), ERR_FORBIDDEN, 0);
	expect_written(client_act(ada, E_visit, id, "unshare", read));
	expect_error(client_get(dan, E_visit, id), ERR_NO_SUCH_RECORD, 0);
	history = history_of(ada, E_visit, id)->history;
	assert_int_equal(history->n_changes, 5);
	assert_int_equal(history->changes[0]->kind, 6);
	assert_string_equal(history->changes[0]->note, "Dan");
	assert_int_equal(history->changes[2]->kind, 5);
	assert_string_equal(history->changes[2]->note, "Dan (may change)");
	assert_string_equal(history->changes[3]->note, "Dan (may read)");
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM message WHERE owner_id = %d AND text LIKE "
	    "'%%共享%%拜访 共享的拜访'", USER_DAN), 2);
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM message WHERE owner_id = %d AND text LIKE "
	    "'%%取消了与您的共享（拜访%%' AND anchor_id IS NULL", USER_DAN), 1);
}

static void
sharing_that_would_give_nothing_is_refused(void **state)
{
	int64_t id = make_customer(ada, "无处共享公司", "无处");

	expect_error(client_act(ada, E_customer, id, "share", SENT(NUMBER_OF(1, USER_ADA))), ERR_INVALID, 1);
	/* an administrator has to do with no customer at all */
	expect_error(client_act(ada, E_customer, id, "share", SENT(NUMBER_OF(1, USER_GUO))), ERR_INVALID, 1);
	expect_error(client_act(eve, E_customer, id, "share", SENT(NUMBER_OF(1, USER_DAN))), ERR_FORBIDDEN, 0);
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM record_share WHERE record_id = %lld", (long long)id), 0);
	assert_int_equal(history_of(ada, E_customer, id)->history->n_changes, 1);
}

static void
transfer_takes_contacts_along_and_leaves_visits(void **state)
{
	int64_t id = make_customer(cai, "转移公司", "转移");
	int64_t contact = expect_written(client_save(cai, E_contact, 0, 0,
	    SENT(TEXT_OF(F_contact_name, "单小明"), NUMBER_OF(F_contact_customer_id, id)), NULL))->id;

	expect_written(client_save(cai, E_visit, 0, 0,
	    SENT(NUMBER_OF(F_visit_customer_id, id), TEXT_OF(F_visit_purpose, "交接前")), NULL));
	expect_error(client_get(ben, E_customer, id), ERR_NO_SUCH_RECORD, 0);
	expect_written(client_act(cai, E_customer, id, "transfer", SENT(NUMBER_OF(1, USER_BEN))));
	assert_int_equal(value_of(client_get(ben, E_customer, id)->get->record, F_customer_owner_id)->number, USER_BEN);
	assert_int_equal(value_of(client_get(ben, E_contact, contact)->get->record, F_contact_owner_id)->number, USER_BEN);
	assert_int_equal(client_search(ben, "单小明")->search->n_hits, 1);
	assert_int_equal(client_search(ben, "sxm")->search->n_hits, 1);
	assert_int_equal(pg_int(DB, "SELECT owner_id FROM visit WHERE customer_id = %ld", (long)id), USER_CAI);
}

int
requests_rights(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_of_others_do_not_exist),
		cmocka_unit_test(visits_of_a_customer_show_through_it_only),
		cmocka_unit_test(share_gives_reading_then_changing_then_nothing),
		cmocka_unit_test(a_visit_is_shared_told_of_and_kept_in_its_history),
		cmocka_unit_test(sharing_that_would_give_nothing_is_refused),
		cmocka_unit_test(transfer_takes_contacts_along_and_leaves_visits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
