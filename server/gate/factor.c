/*
 * Factor: the second stage of a login, and setting up a second factor, in a login that wants one
 * or later. Everything about one user's codes happens in one transaction that holds the user's
 * row, so that a code opens one door once.
 */
#include "server/gate/factor_keys.h"
#include "server/gate/session.h"
#include "server/gate/totp.h"

#include "common/date.h"
#include "common/log.h"
#include "server/entity/fields.h"

#include <inttypes.h>
#include <openssl/crypto.h>
#include <string.h>

#define FACTOR_WINDOW 1         /* steps a clock may be off, either way */
#define FACTOR_FAR (24 * 120)   /* how far a wrong clock is looked for: a day */
#define FACTOR_RECOVERY_FEW 3

enum factor_step { FACTOR_SIGN_IN = 1, FACTOR_BEGIN, FACTOR_CONFIRM, FACTOR_RENEW, FACTOR_LOOK };

struct factor {
	const Kehu__Factor *request;
	struct session_entry entry;
	uint8_t ticket_hash[32];
	bool by_ticket;
	const char *new_password; /* hash that comes into force with the login; NULL: none */
	const uint8_t *secret, *pending; /* plain; NULL: none */
	bool old;                        /* the secret is kept plain */
	int64_t recovery_left;
};

/* ---- whose ------------------------------------------------------------------------------- */

static enum err
factor_of_ticket(struct call *call, struct factor *factor)
{
	struct sql *sql = sql_new(call->arena);
	struct rows *rows;
	enum err err;

	hash_sha256(factor->request->ticket.data, factor->request->ticket.len, factor->ticket_hash);
	sql_add(sql, "SELECT user_id, name, label, branch, new_password FROM session_ticket_take(");
	sql_bytes(sql, factor->ticket_hash, sizeof(factor->ticket_hash));
	sql_add(sql, ", ");
	session_sql_key(call, sql);
	sql_add(sql, ")");
	err = store_run(call->store, call->arena, sql, &rows);
	if (err != ERR_OK)
		return CALL_FAIL(call, err);
	if (rows->count == 0)
		return CALL_FAIL(call, ERR_TICKET_OLD);
	factor->entry.user = rows_int(rows, 0, 0);
	factor->entry.name = rows_text(rows, 0, 1);
	factor->entry.label = rows_text(rows, 0, 2);
	factor->entry.branch = rows_text(rows, 0, 3);
	factor->new_password = rows_text(rows, 0, 4);
	return ERR_OK;
}

static enum err
factor_of_session(struct call *call, struct factor *factor)
{
	const struct setup_record *self;

	if (call->session.state != SESSION_LOGGED_IN || call->user == NULL)
		return CALL_FAIL(call,
		    call->session.state == SESSION_LOCKED ? ERR_SESSION_LOCKED : ERR_LOGIN_NEEDED);
	self = access_setup(call->access, E_user, call->session.user);
	factor->entry.user = call->session.user;
	factor->entry.name = self != NULL ? self->key : "";
	return ERR_OK;
}

static enum err
factor_read_one(struct call *call, struct factor *factor, const struct rows *rows, size_t column,
    const uint8_t **plain)
{
	bool old = false;
	size_t bytes;
	const uint8_t *kept;

	if (rows_null(rows, 0, column))
		return ERR_OK;
	kept = rows_bytea(call->arena, rows, 0, column, &bytes);
	*plain = factor_keys_open(call, factor->entry.user, kept, bytes, &old);
	if (*plain == NULL)
		return ERR_FACTOR_KEY;
	factor->old |= old && column == 0;
	return ERR_OK;
}

/* Reads what is stored, and holds the user's row until the transaction ends. */
static enum err
factor_read(struct call *call, struct factor *factor)
{
	struct sql *sql = sql_new(call->arena);
	struct rows *rows;
	enum err err;

	sql_add(sql, "SELECT secret, pending, recovery FROM session_factor(");
	sql_int(sql, factor->entry.user);
	sql_add(sql, ")");
	err = store_run(call->store, call->arena, sql, &rows);
	if (err != ERR_OK)
		return CALL_FAIL(call, err);
	factor->recovery_left = rows_int(rows, 0, 2);
	err = factor_read_one(call, factor, rows, 0, &factor->secret);
	/* What nobody confirms need not be readable: it is begun anew. */
	if (err == ERR_OK && factor->request->step == FACTOR_CONFIRM)
		err = factor_read_one(call, factor, rows, 1, &factor->pending);
	return err;
}

/* ---- codes ------------------------------------------------------------------------------- */

