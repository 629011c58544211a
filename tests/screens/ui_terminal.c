/*
 * The toolkit on a real pseudo terminal: bytes per act, bursts, keys in pieces, wide
 * characters, resizing, crashes, poor terminals and locales (UX.md 3.9, 3.10 and 4).
 */
#include "common/date.h"
#include "tests/lib/ui_demo.h"
#include "tests/lib/vterm.h"
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { SOON_MS = 10000, QUIET_MS = 80 };

static char self[512];

static struct vt *
demo_open(const char *const *env, const char *option)
{
	const char *const argv[] = { self, "--demo", option, NULL };
	struct vt *vt = vt_open(&(struct vt_options){ .argv = argv, .env = env });

	vt_mask(vt, "[0-9]{2}:[0-9]{2} OK", "00:00 OK");
	return vt;
}

static struct vt *
demo_ready(const char *const *env, const char *option)
{
	struct vt *vt = demo_open(env, option);

	assert_true(vt_wait_text(vt, "100000", SOON_MS));
	assert_true(vt_wait_settled(vt, QUIET_MS, SOON_MS));
	return vt;
}

static void
demo_done(struct vt *vt)
{
	assert_int_equal(vt_close(vt), 0);
}

static size_t
demo_bytes_of(struct vt *vt, const char *keys)
{
	vt_wait_settled(vt, QUIET_MS, SOON_MS);
	vt_bytes(vt);
	vt_type(vt, keys);
	vt_wait_settled(vt, QUIET_MS, SOON_MS);
	return vt_bytes(vt);
}

/* One act against its limit of UX.md 3.9; the figure is printed for the record. */
static void
expect_bytes(struct vt *vt, const char *what, const char *keys, size_t limit)
{
	size_t bytes = demo_bytes_of(vt, keys);

	print_message("# %s: %zu bytes, limit %zu\n", what, bytes, limit);
	assert_in_range(bytes, 1, limit);
}

static void
list_paints_as_expected(void **state)
{
	struct vt *vt = demo_ready(NULL, NULL);

	assert_true(vt_expect_screen(vt, "tests/screens/golden/ui_list_zh.txt"));
	vt_type(vt, "{F5}");
	assert_true(vt_expect_screen(vt, "tests/screens/golden/ui_list_en.txt"));
	demo_done(vt);
}

static void
acts_stay_within_their_bytes(void **state)
{
	struct vt *vt = demo_ready(NULL, NULL);

	print_message("# start and first paint: %zu bytes\n", vt_bytes(vt));
	expect_bytes(vt, "cursor down", "{Down}", 200);
	expect_bytes(vt, "cursor up", "{Up}", 200);
	expect_bytes(vt, "page down", "{PgDn}", 1700);
	expect_bytes(vt, "one line past the edge", "{Down*18}", 1900);
	expect_bytes(vt, "scroll by one line", "{Down}", 1700);
	expect_bytes(vt, "palette opens", "{F9}", 950);
	expect_bytes(vt, "palette closes", "{F12}", 950);
	expect_bytes(vt, "form opens", "{F6}", 1600);
	expect_bytes(vt, "first key in a field", "a", 60);
	expect_bytes(vt, "letter in a field", "b", 10);
	expect_bytes(vt, "Han letter in a field", "客", 12);
	expect_bytes(vt, "field cleared", "{Ctrl-U}", 60);
	expect_bytes(vt, "picker opens", "{F4}", 950);
	expect_bytes(vt, "picker closes", "{F12}", 950);
	expect_bytes(vt, "redraw", "{Ctrl-L}", 2600);
	demo_done(vt);
}

static void
burst_of_keys_is_painted_once(void **state)
{
	struct vt *vt = demo_ready(NULL, NULL);
	size_t bytes = demo_bytes_of(vt, "{Down*40}");

	print_message("# 40 Down in one burst: %zu bytes, limit 1700\n", bytes);
	assert_in_range(bytes, 1, 1700);
	vt_type(vt, "u");
	assert_true(vt_wait_text(vt, "drawn ", SOON_MS));
	/* first paint, the terminal's answer, the burst, and this one to come */
	assert_null(strstr(vt_screen_text(vt), "drawn 5"));
	demo_done(vt);
}

