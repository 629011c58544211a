/*
 * Export: the rows of a list into a file that says who took it away, when and what for.
 */
#ifndef KEHU_EXPORT_H
#define KEHU_EXPORT_H

#include "server/job/job.h"

enum err export_job_run(struct job *job);

#endif
