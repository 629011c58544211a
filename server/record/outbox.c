/*
 * Queueing mails and text messages, and making their text from templates.
 */
#include "server/record/outbox.h"

#include "common/date.h"
#include "server/entity/fields.h"
#include "server/record/rule.h"

#include <string.h>

enum err
outbox_queue(struct call *call, const struct outbox_message *message, int64_t *id)
{
	struct sql *sql = sql_new(call->arena);
	struct rows *rows;
	enum err err;

	sql_add(sql, "SELECT kehu_outbox(");
	sql_text(sql, message->channel == OUTBOX_MAIL ? "mail" : "sms");
	sql_add(sql, ", ");
	sql_text(sql, message->address);
	sql_add(sql, ", ");
	sql_text(sql, message->subject);
	sql_add(sql, ", ");
	sql_text(sql, message->body);
	sql_add(sql, ", nullif(");
	sql_int(sql, message->entity);
	sql_add(sql, ", 0), nullif(");
	sql_int(sql, message->id);
	sql_add(sql, ", 0), nullif(");
	sql_int(sql, message->owner);
	sql_add(sql, ", 0), ");
	sql_text(sql, message->key);
	sql_add(sql, ", ");
	sql_bool(sql, message->to_user);
	sql_add(sql, ")");
	err = store_as_rule(call, sql, &rows);
	if (err == ERR_OK)
		*id = rows_int(rows, 0, 0);
	return err;
}

enum err
outbox_attach(struct call *call, int64_t id, const char *name, const char *type, const void *data,
    size_t bytes)
{
	struct sql *sql = sql_new(call->arena);

	sql_add(sql, "SELECT kehu_outbox_file(");
	sql_int(sql, id);
	sql_add(sql, ", ");
	sql_text(sql, name);
	sql_add(sql, ", ");
	sql_text(sql, type);
	sql_add(sql, ", ");
	sql_bytes(sql, data, bytes);
	sql_add(sql, ")");
	return store_as_rule(call, sql, NULL);
}

/* ---- templates --------------------------------------------------------------------------- */

/* NULL: no such word. */
static const char *
outbox_word(struct call *call, const struct record *record, const char *name)
{
	const struct field day = { .type = TYPE_DATE };
	const struct value today = { .present = true, .number = call_today(call) };
	const struct setup_record *user;
	const struct field *field;

	if (strcmp(name, "today") == 0)
		return value_print(call, &day, &today);
	if (strcmp(name, "user") == 0) {
		user = access_setup(call->access, E_user, call->session.user);
		return user != NULL ? user->label : "";
	}
	field = record != NULL ? entity_field_named(record->entity, name) : NULL;
	if (field == NULL)
		return NULL;
	return value_show(
	    call, record->entity->def, field, record_value(record, field->number));
}

const char *
outbox_merge(struct call *call, const struct record *record, const char *text)
{
	struct buf out = BUF_INIT;
	const char *result;

	while (text != NULL && *text != '\0') {
		size_t bytes = *text == '{' ? strcspn(text, "}\n") : 0;
		const char *value = NULL;

		if (bytes > 1 && text[bytes] == '}')
			value = outbox_word(
			    call, record, arena_strndup(call->arena, text + 1, bytes - 1));
		if (value != NULL) {
			buf_puts(&out, value);
			text += bytes + 1;
		} else {
			buf_putc(&out, *text++);
		}
	}
	result = arena_strdup(call->arena, buf_text(&out));
	buf_fini(&out);
	return result;
}

struct outbox_form {
	const char *subject, *body;
};

/* The template's texts in the sender's language, or in the other where it has only that. */
static enum err
outbox_read_template(
    struct call *call, int64_t id, const char *channel, struct outbox_form *form)
{
	struct sql *sql = sql_new(call->arena);
	struct rows *rows;
	enum err err;

	sql_add(sql, "SELECT subject, body FROM kehu_template(");
	sql_int(sql, id);
	sql_add(sql, ", ");
	sql_text(sql, channel);
	sql_add(sql, ", ");
	sql_bool(sql, call->session.lang == LANG_ZH);
	sql_add(sql, ")");
	err = store_as_rule(call, sql, &rows);
	if (err != ERR_OK)
		return err;
	if (rows->count == 0)
		return CALL_FAIL(call, ERR_NO_SUCH_RECORD, .field = 1);
	form->subject = rows_text(rows, 0, 0);
	form->body = rows_text(rows, 0, 1);
	return ERR_OK;
}

/* The first of these fields that the record has filled in. */
static const char *
outbox_address(const struct record *record, const char *const *names)
{
	for (; *names != NULL; names++) {
		const struct field *field = entity_field_named(record->entity, *names);
		const struct value *value =
		    field != NULL ? record_value(record, field->number) : NULL;

		if (value != NULL && value->present && value->text[0] != '\0')
			return value->text;
	}
	return "";
}

static enum err
outbox_act(struct call *call, struct record *record, const struct value *arguments,
    enum outbox_channel channel)
{
	static const char *const mails[] = { "mail", NULL }, *const phones[] = { "mobile", "phone", NULL };
	struct outbox_message message = { .channel = channel,
		.entity = record->entity->def->number,
		.id = record->id,
		.owner = call->session.user };
	struct outbox_form form = { 0 };
	int64_t id;
	enum err err = ERR_OK;

	if (arguments[0].present)
		err = outbox_read_template(
		    call, arguments[0].number, channel == OUTBOX_MAIL ? "mail" : "sms", &form);
	if (err != ERR_OK)
		return err;
	message.address = arguments[1].present ? arguments[1].text :
	    outbox_address(record, channel == OUTBOX_MAIL ? mails : phones);
	message.subject = outbox_merge(call, record, arguments[2].present ? arguments[2].text : form.subject);
	message.body = outbox_merge(call, record, arguments[3].present ? arguments[3].text : form.body);
	if (message.body[0] == '\0')
		return CALL_FAIL(call, ERR_REQUIRED, .field = 4);
	if (channel == OUTBOX_MAIL && message.subject[0] == '\0')
		return CALL_FAIL(call, ERR_REQUIRED, .field = 3);
	err = outbox_queue(call, &message, &id);
	if (err == ERR_INVALID) {
		call->failure.field = 2;
		call->failure.text = message.address[0] == '\0' ?
		    call_say(call, "There is no address to send it to", "没有可用的地址") :
		    call_say(call, "This is no address that can be sent to", "此地址无法发送");
	}
	return err;
}

enum err
outbox_act_mail(struct call *call, struct record *record, const struct value *arguments)
{
	return outbox_act(call, record, arguments, OUTBOX_MAIL);
}

enum err
outbox_act_sms(struct call *call, struct record *record, const struct value *arguments)
{
	const struct value all[4] = { arguments[0], arguments[1], { 0 }, arguments[2] };

	return outbox_act(call, record, all, OUTBOX_SMS);
}