static void
wide_characters_keep_the_right_edge(void **state)
{
	struct vt *vt = demo_ready(NULL, NULL);

	vt_type(vt, "{Ctrl-T}");
	assert_true(vt_wait_text(vt, "拜访单", SOON_MS));
	assert_true(vt_wait_settled(vt, QUIET_MS, SOON_MS));
	for (int pan = 0; pan < 3; pan++) {
		for (int row = 2; row < 21; row++) {
			int cols = 0;

			for (int col = 0; col < 80; col++) {
				struct vt_attr attr = vt_cell_attr(vt, row, col);

				cols += attr.cols;
				if (attr.cols == 2)
					assert_int_equal(
					    vt_cell_attr(vt, row, col + 1).cols, 0);
			}
			assert_int_equal(cols, 80);
		}
		vt_type(vt, "{Right}");
		vt_wait_settled(vt, QUIET_MS, SOON_MS);
	}
	assert_true(vt_expect_screen(vt, "tests/screens/golden/ui_pager_right.txt"));
	demo_done(vt);
}

static void
popup_over_wide_text_leaves_no_halves(void **state)
{
	struct vt *vt = demo_ready(NULL, NULL);
	char *before = strdup(vt_screen_text(vt));

	vt_type(vt, "{F1}");
	assert_true(vt_expect_screen(vt, "tests/screens/golden/ui_help.txt"));
	vt_type(vt, "{F12}");
	assert_true(vt_wait_screen(vt, before, SOON_MS));
	free(before);
	demo_done(vt);
}

static void
form_and_picker_work(void **state)
{
	struct vt *vt = demo_ready(NULL, NULL);

	vt_type(vt, "{F6}{F10}");
	assert_true(vt_wait_text(vt, "! 此项必填", SOON_MS));
	assert_true(vt_wait_text(vt, "E2001 客户", SOON_MS));
	vt_type(vt, "{F4}");
	assert_true(vt_wait_text(vt, "+- 客户", SOON_MS));
	vt_type(vt, "hzhx{Down}{Enter}");
	assert_true(vt_wait_gone(vt, "+- 客户", SOON_MS));
	vt_type(vt, "{Tab}{Ctrl-U}+1d{Tab}sm{Tab}３２０");
	assert_true(vt_wait_text(vt, "= 2026-11-23 周一", SOON_MS));
	assert_true(vt_wait_text(vt, "[上门", SOON_MS));
	assert_true(vt_wait_text(vt, "[320", SOON_MS));
	vt_type(vt, "{Tab} {Tab}报价第2版已交张经理");
	assert_true(vt_expect_screen(vt, "tests/screens/golden/ui_form.txt"));
	vt_type(vt, "{F3}");
	assert_true(vt_wait_text(vt, "还没有保存", SOON_MS));
	vt_type(vt, "{Enter}");
	assert_true(vt_wait_gone(vt, "还没有保存", SOON_MS));
	vt_type(vt, "{Ctrl-X}{Enter}");
	assert_true(vt_wait_text(vt, "OK 已保存", SOON_MS));
	demo_done(vt);
}

static void
paste_is_text_and_never_commands(void **state)
{
	struct vt *vt = demo_ready(NULL, NULL);

	vt_paste(vt, "q华信\r\nn\033[31m");
	assert_true(vt_wait_text(vt, "F7> q华信 n[31m", SOON_MS));
	vt_type(vt, "{Ctrl-U}{Esc}{F6}");
	assert_true(vt_wait_text(vt, "新建拜访", SOON_MS));
	vt_paste(vt, "上海浦东\n发展银行\t支行");
	assert_true(vt_wait_text(vt, "[上海浦东 发展银行 支行", SOON_MS));
	demo_done(vt);
}

static void
resize_to_nothing_and_back_is_the_same(void **state)
{
	struct vt *vt = demo_ready(NULL, NULL);
	char *before;

	vt_type(vt, "{Down*5}");
	vt_wait_settled(vt, QUIET_MS, SOON_MS);
	before = strdup(vt_screen_text(vt));
	vt_resize(vt, 5, 20);
	assert_true(vt_wait_text(vt, "20 x 5", SOON_MS));
	vt_resize(vt, 2, 10);
	vt_resize(vt, 60, 200);
	assert_true(vt_wait_text(vt, "100050", SOON_MS));
	vt_resize(vt, 24, 80);
	assert_true(vt_wait_gone(vt, "100050", SOON_MS));
	assert_true(vt_wait_screen(vt, before, SOON_MS));
	free(before);
	demo_done(vt);
}

static void
expect_restored(struct vt *vt)
{
	assert_true(vt_wait_exit(vt, SOON_MS));
	assert_false(vt_alt_screen(vt));
	assert_true(vt_cursor_visible(vt));
}

