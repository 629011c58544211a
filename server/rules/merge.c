/* 合并记录: they are made by the action merge of what is merged, and only taken back here. */
#include "server/record/merge.h"

const struct rule rules_merge[] = {
	{ .action = "undo", .act = merge_act_undo, .right = RIGHT_ACT, .stores = true, .makes = "customer contact ticket" },
	{ 0 },
};
