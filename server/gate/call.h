/*
 * A call: one request being answered by a worker, from decoded frame to packed answer.
 *
 * net hands a struct work to a worker; gate_serve() decodes it into the call's arena, checks
 * state, rights and limits, opens the transaction with kehu_begin, runs the handler, commits,
 * packs the answer. Handlers call nothing that blocks but their own store.
 */
#ifndef KEHU_CALL_H
#define KEHU_CALL_H

#include "common/tls.h"
#include "proto/frame.h"
#include "server/access/access.h"
#include "server/entity/entity.h"
#include "server/store/store.h"

/* What net keeps for a connection and copies into every call; plain data, no pointers. */
enum session_state { SESSION_STRANGER, SESSION_HELLO, SESSION_LOCKED, SESSION_LOGGED_IN };

/* The certificate the client showed in the handshake. */
struct client_key {
	bool given;
	enum err verdict; /* OK: it is of our authority and in its time */
	uint8_t hash[32]; /* SHA-256 of its public key: what sessions are bound to */
	char serial[48];
	int64_t branch; /* of the database's record; from Hello on */
	int days_left;
};

struct session {
	enum session_state state;
	int64_t id;   /* row of the session table; 0 before login */
	int64_t user;
	int64_t viewer; /* it only looks as user, for this one; 0: it is the user's own */
	enum lang lang;
	int offset_min;
	bool zstd;
	char peer[64];   /* address, for log and audit */
	char client[48]; /* program, cleaned */
	struct client_key key;
};

/* Why a request that needs more than this state is refused. */
enum err session_refusal(enum session_state state, enum session_state needs);

struct server; /* server/server.h: settings and shared parts */

/* A record made earlier in the same call, under the temporary id its client gave it. */
struct made {
	uint32_t entity;
	int64_t temporary, id;
};

struct failure {
	enum err err;
	uint32_t entity, field;
	int64_t line;
	uint32_t position;
	const uint8_t *ticket; /* 32 bytes, of a login half done */
	const char *text; /* in arena or constant, already in the user's language; NULL: the error's */
};

struct call {
	struct server *server;
	struct arena *arena;
	struct store *store;
	struct session session; /* a SESSION request may change it; net takes it back */
	const struct access *access;
	const struct access_user *user; /* NULL before login */
	const struct catalog *catalog;
	struct crowds *crowds; /* the worker's: server/record/crowd.h */
	uint64_t reference; /* request number, in the log and in every error */
	int64_t started_us;
	int64_t cpu_us; /* of this thread, when the work began */
	const Kehu__ClientFrame *request;
	Kehu__ServerFrame answer;
	struct uuid intention;
	bool has_intention;
	struct failure failure;
	struct failure more[16]; /* further fields refused by the same save */
	size_t more_count;
	const Kehu__Difference *const *differences; /* CONFLICT */
	size_t difference_count;
	uint32_t current_version;
	size_t rows; /* for the log line */
	/* What the transaction's kehu_begin sets: scopes of the entities this call touches. */
	const char *setting_names[96], *setting_values[96];
	size_t setting_count;
	bool has_jobs;	      /* its transaction leaves jobs waiting: see gate_committed() */
	bool begun, one_trip; /* one_trip: its flush ended the transaction too */
	bool nested; /* a granted request, run in the transaction of who granted it */
	bool may_wait; /* there are rules that may want somebody's consent for this request */
	const char *missed; /* a guess that failed: counted by the day, in a transaction of its own */
	bool matched_whole; /* it compares a value that is masked for the user: counted by the day */
	uint32_t done_entity; /* of a write: what its outcome and audit rows name */
	int64_t done_id;
	uint32_t done_version;
	struct rows *const *number_comes; /* the text of Written, if COMMIT's trip brings it */
	struct rows *const *remark_comes; /* one text at most that COMMIT's trip brings: said after that of Written */
	bool opening; /* an action that opens a shut record reads it */
	int64_t done_job; /* of an action: the job that goes on with it; 0: it is done */
	const char *written_text; /* what an action has to say, in place of its name; never stored */
	const char *done_action; /* NULL: the request's name */
	struct made *made;       /* by earlier steps of a Bulk */
	size_t made_count;
	uint32_t failed_step; /* of a Bulk, from 1; 0: none in particular */
	bool discard;         /* a rehearsal: all was done and nothing is to stay */
	/* Streams one more frame before the answer (reports, files); false: the client is gone. */
	bool (*stream)(struct call *call, const Kehu__ServerFrame *frame);
	void *stream_to;
	const volatile bool *cancelled;
};

