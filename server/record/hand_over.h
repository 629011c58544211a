/*
 * Handing over all of one user's work to another, a batch at a time: the action does the first, and where
 * there is more a job goes on with the rest.
 */
#ifndef KEHU_HAND_OVER_H
#define KEHU_HAND_OVER_H

#include "server/job/job.h"
#include "server/record/record.h"

/* Actions of a user; the argument is to whom. */
enum err hand_over_begin(struct call *call, struct record *user, const struct value *arguments);
enum err hand_over_preview(struct call *call, struct record *user, const struct value *arguments);

/* The job: batches until nothing is left. Cancelled between two, each of both has a part. */
enum err hand_over_job_run(struct job *job);

#endif
