/*
 * What is done with rows of a list: the digits beside them, run together by Enter, the menu of
 * actions, making a record, deleting and taking that back, copying.
 */
#include "client/screens/list_private.h"

#include "client/screens/action.h"
#include "client/screens/ask.h"
#include "client/screens/recent.h"
#include "client/screens/viewing.h"
#include "client/ui/confirm.h"
#include "client/ui/picker.h"
#include "client/ui/term.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/text.h"
#include <stdlib.h>
#include <string.h>

/* Rows of the menu from OPTION_NAMED on are the named actions, from OPTION_FIELD fields; digits come first. */
enum { OPTION_SCREENS = 8, OPTION_ASK_FROM = 20, OPTION_TAG = 200, OPTION_UNTAG, OPTION_DELETE, OPTION_ALL,
	 OPTION_NAMED = 256, OPTION_FIELD = 1 << 20 };

/* ---- which digits mean something ---- */

/* A report on one record of this entity; NULL: none. */
static const Kehu__ReportInfo *
option_report(const struct list_screen *screen)
{
	const struct cat *cat = app_cat(screen->app);

	for (size_t i = 0; i < cat_report_count(cat); i++)
		if (cat_report_at(cat, i)->entity == screen->entity)
			return cat_report_at(cat, i);
	return NULL;
}

/* The visit's field that names a record of this entity; 0: visits are not made from here. */
static uint32_t
option_visit_field(const struct list_screen *screen, const Kehu__Entity **visit)
{
	*visit = app_entity(screen->app, "visit");
	if (*visit == NULL || !((*visit)->actions_allowed & CAT_CREATE))
		return 0;
	for (size_t i = 0; i < (*visit)->n_fields; i++)
		if ((*visit)->fields[i]->references == screen->entity &&
		    (*visit)->fields[i]->type == CAT_REF &&
		    !((*visit)->fields[i]->flags & CAT_READONLY))
			return (*visit)->fields[i]->number;
	return 0;
}

void
list_option_find(struct list_screen *screen)
{
	const Kehu__Entity *entity = list_screen_entity(screen), *visit;
	uint32_t allowed = entity == NULL ? 0 : entity->actions_allowed;
	size_t count = 0;

	if (allowed & CAT_EDIT)
		screen->options[count++] = '2';
	if (allowed & CAT_DELETE)
		screen->options[count++] = '4';
	screen->options[count++] = '5';
	if (option_report(screen) != NULL)
		screen->options[count++] = '6';
	if (option_visit_field(screen, &visit) != 0)
		screen->options[count++] = '7';
	screen->options[count] = '\0';
	screen->list.options = screen->options;
}

static const char *
option_word(char digit)
{
	switch (digit) {
	case '2':
		return tr(T_OPTION_EDIT);
	case '4':
		return tr(T_OPTION_DELETE);
	case '5':
		return tr(T_OPTION_VIEW);
	case '6':
		return tr(T_OPTION_PRINT);
	default:
		return tr(T_OPTION_VISIT);
	}
}

static size_t
option_count(const struct list *list, char digit)
{
	size_t count = 0;

	for (size_t i = 0; i < list->mark_count; i++)
		count += list->mark[i].option == digit && list->mark[i].refusal == NULL;
	return count;
}

