/*
 * Raw frames to a real kehud: one TLS connection of a signed-in user, many requests in flight,
 * and each answer both decoded and as the bytes that came. What goes wrong ends the process.
 */
#ifndef KEHU_TEST_WIRE_H
#define KEHU_TEST_WIRE_H

#include "common/buf.h"
#include "proto/frame.h"
#include "tests/lib/bed.h"

struct wire;

/* Connects to the bed's kehud and signs in with BED_PASSWORD. */
struct wire *wire_open(const struct bed *bed, const char *user, enum lang lang);
/* Connects, and greets if asked to, without signing in. */
struct wire *wire_stranger(const struct bed *bed, bool greet);
void wire_close(struct wire *wire);

/* Bytes sent as they are; false: nobody is there any more. */
bool wire_put(struct wire *wire, const void *data, size_t bytes);
bool wire_there(struct wire *wire); /* without reading what it says */

/* What becomes of bytes that are sent as they are. */
enum wire_end { WIRE_ANSWERED, WIRE_CLOSED, WIRE_SILENT };
/*
 * Sends them and waits for the answer or the end, at most that long; last: nothing more will come
 * from here, and the server is told so. *err is that of an Error answer.
 */
enum wire_end wire_throw(struct wire *wire, const void *data, size_t bytes, bool last, int wait_ms,
    enum err *err);

struct wire_answer {
	Kehu__ServerFrame *frame; /* the last one: a report's file comes in several */
	const uint8_t *data; /* all its frames, packed again without number and reference */
	size_t bytes;
	enum err err; /* of an Error answer */
};

/*
 * Sends all the requests, as many at once as a session may have in flight, and waits for all
 * answers, which live in arena. A frame's number is set here.
 */
void wire_ask(struct wire *wire, Kehu__ClientFrame *const *frames, size_t count,
    struct arena *arena, struct wire_answer *answers);

#endif
