/* Facts about the log: one line a record, nothing from outside can break out of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/buf.h"
#include "common/log.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static char log_path[] = "/tmp/kehu-log-XXXXXX";

static char *
log_read(void)
{
	struct buf buf = BUF_INIT;
	ssize_t got;
	int fd = open(log_path, O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	while ((got = read(fd, buf_reserve(&buf, 65536), 65536)) > 0)
		buf_wrote(&buf, (size_t)got);
	close(fd);
	return buf_take(&buf);
}

static int
log_setup(void **state)
{
	strcpy(log_path, "/tmp/kehu-log-XXXXXX");
	close(mkstemp(log_path));
	return log_open(log_path, LOG_INFO) ? 0 : -1;
}

static int
log_teardown(void **state)
{
	log_close();
	return unlink(log_path);
}

static void
log_line_has_time_level_message_and_pairs(void **state)
{
	int year, month, day, hour, minute, second, ms, at = 0;

	log_info("visit saved", "visit=%d", 7);
	char *text = log_read();
	assert_int_equal(sscanf(text, "%4d-%2d-%2dT%2d:%2d:%2d.%3dZ%n", &year, &month, &day,
			     &hour, &minute, &second, &ms, &at),
	    7);
	assert_int_equal(at, 24);
	assert_string_equal(text + at, " info visit saved visit=7\n");
	free(text);
}

static void
log_level_below_the_wanted_is_not_written(void **state)
{
	log_debug("hidden", "a=%d", 1);
	log_warn("shown", "a=%d", 1);
	char *text = log_read();
	assert_null(strstr(text, "hidden"));
	assert_non_null(strstr(text, " warn shown a=1\n"));
	free(text);
}

static void
log_record_is_one_line_whatever_the_values_hold(void **state)
{
	log_info("m", "a=%s", "x\ny\033[31m\xC2\x9B z\r\x7F");
	char *text = log_read();
	assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
	for (const char *c = text; *c != '\0'; c++)
		assert_true(*c == '\n' || ((unsigned char)*c >= 0x20 && *c != 0x7F));
	assert_null(strstr(text, "\xC2\x9B"));
	free(text);
}

static void
log_overlong_record_is_cut_with_dots(void **state)
{
	static char huge[10000];

	memset(huge, 'x', sizeof(huge) - 1);
	log_info("m", "a=%s", huge);
	log_info("next", "b=%d", 1);
	char *text = log_read();
	char *end = strchr(text, '\n');
	assert_true(end - text < 4096);
	assert_memory_equal(end - 4, "x...", 4);
	assert_non_null(strstr(end, " info next b=1\n"));
	free(text);
}

static void
log_value_quotes_and_escapes(void **state)
{
	struct arena *arena = arena_new(0);
	const char *plain = "ACME-42";

	assert_ptr_equal(log_value(arena, plain), plain);
	assert_string_equal(log_value(arena, NULL), "-");
	assert_string_equal(log_value(arena, ""), "\"\"");
	assert_string_equal(log_value(arena, "a b"), "\"a b\"");
	assert_string_equal(log_value(arena, "a=b"), "\"a=b\"");
	assert_string_equal(log_value(arena, "q\"\\"), "\"q\\\"\\\\\"");
	assert_string_equal(log_value(arena, "a\nb\033"), "\"a\\x0ab\\x1b\"");
	assert_string_equal(log_value(arena, "客户"), "\"客户\"");
	assert_string_equal(log_value(arena, "\xFFz"), "\"\\xffz\"");
	assert_string_equal(log_value(arena, "\xE2\x80\xAE"), "\"\\xe2\\x80\\xae\"");
	arena_free(arena);
}

static void
log_value_is_cut_between_characters(void **state)
{
	struct arena *arena = arena_new(0);
	struct buf buf = BUF_INIT;

	for (int i = 0; i < 200; i++)
		buf_puts(&buf, "客");
	const char *out = log_value(arena, buf_text(&buf));
	size_t bytes = strlen(out);
	assert_in_range(bytes, 180, 210);
	assert_string_equal(out + bytes - 7, "客...\"");
	buf_fini(&buf);
	arena_free(arena);
}

#define LOG_THREADS 4
#define LOG_LINES   500

static void *
log_hammer(void *arg)
{
	for (int i = 0; i < LOG_LINES; i++)
		log_info("thread", "id=%d line=%d end=1", *(int *)arg, i);
	return NULL;
}

static void
log_lines_of_threads_never_mix(void **state)
{
	pthread_t threads[LOG_THREADS];
	int ids[LOG_THREADS], lines = 0;

	for (int i = 0; i < LOG_THREADS; i++) {
		ids[i] = i;
		assert_int_equal(pthread_create(&threads[i], NULL, log_hammer, &ids[i]), 0);
	}
	for (int i = 0; i < 20; i++)
		assert_true(log_open(log_path, LOG_INFO)); /* rotation meanwhile */
	for (int i = 0; i < LOG_THREADS; i++)
		pthread_join(threads[i], NULL);
	char *text = log_read(), *save, *line;
	for (line = strtok_r(text, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save), lines++) {
		int id, number, end = 0;
		assert_int_equal(
		    sscanf(line + 24, " info thread id=%d line=%d end=1%n", &id, &number, &end),
		    2);
		assert_int_equal(line[24 + end], '\0');
	}
	assert_int_equal(lines, LOG_THREADS * LOG_LINES);
	free(text);
}

static void
log_reopened_after_a_rename_writes_the_new_file(void **state)
{
	char old[64];

	snprintf(old, sizeof(old), "%s.1", log_path);
	log_info("before", "a=%d", 1);
	assert_int_equal(rename(log_path, old), 0);
	assert_true(log_open(log_path, LOG_INFO));
	log_info("after", "a=%d", 1);
	char *text = log_read();
	assert_null(strstr(text, "before"));
	assert_non_null(strstr(text, "after"));
	free(text);
	unlink(old);
}

static void
log_open_of_an_impossible_path_fails(void **state)
{
	assert_false(log_open("/nowhere/at/all.log", LOG_INFO));
}

static void
fatal_logs_and_aborts(void **state)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		signal(SIGABRT, SIG_DFL);
		fatal("broken invariant %d", 5);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
	char *text = log_read();
	assert_non_null(strstr(text, " error fatal broken invariant 5\n"));
	free(text);
}

#define LOG_TEST(f) cmocka_unit_test_setup_teardown(f, log_setup, log_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		LOG_TEST(log_line_has_time_level_message_and_pairs),
		LOG_TEST(log_level_below_the_wanted_is_not_written),
		LOG_TEST(log_record_is_one_line_whatever_the_values_hold),
		LOG_TEST(log_overlong_record_is_cut_with_dots),
		cmocka_unit_test(log_value_quotes_and_escapes),
		cmocka_unit_test(log_value_is_cut_between_characters),
		LOG_TEST(log_lines_of_threads_never_mix),
		LOG_TEST(log_reopened_after_a_rename_writes_the_new_file),
		LOG_TEST(log_open_of_an_impossible_path_fails),
		LOG_TEST(fatal_logs_and_aborts),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}
