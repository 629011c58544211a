/*
 * 设备: in use or retired; a warranty does not end before it begins.
 */
#include "server/entity/fields.h"
#include "server/record/rule.h"

static enum err
equipment_before_save(struct call *call, struct record *equipment)
{
	if (equipment->is_new)
		record_set_text(equipment, F_equipment_state, "in_use");
	if (record_changed(equipment, F_equipment_installed_on) &&
	    record_number(equipment, F_equipment_installed_on) > call_today(call))
		return CALL_FAIL(call, ERR_INVALID, .field = F_equipment_installed_on,
		    .text = call_say(
			call, "It cannot have been installed in the future", "安装日期不能在未来"));
	if (record_value(equipment, F_equipment_warranty_until)->present &&
	    record_number(equipment, F_equipment_warranty_until) <
		record_number(equipment, F_equipment_installed_on))
		return CALL_FAIL(call, ERR_INVALID, .field = F_equipment_warranty_until,
		    .text = call_say(call, "The warranty ends before it was installed",
			"保修期不能早于安装日期"));
	return ERR_OK;
}

static enum err
equipment_retire(struct call *call, struct record *equipment, const struct value *arguments)
{
	(void)call;
	record_set_text(equipment, F_equipment_reason, arguments[0].text);
	return ERR_OK;
}

static enum err
equipment_return(struct call *call, struct record *equipment, const struct value *arguments)
{
	(void)call;
	(void)arguments;
	record_set_null(equipment, F_equipment_reason);
	return ERR_OK;
}

const struct rule rules_equipment[] = {
	{ .hook = HOOK_BEFORE_SAVE, .run = equipment_before_save },
	{ .action = "retire", .act = equipment_retire },
	{ .action = "return_to_use", .act = equipment_return },
	{ 0 },
};
