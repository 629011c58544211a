/*
 * Moving and stretching by keys: the screen follows at once, the server hears the sum of what was typed
 * while the last save was under way. What it refuses, or finds overlapping, is said and read again.
 */
#include "client/screens/calendar_private.h"

#include "client/screens/ask.h"
#include "common/date.h"
#include <stdlib.h>

#define CALENDAR_MINUTE (60 * US_PER_SECOND)
#define CALENDAR_STEP	(30 * CALENDAR_MINUTE)
enum { CALENDAR_STRETCH = 15, CALENDAR_MINUTES_MAX = 24 * 60 };

static void calendar_move_send(struct calendar *calendar);

static int
calendar_compare(const void *a, const void *b)
{
	const struct calendar_item *left = a, *right = b;

	if (left->at_us != right->at_us)
		return left->at_us < right->at_us ? -1 : 1;
	return left->row->id < right->row->id ? -1 : left->row->id > right->row->id;
}

static void
calendar_on_saved(void *context, const Kehu__ServerFrame *answer)
{
	struct calendar *calendar = context;
	struct calendar_move *moved = &calendar->moved;

	moved->saving = 0;
	if (answer->answer_case != KEHU__SERVER_FRAME__ANSWER_WRITTEN) {
		ask_say_error(calendar->app, answer, calendar->entity->number);
		moved->again = false;
	} else {
		moved->version = answer->written->version;
		message_sayf(SAY_OK, tr(T_CALENDAR_MOVED),
		    date_format_us(cells_scratch(), moved->at_us, calendar->app->offset_min), (int)moved->minutes,
		    answer->written->text != NULL ? answer->written->text : "");
	}
	if (moved->again) {
		calendar_move_send(calendar);
		return;
	}
	calendar->follow = moved->id;
	moved->id = 0;
	calendar->screen.ops->resume(&calendar->screen);
	ui_redraw(calendar->app->ui);
}

static void
calendar_move_send(struct calendar *calendar)
{
	struct calendar_move *moved = &calendar->moved;
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__Save save = KEHU__SAVE__INIT;
	Kehu__Record record = KEHU__RECORD__INIT;
	Kehu__Value at = KEHU__VALUE__INIT, minutes = KEHU__VALUE__INIT, *values[] = { &at, &minutes };

	moved->again = false;
	at.has_field = at.has_number = minutes.has_field = minutes.has_number = true;
	at.field = calendar->columns[CALENDAR_AT];
	at.number = moved->at_us;
	minutes.field = calendar->columns[CALENDAR_MINUTES];
	minutes.number = moved->minutes;
	record.has_entity = record.has_id = record.has_version = true;
	record.entity = calendar->entity->number;
	record.id = moved->id;
	record.version = moved->version;
	record.values = values;
	record.n_values = calendar->columns[CALENDAR_MINUTES] != 0 ? 2 : 1;
	save.record = &record;
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_SAVE;
	frame.save = &save;
	moved->saving = ask_send(calendar->app, &frame, ASK_QUIET, calendar_on_saved, calendar);
}

/* On the screen it is there already. */
static void
calendar_apply(struct calendar *calendar, struct calendar_item *item)
{
	const struct calendar_item *first;
	size_t count;

	item->at_us = calendar->moved.at_us;
	item->end_us = item->at_us + calendar->moved.minutes * CALENDAR_MINUTE;
	item->day = date_of_us(item->at_us, calendar->app->offset_min);
	calendar->day = item->day;
	qsort(calendar->items, calendar->count, sizeof(*calendar->items), calendar_compare);
	calendar_mark_conflicts(calendar);
	count = calendar_of_day(calendar, calendar->day, &first);
	for (size_t i = 0; i < count; i++)
		if (first[i].row->id == calendar->moved.id)
			calendar->item = i;
}

unsigned
calendar_move(struct calendar *calendar, enum act act)
{
	const struct calendar_item *item = calendar_current(calendar);
	struct calendar_move *moved = &calendar->moved;

	if (item == NULL)
		return UI_DONE;
	if (moved->id != 0 && moved->id != item->row->id)
		return UI_REFUSED; /* one after the other */
	if (moved->id == 0) {
		if (!calendar_is_open(calendar, item)) {
			message_say(SAY_NOTE, 0, tr(T_CALENDAR_FINISHED));
			return UI_DONE;
		}
		*moved = (struct calendar_move){ .id = item->row->id, .version = item->row->version };
	}
	moved->at_us = item->at_us;
	moved->minutes = (item->end_us - item->at_us) / CALENDAR_MINUTE;
	switch (act) {
	case ACT_sooner:
	case ACT_after:
		moved->at_us += act == ACT_sooner ? -CALENDAR_STEP : CALENDAR_STEP;
		break;
	case ACT_day_sooner:
	case ACT_day_after:
		moved->at_us += act == ACT_day_sooner ? -US_PER_DAY : US_PER_DAY;
		break;
	default:
		moved->minutes += act == ACT_shorter ? -CALENDAR_STRETCH : CALENDAR_STRETCH;
		if (moved->minutes < 0)
			moved->minutes = 0;
		if (moved->minutes > CALENDAR_MINUTES_MAX)
			moved->minutes = CALENDAR_MINUTES_MAX;
	}
	calendar_apply(calendar, &calendar->items[item - calendar->items]);
	if (moved->saving != 0)
		moved->again = true;
	else
		calendar_move_send(calendar);
	return UI_DONE;
}
