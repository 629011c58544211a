/*
 * Chance and vocabulary of the demo company: a seeded generator and the word lists of the
 * demo_*.def files with their chances. The same seed gives the same company on every machine.
 */
#ifndef KEHU_DEMO_WORDS_H
#define KEHU_DEMO_WORDS_H

#include "common/arena.h"
#include <stdint.h>

struct demo_random {
	uint64_t state;
};

/* A generator of its own for the nth of something, so that records do not depend on each other.
 */
struct demo_random demo_random_for(uint64_t seed, uint64_t nth);
uint64_t demo_next(struct demo_random *random);
/* 0 … below - 1; below at least 1. */
uint32_t demo_below(struct demo_random *random, uint32_t below);
/* low … high, both included. */
int64_t demo_between(struct demo_random *random, int64_t low, int64_t high);
bool demo_chance(struct demo_random *random, uint32_t percent);

/* Words with their chances, as cumulative weights. */
struct demo_list {
	const char **words;
	uint32_t *upto;
	uint32_t count;
};

enum demo_words {
#define WORDS(name, flatness, text)   DEMO_##name,
#define PHRASES(name, flatness, text) DEMO_##name,
#define TRADE(industry, zh, short_zh, en)
#include "server/job/demo_names.def"
#include "server/job/demo_texts.def"
#undef WORDS
#undef PHRASES
#undef TRADE
	DEMO_LISTS
};

struct demo_trade {
	const char *industry;
	const char *zh, *short_zh, *en;
};

struct demo_place {
	const char *code; /* of the division, four digits */
	const char *zh, *en, *province;
	const char *area_code;
	int digits;           /* of a local number */
	const char *postcode; /* its first four */
	uint32_t weight;
	const char *branch; /* code of the place whose branch serves it */
};

extern const struct demo_trade demo_trades[];
extern const size_t demo_trade_count;
extern const struct demo_place demo_places[];
extern const size_t demo_place_count;

struct demo_vocabulary {
	struct demo_list lists[DEMO_LISTS];
	struct demo_list trades, places; /* chances only: words are NULL */
};

struct demo_vocabulary *demo_vocabulary_new(struct arena *arena);
/* Index drawn by the list's chances. */
uint32_t demo_pick(struct demo_random *random, const struct demo_list *list);
const char *demo_word(struct demo_random *random, const struct demo_vocabulary *vocabulary,
    enum demo_words words);

#endif
