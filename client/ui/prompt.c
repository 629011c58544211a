/* The input line of prompt.h. */
#include "client/ui/prompt.h"
#include "common/mem.h"
#include "common/text.h"
#include <stdlib.h>
#include <string.h>

void
prompt_init(struct prompt *prompt, size_t max_chars)
{
	const char *label = prompt->label;

	*prompt = (struct prompt){ .label = label };
	edit_init(&prompt->edit, max_chars);
}

void
prompt_fini(struct prompt *prompt)
{
	edit_fini(&prompt->edit);
	free(prompt->typed);
	for (size_t i = 0; i < PROMPT_HISTORY; i++)
		free(prompt->history[i]);
}

void
prompt_open(struct prompt *prompt)
{
	prompt->open = true;
	prompt->history_at = 0;
}

const char *
prompt_text(const struct prompt *prompt)
{
	return edit_text(&prompt->edit);
}

void
prompt_set(struct prompt *prompt, const char *text)
{
	edit_set(&prompt->edit, text);
}

/* Newest first; what was there already moves up. */
static void
prompt_remember(struct prompt *prompt)
{
	const char *text = prompt_text(prompt);
	size_t at = 0;

	if (!*text)
		return;
	while (at < PROMPT_HISTORY - 1 && prompt->history[at] &&
	       strcmp(prompt->history[at], text) != 0)
		at++;
	free(prompt->history[at]);
	memmove(prompt->history + 1, prompt->history, at * sizeof *prompt->history);
	prompt->history[0] = mem_strdup(text);
}

static unsigned
prompt_walk(struct prompt *prompt, int step)
{
	size_t to = prompt->history_at + (size_t)step;

	if ((step < 0 && prompt->history_at == 0) || to > PROMPT_HISTORY ||
	    (to > 0 && !prompt->history[to - 1]))
		return UI_HANDLED;
	if (prompt->history_at == 0) {
		free(prompt->typed);
		prompt->typed = mem_strdup(prompt_text(prompt));
	}
	prompt->history_at = to;
	edit_set(&prompt->edit, to ? prompt->history[to - 1] : prompt->typed);
	return UI_DONE | UI_CHANGED;
}

unsigned
prompt_key(struct prompt *prompt, enum act act, const struct event *event)
{
	unsigned flags = edit_key(&prompt->edit, act, event);

	if (flags != UI_NONE)
		return flags;
	switch (act) {
	case ACT_open:
		prompt_remember(prompt);
		prompt->open = false;
		return UI_DONE | UI_ACT;
	case ACT_up:
		return prompt_walk(prompt, 1);
	case ACT_down:
		return prompt_walk(prompt, -1);
	case ACT_next:
		return UI_DONE | UI_LOOKUP;
	case ACT_cancel:
	case ACT_back:
		prompt->open = false;
		return UI_DONE;
	default:
		return UI_NONE;
	}
}

void
prompt_draw(struct prompt *prompt, struct rect rect, const char *right)
{
	int right_cols = right ? (int)text_cols(right) + 1 : 0;
	int x = rect.x + cells_add(rect.y, rect.x, rect.cols, prompt->label, ROLE_NORMAL);

	if (right)
		cells_put_right(
		    rect.y, rect.x + rect.cols - right_cols, right_cols, right, ROLE_NORMAL);
	edit_draw(&prompt->edit,
	    (struct rect){ rect.y, x, 1, rect.x + rect.cols - right_cols - x }, ROLE_NORMAL,
	    prompt->open);
}
