/*
 * The socket under a link: name, TCP, TLS, bytes, whole frames. Names are looked
 * up by a resolver, numeric addresses here and now. Deciding when to connect again is link.c's.
 */
#include "client/link/carrier.h"

#include "client/link/resolver.h"
#include "common/date.h"
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define CARRIER_READ_BYTES (16 * 1024)
/* Received and not taken yet; past it the socket is left alone for a moment. */
#define CARRIER_HELD_BYTES   (2 * FRAME_MAX_BYTES)
#define CARRIER_NAME_POLL_US (20 * 1000)
/* A peer that acknowledges nothing for so long is gone; the kernel tells the next write. */
#define CARRIER_TCP_USER_TIMEOUT_MS 60000

static const char *
carrier_say(const struct carrier *carrier, const char *en, const char *zh)
{
	return carrier->lang == LANG_ZH ? zh : en;
}

void
carrier_init(struct carrier *carrier, SSL_CTX *context)
{
	*carrier = (struct carrier){ .context = context, .fd = -1 };
}

void
carrier_close(struct carrier *carrier)
{
	if (carrier->ssl != NULL) {
		/* One try: the server should see an end, not a cut, but nobody waits for it. */
		if (carrier->state == CARRIER_OPEN && !carrier->hurt)
			SSL_shutdown(carrier->ssl);
		SSL_free(carrier->ssl);
		ERR_clear_error();
	}
	if (carrier->fd >= 0)
		close(carrier->fd);
	resolver_free(carrier->resolver);
	carrier->resolver = NULL;
	if (carrier->addresses != NULL)
		freeaddrinfo(carrier->addresses);
	carrier->addresses = carrier->next = NULL;
	carrier->ssl = NULL;
	carrier->fd = -1;
	carrier->state = CARRIER_CLOSED;
	buf_clear(&carrier->out);
}

void
carrier_fini(struct carrier *carrier)
{
	carrier_close(carrier);
	buf_fini(&carrier->in);
	buf_fini(&carrier->out);
}

static enum err
carrier_fail(struct carrier *carrier, enum err error, const char *why)
{
	carrier->error = error;
	carrier->hurt = true;
	snprintf(carrier->why, sizeof(carrier->why), "%s", why);
	carrier_close(carrier);
	return error;
}

static void
carrier_enter(struct carrier *carrier, enum carrier_state state)
{
	carrier->state = state;
	carrier->deadline_us = date_monotonic_us() + carrier->step_us;
}

void
carrier_open(struct carrier *carrier, const char *host, const char *port, int step_ms)
{
	carrier_close(carrier);
	buf_clear(&carrier->in);
	carrier->in_at = 0;
	carrier->error = ERR_OK;
	carrier->why[0] = '\0';
	carrier->hurt = carrier->wants_read = carrier->wants_write = false;
	carrier->step_us = (int64_t)step_ms * 1000;
	snprintf(carrier->host, sizeof(carrier->host), "%s", host);
	snprintf(carrier->port, sizeof(carrier->port), "%s", port);
	carrier_enter(carrier, CARRIER_NAME);
}

/* ---- name ---- */

static void
carrier_resolve_start(struct carrier *carrier)
{
	struct addrinfo numeric = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST };

	if (getaddrinfo(carrier->host, carrier->port, &numeric, &carrier->addresses) == 0)
		return;
	carrier->addresses = NULL;
	carrier->resolver = resolver_start(carrier->host, carrier->port);
}

static enum err
carrier_resolve(struct carrier *carrier)
{
	if (carrier->resolver == NULL) {
		carrier_resolve_start(carrier);
		if (carrier->addresses == NULL && carrier->resolver == NULL)
			return carrier_fail(carrier, ERR_NO_SERVER,
			    carrier_say(
				carrier, "the name cannot be looked up", "无法解析此名称"));
	}
	if (carrier->resolver != NULL) {
		int error;

		if (!resolver_take(carrier->resolver, &error, &carrier->addresses))
			return ERR_OK;
		resolver_free(carrier->resolver);
		carrier->resolver = NULL;
		if (error != 0)
			return carrier_fail(carrier, ERR_NO_SERVER, gai_strerror(error));
	}
	carrier->next = carrier->addresses;
	carrier_enter(carrier, CARRIER_TCP);
	return ERR_OK;
}

/* ---- TCP ---- */

static void
carrier_socket_options(int fd)
{
	int on = 1, timeout_ms = CARRIER_TCP_USER_TIMEOUT_MS;

	/* Best effort: a Unix without one of them works, a little slower. */
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
	setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &timeout_ms, sizeof(timeout_ms));
}

