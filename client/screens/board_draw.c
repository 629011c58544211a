/* How the board is drawn: a column for each stage in sight, three lines for each card. */
#include "client/screens/board_private.h"

#include "client/screens/cell.h"
#include "common/date.h"
#include "common/money.h"
#include "common/text.h"
#include <inttypes.h>
#include <string.h>

enum { BOARD_MIN_COLS = 19, BOARD_HEAD_ROWS = 4, BOARD_CARD_ROWS = 3 };

/* "1.2M" or "120万": what a narrow column has room for. */
static const char *
board_short_money(const struct board *board, int64_t minor, const char *currency)
{
	int decimals = money_decimals(currency);
	int64_t units = minor, tenths;
	const char *unit = "";
	bool zh = board->app->lang == LANG_ZH;
	int64_t step = 1;

	for (int i = 0; i < decimals; i++)
		units /= 10;
	if (zh && units >= 100000000) {
		step = 100000000;
		unit = "亿";
	} else if (zh && units >= 10000) {
		step = 10000;
		unit = "万";
	} else if (!zh && units >= 1000000) {
		step = 1000000;
		unit = "M";
	} else if (!zh && units >= 10000) {
		step = 1000;
		unit = "k";
	}
	tenths = units / step * 10 + (units % step * 10 + step / 2) / step;
	return arena_printf(cells_scratch(), "%s%s%" PRId64 "%s%s",
	    strcmp(currency, "CNY") == 0 ? "" : currency,
	    strcmp(currency, "CNY") == 0 ? "" : " ", tenths / 10,
	    step > 1 && tenths % 10 != 0
		? arena_printf(cells_scratch(), ".%d", (int)(tenths % 10))
		: "",
	    unit);
}

/* The sums of all currencies; "" for none. */
static const char *
board_sum(const struct board *board, Kehu__Value *const *values, size_t count)
{
	const char *text = "";

	for (size_t i = 0; i < count; i++)
		text = arena_printf(cells_scratch(), "%s%s%s", text, i > 0 ? "+" : "",
		    board_short_money(board, values[i]->number, values[i]->text));
	return text;
}

static void
board_draw_head(const struct board *board, size_t at, struct rect rect)
{
	const Kehu__BoardStage *stage = board->answer->stages[at];
	enum role role = at == board->stage ? ROLE_STRONG : ROLE_NORMAL;
	const char *weighted = board_sum(board, stage->weighted, stage->n_weighted);

	cells_putf(rect.y, rect.x, rect.cols, role, tr(T_BOARD_HEAD),
	    board_stage_label(board, stage->stage), (int)stage->probability, (int)stage->count);
	cells_put(rect.y + 1, rect.x, rect.cols,
	    board_sum(board, stage->amounts, stage->n_amounts), role);
	cells_put(rect.y + 2, rect.x, rect.cols,
	    *weighted ? arena_printf(cells_scratch(), tr(T_BOARD_WEIGHTED), weighted) : "",
	    ROLE_MUTED);
}

/* "120万  12天!": how long it has been in its stage, and whether that is too long. */
static const char *
board_line(const struct board *board, const Kehu__Row *row, bool *stalled)
{
	const Kehu__Value *since = board_value(board, row, BOARD_SINCE);
	const Kehu__Value *stalls = board_value(board, row, BOARD_STALLS);
	const Kehu__Value *amount = board_value(board, row, BOARD_AMOUNT);
	int64_t today = link_today(board->app->link);
	const char *sum = cat_value_empty(amount) ? "-"
			  : amount->masked
			      ? amount->text
			      : board_short_money(board, amount->number, amount->text);

	*stalled = !cat_value_empty(stalls) && stalls->number < today;
	if (cat_value_empty(since))
		return sum;
	return arena_printf(cells_scratch(), tr(T_BOARD_DAYS), sum,
	    (int)(today - date_of_us(since->number, board->app->offset_min)),
	    *stalled ? "!" : "");
}

static const char *
board_text(const struct board *board, const Kehu__Row *row, enum board_cell cell)
{
	const Kehu__Value *value = board_value(board, row, cell);

	return value == NULL || value->text == NULL
		   ? ""
		   : text_print(cells_scratch(), value->text, TEXT_LINE);
}

static void
board_put(int y, const struct rect *rect, const char *text, enum role role)
{
	cells_put(y, rect->x, rect->cols,
	    text_cut(cells_scratch(), text, (size_t)rect->cols, false), role);
}

