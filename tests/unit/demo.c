/*
 * The demo company without a database: references hold, everybody has their place, visits and
 * figures agree. What its values look like is demo_values.c.
 */
#include "server/access/roles.h"
#include "server/entity/fields.h"
#include "tests/lib/demo_company.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* ---- references -------------------------------------------------------------------------- */

static bool
ends_with(const char *text, const char *end)
{
	size_t bytes = strlen(text), end_bytes = strlen(end);

	return bytes >= end_bytes && strcmp(text + bytes - end_bytes, end) == 0;
}

/* Which table an id belongs to, plus one; by id. */
static uint8_t *
tables_of_ids(const struct demo_company *company)
{
	uint8_t *of = arena_alloc(company->arena, (size_t)company->world->next_id);

	for (size_t t = 0; t < DEMO_TABLES; t++) {
		if (t == DEMO_TABLE_record_share || ends_with(demo_tables[t].name, "_search") ||
		    ends_with(demo_tables[t].name, "_figures"))
			continue; /* their ids are those of others */
		for (size_t row = 0; row < company->rows[t]; row++) {
			int64_t id = demo_company_number(
			    demo_company_cell(company, (enum demo_table)t, row, 0));

			assert_in_range(id, 1000, company->world->next_id - 1);
			assert_int_equal(of[id], 0);
			of[id] = (uint8_t)(t + 1);
		}
	}
	return of;
}

static void
check_references(const struct demo_company *company, const uint8_t *of, enum demo_table table,
    const char *name, enum demo_table to)
{
	size_t at = demo_company_column(table, name);

	for (size_t row = 0; row < company->rows[table]; row++) {
		int64_t id = demo_company_number(demo_company_cell(company, table, row, at));

		if (id != 0 && of[id] != to + 1)
			fail_msg("%s.%s of row %zu", demo_tables[table].name, name, row);
	}
}

static void
references_hold(void **state)
{
	static const struct {
		enum demo_table table;
		const char *name;
		enum demo_table to;
	} references[] = {
		{ DEMO_TABLE_department, "branch_id", DEMO_TABLE_branch },
		{ DEMO_TABLE_users, "department_id", DEMO_TABLE_department },
		{ DEMO_TABLE_users, "superior_id", DEMO_TABLE_users },
		{ DEMO_TABLE_user_role, "user_id", DEMO_TABLE_users },
		{ DEMO_TABLE_pool_member, "member_department_id", DEMO_TABLE_department },
		{ DEMO_TABLE_customer, "owner_id", DEMO_TABLE_users },
		{ DEMO_TABLE_customer, "department_id", DEMO_TABLE_department },
		{ DEMO_TABLE_customer, "branch_id", DEMO_TABLE_branch },
		{ DEMO_TABLE_customer, "pool_id", DEMO_TABLE_pool },
		{ DEMO_TABLE_customer_figures, "id", DEMO_TABLE_customer },
		{ DEMO_TABLE_customer_search, "id", DEMO_TABLE_customer },
		{ DEMO_TABLE_customer_phone, "customer_id", DEMO_TABLE_customer },
		{ DEMO_TABLE_customer_tag, "tag_id", DEMO_TABLE_tag },
		{ DEMO_TABLE_contact, "customer_id", DEMO_TABLE_customer },
		{ DEMO_TABLE_contact_search, "id", DEMO_TABLE_contact },
		{ DEMO_TABLE_contact_customer, "customer_id", DEMO_TABLE_customer },
		{ DEMO_TABLE_customer_relation, "other_id", DEMO_TABLE_customer },
		{ DEMO_TABLE_visit, "customer_id", DEMO_TABLE_customer },
		{ DEMO_TABLE_visit, "owner_id", DEMO_TABLE_users },
		{ DEMO_TABLE_visit_contact, "visit_id", DEMO_TABLE_visit },
		{ DEMO_TABLE_visit_contact, "contact_id", DEMO_TABLE_contact },
		{ DEMO_TABLE_record_share, "record_id", DEMO_TABLE_customer },
		{ DEMO_TABLE_record_share, "user_id", DEMO_TABLE_users },
	};
	const struct demo_company *company = *state;
	const uint8_t *of = tables_of_ids(company);

	for (size_t i = 0; i < sizeof(references) / sizeof(references[0]); i++)
		check_references(
		    company, of, references[i].table, references[i].name, references[i].to);
	for (size_t row = 0; row < company->rows[DEMO_TABLE_customer_relation]; row++)
		assert_string_not_equal(CELL(customer_relation, row, "customer_id"),
		    CELL(customer_relation, row, "other_id"));
}

