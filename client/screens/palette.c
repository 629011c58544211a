/*
 * The palette (F9 or ':'): one line that takes a code, a view's letter, a name, a number or an
 * object and what to do with it ("hxkj xbf"), and the menu of module 6, which is a part of it.
 * Functions, views and recent records are known here; names are asked of the server.
 */
#include "client/screens/palette.h"

#include "client/screens/ask.h"
#include "client/screens/command.h"
#include "client/screens/list.h"
#include "client/screens/recent.h"
#include "client/screens/shelf.h"
#include "client/screens/views.h"
#include "client/ui/picker.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/text.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
	PALETTE_REST_MS = 150,
	PALETTE_HITS = 20,
	PALETTE_RECENT = 8,
	PALETTE_ITEMS = 120,
};

enum palette_kind { PALETTE_COMMAND, PALETTE_VIEW, PALETTE_RECORD, PALETTE_SAVE };

struct palette_item {
	enum palette_kind kind;
	struct command command; /* with an object: .entity and .id are its */
	int64_t view;
	uint32_t entity;
	int64_t id;
	const char *label;
};

struct palette {
	struct app *app;
	struct screen *below; /* what was on top when it was opened */
	bool mine;
	struct picker *picker;
	struct arena *arena; /* of the commands */
	struct command *commands;
	size_t command_count;
	struct arena *shown_arena; /* of the items */
	struct palette_item items[PALETTE_ITEMS];
	size_t count;
	bool has_exact;
	unsigned timer;
	uint32_t number;
	char *asked; /* what the hits are of */
	struct arena *hits_arena;
	const Kehu__SearchAnswer *hits;
};

/* ---- candidates ---- */

static void
palette_add(struct palette *palette, const struct palette_item *item, const char *label,
    const char *note, bool exact)
{
	if (palette->count == PALETTE_ITEMS)
		return;
	palette->items[palette->count] = *item;
	palette->items[palette->count].label = arena_strdup(palette->shown_arena, item->label);
	picker_add(palette->picker, &(struct picker_item){ .id = (int64_t)palette->count,
					.label = label,
					.note = note,
					.exact = exact && !palette->has_exact });
	palette->has_exact |= exact;
	palette->count++;
}

static void
palette_add_commands(struct palette *palette, const char *text, int want)
{
	for (size_t i = 0; i < palette->command_count; i++) {
		const struct command *command = &palette->commands[i];
		bool fits = text[0] == '\0' ? command->first || palette->mine
					    : command_match(command, text) == want;

		if (fits && (!palette->mine || command->mine))
			palette_add(palette,
			    &(struct palette_item){
				.kind = PALETTE_COMMAND, .command = *command },
			    command->label, command->codes[0], want == 3 && text[0] != '\0');
	}
}

static void
palette_add_views(struct palette *palette, const char *text, int want)
{
	struct app *app = palette->app;

	for (size_t i = 0; i < views_count(app); i++) {
		const struct view *view = views_at(app, i);
		const Kehu__Entity *entity = app_entity(app, view->entity);
		bool letter = text[0] == view->letter && text[0] != '\0' && text[1] == '\0';
		int match = letter ? 3 : picker_match(view->name, text);

		if (match != want || entity == NULL)
			continue;
		palette_add(palette,
		    &(struct palette_item){ .kind = PALETTE_VIEW, .view = view->id },
		    arena_printf(cells_scratch(), "%c %s", view->letter ? view->letter : ' ',
			view->name),
		    arena_printf(cells_scratch(), "%s %s", tr(T_PALETTE_VIEW), entity->label),
		    want == 3 && text[0] != '\0');
	}
}

static void
palette_add_record(struct palette *palette, uint32_t number, int64_t id, const char *label,
    const char *detail, bool exact)
{
	const Kehu__Entity *entity = cat_entity(app_cat(palette->app), number);

	if (entity == NULL)
		return;
	label = text_print(cells_scratch(), label, TEXT_LINE);
	for (size_t i = 0; i < palette->count; i++)
		if (palette->items[i].kind == PALETTE_RECORD &&
		    palette->items[i].entity == number && palette->items[i].id == id)
			return;
	palette_add(palette,
	    &(struct palette_item){
		.kind = PALETTE_RECORD, .entity = number, .id = id, .label = label },
	    label, arena_printf(cells_scratch(), "%s %s", entity->label, detail), exact);
}

