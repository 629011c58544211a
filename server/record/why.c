/*
 * Why: what gives or denies a user an entity, a record and its fields. The record is looked for
 * with that user's own eyes; what the answer says of it shows only where the asker sees it too.
 */
#include "server/record/record.h"

#include "server/access/roles.h"
#include "server/access/views.h"
#include "server/entity/fields.h"
#include "server/gate/gate.h"

#include <inttypes.h>
#include <string.h>

struct why {
	struct call *call;
	const struct entity *def;
	const struct access_user *user; /* who is asked about */
	int64_t id;
	struct record *record; /* as that user sees it; NULL: not at all */
	bool shared;
	const char *label; /* NULL: the asker does not see the record */
};

/* Whose rights the policies go by from here on. */
static void
why_look_as(struct why *why, const struct access_user *user)
{
	struct call *call = why->call;
	struct arms arms = access_arms(user, why->def, RIGHT_VIEW);
	struct sql *sql = sql_new(call->arena);

	sql_addf(sql, "SELECT set_config('kehu.r%" PRIu32 "', ", why->def->number);
	sql_text(sql, arms_setting(call->arena, &arms));
	sql_add(sql, ", true), set_config('kehu.user', ");
	sql_text(sql, arena_printf(call->arena, "%" PRId64, access_user_id(user)));
	sql_add(sql, ", true)");
	store_queue(call->store, sql, NULL);
	call->user = user;
}

/* Of a shut record it is told who reaches it, and not its name. */
static enum err
why_read(struct why *why)
{
	struct call *call = why->call;
	const struct access_user *asker = call->user;
	struct sql *sql = sql_new(call->arena);
	struct record *seen = NULL;
	struct rows *rows;
	enum err err;

	call->opening = true;
	if (access_rights(asker, why->def) & RIGHT_VIEW) {
		err = record_read(call, access_view(asker, why->def), why->id, RIGHT_VIEW,
		    false, false, &seen);
		if (err != ERR_OK)
			return err;
	}
	if (seen != NULL)
		why->label = seen->shut ? call_unseen(call) : record_to_wire(call, seen)->label;
	if ((access_rights(why->user, why->def) & RIGHT_VIEW) == 0)
		return ERR_OK;
	sql_add(sql, "SELECT rights FROM record_share WHERE user_id = ");
	sql_int(sql, access_user_id(why->user));
	sql_addf(sql, " AND entity = %" PRIu32 " AND record_id = ", why->def->number);
	sql_int(sql, why->id);
	why_look_as(why, why->user);
	store_queue(call->store, sql, &rows);
	err = record_read(call, access_view(why->user, why->def), why->id, RIGHT_VIEW, false,
	    false, &why->record);
	call->user = asker;
	if (err == ERR_OK)
		why->shared = rows->count > 0;
	return err;
}

/* ---- words ------------------------------------------------------------------------------- */

/* "department 北京销售部"; the name only for an asker who sees the record. */
static const char *
why_named(const struct why *why, const char *en, const char *zh, uint32_t entity, int64_t id)
{
	const struct setup_record *setup = access_setup(why->call->access, entity, id);
	bool say = why->label != NULL && setup != NULL;

	return arena_printf(why->call->arena, "%s%s%s", call_say(why->call, en, zh),
	    say ? " " : "", say ? setup->label : "");
}

static const char *
why_arm_text(const struct why *why, enum arm arm)
{
	const struct record *record = why->record;

	switch (arm) {
	case ARM_ALL:
		return call_say(why->call, "every record", "全部记录");
	case ARM_OWN:
		return call_say(why->call, "the user is the owner", "该用户是负责人");
	case ARM_AWAY:
		return why_named(why, "delegated by", "委托人", E_user, record->owner);
	case ARM_TEAM:
		return why_named(why, "the owner is below the user:", "负责人是其下属:", E_user,
		    record->owner);
	case ARM_DEPARTMENT:
		return why_named(why, "department", "部门", E_department, record->department);
	case ARM_BRANCH:
		return why_named(why, "branch", "网点", E_branch, record->branch);
	case ARM_COMPANY:
		return call_say(why->call, "the user's own company", "该用户所属的公司");
	case ARM_POOL:
		return why_named(why, "pool", "公海", E_pool, record->pool);
	case ARM_SHARE:
		return record->shared_write
			   ? call_say(why->call, "shared, to change", "共享（可修改）")
			   : call_say(why->call, "shared, to read", "共享（只读）");
	case ARM_NONE:
		break;
	}
	return "";
}

/* The sentence: the first grant that lets the user see it, or what is missing. */
static const char *
why_sentence(const struct why *why, const struct access_reason *reasons, size_t count)
{
	struct call *call = why->call;
	bool views = false;

	for (size_t i = 0; i < count; i++) {
		bool view = (reasons[i].rights & RIGHT_VIEW) != 0;

		views |= view;
		if (view && why->record != NULL && reasons[i].arm != ARM_NONE)
			return arena_printf(call->arena,
			    call_say(call, "Yes: role %s, %s", "可以: 角色 %s，%s"),
			    reasons[i].role, why_arm_text(why, reasons[i].arm));
	}
	if (!views)
		return call_say(call, "No: no role gives a view of this kind of record",
		    "不可以: 没有角色允许查看此类记录");
	if (why->id == 0)
		return call_say(call, "Yes, within the scopes below", "可以，范围如下");
	return call_say(call,
	    "No: there is no such record within the scopes below, and it is not shared",
	    "不可以: 在以下范围内没有此记录，也未共享");
}

