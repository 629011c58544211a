/* See bed.h. */
#include "tests/lib/bed.h"

#include "common/date.h"
#include "common/log.h"
#include "common/sealed.h"
#include "server/gate/gate.h"
#include "tests/lib/company.h"
#include "tests/lib/pg.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <setjmp.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
// clang-format off
#include <cmocka.h>
// clang-format on

const char *bed_kehud = "kehud";
const struct password_cost bed_cheap = { 10, 1 };
static struct bed *bed_open; /* for the exit handler */
static struct bed *bed_other; /* of bed_beside */
static pid_t bed_seconds[8];
static size_t bed_second_count;

const char *
bed_program(const char *name)
{
	static char path[2][4096];
	static int turn;
	const char *build = getenv("KEHU_BUILD");
	char self[2048];
	ssize_t bytes;

	turn = !turn;
	if (build != NULL) {
		snprintf(path[turn], sizeof(path[turn]), "%s/%s", build, name);
		return path[turn];
	}
	/* build/tests/server/x -> build/x */
	bytes = readlink("/proc/self/exe", self, sizeof(self) - 1);
	if (bytes <= 0)
		fatal("no /proc/self/exe");
	self[bytes] = '\0';
	for (int up = 0; up < 3; up++)
		*strrchr(self, '/') = '\0';
	snprintf(path[turn], sizeof(path[turn]), "%s/%s", self, name);
	return path[turn];
}

static void
bed_end(pid_t *pid, int signal_number)
{
	if (*pid <= 0)
		return;
	kill(*pid, signal_number);
	while (waitpid(*pid, NULL, 0) < 0 && errno == EINTR)
		continue;
	*pid = 0;
}

static void
bed_exit(void)
{
	if (bed_open != NULL)
		bed_end(&bed_open->kehud, SIGKILL);
	if (bed_other != NULL)
		bed_end(&bed_other->kehud, SIGKILL);
	for (size_t i = 0; i < bed_second_count; i++)
		bed_end(&bed_seconds[i], SIGKILL);
	bed_second_count = 0;
}

static void
bed_write(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	if (file == NULL || fputs(text, file) < 0 || fclose(file) != 0)
		fatal("cannot write %s", path);
}

/* In the child: the socket where kehud looks for it. */
static void
bed_hand_over(int listener)
{
	char pid[16];

	if (listener <= 0)
		return;
	dup2(listener, 3);
	fcntl(3, F_SETFD, 0); /* where it was there already */
	snprintf(pid, sizeof(pid), "%d", (int)getpid());
	setenv("LISTEN_PID", pid, 1);
	setenv("LISTEN_FDS", "1", 1);
}

static pid_t
bed_spawn(struct bed *bed, const char *conf, const char *port_file)
{
	const char *program = bed_program(bed_kehud);
	pid_t pid;

	unlink(port_file);
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that ran out of time leaves nothing */
		int out = open(arena_printf(bed->arena, "%s/kehud.log", bed->dir),
		    O_WRONLY | O_CREAT | O_APPEND, 0600);

		dup2(out, 1);
		dup2(out, 2);
		bed_hand_over(bed->listener);
		execl(program, program, "-c", conf, "--port-file", port_file, "serve", (char *)NULL);
		_exit(127);
	}
	return pid;
}

static int
bed_wait_port(struct bed *bed, pid_t *pid, const char *port_file)
{
	int64_t until = date_monotonic_us() + BED_WAIT_MS * INT64_C(1000);

	while (date_monotonic_us() < until) {
		FILE *file = fopen(port_file, "r");
		int port = 0;

		if (file != NULL) {
			if (fscanf(file, "%d\n", &port) != 1)
				port = 0;
			fclose(file);
			if (port > 0)
				return port;
		}
		if (waitpid(*pid, NULL, WNOHANG) == *pid) {
			*pid = 0;
			break;
		}
		usleep(10000);
	}
	fatal("kehud did not start; see %s/kehud.log", bed->dir);
}

static const char *
bed_configuration(struct bed *bed, int port)
{
	const char *name = arena_printf(bed->arena, "%s/kehud-%s-%d.conf", bed->dir, bed->database, port);

	bed_write(name,
	    arena_printf(bed->arena,
		"net: { port = %d; certificate = \"%s/server.crt\"; key = \"%s/server.key\"; %s};\n"
		"database: { connection = \"%s\"; };\n"
		"lanes: { interactive = 3; heavy = 1; jobs = 1; hash = 1; };\n"
		"%s",
		port, bed->dir, bed->dir, bed->net != NULL ? bed->net : "",
		bed->connection != NULL ? bed->connection : pg_conninfo(bed->database),
		bed->settings));
	return name;
}

