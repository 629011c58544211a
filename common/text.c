/*
 * Text: UTF-8 decoding, what may be kept, cleaning, folding. Cells are counted in
 * text_width.c, files' encodings are in text_encoding.c.
 *
 * Normalising costs an allocation and a table walk, and nearly all text here is ASCII, Latin-1
 * or Han, which NFC leaves alone: text_nfc_safe() tells, and the common case is one pass.
 */
#include "common/text.h"
#include "common/log.h"

#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#define TEXT_MARKS 4 /* combining marks in a row; Vietnamese and Hebrew need 3 */

static bool
text_is_tail(unsigned char byte)
{
	return (byte & 0xC0) == 0x80;
}

size_t
text_decode(const char *text, size_t bytes, uint32_t *code)
{
	static const uint32_t least[5] = { 0, 0, 0x80, 0x800, 0x10000 };
	const unsigned char *in = (const unsigned char *)text;

	if (bytes == 0)
		return 0;
	if (in[0] < 0x80) {
		*code = in[0];
		return 1;
	}
	size_t length = in[0] < 0xC2   ? 0
			: in[0] < 0xE0 ? 2
			: in[0] < 0xF0 ? 3
			: in[0] < 0xF5 ? 4
				       : 0;
	if (length == 0 || length > bytes)
		return 0;
	uint32_t value = in[0] & (0x7Fu >> length);
	for (size_t i = 1; i < length; i++) {
		if (!text_is_tail(in[i]))
			return 0;
		value = value << 6 | (in[i] & 0x3Fu);
	}
	if (value < least[length] || value > 0x10FFFF || (value >= 0xD800 && value < 0xE000))
		return 0;
	*code = value;
	return length;
}

size_t
text_encode(uint32_t code, char out[4])
{
	if (code < 0x80) {
		out[0] = (char)code;
		return 1;
	}
	if (code < 0x800) {
		out[0] = (char)(0xC0 | code >> 6);
		out[1] = (char)(0x80 | (code & 0x3F));
		return 2;
	}
	if (code < 0x10000) {
		out[0] = (char)(0xE0 | code >> 12);
		out[1] = (char)(0x80 | (code >> 6 & 0x3F));
		out[2] = (char)(0x80 | (code & 0x3F));
		return 3;
	}
	out[0] = (char)(0xF0 | (code >> 18 & 7));
	out[1] = (char)(0x80 | (code >> 12 & 0x3F));
	out[2] = (char)(0x80 | (code >> 6 & 0x3F));
	out[3] = (char)(0x80 | (code & 0x3F));
	return 4;
}

bool
text_valid(const char *text, size_t bytes)
{
	uint32_t code;

	for (size_t at = 0; at < bytes;) {
		size_t length = text_decode(text + at, bytes - at, &code);
		if (length == 0)
			return false;
		at += length;
	}
	return true;
}

size_t
text_chars(const char *text)
{
	size_t chars = 0;

	for (; *text != '\0'; text++)
		chars += !text_is_tail((unsigned char)*text);
	return chars;
}

bool
text_has_word(const char *words, const char *word)
{
	size_t bytes = strlen(word);

	for (const char *at = words; at != NULL && *at != '\0';) {
		size_t length = strcspn(at, " ");

		if (length == bytes && memcmp(at, word, bytes) == 0)
			return true;
		at += length + (at[length] == ' ');
	}
	return false;
}

bool
text_is_han(uint32_t code)
{
	return (code >= 0x4E00 && code <= 0x9FFF) || (code >= 0x3400 && code <= 0x4DBF) ||
	       code == 0x3007 || (code >= 0xF900 && code <= 0xFAFF) ||
	       (code >= 0x20000 && code <= 0x323AF);
}

/* Format characters (Cf) that show as signs: Arabic and Kaithi number marks. */
static bool
text_is_visible_format(uint32_t code)
{
	return (code >= 0x600 && code <= 0x605) || code == 0x6DD || code == 0x70F ||
	       code == 0x890 || code == 0x891 || code == 0x8E2 || code == 0x110BD ||
	       code == 0x110CD;
}

/* Letters and marks by category that show as nothing: fillers and the grapheme joiner. */
static bool
text_is_blank_letter(uint32_t code)
{
	return code == 0x34F || code == 0x115F || code == 0x1160 || code == 0x17B4 ||
	       code == 0x17B5 || code == 0x3164 || code == 0xFFA0;
}

