/*
 * See big.h. PostgreSQL is tests/lib/pg.h's, in a lasting directory; databases are made by the
 * demo's own loader, so what is measured is what `kehu-admin demo` makes.
 */
#include "tests/lib/big.h"

#include "common/date.h"
#include "common/log.h"
#include "common/sealed.h"
#include "common/tls.h"
#include "server/job/demo.h"
#include "server/store/migrate.h"
#include "tests/lib/pg.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define BIG_START_MS 30000

static struct big big_sizes[BIG_SIZES_MAX];
static size_t big_size_count;
static struct arena *big_arena;
static const char *big_data; /* the cluster's directory */
static const char *big_log; /* PostgreSQL's, JSON lines */
static long big_log_from;

static const char *
big_build_dir(void)
{
	const char *dir = getenv("KEHU_BUILD");

	return dir != NULL ? dir : "build";
}

/* ---- the databases ----------------------------------------------------------------------- */

/* A safe commit is not asked for while the data can be made again. */
static const char *const big_loading[] = { "fsync=off", "full_page_writes=off",
	"synchronous_commit=off", "shared_buffers=2GB", "max_wal_size=8GB",
	"checkpoint_timeout=1h", "autovacuum=off", "wal_level=minimal", "max_wal_senders=0",
	NULL };

/* As a server of some size would run; autovacuum waits, so that figures do not depend on it. */
static const char *const *
big_serving(void)
{
	const char *const settings[] = { "shared_buffers=4GB", "effective_cache_size=8GB",
		"max_wal_size=8GB", "checkpoint_timeout=1h", "max_connections=100", "jit=off",
		"autovacuum=off", "logging_collector=on", "log_destination=jsonlog",
		arena_printf(big_arena, "log_directory=%s", big_log), "log_filename=bench.log",
		"log_rotation_age=0", "log_rotation_size=0", "log_truncate_on_rotation=on",
		NULL };

	return arena_memdup(big_arena, settings, sizeof(settings));
}

static const char *
big_password(void *to, const char *login)
{
	(void)to;
	(void)login;
	return NULL; /* sessions are opened by big_session */
}

static bool
big_progress(void *to, uint64_t done, uint64_t total)
{
	(void)to;
	if (done % 100000 == 0)
		fprintf(stderr, "bench: %" PRIu64 " of %" PRIu64 " customers\n", done, total);
	return true;
}

static void
big_run_file(const char *database, const char *path)
{
	FILE *file = fopen(path, "re");
	struct buf text = BUF_INIT;
	size_t got;
	char *vacuum;

	if (file == NULL)
		fatal("cannot read %s", path);
	while ((got = fread(buf_reserve(&text, 65536), 1, 65536, file)) > 0)
		buf_wrote(&text, got);
	fclose(file);
	/* VACUUM runs in no transaction, so not together with other statements. */
	vacuum = strstr(text.data, "VACUUM");
	pg_exec(database, "%.*s", (int)(vacuum - text.data), text.data);
	pg_exec(database, "%s", vacuum);
	buf_fini(&text);
}

static void
big_load(const struct big *big)
{
	const struct demo_options options = { .customers = big->customers,
		.seed = 1,
		.today = date_today(480),
		.password = big_password,
		.progress = big_progress };
	const char *half = arena_printf(big_arena, "%s_half", big->database);
	struct demo_result result;
	struct store *store;

	fprintf(stderr, "bench: loading %" PRIu64 " customers; this is done once\n",
	    big->customers);
	pg_drop(half);
	pg_database(half);
	store = pg_store(half, "kehu_owner");
	if (demo_run(store, big_arena, &options, &result) != ERR_OK)
		fatal(
		    "the demo was not loaded: %s %s", store_state(store), store_message(store));
	store_free(store);
	fprintf(stderr, "bench: %" PRIu64 " rows in %.0f s\n", result.rows,
	    (double)(result.make_us + result.load_us) / 1e6);
	big_run_file(half, "tests/lib/big_people.sql");
	pg_exec("postgres", "ALTER DATABASE %s RENAME TO %s", half, big->database);
}

/* A directory given may be of an older checkout, and last fortnight's has no partition for
 * today. */
