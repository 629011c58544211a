/*
 * The overview of a record: its head line, its fields by section with the figures below them,
 * and the timeline made from the dated rows of its tabs. Empty fields are left out.
 */
#include "client/screens/cell.h"
#include "client/screens/draft.h"
#include "client/screens/record.h"
#include "common/date.h"
#include "common/text.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
	OVERVIEW_LINES = 256,
	OVERVIEW_LABEL_COLS = 14,
	OVERVIEW_LONG_DAYS = 30, /* nobody was there for so long: the figure is marked */
	OVERVIEW_TWO_COLS =
	    76, /* without a timeline, fields stand in two columns from here on */
};

/* Between the pieces of a line's text; no cleaned text has it. */
#define OVERVIEW_PIECE "\x1f"

struct overview_line {
	const char *label, *text; /* no text: a heading */
	enum role role;
};

struct overview_page {
	struct overview_line lines[OVERVIEW_LINES];
	size_t count;
	int label_cols;
};

static struct list_column overview_columns[2] = {
	{ .min_cols = 7, .want_cols = 7 },
	{ .min_cols = 10, .want_cols = 40, .stretch = true },
};

/* ---- the head line ---- */

static bool
overview_in_head(const struct record_screen *screen, const Kehu__Field *field)
{
	if (field->number == screen->entity->label_field)
		return false;
	return (field->flags & CAT_COLUMN) != 0 &&
	       (field->type == CAT_CHOICE || strcmp(field->name, "owner_id") == 0);
}

static const char *
overview_number(const struct record_screen *screen)
{
	const Kehu__Value *value =
	    cat_value(screen->record, app_field(screen->entity, "number"));

	if (!cat_value_empty(value) && value->text != NULL)
		return arena_printf(cells_scratch(), "#%s",
		    text_print(cells_scratch(), value->text, TEXT_LINE));
	return arena_printf(cells_scratch(), "#%" PRId64, screen->id);
}

void
record_head_draw(struct record_screen *screen, struct rect rect)
{
	const char *version =
	    arena_printf(cells_scratch(), tr(T_RECORD_VERSION), screen->record->version);
	const char *number = overview_number(screen);
	const char *label = screen->record->label != NULL ? screen->record->label : "";
	int right = (int)text_cols(version), x = rect.x, end = rect.x + rect.cols - right - 2;

	x += cells_add(rect.y, x, end - x, number, ROLE_LINK);
	if (strcmp(number + 1, label) != 0) /* papers are called by their number */
		x += cells_add(rect.y, x + 1, end - x - 1, label, ROLE_STRONG) + 1;
	if (screen->record->deleted)
		x += cells_add(rect.y, x + 2, end - x - 2, tr(T_RECORD_DELETED), ROLE_BAD) + 2;
	for (size_t i = 0; i < screen->entity->n_fields && x + 4 < end; i++) {
		const Kehu__Field *field = screen->entity->fields[i];
		const Kehu__Value *value = cat_value(screen->record, field->number);
		const char *text;

		if (!overview_in_head(screen, field) || cat_value_empty(value))
			continue;
		text = arena_printf(cells_scratch(), "  %s %s", field->label,
		    cell_text(screen->app, field, value));
		/* A part of a word is no word. */
		if (x + (int)text_cols(text) <= end)
			x += cells_add(rect.y, x, end - x, text,
			    cell_role(app_cat(screen->app), field, value));
	}
	cells_put_right(rect.y, rect.x + rect.cols - right - 1, right, version, ROLE_MUTED);
}

/* ---- fields ---- */

static void
overview_add(struct overview_page *page, const char *label, const char *text, enum role role)
{
	int cols = (int)text_cols(label);

	if (page->count == OVERVIEW_LINES)
		return;
	if (text != NULL && cols > page->label_cols)
		page->label_cols = cols;
	page->lines[page->count++] = (struct overview_line){ label, text, role };
}

/* Of several numbers in a row nobody knows which is which; words say it themselves. */
static bool
overview_is_number(const Kehu__Field *field)
{
	return field->type == CAT_QUANTITY || field->type == CAT_MONEY || field->type == CAT_INT;
}

/* The lines of a kind, one below the other, named once. */
static void
overview_add_lines(
    struct record_screen *screen, struct overview_page *page, const Kehu__Entity *kind)
{
	struct cat_style style = app_style(screen->app);
	const char *label = kind->label;

