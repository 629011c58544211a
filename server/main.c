/*
 * kehud: the server program. `kehud` serves; init, migrate and maintain bring the database to the
 * shape this version needs, as its owner, and serve nobody.
 */
#include "common/date.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/sealed.h"
#include "common/tls.h"
#include "common/version.h"
#include "server/audit/readings.h"
#include "server/gate/factor_keys.h"
#include "server/gate/feed.h"
#include "server/gate/gate.h"
#include "server/gate/metrics.h"
#include "server/job/remind.h"
#include "server/job/tick.h"
#include "server/outbox/outbox.h"
#include "server/owner.h"
#include "server/record/derived.h"
#include "server/record/rule.h"
#include "server/report/render_sinks.h"
#include "server/store/migrate.h"

#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DRAIN_S	      30
#define RESERVE_BYTES ((size_t)4 * 1024 * 1024) /* enough to end what is under way */

#ifndef KEHU_SQL_DIR
#define KEHU_SQL_DIR "sql"
#endif

static struct net *main_net; /* for the signal handler alone */

struct options {
	const char *config, *command, *pid_file, *port_file;
	char **rest; /* what follows the command */
	int rest_count;
	struct owner_options owner;
};

static const char main_usage[] =
    "usage: kehud [-c FILE] [serve]\n"
    "       kehud [-c FILE] [--owner CONNINFO] [--sql DIR] init | migrate | maintain | rotate-key\n"
    "       kehud [-c FILE] [--owner CONNINFO] --every SECONDS maintain\n"
    "       kehud [-c FILE] [--owner CONNINFO] [--key FILE] [--check] backup FILE\n"
    "       kehud [-c FILE] [--owner CONNINFO] [--key FILE] restore FILE\n"
    "       kehud make-certificates DIR HOST…\n"
    "       kehud make-key FILE\n"
    "       kehud print-config | print-manual | --version | --help\n"
    "\n"
    "  serve      answer clients (the default)\n"
    "  init       make roles, tables and the first administrator; prints a one-time password\n"
    "  migrate    bring the database to this version\n"
    "  maintain   make partitions ahead, columns of custom fields, drop what is past keeping\n"
    "  backup     write the whole database to FILE\n"
    "  restore    put a backup into the empty database of --owner\n"
    "  make-certificates  make a private authority in DIR (ca.crt, ca.key) and a certificate for\n"
    "             the names and addresses given (server.crt, server.key), and a key\n"
    "             for second factors (factor.keys); what is there is kept\n"
    "  make-key   add a fresh key to FILE, made if it is not there, for second factors\n"
    "  rotate-key seal the secrets of second factors anew, with the newest key of sign.keys\n"
    "\n"
    "  -c, --config FILE      configuration (default /etc/kehu/kehud.conf if it is there)\n"
    "      --owner CONNINFO   how to connect as the database's owner for init, migrate, maintain\n"
    "      --key FILE         encrypt the backup with the newest key of FILE (make-key), or read it\n"
    "      --check            restore the backup beside the original, compare, and drop that again\n"
    "      --sql DIR          folder of the SQL files\n"
    "      --every SECONDS    maintain again and again, until it is stopped\n"
    "      --pid-file FILE    write the process id when ready to serve\n"
    "      --port-file FILE   write the port when ready to serve\n";

static void
main_stop(int signal_number)
{
	(void)signal_number;
	if (main_net != NULL)
		net_stop(main_net, DRAIN_S);
}

static void
main_reload(int signal_number)
{
	(void)signal_number;
	if (main_net != NULL)
		net_reload(main_net);
}

static int
main_fail(enum err err, const char *why)
{
	fprintf(stderr, "kehud: %s\n", why != NULL ? why : err_text(err, LANG_EN));
	return err == ERR_USAGE || err == ERR_CONFIG ? 2 : 1;
}

/* ---- serve -------------------------------------------------------------------------------- */

static int
main_threads(int64_t set, long fallback)
{
	return set > 0 ? (int)set : fallback < 1 ? 1 : (int)fallback;
}

static void
main_lanes(const struct server_settings *settings, struct net_options *net)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);

	net->lane_threads[LANE_INTERACTIVE] = main_threads(settings->lanes_interactive, 2 * cores);
	net->lane_threads[LANE_HEAVY] = main_threads(settings->lanes_heavy, cores / 2);
	net->lane_threads[LANE_HASH] = main_threads(settings->lanes_hash, cores / 2);
	net->lane_threads[LANE_JOBS] = (int)settings->lanes_jobs;
	for (int lane = 0; lane < LANE_COUNT; lane++)
		net->lane_queue[lane] = lane == LANE_HASH ? 100 : (int)settings->lanes_queue;
}

