/*
 * One customer after the other, each with a random generator of its own, oldest first. What
 * hangs on it is made with it, so that its figures and search row are right from the start.
 */
#include "common/name.h"
#include "common/pinyin.h"
#include "common/text.h"
#include "server/entity/fields.h"
#include "server/job/demo_make.h"

#include <string.h>

#define DEMO_TWICE 150 /* one of so many */

enum { DEMO_YEARS = 6, DEMO_DAYS = DEMO_YEARS * 365 };

#define DEMO_ROWS(world_, table_) (&(world_)->chunk.tables[DEMO_TABLE_##table_])

static uint32_t
demo_kind(struct demo_random *random)
{
	uint32_t at = demo_below(random, 100);

	return at < 80   ? DEMO_KIND_COMPANY
	       : at < 87 ? DEMO_KIND_ENGLISH
	       : at < 95 ? DEMO_KIND_PERSON
	       : at < 98 ? DEMO_KIND_INSTITUTION
	       : at < 99 ? DEMO_KIND_GOVERNMENT
			 : DEMO_KIND_HOUSEHOLD;
}

static const char *
demo_level(struct demo_random *random)
{
	uint32_t at = demo_below(random, 100);

	return at < 5 ? "A" : at < 20 ? "B" : at < 70 ? "C" : "D";
}

/* A young customer is not lost yet; a good one seldom is. */
static const char *
demo_stage(struct demo_random *random, const char *level, int64_t age_days)
{
	uint32_t active = level[0] == 'A'   ? 75
			  : level[0] == 'B' ? 60
			  : level[0] == 'C' ? 40
					    : 20;
	uint32_t at = demo_below(random, 100);

	if (at < active)
		return "active";
	at = demo_below(random, 100);
	if (age_days > 400 && at < 30)
		return at < 20 ? "dormant" : "lost";
	return at < 60 ? "contacted" : "potential";
}

static void
demo_place_customer(struct demo_world *world, struct demo_customer *customer)
{
	const struct demo_branch *branch;
	struct demo_random *random = customer->random;

	customer->place = demo_pick(random, &world->vocabulary->places);
	branch = &world->branches[world->cities[customer->place].branch];
	customer->keeper =
	    &world->managers[branch->first + demo_below(random, (uint32_t)branch->count)];
	customer->owner = customer->keeper;
	if (world->pool_count > 0 && demo_chance(random, 8)) {
		/* The first pool is everybody's, the others belong to regions. */
		size_t nth = (size_t)(branch - world->branches),
		       regional = world->pool_count - 1;
		bool common = demo_chance(random, 40) || regional == 0;

		customer->pool = world->pools[common ? 0 : 1 + nth % regional];
		customer->owner = NULL;
	}
}

static const char *
demo_street_address(struct demo_world *world, const struct demo_customer *customer,
    const struct demo_region *district)
{
	struct demo_random *random = customer->random;
	const struct demo_place *place = &demo_places[customer->place];
	const char *street = demo_word(
	    random, world->vocabulary, customer->abroad ? DEMO_english_street : DEMO_street);
	uint32_t number = 1 + demo_below(random, 999);

	if (customer->abroad)
		return arena_printf(customer->scratch, "%u %s, %s", number, street,
		    demo_word(random, world->vocabulary, DEMO_english_city));
	const char *start = arena_printf(customer->scratch, "%s市%s%s%u号", place->zh,
	    district != NULL ? district->name : "", street, number);
	if (demo_chance(random, 45))
		return start;
	const char *building = demo_word(random, world->vocabulary, DEMO_building);
	uint32_t floor = 1 + demo_below(random, 28);

	return arena_printf(customer->scratch, "%s%s%u%02u室", start, building, floor,
	    1 + demo_below(random, 20));
}

static const char *
demo_postcode(const struct demo_customer *customer)
{
	return customer->abroad ? NULL
				: arena_printf(customer->scratch, "%s%02u",
				      demo_places[customer->place].postcode,
				      demo_below(customer->random, 100));
}

