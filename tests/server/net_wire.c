/*
 * server/net at the socket: who gets in, what is let through, and that whoever misbehaves
 * loses one connection and nobody else anything.
 */
#include "tests/lib/netbed.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

static struct netbed *
bed_started(void)
{
	struct netbed *bed = netbed_new();

	netbed_start(bed);
	return bed;
}

/* The peer sends nothing more and the server closes it. */
static bool
fd_closed(int fd, int timeout_ms)
{
	const struct timeval wait = { .tv_sec = timeout_ms / 1000,
		.tv_usec = timeout_ms % 1000 * 1000 };
	char away[256];
	ssize_t got;

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
	while ((got = recv(fd, away, sizeof(away), 0)) > 0)
		;
	return got == 0 || (errno != EAGAIN && errno != EWOULDBLOCK);
}

static void
assert_serves(struct netbed *bed)
{
	struct peer *peer = peer_login(bed, 1);
	enum err err;
	uint32_t number = peer_command(peer, REQUEST_search, "echo");

	assert_int_equal(peer_answer(peer, &err), number);
	assert_int_equal(err, ERR_OK);
	peer_free(peer);
}

/* ---- getting in ------------------------------------------------------------------------- */

static void
hello_is_answered_over_tls_13(void **state)
{
	struct netbed *bed = bed_started();
	struct peer *peer = peer_new(bed);
	enum err err;

	assert_string_equal(SSL_get_version(peer->ssl), "TLSv1.3");
	peer_hello(peer);
	assert_int_equal(peer_answer(peer, &err), 1);
	assert_int_equal(err, ERR_OK);
	peer_free(peer);
	netbed_free(bed);
}

static void
tls_12_is_refused(void **state)
{
	struct netbed *bed = bed_started();

	assert_null(peer_try(bed, TLS1_2_VERSION));
	assert_serves(bed);
	netbed_free(bed);
}

static void
plain_text_is_refused(void **state)
{
	const char *const said[] = { "GET / HTTP/1.1\r\n\r\n", "\n", "\x16\x03\x01\xff\xff",
		"\x16\x03\x01\x00\x05hello" };
	struct netbed *bed = bed_started();

	for (size_t i = 0; i < sizeof(said) / sizeof(*said); i++) {
		int fd = netbed_connect(bed);
		size_t bytes = i == 3 ? 10 : strlen(said[i]);

		assert_int_equal(send(fd, said[i], bytes, 0), bytes);
		assert_true(fd_closed(fd, 2000));
		close(fd);
	}
	assert_serves(bed);
	netbed_free(bed);
}

static void
silent_client_is_closed_after_the_handshake_timeout(void **state)
{
	struct netbed *bed = netbed_new();
	int64_t start;

	bed->options.handshake_timeout_s = 1;
	netbed_start(bed);
	start = netbed_ms();
	int silent = netbed_connect(bed), half = netbed_connect(bed);
	assert_int_equal(send(half, "\x16\x03\x01\x02", 4, 0), 4);
	assert_true(fd_closed(silent, 4000));
	assert_true(fd_closed(half, 4000));
	assert_in_range(netbed_ms() - start, 900, 3000);
	close(silent);
	close(half);
	netbed_free(bed);
}

/* A ClientHello as OpenSSL makes it, and then nothing. */
static int
half_handshake(struct netbed *bed)
{
	SSL *ssl = SSL_new(bed->client_tls);
	BIO *in = BIO_new(BIO_s_mem()), *out = BIO_new(BIO_s_mem());
	char *hello;
	int fd = netbed_connect(bed);

	SSL_set_bio(ssl, in, out);
	SSL_connect(ssl);
	long bytes = BIO_get_mem_data(out, &hello);
	assert_int_equal(send(fd, hello, (size_t)bytes, 0), bytes);
	SSL_free(ssl);
	return fd;
}

