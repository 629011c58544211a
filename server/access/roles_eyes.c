/*
 * Four eyes over rights: the rules of the approval engine that ship for it. Which rights roles ship
 * with is roles.c's.
 */
#include "server/access/roles.h"

#include "common/pinyin.h"

enum err
roles_seed_eyes(struct store *store, struct arena *arena)
{
	static const struct {
		const char *name, *entity, *action, *fields;
	} rules[] = {
		{ "角色变更须他人同意", "role", "save", "role_grant role_field second_factor" },
		{ "删除角色须他人同意", "role", "delete", NULL },
		{ "用户角色变更须他人同意", "user", "save", "user_role" },
		{ "审批规则变更须他人同意", "approval_rule", "save", NULL },
		{ "删除审批规则须他人同意", "approval_rule", "delete", NULL },
	};
	enum err err = ERR_OK;

	for (size_t i = 0; err == ERR_OK && i < sizeof(rules) / sizeof(rules[0]); i++) {
		struct sql *sql = sql_new(arena);

		sql_add(sql, "WITH rule AS (INSERT INTO approval_rule (name, name_key, rank, entity, "
			     "action, fields, active, needs_reason, remind_hours) SELECT n.name, ");
		sql_text(sql, pinyin_sort_key(arena, rules[i].name, PINYIN_NAME));
		sql_add(sql, ", 5, ");
		sql_text(sql, rules[i].entity);
		sql_add(sql, ", ");
		sql_text(sql, rules[i].action);
		sql_add(sql, ", ");
		sql_text(sql, rules[i].fields);
		sql_add(sql, ", false, false, 24 FROM (VALUES (");
		sql_text(sql, rules[i].name);
		sql_add(sql, ")) AS n (name) WHERE NOT EXISTS (SELECT FROM approval_rule a "
			     "WHERE a.name = n.name) RETURNING id) "
			     "INSERT INTO approval_rule_step (approval_rule_id, position, kind, role_id, within, "
			     "agree) SELECT rule.id, 0, 'role', r.id, 'company', 'any' FROM rule, role r "
			     "WHERE r.name = 'administrator'");
		err = store_run(store, arena, sql, NULL);
	}
	return err;
}