/* Begin with the next address; false when it failed at once. */
static bool
carrier_tcp_start(struct carrier *carrier)
{
	const struct addrinfo *address = carrier->next;

	carrier->next = address->ai_next;
	carrier->fd = socket(address->ai_family,
	    address->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, address->ai_protocol);
	if (carrier->fd < 0)
		return false;
	carrier_socket_options(carrier->fd);
	carrier_enter(carrier, CARRIER_TCP);
	return connect(carrier->fd, address->ai_addr, address->ai_addrlen) == 0 ||
	       errno == EINPROGRESS;
}

/* 1 connected, 0 not yet, -1 failed (errno). */
static int
carrier_tcp_look(struct carrier *carrier)
{
	struct pollfd fd = { .fd = carrier->fd, .events = POLLOUT };
	int error = 0;
	socklen_t bytes = sizeof(error);

	if (poll(&fd, 1, 0) <= 0) {
		if (date_monotonic_us() < carrier->deadline_us)
			return 0;
		errno = ETIMEDOUT;
		return -1;
	}
	if (getsockopt(carrier->fd, SOL_SOCKET, SO_ERROR, &error, &bytes) != 0)
		return -1;
	errno = error;
	return error == 0 ? 1 : -1;
}

static enum err carrier_tls_start(struct carrier *carrier);

static enum err
carrier_connect(struct carrier *carrier)
{
	for (;;) {
		int result;

		if (carrier->fd >= 0)
			result = carrier_tcp_look(carrier);
		else if (carrier->next == NULL)
			return carrier_fail(carrier, ERR_NO_SERVER, strerror(errno));
		else
			result = carrier_tcp_start(carrier) ? carrier_tcp_look(carrier) : -1;
		if (result > 0)
			return carrier_tls_start(carrier);
		if (result == 0)
			return ERR_OK;
		int error = errno;
		if (carrier->fd >= 0)
			close(carrier->fd);
		carrier->fd = -1;
		errno = error;
	}
}

/* ---- TLS ---- */

static enum err
carrier_tls_start(struct carrier *carrier)
{
	carrier->ssl = SSL_new(carrier->context);
	if (carrier->ssl == NULL || SSL_set_fd(carrier->ssl, carrier->fd) != 1 ||
	    !tls_expect_host(carrier->ssl, carrier->host))
		return carrier_fail(carrier, ERR_CERTIFICATE,
		    carrier_say(carrier, "this is no name a certificate can be for",
			"证书无法对应此名称"));
	SSL_set_connect_state(carrier->ssl);
	carrier_enter(carrier, CARRIER_TLS);
	return ERR_OK;
}

/*
 * What an SSL call left behind. True: it only waits for the socket; otherwise the connection is
 * over.
 */
static bool
carrier_tls_waits(struct carrier *carrier, int result)
{
	switch (SSL_get_error(carrier->ssl, result)) {
	case SSL_ERROR_WANT_READ:
		carrier->wants_read = true;
		return true;
	case SSL_ERROR_WANT_WRITE:
		carrier->wants_write = true;
		return true;
	default:
		return false;
	}
}

static enum err
carrier_tls_failed(struct carrier *carrier)
{
	struct arena *arena = arena_new(0);
	bool refused = SSL_get_verify_result(carrier->ssl) != X509_V_OK;
	const char *why = tls_why_in(arena, carrier->ssl, carrier->lang);
	enum err err = carrier_fail(carrier, refused ? ERR_CERTIFICATE : ERR_NO_SERVER, why);

	arena_free(arena);
	return err;
}

static enum err
carrier_handshake(struct carrier *carrier)
{
	ERR_clear_error();
	carrier->wants_read = carrier->wants_write = false;
	int result = SSL_do_handshake(carrier->ssl);
	if (result == 1) {
		carrier->state = CARRIER_OPEN;
		return ERR_OK;
	}
	if (!carrier_tls_waits(carrier, result))
		return carrier_tls_failed(carrier);
	if (date_monotonic_us() >= carrier->deadline_us)
		return carrier_fail(carrier, ERR_NO_SERVER,
		    carrier_say(carrier, "no answer to the TLS handshake", "TLS 握手没有回应"));
	return ERR_OK;
}

/* ---- bytes ---- */

static bool
carrier_write(struct carrier *carrier)
{
	size_t sent = 0;
	bool alive = true;

	while (sent < carrier->out.bytes) {
		size_t bytes;

		ERR_clear_error();
		int result = SSL_write_ex(
		    carrier->ssl, carrier->out.data + sent, carrier->out.bytes - sent, &bytes);
		if (result != 1) {
			alive = carrier_tls_waits(carrier, result);
			break;
		}
		sent += bytes;
	}
	buf_shift(&carrier->out, sent);
	return alive;
}

static bool
carrier_read(struct carrier *carrier)
{
	if (carrier->in_at > 0) {
		buf_shift(&carrier->in, carrier->in_at);
		carrier->in_at = 0;
	}
	while (carrier->in.bytes < CARRIER_HELD_BYTES) {
		size_t bytes;

		ERR_clear_error();
		int result = SSL_read_ex(carrier->ssl,
		    buf_reserve(&carrier->in, CARRIER_READ_BYTES), CARRIER_READ_BYTES, &bytes);
		if (result != 1)
			return carrier_tls_waits(carrier, result);
		buf_wrote(&carrier->in, bytes);
	}
	return true;
}

