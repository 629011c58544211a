/*
 * A record with its tabs (UX.md mock-up D): everything in one round trip, kept fresh by pushes.
 * What the overview shows is record_overview.c's, rows of tabs are record_tab.c's, files
 * files.c's.
 */
#include "client/screens/record.h"

#include "client/screens/action.h"
#include "client/screens/ask.h"
#include "client/screens/draft.h"
#include "client/screens/form.h"
#include "client/screens/resume.h"
#include "client/screens/reveal.h"
#include "client/screens/shelf.h"
#include "client/screens/why.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/text.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct record_tab *
record_current_tab(struct record_screen *screen)
{
	size_t current = screen->strip.current;

	return current >= 1 && current <= screen->tab_count ? &screen->tabs[current - 1] : NULL;
}

bool
record_is_approval(const struct record_screen *screen)
{
	return strcmp(screen->entity->name, "approval") == 0;
}

bool
record_on_history(const struct record_screen *screen)
{
	return screen->strip.current == screen->tab_count + 1;
}

/* ---- new records ---- */

/*
 * This screen is on top again and reads what changed. The new record is the one meant now: by
 * the cursor once its row is here, and by ^T at once.
 */
static void
record_on_saved(void *context, uint32_t entity, int64_t id)
{
	struct record_screen *screen = context;

	screen->saved_entity = entity;
	screen->saved_id = id;
	for (size_t i = 0; i < screen->tab_count; i++)
		if (screen->tabs[i].related->number == entity)
			screen->tabs[i].wanted = id;
}

/* A new record that refers to this one by a field. */
static void
record_new_by(struct record_screen *screen, uint32_t entity, const Kehu__Value *value)
{
	const Kehu__Value *values[1] = { value };

	form_open_new(screen->app, entity,
	    &(struct form_preset){
		.values = values, .count = 1, .saved = record_on_saved, .context = screen });
}

static bool
record_tab_creates(const struct record_tab *tab)
{
	return tab->related->kind == CAT_ACTIVITY &&
	       (tab->related->actions_allowed & CAT_CREATE) != 0;
}

static void
record_new_in(struct record_screen *screen, const struct record_tab *tab)
{
	Kehu__Value value = KEHU__VALUE__INIT;

	value.has_field = value.has_number = true;
	value.field = tab->tab->field;
	value.number = screen->id;
	value.text = screen->record->label;
	record_new_by(screen, tab->related->number, &value);
}

/* The tab whose records are made here: the one on show, else visits, else the first. */
static const struct record_tab *
record_new_tab(struct record_screen *screen)
{
	const struct record_tab *tab = record_current_tab(screen), *first = NULL;

	if (tab != NULL)
		return record_tab_creates(tab) ? tab : NULL;
	for (size_t i = 0; i < screen->tab_count; i++) {
		tab = &screen->tabs[i];
		if (!record_tab_creates(tab))
			continue;
		if (strcmp(tab->related->name, "visit") == 0)
			return tab;
		first = first == NULL ? tab : first;
	}
	return first;
}

/* Without tabs to fill, another one of the same kind with the same first reference. */
static bool
record_new_sibling(struct record_screen *screen)
{
	if ((screen->entity->actions_allowed & CAT_CREATE) == 0)
		return false;
	for (size_t i = 0; i < screen->entity->n_fields; i++) {
		const Kehu__Field *field = screen->entity->fields[i];
		const Kehu__Value *value = cat_value(screen->record, field->number);

		if (field->type != CAT_REF || (field->flags & CAT_REQUIRED) == 0 ||
		    (field->flags & CAT_READONLY) != 0 || cat_value_empty(value))
			continue;
		record_new_by(screen, screen->entity->number, value);
		return true;
	}
	return false;
}

static void record_on_acted(void *context);

/* An order of a quote or a contract, a quote of an opportunity: it is made by the action of its name, which
 * takes the lines over. */
static bool
record_new_forward(struct record_screen *screen, const struct record_tab *tab)
{
	if (cat_action_called(screen->entity, tab->related->name) == NULL)
		return false;
	action_start(screen->app, screen->record, tab->related->name, record_on_acted, screen);
	return true;
}

