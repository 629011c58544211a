/*
 * kehu merge: two records made one. With --dry-run both beside each other, what of each would be taken,
 * and what would move; else it is done, with what is typed, in one transaction.
 */
#include "client/cli/cli.h"

#include <string.h>

enum { MERGE_COLUMNS = 4 };

struct cli_merge {
	const Kehu__Entity *entity;
	const Kehu__Action *action;
	Kehu__Record *records[2]; /* stays, goes */
	const char *take;         /* names of fields */
	Kehu__Record typed;
};

/* FIELD=other into what is taken, the rest into what is typed. */
static enum err
merge_take_words(struct cli *cli, struct cli_merge *merge)
{
	const char **typed = ARENA_ARRAY(cli->arena, const char *, cli->word_count);
	size_t count = 0;

	merge->take = "";
	for (size_t i = 3; i < cli->word_count; i++) {
		const char *word = cli->words[i], *equals = strchr(word, '='), *name;
		const Kehu__Field *field;

		if (equals == NULL || strcmp(equals, "=other") != 0) {
			typed[count++] = word;
			continue;
		}
		name = arena_strndup(cli->arena, word, (size_t)(equals - word));
		field = cat_field_called(merge->entity, name);
		if (field == NULL)
			return cli_fail(cli, ERR_NO_SUCH_FIELD, name, NULL);
		merge->take = arena_printf(
		    cli->arena, "%s%s%s", merge->take, merge->take[0] != '\0' ? " " : "", field->name);
	}
	return cli_assign(cli, merge->entity, merge->records[0], typed, count, &merge->typed);
}

static bool
merge_has_word(const char *words, const char *word)
{
	size_t bytes = strlen(word);

	for (const char *at = words; (at = strstr(at, word)) != NULL; at += bytes)
		if ((at == words || at[-1] == ' ') && (at[bytes] == ' ' || at[bytes] == '\0'))
			return true;
	return false;
}

static const char *
merge_side(struct cli *cli, const struct cli_merge *merge, const Kehu__Field *field)
{
	if (cat_value(&merge->typed, field->number) != NULL)
		return cli_say(cli, "typed", "另填");
	return merge_has_word(merge->take, field->name) ? cli_say(cli, "other", "并入")
						        : cli_say(cli, "kept", "保留");
}

static enum err
merge_show(struct cli *cli, const struct cli_merge *merge, enum sheet_format format)
{
	const struct sheet_column columns[MERGE_COLUMNS] = {
		{ "field", cli_say(cli, "Field", "字段") },
		{ "take", cli_say(cli, "Take", "采用") },
		{ "kept", cli_say(cli, "Stays", "保留") },
		{ "other", cli_say(cli, "Goes", "并入") },
	};
	struct sheet *sheet =
	    sheet_new(stdout, format, columns, MERGE_COLUMNS, cli->options.given & OPT_BIT(HEADER));

	for (size_t i = 0; i < merge->entity->n_fields; i++) {
		const Kehu__Field *field = merge->entity->fields[i];
		struct sheet_cell cells[MERGE_COLUMNS] = {
			{ .text = format == SHEET_TABLE ? field->label : field->name },
			{ .text = merge_side(cli, merge, field) },
		};

		for (size_t side = 0; side < 2; side++) {
			cells[2 + side] = cli_cell(
			    cli, cli->arena, format, field, cat_value(merge->records[side], field->number));
			if (format == SHEET_TABLE)
				cells[2 + side].kind = CELL_TEXT;
		}
		if (cells[2].text != NULL || cells[3].text != NULL)
			sheet_row(sheet, cells);
	}
	return cli_sheet_end(cli, sheet);
}

static Kehu__Value *
merge_argument(struct cli *cli, uint32_t number, const char *text)
{
	Kehu__Value *value = ARENA_NEW(cli->arena, Kehu__Value);

	kehu__value__init(value);
	value->has_field = true;
	value->field = number;
	value->text = arena_strdup(cli->arena, text);
	return value;
}

