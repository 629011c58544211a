/*
 * Hello, Login, Resume, Logout, Password. Login and Password run in the hash lane.
 *
 * An unknown user costs the same hash as a known one and gets the same answer. Tokens are 256
 * random bits of which only the SHA-256 is stored; drafts on the client's disk are encrypted with a
 * key that only a signed-in client gets.
 */
#include "server/gate/gate.h"

#include "common/date.h"
#include "common/log.h"
#include "common/text.h"
#include "common/version.h"
#include "server/entity/fields.h"
#include "server/record/answer.h"

#include <inttypes.h>
#include <openssl/crypto.h>
#include <string.h>

#define TOKEN_BYTES 32
#define FAILURES_BEFORE_LOCK 5
#define PEER_FAILURES_BEFORE_LOCK 100

/* A hash no password has, for users that do not exist: the time is the same. */
static const char session_nobody[] = "scrypt$15$8$1$00000000000000000000000000000000$"
	"0000000000000000000000000000000000000000000000000000000000000000";

enum err
handle_hello(struct call *call)
{
	const Kehu__Hello *hello = call->request->hello;
	Kehu__HelloAnswer *answer = ARENA_NEW(call->arena, Kehu__HelloAnswer);
	const char *client;

	if (hello->version_max < PROTOCOL_VERSION_MIN || hello->version_min > PROTOCOL_VERSION_MAX) {
		bool client_old = hello->version_max < PROTOCOL_VERSION_MIN;

		call->session.lang = hello->language != NULL && strcmp(hello->language, "zh") == 0 ?
		    LANG_ZH : LANG_EN;
		return CALL_FAIL(call, ERR_VERSION, .text = client_old ?
			call_say(call, "This client is too old for the server: upgrade the client",
			    "客户端版本过旧，请升级客户端") :
			call_say(call, "The server is too old for this client: have the server upgraded",
			    "服务器版本过旧，请联系管理员升级服务器"));
	}
	call->session.lang = hello->language != NULL && strcmp(hello->language, "en") == 0 ? LANG_EN :
											     LANG_ZH;
	call->session.zstd = hello->zstd;
	if (hello->offset_min >= -14 * 60 && hello->offset_min <= 14 * 60)
		call->session.offset_min = hello->offset_min;
	if (hello->client != NULL &&
	    text_clean(call->arena, hello->client, strlen(hello->client), TEXT_LINE, &client) == ERR_OK)
		snprintf(call->session.client, sizeof(call->session.client), "%.*s",
		    (int)text_fit(client, sizeof(call->session.client) / 4, NULL), client);
	if (call->session.state == SESSION_STRANGER)
		call->session.state = SESSION_HELLO;
	kehu__hello_answer__init(answer);
	answer->has_version = answer->has_time_us = true;
	answer->version = PROTOCOL_VERSION_MAX;
	answer->server = arena_strdup(call->arena, "kehud " KEHU_VERSION);
	answer->time_us = date_now_us();
	call->answer.answer_case = KEHU__SERVER_FRAME__ANSWER_HELLO;
	call->answer.hello = answer;
	return ERR_OK;
}

static void
session_answer(struct call *call, const char *name, const char *label, const char *branch,
    const uint8_t *token, const void *key, size_t key_bytes)
{
	Kehu__LoginAnswer *answer = ARENA_NEW(call->arena, Kehu__LoginAnswer);
	const char *const *roles;

	kehu__login_answer__init(answer);
	if (token != NULL) {
		answer->has_token = true;
		answer->token.data = arena_memdup(call->arena, token, TOKEN_BYTES);
		answer->token.len = TOKEN_BYTES;
	}
	answer->has_store_key = true;
	answer->store_key.data = arena_memdup(call->arena, key, key_bytes);
	answer->store_key.len = key_bytes;
	answer->has_user = answer->has_catalog_version = true;
	answer->user = call->session.user;
	answer->name = arena_strdup(call->arena, name);
	answer->label = arena_strdup(call->arena, label);
	answer->branch = arena_strdup(call->arena, branch);
	answer->catalog_version = catalog_version(call->catalog);
	if (call->user != NULL) {
		answer->n_roles = access_user_roles(call->arena, call->user, &roles);
		answer->roles = (char **)(uintptr_t)roles;
	}
	call->answer.answer_case = KEHU__SERVER_FRAME__ANSWER_LOGIN;
	call->answer.login = answer;
}

/* Run one statement in a transaction of its own, outside kehu_begin. */
static enum err
session_run(struct call *call, const struct sql *sql, struct rows **rows)
{
	enum err err;

	store_begin(call->store);
	store_queue(call->store, sql, rows);
	err = store_commit(call->store, call->arena);
	if (err != ERR_OK)
		store_rollback(call->store);
	return err;
}

