/*
 * server/net between socket and worker: whose turn it is, what waits, what is refused, what a
 * cancel reaches.
 */
#include "tests/lib/netbed.h"

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct netbed *
bed_started(void)
{
	struct netbed *bed = netbed_new();

	netbed_start(bed);
	return bed;
}

static void
bed_forget_steps(struct netbed *bed)
{
	pthread_mutex_lock(&bed->lock);
	bed->step_count = 0;
	bed->at_once_most = 0;
	pthread_mutex_unlock(&bed->lock);
}

/* Nothing but what is there already comes within a moment. */
static void
assert_quiet(struct peer *peer)
{
	assert_null(peer_read_for(peer, 50));
}

static void
assert_answers(struct peer *peer, uint32_t number, enum err expected)
{
	enum err err;

	assert_int_equal(peer_answer(peer, &err), number);
	assert_int_equal(err, expected);
}

static void
writes_of_a_session_run_in_order(void **state)
{
	struct netbed *bed = bed_started();
	struct peer *peer = peer_login(bed, 1);

	bed_forget_steps(bed);
	peer_command(peer, REQUEST_save, "wait"); /* 3 */
	assert_true(netbed_waits(bed, 1));
	for (int i = 4; i <= 10; i++)
		peer_command(peer, REQUEST_save, "echo");
	assert_quiet(peer);
	netbed_release(bed);
	for (uint32_t i = 3; i <= 10; i++)
		assert_answers(peer, i, ERR_OK);
	assert_string_equal(
	    netbed_steps(bed), "b3 e3 b4 e4 b5 e5 b6 e6 b7 e7 b8 e8 b9 e9 b10 e10");
	peer_free(peer);
	netbed_free(bed);
}

static void
read_waits_for_writes_sent_before_it(void **state)
{
	struct netbed *bed = bed_started();
	struct peer *peer = peer_login(bed, 1);

	bed_forget_steps(bed);
	peer_command(peer, REQUEST_save, "wait");   /* 3 */
	peer_command(peer, REQUEST_search, "echo"); /* 4 */
	assert_true(netbed_waits(bed, 1));
	assert_quiet(peer);
	netbed_release(bed);
	assert_answers(peer, 3, ERR_OK);
	assert_answers(peer, 4, ERR_OK);
	assert_string_equal(netbed_steps(bed), "b3 e3 b4 e4");
	peer_free(peer);
	netbed_free(bed);
}

static void
reads_overtake_a_slow_read(void **state)
{
	struct netbed *bed = bed_started();
	struct peer *peer = peer_login(bed, 1);

	peer_command(peer, REQUEST_search, "wait"); /* 3 */
	for (uint32_t i = 4; i <= 6; i++) {
		peer_command(peer, REQUEST_search, "echo");
		assert_answers(peer, i, ERR_OK);
	}
	netbed_release(bed);
	assert_answers(peer, 3, ERR_OK);
	peer_free(peer);
	netbed_free(bed);
}

static void
write_does_not_wait_for_a_slow_read(void **state)
{
	struct netbed *bed = bed_started();
	struct peer *peer = peer_login(bed, 1);

	peer_command(peer, REQUEST_search, "wait"); /* 3 */
	peer_command(peer, REQUEST_save, "echo");   /* 4 */
	assert_answers(peer, 4, ERR_OK);
	netbed_release(bed);
	assert_answers(peer, 3, ERR_OK);
	peer_free(peer);
	netbed_free(bed);
}

static void
session_holds_two_workers_at_most(void **state)
{
	struct netbed *bed = bed_started();
	struct peer *peer = peer_login(bed, 1), *other = peer_login(bed, 2);

	bed_forget_steps(bed);
	for (int i = 0; i < 6; i++)
		peer_command(peer, REQUEST_search, "wait");
	assert_true(netbed_waits(bed, 2));
	/* Two of four workers are left to the others. */
	peer_command(other, REQUEST_search, "echo");
	assert_answers(other, 3, ERR_OK);
	netbed_release(bed);
	for (int i = 0; i < 6; i++)
		assert_non_null(peer_read(peer));
	assert_in_range(bed->at_once_most, 2, 3);
	peer_free(peer);
	peer_free(other);
	netbed_free(bed);
}

