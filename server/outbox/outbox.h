/*
 * The sending threads of the outbox; what is to be sent is queued by server/record/outbox.h.
 */
#ifndef KEHU_OUTBOX_H
#define KEHU_OUTBOX_H

#include "server/server.h"

/* Starts a thread for each way that is set up (mail.server, sms.url). Never NULL. */
struct outbox;
struct outbox *outbox_start(struct server *server);
void outbox_stop(struct outbox *outbox);

#endif
