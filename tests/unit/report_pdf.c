/*
 * Facts about PDFs: what poppler finds in them (words, pages, fonts), what they look like as
 * pixels, and that they break where the text does. Without the font nothing is printed at all.
 */
#include "common/text.h"
#include "server/report/render_sinks.h"
#include "tests/lib/report_samples.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char pdf_path[64];

static int
pdf_setup(void **state)
{
	int fd;

	snprintf(pdf_path, sizeof(pdf_path), "/tmp/kehu-report-XXXXXX");
	fd = mkstemp(pdf_path);
	if (fd < 0)
		return -1;
	close(fd);
	return 0;
}

static int
pdf_teardown(void **state)
{
	return unlink(pdf_path);
}

static void
pdf_save(struct sample_file *file)
{
	FILE *out = fopen(pdf_path, "w");

	assert_non_null(out);
	assert_int_equal(fwrite(file->buf.data, 1, file->buf.bytes, out), file->buf.bytes);
	assert_int_equal(fclose(out), 0);
	buf_fini(&file->buf);
}

static void
pdf_sample(enum err (*produce)(struct doc *, enum lang), enum lang lang)
{
	struct sample_file file = { 0 };
	struct doc *doc = doc_new(render_pdf_new(sample_out(&file)));

	assert_int_equal(produce(doc, lang), ERR_OK);
	doc_free(doc);
	pdf_save(&file);
}

static void
pdf_long(int64_t rows)
{
	struct sample_file file = { 0 };
	struct doc *doc = doc_new(render_pdf_new(sample_out(&file)));

	assert_int_equal(sample_long_list(doc, LANG_ZH, rows), ERR_OK);
	doc_free(doc);
	pdf_save(&file);
}

/* What a command says about the PDF; free with buf_fini. */
static struct buf
pdf_ask(const char *format)
{
	struct buf answer = BUF_INIT;
	char command[256], piece[65536];
	size_t got;

	snprintf(command, sizeof(command), format, pdf_path);
	FILE *pipe = popen(command, "r");
	assert_non_null(pipe);
	while ((got = fread(piece, 1, sizeof(piece), pipe)) > 0)
		buf_put(&answer, piece, got);
	assert_int_equal(pclose(pipe), 0);
	return answer;
}

/* Without spaces: poppler guesses them from distances. */
static char *
squeezed(struct arena *arena, const char *text)
{
	char *copy = arena_strdup(arena, text), *to = copy;

	for (const char *from = copy; *from != '\0'; from++) {
		if (*from != ' ')
			*to++ = *from;
	}
	*to = '\0';
	return copy;
}

static void
assert_says(const char *text, const char *const *words, size_t count)
{
	struct arena *arena = arena_new(0);

	text = squeezed(arena, text);
	for (size_t i = 0; i < count; i++) {
		if (strstr(text, squeezed(arena, words[i])) == NULL)
			fail_msg("\"%s\" is missing", words[i]);
	}
	arena_free(arena);
}

static void
font_is_there(void **state)
{
	const char *why = "";

	assert_true(render_pdf_check(&why));
	assert_null(why);
}

static void
visit_sheet_can_be_read_out_in_both_languages(void **state)
{
	const char *const zh[] = { "客户拜访单", "上海华东电子有限公司", "李明（采购经理）",
		"年度合同洽谈", "SX-40 的价格已接受", "客户签字", "V-2026-000451",
		"第 1 页 / 共 1 页" };
	const char *const en[] = { "Visit sheet", "Huadong Electronics Co., Ltd.", "Purpose",
		"Supervisor", "Page 1 of 1" };
	struct buf text;

	pdf_sample(sample_visit_sheet, LANG_ZH);
	text = pdf_ask("pdftotext -layout %s -");
	assert_says(buf_text(&text), zh, sizeof(zh) / sizeof(*zh));
	buf_fini(&text);
	pdf_sample(sample_visit_sheet, LANG_EN);
	text = pdf_ask("pdftotext -layout %s -");
	assert_says(buf_text(&text), en, sizeof(en) / sizeof(*en));
	buf_fini(&text);
}

