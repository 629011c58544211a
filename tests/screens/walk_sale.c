/*
 * A sale at the real terminal, in both languages: a lead becomes a customer with an
 * opportunity, that a quote whose lines are keyed in cell by cell; its discount is refused and,
 * amended, granted by the supervisor at another terminal; then the order, which wins the
 * opportunity, its instalments, a part of it delivered, the money that finance books, and the
 * evening report that the supervisor comments.
 */
#include "common/date.h"
#include "server/entity/fields.h"
#include "tests/lib/company.h"
#include "tests/lib/desk.h"
#include "tests/lib/pg.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
// clang-format off
#include <cmocka.h>
// clang-format on

#define DB       "walk_sale"
#define USER_HUA 108 /* finance */
#define USER_MEI 109 /* marketing */

static struct bed *bed;
static struct client *ada, *cai, *guo, *mei;

/* One way through: what is typed and what is read. */
struct walk {
	const char *name, *lang;
	int rows, cols;
	const char *customer, *product, *code, *other;
};

static const struct walk chinese = { "zh_80", "zh", 24, 80, "苏州明远机电", "备份水泵", "bfsb",
	"截止阀" };
static const struct walk english = { "en_120", "en", 40, 120, "Harbour Freight", "Backup pump",
	"backup", "Gate valve" };

static bool
is_zh(const struct walk *walk)
{
	return strcmp(walk->lang, "zh") == 0;
}

/* The words of the language walked in. */
#define SAY(zh, en) (is_zh(walk) ? (zh) : (en))

static int64_t
save(struct client *client, uint32_t entity, const struct sent *values,
    const struct sent_line *lines)
{
	return expect_written(client_save(client, entity, 0, 0, values, lines))->id;
}

static int64_t
make_product(const char *name, int64_t yuan)
{
	int64_t product = save(mei, E_product,
	    SENT(TEXT_OF(F_product_name, name), TEXT_OF(F_product_unit, "piece")), NULL);

	save(cai, E_price_list,
	    SENT(TEXT_OF(F_price_list_name, name),
		NUMBER_OF(F_price_list_valid_from, date_today(480) - 100)),
	    (const struct sent_line[]){
		{ .entity = E_price_line,
		    .id = -1,
		    .values = SENT(NUMBER_OF(F_price_line_product_id, product),
			NUMBER_OF(F_price_line_price, yuan * 10000)) },
		{ 0 } });
	return product;
}

static void
make_world(const struct walk *walk)
{
	make_product(walk->product, 1200);
	make_product(walk->other, 50);
}

/* What differs from day to day. */
static void
mask_days(struct vt *vt)
{
	vt_mask(vt, "[0-9]{4}-[0-9]{2}-[0-9]{2}", "2026-01-01");
	vt_mask(vt, "[0-9]{2}:[0-9]{2}", "00:00");
	vt_mask(vt, "周(一|二|三|四|五|六|日)", "周一");
	vt_mask(vt, "(Mon|Tue|Wed|Thu|Fri|Sat|Sun)", "Mon");
	vt_mask(vt, "Q[0-9]{4}-[0-9]{6}", "Q0000-000000");
}

/* Tab until the cursor stands in the grid. */
static void
go_to_grid(struct vt *vt)
{
	for (int i = 0; i < 20 && strstr(vt_screen_text(vt), "Ctrl-Y") == NULL; i++)
		desk_type(vt, "{Tab}");
	desk_sees(vt, "Ctrl-Y");
}

/* One number of this walk's customer. */
static int64_t
figure(const struct walk *walk, const char *what, const char *from)
{
	return pg_int(DB,
	    "SELECT %s FROM %s t JOIN customer c ON c.id = t.customer_id WHERE c.name = '%s'",
	    what, from, walk->customer);
}

/* An action without arguments, or the form of its arguments filled in. */
static void
act(struct vt *vt, const char *label, const char *typed)
{
	desk_type(vt, "{F8}");
	desk_type(vt, label);
	desk_type(vt, "{Enter}");
	if (typed != NULL)
		desk_type(vt, typed);
}

