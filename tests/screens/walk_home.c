/*
 * Home, palette and pickers at a real terminal, against a real server: what is to be done,
 * going anywhere by code, letter, name, pinyin or number, the language changed under way,
 * signing out.
 */
#include "common/date.h"
#include "server/entity/fields.h"
#include "tests/lib/company.h"
#include "tests/lib/desk.h"
#include "tests/lib/pg.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
// clang-format off
#include <cmocka.h>
// clang-format on

#define DB "walk_home"

static struct bed *bed;
static struct client *ada;

static void
home_is_as_drawn(void **state)
{
	struct vt *vt = desk_home(bed, "ada", "zh", 24, 80);

	desk_sees(vt, "逾期12天");
	desk_shows(vt, "home_zh");
	desk_leave(vt);
	vt = desk_home(bed, "ada", "en", 24, 80);
	desk_sees(vt, "12d late");
	desk_shows(vt, "home_en");
	desk_leave(vt);
	vt = desk_home(bed, "ada", "zh", 40, 120);
	desk_sees(vt, "逾期12天");
	desk_shows(vt, "home_zh_120");
	desk_leave(vt);
	vt = desk_home(bed, "ada", "en", 40, 120);
	desk_sees(vt, "12d late");
	desk_shows(vt, "home_en_120");
	desk_leave(vt);
}

static void
home_costs_little(void **state)
{
	struct vt *vt = desk_open(bed, &(struct desk_options){ .user = "ada" });

	desk_sees(vt, "RTT");
	vt_type(vt, BED_PASSWORD);
	desk_costs(vt, "signing in, home dashboard", "{Enter}", 2600);
	desk_leave(vt);
}

static void
home_opens_a_visit_and_remembers_it(void **state)
{
	struct vt *vt = desk_home(bed, "ada", "zh", 24, 80);

	desk_sees(vt, "逾期12天");
	desk_type(vt, "{Enter}");
	desk_sees(vt, "上海华信科技有限公司");
	desk_misses(vt, "1首页");
	desk_type(vt, "{F3}");
	desk_sees(vt, "1首页");
	desk_misses(vt, "尚未打开过记录");
	desk_leave(vt);
}

/* Without opening it: put off, logged, its customer called, all of its section shown. */
static void
home_acts_on_a_line_at_once(void **state)
{
	struct vt *vt;
	int64_t task = expect_written(client_save(ada, E_visit, 0, 0,
	    SENT(TEXT_OF(F_visit_kind, "task"), TEXT_OF(F_visit_purpose, "写总结"),
		NUMBER_OF(F_visit_at, date_now_us() - INT64_C(2) * US_PER_DAY)), NULL))->id;
	int64_t was = value_of(client_get(ada, E_visit, task)->get->record, F_visit_at)->number;

	vt = desk_home(bed, "ada", "zh", 24, 80);
	desk_sees(vt, "写总结");
	desk_type(vt, "{Down}{Down}");
	desk_type(vt, "+");
	desk_sees(vt, "改期");
	desk_misses(vt, "写总结");
	/* of two days ago: three days from today, at its time */
	assert_int_equal(value_of(client_get(ada, E_visit, task)->get->record, F_visit_at)->number,
	    was + 5 * US_PER_DAY);
	desk_type(vt, "{Home}{Down}c");
	desk_sees(vt, "[上海华信科技有限公司");
	desk_sees(vt, "电话");
	desk_type(vt, "{F3}");
	desk_sees(vt, "1首页");
	desk_type(vt, "x");
	desk_sees(vt, "F10 完成");
	desk_type(vt, "{F3}");
	desk_sees(vt, "1首页");
	desk_type(vt, "{Home}{Enter}");
	desk_sees(vt, "[拜访]");
	desk_sees(vt, "2/2");
	desk_type(vt, "{F3}");
	desk_leave(vt);
}

/* Enough keys for an answer besides its words: Tab, r, F10. */
static void
message_is_seen_at_once_and_answered_in_three_keys(void **state)
{
	struct client *dan = client_new(bed, "dan", LANG_ZH);
	struct vt *vt = desk_home(bed, "ada", "zh", 24, 80);
	const Kehu__ServerFrame *answer;

	desk_sees(vt, "逾期12天");
	expect_written(client_save(dan, E_message, 0, 0, SENT(NUMBER_OF(F_message_to_id, USER_ADA),
	    TEXT_OF(F_message_text, "明天的会改到十点")), NULL));
	desk_sees(vt, "未读消息 (1)");
	desk_sees(vt, "Dan: 明天的会改到十点");
	desk_type(vt, "{Tab}");
	desk_type(vt, "r");
	desk_sees(vt, "F10 回复");
	desk_type(vt, "知道了");
	desk_type(vt, "{F10}");
	desk_misses(vt, "明天的会改到十点");
	answer = client_list(dan, E_message, "from:ada");
	assert_int_equal(answer->page->n_rows, 1);
	desk_leave(vt);
	client_free(dan);
}

