/*
 * The demo's random numbers (splitmix64) and its word lists. Chances are integers throughout,
 * so that a seed means the same everywhere.
 */
#include "server/job/demo_words.h"

#include <string.h>

const struct demo_trade demo_trades[] = {
#define WORDS(name, flatness, text)
#define PHRASES(name, flatness, text)
#define TRADE(industry_, zh_, short_, en_)                                                     \
	{ .industry = #industry_, .zh = zh_, .short_zh = short_, .en = en_ },
#include "server/job/demo_names.def"
#undef WORDS
#undef PHRASES
#undef TRADE
};
const size_t demo_trade_count = sizeof(demo_trades) / sizeof(demo_trades[0]);

const struct demo_place demo_places[] = {
#define PLACE(code_, zh_, en_, province_, area_, digits_, postcode_, weight_, branch_)         \
	{ .code = code_,                                                                       \
		.zh = zh_,                                                                     \
		.en = en_,                                                                     \
		.province = province_,                                                         \
		.area_code = area_,                                                            \
		.digits = digits_,                                                             \
		.postcode = postcode_,                                                         \
		.weight = weight_,                                                             \
		.branch = branch_ },
#include "server/job/demo_places.def"
#undef PLACE
};
const size_t demo_place_count = sizeof(demo_places) / sizeof(demo_places[0]);

static const struct demo_source {
	const char *text;
	const char *separators;
	uint32_t flatness;
} demo_sources[DEMO_LISTS] = {
#define WORDS(name, flatness_, text_)                                                          \
	[DEMO_##name] = { .text = text_, .separators = " ", .flatness = flatness_ },
#define PHRASES(name, flatness_, text_)                                                        \
	[DEMO_##name] = { .text = text_, .separators = "|", .flatness = flatness_ },
#define TRADE(industry, zh, short_zh, en)
#include "server/job/demo_names.def"
#include "server/job/demo_texts.def"
#undef WORDS
#undef PHRASES
#undef TRADE
};

uint64_t
demo_next(struct demo_random *random)
{
	uint64_t x = random->state += UINT64_C(0x9e3779b97f4a7c15);

	x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
	return x ^ (x >> 31);
}

struct demo_random
demo_random_for(uint64_t seed, uint64_t nth)
{
	struct demo_random random = { .state = seed * UINT64_C(0xd1342543de82ef95) + nth };

	random.state = demo_next(&random);
	return random;
}

uint32_t
demo_below(struct demo_random *random, uint32_t below)
{
	return (uint32_t)(((demo_next(random) >> 32) * below) >> 32);
}

int64_t
demo_between(struct demo_random *random, int64_t low, int64_t high)
{
	return low + (int64_t)(demo_next(random) % (uint64_t)(high - low + 1));
}

bool
demo_chance(struct demo_random *random, uint32_t percent)
{
	return demo_below(random, 100) < percent;
}

static struct demo_list
demo_list_new(struct arena *arena, uint32_t room)
{
	return (struct demo_list){ .words = ARENA_ARRAY(arena, const char *, room),
		.upto = ARENA_ARRAY(arena, uint32_t, room) };
}

static void
demo_list_add(struct demo_list *list, const char *word, uint32_t weight)
{
	uint32_t before = list->count > 0 ? list->upto[list->count - 1] : 0;

	list->words[list->count] = word;
	list->upto[list->count++] = before + weight;
}

static uint32_t
demo_rank_weight(uint32_t rank, uint32_t flatness)
{
	return UINT32_C(1000000) / (rank + 1 + flatness);
}

static struct demo_list
demo_list_split(struct arena *arena, const struct demo_source *source)
{
	char *text = arena_strdup(arena, source->text);
	struct demo_list list = demo_list_new(arena, (uint32_t)strlen(text) / 2 + 1);
	char *rest = NULL;

	for (char *word = strtok_r(text, source->separators, &rest); word != NULL;
	     word = strtok_r(NULL, source->separators, &rest))
		demo_list_add(&list, word, demo_rank_weight(list.count, source->flatness));
	return list;
}

struct demo_vocabulary *
demo_vocabulary_new(struct arena *arena)
{
	struct demo_vocabulary *vocabulary = ARENA_NEW(arena, struct demo_vocabulary);

	for (size_t i = 0; i < DEMO_LISTS; i++)
		vocabulary->lists[i] = demo_list_split(arena, &demo_sources[i]);
	vocabulary->trades = demo_list_new(arena, (uint32_t)demo_trade_count);
	for (uint32_t i = 0; i < demo_trade_count; i++)
		demo_list_add(&vocabulary->trades, NULL, demo_rank_weight(i, 12));
	vocabulary->places = demo_list_new(arena, (uint32_t)demo_place_count);
	for (uint32_t i = 0; i < demo_place_count; i++)
		demo_list_add(&vocabulary->places, NULL, demo_places[i].weight);
	return vocabulary;
}

uint32_t
demo_pick(struct demo_random *random, const struct demo_list *list)
{
	uint32_t at = demo_below(random, list->upto[list->count - 1]);
	uint32_t low = 0, high = list->count - 1;

	while (low < high) {
		uint32_t middle = (low + high) / 2;

		if (at < list->upto[middle])
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

const char *
demo_word(
    struct demo_random *random, const struct demo_vocabulary *vocabulary, enum demo_words words)
{
	const struct demo_list *list = &vocabulary->lists[words];

	return list->words[demo_pick(random, list)];
}
