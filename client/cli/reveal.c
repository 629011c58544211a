/* kehu reveal: one masked value in clear, for a reason that the server records. */
#include "client/cli/cli.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* "phones[2].number": the kind, which of them (the first unless said), and the field. */
static enum err
reveal_parse(struct cli *cli, const Kehu__Entity *entity, const char *word,
    const Kehu__Entity **line, size_t *nth, const Kehu__Field **field)
{
	const char *dot = strchr(word, '.'), *near;
	char *kind, *bracket;

	*line = NULL;
	*nth = 1;
	if (dot != NULL) {
		kind = arena_strndup(cli->arena, word, (size_t)(dot - word));
		bracket = strchr(kind, '[');
		if (bracket != NULL) {
			*nth = strtoul(bracket + 1, NULL, 10);
			*bracket = '\0';
		}
		*line = cat_line_called(cli->cat, entity, kind);
		if (*line == NULL)
			return cli_fail(cli, ERR_NO_SUCH_FIELD, word, NULL);
		entity = *line;
		word = dot + 1;
	}
	*field = cat_field_called(entity, word);
	if (*field != NULL)
		return ERR_OK;
	near = cat_field_nearest(entity, word);
	return cli_fail(cli, ERR_NO_SUCH_FIELD, word,
	    near == NULL ? NULL
			 : arena_printf(cli->arena,
			       cli_say(cli, "did you mean %s?", "是否指 %s？"), near));
}

/* The id of the nth line of its kind, which only the record itself tells. */
static enum err
reveal_find_line(
    struct cli *cli, const Kehu__Entity *entity, size_t nth, Kehu__Reveal *reveal)
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__Get get = KEHU__GET__INIT;
	Kehu__ServerFrame *answer;
	enum err err;

	get.has_entity = get.has_id = true;
	get.entity = reveal->entity;
	get.id = reveal->id;
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_GET;
	frame.get = &get;
	err = cli_ask(cli, cli->arena, &frame, entity, &answer);
	if (err != ERR_OK)
		return err;
	for (size_t i = 0; i < answer->get->record->n_lines; i++) {
		const Kehu__Record *line = answer->get->record->lines[i];

		if (line->entity == reveal->line_entity && --nth == 0) {
			reveal->has_line = true;
			reveal->line = line->id;
			return ERR_OK;
		}
	}
	return cli_fail(cli, ERR_NO_SUCH_RECORD, cli->words[2], NULL);
}

enum err
cli_reveal(struct cli *cli)
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__Reveal reveal = KEHU__REVEAL__INIT;
	const Kehu__Entity *entity, *line = NULL;
	const Kehu__Field *field = NULL;
	Kehu__ServerFrame *answer;
	size_t nth;
	enum err err;

	err = cli_entity(cli, cli->words[0], &entity);
	if (err == ERR_OK)
		err = cli_id(cli, entity, cli->words[1], &reveal.id);
	if (err == ERR_OK)
		err = reveal_parse(cli, entity, cli->words[2], &line, &nth, &field);
	if (err != ERR_OK || field == NULL)
		return err;
	reveal.has_entity = reveal.has_id = reveal.has_field = true;
	reveal.entity = entity->number;
	reveal.field = field->number;
	if (cli->options.values[OPT_REASON] != NULL)
		reveal.reason = arena_strdup(cli->arena, cli->options.values[OPT_REASON]);
	if (line != NULL) {
		reveal.has_line_entity = true;
		reveal.line_entity = line->number;
		err = reveal_find_line(cli, entity, nth, &reveal);
		if (err != ERR_OK)
			return err;
	}
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_REVEAL;
	frame.reveal = &reveal;
	err = cli_ask(cli, cli->arena, &frame, line != NULL ? line : entity, &answer);
	if (err != ERR_OK)
		return err;
	cli_print(cli, "%s",
	    cli_cell(cli, cli->arena, SHEET_TSV, field, answer->reveal->value).text);
	cli_note(cli, cli_say(cli, "%" PRIu32 " more today", "今日还可查看 %" PRIu32 " 次"),
	    answer->reveal->left);
	return cli_flush(cli);
}