/* Who called becomes a customer with a contact and an opportunity, nothing typed twice. */
static void
take_lead(struct vt *vt, const struct walk *walk)
{
	desk_type(vt, "{F9}xs{Enter}");
	desk_type(vt, "{F6}");
	desk_sees(vt, SAY("新建线索", "New Lead"));
	desk_type(vt, walk->customer);
	desk_type(vt, "{Tab}");
	desk_type(vt, SAY("单雄", "Ann Lee"));
	/* a further phone is typed where it stands: nothing to open first, no key lost */
	for (int i = 0; i < 20 && strstr(vt_screen_text(vt), SAY("可添加、修改、删除", "to add, change")) == NULL; i++)
		desk_type(vt, "{Tab}");
	desk_type(vt, SAY("13800002201", "13800002202"));
	desk_sees(vt, SAY("[13800002201", "[13800002202"));
	desk_type(vt, "{F10}{F10}");
	desk_sees(vt, SAY("工作 13800002201", "Work 13800002202"));
	desk_type(vt, "{F10}");
	desk_sees(vt, SAY("已保存", "saved"));
	act(vt, SAY("转为客户", "Convert"), NULL);
	desk_sees(vt, SAY("商机名称", "Name of the opp"));
	desk_type(vt, "{F10}");
	desk_sees(vt, SAY("新建客户", "New customer"));
	assert_int_equal(
	    figure(walk, "count(*)", "(SELECT * FROM opportunity WHERE state = 'open')"), 1);
}

/* The lines of a quote, keyed in with the total that is read while typing. */
static void
key_in_quote(struct vt *vt, const struct walk *walk)
{
	desk_type(vt, "{F9}sj{Enter}");
	desk_sees(vt, walk->customer);
	desk_type(vt, "{F7}");
	desk_type(vt, walk->customer);
	desk_type(vt, "{Enter}");
	desk_type(vt, "{Enter}");
	desk_sees(vt, walk->customer);
	act(vt, SAY("生成报价", "Make a quote"), NULL);
	desk_sees(vt, "Q2");
	desk_type(vt, "{F9}bj{Enter}");
	desk_sees(vt, walk->customer);
	desk_type(vt, "{F7}");
	desk_type(vt, arena_printf(bed->arena,
			  SAY("客户:\"%s\"{Enter}", "customer:\"%s\"{Enter}"), walk->customer));
	desk_type(vt, "{Enter}");
	desk_type(vt, "{F2}");
	desk_sees(vt, SAY("修改报价单", "Edit Quote"));
	go_to_grid(vt);
	desk_type(vt, walk->code);
	desk_type(vt, "{Tab}");
	desk_sees(vt, walk->product);
	desk_sees(vt, "1,200.00");
	desk_type(vt, "10{Tab}{Tab}{Tab}15{Tab}{Tab}");
	if (walk->cols >= 100)
		desk_type(vt, "{Tab}"); /* there is room for the description */
	desk_sees(vt, "10,200.00");
	/* past the last cell a new line is open; one taken by mistake is taken away */
	desk_type(vt, walk->other);
	desk_type(vt, "{Tab}4{Tab}");
	desk_sees(vt, "10,400.00");
	desk_shows(vt, arena_printf(bed->arena, "sale_grid_%s", walk->name));
	desk_type(vt, "\031");
	desk_misses(vt, "10,400.00");
	desk_sees(vt, "10,200.00");
	desk_type(vt, "{F10}");
	desk_sees(vt, SAY("已保存", "saved"));
}

