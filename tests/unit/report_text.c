/*
 * Facts about documents on paper: lines, widths in cells, groups and sums, page breaks, and
 * that the preview is what is printed.
 */
#include "common/text.h"
#include "server/report/render_sinks.h"
#include "tests/lib/report_samples.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define PAGE_LINES 60
#define PAGE_COLS  80

struct printed {
	struct arena *arena;
	struct sample_file file;
	const char **lines; /* page after page */
	size_t count;
};

static void
printed_split(struct printed *printed)
{
	char *text = arena_strdup(printed->arena, buf_text(&printed->file.buf)), *end;

	printed->lines = ARENA_ARRAY(printed->arena, const char *, printed->file.buf.bytes + 1);
	for (; (end = strchr(text, '\n')) != NULL; text = end + 1) {
		*end = '\0';
		printed->lines[printed->count++] = text + (*text == '\f');
	}
}

static struct printed
printed_sample(enum err (*produce)(struct doc *, enum lang), enum lang lang)
{
	struct printed printed = { .arena = arena_new(0) };
	struct doc *doc = doc_new(render_text_new(sample_out(&printed.file), false));

	assert_int_equal(produce(doc, lang), ERR_OK);
	doc_free(doc);
	printed_split(&printed);
	return printed;
}

static struct printed
printed_long(int64_t rows)
{
	struct printed printed = { .arena = arena_new(0) };
	struct doc *doc = doc_new(render_text_new(sample_out(&printed.file), false));

	assert_int_equal(sample_long_list(doc, LANG_EN, rows), ERR_OK);
	doc_free(doc);
	printed_split(&printed);
	return printed;
}

static void
printed_fini(struct printed *printed)
{
	buf_fini(&printed->file.buf);
	arena_free(printed->arena);
}

static void
assert_has_line(const struct printed *printed, const char *line)
{
	for (size_t i = 0; i < printed->count; i++) {
		if (strcmp(printed->lines[i], line) == 0)
			return;
	}
	fail_msg("no such line: \"%s\"", line);
}

/* A document of one table, made by hand in a test. */
struct one_table {
	struct doc *doc;
	struct printed printed;
};

static void
one_table_open(struct one_table *one, const struct doc_table *table, enum lang lang)
{
	*one = (struct one_table){ .printed.arena = arena_new(0) };
	one->doc = doc_new(render_text_new(sample_out(&one->printed.file), false));
	assert_int_equal(
	    doc_begin(one->doc, &(struct doc_head){ .title = "T", .lang = lang }), ERR_OK);
	doc_table(one->doc, table);
}

static enum err
one_table_close(struct one_table *one)
{
	enum err err = doc_end(one->doc);

	doc_free(one->doc);
	printed_split(&one->printed);
	return err;
}

static void
visit_sheet_prints_its_fields_in_chinese(void **state)
{
	struct printed printed = printed_sample(sample_visit_sheet, LANG_ZH);

	assert_int_equal(printed.count, PAGE_LINES);
	assert_string_equal(printed.lines[0],
	    "江南精密机械有限公司                                               V-2026-000451");
	assert_string_equal(printed.lines[2], "                                   客户拜访单");
	assert_has_line(&printed, " 客户      上海华东电子有限公司");
	assert_has_line(
	    &printed, " 联系人    李明（采购经理）              电话      021-6888 1234");
	assert_has_line(&printed, " 拜访目的  年度合同洽谈                  拜访人    王芳");
	assert_has_line(&printed,
	    "拜访人 _______________    客户签字 _____________    主管 _________________");
	assert_string_equal(printed.lines[59],
	    "打印：王芳 2026-11-22 14:05                                    第 1 页 / 共 1 页");
	printed_fini(&printed);
}

static void
visit_sheet_prints_its_fields_in_english(void **state)
{
	struct printed printed = printed_sample(sample_visit_sheet, LANG_EN);

	assert_int_equal(printed.count, PAGE_LINES);
	assert_has_line(&printed, "                                  Visit sheet");
	assert_has_line(&printed, " Customer        Huadong Electronics Co., Ltd.");
	assert_has_line(
	    &printed, " Day             2026-11-20 Fri          Time            14:00–15:30");
	assert_has_line(&printed, " Customer's");
	assert_has_line(&printed, " remarks");
	assert_string_equal(printed.lines[59],
	    "Printed by Wang Fang, 2026-11-22 14:05                               Page 1 of 1");
	printed_fini(&printed);
}

