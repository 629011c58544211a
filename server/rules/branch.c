/* 网点: a tree, so none lies below itself. */
#include "server/entity/fields.h"
#include "server/record/rule.h"

static enum err
branch_before_save(struct call *call, struct record *branch)
{
	return rule_refuse_circle(call, branch, F_branch_parent_id);
}

const struct rule rules_branch[] = {
	{ .hook = HOOK_BEFORE_SAVE, .run = branch_before_save },
	{ 0 },
};
