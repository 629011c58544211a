/* 公海: days and numbers of its rules are positive. */
#include "common/date.h"
#include "server/entity/fields.h"
#include "server/record/rule.h"

#define REHEARSE_DAYS 30
#define REHEARSE_ROWS 10

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
	return ERR_OK;
}

/* "2026-12-03 上海祥光 ": the first that would leave, as far as the caller sees them. */
static const char *
pool_say_first(struct call *call, const struct rows *rows)
{
	const char *text = "";

	for (size_t i = 0; i < rows->count; i++)
		if (!rows_null(rows, i, 0))
			text = arena_printf(call->arena, "%s%s%s %s", text,
			    text[0] != '\0' ? call_say(call, ", ", "、") : call_say(call, ": ", "："),
			    date_format(call->arena, rows_date(rows, i, 2)), rows_text(rows, i, 1));
	return text;
}

/* What its rules would do to the customers there are now, on or off; nothing is changed. */
static enum err
pool_rehearse(struct call *call, struct record *pool, const struct value *arguments)
{
	struct sql *sql = sql_new(call->arena);
	struct rows *rows;
	enum err err;

	(void)arguments;
	sql_add(sql, "SELECT id, name, leaves_on, due, total FROM kehu_pool_rehearse(");
	sql_int(sql, pool->id);
	sql_addf(sql, ", %d, %d)", REHEARSE_DAYS, REHEARSE_ROWS);
	err = store_as_rule(call, sql, &rows);
	if (err != ERR_OK)
		return err;
	call->written_text = rows->count == 0
				 ? call_say(call, "No customer would leave within 30 days", "30 天内没有客户会进入公海")
				 : arena_printf(call->arena,
				       call_say(call, "%s customers would leave at once, %s within 30 days%s",
					   "%s 个客户将立即进入公海，30 天内共 %s 个%s"),
				       rows_text(rows, 0, 3), rows_text(rows, 0, 4), pool_say_first(call, rows));
	return ERR_OK;
}

const struct rule rules_pool[] = {
	{ .action = "rehearse", .act = pool_rehearse, .right = RIGHT_VIEW, .reads = true, .stores = true },
	{ .hook = HOOK_BEFORE_SAVE, .run = pool_before_save },
	{ 0 },
};
