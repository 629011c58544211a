/*
 * Prompt: a line of input in row 1 (the filter), with a history. Esc closes it and keeps the
 * text, Ctrl-U clears, Up and Down walk through what was entered before.
 */
#ifndef KEHU_UI_PROMPT_H
#define KEHU_UI_PROMPT_H

#include "client/ui/edit.h"

enum { PROMPT_HISTORY = 20 };

struct prompt {
	const char *label; /* by the owner: "F7 筛选> " */
	bool open;         /* keys go here; the screen's context is CTX_INPUT */
	struct edit edit;
	char *history[PROMPT_HISTORY]; /* newest first */
	size_t history_at;             /* 0: the text being typed */
	char *typed;                   /* kept while walking the history */
};

void prompt_init(struct prompt *prompt, size_t max_chars);
void prompt_fini(struct prompt *prompt);
void prompt_open(struct prompt *prompt);
const char *prompt_text(const struct prompt *prompt);
void prompt_set(struct prompt *prompt, const char *text);

/*
 * One key of the open prompt. UI_ACT: Enter, use the text (it closes and remembers).
 * UI_CHANGED: the text is another now. UI_LOOKUP: Tab, complete. Esc, F3 and F12 close it.
 */
unsigned prompt_key(struct prompt *prompt, enum act act, const struct event *event);
/* Label and text in one row; right (may be NULL) stands at the right edge. */
void prompt_draw(struct prompt *prompt, struct rect rect, const char *right);

#endif