void
bed_start(struct bed *bed)
{
	const char *port_file = arena_printf(bed->arena, "%s/port-%s", bed->dir, bed->database);

	bed->conf = bed_configuration(bed, bed->port);
	bed->kehud = bed_spawn(bed, bed->conf, port_file);
	bed->port = bed_wait_port(bed, &bed->kehud, port_file);
}

void
bed_keep_socket(struct bed *bed)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };

	bed_kill(bed, SIGTERM);
	bed->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bed->listener < 0 || bind(bed->listener, (struct sockaddr *)&at, sizeof(at)) != 0 ||
	    listen(bed->listener, 128) != 0)
		fatal("no socket");
	bed_start(bed);
}

int
bed_second(struct bed *bed)
{
	const char *port_file = arena_printf(bed->arena, "%s/port-%zu", bed->dir, bed_second_count);
	pid_t pid = bed_spawn(bed, bed_configuration(bed, 0), port_file);
	int port = bed_wait_port(bed, &pid, port_file);

	bed_seconds[bed_second_count++] = pid;
	return port;
}

struct bed *
bed_beside(const struct bed *bed, const char *database)
{
	bed_other = arena_memdup(bed->arena, bed, sizeof(*bed));
	bed_other->database = database;
	bed_other->kehud = 0;
	bed_other->port = 0;
	return bed_other;
}

void
bed_kill(struct bed *bed, int signal_number)
{
	bed_end(&bed->kehud, signal_number);
}

struct bed *
bed_new(const char *database)
{
	return bed_new_with(database,
	    "log: { level = \"info\"; };\nsign: { " BED_CHEAP "second_factor = \"none\"; };\n"
	    "budget: { rows = 0; };\n");
}

struct bed *
bed_new_with(const char *database, const char *settings)
{
	struct arena *arena = arena_new(0);
	struct bed *bed = ARENA_NEW(arena, struct bed);
	const char *const hosts[] = { "localhost", "127.0.0.1" };
	char dir[] = "/tmp/kehu-bed-XXXXXX";
	const char *why = NULL;

	bed->arena = arena;
	bed->database = database;
	bed->settings = settings;
	signal(SIGPIPE, SIG_IGN);
	if (mkdtemp(dir) == NULL)
		fatal("no temporary directory");
	bed->dir = arena_strdup(arena, dir);
	pg_database(database);
	company_make(database);
	pg_exec(database, "UPDATE users SET password_hash = '%s'", password_hash(arena, bed_cheap, BED_PASSWORD));
	if (tls_make_certificates(arena, bed->dir, hosts, 2, &why) != ERR_OK)
		fatal("no certificates: %s", why);
	if (sealed_make(arena, arena_printf(arena, "%s/factor.keys", bed->dir), &why) != ERR_OK)
		fatal("no key: %s", why);
	if (bed_open == NULL)
		atexit(bed_exit);
	bed_open = bed;
	bed_start(bed);
	return bed;
}

void
bed_free(struct bed *bed)
{
	bed_end(&bed->kehud, SIGTERM);
	if (bed->listener > 0)
		close(bed->listener);
	bed_exit();
	bed_open = bed_other = NULL;
	pg_drop(bed->database);
	if (system(arena_printf(bed->arena, "rm -rf '%s'", bed->dir)) != 0)
		log_warn("temporary directory stays", "dir=%s", bed->dir);
	arena_free(bed->arena);
}

static void
bed_environment(struct bed *bed, const char *user)
{
	const char *password = arena_printf(bed->arena, "%s/password", bed->dir);

	bed_write(password, BED_PASSWORD "\n");
	setenv("KEHU_SERVER", bed_server(bed), 1);
	setenv("KEHU_CA", bed_ca(bed), 1);
	setenv("KEHU_USER", user, 1);
	setenv("KEHU_PASSWORD_FILE", password, 1);
	setenv("XDG_CACHE_HOME", bed->dir, 1);
	setenv("XDG_CONFIG_HOME", bed->dir, 1);
	setenv("LC_ALL", "C", 1);
}

