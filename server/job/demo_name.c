/*
 * Names of the demo's customers and people. Common characters come up often and rare ones
 * seldom, as in a real register, yet most names are met once.
 */
#include "common/pinyin.h"
#include "server/job/demo_make.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

struct demo_namer {
	struct demo_world *world;
	struct demo_customer *customer;
	struct demo_random *random;
	struct arena *arena;
	const struct demo_place *place;
};

static const char *
demo_draw(const struct demo_namer *namer, enum demo_words words)
{
	return demo_word(namer->random, namer->world->vocabulary, words);
}

/* Two characters, or three; never one twice in a row. */
static const char *
demo_brand(const struct demo_namer *namer)
{
	const char *first = demo_draw(namer, DEMO_brand_first);
	const char *second = demo_draw(namer, DEMO_brand_second);
	const char *third =
	    demo_chance(namer->random, 40) ? demo_draw(namer, DEMO_brand_third) : "";

	while (strcmp(second, first) == 0 || strcmp(second, third) == 0)
		second = demo_draw(namer, DEMO_brand_second);
	return arena_printf(namer->arena, "%s%s%s", first, second, third);
}

static void
demo_set_domain(struct demo_customer *customer, const char *latin)
{
	static const char *const roots[] = { "example.com", "example.com", "example.net",
		"example.org" };
	size_t used = 0;
	char label[40];

	for (const char *c = latin; *c != '\0' && used < sizeof(label) - 1; c++)
		if (isalnum((unsigned char)*c))
			label[used++] = (char)tolower((unsigned char)*c);
	label[used] = '\0';
	snprintf(customer->domain, sizeof(customer->domain), "%s%s%s", label,
	    used > 0 ? "." : "", roots[demo_below(customer->random, 4)]);
}

static const char *
demo_capital(struct arena *arena, const char *latin)
{
	char *text = arena_strdup(arena, latin);

	text[0] = (char)toupper((unsigned char)text[0]);
	return text;
}

static const char *
demo_nature(struct demo_random *random)
{
	uint32_t at = demo_below(random, 100);

	return at < 62   ? "private"
	       : at < 72 ? "state"
	       : at < 78 ? "joint"
	       : at < 82 ? "foreign"
	       : at < 86 ? "hmt"
	       : at < 89 ? "collective"
	       : at < 92 ? "listed"
			 : NULL;
}

static const char *
demo_company_full(const struct demo_namer *namer, const char *brand, const char *trade)
{
	const struct demo_place *place = namer->place;
	const char *form =
	    demo_chance(namer->random, 60) ? "有限公司" : demo_draw(namer, DEMO_form_company);
	uint32_t how = demo_below(namer->random, 100);

	if (how < 15)
		return arena_printf(namer->arena, "%s市%s%s%s", place->zh, brand, trade, form);
	if (how < 30 && place->province[0] != '\0')
		return arena_printf(
		    namer->arena, "%s%s%s%s", place->province, brand, trade, form);
	if (how < 45)
		return arena_printf(namer->arena, "%s%s%s", brand, trade, form);
	if (how < 55)
		return arena_printf(
		    namer->arena, "%s（%s）%s%s", brand, place->zh, trade, form);
	return arena_printf(namer->arena, "%s%s%s%s", place->zh, brand, trade, form);
}

static const char *
demo_company_short(const struct demo_namer *namer, const char *brand, const char *trade)
{
	uint32_t how = demo_below(namer->random, 100);
	bool three = strlen(brand) > 6; /* three bytes a character */

	if (how < 25)
		return arena_printf(namer->arena, "%s%s", namer->place->zh, brand);
	if (how < 45)
		return arena_printf(namer->arena, "%s%s%s", namer->place->zh, brand, trade);
	if (how < 60 && three)
		return brand;
	return arena_printf(namer->arena, "%s%s", brand, trade);
}

