/*
 * Message: the line above the key bar, and the log of what it said. Errors stay until the
 * next key that acts, notes five seconds.
 */
#ifndef KEHU_UI_MESSAGE_H
#define KEHU_UI_MESSAGE_H

#include "client/ui/cells.h"
#include "common/error.h"

enum severity { SAY_OK, SAY_NOTE, SAY_WARNING, SAY_ERROR };

struct message {
	enum severity severity;
	int code;         /* of common/error.def, 0: none */
	int64_t when_us;  /* wall clock */
	int64_t since_ms; /* loop clock */
	char text[256];
};

/* Texts are cut at 255 bytes, at a character. */
void message_say(enum severity severity, int code, const char *text);
void message_sayf(enum severity severity, const char *format, ...) PRINTF_LIKE(2, 3);
/* Something that came by itself: what is said to the user's own doing stays, and this follows it. */
void message_push(const char *text);
/* An error by its number; detail (a field's label) may be NULL: "E2002 目的 此项必填". */
void message_error(enum err err, const char *detail, enum lang lang);
/* A key acted: errors of before go. */
void message_acted(void);
void message_clear(void);
/* Whether a new error came since this was last asked. */
bool message_took_error(void);

/* The message to show now, or NULL. */
const struct message *message_now(int64_t now_ms);
/* When the note on show ends; -1: not by itself. */
int64_t message_deadline_ms(void);
/* "E2002 …" as shown. In scratch memory of the frame. */
const char *message_text(const struct message *message);
enum role message_role(const struct message *message);

/* The log, newest first; NULL past its end (200 at most). */
const struct message *message_logged(size_t index);

#endif
