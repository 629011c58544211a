/*
 * The index side of search: a field's text becomes tokens. What they mean and why is in
 * token.h; the text is brought into its normal form by token_text.c.
 *
 * Every token that token_query.c may ask for a text that token_match.c accepts must be made
 * here; tests/unit/token.c holds the three against each other with random texts.
 */
#include "server/record/token.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/text.h"
#include "server/record/token_private.h"

#define TOKEN_GRAM_BYTES 128
#define TOKEN_HASH       2166136261u

/* One field being indexed. */
struct token_job {
	struct arena *arena;
	struct token_set *set;
	char class;
	struct token_text text;
};

enum token_kind
token_kind_of(char class)
{
	switch (class | 0x20) {
	case 'n':
		return TOKEN_NAME;
	case 'h':
		return TOKEN_PERSON;
	case 'c':
		return TOKEN_CODE;
	case 'p':
		return TOKEN_PHONE;
	case 'm':
		return TOKEN_MAIL;
	case 't':
		return TOKEN_TEXT;
	default:
		return TOKEN_UNKNOWN;
	}
}

bool
token_kind_sounds(enum token_kind kind)
{
	return kind == TOKEN_NAME || kind == TOKEN_PERSON;
}

bool
token_class_known(char class)
{
	return token_kind_of(class) != TOKEN_UNKNOWN;
}

size_t
token_start_units(const struct token_text *text, enum token_kind kind)
{
	if (!text->units[0].han)
		return TOKEN_START_OTHER;
	return kind == TOKEN_PERSON ? TOKEN_START_PERSON : TOKEN_START_HAN;
}

/* FNV-1a. */
static uint32_t
token_hash_add(uint32_t hash, uint32_t code)
{
	for (int shift = 0; shift < 24; shift += 8)
		hash = (hash ^ (code >> shift & 0xFF)) * 16777619u;
	return hash;
}

static void
token_hash_gram(uint32_t hash, char gram[TOKEN_WHOLE_BYTES + 1])
{
	static const char digits[] = "0123456789abcdef";

	hash = (hash ^ hash >> 16) & 0xFFFF;
	for (size_t i = 0; i < TOKEN_WHOLE_BYTES; i++)
		gram[i] = digits[hash >> (12 - 4 * i) & 15];
	gram[TOKEN_WHOLE_BYTES] = '\0';
}

void
token_whole_gram(const struct token_text *text, char gram[TOKEN_WHOLE_BYTES + 1])
{
	uint32_t hash = TOKEN_HASH;

	for (size_t i = 0; i < text->count; i++)
		hash = token_hash_add(hash, text->units[i].code);
	token_hash_gram(hash, gram);
}

void
token_phone_gram(const struct token_phone *phone, char gram[TOKEN_WHOLE_BYTES + 1])
{
	uint32_t hash = TOKEN_HASH;

	for (const char *at = token_phone_whole(phone); *at != '\0'; at++)
		hash = token_hash_add(hash, (unsigned char)*at);
	token_hash_gram(hash, gram);
}

size_t
token_typo_variant(const struct token_text *text, size_t from, size_t units, size_t variant,
    char out[TOKEN_TYPO_UNITS * TOKEN_UNIT_BYTES + 1])
{
	size_t at = 0;

	if (units > TOKEN_TYPO_UNITS)
		units = TOKEN_TYPO_UNITS;
	for (size_t i = 0; i < units && variant <= units; i++)
		if (i + 1 != variant)
			at += text_encode(text->units[from + i].code, out + at);
	out[at] = '\0';
	return at;
}

static void
token_set_add(struct arena *arena, struct token_set *set, const char *token)
{
	if (set->count == TOKEN_SET_MAX) {
		set->full = true;
		return;
	}
	if (set->count == set->room) {
		size_t room = set->room == 0 ? 64 : set->room * 2;
		const char **wider = ARENA_ARRAY(arena, const char *, room);
		if (set->count > 0)
			memcpy(wider, set->tokens, set->count * sizeof *wider);
		set->tokens = wider;
		set->room = room;
	}
	set->tokens[set->count++] = token;
}

static void
token_add(struct token_job *job, char kind, const char *gram, size_t bytes)
{
	char *token = arena_alloc(job->arena, bytes + 3);

	token[0] = job->class;
	token[1] = kind;
	memcpy(token + 2, gram, bytes);
	token_set_add(job->arena, job->set, token);
}

