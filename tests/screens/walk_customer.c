/*
 * Customers that are there twice, at the real terminal against a real server: two made one side by side
 * and taken apart again; asked after before they are made; taken from a pool and given back. In both
 * languages and two sizes.
 */
#include "common/date.h"
#include "server/entity/fields.h"
#include "tests/lib/desk.h"
#include "tests/lib/pg.h"

#include <inttypes.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
// clang-format off
#include <cmocka.h>
// clang-format on

#define DB "walk_customer"

static struct bed *bed;
static struct client *ada, *cai, *dan;

static int64_t
make_customer(const char *name, const char *phone, const char *short_name)
{
	return expect_written(client_save(ada, E_customer, 0, 0,
				  SENT(TEXT_OF(F_customer_name, name), TEXT_OF(F_customer_phone, phone),
				      TEXT_OF(F_customer_short_name, short_name),
				      TEXT_OF(F_customer_address, "世纪大道 88 号")),
				  NULL))
	    ->id;
}

/* What differs from day to day and from one customer to the next. */
static void
mask(struct vt *vt)
{
	vt_mask(vt, "[0-9]{4}-[0-9]{2}-[0-9]{2}", "2026-01-01");
	vt_mask(vt, "[0-9]{2}-[0-9]{2} ", "01-01 ");
	vt_mask(vt, "[0-9]{2}:[0-9]{2}", "00:00");
	vt_mask(vt, "C[0-9]{6}", "C000000");
}

static struct vt *
open_named(const char *user, const char *name, const char *lang, int rows, int cols)
{
	struct vt *vt = desk_home(bed, user, lang, rows, cols);

	mask(vt);
	desk_type(vt, "{F9}");
	desk_type(vt, name);
	desk_sees(vt, arena_printf(bed->arena, "|>%s", name));
	desk_type(vt, "{Enter}");
	desk_sees(vt, strcmp(lang, "zh") == 0 ? "[概览]" : "[Overview]");
	desk_sees(vt, "世纪大道");
	return vt;
}

/* ---- merging --------------------------------------------------------------------------------- */

struct merge_walk {
	const char *lang;
	int rows, cols;
	const char *kept, *gone, *initial, *phone;
};

static void
merge_walk(const struct merge_walk *walk)
{
	bool zh = strcmp(walk->lang, "zh") == 0;
	int64_t kept = make_customer(walk->kept, "", "甲"), gone = make_customer(walk->gone, walk->phone, "乙");
	struct vt *vt;

	expect_written(client_save(ada, E_contact, 0, 0,
	    SENT(TEXT_OF(F_contact_name, "崂小山"), NUMBER_OF(F_contact_customer_id, gone)), NULL));
	vt = open_named("cai", walk->kept, walk->lang, walk->rows, walk->cols);
	desk_type(vt, "{F8}merge");
	desk_sees(vt, zh ? "|>合并" : "|>Merge");
	desk_type(vt, "{Enter}");
	desk_sees(vt, zh ? "将哪条并入" : "Which one goes into");
	desk_type(vt, walk->gone);
	desk_sees(vt, arena_printf(bed->arena, "|>%s", walk->gone));
	desk_type(vt, "{Enter}");
	/* A phone that only the other has is taken; of both short names the one that stays. */
	desk_sees(vt, zh ? "移动 1 行：联系人 1" : "Rows that move: 1: Contact 1");
	desk_sees(vt, walk->phone);
	desk_shows(vt, arena_printf(bed->arena, "merge_%s_%d", walk->lang, walk->cols));
	/* Number, then name: typed anew; then the short name of the other. */
	desk_type(vt, "{Down}{F4}{Ctrl-U}");
	desk_type(vt, walk->initial);
	desk_type(vt, "{F10}");
	desk_sees(vt, zh ? "F10合并" : "F10Merge");
	desk_type(vt, "{Right}");
	desk_sees(vt, zh ? "并入   甲" : "other  甲");
	desk_type(vt, "{F10}");
	desk_sees(vt, zh ? "采用其字段: 简称、电话" : "Taken of it: Short name, Phone");
	desk_type(vt, "{F10}");
	desk_sees(vt, zh ? "已合并" : "Merged:");
	desk_sees(vt, walk->initial);
	assert_string_equal(pg_exec(DB, "SELECT name || short_name || phone FROM customer WHERE id = %ld", (long)kept),
	    arena_printf(bed->arena, "%s乙%s", walk->initial, walk->phone));
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM contact WHERE customer_id = %ld", (long)kept), 1);
	/* From the list of merges it is undone. */
	desk_type(vt, "{F9}hbjl");
	desk_sees(vt, zh ? "|>合并记录" : "|>Merge");
	desk_type(vt, "{Enter}");
	desk_sees(vt, walk->gone);
	desk_type(vt, "{Enter}");
	desk_sees(vt, zh ? "移动行数" : "Rows moved");
	desk_type(vt, "{F8}undo{Enter}");
	desk_sees(vt, zh ? "2 撤销合并" : "2 Undo the merge");
	desk_type(vt, "y{Enter}");
	desk_sees(vt, zh ? "撤销合并:" : "Undo the merge:");
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM contact WHERE customer_id = %ld", (long)gone), 1);
	assert_string_equal(pg_exec(DB, "SELECT short_name FROM customer WHERE id = %ld", (long)kept), "甲");
	desk_leave(vt);
}

