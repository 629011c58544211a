/*
 * Facts about the command line, each run as a child process against a server in this one: what
 * goes to standard output, what to standard error, and the exit status.
 */
#include "client/cli/kehu.h"
#include "common/date.h"
#include "tests/lib/office.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static char directory[] = "/tmp/kehu-cli-XXXXXX";

/* ---- running kehu ---- */

struct ran {
	int status;
	char *out, *err;
};

static const char *
file_in(const char *name)
{
	return arena_printf(office.arena, "%s/%s", directory, name);
}

static char *
slurp(const char *path)
{
	FILE *file = fopen(path, "r");
	struct buf text = BUF_INIT;
	int c;

	assert_non_null(file);
	while ((c = fgetc(file)) != EOF)
		buf_putc(&text, (char)c);
	fclose(file);
	char *copy = arena_strdup(office.arena, buf_text(&text));
	buf_fini(&text);
	return copy;
}

static void
spill(const char *name, const char *text)
{
	FILE *file = fopen(file_in(name), "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static void
child(char **argv, int argc, const char *out)
{
	const struct cli_program program = kehu_program(NULL);

	if (freopen(file_in("in"), "r", stdin) == NULL || freopen(out, "w", stdout) == NULL ||
	    freopen(file_in("err"), "w", stderr) == NULL)
		_exit(99);
	setenv("KEHU_SERVER", fake_address(office.fake), 0);
	setenv("KEHU_CA", fake_ca(office.fake), 0);
	setenv("KEHU_USER", "zhang", 0);
	setenv("KEHU_PASSWORD_FILE", file_in("password"), 0);
	setenv("XDG_CACHE_HOME", directory, 1);
	setenv("XDG_CONFIG_HOME", directory, 1);
	int status = cli_run(&program, argc, argv);
	fflush(NULL);
	_exit(status);
}

/* words are separated by '|'. */
static struct ran
run_to(const char *words, const char *out)
{
	char *copy = arena_strdup(office.arena, words), *word;
	char *argv[40] = { copy };
	int argc = 1, status;

	while ((word = strsep(&copy, "|")) != NULL)
		argv[argc++] = word;
	fflush(NULL);
	fake_settle(office.fake);
	pid_t pid = fork();
	if (pid == 0)
		child(argv, argc, out);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	fake_settle(office.fake);
	return (
	    struct ran){ .status = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status),
		.out = strncmp(out, "/dev/", 5) == 0 ? NULL : slurp(out),
		.err = slurp(file_in("err")) };
}

static struct ran
run(const char *words)
{
	return run_to(words, file_in("out"));
}

static size_t
lines_of(const char *text)
{
	size_t count = 0;

	for (; *text != '\0'; text++)
		count += *text == '\n';
	return count;
}

#define HAS(text, part)                                                                        \
	do {                                                                                   \
		if (strstr((text), (part)) == NULL)                                            \
			fail_msg("\"%s\" is not in: %s", (part), (text));                      \
	} while (0)

/* ---- facts ---- */

static void
help_is_there_in_both_languages(void **state)
{
	struct ran ran = run("--help|--language|en");

	assert_int_equal(ran.status, 0);
	HAS(ran.out, "Commands:");
	HAS(ran.out, "KEHU_PASSWORD_FILE");
	ran = run("list|--help|--language|zh");
	assert_int_equal(ran.status, 0);
	HAS(ran.out, "列出记录");
	ran = run("--version");
	assert_int_equal(ran.status, 0);
}

static void
wrong_use_is_status_2(void **state)
{
	static const char *const cases[][2] = { { "lsit|customer", "lsit" },
		{ "list", "missing" }, { "list|customer|--nosuch", "--nosuch" },
		{ "get|customer|1|2", "2" }, { "get|customer|1|--limit|3", "--limit" },
		{ "list|customer|--limit", "needs a value" },
		{ "list|customer|--limit|x", "x" }, { "list|customer|--format|xml", "xml" },
		{ "list|customer|--language|fr", "fr" },
		{ "list|customer|--header=1", "no value" } };

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct ran ran = run(arena_printf(office.arena, "%s%s", cases[i][0],
		    strstr(cases[i][0], "fr") ? "" : "|--language|en"));

		if (i == 5)
			ran = run(cases[i][0]);
		assert_int_equal(ran.status, 2);
		HAS(ran.err, cases[i][1]);
		assert_int_equal(lines_of(ran.err), 1);
		assert_string_equal(ran.out, "");
	}
}

