/*
 * What benchmarks stand on: one lasting PostgreSQL cluster with a demo database for each size
 * (BENCH_CUSTOMERS="10000 1000000"), a real kehud in front of each, and what both spent.
 *
 * Loading a million customers takes minutes, so the cluster stays under the build directory,
 * named by the checksum of sql/ and of the generated DDL; BENCH_DATA=DIR uses that one instead,
 * whatever it was made from. What goes wrong ends the process with a message.
 */
#ifndef KEHU_TEST_BIG_H
#define KEHU_TEST_BIG_H

#include "common/arena.h"
#include "server/store/store.h"

#include <sys/types.h>

#define BIG_SIZES_MAX   4
#define BIG_TOKEN_BYTES 32

struct big {
	uint64_t customers;
	const char *database, *dir, *ca;
	struct arena *arena;
	pid_t kehud;
	int port;
};

/* Makes and loads what is missing, starts PostgreSQL and a kehud for each size. */
void big_start(void);
/* Smallest first. */
size_t big_count(void);
struct big *big_at(size_t size);

/*
 * Users picked and set up by big_people.sql, by kind and number from 0: "branch" (0-7) sees one
 * branch, "own" (0-7) an account manager's customers, "all" everything, "some" own customers,
 * two departments, one pool and 50 shared ones, "widest" 20 departments, two pools, 1,000
 * shares.
 */
int64_t big_reader(const struct big *big, const char *kind, int nth);
/* A new session of that user, as a login would make it; the token to resume it with. */
void big_session(const struct big *big, int64_t user, uint8_t token[BIG_TOKEN_BYTES]);

/* ---- CPU, in nanoseconds since something started ---- */

/* All threads of kehud. */
int64_t big_kehud_ns(const struct big *big);
/* The backends of kehud's interactive workers. */
int64_t big_backends_ns(const struct big *big);
/* One process with one thread, such as a backend (SELECT pg_backend_pid()). */
int64_t big_process_ns(pid_t pid);
/* Resident memory of kehud. */
int64_t big_kehud_kib(const struct big *big);

/*
 * These tables (with spaces between) and their indexes into PostgreSQL's memory, as where people have
 * worked for a while: a page read from the disk costs CPU, too.
 */
void big_warm(const struct big *big, const char *tables);

/* ---- the statements kehud sends ---- */

struct big_statement {
	const char *text;          /* with $1 … */
	const char *const *values; /* NULL: null */
	size_t count;
};
/* What kehud's interactive workers execute on this database until big_captured, oldest first.
 */
void big_capture(const struct big *big);
size_t big_captured(
    const struct big *big, struct arena *arena, const struct big_statement **list);

#endif
