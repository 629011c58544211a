/* Facts about the search language's syntax. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/buf.h"
#include "common/query.h"
#include "common/text.h"

#include <string.h>

static struct arena *arena;

static int
query_setup(void **state)
{
	arena = arena_new(0);
	return 0;
}

static int
query_teardown(void **state)
{
	arena_free(arena);
	return 0;
}

/* A parsed query in one line: [-]field{op text|high, …}; quoted text in quotes. */
static const char *
show(const char *text)
{
	static const char *const ops[] = { "", "<", "<=", ">", ">=", "" };
	struct query *query;
	struct query_error error;
	struct buf out = BUF_INIT;

	if (query_parse(arena, text, &query, &error) != ERR_OK)
		return arena_printf(arena, "fault %d at %zu+%zu", error.fault,
		    error.at.at_bytes, error.at.bytes);
	for (size_t i = 0; i < query->count; i++) {
		const struct query_term *term = &query->terms[i];
		buf_printf(&out, "%s%s%s{", i == 0 ? "" : " ", term->negated ? "-" : "",
		    term->field == NULL ? "" : term->field);
		for (size_t j = 0; j < term->count; j++) {
			const struct query_value *value = &term->values[j];
			const char *quote = value->quoted ? "\"" : "";
			buf_printf(&out, "%s%s%s%s%s", j == 0 ? "" : ", ", ops[value->op],
			    quote, value->text, quote);
			assert_int_equal(value->high != NULL, value->op == QUERY_RANGE);
			if (value->high != NULL)
				buf_printf(&out, "|%s", value->high);
		}
		buf_puts(&out, "}");
	}
	const char *kept = arena_strdup(arena, buf_text(&out));
	buf_fini(&out);
	return kept;
}

static void
query_reads_the_examples_of_the_manual(void **state)
{
	assert_string_equal(show("owner:me level:A city:上海 -visited:30d 银行"),
	    "owner{me} level{A} city{上海} -visited{30d} {银行}");
	assert_string_equal(
	    show("amount:>100000 due:..+7d tag:tender-2026 has:email is:overdue "
		 "sort:-amount"),
	    "amount{>100000} due{|+7d} tag{tender-2026} has{email} is{overdue} sort{-amount}");
	assert_string_equal(show("负责:我 级别:A 城市:上海 -拜访:30天"),
	    "负责{我} 级别{A} 城市{上海} -拜访{30天}");
}

static void
query_empty_text_has_no_terms(void **state)
{
	assert_string_equal(show(""), "");
	assert_string_equal(show(" \t\xE3\x80\x80 "), "");
	assert_string_equal(show("\"\""), "");
	assert_string_equal(show("a \"\" b"), "{a} {b}");
	assert_string_equal(show("\xE2\x80\x8B"), ""); /* a zero-width space alone */
}

static void
query_full_width_signs_equal_ascii(void **state)
{
	assert_string_equal(show("城市：上海，北京"), "城市{上海, 北京}");
	assert_string_equal(show("ａｍｏｕｎｔ：＞＝１００"), "amount{>=100}");
	assert_string_equal(show("－级别：Ａ\xE3\x80\x80银行"), "-级别{A} {银行}");
	assert_string_equal(show("“上海 银行”"), "{\"上海 银行\"}");
	assert_string_equal(show("日期：１．．５"), "日期{1|5}");
	assert_string_equal(show("万科Ａ"), "{万科A}");
	assert_string_equal(show("\"万科Ａ\""), "{\"万科Ａ\"}"); /* a phrase stays as it is */
}

static void
query_values_are_any_of(void **state)
{
	assert_string_equal(show("level:A,B,C"), "level{A, B, C}");
	assert_string_equal(
	    show("city:\"New York\",上海,>5,1..2"), "city{\"New York\", 上海, >5, 1|2}");
	assert_string_equal(show("-level:A,B x"), "-level{A, B} {x}");
	assert_string_equal(show("note:\"\""), "note{\"\"}"); /* empty on purpose */
}

