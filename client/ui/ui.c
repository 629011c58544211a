/*
 * The stack, the turn of the loop, and where keys go. Order of a turn: read all input, let
 * screens act, paint once and only when no more input waits (40 keys in one burst cost one
 * paint: UX.md 3.9), then sleep. frame.c draws what is around the screens.
 */
#include "client/ui/ui.h"
#include "client/ui/frame.h"
#include "client/ui/help.h"
#include "client/ui/term.h"
#include "common/mem.h"
#include "common/text.h"
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	UI_PUSH_FRAME_MS = 100, /* at most ten frames a second for what others changed */
	UI_STARVED_MS = 400,    /* keys come faster than we paint: paint all the same */
	UI_AHEAD_MS = 2000,
	UI_RESIZE_FOLD_MS = 50, /* a burst of sizes is one layout */
	UI_HAN_KEYS = 3,        /* so many Han letters in a list: the input method is on */
};

struct ui *
ui_new(struct loop *loop)
{
	struct ui *ui = mem_zalloc(1, sizeof *ui);

	ui->loop = loop;
	ui->dirty = UI_DIRTY_KEY;
	ui->clock_minutes = FRAME_LOCAL_CLOCK;
	ui->typed_ms = loop_now_ms();
	return ui;
}

void
ui_free(struct ui *ui)
{
	if (!ui)
		return;
	ui->quit = true;
	while (ui->top)
		ui_pop(ui);
	loop_cancel(ui->loop, ui->resize_timer);
	loop_cancel(ui->loop, ui->ahead_timer);
	free(ui);
}

struct loop *
ui_loop(struct ui *ui)
{
	return ui->loop;
}

void
ui_quit(struct ui *ui)
{
	ui->quit = true;
}

bool
ui_quitting(const struct ui *ui)
{
	return ui->quit;
}

/* The stack ------------------------------------------------------------------------------- */

struct screen *
ui_top(struct ui *ui)
{
	return ui->top;
}

struct screen *
ui_root(struct ui *ui)
{
	struct screen *screen = ui->top;

	while (screen && screen->below)
		screen = screen->below;
	return screen;
}

void
ui_push(struct ui *ui, struct screen *screen)
{
	screen->ui = ui;
	screen->below = ui->top;
	ui->top = screen;
	ui->dirty = UI_DIRTY_KEY;
}

static void
ui_remove_top(struct ui *ui)
{
	struct screen *screen = ui->top;

	ui->top = screen->below;
	ui->dirty = UI_DIRTY_KEY;
	if (screen->ops->leave)
		screen->ops->leave(screen);
}

void
ui_pop(struct ui *ui)
{
	if (!ui->top)
		return;
	ui_remove_top(ui);
	if (ui->top && ui->top->ops->resume && !ui->quit)
		ui->top->ops->resume(ui->top);
}

void
ui_pop_to(struct ui *ui, struct screen *screen)
{
	while (ui->top && ui->top != screen)
		ui_remove_top(ui);
	if (ui->top && ui->top->ops->resume)
		ui->top->ops->resume(ui->top);
}

static bool
ui_holds(const struct ui *ui, const struct screen *screen)
{
	for (const struct screen *at = ui->top; at; at = at->below)
		if (at == screen)
			return true;
	return false;
}

/* Close a screen that answered so; it may have pushed others above itself. */
static void
ui_close(struct ui *ui, struct screen *screen)
{
	struct screen **at = &ui->top;

	while (*at && *at != screen)
		at = &(*at)->below;
	if (!*at)
		return;
	if (screen == ui->top) {
		ui_pop(ui);
		return;
	}
	*at = screen->below;
	if (screen->ops->leave)
		screen->ops->leave(screen);
}

/* Keys ------------------------------------------------------------------------------------ */

static void
ui_flags_done(struct ui *ui, struct screen *screen, unsigned flags)
{
	if (flags & UI_CLOSE)
		ui_close(ui, screen);
	if (flags & UI_RELOAD) {
		struct screen *whose = flags & UI_CLOSE ? ui->top : screen;

		if (whose && ui_holds(ui, whose) && whose->ops->reload)
			whose->ops->reload(whose);
	}
	if (flags & (UI_REDRAW | UI_RELOAD | UI_CLOSE))
		ui->dirty = UI_DIRTY_KEY;
}

