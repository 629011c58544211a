/*
 * Comments, mentions, followers. Who is told of a change hears which record it was and who changed
 * it, never a value: what they may see of it they read through the gate.
 */
#include "server/record/message.h"

#include "common/log.h"
#include "server/entity/fields.h"
#include "server/gate/gate.h"

#include <inttypes.h>
#include <string.h>

#define MENTIONS_MAX 50
#define MAIL_WAIT_S  60 /* a message is given a minute to be read */

enum err
message_send(struct call *call, int64_t to, int64_t department, const char *text, int64_t thread,
    bool keep)
{
	struct sql *sql = sql_new(call->arena);
	int64_t *mentions;
	size_t count = message_mentions(call, text, &mentions);

	sql_add(sql, "SELECT kehu_say(");
	sql_ints(sql, &to, to != 0);
	sql_add(sql, ", nullif(");
	sql_int(sql, department);
	sql_add(sql, ", 0), ");
	sql_ints(sql, mentions, count);
	sql_add(sql, ", 'message', ");
	sql_text(sql, text);
	sql_add(sql, ", NULL, NULL, nullif(");
	sql_int(sql, thread);
	sql_add(sql, ", 0), ");
	sql_bool(sql, keep);
	sql_add(sql, ")");
	return store_as_rule(call, sql, NULL);
}

/* The user whose login or name the text begins with; the longest one counts. */
static int64_t
message_named(struct call *call, const char *text)
{
	size_t count = access_setup_count(call->access, E_user), longest = 0;
	int64_t found = 0;

	for (size_t i = 0; i < count; i++) {
		const struct setup_record *user = access_setup_at(call->access, E_user, i);
		const char *const words[] = { user->label, user->key };

		for (size_t w = 0; w < 2; w++) {
			size_t bytes = strlen(words[w]);

			if (bytes > longest && strncmp(text, words[w], bytes) == 0) {
				longest = bytes;
				found = user->id;
			}
		}
	}
	return found;
}

size_t
message_mentions(struct call *call, const char *text, int64_t **users)
{
	int64_t *list = ARENA_ARRAY(call->arena, int64_t, MENTIONS_MAX);
	size_t count = 0;

	for (const char *at = strchr(text, '@'); at != NULL && count < MENTIONS_MAX;
	     at = strchr(at + 1, '@')) {
		int64_t user = message_named(call, at + 1);

		if (user != 0)
			list[count++] = user;
	}
	*users = list;
	return count;
}

/* "客户 上海祥光" */
static const char *
message_label(struct call *call, const struct record *record)
{
	const struct entity *def = record->entity->def;
	const struct field *label = entity_label(record->entity);

	return arena_printf(call->arena, "%s %s", call_say(call, def->en, def->zh),
	    label != NULL ? value_print(call, label, record_value(record, label->number)) : "");
}

enum err
message_act_comment(struct call *call, struct record *record, const struct value *arguments)
{
	struct sql *sql = sql_new(call->arena);
	int64_t *mentions;
	size_t count = message_mentions(call, arguments[0].text, &mentions);

	sql_add(sql, "SELECT kehu_comment(");
	sql_int(sql, record->entity->def->number);
	sql_add(sql, ", ");
	sql_int(sql, record->id);
	sql_add(sql, ", ");
	sql_int(sql, record->owner);
	sql_add(sql, ", ");
	sql_text(sql, arguments[0].text);
	sql_add(sql, ", ");
	sql_text(sql, message_label(call, record));
	sql_add(sql, ", ");
	sql_ints(sql, mentions, count);
	sql_add(sql, ")");
	return store_as_rule(call, sql, NULL);
}

static enum err
message_follow(struct call *call, const struct record *record, bool on)
{
	struct sql *sql = sql_new(call->arena);

	sql_add(sql, "SELECT kehu_follow(");
	sql_int(sql, record->entity->def->number);
	sql_add(sql, ", ");
	sql_int(sql, record->id);
	sql_add(sql, ", ");
	sql_bool(sql, on);
	sql_add(sql, ")");
	return store_as_rule(call, sql, NULL);
}

static enum err
message_act_follow(struct call *call, struct record *record, const struct value *arguments)
{
	(void)arguments;
	return message_follow(call, record, true);
}

static enum err
message_act_unfollow(struct call *call, struct record *record, const struct value *arguments)
{
	(void)arguments;
	return message_follow(call, record, false);
}

/* Who sees a record may say something of it, and be told of it. */
static const struct rule message_rules[] = {
	{ .action = "comment", .act = message_act_comment, .right = RIGHT_VIEW, .reads = true, .stores = true },
	{ .action = "follow", .act = message_act_follow, .right = RIGHT_VIEW, .reads = true, .stores = true },
	{ .action = "unfollow", .act = message_act_unfollow, .right = RIGHT_VIEW, .reads = true, .stores = true },
};

