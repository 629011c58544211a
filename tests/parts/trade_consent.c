/*
 * What a quote or an order needs somebody's consent for: discounts, releases past the credit limit.
 */
#include "common/date.h"
#include "server/entity/fields.h"
#include "tests/lib/pg.h"
#include "tests/parts/trade.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
// clang-format off
#include <cmocka.h>
// clang-format on

/* Sends an action that a rule wants consent for; the approval. */
static int64_t
expect_waits(const Kehu__ServerFrame *answer)
{
	const Kehu__Written *written = expect_written(answer);

	assert_true(written->waits);
	return written->id;
}

/* An account manager may give five percent; more is asked of the superior. */
int64_t
limit_discounts(const char *name)
{
	int64_t role = client_list(guo, E_role, "name:account_manager")->page->rows[0]->id;

	pg_exec(DB, "UPDATE users SET superior_id = %d WHERE id = %d", USER_CAI, USER_ADA);
	return save(guo, E_discount_limit,
	    SENT(TEXT_OF(F_discount_limit_name, name),
		NUMBER_OF(F_discount_limit_role_id, role),
		NUMBER_OF(F_discount_limit_percent, 500)),
	    NULL);
}

static void
quote_with_a_discount_needs_approval_refused_amended_granted(void **state)
{
	int64_t limit = limit_discounts("经理"), quote, approval, order;
	const Kehu__Record *record;

	quote = save(ada, E_quote, SENT(NUMBER_OF(F_quote_customer_id, customer)),
	    LINES(LINE(E_quote_line, -1, pump, SO_MANY(Q(10)),
		NUMBER_OF(F_quote_line_discount, 1500))));
	assert_int_equal(number_of(ada, E_quote, quote, F_quote_over_limit), 1);
	approval = expect_waits(client_act(ada, E_quote, quote, "issue", NULL));
	assert_string_equal(text_of(ada, E_quote, quote, F_quote_state), "draft");
	/* refused: it stays a draft, which is amended and asked for again */
	expect_written(
	    client_act(cai, E_approval, approval, "refuse", SENT(TEXT_OF(1, "最多一成"))));
	assert_string_equal(text_of(ada, E_quote, quote, F_quote_state), "draft");
	record = record_of(ada, E_quote, quote);
	expect_written(client_save(ada, E_quote, quote, record->version,
	    SENT(TEXT_OF(F_quote_remarks, "按主管意见")),
	    LINES({ .entity = E_quote_line,
		.id = record->lines[0]->id,
		.values = SENT(NUMBER_OF(F_quote_line_discount, 1000)) })));
	approval = expect_waits(client_act(ada, E_quote, quote, "issue", NULL));
	expect_error(client_act(ada, E_approval, approval, "approve", NULL), ERR_FORBIDDEN, 0);
	expect_written(client_act(cai, E_approval, approval, "approve", NULL));
	assert_string_equal(text_of(ada, E_quote, quote, F_quote_state), "issued");
	expect_written(client_act(ada, E_quote, quote, "order", NULL));
	order = pg_int(DB, "SELECT id FROM sales_order WHERE quote_id = %ld", (long)quote);
	/* what was granted on the quote is not asked for again on its order */
	expect_written(client_act(ada, E_order, order, "confirm", NULL));
	assert_string_equal(text_of(ada, E_order, order, F_order_state), "confirmed");
	assert_int_equal(number_of(ada, E_order, order, F_order_total), 1017000);
	/* an order written by itself asks */
	order = save(ada, E_order, SENT(NUMBER_OF(F_order_customer_id, customer)),
	    LINES(LINE(
		E_order_line, -1, pump, SO_MANY(Q(1)), NUMBER_OF(F_order_line_discount, 600))));
	approval = expect_waits(client_act(ada, E_order, order, "confirm", NULL));
	assert_string_equal(text_of(ada, E_order, order, F_order_state), "draft");
	expect_written(client_act(cai, E_approval, approval, "approve", NULL));
	assert_string_equal(text_of(ada, E_order, order, F_order_state), "confirmed");
	check_account(customer);
	expect_written(client_delete(guo, E_discount_limit, limit, 0));
}

/* Ada confirms an order with a discount past her limit; the approval. */
static int64_t
ask_discount(int64_t *order)
{
	*order = save(ada, E_order, SENT(NUMBER_OF(F_order_customer_id, customer)),
	    LINES(LINE(
		E_order_line, -1, pump, SO_MANY(Q(1)), NUMBER_OF(F_order_line_discount, 900))));
	return expect_waits(client_act(ada, E_order, *order, "confirm", NULL));
}

