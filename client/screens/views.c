/* The user's saved views, read after login and after each change of one. See views.h. */
#include "client/screens/views.h"

#include "client/screens/ask.h"
#include "client/screens/list.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/text.h"
#include <stdlib.h>
#include <string.h>

enum { VIEWS_MAX = 200, VIEW_COLUMNS = 8, VIEW_OWNER = 8 };

/* The texts of a view, in the order that reading and saving go by; then whose it is. */
static const char *const view_columns[VIEW_COLUMNS + 1] = { "name", "entity", "query", "columns",
	"letter", "sort_by", "group_by", "sum_of", "owner_id" };

struct views {
	struct arena *arena;
	struct view *views;
	size_t count;
	uint32_t number, saving;
};

void
views_init(struct app *app)
{
	app->views = mem_zalloc(1, sizeof(*app->views));
	app->views->arena = arena_new(0);
}

void
views_fini(struct app *app)
{
	ask_cancel(app, &app->views->number);
	ask_cancel(app, &app->views->saving);
	arena_free(app->views->arena);
	free(app->views);
	app->views = NULL;
}

size_t
views_count(const struct app *app)
{
	return app->views->count;
}

const struct view *
views_at(const struct app *app, size_t index)
{
	return &app->views->views[index];
}

const struct view *
views_lettered(const struct app *app, char letter)
{
	const struct view *found = NULL;

	/* One's own goes before one that somebody shares. */
	for (size_t i = 0; i < app->views->count; i++)
		if (app->views->views[i].letter == letter && letter != 0 &&
		    (found == NULL || app->views->views[i].own))
			found = &app->views->views[i];
	return found;
}

/* ---- reading ---- */

static struct view
views_read_row(const struct app *app, struct arena *arena, const Kehu__Row *row)
{
	const char *texts[VIEW_COLUMNS];

	for (size_t i = 0; i < VIEW_COLUMNS; i++) {
		const char *text =
		    i < row->n_cells && row->cells[i]->text != NULL ? row->cells[i]->text : "";

		texts[i] = arena_strdup(arena, text_print(arena, text, TEXT_LINE));
	}
	char letter = texts[4][0];
	return (struct view){ .id = row->id,
		.version = row->version,
		.name = texts[0],
		.entity = texts[1],
		.query = texts[2],
		.columns = texts[3],
		.sort = texts[5],
		.group = texts[6],
		.sums = texts[7],
		.own = row->n_cells > VIEW_OWNER && row->cells[VIEW_OWNER]->number == app->user,
		.letter = letter >= 'A' && letter <= 'Z' ? (char)(letter + 32) : letter };
}

static void
views_on_page(void *context, const Kehu__ServerFrame *answer)
{
	struct app *app = context;
	struct views *views = app->views;

	views->number = 0;
	if (answer->answer_case != KEHU__SERVER_FRAME__ANSWER_PAGE)
		return;
	arena_reset(views->arena);
	views->count = answer->page->n_rows;
	views->views = ARENA_ARRAY(views->arena, struct view, views->count + 1);
	for (size_t i = 0; i < views->count; i++)
		views->views[i] = views_read_row(app, views->arena, answer->page->rows[i]);
	ui_redraw(app->ui);
}

void
views_load(struct app *app)
{
	const Kehu__Entity *entity = app_entity(app, "saved_view");
	uint32_t columns[VIEW_COLUMNS + 1];
	Kehu__ClientFrame frame;
	Kehu__List list;

	if (entity == NULL)
		return;
	for (size_t i = 0; i <= VIEW_COLUMNS; i++)
		columns[i] = app_field(entity, view_columns[i]);
	ask_list_frame(&frame, &list,
	    &(struct ask_list){ .entity = entity->number,
		.limit = VIEWS_MAX,
		.columns = columns,
		.column_count = VIEW_COLUMNS + 1 });
	ask_cancel(app, &app->views->number);
	app->views->number = ask_send(app, &frame, ASK_QUIET, views_on_page, app);
}

void
views_open(struct app *app, const struct view *view)
{
	const Kehu__Entity *entity = app_entity(app, view->entity);

	if (entity == NULL)
		message_error(ERR_NO_SUCH_ENTITY, view->entity, app->lang);
	else
		list_open_view(app, entity->number, view);
	if (entity != NULL && view->group[0] != '\0')
		group_open(app, view);
}

/* ---- saving ---- */

static void
views_on_saved(void *context, const Kehu__ServerFrame *answer)
{
	struct app *app = context;
	const Kehu__Entity *entity = app_entity(app, "saved_view");

	app->views->saving = 0;
	if (link_error(answer) != ERR_OK) {
		ask_say_error(app, answer, entity == NULL ? 0 : entity->number);
		return;
	}
	message_say(SAY_OK, 0, tr(T_VIEW_SAVED));
	views_load(app);
}

static char
views_free_letter(const struct app *app)
{
	for (char letter = 'a'; letter <= 'z'; letter++)
		if (views_lettered(app, letter) == NULL)
			return letter;
	return 0;
}

void
views_save(struct app *app, const struct view *view)
{
	const Kehu__Entity *entity = app_entity(app, "saved_view");
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__Save save = KEHU__SAVE__INIT;
	Kehu__Record record = KEHU__RECORD__INIT;
	Kehu__Value values[VIEW_COLUMNS], *list[VIEW_COLUMNS];
	const struct view *old = NULL;

	if (entity == NULL || app->views->saving != 0)
		return;
	for (size_t i = 0; i < app->views->count; i++)
		if (app->views->views[i].own && strcmp(app->views->views[i].name, view->name) == 0)
			old = &app->views->views[i];
	char letter[2] = { old != NULL ? old->letter : views_free_letter(app), 0 };
	const char *texts[VIEW_COLUMNS] = { view->name, view->entity, view->query, view->columns, letter,
		view->sort, view->group, view->sums };
	for (size_t i = 0; i < VIEW_COLUMNS; i++) {
		kehu__value__init(&values[i]);
		values[i].has_field = true;
		values[i].field = app_field(entity, view_columns[i]);
		values[i].text = texts[i][0] == '\0' ? NULL : ask_text(texts[i]);
		list[i] = &values[i];
	}
	record.has_entity = true;
	record.entity = entity->number;
	record.has_id = record.has_version = old != NULL;
	record.id = old == NULL ? 0 : old->id;
	record.version = old == NULL ? 0 : old->version;
	record.n_values = VIEW_COLUMNS;
	record.values = list;
	save.record = &record;
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_SAVE;
	frame.save = &save;
	app->views->saving = ask_send(app, &frame, 0, views_on_saved, app);
}
