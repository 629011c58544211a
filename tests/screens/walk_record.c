/*
 * Records and their forms at the real terminal against a real server: refused fields,
 * conflicts, drafts that outlive the program, saves over a broken link, what others change, the
 * bin, files.
 */
#include "common/date.h"
#include "server/entity/fields.h"
#include "tests/lib/desk.h"
#include "tests/lib/pg.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
// clang-format off
#include <cmocka.h>
// clang-format on

#define DB "walk_record"

static struct bed *bed;
static struct client *ada, *ben, *cai;

static int64_t
make_customer(const char *name)
{
	return expect_written(
	    client_save(ada, E_customer, 0, 0,
		SENT(TEXT_OF(F_customer_name, name), TEXT_OF(F_customer_level, "B"),
		    TEXT_OF(F_customer_address, "世纪大道 88 号")),
		NULL))
	    ->id;
}

static void
make_visit(int64_t customer, const char *purpose)
{
	expect_written(client_save(ada, E_visit, 0, 0,
	    SENT(NUMBER_OF(F_visit_customer_id, customer),
		NUMBER_OF(F_visit_at, date_now_us() - 2 * US_PER_DAY),
		TEXT_OF(F_visit_purpose, purpose)),
	    NULL));
}

/* At home, then the record found by its name. */
static struct vt *
open_record(const char *name, const char *state)
{
	struct vt *vt = desk_open(bed,
	    &(struct desk_options){ .user = "ada", .password = BED_PASSWORD, .state = state });

	desk_sees(vt, "1首页");
	vt_wait_settled(vt, DESK_QUIET_MS, DESK_SOON_MS);
	desk_type(vt, "{F9}");
	desk_type(vt, name);
	vt_wait_settled(vt, 600, DESK_SOON_MS);
	desk_type(vt, "{Enter}");
	desk_sees(vt, "[概览]");
	desk_sees(vt, "世纪大道");
	return vt;
}

static long
count_of(const char *table, const char *column, int64_t id)
{
	return (long)pg_int(DB, "SELECT count(*) FROM %s WHERE %s = %ld AND deleted_at IS NULL",
	    table, column, (long)id);
}

/* ---- fields ---- */

static void
form_shows_what_the_server_refuses_at_its_fields(void **state)
{
	int64_t id = make_customer("错误演示公司");
	struct vt *vt = open_record("错误演示", NULL);

	desk_type(vt, "{F6}");
	desk_sees(vt, "新建拜访");
	/* A visit in the future has no outcome; the server knows, and says so at the field. */
	desk_type(vt, "未来{Tab}1{Up}{Up}{Up}{Ctrl-U}+2d 10:00{F10}");
	desk_sees(vt, "未来的拜访还没有结果");
	desk_sees(vt, "!结果");
	desk_type(vt, "{Ctrl-U}{F10}");
	desk_sees(vt, "已保存");
	assert_int_equal(count_of("visit", "customer_id", id), 1);
	desk_leave(vt);
}

static void
form_refuses_what_needs_no_server_when_a_field_is_left(void **state)
{
	struct vt *vt;

	make_customer("检查演示公司");
	vt = open_record("检查演示", NULL);
	desk_type(vt, "{F6}");
	desk_type(vt, "{Up}{Up}{Ctrl-U}31 feb{Tab}");
	desk_sees(vt, "! 不是有效的日期");
	desk_type(vt, "{Up}{F5}");
	desk_misses(vt, "! 不是有效的日期");
	desk_type(vt, "{Tab}{Ctrl-U}dh{Tab}");
	desk_sees(vt, "[电话");
	desk_type(vt, "{Tab}{Tab}{Tab}{Tab}下周五{Tab}");
	desk_sees(vt, "周五");
	desk_type(vt, "{F10}");
	desk_sees(vt, "目的: 此项必填");
	desk_type(vt, "{F3}");
	desk_type(vt, "d{Enter}");
	desk_sees(vt, "[概览]");
	desk_leave(vt);
}

