/*
 * The decoder of input.h. ncurses' own (wgetch, define_key) is not used: it wedges on bytes
 * of another encoding, and gives up on a sequence whose bytes come more than its delay apart.
 */
#include "client/ui/input.h"
#include "common/mem.h"
#include "common/text.h"
#include <iconv.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
	INPUT_JOIN_MS = 300,   /* bytes of one sequence come within this */
	INPUT_DIGIT_MS = 1000, /* Esc 1 is F1 */
	INPUT_ALT_MS = 25,     /* Esc and a letter in one go */
	INPUT_PASTE_MS = 1000, /* a paste whose end mark got lost */
	INPUT_PASTE_MAX = 1 << 20,
	INPUT_DEFINED = 96,
	INPUT_SEQUENCE = 15,
};

struct input {
	struct buf pending; /* not decoded yet */
	int hold_ms;
	int64_t head_ms;     /* when the Esc at the head of pending came */
	int64_t feed_ms;     /* when the last byte came */
	int64_t esc_sent_ms; /* when the Esc given to the program came; 0: other keys since */
	int reports;         /* answers to CSI 6n to come */
	bool pasting;
	struct buf paste;
	iconv_t convert; /* (iconv_t)-1: the terminal speaks UTF-8 */
	size_t defined;
	struct {
		char bytes[INPUT_SEQUENCE + 1];
		uint32_t code;
	} sequences[INPUT_DEFINED];
};

struct input *
input_new(const char *codeset, int hold_ms)
{
	struct input *input = mem_zalloc(1, sizeof *input);

	input->hold_ms = hold_ms;
	input->paste.limit = INPUT_PASTE_MAX;
	input->convert = (iconv_t)-1;
	if (codeset && strcasecmp(codeset, "UTF-8") != 0 && strcasecmp(codeset, "UTF8") != 0)
		input->convert = iconv_open("UTF-8", codeset);
	return input;
}

void
input_free(struct input *input)
{
	if (!input)
		return;
	if (input->convert != (iconv_t)-1)
		iconv_close(input->convert);
	buf_fini(&input->pending);
	buf_fini(&input->paste);
	free(input);
}

void
input_define(struct input *input, const char *sequence, uint32_t code)
{
	size_t bytes = sequence ? strlen(sequence) : 0;

	/* A single byte (as some entries give for Backspace) is a control key already. */
	if (bytes < 2 || bytes > INPUT_SEQUENCE || input->defined == INPUT_DEFINED)
		return;
	memcpy(input->sequences[input->defined].bytes, sequence, bytes + 1);
	input->sequences[input->defined++].code = code;
}

void
input_expect_report(struct input *input)
{
	input->reports++;
}

void
input_feed(struct input *input, const char *bytes, size_t count, int64_t now_ms)
{
	if (!count)
		return;
	if (!input->pending.bytes)
		input->head_ms = now_ms;
	input->feed_ms = now_ms;
	buf_put(&input->pending, bytes, count);
}

static void
input_shift(struct input *input, size_t bytes)
{
	buf_shift(&input->pending, bytes);
	input->head_ms = input->feed_ms;
}

bool
input_drop(struct input *input)
{
	bool had = input->pending.bytes > 0 || input->pasting;

	buf_clear(&input->pending);
	buf_clear(&input->paste);
	input->pasting = false;
	return had;
}

uint32_t
event_char(const struct event *event)
{
	if (event->kind != EVENT_KEY || event->code < 32 || event->code == K_BACKSPACE ||
	    event->code >= K_SPECIAL)
		return 0;
	return event->code;
}

/* The numbers of CSI n ~, as xterm, PuTTY, rxvt and the vt220 have them. */
static uint32_t
input_tilde_key(int number)
{
	static const uint32_t keys[] = {
		[1] = K_HOME,
		[2] = K_INSERT,
		[3] = K_DELETE,
		[4] = K_END,
		[5] = K_PGUP,
		[6] = K_PGDN,
		[7] = K_HOME,
		[8] = K_END,
		[11] = K_F1,
		[12] = K_F2,
		[13] = K_F3,
		[14] = K_F4,
		[15] = K_F5,
		[17] = K_F6,
		[18] = K_F7,
		[19] = K_F8,
		[20] = K_F9,
		[21] = K_F10,
		[23] = K_F11,
		[24] = K_F12,
	};

	return number >= 0 && number < (int)(sizeof keys / sizeof *keys) ? keys[number]
									 : K_NONE;
}

