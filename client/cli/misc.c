/* The small commands: fields (what there is), password. */
#include "client/cli/cli.h"
#include "client/cli/login.h"

#include <inttypes.h>
#include <string.h>

/* ---- fields ---- */

static const char *
fields_type(uint32_t type)
{
	static const char *const names[] = { "?", "text", "block", "int", "bool", "date",
		"moment", "money", "quantity", "choice", "ref", "phone", "mail", "link",
		"refs" };

	return type < sizeof(names) / sizeof(names[0]) ? names[type] : names[0];
}

/* "A 重点, B 一般": a choice's codes; the entity a reference is to. */
static const char *
fields_values(struct cli *cli, const Kehu__Field *field)
{
	const Kehu__Dictionary *dictionary = cat_dictionary(cli->cat, field->dictionary);
	const Kehu__Entity *target = cat_entity(cli->cat, field->references);
	struct buf text = BUF_INIT;

	if (field->type == CAT_REF || field->type == CAT_REFS)
		return target == NULL ? "" : target->name;
	for (size_t i = 0; dictionary != NULL && i < dictionary->n_items; i++)
		buf_printf(&text, "%s%s %s", i == 0 ? "" : ", ", dictionary->items[i]->code,
		    dictionary->items[i]->label);
	const char *copy = arena_strdup(cli->arena, buf_text(&text));
	buf_fini(&text);
	return copy;
}

/* "required filter sort", in words for people and the same in every language for machines. */
static const char *
fields_rules(struct cli *cli, const Kehu__Field *field, enum sheet_format format)
{
	static const struct {
		uint32_t flag;
		const char *name, *zh;
	} rules[] = { { CAT_REQUIRED, "required", "必填" },
		{ CAT_READONLY, "read-only", "只读" }, { CAT_FILTER, "filter", "可筛选" },
		{ CAT_SORT, "sort", "可排序" }, { CAT_MASKED, "masked", "掩码" } };
	bool zh = cli->lang == LANG_ZH && format == SHEET_TABLE;
	struct buf text = BUF_INIT;

	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		if (field->flags & rules[i].flag)
			buf_printf(&text, "%s%s", text.bytes == 0 ? "" : " ",
			    zh ? rules[i].zh : rules[i].name);
	const char *copy = arena_strdup(cli->arena, buf_text(&text));
	buf_fini(&text);
	return copy;
}

static enum err
fields_of_all(struct cli *cli, enum sheet_format format)
{
	const struct sheet_column columns[] = { { "entity", cli_say(cli, "Entity", "类别") },
		{ "label", cli_say(cli, "Name", "名称") },
		{ "alias", cli_say(cli, "Short", "代码") } };
	struct sheet *sheet =
	    sheet_new(stdout, format, columns, 3, cli->options.given & OPT_BIT(HEADER));

	for (size_t i = 0; i < cat_count(cli->cat); i++) {
		const Kehu__Entity *entity = cat_at(cli->cat, i);

		sheet_row(sheet, (struct sheet_cell[]){ { .text = entity->name },
				     { .text = entity->label }, { .text = entity->alias } });
	}
	return cli_sheet_end(cli, sheet);
}

enum err
cli_fields(struct cli *cli)
{
	const struct sheet_column columns[] = { { "field", cli_say(cli, "Field", "字段") },
		{ "label", cli_say(cli, "Name", "名称") },
		{ "type", cli_say(cli, "Type", "类型") },
		{ "rules", cli_say(cli, "Rules", "规则") },
		{ "values", cli_say(cli, "Values", "取值") } };
	const Kehu__Entity *entity;
	enum sheet_format format;

	enum err err = cli_format(cli, SHEET_TABLE, &format);
	if (err == ERR_OK && cli->word_count == 0)
		return fields_of_all(cli, format);
	if (err == ERR_OK)
		err = cli_entity(cli, cli->words[0], &entity);
	if (err != ERR_OK)
		return err;
	struct sheet *sheet =
	    sheet_new(stdout, format, columns, 5, cli->options.given & OPT_BIT(HEADER));
	for (size_t i = 0; i < entity->n_fields; i++) {
		const Kehu__Field *field = entity->fields[i];
		const char *rules = fields_rules(cli, field, format);

		sheet_row(
		    sheet, (struct sheet_cell[]){ { .text = field->name },
			       { .text = field->label }, { .text = fields_type(field->type) },
			       { .text = rules }, { .text = fields_values(cli, field) } });
	}
	return cli_sheet_end(cli, sheet);
}

/* ---- password ---- */

static enum err
password_new(struct cli *cli, const char **password)
{
	const char *path = cli->options.values[OPT_NEW_PASSWORD_FILE], *again, *why = "";

	if (path != NULL) {
		enum err err = settings_read_password(cli->arena, path, password, &why);

		return err == ERR_OK ? err : cli_fail(cli, err, why, NULL);
	}
	enum err err =
	    cli_password_ask(cli, cli_say(cli, "New password: ", "新密码："), password);
	if (err == ERR_OK)
		err =
		    cli_password_ask(cli, cli_say(cli, "Once more: ", "再输入一次："), &again);
	if (err != ERR_OK)
		return err;
	return strcmp(*password, again) == 0
		   ? ERR_OK
		   : cli_fail(cli, ERR_INVALID,
			 cli_say(cli, "the two are different", "两次输入不一致"), NULL);
}

/* A login that is refused until the password changes is the usual reason to be here. */
enum err
cli_password(struct cli *cli)
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__Password request = KEHU__PASSWORD__INIT;
	struct link_options options = cli_link_options(cli);
	Kehu__ServerFrame *answer;
	const char *old = cli->settings.password, *password;
	enum err err = ERR_OK;

	if (cli->settings.user == NULL)
		return cli_fail(cli, ERR_LOGIN_NEEDED, NULL, "--user, KEHU_USER");
	if (old == NULL)
		err = cli_password_ask(
		    cli, cli_say(cli, "Present password: ", "当前密码："), &old);
	if (err == ERR_OK)
		err = password_new(cli, &password);
	if (err != ERR_OK)
		return err;
	options.give_up = true;
	cli->link = link_new(&options);
	link_login(cli->link, cli->settings.user, old, NULL);
	err = cli_second_stage(cli, link_wait(cli->link, cli->timeout_ms));
	if (err == ERR_PASSWORD_CHANGE) {
		link_login(cli->link, cli->settings.user, old, password);
		err = cli_second_stage(cli, link_wait(cli->link, cli->timeout_ms));
		/* The new password comes into force with the second factor. */
		if (err == ERR_FACTOR_ENROLL)
			return cli_factor_enrol(cli);
		return err == ERR_OK ? ERR_OK : cli_fail_answer(cli, err, NULL, NULL);
	}
	if (err != ERR_OK)
		return cli_fail_answer(cli, err, NULL, NULL);
	cli->cat = link_catalog(cli->link);
	request.old_password = arena_strdup(cli->arena, old);
	request.new_password = arena_strdup(cli->arena, password);
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_PASSWORD;
	frame.password = &request;
	return cli_ask(cli, cli->arena, &frame, NULL, &answer);
}