static void
big_migrate(const struct big *big)
{
	const struct migrate_options options = { .conninfo = pg_conninfo(big->database),
		.sql_dir = pg_sql_dir() };
	const char *why = "";
	size_t done;

	/* As init has it; what a database is made from does not hand it on. */
	pg_exec("postgres", "GRANT ALL ON DATABASE %s TO kehu_owner", big->database);
	if (migrate_run(&options, big_arena, &why) != ERR_OK ||
	    maintain_run(&options, big_arena, &done, &why) != ERR_OK)
		fatal("%s cannot be brought up to date: %s", big->database, why);
}

static bool
big_is_there(const struct big *big)
{
	return pg_int("postgres", "SELECT count(*) FROM pg_database WHERE datname = '%s'",
		   big->database) == 1;
}

/* ---- kehud ------------------------------------------------------------------------------- */

static void
big_exit(void)
{
	for (size_t i = 0; i < big_size_count; i++) {
		struct big *big = &big_sizes[i];

		if (big->kehud <= 0)
			continue;
		kill(big->kehud, SIGKILL);
		while (waitpid(big->kehud, NULL, 0) < 0 && errno == EINTR)
			continue;
		big->kehud = 0;
		if (system(arena_printf(big_arena, "rm -rf '%s'", big->dir)) != 0)
			log_warn("temporary directory stays", "dir=%s", big->dir);
	}
}

static int
big_read_port(const char *path)
{
	FILE *file = fopen(path, "re");
	int port = 0;

	if (file == NULL)
		return 0;
	if (fscanf(file, "%d\n", &port) != 1)
		port = 0;
	fclose(file);
	return port;
}

/* The database knows which key its servers seal with, so the key lasts as long as it does. */
static const char *
big_keys(const struct big *big)
{
	return arena_printf(big_arena, "%s.%s.keys", big_data, big->database);
}

/* The server's own settings but for what must be given. */
static const char *
big_configure(const struct big *big)
{
	const char *path = arena_printf(big_arena, "%s/kehud.conf", big->dir);
	FILE *file = fopen(path, "we");

	if (file == NULL)
		fatal("cannot write %s", path);
	fprintf(file,
	    "net: { port = 0; certificate = \"%s/server.crt\"; key = \"%s/server.key\"; };\n"
	    "database: { connection = \"%s\"; };\n"
	    "log: { file = \"%s/kehud.log\"; };\n"
	    "sign: { second_factor = \"none\"; keys = \"%s\"; };\n"
	    "access: { checks = 1000000; };\n"
	    "budget: { rows = 10000000; };\n",
	    big->dir, big->dir, pg_conninfo(big->database), big->dir, big_keys(big));
	fclose(file);
	return path;
}

static void
big_serve(struct big *big)
{
	const char *program = arena_printf(big_arena, "%s/kehud", big_build_dir());
	const char *const hosts[] = { "localhost", "127.0.0.1" };
	char dir[] = "/tmp/kehu-bench-XXXXXX";
	const char *why = NULL, *port_file, *conf;
	int64_t until = date_monotonic_us() + BIG_START_MS * INT64_C(1000);

	if (mkdtemp(dir) == NULL)
		fatal("no temporary directory");
	big->dir = arena_strdup(big_arena, dir);
	big->ca = arena_printf(big_arena, "%s/ca.crt", dir);
	if (tls_make_certificates(big_arena, dir, hosts, 2, &why) != ERR_OK)
		fatal("no certificates: %s", why);
	if (sealed_make(big_arena, big_keys(big), &why) != ERR_OK)
		fatal("no key: %s", why);
	conf = big_configure(big);
	port_file = arena_printf(big_arena, "%s/port", dir);
	big->kehud = fork();
	if (big->kehud == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		execl(program, program, "-c", conf, "--port-file", port_file, "serve",
		    (char *)NULL);
		_exit(127);
	}
	while ((big->port = big_read_port(port_file)) == 0) {
		if (date_monotonic_us() > until ||
		    waitpid(big->kehud, NULL, WNOHANG) == big->kehud)
			fatal("%s did not start; see %s/kehud.log", program, dir);
		usleep(10000);
	}
}

/* ---- start ------------------------------------------------------------------------------- */

static void
big_take_sizes(void)
{
	const char *text = getenv("BENCH_CUSTOMERS");
	char *end;

	if (text == NULL || text[0] == '\0')
		text = "10000 1000000";
	while (*text != '\0' && big_size_count < BIG_SIZES_MAX) {
		uint64_t customers = strtoull(text, &end, 10);

		if (end == text || customers == 0)
			fatal("BENCH_CUSTOMERS must be numbers, smallest first");
		big_sizes[big_size_count++] = (struct big){ .customers = customers,
			.arena = big_arena,
			.database = arena_printf(big_arena, "bench_%" PRIu64, customers) };
		text = end + strspn(end, " ");
	}
}

