/* The stack of screens, the frame around them, messages, timers: without a terminal. */
#include "client/ui/confirm.h"
#include "client/ui/help.h"
#include "client/ui/picker.h"
#include "client/ui/ui.h"
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

struct plain {
	struct screen screen;
	const char *name;
	unsigned answer;
	enum act got;
	uint32_t typed;
	int reloads, resumes, leaves, flushes;
};

static struct loop *loop;
static struct ui *ui;

static const char *
plain_title(struct screen *screen)
{
	return ((struct plain *)screen)->name;
}

static void
plain_draw(struct screen *screen, struct rect rect)
{
	cells_putf(rect.y, rect.x, rect.cols, ROLE_NORMAL, "body of %s %dx%d",
	    ((struct plain *)screen)->name, rect.cols, rect.rows);
}

static unsigned
plain_key(struct screen *screen, enum act act, const struct event *event)
{
	struct plain *plain = (struct plain *)screen;

	plain->got = act;
	plain->typed = event_char(event);
	return plain->answer;
}

static void
plain_reload(struct screen *screen)
{
	((struct plain *)screen)->reloads++;
}

static void
plain_resume(struct screen *screen)
{
	((struct plain *)screen)->resumes++;
}

static void
plain_leave(struct screen *screen)
{
	((struct plain *)screen)->leaves++;
}

static const char *
plain_hint(struct screen *screen)
{
	return "hint of it";
}

static bool
plain_can(struct screen *screen, enum act act)
{
	return act != ACT_edit;
}

static const char *
plain_label(struct screen *screen, enum act act)
{
	return act == ACT_new ? "新工单" : NULL;
}

static const struct screen_ops plain_ops = {
	.name = "plain",
	.context = CTX_LIST,
	.module = 2,
	.title = plain_title,
	.draw = plain_draw,
	.key = plain_key,
	.reload = plain_reload,
	.resume = plain_resume,
	.leave = plain_leave,
	.hint = plain_hint,
	.can = plain_can,
	.label = plain_label,
};

/* They outlive a test, since its screens are popped after it. */
static struct plain plain_pool[4];
static size_t plain_count;

static struct plain *
plain_new(const char *name)
{
	struct plain *plain = &plain_pool[plain_count++];

	*plain = (struct plain){ .screen = { .ops = &plain_ops }, .name = name };
	return plain;
}

static int
setup(void **state)
{
	cells_resize(24, 80);
	cells_set_charset(CELLS_ANY);
	cells_set_ambiguous(CELLS_NARROW);
	tr_set_lang(LANG_ZH);
	message_clear();
	plain_count = 0;
	loop = loop_new();
	ui = ui_new(loop);
	return 0;
}

static int
teardown(void **state)
{
	ui_free(ui);
	loop_free(loop);
	cells_fini();
	return 0;
}

static void
press(uint32_t code)
{
	ui_event(ui, &(struct event){ .kind = EVENT_KEY, .code = code });
}

static const char *
row(int y)
{
	static char text[1024];
	struct arena *arena = arena_new(0);
	char *all, *end;

	ui_draw(ui);
	all = cells_text(arena);
	for (; y > 0; y--)
		all = strchr(all, '\n') + 1;
	end = strchr(all, '\n');
	*end = '\0';
	strncpy(text, all, sizeof text - 1);
	arena_free(arena);
	return text;
}

static void
frame_has_its_rows(void **state)
{
	static const char *const modules[][2] = { { "Home", "首页" }, { "Cust", "客户" } };
	struct plain *plain = plain_new("列表");

	ui_push(ui, &plain->screen);
	ui_set_user(ui, "wangxm@上海");
	ui_set_link(ui, "断 12s", ROLE_BAD);
	ui_set_clock(ui, 0);
	ui_set_modules(ui, modules, 2);
	message_error(ERR_REQUIRED, "目的", LANG_ZH);
	assert_non_null(strstr(row(0), " Kehu 列表  首页 [客户]"));
	assert_non_null(strstr(row(0), "wangxm@上海 "));
	assert_non_null(strstr(row(0), " 断 12s"));
	assert_string_equal(row(2), "body of 列表 80x19");
	assert_string_equal(row(21), "hint of it");
	assert_string_equal(row(22), "E2002 目的 此项必填");
	assert_null(strstr(row(23), "F2改"));
	assert_non_null(strstr(row(23), "F6新工单"));
	tr_set_lang(LANG_EN);
	assert_non_null(strstr(row(0), " Home [Cust]"));
	assert_non_null(strstr(row(23), "F1Help"));
}

