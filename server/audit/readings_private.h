/*
 * Inside readings.h: what is kept in memory of who read what. readings.c counts, readings_answer.c finds the
 * records in an answer, readings_flush.c writes down.
 */
#ifndef KEHU_READINGS_PRIVATE_H
#define KEHU_READINGS_PRIVATE_H

#include "server/audit/readings.h"

#include "common/date.h"

#include <pthread.h>

#define BUCKETS       1024
#define CHUNK_MAX     500
#define US_PER_HOUR   (3600 * US_PER_SECOND)

/* Records seen: open addressing, a power of two; 0 is free. */
struct id_set {
	uint64_t *ids;
	size_t size, count;
};

struct reader {
	struct reader *next;
	int64_t user, day;
	struct id_set seen;
	uint64_t left;            /* taken from the budget, not used yet */
	uint64_t news[READ_WAYS]; /* since the last flush */
	int64_t used_us;          /* monotonic */
};

/* Looks at the sensitive fields of a record (0: of rows in lists) in an hour. */
struct view {
	struct view *next;
	int64_t user, record, hour;
	uint32_t entity;
	uint64_t count, written;
};

struct readings {
	pthread_mutex_t lock;
	struct reader *readers[BUCKETS];
	struct view *views[BUCKETS];
	size_t view_count;
};

/* The day that budgets count by. */
int64_t reading_day(const struct server *server);
void reader_free(struct reader *reader);
/* One statement in a transaction of its own. */
MUST_CHECK enum err readings_run(
    struct store *store, struct arena *arena, const struct sql *sql, struct rows **rows);
/* Counts records once a day, out of the budget; ERR_BUDGET: there is not enough of it left. */
MUST_CHECK enum err readings_charge(
    struct call *call, enum reading_way way, const int64_t *ids, size_t count);
/* The reader looked at count records of an entity (record 0: in a list), where it has sensitive fields. */
void readings_note_view(
    struct call *call, const struct entity_view *entity, int64_t record, uint64_t count);

#endif