static void
second_report_of_a_session_waits_and_leaves_it_able_to_work(void **state)
{
	struct netbed *bed = bed_started();
	struct peer *peer = peer_login(bed, 1);

	peer_command(peer, REQUEST_report, "wait"); /* 3 */
	peer_command(peer, REQUEST_report, "wait"); /* 4 */
	assert_true(netbed_waits(bed, 1));
	peer_command(peer, REQUEST_search, "echo"); /* 5 */
	assert_answers(peer, 5, ERR_OK);
	assert_true(netbed_waits(bed, 1));
	netbed_release(bed);
	assert_answers(peer, 3, ERR_OK);
	assert_answers(peer, 4, ERR_OK);
	peer_free(peer);
	netbed_free(bed);
}

static void
requests_sent_without_waiting_for_login_find_it_done(void **state)
{
	struct netbed *bed = bed_started();
	struct peer *peer = peer_new(bed);
	const int64_t ids[] = { 1 };

	peer_hello(peer);
	peer_login_as(peer, "u1");
	peer_command(peer, REQUEST_search, "echo");
	peer_subscribe(peer, 1, ids, 1, false);
	for (uint32_t i = 1; i <= 2; i++)
		assert_answers(peer, i, ERR_OK);
	/* The subscription needs no worker and may be answered first. */
	Kehu__ServerFrame *one = peer_read(peer), *two = peer_read(peer);
	assert_int_equal(one->number + two->number, 3 + 4);
	assert_int_not_equal(one->answer_case, KEHU__SERVER_FRAME__ANSWER_ERROR);
	assert_int_not_equal(two->answer_case, KEHU__SERVER_FRAME__ANSWER_ERROR);
	peer_free(peer);
	netbed_free(bed);
}

static void
stranger_reaches_no_worker_but_for_hello_and_login(void **state)
{
	struct netbed *bed = bed_started();
	struct peer *peer = peer_new(bed);
	const int64_t ids[] = { 1 };

	peer_command(peer, REQUEST_search, "echo");
	assert_answers(peer, 1, ERR_LOGIN_NEEDED);
	peer_command(peer, REQUEST_save, "echo");
	assert_answers(peer, 2, ERR_LOGIN_NEEDED);
	peer_command(peer, REQUEST_logout, NULL);
	assert_answers(peer, 3, ERR_LOGIN_NEEDED);
	peer_cancel(peer, 1);
	assert_answers(peer, 4, ERR_LOGIN_NEEDED);
	peer_subscribe(peer, 1, ids, 1, false);
	assert_answers(peer, 5, ERR_LOGIN_NEEDED);
	assert_string_equal(netbed_steps(bed), "");
	peer_free(peer);
	netbed_free(bed);
}

static void
login_before_hello_is_refused(void **state)
{
	struct netbed *bed = bed_started();
	struct peer *peer = peer_new(bed);

	peer_login_as(peer, "u1");
	assert_answers(peer, 1, ERR_BAD_REQUEST);
	assert_string_equal(netbed_steps(bed), "");
	peer_free(peer);
	netbed_free(bed);
}

