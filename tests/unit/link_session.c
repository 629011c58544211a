/* Facts about the link: signing in, breaking, resuming, repeating. Against a server in this
 * process. */
#include "client/link/link.h"
#include "common/date.h"
#include "tests/lib/fake_server.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char directory[] = "/tmp/kehu-link-XXXXXX";

/* What the fake does with Save: remembers intentions, as the outcome table does. */
struct book {
	uint8_t seen[64][16];
	int seen_count, saves, repeats;
	enum err once; /* answered instead, this many times */
	int once_count;
	bool cut_after_save; /* work done, answer lost */
	int lists, chunks;
	atomic_bool mute; /* pings are not answered */
};

static bool
book_save(struct book *book, struct fake_server *fake, const Kehu__ClientFrame *frame)
{
	Kehu__ServerFrame answer = KEHU__SERVER_FRAME__INIT;
	Kehu__Written written = KEHU__WRITTEN__INIT;
	const ProtobufCBinaryData *id = &frame->save->intention;

	assert_int_equal(id->len, 16);
	bool repeated = false;
	for (int i = 0; i < book->seen_count; i++)
		repeated |= memcmp(book->seen[i], id->data, 16) == 0;
	if (repeated)
		book->repeats++;
	else
		memcpy(book->seen[book->seen_count++], id->data, 16), book->saves++;
	if (book->cut_after_save) {
		book->cut_after_save = false;
		fake_cut(fake);
		return true;
	}
	written.has_id = written.has_repeated_request = true;
	written.id = 100 + book->saves;
	written.repeated_request = repeated;
	answer.answer_case = KEHU__SERVER_FRAME__ANSWER_WRITTEN;
	answer.written = &written;
	fake_answer(fake, frame, &answer);
	return true;
}

static void
book_report(struct book *book, struct fake_server *fake, const Kehu__ClientFrame *frame)
{
	for (int i = 0; i < 3; i++) {
		Kehu__ServerFrame answer = KEHU__SERVER_FRAME__INIT;
		Kehu__ReportAnswer report = KEHU__REPORT_ANSWER__INIT;
		static uint8_t bytes[] = "abc";

		if (i == 1 && book->chunks++ == 0) {
			fake_cut(fake);
			return;
		}
		report.has_data = report.has_last = true;
		report.data = (ProtobufCBinaryData){ .data = bytes + i, .len = 1 };
		report.last = i == 2;
		answer.answer_case = KEHU__SERVER_FRAME__ANSWER_REPORT;
		answer.report = &report;
		fake_answer(fake, frame, &answer);
	}
}

static bool
book_answer(void *context, struct fake_server *fake, const Kehu__ClientFrame *frame)
{
	struct book *book = context;
	Kehu__ServerFrame answer = KEHU__SERVER_FRAME__INIT;
	Kehu__Page page = KEHU__PAGE__INIT;

	if (frame->request_case > KEHU__CLIENT_FRAME__REQUEST_PING && book->once_count > 0) {
		book->once_count--;
		fake_answer_error(fake, frame, book->once);
		return true;
	}
	switch (frame->request_case) {
	case KEHU__CLIENT_FRAME__REQUEST_PING:
		return book->mute;
	case KEHU__CLIENT_FRAME__REQUEST_SAVE:
		return book_save(book, fake, frame);
	case KEHU__CLIENT_FRAME__REQUEST_LIST:
		book->lists++;
		answer.answer_case = KEHU__SERVER_FRAME__ANSWER_PAGE;
		answer.page = &page;
		fake_answer(fake, frame, &answer);
		return true;
	case KEHU__CLIENT_FRAME__REQUEST_REPORT:
		book_report(book, fake, frame);
		return true;
	default:
		return false;
	}
}

static struct fake_server *
start(struct book *book)
{
	return fake_start(&(struct fake_options){
	    .context = book, .answer = book_answer, .directory = directory });
}

static struct link_options
options_for(struct fake_server *fake)
{
	return (struct link_options){ .server = fake_address(fake),
		.ca_file = fake_ca(fake),
		.program = "test",
		.backoff_ms = 5,
		.backoff_max_ms = 20 };
}

static struct link *
ready(struct fake_server *fake)
{
	struct link_options options = options_for(fake);
	struct link *link = link_new(&options);

	link_login(link, "zhang", "right", NULL);
	assert_int_equal(link_wait(link, 5000), ERR_OK);
	return link;
}

