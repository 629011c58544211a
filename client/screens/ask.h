/*
 * Ask: requests of screens. What the user waits for turns the spinner and ends with F12; what
 * is fetched ahead does neither. A screen that goes forgets what it asked for.
 */
#ifndef KEHU_ASK_H
#define KEHU_ASK_H

#include "client/screens/app.h"

enum {
	ASK_QUIET = 1 << 8, /* nobody waits for it: no spinner, F12 leaves it */
};

void ask_init(struct app *app);
void ask_fini(struct app *app);

/*
 * flags: of enum link_flag and above; LINK_LOW is quiet too. done is called once, with an Error
 * CANCELLED when the user stopped it; not after ask_cancel(). Returns its number, never 0.
 */
uint32_t ask_send(struct app *app, const Kehu__ClientFrame *frame, unsigned flags,
    void (*done)(void *context, const Kehu__ServerFrame *answer), void *context);
/* Forget a request: its callback is not called. *number becomes 0; 0 is nothing. */
void ask_cancel(struct app *app, uint32_t *number);
/* The user pressed F12: all requests that somebody waits for end as cancelled. */
void ask_cancel_all(struct app *app);

/* Says an Error answer in the message line, with the field it blames; nothing for others. */
void ask_say_error(struct app *app, const Kehu__ServerFrame *answer, uint32_t entity);

/* What a search says about its hits: only near ones, only the best ones. */
void ask_say_search(const Kehu__SearchAnswer *answer);

/* A List request. Strings are borrowed; frame and list must live until it is sent. */
struct ask_list {
	uint32_t entity;
	const char *query;
	uint32_t sort; /* 0: the query's or the entity's own */
	bool down, total;
	ProtobufCBinaryData cursor;
	uint32_t limit;
	const uint32_t *columns; /* none: the default columns */
	size_t column_count;
};
void ask_list_frame(Kehu__ClientFrame *frame, Kehu__List *list, const struct ask_list *ask);

/* A Get of one record without its tabs. */
void ask_get_frame(Kehu__ClientFrame *frame, Kehu__Get *get, uint32_t entity, int64_t id);

/* protobuf-c has no const: for messages that are only packed. */
static inline char *
ask_text(const char *text)
{
	return (char *)(uintptr_t)text;
}

#endif
