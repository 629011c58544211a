/*
 * GET /metrics and GET /health by libevent's HTTP server. It answers small questions of a few
 * programs beside us: what it says comes from counters, never from the database.
 */
#include "server/net/status.h"
#include "common/mem.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/http.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define STATUS_TIMEOUT_S    5
#define STATUS_HEADER_BYTES 4096
#define STATUS_BODY_BYTES   1024
#define STATUS_BACKLOG      16

struct status {
	struct evhttp *http;
	struct net *net;
	bool (*status)(struct net *net, bool health, struct buf *out);
	char path[sizeof(((struct sockaddr_un *)NULL)->sun_path)]; /* "": no unix socket */
};

static int
status_socket(int family, const struct sockaddr *to, socklen_t bytes)
{
	const int yes = 1;
	int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	if (family != AF_UNIX)
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
	if (bind(fd, to, bytes) == 0 && listen(fd, STATUS_BACKLOG) == 0)
		return fd;
	int failed = errno;
	close(fd);
	errno = failed;
	return -1;
}

/* One left behind by a server that was killed is in the way; a living server's is not ours. */
static int
status_unix(struct status *status, const char *path)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	mode_t mask;
	int fd;

	if (strlen(path) >= sizeof(to.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	strcpy(to.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof(to)) != 0 &&
	    errno == ECONNREFUSED)
		unlink(path);
	if (fd >= 0)
		close(fd);
	mask = umask(0117);
	fd = status_socket(AF_UNIX, (struct sockaddr *)&to, sizeof(to));
	int failed = errno;
	umask(mask);
	errno = failed;
	if (fd >= 0)
		strcpy(status->path, path);
	return fd;
}

/* "host:port", the host in brackets where it has colons. */
static int
status_tcp(struct arena *arena, const char *address)
{
	const struct addrinfo hints = { .ai_flags =
					    AI_PASSIVE | AI_NUMERICSERV | AI_NUMERICHOST,
		.ai_socktype = SOCK_STREAM };
	const char *colon = strrchr(address, ':');
	struct addrinfo *found = NULL;
	int fd = -1;

	errno = EINVAL;
	if (colon == NULL || colon == address)
		return -1;
	bool bracket = address[0] == '[' && colon[-1] == ']';
	const char *host = arena_strndup(
	    arena, address + bracket, (size_t)(colon - address) - (bracket ? 2 : 0));
	if (getaddrinfo(host, colon + 1, &hints, &found) != 0)
		return -1;
	for (const struct addrinfo *to = found; to != NULL && fd < 0; to = to->ai_next)
		fd = status_socket(to->ai_family, to->ai_addr, to->ai_addrlen);
	freeaddrinfo(found);
	return fd;
}

static void
status_answer(struct evhttp_request *request, void *status_, bool health)
{
	struct status *status = status_;
	struct evbuffer *body = evbuffer_new();
	struct buf text = BUF_INIT;
	bool good = status->status(status->net, health, &text);

	evhttp_add_header(evhttp_request_get_output_headers(request), "Content-Type",
	    health ? "text/plain; charset=utf-8" : "text/plain; version=0.0.4; charset=utf-8");
	if (body == NULL || evbuffer_add(body, buf_text(&text), text.bytes) != 0)
		evhttp_send_error(request, HTTP_INTERNAL, NULL);
	else
		evhttp_send_reply(request, good ? HTTP_OK : HTTP_SERVUNAVAIL,
		    good ? "OK" : "Unavailable", body);
	if (body != NULL)
		evbuffer_free(body);
	buf_fini(&text);
}

static void
status_metrics(struct evhttp_request *request, void *status)
{
	status_answer(request, status, false);
}

static void
status_health(struct evhttp_request *request, void *status)
{
	status_answer(request, status, true);
}

struct status *
status_new(struct arena *arena, struct event_base *base, struct net *net,
    const struct net_options *options, const char **why)
{
	const char *address = options->status_address;
	struct status *status = mem_zalloc(1, sizeof(*status));
	int fd;

	status->net = net;
	status->status = options->status;
	fd = address[0] == '/' ? status_unix(status, address) : status_tcp(arena, address);
	status->http = fd >= 0 ? evhttp_new(base) : NULL;
	if (status->http == NULL || evhttp_accept_socket(status->http, fd) != 0) {
		*why = arena_printf(arena,
		    "status.address \"%s\": cannot listen there: %s; give an address with a "
		    "port, as "
		    "127.0.0.1:9117, or the path of a socket",
		    address, strerror(errno));
		if (fd >= 0)
			close(fd);
		status_free(status);
		return NULL;
	}
	evhttp_set_timeout(status->http, STATUS_TIMEOUT_S);
	evhttp_set_max_headers_size(status->http, STATUS_HEADER_BYTES);
	evhttp_set_max_body_size(status->http, STATUS_BODY_BYTES);
	evhttp_set_allowed_methods(status->http, EVHTTP_REQ_GET | EVHTTP_REQ_HEAD);
	evhttp_set_cb(status->http, "/metrics", status_metrics, status);
	evhttp_set_cb(status->http, "/health", status_health, status);
	return status;
}

void
status_free(struct status *status)
{
	if (status == NULL)
		return;
	if (status->http != NULL)
		evhttp_free(status->http);
	if (status->path[0] != '\0')
		unlink(status->path);
	free(status);
}
