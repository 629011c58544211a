/*
 * From the knock to the end of the TLS handshake.
 *
 * A connection costs a few hundred bytes until its first TLS record, the ClientHello, has
 * arrived whole; only then does it get an SSL object, and only so many handshakes are in
 * progress at once: the others wait their turn. A client that opened a handshake and says no
 * more stops being counted after a moment, so that a few hundred of them delay the rest by
 * little; its deadline goes on.
 */
#include "common/log.h"
#include "common/mem.h"
#include "server/net/inner.h"

#include <errno.h>
#include <event2/bufferevent_ssl.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define ACCEPT_BACKLOG       4096
#define ACCEPT_GIVEN_FD      3  /* SD_LISTEN_FDS_START */
#define ACCEPT_AT_ONCE       64 /* in one turn of the loop */
#define ACCEPT_START_AT_ONCE 4  /* handshakes; each keeps the loop for half a millisecond */
#define ACCEPT_PATIENCE_US                                                                     \
	(200 * 1000) /* a handshake that waits for its client counts so long */
#define ACCEPT_PUMP_MS        20
#define ACCEPT_RETRY_MS       100 /* after running out of descriptors */
#define TLS_RECORD_HEAD_BYTES 5
#define TLS_RECORD_MAX_BYTES  16384
#define TLS_RECORD_HANDSHAKE  22

/* ---- listening -------------------------------------------------------------------------- */