static void
visits_add_up_by_month_person_and_all(void **state)
{
	struct printed printed = printed_sample(sample_visits_by_person, LANG_EN);

	assert_has_line(&printed, "Person: Wang Fang");
	assert_has_line(&printed, "  Month: 2026-10");
	assert_has_line(&printed,
	    "2026-10-08  Huadong Electronics   Contract                   90           120.50");
	assert_has_line(&printed,
	    "  Subtotal: 2026-10                                         195           238.50");
	assert_has_line(&printed,
	    "Subtotal: Wang Fang                                         315           384.00");
	assert_has_line(&printed,
	    "Subtotal: Zhao Lei                                          285     1,234,888.00");
	assert_has_line(&printed,
	    "Total                                                       990     1,236,042.00");
	printed_fini(&printed);
}

static void
columns_align_by_cells_in_chinese(void **state)
{
	struct printed printed = printed_sample(sample_visits_by_person, LANG_ZH);
	size_t rows = 0, sums = 0;

	for (size_t i = 0; i < printed.count; i++) {
		const char *line = printed.lines[i];
		size_t used;

		if (strncmp(line, "2026-", 5) == 0) {
			rows++;
			assert_int_equal(text_cols(line), PAGE_COLS);
			/* the customer begins at cell 12, whatever stands there */
			size_t at = text_fit(line, 12, &used);
			assert_int_equal(used, 12);
			assert_true(line[at - 1] == ' ' && line[at] != ' ');
		} else if (strstr(line, "小计：") != NULL || strncmp(line, "合计", 6) == 0) {
			sums++;
			assert_int_equal(text_cols(line), PAGE_COLS);
		}
	}
	assert_int_equal(rows, 14);
	assert_int_equal(sums, 10);
	assert_has_line(&printed,
	    "2026-11-11  嘉禾国际家居用品股..  初访，区域经理和          150           300.00");
	assert_has_line(&printed, "                                  两名工程师同行");
	printed_fini(&printed);
}

static void
no_line_leaves_the_grid(void **state)
{
	for (int lang = LANG_EN; lang <= LANG_ZH; lang++) {
		struct printed printed[] = { printed_sample(sample_visit_sheet, lang),
			printed_sample(sample_visits_by_person, lang), printed_long(500) };

		for (size_t n = 0; n < 3; n++) {
			assert_int_equal(printed[n].count % PAGE_LINES, 0);
			for (size_t i = 0; i < printed[n].count; i++) {
				size_t bytes = strlen(printed[n].lines[i]);

				assert_true(text_cols(printed[n].lines[i]) <= PAGE_COLS);
				assert_true(
				    bytes == 0 || printed[n].lines[i][bytes - 1] != ' ');
			}
			printed_fini(&printed[n]);
		}
	}
}

static void
short_document_numbers_pages_of_the_total(void **state)
{
	struct printed printed = printed_long(150);

	assert_int_equal(printed.count, 3 * PAGE_LINES);
	for (size_t page = 0; page < 3; page++) {
		char foot[32];

		snprintf(foot, sizeof(foot), "Page %zu of 3", page + 1);
		assert_non_null(strstr(printed.lines[page * PAGE_LINES + 59], foot));
	}
	/* the running head and the table's head come again */
	assert_string_equal(printed.lines[PAGE_LINES],
	    "All visits                                Jiangnan Precision Machinery Co., Ltd.");
	assert_non_null(strstr(printed.lines[PAGE_LINES + 2], "Customer"));
	assert_int_equal(printed.file.buf.data[printed.file.buf.bytes - 1], '\n');
	printed_fini(&printed);
}

static void
long_document_numbers_pages_and_tells_the_total_at_the_end(void **state)
{
	struct printed printed = printed_long(5000);
	size_t pages = printed.count / PAGE_LINES;
	char foot[48];

	assert_true(pages > 80);
	assert_string_equal(strstr(printed.lines[59], "Page"), "Page 1");
	assert_string_equal(strstr(printed.lines[40 * PAGE_LINES + 59], "Page"), "Page 41");
	snprintf(foot, sizeof(foot), "Page %zu of %zu", pages, pages);
	assert_string_equal(strstr(printed.lines[printed.count - 1], "Page"), foot);
	printed_fini(&printed);
}