static unsigned
record_new(struct record_screen *screen)
{
	const struct record_tab *tab = record_new_tab(screen);

	if (record_files_here(screen))
		record_files_ask(screen, false);
	else if (tab != NULL && record_new_forward(screen, tab))
		return UI_DONE;
	else if (tab != NULL)
		record_new_in(screen, tab);
	else if (record_current_tab(screen) != NULL || !record_new_sibling(screen))
		message_say(SAY_NOTE, 0, tr(T_NOT_HERE));
	return UI_DONE;
}

/* ---- opening, printing, copying ---- */

static const Kehu__Row *
record_current_row(struct record_screen *screen, const struct record_tab **tab)
{
	const struct record_event *event;

	*tab = record_current_tab(screen);
	if (*tab != NULL)
		return record_tab_current(*tab);
	event = screen->strip.current == 0 ? record_overview_current(screen) : NULL;
	if (event == NULL || event->tab == NULL)
		return NULL;
	*tab = event->tab;
	return event->row;
}

static unsigned
record_open_current(struct record_screen *screen)
{
	const struct record_event *event =
	    screen->strip.current == 0 ? record_overview_current(screen) : NULL;
	const struct record_tab *tab;
	const Kehu__Row *row;
	uint32_t entity;
	int64_t id;

	if (screen->changed_seen) {
		screen->changed_seen = false;
		record_history_stale(screen->history);
		record_tabs_go(screen, screen->tab_count + 1);
		return UI_DONE;
	}
	if (event != NULL && event->tab == NULL) {
		const struct journal_entry *draft = draft_find(screen->app, event->draft_key);

		if (draft != NULL)
			form_open_draft(screen->app, draft);
		return UI_DONE;
	}
	row = record_current_row(screen, &tab);
	if (row == NULL)
		return UI_HANDLED;
	if (record_tab_target(tab, row, &entity, &id))
		record_open(screen->app, entity, id);
	else if (record_files_here(screen))
		record_files_ask(screen, true);
	return UI_DONE;
}

static unsigned
record_print(struct record_screen *screen)
{
	const struct record_tab *tab;
	const Kehu__Row *row = record_current_row(screen, &tab);

	if (screen->saved_id != 0 &&
	    action_print(screen->app, screen->saved_entity, screen->saved_id))
		return UI_DONE;
	/* The row the cursor is on, before the record as a whole. */
	if (row != NULL && action_print(screen->app, tab->related->number, row->id))
		return UI_DONE;
	if (action_print(screen->app, screen->entity->number, screen->id))
		return UI_DONE;
	return UI_NONE;
}

static unsigned
record_copy(struct record_screen *screen, bool whole)
{
	struct arena *arena = arena_new(0);
	const char *text = whole ? record_as_text(screen, arena)
				 : (screen->record->label != NULL ? screen->record->label : "");

	app_copy(screen->app, screen->entity, whole, text_print(arena, text, TEXT_BLOCK));
	arena_free(arena);
	return UI_DONE;
}

/* ---- this record, or its neighbour in the list ---- */

/* Rows of a tab that came later belong to the timeline as well. */
static void
record_on_grown(void *context)
{
	record_overview_gather(context);
}

void
record_make_tabs(struct record_screen *screen)
{
	for (size_t i = 0; i < screen->entity->n_tabs && screen->tab_count < RECORD_TABS; i++) {
		struct record_tab *tab = &screen->tabs[screen->tab_count];

		if (!record_tab_init(tab, screen->app, screen->entity->number, screen->id,
			screen->entity->tabs[i])) {
			record_tab_fini(tab);
			continue;
		}
		tab->grown = record_on_grown;
		tab->context = screen;
		screen->tab_count++;
	}
	screen->strip = (struct tabs){ .tabs = screen->names, .count = screen->tab_count + 2 };
	screen->history = record_history_new(screen->app, screen->entity->number, screen->id);
}

void
record_drop_tabs(struct record_screen *screen)
{
	for (size_t i = 0; i < screen->tab_count; i++)
		record_tab_fini(&screen->tabs[i]);
	screen->tab_count = screen->event_count = 0;
	record_history_free(screen->history);
}

