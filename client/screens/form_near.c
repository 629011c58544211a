/* The picker of form_near.h: the related rows are read once and matched here while typing. */
#include "client/screens/form_near.h"

#include "client/screens/ask.h"
#include "client/ui/picker.h"
#include "common/log.h"
#include "common/mem.h"
#include <stdlib.h>

enum { NEAR_LIMIT = 200, NEAR_OTHERS = -1 };

struct near {
	struct app *app;
	struct arena *arena;
	const Kehu__Entity *wanted;
	const char *title;
	uint32_t columns[2]; /* label, then a word that tells people apart */
	size_t column_count;
	const Kehu__Page *page;
	uint32_t asking;
	struct picker *picker;
	void (*chosen)(void *context, int64_t id, const char *label);
	void *context;
};

static const Kehu__Tab *
near_tab(const Kehu__Entity *parent, uint32_t wanted)
{
	for (size_t i = 0; parent != NULL && i < parent->n_tabs; i++)
		if (parent->tabs[i]->entity == wanted)
			return parent->tabs[i];
	return NULL;
}

/* The label, and the first other short text of the tab (a title, a department). */
static void
near_set_columns(struct near *near, const Kehu__Tab *tab)
{
	near->columns[near->column_count++] = near->wanted->label_field;
	for (size_t i = 0; i < tab->n_columns && near->column_count < 2; i++) {
		const Kehu__Field *field = cat_field(near->wanted, tab->columns[i]);

		if (field != NULL && field->number != near->wanted->label_field &&
		    field->type == CAT_TEXT)
			near->columns[near->column_count++] = field->number;
	}
}

static const char *
near_cell(const struct near *near, const Kehu__Row *row, size_t column)
{
	struct cat_style style = app_style(near->app);

	if (column >= near->column_count || column >= row->n_cells)
		return "";
	return cat_value_text(near->arena, app_cat(near->app),
	    cat_field(near->wanted, near->columns[column]), row->cells[column], &style);
}

static void
near_search(void *arg, struct picker *picker, const char *text)
{
	const struct near *near = arg;

	picker_clear(picker);
	for (int want = *text ? 3 : 1; want >= 1; want--)
		for (size_t i = 0; near->page != NULL && i < near->page->n_rows; i++) {
			const Kehu__Row *row = near->page->rows[i];
			const char *label = near_cell(near, row, 0);
			int fits = picker_match(label, text);

			if (fits == want)
				picker_add(picker, &(struct picker_item){ .id = row->id,
						       .label = label,
						       .note = near_cell(near, row, 1),
						       .exact = fits == 3 });
		}
	picker_add(
	    picker, &(struct picker_item){ .id = NEAR_OTHERS, .label = tr(T_NEAR_OTHERS) });
}

static void
near_on_page(void *context, const Kehu__ServerFrame *answer)
{
	struct near *near = context;

	near->asking = 0;
	if (answer->answer_case == KEHU__SERVER_FRAME__ANSWER_PAGE)
		near->page = link_keep(near->arena, answer)->page;
	else
		ask_say_error(near->app, answer, near->wanted->number);
	picker_refresh(near->picker);
}

static unsigned
near_take(void *arg, const struct picker_item *item, const char *text)
{
	struct near *near = arg;

	(void)text;
	if (item == NULL)
		return UI_HANDLED;
	if (item->id == NEAR_OTHERS)
		pick_open(
		    near->app, near->wanted->number, near->title, near->chosen, near->context);
	else
		near->chosen(near->context, item->id, item->label);
	return UI_DONE | UI_CLOSE;
}

static void
near_closed(void *arg)
{
	struct near *near = arg;

	ask_cancel(near->app, &near->asking);
	arena_free(near->arena);
	free(near);
}

static void
near_ask(struct near *near, uint32_t parent, int64_t id, const Kehu__Tab *tab)
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__Related related = KEHU__RELATED__INIT;

	related.has_entity = related.has_id = related.has_related = related.has_field = true;
	related.has_limit = true;
	related.entity = parent;
	related.id = id;
	related.related = near->wanted->number;
	related.field = tab->field;
	related.limit = NEAR_LIMIT;
	related.columns = near->columns;
	related.n_columns = near->column_count;
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_RELATED;
	frame.related = &related;
	near->asking = ask_send(near->app, &frame, LINK_CACHE, near_on_page, near);
}

bool
near_open(struct app *app, uint32_t parent, int64_t id, uint32_t wanted, const char *title,
    void (*chosen)(void *context, int64_t id, const char *label), void *context)
{
	const Kehu__Tab *tab = near_tab(cat_entity(app_cat(app), parent), wanted);
	const Kehu__Entity *entity = cat_entity(app_cat(app), wanted);
	struct near *near;

	if (tab == NULL || entity == NULL || id <= 0)
		return false;
	near = mem_zalloc(1, sizeof(*near));
	near->app = app;
	near->arena = arena_new(0);
	near->wanted = entity;
	near->title = title;
	near->chosen = chosen;
	near->context = context;
	near_set_columns(near, tab);
	near->picker = picker_open(app->ui, &(struct picker_config){ .title = title,
						.search = near_search,
						.take = near_take,
						.closed = near_closed,
						.arg = near });
	near_ask(near, parent, id, tab);
	return true;
}
