/*
 * Ui: the stack of screens, and the frame around them (UX.md 3.1). The frame draws title,
 * context, hint, message line and key bar; a screen draws the body and answers keys.
 *
 *   struct hello { struct screen screen; struct list list; };
 *   static const struct screen_ops hello_ops = {
 *           .name = "hello", .context = CTX_LIST, .title = hello_title,
 *           .draw = hello_draw, .key = hello_key, .leave = hello_leave,
 *   };
 *   ui_push(ui, &hello->screen);
 */
#ifndef KEHU_UI_UI_H
#define KEHU_UI_UI_H

#include "client/ui/loop.h"
#include "client/ui/message.h"
#include "client/ui/widget.h"

struct ui;
struct screen;

struct screen_ops {
	const char *name; /* "customer_list": for logs and tests */
	enum ctx context; /* what keys mean here */
	bool popup;       /* drawn over the screen below, which keeps title and body */
	int module;       /* 1-6: the module shown as current in the title; 0: none */

	/* "客户"; for the title row. NULL: none. */
	const char *(*title)(struct screen *);
	/* Row 1; NULL: blank. rect has one row. */
	void (*head)(struct screen *, struct rect rect);
	/* Rows 2 to 20 (popups: the whole screen, and they choose their box). */
	void (*draw)(struct screen *, struct rect rect);
	/* Row 21: help for the focused field or row. NULL: none. */
	const char *(*hint)(struct screen *);
	/* Context of the moment, where it changes (a filter line is open). NULL: .context. */
	enum ctx (*context_now)(struct screen *);
	/* Whether an action means something now: the key bar and the help ask. NULL: all do. */
	bool (*can)(struct screen *, enum act act);
	/* Another word for an action in the key bar ("F6新工单"), or NULL. */
	const char *(*label)(struct screen *, enum act act);
	/*
	 * A key: act with its event, or ACT_NONE and text. Answers enum ui_flags. UI_CLOSE
	 * pops this screen. UI_NONE leaves it to the frame: back and cancel pop, help opens.
	 */
	unsigned (*key)(struct screen *, enum act act, const struct event *event);
	/*
	 * What it needs to understand keys is on its way: they are kept until it came, two seconds
	 * at most, and done in their order. F3 and Esc do not wait, and forget them. NULL: never.
	 */
	bool (*waits)(struct screen *);
	/* Fetch again: after UI_RELOAD of its own, or UI_CLOSE|UI_RELOAD of a popup above. */
	void (*reload)(struct screen *);
	/* It is on top again after the one above went. */
	void (*resume)(struct screen *);
	/*
	 * One line from which it can be opened again where it is now, in scratch memory; NULL: it
	 * cannot. NULL: never.
	 */
	const char *(*place)(struct screen *);
	/* The program was told to end (SIGTERM, SIGHUP): keep what is unsaved. No drawing. */
	void (*flush)(struct screen *);
	/* The screen was popped: free it. */
	void (*leave)(struct screen *);
};

/* First member of every screen. */
struct screen {
	const struct screen_ops *ops;
	struct ui *ui;
	struct screen *below;
};

/* The terminal must be open, unless the caller draws into cells only (tests). */
struct ui *ui_new(struct loop *loop);
/* Pops all screens. */
void ui_free(struct ui *ui);
struct loop *ui_loop(struct ui *ui);

/* Run until the stack is empty, ui_quit() or SIGTERM/SIGHUP/a lost terminal. */
void ui_run(struct ui *ui);
/* Handle what input there is, draw if needed, wait at most max_ms: one turn of ui_run(). */
void ui_turn(struct ui *ui, int max_ms);
void ui_quit(struct ui *ui);
/* When somebody last touched a key (loop clock); the program's start before that. */
int64_t ui_typed_ms(const struct ui *ui);
bool ui_quitting(const struct ui *ui);

/* Takes the screen until its leave(). */
void ui_push(struct ui *ui, struct screen *screen);
/* Pop the top screen (leave() is called). */
void ui_pop(struct ui *ui);
/* Pop everything above screen. */
void ui_pop_to(struct ui *ui, struct screen *screen);
struct screen *ui_top(struct ui *ui);
/* The lowest screen. */
struct screen *ui_root(struct ui *ui);

/* Draw soon: now after a key, else at most ten times a second. */
void ui_redraw(struct ui *ui);
/* Send every cell again (Ctrl-L, after another program had the terminal). */
void ui_repaint(struct ui *ui);
/* Hand an action to the top screen as if its key had been pressed (help, palette). */
void ui_do(struct ui *ui, enum act act);
/* Hand an event to the screens as if it had been typed. */
void ui_event(struct ui *ui, struct event *event);
/* Forget what was typed ahead, with a beep if there was something (before asking). */
void ui_drop_typed(struct ui *ui);
/* Draw into the cells, without a terminal. */
void ui_draw(struct ui *ui);

/* Row 0. Texts are copied. */
void ui_set_user(struct ui *ui, const char *user_at_branch);
void ui_set_link(struct ui *ui, const char *word, enum role role); /* "OK", "慢", "断 12s Ctrl-L 重连" */
/* In place of the modules, so that it cannot be overlooked; "": nothing. Copied. */
void ui_set_banner(struct ui *ui, const char *text);
/* Minutes east of UTC of the clock shown; the machine's own until this is called. */
void ui_set_clock(struct ui *ui, int offset_min);
/* The modules in the title; names are called at each drawing, so that languages switch. NULL: not shown. */
void ui_set_modules(struct ui *ui, const char *const (*names)[2], size_t count);

/*
 * Something is under way (count them: begin and end). After 150 ms a spinner turns in the
 * message line, after 2 s it says how to cancel; cancel() is called by F12, Esc, Ctrl-G.
 */
void ui_busy_begin(struct ui *ui);
void ui_busy_end(struct ui *ui);
void ui_set_cancel(struct ui *ui, void (*cancel)(void *arg), void *arg);
bool ui_busy(const struct ui *ui);

/* Keys that mean the same everywhere but need the program: palette (F9) and the like. */
void ui_set_global(struct ui *ui, unsigned (*key)(void *arg, enum act act), void *arg);
/*
 * What no screen does for the time being: neither the key bar nor the help names it, and its key
 * goes to the global handler past the screen.
 */
void ui_withhold(struct ui *ui, enum act act, bool withheld);

#endif
