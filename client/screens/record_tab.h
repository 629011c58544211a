/*
 * Tabs of a record: related rows (contacts, visits, files) and the history. A tab holds its
 * rows and its table; the record's screen gives it keys and room. Rows after the first ones are
 * fetched when they come near.
 */
#ifndef KEHU_RECORD_TAB_H
#define KEHU_RECORD_TAB_H

#include "client/screens/app.h"
#include "client/ui/list.h"
#include "client/ui/tabs.h"

enum { TAB_FIRST_ROWS = 10, TAB_MORE_ROWS = 50, TAB_COLUMNS = 12 };

/* ---- related rows ---- */

struct record_tab {
	struct app *app;
	uint32_t entity; /* of the record */
	int64_t id;
	const Kehu__Tab *tab;
	const Kehu__Entity *related;
	uint32_t columns[TAB_COLUMNS]; /* asked for */
	size_t column_count;

	struct arena *arena; /* of the rows */
	Kehu__Row **rows;
	size_t count, room;
	ProtobufCBinaryData next; /* .len 0: no more */
	uint32_t asking;
	int64_t wanted; /* the row to be on once it is here; 0: the one of before */
	/* More rows are here; may be NULL. By the owner, after record_tab_init(). */
	void (*grown)(void *context);
	void *context;

	struct list list;
	struct list_column list_columns[TAB_COLUMNS];
	struct list_row row;
	const char *cells[TAB_COLUMNS];
	uint8_t roles[TAB_COLUMNS];
};

/* false: the related entity is not one this user may see. */
bool record_tab_init(struct record_tab *tab, struct app *app, uint32_t entity, int64_t id,
    const Kehu__Tab *what);
void record_tab_fini(struct record_tab *tab);
/* Another catalogue (the other language): the same tab of entity in it. */
void record_tab_follow(struct record_tab *tab, const Kehu__Entity *entity);
/* The request for its first rows, to go with a Get; columns are borrowed from the tab. */
void record_tab_ask(const struct record_tab *tab, Kehu__Related *related);
/* Its first rows; copied. The cursor stays on the row it was on. */
void record_tab_take(struct record_tab *tab, const Kehu__Page *page);
/* Fetch the rows after those that are here, if there are any. */
void record_tab_more(struct record_tab *tab);
/* Its name and how many rows are here. */
struct tab record_tab_name(const struct record_tab *tab);
/* The row under the cursor, or NULL. */
const Kehu__Row *record_tab_current(const struct record_tab *tab);
/* A cell of a row by its field; NULL: not among the columns. */
const Kehu__Value *record_tab_cell(
    const struct record_tab *tab, const Kehu__Row *row, uint32_t field);
/* What Enter on a row opens: the row's record, or the other side of a relation. */
bool record_tab_target(
    const struct record_tab *tab, const Kehu__Row *row, uint32_t *entity, int64_t *id);

/* ---- history ---- */

struct record_history;

struct record_history *record_history_new(struct app *app, uint32_t entity, int64_t id);
void record_history_free(struct record_history *history);
/* Read it (again), once it is looked at. */
void record_history_ask(struct record_history *history);
/* It is not what the server has any more. */
void record_history_stale(struct record_history *history);
unsigned record_history_key(
    struct record_history *history, enum act act, const struct event *event);
void record_history_draw(struct record_history *history, struct rect rect);
/* "级别: B -> A" of a change; the first fields of many. In arena. */
const char *record_history_text(
    struct app *app, struct arena *arena, const Kehu__Change *change);

#endif