static void
terminal_is_restored_after_any_end(void **state)
{
	static const int crashes[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT };
	struct vt *vt;
	int status;

	for (size_t i = 0; i < sizeof crashes / sizeof *crashes; i++) {
		vt = demo_ready(NULL, NULL);
		assert_true(vt_alt_screen(vt));
		vt_signal(vt, crashes[i]);
		expect_restored(vt);
		status = vt_close(vt);
		assert_true(WIFSIGNALED(status) ? WTERMSIG(status) == crashes[i]
						: WEXITSTATUS(status) != 0);
	}
	vt = demo_ready(NULL, NULL);
	vt_type(vt, "y"); /* abort() from within */
	expect_restored(vt);
	assert_int_not_equal(vt_close(vt), 0);
	vt = demo_ready(NULL, NULL);
	vt_signal(vt, SIGTERM);
	expect_restored(vt);
	assert_int_equal(vt_close(vt), 0);
	vt = demo_ready(NULL, NULL);
	vt_type(vt, "{F3}");
	expect_restored(vt);
	assert_int_equal(vt_close(vt), 0);
}

static void
keys_in_pieces_are_joined(void **state)
{
	struct vt *vt = demo_ready(NULL, NULL);

	for (int gap_ms = 60; gap_ms <= 150; gap_ms += 90) {
		vt_send(vt, "\033", 1);
		vt_wait_settled(vt, gap_ms, SOON_MS);
		vt_send(vt, "[", 1);
		vt_wait_settled(vt, gap_ms, SOON_MS);
		vt_send(vt, "B", 1);
	}
	vt_type(vt, "{Enter}");
	assert_true(vt_wait_text(vt, "open 2,", SOON_MS));
	vt_send(vt, "\xe5", 1);
	vt_wait_settled(vt, 60, SOON_MS);
	vt_send(vt, "\xae\xa2", 2);
	vt_type(vt, "{Down}{Enter}");
	assert_true(vt_wait_text(vt, "open 3,", SOON_MS));
	demo_done(vt);
}

static void
escape_and_a_digit_is_a_function_key(void **state)
{
	struct vt *vt = demo_ready(NULL, NULL);

	vt_type(vt, "{Esc}1");
	assert_true(vt_wait_text(vt, "帮助: ", SOON_MS));
	vt_type(vt, "{Esc}");
	assert_true(vt_wait_gone(vt, "帮助: ", SOON_MS));
	vt_type(vt, "{Esc}");
	vt_wait_settled(vt, 500, SOON_MS);
	vt_type(vt, "6");
	assert_true(vt_wait_text(vt, "新建拜访", SOON_MS));
	demo_done(vt);
}

static void
bad_bytes_are_named_and_do_not_wedge(void **state)
{
	struct vt *vt = demo_ready(NULL, NULL);

	vt_send(vt, "\xbf\xcd", 2);
	assert_true(vt_wait_text(vt, "终端编码不是 UTF-8", SOON_MS));
	vt_type(vt, "jj{Enter}");
	assert_true(vt_wait_text(vt, "open 2,", SOON_MS));
	demo_done(vt);
}

static void
full_width_and_han_letters_in_a_list(void **state)
{
	struct vt *vt = demo_ready(NULL, NULL);

	vt_type(vt, "ｊ５");
	assert_true(vt_wait_text(vt, "5   100001", SOON_MS));
	vt_type(vt, "你好吗");
	assert_true(vt_wait_text(vt, "输入法已开", SOON_MS));
	vt_type(vt, "？");
	assert_true(vt_wait_text(vt, "帮助: ", SOON_MS));
	demo_done(vt);
}

static void
many_rows_ask_for_the_number(void **state)
{
	struct vt *vt = demo_ready(NULL, NULL);

	vt_type(vt, "*{F8}");
	assert_true(vt_wait_text(vt, "输入 500", SOON_MS));
	vt_type(vt, "50{Enter}");
	assert_true(vt_wait_text(vt, "数字不符", SOON_MS));
	vt_type(vt, "{F8}");
	assert_true(vt_wait_text(vt, "输入 500", SOON_MS));
	vt_type(vt, "５００{Enter}");
	assert_true(vt_wait_text(vt, "OK 500 个客户已停用", SOON_MS));
	demo_done(vt);
}