static void
no_server_is_status_3(void **state)
{
	struct ran ran = run("list|customer|--server|127.0.0.1:1|--language|en");

	assert_int_equal(ran.status, 3);
	HAS(ran.err, "kehu: E4006");
	HAS(ran.err, "127.0.0.1:1");
	assert_int_equal(lines_of(ran.err), 1);
	ran = run("list|customer|--ca|/etc/hostname|--language|en");
	assert_int_equal(ran.status, 2);
	HAS(ran.err, "/etc/hostname");
}

static void
wrong_password_is_status_1(void **state)
{
	spill("wrong", "nonsense\n");
	struct ran ran = run(arena_printf(
	    office.arena, "list|customer|--password-file|%s|--language|zh", file_in("wrong")));

	assert_int_equal(ran.status, 1);
	HAS(ran.err, "E1002");
	ran = run("list|customer|--password-file|/nowhere");
	assert_int_equal(ran.status, 2);
	HAS(ran.err, "/nowhere");
}

static void
the_configuration_file_is_checked(void **state)
{
	const char *conf = file_in("my.conf");

	spill("my.conf", "connection: {\n  timeout = 5;\n  sever = \"x\";\n};\n");
	struct ran ran = run(arena_printf(office.arena, "list|customer|--config|%s", conf));
	assert_int_equal(ran.status, 2);
	HAS(ran.err, "my.conf:3");
	spill("my.conf", "client: { language = \"zh\"; };\n");
	ran = run(arena_printf(office.arena, "list|nothing|--config|%s", conf));
	assert_int_equal(ran.status, 1);
	HAS(ran.err, "没有此类记录");
	ran = run("list|customer|--config|/nowhere.conf");
	assert_int_equal(ran.status, 2);
	HAS(ran.err, "/nowhere.conf");
	ran = run("--limit|3");
	assert_int_equal(ran.status, 2);
}

static void
a_conflict_shows_both_sides(void **state)
{
	office.refuse = ERR_CONFLICT;
	struct ran ran = run("set|customer|7|name=x|--language|en");
	office.refuse = ERR_OK;
	assert_int_equal(ran.status, 1);
	HAS(ran.err, "E2011");
	HAS(ran.err, "kehu: name: theirs \"他们的\", yours \"x\"\n");
}

static void
list_streams_every_page(void **state)
{
	struct ran ran =
	    run("list|customer|--limit|0|--format|tsv|--columns|id,name,level,owner,capital");

	assert_int_equal(ran.status, 0);
	assert_int_equal(lines_of(ran.out), OFFICE_ROWS);
	HAS(ran.out, "1\t客户1\tA\t张三\t1234.50 CNY\n");
	HAS(ran.out, "\n450\t客户450\t");
	ran = run("list|khl|--limit|7|--format|tsv");
	assert_int_equal(lines_of(ran.out), 7);
	ran = run(
	    "list|客户|level:A|-visited:30d|--format|jsonl|--limit|201|--columns|name,owner");
	assert_int_equal(lines_of(ran.out), 201);
	assert_string_equal(office.query, "level:A -visited:30d");
	HAS(ran.out, "{\"name\":\"客户1\",\"owner_id\":{\"id\":42,\"label\":\"张三\"}}\n");
}

static void
list_aligns_by_cells_and_cleans(void **state)
{
	struct ran ran = run("list|customer|--limit|4|--columns|id,name,level|--language|zh");

	assert_int_equal(ran.status, 0);
	HAS(ran.out, "ID  名称            级别\n");
	HAS(ran.out, " 1  客户1           重点\n");
	assert_null(strchr(ran.out, '\033'));
	ran = run("list|customer|--limit|3|--columns|id,name|--format|csv");
	HAS(ran.out, "id,name\n1,客户1\n");
	HAS(ran.out, "\"'=cmd|[31m red\"\"\"");
	ran = run("list|customer|--limit|3|--columns|id,name|--format|jsonl");
	HAS(ran.out, "{\"id\":3,\"name\":\"=cmd|[31m red\\\"\"}");
}

