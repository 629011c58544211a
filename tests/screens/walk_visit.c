/*
 * A day's work at the real terminal against a real server: find a customer, log a visit, look
 * at its sheet. In both languages and two sizes, with the keys it takes counted.
 */
#include "common/date.h"
#include "server/entity/fields.h"
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

#define DB "walk_visit"

enum { KEYS_LIMIT = 25, CALL_KEYS_LIMIT = 20 };

static struct bed *bed;
static struct client *ada;
static size_t keys_pressed;

/* Keys are counted: {F6} is one, so is each letter. */
static void
press(struct vt *vt, const char *keys)
{
	for (const char *at = keys; *at; at++) {
		if (*at == '{')
			at += strcspn(at, "}");
		keys_pressed++;
	}
	desk_type(vt, keys);
}

/* Free text is not. */
static void
say(struct vt *vt, const char *text)
{
	desk_type(vt, text);
}

static int64_t
make_customer(const char *name, const char *english, const char *contact)
{
	/* The same customer for each size and language is not a duplicate here. */
	pg_exec(DB, "UPDATE customer SET phone_digits = NULL, name_alike = NULL, name_sound = NULL;"
		    "UPDATE contact SET mobile_digits = NULL;"
		    "UPDATE customer_phone SET number_digits = NULL");
	int64_t id = expect_written(
	    client_save(ada, E_customer, 0, 0,
		SENT(TEXT_OF(F_customer_name, name), TEXT_OF(F_customer_name_en, english),
		    TEXT_OF(F_customer_level, "A"), TEXT_OF(F_customer_industry, "finance"),
		    TEXT_OF(F_customer_phone, "021-6882 0001"),
		    TEXT_OF(F_customer_address, "浦东新区世纪大道 88 号")),
		(const struct sent_line[]){
		    { .entity = E_customer_phone,
			.id = -1,
			.values = SENT(TEXT_OF(F_customer_phone_kind, "mobile"),
			    TEXT_OF(F_customer_phone_number, "13800138000")) },
		    { 0 } }))
			 ->id;

	expect_written(client_save(ada, E_contact, 0, 0,
	    SENT(TEXT_OF(F_contact_name, contact), NUMBER_OF(F_contact_customer_id, id),
		TEXT_OF(F_contact_title, "科技部经理"),
		TEXT_OF(F_contact_mobile, "13912347731")),
	    NULL));
	return id;
}

/* What differs from day to day. */
static void
mask_days(struct vt *vt)
{
	vt_mask(vt, "[0-9]{4}-[0-9]{2}-[0-9]{2}", "2026-01-01");
	vt_mask(vt, "[0-9]{2}-[0-9]{2} ", "01-01 ");
	vt_mask(vt, "[0-9]{2}:[0-9]{2}", "00:00");
	vt_mask(vt, "周(一|二|三|四|五|六|日)", "周一");
	vt_mask(vt, "(Mon|Tue|Wed|Thu|Fri|Sat|Sun)", "Mon");
	vt_mask(vt, "V[0-9]{4}-[0-9]{6}", "V0000-000000");
	vt_mask(vt, "#C[0-9]{6}", "#C000000");
	vt_mask(vt, "C[0-9]{6}", "C000000");
}

struct walk {
	const char *name, *lang;
	int rows, cols;
	const char *customer, *english, *contact, *search;
	const char *purpose, *summary;
};

static void
shows(struct vt *vt, const struct walk *walk, const char *what)
{
	desk_shows(vt, arena_printf(bed->arena, "walk_%s_%s", what, walk->name));
}

