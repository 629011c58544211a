/*
 * Facts about CSV: every way rows and cells end, faults, detection, writing. With KEHU_DATA
 * naming the folder of test data, files of seven other projects are read too.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/csv.h"
#include "common/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct arena *arena;

static int
csv_setup(void **state)
{
	arena = arena_new(0);
	return 0;
}

static int
csv_teardown(void **state)
{
	arena_free(arena);
	return 0;
}

/* All rows in one text: cells between '|', rows ended by '/', '!' before a stray-quote row. */
static const char *
read_all(const char *data, size_t bytes, size_t piece, char delimiter)
{
	struct csv_reader *reader = csv_reader_new(delimiter);
	struct buf out = BUF_INIT;
	struct csv_row row;
	uint64_t line;
	enum csv_status status;
	size_t at = 0;

	for (;;) {
		status = csv_reader_next(reader, arena, &row);
		if (status == CSV_ROW) {
			buf_puts(&out, row.stray_quote ? "!" : "");
			for (size_t i = 0; i < row.count; i++)
				buf_printf(&out, "%s%s", i == 0 ? "" : "|", row.cells[i]);
			buf_puts(&out, "/");
		} else if (status == CSV_MORE && at < bytes) {
			size_t step = bytes - at < piece ? bytes - at : piece;
			csv_reader_feed(reader, data + at, step);
			at += step;
		} else if (status == CSV_MORE) {
			csv_reader_finish(reader);
		} else {
			break;
		}
	}
	if (status == CSV_BROKEN) {
		enum csv_fault fault = csv_reader_fault(reader, &line);
		buf_printf(&out, "fault %d line %d", fault, (int)line);
	}
	const char *kept = arena_strdup(arena, buf_text(&out));
	buf_fini(&out);
	csv_reader_free(reader);
	return kept;
}

static void
assert_reads(const char *text, const char *rows)
{
	size_t bytes = strlen(text);

	for (size_t piece = 1; piece <= bytes + 1; piece++)
		assert_string_equal(read_all(text, bytes, piece, ','), rows);
}

static void
csv_reads_rows_with_any_line_end(void **state)
{
	assert_reads("a,b\nc,d\n", "a|b/c|d/");
	assert_reads("a,b\r\nc,d\r\n", "a|b/c|d/");
	assert_reads("a,b\rc,d\r", "a|b/c|d/");
	assert_reads("a,b\nc,d", "a|b/c|d/");
	assert_reads("a,b\n\n\r\n\rc,d\n\n", "a|b/c|d/"); /* empty lines are no rows */
	assert_reads("", "");
	assert_reads("\n", "");
	assert_reads("a", "a/");
}

static void
csv_keeps_empty_cells(void **state)
{
	assert_reads(",", "|/");
	assert_reads(",,\n", "||/");
	assert_reads("a,\n,b\n", "a|/|b/");
	assert_reads("a,", "a|/");
	assert_reads("\"\"\n", "/"); /* one cell, empty: a row all the same */
	assert_reads("\"\",\"\"\n", "|/");
	assert_reads(" a , b \n", " a | b /");
}

static void
csv_reads_quoted_cells(void **state)
{
	assert_reads("\"a,b\",c\n", "a,b|c/");
	assert_reads("\"a\"\"b\",\"\"\"\"\n", "a\"b|\"/");
	assert_reads("\"a\nb\",c\n", "a\nb|c/");
	assert_reads("\"a\r\nb\rc\"\r\nd\r\n", "a\r\nb\rc/d/");
	assert_reads("\"a\" ,\"b\"  \n", "a|b/"); /* spaces behind a quote do not matter */
	assert_reads("\"客户，名\",\"😀\"\n", "客户，名|😀/");
}

static void
csv_marks_rows_with_stray_quotes(void **state)
{
	assert_reads("\"a\"b,c\nd,e\n", "!ab|c/d|e/");
	assert_reads("\"a\" b,c\n", "!ab|c/");
	assert_reads("\"a\" \"b\",c\n", "!a\"b\"|c/");
	/* Inside an unquoted cell a quote is an ordinary sign: 5" nails. */
	assert_reads("5\" nails,x\"\"y\n", "5\" nails|x\"\"y/");
	assert_reads(" \"a\",b\n", " \"a\"|b/");
}

