/* Migrations, the generated DDL, the start-up check and custom fields, on databases of their
 * own. */
#include "common/buf.h"
#include "common/log.h"
#include "server/gate/setup.h"
#include "server/store/ddl.h"
#include "server/store/migrate.h"
#include "tests/lib/company.h"
#include "tests/lib/pg.h"
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
// clang-format off
#include <cmocka.h>
// clang-format on

#define DB "migrated"

static struct arena *arena;
static size_t said;
static struct buf heard;

static void
count_line(void *to, const char *line)
{
	said++;
}

static int
each_setup(void **state)
{
	arena = arena_new(0);
	said = 0;
	pg_database(DB);
	return 0;
}

static int
each_teardown(void **state)
{
	arena_free(arena);
	buf_fini(&heard);
	heard = BUF_INIT;
	pg_drop(DB);
	return 0;
}

static struct migrate_options
options_of(const char *sql_dir)
{
	return (struct migrate_options){
		.conninfo = pg_conninfo(DB), .sql_dir = sql_dir, .say = count_line
	};
}

static void
must(enum err err, const char *why)
{
	if (err != ERR_OK)
		fail_msg("%s: %s", err_name(err), why);
}

static const char *
copy_sql_dir(void)
{
	char *dir = arena_strdup(arena, "/tmp/kehu-sql-XXXXXX");

	assert_non_null(mkdtemp(dir));
	assert_int_equal(system(arena_printf(arena, "cp -r %s/migrations %s/repeat %s/data %s/",
			     pg_sql_dir(), pg_sql_dir(), pg_sql_dir(), dir)),
	    0);
	return dir;
}

static void
remove_dir(const char *dir)
{
	assert_int_equal(system(arena_printf(arena, "rm -rf %s", dir)), 0);
}