/* One statement that answers a boolean. */
static bool
factor_ask(struct call *call, struct sql *sql, enum err *err)
{
	struct rows *rows;

	*err = store_run(call->store, call->arena, sql, &rows);
	return *err == ERR_OK && rows_bool(rows, 0, 0);
}

static const char *
factor_clock(const struct call *call)
{
	int64_t s = date_now_us() / 1000000 + call->session.offset_min * INT64_C(60);

	return arena_printf(call->arena, "%02d:%02d:%02d", (int)(s / 3600 % 24), (int)(s / 60 % 60),
	    (int)(s % 60));
}

/*
 * A wrong code says nothing of where it would have been right: that would make guessing easier.
 * The server's clock is all a user with a wrong one needs.
 */
static enum err
factor_wrong(struct call *call)
{
	return CALL_FAIL(call, ERR_FACTOR_WRONG,
	    .text = arena_printf(call->arena,
		call_say(call, "The code is wrong. If it is not a slip: the server's clock says %s, compare the telephone's",
		    "动态码错误。若未输错，请核对手机时钟：服务器时间为 %s"),
		factor_clock(call)));
}

static enum err
factor_check_recovery(struct call *call, struct factor *factor, const char *code)
{
	struct sql *sql = sql_new(call->arena);
	uint8_t hash[TOTP_HASH_BYTES];
	enum err err;
	bool taken;

	if (!totp_recovery_hash(code, hash))
		return factor_wrong(call);
	sql_add(sql, "SELECT session_recovery_use(");
	sql_int(sql, factor->entry.user);
	sql_add(sql, ", ");
	sql_bytes(sql, hash, sizeof(hash));
	sql_add(sql, ")");
	taken = factor_ask(call, sql, &err);
	if (err != ERR_OK)
		return CALL_FAIL(call, err);
	if (!taken)
		return factor_wrong(call);
	factor->entry.how = "recovery";
	factor->recovery_left--;
	if (factor->recovery_left < FACTOR_RECOVERY_FEW)
		factor->entry.notice = arena_printf(call->arena,
		    call_say(call, "%d recovery codes are left: have new ones made", "恢复码只剩 %d 个，请重新生成"),
		    (int)factor->recovery_left);
	return ERR_OK;
}

/* One kept from before there were keys is sealed by its next use. */
static enum err
factor_seal_old(struct call *call, const struct factor *factor)
{
	struct sql *sql = sql_new(call->arena);
	size_t bytes;
	const uint8_t *sealed =
	    factor_keys_seal(call, factor->entry.user, factor->secret, TOTP_SECRET_BYTES, &bytes);

	if (sealed == NULL)
		return ERR_FACTOR_KEY;
	sql_add(sql, "SELECT session_factor_seal(");
	sql_int(sql, factor->entry.user);
	sql_add(sql, ", ");
	sql_bytes(sql, sealed, bytes);
	sql_add(sql, ")");
	store_queue(call->store, sql, NULL);
	return ERR_OK;
}

/* Takes the code of the request: each only once. */
static enum err
factor_check(struct call *call, struct factor *factor)
{
	const char *code = factor->request->code != NULL ? factor->request->code : "";
	int64_t now = totp_step(date_now_us()), step;
	struct sql *sql = sql_new(call->arena);
	enum err err;
	bool taken;

	if (factor->secret == NULL)
		return CALL_FAIL(call, ERR_FACTOR_ENROLL);
	step = totp_find(factor->secret, code, now - FACTOR_WINDOW, now + FACTOR_WINDOW);
	if (step == 0)
		return factor_check_recovery(call, factor, code);
	sql_add(sql, "SELECT session_factor_use(");
	sql_int(sql, factor->entry.user);
	sql_add(sql, ", ");
	sql_int(sql, step);
	sql_add(sql, ")");
	taken = factor_ask(call, sql, &err);
	if (err != ERR_OK)
		return CALL_FAIL(call, err);
	factor->entry.how = "code";
	if (taken && factor->old)
		return factor_seal_old(call, factor);
	return taken ? ERR_OK : CALL_FAIL(call, ERR_FACTOR_USED);
}

/* ---- the steps, each in the open transaction ---------------------------------------------- */

static Kehu__FactorAnswer *
factor_answer(struct call *call)
{
	Kehu__FactorAnswer *answer = ARENA_NEW(call->arena, Kehu__FactorAnswer);

	kehu__factor_answer__init(answer);
	call->answer.answer_case = KEHU__SERVER_FRAME__ANSWER_FACTOR;
	call->answer.factor = answer;
	return answer;
}