static void
token_add_units(struct token_job *job, char kind, size_t from, size_t count)
{
	const char *gram = token_text_utf8(job->arena, &job->text, from, count);

	token_add(job, kind, gram, strlen(gram));
}

static void
token_index_pairs(struct token_job *job)
{
	const struct token_unit *units = job->text.units;

	for (size_t i = 0; i + 1 < job->text.count; i++)
		if (units[i].han || units[i + 1].han)
			token_add_units(job, 'h', i, 2);
}

/* "C-2024-000123" is also asked as 123: zeros at a part's beginning are left out. */
static void
token_index_words(struct token_job *job, enum token_kind kind)
{
	for (size_t i = 0; i < job->text.count; i++) {
		if (!job->text.units[i].start)
			continue;
		size_t from = i + (kind == TOKEN_CODE ? token_text_zeros(&job->text, i) : 0);
		token_add_units(
		    job, 'w', from, token_text_chunk(&job->text, from, TOKEN_WORD_UNITS));
	}
}

bool
token_is_typo_word(const struct token_text *text, size_t from, size_t units)
{
	for (size_t i = from; i < from + units; i++)
		if (text->units[i].code < 'a')
			return false;
	return units + 1 >= TOKEN_TYPO_LATIN;
}

static void
token_index_typos(struct token_job *job)
{
	char gram[TOKEN_TYPO_UNITS * TOKEN_UNIT_BYTES + 1];

	for (size_t i = 0; i < job->text.count; i++) {
		size_t units = job->text.units[i].start ? token_text_word(&job->text, i) : 0;
		if (!token_is_typo_word(&job->text, i, units))
			continue;
		for (size_t variant = 0; variant <= TOKEN_TYPO_UNITS; variant++) {
			size_t bytes = token_typo_variant(&job->text, i, units, variant, gram);
			if (bytes > 0)
				token_add(job, 'd', gram, bytes);
		}
	}
}

/*
 * Every way to take one initial from each of count units from from. gram holds those
 * chosen so far.
 */
static void
token_index_initials_at(struct token_job *job, char kind, size_t from, size_t count,
    char gram[TOKEN_INITIALS_GRAM], size_t at)
{
	char letters[TOKEN_LETTERS];

	if (at == count) {
		token_add(job, kind, gram, count);
		return;
	}
	size_t choices = token_unit_initials(&job->text.units[from + at], letters);
	for (size_t i = 0; i < choices; i++) {
		gram[at] = letters[i];
		token_index_initials_at(job, kind, from, count, gram, at + 1);
	}
}

/* How many units from from have initials, at most max. */
static size_t
token_initials_run(const struct token_text *text, size_t from, size_t max)
{
	char letters[TOKEN_LETTERS];
	size_t count = 0;

	while (count < max && from + count < text->count &&
	       token_unit_initials(&text->units[from + count], letters) > 0)
		count++;
	return count;
}

static void
token_index_initials(struct token_job *job)
{
	char gram[TOKEN_INITIALS_GRAM];

	for (size_t i = 0; i < job->text.count; i++) {
		size_t run = token_initials_run(&job->text, i, TOKEN_INITIALS_GRAM);
		if (run >= 2)
			token_index_initials_at(job, 'i', i, run, gram, 0);
		if (run > 0 && i == 0)
			token_index_initials_at(job, 'b', i,
			    run < TOKEN_BEGIN_GRAM ? run : TOKEN_BEGIN_GRAM, gram, 0);
	}
}

static void
token_index_syllable(struct token_job *job, const char *first, const char *second)
{
	char gram[TOKEN_GRAM_BYTES];
	size_t bytes = strlen(first), more = strlen(second);

	memcpy(gram, first, bytes);
	gram[bytes++] = '.';
	memcpy(gram + bytes, second, more);
	token_add(job, 'y', gram, bytes + more);
}

static void
token_index_syllables(struct token_job *job)
{
	for (size_t i = 0; i < job->text.count; i++) {
		const struct pinyin_syllable *here = job->text.units[i].sound;
		const struct pinyin_syllable *next =
		    i + 1 < job->text.count ? job->text.units[i + 1].sound : NULL;
		for (size_t a = 0; here != NULL && a < here->count; a++) {
			if (next == NULL)
				token_index_syllable(job, here->readings[a], "");
			for (size_t b = 0; next != NULL && b < next->count; b++)
				token_index_syllable(job, here->readings[a], next->readings[b]);
		}
	}
}