static void
board_draw_card(const struct board *board, const Kehu__Row *row, struct rect rect, bool focus)
{
	bool stalled, refused = row->id == board->refused;
	const char *middle = board_text(board, row, BOARD_CUSTOMER);
	const char *line = board_line(board, row, &stalled);

	/* Why it could not be moved takes the place of what else there is to say. */
	if (refused) {
		size_t bytes = text_fit(board->reason, (size_t)rect.cols - 2, NULL);

		middle = arena_strndup(cells_scratch(), board->reason, bytes);
		line = board->reason + bytes;
	}
	board_put(rect.y, &rect,
	    arena_printf(
		cells_scratch(), "%s%s", focus ? ">" : " ", board_text(board, row, BOARD_NAME)),
	    ROLE_STRONG);
	board_put(rect.y + 1, &rect,
	    arena_printf(cells_scratch(), "%s%s", refused ? "!" : " ", middle),
	    refused ? ROLE_BAD : ROLE_NORMAL);
	board_put(rect.y + 2, &rect, arena_printf(cells_scratch(), " %s", line),
	    refused || stalled ? ROLE_BAD : ROLE_NORMAL);
	if (!focus)
		return;
	for (int i = 0; i < BOARD_CARD_ROWS; i++)
		cells_paint(rect.y + i, rect.x, rect.cols, ROLE_FOCUS);
	cells_cursor(rect.y, rect.x);
}

static void
board_draw_cards(struct board *board, size_t at, struct rect rect)
{
	const Kehu__BoardStage *stage = board->answer->stages[at];
	size_t count = stage->page != NULL ? stage->page->n_rows : 0;
	size_t fit = board->cards, row = board->row[at];

	if (board->top[at] > row)
		board->top[at] = row;
	if (row >= board->top[at] + fit)
		board->top[at] = row - fit + 1;
	if (count == 0) {
		board_put(rect.y, &rect, tr(T_BOARD_EMPTY), ROLE_MUTED);
		if (at == board->stage)
			cells_cursor(rect.y, rect.x);
	}
	for (size_t i = 0; i < fit && board->top[at] + i < count; i++)
		board_draw_card(board, stage->page->rows[board->top[at] + i],
		    (struct rect){
			rect.y + (int)i * BOARD_CARD_ROWS, rect.x, BOARD_CARD_ROWS, rect.cols },
		    at == board->stage && board->top[at] + i == row);
	if (board->top[at] + fit < (size_t)stage->count)
		board_put(rect.y + rect.rows - 1, &rect,
		    arena_printf(cells_scratch(), tr(T_BOARD_MORE),
			(int)((size_t)stage->count - board->top[at] - fit)),
		    ROLE_MUTED);
}

void
board_draw(struct screen *screen, struct rect rect)
{
	struct board *board = (struct board *)screen;
	size_t fit = (size_t)(rect.cols / BOARD_MIN_COLS), count;
	int cols;

	if (board->lang != board->app->lang && link_lang(board->app->link) == board->app->lang)
		board_ask(board, true);
	cells_rule(rect.y, rect.x, rect.cols);
	if (board->answer == NULL || board->answer->n_stages == 0)
		return;
	count = board->answer->n_stages < BOARD_STAGES ? board->answer->n_stages : BOARD_STAGES;
	if (fit > count)
		fit = count;
	if (board->left > board->stage)
		board->left = board->stage;
	if (board->stage >= board->left + fit)
		board->left = board->stage - fit + 1;
	if (board->left + fit > count)
		board->left = count - fit;
	cols = rect.cols / (int)fit;
	/* The last row is for "12 more". */
	board->cards = (size_t)(rect.rows - 1 - BOARD_HEAD_ROWS - 1) / BOARD_CARD_ROWS;
	for (size_t i = 0; i < fit; i++) {
		struct rect one = { rect.y + 1, rect.x + (int)i * cols, rect.rows - 1,
			cols - 1 };

		board_draw_head(board, board->left + i, one);
		one.y += BOARD_HEAD_ROWS;
		one.rows -= BOARD_HEAD_ROWS;
		board_draw_cards(board, board->left + i, one);
		if (i > 0)
			cells_upright(rect.y + 1, one.x - 1, rect.rows - 1);
	}
	cells_rule(rect.y + BOARD_HEAD_ROWS, rect.x, rect.cols);
}