	for (size_t i = 0; i < screen->record->n_lines; i++) {
		const Kehu__Record *line = screen->record->lines[i];
		const char *text = "", *named = "";

		if (line->entity != kind->number)
			continue;
		for (size_t f = 0; f < kind->n_fields; f++) {
			const char *cell = cat_value_text(cells_scratch(), app_cat(screen->app),
			    kind->fields[f], cat_value(line, kind->fields[f]->number), &style);

			/* what it is called, where it is called as what it names */
			if (*cell && strcmp(cell, named) != 0)
				text = arena_printf(cells_scratch(), "%s%s%s%s%s", text,
				    *text ? OVERVIEW_PIECE : "",
				    overview_is_number(kind->fields[f]) ? kind->fields[f]->label : "",
				    overview_is_number(kind->fields[f]) ? " " : "", cell);
			named = kind->fields[f]->type == CAT_REF ? cell : "";
		}
		overview_add(page, label, text, ROLE_NORMAL);
		label = "";
	}
}

static void
overview_add_all_lines(struct record_screen *screen, struct overview_page *page)
{
	const Kehu__Entity *kinds[8];
	size_t count = cat_lines(app_cat(screen->app), screen->entity, kinds, 8);

	for (size_t i = 0; i < count; i++)
		overview_add_lines(screen, page, kinds[i]);
}

static void
overview_add_field(
    struct record_screen *screen, struct overview_page *page, const Kehu__Field *field)
{
	struct cat_style style = app_style(screen->app);
	const Kehu__Value *value = cat_value(screen->record, field->number);
	const char *text;

	text = cat_value_text(cells_scratch(), app_cat(screen->app), field, value, &style);
	overview_add(page, field->label, text,
	    value->masked ? ROLE_MUTED : cell_role(app_cat(screen->app), field, value));
}

/* Fields by section, then the lines; figures have their own place. */
static void
overview_fill(struct record_screen *screen, struct overview_page *page)
{
	const char *section = NULL;
	bool lines_in = false;

	for (size_t i = 0; i < screen->entity->n_fields; i++) {
		const Kehu__Field *field = screen->entity->fields[i];

		if (field->section != NULL && *field->section) {
			if (page->count > 0 && !lines_in) {
				lines_in = true;
				overview_add_all_lines(screen, page);
			}
			section = page->count > 0 ? field->section : NULL;
		}
		if ((field->flags & (CAT_FIGURE | CAT_SPARSE)) != 0 ||
		    /* The head has it, but not all of a long text. */
		    (field->number == screen->entity->label_field &&
			field->type != CAT_BLOCK) ||
		    strcmp(field->name, "number") == 0 ||
		    cat_value_empty(cat_value(screen->record, field->number)))
			continue;
		if (section != NULL)
			overview_add(page, section, NULL, ROLE_STRONG);
		section = NULL;
		overview_add_field(screen, page, field);
	}
	if (!lines_in)
		overview_add_all_lines(screen, page);
}

/* A piece ("数量 50") begins a new row where it does not fit whole into this one. */
static size_t
overview_wrap(const char *text, size_t cols, const char ***rows)
{
	struct arena *arena = cells_scratch();
	char *rest = arena_strdup(arena, text);
	const char **made = ARENA_ARRAY(arena, const char *, strlen(text) + 1), *row = "";
	size_t count = 0;

	for (char *piece; (piece = strsep(&rest, OVERVIEW_PIECE)) != NULL;) {
		const char **wrapped;
		size_t wraps;

		if (*row && text_cols(row) + 2 + text_cols(piece) <= cols) {
			row = arena_printf(arena, "%s  %s", row, piece);
			continue;
		}
		if (*row)
			made[count++] = row;
		wraps = text_wrap(arena, piece, cols, &wrapped);
		for (size_t i = 0; i + 1 < wraps; i++)
			made[count++] = wrapped[i];
		row = wraps > 0 ? wrapped[wraps - 1] : "";
	}
	made[count++] = row;
	*rows = made;
	return count;
}