static void
unknown_names_get_a_suggestion(void **state)
{
	struct ran ran = run("list|cutsomer|--language|en");

	assert_int_equal(ran.status, 1);
	assert_string_equal(ran.err,
	    "kehu: E2009 There is no such kind of record: cutsomer (did you mean customer?)\n");
	ran = run("list|customer|--columns|nmae|--language|zh");
	assert_int_equal(ran.status, 1);
	HAS(ran.err, "nmae（是否想用 name？）");
	ran = run("new|customer|nmae=x");
	assert_int_equal(ran.status, 1);
	HAS(ran.err, "name");
	ran = run("act|customer|1|trasnfer");
	assert_int_equal(ran.status, 1);
	HAS(ran.err, "transfer");
}

static void
get_shows_labels_or_names(void **state)
{
	struct ran ran = run("get|customer|7|--language|zh");

	assert_int_equal(ran.status, 0);
	HAS(ran.out, "名称              华信科技");
	HAS(ran.out, "138****1234");
	ran = run("get|customer|7|--format|jsonl");
	HAS(ran.out, "{\"id\":7,\"version\":3,\"number\":\"C00007\",\"name\":\"华信科技\","
		     "\"level\":null");
	HAS(ran.out, "\"listed\":true");
	HAS(ran.out, "\"customer_phone\":[{\"id\":900,\"version\":0,\"kind\":null,\"number\":"
		     "\"138****1234\"}]}");
	ran = run("get|customer|404|--language|en");
	assert_int_equal(ran.status, 1);
	HAS(ran.err, "E2007");
}

static void
new_takes_values_as_people_type_them(void **state)
{
	struct ran ran = run(
	    "new|customer|name= 华信 |级别=zd|capital=32万|founded_on=2020-02-29|owner=张三|"
	    "phones.number=13800001234|phones.kind=办公|listed=是|--format|tsv");

	assert_int_equal(ran.status, 0);
	assert_string_equal(ran.out, "customer\t77\t1\t\n");
	assert_string_equal(office.saved,
	    "save 10 0 v0: 2=华信/0 9=A/0 18=CNY/32000000 19=/18321 25=/42 41=/1"
	    " line 11 -1: 2=13800001234/0 1=办公/0");
	ran = run("new|customer|name=x|owner=me|--language|en");
	assert_string_equal(office.saved, "save 10 0 v0: 2=x/0 25=/42");
	HAS(ran.out, "Created 客户 77");
	ran = run("new|customer|name=x|owner=nobody");
	assert_int_equal(ran.status, 1);
	HAS(ran.err, "nobody");
	ran = run("new|customer|level=Q|--language|en");
	assert_int_equal(ran.status, 1);
	HAS(ran.err, "A 重点, B 一般, C 潜在");
	ran = run("new|customer|capital=much");
	assert_int_equal(ran.status, 1);
	ran = run("new|customer|name");
	assert_int_equal(ran.status, 2);
}

static void
set_names_the_version_it_read(void **state)
{
	struct ran ran = run("set|customer|7|name=新名|level=|phones.number=021");

	assert_int_equal(ran.status, 0);
	assert_string_equal(office.saved, "save 10 7 v3: 2=新名/0 9=/0 line 11 900: 2=021/0");
	ran = run("set|customer|7|name=x|--record-version|9");
	assert_string_equal(office.saved, "save 10 7 v9: 2=x/0");
	ran = run("delete|customer|#7");
	assert_int_equal(ran.status, 0);
	assert_string_equal(office.saved, "delete 7 v3");
	ran = run("act|customer|7|transfer|owner=42|reason=离职");
	assert_int_equal(ran.status, 0);
	assert_string_equal(office.saved, "act 10 7 transfer: 1=/42 2=离职/0");
}

static void
every_refused_field_is_named(void **state)
{
	office.refuse = ERR_REQUIRED;
	struct ran ran = run("new|customer|name=x");
	office.refuse = ERR_OK;
	assert_int_equal(ran.status, 1);
	assert_string_equal(
	    ran.err, "kehu: E2002 不能为空: name\nkehu: E2002 不能为空: level\n");
}