static void
typing_ahead_stops_at_an_error(void **state)
{
	struct vt *vt = demo_ready(NULL, NULL);

	vt_type(vt, "{F6}{F10}{F3}{F3}{F3}");
	assert_true(vt_wait_text(vt, "E2001 客户", SOON_MS));
	assert_true(vt_wait_settled(vt, 200, SOON_MS));
	assert_true(vt_bell(vt));
	assert_true(vt_wait_text(vt, "新建拜访", SOON_MS));
	vt_type(vt, "{F1}");
	assert_true(vt_wait_text(vt, "E2001: ", SOON_MS));
	vt_type(vt, "{F12}{F3}");
	assert_true(vt_wait_gone(vt, "新建拜访", SOON_MS));
	assert_false(vt_bell(vt));
	demo_done(vt);
}

static void
resting_screen_costs_next_to_nothing(void **state)
{
	enum { RESTING_MS = 1500, RESTING_BYTES = 20 /* the clock may have turned */ };
	struct vt *vt = demo_ready(NULL, NULL);
	int64_t end_ms = date_monotonic_us() / 1000 + SOON_MS;
	size_t bytes;

	/* The last of the start may come late: at rest is what stays so. */
	do {
		vt_bytes(vt);
		vt_wait_settled(vt, RESTING_MS, RESTING_MS);
		bytes = vt_bytes(vt);
	} while (bytes > RESTING_BYTES && date_monotonic_us() / 1000 < end_ms);
	assert_in_range(bytes, 0, RESTING_BYTES);
	demo_done(vt);
}

static void
long_paste_asks_first(void **state)
{
	struct vt *vt = demo_ready(NULL, NULL);
	char text[3001];

	memset(text, 'p', 3000);
	text[3000] = '\0';
	vt_type(vt, "{F6}{BackTab}{BackTab}");
	vt_paste(vt, text);
	assert_true(vt_wait_text(vt, "粘贴 3000 个字?", SOON_MS));
	vt_type(vt, "{Esc}");
	assert_true(vt_wait_gone(vt, "粘贴", SOON_MS));
	assert_true(vt_wait_text(vt, "0/500 字", SOON_MS));
	vt_paste(vt, text);
	assert_true(vt_wait_text(vt, "粘贴 3000 个字?", SOON_MS));
	vt_type(vt, "y{Enter}");
	assert_true(vt_wait_text(vt, "500/500 字", SOON_MS));
	demo_done(vt);
}

static void
messages_can_be_read_again(void **state)
{
	struct vt *vt = demo_ready(NULL, NULL);

	vt_type(vt, "{Enter}{Down}{Enter}Y");
	assert_true(vt_wait_text(vt, "消息记录", SOON_MS));
	assert_true(vt_wait_text(vt, "I open 1, pending 0", SOON_MS));
	assert_true(vt_wait_text(vt, "I open 0, pending 0", SOON_MS));
	vt_type(vt, "q");
	assert_true(vt_wait_gone(vt, "消息记录", SOON_MS));
	demo_done(vt);
}

static void
mouse_is_off_unless_wanted(void **state)
{
	struct vt *vt = demo_ready(NULL, "--mouse");

	vt_type(vt, "\033[<0;10;8M{Enter}");
	assert_true(vt_wait_text(vt, "open 4,", SOON_MS));
	demo_done(vt);
}

static void
slow_line_scrolls_by_half_pages(void **state)
{
	static const char *const env[] = { "SSH_CONNECTION=10.0.0.1 1 10.0.0.2 22", NULL };
	struct vt *vt = demo_ready(env, NULL);

	vt_type(vt, "{Down*18}");
	assert_true(vt_wait_text(vt, ">   100018", SOON_MS));
	assert_true(vt_wait_text(vt, "100027", SOON_MS));
	demo_done(vt);
}

static void
silent_terminal_gets_safe_characters(void **state)
{
	const char *const argv[] = { self, "--demo", NULL };
	struct vt *vt = vt_open(&(struct vt_options){ .argv = argv, .silent = true });

	assert_true(vt_wait_text(vt, "100000", SOON_MS));
	vt_type(vt, "/“a”—");
	assert_true(vt_wait_text(vt, "F7> \"a\"-", SOON_MS));
	vt_close(vt);
	vt = demo_ready(NULL, NULL);
	vt_type(vt, "/“a”—");
	assert_true(vt_wait_text(vt, "F7> “a”—", SOON_MS));
	demo_done(vt);
}

static void
help_runs_an_entry_found_by_typing(void **state)
{
	struct vt *vt = demo_ready(NULL, NULL);

	vt_type(vt, "{F1}");
	assert_true(vt_wait_text(vt, "帮助: ", SOON_MS));
	vt_type(vt, "新建");
	assert_true(vt_wait_text(vt, "F6 n", SOON_MS));
	vt_type(vt, "{Enter}");
	assert_true(vt_wait_text(vt, "新建拜访", SOON_MS));
	demo_done(vt);
}

