/* See company.h. Rows are inserted by the superuser, past the policies; triggers fire as usual.
 */
#include "tests/lib/company.h"
#include "tests/lib/pg.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
// clang-format off
#include <cmocka.h>
// clang-format on

void
company_make(const char *database)
{
	pg_exec(database,
	    "INSERT INTO branch (id, name, name_key, parent_id, offset_min) VALUES"
	    " (1, '总部', 'zongbu', NULL, 480), (2, '东区', 'dongqu', 1, 480), (3, '西区', "
	    "'xiqu', 1, 480);"
	    "INSERT INTO department (id, name, name_key, branch_id, parent_id) VALUES"
	    " (11, '销售', 'xiaoshou', 2, NULL), (12, '大客户', 'dakehu', 2, 11),"
	    " (13, '西部', 'xibu', 3, NULL), (14, '其他', 'qita', 3, NULL);"
	    "INSERT INTO pool (id, name, name_key, active) VALUES (21, '西区公海', 'xiqu', "
	    "true);"
	    "INSERT INTO pool_member (pool_id, member_department_id) VALUES (21, 13);"
	    "INSERT INTO users (id, name, name_key, label, label_key, branch_id, "
	    "department_id, disabled)"
	    " VALUES (101, 'ada', 'ada', 'Ada', 'ada', 2, 12, false),"
	    " (102, 'ben', 'ben', 'Ben', 'ben', 2, 12, false),"
	    " (103, 'cai', 'cai', '蔡', 'cai', 2, 11, false),"
	    " (104, 'dan', 'dan', 'Dan', 'dan', 3, 13, false),"
	    " (105, 'eve', 'eve', 'Eve', 'eve', 1, NULL, false),"
	    " (106, 'fay', 'fay', 'Fay', 'fay', 2, 12, true),"
	    " (107, 'guo', 'guo', '郭', 'guo', 1, NULL, false);"
	    "INSERT INTO user_role (user_id, role_id) SELECT u, r.id FROM (VALUES"
	    " (101, 'account_manager'), (102, 'account_manager'), (103, 'sales_supervisor'),"
	    " (104, 'account_manager'), (105, 'executive'), (106, 'account_manager'),"
	    " (107, 'administrator')) AS n (u, name) JOIN role r ON r.name = n.name");
}

static void
company_context(struct store *store, struct arena *arena, int64_t user, va_list args)
{
	struct sql *sql = sql_new(arena);
	const char *names[32], *values[32];
	size_t count = 0;
	const char *name;

	while ((name = va_arg(args, const char *))) {
		names[count] = name;
		values[count++] = va_arg(args, const char *);
	}
	sql_add(sql, "SELECT kehu_begin(0, (SELECT access_epoch FROM state), "
		     "(SELECT catalog_version FROM state), ");
	sql_int(sql, user);
	sql_add(sql, ", ");
	sql_uuid(sql, uuid_new());
	sql_add(sql, ", false, ");
	sql_texts(sql, names, count);
	sql_add(sql, ", ");
	sql_texts(sql, values, count);
	sql_add(sql, ")");
	store_queue(store, sql, NULL);
}

void
company_begin(struct store *store, struct arena *arena, int64_t user, ...)
{
	va_list args;

	store_begin(store);
	va_start(args, user);
	company_context(store, arena, user, args);
	va_end(args);
}

void
company_read(struct store *store, struct arena *arena, int64_t user, ...)
{
	va_list args;

	store_read(store);
	va_start(args, user);
	company_context(store, arena, user, args);
	va_end(args);
}

struct rows *
company_run(struct store *store, struct arena *arena, const char *format, ...)
{
	struct sql *sql = sql_new(arena);
	struct rows *rows = NULL;
	va_list args;

	va_start(args, format);
	sql_add(sql, arena_vprintf(arena, format, args));
	va_end(args);
	if (store_run(store, arena, sql, &rows) != ERR_OK)
		fail_msg(
		    "%s %s: %s", store_state(store), store_message(store), sql_string(sql));
	return rows;
}

enum err
company_try(struct store *store, struct arena *arena, const char *format, ...)
{
	struct sql *sql = sql_new(arena);
	va_list args;

	va_start(args, format);
	sql_add(sql, arena_vprintf(arena, format, args));
	va_end(args);
	return store_run(store, arena, sql, NULL);
}
