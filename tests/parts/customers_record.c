/*
 * The whole record of a customer: accounts, titles, messengers and numbers elsewhere, anniversaries by both
 * calendars with their reminders, paper originals, and that all of it goes with the customer.
 */
#include "tests/parts/customers.h"

#include "common/date.h"
#include "common/lunar.h"
#include "server/entity/fields.h"
#include "tests/lib/pg.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
// clang-format off
#include <cmocka.h>
// clang-format on

static int64_t
today(void)
{
	return date_today(480);
}

static const char *
iso(int64_t day)
{
	static char text[16];
	struct ymd ymd = date_to_ymd(day);

	snprintf(text, sizeof(text), "%04d-%02d-%02d", ymd.year, ymd.month, ymd.day);
	return text;
}

/* Every month of two centuries begins on the same day in both tables, and so does every tenth day after it. */
static void
the_database_and_the_programs_have_one_lunar_calendar(void **state)
{
	const char *at = pg_exec(DB, "SELECT string_agg(coalesce(kehu_lunar(date '1900-01-31' + d * 7), 0)::text, ' ' ORDER BY d) "
				     "FROM generate_series(0, 10487) d");
	int64_t first = date_from_ymd((struct ymd){ 1900, 1, 31 });
	struct lunar_day lunar;
	size_t leaps = 0;

	for (int64_t d = 0; d <= 10487; d++) {
		char *end;
		long number = strtol(at, &end, 10);

		assert_true(lunar_from_day(first + d * 7, &lunar));
		assert_int_equal(number, lunar.month * 100 + lunar.day + (lunar.leap ? 10000 : 0));
		leaps += lunar.leap;
		at = end;
	}
	assert_true(leaps > 250);
	assert_int_equal(pg_int(DB, "SELECT coalesce(kehu_lunar('1900-01-30'), kehu_lunar('2101-01-29'), 0)"), 0);
}

static void
a_day_comes_back_by_its_calendar(void **state)
{
	static const struct {
		const char *day, *lunar, *from, *next;
	} rows[] = {
		{ "1985-09-29", "true", "2026-01-01", "2026-09-25" },  /* 八月十五 */
		{ "1985-09-29", "true", "2026-09-25", "2026-09-25" },
		{ "1985-09-29", "true", "2026-09-26", "2027-09-15" },
		{ "2020-05-23", "true", "2026-01-01", "2026-05-17" },  /* 闰四月初一: the month itself */
		{ "2024-02-09", "true", "2025-01-01", "2025-01-28" },  /* 腊月三十 of a short month */
		{ "2000-02-29", "false", "2026-01-01", "2026-03-01" },
		{ "2000-02-29", "false", "2028-01-01", "2028-02-29" },
		{ "1990-12-31", "false", "2026-12-31", "2026-12-31" },
		{ "1990-12-01", "false", "2026-12-31", "2027-12-01" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_string_equal(pg_exec(DB, "SELECT kehu_kept_next('%s', %s, '%s')", rows[i].day, rows[i].lunar,
		    rows[i].from), rows[i].next);
}

static void
anniversaries_tell_the_owner_ahead_once_and_follow_the_customer(void **state)
{
	int64_t customer = make_customer(ada, "扬州广陵漆器", ""), contact, day;
	struct ymd founded = date_to_ymd(today() + 3);

	founded.year = 2004; /* a leap year: whatever day it is there was one */
	day = expect_written(client_save(ada, E_anniversary, 0, 0,
		SENT(NUMBER_OF(F_anniversary_customer_id, customer), TEXT_OF(F_anniversary_title, "公司成立"),
		    NUMBER_OF(F_anniversary_day, date_from_ymd(founded)), NUMBER_OF(F_anniversary_remind_days, 5)), NULL))->id;
	contact = expect_written(client_save(ada, E_contact, 0, 0,
		SENT(TEXT_OF(F_contact_name, "广小陵"), NUMBER_OF(F_contact_customer_id, customer),
		    NUMBER_OF(F_contact_birthday, date_from_ymd(founded)), NUMBER_OF(F_contact_remind_days, 4)), NULL))->id;
	expect_error(client_save(ada, E_anniversary, 0, 0,
	    SENT(NUMBER_OF(F_anniversary_customer_id, customer), TEXT_OF(F_anniversary_title, "x"),
		NUMBER_OF(F_anniversary_day, 0), NUMBER_OF(F_anniversary_remind_days, 61)), NULL), ERR_INVALID,
	    F_anniversary_remind_days);
	assert_string_equal(pg_exec(DB, "SELECT next_on FROM anniversary_figures WHERE id = %" PRId64, day), iso(today() + 3));
	assert_int_equal(client_list(ada, E_anniversary, "next:..+7d")->page->n_rows, 1);
	pg_exec(DB, "SELECT kehu_anniversaries(); SELECT kehu_anniversaries()");
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM reminder WHERE anniversary_id = %" PRId64 " AND owner_id = 101 "
				    "AND text = '扬州广陵漆器 公司成立 %s'", day, iso(today() + 3)), 1);
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM reminder WHERE contact_id = %" PRId64 " AND owner_id = 101", contact), 1);
	/* Who has the customer now has its days, and is told; Ada no more. */
	expect_written(client_act(cai, E_customer, customer, "transfer", SENT(NUMBER_OF(1, USER_BEN))));
	pg_exec(DB, "SELECT kehu_anniversaries()");
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM reminder WHERE (anniversary_id = %" PRId64 " OR contact_id = %" PRId64
				    ") AND owner_id = 102", day, contact), 2);
	expect_error(client_get(ada, E_anniversary, day), ERR_NO_SUCH_RECORD, 0);
	assert_int_equal(client_list(ben, E_anniversary, "owner:me")->page->n_rows, 1);
}

