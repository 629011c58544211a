/*
 * A write in two halves, so that one frame may hold one of them or many, and an approval may run
 * one later: what is checked and registered before the transaction, and what runs in it.
 */
#ifndef KEHU_WRITE_H
#define KEHU_WRITE_H

#include "server/record/rule.h"

/* A Save, Act, Delete or Restore that may run once the transaction has begun. Lives in the call's arena. */
struct write {
	const Kehu__ClientFrame *frame;
	const struct entity_view *entity;
	enum right right;            /* the one it needs on the record */
	const struct action *action; /* Act */
	const struct rule *rule;     /* Act */
};

/*
 * Before call_begin: entity, right, action, and the scopes of all it may touch. The intention in
 * frame does not matter here, the call's does. ERR_BAD_REQUEST for any other request.
 */
MUST_CHECK enum err write_prepare(
    struct call *call, const Kehu__ClientFrame *frame, struct write *write);
/*
 * In the transaction: do it, and put a Written into the call's answer. Several writes of one
 * call run one after the other, each in the scope of its own right (write_scope before each).
 */
MUST_CHECK enum err write_run(struct call *call, const struct write *write);
/* Queue the scope of this write's right, where writes with different rights share a transaction. */
void write_scope(struct call *call, const struct write *write);

/* The halves by kind (save.c, act.c, remove.c); only write.c calls them. */
enum err save_prepare(struct call *call, struct write *write);
enum err save_run(struct call *call, const struct write *write);
enum err act_prepare(struct call *call, struct write *write);
enum err act_run(struct call *call, const struct write *write);
enum err remove_prepare(struct call *call, struct write *write);
enum err remove_run(struct call *call, const struct write *write);

#endif