static Kehu__ServerFrame *
save(struct link *link, struct arena *arena, enum err expected)
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__Save save = KEHU__SAVE__INIT;
	Kehu__Record record = KEHU__RECORD__INIT;
	Kehu__ServerFrame *answer;

	record.has_entity = true;
	record.entity = 10;
	save.record = &record;
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_SAVE;
	frame.save = &save;
	assert_int_equal(link_call(link, arena, &frame, &answer, 5000), expected);
	return answer;
}

static enum err
list(struct link *link, struct arena *arena, Kehu__ServerFrame **answer)
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__List list = KEHU__LIST__INIT;

	list.has_entity = true;
	list.entity = 10;
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_LIST;
	frame.list = &list;
	return link_call(link, arena, &frame, answer, 5000);
}

static void
link_signs_in_and_has_a_catalogue(void **state)
{
	struct book book = { 0 };
	struct fake_server *fake = start(&book);
	struct link *link = ready(fake);

	assert_int_equal(link_status(link).state, LINK_READY);
	assert_string_equal(link_user(link)->label, "张三");
	assert_int_equal(link_user(link)->id, 42);
	assert_non_null(cat_entity_called(link_catalog(link), "khl"));
	assert_true(link_status(link).rtt_ms >= 0);
	link_free(link);
	fake_stop(fake);
}

static void
link_waits_for_a_login(void **state)
{
	struct book book = { 0 };
	struct fake_server *fake = start(&book);
	struct link_options options = options_for(fake);
	struct link *link = link_new(&options);

	assert_int_equal(link_wait(link, 5000), ERR_LOGIN_NEEDED);
	assert_true(link_status(link).needs_login);
	link_login(link, "zhang", "wrong", NULL);
	assert_int_equal(link_wait(link, 5000), ERR_LOGIN_REFUSED);
	link_login(link, "zhang", "right", NULL);
	assert_int_equal(link_wait(link, 5000), ERR_OK);
	link_free(link);
	fake_stop(fake);
}

static void
link_names_a_wrong_certificate(void **state)
{
	char other[] = "/tmp/kehu-link-XXXXXX";
	struct book book = { 0 };

	assert_non_null(mkdtemp(other));
	struct fake_server *fake = fake_start(&(struct fake_options){ .context = &book,
	    .answer = book_answer,
	    .directory = other,
	    .host = "elsewhere.test" });
	struct link_options options = options_for(fake);
	struct link *link = link_new(&options);
	assert_int_equal(link_wait(link, 5000), ERR_CERTIFICATE);
	assert_int_equal(link_status(link).state, LINK_ENDED);
	assert_non_null(strstr(link_status(link).text, "certificate"));
	link_free(link);
	options.ca_file = "/nowhere/ca.crt";
	link = link_new(&options);
	assert_int_equal(link_wait(link, 5000), ERR_CONFIG);
	assert_non_null(strstr(link_status(link).text, "/nowhere/ca.crt"));
	link_free(link);
	fake_stop(fake);
	assert_int_equal(system(arena_printf(*state, "rm -r %s", other)), 0);
}

static void
link_gives_up_when_nobody_listens(void **state)
{
	struct link *link =
	    link_new(&(struct link_options){ .server = "127.0.0.1:1", .give_up = true });

	assert_int_equal(link_wait(link, 5000), ERR_NO_SERVER);
	assert_non_null(strstr(link_status(link).text, "127.0.0.1:1"));
	link_free(link);
	link = link_new(&(struct link_options){ .server = "host:" });
	assert_int_equal(link_wait(link, 5000), ERR_CONFIG);
	link_free(link);
}

static void
link_tries_the_next_server(void **state)
{
	struct book book = { 0 };
	struct fake_server *fake = start(&book);
	struct link_options options = options_for(fake);

	options.server = arena_printf(*state, "127.0.0.1:1,[::1]:1,%s", fake_address(fake));
	options.give_up = true;
	struct link *link = link_new(&options);
	link_login(link, "zhang", "right", NULL);
	assert_int_equal(link_wait(link, 5000), ERR_OK);
	link_free(link);
	fake_stop(fake);
}

