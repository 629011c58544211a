/*
 * Cells: how wide text is on a terminal, cutting and wrapping by it. Width comes from
 * utf8proc's table and not from wcwidth(), which differs between systems and locales; a layout
 * must be the same on both ends. East Asian "ambiguous" characters count 1.
 */
#include "common/text.h"

#include <string.h>
#include <utf8proc.h>

int
text_code_cols(uint32_t code)
{
	if (code < 0x300)
		return code >= 0x20 && !(code >= 0x7F && code < 0xA0);
	if ((code >= 0x3400 && code <= 0x4DBF) || (code >= 0x4E00 && code <= 0x9FFF))
		return 2;
	/* Hangul vowels and finals draw into the cell of the syllable's first letter. */
	if ((code >= 0x1160 && code <= 0x11FF) || (code >= 0xD7B0 && code <= 0xD7FF))
		return 0;
	return utf8proc_charwidth((utf8proc_int32_t)code);
}

/* Bad bytes take one cell each: an outlet shows them as '?'. */
static size_t
text_step(const char *text, size_t bytes, uint32_t *code)
{
	size_t length = text_decode(text, bytes, code);

	if (length != 0)
		return length;
	*code = '?';
	return 1;
}

size_t
text_cols(const char *text)
{
	size_t cols = 0, bytes = strlen(text);
	uint32_t code;

	for (size_t at = 0; at < bytes;) {
		at += text_step(text + at, bytes - at, &code);
		cols += (size_t)text_code_cols(code);
	}
	return cols;
}

size_t
text_fit(const char *text, size_t cols, size_t *used_cols)
{
	size_t at = 0, used = 0, bytes = strlen(text);
	uint32_t code;

	while (at < bytes) {
		size_t length = text_step(text + at, bytes - at, &code);
		size_t width = (size_t)text_code_cols(code);
		if (used + width > cols)
			break;
		used += width;
		at += length;
	}
	if (used_cols != NULL)
		*used_cols = used;
	return at;
}

char *
text_cut(struct arena *arena, const char *text, size_t cols, bool pad)
{
	size_t used, dots = 0, bytes = strlen(text);
	size_t fit = text_fit(text, cols, &used);

	if (fit < bytes) {
		dots = cols < 2 ? cols : 2;
		fit = text_fit(text, cols - dots, &used);
	}
	size_t spaces = pad ? cols - used - dots : 0;
	char *out = arena_alloc(arena, fit + dots + spaces + 1);
	memcpy(out, text, fit);
	memset(out + fit, '.', dots);
	memset(out + fit + dots, ' ', spaces);
	return out;
}

/* Punctuation that must stay with the character before it. */
static bool
text_is_closing(uint32_t code)
{
	static const uint32_t closing[] = { '!', ')', ',', '.', ':', ';', '?', ']', '}', '%',
		0xB7, 0x2019, 0x201D, 0x2026, 0x3001, 0x3002, 0x3009, 0x300B, 0x300D, 0x300F,
		0x3011, 0x3015, 0x3017, 0xFF01, 0xFF05, 0xFF09, 0xFF0C, 0xFF0E, 0xFF1A, 0xFF1B,
		0xFF1F, 0xFF3D, 0xFF5D };

	for (size_t i = 0; i < sizeof(closing) / sizeof(closing[0]); i++)
		if (closing[i] == code)
			return true;
	return false;
}

/* Punctuation that must stay with the character after it. */
static bool
text_is_opening(uint32_t code)
{
	static const uint32_t opening[] = { '(', '[', '{', 0x2018, 0x201C, 0x3008, 0x300A,
		0x300C, 0x300E, 0x3010, 0x3014, 0x3016, 0xFF08, 0xFF3B, 0xFF5B };

	for (size_t i = 0; i < sizeof(opening) / sizeof(opening[0]); i++)
		if (opening[i] == code)
			return true;
	return false;
}

/* Whether a line may end between two characters that follow one another. */
static bool
text_breaks(uint32_t before, uint32_t after)
{
	if (text_code_cols(after) == 0 || text_is_closing(after) || text_is_opening(before))
		return false;
	if (after == ' ' || before == ' ')
		return true;
	return text_code_cols(before) == 2 || text_code_cols(after) == 2 || before == '-';
}

/* Bytes of the first line of text (which has no newline), trailing space not counted. */
static size_t
text_line_bytes(const char *text, size_t bytes, size_t cols)
{
	size_t at = 0, used = 0, best = 0;
	uint32_t code, last = 0;

	while (at < bytes) {
		size_t length = text_step(text + at, bytes - at, &code);
		size_t width = (size_t)text_code_cols(code);
		if (at > 0 && text_breaks(last, code))
			best = at;
		if (used + width > cols && code != ' ') {
			/* No place to break: inside the word, but at least one character. */
			return best > 0 ? best : at > 0 ? at : length;
		}
		used += width;
		at += length;
		last = code;
	}
	return bytes;
}

static size_t
text_wrap_pass(struct arena *arena, const char *text, size_t cols, const char **lines)
{
	size_t count = 0;

	for (;;) {
		const char *end = strchr(text, '\n');
		size_t left = end == NULL ? strlen(text) : (size_t)(end - text);
		do {
			size_t take = text_line_bytes(text, left, cols), shown = take;
			while (shown > 0 && text[shown - 1] == ' ')
				shown--;
			if (lines != NULL)
				lines[count] = arena_strndup(arena, text, shown);
			count++;
			while (take < left && text[take] == ' ')
				take++;
			text += take;
			left -= take;
		} while (left > 0);
		if (end == NULL)
			return count;
		text = end + 1;
	}
}

size_t
text_wrap(struct arena *arena, const char *text, size_t cols, const char ***lines)
{
	size_t count = text_wrap_pass(arena, text, cols, NULL);

	*lines = ARENA_ARRAY(arena, const char *, count);
	return text_wrap_pass(arena, text, cols, *lines);
}
