/*
 * Hello, Login, Resume, Logout, Password. Login and Password run in the hash lane; the second
 * stage of a login is factor.c's.
 *
 * An unknown user takes the same path as a known one, costs the same hash and gets the same
 * answer. Tokens are 256 random bits of which only the SHA-256 is stored; drafts on the client's
 * disk are encrypted with a key that only a signed-in client gets. How long a try must wait is
 * the database's to say (session_try), so that every kehud counts the same.
 */
#include "server/gate/session.h"

#include "common/date.h"
#include "common/log.h"
#include "common/text.h"
#include "common/version.h"
#include "server/entity/fields.h"
#include "server/record/answer.h"

#include <inttypes.h>
#include <openssl/crypto.h>
#include <string.h>

#define PASSWORD_BYTES_MAX 512
#define CERTIFICATE_WARN_DAYS 21

struct password_cost
server_password_cost(const struct server *server)
{
	return (struct password_cost){ .log_n = (unsigned)server->settings.sign_scrypt_log_n,
		.p = (unsigned)server->settings.sign_scrypt_p };
}

/* ---- hello ------------------------------------------------------------------------------ */

/*
 * The certificate a client showed: the handshake let it in whatever it was, so that the refusal
 * can say what to do. Without a good one, where it is wanted, nobody gets further than this.
 */
static enum err
session_check_certificate(struct call *call)
{
	struct client_key *key = &call->session.key;
	struct sql *sql = sql_new(call->arena);
	struct rows *rows;
	enum err err;

	if (strcmp(call->server->settings.sign_certificate, "off") == 0)
		return ERR_OK;
	if (!key->given)
		return strcmp(call->server->settings.sign_certificate, "required") == 0 ?
		    CALL_FAIL(call, ERR_CERT_NEEDED) :
		    ERR_OK;
	if (key->verdict != ERR_OK)
		return CALL_FAIL(call, key->verdict);
	store_read(call->store);
	sql_add(sql, "SELECT branch_id, revoked, days_left FROM session_certificate(");
	sql_text(sql, key->serial);
	sql_add(sql, ")");
	store_queue(call->store, sql, &rows);
	err = store_flush(call->store, call->arena);
	if (err != ERR_OK)
		return CALL_FAIL(call, err);
	if (rows->count == 0)
		return CALL_FAIL(call, ERR_CERT_UNKNOWN);
	if (rows_bool(rows, 0, 1))
		return CALL_FAIL(call, ERR_CERT_REVOKED);
	key->branch = rows_int(rows, 0, 0);
	key->days_left = (int)rows_int(rows, 0, 2);
	return ERR_OK;
}

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
	if (session_check_certificate(call) != ERR_OK)
		return call->failure.err;
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

/* ---- what all of signing in shares ------------------------------------------------------ */

enum err
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

void
session_sql_key(struct call *call, struct sql *sql)
{
	if (call->session.key.given)
		sql_bytes(sql, call->session.key.hash, sizeof(call->session.key.hash));
	else
		sql_null(sql, "bytea");
}

static struct sql *
session_try_sql(struct call *call, const char *name)
{
	struct sql *sql = sql_new(call->arena);

	sql_add(sql, "SELECT attempt, wait, id, label, hash, open, must_change, branch, branch_id, "
		     "password_days, enrolled FROM session_try(");
	sql_text(sql, name);
	sql_add(sql, ", ");
	sql_text(sql, call->session.peer);
	sql_add(sql, ")");
	return sql;
}

static enum err
session_tried_from(struct call *call, enum err err, const struct rows *rows,
    struct session_account *account)
{
	if (err != ERR_OK)
		return CALL_FAIL(call, err);
	*account = (struct session_account){
		.attempt = rows_int(rows, 0, 0),
		.wait_s = rows_int(rows, 0, 1),
		.id = rows_int(rows, 0, 2),
		.label = rows_text(rows, 0, 3),
		.hash = rows_text(rows, 0, 4),
		.open = rows_bool(rows, 0, 5),
		.must_change = rows_bool(rows, 0, 6),
		.branch = rows_text(rows, 0, 7),
		.branch_id = rows_int(rows, 0, 8),
		.password_days = rows_int(rows, 0, 9),
		.enrolled = rows_bool(rows, 0, 10),
	};
	if (account->wait_s == 0)
		return ERR_OK;
	return CALL_FAIL(call, ERR_LOGIN_LOCKED,
	    .text = arena_printf(call->arena,
		call_say(call, "Too many wrong tries: wait %" PRId64 " s, or ask an administrator",
		    "错误次数过多：请等待 %" PRId64 " 秒，或联系管理员"),
		account->wait_s));
}