static void
form_resolves_a_typed_reference(void **state)
{
	int64_t id = make_customer("引用演示公司"), other = make_customer("独一无二贸易公司");
	struct vt *vt = open_record("引用演示", NULL);

	desk_type(vt, "{F6}");
	desk_type(vt, "改客户{Up}{Up}{Up}{Ctrl-U}独一无二{Tab}");
	desk_sees(vt, "[独一无二贸易公司");
	desk_type(vt, "{Up}{Ctrl-U}没有这个名字{Tab}");
	desk_sees(vt, "未找到");
	desk_type(vt, "{Ctrl-Z}");
	desk_type(vt, "{Ctrl-U}独一无二{F10}");
	desk_sees(vt, "已保存");
	assert_int_equal(count_of("visit", "customer_id", id), 0);
	assert_int_equal(count_of("visit", "customer_id", other), 1);
	desk_leave(vt);
}

static void
lines_are_added_changed_and_removed(void **state)
{
	int64_t id = make_customer("明细演示公司");
	struct vt *vt = open_record("明细演示", NULL);

	desk_type(vt, "{F2}");
	desk_sees(vt, "修改客户");
	for (int i = 0; i < 40 && strstr(vt_screen_text(vt), "可添加、修改、删除") == NULL; i++)
		desk_type(vt, "{Tab}");
	/* the kinds of lines stand in the catalogue's order: address, phone */
	desk_type(vt, "{Tab}{Enter}");
	desk_sees(vt, "号码");
	desk_type(vt, "13800138000{F10}");
	desk_sees(vt, "< + 添加 >");
	desk_type(vt, "{F10}");
	desk_sees(vt, "~ 已改");
	desk_type(vt, "{F10}");
	desk_sees(vt, "已保存");
	assert_int_equal(count_of("customer_phone", "customer_id", id), 1);
	desk_sees(vt, "13800138000");
	desk_leave(vt);
}

static void
attendees_are_picked_among_the_customers_people(void **state)
{
	int64_t id = make_customer("参加演示公司"), other = make_customer("无关的公司");
	struct vt *vt;

	expect_written(client_save(ada, E_contact, 0, 0,
	    SENT(TEXT_OF(F_contact_name, "王工"), NUMBER_OF(F_contact_customer_id, id),
		TEXT_OF(F_contact_title, "科长")),
	    NULL));
	expect_written(client_save(ada, E_contact, 0, 0,
	    SENT(TEXT_OF(F_contact_name, "路人"), NUMBER_OF(F_contact_customer_id, other)),
	    NULL));
	vt = open_record("参加演示", NULL);
	desk_type(vt, "{F6}见面{Tab}{Tab}{Tab}{Tab}{Tab}{Enter}");
	desk_sees(vt, "王工");
	desk_sees(vt, "科长");
	desk_misses(vt, "路人");
	desk_type(vt, "{Enter}");
	desk_sees(vt, "< + 添加 >");
	desk_type(vt, "{F10}");
	desk_sees(vt, "[王工");
	desk_type(vt, "{F10}");
	desk_sees(vt, "已保存");
	assert_int_equal(
	    pg_int(DB,
		"SELECT count(*) FROM visit_contact l JOIN visit v ON v.id = l.visit_id"
		" WHERE v.customer_id = %ld",
		(long)id),
	    1);
	desk_leave(vt);
}

static void
language_is_switched_in_the_middle_of_a_form(void **state)
{
	int64_t id = make_customer("语言演示公司");
	struct vt *vt = open_record("语言演示", NULL);

	desk_type(vt, "{F6}换语言{Tab}1{Tab}");
	desk_type(vt, "{F9}");
	desk_type(vt, "English");
	vt_wait_settled(vt, 600, DESK_SOON_MS);
	desk_type(vt, "{Enter}");
	desk_sees(vt, "F10Save");
	desk_type(vt, "{F10}");
	desk_sees(vt, "saved");
	desk_sees(vt, "[Overview]");
	desk_sees(vt, "Visits 1");
	assert_int_equal(count_of("visit", "customer_id", id), 1);
	desk_leave(vt);
}

