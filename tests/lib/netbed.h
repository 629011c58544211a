/*
 * A bed for testing server/net: a net with workers that do what the request's text says, no
 * database, and TLS clients that speak frames, or bytes that are none.
 */
#ifndef KEHU_NETBED_H
#define KEHU_NETBED_H

#include "common/tls.h"
#include "server/net/net.h"

#include <pthread.h>
#include <stdatomic.h>

#define NETBED_WAIT_MS 10000 /* nothing here takes so long unless it is broken */

/* What a worker began ('b') and ended ('e'), in order. */
struct netbed_step {
	uint32_t number;
	char what;
};

/*
 * Workers: Hello greets, Login "u7" logs user 7 in (session 100 + user), "w7" does so after a
 * "wait", Logout logs out. Search, Save and Report take a command from their text (Search.text,
 * Save.record.label, Report.name):
 *
 * - "echo": answer at once
 * - "wait": until netbed_release() or cancelled
 * - "stuck": until worker_cancel() is called
 * - "stream N": N KiB in frames of 64 KiB by net_stream(), then the answer
 * - "big N": one answer of N KiB
 * - "close": answer and have the connection closed
 * - "nothing": no answer at all
 *
 * What has no command is answered with Done, what cannot be decoded with BAD_FRAME and the
 * connection closed.
 */
struct netbed {
	struct arena *arena;
	struct net *net;
	struct net_options options;
	pthread_t loop;
	bool loop_joined; /* by the test itself */
	const char *dir;
	SSL_CTX *client_tls;

	pthread_mutex_t lock;
	struct netbed_step steps[256];
	size_t step_count;
	int waiting, at_once, at_once_most; /* workers */
	bool released;
	_Atomic int idles[LANE_COUNT], cancels, stream_failures;
};

/* Fills options with small, quick ones; change them before netbed_start(). */
struct netbed *netbed_new(void);
void netbed_start(struct netbed *bed);
/* Stops the loop without drain (unless it has ended already) and frees everything. */
void netbed_free(struct netbed *bed);
void netbed_release(struct netbed *bed); /* ends every "wait", also later ones */
/* True once so many workers are in "wait". */
bool netbed_waits(struct netbed *bed, int workers);
/* "b1 e1 b2 …" */
char *netbed_steps(struct netbed *bed);
int64_t netbed_ms(void);
/* The byte at a place of the data that "stream" and "big" answer with. */
uint8_t netbed_byte(uint64_t at);

/* ---- clients ---------------------------------------------------------------------------- */

struct peer {
	struct netbed *bed;
	struct arena *arena; /* of the frames read */
	SSL *ssl;
	int fd;
	uint32_t number;
	struct buf input;
};

int netbed_connect(const struct netbed *bed); /* TCP only; descriptor with a receive timeout */
struct peer *peer_try(struct netbed *bed, int tls_version); /* NULL: the handshake failed */
struct peer *peer_new(struct netbed *bed);                  /* must succeed */
struct peer *peer_login(struct netbed *bed, int user);      /* and greet and log in */
void peer_free(struct peer *peer);
/* Sends the frame under the next number, which is returned. */
uint32_t peer_send(struct peer *peer, Kehu__ClientFrame *frame);
uint32_t peer_hello(struct peer *peer);
uint32_t peer_login_as(struct peer *peer, const char *user);
uint32_t peer_command(struct peer *peer, int request, const char *text);
uint32_t peer_ping(struct peer *peer);
uint32_t peer_cancel(struct peer *peer, uint32_t number);
uint32_t peer_subscribe(
    struct peer *peer, uint32_t entity, const int64_t *ids, size_t count, bool all);
bool peer_write(struct peer *peer, const void *data, size_t bytes);
/* The next frame, NULL: closed, or none within timeout_ms. */
Kehu__ServerFrame *peer_read_for(struct peer *peer, int timeout_ms);
Kehu__ServerFrame *peer_read(struct peer *peer);
/* The next frame answers number; *err is its error code (0: no error). */
uint32_t peer_answer(struct peer *peer, enum err *err);
/* Reads away whatever comes; true when the server closes within timeout_ms. */
bool peer_closed(struct peer *peer, int timeout_ms);

#endif
