/* 批量操作: made by changing many records (server/record/alter.c), only taken back here. */
#include "server/entity/fields.h"
#include "server/record/alter.h"

static enum err
bulk_before_save(struct call *call, struct record *bulk)
{
	return bulk->is_new ? CALL_FAIL(call, ERR_WRONG_STATE, .entity = E_bulk) : ERR_OK;
}

const struct rule rules_bulk[] = {
	{ .hook = HOOK_BEFORE_SAVE, .run = bulk_before_save },
	{ .action = "undo", .act = alter_act_undo, .right = RIGHT_ACT, .stores = true },
	{ 0 },
};
