/* Edit, list, form, prompt and the matching of pickers, without a terminal. */
#include "client/ui/edit.h"
#include "client/ui/form.h"
#include "client/ui/list.h"
#include "client/ui/message.h"
#include "client/ui/picker.h"
#include "client/ui/prompt.h"
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
	cells_resize(24, 80);
	cells_set_charset(CELLS_ANY);
	cells_set_ambiguous(CELLS_NARROW);
	tr_set_lang(LANG_ZH);
	message_clear();
	return 0;
}

static int
teardown(void **state)
{
	cells_fini();
	return 0;
}

static bool
seen(const char *text)
{
	struct arena *arena = arena_new(0);
	bool found = strstr(cells_text(arena), text) != NULL;

	arena_free(arena);
	return found;
}

static unsigned
type_code(struct edit *edit, uint32_t code)
{
	return edit_key(edit, ACT_NONE, &(struct event){ .kind = EVENT_KEY, .code = code });
}

static unsigned
act(struct edit *edit, enum act what)
{
	return edit_key(edit, what, &(struct event){ EVENT_NONE });
}

/* Edit ------------------------------------------------------------------------------------- */

static void
edit_moves_and_erases_by_characters(void **state)
{
	struct edit edit;

	edit_init(&edit, 10);
	edit_set(&edit, "客a户");
	act(&edit, ACT_left);
	act(&edit, ACT_erase);
	assert_string_equal(edit_text(&edit), "客户");
	act(&edit, ACT_erase);
	assert_string_equal(edit_text(&edit), "户");
	type_code(&edit, 0x5ba2);
	assert_string_equal(edit_text(&edit), "客户");
	act(&edit, ACT_delete);
	assert_string_equal(edit_text(&edit), "客");
	act(&edit, ACT_first);
	act(&edit, ACT_kill);
	assert_string_equal(edit_text(&edit), "");
	assert_int_equal(act(&edit, ACT_erase), UI_DONE);
	edit_fini(&edit);
}

static void
edit_keeps_marks_with_their_character(void **state)
{
	struct edit edit;

	edit_init(&edit, 10);
	edit_set(&edit, "ax\xcc\xb2"
			"b"); /* x with a line below, no single character */
	act(&edit, ACT_left);
	act(&edit, ACT_erase);
	assert_string_equal(edit_text(&edit), "ab");
	edit_fini(&edit);
}

static void
edit_stops_at_its_characters(void **state)
{
	struct edit edit;

	edit_init(&edit, 3);
	assert_false(edit_insert(&edit, "客户管理"));
	assert_string_equal(edit_text(&edit), "客户管");
	assert_int_equal(type_code(&edit, 'x'), UI_DONE | UI_REFUSED);
	edit_fini(&edit);
}

static void
edit_cleans_what_is_pasted(void **state)
{
	struct edit edit;
	struct event paste = { .kind = EVENT_PASTE, .text = "a\r\nb\033[31m\tc\xe2\x80\x8b" };
	char *big = calloc(1, 3001);

	paste.bytes = strlen(paste.text);
	edit_init(&edit, 4000);
	edit_key(&edit, ACT_NONE, &paste);
	assert_string_equal(edit_text(&edit), "a b[31m c");
	memset(big, 'x', 3000);
	paste = (struct event){ .kind = EVENT_PASTE, .text = big, .bytes = 3000 };
	assert_true(edit_key(&edit, ACT_NONE, &paste) & UI_ASK);
	assert_string_equal(edit_text(&edit), "a b[31m c");
	edit_take_held(&edit, true);
	assert_int_equal(strlen(edit_text(&edit)), 3009);
	free(big);
	edit_fini(&edit);
}