static void
every_row_is_printed_once_in_order(void **state)
{
	struct printed printed = printed_long(5000);
	int64_t next = 1;

	for (size_t i = 0; i < printed.count; i++) {
		char *plain = text_digits(
		    printed.arena, arena_strndup(printed.arena, printed.lines[i], 9));

		if (printed.lines[i][0] == ' ' && *plain != '\0')
			assert_int_equal(atoll(plain), next++);
	}
	assert_int_equal(next, 5001);
	printed_fini(&printed);
}

static void
total_never_stands_on_a_page_without_a_row(void **state)
{
	for (int64_t rows = 1; rows <= 170; rows++) {
		struct printed printed = printed_long(rows);
		size_t total = 0;

		for (size_t i = 0; i < printed.count; i++) {
			if (strncmp(printed.lines[i], "Total", 5) == 0)
				total = i;
		}
		assert_true(total > 1);
		assert_int_equal(printed.lines[total - 1][0], '=');
		assert_non_null(strstr(printed.lines[total - 2], "20")); /* the row's day */
		printed_fini(&printed);
	}
}

static void
open_groups_are_named_again_on_the_next_page(void **state)
{
	const struct doc_column columns[] = { { .title = "What" } };
	const struct doc_table table = { .columns = columns,
		.column_count = 1,
		.levels = { { "Person", true }, { "Month", true } },
		.level_count = 2 };
	struct one_table one;

	one_table_open(&one, &table, LANG_ZH);
	doc_group(one.doc, 0, "王芳");
	doc_group(one.doc, 1, "2026-10");
	for (int i = 0; i < 100; i++)
		doc_row(one.doc, (struct doc_cell[]){ doc_text("x") });
	assert_int_equal(one_table_close(&one), ERR_OK);
	assert_string_equal(one.printed.lines[PAGE_LINES + 4], "Person：王芳（续）");
	assert_string_equal(one.printed.lines[PAGE_LINES + 5], "  Month：2026-10（续）");
	printed_fini(&one.printed);
}

static void
people_of_one_name_stay_apart_by_their_key(void **state)
{
	const struct doc_column columns[] = { { .title = "What" },
		{ .title = "Minutes", .kind = DOC_INTEGER, .sum = DOC_SUM } };
	const struct doc_table table = { .columns = columns,
		.column_count = 2,
		.levels = { { "Person", true } },
		.level_count = 1,
		.totals = true };
	struct one_table one;
	size_t subtotals = 0;

	one_table_open(&one, &table, LANG_EN);
	for (int i = 0; i < 4; i++) {
		doc_break(one.doc, &(struct doc_key){ i < 2 ? "7" : "9", "Wang Fang" });
		doc_row(one.doc, (struct doc_cell[]){ doc_text("x"), doc_value(10) });
	}
	assert_int_equal(one_table_close(&one), ERR_OK);
	for (size_t i = 0; i < one.printed.count; i++)
		subtotals += strncmp(one.printed.lines[i], "Subtotal: Wang Fang", 19) == 0;
	assert_int_equal(subtotals, 2);
	printed_fini(&one.printed);
}

static void
masked_value_spoils_its_sums_only(void **state)
{
	const struct doc_column columns[] = { { .title = "What" },
		{ .title = "A", .kind = DOC_MONEY, .decimals = 2, .sum = DOC_SUM },
		{ .title = "B", .kind = DOC_INTEGER, .sum = DOC_SUM },
		{ .title = "C", .sum = DOC_COUNT } };
	const struct doc_table table = {
		.columns = columns, .column_count = 4, .totals = true
	};
	struct one_table one;
	const char *total = NULL;

	one_table_open(&one, &table, LANG_EN);
	doc_row(one.doc,
	    (struct doc_cell[]){ doc_text("x"), doc_value(100), doc_value(2), doc_text("y") });
	doc_row(one.doc,
	    (struct doc_cell[]){ doc_text("x"), doc_text("***"), doc_value(3), doc_empty() });
	assert_int_equal(one_table_close(&one), ERR_OK);
	for (size_t i = 0; i < one.printed.count; i++) {
		if (strncmp(one.printed.lines[i], "Total", 5) == 0)
			total = one.printed.lines[i];
	}
	assert_non_null(total);
	assert_non_null(
	    strstr(total, "-        5  1")); /* the count stands as its column does */
	printed_fini(&one.printed);
}