static void
session_note_attempt(struct call *call, const char *name, bool ok)
{
	struct sql *sql = sql_new(call->arena);

	sql_add(sql, "SELECT session_attempt(");
	sql_text(sql, name);
	sql_add(sql, ", ");
	sql_text(sql, call->session.peer);
	sql_add(sql, ", ");
	sql_bool(sql, ok);
	sql_add(sql, ")");
	if (session_run(call, sql, NULL) != ERR_OK)
		call_log(call, LOG_ERROR, "login attempt not recorded", "state=%s",
		    store_state(call->store));
}

static enum err
session_store_password(struct call *call, int64_t user, const char *password, int64_t keep)
{
	struct sql *sql = sql_new(call->arena);

	sql_add(sql, "SELECT session_set_password(");
	sql_int(sql, user);
	sql_add(sql, ", ");
	sql_text(sql, password_hash(call->arena, password));
	sql_add(sql, ", ");
	sql_int(sql, keep);
	sql_add(sql, ")");
	return session_run(call, sql, NULL);
}

static enum err
session_open(struct call *call, int64_t user, uint8_t token[TOKEN_BYTES], struct rows **rows)
{
	struct sql *sql = sql_new(call->arena);
	uint8_t hash[32], key[32];

	random_bytes(token, TOKEN_BYTES);
	random_bytes(key, sizeof(key));
	hash_sha256(token, TOKEN_BYTES, hash);
	sql_add(sql, "SELECT id, store_key FROM session_open(");
	sql_int(sql, user);
	sql_add(sql, ", ");
	sql_bytes(sql, hash, sizeof(hash));
	sql_add(sql, ", ");
	sql_bytes(sql, key, sizeof(key));
	sql_add(sql, ", ");
	sql_text(sql, call->session.peer);
	sql_add(sql, ", ");
	sql_text(sql, call->session.client);
	sql_add(sql, ", ");
	sql_int(sql, call->server->settings.session_length);
	sql_add(sql, ")");
	return session_run(call, sql, rows);
}

static enum err
session_find(struct call *call, const char *name, struct rows **rows)
{
	struct sql *sql = sql_new(call->arena);

	store_read(call->store);
	sql_add(sql, "SELECT id, label, hash, disabled, must_change, expires_on, branch, failures, "
		     "peer_failures FROM session_find(");
	sql_text(sql, name);
	sql_add(sql, ", ");
	sql_text(sql, call->session.peer);
	sql_add(sql, ")");
	store_queue(call->store, sql, rows);
	return store_flush(call->store, call->arena);
}

/* Whether the account lets anybody in today; the caller answers all refusals alike. */
static bool
session_account_open(const struct call *call, const struct rows *found)
{
	return !rows_null(found, 0, 0) && !rows_bool(found, 0, 3) &&
	    (rows_null(found, 0, 5) || rows_date(found, 0, 5) >= call_today(call));
}

enum err
handle_login(struct call *call)
{
	const Kehu__Login *login = call->request->login;
	const char *name = login->user != NULL ? login->user : "";
	const char *password = login->password != NULL ? login->password : "";
	struct rows *found, *opened;
	uint8_t token[TOKEN_BYTES];
	const char *stored;
	const void *key;
	size_t key_bytes;
	int64_t user;
	bool right, stale;
	enum err err;

	if (call->session.state == SESSION_LOGGED_IN)
		return CALL_FAIL(call, ERR_BAD_REQUEST);
	if (!text_valid(name, strlen(name)) || strlen(name) > 80 || strlen(password) > 512)
		return CALL_FAIL(call, ERR_LOGIN_REFUSED);
	err = session_find(call, name, &found);
	if (err != ERR_OK)
		return CALL_FAIL(call, err);
	if (rows_int(found, 0, 7) >= FAILURES_BEFORE_LOCK ||
	    rows_int(found, 0, 8) >= PEER_FAILURES_BEFORE_LOCK)
		return CALL_FAIL(call, ERR_LOGIN_LOCKED);
	stored = rows_text(found, 0, 2);
	right = password_check(password, stored != NULL ? stored : session_nobody, &stale);
	user = rows_int(found, 0, 0);
	if (!right || !session_account_open(call, found)) {
		session_note_attempt(call, name, false);
		return CALL_FAIL(call, ERR_LOGIN_REFUSED);
	}
	if (rows_bool(found, 0, 4) || login->new_password != NULL) {
		if (login->new_password == NULL)
			return CALL_FAIL(call, ERR_PASSWORD_CHANGE);
		if (password_policy(login->new_password, name) != ERR_OK ||
		    strcmp(login->new_password, password) == 0)
			return CALL_FAIL(call, ERR_PASSWORD_WEAK);
		err = session_store_password(call, user, login->new_password, 0);
	} else if (stale) {
		err = session_store_password(call, user, password, 0);
	}
	if (err == ERR_OK)
		err = session_open(call, user, token, &opened);
	if (err != ERR_OK)
		return CALL_FAIL(call, err);
	session_note_attempt(call, name, true);
	call->session.id = rows_int(opened, 0, 0);
	call->session.user = user;
	call->session.state = SESSION_LOGGED_IN;
	key = rows_bytea(call->arena, opened, 0, 1, &key_bytes);
	snapshot_release(call);
	snapshot_take(call->server, call);
	if (call->user == NULL && snapshot_load(call->server, call->store) == ERR_OK) {
		/* A user made since the snapshot. */
		snapshot_release(call);
		snapshot_take(call->server, call);
	}
	session_answer(call, name, rows_text(found, 0, 1), rows_text(found, 0, 6), token, key, key_bytes);
	OPENSSL_cleanse(token, sizeof(token));
	return ERR_OK;
}

