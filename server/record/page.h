/*
 * Pages of rows by key: List, Related, and the tabs that come with Get.
 */
#ifndef KEHU_PAGE_H
#define KEHU_PAGE_H

#include "server/record/filter.h"

struct page_request {
	const struct entity_view *entity; /* the reader's view */
	const struct arms *arms;    /* NULL: reached through an opened parent */
	const char *query;          /* NULL or "" */
	const uint32_t *columns;    /* none: the default columns */
	size_t column_count;
	uint32_t sort;              /* 0: the query's or the entity's own */
	bool down;
	ProtobufCBinaryData cursor;
	size_t limit;
	bool whole;                 /* not for a screen: a limit may be any */
	bool deleted;
	const struct field *parent_field; /* Related: this field is parent_id */
	int64_t parent_id;
	uint32_t parent_entity;
	bool often;                 /* the same again and again: its statement stays prepared with page_only, too */
};

/*
 * Checks the request and queues its statements; page_take builds the answer after the flush.
 * ERR_QUERY, ERR_NO_SUCH_FIELD, ERR_BAD_REQUEST (a cursor of another list).
 */
struct page_reading;
MUST_CHECK enum err page_prepare(struct call *call, const struct page_request *request,
    struct page_reading **reading);
void page_queue(struct call *call, struct page_reading *reading);
Kehu__Page *page_take(struct call *call, struct page_reading *reading);

/* Sorting by this needs a small set: ask page_count first. */
bool page_sort_is_indexed(const struct page_reading *reading);
/* Somebody asked for an order: it is not the entity's own. */
bool page_is_sorted(const struct page_reading *reading);
/* Words of the query that page_queue leaves out: the search has to find their ids. */
const char *page_words(const struct page_reading *reading);
/* Restrict to these ids (found by the search), before page_queue. */
void page_only(struct page_reading *reading, const int64_t *ids, size_t count);
/* Queue a count of the rows, at most limit; rows_int(*rows, 0, 0) after the flush. */
void page_count(struct call *call, struct page_reading *reading, size_t limit, struct rows **rows);

/*
 * The records that a query's words match, within its conditions, in arena (lists.c). The
 * transaction has begun. ERR_QUERY for too little to look for, ERR_NARROW for too many.
 */
MUST_CHECK enum err lists_find_words(struct call *call, const struct entity_view *entity,
    const char *query, int64_t **found, size_t *count);

/* Whether what a list finds may be grouped by a field of the reader's view, and whether it may be summed (groups.c). */
bool page_may_group(const struct field *field);
bool page_may_sum(const struct field *field);

/* The columns of a list as the catalogue gives them: field numbers, in arena. */
size_t page_default_columns(struct arena *arena, const struct entity_view *entity,
    const uint32_t **columns);

#endif