enum err
carrier_step(struct carrier *carrier)
{
	enum err err = ERR_OK;

	if (carrier->state == CARRIER_CLOSED)
		return carrier->error != ERR_OK ? carrier->error : ERR_NO_SERVER;
	if (carrier->state == CARRIER_NAME) {
		err = carrier_resolve(carrier);
		if (err == ERR_OK && carrier->state == CARRIER_NAME &&
		    date_monotonic_us() >= carrier->deadline_us)
			return carrier_fail(carrier, ERR_NO_SERVER,
			    carrier_say(carrier, "the name server does not answer",
				"域名服务器没有回应"));
	}
	if (err == ERR_OK && carrier->state == CARRIER_TCP)
		err = carrier_connect(carrier);
	if (err == ERR_OK && carrier->state == CARRIER_TLS)
		err = carrier_handshake(carrier);
	if (err != ERR_OK || carrier->state != CARRIER_OPEN)
		return err;
	carrier->wants_read = carrier->wants_write = false;
	if (!carrier_write(carrier) || !carrier_read(carrier))
		return carrier_fail(carrier, ERR_NO_SERVER,
		    carrier_say(carrier, "the connection was closed", "连接被关闭"));
	return ERR_OK;
}

enum err
carrier_send(struct carrier *carrier)
{
	if (carrier->state != CARRIER_OPEN || carrier->out.bytes == 0)
		return ERR_OK;
	carrier->wants_write = false;
	if (!carrier_write(carrier))
		return carrier_fail(carrier, ERR_NO_SERVER,
		    carrier_say(carrier, "the connection was closed", "连接被关闭"));
	return ERR_OK;
}

void
carrier_put(struct carrier *carrier, const void *data, size_t bytes)
{
	buf_put(&carrier->out, data, bytes);
}

enum err
carrier_take(struct carrier *carrier, struct arena *arena, Kehu__ServerFrame **frame)
{
	const uint8_t *at = (const uint8_t *)buf_text(&carrier->in) + carrier->in_at;
	size_t left = carrier->in.bytes - carrier->in_at, body_bytes;
	uint8_t flags;
	const char *why = "not a frame";

	*frame = NULL;
	if (left < FRAME_HEAD_BYTES)
		return ERR_OK;
	if (frame_head(at, left, FRAME_MAX_BYTES, &flags, &body_bytes) != ERR_OK)
		return carrier_fail(carrier, ERR_BAD_FRAME, why);
	if (left - FRAME_HEAD_BYTES < body_bytes)
		return ERR_OK;
	carrier->in_at += FRAME_HEAD_BYTES + body_bytes;
	if (frame_unpack_server(arena, flags, at + FRAME_HEAD_BYTES, body_bytes, frame, &why) !=
	    ERR_OK)
		return carrier_fail(carrier, ERR_BAD_FRAME, why);
	return ERR_OK;
}

/* A whole frame is there, or something that is none. */
static bool
carrier_holds_frame(const struct carrier *carrier)
{
	const uint8_t *at = (const uint8_t *)buf_text(&carrier->in) + carrier->in_at;
	size_t left = carrier->in.bytes - carrier->in_at, body_bytes;
	uint8_t flags;

	if (left < FRAME_HEAD_BYTES)
		return false;
	return frame_head(at, left, FRAME_MAX_BYTES, &flags, &body_bytes) != ERR_OK ||
	       left - FRAME_HEAD_BYTES >= body_bytes;
}

size_t
carrier_fds(const struct carrier *carrier, struct pollfd *fds)
{
	if (carrier->fd < 0)
		return 0;
	*fds = (struct pollfd){ .fd = carrier->fd, .events = POLLIN };
	if (carrier->state == CARRIER_TCP)
		fds->events = POLLOUT;
	else if (carrier->state == CARRIER_TLS)
		fds->events = carrier->wants_write ? POLLOUT : POLLIN;
	else if (carrier->wants_write || carrier->out.bytes > 0)
		fds->events |= POLLOUT;
	return 1;
}

int64_t
carrier_due_us(const struct carrier *carrier)
{
	switch (carrier->state) {
	case CARRIER_NAME:
		return carrier->resolver == NULL ? 0
						 : date_monotonic_us() + CARRIER_NAME_POLL_US;
	case CARRIER_TCP:
	case CARRIER_TLS:
		return carrier->deadline_us;
	default:
		/* What is held already, or inside TLS when it is much, poll() does not see. */
		return carrier_holds_frame(carrier) || carrier->in.bytes >= CARRIER_HELD_BYTES
			   ? 0
			   : INT64_MAX;
	}
}