static void
edit_scrolls_by_cells_and_keeps_the_cursor_in_sight(void **state)
{
	struct edit edit;
	int y, x;

	edit_init(&edit, 100);
	edit_set(&edit, "一二三四五六七八九十");
	edit_draw(&edit, (struct rect){ 3, 5, 1, 9 }, ROLE_FIELD, true);
	cells_cursor_get(&y, &x);
	assert_int_equal(y, 3);
	assert_int_equal(x, 13);
	assert_true(seen("七八九十"));
	act(&edit, ACT_first);
	edit_draw(&edit, (struct rect){ 3, 5, 1, 9 }, ROLE_FIELD, true);
	cells_cursor_get(&y, &x);
	assert_int_equal(x, 5);
	assert_true(seen("一二三四"));
	edit_fini(&edit);
}

static void
edit_lines_wrap_and_move_by_what_is_seen(void **state)
{
	struct edit edit;
	int y, x;

	edit_init(&edit, 200);
	edit.multi = true;
	edit_set(&edit, "报价第2版已交张经理\nalpha beta gamma");
	edit_draw(&edit, (struct rect){ 0, 0, 5, 12 }, ROLE_NORMAL, true);
	assert_true(seen("报价第2版已\n交张经理\nalpha beta \ngamma\n") ||
		    seen("报价第2版已\n交张经理\nalpha beta\ngamma\n"));
	cells_cursor_get(&y, &x);
	assert_int_equal(y, 3);
	assert_int_equal(x, 5);
	assert_true(act(&edit, ACT_up) & UI_HANDLED);
	act(&edit, ACT_up);
	edit_draw(&edit, (struct rect){ 0, 0, 5, 12 }, ROLE_NORMAL, true);
	cells_cursor_get(&y, &x);
	assert_int_equal(y, 1);
	assert_int_equal(x, 4); /* 5 is in the middle of a character */
	act(&edit, ACT_up);
	assert_int_equal(act(&edit, ACT_up), UI_NONE);
	assert_true(act(&edit, ACT_open) & UI_CHANGED);
	edit_fini(&edit);
}

static void
edit_secret_shows_stars_only(void **state)
{
	struct edit edit;

	edit_init(&edit, 50);
	edit.secret = true;
	edit_set(&edit, "pa客ss");
	edit_draw(&edit, (struct rect){ 0, 0, 1, 20 }, ROLE_FIELD, true);
	assert_true(seen("*****\n"));
	assert_false(seen("ss"));
	edit_fini(&edit);
}

static void
edit_any_keys_keep_valid_text(void **state)
{
	static const uint32_t codes[] = { 'a', ' ', 0x5ba2, 0x301, 0x1f600, '\n', 0x20bb7,
		0xff11 };
	static const enum act acts[] = { ACT_left, ACT_right, ACT_erase, ACT_delete, ACT_up,
		ACT_down, ACT_word_left, ACT_word_right, ACT_first, ACT_last, ACT_open,
		ACT_kill, ACT_page_up };
	uint32_t seed = 7;
	struct edit edit;

	edit_init(&edit, 60);
	edit.multi = true;
	for (int i = 0; i < 20000; i++) {
		seed = seed * 1103515245U + 12345U;
		if (seed >> 16 & 1)
			type_code(&edit, codes[(seed >> 17) % (sizeof codes / sizeof *codes)]);
		else
			act(&edit, acts[(seed >> 17) % (sizeof acts / sizeof *acts)]);
		if (i % 7 == 0)
			edit_draw(&edit, (struct rect){ 0, 0, 3, 1 + (int)(seed >> 20) % 20 },
			    ROLE_FIELD, true);
		assert_true(text_valid(edit_text(&edit), edit.text.bytes));
		assert_true(edit.cursor <= edit.text.bytes);
		assert_true(text_chars(edit_text(&edit)) <= 60);
	}
	edit_fini(&edit);
}

/* List ------------------------------------------------------------------------------------- */

struct rows {
	struct list_row row;
	const char *cells[3];
	char text[32];
	size_t held, first, count;
};

