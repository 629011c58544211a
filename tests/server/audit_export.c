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
#include <unistd.h>
// clang-format off
#include <cmocka.h>
// clang-format on

#define DB "audit_export"

static struct bed *bed;

static int
export_setup(void **state)
{
	bed = bed_new_with(DB,
	    "log: { level = \"info\"; };\nsign: { " BED_CHEAP "second_factor = \"none\"; };\n"
	    "budget: { rows = 4000; };\n");
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
	int status = bed_run_as(bed, "kehu", user, words, text);
	if (status != 0)
		print_message("# %s %s: %s\n", words[0], words[1], *text); /* should it be a surprise */
	return status;
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
	    3); /* asked for, made, fetched */
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

/* Pages to print are the same export: a right, a reason, approval, rows of nobody, and a foot that tells. */
static void
printed_pages_say_on_each_who_when_and_what_for(void **state)
{
	const char *text, *file, *at;
	size_t pages = 1, feet = 0, marks;

	assert_int_equal(run("ada", &text, "export", "customer", "--format", "pdf", "--reason", "x", NULL), 1);
	assert_non_null(strstr(text, "E3001"));
	assert_int_equal(run("cai", &text, "export", "customer", "level:A", "--format", "text", NULL), 1);
	assert_non_null(strstr(text, "E3022"));
	marks = (size_t)pg_int(DB, "SELECT count(*) FROM export_mark");
	assert_int_equal(run("cai", &text, "export", "customer", "level:A", "--columns", "number,name,level", "--format",
			     "text", "--reason", "打印核对", "-o", file_in("p.txt"), NULL),
	    0);
	file = slurp(file_in("p.txt"));
	assert_non_null(strstr(file, "C900001"));
	assert_non_null(strstr(file, "kehu-export:"));
	for (at = file; (at = strchr(at, '\f')) != NULL && at[1] != '\0'; at++)
		pages++;
	for (at = file; (at = strstr(at, "(cai)")) != NULL; at++)
		feet += memmem(at, strcspn(at, "\n"), "打印核对", strlen("打印核对")) != NULL;
	assert_true(pages > 4);
	/* each page's foot, and the line at the end */
	assert_in_range(feet, pages, pages + 1);
	assert_true((size_t)pg_int(DB, "SELECT count(*) FROM export_mark") >= marks + 2);
	assert_int_equal(run("cai", &text, "export", "customer", "number:C900001", "--columns", "number,name",
			     "--format", "pdf", "--reason", "x", "-o", file_in("p.pdf"), NULL),
	    0);
	assert_int_equal(strncmp(slurp(file_in("p.pdf")), "%PDF-", 5), 0);
	assert_int_equal(run("cai", &text, "export", "customer", "number:C900001", "--encoding", "gb18030",
			     "--format", "pdf", "--reason", "x", NULL),
	    1);
}

/* ---- there and back ---------------------------------------------------------------------- */

#define BACK_COLUMNS                                                                           \
	"number,name,short_name,type,nature,level,stage,phone,mail,site,address,postcode,"     \
	"employees,capital,founded_on,satisfaction,tax_number,bank,bank_account,remarks,"      \
	"owner_id"

static const char *
what_is_stored(void)
{
	return pg_exec(DB,
	    "SELECT md5(string_agg(concat_ws('|', number, name, short_name, type, nature, "
	    "level, stage, phone, mail, site, address, postcode, employees, capital, "
	    "capital_currency, founded_on, satisfaction, tax_number, bank, bank_account, "
	    "remarks, owner_id), '~' ORDER BY number)) FROM customer WHERE number ~ '^R[0-9]'");
}

