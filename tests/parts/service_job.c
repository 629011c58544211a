/*
 * Jobs: placed where they fit and refused with the reason where not, walked through to done, never two of one
 * technician at a time however many place them.
 */
#include "common/date.h"
#include "server/entity/fields.h"
#include "tests/lib/pg.h"
#include "tests/parts/service.h"

#include <inttypes.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
// clang-format off
#include <cmocka.h>
// clang-format on

#define MINUTE_US   (INT64_C(60) * US_PER_SECOND)
#define PLACERS	    8
#define PLACES_EACH 12

static int64_t customer, of_tom, of_uma;

/* Minutes after 09:00 at Shanghai on the first Monday from a week on: working time of calendar 401. */
static int64_t
monday(int64_t minutes)
{
	static int64_t day;

	if (day == 0) {
		day = date_now_us() / US_PER_DAY + 7;
		while ((day + 3) % 7 != 0)
			day++;
	}
	return day * US_PER_DAY + (60 + minutes) * MINUTE_US;
}

static int64_t
make_job(const char *subject, int64_t minutes)
{
	return expect_written(client_save(dis, E_job_visit, 0, 0,
		SENT(NUMBER_OF(F_job_visit_customer_id, customer), TEXT_OF(F_job_visit_subject, subject),
		    NUMBER_OF(F_job_visit_minutes, minutes)), NULL))->id;
}

static Kehu__ServerFrame *
place(int64_t job, int64_t technician, int64_t start_us)
{
	return client_act(dis, E_job_visit, job, "place", SENT(NUMBER_OF(1, technician), NUMBER_OF(2, start_us)));
}

static const char *
job_state(int64_t job)
{
	return text_of(dis, E_job_visit, job, F_job_visit_state);
}

