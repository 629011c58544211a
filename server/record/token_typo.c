/*
 * One wrong character: what is asked of the index when the words as typed find nothing, and
 * which of the found texts are near enough.
 *
 * Han words: the pairs that one slip leaves alone must be there, for every place where it
 * may be; or all sounds agree (花信 for 华信). Other words: by their first six letters, these
 * and the text's having one set in common when each is left out in turn.
 */
#include "server/record/token_expr.h"

#include <string.h>

enum slip { SLIP_NONE, SLIP_OTHER, SLIP_EXTRA, SLIP_MISSING, SLIP_SWAPPED, SLIP_MORE };

static bool
token_typo_is_han(const struct token_text *word)
{
	return word->han && word->count >= TOKEN_TYPO_HAN && word->count <= TOKEN_TYPO_LONGEST;
}

static bool
token_typo_is_latin(const struct token_text *word)
{
	return !word->han && word->count >= TOKEN_TYPO_LATIN &&
	       token_is_typo_word(word, 0, word->count);
}

static bool
token_typo_is_sound(const struct token_text *word)
{
	for (size_t i = 0; i < word->count; i++)
		if (word->units[i].sound == NULL)
			return false;
	return word->count >= TOKEN_TYPO_SOUND && word->count <= TOKEN_TYPO_LONGEST;
}

static const char *
token_typo_han_expr(struct arena *arena, char class, const struct token_text *word)
{
	struct token_terms ways = token_any(arena);

	for (size_t i = 0; i < word->count; i++)
		token_terms_add(&ways, token_pairs_expr(arena, class, word, i, i));
	for (size_t i = 1; i + 2 < word->count; i++)
		token_terms_add(&ways, token_pairs_expr(arena, class, word, i, i + 1));
	return token_terms_join(&ways);
}

static const char *
token_typo_latin_expr(struct arena *arena, char class, const struct token_text *word)
{
	struct token_terms ways = token_any(arena);
	char gram[TOKEN_TYPO_UNITS * TOKEN_UNIT_BYTES + 1];

	for (size_t variant = 0; variant <= TOKEN_TYPO_UNITS; variant++) {
		size_t bytes = token_typo_variant(word, 0, word->count, variant, gram);
		if (bytes > 0)
			token_terms_add(
			    &ways, token_lexeme(arena, class, 'd', gram, bytes, false));
	}
	return token_terms_join(&ways);
}

static const char *
token_typo_sound_expr(struct arena *arena, char class, const struct token_text *word)
{
	struct token_terms pairs = token_every(arena);

	for (size_t i = 0; i + 1 < word->count; i++) {
		const struct pinyin_syllable *a = word->units[i].sound,
					     *b = word->units[i + 1].sound;
		struct token_terms ways = token_any(arena);
		for (size_t j = 0; j < a->count; j++)
			for (size_t k = 0; k < b->count; k++) {
				const char *gram = arena_printf(
				    arena, "%s.%s", a->readings[j], b->readings[k]);
				token_terms_add(&ways,
				    token_lexeme(arena, class, 'y', gram, strlen(gram), false));
			}
		token_terms_add(&pairs, token_terms_join(&ways));
	}
	return token_terms_join(&pairs);
}

/* NULL: the word is too short, or no class takes typos. */
static const char *
token_typo_expr(
    struct arena *arena, const struct token_query *query, const struct token_word *word)
{
	struct token_terms ways = token_any(arena);

	for (const char *letter = query->clear; *letter != '\0'; letter++) {
		if (!token_kind_sounds(token_kind_of(*letter)))
			continue;
		if (token_typo_is_han(&word->text))
			token_terms_add(
			    &ways, token_typo_han_expr(arena, *letter, &word->text));
		if (token_typo_is_sound(&word->text))
			token_terms_add(
			    &ways, token_typo_sound_expr(arena, *letter, &word->text));
		if (token_typo_is_latin(&word->text))
			token_terms_add(
			    &ways, token_typo_latin_expr(arena, *letter, &word->text));
	}
	return token_terms_join(&ways);
}

