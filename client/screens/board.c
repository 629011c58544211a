/*
 * The opportunity board: a column for each stage, a card for each opportunity, moved by keys.
 * It is one request to open and follows what others do; drawing is board_draw.c's, moving
 * board_move.c's.
 */
#include "client/screens/board_private.h"

#include "client/screens/action.h"
#include "client/screens/ask.h"
#include "client/screens/recent.h"
#include "common/log.h"
#include "common/mem.h"
#include <stdlib.h>
#include <string.h>

enum { BOARD_LIMIT = 100, BOARD_QUERY_CHARS = 200 };

static const char *const board_fields[BOARD_CELLS] = {
	[BOARD_NAME] = "name",
	[BOARD_CUSTOMER] = "customer_id",
	[BOARD_AMOUNT] = "amount",
	[BOARD_SINCE] = "stage_since",
	[BOARD_STALLS] = "stalls_on",
	[BOARD_STAGE] = "stage",
	[BOARD_STATE] = "state",
	[BOARD_EXPECTED] = "expected_on",
};

/* ---- what is on it ---- */

static size_t
board_count(const struct board *board, size_t stage)
{
	const Kehu__Page *page = board->answer != NULL && stage < board->answer->n_stages
				     ? board->answer->stages[stage]->page
				     : NULL;

	return page != NULL ? page->n_rows : 0;
}

const Kehu__Row *
board_card(const struct board *board, size_t stage)
{
	return board->row[stage] < board_count(board, stage)
		   ? board->answer->stages[stage]->page->rows[board->row[stage]]
		   : NULL;
}

const Kehu__Value *
board_value(const struct board *board, const Kehu__Row *row, enum board_cell cell)
{
	for (size_t i = 0; i < board->column_count && i < row->n_cells; i++)
		if (board->cells[i] == cell)
			return row->cells[i];
	return NULL;
}

const char *
board_stage_label(const struct board *board, const char *code)
{
	const Kehu__DictionaryItem *item =
	    cat_item(cat_dictionary(app_cat(board->app), "opportunity_stage"), code);

	return item != NULL ? item->label : code;
}

const Kehu__Record *
board_record(const struct board *board, struct arena *arena, const Kehu__Row *row)
{
	Kehu__Record *record = ARENA_NEW(arena, Kehu__Record);
	const Kehu__Value *name = board_value(board, row, BOARD_NAME);

	kehu__record__init(record);
	record->has_entity = record->has_id = record->has_version = record->has_rights = true;
	record->entity = board->entity->number;
	record->id = row->id;
	record->version = row->version;
	record->rights = row->rights;
	record->label = name != NULL ? name->text : NULL;
	record->values = ARENA_ARRAY(arena, Kehu__Value *, board->column_count + 1);
	for (size_t i = 0; i < board->column_count && i < row->n_cells; i++) {
		Kehu__Value *value = arena_memdup(arena, row->cells[i], sizeof(*value));

		value->has_field = true;
		value->field = board->columns[i];
		record->values[record->n_values++] = value;
	}
	return record;
}

/* ---- reading ---- */

/* The cursor stays with its card; where that has gone, with its place. */
static void
board_place(struct board *board)
{
	for (size_t s = 0; s < board->answer->n_stages && s < BOARD_STAGES; s++) {
		size_t count = board_count(board, s);

		for (size_t i = 0; board->follow != 0 && i < count; i++)
			if (board->answer->stages[s]->page->rows[i]->id == board->follow) {
				board->stage = s;
				board->row[s] = i;
			}
		if (board->row[s] >= count)
			board->row[s] = count > 0 ? count - 1 : 0;
	}
	board->follow = 0;
}

static void
board_on_answer(void *context, const Kehu__ServerFrame *answer)
{
	struct board *board = context;

	board->asking = 0;
	if (answer->answer_case != KEHU__SERVER_FRAME__ANSWER_BOARD) {
		ask_say_error(board->app, answer, board->entity->number);
		return;
	}
	arena_reset(board->arena);
	board->answer = link_keep(board->arena, answer)->board;
	board_place(board);
	ui_redraw(board->app->ui);
	if (board->ask_again)
		board_ask(board, true);
}

