/*
 * Answers: small helpers that put a protobuf message into a call.
 */
#ifndef KEHU_ANSWER_H
#define KEHU_ANSWER_H

#include "server/gate/call.h"

void answer_done(struct call *call);
/* The answer of a write; also what its outcome and audit rows will name. action NULL: the request's name. */
void answer_written(struct call *call, const struct entity *entity, int64_t id, uint32_t version,
    const char *action, const char *text);

#endif
