/*
 * A private PostgreSQL for one test process: own data directory and unix socket under /tmp, no
 * fsync, stopped at exit. The first process makes a cluster with a migrated template database
 * and keeps a copy under the build directory, named by the checksum of sql/ and of the
 * generated DDL; later ones start from that copy. Any failure ends the process with a message.
 */
#ifndef KEHU_TEST_PG_H
#define KEHU_TEST_PG_H

#include "server/store/store.h"

#include <sys/types.h>

/* Starts the server at first use. */
void pg_start(void);
/* Stopped by itself at exit; for tests that want it gone earlier. */
void pg_stop(void);
/* Shut down in good order; pg_restart starts it again. */
void pg_shut(void);
/* Immediate shutdown and start again: what a crash leaves. */
void pg_crash(void);
/* Waits until it answers, as after the crash of one of its processes. */
void pg_ready(void);
void pg_restart(void);

/*
 * Before pg_start: work in this lasting data directory, not in a copy of the cached one. It is
 * made, with the template, when it is not there, and locked: another process that wants it
 * waits.
 */
void pg_keep_at(const char *data_dir);
/*
 * Settings ("name=value", NULL at the end) instead of a test's, from the next start on; what
 * they do not name is as PostgreSQL ships it. The array must outlive the server.
 */
void pg_settings(const char *const *settings);
/* Hexadecimal digits that change whenever a migrated database would. */
const char *pg_schema_key(void);

/* A fresh database cloned from the template (roles, tables, regions, dictionaries, shipped
 * roles). */
void pg_database(const char *name);
/* Without anything in it. */
void pg_empty_database(const char *name);
void pg_drop(const char *name);

/* "host=… dbname=… user=postgres": a superuser's connection string; lives until exit. */
const char *pg_conninfo(const char *database);
/* pg_conninfo and pg_exec speak to the server at this socket directory; NULL: to our own again. */
void pg_look_at(const char *dir);
/* For further servers (node.h): a program run to its end, or started, as who may run a server. */
void pg_run_as_server(const char *const argv[]);
pid_t pg_start_as_server(const char *const argv[]);
/* A directory that such programs may write to, removed when the process ends. */
const char *pg_folder(const char *name);
/* Path of one of PostgreSQL's programs; until the next call. */
const char *pg_bin(const char *program);
/* The folder of SQL files in this checkout. */
const char *pg_sql_dir(void);

/* A store as one of the roles; NULL: the superuser. Free with store_free. */
struct store *pg_store(const char *database, const char *role);

/* Run statements as the superuser; the first cell of the last result, "" when none. Until the
 * next call. */
const char *pg_exec(const char *database, const char *format, ...) PRINTF_LIKE(2, 3);
int64_t pg_int(const char *database, const char *format, ...) PRINTF_LIKE(2, 3);

#endif
