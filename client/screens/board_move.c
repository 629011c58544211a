/*
 * Moving cards: one request each. What the server refuses is said on the card; what was done
 * can be undone by the opposite move.
 */
#include "client/screens/board_private.h"

#include "client/screens/action.h"
#include "client/screens/ask.h"
#include "common/text.h"
#include <stdio.h>
#include <string.h>

static const Kehu__BoardStage *
board_find_stage(const struct board *board, const char *code)
{
	for (size_t i = 0; i < board->answer->n_stages; i++)
		if (strcmp(board->answer->stages[i]->stage, code) == 0)
			return board->answer->stages[i];
	return NULL;
}

static bool
board_is_open(const Kehu__BoardStage *stage)
{
	return strcmp(stage->state, "open") == 0;
}

/* The card of this id, wherever it stands. */
static const Kehu__Row *
board_find_card(const struct board *board, int64_t id, const Kehu__BoardStage **stage)
{
	for (size_t s = 0; board->answer != NULL && s < board->answer->n_stages; s++) {
		const Kehu__Page *page = board->answer->stages[s]->page;

		for (size_t i = 0; page != NULL && i < page->n_rows; i++)
			if (page->rows[i]->id == id) {
				*stage = board->answer->stages[s];
				return page->rows[i];
			}
	}
	return NULL;
}

static void
board_refuse(struct board *board, int64_t id, const char *text)
{
	board->refused = id;
	snprintf(board->reason, sizeof(board->reason), "%s",
	    text_print(cells_scratch(), text, TEXT_LINE));
	message_say(SAY_ERROR, 0, board->reason);
}

static void
board_on_moved(void *context, const Kehu__ServerFrame *answer)
{
	struct board *board = context;

	board->acting = 0;
	board->follow = board->moving;
	if (answer->answer_case == KEHU__SERVER_FRAME__ANSWER_WRITTEN) {
		const Kehu__BoardStage *stage;
		const Kehu__Row *row = board_find_card(board, board->moving, &stage);
		const Kehu__Value *name =
		    row != NULL ? board_value(board, row, BOARD_NAME) : NULL;

		board->refused = 0;
		board->undo = board->moving;
		message_sayf(SAY_OK, tr(T_BOARD_MOVED),
		    name != NULL && name->text != NULL ? name->text : "",
		    board->to != NULL ? board_stage_label(board, board->to)
				      : answer->written->text);
	} else if (answer->answer_case == KEHU__SERVER_FRAME__ANSWER_ERROR &&
		   answer->error->text != NULL && answer->error->code != ERR_CANCELLED) {
		board_refuse(board, board->moving, answer->error->text);
	} else {
		ask_say_error(board->app, answer, board->entity->number);
	}
	board_ask(
	    board, true); /* also after a refusal: perhaps it is not what was shown any more */
	ui_redraw(board->app->ui);
}

static Kehu__Value *
board_argument(struct arena *arena, uint32_t number, const char *text)
{
	Kehu__Value *value = ARENA_NEW(arena, Kehu__Value);

	kehu__value__init(value);
	value->has_field = true;
	value->field = number;
	value->text = ask_text(text);
	return value;
}

static uint32_t
board_argument_number(const struct board *board, const char *action, const char *name)
{
	const Kehu__Action *what = cat_action_called(board->entity, action);
	const Kehu__Field *field =
	    what == NULL ? NULL : cat_field_among(what->arguments, what->n_arguments, name);

	return field == NULL ? 0 : field->number;
}

/* One request: move, win or reopen. */
static void
board_send(struct board *board, const Kehu__Row *row, const Kehu__BoardStage *from,
    const Kehu__BoardStage *to)
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__Act act = KEHU__ACT__INIT;
	struct arena *arena = arena_new(0);
	Kehu__Value *arguments[2];
	const char *action = !board_is_open(from) ? "reopen"
			     : board_is_open(to)  ? "move"
						  : "win";

	if (board_is_open(to))
		arguments[act.n_arguments++] = board_argument(
		    arena, board_argument_number(board, action, "stage"), to->stage);
	if (!board_is_open(from))
		arguments[act.n_arguments++] = board_argument(arena,
		    board_argument_number(board, action, "reason"), tr(T_BOARD_REOPENED));
	act.has_entity = act.has_id = act.has_version = true;
	act.entity = board->entity->number;
	act.id = row->id;
	act.version = row->version;
	act.action = ask_text(action);
	act.arguments = arguments;
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_ACT;
	frame.act = &act;
	arena_reset(board->arena_moves);
	board->moving = row->id;
	board->undo = 0;
	board->from = arena_strdup(board->arena_moves, from->stage);
	/* Between closed stages there is no way but by reopening; the server knows where to. */
	board->to = board_is_open(from) || board_is_open(to)
			? arena_strdup(board->arena_moves, to->stage)
			: NULL;
	board->acting = ask_send(board->app, &frame, 0, board_on_moved, board);
	arena_free(arena);
}

static void
board_move(struct board *board, const Kehu__Row *row, const Kehu__BoardStage *from,
    const Kehu__BoardStage *to)
{
	struct arena *arena;

	if (board->acting != 0)
		return;
	board->refused = 0;
	if (strcmp(to->state, "lost") != 0 || !board_is_open(from)) {
		board_send(board, row, from, to);
		return;
	}
	/* Losing needs a reason: its form asks for it. */
	arena = arena_new(0);
	board->follow = row->id;
	action_start(board->app, board_record(board, arena, row), "lose", board_done, board);
	arena_free(arena);
}

void
board_shift(struct board *board, int step)
{
	const Kehu__Row *row = board_card(board, board->stage);
	size_t count = board->answer != NULL ? board->answer->n_stages : 0;
	const Kehu__BoardStage *from, *to;

	if (row == NULL)
		return;
	if ((step < 0 && board->stage == 0) || board->stage + (size_t)step >= count) {
		board_refuse(board, row->id, tr(T_BOARD_NO_FURTHER));
		return;
	}
	from = board->answer->stages[board->stage];
	to = board->answer->stages[board->stage + (size_t)step];
	board_move(board, row, from, to);
}

bool
board_can_undo(const struct board *board)
{
	return board->undo != 0;
}

void
board_undo(struct board *board)
{
	const Kehu__BoardStage *from = NULL, *to = board_find_stage(board, board->from);
	const Kehu__Row *row = board_find_card(board, board->undo, &from);

	board->undo = 0;
	if (row == NULL || to == NULL)
		message_say(SAY_NOTE, 0, tr(T_BOARD_GONE));
	else
		board_move(board, row, from, to);
}
