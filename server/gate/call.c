/*
 * What handlers ask of their call: failures, rights, scopes, the start of the transaction.
 */
#include "server/gate/call.h"

#include "common/date.h"
#include "common/log.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum err
session_refusal(enum session_state state, enum session_state needs)
{
	if (state == SESSION_LOCKED)
		return ERR_SESSION_LOCKED;
	return needs >= SESSION_LOCKED ? ERR_LOGIN_NEEDED : ERR_BAD_REQUEST;
}

enum err
call_fail(struct call *call, struct failure failure)
{
	if (call->failure.err == ERR_OK)
		call->failure = failure;
	return failure.err;
}

void
call_also(struct call *call, struct failure failure)
{
	if (call->failure.err == ERR_OK)
		call->failure = failure;
	else if (call->more_count < sizeof(call->more) / sizeof(call->more[0]))
		call->more[call->more_count++] = failure;
}

void
call_refused(struct call *call, struct failure *failure)
{
	if (failure->err == ERR_OK)
		*failure = call->failure;
	call->failure = (struct failure){ 0 };
	call->more_count = 0;
}

const char *
call_say(const struct call *call, const char *en, const char *zh)
{
	return call->session.lang == LANG_ZH ? zh : en;
}

const char *
call_unseen(const struct call *call)
{
	return call_say(call, "(not visible)", "（不可见）");
}

int64_t
call_today(const struct call *call)
{
	return date_today(call->session.offset_min);
}

int64_t
call_reader(const struct call *call)
{
	return call->session.viewer != 0 ? call->session.viewer : call->session.user;
}

static const struct entity_view *
call_view_of(const struct call *call, const struct entity_view *whole)
{
	return whole != NULL ? access_view(call->user, whole->def) : NULL;
}

const struct entity_view *
call_view(const struct call *call, uint32_t number)
{
	return call_view_of(call, catalog_entity(call->catalog, number));
}

const struct entity_view *
call_view_named(const struct call *call, const char *name)
{
	return call_view_of(call, catalog_entity_named(call->catalog, name));
}

size_t
call_lines(const struct call *call, const struct entity *parent,
    const struct entity_view **lines, size_t max)
{
	size_t count = catalog_lines(call->catalog, parent, lines, max);

	for (size_t i = 0; i < count; i++)
		lines[i] = call_view_of(call, lines[i]);
	return count;
}

enum err
call_entity(struct call *call, uint32_t number, enum right right, const struct entity_view **entity)
{
	const struct entity_view *found = call_view(call, number);
	uint32_t rights = found != NULL ? access_rights(call->user, found->def) : 0;

	if (rights == 0)
		return CALL_FAIL(call, ERR_NO_SUCH_ENTITY);
	if ((rights & right) == 0)
		return CALL_FAIL(call, ERR_FORBIDDEN, .entity = number);
	*entity = found;
	return ERR_OK;
}

static void
call_set(struct call *call, const char *name, const char *value)
{
	for (size_t i = 0; i < call->setting_count; i++)
		if (strcmp(call->setting_names[i], name) == 0) {
			call->setting_values[i] = value;
			return;
		}
	if (call->setting_count == sizeof(call->setting_names) / sizeof(call->setting_names[0]))
		fatal("request=%" PRIu64 " touches too many entities", call->reference);
	call->setting_names[call->setting_count] = name;
	call->setting_values[call->setting_count++] = value;
}

static void
call_add_id(struct sql *sql, int64_t id)
{
	if (id == 0)
		sql_null(sql, "bigint");
	else
		sql_int(sql, id);
}

void
call_add_owner(const struct call *call, struct sql *sql)
{
	const int64_t ids[] = { call->session.user, access_user_department(call->user),
		access_user_branch(call->user), call->session.user };

	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		sql_add(sql, ", ");
		call_add_id(sql, ids[i]);
	}
}

struct arms
call_scope(struct call *call, const struct entity *entity, enum right right)
{
	struct arms arms = access_arms(call->user, entity, right);
	struct arms view = access_arms(call->user, entity, RIGHT_VIEW);

	call_set(call, arena_printf(call->arena, "kehu.r%" PRIu32, entity->number),
	    arms_setting(call->arena, &view));
	if (right != RIGHT_VIEW)
		call_set(call, arena_printf(call->arena, "kehu.w%" PRIu32, entity->number),
		    arms_setting(call->arena, &arms));
	return arms;
}

static void
call_scope_targets(struct call *call, const struct entity_view *entity)
{
	for (size_t i = 0; i < entity->field_count; i++) {
		const struct entity_view *target =
		    catalog_entity_named(call->catalog, entity->fields[i]->ref);

		if (target != NULL && target != entity)
			call_scope(call, target->def, RIGHT_VIEW);
	}
}