static void
two_are_merged_side_by_side_and_parted_in_chinese(void **state)
{
	merge_walk(&(struct merge_walk){ "zh", 24, 80, "青岛崂山矿泉", "烟台海蓝冷链", "青岛崂山矿泉水厂",
	    "0532-33334444" });
}

static void
two_are_merged_side_by_side_and_parted_on_a_large_terminal_in_english(void **state)
{
	merge_walk(&(struct merge_walk){ "en", 40, 120, "威海金贝渔具", "日照绿茶工坊", "威海金贝渔具厂",
	    "0631-55556666" });
}

/* ---- tabs ------------------------------------------------------------------------------------------ */

/* More tabs than the line has room for: cut between names, all of them in a list that is searched by typing. */
static void
tabs_walk(const char *lang, int rows, int cols, const char *name)
{
	bool zh = strcmp(lang, "zh") == 0;
	int64_t id = make_customer(name, "", "");
	struct vt *vt;

	expect_written(client_save(ada, E_contact, 0, 0,
	    SENT(TEXT_OF(F_contact_name, "崂小山"), NUMBER_OF(F_contact_customer_id, id)), NULL));
	vt = open_named("ada", name, lang, rows, cols);
	assert_non_null(strstr(vt_row(vt, 2), zh ? "[概览]  联系人 1" : "[Overview]  Contacts 1"));
	assert_string_equal(vt_row(vt, 2) + strlen(vt_row(vt, 2)) - 2, " >");
	desk_type(vt, "{F4}");
	desk_sees(vt, zh ? "|>概览" : "|>Overview");
	desk_shows(vt, arena_printf(bed->arena, "customer_tabs_%s_%d", lang, cols));
	desk_type(vt, zh ? "lxr" : "conta");
	desk_sees(vt, zh ? "|>联系人" : "|>Contacts");
	desk_type(vt, "{Enter}");
	desk_sees(vt, zh ? "[联系人 1]" : "[Contacts 1]");
	desk_sees(vt, "崂小山");
	/* Without an F4, and by the English name of what is in it. */
	desk_type(vt, "{Ctrl-P}attach");
	desk_sees(vt, zh ? "|>文件" : "|>Files");
	desk_type(vt, "{Enter}");
	desk_sees(vt, zh ? "[文件 0]" : "[Files 0]");
	assert_memory_equal(vt_row(vt, 2), "< ", 2);
	desk_type(vt, zh ? "tls" : "thist");
	desk_sees(vt, zh ? "|>历史" : "|>History");
	desk_type(vt, "{Enter}");
	desk_sees(vt, zh ? "[历史]" : "[History]");
	/* Esc leaves the tab that was open. */
	desk_type(vt, "{F4}{Esc}");
	desk_sees(vt, zh ? "[历史]" : "[History]");
	desk_leave(vt);
}

static void
any_tab_is_found_by_typing_in_chinese(void **state)
{
	tabs_walk("zh", 24, 80, "青岛页签水产");
}

