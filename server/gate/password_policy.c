/*
 * What a new password must be like. Length counts most; beyond it a password is refused when
 * little is left of it once the parts everybody guesses first are taken together: common words
 * and pinyin (password_words.def), walks over the keyboard, runs and repeats, numbers, the
 * user's and the company's names. Each such part weighs as one character, each other character
 * as itself, and POLICY_WEIGHT of them are wanted.
 */
#include "server/gate/password.h"

#include "common/pinyin.h"
#include "common/text.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define POLICY_CHARS_MAX 128
#define POLICY_WEIGHT 7
#define POLICY_WALK_CHARS 4 /* three neighbours come about by chance */
#define POLICY_WORD_CHARS 3
#define POLICY_WORD_BYTES 32

static const char policy_words[] = " "
#define WORDS(text) text " "
#include "server/gate/password_words.def"
#undef WORDS
    ;

/* Keys beside each other: along the rows, down the columns. */
static const char *const policy_walks[] = { "1234567890", "qwertyuiop", "asdfghjkl", "zxcvbnm",
	"abcdefghijklmnopqrstuvwxyz", "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol", "qazwsxedcrfvtgbyhnujm",
	"147258369", "!@#$%^&*()", "qweasdzxc", "1q2w3e4r5t6y7u8i9o0p" };

/* What digits and signs stand for in words; '\0': for nothing. */
static char
policy_letter(char c)
{
	static const char from[] = "013457@$!", to[] = "oleastasi";
	const char *at = c == '\0' ? NULL : strchr(from, c);

	return at != NULL ? to[at - from] : c;
}

/* The longest listed word that text begins with; list is " word word ". */
static size_t
policy_word(const char *list, const char *text, size_t bytes)
{
	size_t best = 0;

	for (const char *at = list + 1; *at != '\0';) {
		size_t length = strcspn(at, " ");

		if (length >= POLICY_WORD_CHARS && length <= bytes && length > best &&
		    strncmp(at, text, length) == 0)
			best = length;
		at += length + (at[length] == ' ');
	}
	return best;
}

static size_t
policy_walk_along(const char *walk, const char *text, size_t bytes)
{
	size_t best = 0;

	for (int step = -1; step <= 1; step += 2)
		for (const char *at = strchr(walk, text[0]); at != NULL; at = strchr(at + 1, text[0])) {
			const char *key = at;
			size_t length = 0;

			while (length < bytes && key >= walk && *key != '\0' && *key == text[length]) {
				length++;
				key += step;
			}
			best = length > best ? length : best;
		}
	return best;
}

/* A walk over the keyboard, a run of the alphabet, or the same character again and again. */
static size_t
policy_walk(const char *text, size_t bytes)
{
	size_t best = 1;

	while (best < bytes && text[best] == text[0])
		best++;
	for (size_t i = 0; i < sizeof(policy_walks) / sizeof(policy_walks[0]); i++) {
		size_t length = policy_walk_along(policy_walks[i], text, bytes);

		best = length > best ? length : best;
	}
	return best >= POLICY_WALK_CHARS ? best : 0;
}

static size_t
policy_number(const char *text, size_t bytes)
{
	size_t length = 0;

	while (length < bytes && (isdigit((unsigned char)text[length]) || text[length] == '-' ||
				     text[length] == '.' || text[length] == '/'))
		length++;
	return length >= 2 ? length : 0;
}

/* The longest part that weighs as one character, at text. */
static size_t
policy_part(const char *names, const char *text, const char *letters, size_t bytes)
{
	const size_t lengths[] = { policy_word(policy_words, text, bytes),
		policy_word(policy_words, letters, bytes), policy_word(names, text, bytes),
		policy_word(names, letters, bytes), policy_walk(text, bytes),
		policy_number(text, bytes) };
	size_t best = 0;

	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++)
		best = lengths[i] > best ? lengths[i] : best;
	return best;
}

static int
policy_weight(struct arena *arena, const char *folded, const char *names)
{
	char *letters = arena_strdup(arena, folded);
	size_t bytes = strlen(folded);
	int weight = 0;
	char last[POLICY_WORD_BYTES] = "";

	for (char *at = letters; *at != '\0'; at++)
		*at = policy_letter(*at);
	for (size_t at = 0; at < bytes;) {
		size_t part = policy_part(names, folded + at, letters + at, bytes - at);
		size_t step = part > 0 ? part : 1;

		/* The same part again adds nothing. */
		if (part == 0 || part >= sizeof(last) || strncmp(last, folded + at, part) != 0 ||
		    last[part] != '\0')
			weight += ((unsigned char)folded[at] & 0xC0) != 0x80;
		if (part > 0 && part < sizeof(last))
			snprintf(last, sizeof(last), "%.*s", (int)part, folded + at);
		at += step;
	}
	return weight;
}

static int
policy_classes(const char *password)
{
	bool small = false, capital = false, digit = false, other = false;

	for (const char *c = password; *c != '\0'; c++)
		if (islower((unsigned char)*c))
			small = true;
		else if (isupper((unsigned char)*c))
			capital = true;
		else if (isdigit((unsigned char)*c))
			digit = true;
		else
			other = true;
	return small + capital + digit + other;
}

/* " word word ": the names that are not to be part of it, folded, Chinese ones in pinyin too. */
static const char *
policy_names(struct arena *arena, const struct password_rules *rules)
{
	const char *user = rules->user != NULL ? rules->user : "";
	const char *label = rules->label != NULL ? rules->label : "";
	return arena_printf(arena, " %s %s %s %s kehu ", text_fold(arena, user),
	    text_fold(arena, label), pinyin_full(arena, label, PINYIN_PERSON),
	    text_fold(arena, rules->company != NULL ? rules->company : ""));
}

enum err
password_policy(
    struct arena *arena, const struct password_rules *rules, const char *password)
{
	const char *normal;
	size_t chars;

	if (!text_valid(password, strlen(password)))
		return ERR_PASSWORD_WEAK;
	normal = text_nfkc(arena, password);
	chars = text_chars(normal);
	if (chars < rules->chars_min || chars > POLICY_CHARS_MAX ||
	    policy_classes(normal) < rules->classes_min)
		return ERR_PASSWORD_WEAK;
	if (policy_weight(arena, text_fold(arena, normal), policy_names(arena, rules)) <
	    POLICY_WEIGHT)
		return ERR_PASSWORD_COMMON;
	return ERR_OK;
}
