/*
 * The dispatch board as a request: technicians with their hours, jobs in differences, the open list by urgency; what fits best
 * and the whole list proposed; nothing of it for who sees no jobs. A week of fifty people fits into 12 KiB.
 */
#include "common/date.h"
#include "server/entity/fields.h"
#include "tests/lib/pg.h"
#include "tests/parts/service.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>
// clang-format off
#include <cmocka.h>
// clang-format on

#define MINUTE_US (INT64_C(60) * US_PER_SECOND)

enum { WEEK_PEOPLE = 50, WEEK_JOBS = 2000, WEEK_BYTES = 12 * 1024 };

/* Midnight at Shanghai of the first Monday from two weeks on. */
static int64_t
week(void)
{
	static int64_t day;

	if (day == 0) {
		day = date_now_us() / US_PER_DAY + 14;
		while ((day + 3) % 7 != 0)
			day++;
	}
	return day * US_PER_DAY - 480 * MINUTE_US;
}

static Kehu__ServerFrame *
ask(struct client *client, Kehu__Dispatch *request)
{
	static Kehu__ClientFrame frame;

	kehu__client_frame__init(&frame);
	request->has_from_us = true;
	request->from_us = week();
	request->has_days = true;
	if (request->days == 0)
		request->days = 7;
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_DISPATCH;
	frame.dispatch = request;
	return client_call(client, &frame);
}

static const Kehu__DispatchAnswer *
board(struct client *client, Kehu__Dispatch request)
{
	Kehu__ServerFrame *answer = ask(client, &request);

	if (answer->answer_case != KEHU__SERVER_FRAME__ANSWER_DISPATCH)
		fail_msg("board refused: %u %s", answer->error->code, answer->error->text);
	return answer->dispatch;
}

#define BOARD(client, ...) board(client, (Kehu__Dispatch){ PROTOBUF_C_MESSAGE_INIT(&kehu__dispatch__descriptor), __VA_ARGS__ })

static int64_t
make_job(int64_t customer, const char *subject, int64_t minutes)
{
	return expect_written(client_save(dis, E_job_visit, 0, 0,
		SENT(NUMBER_OF(F_job_visit_customer_id, customer), TEXT_OF(F_job_visit_subject, subject),
		    NUMBER_OF(F_job_visit_minutes, minutes)), NULL))->id;
}

static void
board_shows_people_jobs_and_what_is_open(void **state)
{
	int64_t customer = make_customer("派工板客户", "021-5566 9001");
	int64_t of_tom = pg_int(DB, "SELECT id FROM technician WHERE user_id = %d", USER_TOM);
	int64_t placed = make_job(customer, "板上一", 60), open, helper = 0;
	int64_t ticket = make_ticket(sue, customer, "板上急单", "repair"), urgent;
	const Kehu__DispatchAnswer *answer;
	Kehu__ServerFrame *refused;
	uint32_t columns[] = { F_job_visit_subject };
	Kehu__Dispatch wrong = KEHU__DISPATCH__INIT;

	pg_exec(DB, "UPDATE job_visit SET state = 'cancelled' WHERE state IN ('open', 'refused') AND subject NOT LIKE '板上%%'");
	open = make_job(customer, "板上二", 90);
	urgent = expect_written(client_save(dis, E_job_visit, 0, 0, SENT(NUMBER_OF(F_job_visit_ticket_id, ticket), NUMBER_OF(F_job_visit_minutes, 30)),
	    NULL))->id;
	pg_exec(DB, "UPDATE ticket SET due_at = now() + interval '1 hour', priority = 'p1' WHERE id = %" PRId64, ticket);
	expect_written(client_act(dis, E_job_visit, placed, "place", SENT(NUMBER_OF(1, of_tom), NUMBER_OF(2, week() + 10 * 60 * MINUTE_US))));
	answer = BOARD(dis, .has_open = true, .open = 20, .columns = columns, .n_columns = 1);
	assert_true(answer->n_people >= 2);
	assert_int_equal(answer->jobs->n_ids, 1);
	assert_int_equal(answer->jobs->ids[0], placed);
	assert_int_equal(answer->jobs->technicians[0], of_tom);
	assert_int_equal(answer->jobs->starts[0], 600);
	assert_int_equal(answer->jobs->minutes[0], 60);
	assert_int_equal(answer->open_count, 2);
	/* what its ticket promises puts it first, and is the job's as well */
	assert_int_equal(answer->open->rows[0]->id, urgent);
	assert_int_equal(answer->open->rows[1]->id, open);
	assert_string_equal(text_of(dis, E_job_visit, urgent, F_job_visit_priority), "p1");
	for (size_t i = 0; i < answer->n_people; i++)
		if (answer->people[i]->id == of_tom) {
			const Kehu__DispatchShift *shift = answer->shifts[answer->people[i]->shift];

			helper = shift->n_minutes;
			assert_int_equal(shift->minutes[0], 9 * 60);
		}
	assert_true(helper >= 2);
	/* only what was changed; the technician sees what is theirs; conditions on people or on jobs */
	answer = BOARD(dis, .only = &open, .n_only = 1);
	assert_int_equal(answer->jobs->n_ids, 0);
	assert_int_equal(answer->n_people, 0);
	answer = BOARD(uma, .has_open = true, .open = 20);
	assert_int_equal(answer->jobs->n_ids, 0);
	assert_int_equal(BOARD(dis, .query = (char *)(uintptr_t)"name:Tom", .has_open = true, .open = 5)->n_people, 1);
	answer = BOARD(dis, .query = (char *)(uintptr_t)"priority:p1", .has_open = true, .open = 5);
	assert_int_equal(answer->open_count, 1);
	wrong.query = (char *)(uintptr_t)"colour:red";
	refused = ask(dis, &wrong);
	expect_error(refused, ERR_QUERY, 0);
	wrong = (Kehu__Dispatch)KEHU__DISPATCH__INIT;
	wrong.days = 15;
	expect_error(ask(dis, &wrong), ERR_BAD_REQUEST, 0);
	/* places of one with their cost, and of all: no two at a time of anybody, and nothing is placed yet */
	answer = BOARD(dis, .has_suggest = true, .suggest = open, .only = &open, .n_only = 1);
	assert_true(answer->n_places > 0);
	assert_true(answer->places[0]->cost <= answer->places[answer->n_places - 1]->cost);
	answer = BOARD(dis, .has_propose = true, .propose = true, .only = &open, .n_only = 1);
	assert_int_equal(answer->n_places, 2);
	assert_int_equal(answer->places[0]->job, urgent);
	if (answer->places[0]->technician == answer->places[1]->technician)
		assert_true(answer->places[0]->start_us + 30 * MINUTE_US <= answer->places[1]->start_us ||
			    answer->places[1]->start_us + 90 * MINUTE_US <= answer->places[0]->start_us);
	assert_string_equal(text_of(dis, E_job_visit, open, F_job_visit_state), "open");
	for (size_t i = 0; i < 2; i++)
		expect_written(client_act(dis, E_job_visit, answer->places[i]->job, "place",
		    SENT(NUMBER_OF(1, answer->places[i]->technician), NUMBER_OF(2, answer->places[i]->start_us))));
}

