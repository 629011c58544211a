/*
 * The query side of search: what a user typed becomes tsqueries over the tokens of token.c.
 * They may let through more than was asked, never less than token_match.c accepts.
 *
 * Every expression is built per class and only then joined, so that one class's pair cannot
 * complete another's. NULL stands for "no such expression" throughout.
 */
#include "server/record/token.h"

#include <string.h>

#include "common/text.h"
#include "server/record/token_expr.h"

static bool
token_word_is_letters(const struct token_text *word)
{
	for (size_t i = 0; i < word->count; i++)
		if (word->units[i].code < 'a' || word->units[i].code > 'z')
			return false;
	return true;
}

static const char *
token_latin_expr(struct arena *arena, char class, const struct token_word *word)
{
	struct token_terms ways = token_any(arena);
	const struct token_text *text = &word->text;
	enum token_kind kind = token_kind_of(class);
	size_t from = kind == TOKEN_CODE ? token_text_zeros(text, 0) : 0;
	size_t units = text->count - from;

	if (kind == TOKEN_CODE && token_text_is_zeros(text))
		return NULL;
	token_terms_add(&ways, token_units_lexeme(arena, class, 'w', text, from,
				   units < TOKEN_WORD_UNITS ? units : TOKEN_WORD_UNITS, true));
	if (token_kind_sounds(kind) && !word->digits && token_text_is_ascii(text)) {
		const char *letters = token_text_utf8(arena, text, 0, text->count);
		token_terms_add(&ways, token_initials_expr(arena, class, letters, text->count));
		if (token_word_is_letters(text))
			token_terms_add(
			    &ways, token_pinyin_expr(arena, class, letters, text->count));
	}
	return token_terms_join(&ways);
}

static const char *
token_phone_whole_expr(struct arena *arena, char class, const struct token_phone *phone)
{
	char gram[TOKEN_WHOLE_BYTES + 1];

	token_phone_gram(phone, gram);
	return token_lexeme(arena, class, '=', gram, TOKEN_WHOLE_BYTES, false);
}

static const char *
token_phone_expr(struct arena *arena, char class, const struct token_phone *phone)
{
	struct token_terms ways = token_any(arena);
	const char *forms[] = { phone->raw, phone->home };

	if (strlen(phone->raw) == TOKEN_PHONE_GRAM - 1)
		return token_phone_whole_expr(arena, class, phone);
	for (size_t f = 0; f < 2; f++) {
		struct token_terms grams = token_every(arena);
		for (size_t i = 0; i + TOKEN_PHONE_GRAM <= strlen(forms[f]); i++)
			token_terms_add(&grams, token_lexeme(arena, class, 'g', forms[f] + i,
						    TOKEN_PHONE_GRAM, false));
		token_terms_add(&ways, token_terms_join(&grams));
	}
	return token_terms_join(&ways);
}

/* A word in a class that shows its values. */
static const char *
token_clear_expr(struct arena *arena, char class, const struct token_word *word)
{
	enum token_kind kind = token_kind_of(class);

	if (kind == TOKEN_UNKNOWN)
		return NULL;
	if (kind == TOKEN_PHONE)
		return word->digits ? token_phone_expr(arena, class, &word->phone) : NULL;
	if (!word->text.han)
		return token_latin_expr(arena, class, word);
	if (word->text.count > 1)
		return token_pairs_expr(arena, class, &word->text, 1, 0);
	return token_kind_sounds(kind)
		   ? token_units_lexeme(arena, class, 's', &word->text, 0, 1, true)
		   : NULL;
}

/* A word as the whole of a value. */
static const char *
token_whole_expr(struct arena *arena, char class, const struct token_word *word)
{
	char gram[TOKEN_WHOLE_BYTES + 1];

	switch (token_kind_of(class)) {
	case TOKEN_UNKNOWN:
	case TOKEN_TEXT:
		return NULL;
	case TOKEN_PHONE:
		return word->digits ? token_phone_whole_expr(arena, class, &word->phone) : NULL;
	default:
		token_whole_gram(&word->text, gram);
		return token_lexeme(arena, class, '=', gram, TOKEN_WHOLE_BYTES, false);
	}
}

