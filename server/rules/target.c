/*
 * 目标: set by who leads. A target stands where its subject stands: a person's is seen with
 * that person's records, a department's with the department's.
 */
#include "common/date.h"
#include "common/price.h"
#include "server/entity/dictionary.h"
#include "server/entity/fields.h"
#include "server/record/rule.h"
#include "server/record/team.h"

#include <string.h>

static const struct {
	const char *level;
	uint32_t field, entity;
} target_subjects[] = {
	{ "person", F_target_person_id, E_user },
	{ "department", F_target_of_department_id, E_department },
	{ "branch", F_target_of_branch_id, E_branch },
};
enum { TARGET_SUBJECTS = sizeof(target_subjects) / sizeof(target_subjects[0]) };

/* The subject its level wants, and no other. NULL: the company. */
static enum err
target_read_subject(
    struct call *call, struct record *target, const struct setup_record **subject)
{
	const char *level = record_text(target, F_target_level);

	*subject = NULL;
	for (size_t i = 0; i < TARGET_SUBJECTS; i++) {
		uint32_t field = target_subjects[i].field;

		if (strcmp(level, target_subjects[i].level) != 0) {
			if (record_value(target, field)->present)
				record_set_null(target, field);
			continue;
		}
		if (!record_value(target, field)->present)
			return CALL_FAIL(call, ERR_REQUIRED, .field = field);
		*subject = access_setup(
		    call->access, target_subjects[i].entity, record_number(target, field));
		if (*subject == NULL)
			return CALL_FAIL(call, ERR_NO_SUCH_RECORD, .field = field);
	}
	return ERR_OK;
}

/* Numbers for what is counted, money for what is paid; never both. */
static enum err
target_check_goal(struct call *call, struct record *target)
{
	const char *measure = record_text(target, F_target_measure);
	bool money = strcmp(measure, "orders") == 0 || strcmp(measure, "receipts") == 0;
	uint32_t wanted = money ? F_target_amount : F_target_number,
		 other = money ? F_target_number : F_target_amount;

	if (!record_value(target, wanted)->present)
		return CALL_FAIL(call, ERR_REQUIRED, .field = wanted);
	if (record_number(target, wanted) <= 0)
		return CALL_FAIL(call, ERR_INVALID, .field = wanted,
		    .text = call_say(call, "A target is more than zero", "目标必须大于零"));
	if (money && strcmp(record_value(target, F_target_amount)->text, PRICE_BASE) != 0)
		return CALL_FAIL(call, ERR_INVALID, .field = F_target_amount,
		    .text = call_say(call, "Targets are in CNY", "目标以人民币计"));
	if (record_value(target, other)->present)
		record_set_null(target, other);
	return ERR_OK;
}

/* Access columns after the subject; what none of the setter's arms reaches is not theirs to
 * set. */
static enum err
target_set_access(struct call *call, struct record *target, const struct setup_record *subject)
{
	const char *level = record_text(target, F_target_level);
	enum right right = target->is_new ? RIGHT_CREATE : RIGHT_EDIT;
	const struct setup_record *department = subject;

	if (strcmp(level, "person") == 0) {
		target->owner = subject->id;
		target->department = subject->department;
		target->branch = subject->branch;
	} else {
		bool is_department = strcmp(level, "department") == 0;

		target->owner = call->session.user;
		target->department = is_department ? subject->id : 0;
		target->branch = is_department     ? department->branch
				 : subject != NULL ? subject->id
						   : 0;
	}
	record_set_number(target, F_target_owner_id, target->owner);
	if (team_may_set(call, target->entity->def, right, strcmp(level, "person") == 0 ? target->owner : 0,
		target->department, target->branch))
		return ERR_OK;
	return CALL_FAIL(call, ERR_FORBIDDEN, .field = F_target_level,
	    .text = call_say(call, "You may set targets for those you lead",
		"只能为自己主管的人员和部门设目标"));
}

static void
target_set_title(struct call *call, struct record *target, const struct setup_record *subject)
{
	const struct field *measure = entity_field(target->entity, F_target_measure);
	const char *month = arena_strndup(
	    call->arena, date_format(call->arena, record_number(target, F_target_month)), 7);

	record_set_text(target, F_target_title,
	    arena_printf(call->arena, "%s %s %s", month,
		subject != NULL ? subject->label : call_say(call, "Company", "公司"),
		dictionary_label(call->catalog, measure, record_text(target, F_target_measure),
		    call->session.lang)));
}

static enum err
target_before_save(struct call *call, struct record *target)
{
	struct ymd ymd = date_to_ymd(record_number(target, F_target_month));
	const struct setup_record *subject;
	enum err err = target_read_subject(call, target, &subject);

	if (err == ERR_OK)
		err = target_check_goal(call, target);
	if (err == ERR_OK)
		err = target_set_access(call, target, subject);
	if (err != ERR_OK)
		return err;
	if (ymd.day != 1) {
		ymd.day = 1;
		record_set_number(target, F_target_month, date_from_ymd(ymd));
	}
	target_set_title(call, target, subject);
	return ERR_OK;
}

const struct rule rules_target[] = {
	{ .hook = HOOK_BEFORE_SAVE, .run = target_before_save },
	{ 0 },
};
