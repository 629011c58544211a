/* The one writer: clipping, padding, halves, cleaning, stand-ins. */
#include "client/ui/cells.h"
#include "client/ui/pager.h"
#include "client/ui/tabs.h"
#include "common/text.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static int
setup(void **state)
{
	cells_resize(4, 12);
	cells_set_charset(CELLS_ANY);
	cells_set_ambiguous(CELLS_NARROW);
	cells_set_mono(false);
	return 0;
}

static int
teardown(void **state)
{
	cells_fini();
	return 0;
}

static void
expect_row(int y, const char *want)
{
	struct arena *arena = arena_new(0);
	char *text = cells_text(arena);

	for (; y > 0; y--)
		text = strchr(text, '\n') + 1;
	*strchr(text, '\n') = '\0';
	assert_string_equal(text, want);
	arena_free(arena);
}

/* Every row must have exactly its cells: no half without the other. */
static void
expect_whole(void)
{
	for (int y = 0; y < cells_rows(); y++) {
		const struct cell *row = cells_row(y);

		for (int x = 0; x < cells_cols(); x++) {
			if (row[x].cols == 2) {
				assert_true(x + 1 < cells_cols());
				assert_int_equal(row[x + 1].cols, 0);
			} else if (row[x].cols == 0) {
				assert_true(x > 0 && row[x - 1].cols == 2);
			}
		}
	}
}

static void
text_is_cut_by_cells_and_padded(void **state)
{
	assert_int_equal(cells_put(0, 0, 5, "客户户", ROLE_NORMAL), 4);
	assert_int_equal(cells_row(0)[4].code, ' ');
	expect_row(0, "客户");
	cells_put(1, 0, 12, "abcdefghijklmnop", ROLE_NORMAL);
	expect_row(1, "abcdefghijkl");
	cells_put(1, 0, 12, "ab", ROLE_NORMAL);
	expect_row(1, "ab");
	cells_put_right(2, 0, 8, "客1", ROLE_NORMAL);
	expect_row(2, "     客1");
	expect_whole();
}

static void
wide_character_never_wraps_at_the_last_column(void **state)
{
	cells_put(0, 11, 4, "客", ROLE_NORMAL);
	cells_put(1, 9, 10, "客户", ROLE_NORMAL);
	expect_row(0, "");
	expect_row(1, "         客");
	cells_put(2, -1, 6, "客户", ROLE_NORMAL);
	expect_row(2, " 户");
	cells_put(9, 0, 5, "x", ROLE_NORMAL);
	cells_put(-1, 0, 5, "x", ROLE_NORMAL);
	expect_whole();
}

static void
writing_over_one_half_blanks_the_other(void **state)
{
	cells_put(0, 0, 12, "客户管理", ROLE_NORMAL);
	cells_put(0, 1, 1, "x", ROLE_NORMAL);
	expect_row(0, " x户管理");
	cells_put(0, 2, 1, "y", ROLE_NORMAL);
	expect_row(0, " xy 管理");
	cells_put(0, 5, 2, "户", ROLE_NORMAL);
	expect_row(0, " xy  户");
	expect_whole();
}

static void
popup_in_any_place_leaves_whole_characters(void **state)
{
	for (int x = 0; x < 8; x++) {
		for (int y = 0; y < 4; y++)
			cells_put(y, 0, 12, "客户管理系统", ROLE_NORMAL);
		cells_box((struct rect){ 0, x, 4, 5 }, NULL);
		expect_whole();
	}
}

static void
control_bytes_and_escapes_are_cleaned(void **state)
{
	cells_put(0, 0, 12,
	    "a\033[2Jb\x9b"
	    "c\x0e",
	    ROLE_NORMAL);
	for (int x = 0; x < 12; x++)
		assert_true(cells_row(0)[x].code >= ' ' && cells_row(0)[x].code < 0x7f);
	cells_put(1, 0, 12, "x\xff\xfey", ROLE_NORMAL);
	assert_int_equal(cells_row(1)[0].code, 'x');
	cells_put(2, 0, 12, "a\nb\tc", ROLE_NORMAL);
	expect_row(2, "a b c");
	cells_put(3, 0, 12, NULL, ROLE_NORMAL);
	expect_row(3, "");
}

/* What must reach no terminal as a character of its own: it would move, hide or turn round what follows. */
static bool
forbidden(uint32_t code)
{
	static const uint32_t ranges[][2] = { { 0x01, 0x1f }, { 0x7f, 0x9f }, { 0xad, 0xad }, { 0x300, 0x36f },
		{ 0x61c, 0x61c }, { 0x180e, 0x180e }, { 0x200b, 0x200f }, { 0x2028, 0x202e }, { 0x2060, 0x206f },
		{ 0x20d0, 0x20f0 }, { 0xfe00, 0xfe0f }, { 0xfeff, 0xfeff }, { 0xfff9, 0xfffb }, { 0x1f3fb, 0x1f3ff },
		{ 0xe0000, 0xe007f }, { 0xe0100, 0xe01ef } };

	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++)
		if (code >= ranges[i][0] && code <= ranges[i][1])
			return true;
	return false;
}

