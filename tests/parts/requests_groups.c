/*
 * Counts and sums by a field, and views that are shared with a role: each within what its
 * reader sees.
 */
#include "tests/parts/requests.h"

#include "server/access/access.h"
#include "server/entity/fields.h"
#include "tests/lib/pg.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
// clang-format off
#include <cmocka.h>
// clang-format on

static const Kehu__ServerFrame *
groups_of(struct client *client, const char *query, uint32_t field, uint32_t sum)
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__Groups request = KEHU__GROUPS__INIT;

	request.has_entity = request.has_field = true;
	request.entity = E_customer;
	request.query = (char *)(uintptr_t)query;
	request.field = field;
	request.n_sums = sum != 0;
	request.sums = &sum;
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_GROUPS;
	frame.groups = &request;
	return client_call(client, &frame);
}

static const Kehu__GroupsAnswer *
expect_groups(const Kehu__ServerFrame *answer)
{
	if (answer->answer_case != KEHU__SERVER_FRAME__ANSWER_GROUPS)
		fail_msg("refused: %d", answer->error != NULL ? (int)answer->error->code : 0);
	return answer->groups;
}

static void
make_grouped(struct client *client, const char *name, const char *level, const char *currency,
    int64_t capital)
{
	struct sent capital_sent = { .field = F_customer_capital,
		.text = currency,
		.number = capital,
		.has_number = true };

	expect_written(client_save(client, E_customer, 0, 0,
	    (const struct sent[]){ TEXT_OF(F_customer_name, name),
		TEXT_OF(F_customer_level, level), TEXT_OF(F_customer_industry, "chemicals"),
		capital_sent, { 0 } },
	    NULL));
}

static int64_t
sum_of(const Kehu__Group *group, const char *currency)
{
	for (size_t i = 0; i < group->n_sums; i++)
		if (strcmp(group->sums[i]->currency, currency) == 0)
			return group->sums[i]->sum;
	return 0;
}

static void
groups_count_and_sum_what_the_reader_sees(void **state)
{
	const Kehu__GroupsAnswer *mine, *all;

	make_grouped(ada, "分组甲有限公司", "A", "CNY", 100);
	make_grouped(ada, "分组乙有限公司", "A", "USD", 7);
	make_grouped(ada, "分组丙有限公司", "B", "CNY", 30);
	make_grouped(dan, "分组丁有限公司", "B", "CNY", 5000);
	mine = expect_groups(groups_of(ada, "name:分组", F_customer_level, F_customer_capital));
	assert_int_equal(mine->n_groups, 2);
	assert_string_equal(mine->groups[0]->value->text, "A");
	assert_int_equal(mine->groups[0]->count, 2);
	assert_int_equal(sum_of(mine->groups[0], "CNY"), 100);
	assert_int_equal(sum_of(mine->groups[0], "USD"), 7);
	assert_int_equal(sum_of(mine->groups[1], "CNY"), 30);
	assert_int_equal(mine->total->count, 3);
	assert_int_equal(sum_of(mine->total, "CNY"), 130);
	/* dan's stays out of ada's sums, and is in those of who sees all */
	all = expect_groups(groups_of(eve, "name:分组", F_customer_level, F_customer_capital));
	assert_int_equal(all->total->count, 4);
	assert_int_equal(sum_of(all->total, "CNY"), 5130);
}

static void
condition_of_a_group_finds_its_records(void **state)
{
	static const uint32_t fields[] = { F_customer_level, F_customer_owner_id,
		F_customer_source, F_customer_owned_since };

	for (size_t f = 0; f < sizeof(fields) / sizeof(fields[0]); f++) {
		const Kehu__GroupsAnswer *answer =
		    expect_groups(groups_of(eve, "name:分组", fields[f], 0));

		assert_true(answer->n_groups > 0);
		for (size_t i = 0; i < answer->n_groups; i++) {
			char query[200];

			snprintf(
			    query, sizeof(query), "name:分组 %s", answer->groups[i]->query);
			assert_int_equal(client_list(eve, E_customer, query)->page->n_rows,
			    answer->groups[i]->count);
		}
	}
}

static void
groups_refuse_what_cannot_be_grouped_or_summed(void **state)
{
	expect_error(groups_of(ada, "", F_customer_name, 0), ERR_NO_GROUPS, F_customer_name);
	expect_error(
	    groups_of(ada, "", F_customer_level, F_customer_name), ERR_NO_SUM, F_customer_name);
	expect_error(groups_of(ada, "nix:1", F_customer_level, 0), ERR_QUERY, 0);
	expect_error(groups_of(ada, "", 999, 0), ERR_NO_GROUPS, 0);
}

