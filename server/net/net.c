/*
 * The loop: one libevent thread that owns every socket. Starting, running, stopping, and the
 * posts by which other threads reach it. All state hangs on struct net, so that a process may
 * have more than one.
 */
#include "server/net/net.h"

#include "common/log.h"
#include "common/mem.h"
#include "common/tls.h"
#include "server/net/inner.h"
#include "server/net/status.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#define NET_REFERENCE_EPOCH_S 1700000000 /* keeps request numbers short */

/* ---- posts ------------------------------------------------------------------------------ */

/* Safe in a signal handler. */
static void
net_ring(const struct net *net)
{
	const uint64_t one = 1;
	int error = errno;

	/* Full means that it is ringing already. */
	(void)!write(net->wake_fd, &one, sizeof(one));
	errno = error;
}

void
net_post(struct net *net, struct post *post)
{
	bool first;

	pthread_mutex_lock(&net->post_lock);
	first = STAILQ_EMPTY(&net->posts);
	STAILQ_INSERT_TAIL(&net->posts, post, link);
	pthread_mutex_unlock(&net->post_lock);
	if (first)
		net_ring(net);
}

static void
net_run_posts(struct net *net)
{
	struct post_list posts = STAILQ_HEAD_INITIALIZER(posts);
	struct post *post;

	pthread_mutex_lock(&net->post_lock);
	STAILQ_CONCAT(&posts, &net->posts);
	pthread_mutex_unlock(&net->post_lock);
	while ((post = STAILQ_FIRST(&posts)) != NULL) {
		STAILQ_REMOVE_HEAD(&posts, link);
		post->run(net, post);
	}
}

/* ---- stopping --------------------------------------------------------------------------- */

bool
net_stopping(const struct net *net)
{
	return net->stop_drain_s >= 0;
}

void
net_stop(struct net *net, int drain_s)
{
	net->stop_drain_s = drain_s < 0 ? 0 : drain_s;
	net_ring(net);
}

static void
net_exit_when_empty(struct net *net)
{
	if (net->stopping && net->free_count == net->slots_used && TAILQ_EMPTY(&net->dead))
		event_base_loopexit(net->base, NULL); /* after what is left to be closed */
}

static void
net_end_drain(evutil_socket_t fd, short what, void *own)
{
	struct net *net = own;

	(void)fd;
	(void)what;
	for (uint32_t slot = 0; slot < net->slots_used; slot++)
		if (net->conns[slot] != NULL)
			net_disconnect(net->conns[slot], "the server stops");
	net_exit_when_empty(net);
}

/*
 * No new connections; those open hear that we are going and are closed as soon as their last
 * request is answered. The others have only begun and lose nothing.
 */
static void
net_begin_drain(struct net *net, int drain_s)
{
	log_info("stopping", "connections=%u drain_s=%d", net->slots_used - net->free_count,
	    drain_s);
	net->stopping = true;
	event_del(net->listen_event);
	event_del(net->listen_again);
	close(net->listen_fd);
	net->listen_fd = -1;
	push_moving(net, drain_s);
	for (uint32_t slot = 0; slot < net->slots_used; slot++) {
		struct conn *conn = net->conns[slot];

		if (conn != NULL && conn->state < CONN_OPEN)
			net_disconnect(conn, "the server stops");
		else if (conn != NULL)
			conn_leave(conn);
	}
	net_exit_when_empty(net);
}

/* ---- another certificate ---------------------------------------------------------------- */

void
net_reload(struct net *net)
{
	net->reload = true;
	net_ring(net);
}

/* Connections hold the context they began with. */
static void
net_take_certificate(struct net *net)
{
	struct arena *arena = arena_new(0);
	const char *why = NULL;
	SSL_CTX *tls =
	    tls_server_new(arena, net->options.cert_file, net->options.key_file, &why);

	if (tls == NULL) {
		log_error("certificate not taken, the old one stays", "why=%s",
		    log_value(arena, why));
	} else {
		SSL_CTX_free(net->tls);
		net->tls = tls;
		log_info(
		    "certificate taken", "file=%s", log_value(arena, net->options.cert_file));
	}
	arena_free(arena);
}

