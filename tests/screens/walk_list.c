/*
 * Lists at a real terminal, against a real server: from signing in to finding and opening, in
 * both languages and sizes; filters, orders, options, views; what others change; a server that
 * goes and comes; the terminal after a crash; what each act costs.
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
#include <sys/wait.h>
// clang-format off
#include <cmocka.h>
// clang-format on

#define DB "walk_list"

static struct bed *bed;
static struct client *ada;

static struct vt *
list_ready(const char *lang, int rows, int cols)
{
	struct vt *vt = desk_home(bed, "ada", lang, rows, cols);

	desk_type(vt, "2");
	desk_sees(vt, strcmp(lang, "zh") == 0 ? "[客户]" : "[Customers]");
	desk_sees(vt, "/60");
	return vt;
}

/* ---- how it looks ------------------------------------------------------------------------ */

static void
list_is_as_drawn_in_chinese(void **state)
{
	struct vt *vt = list_ready("zh", 24, 80);

	desk_shows(vt, "list_zh");
	desk_type(vt, "w{Down}");
	desk_sees(vt, "世纪大道");
	desk_shows(vt, "list_zh_preview");
	desk_leave(vt);
}

static void
list_is_as_drawn_in_english(void **state)
{
	struct vt *vt = list_ready("en", 24, 80);

	desk_shows(vt, "list_en");
	desk_leave(vt);
}

static void
list_is_as_drawn_on_a_large_terminal(void **state)
{
	struct vt *vt = list_ready("zh", 40, 120);

	desk_sees(vt, "世纪大道");
	desk_shows(vt, "list_zh_120");
	desk_type(vt, ":yy{Enter}");
	desk_sees(vt, "F7 Filter>");
	desk_sees(vt, "Level");
	desk_shows(vt, "list_en_120");
	desk_leave(vt);
}

/* ---- finding ----------------------------------------------------------------------------- */

static void
filter_finds_by_two_han_characters(void **state)
{
	struct vt *vt = list_ready("zh", 24, 80);

	desk_type(vt, "{F7}明珠");
	desk_sees(vt, "明珠");
	desk_misses(vt, "华信");
	desk_sees(vt, "/12");
	desk_type(vt, "{Enter}{Enter}");
	desk_sees(vt, "世纪大道");
	desk_leave(vt);
}

static void
filter_finds_by_pinyin_initials(void **state)
{
	struct vt *vt = list_ready("en", 24, 80);

	desk_type(vt, "/shhx");
	desk_misses(vt, "明珠");
	desk_sees(vt, "上海华信");
	desk_leave(vt);
}

static void
han_letters_typed_in_a_list_open_the_filter(void **state)
{
	struct vt *vt = list_ready("zh", 24, 80);

	desk_type(vt, "西湖");
	desk_sees(vt, "F7 筛选> 西湖");
	desk_misses(vt, "明珠");
	desk_leave(vt);
}

static void
filter_understands_fields(void **state)
{
	struct vt *vt = list_ready("zh", 24, 80);

	desk_type(vt, "/级别:A 人数:>20{Enter}");
	desk_sees(vt, "1-11/11");
	/* Esc keeps the filter, Ctrl-U clears it. */
	desk_type(vt, "/{Esc}");
	desk_sees(vt, "1-11/11");
	desk_type(vt, "/{Ctrl-U}{Enter}");
	desk_sees(vt, "/60");
	desk_leave(vt);
}

static void
filter_underlines_what_it_does_not_understand(void **state)
{
	struct vt *vt = list_ready("zh", 24, 80);
	int col = 0;

	desk_type(vt, "/级别:A levle:B");
	desk_sees(vt, "没有字段“levle”");
	/* while it is typed that is a hint, no error: the rows stay, and so does the line */
	assert_null(strstr(vt_row(vt, 22), "E2014"));
	while (col < 80 && !(vt_cell_attr(vt, 1, col).flags & (VT_REVERSE | VT_BOLD)) &&
	       vt_cell_attr(vt, 1, col).colour < 0)
		col++;
	assert_int_equal(col, 9 + 7);
	desk_type(vt, "{Enter}");
	desk_sees(vt, "E2014");
	desk_leave(vt);
}

static void
filter_is_completed_by_tab(void **state)
{
	struct vt *vt = list_ready("zh", 24, 80);

	desk_type(vt, "/lev{Tab}");
	desk_sees(vt, "筛选> level:");
	desk_type(vt, "A{Tab}{Enter}");
	desk_sees(vt, "/15");
	desk_leave(vt);
}