enum err
session_try(struct call *call, const char *name, struct session_account *account)
{
	struct rows *rows;
	enum err err = session_run(call, session_try_sql(call, name), &rows);

	return session_tried_from(call, err, rows, account);
}

enum err
session_try_here(struct call *call, const char *name, struct session_account *account)
{
	struct rows *rows;
	enum err err = store_run(call->store, call->arena, session_try_sql(call, name), &rows);

	return session_tried_from(call, err, rows, account);
}

void
session_tried(struct call *call, int64_t attempt, const char *outcome)
{
	struct sql *sql = sql_new(call->arena);

	sql_add(sql, "SELECT session_tried(");
	sql_int(sql, attempt);
	sql_add(sql, ", ");
	sql_text(sql, outcome);
	sql_add(sql, ")");
	if (session_run(call, sql, NULL) != ERR_OK)
		call_log(call, LOG_ERROR, "login attempt not recorded", "state=%s",
		    store_state(call->store));
}

void
session_queue_password(struct call *call, int64_t user, const char *hash, int64_t keep)
{
	struct sql *sql = sql_new(call->arena);

	sql_add(sql, "SELECT session_set_password(");
	sql_int(sql, user);
	sql_add(sql, ", ");
	sql_text(sql, hash);
	sql_add(sql, ", ");
	sql_int(sql, keep);
	sql_add(sql, ")");
	store_queue(call->store, sql, NULL);
}

const struct access_user *
session_user(struct call *call, int64_t user)
{
	const struct access_user *found = access_user(call->access, user, call_today(call));

	if (found == NULL && snapshot_load(call->server, call->store) == ERR_OK) {
		snapshot_release(call);
		snapshot_take(call->server, call);
		found = access_user(call->access, user, call_today(call));
	}
	return found;
}

bool
session_wants_factor(const struct call *call, const struct access_user *user)
{
	const char *who = call->server->settings.sign_second_factor;

	if (user == NULL || strcmp(who, "none") == 0)
		return false;
	return access_user_second_factor(user) ||
	    (strcmp(who, "export") == 0 && access_user_exports(user));
}

/* ---- entering --------------------------------------------------------------------------- */

static const char *
session_notice(const struct call *call, const struct session_entry *entry)
{
	const struct client_key *key = &call->session.key;

	if (entry->notice != NULL || !key->given || key->days_left >= CERTIFICATE_WARN_DAYS)
		return entry->notice;
	return arena_printf(call->arena,
	    call_say(call, "The certificate of this machine expires in %d days: ask an administrator to renew it",
		"本机证书将在 %d 天后到期，请联系管理员换发"),
	    key->days_left < 0 ? 0 : key->days_left);
}

static Kehu__LoginAnswer *
session_answer(struct call *call, const struct session_entry *entry)
{
	Kehu__LoginAnswer *answer = ARENA_NEW(call->arena, Kehu__LoginAnswer);
	const char *const *roles;

	kehu__login_answer__init(answer);
	answer->has_user = answer->has_catalog_version = answer->has_lock_s = true;
	answer->user = call->session.user;
	answer->name = arena_strdup(call->arena, entry->name);
	answer->label = arena_strdup(call->arena, entry->label);
	answer->branch = arena_strdup(call->arena, entry->branch);
	answer->catalog_version = catalog_version(call->catalog);
	answer->lock_s = (uint32_t)call->server->settings.session_lock;
	answer->notice = arena_strdup(call->arena, session_notice(call, entry));
	if (call->user != NULL) {
		answer->n_roles = access_user_roles(call->arena, call->user, &roles);
		answer->roles = (char **)(uintptr_t)roles;
	}
	return answer;
}

static void
session_put_key(struct call *call, Kehu__LoginAnswer *answer, const struct rows *rows, size_t column)
{
	size_t bytes;

	answer->store_key.data = (uint8_t *)(uintptr_t)rows_bytea(call->arena, rows, 0, column, &bytes);
	answer->store_key.len = bytes;
	answer->has_store_key = true;
}

/* The call goes on as this user. */
static void
session_become(struct call *call, int64_t session, int64_t user, enum session_state state)
{
	call->session.id = session;
	call->session.user = user;
	call->session.state = state;
	snapshot_release(call);
	snapshot_take(call->server, call);
}

