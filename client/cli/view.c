/*
 * kehu list --view, --group, --sum: saved views by name, one's own before those that others
 * share, and what they find counted and summed by the server.
 */
#include "client/cli/cli.h"

#include "common/buf.h"
#include "common/date.h"

#include <inttypes.h>
#include <string.h>

enum { VIEW_TEXTS = 7, VIEW_OWNER = 7, VIEWS_MAX = 200, VIEW_SUMS = 8, VIEW_CURRENCIES = 8 };

static const char *const view_fields[VIEW_TEXTS + 1] = { "name", "entity", "query", "columns",
	"sort_by", "group_by", "sum_of", "owner_id" };

/* ---- which view ---- */

static const char *
view_text(const Kehu__Row *row, size_t at)
{
	return at < row->n_cells && row->cells[at]->text != NULL ? row->cells[at]->text : "";
}

static enum err
view_from_row(struct cli *cli, const Kehu__Row *row, struct cli_view *view)
{
	*view = (struct cli_view){ .query = view_text(row, 2),
		.columns = view_text(row, 3),
		.sort = view_text(row, 4),
		.group = view_text(row, 5),
		.sums = view_text(row, 6) };
	return cli_entity(cli, view_text(row, 1), &view->entity);
}

static enum err
view_named(struct cli *cli, const char *name, struct cli_view *view)
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__List list = KEHU__LIST__INIT;
	uint32_t columns[VIEW_TEXTS + 1];
	Kehu__ServerFrame *answer;
	const Kehu__Entity *entity;
	const Kehu__Row *found = NULL;
	int64_t me = 0;
	enum err err = cli_entity(cli, "saved_view", &entity);

	if (err == ERR_OK)
		err = cli_reference(cli, cat_entity_called(cli->cat, "user"), "me", false, &me);
	if (err != ERR_OK)
		return err;
	for (size_t i = 0; i <= VIEW_TEXTS; i++) {
		const Kehu__Field *field = cat_field_called(entity, view_fields[i]);

		columns[i] = field != NULL ? field->number : 0;
	}
	list.has_entity = list.has_limit = true;
	list.entity = entity->number;
	list.limit = VIEWS_MAX;
	list.n_columns = VIEW_TEXTS + 1;
	list.columns = columns;
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_LIST;
	frame.list = &list;
	err = cli_ask(cli, cli->arena, &frame, entity, &answer);
	if (err != ERR_OK)
		return err;
	if (answer->answer_case != KEHU__SERVER_FRAME__ANSWER_PAGE)
		return cli_fail(cli, ERR_BAD_FRAME, NULL, NULL);
	for (size_t i = 0; i < answer->page->n_rows; i++) {
		const Kehu__Row *row = answer->page->rows[i];

		if (strcmp(view_text(row, 0), name) == 0 &&
		    (found == NULL || row->cells[VIEW_OWNER]->number == me))
			found = row;
	}
	return found != NULL
		   ? view_from_row(cli, found, view)
		   : cli_fail(cli, ERR_NO_SUCH_RECORD, name,
			 cli_say(cli, "kehu list saved_view", "kehu list saved_view"));
}

static void
view_override(const struct cli *cli, enum option_id option, const char **text)
{
	if (cli->options.values[option] != NULL)
		*text = cli->options.values[option];
}

enum err
cli_view_take(struct cli *cli, struct cli_view *view)
{
	const char *name = cli->options.values[OPT_VIEW];
	size_t first = name == NULL;
	enum err err;

	*view = (struct cli_view){
		.query = "", .columns = "", .sort = "", .group = "", .sums = ""
	};
	err = name == NULL ? cli_entity(cli, cli->words[0], &view->entity)
			   : view_named(cli, name, view);
	for (size_t i = first; err == ERR_OK && i < cli->word_count; i++)
		view->query = arena_printf(cli->arena, "%s%s%s", view->query,
		    view->query[0] != '\0' ? " " : "", cli->words[i]);
	view_override(cli, OPT_COLUMNS, &view->columns);
	view_override(cli, OPT_SORT, &view->sort);
	view_override(cli, OPT_GROUP, &view->group);
	view_override(cli, OPT_SUM, &view->sums);
	return err;
}

/* ---- groups ---- */

struct view_groups {
	const struct cli_view *view;
	const Kehu__Field *by, *sums[VIEW_SUMS];
	size_t sum_count;
	enum sheet_format format;
	const Kehu__GroupsAnswer *answer;
};

static enum err
view_field(
    struct cli *cli, const Kehu__Entity *entity, const char *name, const Kehu__Field **field)
{
	const char *near;

	*field = cat_field_called(entity, name);
	if (*field != NULL)
		return ERR_OK;
	near = cat_field_nearest(entity, name);
	return cli_fail(cli, ERR_NO_SUCH_FIELD, name,
	    near == NULL ? NULL
			 : arena_printf(cli->arena,
			       cli_say(cli, "did you mean %s?", "是否想用 %s？"), near));
}

