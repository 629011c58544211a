/* Pages of rows around what is in sight; list.c shows them. See list_data.h. */
#include "client/screens/list_data.h"

#include "client/screens/ask.h"
#include "common/log.h"
#include "common/mem.h"
#include <stdlib.h>
#include <string.h>

enum {
	DATA_PAGES = 24,     /* held at once */
	DATA_REFRESHES = 12, /* rows read again at once */
	DATA_COUNT_MS =
	    250, /* the number of all rows is asked for when the screen has come to rest */
	DATA_ROWS_MIN = 20,
	DATA_ROWS_MAX = 60,
	DATA_REACH_ROWS = 500, /* in one page, where somebody goes far */
};

struct data_page {
	struct arena *arena;
	const Kehu__Page *page;
};

struct data_refresh {
	struct list_data *data;
	uint32_t number;
	int64_t id;
};

struct list_data {
	struct app *app;
	struct list_data_config config;
	uint32_t *columns_asked;
	char *query;
	uint32_t sort;
	bool down;

	struct data_page pages[DATA_PAGES + 1];
	size_t page_count, base; /* base: place of the first row held */

	uint32_t first, next, previous, total; /* requests under way */
	struct arena *asking;                  /* the cursor of the page asked for */
	size_t seen_first, seen_count;
	unsigned count_timer;
	bool counted, count_at_least;
	size_t count;
	int64_t age_ms;
	unsigned epoch; /* of the program, when the first page was read */
	struct data_refresh refreshes[DATA_REFRESHES];
};

struct list_data *
list_data_new(struct app *app, const struct list_data_config *config)
{
	struct list_data *data = mem_zalloc(1, sizeof(*data));

	data->app = app;
	data->config = *config;
	data->columns_asked = mem_zalloc(config->column_count + 1, sizeof(uint32_t));
	data->query = mem_strdup("");
	if (config->column_count > 0)
		memcpy(data->columns_asked, config->columns,
		    config->column_count * sizeof(uint32_t));
	data->age_ms = -1;
	return data;
}

/* ---- the pages held ---- */

static void
data_drop(struct list_data *data)
{
	for (size_t i = 0; i < data->page_count; i++)
		arena_free(data->pages[i].arena);
	data->page_count = data->base = 0;
}

static size_t
data_rows_held(const struct list_data *data)
{
	size_t count = 0;

	for (size_t i = 0; i < data->page_count; i++)
		count += data->pages[i].page->n_rows;
	return count;
}

static const Kehu__Page *
data_first_page(const struct list_data *data)
{
	return data->page_count == 0 ? NULL : data->pages[0].page;
}

static const Kehu__Page *
data_last_page(const struct list_data *data)
{
	return data->page_count == 0 ? NULL : data->pages[data->page_count - 1].page;
}

static struct data_page
data_keep(const Kehu__ServerFrame *answer)
{
	struct arena *arena = arena_new(0);

	return (struct data_page){ arena, link_keep(arena, answer)->page };
}

static void
data_take_front(struct list_data *data)
{
	data->base += data->pages[0].page->n_rows;
	arena_free(data->pages[0].arena);
	data->page_count--;
	memmove(&data->pages[0], &data->pages[1], data->page_count * sizeof(data->pages[0]));
}

static void
data_append(struct list_data *data, struct data_page page)
{
	data->pages[data->page_count++] = page;
	if (data->page_count > DATA_PAGES)
		data_take_front(data);
}

static void
data_prepend(struct list_data *data, struct data_page page)
{
	size_t rows = page.page->n_rows;

	/* Others may have made records before these: places cannot go below the first. */
	data->base = data->base > rows ? data->base - rows : 0;
	memmove(&data->pages[1], &data->pages[0], data->page_count * sizeof(data->pages[0]));
	data->pages[0] = page;
	data->page_count++;
	if (data->page_count > DATA_PAGES)
		arena_free(data->pages[--data->page_count].arena);
}

/* ---- asking ---- */

void
list_data_stop(struct list_data *data)
{
	ask_cancel(data->app, &data->first);
	ask_cancel(data->app, &data->next);
	ask_cancel(data->app, &data->previous);
	ask_cancel(data->app, &data->total);
	loop_cancel(data->app->loop, data->count_timer);
	data->count_timer = 0;
	for (size_t i = 0; i < DATA_REFRESHES; i++)
		ask_cancel(data->app, &data->refreshes[i].number);
}

