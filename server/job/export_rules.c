/*
 * The rules of approval that exports come with. Which entities hold customers' data is said by the
 * catalogue, so a new one is not forgotten.
 */
#include "server/job/export.h"

#include "common/pinyin.h"

#include <string.h>

#define EXPORT_ROWS_FREE "500"

/* Customers, contacts and leads, and whatever names one of them or has addresses of its own. */
static bool
export_holds_customers(const struct entity *def)
{
	static const char *const sources[] = { "customer", "contact", "lead" };
	const size_t count = sizeof(sources) / sizeof(sources[0]);

	if (def->kind != ENTITY_ACTIVITY)
		return false;
	if (def->person != NULL || def->anchored)
		return true;
	for (size_t i = 0; i < count; i++)
		if (strcmp(def->name, sources[i]) == 0)
			return true;
	for (const struct field *field = def->fields; field->number != 0; field++) {
		if (field->type == TYPE_PHONE || field->type == TYPE_MAIL)
			return true;
		for (size_t i = 0; field->ref != NULL && i < count; i++)
			if (strcmp(field->ref, sources[i]) == 0)
				return true;
	}
	return false;
}

/* What an earlier version shipped, or the company has made itself, is not shipped again. */
static void
export_queue_rule(struct store *store, struct arena *arena, const struct entity *def)
{
	struct sql *sql = sql_new(arena);
	const char *name = arena_printf(arena, "导出%s超过 " EXPORT_ROWS_FREE " 行", def->zh);

	sql_add(sql, "WITH fresh AS (INSERT INTO settings (name, value) VALUES ('shipped.export_rule.' || ");
	sql_text(sql, def->name);
	sql_add(sql, ", '1') ON CONFLICT DO NOTHING RETURNING name), made AS (INSERT INTO approval_rule "
		     "(name, name_key, rank, entity, action, rows_over, needs_reason, active) SELECT ");
	sql_text(sql, name);
	sql_add(sql, ", ");
	sql_text(sql, pinyin_sort_key(arena, name, PINYIN_NAME));
	sql_add(sql, ", 100, ");
	sql_text(sql, def->name);
	sql_add(sql, ", 'export', " EXPORT_ROWS_FREE ", false, true FROM fresh WHERE NOT EXISTS (SELECT FROM approval_rule r "
		     "WHERE r.action = 'export' AND r.deleted_at IS NULL AND r.entity = ");
	sql_text(sql, def->name);
	sql_add(sql, ") AND NOT (EXISTS (SELECT FROM settings s WHERE s.name = 'shipped.export_rules') AND ");
	sql_text(sql, def->name);
	sql_add(sql, " IN ('customer', 'contact', 'visit')) RETURNING id) "
		     "INSERT INTO approval_rule_step (approval_rule_id, position, kind, agree) "
		     "SELECT id, 0, 'superior', 'all' FROM made");
	store_queue(store, sql, NULL);
}

enum err
export_rules_seed(struct store *store, struct arena *arena)
{
	for (size_t i = 0; entity_shipped[i] != NULL; i++)
		if (export_holds_customers(entity_shipped[i]))
			export_queue_rule(store, arena, entity_shipped[i]);
	return store_flush(store, arena);
}
