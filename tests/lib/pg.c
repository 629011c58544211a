/*
 * The test process's own PostgreSQL. initdb and postgres refuse to run as root, so as root they
 * run as the user postgres; the server dies with this process even when that crashes.
 */
#include "tests/lib/pg.h"
#include "common/log.h"
#include "server/report/report_file.h"
#include "server/gate/runtime.h"
#include "server/access/roles.h"
#include "server/entity/dictionaries.h"
#include "server/job/export.h"
#include "server/store/ddl.h"
#include "server/store/migrate.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <libpq-fe.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PG_TEMPLATE "kehu_template"

static char pg_dir[64];
static pid_t pg_pid, pg_owner_pid;
static struct arena *pg_arena;
static const char *pg_kept; /* a lasting data directory */
static const char *const *pg_options;
static const char *pg_place; /* of another server to look at */

static _Noreturn void
pg_die(const char *what, const char *why)
{
	fprintf(stderr, "test PostgreSQL: %s: %s\n", what, why);
	exit(1);
}

const char *
pg_bin(const char *program)
{
	static char path[128];
	static const char *const dirs[] = { "/usr/lib/postgresql/15/bin",
		"/usr/lib/postgresql/16/bin", "/usr/lib/postgresql/17/bin", "/usr/bin" };

	for (size_t i = 0; i < sizeof dirs / sizeof dirs[0]; i++) {
		snprintf(path, sizeof path, "%s/%s", dirs[i], program);
		if (access(path, X_OK) == 0)
			return path;
	}
	pg_die(program, "not found; install postgresql");
}

const char *
pg_sql_dir(void)
{
	const char *dir = getenv("KEHU_SQL");

	return dir ? dir : "sql";
}

static const char *
pg_build_dir(void)
{
	const char *dir = getenv("KEHU_BUILD");

	return dir ? dir : "build";
}

/* In a child: become the user that may run a server. */
static void
pg_become(void)
{
	const struct passwd *user;

	if (geteuid() != 0)
		return;
	user = getpwnam("postgres");
	if (!user || setgroups(0, NULL) != 0 || setgid(user->pw_gid) != 0 ||
	    setuid(user->pw_uid) != 0)
		_exit(126);
}

static pid_t
pg_spawn(bool become, const char *const argv[])
{
	fflush(NULL);
	pid_t pid = fork();
	if (pid < 0)
		pg_die("fork", strerror(errno));
	if (pid > 0)
		return pid;
	if (become)
		pg_become();
	prctl(PR_SET_PDEATHSIG, SIGQUIT);
	int null = open("/dev/null", O_RDWR);
	dup2(null, 0);
	if (!getenv("KEHU_TEST_PG_LOG")) {
		dup2(null, 1);
		dup2(null, 2);
	}
	setsid();
	execv(argv[0], (char *const *)(uintptr_t)argv);
	_exit(127);
}

static void
pg_run(bool become, const char *const argv[])
{
	int status;
	pid_t pid = pg_spawn(become, argv);

	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		pg_die(argv[0], "failed; KEHU_TEST_PG_LOG=1 shows what it says");
}

void
pg_run_as_server(const char *const argv[])
{
	pg_run(true, argv);
}

pid_t
pg_start_as_server(const char *const argv[])
{
	return pg_spawn(true, argv);
}

const char *
pg_folder(const char *name)
{
	const struct passwd *user = geteuid() == 0 ? getpwnam("postgres") : NULL;
	const char *path = arena_printf(pg_arena, "%s/%s", pg_dir, name);

	if ((mkdir(path, 0700) != 0 && errno != EEXIST) ||
	    (user && chown(path, user->pw_uid, user->pw_gid) != 0))
		pg_die(path, strerror(errno));
	return path;
}

