/* One record on one screen. Opened with record_open() of app.h; what its files share is here.
 */
#ifndef KEHU_SCREEN_RECORD_H
#define KEHU_SCREEN_RECORD_H

#include "client/screens/live.h"
#include "client/screens/record_tab.h"
#include "client/ui/prompt.h"
#include "client/ui/tabs.h"
#include "proto/frame.h"

enum { RECORD_TABS = GET_MAX_RELATED, RECORD_EVENTS = 300, RECORD_DRAFTS = 4 };

/* An event of the timeline: a dated row of a tab, or a draft of this user. */
struct record_event {
	const struct record_tab *tab; /* NULL: a draft */
	const Kehu__Row *row;
	const Kehu__Field *when_field;
	int64_t when_us; /* the order */
	const char *draft_key, *draft_title;
	int64_t draft_us;
};

struct record_screen {
	struct screen screen;
	struct screen_ops ops; /* its own: the module depends on the entity */
	struct app *app;
	const Kehu__Entity *entity;
	int64_t id;
	struct arena *arena;        /* of the record */
	const Kehu__Record *record; /* NULL: not here yet */
	bool purpose_asked; /* it is shut: what for was asked once */
	bool read_sent; /* of a message: that it is read */
	uint32_t asking, asking_change;
	int64_t read_ms; /* when what is shown was read (loop clock) */
	struct live_view *live;
	uint32_t pushed;       /* a version the server told of, not read yet */
	bool changed_seen;     /* the message line offers the history */
	uint32_t saved_entity; /* a record made from here, until the next key: what ^T prints */
	int64_t saved_id;

	struct record_tab tabs[RECORD_TABS];
	size_t tab_count;
	struct record_history *history;
	struct tab names[RECORD_TABS + 2];
	struct tabs strip; /* 0: overview, then tabs, then the history */

	struct record_event events[RECORD_EVENTS];
	size_t event_count;
	struct list timeline;
	struct list_row event_row;
	const char *event_cells[2];
	int scroll, scroll_max; /* of the fields at the left */

	struct prompt path;               /* a file's name, while it is asked for */
	struct record_transfer *transfer; /* a file on its way */
	bool path_saves;
};

/* ---- record.c ---- */

/* The tab on show; NULL: overview or history. */
struct record_tab *record_current_tab(struct record_screen *screen);

bool record_on_history(const struct record_screen *screen);

/* What waits for consent has its signers' lines for a history, and shows what it would change. */
bool record_is_approval(const struct record_screen *screen);

/* The tabs of its entity; and their end. */
void record_make_tabs(struct record_screen *screen);
void record_drop_tabs(struct record_screen *screen);

/* ---- record_tabs.c ---- */

/* The names in the strip, with what is known now. */
void record_tabs_name(struct record_screen *screen);
/* Another tab; the history is read once it is looked at. */
void record_tabs_go(struct record_screen *screen, size_t index);
/* Tab, Left, Right, and F4 for the list of all. */
unsigned record_tabs_key(struct record_screen *screen, enum act act);

/* ---- record_data.c ---- */

/* Ask for it with the first rows of its tabs; flags of ask_send(). */
void record_ask(struct record_screen *screen, unsigned flags);
/* Read a record with its tabs behind everything else, for the time without a link. 0: it cannot be. */
uint32_t record_ask_ahead(struct app *app, uint32_t entity, int64_t id,
    void (*done)(void *context, const Kehu__ServerFrame *answer), void *context);
/* Whether an answer is kept that can be shown without a link. */
bool record_is_kept(struct app *app, uint32_t entity, int64_t id);
/* Read it again, without a spinner. */
void record_reload(struct record_screen *screen);
/* Whether nothing is known to have changed since it was read. */
bool record_is_fresh(const struct record_screen *screen);
/* What was read before, at once, while it is asked for again. */
void record_show_cached(struct record_screen *screen);
/* The callbacks of its live view. */
void record_on_pushed(void *context, uint32_t entity, int64_t id, uint32_t version);
void record_on_settled(void *context);

/* ---- record_overview.c ---- */

/* Gather the timeline anew: tabs or drafts changed. */
void record_overview_gather(struct record_screen *screen);
void record_overview_draw(struct record_screen *screen, struct rect rect);
unsigned record_overview_key(
    struct record_screen *screen, enum act act, const struct event *event);
/* The event under the cursor, or NULL. */
const struct record_event *record_overview_current(const struct record_screen *screen);
/* Row 1: "#C000123 上海浦东发展银行  级别 A  …  版本 14". */
void record_head_draw(struct record_screen *screen, struct rect rect);
/* "label: value" of everything there is. In arena. */
const char *record_as_text(struct record_screen *screen, struct arena *arena);

/* ---- files.c ---- */

/* Whether the tab on show has files. */
bool record_files_here(struct record_screen *screen);
/* Ask for the path to save the current file to, or of the file to add. */
void record_files_ask(struct record_screen *screen, bool saves);
/* Enter in the path line. */
void record_files_go(struct record_screen *screen);
/* The file under the cursor may be given out to the customer's own people, or kept in again; and doing so. */
bool record_files_can_give(struct record_screen *screen);
void record_files_give(struct record_screen *screen);
void record_files_stop(struct record_screen *screen);

#endif
