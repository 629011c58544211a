/*
 * Pinyin: looks characters and phrases up in the table that common/gen/pinyin_table.c made,
 * and joins syllables into initials, full spelling and sort keys. What is right where lies in
 * common/pinyin_phrases.def; search tokens are made from this in server/record/token.c.
 */
#include "common/pinyin.h"
#include "common/buf.h"
#include "common/text.h"
#include "common/uuid.h"

#include <string.h>
#include <utf8proc.h>

#include "common/pinyin_table.h"

#define PINYIN_KEY_BYTES 120
#define PINYIN_READINGS  8

/* A folded text being read, and what was found: syllable i begins at starts[i]. */
struct pinyin_scan {
	char *text;
	size_t bytes;
	size_t at;
	struct pinyin_syllable *syllables;
	uint32_t *starts;
	size_t count;
};

static const uint16_t *
pinyin_list(uint32_t code)
{
	if (code >= PINYIN_CODES)
		return pinyin_lists;
	return &pinyin_lists[pinyin_blocks[pinyin_block_of[code / PINYIN_BLOCK]]
					  [code % PINYIN_BLOCK]];
}

size_t
pinyin_readings(uint32_t code, const char *out[PINYIN_READINGS])
{
	const uint16_t *list = pinyin_list(code);

	for (size_t i = 0; i < list[0]; i++)
		out[i] = pinyin_syllables[list[i + 1]];
	return list[0];
}

const char *
pinyin_syllable_at(size_t number)
{
	return number < PINYIN_SYLLABLES ? pinyin_syllables[number] : NULL;
}

size_t
pinyin_spellings(const char *syllable, const char *out[PINYIN_SPELLINGS])
{
	static const struct {
		const char *syllable, *typed;
	} others[] = { { "lv", "lyu" }, { "nv", "nyu" }, { "lve", "lue" }, { "lve", "lyue" },
		{ "nve", "nue" } };
	size_t count = 0;

	out[count++] = syllable;
	for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
		if (strcmp(others[i].syllable, syllable) == 0)
			out[count++] = others[i].typed;
	return count;
}

