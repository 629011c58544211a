/* 导入记录: made by importing (server/job/import.c), only taken back here. */
#include "server/entity/fields.h"
#include "server/job/import.h"
#include "server/record/rule.h"

static enum err
import_before_save(struct call *call, struct record *import)
{
	return import->is_new ? CALL_FAIL(call, ERR_WRONG_STATE, .entity = E_import) : ERR_OK;
}

const struct rule rules_import[] = {
	{ .hook = HOOK_BEFORE_SAVE, .run = import_before_save },
	{ .action = "undo", .act = import_act_undo, .right = RIGHT_ACT, .stores = true },
	{ 0 },
};
