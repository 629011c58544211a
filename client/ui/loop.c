/* The waiting of loop.h. */
#include "client/ui/loop.h"
#include "common/date.h"
#include "common/mem.h"
#include <poll.h>
#include <stdlib.h>
#include <string.h>

enum { LOOP_WATCHES = 32 };

struct loop_watch {
	int fd; /* -1: free */
	short events;
	void (*on_ready)(void *arg, int fd, short events);
	void *arg;
};

struct loop_timer {
	unsigned number;
	int64_t due_ms;
	void (*on_time)(void *arg);
	void *arg;
};

struct loop {
	struct loop_watch watches[LOOP_WATCHES];
	struct loop_timer *timers;
	size_t timer_count, timer_room;
	unsigned last_number;
	void (*before)(void *arg);
	void *before_arg;
};

int64_t
loop_now_ms(void)
{
	return date_monotonic_us() / 1000;
}

struct loop *
loop_new(void)
{
	struct loop *loop = mem_zalloc(1, sizeof *loop);

	for (size_t i = 0; i < LOOP_WATCHES; i++)
		loop->watches[i].fd = -1;
	return loop;
}

void
loop_free(struct loop *loop)
{
	if (!loop)
		return;
	free(loop->timers);
	free(loop);
}

static struct loop_watch *
loop_find(struct loop *loop, int fd)
{
	for (size_t i = 0; i < LOOP_WATCHES; i++)
		if (loop->watches[i].fd == fd)
			return &loop->watches[i];
	return NULL;
}

void
loop_watch(struct loop *loop, int fd, short events,
    void (*on_ready)(void *arg, int fd, short events), void *arg)
{
	struct loop_watch *watch = loop_find(loop, fd);

	if (!watch)
		watch = loop_find(loop, -1);
	if (!watch)
		abort(); /* the client has one connection, one terminal and few files */
	*watch = (struct loop_watch){ fd, events, on_ready, arg };
}

void
loop_unwatch(struct loop *loop, int fd)
{
	struct loop_watch *watch = fd >= 0 ? loop_find(loop, fd) : NULL;

	if (watch)
		watch->fd = -1;
}

unsigned
loop_timer(struct loop *loop, int ms, void (*on_time)(void *arg), void *arg)
{
	if (loop->timer_count == loop->timer_room) {
		loop->timer_room = loop->timer_room ? loop->timer_room * 2 : 8;
		loop->timers = mem_resize(loop->timers, loop->timer_room * sizeof *loop->timers);
	}
	if (!++loop->last_number)
		loop->last_number = 1;
	loop->timers[loop->timer_count++] =
	    (struct loop_timer){ loop->last_number, loop_now_ms() + ms, on_time, arg };
	return loop->last_number;
}

void
loop_cancel(struct loop *loop, unsigned timer)
{
	for (size_t i = 0; i < loop->timer_count; i++) {
		if (loop->timers[i].number != timer)
			continue;
		loop->timers[i] = loop->timers[--loop->timer_count];
		return;
	}
}

void
loop_before(struct loop *loop, void (*before)(void *arg), void *arg)
{
	loop->before = before;
	loop->before_arg = arg;
}

static int
loop_wait_ms(const struct loop *loop, int max_ms)
{
	int64_t now_ms = loop_now_ms(), wait_ms = max_ms < 0 ? INT32_MAX : max_ms;

	for (size_t i = 0; i < loop->timer_count; i++)
		if (loop->timers[i].due_ms - now_ms < wait_ms)
			wait_ms = loop->timers[i].due_ms - now_ms;
	if (wait_ms == INT32_MAX)
		return -1;
	return wait_ms > 0 ? (int)wait_ms : 0;
}

/* A timer may start others; those wait for the next turn, so that none can starve the rest. */
static void
loop_run_timers(struct loop *loop)
{
	int64_t now_ms = loop_now_ms();
	unsigned last = loop->last_number;
	struct loop_timer due;
	bool found;

	do {
		found = false;
		for (size_t i = 0; i < loop->timer_count && !found; i++) {
			if (loop->timers[i].due_ms > now_ms || loop->timers[i].number > last)
				continue;
			due = loop->timers[i];
			loop->timers[i] = loop->timers[--loop->timer_count];
			due.on_time(due.arg);
			found = true;
		}
	} while (found);
}

void
loop_turn(struct loop *loop, int max_ms)
{
	struct pollfd ready[LOOP_WATCHES];
	nfds_t count = 0;
	struct loop_watch *watch;

	if (loop->before)
		loop->before(loop->before_arg);
	for (size_t i = 0; i < LOOP_WATCHES; i++)
		if (loop->watches[i].fd >= 0)
			ready[count++] = (struct pollfd){ .fd = loop->watches[i].fd,
				.events = loop->watches[i].events };
	if (poll(ready, count, loop_wait_ms(loop, max_ms)) > 0) {
		for (nfds_t i = 0; i < count; i++) {
			/* An earlier one may have unwatched it. */
			watch = ready[i].revents ? loop_find(loop, ready[i].fd) : NULL;
			if (watch)
				watch->on_ready(watch->arg, ready[i].fd, ready[i].revents);
		}
	}
	loop_run_timers(loop);
}