/* The text as the whole of a value, in any of classes. */
static const char *
token_exact_expr(struct arena *arena, const struct token_query *query, const char *classes)
{
	struct token_terms ways = token_any(arena);

	for (const char *letter = classes; *letter != '\0'; letter++)
		token_terms_add(&ways, token_whole_expr(arena, *letter, &query->all));
	return token_terms_join(&ways);
}

const char *
token_word_expr(
    struct arena *arena, const struct token_query *query, const struct token_word *word)
{
	struct token_terms ways = token_any(arena);

	for (const char *letter = query->clear; *letter != '\0'; letter++)
		token_terms_add(&ways, token_clear_expr(arena, *letter, word));
	for (const char *letter = query->whole; *letter != '\0'; letter++)
		token_terms_add(&ways, token_whole_expr(arena, *letter, word));
	return token_terms_join(&ways);
}

/* Too many records have a word with a given letter: it only filters what others find. */
bool
token_word_is_short(const struct token_word *word)
{
	return word->text.count == 1 && !word->text.han;
}

/* Texts that begin with what was typed, in characters or in initials. */
static const char *
token_start_expr(struct arena *arena, const struct token_query *query)
{
	struct token_terms ways = token_any(arena);
	const struct token_text *text = &query->all.text;
	bool initials =
	    query->count == 1 && !query->all.digits && !text->han && token_text_is_ascii(text);

	for (const char *letter = query->clear; *letter != '\0'; letter++) {
		enum token_kind kind = token_kind_of(*letter);
		size_t units = token_start_units(text, kind);
		if (!token_kind_sounds(kind))
			continue;
		token_terms_add(
		    &ways, token_units_lexeme(arena, *letter, 's', text, 0,
			       units < text->count ? units : text->count, text->count < units));
		size_t letters =
		    text->count < TOKEN_BEGIN_GRAM ? text->count : TOKEN_BEGIN_GRAM;
		if (initials)
			token_terms_add(&ways, token_units_lexeme(arena, *letter, 'b', text, 0,
						   letters, letters < TOKEN_BEGIN_GRAM));
	}
	return token_terms_join(&ways);
}

/* All words, short ones left to the recheck. NULL: one of them cannot be found. */
static const char *
token_words_expr(struct arena *arena, const struct token_query *query)
{
	struct token_terms words = token_every(arena);

	for (size_t i = 0; i < query->count; i++) {
		if (token_word_is_short(&query->words[i]))
			continue;
		const char *word = token_word_expr(arena, query, &query->words[i]);
		if (word == NULL)
			return NULL;
		token_terms_add(&words, word);
	}
	return token_terms_join(&words);
}

/* The two characters typed, as they stand in a short name. */
static const char *
token_raw_expr(struct arena *arena, const struct token_query *query)
{
	struct token_terms ways = token_any(arena);
	char gram[TOKEN_RAW_BYTES];

	if (query->pair[0] == 0)
		return NULL;
	token_raw_gram(query->pair[0], query->pair[1], gram);
	for (const char *letter = query->clear; *letter != '\0'; letter++)
		if (token_kind_of(*letter) == TOKEN_NAME)
			token_terms_add(&ways, token_lexeme(arena, *letter, 'r', gram, strlen(gram), false));
	return token_terms_join(&ways);
}

static void
token_query_take_pair(void *query_, uint32_t first, uint32_t second, size_t index)
{
	struct token_query *query = query_;

	(void)index;
	query->pair[0] = first;
	query->pair[1] = second;
}

/* Just two characters, spaces around them aside. */
static void
token_query_read_pair(struct arena *arena, struct token_query *query, const char *text)
{
	while (*text == ' ')
		text++;
	const char *trimmed = arena_strdup(arena, text);
	size_t bytes = strlen(trimmed);
	while (bytes > 0 && trimmed[bytes - 1] == ' ')
		bytes--;
	trimmed = text_fold(arena, arena_strndup(arena, trimmed, bytes));
	if (text_chars(trimmed) == 2)
		token_raw_pairs(arena, trimmed, token_query_take_pair, query);
}