/* The first phrase that does not sort before text cut to bytes. */
static size_t
pinyin_phrase_from(const char *text, size_t bytes)
{
	size_t low = 0, high = PINYIN_PHRASES;

	while (low < high) {
		size_t middle = (low + high) / 2;
		if (strncmp(pinyin_phrases[middle].text, text, bytes) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/*
 * The longest phrase that text begins with, NULL: none. All phrases with the same first
 * character (char_bytes) lie together, a handful at most, sorted by length where one is the
 * beginning of another: the last that fits is the longest.
 */
static const struct pinyin_phrase *
pinyin_phrase_at(const char *text, size_t char_bytes, bool surname)
{
	const struct pinyin_phrase *found = NULL;

	for (size_t i = pinyin_phrase_from(text, char_bytes); i < PINYIN_PHRASES; i++) {
		const struct pinyin_phrase *phrase = &pinyin_phrases[i];
		if (strncmp(phrase->text, text, char_bytes) != 0)
			break;
		if (phrase->surname == surname &&
		    strncmp(phrase->text, text, strlen(phrase->text)) == 0)
			found = phrase;
	}
	return found;
}

static void
pinyin_add_reading(struct pinyin_syllable *syllable, const char *reading)
{
	for (size_t i = 0; i < syllable->count; i++)
		if (syllable->readings[i] == reading)
			return;
	if (syllable->count < PINYIN_READINGS)
		syllable->readings[syllable->count++] = reading;
}

/* One Han character: first, if any, comes first; the table's readings follow unless only. */
static void
pinyin_fill(struct pinyin_syllable *syllable, uint32_t code, const char *first, bool only)
{
	const char *readings[PINYIN_READINGS];
	size_t count = pinyin_readings(code, readings);

	*syllable = (struct pinyin_syllable){ .han = true };
	if (first != NULL)
		pinyin_add_reading(syllable, first);
	for (size_t i = 0; i < count && !(only && first != NULL); i++)
		pinyin_add_reading(syllable, readings[i]);
}

static bool
pinyin_is_han(uint32_t code)
{
	return pinyin_list(code)[0] > 0;
}

/* Letters, marks and digits of any script, and the few Han characters nobody knows to read. */
static bool
pinyin_is_word(uint32_t code)
{
	if (code < 0x80)
		return (code >= 'a' && code <= 'z') || (code >= '0' && code <= '9');
	utf8proc_category_t category = utf8proc_category((utf8proc_int32_t)code);
	return category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_NO &&
	       !pinyin_is_han(code);
}

/* The code at at and its length; 0 at the end. */
static size_t
pinyin_peek(const struct pinyin_scan *scan, uint32_t *code)
{
	return text_decode(scan->text + scan->at, scan->bytes - scan->at, code);
}

/* A run of letters and digits is one syllable. */
static void
pinyin_take_word(struct arena *arena, struct pinyin_scan *scan)
{
	struct pinyin_syllable *syllable = &scan->syllables[scan->count];
	size_t from = scan->at, length;
	uint32_t code;

	scan->starts[scan->count++] = (uint32_t)from;
	while ((length = pinyin_peek(scan, &code)) > 0 && pinyin_is_word(code))
		scan->at += length;
	syllable->readings[syllable->count++] =
	    arena_strndup(arena, scan->text + from, scan->at - from);
}

/* One Han character, or as many as phrase (may be NULL) has. */
static void
pinyin_take_han(struct pinyin_scan *scan, const struct pinyin_phrase *phrase)
{
	size_t chars = phrase == NULL ? 1 : phrase->chars;
	uint32_t code = 0;

	for (size_t i = 0; i < chars; i++) {
		const char *first =
		    phrase == NULL ? NULL : pinyin_syllables[phrase->syllable[i]];
		scan->starts[scan->count] = (uint32_t)scan->at;
		scan->at += pinyin_peek(scan, &code);
		pinyin_fill(&scan->syllables[scan->count++], code, first,
		    phrase != NULL && !phrase->surname);
	}
}

static void
pinyin_walk(
    struct arena *arena, const char *text, enum pinyin_kind kind, struct pinyin_scan *scan)
{
	uint32_t code;
	size_t length;

	*scan = (struct pinyin_scan){ .text = text_fold(arena, text) };
	scan->bytes = strlen(scan->text);
	size_t chars = text_chars(scan->text);
	scan->syllables = ARENA_ARRAY(arena, struct pinyin_syllable, chars + 1);
	scan->starts = ARENA_ARRAY(arena, uint32_t, chars + 1);
	while ((length = pinyin_peek(scan, &code)) > 0) {
		const char *here = scan->text + scan->at;
		const struct pinyin_phrase *phrase = NULL;
		if (pinyin_is_word(code)) {
			pinyin_take_word(arena, scan);
		} else if (!pinyin_is_han(code)) {
			scan->at += length;
		} else {
			if (kind == PINYIN_PERSON && scan->count == 0)
				phrase = pinyin_phrase_at(here, length, true);
			if (phrase == NULL)
				phrase = pinyin_phrase_at(here, length, false);
			pinyin_take_han(scan, phrase);
		}
	}
}

size_t
pinyin_text(struct arena *arena, const char *text, enum pinyin_kind kind,
    struct pinyin_syllable **syllables)
{
	struct pinyin_scan scan;

	pinyin_walk(arena, text, kind, &scan);
	*syllables = scan.syllables;
	return scan.count;
}

/* What of a syllable goes into a spelling: all of a word, the first letter of a Han or all. */
static size_t
pinyin_part_bytes(const struct pinyin_syllable *syllable, bool initials)
{
	return syllable->han && initials ? 1 : strlen(syllable->readings[0]);
}

static char *
pinyin_join(struct arena *arena, const char *text, enum pinyin_kind kind, bool initials)
{
	struct pinyin_syllable *syllables;
	size_t count = pinyin_text(arena, text, kind, &syllables), bytes = 0;

	for (size_t i = 0; i < count; i++)
		bytes += pinyin_part_bytes(&syllables[i], initials);
	char *out = arena_alloc(arena, bytes + 1), *at = out;
	for (size_t i = 0; i < count; i++) {
		size_t part = pinyin_part_bytes(&syllables[i], initials);
		memcpy(at, syllables[i].readings[0], part);
		at += part;
	}
	*at = '\0';
	return out;
}

char *
pinyin_initials(struct arena *arena, const char *text, enum pinyin_kind kind)
{
	return pinyin_join(arena, text, kind, true);
}

char *
pinyin_full(struct arena *arena, const char *text, enum pinyin_kind kind)
{
	return pinyin_join(arena, text, kind, false);
}

/* Append if it fits as a whole. */
static bool
pinyin_key_put(char key[PINYIN_KEY_BYTES + 1], size_t *at, const char *part, size_t bytes)
{
	if (*at + bytes > PINYIN_KEY_BYTES)
		return false;
	memcpy(key + *at, part, bytes);
	*at += bytes;
	return true;
}

/* Latin letters without accents and as capitals, which sort before the readings' small ones. */
static size_t
pinyin_key_letter(uint32_t code, char out[4])
{
	utf8proc_int32_t parts[8];
	int bound = 0;
	utf8proc_ssize_t count = utf8proc_decompose_char(
	    (utf8proc_int32_t)code, parts, 8, UTF8PROC_DECOMPOSE, &bound);

	if (count > 0 && count <= 8 && parts[0] < 0x80)
		code = (uint32_t)parts[0];
	if (code >= 'a' && code <= 'z')
		code -= 'a' - 'A';
	return text_encode(code, out);
}

static bool
pinyin_key_word(char key[PINYIN_KEY_BYTES + 1], size_t *at, const char *word)
{
	size_t bytes = strlen(word), length;
	uint32_t code;
	char out[4];

	for (; (length = text_decode(word, bytes, &code)) > 0;
	     word += length, bytes -= length) {
		if (text_is_han(code) && !pinyin_key_put(key, at, "~", 1))
			return false;
		if (!pinyin_key_put(key, at, out, pinyin_key_letter(code, out)))
			return false;
	}
	return true;
}

/* "chang 长": the space ends the reading, so that chan sorts before chang. */
static bool
pinyin_key_han(
    char key[PINYIN_KEY_BYTES + 1], size_t *at, const char *reading, const char *text)
{
	char part[32];
	uint32_t code = 0;
	size_t bytes = strlen(reading);

	memcpy(part, reading, bytes);
	part[bytes++] = ' ';
	text_decode(text, strlen(text), &code);
	bytes += text_encode(code, part + bytes);
	return pinyin_key_put(key, at, part, bytes);
}

char *
pinyin_sort_key(struct arena *arena, const char *text, enum pinyin_kind kind)
{
	struct pinyin_scan scan;
	char key[PINYIN_KEY_BYTES + 1];
	size_t at = 0;
	bool fits = true;

	pinyin_walk(arena, text, kind, &scan);
	for (size_t i = 0; i < scan.count && fits; i++) {
		const struct pinyin_syllable *syllable = &scan.syllables[i];
		const char *reading = syllable->readings[0];
		if (syllable->han) {
			fits = pinyin_key_han(key, &at, reading, scan.text + scan.starts[i]);
			continue;
		}
		if (i > 0 && !syllable[-1].han)
			fits = pinyin_key_put(key, &at, " ", 1);
		fits = fits && pinyin_key_word(key, &at, reading);
	}
	return arena_strndup(arena, key, at);
}

/* Phrases in words, since their rows hold addresses. */
void
pinyin_checksum(uint8_t out[32])
{
	struct buf all = BUF_INIT;

	buf_put(&all, pinyin_syllables, sizeof(pinyin_syllables));
	buf_put(&all, pinyin_lists, sizeof(pinyin_lists));
	buf_put(&all, pinyin_blocks, sizeof(pinyin_blocks));
	buf_put(&all, pinyin_block_of, sizeof(pinyin_block_of));
	for (size_t i = 0; i < PINYIN_PHRASES; i++) {
		const struct pinyin_phrase *phrase = &pinyin_phrases[i];

		buf_printf(&all, "%s %d", phrase->text, phrase->surname);
		for (size_t k = 0; k < phrase->chars; k++)
			buf_printf(&all, " %s", pinyin_syllables[phrase->syllable[k]]);
		buf_puts(&all, "\n");
	}
	hash_sha256(all.data, all.bytes, out);
	buf_fini(&all);
}
