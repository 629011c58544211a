/* The grammar: any := every ("|" every)*, every := one ("&" one)*, one := "(" any ")" | lexeme.
 */
#include "tests/lib/tsquery.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct tsquery {
	const char *at;
	const struct token_set *set;
};

static bool tsquery_any(struct tsquery *reader);

static void
tsquery_insist(bool right)
{
	if (right)
		return;
	fputs("what token.c made is no tsquery\n", stderr);
	abort();
}

static void
tsquery_spaces(struct tsquery *reader)
{
	while (*reader->at == ' ')
		reader->at++;
}

bool
token_set_has(const struct token_set *set, const char *token, size_t bytes, bool prefix)
{
	for (size_t i = 0; i < set->count; i++)
		if (strncmp(set->tokens[i], token, bytes) == 0 &&
		    (prefix || set->tokens[i][bytes] == '\0'))
			return true;
	return false;
}

static bool
tsquery_lexeme(struct tsquery *reader)
{
	tsquery_insist(*reader->at == '\'');
	const char *from = ++reader->at;
	size_t bytes = strcspn(from, "'");

	reader->at += bytes;
	tsquery_insist(*reader->at == '\'');
	reader->at++;
	bool prefix = strncmp(reader->at, ":*", 2) == 0;
	reader->at += prefix ? 2 : 0;
	tsquery_insist(bytes > 2);
	return token_set_has(reader->set, from, bytes, prefix);
}

static bool
tsquery_one(struct tsquery *reader)
{
	tsquery_spaces(reader);
	if (*reader->at != '(')
		return tsquery_lexeme(reader);
	reader->at++;
	bool found = tsquery_any(reader);
	tsquery_spaces(reader);
	tsquery_insist(*reader->at == ')');
	reader->at++;
	return found;
}

static bool
tsquery_every(struct tsquery *reader)
{
	bool found = tsquery_one(reader);

	for (tsquery_spaces(reader); *reader->at == '&'; tsquery_spaces(reader)) {
		reader->at++;
		bool next = tsquery_one(reader);
		found = found && next;
	}
	return found;
}

static bool
tsquery_any(struct tsquery *reader)
{
	bool found = tsquery_every(reader);

	for (tsquery_spaces(reader); *reader->at == '|'; tsquery_spaces(reader)) {
		reader->at++;
		bool next = tsquery_every(reader);
		found = found || next;
	}
	return found;
}

bool
tsquery_finds(const char *text, const struct token_set *set)
{
	struct tsquery reader = { .at = text, .set = set };

	if (text == NULL)
		return false;
	bool found = tsquery_any(&reader);
	tsquery_insist(*reader.at == '\0');
	return found;
}