/* By the lunar calendar; the day's list finds it too. */
static void
lunar_birthdays_stand_on_the_day_s_list(void **state)
{
	int64_t customer = make_customer(ada, "镇江金山香醋", ""), born, contact;
	struct lunar_day lunar;
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__Today request = KEHU__TODAY__INIT;
	const Kehu__ServerFrame *answer;
	bool found = false;

	assert_true(lunar_from_day(today() + 2, &lunar));
	lunar.year = 1980, lunar.leap = false;
	if (!lunar_to_day(lunar, &born)) /* a thirtieth that 1980 has not */
		lunar.day = 29;
	assert_true(lunar_to_day(lunar, &born));
	contact = expect_written(client_save(ada, E_contact, 0, 0,
		SENT(TEXT_OF(F_contact_name, "金农历"), NUMBER_OF(F_contact_customer_id, customer),
		    NUMBER_OF(F_contact_birthday, born), NUMBER_OF(F_contact_lunar, 1)), NULL))->id;
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_TODAY;
	frame.today = &request;
	answer = client_call(ada, &frame);
	for (size_t i = 0; i < answer->today->n_sections; i++)
		if (strcmp(answer->today->sections[i]->name, "birthdays") == 0)
			for (size_t r = 0; r < answer->today->sections[i]->page->n_rows; r++)
				found |= answer->today->sections[i]->page->rows[r]->id == contact;
	assert_true(found);
}

static void
a_number_of_another_system_is_one_customer_s(void **state)
{
	int64_t one = make_customer(ada, "泰州姜堰船机", ""), other = make_customer(ada, "泰州兴化脱水蔬菜", "");
	const struct sent_line line[] = { { .entity = E_customer_code, .id = -1,
		.values = SENT(TEXT_OF(F_customer_code_system, "erp"), TEXT_OF(F_customer_code_code, "K-7001")) }, { 0 } };
	const struct sent_line billing[] = { { .entity = E_customer_code, .id = -1,
		.values = SENT(TEXT_OF(F_customer_code_system, "billing"), TEXT_OF(F_customer_code_code, "K-7001")) }, { 0 } };

	expect_written(client_save(ada, E_customer, one, 1, NULL, line));
	expect_error(client_save(ada, E_customer, other, 1, NULL, line), ERR_DUPLICATE, F_customer_code_code);
	expect_written(client_save(ada, E_customer, other, 1, NULL, billing));
	assert_int_equal(client_search(ada, "K-7001")->search->n_hits, 2);
}

