/* kehu tree: the group a customer belongs to, a line for each of it, those that belong to it behind it. */
#include "client/cli/cli.h"

#include "common/money.h"

#include <inttypes.h>
#include <string.h>

enum { TREE_COLUMNS = 12 };

static struct sheet *
tree_sheet(struct cli *cli, enum sheet_format format)
{
	const struct sheet_column columns[TREE_COLUMNS] = {
		{ "id", cli_say(cli, "Id", "编号") },
		{ "parent", cli_say(cli, "Parent", "上级") },
		{ "depth", cli_say(cli, "Depth", "层") },
		{ "name", cli_say(cli, "Name", "名称") },
		{ "number", cli_say(cli, "Number", "客户编号") },
		{ "level", cli_say(cli, "Level", "级别") },
		{ "owner", cli_say(cli, "Owner", "负责人") },
		{ "below", cli_say(cli, "Below", "下属") },
		{ "orders", cli_say(cli, "Orders, 12 months", "近一年订单") },
		{ "orders_all", cli_say(cli, "With those below", "含下属") },
		{ "owed", cli_say(cli, "Owed", "应收") },
		{ "owed_all", cli_say(cli, "With those below", "含下属") },
	};

	return sheet_new(
	    stdout, format, columns, TREE_COLUMNS, cli->options.given & OPT_BIT(HEADER));
}

static const char *
tree_or_empty(const char *text)
{
	return text != NULL ? text : "";
}

static struct sheet_cell
tree_money(struct cli *cli, bool has, int64_t minor)
{
	if (!has)
		return (struct sheet_cell){ .text = "" };
	return (struct sheet_cell){ CELL_NUMBER, money_format(cli->arena, minor, 2, true), NULL };
}

/* In a table the names stand in as far as they are deep; elsewhere the depth says it. */
static void
tree_put(struct cli *cli, enum sheet_format format, struct sheet *sheet, const Kehu__TreeNode *node)
{
	const char *name = tree_or_empty(node->label);
	struct sheet_cell cells[TREE_COLUMNS] = {
		{ CELL_NUMBER, arena_printf(cli->arena, "%" PRId64, node->id), NULL },
		{ .text = node->has_parent ? arena_printf(cli->arena, "%" PRId64, node->parent) : "" },
		{ CELL_NUMBER, arena_printf(cli->arena, "%" PRIu32, node->depth), NULL },
		{ .text = format == SHEET_TABLE ?
			      arena_printf(cli->arena, "%*s%s", (int)node->depth * 2, "", name) :
			      name },
		{ .text = tree_or_empty(node->number) },
		{ .text = tree_or_empty(node->level) },
		{ .text = tree_or_empty(node->owner) },
		{ CELL_NUMBER, arena_printf(cli->arena, "%" PRIu32, node->below), NULL },
		tree_money(cli, node->has_orders, node->orders),
		tree_money(cli, node->has_orders_all, node->orders_all),
		tree_money(cli, node->has_owed, node->owed),
		tree_money(cli, node->has_owed_all, node->owed_all),
	};

	sheet_row(sheet, cells);
}

enum err
cli_tree(struct cli *cli)
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__Tree tree = KEHU__TREE__INIT;
	const Kehu__Entity *entity;
	Kehu__ServerFrame *answer;
	enum sheet_format format;
	struct sheet *sheet;
	enum err err = cli_entity(cli, cli->words[0], &entity);

	if (err == ERR_OK && strcmp(entity->name, "customer") != 0)
		return cli_fail(cli, ERR_NO_SUCH_ENTITY, NULL, cli->words[0]);
	if (err == ERR_OK)
		err = cli_format(cli, SHEET_TABLE, &format);
	if (err == ERR_OK)
		err = cli_id(cli, entity, cli->words[1], &tree.id);
	if (err != ERR_OK)
		return err;
	tree.has_id = true;
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_TREE;
	frame.tree = &tree;
	err = cli_ask(cli, cli->arena, &frame, entity, &answer);
	if (err != ERR_OK)
		return err;
	if (answer->answer_case != KEHU__SERVER_FRAME__ANSWER_TREE)
		return cli_fail(cli, ERR_BAD_FRAME, NULL, NULL);
	sheet = tree_sheet(cli, format);
	for (size_t i = 0; i < answer->tree->n_nodes; i++)
		tree_put(cli, format, sheet, answer->tree->nodes[i]);
	return cli_sheet_end(cli, sheet);
}