static void
average(void *ctx, size_t depth, uint64_t rows, struct doc_cell *cells)
{
	size_t *calls = ctx;

	cells[1] = doc_value(cells[1].value / (int64_t)rows);
	calls[depth]++;
}

static void
producer_may_replace_totals(void **state)
{
	const struct doc_column columns[] = { { .title = "What" },
		{ .title = "Rating", .kind = DOC_INTEGER, .sum = DOC_SUM } };
	size_t calls[2] = { 0 };
	const struct doc_table table = { .columns = columns,
		.column_count = 2,
		.levels = { { "Person", true } },
		.level_count = 1,
		.totals = true,
		.total = average,
		.total_ctx = calls };
	struct one_table one;

	one_table_open(&one, &table, LANG_EN);
	for (int i = 1; i <= 4; i++) {
		doc_break(one.doc, &(struct doc_key){ i < 3 ? "a" : "b", i < 3 ? "a" : "b" });
		doc_row(one.doc, (struct doc_cell[]){ doc_text("x"), doc_value(i * 10) });
	}
	assert_int_equal(one_table_close(&one), ERR_OK);
	assert_int_equal(calls[0], 1);
	assert_int_equal(calls[1], 2);
	assert_has_line(&one.printed,
	    "Total                                                                         25");
	printed_fini(&one.printed);
}

static void
sum_past_64_bits_is_an_error(void **state)
{
	const struct doc_column columns[] = {
		{ .title = "A", .kind = DOC_INTEGER, .sum = DOC_SUM, .min_cols = 30 }
	};
	const struct doc_table table = {
		.columns = columns, .column_count = 1, .totals = true
	};
	struct one_table one;

	one_table_open(&one, &table, LANG_EN);
	assert_int_equal(
	    doc_row(one.doc, &(struct doc_cell){ DOC_CELL_VALUE, .value = INT64_MAX }), ERR_OK);
	assert_int_equal(
	    doc_row(one.doc, &(struct doc_cell){ DOC_CELL_VALUE, .value = 1 }), ERR_TOO_LARGE);
	assert_int_equal(one_table_close(&one), ERR_TOO_LARGE);
	printed_fini(&one.printed);
}

static void
figure_too_wide_is_never_cut(void **state)
{
	const struct doc_column columns[] = { { .title = "A" },
		{ .title = "B", .kind = DOC_MONEY, .decimals = 2, .min_cols = 10 },
		{ .title = "C" } };
	const struct doc_table table = { .columns = columns, .column_count = 3 };
	struct one_table one;

	one_table_open(&one, &table, LANG_EN);
	doc_row(
	    one.doc, (struct doc_cell[]){ doc_text("x"), doc_value(123456789), doc_text("y") });
	doc_row(one.doc,
	    (struct doc_cell[]){ doc_text("x"), doc_value(1234567890), doc_text("y") });
	doc_row(one.doc,
	    (struct doc_cell[]){ doc_empty(), doc_value(123456789012), doc_text("y") });
	assert_int_equal(one_table_close(&one), ERR_OK);
	assert_has_line(&one.printed, "x                                  1234567.89  y");
	assert_has_line(&one.printed, "x                                  ##########  y");
	assert_has_line(&one.printed, "                             1,234,567,890.12  y");
	printed_fini(&one.printed);
}

static void
wide_characters_are_never_cut(void **state)
{
	const struct doc_column columns[] = { { .title = "客户名称", .min_cols = 7 },
		{ .title = "B", .weight = 1 } };
	const struct doc_table table = { .columns = columns, .column_count = 2 };
	struct one_table one;

	one_table_open(&one, &table, LANG_ZH);
	doc_row(one.doc, (struct doc_cell[]){ doc_text("上海华东电子"), doc_text("y") });
	assert_int_equal(one_table_close(&one), ERR_OK);
	assert_has_line(&one.printed, "客户名");
	assert_has_line(&one.printed, "称       B");
	assert_has_line(&one.printed, "上海..   y");
	assert_true(text_valid(buf_text(&one.printed.file.buf), one.printed.file.buf.bytes));
	printed_fini(&one.printed);
}