/* Show a record in this screen: what is known of it at once, the rest when it comes. */
static void
record_show(struct record_screen *screen, int64_t id)
{
	screen->id = id;
	screen->record = NULL;
	screen->pushed = 0;
	screen->scroll = 0;
	record_make_tabs(screen);
	record_overview_gather(screen);
	list_go(&screen->timeline, 0);
	live_show(screen->live, screen->entity->number, &id, 1, false);
	record_show_cached(screen);
	record_ask(screen, screen->record != NULL ? ASK_QUIET : 0);
}

/* n and p: the neighbour in the list this record was opened from; the tab stays. */
static unsigned
record_step(struct record_screen *screen, int step)
{
	size_t tab = screen->strip.current, place;
	int64_t other;

	if (!list_neighbour(
		screen->app, screen->entity->number, screen->id, step, &other, &place)) {
		message_say(SAY_NOTE, 0, tr(T_NO_NEIGHBOUR));
		return UI_DONE;
	}
	record_files_stop(screen);
	ask_cancel(screen->app, &screen->asking_change);
	record_drop_tabs(screen);
	record_show(screen, other);
	record_tabs_go(screen, tab);
	return UI_DONE;
}

/* ---- keys ---- */

static void
record_on_acted(void *context)
{
	record_reload(context);
}

static unsigned
record_key_path(struct record_screen *screen, enum act act, const struct event *event)
{
	unsigned flags = prompt_key(&screen->path, act, event);

	if (flags & UI_ACT)
		record_files_go(screen);
	return flags & ~(unsigned)UI_ACT;
}

static unsigned
record_key_body(struct record_screen *screen, enum act act, const struct event *event)
{
	struct record_tab *tab = record_current_tab(screen);
	unsigned flags;

	if (tab != NULL)
		flags = list_key(&tab->list, act, event);
	else if (record_on_history(screen))
		return record_history_key(screen->history, act, event);
	else
		flags = record_overview_key(screen, act, event);
	return flags & UI_ACT ? record_open_current(screen) : flags;
}

static unsigned
record_decide(struct record_screen *screen, const char *action)
{
	if (!record_is_approval(screen))
		return UI_NONE;
	action_start(screen->app, screen->record, action, record_on_acted, screen);
	return UI_DONE;
}

static unsigned
record_key_act(struct record_screen *screen, enum act act)
{
	switch (act) {
	case ACT_approve:
		return record_decide(screen, "approve");
	case ACT_refuse:
		return record_decide(screen, "refuse");
	case ACT_edit:
		form_edit_record(screen->app, screen->record);
		return UI_DONE;
	case ACT_new:
		return record_new(screen);
	case ACT_actions:
		action_open(screen->app, screen->record, record_on_acted, screen);
		return UI_DONE;
	case ACT_print:
		return record_print(screen);
	case ACT_refresh:
		record_ask(screen, 0);
		return UI_DONE;
	case ACT_copy:
	case ACT_copy_record:
		return record_copy(screen, act == ACT_copy_record);
	case ACT_give_out:
		if (!record_files_can_give(screen))
			return UI_NONE;
		record_files_give(screen);
		return UI_DONE;
	case ACT_reveal:
		if (!reveal_can(screen->app, screen->record))
			return UI_NONE;
		reveal_open(screen->app, screen->record);
		return UI_DONE;
	case ACT_why:
		why_open(screen->app, screen->entity->number, screen->id, 0, NULL);
		return UI_DONE;
	case ACT_undo:
		return action_undo(screen->app);
	default:
		return UI_NONE;
	}
}

static unsigned
record_key(struct screen *base, enum act act, const struct event *event)
{
	struct record_screen *screen = (struct record_screen *)base;
	unsigned flags;

	if (act != ACT_print)
		screen->saved_id = 0;
	if (screen->path.open)
		return record_key_path(screen, act, event);
	if (act == ACT_next_record || act == ACT_previous_record)
		return record_step(screen, act == ACT_next_record ? 1 : -1);
	if (act == ACT_back || act == ACT_cancel || screen->record == NULL)
		return UI_NONE;
	if (act == ACT_open && screen->changed_seen)
		return record_open_current(screen);
	if (act != ACT_NONE)
		screen->changed_seen = false;
	flags = record_key_act(screen, act);
	if (flags == UI_NONE)
		flags = record_tabs_key(screen, act);
	return flags != UI_NONE ? flags : record_key_body(screen, act, event);
}

