/* How the calendar is drawn: a line for each activity of a day, a column for each day of a week, or a month. */
#include "client/screens/calendar_private.h"

#include "client/screens/cell.h"
#include "common/date.h"
#include "common/text.h"
#include <stdlib.h>
#include <string.h>

enum { CALENDAR_WEEK_DAYS = 7, CALENDAR_AGENDA_ROWS = 5, CALENDAR_WORK_FROM = 9, CALENDAR_WORK_TO = 17 };

static const char *
calendar_text(const struct calendar *calendar, const struct calendar_item *item, enum calendar_cell cell)
{
	const Kehu__Value *value = calendar_value(calendar, item->row, cell);
	const Kehu__Field *field = cat_field(calendar->entity, calendar->columns[cell]);

	return value == NULL || field == NULL ? "" : cell_text(calendar->app, field, value);
}

/* "09:00" */
static const char *
calendar_hour(const struct calendar *calendar, int64_t us)
{
	return date_format_us(cells_scratch(), us, calendar->app->offset_min) + 11;
}

/* Customer, or what it is for where there is none. */
static const char *
calendar_short(const struct calendar *calendar, const struct calendar_item *item)
{
	const char *customer = calendar_text(calendar, item, CALENDAR_CUSTOMER);

	return arena_printf(cells_scratch(), "%s%s%s", calendar_hour(calendar, item->at_us),
	    item->conflict ? "!" : " ",
	    *customer != '\0' ? customer : calendar_text(calendar, item, CALENDAR_PURPOSE));
}

static enum role
calendar_role(const struct calendar *calendar, const struct calendar_item *item)
{
	const Kehu__Value *state = calendar_value(calendar, item->row, CALENDAR_STATE);
	const char *code = state != NULL && state->text != NULL ? state->text : "";

	if (item->conflict)
		return ROLE_BAD;
	if (strcmp(code, "completed") == 0)
		return ROLE_MUTED;
	return strcmp(code, "started") == 0 ? ROLE_STRONG : ROLE_NORMAL;
}

static void
calendar_put(int y, int x, int cols, const char *text, enum role role)
{
	cells_put(y, x, cols, text_cut(cells_scratch(), text, (size_t)cols, false), role);
}

/* ---- a day, line by line ---- */

static void
calendar_draw_item(const struct calendar *calendar, const struct calendar_item *item, bool focus,
    struct rect rect, int row)
{
	int y = rect.y + row;

	calendar_put(y, rect.x, rect.cols,
	    arena_printf(cells_scratch(), "%s%s-%s%s %s %s %s %s", focus ? ">" : " ",
		calendar_hour(calendar, item->at_us), calendar_hour(calendar, item->end_us),
		item->conflict ? "!" : " ", calendar_text(calendar, item, CALENDAR_KIND),
		calendar_text(calendar, item, CALENDAR_CUSTOMER), calendar_text(calendar, item, CALENDAR_PURPOSE),
		calendar_text(calendar, item, CALENDAR_STATE)),
	    calendar_role(calendar, item));
	if (focus) {
		cells_paint(y, rect.x, rect.cols, ROLE_FOCUS);
		cells_cursor(y, rect.x);
	}
}

static void
calendar_draw_agenda(const struct calendar *calendar, struct rect rect)
{
	const struct calendar_item *first;
	size_t count = calendar_of_day(calendar, calendar->day, &first), top = 0;

	if (count == 0) {
		calendar_put(rect.y, rect.x + 1, rect.cols - 1, tr(T_CALENDAR_NONE), ROLE_MUTED);
		cells_cursor(rect.y, rect.x);
	}
	if (calendar->item >= (size_t)rect.rows)
		top = calendar->item - (size_t)rect.rows + 1;
	for (size_t i = top; i < count && i - top < (size_t)rect.rows; i++)
		calendar_draw_item(calendar, &first[i], i == calendar->item, rect, (int)(i - top));
}

/* ---- a day, hour by hour ---- */