int
bed_run_as(struct bed *bed, const char *program, const char *user, const char *const *arguments,
    const char **text)
{
	const char *argv[32] = { bed_program(program) };
	struct buf out = BUF_INIT;
	int pipe_fds[2], status = 0;
	ssize_t bytes;
	pid_t pid;

	for (int i = 0; arguments[i] != NULL && i < 30; i++)
		argv[i + 1] = arguments[i];
	if (pipe(pipe_fds) != 0)
		fatal("no pipe");
	pid = fork();
	if (pid == 0) {
		if (user != NULL)
			bed_environment(bed, user);
		dup2(pipe_fds[1], 1);
		dup2(pipe_fds[1], 2);
		close(pipe_fds[0]);
		close(pipe_fds[1]);
		execv(argv[0], (char *const *)(uintptr_t)argv);
		_exit(127);
	}
	close(pipe_fds[1]);
	while ((bytes = read(pipe_fds[0], buf_reserve(&out, 4096), 4096)) > 0)
		buf_wrote(&out, (size_t)bytes);
	close(pipe_fds[0]);
	waitpid(pid, &status, 0);
	*text = arena_strdup(bed->arena, buf_text(&out));
	buf_fini(&out);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int
bed_run(struct bed *bed, const char *const *arguments, const char **text)
{
	return bed_run_as(bed, "kehud", NULL, arguments, text);
}

const char *
bed_shell(struct bed *bed, const char *user, int *status, const char *format, ...)
{
	struct buf out = BUF_INIT;
	const char *text;
	va_list args;
	FILE *pipe;
	int ended;

	bed_environment(bed, user);
	setenv("LC_ALL", "C.UTF-8", 1);
	setenv("KEHU", bed_program("kehu"), 1);
	va_start(args, format);
	fflush(NULL);
	pipe = popen(arena_vprintf(bed->arena, format, args), "r");
	va_end(args);
	if (pipe == NULL)
		fatal("no shell");
	for (int c; (c = fgetc(pipe)) != EOF;)
		buf_putc(&out, (char)c);
	ended = pclose(pipe);
	text = arena_strdup(bed->arena, buf_text(&out));
	buf_fini(&out);
	if (status != NULL)
		*status = ended;
	else if (ended != 0)
		fail_msg("refused: %s", text);
	return text;
}

const char *
bed_server(const struct bed *bed)
{
	return arena_printf(bed->arena, "127.0.0.1:%d", bed->port);
}

const char *
bed_ca(const struct bed *bed)
{
	return arena_printf(bed->arena, "%s/ca.crt", bed->dir);
}

/* ---- clients ----------------------------------------------------------------------------- */

struct client *
client_stranger(struct bed *bed, enum lang lang)
{
	struct client *client = calloc(1, sizeof(*client));

	client->bed = bed;
	client->arena = arena_new(0);
	client->link = link_new(&(struct link_options){
	    .server = bed_server(bed),
	    .ca_file = bed_ca(bed),
	    .program = "test",
	    .lang = lang,
	    .offset_min = 480,
	    .backoff_ms = bed->backoff_ms,
	});
	return client;
}

struct client *
client_new(struct bed *bed, const char *user, enum lang lang)
{
	struct client *client = client_stranger(bed, lang);
	enum err err;

	link_login(client->link, user, BED_PASSWORD, NULL);
	err = link_wait(client->link, BED_WAIT_MS);
	if (err != ERR_OK)
		fatal("%s cannot sign in: %s", user, err_name(err));
	return client;
}

void
client_free(struct client *client)
{
	link_free(client->link);
	arena_free(client->arena);
	free(client);
}

Kehu__ServerFrame *
client_call(struct client *client, const Kehu__ClientFrame *frame)
{
	Kehu__ServerFrame *answer = NULL;
	enum err err = link_call(client->link, client->arena, frame, &answer, BED_WAIT_MS);

	if (answer == NULL)
		fatal("no answer: %s", err_name(err));
	return answer;
}

static Kehu__Value **
client_values(struct arena *arena, const struct sent *values, size_t *count)
{
	Kehu__Value **list;

	*count = 0;
	while (values != NULL && values[*count].field != 0)
		(*count)++;
	list = ARENA_ARRAY(arena, Kehu__Value *, *count + 1);
	for (size_t i = 0; i < *count; i++) {
		list[i] = ARENA_NEW(arena, Kehu__Value);
		kehu__value__init(list[i]);
		list[i]->has_field = true;
		list[i]->field = values[i].field;
		list[i]->has_number = values[i].has_number;
		list[i]->number = values[i].number;
		list[i]->text = arena_strdup(arena, values[i].text);
	}
	return list;
}

static Kehu__Record *
client_record(struct arena *arena, uint32_t entity, int64_t id, uint32_t version,
    const struct sent *values)
{
	Kehu__Record *record = ARENA_NEW(arena, Kehu__Record);

	kehu__record__init(record);
	record->has_entity = record->has_id = record->has_version = true;
	record->entity = entity;
	record->id = id;
	record->version = version;
	record->values = client_values(arena, values, &record->n_values);
	return record;
}

void
client_add_lines(struct client *client, Kehu__Record *record, const struct sent_line *lines)
{
	size_t count = 0;

	while (lines != NULL && lines[count].entity != 0)
		count++;
	record->n_lines = count;
	record->lines = ARENA_ARRAY(client->arena, Kehu__Record *, count + 1);
	for (size_t i = 0; i < count; i++) {
		record->lines[i] =
		    client_record(client->arena, lines[i].entity, lines[i].id, 0, lines[i].values);
		record->lines[i]->has_remove = record->lines[i]->remove = lines[i].remove;
	}
}

Kehu__ServerFrame *
client_save_as(struct client *client, struct uuid intention, uint32_t entity, int64_t id,
    uint32_t version, const struct sent *values, const struct sent_line *lines)
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__Save save = KEHU__SAVE__INIT;

	save.record = client_record(client->arena, entity, id, version, values);
	client_add_lines(client, save.record, lines);
	save.has_intention = true;
	save.intention.data = intention.bytes;
	save.intention.len = sizeof(intention.bytes);
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_SAVE;
	frame.save = &save;
	return client_call(client, &frame);
}

