/* today (what waits for the user) and calendar (activities of a time, as rows or as iCalendar). */
#include "client/cli/cli.h"

#include "common/date.h"
#include "common/ics.h"
#include "common/text.h"
#include <inttypes.h>
#include <string.h>

enum { CALENDAR_DAYS = 30, CALENDAR_ROWS = 500, TODAY_ROWS = 50, TODAY_COLUMNS = 5 };

/* ---- today ---- */

/* The cell of a row as people read it; "" where this user has it not. */
static const char *
day_cell(struct cli *cli, enum sheet_format format, const Kehu__Entity *entity, const Kehu__Page *page,
    const Kehu__Row *row, size_t at)
{
	const Kehu__Field *field = at < page->n_columns ? cat_field(entity, page->columns[at]) : NULL;
	const char *text;

	if (field == NULL || at >= row->n_cells)
		return "";
	text = cli_cell(cli, cli->arena, format, field, row->cells[at]).text;
	return text != NULL ? text : "";
}

static void
today_put(struct cli *cli, enum sheet_format format, struct sheet *sheet, const Kehu__TodaySection *section)
{
	const Kehu__Entity *entity = cat_entity(cli->cat, section->entity);
	const Kehu__Page *page = section->page;

	for (size_t i = 0; entity != NULL && i < page->n_rows; i++) {
		const Kehu__Row *row = page->rows[i];
		const char *rest = "";

		for (size_t c = 1; c < page->n_columns; c++) {
			const Kehu__Field *field = cat_field(entity, page->columns[c]);
			const char *text = field != NULL && field->type == CAT_INT ? "" :
			    day_cell(cli, SHEET_TABLE, entity, page, row, c);

			if (*text != '\0')
				rest = arena_printf(cli->arena, "%s%s%s", rest, *rest ? "  " : "",
				    text_print(cli->arena, text, TEXT_LINE));
		}
		sheet_row(sheet, (struct sheet_cell[TODAY_COLUMNS]){
		    { .text = format == SHEET_TABLE ? section->label : section->name },
		    { .text = entity->name },
		    { CELL_NUMBER, arena_printf(cli->arena, "%" PRId64, row->id), NULL },
		    { .text = day_cell(cli, format, entity, page, row, 0) }, { .text = rest } });
	}
}

enum err
cli_today(struct cli *cli)
{
	const struct sheet_column columns[TODAY_COLUMNS] = { { "section", cli_say(cli, "What", "类别") },
		{ "entity", cli_say(cli, "Entity", "对象") }, { "id", "id" },
		{ "when", cli_say(cli, "When", "时间") }, { "text", cli_say(cli, "Text", "内容") } };
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__Today request = KEHU__TODAY__INIT;
	Kehu__ServerFrame *answer;
	enum sheet_format format;
	struct sheet *sheet;
	int64_t limit;
	enum err err = cli_format(cli, SHEET_TABLE, &format);

	if (err == ERR_OK)
		err = cli_number(cli, OPT_LIMIT, TODAY_ROWS, &limit);
	if (err != ERR_OK)
		return err;
	request.has_limit = true;
	request.limit = (uint32_t)(limit < 1 || limit > TODAY_ROWS ? TODAY_ROWS : limit);
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_TODAY;
	frame.today = &request;
	err = cli_ask(cli, cli->arena, &frame, NULL, &answer);
	if (err != ERR_OK)
		return err;
	if (answer->answer_case != KEHU__SERVER_FRAME__ANSWER_TODAY)
		return cli_fail(cli, ERR_BAD_FRAME, NULL, NULL);
	sheet = sheet_new(stdout, format, columns, TODAY_COLUMNS, cli->options.given & OPT_BIT(HEADER));
	for (size_t i = 0; i < answer->today->n_sections; i++)
		today_put(cli, format, sheet, answer->today->sections[i]);
	return cli_sheet_end(cli, sheet);
}

/* ---- calendar ---- */

enum calendar_column { CALENDAR_AT, CALENDAR_MINUTES, CALENDAR_KIND, CALENDAR_CUSTOMER, CALENDAR_PURPOSE,
	CALENDAR_PLACE, CALENDAR_STATE, CALENDAR_SUMMARY, CALENDAR_COLUMNS };