static void
home_leads_to_the_modules(void **state)
{
	static const char *const digits[] = { "2", "3", "4" };
	static const char *const titles[] = { "[客户]", "[拜访]", "[联系人]" };
	struct vt *vt = desk_home(bed, "ada", "zh", 24, 80);

	for (int i = 0; i < 3; i++) {
		desk_type(vt, digits[i]);
		desk_sees(vt, titles[i]);
		desk_type(vt, "{F3}");
		desk_sees(vt, "1首页");
	}
	desk_type(vt, "6");
	desk_sees(vt, "我的客户");
	desk_type(vt, "{Esc}");
	desk_leave(vt);
}

static void
leaving_asks_first(void **state)
{
	struct vt *vt = desk_home(bed, "ada", "zh", 24, 80);

	desk_type(vt, "q");
	desk_sees(vt, "要退出程序吗");
	desk_type(vt, "n");
	desk_type(vt, "{Enter}");
	desk_sees(vt, "1首页");
	desk_leave(vt);
}

/* What was being typed when the line was cut is offered at the next start. */
static void
draft_of_before_is_offered(void **state)
{
	struct desk_options options = {
		.user = "ada", .password = BED_PASSWORD, .state = "drafts"
	};
	struct vt *vt = desk_open(bed, &options);

	desk_sees(vt, "1首页");
	desk_type(vt, ":shhxkj xbf");
	desk_sees(vt, "新建拜访: 上海华信科技");
	desk_type(vt, "{Enter}");
	desk_sees(vt, "目的");
	for (int i = 0; i < 12 && strncmp(vt_row(vt, 21), "目的", strlen("目的")) != 0; i++)
		desk_type(vt, "{Tab}");
	desk_type(vt, "说到一半");
	vt_signal(vt, SIGHUP);
	assert_true(vt_wait_exit(vt, DESK_SOON_MS));
	desk_end(vt);
	options.password = NULL;
	vt = desk_open(bed, &options);
	desk_sees(vt, "本机有 1 份未提交草稿");
	assert_null(strstr(vt_screen_text(vt), "华信"));
	desk_type(vt, BED_PASSWORD "{Enter}");
	desk_sees(vt, "说到一半");
	/* left for later, it is on the home screen */
	desk_type(vt, "{F3}");
	desk_sees(vt, "留作草稿");
	desk_type(vt, "{Enter}");
	desk_sees(vt, "1首页");
	desk_sees(vt, "草稿");
	desk_type(vt, "{Tab}");
	desk_type(vt, "{Enter}");
	desk_sees(vt, "说到一半");
	desk_end(vt);
}

/* ---- the palette ------------------------------------------------------------------------- */

static void
palette_is_as_drawn(void **state)
{
	struct vt *vt = desk_home(bed, "ada", "zh", 24, 80);

	desk_type(vt, "{F9}");
	desk_sees(vt, "新建拜访");
	desk_shows(vt, "palette_zh");
	desk_type(vt, "kh");
	desk_sees(vt, "客户列表");
	desk_type(vt, "{Esc}");
	desk_leave(vt);
}

static void
palette_takes_function_codes(void **state)
{
	struct vt *vt = desk_home(bed, "ada", "zh", 24, 80);

	desk_type(vt, ":khl{Enter}");
	desk_sees(vt, "[客户]");
	desk_type(vt, "{F9}3{Enter}");
	desk_sees(vt, "[拜访]");
	/* full-width, as an input method types it */
	desk_type(vt, "：lxrl{Enter}");
	desk_sees(vt, "[联系人]");
	desk_leave(vt);
}

static void
palette_finds_customers_by_initials_and_phone(void **state)
{
	struct vt *vt = desk_home(bed, "ada", "zh", 24, 80);

	desk_type(vt, "{F9}shhxkj");
	desk_sees(vt, ">上海华信科技有限公司");
	desk_type(vt, "{Ctrl-U}68821037");
	desk_sees(vt, ">杭州明珠贸易有限公司");
	desk_type(vt, "{Enter}");
	desk_sees(vt, "世纪大道");
	desk_leave(vt);
}

