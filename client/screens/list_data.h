/*
 * List data: the rows of one query, read page by page by key in both directions, one page ahead
 * of what is in sight. Rows have a place counted from the first one of the query; pages far
 * from what is in sight are given back, and read again when they are wanted.
 */
#ifndef KEHU_LIST_DATA_H
#define KEHU_LIST_DATA_H

#include "client/screens/app.h"

struct list_data;

struct list_data_config {
	uint32_t entity;
	const uint32_t *columns; /* copied; none: the default columns */
	size_t column_count;
	/* Rows or what is known of their number changed. first: they are those of a new query.
	 */
	void (*changed)(void *context, bool first);
	/* The query was refused; the rows of before stay. */
	void (*failed)(void *context, const Kehu__ServerFrame *answer);
	void *context;
};

struct list_data *list_data_new(struct app *app, const struct list_data_config *config);
void list_data_free(struct list_data *data);

enum data_ask_flag {
	DATA_QUIET = 1, /* nobody pressed Enter for it */
	DATA_AGAIN = 2, /* the rows here are newer than any answer kept from before */
};

/*
 * Another query or order (sort 0: the query's or the entity's own). The rows of before stay
 * until the first page is here; an answer kept from before stands in for it.
 */
void list_data_ask(
    struct list_data *data, const char *query, uint32_t sort, bool down, unsigned flags);
/* Stop what is under way. */
void list_data_stop(struct list_data *data);
/* These rows are in sight: fetch what is missing and the pages beside them. */
void list_data_visible(struct list_data *data, size_t first, size_t count);

/* Somebody wants to go to the row at index: fetch on until it is here. */
void list_data_reach(struct list_data *data, size_t index);

/* Where the rows known end, and whether more may follow. */
size_t list_data_end(const struct list_data *data);
bool list_data_more(const struct list_data *data);
/* How many there are in all: false while it is not known. at_least: that many or more. */
bool list_data_count(const struct list_data *data, size_t *count, bool *at_least);
/* A first page of a new query is awaited. */
bool list_data_waits(const struct list_data *data);
/* Nothing is known to have been written since the first page was read. */
bool list_data_fresh(const struct list_data *data);
/* The rows are of an answer kept from before: its age in ms; -1: they are not. */
int64_t list_data_age_ms(const struct list_data *data);

/* NULL: not here (now). Valid until the next event. */
const Kehu__Row *list_data_row(const struct list_data *data, size_t index);
/* Field numbers of the cells of all rows. */
const uint32_t *list_data_columns(const struct list_data *data, size_t *count);
/* The place of a record; false: it is not among the rows here. */
bool list_data_find(const struct list_data *data, int64_t id, size_t *index);
/* Read one row again; it keeps its place. A record that is gone is told by rights 0, no cells.
 */
void list_data_refresh(struct list_data *data, int64_t id);
/*
 * Read the first page of a list with its usual columns behind everything else, so that it is shown
 * at once when it is opened, even without a link. The request's number.
 */
uint32_t list_data_ahead(struct app *app, uint32_t entity, const char *query,
    void (*done)(void *context, const Kehu__ServerFrame *answer), void *context);

#endif
