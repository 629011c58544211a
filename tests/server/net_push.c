/*
 * server/net outwards: pushes, answers larger than a reader takes, ended sessions, stopping.
 */
#include "tests/lib/netbed.h"

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

static struct netbed *
bed_started(void)
{
	struct netbed *bed = netbed_new();

	netbed_start(bed);
	return bed;
}

static void
assert_answers(struct peer *peer, uint32_t number, enum err expected)
{
	enum err err;

	assert_int_equal(peer_answer(peer, &err), number);
	assert_int_equal(err, expected);
}

/* ---- changes ---------------------------------------------------------------------------- */

struct reach {
	_Atomic int asked;
	int64_t hidden_from;
};

static bool
reach_user(void *context, int64_t user, const struct net_change *change)
{
	struct reach *reach = context;

	reach->asked++;
	return user != reach->hidden_from;
}

static void
change(struct netbed *bed, struct reach *reach, uint32_t entity, int64_t id, uint32_t version)
{
	const struct net_change one = { .entity = entity, .id = id, .version = version };

	net_changed(bed->net, &one, 1, reach_user, reach);
}

static void
subscribe(struct peer *peer, uint32_t entity, const int64_t *ids, size_t count, bool all)
{
	uint32_t number = peer_subscribe(peer, entity, ids, count, all);

	assert_answers(peer, number, ERR_OK);
}

static Kehu__Changed *
read_changed(struct peer *peer)
{
	Kehu__ServerFrame *frame = peer_read(peer);

	assert_non_null(frame);
	assert_int_equal(frame->number, 0);
	assert_int_equal(frame->answer_case, KEHU__SERVER_FRAME__ANSWER_CHANGED);
	return frame->changed;
}

static void
change_reaches_those_who_watch_the_record(void **state)
{
	const int64_t ids[] = { 5, 6, 700 };
	struct netbed *bed = bed_started();
	struct peer *peer = peer_login(bed, 1), *other = peer_login(bed, 2);
	struct reach reach = { 0 };

	subscribe(peer, 1, ids, 3, false);
	change(bed, &reach, 1, 4, 1);
	change(bed, &reach, 2, 5, 1);
	change(bed, &reach, 1, 700, 8);
	Kehu__Changed *changed = read_changed(peer);
	assert_int_equal(changed->n_records, 1);
	assert_int_equal(changed->records[0]->entity, 1);
	assert_int_equal(changed->records[0]->id, 700);
	assert_int_equal(changed->records[0]->version, 8);
	assert_null(peer_read_for(other, 50));
	assert_int_equal(reach.asked, 1);
	peer_free(peer);
	peer_free(other);
	netbed_free(bed);
}

static void
change_reaches_nobody_out_of_reach(void **state)
{
	const int64_t ids[] = { 5 };
	struct netbed *bed = bed_started();
	struct peer *peer = peer_login(bed, 1), *hidden = peer_login(bed, 2);
	struct reach reach = { .hidden_from = 2 };

	subscribe(peer, 1, ids, 1, false);
	subscribe(hidden, 1, NULL, 0, true);
	change(bed, &reach, 1, 5, 2);
	assert_int_equal(read_changed(peer)->n_records, 1);
	assert_null(peer_read_for(hidden, 50));
	peer_free(peer);
	peer_free(hidden);
	netbed_free(bed);
}

static void
first_change_comes_at_once_and_the_rest_once_a_second(void **state)
{
	struct netbed *bed = bed_started();
	struct peer *peer = peer_login(bed, 1);
	struct reach reach = { 0 };
	int64_t start = netbed_ms();

	subscribe(peer, 1, NULL, 0, true);
	change(bed, &reach, 1, 1, 1);
	assert_int_equal(read_changed(peer)->records[0]->id, 1);
	assert_true(netbed_ms() - start < 500);
	for (int i = 0; i < 50; i++)
		change(bed, &reach, 1, 2 + i % 10, (uint32_t)i);
	Kehu__Changed *changed = read_changed(peer);
	assert_in_range(netbed_ms() - start, 900, 3000);
	assert_int_equal(changed->n_records, 10);
	assert_int_equal(changed->records[9]->id, 11);
	assert_int_equal(changed->records[9]->version, 49);
	peer_free(peer);
	netbed_free(bed);
}

