/* The pane beside a list; see preview.h. */
#include "client/screens/preview.h"

#include "client/screens/ask.h"
#include "client/screens/cell.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/text.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
	PREVIEW_REST_MS = 150, /* a cursor that moves on costs nothing (UX.md 3.9) */
	PREVIEW_TABS = 2,      /* tabs whose first rows come with the record */
	PREVIEW_TAB_ROWS = 4,
	PREVIEW_LABEL_COLS = 9,
	PREVIEW_LABEL_COLS_EN = 11,
	PREVIEW_COLUMNS = 64,
};

struct preview {
	struct app *app;
	uint32_t entity;
	/* where the cursor is, and its row */
	int64_t wanted;
	struct arena *wanted_arena;
	const Kehu__Row *wanted_row;
	uint32_t columns[PREVIEW_COLUMNS];
	size_t column_count;
	/* what is shown */
	int64_t shown;
	struct arena *arena;
	const Kehu__Row *row;          /* until the record is here */
	const Kehu__GetAnswer *answer; /* NULL: not here yet */
	unsigned timer;
	uint32_t number;
};

struct preview *
preview_new(struct app *app, uint32_t entity)
{
	struct preview *preview = mem_zalloc(1, sizeof(*preview));

	preview->app = app;
	preview->entity = entity;
	preview->arena = arena_new(0);
	preview->wanted_arena = arena_new(0);
	return preview;
}

void
preview_free(struct preview *preview)
{
	if (preview == NULL)
		return;
	loop_cancel(preview->app->loop, preview->timer);
	ask_cancel(preview->app, &preview->number);
	arena_free(preview->arena);
	arena_free(preview->wanted_arena);
	free(preview);
}

const Kehu__Record *
preview_record(const struct preview *preview, int64_t id)
{
	return preview->answer != NULL && preview->shown == id ? preview->answer->record : NULL;
}

/* ---- reading ---- */

static void
preview_take(struct preview *preview, const Kehu__ServerFrame *answer)
{
	struct arena *arena = arena_new(0);

	preview->answer = link_keep(arena, answer)->get;
	preview->row = NULL;
	arena_free(preview->arena);
	preview->arena = arena;
	ui_redraw(preview->app->ui);
}

static void
preview_on_get(void *context, const Kehu__ServerFrame *answer)
{
	struct preview *preview = context;

	preview->number = 0;
	/* A record that is gone keeps the row it had; the list tells. */
	if (answer->answer_case == KEHU__SERVER_FRAME__ANSWER_GET &&
	    answer->get->record != NULL)
		preview_take(preview, answer);
}

/* The columns a preview has room for: the first ones of the tab. */
static size_t
preview_related(const struct preview *preview, Kehu__Related *related, Kehu__Related **list)
{
	const Kehu__Entity *entity = cat_entity(app_cat(preview->app), preview->entity);
	size_t count = 0;

	for (size_t i = 0; entity != NULL && i < entity->n_tabs && count < PREVIEW_TABS; i++) {
		const Kehu__Tab *tab = entity->tabs[i];
		Kehu__Related *one = &related[count];

		kehu__related__init(one);
		one->has_related = one->has_field = one->has_limit = true;
		one->related = tab->entity;
		one->field = tab->field;
		one->columns = tab->columns;
		one->n_columns = tab->n_columns < 3 ? tab->n_columns : 3;
		one->limit = PREVIEW_TAB_ROWS;
		list[count++] = one;
	}
	return count;
}

static void
preview_fetch(struct preview *preview, bool cached)
{
	Kehu__Related related[PREVIEW_TABS], *list[PREVIEW_TABS];
	Kehu__ClientFrame frame;
	Kehu__Get get;
	bool fresh = false;
	int64_t age_ms;

	ask_get_frame(&frame, &get, preview->entity, preview->shown);
	get.n_related = preview_related(preview, related, list);
	get.related = list;
	if (cached) {
		struct arena *arena = arena_new(0);
		const Kehu__ServerFrame *kept =
		    link_cached(preview->app->link, arena, &frame, &age_ms, &fresh);

		if (kept != NULL && kept->answer_case == KEHU__SERVER_FRAME__ANSWER_GET)
			preview_take(preview, kept);
		arena_free(arena);
	}
	if (fresh && preview->answer != NULL && age_ms < 60 * 1000)
		return;
	ask_cancel(preview->app, &preview->number);
	preview->number =
	    ask_send(preview->app, &frame, ASK_QUIET | LINK_CACHE, preview_on_get, preview);
}