/* Commits; with a ticket the user is in. */
static enum err
factor_finish(struct call *call, struct factor *factor, Kehu__FactorAnswer *answer)
{
	struct sql *sql = sql_new(call->arena);
	enum err err;

	if (!factor->by_ticket) {
		err = store_commit(call->store, call->arena);
		return err == ERR_OK ? ERR_OK : CALL_FAIL(call, err);
	}
	if (factor->new_password != NULL)
		session_queue_password(call, factor->entry.user, factor->new_password, 0);
	sql_add(sql, "SELECT session_ticket_done(");
	sql_bytes(sql, factor->ticket_hash, sizeof(factor->ticket_hash));
	sql_add(sql, ")");
	store_queue(call->store, sql, NULL);
	if (session_user(call, factor->entry.user) == NULL)
		return CALL_FAIL(call, ERR_LOGIN_REFUSED);
	return session_enter(call, &factor->entry, &answer->login);
}

static enum err
factor_begin(struct call *call, struct factor *factor)
{
	uint8_t secret[TOTP_SECRET_BYTES];
	struct sql *sql = sql_new(call->arena);
	Kehu__FactorAnswer *answer;
	const uint8_t *sealed;
	size_t bytes;
	enum err err;

	random_bytes(secret, sizeof(secret));
	sealed = factor_keys_seal(call, factor->entry.user, secret, sizeof(secret), &bytes);
	if (sealed == NULL)
		return ERR_FACTOR_KEY;
	sql_add(sql, "SELECT session_factor_begin(");
	sql_int(sql, factor->entry.user);
	sql_add(sql, ", ");
	sql_bytes(sql, sealed, bytes);
	sql_add(sql, ")");
	store_queue(call->store, sql, NULL);
	err = store_commit(call->store, call->arena);
	if (err != ERR_OK)
		return CALL_FAIL(call, err);
	answer = factor_answer(call);
	answer->secret = totp_base32(call->arena, secret, sizeof(secret));
	answer->uri = totp_uri(call->arena, secret, factor->entry.name);
	OPENSSL_cleanse(secret, sizeof(secret));
	return ERR_OK;
}

/* Ten fresh codes; step 0: the secret stays. */
static enum err
factor_give_recovery(struct call *call, struct factor *factor, int64_t step)
{
	const char *hashes[TOTP_RECOVERY_CODES];
	struct sql *sql = sql_new(call->arena);
	Kehu__FactorAnswer *answer = factor_answer(call);

	answer->n_recovery = TOTP_RECOVERY_CODES;
	answer->recovery = ARENA_ARRAY(call->arena, char *, TOTP_RECOVERY_CODES);
	for (size_t i = 0; i < TOTP_RECOVERY_CODES; i++) {
		uint8_t hash[TOTP_HASH_BYTES];

		answer->recovery[i] = totp_recovery_make(call->arena);
		if (!totp_recovery_hash(answer->recovery[i], hash))
			fatal("a recovery code of ours is none");
		hashes[i] = hex_encode(call->arena, hash, sizeof(hash));
	}
	sql_add(sql, "SELECT session_factor_confirm(");
	sql_int(sql, factor->entry.user);
	sql_add(sql, ", ");
	sql_int(sql, call->session.id);
	sql_add(sql, ", ");
	if (step != 0)
		sql_int(sql, step);
	else
		sql_null(sql, "bigint");
	sql_add(sql, ", ");
	sql_texts(sql, hashes, TOTP_RECOVERY_CODES);
	sql_add(sql, ")");
	store_queue(call->store, sql, NULL);
	return factor_finish(call, factor, answer);
}

/*
 * The secret was shown a moment ago and opens nothing yet, so here a clock that is off may be
 * told exactly.
 */
static enum err
factor_confirm(struct call *call, struct factor *factor)
{
	const char *code = factor->request->code != NULL ? factor->request->code : "";
	int64_t now = totp_step(date_now_us()), step, minutes;

	if (factor->pending == NULL)
		return CALL_FAIL(call, ERR_BAD_REQUEST);
	step = totp_find(factor->pending, code, now - FACTOR_WINDOW, now + FACTOR_WINDOW);
	if (step != 0) {
		factor->entry.how = "code";
		return factor_give_recovery(call, factor, step);
	}
	step = totp_find(factor->pending, code, now - FACTOR_FAR, now + FACTOR_FAR);
	if (step == 0)
		return factor_wrong(call);
	minutes = ((step > now ? step - now : now - step) * TOTP_STEP_S + 30) / 60;
	return CALL_FAIL(call, ERR_FACTOR_WRONG,
	    .text = arena_printf(call->arena,
		step > now ?
		    call_say(call, "The telephone's clock is about %d minutes fast: let it set itself, then take a new code",
			"手机时钟快了约 %d 分钟：请校准后输入新的动态码") :
		    call_say(call, "The telephone's clock is about %d minutes slow: let it set itself, then take a new code",
			"手机时钟慢了约 %d 分钟：请校准后输入新的动态码"),
		(int)minutes));
}

