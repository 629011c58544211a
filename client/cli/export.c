/* kehu export: rows into a file made on the server, followed to its end and fetched whole. */
#include "client/cli/cli.h"

#include <string.h>

static enum err
export_columns(struct cli *cli, const Kehu__Entity *entity, Kehu__Export *request)
{
	struct cli_column *columns;
	size_t count;
	enum err err;

	if (cli->options.values[OPT_COLUMNS] == NULL)
		return ERR_OK;
	err = cli_columns(cli, entity, cli->options.values[OPT_COLUMNS], &columns, &count);
	if (err != ERR_OK)
		return err;
	request->columns = ARENA_ARRAY(cli->arena, uint32_t, count);
	for (size_t i = 0; i < count; i++)
		if (columns[i].field != NULL)
			request->columns[request->n_columns++] = columns[i].field->number;
	return ERR_OK;
}

/* Somebody has to agree first; then the file is fetched by the approval's number. */
static enum err
export_waits(struct cli *cli, const Kehu__Written *written)
{
	cli_print(cli, "%s", written->text != NULL ? written->text : "");
	cli_note(cli, "%s",
	    cli_say(cli, "once it is granted: kehu fetch NUMBER -o FILE (within some days, once)",
		"同意后用 kehu fetch 编号 -o 文件 取回（限期内可取一次）"));
	return cli_flush(cli);
}

enum err
cli_export_fetch(struct cli *cli, Kehu__Export *request, const Kehu__Entity *entity)
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__ServerFrame *answer;
	enum err err;

	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_EXPORT;
	frame.export = request;
	err = cli_ask(cli, cli->arena, &frame, entity, &answer);
	if (err != ERR_OK)
		return err;
	if (answer->answer_case == KEHU__SERVER_FRAME__ANSWER_WRITTEN)
		return export_waits(cli, answer->written);
	if (answer->answer_case != KEHU__SERVER_FRAME__ANSWER_JOB)
		return cli_fail(cli, ERR_BAD_FRAME, NULL, NULL);
	return cli_job_fetch(cli, answer->job->id,
	    cli->options.values[OPT_OUTPUT] != NULL ? cli->options.values[OPT_OUTPUT] : "-");
}

enum err
cli_export(struct cli *cli)
{
	Kehu__Export request = KEHU__EXPORT__INIT;
	struct buf query = BUF_INIT;
	const Kehu__Entity *entity;
	enum err err = cli_entity(cli, cli->words[0], &entity);

	if (err == ERR_OK)
		err = export_columns(cli, entity, &request);
	if (err != ERR_OK)
		return err;
	for (size_t i = 1; i < cli->word_count; i++)
		buf_printf(&query, "%s%s", i == 1 ? "" : " ", cli->words[i]);
	request.has_entity = true;
	request.entity = entity->number;
	request.query = arena_strdup(cli->arena, buf_text(&query));
	buf_fini(&query);
	request.format = arena_strdup(cli->arena, cli->options.values[OPT_FORMAT]);
	request.encoding = arena_strdup(cli->arena, cli->options.values[OPT_ENCODING]);
	request.reason = arena_strdup(cli->arena, cli->options.values[OPT_REASON]);
	return cli_export_fetch(cli, &request, entity);
}