static void
the_lines_of_a_customer_go_to_the_bin_and_come_back_with_it(void **state)
{
	int64_t id = make_customer(cai, "宿迁洋河酒坊", "");

	expect_written(client_save(cai, E_customer, id, 1, NULL, (const struct sent_line[]){
		{ .entity = E_customer_account, .id = -1, .values = SENT(TEXT_OF(F_customer_account_bank, "中国银行宿迁分行"),
			TEXT_OF(F_customer_account_account, "6013820000000001")) },
		{ .entity = E_customer_title, .id = -2, .values = SENT(TEXT_OF(F_customer_title_title, "宿迁洋河酒坊有限公司")) },
		{ .entity = E_customer_messenger, .id = -3, .values = SENT(TEXT_OF(F_customer_messenger_kind, "dingtalk"),
			TEXT_OF(F_customer_messenger_account, "yanghe_01")) }, { 0 } }));
	expect_written(client_save(cai, E_paper, 0, 0, SENT(NUMBER_OF(F_paper_customer_id, id),
	    TEXT_OF(F_paper_title, "经销协议"), TEXT_OF(F_paper_place, "3 柜 2 层")), NULL));
	assert_int_equal(client_search(cai, "yanghe_01")->search->n_hits, 1);
	expect_written(client_delete(cai, E_customer, id, 2));
	assert_int_equal(pg_int(DB, "SELECT (SELECT count(*) FROM customer_account WHERE customer_id = %" PRId64 " AND deleted_at IS NULL)"
				    " + (SELECT count(*) FROM paper WHERE customer_id = %" PRId64 " AND deleted_at IS NULL)", id, id), 0);
	expect_written(client_restore(cai, E_customer, id));
	assert_int_equal(client_get(cai, E_customer, id)->get->record->n_lines, 3);
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM paper WHERE customer_id = %" PRId64 " AND deleted_at IS NULL", id), 1);
}

static void
a_paper_that_is_lent_is_seen_by_its_borrower_until_it_is_back(void **state)
{
	int64_t customer = make_customer(ada, "盐城大丰风电", "");
	int64_t paper = expect_written(client_save(ada, E_paper, 0, 0,
		SENT(NUMBER_OF(F_paper_customer_id, customer), TEXT_OF(F_paper_title, "采购合同正本"),
		    TEXT_OF(F_paper_place, "档案室 1 柜")), NULL))->id;

	expect_error(client_get(dan, E_paper, paper), ERR_NO_SUCH_RECORD, 0);
	expect_error(client_act(ada, E_paper, paper, "lend", SENT(NUMBER_OF(1, USER_DAN), NUMBER_OF(2, today() - 1))),
	    ERR_INVALID, 2);
	expect_written(client_act(ada, E_paper, paper, "lend",
	    SENT(NUMBER_OF(1, USER_DAN), NUMBER_OF(2, today() + 7), TEXT_OF(3, "年审"))));
	assert_string_equal(text_of(dan, E_paper, paper, F_paper_state), "lent");
	assert_int_equal(client_list(dan, E_paper, "borrower:me")->page->n_rows, 1);
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM reminder WHERE paper_id = %" PRId64 " AND owner_id = 104 "
				    "AND state = 'waiting'", paper), 1);
	expect_error(client_act(ada, E_paper, paper, "lend", SENT(NUMBER_OF(1, USER_BEN), NUMBER_OF(2, today()))),
	    ERR_WRONG_STATE, 0);
	expect_written(client_act(ada, E_paper, paper, "extend", SENT(NUMBER_OF(1, today() + 9))));
	/* Overdue, it is on its owner's list and on the borrower's. */
	pg_exec(DB, "UPDATE paper SET due_on = due_on - 20 WHERE id = %" PRId64, paper);
	assert_int_equal(client_list(ada, E_paper, "state:lent due:<today")->page->n_rows, 1);
	expect_written(client_act(ada, E_paper, paper, "give_back", SENT(TEXT_OF(1, "档案室 2 柜"))));
	expect_error(client_get(dan, E_paper, paper), ERR_NO_SUCH_RECORD, 0);
	assert_string_equal(text_of(ada, E_paper, paper, F_paper_place), "档案室 2 柜");
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM reminder WHERE paper_id = %" PRId64 " AND state = 'done'", paper), 1);
}