static void
append_to(const char *path, const char *text)
{
	FILE *file = fopen(path, "ae");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static void
template_fits_the_catalogue(void **state)
{
	struct catalog *catalog = catalog_new(1);
	struct store *store = pg_store(DB, "kehu_app");
	const char *why = "";

	must(store_check_schema(store, catalog, arena, &why), why);
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM region WHERE level = 1"), 34);
	assert_string_equal(
	    pg_exec(DB, "SELECT full_name FROM region WHERE code = '110101'"), "北京市东城区");
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM history WHERE entity = 9"), 0);
	store_free(store);
	catalog_unref(catalog);
}

static void
a_second_run_changes_nothing(void **state)
{
	struct migrate_options options = options_of(pg_sql_dir());
	const char *why = "";

	must(migrate_run(&options, arena, &why), why);
	must(migrate_init(&options, arena, &why), why);
	assert_int_equal(said, 0);
}

static void
the_owner_of_a_database_needs_no_superuser(void **state)
{
	struct migrate_options options = options_of(pg_sql_dir());
	const char *why = "";

	pg_exec("postgres", "DROP ROLE IF EXISTS manager; CREATE ROLE manager LOGIN CREATEROLE");
	pg_empty_database("managed");
	pg_exec("postgres", "ALTER DATABASE managed OWNER TO manager");
	options.conninfo = arena_printf(arena, "%s user=manager", pg_conninfo("managed"));
	must(migrate_init(&options, arena, &why), why);
	must(migrate_run(&options, arena, &why), why);
	struct store *store = store_new(&(struct store_options){
	    .conninfo = options.conninfo, .role = "kehu_app", .need_primary = true });
	struct catalog *catalog = catalog_new(1);
	must(store_check_schema(store, catalog, arena, &why), why);
	catalog_unref(catalog);
	store_free(store);
	pg_drop("managed");
}

static void
a_changed_old_migration_is_refused(void **state)
{
	const char *dir = copy_sql_dir();
	struct migrate_options options = options_of(dir);
	const char *why = "";

	append_to(arena_printf(arena, "%s/migrations/0001_ground.sql", dir), "\n-- a change\n");
	assert_int_equal(migrate_run(&options, arena, &why), ERR_CONFIG);
	assert_non_null(strstr(why, "0001_ground.sql was changed"));
	remove_dir(dir);
}

static void
a_failing_migration_leaves_nothing(void **state)
{
	const char *dir = copy_sql_dir();
	struct migrate_options options = options_of(dir);
	const char *path = arena_printf(arena, "%s/migrations/0999_new.sql", dir);
	const char *why = "";

	append_to(path, "CREATE TABLE fresh (a bigint);\nSELECT 1/0;\n");
	assert_int_equal(migrate_run(&options, arena, &why), ERR_CONFIG);
	assert_non_null(strstr(why, "0999_new.sql"));
	assert_non_null(strstr(why, "division by zero"));
	assert_string_equal(pg_exec(DB, "SELECT to_regclass('fresh')::text"), "");
	/* Mended, it is applied, once. */
	assert_int_equal(unlink(path), 0);
	append_to(path, "CREATE TABLE fresh (a bigint);\n");
	must(migrate_run(&options, arena, &why), why);
	must(migrate_run(&options, arena, &why), why);
	assert_int_equal(said, 1);
	remove_dir(dir);
}

static void
a_changed_function_is_applied_again(void **state)
{
	const char *dir = copy_sql_dir();
	struct migrate_options options = options_of(dir);
	const char *why = "";

	append_to(arena_printf(arena, "%s/repeat/20_caches.sql", dir),
	    "CREATE OR REPLACE FUNCTION later() RETURNS int LANGUAGE plpgsql SECURITY DEFINER "
	    "SET search_path = pg_catalog, public, pg_temp AS 'BEGIN RETURN 7; END';\n");
	must(migrate_run(&options, arena, &why), why);
	assert_int_equal(said, 1);
	/* And belongs to the rules, callable by nobody until named. */
	assert_string_equal(pg_exec(DB, "SELECT proowner::regrole || ' ' || "
					"has_function_privilege('kehu_app', oid, 'EXECUTE') "
					"FROM pg_proc WHERE proname = 'later'"),
	    "kehu_rule false");
	remove_dir(dir);
}

/* ---- shipped roles ------------------------------------------------------------------------ */

static void
hear_line(void *to, const char *line)
{
	buf_printf(&heard, "%s\n", line);
}

static void
seed(const char *what_is_heard)
{
	struct migrate_options options = options_of(pg_sql_dir());
	const char *why = "";

	options.say = hear_line;
	buf_clear(&heard);
	must(setup_seed(arena, &options, &why), why);
	assert_string_equal(buf_text(&heard), what_is_heard);
}

/* What a role may do and how it sees fields, as one text. */
static const char *
rights_of(const char *role)
{
	return pg_exec(DB,
	    "SELECT string_agg(x, ' ' ORDER BY x) FROM (SELECT concat_ws(',', l.entity, l.scope, l.rights, l.actions,"
	    " l.states) FROM role_grant l JOIN role r ON r.id = l.role_id WHERE r.name = '%s' AND l.deleted_at IS NULL"
	    " UNION ALL SELECT concat_ws(',', l.entity, l.field, l.show, l.reveal) FROM role_field l"
	    " JOIN role r ON r.id = l.role_id WHERE r.name = '%s' AND l.deleted_at IS NULL) t (x)", role, role);
}

/* As an older version shipped it: wider here, one grant less there, one of a kind that is no more. */
static void
make_older(const char *role)
{
	pg_exec(DB,
	    "UPDATE role_grant l SET scope = 'all', rights = 511 FROM role r WHERE r.id = l.role_id"
	    " AND r.name = '%s' AND l.entity = 'customer';"
	    "UPDATE role_grant l SET deleted_at = now() FROM role r WHERE r.id = l.role_id AND r.name = '%s'"
	    " AND l.entity = 'contact';"
	    "INSERT INTO role_grant (role_id, entity, scope, rights) SELECT id, 'role', 'all', 511 FROM role"
	    " WHERE name = '%s';"
	    "UPDATE role_field l SET show = 'clear' FROM role r WHERE r.id = l.role_id AND r.name = '%s'",
	    role, role, role, role);
}

static void
a_shipped_role_nobody_changed_follows_what_ships(void **state)
{
	const char *shipped = arena_strdup(arena, rights_of("account_manager")), *others;
	int64_t epoch;

	seed("");
	others = arena_strdup(arena, rights_of("sales_supervisor"));
	make_older("account_manager");
	assert_string_not_equal(rights_of("account_manager"), shipped);
	epoch = pg_int(DB, "SELECT access_epoch FROM state");
	seed("role account_manager: rights as this version ships them\n");
	assert_string_equal(rights_of("account_manager"), shipped);
	assert_string_equal(rights_of("sales_supervisor"), others);
	/* servers that run take notice */
	assert_true(pg_int(DB, "SELECT access_epoch FROM state") > epoch);
	seed("");
}

static void
a_shipped_role_somebody_changed_is_left_and_named(void **state)
{
	static const char left[] = "role account_manager: was changed here and is not what ships; left alone\n";
	const char *changed;

	make_older("account_manager");
	/* as saving it does */
	pg_exec(DB, "UPDATE role SET version = 2, updated_by = 1 WHERE name = 'account_manager'");
	changed = arena_strdup(arena, rights_of("account_manager"));
	seed(left);
	assert_string_equal(rights_of("account_manager"), changed);
	/* but what it never had a line for, it gets */
	pg_exec(DB, "DELETE FROM role_grant l USING role r WHERE r.id = l.role_id AND r.name = 'account_manager'"
		    " AND l.entity = 'visit'");
	seed(left);
	assert_string_equal(rights_of("account_manager"), changed);
}

static void
missing_folder_is_named(void **state)
{
	struct migrate_options options = options_of("/nonexistent");
	const char *why = "";

	assert_int_equal(migrate_run(&options, arena, &why), ERR_CONFIG);
	assert_non_null(strstr(why, "/nonexistent/migrations"));
	options.conninfo = "host=/nonexistent dbname=x";
	assert_int_equal(migrate_run(&options, arena, &why), ERR_DB_GONE);
	assert_true(strlen(why) > 0);
}

static void
start_check_names_what_is_missing(void **state)
{
	struct catalog *catalog = catalog_new(1);
	struct store *store = pg_store(DB, "kehu_app");
	const char *why = "";

	pg_exec(DB, "ALTER TABLE visit RENAME COLUMN purpose TO aim");
	assert_int_equal(store_check_schema(store, catalog, arena, &why), ERR_CONFIG);
	assert_non_null(strstr(why, "visit.purpose"));
	pg_exec(DB, "ALTER TABLE visit RENAME COLUMN aim TO purpose");
	pg_exec(DB,
	    "ALTER TABLE visit DROP COLUMN cost; ALTER TABLE visit ADD COLUMN cost numeric");
	assert_int_equal(store_check_schema(store, catalog, arena, &why), ERR_CONFIG);
	assert_non_null(strstr(why, "visit.cost is numeric, not bigint"));
	pg_exec(DB,
	    "ALTER TABLE visit DROP COLUMN cost; ALTER TABLE visit ADD COLUMN cost bigint;"
	    "ALTER TABLE visit ADD COLUMN of_the_next_release text");
	must(store_check_schema(store, catalog, arena, &why), why);
	store_free(store);
	catalog_unref(catalog);
}

static void
partitions_are_made_ahead_and_old_outcomes_go(void **state)
{
	struct migrate_options options = options_of(pg_sql_dir());
	const char *why = "";
	size_t done;

	assert_int_equal(
	    pg_int(DB, "SELECT count(*) FROM pg_class WHERE relname = 'history_' || "
		       "to_char(now() + interval '3 months', 'YYYYMM')"),
	    1);
	pg_exec(DB, "DROP TABLE IF EXISTS outcome_20200101; CREATE TABLE outcome_20200101 "
		    "PARTITION OF outcome "
		    "FOR VALUES FROM ('2020-01-01') TO ('2020-01-02')");
	must(maintain_run(&options, arena, &done, &why), why);
	assert_int_equal(done, 1);
	assert_string_equal(pg_exec(DB, "SELECT to_regclass('outcome_20200101')::text"), "");
	must(maintain_run(&options, arena, &done, &why), why);
	assert_int_equal(done, 0);
}

static void
maintain_adds_a_custom_column_with_its_history_and_index(void **state)
{
	struct migrate_options options = options_of(pg_sql_dir());
	struct store *store = pg_store(DB, "kehu_app");
	struct catalog *catalog = catalog_new(2);
	int64_t version = pg_int(DB, "SELECT catalog_version FROM state");
	const char *why = "";
	size_t done;

	company_make(DB);
	pg_exec(DB,
	    "INSERT INTO field (name, name_key, number, kind, zh, en, indexed) VALUES"
	    " ('customer.nick', '', 10000, 'text', '昵称', 'Nickname', true),"
	    " ('customer.budget', '', 10001, 'money', '预算', 'Budget', false),"
	    " ('user.joined', '', 10000, 'date', '入职', 'Joined', true)");
	must(maintain_run(&options, arena, &done, &why), why);
	assert_int_equal(done, 5); /* three columns, two indexes */
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM field WHERE ready"), 3);
	assert_int_equal(pg_int(DB, "SELECT catalog_version FROM state"), version + 4); /* the definitions, too */
	struct field nick = { .number = 10000,
		.name = "x_10000",
		.type = TYPE_TEXT,
		.zh = "昵称",
		.en = "Nickname",
		.flags = FIELD_SORT | FIELD_FILTER };
	struct field budget = { .number = 10001,
		.name = "x_10001",
		.type = TYPE_MONEY,
		.zh = "预算",
		.en = "Budget" };
	assert_int_equal(catalog_add_field(catalog, 10, &nick), ERR_OK);
	assert_int_equal(catalog_add_field(catalog, 10, &budget), ERR_OK);
	must(store_check_schema(store, catalog, arena, &why), why);
	pg_exec(DB, "INSERT INTO customer (id, name, name_key, type, stage) VALUES (5, 'a', "
		    "'a', 'company', "
		    "'potential'); UPDATE customer SET x_10000 = 'N', x_10001 = 5, "
		    "x_10001_currency = 'CNY'");
	assert_string_equal(
	    pg_exec(DB, "SELECT fields::text || new::text FROM history WHERE kind = 2 AND entity = 10"),
	    "{10000,10001}{N,\"5 CNY\"}");
	assert_string_equal(
	    pg_exec(DB, "SELECT indexdef FROM pg_indexes WHERE indexname = 'customer_x_10000'"),
	    "CREATE INDEX customer_x_10000 ON public.customer USING btree (branch_id, "
	    "x_10000_key, id) "
	    "WHERE (deleted_at IS NULL)");
	/* A change of the new column of a set-up entity counts as one, too. */
	int64_t epoch = pg_int(DB, "SELECT access_epoch FROM state");
	pg_exec(DB, "UPDATE users SET x_10000 = now() WHERE id = 101");
	assert_int_equal(pg_int(DB, "SELECT access_epoch FROM state"), epoch + 1);
	/* Nothing is left to do, for maintain or for migrate. */
	said = 0;
	must(maintain_run(&options, arena, &done, &why), why);
	must(migrate_run(&options, arena, &why), why);
	assert_int_equal(done, 0);
	assert_int_equal(said, 0);
	/* An index nobody wants any more goes, and one that a retired field had. */
	pg_exec(DB, "UPDATE field SET indexed = false WHERE name = 'customer.nick'; "
		    "UPDATE field SET retired = true WHERE name = 'user.joined'");
	must(maintain_run(&options, arena, &done, &why), why);
	assert_int_equal(done, 2);
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM pg_indexes WHERE indexname LIKE '%%\\_x\\_1000_'"), 0);
	store_free(store);
	catalog_unref(catalog);
}

static void
maintain_waits_for_an_open_reader(void **state)
{
	struct migrate_options options = options_of(pg_sql_dir());
	struct store *reader = pg_store(DB, NULL);
	const char *why = "";
	size_t done;

	store_begin(reader);
	company_run(reader, arena, "SELECT count(*) FROM customer");
	company_run(reader, arena, "SET LOCAL idle_in_transaction_session_timeout = 3000");
	pg_exec(DB, "INSERT INTO field (name, name_key, number, kind, zh, en) VALUES ('customer.n', '', "
		    "10000, 'number', '数', 'N')");
	must(maintain_run(&options, arena, &done, &why), why);
	assert_int_equal(done, 1);
	store_rollback(reader);
	store_free(reader);
}

int
main(void)
{
#define EACH(name) cmocka_unit_test_setup_teardown(name, each_setup, each_teardown)
	const struct CMUnitTest tests[] = {
		EACH(template_fits_the_catalogue),
		EACH(a_second_run_changes_nothing),
		EACH(the_owner_of_a_database_needs_no_superuser),
		EACH(a_changed_old_migration_is_refused),
		EACH(a_failing_migration_leaves_nothing),
		EACH(a_changed_function_is_applied_again),
		EACH(a_shipped_role_nobody_changed_follows_what_ships),
		EACH(a_shipped_role_somebody_changed_is_left_and_named),
		EACH(missing_folder_is_named),
		EACH(start_check_names_what_is_missing),
		EACH(partitions_are_made_ahead_and_old_outcomes_go),
		EACH(maintain_adds_a_custom_column_with_its_history_and_index),
		EACH(maintain_waits_for_an_open_reader),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	pg_start();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