/* What the frame does with keys that the screen has no use for. */
static unsigned
ui_default(struct ui *ui, enum act act)
{
	unsigned flags;

	switch (act) {
	case ACT_redraw:
		ui_repaint(ui);
		if (ui->global != NULL)
			ui->global(ui->global_arg, act);
		return UI_DONE;
	case ACT_help:
		help_open(ui);
		return UI_DONE;
	case ACT_back:
	case ACT_cancel:
		if (ui->top && (ui->top->below || ui->top->ops->popup)) {
			ui_pop(ui);
			return UI_DONE;
		}
		break;
	default:
		break;
	}
	flags = ui->global ? ui->global(ui->global_arg, act) : UI_NONE;
	if (flags & UI_REDRAW)
		ui->dirty = UI_DIRTY_KEY;
	return flags;
}

/* Letters that no list knows: three Han ones mean that an input method is on. */
static void
ui_unknown_key(struct ui *ui, const struct event *event)
{
	uint32_t code = event_char(event);

	ui->han_keys = code && text_is_han(code) ? ui->han_keys + 1 : 0;
	if (ui->han_keys >= UI_HAN_KEYS) {
		message_say(SAY_WARNING, 0, tr(T_IME_ON));
		ui->han_keys = 0;
		ui->dirty = UI_DIRTY_KEY;
	}
}

static bool
ui_cancel_running(struct ui *ui, enum act act)
{
	if (act != ACT_cancel || ui->busy == 0 || !ui->cancel)
		return false;
	ui->cancel(ui->cancel_arg);
	message_say(SAY_NOTE, 0, tr(T_CANCELLED));
	ui->dirty = UI_DIRTY_KEY;
	return true;
}

static void
ui_give(struct ui *ui, enum act act, const struct event *event)
{
	struct screen *screen = ui->top;
	unsigned flags;

	if (!screen || ui_cancel_running(ui, act))
		return;
	if (act != ACT_NONE || event->kind == EVENT_PASTE || event_char(event)) {
		const struct message *said = message_now(loop_now_ms());

		ui->said_code = said ? (enum err)said->code : ERR_OK;
		if (said)
			ui->dirty = UI_DIRTY_KEY;
		message_acted();
	}
	flags = screen->ops->key && !ui->withheld[act] ? screen->ops->key(screen, act, event) :
							 UI_NONE;
	if (flags == UI_NONE && act != ACT_NONE)
		flags = ui_default(ui, act);
	else
		ui_flags_done(ui, screen, flags);
	if (flags == UI_NONE)
		ui_unknown_key(ui, event);
	else
		ui->han_keys = 0;
	/* What was typed ahead was meant for a screen without an error. */
	if (message_took_error())
		ui_drop_typed(ui);
}

void
ui_drop_typed(struct ui *ui)
{
	(void)ui;
	if (!term_is_open())
		return;
	term_read(loop_now_ms()); /* what is still on its way was typed before, too */
	if (input_drop(term_input()))
		term_beep();
}

void
ui_do(struct ui *ui, enum act act)
{
	struct event none = { EVENT_NONE };

	ui_give(ui, act, &none);
}

int64_t
ui_typed_ms(const struct ui *ui)
{
	return ui->typed_ms;
}

/* ---- keys that came before the screen they are for ---- */

static bool
ui_waits(const struct ui *ui)
{
	return ui->top && ui->top->ops->waits && ui->top->ops->waits(ui->top);
}

static void
ui_forget_ahead(struct ui *ui)
{
	loop_cancel(ui->loop, ui->ahead_timer);
	ui->ahead_timer = 0;
	ui->ahead_count = 0;
}

/* Hands on what was kept, until a screen waits again; late: it waits too long, and gets them as it is. */
static void
ui_catch_up(struct ui *ui, bool late)
{
	while (ui->ahead_count > 0 && ui->top && !ui->quit && (late || !ui_waits(ui))) {
		struct event event = ui->ahead[0];
		enum act act;

		memmove(ui->ahead, ui->ahead + 1, --ui->ahead_count * sizeof(event));
		if (ui->ahead_count == 0)
			ui_forget_ahead(ui);
		act = key_action(frame_context(ui->top), &event);
		if (act != ACT_PREFIX)
			ui_give(ui, act, &event);
	}
}