static void
next_and_previous_go_along_the_list(void **state)
{
	struct vt *vt;

	make_customer("邻居一号公司");
	make_customer("邻居二号公司");
	make_customer("邻居三号公司");
	vt = desk_home(bed, "ada", "zh", 24, 80);
	desk_type(vt, "2");
	desk_type(vt, "{F7}邻居{Enter}");
	desk_sees(vt, "邻居三号公司");
	desk_type(vt, "{Home}{Enter}");
	desk_sees(vt, "[概览]");
	desk_sees(vt, "邻居二号公司"); /* er before san before yi */
	desk_type(vt, "n");
	desk_sees(vt, "邻居三号公司");
	desk_type(vt, "n");
	desk_sees(vt, "邻居一号公司");
	desk_type(vt, "n");
	desk_sees(vt, "列表中没有更多记录");
	desk_type(vt, "pp");
	desk_sees(vt, "邻居二号公司");
	/* A name may be copied; a whole record only by who may take it away as a file. */
	desk_type(vt, "y");
	desk_sees(vt, "已复制: 邻居二号公司");
	desk_type(vt, "Y");
	desk_sees(vt, "复制整条需有导出权限");
	desk_type(vt, "{F3}");
	desk_sees(vt, ">   C");
	desk_leave(vt);
}

/* What goes over a slow line to the terminal (UX.md 3.9). */
static void
screens_stay_within_their_bytes(void **state)
{
	int64_t id = make_customer("字节演示公司");
	struct vt *vt;

	for (int i = 0; i < 8; i++)
		make_visit(id, "跟进报价和交付计划");
	vt = desk_home(bed, "ada", "zh", 24, 80);
	desk_type(vt, "2");
	desk_type(vt, "{F7}字节演示{Enter}");
	desk_sees(vt, "字节演示公司");
	desk_costs(vt, "customer 360, first tab", "{Enter}", 1700);
	desk_costs(vt, "cursor down in the timeline", "{Down}", 200);
	desk_type(vt, "{Tab}");
	desk_costs(vt, "other tab", "{Tab}", 1500);
	desk_type(vt, "{BackTab}{BackTab}");
	desk_costs(vt, "open form", "{F6}", 1600);
	desk_costs(vt, "the first key in a form", "x", 200);
	desk_costs(vt, "the next key", "y", 10);
	desk_type(vt, "{F3}");
	desk_type(vt, "{Enter}");
	desk_leave(vt);
}

/* ---- others ---- */

static void
conflict_shows_both_sides_and_saves_the_choice(void **state)
{
	int64_t id = make_customer("冲突演示公司");
	struct vt *vt = open_record("冲突演示", NULL);

	desk_type(vt, "{F2}{Tab}{Tab}我的简称");
	expect_written(client_save(cai, E_customer, id, 1,
	    SENT(TEXT_OF(F_customer_short_name, "对方简称"), TEXT_OF(F_customer_level, "A")),
	    NULL));
	desk_type(vt, "{F10}");
	desk_sees(vt, "修改冲突");
	desk_sees(vt, "对方简称");
	desk_shows(vt, "record_conflict_zh");
	desk_type(vt, "{F10}");
	desk_sees(vt, "还有 1 项未选择");
	desk_type(vt, "{Right}{F10}");
	desk_sees(vt, "已保存");
	assert_string_equal(
	    pg_exec(DB, "SELECT short_name || level FROM customer WHERE id = %ld", (long)id),
	    "我的简称A");
	desk_leave(vt);
}

static void
change_of_another_is_told_and_shown(void **state)
{
	int64_t id = make_customer("推送演示公司");
	struct vt *vt = open_record("推送演示", NULL);

	usleep(600000); /* the subscription goes out when the screen has come to rest */
	expect_written(
	    client_save(cai, E_customer, id, 1, SENT(TEXT_OF(F_customer_level, "A")), NULL));
	desk_sees(vt, "已更新 (Enter 看变更): 级别");
	desk_sees(vt, "级别 A");
	desk_type(vt, "{Enter}");
	desk_sees(vt, "[历史]");
	desk_sees(vt, "B级 ");
	desk_leave(vt);
}

