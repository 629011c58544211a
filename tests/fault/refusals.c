/*
 * The n-th allocation or call to the system is refused, in kehud while it answers a request and in
 * kehu while it runs a command, for n = 1, 2, … until none is left to refuse. Nobody crashes, what
 * was acknowledged is done once, what was refused is not done, and memory is as it was before.
 * `make fault` refuses each, or a hundred of a scenario; `make check` one here and there. Under a
 * sanitizer there is nothing to see: it stands where the refusals would.
 */
#include "common/date.h"
#include "server/entity/fields.h"
#include "tests/lib/bed.h"
#include "tests/lib/deed.h"
#include "tests/lib/pg.h"
#include "tests/preload/refuse.h"

#include <fcntl.h>
#include <inttypes.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
// clang-format off
#include <cmocka.h>
// clang-format on

#define DB "refusals"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#else
#define SANITIZED 0
#endif

enum {
	TRIES_SHORT = 2,      /* refusals of a scenario and kind in `make check` … */
	TRIES_LONG = 100,     /* … and in `make fault`: what asks more often is refused now and then */
	BLOCKS_KEPT = 3000,   /* caches of connections may differ so much after thousands of requests */
	ATTEMPTS_MOST = 100000,
};

static struct bed *bed;
static struct refuse *page;
static bool every, none; /* refuse each; nothing yet */

/* ---- the library before the others -------------------------------------------------------- */

static void
preload(bool on)
{
	if (on)
		setenv("LD_PRELOAD", bed_program("tests/preload/refuse.so"), 1);
	else
		unsetenv("LD_PRELOAD");
}

static int
setup(void **state)
{
	const char *path;
	int fd;

	every = getenv("N") != NULL && atoi(getenv("N")) > 0;
	bed = bed_new_with(DB,
	    "log: { level = \"info\"; };\nsign: { " BED_CHEAP "second_factor = \"none\"; };\n"
	    "budget: { rows = 0; };\naccess: { checks = 1000000; };\n");
	bed->backoff_ms = 10;
	path = arena_printf(bed->arena, "%s/refuse", bed->dir);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, sizeof(*page)), 0);
	page = mmap(NULL, sizeof(*page), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	assert_true(page != MAP_FAILED);
	close(fd);
	setenv(REFUSE_FILE_ENV, path, 1);
	return 0;
}

static int
teardown(void **state)
{
	bed_free(bed);
	return 0;
}

static void
arm(enum refuse_what what, int64_t n)
{
	page->left = n;
	page->asked = page->refused = 0;
	page->what = (int)what;
}

/* Whether one was refused; *asked: how often there was something to refuse. */
static bool
disarm(int64_t *asked)
{
	page->what = REFUSE_NOTHING;
	*asked = page->asked;
	return page->refused > 0;
}

/* ---- how far to go ------------------------------------------------------------------------- */

struct count {
	int64_t refused[REFUSE_KINDS];
	int64_t done, denied; /* writes acknowledged although something was refused; and not */
};

struct scenario {
	const char *name;
	void (*once)(const struct scenario *scenario, enum refuse_what what, int64_t n, struct count *count);
	const void *what;
	bool calls_only; /* its memory is GLib's, which ends the process where there is none */
};

/* From n = 1 until nothing is refused any more; *left is set by .once through disarm. */
static int64_t last_asked;
static bool last_refused;

static void
refuse_through(const struct scenario *scenario, struct count *count)
{
	for (int what = REFUSE_MEMORY; what <= REFUSE_CALL; what++) {
		int64_t step;

		if (what == REFUSE_MEMORY && scenario->calls_only)
			continue;
		scenario->once(scenario, (enum refuse_what)what, INT64_C(1) << 40, count);
		step = last_asked / (every ? TRIES_LONG : TRIES_SHORT) + 1;
		for (int64_t n = 1; n < ATTEMPTS_MOST && !none; n += step) {
			scenario->once(scenario, (enum refuse_what)what, n, count);
			if (!last_refused)
				break;
			count->refused[what]++;
		}
	}
}

/* ---- the server ---------------------------------------------------------------------------- */

static struct deed deed; /* its client asks while things are refused */

static void
server_lives(const struct scenario *scenario, enum refuse_what what, int64_t n)
{
	int status;

	if (waitpid(bed->kehud, &status, WNOHANG) == 0)
		return;
	bed->kehud = 0;
	fail_msg("%s: kehud ended (status %x) when %s number %" PRId64 " was refused (%s); see %s/kehud.log",
	    scenario->name, (unsigned)status, what == REFUSE_MEMORY ? "memory" : "call", n, page->name, bed->dir);
}

