/*
 * Scheduled reports: what a schedule asks for, and the job that makes it, keeps it and mails it. When they are due is
 * sql/repeat/43_report.sql's.
 */
#ifndef KEHU_REPORT_SCHEDULE_H
#define KEHU_REPORT_SCHEDULE_H

#include "server/report/report.h"

struct job;

/*
 * The request for a report with "name=value other=\"two words\"", and, of a period (a code of report_period, or NULL
 * or ""), its dates from and to as counted from the call's today. ERR_INVALID: *why says what is wrong.
 */
MUST_CHECK enum err schedule_request(struct call *call, const struct report_info *info, const char *parameters,
    const char *period, Kehu__Report *request, const char **why);
/* Whether one of these receivers is an address, not a user of ours. */
bool schedule_leaves_house(const char *receivers);

/* Of the job "report", whose argument run names the line of the archive. */
MUST_CHECK enum err schedule_job_run(struct job *job);

#endif