static uint32_t
input_letter_key(char final)
{
	switch (final) {
	case 'A':
		return K_UP;
	case 'B':
		return K_DOWN;
	case 'C':
		return K_RIGHT;
	case 'D':
		return K_LEFT;
	case 'H':
		return K_HOME;
	case 'F':
		return K_END;
	case 'P':
		return K_F1;
	case 'Q':
		return K_F2;
	case 'R':
		return K_F3;
	case 'S':
		return K_F4;
	case 'Z':
		return K_BACKTAB;
	default:
		return K_NONE;
	}
}

/* SS3: cursor keys and PF keys, and the keypad, which is for digits. */
static uint32_t
input_keypad_key(char final)
{
	if (final >= 'p' && final <= 'y')
		return (uint32_t)('0' + final - 'p');
	if (final >= 'j' && final <= 'o')
		return (uint32_t)(unsigned char)"*+,-./"[final - 'j'];
	return final == 'M' ? K_ENTER : input_letter_key(final);
}

static uint32_t
input_ctrl_key(uint32_t code)
{
	return code == K_LEFT ? K_CTRL_LEFT : code == K_RIGHT ? K_CTRL_RIGHT : code;
}

static uint32_t
input_shift_key(uint32_t code)
{
	return code == K_LEFT ? K_SHIFT_LEFT : code == K_RIGHT ? K_SHIFT_RIGHT : code;
}

static void
input_csi_done(struct input *input, const char *params, char final, struct event *event)
{
	int numbers[2] = { 0, 0 };
	char *end;

	numbers[0] = (int)strtol(params, &end, 10);
	if (*end == ';')
		numbers[1] = (int)strtol(end + 1, NULL, 10);
	if (final == 'R' && input->reports > 0 && numbers[1] > 0) {
		input->reports--;
		*event =
		    (struct event){ EVENT_CURSOR_AT, .row = numbers[0], .col = numbers[1] };
		return;
	}
	if (final == '~' && numbers[0] == 200) {
		input->pasting = true;
		buf_clear(&input->paste);
		return;
	}
	event->code = final == '~' ? input_tilde_key(numbers[0]) : input_letter_key(final);
	if (numbers[1] == 5)
		event->code = input_ctrl_key(event->code);
	else if (numbers[1] == 2)
		event->code = input_shift_key(event->code);
	if (event->code)
		event->kind = EVENT_KEY;
}

/* CSI < button ; col ; row M: a click, or the wheel as arrow keys; the rest is eaten. */
static void
input_mouse(const char *params, struct event *event)
{
	int button, col, row;

	if (sscanf(params, "<%d;%d;%d", &button, &col, &row) != 3)
		return;
	if (button == 0)
		*event = (struct event){ EVENT_CLICK, .row = row - 1, .col = col - 1 };
	else if (button == 64 || button == 65)
		*event = (struct event){ EVENT_KEY, button == 64 ? K_UP : K_DOWN };
}

/* CSI … final. Unknown ones are eaten whole. 0: more needed. */
static size_t
input_csi(struct input *input, const char *bytes, size_t count, struct event *event)
{
	char params[32];
	size_t at = 2;

	if (count > 2 && bytes[2] == '[') { /* the Linux console's F1 to F5 */
		if (count < 4)
			return 0;
		if (bytes[3] >= 'A' && bytes[3] <= 'E')
			*event = (struct event){ EVENT_KEY, K_F1 + (uint32_t)(bytes[3] - 'A') };
		return 4;
	}
	while (at < count && bytes[at] >= 0x20 && bytes[at] <= 0x3f)
		at++;
	if (at == count)
		return 0;
	/* Not a sequence after all; what follows stands for itself. */
	if (bytes[at] < 0x40 || bytes[at] > 0x7e)
		return at;
	if (bytes[at] == 'M' && at == 2) /* the old mouse report has three more bytes */
		return count < 6 ? 0 : 6;
	if (at - 2 >= sizeof params)
		return at + 1;
	memcpy(params, bytes + 2, at - 2);
	params[at - 2] = '\0';
	if (params[0] == '<' && bytes[at] == 'M')
		input_mouse(params, event);
	else if (params[0] != '<' && params[0] != '?')
		input_csi_done(input, params, bytes[at], event);
	return at + 1;
}