void
board_ask(struct board *board, bool quiet)
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__Board request = KEHU__BOARD__INIT;
	const Kehu__Row *row = board_card(board, board->stage);

	board->ask_again = board->asking != 0 && quiet;
	if (board->ask_again)
		return;
	board->lang = board->app->lang;
	if (board->follow == 0 && row != NULL)
		board->follow = row->id;
	request.query = ask_text(board->query);
	request.columns = board->columns;
	request.n_columns = board->column_count;
	request.has_limit = true;
	request.limit = BOARD_LIMIT;
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_BOARD;
	frame.board = &request;
	ask_cancel(board->app, &board->asking);
	board->asking =
	    ask_send(board->app, &frame, quiet ? ASK_QUIET : 0U, board_on_answer, board);
}

static void
board_on_live(void *context, uint32_t entity, int64_t id, uint32_t version)
{
	(void)context;
	(void)entity;
	(void)id;
	(void)version;
}

static void
board_on_settled(void *context)
{
	board_ask(context, true);
}

void
board_done(void *context)
{
	board_ask(context, true);
}

/* ---- keys ---- */

static void
board_step(struct board *board, int step)
{
	size_t count = board->answer != NULL ? board->answer->n_stages : 0;

	if (count > BOARD_STAGES)
		count = BOARD_STAGES;
	if (step < 0 && board->stage > 0)
		board->stage--;
	else if (step > 0 && board->stage + 1 < count)
		board->stage++;
}

static void
board_go(struct board *board, size_t row)
{
	size_t count = board_count(board, board->stage);

	board->row[board->stage] = count == 0 ? 0 : row < count ? row : count - 1;
}

static unsigned
board_card_key(struct board *board, enum act act, const Kehu__Row *row)
{
	struct arena *arena;

	if (row == NULL)
		return UI_DONE;
	switch (act) {
	case ACT_open:
		recent_add(board->app, board->entity->number, row->id,
		    board_value(board, row, BOARD_NAME) != NULL
			? board_value(board, row, BOARD_NAME)->text
			: "");
		record_open(board->app, board->entity->number, row->id);
		break;
	case ACT_edit:
		form_open_edit(board->app, board->entity->number, row->id);
		break;
	case ACT_actions:
		arena = arena_new(0);
		action_open(board->app, board_record(board, arena, row), board_done, board);
		arena_free(arena);
		break;
	default:
		break;
	}
	return UI_DONE;
}

static unsigned
board_move_key(struct board *board, enum act act)
{
	size_t row = board->row[board->stage], page = board->cards > 0 ? board->cards : 1;

	switch (act) {
	case ACT_left:
	case ACT_previous:
		board_step(board, -1);
		return UI_DONE;
	case ACT_right:
	case ACT_next:
		board_step(board, 1);
		return UI_DONE;
	case ACT_up:
		board_go(board, row > 0 ? row - 1 : 0);
		return UI_DONE;
	case ACT_down:
		board_go(board, row + 1);
		return UI_DONE;
	case ACT_page_up:
	case ACT_half_up:
		board_go(board, row > page ? row - page : 0);
		return UI_DONE;
	case ACT_page_down:
	case ACT_half_down:
		board_go(board, row + page);
		return UI_DONE;
	case ACT_first:
		board_go(board, 0);
		return UI_DONE;
	case ACT_last:
		board_go(board, SIZE_MAX);
		return UI_DONE;
	default:
		return UI_NONE;
	}
}

static unsigned
board_prompt_key(struct board *board, enum act act, const struct event *event)
{
	unsigned flags = prompt_key(&board->prompt, act, event);

	if (flags & UI_ACT) {
		free(board->query);
		board->query = mem_strdup(prompt_text(&board->prompt));
		board_ask(board, false);
	}
	return flags & ~(unsigned)(UI_ACT | UI_CHANGED | UI_LOOKUP);
}

