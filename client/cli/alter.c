/*
 * One change of many records: set, act, delete and restore with --where instead of an id, and tag
 * and untag. The server tries it first with --dry-run; what it says of it is printed here.
 */
#include "client/cli/alter.h"

#include <inttypes.h>
#include <string.h>

/* ---- what was done ---- */

static void
alter_print_refusals(struct cli *cli, const Kehu__AlterAnswer *answer)
{
	for (size_t i = 0; i < answer->n_refusals; i++)
		cli_print(cli, "  #%" PRId64 " %s: %s", answer->refusals[i]->id,
		    answer->refusals[i]->label, answer->refusals[i]->text);
	if (answer->refused > answer->n_refusals)
		cli_print(cli, "  …");
}

static void
alter_print(struct cli *cli, const Kehu__AlterAnswer *answer, bool dry_run)
{
	if (answer->repeated_request) {
		cli_print(cli, cli_say(cli, "Done before, bulk change %" PRId64, "之前已执行，批量操作 %" PRId64),
		    answer->bulk);
		return;
	}
	if (dry_run && answer->tried < answer->total)
		cli_print(cli, cli_say(cli, "The first %" PRIu64 " of %" PRIu64 " were tried:",
				   "共 %2$" PRIu64 " 条，试了前 %1$" PRIu64 " 条："),
		    answer->tried, answer->total);
	cli_print(cli,
	    dry_run ? cli_say(cli, "Of %" PRIu64 ": %" PRIu64 " can be changed, %" PRIu64 " are so already, %" PRIu64 " cannot be",
			  "共 %" PRIu64 " 条：可执行 %" PRIu64 "，已是如此 %" PRIu64 "，不能执行 %" PRIu64)
		    : cli_say(cli, "Of %" PRIu64 ": %" PRIu64 " changed, %" PRIu64 " were so already, %" PRIu64 " left out",
			  "共 %" PRIu64 " 条：已执行 %" PRIu64 "，已是如此 %" PRIu64 "，未执行 %" PRIu64),
	    answer->total, answer->done, answer->same, answer->refused);
	alter_print_refusals(cli, answer);
	if (answer->has_bulk && answer->undoable)
		cli_print(cli, cli_say(cli, "To take it back: act bulk %" PRId64 " undo", "撤销：act bulk %" PRId64 " undo"),
		    answer->bulk);
}

static struct sheet_cell
alter_number(struct cli *cli, uint64_t number)
{
	return (struct sheet_cell){ CELL_NUMBER, arena_printf(cli->arena, "%" PRIu64, number), NULL };
}

static enum err
alter_show(struct cli *cli, const Kehu__AlterAnswer *answer, bool dry_run)
{
	const struct sheet_column columns[] = { { "total", "total" }, { "done", "done" },
		{ "same", "same" }, { "refused", "refused" }, { "bulk", "bulk" } };
	enum sheet_format format;
	struct sheet *sheet;
	enum err err = cli_format(cli, SHEET_TABLE, &format);

	if (err != ERR_OK)
		return err;
	if (format == SHEET_TABLE) {
		alter_print(cli, answer, dry_run);
		return cli_flush(cli);
	}
	sheet = sheet_new(stdout, format, columns, 5, cli->options.given & OPT_BIT(HEADER));
	sheet_row(sheet,
	    (struct sheet_cell[]){ alter_number(cli, answer->total), alter_number(cli, answer->done),
		alter_number(cli, answer->same), alter_number(cli, answer->refused),
		alter_number(cli, (uint64_t)answer->bulk) });
	return cli_sheet_end(cli, sheet);
}

/* ---- asking ---- */

static enum err
alter_follow(struct cli *cli, int64_t number)
{
	Kehu__JobAnswer *job;
	enum err err = cli_follow(cli, number, &job);

	if (err != ERR_OK)
		return err;
	cli_print(cli, "%s", job->text != NULL ? job->text : "");
	return cli_flush(cli);
}

