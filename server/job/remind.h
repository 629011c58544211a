/*
 * Reminders and repeating plans: a thread that tells what is due within a fraction of a second, on
 * any number of servers, each reminder once.
 */
#ifndef KEHU_REMIND_H
#define KEHU_REMIND_H

#include "server/server.h"

/* NULL: no thread could be had. */
struct remind;
struct remind *remind_start(struct server *server);
void remind_stop(struct remind *remind);

#endif