void
call_scope_references(struct call *call, const struct entity_view *entity)
{
	const struct entity_view *lines[16];
	size_t count = catalog_lines(call->catalog, entity->def, lines, 16);

	/* Records are read whole, with what this reader is not shown. */
	call_scope_targets(call, entity_whole(entity));
	for (size_t i = 0; i < count; i++)
		call_scope_targets(call, lines[i]);
}

void
call_context(struct call *call)
{
	const char **names = ARENA_ARRAY(call->arena, const char *, call->setting_count + 3);
	const char **values = ARENA_ARRAY(call->arena, const char *, call->setting_count + 3);
	struct sql *sql = sql_new(call->arena);
	size_t count = call->setting_count;

	memcpy(names, call->setting_names, count * sizeof(*names));
	memcpy(values, call->setting_values, count * sizeof(*values));
	names[count] = "kehu.user";
	values[count++] = arena_printf(call->arena, "%" PRId64, call->session.user);
	names[count] = "kehu.session";
	values[count++] = arena_printf(call->arena, "%" PRId64, call->session.id);
	names[count] = "kehu.change";
	values[count++] = uuid_format(call->arena, call->intention);
	/* No kehu_begin: this transaction itself may have made the caches stale. */
	sql_add(sql, "SELECT set_config(n.name, n.value, true) FROM unnest(");
	sql_texts(sql, names, count);
	sql_add(sql, ", ");
	sql_texts(sql, values, count);
	sql_add(sql, ") n (name, value)");
	store_queue(call->store, sql, NULL);
}

static void
call_queue_begin(struct call *call)
{
	struct sql *sql = sql_new(call->arena);

	sql_add(sql, "SELECT kehu_begin(");
	sql_int(sql, call->session.id);
	sql_add(sql, ", ");
	sql_int(sql, access_epoch(call->access));
	sql_add(sql, ", ");
	sql_int(sql, catalog_version(call->catalog));
	sql_add(sql, ", ");
	sql_int(sql, call->session.user);
	sql_add(sql, ", ");
	sql_uuid(sql, call->intention);
	sql_add(sql, ", ");
	sql_bool(sql, call->has_intention);
	sql_add(sql, ", ");
	sql_texts(sql, call->setting_names, call->setting_count);
	sql_add(sql, ", ");
	sql_texts(sql, call->setting_values, call->setting_count);
	sql_add(sql, ")");
	sql_named(sql);
	store_queue(call->store, sql, NULL);
}

void
call_begin(struct call *call, bool more_than_one_trip)
{
	call->one_trip = !call->nested && !call->has_intention && !more_than_one_trip &&
			 !call->matched_whole;
	call->begun = true;
	/* What is shut is shut to the eyes that read, whoever they view as. */
	if (call->session.viewer != 0)
		call_set(call, "kehu.reader", arena_printf(call->arena, "%" PRId64, call_reader(call)));
	if (call->nested) {
		call_context(call);
		return;
	}
	if (call->one_trip)
		store_read(call->store);
	else
		store_begin(call->store);
	call_queue_begin(call);
	if (call->may_wait) {
		struct sql *sql = sql_new(call->arena);

		/* What the request does goes away again if somebody is to agree first. */
		sql_add(sql, "SAVEPOINT kehu");
		store_queue(call->store, sql, NULL);
	}
}

void
call_plan_once(struct call *call)
{
	struct sql *sql = sql_new(call->arena);

	sql_add(sql, "SELECT set_config('plan_cache_mode', 'force_generic_plan', true)");
	sql_named(sql);
	store_queue(call->store, sql, NULL);
}

void
call_open(struct call *call, const struct entity *entity, int64_t id, bool write)
{
	struct sql *sql = sql_new(call->arena);

	sql_addf(sql, "SELECT set_config('kehu.p%" PRIu32 "', ", entity->number);
	sql_text(sql, arena_printf(call->arena, "{%" PRId64 "}", id));
	sql_add(sql, ", true)");
	if (write) {
		sql_addf(sql, ", set_config('kehu.q%" PRIu32 "', ", entity->number);
		sql_text(sql, arena_printf(call->arena, "{%" PRId64 "}", id));
		sql_add(sql, ", true)");
	}
	sql_named(sql);
	store_queue(call->store, sql, NULL);
}

void
call_log(const struct call *call, int level, const char *message, const char *format, ...)
{
	char text[512], as[32] = "";
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (call->session.viewer != 0)
		snprintf(as, sizeof(as), "as=%" PRId64 " ", call->session.user);
	log_write((enum log_level)level, message, "request=%" PRIu64 " user=%" PRId64 " %speer=%s %s",
	    call->reference, call_reader(call), as, call->session.peer, text);
}
