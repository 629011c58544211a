/*
 * The bed of server/net's tests: see netbed.h.
 */
#include "tests/lib/netbed.h"

#include "common/date.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

/* ---- workers ---------------------------------------------------------------------------- */

struct netbed_worker {
	struct netbed *bed;
	enum lane lane;
};

static void *
netbed_worker_start(struct server *server, enum lane lane)
{
	struct netbed_worker *worker = calloc(1, sizeof(*worker));

	worker->bed = (struct netbed *)(void *)server;
	worker->lane = lane;
	return worker;
}

static void
netbed_worker_stop(void *own)
{
	free(own);
}

static void
netbed_worker_idle(void *own)
{
	struct netbed_worker *worker = own;

	worker->bed->idles[worker->lane]++;
}

static void
netbed_worker_cancel(void *own)
{
	struct netbed_worker *worker = own;

	worker->bed->cancels++;
}

static bool
netbed_cancelled(const struct work *work)
{
	return __atomic_load_n(&work->cancelled, __ATOMIC_RELAXED);
}

static void
netbed_step(struct netbed *bed, uint32_t number, char what)
{
	pthread_mutex_lock(&bed->lock);
	if (bed->step_count < 256)
		bed->steps[bed->step_count++] = (struct netbed_step){ number, what };
	bed->at_once += what == 'b' ? 1 : -1;
	if (bed->at_once > bed->at_once_most)
		bed->at_once_most = bed->at_once;
	pthread_mutex_unlock(&bed->lock);
}

static void
netbed_wait(struct netbed *bed, const struct work *work)
{
	bool released = false;

	pthread_mutex_lock(&bed->lock);
	bed->waiting++;
	pthread_mutex_unlock(&bed->lock);
	while (!released && !netbed_cancelled(work)) {
		poll(NULL, 0, 1);
		pthread_mutex_lock(&bed->lock);
		released = bed->released;
		pthread_mutex_unlock(&bed->lock);
	}
	pthread_mutex_lock(&bed->lock);
	bed->waiting--;
	pthread_mutex_unlock(&bed->lock);
}

uint8_t
netbed_byte(uint64_t at)
{
	return (uint8_t)(at * UINT64_C(0x9e3779b97f4a7c15) >> 56);
}

static void
netbed_answer_data(
    const struct work *work, struct buf *out, size_t bytes, uint64_t from, bool last)
{
	Kehu__ServerFrame frame = KEHU__SERVER_FRAME__INIT;
	Kehu__ReportAnswer answer = KEHU__REPORT_ANSWER__INIT;

	answer.has_data = answer.has_last = true;
	answer.data.len = bytes;
	answer.data.data = malloc(bytes + 1);
	for (size_t i = 0; i < bytes; i++)
		answer.data.data[i] = netbed_byte(from + i);
	answer.last = last;
	frame.has_number = true;
	frame.number = work->number;
	frame.answer_case = KEHU__SERVER_FRAME__ANSWER_REPORT;
	frame.report = &answer;
	frame_pack_server(out, &frame, false);
	free(answer.data.data);
}

static void
netbed_stream(struct netbed *bed, struct work *work, struct buf *out, size_t kib)
{
	uint64_t sent = 0;

	while (sent < kib * 1024) {
		size_t bytes = kib * 1024 - sent < 65536 ? kib * 1024 - sent : 65536;
		struct buf piece = BUF_INIT;

		netbed_answer_data(work, &piece, bytes, sent, false);
		bool ok = net_stream(bed->net, work, &piece, 5000);
		buf_fini(&piece);
		if (!ok) {
			bed->stream_failures++;
			break;
		}
		sent += bytes;
	}
	netbed_answer_data(work, out, 0, sent, true);
}

