/*
 * kehu-admin why USER ENTITY [ID]: the server's explanation as a sentence and two tables for
 * people, as rows of one kind for machines. The entity goes by its name: who administers rights
 * need not see the records they are about.
 */
#include "client/admin/why.h"

#include "client/link/bits.h"

#include <inttypes.h>
#include <string.h>

static const char *
why_rights_text(struct cli *cli, const Kehu__WhyGrant *grant, bool people)
{
	const char *text = bits_text(
	    cli->arena, cli->cat, BITS_RIGHTS, "right", grant->rights, !people);

	if (grant->states != NULL)
		text = arena_printf(cli->arena, "%s [%s]", text, grant->states);
	if (grant->actions != NULL)
		text = arena_printf(cli->arena, "%s {%s}", text, grant->actions);
	return text;
}

static const char *
why_choice(struct cli *cli, const char *dictionary, const char *code, bool people)
{
	const Kehu__DictionaryItem *item =
	    people ? cat_item(cat_dictionary(cli->cat, dictionary), code) : NULL;

	return item != NULL ? item->label : code;
}

static enum err
why_show_grants(struct cli *cli, const Kehu__WhyAnswer *answer)
{
	const struct sheet_column columns[] = { { "role", cli_say(cli, "Role", "角色") },
		{ "rights", cli_say(cli, "Rights", "权利") },
		{ "scope", cli_say(cli, "Scope", "范围") },
		{ "holds", cli_say(cli, "Holds", "适用") },
		{ "through", cli_say(cli, "Through", "途径") } };
	struct sheet *sheet = sheet_new(stdout, SHEET_TABLE, columns, 5, true);

	for (size_t i = 0; i < answer->n_grants; i++) {
		const Kehu__WhyGrant *grant = answer->grants[i];

		sheet_row(sheet, (struct sheet_cell[]){ { .text = grant->role },
				     { .text = why_rights_text(cli, grant, true) },
				     { .text = why_choice(cli, "scope", grant->scope, true) },
				     { .text = grant->holds ? cli_say(cli, "yes", "是")
							    : cli_say(cli, "no", "否") },
				     { .text = grant->text } });
	}
	return cli_sheet_end(cli, sheet);
}

/* People are told of the fields that are not simply shown. */
static enum err
why_show_fields(struct cli *cli, const Kehu__WhyAnswer *answer)
{
	const struct sheet_column columns[] = { { "field", cli_say(cli, "Field", "字段") },
		{ "show", cli_say(cli, "Shows", "显示") },
		{ "roles", cli_say(cli, "By roles", "依据角色") } };
	struct sheet *sheet = sheet_new(stdout, SHEET_TABLE, columns, 3, true);

	for (size_t i = 0; i < answer->n_fields; i++) {
		const Kehu__WhyField *field = answer->fields[i];

		if (strcmp(field->show, "clear") != 0)
			sheet_row(sheet,
			    (struct sheet_cell[]){ { .text = field->label },
				{ .text = why_choice(cli, "field_show", field->show, true) },
				{ .text = field->roles } });
	}
	return cli_sheet_end(cli, sheet);
}

/* kind, name, what, scope, holds, through: one line each for the answer, grants and fields. */
static enum err
why_show_rows(struct cli *cli, const Kehu__WhyAnswer *answer, enum sheet_format format)
{
	static const struct sheet_column columns[] = { { "kind", "kind" }, { "name", "name" },
		{ "what", "what" }, { "scope", "scope" }, { "holds", "holds" },
		{ "through", "through" } };
	struct sheet *sheet =
	    sheet_new(stdout, format, columns, 6, cli->options.given & OPT_BIT(HEADER));

	sheet_row(sheet,
	    (struct sheet_cell[]){ { .text = "answer" }, { .text = answer->label },
		{ .text = answer->text }, { .text = NULL },
		{ CELL_BOOL, answer->sees ? "true" : "false", NULL }, { .text = NULL } });
	for (size_t i = 0; i < answer->n_grants; i++) {
		const Kehu__WhyGrant *grant = answer->grants[i];

		sheet_row(
		    sheet, (struct sheet_cell[]){ { .text = "grant" }, { .text = grant->role },
			       { .text = why_rights_text(cli, grant, false) },
			       { .text = grant->scope },
			       { CELL_BOOL, grant->holds ? "true" : "false", NULL },
			       { .text = grant->text } });
	}
	for (size_t i = 0; i < answer->n_fields; i++) {
		const Kehu__WhyField *field = answer->fields[i];

		sheet_row(sheet,
		    (struct sheet_cell[]){ { .text = "field" }, { .text = field->name },
			{ .text = field->show }, { .text = NULL },
			{ CELL_BOOL, strcmp(field->show, "hidden") != 0 ? "true" : "false",
			    NULL },
			{ .text = field->roles } });
	}
	return cli_sheet_end(cli, sheet);
}

enum err
admin_why(struct cli *cli)
{
	const Kehu__Entity *users = cat_entity_called(cli->cat, "user");
	const Kehu__Entity *entity = cat_entity_called(cli->cat, cli->words[1]);
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__Why why = KEHU__WHY__INIT;
	Kehu__ServerFrame *answer;
	enum sheet_format format;
	enum err err;

	err = cli_format(cli, SHEET_TABLE, &format);
	if (err == ERR_OK)
		err = cli_id(cli, users, cli->words[0], &why.user);
	if (err == ERR_OK && cli->word_count > 2) {
		char *end;

		/* A record the asker cannot find by name goes by its id. */
		why.id = strtoll(cli->words[2] + (cli->words[2][0] == '#'), &end, 10);
		if (*end != '\0' || why.id <= 0)
			err = entity != NULL ? cli_id(cli, entity, cli->words[2], &why.id)
					     : cli_fail(cli, ERR_USAGE, cli->words[2], "ID");
	}
	if (err != ERR_OK)
		return err;
	why.has_user = why.has_id = true;
	why.entity_name =
	    arena_strdup(cli->arena, entity != NULL ? entity->name : cli->words[1]);
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_WHY;
	frame.why = &why;
	err = cli_ask(cli, cli->arena, &frame, entity, &answer);
	if (err != ERR_OK)
		return err;
	if (answer->answer_case != KEHU__SERVER_FRAME__ANSWER_WHY)
		return cli_fail(cli, ERR_BAD_FRAME, NULL, NULL);
	if (format != SHEET_TABLE)
		return why_show_rows(cli, answer->why, format);
	cli_print(cli, "%s%s%s", answer->why->label != NULL ? answer->why->label : "",
	    answer->why->label != NULL ? ": " : "", answer->why->text);
	if (answer->why->n_grants > 0) {
		cli_print(cli, "%s", "");
		err = why_show_grants(cli, answer->why);
	}
	if (err == ERR_OK && answer->why->n_fields > 0) {
		cli_print(cli, "%s", "");
		err = why_show_fields(cli, answer->why);
	}
	return err;
}