static void
job_is_placed_where_it_fits_and_refused_with_the_reason(void **state)
{
	int64_t first, second;

	customer = make_customer("派工客户有限公司", "021-5566 8001");
	of_tom = pg_int(DB, "SELECT id FROM technician WHERE user_id = %d", USER_TOM);
	of_uma = pg_int(DB, "SELECT id FROM technician WHERE user_id = %d", USER_UMA);
	pg_exec(DB, "UPDATE technician SET calendar_id = 401 WHERE id IN (%" PRId64 ", %" PRId64 "); "
		    "UPDATE technician_leave SET deleted_at = now(); UPDATE state SET access_epoch = access_epoch + 1", of_tom, of_uma);
	first = make_job("修电梯", 120);
	second = make_job("修水泵", 60);
	assert_string_equal(job_state(first), "open");
	expect_error(client_act(tom, E_job_visit, first, "accept", NULL), ERR_NO_SUCH_RECORD, 0);
	expect_error(place(first, 999999, monday(0)), ERR_NO_SUCH_RECORD, 1);
	/* over lunch, at night, on a Sunday */
	expect_error(place(first, of_tom, monday(120)), ERR_OUT_OF_HOURS, 2);
	expect_error(place(first, of_tom, monday(12 * 60)), ERR_OUT_OF_HOURS, 2);
	expect_error(place(first, of_tom, monday(-24 * 60)), ERR_OUT_OF_HOURS, 2);
	expect_written(place(first, of_tom, monday(0)));
	assert_string_equal(job_state(first), "planned");
	assert_int_equal(number_of(dis, E_job_visit, first, F_job_visit_owner_id), USER_TOM);
	expect_error(place(second, of_tom, monday(60)), ERR_NOT_FREE, 1);
	expect_error(place(second, of_tom, monday(-60)), ERR_OUT_OF_HOURS, 2);
	expect_written(place(second, of_tom, monday(120)));
	/* stretched into the next, moved, put back */
	expect_error(client_act(dis, E_job_visit, first, "place", SENT(NUMBER_OF(3, 150))), ERR_NOT_FREE, 1);
	expect_written(client_act(dis, E_job_visit, second, "place", SENT(NUMBER_OF(1, of_uma))));
	expect_written(client_act(dis, E_job_visit, second, "undo_place", NULL));
	assert_int_equal(number_of(dis, E_job_visit, second, F_job_visit_technician_id), of_tom);
	assert_int_equal(number_of(dis, E_job_visit, second, F_job_visit_start_at), monday(120));
	/* leave, skill, area, the customer's window, nobody's by a save */
	pg_exec(DB, "INSERT INTO technician_leave (technician_id, kind, from_at, until_at) VALUES (%" PRId64 ", 'sick', "
		    "to_timestamp(%" PRId64 "), to_timestamp(%" PRId64 "))", of_uma, monday(0) / US_PER_SECOND, monday(60) / US_PER_SECOND);
	expect_error(place(second, of_uma, monday(30)), ERR_ON_LEAVE, 1);
	pg_exec(DB, "UPDATE job_visit SET skill = 'software' WHERE id = %" PRId64, second);
	expect_error(place(second, of_uma, monday(60)), ERR_NO_SKILL, 1);
	pg_exec(DB, "UPDATE job_visit SET skill = 'goods', region_id = 303 WHERE id = %" PRId64, second);
	expect_error(place(second, of_uma, monday(60)), ERR_OUT_OF_AREA, 1);
	pg_exec(DB, "UPDATE job_visit SET region_id = 302, window_from = to_timestamp(%" PRId64 ") WHERE id = %" PRId64,
	    monday(120) / US_PER_SECOND, second);
	expect_error(place(second, of_uma, monday(60)), ERR_OUT_OF_WINDOW, 2);
	expect_error(client_save(dis, E_job_visit, second, record_of(dis, E_job_visit, second)->version,
	    SENT(NUMBER_OF(F_job_visit_technician_id, of_uma)), NULL), ERR_READ_ONLY, F_job_visit_technician_id);
	/* a helper is held as well, and sees it */
	expect_written(client_save(dis, E_job_visit, second, record_of(dis, E_job_visit, second)->version, NULL,
	    (const struct sent_line[]){ { .entity = E_job_visit_helper, .id = -1,
		.values = SENT(NUMBER_OF(F_job_visit_helper_technician_id, of_uma)) }, { 0 } }));
	assert_string_equal(text_of(uma, E_job_visit, second, F_job_visit_subject), "修水泵");
	expect_error(place(make_job("修门", 60), of_uma, monday(120)), ERR_NOT_FREE, 1);
	expect_written(client_act(dis, E_job_visit, second, "unplace", NULL));
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM job_booking WHERE job_visit_id = %" PRId64, second), 0);
}

static void
jobs_are_suggested_swapped_and_split(void **state)
{
	int64_t one = make_job("换灯一", 60), two = make_job("换灯二", 60), best = make_job("换灯三", 60);
	const char *said;

	expect_written(place(one, of_tom, monday(24 * 60)));
	expect_written(place(two, of_uma, monday(25 * 60)));
	expect_written(client_act(dis, E_job_visit, one, "swap", SENT(NUMBER_OF(1, two))));
	assert_int_equal(number_of(dis, E_job_visit, one, F_job_visit_technician_id), of_uma);
	assert_int_equal(number_of(dis, E_job_visit, two, F_job_visit_start_at), monday(24 * 60));
	expect_error(client_act(dis, E_job_visit, one, "swap", SENT(NUMBER_OF(1, one))), ERR_INVALID, 1);
	/* two of one technician, side by side: each is in the other's way until both have moved */
	expect_written(place(one, of_tom, monday(25 * 60)));
	expect_written(client_act(dis, E_job_visit, one, "swap", SENT(NUMBER_OF(1, two))));
	assert_int_equal(number_of(dis, E_job_visit, one, F_job_visit_start_at), monday(24 * 60));
	expect_error(client_act(dis, E_job_visit, one, "split", SENT(NUMBER_OF(1, 60))), ERR_INVALID, 1);
	expect_written(client_act(dis, E_job_visit, one, "split", SENT(NUMBER_OF(1, 20))));
	assert_int_equal(number_of(dis, E_job_visit, one, F_job_visit_minutes), 20);
	assert_int_equal(list_count(dis, E_job_visit, "subject:换灯一 is:open minutes:40"), 1);
	said = bed_shell(bed, "dis", NULL, "$KEHU --language en act job_visit %" PRId64 " suggest", best);
	assert_non_null(strstr(said, "cost"));
	assert_non_null(strstr(said, "Tom"));
	expect_written(client_act(dis, E_job_visit, best, "place", NULL));
	assert_string_equal(job_state(best), "planned");
	expect_written(client_act(dis, E_job_visit, best, "cancel", SENT(TEXT_OF(1, "客户不要了"))));
}