static void
ui_on_ahead_late(void *arg)
{
	struct ui *ui = arg;

	ui->ahead_timer = 0;
	ui_catch_up(ui, true);
}

/* Pasted text is not kept: it lives in the input's buffer. */
static bool
ui_keep(struct ui *ui, enum act act, const struct event *event)
{
	if (act == ACT_back || act == ACT_cancel) {
		ui_forget_ahead(ui);
		return false;
	}
	if (ui->ahead_count == 0 && !ui_waits(ui))
		return false;
	if (event->text == NULL && ui->ahead_count < UI_AHEAD)
		ui->ahead[ui->ahead_count++] = *event;
	if (ui->ahead_timer == 0 && ui->ahead_count > 0)
		ui->ahead_timer = loop_timer(ui->loop, UI_AHEAD_MS, ui_on_ahead_late, ui);
	return true;
}

void
ui_event(struct ui *ui, struct event *event)
{
	enum act act;

	if (event->kind != EVENT_CURSOR_AT)
		ui->typed_ms = loop_now_ms();
	if (event->kind == EVENT_BAD_BYTES) {
		message_sayf(SAY_WARNING, tr(T_BAD_ENCODING), term_codeset());
		ui->dirty = UI_DIRTY_KEY;
		return;
	}
	if (event->kind == EVENT_CURSOR_AT) {
		if (term_answer(event))
			ui->dirty = UI_DIRTY_KEY;
		return;
	}
	if (!ui->top || frame_too_small())
		return;
	act = key_action(frame_context(ui->top), event);
	if (!ui_keep(ui, act, event) && act != ACT_PREFIX)
		ui_give(ui, act, event);
}

/* Turns ----------------------------------------------------------------------------------- */

static void
ui_stop(struct ui *ui)
{
	for (struct screen *screen = ui->top; screen; screen = screen->below)
		if (screen->ops->flush)
			screen->ops->flush(screen);
	ui->quit = true;
}

static void
ui_on_resize_settled(void *arg)
{
	struct ui *ui = arg;

	ui->resize_timer = 0;
	term_resize();
	ui->dirty = UI_DIRTY_KEY;
}

static void
ui_signals(struct ui *ui)
{
	unsigned signals = term_take_signals();

	if (signals & TERM_RESIZED) {
		loop_cancel(ui->loop, ui->resize_timer);
		ui->resize_timer =
		    loop_timer(ui->loop, UI_RESIZE_FOLD_MS, ui_on_resize_settled, ui);
	}
	if (signals & TERM_CONT)
		ui_repaint(ui);
	if (signals & TERM_STOP)
		ui_stop(ui);
}

static void
ui_on_wake(void *arg, int fd, short events)
{
	(void)arg; /* the turn looks at input and signals in any case */
	(void)fd;
	(void)events;
}

static void
ui_input(struct ui *ui)
{
	struct event event;

	if (!term_read(loop_now_ms())) {
		ui_stop(ui);
		return;
	}
	while (!ui->quit && input_next(term_input(), loop_now_ms(), &event))
		ui_event(ui, &event);
}

static bool
ui_input_waits(void)
{
	struct pollfd wait = { .fd = STDIN_FILENO, .events = POLLIN };

	return poll(&wait, 1, 0) > 0;
}

static void
ui_sooner(int64_t *wait_ms, int64_t deadline_ms, int64_t now_ms)
{
	int64_t left_ms = deadline_ms - now_ms;

	if (deadline_ms < 0)
		return;
	left_ms = left_ms > 0 ? left_ms : 0;
	if (*wait_ms < 0 || left_ms < *wait_ms)
		*wait_ms = left_ms;
}

static void
ui_paint(struct ui *ui)
{
	ui_draw(ui);
	term_paint(ui->repaint);
	ui->repaint = false;
	ui->painted_ms = loop_now_ms();
}

/* Paints when it is time to; answers how long it may be waited until then. */
static int64_t
ui_paint_if_due(struct ui *ui)
{
	int64_t now_ms = loop_now_ms();

	if (frame_changes(ui, now_ms) && ui->dirty == UI_CLEAN)
		ui->dirty = UI_DIRTY_PUSH;
	if (ui->dirty == UI_CLEAN)
		return -1;
	if (ui_input_waits() && now_ms - ui->painted_ms < UI_STARVED_MS)
		return 0;
	if (ui->dirty == UI_DIRTY_PUSH && now_ms - ui->painted_ms < UI_PUSH_FRAME_MS)
		return UI_PUSH_FRAME_MS - (now_ms - ui->painted_ms);
	ui->dirty = UI_CLEAN;
	ui_paint(ui);
	return -1;
}