static void
netbed_command(struct netbed *bed, struct work *work, struct buf *out, const char *text)
{
	int kib = 0;

	if (strcmp(text, "nothing") == 0)
		return;
	if (strcmp(text, "wait") == 0)
		netbed_wait(bed, work);
	while (strcmp(text, "stuck") == 0 && bed->cancels == 0)
		poll(NULL, 0, 1);
	work->close = strcmp(text, "close") == 0;
	if (sscanf(text, "stream %d", &kib) == 1)
		netbed_stream(bed, work, out, (size_t)kib);
	else
		netbed_answer_data(work, out,
		    sscanf(text, "big %d", &kib) == 1 ? (size_t)kib * 1024 : 0, 0, true);
}

static const char *
netbed_login_name(const Kehu__ClientFrame *request)
{
	const char *name = request->login->user;

	return name != NULL && name[0] != '\0' ? name : "u1";
}

static void
netbed_session(
    struct netbed *bed, const Kehu__ClientFrame *request, struct work *work, struct buf *out)
{
	Kehu__ServerFrame frame = KEHU__SERVER_FRAME__INIT;
	Kehu__Done done = KEHU__DONE__INIT;

	if (request->request_case == KEHU__CLIENT_FRAME__REQUEST_HELLO) {
		work->session.state = SESSION_HELLO;
	} else if (request->request_case == KEHU__CLIENT_FRAME__REQUEST_LOGIN) {
		if (netbed_login_name(request)[0] == 'w')
			netbed_wait(bed, work);
		work->session.state = SESSION_LOGGED_IN;
		work->session.user = atoi(netbed_login_name(request) + 1);
		work->session.id = 100 + work->session.user;
	} else if (request->request_case == KEHU__CLIENT_FRAME__REQUEST_LOCK) {
		work->session.state = SESSION_LOCKED;
	} else if (request->request_case == KEHU__CLIENT_FRAME__REQUEST_LOGOUT) {
		work->session.state = SESSION_HELLO;
		work->session.user = work->session.id = 0;
	}
	/* A worker cannot change where a connection comes from. */
	strcpy(work->session.peer, "forged");
	frame.has_number = frame.has_reference = true;
	frame.number = work->number;
	frame.reference = work->reference;
	frame.answer_case = KEHU__SERVER_FRAME__ANSWER_DONE;
	frame.done = &done;
	frame_pack_server(out, &frame, false);
}

static const char *
netbed_text(const Kehu__ClientFrame *request)
{
	switch (request->request_case) {
	case KEHU__CLIENT_FRAME__REQUEST_SEARCH:
		return request->search->text;
	case KEHU__CLIENT_FRAME__REQUEST_SAVE:
		return request->save->record != NULL ? request->save->record->label : NULL;
	case KEHU__CLIENT_FRAME__REQUEST_REPORT:
		return request->report->name;
	default:
		return NULL;
	}
}

static void
netbed_bad_frame(const struct work *work, struct buf *out)
{
	Kehu__ServerFrame frame = KEHU__SERVER_FRAME__INIT;
	Kehu__Error error = KEHU__ERROR__INIT;

	error.has_code = true;
	error.code = ERR_BAD_FRAME;
	frame.has_number = true;
	frame.number = work->number;
	frame.answer_case = KEHU__SERVER_FRAME__ANSWER_ERROR;
	frame.error = &error;
	frame_pack_server(out, &frame, false);
}

static void
netbed_worker_run(void *own, struct work *work, struct buf *out)
{
	struct netbed *bed = ((struct netbed_worker *)own)->bed;
	struct arena *arena = arena_new(8 * 1024 * 1024);
	Kehu__ClientFrame *request;
	const char *why;

	netbed_step(bed, work->number, 'b');
	if (frame_unpack_client(arena, work->flags, work->body, work->bytes, &request, &why) !=
	    ERR_OK) {
		work->close = true;
		netbed_bad_frame(work, out);
	} else if (netbed_text(request) == NULL)
		netbed_session(bed, request, work, out);
	else
		netbed_command(bed, work, out, netbed_text(request));
	netbed_step(bed, work->number, 'e');
	arena_free(arena);
}

/* ---- the bed ---------------------------------------------------------------------------- */

int64_t
netbed_ms(void)
{
	return date_monotonic_us() / 1000;
}

