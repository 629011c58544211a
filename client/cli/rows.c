/*
 * Pages of rows to standard output: list, related, history. One page is in memory at a time;
 * the next one is asked for when it has been written.
 */
#include "client/cli/cli.h"

#include "common/date.h"
#include <inttypes.h>
#include <string.h>

#define CLI_PAGE_ROWS    200
#define CLI_DEFAULT_ROWS 50
#define CLI_MAX_COLUMNS  200

/* ---- columns ---- */

static enum err
cli_column(
    struct cli *cli, const Kehu__Entity *entity, const char *name, struct cli_column *column)
{
	*column = (struct cli_column){ .field = cat_field_called(entity, name) };
	if (column->field != NULL || strcmp(name, "id") == 0)
		return ERR_OK;
	column->version = strcmp(name, "version") == 0;
	if (column->version)
		return ERR_OK;
	const char *near = cat_field_nearest(entity, name);
	return cli_fail(cli, ERR_NO_SUCH_FIELD, name,
	    near == NULL ? NULL
			 : arena_printf(cli->arena,
			       cli_say(cli, "did you mean %s?", "是否想用 %s？"), near));
}

static size_t
cli_default_columns(const Kehu__Entity *entity, struct cli_column *columns, size_t max)
{
	uint32_t numbers[CLI_MAX_COLUMNS];
	size_t found = cat_columns(entity, numbers, max - 1), count = 0;

	columns[count++] = (struct cli_column){ 0 };
	for (size_t i = 0; i < found; i++)
		columns[count++] =
		    (struct cli_column){ .field = cat_field(entity, numbers[i]) };
	/* An entity without default columns still has a name to show. */
	if (found == 0 && cat_field(entity, entity->label_field) != NULL)
		columns[count++] =
		    (struct cli_column){ .field = cat_field(entity, entity->label_field) };
	return count;
}

enum err
cli_columns(struct cli *cli, const Kehu__Entity *entity, const char *text,
    struct cli_column **columns, size_t *count)
{
	char *rest = arena_strdup(cli->arena, text), *name;

	*columns = ARENA_ARRAY(cli->arena, struct cli_column, CLI_MAX_COLUMNS);
	*count = 0;
	if (text == NULL) {
		*count = cli_default_columns(entity, *columns, CLI_MAX_COLUMNS);
		return ERR_OK;
	}
	while ((name = strsep(&rest, ", ")) != NULL) {
		if (name[0] == '\0')
			continue;
		if (*count == CLI_MAX_COLUMNS)
			return cli_fail(cli, ERR_TOO_MANY, "--columns", NULL);
		enum err err = cli_column(cli, entity, name, &(*columns)[*count]);
		if (err != ERR_OK)
			return err;
		(*count)++;
	}
	return *count > 0 ? ERR_OK : cli_fail(cli, ERR_USAGE, "--columns", NULL);
}

static struct sheet *
cli_sheet(
    struct cli *cli, enum sheet_format format, const struct cli_column *columns, size_t count)
{
	struct sheet_column *heads = ARENA_ARRAY(cli->arena, struct sheet_column, count);

	for (size_t i = 0; i < count; i++) {
		const Kehu__Field *field = columns[i].field;

		if (field != NULL)
			heads[i] = (struct sheet_column){ field->name, field->label };
		else if (columns[i].version)
			heads[i] =
			    (struct sheet_column){ "version", cli_say(cli, "Version", "版本") };
		else
			heads[i] = (struct sheet_column){ "id", "ID" };
	}
	return sheet_new(stdout, format, heads, count, cli->options.given & OPT_BIT(HEADER));
}

/* The field numbers the server is asked for: each once, in order of first use. */
static size_t
cli_wanted(const struct cli_column *columns, size_t count, uint32_t *numbers)
{
	size_t wanted = 0;

	for (size_t i = 0; i < count; i++) {
		bool known = columns[i].field == NULL;

		for (size_t j = 0; j < wanted && !known; j++)
			known = numbers[j] == columns[i].field->number;
		if (!known)
			numbers[wanted++] = columns[i].field->number;
	}
	return wanted;
}

static const Kehu__Value *
cli_row_value(const Kehu__Page *page, const Kehu__Row *row, uint32_t field)
{
	for (size_t i = 0; i < page->n_columns && i < row->n_cells; i++)
		if (page->columns[i] == field)
			return row->cells[i];
	return NULL;
}

