/*
 * What can be done with a record (F8): the menu of the named actions its state allows, related
 * records to make, printing, deleting; and, found by typing, each field to change. Doing it is action_run.c's and action_remove.c's.
 */
#include "client/screens/action_private.h"
#include "client/screens/ask.h"
#include "client/screens/form.h"
#include "client/screens/tree.h"
#include "client/screens/viewing.h"
#include "client/screens/why.h"
#include "client/ui/message_log.h"
#include "client/ui/picker.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/text.h"
#include <stdlib.h>
#include <string.h>

enum { ACTION_KINDS_SHIFT = 16 };

/* What a row of the menu is, in the upper half of its number; its index in the lower. */
enum action_kind {
	ACTION_NAMED = 1,
	ACTION_NEW,
	ACTION_PRINT,
	ACTION_DELETE,
	ACTION_RESTORE,
	ACTION_WHY,
	ACTION_TREE,
	ACTION_LOG,
	ACTION_FIELD, /* change this one: the form, with the cursor there */
};

void
action_release(struct action *action)
{
	if (--action->holds > 0)
		return;
	arena_free(action->arena);
	free(action);
}

struct action *
action_hold(struct action *action)
{
	action->holds++;
	return action;
}

void
action_tell(struct action *action)
{
	const struct screen *at = ui_top(action->app->ui);

	while (at != NULL && at != action->owner)
		at = at->below;
	if (at != NULL && action->done != NULL)
		action->done(action->context);
}

const char *
action_name(const struct action *action, struct arena *arena)
{
	return text_print(arena,
	    arena_printf(arena, "%s %s", action->entity->label,
		action->record->label != NULL ? action->record->label : ""),
	    TEXT_LINE);
}

/* ---- printing ---- */

static const Kehu__ReportInfo *
action_report(const struct app *app, uint32_t entity, size_t skip)
{
	const struct cat *cat = app_cat(app);

	for (size_t i = 0; i < cat_report_count(cat); i++) {
		const Kehu__ReportInfo *info = cat_report_at(cat, i);

		if (info->entity == entity && info->n_parameters > 0 && skip-- == 0)
			return info;
	}
	return NULL;
}

static void
action_open_report(struct app *app, const Kehu__ReportInfo *info, int64_t id)
{
	Kehu__Value value = KEHU__VALUE__INIT;
	const Kehu__Value *values[1] = { &value };

	value.has_field = value.has_number = true;
	value.field = info->parameters[0]->number;
	value.number = id;
	report_open(app, info->name, values, 1);
}

bool
action_print(struct app *app, uint32_t entity, int64_t id)
{
	const Kehu__ReportInfo *info = action_report(app, entity, 0);

	if (info == NULL)
		return false;
	action_open_report(app, info, id);
	return true;
}

/* ---- the menu ---- */

static void
action_new_related(struct action *action, const Kehu__Tab *tab)
{
	Kehu__Value value = KEHU__VALUE__INIT;
	const Kehu__Value *values[1] = { &value };

	value.has_field = value.has_number = true;
	value.field = tab->field;
	value.number = action->record->id;
	value.text = action->record->label;
	form_open_new(
	    action->app, tab->entity, &(struct form_preset){ .values = values, .count = 1 });
}

static void
action_take(struct action *action, enum action_kind kind, size_t index)
{
	switch (kind) {
	case ACTION_NAMED:
		action->what = action->entity->actions[index];
		action_run(action);
		break;
	case ACTION_NEW:
		action_new_related(action, action->entity->tabs[index]);
		break;
	case ACTION_PRINT:
		action_open_report(action->app,
		    action_report(action->app, action->entity->number, index),
		    action->record->id);
		break;
	case ACTION_DELETE:
		action_delete(action);
		break;
	case ACTION_RESTORE:
		action_restore(action->app, action->entity->number, action->record->id);
		break;
	case ACTION_WHY:
		why_open(action->app, action->entity->number, action->record->id, 0, NULL);
		break;
	case ACTION_TREE:
		tree_open(action->app, action->record->id);
		break;
	case ACTION_LOG:
		message_log_open(action->app->ui);
		break;
	case ACTION_FIELD:
		form_edit_field(action->app, action->record, action->entity->fields[index]->number);
		break;
	}
}

static unsigned
action_on_take(void *arg, const struct picker_item *item, const char *text)
{
	struct action *action = arg;

	(void)text;
	if (item == NULL)
		return UI_HANDLED;
	action_take(action, (enum action_kind)(item->id >> ACTION_KINDS_SHIFT),
	    (size_t)(item->id & ((1 << ACTION_KINDS_SHIFT) - 1)));
	return UI_DONE | UI_CLOSE;
}

struct action_list {
	struct picker *picker;
	const char *typed;
	int want;
};