const char *
list_option_legend(const struct list_screen *screen)
{
	struct arena *scratch = cells_scratch();
	const struct list *list = &screen->list;
	size_t marked = list_marked(list), pending = list_pending(list);
	const char *text = "";

	if (pending > 0 || marked > 0) {
		text = arena_printf(scratch, tr(T_LIST_MARKED), marked);
		if (pending > 0) {
			text = arena_printf(scratch, "%s  ", text);
			text = arena_printf(scratch, "%s%s (", text,
			    arena_printf(scratch, tr(T_LIST_PENDING), pending));
			for (const char *digit = screen->options; *digit != '\0'; digit++)
				if (option_count(list, *digit) > 0)
					text = arena_printf(scratch, "%s%s%cx%zu", text,
					    text[strlen(text) - 1] == '(' ? "" : " ", *digit,
					    option_count(list, *digit));
			text = arena_printf(scratch, "%s)  %s", text, tr(T_OPTION_ENTER));
		}
		return text;
	}
	for (const char *digit = screen->options; *digit != '\0'; digit++)
		text = arena_printf(scratch, "%s %c%s", text, *digit, option_word(*digit));
	return arena_printf(scratch, "Opt:%s  %s", text, tr(T_OPTION_LEGEND));
}

/* ---- one row ---- */

/* A value of the preset: a reference to this row. */
static void
option_visit(struct list_screen *screen, const Kehu__Row *row)
{
	const Kehu__Entity *visit;
	Kehu__Value value = KEHU__VALUE__INIT;
	const Kehu__Value *values[] = { &value };

	value.has_field = value.has_number = true;
	value.field = option_visit_field(screen, &visit);
	value.number = row->id;
	value.text = ask_text(list_screen_label(screen, row));
	if (value.field != 0)
		form_open_new(screen->app, visit->number,
		    &(struct form_preset){ .values = values, .count = 1 });
}

/* The record stands in the report's first parameter that refers to its entity. */
static void
option_print(struct list_screen *screen, const Kehu__Row *row)
{
	const Kehu__ReportInfo *report = option_report(screen);
	Kehu__Value value = KEHU__VALUE__INIT;
	const Kehu__Value *values[] = { &value };

	for (size_t i = 0; report != NULL && i < report->n_parameters; i++) {
		if (report->parameters[i]->references != screen->entity)
			continue;
		value.has_field = value.has_number = true;
		value.field = report->parameters[i]->number;
		value.number = row->id;
		value.text = ask_text(list_screen_label(screen, row));
		report_open(screen->app, report->name, values, 1);
		return;
	}
}

static void
option_do(struct list_screen *screen, char digit, const Kehu__Row *row)
{
	switch (digit) {
	case '2':
		form_open_edit(screen->app, screen->entity, row->id);
		break;
	case '5':
		list_screen_open_row(screen, row);
		break;
	case '6':
		option_print(screen, row);
		break;
	case '7':
		option_visit(screen, row);
		break;
	default:
		break;
	}
}

/* ---- deleting, and taking it back ---- */

/* A write under way. The screen may go before its answer comes. */
struct option_write {
	LIST_ENTRY(option_write) entry;
	struct list_screen *screen; /* NULL: gone */
	int64_t id;
};

static void
option_send(struct list_screen *screen, int64_t id, const Kehu__ClientFrame *frame,
    void (*done)(void *context, const Kehu__ServerFrame *answer))
{
	struct option_write *write = mem_zalloc(1, sizeof(*write));

	write->screen = screen;
	write->id = id;
	LIST_INSERT_HEAD(&screen->writes, write, entry);
	screen->under_way++;
	ask_send(screen->app, frame, ASK_QUIET, done, write);
}

/* Whose answer it is; NULL: the screen is gone. *id is its record. */
static struct list_screen *
option_take(struct option_write *write, int64_t *id)
{
	struct list_screen *screen = write->screen;

	*id = write->id;
	if (screen != NULL) {
		LIST_REMOVE(write, entry);
		screen->under_way--;
	}
	free(write);
	return screen;
}

void
list_option_leave(struct list_screen *screen)
{
	struct option_write *write;

	while ((write = LIST_FIRST(&screen->writes)) != NULL) {
		LIST_REMOVE(write, entry);
		write->screen = NULL;
	}
}

static bool
option_may_restore(const struct list_screen *screen)
{
	const Kehu__Entity *entity = list_screen_entity(screen);

	return entity != NULL && (entity->actions_allowed & CAT_RESTORE);
}