static void
demo_name_company(const struct demo_namer *namer)
{
	struct demo_customer *customer = namer->customer;
	const struct demo_trade *trade =
	    &demo_trades[demo_pick(namer->random, &namer->world->vocabulary->trades)];
	const char *brand = demo_brand(namer);
	const char *latin = pinyin_full(namer->arena, brand, PINYIN_NAME);

	customer->type = "company";
	customer->company = true;
	customer->nature = demo_nature(namer->random);
	customer->industry = trade->industry;
	customer->trade = trade->short_zh;
	customer->name = demo_company_full(namer, brand, trade->zh);
	customer->short_name = demo_company_short(namer, brand, trade->short_zh);
	if (demo_chance(namer->random, 55))
		customer->name_en = arena_printf(namer->arena, "%s %s %s Co., Ltd.",
		    namer->place->en, demo_capital(namer->arena, latin), trade->en);
	demo_set_domain(customer, latin);
}

/* Bluefield, Silver Brook, Walker & Reed, Falcon. */
static const char *
demo_english_brand(const struct demo_namer *namer)
{
	uint32_t how = demo_below(namer->random, 100);
	enum demo_words before =
	    how < 60 || how >= 85 ? DEMO_english_first : DEMO_english_surname;
	enum demo_words after = how < 60 ? DEMO_english_second : DEMO_english_surname;
	const char *first = demo_draw(namer, before);
	const char *second = demo_draw(namer, after);

	if (how < 40)
		return arena_printf(namer->arena, "%s%s", first, second);
	if (how < 60)
		return arena_printf(
		    namer->arena, "%s %s", first, demo_capital(namer->arena, second));
	return arena_printf(namer->arena, how < 85 ? "%s & %s" : "%s %s", first, second);
}

static void
demo_name_english(const struct demo_namer *namer)
{
	struct demo_customer *customer = namer->customer;
	const struct demo_trade *trade =
	    &demo_trades[demo_pick(namer->random, &namer->world->vocabulary->trades)];
	const char *brand = demo_english_brand(namer);

	customer->english = true;
	customer->company = true;
	customer->abroad = demo_chance(namer->random, 35);
	customer->type = "company";
	customer->nature = customer->abroad ? "private" : "foreign";
	customer->industry = trade->industry;
	customer->trade = trade->en;
	if (customer->abroad || demo_chance(namer->random, 40))
		customer->name = arena_printf(namer->arena, "%s %s %s", brand, trade->en,
		    demo_draw(namer, DEMO_english_form));
	else
		customer->name = arena_printf(
		    namer->arena, "%s %s (%s) Co., Ltd.", brand, trade->en, namer->place->en);
	customer->short_name = demo_chance(namer->random, 50)
				   ? arena_printf(namer->arena, "%s %s", brand, trade->en)
				   : brand;
	customer->name_en = customer->name;
	demo_set_domain(customer, brand);
}

static void
demo_name_person(const struct demo_namer *namer)
{
	struct demo_customer *customer = namer->customer;

	customer->english = demo_chance(namer->random, 12);
	struct demo_human human = demo_human(
	    namer->random, namer->arena, namer->world->vocabulary, customer->english);
	customer->type = "person";
	customer->nature = "individual";
	customer->name = human.name;
	customer->name_en = customer->english ? human.name : NULL;
	customer->trade = customer->english ? "private" : "个人";
	demo_set_domain(customer, "");
}

/* The city's own, or a district's; numbered apart by the street where there are many. */
static void
demo_name_public(const struct demo_namer *namer, enum demo_words words, const char *type)
{
	struct demo_customer *customer = namer->customer;
	const struct demo_city *city = &namer->world->cities[customer->place];
	const char *what = demo_draw(namer, words);
	const char *district = "";

	if (city->district_count > 0 && demo_chance(namer->random, 75))
		district =
		    city->districts[demo_below(namer->random, city->district_count)]->name;
	customer->type = type;
	customer->nature = "public";
	customer->industry =
	    words == DEMO_government                                         ? "government"
	    : strstr(what, "医院") != NULL || strstr(what, "疾病") != NULL   ? "medical"
	    : strstr(what, "学") != NULL || strstr(what, "幼儿") != NULL     ? "education"
	    : strstr(what, "研究院") != NULL || strstr(what, "测试") != NULL ? "research"
									     : "culture";
	customer->trade = "公共事业";
	customer->company = true;
	if (words == DEMO_institution && demo_chance(namer->random, 40)) {
		const char *street = demo_draw(namer, DEMO_street);

		customer->name = arena_printf(
		    namer->arena, "%s市%s%s%s", namer->place->zh, district, street, what);
		customer->short_name =
		    arena_printf(namer->arena, "%s%s%s", namer->place->zh, street, what);
	} else {
		customer->name =
		    arena_printf(namer->arena, "%s市%s%s", namer->place->zh, district, what);
		customer->short_name = arena_printf(namer->arena, "%s%s",
		    district[0] != '\0' ? district : namer->place->zh, what);
	}
	demo_set_domain(
	    customer, pinyin_initials(namer->arena, customer->short_name, PINYIN_NAME));
}