/* Opened from a list or the palette, it knows nothing of its record for a moment. */
static bool
record_waits(struct screen *base)
{
	const struct record_screen *screen = (const struct record_screen *)base;

	return screen->record == NULL && screen->asking != 0;
}

/* ---- drawing ---- */


static void
record_draw(struct screen *base, struct rect rect)
{
	struct record_screen *screen = (struct record_screen *)base;
	struct rect body = { rect.y + 2, rect.x, rect.rows - 2, rect.cols };
	struct record_tab *tab = record_current_tab(screen);

	if (screen->record == NULL) {
		/* What was there stays until the record is here: half the bytes on a slow line.
		 */
		if (base->below != NULL && !base->below->ops->popup)
			base->below->ops->draw(base->below, rect);
		return;
	}
	record_tabs_name(screen);
	tabs_draw(&screen->strip, (struct rect){ rect.y, rect.x, 1, rect.cols }, true);
	cells_rule(rect.y + 1, rect.x, rect.cols);
	if (tab != NULL)
		list_draw(&tab->list, body, true);
	else if (record_on_history(screen))
		record_history_draw(screen->history, body);
	else
		record_overview_draw(screen, body);
}

static void
record_head(struct screen *base, struct rect rect)
{
	struct record_screen *screen = (struct record_screen *)base;

	if (screen->path.open)
		prompt_draw(&screen->path, rect, NULL);
	else if (screen->record != NULL)
		record_head_draw(screen, rect);
	else if (base->below != NULL && base->below->ops->head != NULL)
		base->below->ops->head(base->below, rect);
}

static const char *
record_hint(struct screen *base)
{
	struct record_screen *screen = (struct record_screen *)base;

	if (screen->path.open)
		return tr(screen->path_saves ? T_FILES_SAVE_HINT : T_FILES_ADD_HINT);
	if (shelf_serves(screen->app) && screen->record != NULL)
		return arena_printf(cells_scratch(), tr(T_RECORD_KEPT),
		    (int)((loop_now_ms() - screen->read_ms) / 60000));
	if (record_files_here(screen))
		return tr(record_files_can_give(screen) ? T_FILES_HINT_OUT : T_FILES_HINT);
	return tr(T_RECORD_HINT);
}

/* The language was switched, or a field was added: labels are those of the catalogue of now. */
static void
record_follow(struct record_screen *screen)
{
	const Kehu__Entity *entity = cat_entity(app_cat(screen->app), screen->entity->number);

	if (entity == NULL || entity == screen->entity)
		return;
	screen->entity = entity;
	for (size_t i = 0; i < screen->tab_count; i++)
		record_tab_follow(&screen->tabs[i], entity);
	record_overview_gather(screen);
}

static const char *
record_title(struct screen *base)
{
	struct record_screen *screen = (struct record_screen *)base;

	record_follow(screen);
	return screen->entity->label;
}

static enum ctx
record_context(struct screen *base)
{
	return ((struct record_screen *)base)->path.open ? CTX_INPUT : CTX_RECORD;
}

static bool
record_can(struct screen *base, enum act act)
{
	struct record_screen *screen = (struct record_screen *)base;

	if (screen->record == NULL)
		return act == ACT_back || act == ACT_help || act == ACT_go;
	switch (act) {
	case ACT_edit:
		return (screen->record->rights & CAT_MAY_EDIT) != 0;
	case ACT_new:
		return record_files_here(screen) || record_new_tab(screen) != NULL ||
		       (screen->entity->actions_allowed & CAT_CREATE) != 0;
	case ACT_find:
		return false;
	case ACT_approve:
	case ACT_refuse:
		return record_is_approval(screen);
	case ACT_give_out:
		return record_files_can_give(screen);
	case ACT_reveal:
		return reveal_can(screen->app, screen->record);
	case ACT_undo:
		return action_can_undo(screen->app);
	default:
		return true;
	}
}