static void
token_index_phones(struct token_job *job, const char *text)
{
	struct token_phone phones[TOKEN_PHONES];
	const char *plain = text_fold_width(job->arena, text);
	size_t count = token_phones(plain, strlen(plain), phones);

	for (size_t i = 0; i < count; i++) {
		const char *forms[] = { phones[i].raw, phones[i].home };
		char gram[TOKEN_WHOLE_BYTES + 1];
		token_phone_gram(&phones[i], gram);
		token_add(job, '=', gram, TOKEN_WHOLE_BYTES);
		for (size_t f = 0; f < 2; f++)
			for (size_t at = 0; at + TOKEN_PHONE_GRAM <= strlen(forms[f]); at++)
				token_add(job, 'g', forms[f] + at, TOKEN_PHONE_GRAM);
	}
}

static void
token_index_whole(struct token_job *job)
{
	char gram[TOKEN_WHOLE_BYTES + 1];

	token_whole_gram(&job->text, gram);
	token_add(job, '=', gram, TOKEN_WHOLE_BYTES);
}

bool
token_raw_pair(uint32_t first, uint32_t second)
{
	return first > ' ' && second > ' ' && !(text_is_han(first) && text_is_han(second));
}

void
token_raw_gram(uint32_t first, uint32_t second, char gram[TOKEN_RAW_BYTES])
{
	snprintf(gram, TOKEN_RAW_BYTES, "%x.%x", (unsigned)first, (unsigned)second);
}

void
token_raw_pairs(struct arena *arena, const char *text,
    void (*each)(void *to, uint32_t first, uint32_t second, size_t index), void *to)
{
	const char *folded = text_fold(arena, text);
	size_t bytes = strlen(folded), length, index = 0;
	uint32_t before = 0, code;

	if (text_chars(folded) > TOKEN_RAW_CHARS)
		return;
	for (size_t at = 0; at < bytes; at += length, before = code, index++) {
		length = text_decode(folded + at, bytes - at, &code);
		if (length == 0)
			return;
		if (index > 0 && token_raw_pair(before, code))
			each(to, before, code, index - 1);
	}
}

static void
token_index_raw(void *job, uint32_t first, uint32_t second, size_t index)
{
	char gram[TOKEN_RAW_BYTES];

	(void)index;
	token_raw_gram(first, second, gram);
	token_add(job, 'r', gram, strlen(gram));
}

void
token_index(struct arena *arena, struct token_set *set, char class, const char *text)
{
	struct token_job job = { .arena = arena, .set = set, .class = class };
	enum token_kind kind = token_kind_of(class);

	if (kind == TOKEN_UNKNOWN || text == NULL)
		return;
	if (kind == TOKEN_PHONE) {
		token_index_phones(&job, text);
		return;
	}
	if (kind == TOKEN_NAME)
		token_raw_pairs(arena, text, token_index_raw, &job);
	token_text_read(arena, text, strlen(text), token_kind_sounds(kind),
	    kind == TOKEN_PERSON, &job.text);
	if (job.text.count == 0)
		return;
	token_index_pairs(&job);
	token_index_words(&job, kind);
	if (kind != TOKEN_TEXT)
		token_index_whole(&job);
	if (!token_kind_sounds(kind))
		return;
	size_t units = token_start_units(&job.text, kind);
	token_add_units(&job, 's', 0, units < job.text.count ? units : job.text.count);
	token_index_typos(&job);
	if (job.text.sound) {
		token_index_initials(&job);
		token_index_syllables(&job);
	}
}

static int
token_compare(const void *left, const void *right)
{
	return strcmp(*(const char *const *)left, *(const char *const *)right);
}

void
token_set_sort(struct token_set *set)
{
	size_t kept = 0;

	if (set->count == 0)
		return;
	qsort(set->tokens, set->count, sizeof set->tokens[0], token_compare);
	for (size_t i = 1; i < set->count; i++)
		if (strcmp(set->tokens[i], set->tokens[kept]) != 0)
			set->tokens[++kept] = set->tokens[i];
	set->count = kept + 1;
}