static void
search_reads_queries_from_a_pipe_in_order(void **state)
{
	struct buf in = BUF_INIT;

	for (int i = 0; i < 100; i++)
		buf_printf(&in, "q%d\n%s", i, i == 50 ? "\n\r\n" : "");
	spill("in", buf_text(&in));
	buf_fini(&in);
	struct ran ran = run("search|-|--format|tsv|--limit|0|--entity|customer");
	assert_int_equal(ran.status, 0);
	assert_int_equal(lines_of(ran.out), 300);
	char *line = ran.out;
	for (int i = 0; i < 100; i++) {
		for (int id = 1; id <= 3; id++) {
			const char *want =
			    arena_printf(office.arena, "q%d\tcustomer\t%d\tq%d公司\t%s", i, id,
				i, id == 2 ? "" : arena_printf(office.arena, "q%d", i));

			assert_string_equal(strsep(&line, "\n"), want);
		}
	}
	spill("in", "good\nbad:\n\xff\xfe\nalso good\n");
	ran = run("search|-|--format|tsv|--limit|1");
	assert_int_equal(ran.status, 1);
	assert_int_equal(lines_of(ran.out), 2);
	assert_int_equal(lines_of(ran.err), 2);
	ran = run("search|华|信|--language|zh");
	assert_int_equal(ran.status, 0);
	HAS(ran.out, "华 信公司");
	spill("in", "");
}

static void
import_sends_the_file_and_ends_with_the_counts(void **state)
{
	struct buf csv = BUF_INIT;

	for (int i = 0; i < 20000; i++)
		buf_puts(&csv, "name,short\n");
	spill("file.csv", buf_text(&csv));
	spill("map", "short_name = \"x\";\n");
	struct ran ran = run(arena_printf(office.arena,
	    "import|customer|%s|--map|%s|--language|en", file_in("file.csv"), file_in("map")));
	assert_int_equal(ran.status, 1);
	HAS(ran.err, "map:1: short_name");
	spill("map", "name = \"名称\"; level = \"=B\"; phones = { number = \"电话\"; };\n");
	office.cut_import = 2;
	ran = run(arena_printf(office.arena, "import|customer|%s|--map|%s|--errors|%s",
	    file_in("file.csv"), file_in("map"), file_in("errors")));
	assert_int_equal(ran.status, 1); /* of three rows one */
	assert_string_equal(ran.out, "read 3, created 2, updated 0, refused 1\n");
	assert_string_equal(office.saved, "name<-名称;level<-=B;customer_phone.number<-电话;");
	assert_string_equal(slurp(file_in("errors")), "line 2: no name\n");
	assert_int_equal(office.import_bytes, csv.bytes);
	assert_int_equal(office.imports, 1);
	buf_fini(&csv);
	ran = run("import|customer|/nowhere.csv");
	assert_int_equal(ran.status, 1);
	HAS(ran.err, "/nowhere.csv");
	spill("map", "name = \n");
	ran = run(arena_printf(
	    office.arena, "import|customer|%s|--map|%s", file_in("file.csv"), file_in("map")));
	HAS(ran.err, "map:2:");
	assert_int_equal(ran.status, 2);
}

static void
a_full_disk_is_reported(void **state)
{
	struct ran ran =
	    run_to("list|customer|--limit|0|--format|tsv|--language|en", "/dev/full");

	assert_int_equal(ran.status, 1);
	HAS(ran.err, "E4010");
	ran = run_to("--help", "/dev/full");
	assert_int_equal(ran.status, 1);
}

static void
a_closed_pipe_ends_it_quietly(void **state)
{
	char *argv[] = { NULL, (char[]){ "list" }, (char[]){ "customer" }, (char[]){ "--limit" },
		(char[]){ "0" }, (char[]){ "--format" }, (char[]){ "tsv" } };
	int ends[2], status;

	assert_int_equal(pipe(ends), 0);
	close(ends[0]);
	fflush(NULL);
	pid_t pid = fork();
	if (pid == 0)
		child(argv, 7, arena_printf(office.arena, "/dev/fd/%d", ends[1]));
	close(ends[1]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	/* Opening a pipe nobody reads may already fail; then nothing was run. */
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 99) {
		assert_true(WIFSIGNALED(status));
		assert_int_equal(WTERMSIG(status), SIGPIPE);
		assert_string_equal(slurp(file_in("err")), "");
	}
}