static enum err
factor_look(struct call *call, struct factor *factor)
{
	Kehu__FactorAnswer *answer = factor_answer(call);

	answer->has_enrolled = answer->has_recovery_left = true;
	answer->enrolled = factor->secret != NULL;
	answer->recovery_left = (uint32_t)factor->recovery_left;
	return factor_finish(call, factor, answer);
}

/* A code is wanted for whatever the factor in force protects. */
static bool
factor_needs_code(const struct factor *factor)
{
	return factor->request->step == FACTOR_SIGN_IN || factor->request->step == FACTOR_RENEW ||
	    (factor->request->step == FACTOR_BEGIN && factor->secret != NULL);
}

static enum err
factor_run(struct call *call, struct factor *factor)
{
	struct session_account account;
	enum err err = factor->by_ticket ? factor_of_ticket(call, factor) : ERR_OK;

	if (err == ERR_OK)
		err = factor_read(call, factor);
	if (err == ERR_OK && factor_needs_code(factor)) {
		err = session_try_here(call, factor->entry.name, &account);
		factor->entry.attempt = account.attempt;
		if (err == ERR_OK)
			err = factor_check(call, factor);
	}
	if (err != ERR_OK)
		return err;
	switch ((enum factor_step)factor->request->step) {
	case FACTOR_SIGN_IN:
		return factor_finish(call, factor, factor_answer(call));
	case FACTOR_BEGIN:
		return factor_begin(call, factor);
	case FACTOR_CONFIRM:
		return factor_confirm(call, factor);
	case FACTOR_RENEW:
		return factor_give_recovery(call, factor, 0);
	case FACTOR_LOOK:
		return factor_look(call, factor);
	}
	return CALL_FAIL(call, ERR_BAD_REQUEST);
}

/* Whoever sits at a terminal that was left open does not get to set up a factor. */
static enum err
factor_check_password(struct call *call, const struct factor *factor)
{
	const char *password = factor->request->password != NULL ? factor->request->password : "";
	struct session_account account;
	bool stale;
	enum err err = session_try(call, factor->entry.name, &account);

	if (err != ERR_OK)
		return err;
	if (account.hash == NULL ||
	    !password_check(server_password_cost(call->server), password, account.hash, &stale)) {
		session_tried(call, account.attempt, "wrong");
		return CALL_FAIL(call, ERR_LOGIN_REFUSED);
	}
	session_tried(call, account.attempt, "good");
	return ERR_OK;
}

static void
factor_queue_wrong(struct call *call, int64_t attempt)
{
	struct sql *sql = sql_new(call->arena);

	sql_add(sql, "SELECT session_tried(");
	sql_int(sql, attempt);
	sql_add(sql, ", 'wrong')");
	store_queue(call->store, sql, NULL);
}

enum err
handle_factor(struct call *call)
{
	struct factor factor = { .request = call->request->factor };
	bool stranger = call->session.state < SESSION_LOCKED;
	enum err err = ERR_OK;

	factor.by_ticket = factor.request->ticket.len > 0;
	/* The second stage of a login belongs to no session; all else but enrolling to one. */
	if (factor.by_ticket ? !stranger || factor.request->step > FACTOR_CONFIRM :
			       factor.request->step == FACTOR_SIGN_IN)
		return CALL_FAIL(call, ERR_BAD_REQUEST);
	if (!factor.by_ticket)
		err = factor_of_session(call, &factor);
	if (err == ERR_OK && !factor.by_ticket && factor.request->step == FACTOR_BEGIN)
		err = factor_check_password(call, &factor);
	if (err != ERR_OK)
		return err;
	store_begin(call->store);
	err = factor_run(call, &factor);
	if (err == ERR_OK)
		return ERR_OK;
	/* A wrong try is kept: tickets run out, delays grow. Anything else leaves nothing. */
	call->answer.answer_case = KEHU__SERVER_FRAME__ANSWER__NOT_SET;
	if (factor.entry.attempt != 0 && (err == ERR_FACTOR_WRONG || err == ERR_FACTOR_USED))
		factor_queue_wrong(call, factor.entry.attempt);
	if ((err == ERR_FACTOR_WRONG || err == ERR_FACTOR_USED || err == ERR_LOGIN_LOCKED) &&
	    store_commit(call->store, call->arena) == ERR_OK)
		return err;
	store_rollback(call->store);
	return err;
}
