/*
 * Custom fields and choice lists at the real terminal: an administrator defines a field in its
 * form, and a salesperson whose client was open all the time has it in the next form; lists
 * found by initials, a choice retired.
 */
#include "server/entity/fields.h"
#include "tests/lib/desk.h"
#include "tests/lib/pg.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
// clang-format off
#include <cmocka.h>
// clang-format on

#define DB    "walk_custom"
#define TURNS 60 /* forms opened until the server's word of the new catalogue has come */

static struct bed *bed;

struct walk {
	const char *lang, *form, *name, *zh, *en;
	const char *customers, *fields, *dictionary, *choice, *retire;
};

static void
maintain(void)
{
	const char *arguments[] = { "-c", bed->conf, "--owner", pg_conninfo(DB), "maintain",
		NULL },
		   *said;

	if (bed_run(bed, arguments, &said) != 0)
		fail_msg("%s", said);
}

/* The open client offers it in a form, without being started anew. */
static void
offers(struct vt *vt, const struct walk *walk, const char *label)
{
	for (int turn = 0; turn < TURNS; turn++) {
		desk_type(vt, "{F6}");
		if (strstr(vt_screen_text(vt), label) != NULL)
			return;
		desk_type(vt, "{F3}");
		desk_sees(vt, walk->customers);
	}
	fail_msg("no %s in:\n%s", label, vt_screen_text(vt));
}

static void
define(const struct walk *walk)
{
	bool zh = strcmp(walk->lang, "zh") == 0;
	struct vt *seller = desk_home(bed, "ada", walk->lang, 60, 120);
	struct vt *vt = desk_home(bed, "guo", walk->lang, 24, 80);

	desk_type(seller, "2");
	desk_sees(seller, walk->customers);
	desk_type(vt, "{F9}zdzd{Enter}");
	desk_sees(vt, walk->fields);
	desk_type(vt, "{F6}");
	desk_sees(vt, "F10");
	desk_shows(vt, walk->form);
	desk_type(vt, arena_printf(bed->arena, "%s{Tab}%s{Tab}%s{F10}",
			  walk->name + strlen("customer."), walk->zh, walk->en));
	desk_sees(vt, zh ? "须以对象代码" : "It begins with a kind");
	desk_type(vt, "{Home}customer.{F10}");
	desk_misses(vt, "F10");
	desk_sees(vt, walk->name);
	maintain();
	offers(seller, walk, zh ? walk->zh : walk->en);
	assert_int_equal(
	    pg_int(DB, "SELECT count(*) FROM field WHERE name = '%s' AND ready", walk->name),
	    1);
	desk_type(seller, "{F3}");
	desk_sees(seller, walk->customers);
	desk_end(seller);
	desk_end(vt);
}

static void
a_field_is_defined_and_in_the_open_client_in_chinese(void **state)
{
	define(&(struct walk){ .lang = "zh",
	    .form = "custom_form_zh",
	    .name = "customer.parking",
	    .zh = "停车位置",
	    .en = "Parking",
	    .customers = "[客户]",
	    .fields = "自定义字段" });
}

static void
a_field_is_defined_and_in_the_open_client_in_english(void **state)
{
	define(&(struct walk){ .lang = "en",
	    .form = "custom_form_en",
	    .name = "customer.allergy",
	    .zh = "过敏",
	    .en = "Allergic to",
	    .customers = "[Customers]",
	    .fields = "Custom field" });
}

static void
choose(const struct walk *walk, const char *code)
{
	struct vt *vt = desk_home(bed, "guo", walk->lang, 24, 80);

	desk_type(vt, "{F9}zd{Enter}");
	desk_sees(vt, walk->dictionary);
	desk_type(vt, "{F7}khxz{Enter}");
	desk_sees(vt, "customer_nature");
	desk_sees(vt, "1-1/1");
	desk_type(vt, "{Enter}");
	desk_sees(vt, "#");
	desk_type(vt, "{F8}");
	desk_sees(vt, walk->retire);
	desk_type(vt, "{Enter}");
	desk_sees(vt, "F10");
	desk_type(vt, arena_printf(bed->arena, "%s{F10}", code));
	desk_misses(vt, "F10");
	assert_int_equal(
	    pg_int(
		DB, "SELECT count(*) FROM dictionary_item WHERE code = '%s' AND retired", code),
	    1);
	desk_end(vt);
}

static void
a_choice_is_found_and_retired_in_chinese(void **state)
{
	choose(&(struct walk){ .lang = "zh", .dictionary = "字典", .retire = "停用选项" },
	    "joint");
}

static void
a_choice_is_found_and_retired_in_english(void **state)
{
	choose(
	    &(struct walk){
		.lang = "en", .dictionary = "Dictionary", .retire = "Retire a choice" },
	    "hmt");
}

static int
setup(void **state)
{
	bed = bed_new(DB);
	return 0;
}

static int
teardown(void **state)
{
	bed_free(bed);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_field_is_defined_and_in_the_open_client_in_chinese),
		cmocka_unit_test(a_field_is_defined_and_in_the_open_client_in_english),
		cmocka_unit_test(a_choice_is_found_and_retired_in_chinese),
		cmocka_unit_test(a_choice_is_found_and_retired_in_english),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, setup, teardown);
}
