/* The input decoder: every key variant, split anywhere at any pace, and bad bytes. */
#include "client/ui/input.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { HOLD_MS = 300 };

static const struct variant {
	const char *bytes;
	uint32_t code;
} variants[] = {
	{ "\033[A", K_UP },
	{ "\033[B", K_DOWN },
	{ "\033[C", K_RIGHT },
	{ "\033[D", K_LEFT },
	{ "\033[H", K_HOME },
	{ "\033[F", K_END },
	{ "\033OA", K_UP },
	{ "\033OB", K_DOWN },
	{ "\033OC", K_RIGHT },
	{ "\033OD", K_LEFT },
	{ "\033OH", K_HOME },
	{ "\033OF", K_END },
	{ "\033[1~", K_HOME },
	{ "\033[4~", K_END },
	{ "\033[7~", K_HOME },
	{ "\033[8~", K_END },
	{ "\033[2~", K_INSERT },
	{ "\033[3~", K_DELETE },
	{ "\033[5~", K_PGUP },
	{ "\033[6~", K_PGDN },
	{ "\033[11~", K_F1 },
	{ "\033[12~", K_F2 },
	{ "\033[13~", K_F3 },
	{ "\033[14~", K_F4 },
	{ "\033[15~", K_F5 },
	{ "\033[17~", K_F6 },
	{ "\033[18~", K_F7 },
	{ "\033[19~", K_F8 },
	{ "\033[20~", K_F9 },
	{ "\033[21~", K_F10 },
	{ "\033[23~", K_F11 },
	{ "\033[24~", K_F12 },
	{ "\033[[A", K_F1 },
	{ "\033[[B", K_F2 },
	{ "\033[[C", K_F3 },
	{ "\033[[D", K_F4 },
	{ "\033[[E", K_F5 },
	{ "\033OP", K_F1 },
	{ "\033OQ", K_F2 },
	{ "\033OR", K_F3 },
	{ "\033OS", K_F4 },
	{ "\033[Z", K_BACKTAB },
	{ "\033[1;5D", K_CTRL_LEFT },
	{ "\033[1;2D", K_SHIFT_LEFT },
	{ "\033[1;2C", K_SHIFT_RIGHT },
	{ "\033[1;5C", K_CTRL_RIGHT },
	{ "\033Oq", '1' },
	{ "\033OM", K_ENTER },
	{ "\b", K_BACKSPACE },
	{ "\177", K_BACKSPACE },
	{ "\r", K_ENTER },
	{ "\n", K_ENTER },
	{ "\t", K_TAB },
	{ "\x01", K_CTRL('a') },
	{ "\x13", K_CTRL('s') },
	{ "a", 'a' },
	{ "客", 0x5ba2 },
	{ "é", 0xe9 },
	{ "𠮷", 0x20bb7 },
};

static struct input *
fresh(void)
{
	return input_new(NULL, HOLD_MS);
}

static void
feed(struct input *input, const char *bytes, int64_t now_ms)
{
	input_feed(input, bytes, strlen(bytes), now_ms);
}

static void
expect_key(struct input *input, int64_t now_ms, uint32_t code)
{
	struct event event;

	assert_true(input_next(input, now_ms, &event));
	assert_int_equal(event.kind, EVENT_KEY);
	assert_int_equal(event.code, code);
}

static void
expect_nothing(struct input *input, int64_t now_ms)
{
	struct event event;

	assert_false(input_next(input, now_ms, &event));
}

static void
every_variant_is_known(void **state)
{
	for (size_t i = 0; i < sizeof variants / sizeof *variants; i++) {
		struct input *input = fresh();

		feed(input, variants[i].bytes, 1000);
		expect_key(input, 1000, variants[i].code);
		expect_nothing(input, 9000);
		input_free(input);
	}
}

static void
variants_survive_gaps_between_all_bytes(void **state)
{
	static const int gaps_ms[] = { 60, 150, 250 };

	for (size_t i = 0; i < sizeof variants / sizeof *variants; i++) {
		for (size_t gap = 0; gap < sizeof gaps_ms / sizeof *gaps_ms; gap++) {
			struct input *input = fresh();
			size_t bytes = strlen(variants[i].bytes);
			int64_t now_ms = 1000;

			for (size_t at = 0; at < bytes; at++, now_ms += gaps_ms[gap]) {
				expect_nothing(input, now_ms);
				input_feed(input, variants[i].bytes + at, 1, now_ms);
			}
			expect_key(input, now_ms, variants[i].code);
			expect_nothing(input, now_ms + 5000);
			input_free(input);
		}
	}
}