/* The lanes' connections must fit what the database allows, with some left for people. */
static enum err
main_check_connections(struct store *store, struct arena *arena, const struct net_options *net,
    const char **why)
{
	struct sql *sql = sql_new(arena);
	struct rows *rows;
	int64_t needed = 5; /* the change feed's, the ticker's, the reminders' and the outbox's two */
	enum err err;

	for (int lane = 0; lane < LANE_COUNT; lane++)
		needed += net->lane_threads[lane];
	store_read(store);
	sql_add(sql, "SELECT current_setting('max_connections')::bigint - "
		     "current_setting('superuser_reserved_connections')::bigint");
	store_queue(store, sql, &rows);
	err = store_flush(store, arena);
	if (err == ERR_OK && needed > rows_int(rows, 0, 0)) {
		*why = arena_printf(arena, "the lanes need %" PRId64 " database connections but "
			"max_connections leaves %" PRId64 ": lower lanes.* or raise max_connections",
		    needed, rows_int(rows, 0, 0));
		return ERR_CONFIG;
	}
	return err;
}

static enum err
main_check(struct server *server, struct arena *arena, const struct net_options *net,
    const char **why)
{
	struct store *store = store_new(&(struct store_options){
	    .conninfo = server->settings.database_connection,
	    .role = server->settings.database_role,
	    .statement_timeout_ms = 60000,
	    .lock_timeout_ms = 10000,
	    .application = "kehud start",
	    .need_primary = true,
	});
	const char *rule = NULL;
	bool due = false;
	enum err err = rule_check(&rule);

	if (err != ERR_OK) {
		*why = arena_printf(arena, "the rules and the catalogue disagree about %s", rule);
	} else {
		err = main_check_connections(store, arena, net, why);
		if (err == ERR_OK)
			err = snapshot_load(server, store);
		if (err == ERR_OK)
			err = store_check_schema(store, server->catalog, arena, why);
		if (err == ERR_OK)
			err = factor_keys_check(store, arena, &server->settings, why);
		if (err == ERR_OK)
			err = derived_check(store, server->catalog, arena, &due);
		if (due)
			log_warn("sort keys and search rows follow other rules than this program's",
			    "command=maintain");
		if (err != ERR_OK && *why == NULL)
			*why = arena_printf(arena, "the database does not answer as it should (%s %s): is "
				"PostgreSQL running, database.connection right, `kehud init` done?",
			    store_state(store), store_message(store));
	}
	store_free(store);
	return err;
}

static bool
main_write_number(const char *path, long number)
{
	FILE *file = path != NULL ? fopen(path, "w") : NULL;
	bool good;

	if (path == NULL)
		return true;
	if (file == NULL)
		return false;
	good = fprintf(file, "%ld\n", number) > 0;
	return fclose(file) == 0 && good;
}

static void
main_signals(void)
{
	struct sigaction stop = { .sa_handler = main_stop };
	struct sigaction ignore = { .sa_handler = SIG_IGN };
	struct sigaction reload = { .sa_handler = main_reload, .sa_flags = SA_RESTART };

	sigaction(SIGTERM, &stop, NULL);
	sigaction(SIGINT, &stop, NULL);
	sigaction(SIGPIPE, &ignore, NULL);
	sigaction(SIGHUP, &reload, NULL);
}

/* Settings that are one of a few words. */
static bool
main_check_sign(const struct server_settings *settings, const char **why)
{
	static const char *const factors[] = { "none", "role", "export" };
	static const char *const certificates[] = { "off", "optional", "required" };
	bool factor = false, certificate = false;

	for (size_t i = 0; i < 3; i++) {
		factor |= strcmp(settings->sign_second_factor, factors[i]) == 0;
		certificate |= strcmp(settings->sign_certificate, certificates[i]) == 0;
	}
	if (!factor)
		*why = "sign.second_factor must be \"none\", \"role\" or \"export\"";
	else if (!certificate)
		*why = "sign.certificate must be \"off\", \"optional\" or \"required\"";
	else if (strcmp(settings->sign_certificate, "off") != 0 && settings->sign_authority == NULL)
		*why = "sign.authority must be set: the certificate of the authority that kehu-admin cert made";
	return *why == NULL;
}