static void
three_hundred_half_handshakes_do_not_keep_others_out(void **state)
{
	struct netbed *bed = bed_started();
	struct peer *before = peer_login(bed, 1);
	int fds[300];
	int64_t worst = 0, start;
	enum err err;

	for (int i = 0; i < 300; i++)
		fds[i] = half_handshake(bed);
	start = netbed_ms();
	struct peer *late = peer_login(bed, 2);
	assert_true(netbed_ms() - start < 6000);
	for (int i = 0; i < 50; i++) {
		start = netbed_ms();
		peer_ping(before);
		peer_answer(before, &err);
		if (netbed_ms() - start > worst)
			worst = netbed_ms() - start;
	}
	assert_true(worst < 500);
	for (int i = 0; i < 300; i++)
		close(fds[i]);
	peer_free(late);
	peer_free(before);
	netbed_free(bed);
}

static void
handshake_sent_byte_by_byte_succeeds(void **state)
{
	struct netbed *bed = bed_started();
	SSL *ssl = SSL_new(bed->client_tls);
	BIO *in = BIO_new(BIO_s_mem()), *out = BIO_new(BIO_s_mem());
	char *hello, answer[16];
	int fd = netbed_connect(bed);

	SSL_set_bio(ssl, in, out);
	SSL_connect(ssl);
	long bytes = BIO_get_mem_data(out, &hello);
	for (long i = 0; i < bytes; i++) {
		assert_int_equal(send(fd, hello + i, 1, 0), 1);
		if (i % 64 == 0)
			usleep(1000);
	}
	/* A ServerHello comes back: a handshake record. */
	assert_true(recv(fd, answer, sizeof(answer), 0) > 0);
	assert_int_equal(answer[0], 22);
	SSL_free(ssl);
	close(fd);
	netbed_free(bed);
}

static void
connections_past_the_cap_of_an_address_are_refused(void **state)
{
	struct netbed *bed = netbed_new();
	struct peer *peers[3];

	bed->options.max_per_address = 3;
	netbed_start(bed);
	for (int i = 0; i < 3; i++)
		peers[i] = peer_login(bed, i + 1);
	assert_null(peer_try(bed, 0));
	peer_free(peers[0]);
	/* Its place is free as soon as the server has seen the end. */
	for (int i = 0; i < 200 && net_figures(bed->net).connections > 2; i++)
		usleep(10000);
	peers[0] = peer_login(bed, 1);
	for (int i = 0; i < 3; i++)
		peer_free(peers[i]);
	netbed_free(bed);
}

static void
connections_past_the_cap_of_the_server_are_refused(void **state)
{
	struct netbed *bed = netbed_new();

	bed->options.max_connections = 2;
	netbed_start(bed);
	struct peer *one = peer_login(bed, 1), *two = peer_login(bed, 2);
	assert_null(peer_try(bed, 0));
	assert_int_equal(net_figures(bed->net).connections, 2);
	peer_free(one);
	peer_free(two);
	netbed_free(bed);
}

static void
port_in_use_is_named(void **state)
{
	struct netbed *bed = bed_started();
	struct net_options again = bed->options;
	const char *why = NULL;

	again.port = net_port(bed->net);
	assert_null(net_new(bed->arena, &again, &why));
	assert_non_null(strstr(why, "another program has it"));
	again.address = "no.such.address.invalid";
	assert_null(net_new(bed->arena, &again, &why));
	assert_non_null(strstr(why, "net.address"));
	again = bed->options;
	again.cert_file = "/nowhere.crt";
	assert_null(net_new(bed->arena, &again, &why));
	assert_non_null(strstr(why, "/nowhere.crt"));
	netbed_free(bed);
}

/* ---- frames ----------------------------------------------------------------------------- */

/* The server answers BAD_FRAME and closes, or just closes; soon. */
static void
assert_thrown_out(struct netbed *bed, bool logged_in, const void *data, size_t bytes)
{
	struct peer *peer = logged_in ? peer_login(bed, 1) : peer_new(bed);
	Kehu__ServerFrame *frame;

	peer_write(peer, data, bytes);
	frame = peer_read_for(peer, 5000);
	if (frame != NULL) {
		assert_int_equal(frame->answer_case, KEHU__SERVER_FRAME__ANSWER_ERROR);
		assert_int_equal(frame->error->code, ERR_BAD_FRAME);
	}
	assert_true(peer_closed(peer, 5000));
	peer_free(peer);
}