static void
cli_put_row(struct cli *cli, struct arena *arena, struct sheet *sheet, enum sheet_format format,
    const Kehu__Page *page, const Kehu__Row *row, const struct cli_column *columns,
    size_t count)
{
	struct sheet_cell *cells = ARENA_ARRAY(arena, struct sheet_cell, count);

	for (size_t i = 0; i < count; i++) {
		const Kehu__Field *field = columns[i].field;

		if (field != NULL)
			cells[i] = cli_cell(
			    cli, arena, format, field, cli_row_value(page, row, field->number));
		else
			cells[i] = (struct sheet_cell){ .kind = CELL_NUMBER,
				.text = columns[i].version
					    ? arena_printf(arena, "%" PRIu32, row->version)
					    : arena_printf(arena, "%" PRId64, row->id) };
	}
	sheet_row(sheet, cells);
}

/* ---- paging ---- */

struct cli_pages {
	const Kehu__Entity *entity;
	Kehu__ClientFrame *frame; /* List or Related */
	struct cli_column *columns;
	size_t count;
	const char *names; /* of the columns; NULL: the default ones */
	int64_t limit; /* 0: all */
};

/* Where the next page's cursor and size go. */
static void
cli_turn_page(struct cli_pages *pages, const ProtobufCBinaryData *cursor, uint32_t limit)
{
	if (pages->frame->request_case == KEHU__CLIENT_FRAME__REQUEST_LIST) {
		Kehu__List *list = pages->frame->list;

		list->has_cursor = cursor != NULL;
		if (cursor != NULL)
			list->cursor = *cursor;
		list->has_limit = true;
		list->limit = limit;
	} else {
		Kehu__Related *related = pages->frame->related;

		related->has_cursor = cursor != NULL;
		if (cursor != NULL)
			related->cursor = *cursor;
		related->has_limit = true;
		related->limit = limit;
	}
}

static enum err
cli_pages_run(
    struct cli *cli, struct cli_pages *pages, struct sheet *sheet, enum sheet_format format)
{
	struct arena *arena = arena_new(0), *next = arena_new(0);
	ProtobufCBinaryData cursor;
	bool more = true, begun = false;
	int64_t shown = 0;
	enum err err = ERR_OK;

	while (err == ERR_OK && more) {
		int64_t left = pages->limit == 0 ? CLI_PAGE_ROWS : pages->limit - shown;
		Kehu__ServerFrame *answer;
		struct arena *swap;

		cli_turn_page(pages, begun ? &cursor : NULL,
		    (uint32_t)(left < CLI_PAGE_ROWS ? left : CLI_PAGE_ROWS));
		err = cli_ask(cli, next, pages->frame, pages->entity, &answer);
		if (err != ERR_OK)
			break;
		if (answer->answer_case != KEHU__SERVER_FRAME__ANSWER_PAGE) {
			err = cli_fail(cli, ERR_BAD_FRAME, NULL, NULL);
			break;
		}
		for (size_t i = 0; i < answer->page->n_rows; i++)
			cli_put_row(cli, next, sheet, format, answer->page,
			    answer->page->rows[i], pages->columns, pages->count);
		shown += (int64_t)answer->page->n_rows;
		more = answer->page->has_next && answer->page->next.len > 0;
		cursor = answer->page->next;
		begun = true;
		/* The cursor lives in this page's arena until the next page is here. */
		swap = arena;
		arena = next;
		next = swap;
		arena_reset(next);
		if (more && pages->limit != 0 && shown >= pages->limit) {
			if (cli->options.values[OPT_LIMIT] == NULL)
				cli_note(cli,
				    cli_say(cli,
					"%d rows shown, there are more; --limit 0 shows all",
					"已显示 %d 行，还有更多；--limit 0 显示全部"),
				    (int)shown);
			break;
		}
	}
	arena_free(arena);
	arena_free(next);
	return err;
}

static enum err
cli_pages_show(struct cli *cli, struct cli_pages *pages)
{
	enum sheet_format format;
	uint32_t numbers[CLI_MAX_COLUMNS];
	size_t wanted;

	enum err err = cli_format(cli, SHEET_TABLE, &format);
	if (err == ERR_OK)
		err = cli_number(cli, OPT_LIMIT, CLI_DEFAULT_ROWS, &pages->limit);
	if (err == ERR_OK)
		err = cli_columns(cli, pages->entity, pages->names,
		    &pages->columns, &pages->count);
	if (err != ERR_OK)
		return err;
	wanted = cli_wanted(pages->columns, pages->count, numbers);
	if (pages->frame->request_case == KEHU__CLIENT_FRAME__REQUEST_LIST) {
		pages->frame->list->n_columns = wanted;
		pages->frame->list->columns = numbers;
	} else {
		pages->frame->related->n_columns = wanted;
		pages->frame->related->columns = numbers;
	}
	struct sheet *sheet = cli_sheet(cli, format, pages->columns, pages->count);
	err = cli_pages_run(cli, pages, sheet, format);
	enum err written = cli_sheet_end(cli, sheet);
	return err != ERR_OK ? err : written;
}

/* ---- list ---- */

