/* kehu team: what the people one leads did today, a line for each. */
#include "client/cli/cli.h"

#include "common/money.h"

#include <inttypes.h>
#include <string.h>

enum { TEAM_COLUMNS = 13 };

static const char *const team_measures[] = { "visits", "customers", "orders", "receipts" };

static struct sheet *
team_sheet(struct cli *cli, enum sheet_format format)
{
	const struct sheet_column columns[TEAM_COLUMNS] = {
		{ "id", cli_say(cli, "Id", "编号") },
		{ "name", cli_say(cli, "Name", "姓名") },
		{ "visits", cli_say(cli, "Visits", "拜访") },
		{ "calls", cli_say(cli, "Calls", "电话") },
		{ "customers", cli_say(cli, "New customers", "新客户") },
		{ "orders", cli_say(cli, "Orders", "订单") },
		{ "overdue", cli_say(cli, "Overdue", "逾期") },
		{ "report", cli_say(cli, "Report", "日报") },
		{ "unread", cli_say(cli, "Unread", "待阅") },
		{ "target_visits", cli_say(cli, "Visits done/target", "拜访 完成/目标") },
		{ "target_customers",
		    cli_say(cli, "Customers done/target", "新客户 完成/目标") },
		{ "target_orders", cli_say(cli, "Orders done/target", "订单 完成/目标") },
		{ "target_receipts", cli_say(cli, "Receipts done/target", "回款 完成/目标") },
	};

	return sheet_new(
	    stdout, format, columns, TEAM_COLUMNS, cli->options.given & OPT_BIT(HEADER));
}

/* "32/40", "1200.00/5000.00"; "" without a target. */
static const char *
team_goal(struct cli *cli, const Kehu__TeamMember *member, size_t measure)
{
	for (size_t i = 0; i < member->n_goals; i++) {
		const Kehu__TeamGoal *goal = member->goals[i];
		int decimals = measure >= 2 ? 2 : 0;

		if (strcmp(goal->measure, team_measures[measure]) == 0)
			return arena_printf(cli->arena, "%s/%s",
			    money_format(cli->arena, goal->done, decimals, true),
			    money_format(cli->arena, goal->goal, decimals, true));
	}
	return "";
}

static void
team_put(struct cli *cli, enum sheet_format format, struct sheet *sheet,
    const Kehu__TeamMember *member)
{
	const int64_t numbers[] = { member->visits, member->calls, member->customers,
		member->orders, member->overdue };
	const Kehu__DictionaryItem *item =
	    member->report != NULL
		? cat_item(cat_dictionary(cli->cat, "work_report_state"), member->report)
		: NULL;
	struct sheet_cell cells[TEAM_COLUMNS] = {
		{ CELL_NUMBER, arena_printf(cli->arena, "%" PRId64, member->id), NULL },
		{ .text = member->name }
	};

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		cells[2 + i] = (struct sheet_cell){ CELL_NUMBER,
			arena_printf(cli->arena, "%" PRId64, numbers[i]), NULL };
	cells[7].text = member->report == NULL                  ? ""
			: format == SHEET_TABLE && item != NULL ? item->label
								: member->report;
	cells[8] = (struct sheet_cell){ CELL_NUMBER,
		arena_printf(cli->arena, "%" PRId64, member->unread), NULL };
	for (size_t i = 0; i < sizeof(team_measures) / sizeof(team_measures[0]); i++)
		cells[9 + i].text = team_goal(cli, member, i);
	sheet_row(sheet, cells);
}

enum err
cli_team(struct cli *cli)
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__Team team = KEHU__TEAM__INIT;
	Kehu__ServerFrame *answer;
	const Kehu__Entity *entity;
	enum sheet_format format;
	struct sheet *sheet;

	enum err err = cli_entity(cli, "work_report", &entity);
	if (err == ERR_OK)
		err = cli_format(cli, SHEET_TABLE, &format);
	if (err != ERR_OK)
		return err;
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_TEAM;
	frame.team = &team;
	err = cli_ask(cli, cli->arena, &frame, entity, &answer);
	if (err != ERR_OK)
		return err;
	if (answer->answer_case != KEHU__SERVER_FRAME__ANSWER_TEAM)
		return cli_fail(cli, ERR_BAD_FRAME, NULL, NULL);
	sheet = team_sheet(cli, format);
	for (size_t i = 0; i < answer->team->n_members; i++)
		team_put(cli, format, sheet, answer->team->members[i]);
	return cli_sheet_end(cli, sheet);
}
