/*
 * Pinyin as it is typed: initials, and letters that are cut into syllables in every way they
 * can be ("fangan" is fang'an and fan'gan). token_match.c accepts the same, exactly.
 */
#include "server/record/token_expr.h"

#include <string.h>

#define TOKEN_SPELL_MAX   40 /* ways to cut a word into syllables, before looking less far */
#define TOKEN_SPELL_DEPTH 5

const char *
token_initials_expr(struct arena *arena, char class, const char *letters, size_t count)
{
	struct token_terms grams = token_every(arena);

	if (count < TOKEN_INITIALS_GRAM)
		return token_lexeme(arena, class, 'i', letters, count, true);
	for (size_t i = 0; i + TOKEN_INITIALS_GRAM <= count && grams.count < TOKEN_TERMS; i++)
		token_terms_add(&grams,
		    token_lexeme(arena, class, 'i', letters + i, TOKEN_INITIALS_GRAM, false));
	return token_terms_join(&grams);
}

/* One word being cut into syllables. */
struct token_speller {
	struct arena *arena;
	char class;
	const char *letters;
	size_t count;
	size_t made; /* terms so far */
};

static const char *
token_spell_lexeme(struct token_speller *speller, const char *first, const char *rest,
    size_t bytes, bool prefix)
{
	char *gram = first == NULL
			 ? arena_strndup(speller->arena, rest, bytes)
			 : arena_printf(speller->arena, "%s.%.*s", first, (int)bytes, rest);

	speller->made++;
	return token_lexeme(speller->arena, speller->class, 'y', gram, strlen(gram), prefix);
}

static const char *token_spell(
    struct token_speller *speller, size_t at, const char *before, size_t depth);

/* Whether the rest typed is the beginning of any syllable, as a reading is written. */
static bool
token_spell_is_part(const char *rest, size_t bytes)
{
	const char *syllable;

	for (size_t i = 0; (syllable = pinyin_syllable_at(i)) != NULL; i++)
		if (strncmp(syllable, rest, bytes) == 0)
			return true;
	return false;
}

/* What follows if syllable, typed as spelling, stands at at. */
static const char *
token_spell_one(struct token_speller *speller, size_t at, const char *before,
    const char *syllable, const char *spelling, size_t depth)
{
	const char *rest = speller->letters + at, *pair = NULL;
	size_t left = speller->count - at, bytes = strlen(spelling);

	if (bytes > left || memcmp(rest, spelling, bytes) != 0)
		return NULL;
	if (bytes == left) /* as the last one; typed as it is, token_spell_is_part covers it */
		return spelling == syllable ? NULL
					    : token_spell_lexeme(speller, before, syllable,
						  strlen(syllable), true);
	if (before != NULL)
		pair = token_spell_lexeme(speller, before, syllable, strlen(syllable), false);
	if (depth == 0 && pair != NULL)
		return pair;
	const char *then =
	    token_spell(speller, at + bytes, syllable, depth == 0 ? 0 : depth - 1);
	return pair == NULL ? then : token_both(speller->arena, pair, then);
}

/*
 * After at least one whole syllable the rest may be initials ("zhongguoyh"): two or more,
 * since one is the beginning of a syllable anyway.
 */
static const char *
token_spell_tail(struct token_speller *speller, size_t at, const char *before)
{
	size_t left = speller->count - at;

	if (before == NULL || left < 2)
		return NULL;
	char *letters =
	    arena_printf(speller->arena, "%c%.*s", before[0], (int)left, speller->letters + at);
	for (size_t i = 1; i <= left; i++)
		if (!token_spell_is_part(&letters[i], 1))
			return NULL;
	speller->made++;
	return token_initials_expr(speller->arena, speller->class, letters, left + 1);
}

/* All that may follow syllable before (NULL: nothing yet) from letter at on. */
static const char *
token_spell(struct token_speller *speller, size_t at, const char *before, size_t depth)
{
	struct token_terms ways = token_any(speller->arena);
	const char *rest = speller->letters + at, *syllable;
	const char *spellings[PINYIN_SPELLINGS];
	size_t left = speller->count - at;

	if (speller->made > TOKEN_SPELL_MAX && depth > 0)
		return NULL;
	if (token_spell_is_part(rest, left))
		token_terms_add(&ways, token_spell_lexeme(speller, before, rest, left, true));
	for (size_t i = 0; (syllable = pinyin_syllable_at(i)) != NULL; i++) {
		if (syllable[0] != rest[0])
			continue;
		size_t count = pinyin_spellings(syllable, spellings);
		for (size_t j = 0; j < count; j++)
			token_terms_add(&ways, token_spell_one(speller, at, before, syllable,
						   spellings[j], depth));
	}
	token_terms_add(&ways, token_spell_tail(speller, at, before));
	return token_terms_join(&ways);
}

/* Looks as many syllables ahead as stays within bounds: looking less far finds no less. */
const char *
token_pinyin_expr(struct arena *arena, char class, const char *letters, size_t count)
{
	for (size_t depth = TOKEN_SPELL_DEPTH; count <= TOKEN_PINYIN_UNITS; depth--) {
		struct token_speller speller = {
			.arena = arena, .class = class, .letters = letters, .count = count
		};
		const char *text = token_spell(&speller, 0, NULL, depth);
		if (speller.made <= TOKEN_SPELL_MAX || depth == 0)
			return text;
	}
	return NULL;
}