void
list_data_free(struct list_data *data)
{
	if (data == NULL)
		return;
	list_data_stop(data);
	data_drop(data);
	free(data->query);
	free(data->columns_asked);
	free(data);
}

static uint32_t
data_page_rows(void)
{
	int rows = cells_rows() - 6;

	return (uint32_t)(rows < DATA_ROWS_MIN   ? DATA_ROWS_MIN
			  : rows > DATA_ROWS_MAX ? DATA_ROWS_MAX
						 : rows);
}

static struct ask_list
data_ask(const struct list_data *data)
{
	return (struct ask_list){ .entity = data->config.entity,
		.query = data->query,
		.sort = data->sort,
		.down = data->down,
		.limit = data_page_rows(),
		.columns = data->columns_asked,
		.column_count = data->config.column_count };
}

static uint32_t
data_send(struct list_data *data, const struct ask_list *ask, unsigned flags,
    void (*done)(void *context, const Kehu__ServerFrame *answer))
{
	Kehu__ClientFrame frame;
	Kehu__List list;

	ask_list_frame(&frame, &list, ask);
	return ask_send(data->app, &frame, flags, done, data);
}

static void
data_on_total(void *context, const Kehu__ServerFrame *answer)
{
	struct list_data *data = context;

	data->total = 0;
	if (answer->answer_case != KEHU__SERVER_FRAME__ANSWER_PAGE || !answer->page->has_total)
		return;
	data->counted = true;
	data->count = answer->page->total > 0 ? (size_t)answer->page->total : 0;
	data->count_at_least = answer->page->total_at_least;
	data->config.changed(data->config.context, false);
}

static void
data_on_count_time(void *arg)
{
	struct list_data *data = arg;
	struct ask_list ask = data_ask(data);

	data->count_timer = 0;
	ask.total = true;
	ask.limit = 1; /* and of that row no more than must be */
	ask.columns = list_data_columns(data, &ask.column_count);
	ask.column_count = ask.column_count > 0;
	data->total = data_send(data, &ask, LINK_LOW, data_on_total);
}

/* The whole set fits the pages held: counted without asking. */
static void
data_count_held(struct list_data *data)
{
	const Kehu__Page *last = data_last_page(data);

	if (last != NULL && last->has_next)
		return;
	data->counted = true;
	data->count = data->base + data_rows_held(data);
	data->count_at_least = false;
}

static void
data_look_around(struct list_data *data)
{
	if (data->seen_count > 0)
		list_data_visible(data, data->seen_first, data->seen_count);
}

static void
data_on_first(void *context, const Kehu__ServerFrame *answer)
{
	struct list_data *data = context;

	data->first = 0;
	if (answer->answer_case != KEHU__SERVER_FRAME__ANSWER_PAGE) {
		data->config.failed(data->config.context, answer);
		return;
	}
	data_drop(data);
	data->age_ms = -1;
	data->epoch = data->app->epoch;
	data->counted = false;
	data->pages[data->page_count++] = data_keep(answer);
	data_count_held(data);
	if (!data->counted)
		data->count_timer =
		    loop_timer(data->app->loop, DATA_COUNT_MS, data_on_count_time, data);
	data->config.changed(data->config.context, true);
}

/* What the last answer to the very same question was, until the new one is here. */
static bool
data_show_cached(struct list_data *data)
{
	struct ask_list ask = data_ask(data);
	Kehu__ClientFrame frame;
	Kehu__List list;
	struct arena *arena = arena_new(0);
	bool fresh;

	ask_list_frame(&frame, &list, &ask);
	const Kehu__ServerFrame *kept =
	    link_cached(data->app->link, arena, &frame, &data->age_ms, &fresh);
	if (kept == NULL || kept->answer_case != KEHU__SERVER_FRAME__ANSWER_PAGE) {
		data->age_ms = -1;
		arena_free(arena);
		return false;
	}
	data_drop(data);
	data->pages[data->page_count++] = (struct data_page){ arena, kept->page };
	data->counted = false;
	data_count_held(data);
	return true;
}

void
list_data_ask(
    struct list_data *data, const char *query, uint32_t sort, bool down, unsigned flags)
{
	char *copy = mem_strdup(query != NULL ? query : "");
	struct ask_list ask;