static void
session_queue_open(struct call *call, const struct session_entry *entry,
    const uint8_t token[TOKEN_BYTES], struct rows **rows)
{
	struct sql *sql = sql_new(call->arena);
	uint8_t hash[32], key[32];

	random_bytes(key, sizeof(key));
	hash_sha256(token, TOKEN_BYTES, hash);
	sql_add(sql, "SELECT id, store_key FROM session_open(");
	sql_int(sql, entry->user);
	sql_add(sql, ", ");
	sql_int(sql, entry->attempt);
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
	sql_add(sql, ", ");
	session_sql_key(call, sql);
	sql_add(sql, ", ");
	sql_text(sql, call->session.key.given ? call->session.key.serial : NULL);
	sql_add(sql, ", ");
	sql_text(sql, entry->how);
	sql_add(sql, ")");
	store_queue(call->store, sql, rows);
}

enum err
session_enter(
    struct call *call, const struct session_entry *entry, Kehu__LoginAnswer **answer)
{
	uint8_t token[TOKEN_BYTES];
	struct rows *opened;
	enum err err;

	random_bytes(token, sizeof(token));
	session_queue_open(call, entry, token, &opened);
	err = store_commit(call->store, call->arena);
	if (err != ERR_OK) {
		bool revoked = strcmp(store_state(call->store), STATE_SESSION_ENDED) == 0;

		store_rollback(call->store);
		return CALL_FAIL(call, revoked ? ERR_CERT_REVOKED : err);
	}
	session_become(call, rows_int(opened, 0, 0), entry->user, SESSION_LOGGED_IN);
	*answer = session_answer(call, entry);
	(*answer)->has_token = true;
	(*answer)->token.data = arena_memdup(call->arena, token, TOKEN_BYTES);
	(*answer)->token.len = TOKEN_BYTES;
	session_put_key(call, *answer, opened, 1);
	OPENSSL_cleanse(token, sizeof(token));
	return ERR_OK;
}

/* ---- login ------------------------------------------------------------------------------ */

/* A certificate of a branch lets in that branch and those below. */
static bool
session_branch_fits(struct call *call, const struct session_account *account)
{
	const struct client_key *key = &call->session.key;
	int64_t *below;
	size_t count;

	if (!key->given || !call->server->settings.sign_certificate_branch)
		return true;
	count = access_setup_below(call->access, call->arena, E_branch, key->branch, &below);
	for (size_t i = 0; i < count; i++)
		if (below[i] == account->branch_id)
			return true;
	return false;
}

static enum err
session_check_history(struct call *call, int64_t user, const char *password)
{
	int64_t former = call->server->settings.sign_password_history;
	struct sql *sql = sql_new(call->arena);
	struct rows *rows;
	bool stale;
	enum err err;

	store_read(call->store);
	sql_add(sql, "SELECT * FROM session_passwords(");
	sql_int(sql, user);
	sql_add(sql, ", ");
	sql_int(sql, former > 0 ? former - 1 : 0);
	sql_add(sql, ")");
	store_queue(call->store, sql, &rows);
	err = store_flush(call->store, call->arena);
	if (err != ERR_OK)
		return CALL_FAIL(call, err);
	for (size_t i = 0; i < rows->count; i++)
		if (password_check(server_password_cost(call->server), password, rows_text(rows, i, 0),
			&stale))
			return CALL_FAIL(call, ERR_PASSWORD_USED);
	return ERR_OK;
}

/* Whether a password may be the user's next; *hash of it, in arena. */
static enum err
session_new_password(struct call *call, int64_t user, const char *name, const char *label,
    const char *password, const char **hash)
{
	const struct server_settings *settings = &call->server->settings;
	const struct password_rules rules = {
		.chars_min = (size_t)settings->sign_password_chars,
		.classes_min = (int)settings->sign_password_classes,
		.company = settings->sign_company,
		.user = name,
		.label = label,
	};
	enum err err = strlen(password) > PASSWORD_BYTES_MAX ?
	    ERR_PASSWORD_WEAK :
	    password_policy(call->arena, &rules, password);

	if (err == ERR_PASSWORD_WEAK)
		return CALL_FAIL(call, err,
		    .text = arena_printf(call->arena,
			call_say(call, "The new password needs %zu to 128 characters%s",
			    "新密码须为 %zu 到 128 个字符%s"),
			rules.chars_min,
			rules.classes_min == 0 ? "" :
						 call_say(call, " of several kinds: small letters, capitals, digits, signs",
						     "，并含大小写字母、数字、符号中的多种")));
	if (err != ERR_OK)
		return CALL_FAIL(call, err);
	err = session_check_history(call, user, password);
	if (err == ERR_OK)
		*hash = password_hash(call->arena, server_password_cost(call->server), password);
	return err;
}