static void
very_many_changes_name_the_entity_as_a_whole(void **state)
{
	struct netbed *bed = bed_started();
	struct peer *peer = peer_login(bed, 1);
	struct reach reach = { 0 };
	struct net_change *changes = calloc(10000, sizeof(*changes));

	subscribe(peer, 1, NULL, 0, true);
	for (int i = 0; i < 10000; i++)
		changes[i] = (struct net_change){ .entity = 1, .id = i + 1, .version = 1 };
	net_changed(bed->net, changes, 10000, reach_user, &reach);
	free(changes);
	Kehu__Changed *changed = read_changed(peer);
	assert_int_equal(changed->n_records, 1);
	assert_int_equal(changed->records[0]->id, 0);
	peer_free(peer);
	netbed_free(bed);
}

static void
subscription_replaces_the_one_before_and_is_bounded(void **state)
{
	struct netbed *bed = bed_started();
	struct peer *peer = peer_login(bed, 1);
	struct reach reach = { 0 };
	int64_t ids[2001];

	for (int i = 0; i < 2001; i++)
		ids[i] = i + 1;
	subscribe(peer, 1, ids, 2000, false);
	uint32_t number = peer_subscribe(peer, 1, ids, 2001, false);
	assert_answers(peer, number, ERR_TOO_MANY);
	/* What was refused changed nothing. */
	change(bed, &reach, 1, 2000, 1);
	assert_int_equal(read_changed(peer)->records[0]->id, 2000);
	subscribe(peer, 1, ids, 1, false);
	change(bed, &reach, 1, 2000, 2);
	change(bed, &reach, 1, 1, 3);
	assert_int_equal(read_changed(peer)->records[0]->id, 1);
	subscribe(peer, 1, NULL, 0, false);
	change(bed, &reach, 1, 1, 4);
	assert_null(peer_read_for(peer, 1300));
	peer_free(peer);
	netbed_free(bed);
}

static void
logout_ends_the_subscription(void **state)
{
	struct netbed *bed = bed_started();
	struct peer *peer = peer_login(bed, 1);
	struct reach reach = { 0 };

	subscribe(peer, 1, NULL, 0, true);
	uint32_t number = peer_command(peer, REQUEST_logout, NULL);
	assert_answers(peer, number, ERR_OK);
	change(bed, &reach, 1, 1, 1);
	assert_null(peer_read_for(peer, 50));
	assert_int_equal(reach.asked, 0);
	peer_free(peer);
	netbed_free(bed);
}

/* ---- notices and ended sessions --------------------------------------------------------- */

static void
notice_goes_to_its_user_or_to_all(void **state)
{
	struct netbed *bed = bed_started();
	struct peer *one = peer_login(bed, 1), *two = peer_login(bed, 2), *no = peer_new(bed);
	Kehu__ServerFrame frame = KEHU__SERVER_FRAME__INIT;
	Kehu__Notice notice = KEHU__NOTICE__INIT;
	char text[] = "午餐";

	notice.text = text;
	frame.answer_case = KEHU__SERVER_FRAME__ANSWER_NOTICE;
	frame.notice = &notice;
	net_push(bed->net, 2, &frame);
	assert_string_equal(peer_read(two)->notice->text, "午餐");
	net_push(bed->net, 0, &frame);
	assert_non_null(peer_read(two));
	assert_non_null(peer_read(one));
	assert_null(peer_read_for(one, 50));
	assert_null(peer_read_for(no, 50));
	peer_free(one);
	peer_free(two);
	peer_free(no);
	netbed_free(bed);
}

static void
ended_session_is_told_why_and_closed(void **state)
{
	struct netbed *bed = bed_started();
	struct peer *one = peer_login(bed, 1), *two = peer_login(bed, 2),
		    *again = peer_login(bed, 2), *three = peer_login(bed, 3);

	net_end_sessions(bed->net, 0, 0, ERR_SESSION_ENDED);
	net_end_sessions(bed->net, 0, 2, ERR_SESSION_ENDED);
	net_end_sessions(bed->net, 103, 0, ERR_SESSION_ENDED);
	assert_answers(two, 0, ERR_SESSION_ENDED);
	assert_answers(again, 0, ERR_SESSION_ENDED);
	assert_answers(three, 0, ERR_SESSION_ENDED);
	assert_true(peer_closed(two, 2000));
	assert_true(peer_closed(again, 2000));
	assert_true(peer_closed(three, 2000));
	peer_ping(one);
	assert_answers(one, 3, ERR_OK);
	peer_free(one);
	peer_free(two);
	peer_free(again);
	peer_free(three);
	netbed_free(bed);
}