static const struct list_row *
rows_row(void *arg, size_t index)
{
	struct rows *rows = arg;

	if (index >= rows->held)
		return NULL;
	snprintf(rows->text, sizeof rows->text, "行%zu", index);
	rows->cells[0] = rows->text;
	rows->cells[1] = "上海浦东发展银行";
	rows->cells[2] = "25/50";
	rows->row = (struct list_row){ .id = (int64_t)index, .cells = rows->cells };
	return &rows->row;
}

static void
rows_visible(void *arg, size_t first, size_t count)
{
	struct rows *rows = arg;

	rows->first = first;
	rows->count = count;
}

static const struct list_column rows_columns[] = {
	{ .title = "编号", .min_cols = 8, .want_cols = 8, .sort = LIST_FALLING },
	{ .title = "名称", .min_cols = 10, .want_cols = 20, .stretch = true },
	{ .title = "进度", .min_cols = 10, .want_cols = 10, .priority = 1, .bar = true },
};

static struct list
rows_list(struct rows *rows, size_t total)
{
	struct list list = { .columns = rows_columns,
		.column_count = 3,
		.row = rows_row,
		.visible = rows_visible,
		.arg = rows,
		.total = total,
		.options = "25",
		.marks = true };

	rows->held = total;
	list_init(&list);
	return list;
}

static unsigned
list_act(struct list *list, enum act what, uint32_t code)
{
	return list_key(list, what, &(struct event){ .kind = EVENT_KEY, .code = code });
}

static const struct rect list_rect = { 2, 0, 11, 60 };

static void
list_says_which_rows_are_in_sight(void **state)
{
	struct rows rows = { 0 };
	struct list list = rows_list(&rows, 100);

	list_draw(&list, list_rect, true);
	assert_int_equal(rows.first, 0);
	assert_int_equal(rows.count, 10);
	list_act(&list, ACT_page_down, 0);
	list_act(&list, ACT_page_down, 0);
	list_draw(&list, list_rect, true);
	assert_int_equal(list.cursor, 18);
	assert_int_equal(rows.first, 9);
	list_act(&list, ACT_last, 0);
	list_draw(&list, list_rect, true);
	assert_int_equal(rows.first, 90);
	assert_true(seen(">   行99"));
	list_set_total(&list, 5, false);
	list_draw(&list, list_rect, true);
	assert_int_equal(list.cursor, 4);
	assert_int_equal(rows.count, 5);
	list_fini(&list);
}

static void
list_draws_rows_it_does_not_have_yet(void **state)
{
	struct rows rows = { 0 };
	struct list list = rows_list(&rows, 20);

	rows.held = 3;
	list_draw(&list, list_rect, true);
	assert_true(seen("行2"));
	assert_true(seen("    ...\n"));
	list_go(&list, 10);
	assert_null(list_current(&list));
	assert_int_equal(list_act(&list, ACT_mark, ' '), UI_HANDLED);
	list_fini(&list);
}

static void
list_drops_columns_of_low_priority(void **state)
{
	struct rows rows = { 0 };
	struct list list = rows_list(&rows, 3);

	list_draw(&list, list_rect, true);
	assert_true(seen("进度"));
	assert_true(seen("#####-----"));
	assert_true(seen("编号v"));
	cells_erase();
	list_draw(&list, (struct rect){ 2, 0, 11, 26 }, true);
	assert_false(seen("进度"));
	assert_true(seen("上海浦"));
	assert_true(seen(".."));
	list_fini(&list);
}

static void
list_marks_one_all_and_inverted(void **state)
{
	struct rows rows = { 0 };
	struct list list = rows_list(&rows, 100);

	list_act(&list, ACT_mark, ' ');
	assert_int_equal(list.cursor, 1);
	assert_true(list_is_marked(&list, 0));
	assert_int_equal(list_marked(&list), 1);
	list_act(&list, ACT_invert, '-');
	assert_int_equal(list_marked(&list), 99);
	assert_false(list_is_marked(&list, 0));
	list_act(&list, ACT_mark_all, '*');
	assert_int_equal(list_marked(&list), 100);
	list_act(&list, ACT_mark_all, '*');
	assert_int_equal(list_marked(&list), 0);
	list_fini(&list);
}