/* login → search → customer → visit → save → print preview */
static void
walk(const struct walk *walk)
{
	bool zh = strcmp(walk->lang, "zh") == 0;
	int64_t customer = make_customer(walk->customer, walk->english, walk->contact);
	struct vt *vt =
	    desk_open(bed, &(struct desk_options){
			       .lang = walk->lang, .rows = walk->rows, .cols = walk->cols });

	mask_days(vt);
	desk_type(vt, "ada{Enter}");
	desk_type(vt, BED_PASSWORD "{Enter}");
	desk_sees(vt, zh ? "1首页 2客户" : "1Home 2Customers");

	keys_pressed = 0;
	press(vt, "{F9}");
	say(vt, walk->search);
	/* in the palette, that is: the home screen may show it too */
	desk_sees(vt, arena_printf(bed->arena, "|>%s", walk->customer));
	press(vt, "{Enter}");
	desk_sees(vt, zh ? "[概览]" : "[Overview]");
	desk_sees(vt, "021-6882 0001");
	shows(vt, walk, "customer");

	press(vt, "{F6}");
	desk_sees(vt, zh ? "新建拜访" : "New Visit");
	shows(vt, walk, "form");
	say(vt, walk->purpose);
	press(vt, "{Tab}1{Tab}");
	say(vt, walk->summary);
	press(vt, "{Tab}{Tab}+7d{F10}");
	desk_sees(vt, "V2");
	desk_sees(vt, zh ? "已保存" : "saved");
	print_message("# %s: a visit took %zu keys besides free text, limit %d\n", walk->name,
	    keys_pressed, KEYS_LIMIT);
	assert_in_range(keys_pressed, 1, KEYS_LIMIT);
	desk_sees(vt, walk->purpose);
	shows(vt, walk, "saved");
	assert_int_equal(pg_int(DB,
			     "SELECT count(*) FROM visit WHERE customer_id = %ld AND"
			     " state = 'completed' AND next_on IS NOT NULL",
			     (long)customer),
	    1);

	desk_type(vt, "{Ctrl-T}");
	desk_sees(vt, zh ? "客户拜访单" : "Visit sheet");
	desk_sees(vt, walk->summary);
	shows(vt, walk, "sheet");
	desk_leave(vt);
}

static void
log_visit(struct vt *vt, const char *purpose)
{
	desk_type(vt, "{F6}");
	desk_sees(vt, "新建拜访");
	desk_type(vt, purpose);
	desk_type(vt, "{Tab}1{Tab}");
	desk_type(vt, "谈妥");
	desk_type(vt, "{F10}");
	desk_sees(vt, "已保存");
}

/* The cursor was on another row; what was just saved is what ^T means, and then the cursor's. */
static void
sheet_after_saving_is_the_new_visit(void **state)
{
	make_customer("苏州打印纸有限公司", "Paper", "王芳");
	struct vt *vt = desk_home(bed, "ada", "zh", 24, 80);

	desk_type(vt, "{F9}");
	desk_type(vt, "打印纸");
	desk_sees(vt, "|>苏州打印纸");
	desk_type(vt, "{Enter}");
	desk_sees(vt, "[概览]");
	desk_type(vt, "{Tab}{Tab}");
	desk_sees(vt, "[拜访");
	log_visit(vt, "先前目的");
	desk_sees(vt, "先前目的");
	log_visit(vt, "后来目的");
	desk_type(vt, "{Ctrl-T}");
	desk_sees(vt, "客户拜访单");
	desk_sees(vt, "后来目的");
	desk_type(vt, "{F3}");
	desk_sees(vt, "[拜访");
	/* and when its row is here the cursor is on it, so that a moment later ^T means the same */
	desk_type(vt, "{Tab}{BackTab}{Ctrl-T}");
	desk_sees(vt, "后来目的");
	desk_leave(vt);
}

static void
visit_is_logged_and_shown_in_chinese(void **state)
{
	walk(&(struct walk){ "zh_80", "zh", 24, 80, "上海浦东发展银行", "SPD Bank", "张敏",
	    "浦东", "报价第2版", "客户同意报价，等待合同" });
}

