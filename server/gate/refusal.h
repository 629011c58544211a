/*
 * How a failed call is told to its client.
 */
#ifndef KEHU_REFUSAL_H
#define KEHU_REFUSAL_H

#include "server/gate/call.h"

/*
 * The field a unique index of the database speaks of: they are called <table>_<field>. Text tells
 * nothing of the other record, which the user may not be able to see.
 */
struct failure refusal_by_constraint(const struct call *call, enum err err);
/* The call's failure as a sentence for its user, led by the field it is about. In the call's arena. */
const char *refusal_sentence(struct call *call, enum err err);
/* The call's failure, with all fields refused beside it, becomes its answer. */
void refusal_answer(struct call *call);

#endif