static void
malformed_frame_closes_only_its_connection(void **state)
{
	static const struct {
		const char *data;
		size_t bytes;
	} bad[] = {
		{ "\0\0\0\0\0", 5 },                      /* nothing follows */
		{ "\0\0\0\1\0", 5 },                      /* no body */
		{ "\0\0\0\3\2\x08\x01", 7 },              /* unknown flag */
		{ "\0\0\0\3\1\x08\x01", 7 },              /* compressed */
		{ "\xff\xff\xff\xff\0", 5 },              /* 4 GiB */
		{ "\x80\0\0\0\0", 5 },                    /* 2 GiB */
		{ "\0\0\0\3\0\x08\x00", 7 },              /* number 0 */
		{ "\0\0\0\3\0\x52\x00", 7 },              /* no number */
		{ "\0\0\0\3\0\xff\xff", 7 },              /* half a tag */
		{ "\0\0\0\7\0\x08\x01\x52\0\x5a\0", 11 }, /* two requests */
		{ "\0\0\0\5\0\x08\x01\x50\0", 9 },        /* a request as a number */
		{ "GET / HTTP/1.1\r\n\r\n", 18 },
	};
	struct netbed *bed = bed_started();
	struct peer *other = peer_login(bed, 9);
	enum err err;

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		for (int logged_in = 0; logged_in < 2; logged_in++)
			assert_thrown_out(bed, logged_in != 0, bad[i].data, bad[i].bytes);
	peer_ping(other);
	peer_answer(other, &err);
	assert_int_equal(err, ERR_OK);
	peer_free(other);
	netbed_free(bed);
}

static void
random_bytes_close_only_their_connection(void **state)
{
	struct netbed *bed = bed_started();
	uint32_t noise = 7;

	for (int i = 0; i < 50; i++) {
		uint8_t data[200];

		for (size_t n = 0; n < sizeof(data); n++) {
			noise = noise * 1664525 + 1013904223;
			data[n] = (uint8_t)(noise >> 24);
		}
		data[0] = (uint8_t)(i % 2); /* or it would always be the length */
		data[1] |= 0x80;
		assert_thrown_out(bed, i % 4 == 0, data, sizeof(data));
	}
	assert_serves(bed);
	netbed_free(bed);
}

/* A save of a record with a line: head and body as on the wire. */
static size_t
save_frame(uint8_t *out, size_t room)
{
	struct buf packed = BUF_INIT;
	char label[] = "echo", text[] = "客户";
	Kehu__Value value = KEHU__VALUE__INIT, *values[] = { &value };
	Kehu__Record record = KEHU__RECORD__INIT, line = KEHU__RECORD__INIT,
		     *lines[] = { &line };
	Kehu__Save save = KEHU__SAVE__INIT;
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;

	value.text = text;
	line.n_values = 1;
	line.values = values;
	record.label = label;
	record.n_lines = 1;
	record.lines = lines;
	save.record = &record;
	frame.has_number = true;
	frame.number = 9;
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_SAVE;
	frame.save = &save;
	assert_int_equal(frame_pack_client(&packed, &frame), ERR_OK);
	assert_true(packed.bytes <= room);
	memcpy(out, packed.data, packed.bytes);
	size_t bytes = packed.bytes;
	buf_fini(&packed);
	return bytes;
}

/*
 * Every single byte of a good frame replaced by others, and the frame cut at every byte (its
 * length saying so): each is answered or closed at once, whoever sent it, and nobody else
 * notices. Lengths grown past the end just leave the server waiting for more.
 */