static void
an_invoice_takes_the_title_for_its_kind(void **state)
{
	int64_t id = make_customer(ada, "淮安清江石化", "");

	expect_written(client_save(ada, E_customer, id, 1, NULL, (const struct sent_line[]){
		{ .entity = E_customer_title, .id = -1, .values = SENT(TEXT_OF(F_customer_title_title, "淮安清江石化总公司")) },
		{ .entity = E_customer_title, .id = -2, .values = SENT(TEXT_OF(F_customer_title_kind, "special"),
			TEXT_OF(F_customer_title_title, "淮安清江石化有限公司"), TEXT_OF(F_customer_title_tax_number, "913208001")) },
		{ 0 } }));
	assert_string_equal(pg_exec(DB, "SELECT title || ' ' || tax_number FROM kehu_invoice_title(%" PRId64 ", 'special')", id),
	    "淮安清江石化有限公司 913208001");
	assert_string_equal(pg_exec(DB, "SELECT title FROM kehu_invoice_title(%" PRId64 ", 'ordinary')", id), "淮安清江石化总公司");
}

/* ---- figures and what they say ----------------------------------------------------------- */

static int64_t
save_month(struct client *client, int64_t customer, int64_t month, int64_t minor)
{
	return expect_written(client_save(client, E_customer_month, 0, 0,
		SENT(NUMBER_OF(F_customer_month_customer_id, customer), NUMBER_OF(F_customer_month_month, month),
		    TEXT_OF(F_customer_month_measure, "balance"), { .field = F_customer_month_amount, .number = minor, .has_number = true, .text = "CNY" }), NULL))->id;
}

static void
a_month_that_falls_is_told_once_and_found(void **state)
{
	int64_t customer = make_customer(ada, "连云港海州港务", ""), month, before, now;
	struct ymd ymd = date_to_ymd(today());

	ymd.day = 1;
	month = date_from_ymd(ymd);
	before = save_month(ada, customer, date_add_months(month, -1), 1000000);
	now = save_month(ada, customer, today(), 600000);
	assert_int_equal(number_of(ada, E_customer_month, now, F_customer_month_month), month);
	assert_int_equal(number_of(ada, E_customer_month, now, F_customer_month_change), -40);
	assert_int_equal(client_list(ada, E_customer_month, "change:<-30 measure:balance")->page->n_rows, 1);
	expect_error(client_save(ada, E_customer_month, 0, 0,
	    SENT(NUMBER_OF(F_customer_month_customer_id, customer), NUMBER_OF(F_customer_month_month, month),
		TEXT_OF(F_customer_month_measure, "balance"), NUMBER_OF(F_customer_month_number, 1)), NULL), ERR_DUPLICATE, 0);
	expect_error(client_save(ada, E_customer_month, 0, 0,
	    SENT(NUMBER_OF(F_customer_month_customer_id, customer), NUMBER_OF(F_customer_month_month, month)), NULL),
	    ERR_REQUIRED, F_customer_month_amount);
	expect_error(client_save(ada, E_customer_month, 0, 0,
	    SENT(NUMBER_OF(F_customer_month_customer_id, customer), NUMBER_OF(F_customer_month_month, today() + 40),
		NUMBER_OF(F_customer_month_number, 1)), NULL), ERR_INVALID, F_customer_month_month);
	pg_exec(DB, "SELECT kehu_months_fell(1000); SELECT kehu_months_fell(1000)");
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM message WHERE owner_id = 101 AND text LIKE '%%连云港海州港务 -40%%%%'"), 1);
	/* The month before is mended: what stands to it is worked out again. */
	expect_written(client_save(ada, E_customer_month, before, 1, SENT({ .field = F_customer_month_amount, .number = 500000, .has_number = true, .text = "CNY" }), NULL));
	assert_int_equal(number_of(ada, E_customer_month, now, F_customer_month_change), 20);
}