struct calendar {
	const Kehu__Entity *entity;
	uint32_t columns[CALENDAR_COLUMNS];
	size_t places[CALENDAR_COLUMNS]; /* of each in a row; SIZE_MAX: not for this user */
	size_t count;
	const char *query;
	bool ics;
	struct buf out;
	struct sheet *sheet;
	enum sheet_format format;
	int64_t stamp_us;
};

static const char *
calendar_text(struct cli *cli, const struct calendar *calendar, enum sheet_format format, const Kehu__Page *page,
    const Kehu__Row *row, enum calendar_column column)
{
	return calendar->places[column] == SIZE_MAX ? "" :
	    day_cell(cli, format, calendar->entity, page, row, calendar->places[column]);
}

static int64_t
calendar_number(const struct calendar *calendar, const Kehu__Row *row, enum calendar_column column)
{
	size_t at = calendar->places[column];

	return at < row->n_cells && row->cells[at]->has_number ? row->cells[at]->number : 0;
}

static void
calendar_put_event(struct cli *cli, struct calendar *calendar, const Kehu__Page *page, const Kehu__Row *row)
{
	const char *customer = calendar_text(cli, calendar, SHEET_TABLE, page, row, CALENDAR_CUSTOMER);
	int64_t start = calendar_number(calendar, row, CALENDAR_AT);
	size_t state = calendar->places[CALENDAR_STATE];
	const char *code = state < row->n_cells && row->cells[state]->text != NULL ? row->cells[state]->text : "";

	ics_event(&calendar->out, &(struct ics_event){
	    .uid = arena_printf(cli->arena, "visit-%" PRId64 "@%s", row->id, cli->settings.server),
	    .summary = arena_printf(cli->arena, "%s %s%s%s",
		calendar_text(cli, calendar, SHEET_TABLE, page, row, CALENDAR_KIND),
		calendar_text(cli, calendar, SHEET_TABLE, page, row, CALENDAR_PURPOSE), *customer ? " - " : "", customer),
	    .description = calendar_text(cli, calendar, SHEET_TABLE, page, row, CALENDAR_SUMMARY),
	    .location = calendar_text(cli, calendar, SHEET_TABLE, page, row, CALENDAR_PLACE),
	    .start_us = start,
	    .end_us = start + calendar_number(calendar, row, CALENDAR_MINUTES) * 60 * US_PER_SECOND,
	    .stamp_us = calendar->stamp_us,
	    .sequence = row->version,
	    .status = strcmp(code, "planned") == 0     ? ICS_TENTATIVE
		      : strcmp(code, "cancelled") == 0 ? ICS_CANCELLED
						       : ICS_CONFIRMED });
}

static void
calendar_put_row(struct cli *cli, struct calendar *calendar, const Kehu__Page *page, const Kehu__Row *row)
{
	struct sheet_cell cells[CALENDAR_COLUMNS + 1] = { { CELL_NUMBER,
		arena_printf(cli->arena, "%" PRId64, row->id), NULL } };

	for (size_t i = 0; i < CALENDAR_COLUMNS; i++)
		cells[i + 1].text = calendar_text(cli, calendar, calendar->format, page, row, (enum calendar_column)i);
	sheet_row(calendar->sheet, cells);
}

static enum err
calendar_read(struct cli *cli, struct calendar *calendar)
{
	ProtobufCBinaryData cursor = { 0 };

	for (;;) {
		Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
		Kehu__List list = KEHU__LIST__INIT;
		Kehu__ServerFrame *answer;
		enum err err;

		list.has_entity = list.has_limit = true;
		list.entity = calendar->entity->number;
		list.query = arena_strdup(cli->arena, calendar->query);
		list.columns = calendar->columns;
		list.n_columns = calendar->count;
		list.limit = CALENDAR_ROWS;
		list.has_cursor = cursor.len > 0;
		list.cursor = cursor;
		frame.request_case = KEHU__CLIENT_FRAME__REQUEST_LIST;
		frame.list = &list;
		err = cli_ask(cli, cli->arena, &frame, calendar->entity, &answer);
		if (err != ERR_OK)
			return err;
		if (answer->answer_case != KEHU__SERVER_FRAME__ANSWER_PAGE)
			return cli_fail(cli, ERR_BAD_FRAME, NULL, NULL);
		for (size_t i = 0; i < answer->page->n_rows; i++) {
			if (calendar->ics)
				calendar_put_event(cli, calendar, answer->page, answer->page->rows[i]);
			else
				calendar_put_row(cli, calendar, answer->page, answer->page->rows[i]);
		}
		if (!answer->page->has_next)
			return ERR_OK;
		cursor = answer->page->next;
	}
}

