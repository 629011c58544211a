/*
 * The search language (syntax only; fields and their values are bound elsewhere):
 *
 *   query  := term (SP term)*                          all terms must hold
 *   term   := ["-"] (field ":" values | word | quoted)
 *   values := value ("," value)*                       any of them
 *   value  := word | quoted | cmp (word | quoted) | [word] ".." [word]
 *   cmp    := ">" | ">=" | "<" | "<="
 *
 * Full-width signs are equal to ASCII ones, “ ” to quotes. Inside quotes \" and \\ stand for
 * the sign itself. A field name is letters, digits, '_' and '.', not beginning with a digit;
 * anything else with a colon in it (14:05) is a word.
 */
#ifndef KEHU_QUERY_H
#define KEHU_QUERY_H

#include "common/arena.h"
#include "common/error.h"

#define QUERY_TEXT_BYTES ((size_t)4096)
#define QUERY_TERMS      ((size_t)64)
#define QUERY_VALUES     ((size_t)256) /* of all terms together */

/* A part of the text as it was typed, for underlining. */
struct query_span {
	size_t at_bytes, bytes;
};

enum query_op { QUERY_EQ, QUERY_LT, QUERY_LE, QUERY_GT, QUERY_GE, QUERY_RANGE };

struct query_value {
	enum query_op op;
	const char *text; /* without operator and quotes, full-width folded unless quoted; a
			     range's lower end, "" when open */
	const char *high; /* a range's upper end, "" when open; else NULL */
	bool quoted;
	struct query_span at;
};

struct query_term {
	bool negated;
	const char *field; /* lower case; NULL: a bare word or phrase, which is values[0] */
	struct query_span field_at;
	struct query_value *values;
	size_t count;
	struct query_span at; /* the whole term, its minus included */
};

struct query {
	struct query_term *terms;
	size_t count; /* 0: everything matches */
};

enum query_fault {
	QUERY_FAULT_NONE,
	QUERY_FAULT_BYTES, /* not UTF-8 */
	QUERY_FAULT_TOO_LONG,
	QUERY_FAULT_TERMS,
	QUERY_FAULT_VALUES,
	QUERY_FAULT_OPEN_QUOTE, /* at its beginning */
	QUERY_FAULT_NO_VALUE,   /* nothing behind a colon, comma or comparison */
	QUERY_FAULT_NO_TERM,    /* a minus alone */
	QUERY_FAULT_NO_RANGE,   /* ".." with neither end */
	QUERY_FAULT_AFTER_QUOTE /* text glued to a closing quote */
};

struct query_error {
	enum query_fault fault;
	struct query_span at;
};

/* Everything lives in arena. ERR_QUERY: *error says where and why. */
MUST_CHECK enum err query_parse(
    struct arena *arena, const char *text, struct query **query, struct query_error *error);
const char *query_fault_text(enum query_fault fault, enum lang lang);

#endif