Kehu__ServerFrame *
client_save(struct client *client, uint32_t entity, int64_t id, uint32_t version,
    const struct sent *values, const struct sent_line *lines)
{
	return client_save_as(client, uuid_new(), entity, id, version, values, lines);
}

Kehu__ServerFrame *
client_list(struct client *client, uint32_t entity, const char *query)
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__List list = KEHU__LIST__INIT;

	list.has_entity = list.has_limit = list.has_total = list.total = true;
	list.entity = entity;
	list.limit = 500;
	list.query = arena_strdup(client->arena, query);
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_LIST;
	frame.list = &list;
	return client_call(client, &frame);
}

Kehu__ServerFrame *
client_get(struct client *client, uint32_t entity, int64_t id)
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__Get get = KEHU__GET__INIT;

	get.has_entity = get.has_id = true;
	get.entity = entity;
	get.id = id;
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_GET;
	frame.get = &get;
	return client_call(client, &frame);
}

Kehu__ServerFrame *
client_search(struct client *client, const char *text)
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__Search search = KEHU__SEARCH__INIT;

	search.text = arena_strdup(client->arena, text);
	search.has_limit = true;
	search.limit = 200;
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_SEARCH;
	frame.search = &search;
	return client_call(client, &frame);
}

Kehu__ServerFrame *
client_act(struct client *client, uint32_t entity, int64_t id, const char *action,
    const struct sent *arguments)
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__Act act = KEHU__ACT__INIT;
	struct uuid intention = uuid_new();

	act.has_entity = act.has_id = act.has_intention = true;
	act.entity = entity;
	act.id = id;
	act.action = arena_strdup(client->arena, action);
	act.intention.data = intention.bytes;
	act.intention.len = sizeof(intention.bytes);
	act.arguments = client_values(client->arena, arguments, &act.n_arguments);
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_ACT;
	frame.act = &act;
	return client_call(client, &frame);
}

Kehu__ServerFrame *
client_delete(struct client *client, uint32_t entity, int64_t id, uint32_t version)
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__Delete delete = KEHU__DELETE__INIT;
	struct uuid intention = uuid_new();

	delete.has_entity = delete.has_id = delete.has_version = delete.has_intention = true;
	delete.entity = entity;
	delete.id = id;
	delete.version = version;
	delete.intention.data = intention.bytes;
	delete.intention.len = sizeof(intention.bytes);
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_DELETE;
	frame.delete_ = &delete;
	return client_call(client, &frame);
}

Kehu__ServerFrame *
client_restore(struct client *client, uint32_t entity, int64_t id)
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__Restore restore = KEHU__RESTORE__INIT;
	struct uuid intention = uuid_new();

	restore.has_entity = restore.has_id = restore.has_intention = true;
	restore.entity = entity;
	restore.id = id;
	restore.intention.data = intention.bytes;
	restore.intention.len = sizeof(intention.bytes);
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_RESTORE;
	frame.restore = &restore;
	return client_call(client, &frame);
}

