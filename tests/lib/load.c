/* See load.h. One thread, poll(), non-blocking TLS. */
#include "tests/lib/load.h"

#include "common/date.h"
#include "common/log.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define LOAD_WAIT_MS 30000

struct load_client {
	SSL *ssl;
	int fd;
	uint32_t number;
	struct buf input;
	bool busy;
};

/* ---- one connection ---------------------------------------------------------------------- */

static SSL *
load_connect(SSL_CTX *tls, int port)
{
	const int on = 1;
	struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	SSL *ssl = SSL_new(tls);

	if (fd < 0 || ssl == NULL || connect(fd, (struct sockaddr *)&to, sizeof(to)) != 0)
		fatal("cannot connect to kehud: %s", strerror(errno));
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	SSL_set_fd(ssl, fd);
	if (SSL_connect(ssl) != 1)
		fatal("no TLS with kehud");
	return ssl;
}

static void
load_send(struct load_client *client, Kehu__ClientFrame *frame)
{
	struct buf out = BUF_INIT;
	int wrote;

	frame->has_number = true;
	frame->number = ++client->number;
	if (frame_pack_client(&out, frame) != ERR_OK)
		fatal("a request is too large");
	/* A chunk of a file is more than one piece of TLS. */
	for (size_t sent = 0; sent < out.bytes; sent += wrote > 0 ? (size_t)wrote : 0) {
		wrote = SSL_write(client->ssl, out.data + sent, (int)(out.bytes - sent));
		if (wrote <= 0 &&
		    (SSL_get_error(client->ssl, wrote) != SSL_ERROR_WANT_WRITE ||
			poll(&(struct pollfd){ .fd = client->fd, .events = POLLOUT }, 1, LOAD_WAIT_MS) == 0))
			fatal("a request could not be sent");
	}
	buf_fini(&out);
	client->busy = true;
}

/* A whole frame in the input: its bytes on the wire; 0: not yet. */
static size_t
load_frame_bytes(const struct load_client *client, uint8_t *flags)
{
	size_t body;

	if (client->input.bytes < FRAME_HEAD_BYTES)
		return 0;
	if (frame_head((const uint8_t *)client->input.data, client->input.bytes,
		FRAME_MAX_BYTES, flags, &body) != ERR_OK)
		fatal("kehud sent no frame");
	return client->input.bytes < FRAME_HEAD_BYTES + body ? 0 : FRAME_HEAD_BYTES + body;
}

/* Reads what has come; false: would block. */
static bool
load_read(struct load_client *client)
{
	int got = SSL_read(client->ssl, buf_reserve(&client->input, 16384), 16384);

	if (got > 0) {
		buf_wrote(&client->input, (size_t)got);
		return true;
	}
	if (SSL_get_error(client->ssl, got) != SSL_ERROR_WANT_READ)
		fatal("kehud closed a connection");
	return false;
}

static Kehu__ServerFrame *
load_decode(struct arena *arena, const struct load_client *client, uint8_t flags, size_t bytes)
{
	Kehu__ServerFrame *frame;
	const char *why;

	if (frame_unpack_server(arena, flags,
		(const uint8_t *)client->input.data + FRAME_HEAD_BYTES,
		bytes - FRAME_HEAD_BYTES, &frame, &why) != ERR_OK)
		fatal("an answer does not decode: %s", why);
	return frame;
}

static Kehu__ServerFrame *
load_wait_answer(struct arena *arena, struct load_client *client)
{
	struct pollfd poll_fd = { .fd = client->fd, .events = POLLIN };
	Kehu__ServerFrame *frame = NULL;
	uint8_t flags;
	size_t bytes;

	while (frame == NULL) {
		while ((bytes = load_frame_bytes(client, &flags)) == 0)
			if (!load_read(client) && poll(&poll_fd, 1, LOAD_WAIT_MS) == 0)
				fatal("kehud does not answer");
		frame = load_decode(arena, client, flags, bytes);
		buf_shift(&client->input, bytes);
		if (frame->number != client->number) /* a push */
			frame = NULL;
	}
	client->busy = false;
	return frame;
}

static void
load_expect(const Kehu__ServerFrame *answer)
{
	if (answer->answer_case == KEHU__SERVER_FRAME__ANSWER_ERROR)
		fatal("kehud refuses: %s (%u)", answer->error->text, answer->error->code);
}

/* Hello, and the session of that token. */
static void
load_sign_in(
    struct arena *arena, struct load_client *client, uint8_t token[BIG_TOKEN_BYTES], bool zstd)
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__Hello hello = KEHU__HELLO__INIT;
	Kehu__Resume resume = KEHU__RESUME__INIT;
	char language[] = "zh", program[] = "bench";

	hello.has_version_min = hello.has_version_max = hello.has_zstd = hello.has_offset_min =
	    true;
	hello.version_min = PROTOCOL_VERSION_MIN;
	hello.version_max = PROTOCOL_VERSION_MAX;
	hello.client = program;
	hello.language = language;
	hello.zstd = zstd;
	hello.offset_min = 480;
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_HELLO;
	frame.hello = &hello;
	load_send(client, &frame);
	load_expect(load_wait_answer(arena, client));
	resume.has_token = true;
	resume.token.data = token;
	resume.token.len = BIG_TOKEN_BYTES;
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_RESUME;
	frame.resume = &resume;
	load_send(client, &frame);
	load_expect(load_wait_answer(arena, client));
}

