/* See beside.h. */
#include "tests/lib/beside.h"

#include "common/log.h"
#include "tests/lib/big.h"
#include "tests/lib/pg.h"

#include <stdlib.h>

void
beside_open(struct beside *beside, const char *database, bool quiet)
{
	struct arena *arena = arena_new(0);
	struct sql *sql = sql_new(arena);
	struct rows *rows;

	beside->bed = bed_new(database);
	beside->ada = client_new(beside->bed, "ada", LANG_EN);
	beside->store = pg_store(database, NULL);
	store_begin(beside->store);
	if (quiet) {
		struct sql *replica = sql_new(arena);

		sql_add(replica, "SET session_replication_role = replica");
		store_queue(beside->store, replica, NULL);
	}
	sql_add(sql, "SELECT pg_backend_pid()");
	store_queue(beside->store, sql, &rows);
	if (store_commit(beside->store, arena) != ERR_OK)
		fatal("no bare store");
	beside->backend = (pid_t)rows_int(rows, 0, 0);
	arena_free(arena);
}

void
beside_close(struct beside *beside)
{
	store_free(beside->store);
	client_free(beside->ada);
	bed_free(beside->bed);
}

int64_t
beside_kehud_ns(const struct beside *beside)
{
	const char *pids = pg_exec(beside->bed->database,
	    "SELECT string_agg(pid::text, ' ') FROM pg_stat_activity"
	    " WHERE datname = current_database() AND pid NOT IN (pg_backend_pid(), %d)",
	    (int)beside->backend);
	int64_t sum = 0;
	char *end;

	for (const char *at = pids; *at != '\0'; at = end) {
		sum += big_process_ns((pid_t)strtol(at, &end, 10));
		if (end == at)
			break;
	}
	return sum;
}

int64_t
beside_bare_ns(const struct beside *beside)
{
	return big_process_ns(beside->backend);
}
