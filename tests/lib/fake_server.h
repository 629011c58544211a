/*
 * A server in the test process for testing the client's link: real TLS on 127.0.0.1, one
 * connection at a time, answers made by the test. It greets, signs in, resumes and pongs by
 * itself.
 */
#ifndef KEHU_FAKE_SERVER_H
#define KEHU_FAKE_SERVER_H

#include "proto/frame.h"
#include <pthread.h>
#include <stdatomic.h>

struct fake_server;

struct fake_options {
	void *context;
	/* Answers a frame it is given with fake_answer(); false: leave it to the fake. Own
	 * thread. */
	bool (*answer)(void *context, struct fake_server *fake, const Kehu__ClientFrame *frame);
	const char *host;      /* in the certificate; NULL: 127.0.0.1 and localhost */
	const char *directory; /* for certificates; must exist */
};

struct fake_server *fake_start(const struct fake_options *options);
void fake_stop(struct fake_server *fake);
/* "127.0.0.1:PORT" and the CA file to give to a link. */
const char *fake_address(const struct fake_server *fake);
const char *fake_ca(const struct fake_server *fake);

/* From .answer: sends a frame; .number is set to the request's when it is absent. */
void fake_answer(
    struct fake_server *fake, const Kehu__ClientFrame *to, Kehu__ServerFrame *frame);
void fake_answer_error(struct fake_server *fake, const Kehu__ClientFrame *to, enum err err);
void fake_raw(struct fake_server *fake, const void *data, size_t bytes);
/* From .answer: closes the connection once it returns. */
void fake_cut(struct fake_server *fake);

/* The connection is cut when so many more frames have come (0: not), before or after answering.
 */
void fake_cut_after(struct fake_server *fake, int frames, bool answered);
/* Stop listening for a moment: connections are refused. */
void fake_pause(struct fake_server *fake, bool paused);
/* The next Resume is refused with SESSION_ENDED. */
void fake_forget_sessions(struct fake_server *fake);

/* What .answer wrote before this call may be read after it, and the other way round. */
void fake_settle(struct fake_server *fake);

struct fake_counts {
	int connections, hellos, logins, resumes, catalogs, frames, cancels, subscribes, pings;
};
struct fake_counts fake_counts(struct fake_server *fake);

/* The catalogue answer the fake gives; static. Entity 10 customer, 11 its phones, 20 visit, 3
 * user. */
Kehu__CatalogAnswer *fake_catalog(void);

#endif
