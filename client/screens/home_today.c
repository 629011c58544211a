/*
 * The lines of today: each section of the server's answer with its first rows, what is urgent
 * first, and what can be done with the line under the cursor without opening it.
 */
#include "client/screens/home_private.h"

#include "client/screens/action.h"
#include "client/screens/ask.h"
#include "client/screens/cell.h"
#include "client/screens/row.h"
#include "common/date.h"
#include "common/text.h"
#include <stdio.h>
#include <string.h>

enum { HOME_SECTION_MIN = 3, HOME_LATER_DAYS = 3, HOME_COUNT_MAX = 100, HOME_LATE_DAYS = 1000 };

/* What the first column of a section's rows says about time. */
enum home_when {
	HOME_WHEN_DUE,	 /* late, today, or on what day */
	HOME_WHEN_SINCE, /* so many days ago */
	HOME_WHEN_YEARLY,
	HOME_WHEN_PLAIN, /* a date, or a time of today */
};

static const struct {
	const char *section;
	enum home_when when;
	bool states; /* of many states, which its title does not tell */
} home_whens[] = {
	{ "overdue", HOME_WHEN_DUE },
	{ "receipts", HOME_WHEN_DUE },
	{ "contact", HOME_WHEN_DUE },
	{ "plan", HOME_WHEN_DUE },
	{ "closing", HOME_WHEN_DUE },
	{ "quotes", HOME_WHEN_DUE },
	{ "contracts", HOME_WHEN_DUE },
	{ "leaving", HOME_WHEN_DUE },
	{ "follow", HOME_WHEN_SINCE },
	{ "birthdays", HOME_WHEN_YEARLY },
	{ "to_pay", HOME_WHEN_DUE },
	{ "orders", HOME_WHEN_PLAIN, .states = true },
	{ "cases", HOME_WHEN_PLAIN, .states = true },
};

/* What finishes a record of an entity; of visits it depends on their kind. */
static const struct {
	const char *entity, *done, *snooze;
} home_acts[] = {
	{ "visit", "complete", "postpone" },
	{ "reminder", "done", "snooze" },
	{ "plan_step", "done", NULL },
	{ "message", "read", NULL },
	{ "work_report", "read", NULL },
	{ "invoice_request", "issue", NULL },
	{ "lead", "contact", NULL },
	{ "ticket", "answer", NULL },
	{ "approval", NULL, "pass_on" },
};

/* ---- the lines ---- */

const Kehu__TodaySection *
home_messages(const struct home *home)
{
	for (size_t i = 0; home->today != NULL && i < home->today->n_sections; i++)
		if (strcmp(home->today->sections[i]->name, "messages") == 0)
			return home->today->sections[i];
	return NULL;
}

/* Rows of each section so that all of them fit, but never fewer than a few. */
static size_t
home_share(const struct home *home, size_t rows)
{
	for (size_t share = HOME_ROWS; share > HOME_SECTION_MIN; share--) {
		size_t sum = 0;

		for (size_t i = 0; i < home->today->n_sections; i++) {
			size_t count = home->today->sections[i]->page->n_rows;

			if (home->today->sections[i] != home_messages(home))
				sum += 1 + (count > share ? share : count);
		}
		if (sum <= rows)
			return share;
	}
	return HOME_SECTION_MIN;
}

static void
home_add_section(struct home *home, const Kehu__TodaySection *section, size_t share)
{
	size_t count = section->page->n_rows;
	size_t shown = count <= share || strcmp(home->opened, section->name) == 0 ? count : share;

	if (home->item_count + 1 + shown > HOME_ITEMS)
		return;
	home->items[home->item_count++] =
	    (struct home_item){ .section = section, .cut = section->count > shown };
	for (size_t i = 0; i < shown; i++)
		home->items[home->item_count++] =
		    (struct home_item){ .section = section, .row = section->page->rows[i] };
}

