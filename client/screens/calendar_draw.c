/* How the calendar is drawn: a line for each activity of a day, a column for each day of a week, or a month. */
#include "client/screens/calendar_private.h"

#include "client/screens/cell.h"
#include "common/date.h"
#include "common/text.h"
#include <string.h>

enum { CALENDAR_WEEK_DAYS = 7, CALENDAR_AGENDA_ROWS = 5 };

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
	for (size_t i = top; i < count && i - top < (size_t)rect.rows; i++) {
		int y = rect.y + (int)(i - top);
		bool focus = i == calendar->item;

		calendar_put(y, rect.x, rect.cols,
		    arena_printf(cells_scratch(), "%s%s-%s%s %s %s %s %s", focus ? ">" : " ",
			calendar_hour(calendar, first[i].at_us), calendar_hour(calendar, first[i].end_us),
			first[i].conflict ? "!" : " ", calendar_text(calendar, &first[i], CALENDAR_KIND),
			calendar_text(calendar, &first[i], CALENDAR_CUSTOMER),
			calendar_text(calendar, &first[i], CALENDAR_PURPOSE),
			calendar_text(calendar, &first[i], CALENDAR_STATE)),
		    calendar_role(calendar, &first[i]));
		if (focus) {
			cells_paint(y, rect.x, rect.cols, ROLE_FOCUS);
			cells_cursor(y, rect.x);
		}
	}
}

/* ---- a week, a month ---- */

/* One day's box: its date, then what fits. */
static void
calendar_draw_box(const struct calendar *calendar, int64_t day, struct rect rect, bool this_month)
{
	const struct calendar_item *first;
	size_t count = calendar_of_day(calendar, day, &first), fit = (size_t)rect.rows - 1;
	struct ymd ymd = date_to_ymd(day);
	bool today = day == link_today(calendar->app->link);

	calendar_put(rect.y, rect.x, rect.cols,
	    arena_printf(cells_scratch(), "%s%d-%02d%s", day == calendar->day ? ">" : " ", ymd.month, ymd.day,
		today ? "*" : ""),
	    today ? ROLE_STRONG : this_month ? ROLE_NORMAL : ROLE_MUTED);
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

void
calendar_draw(struct screen *screen, struct rect rect)
{
	struct calendar *calendar = (struct calendar *)screen;
	int agenda = rect.rows > 30 ? 2 * CALENDAR_AGENDA_ROWS : CALENDAR_AGENDA_ROWS - 1;

	if (calendar->lang != calendar->app->lang && link_lang(calendar->app->link) == calendar->app->lang)
		calendar->screen.ops->resume(screen);
	calendar_draw_title(calendar, rect.y, rect.x + 1, rect.cols - 1);
	cells_rule(rect.y + 1, rect.x, rect.cols);
	rect.y += 2;
	rect.rows -= 2;
	if (calendar->view == CALENDAR_BY_DAY) {
		calendar_draw_agenda(calendar, rect);
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