static void
palette_add_recent(struct palette *palette, const char *text)
{
	struct recent_item items[RECENT_MAX];
	size_t count = recent_list(palette->app, 0, items, RECENT_MAX), shown = 0;

	for (size_t i = 0; i < count && shown < PALETTE_RECENT; i++) {
		int match = picker_match(items[i].label, text);

		if (match == 0)
			continue;
		palette_add_record(palette, items[i].entity, items[i].id, items[i].label,
		    tr(T_PALETTE_RECENT), match == 3 && text[0] != '\0');
		shown++;
	}
}

/* "#4471": the record of that id, of whatever kind one works with. */
static void
palette_add_numbered(struct palette *palette, const char *text)
{
	const struct cat *cat = app_cat(palette->app);
	char *end;
	long long id = strtoll(text + 1, &end, 10);

	if (text[0] != '#' || *end != '\0' || id <= 0)
		return;
	for (size_t i = 0; i < cat_count(cat); i++)
		if (cat_at(cat, i)->kind == CAT_ACTIVITY && cat_at(cat, i)->alias != NULL &&
		    (cat_at(cat, i)->actions_allowed & CAT_VIEW))
			palette_add_record(palette, cat_at(cat, i)->number, id,
			    arena_printf(
				cells_scratch(), "%s #%lld", cat_at(cat, i)->label, id),
			    "", true);
}

static void
palette_add_hits(struct palette *palette, const char *text)
{
	const Kehu__SearchAnswer *hits = palette->hits;

	if (hits == NULL || palette->asked == NULL || strcmp(palette->asked, text) != 0)
		return;
	for (size_t i = 0; i < hits->n_hits; i++) {
		const Kehu__Hit *hit = hits->hits[i];
		const char *matched =
		    hit->matched != NULL && strcmp(hit->matched, hit->label) != 0
			? text_print(cells_scratch(), hit->matched, TEXT_LINE)
			: "";

		palette_add_record(
		    palette, hit->entity, hit->id, hit->label, matched, hit->rank == 0);
	}
}

/* Without a link: what is kept here. */
static void
palette_add_kept(struct palette *palette, const char *text)
{
	struct shelf_item items[PALETTE_HITS];
	size_t count = 0;

	if (text[0] != '\0' && shelf_serves(palette->app))
		count = shelf_find(palette->app, 0, text, items, PALETTE_HITS);
	for (size_t i = 0; i < count; i++)
		palette_add_record(palette, items[i].entity, items[i].id, items[i].label,
		    tr(T_SHELF_NOTE), false);
}

/* ---- "hxkj xbf": an object, then what to do with it ---- */

/* The command of the last word if it takes an object; *object is what stands before it. */
static const struct command *
palette_object(const struct palette *palette, const char *text, const char **object)
{
	const char *space = strrchr(text, ' ');

	if (space == NULL || space == text)
		return NULL;
	for (size_t i = 0; i < palette->command_count; i++) {
		if (!palette->commands[i].takes_object ||
		    command_match(&palette->commands[i], space + 1) != 3)
			continue;
		*object = arena_strndup(palette->shown_arena, text, (size_t)(space - text));
		return &palette->commands[i];
	}
	return NULL;
}

static void
palette_add_object(struct palette *palette, const struct command *command, uint32_t entity,
    int64_t id, const char *label, bool exact)
{
	struct palette_item item = { .kind = PALETTE_COMMAND,
		.command = *command,
		.entity = entity,
		.id = id,
		.label = label };

	if (entity != command->object_entity)
		return;
	for (size_t i = 0; i < palette->count; i++)
		if (palette->items[i].id == id)
			return;
	palette_add(palette, &item,
	    arena_printf(cells_scratch(), "%s: %s", command->label,
		text_print(cells_scratch(), label, TEXT_LINE)),
	    command->codes[0], exact);
}