static void
palette_keeps_keys_typed_before_the_answer(void **state)
{
	struct vt *vt = desk_home(bed, "ada", "zh", 24, 80);

	/* All at once: what Enter opens and the key for it come before the server has answered. */
	desk_type(vt, "{F9}shhxkj{Enter}{F6}");
	desk_sees(vt, "新建拜访");
	desk_sees(vt, "[上海华信科技有限公司");
	desk_type(vt, "{F3}{F3}");
	desk_leave(vt);
}

static void
palette_takes_an_object_then_a_function(void **state)
{
	struct vt *vt = desk_home(bed, "ada", "zh", 24, 80);

	desk_type(vt, "{F9}shhxkj xbf");
	desk_sees(vt, "新建拜访: 上海华信科技有限公司");
	desk_type(vt, "{Enter}");
	desk_sees(vt, "[上海华信科技有限公司");
	desk_type(vt, "{F3}");
	desk_leave(vt);
}

static void
palette_changes_the_language(void **state)
{
	struct vt *vt = desk_home(bed, "ada", "zh", 24, 80);

	desk_type(vt, ":yy{Enter}");
	desk_sees(vt, "1Home 2Customers");
	desk_sees(vt, "To do today");
	desk_sees(vt, "OK");
	desk_type(vt, "2");
	desk_sees(vt, "Level");
	desk_type(vt, ":yy{Enter}");
	desk_sees(vt, "级别");
	desk_leave(vt);
}

static void
palette_says_when_nothing_fits(void **state)
{
	struct vt *vt = desk_home(bed, "ada", "en", 24, 80);

	desk_type(vt, "{F9}qqqqqq");
	desk_sees(vt, "Nothing fits");
	desk_type(vt, "{Enter}{Esc}");
	desk_leave(vt);
}

/* The terminal is closed, or the machine goes down: the next start is where one was. */
static void
place_is_taken_up_again_after_a_kill(void **state)
{
	const struct desk_options options = { .user = "ada", .password = BED_PASSWORD, .state = "place" };
	struct vt *vt = desk_open(bed, &options);

	desk_sees(vt, "1首页");
	desk_type(vt, "2");
	desk_sees(vt, "/60");
	desk_type(vt, "/西湖{Enter}");
	desk_sees(vt, "/12");
	desk_type(vt, "{Down}{Down}{Enter}");
	desk_sees(vt, "[概览]");
	desk_type(vt, "{Tab}");
	desk_sees(vt, "[联系人");
	desk_type(vt, "{F6}");
	desk_sees(vt, "新建联系人");
	desk_type(vt, "半途而");
	vt_signal(vt, SIGHUP);
	assert_true(vt_wait_exit(vt, DESK_SOON_MS));
	desk_end(vt);

	vt = desk_open(bed, &options);
	desk_sees(vt, "半途而");
	desk_type(vt, "{F3}");
	desk_sees(vt, "放弃");
	desk_type(vt, "d{Enter}");
	desk_sees(vt, "[联系人");
	desk_type(vt, "{F3}");
	desk_sees(vt, "F7 筛选> 西湖");
	desk_sees(vt, "/12");
	desk_type(vt, "{F3}");
	desk_sees(vt, "1首页");
	desk_leave(vt);
}

static void
record_is_opened_by_the_command(void **state)
{
	const char *id = arena_printf(bed->arena, "%ld", (long)desk_customer(0));
	struct vt *vt = desk_open(bed, &(struct desk_options){ .user = "ada", .password = BED_PASSWORD,
	    .open = (const char *const[]){ "open", "customer", id, NULL } });

	desk_sees(vt, "上海华信科技有限公司");
	desk_sees(vt, "[概览]");
	desk_leave(vt);
	vt = desk_open(bed, &(struct desk_options){ .user = "ada", .password = BED_PASSWORD,
	    .open = (const char *const[]){ "open", "客户", "西湖", NULL } });
	desk_sees(vt, "F7 筛选> 西湖");
	desk_leave(vt);
}

static void
signing_out_leaves_nothing_behind(void **state)
{
	struct vt *vt = desk_home(bed, "ada", "zh", 24, 80);

	desk_type(vt, "2");
	desk_sees(vt, "/60");
	desk_type(vt, ":zx{Enter}");
	desk_sees(vt, "终端自检");
	desk_misses(vt, "公司");
	/* Somebody else sees his own home. */
	desk_type(vt, "{BackTab}{Ctrl-U}dan{Enter}" BED_PASSWORD "{Enter}");
	desk_sees(vt, "Dan@西区");
	desk_misses(vt, "逾期12天");
	desk_leave(vt);
}

