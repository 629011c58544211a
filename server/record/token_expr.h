/*
 * Building tsqueries, for the files of the query side only. Texts live in the arena; NULL
 * stands for "no such expression" throughout, and what is returned can be joined as it is.
 */
#ifndef KEHU_TOKEN_EXPR_H
#define KEHU_TOKEN_EXPR_H

#include "server/record/token_private.h"

#define TOKEN_TERMS 12 /* more grams of one word than this narrow no further */

/* Terms to be joined by one operator. */
struct token_terms {
	struct arena *arena;
	const char *operator;
	const char *text;
	size_t count;
};

struct token_terms token_any(struct arena *arena);
struct token_terms token_every(struct arena *arena);
/* Adding NULL adds nothing; joining nothing gives NULL. */
void token_terms_add(struct token_terms *terms, const char *term);
const char *token_terms_join(const struct token_terms *terms);
/* NULL if either is. */
const char *token_both(struct arena *arena, const char *left, const char *right);

/* A quoted lexeme, asked by prefix if so. */
const char *token_lexeme(
    struct arena *arena, char class, char kind, const char *gram, size_t bytes, bool prefix);
const char *token_units_lexeme(struct arena *arena, char class, char kind,
    const struct token_text *text, size_t from, size_t count, bool prefix);
/* All the pairs of a word but those that touch from..to; from > to: all of them. */
const char *token_pairs_expr(
    struct arena *arena, char class, const struct token_text *word, size_t from, size_t to);

/* Neighbouring initials (two or more letters), and pinyin typed out. */
const char *token_initials_expr(
    struct arena *arena, char class, const char *letters, size_t count);
const char *token_pinyin_expr(
    struct arena *arena, char class, const char *letters, size_t count);

/* One word in all classes of the query; in one that shows its values; as a whole value. */
const char *token_word_expr(
    struct arena *arena, const struct token_query *query, const struct token_word *word);

#endif