static const struct demo_region *
demo_district(const struct demo_world *world, const struct demo_customer *customer)
{
	const struct demo_city *city = &world->cities[customer->place];

	if (customer->abroad || city->district_count == 0)
		return NULL;
	return city->districts[demo_below(customer->random, city->district_count)];
}

static const char *
demo_phone(const struct demo_customer *customer, bool mobile)
{
	if (customer->abroad)
		return demo_phone_abroad(customer->random, customer->scratch);
	return mobile ? demo_mobile(customer->random, customer->scratch)
		      : demo_landline(
			    customer->random, customer->scratch, &demo_places[customer->place]);
}

static const char *
demo_credit(struct demo_random *random)
{
	uint32_t at = demo_below(random, 100);

	return at < 15   ? "AAA"
	       : at < 45 ? "AA"
	       : at < 80 ? "A"
	       : at < 92 ? "B"
	       : at < 97 ? "C"
	       : at < 98 ? "D"
			 : NULL;
}

static const char *
demo_source(struct demo_random *random)
{
	static const char *const sources[] = { "visit", "referral", "partner", "fair", "web",
		"phone", "campaign", "social", "tender", "import" };

	/* The smaller of two draws: own visits and referrals bring most. */
	uint32_t a = demo_below(random, 10), b = demo_below(random, 10);

	return sources[a < b ? a : b];
}

/* Who may help: seldom somebody else, and the demo salesperson more often than others. */
static int64_t
demo_share(struct demo_world *world, const struct demo_customer *customer)
{
	const struct demo_person *with = NULL;
	uint64_t every = world->customers / 60 + 1;
	bool write = demo_chance(customer->random, 50);
	struct demo_rows *rows = DEMO_ROWS(world, record_share);

	if (demo_chance(customer->random, 3))
		with = &world->managers[demo_below(
		    customer->random, (uint32_t)world->manager_count)];
	if (world->made % every == every / 2)
		with = &world->managers[0];
	if (with == NULL || with == customer->owner)
		return 0;
	demo_int(rows, with->user);
	demo_int(rows, E_customer);
	demo_int(rows, customer->id);
	demo_int(rows, write ? 5 : 1); /* view and edit, or view */
	demo_moment(rows, customer->created_us);
	demo_int(rows, customer->keeper->user);
	demo_row_end(rows);
	return write ? with->user : 0;
}

/* The texts that are searched for, as the row has them. */
struct demo_found {
	const char *number, *phone, *mail, *tax_number;
	const char *phones[3];
	size_t phone_count;
	const char *mails[1];
	size_t mail_count;
};

static void
demo_size_cells(struct demo_rows *rows, const struct demo_customer *customer)
{
	struct demo_random *random = customer->random;
	/* Most are small: the product of two draws. */
	int64_t employees = 3 + demo_between(random, 0, 40) * demo_between(random, 0, 40) / 3;
	int64_t founded_day =
	    date_of_us(customer->created_us, DEMO_OFFSET_MIN) - demo_between(random, 90, 9000);

	if (!customer->company || demo_chance(random, 15))
		demo_null(rows);
	else
		demo_int(rows, employees);
	if (!customer->company || customer->abroad || demo_chance(random, 30)) {
		demo_null(rows);
		demo_null(rows);
	} else { /* in steps of 100,000 yuan */
		demo_int(rows,
		    (1 + demo_between(random, 0, 30) * demo_between(random, 0, 30)) * 10000000);
		demo_text(rows, "CNY");
	}
	if (!customer->company || demo_chance(random, 25))
		demo_null(rows);
	else
		demo_date(rows, founded_day);
	demo_text(rows, demo_credit(random));
	if (demo_chance(random, 50))
		demo_int(rows, demo_between(random, 55, 100));
	else
		demo_null(rows);
}

static void
demo_bank_cells(
    struct demo_world *world, struct demo_rows *rows, struct demo_customer *customer)
{
	struct demo_random *random = customer->random;

