/* Related rows of a record; see record_tab.h. */
#include "client/screens/record_tab.h"

#include "client/screens/ask.h"
#include "client/screens/cell.h"
#include "common/log.h"
#include "common/mem.h"
#include <stdlib.h>
#include <string.h>

enum { TAB_NEAR_ROWS = 30 };

static const struct list_row *
record_tab_row(void *arg, size_t index)
{
	struct record_tab *tab = arg;
	const Kehu__Row *row;

	if (index >= tab->count)
		return NULL;
	row = tab->rows[index];
	for (size_t i = 0; i < tab->column_count; i++) {
		const Kehu__Field *field = cat_field(tab->related, tab->columns[i]);
		const Kehu__Value *value = i < row->n_cells ? row->cells[i] : NULL;

		tab->cells[i] = cell_text(tab->app, field, value);
		tab->roles[i] = (uint8_t)cell_role(app_cat(tab->app), field, value);
	}
	tab->row = (struct list_row){ .id = row->id, .cells = tab->cells, .roles = tab->roles };
	return &tab->row;
}

/* ---- more rows ---- */

static void
record_tab_add(struct record_tab *tab, const Kehu__Page *page)
{
	if (tab->count + page->n_rows > tab->room) {
		tab->room = (tab->count + page->n_rows) * 2;
		tab->rows = mem_resize(tab->rows, tab->room * sizeof(*tab->rows));
	}
	for (size_t i = 0; i < page->n_rows; i++)
		tab->rows[tab->count++] = page->rows[i];
	tab->next.len = 0;
	if (page->has_next) {
		tab->next.data = arena_memdup(tab->arena, page->next.data, page->next.len);
		tab->next.len = page->next.len;
	}
}

/* Pages of an answer die with it. */
static const Kehu__Page *
record_tab_keep(struct record_tab *tab, const Kehu__Page *page)
{
	Kehu__ServerFrame frame = KEHU__SERVER_FRAME__INIT;

	frame.answer_case = KEHU__SERVER_FRAME__ANSWER_PAGE;
	frame.page = (Kehu__Page *)(uintptr_t)page;
	return link_keep(tab->arena, &frame)->page;
}

static void
record_tab_on_more(void *context, const Kehu__ServerFrame *answer)
{
	struct record_tab *tab = context;

	tab->asking = 0;
	if (answer->answer_case != KEHU__SERVER_FRAME__ANSWER_PAGE) {
		ask_say_error(tab->app, answer, tab->related->number);
		tab->next.len = 0;
		return;
	}
	record_tab_add(tab, record_tab_keep(tab, answer->page));
	list_set_total(&tab->list, tab->count, tab->next.len > 0);
	if (tab->grown != NULL)
		tab->grown(tab->context);
	ui_redraw(tab->app->ui);
}

void
record_tab_more(struct record_tab *tab)
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__Related related;

	if (tab->asking != 0 || tab->next.len == 0)
		return;
	record_tab_ask(tab, &related);
	related.has_entity = related.has_id = related.has_cursor = true;
	related.entity = tab->entity;
	related.id = tab->id;
	related.cursor = tab->next;
	related.limit = TAB_MORE_ROWS;
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_RELATED;
	frame.related = &related;
	tab->asking = ask_send(tab->app, &frame, ASK_QUIET, record_tab_on_more, tab);
}

static void
record_tab_visible(void *arg, size_t first, size_t count)
{
	struct record_tab *tab = arg;

	if (first + count + TAB_NEAR_ROWS >= tab->count)
		record_tab_more(tab);
}

/* ---- the tab ---- */

/* Long texts stay on the server: a tab's row has room for a line, and the link is slow. */
static void
record_tab_columns(struct record_tab *tab)
{
	for (size_t i = 0; i < tab->tab->n_columns && tab->column_count < TAB_COLUMNS; i++) {
		const Kehu__Field *field = cat_field(tab->related, tab->tab->columns[i]);

		/* Long texts are for reading, not for columns; but a comment is nothing else. */
		if (field == NULL ||
		    (field->type == CAT_BLOCK && field->number != tab->related->label_field))
			continue;
		tab->list_columns[tab->column_count] =
		    cell_column(app_cat(tab->app), tab->related, field, tab->column_count);
		tab->columns[tab->column_count++] = field->number;
	}
}