static void
option_deleted(struct list_screen *screen)
{
	if (screen->under_way > 0)
		return;
	if (screen->refused > 0)
		message_sayf(
		    SAY_WARNING, tr(T_LIST_DELETED_SOME), screen->done, screen->refused);
	else
		message_sayf(SAY_OK,
		    tr(option_may_restore(screen) ? T_LIST_DELETED : T_LIST_DELETED_FOR_GOOD),
		    screen->done);
	list_screen_ask(screen, true, true);
}

static void
option_on_deleted(void *context, const Kehu__ServerFrame *answer)
{
	enum err err = link_error(answer);
	int64_t id;
	struct list_screen *screen = option_take(context, &id);

	if (screen == NULL)
		return;
	if (err == ERR_OK) {
		screen->done++;
		list_option_done(&screen->list, id, NULL);
		if (screen->undo_count < LIST_UNDO_MAX && option_may_restore(screen))
			screen->undo[screen->undo_count++] = id;
	} else {
		const char *why = answer->error->text != NULL
				      ? answer->error->text
				      : err_text(err, screen->app->lang);

		screen->refused++;
		list_option_done(&screen->list, id,
		    text_print(screen->arena, arena_strdup(screen->arena, why), TEXT_LINE));
	}
	option_deleted(screen);
}

static void
option_delete(struct list_screen *screen)
{
	struct list *list = &screen->list;
	size_t at;

	screen->undo_count = screen->done = screen->refused = 0;
	for (size_t i = 0; i < list->mark_count; i++) {
		Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
		Kehu__Delete request = KEHU__DELETE__INIT;

		if (list->mark[i].option != '4' || list->mark[i].refusal != NULL ||
		    !list_data_find(screen->data, list->mark[i].id, &at))
			continue;
		request.has_entity = request.has_id = request.has_version = true;
		request.entity = screen->entity;
		request.id = list->mark[i].id;
		request.version = list_data_row(screen->data, at)->version;
		frame.request_case = KEHU__CLIENT_FRAME__REQUEST_DELETE;
		frame.delete_ = &request;
		option_send(screen, request.id, &frame, option_on_deleted);
	}
}

static void
option_on_answer(void *arg, int choice)
{
	struct list_screen *screen = arg;

	if (choice == 0 && screen->under_way == 0)
		option_delete(screen);
}

static void
option_on_restored(void *context, const Kehu__ServerFrame *answer)
{
	int64_t id;
	struct list_screen *screen = option_take(context, &id);

	if (screen == NULL)
		return;
	if (link_error(answer) == ERR_OK)
		screen->done++;
	else
		ask_say_error(screen->app, answer, screen->entity);
	if (screen->under_way > 0)
		return;
	if (screen->done > 0)
		message_sayf(SAY_OK, tr(T_LIST_RESTORED), screen->done);
	list_screen_ask(screen, true, true);
}

void
list_option_undo(struct list_screen *screen)
{
	if (screen->undo_count == 0 || screen->under_way > 0) {
		message_say(SAY_NOTE, 0, tr(T_LIST_NO_UNDO));
		return;
	}
	screen->done = 0;
	for (size_t i = 0; i < screen->undo_count; i++) {
		Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
		Kehu__Restore request = KEHU__RESTORE__INIT;

		request.has_entity = request.has_id = true;
		request.entity = screen->entity;
		request.id = screen->undo[i];
		frame.request_case = KEHU__CLIENT_FRAME__REQUEST_RESTORE;
		frame.restore = &request;
		option_send(screen, request.id, &frame, option_on_restored);
	}
	screen->undo_count = 0;
}

/* ---- all rows with a digit ---- */