static void
visit_is_logged_and_shown_in_english(void **state)
{
	walk(&(struct walk){ "en_80", "en", 24, 80, "Harbour Freight Ltd", "Harbour Freight",
	    "Ann Lee", "Harbour", "Quote version 2", "They accept and wait for the contract" });
}

static void
visit_is_logged_on_a_large_terminal_in_chinese(void **state)
{
	walk(&(struct walk){ "zh_120", "zh", 40, 120, "杭州西湖软件股份有限公司",
	    "Westlake Software", "刘洋", "xhrj", "演示新版本", "下次带上实施组" });
}

static void
visit_is_logged_on_a_large_terminal_in_english(void **state)
{
	walk(&(struct walk){ "en_120", "en", 40, 120, "Northern Lights Energy Inc",
	    "Northern Lights", "Bob Stone", "Northern", "First meeting",
	    "They want a tender in spring" });
}

/* ---- a call ------------------------------------------------------------------------------ */

/* From the digits on the phone to a ticket of the customer they belong to. */
static void
walk_call(const char *lang, int rows, int cols, const char *customer, const char *digits)
{
	bool zh = strcmp(lang, "zh") == 0;
	int64_t id = make_customer(customer, customer, "来电人"), ticket;
	struct vt *vt;

	pg_exec(DB, "UPDATE customer SET phone_digits = '%s' WHERE id = %ld", digits, (long)id);
	vt = desk_home(bed, "ada", lang, rows, cols);
	keys_pressed = 0;
	press(vt, "{F9}xgd");
	desk_sees(vt, zh ? "|>新建工单" : "|>New Ticket");
	press(vt, "{Enter}");
	desk_sees(vt, zh ? "来电号码" : "Caller's phone");
	say(vt, "打印机不通电");
	press(vt, "{Tab}3{Tab}");
	press(vt, digits);
	press(vt, "{F10}");
	desk_sees(vt, "TK2");
	desk_sees(vt, zh ? "报修" : "Repair");
	print_message("# a ticket took %zu keys besides free text, limit %d\n", keys_pressed, CALL_KEYS_LIMIT);
	assert_in_range(keys_pressed, 1, CALL_KEYS_LIMIT);
	desk_leave(vt);
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM ticket WHERE customer_id = %ld AND kind = 'repair'", (long)id), 1);
	ticket = pg_int(DB, "SELECT id FROM ticket WHERE customer_id = %ld", (long)id);

	/* it stands with the customer, and on the home screen of who handles it; solved and rated from there */
	vt = desk_home(bed, "ada", lang, rows, cols);
	desk_type(vt, ":wdgd{Enter}");
	desk_sees(vt, "打印机不通电");
	desk_type(vt, "{Enter}");
	desk_sees(vt, zh ? "状态 新工单" : "State New");
	desk_type(vt, "{F8}");
	desk_type(vt, zh ? "解决{Enter}" : "Solve{Enter}");
	desk_sees(vt, zh ? "处理结果" : "Solution");
	desk_type(vt, "fixed{F10}");
	desk_sees(vt, zh ? "状态 已解决" : "State Solved");
	desk_type(vt, "{F8}");
	desk_type(vt, zh ? "评分{Enter}" : "Rate{Enter}");
	desk_sees(vt, zh ? "客户意见" : "Stars");
	desk_type(vt, "2{F10}");
	desk_sees(vt, zh ? "状态 处理中" : "State Open");
	desk_leave(vt);
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM ticket_move WHERE ticket_id = %ld", (long)ticket), 3);
	expect_written(client_act(ada, E_ticket, ticket, "cancel", SENT(TEXT_OF(1, "x"))));
}

static void
call_becomes_a_ticket_that_is_solved_and_rated_in_chinese(void **state)
{
	walk_call("zh", 24, 80, "来电机械有限公司", "13955660011");
}

static void
call_becomes_a_ticket_that_is_solved_and_rated_in_english(void **state)
{
	walk_call("en", 40, 120, "Calling Machines Ltd", "13955660012");
}

