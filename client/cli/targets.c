/*
 * kehu targets: people by months of one measure, goal and what is done of it; NAME=GOAL,GOAL… sets
 * them from the first month on, all as one.
 */
#include "client/cli/cli.h"

#include "client/link/goal.h"
#include "common/date.h"
#include "common/money.h"

#include <inttypes.h>
#include <string.h>

enum { TARGETS_MONTHS_MAX = 12 };

static const char *
targets_amount(struct cli *cli, const Kehu__TargetsAnswer *answer, int64_t amount)
{
	return money_format(cli->arena, amount, answer->money ? 2 : 0, true);
}

/* ---- asking ---- */

/* A month from --from or --to: any day of it, or "2026-12". */
static enum err
targets_month(struct cli *cli, enum option_id option, int64_t fallback, int64_t *month)
{
	const char *text = cli->options.values[option];
	struct ymd ymd = date_to_ymd(fallback);

	if (text != NULL) {
		const char *day = strlen(text) == 7 ? arena_printf(cli->arena, "%s-01", text) : text;
		enum err err = date_parse(day, date_today(cli->offset_min), false, month);

		if (err != ERR_OK)
			return cli_fail(cli, err, text, NULL);
		ymd = date_to_ymd(*month);
	}
	ymd.day = 1;
	*month = date_from_ymd(ymd);
	return ERR_OK;
}

static enum err
targets_ask(struct cli *cli, const Kehu__Entity *entity, const char *measure, const Kehu__TargetsAnswer **answer)
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__Targets request = KEHU__TARGETS__INIT;
	Kehu__ServerFrame *told;
	int64_t from, to;
	enum err err = targets_month(cli, OPT_FROM, date_today(cli->offset_min), &from);

	if (err == ERR_OK)
		err = targets_month(cli, OPT_TO, date_add_months(from, 2), &to);
	if (err != ERR_OK)
		return err;
	request.measure = arena_strdup(cli->arena, measure);
	request.has_month = request.has_months = true;
	request.month = from;
	for (int64_t month = from; month <= to && request.months <= TARGETS_MONTHS_MAX; month = date_add_months(month, 1))
		request.months++;
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_TARGETS;
	frame.targets = &request;
	err = cli_ask(cli, cli->arena, &frame, entity, &told);
	if (err != ERR_OK)
		return err;
	if (told->answer_case != KEHU__SERVER_FRAME__ANSWER_TARGETS)
		return cli_fail(cli, ERR_BAD_FRAME, NULL, NULL);
	*answer = told->targets;
	return ERR_OK;
}

/* ---- showing ---- */

static enum err
targets_show(struct cli *cli, enum sheet_format format, const Kehu__TargetsAnswer *answer)
{
	struct sheet_column columns[2 + 2 * TARGETS_MONTHS_MAX] = {
		{ "id", cli_say(cli, "Id", "编号") },
		{ "name", cli_say(cli, "Name", "姓名") },
	};
	size_t count = 2;
	struct sheet *sheet;

	for (size_t m = 0; m < answer->n_months; m++) {
		const char *month = arena_strndup(cli->arena, date_format(cli->arena, answer->months[m]), 7);

		columns[count++] = (struct sheet_column){ month, month };
		columns[count++] = (struct sheet_column){ arena_printf(cli->arena, "%s_done", month),
			cli_say(cli, "done", "完成") };
	}
	sheet = sheet_new(stdout, format, columns, count, cli->options.given & OPT_BIT(HEADER));
	for (size_t i = 0; i < answer->n_rows; i++) {
		const Kehu__TargetsRow *row = answer->rows[i];
		struct sheet_cell cells[2 + 2 * TARGETS_MONTHS_MAX] = {
			{ CELL_NUMBER, arena_printf(cli->arena, "%" PRId64, row->person), NULL },
			{ .text = row->name }
		};

		for (size_t m = 0; m < row->n_cells; m++) {
			const Kehu__TargetsCell *cell = row->cells[m];

			cells[2 + 2 * m] = (struct sheet_cell){ CELL_NUMBER,
				cell->has_goal ? targets_amount(cli, answer, cell->goal) : "", NULL };
			cells[3 + 2 * m] = (struct sheet_cell){ CELL_NUMBER,
				cell->has_done ? targets_amount(cli, answer, cell->done) : "", NULL };
		}
		sheet_row(sheet, cells);
	}
	return cli_sheet_end(cli, sheet);
}

