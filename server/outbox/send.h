/*
 * One try to hand a message to a mail server or an SMS gateway.
 */
#ifndef KEHU_OUTBOX_SEND_H
#define KEHU_OUTBOX_SEND_H

#include "server/server.h"
#include "server/store/store.h"

struct outgoing_file {
	const char *name, *type;
	const void *data;
	size_t bytes;
};

struct outgoing {
	const char *address, *subject, *body, *message_id;
	const char *reply_to, *sender; /* of a person; NULL: Kehu's own */
	const struct outgoing_file *files;
	size_t file_count;
};

enum send_result {
	SEND_SENT,    /* the other side took it */
	SEND_RETRY,   /* it did not, and may later */
	SEND_FAILED,  /* it never will */
	SEND_UNKNOWN, /* it may have: not to be sent again by itself */
};

struct send_try {
	struct arena *arena;
	/* Called once when the other side begins to take the message; false: stop. */
	bool (*handing)(void *context);
	bool (*stopping)(void *context); /* the server stops: break off what was not handed over yet */
	void *context;
	const char *answer; /* its last words, cleaned, in arena */
};

enum send_result mail_send(
    const struct server_settings *settings, const struct outgoing *mail, struct send_try *try);
enum send_result sms_send(
    const struct server_settings *settings, const struct outgoing *sms, struct send_try *try);
/* The text of the secret in a file without its line's end, in arena; NULL: cannot be read. */
const char *send_secret(struct arena *arena, const char *path);
/* A subject or name as RFC 2047 words when it is not plain ASCII. In arena. */
const char *mail_encode_word(struct arena *arena, const char *text);
/* The body of a request to an SMS gateway: the template with {to}, {text} and {key} escaped. In arena. */
const char *sms_fill(struct arena *arena, const char *form, const char *type, const struct outgoing *sms);

#endif