static void
filter_history_comes_back_by_up(void **state)
{
	struct vt *vt = list_ready("zh", 24, 80);

	desk_type(vt, "/明珠{Enter}");
	desk_type(vt, "/{Ctrl-U}天府{Enter}");
	desk_type(vt, "/{Up}{Up}{Enter}");
	desk_sees(vt, "筛选> 明珠");
	desk_misses(vt, "天府");
	desk_leave(vt);
}

static void
nothing_found_says_what_to_do(void **state)
{
	struct vt *vt = list_ready("zh", 24, 80);

	desk_type(vt, "/没有这样的公司");
	desk_sees(vt, "没有符合的客户");
	desk_type(vt, "{Esc}{Ctrl-U}");
	desk_sees(vt, "/60");
	desk_leave(vt);
}

static void
paste_in_a_list_is_a_filter(void **state)
{
	struct vt *vt = list_ready("zh", 24, 80);

	vt_type(vt, "\x1b[200~天府\x1b[201~");
	desk_sees(vt, "筛选> 天府");
	desk_misses(vt, "明珠");
	desk_leave(vt);
}

/* ---- moving ------------------------------------------------------------------------------ */

static void
scrolling_reaches_the_end_and_comes_back(void **state)
{
	struct vt *vt = list_ready("zh", 24, 80);

	desk_type(vt, "{PgDn}{PgDn}{PgDn}{PgDn}{PgDn}");
	desk_sees(vt, "43-60/60");
	desk_type(vt, "{Home}");
	desk_sees(vt, "1-18/60");
	desk_type(vt, "{End}{End}{End}");
	desk_sees(vt, "43-60/60");
	desk_leave(vt);
}

static void
order_follows_the_key(void **state)
{
	struct vt *vt = list_ready("zh", 24, 80);
	char *first;

	desk_type(vt, "S");
	desk_sees(vt, "名称v");
	first = strdup(vt_row(vt, 3));
	desk_type(vt, "S");
	desk_sees(vt, "名称^");
	assert_string_not_equal(first, vt_row(vt, 3));
	desk_type(vt, "s");
	desk_sees(vt, "级别^");
	free(first);
	desk_leave(vt);
}

/* ---- doing ------------------------------------------------------------------------------- */

static void
deleting_asks_and_can_be_taken_back(void **state)
{
	struct vt *vt;

	expect_written(client_save(ada, E_visit, 0, 0,
	    SENT(NUMBER_OF(F_visit_customer_id, desk_customer(7)),
		NUMBER_OF(F_visit_at, date_now_us() + 9 * US_PER_DAY),
		TEXT_OF(F_visit_purpose, "删了再说")),
	    NULL));
	vt = desk_home(bed, "cai", "zh", 24, 80);
	desk_type(vt, "3");
	desk_sees(vt, "删了再说");
	desk_type(vt, "4");
	desk_type(vt, "{Enter}");
	desk_sees(vt, "移入回收站");
	desk_type(vt, "{Enter}");
	desk_sees(vt, "已删除 1 条   u 撤销");
	desk_misses(vt, "删了再说");
	desk_type(vt, "u");
	desk_sees(vt, "已恢复 1 条");
	desk_sees(vt, "删了再说");
	desk_type(vt, "{Home}4");
	desk_type(vt, "{Enter}");
	desk_type(vt, "{Enter}");
	desk_sees(vt, "已删除 1 条");
	desk_leave(vt);
}

static void
view_is_saved_and_opened_by_its_letter(void **state)
{
	struct vt *vt = list_ready("zh", 24, 80);

	desk_type(vt, "/明珠{Enter}");
	desk_sees(vt, "/12");
	desk_type(vt, "/{Ctrl-U}:save 明珠系{Enter}");
	desk_sees(vt, "视图已保存");
	desk_type(vt, "{F3}");
	desk_sees(vt, "a 明珠系");
	desk_type(vt, "{F9}a");
	desk_type(vt, "{Enter}");
	desk_sees(vt, "F7 筛选> 明珠");
	desk_sees(vt, "/12");
	desk_leave(vt);
}

