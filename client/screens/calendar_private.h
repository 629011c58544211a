/* Calendar: what its two files share. See calendar.c. */
#ifndef KEHU_CALENDAR_PRIVATE_H
#define KEHU_CALENDAR_PRIVATE_H

#include "client/screens/app.h"
#include "client/screens/live.h"

enum calendar_view { CALENDAR_BY_DAY, CALENDAR_BY_WEEK, CALENDAR_BY_MONTH };
enum { CALENDAR_CELLS = 6, CALENDAR_LIMIT = 500 };

/* Cells of a row by this place. */
enum calendar_cell { CALENDAR_AT, CALENDAR_MINUTES, CALENDAR_KIND, CALENDAR_CUSTOMER, CALENDAR_PURPOSE, CALENDAR_STATE };

struct calendar_item {
	const Kehu__Row *row;
	int64_t at_us, end_us, day;
	bool conflict; /* another open one of the same person at that time */
};

/* What is being moved: id 0 for nothing. */
struct calendar_move {
	int64_t id, at_us, minutes;
	uint32_t version, saving;
	bool again; /* keys came while it was being saved */
};

struct calendar {
	struct screen screen;
	struct app *app;
	const Kehu__Entity *entity;
	uint32_t columns[CALENDAR_CELLS]; /* 0: not for this user */
	struct live_view *live;

	struct arena *arena;
	const Kehu__Page *page;
	struct calendar_item *items; /* of six weeks, by time */
	size_t count;
	bool cut; /* there are more than fit into one answer */
	uint32_t asking;
	bool ask_again;
	int64_t from; /* the Monday that the items begin with */
	enum lang lang;

	struct calendar_move moved;
	struct arena *holiday_arena;
	const Kehu__Page *holidays; /* of the same six weeks; NULL: not known */
	uint32_t asking_holidays;
	int64_t holidays_from;

	enum calendar_view view;
	int64_t day;    /* where the cursor is */
	size_t item;    /* of that day */
	int64_t follow; /* the record the cursor goes to when the answer is here */
	int64_t owner;  /* whose; 0: one's own */
	char owner_label[80];
};

/* The items of a day: the first, and how many. */
size_t calendar_of_day(const struct calendar *calendar, int64_t day, const struct calendar_item **first);
const struct calendar_item *calendar_current(const struct calendar *calendar);
const Kehu__Value *calendar_value(const struct calendar *calendar, const Kehu__Row *row, enum calendar_cell cell);

/* Planned or started: it may be moved. */
bool calendar_is_open(const struct calendar *calendar, const struct calendar_item *item);
void calendar_mark_conflicts(struct calendar *calendar);
/* The name of a day nobody works, of a weekend day that is worked (*worked), or NULL. */
const char *calendar_holiday(const struct calendar *calendar, int64_t day, bool *worked);

/* The keys that move and stretch what is under the cursor. */
unsigned calendar_move(struct calendar *calendar, enum act act); /* calendar_move.c */

void calendar_draw(struct screen *screen, struct rect rect); /* calendar_draw.c */

#endif
