/*
 * Export: rights, reason, what is in the file, rows that only it has, approval above the limit,
 * the budget; and the way back in. Against a real kehud, with the programs people use.
 */
#include "common/csv.h"
#include "common/date.h"
#include "server/entity/fields.h"
#include "tests/lib/bed.h"
#include "tests/lib/company.h"
#include "tests/lib/pg.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
// clang-format off
#include <cmocka.h>
// clang-format on

#define DB "audit_export"

static struct bed *bed;

static int
export_setup(void **state)
{
	bed = bed_new_with(DB,
	    "log: { level = \"info\"; };\nsign: { second_factor = \"none\"; };\n"
	    "budget: { rows = 1500; };\n");
	pg_exec(DB, "INSERT INTO users (id, name, name_key, label, label_key, branch_id, "
		    "language, password_hash)"
		    " SELECT 150, 'ann', 'ann', 'Ann', 'ann', 1, 'en', password_hash FROM "
		    "users WHERE id = 101;"
		    "INSERT INTO user_role (user_id, role_id) SELECT 150, id FROM role WHERE "
		    "name = 'auditor'");
	pg_exec(DB, "INSERT INTO customer (name, name_key, type, stage, level, phone, number, "
		    "owner_id, department_id,"
		    " branch_id) SELECT CASE g WHEN 7 THEN '=cmd|calc' ELSE '出口客户' || "
		    "to_char(g, 'FM0000') END,"
		    " 'kehu' || to_char(g, 'FM0000'), 'company', 'potential', CASE WHEN g <= "
		    "300 THEN 'A' ELSE 'B' END,"
		    " '021-68' || (100000 + g), 'C9' || to_char(g, 'FM00000'), 101, 12, 2 FROM "
		    "generate_series(1, 900) g");
	return 0;
}

static int
export_teardown(void **state)
{
	bed_free(bed);
	return 0;
}

static int
run(const char *user, const char **text, ...)
{
	const char *words[20] = { 0 };
	va_list args;

	va_start(args, text);
	for (size_t i = 0; i < 19 && (words[i] = va_arg(args, const char *)) != NULL; i++)
		continue;
	va_end(args);
	return bed_run_as(bed, "kehu", user, words, text);
}

static const char *
file_in(const char *name)
{
	return arena_printf(bed->arena, "%s/%s", bed->dir, name);
}

static char *
slurp(const char *path)
{
	FILE *file = fopen(path, "r");
	struct buf text = BUF_INIT;
	char *copy;
	int c;

	assert_non_null(file);
	while ((c = fgetc(file)) != EOF)
		buf_putc(&text, (char)c);
	fclose(file);
	copy = arena_strdup(bed->arena, buf_text(&text));
	buf_fini(&text);
	return copy;
}

static size_t
lines_of(const char *text)
{
	size_t lines = 0;

	for (; *text != '\0'; text++)
		lines += *text == '\n';
	return lines;
}

static void
export_needs_the_right_and_a_reason(void **state)
{
	const char *text;

	assert_int_equal(run("ada", &text, "export", "customer", "--reason", "x", NULL), 1);
	assert_non_null(strstr(text, "E3001"));
	assert_int_equal(run("cai", &text, "export", "customer", "level:A", NULL), 1);
	assert_non_null(strstr(text, "E3022"));
	assert_int_equal(
	    run("cai", &text, "export", "customer", "--reason", "x", "--format", "xls", NULL),
	    1);
	assert_int_equal(
	    run("cai", &text, "export", "customer", "nonsense:1", "--reason", "x", NULL), 1);
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM export_log"), 0);
}

static void
a_file_says_who_took_it_and_has_rows_of_its_own(void **state)
{
	const char *path = file_in("a.csv"), *text, *file, *again;

	assert_int_equal(
	    run("cai", &text, "export", "customer", "level:A", "--columns",
		"number,name,phone,level", "--reason", "季度对账", "-o", path, NULL),
	    0);
	file = slurp(path);
	/* header, 300 records, 2 of nobody, the watermark */
	assert_int_equal(lines_of(file), 1 + 300 + 2 + 1);
	assert_non_null(strstr(file, "季度对账"));
	assert_non_null(strstr(file, "cai"));
	assert_non_null(strstr(file, "kehu-export:"));
	/* No formula leaves. */
	assert_null(strstr(file, ",=cmd"));
	assert_non_null(strstr(file, "'=cmd|calc"));
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM export_mark"), 3);
	assert_int_equal(
	    pg_int(DB, "SELECT count(*) FROM export_log WHERE rows = 300 AND user_id = 103"),
	    1);
	assert_int_equal(
	    pg_int(DB, "SELECT count(*) FROM audit WHERE request = 'export' AND user_id = 103"),
	    2);
	/* Another export has others. */
	assert_int_equal(run("cai", &text, "export", "customer", "level:A", "--columns",
			     "number,name,phone,level", "--reason", "季度对账", "-o",
			     file_in("b.csv"), NULL),
	    0);
	again = slurp(file_in("b.csv"));
	assert_int_not_equal(strcmp(file, again), 0);
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM export_mark"), 6);
}

