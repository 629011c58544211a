/*
 * Open connections: frames in, bytes out, deadlines and limits, and the one way they end.
 *
 * Nothing here frees a struct conn at once: libevent's callbacks nest (a write that fails
 * calls back from within the append), so a connection that ends is marked CONN_DEAD and freed
 * in the loop's next turn.
 */
#include "common/log.h"
#include "common/mem.h"
#include "server/net/inner.h"

#include <event2/buffer.h>
#include <event2/bufferevent_ssl.h>
#include <inttypes.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Read at once: what a frame begun and never ended holds, a 4 KiB block of libevent's. */
#define CONN_READ_BYTES    4000
#define CONN_LAST_WORDS_US (5 * US_PER_SECOND) /* for the client to read them and close */
#define CONN_LOG_STRANGERS 20                  /* lines a second about those never logged in */

/* Frames a second, and how many may come at once; a client past it is not read for a moment. */
#define CONN_RATE_STRANGER 20
#define CONN_RATE          5000

struct conn *
conn_find(struct net *net, uint64_t id)
{
	struct conn *conn = net->conns[id & ((1u << NET_SLOT_BITS) - 1)];

	return conn != NULL && conn->id == id ? conn : NULL;
}

size_t
conn_output_bytes(const struct conn *conn)
{
	return conn->bev == NULL ? 0 : evbuffer_get_length(bufferevent_get_output(conn->bev));
}

static bool
conn_logged_in(const struct conn *conn)
{
	return conn->session.state >= SESSION_LOCKED;
}

static size_t
conn_max_bytes(const struct conn *conn)
{
	return conn_logged_in(conn) ? FRAME_MAX_BYTES : FRAME_MAX_BYTES_STRANGER;
}

/* ---- ending ----------------------------------------------------------------------------- */

/* Strangers cannot fill the log: past some lines a second the rest is only counted. */
static bool
conn_may_log(struct conn *conn)
{
	struct net *net = conn->net;
	int64_t second = date_monotonic_us() / US_PER_SECOND;

	if (conn->session.user != 0)
		return true;
	if (second != net->log_second) {
		if (net->log_count > CONN_LOG_STRANGERS)
			log_info("disconnected", "more=%d reason=not-logged-in",
			    net->log_count - CONN_LOG_STRANGERS);
		net->log_second = second;
		net->log_count = 0;
	}
	return ++net->log_count <= CONN_LOG_STRANGERS;
}

static void
conn_log_end(struct conn *conn, const char *reason)
{
	struct arena *arena = conn->net->scratch;

	if (!conn_may_log(conn))
		return;
	log_info("disconnected",
	    "conn=%" PRIu64 " peer=%s user=%" PRId64 " session=%" PRId64 " reason=%s",
	    conn->id >> NET_SLOT_BITS, log_value(arena, conn->session.peer), conn->session.user,
	    conn->session.id, log_value(arena, reason));
	arena_reset(arena);
}

static void
conn_give_slot_back(struct conn *conn)
{
	struct net *net = conn->net;
	uint32_t slot = (uint32_t)(conn->id & ((1u << NET_SLOT_BITS) - 1));

	net->conns[slot] = NULL;
	net->free_slots[net->free_count++] = slot;
	atomic_fetch_sub_explicit(&net->connections, 1, memory_order_relaxed);
}

void
net_disconnect(struct conn *conn, const char *reason)
{
	struct net *net = conn->net;

	if (conn->state == CONN_DEAD)
		return;
	conn_log_end(conn, reason);
	if (conn->state == CONN_WAITING)
		TAILQ_REMOVE(&net->waiting, conn, link);
	accept_uncount(conn);
	conn->state = CONN_DEAD;
	turn_drop_all(conn);
	push_forget(conn);
	if (conn->address != NULL)
		address_give_back(net->addresses, conn->address);
	conn_give_slot_back(conn);
	if (conn->bev != NULL) {
		bufferevent_setcb(conn->bev, NULL, NULL, NULL, NULL);
		bufferevent_disable(conn->bev, EV_READ | EV_WRITE);
	}
	if (conn->knock != NULL)
		event_del(conn->knock);
	TAILQ_INSERT_TAIL(&net->dead, conn, link);
	event_active(net->reap, 0, 0);
}