static void
a_cut_connection_is_not_noticed(void **state)
{
	for (int at = 1; at < 9; at++) {
		fake_cut_after(office.fake, at, at % 2);
		struct ran ran = run("list|customer|--limit|0|--format|tsv");
		fake_cut_after(office.fake, 0, false);
		/* Before the first sign-in a cut connection is "cannot be reached". */
		if (ran.status != 0) {
			assert_true(at <= 3);
			assert_int_equal(ran.status, 3);
			continue;
		}
		assert_int_equal(lines_of(ran.out), OFFICE_ROWS);
	}
}

static int
group_setup(void **state)
{
	if (mkdtemp(directory) == NULL)
		return 1;
	office.arena = arena_new(0);
	office.fake =
	    fake_start(&(struct fake_options){ .answer = office_answer, .directory = directory });
	spill("password", "right\n");
	spill("in", "");
	unsetenv("LC_ALL");
	setenv("LANG", "C", 1);
	return 0;
}

static int
group_teardown(void **state)
{
	int status = system(arena_printf(office.arena, "rm -r %s", directory));

	fake_stop(office.fake);
	free(office.saved);
	arena_free(office.arena);
	return status;
}

/* TZ, then the setting; what the C library would silently take for UTC is refused. */
static void
clock_is_the_companys_unless_said_otherwise(void **state)
{
	struct client_settings settings = { .time_zone = "Asia/Shanghai" };
	const char *before = getenv("TZ"), *why = "";
	struct arena *arena = arena_new(0);
	char *kept = before == NULL ? NULL : arena_strdup(arena, before);
	int offset_min = 1;

	unsetenv("TZ");
	assert_int_equal(settings_offset(arena, &settings, &offset_min, &why), ERR_OK);
	assert_int_equal(offset_min, 480);
	assert_null(getenv("TZ"));
	setenv("TZ", "UTC", 1);
	assert_int_equal(settings_offset(arena, &settings, &offset_min, &why), ERR_OK);
	assert_int_equal(offset_min, 0);
	setenv("TZ", "XYZ-3", 1);
	settings.time_zone = "local";
	assert_int_equal(settings_offset(arena, &settings, &offset_min, &why), ERR_OK);
	assert_int_equal(offset_min, 180);
	unsetenv("TZ");
	settings.time_zone = "Asia/Shangai";
	assert_int_equal(settings_offset(arena, &settings, &offset_min, &why), ERR_CONFIG);
	assert_non_null(strstr(why, "Asia/Shangai"));
	if (kept != NULL)
		setenv("TZ", kept, 1);
	arena_free(arena);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(help_is_there_in_both_languages),
		cmocka_unit_test(wrong_use_is_status_2),
		cmocka_unit_test(no_server_is_status_3),
		cmocka_unit_test(wrong_password_is_status_1),
		cmocka_unit_test(the_configuration_file_is_checked),
		cmocka_unit_test(a_conflict_shows_both_sides),
		cmocka_unit_test(list_streams_every_page),
		cmocka_unit_test(list_aligns_by_cells_and_cleans),
		cmocka_unit_test(unknown_names_get_a_suggestion),
		cmocka_unit_test(get_shows_labels_or_names),
		cmocka_unit_test(new_takes_values_as_people_type_them),
		cmocka_unit_test(set_names_the_version_it_read),
		cmocka_unit_test(every_refused_field_is_named),
		cmocka_unit_test(search_reads_queries_from_a_pipe_in_order),
		cmocka_unit_test(import_sends_the_file_and_ends_with_the_counts),
		cmocka_unit_test(a_full_disk_is_reported),
		cmocka_unit_test(a_closed_pipe_ends_it_quietly),
		cmocka_unit_test(a_cut_connection_is_not_noticed),
		cmocka_unit_test(clock_is_the_companys_unless_said_otherwise),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