static void
keys_nobody_wants_go_to_the_frame(void **state)
{
	struct plain *below = plain_new("a"), *above = plain_new("b");

	ui_push(ui, &below->screen);
	ui_push(ui, &above->screen);
	above->answer = UI_HANDLED;
	press(K_F3);
	assert_int_equal(above->got, ACT_back);
	assert_ptr_equal(ui_top(ui), &above->screen);
	above->answer = UI_NONE;
	press(K_F3);
	assert_ptr_equal(ui_top(ui), &below->screen);
	assert_int_equal(above->leaves, 1);
	assert_int_equal(below->resumes, 1);
	press(K_F3); /* the last one stays; the program decides */
	assert_ptr_equal(ui_top(ui), &below->screen);
	press(K_F1);
	assert_string_equal(ui_top(ui)->ops->name, "help");
	press(K_F12);
	assert_ptr_equal(ui_top(ui), &below->screen);
	press('x');
	assert_int_equal(below->typed, 'x');
}

static void
closing_with_reload_reaches_the_screen_below(void **state)
{
	struct plain *below = plain_new("a"), *above = plain_new("b");

	ui_push(ui, &below->screen);
	ui_push(ui, &above->screen);
	above->answer = UI_RELOAD;
	press('x');
	assert_int_equal(above->reloads, 1);
	above->answer = UI_CLOSE | UI_RELOAD;
	press('x');
	assert_int_equal(above->leaves, 1);
	assert_int_equal(above->reloads, 1);
	assert_int_equal(below->reloads, 1);
}

static struct plain picked = { .screen = { .ops = &plain_ops }, .name = "picked" };
static bool picker_gone;

static void
search_one(void *arg, struct picker *picker, const char *text)
{
	picker_clear(picker);
	picker_add(picker, &(struct picker_item){ .id = 1, .label = "甲" });
	picker_add(picker, &(struct picker_item){ .id = 2, .label = "乙", .exact = true });
}

static unsigned
take_and_push(void *arg, const struct picker_item *item, const char *text)
{
	*(int64_t *)arg = item->id;
	ui_push(ui, &picked.screen);
	return UI_CLOSE;
}

static void
picker_closed(void *arg)
{
	picker_gone = true;
}

static void
picker_may_open_a_screen_and_go(void **state)
{
	struct plain *below = plain_new("a");
	int64_t id = 0;

	ui_push(ui, &below->screen);
	picker_open(ui, &(struct picker_config){ .title = "选择",
			    .palette = true,
			    .search = search_one,
			    .take = take_and_push,
			    .closed = picker_closed,
			    .arg = &id });
	assert_non_null(strstr(row(1), "选择"));
	press(K_ENTER);
	assert_int_equal(id, 2); /* the exact one is highlighted */
	assert_true(picker_gone);
	assert_ptr_equal(ui_top(ui), &picked.screen);
	assert_ptr_equal(picked.screen.below, &below->screen);
}

static int answered;

static void
on_answer(void *arg, int choice)
{
	answered = choice;
}

static void
question_defaults_to_the_safe_answer(void **state)
{
	struct plain *below = plain_new("a");
	struct confirm_config config = { .title = "问",
		.text = "要放弃吗？",
		.choices = { "留作草稿", "保存", "放弃" },
		.letters = { 0, 0, 'd' },
		.acts = { ACT_NONE, ACT_save },
		.answer = on_answer };

	ui_push(ui, &below->screen);
	confirm_open(ui, &config);
	press(K_ENTER);
	assert_int_equal(answered, 0);
	confirm_open(ui, &config);
	press(0xff44); /* ｄ from an input method */
	press(K_ENTER);
	assert_int_equal(answered, 2);
	confirm_open(ui, &config);
	press(K_F10);
	assert_int_equal(answered, 1);
	confirm_open(ui, &config);
	press(K_ESC);
	assert_int_equal(answered, CONFIRM_NOTHING);
	assert_ptr_equal(ui_top(ui), &below->screen);
}