/* ---- the answer -------------------------------------------------------------------------- */

static Kehu__WhyGrant *
why_grant(const struct why *why, const struct access_reason *reason)
{
	struct arena *arena = why->call->arena;
	Kehu__WhyGrant *grant = ARENA_NEW(arena, Kehu__WhyGrant);

	kehu__why_grant__init(grant);
	grant->role = arena_strdup(arena, reason->role);
	grant->has_rights = grant->has_holds = true;
	grant->rights = reason->rights;
	grant->scope = arena_strdup(arena, scope_code(reason->scope));
	grant->states = reason->states != NULL ? arena_strdup(arena, reason->states) : NULL;
	grant->actions = reason->actions != NULL ? arena_strdup(arena, reason->actions) : NULL;
	grant->holds = why->record != NULL && reason->arm != ARM_NONE && !reason->held_by_state;
	if (why->record != NULL)
		grant->text = arena_strdup(arena,
		    reason->held_by_state
			? call_say(why->call, "not in the record's state", "当前状态下不适用")
			: why_arm_text(why, reason->arm));
	return grant;
}

/* Of every field the asker knows of: how it shows, by which roles. */
static Kehu__WhyField *
why_field(const struct why *why, const struct field *field)
{
	enum field_right show = access_field(why->user, why->def, field), right;
	struct arena *arena = why->call->arena;
	Kehu__WhyField *wire = ARENA_NEW(arena, Kehu__WhyField);
	struct buf roles = BUF_INIT;
	const char *name;

	kehu__why_field__init(wire);
	wire->has_field = true;
	wire->field = field->number;
	wire->name = arena_strdup(arena, field_word(field));
	wire->label = arena_strdup(arena, call_say(why->call, field->en, field->zh));
	wire->show = arena_strdup(arena, field_right_code(show));
	for (size_t i = 0; access_explain_field(why->user, why->def, field, i, &name, &right);
	     i++)
		if (right == show || (show == FIELD_SHOW_READONLY && right == FIELD_CLEAR))
			buf_printf(&roles, "%s%s", roles.bytes > 0 ? " " : "", name);
	wire->roles = arena_strdup(arena, buf_text(&roles));
	buf_fini(&roles);
	return wire;
}

static void
why_answer(const struct why *why)
{
	struct call *call = why->call;
	const struct entity_view *view = access_view(call->user, why->def);
	struct access_row row =
	    why->record != NULL ? record_access_row(why->record) : (struct access_row){ 0 };
	const struct access_reason *reasons;
	size_t count = access_explain(call->arena, why->user, why->def,
	    why->record != NULL ? &row : NULL, why->shared, &reasons);
	Kehu__WhyAnswer *answer = ARENA_NEW(call->arena, Kehu__WhyAnswer);

	kehu__why_answer__init(answer);
	answer->has_sees = true;
	answer->sees = why->id != 0 ? why->record != NULL
				    : (access_rights(why->user, why->def) & RIGHT_VIEW) != 0;
	answer->text = arena_strdup(call->arena, why_sentence(why, reasons, count));
	answer->label = why->label != NULL ? arena_strdup(call->arena, why->label) : NULL;
	answer->grants = ARENA_ARRAY(call->arena, Kehu__WhyGrant *, count + 1);
	for (size_t i = 0; i < count; i++)
		answer->grants[answer->n_grants++] = why_grant(why, &reasons[i]);
	answer->fields = ARENA_ARRAY(call->arena, Kehu__WhyField *, view->field_count + 1);
	for (size_t i = 0; answer->sees && i < view->field_count; i++)
		answer->fields[answer->n_fields++] = why_field(why, view->fields[i]);
	call->answer.answer_case = KEHU__SERVER_FRAME__ANSWER_WHY;
	call->answer.why = answer;
}

enum err
handle_why(struct call *call)
{
	const Kehu__Why *request = call->request->why;
	const struct entity_view *entity =
	    request->entity_name != NULL
		? catalog_entity_named(call->catalog, request->entity_name)
		: catalog_entity(call->catalog, request->entity);
	const struct entity *role = catalog_entity(call->catalog, E_role)->def;
	int64_t user = request->user != 0 ? request->user : call->session.user;
	struct why why = { .call = call, .id = request->id };
	enum err err;

	if (user != call->session.user && (access_rights(call->user, role) & RIGHT_VIEW) == 0)
		return CALL_FAIL(call, ERR_FORBIDDEN, .entity = E_role);
	/* Of an entity that does not exist for somebody, only those who administer rights hear.
	 */
	if (entity == NULL || (access_rights(call->user, entity->def) == 0 &&
				  (access_rights(call->user, role) & RIGHT_VIEW) == 0))
		return CALL_FAIL(call, ERR_NO_SUCH_ENTITY);
	why.def = entity->def;
	why.user = access_user(call->access, user, call_today(call));
	if (why.user == NULL)
		return CALL_FAIL(call, ERR_NO_SUCH_RECORD, .entity = E_user,
		    .text = call_say(call,
			"There is no such user, or the account is disabled or has expired",
			"没有此用户，或账号已停用或过期"));
	call_scope_references(call, entity);
	call_scope(call, entity->def, RIGHT_VIEW);
	call_begin(call, true);
	err = why.id > 0 && entity->def->kind != ENTITY_LINE ? why_read(&why) : ERR_OK;
	if (err == ERR_OK)
		why_answer(&why);
	return err;
}
