/*
 * The world a demo company is made in: places joined to the database's regions, free numbers,
 * and the cells that many rows have in common.
 */
#include "server/entity/entity.h"
#include "server/entity/fields.h"
#include "server/job/demo_make.h"
#include "server/record/token.h"

#include <stdio.h>
#include <string.h>

/* Districts are the six-digit codes below a city's four; a city without any is its own. */
static void
demo_city_join(
    struct demo_world *world, size_t at, const struct demo_region *regions, size_t count)
{
	struct demo_city *city = &world->cities[at];
	const char *code = demo_places[at].code;

	city->districts = ARENA_ARRAY(world->arena, const struct demo_region *, 64);
	for (size_t i = 0; i < count; i++) {
		const struct demo_region *region = &regions[i];
		size_t digits = strlen(region->code);

		if (strncmp(region->code, code, 4) != 0)
			continue;
		if (digits == 4 || (digits == 6 && strcmp(region->code + 4, "00") == 0))
			city->region = region->id;
		else if (digits == 6 && city->district_count < 64)
			city->districts[city->district_count++] = region;
	}
}

static const uint32_t demo_entities[DEMO_SEARCHED] = {
	[DEMO_OF_CUSTOMER] = E_customer,
	[DEMO_OF_CUSTOMER_PHONE] = E_customer_phone,
	[DEMO_OF_CUSTOMER_MAIL] = E_customer_mail,
	[DEMO_OF_CONTACT] = E_contact,
	[DEMO_OF_CONTACT_PHONE] = E_contact_phone,
	[DEMO_OF_OPPORTUNITY] = E_opportunity,
	[DEMO_OF_LEAD] = E_lead,
	[DEMO_OF_PRODUCT] = E_product,
	[DEMO_OF_EQUIPMENT] = E_equipment,
	[DEMO_OF_TICKET] = E_ticket,
};

static const uint32_t demo_numbered[DEMO_SERIES] = {
	[DEMO_SERIES_CUSTOMER] = E_customer,
	[DEMO_SERIES_VISIT] = E_visit,
	[DEMO_SERIES_OPPORTUNITY] = E_opportunity,
	[DEMO_SERIES_LEAD] = E_lead,
	[DEMO_SERIES_PRODUCT] = E_product,
	[DEMO_SERIES_QUOTE] = E_quote,
	[DEMO_SERIES_ORDER] = E_order,
	[DEMO_SERIES_DELIVERY] = E_delivery,
	[DEMO_SERIES_RETURN] = E_goods_return,
	[DEMO_SERIES_RECEIPT] = E_receipt,
	[DEMO_SERIES_INVOICE] = E_invoice_request,
	[DEMO_SERIES_TICKET] = E_ticket,
};

/* What the catalogue says about numbers and search. */
static void
demo_world_catalog(struct demo_world *world)
{
	for (size_t e = 0; entity_shipped[e] != NULL; e++) {
		const struct entity *entity = entity_shipped[e];

		for (size_t n = 0; n < DEMO_SERIES; n++)
			if (entity->number == demo_numbered[n])
				world->patterns[n] = entity->number_prefix;
		for (size_t w = 0; w < DEMO_SEARCHED; w++)
			for (const struct field *f = entity->fields;
			     entity->number == demo_entities[w] && f->number != 0; f++)
				if (f->flags & FIELD_SEARCH &&
				    f->number < sizeof(world->class[w]))
					world->class[w][f->number] = f->search;
	}
}

struct demo_world *
demo_world_new(struct arena *arena, const struct demo_options *options,
    const struct demo_region *regions, size_t region_count, struct demo_result *result)
{
	struct demo_world *world = ARENA_NEW(arena, struct demo_world);

	world->arena = arena;
	world->vocabulary = demo_vocabulary_new(arena);
	world->seed = options->seed;
	world->today = options->today;
	world->now_us = demo_at(options->today, 9 * 60);
	world->customers = options->customers;
	world->result = result;
	world->cities = ARENA_ARRAY(arena, struct demo_city, demo_place_count);
	for (size_t i = 0; i < demo_place_count; i++)
		demo_city_join(world, i, regions, region_count);
	demo_world_catalog(world);
	demo_chunk_init(&world->chunk);
	return world;
}

size_t
demo_place_of(const char *code)
{
	for (size_t p = 0; code != NULL && p < demo_place_count; p++)
		if (strncmp(code, demo_places[p].code, 4) == 0)
			return p;
	return DEMO_NOWHERE;
}

void
demo_world_serve(struct demo_world *world)
{
	for (size_t p = 0; p < demo_place_count; p++) {
		size_t wanted = demo_place_of(demo_places[p].branch);

		world->cities[p].branch = p % world->branch_count;
		for (size_t b = 0; b < world->branch_count; b++)
			if (world->branches[b].place == wanted)
				world->cities[p].branch = b;
	}
}

void
demo_world_free(struct demo_world *world)
{
	demo_chunk_fini(&world->chunk);
}