struct netbed *
netbed_new(void)
{
	static const char *const hosts[] = { "127.0.0.1", "localhost" };
	struct netbed *bed = calloc(1, sizeof(*bed));
	char dir[] = "/tmp/kehu-net-XXXXXX";
	const char *why = NULL;

	signal(SIGPIPE, SIG_IGN); /* for the clients; the loop looks after itself */
	bed->arena = arena_new(0);
	assert_non_null(mkdtemp(dir));
	bed->dir = arena_strdup(bed->arena, dir);
	if (tls_make_certificates(bed->arena, dir, hosts, 2, &why) != ERR_OK)
		fail_msg("certificates: %s", why);
	pthread_mutex_init(&bed->lock, NULL);
	bed->options = (struct net_options){
		.server = (struct server *)(void *)bed,
		.address = "127.0.0.1",
		.cert_file = arena_printf(bed->arena, "%s/server.crt", dir),
		.key_file = arena_printf(bed->arena, "%s/server.key", dir),
		.lane_threads = { 0, 1, 4, 2, 1 },
		.lane_queue = { 0, 10, 100, 10, 10 },
		.max_connections = 2000,
		.max_per_address = 2000,
		.max_handshakes = 32,
		.idle_timeout_s = 30,
		.handshake_timeout_s = 10,
		.frame_timeout_s = 10,
		.in_flight_max = 16,
		.output_max_bytes = 1024 * 1024,
		.ops = { netbed_worker_start, netbed_worker_run, netbed_worker_idle,
		    netbed_worker_stop, netbed_worker_cancel },
	};
	return bed;
}

static void *
netbed_loop(void *own)
{
	net_run(((struct netbed *)own)->net);
	return NULL;
}

void
netbed_start(struct netbed *bed)
{
	const char *why = NULL;
	const char *ca = arena_printf(bed->arena, "%s/ca.crt", bed->dir);

	bed->net = net_new(bed->arena, &bed->options, &why);
	if (bed->net == NULL)
		fail_msg("net_new: %s", why);
	bed->client_tls = tls_client_new(bed->arena, ca, &why);
	if (bed->client_tls == NULL)
		fail_msg("tls_client_new: %s", why);
	assert_int_equal(pthread_create(&bed->loop, NULL, netbed_loop, bed), 0);
}

static void
netbed_remove_files(const struct netbed *bed)
{
	static const char *const names[] = { "ca.crt", "ca.key", "server.crt", "server.key" };

	for (size_t i = 0; i < 4; i++)
		unlink(arena_printf(bed->arena, "%s/%s", bed->dir, names[i]));
	rmdir(bed->dir);
}

void
netbed_free(struct netbed *bed)
{
	netbed_release(bed);
	if (bed->net != NULL) {
		net_stop(bed->net, 0);
		if (!bed->loop_joined)
			pthread_join(bed->loop, NULL);
		net_free(bed->net);
	}
	SSL_CTX_free(bed->client_tls);
	netbed_remove_files(bed);
	pthread_mutex_destroy(&bed->lock);
	arena_free(bed->arena);
	free(bed);
}

void
netbed_release(struct netbed *bed)
{
	pthread_mutex_lock(&bed->lock);
	bed->released = true;
	pthread_mutex_unlock(&bed->lock);
}

bool
netbed_waits(struct netbed *bed, int workers)
{
	int64_t end = netbed_ms() + NETBED_WAIT_MS;
	int waiting = -1;

	while (netbed_ms() < end && waiting != workers) {
		pthread_mutex_lock(&bed->lock);
		waiting = bed->waiting;
		pthread_mutex_unlock(&bed->lock);
		poll(NULL, 0, 1);
	}
	return waiting == workers;
}

char *
netbed_steps(struct netbed *bed)
{
	char *text = arena_strdup(bed->arena, "");

	pthread_mutex_lock(&bed->lock);
	for (size_t i = 0; i < bed->step_count; i++)
		text = arena_printf(bed->arena, "%s%s%c%u", text, i == 0 ? "" : " ",
		    bed->steps[i].what, bed->steps[i].number);
	pthread_mutex_unlock(&bed->lock);
	return text;
}

