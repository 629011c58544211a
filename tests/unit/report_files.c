/*
 * Facts about CSV and HTML, and about every renderer as a file: flat memory however long the
 * document, and a write that fails is the document's end.
 */
#include "common/text.h"
#include "server/report/render_sinks.h"
#include "tests/lib/report_samples.h"

#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#ifdef __SANITIZE_ADDRESS__
#define FLAT_ROWS 20000
#else
#define FLAT_ROWS 200000
#endif

enum file_kind { FILE_TEXT, FILE_PDF, FILE_CSV, FILE_HTML, FILE_KINDS };

static struct doc_sink *
file_sink(enum file_kind kind, struct doc_out out)
{
	switch (kind) {
	case FILE_TEXT:
		return render_text_new(out, false);
	case FILE_PDF:
		return render_pdf_new(out);
	case FILE_CSV:
		return render_csv_new(out, false);
	default:
		return render_html_new(out);
	}
}

static void
assert_contains(const struct sample_file *file, const char *text)
{
	if (strstr(buf_text(&file->buf), text) == NULL)
		fail_msg("\"%s\" is missing in:\n%s", text, buf_text(&file->buf));
}

static void
csv_has_the_group_on_every_row(void **state)
{
	struct sample_file file = { 0 };
	struct doc *doc = doc_new(render_csv_new(sample_out(&file), false));

	assert_int_equal(sample_visits_by_person(doc, LANG_ZH), ERR_OK);
	doc_free(doc);
	assert_contains(&file, "人员,月份,日期,客户,目的,时长（分）,费用\r\n"
			       "王芳,2026-10,2026-10-08,华东电子,合同洽谈,90,120.50\r\n");
	assert_contains(
	    &file, "赵磊,2026-11,2026-11-10,恒通汽车零部件,合同洽谈,80,1234567.00\r\n");
	assert_null(strstr(buf_text(&file.buf), "各人员拜访时长"));
	assert_null(strstr(buf_text(&file.buf), "小计"));
	assert_null(strstr(buf_text(&file.buf), "合计"));
	assert_null(strchr(buf_text(&file.buf), '\f'));
	buf_fini(&file.buf);
}

static void
csv_has_totals_when_asked(void **state)
{
	struct sample_file file = { 0 };
	struct doc *doc = doc_new(render_csv_new(sample_out(&file), true));

	assert_int_equal(sample_visits_by_person(doc, LANG_EN), ERR_OK);
	doc_free(doc);
	assert_contains(&file, "\r\nSubtotal: 2026-10,,,,,195,238.50\r\n");
	assert_contains(&file, "\r\nSubtotal: Wang Fang,,,,,315,384.00\r\n");
	assert_contains(&file, "\r\nTotal,,,,,990,1236042.00\r\n");
	assert_contains(&file, "\r\n\r\nMinutes by person\r\nWang Fang,315\r\n");
	buf_fini(&file.buf);
}

static void
csv_of_a_sheet_is_its_fields(void **state)
{
	struct sample_file file = { 0 };
	struct doc *doc = doc_new(render_csv_new(sample_out(&file), false));

	assert_int_equal(sample_visit_sheet(doc, LANG_EN), ERR_OK);
	doc_free(doc);
	assert_contains(&file, "Customer,\"Huadong Electronics Co., Ltd.\"\r\n");
	assert_contains(&file, "smaller.\nThe price");
	buf_fini(&file.buf);
}

static void
csv_defuses_formulas_but_not_figures(void **state)
{
	const struct doc_column columns[] = { { .title = "=A" },
		{ .title = "B", .kind = DOC_MONEY, .decimals = 2 } };
	const char *const evil[] = { "=1+1", "+cmd", "-x", "@SUM(A1)", "a=1" };
	struct sample_file file = { 0 };
	struct doc *doc = doc_new(render_csv_new(sample_out(&file), false));

	doc_begin(doc, &(struct doc_head){ .title = "T" });
	doc_table(doc, &(struct doc_table){ .columns = columns, .column_count = 2 });
	for (size_t i = 0; i < 5; i++)
		doc_row(doc, (struct doc_cell[]){ doc_text(evil[i]), doc_value(-123456) });
	assert_int_equal(doc_end(doc), ERR_OK);
	doc_free(doc);
	assert_contains(&file, "'=A");
	assert_contains(&file, "'=1+1");
	assert_contains(&file, "'+cmd");
	assert_contains(&file, "'-x");
	assert_contains(&file, "'@SUM(A1)");
	assert_contains(&file, "\na=1,-1234.56\r\n");
	buf_fini(&file.buf);
}

static void
html_holds_no_markup_from_outside(void **state)
{
	const struct doc_column columns[] = { { .title = "<b>" } };
	struct sample_file file = { 0 };
	struct doc *doc = doc_new(render_html_new(sample_out(&file)));

	doc_begin(doc, &(struct doc_head){ .title = "<script>\"&" });
	doc_table(doc, &(struct doc_table){ .columns = columns, .column_count = 1 });
	doc_row(doc, (struct doc_cell[]){ doc_text("<img src=x onerror=y>") });
	assert_int_equal(doc_end(doc), ERR_OK);
	doc_free(doc);
	assert_null(strstr(buf_text(&file.buf), "<script"));
	assert_null(strstr(buf_text(&file.buf), "<img"));
	assert_null(strstr(buf_text(&file.buf), "<b>"));
	assert_contains(&file, "&lt;script&gt;&quot;&amp;");
	buf_fini(&file.buf);
}