static void
lone_escape_comes_after_the_hold(void **state)
{
	struct input *input = fresh();

	feed(input, "\033", 1000);
	expect_nothing(input, 1299);
	assert_int_equal(input_deadline_ms(input), 1300);
	expect_key(input, 1300, K_ESC);
	assert_int_equal(input_deadline_ms(input), -1);
	feed(input, "\033\033", 2000);
	expect_key(input, 2000, K_ESC);
	expect_nothing(input, 2000);
	expect_key(input, 2300, K_ESC);
	input_free(input);
}

static void
escape_before_a_function_key_is_kept(void **state)
{
	struct input *input = fresh();

	feed(input, "\033\033[17~", 1000);
	expect_key(input, 1000, K_ESC);
	expect_key(input, 1000, K_F6);
	input_free(input);
}

static void
escape_and_digit_within_a_second_is_a_function_key(void **state)
{
	struct input *input = fresh();

	feed(input, "\0335", 1000);
	expect_key(input, 1000, K_F5);
	feed(input, "\033", 2000);
	expect_nothing(input, 2200);
	feed(input, "0", 2200);
	expect_key(input, 2200, K_F10);
	feed(input, "\033", 3000);
	expect_key(input, 3400, K_ESC);
	feed(input, "1", 3900);
	expect_key(input, 3900, K_F1);
	/* another key between them: they are two */
	feed(input, "\033", 4000);
	expect_key(input, 4400, K_ESC);
	feed(input, "\033OR", 4500);
	expect_key(input, 4500, K_F3);
	feed(input, "2", 4600);
	expect_key(input, 4600, '2');
	feed(input, "\033", 5000);
	expect_key(input, 5400, K_ESC);
	feed(input, "1", 6100);
	expect_key(input, 6100, '1');
	input_free(input);
}

static void
escape_and_letter_at_once_is_alt(void **state)
{
	struct input *input = fresh();

	feed(input, "\033x", 1000);
	expect_key(input, 1000, K_ALT + 'x');
	feed(input, "\033", 2000);
	expect_nothing(input, 2100);
	feed(input, "j", 2100);
	expect_key(input, 2100, K_ESC);
	expect_key(input, 2100, 'j');
	input_free(input);
}

static void
unknown_sequences_and_mouse_are_eaten_whole(void **state)
{
	struct input *input = fresh();

	feed(input, "\033[99~\033[<3;10;20M\033[<0;10;20m\033[M !!\033[?1;2cx", 1000);
	expect_key(input, 1000, 'x');
	expect_nothing(input, 5000);
	input_free(input);
}

static void
click_and_wheel_are_understood(void **state)
{
	struct input *input = fresh();
	struct event event;

	feed(input, "\033[<0;10;20M\033[<65;1;1M", 1000);
	assert_true(input_next(input, 1000, &event));
	assert_int_equal(event.kind, EVENT_CLICK);
	assert_int_equal(event.row, 19);
	assert_int_equal(event.col, 9);
	expect_key(input, 1000, K_DOWN);
	input_free(input);
}

static void
foreign_bytes_are_skipped_one_by_one(void **state)
{
	struct input *input = fresh();
	struct event event;

	feed(input,
	    "\xbf\xcd"
	    "ok",
	    1000);
	assert_true(input_next(input, 1000, &event));
	assert_int_equal(event.kind, EVENT_BAD_BYTES);
	assert_true(input_next(input, 1000, &event));
	assert_int_equal(event.kind, EVENT_BAD_BYTES);
	expect_key(input, 1000, 'o');
	expect_key(input, 1000, 'k');
	feed(input, "\xe5\xae", 2000); /* cut off for good */
	expect_nothing(input, 2100);
	assert_true(input_next(input, 2400, &event));
	assert_int_equal(event.kind, EVENT_BAD_BYTES);
	input_free(input);
}

static void
gb18030_terminal_is_understood(void **state)
{
	struct input *input = input_new("GB18030", HOLD_MS);

	feed(input, "\xbf\xcd\xbb", 1000); /* 客 and half of 户 */
	expect_key(input, 1000, 0x5ba2);
	expect_nothing(input, 1000);
	feed(input, "\xa7x", 1100);
	expect_key(input, 1100, 0x6237);
	expect_key(input, 1100, 'x');
	feed(input, "\x95\x34\xb2\x35", 1200); /* four bytes: U+20BB7 */
	expect_key(input, 1200, 0x20bb7);
	input_free(input);
}