/* ---- much output ------------------------------------------------------------------------ */

/* Reads the frames of a report until the last; false: broken off. Checks every byte. */
static bool
read_report(struct peer *peer, uint64_t *total)
{
	Kehu__ServerFrame *frame;

	*total = 0;
	while ((frame = peer_read(peer)) != NULL) {
		assert_int_equal(frame->answer_case, KEHU__SERVER_FRAME__ANSWER_REPORT);
		for (size_t i = 0; i < frame->report->data.len; i++)
			if (frame->report->data.data[i] != netbed_byte(*total + i))
				fail_msg(
				    "wrong byte at %llu", (unsigned long long)(*total + i));
		*total += frame->report->data.len;
		if (frame->report->last)
			return true;
		arena_reset(peer->arena);
	}
	return false;
}

static void
stream_arrives_whole_at_a_slow_reader(void **state)
{
	struct netbed *bed = bed_started();
	struct peer *peer = peer_login(bed, 1);
	uint64_t total;

	peer_command(peer, REQUEST_report, "stream 20480");
	poll(NULL, 0, 300); /* the worker fills all buffers and has to wait */
	assert_true(read_report(peer, &total));
	assert_int_equal(total, 20480 * 1024);
	assert_int_equal(bed->stream_failures, 0);
	peer_free(peer);
	netbed_free(bed);
}

static void
stream_ends_when_it_is_cancelled(void **state)
{
	struct netbed *bed = bed_started();
	struct peer *peer = peer_login(bed, 1);
	uint32_t number = peer_command(peer, REQUEST_report, "stream 204800");

	poll(NULL, 0, 200);
	peer_cancel(peer, number);
	for (int i = 0; i < 500 && bed->stream_failures == 0; i++)
		poll(NULL, 0, 10);
	assert_int_equal(bed->stream_failures, 1);
	peer_free(peer);
	netbed_free(bed);
}

static void
stream_ends_when_its_reader_is_gone(void **state)
{
	struct netbed *bed = bed_started();
	struct peer *peer = peer_login(bed, 1);

	peer_command(peer, REQUEST_report, "stream 204800");
	poll(NULL, 0, 200);
	peer_free(peer);
	for (int i = 0; i < 500 && bed->stream_failures == 0; i++)
		poll(NULL, 0, 10);
	assert_int_equal(bed->stream_failures, 1);
	netbed_free(bed);
}

static void
large_answers_arrive_whole(void **state)
{
	struct netbed *bed = bed_started();
	struct peer *peer = peer_login(bed, 1);
	uint64_t total;

	for (int i = 0; i < 20; i++) {
		peer_command(peer, REQUEST_search, "big 900");
		assert_true(read_report(peer, &total));
		assert_int_equal(total, 900 * 1024);
		arena_reset(peer->arena);
	}
	peer_free(peer);
	netbed_free(bed);
}

