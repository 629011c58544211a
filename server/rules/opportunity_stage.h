/*
 * The stages of opportunities with their rules, as a call reads them.
 */
#ifndef KEHU_OPPORTUNITY_STAGE_H
#define KEHU_OPPORTUNITY_STAGE_H

#include "server/record/record.h"

struct stage {
	const char *code, *state; /* state: "open", "won", "lost" */
	int64_t probability;      /* percent */
	const char *needs;        /* names of fields, space-separated */
	const char *moves;        /* codes of stages, space-separated; "": any */
	const char *role;         /* name of the role that may enter it; "": anybody */
	int64_t stall_days;       /* 0: it never stalls */
};

struct stages {
	const struct stage *list; /* in their order */
	size_t count;
};

/* In the call's arena; one trip. The transaction has begun. */
MUST_CHECK enum err stages_read(struct call *call, struct stages *stages);
/* The same in two halves, to ride in another trip: queue, and take after the flush. */
void stages_queue(struct call *call, struct rows **rows);
struct stages stages_take(struct call *call, const struct rows *rows);
/* NULL: there is none of this code. */
const struct stage *stages_find(const struct stages *stages, const char *code);
/* The first stage of a state; NULL: none. */
const struct stage *stages_of_state(const struct stages *stages, const char *state);
bool stage_is_open(const struct stage *stage);

#endif