/* Every request of proto/requests.def in every state: to a worker or the loop, or refused. */
static void
state_decides_for_every_request(void **state)
{
	static const struct {
		int number;
		const char *needs;
	} requests[] = {
#define REQ(number, name, message, state, kind, lane) { number, #state },
#include "proto/requests.def"
#undef REQ
	};
	struct netbed *bed = bed_started();

	for (size_t i = 0; i < sizeof(requests) / sizeof(*requests); i++)
		for (int at = SESSION_STRANGER; at <= SESSION_LOGGED_IN; at++) {
			bool login = strcmp(requests[i].needs, "LOGGED_IN") == 0;
			bool session = login || strcmp(requests[i].needs, "LOCKED") == 0;
			bool greeting = strcmp(requests[i].needs, "HELLO") == 0;
			struct peer *peer =
			    at >= SESSION_LOCKED ? peer_login(bed, 1) : peer_new(bed);
			/* number 9 and the request, empty */
			uint8_t frame[] = { 0, 0, 0, 6, 0, 0x08, 9, 0, 0, 0 };

			frame[7] = (uint8_t)(0x80 | ((requests[i].number << 3 | 2) & 0x7f));
			frame[8] = (uint8_t)(requests[i].number >> 4);
			if (at == SESSION_HELLO) {
				peer_hello(peer);
				assert_answers(peer, 1, ERR_OK);
			}
			if (at == SESSION_LOCKED) {
				uint8_t lock[] = { 0, 0, 0, 6, 0, 0x08, 8, 0xf2, 2, 0 };

				assert_true(peer_write(peer, lock, sizeof(lock)));
				assert_answers(peer, 8, ERR_OK);
			}
			assert_true(peer_write(peer, frame, sizeof(frame)));
			assert_answers(peer, 9,
			    login && at == SESSION_LOCKED        ? ERR_SESSION_LOCKED
			    : session && at < SESSION_LOCKED     ? ERR_LOGIN_NEEDED
			    : greeting && at == SESSION_STRANGER ? ERR_BAD_REQUEST
								 : ERR_OK);
			peer_free(peer);
		}
	netbed_free(bed);
}

/* A session nobody asks anything of locks; pings are not somebody asking. */
static void
unused_session_locks(void **state)
{
	struct netbed *bed = netbed_new();

	bed->options.lock_s = &(const int64_t){ 1 };
	netbed_start(bed);
	struct peer *peer = peer_login(bed, 1);
	int64_t end = netbed_ms() + 1200;

	while (netbed_ms() < end) {
		assert_answers(peer, peer_ping(peer), ERR_OK);
		poll(NULL, 0, 50);
	}
	assert_answers(peer, peer_command(peer, REQUEST_search, "echo"), ERR_SESSION_LOCKED);
	assert_answers(peer, peer_command(peer, REQUEST_save, "echo"), ERR_SESSION_LOCKED);
	assert_answers(peer, peer_ping(peer), ERR_OK);
	assert_answers(peer, peer_command(peer, REQUEST_logout, NULL), ERR_OK);
	peer_free(peer);
	netbed_free(bed);
}

static void
logout_takes_the_rights_of_what_follows(void **state)
{
	struct netbed *bed = bed_started();
	struct peer *peer = peer_login(bed, 1);

	peer_command(peer, REQUEST_search, "echo"); /* 3 */
	peer_command(peer, REQUEST_logout, NULL);   /* 4 */
	peer_command(peer, REQUEST_search, "echo"); /* 5 */
	assert_answers(peer, 3, ERR_OK);
	assert_answers(peer, 4, ERR_OK);
	assert_answers(peer, 5, ERR_LOGIN_NEEDED);
	peer_free(peer);
	netbed_free(bed);
}

static void
requests_past_the_limit_of_a_session_are_refused(void **state)
{
	struct netbed *bed = netbed_new();

	bed->options.in_flight_max = 5;
	netbed_start(bed);
	struct peer *peer = peer_login(bed, 1);
	for (int i = 0; i < 5; i++)
		peer_command(peer, REQUEST_search, "wait"); /* 3 to 7 */
	peer_command(peer, REQUEST_search, "echo");         /* 8 */
	assert_answers(peer, 8, ERR_TOO_MANY);
	/* What the loop answers itself is not counted. */
	peer_ping(peer);
	assert_answers(peer, 9, ERR_OK);
	netbed_release(bed);
	for (int i = 0; i < 5; i++)
		assert_non_null(peer_read(peer));
	peer_command(peer, REQUEST_search, "echo"); /* 10 */
	assert_answers(peer, 10, ERR_OK);
	peer_free(peer);
	netbed_free(bed);
}