static unsigned
board_key(struct screen *screen, enum act act, const struct event *event)
{
	struct board *board = (struct board *)screen;
	unsigned flags;

	if (board->prompt.open)
		return board_prompt_key(board, act, event);
	flags = board_move_key(board, act);
	if (flags != UI_NONE) {
		board->follow = 0; /* the user has gone elsewhere since it was asked */
		return flags;
	}
	switch (act) {
	case ACT_card_left:
	case ACT_card_right:
		board_shift(board, act == ACT_card_left ? -1 : 1);
		return UI_DONE;
	case ACT_open:
	case ACT_edit:
	case ACT_actions:
		return board_card_key(board, act, board_card(board, board->stage));
	case ACT_new:
		form_open_new(board->app, board->entity->number, NULL);
		return UI_DONE;
	case ACT_find:
		prompt_open(&board->prompt);
		return UI_DONE;
	case ACT_refresh:
		board_ask(board, false);
		return UI_DONE;
	case ACT_undo:
		if (!board_can_undo(board))
			return action_undo(board->app);
		board_undo(board);
		return UI_DONE;
	default:
		return UI_NONE;
	}
}

/* ---- the screen ---- */

static const char *
board_title(struct screen *screen)
{
	(void)screen;
	return tr(T_BOARD);
}

static void
board_head(struct screen *screen, struct rect rect)
{
	struct board *board = (struct board *)screen;

	board->prompt.label = tr(T_BOARD_FILTER);
	prompt_draw(&board->prompt, rect, NULL);
}

static const char *
board_hint(struct screen *screen)
{
	struct board *board = (struct board *)screen;
	const Kehu__Row *row = board_card(board, board->stage);

	return row != NULL && row->id == board->refused ? board->reason : tr(T_BOARD_HINT);
}

static enum ctx
board_context(struct screen *screen)
{
	return ((struct board *)screen)->prompt.open ? CTX_INPUT : CTX_BOARD;
}

static bool
board_can(struct screen *screen, enum act act)
{
	struct board *board = (struct board *)screen;

	switch (act) {
	case ACT_undo:
		return board_can_undo(board) || action_can_undo(board->app);
	case ACT_new:
		return (board->entity->actions_allowed & CAT_CREATE) != 0;
	case ACT_open:
	case ACT_edit:
	case ACT_actions:
	case ACT_card_left:
	case ACT_card_right:
		return board_card(board, board->stage) != NULL;
	case ACT_print:
		return false;
	default:
		return true;
	}
}

static void
board_resume(struct screen *screen)
{
	board_ask((struct board *)screen, true);
}

static void
board_reload(struct screen *screen)
{
	board_ask((struct board *)screen, false);
}

static void
board_leave(struct screen *screen)
{
	struct board *board = (struct board *)screen;

	ask_cancel(board->app, &board->asking);
	ask_cancel(board->app, &board->acting);
	live_close(board->live);
	prompt_fini(&board->prompt);
	arena_free(board->arena);
	arena_free(board->arena_moves);
	free(board->query);
	free(board);
}

static const struct screen_ops board_ops = {
	.name = "board",
	.context = CTX_BOARD,
	.context_now = board_context,
	.title = board_title,
	.head = board_head,
	.draw = board_draw,
	.hint = board_hint,
	.can = board_can,
	.key = board_key,
	.reload = board_reload,
	.resume = board_resume,
	.leave = board_leave,
};

void
board_open(struct app *app, const char *query)
{
	const Kehu__Entity *entity = app_entity(app, "opportunity");
	struct board *board;

	if (entity == NULL) {
		message_error(ERR_FORBIDDEN, NULL, app->lang);
		return;
	}
	board = mem_zalloc(1, sizeof(*board));
	board->query = mem_strdup(query);
	board->screen.ops = &board_ops;
	board->app = app;
	board->entity = entity;
	board->arena = arena_new(0);
	board->arena_moves = arena_new(0);
	for (size_t i = 0; i < BOARD_CELLS; i++) {
		uint32_t field = app_field(entity, board_fields[i]);

		if (field == 0)
			continue;
		board->cells[board->column_count] = (enum board_cell)i;
		board->columns[board->column_count++] = field;
	}
	prompt_init(&board->prompt, BOARD_QUERY_CHARS);
	prompt_set(&board->prompt, query);
	board->live = live_open(
	    app, &(struct live_config){
		     .changed = board_on_live, .settled = board_on_settled, .context = board });
	live_show(board->live, entity->number, NULL, 0, true);
	ui_push(app->ui, &board->screen);
	board_ask(board, false);
}