/* Enter in the history compares with now; a marked field is put back alone, then the whole. */
static void
earlier_version_is_compared_and_put_back(void **state)
{
	int64_t id = make_customer("版本演示公司");
	struct vt *vt;

	expect_written(client_save(cai, E_customer, id, 1,
	    SENT(TEXT_OF(F_customer_level, "A"), TEXT_OF(F_customer_postcode, "250001")), NULL));
	expect_written(client_save(cai, E_customer, id, 2,
	    SENT(TEXT_OF(F_customer_level, "D"), TEXT_OF(F_customer_postcode, "250002")), NULL));
	vt = open_record("版本演示", NULL);
	desk_type(vt, "{Ctrl-O}");
	desk_sees(vt, "[历史]");
	desk_sees(vt, "250001 -> 250002");
	desk_type(vt, "{Enter}");
	desk_sees(vt, "版本比较");
	desk_sees(vt, "  邮编");
	desk_type(vt, "<");
	desk_sees(vt, "* 邮编");
	desk_sees(vt, "250001");
	desk_type(vt, "{Down}{Space}{F8}");
	desk_sees(vt, "选中的 1 个字段");
	desk_type(vt, "{F10}");
	desk_sees(vt, "已恢复");
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM customer WHERE id = %ld AND level = 'D' AND postcode = '250001'", (long)id), 1);
	desk_sees(vt, "250002 -> 250001");
	desk_type(vt, "{Enter}");
	desk_sees(vt, "版本比较");
	desk_sees(vt, "  邮编");
	desk_type(vt, "<<");
	desk_sees(vt, "* 级别");
	desk_type(vt, "{F8}");
	desk_sees(vt, "恢复为左边的版本");
	desk_type(vt, "{F10}");
	desk_sees(vt, "已恢复");
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM customer WHERE id = %ld AND level = 'A' AND postcode = '250001'", (long)id), 1);
	desk_leave(vt);
}

/* ---- drafts and the link ---- */

static void
draft_survives_a_killed_client(void **state)
{
	int64_t id = make_customer("草稿演示公司");
	struct vt *vt = open_record("草稿演示", "state-draft");

	desk_type(vt, "{F6}");
	desk_type(vt, "不能丢的目的{Tab}");
	desk_sees(vt, "已存本机");
	vt_signal(vt, SIGKILL);
	assert_true(vt_wait_exit(vt, DESK_SOON_MS));
	desk_end(vt);
	/* It goes on in the form; what was typed there is on the record's timeline as well. */
	vt = desk_open(
	    bed, &(struct desk_options){ .user = "ada", .password = BED_PASSWORD, .state = "state-draft" });
	desk_sees(vt, "不能丢的目的");
	desk_sees(vt, "已回到上次的位置");
	desk_type(vt, "{F3}");
	desk_sees(vt, "尚未保存");
	desk_type(vt, "{Enter}");
	desk_sees(vt, "草稿: 新建拜访");
	desk_type(vt, "{Enter}");
	desk_sees(vt, "已恢复草稿");
	desk_type(vt, "{F10}");
	desk_sees(vt, "已保存");
	desk_misses(vt, "草稿: 新建拜访");
	assert_int_equal(count_of("visit", "customer_id", id), 1);
	desk_leave(vt);
}

static void
leaving_a_changed_form_keeps_saves_or_discards(void **state)
{
	int64_t id = make_customer("离开演示公司");
	struct vt *vt = open_record("离开演示", NULL);

	desk_type(vt, "{F6}第一次{F3}");
	desk_sees(vt, "尚未保存");
	desk_type(vt, "{Enter}");
	desk_sees(vt, "草稿: 新建拜访");
	desk_type(vt, "{Enter}{F3}");
	desk_sees(vt, "尚未保存");
	desk_type(vt, "d{Enter}");
	desk_misses(vt, "草稿: 新建拜访");
	desk_type(vt, "{F6}第二次{F3}");
	desk_sees(vt, "尚未保存");
	desk_type(vt, "{F10}");
	desk_sees(vt, "已保存");
	assert_int_equal(count_of("visit", "customer_id", id), 1);
	desk_leave(vt);
}

static void
save_over_a_broken_link_happens_exactly_once(void **state)
{
	int64_t id = make_customer("断线演示公司");
	struct vt *vt = open_record("断线演示", NULL);

	desk_type(vt, "{F6}");
	desk_type(vt, "断线时保存");
	bed_kill(bed, SIGKILL);
	desk_sees(vt, "断 ");
	desk_type(vt, "{F10}");
	desk_sees(vt, "待服务器应答后自动保存");
	desk_sees(vt, "[概览]");
	bed_start(bed);
	desk_sees(vt, "断线时保存");
	assert_int_equal(count_of("visit", "customer_id", id), 1);
	desk_misses(vt, "草稿: 新建拜访");
	desk_leave(vt);
}

