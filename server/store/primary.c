/*
 * Several database servers in one connection string: which of them is the primary. A thread for
 * each asks it every second whether it takes writes and which timeline it is on. Connections go
 * to the one that answers, takes writes and is on the highest timeline ever seen; when that
 * becomes another server, every connection to the old one is cut. So neither a server that
 * stands still, nor an old primary that comes back and still believes it is one, is worked with.
 */
#include "common/date.h"
#include "common/log.h"
#include "common/mem.h"
#include "server/store/store_impl.h"
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define PRIMARY_SERVERS_MAX 8
#define PRIMARY_EVERY_MS    1000
#define PRIMARY_ANSWER_MS   2000 /* a server that takes longer is not there */
#define PRIMARY_FRESH_US    INT64_C(3500000)

struct primary_server {
	struct connect_place place;
	pthread_t thread;
	int64_t answered_us; /* 0: never, or its last answer was none */
	int64_t timeline;    /* 0: does not take writes */
	bool asked;          /* once at least */
};

static struct {
	char *conninfo; /* NULL: nothing is watched */
	struct primary_server servers[PRIMARY_SERVERS_MAX];
	int count;
	_Atomic bool stop;

	pthread_mutex_t lock;
	pthread_cond_t judged;
	int best;         /* -1: none yet */
	int64_t timeline; /* the highest seen of a server that took writes */
	struct store *stores;
} primary = { .lock = PTHREAD_MUTEX_INITIALIZER, .judged = PTHREAD_COND_INITIALIZER, .best = -1 };

/* ---- what one server says ----------------------------------------------------------------- */

static bool
primary_poll(const PGconn *conn, short events, int64_t until_us)
{
	struct pollfd wait = { .fd = PQsocket(conn), .events = events };
	int64_t left_us = until_us - date_monotonic_us();

	return wait.fd >= 0 && left_us > 0 && poll(&wait, 1, (int)(left_us / 1000) + 1) > 0;
}

static PGconn *
primary_connect(const struct connect_place *place, int64_t until_us)
{
	struct connect_parameters parameters;
	PGconn *conn = NULL;

	if (!connect_parameters(&parameters, primary.conninfo, "kehud primary", place, NULL))
		return NULL;
	conn = PQconnectStartParams(parameters.keywords, parameters.values, 0);
	PQconninfoFree(parameters.given);
	for (short events = POLLOUT; conn != NULL && PQstatus(conn) != CONNECTION_BAD;) {
		if (!primary_poll(conn, events, until_us))
			break;
		switch (PQconnectPoll(conn)) {
		case PGRES_POLLING_OK:
			return conn;
		case PGRES_POLLING_READING:
			events = POLLIN;
			break;
		case PGRES_POLLING_WRITING:
			events = POLLOUT;
			break;
		default:
			PQfinish(conn);
			return NULL;
		}
	}
	PQfinish(conn);
	return NULL;
}

/* Its timeline; 0: a standby, or read-only; -1: no answer in time. */
static int64_t
primary_ask(PGconn *conn, int64_t until_us)
{
	int64_t timeline = -1;
	PGresult *result;

	if (!PQsendQuery(conn,
		"SELECT CASE WHEN pg_is_in_recovery() OR "
		"current_setting('default_transaction_read_only')::boolean THEN 0 "
		"ELSE ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int END"))
		return -1;
	while (PQisBusy(conn)) {
		if (!primary_poll(conn, POLLIN, until_us) || !PQconsumeInput(conn))
			return -1;
	}
	while ((result = PQgetResult(conn)) != NULL) {
		if (PQresultStatus(result) == PGRES_TUPLES_OK && PQntuples(result) == 1)
			timeline = strtoll(PQgetvalue(result, 0, 0), NULL, 10);
		PQclear(result);
	}
	return timeline;
}

/* ---- the judgement ------------------------------------------------------------------------ */

static void
primary_cut(void)
{
	int cut = 0;

	for (struct store *store = primary.stores; store != NULL; store = store->primary_next) {
		if (store->server == primary.best)
			continue;
		shutdown(store->socket, SHUT_RDWR);
		cut++;
	}
	log_warn("another database server is the primary", "host=%s port=%s timeline=%lld cut=%d",
	    primary.servers[primary.best].place.host, primary.servers[primary.best].place.port,
	    (long long)primary.timeline, cut);
}

/* Under the lock, after each answer of any server. */
static void
primary_judge(void)
{
	int64_t now_us = date_monotonic_us();
	int best = -1;

	for (int i = 0; i < primary.count; i++) {
		const struct primary_server *server = &primary.servers[i];

		if (server->answered_us == 0 || now_us - server->answered_us > PRIMARY_FRESH_US ||
		    server->timeline == 0 || server->timeline < primary.timeline)
			continue;
		if (best < 0 || server->timeline > primary.servers[best].timeline)
			best = i;
	}
	if (best < 0)
		return; /* nobody else to go to: who is there may come back */
	primary.timeline = primary.servers[best].timeline;
	if (best == primary.best)
		return;
	bool first = primary.best < 0;
	primary.best = best;
	if (!first)
		primary_cut();
}

