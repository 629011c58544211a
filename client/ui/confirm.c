/* The asking box of confirm.h. */
#include "client/ui/confirm.h"
#include "common/mem.h"
#include "common/text.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CONFIRM_COLS = 56 };

struct confirm {
	struct screen screen;
	struct confirm_config config;
	struct arena *arena;
	struct edit edit;
	size_t count, at;
};

/* The answer may push or pop screens, so the box goes first. */
static void
confirm_answer(struct confirm *confirm, int choice)
{
	void (*answer)(void *arg, int choice) = confirm->config.answer;
	void *arg = confirm->config.arg;
	struct ui *ui = confirm->screen.ui;

	ui_pop_to(ui, &confirm->screen);
	ui_pop(ui);
	answer(arg, choice);
}

static unsigned
confirm_key_number(struct confirm *confirm, enum act act, const struct event *event)
{
	char *end;
	unsigned long typed;

	if (act != ACT_open)
		return edit_key(&confirm->edit, act, event) | UI_DONE;
	typed = strtoul(edit_text(&confirm->edit), &end, 10);
	if (*end || typed != confirm->config.number || edit_empty(&confirm->edit)) {
		message_say(SAY_WARNING, 0, tr(T_CONFIRM_WRONG));
		confirm_answer(confirm, CONFIRM_NOTHING);
	} else {
		confirm_answer(confirm, 0);
	}
	return UI_DONE;
}

static unsigned
confirm_key_choice(struct confirm *confirm, enum act act, const struct event *event)
{
	uint32_t code = event_char(event);

	if (code >= 0xff01 && code <= 0xff5e)
		code = code - 0xff01 + '!';
	for (size_t i = 0; i < confirm->count; i++) {
		if (act != ACT_NONE && confirm->config.acts[i] == act) {
			confirm_answer(confirm, (int)i);
			return UI_DONE;
		}
		if (code && ((code == (uint32_t)confirm->config.letters[i]) || code == '1' + i))
			confirm->at = i;
	}
	switch (act) {
	case ACT_open:
		confirm_answer(confirm, (int)confirm->at);
		return UI_DONE;
	case ACT_up:
	case ACT_left:
	case ACT_previous:
		confirm->at = (confirm->at + confirm->count - 1) % confirm->count;
		return UI_DONE;
	case ACT_down:
	case ACT_right:
	case ACT_next:
		confirm->at = (confirm->at + 1) % confirm->count;
		return UI_DONE;
	default:
		return UI_DONE;
	}
}

static unsigned
confirm_key(struct screen *screen, enum act act, const struct event *event)
{
	struct confirm *confirm = (struct confirm *)screen;

	if (act == ACT_cancel || act == ACT_back) {
		confirm_answer(confirm, CONFIRM_NOTHING);
		return UI_DONE;
	}
	if (act == ACT_redraw)
		return UI_NONE;
	if (confirm->config.number)
		return confirm_key_number(confirm, act, event);
	return confirm_key_choice(confirm, act, event);
}

static void
confirm_draw(struct screen *screen, struct rect rect)
{
	struct confirm *confirm = (struct confirm *)screen;
	const char **lines;
	size_t count =
	    text_wrap(cells_scratch(), confirm->config.text, CONFIRM_COLS - 4, &lines);
	size_t below = confirm->config.number ? 2 : confirm->count;
	struct rect box;
	int y;

	(void)rect;
	count = count > 8 ? 8 : count;
	box = cells_centre((int)(count + below) + 4, CONFIRM_COLS);
	cells_box(box, confirm->config.title);
	y = box.y + 1;
	for (size_t i = 0; i < count; i++)
		cells_put(y++, box.x + 2, box.cols - 4, lines[i], ROLE_NORMAL);
	y++;
	if (confirm->config.number) {
		cells_putf(y++, box.x + 2, box.cols - 4, ROLE_STRONG, tr(T_CONFIRM_TYPE),
		    confirm->config.number);
		edit_draw(
		    &confirm->edit, (struct rect){ y, box.x + 2, 1, 12 }, ROLE_FIELD, true);
		return;
	}
	for (size_t i = 0; i < confirm->count; i++, y++) {
		bool chosen = i == confirm->at;

		cells_putf(y, box.x + 2, box.cols - 4, chosen ? ROLE_FOCUS : ROLE_NORMAL,
		    "%s %zu %s", chosen ? ">" : " ", i + 1, confirm->config.choices[i]);
		if (chosen)
			cells_cursor(y, box.x + 2);
	}
}

static const char *
confirm_hint(struct screen *screen)
{
	return ((struct confirm *)screen)->config.number ? NULL : tr(T_CONFIRM_ENTER);
}

static void
confirm_leave(struct screen *screen)
{
	struct confirm *confirm = (struct confirm *)screen;

	edit_fini(&confirm->edit);
	arena_free(confirm->arena);
	free(confirm);
}

static const struct screen_ops confirm_ops = {
	.name = "confirm",
	.context = CTX_CONFIRM,
	.popup = true,
	.draw = confirm_draw,
	.hint = confirm_hint,
	.key = confirm_key,
	.leave = confirm_leave,
};

void
confirm_open(struct ui *ui, const struct confirm_config *config)
{
	struct confirm *confirm = mem_zalloc(1, sizeof *confirm);

	confirm->screen.ops = &confirm_ops;
	confirm->config = *config;
	confirm->arena = arena_new(0);
	confirm->config.title = arena_strdup(confirm->arena, config->title);
	confirm->config.text = arena_strdup(confirm->arena, config->text ? config->text : "");
	for (size_t i = 0; i < CONFIRM_CHOICES && config->choices[i]; i++, confirm->count++)
		confirm->config.choices[i] = arena_strdup(confirm->arena, config->choices[i]);
	if (!confirm->count)
		confirm->count = 1;
	edit_init(&confirm->edit, 10);
	confirm->edit.digits = true;
	ui_drop_typed(ui);
	ui_push(ui, &confirm->screen);
}

static void
confirm_on_paste(void *arg, int choice)
{
	edit_take_held(arg, choice == 1);
}

void
confirm_paste(struct ui *ui, struct edit *edit)
{
	char text[96];

	snprintf(text, sizeof text, tr(T_PASTE_LONG), text_chars(buf_text(&edit->held)));
	confirm_open(ui, &(struct confirm_config){ .text = text,
			     .choices = { tr(T_NO), tr(T_YES) },
			     .letters = { 'n', 'y' },
			     .answer = confirm_on_paste,
			     .arg = edit });
}