	if (customer->tax_number != NULL && demo_chance(random, 70)) {
		customer->bank = arena_printf(customer->scratch, "%s%s分行",
		    demo_word(random, world->vocabulary, DEMO_bank),
		    demo_places[customer->place].zh);
		customer->bank_account = arena_printf(customer->scratch, "9%015llu",
		    (unsigned long long)demo_between(random, 0, INT64_C(999999999999999)));
	}
	demo_text(rows, customer->tax_number);
	demo_text(rows,
	    customer->tax_number != NULL ? name_alike(customer->scratch, customer->tax_number) : NULL);
	demo_text(rows, customer->bank);
	demo_text(rows, customer->bank_account);
}

static void
demo_key(struct demo_rows *rows, struct arena *scratch, const char *text)
{
	demo_text(rows, text != NULL ? pinyin_sort_key(scratch, text, PINYIN_NAME) : NULL);
}

static void
demo_customer_row(struct demo_world *world, struct demo_customer *customer,
    struct demo_found *found, int64_t helper)
{
	struct demo_rows *rows = DEMO_ROWS(world, customer);
	struct demo_random *random = customer->random;
	struct arena *scratch = customer->scratch;
	const struct demo_region *district = demo_district(world, customer);
	int64_t region =
	    district != NULL ? district->id : world->cities[customer->place].region;

	demo_int(rows, customer->id);
	demo_text(rows, found->number);
	demo_key(rows, scratch, found->number);
	demo_text(rows, customer->name);
	demo_key(rows, scratch, customer->name);
	demo_text(rows, name_alike(scratch, customer->name));
	demo_text(rows, name_sound(scratch, name_alike(scratch, customer->name)));
	demo_text(rows, customer->short_name);
	demo_key(rows, scratch, customer->short_name);
	demo_text(rows, customer->name_en);
	demo_text(rows, customer->type);
	demo_text(rows, customer->nature);
	demo_text(rows, customer->industry);
	demo_text(rows, demo_source(random));
	demo_text(rows, customer->level);
	demo_text(rows, customer->stage);
	demo_ref(rows, customer->abroad ? 0 : region);
	demo_text(rows, found->phone);
	demo_text(rows, found->phone != NULL ? text_digits(scratch, found->phone) : NULL);
	demo_text(rows, found->mail);
	demo_text(rows, customer->company && demo_chance(random, 60)
			    ? arena_printf(scratch, "https://www.%s/", customer->domain)
			    : NULL);
	demo_text(rows, demo_street_address(world, customer, district));
	demo_text(rows, demo_postcode(customer));
	demo_size_cells(rows, customer);
	if (customer->company && !customer->abroad && demo_chance(random, 80))
		found->tax_number = demo_tax_number(random, scratch,
		    district != NULL && strlen(district->code) == 6
			? district->code
			: arena_printf(scratch, "%s01", demo_places[customer->place].code));
	customer->tax_number = found->tax_number;
	demo_bank_cells(world, rows, customer);
	demo_access(rows, world, customer);
	demo_text(
	    rows, helper != 0 ? arena_printf(scratch, "{%lld}", (long long)helper) : NULL);
	demo_text(rows, demo_chance(random, 25)
			    ? demo_word(random, world->vocabulary, DEMO_remarks)
			    : NULL);
	demo_text(rows,
	    customer->level[0] == 'A'
		? arena_printf(scratch, "K%07lld", (long long)(customer->id * 7919 % 10000000))
		: NULL);
	demo_stamps(rows, customer->created_us,
	    demo_between(
		random, customer->created_us / US_PER_SECOND, world->now_us / US_PER_SECOND) *
		US_PER_SECOND,
	    customer->keeper->user);
	demo_row_end(rows);
}

/* id, parent, position: what every line begins with. */
static struct demo_rows *
demo_line(struct demo_world *world, enum demo_table table, int64_t parent, size_t position)
{
	struct demo_rows *rows = &world->chunk.tables[table];

	demo_int(rows, world->next_id++);
	demo_int(rows, parent);
	demo_int(rows, (int64_t)position);
	return rows;
}

static void
demo_line_end(struct demo_rows *rows, const struct demo_customer *customer)
{
	demo_stamps(rows, customer->created_us, customer->created_us, customer->keeper->user);
	demo_row_end(rows);
}

