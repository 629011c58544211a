/* See wire.h. Answers may come in another order than their requests: the number tells. */
#include "tests/lib/wire.h"

#include "common/date.h"
#include "common/log.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define WIRE_IN_FLIGHT 12
#define WIRE_WAIT_MS   60000

struct wire {
	struct arena *arena;
	SSL_CTX *context;
	SSL *ssl;
	int fd;
	uint32_t number;
	struct buf input;
};

static void
wire_connect(struct wire *wire, const struct bed *bed)
{
	const int on = 1;
	const struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)bed->port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	const char *why = NULL;

	signal(SIGPIPE, SIG_IGN);
	wire->context = tls_client_new(wire->arena, bed_ca(bed), &why);
	if (wire->context == NULL)
		fatal("no TLS: %s", why);
	wire->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	setsockopt(wire->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (connect(wire->fd, (const struct sockaddr *)&to, sizeof(to)) != 0)
		fatal("cannot connect to port %d", bed->port);
	wire->ssl = SSL_new(wire->context);
	SSL_set_fd(wire->ssl, wire->fd);
	if (!tls_expect_host(wire->ssl, "127.0.0.1") || SSL_connect(wire->ssl) != 1)
		fatal("handshake: %s", tls_why(wire->arena, wire->ssl));
}

static void
wire_send(struct wire *wire, Kehu__ClientFrame *frame)
{
	struct buf out = BUF_INIT;
	size_t at = 0;

	frame->has_number = true;
	frame->number = ++wire->number;
	if (frame_pack_client(&out, frame) != ERR_OK)
		fatal("a request that cannot be packed");
	while (at < out.bytes) {
		int sent =
		    SSL_write(wire->ssl, (const char *)out.data + at, (int)(out.bytes - at));

		if (sent <= 0)
			fatal("the connection broke while sending request %u", wire->number);
		at += (size_t)sent;
	}
	buf_fini(&out);
}

static void
wire_fill(struct wire *wire, size_t bytes)
{
	while (wire->input.bytes < bytes) {
		struct pollfd ready = { .fd = wire->fd, .events = POLLIN };
		int got;

		if (SSL_pending(wire->ssl) == 0 && poll(&ready, 1, WIRE_WAIT_MS) <= 0)
			fatal("no answer within %d ms", WIRE_WAIT_MS);
		got = SSL_read(wire->ssl, buf_reserve(&wire->input, 65536), 65536);
		if (got <= 0)
			fatal("the connection was closed");
		buf_wrote(&wire->input, (size_t)got);
	}
}

static Kehu__ServerFrame *
wire_read(struct wire *wire, struct arena *arena)
{
	Kehu__ServerFrame *frame = NULL;
	const char *why = NULL;
	uint8_t flags;
	size_t body;

	wire_fill(wire, FRAME_HEAD_BYTES);
	if (frame_head((const uint8_t *)wire->input.data, FRAME_HEAD_BYTES, FRAME_MAX_BYTES,
		&flags, &body) != ERR_OK)
		fatal("no frame");
	wire_fill(wire, FRAME_HEAD_BYTES + body);
	if (frame_unpack_server(arena, flags,
		(const uint8_t *)wire->input.data + FRAME_HEAD_BYTES, body, &frame,
		&why) != ERR_OK)
		fatal("a frame of the server: %s", why);
	buf_shift(&wire->input, FRAME_HEAD_BYTES + body);
	return frame;
}

/* A file of a report comes in chunks, the last of which says so. */
static bool
wire_is_last(const Kehu__ServerFrame *frame)
{
	return frame->answer_case != KEHU__SERVER_FRAME__ANSWER_REPORT ||
	       !frame->report->has_data || frame->report->last;
}

static void
wire_keep(struct arena *arena, struct wire_answer *answer, Kehu__ServerFrame *frame)
{
	struct buf out = BUF_INIT;
	uint8_t *all;

	frame->has_number = frame->has_reference = false;
	if (frame_pack_server(&out, frame, false) != ERR_OK)
		fatal("an answer that cannot be packed again");
	all = arena_alloc(arena, answer->bytes + out.bytes);
	if (answer->bytes > 0)
		memcpy(all, answer->data, answer->bytes);
	memcpy(all + answer->bytes, out.data, out.bytes);
	answer->data = all;
	answer->bytes += out.bytes;
	answer->frame = frame;
	answer->err = frame->answer_case == KEHU__SERVER_FRAME__ANSWER_ERROR
			  ? (enum err)frame->error->code
			  : ERR_OK;
	buf_fini(&out);
}

