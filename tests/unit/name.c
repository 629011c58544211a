/* Which names are alike: spelling, brackets, legal forms, traditional characters, and how they sound. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/name.h"

static struct arena *arena;

static int
name_setup(void **state)
{
	arena = arena_new(0);
	return 0;
}

static int
name_teardown(void **state)
{
	arena_free(arena);
	return 0;
}

static void
is(const char *name, const char *want)
{
	assert_string_equal(name_alike(arena, name), want);
}

static void
width_case_brackets_and_signs_do_not_count(void **state)
{
	is("祥光（上海）通信", "祥光上海通信");
	is("祥光(上海) 通信", "祥光上海通信");
	is("ＡＢＣ－１２　科技", "abc12科技");
	is("Abc-12科技", "abc12科技");
	is("", "");
	is("（）—·", "");
}

static void
legal_forms_at_the_end_do_not_count(void **state)
{
	is("上海祥光股份有限公司", "上海祥光");
	is("上海祥光有限责任公司", "上海祥光");
	is("上海祥光公司", "上海祥光");
	is("Acme Trading Co., Ltd.", "acmetrading");
	is("ACME TRADING CO.LTD", "acmetrading");
	is("Müller & Söhne GmbH & Co. KG", "müllersöhne");
	is("Müller und Söhne", "müllersöhne");
	is("The Acme Corporation", "acme");
	is("Perez S.A.", "perez");
	is("PT Maju Tbk", "majutbk");
}

static void
a_branch_is_not_its_company(void **state)
{
	is("上海祥光有限公司北京分公司", "上海祥光有限公司北京分公司");
	assert_string_not_equal(
	    name_alike(arena, "上海祥光北京分公司"), name_alike(arena, "上海祥光"));
}

static void
a_name_that_is_nothing_else_is_kept(void **state)
{
	is("有限公司", "有限公司");
	is("Co. Ltd.", "coltd");
	is("The", "the");
}

static void
traditional_characters_are_their_simplified_ones(void **state)
{
	is("臺灣積體電路製造股份有限公司", name_alike(arena, "台湾积体电路制造股份有限公司"));
	is("上海雲達科技有限公司", "上海云达科技");
}

static void
names_sound_alike_in_pinyin(void **state)
{
	assert_string_equal(name_sound(arena, "祥光"), "xiangguang");
	assert_string_equal(name_sound(arena, "祥光"), name_sound(arena, "翔光"));
	assert_null(name_sound(arena, "acme"));
	assert_null(name_sound(arena, "光"));
	assert_null(name_sound(arena, ""));
}

static void
a_long_name_is_cut_and_whole(void **state)
{
	char long_name[3 * 400 + 1] = "";

	for (size_t i = 0; i < sizeof(long_name) - 3; i += 3)
		for (size_t b = 0; b < 3; b++)
			long_name[i + b] = "客"[b];
	long_name[sizeof(long_name) - 1] = '\0';
	assert_int_equal(__builtin_strlen(name_alike(arena, long_name)), 3 * NAME_ALIKE_CHARS);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(width_case_brackets_and_signs_do_not_count),
		cmocka_unit_test(legal_forms_at_the_end_do_not_count),
		cmocka_unit_test(a_branch_is_not_its_company),
		cmocka_unit_test(a_name_that_is_nothing_else_is_kept),
		cmocka_unit_test(traditional_characters_are_their_simplified_ones),
		cmocka_unit_test(names_sound_alike_in_pinyin),
		cmocka_unit_test(a_long_name_is_cut_and_whole),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, name_setup, name_teardown);
}