static void *
primary_run(void *server_)
{
	struct primary_server *server = server_;
	PGconn *conn = NULL;

	while (!atomic_load(&primary.stop)) {
		int64_t until_us = date_monotonic_us() + PRIMARY_ANSWER_MS * INT64_C(1000);
		int64_t timeline = -1;

		if (conn == NULL)
			conn = primary_connect(&server->place, until_us);
		if (conn != NULL)
			timeline = primary_ask(conn, until_us);
		if (timeline < 0) {
			PQfinish(conn);
			conn = NULL;
		}
		pthread_mutex_lock(&primary.lock);
		server->answered_us = timeline < 0 ? 0 : date_monotonic_us();
		server->timeline = timeline < 0 ? 0 : timeline;
		server->asked = true;
		primary_judge();
		pthread_cond_broadcast(&primary.judged);
		pthread_mutex_unlock(&primary.lock);
		for (int slept = 0; slept < PRIMARY_EVERY_MS && !atomic_load(&primary.stop); slept += 50)
			poll(NULL, 0, 50);
	}
	PQfinish(conn);
	return NULL;
}

/* ---- for connections ---------------------------------------------------------------------- */

bool
primary_place(const struct store *store, const struct connect_place **place, int *server)
{
	*place = NULL;
	*server = -1;
	if (primary.conninfo == NULL || !store->need_primary ||
	    strcmp(store->conninfo, primary.conninfo) != 0)
		return true;
	pthread_mutex_lock(&primary.lock);
	*server = primary.best;
	pthread_mutex_unlock(&primary.lock);
	if (*server >= 0)
		*place = &primary.servers[*server].place;
	return *server >= 0;
}

bool
primary_join(struct store *store, int server)
{
	bool still;

	if (server < 0)
		return true;
	pthread_mutex_lock(&primary.lock);
	still = server == primary.best;
	if (still) {
		store->server = server;
		store->socket = PQsocket(store->conn);
		store->primary_next = primary.stores;
		primary.stores = store;
	}
	pthread_mutex_unlock(&primary.lock);
	return still;
}

void
primary_leave(struct store *store)
{
	pthread_mutex_lock(&primary.lock);
	for (struct store **at = &primary.stores; *at != NULL; at = &(*at)->primary_next) {
		if (*at == store) {
			*at = store->primary_next;
			break;
		}
	}
	pthread_mutex_unlock(&primary.lock);
}

/* ---- beginning and end -------------------------------------------------------------------- */

static char *
primary_dup(const char *text, size_t bytes)
{
	char *copy = mem_strndup(text, bytes);

	return copy;
}

/* The n-th of a list with commas; a list of one serves all, as with libpq. */
static char *
primary_part(const char *list, int n)
{
	const char *at = list;

	if (list == NULL)
		return NULL;
	for (int i = 0; i < n; i++) {
		const char *comma = strchr(at, ',');

		if (comma == NULL)
			return primary_dup(i == 0 ? list : "", i == 0 ? strlen(list) : 0);
		at = comma + 1;
	}
	return primary_dup(at, strcspn(at, ","));
}

static const char *
primary_given(const PQconninfoOption *given, const char *keyword)
{
	for (; given->keyword != NULL; given++) {
		if (strcmp(given->keyword, keyword) == 0)
			return given->val;
	}
	return NULL;
}

static int
primary_split(const char *conninfo)
{
	PQconninfoOption *given = PQconninfoParse(conninfo, NULL);
	const char *hosts, *addresses;
	int count = 1;

	if (given == NULL)
		return 0; /* whoever connects says what is wrong with it */
	hosts = primary_given(given, "host");
	addresses = primary_given(given, "hostaddr");
	for (const char *at = hosts != NULL ? hosts : addresses; at != NULL;
	     at = strchr(at, ',') != NULL ? strchr(at, ',') + 1 : NULL)
		count += strchr(at, ',') != NULL;
	if (count > PRIMARY_SERVERS_MAX)
		count = PRIMARY_SERVERS_MAX;
	for (int i = 0; i < count && count > 1; i++) {
		primary.servers[i].place = (struct connect_place){
			.host = primary_part(hosts, i),
			.address = primary_part(addresses, i),
			.port = primary_part(primary_given(given, "port"), i),
		};
	}
	PQconninfoFree(given);
	return count > 1 ? count : 0;
}

static bool
primary_all_asked(void)
{
	for (int i = 0; i < primary.count; i++) {
		if (!primary.servers[i].asked)
			return false;
	}
	return true;
}

void
store_primary_start(const char *conninfo)
{
	primary.count = primary_split(conninfo);
	if (primary.count == 0)
		return;
	primary.conninfo = primary_dup(conninfo, strlen(conninfo));
	atomic_store(&primary.stop, false);
	for (int i = 0; i < primary.count; i++) {
		if (pthread_create(&primary.servers[i].thread, NULL, primary_run, &primary.servers[i]) != 0)
			fatal("no thread");
	}
	/* Of all of them: an old primary may be the quicker one. */
	pthread_mutex_lock(&primary.lock);
	while (!primary_all_asked())
		pthread_cond_wait(&primary.judged, &primary.lock);
	pthread_mutex_unlock(&primary.lock);
}

void
store_primary_stop(void)
{
	if (primary.conninfo == NULL)
		return;
	atomic_store(&primary.stop, true);
	for (int i = 0; i < primary.count; i++) {
		pthread_join(primary.servers[i].thread, NULL);
		free(primary.servers[i].place.host);
		free(primary.servers[i].place.address);
		free(primary.servers[i].place.port);
		primary.servers[i] = (struct primary_server){ 0 };
	}
	free(primary.conninfo);
	primary.conninfo = NULL;
	primary.count = 0;
	primary.best = -1;
	primary.timeline = 0;
}