void
wire_ask(struct wire *wire, Kehu__ClientFrame *const *frames, size_t count, struct arena *arena,
    struct wire_answer *answers)
{
	uint32_t first = wire->number + 1;
	size_t sent = 0, done = 0;

	memset(answers, 0, count * sizeof(*answers));
	while (done < count) {
		Kehu__ServerFrame *frame;
		uint32_t number;

		while (sent < count && sent - done < WIRE_IN_FLIGHT)
			wire_send(wire, frames[sent++]);
		frame = wire_read(wire, arena);
		number = frame->number;
		if (number == 0) /* a push */
			continue;
		if (number < first || number >= first + sent)
			fatal("an answer to request %u, which nobody sent", number);
		wire_keep(arena, &answers[number - first], frame);
		done += wire_is_last(frame);
	}
}

static void
wire_greet(struct wire *wire, enum lang lang)
{
	Kehu__ClientFrame hello_frame = KEHU__CLIENT_FRAME__INIT, *ask = &hello_frame;
	Kehu__Hello hello = KEHU__HELLO__INIT;
	struct wire_answer answer;

	hello.has_version_max = hello.has_offset_min = true;
	hello.version_max = PROTOCOL_VERSION_MAX;
	hello.offset_min = 480;
	hello.language = arena_strdup(wire->arena, lang == LANG_ZH ? "zh" : "en");
	hello_frame.request_case = KEHU__CLIENT_FRAME__REQUEST_HELLO;
	hello_frame.hello = &hello;
	wire_ask(wire, &ask, 1, wire->arena, &answer);
}

bool
wire_put(struct wire *wire, const void *data, size_t bytes)
{
	return wire_there(wire) && SSL_write(wire->ssl, data, (int)bytes) > 0;
}

bool
wire_there(struct wire *wire)
{
	struct pollfd ended = { .fd = wire->fd, .events = POLLRDHUP };

	return poll(&ended, 1, 0) >= 0 && (ended.revents & (POLLRDHUP | POLLHUP | POLLERR)) == 0;
}

enum wire_end
wire_throw(struct wire *wire, const void *data, size_t bytes, bool last, int wait_ms, enum err *err)
{
	struct pollfd ready = { .fd = wire->fd, .events = POLLIN };
	Kehu__ServerFrame *frame;
	struct arena *arena;
	uint8_t byte;

	if (bytes > 0 && SSL_write(wire->ssl, data, (int)bytes) <= 0)
		return WIRE_CLOSED;
	if (last) {
		SSL_shutdown(wire->ssl);
		shutdown(wire->fd, SHUT_WR);
	}
	do {
		if (wire->input.bytes == 0 && SSL_pending(wire->ssl) == 0 && poll(&ready, 1, wait_ms) <= 0)
			return WIRE_SILENT;
		if (wire->input.bytes == 0 && SSL_peek(wire->ssl, &byte, 1) <= 0)
			return WIRE_CLOSED;
		arena = arena_new(0);
		frame = wire_read(wire, arena);
		bool push = frame->number == 0 && frame->answer_case != KEHU__SERVER_FRAME__ANSWER_ERROR;
		*err = frame->answer_case == KEHU__SERVER_FRAME__ANSWER_ERROR ?
		    (enum err)frame->error->code : ERR_OK;
		arena_free(arena);
		if (!push)
			return WIRE_ANSWERED;
	} while (true);
}

struct wire *
wire_stranger(const struct bed *bed, bool greet)
{
	struct wire *wire = calloc(1, sizeof(*wire));

	wire->arena = arena_new(0);
	wire_connect(wire, bed);
	if (greet)
		wire_greet(wire, LANG_EN);
	return wire;
}

struct wire *
wire_open(const struct bed *bed, const char *user, enum lang lang)
{
	struct wire *wire = wire_stranger(bed, false);
	Kehu__ClientFrame login_frame = KEHU__CLIENT_FRAME__INIT, *ask = &login_frame;
	Kehu__Login login = KEHU__LOGIN__INIT;
	struct wire_answer answer;

	wire_greet(wire, lang);
	login.user = arena_strdup(wire->arena, user);
	login.password = arena_strdup(wire->arena, BED_PASSWORD);
	login_frame.request_case = KEHU__CLIENT_FRAME__REQUEST_LOGIN;
	login_frame.login = &login;
	wire_ask(wire, &ask, 1, wire->arena, &answer);
	if (answer.err != ERR_OK)
		fatal("%s cannot sign in: %s", user, err_name(answer.err));
	return wire;
}

void
wire_close(struct wire *wire)
{
	SSL_free(wire->ssl);
	SSL_CTX_free(wire->context);
	close(wire->fd);
	buf_fini(&wire->input);
	arena_free(wire->arena);
	free(wire);
}
