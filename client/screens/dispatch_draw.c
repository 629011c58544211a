/* How the dispatch board is drawn: technicians by time above, the open list and the job at the cursor below. */
#include "client/screens/dispatch_private.h"

#include "client/screens/cell.h"
#include "common/date.h"
#include "common/text.h"
#include <inttypes.h>
#include <string.h>

enum { NAME_COLS = 10, USED_COLS = 7, NOTE_COLS = 5, NOTE_COLS_WIDE = 14, WIDE = 100, DETAIL_LABEL = 10 };

static int
dispatch_cols_of_day(const struct dispatch *board)
{
	return board->grid.cols / board->days;
}

static int
dispatch_span(const struct dispatch *board)
{
	int span = (board->hour_to - board->hour_from) * 60;

	return span > 0 ? span : 60;
}

/* The cell of a minute, within the hours shown of its day. */
static int
dispatch_col_of(const struct dispatch *board, int minute)
{
	int day = minute < 0 ? 0 : minute / DISPATCH_DAY_MIN, within = minute - day * DISPATCH_DAY_MIN - board->hour_from * 60;
	int cols = dispatch_cols_of_day(board);

	if (day >= board->days)
		return cols * board->days;
	within = within < 0 ? 0 : within > dispatch_span(board) ? dispatch_span(board) : within;
	return day * cols + within * cols / dispatch_span(board);
}

int
dispatch_minute_of(const struct dispatch *board, int col)
{
	int cols = dispatch_cols_of_day(board), day = col / cols;
	int minute = board->hour_from * 60 + (col % cols) * dispatch_span(board) / cols;

	return day * DISPATCH_DAY_MIN + minute / 15 * 15;
}

/* ---- the grid ------------------------------------------------------------------------------ */

static const char *
dispatch_mark(const struct dispatch *board, const struct dispatch_job *job, enum role *role)
{
	const char *state = dispatch_state(board, job->state);

	*role = ROLE_NORMAL;
	if (strcmp(state, "done") == 0) {
		*role = ROLE_MUTED;
		return "x";
	}
	if (job->start + job->minutes < dispatch_now(board)) {
		*role = ROLE_BAD;
		return ">";
	}
	if (strcmp(state, "planned") == 0 || strcmp(state, "told") == 0) {
		*role = ROLE_WARN;
		return "?";
	}
	if (strcmp(state, "arrived") == 0 || strcmp(state, "on_way") == 0)
		*role = ROLE_GOOD;
	return "=";
}

/* "[4471===?]", or as much of it as there is room for. */
static void
dispatch_draw_block(const struct dispatch *board, int y, const struct dispatch_job *job, bool carried)
{
	enum role role;
	const char *mark = dispatch_mark(board, job, &role), *number = dispatch_number(board, job->number);
	int from = dispatch_col_of(board, job->start), until = dispatch_col_of(board, job->start + job->minutes);
	int x = board->grid.x + from, cols = until - from < 1 ? 1 : until - from;

	if (carried)
		role = ROLE_FOCUS;
	if (from >= board->grid.cols)
		return;
	if (from + cols > board->grid.cols)
		cols = board->grid.cols - from;
	for (int i = 0; i < cols; i++)
		cells_add(y, x + i, 1, "=", role);
	if (cols >= 3) {
		cells_add(y, x, 1, "[", role);
		cells_add(y, x + cols - 1, 1, "]", role);
		if (cols - 3 > (int)strlen(number))
			cells_add(y, x + 1, cols - 3, number, role);
		cells_add(y, x + cols - 2, 1, mark, role);
	} else {
		cells_add(y, x, 1, cols == 1 ? mark : "[", role);
		if (cols == 2)
			cells_add(y, x + 1, 1, "]", role);
	}
}

static void
dispatch_draw_away(const struct dispatch *board, int y, const Kehu__DispatchPerson *person)
{
	const Kehu__DispatchShift *shift =
	    person->shift < board->answer->n_shifts ? board->answer->shifts[person->shift] : NULL;

	/* dots: hours nobody works */
	for (int i = 0; i < dispatch_cols_of_day(board) * board->days; i++) {
		int minute = dispatch_minute_of(board, i);
		bool works = false;

		for (size_t k = 0; shift != NULL && k + 1 < shift->n_minutes && !works; k += 2)
			works = minute >= (int)shift->minutes[k] && minute < (int)shift->minutes[k + 1];
		cells_add(y, board->grid.x + i, 1, works ? " " : ".", ROLE_MUTED);
	}
	for (size_t i = 0; i + 2 < person->n_away; i += 3) {
		int from = dispatch_col_of(board, person->away[i]), until = dispatch_col_of(board, person->away[i + 1]);
		const char *word = tr(person->away[i + 2] != 0 ? T_DISPATCH_HELPS : T_DISPATCH_LEAVE);
		int width = (int)text_cols(word);

		for (int c = from; c < until && c < board->grid.cols; c++)
			cells_add(y, board->grid.x + c, 1, "-", ROLE_MUTED);
		if (until - from >= width + 2)
			cells_add(y, board->grid.x + from + (until - from - width) / 2, width, word, ROLE_MUTED);
	}
}