static enum err
cli_sort(struct cli *cli, const Kehu__Entity *entity, const char *name, Kehu__List *list)
{
	struct cli_column column;

	if (name[0] == '\0')
		return ERR_OK;
	list->has_sort = list->has_down = true;
	list->down = name[0] == '-';
	name += list->down;
	enum err err = cli_column(cli, entity, name, &column);
	if (err == ERR_OK && column.field == NULL)
		return cli_fail(cli, ERR_NO_SUCH_FIELD, name, NULL);
	if (err == ERR_OK)
		list->sort = column.field->number;
	return err;
}

enum err
cli_list(struct cli *cli)
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__List list = KEHU__LIST__INIT;
	struct cli_pages pages = { .frame = &frame };
	struct cli_view view;

	enum err err = cli_view_take(cli, &view);
	if (err == ERR_OK && (view.group[0] != '\0' || cli->options.values[OPT_SUM] != NULL))
		return cli_view_groups(cli, &view);
	pages.entity = view.entity;
	pages.names = view.columns[0] != '\0' ? view.columns : NULL;
	if (err == ERR_OK)
		err = cli_sort(cli, pages.entity, view.sort, &list);
	if (err != ERR_OK)
		return err;
	list.has_entity = true;
	list.entity = pages.entity->number;
	list.query = view.query[0] == '\0' ? NULL : arena_strdup(cli->arena, view.query);
	list.has_deleted = list.deleted = cli->options.given & OPT_BIT(DELETED);
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_LIST;
	frame.list = &list;
	return cli_pages_show(cli, &pages);
}

/* ---- related ---- */

/* The tab meant: by the entity's names or the tab's label. */
static const Kehu__Tab *
cli_tab(struct cli *cli, const Kehu__Entity *entity, const char *word)
{
	const Kehu__Entity *related = cat_entity_called(cli->cat, word);

	for (size_t i = 0; i < entity->n_tabs; i++) {
		const Kehu__Tab *tab = entity->tabs[i];

		if (related != NULL && tab->entity == related->number)
			return tab;
		if (tab->label != NULL && strcmp(tab->label, word) == 0)
			return tab;
	}
	return NULL;
}

enum err
cli_related(struct cli *cli)
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__Related related = KEHU__RELATED__INIT;
	struct cli_pages pages = { .frame = &frame };
	const Kehu__Entity *entity;
	const Kehu__Tab *tab;
	int64_t id;

	enum err err = cli_entity(cli, cli->words[0], &entity);
	if (err == ERR_OK)
		err = cli_id(cli, entity, cli->words[1], &id);
	if (err != ERR_OK)
		return err;
	tab = cli_tab(cli, entity, cli->words[2]);
	if (tab == NULL)
		return cli_fail(cli, ERR_NO_SUCH_ENTITY, cli->words[2], NULL);
	pages.entity = cat_entity(cli->cat, tab->entity);
	if (pages.entity == NULL)
		return cli_fail(cli, ERR_NO_SUCH_ENTITY, cli->words[2], NULL);
	related.has_entity = related.has_id = related.has_related = related.has_field = true;
	related.entity = entity->number;
	related.id = id;
	related.related = tab->entity;
	related.field = tab->field;
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_RELATED;
	frame.related = &related;
	pages.names = cli->options.values[OPT_COLUMNS];
	return cli_pages_show(cli, &pages);
}

/* ---- history ---- */

static const char *
cli_change_kind(const struct cli *cli, uint32_t kind)
{
	switch (kind) {
	case 1:
		return cli_say(cli, "created", "新建");
	case 2:
		return cli_say(cli, "changed", "修改");
	case 3:
		return cli_say(cli, "deleted", "删除");
	case 4:
		return cli_say(cli, "restored", "恢复");
	case 5:
		return cli_say(cli, "shared", "共享");
	case 6:
		return cli_say(cli, "unshared", "取消共享");
	default:
		return "?";
	}
}

static const struct sheet_column cli_history_columns[][2] = {
	{ { "at", "At" }, { "at", "时间" } },
	{ { "user", "User" }, { "user", "用户" } },
	{ { "change", "Change" }, { "change", "操作" } },
	{ { "entity", "Kind" }, { "entity", "类别" } },
	{ { "id", "ID" }, { "id", "ID" } },
	{ { "field", "Field" }, { "field", "字段" } },
	{ { "old", "Before" }, { "old", "原值" } },
	{ { "new", "After" }, { "new", "新值" } },
};
#define CLI_HISTORY_COLUMNS (sizeof(cli_history_columns) / sizeof(cli_history_columns[0]))