/* Records the first failure; returns err. Compound literal arguments: CALL_FAIL(call, ERR_REQUIRED, .field = 3). */
enum err call_fail(struct call *call, struct failure failure);
#define CALL_FAIL(call, ...) call_fail((call), (struct failure){ .err = __VA_ARGS__ })
/* Adds a further field failure beside the first (at most 16). */
void call_also(struct call *call, struct failure failure);
/* Moves what was recorded to the one of many that it is about; the call goes on without it. */
void call_refused(struct call *call, struct failure *failure);
/* The text of a failure in the user's language: English and Chinese given side by side. */
const char *call_say(const struct call *call, const char *en, const char *zh);
/* What stands for the name of a record that the reader does not see: everywhere the same. */
const char *call_unseen(const struct call *call);
int64_t call_today(const struct call *call);
/* Who reads what the call answers, and answers for it: its user, or who views as the user. */
int64_t call_reader(const struct call *call);

/*
 * Look an entity up and demand a right on it. ERR_NO_SUCH_ENTITY also where the user has no
 * right at all on it (it does not exist for them); ERR_FORBIDDEN where another right is there.
 * *entity is the reader's view of it: fields hidden from the reader are absent, masked ones carry
 * FIELD_MASKED. Look nothing up in the catalogue past it that the reader sees or asks by.
 */
MUST_CHECK enum err call_entity(struct call *call, uint32_t number, enum right right,
    const struct entity_view **entity);

/* The reader's view of an entity, rights apart; NULL: there is no such entity. */
const struct entity_view *call_view(const struct call *call, uint32_t number);
const struct entity_view *call_view_named(const struct call *call, const char *name);
/* The reader's views of the line entities of a parent, in catalogue order; up to max. */
size_t call_lines(const struct call *call, const struct entity *parent,
    const struct entity_view **lines, size_t max);

/*
 * Register the rows this call may touch of an entity, before call_begin: for reading (view)
 * or, with right another than RIGHT_VIEW, for reading and changing. Returns the arms of right.
 */
struct arms call_scope(struct call *call, const struct entity *entity, enum right right);
/*
 * ", owner_id, department_id, branch_id, created_by" of a record that the server makes for this user;
 * no right to read users is needed.
 */
void call_add_owner(const struct call *call, struct sql *sql);
/*
 * Arms of every entity that the fields of entity and of its lines refer to, for labels and
 * checks. Before call_scope of the entity itself, whose right may be wider than to view.
 */
void call_scope_references(struct call *call, const struct entity_view *entity);

/*
 * Start the transaction: queue kehu_begin with the registered scopes as its first statement. A
 * READ request is one pipeline (store_read) unless more_than_one_trip.
 */
void call_begin(struct call *call, bool more_than_one_trip);

/* Queue the transaction's context again: another call had its own for a while. */
void call_context(struct call *call);

/*
 * In this transaction named statements are planned once for all parameters: for statements whose plan is
 * right whatever they are given, where planning costs more than running.
 */
void call_plan_once(struct call *call);

/* Let the rows of lines and children of this record be read (and changed, when write) in this transaction. */
void call_open(struct call *call, const struct entity *entity, int64_t id, bool write);

/* Log with user, peer and request number. */
void call_log(const struct call *call, int level, const char *message, const char *format, ...)
    PRINTF_LIKE(4, 5);

#endif
