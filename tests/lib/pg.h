/*
 * A private PostgreSQL for one test process: own data directory and unix socket under /tmp, no
 * fsync, stopped at exit. The first process makes a cluster with a migrated template database
 * and keeps a copy under the build directory, named by the checksum of sql/ and of the
 * generated DDL; later ones start from that copy. Any failure ends the process with a message.
 */
#ifndef KEHU_TEST_PG_H
#define KEHU_TEST_PG_H

#include "server/store/store.h"

/* Starts the server at first use. */
void pg_start(void);
/* Stopped by itself at exit; for tests that want it gone earlier. */
void pg_stop(void);
/* Immediate shutdown and start again: what a crash leaves. */
void pg_crash(void);
void pg_restart(void);

/* A fresh database cloned from the template (roles, tables, regions, dictionaries, shipped
 * roles). */
void pg_database(const char *name);
/* Without anything in it. */
void pg_empty_database(const char *name);
void pg_drop(const char *name);

/* "host=… dbname=… user=postgres": a superuser's connection string; lives until exit. */
const char *pg_conninfo(const char *database);
/* The folder of SQL files in this checkout. */
const char *pg_sql_dir(void);

/* A store as one of the roles; NULL: the superuser. Free with store_free. */
struct store *pg_store(const char *database, const char *role);

/* Run statements as the superuser; the first cell of the last result, "" when none. Until the
 * next call. */
const char *pg_exec(const char *database, const char *format, ...) PRINTF_LIKE(2, 3);
int64_t pg_int(const char *database, const char *format, ...) PRINTF_LIKE(2, 3);

#endif