/* ---- clients ---------------------------------------------------------------------------- */

int
netbed_connect(const struct netbed *bed)
{
	const struct timeval wait = { .tv_sec = NETBED_WAIT_MS / 1000 };
	const int on = 1;
	struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)net_port(bed->net)),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(wait));
	if (connect(fd, (struct sockaddr *)&to, sizeof(to)) != 0)
		fail_msg("connect: %s", strerror(errno));
	return fd;
}

struct peer *
peer_try(struct netbed *bed, int tls_version)
{
	struct peer *peer = calloc(1, sizeof(*peer));

	peer->bed = bed;
	peer->arena = arena_new(0);
	peer->fd = netbed_connect(bed);
	peer->ssl = SSL_new(bed->client_tls);
	if (tls_version != 0) {
		SSL_set_min_proto_version(peer->ssl, tls_version);
		SSL_set_max_proto_version(peer->ssl, tls_version);
	}
	SSL_set_fd(peer->ssl, peer->fd);
	if (SSL_connect(peer->ssl) == 1)
		return peer;
	peer_free(peer);
	return NULL;
}

struct peer *
peer_new(struct netbed *bed)
{
	struct peer *peer = peer_try(bed, 0);

	assert_non_null(peer);
	return peer;
}

struct peer *
peer_login(struct netbed *bed, int user)
{
	struct peer *peer = peer_new(bed);
	char name[16];
	enum err err;

	peer_hello(peer);
	assert_int_equal(peer_answer(peer, &err), 1);
	snprintf(name, sizeof(name), "u%d", user);
	peer_login_as(peer, name);
	assert_int_equal(peer_answer(peer, &err), 2);
	assert_int_equal(err, ERR_OK);
	return peer;
}

void
peer_free(struct peer *peer)
{
	SSL_free(peer->ssl);
	close(peer->fd);
	buf_fini(&peer->input);
	arena_free(peer->arena);
	free(peer);
}

bool
peer_write(struct peer *peer, const void *data, size_t bytes)
{
	while (bytes > 0) {
		int sent = SSL_write(peer->ssl, data, (int)bytes);

		if (sent <= 0)
			return false;
		data = (const char *)data + sent;
		bytes -= (size_t)sent;
	}
	return true;
}

uint32_t
peer_send(struct peer *peer, Kehu__ClientFrame *frame)
{
	struct buf out = BUF_INIT;

	frame->has_number = true;
	frame->number = ++peer->number;
	assert_int_equal(frame_pack_client(&out, frame), ERR_OK);
	assert_true(peer_write(peer, out.data, out.bytes));
	buf_fini(&out);
	return peer->number;
}

uint32_t
peer_hello(struct peer *peer)
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__Hello hello = KEHU__HELLO__INIT;

	hello.has_version_max = true;
	hello.version_max = 1;
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_HELLO;
	frame.hello = &hello;
	return peer_send(peer, &frame);
}

uint32_t
peer_login_as(struct peer *peer, const char *user)
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__Login login = KEHU__LOGIN__INIT;
	char password[] = "secret";

	login.user = (char *)(uintptr_t)user;
	login.password = password;
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_LOGIN;
	frame.login = &login;
	return peer_send(peer, &frame);
}

uint32_t
peer_command(struct peer *peer, int request, const char *text)
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__Search search = KEHU__SEARCH__INIT;
	Kehu__Save save = KEHU__SAVE__INIT;
	Kehu__Record record = KEHU__RECORD__INIT;
	Kehu__Report report = KEHU__REPORT__INIT;
	Kehu__Logout logout = KEHU__LOGOUT__INIT;

	frame.request_case = (Kehu__ClientFrame__RequestCase)request;
	search.text = record.label = report.name = (char *)(uintptr_t)text;
	save.record = &record;
	switch (request) {
	case REQUEST_search:
		frame.search = &search;
		break;
	case REQUEST_save:
		frame.save = &save;
		break;
	case REQUEST_report:
		frame.report = &report;
		break;
	case REQUEST_logout:
		frame.logout = &logout;
		break;
	default:
		fail_msg("no such command: %d", request);
	}
	return peer_send(peer, &frame);
}

