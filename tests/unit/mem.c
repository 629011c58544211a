/* Memory that is always there: what happens when the system has none left, in a process of its own. */
#include "common/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
// clang-format off
#include <cmocka.h>
// clang-format on

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { LIMITED = 0 }; /* a sanitizer's own address space has no limit to set */
#else
enum { LIMITED = 1 };
#endif

#define MIB ((size_t)1024 * 1024)

/* Run in a child with so much memory more than it has; its wait status, what it said in said. */
static int
with_limit(int (*run)(void), size_t more, char *said, size_t room)
{
	int out[2], status = -1;
	size_t got = 0;
	ssize_t n;
	pid_t pid;

	assert_int_equal(pipe(out), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		unsigned long pages = 0;
		FILE *file = fopen("/proc/self/statm", "r");
		struct rlimit none = { 0, 0 };

		if (file == NULL || fscanf(file, "%lu", &pages) != 1)
			_exit(90);
		fclose(file);
		struct rlimit limit = { pages * 4096 + more, pages * 4096 + more };
		setrlimit(RLIMIT_CORE, &none);
		dup2(out[1], STDERR_FILENO);
		_exit(setrlimit(RLIMIT_AS, &limit) == 0 ? run() : 91);
	}
	close(out[1]);
	while (got + 1 < room && (n = read(out[0], said + got, room - 1 - got)) > 0)
		got += (size_t)n;
	said[got] = '\0';
	close(out[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static int
needs_the_reserve(void)
{
	void *first, *second;

	mem_reserve(48 * MIB);
	if (mem_short())
		return 1;
	first = mem_alloc(40 * MIB);
	if (mem_short())
		return 2; /* there was room yet */
	second = mem_zalloc(40, MIB);
	if (!mem_short() || second == NULL)
		return 3;
	free(first);
	free(second);
	return mem_short() ? 4 : 0; /* it has its reserve again */
}

static void
reserve_is_used_and_had_again(void **state)
{
	char said[2000];

	if (!LIMITED)
		skip();
	assert_int_equal(with_limit(needs_the_reserve, 100 * MIB, said, sizeof(said)), 0);
	assert_non_null(strstr(said, "memory is short"));
}

static int
needs_more(void)
{
	mem_reserve(8 * MIB);
	mem_resize(mem_strdup("x"), 400 * MIB);
	return 0;
}

static void
what_nothing_helps_ends_with_a_line(void **state)
{
	char said[2000];
	int status;

	if (!LIMITED)
		skip();
	status = with_limit(needs_more, 100 * MIB, said, sizeof(said));
	assert_true(WIFSIGNALED(status));
	assert_non_null(strstr(said, "out of memory: 419430400 bytes"));
}

static void
nothing_is_something(void **state)
{
	char *none = mem_alloc(0), *text = mem_strndup("客户", 3);

	assert_non_null(none);
	assert_string_equal(text, "客");
	none = mem_resize(none, 0);
	assert_non_null(none);
	assert_false(mem_short()); /* who holds no reserve is never short */
	free(none);
	free(text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reserve_is_used_and_had_again),
		cmocka_unit_test(what_nothing_helps_ends_with_a_line),
		cmocka_unit_test(nothing_is_something),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