static void
visits_can_be_read_out_with_their_sums(void **state)
{
	const char *const zh[] = { "人员月度拜访统计", "人员：王芳", "小计：2026-10", "合计",
		"1,236,042.00", "嘉禾国际家居用品股..", "各人员拜访时长" };
	const char *const en[] = { "Visits by person and month", "Subtotal: Chen Jie", "770.00",
		"1,236,042.00", "Department: East China sales" };
	struct buf text;

	pdf_sample(sample_visits_by_person, LANG_ZH);
	text = pdf_ask("pdftotext -layout %s -");
	assert_says(buf_text(&text), zh, sizeof(zh) / sizeof(*zh));
	buf_fini(&text);
	pdf_sample(sample_visits_by_person, LANG_EN);
	text = pdf_ask("pdftotext -layout %s -");
	assert_says(buf_text(&text), en, sizeof(en) / sizeof(*en));
	buf_fini(&text);
}

static void
pdf_is_a4_titled_and_has_its_font_inside(void **state)
{
	const char *const facts[] = { "Title:           客户拜访单", "Pages:           1",
		"595.28 x 841.89 pts (A4)", "Creator:         Kehu" };
	struct buf text;

	pdf_sample(sample_visit_sheet, LANG_ZH);
	text = pdf_ask("pdfinfo %s");
	assert_says(buf_text(&text), facts, sizeof(facts) / sizeof(*facts));
	buf_fini(&text);
	text = pdf_ask("pdffonts %s");
	assert_non_null(strstr(buf_text(&text), "WenQuanYiMicroHei"));
	assert_null(strstr(buf_text(&text), "DejaVu"));
	buf_fini(&text);
}

static void
pdf_breaks_pages_where_the_text_does(void **state)
{
	struct sample_file file = { 0 };
	struct doc *doc = doc_new(render_text_new(sample_out(&file), false));
	struct arena *arena = arena_new(0);
	char *paper, *pdf, *paper_at, *pdf_at;
	struct buf text;
	int pages = 0;

	assert_int_equal(sample_long_list(doc, LANG_ZH, 1500), ERR_OK);
	doc_free(doc);
	pdf_long(1500);
	text = pdf_ask("pdftotext -layout %s -");
	paper = arena_strdup(arena, buf_text(&file.buf));
	pdf = arena_strdup(arena, buf_text(&text));
	/* pdftotext ends every page with a form feed; compare the last row of each page */
	for (paper = strtok_r(paper, "\f", &paper_at), pdf = strtok_r(pdf, "\f", &pdf_at);
	     paper != NULL && pdf != NULL;
	     paper = strtok_r(NULL, "\f", &paper_at), pdf = strtok_r(NULL, "\f", &pdf_at)) {
		char *row = NULL, number[16];

		pages++;
		for (char *at = paper; (at = strstr(at, "\n ")) != NULL; at++) {
			if (strspn(at + 1, " ") < 9 &&
			    strchr("123456789", at[1 + strspn(at + 1, " ")]))
				row = at + 1;
		}
		assert_non_null(row);
		snprintf(number, sizeof(number), "%.*s",
		    (int)strcspn(row + strspn(row, " "), " "), row + strspn(row, " "));
		assert_non_null(strstr(pdf, number));
	}
	assert_null(paper);
	assert_null(pdf);
	assert_true(pages > 25);
	buf_fini(&text);
	buf_fini(&file.buf);
	arena_free(arena);
}

/* Dark pixels of a page drawn at 50 dpi, in per mille, and how many bands of it have any. */
static void
page_ink(int *ink, int *bands)
{
	struct buf image = pdf_ask("pdftoppm -r 50 -gray -f 1 -l 1 %s");
	int width = 0, height = 0, at = 0;
	long dark = 0;

	assert_int_equal(
	    sscanf(buf_text(&image), "P5\n%d %d\n255\n%n", &width, &height, &at), 2);
	assert_int_equal(image.bytes - (size_t)at, (size_t)width * (size_t)height);
	*bands = 0;
	for (int y = 0; y < height; y++) {
		long row = 0;

		for (int x = 0; x < width; x++)
			row += (unsigned char)image.data[at + y * width + x] < 160;
		dark += row;
		*bands += row > 0;
	}
	*ink = (int)(dark * 1000 / ((long)width * height));
	buf_fini(&image);
}

static void
pages_are_neither_blank_nor_black(void **state)
{
	int ink, bands;

	for (int lang = LANG_EN; lang <= LANG_ZH; lang++) {
		pdf_sample(sample_visit_sheet, lang);
		page_ink(&ink, &bands);
		assert_in_range(ink, 3, 100);
		assert_in_range(bands, 60, 400);
		pdf_sample(sample_visits_by_person, lang);
		page_ink(&ink, &bands);
		assert_in_range(ink, 10, 150);
		assert_in_range(bands, 150, 500);
		pdf_sample(sample_charts, lang);
		page_ink(&ink, &bands);
		assert_in_range(ink, 20, 150);
		assert_in_range(bands, 150, 500);
	}
}

