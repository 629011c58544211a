/* See proxy.h. One thread, blocking writes: the tests send little. */
#include "tests/lib/proxy.h"

#include "common/log.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PROXY_PAIRS = 64, PROXY_BYTES = 16384, PROXY_TURN_MS = 50 };

struct proxy {
	int listener, port, to_port;
	int pairs[PROXY_PAIRS][2]; /* [PROXY_UP]: the client's socket, what it sends goes up */
	int count;
	pthread_t thread;
	_Atomic bool stop;

	pthread_mutex_t lock;
	int64_t counts[2], cut_at[2], cuts; /* cut_at: -1 never */
};

static struct sockaddr_in
proxy_address(int port)
{
	return (struct sockaddr_in){ .sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
}

static void
proxy_accept(struct proxy *proxy)
{
	struct sockaddr_in to = proxy_address(proxy->to_port);
	int from = accept(proxy->listener, NULL, NULL), server;
	const int yes = 1;

	if (from < 0)
		return;
	server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (proxy->count == PROXY_PAIRS || server < 0 ||
	    connect(server, (struct sockaddr *)&to, sizeof(to)) != 0) {
		close(from);
		if (server >= 0)
			close(server);
		return;
	}
	setsockopt(from, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
	setsockopt(server, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
	proxy->pairs[proxy->count][PROXY_UP] = from;
	proxy->pairs[proxy->count++][PROXY_DOWN] = server;
}

static void
proxy_close(struct proxy *proxy, int pair)
{
	close(proxy->pairs[pair][0]);
	close(proxy->pairs[pair][1]);
	proxy->count--;
	proxy->pairs[pair][0] = proxy->pairs[proxy->count][0];
	proxy->pairs[pair][1] = proxy->pairs[proxy->count][1];
}

/* How many of these bytes may pass; *cut: and then no more. */
static size_t
proxy_allow(struct proxy *proxy, int way, size_t bytes, bool *cut)
{
	pthread_mutex_lock(&proxy->lock);
	*cut = proxy->cut_at[way] >= 0 && proxy->counts[way] + (int64_t)bytes > proxy->cut_at[way];
	if (*cut) {
		bytes = (size_t)(proxy->cut_at[way] - proxy->counts[way]);
		proxy->cut_at[way] = -1;
		proxy->cuts++;
	}
	proxy->counts[way] += (int64_t)bytes;
	pthread_mutex_unlock(&proxy->lock);
	return bytes;
}

/* False: the connection is over. */
static bool
proxy_pass(struct proxy *proxy, const int pair[2], int way)
{
	char data[PROXY_BYTES];
	ssize_t got = recv(pair[way], data, sizeof(data), 0);
	size_t bytes, sent = 0;
	bool cut;

	if (got <= 0)
		return false;
	bytes = proxy_allow(proxy, way, (size_t)got, &cut);
	while (sent < bytes) {
		ssize_t put = send(pair[!way], data + sent, bytes - sent, MSG_NOSIGNAL);

		if (put <= 0)
			return false;
		sent += (size_t)put;
	}
	return !cut;
}

static void *
proxy_run(void *proxy_)
{
	struct proxy *proxy = proxy_;

	while (!atomic_load(&proxy->stop)) {
		struct pollfd fds[1 + 2 * PROXY_PAIRS] = { { .fd = proxy->listener, .events = POLLIN } };
		int pairs = proxy->count;

		for (int i = 0; i < pairs * 2; i++)
			fds[1 + i] = (struct pollfd){ .fd = proxy->pairs[i / 2][i % 2], .events = POLLIN };
		if (poll(fds, (nfds_t)(1 + pairs * 2), PROXY_TURN_MS) <= 0)
			continue;
		for (int i = pairs - 1; i >= 0; i--) {
			bool good = true;

			for (int way = 0; way < 2 && good; way++) {
				if (fds[1 + i * 2 + way].revents != 0)
					good = proxy_pass(proxy, proxy->pairs[i], way);
			}
			if (!good)
				proxy_close(proxy, i);
		}
		if (fds[0].revents != 0)
			proxy_accept(proxy);
	}
	return NULL;
}

struct proxy *
proxy_start(int to_port)
{
	struct proxy *proxy = calloc(1, sizeof(*proxy));
	struct sockaddr_in own = proxy_address(0);
	socklen_t bytes = sizeof(own);

	if (proxy == NULL)
		fatal("out of memory");
	proxy->to_port = to_port;
	proxy->cut_at[0] = proxy->cut_at[1] = -1;
	pthread_mutex_init(&proxy->lock, NULL);
	proxy->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (proxy->listener < 0 || bind(proxy->listener, (struct sockaddr *)&own, sizeof(own)) != 0 ||
	    listen(proxy->listener, PROXY_PAIRS) != 0 ||
	    getsockname(proxy->listener, (struct sockaddr *)&own, &bytes) != 0)
		fatal("no proxy: %d", errno);
	proxy->port = ntohs(own.sin_port);
	if (pthread_create(&proxy->thread, NULL, proxy_run, proxy) != 0)
		fatal("no thread");
	return proxy;
}

void
proxy_stop(struct proxy *proxy)
{
	atomic_store(&proxy->stop, true);
	pthread_join(proxy->thread, NULL);
	while (proxy->count > 0)
		proxy_close(proxy, 0);
	close(proxy->listener);
	pthread_mutex_destroy(&proxy->lock);
	free(proxy);
}

int
proxy_port(const struct proxy *proxy)
{
	return proxy->port;
}

void
proxy_cut_after(struct proxy *proxy, enum proxy_way way, int64_t bytes)
{
	pthread_mutex_lock(&proxy->lock);
	proxy->counts[0] = proxy->counts[1] = 0;
	proxy->cut_at[way] = bytes;
	proxy->cut_at[!way] = -1;
	pthread_mutex_unlock(&proxy->lock);
}

int64_t
proxy_count(struct proxy *proxy, enum proxy_way way)
{
	int64_t count;

	pthread_mutex_lock(&proxy->lock);
	count = proxy->counts[way];
	pthread_mutex_unlock(&proxy->lock);
	return count;
}

int64_t
proxy_cuts(struct proxy *proxy)
{
	int64_t cuts;

	pthread_mutex_lock(&proxy->lock);
	cuts = proxy->cuts;
	pthread_mutex_unlock(&proxy->lock);
	return cuts;
}