static void
columns_and_groups_are_chosen_and_saved_as_a_view(void **state)
{
	struct vt *vt = list_ready("zh", 24, 80);

	desk_type(vt, "/明珠{Enter}");
	desk_sees(vt, "/12");
	desk_type(vt, "c");
	desk_sees(vt, "[1] number");
	desk_type(vt, "人数");
	desk_sees(vt, "employees");
	desk_misses(vt, "last_visit_at");
	desk_type(vt, "{Enter}");
	desk_sees(vt, "employees");
	desk_type(vt, "{Esc}");
	desk_sees(vt, "1-12/12");
	desk_type(vt, "t");
	desk_sees(vt, "按此分组");
	desk_type(vt, "级别");
	desk_sees(vt, "level");
	desk_misses(vt, "nature");
	desk_type(vt, "{Enter}");
	desk_sees(vt, "合计");
	desk_shows(vt, "list_zh_groups");
	desk_type(vt, "{F9}save 明珠分级");
	desk_sees(vt, "明珠分级");
	desk_type(vt, "{Enter}");
	desk_sees(vt, "视图已保存");
	desk_type(vt, "{Enter}");
	desk_sees(vt, "F7 筛选> 明珠 level:");
	desk_type(vt, "{F3}");
	desk_sees(vt, "回车打开该组");
	desk_leave(vt);
}

static void
columns_of_a_plain_list_are_remembered(void **state)
{
	struct vt *vt = list_ready("zh", 24, 80);

	desk_type(vt, "c");
	desk_sees(vt, "[1] number");
	desk_type(vt, "人数");
	desk_sees(vt, "employees");
	desk_misses(vt, "last_visit_at");
	desk_type(vt, "{Enter}");
	desk_type(vt, "{Esc}");
	desk_misses(vt, "employees");
	desk_sees(vt, " 人数");
	desk_type(vt, "{F3}");
	desk_sees(vt, "1首页");
	desk_misses(vt, " 人数");
	desk_type(vt, "2");
	desk_sees(vt, "/60");
	desk_sees(vt, " 人数");
	desk_leave(vt);
}

static void
totals_are_as_drawn_in_english(void **state)
{
	struct vt *vt = list_ready("en", 40, 120);

	desk_type(vt, "t");
	desk_sees(vt, "Group by");
	desk_type(vt, "level");
	desk_misses(vt, "nature");
	desk_type(vt, "{Enter}");
	desk_sees(vt, "Total");
	desk_shows(vt, "list_en_groups_120");
	desk_leave(vt);
}

/* ---- what others do ---------------------------------------------------------------------- */

static void
changes_of_others_appear_without_moving_the_cursor(void **state)
{
	struct vt *vt = list_ready("zh", 24, 80);
	const Kehu__Record *record = client_get(ada, E_customer, desk_customer(4))->get->record;

	desk_type(vt, "/天府{Enter}");
	desk_sees(vt, "/");
	desk_type(vt, "{Down}");
	expect_written(client_save(ada, E_customer, record->id, record->version,
	    SENT(TEXT_OF(F_customer_name, "改了名的物流有限公司")), NULL));
	record = client_get(ada, E_customer, desk_customer(8))->get->record;
	expect_written(client_save(ada, E_customer, record->id, record->version,
	    SENT(TEXT_OF(F_customer_name, "天府改名贸易有限公司")), NULL));
	desk_sees(vt, "天府改名贸易有限公司");
	expect_written(client_save(
	    ada, E_customer, 0, 0, SENT(TEXT_OF(F_customer_name, "天府新客户")), NULL));
	desk_sees(vt, "新 1 条 F5");
	desk_type(vt, "{F5}");
	desk_sees(vt, "天府新客户");
	desk_leave(vt);
}

/* ---- the line ---------------------------------------------------------------------------- */

static void
server_that_dies_and_returns_is_waited_for(void **state)
{
	struct vt *vt = list_ready("zh", 24, 80);

	bed_kill(bed, SIGKILL);
	desk_sees(vt, "断 ");
	/* What is here can still be read. */
	desk_type(vt, "{Down}{Down}");
	desk_sees(vt, "公司");
	desk_type(vt, "/西湖{Enter}");
	desk_sees(vt, "Ctrl-L 重连");
	bed_start(bed);
	desk_type(vt, "{Ctrl-L}");
	desk_sees(vt, "OK");
	desk_misses(vt, "明珠");
	desk_sees(vt, "西湖");
	desk_leave(vt);
}

static void
server_that_stops_for_work_is_announced(void **state)
{
	struct vt *vt = list_ready("zh", 24, 80);

	bed_kill(bed, SIGTERM);
	desk_sees(vt, "停机维护");
	desk_sees(vt, "断 ");
	bed_start(bed);
	desk_sees(vt, "OK");
	desk_type(vt, "/明珠{Enter}");
	desk_sees(vt, "/12");
	desk_leave(vt);
}