/* One line of a page in rows of the screen; y may lie outside. Returns the rows it takes. */
static int
overview_draw_line(
    const struct overview_page *page, const struct overview_line *line, struct rect rect, int y)
{
	const char **rows;
	int most = rect.cols / 3 > OVERVIEW_LABEL_COLS ? rect.cols / 3 : OVERVIEW_LABEL_COLS;
	int label = (page->label_cols < most ? page->label_cols : most) + 1;
	size_t count;

	if (line->text == NULL) {
		if (y >= rect.y && y < rect.y + rect.rows) {
			cells_put(y, rect.x, rect.cols, "", ROLE_NORMAL);
			cells_add(y, rect.x, rect.cols, line->label, line->role);
		}
		return 1;
	}
	count = overview_wrap(line->text, (size_t)(rect.cols - label), &rows);
	for (size_t i = 0; i < count; i++) {
		int at = y + (int)i;

		if (at < rect.y || at >= rect.y + rect.rows)
			continue;
		cells_put(at, rect.x, label, "", ROLE_NORMAL);
		cells_add(at, rect.x, label - 1,
		    i > 0 ? "" : text_cut(cells_scratch(), line->label, (size_t)label - 1, false), ROLE_NORMAL);
		cells_put(at, rect.x + label, rect.cols - label, rows[i], line->role);
	}
	return (int)count;
}

/* Lines from first on; returns the rows they take. */
static int
overview_draw_lines(
    const struct overview_page *page, size_t first, size_t end, struct rect rect, int scroll)
{
	int y = rect.y - scroll;

	for (size_t i = first; i < end; i++)
		y += overview_draw_line(page, &page->lines[i], rect, y);
	return y - (rect.y - scroll);
}

static void
overview_draw_fields(struct record_screen *screen, struct rect rect, bool two)
{
	struct overview_page *page = arena_alloc(cells_scratch(), sizeof(*page));
	struct rect half = rect;
	size_t split;
	int rows;

	overview_fill(screen, page);
	split = two ? (page->count + 1) / 2 : page->count;
	/* No heading at the foot of a column. */
	if (split > 0 && split < page->count && page->lines[split - 1].text == NULL)
		split--;
	half.cols = two ? rect.cols / 2 - 1 : rect.cols;
	rows = overview_draw_lines(page, 0, split, half, screen->scroll);
	if (two) {
		int right;

		half.x += rect.cols / 2 + 1;
		half.cols = rect.cols - rect.cols / 2 - 1;
		right = overview_draw_lines(page, split, page->count, half, screen->scroll);
		rows = right > rows ? right : rows;
	}
	screen->scroll_max = rows > rect.rows ? rows - rect.rows : 0;
	if (screen->scroll > screen->scroll_max)
		screen->scroll = screen->scroll_max;
}

/* ---- figures ---- */

static int64_t
overview_day(const struct app *app, const Kehu__Field *field, const Kehu__Value *value)
{
	return field->type == CAT_MOMENT ? date_of_us(value->number, app->offset_min)
					 : value->number;
}

static const char *
overview_figure(const struct record_screen *screen, const Kehu__Field *field, enum role *role)
{
	const Kehu__Value *value = cat_value(screen->record, field->number);
	struct cat_style style = app_style(screen->app);
	int64_t day, today = link_today(screen->app->link);

	*role = ROLE_NORMAL;
	if (cat_value_empty(value))
		return tr(field->type == CAT_DATE ? T_FIGURE_PLAN : T_FIGURE_NONE);
	if ((field->type != CAT_DATE && field->type != CAT_MOMENT) || value->masked)
		return cat_value_text(
		    cells_scratch(), app_cat(screen->app), field, value, &style);
	day = overview_day(screen->app, field, value);
	if (field->type == CAT_DATE ? day < today : today - day > OVERVIEW_LONG_DAYS)
		*role = ROLE_WARN;
	if (day == today)
		return arena_printf(
		    cells_scratch(), "%s (%s)", date_format(cells_scratch(), day), tr(T_TODAY));
	return arena_printf(cells_scratch(), tr(day < today ? T_FIGURE_AGO : T_FIGURE_AHEAD),
	    date_format(cells_scratch(), day), llabs((long long)(today - day)),
	    *role == ROLE_WARN ? "!" : "");
}

static void
overview_fill_figures(struct record_screen *screen, struct overview_page *page)
{
	for (size_t i = 0; i < screen->entity->n_fields; i++) {
		const Kehu__Field *field = screen->entity->fields[i];
		enum role role;

		if ((field->flags & CAT_FIGURE) == 0 ||
		    ((field->flags & CAT_SPARSE) != 0 &&
			cat_value_empty(cat_value(screen->record, field->number))))
			continue;
		const char *text = overview_figure(screen, field, &role);
		overview_add(page, field->label, text, role);
	}
}