/* Text in a drawn chart is text, and is not there a second time for who cannot draw. */
static void
charts_are_drawn_with_their_figures(void **state)
{
	const char *const said[] = { "堆积柱形", "华北", "1,000", "11月", "饼图", "11.8 %", "帕累托", "88.2 %", "热力图" };
	struct buf text;

	pdf_sample(sample_charts, LANG_ZH);
	text = pdf_ask("pdftotext -layout %s -");
	assert_says(buf_text(&text), said, sizeof(said) / sizeof(said[0]));
	assert_null(strstr(buf_text(&text), "###"));
	assert_null(strstr(buf_text(&text), "|"));
	buf_fini(&text);
	text = pdf_ask("pdfinfo %s");
	assert_non_null(strstr(buf_text(&text), "Pages:           2"));
	buf_fini(&text);
}

static void
other_scripts_and_wide_letters_stay_inside_their_column(void **state)
{
	const struct doc_column columns[] = { { .title = "A", .min_cols = 10 },
		{ .title = "B", .kind = DOC_INTEGER }, { .title = "C", .weight = 1 } };
	struct sample_file file = { 0 };
	struct doc *doc = doc_new(render_pdf_new(sample_out(&file)));
	struct buf text;

	doc_begin(
	    doc, &(struct doc_head){ .title = "WWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWW" });
	doc_table(doc, &(struct doc_table){ .columns = columns, .column_count = 3 });
	doc_row(doc,
	    (struct doc_cell[]){ doc_text("WWWWWWWWWW"), doc_value(1), doc_text("Ελλάδα Ω") });
	assert_int_equal(doc_end(doc), ERR_OK);
	doc_free(doc);
	pdf_save(&file);
	text = pdf_ask("pdftotext -layout %s -");
	assert_non_null(strstr(buf_text(&text), "WWWWWWWWWW "));
	assert_non_null(strstr(buf_text(&text), "Ελλάδα Ω"));
	buf_fini(&text);
}

static void
missing_font_refuses_instead_of_printing_boxes(void **state)
{
	/* a process of its own, as fontconfig is read once; its settings name no folder */
	char self[256], command[512];
	ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);
	FILE *settings = fopen(pdf_path, "w");

	assert_non_null(settings);
	fputs("<fontconfig></fontconfig>\n", settings);
	assert_int_equal(fclose(settings), 0);
	assert_true(length > 0);
	self[length] = '\0';
	snprintf(command, sizeof(command),
	    "FONTCONFIG_FILE=%s ASAN_OPTIONS=detect_leaks=0 '%s' --without-fonts 2>/dev/null",
	    pdf_path, self);
	assert_int_equal(system(command), 0);
}

/* Run by the test above where there are no fonts. */
static int
without_fonts(void)
{
	struct sample_file file = { 0 };
	struct doc *doc;
	const char *why = NULL;
	bool refused;

	if (render_pdf_check(&why) || why == NULL || strstr(why, "fonts-wqy-microhei") == NULL)
		return 1;
	doc = doc_new(render_pdf_new(sample_out(&file)));
	refused = sample_visit_sheet(doc, LANG_ZH) == ERR_CONFIG && file.buf.bytes == 0;
	doc_free(doc);
	return refused ? 0 : 1;
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(font_is_there),
		cmocka_unit_test(visit_sheet_can_be_read_out_in_both_languages),
		cmocka_unit_test(visits_can_be_read_out_with_their_sums),
		cmocka_unit_test(pdf_is_a4_titled_and_has_its_font_inside),
		cmocka_unit_test(pdf_breaks_pages_where_the_text_does),
		cmocka_unit_test(charts_are_drawn_with_their_figures),
		cmocka_unit_test(pages_are_neither_blank_nor_black),
		cmocka_unit_test(other_scripts_and_wide_letters_stay_inside_their_column),
		cmocka_unit_test(missing_font_refuses_instead_of_printing_boxes),
	};

	if (argc > 1 && strcmp(argv[1], "--without-fonts") == 0)
		return without_fonts();
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("report_pdf", tests, pdf_setup, pdf_teardown);
}
