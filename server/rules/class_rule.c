/* 贡献规则: what each kind of rule needs to say. */
#include "server/entity/fields.h"
#include "server/record/rule.h"

#include <string.h>

static enum err
class_before_save(struct call *call, struct record *rule)
{
	const char *kind = record_text(rule, F_class_rule_kind);
	const char *class = record_text(rule, F_class_rule_class);
	uint32_t needed = strcmp(kind, "class") == 0   ? F_class_rule_class
			  : strcmp(kind, "loyal") == 0 ? F_class_rule_number
						       : F_class_rule_percent;

	if (!record_value(rule, needed)->present ||
	    (needed == F_class_rule_class && class[0] == '\0'))
		return CALL_FAIL(call, ERR_REQUIRED, .field = needed);
	if (needed != F_class_rule_class)
		return ERR_OK;
	if (strcmp(class, "potential") == 0)
		return CALL_FAIL(call, ERR_INVALID, .field = F_class_rule_class,
		    .text = call_say(
			call, "Who meets no rule is potential", "不符合任何规则的即为潜在"));
	if (strcmp(record_text(rule, F_class_rule_measure), "credit") == 0 &&
	    strcmp(class, "restricted") != 0)
		return CALL_FAIL(call, ERR_INVALID, .field = F_class_rule_measure,
		    .text =
			call_say(call, "Poor credit only restricts", "信用较差只能用于限制"));
	return ERR_OK;
}

const struct rule rules_class_rule[] = {
	{ .hook = HOOK_BEFORE_SAVE, .run = class_before_save },
	{ 0 },
};