static void
counted_question_wants_the_number(void **state)
{
	struct plain *below = plain_new("a");
	struct confirm_config config = {
		.title = "停用", .text = "不可撤销。", .number = 25, .answer = on_answer
	};

	ui_push(ui, &below->screen);
	answered = 7;
	confirm_open(ui, &config);
	press(K_ENTER);
	assert_int_equal(answered, CONFIRM_NOTHING);
	confirm_open(ui, &config);
	press('2');
	press('5');
	press(K_ENTER);
	assert_int_equal(answered, 0);
}

static void
small_window_says_so_and_takes_no_keys(void **state)
{
	struct plain *plain = plain_new("a");

	ui_push(ui, &plain->screen);
	cells_resize(10, 40);
	assert_non_null(strstr(row(0), "窗口太小: 40 x 10"));
	press('x');
	assert_int_equal(plain->typed, 0);
	cells_resize(2, 3);
	row(0);
	cells_resize(18, 60);
	assert_string_equal(row(2), "body of a 60x13");
}

static void
errors_stay_and_notes_go(void **state)
{
	int64_t now_ms = loop_now_ms();

	message_say(SAY_NOTE, 0, "已保存");
	assert_non_null(message_now(now_ms + 4000));
	assert_null(message_now(now_ms + 6000));
	message_error(ERR_REQUIRED, NULL, LANG_EN);
	assert_non_null(message_now(now_ms + 60000));
	message_push("王晓 更改了客户");
	assert_int_equal(message_now(now_ms + 60000)->code, ERR_REQUIRED);
	assert_true(message_took_error());
	assert_false(message_took_error());
	message_acted();
	assert_string_equal(message_now(now_ms)->text, "王晓 更改了客户");
	message_acted();
	assert_null(message_now(now_ms));
	assert_string_equal(message_logged(2)->text, "已保存");
}

static void
log_keeps_two_hundred(void **state)
{
	char text[300];

	memset(text, 'x', sizeof text);
	text[254] = '\xe5'; /* a character across the end is cut whole */
	text[255] = '\xae';
	text[256] = '\xa2';
	text[257] = '\0';
	for (int i = 0; i < 250; i++)
		message_sayf(SAY_NOTE, "note %d", i);
	assert_string_equal(message_logged(199)->text, "note 50");
	assert_null(message_logged(200));
	message_say(SAY_NOTE, 0, text);
	assert_int_equal(strlen(message_logged(0)->text), 254);
}

static int ticks;

static void
on_tick(void *arg)
{
	ticks++;
	if (arg && ticks < 3)
		loop_timer(loop, 0, on_tick, arg);
}

static void
on_pipe(void *arg, int fd, short events)
{
	char byte;

	if (read(fd, &byte, 1) == 1)
		*(char *)arg = byte;
	loop_unwatch(loop, fd);
}

static void
loop_serves_timers_and_descriptors(void **state)
{
	int ends[2];
	char got = 0;
	unsigned timer;

	assert_int_equal(pipe(ends), 0);
	loop_watch(loop, ends[0], POLLIN, on_pipe, &got);
	assert_int_equal(write(ends[1], "x", 1), 1);
	loop_turn(loop, 1000);
	assert_int_equal(got, 'x');
	ticks = 0;
	loop_timer(loop, 0, on_tick, &ticks); /* starts others: one a turn */
	loop_turn(loop, 100);
	assert_int_equal(ticks, 1);
	loop_turn(loop, 100);
	loop_turn(loop, 100);
	assert_int_equal(ticks, 3);
	timer = loop_timer(loop, 0, on_tick, NULL);
	loop_cancel(loop, timer);
	loop_cancel(loop, timer);
	loop_turn(loop, 10);
	assert_int_equal(ticks, 3);
	close(ends[0]);
	close(ends[1]);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(frame_has_its_rows),
		CASE(keys_nobody_wants_go_to_the_frame),
		CASE(closing_with_reload_reaches_the_screen_below),
		CASE(picker_may_open_a_screen_and_go),
		CASE(question_defaults_to_the_safe_answer),
		CASE(counted_question_wants_the_number),
		CASE(small_window_says_so_and_takes_no_keys),
		CASE(errors_stay_and_notes_go),
		CASE(log_keeps_two_hundred),
		CASE(loop_serves_timers_and_descriptors),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
