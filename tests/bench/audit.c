/*
 * Checking a million rows of the audit: CPU of PostgreSQL and of the checking process together.
 */
#include "server/audit/audit.h"
#include "common/log.h"
#include "tests/lib/company.h"
#include "tests/lib/figures.h"
#include "tests/lib/pg.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define DB       "bench_audit"
#define ROWS     1000000
#define TARGET_S 60

static double
audit_own_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* User and system time of the store's backend. */
static double
audit_backend_s(long pid)
{
	char path[64], line[1024];
	unsigned long user = 0, system = 0;
	const char *at;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%ld/stat", pid);
	file = fopen(path, "r");
	if (file == NULL || fgets(line, sizeof(line), file) == NULL)
		fatal("no %s", path);
	fclose(file);
	at = strrchr(line, ')');
	if (at == NULL || sscanf(at + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu",
			      &user, &system) != 2)
		fatal("no times in %s", path);
	return (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
}

int
main(void)
{
	struct arena *arena = arena_new(0);
	struct audit_sealed sealed = { .more = true };
	struct audit_verdict verdict;
	struct store *store;
	struct rows *rows;
	double own_s, backend_s;
	long pid;

	pg_start();
	pg_database(DB);
	company_make(DB);
	for (int i = 0; i < ROWS / 10000; i++)
		pg_exec(DB, "INSERT INTO audit (user_id, session_id, reference, request, "
			    "action, entity, record_id,"
			    " change_id) SELECT 101, 77, g, 'save', 'update', 10, 1000 + g, "
			    "gen_random_uuid()"
			    " FROM generate_series(1, 10000) g");
	pg_exec(DB, "ANALYZE audit");
	store = pg_store(DB, "kehu_app");
	while (sealed.more) {
		arena_reset(arena);
		if (audit_seal(store, arena, &sealed) != ERR_OK)
			fatal("not sealed: %s", store_message(store));
	}
	store_begin(store);
	rows = company_run(store, arena, "SELECT pg_backend_pid()");
	pid = (long)rows_int(rows, 0, 0);
	store_rollback(store);
	own_s = audit_own_s();
	backend_s = audit_backend_s(pid);
	if (audit_verify(store, arena, NULL, NULL, &verdict) != ERR_OK || verdict.broken ||
	    verdict.rows < ROWS)
		fatal("the chain does not hold");
	own_s = audit_own_s() - own_s;
	backend_s = audit_backend_s(pid) - backend_s;
	figure("audit_verify_1m", 0, own_s + backend_s, "s", TARGET_S, AT_MOST, 1);
	figure("audit_verify_1m_postgresql", 0, backend_s, "s", 0, AT_MOST, 0);
	store_free(store);
	arena_free(arena);
	return 0;
}
