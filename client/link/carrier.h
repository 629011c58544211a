/*
 * carrier: one connection of the link. Name resolution, TCP, TLS and frames, never blocking;
 * it knows nothing of requests, and once it has failed it is opened anew.
 */
#ifndef KEHU_CARRIER_H
#define KEHU_CARRIER_H

#include "common/tls.h"
#include "proto/frame.h"
#include <poll.h>

enum carrier_state { CARRIER_CLOSED, CARRIER_NAME, CARRIER_TCP, CARRIER_TLS, CARRIER_OPEN };

struct resolver;
struct addrinfo;

struct carrier {
	enum carrier_state state;
	SSL_CTX *context; /* borrowed */
	SSL *ssl;
	int fd;
	char host[256], port[16];
	struct resolver *resolver;
	struct addrinfo *addresses, *next; /* still to be tried: next */
	int64_t deadline_us;               /* of the present step */
	int64_t step_us;
	bool wants_write, wants_read; /* what TLS waits for */
	bool hurt;                    /* TLS failed: no closing alert may be sent */
	struct buf in, out;
	size_t in_at; /* frames before it are taken */
	enum lang lang;
	enum err error; /* why it failed */
	char why[300];  /* and in words of that language */
};

void carrier_init(struct carrier *carrier, SSL_CTX *context);
void carrier_fini(struct carrier *carrier);
/* Start connecting. Each step (name, each address, handshake) may take step_ms. */
void carrier_open(struct carrier *carrier, const char *host, const char *port, int step_ms);
void carrier_close(struct carrier *carrier);

/*
 * Do what can be done. ERR_OK while connecting or open; else .error, and the carrier is closed:
 * NO_SERVER, CERTIFICATE. What was received before a failure can still be taken.
 */
MUST_CHECK enum err carrier_step(struct carrier *carrier);
/* Only the sending half of it, right after carrier_put. */
MUST_CHECK enum err carrier_send(struct carrier *carrier);
/* Appended to what will be sent. */
void carrier_put(struct carrier *carrier, const void *data, size_t bytes);
/*
 * The next whole frame, unpacked into arena; *frame NULL when there is none yet.
 * ERR_BAD_FRAME closes the carrier.
 */
MUST_CHECK enum err carrier_take(
    struct carrier *carrier, struct arena *arena, Kehu__ServerFrame **frame);

size_t carrier_fds(const struct carrier *carrier, struct pollfd *fds);
/* When carrier_step must run even if nothing happens on the socket; INT64_MAX: never. */
int64_t carrier_due_us(const struct carrier *carrier);

#endif
