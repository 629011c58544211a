/* See ics.h. */
#include "common/ics.h"

#include "common/date.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define LINE_BYTES 75 /* of a line before its CRLF, also of a folded one with its blank */

/* Folded: a line too long goes on behind CRLF and a blank, never inside a character. */
static void
ics_line(struct buf *out, const char *text, size_t bytes)
{
	size_t room = LINE_BYTES;

	while (bytes > room) {
		size_t cut = room;

		while (cut > 1 && ((unsigned char)text[cut] & 0xc0) == 0x80)
			cut--;
		buf_put(out, text, cut);
		buf_puts(out, "\r\n ");
		text += cut;
		bytes -= cut;
		room = LINE_BYTES - 1;
	}
	buf_put(out, text, bytes);
	buf_puts(out, "\r\n");
}

/* NAME:text, its commas, semicolons, backslashes and newlines escaped. */
static void
ics_text(struct buf *out, const char *name, const char *text)
{
	struct buf line = BUF_INIT;

	if (text == NULL || *text == '\0')
		return;
	buf_printf(&line, "%s:", name);
	for (; *text != '\0'; text++) {
		if (strchr("\\;,", *text) != NULL)
			buf_printf(&line, "\\%c", *text);
		else if (*text == '\n')
			buf_puts(&line, "\\n");
		else if ((unsigned char)*text >= ' ' || *text == '\t')
			buf_putc(&line, *text);
	}
	ics_line(out, line.data, line.bytes);
	buf_fini(&line);
}

static void
ics_moment(struct buf *out, const char *name, int64_t us)
{
	int64_t day = date_of_us(us, 0);
	int seconds = (int)((us - day * US_PER_DAY) / US_PER_SECOND);
	struct ymd ymd = date_to_ymd(day);

	buf_printf(out, "%s:%04d%02d%02dT%02d%02d%02dZ\r\n", name, ymd.year, ymd.month, ymd.day,
	    seconds / 3600, seconds / 60 % 60, seconds % 60);
}

void
ics_begin(struct buf *out, const char *name)
{
	buf_puts(out, "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Kehu//Kehu//EN\r\nCALSCALE:GREGORIAN\r\n"
		      "METHOD:PUBLISH\r\n");
	ics_text(out, "X-WR-CALNAME", name);
}

void
ics_event(struct buf *out, const struct ics_event *event)
{
	static const char *const status[] = { [ICS_CONFIRMED] = "CONFIRMED",
		[ICS_TENTATIVE] = "TENTATIVE",
		[ICS_CANCELLED] = "CANCELLED" };

	buf_puts(out, "BEGIN:VEVENT\r\n");
	ics_text(out, "UID", event->uid);
	ics_moment(out, "DTSTAMP", event->stamp_us);
	ics_moment(out, "DTSTART", event->start_us);
	/* One without a length is a moment: an end that equals its start is not allowed. */
	if (event->end_us > event->start_us)
		ics_moment(out, "DTEND", event->end_us);
	ics_text(out, "SUMMARY", event->summary);
	ics_text(out, "DESCRIPTION", event->description);
	ics_text(out, "LOCATION", event->location);
	buf_printf(out, "SEQUENCE:%" PRId64 "\r\nSTATUS:%s\r\nEND:VEVENT\r\n", event->sequence,
	    status[event->status]);
}

void
ics_end(struct buf *out)
{
	buf_puts(out, "END:VCALENDAR\r\n");
}