static void
palette_add_kept_objects(struct palette *palette, const struct command *command, const char *object)
{
	struct shelf_item items[PALETTE_HITS];
	size_t count = 0;

	if (shelf_serves(palette->app))
		count = shelf_find(palette->app, command->object_entity, object, items, PALETTE_HITS);
	for (size_t i = 0; i < count; i++)
		palette_add_object(palette, command, items[i].entity, items[i].id, items[i].label, false);
}

static void
palette_add_objects(struct palette *palette, const struct command *command, const char *object)
{
	struct recent_item items[RECENT_MAX];
	size_t count = recent_list(palette->app, command->object_entity, items, RECENT_MAX);
	const Kehu__SearchAnswer *hits = palette->hits;

	for (size_t i = 0; i < count; i++)
		if (picker_match(items[i].label, object) >= 2)
			palette_add_object(palette, command, items[i].entity, items[i].id,
			    items[i].label, false);
	palette_add_kept_objects(palette, command, object);
	if (hits == NULL || palette->asked == NULL || strcmp(palette->asked, object) != 0)
		return;
	for (size_t i = 0; i < hits->n_hits; i++)
		palette_add_object(palette, command, hits->hits[i]->entity, hits->hits[i]->id,
		    hits->hits[i]->label, hits->hits[i]->rank == 0);
}

/* ---- all of them ---- */

/* "save 名称": a view of what the list below shows. */
static bool
palette_add_save(struct palette *palette, const char *text)
{
	const char *name = text + 5;

	if (strncmp(text, "save ", 5) != 0)
		return false;
	name += strspn(name, " ");
	if (name[0] != '\0')
		palette_add(palette,
		    &(struct palette_item){ .kind = PALETTE_SAVE, .label = name },
		    arena_printf(cells_scratch(), tr(T_PALETTE_SAVE), name), "save", true);
	return true;
}

/* Order: exact codes and letters, recent records, beginnings, what the server found, the rest.
 */
static void
palette_fill(struct palette *palette, const char *text)
{
	const struct command *command;
	const char *object;

	picker_clear(palette->picker);
	arena_reset(palette->shown_arena);
	palette->count = 0;
	palette->has_exact = false;
	if (!palette->mine && palette_add_save(palette, text))
		return;
	if (!palette->mine && (command = palette_object(palette, text, &object)) != NULL) {
		palette_add_objects(palette, command, object);
		return;
	}
	if (text[0] == '\0' && !palette->mine) {
		palette_add_views(palette, text, 1);
		palette_add_recent(palette, text);
		palette_add_commands(palette, text, 1);
		return;
	}
	palette_add_commands(palette, text, 3);
	if (!palette->mine) {
		palette_add_views(palette, text, 3);
		palette_add_numbered(palette, text);
		palette_add_recent(palette, text);
	}
	if (text[0] != '\0')
		palette_add_commands(palette, text, 2);
	if (!palette->mine) {
		palette_add_views(palette, text, 2);
		palette_add_hits(palette, text);
		palette_add_kept(palette, text);
		palette_add_views(palette, text, 1);
	}
	if (text[0] != '\0')
		palette_add_commands(palette, text, 1);
}

/* ---- asking the server ---- */

static void
palette_on_hits(void *context, const Kehu__ServerFrame *answer)
{
	struct palette *palette = context;

	palette->number = 0;
	if (answer->answer_case == KEHU__SERVER_FRAME__ANSWER_SEARCH) {
		arena_reset(palette->hits_arena);
		palette->hits = link_keep(palette->hits_arena, answer)->search;
		ask_say_search(answer->search);
		palette_fill(palette, picker_text(palette->picker));
	}
	picker_settle(palette->picker);
}

static void
palette_on_rest(void *arg)
{
	struct palette *palette = arg;
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__Search search = KEHU__SEARCH__INIT;

	palette->timer = 0;
	ask_cancel(palette->app, &palette->number);
	search.text = palette->asked;
	search.has_limit = true;
	search.limit = PALETTE_HITS;
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_SEARCH;
	frame.search = &search;
	palette->number =
	    ask_send(palette->app, &frame, ASK_QUIET | LINK_CACHE, palette_on_hits, palette);
}