/* The heart of it: cut at every point, before and after the answer; each save is done once. */
static void
link_saves_once_wherever_it_is_cut(void **state)
{
	struct book book = { 0 };
	struct fake_server *fake = start(&book);

	for (int at = 1; at <= 12; at++) {
		for (int answered = 0; answered < 2; answered++) {
			int saves = book.saves;
			struct link_options options = options_for(fake);

			fake_cut_after(fake, at, answered);
			struct link *link = link_new(&options);
			link_login(link, "zhang", "right", NULL);
			for (int i = 0; i < 4; i++) {
				Kehu__ServerFrame *answer = save(link, *state, ERR_OK);

				assert_int_equal(answer->written->id, 100 + book.saves);
			}
			assert_int_equal(book.saves, saves + 4);
			book.seen_count = 0;
			fake_cut_after(fake, 0, false);
			link_free(link);
		}
	}
	fake_stop(fake);
}

static void
link_repeats_a_save_whose_answer_was_lost(void **state)
{
	struct book book = { .cut_after_save = true };
	struct fake_server *fake = start(&book);
	struct link *link = ready(fake);

	Kehu__ServerFrame *answer = save(link, *state, ERR_OK);
	assert_true(answer->written->repeated_request);
	assert_int_equal(book.saves, 1);
	assert_int_equal(book.repeats, 1);
	assert_int_equal(fake_counts(fake).resumes, 1);
	assert_int_equal(fake_counts(fake).logins, 1);
	link_free(link);
	fake_stop(fake);
}

static void
link_asks_again_when_the_outcome_is_unknown(void **state)
{
	struct book book = { .once = ERR_UNKNOWN_OUTCOME, .once_count = 2 };
	struct fake_server *fake = start(&book);
	struct link *link;

	book.once_count = 0;
	link = ready(fake);
	book.once_count = 2;
	save(link, *state, ERR_OK);
	assert_int_equal(book.saves, 1);
	book.once = ERR_INVALID;
	book.once_count = 1;
	Kehu__ServerFrame *answer = save(link, *state, ERR_INVALID);
	assert_int_equal(answer->error->code, ERR_INVALID);
	link_free(link);
	fake_stop(fake);
}

static void
link_reloads_an_old_catalogue(void **state)
{
	struct book book = { .once = ERR_CATALOG_OLD };
	struct fake_server *fake = start(&book);
	struct link *link = ready(fake);

	book.once_count = 1;
	save(link, *state, ERR_OK);
	assert_int_equal(book.saves, 1);
	assert_int_equal(fake_counts(fake).catalogs, 2);
	link_free(link);
	fake_stop(fake);
}

static void
link_signs_in_again_when_told_to_keep_the_password(void **state)
{
	struct book book = { 0 };
	struct fake_server *fake = start(&book);
	struct link_options options = options_for(fake);
	Kehu__ServerFrame *answer;

	options.keep_password = true;
	struct link *link = link_new(&options);
	link_login(link, "zhang", "right", NULL);
	assert_int_equal(link_wait(link, 5000), ERR_OK);
	fake_forget_sessions(fake);
	fake_cut_after(fake, 1, false);
	assert_int_equal(list(link, *state, &answer), ERR_OK);
	assert_int_equal(fake_counts(fake).logins, 2);
	link_free(link);
	link = ready(fake);
	fake_forget_sessions(fake);
	fake_cut_after(fake, 1, false);
	assert_int_equal(list(link, *state, &answer), ERR_SESSION_ENDED);
	assert_true(link_status(link).needs_login);
	link_free(link);
	fake_stop(fake);
}

static bool
garbage_answer(void *context, struct fake_server *fake, const Kehu__ClientFrame *frame)
{
	static const struct {
		const char *bytes;
		size_t count;
	} garbage[] = { { "\xff\xff\xff\xff\x00", 5 }, { "\0\0\0\4\0abc", 8 },
		{ "\0\0\0\4\1abc", 8 }, { "HTTP/1.1 400 Bad Request\r\n\r\n", 28 },
		{ "\0\0\0\0\0", 5 } };
	int *at = context;

	if (frame->request_case != KEHU__CLIENT_FRAME__REQUEST_LIST || *at >= 5)
		return book_answer(&(struct book){ 0 }, fake, frame);
	fake_raw(fake, garbage[*at].bytes, garbage[*at].count);
	++*at;
	return true;
}

static void
link_survives_garbage(void **state)
{
	int at = 0;
	struct fake_server *fake = fake_start(&(struct fake_options){
	    .context = &at, .answer = garbage_answer, .directory = directory });
	struct link *link = ready(fake);
	Kehu__ServerFrame *answer;

	assert_int_equal(list(link, *state, &answer), ERR_OK);
	assert_int_equal(at, 5);
	link_free(link);
	fake_stop(fake);
}

