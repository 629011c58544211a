/*
 * iCalendar (RFC 5545) as text: escaping, folding at 75 bytes between characters, times in UTC, so that
 * no reader needs a table of time zones.
 */
#ifndef KEHU_ICS_H
#define KEHU_ICS_H

#include "common/buf.h"
#include <stdbool.h>
#include <stdint.h>

/* A cancelled one stays in the file for a while: a reader that has it already takes it out. */
enum ics_status { ICS_CONFIRMED, ICS_TENTATIVE, ICS_CANCELLED };

struct ics_event {
	const char *uid; /* the same for the same event for ever */
	const char *summary, *description, *location; /* the last two may be NULL */
	int64_t start_us, end_us;
	int64_t stamp_us; /* when this text was made */
	int64_t sequence; /* rises with each change: readers that have it replace it */
	enum ics_status status;
};

void ics_begin(struct buf *out, const char *name);
void ics_event(struct buf *out, const struct ics_event *event);
void ics_end(struct buf *out);

#endif