void
ui_turn(struct ui *ui, int max_ms)
{
	const char *warning;
	int64_t wait_ms, now_ms;

	ui_signals(ui);
	if (!ui->quit)
		ui_input(ui);
	if (ui->quit || !ui->top)
		return;
	while ((warning = term_warning(tr_lang())) != NULL) {
		message_say(SAY_WARNING, 0, warning);
		ui->dirty = UI_DIRTY_KEY;
	}
	wait_ms = ui_paint_if_due(ui);
	now_ms = loop_now_ms();
	if (max_ms >= 0)
		ui_sooner(&wait_ms, now_ms + max_ms, now_ms);
	ui_sooner(&wait_ms, input_deadline_ms(term_input()), now_ms);
	ui_sooner(&wait_ms, frame_deadline_ms(ui, now_ms), now_ms);
	loop_turn(ui->loop, (int)wait_ms);
	if (message_took_error()) { /* from the server, between two keys */
		ui_forget_ahead(ui);
		ui_drop_typed(ui);
	}
	ui_catch_up(ui, false);
}

void
ui_run(struct ui *ui)
{
	loop_watch(ui->loop, STDIN_FILENO, POLLIN, ui_on_wake, ui);
	loop_watch(ui->loop, term_signal_fd(), POLLIN, ui_on_wake, ui);
	while (!ui->quit && ui->top)
		ui_turn(ui, -1);
	loop_unwatch(ui->loop, STDIN_FILENO);
	loop_unwatch(ui->loop, term_signal_fd());
}

void
ui_redraw(struct ui *ui)
{
	if (ui->dirty == UI_CLEAN)
		ui->dirty = UI_DIRTY_PUSH;
}

void
ui_repaint(struct ui *ui)
{
	ui->repaint = true;
	ui->dirty = UI_DIRTY_KEY;
}

/* What the frame shows ----------------------------------------------------------------------
 */

static void
ui_copy(char *to, size_t room, const char *text)
{
	size_t bytes = strlen(text);

	while (bytes >= room || (bytes && ((unsigned char)text[bytes] & 0xc0) == 0x80))
		bytes--;
	memcpy(to, text, bytes);
	to[bytes] = '\0';
}

void
ui_set_user(struct ui *ui, const char *user_at_branch)
{
	ui_copy(ui->user, sizeof ui->user, user_at_branch);
	ui_redraw(ui);
}

void
ui_set_link(struct ui *ui, const char *word, enum role role)
{
	if (strcmp(word, ui->link) == 0 && role == ui->link_role)
		return;
	ui_copy(ui->link, sizeof ui->link, word);
	ui->link_role = role;
	ui_redraw(ui);
}

void
ui_set_banner(struct ui *ui, const char *text)
{
	ui_copy(ui->banner, sizeof ui->banner, text);
	ui_redraw(ui);
}

void
ui_set_clock(struct ui *ui, int offset_min)
{
	ui->clock_minutes = offset_min;
	ui_redraw(ui);
}

void
ui_set_modules(struct ui *ui, const char *const (*names)[2], size_t count)
{
	ui->modules = names;
	ui->module_count = count;
	ui_redraw(ui);
}

void
ui_busy_begin(struct ui *ui)
{
	if (ui->busy++ == 0)
		ui->busy_since_ms = loop_now_ms();
}

void
ui_busy_end(struct ui *ui)
{
	if (ui->busy > 0 && --ui->busy == 0)
		ui_redraw(ui);
}

bool
ui_busy(const struct ui *ui)
{
	return ui->busy > 0;
}

void
ui_set_cancel(struct ui *ui, void (*cancel)(void *arg), void *arg)
{
	ui->cancel = cancel;
	ui->cancel_arg = arg;
}

void
ui_set_global(struct ui *ui, unsigned (*key_handler)(void *arg, enum act act), void *arg)
{
	ui->global = key_handler;
	ui->global_arg = arg;
}

void
ui_withhold(struct ui *ui, enum act act, bool withheld)
{
	ui->withheld[act] = withheld;
}