static void
preview_on_rest(void *arg)
{
	struct preview *preview = arg;
	struct arena *arena = preview->arena;

	preview->timer = 0;
	ask_cancel(preview->app, &preview->number);
	preview->shown = preview->wanted;
	preview->row = preview->wanted_row;
	preview->answer = NULL;
	preview->arena = preview->wanted_arena;
	preview->wanted_arena = arena;
	preview->wanted_row = NULL;
	arena_reset(arena);
	ui_redraw(preview->app->ui);
	if (preview->shown != 0)
		preview_fetch(preview, true);
}

/* A copy of a row in arena. */
static const Kehu__Row *
preview_copy_row(struct arena *arena, const Kehu__Row *row)
{
	Kehu__Row *copy = arena_memdup(arena, row, sizeof(*row));

	copy->cells = ARENA_ARRAY(arena, Kehu__Value *, row->n_cells + 1);
	for (size_t i = 0; i < row->n_cells; i++) {
		copy->cells[i] = arena_memdup(arena, row->cells[i], sizeof(*row->cells[i]));
		copy->cells[i]->text = arena_strdup(arena, row->cells[i]->text);
	}
	return copy;
}

void
preview_point(
    struct preview *preview, const Kehu__Row *row, const uint32_t *columns, size_t count)
{
	int64_t id = row == NULL ? 0 : row->id;

	if (id == preview->wanted)
		return;
	preview->wanted = id;
	loop_cancel(preview->app->loop, preview->timer);
	preview->timer = 0;
	if (id == preview->shown)
		return;
	arena_reset(preview->wanted_arena);
	preview->wanted_row = row == NULL ? NULL : preview_copy_row(preview->wanted_arena, row);
	preview->column_count = count < PREVIEW_COLUMNS ? count : PREVIEW_COLUMNS;
	memcpy(preview->columns, columns, preview->column_count * sizeof(*columns));
	preview->timer =
	    loop_timer(preview->app->loop, PREVIEW_REST_MS, preview_on_rest, preview);
}

void
preview_again(struct preview *preview, int64_t id)
{
	if (preview->shown == id && id != 0)
		preview_fetch(preview, false);
}

/* ---- drawing ---- */

struct preview_pen {
	const struct preview *preview;
	const Kehu__Entity *entity;
	struct rect rect;
	int y;
};

static bool
pen_full(const struct preview_pen *pen)
{
	return pen->y >= pen->rect.y + pen->rect.rows;
}

static void
pen_line(struct preview_pen *pen, const char *text, enum role role)
{
	if (pen_full(pen))
		return;
	text = text_cut(cells_scratch(), text, (size_t)pen->rect.cols, false);
	cells_put(pen->y++, pen->rect.x, pen->rect.cols, text, role);
}

static void
pen_field(struct preview_pen *pen, const Kehu__Field *field, const Kehu__Value *value)
{
	struct cat_style style = app_style(pen->preview->app);
	const char *text;
	int label = tr_lang() == LANG_ZH ? PREVIEW_LABEL_COLS : PREVIEW_LABEL_COLS_EN;
	int cols = pen->rect.cols - label - 1;

	if (pen_full(pen) || field == NULL || cat_value_empty(value) ||
	    field->number == pen->entity->label_field || cols < 4)
		return;
	text = text_print(cells_scratch(),
	    cat_value_text(cells_scratch(), app_cat(pen->preview->app), field, value, &style),
	    TEXT_LINE);
	cells_put(pen->y, pen->rect.x, label,
	    text_cut(cells_scratch(), field->label, (size_t)label, false), ROLE_STRONG);
	cells_put(pen->y, pen->rect.x + label + 1, cols,
	    text_cut(cells_scratch(), text, (size_t)cols, false),
	    cell_role(app_cat(pen->preview->app), field, value));
	pen->y++;
}

