/*
 * The recheck of search: what a candidate's fields have of the words that were typed. This
 * file decides what is found; the tokens and tsqueries of its neighbours only narrow.
 */
#include "server/record/token.h"

#include <string.h>

#include "common/text.h"
#include "server/record/token_private.h"

/* A field of a candidate, read once for all words. */
struct token_seen {
	const struct token_field *field;
	enum token_kind kind;
	bool clear; /* its class is; else it is masked in all records */
	bool whole; /* masked in this record, or in all */
	struct token_text text;
	struct token_phone phones[TOKEN_PHONES];
	size_t phone_count;
};

static enum token_rank
token_better(enum token_rank a, enum token_rank b)
{
	return a < b ? a : b;
}

static bool
token_units_begin(const struct token_text *text, size_t from, const struct token_text *word)
{
	if (from + word->count > text->count)
		return false;
	for (size_t i = 0; i < word->count; i++)
		if (text->units[from + i].code != word->units[i].code)
			return false;
	return true;
}

/* The place of a match in its text, as a rank. */
static enum token_rank
token_place(size_t from, size_t count, size_t all)
{
	if (from > 0)
		return TOKEN_INSIDE;
	return count == all ? TOKEN_EXACT : TOKEN_START;
}

static enum token_rank
token_match_han(
    const struct token_text *text, const struct token_text *word, enum token_kind kind)
{
	size_t last = word->count > 1 ? text->count : token_kind_sounds(kind);

	for (size_t from = 0; from < last; from++)
		if (token_units_begin(text, from, word))
			return token_place(from, word->count, text->count);
	return TOKEN_NONE;
}

/* Zeros at the beginning of a code's part need not be typed: all of them or none. */
static bool
token_is_after_zeros(const struct token_text *text, size_t from)
{
	const struct token_unit *next = &text->units[from + 1];

	if (text->units[from].code == '0' && from + 1 < text->count && next->join &&
	    !next->start)
		return false;
	while (from > 0 && text->units[from].join && !text->units[from].start) {
		from--;
		if (text->units[from].code != '0')
			return false;
		if (text->units[from].start)
			return true;
	}
	return false;
}

static enum token_rank
token_match_word(
    const struct token_text *text, const struct token_text *word, enum token_kind kind)
{
	if (kind == TOKEN_CODE && token_text_is_zeros(word))
		return TOKEN_NONE;
	for (size_t from = 0; from < text->count; from++) {
		bool begins = text->units[from].start ||
			      (kind == TOKEN_CODE && token_is_after_zeros(text, from));
		if (begins && token_units_begin(text, from, word) &&
		    token_text_chunk(text, from, word->count) == word->count)
			return token_place(from, word->count, text->count);
	}
	return TOKEN_NONE;
}

static bool
token_initials_at(const struct token_text *text, size_t from, const struct token_text *word)
{
	bool sound = false;

	if (from + word->count > text->count)
		return false;
	for (size_t i = 0; i < word->count; i++) {
		const struct token_unit *unit = &text->units[from + i];
		if (!token_unit_has_initial(unit, word->units[i].code))
			return false;
		sound = sound || unit->sound != NULL;
	}
	return sound;
}

static enum token_rank
token_match_initials(const struct token_text *text, const struct token_text *word)
{
	for (size_t from = 0; from < text->count; from++) {
		const struct token_unit *unit = &text->units[from];
		if ((!unit->han && !unit->start) || !token_initials_at(text, from, word))
			continue;
		if (from > 0)
			return TOKEN_INITIALS_INSIDE;
		return word->count == text->count ? TOKEN_INITIALS : TOKEN_INITIALS_START;
	}
	return TOKEN_NONE;
}

/* Letters being read as syllables: bit i of open says that i letters are used up here. */
struct token_reading {
	const char *letters;
	size_t count;
	uint64_t open;
	bool part; /* the letters end inside or at the end of this unit's syllable */
	bool full; /* at its end */
};