static enum err
alter_send(struct cli *cli, const Kehu__Entity *entity, Kehu__Alter *alter)
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	const Kehu__Entity *approval;
	Kehu__ServerFrame *answer;
	enum err err;

	alter->has_entity = alter->has_dry_run = alter->has_skip_refused = true;
	alter->entity = entity->number;
	alter->dry_run = (cli->options.given & OPT_BIT(DRY_RUN)) != 0;
	alter->skip_refused = (cli->options.given & OPT_BIT(SKIP)) != 0;
	if (cli->options.values[OPT_WHERE] != NULL)
		alter->query = arena_strdup(cli->arena, cli->options.values[OPT_WHERE]);
	err = cli_intention(cli, &alter->has_intention, &alter->intention);
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_ALTER;
	frame.alter = alter;
	if (err == ERR_OK)
		err = cli_approval_options(cli, &frame);
	if (err == ERR_OK)
		err = cli_ask(cli, cli->arena, &frame, entity, &answer);
	if (err != ERR_OK)
		return err;
	if (answer->answer_case == KEHU__SERVER_FRAME__ANSWER_WRITTEN) {
		approval = cat_entity(cli->cat, answer->written->entity);
		cli_print(cli, "%s %s %" PRId64 ": %s", cli_say(cli, "Not done yet:", "尚未执行："),
		    approval != NULL ? approval->label : "", answer->written->id,
		    answer->written->text != NULL ? answer->written->text : "");
		return cli_flush(cli);
	}
	if (answer->answer_case != KEHU__SERVER_FRAME__ANSWER_ALTER)
		return cli_fail(cli, ERR_BAD_FRAME, NULL, NULL);
	return answer->alter->has_job ? alter_follow(cli, answer->alter->job)
				      : alter_show(cli, answer->alter, alter->dry_run);
}

/* ---- the commands ---- */

bool
cli_alters(const struct cli *cli)
{
	return cli->options.values[OPT_WHERE] != NULL;
}

enum err
cli_alter_set(struct cli *cli, const Kehu__Entity *entity)
{
	Kehu__Alter alter = KEHU__ALTER__INIT;
	Kehu__Record record = KEHU__RECORD__INIT;
	enum err err =
	    cli_assign(cli, entity, NULL, cli->words + 1, cli->word_count - 1, &record);

	if (err == ERR_OK && record.n_lines > 0)
		err = cli_fail(cli, ERR_USAGE,
		    cli_say(cli, "lines are not changed in many records", "不能批量修改明细"), NULL);
	if (err != ERR_OK)
		return err;
	alter.what = arena_strdup(cli->arena, "set");
	alter.values = record.values;
	alter.n_values = record.n_values;
	return alter_send(cli, entity, &alter);
}

enum err
cli_alter_act(struct cli *cli, const Kehu__Entity *entity)
{
	const Kehu__Action *action = cat_action_called(entity, cli->words[1]);
	Kehu__Alter alter = KEHU__ALTER__INIT;
	enum err err;

	if (action == NULL)
		return cli_fail(cli, ERR_NO_SUCH_ACTION, cli->words[1], NULL);
	err = cli_arguments(cli, action->arguments, action->n_arguments, cli->words + 2,
	    cli->word_count - 2, &alter.values, &alter.n_values);
	if (err != ERR_OK)
		return err;
	alter.what = arena_strdup(cli->arena, "act");
	alter.action = action->name;
	cli->action = action;
	return alter_send(cli, entity, &alter);
}

enum err
cli_alter_remove(struct cli *cli, const Kehu__Entity *entity, bool restore)
{
	Kehu__Alter alter = KEHU__ALTER__INIT;

	alter.what = arena_strdup(cli->arena, restore ? "restore" : "delete");
	return alter_send(cli, entity, &alter);
}

/* tag ENTITY ID TAG…, or tag ENTITY --where QUERY TAG… */
static enum err
alter_tags(struct cli *cli, const char *what)
{
	Kehu__Alter alter = KEHU__ALTER__INIT;
	const Kehu__Entity *entity, *tag = cat_entity_called(cli->cat, "tag");
	size_t first = cli_alters(cli) ? 1 : 2;
	int64_t id;
	enum err err = cli_entity(cli, cli->words[0], &entity);

	if (err == ERR_OK && (tag == NULL || cli->word_count <= first))
		err = cli_fail(cli, ERR_USAGE, cli_say(cli, "which tags?", "哪些标签？"), NULL);
	if (err == ERR_OK && !cli_alters(cli)) {
		err = cli_id(cli, entity, cli->words[1], &id);
		alter.ids = &id;
		alter.n_ids = 1;
	}
	if (err != ERR_OK)
		return err;
	alter.what = arena_strdup(cli->arena, what);
	alter.values = ARENA_ARRAY(cli->arena, Kehu__Value *, cli->word_count);
	for (size_t i = first; err == ERR_OK && i < cli->word_count; i++) {
		Kehu__Value *value = ARENA_NEW(cli->arena, Kehu__Value);

		kehu__value__init(value);
		value->has_number = true;
		err = cli_reference(cli, tag, cli->words[i], true, &value->number);
		alter.values[alter.n_values++] = value;
	}
	return err == ERR_OK ? alter_send(cli, entity, &alter) : err;
}

enum err
cli_tag(struct cli *cli)
{
	return alter_tags(cli, "tag");
}

enum err
cli_untag(struct cli *cli)
{
	return alter_tags(cli, "untag");
}