static void
list_options_wait_until_they_are_done(void **state)
{
	struct rows rows = { 0 };
	struct list list = rows_list(&rows, 10);

	list_act(&list, ACT_option, '5');
	list_act(&list, ACT_option, '2');
	assert_int_equal(list_act(&list, ACT_option, '7'), UI_HANDLED | UI_REFUSED);
	assert_int_equal(list_pending(&list), 2);
	list_draw(&list, list_rect, true);
	assert_true(seen("5   行0"));
	assert_true(seen("2   行1"));
	assert_int_equal(list_act(&list, ACT_open, K_ENTER), UI_HANDLED | UI_ACT);
	list_option_done(&list, 0, NULL);
	list_option_done(&list, 1, "无权");
	assert_int_equal(list_pending(&list), 0);
	list_go(&list, 1);
	assert_string_equal(list_refusal(&list), "无权");
	list_act(&list, ACT_option, '2');
	list_act(&list, ACT_up, 0);
	list_act(&list, ACT_option, '2');
	assert_null(list_refusal(&list));
	list_fini(&list);
}

static void
list_without_rows_says_why(void **state)
{
	struct rows rows = { 0 };
	struct list list = rows_list(&rows, 0);

	list.empty = "没有符合的客户。F7 改条件";
	list_draw(&list, list_rect, true);
	assert_true(seen("没有符合的客户"));
	assert_int_equal(list_act(&list, ACT_down, 0), UI_DONE);
	assert_int_equal(list_act(&list, ACT_open, K_ENTER), UI_HANDLED);
	assert_null(list_current(&list));
	list_fini(&list);
}

/* Form ------------------------------------------------------------------------------------- */

static const char *const methods[] = { "上门", "电话", "视频", "上网" };

static struct form_field form_fields[] = {
	{ .id = 11, .label = "客户", .required = true, .lookup = true, .max_chars = 20 },
	{ .id = 12,
	    .label = "方式",
	    .kind = FORM_CHOICE,
	    .choices = methods,
	    .choice_count = 4 },
	{ .id = 13, .label = "编号", .kind = FORM_SHOW },
	{ .id = 14, .label = "提醒", .kind = FORM_CHECK },
	{ .id = 15, .label = "内容", .kind = FORM_BLOCK, .max_chars = 100 },
};

static void
check_not_x(void *arg, struct form *form, size_t index)
{
	int *calls = arg;

	++*calls;
	if (strcmp(form_value(form, index), "x") == 0)
		form_set_error(form, index, "不能是 x");
}

static struct form
open_form(int *calls)
{
	struct form form = { .fields = form_fields,
		.count = sizeof form_fields / sizeof *form_fields,
		.check = check_not_x,
		.arg = calls };

	form_init(&form);
	return form;
}

static unsigned
form_type(struct form *form, const char *text)
{
	unsigned flags = 0;
	size_t bytes = strlen(text), step;

	for (; bytes; text += step, bytes -= step) {
		struct event event = { .kind = EVENT_KEY };

		step = text_decode(text, bytes, &event.code);
		flags = form_key(form, ACT_NONE, &event);
	}
	return flags;
}

static unsigned
form_act(struct form *form, enum act what)
{
	return form_key(form, what, &(struct event){ EVENT_NONE });
}

static void
form_goes_past_what_cannot_be_changed(void **state)
{
	int calls = 0;
	struct form form = open_form(&calls);

	assert_int_equal(form.focus, 0);
	form_act(&form, ACT_next);
	assert_int_equal(form.focus, 1);
	form_act(&form, ACT_next);
	assert_int_equal(form.focus, 3);
	form_act(&form, ACT_open);
	assert_int_equal(form.focus, 4);
	form_act(&form, ACT_open); /* a new line in the block */
	assert_int_equal(form.focus, 4);
	form_act(&form, ACT_next);
	assert_int_equal(form.focus, 5); /* the button */
	form_act(&form, ACT_next);
	assert_int_equal(form.focus, 0);
	form_act(&form, ACT_previous);
	assert_int_equal(form.focus, 5);
	form_fini(&form);
}