bool
text_code_allowed(uint32_t code)
{
	if (code < 0x7F)
		return code >= 0x20;
	if (text_is_han(code) || (code >= 0xFF01 && code <= 0xFF5E))
		return true;
	if ((code & 0xFFFE) == 0xFFFE || (code >= 0xFDD0 && code <= 0xFDEF) || code > 0x10FFFF)
		return false; /* noncharacters */
	switch (utf8proc_category((utf8proc_int32_t)code)) {
	case UTF8PROC_CATEGORY_CC:
	case UTF8PROC_CATEGORY_CO:
	case UTF8PROC_CATEGORY_CS:
	case UTF8PROC_CATEGORY_ZL:
	case UTF8PROC_CATEGORY_ZP:
		return false;
	case UTF8PROC_CATEGORY_CF:
		return text_is_visible_format(code);
	default:
		/* The last range: tags, and selectors of glyph variants no terminal has. */
		return !text_is_blank_letter(code) && !(code >= 0xE0000 && code <= 0xE0FFF);
	}
}

static bool
text_is_newline(uint32_t code)
{
	return (code >= 0x0A && code <= 0x0D) || code == 0x85 || code == 0x2028 ||
	       code == 0x2029;
}

static bool
text_is_mark(uint32_t code)
{
	if (code < 0x300)
		return false;
	utf8proc_category_t category = utf8proc_category((utf8proc_int32_t)code);
	return category == UTF8PROC_CATEGORY_MN || category == UTF8PROC_CATEGORY_ME;
}

/* A text of only such characters is in NFC whatever their order, and holds no mark. */
static bool
text_nfc_safe(uint32_t code)
{
	return code < 0x300 || (code >= 0x4E00 && code <= 0x9FFF) ||
	       (code >= 0x3400 && code <= 0x4DBF) || (code >= 0x2010 && code <= 0x2027) ||
	       (code >= 0x3001 && code <= 0x3029) || (code >= 0xFF01 && code <= 0xFF9D);
}

/*
 * Copy what is allowed of text into out, which has room for it all and a NUL: nothing gets
 * longer. *safe: the result needs no normalising. Returns the length, or SIZE_MAX at bad
 * bytes when they are not to be replaced.
 */
static size_t
text_filter(
    const char *text, size_t bytes, enum text_kind kind, bool replace, char *out, bool *safe)
{
	uint32_t code, last = 0;
	size_t at = 0, length;

	*safe = true;
	for (size_t from = 0; from < bytes; from += length, last = code) {
		length = text_decode(text + from, bytes - from, &code);
		if (length == 0 || code == 0) {
			if (!replace)
				return SIZE_MAX;
			length = 1;
			code = '?';
		}
		if (text_is_newline(code)) {
			if (code != '\n' || last != '\r')
				out[at++] = kind == TEXT_BLOCK ? '\n' : ' ';
		} else if (code == '\t') {
			out[at++] = ' ';
		} else if (text_code_allowed(code)) {
			*safe = *safe && text_nfc_safe(code);
			at += text_encode(code, out + at);
		}
	}
	out[at] = '\0';
	return at;
}

/* After NFC, so that a letter and its accent that became one character count as none. */
static size_t
text_limit_marks(char *text, size_t bytes)
{
	size_t at = 0, length, marks = 0;
	uint32_t code;

	for (size_t from = 0; from < bytes; from += length) {
		length = text_decode(text + from, bytes - from, &code);
		marks = text_is_mark(code) ? marks + 1 : 0;
		if (marks > TEXT_MARKS)
			continue;
		memmove(text + at, text + from, length);
		at += length;
	}
	text[at] = '\0';
	return at;
}

/* text is valid UTF-8 and comes back in arena. */
static char *
text_map(struct arena *arena, const char *text, size_t bytes, utf8proc_option_t options,
    size_t *out_bytes)
{
	utf8proc_uint8_t *mapped = NULL;
	utf8proc_ssize_t length = utf8proc_map(
	    (const utf8proc_uint8_t *)text, (utf8proc_ssize_t)bytes, &mapped, options);

	if (length < 0)
		fatal("text of %zu bytes: %s", bytes, utf8proc_errmsg(length));
	char *out = arena_strndup(arena, (const char *)mapped, (size_t)length);
	free(mapped);
	*out_bytes = (size_t)length;
	return out;
}

