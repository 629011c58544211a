/*
 * kehu, kehu-admin and the independent client against a real kehud and PostgreSQL: what a
 * person or a script at a shell sees, also while the server is killed and started again under
 * them.
 */
#include "client/admin/admin.h"
#include "client/cli/kehu.h"
#include "client/screens/command.h"
#include "tests/lib/bed.h"
#include "tests/lib/pg.h"
#include "tests/lib/company.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
// clang-format off
#include <cmocka.h>
// clang-format on

static struct bed *bed;

struct ran {
	int status;
	char *out, *err;
};

static const char *
file_in(const char *name)
{
	return arena_printf(bed->arena, "%s/%s", bed->dir, name);
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
	char *copy = arena_strdup(bed->arena, buf_text(&text));
	buf_fini(&text);
	return copy;
}

static const char *
spill(const char *name, const char *text)
{
	const char *path = file_in(name);
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
	return path;
}

static void
environment(const char *user)
{
	setenv("KEHU_SERVER", bed_server(bed), 1);
	setenv("KEHU_CA", bed_ca(bed), 1);
	setenv("KEHU_USER", user, 1);
	setenv("KEHU_PASSWORD_FILE", spill("password", BED_PASSWORD "\n"), 1);
	setenv("XDG_CACHE_HOME", bed->dir, 1);
	setenv("XDG_CONFIG_HOME", bed->dir, 1);
	setenv("LC_ALL", "C", 1);
}

static _Noreturn void
child(const char *program, const char *user, char **argv, int argc)
{
	const struct cli_program kehu = kehu_program(NULL), admin = admin_program();
	bool python = strcmp(program, "python") == 0;

	environment(user);
	if (freopen("/dev/null", "r", stdin) == NULL ||
	    freopen(file_in("out"), "w", stdout) == NULL ||
	    freopen(file_in("err"), "w", stderr) == NULL)
		_exit(99);
	if (python) {
		argv[0] = arena_strdup(bed->arena, "tests/tools/conformance.py");
		execv("/usr/bin/python3", (char *[]){ argv[0], argv[0], NULL });
		_exit(98);
	}
	int status = cli_run(strcmp(program, "kehu") == 0 ? &kehu : &admin, argc, argv);
	fflush(NULL);
	_exit(status);
}

/* words are separated by '|'. */
static pid_t
start(const char *program, const char *user, const char *words)
{
	char *copy = arena_strdup(bed->arena, words), *word;
	char *argv[40] = { copy };
	int argc = 1;

	while ((word = strsep(&copy, "|")) != NULL)
		argv[argc++] = word;
	fflush(NULL);
	pid_t pid = fork();
	if (pid == 0)
		child(program, user, argv, argc);
	assert_true(pid > 0);
	return pid;
}

static struct ran
finish(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	return (
	    struct ran){ .status = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status),
		.out = slurp(file_in("out")),
		.err = slurp(file_in("err")) };
}

static struct ran
run(const char *user, const char *words)
{
	return finish(start("kehu", user, words));
}