static void
form_checks_a_field_when_it_is_left(void **state)
{
	int calls = 0;
	struct form form = open_form(&calls);

	form_type(&form, "x");
	assert_int_equal(calls, 0);
	form_act(&form, ACT_next);
	assert_int_equal(calls, 1);
	form_draw(&form, (struct rect){ 2, 0, 19, 80 }, true);
	assert_true(seen("! 不能是 x"));
	assert_true(seen("!客户"));
	form_act(&form, ACT_previous);
	form_type(&form, "y");
	form_draw(&form, (struct rect){ 2, 0, 19, 80 }, true);
	assert_true(seen("~客户"));
	form_fini(&form);
}

static void
form_choice_takes_number_text_or_initials(void **state)
{
	static const struct {
		const char *typed, *value;
	} cases[] = { { "1", "上门" }, { "２", "电话" }, { "视频", "视频" }, { "dh", "电话" },
		{ "电", "电话" }, { "sp", "视频" } };
	int calls = 0;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct form form = open_form(&calls);

		form_focus(&form, 1);
		form_type(&form, cases[i].typed);
		form_act(&form, ACT_next);
		assert_string_equal(form_value(&form, 1), cases[i].value);
		assert_true(form_choice(&form, 1) >= 0);
		form_fini(&form);
	}
}

static void
form_choice_that_fits_two_is_an_error(void **state)
{
	int calls = 0;
	struct form form = open_form(&calls);

	form_focus(&form, 1);
	form_type(&form, "上");
	form_act(&form, ACT_next);
	assert_non_null(form.fields[1].error);
	assert_string_equal(form_value(&form, 1), "上");
	form_fini(&form);
}

static void
form_save_goes_to_the_first_error(void **state)
{
	int calls = 0;
	struct form form = open_form(&calls);

	form_focus(&form, 4);
	assert_true(form_act(&form, ACT_save) & UI_REFUSED);
	assert_int_equal(form.focus, 0);
	assert_true(message_took_error());
	form_type(&form, "华信");
	assert_true(form_act(&form, ACT_save) & UI_ACT);
	form_set_error(&form, form_index(&form, 15), "太短"); /* from the server */
	assert_true(form_show_errors(&form));
	assert_int_equal(form.focus, 4);
	form_fini(&form);
}

static void
form_knows_what_changed_and_gives_it_back(void **state)
{
	int calls = 0;
	struct form form = open_form(&calls);

	form_load(&form, 0, "华信");
	form_load(&form, 3, "1");
	assert_false(form_dirty(&form));
	form_type(&form, "科技");
	assert_true(form_changed(&form, 0));
	form_draw(&form, (struct rect){ 2, 0, 19, 80 }, true);
	assert_true(seen("~ 已改: 原 华信"));
	form_act(&form, ACT_restore);
	assert_false(form_dirty(&form));
	form_focus(&form, 3);
	form_type(&form, " ");
	assert_string_equal(form_value(&form, 3), "");
	assert_true(form_dirty(&form));
	form_clean(&form);
	assert_false(form_dirty(&form));
	form_fini(&form);
}

static void
form_longer_than_its_place_scrolls(void **state)
{
	int calls = 0, y, x;
	struct form form = open_form(&calls);

	for (size_t i = 0; i < 12; i++) {
		form_act(&form, ACT_next);
		cells_erase();
		form_draw(&form, (struct rect){ 2, 0, 6, 60 }, true);
		cells_cursor_get(&y, &x);
		assert_in_range(y, 2, 7);
		for (int row = 8; row < 24; row++)
			assert_int_equal(cells_row(row)[0].code, ' ');
	}
	form_fini(&form);
}

