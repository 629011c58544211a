/*
 * kehu-admin test-mail, test-sms: a message by the one outbox, and what the other side answered. The
 * sending is an action on one's own account; what became of it is read from one's newest row there.
 */
#include "client/admin/admin.h"

#include "common/date.h"
#include <string.h>

#define OUTBOX_LOOK_MS 200
#define OUTBOX_WAIT_MS 60000

/* The newest of one's own; tests are not sent by the same user at the same moment. */
static enum err
outbox_newest(struct cli *cli, const Kehu__Entity *entity, const char *channel, int64_t *id)
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__List list = KEHU__LIST__INIT;
	Kehu__ServerFrame *answer;

	list.has_entity = list.has_limit = true;
	list.entity = entity->number;
	list.limit = 1;
	list.query = arena_printf(cli->arena, "owner:me channel:%s", channel);
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_LIST;
	frame.list = &list;
	enum err err = cli_ask(cli, cli->arena, &frame, entity, &answer);
	if (err != ERR_OK)
		return err;
	if (answer->answer_case != KEHU__SERVER_FRAME__ANSWER_PAGE || answer->page->n_rows == 0)
		return cli_fail(cli, ERR_BAD_FRAME, NULL, NULL);
	*id = answer->page->rows[0]->id;
	return ERR_OK;
}

static const char *
outbox_text(const Kehu__Entity *entity, const Kehu__Record *record, const char *name)
{
	const Kehu__Field *field = cat_field_called(entity, name);
	const Kehu__Value *value = field != NULL ? cat_value(record, field->number) : NULL;

	return value != NULL && value->text != NULL ? value->text : "";
}

/* Until it was tried once: its state and answer. */
static enum err
outbox_follow(struct cli *cli, const Kehu__Entity *entity, int64_t id, const char **state, const char **answer)
{
	int64_t until_us = date_monotonic_us() + OUTBOX_WAIT_MS * INT64_C(1000);
	Kehu__Record *record;

	for (;;) {
		enum err err = cli_read(cli, entity, id, &record);

		if (err != ERR_OK)
			return err;
		*state = outbox_text(entity, record, "state");
		*answer = outbox_text(entity, record, "answer");
		if (strcmp(*state, "sending") != 0 && (strcmp(*state, "waiting") != 0 || (*answer)[0] != '\0'))
			return ERR_OK;
		if (date_monotonic_us() > until_us)
			return cli_fail(cli, ERR_TIMEOUT,
			    cli_say(cli, "no kehud has sent it; is mail.server or sms.url set?", "没有 kehud 发送，请检查 mail.server 或 sms.url"), NULL);
		err = cli_pause(cli, OUTBOX_LOOK_MS);
		if (err != ERR_OK)
			return err;
	}
}

/* One that waits for its next try would come when nobody looks for it any more. */
static enum err
outbox_withdraw(struct cli *cli, int64_t id)
{
	const char *const words[] = { "outgoing", arena_printf(cli->arena, "#%lld", (long long)id), "cancel" };

	cli->words = words;
	cli->word_count = 3;
	return cli_act(cli);
}

static enum err
outbox_test(struct cli *cli, const char *channel, const char *action, const char *argument)
{
	const char *const words[] = { "user", "me", action,
		arena_printf(cli->arena, "%s=%s", argument, cli->words[0]) };
	const Kehu__Entity *entity;
	const char *state, *said;
	int64_t id = 0;

	enum err err = cli_entity(cli, "outgoing", &entity);
	cli->words = words;
	cli->word_count = 4;
	if (err == ERR_OK)
		err = cli_act(cli);
	if (err == ERR_OK)
		err = outbox_newest(cli, entity, channel, &id);
	if (err == ERR_OK)
		err = outbox_follow(cli, entity, id, &state, &said);
	if (err != ERR_OK)
		return err;
	if (strcmp(state, "sent") == 0) {
		cli_print(cli, "%s: %s", cli_say(cli, "Sent", "已发出"), said);
		return cli_flush(cli);
	}
	cli_print(cli, "%s: %s", cli_say(cli, "Not sent", "未发出"), said);
	if (strcmp(state, "waiting") == 0)
		err = outbox_withdraw(cli, id);
	return err != ERR_OK ? err : cli_fail(cli, ERR_WRONG_STATE, said, NULL);
}

enum err
admin_test_mail(struct cli *cli)
{
	return outbox_test(cli, "mail", "test_mail", "address");
}

enum err
admin_test_sms(struct cli *cli)
{
	return outbox_test(cli, "sms", "test_sms", "number");
}