uint32_t
peer_ping(struct peer *peer)
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__Ping ping = KEHU__PING__INIT;

	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_PING;
	frame.ping = &ping;
	return peer_send(peer, &frame);
}

uint32_t
peer_cancel(struct peer *peer, uint32_t number)
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__Cancel cancel = KEHU__CANCEL__INIT;

	cancel.has_number = true;
	cancel.number = number;
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_CANCEL;
	frame.cancel = &cancel;
	return peer_send(peer, &frame);
}

uint32_t
peer_subscribe(struct peer *peer, uint32_t entity, const int64_t *ids, size_t count, bool all)
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__Subscribe subscribe = KEHU__SUBSCRIBE__INIT;
	Kehu__Watch watch = KEHU__WATCH__INIT, *watches[] = { &watch };

	watch.has_entity = true;
	watch.entity = entity;
	watch.n_ids = count;
	watch.ids = (int64_t *)(uintptr_t)ids;
	watch.has_all = all;
	watch.all = all;
	subscribe.n_watch = 1;
	subscribe.watch = watches;
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_SUBSCRIBE;
	frame.subscribe = &subscribe;
	return peer_send(peer, &frame);
}

/* At least so many bytes in peer->input; false: closed or too late. */
static bool
peer_fill(struct peer *peer, size_t bytes, int64_t end_ms)
{
	while (peer->input.bytes < bytes) {
		struct pollfd poll_fd = { .fd = peer->fd, .events = POLLIN };
		int64_t left = end_ms - netbed_ms();

		if (SSL_pending(peer->ssl) == 0 &&
		    (left <= 0 || poll(&poll_fd, 1, (int)left) <= 0))
			return false;
		int got = SSL_read(peer->ssl, buf_reserve(&peer->input, 16384), 16384);
		if (got <= 0)
			return false;
		buf_wrote(&peer->input, (size_t)got);
	}
	return true;
}

Kehu__ServerFrame *
peer_read_for(struct peer *peer, int timeout_ms)
{
	int64_t end = netbed_ms() + timeout_ms;
	Kehu__ServerFrame *frame = NULL;
	const char *why;
	uint8_t flags;
	size_t body;

	if (!peer_fill(peer, FRAME_HEAD_BYTES, end))
		return NULL;
	assert_int_equal(frame_head((const uint8_t *)peer->input.data, FRAME_HEAD_BYTES,
			     FRAME_MAX_BYTES, &flags, &body),
	    ERR_OK);
	if (!peer_fill(peer, FRAME_HEAD_BYTES + body, end))
		return NULL;
	if (frame_unpack_server(peer->arena, flags,
		(const uint8_t *)peer->input.data + FRAME_HEAD_BYTES, body, &frame,
		&why) != ERR_OK)
		fail_msg("a frame of the server: %s", why);
	buf_shift(&peer->input, FRAME_HEAD_BYTES + body);
	return frame;
}

Kehu__ServerFrame *
peer_read(struct peer *peer)
{
	return peer_read_for(peer, NETBED_WAIT_MS);
}

uint32_t
peer_answer(struct peer *peer, enum err *err)
{
	Kehu__ServerFrame *frame = peer_read(peer);

	assert_non_null(frame);
	*err = ERR_OK;
	if (frame->answer_case == KEHU__SERVER_FRAME__ANSWER_ERROR)
		*err = (enum err)frame->error->code;
	return frame->number;
}

bool
peer_closed(struct peer *peer, int timeout_ms)
{
	int64_t end = netbed_ms() + timeout_ms;
	char away[4096];

	while (netbed_ms() < end) {
		struct pollfd poll_fd = { .fd = peer->fd, .events = POLLIN };

		if (SSL_pending(peer->ssl) == 0 && poll(&poll_fd, 1, 20) <= 0)
			continue;
		if (SSL_read(peer->ssl, away, sizeof(away)) <= 0)
			return true;
	}
	return false;
}