static void
spinner_turns_and_can_be_cancelled(void **state)
{
	struct vt *vt = demo_ready(NULL, "--slow");

	assert_true(vt_wait_text(vt, "F12 取消", 4000));
	vt_type(vt, "{F12}");
	assert_true(vt_wait_text(vt, "I 已取消", SOON_MS));
	demo_done(vt);
}

static void
poor_terminals_are_served(void **state)
{
	static const char *const terms[] = { "TERM=vt100", "TERM=vt220", "TERM=linux",
		"TERM=tmux-256color", "TERM=screen", "TERM=xterm", "TERM=putty" };
	struct vt *vt;

	for (size_t i = 0; i < sizeof terms / sizeof *terms; i++) {
		const char *const env[] = { terms[i], NULL };

		vt = demo_ready(env, NULL);
		expect_bytes(vt, terms[i], "{Down}", 220);
		vt_type(vt, "{Esc}9");
		assert_true(vt_wait_text(vt, "去:", SOON_MS));
		vt_type(vt, "{Ctrl-G}{F6}");
		/* F6 in these bytes is not every terminal's; its letter is. */
		vt_type(vt, "n");
		assert_true(vt_wait_text(vt, "新建拜访", SOON_MS));
		demo_done(vt);
	}
}

static void
unknown_terminal_is_drawn_as_xterm(void **state)
{
	static const char *const env[] = { "TERM=no-such-terminal", NULL };
	struct vt *vt = demo_ready(env, NULL);

	assert_true(vt_wait_text(vt, "未知的 TERM", SOON_MS));
	demo_done(vt);
}

static void
dumb_terminal_is_refused_in_one_line(void **state)
{
	static const char *const env[] = { "TERM=dumb", NULL };
	struct vt *vt = demo_open(env, NULL);
	int status;

	assert_true(vt_wait_exit(vt, SOON_MS));
	assert_non_null(strstr(vt_screen_text(vt), "set TERM"));
	status = vt_close(vt);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 2);
}

static void
locale_without_chinese_falls_back(void **state)
{
	static const char *const env[] = { "LC_ALL=C", NULL };
	struct vt *vt = demo_ready(env, NULL);

	assert_true(vt_wait_text(vt, "语言环境不支持中文", SOON_MS));
	assert_true(vt_wait_text(vt, "上海明珠银行", SOON_MS));
	demo_done(vt);
}

/* The locale is made for the test, as few machines have it; without localedef it is skipped. */
static void
gb18030_terminal_is_served(void **state)
{
	char directory[] = "/tmp/kehu-locale-XXXXXX", command[256], locpath[64];
	const char *const argv[] = { self, "--demo", NULL };
	const char *const env[] = { "LC_ALL=zh_CN.GB18030", locpath, NULL };
	struct vt *vt;
	int made;

	assert_non_null(mkdtemp(directory));
	snprintf(locpath, sizeof locpath, "LOCPATH=%s", directory);
	snprintf(command, sizeof command,
	    "localedef -i zh_CN -f GB18030 %s/zh_CN.GB18030 >/dev/null 2>&1", directory);
	made = system(command);
	if (made == 0) {
		vt = vt_open(
		    &(struct vt_options){ .argv = argv, .env = env, .codeset = "GB18030" });
		assert_true(vt_wait_text(vt, "上海明珠银行0部", SOON_MS));
		vt_type(vt, "/上海银行");
		assert_true(vt_wait_text(vt, "F7> 上海银行", SOON_MS));
		vt_type(vt, "{Ctrl-U}明珠银行");
		assert_true(vt_wait_text(vt, "深圳明珠银行", SOON_MS));
		assert_int_equal(vt_close(vt), 0);
	}
	snprintf(command, sizeof command, "rm -r '%s'", directory);
	assert_int_equal(system(command), 0);
	if (made != 0)
		skip();
}

static void
mono_uses_no_colours(void **state)
{
	static const char *const env[] = { "NO_COLOR=1", NULL };
	struct vt *vt = demo_ready(env, NULL);

	vt_type(vt, "{F6}{F10}");
	assert_true(vt_wait_text(vt, "! 此项必填", SOON_MS));
	for (int row = 0; row < 24; row++)
		for (int col = 0; col < 80; col++)
			assert_int_equal(vt_cell_attr(vt, row, col).colour, -1);
	demo_done(vt);
}