void
conn_free(struct conn *conn)
{
	if (conn->knock != NULL)
		event_free(conn->knock);
	if (conn->bev != NULL)
		bufferevent_free(conn->bev); /* and SSL object and descriptor */
	else
		close(conn->fd);
	free(conn);
}

/*
 * The output is written. Closing at once would make the kernel answer what is still on its way
 * here with a reset, and the client might lose what it was told: end our half and wait a
 * moment for the client to end its own.
 */
static void
conn_end_output(struct conn *conn)
{
	if (conn->output_ended)
		return;
	conn->output_ended = true;
	SSL_shutdown(bufferevent_openssl_get_ssl(conn->bev));
	shutdown(conn->fd, SHUT_WR);
}

void
conn_close(struct conn *conn, const char *reason)
{
	if (conn->state != CONN_OPEN)
		return;
	conn->state = CONN_LAST_WORDS;
	conn->last_words = reason;
	conn->since_us = date_monotonic_us();
	turn_drop_all(conn);
	push_forget(conn);
	if (conn->paused)
		bufferevent_enable(conn->bev, EV_READ);
	if (conn_output_bytes(conn) == 0)
		conn_end_output(conn);
}

void
conn_leave(struct conn *conn)
{
	if (conn->net->stopping && conn->state == CONN_OPEN && conn->task_count == 0)
		conn_close(conn, "the server stops");
}

/* ---- output ----------------------------------------------------------------------------- */

static uint64_t
conn_count_frames(const uint8_t *data, size_t bytes)
{
	uint64_t frames = 0;
	uint8_t flags;
	size_t body, at = 0;

	while (at < bytes &&
	       frame_head(data + at, bytes - at, FRAME_MAX_BYTES, &flags, &body) == ERR_OK) {
		at += FRAME_HEAD_BYTES + body;
		frames++;
	}
	return frames;
}

static void
conn_free_copy(const void *data, size_t bytes, void *own)
{
	(void)data;
	(void)bytes;
	free(own);
}

/* TLS has made a record of it that must be tried again as it is: one piece of the output. */
static bool
conn_keep_record(struct conn *conn, const void *data, size_t bytes)
{
	void *copy = mem_alloc(bytes);

	memcpy(copy, data, bytes);
	if (evbuffer_add_reference(bufferevent_get_output(conn->bev), copy, bytes, conn_free_copy,
		copy) == 0)
		return true;
	free(copy);
	return false;
}

/*
 * What fits one record and has nothing before it goes to the socket at once: through the output
 * it costs two calls to watch the socket and one more turn of the loop, and perhaps two records.
 */
static void
conn_write(struct conn *conn, const void *data, size_t bytes)
{
	SSL *tls = bufferevent_openssl_get_ssl(conn->bev);
	int written, why;
	bool kept;

	if (bytes > SSL3_RT_MAX_PLAIN_LENGTH || conn_output_bytes(conn) > 0) {
		kept = bufferevent_write(conn->bev, data, bytes) == 0;
	} else {
		ERR_clear_error();
		written = SSL_write(tls, data, (int)bytes);
		why = SSL_get_error(tls, written);
		ERR_clear_error();
		if (written > 0)
			return;
		if (why != SSL_ERROR_WANT_WRITE && why != SSL_ERROR_WANT_READ) {
			net_disconnect(conn, "connection lost");
			return;
		}
		kept = conn_keep_record(conn, data, bytes);
	}
	if (!kept)
		net_disconnect(conn, "out of output memory");
}

void
conn_send(struct conn *conn, const void *data, size_t bytes)
{
	struct net *net = conn->net;

	if (conn->state != CONN_OPEN || bytes == 0)
		return;
	/* What was there before counts, so that one large answer always fits. */
	if (conn_output_bytes(conn) > net->options.output_max_bytes) {
		net_disconnect(conn, "reads too slowly: output over its limit");
		return;
	}
	if (conn_output_bytes(conn) == 0)
		conn->moved_us = date_monotonic_us();
	NET_COUNT(net, frames_out, conn_count_frames(data, bytes));
	NET_COUNT(net, bytes_out, bytes);
	conn->written_bytes += bytes;
	conn_write(conn, data, bytes);
}