void
pg_ready(void)
{
	char info[160];
	struct timespec pause = { .tv_nsec = 10 * 1000 * 1000 };

	snprintf(info, sizeof info, "host=%s dbname=postgres user=postgres", pg_dir);
	/* A lasting directory may have gigabytes of log to work through. */
	for (int i = 0; i < (pg_kept ? 60000 : 3000); i++) {
		if (PQping(info) == PQPING_OK)
			return;
		if (waitpid(pg_pid, NULL, WNOHANG) == pg_pid)
			pg_die(
			    "postgres", "ended while starting; KEHU_TEST_PG_LOG=1 shows why");
		nanosleep(&pause, NULL);
	}
	pg_die("postgres", "not ready in time");
}

static const char *
pg_data_dir(void)
{
	return pg_kept ? pg_kept : arena_printf(pg_arena, "%s/data", pg_dir);
}

void
pg_restart(void)
{
	static const char *const quick[] = { "fsync=off", "full_page_writes=off",
		"synchronous_commit=off", "shared_buffers=64MB", "max_connections=60",
		"autovacuum=off", "max_prepared_transactions=0", "log_min_messages=fatal",
		NULL };
	const char *const *settings = pg_options ? pg_options : quick;
	const char *argv[64] = { pg_bin("postgres"), "-D", pg_data_dir(), "-k", pg_dir, "-h",
		"" };
	size_t count = 7;

	for (size_t i = 0; settings[i] && count < 62; i++) {
		argv[count++] = "-c";
		argv[count++] = settings[i];
	}
	pg_pid = pg_spawn(true, argv);
	pg_ready();
}

void
pg_settings(const char *const *settings)
{
	pg_options = settings;
}

static void
pg_end(int signal)
{
	if (pg_pid <= 0 || pg_owner_pid != getpid())
		return;
	kill(pg_pid, signal);
	while (waitpid(pg_pid, NULL, 0) < 0 && errno == EINTR)
		;
	pg_pid = 0;
}

void
pg_shut(void)
{
	pg_end(SIGINT);
}

void
pg_crash(void)
{
	pg_end(SIGQUIT);
	pg_restart();
}

void
pg_stop(void)
{
	if (pg_owner_pid != getpid() || pg_dir[0] == '\0')
		return;
	pg_end(SIGINT);
	pg_run(false, (const char *const[]){ "/bin/rm", "-rf", pg_dir, NULL });
	pg_dir[0] = '\0';
	arena_free(pg_arena);
	pg_arena = NULL;
}

/* ---- the cached cluster -------------------------------------------------------------------
 */

static void
pg_hash_folder(struct buf *all, const char *folder)
{
	char dir[512], path[1024], piece[65536];
	struct dirent **entries;
	snprintf(dir, sizeof dir, "%s/%s", pg_sql_dir(), folder);
	int count = scandir(dir, &entries, NULL, alphasort);

	if (count < 0)
		pg_die(dir, strerror(errno));
	for (int i = 0; i < count; i++) {
		snprintf(path, sizeof path, "%s/%s", dir, entries[i]->d_name);
		FILE *file = entries[i]->d_name[0] == '.' ? NULL : fopen(path, "re");
		size_t got;
		while (file && (got = fread(piece, 1, sizeof piece, file)) > 0)
			buf_put(all, piece, got);
		if (file)
			fclose(file);
		free(entries[i]);
	}
	free(entries);
}

/* What the template is filled with, as text: its cache must not outlive a change of it. */
#define SECOND_FACTOR(...) #__VA_ARGS__,
#define ROLE(...)          #__VA_ARGS__,
#define EVERY(...)         #__VA_ARGS__,
#define GRANT(...)         #__VA_ARGS__,
#define SENSITIVE(...)     #__VA_ARGS__,
#define FIELD(...)         #__VA_ARGS__,
#define DICT(...)          #__VA_ARGS__,
#define ITEM(...)          #__VA_ARGS__,
static const char *const pg_seeds[] = {
#include "server/access/roles.def"
#include "server/entity/dictionaries.def"
};