static struct ran
admin(const char *words)
{
	return finish(start("kehu-admin", "guo", words));
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
static void
expect_done(struct ran ran)
{
	if (ran.status != 0)
		fail_msg("status %d: %s", ran.status, ran.err);
}

/* ---- facts ---- */

static void
a_record_lives_at_the_shell(void **state)
{
	struct ran ran =
	    run("ada", "new|customer|name=华信科技有限公司|level=A|capital=32万|region=上海"
		       "|phones.number=13912345678|phones.kind=mobile|--format|tsv");
	char *id;

	assert_int_equal(ran.status, 0);
	strsep(&ran.out, "\t");
	id = strsep(&ran.out, "\t");
	expect_done(
	    run("ada", arena_printf(bed->arena,
			   "set|customer|%s|short_name=华信|founded_on=2019-05-06", id)));
	ran = run("ada", arena_printf(bed->arena, "get|customer|%s|--format|jsonl", id));
	HAS(ran.out, "\"short_name\":\"华信\"");
	HAS(ran.out, "\"founded_on\":\"2019-05-06\"");
	HAS(ran.out, "\"capital\":\"320000.00 CNY\"");
	HAS(ran.out, "\"number\":\"13912345678\"");
	ran = run("ada", "search|华信|--format|tsv");
	HAS(ran.out, arena_printf(bed->arena, "华信\tcustomer\t%s\t华信科技有限公司\t", id));
	ran = run("dan", "search|华信|--format|tsv");
	assert_string_equal(ran.out, "");
	ran = run("dan", arena_printf(bed->arena, "get|customer|%s|--language|en", id));
	assert_int_equal(ran.status, 1);
	HAS(ran.err, "kehu: E2007");
	ran = run(
	    "ada", arena_printf(bed->arena, "set|customer|%s|name=x|--record-version|1", id));
	assert_int_equal(ran.status, 1);
	HAS(ran.err, "kehu: E2011");
	ran = run("ada", arena_printf(bed->arena, "history|customer|%s|--format|tsv", id));
	HAS(ran.out, "\tshort_name\t\t华信\n");
	ran = run("ada", "new|customer|level=A");
	assert_int_equal(ran.status, 1);
	HAS(ran.err, "E2002");
	HAS(ran.err, ": name");
	expect_done(run("ada",
	    arena_printf(bed->arena,
		"new|visit|customer=%s|at=today 10:00|kind=visit|purpose=回访|--format|tsv",
		id)));
	ran = run("ada", arena_printf(bed->arena,
			     "related|customer|%s|visit|--format|tsv|--columns|purpose", id));
	assert_string_equal(ran.out, "回访\n");
}

/* With --where in place of an id; a version shown, compared and put back. */
static void
many_records_and_old_versions_are_reached_from_the_shell(void **state)
{
	struct ran ran = run("ada", "new|customer|name=批量甲公司|level=D|site=http://a.example|--format|tsv");
	char *id, *bulk;

	strsep(&ran.out, "\t");
	id = strsep(&ran.out, "\t");
	expect_done(run("ada", "new|customer|name=批量乙公司|level=D"));
	ran = run("ada", "set|customer|--where|批量|--dry-run|level=A|--language|en");
	expect_done(ran);
	HAS(ran.out, "Of 2: 2 can be changed, 0 are so already, 0 cannot be");
	ran = run("ada", "list|customer|批量 级别:D|--columns|name|--format|tsv");
	HAS(ran.out, "批量甲公司");
	ran = run("ada", "set|customer|--where|批量|level=A|--format|tsv");
	HAS(ran.out, "2\t2\t0\t0\t");
	bulk = strrchr(ran.out, '\t') + 1;
	bulk[strcspn(bulk, "\n")] = '\0';
	ran = run("ada", "list|bulk|状态:已执行|--columns|title,records|--format|tsv");
	HAS(ran.out, "\t2\n");
	expect_done(run("ada", arena_printf(bed->arena, "act|bulk|%s|undo", bulk)));
	ran = run("ada", "list|customer|批量 级别:D|--columns|name|--format|tsv");
	HAS(ran.out, "批量乙公司");
	expect_done(run("cai", "new|tag|name=壳标签"));
	ran = run("ada", "tag|customer|--where|批量|壳标签|--language|en");
	HAS(ran.out, "Of 2: 2 changed");
	ran = run("ada", arena_printf(bed->arena, "untag|customer|%s|壳标签|--language|en", id));
	HAS(ran.out, "Of 1: 1 changed");
	ran = run("ada", "delete|customer|--where|批量");
	assert_int_equal(ran.status, 1);
	HAS(ran.err, "E3001");
	assert_int_equal(run("ada", "delete|customer").status, 2);
	expect_done(run("cai", "delete|customer|--where|批量"));
	expect_done(run("cai", "restore|customer|--where|级别:D"));
	expect_done(run("ada", arena_printf(bed->arena, "act|customer|--where|批量|transfer|owner=ben|reason=x|--dry-run")));

	expect_done(run("ada", arena_printf(bed->arena, "set|customer|%s|site=http://b.example|phones.number=13900000001", id)));
	ran = run("ada", arena_printf(bed->arena, "version|customer|%s|1|--format|tsv", id));
	HAS(ran.out, "site\thttp://a.example");
	ran = run("ada", arena_printf(bed->arena, "compare|customer|%s|1|--format|tsv", id));
	HAS(ran.out, "site\thttp://a.example\thttp://b.example\n");
	HAS(ran.out, "customer_phone.number\t\t13900000001\n");
	expect_done(run("ada", arena_printf(bed->arena, "put-back|customer|%s|1|site", id)));
	ran = run("ada", arena_printf(bed->arena, "get|customer|%s|--format|jsonl", id));
	HAS(ran.out, "http://a.example");
	HAS(ran.out, "13900000001");
	expect_done(run("ada", arena_printf(bed->arena, "put-back|customer|%s|1", id)));
	ran = run("ada", arena_printf(bed->arena, "get|customer|%s|--format|jsonl", id));
	HAS(ran.out, "\"customer_phone\":[]");
	assert_int_equal(run("ada", arena_printf(bed->arena, "version|customer|%s|99x", id)).status, 1);
}

static char *
new_customer(const char *name, const char *phone)
{
	struct ran ran =
	    run("cai", arena_printf(bed->arena, "new|customer|name=%s|phone=%s|--format|tsv", name, phone));

	expect_done(ran);
	strsep(&ran.out, "\t");
	return strsep(&ran.out, "\t");
}

static void
two_are_shown_side_by_side_and_made_one(void **state)
{
	char *kept = new_customer("乌镇水乡旅行社", "0573-11110000");
	char *gone = new_customer("西塘古镇客栈", "0573-22220000");
	struct ran ran = run("cai", arena_printf(bed->arena,
					"merge|customer|%s|%s|phone=other|short_name=水乡|--dry-run|--format|tsv", kept, gone));

	expect_done(ran);
	HAS(ran.out, "name\tkept\t乌镇水乡旅行社\t西塘古镇客栈\n");
	HAS(ran.out, "phone\tother\t0573-11110000\t0573-22220000\n");
	expect_done(run("cai", arena_printf(bed->arena, "get|customer|%s", gone)));
	ran = run("cai", arena_printf(bed->arena, "merge|customer|%s|%s|phone=other|short_name=水乡", kept, gone));
	expect_done(ran);
	HAS(ran.out, "Rows that move: 0");
	ran = run("cai", arena_printf(bed->arena, "get|customer|%s|--format|jsonl", kept));
	HAS(ran.out, "\"phone\":\"0573-22220000\"");
	HAS(ran.out, "\"short_name\":\"水乡\"");
	ran = run("cai", arena_printf(bed->arena, "merge|customer|%s|%s|nonsense=other", kept, kept));
	assert_int_equal(ran.status, 1);
	HAS(ran.err, "E2008");
}

static void
likely_duplicates_are_found_looked_at_and_decided(void **state)
{
	char *first = new_customer("绍兴鉴湖黄酒", "0575-11110000"), *pair;
	char *second = new_customer("绍兴古越龙山", "0575-22220000");
	struct ran ran;

	pg_exec(bed->database, "UPDATE customer SET phone_digits = '057511110000' WHERE id = %s", second);
	assert_int_equal(run("ada", "duplicates|scan").status, 1);
	ran = run("cai", "duplicates|scan");
	expect_done(ran);
	HAS(ran.out, "In the whole company");
	pair = arena_printf(bed->arena, "%" PRId64,
	    pg_int(bed->database, "SELECT id FROM duplicate WHERE first_id = %s AND second_id = %s", first, second));
	ran = run("cai", "duplicates|list|degree:alike|--columns|id|--format|tsv");
	HAS(ran.out, pair);
	ran = run("cai", arena_printf(bed->arena, "duplicates|look|%s|keep=second|--format|tsv", pair));
	HAS(ran.out, "name\tkept\t绍兴古越龙山\t绍兴鉴湖黄酒\n");
	expect_done(run("cai", arena_printf(bed->arena, "duplicates|not|%s|--reason|不同酒厂", pair)));
	ran = run("cai", "duplicates|list|--columns|id|--format|tsv");
	assert_null(strstr(ran.out, pair));
	expect_done(run("cai", arena_printf(bed->arena, "act|duplicate|%s|reopen", pair)));
	expect_done(run("cai", arena_printf(bed->arena, "duplicates|merge|%s|keep=second|phone=other", pair)));
	assert_int_equal(pg_int(bed->database, "SELECT count(*) FROM customer WHERE id = %s AND deleted_at IS NULL", first), 0);
	ran = run("cai", arena_printf(bed->arena, "get|customer|%s|--format|jsonl", second));
	HAS(ran.out, "\"phone\":\"0575-11110000\"");
}

static void
files_go_up_and_come_back(void **state)
{
	struct buf text = BUF_INIT;
	struct ran ran = run("ada", "new|customer|name=附件公司|--format|tsv");
	char *id;

	for (int i = 0; i < 20000; i++)
		buf_printf(&text, "line %d\n", i);
	const char *path = spill("file", buf_text(&text));
	strsep(&ran.out, "\t");
	id = strsep(&ran.out, "\t");
	ran = run("ada", arena_printf(bed->arena, "attach|customer|%s|%s", id, path));
	assert_int_equal(ran.status, 0);
	ran.out[strcspn(ran.out, "\n")] = '\0';
	expect_done(run("ada", arena_printf(bed->arena, "attach|--get|customer|%s|%s|-o|%s", id,
				   ran.out, file_in("back"))));
	assert_string_equal(slurp(file_in("back")), buf_text(&text));
	buf_fini(&text);
}

static void
an_import_survives_the_server(void **state)
{
	struct buf csv = BUF_INIT;

	buf_puts(&csv, "名称,级别\n");
	for (int i = 0; i < 3000; i++)
		buf_printf(&csv, "进口公司%d,%s\n", i, i % 1000 == 7 ? "坏" : "B");
	const char *path = spill("import.csv", buf_text(&csv));
	buf_fini(&csv);
	pid_t pid = start("kehu", "ada",
	    arena_printf(
		bed->arena, "import|customer|%s|--errors|%s", path, file_in("refused")));
	/* On its way: the server knows of it. */
	for (int i = 0; i < 2000 && pg_int(bed->database, "SELECT count(*) FROM job WHERE kind = 'import'") == 0; i++)
		nanosleep(&(struct timespec){ .tv_nsec = 10000000 }, NULL);
	bed_kill(bed, SIGKILL);
	bed_start(bed);
	struct ran ran = finish(pid);
	if (ran.status != 1) /* some were refused */
		expect_done(ran);
	HAS(arena_printf(bed->arena, "%s%s", ran.out, ran.err), "read 3000");
	assert_string_equal(ran.out, "read 3000, created 2997, updated 0, refused 3\n");
	assert_int_equal(lines_of(slurp(file_in("refused"))), 4);
	ran = run("ada", "list|customer|name:进口公司|--limit|0|--format|tsv|--columns|id");
	assert_int_equal(lines_of(ran.out), 2997);
}

/* A save while nobody listens waits for the server and is done once. */
static void
a_save_waits_for_the_server(void **state)
{
	for (int i = 0; i < 3; i++) {
		const char *name = arena_printf(bed->arena, "断线公司%d", i);
		pid_t pid = start(
		    "kehu", "ada", arena_printf(bed->arena, "new|customer|name=%s", name));

		/* At a moment of sign-in or save that differs each time. */
		nanosleep(&(struct timespec){ .tv_nsec = 150000000 + i * 60000000 }, NULL);
		bed_kill(bed, SIGKILL);
		bed_start(bed);
		struct ran ran = finish(pid);
		struct ran list = run("ada",
		    arena_printf(bed->arena, "list|customer|name:%s|--format|tsv", name));

		/* Cut before it had ever been signed in, it says that there is no server. */
		assert_true(ran.status == 0 || ran.status == 3);
		assert_int_equal(lines_of(list.out), ran.status == 0 ? 1 : 0);
	}
}

static void
an_administrator_sets_up_a_user(void **state)
{
	struct ran ran = admin("user|add|lisi|李四|2|department=11");

	expect_done(ran);
	expect_done(admin("user|set-role|lisi|account_manager"));
	expect_done(admin("user|add-role|lisi|sales_supervisor"));
	expect_done(admin("user|disable|lisi"));
	ran = admin("user|show|lisi|--format|jsonl");
	HAS(ran.out, "\"disabled\":true");
	assert_non_null(strstr(strstr(ran.out, "role_id") + 1, "role_id"));
	ran = admin("user|show|nobody");
	assert_int_equal(ran.status, 1);
	ran = finish(start("kehu-admin", "ada", "user|disable|ben"));
	assert_int_equal(ran.status, 1);
	ran = admin("demo|--customers|1");
	assert_int_equal(ran.status, 1);
	ran = admin("job|list|--limit|1|--format|tsv");
	expect_done(ran);
	HAS(ran.out, "\tfailed\tdemo\t0\t0\t郭\t");
	assert_int_equal(lines_of(ran.out), 1);
	assert_int_equal(admin("job|cancel|999999999").status, 1);
	ran = admin("show|requests|--format|tsv");
	HAS(ran.out, "21\tlist\tLOGGED_IN\tREAD\tINTERACTIVE\n");
}

/* Written from PROTOCOL.md alone. */
static void
an_independent_client_lists_customers(void **state)
{
	expect_done(run("ada", "new|customer|name=独立客户端公司"));
	struct ran ran = finish(start("python", "ada", ""));

	expect_done(ran);
	assert_true(lines_of(ran.out) >= 1);
}

/* ---- why ---- */

static void
why_tells_what_gives_a_record_and_what_denies_it(void **state)
{
	const char *id = run("ada", "new|customer|name=缘由公司|--format|tsv").out;
	struct ran ran;

	id = arena_strndup(bed->arena, strchr(id, '\t') + 1, strcspn(strchr(id, '\t') + 1, "\t"));
	ran = finish(start("kehu-admin", "ada", arena_printf(bed->arena, "why|me|customer|%s|--language|en", id)));
	expect_done(ran);
	HAS(ran.out, "缘由公司: Yes: role account_manager, the user is the owner");
	/* an administrator sees no customers: rights are explained, nothing of the record shown */
	ran = admin(arena_printf(bed->arena, "why|cai|customer|%s|--language|en", id));
	HAS(ran.out, "Yes: role sales_supervisor, department\n");
	assert_null(strstr(ran.out, "缘由"));
	ran = admin(arena_printf(bed->arena, "why|dan|customer|%s|--language|zh", id));
	HAS(ran.out, "不可以");
	ran = admin(arena_printf(bed->arena, "why|guo|customer|%s|--format|tsv|--language|en", id));
	HAS(ran.out, "answer\t\tNo: no role gives a view of this kind of record\t\tfalse\t\n");
	expect_done(run("ada", arena_printf(bed->arena, "act|customer|%s|share|user=dan", id)));
	ran = admin(arena_printf(bed->arena, "why|dan|customer|%s|--format|jsonl|--language|en", id));
	HAS(ran.out, "\"holds\":true,\"through\":\"shared, to read\"");
	/* a record that is not there is answered like one that may not be seen */
	ran = admin("why|dan|customer|999999|--language|en");
	HAS(ran.out, "No: there is no such record within the scopes below");
	ran = finish(start("kehu-admin", "ada", arena_printf(bed->arena, "why|dan|customer|%s", id)));
	assert_int_equal(ran.status, 1);
	HAS(ran.err, "E3001");
}

/* ---- the set-up as a file ---- */

#define SETUP                                                                                  \
	"branch = ( { name = \"西安二部\"; code = \"B6102\"; } );\n"                           \
	"department = ( { name = \"西安销售\"; code = \"6102-S\"; branch_id = \"B6102\"; "       \
	"manager_id = \"anxi\"; } );\n"                                                         \
	"user = ( { name = \"anxi\"; label = \"安西\"; branch_id = \"B6102\"; department_id = "  \
	"\"6102-S\"; user_role = ( { role_id = \"helper\"; } ); } );\n"                          \
	"role = ( { name = \"helper\"; label = \"帮手\"; role_grant = ( { entity = "             \
	"\"customer\"; scope = \"own\"; rights = %d; } ); } );\n"

static struct ran
apply(const char *text, const char *option)
{
	return admin(arena_printf(bed->arena, "apply|%s|%s", option, spill("setup", text)));
}

static void
a_refused_set_up_names_its_line(const char *text, const char *part)
{
	struct ran ran = apply(text, "--keep");

	assert_int_not_equal(ran.status, 0);
	HAS(ran.err, part);
}

static void
what_was_exported_changes_nothing(void **state)
{
	const char *path = spill("setup", "");

	expect_done(admin(arena_printf(bed->arena, "export-config|-o|%s", path)));
	HAS(slurp(path), "name = \"account_manager\"");
	struct ran ran = admin(arena_printf(bed->arena, "apply|--dry-run|%s", path));
	expect_done(ran);
	assert_true(strncmp(ran.out, "created 0, changed 0, removed 0, same ", 38) == 0);
}

static void
a_file_makes_records_that_refer_to_each_other(void **state)
{
	const char *count = "SELECT count(*) FROM department d JOIN users u ON u.id = d.manager_id "
			    "AND u.department_id = d.id JOIN branch b ON b.id = d.branch_id "
			    "WHERE b.code = 'B6102'";

	HAS(apply(arena_printf(bed->arena, SETUP, 1), "--dry-run").out, "+ user anxi");
	assert_int_equal(pg_int("client_programs", "%s", count), 0);
	HAS(apply(arena_printf(bed->arena, SETUP, 1), "--keep").out,
	    "created 4, changed 0, removed 0, same 0");
	assert_int_equal(pg_int("client_programs", "%s", count), 1);
	HAS(apply(arena_printf(bed->arena, SETUP, 1), "--keep").out,
	    "created 0, changed 0, removed 0, same 4");
	HAS(apply(arena_printf(bed->arena, SETUP, 5), "--keep").out,
	    "~ role helper: role_grant: rights view -> view,edit");
}

static void
settings_are_changed_while_it_runs(void **state)
{
	struct ran ran;

	HAS(admin("setting|list|--format|tsv").out, "budget.rows");
	HAS(admin("setting|list|--columns|title,title_en|--format|tsv").out, "每人每日可看记录数\tRecords a user may read in a day");
	expect_done(admin("setting|set|sign.password_chars|20"));
	HAS(admin("setting|get|sign.password_chars").out, "20");
	/* in force at the next request, on what is asked of a password */
	HAS(run("ada", arena_printf(bed->arena, "password|--new-password-file|%s",
			   spill("short", "Nobody-knows-7"))).err, "20");
	ran = admin("setting|set|sign.password_chars|7");
	assert_int_equal(ran.status, 1);
	HAS(ran.err, "8");
	assert_int_equal(admin("setting|set|sign.password_chars|many").status, 1);
	assert_int_equal(admin("setting|set|net.port|1").status, 1);
	assert_int_not_equal(run("ada", "list|setting").status, 0);
	expect_done(admin("setting|set|sign.password_chars|"));
	HAS(admin("export-config").out, "access.reveals");
}

static void
documents_are_numbered_by_their_rule(void **state)
{
	int64_t id;

	expect_done(admin("numbering|set|customer|pattern=K%Y-%b-|digits=4"));
	expect_done(run("ada", "new|customer|name=编号甲公司"));
	expect_done(run("ada", "new|customer|name=编号乙公司"));
	id = pg_int("client_programs", "SELECT count(*) FROM customer WHERE number ~ "
				       "('^K' || to_char(now() + interval '8 hours', 'YYYY') || '-[^-]*-000[12]$')");
	assert_int_equal(id, 2);
	/* running on, the number does not begin anew with another prefix */
	expect_done(admin("numbering|set|customer|continuous=yes"));
	expect_done(run("ada", "new|customer|name=编号丙公司"));
	assert_int_equal(pg_int("client_programs", "SELECT last FROM number_series WHERE prefix = 'K%%Y-%%b-'"), 3);
	assert_int_equal(admin("numbering|set|customer|pattern=K%x-").status, 1);
	assert_int_equal(admin("numbering|set|customer|digits=2").status, 1);
	assert_int_equal(admin("numbering|set|customer|name=visit").status, 1);
	expect_done(admin("numbering|set|customer|pattern=C|digits=6|continuous=no"));
}

static void
calendars_and_holidays_are_set_up_from_the_shell(void **state)
{
	const char *path;

	expect_done(admin("calendar|add|六天制|1-5 09:00-12:00 13:30-18:00; 6 09:00-12:00"));
	expect_done(admin("calendar|set|六天制|zone=Asia/Urumqi"));
	assert_int_equal(admin("calendar|add|坏的|9 25:00-26:00").status, 1);
	HAS(admin("calendar|list|--format|jsonl").out, "Asia/Urumqi");
	/* a feast of two days: the days tell them apart, the names do not */
	expect_done(admin("holiday|add|2031-10-01|国庆节"));
	expect_done(admin("holiday|add|2031-10-02|国庆节"));
	expect_done(admin("holiday|add|2031-10-11|调休|working=yes"));
	assert_int_equal(admin("holiday|add|2031-10-01|又一个").status, 1);
	assert_int_equal(admin("holiday|add|2031-02-30|没有这天").status, 1);
	HAS(admin("holiday|list|working:yes").out, "2031-10-11");
	expect_done(admin("holiday|set|2031-10-11|name=国庆调休"));
	path = spill("days", "");
	expect_done(admin(arena_printf(bed->arena, "export-config|-o|%s", path)));
	HAS(slurp(path), "day = \"2031-10-02\"");
	HAS(slurp(path), "国庆调休");
	HAS(slurp(path), "6 09:00-12:00");
	struct ran ran = admin(arena_printf(bed->arena, "apply|--dry-run|%s", path));
	expect_done(ran);
	assert_true(strncmp(ran.out, "created 0, changed 0, removed 0, same ", 38) == 0);
}

static void
a_role_is_one_table_with_rights_as_words(void **state)
{
	struct ran ran = admin("role|matrix|account_manager|--format|jsonl");

	expect_done(ran);
	HAS(ran.out, "\"entity\":\"customer\",\"view\":\"own\"");
	HAS(admin("role|matrix|account_manager").out, "Own");
	assert_int_equal(admin("role|matrix|nobody_has_it").status, 1);
	HAS(admin("export-config").out, "rights = \"view,create");
}

static void
a_mistake_in_the_set_up_leaves_all_as_it_was(void **state)
{
	a_refused_set_up_names_its_line(
	    "tag = ( { name = \"甲\"; },\n { name = \"乙\"; colour = 3; } );\n",
	    ":2: colour (did you mean color?)");
	a_refused_set_up_names_its_line(
	    "tags = ( { name = \"甲\"; } );\n", ":1: tags (did you mean tag?)");
	a_refused_set_up_names_its_line("tag = ( { name = \"甲\" \n", "syntax error");
	a_refused_set_up_names_its_line(
	    "tag = ( { name = \"甲\"; }, { name = \"甲\"; } );\n", "tag 甲");
	a_refused_set_up_names_its_line("tag = ( { name = \"甲\"; } );\nuser = ( { name = "
					"\"bad\";\n label = \"坏\"; branch_id = \"nowhere\"; } );\n",
	    ":3: branch_id = \"nowhere\"");
	/* what only the server knows to be wrong */
	a_refused_set_up_names_its_line(
	    "tag = ( { name = \"甲\"; } );\nuser = ( { name = \"bad\"; } );\n", ":2: user bad");
	assert_int_equal(pg_int("client_programs", "SELECT count(*) FROM tag WHERE name = '甲'"), 0);
	/* grants: a field of the file, a field and an entity of the system that are not there */
	a_refused_set_up_names_its_line("role = ( { name = \"odd\"; label = \"怪\";\n role_grant = ( { entity = \"customer\"; "
					"scope = \"own\"; right = \"view\"; } ); } );\n",
	    ":2: right (did you mean rights?)");
	a_refused_set_up_names_its_line("tag = ( { name = \"甲\"; } );\nrole = ( { name = \"odd\"; label = \"怪\"; role_grant = ( { "
					"entity = \"customer\"; scope = \"own\"; rights = \"view\"; } );\n role_field = ( { "
					"entity = \"customer\"; field = \"phnoe\"; show = \"masked\"; } ); } );\n",
	    ":2: role odd");
	a_refused_set_up_names_its_line("tag = ( { name = \"甲\"; } );\nrole = ( { name = \"odd\"; label = \"怪\"; role_grant = ( { "
					"entity = \"branch\"; scope = \"own\"; rights = \"view\"; } ); } );\n",
	    ":2: role odd");
	assert_int_equal(pg_int("client_programs", "SELECT (SELECT count(*) FROM tag WHERE name = '甲') + "
						  "(SELECT count(*) FROM role WHERE name = 'odd')"), 0);
}

static void
what_the_set_up_leaves_out_goes(void **state)
{
	HAS(apply("tag = ( { name = \"甲\"; }, { name = \"乙\"; } );\n", "--keep").out, "created 2");
	HAS(apply("tag = ( { name = \"乙\"; } );\n", "--format=tsv").err, "--format");
	struct ran ran = admin(arena_printf(
	    bed->arena, "apply|%s", spill("setup", "tag = ( { name = \"乙\"; } );\n")));
	HAS(ran.out, "- tag 甲");
	assert_int_equal(pg_int("client_programs",
			     "SELECT count(*) FROM tag WHERE name IN ('甲', '乙') AND deleted_at IS NULL"),
	    1);
}

static int
group_setup(void **state)
{
	bed = bed_new("client_programs");
	return 0;
}

static int
group_teardown(void **state)
{
	bed_free(bed);
	return 0;
}

/* How many commands before the nth have its code, too. */
static size_t
code_means_other(const struct command *commands, size_t nth, const char *code)
{
	size_t found = 0;

	for (size_t i = 0; i < nth; i++)
		for (size_t c = 0; commands[i].codes[c] != NULL; c++)
			if (strcmp(code, commands[i].codes[c]) == 0) {
				print_message("# %s: both \"%s\" and \"%s\"\n", code,
				    commands[i].label, commands[nth].label);
				found++;
			}
	return found;
}

/* One code, one command, for everybody there is; a code shown twice in the palette runs neither. */
static void
every_function_code_means_one_thing(void **state)
{
	size_t twice = 0;

	static const char *const users[] = { "guo", "ada", "ben", "cai", "dan" };

	for (size_t u = 0; u < sizeof(users) / sizeof(users[0]); u++) {
		struct client *client = client_new(bed, users[u], LANG_EN);
		struct app app = { .link = client->link };
		struct command *commands;
		size_t count = command_list(&app, client->arena, &commands);

		assert_in_range(count, 10, COMMAND_MAX - 1);
		for (size_t i = 0; i < count; i++)
			for (size_t c = 0; commands[i].codes[c] != NULL; c++)
				twice += code_means_other(commands, i, commands[i].codes[c]);
		client_free(client);
	}
	assert_int_equal(twice, 0);
}

/* The line of the doctor about something, as "verdict TAB found TAB advice"; NULL: none. */
static const char *
doctor_line(const struct ran *ran, const char *name)
{
	const char *at = strstr(ran->out, arena_printf(bed->arena, "\n%s\t", name));

	return at != NULL ? at + 1 + strlen(name) + 1 : NULL;
}

static void
the_doctor_finds_what_stands_in_the_way(void **state)
{
	const char *words = "doctor|--format|tsv|--header|--language|en";
	struct ran ran;

	setenv("XDG_STATE_HOME", bed->dir, 1);
	setenv("TERM", "xterm", 1); /* whoever runs the tests may have none */
	ran = run("ada", words);
	if (ran.status != 0)
		fail_msg("%s", ran.out);
	assert_string_equal(ran.err, "");
	static const char *const checked[] = { "terminal", "characters", "state", "cache",
		"server", "certificate", "clock", "sign_in" };
	for (size_t i = 0; i < sizeof(checked) / sizeof(checked[0]); i++)
		if (doctor_line(&ran, checked[i]) == NULL)
			fail_msg("%s is not looked at: %s", checked[i], ran.out);
	assert_memory_equal(doctor_line(&ran, "sign_in"), "good\tAda", strlen("good\tAda"));
	assert_memory_equal(doctor_line(&ran, "clock"), "good", 4);
	/* Somebody unknown: the link is good, signing in is not. */
	ran = run("nobody", words);
	assert_int_equal(ran.status, 1);
	assert_memory_equal(doctor_line(&ran, "server"), "good", 4);
	assert_memory_equal(doctor_line(&ran, "sign_in"), "bad", 3);
	/* No server, and a certificate of somebody else. */
	ran = run("ada", "doctor|--format|tsv|--header|--server|127.0.0.1:1");
	assert_int_equal(ran.status, 1);
	assert_memory_equal(doctor_line(&ran, "server"), "bad", 3);
	assert_null(doctor_line(&ran, "clock"));
	ran = run("ada", arena_printf(bed->arena, "%s|--ca|/etc/ssl/certs/ca-certificates.crt", words));
	assert_int_equal(ran.status, 1);
	assert_non_null(strstr(doctor_line(&ran, "server"), "--ca"));
	/* A folder that cannot be made. */
	setenv("XDG_STATE_HOME", "/proc/nothing", 1);
	ran = run("ada", words);
	assert_int_equal(ran.status, 1);
	assert_memory_equal(doctor_line(&ran, "state"), "bad", 3);
	unsetenv("XDG_STATE_HOME");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_record_lives_at_the_shell),
		cmocka_unit_test(many_records_and_old_versions_are_reached_from_the_shell),
		cmocka_unit_test(two_are_shown_side_by_side_and_made_one),
		cmocka_unit_test(likely_duplicates_are_found_looked_at_and_decided),
		cmocka_unit_test(files_go_up_and_come_back),
		cmocka_unit_test(an_administrator_sets_up_a_user),
		cmocka_unit_test(an_independent_client_lists_customers),
		cmocka_unit_test(why_tells_what_gives_a_record_and_what_denies_it),
		cmocka_unit_test(what_was_exported_changes_nothing),
		cmocka_unit_test(a_file_makes_records_that_refer_to_each_other),
		cmocka_unit_test(a_mistake_in_the_set_up_leaves_all_as_it_was),
		cmocka_unit_test(what_the_set_up_leaves_out_goes),
		cmocka_unit_test(settings_are_changed_while_it_runs),
		cmocka_unit_test(documents_are_numbered_by_their_rule),
		cmocka_unit_test(calendars_and_holidays_are_set_up_from_the_shell),
		cmocka_unit_test(a_role_is_one_table_with_rights_as_words),
		cmocka_unit_test(every_function_code_means_one_thing),
		cmocka_unit_test(an_import_survives_the_server),
		cmocka_unit_test(a_save_waits_for_the_server),
		cmocka_unit_test(the_doctor_finds_what_stands_in_the_way),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
