/* The {placeholders} of report SQL, and what file names and job arguments are read as. */
#include "server/job/job.h"
#include "server/record/attach.h"
#include "server/report/report.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
// clang-format off
#include <cmocka.h>
// clang-format on

/* ---- placeholders ------------------------------------------------------------------------ */

static void
put_name(void *to, struct sql *sql, const char *name)
{
	size_t *count = to;

	(*count)++;
	sql_addf(sql, "<%s ", name);
	sql_int(sql, (int64_t)*count);
	sql_add(sql, ">");
}

static void
placeholders_become_what_their_name_says(void **state)
{
	struct arena *arena = arena_new(0);
	struct sql *sql = sql_new(arena);
	size_t count = 0;

	report_expand(sql, "SELECT 1 FROM {visit} v JOIN {customer} c ON true WHERE v.id = ", put_name,
	    &count);
	sql_int(sql, 9);
	report_expand(sql, "", put_name, &count);
	report_expand(sql, "{x}", put_name, &count);
	assert_string_equal(sql_string(sql),
	    "SELECT 1 FROM <visit $1::bigint> v JOIN <customer $2::bigint> c ON true WHERE v.id = "
	    "$3::bigint<x $4::bigint>");
	assert_int_equal(count, 3);
	arena_free(arena);
}

static void
every_report_is_complete(void **state)
{
	struct catalog *catalog = catalog_new(1);
	struct arena *arena = arena_new(0);

	for (size_t at = 0; report_list[at] != NULL; at++) {
		const struct report_info *info = report_list[at];
		char *reads = arena_strdup(arena, info->reads), *rest = reads, *name;

		assert_ptr_equal(report_find(catalog, info->name), info);
		assert_non_null(info->zh);
		assert_non_null(info->en);
		assert_non_null(info->make);
		while ((name = strsep(&rest, " ")) != NULL)
			assert_non_null(catalog_entity_named(catalog, name));
		if (info->entity != NULL) {
			/* its first parameter is the record */
			assert_string_equal(info->parameters[0].ref, info->entity);
			assert_int_equal(info->parameters[0].type, TYPE_REF);
			assert_memory_equal(info->reads, info->entity, strlen(info->entity));
		}
		for (const struct field *field = info->parameters; field->number != 0; field++) {
			assert_non_null(field->zh);
			assert_non_null(field->en);
			if (field->type == TYPE_REF)
				assert_non_null(catalog_entity_named(catalog, field->ref));
		}
	}
	assert_null(report_find(catalog, "payroll"));
	assert_null(report_find(catalog, NULL));
	catalog_unref(catalog);
	arena_free(arena);
}

/* ---- file names -------------------------------------------------------------------------- */

static void
file_names_lose_their_path(void **state)
{
	static const char *const names[][2] = {
		{ "合同.pdf", "合同.pdf" },
		{ "/home/ada/合同.pdf", "合同.pdf" },
		{ "C:\\Users\\Ada\\offer 1.xlsx", "offer 1.xlsx" },
		{ "../../etc/passwd", "passwd" },
		{ "a/b\\c", "c" },
		{ "  spaced.txt  ", "spaced.txt" },
		{ "dir/ lead.txt", "lead.txt" },
		{ "\xe2\x80\xae" "fdp.exe", "fdp.exe" }, /* no right-to-left trick */
		{ "two\nlines.txt", "two lines.txt" },
	};
	struct arena *arena = arena_new(0);

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *name;

		assert_int_equal(attach_file_name(arena, names[i][0], &name), ERR_OK);
		assert_string_equal(name, names[i][1]);
	}
	arena_free(arena);
}

static void
file_names_that_are_none_are_refused(void **state)
{
	struct arena *arena = arena_new(0);
	char longer[300];
	const char *name;

	assert_int_equal(attach_file_name(arena, "", &name), ERR_REQUIRED);
	assert_int_equal(attach_file_name(arena, "dir/", &name), ERR_REQUIRED);
	assert_int_equal(attach_file_name(arena, "\t \n", &name), ERR_REQUIRED);
	assert_int_equal(attach_file_name(arena, "..", &name), ERR_INVALID);
	assert_int_equal(attach_file_name(arena, "a/.", &name), ERR_INVALID);
	assert_int_equal(attach_file_name(arena, "\xff\xfe", &name), ERR_BAD_TEXT);
	memset(longer, 'a', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	assert_int_equal(attach_file_name(arena, longer, &name), ERR_TOO_LONG);
	arena_free(arena);
}

/* ---- job arguments ----------------------------------------------------------------------- */

static void
job_arguments_are_found_by_name(void **state)
{
	const char *text = "customers=1000 seed=7  note=\"two words\" empty= flag last=x=y";
	struct arena *arena = arena_new(0);

	assert_string_equal(job_argument_in(arena, text, "customers"), "1000");
	assert_string_equal(job_argument_in(arena, text, "seed"), "7");
	assert_string_equal(job_argument_in(arena, text, "note"), "two words");
	assert_string_equal(job_argument_in(arena, text, "empty"), "");
	assert_string_equal(job_argument_in(arena, text, "last"), "x=y");
	assert_null(job_argument_in(arena, text, "flag"));
	assert_null(job_argument_in(arena, text, "ed"));
	assert_null(job_argument_in(arena, text, "words"));
	assert_null(job_argument_in(arena, "", "seed"));
	assert_string_equal(job_argument_in(arena, "a=\"never ends", "a"), "never ends");
	assert_string_equal(job_argument_in(arena, "a=1 a=2", "a"), "1");
	arena_free(arena);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(placeholders_become_what_their_name_says),
		cmocka_unit_test(every_report_is_complete),
		cmocka_unit_test(file_names_lose_their_path),
		cmocka_unit_test(file_names_that_are_none_are_refused),
		cmocka_unit_test(job_arguments_are_found_by_name),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