static const char *
record_label(struct screen *base, enum act act)
{
	struct record_screen *screen = (struct record_screen *)base;
	const struct record_tab *tab;

	if (act != ACT_new || screen->record == NULL)
		return NULL;
	if (record_files_here(screen))
		return tr(T_FILES_ADD);
	tab = record_new_tab(screen);
	return tab == NULL ? NULL
			   : arena_printf(cells_scratch(), tr(T_NEW_WHAT), tab->related->label);
}

/* ---- life ---- */

static void
record_screen_reload(struct screen *base)
{
	record_reload((struct record_screen *)base);
}

/* Drafts may have come or gone; what was saved above this screen is read again. */
static void
record_resume(struct screen *base)
{
	struct record_screen *screen = (struct record_screen *)base;

	if (screen->record == NULL)
		return;
	record_overview_gather(screen);
	if (!record_is_fresh(screen))
		record_reload(screen);
}

static void
record_leave(struct screen *base)
{
	struct record_screen *screen = (struct record_screen *)base;

	record_files_stop(screen);
	ask_cancel(screen->app, &screen->asking);
	ask_cancel(screen->app, &screen->asking_change);
	live_close(screen->live);
	record_drop_tabs(screen);
	list_fini(&screen->timeline);
	prompt_fini(&screen->path);
	arena_free(screen->arena);
	free(screen);
}

static const char *
record_place(struct screen *base)
{
	const struct record_screen *screen = (struct record_screen *)base;

	return arena_printf(cells_scratch(), "record\t%s\t%" PRId64 "\t%zu", screen->entity->name, screen->id,
	    screen->strip.current);
}

static const struct screen_ops record_ops = {
	.name = "record",
	.place = record_place,
	.context = CTX_RECORD,
	.title = record_title,
	.head = record_head,
	.draw = record_draw,
	.hint = record_hint,
	.context_now = record_context,
	.can = record_can,
	.label = record_label,
	.key = record_key,
	.waits = record_waits,
	.reload = record_screen_reload,
	.resume = record_resume,
	.leave = record_leave,
};

/* The place of an entity among the modules of the title; 0: none. */
static int
record_module(const Kehu__Entity *entity)
{
	static const char *const names[] = { "customer", "visit", "contact" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(names[i], entity->name) == 0)
			return (int)i + 2;
	return 0;
}

void
record_open(struct app *app, uint32_t number, int64_t id)
{
	const Kehu__Entity *entity = cat_entity(app_cat(app), number);
	struct record_screen *screen;

	if (entity == NULL) {
		message_error(ERR_NO_SUCH_ENTITY, NULL, app->lang);
		return;
	}
	if (shelf_serves(app) && !record_is_kept(app, number, id)) {
		message_say(SAY_WARNING, 0, tr(T_RECORD_NOT_KEPT));
		return;
	}
	screen = mem_zalloc(1, sizeof(*screen));
	screen->ops = record_ops;
	screen->ops.module = record_module(entity);
	screen->screen.ops = &screen->ops;
	screen->app = app;
	screen->entity = entity;
	screen->id = id;
	screen->arena = arena_new(0);
	prompt_init(&screen->path, 400);
	screen->live = live_open(app,
	    &(struct live_config){
		.changed = record_on_pushed, .settled = record_on_settled, .context = screen });
	ui_push(app->ui, &screen->screen);
	record_show(screen, id);
}

void
record_resume_at(struct app *app, char *const words[RESUME_WORDS])
{
	const Kehu__Entity *entity = app_entity(app, words[0]);
	const struct screen *before = ui_top(app->ui);
	struct record_screen *screen;
	size_t tab = strtoul(words[2], NULL, 10);

	if (entity == NULL)
		return;
	record_open(app, entity->number, strtoll(words[1], NULL, 10));
	screen = (struct record_screen *)ui_top(app->ui);
	/* The history is read once it is looked at. */
	if (ui_top(app->ui) != before && tab < screen->tab_count + 1)
		screen->strip.current = tab;
}
