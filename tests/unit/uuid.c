/* Facts about identifiers, random bytes and hashes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/date.h"
#include "common/uuid.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static void
uuid_has_version_variant_and_time(void **state)
{
	int64_t before = date_now_us() / 1000;
	struct uuid uuid = uuid_new();
	int64_t after = date_now_us() / 1000;

	assert_int_equal(uuid.bytes[6] >> 4, 7);
	assert_int_equal(uuid.bytes[8] >> 6, 2);
	assert_in_range(uuid_time_ms(uuid), before, after);
}

static void
uuid_each_is_greater_than_the_last(void **state)
{
	struct uuid last = uuid_new();

	for (int i = 0; i < 200000; i++) {
		struct uuid next = uuid_new();
		assert_true(memcmp(last.bytes, next.bytes, sizeof(next.bytes)) < 0);
		last = next;
	}
	/* Counting ahead of the clock stays near it. */
	assert_true(uuid_time_ms(last) - date_now_us() / 1000 < 1000);
}

#define UUID_THREADS 4
#define UUID_EACH    20000

static void *
uuid_hammer(void *arg)
{
	struct uuid *out = arg;

	for (int i = 0; i < UUID_EACH; i++)
		out[i] = uuid_new();
	return NULL;
}

static int
uuid_compare(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct uuid));
}

static void
uuid_of_threads_are_all_different(void **state)
{
	static struct uuid all[UUID_THREADS * UUID_EACH];
	pthread_t threads[UUID_THREADS];

	for (int i = 0; i < UUID_THREADS; i++)
		assert_int_equal(
		    pthread_create(&threads[i], NULL, uuid_hammer, all + (size_t)i * UUID_EACH),
		    0);
	for (int i = 0; i < UUID_THREADS; i++)
		pthread_join(threads[i], NULL);
	qsort(all, UUID_THREADS * UUID_EACH, sizeof(all[0]), uuid_compare);
	for (int i = 1; i < UUID_THREADS * UUID_EACH; i++)
		assert_true(uuid_compare(&all[i - 1], &all[i]) < 0);
}

static void
uuid_text_comes_back_the_same(void **state)
{
	struct arena *arena = arena_new(0);
	struct uuid uuid, back;

	assert_true(
	    uuid_parse("017F22E2-79B0-7CC3-98C4-DC0C0C07398F", &uuid)); /* RFC 9562, A.6 */
	assert_int_equal(uuid_time_ms(uuid), INT64_C(0x017F22E279B0));
	assert_string_equal(uuid_format(arena, uuid), "017f22e2-79b0-7cc3-98c4-dc0c0c07398f");
	uuid = uuid_new();
	assert_true(uuid_parse(uuid_format(arena, uuid), &back));
	assert_memory_equal(&uuid, &back, sizeof(uuid));
	arena_free(arena);
}

static void
uuid_parse_refuses_anything_else(void **state)
{
	static const char *const bad[] = { "", "017f22e2", "017f22e279b07cc398c4dc0c0c07398f",
		"017f22e2-79b0-7cc3-98c4-dc0c0c07398", "017f22e2-79b0-7cc3-98c4-dc0c0c07398fa",
		"017f22e2-79b0-7cc3-98c4-dc0c0c07398g", "017f22e2x79b0-7cc3-98c4-dc0c0c07398f",
		"{17f22e2-79b0-7cc3-98c4-dc0c0c07398f}", "017f22e2-79b07-cc3-98c4-dc0c0c07398f",
		"0 7f22e2-79b0-7cc3-98c4-dc0c0c07398f",
		"017f22e2-79b0-7cc3-98c4-dc0c0c0739@f" };
	struct uuid uuid = { { 1 } };

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(uuid_parse(bad[i], &uuid));
	assert_int_equal(uuid.bytes[0], 1);
}

static void
hash_sha256_knows_the_standard_answers(void **state)
{
	struct arena *arena = arena_new(0);
	uint8_t out[32];

	hash_sha256("abc", 3, out); /* FIPS 180-4 */
	assert_string_equal(hex_encode(arena, out, sizeof(out)),
	    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	hash_sha256("", 0, out);
	assert_string_equal(hex_encode(arena, out, sizeof(out)),
	    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	assert_string_equal(hex_encode(arena, "", 0), "");
	arena_free(arena);
}

static void
random_bytes_fill_all_and_differ(void **state)
{
	static uint8_t a[100000], b[100000];
	int zeros = 0;

	random_bytes(a, sizeof(a));
	random_bytes(b, sizeof(b));
	assert_memory_not_equal(a, b, sizeof(a));
	assert_memory_not_equal(a, a + 50000, 50000);
	for (size_t i = 0; i < sizeof(a); i++)
		zeros += a[i] == 0;
	assert_in_range(zeros, 200, 700); /* 390 expected, deviation 20 */
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(uuid_has_version_variant_and_time),
		cmocka_unit_test(uuid_each_is_greater_than_the_last),
		cmocka_unit_test(uuid_of_threads_are_all_different),
		cmocka_unit_test(uuid_text_comes_back_the_same),
		cmocka_unit_test(uuid_parse_refuses_anything_else),
		cmocka_unit_test(hash_sha256_knows_the_standard_answers),
		cmocka_unit_test(random_bytes_fill_all_and_differ),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("uuid", tests, NULL, NULL);
}
