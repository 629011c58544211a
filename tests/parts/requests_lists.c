/*
 * Lists, page by page and filtered, and search.
 */
#include "server/entity/fields.h"
#include "tests/lib/pg.h"
#include "tests/parts/requests.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
// clang-format off
#include <cmocka.h>
// clang-format on

/* ---- lists ------------------------------------------------------------------------------- */

static void
list_pages_meet_every_row_once_both_ways(void **state)
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__List list = KEHU__LIST__INIT;
	int64_t seen[64];
	size_t count = 0, back = 0;
	Kehu__ServerFrame *answer;
	ProtobufCBinaryData previous = { 0 };

	/* levels on some only: a nullable sort column with both phases */
	for (int i = 0; i < 23; i++) {
		char name[64];

		snprintf(name, sizeof(name), "翻页%02d公司", i);
		expect_written(client_save(dan, E_customer, 0, 0,
		    SENT(TEXT_OF(F_customer_name, name), TEXT_OF(F_customer_site, "https://page.example"),
			i % 3 == 0 ? (struct sent)TEXT_OF(F_customer_short_name, name) :
				     (struct sent)TEXT_OF(F_customer_postcode, "100000")), NULL));
	}
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_LIST;
	frame.list = &list;
	list.has_entity = list.has_limit = list.has_sort = true;
	list.entity = E_customer;
	list.limit = 5;
	list.sort = F_customer_short_name;
	list.query = (char *)(uintptr_t)"name:翻页";
	do {
		answer = client_call(dan, &frame);
		assert_int_equal(answer->answer_case, KEHU__SERVER_FRAME__ANSWER_PAGE);
		for (size_t i = 0; i < answer->page->n_rows; i++) {
			for (size_t k = 0; k < count; k++)
				assert_int_not_equal(seen[k], answer->page->rows[i]->id);
			seen[count++] = answer->page->rows[i]->id;
		}
		list.has_cursor = true;
		list.cursor = answer->page->next;
		previous = answer->page->previous;
	} while (answer->page->has_next);
	assert_int_equal(count, 23);
	/* and backwards from the last page to the first */
	back = count - answer->page->n_rows;
	while (previous.len > 0) {
		list.cursor = previous;
		answer = client_call(dan, &frame);
		assert_true(answer->page->n_rows <= back);
		back -= answer->page->n_rows;
		for (size_t i = 0; i < answer->page->n_rows; i++)
			assert_int_equal(answer->page->rows[i]->id, seen[back + i]);
		previous = answer->page->has_previous ? answer->page->previous : (ProtobufCBinaryData){ 0 };
	}
	assert_int_equal(back, 0);
}

static void
list_refuses_an_unknown_field_and_names_the_nearest(void **state)
{
	const Kehu__ServerFrame *answer = client_list(ada, E_customer, "owner:me levl:A");

	expect_error(answer, ERR_QUERY, 0);
	assert_int_equal(answer->error->position, 9);
	assert_non_null(strstr(answer->error->text, "\"level\""));
	expect_error(client_list(ada, E_customer, "password_hash:x"), ERR_QUERY, 0);
	expect_error(client_list(guo, E_user, "password_hash:x"), ERR_QUERY, 0);
}

static void
list_understands_both_languages(void **state)
{
	struct client *zh = client_new(bed, "ada", LANG_ZH);
	int64_t id = make_customer(ada, "双语过滤公司", "双语");

	expect_written(client_save(ada, E_customer, id, 1, SENT(TEXT_OF(F_customer_level, "B")), NULL));
	assert_int_equal(list_count(ada, E_customer, "level:A,B name:双语过滤"), 1);
	assert_int_equal(list_count(zh, E_customer, "级别：A，B 名称:双语过滤 负责:我"), 1);
	assert_int_equal(list_count(ada, E_customer, "-level:B name:双语过滤"), 0);
	assert_int_equal(list_count(ada, E_customer, "-visited:30d name:双语过滤"), 1);
	expect_error(client_list(zh, E_customer, "级另:A"), ERR_QUERY, 0);
	client_free(zh);
}

static void
list_filters_a_region_with_all_below_it(void **state)
{
	int64_t district = pg_int(DB, "SELECT id FROM region WHERE name = '浦东新区'");
	int64_t id = make_customer(ada, "地区公司", "地区");

	assert_true(district > 0);
	expect_written(client_save(ada, E_customer, id, 1, SENT(NUMBER_OF(F_customer_region_id, district)), NULL));
	assert_int_equal(list_count(ada, E_customer, "region:上海 name:地区公司"), 1);
	assert_int_equal(list_count(ada, E_customer, "城市:浦东新区 name:地区公司"), 1);
	assert_int_equal(list_count(ada, E_customer, "region:北京 name:地区公司"), 0);
}

static void
cursor_of_another_list_is_refused(void **state)
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__List list = KEHU__LIST__INIT;
	uint8_t junk[40];

	list.has_entity = list.has_cursor = true;
	list.entity = E_customer;
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_LIST;
	frame.list = &list;
	for (int i = 0; i < 200; i++) {
		random_bytes(junk, sizeof(junk));
		junk[0] = 1;
		list.cursor.data = junk;
		list.cursor.len = (size_t)(i % 40);
		if (list.cursor.len != 0)
			expect_error(client_call(ada, &frame), ERR_BAD_REQUEST, 0);
	}
}