static void
technician_hears_of_it_goes_there_and_is_done(void **state)
{
	int64_t ticket = make_ticket(sue, customer, "锅炉不热", "repair"), job, part;

	pg_exec(DB, "UPDATE technician SET hour_cost = 6000, hour_cost_currency = 'CNY' WHERE id = %" PRId64, of_tom);
	job = expect_written(client_save(dis, E_job_visit, 0, 0,
		SENT(NUMBER_OF(F_job_visit_ticket_id, ticket), NUMBER_OF(F_job_visit_minutes, 30),
		    NUMBER_OF(F_job_visit_technician_id, of_tom), NUMBER_OF(F_job_visit_start_at, monday(48 * 60))), NULL))->id;
	assert_string_equal(text_of(tom, E_job_visit, job, F_job_visit_subject), "锅炉不热");
	expect_written(client_act(dis, E_job_visit, job, "tell", NULL));
	assert_non_null(strstr(last_message(tom), "锅炉不热"));
	expect_error(client_act(tom, E_job_visit, job, "place", NULL), ERR_FORBIDDEN, 0);
	expect_error(client_act(uma, E_job_visit, job, "accept", NULL), ERR_NO_SUCH_RECORD, 0);
	expect_written(client_act(tom, E_job_visit, job, "refuse", SENT(TEXT_OF(1, "车坏了"))));
	assert_non_null(strstr(last_message(dis), "车坏了"));
	expect_written(place(job, of_tom, monday(49 * 60)));
	expect_error(client_act(dis, E_job_visit, job, "window", NULL), ERR_REQUIRED, 1);
	expect_written(client_act(dis, E_job_visit, job, "window", SENT(TEXT_OF(1, "kunde@example.com"))));
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM outgoing WHERE address = 'kunde@example.com'"), 1);
	expect_written(client_act(tom, E_job_visit, job, "accept", NULL));
	assert_non_null(strstr(last_message(sue), "锅炉不热"));
	expect_written(client_act(tom, E_job_visit, job, "set_out", NULL));
	expect_written(client_act(tom, E_job_visit, job, "arrive", NULL));
	assert_true(number_of(sue, E_ticket, ticket, F_ticket_on_site_at) > 0);
	part = pg_int(DB, "INSERT INTO product (name, name_key, number, number_key, unit, tax_rate) VALUES ('阀', 'f', 'PX1', 'PX1', 'piece', 1300) RETURNING id");
	pg_exec(DB, "INSERT INTO job_visit_part (job_visit_id, product_id, quantity, cost, cost_currency) VALUES (%" PRId64 ", %" PRId64
		    ", 10000, 500, 'CNY')", job, part);
	expect_error(client_act(tom, E_job_visit, job, "finish", NULL), ERR_REQUIRED, 1);
	expect_written(client_act(tom, E_job_visit, job, "finish",
	    SENT(TEXT_OF(1, "换阀"), NUMBER_OF(2, 90), TEXT_OF(3, "段小红：好了"))));
	assert_string_equal(job_state(job), "done");
	assert_int_equal(pg_int(DB, "SELECT cost FROM job_visit WHERE id = %" PRId64, job), 9500);
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM job_booking WHERE job_visit_id = %" PRId64, job), 0);
	expect_error(client_act(dis, E_job_visit, job, "cancel", SENT(TEXT_OF(1, "x"))), ERR_WRONG_STATE, 0);
	/* what was done elsewhere comes in as done, whatever else the technician had then */
	expect_written(client_save(dis, E_job_visit, 0, 0,
	    SENT(NUMBER_OF(F_job_visit_customer_id, customer), TEXT_OF(F_job_visit_subject, "去年的"), NUMBER_OF(F_job_visit_minutes, 60),
		NUMBER_OF(F_job_visit_technician_id, of_tom), NUMBER_OF(F_job_visit_start_at, monday(0)),
		NUMBER_OF(F_job_visit_done_at, date_now_us() - US_PER_DAY)), NULL));
	assert_int_equal(list_count(dis, E_job_visit, "subject:去年的 is:done"), 1);
}