static void
full_lane_answers_busy(void **state)
{
	struct netbed *bed = netbed_new();
	struct peer *peers[4];

	bed->options.lane_threads[LANE_INTERACTIVE] = 1;
	bed->options.lane_queue[LANE_INTERACTIVE] = 2;
	netbed_start(bed);
	for (int i = 0; i < 4; i++)
		peers[i] = peer_login(bed, i + 1);
	peer_command(peers[0], REQUEST_search, "wait");
	assert_true(netbed_waits(bed, 1));
	peer_command(peers[1], REQUEST_search, "echo");
	peer_command(peers[2], REQUEST_search, "echo");
	assert_quiet(peers[1]);
	assert_quiet(peers[2]);
	peer_command(peers[3], REQUEST_search, "echo");
	assert_answers(peers[3], 3, ERR_BUSY);
	assert_int_equal(net_figures(bed->net).busy, 1);
	/* Other lanes go on. */
	peer_command(peers[3], REQUEST_report, "echo");
	assert_answers(peers[3], 4, ERR_OK);
	netbed_release(bed);
	for (int i = 0; i < 3; i++)
		assert_answers(peers[i], 3, ERR_OK);
	for (int i = 0; i < 4; i++)
		peer_free(peers[i]);
	netbed_free(bed);
}

/* Passwords have threads of their own, and only so many wait for them. */
static void
slow_logins_hold_up_nobody_at_work(void **state)
{
	struct netbed *bed = netbed_new();
	struct peer *peers[4];

	bed->options.lane_queue[LANE_HASH] = 2;
	netbed_start(bed);
	struct peer *working = peer_login(bed, 1);
	for (int i = 0; i < 4; i++) {
		peers[i] = peer_new(bed);
		peer_hello(peers[i]);
		assert_answers(peers[i], 1, ERR_OK);
		peer_login_as(peers[i], "w2");
		assert_true(netbed_waits(bed, 1));
	}
	assert_answers(peers[3], 2, ERR_BUSY);
	peer_command(working, REQUEST_search, "echo");
	assert_answers(working, 3, ERR_OK);
	netbed_release(bed);
	for (int i = 0; i < 3; i++)
		assert_answers(peers[i], 2, ERR_OK);
	for (int i = 0; i < 4; i++)
		peer_free(peers[i]);
	peer_free(working);
	netbed_free(bed);
}

static void
cancel_reaches_what_waits_and_what_runs(void **state)
{
	struct netbed *bed = bed_started();
	struct peer *peer = peer_login(bed, 1);

	peer_command(peer, REQUEST_save, "wait"); /* 3 */
	peer_command(peer, REQUEST_save, "echo"); /* 4 */
	peer_command(peer, REQUEST_save, "echo"); /* 5 */
	assert_true(netbed_waits(bed, 1));
	peer_cancel(peer, 4); /* 6 */
	assert_answers(peer, 4, ERR_CANCELLED);
	assert_answers(peer, 6, ERR_OK);
	peer_cancel(peer, 99); /* 7: none such */
	assert_answers(peer, 7, ERR_OK);
	peer_cancel(peer, 3); /* 8 */
	assert_answers(peer, 8, ERR_OK);
	assert_answers(peer, 3, ERR_OK); /* the worker's own answer */
	assert_answers(peer, 5, ERR_OK);
	peer_free(peer);
	netbed_free(bed);
}

static void
cancel_reaches_a_worker_stuck_in_a_statement(void **state)
{
	struct netbed *bed = bed_started();
	struct peer *peer = peer_login(bed, 1);

	peer_command(peer, REQUEST_report, "stuck"); /* 3 */
	while (strstr(netbed_steps(bed), "b3") == NULL)
		poll(NULL, 0, 1);
	peer_cancel(peer, 3); /* 4 */
	assert_answers(peer, 4, ERR_OK);
	assert_answers(peer, 3, ERR_OK);
	assert_int_equal(bed->cancels, 1);
	peer_free(peer);
	netbed_free(bed);
}

static void
cancel_reaches_what_lies_in_a_lane(void **state)
{
	struct netbed *bed = netbed_new();

	bed->options.lane_threads[LANE_INTERACTIVE] = 1;
	netbed_start(bed);
	struct peer *one = peer_login(bed, 1), *two = peer_login(bed, 2);
	peer_command(one, REQUEST_search, "wait");
	assert_true(netbed_waits(bed, 1));
	bed_forget_steps(bed);
	peer_command(two, REQUEST_search, "echo"); /* 3 */
	peer_cancel(two, 3);                       /* 4 */
	assert_answers(two, 3, ERR_CANCELLED);
	assert_answers(two, 4, ERR_OK);
	netbed_release(bed);
	assert_answers(one, 3, ERR_OK);
	assert_null(strstr(netbed_steps(bed), "b3"));
	peer_free(one);
	peer_free(two);
	netbed_free(bed);
}

