/*
 * What the files of link share: link.c (states and the poll loop), session.c (greeting, signing
 * in, catalogue), sign.c (second factor, lock), queue.c (requests), outbox.c. Nobody else includes this.
 */
#ifndef KEHU_LINK_PRIVATE_H
#define KEHU_LINK_PRIVATE_H

#include "client/link/cache.h"
#include "client/link/carrier.h"
#include "client/link/link.h"
#include "client/link/trace.h"
#include <sys/queue.h>

#define LINK_SLOW_MS      800
#define LINK_IN_FLIGHT    8 /* the server lets a session have 16 */
#define LINK_MISSES       2 /* unanswered pings before the link counts as dead */
#define LINK_BUSY_TRIES   6 /* an answer "busy" is asked again so often: some 12 s */
#define LINK_CACHE_BYTES  ((size_t)4 * 1024 * 1024)
#define LINK_CATALOGS_MAX 64

enum phase {
	PHASE_CONNECT,
	PHASE_HELLO,
	PHASE_LOGIN, /* login.number 0: waiting for link_login() */
	PHASE_RESUME,
	PHASE_CATALOG,
	PHASE_READY,
	PHASE_BROKEN,
	PHASE_ENDED,
};

struct pending {
	TAILQ_ENTRY(pending) entry;
	uint32_t number;
	enum request_id request;
	bool write;
	unsigned flags;
	struct buf bytes; /* the whole frame as sent */
	void (*done)(void *context, const Kehu__ServerFrame *answer);
	void (*restart)(void *context);
	void *context;
	bool sent, began; /* began: frames of its streamed answer were handed on */
	bool cancelled;   /* sent; only its answer is awaited */
	bool wants_catalog;
	int tries;
	int64_t not_before_us, expires_us; /* 0: none */
	char outbox_key[40];               /* its entry in the journal; "" none */
	char *draft_key, *title;
	uint8_t cache_key[32];
};
TAILQ_HEAD(pending_list, pending);

struct link {
	struct link_options options;
	struct arena *arena; /* options, servers; as long as the link */
	SSL_CTX *context;
	struct carrier carrier;
	struct trace *trace; /* NULL: none is kept */
	const char *const *hosts, *const *ports;
	size_t server_count, server_at;

	enum phase phase;
	enum link_state told; /* last state given to events.state */
	bool was_ready, moving;
	bool server_said; /* .error is what the server itself gave as its reason to close */
	enum err error;
	char *text;
	int attempt;
	int64_t retry_us, broken_us, ready_us, moving_us;

	/* session */
	char *user_name, *password, *new_password;
	bool login_given;
	uint32_t control; /* number of the Hello, Login, Resume or first Catalog under way */
	int control_tries;
	int64_t control_us; /* when to ask again; 0: not */
	uint8_t *token;
	size_t token_bytes;
	struct link_user user;
	struct arena *user_arena;
	uint8_t ticket[32]; /* of a login that wants a second factor */
	bool has_ticket, factor_enrol;
	const Kehu__FactorAnswer *factor;
	struct arena *factor_arena;
	bool locked; /* nothing is sent but Lock */
	uint32_t lock_number;
	int64_t clock_us; /* server's clock less ours */
	struct cat *catalogs[LINK_CATALOGS_MAX];
	size_t catalog_count;
	const struct cat *catalog;
	enum lang catalog_lang;
	uint32_t catalog_number; /* of a Catalog asked while ready */
	bool catalog_wanted;
	struct journal *journal;

	/* keepalive */
	uint32_t ping;
	int64_t ping_us, next_ping_us,
	    sent_us; /* sent_us: of the control request, for the RTT */
	int misses, rtt_ms;

	uint32_t last_number;
	struct pending_list queue;
	struct buf subscription; /* packed Subscribe; empty: none */
	bool subscription_due;
	struct link_cache *cache;
};

/* link.c */
const char *link_say(const struct link *link, const char *en, const char *zh);
/* text NULL: the error's own. Copied. */
void link_reason(struct link *link, enum err error, const char *text);
void link_enter(struct link *link, enum phase phase);
/* Calls events.state when the state is another than told last. */
void link_tell(struct link *link);
/* The connection is of no more use: back off and try again. at_once: without waiting. */
void link_break(struct link *link, enum err error, const char *text, bool at_once);
void link_end(struct link *link, enum err error, const char *text);
uint32_t link_next_number(struct link *link);
/* Packs and hands a frame to the carrier. */
void link_put(struct link *link, const Kehu__ClientFrame *frame);

/* session.c */
void session_greet(struct link *link);
/* Whether the frame was an answer to a control request or a ping. */
bool session_answer(struct link *link, const Kehu__ServerFrame *frame);
void session_tick(struct link *link, int64_t now_us);
int64_t session_due_us(const struct link *link);
void session_ended(struct link *link);
void session_want_catalog(struct link *link);
void session_forget(struct link *link); /* password and token, wiped */

/* sign.c */
void sign_refused(struct link *link, enum err err, const Kehu__Error *error);
void sign_forget(struct link *link);
void sign_keep_answer(struct link *link, const Kehu__ServerFrame *frame);
void sign_locked(struct link *link, bool locked);
void sign_found_locked(struct link *link);
bool sign_answer(struct link *link, const Kehu__ServerFrame *frame);

/* queue.c */
void queue_answer(struct link *link, const Kehu__ServerFrame *frame);
void queue_flush(struct link *link, int64_t now_us);
void queue_expire(struct link *link, int64_t now_us);
void queue_broken(struct link *link);
/* A new catalogue is here (or could not be had: error): those that waited for it go on. */
void queue_catalog(struct link *link, enum err error, const char *text);
/* Everything is answered with this error; the journal keeps what it has. */
void queue_fail_all(struct link *link, enum err error);
void queue_drop_all(struct link *link);
int64_t queue_due_us(const struct link *link);
size_t queue_waiting(const struct link *link, size_t *writes);
bool queue_idle(const struct link *link); /* nothing in flight */

/* outbox.c */
void outbox_open(struct link *link, const void *key, size_t key_bytes);
void outbox_put(struct link *link, struct pending *pending, const Kehu__ClientFrame *frame);
void outbox_done(struct link *link, struct pending *pending, const Kehu__ServerFrame *answer);
void outbox_replay(struct link *link);

#endif
