/*
 * Seeds of a new database, in one transaction as kehu_owner.
 */
#include "server/gate/setup.h"

#include "common/pinyin.h"
#include "server/access/roles.h"
#include "server/entity/dictionaries.h"
#include "server/gate/gate.h"
#include "server/gate/runtime.h"
#include "server/job/export.h"
#include "server/report/report_file.h"

#include <string.h>

static struct store *
setup_store(const char *conninfo)
{
	return store_new(&(struct store_options){
	    .conninfo = conninfo,
	    .role = "kehu_owner",
	    .statement_timeout_ms = 60000,
	    .lock_timeout_ms = 10000,
	    .application = "kehud init",
	    .need_primary = true,
	});
}

static enum err
setup_seeds(struct store *store, struct arena *arena, const char *sql_dir, struct roles_told *told,
    const char **why)
{
	enum err err = roles_seed(store, arena, told);

	if (err == ERR_OK)
		err = dictionaries_seed(store, arena);
	if (err == ERR_OK)
		err = runtime_seed(store, arena);
	if (err == ERR_OK)
		err = numbering_seed(store, arena);
	if (err == ERR_OK)
		err = report_files_seed(store, arena, sql_dir, why);
	return err == ERR_OK ? export_rules_seed(store, arena) : err;
}

static enum err
setup_administrator(struct store *store, struct arena *arena, const char **password)
{
	struct sql *count = sql_new(arena), *branch = sql_new(arena), *user = sql_new(arena),
		   *role = sql_new(arena);
	const char *made = password_make(arena);
	struct rows *users;
	enum err err;

	sql_add(count, "SELECT count(*) FROM users");
	err = store_run(store, arena, count, &users);
	if (err != ERR_OK || rows_int(users, 0, 0) > 0)
		return err;
	sql_add(branch, "INSERT INTO branch (id, name, name_key, code, offset_min) "
			"SELECT nextval('record_id'), '总部', ");
	sql_text(branch, pinyin_sort_key(arena, "总部", PINYIN_NAME));
	sql_add(branch, ", 'HQ', 480 WHERE NOT EXISTS (SELECT 1 FROM branch)");
	store_queue(store, branch, NULL);
	sql_add(user, "INSERT INTO users (id, name, name_key, label, label_key, branch_id, language, "
		      "must_change, password_hash) SELECT nextval('record_id'), 'admin', 'admin', '管理员', ");
	sql_text(user, pinyin_sort_key(arena, "管理员", PINYIN_NAME));
	sql_add(user, ", (SELECT min(id) FROM branch), 'zh', true, ");
	sql_text(user, password_hash(arena, password_cost_default, made));
	store_queue(store, user, NULL);
	sql_add(role, "INSERT INTO user_role (id, user_id, role_id) SELECT nextval('record_id'), u.id, r.id "
		      "FROM users u, role r WHERE u.name = 'admin' AND r.name = 'administrator'");
	err = store_run(store, arena, role, NULL);
	if (err == ERR_OK)
		*password = made;
	return err;
}

static void
setup_tell(const struct migrate_options *options, struct arena *arena, const struct roles_told *told)
{
	if (options->say == NULL)
		return;
	for (size_t i = 0; i < told->followed_count; i++)
		options->say(options->say_to,
		    arena_printf(arena, "role %s: rights as this version ships them", told->followed[i]));
	for (size_t i = 0; i < told->left_count; i++)
		options->say(options->say_to,
		    arena_printf(arena, "role %s: was changed here and is not what ships; left alone",
			told->left[i]));
}

static enum err
setup_run(struct arena *arena, const struct migrate_options *options, bool first,
    const char **password, const char **why)
{
	struct store *store = setup_store(options->conninfo);
	struct roles_told told;
	enum err err;

	*why = NULL;
	store_begin(store);
	err = setup_seeds(store, arena, options->sql_dir, &told, why);
	if (err == ERR_OK && first)
		err = setup_administrator(store, arena, password);
	if (err == ERR_OK)
		err = store_commit(store, arena);
	if (err != ERR_OK) {
		if (*why == NULL)
			*why = arena_printf(arena, "the first records could not be stored: %s %s",
		    store_state(store), store_message(store));
		store_rollback(store);
	} else {
		setup_tell(options, arena, &told);
	}
	store_free(store);
	return err;
}

enum err
setup_seed(struct arena *arena, const struct migrate_options *options, const char **why)
{
	return setup_run(arena, options, false, NULL, why);
}

enum err
setup_first(struct arena *arena, const struct migrate_options *options, const char **password,
    const char **why)
{
	*password = NULL;
	return setup_run(arena, options, true, password, why);
}

enum err
setup_audit_key(struct arena *arena, const char *conninfo, const char **key, const char **why)
{
	struct store *store = setup_store(conninfo);
	struct sql *sql = sql_new(arena);
	struct rows *rows;
	enum err err;

	*key = NULL;
	sql_add(sql, "SELECT kehu_audit_key()");
	store_begin(store);
	store_queue(store, sql, &rows);
	err = store_commit(store, arena);
	if (err == ERR_OK)
		*key = rows_text(rows, 0, 0);
	else
		*why = arena_printf(arena, "the key of the audit could not be stored: %s %s",
		    store_state(store), store_message(store));
	store_free(store);
	return err;
}