static void
query_comparisons_and_ranges(void **state)
{
	assert_string_equal(show("a:>1 b:>=1 c:<1 d:<=1"), "a{>1} b{>=1} c{<1} d{<=1}");
	assert_string_equal(show("due:<\"next mon\""), "due{<\"next mon\"}");
	assert_string_equal(show("due:2026-01-01..2026-12-31"), "due{2026-01-01|2026-12-31}");
	assert_string_equal(show("amount:10.."), "amount{10|}");
	assert_string_equal(show("amount:1.5..2.5"), "amount{1.5|2.5}");
	assert_string_equal(show("amount:-5..-1"), "amount{-5|-1}");
	assert_string_equal(
	    show("amount:>1..2"), "amount{>1..2}"); /* refused when it is bound */
}

static void
query_words_with_colons_that_are_no_fields(void **state)
{
	assert_string_equal(show("14:05"), "{14:05}");
	assert_string_equal(show("at:14:05"), "at{14:05}");
	assert_string_equal(show("a@b:c"), "{a@b:c}");
	assert_string_equal(show(":x"), "{:x}");
	assert_string_equal(show("a,b"), "{a,b}");
	assert_string_equal(show("a..b"), "{a..b}");
	assert_string_equal(show(">5"), "{>5}");
	assert_string_equal(show("it's 5\" x-y"), "{it's} {5\"} {x-y}");
}

static void
query_field_names_are_lower_case(void **state)
{
	assert_string_equal(
	    show("Owner:Me CUSTOMER.City:X x_1:y"), "owner{Me} customer.city{X} x_1{y}");
}

static void
query_quotes_may_hold_quotes(void **state)
{
	assert_string_equal(show("\"a \\\"b\\\" \\\\ \\c\""), "{\"a \"b\" \\ \\c\"}");
	assert_string_equal(show("“他说\"好\"”"), "{\"他说\"好\"\"}");
	assert_string_equal(show("\"他说“好”\""), "{\"他说“好”\"}");
	assert_string_equal(show("-\"a b\""), "-{\"a b\"}");
	assert_string_equal(show("\"a\nb\""), "{\"a b\"}");
}