unsigned
list_option_run(struct list_screen *screen)
{
	struct list *list = &screen->list;
	size_t deletes = option_count(list, '4'), opened = 0, at;
	struct arena *arena = arena_new(0);
	struct list_mark *marks =
	    arena_memdup(arena, list->mark, list->mark_count * sizeof(*marks));

	/* The last is opened first, so that the first is on top. */
	for (size_t i = list->mark_count; i-- > 0;) {
		const struct list_mark *mark = &marks[i];
		const Kehu__Row *row;

		if (mark->option == 0 || mark->option == '4' || mark->refusal != NULL)
			continue;
		if (!list_data_find(screen->data, mark->id, &at) || opened == OPTION_SCREENS)
			continue;
		row = list_data_row(screen->data, at);
		list_option_done(list, mark->id, NULL);
		opened++;
		option_do(screen, mark->option, row);
	}
	arena_free(arena);
	if (deletes > 0)
		confirm_open(screen->app->ui,
		    &(struct confirm_config){ .title = tr(T_DELETE_TITLE),
			.text = arena_printf(cells_scratch(), tr(T_DELETE_TEXT), deletes),
			.number = deletes > OPTION_ASK_FROM ? deletes : 0,
			.choices = { tr(T_DELETE_YES), tr(T_DELETE_NO) },
			.letters = { 'y', 'n' },
			.answer = option_on_answer,
			.arg = screen });
	return UI_DONE;
}

/* ---- the menu of actions ---- */

static void
option_on_acted(void *context)
{
	struct list_screen *screen = context;

	list_screen_ask(screen, true, true);
}

static void
option_on_record(void *context, const Kehu__ServerFrame *answer)
{
	struct list_screen *screen = context;

	screen->getting = 0;
	if (answer->answer_case == KEHU__SERVER_FRAME__ANSWER_GET &&
	    answer->get->record != NULL)
		action_open(screen->app, answer->get->record, option_on_acted, screen);
	else
		ask_say_error(screen->app, answer, screen->entity);
}

static void
option_actions_of_row(struct list_screen *screen)
{
	const Kehu__Row *row = list_screen_current(screen);
	const Kehu__Record *record =
	    row == NULL ? NULL : preview_record(screen->preview, row->id);
	Kehu__ClientFrame frame;
	Kehu__Get get;

	if (row == NULL)
		return;
	if (record != NULL && record->version == row->version) {
		action_open(screen->app, record, option_on_acted, screen);
		return;
	}
	ask_cancel(screen->app, &screen->getting);
	ask_get_frame(&frame, &get, screen->entity, row->id);
	screen->getting = ask_send(screen->app, &frame, 0, option_on_record, screen);
}

void
list_option_reply(struct list_screen *screen)
{
	const Kehu__Row *row = list_screen_current(screen);
	Kehu__Record record = KEHU__RECORD__INIT;

	if (row == NULL || !list_option_can_reply(screen))
		return;
	record.has_entity = record.has_id = record.has_version = true;
	record.entity = screen->entity;
	record.id = row->id;
	record.version = row->version;
	record.label = ask_text(list_screen_label(screen, row));
	action_start(screen->app, &record, "reply", option_on_acted, screen);
}

bool
list_option_can_reply(const struct list_screen *screen)
{
	const Kehu__Entity *entity = cat_entity(app_cat(screen->app), screen->entity);

	return screen->list.total > 0 && entity != NULL && strcmp(entity->name, "message") == 0;
}

/* The digit goes to every marked row that is here, as if it had been typed beside each. */
static void
option_to_marked(struct list_screen *screen, char digit)
{
	struct list *list = &screen->list;
	size_t cursor = list->cursor, count = 0;
	struct event event = { .kind = EVENT_KEY, .code = (uint32_t)digit };

	for (size_t at = 0; at < list_data_end(screen->data); at++) {
		const Kehu__Row *row = list_data_row(screen->data, at);

		if (row == NULL || row->n_cells == 0 || !list_is_marked(list, row->id))
			continue;
		list_go(list, at);
		list_key(list, ACT_option, &event);
		count++;
	}
	list_go(list, cursor);
	if (count < list_marked(list))
		message_sayf(SAY_WARNING, tr(T_MARKED_SOME), count);
	list_option_run(screen);
}

