/* 运行设置: a whole number within its range, or nothing. Which settings there are is fixed. */
#include "server/entity/fields.h"
#include "server/record/rule.h"
#include "server/server.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static enum err
setting_before_save(struct call *call, struct record *setting)
{
	const struct setting *row;
	const char *text = record_text(setting, F_setting_value);
	char *end;
	long long number;

	if (setting->is_new || record_changed(setting, F_setting_name))
		return CALL_FAIL(call, setting->is_new ? ERR_INVALID : ERR_READ_ONLY,
		    .field = F_setting_name,
		    .text = call_say(
			call, "There are no other settings", "没有其他设置项"));
	row = server_runtime(record_text(setting, F_setting_name));
	if (row == NULL)
		return CALL_FAIL(call, ERR_INVALID, .field = F_setting_name);
	if (text[0] == '\0')
		return ERR_OK;
	number = strtoll(text, &end, 10);
	if (*end != '\0' || number < row->min || number > row->max)
		return CALL_FAIL(call, ERR_INVALID, .field = F_setting_value,
		    .text = arena_printf(call->arena,
			call_say(call, "A whole number from %" PRId64 " to %" PRId64,
			    "应为 %" PRId64 " 到 %" PRId64 " 的整数"),
			row->min, row->max));
	return ERR_OK;
}

const struct rule rules_setting[] = {
	{ .hook = HOOK_BEFORE_SAVE, .run = setting_before_save },
	{ 0 },
};
