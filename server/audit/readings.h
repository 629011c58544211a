/*
 * What each user reads: the row budget, figures of the day, and who looked at whose sensitive
 * fields. Counted in memory, written in batches, so that reading costs no write of its own.
 *
 * A record counts once a day for each kehud: looking again at what was seen is free. A server
 * takes rows from the day's budget ahead, a few hundred at a time (kehu_reading_reserve), so
 * several of them, reconnecting or a restart give nobody more; what a server took and lost
 * counts as read.
 */
#ifndef KEHU_READINGS_H
#define KEHU_READINGS_H

#include "server/gate/gate.h"

struct readings;

enum reading_way { READ_LIST, READ_OPEN, READ_SEARCH, READ_REPORT, READ_EXPORT, READ_WAYS };

/* For server->readings. */
struct readings *readings_new(void);
void readings_free(struct readings *readings);

/*
 * The records in the call's answer, before it is sent; the store is idle. ERR_BUDGET: past the
 * day's budget, nothing of it may be sent. Of other answers nothing is counted.
 */
MUST_CHECK enum err readings_charge_answer(struct call *call);
/* The records of an export's page, before it is written down. */
MUST_CHECK enum err readings_charge_export(
    struct call *call, const struct entity_view *entity, const int64_t *ids, size_t count);
/*
 * Take rows ahead, since a report cannot ask in the middle of its transaction; what is not used
 * goes back by itself. *rows: how many there are now, at most wanted.
 */
MUST_CHECK enum err readings_reserve(struct call *call, uint64_t wanted, uint64_t *rows);
/* Counts rows out of those; false: there are no more. */
bool readings_use(
    struct call *call, enum reading_way way, const struct entity_view *entity, uint64_t rows);

/* Periodic, on every kehud: writes down what was counted. */
enum err readings_tick(struct worker *worker);

#endif