static void
demo_customer_phones(
    struct demo_world *world, const struct demo_customer *customer, struct demo_found *found)
{
	static const char *const kinds[] = { "mobile", "fax", "finance", "service", "work" };
	uint32_t at = demo_below(customer->random, 100);

	found->phone_count = at < 45 ? 0 : at < 80 ? 1 : at < 95 ? 2 : 3;
	for (size_t i = 0; i < found->phone_count; i++) {
		uint32_t kind = demo_below(customer->random, customer->company ? 5 : 1);
		struct demo_rows *rows =
		    demo_line(world, DEMO_TABLE_customer_phone, customer->id, i + 1);

		found->phones[i] = demo_phone(customer, kind == 0);
		demo_text(rows, kinds[kind]);
		demo_text(rows, found->phones[i]);
		demo_text(rows, text_digits(customer->scratch, found->phones[i]));
		demo_text(
		    rows, kind == 1 && demo_chance(customer->random, 20) ? "自动接收" : NULL);
		demo_line_end(rows, customer);
	}
}

static void
demo_customer_mails(
    struct demo_world *world, const struct demo_customer *customer, struct demo_found *found)
{
	struct demo_rows *rows;

	if (!customer->company || !demo_chance(customer->random, 25))
		return;
	rows = demo_line(world, DEMO_TABLE_customer_mail, customer->id, 1);
	found->mails[found->mail_count++] = arena_printf(customer->scratch, "%s@%s",
	    demo_chance(customer->random, 50) ? "caiwu" : "purchase", customer->domain);
	demo_text(rows, "work");
	demo_text(rows, found->mails[0]);
	demo_line_end(rows, customer);
}

static void
demo_customer_addresses(struct demo_world *world, const struct demo_customer *customer)
{
	static const char *const kinds[] = { "factory", "delivery", "registered", "invoice" };
	size_t count = customer->company && demo_chance(customer->random, 35) ? 1 : 0;

	count += count > 0 && demo_chance(customer->random, 25);
	for (size_t i = 0; i < count; i++) {
		struct demo_rows *rows =
		    demo_line(world, DEMO_TABLE_customer_address, customer->id, i + 1);
		const struct demo_region *district = demo_district(world, customer);

		demo_text(rows, kinds[demo_below(customer->random, 4)]);
		demo_ref(rows, district != NULL ? district->id : 0);
		demo_text(rows, demo_street_address(world, customer, district));
		demo_text(rows, demo_postcode(customer));
		demo_line_end(rows, customer);
	}
}

static void
demo_customer_tags(struct demo_world *world, const struct demo_customer *customer)
{
	uint32_t at = demo_below(customer->random, 100);
	size_t count = at < 60 ? 0 : at < 85 ? 1 : at < 96 ? 2 : 3;
	size_t tag = 0;

	/* Forward steps never meet a tag twice, and favour the first ones. */
	for (size_t i = 0; i < count; i++) {
		struct demo_rows *rows;

		tag += i > 0 ? 1 + demo_below(customer->random, 5)
			     : demo_below(customer->random, 6);
		if (tag >= world->tag_count)
			return;
		rows = demo_line(world, DEMO_TABLE_customer_tag, customer->id, i + 1);
		demo_int(rows, world->tags[tag]);
		demo_line_end(rows, customer);
	}
}

/* With one of the customers made lately, who then had the same time to meet. */
static void
demo_customer_relation(struct demo_world *world, const struct demo_customer *customer)
{
	static const char *const company[] = { "supplier", "buyer", "parent", "subsidiary",
		"affiliate", "partner", "competitor", "agent" };
	static const char *const person[] = { "employer", "guarantor", "kin" };
	const struct demo_known *other =
	    &world->recent[demo_below(customer->random, DEMO_RECENT)];
	struct demo_rows *rows = DEMO_ROWS(world, customer_relation);

	if (other->id == 0 || !demo_chance(customer->random, 7))
		return;
	demo_int(rows, world->next_id++);
	demo_int(rows, customer->id);
	if (customer->company && other->company)
		demo_text(rows, company[demo_below(customer->random, 8)]);
	else if (other->company)
		demo_text(rows, person[0]);
	else
		demo_text(rows, customer->company
				    ? "employee"
				    : person[1 + demo_below(customer->random, 2)]);
	demo_int(rows, other->id);
	demo_null(rows);
	demo_access(rows, world, customer);
	demo_line_end(rows, customer);
}