struct chunks {
	char text[16];
	size_t count;
	int restarts;
	bool done;
};

static void
chunk(void *context, const Kehu__ServerFrame *answer)
{
	struct chunks *chunks = context;

	chunks->done = link_last(answer);
	if (link_error(answer) == ERR_OK)
		chunks->text[chunks->count++] = (char)answer->report->data.data[0];
}

static void
chunk_restart(void *context)
{
	struct chunks *chunks = context;

	chunks->count = 0;
	chunks->restarts++;
}

static void
link_starts_a_cut_report_again(void **state)
{
	struct book book = { 0 };
	struct fake_server *fake = start(&book);
	struct link *link = ready(fake);
	struct chunks chunks = { 0 };
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__Report report = KEHU__REPORT__INIT;

	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_REPORT;
	frame.report = &report;
	link_send(link,
	    &(struct link_request){
		.frame = &frame, .done = chunk, .restart = chunk_restart, .context = &chunks });
	assert_int_equal(link_run(link, &chunks.done, 5000), ERR_OK);
	assert_string_equal(chunks.text, "abc");
	assert_int_equal(chunks.restarts, 1);
	link_free(link);
	fake_stop(fake);
}

static void
mark_done(void *context, const Kehu__ServerFrame *answer)
{
	*(bool *)context = link_error(answer) == ERR_OK;
}

static void
link_keeps_requests_while_the_server_is_away(void **state)
{
	struct book book = { 0 };
	struct fake_server *fake = start(&book);
	struct link *link = ready(fake);
	bool done = false;
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__Delete delete = KEHU__DELETE__INIT;

	fake_pause(fake, true);
	int64_t until_us = date_monotonic_us() + 5000000;
	while (link_status(link).state == LINK_READY && date_monotonic_us() < until_us) {
		struct pollfd fds;
		size_t count = link_fds(link, &fds);

		poll(&fds, count, 10);
		link_poll(link);
	}
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_DELETE;
	frame.delete_ = &delete;
	link_send(link,
	    &(struct link_request){ .frame = &frame, .done = mark_done, .context = &done });
	link_poll(link);
	assert_int_equal(link_status(link).unsynced, 1);
	assert_true(link_status(link).broken_ms >= 0);
	fake_pause(fake, false);
	assert_int_equal(link_run(link, &done, 5000), ERR_OK);
	assert_int_equal(link_status(link).waiting, 0);
	link_free(link);
	fake_stop(fake);
}

static void
link_finds_a_dead_server(void **state)
{
	struct book book = { 0 };
	struct fake_server *fake = start(&book);
	struct link_options options = options_for(fake);
	Kehu__ServerFrame *answer;

	options.ping_ms = 200; /* a busy machine stands still for less */
	struct link *link = link_new(&options);
	link_login(link, "zhang", "right", NULL);
	assert_int_equal(link_wait(link, 5000), ERR_OK);
	bool never = false;
	assert_int_equal(link_run(link, &never, 1000), ERR_TIMEOUT);
	assert_true(fake_counts(fake).pings >= 3);
	assert_int_equal(fake_counts(fake).connections, 1);
	book.mute = true;
	int64_t until_us = date_monotonic_us() + 5000000;
	while (fake_counts(fake).connections < 2 && date_monotonic_us() < until_us) {
		enum err err = link_run(link, &never, 5);

		assert_true(err == ERR_TIMEOUT || err == ERR_NO_SERVER);
	}
	book.mute = false;
	assert_int_equal(list(link, *state, &answer), ERR_OK);
	assert_true(fake_counts(fake).connections >= 2);
	assert_int_equal(fake_counts(fake).logins, 1);
	link_free(link);
	fake_stop(fake);
}

/* ---- what is between asking and answering ---- */

struct heard {
	int answers, pushes;
	enum err err;
};

static void
heard_answer(void *context, const Kehu__ServerFrame *answer)
{
	struct heard *heard = context;

	heard->answers++;
	heard->err = link_error(answer);
}

static void
heard_push(void *context, const Kehu__ServerFrame *frame)
{
	struct heard *heard = context;

	heard->pushes += frame->answer_case == KEHU__SERVER_FRAME__ANSWER_CHANGED;
}