const char *
pg_schema_key(void)
{
	struct buf all = BUF_INIT;
	struct catalog *catalog = catalog_new(1);
	uint8_t hash[32];

	if (!pg_arena)
		pg_arena = arena_new(0);
	pg_hash_folder(&all, "migrations");
	pg_hash_folder(&all, "repeat");
	pg_hash_folder(&all, "reports");
	pg_hash_folder(&all, "data");
	ddl_catalog(&all, catalog);
	for (size_t i = 0; i < catalog_count(catalog); i++)
		buf_printf(&all, "%s %zu;", catalog_at(catalog, i)->def->name,
		    catalog_at(catalog, i)->field_count);
	catalog_unref(catalog);
	for (size_t i = 0; i < sizeof pg_seeds / sizeof pg_seeds[0]; i++)
		buf_puts(&all, pg_seeds[i]);
	hash_sha256(all.data, all.bytes, hash);
	buf_fini(&all);
	return hex_encode(pg_arena, hash, 8);
}

static void
pg_make_template(void)
{
	struct arena *arena = arena_new(0);
	const char *why = "";
	struct migrate_options options = { .sql_dir = pg_sql_dir() };

	pg_empty_database(PG_TEMPLATE);
	options.conninfo = pg_conninfo(PG_TEMPLATE);
	if (migrate_init(&options, arena, &why) != ERR_OK)
		pg_die("migrating the template", why);
	struct store *store = pg_store(PG_TEMPLATE, "kehu_owner");
	struct roles_told told;
	store_begin(store);
	if (dictionaries_seed(store, arena) != ERR_OK || roles_seed(store, arena, &told) != ERR_OK ||
	    runtime_seed(store, arena) != ERR_OK || numbering_seed(store, arena) != ERR_OK ||
	    export_rules_seed(store, arena) != ERR_OK ||
	    report_files_seed(store, arena, pg_sql_dir(), &why) != ERR_OK ||
	    store_commit(store, arena) != ERR_OK)
		pg_die("filling the template", why != NULL && why[0] != '\0' ? why : store_message(store));
	store_free(store);
	arena_free(arena);
	pg_exec(PG_TEMPLATE, "VACUUM ANALYZE");
}

static void
pg_make_cluster(const char *cache)
{
	const char *data = pg_data_dir();
	const char *fresh = arena_printf(pg_arena, "%s.%d", cache, (int)getpid());
	const char *const initdb[] = { pg_bin("initdb"), "-D", data, "-U", "postgres", "-A",
		"trust", "-E", "UTF8", "--locale=C.UTF-8", "--wal-segsize=1", "-N", NULL };

	pg_run(true, initdb);
	pg_restart();
	pg_make_template();
	pg_end(SIGINT);
	pg_run(false, (const char *const[]){ "/bin/cp", "-a", data, fresh, NULL });
	if (rename(fresh, cache) != 0)
		pg_die(cache, strerror(errno));
}

/* One process makes the cluster, others wait for it. */
static void
pg_prepare(void)
{
	const char *cache =
	    arena_printf(pg_arena, "%s/test-pg-%s", pg_build_dir(), pg_schema_key());
	const char *data = pg_data_dir();

	mkdir(pg_build_dir(), 0777);
	int lock = open(arena_printf(pg_arena, "%s/test-pg.lock", pg_build_dir()),
	    O_RDWR | O_CREAT | O_CLOEXEC, 0666);
	if (lock < 0 || flock(lock, LOCK_EX) != 0)
		pg_die("build/test-pg.lock", strerror(errno));
	if (access(cache, F_OK) != 0)
		pg_make_cluster(cache);
	else
		pg_run(false, (const char *const[]){ "/bin/cp", "-a", cache, data, NULL });
	close(lock);
}