/* Names that spreadsheets, separators and encodings stumble over. */
static void
make_nasty_customers(void)
{
	pg_exec(DB,
	    "INSERT INTO customer (name, name_key, type, stage, level, number, short_name, "
	    "nature, phone, mail, site, address, postcode, employees, capital, "
	    "capital_currency, founded_on, satisfaction, tax_number, bank, bank_account, "
	    "remarks, owner_id, department_id, branch_id)"
	    " SELECT n, 'k' || i, 'company', 'potential', 'A', 'R' || i, left(n, 20), "
	    "'private', '021-5' || (1000000 + i), 'a' || i || '@example.org', "
	    "'https://example.org/?a=1&b=,2', '=HYPERLINK(\"x\")', '200001', i, "
	    "12345678900 + i, 'CNY', '1999-12-31', 55, '9131000' || i, '银行, \"支行\"', "
	    "'-6222 0000', E'第一行\\n=SUM(A1)\\n; \"三\"', 101, 12, 2"
	    " FROM unnest(ARRAY['=1+1', '''=quoted', '''''=twice', '''plain', '-5', '+86 21',"
	    " '@cmd', '＝全角', '逗号, 和 \"引号\"', '分号; 竖线|', '𠮷野家𪚥', 'Ünïcödé ß',"
	    " '😀 emoji', '１２３', '# 不是水印', '001', '1e5', '3-4', 'NULL', '''', '\\n',"
	    " '{json}', '只有中文名称']) WITH ORDINALITY u (n, i)");
}

/* What an export writes, an import puts back as it was, whatever happened meanwhile. */
static void
comes_back(const char *format, const char *encoding, const char *name)
{
	const char *before = arena_strdup(bed->arena, what_is_stored()), *text;

	assert_int_equal(run("cai", &text, "export", "customer", "employees:>0", "--columns",
			     BACK_COLUMNS, "--reason", "=往返", "--format", format,
			     "--encoding", encoding, "-o", file_in(name), NULL),
	    0);
	pg_exec(DB,
	    "UPDATE customer SET name = 'X' || id, short_name = NULL, nature = NULL, level = "
	    "'C', phone = NULL, mail = NULL, site = NULL, address = 'x', postcode = '''=', "
	    "employees = NULL, capital = NULL, capital_currency = NULL, founded_on = "
	    "'2000-01-01', satisfaction = 1, tax_number = NULL, bank = NULL, bank_account = "
	    "'1', remarks = NULL WHERE number ~ '^R[0-9]'");
	assert_string_not_equal(before, what_is_stored());
	assert_int_equal(run("cai", &text, "import", "customer", file_in(name), "--match",
			     "number", "--on-match", "update", "--language", "en", "--errors",
			     file_in("refused.csv"), NULL),
	    0);
	if (strstr(text, "read 23, created 0, updated 23, refused 0") == NULL)
		fail_msg("%s: %s", name, text);
	assert_string_equal(before, what_is_stored());
}

static void
an_export_imported_again_changes_nothing(void **state)
{
	make_nasty_customers();
	comes_back("csv", "utf-8", "back.csv");
	comes_back("csv", "utf-8-bom", "back-bom.csv");
	comes_back("csv", "gb18030", "back-gb.csv");
	comes_back("tsv", "utf-8", "back.tsv");
	comes_back("tsv", "gb18030", "back-gb.tsv");
}

/* ---- cards ------------------------------------------------------------------------------- */

static void
every_line_of_a_card_is_short(const char *file)
{
	for (const char *at = file; *at != '\0';) {
		size_t octets = strcspn(at, "\r");

		assert_in_range(octets, 1, 75);
		assert_int_equal(at[octets + 1], '\n');
		at += octets + 2;
	}
}