void
record_tab_follow(struct record_tab *tab, const Kehu__Entity *entity)
{
	const Kehu__Entity *related = cat_entity(app_cat(tab->app), tab->related->number);

	for (size_t i = 0; i < entity->n_tabs; i++)
		if (entity->tabs[i]->entity == tab->tab->entity &&
		    entity->tabs[i]->field == tab->tab->field)
			tab->tab = entity->tabs[i];
	for (size_t i = 0; related != NULL && i < tab->column_count; i++)
		if (cat_field(related, tab->columns[i]) == NULL)
			return; /* a field has gone: what was read is shown as it was */
	if (related == NULL)
		return;
	tab->related = related;
	for (size_t i = 0; i < tab->column_count; i++)
		tab->list_columns[i] = cell_column(
		    app_cat(tab->app), related, cat_field(related, tab->columns[i]), i);
	tab->list.empty = tr(T_TAB_EMPTY);
}

bool
record_tab_init(
    struct record_tab *tab, struct app *app, uint32_t entity, int64_t id, const Kehu__Tab *what)
{
	*tab = (struct record_tab){ .app = app, .entity = entity, .id = id, .tab = what };
	tab->related = cat_entity(app_cat(app), what->entity);
	if (tab->related == NULL)
		return false;
	record_tab_columns(tab);
	tab->arena = arena_new(0);
	tab->list = (struct list){ .columns = tab->list_columns,
		.column_count = tab->column_count,
		.row = record_tab_row,
		.visible = record_tab_visible,
		.arg = tab,
		.empty = tr(T_TAB_EMPTY) };
	list_init(&tab->list);
	return tab->column_count > 0;
}

void
record_tab_fini(struct record_tab *tab)
{
	if (tab->arena == NULL)
		return;
	ask_cancel(tab->app, &tab->asking);
	list_fini(&tab->list);
	free(tab->rows);
	arena_free(tab->arena);
}

void
record_tab_ask(const struct record_tab *tab, Kehu__Related *related)
{
	kehu__related__init(related);
	related->has_related = related->has_field = related->has_limit = true;
	related->related = tab->tab->entity;
	related->field = tab->tab->field;
	related->limit = TAB_FIRST_ROWS;
	related->n_columns = tab->column_count;
	related->columns = (uint32_t *)(uintptr_t)tab->columns;
}

void
record_tab_take(struct record_tab *tab, const Kehu__Page *page)
{
	const Kehu__Row *current = record_tab_current(tab);
	int64_t id = current == NULL ? 0 : current->id;
	int64_t wanted = tab->wanted;

	ask_cancel(tab->app, &tab->asking);
	arena_reset(tab->arena);
	tab->count = 0;
	record_tab_add(tab, record_tab_keep(tab, page));
	list_set_total(&tab->list, tab->count, tab->next.len > 0);
	tab->list.said_count = 0;
	for (size_t i = 0; i < tab->count; i++)
		if (tab->rows[i]->id == (wanted != 0 ? wanted : id)) {
			list_go(&tab->list, i);
			tab->wanted = 0;
		}
}

struct tab
record_tab_name(const struct record_tab *tab)
{
	return (struct tab){ .name = tab->tab->label, .count = (int64_t)tab->count, .more = tab->next.len > 0 };
}

const Kehu__Row *
record_tab_current(const struct record_tab *tab)
{
	return tab->list.cursor < tab->count ? tab->rows[tab->list.cursor] : NULL;
}

const Kehu__Value *
record_tab_cell(const struct record_tab *tab, const Kehu__Row *row, uint32_t field)
{
	for (size_t i = 0; i < tab->column_count && i < row->n_cells; i++)
		if (tab->columns[i] == field)
			return row->cells[i];
	return NULL;
}

/* A relation has no name of its own (no function code): it is a way to the other customer. */
static const Kehu__Value *
record_tab_other_side(const struct record_tab *tab, const Kehu__Row *row, uint32_t *entity)
{
	if (tab->related->alias != NULL && *tab->related->alias)
		return NULL;
	for (size_t i = 0; i < tab->column_count && i < row->n_cells; i++) {
		const Kehu__Field *field = cat_field(tab->related, tab->columns[i]);
		const Kehu__Entity *other =
		    field->type == CAT_REF ? cat_entity(app_cat(tab->app), field->references)
					   : NULL;

		if (other == NULL || other->kind != CAT_ACTIVITY || !row->cells[i]->has_number)
			continue;
		*entity = other->number;
		return row->cells[i];
	}
	return NULL;
}

bool
record_tab_target(
    const struct record_tab *tab, const Kehu__Row *row, uint32_t *entity, int64_t *id)
{
	const Kehu__Value *other;

	if (tab->related->kind != CAT_ACTIVITY)
		return false;
	*entity = tab->related->number;
	*id = row->id;
	other = record_tab_other_side(tab, row, entity);
	if (other != NULL)
		*id = other->number;
	return true;
}