static int
accept_bind(const struct addrinfo *to)
{
	const int on = 1, off = 0;
	int fd = socket(to->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (to->ai_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
	if (bind(fd, to->ai_addr, to->ai_addrlen) == 0 && listen(fd, ACCEPT_BACKLOG) == 0)
		return fd;
	int error = errno;
	close(fd);
	errno = error;
	return -1;
}

static int
accept_listen_at(struct arena *arena, const struct net_options *options, const char **why)
{
	const struct addrinfo hints = { .ai_flags = AI_PASSIVE | AI_NUMERICSERV,
		.ai_socktype = SOCK_STREAM };
	struct addrinfo *found = NULL;
	const char *port = arena_printf(arena, "%d", options->port);
	int error = getaddrinfo(options->address, port, &hints, &found), fd = -1;

	if (error != 0) {
		*why = arena_printf(arena,
		    "net.address \"%s\" is not an address of this machine: %s",
		    options->address, gai_strerror(error));
		return -1;
	}
	for (const struct addrinfo *to = found; to != NULL && fd < 0; to = to->ai_next)
		fd = accept_bind(to);
	if (fd < 0)
		*why = arena_printf(arena, "cannot listen on %s port %s: %s%s",
		    options->address, port, strerror(errno),
		    errno == EADDRINUSE
			? "; another program has it: stop that one or choose another net.port"
			: "");
	freeaddrinfo(found);
	return fd;
}

/*
 * A socket that whoever started us listens on already (systemd's socket activation,
 * sd_listen_fds(3)): it stays open while we are exchanged for another, and nobody who connects
 * meanwhile is turned away. -1: there is none; -2: it is not what we need, *why says so.
 */
static int
accept_given(struct arena *arena, const char **why)
{
	const char *pid = getenv("LISTEN_PID"), *fds = getenv("LISTEN_FDS");
	int listens = 0;
	socklen_t bytes = sizeof(listens);

	if (pid == NULL || fds == NULL || strtol(pid, NULL, 10) != getpid())
		return -1;
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDS");
	if (strtol(fds, NULL, 10) != 1) {
		*why = arena_printf(arena, "LISTEN_FDS=%s: one socket is wanted, for net.port", fds);
		return -2;
	}
	if (getsockopt(ACCEPT_GIVEN_FD, SOL_SOCKET, SO_ACCEPTCONN, &listens, &bytes) != 0 || !listens ||
	    fcntl(ACCEPT_GIVEN_FD, F_SETFL, O_NONBLOCK) != 0 ||
	    fcntl(ACCEPT_GIVEN_FD, F_SETFD, FD_CLOEXEC) != 0) {
		*why = "the descriptor of LISTEN_FDS is no socket that listens";
		return -2;
	}
	return ACCEPT_GIVEN_FD;
}

int
accept_listen(struct arena *arena, const struct net_options *options, const char **why)
{
	int given = accept_given(arena, why);

	return given == -1 ? accept_listen_at(arena, options, why) : given;
}

int
accept_port(int fd)
{
	struct sockaddr_storage bound;
	socklen_t bytes = sizeof(bound);

	if (getsockname(fd, (struct sockaddr *)&bound, &bytes) != 0)
		return 0;
	if (bound.ss_family == AF_INET6)
		return ntohs(((struct sockaddr_in6 *)&bound)->sin6_port);
	return ntohs(((struct sockaddr_in *)&bound)->sin_port);
}

/* ---- handshakes ------------------------------------------------------------------------- */

static void
accept_pump_soon(struct net *net, int ms)
{
	const struct timeval wait = { .tv_usec = ms * 1000 };

	event_add(net->pump, &wait);
}

void
accept_uncount(struct conn *conn)
{
	struct net *net = conn->net;

	if (!conn->counted)
		return;
	conn->counted = false;
	TAILQ_REMOVE(&net->shaking, conn, link);
	net->shaking_count--;
	if (!TAILQ_EMPTY(&net->waiting))
		accept_pump_soon(net, 0);
}

/* What OpenSSL says of a failed handshake, for the log. */
static const char *
accept_tls_error(struct bufferevent *bev)
{
	unsigned long error = bufferevent_get_openssl_error(bev);
	const char *text = error == 0 ? NULL : ERR_reason_error_string(error);

	return text != NULL ? text : "closed during the handshake";
}

/* The certificate the client showed, if any was asked for. */
static void
accept_take_key(struct conn *conn)
{
	struct client_key *key = &conn->session.key;

	if (conn->net->options.authority_file == NULL)
		return;
	struct tls_peer peer = tls_peer(bufferevent_openssl_get_ssl(conn->bev));
	key->given = peer.given;
	key->verdict = peer.verdict;
	memcpy(key->hash, peer.key, sizeof(key->hash));
	memcpy(key->serial, peer.serial, sizeof(key->serial));
}

static void
accept_handshake_event(struct bufferevent *bev, short what, void *own)
{
	struct conn *conn = own;

	if (!(what & BEV_EVENT_CONNECTED)) {
		NET_COUNT(conn->net, refused, 1);
		net_disconnect(conn, accept_tls_error(bev));
		return;
	}
	accept_uncount(conn);
	accept_take_key(conn);
	NET_COUNT(conn->net, handshakes, 1);
	conn_open(conn);
}

static void
accept_start(struct conn *conn)
{
	struct net *net = conn->net;
	SSL *ssl = SSL_new(net->tls);

	event_free(conn->knock);
	conn->knock = NULL;
	/* libevent takes a write for all or nothing: a part of one would lose the rest. */
	if (ssl != NULL)
		SSL_clear_mode(ssl, SSL_MODE_ENABLE_PARTIAL_WRITE);
	if (ssl != NULL)
		conn->bev = bufferevent_openssl_socket_new(
		    net->base, conn->fd, ssl, BUFFEREVENT_SSL_ACCEPTING, BEV_OPT_CLOSE_ON_FREE);
	if (conn->bev == NULL) {
		SSL_free(ssl);
		net_disconnect(conn, "no TLS object could be made");
		return;
	}
	conn->state = CONN_HANDSHAKE;
	conn->since_us = date_monotonic_us();
	conn->counted = true;
	TAILQ_INSERT_TAIL(&net->shaking, conn, link);
	net->shaking_count++;
	bufferevent_setcb(conn->bev, NULL, NULL, accept_handshake_event, conn);
	bufferevent_setwatermark(
	    conn->bev, EV_READ, 0, FRAME_HEAD_BYTES + FRAME_MAX_BYTES_STRANGER);
	bufferevent_enable(conn->bev, EV_READ | EV_WRITE);
}

void
accept_pump(evutil_socket_t fd, short what, void *own)
{
	struct net *net = own;
	int64_t now = date_monotonic_us();
	struct conn *conn;

	(void)fd;
	(void)what;
	while ((conn = TAILQ_FIRST(&net->shaking)) != NULL &&
	       now - conn->since_us > ACCEPT_PATIENCE_US)
		accept_uncount(conn);
	for (int i = 0; i < ACCEPT_START_AT_ONCE; i++) {
		conn = TAILQ_FIRST(&net->waiting);
		if (conn == NULL || net->shaking_count >= net->options.max_handshakes)
			break;
		TAILQ_REMOVE(&net->waiting, conn, link);
		accept_start(conn);
	}
	if (!TAILQ_EMPTY(&net->waiting))
		accept_pump_soon(
		    net, net->shaking_count < net->options.max_handshakes ? 0 : ACCEPT_PUMP_MS);
}

/* The client has sent its last: what is here will never get whole. */
static bool
accept_hung_up(int fd)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLRDHUP };

	return poll(&poll_fd, 1, 0) > 0;
}