void
conn_send_frame(struct conn *conn, Kehu__ServerFrame *frame)
{
	struct buf out = BUF_INIT;

	if (frame_pack_server(&out, frame, conn->session.zstd) == ERR_OK)
		conn_send(conn, out.data, out.bytes);
	buf_fini(&out);
}

void
conn_send_error(struct conn *conn, uint32_t number, uint64_t reference, enum err err)
{
	Kehu__ServerFrame frame = KEHU__SERVER_FRAME__INIT;
	Kehu__Error error = KEHU__ERROR__INIT;
	struct arena *arena = conn->net->scratch;

	error.has_code = error.has_retry_safe = true;
	error.code = err;
	error.retry_safe = err_retry_safe(err);
	error.text = arena_strdup(arena, err_text(err, conn->session.lang));
	frame.has_number = true;
	frame.number = number;
	frame.has_reference = reference != 0;
	frame.reference = reference;
	frame.answer_case = KEHU__SERVER_FRAME__ANSWER_ERROR;
	frame.error = &error;
	conn_send_frame(conn, &frame);
	arena_reset(arena);
}

void
conn_send_done(struct conn *conn, uint32_t number, uint64_t reference)
{
	Kehu__ServerFrame frame = KEHU__SERVER_FRAME__INIT;
	Kehu__Done done = KEHU__DONE__INIT;

	frame.has_number = frame.has_reference = true;
	frame.number = number;
	frame.reference = reference;
	frame.answer_case = KEHU__SERVER_FRAME__ANSWER_DONE;
	frame.done = &done;
	conn_send_frame(conn, &frame);
}

static void
conn_written(struct bufferevent *bev, void *own)
{
	struct conn *conn = own;

	(void)bev;
	if (conn->state == CONN_LAST_WORDS && conn_output_bytes(conn) == 0)
		conn_end_output(conn);
	else if (conn->state == CONN_OPEN)
		stream_moved(conn);
}

/* ---- input ------------------------------------------------------------------------------ */

static void
conn_refuse(struct conn *conn, uint32_t number, const char *reason)
{
	NET_COUNT(conn->net, refused, 1);
	conn_send_error(conn, number, 0, ERR_BAD_FRAME);
	conn_close(conn, reason);
}

/* False: too many frames in too short a time; reading stops until the next sweep. */
static bool
conn_rate(struct conn *conn)
{
	int64_t now = date_monotonic_us();
	int rate = conn_logged_in(conn) ? CONN_RATE : CONN_RATE_STRANGER;
	int64_t more = (now - conn->rate_us) * rate / US_PER_SECOND;

	if (conn->rate_us == 0 || more >= rate) {
		conn->rate_left = rate;
		conn->rate_us = now;
	} else if (more > 0) {
		conn->rate_left =
		    conn->rate_left + more < rate ? conn->rate_left + (int)more : rate;
		conn->rate_us = now;
	}
	if (conn->rate_left <= 0) {
		conn->paused = true;
		bufferevent_disable(conn->bev, EV_READ);
		return false;
	}
	conn->rate_left--;
	return true;
}

/* One whole frame lies in input, its head taken off already. */
static void
conn_frame(struct conn *conn, struct evbuffer *input, uint8_t flags, size_t bytes)
{
	struct task *task = task_new(conn, bytes);
	uint32_t number = 0;
	int request = 0;

	NET_COUNT(conn->net, frames_in, 1);
	NET_COUNT(conn->net, bytes_in, FRAME_HEAD_BYTES + bytes);
	evbuffer_remove(input, task->body, bytes);
	if (flags == 0 && frame_peek(task->body, bytes, &number, &request) == ERR_OK &&
	    number != 0) {
		turn_take(conn, task, number, request);
		return;
	}
	task_free(task);
	conn_refuse(
	    conn, number, flags != 0 ? "sent a compressed frame" : "sent no frame of ours");
}

/* False: no whole frame is there, or the connection is closing. */
static bool
conn_next_frame(struct conn *conn, struct evbuffer *input)
{
	uint8_t head[FRAME_HEAD_BYTES], flags;
	size_t bytes = evbuffer_get_length(input), body;

	if (bytes < FRAME_HEAD_BYTES)
		return false;
	evbuffer_copyout(input, head, sizeof(head));
	if (frame_head(head, sizeof(head), conn_max_bytes(conn), &flags, &body) != ERR_OK) {
		conn_refuse(conn, 0, "sent a frame of wrong flags or length");
		return false;
	}
	if (bytes < FRAME_HEAD_BYTES + body || !conn_rate(conn))
		return false;
	evbuffer_drain(input, FRAME_HEAD_BYTES);
	conn->frame_us = 0;
	conn_frame(conn, input, flags, body);
	return conn->state == CONN_OPEN;
}