static void
demo_name_household(const struct demo_namer *namer)
{
	struct demo_customer *customer = namer->customer;
	const struct demo_trade *trade =
	    &demo_trades[demo_pick(namer->random, &namer->world->vocabulary->trades)];
	const char *brand = demo_brand(namer);
	const char *form = demo_draw(namer, DEMO_form_household);

	customer->type = "household";
	customer->nature = "individual";
	customer->industry = trade->industry;
	customer->trade = trade->short_zh;
	customer->name = arena_printf(
	    namer->arena, "%s市%s%s%s", namer->place->zh, brand, trade->short_zh, form);
	customer->short_name = arena_printf(namer->arena, "%s%s", brand, form);
	demo_set_domain(customer, pinyin_full(namer->arena, brand, PINYIN_NAME));
}

void
demo_name_customer(struct demo_world *world, struct demo_customer *customer, uint32_t kind)
{
	struct demo_namer namer = { .world = world,
		.customer = customer,
		.random = customer->random,
		.arena = customer->scratch,
		.place = &demo_places[customer->place] };

	switch (kind) {
	case DEMO_KIND_ENGLISH:
		demo_name_english(&namer);
		break;
	case DEMO_KIND_PERSON:
		demo_name_person(&namer);
		break;
	case DEMO_KIND_INSTITUTION:
		demo_name_public(&namer, DEMO_institution, "institution");
		break;
	case DEMO_KIND_GOVERNMENT:
		demo_name_public(&namer, DEMO_government, "government");
		break;
	case DEMO_KIND_HOUSEHOLD:
		demo_name_household(&namer);
		break;
	default:
		demo_name_company(&namer);
	}
}

/* Surname in full, then initials: wangxm; ouyangf. */
static void
demo_login(struct arena *arena, struct demo_human *human)
{
	struct pinyin_syllable *syllables;
	size_t count = pinyin_text(arena, human->name, PINYIN_PERSON, &syllables);
	size_t family = strlen(human->surname) / 3; /* three bytes a Han character */
	size_t used = 0;

	for (size_t i = 0; i < count && used < 20; i++) {
		const char *reading = syllables[i].count > 0 ? syllables[i].readings[0] : "x";
		size_t take = i < family ? strlen(reading) : 1;

		memcpy(human->login + used, reading, take);
		used += take;
	}
}

static struct demo_human
demo_human_english(
    struct demo_random *random, struct arena *arena, const struct demo_vocabulary *vocabulary)
{
	const char *given = demo_word(random, vocabulary, DEMO_english_given);
	const char *surname = demo_word(random, vocabulary, DEMO_english_surname);
	struct demo_human human = { .name = arena_printf(arena, "%s %s", given, surname),
		.surname = surname,
		.english = true,
		.female = demo_chance(random, 50) };
	size_t used = 0;

	human.login[used++] = (char)tolower((unsigned char)given[0]);
	for (const char *c = surname; *c != '\0' && used < 20; c++)
		if (isalpha((unsigned char)*c))
			human.login[used++] = (char)tolower((unsigned char)*c);
	return human;
}

struct demo_human
demo_human(struct demo_random *random, struct arena *arena,
    const struct demo_vocabulary *vocabulary, bool english)
{
	if (english)
		return demo_human_english(random, arena, vocabulary);

	struct demo_human human = { .female = demo_chance(random, 45) };
	enum demo_words given = human.female ? DEMO_given_female : DEMO_given_male;
	const char *first = demo_word(random, vocabulary, given);
	const char *second =
	    demo_chance(random, 82) ? demo_word(random, vocabulary, given) : "";

	human.surname = demo_word(random, vocabulary, DEMO_surname);
	human.name = arena_printf(arena, "%s%s%s", human.surname, first, second);
	demo_login(arena, &human);
	return human;
}