/* ---- the calendar ------------------------------------------------------------------------ */

static int64_t
make_meeting(struct client *client, const char *purpose, int64_t at_us)
{
	return expect_written(client_save(client, E_visit, 0, 0, SENT(TEXT_OF(F_visit_kind, "meeting"),
	    TEXT_OF(F_visit_purpose, purpose), NUMBER_OF(F_visit_at, at_us)), NULL))->id;
}

/* The screen says it at once; the server has it soon. */
static void
stored_is(struct client *client, int64_t id, uint32_t field, int64_t wanted)
{
	int64_t until = date_monotonic_us() + DESK_SOON_MS * INT64_C(1000), found = 0;

	while (date_monotonic_us() < until) {
		found = value_of(client_get(client, E_visit, id)->get->record, field)->number;
		if (found == wanted)
			return;
	}
	assert_int_equal(found, wanted);
}

static void
walk_calendar(const char *user, const char *lang, int rows, int cols)
{
	bool zh = strcmp(lang, "zh") == 0;
	struct client *client = client_new(bed, user, LANG_ZH);
	int64_t day = date_of_us(date_now_us(), 480) + 1, hour = 60 * 60 * US_PER_SECOND;
	int64_t ten = day * US_PER_DAY + 2 * hour, first = make_meeting(client, "部门早会", ten);
	struct vt *vt;

	make_meeting(client, "撞在一起", ten + hour / 2);
	vt = desk_home(bed, user, lang, rows, cols);
	desk_type(vt, ":rl{Enter}");
	desk_sees(vt, zh ? "[ ] 一天" : "[ ] a day");
	desk_type(vt, "{Right}");
	/* both are marked, in the week and in the day below it */
	desk_sees(vt, "10:00!");
	desk_sees(vt, "10:30!");
	desk_sees(vt, "10:00-11:00!");
	desk_sees(vt, "开工庆典");
	desk_type(vt, "d");
	desk_sees(vt, "09:00");
	desk_sees(vt, "17:00");
	/* faster than the server answers: the sum is what counts */
	desk_type(vt, ">>>");
	desk_sees(vt, "11:30-12:30 ");
	stored_is(client, first, F_visit_at, ten + 3 * hour / 2);
	desk_sees(vt, "10:30-11:30 ");
	desk_type(vt, "+");
	stored_is(client, first, F_visit_minutes, 75);
	desk_type(vt, "-");
	stored_is(client, first, F_visit_minutes, 60);
	desk_type(vt, "]");
	stored_is(client, first, F_visit_at, ten + 3 * hour / 2 + US_PER_DAY);
	desk_misses(vt, "撞在一起");
	desk_type(vt, "[");
	stored_is(client, first, F_visit_at, ten + 3 * hour / 2);
	desk_sees(vt, "撞在一起");
	desk_type(vt, "m");
	desk_sees(vt, zh ? "月 " : "Month ");
	desk_sees(vt, "部门早会");
	/* a new one begins where that under the cursor ends */
	desk_type(vt, "n");
	desk_sees(vt, zh ? "新建拜访" : "New Visit");
	desk_type(vt, "{F3}");
	desk_type(vt, "{F3}");
	desk_leave(vt);
	client_free(client);
}

static void
calendar_shows_conflicts_and_moves_in_chinese(void **state)
{
	walk_calendar("ben", "zh", 24, 80);
}

static void
calendar_shows_conflicts_and_moves_on_a_large_terminal_in_english(void **state)
{
	walk_calendar("dan", "en", 40, 120);
}

/* ---- the evening report ------------------------------------------------------------------ */