static void
conn_read(struct bufferevent *bev, void *own)
{
	struct conn *conn = own;
	struct evbuffer *input = bufferevent_get_input(bev);

	conn->heard_us = date_monotonic_us();
	if (conn->state == CONN_OPEN && !conn->paused)
		while (conn_next_frame(conn, input))
			;
	if (conn->state == CONN_LAST_WORDS)
		evbuffer_drain(input, evbuffer_get_length(input));
	else if (conn->state == CONN_OPEN && evbuffer_get_length(input) == 0)
		conn->frame_us = 0;
	else if (conn->frame_us == 0)
		conn->frame_us = conn->heard_us;
}

static void
conn_event(struct bufferevent *bev, short what, void *own)
{
	struct conn *conn = own;

	(void)bev;
	if (conn->state == CONN_LAST_WORDS)
		net_disconnect(conn, conn->last_words);
	else
		net_disconnect(
		    conn, what & BEV_EVENT_EOF ? "the client closed" : "connection lost");
}

void
conn_open(struct conn *conn)
{
	conn->state = CONN_OPEN;
	conn->since_us = conn->heard_us = date_monotonic_us();
	bufferevent_setcb(conn->bev, conn_read, conn_written, conn_event, conn);
	bufferevent_setwatermark(conn->bev, EV_WRITE, STREAM_BYTES, 0);
	bufferevent_set_max_single_read(conn->bev, CONN_READ_BYTES);
	conn_read(conn->bev, conn);
}

void
conn_session_changed(struct conn *conn)
{
	bufferevent_setwatermark(
	    conn->bev, EV_READ, 0, FRAME_HEAD_BYTES + conn_max_bytes(conn));
}

/* ---- deadlines -------------------------------------------------------------------------- */

static void
conn_resume(struct conn *conn)
{
	conn->paused = false;
	bufferevent_enable(conn->bev, EV_READ);
	conn_read(conn->bev, conn);
}

static const char *
conn_overdue_open(struct conn *conn, int64_t now_us)
{
	const struct net_options *options = &conn->net->options;
	size_t waiting = conn_output_bytes(conn);
	uint64_t moved = conn->written_bytes - waiting;

	if (waiting == 0 || moved != conn->moved_bytes) {
		conn->moved_us = now_us;
		conn->moved_bytes = moved;
	}
	if (now_us - conn->moved_us > options->frame_timeout_s * US_PER_SECOND)
		return "reads nothing";
	if (conn->frame_us != 0 && !conn->paused &&
	    now_us - conn->frame_us > options->frame_timeout_s * US_PER_SECOND)
		return "sends a frame too slowly";
	if (now_us - conn->heard_us > options->idle_timeout_s * US_PER_SECOND)
		return "idle";
	return NULL;
}

static const char *
conn_overdue(struct conn *conn, int64_t now_us)
{
	int64_t limit_us = conn->net->options.handshake_timeout_s * US_PER_SECOND;

	switch (conn->state) {
	case CONN_SILENT:
	case CONN_HANDSHAKE:
		return now_us - conn->since_us > limit_us ? "handshake too slow" : NULL;
	case CONN_WAITING: /* not the client's fault, yet not for ever */
		return now_us - conn->since_us > 2 * limit_us ? "no handshake was free" : NULL;
	case CONN_OPEN:
		return conn_overdue_open(conn, now_us);
	case CONN_LAST_WORDS:
		return now_us - conn->since_us > CONN_LAST_WORDS_US ? conn->last_words : NULL;
	case CONN_DEAD:
		break;
	}
	return NULL;
}

void
conn_sweep(struct conn *conn, int64_t now_us)
{
	const char *reason = conn_overdue(conn, now_us);

	if (reason != NULL)
		net_disconnect(conn, reason);
	else if (conn->paused && conn->state == CONN_OPEN)
		conn_resume(conn);
}