static void
action_item(const struct action_list *list, enum action_kind kind, size_t index,
    const char *label, const char *note)
{
	int fits = picker_match(label, list->typed);

	/* the name stands beside the label, so it is typed too */
	if (fits == 0 && kind == ACTION_NAMED)
		fits = picker_match(note, list->typed);
	if (fits == list->want)
		picker_add(list->picker,
		    &(struct picker_item){
			.id = (int64_t)kind << ACTION_KINDS_SHIFT | (int64_t)index,
			.label = label,
			.note = note,
			.exact = fits == 3 });
}

/* What the first tab of an entity may make; NULL: nothing, or an action of its name makes it. */
static const Kehu__Entity *
action_makes(const struct action *action, size_t tab)
{
	Kehu__Tab *const *tabs = action->entity->tabs;
	const Kehu__Entity *entity = cat_entity(app_cat(action->app), tabs[tab]->entity);

	for (size_t i = 0; i < tab; i++)
		if (tabs[i]->entity == tabs[tab]->entity)
			return NULL;
	if (entity == NULL || entity->kind != CAT_ACTIVITY || action->record->deleted ||
	    cat_action_called(action->entity, entity->name) != NULL)
		return NULL;
	return (entity->actions_allowed & CAT_CREATE) != 0 ? entity : NULL;
}

/* Fields are many: they stand in the menu once something is typed, by their label or name. */
static void
action_fields(const struct action *action, const struct action_list *list)
{
	const Kehu__Entity *entity = action->entity;

	if (list->typed[0] == '\0' || action->record->deleted || (action->record->rights & CAT_MAY_EDIT) == 0)
		return;
	for (size_t i = 0; i < entity->n_fields; i++) {
		const Kehu__Field *field = entity->fields[i];
		int fits = picker_match(field->label, list->typed);

		if ((field->flags & (CAT_READONLY | CAT_MASKED | CAT_FIGURE)) != 0)
			continue;
		if (fits == 0)
			fits = picker_match(field->name, list->typed);
		if (fits == list->want)
			picker_add(list->picker,
			    &(struct picker_item){
				.id = (int64_t)ACTION_FIELD << ACTION_KINDS_SHIFT | (int64_t)i,
				.label = arena_printf(action->arena, "%s %s", tr(T_MANY_SET), field->label),
				.note = "F2" });
	}
}

static void
action_items(const struct action *action, const struct action_list *list)
{
	const Kehu__Entity *entity = action->entity, *made;
	const Kehu__ReportInfo *info;
	const bool looks = viewing_is_on(action->app); /* as another user: and does nothing */

	for (size_t i = 0; i < entity->n_actions; i++)
		if (!looks && action_allowed(action, entity->actions[i]))
			action_item(list, ACTION_NAMED, i, entity->actions[i]->label,
			    entity->actions[i]->name);
	for (size_t i = 0; i < entity->n_tabs; i++)
		if (!looks && (made = action_makes(action, i)) != NULL)
			action_item(list, ACTION_NEW, i,
			    arena_printf(action->arena, tr(T_NEW_WHAT), made->label), "F6");
	for (size_t i = 0; (info = action_report(action->app, entity->number, i)) != NULL; i++)
		action_item(list, ACTION_PRINT, i, info->label, "Ctrl-T");
	if (!action->record->deleted && (action->record->rights & CAT_MAY_DELETE) != 0)
		action_item(list, ACTION_DELETE, 0, tr(T_DELETE), NULL);
	if (action->record->deleted && (action->record->rights & CAT_MAY_RESTORE) != 0)
		action_item(list, ACTION_RESTORE, 0, tr(T_RESTORE), NULL);
	if (tree_can(action->app, action->record))
		action_item(list, ACTION_TREE, 0, tr(T_TREE), NULL);
	if (!looks)
		action_item(list, ACTION_WHY, 0, tr(T_WHY), "W");
	action_item(list, ACTION_LOG, 0, tr(T_LOG_TITLE), NULL);
	if (!looks)
		action_fields(action, list);
}

static void
action_search(void *arg, struct picker *picker, const char *text)
{
	const struct action *action = arg;

	picker_clear(picker);
	for (int want = *text ? 3 : 1; want >= 1; want--)
		action_items(action,
		    &(struct action_list){ .picker = picker, .typed = text, .want = want });
}

static void
action_on_closed(void *arg)
{
	action_release(arg);
}

static struct action *
action_new(
    struct app *app, const Kehu__Record *record, void (*done)(void *context), void *context)
{
	struct action *action = mem_zalloc(1, sizeof(*action));
	Kehu__ServerFrame frame = KEHU__SERVER_FRAME__INIT;
	Kehu__GetAnswer get = KEHU__GET_ANSWER__INIT;