static void
row_higher_than_a_page_goes_on_over_pages(void **state)
{
	const struct doc_column columns[] = { { .title = "A", .min_cols = 10 },
		{ .title = "B", .weight = 1, .wrap = true } };
	const struct doc_table table = { .columns = columns, .column_count = 2 };
	struct buf text = BUF_INIT;
	struct one_table one;
	size_t seen = 0;

	for (int i = 0; i < 150; i++)
		buf_printf(&text, "line %d\n", i);
	one_table_open(&one, &table, LANG_EN);
	doc_row(one.doc, (struct doc_cell[]){ doc_text("x"), doc_text(buf_text(&text)) });
	assert_int_equal(one_table_close(&one), ERR_OK);
	for (size_t i = 0; i < one.printed.count; i++)
		seen += strstr(one.printed.lines[i], "line ") != NULL;
	assert_int_equal(seen, 150);
	printed_fini(&one.printed);
	buf_fini(&text);
}

static void
empty_result_says_so(void **state)
{
	const struct doc_column columns[] = { { .title = "A" } };
	const struct doc_table table = {
		.columns = columns, .column_count = 1, .totals = true
	};
	struct one_table one;

	one_table_open(&one, &table, LANG_ZH);
	assert_int_equal(one_table_close(&one), ERR_OK);
	assert_has_line(&one.printed, "                                   （无记录）");
	printed_fini(&one.printed);
}

static void
more_columns_than_the_paper_holds_are_refused(void **state)
{
	struct doc_column columns[40];
	const struct doc_table table = { .columns = columns, .column_count = 40 };
	struct one_table one;

	for (size_t i = 0; i < 40; i++)
		columns[i] = (struct doc_column){ .title = "A", .kind = DOC_MONEY };
	assert_int_equal(doc_paper_for(columns, 5), DOC_A4);
	assert_int_equal(doc_paper_for(columns, 8), DOC_A4_WIDE);
	one_table_open(&one, &table, LANG_EN);
	assert_int_equal(doc_error(one.doc), ERR_TOO_LARGE);
	assert_int_equal(one_table_close(&one), ERR_TOO_LARGE);
	printed_fini(&one.printed);
}

static void
texts_from_outside_are_cleaned(void **state)
{
	const struct doc_column columns[] = { { .title = "A\x1b[5i" } };
	const struct doc_table table = { .columns = columns, .column_count = 1 };
	struct one_table one;
	const char *out;

	one_table_open(&one, &table, LANG_EN);
	doc_row(one.doc, (struct doc_cell[]){ doc_text("a\x1b@\x0c\nb\xff\xe2\x80\xae"
						       "c") });
	doc_note(one.doc, "first\nsecond\x1b[2J");
	assert_int_equal(one_table_close(&one), ERR_OK);
	out = buf_text(&one.printed.file.buf);
	assert_null(strchr(out, 0x1b));
	assert_null(strstr(out, "\xe2\x80\xae"));
	assert_null(strchr(out, '\f'));
	assert_true(text_valid(out, strlen(out)));
	assert_has_line(&one.printed, "first");
	printed_fini(&one.printed);
}

static void
preview_shows_exactly_the_printed_page(void **state)
{
	struct printed printed = printed_long(2000);
	size_t pages = printed.count / PAGE_LINES;
	const uint64_t wanted[] = { 0, 1, 2, 16, 17, 30, pages, pages + 5 };

	for (size_t n = 0; n < sizeof(wanted) / sizeof(*wanted); n++) {
		struct arena *arena = arena_new(0);
		struct render_page page;
		struct doc *doc = doc_new(render_preview_new(arena, wanted[n], &page));
		uint64_t number = wanted[n] == 0 ? 1 : wanted[n] > pages ? pages : wanted[n];

		assert_int_equal(sample_long_list(doc, LANG_EN, 2000), ERR_OK);
		doc_free(doc);
		assert_int_equal(page.number, number);
		assert_int_equal(page.last, number == pages);
		assert_int_equal(page.total, page.last ? pages : 0);
		assert_int_equal(page.count, PAGE_LINES);
		for (size_t i = 0; i < page.count; i++)
			assert_string_equal(
			    page.lines[i], printed.lines[(number - 1) * PAGE_LINES + i]);
		arena_free(arena);
	}
	printed_fini(&printed);
}