enum { FIELD_X = 3, FIELD_COLS = 6 };

/* In a field of six cells between two others: nothing forbidden is drawn, and nothing outside changes. */
static void
expect_harmless(const char *text)
{
	cells_put(0, 0, 12, "############", ROLE_NORMAL);
	cells_put(0, FIELD_X, FIELD_COLS, text, ROLE_NORMAL);
	for (int x = 0; x < 12; x++) {
		assert_false(forbidden(cells_row(0)[x].code));
		if (x < FIELD_X || x >= FIELD_X + FIELD_COLS)
			assert_int_equal(cells_row(0)[x].code, '#');
	}
	cells_put(1, 0, 12, "############", ROLE_NORMAL);
	cells_add(1, FIELD_X, FIELD_COLS, text, ROLE_NORMAL);
	cells_put_right(2, 0, 12, text, ROLE_NORMAL);
	for (int x = FIELD_X + FIELD_COLS; x < 12; x++)
		assert_int_equal(cells_row(1)[x].code, '#');
}

static void
no_character_reaches_beyond_its_field(void **state)
{
	static const char *const frames[] = { "%s", "甲%s乙", "ab%scd", "甲乙丙%s", "%s%s%s%s%s%s%s%s" };

	for (uint32_t code = 1; code <= 0xe01ef; code++) {
		struct arena *arena;
		char bytes[5] = { 0 };

		if (!forbidden(code) && code % 257 != 0)
			continue;
		if (code >= 0xd800 && code <= 0xdfff)
			continue;
		arena = arena_new(0);
		text_encode(code, bytes);
		for (size_t i = 0; i < sizeof(frames) / sizeof(frames[0]); i++) {
			const char *at = frames[i];
			char *text = arena_strdup(arena, "");

			for (; *at; at++)
				if (at[0] == '%' && at[1] == 's') {
					text = arena_printf(arena, "%s%s", text, bytes);
					at++;
				} else {
					text = arena_printf(arena, "%s%c", text, *at);
				}
			expect_harmless(text);
		}
		expect_whole();
		arena_free(arena);
		cells_erase();
	}
}

/* Strings that broke others' programs, where KEHU_DATA has them. */
static void
no_naughty_string_reaches_beyond_its_field(void **state)
{
	const char *data = getenv("KEHU_DATA");
	char path[512], *line = NULL;
	size_t room = 0, count = 0;
	FILE *in;

	if (data == NULL)
		skip();
	snprintf(path, sizeof(path), "%s/naughty_strings/blns.txt", data);
	in = fopen(path, "r");
	if (in == NULL)
		skip();
	while (getline(&line, &room, in) > 0) {
		line[strcspn(line, "\n")] = '\0';
		expect_harmless(line);
		expect_whole();
		cells_erase();
		count++;
	}
	assert_true(count > 500);
	free(line);
	fclose(in);
}

static void
emoji_become_marks_of_known_width(void **state)
{
	cells_put(0, 0, 12, "a😀b", ROLE_NORMAL);
	expect_row(0, "a? b");
	cells_put(1, 0, 12, "👨‍👩x", ROLE_NORMAL);
	expect_row(1, "? ? x");
	expect_whole();
}

static void
ambiguous_characters_follow_the_terminal(void **state)
{
	cells_put(0, 0, 12, "“a”—★é", ROLE_NORMAL);
	expect_row(0, "“a”—★é");
	cells_set_ambiguous(CELLS_UNKNOWN);
	cells_put(1, 0, 12, "“a”—★Ω", ROLE_NORMAL);
	expect_row(1, "\"a\"-*Ω");
	cells_set_ambiguous(CELLS_WIDE);
	cells_put(2, 0, 12, "“a”—★Ω客", ROLE_NORMAL);
	expect_row(2, "\"a\"-*?客");
	cells_set_charset(CELLS_ASCII);
	cells_put(3, 0, 12, "客a—", ROLE_NORMAL);
	expect_row(3, "? a-");
}

static void
muted_text_stands_in_parentheses_without_colour(void **state)
{
	cells_put(0, 0, 12, "旧", ROLE_MUTED);
	expect_row(0, "旧");
	cells_set_mono(true);
	cells_put(0, 0, 12, "旧", ROLE_MUTED);
	expect_row(0, "(旧)");
}

static void
bars_show_their_part(void **state)
{
	cells_bar(0, 0, 10, 41, 50, ROLE_NORMAL);
	expect_row(0, "########--");
	cells_bar(1, 0, 10, 99, 50, ROLE_NORMAL);
	expect_row(1, "##########");
	cells_bar(2, 0, 10, -1, 0, ROLE_NORMAL);
	expect_row(2, "----------");
}

static const char *
one_line(void *arg, size_t index)
{
	return arg;
}