/* F8 with marked rows offers what the digits do, for all of them. */
static void
marked_rows_are_acted_on_together(void **state)
{
	struct vt *vt = list_ready("zh", 24, 80);

	desk_type(vt, "{Space}{Space}{F8}");
	desk_sees(vt, "对选中的 2 条");
	desk_type(vt, "看{Enter}");
	desk_sees(vt, "世纪大道");
	desk_type(vt, "{F3}");
	desk_sees(vt, "世纪大道");
	desk_type(vt, "{F3}");
	desk_sees(vt, "[客户]");
	desk_leave(vt);
}

/* What was given away is Ada's again: the other tests count on all of it. */
static void
list_give_back(void)
{
	pg_exec(DB, "UPDATE customer c SET owner_id = u.id, department_id = u.department_id, branch_id = u.branch_id, "
		    "owned_since = NULL FROM users u WHERE u.id = 101 AND c.owner_id <> 101");
}

/* Five marked customers and twelve keys: tried first, done together, and refused together. */
static void
marked_customers_go_to_another_owner_as_one(void **state)
{
	const char *owned = "SELECT count(*) FROM customer WHERE owner_id = 102";
	struct vt *vt = list_ready("zh", 24, 80);
	int64_t before = pg_int(DB, "%s", owned);

	desk_type(vt, "{Space*5}{F8}");
	desk_sees(vt, "对选中的 5 条");
	desk_type(vt, "转{Enter}");
	desk_sees(vt, "新负责人");
	desk_type(vt, "Be{F10}");
	desk_sees(vt, "可执行 5 条");
	assert_int_equal(pg_int(DB, "%s", owned), before);
	desk_type(vt, "{F10}");
	desk_sees(vt, "转移：已完成 5 条");
	assert_int_equal(pg_int(DB, "%s", owned), before + 5);
	/* Not agreed to, or one was changed meanwhile: nothing moves. */
	desk_type(vt, "{Space}{Space}{F8}");
	desk_sees(vt, "对选中的 2 条");
	desk_type(vt, "转{Enter}");
	desk_sees(vt, "新负责人");
	desk_type(vt, "Da{F10}");
	desk_sees(vt, "可执行 2 条");
	desk_type(vt, "n{Enter}{F10}");
	desk_sees(vt, "可执行 2 条");
	pg_exec(DB, "UPDATE customer SET version = version + 1");
	desk_type(vt, "{F10}");
	desk_sees(vt, "未执行：2 条中有 2 条");
	assert_int_equal(pg_int(DB, "%s", owned), before + 5);
	desk_leave(vt);
	list_give_back();
}

/* A field of three marked rows, then of all that the list finds; both are bulk changes. */
static void
fields_of_many_are_set_together(void **state)
{
	struct vt *vt = list_ready("zh", 24, 80);
	int64_t bulks = pg_int(DB, "SELECT count(*) FROM bulk");

	desk_type(vt, "{Space*3}{F8}");
	desk_sees(vt, "对选中的 3 条");
	desk_type(vt, "修改 邮编{Enter}");
	desk_sees(vt, "< F10 修改 邮编 >");
	desk_type(vt, "250001{F10}");
	desk_sees(vt, "可执行 3 条");
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM customer WHERE postcode = '250001'"), 0);
	desk_type(vt, "{F10}");
	desk_sees(vt, "修改 邮编：已完成 3 条");
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM customer WHERE postcode = '250001'"), 3);
	desk_type(vt, "{Space}{F8}");
	desk_sees(vt, "对选中的 1 条");
	desk_type(vt, "对列表{Enter}");
	desk_sees(vt, "对列表中的全部记录");
	desk_type(vt, "修改 邮编{Enter}");
	desk_sees(vt, "< F10 修改 邮编 >");
	desk_type(vt, "250001{F10}");
	desk_sees(vt, "可执行 57 条，已是如此 3 条");
	desk_type(vt, "{F10}");
	desk_sees(vt, "修改 邮编：已完成 57 条");
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM customer WHERE postcode = '250001'"), 60);
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM bulk"), bulks + 2);
	desk_leave(vt);
}

static void
marked_customers_go_to_another_owner_in_english(void **state)
{
	struct vt *vt = list_ready("en", 24, 80);

	desk_type(vt, "{Space}{Space}{F8}");
	desk_sees(vt, "With the 2 marked rows");
	desk_type(vt, "Transf{Enter}");
	desk_sees(vt, "New owner");
	desk_type(vt, "Da{F10}");
	desk_sees(vt, "It can be done with 2");
	desk_type(vt, "{F10}");
	desk_sees(vt, "2 done");
	desk_leave(vt);
	list_give_back();
}