static uint32_t
send_list(struct link *link, struct heard *heard, unsigned flags, int timeout_ms)
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__List list = KEHU__LIST__INIT;

	list.has_entity = true;
	list.entity = 10;
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_LIST;
	frame.list = &list;
	return link_send(link, &(struct link_request){ .frame = &frame,
				   .done = heard_answer,
				   .context = heard,
				   .flags = flags,
				   .timeout_ms = timeout_ms });
}

static void
run_for(struct link *link, int ms)
{
	int64_t until_us = date_monotonic_us() + (int64_t)ms * 1000;
	int64_t left_ms;

	while ((left_ms = (until_us - date_monotonic_us()) / 1000) > 0) {
		enum err err = link_turn_once(link, (int)left_ms);

		assert_true(err == ERR_OK || err == ERR_TIMEOUT || err == ERR_NO_SERVER);
	}
}

/* Turns until *count is there. */
static void
run_until(struct link *link, const int *count, int wanted)
{
	for (int i = 0; i < 500 && *count < wanted; i++)
		run_for(link, 10);
	assert_int_equal(*count, wanted);
}

/* A server that hears everything and answers only what it must. */
static bool
deaf_answer(void *context, struct fake_server *fake, const Kehu__ClientFrame *frame)
{
	return frame->request_case == KEHU__CLIENT_FRAME__REQUEST_LIST;
}

static void
link_cancel_silences_a_request(void **state)
{
	struct fake_server *fake =
	    fake_start(&(struct fake_options){ .answer = deaf_answer, .directory = directory });
	struct link *link = ready(fake);
	struct heard heard = { 0 };

	uint32_t unsent = send_list(link, &heard, 0, 0);
	link_cancel(link, unsent);
	uint32_t sent = send_list(link, &heard, 0, 0);
	run_for(link, 30);
	link_cancel(link, sent);
	link_cancel(link, 12345);
	for (int i = 0; i < 500 && fake_counts(fake).cancels == 0; i++)
		run_for(link, 10);
	assert_int_equal(heard.answers, 0);
	assert_int_equal(link_status(link).waiting, 0);
	assert_int_equal(fake_counts(fake).cancels, 1);
	send_list(link, &heard, 0, 20);
	run_until(link, &heard.answers, 1);
	assert_int_equal(heard.err, ERR_TIMEOUT);
	link_free(link);
	fake_stop(fake);
}

static void
link_keeps_a_page_and_knows_when_it_is_old(void **state)
{
	struct book book = { 0 };
	struct fake_server *fake = start(&book);
	struct link *link = ready(fake);
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__List list = KEHU__LIST__INIT;
	struct heard heard = { 0 };
	int64_t age_ms;
	bool fresh;

	list.has_entity = true;
	list.entity = 10;
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_LIST;
	frame.list = &list;
	assert_null(link_cached(link, *state, &frame, &age_ms, &fresh));
	send_list(link, &heard, LINK_CACHE | LINK_LOW, 0);
	run_until(link, &heard.answers, 1);
	assert_non_null(link_cached(link, *state, &frame, &age_ms, &fresh));
	assert_true(fresh);
	save(link, *state, ERR_OK);
	assert_non_null(link_cached(link, *state, &frame, &age_ms, &fresh));
	assert_false(fresh);
	link_free(link);
	fake_stop(fake);
}

static bool
watching_answer(void *context, struct fake_server *fake, const Kehu__ClientFrame *frame)
{
	Kehu__ServerFrame push = KEHU__SERVER_FRAME__INIT;
	Kehu__Changed changed = KEHU__CHANGED__INIT;

	if (frame->request_case == KEHU__CLIENT_FRAME__REQUEST_SUBSCRIBE) {
		push.answer_case = KEHU__SERVER_FRAME__ANSWER_CHANGED;
		push.changed = &changed;
		fake_answer(fake, NULL, &push);
	}
	return false;
}

static void
link_watches_again_after_a_reconnect(void **state)
{
	struct fake_server *fake = fake_start(
	    &(struct fake_options){ .answer = watching_answer, .directory = directory });
	struct link *link = ready(fake);
	struct heard heard = { 0 };
	Kehu__Subscribe subscribe = KEHU__SUBSCRIBE__INIT;
	Kehu__Watch watch = KEHU__WATCH__INIT, *watches[] = { &watch };

	link_set_events(link, &(struct link_events){ .context = &heard, .push = heard_push });
	watch.has_entity = true;
	watch.entity = 10;
	subscribe.n_watch = 1;
	subscribe.watch = watches;
	link_subscribe(link, &subscribe);
	run_until(link, &heard.pushes, 1);
	link_set_lang(link, LANG_ZH);
	assert_int_equal(link_wait(link, 5000), ERR_OK);
	run_until(link, &heard.pushes, 2);
	assert_int_equal(fake_counts(fake).subscribes, 2);
	assert_int_equal(fake_counts(fake).resumes, 1);
	link_logout(link);
	assert_int_equal(link_status(link).state, LINK_ENDED);
	link_free(link);
	fake_stop(fake);
}

