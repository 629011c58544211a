/*
 * The approval engine: a writing request that a rule wants somebody's consent for is not done but
 * stored, as it was sent, until the last step grants it; then it is done in the granting
 * transaction, with its sender's rights and the rules of that day.
 *
 * The gate asks before and after each writing request. A request is run first and undone again if
 * a rule matches: so a rule's condition is judged on the very record that would come of it, wrong
 * values are answered at their fields at once, and what would change can be shown.
 */
#ifndef KEHU_APPROVAL_H
#define KEHU_APPROVAL_H

#include "server/record/record.h"

/* Collects the rules that may want consent for this call's request; with none nothing else costs. */
void approval_prepare(struct call *call);
/*
 * After the handler did its work, in its transaction: if a rule matches, that work is undone and the
 * request stored as an approval, which the answer then names. ERR_APPROVER_NEEDED, ERR_APPROVAL_REASON:
 * to be sent again with one; ERR_NO_APPROVER.
 */
MUST_CHECK enum err approval_intercept(struct call *call);

/*
 * For requests that are not one record's (an export): before anything is done, with the transaction
 * begun. *waits: the request is stored, the answer names the approval; the handler returns. count:
 * rows it is about; title: what is asked, in the sender's language.
 */
MUST_CHECK enum err approval_ask(struct call *call, const struct entity *entity, const char *action,
    int64_t count, const char *title, bool *waits);

/*
 * For rows of an import, after record_save(): whether a rule wants consent for this one. Imports do
 * not wait; such a row is refused with ERR_NEEDS_APPROVAL.
 */
MUST_CHECK enum err approval_check_row(struct call *call, const struct record *record);
/* The same after any action on one of many records, done under its name. */
MUST_CHECK enum err approval_check_done(
    struct call *call, const struct entity_view *entity, int64_t id, const char *action);

/* Whether any rule may ask this user when they save records of the entity. */
bool approval_may_ask(struct call *call, const struct entity *entity);

/* One record or line that a stored request would change; arrays as history keeps them. */
struct approval_change {
	uint32_t entity;
	int64_t id;
	uint32_t version;
	int kind; /* as in history: 1 created, 2 changed, 3 deleted, 4 restored */
	int64_t *fields;
	const char **old, **new;
	size_t count;
};

/* What is stored: the request of the call, with what it would change. */
struct approval_request {
	const struct entity *entity;
	int64_t id; /* of the record; 0: a new one, or none in particular */
	const char *action, *title;
	const struct approval_rule **rules;
	size_t rule_count;
	const struct approval_change *changes;
	size_t change_count;
};
MUST_CHECK enum err approval_open(struct call *call, const struct approval_request *request);

#endif