static void
option_on_many(void *context)
{
	struct list_screen *screen = context;

	list_unmark_all(&screen->list);
	list_screen_ask(screen, true, true);
}

/* One change goes to every marked row that is here, or to all the list finds, as one. */
static void
option_to_many(struct list_screen *screen, const char *how, const char *name, const Kehu__Field *field)
{
	struct arena *arena = arena_new(0);
	struct action_row *rows =
	    ARENA_ARRAY(arena, struct action_row, list_data_end(screen->data) + 1);
	struct action_many many = { .entity = screen->entity, .rows = rows };

	if (screen->whole)
		many.query = screen->query;
	for (size_t at = 0; !screen->whole && at < list_data_end(screen->data); at++) {
		const Kehu__Row *row = list_data_row(screen->data, at);

		if (row != NULL && row->n_cells > 0 && list_is_marked(&screen->list, row->id))
			rows[many.count++] = (struct action_row){ row->id, row->version,
				arena_strdup(arena, list_screen_label(screen, row)) };
	}
	if (!screen->whole && many.count < list_marked(&screen->list))
		message_sayf(SAY_WARNING, tr(T_MARKED_SOME), many.count);
	action_many(screen->app, &many, how, name, field, &screen->screen, option_on_many, screen);
	arena_free(arena);
}

/* What fits exactly stands before what begins so, that before what has it inside. */
struct option_search {
	struct picker *picker;
	const char *text;
	int want;
};

static void
option_add(const struct option_search *search, int64_t id, const char *label, const char *note)
{
	if (picker_match(label, search->text) == search->want)
		picker_add(search->picker, &(struct picker_item){ .id = id,
					       .label = label,
					       .note = note,
					       .exact = search->want == 3 });
}

/* Fields that may be set, tags, deleting: what is no action of the entity's own. */
static void
option_search_general(
    const struct list_screen *screen, const Kehu__Entity *entity, const struct option_search *search)
{
	const Kehu__Entity *tags =
	    app_entity(screen->app, arena_printf(cells_scratch(), "%s_tag", entity->name));

	if (tags != NULL && (entity->actions_allowed & CAT_EDIT)) {
		option_add(search, OPTION_TAG, tr(T_MANY_TAG), "tag");
		option_add(search, OPTION_UNTAG, tr(T_MANY_UNTAG), "untag");
	}
	if (entity->actions_allowed & CAT_DELETE)
		option_add(search, OPTION_DELETE, tr(T_OPTION_DELETE), "delete");
	for (size_t i = 0; (entity->actions_allowed & CAT_EDIT) && i < entity->n_fields; i++) {
		const Kehu__Field *field = entity->fields[i];

		if ((field->flags & (CAT_READONLY | CAT_MASKED | CAT_FIGURE | CAT_UNIQUE)) == 0 &&
		    field->type != CAT_REFS && strcmp(field->name, "owner_id") != 0)
			option_add(search, OPTION_FIELD + (int64_t)i,
			    arena_printf(cells_scratch(), "%s %s", tr(T_MANY_SET), field->label),
			    field->name);
	}
}

/* Changing many at once takes a grant of its own: to act on bulk changes. */
static bool
option_may_many(const struct list_screen *screen)
{
	const Kehu__Entity *bulk = app_entity(screen->app, "bulk");

	return bulk != NULL && (bulk->actions_allowed & CAT_ACT) && !viewing_is_on(screen->app);
}

static void
option_search_want(const struct list_screen *screen, const struct option_search *search)
{
	const Kehu__Entity *entity = list_screen_entity(screen);

	for (const char *digit = screen->options; !screen->whole && *digit != '\0'; digit++)
		option_add(search, *digit, option_word(*digit), NULL);
	if (entity == NULL || !option_may_many(screen))
		return;
	for (size_t i = 0; i < entity->n_actions; i++)
		if (!entity->actions[i]->danger)
			option_add(search, OPTION_NAMED + (int64_t)i, entity->actions[i]->label,
			    entity->actions[i]->name);
	option_search_general(screen, entity, search);
}

