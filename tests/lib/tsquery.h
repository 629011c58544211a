/*
 * A tsquery as server/record/token.h writes it, asked of a set of tokens without PostgreSQL.
 */
#ifndef KEHU_TESTS_TSQUERY_H
#define KEHU_TESTS_TSQUERY_H

#include "server/record/token.h"

/* Whether the (sorted) tokens satisfy text; NULL finds nothing. What is no tsquery ends the
 * program. */
bool tsquery_finds(const char *text, const struct token_set *set);
/* Whether a token of that many bytes is there, or with prefix one that begins with it. */
bool token_set_has(const struct token_set *set, const char *token, size_t bytes, bool prefix);

#endif
