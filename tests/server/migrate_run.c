/* Migrations, the generated DDL, the start-up check and custom fields, on empty databases. */
#include "common/log.h"
#include "server/store/migrate.h"
#include "tests/lib/pg.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
// clang-format off
#include <cmocka.h>
// clang-format on

static void
template_fits_the_catalogue(void **state)
{
	struct arena *arena = arena_new(0);
	struct catalog *catalog = catalog_new(1);
	const char *why = "";

	pg_database("fits");
	struct store *store = pg_store("fits", "kehu_app");
	if (store_check_schema(store, catalog, arena, &why) != ERR_OK)
		fail_msg("%s", why);
	assert_int_equal(pg_int("fits", "SELECT count(*) FROM region WHERE level = 1"), 34);
	assert_string_equal(
	    pg_exec("fits", "SELECT full_name FROM region WHERE code = '110101'"), "北京市东城区");
	assert_int_equal(pg_int("fits", "SELECT count(*) FROM history WHERE entity = 9"), 0);
	store_free(store);
	catalog_unref(catalog);
	arena_free(arena);
	pg_drop("fits");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(template_fits_the_catalogue),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	pg_start();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