static void
owned_or_in_a_pool(void **state)
{
	const struct demo_company *company = *state;
	size_t pooled = 0;

	for (size_t row = 0; row < DEMO_COMPANY_CUSTOMERS; row++) {
		bool owner = CELL(customer, row, "owner_id") != NULL;

		assert_int_not_equal(owner, CELL(customer, row, "pool_id") != NULL);
		assert_int_equal(owner, CELL(customer, row, "department_id") != NULL);
		pooled += !owner;
	}
	assert_in_range(
	    pooled, DEMO_COMPANY_CUSTOMERS * 6 / 100, DEMO_COMPANY_CUSTOMERS * 10 / 100);
}

static void
regions_are_real_divisions(void **state)
{
	const struct demo_company *company = *state;
	int64_t end =
	    DEMO_COMPANY_REGIONS_AT + (int64_t)demo_place_count * (1 + DEMO_COMPANY_DISTRICTS);

	for (size_t row = 0; row < DEMO_COMPANY_CUSTOMERS; row++) {
		int64_t region = demo_company_number(CELL(customer, row, "region_id"));

		if (region != 0)
			assert_in_range(region, DEMO_COMPANY_REGIONS_AT, end - 1);
	}
}

/* ---- staff ------------------------------------------------------------------------------- */

static void
every_role_has_a_user(void **state)
{
	const struct demo_company *company = *state;

	for (size_t r = 0; r < role_shipped_count; r++) {
		bool found = false;

		for (size_t u = 0; u < company->result.user_count; u++)
			found |=
			    strcmp(company->result.users[u].role, role_shipped[r].name) == 0;
		assert_true(found);
	}
	assert_string_equal(company->result.users[0].role, "account_manager");
	assert_string_equal(company->result.users[0].login, "wangxm");
	struct demo_spread spread = demo_spread_column(company, DEMO_TABLE_users, "name");

	assert_int_equal(spread.distinct, company->result.user_count);
}

static void
every_branch_sells_and_is_led(void **state)
{
	const struct demo_company *company = *state;

	for (size_t b = 0; b < company->world->branch_count; b++)
		assert_true(company->world->branches[b].count >= 1);
	for (size_t m = 0; m < company->manager_count; m++)
		assert_int_not_equal(company->managers[m].manager, 0);
	assert_int_equal(company->manager_count, company->rows[DEMO_TABLE_department]);
}

static void
demo_salesperson_owns_and_helps(void **state)
{
	const struct demo_company *company = *state;
	int64_t user = company->result.users[0].id;
	size_t owned = 0, shared = 0;

	for (size_t row = 0; row < DEMO_COMPANY_CUSTOMERS; row++)
		owned += demo_company_number(CELL(customer, row, "owner_id")) == user;
	for (size_t row = 0; row < company->rows[DEMO_TABLE_record_share]; row++)
		shared += demo_company_number(CELL(record_share, row, "user_id")) == user;
	assert_true(owned > 30);
	assert_true(shared > 30);
}

/* ---- visits and figures ------------------------------------------------------------------ */

struct tally {
	const char *last, *next, *open_at;
	int64_t done, open;
};

/* Rows of one customer stand together; moments compare as text. */
static struct tally
tally_visits(const struct demo_company *company, size_t *row, const char *customer)
{
	struct tally tally = { 0 };

	for (; *row < company->rows[DEMO_TABLE_visit] &&
	       strcmp(CELL(visit, *row, "customer_id"), customer) == 0;
	     ++*row) {
		const char *at = CELL(visit, *row, "at"), *state = CELL(visit, *row, "state");

		if (strcmp(state, "completed") == 0) {
			tally.done++;
			if (tally.last == NULL || strcmp(at, tally.last) >= 0) {
				tally.last = at;
				tally.next = CELL(visit, *row, "next_on");
			}
		} else if (strcmp(state, "cancelled") != 0) {
			tally.open++;
			if (tally.open_at == NULL || strcmp(at, tally.open_at) < 0)
				tally.open_at = at;
		}
	}
	return tally;
}

