/* What token.c, token_query.c and token_match.c share: kinds of class, gram sizes, a query. */
#ifndef KEHU_TOKEN_PRIVATE_H
#define KEHU_TOKEN_PRIVATE_H

#include "server/record/token.h"
#include "server/record/token_text.h"

enum token_kind {
	TOKEN_UNKNOWN,
	TOKEN_NAME,
	TOKEN_PERSON,
	TOKEN_CODE,
	TOKEN_PHONE,
	TOKEN_MAIL,
	TOKEN_TEXT,
};

#define TOKEN_WORD_UNITS    24 /* of a word kept in a token */
#define TOKEN_START_HAN     2
#define TOKEN_START_PERSON  1
#define TOKEN_START_OTHER   4
#define TOKEN_TYPO_UNITS    6 /* of a word that are compared with one left out */
#define TOKEN_TYPO_HAN      3 /* shortest words in which one may be wrong */
#define TOKEN_TYPO_LATIN    5
#define TOKEN_TYPO_SOUND    2
#define TOKEN_PHONE_GRAM    4
#define TOKEN_INITIALS_GRAM 4
#define TOKEN_BEGIN_GRAM    3
#define TOKEN_WORDS         12

enum token_kind token_kind_of(char class);
bool token_kind_sounds(enum token_kind kind);

/* How many units the start token of a text of this kind holds, if it has as many. */
size_t token_start_units(const struct token_text *text, enum token_kind kind);

/*
 * The gram of a whole value: 16 bits of its hash. Values are nearly all different, and an
 * index entry for each would be a third of the index; in 65,536 drawers a million values
 * lie by fifteens, and the recheck tells them apart.
 */
#define TOKEN_WHOLE_BYTES 4
void token_whole_gram(const struct token_text *text, char gram[TOKEN_WHOLE_BYTES + 1]);
void token_phone_gram(const struct token_phone *phone, char gram[TOKEN_WHOLE_BYTES + 1]);

/*
 * A word's beginning with one letter left out: variant 0 is all of it, i leaves out letter
 * i - 1. Returns the UTF-8 bytes; 0: no such variant.
 */
size_t token_typo_variant(const struct token_text *text, size_t from, size_t units,
    size_t variant, char out[TOKEN_TYPO_UNITS * TOKEN_UNIT_BYTES + 1]);

/*
 * Whether a pair of neighbours with a Han character in it lies outside from..to of a word in
 * which these are taken to be wrong: without one there is nothing to search by.
 */
bool token_typo_has_pair(const struct token_text *word, size_t from, size_t to);
bool token_is_typo_word(const struct token_text *text, size_t from, size_t units);

#define TOKEN_PINYIN_UNITS 60 /* longer words are not pinyin */
#define TOKEN_TYPO_LONGEST 16 /* Han words longer than this must be right */

struct token_word {
	struct token_text text;
	struct token_phone phone; /* all digits: the number as typed and as at home */
	bool digits;
};

struct token_query {
	uint32_t pair[2]; /* typed are just these two characters, not both Han; else 0 */
	bool pair_only; /* the words are too short to be looked for */
	const char *clear, *whole; /* class letters */
	bool shortage;             /* only single letters were typed */
	struct token_word all;     /* the whole text as one word */
	struct token_word words[TOKEN_WORDS];
	size_t count;
	const char *text, *exact, *start;
};

bool token_word_is_short(const struct token_word *word);

/*
 * Whether text, of a class that sounds, holds word with one character wrong; each accepted
 * slip leaves a gram that token_query_typo_text asks for.
 */
bool token_typo_matches(const struct token_word *word, const struct token_text *text);

/*
 * Two neighbouring characters of a short name exactly as they stand, signs and all: what is typed is
 * often a piece of a ticker or a mark ("CL" of TCL, "*S" of *ST). Pairs of Han characters have
 * tokens of their own.
 */
#define TOKEN_RAW_CHARS 12 /* longer texts have none */
#define TOKEN_RAW_BYTES 24
bool token_raw_pair(uint32_t first, uint32_t second);
void token_raw_gram(uint32_t first, uint32_t second, char gram[TOKEN_RAW_BYTES]);
/* Calls each(to, first, second, index) for the pairs of a text, if it is short enough. */
void token_raw_pairs(struct arena *arena, const char *text,
    void (*each)(void *to, uint32_t first, uint32_t second, size_t index), void *to);

#endif