static void
any_tab_is_found_by_typing_on_a_large_terminal_in_english(void **state)
{
	tabs_walk("en", 40, 120, "胶州页签仓储");
}

/* ---- is it known? ------------------------------------------------------------------------------ */

/*
 * Asked before it is typed in: one's own with its name, a colleague's only that it is there; made all the
 * same, with a word why.
 */
static void
check_walk(const char *lang, int rows, int cols, const char *own, const char *theirs)
{
	bool zh = strcmp(lang, "zh") == 0;
	struct vt *vt;

	make_customer(own, "", "");
	expect_written(client_save(dan, E_customer, 0, 0, SENT(TEXT_OF(F_customer_name, theirs)), NULL));
	vt = desk_home(bed, "ada", lang, rows, cols);
	mask(vt);
	desk_type(vt, "{F9}cc");
	desk_sees(vt, zh ? "|>客户查重" : "|>Does this customer exist?");
	desk_type(vt, "{Enter}");
	desk_sees(vt, zh ? "F10查询" : "F10Ask");
	desk_type(vt, theirs);
	desk_type(vt, "{F10}");
	desk_sees(vt, zh ? "相同: 已存在，由同事负责" : "The same: exists with a colleague");
	desk_type(vt, "{Ctrl-U}");
	desk_type(vt, own);
	desk_type(vt, "{F10}");
	desk_sees(vt, zh ? "相同: C" : "The same: C");
	desk_misses(vt, zh ? "由同事负责" : "with a colleague");
	desk_leave(vt);
}

static void
check_page_tells_without_leaking_in_chinese(void **state)
{
	check_walk("zh", 24, 80, "温州江心屿游船", "嘉兴南湖红船");
}

static void
check_page_tells_without_leaking_on_a_large_terminal_in_english(void **state)
{
	check_walk("en", 40, 120, "绍兴黄酒博物", "金华火腿世家");
}

/* ---- pools ------------------------------------------------------------------------------------- */

struct pool_walk {
	const char *lang;
	int rows, cols;
	const char *name;
};

/* Taken out of the pool, given back with a reason, and asked afterwards why it is gone. */
static void
pool_walk(const struct pool_walk *walk)
{
	bool zh = strcmp(walk->lang, "zh") == 0;
	int64_t id = make_customer(walk->name, "", "");
	struct vt *vt;

	expect_written(client_act(cai, E_customer, id, "release", SENT(NUMBER_OF(1, 21))));
	vt = open_named("dan", walk->name, walk->lang, walk->rows, walk->cols);
	desk_type(vt, "{F8}claim");
	desk_sees(vt, zh ? "|>领取" : "|>Claim");
	desk_type(vt, "{Enter}");
	desk_sees(vt, zh ? "领取: 客户" : "Claim: Customer");
	assert_int_equal(pg_int(DB, "SELECT owner_id FROM customer WHERE id = %ld", (long)id), 104);
	/* When it leaves, and why, is among its figures. */
	pg_exec(DB, "INSERT INTO customer_figures (id, leaves_on, leaves_by, leaves_pool) VALUES (%ld, kehu_today() + 5, "
		    "'follow', 21) ON CONFLICT (id) DO UPDATE SET leaves_on = EXCLUDED.leaves_on, leaves_by = 'follow'",
	    (long)id);
	desk_type(vt, "{F5}");
	desk_sees(vt, zh ? "进入公海日" : "Leaves on");
	desk_sees(vt, zh ? "离开原因" : "Leaves for");
	desk_type(vt, "{F8}release");
	desk_sees(vt, zh ? "|>放入公海" : "|>Release to a pool");
	desk_type(vt, "{Enter}");
	desk_sees(vt, zh ? "F10放入公海" : "F10Release");
	desk_type(vt, "{Tab}不再采购{F10}");
	desk_sees(vt, zh ? "放入公海: 客户" : "Release to a pool: Customer");
	assert_int_equal(pg_int(DB, "SELECT pool_id FROM customer WHERE id = %ld", (long)id), 21);
	/* So soon its last owner may not have it again, and is told so. */
	desk_type(vt, "{F8}claim");
	desk_sees(vt, zh ? "|>领取" : "|>Claim");
	desk_type(vt, "{Enter}");
	desk_sees(vt, err_text(ERR_COOLING, zh ? LANG_ZH : LANG_EN));
	/* Why it left, later. */
	desk_type(vt, "{F9}gsbd");
	desk_sees(vt, zh ? "|>归属变动" : "|>Move of a customer");
	desk_type(vt, "{Enter}");
	desk_sees(vt, walk->name);
	desk_type(vt, "{Enter}");
	desk_sees(vt, "不再采购");
	desk_leave(vt);
}