static void
closing_cancels_what_runs_and_drops_what_waits(void **state)
{
	struct netbed *bed = bed_started();
	struct peer *peer = peer_login(bed, 1);

	bed_forget_steps(bed);
	peer_command(peer, REQUEST_save, "wait"); /* 3 */
	peer_command(peer, REQUEST_save, "echo"); /* 4 */
	assert_true(netbed_waits(bed, 1));
	peer_free(peer);
	assert_true(netbed_waits(bed, 0));
	/* Whatever else would run, had run by the end of another's request. */
	struct peer *other = peer_login(bed, 2);
	peer_command(other, REQUEST_search, "echo");
	assert_answers(other, 3, ERR_OK);
	assert_null(strstr(netbed_steps(bed), "b4"));
	peer_free(other);
	netbed_free(bed);
}

static void
worker_may_have_the_connection_closed(void **state)
{
	struct netbed *bed = bed_started();
	struct peer *peer = peer_login(bed, 1);

	peer_command(peer, REQUEST_search, "close");
	assert_answers(peer, 3, ERR_OK);
	assert_true(peer_closed(peer, 2000));
	peer_free(peer);
	netbed_free(bed);
}

static void
worker_that_forgets_to_answer_is_answered_for(void **state)
{
	struct netbed *bed = bed_started();
	struct peer *peer = peer_login(bed, 1);

	peer_command(peer, REQUEST_search, "nothing");
	assert_answers(peer, 3, ERR_INTERNAL);
	peer_free(peer);
	netbed_free(bed);
}

static void
idle_workers_are_called_every_second_and_when_woken(void **state)
{
	struct netbed *bed = bed_started();
	int64_t end = netbed_ms() + NETBED_WAIT_MS;

	while (bed->idles[LANE_JOBS] < 3 && netbed_ms() < end)
		poll(NULL, 0, 5);
	assert_true(bed->idles[LANE_JOBS] >= 3);
	assert_true(bed->idles[LANE_INTERACTIVE] >= 4);

	int before = bed->idles[LANE_JOBS];
	int64_t start = netbed_ms();
	net_wake(bed->net, LANE_JOBS);
	while (bed->idles[LANE_JOBS] == before && netbed_ms() < end)
		poll(NULL, 0, 1);
	assert_true(netbed_ms() - start < 900);
	netbed_free(bed);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_of_a_session_run_in_order),
		cmocka_unit_test(read_waits_for_writes_sent_before_it),
		cmocka_unit_test(reads_overtake_a_slow_read),
		cmocka_unit_test(write_does_not_wait_for_a_slow_read),
		cmocka_unit_test(session_holds_two_workers_at_most),
		cmocka_unit_test(second_report_of_a_session_waits_and_leaves_it_able_to_work),
		cmocka_unit_test(requests_sent_without_waiting_for_login_find_it_done),
		cmocka_unit_test(stranger_reaches_no_worker_but_for_hello_and_login),
		cmocka_unit_test(login_before_hello_is_refused),
		cmocka_unit_test(state_decides_for_every_request),
		cmocka_unit_test(unused_session_locks),
		cmocka_unit_test(logout_takes_the_rights_of_what_follows),
		cmocka_unit_test(requests_past_the_limit_of_a_session_are_refused),
		cmocka_unit_test(full_lane_answers_busy),
		cmocka_unit_test(slow_logins_hold_up_nobody_at_work),
		cmocka_unit_test(cancel_reaches_what_waits_and_what_runs),
		cmocka_unit_test(cancel_reaches_a_worker_stuck_in_a_statement),
		cmocka_unit_test(cancel_reaches_what_lies_in_a_lane),
		cmocka_unit_test(closing_cancels_what_runs_and_drops_what_waits),
		cmocka_unit_test(worker_may_have_the_connection_closed),
		cmocka_unit_test(worker_that_forgets_to_answer_is_answered_for),
		cmocka_unit_test(idle_workers_are_called_every_second_and_when_woken),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