/* Whoever finds a row in the street asks whose it was. */
static void
a_row_of_nobody_names_its_exporter(void **state)
{
	struct csv_reader *reader = csv_reader_new(',');
	struct arena *arena = arena_new(0);
	const char *file = slurp(file_in("a.csv"));
	const char *text;
	struct csv_row row;
	size_t found = 0;

	csv_reader_feed(reader, file, strlen(file));
	csv_reader_finish(reader);
	while (csv_reader_next(reader, arena, &row) == CSV_ROW) {
		if (row.count < 2 ||
		    pg_int(DB, "SELECT count(*) FROM customer WHERE name = ltrim('%s', '''')",
			row.cells[1][0] == '\'' ? "=cmd|calc" : row.cells[1]) > 0)
			continue;
		found += pg_int(DB,
			     "SELECT count(*) FROM kehu_export_marked(ARRAY['%s']) m WHERE "
			     "m.user_id = 103",
			     row.cells[1]) == 1;
	}
	assert_int_equal(found, 2);
	/* As an auditor asks, with the line at the end too. */
	assert_int_equal(bed_run_as(bed, "kehu-admin", "ann",
			     (const char *const[]){ "audit", "mark",
				 strstr(file, "kehu-export:"), "--format", "tsv", NULL },
			     &text),
	    0);
	assert_non_null(strstr(text, "季度对账"));
	assert_int_equal(
	    bed_run_as(bed, "kehu-admin", "ann",
		(const char *const[]){ "audit", "mark", "出口客户0001", NULL }, &text),
	    1);
	csv_reader_free(reader);
	arena_free(arena);
}

static void
an_import_leaves_out_what_stands_for_nobody(void **state)
{
	int64_t before = pg_int(DB, "SELECT count(*) FROM customer");
	const char *text;

	assert_int_equal(run("cai", &text, "import", "customer", file_in("a.csv"), "--match",
			     "number", "--on-match", "update", "--language", "en", NULL),
	    0);
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM customer"), before);
}

static void
other_forms(void **state)
{
	const char *text, *file;

	assert_int_equal(run("cai", &text, "export", "customer", "number:C900001", "--columns",
			     "number,name", "--format", "jsonl", "--reason", "x", "-o",
			     file_in("c.jsonl"), NULL),
	    0);
	file = slurp(file_in("c.jsonl"));
	assert_int_equal(lines_of(file), 3);
	assert_ptr_equal(
	    strstr(file, "{\"number\":\"C900001\",\"name\":\"出口客户0001\"}\n"), file);
	assert_non_null(strstr(file, "{\"kehu_watermark\":\"# "));
	assert_int_equal(run("cai", &text, "export", "customer", "number:C900001", "--columns",
			     "number,name", "--encoding", "utf-8-bom", "--format", "tsv",
			     "--reason", "x", "-o", file_in("d.tsv"), NULL),
	    0);
	file = slurp(file_in("d.tsv"));
	assert_int_equal(strncmp(file, "\xef\xbb\xbf", 3), 0);
	assert_non_null(strstr(file, "C900001\t出口客户0001\r\n"));
	/* Nothing found: a header and a watermark. */
	assert_int_equal(run("cai", &text, "export", "customer", "number:nothing", "--reason",
			     "x", "-o", file_in("e.csv"), NULL),
	    0);
	assert_int_equal(lines_of(slurp(file_in("e.csv"))), 2);
}

static void
above_the_limit_somebody_else_has_to_agree(void **state)
{
	const char *text;

	pg_exec(DB, "UPDATE users SET superior_id = 105 WHERE id = 103");
	assert_int_equal(
	    run("cai", &text, "export", "customer", "level:B", "--columns", "number,name",
		"--reason", "全量核对", "-o", file_in("f.csv"), NULL),
	    0);
	assert_int_equal(
	    pg_int(DB, "SELECT count(*) FROM approval WHERE title LIKE '%%600%%'"), 1);
	assert_int_equal(
	    pg_int(DB, "SELECT count(*) FROM job WHERE kind = 'export' AND state <> 'done'"),
	    0);
}

static void
an_export_draws_on_the_days_budget(void **state)
{
	const char *text;

	pg_exec(DB, "UPDATE approval_rule SET active = false; UPDATE state SET access_epoch = "
		    "access_epoch + 1;"
		    "UPDATE reading_figures f SET reserved = 1500 FROM reading r WHERE r.id = "
		    "f.id AND r.owner_id = 105;"
		    "SELECT kehu_reading(105, (now() AT TIME ZONE 'Asia/Shanghai')::date);"
		    "UPDATE reading_figures f SET reserved = 1400 FROM reading r WHERE r.id = "
		    "f.id AND r.owner_id = 105");
	assert_int_equal(run("eve", &text, "export", "customer", "level:B", "--columns",
			     "number,name", "--reason", "x", "-o", file_in("g.csv"), NULL),
	    1);
	assert_non_null(strstr(text, "1500"));
	assert_int_equal(
	    pg_int(DB,
		"SELECT count(*) FROM audit WHERE action = 'over_budget' AND user_id = 105"),
	    1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(export_needs_the_right_and_a_reason),
		cmocka_unit_test(a_file_says_who_took_it_and_has_rows_of_its_own),
		cmocka_unit_test(a_row_of_nobody_names_its_exporter),
		cmocka_unit_test(an_import_leaves_out_what_stands_for_nobody),
		cmocka_unit_test(other_forms),
		cmocka_unit_test(above_the_limit_somebody_else_has_to_agree),
		cmocka_unit_test(an_export_draws_on_the_days_budget),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, export_setup, export_teardown);
}
