/*
 * A request that was stored and is now to be done, inside the transaction of another.
 */
#ifndef KEHU_DEFERRED_H
#define KEHU_DEFERRED_H

#include "server/gate/call.h"

struct deferred {
	const void *request; /* a packed ClientFrame */
	size_t bytes;
	int64_t user; /* whose request it was, and whose rights count */
	enum lang lang;
	int offset_min;
	struct uuid intention; /* history names it as what made the change */
	/* How it went: */
	bool done;
	uint32_t entity; /* what was written, when done */
	int64_t id;
	const char *why; /* when not done: a sentence in lang, in the outer call's arena */
};

/*
 * Run it as its user. What it did stays when it went well; when it was refused all of it is undone and
 * the outer transaction goes on, ERR_OK either way. Other errors (the database is gone, a lock not
 * got, caches stale) are the outer request's own and are answered as such.
 */
MUST_CHECK enum err gate_run_deferred(struct call *outer, struct deferred *deferred);

#endif
