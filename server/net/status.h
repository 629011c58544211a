/*
 * A page for those who watch the server: plain HTTP on an address of its own, in the loop's
 * thread. Private to net/.
 */
#ifndef KEHU_NET_STATUS_H
#define KEHU_NET_STATUS_H

#include "server/net/net.h"

struct event_base;
struct status;

/*
 * address: "127.0.0.1:9117", "[::1]:9117" or the path of a unix socket, which is made with mode
 * 0660. NULL and *why (in arena): it cannot listen there.
 */
struct status *status_new(struct arena *arena, struct event_base *base, struct net *net,
    const struct net_options *options, const char **why);
void status_free(struct status *status);

#endif
