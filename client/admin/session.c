/* kehu-admin session: who is signed in, from where, and ending it. */
#include "client/admin/admin.h"

#include "common/date.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static enum err
session_ask(struct cli *cli, int64_t end, bool all, const Kehu__SessionsAnswer **answer)
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__Sessions request = KEHU__SESSIONS__INIT;
	Kehu__ServerFrame *got;

	request.has_all = request.all = all;
	request.has_end = end != 0;
	request.end = end;
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_SESSIONS;
	frame.sessions = &request;
	enum err err = cli_ask(cli, cli->arena, &frame, NULL, &got);
	if (err == ERR_OK && got->answer_case != KEHU__SERVER_FRAME__ANSWER_SESSIONS)
		err = cli_fail(cli, ERR_BAD_FRAME, NULL, NULL);
	if (err == ERR_OK)
		*answer = got->sessions;
	return err;
}

static struct sheet_cell
session_moment(struct cli *cli, int64_t us)
{
	return (struct sheet_cell){ .text = date_format_us(cli->arena, us, cli->offset_min) };
}

enum err
admin_session_list(struct cli *cli)
{
	const struct sheet_column columns[] = { { "id", "id" },
		{ "user", cli_say(cli, "User", "用户") }, { "person", cli_say(cli, "Person", "姓名") },
		{ "address", cli_say(cli, "Address", "地址") },
		{ "program", cli_say(cli, "Program", "程序") },
		{ "began", cli_say(cli, "Since", "登录时间") }, { "seen", cli_say(cli, "Last used", "最近使用") },
		{ "ends", cli_say(cli, "Ends", "到期") }, { "locked", cli_say(cli, "Locked", "已锁定") },
		{ "certificate", cli_say(cli, "Certificate", "证书") },
		{ "own", cli_say(cli, "This one", "本会话") },
		{ "viewer", cli_say(cli, "Viewed by", "代看人") } };
	const Kehu__SessionsAnswer *answer;
	enum sheet_format format;

	enum err err = cli_format(cli, SHEET_TABLE, &format);
	if (err == ERR_OK)
		err = session_ask(cli, 0, true, &answer);
	if (err != ERR_OK)
		return err;
	struct sheet *sheet =
	    sheet_new(stdout, format, columns, 12, cli->options.given & OPT_BIT(HEADER));
	for (size_t i = 0; i < answer->n_sessions; i++) {
		const Kehu__SessionInfo *one = answer->sessions[i];

		if (cli->word_count > 0 && strcmp(cli->words[0], one->name) != 0)
			continue;
		sheet_row(sheet,
		    (struct sheet_cell[]){
			{ CELL_NUMBER, arena_printf(cli->arena, "%" PRId64, one->id), NULL },
			{ .text = one->name }, { .text = one->label }, { .text = one->address },
			{ .text = one->client }, session_moment(cli, one->began_us),
			session_moment(cli, one->seen_us), session_moment(cli, one->ends_us),
			{ CELL_BOOL, one->locked ? "true" : "false", NULL },
			{ .text = one->certificate },
			{ CELL_BOOL, one->own ? "true" : "false", NULL },
			{ .text = one->viewer } });
	}
	return cli_sheet_end(cli, sheet);
}

/* A number is a session, anything else the login name whose sessions all end. */
enum err
admin_session_end(struct cli *cli)
{
	const Kehu__SessionsAnswer *answer;
	char *end;
	int64_t id = strtoll(cli->words[0], &end, 10);
	size_t ended = 0;

	if (*end == '\0' && id > 0)
		return session_ask(cli, id, false, &answer);
	enum err err = session_ask(cli, 0, true, &answer);
	for (size_t i = 0; err == ERR_OK && i < answer->n_sessions; i++) {
		const Kehu__SessionsAnswer *left;

		if (strcmp(answer->sessions[i]->name, cli->words[0]) != 0 || answer->sessions[i]->own)
			continue;
		err = session_ask(cli, answer->sessions[i]->id, false, &left);
		ended += err == ERR_OK;
	}
	if (err == ERR_OK && ended == 0)
		err = cli_fail(cli, ERR_NO_SUCH_RECORD, cli->words[0], NULL);
	return err;
}