	list_data_stop(data);
	free(data->query);
	data->query = copy;
	data->sort = sort;
	data->down = down;
	data->seen_count = 0;
	bool cached = !(flags & DATA_AGAIN) && data_show_cached(data);
	ask = data_ask(data);
	data->first = data_send(data, &ask,
	    LINK_CACHE | (flags & DATA_QUIET ? (unsigned)ASK_QUIET : 0U), data_on_first);
	if (cached)
		data->config.changed(data->config.context, true);
}

uint32_t
list_data_ahead(struct app *app, uint32_t entity, const char *query,
    void (*done)(void *context, const Kehu__ServerFrame *answer), void *context)
{
	Kehu__ClientFrame frame;
	Kehu__List list;

	ask_list_frame(&frame, &list,
	    &(struct ask_list){ .entity = entity, .query = query, .limit = data_page_rows() });
	return ask_send(app, &frame, LINK_LOW | LINK_CACHE, done, context);
}

/* ---- scrolling ---- */

static void
data_on_next(void *context, const Kehu__ServerFrame *answer)
{
	struct list_data *data = context;

	data->next = 0;
	if (answer->answer_case != KEHU__SERVER_FRAME__ANSWER_PAGE) {
		data->config.failed(data->config.context, answer);
		return;
	}
	data_append(data, data_keep(answer));
	data_count_held(data);
	data->config.changed(data->config.context, false);
	data_look_around(data);
}

static void
data_on_previous(void *context, const Kehu__ServerFrame *answer)
{
	struct list_data *data = context;

	data->previous = 0;
	if (answer->answer_case != KEHU__SERVER_FRAME__ANSWER_PAGE) {
		data->config.failed(data->config.context, answer);
		return;
	}
	if (answer->page->n_rows > 0)
		data_prepend(data, data_keep(answer));
	data->config.changed(data->config.context, false);
	data_look_around(data);
}

/* flags: what somebody waits for goes before what is only likely to be wanted. */
static unsigned
data_flags(bool in_sight)
{
	return LINK_CACHE | (in_sight ? 0U : (unsigned)LINK_LOW);
}

void
list_data_visible(struct list_data *data, size_t first, size_t count)
{
	const Kehu__Page *front = data_first_page(data), *last = data_last_page(data);
	size_t end = list_data_end(data), ahead = data_page_rows();
	struct ask_list ask = data_ask(data);

	data->seen_first = first;
	data->seen_count = count;
	if (front == NULL || data->first != 0 || data->age_ms >= 0)
		return;
	if (last->has_next && data->next == 0 && first + count + ahead > end) {
		ask.cursor = last->next;
		data->next =
		    data_send(data, &ask, data_flags(first + count > end), data_on_next);
	}
	if (data->base == 0 || data->previous != 0 || first >= data->base + ahead)
		return;
	/* Far before what is held (Home): from the beginning, not page by page. */
	if (first + count < data->base && first < ahead) {
		ask.cursor = (ProtobufCBinaryData){ 0 };
		data->first = data_send(data, &ask, data_flags(true), data_on_first);
	} else if (front->has_previous) {
		ask.cursor = front->previous;
		data->previous =
		    data_send(data, &ask, data_flags(first < data->base), data_on_previous);
	}
}

void
list_data_reach(struct list_data *data, size_t index)
{
	const Kehu__Page *last = data_last_page(data);
	size_t end = list_data_end(data), missing = index + 1 > end ? index + 1 - end : 0;
	struct ask_list ask = data_ask(data);

	if (last == NULL || !last->has_next || missing == 0 || data->first != 0 ||
	    data->age_ms >= 0)
		return;
	ask_cancel(data->app, &data->next);
	if (missing > ask.limit)
		ask.limit = missing > DATA_REACH_ROWS ? DATA_REACH_ROWS : (uint32_t)missing;
	ask.cursor = last->next;
	data->next = data_send(data, &ask, data_flags(true), data_on_next);
}

/* ---- what is known ---- */

size_t
list_data_end(const struct list_data *data)
{
	return data->base + data_rows_held(data);
}

bool
list_data_more(const struct list_data *data)
{
	const Kehu__Page *last = data_last_page(data);

	return last != NULL && last->has_next;
}

bool
list_data_count(const struct list_data *data, size_t *count, bool *at_least)
{
	*count = data->count;
	*at_least = data->count_at_least;
	return data->counted;
}

bool
list_data_waits(const struct list_data *data)
{
	return data->first != 0;
}