enum err
handle_resume(struct call *call)
{
	const Kehu__Resume *resume = call->request->resume;
	struct sql *sql = sql_new(call->arena);
	uint8_t hash[32];
	struct rows *rows;
	const void *key;
	size_t key_bytes;
	enum err err;

	if (call->session.state == SESSION_LOGGED_IN || resume->token.len != TOKEN_BYTES)
		return CALL_FAIL(call, ERR_BAD_REQUEST);
	hash_sha256(resume->token.data, resume->token.len, hash);
	sql_add(sql, "SELECT id, user_id, name, label, branch, store_key FROM session_resume(");
	sql_bytes(sql, hash, sizeof(hash));
	sql_add(sql, ", ");
	sql_int(sql, call->server->settings.session_idle);
	sql_add(sql, ")");
	err = session_run(call, sql, &rows);
	if (err != ERR_OK)
		return CALL_FAIL(call, err);
	if (rows->count == 0)
		return CALL_FAIL(call, ERR_SESSION_ENDED);
	call->session.id = rows_int(rows, 0, 0);
	call->session.user = rows_int(rows, 0, 1);
	call->session.state = SESSION_LOGGED_IN;
	snapshot_release(call);
	snapshot_take(call->server, call);
	key = rows_bytea(call->arena, rows, 0, 5, &key_bytes);
	session_answer(call, rows_text(rows, 0, 2), rows_text(rows, 0, 3), rows_text(rows, 0, 4), NULL,
	    key, key_bytes);
	return ERR_OK;
}

enum err
handle_logout(struct call *call)
{
	struct sql *sql = sql_new(call->arena);
	enum err err;

	sql_add(sql, "SELECT session_close(");
	sql_int(sql, call->session.id);
	sql_add(sql, ")");
	err = session_run(call, sql, NULL);
	if (err != ERR_OK)
		return CALL_FAIL(call, err);
	call->session.state = SESSION_HELLO;
	call->session.id = call->session.user = 0;
	answer_done(call);
	return ERR_OK;
}

enum err
handle_password(struct call *call)
{
	const Kehu__Password *request = call->request->password;
	const struct setup_record *self = access_setup(call->access, E_user, call->session.user);
	const char *old = request->old_password != NULL ? request->old_password : "";
	const char *name = self != NULL ? self->key : "";
	struct rows *found;
	bool stale;
	enum err err = session_find(call, name, &found);

	if (err != ERR_OK)
		return CALL_FAIL(call, err);
	if (rows_int(found, 0, 7) >= FAILURES_BEFORE_LOCK)
		return CALL_FAIL(call, ERR_LOGIN_LOCKED);
	if (rows_null(found, 0, 2) || strlen(old) > 512 ||
	    !password_check(old, rows_text(found, 0, 2), &stale)) {
		session_note_attempt(call, name, false);
		return CALL_FAIL(call, ERR_LOGIN_REFUSED);
	}
	if (request->new_password == NULL || strcmp(request->new_password, old) == 0 ||
	    password_policy(request->new_password, name) != ERR_OK)
		return CALL_FAIL(call, ERR_PASSWORD_WEAK);
	err = session_store_password(call, call->session.user, request->new_password, call->session.id);
	if (err != ERR_OK)
		return CALL_FAIL(call, err);
	answer_done(call);
	return ERR_OK;
}
