/*
 * The connection itself: connecting, the session's fixed settings, and what PostgreSQL's
 * errors mean to us. Transactions and pipelines are store.c's.
 */
#include "common/date.h"
#include "common/log.h"
#include "server/store/store_impl.h"
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct connect_default {
	const char *keyword, *value;
};

/* Used where the connection string does not say otherwise. */
static const struct connect_default connect_defaults[] = {
	{ "connect_timeout", "3" },
	{ "tcp_user_timeout", "10000" },
	{ "keepalives_idle", "10" },
	{ "keepalives_interval", "5" },
	{ "keepalives_count", "3" },
	{ "client_encoding", "UTF8" },
};

static bool
connect_refused(const char *state)
{
	static const char *const gone[] = { "57P01", "57P02", "57P03", "57P04", "57P05",
		"25006", "25P03", "53300", "58000", "58030" };

	for (size_t i = 0; i < sizeof gone / sizeof gone[0]; i++) {
		if (strcmp(state, gone[i]) == 0)
			return true;
	}
	return strncmp(state, "08", 2) == 0;
}

static enum err
connect_error_of(const char *state, const char *message, bool cancelled)
{
	static const struct {
		const char *state;
		enum err err;
	} errors[] = {
		{ STATE_STALE_ACCESS, ERR_STALE },
		{ STATE_STALE_CATALOG, ERR_STALE },
		{ STATE_SESSION_ENDED, ERR_SESSION_ENDED },
		{ STATE_REPEATED, ERR_INTENT_REUSED },
		{ "40001", ERR_STALE },
		{ "40P01", ERR_STALE },
		{ "0A000", ERR_STALE },
		{ "26000", ERR_STALE },
		{ "55P03", ERR_LOCKED },
		{ "23505", ERR_DUPLICATE },
		{ "23P01", ERR_DUPLICATE },
		{ "23503", ERR_IN_USE },
		{ "23001", ERR_IN_USE },
		{ "23502", ERR_REQUIRED },
		{ "23514", ERR_INVALID },
		{ "22001", ERR_TOO_LONG },
		{ "22003", ERR_TOO_LARGE },
		{ "54000", ERR_TOO_LARGE },
		{ "42501", ERR_FORBIDDEN },
		{ "40003", ERR_UNKNOWN_OUTCOME },
		{ "53100", ERR_NO_SPACE },
		{ "53200", ERR_NO_SPACE },
	};

	if (strcmp(state, "57014") == 0)
		return cancelled ? ERR_CANCELLED : ERR_TIMEOUT;
	if (strcmp(state, STATE_REFUSED) == 0)
		return err_named(message);
	if (state[0] == '\0' || connect_refused(state))
		return ERR_DB_GONE;
	for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++) {
		if (strcmp(errors[i].state, state) == 0)
			return errors[i].err;
	}
	return ERR_INTERNAL;
}

static void
connect_copy(char *out, size_t bytes, const char *text)
{
	snprintf(out, bytes, "%s", text ? text : "");
}

void
store_forget_failure(struct store *store)
{
	store->failed = ERR_OK;
	store->retryable = false;
	store->state[0] = store->constraint[0] = store->table[0] = store->column[0] = '\0';
	store->message[0] = store->hint[0] = '\0';
}

enum err
store_fail(struct store *store, enum err err, const char *message)
{
	if (store->failed != ERR_OK)
		return store->failed;
	store->failed = err;
	connect_copy(store->message, sizeof store->message, message);
	return err;
}

/*
 * While a COMMIT is under way, an error of the connection's kind tells nothing about it; one
 * that the server itself gave to an earlier statement says that COMMIT was never reached.
 */
enum err
store_fail_result(struct store *store, const PGresult *result, bool committing)
{
	const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);

	/* libpq's own error: it may have lost an answer, and would wait for it for ever. */
	if (state == NULL)
		store->lost = true;
	if (store->failed != ERR_OK)
		return store->failed;
	const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
	connect_copy(store->state, sizeof store->state, state);
	connect_copy(store->message, sizeof store->message,
	    message ? message : PQresultErrorMessage(result));
	connect_copy(
	    store->hint, sizeof store->hint, PQresultErrorField(result, PG_DIAG_MESSAGE_HINT));
	connect_copy(store->constraint, sizeof store->constraint,
	    PQresultErrorField(result, PG_DIAG_CONSTRAINT_NAME));
	connect_copy(
	    store->table, sizeof store->table, PQresultErrorField(result, PG_DIAG_TABLE_NAME));
	connect_copy(store->column, sizeof store->column,
	    PQresultErrorField(result, PG_DIAG_COLUMN_NAME));

	/* A second outcome row of one intention: see kehu_outcome. */
	if (strcmp(store->state, "23505") == 0 &&
	    strncmp(store->table, "outcome", strlen("outcome")) == 0)
		connect_copy(store->state, sizeof store->state, STATE_REPEATED);
	pthread_mutex_lock(&store->cancel_lock);
	bool cancelled = store->cancelled;
	pthread_mutex_unlock(&store->cancel_lock);
	store->failed = connect_error_of(store->state, store->message, cancelled);
	if (store->failed == ERR_DB_GONE) {
		store->lost = true;
		if (committing || (store->commit_sent && store->state[0] == '\0'))
			store->failed = ERR_UNKNOWN_OUTCOME;
	}
	store->retryable = store->failed == ERR_STALE || store->failed == ERR_DB_GONE;
	/* The plan of a kept statement, or the statement, is no longer good. */
	if (strcmp(store->state, "0A000") == 0 || strcmp(store->state, "26000") == 0)
		store->forget = true;
	if (store->failed == ERR_INTERNAL)
		log_error("database error", "state=%s table=%s constraint=%s column=%s",
		    store->state, store->table, store->constraint, store->column);
	log_debug("database refused", "state=%s", store->state);
	return store->failed;
}

