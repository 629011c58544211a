/*
 * Periodic work: a thread of kehud that runs what is due, with a connection of its own. What
 * takes long queues a job.
 */
#ifndef KEHU_TICK_H
#define KEHU_TICK_H

#include "server/gate/gate.h"

struct tick_kind {
	const char *name;
	int every_s;
	/* Each kehud does it for itself, and once more when it stops; else one does it for all.
	 */
	bool everywhere;
	enum err (*run)(struct worker
		*worker); /* the arena is empty; the store is idle, and is to be left so */
};
extern const struct tick_kind tick_kinds[]; /* ended by NULL */

struct ticker;
/* NULL: no thread could be had. */
struct ticker *ticker_start(struct server *server);
void ticker_stop(struct ticker *ticker);

#endif
