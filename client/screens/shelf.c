/*
 * Filling the shelf, one request at a time behind everything else, and finding in it. The
 * answers themselves lie in the link's cache, where the screens look for them; here are only
 * names. See shelf.h.
 */
#include "client/screens/shelf.h"

#include "client/screens/ask.h"
#include "client/screens/list_data.h"
#include "client/screens/record.h"
#include "client/screens/viewing.h"
#include "client/ui/picker.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/text.h"
#include <stdlib.h>
#include <string.h>

enum {
	SHELF_BEGIN_MS = 2000,        /* home and what is looked at first come before */
	SHELF_STEP_MS = 20,           /* between two requests */
	SHELF_AGAIN_MS = 30 * 60000,  /* and the whole of it anew */
	SHELF_NAMED = 500,            /* names read of each kind, so many may be found */
	SHELF_COLUMNS = 3,
	SHELF_DIGITS_MIN = 3,
};

/* What is put there, in this order. */
static const struct shelf_kind {
	const char *entity, *query;
	const char *sort;          /* a field that says what is wanted first, or NULL */
	const char *note;          /* a field shown beside the name and searched by its digits */
} shelf_kinds[] = {
	{ "visit", "owner:me state:planned,started at:..+2d", "at", NULL },
	{ "customer", "owner:me", "last_visit_at", "phone" },
	{ "contact", "owner:me", NULL, "mobile" },
};

/* First pages of the lists that have a key of their own. */
static const struct {
	const char *entity, *query;
} shelf_lists[] = { { "customer", "" }, { "customer", "owner:me" }, { "visit", "" }, { "contact", "" } };

enum {
	SHELF_KINDS = sizeof(shelf_kinds) / sizeof(shelf_kinds[0]),
	SHELF_LISTS = sizeof(shelf_lists) / sizeof(shelf_lists[0]),
};

struct shelf {
	struct arena *arena; /* of the items */
	struct shelf_item items[SHELF_KINDS * SHELF_NAMED];
	size_t count, kind_from; /* where the items of the kind being read begin */
	size_t list, kind, next; /* what is asked for: a list, then a kind's names, then its records */
	uint32_t number;
	unsigned timer;
};

void
shelf_init(struct app *app)
{
	app->shelf = mem_zalloc(1, sizeof(*app->shelf));
	app->shelf->arena = arena_new(0);
}

void
shelf_fini(struct app *app)
{
	loop_cancel(app->loop, app->shelf->timer);
	ask_cancel(app, &app->shelf->number);
	arena_free(app->shelf->arena);
	free(app->shelf);
	app->shelf = NULL;
}

bool
shelf_serves(const struct app *app)
{
	enum link_state state = link_status(app->link).state;

	return app->entered && state != LINK_READY && state != LINK_SLOW;
}

/* ---- filling ---- */

static void shelf_step(void *arg);

static void
shelf_wait(struct app *app, int ms)
{
	loop_cancel(app->loop, app->shelf->timer);
	app->shelf->timer = loop_timer(app->loop, ms, shelf_step, app);
}

static void
shelf_on_kept(void *context, const Kehu__ServerFrame *answer)
{
	struct app *app = context;

	app->shelf->number = 0;
	/* The budget of the day is for the day's work. */
	if (link_error(answer) == ERR_BUDGET)
		return;
	shelf_wait(app, SHELF_STEP_MS);
}

static const char *
shelf_cell(struct app *app, const Kehu__Row *row, size_t column)
{
	const char *text = column < row->n_cells ? row->cells[column]->text : NULL;

	return arena_strdup(app->shelf->arena,
	    text == NULL ? "" : text_print(cells_scratch(), text, TEXT_LINE));
}

static void
shelf_on_names(void *context, const Kehu__ServerFrame *answer)
{
	struct app *app = context;
	struct shelf *shelf = app->shelf;
	const Kehu__Page *page =
	    answer->answer_case == KEHU__SERVER_FRAME__ANSWER_PAGE ? answer->page : NULL;

	for (size_t i = 0; page != NULL && i < page->n_rows && shelf->count < SHELF_KINDS * SHELF_NAMED; i++)
		shelf->items[shelf->count++] = (struct shelf_item){
			.entity = app_entity(app, shelf_kinds[shelf->kind].entity)->number,
			.id = page->rows[i]->id,
			.label = shelf_cell(app, page->rows[i], 0),
			.note = shelf_cell(app, page->rows[i], 1),
		};
	shelf->next = shelf->kind_from;
	shelf_on_kept(context, answer);
}

