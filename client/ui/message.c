/* One line and a ring of what it said before. */
#include "client/ui/message.h"
#include "client/ui/loop.h"
#include "common/date.h"
#include "common/text.h"
#include <stdio.h>
#include <string.h>

enum { MESSAGE_LOG = 200, MESSAGE_NOTE_MS = 5000 };

static struct {
	struct message log[MESSAGE_LOG];
	size_t count; /* ever said; the newest is at (count - 1) % MESSAGE_LOG */
	bool shown;
	bool new_error;
	char waiting[1024]; /* pushed while something else was to be read; "": nothing */
} message;

void
message_say(enum severity severity, int code, const char *text)
{
	struct message *slot = &message.log[message.count++ % MESSAGE_LOG];
	size_t bytes = strlen(text);

	while (bytes >= sizeof slot->text ||
	       (bytes && ((unsigned char)text[bytes] & 0xc0) == 0x80))
		bytes--;
	slot->severity = severity;
	slot->code = code;
	slot->when_us = date_now_us();
	slot->since_ms = loop_now_ms();
	memcpy(slot->text, text, bytes);
	slot->text[bytes] = '\0';
	message.shown = true;
	message.new_error = message.new_error || severity == SAY_ERROR;
}

void
message_sayf(enum severity severity, const char *format, ...)
{
	char text[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	message_say(severity, 0, text);
}

void
message_error(enum err err, const char *detail, enum lang lang)
{
	char text[1024];

	snprintf(text, sizeof text, "%s%s%s", detail ? detail : "",
	    detail && *detail ? " " : "", err_text(err, lang));
	message_say(SAY_ERROR, (int)err, text);
}

static const struct message *
message_last(void)
{
	return message.shown && message.count ? &message.log[(message.count - 1) % MESSAGE_LOG]
					      : NULL;
}

static bool
message_passes(const struct message *last)
{
	return last->severity == SAY_OK || last->severity == SAY_NOTE;
}

static bool
message_is_over(const struct message *last, int64_t now_ms)
{
	return message_passes(last) && now_ms - last->since_ms >= MESSAGE_NOTE_MS;
}

void
message_push(const char *text)
{
	const struct message *last = message_last();

	if (last == NULL || last->severity == SAY_NOTE || message_is_over(last, loop_now_ms()))
		message_say(SAY_NOTE, 0, text);
	else
		snprintf(message.waiting, sizeof(message.waiting), "%s", text);
}

/* What was said has been read: what came meanwhile takes its place. */
static void
message_next(void)
{
	char text[sizeof(message.waiting)];

	message.shown = false;
	if (message.waiting[0] == '\0')
		return;
	memcpy(text, message.waiting, sizeof(text));
	message.waiting[0] = '\0';
	message_say(SAY_NOTE, 0, text);
}

void
message_acted(void)
{
	message_next();
}

void
message_clear(void)
{
	message.waiting[0] = '\0';
	message.shown = false;
	message.new_error = false;
}

bool
message_took_error(void)
{
	bool took = message.new_error;

	message.new_error = false;
	return took;
}

const struct message *
message_now(int64_t now_ms)
{
	const struct message *last = message_last();

	if (last != NULL && message_is_over(last, now_ms)) {
		if (message.waiting[0] == '\0')
			return NULL;
		message_next();
		last = message_last();
	}
	return last;
}

int64_t
message_deadline_ms(void)
{
	const struct message *last = message_last();

	return last && message_passes(last) ? last->since_ms + MESSAGE_NOTE_MS : -1;
}

const char *
message_text(const struct message *said)
{
	static const char letters[] = {
		[SAY_OK] = 'O', [SAY_NOTE] = 'I', [SAY_WARNING] = 'W', [SAY_ERROR] = 'E'
	};

	if (said->code)
		return arena_printf(cells_scratch(), "%c%d %s", letters[said->severity],
		    said->code, said->text);
	if (said->severity == SAY_OK)
		return arena_printf(cells_scratch(), "OK %s", said->text);
	return arena_printf(cells_scratch(), "%c %s", letters[said->severity], said->text);
}

enum role
message_role(const struct message *said)
{
	static const enum role roles[] = { [SAY_OK] = ROLE_GOOD,
		[SAY_NOTE] = ROLE_NORMAL,
		[SAY_WARNING] = ROLE_WARN,
		[SAY_ERROR] = ROLE_BAD };

	return roles[said->severity];
}

const struct message *
message_logged(size_t index)
{
	if (index >= message.count || index >= MESSAGE_LOG)
		return NULL;
	return &message.log[(message.count - 1 - index) % MESSAGE_LOG];
}
