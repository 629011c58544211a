/*
 * What the files of the list screen share: list.c (screen and keys), list_column.c,
 * list_move.c, list_filter.c, list_option.c.
 */
#ifndef KEHU_LIST_PRIVATE_H
#define KEHU_LIST_PRIVATE_H

#include "client/screens/list_data.h"
#include "client/screens/live.h"
#include "client/screens/preview.h"
#include "client/screens/views.h"
#include "client/ui/list.h"
#include "client/ui/prompt.h"
#include <sys/queue.h>

enum { LIST_COLUMNS_MAX = 32, LIST_NEW_MAX = 64, LIST_UNDO_MAX = 64 };

struct list_screen {
	struct screen screen;
	struct screen_ops ops; /* the general ones with the module of this entity */
	struct app *app;
	uint32_t entity;
	char *name, *column_names; /* of a saved view; "" else */
	char *group, *sums;        /* names of fields, as for groups they were last wanted */
	struct arena *arena;       /* texts of refused options; as long as the screen */

	/* columns, made from one catalogue */
	const struct cat *cat;
	struct list_column columns[LIST_COLUMNS_MAX];
	uint32_t fields[LIST_COLUMNS_MAX];
	size_t column_count;
	char options[10];

	struct list list;
	struct list_data *data;
	struct preview *preview;
	struct live_view *live;
	const char *cells[LIST_COLUMNS_MAX]; /* of the row being drawn */
	uint8_t roles[LIST_COLUMNS_MAX];
	struct list_row row;

	bool keep_marks; /* they are the same rows, read again */
	size_t owed_to;  /* a key wanted to go to this row, which is not here yet; 0: none */
	int64_t keep;    /* stay on this record when the first page comes; 0: the first row */
	int64_t fresh[LIST_NEW_MAX]; /* records made since the page was read */
	size_t fresh_count;
	bool preview_off, preview_on; /* the user's wish; neither: by the width */
	int list_less_cols;           /* the user gave the preview more */

	/* filter */
	struct prompt prompt;
	char *query; /* what the rows are of, or will be */
	uint32_t sort, sort_before;
	bool down, down_before;
	unsigned debounce;
	bool whole;  /* the menu of actions is for all that the query finds */
	bool typing; /* the query under way was not entered yet */
	char *fault; /* why the query is not understood; NULL: it is */
	size_t fault_at;

	/* deletions that can be taken back */
	int64_t undo[LIST_UNDO_MAX];
	size_t undo_count;
	LIST_HEAD(list_writes, option_write) writes;
	size_t under_way, done, refused; /* of the writes last sent */
	uint32_t getting;                /* the record for the menu of actions */
};

/* Read the rows of the present query again; the cursor stays on its record when keep is set. */
void list_screen_ask(struct list_screen *screen, bool quiet, bool keep);
/* The same with the columns there are now; nothing is asked yet. */
void list_screen_read(struct list_screen *screen);
const Kehu__Entity *list_screen_entity(const struct list_screen *screen);
/* The row under the cursor; NULL: none, or not here yet. */
const Kehu__Row *list_screen_current(const struct list_screen *screen);
/* The label of a row, in scratch memory. */
const char *list_screen_label(const struct list_screen *screen, const Kehu__Row *row);
void list_screen_open_row(struct list_screen *screen, const Kehu__Row *row);

/* list_column.c */
/* Again only when the catalogue is another: labels in the other language, a field more. */
void list_column_make(struct list_screen *screen);
void list_column_measure(struct list_screen *screen);
/* For the widget: the row at index as texts; NULL: not here yet. */
const struct list_row *list_column_row(void *arg, size_t index);
/* The next column that can be sorted by, or the other way round. */
unsigned list_column_sort(struct list_screen *screen, bool turn);

/* list_choose.c */
/* Which fields are columns, and by which it is grouped: a menu of each. */
void list_choose_columns(struct list_screen *screen);
void list_choose_group(struct list_screen *screen);
/* The columns last chosen for plain lists of the entity; "": none were. In scratch memory. */
const char *list_choose_remembered(const struct app *app, const char *entity);
/* What the list shows, as a view of that name; in scratch memory. */
struct view list_choose_view(struct list_screen *screen, const char *name);

/* list_move.c */
void list_move_visible(void *arg, size_t first, size_t count);
void list_move_changed(void *context, bool first);
void list_move_failed(void *context, const Kehu__ServerFrame *answer);
/* A key moved the cursor from this row: what it wanted beyond the rows here is owed. */
void list_move_owe(struct list_screen *screen, size_t from, enum act act);

/* list_filter.c */
unsigned list_filter_key(struct list_screen *screen, enum act act, const struct event *event);
void list_filter_set(struct list_screen *screen, const char *query);
void list_filter_failed(struct list_screen *screen, const Kehu__ServerFrame *answer);
void list_filter_draw(struct list_screen *screen, struct rect rect);

/* list_option.c */
void list_option_find(struct list_screen *screen);
const char *list_option_legend(const struct list_screen *screen);
unsigned list_option_run(struct list_screen *screen);
void list_option_actions(struct list_screen *screen);
/* Answer the message under the cursor; of other records there is nothing to answer. */
void list_option_reply(struct list_screen *screen);
bool list_option_can_reply(const struct list_screen *screen);
void list_option_undo(struct list_screen *screen);
void list_option_new(struct list_screen *screen);
void list_option_leave(struct list_screen *screen);
void list_option_copy(const struct list_screen *screen, bool all);

#endif
