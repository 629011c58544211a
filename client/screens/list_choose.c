/*
 * Which columns a list shows, and what it is grouped by and summed: menus of the entity's
 * fields, and the view that comes of it. The groups themselves are group.c.
 */
#include "client/screens/list_private.h"

#include "client/screens/viewing.h"
#include "client/screens/views.h"
#include "client/ui/picker.h"
#include "common/date.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/text.h"
#include <stdlib.h>
#include <string.h>

enum { CHOICE_MAX = 32, CHOICE_NONE = 1 << 30 };

/* ---- fields that fit ---- */

bool
field_groups(const Kehu__Entity *entity, const Kehu__Field *field)
{
	(void)entity;
	switch (field->type) {
	case CAT_CHOICE:
	case CAT_REF:
	case CAT_BOOL:
	case CAT_INT:
	case CAT_DATE:
	case CAT_MOMENT:
		return (field->flags & CAT_FILTER) && !(field->flags & CAT_MASKED);
	default:
		return false;
	}
}

bool
field_sums(const Kehu__Entity *entity, const Kehu__Field *field)
{
	(void)entity;
	return (field->type == CAT_MONEY || field->type == CAT_INT ||
		   field->type == CAT_QUANTITY) &&
	       !(field->flags & CAT_MASKED);
}

static bool
choose_any(const Kehu__Entity *entity, const Kehu__Field *field)
{
	(void)entity;
	return field->type != CAT_BLOCK;
}

/* ---- the menu of fields ---- */

struct choice {
	struct app *app;
	struct field_choice of;
	uint32_t chosen[CHOICE_MAX];
	size_t count;
	struct picker *picker;
};

static size_t
choice_place(const struct choice *choice, uint32_t field)
{
	for (size_t i = 0; i < choice->count; i++)
		if (choice->chosen[i] == field)
			return i;
	return choice->count;
}

static void
choice_add(struct choice *choice, const Kehu__Field *field, const char *text)
{
	size_t place = choice_place(choice, field->number);
	const char *note = place == choice->count ? field->name
						  : arena_printf(cells_scratch(), "[%zu] %s",
							place + 1, field->name);

	if (*text == '\0' || picker_match(field->label, text) ||
	    picker_match(field->name, text))
		picker_add(choice->picker,
		    &(struct picker_item){
			.id = field->number, .label = field->label, .note = note });
}

/* Those chosen come first, in their order. */
static void
choice_search(void *arg, struct picker *picker, const char *text)
{
	struct choice *choice = arg;
	const Kehu__Entity *entity = cat_entity(app_cat(choice->app), choice->of.entity);

	choice->picker = picker;
	picker_clear(picker);
	if (entity == NULL)
		return;
	for (size_t i = 0; i < choice->count; i++) {
		const Kehu__Field *field = cat_field(entity, choice->chosen[i]);

		if (field != NULL)
			choice_add(choice, field, text);
	}
	if (choice->of.one && *text == '\0')
		picker_add(picker,
		    &(struct picker_item){ .id = CHOICE_NONE, .label = tr(T_GROUP_NONE) });
	for (size_t i = 0; i < entity->n_fields; i++)
		if (choice->of.fits(entity, entity->fields[i]) &&
		    choice_place(choice, entity->fields[i]->number) == choice->count)
			choice_add(choice, entity->fields[i], text);
}

static void
choice_toggle(struct choice *choice, uint32_t field)
{
	size_t place = choice_place(choice, field);

	if (place < choice->count) {
		memmove(choice->chosen + place, choice->chosen + place + 1,
		    (choice->count - place - 1) * sizeof(*choice->chosen));
		choice->count--;
	} else if (choice->count < CHOICE_MAX) {
		choice->chosen[choice->count++] = field;
	}
}

static const char *
choice_names(const struct choice *choice, const Kehu__Entity *entity)
{
	const char *names = "";

	for (size_t i = 0; i < choice->count; i++) {
		const Kehu__Field *field = cat_field(entity, choice->chosen[i]);

		if (field != NULL)
			names = arena_printf(cells_scratch(), "%s%s%s", names,
			    names[0] != '\0' ? "," : "", field->name);
	}
	return names;
}

static unsigned
choice_take(void *arg, const struct picker_item *item, const char *text)
{
	struct choice *choice = arg;
	const Kehu__Entity *entity = cat_entity(app_cat(choice->app), choice->of.entity);

	(void)text;
	if (item == NULL || entity == NULL)
		return UI_HANDLED;
	if (choice->of.one)
		choice->count = 0;
	if (item->id != CHOICE_NONE)
		choice_toggle(choice, (uint32_t)item->id);
	choice->of.chosen(choice->of.arg, choice_names(choice, entity));
	if (choice->of.one)
		return UI_DONE | UI_CLOSE;
	picker_again(choice->picker);
	return UI_DONE;
}