/* ---- setting ---- */

/* The row of a name or id. */
static const Kehu__TargetsRow *
targets_row(const Kehu__TargetsAnswer *answer, const char *name)
{
	for (size_t i = 0; i < answer->n_rows; i++) {
		char id[24];

		snprintf(id, sizeof(id), "%" PRId64, answer->rows[i]->person);
		if (strcmp(answer->rows[i]->name, name) == 0 || strcmp(id, name) == 0)
			return answer->rows[i];
	}
	return NULL;
}

/* "20,,25,-": nothing leaves a month as it is, a dash takes its target away. */
static enum err
targets_goals(struct cli *cli, const Kehu__Entity *entity, const Kehu__TargetsAnswer *answer, const char *measure,
    const char *word, Kehu__Bulk *bulk)
{
	char *name = arena_strdup(cli->arena, word), *goals = strchr(name, '=');
	const Kehu__TargetsRow *row;
	size_t month = 0;

	if (goals == NULL)
		return cli_fail(cli, ERR_INVALID, word, cli_say(cli, "NAME=GOAL,GOAL…", "姓名=目标,目标…"));
	*goals++ = '\0';
	row = targets_row(answer, name);
	if (row == NULL)
		return cli_fail(cli, ERR_NO_SUCH_RECORD, name, NULL);
	for (char *goal; (goal = strsep(&goals, ",")) != NULL; month++) {
		Kehu__ClientFrame *step;
		int64_t number = 0;

		if (month >= row->n_cells)
			return cli_fail(cli, ERR_INVALID, word,
			    cli_say(cli, "more goals than months; see --to", "目标多于月份，见 --to"));
		if (*goal == '\0')
			continue;
		if (strcmp(goal, "-") != 0) {
			enum err err = money_parse(goal, answer->money ? 2 : 0, &number);

			if (err != ERR_OK)
				return cli_fail(cli, err, goal, NULL);
		}
		step = goal_step(cli->arena, entity, answer, measure, row, month, strcmp(goal, "-") == 0 ? NULL : &number);
		if (step != NULL)
			bulk->steps[bulk->n_steps++] = step;
	}
	return ERR_OK;
}

static enum err
targets_set(struct cli *cli, const Kehu__Entity *entity, const Kehu__TargetsAnswer *answer, const char *measure)
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__Bulk bulk = KEHU__BULK__INIT;
	struct uuid intention = uuid_new();
	Kehu__ServerFrame *told;
	enum err err = ERR_OK;

	bulk.steps = ARENA_ARRAY(cli->arena, Kehu__ClientFrame *, cli->word_count * TARGETS_MONTHS_MAX);
	for (size_t i = 1; i < cli->word_count && err == ERR_OK; i++)
		err = targets_goals(cli, entity, answer, measure, cli->words[i], &bulk);
	if (err != ERR_OK || bulk.n_steps == 0)
		return err;
	bulk.has_intention = true;
	bulk.intention.data = intention.bytes;
	bulk.intention.len = sizeof(intention.bytes);
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_BULK;
	frame.bulk = &bulk;
	return cli_ask(cli, cli->arena, &frame, entity, &told);
}

enum err
cli_targets(struct cli *cli)
{
	const Kehu__TargetsAnswer *answer;
	const Kehu__DictionaryItem *item;
	const Kehu__Entity *entity;
	enum sheet_format format;
	const char *measure = cli->words[0];
	enum err err = cli_entity(cli, "target", &entity);

	if (err == ERR_OK)
		err = cli_format(cli, SHEET_TABLE, &format);
	if (err != ERR_OK)
		return err;
	item = cat_item_called(cat_dictionary(cli->cat, "target_measure"), measure);
	if (item != NULL)
		measure = item->code;
	err = targets_ask(cli, entity, measure, &answer);
	if (err == ERR_OK && cli->word_count > 1) {
		err = targets_set(cli, entity, answer, measure);
		if (err == ERR_OK)
			err = targets_ask(cli, entity, measure, &answer);
	}
	return err != ERR_OK ? err : targets_show(cli, format, answer);
}
