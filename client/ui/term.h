/*
 * Term: the terminal itself. Starts it whatever locale and TERM are like, sends the grid of
 * cells.h to it, reads its bytes, and puts it back on every way out, crashes included.
 * The only file that includes ncurses.
 */
#ifndef KEHU_UI_TERM_H
#define KEHU_UI_TERM_H

#include "client/ui/input.h"
#include "common/error.h"

struct term_options {
	bool mono;  /* no colours; also by NO_COLOR and by terminals without */
	bool ascii; /* quotes, dashes and lines in ASCII whatever the terminal says */
	bool mouse; /* clicks and wheel; off leaves selecting to the terminal */
	const char *theme; /* "default", "light", "contrast", "mono"; NULL is the first */
};

/*
 * Take the terminal. ERR_USAGE with one line in *why (static or in the environment's
 * language) when it cannot be used: nothing has been changed then. Warnings (locale or TERM
 * replaced) wait in term_warning().
 */
MUST_CHECK enum err term_open(const struct term_options *options, const char **why);
/* Give it back; harmless when not open. */
void term_close(void);
bool term_is_open(void);

/* What can be told of the terminal without taking it. */
struct term_facts {
	const char *name, *codeset; /* static */
	bool known;		    /* it can move its cursor */
	bool tty, han;
	int cols, rows, colours;
};
void term_look(struct term_facts *facts);

/* The next thing the user should be told about the terminal; NULL when there is none. */
const char *term_warning(enum lang lang);
/* Whether Chinese can be shown; without it the program speaks English. */
bool term_shows_han(void);
/* Bytes travel a slow line (ssh): draw less. */
bool term_is_remote(void);
bool term_has_colour(void);
const char *term_name(void);
const char *term_codeset(void);

/* Send what differs; with repaint everything. */
void term_paint(bool repaint);
void term_beep(void);

/* The decoder of the terminal's bytes. */
struct input *term_input(void);
/* Read what is there without waiting into the decoder; false: the terminal is gone. */
bool term_read(int64_t now_ms);
/* An answer of the terminal (EVENT_CURSOR_AT); true when the screen must be drawn again. */
bool term_answer(const struct event *event);
/* The terminal has had its time to answer; true as above. */
bool term_answer_late(int64_t now_ms);

/* A descriptor that becomes readable when a signal came; then ask term_take_signals(). */
int term_signal_fd(void);
enum {
	TERM_RESIZED = 1 << 0,
	TERM_STOP = 1 << 1, /* SIGTERM, SIGHUP: keep what is unsaved and end */
	TERM_CONT = 1 << 2, /* back from a stop: repaint */
};
unsigned term_take_signals(void);
/* Ask the terminal for its size and give the grid the same. */
void term_resize(void);

/* Another program (an editor) gets the terminal; afterwards resume and ui_repaint(). */
void term_suspend(void);
void term_resume(void);

/* Write text to the system clipboard (OSC 52), at most 4096 bytes; false: not possible. */
bool term_copy(const char *text);

#endif