void
home_today_make(struct home *home, size_t rows)
{
	struct list *list = &home->panes[HOME_TODAY].list;
	size_t share, at = list->cursor;

	home->item_count = 0;
	home->item_rows = rows;
	if (home->today == NULL)
		return;
	share = home_share(home, rows);
	for (size_t i = 0; i < home->today->n_sections; i++)
		if (home->today->sections[i] != home_messages(home))
			home_add_section(home, home->today->sections[i], share);
	for (size_t i = 0; home->follow != 0 && i < home->item_count; i++)
		if (home->items[i].row != NULL && home->items[i].row->id == home->follow &&
		    home->items[i].section->entity == home->follow_entity) {
			at = i;
			break;
		}
	home->follow = 0;
	/* The first thing to do, not its head. */
	if (list->total == 0)
		at = 1;
	list_set_total(list, home->item_count, false);
	if (home->item_count > 0)
		list_go(list, at < home->item_count ? at : home->item_count - 1);
}

const struct home_item *
home_today_current(const struct home *home)
{
	size_t at = home->panes[HOME_TODAY].list.cursor;

	return at < home->item_count ? &home->items[at] : NULL;
}

/* ---- drawing a line ---- */

static const Kehu__Field *
home_field(const struct home *home, const Kehu__TodaySection *section, size_t column)
{
	const Kehu__Entity *entity = cat_entity(app_cat(home->app), section->entity);

	return entity == NULL || column >= section->page->n_columns
		   ? NULL
		   : cat_field(entity, section->page->columns[column]);
}

static enum home_when
home_when(const Kehu__TodaySection *section)
{
	for (size_t i = 0; i < sizeof(home_whens) / sizeof(home_whens[0]); i++)
		if (strcmp(section->name, home_whens[i].section) == 0)
			return home_whens[i].when;
	return HOME_WHEN_PLAIN;
}

static bool
home_states(const Kehu__TodaySection *section)
{
	for (size_t i = 0; i < sizeof(home_whens) / sizeof(home_whens[0]); i++)
		if (strcmp(section->name, home_whens[i].section) == 0)
			return home_whens[i].states;
	return false;
}

/* "11-25", of another year "2025-11". */
static const char *
home_date(int64_t day, int64_t today)
{
	const char *text = date_format(cells_scratch(), day);

	return date_to_ymd(day).year == date_to_ymd(today).year ? text + 5
								 : arena_strndup(cells_scratch(), text, 7);
}

static const char *
home_due(int64_t day, int64_t today, enum role *role)
{
	if (day < today) {
		*role = ROLE_BAD;
		return today - day < HOME_LATE_DAYS
			   ? arena_printf(cells_scratch(), tr(T_HOME_LATE), (int)(today - day))
			   : arena_printf(cells_scratch(), tr(T_HOME_LATE_YEARS), (int)((today - day) / 365));
	}
	return day == today ? tr(T_TODAY) : home_date(day, today);
}

static const char *
home_when_text(const struct home *home, const struct home_item *item, enum role *role)
{
	const Kehu__Field *field = home_field(home, item->section, 0);
	const Kehu__Value *value = item->row->n_cells > 0 ? item->row->cells[0] : NULL;
	int64_t today = link_today(home->app->link), day;

	if (field == NULL || cat_value_empty(value) || value->masked)
		return home_when(item->section) == HOME_WHEN_SINCE ? tr(T_HOME_NEVER) : "";
	day = field->type == CAT_MOMENT ? date_of_us(value->number, home->app->offset_min) : value->number;
	switch (home_when(item->section)) {
	case HOME_WHEN_DUE:
		return home_due(day, today, role);
	case HOME_WHEN_SINCE:
		return arena_printf(cells_scratch(), tr(T_HOME_DAYS), (int)(today - day));
	case HOME_WHEN_YEARLY:
		return date_format(cells_scratch(), day) + 5;
	case HOME_WHEN_PLAIN:
		break;
	}
	if (field->type == CAT_MOMENT && day == today)
		return date_format_us(cells_scratch(), value->number, home->app->offset_min) + 11;
	return home_date(day, today);
}