Kehu__ClientFrame *
client_save_step(struct client *client, uint32_t entity, int64_t id, uint32_t version,
    const struct sent *values)
{
	Kehu__ClientFrame *step = ARENA_NEW(client->arena, Kehu__ClientFrame);

	kehu__client_frame__init(step);
	step->request_case = KEHU__CLIENT_FRAME__REQUEST_SAVE;
	step->save = ARENA_NEW(client->arena, Kehu__Save);
	kehu__save__init(step->save);
	step->save->record = client_record(client->arena, entity, id, version, values);
	return step;
}

Kehu__ClientFrame *
client_delete_step(struct client *client, uint32_t entity, int64_t id, uint32_t version)
{
	Kehu__ClientFrame *step = ARENA_NEW(client->arena, Kehu__ClientFrame);

	kehu__client_frame__init(step);
	step->request_case = KEHU__CLIENT_FRAME__REQUEST_DELETE;
	step->delete_ = ARENA_NEW(client->arena, Kehu__Delete);
	kehu__delete__init(step->delete_);
	step->delete_->has_entity = step->delete_->has_id = step->delete_->has_version = true;
	step->delete_->entity = entity;
	step->delete_->id = id;
	step->delete_->version = version;
	return step;
}

Kehu__ServerFrame *
client_bulk(struct client *client, struct uuid intention, Kehu__ClientFrame *const *steps,
    size_t count, bool dry_run)
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__Bulk bulk = KEHU__BULK__INIT;

	bulk.has_intention = bulk.has_dry_run = true;
	bulk.dry_run = dry_run;
	bulk.intention.data = intention.bytes;
	bulk.intention.len = sizeof(intention.bytes);
	bulk.n_steps = count;
	bulk.steps = arena_memdup(client->arena, steps, count * sizeof(*steps));
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_BULK;
	frame.bulk = &bulk;
	return client_call(client, &frame);
}

const Kehu__Written *
expect_written(const Kehu__ServerFrame *answer)
{
	if (answer->answer_case == KEHU__SERVER_FRAME__ANSWER_ERROR)
		fail_msg("refused: %u %s (field %u)", answer->error->code, answer->error->text,
		    answer->error->field);
	assert_int_equal(answer->answer_case, KEHU__SERVER_FRAME__ANSWER_WRITTEN);
	return answer->written;
}

void
expect_error(const Kehu__ServerFrame *answer, enum err err, uint32_t field)
{
	if (answer->answer_case != KEHU__SERVER_FRAME__ANSWER_ERROR)
		fail_msg("not refused: %s expected", err_name(err));
	if (answer->error->code != (uint32_t)err)
		fail_msg("%s expected, got %u %s", err_name(err), answer->error->code, answer->error->text);
	if (field != 0)
		assert_int_equal(answer->error->field, field);
}

const Kehu__Value *
value_of(const Kehu__Record *record, uint32_t field)
{
	for (size_t i = 0; i < record->n_values; i++)
		if (record->values[i]->field == field)
			return record->values[i];
	return NULL;
}

const Kehu__Record *
record_of(struct client *client, uint32_t entity, int64_t id)
{
	const Kehu__ServerFrame *answer = client_get(client, entity, id);

	if (answer->answer_case != KEHU__SERVER_FRAME__ANSWER_GET)
		fail_msg("get refused: %u %s", answer->error->code, answer->error->text);
	return answer->get->record;
}

const char *
text_of(struct client *client, uint32_t entity, int64_t id, uint32_t field)
{
	const Kehu__Value *value = value_of(record_of(client, entity, id), field);

	return value != NULL && value->text != NULL ? value->text : "";
}

int64_t
number_of(struct client *client, uint32_t entity, int64_t id, uint32_t field)
{
	const Kehu__Value *value = value_of(record_of(client, entity, id), field);

	return value != NULL ? value->number : 0;
}

size_t
list_count(struct client *client, uint32_t entity, const char *query)
{
	const Kehu__ServerFrame *answer = client_list(client, entity, query);

	if (answer->answer_case != KEHU__SERVER_FRAME__ANSWER_PAGE)
		fail_msg("list refused: %u %s", answer->error->code, answer->error->text);
	return answer->page->n_rows;
}

bool
client_wait(struct client *client, bool (*condition)(void *), void *context)
{
	int64_t until = date_monotonic_us() + BED_WAIT_MS * INT64_C(1000);

	while (!condition(context)) {
		struct pollfd fds[1];
		size_t count = link_fds(client->link, fds);
		int timeout = link_timeout_ms(client->link);

		if (date_monotonic_us() > until)
			return false;
		poll(fds, (nfds_t)count, timeout < 0 || timeout > 100 ? 100 : timeout);
		link_poll(client->link);
	}
	return true;
}
