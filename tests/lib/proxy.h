/*
 * A wire that can be cut: a thread between a client and a kehud, which passes bytes on as they
 * are, counts them, and ends the connection after a given number of them.
 */
#ifndef KEHU_TEST_PROXY_H
#define KEHU_TEST_PROXY_H

#include <stdint.h>

enum proxy_way { PROXY_UP, PROXY_DOWN }; /* to the server; to the client */

struct proxy;

/* To that port of this machine. Ends the process when it cannot. */
struct proxy *proxy_start(int to_port);
void proxy_stop(struct proxy *proxy);
int proxy_port(const struct proxy *proxy);
/* Counts from 0 from now on; when so many bytes more went that way, the connection is cut, once. */
void proxy_cut_after(struct proxy *proxy, enum proxy_way way, int64_t bytes);
/* Bytes that went that way since proxy_cut_after. */
int64_t proxy_count(struct proxy *proxy, enum proxy_way way);
/* Connections cut since the start. */
int64_t proxy_cuts(struct proxy *proxy);

#endif