const struct rule *
message_rule(const char *action)
{
	for (size_t i = 0; i < sizeof(message_rules) / sizeof(message_rules[0]); i++)
		if (strcmp(message_rules[i].action, action) == 0)
			return &message_rules[i];
	return NULL;
}

/* ---- periodic ---------------------------------------------------------------------------- */

static void
message_begin(struct worker *worker)
{
	struct sql *sql = sql_new(worker->arena);

	store_begin(worker->store);
	sql_add(sql, "SELECT set_config('kehu.user', '0', true), set_config('kehu.session', '0', true), "
		     "set_config('kehu.change', '', true)");
	store_queue(worker->store, sql, NULL);
}

static void
message_queue_changes(
    struct worker *worker, const struct catalog *catalog, struct rows **rows)
{
	size_t max = catalog_count(catalog), count = 0;
	const char **names = ARENA_ARRAY(worker->arena, const char *, max);
	int64_t *numbers = ARENA_ARRAY(worker->arena, int64_t, max);
	struct sql *sql = sql_new(worker->arena);

	for (size_t i = 0; i < max; i++) {
		const struct entity *def = catalog_at(catalog, i)->def;

		/* What is itself about telling people is not told of. */
		if (def->kind != ENTITY_ACTIVITY || def->number == E_message ||
		    def->number == E_approval || def->number == E_outgoing ||
		    def->number == E_saved_view)
			continue;
		names[count] = def->name;
		numbers[count++] = def->number;
	}
	sql_add(sql, "SELECT entity, id, changer, reader FROM kehu_follow_changes(");
	sql_texts(sql, names, count);
	sql_add(sql, ", ");
	sql_ints(sql, numbers, count);
	sql_add(sql, ") ORDER BY id");
	store_queue(worker->store, sql, rows);
}

/* "王晓 更改了客户 上海祥光": the label is the record's, as the server reads it. */
static void
message_queue_tell(struct worker *worker, const struct entity_view *entity, const char *changer,
    int64_t id, int64_t reader)
{
	const struct entity *def = entity->def;
	const struct field *label = entity_label(entity);
	struct sql *sql = sql_new(worker->arena);

	sql_addf(sql, "SELECT set_config('kehu.r%" PRIu32 "', '0|{}|{}|{}|t|0', true)", def->number);
	store_queue(worker->store, sql, NULL);
	sql = sql_new(worker->arena);
	sql_add(sql, "SELECT kehu_tell(");
	sql_int(sql, reader);
	sql_add(sql, ", 'follow', ");
	sql_text(sql, arena_printf(worker->arena, "%s changed %s ", changer, def->en));
	sql_addf(sql, " || coalesce(t.%s::text, ''), ", label != NULL ? label->name : "id");
	sql_text(sql, arena_printf(worker->arena, "%s 更改了%s ", changer, def->zh));
	sql_addf(sql, " || coalesce(t.%s::text, ''), %" PRIu32 ", t.id) FROM %s t WHERE t.id = ",
	    label != NULL ? label->name : "id", def->number, entity_table(def));
	sql_int(sql, id);
	store_queue(worker->store, sql, NULL);
}

enum err
message_follow_tick(struct worker *worker)
{
	struct call call;
	struct rows *rows;
	enum err err;

	gate_call_init(&call, worker, 0);
	snapshot_take(worker->server, &call);
	message_begin(worker);
	message_queue_changes(worker, call.catalog, &rows);
	err = store_flush(worker->store, worker->arena);
	for (size_t i = 0; err == ERR_OK && i < rows->count; i++) {
		const struct setup_record *changer =
		    access_setup(call.access, E_user, rows_int(rows, i, 2));

		message_queue_tell(worker,
		    catalog_entity(call.catalog, (uint32_t)rows_int(rows, i, 0)),
		    changer != NULL ? changer->label : "", rows_int(rows, i, 1),
		    rows_int(rows, i, 3));
	}
	if (err == ERR_OK)
		err = store_commit(worker->store, worker->arena);
	gate_call_fini(&call);
	return err;
}

enum err
approval_remind_tick(struct worker *worker)
{
	struct sql *sql = sql_new(worker->arena);

	message_begin(worker);
	sql_add(sql, "SELECT kehu_approval_remind(200)");
	store_queue(worker->store, sql, NULL);
	return store_commit(worker->store, worker->arena);
}

enum err
message_mail_tick(struct worker *worker)
{
	struct sql *sql = sql_new(worker->arena);

	message_begin(worker);
	sql_addf(sql, "SELECT kehu_message_mail(%d)", MAIL_WAIT_S);
	store_queue(worker->store, sql, NULL);
	return store_commit(worker->store, worker->arena);
}
