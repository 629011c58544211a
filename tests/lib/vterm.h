/*
 * Vterm: a program on a pseudo terminal, and what it drew, for screen tests.
 *
 *   struct vt *vt = vt_open(&(struct vt_options){ .argv = argv, .rows = 24, .cols = 80 });
 *   vt_type(vt, "{F7}银行{Enter}");
 *   assert_true(vt_wait_text(vt, "上海银行", 2000));
 *   assert_true(vt_expect_screen(vt, "tests/screens/golden/list_zh.txt"));
 *   assert_int_equal(vt_close(vt), 0);
 *
 * All waiting is for a condition with a deadline. Nothing here asserts; a test does.
 */
#ifndef KEHU_TESTS_VTERM_H
#define KEHU_TESTS_VTERM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct vt;

struct vt_options {
	const char *const *argv; /* ended by NULL; argv[0] is the program's path */
	const char *const
	    *env;       /* "NAME=value" to set, "NAME" to unset; ended by NULL; or NULL */
	int rows, cols; /* 0: 24 and 80 */
	bool silent;    /* the terminal answers no questions (CSI 6n) */
	const char *directory; /* to start in, or NULL */
	const char *codeset;   /* what the terminal speaks; NULL: UTF-8 */
};

/* TERM=xterm-256color, LC_ALL=C.UTF-8, no SSH_CONNECTION, unless env says otherwise. */
struct vt *vt_open(const struct vt_options *options);
/* Ends the program (SIGHUP, then SIGKILL after a second) if it runs still; wait status. */
int vt_close(struct vt *vt);

/*
 * Type text; {F1}..{F12} {Up} {Down} {Left} {Right} {Home} {End} {PgUp} {PgDn} {Insert}
 * {Delete} {Enter} {Tab} {BackTab} {Esc} {Backspace} {Space} {Ctrl-X} are keys, {{ is a
 * brace. {Down*40} repeats. All bytes go out in one piece.
 */
void vt_type(struct vt *vt, const char *keys);
/* As a terminal sends a paste when bracketed paste is on. */
void vt_paste(struct vt *vt, const char *text);
void vt_send(struct vt *vt, const void *bytes, size_t count);

/* Read what the program writes until text is on the screen (gone), at most deadline_ms. */
bool vt_wait_text(struct vt *vt, const char *text, int deadline_ms);
bool vt_wait_gone(struct vt *vt, const char *text, int deadline_ms);
/* Until the whole screen reads as screen does. */
bool vt_wait_screen(struct vt *vt, const char *screen, int deadline_ms);
/* Until nothing has come for quiet_ms and the program has read every key and sleeps; false
 * when it never rests. */
bool vt_wait_settled(struct vt *vt, int quiet_ms, int deadline_ms);
/* Until the program ends; false when it does not. The wait status is kept for vt_close(). */
bool vt_wait_exit(struct vt *vt, int deadline_ms);

/* The screen: rows ended by newlines, trailing blanks cut. Valid until the next call. */
const char *vt_screen_text(struct vt *vt);
/* One row, trailing blanks cut. Valid until the next call. */
const char *vt_row(struct vt *vt, int row);

enum { VT_BOLD = 1, VT_UNDERLINE = 2, VT_REVERSE = 4, VT_BLINK = 8 };
struct vt_attr {
	unsigned flags;
	int colour; /* palette index of the foreground, -1: the default */
	int cols;   /* 1 or 2; 0: the right half of a wide character */
};
struct vt_attr vt_cell_attr(struct vt *vt, int row, int col);
void vt_cursor(struct vt *vt, int *row, int *col);
bool vt_cursor_visible(struct vt *vt);
bool vt_alt_screen(struct vt *vt);
bool vt_bell(struct vt *vt); /* rang since last asked */

void vt_resize(struct vt *vt, int rows, int cols);
void vt_signal(struct vt *vt, int number);
int vt_pid(struct vt *vt);
/* Bytes the program has written since this was last called. */
size_t vt_bytes(struct vt *vt);

/* Text matching this regular expression is compared as if it were with ("[0-9]{2}:[0-9]{2}",
 * "00:00"); keep the width. */
void vt_mask(struct vt *vt, const char *pattern, const char *with);
/*
 * Wait until the screen is as the file says (2 s at most); differing rows go to standard
 * error. UPDATE=1 in the environment writes the file instead.
 */
bool vt_expect_screen(struct vt *vt, const char *path);

#endif