static void
customers_and_contacts_go_as_cards(void **state)
{
	const char *text, *file;

	assert_int_equal(run("cai", &text, "export", "customer", "number:R9", "--format",
			     "vcard", "--reason", "通讯录", "-o", file_in("a.vcf"), NULL),
	    0);
	file = slurp(file_in("a.vcf"));
	every_line_of_a_card_is_short(file);
	assert_ptr_equal(file, strstr(file, "BEGIN:VCARD\r\nVERSION:4.0\r\nKIND:org\r\n"));
	assert_non_null(strstr(file, "FN:逗号\\, 和 \"引号\"\r\n"));
	assert_non_null(strstr(file, "NOTE:第一行\\n=SUM(A1)\\n\\; \"三\"\r\n"));
	assert_non_null(strstr(file, "FN:# "));
	pg_exec(DB,
	    "INSERT INTO contact (name, name_key, customer_id, title, department, mobile, "
	    "mail, birthday, owner_id, department_id, branch_id) SELECT '欧阳; 娜', "
	    "'ouyangna', id, '采购部经理', '采购部', '13800138000', 'na@example.org', "
	    "'1980-05-01', 101, 12, 2 FROM customer WHERE number = 'R9'");
	assert_int_equal(run("cai", &text, "export", "contact", "name:欧阳", "--format",
			     "vcard3", "--reason", "通讯录", "-o", file_in("b.vcf"), NULL),
	    0);
	file = slurp(file_in("b.vcf"));
	every_line_of_a_card_is_short(file);
	assert_non_null(
	    strstr(file, "VERSION:3.0\r\nFN:欧阳\\; 娜\r\nN:欧阳\\; 娜;;;;\r\n"));
	assert_non_null(strstr(file, "ORG:逗号\\, 和 \"引号\";采购部\r\n"));
	assert_non_null(strstr(file, "TEL;TYPE=cell:13800138000\r\n"));
	assert_non_null(strstr(file, "BDAY:1980-05-01\r\n"));
	/* Of what has no cards, and in an encoding cards cannot have: a clear no. */
	assert_int_equal(run("cai", &text, "export", "visit", "", "--format", "vcard",
			     "--reason", "x", NULL),
	    1);
	assert_non_null(strstr(text, "vCard"));
	assert_int_equal(run("cai", &text, "export", "contact", "", "--format", "vcard",
			     "--encoding", "gb18030", "--reason", "x", NULL),
	    1);
}

/* ---- consent ----------------------------------------------------------------------------- */

/* Asks for more than is free to take; the number of the approval: "AP2611-000001". */
static const char *
ask_for_all(const char *file)
{
	const char *text, *at;

	assert_int_equal(run("cai", &text, "export", "customer", "level:B", "--columns",
			     "number,name", "--reason", "全量核对", "-o", file_in(file), NULL),
	    0);
	at = strstr(text, "AP2");
	assert_non_null(at);
	return arena_strndup(bed->arena, at, strcspn(at, " "));
}

static int64_t
job_of(const char *approval)
{
	return pg_int(DB, "SELECT job_id FROM approval WHERE number = '%s'", approval);
}

static size_t
expired(void)
{
	return (size_t)pg_int(
	    DB, "SELECT kehu_export_expire(interval '10 minutes', interval '3 days')");
}

static void
above_the_limit_somebody_else_has_to_agree(void **state)
{
	const char *text, *number, *job;

	/* a rule for each kind of record that customers' data lies in */
	assert_int_equal(pg_int(DB, "SELECT count(DISTINCT entity) FROM approval_rule WHERE action = 'export' AND rows_over = 500 "
				    "AND entity IN ('customer', 'contact', 'visit', 'lead', 'opportunity', 'order', 'quote', "
				    "'receivable', 'outgoing')"), 9);
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM approval_rule WHERE action = 'export' AND entity IN ('product', 'user')"), 0);
	pg_exec(DB, "UPDATE users SET superior_id = 105 WHERE id = 103");
	number = ask_for_all("f.csv");
	assert_int_equal(
	    pg_int(DB, "SELECT count(*) FROM approval WHERE title LIKE '%%600%%'"), 1);
	assert_int_equal(
	    pg_int(DB, "SELECT count(*) FROM job WHERE kind = 'export' AND state <> 'done'"),
	    0);
	/* Not by oneself, not by anybody, and nothing to fetch before. */
	assert_int_equal(run("cai", &text, "fetch", number, NULL), 1);
	assert_int_equal(run("cai", &text, "act", "approval", number, "approve", NULL), 1);
	assert_int_equal(run("ada", &text, "act", "approval", number, "approve", NULL), 1);
	assert_int_equal(run("eve", &text, "act", "approval", number, "approve", NULL), 0);
	assert_true(job_of(number) > 0);
	job = arena_printf(bed->arena, "%" PRId64, job_of(number));
	/* The file is its asker's alone: who granted it and administrators do not read it. */
	assert_int_equal(run("eve", &text, "fetch", job, NULL), 1);
	assert_int_equal(run("guo", &text, "fetch", job, NULL), 1);
	assert_null(strstr(text, "出口客户"));
	assert_int_equal(run("cai", &text, "fetch", number, "-o", file_in("f.csv"), NULL), 0);
	assert_int_equal(lines_of(slurp(file_in("f.csv"))), 1 + 600 + 4 + 1);
	assert_non_null(strstr(slurp(file_in("f.csv")), "全量核对"));
	/* Once. */
	assert_int_equal(run("cai", &text, "fetch", number, NULL), 1);
	assert_non_null(strstr(text, "E3026"));
	assert_int_equal(run("cai", &text, "jobs", "--format", "tsv", NULL), 0);
	assert_non_null(strstr(text, "\tfetched\t600\t"));
	assert_non_null(strstr(text, ": 全量核对\t"));
	assert_int_equal(expired(), 0);
	pg_exec(DB, "UPDATE job SET fetched_at = now() - interval '11 minutes' WHERE id = %s", job);
	assert_int_equal(expired(), 1);
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM job_chunk WHERE job_id = %s", job), 0);
	assert_int_equal(pg_int(DB,
			     "SELECT count(*) FROM audit WHERE request = 'export' AND action = "
			     "'fetched' AND record_id = %s",
			     job),
	    1);
}