static void
csv_drops_a_byte_order_mark(void **state)
{
	assert_reads("\xEF\xBB\xBF"
		     "a,b\n",
	    "a|b/");
	assert_reads("\xEF\xBB\xBF\"a\",b\n", "a|b/");
	assert_reads("\xEF\xBB\xBF", "");
	assert_reads("a\xEF\xBB\xBF\n", "a\xEF\xBB\xBF/");
}

static void
csv_faults_name_the_line(void **state)
{
	assert_reads("a\nb,\"c\nd\n", "a/fault 1 line 2");
	assert_reads("a\r\n\"x\r\ny\"\r\n\"c", "a/x\r\ny/fault 1 line 4");
	assert_string_equal(read_all("a\nb\0c\n", 6, 100, ','), "a/fault 4 line 2");
	assert_string_equal(read_all("\"a\0\"", 4, 1, ','), "fault 4 line 1");
	for (int i = CSV_FAULT_NONE; i <= CSV_FAULT_NUL; i++)
		assert_string_not_equal(csv_fault_text((enum csv_fault)i, LANG_EN),
		    csv_fault_text((enum csv_fault)i, LANG_ZH));
}

static void
csv_rows_know_their_number_and_line(void **state)
{
	static const char text[] = "h1,h2\r\n\r\n\"a\r\nb\",c\r\n\"d\n\n\ne\",f\rg,h\n";
	static const uint64_t lines[] = { 1, 3, 5, 9 };

	for (size_t piece = 1; piece < sizeof(text); piece++) {
		struct csv_reader *reader = csv_reader_new(',');
		struct csv_row row;
		uint64_t number = 0;
		for (size_t at = 0; at < sizeof(text) - 1; at += piece) {
			size_t left = sizeof(text) - 1 - at;
			csv_reader_feed(reader, text + at, left < piece ? left : piece);
			while (csv_reader_next(reader, arena, &row) == CSV_ROW) {
				assert_int_equal(row.line, lines[number]);
				assert_int_equal(row.number, ++number);
			}
		}
		assert_int_equal(number, 4);
		csv_reader_free(reader);
	}
}

/* Feed count pieces of part; the status at the end and the fault. */
static enum csv_fault
feed_many(const char *part, size_t bytes, size_t count)
{
	struct csv_reader *reader = csv_reader_new(',');
	struct csv_row row;
	uint64_t line = 0;

	for (size_t i = 0; i < count; i++) {
		csv_reader_feed(reader, part, bytes);
		while (csv_reader_next(reader, arena, &row) == CSV_ROW)
			arena_reset(arena);
	}
	enum csv_fault fault = csv_reader_fault(reader, &line);
	csv_reader_free(reader);
	return fault;
}

static void
csv_limits_stop_endless_cells_and_rows(void **state)
{
	static char mib[1024 * 1024 + 2];

	memset(mib, 'x', sizeof(mib));
	assert_int_equal(feed_many(mib, 1024 * 1024, 1), CSV_FAULT_NONE);
	assert_int_equal(feed_many(mib, 1024 * 1024 + 1, 1), CSV_FAULT_LONG_CELL);
	assert_int_equal(feed_many("x,", 2, 4096), CSV_FAULT_NONE);
	assert_int_equal(feed_many("x,", 2, 4100), CSV_FAULT_LONG_ROW);
	mib[0] = '"';
	assert_int_equal(feed_many(mib, 65536, 32), CSV_FAULT_LONG_CELL);
	mib[0] = ',';
	assert_int_equal(feed_many(mib, 1000000, 6), CSV_FAULT_LONG_ROW);
	mib[0] = '\n';
	assert_int_equal(feed_many(mib, 1000000, 6), CSV_FAULT_NONE);
}