	action->app = app;
	action->arena = arena_new(0);
	/* The screen below reads its record again while the menu is open. */
	frame.answer_case = KEHU__SERVER_FRAME__ANSWER_GET;
	frame.get = &get;
	get.record = (Kehu__Record *)(uintptr_t)record;
	action->record = link_keep(action->arena, &frame)->get->record;
	action->entity = cat_entity(app_cat(app), record->entity);
	action->done = done;
	action->context = context;
	action->owner = ui_top(app->ui);
	action->holds = 1;
	return action;
}

void
action_open(
    struct app *app, const Kehu__Record *record, void (*done)(void *context), void *context)
{
	picker_open(app->ui, &(struct picker_config){ .title = tr(T_ACTIONS),
				 .search = action_search,
				 .take = action_on_take,
				 .closed = action_on_closed,
				 .arg = action_new(app, record, done, context) });
}

void
action_start(struct app *app, const Kehu__Record *record, const char *name,
    void (*done)(void *context), void *context)
{
	struct action *action = action_new(app, record, done, context);

	action->what = cat_action_called(action->entity, name);
	if (action->what != NULL)
		action_run(action);
	else
		message_error(ERR_NO_SUCH_ACTION, NULL, app->lang);
	action_release(action);
}

void
action_do(struct app *app, const Kehu__Record *record, const char *name,
    Kehu__Value **arguments, size_t count, void (*done)(void *context), void *context)
{
	struct action *action = action_new(app, record, done, context);

	action->what = cat_action_called(action->entity, name);
	if (action->what != NULL)
		action_run_with(action, arguments, count);
	else
		message_error(ERR_NO_SUCH_ACTION, NULL, app->lang);
	action_release(action);
}

/* What is not among the entity's actions, as one: its form has this one field. */
static const Kehu__Action *
action_made_up(struct action *action, const char *how, const Kehu__Field *field)
{
	static const struct {
		const char *how;
		enum text_id label;
	} words[] = { { "set", T_MANY_SET }, { "tag", T_MANY_TAG }, { "untag", T_MANY_UNTAG },
		{ "delete", T_OPTION_DELETE }, { "restore", T_RESTORE } };
	const Kehu__Entity *tag = app_entity(action->app, "tag");
	Kehu__Action *made = ARENA_NEW(action->arena, Kehu__Action);
	Kehu__Field *copy = ARENA_NEW(action->arena, Kehu__Field);

	kehu__action__init(made);
	kehu__field__init(copy);
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(words[i].how, how) == 0)
			made->label = arena_strdup(action->arena, tr(words[i].label));
	made->name = arena_strdup(action->arena, how);
	if (field != NULL) {
		*copy = *field;
		made->label = arena_printf(action->arena, "%s %s", made->label, field->label);
	} else if (strcmp(how, "tag") == 0 || strcmp(how, "untag") == 0) {
		copy->number = 1;
		copy->name = arena_strdup(action->arena, "tag");
		copy->label = arena_strdup(action->arena, tag != NULL ? tag->label : "");
		copy->type = CAT_REF;
		copy->flags = CAT_REQUIRED;
		copy->references = tag != NULL ? tag->number : 0;
	} else {
		return made;
	}
	made->n_arguments = 1;
	made->arguments = ARENA_NEW(action->arena, Kehu__Field *);
	made->arguments[0] = copy;
	return made;
}

void
action_many(struct app *app, const struct action_many *many, const char *how, const char *name,
    const Kehu__Field *field, struct screen *owner, void (*done)(void *context), void *context)
{
	Kehu__Record record = KEHU__RECORD__INIT;
	struct action_row *kept;
	struct action *action;

	record.has_entity = true;
	record.entity = many->entity;
	record.label = ask_text(many->query != NULL ? tr(T_MANY_FILTER)
						    : arena_printf(cells_scratch(), tr(T_LIST_MARKED), many->count));
	action = action_new(app, &record, done, context);
	action->how = arena_strdup(action->arena, how);
	kept = arena_memdup(action->arena, many->rows, many->count * sizeof(*many->rows));
	for (size_t i = 0; i < many->count; i++)
		kept[i].label = arena_strdup(action->arena, many->rows[i].label);
	action->rows = kept;
	action->row_count = many->count;
	action->query = many->query != NULL ? arena_strdup(action->arena, many->query) : NULL;
	action->owner = owner; /* a menu that is about to go may be on top */
	action->what = name != NULL ? cat_action_called(action->entity, name)
				    : action_made_up(action, how, field);
	if (action->what != NULL)
		action_run(action);
	else
		message_error(ERR_NO_SUCH_ACTION, NULL, app->lang);
	action_release(action);
}

const char *
action_finish(const char *kind)
{
	return kind != NULL && (strcmp(kind, "task") == 0 || strcmp(kind, "mail") == 0 ||
				   strcmp(kind, "message") == 0)
		   ? "done"
		   : "complete";
}