/* The server's warnings are for the log; one of them says a commit reached this machine only.
 */
static void
connect_notice(void *arg, const PGresult *result)
{
	struct store *store = arg;
	const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
	const char *severity = PQresultErrorField(result, PG_DIAG_SEVERITY_NONLOCALIZED);

	if (severity && (strcmp(severity, "FATAL") == 0 || strcmp(severity, "PANIC") == 0))
		store->dismissed = true;
	if (!state || !severity || strcmp(severity, "WARNING") != 0)
		return;
	pthread_mutex_lock(&store->cancel_lock);
	bool committing = store->committing;
	pthread_mutex_unlock(&store->cancel_lock);
	if (committing && strcmp(state, "01000") == 0)
		store->local_only = true;
	log_warn("database warning", "state=%s committing=%d", state, committing);
}

/* Everything that must be the same for each statement of this connection. */
static bool
connect_settings(struct store *store)
{
	struct buf text = BUF_INIT;
	bool done = false;

	buf_printf(&text,
	    "SET DateStyle = 'ISO, YMD'; SET TimeZone = 'UTC'; SET IntervalStyle = 'iso_8601';"
	    "SET bytea_output = 'hex'; SET client_min_messages = warning; SET jit = off;"
	    "SET max_parallel_workers_per_gather = 0; SET random_page_cost = 1.1;"
	    "SET gin_pending_list_limit = '1MB';"
	    "SET default_transaction_isolation = 'read committed';"
	    "SET idle_in_transaction_session_timeout = 60000;"
	    "SET statement_timeout = %d; SET lock_timeout = %d;",
	    store->statement_timeout_ms, store->lock_timeout_ms);
	if (store->role) {
		char *role = PQescapeIdentifier(store->conn, store->role, strlen(store->role));
		if (!role)
			goto out;
		buf_printf(&text, "SET ROLE %s;", role);
		PQfreemem(role);
	}
	PGresult *result = PQexec(store->conn, buf_text(&text));
	done = PQresultStatus(result) == PGRES_COMMAND_OK;
	if (!done)
		store_fail_result(store, result, false);
	PQclear(result);
out:
	buf_fini(&text);
	return done;
}

/* A standby that answers, or a primary that was demoted under us, must not be worked with. */
static bool
connect_is_primary(const struct store *store)
{
	const char *standby = PQparameterStatus(store->conn, "in_hot_standby");
	const char *readonly = PQparameterStatus(store->conn, "default_transaction_read_only");

	return (!standby || strcmp(standby, "on") != 0) &&
	       (!readonly || strcmp(readonly, "on") != 0);
}

static void
connect_add(struct connect_parameters *parameters, const char *keyword, const char *value)
{
	parameters->keywords[parameters->count] = keyword;
	parameters->values[parameters->count++] = value;
	parameters->keywords[parameters->count] = parameters->values[parameters->count] = NULL;
}

static bool
connect_has(const struct connect_parameters *parameters, const char *keyword)
{
	for (size_t i = 0; i < parameters->count; i++) {
		if (strcmp(parameters->keywords[i], keyword) == 0)
			return true;
	}
	return false;
}

bool
connect_parameters(struct connect_parameters *parameters, const char *conninfo,
    const char *application, const struct connect_place *place, char **why)
{
	const struct connect_default at[] = {
		{ "host", place != NULL ? place->host : NULL },
		{ "hostaddr", place != NULL ? place->address : NULL },
		{ "port", place != NULL ? place->port : NULL },
	};

	*parameters = (struct connect_parameters){ .given = PQconninfoParse(conninfo, why) };
	if (parameters->given == NULL)
		return false;
	for (size_t i = 0; i < sizeof at / sizeof at[0]; i++) {
		if (at[i].value != NULL)
			connect_add(parameters, at[i].keyword, at[i].value);
	}
	for (const PQconninfoOption *o = parameters->given; o->keyword != NULL; o++) {
		if (o->val != NULL && parameters->count < 48 && !connect_has(parameters, o->keyword))
			connect_add(parameters, o->keyword, o->val);
	}
	for (size_t i = 0; i < sizeof connect_defaults / sizeof connect_defaults[0]; i++) {
		if (!connect_has(parameters, connect_defaults[i].keyword))
			connect_add(parameters, connect_defaults[i].keyword, connect_defaults[i].value);
	}
	connect_add(parameters, "fallback_application_name", application != NULL ? application : "kehud");
	return true;
}

