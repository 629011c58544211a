/*
 * Reports at the real terminal against a real server: the menu, parameters, turning pages,
 * paper through the printing command, files of all kinds, and what goes wrong with them.
 */
#include "common/date.h"
#include "server/entity/fields.h"
#include "tests/lib/desk.h"
#include "tests/lib/pg.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
// clang-format off
#include <cmocka.h>
// clang-format on

#define DB "walk_print"

enum { VISITS = 40 };

static struct bed *bed;
static struct client *ada;
static int64_t customer;

static const char *
path_of(const char *name)
{
	return arena_printf(bed->arena, "%s/%s", bed->dir, name);
}

static bool
shell(const char *format, ...)
{
	va_list args;
	char *command;

	va_start(args, format);
	command = arena_vprintf(bed->arena, format, args);
	va_end(args);
	return system(command) == 0;
}

/* The customer's visits, the newest one under the cursor. */
static struct vt *
open_visits(const char *lang)
{
	struct vt *vt = desk_home(bed, "ada", lang, 24, 80);

	desk_type(vt, "{F9}");
	desk_type(vt, "打印演示");
	vt_wait_settled(vt, 600, DESK_SOON_MS);
	desk_type(vt, "{Enter}");
	desk_sees(vt, strcmp(lang, "zh") == 0 ? "[概览]" : "[Overview]");
	desk_sees(vt, "目的 0");
	desk_type(vt, "{Tab}{Tab}");
	return vt;
}

static void
sheet_goes_to_the_printing_command(void **state)
{
	struct vt *vt = open_visits("zh");

	desk_type(vt, "{Ctrl-T}");
	desk_sees(vt, "客户拜访单");
	desk_type(vt, "P");
	desk_sees(vt, "已送打印 request id is office-7");
	assert_true(shell("pdftotext '%s' - | grep -q 目的", path_of("printed")));
	desk_leave(vt);
}

static void
sheet_is_saved_as_pdf_csv_and_text(void **state)
{
	struct vt *vt = open_visits("zh");

	desk_type(vt, "{Ctrl-T}");
	desk_sees(vt, "客户拜访单");
	desk_type(vt, "s{Ctrl-U}");
	desk_type(vt, path_of("out.pdf"));
	desk_type(vt, "{Enter}");
	desk_sees(vt, "已存");
	assert_true(shell("head -c4 '%s' | grep -q %%PDF", path_of("out.pdf")));
	desk_type(vt, "s{Ctrl-U}");
	desk_type(vt, path_of("out.txt"));
	desk_type(vt, "{Enter}");
	desk_sees(vt, "out.txt");
	assert_true(shell("grep -q 客户拜访单 '%s'", path_of("out.txt")));
	desk_type(vt, "s{Ctrl-U}");
	desk_type(vt, path_of("out.csv"));
	desk_type(vt, "{Enter}");
	desk_sees(vt, "out.csv");
	assert_true(shell("test -s '%s'", path_of("out.csv")));
	desk_leave(vt);
}

static void
what_cannot_be_saved_leaves_nothing(void **state)
{
	struct vt *vt = open_visits("en");

	desk_type(vt, "{Ctrl-T}");
	desk_sees(vt, "Visit sheet");
	desk_type(vt, "s{Ctrl-U}/no/such/folder/x.pdf{Enter}");
	desk_sees(vt, "No file was made or read: /no/such/folder/x.pdf");
	desk_type(vt, "s{Ctrl-U}");
	desk_type(vt, bed->dir);
	desk_type(vt, "{Enter}");
	desk_sees(vt, "Is a directory");
	desk_leave(vt);
}

static void
preview_shows_what_is_printed(void **state)
{
	struct vt *vt = open_visits("zh");

	desk_type(vt, "{Ctrl-T}");
	desk_sees(vt, "客户拜访单");
	desk_type(vt, "s{Ctrl-U}");
	desk_type(vt, path_of("same.txt"));
	desk_type(vt, "{Enter}");
	desk_sees(vt, "same.txt");
	/* Row 5 of the sheet stands in row 6 of the screen, to the cell. */
	for (int row = 6; row < 16; row++) {
		const char *line = arena_strdup(bed->arena, vt_row(vt, row));

		if (*line)
			assert_true(shell("grep -qF -- \"%s\" '%s'", line + strspn(line, " "),
			    path_of("same.txt")));
	}
	desk_leave(vt);
}