void
field_choice_open(struct app *app, const struct field_choice *of)
{
	const Kehu__Entity *entity = cat_entity(app_cat(app), of->entity);
	struct choice *choice = mem_zalloc(1, sizeof(*choice));
	char *save = NULL, *copy;

	choice->app = app;
	choice->of = *of;
	choice->of.names = NULL;
	copy = arena_strdup(cells_scratch(), of->names);
	for (char *name = strtok_r(copy, ", ", &save); name != NULL && entity != NULL;
	     name = strtok_r(NULL, ", ", &save))
		if (app_field(entity, name) != 0 && choice->count < CHOICE_MAX)
			choice->chosen[choice->count++] = app_field(entity, name);
	picker_open(app->ui, &(struct picker_config){ .title = tr(of->title),
				 .search = choice_search,
				 .take = choice_take,
				 .closed = free,
				 .arg = choice });
}

/* ---- of a list ---- */

static void
choose_keep(char **to, const char *text)
{
	char *copy = mem_strdup(text);

	free(*to);
	*to = copy;
}

/* Names of the columns there are now. */
static const char *
choose_names(
    const struct list_screen *screen, bool (*fits)(const Kehu__Entity *, const Kehu__Field *))
{
	const Kehu__Entity *entity = list_screen_entity(screen);
	const char *names = "";

	for (size_t i = 0; entity != NULL && i < screen->column_count; i++) {
		const Kehu__Field *field = cat_field(entity, screen->fields[i]);

		if (field != NULL && fits(entity, field))
			names = arena_printf(cells_scratch(), "%s%s%s", names,
			    names[0] != '\0' ? "," : "", field->name);
	}
	return names;
}

static void
choose_remember(struct app *app, const char *entity, const char *names)
{
	struct journal *journal = link_journal(app->link);
	enum err err;

	if (journal == NULL || viewing_is_on(app))
		return;
	err = journal_put(journal,
	    &(struct journal_entry){ .kind = JOURNAL_NOTE,
		.key = arena_printf(cells_scratch(), "columns:%s", entity),
		.title = "",
		.note = "",
		.at_us = date_now_us(),
		.data = (const uint8_t *)names,
		.bytes = strlen(names) });
	if (err != ERR_OK)
		log_warn("columns not remembered", "error=%s", err_name(err));
}

const char *
list_choose_remembered(const struct app *app, const char *entity)
{
	struct journal *journal = link_journal(app->link);
	const struct journal_entry *kept = journal == NULL || viewing_is_on(app)
					       ? NULL
					       : journal_find(journal, JOURNAL_NOTE,
						     arena_printf(cells_scratch(), "columns:%s", entity));

	return kept == NULL ? "" : arena_strndup(cells_scratch(), (const char *)kept->data, kept->bytes);
}

static void
choose_on_columns(void *arg, const char *names)
{
	struct list_screen *screen = arg;

	choose_keep(&screen->column_names, names);
	/* A view has its own; of a plain list they are the user's from now on. */
	if (screen->name[0] == '\0' && list_screen_entity(screen) != NULL)
		choose_remember(screen->app, list_screen_entity(screen)->name, names);
	screen->cat = NULL;
	list_column_make(screen);
	list_screen_read(screen);
	list_screen_ask(screen, false, false);
}

void
list_choose_columns(struct list_screen *screen)
{
	field_choice_open(screen->app, &(struct field_choice){ .entity = screen->entity,
					   .title = T_COLUMNS_TITLE,
					   .names = choose_names(screen, choose_any),
					   .fits = choose_any,
					   .chosen = choose_on_columns,
					   .arg = screen });
}

struct view
list_choose_view(struct list_screen *screen, const char *name)
{
	const Kehu__Entity *entity = list_screen_entity(screen);
	const Kehu__Field *sort =
	    entity != NULL && screen->sort != 0 ? cat_field(entity, screen->sort) : NULL;

	return (struct view){ .name = name,
		.entity = entity != NULL ? entity->name : "",
		.query = screen->query,
		.columns = screen->column_names,
		.sort = sort != NULL ? arena_printf(cells_scratch(), "%s%s",
					   screen->down ? "-" : "", sort->name)
				     : "",
		.group = screen->group,
		.sums = screen->sums };
}

static void
choose_on_group(void *arg, const char *names)
{
	struct list_screen *screen = arg;

	choose_keep(&screen->group, names);
	if (screen->sums[0] == '\0')
		choose_keep(&screen->sums, choose_names(screen, field_sums));
	struct view view = list_choose_view(screen, screen->name);
	group_open(screen->app, &view);
}

void
list_choose_group(struct list_screen *screen)
{
	field_choice_open(screen->app, &(struct field_choice){ .entity = screen->entity,
					   .title = T_GROUP_TITLE,
					   .names = screen->group,
					   .one = true,
					   .fits = field_groups,
					   .chosen = choose_on_group,
					   .arg = screen });
}
