/* 公海: days and numbers of its rules are positive, and its visible columns are fields of the customer. */
#include "common/text.h"
#include "server/entity/fields.h"
#include "server/record/rule.h"

#include <string.h>

static enum err
pool_check_columns(struct call *call, const struct record *pool)
{
	const struct entity_view *customer = catalog_entity(call->catalog, E_customer);
	char *save = NULL, *copy = arena_strdup(call->arena, record_text(pool, F_pool_visible_columns));

	for (char *name = strtok_r(copy, " ", &save); name != NULL; name = strtok_r(NULL, " ", &save))
		if (entity_field_named(customer, name) == NULL)
			return CALL_FAIL(call, ERR_INVALID, .field = F_pool_visible_columns,
			    .text = arena_printf(call->arena,
				call_say(call, "A customer has no field %s", "客户没有字段 %s"), name));
	return ERR_OK;
}

static enum err
pool_before_save(struct call *call, struct record *pool)
{
	static const uint32_t numbers[] = { F_pool_warn_days, F_pool_lock_days, F_pool_claim_limit,
		F_pool_claim_days, F_pool_cool_days, F_pool_hold_person, F_pool_hold_department };
	static const uint32_t clocks[] = { F_pool_rule_follow_days, F_pool_rule_deal_days,
		F_pool_rule_order_days };

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		if (record_number(pool, numbers[i]) < 0 || record_number(pool, numbers[i]) > 36500)
			return CALL_FAIL(call, ERR_INVALID, .field = numbers[i]);
	for (size_t i = 0; i < pool->line_count; i++) {
		const struct record *line = pool->lines[i];

		for (size_t k = 0; k < sizeof(clocks) / sizeof(clocks[0]); k++)
			if (line->entity->def->number == E_pool_rule && !line->removed &&
			    record_value(line, clocks[k])->present &&
			    (record_number(line, clocks[k]) < 1 || record_number(line, clocks[k]) > 36500))
				return CALL_FAIL(call, ERR_INVALID, .entity = E_pool_rule, .line = line->id,
				    .field = clocks[k]);
	}
	return pool_check_columns(call, pool);
}

const struct rule rules_pool[] = {
	{ .hook = HOOK_BEFORE_SAVE, .run = pool_before_save },
	{ 0 },
};
