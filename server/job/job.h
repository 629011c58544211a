/*
 * Jobs: work that may take more than two seconds. A row of table job, claimed with SKIP LOCKED
 * under a lease; progress, cancel, and a result in chunks that any kehud can serve.
 */
#ifndef KEHU_JOB_H
#define KEHU_JOB_H

#include "server/gate/gate.h"

/* A job being run. */
struct job {
	int64_t id;
	const char *kind, *arguments; /* "customers=1000 seed=7" */
	int64_t user;
	struct worker *worker;
	struct call *call; /* as the user who started it */
	int64_t done, total;
	uint32_t chunks;
	char text[400]; /* the summary for people */
	int64_t reported_us;
	bool cancelled;
};

struct job_kind {
	const char *kind;
	enum err (*run)(struct job *job);
};
extern const struct job_kind job_kinds[]; /* ended by NULL */

/* From the jobs lane: claim one waiting job, if any, and run it to its end. */
void job_run_waiting(struct worker *worker);

/*
 * From a running job, between its transactions: store progress and renew the lease (at most
 * twice a second). False: it was cancelled or another server took it; stop.
 */
bool job_progress(struct job *job, int64_t done, int64_t total);
/* Append a chunk to the result. */
MUST_CHECK enum err job_result(struct job *job, const void *data, size_t bytes);
/* "name" of "name=value …" in the arguments, in arena; NULL: absent. */
char *job_argument(struct job *job, const char *name);

/* In a call's transaction: queue a job; its id after the flush. */
void job_queue(struct call *call, const char *kind, const char *arguments, struct rows **rows);

#endif
