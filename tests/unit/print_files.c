/*
 * Files that appear whole or not at all, and the printing command (client/print).
 */
#include "client/print/outfile.h"
#include "client/print/spool.h"
#include "common/buf.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
// clang-format off
#include <cmocka.h>
// clang-format on

static char dir[] = "/tmp/kehu-print-XXXXXX";
static struct arena *arena;

static const char *
path_of(const char *name)
{
	return arena_printf(arena, "%s/%s", dir, name);
}

static char *
content(const char *path)
{
	FILE *file = fopen(path, "r");
	char *text = arena_alloc(arena, 1000);

	if (file == NULL)
		return NULL;
	text[fread(text, 1, 999, file)] = '\0';
	fclose(file);
	return text;
}

/* How many files the folder holds. */
static int
files(void)
{
	FILE *list = popen(arena_printf(arena, "ls -A '%s' | wc -l", dir), "r");
	int count = -1;

	assert_non_null(list);
	assert_int_equal(fscanf(list, "%d", &count), 1);
	pclose(list);
	return count;
}

/* ---- outfile ---- */

static void
outfile_appears_when_it_is_complete(void **state)
{
	const char *why = NULL, *path = path_of("whole.txt");
	struct outfile *file = outfile_open(arena, path, &why);
	struct stat status;

	assert_non_null(file);
	outfile_write(file, "half", 4);
	assert_null(content(path));
	outfile_write(file, " and half", 9);
	assert_int_equal(outfile_commit(file, arena, &why), ERR_OK);
	assert_string_equal(content(path), "half and half");
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_mode & 0600, 0600);
	unlink(path);
	assert_int_equal(files(), 0);
}

static void
outfile_replaces_only_when_it_is_complete(void **state)
{
	const char *why = NULL, *path = path_of("old.txt");
	struct outfile *file = outfile_open(arena, path, &why);

	outfile_write(file, "old", 3);
	assert_int_equal(outfile_commit(file, arena, &why), ERR_OK);
	file = outfile_open(arena, path, &why);
	outfile_write(file, "new", 3);
	outfile_abandon(file);
	assert_string_equal(content(path), "old");
	unlink(path);
	assert_int_equal(files(), 0);
}

static void
outfile_begins_again(void **state)
{
	const char *why = NULL, *path = path_of("again.txt");
	struct outfile *file = outfile_open(arena, path, &why);

	outfile_write(file, "the link broke here", 19);
	outfile_restart(file);
	outfile_write(file, "whole", 5);
	assert_int_equal(outfile_commit(file, arena, &why), ERR_OK);
	assert_string_equal(content(path), "whole");
	unlink(path);
}

/* As on a full disk: the write fails half way. */
static void
outfile_on_a_full_disk_leaves_nothing(void **state)
{
	const char *why = NULL;
	struct rlimit before, tight = { 4096, RLIM_INFINITY };
	struct outfile *file = outfile_open(arena, path_of("full.txt"), &why);
	char block[3000] = { 0 };

	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &before);
	tight.rlim_max = before.rlim_max;
	setrlimit(RLIMIT_FSIZE, &tight);
	outfile_write(file, block, sizeof(block));
	assert_false(outfile_failed(file));
	outfile_write(file, block, sizeof(block));
	assert_true(outfile_failed(file));
	setrlimit(RLIMIT_FSIZE, &before);
	assert_int_equal(outfile_commit(file, arena, &why), ERR_FILE_SYSTEM);
	assert_non_null(strstr(why, "full.txt: "));
	assert_int_equal(files(), 0);
}

static void
outfile_says_why_it_cannot_begin(void **state)
{
	const char *why = NULL;

	assert_null(outfile_open(arena, path_of("no/such/folder"), &why));
	assert_non_null(strstr(why, "No such file or directory"));
	assert_null(outfile_open(arena, dir, &why));
	assert_non_null(strstr(why, "directory"));
	assert_null(outfile_open(arena, "/dev/null", &why));
	assert_int_equal(files(), 0);
}