static void
figures_follow_visits(void **state)
{
	const struct demo_company *company = *state;
	size_t row = 0;

	for (size_t c = 0; c < DEMO_COMPANY_CUSTOMERS; c++) {
		struct tally tally =
		    tally_visits(company, &row, CELL(customer_figures, c, "id"));
		const char *last = CELL(customer_figures, c, "last_visit_at");
		const char *next = CELL(customer_figures, c, "next_visit_on");

		assert_int_equal(
		    demo_company_number(CELL(customer_figures, c, "visit_count")), tally.done);
		assert_int_equal(
		    demo_company_number(CELL(customer_figures, c, "open_visits")), tally.open);
		assert_true((last == NULL) == (tally.last == NULL));
		if (last != NULL)
			assert_string_equal(last, tally.last);
		if (tally.open_at != NULL) /* office hours: the same day in China and in UTC */
			assert_memory_equal(next, tally.open_at, 10);
		else if (tally.next != NULL)
			assert_string_equal(next, tally.next);
		else
			assert_null(next);
	}
	assert_int_equal(row, company->rows[DEMO_TABLE_visit]);
}

static void
states_of_visits_hold_together(void **state)
{
	const struct demo_company *company = *state;
	struct arena *arena = company->arena;
	const char *today = date_format(arena, DEMO_COMPANY_TODAY);
	const char *first = date_format(arena, DEMO_COMPANY_TODAY - 731);
	size_t counts[4] = { 0 };

	for (size_t row = 0; row < company->rows[DEMO_TABLE_visit]; row++) {
		const char *at = CELL(visit, row, "at"), *is = CELL(visit, row, "state");
		bool done = strcmp(is, "completed") == 0, planned = strcmp(is, "planned") == 0;
		bool cancelled = strcmp(is, "cancelled") == 0;

		counts[done ? 0 : planned ? 1 : cancelled ? 2 : 3]++;
		if (!planned)
			assert_true(memcmp(at, today, 10) <= 0);
		assert_true(memcmp(at, first, 10) >= 0);
		assert_int_equal(done, CELL(visit, row, "summary") != NULL);
		assert_int_equal(done, CELL(visit, row, "outcome") != NULL);
		assert_int_equal(done, CELL(visit, row, "completed_at") != NULL);
		assert_int_equal(cancelled, CELL(visit, row, "reason") != NULL);
		assert_int_equal(planned || cancelled, CELL(visit, row, "started_at") == NULL);
		assert_int_equal(CELL(visit, row, "cost") == NULL,
		    CELL(visit, row, "cost_currency") == NULL);
	}
	for (size_t i = 0; i < 4; i++)
		assert_true(counts[i] > 0);
	assert_true(counts[0] * 10 > company->rows[DEMO_TABLE_visit] * 8);
}

static void
summaries_vary_and_hold_no_slots(void **state)
{
	const struct demo_company *company = *state;
	struct demo_spread spread = demo_spread_column(company, DEMO_TABLE_visit, "summary");

	assert_true(spread.distinct * 10 > spread.count * 9);
	for (size_t row = 0; row < company->rows[DEMO_TABLE_visit]; row++)
		if (CELL(visit, row, "summary") != NULL)
			assert_null(strchr(CELL(visit, row, "summary"), '$'));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(references_hold),
		cmocka_unit_test(owned_or_in_a_pool),
		cmocka_unit_test(regions_are_real_divisions),
		cmocka_unit_test(every_role_has_a_user),
		cmocka_unit_test(every_branch_sells_and_is_led),
		cmocka_unit_test(demo_salesperson_owns_and_helps),
		cmocka_unit_test(figures_follow_visits),
		cmocka_unit_test(states_of_visits_hold_together),
		cmocka_unit_test(summaries_vary_and_hold_no_slots),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, demo_company_setup, demo_company_teardown);
}
