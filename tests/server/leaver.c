/*
 * People who are away, and people who leave: who stands in for them, who gets their work, and what
 * ends with them. Against a real kehud (for leavers two of them) and PostgreSQL.
 */
#include "common/date.h"
#include "server/entity/fields.h"
#include "tests/lib/bed.h"
#include "tests/lib/company.h"
#include "tests/lib/pg.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
// clang-format off
#include <cmocka.h>
// clang-format on

#define DB "leaver"

static struct bed *bed;
static struct client *ada, *ben, *cai, *dan, *guo;

static int64_t
today(void)
{
	return date_today(480);
}

static int64_t
make_customer(struct client *client, const char *name)
{
	return expect_written(
	    client_save(client, E_customer, 0, 0, SENT(TEXT_OF(F_customer_name, name)), NULL))->id;
}

/* From and until are days from today; away 0: the client's own user. */
static Kehu__ServerFrame *
delegate(struct client *client, int64_t away, int64_t to, int64_t from, int64_t until)
{
	struct sent values[6] = { NUMBER_OF(F_delegation_to_user_id, to),
		NUMBER_OF(F_delegation_from_day, today() + from),
		NUMBER_OF(F_delegation_to_day, today() + until),
		TEXT_OF(F_delegation_reason, "年假") };

	if (away != 0)
		values[4] = (struct sent)NUMBER_OF(F_delegation_owner_id, away);
	return client_save(client, E_delegation, 0, 0, values, NULL);
}

static bool
sees(struct client *client, uint32_t entity, int64_t id)
{
	return client_get(client, entity, id)->answer_case == KEHU__SERVER_FRAME__ANSWER_GET;
}

struct sight {
	struct client *client;
	int64_t id;
	bool wanted;
};

static bool
sees_or_not(void *sight_)
{
	struct sight *sight = sight_;

	return sees(sight->client, E_customer, sight->id) == sight->wanted;
}

/* ---- while somebody is away -------------------------------------------------------------- */

static int
forget_delegations(void **state)
{
	pg_exec(DB, "DELETE FROM delegation; UPDATE approval_rule SET active = false;"
		    "UPDATE state SET access_epoch = access_epoch + 1");
	return 0;
}

static void
who_stands_in_has_the_records_of_who_is_away(void **state)
{
	int64_t id = make_customer(ada, "休假公司"), delegation;
	const char *said;

	assert_false(sees(dan, E_customer, id));
	delegation = expect_written(delegate(ada, 0, USER_DAN, 0, 7))->id;
	assert_true(sees(dan, E_customer, id));
	assert_int_equal(client_list(dan, E_customer, "name:休假公司")->page->n_rows, 1);
	assert_int_equal(client_search(dan, "休假公司")->search->n_hits, 1);
	expect_written(client_save(dan, E_customer, id, 1, SENT(TEXT_OF(F_customer_short_name, "休假")), NULL));
	expect_written(client_act(dan, E_customer, id, "share", SENT(NUMBER_OF(1, USER_BEN), NUMBER_OF(2, 1))));
	/* within their own rights: account managers delete no customers */
	expect_error(client_delete(dan, E_customer, id, 3), ERR_FORBIDDEN, 0);
	/* what is personal stays so, the delegation itself too */
	assert_false(sees(dan, E_delegation, delegation));
	assert_int_equal(client_list(dan, E_message, "kind:system")->page->n_rows, 1);
	assert_int_equal(client_list(ada, E_message, "kind:system")->page->n_rows, 0);
	assert_int_equal(bed_run_as(bed, "kehu-admin", "guo", (const char *[]){ "why", "dan", "customer",
	    arena_printf(bed->arena, "%" PRId64, id), "--language", "en", NULL }, &said), 0);
	assert_non_null(strstr(said, "delegated by"));
	expect_written(client_delete(ada, E_delegation, delegation, 1));
	assert_false(sees(dan, E_customer, id));
	assert_int_equal(client_list(dan, E_customer, "name:休假公司")->page->n_rows, 0);
	assert_true(pg_int(DB, "SELECT count(*) FROM history WHERE entity = 40") >= 1);
	assert_true(pg_int(DB, "SELECT count(*) FROM audit WHERE entity = 40") >= 2);
}

/* Nobody changes anything at midnight: the servers notice by themselves. */
static void
delegation_begins_and_ends_with_the_day(void **state)
{
	struct sight sight = { .client = dan, .id = make_customer(ada, "明日公司"), .wanted = true };
	int64_t id = expect_written(delegate(ada, 0, USER_DAN, 1, 2))->id;

	assert_false(sees(dan, E_customer, sight.id));
	pg_exec(DB, "UPDATE delegation SET from_day = from_day - 1, to_day = to_day - 1 WHERE id = %" PRId64
		    "; UPDATE state SET delegation_day = delegation_day - 1", id);
	assert_true(client_wait(dan, sees_or_not, &sight));
	sight.wanted = false;
	pg_exec(DB, "UPDATE delegation SET from_day = from_day - 2, to_day = to_day - 2 WHERE id = %" PRId64
		    "; UPDATE state SET delegation_day = delegation_day - 1", id);
	assert_true(client_wait(dan, sees_or_not, &sight));
}

