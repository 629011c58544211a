/*
 * Factor keys: the one place that knows how secrets of second factors are kept. The file is read
 * whenever it is needed, which a login of 80 ms does not notice: a key that was added is known at
 * once, and none stays in memory.
 */
#include "server/gate/factor_keys.h"

#include "common/log.h"
#include "common/sealed.h"
#include "server/gate/totp.h"

#include <inttypes.h>
#include <openssl/crypto.h>
#include <string.h>

const char *
factor_keys_path(struct arena *arena, const struct server_settings *settings)
{
	const char *beside = settings->net_key, *slash;

	if (settings->sign_keys != NULL)
		return settings->sign_keys;
	if (beside == NULL)
		return NULL;
	slash = strrchr(beside, '/');
	return arena_printf(arena, "%.*sfactor.keys", slash != NULL ? (int)(slash + 1 - beside) : 0, beside);
}

static enum err
factor_keys_read(struct arena *arena, const struct server_settings *settings,
    struct sealed_keys *keys, const char **why)
{
	const char *path = factor_keys_path(arena, settings);

	*keys = (struct sealed_keys){ 0 };
	if (path != NULL)
		return sealed_read(arena, path, keys, why);
	*why = "neither sign.keys nor net.key is set in kehud.conf";
	return ERR_CONFIG;
}

static const char *
factor_keys_owner(struct arena *arena, int64_t user)
{
	return arena_printf(arena, "user %" PRId64 ", second factor", user);
}

/* ---- before serving ----------------------------------------------------------------------- */

static enum err
factor_keys_missing(struct arena *arena, const struct server_settings *settings, const struct rows *used,
    const char *key, const char **why)
{
	const char *path = factor_keys_path(arena, settings);

	if (used->count > 0)
		*why = arena_printf(arena, "secrets of second factors are sealed with key %s, which %s does not hold "
			"(%s): bring the file back from where it is kept safe",
		    key, path != NULL ? path : "sign.keys", *why != NULL ? *why : "it holds others");
	else
		*why = arena_printf(arena, "the key file for second factors cannot be used (%s); kehud make-key %s makes one",
		    *why, path != NULL ? path : "FILE");
	return ERR_CONFIG;
}

static enum err
factor_keys_compare(struct arena *arena, const struct server_settings *settings,
    const struct sealed_keys *keys, const struct rows *used, const char *current, const char **why)
{
	for (size_t i = 0; i < used->count; i++)
		if (sealed_key(keys, rows_text(used, i, 0)) == NULL)
			return factor_keys_missing(arena, settings, used, rows_text(used, i, 0), why);
	if (current == NULL || sealed_key(keys, current) != NULL)
		return ERR_OK;
	*why = arena_printf(arena, "%s does not hold key %s, which the other servers seal second factors with: copy "
		"their file",
	    factor_keys_path(arena, settings), current);
	return ERR_CONFIG;
}

enum err
factor_keys_check(struct store *store, struct arena *arena, const struct server_settings *settings,
    const char **why)
{
	struct sql *used_sql = sql_new(arena), *current_sql = sql_new(arena);
	struct rows *used, *current;
	struct sealed_keys keys;
	const char *file_why = NULL;
	enum err file = factor_keys_read(arena, settings, &keys, &file_why);
	enum err err;

	store_begin(store);
	sql_add(used_sql, "SELECT key FROM session_factor_keys()");
	store_queue(store, used_sql, &used);
	sql_add(current_sql, "SELECT session_factor_key(");
	sql_text(current_sql, file == ERR_OK ? keys.keys[keys.count - 1].id : NULL);
	sql_add(current_sql, ")");
	store_queue(store, current_sql, &current);
	err = store_flush(store, arena);
	if (err == ERR_OK)
		err = store_commit(store, arena);
	else
		store_rollback(store);
	if (err == ERR_OK && file != ERR_OK) {
		*why = file_why;
		err = factor_keys_missing(arena, settings, used, used->count > 0 ? rows_text(used, 0, 0) : NULL, why);
	} else if (err == ERR_OK) {
		err = factor_keys_compare(arena, settings, &keys, used, rows_text(current, 0, 0), why);
	}
	sealed_wipe(&keys);
	return err;
}

/* ---- one secret --------------------------------------------------------------------------- */

static enum err
factor_keys_fail(struct call *call, int64_t user, const char *why)
{
	log_error("a second factor's secret cannot be used", "user=%" PRId64 " why=\"%s\"", user, why);
	return CALL_FAIL(call, ERR_FACTOR_KEY);
}