/* The password was right; a code must follow. The ticket is all the client needs for that. */
static enum err
session_give_ticket(struct call *call, const struct session_account *account, const char *hash)
{
	uint8_t ticket[TOKEN_BYTES], ticket_hash[32];
	struct sql *sql = sql_new(call->arena);
	enum err err;

	random_bytes(ticket, sizeof(ticket));
	hash_sha256(ticket, sizeof(ticket), ticket_hash);
	sql_add(sql, "SELECT session_ticket(");
	sql_int(sql, account->attempt);
	sql_add(sql, ", ");
	sql_bytes(sql, ticket_hash, sizeof(ticket_hash));
	sql_add(sql, ", ");
	sql_int(sql, account->id);
	sql_add(sql, ", ");
	sql_text(sql, call->session.peer);
	sql_add(sql, ", ");
	session_sql_key(call, sql);
	sql_add(sql, ", ");
	sql_text(sql, hash);
	sql_add(sql, ")");
	err = session_run(call, sql, NULL);
	if (err != ERR_OK)
		return CALL_FAIL(call, err);
	return CALL_FAIL(call, account->enrolled ? ERR_FACTOR_NEEDED : ERR_FACTOR_ENROLL,
	    .ticket = arena_memdup(call->arena, ticket, sizeof(ticket)));
}

/* The same password under today's parameters; should it fail, the next login does it. */
static void
session_rehash(struct call *call, const struct session_account *account, const char *password)
{
	struct sql *sql = sql_new(call->arena);

	sql_add(sql, "SELECT session_rehash(");
	sql_int(sql, account->id);
	sql_add(sql, ", ");
	sql_text(sql, account->hash);
	sql_add(sql, ", ");
	sql_text(sql, password_hash(call->arena, server_password_cost(call->server), password));
	sql_add(sql, ")");
	if (session_run(call, sql, NULL) != ERR_OK)
		call_log(call, LOG_WARN, "password not hashed again", "state=%s",
		    store_state(call->store));
}

/* Everything fits but what the account still wants: a new password, a second factor. */
static enum err
session_let_in(struct call *call, const Kehu__Login *login, const struct session_account *account)
{
	int64_t days = call->server->settings.sign_password_days;
	bool change = account->must_change || (days > 0 && account->password_days >= days);
	struct session_entry entry = { .user = account->id, .attempt = account->attempt,
		.name = login->user, .label = account->label, .branch = account->branch, .how = "password" };
	const char *hash = NULL;
	enum err err;

	if (change && login->new_password == NULL) {
		session_tried(call, account->attempt, "half");
		return CALL_FAIL(call, ERR_PASSWORD_CHANGE);
	}
	if (login->new_password != NULL) {
		err = session_new_password(
		    call, account->id, login->user, account->label, login->new_password, &hash);
		if (err != ERR_OK) {
			session_tried(call, account->attempt, "half");
			return err;
		}
	}
	if (account->enrolled || session_wants_factor(call, session_user(call, account->id)))
		return session_give_ticket(call, account, hash);
	store_begin(call->store);
	if (hash != NULL)
		session_queue_password(call, account->id, hash, 0);
	err = session_enter(call, &entry, &call->answer.login);
	if (err == ERR_OK)
		call->answer.answer_case = KEHU__SERVER_FRAME__ANSWER_LOGIN;
	return err;
}

enum err
handle_login(struct call *call)
{
	const Kehu__Login *login = call->request->login;
	const char *name = login->user != NULL ? login->user : "";
	const char *password = login->password != NULL ? login->password : "";
	struct password_cost cost = server_password_cost(call->server);
	struct session_account account;
	bool right, stale;
	enum err err;

	if (call->session.state >= SESSION_LOCKED)
		return CALL_FAIL(call, ERR_BAD_REQUEST);
	if (!text_valid(name, strlen(name)) || strlen(name) > 80 ||
	    strlen(password) > PASSWORD_BYTES_MAX)
		return CALL_FAIL(call, ERR_LOGIN_REFUSED);
	err = session_try(call, name, &account);
	if (err != ERR_OK)
		return err;
	right = password_check(cost, password,
	    account.hash != NULL ? account.hash : password_nobody(call->arena, cost), &stale);
	if (!right || !account.open) {
		session_tried(call, account.attempt, "wrong");
		return CALL_FAIL(call, ERR_LOGIN_REFUSED);
	}
	if (!session_branch_fits(call, &account))
		return CALL_FAIL(call, ERR_CERT_BRANCH);
	if (stale && login->new_password == NULL)
		session_rehash(call, &account, password);
	return session_let_in(call, login, &account);
}