static void
dispatch_draw_person(const struct dispatch *board, int y, size_t row, int used_x, int note_cols)
{
	const Kehu__DispatchPerson *person = dispatch_person(board, row);
	bool focus = board->zone == ZONE_GRID && row == board->row;
	int used = 0;

	cells_put(y, board->grid.x - NAME_COLS, NAME_COLS - 1,
	    arena_printf(cells_scratch(), "%s%s", row == board->row ? ">" : " ",
		text_print(cells_scratch(), person->name, TEXT_LINE)),
	    focus ? ROLE_STRONG : ROLE_NORMAL);
	dispatch_draw_away(board, y, person);
	for (size_t i = 0; i < board->count; i++) {
		if (board->jobs[i].technician != person->id || (board->carrying && board->jobs[i].id == board->carried.id))
			continue;
		dispatch_draw_block(board, y, &board->jobs[i], board->jobs[i].id == board->swap_with);
		used += board->jobs[i].minutes;
	}
	if (board->carrying && board->carried.technician == person->id)
		dispatch_draw_block(board, y, &board->carried, true);
	cells_put_right(y, used_x, USED_COLS - 1, arena_printf(cells_scratch(), "%d.%dh", used / 60, used % 60 / 6), ROLE_NORMAL);
	cells_put(y, used_x + USED_COLS, note_cols, text_print(cells_scratch(), person->note, TEXT_LINE), ROLE_MUTED);
	if (!focus)
		return;
	const struct dispatch_job *job = dispatch_at(board, person->id, board->at);
	int x = dispatch_col_of(board, job != NULL && !board->carrying ? job->start : board->at);
	int until = job != NULL && !board->carrying ? dispatch_col_of(board, job->start + job->minutes) : x + 1;

	if (x >= board->grid.cols)
		x = board->grid.cols - 1;
	cells_paint(y, board->grid.x + x, until - x < 1 ? 1 : until - x, ROLE_FOCUS);
	cells_cursor(y, board->grid.x + x);
}

static void
dispatch_draw_heads(const struct dispatch *board, int y, int used_x, int note_cols)
{
	int cols = dispatch_cols_of_day(board);

	cells_put(y, board->grid.x - NAME_COLS, NAME_COLS - 1, tr(T_DISPATCH_PEOPLE), ROLE_STRONG);
	for (int day = 0; day < board->days; day++) {
		if (board->days > 1) {
			const char *date = date_format(cells_scratch(), board->day + day);

			cells_put(y, board->grid.x + day * cols, cols, date + strlen(date) - 5, ROLE_STRONG);
			continue;
		}
		int step = 1;

		while (step < 12 && cols * step * 60 / dispatch_span(board) < 3)
			step++;
		for (int hour = board->hour_from; hour < board->hour_to; hour += step)
			cells_add(y, board->grid.x + dispatch_col_of(board, hour * 60), 2,
			    arena_printf(cells_scratch(), "%02d", hour), ROLE_STRONG);
	}
	cells_put_right(y, used_x, USED_COLS - 1, tr(T_DISPATCH_USED), ROLE_STRONG);
	cells_put(y, used_x + USED_COLS, note_cols, tr(T_DISPATCH_NOTE), ROLE_STRONG);
}

