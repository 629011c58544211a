/*
 * Row policies alone: a kehud whose access core puts no condition on rows into its statements
 * (KEHU_TEST_NO_GATE) still lets no row across scopes, on any request. What goes past row policies is
 * the rule functions of the database; those ask for themselves and are store_rules' tests.
 */
#include "server/access/access.h"
#include "server/entity/fields.h"
#include "tests/lib/bed.h"
#include "tests/lib/company.h"
#include "tests/lib/pg.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
// clang-format off
#include <cmocka.h>
// clang-format on

#define DB "access_rows"

enum { OWNERS = 3 };

/* One person's records; every text of them has the mark, which nobody else's has. */
static struct owner {
	const char *user, *mark;
	struct client *client;
	int64_t customer, contact, visit;
} owners[OWNERS] = { { .user = "ada", .mark = "甲一号" }, { .user = "ben", .mark = "乙二号" },
	{ .user = "dan", .mark = "丙三号" } };
static struct bed *bed;
static size_t cases;

static void
expect_nothing_of(const Kehu__ServerFrame *answer, const struct owner *other, const char *what)
{
	size_t bytes = kehu__server_frame__get_packed_size(answer);
	uint8_t *packed = malloc(bytes + 1);

	assert_non_null(packed);
	kehu__server_frame__pack(answer, packed);
	if (memmem(packed, bytes, other->mark, strlen(other->mark)) != NULL)
		fail_msg("%s shows what is %s's", what, other->user);
	free(packed);
	cases++;
}

static void
expect_gone(const Kehu__ServerFrame *answer, const struct owner *other, const char *what)
{
	expect_nothing_of(answer, other, what);
	if (answer->answer_case != KEHU__SERVER_FRAME__ANSWER_ERROR)
		fail_msg("%s is answered for what is %s's", what, other->user);
}

static Kehu__ServerFrame *
ask_of_record(struct client *client, bool history, uint32_t entity, int64_t id, uint32_t related)
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__History past = KEHU__HISTORY__INIT;
	Kehu__Related tab = KEHU__RELATED__INIT;

	past.has_entity = past.has_id = tab.has_entity = tab.has_id = tab.has_related = true;
	past.entity = tab.entity = entity;
	past.id = tab.id = id;
	tab.related = related;
	frame.history = &past;
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_HISTORY;
	if (!history) {
		frame.related = &tab;
		frame.request_case = KEHU__CLIENT_FRAME__REQUEST_RELATED;
	}
	return client_call(client, &frame);
}

static void
reading_shows_nothing_of_others(void **state)
{
	static const uint32_t kinds[] = { E_customer, E_contact, E_visit };

	for (size_t i = 0; i < OWNERS; i++)
		for (size_t k = 0; k < OWNERS; k++) {
			struct client *client = owners[i].client;
			const struct owner *other = &owners[k];
			const char *query = arena_printf(client->arena, "name:%s", other->mark);

			if (i == k)
				continue;
			for (size_t e = 0; e < 3; e++)
				expect_nothing_of(client_list(client, kinds[e], ""), other, "list");
			expect_nothing_of(client_list(client, E_customer, query), other, "filter");
			expect_nothing_of(client_list(client, E_customer, "sort:-name"), other, "sort");
			expect_nothing_of(client_search(client, other->mark), other, "search");
			expect_gone(client_get(client, E_customer, other->customer), other, "get");
			expect_gone(client_get(client, E_contact, other->contact), other, "get");
			expect_gone(client_get(client, E_visit, other->visit), other, "get");
			expect_gone(ask_of_record(client, true, E_customer, other->customer, 0), other, "history");
			expect_gone(ask_of_record(client, false, E_customer, other->customer, E_contact), other, "related");
			expect_gone(ask_of_record(client, false, E_customer, other->customer, E_visit), other, "related");
		}
}