static const char *
big_data_dir(void)
{
	const char *given = getenv("BENCH_DATA"), *build = realpath(big_build_dir(), NULL);

	if (given != NULL)
		return given;
	if (build == NULL)
		fatal("no directory %s", big_build_dir());
	return arena_printf(big_arena, "%s/bench/pg-%s", build, pg_schema_key());
}

void
big_start(void)
{
	bool load = false;

	big_arena = arena_new(0);
	big_take_sizes();
	mkdir(arena_printf(big_arena, "%s/bench", big_build_dir()), 0777);
	big_data = big_data_dir();
	big_log = arena_printf(big_arena, "%s/bench_log", big_data);
	pg_keep_at(big_data);
	pg_settings(big_loading);
	pg_start();
	for (size_t i = 0; i < big_size_count; i++) {
		if (!big_is_there(&big_sizes[i])) {
			big_load(&big_sizes[i]);
			load = true;
		}
		big_migrate(&big_sizes[i]);
	}
	if (load)
		pg_exec("postgres", "CHECKPOINT");
	pg_shut();
	pg_settings(big_serving());
	pg_restart();
	atexit(big_exit);
	for (size_t i = 0; i < big_size_count; i++)
		big_serve(&big_sizes[i]);
}

size_t
big_count(void)
{
	return big_size_count;
}

struct big *
big_at(size_t size)
{
	return &big_sizes[size];
}

int64_t
big_reader(const struct big *big, const char *kind, int nth)
{
	int64_t user = pg_int(big->database,
	    "SELECT user_id FROM bench.reader WHERE kind = '%s' AND nth = %d", kind, nth);

	if (user == 0)
		fatal("there is no reader %s %d in %s", kind, nth, big->database);
	return user;
}

void
big_session(const struct big *big, int64_t user, uint8_t token[BIG_TOKEN_BYTES])
{
	uint8_t hash[32];

	random_bytes(token, BIG_TOKEN_BYTES);
	hash_sha256(token, BIG_TOKEN_BYTES, hash);
	pg_exec(big->database,
	    "SELECT session_open(%" PRId64 ", NULL, '\\x%s', '\\x%s', '127.0.0.1', 'bench', 43200, "
	    "NULL, NULL, 'bench')",
	    user, hex_encode(big_arena, hash, 32), hex_encode(big_arena, hash, 32));
}

/* ---- CPU --------------------------------------------------------------------------------- */

static int64_t
big_schedstat(const char *path)
{
	FILE *file = fopen(path, "re");
	int64_t ns = 0;

	if (file == NULL)
		return 0;
	if (fscanf(file, "%" SCNd64, &ns) != 1)
		ns = 0;
	fclose(file);
	return ns;
}

int64_t
big_process_ns(pid_t pid)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/schedstat", (int)pid);
	return big_schedstat(path);
}

int64_t
big_kehud_ns(const struct big *big)
{
	char path[300];
	struct dirent *entry;
	int64_t sum = 0;
	DIR *tasks;

	snprintf(path, sizeof(path), "/proc/%d/task", (int)big->kehud);
	tasks = opendir(path);
	if (tasks == NULL)
		fatal("kehud has ended; see %s/kehud.log", big->dir);
	while ((entry = readdir(tasks)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "/proc/%d/task/%s/schedstat", (int)big->kehud,
		    entry->d_name);
		sum += big_schedstat(path);
	}
	closedir(tasks);
	return sum;
}

int64_t
big_backends_ns(const struct big *big)
{
	const char *list = pg_exec(big->database,
	    "SELECT string_agg(pid::text, ' ') FROM pg_stat_activity "
	    "WHERE datname = '%s' AND application_name LIKE 'kehud interactive%%'",
	    big->database);
	int64_t sum = 0;
	char *end;

	for (long pid; (pid = strtol(list, &end, 10)) > 0; list = end)
		sum += big_process_ns((pid_t)pid);
	return sum;
}

