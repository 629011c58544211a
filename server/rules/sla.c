/* 服务时限: promises in minutes that make sense, and at least one of them. */
#include "server/entity/fields.h"
#include "server/record/rule.h"

#define MINUTES_MAX (366 * 24 * 60)

static enum err
sla_before_save(struct call *call, struct record *sla)
{
	static const uint32_t promises[] = { F_sla_answer_min, F_sla_on_site_min, F_sla_solve_min };
	int64_t warn = record_number(sla, F_sla_warn_percent);
	bool any = false;

	for (size_t i = 0; i < sizeof(promises) / sizeof(promises[0]); i++) {
		int64_t minutes = record_number(sla, promises[i]);

		if (!record_value(sla, promises[i])->present)
			continue;
		any = true;
		if (minutes < 1 || minutes > MINUTES_MAX)
			return CALL_FAIL(call, ERR_INVALID, .field = promises[i],
			    .text = call_say(call, "From one minute to a year", "应在 1 分钟到 1 年之间"));
	}
	if (!any)
		return CALL_FAIL(call, ERR_REQUIRED, .field = F_sla_solve_min,
		    .text = call_say(call, "Promise at least one of the three", "三种时限至少填写一种"));
	if (record_value(sla, F_sla_warn_percent)->present && (warn < 1 || warn > 100))
		return CALL_FAIL(call, ERR_INVALID, .field = F_sla_warn_percent,
		    .text = call_say(call, "From 1 to 100 percent", "应在 1 到 100 之间"));
	return ERR_OK;
}

const struct rule rules_sla[] = {
	{ .hook = HOOK_BEFORE_SAVE, .run = sla_before_save },
	{ 0 },
};
