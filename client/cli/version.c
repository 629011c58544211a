/* Versions of a record: one shown, two compared, one put back. */
#include "client/cli/cli.h"

#include "client/link/version.h"
#include <stdlib.h>
#include <string.h>

/* "3", or "now". */
static enum err
version_read(struct cli *cli, const Kehu__Entity *entity, int64_t id, const char *word,
    Kehu__Record **record)
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	struct version_asked asked = { .entity = entity->number, .id = id };
	Kehu__ServerFrame *answer;
	char *end;
	enum err err;

	if (strcmp(word, "now") == 0)
		return cli_read(cli, entity, id, record);
	asked.version = (uint32_t)strtoul(word, &end, 10);
	if (*end != '\0' || asked.version == 0)
		return cli_fail(cli, ERR_NOT_A_NUMBER, word, NULL);
	version_ask(cli->arena, &asked, &frame);
	err = cli_ask(cli, cli->arena, &frame, entity, &answer);
	if (err != ERR_OK)
		return err;
	if (answer->answer_case != KEHU__SERVER_FRAME__ANSWER_VERSION ||
	    answer->version->record == NULL)
		return cli_fail(cli, ERR_BAD_FRAME, NULL, NULL);
	*record = answer->version->record;
	return ERR_OK;
}

enum err
cli_version(struct cli *cli)
{
	const Kehu__Entity *entity;
	Kehu__Record *record;
	int64_t id;
	enum err err = cli_entity(cli, cli->words[0], &entity);

	if (err == ERR_OK)
		err = cli_id(cli, entity, cli->words[1], &id);
	if (err == ERR_OK)
		err = version_read(cli, entity, id, cli->words[2], &record);
	return err == ERR_OK ? cli_show_record(cli, record) : err;
}

/* ---- two beside each other ---- */

struct version_sheet {
	struct cli *cli;
	struct sheet *sheet;
	enum sheet_format format;
};

/* Fields that differ; either record may be missing. */
static void
version_put(struct version_sheet *to, const Kehu__Record *a, const Kehu__Record *b, const char *prefix)
{
	struct cli *cli = to->cli;
	const Kehu__Entity *entity = cat_entity(cli->cat, (a != NULL ? a : b)->entity);

	for (size_t i = 0; entity != NULL && i < entity->n_fields; i++) {
		const Kehu__Field *field = entity->fields[i];
		const Kehu__Value *before = a != NULL ? cat_value(a, field->number) : NULL;
		const Kehu__Value *after = b != NULL ? cat_value(b, field->number) : NULL;
		struct sheet_cell cells[3];

		if ((field->flags & CAT_FIGURE) != 0 || version_same(field, before, after))
			continue;
		cells[0] = (struct sheet_cell){ .text = arena_printf(cli->arena, "%s%s", prefix,
						    to->format == SHEET_TABLE ? field->label : field->name) };
		cells[1] = cli_cell(cli, cli->arena, to->format, field, before);
		cells[2] = cli_cell(cli, cli->arena, to->format, field, after);
		cells[1].kind = cells[2].kind = CELL_TEXT;
		sheet_row(to->sheet, cells);
	}
}

static void
version_put_lines(struct version_sheet *to, const Kehu__Record *a, const Kehu__Record *b, bool only_gone)
{
	for (size_t i = 0; i < a->n_lines; i++) {
		const Kehu__Record *line = a->lines[i], *other = version_line(b, line->entity, line->id);
		const Kehu__Entity *entity = cat_entity(to->cli->cat, line->entity);
		const char *prefix;

		if (entity == NULL || (only_gone && other != NULL))
			continue;
		prefix = arena_printf(to->cli->arena, "%s.",
		    to->format == SHEET_TABLE ? entity->label : entity->name);
		if (only_gone)
			version_put(to, NULL, line, prefix);
		else
			version_put(to, line, other, prefix);
	}
}

enum err
cli_compare(struct cli *cli)
{
	const char *other = cli->word_count > 3 ? cli->words[3] : "now";
	const struct sheet_column columns[] = { { "field", cli_say(cli, "Field", "字段") },
		{ "before", arena_printf(cli->arena, cli_say(cli, "Version %s", "版本 %s"), cli->words[2]) },
		{ "after", arena_printf(cli->arena, cli_say(cli, "Version %s", "版本 %s"), other) } };
	struct version_sheet to = { .cli = cli };
	const Kehu__Entity *entity;
	Kehu__Record *a, *b;
	int64_t id;
	enum err err = cli_entity(cli, cli->words[0], &entity);

	if (err == ERR_OK)
		err = cli_id(cli, entity, cli->words[1], &id);
	if (err == ERR_OK)
		err = version_read(cli, entity, id, cli->words[2], &a);
	if (err == ERR_OK)
		err = version_read(cli, entity, id, other, &b);
	if (err == ERR_OK)
		err = cli_format(cli, SHEET_TABLE, &to.format);
	if (err != ERR_OK)
		return err;
	to.sheet = sheet_new(stdout, to.format, columns, 3, cli->options.given & OPT_BIT(HEADER));
	version_put(&to, a, b, "");
	version_put_lines(&to, a, b, false);
	version_put_lines(&to, b, a, true);
	return cli_sheet_end(cli, to.sheet);
}

/* ---- putting back ---- */

enum err
cli_put_back(struct cli *cli)
{
	uint32_t *fields = ARENA_ARRAY(cli->arena, uint32_t, cli->word_count + 1);
	const Kehu__Entity *entity;
	Kehu__Record *now, *then, *back;
	size_t count = 0;
	int64_t id;
	enum err err = cli_entity(cli, cli->words[0], &entity);

	if (err == ERR_OK)
		err = cli_id(cli, entity, cli->words[1], &id);
	for (size_t i = 3; err == ERR_OK && i < cli->word_count; i++) {
		const Kehu__Field *field = cat_field_called(entity, cli->words[i]);

		if (field == NULL || !version_puts_back(field))
			err = cli_fail(cli, field == NULL ? ERR_NO_SUCH_FIELD : ERR_READ_ONLY,
			    cli->words[i], NULL);
		else
			fields[count++] = field->number;
	}
	if (err == ERR_OK)
		err = version_read(cli, entity, id, cli->words[2], &then);
	if (err == ERR_OK)
		err = cli_read(cli, entity, id, &now);
	if (err != ERR_OK)
		return err;
	back = version_back(cli->arena, cli->cat, now, then, fields, count);
	if (back == NULL) {
		cli_print(cli, "%s", cli_say(cli, "Nothing differs", "没有不同"));
		return cli_flush(cli);
	}
	return cli_save(cli, entity, back, cli_say(cli, "Put back", "已恢复"));
}