static void
net_woken(evutil_socket_t fd, short what, void *own)
{
	struct net *net = own;
	uint64_t rung;
	int drain_s;

	(void)what;
	(void)!read(fd, &rung, sizeof(rung));
	net_run_posts(net);
	if (atomic_exchange(&net->reload, false))
		net_take_certificate(net);
	drain_s = net->stop_drain_s;
	if (drain_s < 0 || drain_s == net->draining_s)
		return;
	net->draining_s = drain_s; /* a second, shorter stop hurries the first */
	event_add(net->stop_timer, &(const struct timeval){ .tv_sec = drain_s });
	if (!net->stopping)
		net_begin_drain(net, drain_s);
}

/* ---- timers ----------------------------------------------------------------------------- */

static void
net_reap(evutil_socket_t fd, short what, void *own)
{
	struct net *net = own;
	struct conn *conn;

	(void)fd;
	(void)what;
	while ((conn = TAILQ_FIRST(&net->dead)) != NULL) {
		TAILQ_REMOVE(&net->dead, conn, link);
		conn_free(conn);
	}
	net_exit_when_empty(net);
}

static void
net_sweep(evutil_socket_t fd, short what, void *own)
{
	struct net *net = own;
	int64_t now = date_monotonic_us();

	(void)fd;
	(void)what;
	for (uint32_t slot = 0; slot < net->slots_used; slot++)
		if (net->conns[slot] != NULL)
			conn_sweep(net->conns[slot], now);
}

/* ---- starting --------------------------------------------------------------------------- */

static struct event *
net_event(struct net *net, int fd, short what, event_callback_fn run)
{
	struct event *event = event_new(net->base, fd, what, run, net);

	if (event == NULL)
		fatal("the event loop gives no event");
	return event;
}

static void
net_make_events(struct net *net)
{
	const struct timeval sweep = { .tv_usec = NET_SWEEP_MS * 1000 };

	net->listen_event = net_event(net, net->listen_fd, EV_READ | EV_PERSIST, accept_ready);
	net->listen_again = net_event(net, -1, 0, accept_ready);
	net->wake_event = net_event(net, net->wake_fd, EV_READ | EV_PERSIST, net_woken);
	net->pump = net_event(net, -1, 0, accept_pump);
	net->reap = net_event(net, -1, 0, net_reap);
	net->sweep = net_event(net, -1, EV_PERSIST, net_sweep);
	net->push_timer = net_event(net, -1, 0, push_tick);
	net->stop_timer = net_event(net, -1, 0, net_end_drain);
	if (event_add(net->listen_event, NULL) != 0 || event_add(net->wake_event, NULL) != 0 ||
	    event_add(net->sweep, &sweep) != 0)
		fatal("the event loop refuses its own events");
}

/* Only the loop's thread touches the base: no locks. */
static struct event_base *
net_make_base(void)
{
	struct event_config *config;
	struct event_base *base = NULL;

	event_set_mem_functions(mem_alloc, mem_resize, free);
	config = event_config_new();
	if (config != NULL && event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK) == 0)
		base = event_base_new_with_config(config);
	if (config != NULL)
		event_config_free(config);
	return base;
}

static struct net *
net_make(const struct net_options *options)
{
	struct net *net = mem_zalloc(1, sizeof(*net));
	size_t most = (size_t)options->max_connections;
	pthread_condattr_t monotonic;

	net->options = *options;
	net->listen_fd = net->wake_fd = -1;
	net->stop_drain_s = net->draining_s = -1;
	net->scratch = arena_new(0);
	net->conns = mem_zalloc(most, sizeof(struct conn *));
	net->free_slots = mem_zalloc(most, sizeof(uint32_t));
	TAILQ_INIT(&net->waiting);
	TAILQ_INIT(&net->shaking);
	TAILQ_INIT(&net->dead);
	TAILQ_INIT(&net->pushing);
	STAILQ_INIT(&net->posts);
	watch_init(&net->watches);
	pthread_mutex_init(&net->post_lock, NULL);
	pthread_mutex_init(&net->stream_lock, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&net->stream_moved, &monotonic);
	pthread_condattr_destroy(&monotonic);
	/* Unique among restarts unless one answers over a thousand a second all its life. */
	net->reference = (uint64_t)(time(NULL) - NET_REFERENCE_EPOCH_S) * 1000;
	lanes_init(net);
	return net;
}