static void
own_records_still_show(void **state)
{
	for (size_t i = 0; i < OWNERS; i++) {
		const Kehu__ServerFrame *answer = client_list(owners[i].client, E_customer, "");

		assert_int_equal(answer->page->n_rows, 1);
		assert_int_equal(answer->page->rows[0]->id, owners[i].customer);
		assert_int_equal(client_search(owners[i].client, owners[i].mark)->search->n_hits, 2);
	}
}

static void
writing_changes_nothing_of_others(void **state)
{
	const char *before = pg_exec(DB, "SELECT md5(string_agg(c::text, '|' ORDER BY c.id)) FROM customer c");

	for (size_t i = 0; i < OWNERS; i++)
		for (size_t k = 0; k < OWNERS; k++) {
			struct client *client = owners[i].client;
			const struct owner *other = &owners[k];

			if (i == k)
				continue;
			expect_gone(client_save(client, E_customer, other->customer, 1,
			    SENT(TEXT_OF(F_customer_remarks, "x")), NULL), other, "save");
			expect_gone(client_save(client, E_visit, other->visit, 1,
			    SENT(TEXT_OF(F_visit_place, "x")), NULL), other, "save");
			expect_gone(client_act(client, E_visit, other->visit, "complete",
			    SENT(TEXT_OF(1, "agreed"))), other, "act");
			expect_gone(client_act(client, E_customer, other->customer, "share",
			    SENT(NUMBER_OF(1, USER_EVE))), other, "share");
			/* nor is a record of others named by one's own */
			expect_gone(client_save(client, E_visit, 0, 0,
			    SENT(NUMBER_OF(F_visit_customer_id, other->customer), TEXT_OF(F_visit_purpose, "x")), NULL),
			    other, "reference");
		}
	assert_string_equal(pg_exec(DB, "SELECT md5(string_agg(c::text, '|' ORDER BY c.id)) FROM customer c"), before);
}

/* So it was they that hid the rows: this kehud has no condition of its own. */
static void
without_row_policies_everything_shows(void **state)
{
	pg_exec(DB, "ALTER TABLE customer DISABLE ROW LEVEL SECURITY");
	assert_int_equal(client_list(owners[0].client, E_customer, "")->page->n_rows, OWNERS);
	assert_int_equal(client_get(owners[0].client, E_customer, owners[2].customer)->answer_case,
	    KEHU__SERVER_FRAME__ANSWER_GET);
	pg_exec(DB, "ALTER TABLE customer ENABLE ROW LEVEL SECURITY");
	assert_int_equal(client_list(owners[0].client, E_customer, "")->page->n_rows, 1);
}

static void
enough_was_asked(void **state)
{
	print_message("# %zu cases\n", cases);
	assert_true(cases >= 100);
}

static int
rows_start(void **state)
{
	bed_kehud = "kehud-open";
	bed = bed_new(DB);
	for (size_t i = 0; i < OWNERS; i++) {
		struct owner *owner = &owners[i];
		struct client *client = owner->client = client_new(bed, owner->user, LANG_ZH);

		owner->customer = expect_written(client_save(client, E_customer, 0, 0,
		    SENT(TEXT_OF(F_customer_name, owner->mark), TEXT_OF(F_customer_remarks, owner->mark)), NULL))->id;
		owner->contact = expect_written(client_save(client, E_contact, 0, 0,
		    SENT(TEXT_OF(F_contact_name, owner->mark), NUMBER_OF(F_contact_customer_id, owner->customer)),
		    NULL))->id;
		owner->visit = expect_written(client_save(client, E_visit, 0, 0,
		    SENT(NUMBER_OF(F_visit_customer_id, owner->customer), TEXT_OF(F_visit_purpose, owner->mark)),
		    NULL))->id;
	}
	return 0;
}

static int
rows_end(void **state)
{
	for (size_t i = 0; i < OWNERS; i++)
		client_free(owners[i].client);
	bed_free(bed);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(own_records_still_show),
		cmocka_unit_test(reading_shows_nothing_of_others),
		cmocka_unit_test(writing_changes_nothing_of_others),
		cmocka_unit_test(without_row_policies_everything_shows),
		cmocka_unit_test(enough_was_asked),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, rows_start, rows_end);
}
