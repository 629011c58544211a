/*
 * Jobs: work that may take more than two seconds. A row of table job, claimed with SKIP LOCKED
 * under a lease; progress, cancel, and a result in chunks that any kehud can serve.
 */
#ifndef KEHU_JOB_H
#define KEHU_JOB_H

#include "server/gate/gate.h"

#define JOB_CHUNK_BYTES ((size_t)64 * 1024)

/* A job being run. */
struct job {
	int64_t id;
	const char *kind, *arguments; /* "customers=1000 seed=7" */
	int64_t user;
	struct worker *worker;
	struct call *call;   /* as the user who started it */
	struct arena *arena; /* lives as long as the job; call->arena as one transaction */
	const char *claim;   /* names this run: another server's has another */
	int attempts;	     /* 1 for the first run; later ones find done as the last one left it */
	int64_t done, total;
	uint32_t chunks;
	char text[400]; /* the summary for people */
	int64_t reported_us, lease_until_us; /* monotonic */
	bool cancelled; /* the user said so */
	bool released;	/* the server stops, or lost its lease: another run goes on */
};

struct job_kind {
	const char *kind;
	enum err (*run)(struct job *job);
	const char *role; /* whose users may start it with a Job request; NULL and no entity: no such request may */
	uint32_t entity;  /* or who has this right to records of that entity */
	enum right right;
};
extern const struct job_kind job_kinds[]; /* ended by NULL */

/* From the jobs lane: claim one waiting job, if any, and run it to its end. */
void job_run_waiting(struct worker *worker);

/*
 * Run one transaction of the job as its user: work registers its scopes, calls call_begin(call,
 * true) and does its part; the commit is done here. It is run again from the start where the
 * gate would run a request again, and where the database was away for a moment. call->arena is
 * emptied before each run. On failure call->failure says more, as in a handler.
 */
MUST_CHECK enum err job_transaction(struct job *job,
    enum err (*work)(struct job *job, void *to), void *to);

/*
 * From a running job, between its transactions: store progress and renew the lease (at most
 * twice a second). False: it was cancelled or another server took it; stop, with
 * ERR_CANCELLED.
 */
bool job_progress(struct job *job, int64_t done, int64_t total);
/*
 * For work that may last longer than the lease: first in its transaction after call_begin(), and again as
 * its last statement. Until it ends no other server can claim the job, and a fresh lease is committed with
 * it. ERR_CANCELLED: another server has it.
 */
MUST_CHECK enum err job_hold(struct job *job);
/* Append to the result, between transactions; more than a chunk becomes several. */
MUST_CHECK enum err job_result(struct job *job, const void *data, size_t bytes);
/* "name" of "name=value …" in the arguments, in the job's arena; NULL: absent. */
char *job_argument(struct job *job, const char *name);
char *job_argument_in(struct arena *arena, const char *arguments, const char *name);
/* The one line for people; English and Chinese given side by side. */
void job_say(struct job *job, const char *en, const char *zh, ...) PRINTF_LIKE(2, 4)
    PRINTF_LIKE(3, 4);

/* In a call's transaction: queue a job, which starts once that is committed; its id after the
 * flush. */
void job_queue(struct call *call, const char *kind, const char *arguments, struct rows **rows);

/* Kinds, each in its own file. */
enum err demo_job_run(struct job *job);
enum err import_job_run(struct job *job);
enum err alter_job_run(struct job *job);
enum err duplicate_job_run(struct job *job);

#endif