/* A report of more rows than everybody may take away is an export by another name. */
static void
a_report_above_the_limit_is_an_export(void **state)
{
	static const char *const months[] = { "from=2024-01-01", "to=2024-06-30" };
	const char *text, *file, *number;

	pg_exec(DB, "INSERT INTO visit (number, customer_id, at, minutes, kind, purpose, state, owner_id, department_id, "
		    "branch_id) SELECT 'RV' || i, (SELECT id FROM customer WHERE number = 'C900001'), "
		    "timestamptz '2024-01-01 01:00+00' + make_interval(hours => 3 * i), 10, 'visit', '巡访' || i, 'completed', "
		    "101, 12, 2 FROM generate_series(1, 700) i");
	/* without the right; without saying what for; with both */
	assert_int_equal(run("ada", &text, "report", "visits_by_person", months[0], months[1], "-o", file_in("r.txt"), NULL), 1);
	assert_non_null(strstr(text, "E3001"));
	assert_int_equal(run("ada", &text, "report", "visits_by_person", months[0], months[1], "--reason", "x", NULL), 1);
	assert_non_null(strstr(text, "E3001"));
	assert_int_equal(run("cai", &text, "report", "visits_by_person", months[0], months[1], "-o", file_in("r.txt"), NULL), 1);
	assert_non_null(strstr(text, "E3022"));
	assert_int_not_equal(access(file_in("r.txt"), F_OK), 0);
	assert_int_equal(run("cai", &text, "report", "visits_by_person", months[0], "to=2024-02-29", "--reason", "月度核对",
			     "-o", file_in("r.txt"), NULL), 0);
	file = slurp(file_in("r.txt"));
	assert_non_null(strstr(file, "巡访300"));
	assert_non_null(strstr(file, "(cai)"));
	assert_non_null(strstr(file, "月度核对"));
	assert_non_null(strstr(file, "kehu-export:"));
	assert_int_equal(run("cai", &text, "report", "visits_by_person", months[0], "to=2024-02-29", "--reason", "月度核对",
			     "--format", "csv", "-o", file_in("r.csv"), NULL), 0);
	file = slurp(file_in("r.csv"));
	assert_non_null(strstr(strstr(file, "\n# "), "kehu-export:"));
	/* among the rows are some of nobody, by which the file is known again */
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM export_mark m WHERE m.export_id = (SELECT max(id) FROM export_log)"), 4);
	assert_int_equal(pg_int(DB, "SELECT rows FROM export_log ORDER BY id DESC LIMIT 1"),
	    pg_int(DB, "SELECT count(*) FROM visit WHERE at >= '2023-12-31 16:00+00' AND at < '2024-02-29 16:00+00'"));
	assert_int_equal(run("cai", &text, "report", "visits_by_person", months[0], "to=2024-02-29", "--reason", "x",
			     "--format", "html", "-o", file_in("r.html"), NULL), 0);
	assert_non_null(strstr(slurp(file_in("r.html")), "kehu-export:"));
	assert_int_equal(run("cai", &text, "report", "visits_by_person", months[0], "to=2024-02-29", "--reason", "x",
			     "--format", "html", "--encoding", "gb18030", NULL), 1);
	/* and above the company's limit somebody else agrees first */
	assert_int_equal(run("cai", &text, "report", "visits_by_person", months[0], months[1], "--reason", "半年核对",
			     "--format", "pdf", "-o", file_in("all.pdf"), NULL), 0);
	number = strstr(text, "AP2");
	assert_non_null(number);
	number = arena_strndup(bed->arena, number, strcspn(number, " "));
	assert_int_equal(run("cai", &text, "fetch", number, NULL), 1);
	assert_int_equal(run("cai", &text, "act", "approval", number, "approve", NULL), 1);
	assert_int_equal(run("eve", &text, "act", "approval", number, "approve", NULL), 0);
	assert_int_equal(run("cai", &text, "fetch", number, "-o", file_in("all.pdf"), NULL), 0);
	assert_int_equal(strncmp(slurp(file_in("all.pdf")), "%PDF-", 5), 0);
}