/* Until it is broken and waits at least so long for the next try. */
static void
run_until_broken(struct link *link, int least_ms)
{
	struct link_status status = link_status(link);

	for (int turns = 0; status.state != LINK_BROKEN || status.retry_in_ms < least_ms; turns++) {
		struct pollfd fds[1];
		nfds_t count = (nfds_t)link_fds(link, fds);

		assert_in_range(turns, 0, 500);
		poll(fds, count, 10);
		link_poll(link);
		status = link_status(link);
	}
}

static void
lost_server_is_tried_again_within_five_seconds(void **state)
{
	struct link *link = link_new(&(struct link_options){ .server = "127.0.0.1:1" });

	for (int attempt = 1; attempt <= 40; attempt++) {
		run_until_broken(link, 1);
		assert_in_range(link_status(link).retry_in_ms, attempt > 3 ? 2900 : 1, 5000);
		link_retry(link);
	}
	link_free(link);
}

static void
lost_server_is_tried_at_once_when_asked(void **state)
{
	struct book book = { 0 };
	struct fake_server *fake = start(&book);
	struct link_options options = options_for(fake);
	Kehu__ServerFrame *answer;

	options.backoff_ms = options.backoff_max_ms = 3600 * 1000;
	struct link *link = link_new(&options);
	link_login(link, "zhang", "right", NULL);
	assert_int_equal(link_wait(link, 5000), ERR_OK);
	/* a cut is tried at once by itself; after that it waits */
	fake_pause(fake, true);
	run_until_broken(link, 1800 * 1000);
	fake_pause(fake, false);
	link_retry(link);
	assert_int_equal(list(link, *state, &answer), ERR_OK);
	assert_int_equal(link_status(link).state, LINK_READY);
	link_free(link);
	fake_stop(fake);
}

static void
link_looks_names_up(void **state)
{
	struct book book = { 0 };
	struct fake_server *fake = start(&book);
	struct link_options options = options_for(fake);

	options.server =
	    arena_printf(*state, "localhost:%s", strchr(fake_address(fake), ':') + 1);
	struct link *link = link_new(&options);
	link_login(link, "zhang", "right", NULL);
	assert_int_equal(link_wait(link, 5000), ERR_OK);
	link_free(link);
	/* Given up in the middle of a look-up. */
	link = link_new(&options);
	link_poll(link);
	link_free(link);
	fake_stop(fake);
}

static int
setup(void **state)
{
	*state = arena_new(0);
	return 0;
}

static int
teardown(void **state)
{
	arena_free(*state);
	return 0;
}

static int
group_setup(void **state)
{
	return mkdtemp(directory) == NULL;
}

static int
group_teardown(void **state)
{
	struct arena *arena = arena_new(0);
	int status = system(arena_printf(arena, "rm -r %s", directory));

	arena_free(arena);
	return status;
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(link_signs_in_and_has_a_catalogue),
		T(link_waits_for_a_login),
		T(link_names_a_wrong_certificate),
		T(link_gives_up_when_nobody_listens),
		T(link_tries_the_next_server),
		T(link_saves_once_wherever_it_is_cut),
		T(link_repeats_a_save_whose_answer_was_lost),
		T(link_asks_again_when_the_outcome_is_unknown),
		T(link_reloads_an_old_catalogue),
		T(link_signs_in_again_when_told_to_keep_the_password),
		T(link_survives_garbage),
		T(link_starts_a_cut_report_again),
		T(link_keeps_requests_while_the_server_is_away),
		T(link_finds_a_dead_server),
		T(link_cancel_silences_a_request),
		T(link_keeps_a_page_and_knows_when_it_is_old),
		T(link_watches_again_after_a_reconnect),
		T(lost_server_is_tried_again_within_five_seconds),
		T(lost_server_is_tried_at_once_when_asked),
		T(link_looks_names_up),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
