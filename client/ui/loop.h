/*
 * Loop: poll over descriptors and timers, one thread. The connection, the terminal and the
 * screens all wait here and nowhere else.
 */
#ifndef KEHU_UI_LOOP_H
#define KEHU_UI_LOOP_H

#include "common/arena.h"
#include <stdint.h>

struct loop;

struct loop *loop_new(void);
void loop_free(struct loop *loop);

/*
 * Call on_ready when fd has one of events (POLLIN, POLLOUT …). One watch per fd: watching
 * again changes the events and the function. on_ready may watch and unwatch anything.
 */
void loop_watch(struct loop *loop, int fd, short events,
    void (*on_ready)(void *arg, int fd, short events), void *arg);
void loop_unwatch(struct loop *loop, int fd);

/* Call on_time once, in ms from now. Returns the timer's number, never 0. */
unsigned loop_timer(struct loop *loop, int ms, void (*on_time)(void *arg), void *arg);
/* Forget a timer; 0 and numbers of timers past are harmless. */
void loop_cancel(struct loop *loop, unsigned timer);

/*
 * Call before each wait, so that what the screens asked for goes out first and the watches are
 * those of the moment. It may watch, unwatch and set timers. NULL: nothing.
 */
void loop_before(struct loop *loop, void (*before)(void *arg), void *arg);

/* Wait for something at most max_ms (-1: however long) and serve it. */
void loop_turn(struct loop *loop, int max_ms);

/* Milliseconds of a clock that only goes forward. */
int64_t loop_now_ms(void);

#endif
