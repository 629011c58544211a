/*
 * What a file to be imported is, as kehu import is told and shows it; reading it is client/load's.
 */
#include "client/cli/import.h"

#include "common/text.h"

#include <string.h>

#define IMPORT_SHOWN_ROWS 3

static enum err
import_take_options(struct import *import)
{
	struct cli *cli = import->cli;
	const char *separator = cli->options.values[OPT_SEPARATOR],
		   *dates = cli->options.values[OPT_DATES];
	enum intake_order order;

	import->load.options = (struct intake_options){
		.format = cli->options.values[OPT_FORMAT],
		.encoding = cli->options.values[OPT_ENCODING],
		.no_header = cli->options.given & OPT_BIT(NO_HEADER),
	};
	if (separator != NULL)
		import->load.options.delimiter = strcmp(separator, "\\t") == 0 ? '\t' : separator[0];
	if (dates != NULL && (!intake_order_of(dates, &order) || order == INTAKE_ORDER_EITHER))
		return cli_fail(cli, ERR_INVALID, dates, "dmy, mdy, ymd");
	return ERR_OK;
}

enum err
import_look(struct import *import)
{
	struct cli *cli = import->cli;
	const char *why = "";
	enum err err = import_take_options(import);

	if (err != ERR_OK)
		return err;
	import->load.arena = cli->arena;
	import->load.lang = cli->lang;
	err = load_open(&import->load, IMPORT_SHOWN_ROWS, &why);
	return err == ERR_OK ? ERR_OK : cli_fail(cli, err, import->load.path, why);
}

void
import_suggest_map(struct import *import)
{
	const struct intake_found *found = &import->load.found;
	struct arena *arena = import->cli->arena;

	import->map = ARENA_ARRAY(arena, Kehu__Mapping *, found->column_count + 1);
	for (size_t i = 0; i < found->column_count; i++) {
		const char *field =
		    load_suggest_path(arena, import->cli->cat, import->entity, found->columns[i]);
		bool taken = field == NULL;

		for (size_t k = 0; !taken && k < import->map_count; k++)
			taken = strcmp(import->map[k]->field, field) == 0;
		if (taken)
			continue;
		import->map[import->map_count] = ARENA_NEW(arena, Kehu__Mapping);
		kehu__mapping__init(import->map[import->map_count]);
		import->map[import->map_count]->column = arena_strdup(arena, found->columns[i]);
		import->map[import->map_count++]->field = arena_strdup(arena, field);
	}
}

/* ---- what was found ---- */

static const char *
import_separator_word(struct import *import)
{
	char delimiter = import->load.found.delimiter;

	if (delimiter == '\0')
		return "-";
	return delimiter == '\t' ? "\\t" : arena_printf(import->cli->arena, "%c", delimiter);
}

static const char *
import_cell(struct arena *arena, const struct intake_row *row, size_t column)
{
	const char *text = column < row->count ? row->cells[column] : "";

	return text_cut(arena, text_print(arena, text, TEXT_LINE), 30, false);
}

/* As learnt, where anything is, else by its name. */
static const char *
import_field_of(struct import *import, const char *column)
{
	struct cli *cli = import->cli;

	for (size_t i = 0; i < import->map_count; i++)
		if (import->map[i]->column != NULL && strcmp(import->map[i]->column, column) == 0)
			return import->map[i]->field;
	return import->map_count > 0 ? NULL
				     : load_suggest_path(cli->arena, cli->cat, import->entity, column);
}

enum err
import_show(struct import *import)
{
	struct cli *cli = import->cli;
	const struct intake_found *found = &import->load.found;

	cli_print(cli, "format\t%s", found->format);
	cli_print(cli, "encoding\t%s", found->encoding);
	cli_print(cli, "separator\t%s", import_separator_word(import));
	cli_print(cli, "header\t%s", found->header ? "yes" : "no");
	cli_print(cli, "dates\t%s",
	    found->order == INTAKE_ORDER_NONE ? "-" : intake_order_word(found->order));
	for (size_t i = 0; i < found->column_count; i++) {
		const char *field = import_field_of(import, found->columns[i]);
		struct buf line = BUF_INIT;

		buf_printf(&line, "column\t%s\t%s",
		    text_print(cli->arena, found->columns[i], TEXT_LINE),
		    field != NULL ? field : "-");
		for (size_t k = 0; k < found->row_count; k++)
			buf_printf(&line, "\t%s", import_cell(cli->arena, &found->rows[k], i));
		cli_print(cli, "%s", buf_text(&line));
		buf_fini(&line);
	}
	if (found->order == INTAKE_ORDER_EITHER)
		cli_note(cli, "%s",
		    cli_say(cli, "day and month cannot be told apart: say --dates dmy or mdy",
			"无法区分日和月，请用 --dates dmy 或 mdy 说明"));
	return cli_flush(cli);
}
