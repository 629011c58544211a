/* kehu board: the stages of opportunities with their number and sums, a line for each currency.
 */
#include "client/cli/cli.h"

#include "common/money.h"

#include <inttypes.h>
#include <string.h>

enum { BOARD_COLUMNS = 7 };

static struct sheet *
board_sheet(struct cli *cli, enum sheet_format format)
{
	const struct sheet_column columns[BOARD_COLUMNS] = {
		{ "stage", cli_say(cli, "Code", "代码") },
		{ "label", cli_say(cli, "Stage", "阶段") },
		{ "probability", cli_say(cli, "%", "把握%") },
		{ "number", cli_say(cli, "Number", "数量") },
		{ "currency", cli_say(cli, "Currency", "币种") },
		{ "amount", cli_say(cli, "Amount", "金额") },
		{ "weighted", cli_say(cli, "Weighted", "加权金额") },
	};

	return sheet_new(
	    stdout, format, columns, BOARD_COLUMNS, cli->options.given & OPT_BIT(HEADER));
}

static const char *
board_money(struct cli *cli, enum sheet_format format, const Kehu__Value *value)
{
	int decimals = money_decimals(value->text);

	return money_format(
	    cli->arena, value->number, decimals < 0 ? 2 : decimals, format != SHEET_TABLE);
}

static void
board_put(struct cli *cli, enum sheet_format format, struct sheet *sheet,
    const Kehu__BoardStage *stage)
{
	const Kehu__DictionaryItem *item =
	    cat_item(cat_dictionary(cli->cat, "opportunity_stage"), stage->stage);
	struct sheet_cell cells[BOARD_COLUMNS] = { { .text = stage->stage },
		{ .text = item != NULL ? item->label : stage->stage },
		{ CELL_NUMBER, arena_printf(cli->arena, "%" PRIu32, stage->probability), NULL },
		{ CELL_NUMBER, arena_printf(cli->arena, "%" PRId64, stage->count), NULL } };

	if (stage->n_amounts == 0)
		sheet_row(sheet, cells);
	for (size_t i = 0; i < stage->n_amounts; i++) {
		cells[4].text = stage->amounts[i]->text;
		cells[5] = (struct sheet_cell){ CELL_NUMBER,
			board_money(cli, format, stage->amounts[i]), NULL };
		if (i < stage->n_weighted)
			cells[6] = (struct sheet_cell){ CELL_NUMBER,
				board_money(cli, format, stage->weighted[i]), NULL };
		sheet_row(sheet, cells);
	}
}

enum err
cli_board(struct cli *cli)
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__Board board = KEHU__BOARD__INIT;
	const char *query = "";
	Kehu__ServerFrame *answer;
	const Kehu__Entity *entity;
	enum sheet_format format;
	struct sheet *sheet;

	enum err err = cli_entity(cli, "opportunity", &entity);
	if (err == ERR_OK)
		err = cli_format(cli, SHEET_TABLE, &format);
	if (err != ERR_OK)
		return err;
	for (size_t i = 0; i < cli->word_count; i++)
		query =
		    arena_printf(cli->arena, "%s%s%s", query, i > 0 ? " " : "", cli->words[i]);
	board.query = arena_strdup(cli->arena, query);
	board.has_limit = true;
	board.limit = 1;
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_BOARD;
	frame.board = &board;
	err = cli_ask(cli, cli->arena, &frame, entity, &answer);
	if (err != ERR_OK)
		return err;
	if (answer->answer_case != KEHU__SERVER_FRAME__ANSWER_BOARD)
		return cli_fail(cli, ERR_BAD_FRAME, NULL, NULL);
	sheet = board_sheet(cli, format);
	for (size_t i = 0; i < answer->board->n_stages; i++)
		board_put(cli, format, sheet, answer->board->stages[i]);
	return cli_sheet_end(cli, sheet);
}
