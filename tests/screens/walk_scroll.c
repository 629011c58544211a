/*
 * A long list at a real terminal: whatever way one moves, each row stands at the place the
 * server gives it, although only a part of the rows is held.
 */
#include "common/date.h"
#include "server/entity/fields.h"
#include "server/job/demo.h"
#include "tests/lib/desk.h"
#include "tests/lib/pg.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
// clang-format off
#include <cmocka.h>
// clang-format on

#define DB "walk_scroll"

/* More than the client holds at once (list_data.c: 24 pages of 20 rows at this height). */
enum { ROWS = 700, SEEN = 18 };

static struct bed *bed;
static char numbers[ROWS][16];

static const char *
password(void *to, const char *login)
{
	(void)to;
	return login[0] != '\0' ? "scrypt$15$8$1$00$00" : NULL;
}

/* The numbers of all customers in the server's order. */
static void
read_order(struct client *client)
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__List list = KEHU__LIST__INIT;
	uint32_t column = F_customer_number;
	size_t count = 0;

	list.has_entity = list.has_limit = true;
	list.entity = E_customer;
	list.limit = 500;
	list.columns = &column;
	list.n_columns = 1;
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_LIST;
	frame.list = &list;
	for (;;) {
		const Kehu__Page *page = client_call(client, &frame)->page;

		assert_non_null(page);
		for (size_t i = 0; i < page->n_rows && count < ROWS; i++)
			snprintf(numbers[count++], sizeof(numbers[0]), "%s",
			    page->rows[i]->cells[0]->text);
		if (!page->has_next)
			break;
		list.has_cursor = true;
		list.cursor = page->next;
	}
	assert_int_equal(count, ROWS);
}

/* A row that is asked for, with the cursor on it or not; a name that is cut ends in two dots. */
static bool
waits_for_rows(struct vt *vt)
{
	for (size_t i = 0; i < SEEN; i++)
		if (strstr(vt_row(vt, 3 + (int)i), "   ...") != NULL)
			return true;
	return false;
}

/* Wait until every row in sight is there; the place of the first one. */
static size_t
rows_in_sight(struct vt *vt)
{
	int64_t until = date_monotonic_us() + DESK_SOON_MS * INT64_C(1000);
	size_t first = 0, last = 0;

	do {
		vt_wait_settled(vt, 40, DESK_SOON_MS);
		const char *place = strrchr(vt_row(vt, 1), ' ');

		if (place != NULL && sscanf(place, " %zu-%zu/", &first, &last) == 2 &&
		    !waits_for_rows(vt))
			return first - 1;
	} while (date_monotonic_us() < until);
	fail_msg("rows do not come:\n%s", vt_screen_text(vt));
	return 0;
}

static size_t
expect_order(struct vt *vt)
{
	size_t first = rows_in_sight(vt);

	for (size_t i = 0; i < SEEN; i++)
		if (strstr(vt_row(vt, 3 + (int)i), numbers[first + i]) == NULL)
			fail_msg("row %zu is not %s:\n%s", first + i + 1, numbers[first + i],
			    vt_screen_text(vt));
	return first;
}

static void
every_row_stands_at_its_place(void **state)
{
	struct vt *vt = desk_home(bed, "eve", "zh", 24, 80);
	size_t at = 0, before;

	desk_type(vt, "2");
	desk_sees(vt, "/700");
	for (int i = 0; i < 2 * ROWS / SEEN && at < ROWS - SEEN; i++) {
		vt_type(vt, "{PgDn}");
		at = expect_order(vt);
	}
	assert_int_equal(at, ROWS - SEEN);
	for (int i = 0; i < 2 * ROWS / SEEN && at > 0; i++) {
		vt_type(vt, "{PgUp}");
		before = at;
		at = expect_order(vt);
		assert_true(at <= before);
	}
	assert_int_equal(at, 0);
	desk_leave(vt);
}

static void
keys_ahead_of_the_rows_are_carried_out(void **state)
{
	struct vt *vt = desk_home(bed, "eve", "zh", 24, 80);

	desk_type(vt, "2");
	desk_sees(vt, "/700");
	desk_type(vt, "{PgDn*20}");
	assert_in_range(expect_order(vt), 300, 340);
	desk_leave(vt);
}

static void
end_and_home_reach_the_ends(void **state)
{
	struct vt *vt = desk_home(bed, "eve", "zh", 24, 80);

	desk_type(vt, "2");
	desk_sees(vt, "/700");
	desk_type(vt, "{End}");
	desk_sees(vt, "683-700/700");
	assert_int_equal(expect_order(vt), ROWS - SEEN);
	desk_type(vt, "{Home}");
	assert_int_equal(expect_order(vt), 0);
	desk_leave(vt);
}

static void
refresh_stays_at_the_row(void **state)
{
	struct vt *vt = desk_home(bed, "eve", "zh", 24, 80);
	size_t before;

	desk_type(vt, "2");
	desk_sees(vt, "/700");
	desk_type(vt, "{PgDn*12}");
	before = expect_order(vt);
	assert_true(before > 100);
	desk_type(vt, "{F5}");
	assert_int_equal(expect_order(vt), before);
	desk_leave(vt);
}

static int
setup(void **state)
{
	struct demo_result result;
	struct client *eve;
	struct store *store;

	bed = bed_new(DB);
	store = pg_store(DB, "kehu_owner");
	if (demo_run(store, bed->arena,
		&(struct demo_options){ .customers = ROWS,
		    .seed = 7,
		    .today = date_today(480),
		    .password = password },
		&result) != ERR_OK)
		return -1;
	store_free(store);
	eve = client_new(bed, "eve", LANG_ZH);
	read_order(eve);
	client_free(eve);
	return 0;
}

static int
teardown(void **state)
{
	bed_free(bed);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_row_stands_at_its_place),
		cmocka_unit_test(keys_ahead_of_the_rows_are_carried_out),
		cmocka_unit_test(end_and_home_reach_the_ends),
		cmocka_unit_test(refresh_stays_at_the_row),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, setup, teardown);
}