static void
preview_is_satisfied_early(void **state)
{
	struct arena *arena = arena_new(0);
	struct render_page page;
	struct doc *doc = doc_new(render_preview_new(arena, 1, &page));
	const struct doc_column columns[] = { { .title = "A" } };
	int64_t rows = 0;

	doc_begin(doc, &(struct doc_head){ .title = "T" });
	doc_table(doc, &(struct doc_table){ .columns = columns, .column_count = 1 });
	while (!doc_satisfied(doc) && rows < 1000000) {
		doc_row(doc, (struct doc_cell[]){ doc_text("x") });
		rows++;
	}
	assert_true(rows < 2000);
	assert_int_equal(doc_end(doc), ERR_OK);
	assert_int_equal(page.number, 1);
	assert_int_equal(page.total, 0);
	doc_free(doc);
	arena_free(arena);
}

static void
bars_are_drawn_to_scale(void **state)
{
	static const int64_t values[] = { 1000, -500, 0 };
	const struct doc_point points[] = { { "华东", &values[0] }, { "华北", &values[1] }, { "西南", &values[2] } };
	const char *series[] = { "" };
	struct printed printed = { .arena = arena_new(0) };
	struct doc *doc = doc_new(render_text_new(sample_out(&printed.file), false));
	char full[80], half[80];

	doc_begin(doc, &(struct doc_head){ .title = "T" });
	doc_chart(doc,
	    &(struct doc_chart){ .series = series, .series_count = 1, .points = points, .count = 3, .decimals = 2 });
	assert_int_equal(doc_end(doc), ERR_OK);
	doc_free(doc);
	printed_split(&printed);
	memset(full, '#', 67);
	memset(half, '-', 34);
	assert_has_line(&printed, arena_printf(printed.arena, "华东  %.67s  10.00", full));
	assert_has_line(
	    &printed, arena_printf(printed.arena, "华北  %.34s%*s-5.00", half, 35, ""));
	assert_has_line(&printed, arena_printf(printed.arena, "西南%*s0.00", 72, ""));
	printed_fini(&printed);
}

static void
charts_say_in_text_what_they_draw(void **state)
{
	struct printed printed = { .arena = arena_new(0) };
	struct doc *doc = doc_new(render_text_new(sample_out(&printed.file), false));

	assert_int_equal(sample_charts(doc, LANG_EN), ERR_OK);
	doc_free(doc);
	printed_split(&printed);
	assert_has_line(&printed, "## East   == North   ++ West");
	assert_has_line(&printed,
	    "2026-03  #######################################################             505");
	assert_has_line(&printed,
	    "2026-01  ############################============++++                        660");
	/* the pie has shares of the whole, Pareto those up to there with its dot */
	assert_has_line(&printed,
	    "2026-12  ##########################################################  910  11.8 %");
	assert_has_line(&printed,
	    "2026-12  #########################################################*  910 100.0 %");
	assert_has_line(&printed, "2026-12  @         910 -         350 .         130");
	/* the highest of the line chart stands at its top, on the right */
	assert_has_line(&printed,
	    "910 |                                                                         #");
	printed_fini(&printed);
}