static void
html_shows_groups_and_sums(void **state)
{
	struct sample_file file = { 0 };
	struct doc *doc = doc_new(render_html_new(sample_out(&file)));

	assert_int_equal(sample_visits_by_person(doc, LANG_ZH), ERR_OK);
	doc_free(doc);
	assert_contains(&file, "<html lang=\"zh-CN\">");
	assert_contains(&file, "人员：王芳");
	assert_contains(&file, "小计：赵磊");
	assert_contains(&file, "1,236,042.00");
	assert_contains(&file, "</html>");
	buf_fini(&file.buf);
}

static enum err
count_only(void *ctx, const void *data, size_t bytes)
{
	*(size_t *)ctx += bytes;
	return ERR_OK;
}

/* Heap in use while the last piece is written, less what was in use before. */
struct flat_probe {
	size_t bytes, before, most;
};

static enum err
flat_write(void *ctx, const void *data, size_t bytes)
{
	struct flat_probe *probe = ctx;
	struct mallinfo2 info = mallinfo2();
	size_t now = info.uordblks + info.hblkhd;

	probe->bytes += bytes;
	if (now > probe->before && now - probe->before > probe->most)
		probe->most = now - probe->before;
	return ERR_OK;
}

static size_t
flat_most(enum file_kind kind, int64_t rows)
{
	struct mallinfo2 info = mallinfo2();
	struct flat_probe probe = { .before = info.uordblks + info.hblkhd };
	struct doc *doc = doc_new(file_sink(kind, (struct doc_out){ flat_write, &probe }));

	assert_int_equal(sample_long_list(doc, LANG_ZH, rows), ERR_OK);
	doc_free(doc);
	assert_true(probe.bytes > (size_t)rows * 20);
	return probe.most;
}

static void
memory_stays_flat_over_many_rows(void **state)
{
	for (int kind = 0; kind < FILE_KINDS; kind++) {
		int64_t rows = kind == FILE_PDF ? FLAT_ROWS / 5 : FLAT_ROWS;
		size_t little = flat_most(kind, rows / 20), much = flat_most(kind, rows);

		print_message("# kind %d: %zu KiB at %d rows, %zu KiB at %d rows\n", kind,
		    little / 1024, (int)(rows / 20), much / 1024, (int)rows);
		assert_true(much < 8 * 1024 * 1024);
		/* a PDF keeps a little for each of its pages: its list of pages is at its end
		 */
		assert_true(much < little + (kind == FILE_PDF ? 1024 * 1024 : 64 * 1024));
	}
}

static void
failing_write_ends_the_document(void **state)
{
	const size_t rooms[] = { 1, 1000, 40000, 100000 };

	for (int kind = 0; kind < FILE_KINDS; kind++) {
		for (size_t n = 0; n < sizeof(rooms) / sizeof(*rooms); n++) {
			struct sample_file file = { .room_bytes = rooms[n] };
			struct doc *doc = doc_new(file_sink(kind, sample_out(&file)));

			assert_int_equal(sample_long_list(doc, LANG_EN, 20000), ERR_NO_SPACE);
			assert_int_equal(doc_error(doc), ERR_NO_SPACE);
			doc_free(doc);
			assert_true(file.buf.bytes <= rooms[n]);
			buf_fini(&file.buf);
		}
	}
}

static void
last_piece_failing_is_no_success(void **state)
{
	for (int kind = 0; kind < FILE_KINDS; kind++) {
		size_t bytes = 0;
		struct sample_file file = { 0 };
		struct doc *doc =
		    doc_new(file_sink(kind, (struct doc_out){ count_only, &bytes }));

		assert_int_equal(sample_visit_sheet(doc, LANG_ZH), ERR_OK);
		doc_free(doc);
		file.room_bytes = bytes - 1;
		doc = doc_new(file_sink(kind, sample_out(&file)));
		assert_int_equal(sample_visit_sheet(doc, LANG_ZH), ERR_NO_SPACE);
		doc_free(doc);
		buf_fini(&file.buf);
	}
}

static void
abandoned_document_writes_nothing_more(void **state)
{
	const struct doc_column columns[] = { { .title = "A" } };

	for (int kind = 0; kind < FILE_KINDS; kind++) {
		size_t bytes = 0, before;
		struct doc *doc =
		    doc_new(file_sink(kind, (struct doc_out){ count_only, &bytes }));

		doc_begin(doc, &(struct doc_head){ .title = "T" });
		doc_table(doc, &(struct doc_table){ .columns = columns, .column_count = 1 });
		for (int i = 0; i < 3000; i++)
			doc_row(doc, (struct doc_cell[]){ doc_text("x") });
		before = bytes;
		doc_free(doc);
		assert_int_equal(bytes, before);
		/* and one that was never begun */
		doc = doc_new(file_sink(kind, (struct doc_out){ count_only, &bytes }));
		doc_free(doc);
		assert_int_equal(bytes, before);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(csv_has_the_group_on_every_row),
		cmocka_unit_test(csv_has_totals_when_asked),
		cmocka_unit_test(csv_of_a_sheet_is_its_fields),
		cmocka_unit_test(csv_defuses_formulas_but_not_figures),
		cmocka_unit_test(html_holds_no_markup_from_outside),
		cmocka_unit_test(html_shows_groups_and_sums),
		cmocka_unit_test(memory_stays_flat_over_many_rows),
		cmocka_unit_test(failing_write_ends_the_document),
		cmocka_unit_test(last_piece_failing_is_no_success),
		cmocka_unit_test(abandoned_document_writes_nothing_more),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("report_files", tests, NULL, NULL);
}