static enum err
merge_send(struct cli *cli, struct cli_merge *merge, bool dry_run, const char **text)
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT, steps[2] = { KEHU__CLIENT_FRAME__INIT,
								      KEHU__CLIENT_FRAME__INIT };
	Kehu__ClientFrame *list[2] = { &steps[0], &steps[1] };
	const char *reason = cli->options.values[OPT_REASON];
	Kehu__Value *arguments[3] = { merge_argument(cli, 1, NULL), merge_argument(cli, 2, merge->take),
		merge_argument(cli, 3, reason) };
	Kehu__Bulk bulk = KEHU__BULK__INIT;
	Kehu__Act act = KEHU__ACT__INIT;
	Kehu__Save save = KEHU__SAVE__INIT;
	Kehu__ServerFrame *answer;
	enum err err;

	arguments[0]->has_number = true;
	arguments[0]->number = merge->records[1]->id;
	act.has_entity = act.has_id = act.has_version = true;
	act.entity = merge->entity->number;
	act.id = merge->records[0]->id;
	act.version = merge->records[0]->version;
	act.action = merge->action->name;
	act.n_arguments = reason != NULL ? 3 : 2;
	act.arguments = arguments;
	steps[0].request_case = KEHU__CLIENT_FRAME__REQUEST_ACT;
	steps[0].act = &act;
	merge->typed.has_entity = merge->typed.has_id = merge->typed.has_version = true;
	merge->typed.entity = act.entity;
	merge->typed.id = act.id;
	merge->typed.version = act.version + 1;
	save.record = &merge->typed;
	steps[1].request_case = KEHU__CLIENT_FRAME__REQUEST_SAVE;
	steps[1].save = &save;
	bulk.steps = list;
	bulk.n_steps = merge->typed.n_values + merge->typed.n_lines > 0 ? 2 : 1;
	bulk.has_dry_run = true;
	bulk.dry_run = dry_run;
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_BULK;
	frame.bulk = &bulk;
	err = dry_run ? ERR_OK : cli_approval_options(cli, &frame);
	if (err == ERR_OK)
		err = cli_ask(cli, cli->arena, &frame, merge->entity, &answer);
	if (err != ERR_OK)
		return err;
	if (answer->answer_case != KEHU__SERVER_FRAME__ANSWER_BULK)
		return cli_fail(cli, ERR_BAD_FRAME, NULL, NULL);
	*text = answer->bulk->n_steps > 0 && answer->bulk->steps[0]->text != NULL
		    ? answer->bulk->steps[0]->text
		    : "";
	return ERR_OK;
}

enum err
cli_merge(struct cli *cli)
{
	bool dry_run = cli->options.given & OPT_BIT(DRY_RUN);
	struct cli_merge merge = { .typed = KEHU__RECORD__INIT };
	enum sheet_format format;
	const char *text = "";
	int64_t id;

	enum err err = cli_entity(cli, cli->words[0], &merge.entity);
	if (err == ERR_OK)
		err = cli_format(cli, SHEET_TABLE, &format);
	if (err == ERR_OK) {
		merge.action = cat_action_called(merge.entity, "merge");
		if (merge.action == NULL)
			return cli_fail(cli, ERR_NO_SUCH_ACTION, "merge", NULL);
	}
	for (size_t side = 0; err == ERR_OK && side < 2; side++) {
		err = cli_id(cli, merge.entity, cli->words[1 + side], &id);
		if (err == ERR_OK)
			err = cli_read(cli, merge.entity, id, &merge.records[side]);
	}
	if (err == ERR_OK)
		err = merge_take_words(cli, &merge);
	if (err == ERR_OK)
		err = merge_send(cli, &merge, dry_run, &text);
	if (err == ERR_OK && dry_run)
		err = merge_show(cli, &merge, format);
	if (err != ERR_OK)
		return err;
	if (dry_run) {
		cli_note(cli, "%s", text);
		return ERR_OK;
	}
	cli_print(cli, "%s", text);
	return cli_flush(cli);
}
