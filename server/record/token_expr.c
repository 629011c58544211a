/*
 * The parts tsqueries are made of: quoted lexemes, joined terms, the pairs of a word. What is
 * asked for is decided in token_query.c, token_spell.c and token_typo.c.
 */
#include "server/record/token_expr.h"

#include "common/buf.h"
#include "server/record/token.h"

#include <inttypes.h>
#include <string.h>

void
token_terms_add(struct token_terms *terms, const char *term)
{
	if (term == NULL)
		return;
	terms->text = terms->count == 0 ? term
					: arena_printf(terms->arena, "%s %s %s", terms->text,
					      terms->operator, term);
	terms->count++;
}

const char *
token_terms_join(const struct token_terms *terms)
{
	return terms->count < 2 ? terms->text : arena_printf(terms->arena, "(%s)", terms->text);
}

struct token_terms
token_any(struct arena *arena)
{
	return (struct token_terms){ .arena = arena, .operator= "|" };
}

struct token_terms
token_every(struct arena *arena)
{
	return (struct token_terms){ .arena = arena, .operator= "&" };
}

const char *
token_both(struct arena *arena, const char *left, const char *right)
{
	return left == NULL || right == NULL ? NULL
					     : arena_printf(arena, "(%s & %s)", left, right);
}

/* Grams hold no quotes by their making; doubling them is the second line. */
const char *
token_lexeme(
    struct arena *arena, char class, char kind, const char *gram, size_t bytes, bool prefix)
{
	char *out = arena_alloc(arena, 2 * bytes + 8), *at = out;

	*at++ = '\'';
	*at++ = class;
	*at++ = kind;
	for (size_t i = 0; i < bytes; i++) {
		if (gram[i] == '\'' || gram[i] == '\\')
			*at++ = gram[i];
		*at++ = gram[i];
	}
	*at++ = '\'';
	memcpy(at, prefix ? ":*" : "", prefix ? 3 : 1);
	return out;
}

const char *
token_units_lexeme(struct arena *arena, char class, char kind, const struct token_text *text,
    size_t from, size_t count, bool prefix)
{
	const char *gram = token_text_utf8(arena, text, from, count);

	return token_lexeme(arena, class, kind, gram, strlen(gram), prefix);
}

const char *
token_pairs_expr(
    struct arena *arena, char class, const struct token_text *word, size_t from, size_t to)
{
	struct token_terms pairs = token_every(arena);

	for (size_t i = 0; i + 1 < word->count && pairs.count < TOKEN_TERMS; i++) {
		bool touches = from <= to && i + 1 >= from && i <= to;
		if (!touches && (word->units[i].han || word->units[i + 1].han))
			token_terms_add(
			    &pairs, token_units_lexeme(arena, class, 'h', word, i, 2, false));
	}
	return token_terms_join(&pairs);
}

bool
token_typo_has_pair(const struct token_text *word, size_t from, size_t to)
{
	for (size_t i = 0; i + 1 < word->count; i++) {
		bool touches = i + 1 >= from && i <= to;
		if (!touches && (word->units[i].han || word->units[i + 1].han))
			return true;
	}
	return false;
}

/* From a lexeme's opening quote to its closing one, or to the end. */
static const char *
token_lexeme_end(const char *at)
{
	for (at++; *at != '\0' && (*at != '\'' || at[1] == '\''); at++)
		if ((*at == '\'' || *at == '\\') && at[1] != '\0')
			at++;
	return at;
}

static bool
token_query_is_han(const char *tsquery)
{
	for (const char *at = tsquery; *at != '\0'; at++) {
		if (*at != '\'')
			continue;
		if (at[1] == '\0' || (at[2] != 'h' && at[2] != 's'))
			return false;
		at = token_lexeme_end(at);
		if (*at == '\0')
			return false;
	}
	return true;
}

const char *
token_query_in(struct arena *arena, const char *tsquery, const int64_t *branches, size_t count)
{
	struct buf out = BUF_INIT;
	const char *text;

	if (tsquery == NULL || !token_query_is_han(tsquery))
		return NULL;
	for (size_t i = 0; i < count; i++) {
		const char *end;

		buf_puts(&out, i == 0 ? "(" : " | (");
		for (const char *at = tsquery; *at != '\0'; at = end) {
			end = *at == '\'' ? token_lexeme_end(at) + 1 : at + strcspn(at, "'");
			if (*at == '\'')
				buf_printf(&out, "'%" PRId64 "%.*s", branches[i],
				    (int)(end - at - 1), at + 1);
			else
				buf_put(&out, at, (size_t)(end - at));
		}
		buf_puts(&out, ")");
	}
	text = arena_strndup(arena, out.data, out.bytes);
	buf_fini(&out);
	return text;
}