/* The lasting directory: as a test's, made from scratch in place, so that it needs no copy. */
static void
pg_prepare_kept(void)
{
	const char *const initdb[] = { pg_bin("initdb"), "-D", pg_kept, "-U", "postgres", "-A",
		"trust", "-E", "UTF8", "--locale=C.UTF-8", NULL };
	const struct passwd *user = geteuid() == 0 ? getpwnam("postgres") : NULL;
	const char *version = arena_printf(pg_arena, "%s/PG_VERSION", pg_kept);
	const char *whole = arena_printf(pg_arena, "%s/template_made", pg_kept);
	int lock = open(
	    arena_printf(pg_arena, "%s.lock", pg_kept), O_RDWR | O_CREAT | O_CLOEXEC, 0666);

	if (lock < 0 || flock(lock, LOCK_EX) != 0) /* held until exit */
		pg_die(pg_kept, strerror(errno));
	if (access(whole, F_OK) == 0)
		return;
	if (access(version, F_OK) == 0)
		pg_run(false, (const char *const[]){ "/bin/rm", "-rf", pg_kept, NULL });
	if (mkdir(pg_kept, 0700) != 0 && errno != EEXIST)
		pg_die(pg_kept, strerror(errno));
	if (user && chown(pg_kept, user->pw_uid, user->pw_gid) != 0)
		pg_die(pg_kept, strerror(errno));
	pg_run(true, initdb);
	pg_restart();
	pg_make_template();
	pg_end(SIGINT);
	close(open(whole, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
}

void
pg_keep_at(const char *data_dir)
{
	pg_kept = data_dir;
}

void
pg_start(void)
{
	const struct passwd *user = geteuid() == 0 ? getpwnam("postgres") : NULL;

	if (pg_pid > 0)
		return;
	pg_owner_pid = getpid();
	if (!pg_arena)
		pg_arena = arena_new(0);
	snprintf(pg_dir, sizeof pg_dir, "/tmp/kehu-pg-XXXXXX");
	if (!mkdtemp(pg_dir))
		pg_die(pg_dir, strerror(errno));
	if (user && chown(pg_dir, user->pw_uid, user->pw_gid) != 0)
		pg_die(pg_dir, strerror(errno));
	atexit(pg_stop);
	if (pg_kept)
		pg_prepare_kept();
	else
		pg_prepare();
	pg_restart();
}

/* ---- databases ----------------------------------------------------------------------------
 */

const char *
pg_conninfo(const char *database)
{
	return arena_printf(pg_arena, "host=%s dbname=%s user=postgres",
	    pg_place != NULL ? pg_place : pg_dir, database);
}

void
pg_look_at(const char *dir)
{
	pg_place = dir;
}

void
pg_empty_database(const char *name)
{
	pg_exec("postgres", "CREATE DATABASE %s TEMPLATE template0", name);
}

void
pg_database(const char *name)
{
	pg_start();
	pg_exec("postgres", "CREATE DATABASE %s TEMPLATE " PG_TEMPLATE, name);
}

void
pg_drop(const char *name)
{
	pg_exec("postgres", "DROP DATABASE IF EXISTS %s WITH (FORCE)", name);
}

struct store *
pg_store(const char *database, const char *role)
{
	return store_new(&(struct store_options){ .conninfo = pg_conninfo(database),
	    .role = role,
	    .statement_timeout_ms = 20000,
	    .lock_timeout_ms = 5000,
	    .application = "test",
	    .need_primary = true });
}

static const char *
pg_execv(const char *database, const char *format, va_list args)
{
	static char answer[65536];
	struct buf text = BUF_INIT;

	pg_start();
	buf_vprintf(&text, format, args);
	PGconn *conn = PQconnectdb(pg_conninfo(database));
	PGresult *result = PQexec(conn, "SET client_min_messages = error");
	PQclear(result);
	result = PQexec(conn, buf_text(&text));
	ExecStatusType status = PQresultStatus(result);
	if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
		pg_die(buf_text(&text), PQerrorMessage(conn));
	snprintf(
	    answer, sizeof answer, "%s", PQntuples(result) > 0 ? PQgetvalue(result, 0, 0) : "");
	PQclear(result);
	PQfinish(conn);
	buf_fini(&text);
	return answer;
}

const char *
pg_exec(const char *database, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	const char *answer = pg_execv(database, format, args);
	va_end(args);
	return answer;
}

int64_t
pg_int(const char *database, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	const char *answer = pg_execv(database, format, args);
	va_end(args);
	return strtoll(answer, NULL, 10);
}