/*
 * The first bytes are here: wait until the whole ClientHello is, with the kernel's help, so
 * that a client sending byte by byte wakes nobody.
 */
static void
accept_knock(evutil_socket_t fd, short what, void *own)
{
	struct conn *conn = own;
	uint8_t record[TLS_RECORD_HEAD_BYTES + TLS_RECORD_MAX_BYTES];
	ssize_t got = recv(fd, record, sizeof(record), MSG_PEEK);
	int need = TLS_RECORD_HEAD_BYTES;

	(void)what;
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (got <= 0) {
		net_disconnect(conn, "closed before the handshake");
		return;
	}
	if (record[0] != TLS_RECORD_HANDSHAKE) {
		NET_COUNT(conn->net, refused, 1);
		net_disconnect(conn, "not TLS");
		return;
	}
	if (got >= TLS_RECORD_HEAD_BYTES) {
		need += record[3] << 8 | record[4];
		if (need > (int)sizeof(record)) {
			NET_COUNT(conn->net, refused, 1);
			net_disconnect(conn, "not TLS");
			return;
		}
	}
	if (got < need && accept_hung_up(fd)) {
		net_disconnect(conn, "closed before the handshake");
		return;
	}
	if (got < need) {
		/* Below this mark the socket is not readable. */
		setsockopt(fd, SOL_SOCKET, SO_RCVLOWAT, &need, sizeof(need));
		return;
	}
	need = 1;
	setsockopt(fd, SOL_SOCKET, SO_RCVLOWAT, &need, sizeof(need));
	event_del(conn->knock);
	conn->state = CONN_WAITING;
	TAILQ_INSERT_TAIL(&conn->net->waiting, conn, link);
	accept_pump_soon(conn->net, 0);
}

/* ---- new connections -------------------------------------------------------------------- */

/* NULL: as many as may be are connected. */
static struct conn *
accept_new_conn(struct net *net, int fd)
{
	struct conn *conn;
	uint32_t slot;

	if (net->free_count > 0)
		slot = net->free_slots[--net->free_count];
	else if (net->slots_used < (uint32_t)net->options.max_connections)
		slot = net->slots_used++;
	else
		return NULL;
	conn = mem_zalloc(1, sizeof(*conn));
	conn->net = net;
	conn->id = ++net->conn_number << NET_SLOT_BITS | slot;
	conn->fd = fd;
	conn->since_us = conn->heard_us = date_monotonic_us();
	TAILQ_INIT(&conn->tasks);
	net->conns[slot] = conn;
	NET_COUNT(net, connections, 1);
	return conn;
}

static void
accept_one(struct net *net, int fd, const struct sockaddr_storage *from)
{
	const int on = 1;
	char peer[64];
	struct address *address =
	    address_take(net->addresses, from, net->options.max_per_address, peer);
	struct conn *conn = address == NULL ? NULL : accept_new_conn(net, fd);

	if (conn == NULL) {
		NET_COUNT(net, refused, 1);
		log_debug("connection refused", "peer=%s reason=%s", peer,
		    address == NULL ? "too-many-of-this-address" : "too-many");
		if (address != NULL)
			address_give_back(net->addresses, address);
		close(fd);
		return;
	}
	conn->address = address;
	memcpy(conn->session.peer, peer, sizeof(conn->session.peer));
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	conn->knock = event_new(net->base, fd, EV_READ | EV_PERSIST, accept_knock, conn);
	if (conn->knock == NULL || event_add(conn->knock, NULL) != 0)
		net_disconnect(conn, "the event loop refused it");
}

void
accept_ready(evutil_socket_t fd, short what, void *own)
{
	const struct timeval retry = { .tv_usec = ACCEPT_RETRY_MS * 1000 };
	struct net *net = own;

	if (what & EV_TIMEOUT) {
		event_add(net->listen_event, NULL);
		return;
	}
	for (int i = 0; i < ACCEPT_AT_ONCE; i++) {
		struct sockaddr_storage from;
		socklen_t bytes = sizeof(from);
		int got =
		    accept4(fd, (struct sockaddr *)&from, &bytes, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (got >= 0) {
			accept_one(net, got, &from);
			continue;
		}
		if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS) {
			/* The knocking would go on and keep the loop spinning. */
			log_error("cannot accept", "error=%s", strerror(errno));
			event_del(net->listen_event);
			event_add(net->listen_again, &retry);
		}
		if (errno != ECONNABORTED && errno != EINTR)
			return;
	}
}