/* The inbox by keyboard, its one request opened, the key pressed and a word said. */
static void
decide(struct vt *vt, const struct walk *walk, const char *key, const char *said)
{
	desk_type(vt, "{F9}dwsp");
	desk_sees(vt, SAY("待我审批", "Waiting for my approval"));
	desk_type(vt, "{Enter}");
	desk_sees(vt, "Ada");
	desk_type(vt, "{Enter}");
	desk_sees(vt, "issue");
	desk_type(vt, key);
	desk_type(vt, said);
	desk_type(vt, "{F10}");
	desk_sees(
	    vt, strcmp(key, "a") == 0 ? SAY("已同意", "Granted") : SAY("已拒绝", "Refused"));
}

/* The discount is past what an account manager may give: refused, amended, granted. */
static void
get_consent(struct vt *vt, struct vt *signer, const struct walk *walk)
{
	act(vt, SAY("发出", "Issue"), NULL);
	desk_sees(vt, SAY("尚未执行", "Not done yet"));
	decide(signer, walk, "r", SAY("最多一成", "ten at most"));
	assert_int_equal(
	    figure(walk, "count(*)", "(SELECT * FROM quote WHERE state = 'draft')"), 1);
	desk_type(vt, "{F5}");
	desk_type(vt, "{F2}");
	desk_sees(vt, SAY("修改报价单", "Edit Quote"));
	go_to_grid(vt);
	desk_type(vt, "{Tab}{Tab}{Tab}{Tab}10{Tab}");
	desk_sees(vt, "10,800.00");
	desk_type(vt, "{F10}");
	desk_sees(vt, SAY("已保存", "saved"));
	assert_int_equal(figure(walk, "total", "quote"), 1080000);
	act(vt, SAY("发出", "Issue"), NULL);
	desk_sees(vt, SAY("尚未执行", "Not done yet"));
	decide(signer, walk, "a", SAY("可以", "fine"));
	assert_int_equal(
	    figure(walk, "count(*)", "(SELECT * FROM quote WHERE state = 'issued')"), 1);
}

/* From the quote to an order that is paid for in two instalments and goes out in parts. */
static void
work_order(struct vt *vt, const struct walk *walk)
{
	desk_type(vt, "{F5}");
	if (is_zh(walk))
		act(vt, "转订单", NULL);
	else
		desk_type(vt, "{Tab}{Tab}{F6}"); /* from the tab of its orders: its lines are taken over, too */
	desk_sees(vt, "SO");
	desk_type(vt, "{F9}dd{Enter}");
	desk_type(vt, "{F7}");
	desk_type(vt, arena_printf(bed->arena,
			  SAY("客户:\"%s\"{Enter}", "customer:\"%s\"{Enter}"), walk->customer));
	desk_type(vt, "{Enter}");
	desk_sees(vt, "10,800.00");
	act(vt, SAY("确认", "Confirm"), NULL);
	desk_sees(vt, SAY("已确认", "Confirmed"));
	assert_int_equal(
	    figure(walk, "count(*)", "(SELECT * FROM opportunity WHERE state = 'won')"), 1);
	assert_int_equal(
	    figure(walk, "count(*)", "(SELECT * FROM sales_order WHERE state = 'confirmed')"),
	    1);
	act(vt, SAY("回款计划", "Plan"), "30 +30d, 70 +60d{F10}");
	desk_sees(vt, "3,240");
	assert_int_equal(figure(walk, "count(*)", "receivable"), 2);
	assert_int_equal(figure(walk, "sum(t.amount)", "receivable"), 1080000);
	act(vt, SAY("发货", "Deliver"), "1=4{F10}");
	desk_sees(vt, SAY("部分发货", "Delivered in part"));
	assert_int_equal(figure(walk, "count(*)",
			     "(SELECT * FROM sales_order WHERE state = 'part_delivered')"),
	    1);
}