/* At the foot of the rectangle, a row each; returns the rows it took. */
static int
overview_draw_figures(struct record_screen *screen, struct rect rect)
{
	struct overview_page *page = arena_alloc(cells_scratch(), sizeof(*page));
	int rows, y, label;

	overview_fill_figures(screen, page);
	rows = (int)page->count;
	if (rows == 0 || rows + 4 > rect.rows)
		return 0;
	y = rect.y + rect.rows - rows;
	label = page->label_cols + 1;
	cells_rule(y - 1, rect.x, rect.cols);
	for (size_t i = 0; i < page->count; i++, y++) {
		cells_put(y, rect.x, label, page->lines[i].label, ROLE_NORMAL);
		cells_put(y, rect.x + label, rect.cols - label, page->lines[i].text,
		    page->lines[i].role);
	}
	return rows + 1;
}

/* ---- the timeline ---- */

static const Kehu__Field *
overview_when(const struct record_tab *tab)
{
	for (size_t i = 0; i < tab->column_count; i++) {
		const Kehu__Field *field = cat_field(tab->related, tab->columns[i]);

		if (field->type == CAT_MOMENT || field->type == CAT_DATE)
			return field;
	}
	return NULL;
}

static void
overview_gather_tab(struct record_screen *screen, const struct record_tab *tab)
{
	const Kehu__Field *when = overview_when(tab);

	for (size_t i = 0; when != NULL && i < tab->count; i++) {
		const Kehu__Value *value = record_tab_cell(tab, tab->rows[i], when->number);

		if (screen->event_count == RECORD_EVENTS || cat_value_empty(value) ||
		    !value->has_number)
			continue;
		screen->events[screen->event_count++] = (struct record_event){ .tab = tab,
			.row = tab->rows[i],
			.when_field = when,
			.when_us = when->type == CAT_MOMENT ? value->number
							    : value->number * US_PER_DAY };
	}
}

static int
overview_compare(const void *a, const void *b)
{
	const struct record_event *one = a, *other = b;

	return one->when_us < other->when_us ? 1 : one->when_us > other->when_us ? -1 : 0;
}

static void
overview_gather_drafts(struct record_screen *screen)
{
	const struct journal_entry *drafts[RECORD_DRAFTS];
	size_t count =
	    draft_about(screen->app, screen->entity->number, screen->id, drafts, RECORD_DRAFTS);

	for (size_t i = 0; i < count; i++)
		screen->events[screen->event_count++] = (struct record_event){
			.draft_key = arena_strdup(screen->arena, drafts[i]->key),
			.draft_title = arena_strdup(screen->arena, drafts[i]->title),
			.draft_us = drafts[i]->at_us,
			.when_us = INT64_MAX,
		};
}

/* "拜访 上门 报价第2版 王小明" */
static const char *
overview_event_text(const struct record_screen *screen, const struct record_event *event)
{
	const char *text = event->tab->related->label;
	bool kind = false;

	for (size_t i = 0; i < event->tab->column_count && i < event->row->n_cells; i++) {
		const Kehu__Field *field =
		    cat_field(event->tab->related, event->tab->columns[i]);
		/* Long texts are left out, but where they are what the record is: a comment. */
		bool is_long = field->type == CAT_BLOCK &&
			       field->number != event->tab->related->label_field;
		const char *cell = field == event->when_field || is_long
				       ? ""
				       : cell_text(screen->app, field, event->row->cells[i]);

		if (*cell == '\0')
			continue;
		/* The first choice says what kind of event it was better than the entity does.
		 */
		text = field->type == CAT_CHOICE && !kind && i < 2
			   ? cell
			   : arena_printf(cells_scratch(), "%s %s", text, cell);
		kind |= field->type == CAT_CHOICE;
	}
	return text;
}

/* "11-23", of another year "2025-12". */
static const char *
overview_when_text(const struct app *app, int64_t us)
{
	struct ymd today = date_to_ymd(link_today(app->link)),
		   day = date_to_ymd(date_of_us(us, app->offset_min));

	return day.year == today.year
		   ? arena_printf(cells_scratch(), "%02d-%02d", day.month, day.day)
		   : arena_printf(cells_scratch(), "%04d-%02d", day.year, day.month);
}

static const struct list_row *
overview_row(void *arg, size_t index)
{
	struct record_screen *screen = arg;
	const struct record_event *event = &screen->events[index];
	int64_t us = event->tab == NULL ? event->draft_us : event->when_us;

	screen->event_cells[0] = overview_when_text(screen->app, us);
	if (event->tab == NULL)
		screen->event_cells[1] = arena_printf(cells_scratch(), tr(T_TIMELINE_DRAFT),
		    text_print(cells_scratch(), event->draft_title, TEXT_LINE));
	else
		screen->event_cells[1] = overview_event_text(screen, event);
	screen->event_row = (struct list_row){ .id = (int64_t)index + 1,
		.cells = screen->event_cells,
		.role = event->tab == NULL ? ROLE_WARN : ROLE_NORMAL };
	return &screen->event_row;
}

