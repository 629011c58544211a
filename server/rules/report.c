/*
 * 报表: a text is let in once PostgreSQL says that its SQL reads nothing but its placeholders, and
 * what ships is only switched off. Its titles are what the text says.
 */
#include "server/entity/fields.h"
#include "server/record/rule.h"
#include "server/report/report_file.h"

#include <string.h>

static enum err
report_rule_refuse(struct call *call, uint32_t field, const char *text)
{
	return CALL_FAIL(call, ERR_INVALID, .entity = E_report, .field = field, .text = text);
}

static enum err
report_rule_check_name(struct call *call, const struct record *record)
{
	const char *name = record_text(record, F_report_name);

	if (strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_") != strlen(name))
		return report_rule_refuse(call, F_report_name,
		    call_say(call, "Small letters, digits and _", "只能用小写字母、数字和下划线"));
	for (size_t i = 0; report_list[i] != NULL; i++)
		if (strcmp(report_list[i]->name, name) == 0)
			return report_rule_refuse(call, F_report_name,
			    call_say(call, "A report of the program is called so", "程序自带的报表已用此代码"));
	return ERR_OK;
}

static enum err
report_rule_before_save(struct call *call, struct record *record)
{
	const struct report_file *file;
	const char *why = NULL;
	enum err err;

	if (!record->is_new && record_number(record, F_report_shipped) != 0 &&
	    (record_changed(record, F_report_name) || record_changed(record, F_report_source)))
		return CALL_FAIL(call, ERR_READ_ONLY, .entity = E_report, .field = F_report_source,
		    .text = call_say(call, "It ships with the program: save it under another name",
			"随程序提供的报表不能改，请另存为新代码"));
	err = report_rule_check_name(call, record);
	if (err != ERR_OK)
		return err;
	file = report_file_read(call->arena, call->catalog, record_text(record, F_report_name),
	    record_text(record, F_report_source), &why);
	err = file != NULL ? report_file_check(call->store, call->arena, call->catalog, file, &why) : ERR_INVALID;
	if (err == ERR_INVALID)
		return report_rule_refuse(call, F_report_source, why);
	if (err != ERR_OK)
		return err;
	record_set_text(record, F_report_title_zh, file->info.zh);
	record_set_text(record, F_report_title_en, file->info.en);
	return ERR_OK;
}

static enum err
report_rule_before_delete(struct call *call, struct record *record)
{
	if (record_number(record, F_report_shipped) == 0)
		return ERR_OK;
	return CALL_FAIL(call, ERR_WRONG_STATE, .entity = E_report,
	    .text = call_say(call, "It ships with the program: disable it instead",
		"随程序提供的报表不能删除，可以停用"));
}

const struct rule rules_report[] = {
	{ .hook = HOOK_BEFORE_SAVE, .run = report_rule_before_save },
	{ .hook = HOOK_BEFORE_DELETE, .run = report_rule_before_delete },
	{ 0 },
};