static void
report_asks_for_its_parameters_and_turns_pages(void **state)
{
	struct vt *vt = desk_home(bed, "ada", "zh", 24, 80);

	desk_type(vt, "{F9}");
	desk_type(vt, "5");
	desk_type(vt, "{Esc}");
	desk_type(vt, "{Ctrl-T}");
	desk_sees(vt, "人员月度拜访统计");
	desk_type(vt, "人员{Enter}");
	vt_wait_settled(vt, 400, DESK_SOON_MS);
	if (strstr(vt_screen_text(vt), "第 1/") == NULL)
		desk_type(vt, "{F10}");
	desk_sees(vt, "第 1/");
	desk_type(vt, "{PgDn}{PgDn}{PgDn}{PgDn}{PgDn}{PgDn}");
	desk_type(vt, "{F3}");
	desk_leave(vt);
}

/* More rows than everybody may take away: asked what for, made by a job, with its mark in the file. */
static void
report_above_the_limit_asks_what_for(void **state)
{
	struct vt *vt = desk_home(bed, "cai", "zh", 24, 80);

	desk_type(vt, "{F9}");
	desk_type(vt, "5");
	desk_type(vt, "{Esc}");
	desk_type(vt, "{Ctrl-T}");
	desk_sees(vt, "人员月度拜访统计");
	desk_type(vt, "人员{Enter}");
	vt_wait_settled(vt, 400, DESK_SOON_MS);
	if (strstr(vt_screen_text(vt), "第 1/") == NULL)
		desk_type(vt, "{F10}");
	desk_sees(vt, "第 1/");
	desk_type(vt, "s{Ctrl-U}");
	desk_type(vt, path_of("many.txt"));
	desk_type(vt, "{Enter}");
	desk_sees(vt, "导出报表：人员月度拜访统计");
	desk_type(vt, "月度例会{F10}");
	desk_sees(vt, "many.txt");
	assert_true(shell("for i in $(seq 300); do grep -q 'kehu-export:' '%s' && break; sleep 0.1; done", path_of("many.txt")));
	assert_true(shell("grep -q '月度例会' '%s'", path_of("many.txt")));
	desk_leave(vt);
}

/* kehu.conf of the desks: a printing command that keeps what it gets. */
static void
make_printer(void)
{
	const char *script = path_of("fake-lp");
	FILE *file = fopen(script, "w");

	assert_non_null(file);
	fprintf(file, "#!/bin/sh\ncp \"$1\" '%s'\necho request id is office-7\n",
	    path_of("printed"));
	fclose(file);
	chmod(script, 0700);
	assert_true(shell("mkdir -p '%s/config/kehu'", bed->dir));
	file = fopen(path_of("config/kehu/kehu.conf"), "w");
	assert_non_null(file);
	fprintf(file, "print: { command = \"%s\"; };\n", script);
	fclose(file);
}

static int
setup(void **state)
{
	bed = bed_new_with(DB, "report: { rows = 1; };\nsign: { " BED_CHEAP "second_factor = \"none\"; };\n");
	ada = client_new(bed, "ada", LANG_ZH);
	make_printer();
	customer = expect_written(client_save(ada, E_customer, 0, 0,
				      SENT(TEXT_OF(F_customer_name, "打印演示公司")), NULL))
		       ->id;
	for (int i = 0; i < VISITS; i++)
		expect_written(client_save(ada, E_visit, 0, 0,
		    SENT(NUMBER_OF(F_visit_customer_id, customer),
			NUMBER_OF(F_visit_at, date_now_us() - i * 9 * US_PER_DAY),
			TEXT_OF(F_visit_purpose, arena_printf(bed->arena, "目的 %d", i)),
			TEXT_OF(F_visit_outcome, "agreed")),
		    NULL));
	return 0;
}

static int
teardown(void **state)
{
	client_free(ada);
	bed_free(bed);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sheet_goes_to_the_printing_command),
		cmocka_unit_test(sheet_is_saved_as_pdf_csv_and_text),
		cmocka_unit_test(what_cannot_be_saved_leaves_nothing),
		cmocka_unit_test(preview_shows_what_is_printed),
		cmocka_unit_test(report_asks_for_its_parameters_and_turns_pages),
		cmocka_unit_test(report_above_the_limit_asks_what_for),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, setup, teardown);
}