static void
dispatch_draw_grid(struct dispatch *board, struct rect rect)
{
	int note_cols = rect.cols >= WIDE ? NOTE_COLS_WIDE : NOTE_COLS, used_x = rect.x + rect.cols - USED_COLS - note_cols;
	size_t fit = (size_t)(rect.rows - 3), people = board->answer->n_people;
	int now = dispatch_now(board);

	board->grid = (struct rect){ rect.y + 2, rect.x + NAME_COLS, rect.rows - 3, used_x - rect.x - NAME_COLS };
	dispatch_draw_heads(board, rect.y, used_x, note_cols);
	cells_rule(rect.y + 1, rect.x, rect.cols);
	if (people == 0)
		cells_put(rect.y + 2, rect.x, rect.cols, tr(T_DISPATCH_NOBODY), ROLE_MUTED);
	if (board->top > board->row)
		board->top = board->row;
	if (board->row >= board->top + fit)
		board->top = board->row - fit + 1;
	for (size_t i = 0; i < fit && board->top + i < people; i++)
		dispatch_draw_person(board, board->grid.y + (int)i, board->top + i, used_x, note_cols);
	if (now >= 0 && now < board->days * DISPATCH_DAY_MIN) {
		int x = dispatch_col_of(board, now);

		cells_putf(rect.y + rect.rows - 1, rect.x, NAME_COLS, ROLE_MUTED, tr(T_DISPATCH_NOW), "");
		cells_add(rect.y + rect.rows - 1, board->grid.x + (x < board->grid.cols ? x : board->grid.cols - 1), 1, "^", ROLE_STRONG);
	}
}

/* ---- below --------------------------------------------------------------------------------- */

/* "剩 0:42", "超时 1:10": until what is promised. */
static const char *
dispatch_left(const struct dispatch *board, const Kehu__Value *due, bool *urgent)
{
	int64_t left;

	*urgent = false;
	if (cat_value_empty(due))
		return "";
	left = (due->number - link_now_us(board->app->link)) / (60 * US_PER_SECOND);
	*urgent = left < 60;
	return left >= 0 ? arena_printf(cells_scratch(), tr(T_DISPATCH_LEFT), "", (int)(left / 60), (int)(left % 60))
			 : arena_printf(cells_scratch(), tr(T_DISPATCH_LATE), (int)(-left / 60), (int)(-left % 60));
}

static const char *
dispatch_text(const struct dispatch *board, const Kehu__Row *row, enum dispatch_cell cell)
{
	const Kehu__Value *value = dispatch_value(board, row, cell);

	return cat_value_empty(value) || value->text == NULL ? "" : text_print(cells_scratch(), value->text, TEXT_LINE);
}

static void
dispatch_draw_open(struct dispatch *board, struct rect rect)
{
	size_t fit = (size_t)(rect.rows - 1), count = board->open != NULL ? board->open->n_rows : 0;

	board->open_rect = (struct rect){ rect.y + 1, rect.x, rect.rows - 1, rect.cols };
	cells_putf(rect.y, rect.x, rect.cols, board->zone == ZONE_OPEN ? ROLE_STRONG : ROLE_NORMAL, tr(T_DISPATCH_OPEN), (int)board->open_count);
	if (board->open_top > board->open_row)
		board->open_top = board->open_row;
	if (board->open_row >= board->open_top + fit)
		board->open_top = board->open_row - fit + 1;
	for (size_t i = 0; i < fit && board->open_top + i < count; i++) {
		const Kehu__Row *row = board->open->rows[board->open_top + i];
		const char *number = dispatch_text(board, row, DISPATCH_NUMBER), *digits = strrchr(number, '-');
		bool urgent, focus = board->zone == ZONE_OPEN && board->open_top + i == board->open_row;
		const char *left = dispatch_left(board, dispatch_value(board, row, DISPATCH_DUE), &urgent);
		int left_cols = (int)text_cols(left), y = rect.y + 1 + (int)i;

		cells_put(y, rect.x, rect.cols - left_cols - 1,
		    arena_printf(cells_scratch(), "%s%s %s %s %s", urgent ? "!" : " ", digits != NULL ? digits + 1 : number,
			dispatch_text(board, row, DISPATCH_PRIORITY), dispatch_text(board, row, DISPATCH_CUSTOMER),
			dispatch_text(board, row, DISPATCH_SUBJECT)),
		    urgent ? ROLE_BAD : ROLE_NORMAL);
		cells_put(y, rect.x + rect.cols - left_cols - 1, left_cols, left, urgent ? ROLE_BAD : ROLE_MUTED);
		if (focus) {
			cells_paint(y, rect.x, rect.cols, ROLE_FOCUS);
			cells_cursor(y, rect.x);
		}
	}
}

/* "0012 " of a job on the open list. */
static const char *
dispatch_short_number(const struct dispatch *board, int64_t id)
{
	for (size_t i = 0; board->open != NULL && i < board->open->n_rows; i++)
		if (board->open->rows[i]->id == id) {
			const char *number = dispatch_text(board, board->open->rows[i], DISPATCH_NUMBER), *digits = strrchr(number, '-');

			return arena_printf(cells_scratch(), "%s ", digits != NULL ? digits + 1 : number);
		}
	return "";
}

