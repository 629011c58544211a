/*
 * What the files about signing in share: session.c (hello, login, resume), factor.c (second
 * factor), presence.c (lock, lists of sessions). Nobody else includes it.
 */
#ifndef KEHU_SESSION_H
#define KEHU_SESSION_H

#include "server/gate/gate.h"

#define TOKEN_BYTES 32

/* Somebody who has shown all that is asked. */
struct session_entry {
	int64_t user, attempt;
	const char *name, *label, *branch;
	const char *how; /* for the audit: "password", "code", "recovery" */
	const char *notice;
};

/* What is known of a login name when a try begins: the row of session_try. */
struct session_account {
	int64_t attempt, id; /* id 0: there is no such user */
	int64_t wait_s, branch_id, password_days;
	const char *label, *hash, *branch;
	bool open, must_change, enrolled;
};

/*
 * Begin a try in a transaction of its own; it counts as wrong until session_tried says better.
 * ERR_LOGIN_LOCKED, recorded, when it came too soon after others.
 */
MUST_CHECK enum err session_try(
    struct call *call, const char *name, struct session_account *account);
/* The same inside the open transaction. */
MUST_CHECK enum err session_try_here(
    struct call *call, const char *name, struct session_account *account);
/* What became of it ("good", "half"); a failure is logged only. */
void session_tried(struct call *call, int64_t attempt, const char *outcome);

/* Run one statement in a transaction of its own, outside kehu_begin. */
MUST_CHECK enum err session_run(struct call *call, const struct sql *sql, struct rows **rows);

/*
 * Open the session in the open transaction and commit it; the call is then logged in. *answer,
 * with token and store key, in the call's arena. Records its failure.
 */
MUST_CHECK enum err session_enter(
    struct call *call, const struct session_entry *entry, Kehu__LoginAnswer **answer);
/* The user's new password, in the open transaction. */
void session_queue_password(struct call *call, int64_t user, const char *hash, int64_t keep);

/* The user in the snapshot, which is loaded again for one made since; NULL: not to be let in. */
const struct access_user *session_user(struct call *call, int64_t user);
/* Whether the settings and the roles want a second factor of this user. */
bool session_wants_factor(const struct call *call, const struct access_user *user);

/* The key a client's certificate is of, as a bytea parameter; null without one. */
void session_sql_key(struct call *call, struct sql *sql);

#endif