/* NULL: the connection string cannot be read; *why, if any, is for PQfreemem. */
static PGconn *
connect_open(const struct store *store, const struct connect_place *place, char **why)
{
	struct connect_parameters parameters;
	PGconn *conn;

	if (!connect_parameters(&parameters, store->conninfo, store->application, place, why))
		return NULL;
	if (store->need_primary)
		connect_add(&parameters, "target_session_attrs", "read-write");
	conn = PQconnectdbParams(parameters.keywords, parameters.values, 0);
	PQconninfoFree(parameters.given);
	return conn;
}

enum err
store_connect(struct store *store)
{
	const struct connect_place *place;
	char *why = NULL;
	int server;

	if (store->conn) {
		if (PQstatus(store->conn) == CONNECTION_OK &&
		    (!store->need_primary || connect_is_primary(store)))
			return ERR_OK;
		store_disconnect(store);
	}
	if (store->connected_before)
		store->figures.reconnects++;
	if (!primary_place(store, &place, &server)) {
		store_fail(store, ERR_DB_GONE, "no database server takes writes");
		store->retryable = false;
		return store->failed;
	}
	store->conn = connect_open(store, place, &why);
	if (!store->conn) {
		enum err err = store_fail(store, ERR_CONFIG, why);
		PQfreemem(why);
		return err;
	}
	if (PQstatus(store->conn) != CONNECTION_OK) {
		store_fail(store, ERR_DB_GONE, PQerrorMessage(store->conn));
		store->retryable = false;
		store_disconnect(store);
		return store->failed;
	}
	PQsetNoticeReceiver(store->conn, connect_notice, store);
	if (!connect_settings(store)) {
		if (store->failed == ERR_OK)
			store_fail(store, ERR_DB_GONE, PQerrorMessage(store->conn));
		store->retryable = false;
		store_disconnect(store);
		return store->failed;
	}
	if (store->need_primary && !connect_is_primary(store)) {
		store_disconnect(store);
		return store_fail(store, ERR_DB_GONE, "the database server is a standby");
	}
	if (!primary_join(store, server)) {
		store_disconnect(store);
		return store_fail(store, ERR_DB_GONE, "another database server is the primary");
	}
	pthread_mutex_lock(&store->cancel_lock);
	store->cancel = PQgetCancel(store->conn);
	pthread_mutex_unlock(&store->cancel_lock);
	store->connected_before = true;
	return ERR_OK;
}

void
store_disconnect(struct store *store)
{
	pthread_mutex_lock(&store->cancel_lock);
	PQfreeCancel(store->cancel);
	store->cancel = NULL;
	pthread_mutex_unlock(&store->cancel_lock);
	primary_leave(store);
	PQfinish(store->conn);
	store->conn = NULL;
	store->opened = false;
	store->copying = false;
	store->dismissed = false;
	named_forget_all(store);
	store->forget = false;
}

void
store_cancel(struct store *store)
{
	char why[256];

	pthread_mutex_lock(&store->cancel_lock);
	if (store->cancel && !store->committing) {
		store->cancelled = true;
		if (!PQcancel(store->cancel, why, sizeof why))
			log_warn("cancel was not delivered", "why=failed");
	}
	pthread_mutex_unlock(&store->cancel_lock);
}

bool
store_wait_notify(struct store *store, int timeout_ms)
{
	int64_t deadline_us = date_monotonic_us() + (int64_t)timeout_ms * 1000;

	while (store->conn && PQstatus(store->conn) == CONNECTION_OK) {
		if (!PQconsumeInput(store->conn))
			break;
		bool came = false;
		PGnotify *notify;
		while ((notify = PQnotifies(store->conn))) {
			PQfreemem(notify);
			came = true;
		}
		if (came)
			return true;
		int64_t left_us = deadline_us - date_monotonic_us();
		if (left_us <= 0)
			return false;
		struct pollfd wait = { .fd = PQsocket(store->conn), .events = POLLIN };
		if (poll(&wait, 1, (int)(left_us / 1000) + 1) < 0 && errno != EINTR)
			return false;
	}
	/* Nothing to listen on: keep the caller's rhythm, it reconnects with its next
	 * statement. */
	int64_t left_us = deadline_us - date_monotonic_us();
	if (left_us > 0)
		poll(NULL, 0, (int)(left_us / 1000) + 1);
	return false;
}