static int
main_serve(struct arena *arena, struct server *server, const struct options *options)
{
	const struct server_settings *settings = &server->settings;
	struct net_options net = {
		.server = server,
		.address = settings->net_address,
		.port = (int)settings->net_port,
		.cert_file = settings->net_certificate,
		.key_file = settings->net_key,
		.max_connections = (int)settings->net_connections,
		.max_per_address = (int)settings->net_per_address,
		.max_handshakes = (int)settings->net_handshakes,
		.idle_timeout_s = (int)settings->net_idle_timeout,
		.handshake_timeout_s = (int)settings->net_frame_timeout,
		.frame_timeout_s = (int)settings->net_frame_timeout,
		.lock_s = &server->settings.session_lock,
		.authority_file = strcmp(settings->sign_certificate, "off") != 0 ?
		    settings->sign_authority : NULL,
		.in_flight_max = (int)settings->net_in_flight,
		.output_max_bytes = (size_t)settings->net_output * 1024,
		.status_address = settings->status_address,
		.status = metrics_status,
		.ops = gate_lane_ops,
	};
	struct feed *feed;
	struct ticker *ticker;
	struct outbox *outbox;
	struct remind *remind;
	const char *why = NULL;
	enum err err;

	if (settings->net_certificate == NULL || settings->net_key == NULL)
		return main_fail(ERR_CONFIG, "net.certificate and net.key must be set in kehud.conf");
	if (!main_check_sign(settings, &why))
		return main_fail(ERR_CONFIG, why);
	main_lanes(settings, &net);
	store_primary_start(settings->database_connection);
	if (!render_pdf_check(&why))
		return main_fail(ERR_CONFIG, why);
	err = main_check(server, arena, &net, &why);
	if (err != ERR_OK)
		return main_fail(err, why);
	server->net = net_new(arena, &net, &why);
	if (server->net == NULL)
		return main_fail(ERR_CONFIG, why);
	main_net = server->net;
	main_signals();
	server->readings = readings_new();
	feed = feed_start(server);
	ticker = ticker_start(server);
	outbox = outbox_start(server);
	remind = remind_start(server);
	if (!main_write_number(options->port_file, net_port(server->net)) ||
	    !main_write_number(options->pid_file, (long)getpid()))
		return main_fail(ERR_FILE_SYSTEM, "--pid-file or --port-file cannot be written");
	log_info("serving", "address=%s port=%d version=%s", settings->net_address,
	    net_port(server->net), KEHU_VERSION);
	net_run(server->net);
	remind_stop(remind);
	outbox_stop(outbox);
	ticker_stop(ticker);
	feed_stop(feed);
	net_free(server->net);
	readings_free(server->readings);
	store_primary_stop();
	log_info("stopped", "version=%s", KEHU_VERSION);
	return 0;
}

/* ---- command line ------------------------------------------------------------------------- */

static int
main_options(int argc, char **argv, struct options *options)
{
	static const struct option table[] = { { "config", required_argument, NULL, 'c' },
		{ "owner", required_argument, NULL, 'o' }, { "sql", required_argument, NULL, 's' },
		{ "every", required_argument, NULL, 'e' },
		{ "key", required_argument, NULL, 'k' }, { "check", no_argument, NULL, 'C' },
		{ "pid-file", required_argument, NULL, 'p' }, { "port-file", required_argument, NULL, 'P' },
		{ "version", no_argument, NULL, 'V' }, { "help", no_argument, NULL, 'h' }, { 0 } };
	int option;

	while ((option = getopt_long(argc, argv, "c:h", table, NULL)) != -1) {
		switch (option) {
		case 'c':
			options->config = optarg;
			break;
		case 'o':
			options->owner.conninfo = optarg;
			break;
		case 's':
			options->owner.sql_dir = optarg;
			break;
		case 'e':
			options->owner.every_s = strtol(optarg, NULL, 10);
			if (options->owner.every_s < 1 || options->owner.every_s > 86400) {
				fputs("kehud: --every takes 1 to 86400 seconds\n", stderr);
				return 2;
			}
			break;
		case 'k':
			options->owner.key_file = optarg;
			break;
		case 'C':
			options->owner.check = true;
			break;
		case 'p':
			options->pid_file = optarg;
			break;
		case 'P':
			options->port_file = optarg;
			break;
		case 'V':
			printf("kehud %s\n", KEHU_VERSION);
			exit(0);
		case 'h':
			fputs(main_usage, stdout);
			exit(0);
		default:
			fputs(main_usage, stderr);
			return 2;
		}
	}
	if (optind < argc)
		options->command = argv[optind++];
	options->rest = argv + optind;
	options->rest_count = argc - optind;
	options->owner.command = options->command;
	if (owner_takes_file(options->command) && options->rest_count == 1) {
		options->owner.file = options->rest[0];
		return 0;
	}
	if (options->rest_count > 0 && strcmp(options->command, "make-certificates") != 0 &&
	    strcmp(options->command, "make-key") != 0) {
		fprintf(stderr, "kehud: one command at a time\n%s", main_usage);
		return 2;
	}
	return 0;
}

