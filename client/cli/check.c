/* kehu check: whether a customer is known, a line for each that looks like it. */
#include "client/cli/cli.h"

#include <inttypes.h>
#include <string.h>

enum { CHECK_COLUMNS = 6 };

static enum err
check_take_words(struct cli *cli, Kehu__Check *check)
{
	const char *name = "";

	for (size_t i = 0; i < cli->word_count; i++) {
		const char *word = cli->words[i];

		if (strncmp(word, "phone=", 6) == 0)
			check->phone = arena_strdup(cli->arena, word + 6);
		else if (strncmp(word, "tax_number=", 11) == 0)
			check->tax_number = arena_strdup(cli->arena, word + 11);
		else if (strncmp(word, "person=", 7) == 0)
			check->has_person = check->person = strcmp(word + 7, "no") != 0;
		else
			name = arena_printf(cli->arena, "%s%s%s", name, name[0] != '\0' ? " " : "", word);
	}
	check->name = arena_strdup(cli->arena, name);
	return ERR_OK;
}

static enum err
check_show(struct cli *cli, enum sheet_format format, const Kehu__CheckAnswer *answer)
{
	const struct sheet_column columns[CHECK_COLUMNS] = {
		{ "id", cli_say(cli, "Id", "编号") },
		{ "same", cli_say(cli, "Same", "相同") },
		{ "matched", cli_say(cli, "Matched", "匹配项") },
		{ "place", cli_say(cli, "With", "归属") },
		{ "met", cli_say(cli, "Last contact", "最近联系") },
		{ "text", cli_say(cli, "What", "说明") },
	};
	struct sheet *sheet =
	    sheet_new(stdout, format, columns, CHECK_COLUMNS, cli->options.given & OPT_BIT(HEADER));

	for (size_t i = 0; i < answer->n_matches; i++) {
		const Kehu__CheckMatch *match = answer->matches[i];
		struct sheet_cell cells[CHECK_COLUMNS] = {
			{ CELL_NUMBER,
			    match->has_id ? arena_printf(cli->arena, "%" PRId64, match->id) : "", NULL },
			{ .text = match->same ? cli_say(cli, "yes", "是") : cli_say(cli, "no", "否") },
			{ .text = match->matched },
			{ .text = match->pool != NULL ? match->pool : match->place != NULL ? match->place : "" },
			{ .text = match->has_met_month ? arena_printf(cli->arena, "%04d-%02d",
							    match->met_month / 100, match->met_month % 100)
						       : "" },
			{ .text = match->text },
		};

		sheet_row(sheet, cells);
	}
	return cli_sheet_end(cli, sheet);
}

enum err
cli_check(struct cli *cli)
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__Check check = KEHU__CHECK__INIT;
	Kehu__ServerFrame *answer;
	const Kehu__Entity *entity;
	enum sheet_format format;

	enum err err = cli_entity(cli, "customer", &entity);
	if (err == ERR_OK)
		err = cli_format(cli, SHEET_TABLE, &format);
	if (err == ERR_OK)
		err = check_take_words(cli, &check);
	if (err != ERR_OK)
		return err;
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_CHECK;
	frame.check = &check;
	err = cli_ask(cli, cli->arena, &frame, entity, &answer);
	if (err != ERR_OK)
		return err;
	if (answer->answer_case != KEHU__SERVER_FRAME__ANSWER_CHECK)
		return cli_fail(cli, ERR_BAD_FRAME, NULL, NULL);
	return check_show(cli, format, answer->check);
}