/*
 * Words of a masked value are no use, so a text of several is also asked as a whole one. The
 * exact and the start query narrow further what the words find.
 */
static void
token_query_compile(struct arena *arena, struct token_query *query)
{
	query->shortage = true;
	for (size_t i = 0; i < query->count; i++)
		query->shortage = query->shortage && token_word_is_short(&query->words[i]);
	const char *raw = token_raw_expr(arena, query);
	if (query->shortage) {
		query->text = raw;
		query->pair_only = true;
		query->shortage = raw == NULL;
		return;
	}
	const char *masked = token_exact_expr(arena, query, query->whole);
	const char *words = token_words_expr(arena, query);
	struct token_terms exact = token_any(arena), ways = token_any(arena);
	token_terms_add(
	    &exact, token_both(arena, words, token_exact_expr(arena, query, query->clear)));
	token_terms_add(&exact, masked);
	token_terms_add(&ways, words);
	token_terms_add(&ways, raw);
	if (query->count > 1 || words == NULL)
		token_terms_add(&ways, masked);
	query->text = token_terms_join(&ways);
	query->exact = token_terms_join(&exact);
	query->start = token_both(arena, words, token_start_expr(arena, query));
}

static bool
token_is_separator(uint32_t code)
{
	return code == ' ' || code == '\t' || code == '\n' || code == ',' || code == ';' ||
	       code == 0x3000 || code == 0xA0 || code == 0xFF0C || code == 0xFF1B ||
	       code == 0x3001;
}

static void
token_word_read(struct arena *arena, const char *text, size_t bytes, struct token_word *word)
{
	struct token_phone phones[TOKEN_PHONES];

	token_text_read(arena, text, bytes, true, false, &word->text);
	word->digits =
	    token_text_is_digits(&word->text) && word->text.count <= TOKEN_PHONE_DIGITS;
	if (word->digits) {
		const char *digits = token_text_utf8(arena, &word->text, 0, word->text.count);
		token_phones(digits, word->text.count, phones);
		word->phone = phones[0];
	}
}

/* "138 1234 5678" is one number, not three words. */
static bool
token_is_spaced_phone(const char *text)
{
	size_t digits = 0;

	for (; *text != '\0'; text++) {
		if (strchr("0123456789 -.()+", *text) == NULL)
			return false;
		digits += *text >= '0' && *text <= '9';
	}
	return digits >= 7 && digits <= 16;
}

static void
token_query_split(struct arena *arena, struct token_query *query, const char *text)
{
	size_t bytes = strlen(text), length, from = 0;
	uint32_t code;

	for (size_t at = 0; at <= bytes && query->count < TOKEN_WORDS; at += length) {
		length = at == bytes ? 1 : text_decode(text + at, bytes - at, &code);
		if (length == 0) {
			length = 1;
			code = 0;
		}
		if (at < bytes && !token_is_separator(code))
			continue;
		token_word_read(arena, text + from, at - from, &query->words[query->count]);
		query->count += query->words[query->count].text.count > 0;
		from = at + length;
	}
}

struct token_query *
token_query(
    struct arena *arena, const char *text, const char *classes_clear, const char *classes_whole)
{
	struct token_query *query = ARENA_NEW(arena, struct token_query);
	const char *narrow = text_fold_width(arena, text);

	query->clear = arena_strdup(arena, classes_clear == NULL ? "" : classes_clear);
	query->whole = arena_strdup(arena, classes_whole == NULL ? "" : classes_whole);
	token_word_read(arena, narrow, strlen(narrow), &query->all);
	if (token_is_spaced_phone(narrow))
		query->words[query->count++] = query->all;
	else
		token_query_split(arena, query, narrow);
	token_query_read_pair(arena, query, narrow);
	token_query_compile(arena, query);
	return query;
}

const char *
token_query_text(const struct token_query *query)
{
	return query->text;
}

bool
token_query_is_short(const struct token_query *query)
{
	return query->shortage;
}

const char *
token_query_exact_text(const struct token_query *query)
{
	return query->exact;
}

const char *
token_query_start_text(const struct token_query *query)
{
	return query->start;
}