static void
demo_customer_search(struct demo_world *world, const struct demo_customer *customer,
    const struct demo_found *found)
{
	struct demo_searched texts[16] = {
		{ DEMO_OF_CUSTOMER, F_customer_number, found->number },
		{ DEMO_OF_CUSTOMER, F_customer_name, customer->name },
		{ DEMO_OF_CUSTOMER, F_customer_short_name, customer->short_name },
		{ DEMO_OF_CUSTOMER, F_customer_name_en, customer->name_en },
		{ DEMO_OF_CUSTOMER, F_customer_phone, found->phone },
		{ DEMO_OF_CUSTOMER, F_customer_mail, found->mail },
		{ DEMO_OF_CUSTOMER, F_customer_tax_number, found->tax_number },
	};
	size_t count = 7;

	for (size_t i = 0; i < found->phone_count; i++)
		texts[count++] = (struct demo_searched){ DEMO_OF_CUSTOMER_PHONE,
			F_customer_phone_number, found->phones[i] };
	for (size_t i = 0; i < found->mail_count; i++)
		texts[count++] = (struct demo_searched){ DEMO_OF_CUSTOMER_MAIL,
			F_customer_mail_mail, found->mails[i] };
	demo_search_row(
	    world, DEMO_ROWS(world, customer_search), customer->id, customer, texts, count);
}

static void
demo_begin_customer(struct demo_world *world, struct demo_customer *customer)
{
	struct demo_random *random = customer->random, earlier;
	int64_t age = DEMO_DAYS - (int64_t)(world->made * DEMO_DAYS / world->customers);
	int64_t day = world->today - age;
	int minute = 8 * 60 + (int)demo_below(random, 10 * 60);

	customer->id = world->next_id++;
	customer->created_us = demo_at(day, minute);
	/* A few were entered before, and nobody looked. */
	if (world->made % DEMO_TWICE == DEMO_TWICE - 1) {
		earlier = demo_random_for(world->seed, world->before + world->made - DEMO_TWICE / 2);
		demo_below(&earlier, 10 * 60);
		customer->random = &earlier;
	}
	demo_place_customer(world, customer);
	demo_name_customer(world, customer, demo_kind(customer->random));
	customer->random = random;
	customer->level = demo_level(random);
	customer->stage = demo_stage(random, customer->level, age);
}

void
demo_make_customer(struct demo_world *world, struct arena *scratch)
{
	struct demo_random random = demo_random_for(world->seed, world->before + world->made);
	struct demo_customer customer = { .random = &random, .scratch = scratch };
	struct demo_found found = { 0 };

	demo_begin_customer(world, &customer);
	found.number = demo_number(world, scratch, DEMO_SERIES_CUSTOMER, customer.created_us);
	if (demo_chance(&random, 92))
		found.phone = demo_phone(&customer, !customer.company);
	if (demo_chance(&random, 65))
		found.mail = arena_printf(scratch, "%s%u@%s", customer.company ? "info" : "me",
		    demo_below(&random, 100), customer.domain);
	demo_customer_row(world, &customer, &found, demo_share(world, &customer));
	demo_customer_phones(world, &customer, &found);
	demo_customer_mails(world, &customer, &found);
	demo_customer_addresses(world, &customer);
	demo_customer_tags(world, &customer);
	demo_customer_relation(world, &customer);
	demo_customer_search(world, &customer, &found);
	demo_make_contacts(world, &customer);
	demo_make_visits(world, &customer);
	demo_make_sales(world, &customer);
	demo_make_orders(world, &customer);
	demo_make_service(world, &customer);
	demo_make_figures(world, &customer);
	world->recent[world->made % DEMO_RECENT] = (struct demo_known){ .id = customer.id,
		.created_us = customer.created_us,
		.company = customer.company };
	world->made++;
	world->result->customers++;
}
