/*
 * The opportunity board at the real terminal: opened by its code, cards moved by keys, refused
 * with the reason on the card, lost through its form, undone, and moved by somebody else.
 */
#include "common/date.h"
#include "server/entity/fields.h"
#include "tests/lib/desk.h"
#include "tests/lib/pg.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
// clang-format off
#include <cmocka.h>
// clang-format on

#define DB "walk_board"

static struct bed *bed;
static struct client *ada, *cai;

struct walk {
	const char *name, *lang;
	int rows, cols;
};

static int64_t
make_opportunity(int64_t customer, const char *name, int64_t yuan)
{
	int64_t day = date_today(480);

	return expect_written(client_save(ada, E_opportunity, 0, 0,
		SENT(TEXT_OF(F_opportunity_name, name), NUMBER_OF(F_opportunity_customer_id, customer),
		    { .field = F_opportunity_amount, .text = yuan != 0 ? "CNY" : NULL, .number = yuan * 100, .has_number = yuan != 0,
			.empty = yuan == 0 },
		    NUMBER_OF(F_opportunity_expected_on, day + 30)), NULL))->id;
}

static void
stage_is(int64_t id, const char *stage)
{
	assert_string_equal(pg_exec(DB, "SELECT stage FROM opportunity WHERE id = %ld", (long)id), stage);
}

static void
walk(const struct walk *walk)
{
	bool zh = strcmp(walk->lang, "zh") == 0;
	static int64_t customers[2];
	int64_t first, poor, other;
	struct vt *vt;

	/* Each walk has the board to itself. */
	pg_exec(DB, "UPDATE opportunity SET deleted_at = now() WHERE deleted_at IS NULL");
	if (customers[zh] == 0) /* a second of the name would be refused */
		customers[zh] = expect_written(client_save(ada, E_customer, 0, 0,
		    SENT(TEXT_OF(F_customer_name, zh ? "苏州明远机电有限公司" : "Harbour Freight Ltd")), NULL))->id;
	first = make_opportunity(customers[zh], zh ? "贴片机两台" : "Two placers", 1280000);
	poor = make_opportunity(customers[zh], zh ? "回流焊炉" : "Reflow oven", 0);
	other = make_opportunity(customers[zh], zh ? "检测设备" : "Inspection", 360000);
	pg_exec(DB, "UPDATE opportunity SET expected_on = expected_on + 1 WHERE id = %ld", (long)poor);
	pg_exec(DB, "UPDATE opportunity SET expected_on = expected_on + 2, stage_since = stage_since - interval "
		    "'40 days', stalls_on = stalls_on - 40 WHERE id = %ld", (long)other);

	expect_written(client_save(ada, E_plan_step, 0, 0,
	    SENT(NUMBER_OF(F_plan_step_opportunity_id, first), NUMBER_OF(F_plan_step_due_on, date_today(480)),
		TEXT_OF(F_plan_step_step, "送样")), NULL));

	vt = desk_home(bed, "ada", walk->lang, walk->rows, walk->cols);
	desk_sees(vt, zh ? "开发计划 (" : "Plan steps (");
	desk_type(vt, "{F9}");
	desk_type(vt, "kb");
	desk_sees(vt, zh ? "商机看板" : "Opportunity board");
	desk_type(vt, "{Enter}");
	desk_sees(vt, zh ? "初步接触" : "Prospecting");
	desk_sees(vt, zh ? "40天!" : "40 d!");
	desk_shows(vt, arena_printf(bed->arena, "board_open_%s", walk->name));

	/* one request, both ways of typing it */
	desk_type(vt, ">");
	desk_sees(vt, zh ? "已到 需求确认" : "now Engaging");
	stage_is(first, "engaging");
	desk_type(vt, "\033[1;2C");
	desk_sees(vt, zh ? "已到 方案报价" : "now Proposal");
	stage_is(first, "proposal");
	desk_type(vt, "u");
	desk_sees(vt, zh ? "已到 需求确认" : "now Engaging");
	stage_is(first, "engaging");
	desk_type(vt, "<");
	desk_sees(vt, zh ? "已到 初步接触" : "now Prospecting");

	/* what lacks an amount goes no further than its stage allows, and says so on the card */
	desk_type(vt, "j");
	desk_type(vt, ">");
	desk_sees(vt, zh ? "已到 需求确认" : "now Engaging");
	desk_type(vt, ">");
	desk_sees(vt, zh ? "请先填写：金额" : "fill in first: Amount");
	stage_is(poor, "engaging");
	desk_shows(vt, arena_printf(bed->arena, "board_refused_%s", walk->name));

	/* somebody else moves a card while it is on the screen */
	expect_written(client_act(cai, E_opportunity, other, "move", SENT(TEXT_OF(1, "negotiation"))));
	desk_misses(vt, zh ? "40天!" : "40 d!");

	/* to the right of Won is Lost, which asks why */
	desk_type(vt, "h");
	expect_written(client_act(ada, E_opportunity, first, "move", SENT(TEXT_OF(1, "contract"))));
	desk_type(vt, "{F7}");
	desk_type(vt, zh ? "名称:贴片机{Enter}" : "name:placers{Enter}");
	desk_misses(vt, zh ? "回流焊炉" : "Reflow");
	desk_type(vt, "llllll");
	desk_type(vt, "hh");
	desk_type(vt, ">");
	desk_sees(vt, zh ? "已到 赢单" : "now Won");
	stage_is(first, "won");
	desk_type(vt, "<");
	desk_sees(vt, zh ? "已到 签订合同" : "now Contract");
	stage_is(first, "contract");
	desk_type(vt, "{F8}");
	desk_sees(vt, zh ? "输单" : "Lose");
	desk_type(vt, zh ? "输单" : "Lose");
	desk_type(vt, "{Enter}");
	desk_sees(vt, zh ? "输给" : "Lost to");
	desk_type(vt, "1{F10}");
	stage_is(first, "lost");
	desk_sees(vt, zh ? "贴片机" : "placers");
	assert_string_equal(pg_exec(DB, "SELECT lost_reason FROM opportunity WHERE id = %ld", (long)first), "price");
	desk_shows(vt, arena_printf(bed->arena, "board_lost_%s", walk->name));
	desk_leave(vt);
}