static void
shelf_ask_names(struct app *app, const Kehu__Entity *entity, const struct shelf_kind *kind)
{
	uint32_t columns[SHELF_COLUMNS] = { entity->label_field };
	uint32_t note = kind->note == NULL ? 0 : app_field(entity, kind->note);
	Kehu__ClientFrame frame;
	Kehu__List list;

	columns[1] = note;
	ask_list_frame(&frame, &list,
	    &(struct ask_list){ .entity = entity->number,
		.query = kind->query,
		.sort = kind->sort == NULL ? 0 : app_field(entity, kind->sort),
		.down = kind->note != NULL,
		.limit = SHELF_NAMED,
		.columns = columns,
		.column_count = note == 0 ? 1 : 2 });
	app->shelf->number = ask_send(app, &frame, LINK_LOW, shelf_on_names, app);
}

/* The next record of this kind; false: there are enough. */
static bool
shelf_ask_record(struct app *app)
{
	struct shelf *shelf = app->shelf;

	while (shelf->next < shelf->count &&
	       shelf->next - shelf->kind_from < (size_t)app->settings->offline) {
		const struct shelf_item *item = &shelf->items[shelf->next++];

		shelf->number = record_ask_ahead(app, item->entity, item->id, shelf_on_kept, app);
		if (shelf->number != 0)
			return true;
	}
	return false;
}

static void
shelf_on_again(void *arg)
{
	struct app *app = arg;

	app->shelf->timer = 0;
	shelf_begin(app);
}

static void
shelf_step(void *arg)
{
	struct app *app = arg;
	struct shelf *shelf = app->shelf;

	shelf->timer = 0;
	if (!app->entered || shelf_serves(app) || viewing_is_on(app) || link_status(app->link).locked) {
		shelf_wait(app, SHELF_BEGIN_MS);
		return;
	}
	while (shelf->list < SHELF_LISTS) {
		const Kehu__Entity *entity = app_entity(app, shelf_lists[shelf->list].entity);
		const char *query = shelf_lists[shelf->list++].query;

		if (entity == NULL || !(entity->actions_allowed & CAT_VIEW))
			continue;
		shelf->number = list_data_ahead(app, entity->number, query, shelf_on_kept, app);
		return;
	}
	if (shelf->next != SIZE_MAX) {
		if (shelf_ask_record(app))
			return;
		shelf->next = SIZE_MAX;
		shelf->kind++;
	}
	for (; shelf->kind < SHELF_KINDS; shelf->kind++) {
		const Kehu__Entity *entity = app_entity(app, shelf_kinds[shelf->kind].entity);

		if (entity == NULL || !(entity->actions_allowed & CAT_VIEW))
			continue;
		shelf->kind_from = shelf->count;
		shelf_ask_names(app, entity, &shelf_kinds[shelf->kind]);
		return;
	}
	shelf->timer = loop_timer(app->loop, SHELF_AGAIN_MS, shelf_on_again, app);
}

void
shelf_begin(struct app *app)
{
	struct shelf *shelf = app->shelf;

	ask_cancel(app, &shelf->number);
	loop_cancel(app->loop, shelf->timer);
	shelf->timer = 0;
	arena_reset(shelf->arena);
	shelf->count = shelf->kind_from = shelf->list = shelf->kind = 0;
	shelf->next = SIZE_MAX; /* no names yet */
	if (app->settings->offline > 0)
		shelf_wait(app, SHELF_BEGIN_MS);
}

/* ---- finding ---- */

static int
shelf_match(const struct shelf_item *item, const char *text)
{
	int fits = picker_match(item->label, text);

	if (fits == 0 && strlen(text) >= SHELF_DIGITS_MIN && strspn(text, "0123456789") == strlen(text))
		fits = strstr(text_digits(cells_scratch(), item->note), text) != NULL;
	return fits;
}

size_t
shelf_find(const struct app *app, uint32_t entity, const char *text, struct shelf_item *items, size_t max)
{
	const struct shelf *shelf = app->shelf;
	size_t found = 0;

	for (int want = 3; want >= 1; want--)
		for (size_t i = 0; i < shelf->count && found < max; i++)
			if ((entity == 0 || shelf->items[i].entity == entity) &&
			    shelf_match(&shelf->items[i], text) == want)
				items[found++] = shelf->items[i];
	return found;
}