/* A dot-matrix printer gets its page length, Chinese in its own code, and no sequence from a text. */
static void
dot_matrix_printers_get_their_own_code(void **state)
{
	static const struct {
		enum doc_paper paper;
		const char *begins;
	} papers[] = { { DOC_FORM, "\033@\0332\033C\102\034&" }, { DOC_FORM_WIDE, "\033@\0332\033C\102\034&" },
		{ DOC_A4_WIDE, "\033@\0332\033C\061\034&\017\034\017" } };

	for (size_t i = 0; i < sizeof(papers) / sizeof(papers[0]); i++) {
		struct sample_file file = { 0 };
		struct doc *doc = doc_new(render_text_new(sample_out(&file), true));
		size_t begins = strlen(papers[i].begins), escapes = 0, lines = 0;

		doc_begin(doc, &(struct doc_head){ .title = "客\033@户", .paper = papers[i].paper, .lang = LANG_ZH });
		doc_note(doc, "一\f二 😀");
		assert_int_equal(doc_end(doc), ERR_OK);
		doc_free(doc);
		assert_memory_equal(file.buf.data, papers[i].begins, begins);
		for (size_t at = 0; at < file.buf.bytes; at++) {
			escapes += file.buf.data[at] == '\033' || file.buf.data[at] == '\f';
			lines += file.buf.data[at] == '\n';
		}
		assert_int_equal(lines, i == 2 ? 42 : 64);
		assert_int_equal(escapes, 3 + 2); /* the three it begins with; the page, and the end */
		assert_memory_equal(file.buf.data + file.buf.bytes - 3, "\f\033@", 3);
		assert_non_null(memmem(file.buf.data, file.buf.bytes, "\xbf\xcd", 2)); /* 客 in GB18030 */
		buf_fini(&file.buf);
	}
}

/* Random texts, widths, groups and heights: whatever comes, lines fit and rows are all there.
 */
static const char *
chance_text(struct arena *arena, unsigned *seed)
{
	static const char *const bits[] = { "客", "户 ", "abc", " ", "W", "\n", "é",
		"\xf0\x9f\x98\x80", "\xff", "e\xcc\x81\xcc\x81", "１", "--" };
	struct buf text = BUF_INIT;

	for (int n = rand_r(seed) % 40; n > 0; n--)
		buf_puts(&text, bits[(size_t)rand_r(seed) % (sizeof(bits) / sizeof(*bits))]);
	const char *copy = arena_strdup(arena, buf_text(&text));
	buf_fini(&text);
	return copy;
}

static enum err
chance_document(struct doc *doc, struct arena *arena, unsigned *seed, int rows)
{
	struct doc_column columns[6] = { { .title = "#", .min_cols = 6, .wrap = true } };
	struct doc_table table = { .columns = columns,
		.column_count = 1 + (size_t)rand_r(seed) % 6,
		.levels = { { "P", true }, { NULL, rand_r(seed) % 2 == 0 }, { "Q", true } },
		.level_count = (size_t)rand_r(seed) % 4,
		.totals = rand_r(seed) % 2 == 0 };

	for (size_t i = 1; i < 6; i++)
		columns[i] = (struct doc_column){ .title = chance_text(arena, seed),
			.kind = (enum doc_kind)(rand_r(seed) % 5),
			.align = (enum doc_align)(rand_r(seed) % 4),
			.sum = (enum doc_sum)(rand_r(seed) % 3),
			.min_cols =
			    (uint16_t)(rand_r(seed) % 12 < 8 ? 0 : 4 + rand_r(seed) % 9),
			.wrap = rand_r(seed) % 2 == 0 };
	doc_begin(
	    doc, &(struct doc_head){ .title = chance_text(arena, seed), .lang = LANG_ZH });
	doc_heading(doc, chance_text(arena, seed));
	doc_fields(doc,
	    (struct doc_field[]){ { chance_text(arena, seed), chance_text(arena, seed) },
		{ "x", chance_text(arena, seed), .min_lines = (uint16_t)(rand_r(seed) % 90) } },
	    2, 1 + (unsigned)rand_r(seed) % 2);
	doc_table(doc, &table);
	for (int row = 0; row < rows; row++) {
		struct doc_cell cells[6] = { doc_text(arena_printf(arena, "@%d", row)) };
		struct doc_key keys[3];

		for (size_t i = 0; i < 3; i++) {
			const char *key =
			    rand_r(seed) % 20 == 0 ? chance_text(arena, seed) : "k";
			keys[i] = (struct doc_key){ key, key };
		}
		for (size_t i = 1; i < 6; i++)
			cells[i] = rand_r(seed) % 3 == 0   ? doc_text(chance_text(arena, seed))
				   : rand_r(seed) % 2 == 0 ? doc_value(rand_r(seed) - 1000)
							   : doc_empty();
		doc_break(doc, keys);
		doc_row(doc, cells);
	}
	doc_signatures(doc, (const char *const[]){ chance_text(arena, seed), "b", "c" }, 3);
	return doc_end(doc);
}