static void
damaged_frame_is_answered_or_closed_at_once(void **state)
{
	static const uint8_t marks[] = { 0x00, 0x01, 0x7f, 0x80, 0xff };
	struct netbed *bed = bed_started();
	struct peer *other = peer_login(bed, 9);
	uint8_t good[128], bad[128];
	size_t bytes = save_frame(good, sizeof(good)), cases = 0;
	int64_t worst = 0;
	enum err err;

	for (size_t at = FRAME_HEAD_BYTES; at < bytes; at++)
		for (size_t n = 0; n <= sizeof(marks); n++) {
			struct peer *peer = peer_login(bed, 1);
			size_t length = n < sizeof(marks) ? bytes : at;
			int64_t start = netbed_ms();

			memcpy(bad, good, bytes);
			bad[3] = (uint8_t)(length - 4);
			if (n < sizeof(marks))
				bad[at] = marks[n];
			peer_write(peer, bad, length);
			Kehu__ServerFrame *frame = peer_read_for(peer, 5000);
			assert_true(frame != NULL || peer_closed(peer, 1000));
			if (netbed_ms() - start > worst)
				worst = netbed_ms() - start;
			peer_free(peer);
			cases++;
		}
	print_message(
	    "# %zu damaged frames, slowest answer %lld ms\n", cases, (long long)worst);
	assert_true(worst < 1000);
	peer_ping(other);
	peer_answer(other, &err);
	assert_int_equal(err, ERR_OK);
	peer_free(other);
	netbed_free(bed);
}

/* Length bytes at the limit: the head decides, before anything is kept. */
static void
frame_limit_is_4_kib_before_login_and_1_mib_after(void **state)
{
	struct netbed *bed = bed_started();
	struct peer *peer = peer_login(bed, 1);
	char *text = malloc(FRAME_MAX_BYTES);
	enum err err;

	memset(text, 'a', FRAME_MAX_BYTES);
	text[FRAME_MAX_BYTES - 100] = '\0';
	uint32_t number = peer_command(peer, REQUEST_search, text);
	assert_int_equal(peer_answer(peer, &err), number);
	assert_int_equal(err, ERR_OK);
	assert_thrown_out(bed, true, "\0\x10\0\2\0", 5);
	assert_thrown_out(bed, false, "\0\0\x10\2\0", 5);

	struct peer *stranger = peer_new(bed);
	text[5000] = '\0';
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__Hello hello = KEHU__HELLO__INIT;
	hello.client = text;
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_HELLO;
	frame.hello = &hello;
	peer_send(stranger, &frame);
	peer_answer(stranger, &err);
	assert_int_equal(err, ERR_BAD_FRAME);
	assert_true(peer_closed(stranger, 5000));
	free(text);
	peer_free(stranger);
	peer_free(peer);
	netbed_free(bed);
}

static void
frame_sent_byte_by_byte_is_answered(void **state)
{
	const char ping[] = "\0\0\0\5\0\x08\x09\x72\0";
	struct netbed *bed = bed_started();
	struct peer *peer = peer_new(bed);
	enum err err;

	for (int i = 0; i < 9; i++)
		assert_true(peer_write(peer, ping + i, 1));
	assert_int_equal(peer_answer(peer, &err), 9);
	assert_int_equal(err, ERR_OK);
	peer_free(peer);
	netbed_free(bed);
}

static void
frame_that_never_ends_closes_its_connection(void **state)
{
	struct netbed *bed = netbed_new();

	bed->options.frame_timeout_s = 1;
	netbed_start(bed);
	struct peer *slow = peer_login(bed, 1), *good = peer_login(bed, 2);
	int64_t start = netbed_ms();
	enum err err;
	assert_true(peer_write(slow, "\0\0\1\0\0", 5));
	/* Bytes keep dropping in; the frame's own deadline counts, not the last byte. */
	for (int i = 0; i < 30 && net_figures(bed->net).connections == 2; i++) {
		peer_write(slow, "x", 1);
		usleep(100000);
	}
	assert_true(peer_closed(slow, 2000));
	assert_in_range(netbed_ms() - start, 900, 4000);
	peer_ping(good);
	peer_answer(good, &err);
	peer_free(slow);
	peer_free(good);
	netbed_free(bed);
}

static void
idle_connection_is_closed_unless_it_pings(void **state)
{
	struct netbed *bed = netbed_new();

	bed->options.idle_timeout_s = 1;
	netbed_start(bed);
	struct peer *idle = peer_login(bed, 1), *alive = peer_login(bed, 2);
	enum err err;
	for (int i = 0; i < 20; i++) {
		peer_ping(alive);
		peer_answer(alive, &err);
		usleep(100000);
	}
	assert_true(peer_closed(idle, 1000));
	peer_ping(alive);
	peer_answer(alive, &err);
	assert_int_equal(err, ERR_OK);
	peer_free(idle);
	peer_free(alive);
	netbed_free(bed);
}