const uint8_t *
factor_keys_seal(struct call *call, int64_t user, const void *secret, size_t bytes, size_t *sealed_bytes)
{
	struct sql *sql = sql_new(call->arena);
	uint8_t *sealed = NULL;
	struct sealed_keys keys;
	const struct sealed_key *key;
	struct rows *rows;
	const char *why = "the key in use is not in the file";
	enum err err = factor_keys_read(call->arena, &call->server->settings, &keys, &why);

	if (err != ERR_OK) {
		factor_keys_fail(call, user, why);
		return NULL;
	}
	sql_add(sql, "SELECT session_factor_key(");
	sql_text(sql, keys.keys[keys.count - 1].id);
	sql_add(sql, ")");
	err = store_run(call->store, call->arena, sql, &rows);
	key = err == ERR_OK ? sealed_key(&keys, rows_text(rows, 0, 0)) : NULL;
	if (err != ERR_OK) {
		CALL_FAIL(call, err);
	} else if (key == NULL) {
		factor_keys_fail(call, user, why);
	} else {
		*sealed_bytes = bytes + SEALED_EXTRA;
		sealed = arena_alloc(call->arena, *sealed_bytes);
		sealed_seal(key, factor_keys_owner(call->arena, user), secret, bytes, sealed);
	}
	sealed_wipe(&keys);
	return sealed;
}

/* false and *why: its key is not there, or it is not this user's. Plain ones are copied. */
static bool
factor_keys_plain(struct arena *arena, const struct sealed_keys *keys, int64_t user, const uint8_t *kept,
    size_t bytes, uint8_t plain[TOTP_SECRET_BYTES], const char **why)
{
	char id[SEALED_ID_CHARS + 1];
	const struct sealed_key *key;

	if (bytes == TOTP_SECRET_BYTES) {
		memcpy(plain, kept, bytes);
		return true;
	}
	if (bytes != TOTP_SECRET_BYTES + SEALED_EXTRA || !sealed_id(kept, bytes, id)) {
		*why = "it is none";
		return false;
	}
	key = sealed_key(keys, id);
	if (key != NULL && sealed_open(key, factor_keys_owner(arena, user), kept, bytes, plain))
		return true;
	*why = key != NULL ? "it was changed or belongs to another user" :
			     arena_printf(arena, "key %s is not in the file", id);
	return false;
}

const uint8_t *
factor_keys_open(struct call *call, int64_t user, const uint8_t *kept, size_t bytes, bool *old)
{
	uint8_t *plain = arena_alloc(call->arena, TOTP_SECRET_BYTES);
	struct sealed_keys keys = { 0 };
	const char *why = NULL;
	bool good = true;

	*old = bytes == TOTP_SECRET_BYTES;
	if (!*old)
		good = factor_keys_read(call->arena, &call->server->settings, &keys, &why) == ERR_OK;
	if (!good || !factor_keys_plain(call->arena, &keys, user, kept, bytes, plain, &why)) {
		factor_keys_fail(call, user, why);
		plain = NULL;
	}
	sealed_wipe(&keys);
	return plain;
}

/* ---- all of them -------------------------------------------------------------------------- */

struct factor_renewal {
	struct store *store;
	struct arena *arena;
	const struct sealed_keys *keys;
	const struct sealed_key *key; /* the one in use */
	size_t done;
	const char *why;
};

/* One column of one user; queued. */
static bool
factor_keys_renew_one(struct factor_renewal *renewal, const struct rows *rows, size_t row, size_t column)
{
	static const char *const names[] = { NULL, "secret", "pending" };
	int64_t user = rows_int(rows, row, 0);
	uint8_t plain[TOTP_SECRET_BYTES], sealed[TOTP_SECRET_BYTES + SEALED_EXTRA];
	char id[SEALED_ID_CHARS + 1];
	struct sql *sql = sql_new(renewal->arena);
	const uint8_t *kept;
	size_t bytes;

	if (rows_null(rows, row, column))
		return true;
	kept = rows_bytea(renewal->arena, rows, row, column, &bytes);
	if (sealed_id(kept, bytes, id) && strcmp(id, renewal->key->id) == 0)
		return true;
	if (!factor_keys_plain(renewal->arena, renewal->keys, user, kept, bytes, plain, &renewal->why)) {
		renewal->why = arena_printf(renewal->arena, "the second factor of user %" PRId64 " cannot be read: %s",
		    user, renewal->why);
		return false;
	}
	sealed_seal(renewal->key, factor_keys_owner(renewal->arena, user), plain, sizeof(plain), sealed);
	OPENSSL_cleanse(plain, sizeof(plain));
	sql_addf(sql, "UPDATE user_sign SET %s = ", names[column]);
	sql_bytes(sql, sealed, sizeof(sealed));
	sql_add(sql, " WHERE user_id = ");
	sql_int(sql, user);
	store_queue(renewal->store, sql, NULL);
	renewal->done++;
	return true;
}

