/* The dispatch board: what its files share. See dispatch.c. */
#ifndef KEHU_DISPATCH_PRIVATE_H
#define KEHU_DISPATCH_PRIVATE_H

#include "client/screens/app.h"
#include "client/screens/live.h"
#include "client/ui/prompt.h"

enum { DISPATCH_CELLS = 8, DISPATCH_UNDO = 32, DISPATCH_PENDING = 200, DISPATCH_OPEN_ROWS = 50, DISPATCH_DAY_MIN = 1440 };

/* What the open list shows of a job. */
enum dispatch_cell {
	DISPATCH_NUMBER,
	DISPATCH_PRIORITY,
	DISPATCH_CUSTOMER,
	DISPATCH_SUBJECT,
	DISPATCH_DUE,
	DISPATCH_MINUTES,
	DISPATCH_PLACE,
	DISPATCH_STATE,
};

/* On the board; times in minutes from its beginning. */
struct dispatch_job {
	int64_t id, number, technician;
	uint32_t version, state; /* place in the dictionary */
	int start, minutes;
};

enum dispatch_zone { ZONE_GRID, ZONE_OPEN, ZONE_PLACES };

enum dispatch_doing { DO_PLACE, DO_UNPLACE, DO_SWAP, DO_TELL, DO_UNDO };

/* Where a job was before it was moved. */
struct dispatch_was {
	enum dispatch_doing doing;
	int64_t id, technician, start_us, other;
	int minutes; /* technician 0: it had no place */
	uint32_t version; /* after it was moved; it may have left what is shown */
};

struct dispatch {
	struct screen screen;
	struct app *app;
	const Kehu__Entity *entity;
	uint32_t columns[DISPATCH_CELLS]; /* 0: not for this user */

	struct arena *arena, *arena_open, *arena_places, *arena_detail;
	const Kehu__DispatchAnswer *answer; /* people and shifts; NULL: not here yet */
	struct dispatch_job *jobs;
	size_t count, room;
	const Kehu__Page *open;
	size_t open_count;
	const Kehu__DispatchAnswer *places; /* suggested or proposed; NULL: none */
	const Kehu__Record *detail;
	int64_t detail_of;

	uint32_t asking, asking_few, asking_places, asking_detail, acting;
	int64_t pending[DISPATCH_PENDING]; /* changed since */
	size_t pending_count;
	bool pending_all;
	char *query;
	struct prompt prompt;
	struct live_view *live;
	enum lang lang;

	int64_t day; /* first on the board */
	int days;
	int64_t from_us; /* its midnight */

	enum dispatch_zone zone;
	size_t row, top;           /* of people */
	size_t open_row, open_top; /* of the open list */
	size_t place_row, place_top;
	int at; /* the cursor's minute */
	struct rect grid; /* as last drawn, for clicks */
	struct rect open_rect;
	int hour_from, hour_to;

	/* carried */
	bool carrying;
	struct dispatch_job carried;
	int64_t swap_with; /* 0: none marked */

	/* what is being done, and what was */
	struct dispatch_was doing, was[DISPATCH_UNDO];
	size_t was_count;
	size_t take_next, took, refused; /* of all places */
	bool taking;
};

/* ---- dispatch_data.c ---- */

void dispatch_ask(struct dispatch *board, bool quiet);
void dispatch_ask_few(struct dispatch *board);
void dispatch_ask_places(struct dispatch *board, int64_t job); /* 0: all of the open list */
void dispatch_ask_detail(struct dispatch *board);
void dispatch_note_changed(struct dispatch *board, int64_t id);
struct dispatch_job *dispatch_find(struct dispatch *board, int64_t id);
/* The job at the cursor of the grid; NULL: none. */
const struct dispatch_job *dispatch_at(const struct dispatch *board, int64_t technician, int at);
const Kehu__DispatchPerson *dispatch_person(const struct dispatch *board, size_t row);
/* The one that the cursor is on, on the grid or the open list; 0: none. */
int64_t dispatch_current(const struct dispatch *board, uint32_t *version, int *minutes);
const Kehu__Value *dispatch_value(const struct dispatch *board, const Kehu__Row *row, enum dispatch_cell cell);
const char *dispatch_state(const struct dispatch *board, uint32_t state);
int dispatch_now(const struct dispatch *board);
/* The digits of a job's number; in scratch memory. */
const char *dispatch_number(const struct dispatch *board, int64_t number);

/* ---- dispatch_draw.c ---- */

void dispatch_draw(struct screen *screen, struct rect rect);
/* Minute of a cell of the grid. */
int dispatch_minute_of(const struct dispatch *board, int col);

/* ---- dispatch_move.c ---- */

void dispatch_carry(struct dispatch *board);
bool dispatch_carry_key(struct dispatch *board, enum act act);
void dispatch_drop(struct dispatch *board);
void dispatch_swap(struct dispatch *board);
void dispatch_unplace(struct dispatch *board);
void dispatch_tell(struct dispatch *board);
void dispatch_take_place(struct dispatch *board);
void dispatch_take_all(struct dispatch *board);
void dispatch_undo(struct dispatch *board);

#endif
