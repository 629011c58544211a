/*
 * Intentions: the id under which a client means one write, however often it has to send it. Its
 * outcome is stored in the transaction of the work; a repeat finds it and gets the same answer.
 */
#ifndef KEHU_INTENTION_H
#define KEHU_INTENTION_H

#include "server/gate/call.h"

/*
 * Put the request's intention into the call, or a new id where it needs none. ERR_BAD_REQUEST: it
 * is missing or no UUID of its kind; ERR_INTENT_UNKNOWN: so old that its outcome may be forgotten.
 */
MUST_CHECK enum err intention_take(struct call *call, bool writes);
/*
 * If it was done before: its stored outcome as the answer, in the shape the request expects.
 * ERR_EMPTY: it was not. ERR_INTENT_REUSED: by another user, or with another content.
 */
MUST_CHECK enum err intention_answer_repeat(struct call *call);
/* Outcome and audit row of a write, to ride in the trip of its COMMIT. */
void intention_queue_outcome(struct call *call, const char *request);

#endif