/* ---- pickers ----------------------------------------------------------------------------- */

static void
picker_finds_a_customer_for_a_visit(void **state)
{
	struct vt *vt = desk_home(bed, "ada", "zh", 24, 80);

	desk_type(vt, ":xbf{Enter}");
	desk_sees(vt, "目的");
	desk_type(vt, "{F4}");
	desk_type(vt, "{Ctrl-U}nbxh");
	desk_sees(vt, "宁波西湖");
	desk_type(vt, "{Esc}{F3}");
	desk_leave(vt);
}

/* Regions are all read once and matched here, by their own names' initials first. */
static void
picker_finds_a_region_by_initials(void **state)
{
	struct vt *vt = desk_home(bed, "ada", "zh", 24, 80);

	desk_type(vt, ":xkh{Enter}");
	desk_sees(vt, "行业");
	for (int i = 0; i < 12 && strncmp(vt_row(vt, 21), "地区", strlen("地区")) != 0; i++)
		desk_type(vt, "{Tab}");
	desk_type(vt, "{F4}");
	desk_type(vt, "hangz");
	desk_sees(vt, "浙江省杭州市");
	desk_type(vt, "{Ctrl-U}pdxq");
	desk_sees(vt, ">上海市浦东新区");
	desk_type(vt, "{Enter}");
	desk_sees(vt, "浦东新区  ");
	/* what was taken last comes first */
	desk_type(vt, "{BackTab}{F4}{Ctrl-U}");
	desk_sees(vt, ">上海市浦东新区");
	desk_type(vt, "{Esc}{F3}");
	desk_type(vt, "{Enter}");
	desk_leave(vt);
}

static int
setup(void **state)
{
	bed = bed_new(DB);
	ada = client_new(bed, "ada", LANG_ZH);
	desk_company(ada);
	return 0;
}

static int
teardown(void **state)
{
	client_free(ada);
	bed_free(bed);
	return 0;
}

/* Told while nobody touches a key, on Today at once, once. */
static void
reminder_comes_up_on_the_open_screen(void **state)
{
	static const struct {
		const char *lang, *text;
		int rows, cols;
	} walks[] = { { "zh", "该给明远回电话了", 24, 80 }, { "en", "Call Harbour Freight back", 40, 120 } };
	struct client *ben = client_new(bed, "ben", LANG_EN);

	for (size_t i = 0; i < 2; i++) {
		struct vt *vt = desk_home(bed, "ben", walks[i].lang, walks[i].rows, walks[i].cols);

		expect_written(client_save(ben, E_reminder, 0, 0,
		    SENT(TEXT_OF(F_reminder_text, walks[i].text),
			NUMBER_OF(F_reminder_due_at, date_now_us() + US_PER_SECOND)), NULL));
		desk_sees(vt, walks[i].text);
		assert_int_equal(
		    pg_int(DB, "SELECT count(*) FROM message WHERE strpos(text, '%s') > 0", walks[i].text), 1);
		desk_leave(vt);
	}
	client_free(ben);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(home_is_as_drawn),
		cmocka_unit_test(home_costs_little),
		cmocka_unit_test(home_opens_a_visit_and_remembers_it),
		cmocka_unit_test(home_acts_on_a_line_at_once),
		cmocka_unit_test(message_is_seen_at_once_and_answered_in_three_keys),
		cmocka_unit_test(home_leads_to_the_modules),
		cmocka_unit_test(leaving_asks_first),
		cmocka_unit_test(draft_of_before_is_offered),
		cmocka_unit_test(palette_is_as_drawn),
		cmocka_unit_test(palette_takes_function_codes),
		cmocka_unit_test(palette_finds_customers_by_initials_and_phone),
		cmocka_unit_test(palette_keeps_keys_typed_before_the_answer),
		cmocka_unit_test(palette_takes_an_object_then_a_function),
		cmocka_unit_test(palette_changes_the_language),
		cmocka_unit_test(palette_says_when_nothing_fits),
		cmocka_unit_test(place_is_taken_up_again_after_a_kill),
		cmocka_unit_test(record_is_opened_by_the_command),
		cmocka_unit_test(signing_out_leaves_nothing_behind),
		cmocka_unit_test(picker_finds_a_customer_for_a_visit),
		cmocka_unit_test(picker_finds_a_region_by_initials),
		cmocka_unit_test(reminder_comes_up_on_the_open_screen),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, setup, teardown);
}