/* Finance books the first instalment. */
static void
book_receipt(const struct walk *walk)
{
	struct vt *vt = desk_home(bed, "hua", walk->lang, walk->rows, walk->cols);

	desk_type(vt, "{F9}sk{Enter}");
	desk_type(vt, "{F6}");
	desk_sees(vt, SAY("新建回款", "New Receipt"));
	desk_type(vt, walk->customer);
	desk_type(vt, "{Tab}{Tab}3240{Tab}{Tab}B-");
	desk_type(vt, walk->lang);
	desk_type(vt, "{F10}");
	desk_sees(vt, SAY("已保存", "saved"));
	assert_int_equal(
	    figure(walk, "sum(t.amount)", "(SELECT * FROM receipt WHERE state = 'booked')"),
	    324000);
	assert_int_equal(figure(walk, "sum(t.paid_now)",
			     "(SELECT r.*, f.paid AS paid_now FROM receivable r JOIN "
			     "receivable_figures f ON f.id = r.id)"),
	    324000);
	desk_leave(vt);
}

/* What the day brought is in the report already; it is handed in, read and commented. */
static void
report_evening(struct vt *vt, struct vt *signer, const struct walk *walk)
{
	desk_type(vt, "{F9}rb{Enter}");
	desk_type(vt, "{F6}");
	desk_sees(vt, SAY("新建工作报告", "New Work report"));
	desk_type(vt, "{F10}");
	desk_sees(vt, SAY("已保存", "saved"));
	act(vt, SAY("提交", "Hand in"), NULL);
	desk_sees(vt, SAY("已提交", "Handed in"));
	assert_int_equal(pg_int(DB,
			     "SELECT count(*) FROM work_report WHERE state = 'handed_in' AND "
			     "strpos(done, '%s') > 0",
			     walk->customer),
	    1);
	desk_type(signer, "{F9}dybg{Enter}");
	desk_sees(signer, "Ada");
	desk_type(signer, "{Enter}");
	act(signer, SAY("已阅", "Read"), SAY("做得好", "well done"));
	desk_type(signer, "{F10}");
	desk_sees(signer, SAY("已阅", "Read"));
	assert_int_equal(pg_int(DB,
			     "SELECT count(*) FROM comment m JOIN work_report r ON r.id = "
			     "m.anchor_id WHERE r.state = 'read' AND m.text = '%s'",
			     SAY("做得好", "well done")),
	    1);
	pg_exec(
	    DB, "UPDATE work_report SET deleted_at = now()"); /* one a day: the next walk's */
}

/* An @ in a comment offers the users; who is picked is told. */
static void
name_supervisor(struct vt *vt, const struct walk *walk)
{
	desk_type(vt, "{F9}kh{Enter}");
	desk_type(vt, "{F7}");
	desk_type(vt, walk->customer);
	desk_type(vt, "{Enter}");
	desk_type(vt, "{Enter}");
	act(vt, SAY("评论", "Comment"), "a@b @");
	desk_sees(vt, "Ben");
	desk_type(vt, "Cai{Enter}");
	desk_sees(vt, "a@b @蔡");
	desk_type(vt, "look{F10}");
	desk_sees(vt, "@蔡 look");
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM message WHERE kind = 'mention' AND owner_id = %d AND strpos(text, '%s') > 0",
			     USER_CAI, walk->customer), 1);
}

/* From the team page to what is late of the person at the cursor, and to what nobody has. */
static void
look_at_team(struct vt *vt, const struct walk *walk)
{
	desk_type(vt, "{F9}team{Enter}");
	desk_sees(vt, SAY("未分配线索", "leads without an owner"));
	desk_sees(vt, "Ada");
	desk_sees(vt, SAY("订单 逾期 日报", "Orders Late"));
	desk_type(vt, "{F7}");
	desk_sees(vt, SAY("逾期的计划步骤", "Overdue steps of plans"));
	desk_type(vt, "{Enter}");
	desk_sees(vt, "state:planned,started at:<today");
	desk_type(vt, "{F3}");
	desk_type(vt, "{F7}");
	desk_type(vt, SAY("未分配", "leads"));
	desk_type(vt, "{Enter}");
	desk_sees(vt, "-has:owner_id");
}