static void
delegation_that_makes_no_sense_is_refused(void **state)
{
	int64_t first;

	expect_error(delegate(ada, 0, USER_ADA, 0, 1), ERR_INVALID, F_delegation_to_user_id);
	expect_error(delegate(ada, 0, USER_FAY, 0, 1), ERR_INVALID, F_delegation_to_user_id);
	expect_error(delegate(ada, 0, USER_BEN, -1, 1), ERR_INVALID, F_delegation_from_day);
	expect_error(delegate(ada, 0, USER_BEN, 3, 2), ERR_INVALID, F_delegation_to_day);
	first = expect_written(delegate(ada, 0, USER_BEN, 0, 5))->id;
	expect_error(delegate(ada, 0, USER_CAI, 5, 9), ERR_INVALID, F_delegation_from_day);
	expect_error(delegate(ben, 0, USER_ADA, 5, 9), ERR_CIRCLE, F_delegation_to_user_id);
	/* not on the same days: no circle; round three it is one */
	expect_written(delegate(ben, 0, USER_ADA, 6, 9));
	expect_written(delegate(ben, 0, USER_CAI, 2, 3));
	expect_error(delegate(cai, 0, USER_ADA, 3, 4), ERR_CIRCLE, F_delegation_to_user_id);
	/* others' is for their supervisor and the administrator to arrange */
	expect_error(delegate(dan, USER_ADA, USER_DAN, 20, 21), ERR_FORBIDDEN, 0);
	expect_error(delegate(ben, USER_ADA, USER_BEN, 20, 21), ERR_FORBIDDEN, 0);
	expect_written(delegate(cai, USER_ADA, USER_DAN, 20, 21));
	expect_written(delegate(guo, USER_DAN, USER_CAI, 20, 21));
	expect_error(client_save(ben, E_delegation, first, 1, SENT(NUMBER_OF(F_delegation_to_day, today() + 50)), NULL),
	    ERR_NO_SUCH_RECORD, 0);
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM delegation"), 5);
}

static void
what_was_given_on_goes_to_the_last(void **state)
{
	int64_t id = make_customer(ada, "转托公司");

	expect_written(delegate(ada, 0, USER_BEN, 0, 5));
	expect_written(delegate(ben, 0, USER_DAN, 0, 0));
	assert_true(sees(ben, E_customer, id));
	assert_true(sees(dan, E_customer, id));
}

/* Those asked before the leave began, and those asked while it lasts. */
static void
who_stands_in_decides_approvals(void **state)
{
	const struct sent_line step[] = { { .entity = E_approval_rule_step, .id = -1,
		.values = SENT(TEXT_OF(F_approval_rule_step_kind, "person"), NUMBER_OF(F_approval_rule_step_user_id, USER_CAI)) }, { 0 } };
	int64_t customer = make_customer(ada, "代批公司"), before, during;

	expect_written(client_save(guo, E_approval_rule, 0, 0, SENT(TEXT_OF(F_approval_rule_name, "定级"),
	    TEXT_OF(F_approval_rule_entity, "customer"), TEXT_OF(F_approval_rule_fields, "level"),
	    NUMBER_OF(F_approval_rule_active, 1)), step));
	before = expect_written(client_save(ada, E_customer, customer, 1, SENT(TEXT_OF(F_customer_level, "A")), NULL))->id;
	assert_false(sees(dan, E_approval, before));
	expect_written(delegate(cai, 0, USER_DAN, 0, 3));
	assert_true(sees(dan, E_approval, before));
	assert_int_equal(client_list(dan, E_approval, "approver:me")->page->n_rows, 1);
	expect_written(client_act(dan, E_approval, before, "approve", NULL));
	assert_string_equal(pg_exec(DB, "SELECT level FROM customer WHERE id = %" PRId64, customer), "A");
	assert_int_equal(pg_int(DB, "SELECT stands_for_id FROM approval_step WHERE approval_id = %" PRId64, before), USER_CAI);
	during = expect_written(client_save(ada, E_customer, customer, 2, SENT(TEXT_OF(F_customer_level, "B")), NULL))->id;
	expect_written(client_act(dan, E_approval, during, "approve", NULL));
	assert_string_equal(pg_exec(DB, "SELECT level FROM customer WHERE id = %" PRId64, customer), "B");
}

static int
leaver_start(void **state)
{
	bed = bed_new(DB);
	ada = client_new(bed, "ada", LANG_ZH);
	ben = client_new(bed, "ben", LANG_ZH);
	cai = client_new(bed, "cai", LANG_ZH);
	dan = client_new(bed, "dan", LANG_ZH);
	guo = client_new(bed, "guo", LANG_ZH);
	return 0;
}

static int
leaver_end(void **state)
{
	client_free(ada);
	client_free(ben);
	client_free(cai);
	client_free(dan);
	client_free(guo);
	bed_free(bed);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(who_stands_in_has_the_records_of_who_is_away, forget_delegations),
		cmocka_unit_test_setup(delegation_begins_and_ends_with_the_day, forget_delegations),
		cmocka_unit_test_setup(delegation_that_makes_no_sense_is_refused, forget_delegations),
		cmocka_unit_test_setup(what_was_given_on_goes_to_the_last, forget_delegations),
		cmocka_unit_test_setup(who_stands_in_decides_approvals, forget_delegations),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, leaver_start, leaver_end);
}