static enum err
calendar_day(struct cli *cli, enum option_id option, int64_t fallback, int64_t *day)
{
	const char *text = cli->options.values[option];

	*day = fallback;
	if (text == NULL || date_parse(text, date_today(cli->offset_min), false, day) == ERR_OK)
		return ERR_OK;
	return cli_fail(cli, ERR_NOT_A_DATE, text, NULL);
}

static enum err
calendar_query(struct cli *cli, struct calendar *calendar)
{
	int64_t from, to, owner = link_user(cli->link)->id;
	const Kehu__Entity *user;
	enum err err = calendar_day(cli, OPT_FROM, date_today(cli->offset_min), &from);

	if (err == ERR_OK)
		err = calendar_day(cli, OPT_TO, from + CALENDAR_DAYS, &to);
	if (err == ERR_OK && to < from)
		err = cli_fail(cli, ERR_INVALID, "--to", NULL);
	if (err == ERR_OK && cli->word_count > 0) {
		err = cli_entity(cli, "user", &user);
		if (err == ERR_OK)
			err = cli_reference(cli, user, cli->words[0], true, &owner);
	}
	if (err == ERR_OK)
		calendar->query = arena_printf(cli->arena, "owner:#%" PRId64 "%s at:%s..%s sort:at", owner,
		    calendar->ics ? "" : " -state:cancelled", date_format(cli->arena, from), date_format(cli->arena, to));
	return err;
}

static void
calendar_take_columns(struct calendar *calendar, const char *const *names)
{
	for (size_t i = 0; i < CALENDAR_COLUMNS; i++) {
		const Kehu__Field *field = cat_field_called(calendar->entity, names[i]);

		calendar->places[i] = field != NULL ? calendar->count : SIZE_MAX;
		if (field != NULL)
			calendar->columns[calendar->count++] = field->number;
	}
}

/* To the file, whole or not at all: a calendar program may read it meanwhile. */
static enum err
calendar_write(struct cli *cli, struct calendar *calendar)
{
	struct cli_file file;
	enum err err;
	bool good;

	ics_end(&calendar->out);
	err = cli_file_open(cli, &file, cli->options.values[OPT_OUTPUT] != NULL ? cli->options.values[OPT_OUTPUT] : "-");
	if (err != ERR_OK)
		return err;
	good = fwrite(calendar->out.data, 1, calendar->out.bytes, file.stream) == calendar->out.bytes;
	return cli_file_close(cli, &file, good);
}

enum err
cli_calendar(struct cli *cli)
{
	static const char *const names[CALENDAR_COLUMNS] = { "at", "minutes", "kind", "customer_id", "purpose", "place",
		"state", "summary" };
	const char *format = cli->options.values[OPT_FORMAT];
	struct calendar calendar = { .out = BUF_INIT, .stamp_us = date_now_us() };
	struct sheet_column columns[CALENDAR_COLUMNS + 1] = { { "id", "id" } };
	enum err err;

	calendar.ics = format != NULL && strcmp(format, "ics") == 0;
	err = cli_entity(cli, "visit", &calendar.entity);
	if (err == ERR_OK && !calendar.ics)
		err = cli_format(cli, SHEET_TABLE, &calendar.format);
	if (err == ERR_OK)
		err = calendar_query(cli, &calendar);
	if (err != ERR_OK)
		return err;
	calendar_take_columns(&calendar, names);
	for (size_t i = 0; i < CALENDAR_COLUMNS; i++) {
		const Kehu__Field *field = cat_field_called(calendar.entity, names[i]);

		columns[i + 1] = (struct sheet_column){ names[i], field != NULL ? field->label : names[i] };
	}
	if (calendar.ics)
		ics_begin(&calendar.out, link_user(cli->link)->label);
	else
		calendar.sheet = sheet_new(stdout, calendar.format, columns, CALENDAR_COLUMNS + 1,
		    cli->options.given & OPT_BIT(HEADER));
	err = calendar_read(cli, &calendar);
	if (calendar.ics && err == ERR_OK)
		err = calendar_write(cli, &calendar);
	else if (!calendar.ics && err == ERR_OK)
		err = cli_sheet_end(cli, calendar.sheet);
	buf_fini(&calendar.out);
	return err;
}