static void
pen_tab(struct preview_pen *pen, const Kehu__RelatedPage *page)
{
	const struct app *app = pen->preview->app;
	const Kehu__Entity *entity = cat_entity(app_cat(app), page->entity);

	if (entity == NULL || page->page == NULL || page->page->n_rows == 0)
		return;
	const char *label = entity->label;
	for (size_t i = 0; i < pen->entity->n_tabs; i++)
		if (pen->entity->tabs[i]->entity == page->entity &&
		    pen->entity->tabs[i]->field == page->field)
			label = pen->entity->tabs[i]->label;
	pen->y += !pen_full(pen);
	pen_line(pen, label, ROLE_STRONG);
	for (size_t i = 0; i < page->page->n_rows && !pen_full(pen); i++) {
		const Kehu__Row *row = page->page->rows[i];
		const char *line = " ";

		for (size_t c = 0; c < row->n_cells && c < page->page->n_columns; c++) {
			const Kehu__Field *field = cat_field(entity, page->page->columns[c]);

			if (field != NULL && !cat_value_empty(row->cells[c]))
				line = arena_printf(cells_scratch(), "%s %s", line,
				    cell_text(app, field, row->cells[c]));
		}
		pen_line(pen, line, ROLE_NORMAL);
	}
}

static const char *
preview_title(const struct preview *preview, const Kehu__Entity *entity)
{
	const char *label = "";

	if (preview->answer != NULL)
		return text_print(cells_scratch(),
		    preview->answer->record->label != NULL ? preview->answer->record->label
							   : "",
		    TEXT_LINE);
	for (size_t i = 0; i < preview->column_count; i++)
		if (preview->columns[i] == entity->label_field)
			label = cell_text(preview->app, cat_field(entity, preview->columns[i]),
			    preview->row->cells[i]);
	return label;
}

void
preview_draw(struct preview *preview, struct rect rect)
{
	struct preview_pen pen = { .preview = preview,
		.rect = rect,
		.y = rect.y,
		.entity = cat_entity(app_cat(preview->app), preview->entity) };

	cells_fill(rect, ROLE_NORMAL);
	if (preview->shown == 0 || pen.entity == NULL ||
	    (preview->row == NULL && preview->answer == NULL))
		return;
	pen_line(&pen,
	    arena_printf(cells_scratch(), "%s  #%" PRId64, preview_title(preview, pen.entity),
		preview->shown),
	    ROLE_STRONG);
	if (preview->answer == NULL) {
		for (size_t i = 0; i < preview->column_count && i < preview->row->n_cells; i++)
			pen_field(&pen, cat_field(pen.entity, preview->columns[i]),
			    preview->row->cells[i]);
		return;
	}
	/* The tabs keep their place at the end; fields take the rest. */
	size_t tab_rows = 0;
	for (size_t i = 0; i < preview->answer->n_related; i++)
		if (preview->answer->related[i]->page != NULL &&
		    preview->answer->related[i]->page->n_rows > 0)
			tab_rows += 2 + preview->answer->related[i]->page->n_rows;
	int fields_rows = rect.rows - (int)tab_rows;
	pen.rect.rows = fields_rows > rect.rows / 2 ? fields_rows : rect.rows / 2;
	/* What lists show comes first, the rest as room is left. */
	for (int listed = 1; listed >= 0; listed--)
		for (size_t i = 0; i < pen.entity->n_fields; i++)
			if (((pen.entity->fields[i]->flags & CAT_COLUMN) != 0) == (listed == 1))
				pen_field(&pen, pen.entity->fields[i],
				    cat_value(preview->answer->record,
					pen.entity->fields[i]->number));
	pen.rect.rows = rect.rows;
	for (size_t i = 0; i < preview->answer->n_related; i++)
		pen_tab(&pen, preview->answer->related[i]);
}