static void
save_left_behind_by_a_killed_client_goes_out_with_the_next(void **state)
{
	int64_t id = make_customer("留言演示公司");
	struct vt *vt = open_record("留言演示", "state-outbox");

	desk_type(vt, "{F6}");
	desk_type(vt, "下次再送");
	bed_kill(bed, SIGKILL);
	desk_sees(vt, "断 ");
	desk_type(vt, "{F10}");
	desk_sees(vt, "待服务器应答后自动保存");
	vt_signal(vt, SIGKILL);
	assert_true(vt_wait_exit(vt, DESK_SOON_MS));
	desk_end(vt);
	bed_start(bed);
	/* Back on the record, not in the form: it has been sent. */
	vt = desk_open(
	    bed, &(struct desk_options){ .user = "ada", .password = BED_PASSWORD, .state = "state-outbox" });
	desk_sees(vt, "[概览]");
	desk_sees(vt, "下次再送");
	desk_misses(vt, "新建拜访 *未保存");
	assert_int_equal(count_of("visit", "customer_id", id), 1);
	desk_leave(vt);
}

/* ---- actions ---- */

static void
action_asks_for_its_arguments(void **state)
{
	int64_t id = make_customer("操作演示公司");
	struct vt *vt;

	make_visit(id, "待完成的拜访");
	vt = open_record("操作演示", NULL);
	desk_sees(vt, "待完成的拜访");
	desk_type(vt, "{Enter}");
	desk_sees(vt, "状态 ");
	desk_type(vt, "{F8}");
	desk_sees(vt, "完成");
	desk_type(vt, "完成{Enter}");
	desk_sees(vt, "*结果");
	desk_type(vt, "{F10}");
	desk_sees(vt, "结果: 此项必填");
	desk_type(vt, "1{F10}");
	desk_sees(vt, "已完成");
	assert_string_equal(
	    pg_exec(DB, "SELECT state FROM visit WHERE customer_id = %ld", (long)id),
	    "completed");
	desk_leave(vt);
}

static void
deleting_asks_for_the_number_of_what_goes_along_and_is_undone(void **state)
{
	int64_t id = make_customer("删除演示公司");
	struct vt *vt;

	pg_exec(DB,
	    "INSERT INTO user_role (user_id, role_id) SELECT 101, id FROM role WHERE name ="
	    " 'sales_supervisor' ON CONFLICT DO NOTHING");
	make_visit(id, "一起删除");
	vt = open_record("删除演示", NULL);
	desk_type(vt, "{F8}");
	desk_sees(vt, "删除");
	desk_type(vt, "删除{Enter}");
	desk_sees(vt, "将一并删除: 拜访 1");
	desk_type(vt, "2{Enter}");
	desk_sees(vt, "u 撤销");
	assert_int_equal(count_of("customer", "id", id), 0);
	desk_type(vt, "u");
	desk_sees(vt, "已恢复");
	assert_int_equal(count_of("customer", "id", id), 1);
	assert_int_equal(count_of("visit", "customer_id", id), 1);
	desk_leave(vt);
}

/* 财务 sees phones masked, and may reveal one for a reason. */
static void
masked_value_is_shown_for_a_reason(void **state)
{
	static const struct {
		const char *lang, *title, *left, *refused;
	} says[] = { { "zh", "查看被掩码的值", "今日还可查看 29 次", "此项必填" },
		{ "en", "Reveal a masked value", "28 more today", "must be filled in" } };
	int64_t id = make_customer("掩码演示公司");

	pg_exec(DB, "UPDATE customer SET phone = '021-5566 7788', phone_digits = '02155667788' WHERE id = %ld;"
		    "INSERT INTO users (id, name, name_key, label, label_key, branch_id, disabled, password_hash)"
		    " SELECT 131, 'fin', 'fin', 'Fin', 'fin', 1, false, password_hash FROM users WHERE id = 101;"
		    "INSERT INTO user_role (user_id, role_id) SELECT 131, id FROM role WHERE name = 'finance'",
	    (long)id);
	for (size_t i = 0; i < 2; i++) {
		struct vt *vt = desk_home(bed, "fin", says[i].lang, i == 0 ? 24 : 40, i == 0 ? 80 : 120);

		desk_type(vt, "{F9}");
		desk_type(vt, "掩码演示");
		vt_wait_settled(vt, 600, DESK_SOON_MS);
		desk_type(vt, "{Enter}");
		desk_sees(vt, "021****7788");
		desk_type(vt, "V");
		desk_sees(vt, says[i].title);
		desk_type(vt, "{F10}");
		desk_sees(vt, says[i].refused);
		desk_misses(vt, "5566");
		desk_type(vt, "催款回电{F10}");
		desk_sees(vt, "021-5566 7788");
		desk_sees(vt, says[i].left);
		desk_type(vt, "{F3}");
		desk_misses(vt, "5566");
		/* a form shows it masked, and takes nothing over it */
		desk_type(vt, "{F2}");
		desk_sees(vt, "021****7788");
		desk_end(vt);
	}
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM audit WHERE request = 'reveal' AND user_id = 131"), 2);
}