static void
form_lookup_only_where_there_is_a_list(void **state)
{
	int calls = 0;
	struct form form = open_form(&calls);

	assert_true(form_act(&form, ACT_pick) & UI_LOOKUP);
	form_focus(&form, 1);
	assert_true(form_act(&form, ACT_pick) & UI_LOOKUP);
	form_focus(&form, 4);
	assert_false(form_act(&form, ACT_pick) & UI_LOOKUP);
	form_fini(&form);
}

/* Prompt and picker ------------------------------------------------------------------------ */

static void
prompt_remembers_what_was_entered(void **state)
{
	struct prompt prompt = { .label = "F7> " };
	struct event none = { EVENT_NONE };

	prompt_init(&prompt, 80);
	prompt_open(&prompt);
	prompt_set(&prompt, "银行");
	assert_true(prompt_key(&prompt, ACT_open, &none) & UI_ACT);
	assert_false(prompt.open);
	prompt_open(&prompt);
	prompt_set(&prompt, "软件");
	prompt_key(&prompt, ACT_open, &none);
	prompt_open(&prompt);
	prompt_set(&prompt, "新");
	prompt_key(&prompt, ACT_up, &none);
	assert_string_equal(prompt_text(&prompt), "软件");
	prompt_key(&prompt, ACT_up, &none);
	assert_string_equal(prompt_text(&prompt), "银行");
	prompt_key(&prompt, ACT_up, &none);
	assert_string_equal(prompt_text(&prompt), "银行");
	prompt_key(&prompt, ACT_down, &none);
	prompt_key(&prompt, ACT_down, &none);
	assert_string_equal(prompt_text(&prompt), "新");
	prompt_key(&prompt, ACT_cancel, &none);
	assert_false(prompt.open);
	assert_string_equal(prompt_text(&prompt), "新");
	prompt_fini(&prompt);
}

static void
picker_finds_by_text_pinyin_and_initials(void **state)
{
	assert_int_equal(picker_match("华信科技", "华信科技"), 3);
	assert_int_equal(picker_match("华信科技", "hxkj"), 3);
	assert_int_equal(picker_match("华信科技", "华"), 2);
	assert_int_equal(picker_match("华信科技", "huaxin"), 2);
	assert_int_equal(picker_match("华信科技", "科技"), 1);
	assert_int_equal(picker_match("Acme电子", "ACME"), 2);
	assert_int_equal(picker_match("华信科技", "银行"), 0);
	assert_int_equal(picker_match("华信科技", ""), 1);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(edit_moves_and_erases_by_characters),
		CASE(edit_keeps_marks_with_their_character),
		CASE(edit_stops_at_its_characters),
		CASE(edit_cleans_what_is_pasted),
		CASE(edit_scrolls_by_cells_and_keeps_the_cursor_in_sight),
		CASE(edit_lines_wrap_and_move_by_what_is_seen),
		CASE(edit_secret_shows_stars_only),
		CASE(edit_any_keys_keep_valid_text),
		CASE(list_says_which_rows_are_in_sight),
		CASE(list_draws_rows_it_does_not_have_yet),
		CASE(list_drops_columns_of_low_priority),
		CASE(list_marks_one_all_and_inverted),
		CASE(list_options_wait_until_they_are_done),
		CASE(list_without_rows_says_why),
		CASE(form_goes_past_what_cannot_be_changed),
		CASE(form_checks_a_field_when_it_is_left),
		CASE(form_choice_takes_number_text_or_initials),
		CASE(form_choice_that_fits_two_is_an_error),
		CASE(form_save_goes_to_the_first_error),
		CASE(form_knows_what_changed_and_gives_it_back),
		CASE(form_longer_than_its_place_scrolls),
		CASE(form_lookup_only_where_there_is_a_list),
		CASE(prompt_remembers_what_was_entered),
		CASE(picker_finds_by_text_pinyin_and_initials),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