static void
option_search(void *arg, struct picker *picker, const char *text)
{
	struct list_screen *screen = arg;
	const Kehu__Entity *entity = list_screen_entity(screen);

	picker_clear(picker);
	for (int want = *text ? 3 : 1; want >= 1; want--)
		option_search_want(screen, &(struct option_search){ picker, text, want });
	if (!screen->whole && entity != NULL && option_may_many(screen))
		picker_add(picker, &(struct picker_item){ .id = OPTION_ALL, .label = tr(T_MARKED_ALL) });
	if (!screen->whole)
		picker_add(picker, &(struct picker_item){ .id = 0, .label = tr(T_MARKED_CURRENT) });
}

static void option_open_menu(struct list_screen *screen, const char *title, bool whole);

static void
option_choose(struct list_screen *screen, int64_t id)
{
	const Kehu__Entity *entity = list_screen_entity(screen);

	if (id == OPTION_ALL)
		option_open_menu(screen, tr(T_MANY_TITLE_ALL), true);
	else if (id == OPTION_TAG || id == OPTION_UNTAG)
		option_to_many(screen, id == OPTION_TAG ? "tag" : "untag", NULL, NULL);
	else if (id == OPTION_DELETE)
		option_to_many(screen, "delete", NULL, NULL);
	else if (id >= OPTION_FIELD)
		option_to_many(screen, "set", NULL, entity->fields[id - OPTION_FIELD]);
	else if (id >= OPTION_NAMED)
		option_to_many(screen, "act", entity->actions[id - OPTION_NAMED]->name, NULL);
	else if (id != 0)
		option_to_marked(screen, (char)id);
	else
		option_actions_of_row(screen);
}

static unsigned
option_take_choice(void *arg, const struct picker_item *item, const char *text)
{
	struct list_screen *screen = arg;

	(void)text;
	if (item == NULL)
		return UI_HANDLED;
	option_choose(screen, item->id);
	return UI_DONE | UI_CLOSE;
}

static void
option_open_menu(struct list_screen *screen, const char *title, bool whole)
{
	screen->whole = whole;
	picker_open(screen->app->ui,
	    &(struct picker_config){ .title = title,
		.search = option_search,
		.take = option_take_choice,
		.arg = screen });
}

void
list_option_actions(struct list_screen *screen)
{
	size_t marked = list_marked(&screen->list);

	if (marked == 0) {
		option_actions_of_row(screen);
		return;
	}
	option_open_menu(screen, arena_printf(cells_scratch(), tr(T_MARKED_TITLE), marked), false);
}

void
list_option_new(struct list_screen *screen)
{
	const Kehu__Entity *entity = list_screen_entity(screen);

	if (entity == NULL || !(entity->actions_allowed & CAT_CREATE))
		message_error(ERR_FORBIDDEN, NULL, screen->app->lang);
	else
		form_open_new(screen->app, screen->entity, NULL);
}

/* ---- copying ---- */

void
list_option_copy(const struct list_screen *screen, bool all)
{
	const Kehu__Row *current = list_screen_current(screen);
	const struct list_row *row = list_current(&screen->list);
	const char *text;

	if (current == NULL || row == NULL)
		return;
	text = list_screen_label(screen, current);
	if (all) {
		text = "";
		for (size_t i = 0; i < screen->column_count; i++)
			text = arena_printf(cells_scratch(), "%s%s%s", text, i == 0 ? "" : "\t",
			    row->cells[i] != NULL ? row->cells[i] : "");
	}
	app_copy(screen->app, list_screen_entity(screen), all, text);
}