static void
file_is_added_and_saved_again(void **state)
{
	int64_t id = make_customer("文件演示公司");
	const char *in = arena_printf(bed->arena, "%s/合同.txt", bed->dir),
		   *out = arena_printf(bed->arena, "%s/取回.txt", bed->dir);
	FILE *file = fopen(in, "w");
	struct vt *vt = open_record("文件演示", NULL);

	assert_non_null(file);
	for (int i = 0; i < 30000; i++)
		fprintf(file, "line %d of the contract\n", i);
	fclose(file);
	desk_tab(vt, "{BackTab}", "文件");
	desk_type(vt, "{F6}");
	desk_sees(vt, "要添加到此记录的文件路径");
	desk_type(vt, in);
	desk_type(vt, "{Enter}");
	desk_sees(vt, "[文件 1]");
	desk_sees(vt, "合同.txt");
	desk_type(vt, "{Enter}{Ctrl-U}");
	desk_type(vt, out);
	desk_type(vt, "{Enter}");
	desk_sees(vt, "已存");
	assert_int_equal(system(arena_printf(bed->arena, "cmp -s '%s' '%s'", in, out)), 0);
	/* A place that cannot be written: one clear line, and nothing half done. */
	desk_type(vt, "{Enter}{Ctrl-U}/proc/nowhere/x{Enter}");
	desk_sees(vt, "文件读写失败");
	assert_int_equal(
	    pg_int(DB, "SELECT count(*) FROM attachment WHERE anchor_id = %ld", (long)id), 1);
	desk_leave(vt);
}

static int
setup(void **state)
{
	bed = bed_new(DB);
	ada = client_new(bed, "ada", LANG_ZH);
	ben = client_new(bed, "ben", LANG_ZH);
	cai = client_new(bed, "cai", LANG_ZH);
	return 0;
}

static int
teardown(void **state)
{
	client_free(ada);
	client_free(ben);
	client_free(cai);
	bed_free(bed);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(form_shows_what_the_server_refuses_at_its_fields),
		cmocka_unit_test(form_refuses_what_needs_no_server_when_a_field_is_left),
		cmocka_unit_test(form_resolves_a_typed_reference),
		cmocka_unit_test(lines_are_added_changed_and_removed),
		cmocka_unit_test(attendees_are_picked_among_the_customers_people),
		cmocka_unit_test(language_is_switched_in_the_middle_of_a_form),
		cmocka_unit_test(next_and_previous_go_along_the_list),
		cmocka_unit_test(screens_stay_within_their_bytes),
		cmocka_unit_test(conflict_shows_both_sides_and_saves_the_choice),
		cmocka_unit_test(change_of_another_is_told_and_shown),
		cmocka_unit_test(earlier_version_is_compared_and_put_back),
		cmocka_unit_test(draft_survives_a_killed_client),
		cmocka_unit_test(leaving_a_changed_form_keeps_saves_or_discards),
		cmocka_unit_test(save_over_a_broken_link_happens_exactly_once),
		cmocka_unit_test(save_left_behind_by_a_killed_client_goes_out_with_the_next),
		cmocka_unit_test(action_asks_for_its_arguments),
		cmocka_unit_test(deleting_asks_for_the_number_of_what_goes_along_and_is_undone),
		cmocka_unit_test(masked_value_is_shown_for_a_reason),
		cmocka_unit_test(file_is_added_and_saved_again),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, setup, teardown);
}