/* Sequences from terminfo. Sets *partial when the bytes begin one. */
static size_t
input_defined(
    struct input *input, const char *bytes, size_t count, struct event *event, bool *partial)
{
	size_t best = 0, length;

	for (size_t i = 0; i < input->defined; i++) {
		length = strlen(input->sequences[i].bytes);
		if (length <= count && length > best &&
		    memcmp(bytes, input->sequences[i].bytes, length) == 0) {
			*event = (struct event){ EVENT_KEY, input->sequences[i].code };
			best = length;
		} else if (length > count &&
			   memcmp(bytes, input->sequences[i].bytes, count) == 0) {
			*partial = true;
		}
	}
	return best;
}

static uint32_t
input_digit_key(char digit)
{
	return digit == '0' ? K_F10 : K_F1 + (uint32_t)(digit - '1');
}

static size_t
input_give_esc(struct input *input, struct event *event)
{
	input->esc_sent_ms = input->head_ms;
	*event = (struct event){ EVENT_KEY, K_ESC };
	return 1;
}

/* Esc and one more byte that opens no sequence. */
static size_t
input_esc_pair(struct input *input, char next, struct event *event)
{
	int64_t gap_ms = input->feed_ms - input->head_ms;

	if (next >= '0' && next <= '9' && gap_ms <= INPUT_DIGIT_MS) {
		*event = (struct event){ EVENT_KEY, input_digit_key(next) };
		return 2;
	}
	if (next > 0x20 && next < 0x7f && gap_ms <= INPUT_ALT_MS) {
		*event = (struct event){ EVENT_KEY, K_ALT + (uint32_t)next };
		return 2;
	}
	return input_give_esc(input, event);
}

static size_t
input_esc(
    struct input *input, const char *bytes, size_t count, int64_t now_ms, struct event *event)
{
	bool late = now_ms - input->feed_ms >= (count == 1 ? input->hold_ms : INPUT_JOIN_MS);
	bool partial = false;
	size_t used;

	used = count > 1 ? input_defined(input, bytes, count, event, &partial) : 0;
	if (used)
		return used;
	if (count == 1 || (partial && !late))
		return late ? input_give_esc(input, event) : 0;
	if (bytes[1] == K_ESC)
		return input_give_esc(input, event);
	if (bytes[1] == 'O' && count > 2) {
		event->code = input_keypad_key(bytes[2]);
		event->kind = event->code ? EVENT_KEY : EVENT_NONE;
		return 3;
	}
	if (bytes[1] == '[')
		used = input_csi(input, bytes, count, event);
	else if (bytes[1] != 'O')
		return input_esc_pair(input, bytes[1], event);
	if (!used && late)
		return input_give_esc(input, event);
	return used;
}

/* Bytes a UTF-8 sequence beginning so has; 0: none begins so. */
static size_t
input_utf8_length(unsigned char lead)
{
	return lead < 0x80   ? 1
	       : lead < 0xc2 ? 0
	       : lead < 0xe0 ? 2
	       : lead < 0xf0 ? 3
	       : lead < 0xf5 ? 4
			     : 0;
}

static size_t
input_bad(struct event *event)
{
	*event = (struct event){ EVENT_BAD_BYTES };
	return 1;
}

static size_t
input_utf8(const char *bytes, size_t count, bool late, struct event *event)
{
	size_t need = input_utf8_length((unsigned char)bytes[0]), used;

	for (size_t i = 1; i < need && i < count; i++)
		if (((unsigned char)bytes[i] & 0xc0) != 0x80)
			return input_bad(event);
	if (!need || (count < need && late))
		return input_bad(event);
	if (count < need)
		return 0;
	used = text_decode(bytes, count, &event->code);
	if (!used)
		return input_bad(event);
	event->kind = EVENT_KEY;
	return used;
}

/* GB18030 and its kin: iconv tells a short sequence from a bad one. */
static size_t
input_converted(
    struct input *input, const char *bytes, size_t count, bool late, struct event *event)
{
	char in[4], out[8];

	for (size_t take = 1; take <= sizeof in && take <= count; take++) {
		char *from = in, *to = out;
		size_t left = take, room = sizeof out;

		memcpy(in, bytes, take);
		iconv(input->convert, NULL, NULL, NULL, NULL);
		if (iconv(input->convert, &from, &left, &to, &room) != (size_t)-1) {
			if (!text_decode(out, sizeof out - room, &event->code))
				return input_bad(event);
			event->kind = EVENT_KEY;
			return take;
		}
	}
	return count >= sizeof in || late ? input_bad(event) : 0;
}