static void
dispatch_draw_places(struct dispatch *board, struct rect rect)
{
	size_t fit = (size_t)(rect.rows - 1), count = board->places->n_places;

	cells_putf(rect.y, rect.x, rect.cols, ROLE_STRONG, tr(T_DISPATCH_PLACES), (int)count);
	if (board->place_top > board->place_row)
		board->place_top = board->place_row;
	if (board->place_row >= board->place_top + fit)
		board->place_top = board->place_row - fit + 1;
	for (size_t i = 0; i < fit && board->place_top + i < count; i++) {
		const Kehu__DispatchPlace *place = board->places->places[board->place_top + i];
		int y = rect.y + 1 + (int)i;
		const char *when = date_format_us(cells_scratch(), place->start_us, board->app->offset_min);

		cells_put(y, rect.x, rect.cols,
		    arena_printf(cells_scratch(), " %s%s %s %s", dispatch_short_number(board, place->job), strlen(when) > 5 ? when + 5 : when,
			text_print(cells_scratch(), place->name, TEXT_LINE),
			arena_printf(cells_scratch(), tr(T_DISPATCH_PLACE), (int)place->travel_min, (int)place->cost)),
		    ROLE_NORMAL);
		if (board->place_top + i == board->place_row) {
			cells_paint(y, rect.x, rect.cols, ROLE_FOCUS);
			cells_cursor(y, rect.x);
		}
	}
}

static const char *
dispatch_detail(const struct dispatch *board, const char *name)
{
	const Kehu__Field *field = cat_field_called(board->entity, name);

	for (size_t i = 0; field != NULL && i < board->detail->n_values; i++)
		if (board->detail->values[i]->field == field->number && !cat_value_empty(board->detail->values[i]))
			return text_print(cells_scratch(), cell_text(board->app, field, board->detail->values[i]), TEXT_LINE);
	return "";
}

static void
dispatch_draw_detail(const struct dispatch *board, struct rect rect)
{
	static const char *const names[] = { "customer_id", "subject", "state", "place", "contact_id", "start_at", "minutes",
		"window_from", "due_at", "skill", "reason" };
	int y = rect.y + 1;
	const Kehu__Record *job = board->detail;

	if (job == NULL)
		return;
	cells_putf(rect.y, rect.x, rect.cols, ROLE_STRONG, tr(T_DISPATCH_JOB), dispatch_detail(board, "number"),
	    dispatch_detail(board, "priority"));
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]) && y < rect.y + rect.rows; i++) {
		const Kehu__Field *field = cat_field_called(board->entity, names[i]);
		const char *text = dispatch_detail(board, names[i]);

		if (field == NULL || *text == '\0')
			continue;
		cells_put(y, rect.x + 1, DETAIL_LABEL, field->label, ROLE_MUTED);
		cells_put(y++, rect.x + 1 + DETAIL_LABEL, rect.cols - DETAIL_LABEL - 1, text, ROLE_NORMAL);
	}
}

void
dispatch_draw(struct screen *screen, struct rect rect)
{
	struct dispatch *board = (struct dispatch *)screen;
	int below, left_cols = rect.cols / 2;

	if (board->lang != board->app->lang && link_lang(board->app->link) == board->app->lang)
		dispatch_ask(board, true);
	if (board->answer == NULL)
		return;
	below = rect.rows / 2 - 1;
	if ((int)board->answer->n_people + 3 < rect.rows - 1 - below)
		below = rect.rows - 1 - ((int)board->answer->n_people + 3);
	dispatch_draw_grid(board, (struct rect){ rect.y, rect.x, rect.rows - 1 - below, rect.cols });
	cells_rule(rect.y + rect.rows - 1 - below, rect.x, rect.cols);
	if (rect.cols < 76 && board->zone != ZONE_OPEN)
		left_cols = rect.cols / 3;
	dispatch_draw_open(board, (struct rect){ rect.y + rect.rows - below, rect.x, below, left_cols - 1 });
	cells_upright(rect.y + rect.rows - below, rect.x + left_cols - 1, below);
	struct rect right = { rect.y + rect.rows - below, rect.x + left_cols, below, rect.cols - left_cols };
	if (board->zone == ZONE_PLACES && board->places != NULL)
		dispatch_draw_places(board, right);
	else
		dispatch_draw_detail(board, right);
}
