/*
 * Search tokens: the grams that a record's texts give to its search row (<table>_search.v),
 * the tsquery a user's words become, and the exact recheck of what the index found.
 *
 * The rule: a record is found exactly when token_match() says so. The tokens only narrow:
 * tsquery never misses a record that token_match() accepts, and may let others through
 * (grams need not be neighbours), so every candidate is rechecked before it is shown.
 *
 * A token is a class letter, a kind letter and a gram: "nh银行", "niyhg", "pg1381". The
 * class says what sort of field it came from, and a class that the reader may not see is
 * left out of the query:
 *
 *	n  names of companies and things     p  phone numbers
 *	h  names of persons (humans)         m  mail addresses
 *	c  numbers and codes                 t  other text (no pinyin, no whole token)
 *
 * The capital letter is the same sort with rights of its own (a tax number is C where the
 * customer number is c). The kinds:
 *
 *	h  two neighbouring characters, at least one of them Han (or kana, hangul)
 *	s  the first two characters of the text (a person's first; four of another script)
 *	w  a word and what is joined to it without a space, to 24 characters; asked by prefix
 *	i  four neighbouring pinyin initials, fewer at the end of a run; two and three are
 *	   asked by prefix
 *	b  the first three initials of the text
 *	y  two neighbouring syllables "zhong.guo", "guo." at the end of a run
 *	g  four neighbouring digits of a phone number
 *	d  a word's first six letters, and these with each one left out: for one wrong letter
 *	r  two neighbouring characters of a text of at most 12, not both Han, signs and all
 *	=  the whole text without spaces and punctuation, as 16 bits of its hash
 *
 * A short Chinese company name gives 13 tokens; a customer with short and full name, contact,
 * phone and number 70 or so. At 890,000 real names the index is 250 bytes a customer. Kinds h and s
 * are indexed a second time with the branch before them (sql/repeat/32_search.sql): 140 bytes more.
 */
#ifndef KEHU_TOKEN_H
#define KEHU_TOKEN_H

#include "common/arena.h"
#include <stdint.h>

/* A record with more tokens than this keeps the first ones; see token_set.full. */
#define TOKEN_SET_MAX 20000

struct token_set {
	const char **tokens; /* after token_set_sort: sorted by bytes, no two the same */
	size_t count;
	size_t room;
	bool full; /* tokens were dropped: log it, parts of this record are not found */
};

/* Whether class is one of the letters above. */
bool token_class_known(char class);

/*
 * Add the tokens of one field's text (UTF-8, cleaned; "" adds nothing). Tokens live in arena
 * and hold letters, digits, '.' and '=' only, never a quote or NUL. Call it for every
 * searched field of a record, then token_set_sort once; an array_to_tsvector() of the result
 * is what the search row keeps.
 */
void token_index(struct arena *arena, struct token_set *set, char class, const char *text);
void token_set_sort(struct token_set *set);

/* What a user typed, ready to ask. All in the arena it was made in. */
struct token_query;

/*
 * Compile the text of a search. Words (split at spaces and commas) must all match, each in
 * any field. classes_clear: letters of the classes the reader sees; classes_whole: of those
 * shown masked, which match only a word (or the text) that equals the whole value. A letter
 * in neither is not searched. At most 12 words count; a text longer than 240 characters is
 * cut. Never fails: what cannot be searched gives NULL tsqueries.
 */
struct token_query *token_query(struct arena *arena, const char *text,
    const char *classes_clear, const char *classes_whole);

/*
 * The candidates, as text for a parameter cast to tsquery. NULL: nothing can be found, either
 * because the user should type one more letter (token_query_is_short: nothing but single
 * Latin letters, digits or punctuation) or because no class given can hold such words.
 */
const char *token_query_text(const struct token_query *query);
bool token_query_is_short(const struct token_query *query);
/*
 * Narrower tsqueries whose rows should be taken first when candidates are limited: texts
 * that equal what was typed, and texts that begin with it. NULL: none.
 */
const char *token_query_exact_text(const struct token_query *query);
const char *token_query_start_text(const struct token_query *query);
/*
 * The candidates when one character of a word may be wrong, missing, too many or swapped
 * with its neighbour (Han words of 3 and more, others of 5 letters and more), or when Han
 * characters sound like the right ones (2 and more). For use when the exact query found
 * nothing: it is wide. NULL: no word is long enough.
 */
const char *token_query_typo_text(struct arena *arena, const struct token_query *query);
/*
 * A tsquery as the index <table>_search_grams is asked: its lexemes in any of so many branches (at
 * least one), "6112nh银行". That index holds kinds h and s; NULL: tsquery has other lexemes, or is NULL.
 */
const char *token_query_in(
    struct arena *arena, const char *tsquery, const int64_t *branches, size_t count);

/* How well a record matches, best first. */
enum token_rank {
	TOKEN_SHORT_NAME, /* equals the short name */
	TOKEN_EXACT,      /* equals a name, code, mail address or phone number */
	TOKEN_START,      /* begins it */
	TOKEN_INSIDE,     /* lies inside, at a word's start if Latin */
	TOKEN_INITIALS,   /* all its pinyin initials, or all its pinyin */
	TOKEN_INITIALS_START,
	TOKEN_PINYIN, /* whole syllables, the last may be short: zhongguoy; or then initials */
	TOKEN_INITIALS_INSIDE,
	TOKEN_PHONE_END,
	TOKEN_PHONE_INSIDE,
	TOKEN_TYPO,
	TOKEN_NONE
};

/* One text of a candidate, in the order the fields matter. */
struct token_field {
	char class;
	bool short_name;
	bool whole;       /* shown masked to this reader: matches only as a whole */
	const char *text; /* may be NULL */
};

struct token_hit {
	enum token_rank rank;
	size_t field; /* which field to show as what matched */
};

/*
 * The recheck: whether every word matches some field. *hit gets how well (the text as a
 * whole if it matches one field, else the worst word) and where. Fields whose class the
 * query leaves out are ignored. typo: also accept what token_query_typo_text is for. arena is
 * for scratch; in a loop over candidates rewind it.
 */
bool token_match(struct arena *arena, const struct token_query *query,
    const struct token_field *fields, size_t count, bool typo, struct token_hit *hit);

#endif