/* One reading of one unit, typed from letter at on. */
static void
token_read_syllable(
    struct token_reading *reading, const char *syllable, size_t at, uint64_t *next)
{
	const char *rest = reading->letters + at, *spellings[PINYIN_SPELLINGS];
	size_t left = reading->count - at, count = pinyin_spellings(syllable, spellings);

	reading->part = reading->part || strncmp(syllable, rest, left) == 0;
	for (size_t i = 0; i < count; i++) {
		size_t bytes = strlen(spellings[i]);
		if (bytes > left || memcmp(spellings[i], rest, bytes) != 0)
			continue;
		if (bytes == left)
			reading->part = reading->full = true;
		else
			*next |= UINT64_C(1) << (at + bytes);
	}
}

/* Whether what is left from letter at on are initials of the units from from on. */
static bool
token_read_tail(
    const struct token_reading *reading, const struct token_text *text, size_t from, size_t at)
{
	if (reading->count - at < 2 || from + (reading->count - at) > text->count)
		return false;
	for (; at < reading->count; at++, from++)
		if (text->units[from].sound == NULL ||
		    !token_unit_has_initial(
			&text->units[from], (unsigned char)reading->letters[at]))
			return false;
	return true;
}

/* Whether the letters are pinyin of the text from unit from on. *whole: all of it, to the end.
 */
static bool
token_pinyin_at(
    const struct token_text *text, size_t from, const char *letters, size_t count, bool *whole)
{
	struct token_reading reading = { .letters = letters, .count = count, .open = 1 };
	bool found = false;

	*whole = false;
	for (size_t unit = from; unit < text->count && reading.open != 0; unit++) {
		const struct pinyin_syllable *sound = text->units[unit].sound;
		uint64_t next = 0;
		if (sound == NULL)
			break;
		reading.part = reading.full = false;
		for (size_t at = 0; at < count; at++) {
			if ((reading.open >> at & 1) == 0)
				continue;
			for (size_t i = 0; i < sound->count; i++)
				token_read_syllable(&reading, sound->readings[i], at, &next);
			found =
			    found || (unit > from && token_read_tail(&reading, text, unit, at));
		}
		found = found || reading.part;
		*whole = *whole || (from == 0 && reading.full && unit + 1 == text->count);
		reading.open = next;
	}
	return found;
}

static enum token_rank
token_match_pinyin(const struct token_text *text, const struct token_text *word)
{
	char letters[TOKEN_PINYIN_UNITS + 1];
	bool whole, found = false;

	if (word->count > TOKEN_PINYIN_UNITS)
		return TOKEN_NONE;
	for (size_t i = 0; i < word->count; i++) {
		if (word->units[i].code < 'a' || word->units[i].code > 'z')
			return TOKEN_NONE;
		letters[i] = (char)word->units[i].code;
	}
	letters[word->count] = '\0';
	for (size_t from = 0; from < text->count; from++) {
		if (text->units[from].sound == NULL)
			continue;
		found = token_pinyin_at(text, from, letters, word->count, &whole) || found;
		if (from == 0 && whole)
			return TOKEN_INITIALS;
	}
	return found ? TOKEN_PINYIN : TOKEN_NONE;
}

static enum token_rank
token_match_latin(
    const struct token_text *text, const struct token_word *word, enum token_kind kind)
{
	enum token_rank rank = token_match_word(text, &word->text, kind);

	if (!text->sound || word->digits || word->text.count < 2 ||
	    !token_text_is_ascii(&word->text))
		return rank;
	rank = token_better(rank, token_match_initials(text, &word->text));
	return token_better(rank, token_match_pinyin(text, &word->text));
}