static void
outfile_takes_the_home_folder(void **state)
{
	const char *why = NULL;
	struct outfile *file;

	setenv("HOME", dir, 1);
	file = outfile_open(arena, "~/home.txt", &why);
	assert_non_null(file);
	assert_string_equal(outfile_path(file), path_of("home.txt"));
	outfile_abandon(file);
}

/* ---- spool ---- */

struct result {
	bool done, printed;
	char said[200];
};

static void
on_done(void *context, bool printed, const char *said)
{
	struct result *result = context;

	result->done = true;
	result->printed = printed;
	snprintf(result->said, sizeof(result->said), "%s", said);
}

static struct result
run(const char *command, const char *path)
{
	struct loop *loop = loop_new();
	struct result result = { 0 };
	const char *why = NULL;
	int64_t until_ms = loop_now_ms() + 5000;

	assert_non_null(spool_start(loop, command, path, on_done, &result, &why));
	while (!result.done && loop_now_ms() < until_ms)
		loop_turn(loop, 100);
	assert_true(result.done);
	loop_free(loop);
	return result;
}

static const char *
script(const char *name, const char *body)
{
	const char *path = path_of(name);
	FILE *file = fopen(path, "w");

	fprintf(file, "#!/bin/sh\n%s\n", body);
	fclose(file);
	chmod(path, 0700);
	return path;
}

static const char *
page(void)
{
	const char *path = path_of("page");
	FILE *file = fopen(path, "w");

	fputs("page one", file);
	fclose(file);
	return path;
}

static void
spool_prints_a_file_and_takes_it_away(void **state)
{
	const char *lp = script(
	    "lp", "cat \"$2\" >\"$(dirname \"$0\")/printed\"; echo request id is office-7");
	struct result result = run(arena_printf(arena, "%s -q", lp), page());

	assert_true(result.printed);
	assert_string_equal(result.said, "request id is office-7");
	assert_string_equal(content(path_of("printed")), "page one");
	assert_int_not_equal(access(path_of("page"), F_OK), 0);
}

static void
spool_tells_why_it_failed(void **state)
{
	struct result result =
	    run(script("lp", "echo 'lp: no default destination' >&2; exit 1"), page());

	assert_false(result.printed);
	assert_string_equal(result.said, "lp: no default destination");
	result = run("/no/such/program", page());
	assert_false(result.printed);
	assert_non_null(strstr(result.said, "No such file or directory"));
	assert_int_not_equal(access(path_of("page"), F_OK), 0);
}

/* Control characters of a program must not reach the screen. */
static void
spool_cleans_what_it_says(void **state)
{
	struct result result =
	    run(script("lp", "printf 'a\\033[2Jb\\377c\\n'; exit 1"), page());

	assert_null(strchr(result.said, 27));
	assert_null(strchr(result.said, '\377'));
}

static void
spool_has_no_terminal(void **state)
{
	struct result result =
	    run(script("lp",
		    "if (: >/dev/tty) 2>/dev/null; then echo tty; else echo none; fi; cat"),
		page());

	assert_true(result.printed);
	assert_string_equal(result.said, "none");
}

static int
setup(void **state)
{
	arena = arena_new(0);
	return mkdtemp(dir) == NULL ? -1 : 0;
}

static int
teardown(void **state)
{
	int status = system(arena_printf(arena, "rm -rf '%s'", dir));

	arena_free(arena);
	return status;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(outfile_appears_when_it_is_complete),
		cmocka_unit_test(outfile_replaces_only_when_it_is_complete),
		cmocka_unit_test(outfile_begins_again),
		cmocka_unit_test(outfile_on_a_full_disk_leaves_nothing),
		cmocka_unit_test(outfile_says_why_it_cannot_begin),
		cmocka_unit_test(outfile_takes_the_home_folder),
		cmocka_unit_test(spool_prints_a_file_and_takes_it_away),
		cmocka_unit_test(spool_tells_why_it_failed),
		cmocka_unit_test(spool_cleans_what_it_says),
		cmocka_unit_test(spool_has_no_terminal),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, setup, teardown);
}