/* What the server should look for; NULL: nothing. */
static const char *
palette_wanted(const struct palette *palette, const char *text)
{
	const char *object;
	uint32_t code;

	if (palette->mine || text[0] == '#' || strncmp(text, "save ", 5) == 0 || shelf_serves(palette->app))
		return NULL;
	if (palette_object(palette, text, &object) != NULL)
		text = object;
	if (strlen(text) >= 2 ||
	    (text_decode(text, strlen(text), &code) > 0 && text_is_han(code)))
		return text;
	return NULL;
}

static void
palette_search(void *arg, struct picker *picker, const char *typed)
{
	struct palette *palette = arg;
	struct arena *arena = arena_new(0);
	const char *text = text_fold_width(arena, typed), *wanted;

	palette->picker = picker;
	if (text[0] == ':')
		text++;
	wanted = palette_wanted(palette, text);
	if (wanted == NULL || palette->asked == NULL || strcmp(palette->asked, wanted) != 0) {
		ask_cancel(palette->app, &palette->number);
		loop_cancel(palette->app->loop, palette->timer);
		palette->timer = 0;
		free(palette->asked);
		palette->asked = wanted == NULL ? NULL : mem_strdup(wanted);
		palette->hits = NULL;
		if (wanted != NULL)
			palette->timer = loop_timer(
			    palette->app->loop, PALETTE_REST_MS, palette_on_rest, palette);
	}
	palette_fill(palette, text);
	arena_free(arena);
}

/* ---- taking one ---- */

static const struct view *
palette_view(const struct app *app, int64_t id)
{
	for (size_t i = 0; i < views_count(app); i++)
		if (views_at(app, i)->id == id)
			return views_at(app, i);
	return NULL;
}

static unsigned
palette_take(void *arg, const struct picker_item *picked, const char *text)
{
	struct palette *palette = arg;
	struct app *app = palette->app;
	struct palette_item item;

	(void)text;
	if (picked == NULL) {
		if (palette->number == 0 && palette->timer == 0)
			message_say(SAY_NOTE, 0, tr(T_PICK_NONE));
		else
			picker_owe(palette->picker);
		return UI_HANDLED;
	}
	item = palette->items[picked->id]; /* what is run may close the palette itself */
	switch (item.kind) {
	case PALETTE_VIEW:
		if (palette_view(app, item.view) != NULL)
			views_open(app, palette_view(app, item.view));
		break;
	case PALETTE_RECORD:
		recent_add(app, item.entity, item.id, item.label);
		record_open(app, item.entity, item.id);
		break;
	case PALETTE_SAVE:
		if (!list_save_view(app, palette->below, item.label))
			message_say(SAY_WARNING, 0, tr(T_PALETTE_SAVE_NOT));
		break;
	default:
		command_run(app, &item.command, item.id, item.label);
	}
	return UI_DONE | UI_CLOSE;
}

static void
palette_closed(void *arg)
{
	struct palette *palette = arg;

	ask_cancel(palette->app, &palette->number);
	loop_cancel(palette->app->loop, palette->timer);
	arena_free(palette->arena);
	arena_free(palette->shown_arena);
	arena_free(palette->hits_arena);
	free(palette->asked);
	free(palette);
}

static void
palette_show(struct app *app, bool mine, const char *text)
{
	struct palette *palette = mem_zalloc(1, sizeof(*palette));

	palette->app = app;
	palette->mine = mine;
	palette->below = ui_top(app->ui);
	palette->arena = arena_new(0);
	palette->shown_arena = arena_new(0);
	palette->hits_arena = arena_new(0);
	palette->command_count = command_list(app, palette->arena, &palette->commands);
	picker_open(app->ui,
	    &(struct picker_config){ .title = mine ? tr(T_MINE_TITLE) : tr(T_GO_PROMPT),
		.text = text,
		.palette = !mine,
		.search = palette_search,
		.take = palette_take,
		.closed = palette_closed,
		.arg = palette });
}

void
palette_open(struct app *app)
{
	palette_show(app, false, NULL);
}

void
palette_open_text(struct app *app, const char *text)
{
	palette_show(app, false, text);
}

void
palette_open_mine(struct app *app)
{
	palette_show(app, true, NULL);
}