/* ---- many at once ------------------------------------------------------------------------ */

struct placer {
	struct client *client;
	const int64_t *jobs;
	size_t jobs_count;
	unsigned seed;
	int placed, refused, other, code; /* code: of the last other answer */
};

static void *
placer_run(void *placer_)
{
	struct placer *placer = placer_;

	for (int i = 0; i < PLACES_EACH; i++) {
		const Kehu__ServerFrame *answer = client_act(placer->client, E_job_visit,
		    placer->jobs[(size_t)rand_r(&placer->seed) % placer->jobs_count], "place",
		    SENT(NUMBER_OF(1, rand_r(&placer->seed) % 2 == 0 ? of_tom : of_uma),
			NUMBER_OF(2, monday(72 * 60 + 30 * (rand_r(&placer->seed) % 6)))));

		if (answer->answer_case == KEHU__SERVER_FRAME__ANSWER_WRITTEN)
			placer->placed++;
		else if (answer->error->code == ERR_NOT_FREE || answer->error->code == ERR_OUT_OF_HOURS || answer->error->code == ERR_CONFLICT)
			placer->refused++;
		else {
			placer->other++;
			placer->code = (int)answer->error->code;
		}
	}
	return NULL;
}

static void
many_place_at_once_and_nobody_is_held_twice(void **state)
{
	struct placer placers[PLACERS] = { 0 };
	pthread_t threads[PLACERS];
	int64_t jobs[6];
	int placed = 0, other = 0;

	for (size_t i = 0; i < 6; i++)
		jobs[i] = make_job("抢单", 30 + 15 * (int64_t)(i % 3));
	for (size_t i = 0; i < PLACERS; i++) {
		placers[i] = (struct placer){ .client = client_new(bed, "dis", LANG_EN), .jobs = jobs, .jobs_count = 6, .seed = (unsigned)i + 1 };
		assert_int_equal(pthread_create(&threads[i], NULL, placer_run, &placers[i]), 0);
	}
	for (size_t i = 0; i < PLACERS; i++) {
		pthread_join(threads[i], NULL);
		placed += placers[i].placed;
		other += placers[i].other;
		if (placers[i].other > 0)
			print_error("%d answered %d\n", placers[i].other, placers[i].code);
		client_free(placers[i].client);
	}
	assert_true(placed > 0);
	assert_int_equal(other, 0);
	/* by the moves there were, and by the rows themselves, not by the constraint */
	assert_int_equal(pg_int(DB, "SELECT sum(version - 1) FROM job_visit WHERE subject = '抢单'"), placed);
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM job_visit a JOIN job_visit b ON a.id < b.id AND a.technician_id = b.technician_id "
				    "AND kehu_job_holds(a.state) AND kehu_job_holds(b.state) AND a.start_at < b.end_at AND b.start_at < a.end_at"), 0);
}

int
service_jobs(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(job_is_placed_where_it_fits_and_refused_with_the_reason),
		cmocka_unit_test(jobs_are_suggested_swapped_and_split),
		cmocka_unit_test(technician_hears_of_it_goes_there_and_is_done),
		cmocka_unit_test(many_place_at_once_and_nobody_is_held_twice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