/* The hours that are worked, and before and after them those that have something. */
static void
calendar_hours(const struct calendar *calendar, int *from, int *to)
{
	const struct calendar_item *first;
	size_t count = calendar_of_day(calendar, calendar->day, &first);

	*from = CALENDAR_WORK_FROM;
	*to = CALENDAR_WORK_TO;
	for (size_t i = 0; i < count; i++) {
		int hour = atoi(calendar_hour(calendar, first[i].at_us));

		*from = hour < *from ? hour : *from;
		*to = hour > *to ? hour : *to;
	}
}

static void
calendar_draw_day(const struct calendar *calendar, struct rect rect)
{
	const struct calendar_item *first;
	size_t count = calendar_of_day(calendar, calendar->day, &first);
	int from, to, line = 0, top = 0, at = 0;

	calendar_hours(calendar, &from, &to);
	/* The cursor's line, counted before anything is drawn, decides what is in sight. */
	for (int pass = 0; pass < 2; pass++) {
		line = 0;
		for (int hour = from; hour <= to; hour++) {
			bool any = false;

			for (size_t i = 0; i < count; i++) {
				if (atoi(calendar_hour(calendar, first[i].at_us)) != hour)
					continue;
				any = true;
				if (i == calendar->item)
					at = line;
				if (pass == 1 && line >= top && line < top + rect.rows)
					calendar_draw_item(calendar, &first[i], i == calendar->item, rect, line - top);
				line++;
			}
			if (!any && pass == 1 && line >= top && line < top + rect.rows)
				calendar_put(rect.y + line - top, rect.x + 1, rect.cols - 1,
				    arena_printf(cells_scratch(), "%02d:00", hour), ROLE_MUTED);
			line += !any;
		}
		top = at >= rect.rows ? at - rect.rows + 1 : 0;
	}
	if (count == 0)
		cells_cursor(rect.y, rect.x);
}

/* ---- a week, a month ---- */

/* Nobody works: a holiday, or a weekend that is not worked. */
static bool
calendar_is_free(const struct calendar *calendar, int64_t day)
{
	bool worked;
	const char *holiday = calendar_holiday(calendar, day, &worked);

	return holiday != NULL ? !worked : date_weekday(day) >= 6;
}

/* One day's box: its date, then what fits. */
static void
calendar_draw_box(const struct calendar *calendar, int64_t day, struct rect rect, bool this_month)
{
	const struct calendar_item *first;
	size_t count = calendar_of_day(calendar, day, &first), fit = (size_t)rect.rows - 1;
	struct ymd ymd = date_to_ymd(day);
	bool today = day == link_today(calendar->app->link);

	bool worked;
	const char *holiday = calendar_holiday(calendar, day, &worked);

	calendar_put(rect.y, rect.x, rect.cols,
	    arena_printf(cells_scratch(), "%s%d-%02d%s%s", day == calendar->day ? ">" : " ", ymd.month, ymd.day,
		today ? "*" : "", holiday == NULL ? "" : tr(worked ? T_CALENDAR_WORKED : T_CALENDAR_OFF)),
	    today ? ROLE_STRONG
	    : !this_month || calendar_is_free(calendar, day) ? ROLE_MUTED
							     : ROLE_NORMAL);
	if (day == calendar->day)
		cells_paint(rect.y, rect.x, rect.cols, ROLE_FOCUS);
	for (size_t i = 0; i < count && i < fit; i++) {
		int y = rect.y + 1 + (int)i;

		if (i + 1 == fit && count > fit) {
			calendar_put(y, rect.x, rect.cols,
			    arena_printf(cells_scratch(), tr(T_CALENDAR_MORE), (int)(count - i)), ROLE_MUTED);
			break;
		}
		calendar_put(y, rect.x, rect.cols, calendar_short(calendar, &first[i]),
		    calendar_role(calendar, &first[i]));
	}
}

static void
calendar_draw_weekdays(const struct calendar *calendar, int64_t monday, int y, int x, int cols)
{
	for (int i = 0; i < CALENDAR_WEEK_DAYS; i++) {
		const char *text = date_format_weekday(cells_scratch(), monday + i, calendar->app->lang);
		const char *space = strrchr(text, ' ');

		calendar_put(y, x + i * cols, cols - 1, space != NULL ? space + 1 : text, ROLE_STRONG);
	}
}

