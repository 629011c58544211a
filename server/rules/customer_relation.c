/*
 * 客户关系: nobody is related to himself, and a customer that belongs to another has not that one below it.
 */
#include "server/entity/fields.h"
#include "server/record/arms.h"
#include "server/record/rule.h"

#include <string.h>

/* "甲集团 > 乙公司 > 甲集团", a customer out of the caller's sight as "…". NULL: names are not to be told. */
static const char *
relation_say_way(struct call *call, const int64_t *ids, size_t count)
{
	const struct entity_view *customer = call_view(call, E_customer);
	const struct field *name = entity_field(customer, F_customer_name);
	struct arms arms = access_arms(call->user, customer->def, RIGHT_VIEW);
	struct sql *sql = sql_new(call->arena);
	const char *way = "";
	struct rows *rows;

	if (name == NULL || (name->flags & FIELD_MASKED) != 0)
		return NULL;
	sql_add(sql, "SELECT t.id, t.name FROM customer t WHERE t.id = ANY (");
	sql_ints(sql, ids, count);
	sql_add(sql, ") AND ");
	record_arms_where(call, sql, customer, "t", &arms);
	if (store_run(call->store, call->arena, sql, &rows) != ERR_OK)
		return NULL;
	for (size_t i = 0; i <= count; i++) {
		const char *said = "…";

		for (size_t row = 0; row < rows->count; row++)
			if (rows_int(rows, row, 0) == ids[i % count])
				said = rows_text(rows, row, 1);
		way = arena_printf(call->arena, "%s%s%s", way, i > 0 ? " > " : "", said);
	}
	return way;
}

static enum err
relation_before_save(struct call *call, struct record *relation)
{
	int64_t customer = record_number(relation, F_customer_relation_customer_id);
	int64_t other = record_number(relation, F_customer_relation_other_id);
	const char *kind = record_text(relation, F_customer_relation_kind), *way;
	bool parent = strcmp(kind, "parent") == 0;
	struct sql *sql = sql_new(call->arena);
	struct rows *rows;
	int64_t *ids;
	size_t count;
	enum err err;

	if (customer == other)
		return CALL_FAIL(call, ERR_CIRCLE, .field = F_customer_relation_other_id,
		    .text = call_say(call, "A customer has no relation with itself", "客户不能与自身建立关系"));
	if (!parent && strcmp(kind, "subsidiary") != 0)
		return ERR_OK;
	sql_add(sql, "SELECT kehu_customer_circle(");
	sql_int(sql, parent ? customer : other);
	sql_add(sql, ", ");
	sql_int(sql, parent ? other : customer);
	sql_add(sql, ", ");
	sql_int(sql, relation->id);
	sql_add(sql, ")");
	err = store_as_rule(call, sql, &rows);
	if (err != ERR_OK || rows_null(rows, 0, 0))
		return err;
	count = rows_ints(call->arena, rows, 0, 0, &ids);
	way = relation_say_way(call, ids, count);
	return CALL_FAIL(call, ERR_CIRCLE, .field = F_customer_relation_other_id,
	    .text = way == NULL ? NULL :
				  arena_printf(call->arena,
				      call_say(call, "That would make a circle: %s", "会形成循环：%s"), way));
}

const struct rule rules_customer_relation[] = {
	{ .hook = HOOK_BEFORE_SAVE, .run = relation_before_save },
	{ 0 },
};