/* What stands beside the time: all other columns, the state unless the section tells it. */
static const char *
home_text(const struct home *home, const struct home_item *item)
{
	const char *text = "";

	for (size_t i = 1; i < item->row->n_cells; i++) {
		const Kehu__Field *field = home_field(home, item->section, i);
		const char *word;

		if (field == NULL || strcmp(field->name, "minutes") == 0 ||
		    (strcmp(field->name, "state") == 0 && !home_states(item->section)))
			continue;
		word = cell_short(home->app, field, item->row->cells[i]);
		if (*word != '\0')
			text = arena_printf(cells_scratch(), "%s%s%s", text, *text ? " " : "", word);
	}
	return text_print(cells_scratch(), text, TEXT_LINE);
}

const char *
home_today_head(const struct home_item *item)
{
	if (item->row != NULL)
		return NULL;
	return arena_printf(cells_scratch(), "%s (%u%s)%s%s", item->section->label, item->section->count,
	    item->section->count >= HOME_COUNT_MAX ? "+" : "", item->cut ? "  " : "",
	    item->cut ? tr(T_HOME_ALL) : "");
}

void
home_today_row(struct home_pane *pane, size_t index)
{
	struct home *home = pane->home;
	const struct home_item *item = &home->items[index];
	enum role role = ROLE_NORMAL;

	if (item->row == NULL)
		return; /* drawn over the whole line afterwards */
	pane->cells[0] = home_when_text(home, item, &role);
	pane->roles[0] = (uint8_t)role;
	pane->cells[1] = home_text(home, item);
}

/* "09:12 李华 明天的会改到十点": who says it before what. */
void
home_message_row(struct home_pane *pane, size_t index)
{
	struct home *home = pane->home;
	const Kehu__TodaySection *section = home_messages(home);
	struct home_item item = { .section = section };
	enum role role = ROLE_NORMAL;
	const Kehu__Entity *entity;
	const Kehu__Value *text, *from;
	const char *name, *words;

	if (section == NULL || index >= section->page->n_rows)
		return;
	item.row = section->page->rows[index];
	entity = cat_entity(app_cat(home->app), section->entity);
	text = row_value(section->page, item.row, app_field(entity, "text"));
	from = row_value(section->page, item.row, app_field(entity, "from_id"));
	pane->cells[0] = home_when_text(home, &item, &role);
	name = cat_value_empty(from) ? "" : text_print(cells_scratch(), from->text, TEXT_LINE);
	words = cat_value_empty(text) ? "" : text_print(cells_scratch(), text->text, TEXT_LINE);
	/* What Kehu says of somebody's doing begins with the name already. */
	if (*name == '\0' || strncmp(words, name, strlen(name)) == 0)
		pane->cells[1] = words;
	else
		pane->cells[1] = arena_printf(cells_scratch(), "%s: %s", name, words);
}

/* ---- acting on a line ---- */

/* The record under the cursor, of the list of today or of the messages. */
static bool
home_take(const struct home *home, struct home_item *item)
{
	const Kehu__TodaySection *messages = home_messages(home);
	size_t at = home->panes[HOME_MESSAGES].list.cursor;

	*item = (struct home_item){ 0 };
	if (home->focus == HOME_TODAY && home_today_current(home) != NULL)
		*item = *home_today_current(home);
	else if (home->focus == HOME_MESSAGES && messages != NULL && at < messages->page->n_rows)
		*item = (struct home_item){ .section = messages, .row = messages->page->rows[at] };
	return item->row != NULL;
}

static void
home_on_done(void *context)
{
	home_load(context, true);
}

