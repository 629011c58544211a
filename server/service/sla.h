/*
 * The clocks of a ticket: what was promised for it, on working time, and how far that is. The moments are
 * worked out once, when a clock starts or goes on, and stored; who is told at them is kehu_sla_pass().
 */
#ifndef KEHU_SERVICE_SLA_H
#define KEHU_SERVICE_SLA_H

#include "server/record/rule.h"

/* A new ticket, or one whose kind, priority or customer changed: what is promised for it, from when it came in. */
MUST_CHECK enum err sla_start(struct call *call, struct record *ticket);

/* It waits for the customer: the clocks stand, but for the first answer's, which is given with it. */
MUST_CHECK enum err sla_pause(struct call *call, struct record *ticket);
MUST_CHECK enum err sla_resume(struct call *call, struct record *ticket);

/* A promise was kept or not: "answer", "on_site". */
void sla_reach(struct record *ticket, const char *kind);
/* It is solved: whatever still runs ends with it. */
void sla_solve(struct record *ticket);
/* It ends without being solved: nothing is counted. */
void sla_drop(struct record *ticket);
/* It is open again: the time to solve it begins anew. */
MUST_CHECK enum err sla_restart(struct call *call, struct record *ticket);

#endif
