/*
 * The normal form of a text for search, shared by the index, the query and the recheck so
 * that they cannot disagree: folded, without accents and punctuation, cut to a bound, each
 * character knowing whether a word starts there and how it may sound.
 */
#ifndef KEHU_TOKEN_TEXT_H
#define KEHU_TOKEN_TEXT_H

#include "common/arena.h"
#include "common/pinyin.h"
#include <stdint.h>

#define TOKEN_UNITS      240 /* what of a text is searched; the index and the recheck cut alike */
#define TOKEN_UNIT_BYTES 4

struct token_unit {
	uint32_t code;
	bool han;   /* a script without spaces (Han, kana, hangul): searched by pairs */
	bool start; /* the first of a word, or of the digits inside one */
	bool join;  /* only punctuation, not space, lies between it and the unit before */
	const struct pinyin_syllable *sound; /* Han with a reading, when asked for */
};

struct token_text {
	struct token_unit *units;
	size_t count;
	bool han;   /* any unit is */
	bool sound; /* any unit has */
};

/* bytes of text; sound: look up pinyin, of a person's name when person. */
void token_text_read(struct arena *arena, const char *text, size_t bytes, bool sound,
    bool person, struct token_text *out);
/* UTF-8 of count units from from. In arena. */
char *token_text_utf8(
    struct arena *arena, const struct token_text *text, size_t from, size_t count);
/* Up to max units from the word start at from to the end of its chunk ("coca-cola": 8). */
size_t token_text_chunk(const struct token_text *text, size_t from, size_t max);
/* The same, to the next word start ("coca": 4). */
size_t token_text_word(const struct token_text *text, size_t from);
/* The zeros from from on that need not be typed in a code: all, but one if nothing follows. */
size_t token_text_zeros(const struct token_text *text, size_t from);
bool token_text_is_zeros(const struct token_text *text);
bool token_text_is_digits(const struct token_text *text);
bool token_text_is_ascii(const struct token_text *text);

/*
 * The letter that may stand for a unit when initials are typed, in letters (no NUL); 0: none,
 * and no run of initials passes over it.
 */
#define TOKEN_LETTERS 8
size_t token_unit_initials(const struct token_unit *unit, char letters[TOKEN_LETTERS]);
bool token_unit_has_initial(const struct token_unit *unit, uint32_t letter);

/*
 * The phone numbers in a text, as digits; one written with +86 also without. whole: the
 * form that stands for the number when compared as a whole.
 */
#define TOKEN_PHONES       16
#define TOKEN_PHONE_DIGITS 32
struct token_phone {
	char raw[TOKEN_PHONE_DIGITS + 1];
	char home[TOKEN_PHONE_DIGITS + 1]; /* "" when the same */
};
size_t token_phones(const char *text, size_t bytes, struct token_phone phones[TOKEN_PHONES]);
const char *token_phone_whole(const struct token_phone *phone);

#endif