static const char *
class_of(int64_t customer)
{
	return pg_exec(DB, "SELECT coalesce(class, 'potential') || CASE WHEN loyal THEN ' loyal' ELSE '' END || CASE WHEN shrinking THEN ' shrinking' "
			   "ELSE '' END FROM customer c LEFT JOIN customer_figures f ON f.id = c.id WHERE c.id = %" PRId64, customer);
}

static void
add_order(int64_t customer, int months_ago, int64_t total)
{
	pg_exec(DB, "INSERT INTO sales_order (customer_id, ordered_on, currency, state, total, total_currency, total_base, "
		    "total_base_currency, owner_id) VALUES (%" PRId64 ", kehu_today() - %d * 30, 'CNY', 'confirmed', %" PRId64
		    ", 'CNY', %" PRId64 ", 'CNY', 101)", customer, months_ago, total, total);
}

static void
rules_say_who_is_premium_loyal_and_shrinking(void **state)
{
	int64_t big = make_customer(ada, "苏州相城模塑", ""), some = make_customer(ada, "无锡滨湖泵阀", ""),
		less = make_customer(ada, "常州武进轴承", ""), none = make_customer(ada, "徐州鼓楼粮油", ""),
		bad = make_customer(ada, "南通海门家纺", "");

	for (int month = 1; month <= 6; month++)
		add_order(big, month, 20000000);
	add_order(some, 2, 100);
	add_order(less, 8, 30000000);
	add_order(less, 2, 10000000);
	add_order(bad, 1, 900000000);
	pg_exec(DB, "UPDATE customer SET credit = 'D' WHERE id = %" PRId64, bad);
	pg_exec(DB, "UPDATE class_state SET stale = true; SELECT kehu_classify_all()");
	assert_string_equal(class_of(big), "premium loyal");
	assert_string_equal(class_of(some), "ordinary");
	assert_string_equal(class_of(less), "main shrinking");
	assert_string_equal(class_of(none), "potential");
	assert_string_equal(class_of(bad), "restricted");
	assert_int_equal(client_list(ada, E_customer, "class:premium loyal:yes")->page->n_rows, 1);
	assert_int_equal(client_list(ada, E_customer, "-has:class 名称:徐州鼓楼")->page->n_rows, 1);
	assert_int_equal(client_list(ada, E_customer, "shrinking:yes")->page->n_rows, 1);
	/* By hand with a reason only, and not by who is measured by it. */
	expect_error(client_act(ada, E_customer, none, "classify", SENT(TEXT_OF(1, "main"), TEXT_OF(2, "有大单在谈"))), ERR_FORBIDDEN, 0);
	expect_error(client_act(cai, E_customer, none, "classify", SENT(TEXT_OF(1, "main"))), ERR_REQUIRED, 2);
	expect_written(client_act(cai, E_customer, none, "classify", SENT(TEXT_OF(1, "main"), TEXT_OF(2, "有大单在谈"))));
	pg_exec(DB, "UPDATE class_state SET stale = true; SELECT kehu_classify_all()");
	assert_string_equal(class_of(none), "main");
	assert_string_equal(text_of(ada, E_customer, none, F_customer_class_reason), "有大单在谈");
	expect_written(client_act(cai, E_customer, none, "classify", SENT(TEXT_OF(2, "单子没有了"))));
	assert_string_equal(class_of(none), "potential");
	pg_exec(DB, "DELETE FROM sales_order");
}

/* ---- the tree ---------------------------------------------------------------------------- */

static Kehu__ServerFrame *
relate(struct client *client, int64_t id, int64_t customer, const char *kind, int64_t other)
{
	return client_save(client, E_customer_relation, id, id == 0 ? 0 : 1,
	    SENT(NUMBER_OF(F_customer_relation_customer_id, customer), TEXT_OF(F_customer_relation_kind, kind),
		NUMBER_OF(F_customer_relation_other_id, other)), NULL);
}

static Kehu__ServerFrame *
tree_of(struct client *client, int64_t customer)
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__Tree tree = KEHU__TREE__INIT;

	tree.has_id = true;
	tree.id = customer;
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_TREE;
	frame.tree = &tree;
	return client_call(client, &frame);
}