static void
paste_is_one_event(void **state)
{
	struct input *input = fresh();
	struct event event;

	feed(input, "\033[200~上海\rn\033[31mq\033[20", 1000);
	expect_nothing(input, 1000);
	feed(input, "1~z", 1100);
	assert_true(input_next(input, 1100, &event));
	assert_int_equal(event.kind, EVENT_PASTE);
	assert_string_equal(event.text, "上海\rn\033[31mq");
	expect_key(input, 1100, 'z');
	input_free(input);
}

static void
paste_without_end_ends_after_a_second(void **state)
{
	struct input *input = fresh();
	struct event event;

	feed(input, "\033[200~abc", 1000);
	expect_nothing(input, 1500);
	assert_int_equal(input_deadline_ms(input), 2000);
	assert_true(input_next(input, 2000, &event));
	assert_int_equal(event.kind, EVENT_PASTE);
	assert_string_equal(event.text, "abc");
	input_free(input);
}

static void
cursor_report_is_a_key_unless_expected(void **state)
{
	struct input *input = fresh();
	struct event event;

	input_expect_report(input);
	feed(input, "\033[1;3R\033[1;2R", 1000);
	assert_true(input_next(input, 1000, &event));
	assert_int_equal(event.kind, EVENT_CURSOR_AT);
	assert_int_equal(event.col, 3);
	expect_key(input, 1000, K_F3);
	input_free(input);
}

static void
terminal_own_sequences_go_first(void **state)
{
	struct input *input = fresh();

	input_define(input, "\033Ot", K_F5); /* a vt100's keypad */
	input_define(input, "\033[25~x", K_F11);
	feed(input, "\033Ot\033Ou", 1000);
	expect_key(input, 1000, K_F5);
	expect_key(input, 1000, '5');
	feed(input, "\033[25~", 2000);
	expect_nothing(input, 2100);
	feed(input, "x", 2100);
	expect_key(input, 2100, K_F11);
	input_free(input);
}

static void
typed_ahead_can_be_dropped(void **state)
{
	struct input *input = fresh();

	assert_false(input_drop(input));
	feed(input, "abc", 1000);
	assert_true(input_drop(input));
	expect_nothing(input, 2000);
	input_free(input);
}

static void
any_bytes_end_in_events_or_waiting(void **state)
{
	uint32_t seed = 12345;

	for (int round = 0; round < 200; round++) {
		struct input *input = input_new(round % 2 ? "GB18030" : NULL, HOLD_MS);
		struct event event;
		int64_t now_ms = 1000;

		for (int i = 0; i < 400; i++, now_ms += 7) {
			char byte;

			seed = seed * 1103515245U + 12345U;
			byte = (char)(seed >> 16);
			if (seed % 5 == 0)
				byte = "\033[O;~"[seed / 7 % 5];
			input_feed(input, &byte, 1, now_ms);
			while (input_next(input, now_ms, &event))
				assert_int_not_equal(event.kind, EVENT_NONE);
		}
		now_ms += 5000;
		while (input_next(input, now_ms, &event))
			continue;
		assert_int_equal(input_deadline_ms(input), -1);
		input_free(input);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_variant_is_known),
		cmocka_unit_test(variants_survive_gaps_between_all_bytes),
		cmocka_unit_test(lone_escape_comes_after_the_hold),
		cmocka_unit_test(escape_before_a_function_key_is_kept),
		cmocka_unit_test(escape_and_digit_within_a_second_is_a_function_key),
		cmocka_unit_test(escape_and_letter_at_once_is_alt),
		cmocka_unit_test(unknown_sequences_and_mouse_are_eaten_whole),
		cmocka_unit_test(click_and_wheel_are_understood),
		cmocka_unit_test(foreign_bytes_are_skipped_one_by_one),
		cmocka_unit_test(gb18030_terminal_is_understood),
		cmocka_unit_test(paste_is_one_event),
		cmocka_unit_test(paste_without_end_ends_after_a_second),
		cmocka_unit_test(cursor_report_is_a_key_unless_expected),
		cmocka_unit_test(terminal_own_sequences_go_first),
		cmocka_unit_test(typed_ahead_can_be_dropped),
		cmocka_unit_test(any_bytes_end_in_events_or_waiting),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