/* How the remark of a wrong field looks: its colour and its flags. */
static struct vt_attr
remark_under(const char *theme)
{
	struct vt *vt = demo_ready(NULL, theme);
	struct vt_attr attr = { 0 };

	vt_type(vt, "{F6}{F10}");
	assert_true(vt_wait_text(vt, "! 此项必填", SOON_MS));
	for (int row = 0; row < 24; row++) {
		const char *remark = strstr(vt_row(vt, row), "! 此项必填");

		for (int col = 0; remark != NULL && col < 79; col++)
			if (vt_cell_attr(vt, row, col).colour >= 0)
				attr = vt_cell_attr(vt, row, col);
	}
	demo_done(vt);
	return attr;
}

static void
themes_change_how_roles_look_and_unknown_ones_are_refused(void **state)
{
	struct vt_attr plain = remark_under(NULL), light = remark_under("--theme=light"),
		       contrast = remark_under("--theme=contrast");
	struct vt *vt = demo_open(NULL, "--theme=nice");

	assert_int_equal(plain.colour, 1);
	assert_int_equal(light.colour, 1);
	assert_true(light.flags & VT_BOLD);
	assert_false(plain.flags & VT_BOLD);
	assert_true(contrast.flags & VT_REVERSE);
	assert_true(vt_wait_exit(vt, SOON_MS));
	assert_non_null(strstr(vt_screen_text(vt), "contrast or mono"));
	assert_int_not_equal(vt_close(vt), 0);
}

static void
cursor_is_on_the_selected_row(void **state)
{
	struct vt *vt = demo_ready(NULL, NULL);
	int row, col;

	vt_type(vt, "{Down}{Down}");
	vt_wait_settled(vt, QUIET_MS, SOON_MS);
	vt_cursor(vt, &row, &col);
	assert_int_equal(row, 5);
	assert_true(vt_cell_attr(vt, 5, 0).flags & VT_REVERSE);
	assert_non_null(strstr(vt_row(vt, 5), "100002"));
	demo_done(vt);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(list_paints_as_expected),
		cmocka_unit_test(acts_stay_within_their_bytes),
		cmocka_unit_test(burst_of_keys_is_painted_once),
		cmocka_unit_test(wide_characters_keep_the_right_edge),
		cmocka_unit_test(popup_over_wide_text_leaves_no_halves),
		cmocka_unit_test(form_and_picker_work),
		cmocka_unit_test(paste_is_text_and_never_commands),
		cmocka_unit_test(resize_to_nothing_and_back_is_the_same),
		cmocka_unit_test(terminal_is_restored_after_any_end),
		cmocka_unit_test(keys_in_pieces_are_joined),
		cmocka_unit_test(escape_and_a_digit_is_a_function_key),
		cmocka_unit_test(bad_bytes_are_named_and_do_not_wedge),
		cmocka_unit_test(full_width_and_han_letters_in_a_list),
		cmocka_unit_test(many_rows_ask_for_the_number),
		cmocka_unit_test(typing_ahead_stops_at_an_error),
		cmocka_unit_test(resting_screen_costs_next_to_nothing),
		cmocka_unit_test(long_paste_asks_first),
		cmocka_unit_test(messages_can_be_read_again),
		cmocka_unit_test(mouse_is_off_unless_wanted),
		cmocka_unit_test(slow_line_scrolls_by_half_pages),
		cmocka_unit_test(silent_terminal_gets_safe_characters),
		cmocka_unit_test(help_runs_an_entry_found_by_typing),
		cmocka_unit_test(spinner_turns_and_can_be_cancelled),
		cmocka_unit_test(poor_terminals_are_served),
		cmocka_unit_test(unknown_terminal_is_drawn_as_xterm),
		cmocka_unit_test(dumb_terminal_is_refused_in_one_line),
		cmocka_unit_test(locale_without_chinese_falls_back),
		cmocka_unit_test(gb18030_terminal_is_served),
		cmocka_unit_test(mono_uses_no_colours),
		cmocka_unit_test(themes_change_how_roles_look_and_unknown_ones_are_refused),
		cmocka_unit_test(cursor_is_on_the_selected_row),
	};
	ssize_t bytes = readlink("/proc/self/exe", self, sizeof self - 1);

	if (argc > 1 && strcmp(argv[1], "--demo") == 0)
		return ui_demo_main(argc, argv);
	if (bytes <= 0)
		return 1;
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
