/* Board: what the files of the opportunity board share. See board.c. */
#ifndef KEHU_BOARD_PRIVATE_H
#define KEHU_BOARD_PRIVATE_H

#include "client/screens/app.h"
#include "client/screens/live.h"
#include "client/ui/prompt.h"

enum { BOARD_STAGES = 32, BOARD_CELLS = 8 };

/* What a card shows; cells of its row by this place. */
enum board_cell {
	BOARD_NAME,
	BOARD_CUSTOMER,
	BOARD_AMOUNT,
	BOARD_SINCE,
	BOARD_STALLS,
	BOARD_STAGE,
	BOARD_STATE,
	BOARD_EXPECTED,
};

struct board {
	struct screen screen;
	struct app *app;
	const Kehu__Entity *entity;
	uint32_t
	    columns[BOARD_CELLS]; /* field numbers; those this user may not see are left out */
	enum board_cell cells[BOARD_CELLS]; /* what each of them is */
	size_t column_count;

	struct arena *arena;
	const Kehu__BoardAnswer *answer; /* NULL: not here yet */
	uint32_t asking;
	bool ask_again; /* something changed while it was asked */
	char *query;
	enum lang lang; /* of the answer */
	struct prompt prompt;
	struct live_view *live;

	size_t stage, left;       /* where the cursor is, the first stage in sight */
	size_t row[BOARD_STAGES]; /* the cursor of each stage */
	size_t top[BOARD_STAGES]; /* the first card in sight */
	size_t cards;             /* that fit */
	int64_t follow;           /* the card the cursor goes to when the answer is here */

	/* the move under way, and the one done last */
	uint32_t acting;
	int64_t moving, undo;
	const char *from, *to; /* codes, in arena_moves */
	struct arena *arena_moves;
	/* why a card could not be moved: shown on it */
	int64_t refused;
	char reason[256];
};

/* ---- board.c ---- */

/* Read it again; quiet: nobody waits. */
void board_ask(struct board *board, bool quiet);
/* The card at the cursor, of a stage; NULL: none. */
const Kehu__Row *board_card(const struct board *board, size_t stage);
/* A cell of a card; NULL: not for this user. */
const Kehu__Value *board_value(
    const struct board *board, const Kehu__Row *row, enum board_cell cell);
const char *board_stage_label(const struct board *board, const char *code);
/* A card as a record, for menus and actions; in arena. */
const Kehu__Record *board_record(
    const struct board *board, struct arena *arena, const Kehu__Row *row);
void board_done(void *context);

/* ---- board_draw.c ---- */

void board_draw(struct screen *screen, struct rect rect);

/* ---- board_move.c ---- */

/* Move the card at the cursor so many stages on. */
void board_shift(struct board *board, int step);
bool board_can_undo(const struct board *board);
void board_undo(struct board *board);

#endif