/* "0 甲/1 乙/": depths and names. */
static const char *
tree_shape(struct client *client, int64_t customer)
{
	const Kehu__ServerFrame *answer = tree_of(client, customer);
	const char *shape = "";

	assert_int_equal(answer->answer_case, KEHU__SERVER_FRAME__ANSWER_TREE);
	for (size_t i = 0; i < answer->tree->n_nodes; i++)
		shape = arena_printf(bed->arena, "%s%u %s/", shape, answer->tree->nodes[i]->depth,
		    answer->tree->nodes[i]->label);
	return shape;
}

static void
the_tree_has_each_customer_under_the_one_it_belongs_to_with_sums_upwards(void **state)
{
	static const char whole[] = "0 徽州文房集团/1 泾县宣纸/1 歙县砚台/2 婺源砚坑/";
	int64_t top = make_customer(ada, "徽州文房集团", ""), ink = make_customer(ada, "歙县砚台", ""),
		paper = make_customer(ada, "泾县宣纸", ""), pit = make_customer(ada, "婺源砚坑", ""),
		hidden = make_customer(dan, "祁门红茶", "");
	const Kehu__TreeAnswer *tree;

	expect_written(relate(ada, 0, ink, "parent", top));
	expect_written(relate(ada, 0, top, "subsidiary", paper));
	expect_written(relate(ada, 0, pit, "parent", ink));
	expect_written(relate(ada, 0, pit, "supplier", paper)); /* that is no tree */
	pg_exec(DB, "INSERT INTO customer_relation (customer_id, kind, other_id, owner_id) VALUES (%" PRId64 ", 'parent', %" PRId64 ", 104)", hidden, top);
	add_order(ink, 1, 100);
	add_order(pit, 1, 20);
	add_order(pit, 20, 7000); /* longer ago than a year */
	pg_exec(DB, "INSERT INTO customer_figures (id, owed, owed_currency) VALUES (%" PRId64 ", 5, 'CNY') ON CONFLICT (id) DO "
		    "UPDATE SET owed = 5, owed_currency = 'CNY'", pit);
	assert_string_equal(tree_shape(ada, top), whole);
	assert_string_equal(tree_shape(ada, pit), whole);
	tree = tree_of(ada, paper)->tree;
	assert_true(tree->orders && tree->owed && !tree->more);
	assert_int_equal(tree->nodes[0]->below, 3);
	assert_int_equal(tree->nodes[0]->orders, 0);
	assert_int_equal(tree->nodes[0]->orders_all, 120);
	assert_int_equal(tree->nodes[0]->owed_all, 5);
	assert_int_equal(tree->nodes[1]->orders_all, 0);
	assert_int_equal(tree->nodes[2]->orders, 100);
	assert_int_equal(tree->nodes[2]->orders_all, 120);
	assert_true(tree->nodes[2]->last && !tree->nodes[1]->last);
	/* Who sees one of them alone is told of no other; who sees none of none. */
	assert_string_equal(tree_shape(dan, hidden), "0 祁门红茶/");
	expect_error(tree_of(dan, top), ERR_NO_SUCH_RECORD, 0);
	expect_error(tree_of(guo, top), ERR_NO_SUCH_ENTITY, 0);
	pg_exec(DB, "DELETE FROM sales_order");
	/* One that is gone takes its branch out of the tree. */
	expect_written(client_delete(cai, E_customer, ink, 1));
	assert_string_equal(tree_shape(ada, top), "0 徽州文房集团/1 泾县宣纸/");
	assert_string_equal(tree_shape(ada, pit), "0 婺源砚坑/");
	expect_written(client_restore(cai, E_customer, ink));
	assert_string_equal(tree_shape(ada, top), whole);
}