static void
board_moves_cards_in_chinese(void **state)
{
	walk(&(struct walk){ "zh_80", "zh", 24, 80 });
}

static void
board_moves_cards_in_english(void **state)
{
	walk(&(struct walk){ "en_80", "en", 24, 80 });
}

static void
board_moves_cards_on_a_large_terminal_in_chinese(void **state)
{
	walk(&(struct walk){ "zh_120", "zh", 40, 120 });
}

static void
board_moves_cards_on_a_large_terminal_in_english(void **state)
{
	walk(&(struct walk){ "en_120", "en", 40, 120 });
}

/* Captured by keys, converted by F8: a customer, a contact and an opportunity. */
static void
convert(const char *lang, int rows, int cols, const char *company, const char *person)
{
	bool zh = strcmp(lang, "zh") == 0;
	struct vt *vt = desk_home(bed, "ada", lang, rows, cols);

	desk_type(vt, "{F9}");
	desk_type(vt, "xxs");
	desk_sees(vt, zh ? "线索" : "Lead");
	desk_type(vt, "{Enter}");
	desk_sees(vt, zh ? "新建线索" : "New Lead");
	desk_type(vt, company);
	desk_type(vt, "{Tab}");
	desk_type(vt, person);
	desk_type(vt, "{Tab}{Tab}13900008888{F10}");
	desk_sees(vt, "L2");
	desk_sees(vt, zh ? "已保存" : "saved");
	desk_type(vt, "{F8}");
	desk_sees(vt, zh ? "转为客户" : "Convert");
	desk_type(vt, zh ? "转为" : "Convert");
	desk_type(vt, "{Enter}");
	desk_sees(vt, zh ? "电话相同仍新建" : "Existing customer");
	desk_type(vt, "{F10}");
	desk_sees(vt, zh ? "新建客户，商机 O2" : "New customer, opportunity O2");
	desk_sees(vt, zh ? "已转化" : "Converted");
	assert_int_equal(pg_int(DB,
			     "SELECT count(*) FROM lead l JOIN customer c ON c.id = l.customer_id"
			     " JOIN contact p ON p.id = l.contact_id AND p.customer_id = c.id"
			     " JOIN opportunity o ON o.id = l.opportunity_id AND o.customer_id = c.id"
			     " WHERE c.name = '%s' AND p.name = '%s' AND l.state = 'converted'",
			     company, person),
	    1);
	/* The next test has the same phone, which would be noticed. */
	pg_exec(DB, "UPDATE customer SET phone_digits = NULL; UPDATE contact SET mobile_digits = NULL");
	desk_leave(vt);
}

static void
lead_is_captured_and_converted_in_chinese(void **state)
{
	convert("zh", 24, 80, "无锡锐新自动化有限公司", "单雄");
}

static void
lead_is_captured_and_converted_in_english(void **state)
{
	convert("en", 40, 120, "Kestrel Works Ltd", "Ann Lee");
}

static int
setup(void **state)
{
	bed = bed_new(DB);
	ada = client_new(bed, "ada", LANG_ZH);
	cai = client_new(bed, "cai", LANG_ZH);
	return 0;
}

static int
teardown(void **state)
{
	client_free(ada);
	client_free(cai);
	bed_free(bed);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(board_moves_cards_in_chinese),
		cmocka_unit_test(board_moves_cards_in_english),
		cmocka_unit_test(board_moves_cards_on_a_large_terminal_in_chinese),
		cmocka_unit_test(board_moves_cards_on_a_large_terminal_in_english),
		cmocka_unit_test(lead_is_captured_and_converted_in_chinese),
		cmocka_unit_test(lead_is_captured_and_converted_in_english),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, setup, teardown);
}