static const char *
home_act_name(const struct home *home, const struct home_item *item, enum act act)
{
	const Kehu__Entity *entity = cat_entity(app_cat(home->app), item->section->entity);
	const char *name = NULL;

	for (size_t i = 0; entity != NULL && i < sizeof(home_acts) / sizeof(home_acts[0]); i++)
		if (strcmp(home_acts[i].entity, entity->name) == 0)
			name = act == ACT_done	 ? home_acts[i].done
			       : act == ACT_snooze ? home_acts[i].snooze
						   : NULL;
	if (entity != NULL && act == ACT_reply && strcmp(entity->name, "message") == 0)
		name = "reply";
	if (name != NULL && strcmp(name, "complete") == 0) {
		const Kehu__Value *kind = row_value(item->section->page, item->row, app_field(entity, "kind"));

		name = action_finish(kind != NULL ? kind->text : NULL);
	}
	return name != NULL && cat_action_called(entity, name) != NULL ? name : NULL;
}

static void
home_start(struct home *home, const struct home_item *item, const char *name)
{
	const Kehu__Entity *entity = cat_entity(app_cat(home->app), item->section->entity);
	struct arena *arena = arena_new(0);
	const Kehu__Record *record = row_record(arena, entity, item->section->page, item->row);

	if (name != NULL)
		action_start(home->app, record, name, home_on_done, home);
	else
		action_open(home->app, record, home_on_done, home);
	arena_free(arena);
}

/* Three days later than planned, or than today if that has passed; at the same time of day. */
static void
home_later(struct home *home, const struct home_item *item)
{
	const Kehu__Entity *entity = cat_entity(app_cat(home->app), item->section->entity);
	const char *name = home_act_name(home, item, ACT_snooze);
	const Kehu__Value *at = item->row->n_cells > 0 ? item->row->cells[0] : NULL;
	int64_t today = link_today(home->app->link), day;
	Kehu__Value until = KEHU__VALUE__INIT, *arguments[] = { &until };
	const Kehu__Action *action;
	struct arena *arena;

	if (name == NULL || cat_value_empty(at) || home_field(home, item->section, 0)->type != CAT_MOMENT) {
		message_say(SAY_NOTE, 0, tr(T_HOME_NOT_LATER));
		return;
	}
	action = cat_action_called(entity, name);
	day = date_of_us(at->number, home->app->offset_min);
	until.has_field = until.has_number = true;
	until.number = at->number + ((day < today ? today - day : 0) + HOME_LATER_DAYS) * US_PER_DAY;
	for (size_t i = 0; i < action->n_arguments; i++)
		if (action->arguments[i]->type == CAT_MOMENT)
			until.field = action->arguments[i]->number;
	arena = arena_new(0);
	action_do(home->app, row_record(arena, entity, item->section->page, item->row), name, arguments, 1,
	    home_on_done, home);
	arena_free(arena);
}

/* The customer a line is about: the record itself, or the one it names. */
static bool
home_customer(const struct home *home, const struct home_item *item, Kehu__Value *customer)
{
	const Kehu__Entity *entity = cat_entity(app_cat(home->app), item->section->entity);
	const Kehu__Value *value;

	if (entity == NULL)
		return false;
	if (strcmp(entity->name, "customer") == 0) {
		value = row_value(item->section->page, item->row, entity->label_field);
		customer->number = item->row->id;
	} else {
		value = row_value(item->section->page, item->row, app_field(entity, "customer_id"));
		if (cat_value_empty(value) || !value->has_number)
			return false;
		customer->number = value->number;
	}
	customer->has_number = true;
	customer->text = value != NULL ? value->text : NULL;
	return true;
}