static void
a_circle_of_parents_is_refused_with_its_way_named(void **state)
{
	int64_t a = make_customer(ada, "安庆黄梅戏院", ""), b = make_customer(ada, "池州九华旅社", ""),
		c = make_customer(ada, "宣城敬亭茶场", ""), first;
	Kehu__ServerFrame *answer;

	first = expect_written(relate(ada, 0, a, "parent", b))->id;
	expect_written(relate(ada, 0, b, "parent", c));
	answer = relate(ada, 0, c, "parent", a);
	expect_error(answer, ERR_CIRCLE, F_customer_relation_other_id);
	assert_non_null(strstr(answer->error->text, "安庆黄梅戏院 > 池州九华旅社 > 宣城敬亭茶场 > 安庆黄梅戏院"));
	expect_error(relate(ada, 0, a, "subsidiary", c), ERR_CIRCLE, F_customer_relation_other_id);
	expect_error(relate(ada, 0, a, "partner", a), ERR_CIRCLE, F_customer_relation_other_id);
	/* The same said from the other side, or any other kind, is none. */
	expect_written(relate(ada, 0, b, "subsidiary", a));
	expect_written(relate(ada, 0, c, "supplier", a));
	/* Turned round, it is not in its own way; but the other that says the same is. */
	expect_error(relate(ada, first, a, "subsidiary", b), ERR_CIRCLE, F_customer_relation_other_id);
	pg_exec(DB, "DELETE FROM customer_relation WHERE customer_id = %" PRId64 " AND kind = 'subsidiary'", b);
	expect_written(relate(ada, first, a, "subsidiary", b));
	/* Nor does the bin bring one back, or whatever else writes. */
	pg_exec(DB, "UPDATE customer_relation SET deleted_at = now() WHERE id = %" PRId64, first);
	expect_written(relate(ada, 0, a, "parent", b));
	assert_string_equal(pg_exec(DB, "DO $$ BEGIN UPDATE customer_relation SET deleted_at = NULL WHERE id = %" PRId64 "; "
		    "RAISE EXCEPTION 'it went'; EXCEPTION WHEN SQLSTATE 'KH005' THEN NULL; END $$; "
		    "SELECT 'kept out ' || (deleted_at IS NOT NULL) FROM customer_relation WHERE id = %" PRId64, first, first),
	    "kept out true");
}

static void
the_tree_by_the_command_line(void **state)
{
	int64_t top = make_customer(ada, "滁州醉翁酒业", ""), below = make_customer(ada, "凤阳花鼓文化", "");
	const char *text;

	expect_written(relate(ada, 0, below, "parent", top));
	text = bed_shell(bed, "ada", NULL, "$KEHU tree customer %" PRId64 " --format tsv", below);
	assert_non_null(strstr(text, arena_printf(bed->arena, "%" PRId64 "\t\t0\t滁州醉翁酒业", top)));
	assert_non_null(strstr(text, arena_printf(bed->arena, "%" PRId64 "\t%" PRId64 "\t1\t凤阳花鼓文化", below, top)));
	text = bed_shell(bed, "ada", NULL, "$KEHU tree customer %" PRId64 " --format jsonl", below);
	assert_non_null(strstr(text, "\"orders_all\":"));
	text = bed_shell(bed, "ada", NULL, "$KEHU tree visit 1 2>&1; echo exit $?");
	assert_null(strstr(text, "exit 0"));
}

int
customers_record(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_database_and_the_programs_have_one_lunar_calendar),
		cmocka_unit_test(a_day_comes_back_by_its_calendar),
		cmocka_unit_test(anniversaries_tell_the_owner_ahead_once_and_follow_the_customer),
		cmocka_unit_test(lunar_birthdays_stand_on_the_day_s_list),
		cmocka_unit_test(a_number_of_another_system_is_one_customer_s),
		cmocka_unit_test(the_lines_of_a_customer_go_to_the_bin_and_come_back_with_it),
		cmocka_unit_test(a_paper_that_is_lent_is_seen_by_its_borrower_until_it_is_back),
		cmocka_unit_test(an_invoice_takes_the_title_for_its_kind),
		cmocka_unit_test(a_month_that_falls_is_told_once_and_found),
		cmocka_unit_test(rules_say_who_is_premium_loyal_and_shrinking),
		cmocka_unit_test(the_tree_has_each_customer_under_the_one_it_belongs_to_with_sums_upwards),
		cmocka_unit_test(a_circle_of_parents_is_refused_with_its_way_named),
		cmocka_unit_test(the_tree_by_the_command_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