static void
calendar_draw_weeks(const struct calendar *calendar, int64_t monday, int weeks, struct rect rect)
{
	int cols = rect.cols / CALENDAR_WEEK_DAYS, rows = (rect.rows - 1) / weeks;
	int month = date_to_ymd(calendar->day).month;

	calendar_draw_weekdays(calendar, monday, rect.y, rect.x, cols);
	for (int i = 0; rows > 0 && i < weeks * CALENDAR_WEEK_DAYS; i++)
		calendar_draw_box(calendar, monday + i,
		    (struct rect){ rect.y + 1 + i / CALENDAR_WEEK_DAYS * rows,
			rect.x + i % CALENDAR_WEEK_DAYS * cols, rows, cols - 1 },
		    weeks == 1 || date_to_ymd(monday + i).month == month);
}

/* Weeks that the month of the cursor has a day in. */
static int
calendar_weeks(const struct calendar *calendar)
{
	int64_t last = date_month_end(calendar->day);

	return (int)((last - calendar->from) / CALENDAR_WEEK_DAYS) + 1;
}

static void
calendar_draw_title(const struct calendar *calendar, int y, int x, int cols)
{
	static const enum text_id views[] = { T_CALENDAR_DAY, T_CALENDAR_WEEK, T_CALENDAR_MONTH };
	int64_t from = calendar->day, to = calendar->day;

	if (calendar->view == CALENDAR_BY_WEEK) {
		from = calendar->day - (date_weekday(calendar->day) - 1);
		to = from + CALENDAR_WEEK_DAYS - 1;
	} else if (calendar->view == CALENDAR_BY_MONTH) {
		from = calendar->day - (date_to_ymd(calendar->day).day - 1);
		to = date_month_end(calendar->day);
	}
	cells_putf(y, x, cols, ROLE_STRONG, tr(T_CALENDAR_TITLE), tr(views[calendar->view]),
	    date_format(cells_scratch(), from), date_format(cells_scratch(), to),
	    calendar->owner != 0 ? calendar->owner_label : tr(T_CALENDAR_MINE));
}

/* The day under the cursor, with the name it has: "2026-10-01 周四 国庆节". */
static void
calendar_draw_cursor_day(const struct calendar *calendar, int y, int x, int cols)
{
	bool worked;
	const char *holiday = calendar_holiday(calendar, calendar->day, &worked);

	cells_put_right(y, x, cols,
	    arena_printf(cells_scratch(), "%s%s%s", date_format_weekday(cells_scratch(), calendar->day, calendar->app->lang),
		holiday != NULL ? " " : "", holiday != NULL ? text_print(cells_scratch(), holiday, TEXT_LINE) : ""),
	    ROLE_STRONG);
}

void
calendar_draw(struct screen *screen, struct rect rect)
{
	struct calendar *calendar = (struct calendar *)screen;
	int agenda = rect.rows > 30 ? 2 * CALENDAR_AGENDA_ROWS : CALENDAR_AGENDA_ROWS - 1;

	if (calendar->lang != calendar->app->lang && link_lang(calendar->app->link) == calendar->app->lang)
		calendar->screen.ops->resume(screen);
	calendar_draw_title(calendar, rect.y, rect.x + 1, rect.cols - 1);
	calendar_draw_cursor_day(calendar, rect.y, rect.x + rect.cols / 2, rect.cols - rect.cols / 2 - 1);
	cells_rule(rect.y + 1, rect.x, rect.cols);
	rect.y += 2;
	rect.rows -= 2;
	if (calendar->view == CALENDAR_BY_DAY) {
		calendar_draw_day(calendar, rect);
		return;
	}
	if (rect.rows < agenda + 4)
		agenda = 1;
	struct rect weeks = { rect.y, rect.x, rect.rows - agenda - 1, rect.cols };
	if (calendar->view == CALENDAR_BY_WEEK)
		calendar_draw_weeks(calendar, calendar->day - (date_weekday(calendar->day) - 1), 1, weeks);
	else
		calendar_draw_weeks(calendar, calendar->from, calendar_weeks(calendar), weeks);
	cells_rule(rect.y + rect.rows - agenda - 1, rect.x, rect.cols);
	calendar_draw_agenda(calendar, (struct rect){ rect.y + rect.rows - agenda, rect.x, agenda, rect.cols });
}
