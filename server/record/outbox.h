/*
 * The outbox: what is to leave by mail or as a text message is a row, written in the transaction of
 * what caused it, so that it is sent if and only if that came to be. server/outbox sends it, on any
 * number of servers, each row by one of them.
 */
#ifndef KEHU_RECORD_OUTBOX_H
#define KEHU_RECORD_OUTBOX_H

#include "server/record/record.h"

enum outbox_channel { OUTBOX_MAIL, OUTBOX_SMS };

struct outbox_message {
	enum outbox_channel channel;
	const char *address, *subject, *body;
	uint32_t entity; /* the record it is about, on whose tab it shows; 0: none */
	int64_t id;
	int64_t owner;   /* who sends it; 0: Kehu itself */
	const char *key; /* names what is sent: asked for twice, sent once; NULL: each time */
	bool to_user;    /* one of our own people, whom no opt-out keeps from being told */
};

/*
 * In a begun transaction: queue one. *id of the row. ERR_INVALID: the address is none, or the
 * subject has control characters. An address that opted out gets a row that says so, and no mail.
 */
MUST_CHECK enum err outbox_queue(
    struct call *call, const struct outbox_message *message, int64_t *id);
/* A file to go with it, such as a report as PDF; before the transaction ends. */
MUST_CHECK enum err outbox_attach(struct call *call, int64_t id, const char *name,
    const char *type, const void *data, size_t bytes);

/*
 * Text with {field} replaced by what the record has there, as the call's reader may see it; {user} is
 * the caller's name, {today} the date. Unknown names stay as they are. In arena.
 */
const char *outbox_merge(struct call *call, const struct record *record, const char *text);

/*
 * The actions send_mail and send_sms of an entity: arguments template, address, subject, text; what
 * the user typed goes before the template, the record's mail or phone is where it goes by default.
 */
MUST_CHECK enum err outbox_act_mail(
    struct call *call, struct record *record, const struct value *arguments);
MUST_CHECK enum err outbox_act_sms(
    struct call *call, struct record *record, const struct value *arguments);

#endif
