/*
 * One change of many records: named ones or all that a query finds, in one transaction. alter.c
 * finds them and keeps what was done, alter_apply.c does it, alter_undo.c takes it back, alter_back.c what an import did; what is
 * too much for a request is server/job/alter.c's.
 */
#ifndef KEHU_ALTER_H
#define KEHU_ALTER_H

#include "server/record/write.h"

#define ALTER_ROWS_MAX	  10000
#define ALTER_DIRECT_MAX  1000 /* more are a job's */
#define ALTER_NAMED_MAX	  50   /* refusals that are told one by one */
#define ALTER_VALUES_MAX  50

/* ALTER_BACK is no request's: it is how an import is undone. */
enum alter_what { ALTER_SET, ALTER_TAG, ALTER_UNTAG, ALTER_ACT, ALTER_DELETE, ALTER_RESTORE, ALTER_BACK };

struct alter_value {
	const struct field *field; /* of the reader's view */
	struct value value;
};

struct alter_row {
	int64_t id;
	int64_t version; /* as it must still be; 0: any */
	const char *label;
	uint32_t rights; /* bits as in a Row */
	bool gone;       /* found no more under its id */
};

struct alter_refusal {
	int64_t id;
	const char *label, *text;
};

/* Lives in the arena of the call; refusals and outcome too. */
struct alter {
	struct call *call;
	const struct entity_view *entity; /* the reader's view */
	enum alter_what what;
	enum right right;
	const char *action;
	struct alter_value *values; /* set */
	size_t value_count;
	const int64_t *tags; /* tag, untag */
	size_t tag_count;
	const struct entity_view *tag_line;
	struct uuid change; /* back: what is taken back */
	struct write write; /* act, delete, restore: of any one row */
	struct alter_row *rows;
	size_t row_count, tried;
	int64_t *done_ids, *done_versions;
	size_t done, same, refused;
	struct alter_refusal refusals[ALTER_NAMED_MAX];
};

/*
 * Before the transaction: what the request means, checked, and its scopes registered. request must
 * live as long as the call. A second part of the result reads the records.
 */
struct page_reading;
MUST_CHECK enum err alter_prepare(struct call *call, const Kehu__Alter *request,
    struct alter *alter, struct page_reading **reading);
/* In the transaction: the records meant. ERR_BULK_LARGE, ERR_EMPTY. */
MUST_CHECK enum err alter_find(
    struct alter *alter, const Kehu__Alter *request, struct page_reading *reading);
/* Do it, each record for itself; those refused are told in alter, and the rest is done. */
MUST_CHECK enum err alter_apply(struct alter *alter, size_t max);
/*
 * ERR_BULK_REFUSED where some are refused and the request does not leave them out. Else the record of
 * what was done, in *bulk, and messages to those concerned.
 */
MUST_CHECK enum err alter_keep(struct alter *alter, const Kehu__Alter *request, int64_t *bulk);
/* "级别 A", "转移": what it does, in the reader's language. */
const char *alter_title(const struct alter *alter);
/* Whether alter_undo could take it back. */
bool alter_is_undoable(enum alter_what what, const char *action);
const char *alter_name(enum alter_what what);

/* What taking back leaves as it is, for people: a line for each of the first. */
struct alter_kept {
	struct buf names; /* BUF_INIT; buf_fini() is the caller's */
	size_t count;
};
void alter_note_kept(struct alter_kept *kept, const char *label, int64_t id, const char *why);
/*
 * In the transaction: records of alter->entity that alter->change made are deleted, or those it changed put
 * back. What was touched since, or may not be, is noted in kept. alter has call, entity and change.
 */
MUST_CHECK enum err alter_take_back(struct alter *alter, bool made, const int64_t *ids,
    size_t count, struct alter_kept *kept);
/* A record that was read to be changed gets what it had before alter->change; it is not stored here. */
MUST_CHECK enum err alter_put_back(struct alter *alter, struct record *record);
/* alter->write: a delete or restore of any one of its records. */
MUST_CHECK enum err alter_prepare_remove(struct alter *alter, bool restore);

/* The action "undo" of a bulk: more than a request may hold becomes a job. */
enum err alter_act_undo(struct call *call, struct record *bulk, const struct value *arguments);

#endif