/* In the open transaction. Users are held, so that nobody signs in with what is being changed. */
static enum err
factor_keys_renew_rows(struct factor_renewal *renewal)
{
	struct sql *sql = sql_new(renewal->arena);
	struct rows *rows;
	enum err err;

	sql_add(sql, "SELECT user_id, secret, pending FROM user_sign WHERE secret IS NOT NULL OR pending IS NOT NULL "
		     "ORDER BY user_id FOR UPDATE");
	err = store_run(renewal->store, renewal->arena, sql, &rows);
	for (size_t i = 0; err == ERR_OK && i < rows->count; i++)
		for (size_t column = 1; err == ERR_OK && column <= 2; column++)
			if (!factor_keys_renew_one(renewal, rows, i, column))
				err = ERR_CONFIG;
	return err;
}

/* Keys have names by which nothing is opened. */
static void
factor_keys_queue_audit(struct factor_renewal *renewal, const char *before)
{
	struct sql *sql = sql_new(renewal->arena);

	sql_add(sql, "INSERT INTO audit (request, action, detail) VALUES ('rotate-key', 'rotate-key', ");
	sql_text(sql, arena_printf(renewal->arena, "from=%s to=%s", before != NULL ? before : "-", renewal->key->id));
	sql_add(sql, ")");
	store_queue(renewal->store, sql, NULL);
}

/* Which key is in use from now on. The row is held till the end: two renewals wait for each other. */
static enum err
factor_keys_choose(struct factor_renewal *renewal, bool newest, const char *path)
{
	const struct sealed_key *last = &renewal->keys->keys[renewal->keys->count - 1];
	struct sql *sql = sql_new(renewal->arena), *change = sql_new(renewal->arena);
	struct rows *rows;
	const char *current;
	enum err err;

	sql_add(sql, "SELECT factor_key FROM state FOR UPDATE");
	err = store_run(renewal->store, renewal->arena, sql, &rows);
	if (err != ERR_OK)
		return err;
	current = rows_text(rows, 0, 0);
	if (newest && current != NULL && strcmp(current, last->id) == 0) {
		renewal->why = arena_printf(renewal->arena, "the newest key of %s is in use already: add one with kehud "
			"make-key %s, give the file to every server, then rotate",
		    path, path);
		return ERR_CONFIG;
	}
	renewal->key = newest || current == NULL ? last : sealed_key(renewal->keys, current);
	if (renewal->key == NULL) {
		renewal->why = arena_printf(renewal->arena, "%s does not hold key %s, which is in use", path, current);
		return ERR_CONFIG;
	}
	sql_add(change, "UPDATE state SET factor_key = ");
	sql_text(change, renewal->key->id);
	store_queue(renewal->store, change, NULL);
	if (newest)
		factor_keys_queue_audit(renewal, current);
	return ERR_OK;
}

/* Whether there is anything plain or under another key than the one in use. */
static enum err
factor_keys_due(struct store *store, struct arena *arena, bool *due)
{
	struct sql *sql = sql_new(arena);
	struct rows *rows;
	enum err err;

	store_read(store);
	sql_add(sql, "SELECT EXISTS (SELECT FROM user_sign s, state t, LATERAL (VALUES (s.secret), (s.pending)) k (held) "
		     "WHERE k.held IS NOT NULL AND (length(k.held) <= 33 OR "
		     "encode(substr(k.held, 2, 4), 'hex') IS DISTINCT FROM t.factor_key))");
	store_queue(store, sql, &rows);
	err = store_flush(store, arena);
	*due = err == ERR_OK && rows_bool(rows, 0, 0);
	return err;
}

enum err
factor_keys_renew(struct store *store, struct arena *arena, const struct server_settings *settings,
    bool newest, size_t *done, const char **key, const char **why)
{
	struct factor_renewal renewal = { .store = store, .arena = arena };
	struct sealed_keys keys = { 0 };
	bool due = false;
	enum err err = factor_keys_due(store, arena, &due);

	*done = 0;
	if (err != ERR_OK || (!due && !newest))
		return err;
	err = factor_keys_read(arena, settings, &keys, why);
	if (err != ERR_OK)
		return err;
	renewal.keys = &keys;
	store_begin(store);
	err = factor_keys_choose(&renewal, newest, factor_keys_path(arena, settings));
	if (err == ERR_OK)
		err = factor_keys_renew_rows(&renewal);
	if (err == ERR_OK)
		err = store_commit(store, arena);
	else
		store_rollback(store);
	if (err == ERR_OK) {
		*done = renewal.done;
		*key = arena_strdup(arena, renewal.key->id);
	}
	*why = renewal.why;
	sealed_wipe(&keys);
	return err;
}