static void
server_deed(const struct scenario *scenario, enum refuse_what what, int64_t n, struct count *count)
{
	const struct deed_kind *kind = scenario->what;
	const Kehu__ServerFrame *answer;
	bool refused;
	int64_t times;

	deed_prepare(&deed, kind);
	arm(what, n);
	answer = kind->ask(&deed);
	last_refused = disarm(&last_asked);
	server_lives(scenario, what, n);
	refused = answer->answer_case == KEHU__SERVER_FRAME__ANSWER_ERROR;
	times = deed_count(&deed, kind);
	if (times != !refused)
		fail_msg("%s: done %" PRId64 " times and answered %s, when number %" PRId64 " was refused (%s)",
		    scenario->name, times, refused ? answer->error->text : "done", n, page->name);
	if (last_refused && refused)
		count->denied++;
	else if (last_refused)
		count->done++;
	else if (refused)
		fail_msg("%s: %s", scenario->name, answer->error->text);
}

/* Each fills the frame of one question about customer deed.id. */
#define QUESTION(name_, REQUEST_, member_, Message_, descriptor_, ...) \
	static const Kehu__ServerFrame *ask_##name_(void) \
	{ \
		Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT; \
		Kehu__##Message_ message = { \
			.base = PROTOBUF_C_MESSAGE_INIT(&kehu__##descriptor_##__descriptor), __VA_ARGS__ }; \
\
		frame.request_case = KEHU__CLIENT_FRAME__REQUEST_##REQUEST_; \
		frame.member_ = &message; \
		return client_call(deed.client, &frame); \
	}
#define OF(field_, value_) .has_##field_ = true, .field_ = (value_)
#define WORDS(text_)	   arena_strdup(deed.client->arena, text_)

QUESTION(catalog, CATALOG, catalog, Catalog, catalog, .has_have = false)
QUESTION(list, LIST, list, List, list, OF(entity, E_customer), OF(total, true))
QUESTION(filter, LIST, list, List, list, OF(entity, E_customer), .query = WORDS("name:befo level:A owner:me sort:-name"))
QUESTION(wrong, LIST, list, List, list, OF(entity, E_customer), .query = WORDS("no_such_field:1"))
QUESTION(bin, LIST, list, List, list, OF(entity, E_customer), OF(deleted, true))
QUESTION(get, GET, get, Get, get, OF(entity, E_customer), OF(id, deed.id))
QUESTION(search, SEARCH, search, Search, search, .text = WORDS("before"))
QUESTION(related, RELATED, related, Related, related, OF(entity, E_customer), OF(id, deed.id), OF(related, E_contact))
QUESTION(history, HISTORY, history, History, history, OF(entity, E_customer), OF(id, deed.id))
QUESTION(version, VERSION, version, Version, version, OF(entity, E_customer), OF(id, deed.id), OF(version, 1))
QUESTION(board, BOARD, board, Board, board, .has_limit = false)
QUESTION(today, TODAY, today, Today, today, .has_limit = false)
QUESTION(team, TEAM, team, Team, team, .has_me = false)
QUESTION(targets, TARGETS, targets, Targets, targets, .measure = WORDS("visits"))
QUESTION(check, CHECK, check, Check, check, .name = WORDS("before 1"))
QUESTION(why, WHY, why, Why, why, OF(entity, E_customer), OF(id, deed.id))
QUESTION(groups, GROUPS, groups, Groups, groups, OF(entity, E_customer), OF(field, F_customer_level))
QUESTION(jobs, JOB, job, Job, job, OF(step, 5))
QUESTION(sessions, SESSIONS, sessions, Sessions, sessions, .has_end = false)
QUESTION(report_text, REPORT, report, Report, report, .name = WORDS("visits_by_month"), .format = WORDS("text"))
QUESTION(report_csv, REPORT, report, Report, report, .name = WORDS("visits_by_month"), .format = WORDS("csv"))
QUESTION(report_pdf, REPORT, report, Report, report, .name = WORDS("visits_by_month"), .format = WORDS("pdf"))

/* A new connection that greets and signs in; its own client, since that is what it is about. */
static const Kehu__ServerFrame *
ask_sign_in(void)
{
	struct client *client = client_stranger(bed, LANG_EN);
	static const Kehu__ServerFrame done = { .answer_case = KEHU__SERVER_FRAME__ANSWER_DONE };
	static Kehu__Error error;
	static const Kehu__ServerFrame refused = { .answer_case = KEHU__SERVER_FRAME__ANSWER_ERROR, .error = &error };
	enum err err;

	link_login(client->link, "ben", BED_PASSWORD, NULL);
	err = link_wait(client->link, BED_WAIT_MS);
	client_free(client);
	return err == ERR_OK ? &done : &refused;
}

struct question {
	const Kehu__ServerFrame *(*ask)(void);
	bool wrong; /* and refused, whatever happens */
};

/* An answer of the kind that is given when nothing is refused, or an error; and then right again. */
static void
server_question(const struct scenario *scenario, enum refuse_what what, int64_t n, struct count *count)
{
	const struct question *question = scenario->what;
	const Kehu__ServerFrame *first;
	uint32_t quiet, answered;

	arena_reset(deed.client->arena);
	first = question->ask();
	quiet = first->answer_case;
	if ((quiet == KEHU__SERVER_FRAME__ANSWER_ERROR) != question->wrong)
		fail_msg("%s: %s", scenario->name, question->wrong ? "not refused" : first->error->text);
	arm(what, n);
	answered = question->ask()->answer_case;
	last_refused = disarm(&last_asked);
	server_lives(scenario, what, n);
	if (answered != quiet && answered != KEHU__SERVER_FRAME__ANSWER_ERROR)
		fail_msg("%s: another answer (%u) when number %" PRId64 " was refused (%s)", scenario->name,
		    answered, n, page->name);
	if (question->ask()->answer_case != quiet)
		fail_msg("%s: not well again after number %" PRId64 " was refused (%s)", scenario->name, n,
		    page->name);
	if (last_refused)
		*(answered == quiet ? &count->done : &count->denied) += 1;
}

#define ASKS(name_) { #name_, server_question, &(const struct question){ ask_##name_ } }

static const struct scenario questions[] = {
	ASKS(sign_in), ASKS(catalog), ASKS(list), ASKS(filter), ASKS(bin), ASKS(get),
	ASKS(search), ASKS(related), ASKS(history), ASKS(version), ASKS(board), ASKS(today), ASKS(team),
	ASKS(targets), ASKS(check), ASKS(why), ASKS(groups), ASKS(jobs), ASKS(sessions),
	ASKS(report_text), ASKS(report_csv),
	{ "wrong", server_question, &(const struct question){ ask_wrong, .wrong = true } },
	{ "report_pdf", server_question, &(const struct question){ ask_report_pdf }, .calls_only = true },
};

static bool
wanted(const char *name)
{
	const char *only = getenv("SCENARIO");

	return only == NULL || strcmp(only, name) == 0;
}

static size_t
server_all(struct count *count)
{
	size_t scenarios = 0;

	for (size_t i = 0; i < deed_kind_count; i++) {
		struct scenario scenario = { deed_kinds[i].name, server_deed, &deed_kinds[i] };

		if (!wanted(scenario.name))
			continue;
		refuse_through(&scenario, count);
		scenarios++;
	}
	for (size_t i = 0; i < sizeof(questions) / sizeof(questions[0]); i++) {
		if (!wanted(questions[i].name))
			continue;
		deed_prepare(&deed, &deed_kinds[0]);
		refuse_through(&questions[i], count);
		scenarios++;
	}
	return scenarios;
}

static void
server_refused_memory_or_calls_says_so_and_goes_on(void **state)
{
	struct count warm = { 0 }, count = { 0 };
	int64_t from_us = date_monotonic_us(), before;
	size_t scenarios;

	bed_kill(bed, SIGTERM);
	preload(true);
	bed_start(bed);
	preload(false);
	deed.aside = client_new(bed, "cai", LANG_EN);
	deed.client = client_new(bed, "cai", LANG_EN);
	none = true;
	server_all(&warm); /* what is cached at the first time is no leak */
	none = false;
	before = page->blocks;
	scenarios = server_all(&count);
	client_free(deed.client);
	print_message("# refusals: kehud, %zu scenarios, %" PRId64 " allocations and %" PRId64
		      " calls refused: %" PRId64 " answered all the same, %" PRId64
		      " told so, blocks of memory %+" PRId64 ", %" PRId64 " s\n",
	    scenarios, count.refused[REFUSE_MEMORY], count.refused[REFUSE_CALL], count.done, count.denied,
	    page->blocks - before, (date_monotonic_us() - from_us) / 1000000);
	assert_true(page->blocks - before < BLOCKS_KEPT);
	client_free(deed.aside);
	bed_kill(bed, SIGTERM);
	bed_start(bed);
}

/* ---- the client ---------------------------------------------------------------------------- */

struct command {
	const char *const *arguments; /* "%n" is a name of its own, "%i" a record's id, "%c" a file, "%f" a new one */
	const char *made; /* how many there are by the name; NULL: it only reads */
};

#define COMMAND(name_, made_, ...) \
	{ name_, client_command, &(const struct command){ (const char *const[]){ __VA_ARGS__, NULL }, made_ } }

static const char *
command_word(const char *word, const char *name)
{
	const char *at = strstr(word, "%");

	if (at == NULL)
		return word;
	if (at[1] == 'i')
		name = arena_printf(deed.aside->arena, "%" PRId64, deed.id);
	else if (at[1] == 'c')
		name = bed->conf;
	else if (at[1] == 'f')
		name = arena_printf(deed.aside->arena, "%s/report", bed->dir);
	return arena_printf(deed.aside->arena, "%.*s%s%s", (int)(at - word), word, name, at + 2);
}

/* What it says when nothing is refused is what it says with success, whatever was refused. */
static void
client_command(const struct scenario *scenario, enum refuse_what what, int64_t n, struct count *count)
{
	const struct command *command = scenario->what;
	const char *arguments[16] = { 0 }, *text;
	int64_t made;
	int status;

	deed_prepare(&deed, &deed_kinds[0]);
	for (size_t i = 0; command->arguments[i] != NULL; i++)
		arguments[i] = command_word(command->arguments[i], deed.name);
	preload(true);
	arm(what, n);
	status = bed_run_as(bed, "kehu", "cai", arguments, &text);
	last_refused = disarm(&last_asked);
	preload(false);
	if (status > 3 || (status != 0 && *text == '\0'))
		fail_msg("kehu %s: status %d when number %" PRId64 " was refused (%s): %s", scenario->name,
		    status, n, page->name, text);
	if (status != 0 && !last_refused)
		fail_msg("kehu %s: %s", scenario->name, text);
	made = command->made != NULL ? pg_int(DB, command->made, deed.id, deed.name) : status == 0;
	if (made > 1 || (status == 0 && made != 1))
		fail_msg("kehu %s: status %d, done %" PRId64 " times when number %" PRId64 " was refused (%s): %s",
		    scenario->name, status, made, n, page->name, text);
	if (last_refused)
		*(status == 0 ? &count->done : &count->denied) += 1;
}

#define BY_NAME "SELECT count(*) FROM customer WHERE name = '%2$s' AND id <> %1$" PRId64
#define BY_ID	"SELECT version - 1 FROM customer WHERE id = %1$" PRId64

static const struct scenario commands[] = {
	COMMAND("list", NULL, "list", "customer", "--limit", "3"),
	COMMAND("list_csv", NULL, "list", "customer", "before", "--format", "csv", "--columns", "name,level"),
	COMMAND("list_jsonl", NULL, "list", "customer", "--format", "jsonl", "--limit", "2"),
	COMMAND("get", NULL, "get", "customer", "%i"),
	COMMAND("search", NULL, "search", "before"),
	COMMAND("related", NULL, "related", "customer", "%i", "contact"),
	COMMAND("history", NULL, "history", "customer", "%i"),
	COMMAND("today", NULL, "today"),
	COMMAND("board", NULL, "board"),
	COMMAND("fields", NULL, "fields", "customer"),
	COMMAND("check", NULL, "check", "before 1"),
	COMMAND("report_text", NULL, "report", "visits_by_month", "--format", "text", "-o", "%f"),
	COMMAND("report_pdf", NULL, "report", "visits_by_month", "--format", "pdf", "-o", "%f"),
	COMMAND("doctor", NULL, "doctor"),
	COMMAND("new", BY_NAME, "new", "customer", "name=%n"),
	COMMAND("set", BY_ID, "set", "customer", "%i", "remarks=changed"),
	COMMAND("delete", BY_ID, "delete", "customer", "%i"),
	COMMAND("act", "SELECT count(*) FROM comment WHERE anchor_id = %1$" PRId64, "act", "customer", "%i",
	    "comment", "comment=%n"),
	COMMAND("contact", "SELECT count(*) FROM contact WHERE customer_id = %1$" PRId64, "new", "contact",
	    "customer=%i", "name=%n"),
	COMMAND("attach", "SELECT count(*) FROM attachment WHERE anchor_id = %1$" PRId64, "attach", "customer",
	    "%i", "%c"),
};

static void
client_refused_memory_or_calls_says_so(void **state)
{
	struct count count = { 0 };
	int64_t from_us = date_monotonic_us();
	size_t scenarios = 0;

	deed.aside = client_new(bed, "cai", LANG_EN);
	deed.client = deed.aside;
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (!wanted(commands[i].name))
			continue;
		refuse_through(&commands[i], &count);
		scenarios++;
	}
	print_message("# refusals: kehu, %zu scenarios, %" PRId64 " allocations and %" PRId64
		      " calls refused: %" PRId64 " done all the same, %" PRId64 " said so, %" PRId64 " s\n",
	    scenarios, count.refused[REFUSE_MEMORY], count.refused[REFUSE_CALL], count.done, count.denied,
	    (date_monotonic_us() - from_us) / 1000000);
	client_free(deed.aside);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(server_refused_memory_or_calls_says_so_and_goes_on),
		cmocka_unit_test(client_refused_memory_or_calls_says_so),
	};

	if (SANITIZED) {
		printf("1..0 # SKIP a sanitizer has the place of what refuses\n");
		return 0;
	}
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, setup, teardown);
}
