/*
 * The normal form of a text for search. Tokens are made of it in token.c, queries in
 * token_query.c, and token_match.c holds a found text against a query with it.
 */
#include "server/record/token_text.h"

#include <string.h>
#include <utf8proc.h>

#include "common/text.h"

#define TOKEN_TEXT_BYTES 4096

/* What lay between the unit before and this one. */
enum token_gap { GAP_NONE, GAP_MARK, GAP_SPACE };

static bool
token_is_spaceless(uint32_t code)
{
	return text_is_han(code) || (code >= 0x3040 && code <= 0x30FF) ||
	       (code >= 0x3105 && code <= 0x312F) || (code >= 0x31F0 && code <= 0x31FF) ||
	       (code >= 0xAC00 && code <= 0xD7A3);
}

static bool
token_is_digit(uint32_t code)
{
	return code >= '0' && code <= '9';
}

/* The letter under an accent, so that "konig" finds König; other codes are themselves. */
static uint32_t
token_plain_letter(uint32_t code)
{
	static const struct {
		uint32_t from, to;
	} strokes[] = { { 0xF8, 'o' }, { 0x111, 'd' }, { 0x142, 'l' }, { 0x131, 'i' },
		{ 0x127, 'h' } };
	utf8proc_int32_t parts[8];
	int bound = 0;

	if (code < 0x80 || code >= 0x2000 || (code >= 0x1100 && code < 0x1E00))
		return code;
	for (size_t i = 0; i < sizeof strokes / sizeof strokes[0]; i++)
		if (strokes[i].from == code)
			return strokes[i].to;
	utf8proc_ssize_t count = utf8proc_decompose_char(
	    (utf8proc_int32_t)code, parts, 8, UTF8PROC_DECOMPOSE, &bound);
	return count > 0 && count <= 8 ? (uint32_t)parts[0] : code;
}

static void
token_text_add(struct token_text *text, uint32_t code, enum token_gap gap)
{
	struct token_unit *unit = &text->units[text->count];
	const struct token_unit *before = text->count == 0 ? NULL : &unit[-1];

	unit->code = code;
	unit->han = token_is_spaceless(code);
	unit->join = before != NULL && !before->han && !unit->han && gap != GAP_SPACE;
	unit->start =
	    !unit->han && (!unit->join || gap == GAP_MARK ||
			      (token_is_digit(code) && !token_is_digit(before->code)));
	text->han = text->han || unit->han;
	text->count++;
}

/* One code of the folded text. Returns the gap before the next one. */
static enum token_gap
token_text_take(struct token_text *text, uint32_t code, enum token_gap gap)
{
	if (code < 0x80) {
		if ((code >= 'a' && code <= 'z') || token_is_digit(code))
			token_text_add(text, code, gap);
		else
			return code == ' ' || code == '\n' || gap == GAP_SPACE ? GAP_SPACE
									       : GAP_MARK;
		return GAP_NONE;
	}
	utf8proc_category_t category = utf8proc_category((utf8proc_int32_t)code);
	if (category == UTF8PROC_CATEGORY_MN || category == UTF8PROC_CATEGORY_ME)
		return gap;
	if (category < UTF8PROC_CATEGORY_LU || category > UTF8PROC_CATEGORY_NO)
		return category == UTF8PROC_CATEGORY_ZS || gap == GAP_SPACE ? GAP_SPACE
									    : GAP_MARK;
	if (code == 0xE6 || code == 0x153) {
		token_text_add(text, code == 0xE6 ? 'a' : 'o', gap);
		if (text->count < TOKEN_UNITS)
			token_text_add(text, 'e', GAP_NONE);
	} else {
		token_text_add(text, token_plain_letter(code), gap);
	}
	return GAP_NONE;
}

/* Han characters of text and Han syllables come in the same order: pair them. */
static void
token_text_sound(struct arena *arena, const char *text, bool person, struct token_text *out)
{
	struct pinyin_syllable *syllables;
	const char *readings[8];
	size_t at = 0, count = pinyin_text(
			   arena, text, person ? PINYIN_PERSON : PINYIN_NAME, &syllables);

	for (size_t i = 0; i < out->count; i++) {
		if (!out->units[i].han || pinyin_readings(out->units[i].code, readings) == 0)
			continue;
		while (at < count && !syllables[at].han)
			at++;
		if (at == count)
			break;
		out->units[i].sound = &syllables[at++];
		out->sound = true;
	}
}

/* A long note is not folded to the end for the sake of its first TOKEN_UNITS characters. */
static size_t
token_text_cut(const char *text, size_t bytes)
{
	if (bytes <= TOKEN_TEXT_BYTES)
		return bytes;
	bytes = TOKEN_TEXT_BYTES;
	while (bytes > 0 && ((unsigned char)text[bytes] & 0xC0) == 0x80)
		bytes--;
	return bytes;
}

void
token_text_read(struct arena *arena, const char *text, size_t bytes, bool sound, bool person,
    struct token_text *out)
{
	enum token_gap gap = GAP_SPACE;
	uint32_t code;
	size_t length;
	char *cut = arena_strndup(arena, text, token_text_cut(text, bytes));
	const char *at = text_fold(arena, cut);