/* Whatever a client asks for without reading, the server holds its limit and one answer. */
static void
reader_that_never_reads_is_closed(void **state)
{
	struct netbed *bed = netbed_new();
	const int small = 4096;
	enum err err;

	bed->options.output_max_bytes = 256 * 1024;
	bed->options.frame_timeout_s = 2;
	netbed_start(bed);
	struct peer *peer = peer_login(bed, 1), *other = peer_login(bed, 2);
	setsockopt(peer->fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
	for (int i = 0; i < 12; i++)
		peer_command(peer, REQUEST_search, "big 900");
	for (int i = 0; i < 1000 && net_figures(bed->net).connections > 1; i++)
		poll(NULL, 0, 10);
	assert_int_equal(net_figures(bed->net).connections, 1);
	peer_ping(other);
	assert_int_equal(peer_answer(other, &err), 3);
	peer_free(peer);
	peer_free(other);
	netbed_free(bed);
}

static void
reader_that_stops_in_the_middle_is_closed_after_the_timeout(void **state)
{
	struct netbed *bed = netbed_new();
	const int small = 4096;

	bed->options.output_max_bytes = 64 * 1024 * 1024;
	bed->options.frame_timeout_s = 1;
	netbed_start(bed);
	struct peer *peer = peer_login(bed, 1);
	setsockopt(peer->fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
	for (int i = 0; i < 12; i++)
		peer_command(peer, REQUEST_search, "big 900");
	for (int i = 0; i < 1000 && net_figures(bed->net).connections > 0; i++)
		poll(NULL, 0, 10);
	assert_int_equal(net_figures(bed->net).connections, 0);
	peer_free(peer);
	netbed_free(bed);
}

/* ---- stopping --------------------------------------------------------------------------- */

static void
stop_drains_what_is_running(void **state)
{
	struct netbed *bed = bed_started();
	struct peer *busy = peer_login(bed, 1), *idle = peer_login(bed, 2);
	Kehu__ServerFrame *frame;

	peer_command(busy, REQUEST_save, "wait"); /* 3 */
	assert_true(netbed_waits(bed, 1));
	net_stop(bed->net, 20);
	frame = peer_read(busy);
	assert_non_null(frame);
	assert_int_equal(frame->answer_case, KEHU__SERVER_FRAME__ANSWER_MOVING);
	assert_int_equal(frame->moving->seconds, 20);
	assert_int_equal(peer_read(idle)->answer_case, KEHU__SERVER_FRAME__ANSWER_MOVING);
	assert_true(peer_closed(idle, 2000));
	assert_true(net_stopping(bed->net));
	/* Nothing new is begun. */
	peer_command(busy, REQUEST_save, "echo"); /* 4 */
	assert_answers(busy, 4, ERR_BUSY);
	netbed_release(bed);
	assert_answers(busy, 3, ERR_OK);
	assert_true(peer_closed(busy, 2000));
	peer_free(idle);
	peer_free(busy);
	/* The loop has ended by itself, long before its 20 seconds. */
	int64_t start = netbed_ms();
	pthread_join(bed->loop, NULL);
	bed->loop_joined = true;
	assert_true(netbed_ms() - start < 8000);
	netbed_free(bed);
}

static void
stop_ends_after_its_time(void **state)
{
	struct netbed *bed = bed_started();
	struct peer *peer = peer_login(bed, 1);
	int64_t start = netbed_ms();

	peer_command(peer, REQUEST_save, "wait");
	assert_true(netbed_waits(bed, 1));
	net_stop(bed->net, 60);
	net_stop(bed->net, 1); /* somebody is in a hurry */
	pthread_join(bed->loop, NULL);
	bed->loop_joined = true;
	assert_in_range(netbed_ms() - start, 900, 5000);
	/* The worker was told. */
	assert_true(netbed_waits(bed, 0));
	peer_free(peer);
	netbed_free(bed);
}

static void
two_nets_live_in_one_process(void **state)
{
	struct netbed *one = bed_started(), *two = bed_started();
	struct peer *peer = peer_login(one, 1), *other = peer_login(two, 1);

	net_stop(one->net, 0);
	assert_true(peer_closed(peer, 5000));
	peer_ping(other);
	assert_answers(other, 3, ERR_OK);
	peer_free(peer);
	peer_free(other);
	netbed_free(one);
	netbed_free(two);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(change_reaches_those_who_watch_the_record),
		cmocka_unit_test(change_reaches_nobody_out_of_reach),
		cmocka_unit_test(first_change_comes_at_once_and_the_rest_once_a_second),
		cmocka_unit_test(very_many_changes_name_the_entity_as_a_whole),
		cmocka_unit_test(subscription_replaces_the_one_before_and_is_bounded),
		cmocka_unit_test(logout_ends_the_subscription),
		cmocka_unit_test(notice_goes_to_its_user_or_to_all),
		cmocka_unit_test(ended_session_is_told_why_and_closed),
		cmocka_unit_test(stream_arrives_whole_at_a_slow_reader),
		cmocka_unit_test(stream_ends_when_it_is_cancelled),
		cmocka_unit_test(stream_ends_when_its_reader_is_gone),
		cmocka_unit_test(large_answers_arrive_whole),
		cmocka_unit_test(reader_that_never_reads_is_closed),
		cmocka_unit_test(reader_that_stops_in_the_middle_is_closed_after_the_timeout),
		cmocka_unit_test(stop_drains_what_is_running),
		cmocka_unit_test(stop_ends_after_its_time),
		cmocka_unit_test(two_nets_live_in_one_process),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