static char *
text_clean_any(struct arena *arena, const char *text, size_t bytes, enum text_kind kind,
    bool replace, size_t *out_bytes)
{
	bool safe;
	char *out = arena_alloc(arena, bytes + 1);
	size_t at = text_filter(text, bytes, kind, replace, out, &safe);

	if (at == SIZE_MAX)
		return NULL;
	if (!safe) {
		out = text_map(arena, out, at, UTF8PROC_STABLE | UTF8PROC_COMPOSE, &at);
		at = text_limit_marks(out, at);
	}
	*out_bytes = at;
	return out;
}

static bool
text_is_space(uint32_t code)
{
	return code == ' ' || code == '\n' || code == 0xA0 || code == 0x1680 ||
	       (code >= 0x2000 && code <= 0x200A) || code == 0x202F || code == 0x205F ||
	       code == 0x3000;
}

static const char *
text_trim(char *text, size_t bytes)
{
	uint32_t code;
	size_t from = 0, length;

	while (from < bytes) {
		length = text_decode(text + from, bytes - from, &code);
		if (!text_is_space(code))
			break;
		from += length;
	}
	while (bytes > from) {
		size_t start = bytes - 1;
		while (start > from && text_is_tail((unsigned char)text[start]))
			start--;
		text_decode(text + start, bytes - start, &code);
		if (!text_is_space(code))
			break;
		bytes = start;
	}
	text[bytes] = '\0';
	return text + from;
}

enum err
text_clean(struct arena *arena, const char *text, size_t bytes, enum text_kind kind,
    const char **clean)
{
	size_t length;
	char *out = text_clean_any(arena, text, bytes, kind, false, &length);

	if (out == NULL)
		return ERR_BAD_TEXT;
	*clean = text_trim(out, length);
	return ERR_OK;
}

const char *
text_print(struct arena *arena, const char *text, enum text_kind kind)
{
	uint32_t code;
	size_t at = 0, length, bytes = strlen(text);

	while (at < bytes) {
		length = text_decode(text + at, bytes - at, &code);
		if (length == 0 || !text_nfc_safe(code))
			break;
		if (!text_code_allowed(code) && !(kind == TEXT_BLOCK && code == '\n'))
			break;
		at += length;
	}
	if (at == bytes)
		return text;
	char *out = text_clean_any(arena, text, bytes, kind, true, &length);
	return length == bytes && memcmp(out, text, bytes) == 0 ? text : out;
}

char *
text_fold_width(struct arena *arena, const char *text)
{
	uint32_t code;
	size_t at = 0, length, bytes = strlen(text);
	char *out = arena_alloc(arena, bytes + 1);

	for (size_t from = 0; from < bytes; from += length) {
		length = text_decode(text + from, bytes - from, &code);
		if (length == 0) {
			length = 1;
			out[at++] = text[from];
		} else if (code >= 0xFF01 && code <= 0xFF5E) {
			out[at++] = (char)(code - 0xFF01 + '!');
		} else if (code == 0x3000) {
			out[at++] = ' ';
		} else {
			memcpy(out + at, text + from, length);
			at += length;
		}
	}
	return out;
}

char *
text_fold(struct arena *arena, const char *text)
{
	const utf8proc_option_t fold = UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_COMPAT |
				       UTF8PROC_CASEFOLD | UTF8PROC_IGNORE;
	size_t at, length, bytes = strlen(text);
	uint32_t code;
	char *out = arena_alloc(arena, bytes + 1);

	for (at = 0; at < bytes; at += length) {
		length = text_decode(text + at, bytes - at, &code);
		if (length == 0 || !(code < 0x80 || (code >= 0x4E00 && code <= 0x9FFF)))
			break;
		if (code >= 'A' && code <= 'Z')
			out[at] = (char)(code | 0x20);
		else
			memcpy(out + at, text + at, length);
	}
	if (at == bytes)
		return out;
	/* Folding can uncover new capitals ("㏀" is "kΩ"): twice is enough for every character.
	 */
	const char *valid = text_print(arena, text, TEXT_BLOCK);
	out = text_map(arena, valid, strlen(valid), fold, &length);
	return text_map(arena, out, length, fold, &length);
}

char *
text_nfkc(struct arena *arena, const char *text)
{
	size_t bytes;

	return text_map(arena, text, strlen(text),
	    UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_COMPAT, &bytes);
}

char *
text_digits(struct arena *arena, const char *text)
{
	char *out = text_fold_width(arena, text);
	size_t at = 0;

	for (const char *c = out; *c != '\0'; c++)
		if (*c >= '0' && *c <= '9')
			out[at++] = *c;
	out[at] = '\0';
	return out;
}