static const char *
net_check(struct arena *arena, const struct net_options *options)
{
	static const enum lane needed[] = { LANE_HASH, LANE_INTERACTIVE, LANE_HEAVY };

	if (options->max_connections < 1 || options->max_connections > 1 << NET_SLOT_BITS)
		return arena_printf(
		    arena, "net.connections must be 1 to %d", 1 << NET_SLOT_BITS);
	for (size_t i = 0; i < sizeof(needed) / sizeof(*needed); i++)
		if (options->lane_threads[needed[i]] < 1)
			return "each lane but jobs needs a worker";
	return NULL;
}

struct net *
net_new(struct arena *arena, const struct net_options *options, const char **why)
{
	struct net *net;

	*why = net_check(arena, options);
	if (*why != NULL)
		return NULL;
	net = net_make(options);
	net->tls = tls_server_new(arena, options->cert_file, options->key_file, why);
	if (net->tls == NULL)
		goto fail;
	if (options->authority_file != NULL &&
	    !tls_server_ask(arena, net->tls, options->authority_file, why))
		goto fail;
	net->listen_fd = accept_listen(arena, options, why);
	if (net->listen_fd < 0)
		goto fail;
	net->port = accept_port(net->listen_fd);
	net->base = net_make_base();
	net->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (net->base == NULL || net->wake_fd < 0) {
		*why = arena_printf(arena, "no event loop can be made: %s", strerror(errno));
		goto fail;
	}
	net_make_events(net);
	if (options->status_address != NULL) {
		net->status = status_new(arena, net->base, net, options, why);
		if (net->status == NULL)
			goto fail;
	}
	if (!lanes_start(net)) {
		*why = arena_printf(arena, "cannot start worker threads: %s", strerror(errno));
		goto fail;
	}
	return net;
fail:
	net_free(net);
	return NULL;
}

int
net_port(const struct net *net)
{
	return net->port;
}

/* OpenSSL writes to sockets whose other end may be gone: that is EPIPE for us, no signal. */
void
net_run(struct net *net)
{
	sigset_t pipe, old;

	sigemptyset(&pipe);
	sigaddset(&pipe, SIGPIPE);
	pthread_sigmask(SIG_BLOCK, &pipe, &old);
	lanes_open(net);
	event_base_loop(net->base, EVLOOP_NO_EXIT_ON_EMPTY);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
}

static void
net_free_events(struct net *net)
{
	struct event *events[] = { net->listen_event, net->listen_again, net->wake_event,
		net->pump, net->reap, net->sweep, net->push_timer, net->stop_timer };

	for (size_t i = 0; i < sizeof(events) / sizeof(*events); i++)
		if (events[i] != NULL)
			event_free(events[i]);
}

void
net_free(struct net *net)
{
	if (net == NULL)
		return;
	net->stop_drain_s = 0;
	if (net->base != NULL && net->reap != NULL)
		net_end_drain(-1, 0, net);
	lanes_stop(net);
	net_run_posts(net); /* answers to connections that are gone: they free themselves */
	if (net->reap != NULL)
		net_reap(-1, 0, net);
	net_free_events(net);
	status_free(net->status);
	if (net->base != NULL)
		event_base_free(net->base);
	if (net->listen_fd >= 0)
		close(net->listen_fd);
	if (net->wake_fd >= 0)
		close(net->wake_fd);
	SSL_CTX_free(net->tls);
	watch_fini(&net->watches);
	pthread_cond_destroy(&net->stream_moved);
	pthread_mutex_destroy(&net->stream_lock);
	pthread_mutex_destroy(&net->post_lock);
	arena_free(net->scratch);
	free(net->conns);
	free(net->free_slots);
	free(net);
}

struct net_figures
net_figures(struct net *net)
{
	struct net_figures figures = { .connections = net->connections,
		.handshakes = net->handshakes,
		.frames_in = net->frames_in,
		.frames_out = net->frames_out,
		.bytes_in = net->bytes_in,
		.bytes_out = net->bytes_out,
		.refused = net->refused,
		.busy = net->busy };

	for (int lane = 0; lane < LANE_COUNT; lane++)
		figures.waiting[lane] = lane_waiting(&net->lanes[lane]);
	return figures;
}