static void
cli_put_change(struct cli *cli, struct arena *arena, struct sheet *sheet,
    enum sheet_format format, const Kehu__Change *change, const Kehu__FieldChange *field_change)
{
	const Kehu__Entity *entity = cat_entity(cli->cat, change->entity);
	const Kehu__Field *field = entity == NULL || field_change == NULL
				       ? NULL
				       : cat_field(entity, field_change->field);
	Kehu__Field moment = KEHU__FIELD__INIT;
	Kehu__Value at = KEHU__VALUE__INIT;
	struct sheet_cell cells[CLI_HISTORY_COLUMNS] = { 0 };

	moment.type = CAT_MOMENT;
	at.has_number = true;
	at.number = change->at_us;
	cells[0] = cli_cell(cli, arena, format, &moment, &at);
	cells[1].text = change->user_label;
	cells[2].text = format == SHEET_TABLE
			    ? cli_change_kind(cli, change->kind)
			    : cli_change_kind(&(struct cli){ .lang = LANG_EN }, change->kind);
	cells[3].text = entity == NULL          ? NULL
			: format == SHEET_TABLE ? entity->label
						: entity->name;
	cells[4] = (struct sheet_cell){ .kind = CELL_NUMBER,
		.text = arena_printf(arena, "%" PRId64, change->id) };
	if (field != NULL) {
		cells[5].text = format == SHEET_TABLE ? field->label : field->name;
		cells[6] = cli_cell(cli, arena, format, field, field_change->old);
		cells[7] = cli_cell(cli, arena, format, field, field_change->new_);
	} else if (change->note != NULL) {
		cells[7].text = change->note;
	}
	sheet_row(sheet, cells);
}

void
cli_put_history(struct cli *cli, struct arena *arena, struct sheet *sheet,
    enum sheet_format format, const Kehu__HistoryAnswer *history)
{
	for (size_t i = 0; i < history->n_changes; i++) {
		const Kehu__Change *change = history->changes[i];

		for (size_t j = 0; j < change->n_fields; j++)
			cli_put_change(cli, arena, sheet, format, change, change->fields[j]);
		if (change->n_fields == 0)
			cli_put_change(cli, arena, sheet, format, change, NULL);
	}
}

/* Pages of changes until limit (0: all). */
static enum err
cli_history_run(struct cli *cli, const Kehu__Entity *entity, Kehu__History *history,
    int64_t limit, struct sheet *sheet, enum sheet_format format)
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	struct arena *arena = arena_new(0), *last = arena_new(0);
	enum err err = ERR_OK;
	int64_t shown = 0;
	bool more = true;

	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_HISTORY;
	frame.history = history;
	while (err == ERR_OK && more && (limit == 0 || shown < limit)) {
		Kehu__ServerFrame *answer;
		struct arena *swap = last;

		history->has_limit = true;
		history->limit = limit == 0 || limit - shown > CLI_PAGE_ROWS
				     ? CLI_PAGE_ROWS
				     : (uint32_t)(limit - shown);
		err = cli_ask(cli, arena, &frame, entity, &answer);
		if (err != ERR_OK || answer->answer_case != KEHU__SERVER_FRAME__ANSWER_HISTORY)
			break;
		cli_put_history(cli, arena, sheet, format, answer->history);
		shown += (int64_t)answer->history->n_changes;
		more = answer->history->has_next && answer->history->next.len > 0;
		history->has_cursor = more;
		history->cursor = answer->history->next;
		last = arena;
		arena = swap;
		arena_reset(arena);
	}
	arena_free(arena);
	arena_free(last);
	return err;
}

struct sheet *
cli_history_sheet(struct cli *cli, enum sheet_format format)
{
	struct sheet_column *columns =
	    ARENA_ARRAY(cli->arena, struct sheet_column, CLI_HISTORY_COLUMNS);

	for (size_t i = 0; i < CLI_HISTORY_COLUMNS; i++)
		columns[i] = cli_history_columns[i][cli->lang == LANG_ZH];
	return sheet_new(stdout, format, columns, CLI_HISTORY_COLUMNS,
	    cli->options.given & OPT_BIT(HEADER));
}

enum err
cli_history(struct cli *cli)
{
	Kehu__History history = KEHU__HISTORY__INIT;
	const Kehu__Entity *entity;
	enum sheet_format format;
	int64_t limit;

	enum err err = cli_entity(cli, cli->words[0], &entity);
	if (err == ERR_OK)
		err = cli_id(cli, entity, cli->words[1], &history.id);
	if (err == ERR_OK)
		err = cli_format(cli, SHEET_TABLE, &format);
	if (err == ERR_OK)
		err = cli_number(cli, OPT_LIMIT, CLI_DEFAULT_ROWS, &limit);
	if (err != ERR_OK)
		return err;
	history.has_entity = history.has_id = true;
	history.entity = entity->number;
	struct sheet *sheet = cli_history_sheet(cli, format);
	err = cli_history_run(cli, entity, &history, limit, sheet, format);
	enum err written = cli_sheet_end(cli, sheet);
	return err != ERR_OK ? err : written;
}