static void
masked_and_hidden_fields_are_neither_grouped_by_nor_summed(void **state)
{
	pg_exec(DB,
	    "INSERT INTO role_field (role_id, position, entity, field, show, reveal) "
	    "SELECT id, 90, 'customer', f, s, false FROM role, (VALUES ('capital', 'masked'), "
	    "('level', 'hidden')) v (f, s) "
	    "WHERE name = 'account_manager'; UPDATE state SET access_epoch = access_epoch + 1");
	expect_error(groups_of(ada, "", F_customer_stage, F_customer_capital), ERR_NO_SUM,
	    F_customer_capital);
	expect_error(groups_of(ada, "", F_customer_level, 0), ERR_NO_GROUPS, 0);
	expect_groups(groups_of(eve, "", F_customer_level, F_customer_capital));
	pg_exec(DB, "DELETE FROM role_field WHERE position = 90; UPDATE state SET access_epoch "
		    "= access_epoch + 1");
	expect_groups(groups_of(ada, "", F_customer_level, F_customer_capital));
}

/* ---- views ------------------------------------------------------------------------------- */

static Kehu__ServerFrame *
save_view(struct client *client, const char *name, const char *columns, const char *group)
{
	return client_save(client, E_saved_view, 0, 0,
	    SENT(TEXT_OF(F_saved_view_name, name), TEXT_OF(F_saved_view_entity, "customer"),
		TEXT_OF(F_saved_view_columns, columns), TEXT_OF(F_saved_view_group_by, group)),
	    NULL);
}

static size_t
views_seen(struct client *client)
{
	return client_list(client, E_saved_view, "name:角色视图")->page->n_rows;
}

static void
view_of_fields_that_are_not_there_is_refused(void **state)
{
	expect_error(
	    save_view(cai, "坏视图", "name,nix", "level"), ERR_INVALID, F_saved_view_columns);
	expect_error(
	    save_view(cai, "坏视图", "name", "nix"), ERR_INVALID, F_saved_view_group_by);
}

static void
view_shared_with_a_role_is_read_by_everybody_of_it(void **state)
{
	int64_t id = expect_written(save_view(cai, "角色视图", "name,level", "level"))->id;
	int64_t managers = pg_int(DB, "SELECT id FROM role WHERE name = 'account_manager'");

	assert_int_equal(views_seen(ada), 0);
	expect_written(
	    client_act(cai, E_saved_view, id, "publish", SENT(NUMBER_OF(1, managers))));
	assert_int_equal(views_seen(ada), 1);
	assert_int_equal(views_seen(dan), 1);
	assert_int_equal(views_seen(eve), 0);
	/* to use, not to change */
	expect_error(
	    client_save(ada, E_saved_view, id, 2, SENT(TEXT_OF(F_saved_view_name, "改")), NULL),
	    ERR_FORBIDDEN, 0);
	/* who leaves the role has it no more, who comes has it */
	pg_exec(DB, "UPDATE user_role SET deleted_at = now() WHERE user_id = %d", USER_DAN);
	assert_int_equal(
	    pg_int(DB, "SELECT count(*) FROM record_share WHERE entity = 23 AND user_id = %d",
		USER_DAN),
	    0);
	pg_exec(DB, "UPDATE user_role SET deleted_at = NULL WHERE user_id = %d", USER_DAN);
	assert_int_equal(views_seen(dan), 1);
	expect_written(client_act(cai, E_saved_view, id, "withdraw", SENT({ 0 })));
	assert_int_equal(views_seen(ada), 0);
	/* an account manager keeps theirs to themselves */
	id = expect_written(save_view(ada, "角色视图", "name", ""))->id;
	expect_error(client_act(ada, E_saved_view, id, "publish", SENT(NUMBER_OF(1, managers))),
	    ERR_FORBIDDEN, 0);
}

int
requests_groups(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(groups_count_and_sum_what_the_reader_sees),
		cmocka_unit_test(condition_of_a_group_finds_its_records),
		cmocka_unit_test(groups_refuse_what_cannot_be_grouped_or_summed),
		cmocka_unit_test(masked_and_hidden_fields_are_neither_grouped_by_nor_summed),
		cmocka_unit_test(view_of_fields_that_are_not_there_is_refused),
		cmocka_unit_test(view_shared_with_a_role_is_read_by_everybody_of_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
