/*
 * The change feed: what was committed anywhere reaches the clients of this kehud.
 */
#ifndef KEHU_FEED_H
#define KEHU_FEED_H

#include "server/server.h"

/* Starts the thread; feed_stop ends and joins it. NULL when no thread can be had. */
struct feed;
struct feed *feed_start(struct server *server);
void feed_stop(struct feed *feed);

#endif