int64_t
big_kehud_kib(const struct big *big)
{
	char path[64];
	int64_t pages = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/statm", (int)big->kehud);
	file = fopen(path, "re");
	if (file == NULL || fscanf(file, "%*d %" SCNd64, &pages) != 1)
		fatal("no %s", path);
	fclose(file);
	return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

void
big_warm(const struct big *big, const char *tables)
{
	pg_exec(big->database, "CREATE EXTENSION IF NOT EXISTS pg_prewarm SCHEMA bench");
	pg_exec(big->database,
	    "SELECT sum(bench.pg_prewarm(c.oid)) FROM pg_class t "
	    "LEFT JOIN pg_index i ON i.indrelid = t.oid "
	    "JOIN pg_class c ON c.oid IN (t.oid, i.indexrelid) "
	    "WHERE t.relnamespace = 'public'::regnamespace AND t.relkind = 'r' "
	    "AND t.relname = ANY (string_to_array('%s', ' '))",
	    tables);
}

/* ---- statements -------------------------------------------------------------------------- */

static const char *
big_log_path(void)
{
	return arena_printf(big_arena, "%s/bench.json", big_log);
}

/* Logging is switched for all sessions; each takes it up before its next statement. */
static void
big_log_statements(bool on)
{
	pg_exec("postgres", "ALTER SYSTEM SET log_statement = '%s'", on ? "all" : "none");
	pg_exec("postgres", "SELECT pg_reload_conf()");
	usleep(300000);
}

void
big_capture(const struct big *big)
{
	struct stat status;

	(void)big;
	big_log_statements(true);
	big_log_from = stat(big_log_path(), &status) == 0 ? (long)status.st_size : 0;
}

/* The string of a JSON member in line; NULL: not there. */
static char *
big_json(struct arena *arena, const char *line, const char *name)
{
	const char *at = strstr(line, arena_printf(arena, "\"%s\":\"", name));
	char *text, *out;

	if (at == NULL)
		return NULL;
	at += strlen(name) + 4;
	text = out = arena_alloc(arena, strlen(at) + 1);
	for (; *at != '"' && *at != '\0'; at++) {
		if (*at != '\\') {
			*out++ = *at;
			continue;
		}
		at++;
		if (*at == 'u') {
			unsigned code = 0;

			sscanf(at + 1, "%4x", &code);
			*out++ = (char)code; /* only control characters are written so */
			at += 4;
		} else {
			*out++ = *at == 'n'   ? '\n'
				 : *at == 't' ? '\t'
				 : *at == 'r' ? '\r'
					      : *at;
		}
	}
	*out = '\0';
	return text;
}

/* "parameters: $1 = 'it''s', $2 = NULL" */
static void
big_parameters(struct arena *arena, char *at, struct big_statement *statement)
{
	const char **values = ARENA_ARRAY(arena, const char *, 512);

	statement->values = values;
	while (at != NULL && (at = strstr(at, " = ")) != NULL && statement->count < 512) {
		char *from, *out;

		at += 3;
		if (*at != '\'') {
			values[statement->count++] = NULL;
			continue;
		}
		from = out = ++at;
		while (*at != '\0' && (*at != '\'' || at[1] == '\'')) {
			if (*at == '\'')
				at++;
			*out++ = *at++;
		}
		at += *at != '\0';
		*out = '\0';
		values[statement->count++] = from;
	}
}

static bool
big_take_line(const struct big *big, struct arena *arena, const char *line,
    struct big_statement *statement)
{
	const char *program = big_json(arena, line, "application_name");
	const char *database = big_json(arena, line, "dbname");
	const char *message = big_json(arena, line, "message");

	if (program == NULL || strncmp(program, "kehud interactive", 17) != 0 ||
	    database == NULL || strcmp(database, big->database) != 0 || message == NULL ||
	    strncmp(message, "execute ", 8) != 0)
		return false;
	*statement = (struct big_statement){ .text = strstr(message, ": ") + 2 };
	big_parameters(arena, big_json(arena, line, "detail"), statement);
	return true;
}

size_t
big_captured(const struct big *big, struct arena *arena, const struct big_statement **list)
{
	struct big_statement *found = ARENA_ARRAY(arena, struct big_statement, 256);
	size_t count = 0, room = 0;
	char *line = NULL;
	FILE *file;

	big_log_statements(false);
	file = fopen(big_log_path(), "re");
	if (file == NULL || fseek(file, big_log_from, SEEK_SET) != 0)
		fatal("cannot read %s", big_log_path());
	while (count < 256 && getline(&line, &room, file) > 0)
		count += big_take_line(big, arena, line, &found[count]);
	free(line);
	fclose(file);
	*list = found;
	return count;
}