static enum err
view_groups_ask(struct cli *cli, struct view_groups *groups)
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__Groups request = KEHU__GROUPS__INIT;
	char *rest = arena_strdup(cli->arena, groups->view->sums), *name;
	uint32_t sums[VIEW_SUMS];
	Kehu__ServerFrame *answer;
	enum err err = ERR_OK;

	if (groups->view->group[0] != '\0')
		err = view_field(cli, groups->view->entity, groups->view->group, &groups->by);
	while (err == ERR_OK && (name = strsep(&rest, ", ")) != NULL) {
		if (name[0] == '\0')
			continue;
		if (groups->sum_count == VIEW_SUMS)
			return cli_fail(cli, ERR_TOO_MANY, "--sum", NULL);
		err = view_field(
		    cli, groups->view->entity, name, &groups->sums[groups->sum_count]);
		if (err == ERR_OK) {
			sums[groups->sum_count] = groups->sums[groups->sum_count]->number;
			groups->sum_count++;
		}
	}
	if (err != ERR_OK)
		return err;
	request.has_entity = request.has_field = true;
	request.entity = groups->view->entity->number;
	request.field = groups->by != NULL ? groups->by->number : 0;
	request.query = arena_strdup(cli->arena, groups->view->query);
	request.n_sums = groups->sum_count;
	request.sums = sums;
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_GROUPS;
	frame.groups = &request;
	err = cli_ask(cli, cli->arena, &frame, groups->view->entity, &answer);
	if (err == ERR_OK && answer->answer_case != KEHU__SERVER_FRAME__ANSWER_GROUPS)
		err = cli_fail(cli, ERR_BAD_FRAME, NULL, NULL);
	if (err == ERR_OK)
		groups->answer = answer->groups;
	return err;
}

static struct sheet_cell
view_key(struct cli *cli, const struct view_groups *groups, const Kehu__Value *value)
{
	struct ymd ymd;

	if (groups->by == NULL || value == NULL || (!value->has_number && value->text == NULL))
		return (struct sheet_cell){ .text = "" };
	if (groups->by->type != CAT_DATE && groups->by->type != CAT_MOMENT)
		return cli_cell(cli, cli->arena, groups->format, groups->by, value);
	ymd = date_to_ymd(value->number);
	return (struct sheet_cell){ .text = arena_printf(
					cli->arena, "%04d-%02d", ymd.year, ymd.month) };
}

/* A line for each currency there is in the group's sums. */
static void
view_put_group(struct cli *cli, const struct view_groups *groups, struct sheet *sheet,
    const Kehu__Group *group, bool total)
{
	const char *currencies[VIEW_CURRENCIES] = { NULL };
	struct sheet_cell cells[VIEW_SUMS + 3];
	size_t count = 0;

	for (size_t i = 0; i < group->n_sums; i++) {
		bool known = group->sums[i]->currency == NULL || count == VIEW_CURRENCIES;

		for (size_t j = 0; j < count && !known; j++)
			known = strcmp(currencies[j], group->sums[i]->currency) == 0;
		if (!known)
			currencies[count++] = group->sums[i]->currency;
	}
	for (size_t c = 0; c < (count > 0 ? count : 1); c++) {
		memset(cells, 0, sizeof(cells));
		cells[0] = total ? (struct sheet_cell){ .text = cli_say(cli, "Total", "合计") }
				 : view_key(cli, groups, group->value);
		cells[1] = (struct sheet_cell){ CELL_NUMBER,
			arena_printf(cli->arena, "%" PRId64, group->count), NULL };
		cells[2].text = currencies[c];
		for (size_t s = 0; s < groups->sum_count; s++)
			for (size_t i = 0; i < group->n_sums; i++) {
				Kehu__Value value = KEHU__VALUE__INIT;

				if (group->sums[i]->field != groups->sums[s]->number ||
				    (group->sums[i]->currency != NULL &&
					strcmp(group->sums[i]->currency, currencies[c]) != 0))
					continue;
				value.has_number = true;
				value.number = group->sums[i]->sum;
				value.text = group->sums[i]->currency;
				if (value.text != NULL || c == 0)
					cells[3 + s] = cli_cell(cli, cli->arena, groups->format,
					    groups->sums[s], &value);
			}
		sheet_row(sheet, cells);
	}
}

enum err
cli_view_groups(struct cli *cli, const struct cli_view *view)
{
	struct view_groups groups = { .view = view };
	struct sheet_column columns[VIEW_SUMS + 3] = { { 0 } };
	struct sheet *sheet;
	enum err err = cli_format(cli, SHEET_TABLE, &groups.format);

	if (err == ERR_OK)
		err = view_groups_ask(cli, &groups);
	if (err != ERR_OK)
		return err;
	columns[0] = groups.by != NULL
			 ? (struct sheet_column){ groups.by->name, groups.by->label }
			 : (struct sheet_column){ "group", cli_say(cli, "Group", "分组") };
	columns[1] = (struct sheet_column){ "count", cli_say(cli, "Count", "数量") };
	columns[2] = (struct sheet_column){ "currency", cli_say(cli, "Currency", "币种") };
	for (size_t i = 0; i < groups.sum_count; i++)
		columns[3 + i] =
		    (struct sheet_column){ groups.sums[i]->name, groups.sums[i]->label };
	sheet = sheet_new(stdout, groups.format, columns, 3 + groups.sum_count,
	    cli->options.given & OPT_BIT(HEADER));
	for (size_t i = 0; i < groups.answer->n_groups; i++)
		view_put_group(cli, &groups, sheet, groups.answer->groups[i], false);
	if (groups.answer->total != NULL)
		view_put_group(cli, &groups, sheet, groups.answer->total, true);
	return cli_sheet_end(cli, sheet);
}