static struct load_client
load_client(
    struct arena *arena, SSL_CTX *tls, int port, uint8_t token[BIG_TOKEN_BYTES], bool zstd)
{
	struct load_client client = { .ssl = load_connect(tls, port) };

	client.fd = SSL_get_fd(client.ssl);
	fcntl(client.fd, F_SETFL, fcntl(client.fd, F_GETFL) | O_NONBLOCK);
	load_sign_in(arena, &client, token, zstd);
	return client;
}

static SSL_CTX *
load_tls(struct arena *arena, const struct big *big)
{
	const char *why = NULL;
	SSL_CTX *tls = tls_client_new(arena, big->ca, &why);

	if (tls == NULL)
		fatal("no TLS: %s", why);
	return tls;
}

/* ---- the loop ---------------------------------------------------------------------------- */

struct load *
load_new(const struct big *big, const int64_t *users, size_t count, bool zstd)
{
	struct load *load = calloc(1, sizeof(*load));
	SSL_CTX *tls;

	load->big = big;
	load->arena = arena_new(0);
	load->count = count;
	load->clients = calloc(count, sizeof(*load->clients));
	tls = load_tls(load->arena, big);
	for (size_t i = 0; i < count; i++) {
		uint8_t token[BIG_TOKEN_BYTES];

		big_session(big, users[i], token);
		load->clients[i] = load_client(load->arena, tls, big->port, token, zstd);
	}
	SSL_CTX_free(tls);
	load_forget(load);
	return load;
}

void
load_free(struct load *load)
{
	for (size_t i = 0; i < load->count; i++) {
		SSL_free(load->clients[i].ssl);
		close(load->clients[i].fd);
		buf_fini(&load->clients[i].input);
	}
	free(load->clients);
	arena_free(load->arena);
	free(load);
}

void
load_forget(struct load *load)
{
	arena_reset(load->arena);
}

/* The answers that are there: counted, shown when wanted. */
static size_t
load_take(struct load *load, size_t i, const struct load_work *work)
{
	struct load_client *client = &load->clients[i];
	uint8_t flags;
	size_t bytes, taken = 0;

	while ((bytes = load_frame_bytes(client, &flags)) > 0) {
		/* A refusal is short and never compressed; anything else is looked at when
		 * asked to. */
		if (work->taken != NULL || bytes < 400) {
			struct arena_mark mark = arena_mark(load->arena);
			Kehu__ServerFrame *answer =
			    load_decode(load->arena, client, flags, bytes);

			load_expect(answer);
			if (work->taken != NULL)
				work->taken(load, i, work->context, answer);
			arena_rewind(load->arena, mark);
		}
		buf_shift(&client->input, bytes);
		load->bytes_down += bytes;
		load->answered++;
		client->busy = false;
		taken++;
	}
	return taken;
}

static void
load_ask_next(struct load *load, size_t i, const struct load_work *work)
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	struct arena_mark mark = arena_mark(load->arena);

	work->next(load, i, work->context, &frame);
	load_send(&load->clients[i], &frame);
	arena_rewind(load->arena, mark);
}

int64_t
load_run(struct load *load, const struct load_work *work, size_t answers)
{
	struct pollfd *fds = calloc(load->count, sizeof(*fds));
	int64_t start_us = date_monotonic_us();
	size_t sent = 0, taken = 0;

	for (size_t i = 0; i < load->count; i++)
		fds[i] = (struct pollfd){ .fd = load->clients[i].fd, .events = POLLIN };
	for (size_t i = 0; i < load->count && sent < answers; i++, sent++)
		load_ask_next(load, i, work);
	while (taken < answers) {
		if (poll(fds, (nfds_t)load->count, LOAD_WAIT_MS) == 0)
			fatal("kehud does not answer");
		for (size_t i = 0; i < load->count; i++) {
			if (fds[i].revents == 0)
				continue;
			while (load_read(&load->clients[i]))
				continue;
			taken += load_take(load, i, work);
			if (!load->clients[i].busy && sent < answers) {
				load_ask_next(load, i, work);
				sent++;
			}
		}
	}
	free(fds);
	return date_monotonic_us() - start_us;
}

Kehu__ServerFrame *
load_ask(struct load *load, size_t client, Kehu__ClientFrame *frame)
{
	load_send(&load->clients[client], frame);
	return load_wait_answer(load->arena, &load->clients[client]);
}

/* ---- idle connections -------------------------------------------------------------------- */

struct load_idle {
	struct arena *arena;
	struct load_client *clients;
	size_t count;
};

struct load_idle *
load_idle(const struct big *big, int64_t user, size_t count)
{
	struct load_idle *idle = calloc(1, sizeof(*idle));
	uint8_t token[BIG_TOKEN_BYTES];
	SSL_CTX *tls;

	idle->arena = arena_new(0);
	idle->count = count;
	idle->clients = calloc(count, sizeof(*idle->clients));
	tls = load_tls(idle->arena, big);
	big_session(big, user, token);
	for (size_t i = 0; i < count; i++)
		idle->clients[i] = load_client(idle->arena, tls, big->port, token, true);
	SSL_CTX_free(tls);
	return idle;
}

void
load_idle_end(struct load_idle *idle)
{
	for (size_t i = 0; i < idle->count; i++) {
		SSL_free(idle->clients[i].ssl);
		close(idle->clients[i].fd);
		buf_fini(&idle->clients[i].input);
	}
	free(idle->clients);
	arena_free(idle->arena);
	free(idle);
}