static int
main_make_key(struct arena *arena, const struct options *options)
{
	const char *id, *why = NULL;

	if (options->rest_count != 1)
		return main_fail(ERR_USAGE, "make-key needs the file");
	if (sealed_add(arena, options->rest[0], &id, &why) != ERR_OK)
		return main_fail(ERR_INVALID, why);
	printf("key %s added to %s\n", id, options->rest[0]);
	return 0;
}

static int
main_make_certificates(struct arena *arena, const struct options *options)
{
	const char *why = NULL;
	enum err err;

	if (options->rest_count < 2)
		return main_fail(ERR_USAGE, "make-certificates needs a folder and the names or "
					    "addresses that clients will connect to");
	err = tls_make_certificates(arena, options->rest[0], (const char *const *)options->rest + 1,
	    (size_t)options->rest_count - 1, &why);
	if (err == ERR_OK)
		err = sealed_make(arena, arena_printf(arena, "%s/factor.keys", options->rest[0]), &why);
	return err == ERR_OK ? 0 : main_fail(ERR_INVALID, why);
}

static int
main_own(struct arena *arena, const struct server_settings *settings, const struct options *options)
{
	const char *why = NULL;
	enum err err = owner_run(arena, settings, &options->owner, &why);

	return err == ERR_OK ? 0 : main_fail(err, why);
}

/* What needs neither a configuration nor a database; -1: another command. */
static int
main_alone(struct arena *arena, const struct options *options)
{
	if (strcmp(options->command, "print-config") == 0)
		conf_print_sample(stdout, server_setting_table, server_setting_count);
	else if (strcmp(options->command, "print-manual") == 0)
		conf_print_mdoc(stdout, server_setting_table, server_setting_count);
	else if (strcmp(options->command, "make-certificates") == 0)
		return main_make_certificates(arena, options);
	else if (strcmp(options->command, "make-key") == 0)
		return main_make_key(arena, options);
	else
		return -1;
	return 0;
}

int
main(int argc, char **argv)
{
	static const char *const commands[] = { "serve", "print-config", "print-manual",
		"make-certificates", "make-key" };
	struct options options = { .command = "serve", .owner.sql_dir = KEHU_SQL_DIR };
	struct server server = { .lock = PTHREAD_MUTEX_INITIALIZER };
	struct arena *arena = arena_new(0);
	const char *why = NULL;
	int status = main_options(argc, argv, &options);
	bool known = owner_has(options.command);

	if (status != 0)
		return status;
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		known |= strcmp(commands[i], options.command) == 0;
	if (!known) {
		fprintf(stderr, "kehud: there is no command \"%s\"\n%s", options.command, main_usage);
		return 2;
	}
	status = main_alone(arena, &options);
	if (status >= 0) {
		arena_free(arena);
		return status;
	}
	if (options.config == NULL && access("/etc/kehu/kehud.conf", R_OK) == 0)
		options.config = "/etc/kehu/kehud.conf";
	if (conf_load(arena, server_setting_table, server_setting_count, options.config,
		&server.settings, &why) != ERR_OK)
		return main_fail(ERR_CONFIG, why);
	if (!log_open(server.settings.log_file, log_level_named(server.settings.log_level)))
		return main_fail(ERR_CONFIG, "log.file cannot be opened for writing");
	mem_reserve(RESERVE_BYTES);
	if (strcmp(options.command, "serve") == 0)
		status = main_serve(arena, &server, &options);
	else
		status = main_own(arena, &server.settings, &options);
	access_unref(server.access);
	catalog_unref(server.catalog);
	arena_free(arena);
	return status;
}