static void
request_of_a_later_version_is_refused_and_the_connection_kept(void **state)
{
	const char later[] = "\0\0\0\6\0\x08\x09\xda\x03\0"; /* field 59 */
	struct netbed *bed = bed_started();
	struct peer *peer = peer_new(bed);
	enum err err;

	assert_true(peer_write(peer, later, 10));
	assert_int_equal(peer_answer(peer, &err), 9);
	assert_int_equal(err, ERR_BAD_REQUEST);
	peer_hello(peer);
	peer_answer(peer, &err);
	assert_int_equal(err, ERR_OK);
	peer_free(peer);
	netbed_free(bed);
}

static void
ping_is_answered_before_hello(void **state)
{
	struct netbed *bed = bed_started();
	struct peer *peer = peer_new(bed);
	Kehu__ServerFrame *frame;

	peer_ping(peer);
	frame = peer_read(peer);
	assert_non_null(frame);
	assert_int_equal(frame->answer_case, KEHU__SERVER_FRAME__ANSWER_DONE);
	assert_int_equal(frame->number, 1);
	assert_true(frame->reference > 0);
	peer_free(peer);
	netbed_free(bed);
}

/* Too many frames a second are read later, not refused. */
static void
stranger_that_floods_is_slowed_down(void **state)
{
	struct netbed *bed = bed_started();
	struct peer *peer = peer_new(bed);
	int64_t start = netbed_ms();
	enum err err;

	for (int i = 0; i < 50; i++)
		peer_ping(peer);
	for (uint32_t i = 1; i <= 50; i++)
		assert_int_equal(peer_answer(peer, &err), i);
	assert_in_range(netbed_ms() - start, 1000, 6000);
	peer_free(peer);
	netbed_free(bed);
}

static void
client_that_vanishes_leaves_nothing_behind(void **state)
{
	const struct linger reset = { .l_onoff = 1 };
	struct netbed *bed = bed_started();

	for (int i = 0; i < 20; i++) {
		struct peer *peer = peer_login(bed, 1);

		peer_command(peer, REQUEST_search, "wait");
		peer_command(peer, REQUEST_save, "wait");
		setsockopt(peer->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
		peer_free(peer);
	}
	for (int i = 0; i < 500 && net_figures(bed->net).connections > 0; i++)
		usleep(10000);
	assert_int_equal(net_figures(bed->net).connections, 0);
	assert_true(netbed_waits(bed, 0));
	assert_serves(bed);
	netbed_free(bed);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hello_is_answered_over_tls_13),
		cmocka_unit_test(tls_12_is_refused),
		cmocka_unit_test(plain_text_is_refused),
		cmocka_unit_test(silent_client_is_closed_after_the_handshake_timeout),
		cmocka_unit_test(three_hundred_half_handshakes_do_not_keep_others_out),
		cmocka_unit_test(handshake_sent_byte_by_byte_succeeds),
		cmocka_unit_test(connections_past_the_cap_of_an_address_are_refused),
		cmocka_unit_test(connections_past_the_cap_of_the_server_are_refused),
		cmocka_unit_test(port_in_use_is_named),
		cmocka_unit_test(malformed_frame_closes_only_its_connection),
		cmocka_unit_test(random_bytes_close_only_their_connection),
		cmocka_unit_test(damaged_frame_is_answered_or_closed_at_once),
		cmocka_unit_test(frame_limit_is_4_kib_before_login_and_1_mib_after),
		cmocka_unit_test(frame_sent_byte_by_byte_is_answered),
		cmocka_unit_test(frame_that_never_ends_closes_its_connection),
		cmocka_unit_test(idle_connection_is_closed_unless_it_pings),
		cmocka_unit_test(request_of_a_later_version_is_refused_and_the_connection_kept),
		cmocka_unit_test(ping_is_answered_before_hello),
		cmocka_unit_test(stranger_that_floods_is_slowed_down),
		cmocka_unit_test(client_that_vanishes_leaves_nothing_behind),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