static void
csv_detects_the_delimiter(void **state)
{
	static const struct {
		const char *text;
		char delimiter;
	} rows[] = { { "a,b,c\n1,2,3\n", ',' }, { "a;b;c\n1,5;2;3\n", ';' },
		{ "a\tb\nx,y\tz\n", '\t' }, { "a|b\n1|2\n", '|' },
		{ "one column\nof words\n", ',' }, { "", ',' },
		{ "name;note\nx;\"a,b,c\"\ny;\"d,e,f\"\n", ';' },
		{ "\"a;b\",c\n\"d;e\",f\n", ',' }, { "a,b;c,d\n1,2;3,4\n", ',' },
		{ "名称,地址\n甲,\"上海;浦东\"\n", ',' }, { "a;b\nc;d\n\"open", ';' } };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char got = csv_detect_delimiter(rows[i].text, strlen(rows[i].text));
		if (got != rows[i].delimiter)
			fail_msg("%s: '%c'", rows[i].text, got);
	}
	assert_string_equal(read_all("a;b\n1;2\n", 8, 3, '\0'), "a|b/1|2/");
	assert_string_equal(read_all("sep=|\r\na,b|c\r\n", 14, 1, '\0'), "a,b|c/");
	assert_string_equal(read_all("\xEF\xBB\xBFsep=;\na,b;c\n", 15, 1, '\0'), "a,b|c/");
}

static const char *
write_row(struct csv_writer writer, const char *const *cells, size_t count, enum csv_kind kind)
{
	struct buf out = BUF_INIT;

	writer.out = &out;
	for (size_t i = 0; i < count; i++)
		csv_put(&writer, cells[i], kind);
	csv_end_row(&writer);
	const char *kept = arena_strdup(arena, buf_text(&out));
	buf_fini(&out);
	return kept;
}

static void
csv_writer_quotes_only_what_needs_it(void **state)
{
	const char *const cells[] = { "a", "", "b c", "x,y", "q\"q", "n\nl", " s", "客户",
		"-1" };
	struct csv_writer comma = { .delimiter = ',' },
			  tab = { .delimiter = '\t', .crlf = true };

	assert_string_equal(write_row(comma, cells, 9, CSV_TEXT),
	    "a,,b c,\"x,y\",\"q\"\"q\",\"n\nl\",\" s\",客户,-1\n");
	assert_string_equal(write_row(tab, cells + 3, 2, CSV_TEXT), "x,y\t\"q\"\"q\"\r\n");
	const char *const one[] = { "" };
	assert_string_equal(write_row(comma, one, 1, CSV_TEXT), "\"\"\n");
	assert_string_equal(write_row(comma, one, 0, CSV_TEXT), "\n");
}

static void
csv_writer_defuses_formulas_in_text_only(void **state)
{
	static const char *const bad[] = { "=1+1", "+86", "-x", "@SUM(A1)", "\tx", "\rx",
		"  =1", "＝1", "＋1", "－1", "＠x", "\xE3\x80\x80=1", "\n=1", "\xC2\xA0@x" };
	static const char *const good[] = { "", " ", "a=1", "1-2", "客户", "'=1",
		"a\t=", "\xFF=" };
	struct csv_writer writer = { .delimiter = ',', .defuse = true };

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_true(csv_is_formula(bad[i]));
		assert_non_null(strstr(write_row(writer, &bad[i], 1, CSV_TEXT),
		    arena_printf(arena, "'%s", bad[i])));
		assert_null(strstr(write_row(writer, &bad[i], 1, CSV_NUMBER), "'"));
	}
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_false(csv_is_formula(good[i]));
	const char *const cells[] = { "=a,b", "-5" };
	assert_string_equal(write_row(writer, cells, 2, CSV_TEXT), "\"'=a,b\",'-5\n");
	writer.defuse = false;
	assert_string_equal(write_row(writer, cells, 2, CSV_TEXT), "\"=a,b\",-5\n");
}

