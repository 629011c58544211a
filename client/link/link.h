/*
 * link: the client's end of one session with a server.
 *
 * One reconnecting state machine over a non-blocking TLS socket. The caller owns the poll
 * loop (link_fds, link_timeout_ms, link_poll); the command line uses the blocking link_wait and
 * link_call. Requests are queued at any time, also while the link is broken: they are sent when
 * it is ready, and sent again after a reconnect. Reads are simply asked again; writes carry an
 * intention id, so that a repeat gets the stored outcome. Nobody above ever sees "outcome
 * unknown".
 *
 * One thread. Callbacks run inside link_poll, link_wait and link_call; from them any function
 * but link_free may be called. The frame given to a callback dies when it returns: link_keep()
 * copies it. link_new ignores SIGPIPE for the process (OpenSSL writes with write()).
 */
#ifndef KEHU_LINK_H
#define KEHU_LINK_H

#include "client/link/catalog.h"
#include "client/link/journal.h"
#include "common/tls.h"
#include "proto/frame.h"
#include <poll.h>

enum link_state {
	LINK_CONNECTING, /* name, TCP, TLS; nothing was ever ready */
	LINK_HELLO,
	LINK_LOGIN, /* signing in, or waiting for link_login(): see .needs_login */
	LINK_READY,
	LINK_SLOW,     /* ready, round trips over 800 ms */
	LINK_BROKEN,   /* waiting .retry_in_ms for the next try */
	LINK_RESUMING, /* reconnecting to the session that was cut */
	LINK_ENDED,    /* will not try again by itself: logout, certificate, version */
};

struct link_status {
	enum link_state state;
	bool needs_login; /* greeted, no session: call link_login() */
	bool needs_factor; /* the same, and the password was right: call link_factor() */
	bool factor_enrol; /* there is no second factor yet: it must be set up */
	bool locked;       /* ready, but it does nothing before link_unlock() */
	enum err
	    error; /* why it is broken, ended, or why the last login was refused; else OK */
	const char
	    *text;  /* one sentence for it in the user's language; until the next link call */
	int rtt_ms; /* smoothed; -1 before the first */
	int broken_ms;   /* since the link was last ready (0 while it is) */
	int retry_in_ms; /* BROKEN */
	int attempt;     /* of reconnecting, from 1; 0 while ready */
	size_t waiting;  /* requests not answered yet */
	size_t unsynced; /* writes among them ("待同步 2") */
};

/* Who is signed in; NULL members are "". Valid until the next login. */
struct link_user {
	int64_t id;
	const char *name, *label, *branch;
	const char *const *roles;
	size_t role_count;
	int lock_s;         /* nobody touched a key for so long: link_lock(); 0: never */
	const char *notice; /* to be shown once; "": nothing */
	const char *viewer; /* somebody else who only looks as this user; "": nobody */
	int64_t until_us;   /* and until when */
};

struct link_events {
	void *context;
	/* The state or its reason changed. */
	void (*state)(void *context, enum link_state state);
	/* Changed, Notice, Moving; CatalogChanged comes as .catalog once the new one is here.
	 */
	void (*push)(void *context, const Kehu__ServerFrame *frame);
	void (*catalog)(void *context, const struct cat *catalog);
	/*
	 * A write that an earlier run (or a request without .done) left in the outbox was
	 * answered. A refused one has become a draft with the same key.
	 */
	void (*outbox)(
	    void *context, const struct journal_entry *entry, const Kehu__ServerFrame *answer);
};

struct link_options {
	const char *server;  /* "HOST:PORT", several separated by commas; tried in turn */
	const char *ca_file; /* NULL: the system's authorities */
	const char *cert_file, *key_file; /* of this machine, given by the branch; NULL: none */
	const char *program; /* for the server's log: "kehu 1.0" */
	enum lang lang;
	int offset_min;        /* the user's clock, minutes east of UTC */
	const char *state_dir; /* drafts and outbox (place_state_dir()); NULL: none are kept */
	const char *cache_dir; /* catalogues (place_cache_dir()); NULL: memory only */
	const char *trace;     /* file for a line about each frame (trace.h); NULL: none */
	bool keep_password;    /* sign in again by itself when the session has ended */
	bool give_up;          /* ENDED when the very first connection fails (command line) */
	struct link_events events;
	/* 0: 30,000; 1,000; 30,000; 10,000 ms; tests shorten them. */
	int ping_ms, backoff_ms, backoff_max_ms, connect_ms;
};

/* Options are copied. Never fails: what is wrong shows as LINK_ENDED with a reason. */
struct link *link_new(const struct link_options *options);
/* Unanswered requests get no callback; their outbox entries stay for the next run. */
void link_free(struct link *link);
/* Replaces the events given to link_new; copied. */
void link_set_events(struct link *link, const struct link_events *events);

/* ---- signing in ---- */

/* May be called before the link is greeted. new_password: only after PASSWORD_CHANGE, else
 * NULL. */
void link_login(
    struct link *link, const char *user, const char *password, const char *new_password);
/*
 * Instead of a login: go on with a session that another request opened (ViewAs), by its token.
 * Copied. Once it has ended the link wants a login.
 */
void link_resume(struct link *link, const uint8_t *token, size_t bytes);
/*
 * The second stage of a login, while status.needs_factor: SIGN_IN with a code; or, where one must
 * be set up, BEGIN (link_factor_answer() then has the secret) and CONFIRM with a first code.
 */
