/* Facts about arenas: alignment, zeroing, ceiling, marks, reuse. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/arena.h"

#include <stdlib.h>
#include <string.h>

static void
arena_memory_is_zeroed_and_aligned(void **state)
{
	struct arena *arena = arena_new(0);

	for (size_t bytes = 0; bytes < 3000; bytes += 7) {
		unsigned char *data = arena_alloc(arena, bytes);
		assert_int_equal((uintptr_t)data % _Alignof(max_align_t), 0);
		for (size_t i = 0; i < bytes; i++)
			assert_int_equal(data[i], 0);
		if (bytes != 0)
			memset(data, 0xAA, bytes);
	}
	arena_free(arena);
}

static void
arena_pieces_do_not_overlap(void **state)
{
	struct arena *arena = arena_new(0);
	char *pieces[500];

	for (int i = 0; i < 500; i++) {
		pieces[i] = arena_alloc(arena, (size_t)i * 13 + 1);
		memset(pieces[i], i & 0xFF, (size_t)i * 13 + 1);
	}
	for (int i = 0; i < 500; i++)
		for (int at = 0; at < i * 13 + 1; at++)
			assert_int_equal((unsigned char)pieces[i][at], i & 0xFF);
	arena_free(arena);
}

static void
arena_is_spent_only_past_its_ceiling(void **state)
{
	struct arena *arena = arena_new(10000);

	arena_alloc(arena, 4000);
	arena_alloc(arena, 4000);
	assert_false(arena_spent(arena));
	char *past = arena_alloc(arena, 4000);
	assert_non_null(past);
	assert_true(arena_spent(arena));
	memset(past, 1, 4000);
	arena_reset(arena);
	assert_false(arena_spent(arena));
	assert_int_equal(arena_used_bytes(arena), 0);
	arena_free(arena);
}

static void
arena_without_ceiling_is_never_spent(void **state)
{
	struct arena *arena = arena_new(0);

	for (int i = 0; i < 100; i++)
		arena_alloc(arena, 100000);
	assert_false(arena_spent(arena));
	assert_true(arena_used_bytes(arena) >= 10000000);
	arena_free(arena);
}

static void
arena_reset_gives_zeroed_memory_again(void **state)
{
	struct arena *arena = arena_new(0);
	char *first = arena_alloc(arena, 100);

	memset(first, 7, 100);
	arena_reset(arena);
	char *second = arena_alloc(arena, 100);
	assert_ptr_equal(first, second);
	for (int i = 0; i < 100; i++)
		assert_int_equal(second[i], 0);
	arena_free(arena);
}

static void
arena_rewind_gives_back_what_came_after_the_mark(void **state)
{
	struct arena *arena = arena_new(0);

	char *kept = arena_strdup(arena, "kept");
	size_t used = arena_used_bytes(arena);
	for (int round = 0; round < 3; round++) {
		struct arena_mark mark = arena_mark(arena);
		for (int i = 0; i < 1000; i++)
			memset(arena_alloc(arena, 1000), 1, 1000);
		assert_true(arena_used_bytes(arena) > 1000000);
		arena_rewind(arena, mark);
		assert_int_equal(arena_used_bytes(arena), used);
	}
	assert_string_equal(kept, "kept");
	arena_free(arena);
}

static void
arena_rewind_to_a_mark_of_an_empty_arena_empties_it(void **state)
{
	struct arena *arena = arena_new(0);
	struct arena_mark mark = arena_mark(arena);

	arena_alloc(arena, 5000);
	arena_rewind(arena, mark);
	assert_int_equal(arena_used_bytes(arena), 0);
	assert_non_null(arena_alloc(arena, 10));
	arena_free(arena);
}

static void
arena_copies_are_ended_with_nul(void **state)
{
	struct arena *arena = arena_new(0);

	assert_null(arena_strdup(arena, NULL));
	assert_string_equal(arena_strdup(arena, ""), "");
	assert_string_equal(arena_strndup(arena, "abcdef", 3), "abc");
	assert_string_equal(arena_strndup(arena, NULL, 0), "");
	assert_memory_equal(arena_memdup(arena, "a\0b", 3), "a\0b", 3);
	arena_free(arena);
}

static void
arena_printf_formats_short_and_long_text(void **state)
{
	struct arena *arena = arena_new(0);
	char *x = arena_alloc(arena, 1001);

	memset(x, 'x', 1000);
	assert_string_equal(arena_printf(arena, "%d-%s", 7, "客"), "7-客");
	char *out = arena_printf(arena, "<%s>", x);
	assert_int_equal(strlen(out), 1002);
	assert_int_equal(out[1001], '>');
	arena_free(arena);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(arena_memory_is_zeroed_and_aligned),
		cmocka_unit_test(arena_pieces_do_not_overlap),
		cmocka_unit_test(arena_is_spent_only_past_its_ceiling),
		cmocka_unit_test(arena_without_ceiling_is_never_spent),
		cmocka_unit_test(arena_reset_gives_zeroed_memory_again),
		cmocka_unit_test(arena_rewind_gives_back_what_came_after_the_mark),
		cmocka_unit_test(arena_rewind_to_a_mark_of_an_empty_arena_empties_it),
		cmocka_unit_test(arena_copies_are_ended_with_nul),
		cmocka_unit_test(arena_printf_formats_short_and_long_text),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("arena", tests, NULL, NULL);
}