const char *
token_query_typo_text(struct arena *arena, const struct token_query *query)
{
	struct token_terms words = token_every(arena);
	bool any = false;

	for (size_t i = 0; i < query->count; i++) {
		struct token_terms ways = token_any(arena);
		if (token_word_is_short(&query->words[i]))
			continue;
		const char *typo = token_typo_expr(arena, query, &query->words[i]);
		token_terms_add(&ways, token_word_expr(arena, query, &query->words[i]));
		token_terms_add(&ways, typo);
		if (ways.count == 0)
			return NULL;
		any = any || typo != NULL;
		token_terms_add(&words, token_terms_join(&ways));
	}
	return any ? token_terms_join(&words) : NULL;
}

static bool
token_units_equal(const struct token_unit *a, const struct token_unit *b, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (a[i].code != b[i].code)
			return false;
	return true;
}

/* The one slip between what was typed and what is there, and where in the typed it is. */
static enum slip
token_slip(const struct token_unit *typed, size_t count, const struct token_unit *there,
    size_t there_count, size_t *at)
{
	size_t i = 0;

	while (i < count && i < there_count && typed[i].code == there[i].code)
		i++;
	*at = i;
	if (i == count && i == there_count)
		return SLIP_NONE;
	typed += i;
	there += i;
	count -= i;
	there_count -= i;
	if (count == there_count + 1)
		return token_units_equal(typed + 1, there, there_count) ? SLIP_EXTRA
									: SLIP_MORE;
	if (there_count == count + 1)
		return token_units_equal(typed, there + 1, count) ? SLIP_MISSING : SLIP_MORE;
	if (there_count != count)
		return SLIP_MORE;
	if (token_units_equal(typed + 1, there + 1, count - 1))
		return SLIP_OTHER;
	if (count >= 2 && typed[0].code == there[1].code && typed[1].code == there[0].code &&
	    token_units_equal(typed + 2, there + 2, count - 2))
		return SLIP_SWAPPED;
	return SLIP_MORE;
}

/* Whether a slip at at leaves a pair of the word that can be searched. */
static bool
token_slip_is_found(const struct token_text *word, enum slip slip, size_t at)
{
	switch (slip) {
	case SLIP_OTHER:
	case SLIP_EXTRA:
		return token_typo_has_pair(word, at, at);
	case SLIP_MISSING:
		return (at > 0 && token_typo_has_pair(word, at - 1, at - 1)) ||
		       (at < word->count && token_typo_has_pair(word, at, at));
	case SLIP_SWAPPED:
		return token_typo_has_pair(word, at, at + 1);
	case SLIP_NONE:
	case SLIP_MORE:
		break;
	}
	return false;
}

static bool
token_typo_han_matches(const struct token_text *word, const struct token_text *text)
{
	size_t at;

	for (size_t from = 0; from < text->count; from++)
		for (size_t count = word->count - 1; count <= word->count + 1; count++) {
			if (from + count > text->count)
				break;
			enum slip slip = token_slip(
			    word->units, word->count, &text->units[from], count, &at);
			if (token_slip_is_found(word, slip, at))
				return true;
		}
	return false;
}

static bool
token_typo_latin_matches(const struct token_text *word, const struct token_text *text)
{
	size_t at;

	for (size_t i = 0; i < text->count; i++) {
		size_t units = text->units[i].start ? token_text_word(text, i) : 0;
		if (token_is_typo_word(text, i, units) &&
		    token_slip(word->units, word->count, &text->units[i], units, &at) !=
			SLIP_MORE)
			return true;
	}
	return false;
}

static bool
token_sounds_alike(const struct pinyin_syllable *a, const struct pinyin_syllable *b)
{
	for (size_t i = 0; b != NULL && i < a->count; i++)
		for (size_t j = 0; j < b->count; j++)
			if (strcmp(a->readings[i], b->readings[j]) == 0)
				return true;
	return false;
}

static bool
token_typo_sound_matches(const struct token_text *word, const struct token_text *text)
{
	for (size_t from = 0; from + word->count <= text->count; from++) {
		size_t i = 0;
		while (i < word->count &&
		       token_sounds_alike(word->units[i].sound, text->units[from + i].sound))
			i++;
		if (i == word->count)
			return true;
	}
	return false;
}

bool
token_typo_matches(const struct token_word *word, const struct token_text *text)
{
	return (token_typo_is_han(&word->text) && token_typo_han_matches(&word->text, text)) ||
	       (token_typo_is_latin(&word->text) &&
		   token_typo_latin_matches(&word->text, text)) ||
	       (token_typo_is_sound(&word->text) &&
		   token_typo_sound_matches(&word->text, text));
}