/* Its end is in sight: older rows of the tabs. */
static void
overview_visible(void *arg, size_t first, size_t count)
{
	struct record_screen *screen = arg;

	for (size_t i = 0; first + count >= screen->event_count && i < screen->tab_count; i++)
		if (overview_when(&screen->tabs[i]) != NULL &&
		    screen->tabs[i].count < RECORD_EVENTS)
			record_tab_more(&screen->tabs[i]);
}

void
record_overview_gather(struct record_screen *screen)
{
	screen->event_count = 0;
	overview_gather_drafts(screen);
	for (size_t i = 0; i < screen->tab_count; i++)
		overview_gather_tab(screen, &screen->tabs[i]);
	qsort(screen->events, screen->event_count, sizeof(*screen->events), overview_compare);
	if (screen->timeline.columns == NULL) {
		screen->timeline = (struct list){ .columns = overview_columns,
			.column_count = 2,
			.row = overview_row,
			.visible = overview_visible,
			.arg = screen,
			.plain = true };
		list_init(&screen->timeline);
	}
	screen->timeline.empty = tr(T_TIMELINE_EMPTY);
	list_set_total(&screen->timeline, screen->event_count, false);
}

const struct record_event *
record_overview_current(const struct record_screen *screen)
{
	return screen->timeline.cursor < screen->event_count
		   ? &screen->events[screen->timeline.cursor]
		   : NULL;
}

/* ---- the page ---- */

static bool
overview_has_timeline(const struct record_screen *screen)
{
	if (screen->event_count > 0)
		return true;
	for (size_t i = 0; i < screen->tab_count; i++)
		if (screen->tabs[i].related->kind == CAT_ACTIVITY &&
		    overview_when(&screen->tabs[i]) != NULL)
			return true;
	return false;
}

void
record_overview_draw(struct record_screen *screen, struct rect rect)
{
	bool timeline = overview_has_timeline(screen);
	int left = timeline ? rect.cols / 2 - 3 : rect.cols, x = rect.x + left + 2;
	struct rect fields = { rect.y, rect.x, rect.rows, left };

	fields.rows -= overview_draw_figures(screen, fields);
	overview_draw_fields(screen, fields, !timeline && rect.cols >= OVERVIEW_TWO_COLS);
	if (!timeline)
		return;
	cells_upright(rect.y, rect.x + left, rect.rows);
	cells_put(rect.y, x, rect.x + rect.cols - x, tr(T_TIMELINE), ROLE_STRONG);
	list_draw(&screen->timeline,
	    (struct rect){ rect.y + 1, x - 1, rect.rows - 1, rect.x + rect.cols - x + 1 },
	    screen->event_count > 0);
}

static unsigned
overview_scroll(struct record_screen *screen, int step)
{
	screen->scroll += step;
	if (screen->scroll > screen->scroll_max)
		screen->scroll = screen->scroll_max;
	if (screen->scroll < 0)
		screen->scroll = 0;
	return UI_DONE;
}

unsigned
record_overview_key(struct record_screen *screen, enum act act, const struct event *event)
{
	bool timeline = screen->event_count > 0;

	switch (act) {
	case ACT_page_up:
		return overview_scroll(screen, -8);
	case ACT_page_down:
		return overview_scroll(screen, 8);
	case ACT_up:
	case ACT_down:
		if (!timeline)
			return overview_scroll(screen, act == ACT_up ? -1 : 1);
		return list_key(&screen->timeline, act, event);
	default:
		return timeline ? list_key(&screen->timeline, act, event) : UI_NONE;
	}
}

const char *
record_as_text(struct record_screen *screen, struct arena *arena)
{
	struct overview_page *page = arena_alloc(cells_scratch(), sizeof(*page));
	struct buf text = BUF_INIT;
	const char *copy;

	overview_fill(screen, page);
	overview_fill_figures(screen, page);
	buf_printf(&text, "%s %s\n", overview_number(screen),
	    screen->record->label != NULL ? screen->record->label : "");
	for (size_t i = 0; i < page->count; i++)
		if (page->lines[i].text != NULL)
			buf_printf(
			    &text, "%s: %s\n", page->lines[i].label, page->lines[i].text);
	copy = arena_strdup(arena, buf_text(&text));
	buf_fini(&text);
	return copy;
}