enum link_factor_step { LINK_FACTOR_SIGN_IN = 1, LINK_FACTOR_BEGIN, LINK_FACTOR_CONFIRM };
void link_factor(struct link *link, enum link_factor_step step, const char *code);
/* What the last one answered: secret, recovery codes. Until the next; NULL: nothing yet. */
const Kehu__FactorAnswer *link_factor_answer(const struct link *link);
/*
 * Nobody is there: the server answers nothing until link_unlock() with the user's password.
 * Requests wait. status.locked tells; a refused unlock is status.error.
 */
void link_lock(struct link *link);
void link_unlock(struct link *link, const char *password);
/* Ends the session on the server (when it can be told) and the link. */
void link_logout(struct link *link);
/* Try to reconnect now (Ctrl-R); also starts again from ENDED. */
void link_retry(struct link *link);
/* Reconnects to the same session in the other language; the catalogue follows. */
void link_set_lang(struct link *link, enum lang lang);

struct link_status link_status(const struct link *link);
const struct link_user *link_user(const struct link *link);
enum lang link_lang(const struct link *link);
/* NULL before the first login; older catalogues stay valid until link_free. */
const struct cat *link_catalog(const struct link *link);
/* NULL before the first login or without .state_dir. */
struct journal *link_journal(const struct link *link);
/* The server's idea of now, and of today on the user's clock. */
int64_t link_now_us(const struct link *link);
int64_t link_today(const struct link *link);
/* When the server's certificate ends; 0: none was seen. */
int64_t link_certificate_us(const struct link *link);

/* ---- requests ---- */

/* A new intention id, stamped with the server's clock: a wrong clock here does no harm. */
struct uuid link_intention(const struct link *link);

enum link_flag {
	LINK_LOW = 1,    /* prefetch: sent only when nothing else waits */
	LINK_CACHE = 2,  /* a read: keep the answer for link_cached() */
	LINK_OUTBOX = 4, /* a write: journal it until answered; survives the program */
	LINK_ONCE = 8,   /* fail with NO_SERVER rather than wait for a reconnect (reads) */
};

struct link_request {
	const Kehu__ClientFrame
	    *frame; /* copied; .number and a missing intention are filled in */
	/*
	 * Called once with the answer or an Error; for a streamed answer (Report) once for each
	 * frame, link_last() being true for the last.
	 */
	void (*done)(void *context, const Kehu__ServerFrame *answer);
	/* A streamed answer begins again after a reconnect; without it such a request fails. */
	void (*restart)(void *context);
	void *context;
	unsigned flags;
	int timeout_ms;    /* 0: none; after it .done gets a TIMEOUT error */
	const char *title; /* LINK_OUTBOX: what the user sees it as ("拜访 华信科技") */
	const char *key;   /* LINK_OUTBOX: the draft it replaces, NULL: none */
};
/* Returns the request's number (never 0), for link_cancel. */
uint32_t link_send(struct link *link, const struct link_request *request);
/* The callback is not called any more; the server is told to stop. Unknown numbers are nothing.
 */
void link_cancel(struct link *link, uint32_t number);
/* Replaces what the session watches; sent again by itself after a reconnect. */
void link_subscribe(struct link *link, const Kehu__Subscribe *subscribe);

/* Whether this is the last frame of its answer. */
bool link_last(const Kehu__ServerFrame *frame);
/* The error of an answer: OK when it is none; numbers that are not ours are INTERNAL. */
enum err link_error(const Kehu__ServerFrame *frame);
/* A deep copy in arena. */
Kehu__ServerFrame *link_keep(struct arena *arena, const Kehu__ServerFrame *frame);

/*
 * The last answer to the same read (sent with LINK_CACHE), copied into arena, and its age.
 * NULL: none. *fresh: nothing is known to have changed since.
 */
Kehu__ServerFrame *link_cached(struct link *link, struct arena *arena,
    const Kehu__ClientFrame *frame, int64_t *age_ms, bool *fresh);

/* ---- the caller's poll loop ---- */

/* Fills at most one pollfd; returns how many. Ask again before every poll(). */
size_t link_fds(const struct link *link, struct pollfd *fds);
/* Until something is due; -1: nothing is. */
int link_timeout_ms(const struct link *link);
/* Does whatever can be done without blocking; call after every poll(). */
void link_poll(struct link *link);

/* ---- blocking, for the command line ---- */

/*
 * Run until ready. ERR_OK; ERR_LOGIN_NEEDED: greeted, and no login was given; otherwise the
 * reason (link_status().text has the sentence). timeout_ms 0: 30 s.
 */
MUST_CHECK enum err link_wait(struct link *link, int timeout_ms);
/*
 * Ask and wait. ERR_OK and *answer (in arena), or the error; *answer is then the Error frame,
 * or NULL when there was none from the server. Reconnects within timeout_ms (0: 60 s).
 */
MUST_CHECK enum err link_call(struct link *link, struct arena *arena,
    const Kehu__ClientFrame *frame, Kehu__ServerFrame **answer, int timeout_ms);
/*
 * One turn of the loop: waits for something to happen, at most timeout_ms. ERR_TIMEOUT; or the
 * reason when the link has ended or wants a login; otherwise ERR_OK.
 */
MUST_CHECK enum err link_turn_once(struct link *link, int timeout_ms);
/* Run for callbacks until *stop is true, the link ends, or timeout_ms of no progress passed. */
MUST_CHECK enum err link_run(struct link *link, const bool *stop, int timeout_ms);

#endif