static void
pager_pans_by_cells(void **state)
{
	char text[] = "一二三四五六七八九十甲乙丙丁戊己庚辛";
	struct pager pager = { .line = one_line, .arg = text, .count = 9, .width_cols = 36 };
	struct rect rect = { 0, 0, 4, 12 };

	pager_draw(&pager, rect);
	expect_row(0, "一二三四五六");
	pager_key(&pager, ACT_right);
	pager_draw(&pager, rect);
	expect_row(0, "九十甲乙丙丁");
	pager.left = 1;
	pager_draw(&pager, rect);
	expect_row(0, " 二三四五六");
	pager_key(&pager, ACT_last);
	assert_int_equal(pager.top, 5);
	pager_key(&pager, ACT_right);
	pager_key(&pager, ACT_right);
	assert_int_equal(pager.left, 24);
	expect_whole();
}

static void
tabs_are_cut_between_words_and_say_that_there_are_more(void **state)
{
	static const struct tab names[] = { { "概况", -1, false }, { "联系人", 6, false }, { "拜访", 10, true },
		{ "Contracts", 0, false } };
	struct tabs tabs = { .tabs = names, .count = 4 };
	struct rect rect = { 0, 0, 1, 20 };

	cells_resize(2, 80);
	tabs_draw(&tabs, rect, true);
	expect_row(0, "[概况]  联系人 6   >");
	assert_int_equal(tabs_key(&tabs, ACT_next), UI_DONE | UI_CHANGED);
	tabs_draw(&tabs, rect, true);
	expect_row(0, "概况  [联系人 6]   >");
	tabs_key(&tabs, ACT_next);
	tabs_draw(&tabs, rect, true);
	expect_row(0, "< [拜访 10+]       >");
	tabs_key(&tabs, ACT_next);
	tabs_draw(&tabs, rect, true);
	expect_row(0, "< [Contracts 0]");
	assert_int_equal(tabs_key(&tabs, ACT_next), UI_DONE | UI_CHANGED);
	assert_int_equal(tabs.current, 0);
	assert_int_equal(tabs_key(&tabs, ACT_previous), UI_DONE | UI_CHANGED);
	assert_int_equal(tabs.current, 3);
	expect_whole();
}

/* Dimmed where there is colour; without, the 0 says as much and takes no more room. */
static void
tabs_with_nothing_in_them_are_dimmed(void **state)
{
	static const struct tab names[] = { { "Files", 0, false }, { "Notes", 1, false } };
	struct tabs tabs = { .tabs = names, .count = 2, .current = 1 };
	struct rect rect = { 0, 0, 1, 30 };

	cells_resize(2, 80);
	tabs_draw(&tabs, rect, true);
	assert_int_equal(cells_row(0)[0].role, ROLE_MUTED);
	assert_int_equal(cells_row(0)[9].role, ROLE_STRONG);
	cells_set_mono(true);
	tabs_draw(&tabs, rect, true);
	expect_row(0, "Files 0  [Notes 1]");
	cells_set_mono(false);
}

/* Whatever the width, each tab is seen whole on its page. */
static void
tabs_are_all_seen_at_any_width(void **state)
{
	static struct tab names[25];
	struct tabs tabs = { .tabs = names, .count = 25 };

	for (size_t i = 0; i < 25; i++)
		names[i] = (struct tab){ i % 2 ? "Opportunities" : "回款计划", (int64_t)i, false };
	cells_resize(2, 80);
	for (int cols = 24; cols <= 78; cols += 9)
		for (tabs.current = 0; tabs.current < 25; tabs.current++) {
			struct arena *arena = arena_new(0);

			cells_erase();
			tabs_draw(&tabs, (struct rect){ 0, 0, 1, cols }, true);
			assert_non_null(strstr(cells_text(arena),
			    arena_printf(arena, "[%s %zu]", names[tabs.current].name, tabs.current)));
			assert_int_equal(cells_row(0)[cols].code, ' ');
			arena_free(arena);
		}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    text_is_cut_by_cells_and_padded, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    wide_character_never_wraps_at_the_last_column, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    writing_over_one_half_blanks_the_other, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    popup_in_any_place_leaves_whole_characters, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    control_bytes_and_escapes_are_cleaned, setup, teardown),
		cmocka_unit_test_setup_teardown(no_character_reaches_beyond_its_field, setup, teardown),
		cmocka_unit_test_setup_teardown(no_naughty_string_reaches_beyond_its_field, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    emoji_become_marks_of_known_width, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    ambiguous_characters_follow_the_terminal, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    muted_text_stands_in_parentheses_without_colour, setup, teardown),
		cmocka_unit_test_setup_teardown(bars_show_their_part, setup, teardown),
		cmocka_unit_test_setup_teardown(pager_pans_by_cells, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    tabs_are_cut_between_words_and_say_that_there_are_more, setup, teardown),
		cmocka_unit_test_setup_teardown(tabs_with_nothing_in_them_are_dimmed, setup, teardown),
		cmocka_unit_test_setup_teardown(tabs_are_all_seen_at_any_width, setup, teardown),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
