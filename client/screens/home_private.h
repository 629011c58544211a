/* Home: what its files share. See home.c. */
#ifndef KEHU_HOME_PRIVATE_H
#define KEHU_HOME_PRIVATE_H

#include "client/screens/app.h"
#include "client/screens/live.h"
#include "client/screens/recent.h"
#include "client/ui/list.h"

enum { HOME_ROWS = 20, HOME_CELLS = 2, HOME_ITEMS = 400, HOME_LIVES = 6, HOME_GOALS = 4 };
enum home_pane_name { HOME_TODAY, HOME_MESSAGES, HOME_TEAM, HOME_HERE, HOME_RECENT, HOME_PANES };

struct home_pane {
	struct home *home;
	enum home_pane_name name;
	struct list list;
	struct rect rect; /* where it stands now; no rows: there is no room, or nothing to show */
	/* the row being drawn */
	struct list_row row;
	const char *cells[HOME_CELLS];
	uint8_t roles[HOME_CELLS];
};

/* A line of the list of today: the head of a section (row NULL), which opens all of it, or a row. */
struct home_item {
	const Kehu__TodaySection *section;
	const Kehu__Row *row;
	bool cut; /* a head: not all of its rows stand below */
};

struct home {
	struct screen screen;
	struct app *app;
	struct home_pane panes[HOME_PANES];
	enum home_pane_name focus;
	struct arena *arena; /* of the answer */
	const Kehu__TodayAnswer *today;
	struct arena *team_arena;
	const Kehu__TeamAnswer *team;
	uint32_t number, team_number;
	bool failed;
	struct live_view *live[HOME_LIVES];
	unsigned timer; /* to read again after changes */

	struct home_item items[HOME_ITEMS];
	size_t item_count, item_rows; /* made for a pane of so many rows */
	uint32_t follow_entity;	      /* where the cursor goes when the answer is here */
	int64_t follow;
	char opened[40]; /* the section that shows all its rows */

	struct recent_item recent[HOME_ROWS];
	size_t recent_count;
	enum lang lang; /* of the answers */
};

/* ---- home_today.c: the lines of today, and what is done with one ---- */

/* Lines for a pane of so many rows; the cursor stays with its record. */
void home_today_make(struct home *home, size_t rows);
/* NULL: nothing there. */
const struct home_item *home_today_current(const struct home *home);
void home_today_row(struct home_pane *pane, size_t index);
/* "逾期 (12)" of a head; NULL: it is a row. */
const char *home_today_head(const struct home_item *item);
/* The unread messages; NULL: none. */
const Kehu__TodaySection *home_messages(const struct home *home);
void home_message_row(struct home_pane *pane, size_t index);
/* Enter, F8, x, z, +, v, c, r on the line under the cursor; UI_NONE: not a key of theirs. */
unsigned home_today_key(struct home *home, enum act act);
/* Whether visits are any of this user's business: an external user's are not. */
bool home_can_visit(const struct home *home);
/* What F6 makes: a visit, else an order, as a customer's own people ask for one; NULL: nothing. */
const Kehu__Entity *home_new_entity(const struct home *home);
bool home_today_can(const struct home *home, enum act act);

/* ---- home_draw.c ---- */

void home_draw(struct screen *screen, struct rect rect);
/* How many drafts and records on their way there are on this machine; one of them. */
size_t home_here_count(const struct home *home);
const struct journal_entry *home_entry(const struct home *home, size_t index);
const struct list_row *home_row(void *pane, size_t index);

/* ---- home.c ---- */

void home_load(struct home *home, bool quiet);
/* Whether a pane can have the cursor. */
bool home_pane_shown(const struct home *home, enum home_pane_name name);

#endif