static void
resizing_leaves_no_trace(void **state)
{
	struct vt *vt = list_ready("zh", 24, 80);
	char *before;

	vt_wait_settled(vt, DESK_QUIET_MS, DESK_SOON_MS);
	before = strdup(strchr(vt_screen_text(vt), '\n')); /* without the clock */
	vt_resize(vt, 10, 40);
	desk_sees(vt, "窗口太小");
	vt_resize(vt, 50, 160);
	desk_sees(vt, "世纪大道");
	vt_resize(vt, 24, 80);
	desk_sees(vt, "Opt: 2改");
	vt_wait_settled(vt, DESK_QUIET_MS, DESK_SOON_MS);
	assert_string_equal(before, strchr(vt_screen_text(vt), '\n'));
	free(before);
	desk_leave(vt);
}

static void
terminal_is_restored_after_a_crash(void **state)
{
	struct vt *vt = list_ready("zh", 24, 80);

	vt_signal(vt, SIGSEGV);
	assert_true(vt_wait_exit(vt, DESK_SOON_MS));
	assert_false(vt_alt_screen(vt));
	assert_true(vt_cursor_visible(vt));
	int status = vt_close(vt);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGSEGV);
}

static void
acts_stay_within_their_bytes(void **state)
{
	struct vt *vt = desk_home(bed, "ada", "zh", 24, 80);

	desk_costs(vt, "first list page", "2", 2300);
	desk_costs(vt, "cursor down", "{Down}", 200);
	desk_costs(vt, "cursor up", "{Up}", 200);
	desk_costs(vt, "page down, prefetched", "{PgDn}{PgDn}", 1700);
	desk_costs(vt, "filter line opens", "/", 200);
	desk_costs(vt, "filter typed", "西湖", 1760);
	desk_costs(vt, "filter closed", "{Enter}", 300);
	desk_costs(vt, "palette opens", "{F9}", 950);
	desk_costs(vt, "palette closes over ten rows of names", "{Esc}", 1100);
	desk_costs(vt, "preview opens", "w", 2300);
	desk_costs(vt, "cursor down, preview follows", "{Down}", 900);
	desk_costs(vt, "40 keys in one burst", "{Down*5}{Up*5}{Down*5}", 1700);
	desk_leave(vt);
}

static int
setup(void **state)
{
	bed = bed_new(DB);
	ada = client_new(bed, "ada", LANG_ZH);
	desk_company(ada);
	pg_exec(DB, "UPDATE customer SET owned_since = NULL"); /* shown by the minute */
	return 0;
}

static int
teardown(void **state)
{
	client_free(ada);
	bed_free(bed);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(list_is_as_drawn_in_chinese),
		cmocka_unit_test(list_is_as_drawn_in_english),
		cmocka_unit_test(list_is_as_drawn_on_a_large_terminal),
		cmocka_unit_test(filter_finds_by_two_han_characters),
		cmocka_unit_test(filter_finds_by_pinyin_initials),
		cmocka_unit_test(han_letters_typed_in_a_list_open_the_filter),
		cmocka_unit_test(filter_understands_fields),
		cmocka_unit_test(filter_underlines_what_it_does_not_understand),
		cmocka_unit_test(filter_is_completed_by_tab),
		cmocka_unit_test(filter_history_comes_back_by_up),
		cmocka_unit_test(nothing_found_says_what_to_do),
		cmocka_unit_test(paste_in_a_list_is_a_filter),
		cmocka_unit_test(scrolling_reaches_the_end_and_comes_back),
		cmocka_unit_test(order_follows_the_key),
		cmocka_unit_test(acts_stay_within_their_bytes),
		cmocka_unit_test(terminal_is_restored_after_a_crash),
		cmocka_unit_test(resizing_leaves_no_trace),
		cmocka_unit_test(view_is_saved_and_opened_by_its_letter),
		cmocka_unit_test(columns_and_groups_are_chosen_and_saved_as_a_view),
		cmocka_unit_test(columns_of_a_plain_list_are_remembered),
		cmocka_unit_test(totals_are_as_drawn_in_english),
		cmocka_unit_test(deleting_asks_and_can_be_taken_back),
		cmocka_unit_test(marked_rows_are_acted_on_together),
		cmocka_unit_test(marked_customers_go_to_another_owner_as_one),
		cmocka_unit_test(marked_customers_go_to_another_owner_in_english),
		cmocka_unit_test(fields_of_many_are_set_together),
		cmocka_unit_test(server_that_stops_for_work_is_announced),
		cmocka_unit_test(server_that_dies_and_returns_is_waited_for),
		cmocka_unit_test(changes_of_others_appear_without_moving_the_cursor),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, setup, teardown);
}