static void
tags_filter_the_list(void **state)
{
	int64_t tag = expect_written(client_save(guo, E_tag, 0, 0, SENT(TEXT_OF(F_tag_name, "招标2026")), NULL))->id;
	int64_t id = make_customer(ada, "带标签公司", "带标签");

	expect_written(client_save(ada, E_customer, id, 1, NULL,
	    (const struct sent_line[]){ { .entity = E_customer_tag, .id = -1,
		.values = SENT(NUMBER_OF(F_customer_tag_tag_id, tag)) }, { 0 } }));
	assert_int_equal(list_count(ada, E_customer, "tag:招标2026"), 1);
	assert_int_equal(list_count(ada, E_customer, "标签:招标2026 name:带标签"), 1);
	assert_int_equal(list_count(ada, E_customer, "-tag:招标2026 name:带标签"), 0);
	assert_int_equal(list_count(ben, E_customer, "tag:招标2026"), 0);
	expect_error(client_list(ada, E_customer, "tag:没有"), ERR_QUERY, 0);
}

/* ---- search ------------------------------------------------------------------------------ */

static void
search_ranks_an_exact_short_name_first(void **state)
{
	const Kehu__SearchAnswer *answer;

	make_customer(ada, "江南银行设备有限公司", "江南银行设备");
	make_customer(ada, "上海江南银行股份有限公司", "江南银行");
	make_customer(ada, "江南银行大厦物业公司", "江南大厦");
	answer = client_search(ada, "江南银行")->search;
	assert_int_equal(answer->n_hits, 3);
	assert_string_equal(answer->hits[0]->label, "上海江南银行股份有限公司");
	assert_int_equal(client_search(ada, "jnyh")->search->n_hits, 3);
	assert_string_equal(client_search(ada, "jnyh")->search->hits[0]->label, "上海江南银行股份有限公司");
	assert_int_equal(client_search(ada, "jiangnanyin")->search->n_hits, 3);
	answer = client_search(ada, "江楠银行")->search;
	assert_true(answer->typo);
	assert_true(answer->n_hits >= 1);
}

static void
search_combines_with_conditions(void **state)
{
	int64_t id = make_customer(ada, "组合条件贸易公司", "组合贸易");

	assert_int_equal(list_count(ada, E_customer, "组合条件 level:A"), 0);
	expect_written(client_save(ada, E_customer, id, 1, SENT(TEXT_OF(F_customer_level, "A")), NULL));
	assert_int_equal(list_count(ada, E_customer, "组合条件 level:A"), 1);
	assert_int_equal(list_count(ada, E_customer, "zhtj level:A owner:me"), 1);
}

/* Every match of "众多" once, page after page, what is called so first. */
static void
expect_all_the_many(struct client *reader)
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__Search search = KEHU__SEARCH__INIT;
	Kehu__ServerFrame *answer;
	size_t found = 0, pages = 0;

	search.text = (char *)(uintptr_t)"众多";
	search.has_limit = true;
	search.limit = 200;
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_SEARCH;
	frame.search = &search;
	do {
		answer = client_call(reader, &frame);
		assert_int_equal(answer->answer_case, KEHU__SERVER_FRAME__ANSWER_SEARCH);
		if (pages == 0) {
			assert_true(answer->search->narrow);
			assert_string_equal(answer->search->hits[0]->label, "众多");
		}
		found += answer->search->n_hits;
		search.has_cursor = true;
		search.cursor = answer->search->next;
	} while (answer->search->has_next && ++pages < 50);
	assert_int_equal(found, 2301);
}

static void
scope_of_supervisors(const char *scope)
{
	pg_exec(DB, "UPDATE role_grant SET scope = '%s' WHERE entity = 'customer' AND role_id ="
		    " (SELECT id FROM role WHERE name = 'sales_supervisor');"
		    "UPDATE state SET access_epoch = access_epoch + 1", scope);
}

static void
search_past_the_ranking_limit_ends(void **state)
{
	/* 2,300 customers with one word in common, made past the gate but as it would store them */
	pg_exec(DB, "INSERT INTO customer (id, name, name_key, type, stage, owner_id, department_id, branch_id)"
		" SELECT 800000000 + i, '众多公司' || i, 'zhong' || i, 'company', 'potential', 101, 12, 2"
		" FROM generate_series(1, 2300) i;"
		/* some of them Cai's own, elsewhere */
		"UPDATE customer SET owner_id = 103, department_id = 13, branch_id = 3 WHERE id > 800000000 AND id %% 23 = 0;"
		"INSERT INTO customer_search (id, owner_id, department_id, branch_id, tokens, doc)"
		" SELECT id, owner_id, department_id, branch_id, array_to_tsvector(ARRAY['nh众多', 'ns众多']),"
		" E'n10.2\t' || name || E'\n' FROM customer WHERE id > 800000000");
	make_customer(ada, "众多", "众多");
	expect_all_the_many(cai);
	/* the same when the database's statistics know how common the word is in a department */
	pg_exec(DB, "ANALYZE customer_search");
	usleep(1100 * 1000); /* as long as kehud waits before it asks for them again */
	expect_all_the_many(cai);
	/* a branch's sight has an index of its own for such words */
	scope_of_supervisors("branch");
	expect_all_the_many(cai);
	scope_of_supervisors("department");
	/* a list by such a word says so instead of showing a part */
	expect_error(client_list(ada, E_customer, "众多"), ERR_NARROW, 0);
	pg_exec(DB, "DELETE FROM customer_search WHERE id > 800000000; DELETE FROM customer WHERE id > 800000000");
}

int
requests_lists(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(list_pages_meet_every_row_once_both_ways),
		cmocka_unit_test(list_refuses_an_unknown_field_and_names_the_nearest),
		cmocka_unit_test(list_understands_both_languages),
		cmocka_unit_test(list_filters_a_region_with_all_below_it),
		cmocka_unit_test(cursor_of_another_list_is_refused),
		cmocka_unit_test(tags_filter_the_list),
		cmocka_unit_test(search_ranks_an_exact_short_name_first),
		cmocka_unit_test(search_combines_with_conditions),
		cmocka_unit_test(search_past_the_ranking_limit_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
