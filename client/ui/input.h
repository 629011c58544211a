/*
 * Input: bytes from a terminal to keys, characters and pastes.
 *
 * A decoder that never blocks and never loses its footing: bytes may be split anywhere and
 * arrive at any pace, bad ones are reported and skipped. It reads no terminal and no clock;
 * the caller feeds bytes and says what time it is, so that tests can do the same.
 *
 * Rules (UX.md 3.3 and 4): a lone Esc is held hold_ms, since it may be the first byte of an
 * arrow key on a slow line; what is split within 300 ms is joined. Esc and a digit within a
 * second are F1..F10. Esc and a letter at once are Alt and the letter.
 */
#ifndef KEHU_UI_INPUT_H
#define KEHU_UI_INPUT_H

#include "common/buf.h"

#define K_CTRL(letter) ((uint32_t)(letter)&0x1fU)

enum key_code {
	K_NONE = 0,
	/* 1..31 are Ctrl and a letter */
	K_TAB = 9,
	K_ENTER = 13,
	K_ESC = 27,
	K_BACKSPACE = 127,
	/* 32.. 0x10ffff are characters */
	K_SPECIAL = 0x110000,
	K_F1,
	K_F2,
	K_F3,
	K_F4,
	K_F5,
	K_F6,
	K_F7,
	K_F8,
	K_F9,
	K_F10,
	K_F11,
	K_F12,
	K_UP,
	K_DOWN,
	K_LEFT,
	K_RIGHT,
	K_HOME,
	K_END,
	K_PGUP,
	K_PGDN,
	K_INSERT,
	K_DELETE,
	K_BACKTAB,
	K_CTRL_LEFT,
	K_CTRL_RIGHT,
	K_SHIFT_LEFT,
	K_SHIFT_RIGHT,
	K_SPECIAL_END,
	K_ALT = 0x1000000, /* added to a letter */
};

enum event_kind {
	EVENT_NONE,
	EVENT_KEY,
	EVENT_PASTE,     /* text, borrowed until the next input_next() */
	EVENT_BAD_BYTES, /* not the encoding we expect; skipped */
	EVENT_CURSOR_AT, /* the terminal's answer to CSI 6n: row and col, from 1 */
	EVENT_CLICK,     /* left mouse button: row and col, from 0 */
};

struct event {
	enum event_kind kind;
	uint32_t code;
	const char *text;
	size_t bytes;
	int row, col;
};

struct input;

/* codeset is nl_langinfo's word for the terminal's encoding; NULL: UTF-8. */
struct input *input_new(const char *codeset, int hold_ms);
void input_free(struct input *input);
/* A key sequence particular to this terminal (from terminfo); goes before the built-in ones. */
void input_define(struct input *input, const char *sequence, uint32_t code);
/* An answer to CSI 6n is expected; without this, the like is a key. */
void input_expect_report(struct input *input);

void input_feed(struct input *input, const char *bytes, size_t count, int64_t now_ms);
/* The next event, or false when more bytes or time are needed. */
bool input_next(struct input *input, int64_t now_ms, struct event *event);
/* When input_next() should be asked again although no byte came; -1: never. */
int64_t input_deadline_ms(const struct input *input);
/* Drop what was typed ahead; true when there was something. */
bool input_drop(struct input *input);

/* The character of a key event, 0 for anything else. */
uint32_t event_char(const struct event *event);

#endif
