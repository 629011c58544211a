/*
 * What this kehud counts, as Prometheus reads it, and whether it is well. Counters only, no
 * names, no values of records.
 */
#ifndef KEHU_METRICS_H
#define KEHU_METRICS_H

#include "server/server.h"

/* From any thread: a request was answered. us: from its arrival at a worker; cpu_us: of that
 * worker. */
void metrics_request(int request, enum err err, int64_t us, int64_t cpu_us);
/* From the change feed, every second or so: the database answered, or did not. */
void metrics_database(bool answered);

/*
 * For net_options.status: health false: all counters, else one line that says how it is. False:
 * it is not well (the database has not answered for ten seconds, or the server is stopping).
 */
bool metrics_status(struct net *net, bool health, struct buf *out);

#endif