	*out = (struct token_text){ 0 };
	size_t left = strlen(at), most = left < TOKEN_UNITS ? left : TOKEN_UNITS;
	out->units = ARENA_ARRAY(arena, struct token_unit, most + 1);
	while (out->count < most && (length = text_decode(at, left, &code)) > 0) {
		gap = token_text_take(out, code, gap);
		at += length;
		left -= length;
	}
	if (sound && out->han)
		token_text_sound(arena, cut, person, out);
}

char *
token_text_utf8(struct arena *arena, const struct token_text *text, size_t from, size_t count)
{
	char *out = arena_alloc(arena, count * TOKEN_UNIT_BYTES + 1);
	size_t at = 0;

	for (size_t i = from; i < from + count; i++)
		at += text_encode(text->units[i].code, out + at);
	out[at] = '\0';
	return out;
}

size_t
token_text_chunk(const struct token_text *text, size_t from, size_t max)
{
	size_t to = from + 1;

	while (to < text->count && to - from < max && text->units[to].join)
		to++;
	return to - from;
}

size_t
token_text_word(const struct token_text *text, size_t from)
{
	size_t to = from + 1;

	while (to < text->count && text->units[to].join && !text->units[to].start)
		to++;
	return to - from;
}

size_t
token_text_zeros(const struct token_text *text, size_t from)
{
	size_t end = from + token_text_chunk(text, from, TOKEN_UNITS), at = from;

	while (at + 1 < end && text->units[at].code == '0')
		at++;
	return at - from;
}

bool
token_text_is_zeros(const struct token_text *text)
{
	for (size_t i = 0; i < text->count; i++)
		if (text->units[i].code != '0')
			return false;
	return true;
}

bool
token_text_is_digits(const struct token_text *text)
{
	for (size_t i = 0; i < text->count; i++)
		if (!token_is_digit(text->units[i].code))
			return false;
	return text->count > 0;
}

bool
token_text_is_ascii(const struct token_text *text)
{
	for (size_t i = 0; i < text->count; i++)
		if (text->units[i].code >= 0x80)
			return false;
	return text->count > 0;
}

size_t
token_unit_initials(const struct token_unit *unit, char letters[TOKEN_LETTERS])
{
	size_t count = 0;

	if (unit->sound == NULL) {
		letters[0] = (char)unit->code;
		return !unit->han && unit->code < 0x80;
	}
	for (size_t i = 0; i < unit->sound->count; i++) {
		char letter = unit->sound->readings[i][0];
		if (memchr(letters, letter, count) == NULL)
			letters[count++] = letter;
	}
	return count;
}

bool
token_unit_has_initial(const struct token_unit *unit, uint32_t letter)
{
	char letters[TOKEN_LETTERS];
	size_t count = token_unit_initials(unit, letters);

	return letter < 0x80 && memchr(letters, (int)letter, count) != NULL;
}

/* A mobile or service number stands alone; a fixed one gets its area's 0 back. */
static void
token_phone_home(struct token_phone *phone)
{
	const char *rest = phone->raw;
	size_t length = strlen(rest);

	if (strncmp(rest, "0086", 4) == 0 && length >= 12)
		rest += 4;
	else if (strncmp(rest, "86", 2) == 0 && length >= 12)
		rest += 2;
	else
		return;
	length = strlen(rest);
	bool alone = rest[0] == '0' || (rest[0] == '1' && length == 11) ||
		     ((rest[0] == '4' || rest[0] == '8') && length == 10);
	if (!alone && length == TOKEN_PHONE_DIGITS)
		return;
	phone->home[0] = '0';
	memcpy(phone->home + !alone, rest, length + 1);
}

static size_t
token_phone_group(const char *text, size_t bytes, size_t at)
{
	size_t from = at;

	while (at < bytes && token_is_digit((unsigned char)text[at]))
		at++;
	return at - from;
}

/* Where one number ends: at anything but digits and what people put between them. */
static size_t
token_phone_take(const char *text, size_t bytes, size_t at, struct token_phone *phone)
{
	size_t count = 0;

	*phone = (struct token_phone){ 0 };
	while (at < bytes && strchr("0123456789 -.()+", text[at]) != NULL && text[at] != '\0') {
		size_t group = token_phone_group(text, bytes, at);
		if (group == 0) {
			at++;
			continue;
		}
		/* "13812345678 13900001111": two numbers with but a space between. */
		if (count + group > TOKEN_PHONE_DIGITS ? count > 0 : count >= 11 && group >= 7)
			break;
		size_t kept = group < TOKEN_PHONE_DIGITS ? group : TOKEN_PHONE_DIGITS;
		memcpy(phone->raw + count, text + at, kept);
		count += kept;
		at += group;
	}
	token_phone_home(phone);
	return at;
}

size_t
token_phones(const char *text, size_t bytes, struct token_phone phones[TOKEN_PHONES])
{
	size_t count = 0;

	for (size_t at = 0; at < bytes && count < TOKEN_PHONES;) {
		if (!token_is_digit((unsigned char)text[at])) {
			at++;
			continue;
		}
		at = token_phone_take(text, bytes, at, &phones[count++]);
	}
	return count;
}

const char *
token_phone_whole(const struct token_phone *phone)
{
	return phone->home[0] != '\0' ? phone->home : phone->raw;
}