static size_t
input_char(
    struct input *input, const char *bytes, size_t count, int64_t now_ms, struct event *event)
{
	unsigned char first = (unsigned char)bytes[0];
	bool late = now_ms - input->feed_ms >= INPUT_JOIN_MS;
	size_t used = 1;

	if (first == '\n')
		*event = (struct event){ EVENT_KEY, K_ENTER };
	else if (first == '\b' || first == 0x7f)
		*event = (struct event){ EVENT_KEY, K_BACKSPACE };
	else if (first < 0x80)
		*event = (struct event){ first ? EVENT_KEY : EVENT_NONE, first };
	else if (input->convert != (iconv_t)-1)
		used = input_converted(input, bytes, count, late, event);
	else
		used = input_utf8(bytes, count, late, event);
	if (used && event->code >= 0x80 && event->code < 0xa0)
		return input_bad(event);
	if (used && first >= '0' && first <= '9' && input->esc_sent_ms &&
	    input->feed_ms - input->esc_sent_ms <= INPUT_DIGIT_MS)
		event->code = input_digit_key((char)first);
	if (used)
		input->esc_sent_ms = 0;
	return used;
}

/* The text of a paste in UTF-8, whatever the terminal speaks; bad bytes become '?' later. */
static void
input_paste_done(struct input *input, struct event *event)
{
	struct buf utf8 = BUF_INIT;
	size_t at = 0, used;
	char out[4];

	input->pasting = false;
	if (input->convert != (iconv_t)-1) {
		while (at < input->paste.bytes) {
			struct event one = { 0 };

			used = input_converted(
			    input, input->paste.data + at, input->paste.bytes - at, true, &one);
			if (one.kind == EVENT_KEY)
				buf_put(&utf8, out, text_encode(one.code, out));
			at += used;
		}
		buf_fini(&input->paste);
		input->paste = utf8;
		input->paste.limit = INPUT_PASTE_MAX;
	}
	*event = (struct event){ EVENT_PASTE, .text = buf_text(&input->paste),
		.bytes = input->paste.bytes };
}

static bool
input_paste(struct input *input, int64_t now_ms, struct event *event)
{
	static const char mark[] = "\033[201~";
	const size_t mark_bytes = sizeof mark - 1;
	const char *end = NULL;
	size_t take = input->pending.bytes;

	if (take)
		end = memmem(input->pending.data, take, mark, mark_bytes);
	if (end)
		take = (size_t)(end - input->pending.data);
	else if (take &&
		 now_ms - input->feed_ms < INPUT_PASTE_MS) /* the mark may be cut in two */
		take = take > mark_bytes ? take - mark_bytes : 0;
	buf_put(&input->paste, buf_text(&input->pending), take);
	input_shift(input, take + (end ? mark_bytes : 0));
	if (!end && now_ms - input->feed_ms < INPUT_PASTE_MS)
		return false;
	input_paste_done(input, event);
	return true;
}

bool
input_next(struct input *input, int64_t now_ms, struct event *event)
{
	size_t used;

	*event = (struct event){ EVENT_NONE };
	if (input->pasting)
		return input_paste(input, now_ms, event);
	while (input->pending.bytes) {
		if (input->pending.data[0] == K_ESC)
			used = input_esc(
			    input, input->pending.data, input->pending.bytes, now_ms, event);
		else
			used = input_char(
			    input, input->pending.data, input->pending.bytes, now_ms, event);
		if (!used)
			return false;
		input_shift(input, used);
		if (event->kind != EVENT_NONE) {
			/* "Esc, F3, 2" is no F2: another key stands between. */
			if (event->kind != EVENT_KEY || event->code != K_ESC)
				input->esc_sent_ms = 0;
			return true;
		}
		if (input->pasting)
			return input_paste(input, now_ms, event);
	}
	return false;
}

int64_t
input_deadline_ms(const struct input *input)
{
	if (input->pasting)
		return input->feed_ms + INPUT_PASTE_MS;
	if (!input->pending.bytes)
		return -1;
	if (input->pending.data[0] == K_ESC && input->pending.bytes == 1)
		return input->feed_ms + input->hold_ms;
	return input->feed_ms + INPUT_JOIN_MS;
}