bool
list_data_fresh(const struct list_data *data)
{
	struct ask_list ask = data_ask(data);
	Kehu__ClientFrame frame;
	Kehu__List list;
	struct arena *arena = arena_new(0);
	int64_t age_ms;
	bool fresh = false;

	ask_list_frame(&frame, &list, &ask);
	const Kehu__ServerFrame *kept =
	    link_cached(data->app->link, arena, &frame, &age_ms, &fresh);
	arena_free(arena);
	return data->first != 0 || (kept != NULL && fresh && data->epoch == data->app->epoch);
}

int64_t
list_data_age_ms(const struct list_data *data)
{
	return data->age_ms;
}

static Kehu__Row **
data_place(const struct list_data *data, size_t index, struct data_page *where)
{
	if (index < data->base)
		return NULL;
	index -= data->base;
	for (size_t i = 0; i < data->page_count; i++) {
		const Kehu__Page *page = data->pages[i].page;

		if (index < page->n_rows) {
			*where = data->pages[i];
			return &page->rows[index];
		}
		index -= page->n_rows;
	}
	return NULL;
}

const Kehu__Row *
list_data_row(const struct list_data *data, size_t index)
{
	struct data_page where;
	Kehu__Row **place = data_place(data, index, &where);

	return place == NULL ? NULL : *place;
}

const uint32_t *
list_data_columns(const struct list_data *data, size_t *count)
{
	const Kehu__Page *page = data_first_page(data);

	*count = page == NULL ? 0 : page->n_columns;
	return page == NULL ? NULL : page->columns;
}

bool
list_data_find(const struct list_data *data, int64_t id, size_t *index)
{
	for (size_t at = data->base; at < list_data_end(data); at++) {
		const Kehu__Row *row = list_data_row(data, at);

		if (row == NULL || row->id != id)
			continue;
		*index = at;
		return true;
	}
	return false;
}

/* ---- one row again ---- */

static void
data_replace(struct list_data *data, const Kehu__Record *record, int64_t id)
{
	struct data_page where = { 0 };
	size_t index, count;

	if (!list_data_find(data, id, &index))
		return;
	Kehu__Row **place = data_place(data, index, &where);
	const uint32_t *columns = list_data_columns(data, &count);
	Kehu__Row *row = ARENA_NEW(where.arena, Kehu__Row);
	kehu__row__init(row);
	row->id = id;
	if (place == NULL)
		return;
	*place = row;
	if (record == NULL)
		return;
	row->version = record->version;
	row->rights = record->rights;
	row->cells = ARENA_ARRAY(where.arena, Kehu__Value *, count + 1);
	row->n_cells = count;
	for (size_t i = 0; i < count; i++) {
		const Kehu__Value *value = cat_value(record, columns[i]);
		Kehu__Value *cell = ARENA_NEW(where.arena, Kehu__Value);

		kehu__value__init(cell);
		if (value != NULL) {
			*cell = *value;
			cell->text = arena_strdup(where.arena, value->text);
		}
		row->cells[i] = cell;
	}
}

static void
data_on_refresh(void *context, const Kehu__ServerFrame *answer)
{
	struct data_refresh *refresh = context;
	struct list_data *data = refresh->data;

	refresh->number = 0;
	if (answer->answer_case == KEHU__SERVER_FRAME__ANSWER_GET)
		data_replace(data, answer->get->record->deleted ? NULL : answer->get->record,
		    refresh->id);
	else if (link_error(answer) == ERR_NO_SUCH_RECORD)
		data_replace(data, NULL, refresh->id);
	data->config.changed(data->config.context, false);
}

void
list_data_refresh(struct list_data *data, int64_t id)
{
	struct data_refresh *free_place = NULL;
	Kehu__ClientFrame frame;
	Kehu__Get get;

	for (size_t i = 0; i < DATA_REFRESHES; i++) {
		/* An answer under way may be older than this change. */
		if (data->refreshes[i].number != 0 && data->refreshes[i].id == id)
			ask_cancel(data->app, &data->refreshes[i].number);
		if (data->refreshes[i].number == 0)
			free_place = &data->refreshes[i];
	}
	if (free_place == NULL)
		return; /* so many at once: F5 shows them */
	free_place->data = data;
	free_place->id = id;
	ask_get_frame(&frame, &get, data->config.entity, id);
	free_place->number = ask_send(data->app, &frame, LINK_LOW, data_on_refresh, free_place);
}
