/*
 * A closed loop of clients on one kehud: connections over TLS, each asking again as soon as it
 * has its answer. They decode no answers unless asked, so that the two cores are the server's.
 * What goes wrong ends the process with a message.
 */
#ifndef KEHU_TEST_LOAD_H
#define KEHU_TEST_LOAD_H

#include "common/tls.h"
#include "proto/frame.h"
#include "tests/lib/big.h"

#define LOAD_CLIENTS 8

struct load {
	const struct big *big;
	size_t count;
	struct load_client *clients;
	struct arena *arena; /* of requests and answers being made; reset by load_forget */
	uint64_t answered, bytes_down; /* frames as on the wire, TLS not counted */
	bool decode;                   /* give .taken each answer */
};

/*
 * users[i] signs in on connection i, by the token of a session of its own. zstd: answers may be
 * compressed, as the client asks.
 */
struct load *load_new(const struct big *big, const int64_t *users, size_t count, bool zstd);
void load_free(struct load *load);
void load_forget(struct load *load);

/*
 * Run for so many answers. next fills the frame that connection i sends (in load->arena); taken
 * (may be NULL) sees the answer decoded. An Error answer ends the process. Wall time in µs.
 */
struct load_work {
	void (*next)(struct load *load, size_t client, void *context, Kehu__ClientFrame *frame);
	void (*taken)(
	    struct load *load, size_t client, void *context, const Kehu__ServerFrame *answer);
	void *context;
};
int64_t load_run(struct load *load, const struct load_work *work, size_t answers);

/* One request on one connection and its answer (in load->arena), an Error too. */
Kehu__ServerFrame *load_ask(struct load *load, size_t client, Kehu__ClientFrame *frame);

/* Connections that have signed in and then do nothing; closed by load_idle_end. */
struct load_idle;
struct load_idle *load_idle(const struct big *big, int64_t user, size_t count);
void load_idle_end(struct load_idle *idle);

#endif
