/* 部门: a tree, so none lies below itself. */
#include "server/entity/fields.h"
#include "server/record/rule.h"

static enum err
department_before_save(struct call *call, struct record *department)
{
	return rule_refuse_circle(call, department, F_department_parent_id);
}

const struct rule rules_department[] = {
	{ .hook = HOOK_BEFORE_SAVE, .run = department_before_save },
	{ 0 },
};