/* A visit or a call that was just now: for the customer of the line, if it is about one. */
static void
home_log(struct home *home, enum act act)
{
	const Kehu__Entity *visit = app_entity(home->app, "visit");
	Kehu__Value customer = KEHU__VALUE__INIT, kind = KEHU__VALUE__INIT;
	const Kehu__Value *values[2];
	struct home_item item;
	size_t count = 0;

	if (visit == NULL || !(visit->actions_allowed & CAT_CREATE)) {
		message_error(ERR_FORBIDDEN, NULL, home->app->lang);
		return;
	}
	if (home_take(home, &item) && home_customer(home, &item, &customer)) {
		customer.has_field = true;
		customer.field = app_field(visit, "customer_id");
		values[count++] = &customer;
	}
	kind.has_field = true;
	kind.field = app_field(visit, "kind");
	kind.text = ask_text(act == ACT_log_call ? "phone" : "visit");
	values[count++] = &kind;
	form_open_new(home->app, visit->number, &(struct form_preset){ .values = values, .count = count });
}

/* What belongs to a section and is not here: its list; without one, its other rows here. */
static void
home_open_rest(struct home *home, const Kehu__TodaySection *section)
{
	if (section->query != NULL && *section->query != '\0') {
		list_open(home->app, section->entity, section->query);
		return;
	}
	snprintf(home->opened, sizeof(home->opened), "%s", section->name);
	home_today_make(home, home->item_rows);
}

static unsigned
home_open_item(struct home *home)
{
	const struct home_item *current = home_today_current(home);
	struct home_item item;

	if (home_take(home, &item)) {
		const Kehu__Entity *entity = cat_entity(app_cat(home->app), item.section->entity);
		const Kehu__Value *label =
		    entity == NULL ? NULL : row_value(item.section->page, item.row, entity->label_field);

		recent_add(home->app, item.section->entity, item.row->id,
		    label != NULL && label->text != NULL ? label->text : "");
		record_open(home->app, item.section->entity, item.row->id);
	} else if (home->focus == HOME_TODAY && current != NULL) {
		home_open_rest(home, current->section);
	}
	return UI_DONE;
}

/* An entity of which this user may make one; NULL: not of this. */
static const Kehu__Entity *
home_makes(const struct home *home, const char *name)
{
	const Kehu__Entity *entity = app_entity(home->app, name);

	return entity != NULL && (entity->actions_allowed & CAT_CREATE) != 0 ? entity : NULL;
}

bool
home_can_visit(const struct home *home)
{
	return home_makes(home, "visit") != NULL;
}

const Kehu__Entity *
home_new_entity(const struct home *home)
{
	const Kehu__Entity *visit = home_makes(home, "visit");

	return visit != NULL ? visit : home_makes(home, "order");
}

bool
home_today_can(const struct home *home, enum act act)
{
	struct home_item item;

	switch (act) {
	case ACT_log_visit:
	case ACT_log_call:
		return home_can_visit(home);
	case ACT_actions:
		return home_take(home, &item);
	case ACT_later:
		return home_take(home, &item) && home_act_name(home, &item, ACT_snooze) != NULL &&
		       home_field(home, item.section, 0) != NULL &&
		       home_field(home, item.section, 0)->type == CAT_MOMENT;
	default:
		return home_take(home, &item) && home_act_name(home, &item, act) != NULL;
	}
}

unsigned
home_today_key(struct home *home, enum act act)
{
	struct home_item item;
	bool there = home_take(home, &item);

	if (there) {
		home->follow = item.row->id;
		home->follow_entity = item.section->entity;
	}
	switch (act) {
	case ACT_open:
		return home_open_item(home);
	case ACT_log_visit:
	case ACT_log_call:
		home_log(home, act);
		return UI_DONE;
	case ACT_actions:
		if (there)
			home_start(home, &item, NULL);
		return UI_DONE;
	case ACT_later:
		if (there)
			home_later(home, &item);
		return UI_DONE;
	case ACT_done:
	case ACT_snooze:
	case ACT_reply:
		if (there && home_act_name(home, &item, act) != NULL)
			home_start(home, &item, home_act_name(home, &item, act));
		else if (there)
			message_say(SAY_NOTE, 0, tr(T_HOME_NOT_HERE));
		return UI_DONE;
	default:
		return UI_NONE;
	}
}