static void
whatever_comes_is_drawn_as_pdf_and_html(void **state)
{
	unsigned seed = 7;

	for (int round = 0; round < 40; round++) {
		struct sample_file file = { 0 };
		struct arena *arena = arena_new(0);
		struct doc *doc = doc_new(round % 2 == 0 ? render_pdf_new(sample_out(&file))
							 : render_html_new(sample_out(&file)));
		enum err err = chance_document(doc, arena, &seed, rand_r(&seed) % 60);

		assert_true(err == ERR_OK || err == ERR_TOO_LARGE);
		assert_true(err != ERR_OK || file.buf.bytes > 1000);
		doc_free(doc);
		buf_fini(&file.buf);
		arena_free(arena);
	}
}

static void
whatever_comes_fits_and_nothing_is_lost(void **state)
{
	unsigned seed = 20261122;
	int laid_out = 0;

	for (int round = 0; round < 300; round++) {
		struct printed printed = { .arena = arena_new(0) };
		struct doc *doc = doc_new(render_text_new(sample_out(&printed.file), false));
		int rows = rand_r(&seed) % 120, seen = 0;

		enum err err = chance_document(doc, printed.arena, &seed, rows);
		doc_free(doc);
		printed_split(&printed);
		if (err == ERR_TOO_LARGE) { /* more columns than 80 cells hold */
			printed_fini(&printed);
			continue;
		}
		assert_int_equal(err, ERR_OK);
		laid_out++;
		assert_int_equal(printed.count % PAGE_LINES, 0);
		for (size_t i = 0; i < printed.count; i++) {
			char row[16];

			assert_true(text_cols(printed.lines[i]) <= PAGE_COLS);
			snprintf(row, sizeof(row), "@%d", seen);
			seen += strncmp(printed.lines[i], row, strlen(row)) == 0;
		}
		assert_int_equal(seen, rows);
		printed_fini(&printed);
	}
	assert_true(laid_out > 200);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(visit_sheet_prints_its_fields_in_chinese),
		cmocka_unit_test(visit_sheet_prints_its_fields_in_english),
		cmocka_unit_test(visits_add_up_by_month_person_and_all),
		cmocka_unit_test(columns_align_by_cells_in_chinese),
		cmocka_unit_test(no_line_leaves_the_grid),
		cmocka_unit_test(short_document_numbers_pages_of_the_total),
		cmocka_unit_test(long_document_numbers_pages_and_tells_the_total_at_the_end),
		cmocka_unit_test(every_row_is_printed_once_in_order),
		cmocka_unit_test(total_never_stands_on_a_page_without_a_row),
		cmocka_unit_test(open_groups_are_named_again_on_the_next_page),
		cmocka_unit_test(people_of_one_name_stay_apart_by_their_key),
		cmocka_unit_test(masked_value_spoils_its_sums_only),
		cmocka_unit_test(producer_may_replace_totals),
		cmocka_unit_test(sum_past_64_bits_is_an_error),
		cmocka_unit_test(figure_too_wide_is_never_cut),
		cmocka_unit_test(wide_characters_are_never_cut),
		cmocka_unit_test(row_higher_than_a_page_goes_on_over_pages),
		cmocka_unit_test(empty_result_says_so),
		cmocka_unit_test(more_columns_than_the_paper_holds_are_refused),
		cmocka_unit_test(texts_from_outside_are_cleaned),
		cmocka_unit_test(preview_shows_exactly_the_printed_page),
		cmocka_unit_test(preview_is_satisfied_early),
		cmocka_unit_test(bars_are_drawn_to_scale),
		cmocka_unit_test(charts_say_in_text_what_they_draw),
		cmocka_unit_test(dot_matrix_printers_get_their_own_code),
		cmocka_unit_test(whatever_comes_fits_and_nothing_is_lost),
		cmocka_unit_test(whatever_comes_is_drawn_as_pdf_and_html),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("report_text", tests, NULL, NULL);
}