static void
week_of_fifty_people_fits_into_twelve_kilobytes(void **state)
{
	const Kehu__DispatchAnswer *answer;
	size_t bytes, packed;
	uint8_t *plain, *zipped;

	pg_exec(DB, "INSERT INTO technician (name, name_key, active) SELECT 'W' || n, 'w' || n, true FROM generate_series(1, %d) n", WEEK_PEOPLE);
	pg_exec(DB,
	    "INSERT INTO job_visit (number, subject, kind, customer_id, minutes, state, technician_id, start_at, end_at, owner_id, department_id, branch_id) "
	    "SELECT 'JBW-' || n, 'w', 'repair', (SELECT min(id) FROM customer), 45, 'planned', t.id, "
	    "x.at, x.at + interval '45 minutes', %d, 12, 2 FROM generate_series(0, %d) n "
	    "JOIN (SELECT id, row_number() OVER (ORDER BY id) - 1 AS p FROM technician WHERE name_key ~ '^w[0-9]') t ON t.p = n %% %d, "
	    "LATERAL (SELECT to_timestamp(%" PRId64 ") + (n / %d %% 5) * interval '1 day' + interval '9 hours' + (n / %d / 5) * interval '1 hour' AS at) x",
	    USER_DIS, WEEK_JOBS - 1, WEEK_PEOPLE, week() / US_PER_SECOND, WEEK_PEOPLE, WEEK_PEOPLE);
	pg_exec(DB, "UPDATE state SET access_epoch = access_epoch + 1");
	answer = BOARD(dis, .has_open = true, .open = 50);
	assert_true(answer->n_people >= WEEK_PEOPLE);
	assert_true(answer->jobs->n_ids >= WEEK_JOBS);
	bytes = kehu__dispatch_answer__get_packed_size(answer);
	plain = malloc(bytes);
	zipped = malloc(ZSTD_compressBound(bytes));
	assert_true(plain != NULL && zipped != NULL);
	(void)kehu__dispatch_answer__pack(answer, plain);
	packed = ZSTD_compress(zipped, ZSTD_compressBound(bytes), plain, bytes, 1);
	print_message("# board of a week: %zu jobs, %zu bytes, %zu on the wire\n", answer->jobs->n_ids, bytes, packed);
	assert_true(packed <= WEEK_BYTES);
	free(plain);
	free(zipped);
	pg_exec(DB, "UPDATE job_visit SET deleted_at = now() WHERE number LIKE 'JBW-%%'; UPDATE technician SET active = false WHERE name_key ~ '^w[0-9]'");
}

int
service_boards(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(board_shows_people_jobs_and_what_is_open),
		cmocka_unit_test(week_of_fifty_people_fits_into_twelve_kilobytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