static enum token_rank
token_match_number(const char *number, const char *digits)
{
	size_t length = strlen(number), count = strlen(digits);
	const char *at = count == 0 ? NULL : strstr(number, digits);

	if (at == NULL || (count < TOKEN_PHONE_GRAM && count != length))
		return TOKEN_NONE;
	if (count == length)
		return count + 1 < TOKEN_PHONE_GRAM ? TOKEN_NONE : TOKEN_EXACT;
	return strcmp(number + length - count, digits) == 0 ? TOKEN_PHONE_END
							    : TOKEN_PHONE_INSIDE;
}

static enum token_rank
token_match_phones(const struct token_seen *seen, const struct token_word *word)
{
	enum token_rank rank = TOKEN_NONE;

	for (size_t i = 0; word->digits && i < seen->phone_count; i++) {
		const struct token_phone *phone = &seen->phones[i];
		const char *typed[] = { word->phone.raw, word->phone.home };
		for (size_t t = 0; t < 2; t++) {
			rank = token_better(rank, token_match_number(phone->raw, typed[t]));
			rank = token_better(rank, token_match_number(phone->home, typed[t]));
		}
	}
	return rank;
}

/* The word is the whole value, whatever spaces and signs lie in either. */
static bool
token_match_whole(const struct token_seen *seen, const struct token_word *word)
{
	if (seen->kind == TOKEN_TEXT)
		return false;
	if (seen->kind != TOKEN_PHONE)
		return seen->text.count == word->text.count &&
		       token_units_begin(&seen->text, 0, &word->text);
	for (size_t i = 0; word->digits && i < seen->phone_count; i++)
		if (strcmp(token_phone_whole(&seen->phones[i]),
			token_phone_whole(&word->phone)) == 0)
			return true;
	return false;
}

/* As a value that shows. */
static enum token_rank
token_match_clear(const struct token_seen *seen, const struct token_word *word, bool typo)
{
	enum token_rank rank;

	if (seen->kind == TOKEN_PHONE)
		return token_match_phones(seen, word);
	rank = word->text.han ? token_match_han(&seen->text, &word->text, seen->kind)
			      : token_match_latin(&seen->text, word, seen->kind);
	if (seen->kind == TOKEN_TEXT && rank < TOKEN_INSIDE)
		return TOKEN_INSIDE; /* a remark is not a name */
	if (rank == TOKEN_NONE && typo && token_kind_sounds(seen->kind) &&
	    token_typo_matches(word, &seen->text))
		rank = TOKEN_TYPO;
	return rank;
}

/* A masked value of a clear class was found by the clear query, so must match both ways. */
static enum token_rank
token_match_seen(const struct token_seen *seen, const struct token_word *word, bool typo)
{
	if (seen->whole && !token_match_whole(seen, word))
		return TOKEN_NONE;
	return seen->clear ? token_match_clear(seen, word, typo && !seen->whole) : TOKEN_EXACT;
}

/* False: the query leaves the field out. */
static bool
token_see(struct arena *arena, const struct token_query *query, const struct token_field *field,
    struct token_seen *seen)
{
	bool clear = field->class != '\0' && strchr(query->clear, field->class) != NULL;
	bool whole = field->class != '\0' && strchr(query->whole, field->class) != NULL;

	*seen = (struct token_seen){ .field = field, .kind = token_kind_of(field->class) };
	if (seen->kind == TOKEN_UNKNOWN || field->text == NULL || (!clear && !whole))
		return false;
	seen->clear = clear;
	seen->whole = field->whole || !clear;
	if (seen->kind == TOKEN_PHONE) {
		const char *plain = text_fold_width(arena, field->text);
		seen->phone_count = token_phones(plain, strlen(plain), seen->phones);
		return seen->phone_count > 0;
	}
	token_text_read(arena, field->text, strlen(field->text), token_kind_sounds(seen->kind),
	    seen->kind == TOKEN_PERSON, &seen->text);
	return seen->text.count > 0;
}