static void
what_is_refused_makes_no_file(void **state)
{
	const char *number = ask_for_all("r.csv"), *text;
	int64_t jobs = pg_int(DB, "SELECT count(*) FROM job");

	assert_int_equal(
	    run("eve", &text, "act", "approval", number, "refuse", "comment=不行", NULL), 0);
	assert_int_equal(run("cai", &text, "fetch", number, NULL), 1);
	assert_int_equal(run("eve", &text, "act", "approval", number, "approve", NULL), 1);
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM job"), jobs);
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM message WHERE owner_id = 103 AND "
				    "text LIKE '%%不行%%'"),
	    1);
}

static void
a_file_that_lay_too_long_is_gone(void **state)
{
	const char *number = ask_for_all("l.csv"), *text;
	int64_t job;

	assert_int_equal(run("eve", &text, "act", "approval", number, "approve", NULL), 0);
	job = job_of(number);
	for (int i = 0; i < 400; i++) {
		if (pg_int(DB,
			"SELECT count(*) FROM job WHERE state = 'done' AND id = %" PRId64,
			job) == 1)
			break;
		usleep(50000);
	}
	pg_exec(DB,
	    "UPDATE job SET finished_at = now() - interval '73 hours' WHERE id = %" PRId64, job);
	assert_int_equal(expired(), 1);
	assert_int_equal(run("cai", &text, "fetch", number, NULL), 1);
	assert_non_null(strstr(text, "E3026"));
}

static void
an_export_draws_on_the_days_budget(void **state)
{
	const char *text;

	pg_exec(DB, "UPDATE approval_rule SET active = false; UPDATE state SET access_epoch = "
		    "access_epoch + 1;"
		    "UPDATE reading_figures f SET reserved = 4000 FROM reading r WHERE r.id = "
		    "f.id AND r.owner_id = 105;"
		    "SELECT kehu_reading(105, (now() AT TIME ZONE 'Asia/Shanghai')::date);"
		    "UPDATE reading_figures f SET reserved = 3900 FROM reading r WHERE r.id = "
		    "f.id AND r.owner_id = 105");
	assert_int_equal(run("eve", &text, "export", "customer", "level:B", "--columns",
			     "number,name", "--reason", "x", "-o", file_in("g.csv"), NULL),
	    1);
	assert_non_null(strstr(text, "4000"));
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
		cmocka_unit_test(printed_pages_say_on_each_who_when_and_what_for),
		cmocka_unit_test(an_export_imported_again_changes_nothing),
		cmocka_unit_test(customers_and_contacts_go_as_cards),
		cmocka_unit_test(above_the_limit_somebody_else_has_to_agree),
		cmocka_unit_test(a_report_above_the_limit_is_an_export),
		cmocka_unit_test(what_is_refused_makes_no_file),
		cmocka_unit_test(a_file_that_lay_too_long_is_gone),
		cmocka_unit_test(an_export_draws_on_the_days_budget),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, export_setup, export_teardown);
}