static void
query_faults_say_where(void **state)
{
	static const struct {
		const char *text;
		enum query_fault fault;
		size_t at, bytes;
	} rows[] = {
		{ "a city:", QUERY_FAULT_NO_VALUE, 2, 5 },
		{ "city: 上海", QUERY_FAULT_NO_VALUE, 0, 5 },
		{ "level:A,", QUERY_FAULT_NO_VALUE, 0, 8 },
		{ "level:,A", QUERY_FAULT_NO_VALUE, 0, 6 },
		{ "amount:>", QUERY_FAULT_NO_VALUE, 0, 8 },
		{ "x -", QUERY_FAULT_NO_TERM, 2, 1 },
		{ "- x", QUERY_FAULT_NO_TERM, 0, 1 },
		{ "x \"open", QUERY_FAULT_OPEN_QUOTE, 2, 5 },
		{ "city:\"上海", QUERY_FAULT_OPEN_QUOTE, 5, 7 },
		{ "\"a\\\"", QUERY_FAULT_OPEN_QUOTE, 0, 4 },
		{ "due:..", QUERY_FAULT_NO_RANGE, 4, 2 },
		{ "\"a\"bc d", QUERY_FAULT_AFTER_QUOTE, 3, 2 },
		{ "city:\"a\"b,c", QUERY_FAULT_AFTER_QUOTE, 8, 1 },
		{ "a\xFF", QUERY_FAULT_BYTES, 0, 2 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_string_equal(
		    show(rows[i].text), arena_printf(arena, "fault %d at %zu+%zu",
					    rows[i].fault, rows[i].at, rows[i].bytes));
}

static void
query_positions_point_into_the_typed_text(void **state)
{
	struct query *query;
	struct query_error error;
	const char *text = "x  －城市：上海，\"北 京\"";

	assert_int_equal(query_parse(arena, text, &query, &error), ERR_OK);
	const struct query_term *term = &query->terms[1];
	assert_memory_equal(
	    text + term->at.at_bytes, "－城市：上海，\"北 京\"", term->at.bytes);
	assert_int_equal(term->at.at_bytes + term->at.bytes, strlen(text));
	assert_int_equal(term->field_at.bytes, strlen("城市"));
	assert_memory_equal(text + term->field_at.at_bytes, "城市", 6);
	assert_int_equal(term->values[0].at.bytes, 6);
	assert_memory_equal(text + term->values[0].at.at_bytes, "上海", 6);
	assert_int_equal(term->values[1].at.bytes, strlen("\"北 京\""));
	assert_memory_equal(text + term->values[1].at.at_bytes, "\"北 京\"", 9);
}

static const char *
repeat(const char *part, size_t count)
{
	struct buf buf = BUF_INIT;

	for (size_t i = 0; i < count; i++)
		buf_puts(&buf, part);
	const char *out = arena_strdup(arena, buf_text(&buf));
	buf_fini(&buf);
	return out;
}

static void
query_limits_are_exact(void **state)
{
	struct query *query;
	struct query_error error;

	assert_int_equal(query_parse(arena, repeat("a ", 64), &query, &error), ERR_OK);
	assert_int_equal(query->count, 64);
	assert_int_equal(query_parse(arena, repeat("a ", 65), &query, &error), ERR_QUERY);
	assert_int_equal(error.fault, QUERY_FAULT_TERMS);
	assert_int_equal(error.at.at_bytes, 128);
	const char *many = arena_printf(arena, "f:%s1", repeat("1,", 255));
	assert_int_equal(query_parse(arena, many, &query, &error), ERR_OK);
	assert_int_equal(query->terms[0].count, 256);
	assert_int_equal(
	    query_parse(arena, arena_printf(arena, "x %s", many), &query, &error), ERR_QUERY);
	assert_int_equal(error.fault, QUERY_FAULT_VALUES);
	assert_int_equal(query_parse(arena, repeat("a", 4096), &query, &error), ERR_OK);
	assert_int_equal(query_parse(arena, repeat("a", 4097), &query, &error), ERR_QUERY);
	assert_int_equal(error.fault, QUERY_FAULT_TOO_LONG);
}

static void
query_any_text_parses_or_fails_inside_itself(void **state)
{
	static const char *const parts[] = { "a", ":", "：", ",", "，", "\"", "“", "”", "\\",
		" ", "-", ".", "..", ">", "=", "<", "城市", "9", "\xE3\x80\x80", "\xE2\x80\x8B",
		"\xFF", "\n", "＂", "_", "😀" };
	unsigned seed = 7;

	for (int round = 0; round < 100000; round++) {
		char text[128] = "";
		struct query *query;
		struct query_error error;
		for (int i = round % 12; i >= 0; i--) {
			seed = seed * 1103515245 + 12345;
			strcat(text, parts[(seed >> 16) % (sizeof(parts) / sizeof(parts[0]))]);
		}
		size_t bytes = strlen(text);
		if (query_parse(arena, text, &query, &error) != ERR_OK) {
			assert_int_not_equal(error.fault, QUERY_FAULT_NONE);
			assert_true(error.at.at_bytes + error.at.bytes <= bytes);
			assert_true(error.at.bytes > 0);
		} else {
			for (size_t i = 0; i < query->count; i++) {
				const struct query_term *term = &query->terms[i];
				assert_true(term->at.at_bytes + term->at.bytes <= bytes);
				assert_true(term->count > 0);
				assert_true(text_valid(
				    term->values[0].text, strlen(term->values[0].text)));
			}
		}
		arena_reset(arena);
	}
}

static void
query_faults_have_both_texts(void **state)
{
	for (int i = QUERY_FAULT_NONE; i <= QUERY_FAULT_AFTER_QUOTE; i++) {
		assert_non_null(query_fault_text((enum query_fault)i, LANG_EN));
		assert_string_not_equal(query_fault_text((enum query_fault)i, LANG_ZH),
		    query_fault_text((enum query_fault)i, LANG_EN));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(query_reads_the_examples_of_the_manual),
		cmocka_unit_test(query_empty_text_has_no_terms),
		cmocka_unit_test(query_full_width_signs_equal_ascii),
		cmocka_unit_test(query_values_are_any_of),
		cmocka_unit_test(query_comparisons_and_ranges),
		cmocka_unit_test(query_words_with_colons_that_are_no_fields),
		cmocka_unit_test(query_field_names_are_lower_case),
		cmocka_unit_test(query_quotes_may_hold_quotes),
		cmocka_unit_test(query_faults_say_where),
		cmocka_unit_test(query_positions_point_into_the_typed_text),
		cmocka_unit_test(query_limits_are_exact),
		cmocka_unit_test(query_any_text_parses_or_fails_inside_itself),
		cmocka_unit_test(query_faults_have_both_texts),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("query", tests, query_setup, query_teardown);
}
