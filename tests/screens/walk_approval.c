/*
 * A request for approval at the real terminal: sent by one, decided by another who is told at once,
 * in both languages.
 */
#include "server/entity/fields.h"
#include "tests/lib/company.h"
#include "tests/lib/desk.h"
#include "tests/lib/pg.h"

#include <inttypes.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
// clang-format off
#include <cmocka.h>
// clang-format on

#define DB "walk_approval"

static struct bed *bed;
static struct client *ada, *guo;

struct words {
	const char *lang, *waits, *inbox, *granted, *reason_wanted;
	const char *customer;
};

static const struct words chinese = { "zh", "尚未执行", "待我审批", "已同意",
	"此操作须审批", "华信科技" };
static const struct words english = { "en", "Not done yet", "Waiting for my approval",
	"Granted", "needs somebody's consent", "Northern Lights" };

static int64_t
make_customer(const char *name)
{
	return expect_written(
	    client_save(ada, E_customer, 0, 0, SENT(TEXT_OF(F_customer_name, name)), NULL))
	    ->id;
}

/* Ada gives a customer of hers away. */
static void
send_request(struct vt *vt, const struct words *words, const char *name)
{
	desk_type(vt, "{F9}");
	desk_type(vt, name);
	desk_sees(vt, arena_printf(bed->arena, "|>%s", name));
	desk_type(vt, "{Enter}");
	desk_sees(vt, "C000");
	desk_type(vt, "{F8}");
	desk_type(vt, strcmp(words->lang, "zh") == 0 ? "转移" : "Transfer");
	desk_type(vt, "{Enter}");
	desk_type(vt, "Ben{Tab}{F10}");
	desk_sees(vt, words->reason_wanted);
	desk_type(vt, "holiday{F10}");
	desk_sees(vt, words->waits);
}

static void
walk(const struct words *words)
{
	int64_t customer = make_customer(words->customer);
	struct vt *sender = desk_home(bed, "ada", words->lang, 24, 80);
	struct vt *signer = desk_home(bed, "cai", words->lang, 24, 80);

	vt_mask(signer, "[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}", "2026-01-01 00:00");
	vt_mask(signer, "AP[0-9]{4}-[0-9]{6}", "AP0000-000000");
	/* the signer's open client is told at once */
	send_request(sender, words, words->customer);
	desk_sees(signer, words->customer);
	assert_int_equal(pg_int(DB, "SELECT owner_id FROM customer WHERE id = %" PRId64, customer), USER_ADA);
	/* the inbox by keyboard: three keys to it, Enter, the changes, a, F10 */
	desk_type(signer, "{F9}dwsp");
	desk_sees(signer, words->inbox);
	desk_type(signer, "{Enter}");
	desk_sees(signer, "Ada");
	desk_type(signer, "{Enter}");
	desk_sees(signer, "holiday");
	desk_type(signer, "{Left}");
	desk_sees(signer, "Ada -> Ben");
	desk_shows(signer, arena_printf(bed->arena, "walk_approval_%s", words->lang));
	desk_type(signer, "a");
	desk_type(signer, "fine{F10}");
	desk_sees(signer, words->granted);
	assert_int_equal(pg_int(DB, "SELECT owner_id FROM customer WHERE id = %" PRId64, customer), USER_BEN);
	/* the sender no longer sees the customer, and has been told why */
	desk_sees(sender, strcmp(words->lang, "zh") == 0 ? "未读消息 " : "Unread ");
	desk_end(sender);
	desk_end(signer);
}

static void
request_is_sent_and_granted_in_chinese(void **state)
{
	walk(&chinese);
}

static void
request_is_sent_and_granted_in_english(void **state)
{
	walk(&english);
}

static int
setup(void **state)
{
	bed = bed_new(DB);
	ada = client_new(bed, "ada", LANG_ZH);
	guo = client_new(bed, "guo", LANG_ZH);
	expect_written(client_save(guo, E_approval_rule, 0, 0,
	    SENT(TEXT_OF(F_approval_rule_name, "转移须审批"), TEXT_OF(F_approval_rule_entity, "customer"),
		TEXT_OF(F_approval_rule_action, "transfer"), NUMBER_OF(F_approval_rule_needs_reason, 1),
		NUMBER_OF(F_approval_rule_active, 1)),
	    (const struct sent_line[]){ { .entity = E_approval_rule_step, .id = -1,
		.values = SENT(TEXT_OF(F_approval_rule_step_kind, "person"),
		    NUMBER_OF(F_approval_rule_step_user_id, USER_CAI)) }, { 0 } }));
	return 0;
}

static int
teardown(void **state)
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
		cmocka_unit_test(request_is_sent_and_granted_in_chinese),
		cmocka_unit_test(request_is_sent_and_granted_in_english),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, setup, teardown);
}
