/* Facts about byte buffers, and about the error list beside them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/buf.h"
#include "common/error.h"
#include "common/text.h"

#include <stdlib.h>
#include <string.h>

static void
buf_without_bytes_is_an_empty_text(void **state)
{
	struct buf buf = BUF_INIT;

	assert_string_equal(buf_text(&buf), "");
	buf_put(&buf, NULL, 0);
	buf_shift(&buf, 3);
	assert_string_equal(buf_text(&buf), "");
	char *taken = buf_take(&buf);
	assert_string_equal(taken, "");
	free(taken);
	buf_fini(&buf);
}

static void
buf_grows_and_stays_ended_with_nul(void **state)
{
	struct buf buf = BUF_INIT;

	for (int i = 0; i < 10000; i++) {
		buf_putc(&buf, (char)('a' + i % 26));
		assert_int_equal(buf.data[buf.bytes], '\0');
	}
	assert_int_equal(buf.bytes, 10000);
	assert_int_equal(buf.data[9999], 'a' + 9999 % 26);
	buf_clear(&buf);
	buf_printf(&buf, "%s=%d", "x", 5);
	buf_puts(&buf, ";");
	assert_string_equal(buf_text(&buf), "x=5;");
	buf_fini(&buf);
	assert_null(buf.data);
}

static void
buf_with_a_limit_keeps_a_prefix_and_is_marked_full(void **state)
{
	struct buf buf = { .limit = 5 };

	buf_puts(&buf, "abc");
	assert_false(buf.full);
	buf_puts(&buf, "def");
	assert_true(buf.full);
	buf_puts(&buf, "x");
	buf_printf(&buf, "y");
	assert_string_equal(buf_text(&buf), "abcde");
	buf_clear(&buf);
	assert_false(buf.full);
	buf_printf(&buf, "%s", "1234567");
	assert_true(buf.full);
	assert_string_equal(buf_text(&buf), "12345");
	buf_fini(&buf);
}

static void
buf_shift_drops_from_the_front(void **state)
{
	struct buf buf = BUF_INIT;

	buf_puts(&buf, "abcdef");
	buf_shift(&buf, 2);
	assert_string_equal(buf_text(&buf), "cdef");
	buf_shift(&buf, 100);
	assert_string_equal(buf_text(&buf), "");
	buf_fini(&buf);
}

static void
buf_reserve_and_wrote_append(void **state)
{
	struct buf buf = BUF_INIT;

	buf_puts(&buf, "a");
	memcpy(buf_reserve(&buf, 100), "bcd", 3);
	buf_wrote(&buf, 3);
	assert_string_equal(buf_text(&buf), "abcd");
	char *taken = buf_take(&buf);
	assert_string_equal(taken, "abcd");
	assert_int_equal(buf.bytes, 0);
	free(taken);
}

static void
err_rows_have_both_texts_and_a_known_exit_status(void **state)
{
	static const enum err all[] = {
#define E(number, name, retry, exit, en, zh) ERR_##name,
#include "common/error.def"
#undef E
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		const char *zh = err_text(all[i], LANG_ZH);
		uint32_t code;
		assert_true(err_known((int)all[i]));
		assert_true(err_text(all[i], LANG_EN)[0] != '\0');
		assert_true(text_valid(zh, strlen(zh)));
		assert_true(text_decode(zh, strlen(zh), &code) == 3 && text_is_han(code));
		assert_in_range(err_exit_status(all[i]), 0, 3);
	}
}

static void
err_numbers_keep_their_meaning(void **state)
{
	assert_string_equal(err_name(ERR_CONFLICT), "CONFLICT");
	assert_int_equal(ERR_CONFLICT, 2011);
	assert_int_equal(err_exit_status(ERR_OK), 0);
	assert_int_equal(err_exit_status(ERR_NO_SERVER), 3);
	assert_true(err_retry_safe(ERR_BUSY));
	assert_false(err_retry_safe(ERR_CONFLICT));
}

static void
err_unknown_number_reads_as_internal(void **state)
{
	assert_false(err_known(777));
	assert_string_equal(err_name((enum err)777), "INTERNAL");
	assert_string_equal(err_text((enum err)777, LANG_EN), err_text(ERR_INTERNAL, LANG_EN));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(buf_without_bytes_is_an_empty_text),
		cmocka_unit_test(buf_grows_and_stays_ended_with_nul),
		cmocka_unit_test(buf_with_a_limit_keeps_a_prefix_and_is_marked_full),
		cmocka_unit_test(buf_shift_drops_from_the_front),
		cmocka_unit_test(buf_reserve_and_wrote_append),
		cmocka_unit_test(err_rows_have_both_texts_and_a_known_exit_status),
		cmocka_unit_test(err_numbers_keep_their_meaning),
		cmocka_unit_test(err_unknown_number_reads_as_internal),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("buf", tests, NULL, NULL);
}