static void
discount_is_granted_for_whom_is_away_or_disabled(void **state)
{
	int64_t limit = limit_discounts("缺席"), order, approval, away;

	/* on leave: whoever stands in, and not the sender although they could */
	away = save(cai, E_delegation,
	    SENT(NUMBER_OF(F_delegation_to_user_id, USER_BEN),
		NUMBER_OF(F_delegation_from_day, today),
		NUMBER_OF(F_delegation_to_day, today + 3),
		TEXT_OF(F_delegation_reason, "年假")),
	    NULL);
	approval = ask_discount(&order);
	expect_error(client_act(ada, E_approval, approval, "approve", NULL), ERR_FORBIDDEN, 0);
	expect_error(client_act(eve, E_approval, approval, "approve", NULL), ERR_FORBIDDEN, 0);
	expect_written(client_act(ben, E_approval, approval, "approve", NULL));
	assert_string_equal(text_of(ada, E_order, order, F_order_state), "confirmed");
	expect_written(client_delete(cai, E_delegation, away, 0));
	/* disabled: who is above them */
	pg_exec(DB, "UPDATE users SET superior_id = %d, disabled = true WHERE id = %d",
	    USER_EVE, USER_CAI);
	approval = ask_discount(&order);
	expect_written(client_act(eve, E_approval, approval, "approve", NULL));
	assert_string_equal(text_of(ada, E_order, order, F_order_state), "confirmed");
	/* and nobody when there is none: refused at once, nothing waits */
	pg_exec(DB, "UPDATE users SET superior_id = NULL WHERE id = %d", USER_CAI);
	order = save(ada, E_order, SENT(NUMBER_OF(F_order_customer_id, customer)),
	    LINES(LINE(
		E_order_line, -1, pump, SO_MANY(Q(1)), NUMBER_OF(F_order_line_discount, 900))));
	expect_error(client_act(ada, E_order, order, "confirm", NULL), ERR_NO_APPROVER, 0);
	assert_string_equal(text_of(ada, E_order, order, F_order_state), "draft");
	pg_exec(DB, "UPDATE users SET disabled = false WHERE id = %d", USER_CAI);
	client_free(cai);
	cai = client_new(bed, "cai", LANG_EN);
	expect_written(client_delete(guo, E_discount_limit, limit, 0));
}

static void
release_past_credit_goes_through_an_approval_rule(void **state)
{
	int64_t buyer = make_customer("放行审批公司"), order = make_order(buyer, Q(1)),
		approval, rule;

	save(hua, E_credit_limit,
	    SENT(NUMBER_OF(F_credit_limit_customer_id, buyer),
		MONEY_OF(F_credit_limit_amount, 100)),
	    NULL);
	expect_written(client_act(ada, E_order, order, "confirm", NULL));
	expect_error(client_act(ada, E_order, order, "release", NULL), ERR_OVER_CREDIT, 0);
	rule = save(guo, E_approval_rule,
	    SENT(TEXT_OF(F_approval_rule_name, "信用放行"),
		TEXT_OF(F_approval_rule_entity, "order"),
		TEXT_OF(F_approval_rule_action, "release"),
		NUMBER_OF(F_approval_rule_active, 1)),
	    LINES({ .entity = E_approval_rule_step,
		.id = -1,
		.values = SENT(TEXT_OF(F_approval_rule_step_kind, "person"),
		    NUMBER_OF(F_approval_rule_step_user_id, USER_HUA)) }));
	approval = expect_waits(
	    client_act(ada, E_order, order, "release", SENT(TEXT_OF(1, "年底冲量"))));
	assert_string_equal(text_of(ada, E_order, order, F_order_state), "held");
	assert_int_equal(number_of(ada, E_customer, buyer, F_customer_owed), 0);
	expect_written(client_act(hua, E_approval, approval, "approve", NULL));
	assert_string_equal(text_of(ada, E_order, order, F_order_state), "confirmed");
	assert_int_equal(number_of(ada, E_customer, buyer, F_customer_owed), 113000);
	check_account(buyer);
	expect_written(client_delete(guo, E_approval_rule, rule, 0));
}

int
trade_consents(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(quote_with_a_discount_needs_approval_refused_amended_granted),
		cmocka_unit_test(discount_is_granted_for_whom_is_away_or_disabled),
		cmocka_unit_test(release_past_credit_goes_through_an_approval_rule),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