enum err
handle_resume(struct call *call)
{
	const Kehu__Resume *resume = call->request->resume;
	struct sql *sql = sql_new(call->arena);
	struct session_entry entry = { 0 };
	uint8_t hash[32];
	struct rows *rows;
	bool locked;
	enum err err;

	if (call->session.state >= SESSION_LOCKED || resume->token.len != TOKEN_BYTES)
		return CALL_FAIL(call, ERR_BAD_REQUEST);
	hash_sha256(resume->token.data, resume->token.len, hash);
	sql_add(sql, "SELECT id, user_id, name, label, branch, store_key, locked, viewer_id, viewer, until_at FROM session_resume(");
	sql_bytes(sql, hash, sizeof(hash));
	sql_add(sql, ", ");
	sql_int(sql, call->server->settings.session_idle);
	sql_add(sql, ", ");
	sql_int(sql, call->server->settings.session_lock);
	sql_add(sql, ", ");
	session_sql_key(call, sql);
	sql_add(sql, ")");
	err = session_run(call, sql, &rows);
	if (err != ERR_OK)
		return CALL_FAIL(call, err);
	if (rows->count == 0)
		return CALL_FAIL(call, ERR_SESSION_ENDED);
	locked = rows_bool(rows, 0, 6);
	session_become(call, rows_int(rows, 0, 0), rows_int(rows, 0, 1),
	    locked ? SESSION_LOCKED : SESSION_LOGGED_IN);
	entry.name = rows_text(rows, 0, 2);
	entry.label = rows_text(rows, 0, 3);
	entry.branch = rows_text(rows, 0, 4);
	call->answer.login = session_answer(call, &entry);
	call->answer.answer_case = KEHU__SERVER_FRAME__ANSWER_LOGIN;
	call->answer.login->has_locked = locked;
	call->answer.login->locked = locked;
	call->session.viewer = rows_int(rows, 0, 7);
	if (call->session.viewer != 0) {
		call->answer.login->viewer = arena_strdup(call->arena, rows_text(rows, 0, 8));
		call->answer.login->has_until_us = true;
		call->answer.login->until_us = rows_moment(rows, 0, 9);
		return ERR_OK; /* without the key of that user's drafts */
	}
	/* Drafts on the client's disk stay closed as well until the password is given. */
	if (!locked)
		session_put_key(call, call->answer.login, rows, 5);
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
	call->session.id = call->session.user = call->session.viewer = 0;
	answer_done(call);
	return ERR_OK;
}

enum err
handle_password(struct call *call)
{
	const Kehu__Password *request = call->request->password;
	const struct setup_record *self = access_setup(call->access, E_user, call->session.user);
	const char *old = request->old_password != NULL ? request->old_password : "";
	const char *name = self != NULL ? self->key : "", *hash;
	struct session_account account;
	bool stale;
	enum err err = session_try(call, name, &account);

	if (err != ERR_OK)
		return err;
	if (account.hash == NULL || strlen(old) > PASSWORD_BYTES_MAX ||
	    !password_check(server_password_cost(call->server), old, account.hash, &stale)) {
		session_tried(call, account.attempt, "wrong");
		return CALL_FAIL(call, ERR_LOGIN_REFUSED);
	}
	session_tried(call, account.attempt, "good");
	if (request->new_password == NULL)
		return CALL_FAIL(call, ERR_PASSWORD_WEAK);
	err = session_new_password(call, account.id, name, account.label, request->new_password, &hash);
	if (err != ERR_OK)
		return err;
	store_begin(call->store);
	session_queue_password(call, account.id, hash, call->session.id);
	err = store_commit(call->store, call->arena);
	if (err != ERR_OK) {
		store_rollback(call->store);
		return CALL_FAIL(call, err);
	}
	answer_done(call);
	return ERR_OK;
}