static void
csv_a_cell_is_armed_again_as_it_was(void **state)
{
	static const char *const texts[] = { "=1", "'=1", "''=1", "'", "''", "'a", "a'", "", "-1",
		" =1", "' =1", "＝1", "'＝1", "O'Neill", "'tis" };

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct buf out = BUF_INIT;
		struct csv_writer writer = { .out = &out, .delimiter = '\t', .defuse = true };
		struct csv_reader *reader = csv_reader_new('\t');
		struct csv_row row;

		csv_put(&writer, texts[i], CSV_TEXT);
		csv_end_row(&writer);
		assert_false(csv_is_formula(buf_text(&out)[0] == '"' ? buf_text(&out) + 1 : buf_text(&out)));
		csv_reader_feed(reader, buf_text(&out), out.bytes);
		csv_reader_finish(reader);
		assert_int_equal(csv_reader_next(reader, arena, &row), CSV_ROW);
		assert_string_equal(csv_armed(row.cells[0]), texts[i]);
		csv_reader_free(reader);
		buf_fini(&out);
	}
}

static void
csv_written_rows_are_read_back_the_same(void **state)
{
	static const char *const parts[] = { "a", ",", "\"", "\n", "\r", " ", "客", ";", "\t",
		"'", "=" };
	unsigned seed = 5;

	for (int round = 0; round < 3000; round++) {
		struct buf out = BUF_INIT;
		struct csv_writer writer = {
			.out = &out, .delimiter = ",\t;"[round % 3], .crlf = round & 1
		};
		const char *cells[8];
		size_t count = (size_t)round % 8 + 1;
		for (size_t i = 0; i < count; i++) {
			char text[64] = "";
			for (int j = 0; j < 5; j++) {
				seed = seed * 1103515245 + 12345;
				if ((seed >> 20) % 3 != 0)
					strcat(text, parts[(seed >> 16) % 11]);
			}
			cells[i] = arena_strdup(arena, text);
			csv_put(&writer, text, CSV_TEXT);
		}
		csv_end_row(&writer);
		struct csv_reader *reader = csv_reader_new(writer.delimiter);
		struct csv_row row;
		csv_reader_feed(reader, out.data, out.bytes);
		csv_reader_finish(reader);
		assert_int_equal(csv_reader_next(reader, arena, &row), CSV_ROW);
		assert_int_equal(row.count, count);
		assert_false(row.stray_quote);
		for (size_t i = 0; i < count; i++)
			assert_string_equal(row.cells[i], cells[i]);
		assert_int_equal(csv_reader_next(reader, arena, &row), CSV_END);
		csv_reader_free(reader);
		buf_fini(&out);
		arena_reset(arena);
	}
}

/* A file of the test data as UTF-8; false when it is not there. */
static bool
load(const char *path, struct buf *out)
{
	const char *data = getenv("KEHU_DATA");
	struct buf raw = BUF_INIT;
	char full[512];
	size_t got;

	if (data == NULL)
		return false;
	snprintf(full, sizeof(full), "%s/%s", data, path);
	FILE *in = fopen(full, "re");
	if (in == NULL)
		return false;
	while ((got = fread(buf_reserve(&raw, 65536), 1, 65536, in)) > 0)
		buf_wrote(&raw, got);
	fclose(in);
	const char *encoding = text_detect_encoding(buf_text(&raw), raw.bytes);
	struct text_decoder *decoder = text_decoder_open(encoding);
	assert_int_equal(text_decoder_feed(decoder, buf_text(&raw), raw.bytes, out), ERR_OK);
	assert_int_equal(text_decoder_end(decoder, out), ERR_OK);
	text_decoder_close(decoder);
	buf_fini(&raw);
	return true;
}

/* The next string of a JSON text, or NULL. \r is left out: the copies at hand lost theirs. */
static const char *
json_next(const char **at)
{
	struct buf out = BUF_INIT;
	const char *c = strchr(*at, '"');
	char utf8[4];

	if (c == NULL)
		return NULL;
	for (c++; *c != '"'; c++) {
		if (*c != '\\') {
			buf_putc(&out, *c);
		} else if (*++c == 'u') {
			uint32_t code =
			    (uint32_t)strtoul(arena_strndup(arena, c + 1, 4), NULL, 16);
			buf_put(&out, utf8, text_encode(code, utf8));
			c += 4;
		} else if (*c != 'r') {
			buf_putc(&out, *c == 'n' ? '\n' : *c == 't' ? '\t' : *c);
		}
	}
	*at = c + 1;
	const char *kept = arena_strdup(arena, buf_text(&out));
	buf_fini(&out);
	return kept;
}

