/*
 * resolver: a host name looked up in a thread of its own, since a screen may not freeze while a
 * name server sleeps and getaddrinfo() knows no time limit.
 */
#ifndef KEHU_RESOLVER_H
#define KEHU_RESOLVER_H

#include <stdbool.h>

struct addrinfo;
struct resolver;

/* Begin looking for stream addresses of host and port (both copied). NULL: no thread to be had.
 */
struct resolver *resolver_start(const char *host, const char *port);
/*
 * Has it ended? Then *error is 0 or one for gai_strerror(), and *addresses (NULL on an error)
 * is the caller's to free; they are given once.
 */
bool resolver_take(struct resolver *resolver, int *error, struct addrinfo **addresses);
/* Lose interest, at any time; the thread frees what it still works on. NULL does nothing. */
void resolver_free(struct resolver *resolver);

#endif
