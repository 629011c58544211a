/* See hours.h. The texts are the server's own (sql/repeat/42_service.sql); what cannot be read of them ends them. */
#include "server/service/hours.h"

#include <stdlib.h>

/* "number:number " pairs; how many there are at most follows from the length. */
static bool
hours_take_pair(const char **at, int64_t *first, int64_t *second)
{
	char *end;

	*first = strtoll(*at, &end, 10);
	if (end == *at || *end != ':')
		return false;
	*at = end + 1;
	*second = strtoll(*at, &end, 10);
	if (end == *at)
		return false;
	*at = end;
	return true;
}

static size_t
hours_room(const char *text)
{
	size_t room = 0;

	for (; *text != '\0'; text++)
		room += *text == ':';
	return room;
}

struct work_calendar
hours_of_row(struct call *call, const struct rows *rows, size_t row, int column)
{
	const char *days_text = rows_text(rows, row, column + 1);
	const char *offsets_text = rows_text(rows, row, column + 2);
	struct work_day *days = ARENA_ARRAY(call->arena, struct work_day, hours_room(days_text) + 1);
	struct work_offset *offsets =
	    ARENA_ARRAY(call->arena, struct work_offset, hours_room(offsets_text) + 1);
	struct work_calendar calendar = { .days = days, .offsets = offsets };
	int64_t first, second;

	if (work_parse(rows_text(rows, row, column), &calendar.week) != ERR_OK)
		calendar.week = (struct work_week){ 0 }; /* no hours: whoever adds to them is refused */
	while (hours_take_pair(&days_text, &first, &second))
		days[calendar.day_count++] = (struct work_day){ first, second != 0 };
	while (hours_take_pair(&offsets_text, &first, &second))
		offsets[calendar.offset_count++] = (struct work_offset){ first, (int)second };
	if (calendar.offset_count == 0)
		calendar.offset_count = 1;
	return calendar;
}