static void
csv_spectrum_reads_as_its_answers_say(void **state)
{
	static const char *const names[] = { "comma_in_quotes", "empty", "empty_crlf",
		"escaped_quotes", "json", "newlines", "newlines_crlf", "quotes_and_newlines",
		"simple", "simple_crlf", "utf8" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct buf csv = BUF_INIT, json = BUF_INIT;
		struct csv_row header, row;
		if (!load(
			arena_printf(arena, "csv_oddities/csv-spectrum/csvs/%s.csv", names[i]),
			&csv))
			skip();
		assert_true(load(
		    arena_printf(arena, "csv_oddities/csv-spectrum/json/%s.json", names[i]),
		    &json));
		const char *at = buf_text(&json);
		struct csv_reader *reader = csv_reader_new('\0');
		csv_reader_feed(reader, csv.data, csv.bytes);
		csv_reader_finish(reader);
		assert_int_equal(csv_reader_next(reader, arena, &header), CSV_ROW);
		while (csv_reader_next(reader, arena, &row) == CSV_ROW) {
			assert_int_equal(row.count, header.count);
			for (size_t j = 0; j < row.count; j++) {
				assert_string_equal(header.cells[j], json_next(&at));
				assert_string_equal(row.cells[j], json_next(&at));
			}
		}
		assert_null(json_next(&at));
		csv_reader_free(reader);
		buf_fini(&csv);
		buf_fini(&json);
	}
}

static void
csv_files_of_other_projects_are_read(void **state)
{
	/* path, delimiter, rows and cells in all, what stops the reading after them */
	static const struct {
		const char *path;
		char delimiter;
		int rows, cells;
		enum csv_fault fault;
	} files[] = {
#include "tests/unit/csv_files.def"
	};

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		struct buf csv = BUF_INIT;
		struct csv_row row;
		uint64_t line;
		int rows = 0, cells = 0;
		if (!load(files[i].path, &csv))
			skip();
		struct csv_reader *reader = csv_reader_new('\0');
		csv_reader_feed(reader, buf_text(&csv), csv.bytes);
		csv_reader_finish(reader);
		for (; csv_reader_next(reader, arena, &row) == CSV_ROW; rows++)
			cells += (int)row.count;
		enum csv_fault fault = csv_reader_fault(reader, &line);
		if (rows != files[i].rows || cells != files[i].cells ||
		    fault != files[i].fault ||
		    csv_reader_delimiter(reader) != files[i].delimiter)
			fail_msg("%s: '%c', %d rows, %d cells, fault %d", files[i].path,
			    csv_reader_delimiter(reader), rows, cells, fault);
		csv_reader_free(reader);
		buf_fini(&csv);
		arena_reset(arena);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(csv_reads_rows_with_any_line_end),
		cmocka_unit_test(csv_keeps_empty_cells),
		cmocka_unit_test(csv_reads_quoted_cells),
		cmocka_unit_test(csv_marks_rows_with_stray_quotes),
		cmocka_unit_test(csv_drops_a_byte_order_mark),
		cmocka_unit_test(csv_faults_name_the_line),
		cmocka_unit_test(csv_rows_know_their_number_and_line),
		cmocka_unit_test(csv_limits_stop_endless_cells_and_rows),
		cmocka_unit_test(csv_detects_the_delimiter),
		cmocka_unit_test(csv_writer_quotes_only_what_needs_it),
		cmocka_unit_test(csv_writer_defuses_formulas_in_text_only),
		cmocka_unit_test(csv_a_cell_is_armed_again_as_it_was),
		cmocka_unit_test(csv_written_rows_are_read_back_the_same),
		cmocka_unit_test(csv_spectrum_reads_as_its_answers_say),
		cmocka_unit_test(csv_files_of_other_projects_are_read),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("csv", tests, csv_setup, csv_teardown);
}