/* Targets of people by months: keyed in, drawn, kept; another measure is asked for. */
static void
set_targets(struct vt *vt, const struct walk *walk)
{
	const int64_t goals = is_zh(walk) ? 31 : 32;

	desk_type(vt, "{F9}mbb{Enter}");
	desk_sees(vt, SAY("合计", "Together"));
	desk_sees(vt, "Ada");
	desk_type(vt, arena_printf(bed->arena, "%d{Tab}%d{Tab}", (int)goals, (int)goals + 1));
	desk_sees(vt, SAY("F10保存", "F10Save"));
	desk_type(vt, "{PgDn}"); /* not before it is saved */
	desk_sees(vt, SAY("请先按 F10", "F10 saves what"));
	desk_type(vt, "{F10}");
	desk_sees(vt, SAY("目标已保存", "Targets saved"));
	desk_sees(vt, "----------");
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM target WHERE person_id = %d AND number IN (%d, %d)", USER_ADA,
			     (int)goals, (int)goals + 1),
	    2);
	desk_type(vt, "{F8}");
	desk_type(vt, SAY("订单", "Orders"));
	desk_type(vt, "{Enter}");
	desk_sees(vt, "0.00");
	desk_type(vt, "7{F3}");
	desk_sees(vt, SAY("尚未保存", "not saved"));
	desk_type(vt, "d{Enter}");
	desk_misses(vt, SAY("合计", "Together"));
}

static void
walk_sale(const struct walk *walk)
{
	struct vt *vt, *signer;

	make_world(walk);
	vt = desk_home(bed, "ada", walk->lang, walk->rows, walk->cols);
	signer = desk_home(bed, "cai", walk->lang, walk->rows, walk->cols);
	mask_days(vt);
	take_lead(vt, walk);
	key_in_quote(vt, walk);
	assert_int_equal(figure(walk, "total", "quote"), 1020000);
	get_consent(vt, signer, walk);
	work_order(vt, walk);
	book_receipt(walk);
	report_evening(vt, signer, walk);
	name_supervisor(vt, walk);
	look_at_team(signer, walk);
	set_targets(signer, walk);
	desk_end(signer);
	desk_end(vt);
}

static void
sale_is_walked_in_chinese(void **state)
{
	walk_sale(&chinese);
}

static void
sale_is_walked_in_english(void **state)
{
	walk_sale(&english);
}

static void
add_user(int id, const char *name, const char *role)
{
	pg_exec(DB,
	    "INSERT INTO users (id, name, name_key, label, label_key, branch_id, password_hash)"
	    " SELECT %d, '%s', '%s', '%s', '%s', 1, password_hash FROM users WHERE id = 101;"
	    "INSERT INTO user_role (user_id, role_id) SELECT %d, id FROM role WHERE name = "
	    "'%s'",
	    id, name, name, name, name, id, role);
}

static int
sale_start(void **state)
{
	bed = bed_new(DB);
	add_user(USER_HUA, "hua", "finance");
	add_user(USER_MEI, "mei", "marketing");
	ada = client_new(bed, "ada", LANG_EN);
	cai = client_new(bed, "cai", LANG_EN);
	guo = client_new(bed, "guo", LANG_EN);
	mei = client_new(bed, "mei", LANG_EN);
	pg_exec(DB, "UPDATE users SET superior_id = %d WHERE id = %d", USER_CAI, USER_ADA);
	save(guo, E_discount_limit,
	    SENT(TEXT_OF(F_discount_limit_name, "经理"),
		NUMBER_OF(F_discount_limit_role_id,
		    client_list(guo, E_role, "name:account_manager")->page->rows[0]->id),
		NUMBER_OF(F_discount_limit_percent, 500)),
	    NULL);
	return 0;
}

static int
sale_end(void **state)
{
	client_free(ada);
	client_free(cai);
	client_free(guo);
	client_free(mei);
	bed_free(bed);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sale_is_walked_in_chinese),
		cmocka_unit_test(sale_is_walked_in_english),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, sale_start, sale_end);
}