/* What was typed against one field as a whole: equal, or its beginning. */
static enum token_rank
token_match_all(const struct token_seen *seen, const struct token_query *query)
{
	if (token_match_whole(seen, &query->all))
		return seen->field->short_name ? TOKEN_SHORT_NAME : TOKEN_EXACT;
	if (!seen->whole && seen->kind != TOKEN_PHONE && seen->kind != TOKEN_TEXT &&
	    token_units_begin(&seen->text, 0, &query->all.text))
		return TOKEN_START;
	return TOKEN_NONE;
}

struct token_raw_search {
	const uint32_t *pair;
	enum token_rank rank;
};

static void
token_raw_look(void *search_, uint32_t first, uint32_t second, size_t index)
{
	struct token_raw_search *search = search_;

	(void)index;
	/* Two letters inside a word say less than initials do. */
	if (first == search->pair[0] && second == search->pair[1])
		search->rank = TOKEN_INITIALS_INSIDE;
}

/* The two characters typed stand side by side in a short name. */
static enum token_rank
token_match_raw(
    struct arena *arena, const struct token_seen *seen, const struct token_query *query)
{
	struct token_raw_search search = { .pair = query->pair, .rank = TOKEN_NONE };

	if (query->pair[0] != 0 && seen->kind == TOKEN_NAME && seen->clear && !seen->whole)
		token_raw_pairs(arena, seen->field->text, token_raw_look, &search);
	return search.rank;
}

static void
token_hit_take(struct token_hit *hit, enum token_rank rank, size_t field)
{
	if (rank < hit->rank)
		*hit = (struct token_hit){ .rank = rank, .field = field };
}

/* How well the words match, each in its best field: as well as the worst of them. */
static struct token_hit
token_match_words(
    const struct token_query *query, const struct token_seen *seen, size_t count, bool typo)
{
	struct token_hit worst = { .rank = TOKEN_SHORT_NAME };

	for (size_t w = 0; w < query->count && worst.rank != TOKEN_NONE; w++) {
		struct token_hit best = { .rank = TOKEN_NONE };
		for (size_t i = 0; i < count; i++)
			token_hit_take(&best,
			    token_match_seen(&seen[i], &query->words[w], typo),
			    (size_t)(seen[i].field - seen[0].field));
		if (w == 0 || best.rank > worst.rank)
			worst = best;
	}
	return worst;
}

bool
token_match(struct arena *arena, const struct token_query *query,
    const struct token_field *fields, size_t count, bool typo, struct token_hit *hit)
{
	struct token_seen *seen = ARENA_ARRAY(arena, struct token_seen, count + 1);
	size_t seen_count = 0;
	struct token_hit all = { .rank = TOKEN_NONE };

	*hit = all;
	if (query->text == NULL)
		return false;
	for (size_t i = 0; i < count; i++)
		seen_count += token_see(arena, query, &fields[i], &seen[seen_count]);
	if (seen_count == 0)
		return false;
	struct token_hit words = token_match_words(query, seen, seen_count, typo);
	struct token_hit raw = { .rank = TOKEN_NONE };
	bool masked = false;
	if (query->pair_only)
		words.rank = TOKEN_NONE;
	for (size_t i = 0; i < seen_count; i++) {
		enum token_rank rank = query->pair_only ? TOKEN_NONE : token_match_all(&seen[i], query);
		token_hit_take(&raw, token_match_raw(arena, &seen[i], query),
		    (size_t)(seen[i].field - fields));
		masked = masked || (!seen[i].clear && rank <= TOKEN_EXACT);
		token_hit_take(&all, rank, (size_t)(seen[i].field - fields));
	}
	if (words.rank == TOKEN_NONE && (!masked || typo)) {
		*hit = raw;
		return raw.rank != TOKEN_NONE;
	}
	words.field += (size_t)(seen[0].field - fields);
	if (query->count > 1 && words.rank < TOKEN_INSIDE)
		words.rank = TOKEN_INSIDE; /* each begins a field, what was typed does not */
	*hit = all.rank <= words.rank ? all : words;
	token_hit_take(hit, raw.rank, raw.field);
	return true;
}
