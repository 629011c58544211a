/*
 * One lookup, one detached thread. A thread inside getaddrinfo() cannot be stopped safely, so a
 * lookup nobody waits for any more is left to end by itself: the caller and the thread each
 * hold the resolver, and who lets go last frees it. getaddrinfo_a() would do the same with less
 * code of ours, but its helper threads run into the sanitizers' own start of a thread.
 */
#include "client/link/resolver.h"
#include "common/mem.h"

#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

struct resolver {
	char host[256], port[16];
	struct addrinfo *addresses; /* the thread's until ended, then the caller's */
	int error;
	atomic_bool ended;
	atomic_int holders;
};

static void
resolver_release(struct resolver *resolver)
{
	if (atomic_fetch_sub(&resolver->holders, 1) > 1)
		return;
	if (resolver->addresses != NULL)
		freeaddrinfo(resolver->addresses);
	free(resolver);
}

static void *
resolver_run(void *arg)
{
	struct resolver *resolver = arg;
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM };

	resolver->error =
	    getaddrinfo(resolver->host, resolver->port, &hints, &resolver->addresses);
	if (resolver->error != 0)
		resolver->addresses = NULL;
	atomic_store(&resolver->ended, true);
	resolver_release(resolver);
	return NULL;
}

/* Signals stay with the thread that has the screen: this one takes none. */
static bool
resolver_thread(struct resolver *resolver)
{
	pthread_attr_t attributes;
	pthread_t thread;
	sigset_t all, before;

	if (pthread_attr_init(&attributes) != 0)
		return false;
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	bool started = pthread_create(&thread, &attributes, resolver_run, resolver) == 0;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attributes);
	return started;
}

struct resolver *
resolver_start(const char *host, const char *port)
{
	struct resolver *resolver = mem_zalloc(1, sizeof(*resolver));

	snprintf(resolver->host, sizeof(resolver->host), "%s", host);
	snprintf(resolver->port, sizeof(resolver->port), "%s", port);
	atomic_init(&resolver->ended, false);
	atomic_init(&resolver->holders, 2);
	if (!resolver_thread(resolver)) {
		free(resolver);
		return NULL;
	}
	return resolver;
}

bool
resolver_take(struct resolver *resolver, int *error, struct addrinfo **addresses)
{
	if (!atomic_load(&resolver->ended))
		return false;
	*error = resolver->error;
	*addresses = resolver->addresses;
	resolver->addresses = NULL;
	return true;
}

void
resolver_free(struct resolver *resolver)
{
	if (resolver != NULL)
		resolver_release(resolver);
}