int64_t
demo_at(int64_t day, int minutes)
{
	return day * US_PER_DAY + (minutes - DEMO_OFFSET_MIN) * 60 * US_PER_SECOND;
}

const char *
demo_number_prefix(
    const struct demo_world *world, struct arena *arena, enum demo_series series, size_t month)
{
	const char *pattern = world->patterns[series];
	char *prefix = arena_alloc(arena, strlen(pattern) + 1);
	char *at = prefix;

	for (const char *p = pattern; *p != '\0'; p++) {
		unsigned number = p[0] != '%'   ? 0
				  : p[1] == 'y' ? (unsigned)(1970 + month / 12) % 100
						: (unsigned)(month % 12) + 1;

		if (*p != '%') {
			*at++ = *p;
			continue;
		}
		*at++ = (char)('0' + number / 10);
		*at++ = (char)('0' + number % 10);
		p++;
	}
	*at = '\0';
	return prefix;
}

void
demo_number_known(struct demo_world *world, const char *prefix, uint64_t last)
{
	struct arena *scratch = arena_new(0);

	for (size_t s = 0; s < DEMO_SERIES; s++) {
		bool monthly = strchr(world->patterns[s], '%') != NULL;

		for (size_t m = 0; m < (monthly ? DEMO_MONTHS : 1); m++)
			if (strcmp(prefix, demo_number_prefix(
					       world, scratch, (enum demo_series)s, m)) == 0)
				world->numbers[s][m] = last;
		arena_reset(scratch);
	}
	arena_free(scratch);
}

const char *
demo_number(
    struct demo_world *world, struct arena *arena, enum demo_series series, int64_t created_us)
{
	struct ymd ymd = date_to_ymd(date_of_us(created_us, DEMO_OFFSET_MIN));
	bool monthly = strchr(world->patterns[series], '%') != NULL;
	size_t month =
	    monthly ? (size_t)((ymd.year - 1970) * 12 + ymd.month - 1) % DEMO_MONTHS : 0;

	return arena_printf(arena, "%s%06llu", demo_number_prefix(world, arena, series, month),
	    (unsigned long long)++world->numbers[series][month]);
}

void
demo_stamps(struct demo_rows *rows, int64_t created_us, int64_t updated_us, int64_t by)
{
	demo_moment(rows, created_us);
	demo_ref(rows, by);
	demo_moment(rows, updated_us);
	demo_ref(rows, by);
}

void
demo_owner(struct demo_rows *rows, const struct demo_world *world, const struct demo_person *by)
{
	demo_int(rows, by->user);
	demo_int(rows, by->department);
	demo_int(rows, world->branches[by->branch].id);
}

void
demo_access(struct demo_rows *rows, const struct demo_world *world,
    const struct demo_customer *customer)
{
	const struct demo_person *owner = customer->owner;

	demo_ref(rows, owner != NULL ? owner->user : 0);
	demo_ref(rows, owner != NULL ? owner->department : 0);
	demo_ref(rows, owner != NULL ? world->branches[owner->branch].id : 0);
	demo_ref(rows, customer->pool);
}

/* The texts themselves, for the recheck: a line "<class><entity>.<field>\t<text>" for each. */
static const char *
demo_search_doc(const struct demo_world *world, struct arena *arena,
    const struct demo_searched *texts, size_t count)
{
	size_t bytes = 1;
	char *doc, *at;

	for (size_t i = 0; i < count; i++)
		bytes += texts[i].text != NULL ? strlen(texts[i].text) + 32 : 0;
	doc = at = arena_alloc(arena, bytes);
	for (size_t i = 0; i < count; i++)
		if (texts[i].text != NULL)
			at += sprintf(at, "%c%u.%u\t%s\n",
			    world->class[texts[i].of][texts[i].field],
			    demo_entities[texts[i].of], texts[i].field, texts[i].text);
	return doc;
}

void
demo_search_row(struct demo_world *world, struct demo_rows *rows, int64_t id,
    const struct demo_customer *customer, const struct demo_searched *texts, size_t count)
{
	struct arena *arena = customer->scratch;
	struct token_set set = { 0 };
	size_t bytes = 1;
	char *vector, *at;

	for (size_t i = 0; i < count; i++)
		if (texts[i].text != NULL)
			token_index(arena, &set, world->class[texts[i].of][texts[i].field],
			    texts[i].text);
	token_set_sort(&set);
	for (size_t i = 0; i < set.count; i++)
		bytes += strlen(set.tokens[i]) + 1;
	vector = at = arena_alloc(arena, bytes);
	for (size_t i = 0; i < set.count; i++) {
		at = stpcpy(at, set.tokens[i]);
		*at++ = ' ';
	}
	*at = '\0';
	demo_int(rows, id);
	demo_access(rows, world, customer);
	demo_text(rows, vector);
	demo_text(rows, demo_search_doc(world, arena, texts, count));
	demo_row_end(rows);
}