static void
a_customer_is_claimed_given_back_and_asked_after_in_chinese(void **state)
{
	pool_walk(&(struct pool_walk){ "zh", 24, 80, "台州黄岩蜜桔园" });
}

static void
a_customer_is_claimed_given_back_and_asked_after_on_a_large_terminal_in_english(void **state)
{
	pool_walk(&(struct pool_walk){ "en", 40, 120, "舟山东极渔家乐" });
}

/* ---- the tree ---------------------------------------------------------------------------------- */

/* From the customer below, by its menu; and back to what it belongs to. */
static void
tree_walk(const char *lang, int rows, int cols, const char *top, const char *below)
{
	bool zh = strcmp(lang, "zh") == 0;
	int64_t above = make_customer(top, "", ""), id = make_customer(below, "", "");
	struct vt *vt;

	expect_written(client_save(ada, E_customer_relation, 0, 0,
	    SENT(NUMBER_OF(F_customer_relation_customer_id, id), TEXT_OF(F_customer_relation_kind, "parent"),
		NUMBER_OF(F_customer_relation_other_id, above)), NULL));
	vt = open_named("ada", below, lang, rows, cols);
	desk_type(vt, zh ? "{F8}客户树" : "{F8}tree");
	desk_sees(vt, zh ? "|>客户树" : "|>Customer tree");
	desk_type(vt, "{Enter}");
	desk_sees(vt, zh ? "2 个客户   近一年订单 0.00   应收 0.00" : "2 customers   ordered in 12 months 0.00   owed 0.00");
	desk_shows(vt, arena_printf(bed->arena, "tree_%s_%d", lang, cols));
	desk_type(vt, "{Up}{Enter}");
	desk_sees(vt, zh ? "[概览]" : "[Overview]");
	desk_sees(vt, top);
	desk_leave(vt);
}

static void
a_customer_stands_in_its_tree_in_chinese(void **state)
{
	tree_walk("zh", 24, 80, "衢州烂柯棋业", "江山廿八都豆腐");
}

static void
a_customer_stands_in_its_tree_on_a_large_terminal_in_english(void **state)
{
	tree_walk("en", 40, 120, "丽水龙泉剑铺", "云和梯田米业");
}

static int
setup(void **state)
{
	bed = bed_new(DB);
	pg_exec(DB, "UPDATE pool SET cool_days = 7 WHERE id = 21");
	ada = client_new(bed, "ada", LANG_ZH);
	cai = client_new(bed, "cai", LANG_ZH);
	dan = client_new(bed, "dan", LANG_ZH);
	return 0;
}

static int
teardown(void **state)
{
	client_free(ada);
	client_free(cai);
	client_free(dan);
	bed_free(bed);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_are_merged_side_by_side_and_parted_in_chinese),
		cmocka_unit_test(two_are_merged_side_by_side_and_parted_on_a_large_terminal_in_english),
		cmocka_unit_test(any_tab_is_found_by_typing_in_chinese),
		cmocka_unit_test(any_tab_is_found_by_typing_on_a_large_terminal_in_english),
		cmocka_unit_test(check_page_tells_without_leaking_in_chinese),
		cmocka_unit_test(check_page_tells_without_leaking_on_a_large_terminal_in_english),
		cmocka_unit_test(a_customer_is_claimed_given_back_and_asked_after_in_chinese),
		cmocka_unit_test(a_customer_is_claimed_given_back_and_asked_after_on_a_large_terminal_in_english),
		cmocka_unit_test(a_customer_stands_in_its_tree_in_chinese),
		cmocka_unit_test(a_customer_stands_in_its_tree_on_a_large_terminal_in_english),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, setup, teardown);
}