/* Filled by Kehu, handed in, on the supervisor's home, read with a word, which its author hears at once. */
static void
walk_evening(const char *user, const char *lang, int rows, int cols)
{
	bool zh = strcmp(lang, "zh") == 0;
	struct client *client = client_new(bed, user, LANG_ZH);
	struct vt *author, *reader;

	/* the day's first work, so that it stands above what other tests did */
	make_meeting(client, "今天谈成的事",
	    date_today(480) * US_PER_DAY - 480 * INT64_C(60) * US_PER_SECOND + US_PER_SECOND);
	author = desk_home(bed, user, lang, rows, cols);
	desk_type(author, ":rb{Enter}");
	desk_sees(author, zh ? "工作报告" : "Work report");
	desk_type(author, "{F6}");
	desk_sees(author, zh ? "问题与支持" : "Problems");
	desk_type(author, "{F10}");
	desk_sees(author, "今天谈成的事");
	desk_type(author, "{F8}");
	desk_type(author, zh ? "提交{Enter}" : "Hand in{Enter}");
	desk_sees(author, zh ? "状态 已提交" : "State Handed in");
	/* frozen: there is nothing to change any more */
	desk_misses(author, zh ? "F2改" : "F2Edit");
	desk_type(author, "{F3}");

	reader = desk_home(bed, "cai", lang, rows, cols);
	desk_sees(reader, zh ? "待阅报告 (1)" : "To read (1)");
	/* the first thing to do */
	desk_type(reader, "{Enter}");
	desk_sees(reader, "今天谈成的事");
	desk_type(reader, "{F8}");
	desk_type(reader, zh ? "已阅{Enter}" : "Read{Enter}");
	desk_sees(reader, zh ? "评语" : "Comment");
	desk_type(reader, "做得好，继续跟进");
	desk_type(reader, "{F10}");
	desk_sees(reader, zh ? "状态 已阅" : "State Read");
	desk_type(reader, "{F3}");
	desk_misses(reader, zh ? "待阅报告" : "To read (");
	desk_leave(reader);

	desk_type(author, "{F3}");
	desk_sees(author, zh ? "未读消息 (" : "Unread (");
	desk_type(author, ":rb{Enter}");
	desk_sees(author, zh ? "已阅" : "Read");
	desk_type(author, "{Enter}");
	desk_sees(author, zh ? "评论 1" : "Comments 1");
	desk_type(author, "{Right}");
	desk_sees(author, "做得好");
	desk_end(author);
	client_free(client);
}

static void
evening_report_is_handed_in_and_commented_in_chinese(void **state)
{
	walk_evening("ada", "zh", 24, 80);
}

static void
evening_report_is_handed_in_and_commented_in_english(void **state)
{
	walk_evening("ben", "en", 40, 120);
}

static int
setup(void **state)
{
	bed = bed_new(DB);
	struct client *guo;

	ada = client_new(bed, "ada", LANG_ZH);
	guo = client_new(bed, "guo", LANG_ZH);
	expect_written(client_save(guo, E_holiday, 0, 0,
	    SENT(NUMBER_OF(F_holiday_day, date_of_us(date_now_us(), 480) + 1), TEXT_OF(F_holiday_name, "开工庆典")), NULL));
	client_free(guo);
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
		cmocka_unit_test(visit_is_logged_and_shown_in_chinese),
		cmocka_unit_test(visit_is_logged_and_shown_in_english),
		cmocka_unit_test(visit_is_logged_on_a_large_terminal_in_chinese),
		cmocka_unit_test(visit_is_logged_on_a_large_terminal_in_english),
		cmocka_unit_test(sheet_after_saving_is_the_new_visit),
		cmocka_unit_test(evening_report_is_handed_in_and_commented_in_chinese),
		cmocka_unit_test(evening_report_is_handed_in_and_commented_in_english),
		cmocka_unit_test(call_becomes_a_ticket_that_is_solved_and_rated_in_chinese),
		cmocka_unit_test(call_becomes_a_ticket_that_is_solved_and_rated_in_english),
		cmocka_unit_test(calendar_shows_conflicts_and_moves_in_chinese),
		cmocka_unit_test(calendar_shows_conflicts_and_moves_on_a_large_terminal_in_english),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, setup, teardown);
}
