/* Approvals on the command line: whom to ask and why, and what a request would change. */
#include "client/cli/cli.h"

#include <string.h>

#define SIGNERS_MAX 20

enum err
cli_approval_options(struct cli *cli, Kehu__ClientFrame *frame)
{
	const char *words = cli->options.values[OPT_APPROVER];
	char *reason = arena_strdup(cli->arena, cli->options.values[OPT_REASON]);
	const Kehu__Entity *user;
	char *copy, *save = NULL;
	enum err err = ERR_OK;

	if (cli->options.given & OPT_BIT(REASON))
		frame->approval_reason = reason;
	if (words == NULL)
		return ERR_OK;
	err = cli_entity(cli, "user", &user);
	frame->approvers = ARENA_ARRAY(cli->arena, int64_t, SIGNERS_MAX);
	copy = arena_strdup(cli->arena, words);
	for (char *word = strtok_r(copy, ",", &save);
	     err == ERR_OK && word != NULL && frame->n_approvers < SIGNERS_MAX;
	     word = strtok_r(NULL, ",", &save))
		err = cli_reference(
		    cli, user, word, true, &frame->approvers[frame->n_approvers++]);
	return err;
}

enum err
cli_proposal(struct cli *cli)
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__Proposal proposal = KEHU__PROPOSAL__INIT;
	Kehu__ServerFrame *answer;
	const Kehu__Entity *entity;
	enum sheet_format format;
	struct sheet *sheet;

	enum err err = cli_entity(cli, "approval", &entity);
	if (err == ERR_OK)
		err = cli_id(cli, entity, cli->words[0], &proposal.id);
	if (err == ERR_OK)
		err = cli_format(cli, SHEET_TABLE, &format);
	if (err != ERR_OK)
		return err;
	proposal.has_id = true;
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_PROPOSAL;
	frame.proposal = &proposal;
	err = cli_ask(cli, cli->arena, &frame, entity, &answer);
	if (err != ERR_OK)
		return err;
	if (answer->answer_case != KEHU__SERVER_FRAME__ANSWER_HISTORY)
		return cli_fail(cli, ERR_BAD_FRAME, NULL, NULL);
	sheet = cli_history_sheet(cli, format);
	cli_put_history(cli, cli->arena, sheet, format, answer->history);
	return cli_sheet_end(cli, sheet);
}
