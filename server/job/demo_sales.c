/*
 * What a demo company sells: leads, opportunities in every stage with their history, decision
 * chain and competition, and the steps planned to win them.
 */
#include "server/job/demo_make.h"

#include "common/pinyin.h"
#include "common/text.h"
#include "server/entity/fields.h"

#include <string.h>

enum {
	DEMO_STAGES_OPEN = 5,
	DEMO_STAGE_PROPOSAL = 2,
	DEMO_SALES_DAYS = 300,
	DEMO_SALES_LEADS = 2,
	DEMO_SALES_MATTERS = 6
};

/* As the migration ships them. */
static const struct {
	const char *code;
	int probability, stall_days;
} demo_stages[] = {
	{ "prospecting", 10, 30 },
	{ "engaging", 25, 30 },
	{ "proposal", 50, 21 },
	{ "negotiation", 75, 21 },
	{ "contract", 90, 14 },
	{ "won", 100, 0 },
	{ "lost", 0, 0 },
};

static const char *const demo_matters[2][DEMO_SALES_MATTERS] = {
	{ "采购", "年度框架协议", "改造项目", "新厂配套", "备件供应", "维保服务" },
	{ "equipment", "frame agreement", "refit", "new plant", "spare parts", "maintenance" },
};

struct demo_deal {
	struct demo_world *world;
	struct demo_customer *customer;
	int64_t id, opened, closed_us, since_us; /* closed_us 0: open */
	size_t stage, last_open;
	int64_t amount;
	const char *number, *name;
	size_t good;
	int64_t quantity; /* whole ones */
};

static struct demo_rows *
demo_sales_line(struct demo_deal *deal, enum demo_table table, int64_t position)
{
	struct demo_rows *rows = &deal->world->chunk.tables[table];

	demo_int(rows, deal->world->next_id++);
	demo_int(rows, deal->id);
	demo_int(rows, position);
	return rows;
}

static void
demo_sales_end(struct demo_deal *deal, struct demo_rows *rows, int64_t at_us)
{
	demo_stamps(rows, at_us, at_us, deal->customer->keeper->user);
	demo_row_end(rows);
}

/* ---- an opportunity ---------------------------------------------------------------------- */

/* Evenly spaced from the day it was opened to now, or to when it was closed. */
static void
demo_sales_moves(struct demo_deal *deal)
{
	struct demo_world *world = deal->world;
	size_t steps = deal->last_open + (deal->closed_us != 0);
	int64_t begin_us = demo_at(deal->opened, 10 * 60), at_us = begin_us,
		before_us = begin_us;
	int64_t end_us = deal->closed_us != 0 ? deal->closed_us : world->now_us;

	for (size_t i = 0; i <= steps; i++) {
		struct demo_rows *rows =
		    demo_sales_line(deal, DEMO_TABLE_opportunity_move, (int64_t)i);
		bool closing = deal->closed_us != 0 && i == steps;

		at_us = closing ? end_us
				: begin_us +
				      (end_us - begin_us) / (int64_t)(steps + 1) * (int64_t)i;
		demo_moment(rows, at_us);
		demo_text(rows, i == 0 ? NULL : demo_stages[i - 1].code);
		demo_text(rows, demo_stages[closing ? deal->stage : i].code);
		if (i == 0)
			demo_null(rows);
		else
			demo_int(rows, (at_us - before_us) / US_PER_DAY);
		demo_int(rows, deal->customer->keeper->user);
		demo_sales_end(deal, rows, at_us);
		before_us = at_us;
	}
	deal->since_us = at_us;
}

static void
demo_sales_people(struct demo_deal *deal)
{
	static const char *const roles[] = { "decider", "influencer", "user", "buyer" };
	static const char *const attitudes[] = { "support", "neutral", "unknown", "against" };
	static const char *const influences[] = { "high", "medium", "low" };
	struct demo_customer *customer = deal->customer;
	int64_t at_us = demo_at(deal->opened, 11 * 60);

	for (size_t i = 0; i < customer->contact_count; i++) {
		struct demo_rows *rows =
		    demo_sales_line(deal, DEMO_TABLE_opportunity_decider, (int64_t)i);

		demo_int(rows, customer->contacts[i]);
		demo_text(rows, roles[i % 4]);
		demo_text(rows, attitudes[demo_below(customer->random, 4)]);
		demo_text(rows, influences[demo_below(customer->random, 3)]);
		demo_sales_end(deal, rows, at_us);
	}
	if (deal->world->competitor_count > 0 && demo_chance(customer->random, 45)) {
		struct demo_rows *rows =
		    demo_sales_line(deal, DEMO_TABLE_opportunity_competitor, 0);

		demo_int(rows, deal->world->competitors[demo_below(
				   customer->random, (uint32_t)deal->world->competitor_count)]);
		demo_int(rows, deal->amount / 100 * demo_between(customer->random, 85, 115));
		demo_text(rows, "CNY");
		demo_sales_end(deal, rows, at_us);
	}
}

static void
demo_sales_product(struct demo_deal *deal)
{
	struct demo_rows *rows = demo_sales_line(deal, DEMO_TABLE_opportunity_product, 0);

	demo_ref(rows, deal->world->goods[deal->good].id);
	demo_text(rows, deal->world->good_count > 0 ? deal->world->goods[deal->good].name
						    : deal->customer->trade);
	demo_int(rows, deal->quantity * 1000);
	demo_sales_end(deal, rows, demo_at(deal->opened, 11 * 60));
}

/* What is next, some of it late. */
static void
demo_sales_plan(struct demo_deal *deal)
{
	struct demo_world *world = deal->world;
	struct demo_customer *customer = deal->customer;
	int64_t count = demo_between(customer->random, 1, 2);

	for (int64_t i = 0; i < count; i++) {
		struct demo_rows *rows = &world->chunk.tables[DEMO_TABLE_plan_step];

		demo_int(rows, world->next_id++);
		demo_int(rows, customer->id);
		demo_int(rows, deal->id);
		demo_date(rows, world->today + demo_between(customer->random, i == 0 ? -6 : 7,
						   i == 0 ? 6 : 30));
		demo_text(rows, demo_word(customer->random, world->vocabulary,
				    customer->english ? DEMO_next_en : DEMO_next_zh));
		demo_text(rows, "open");
		demo_owner(rows, world, customer->keeper);
		demo_sales_end(deal, rows, demo_at(world->today - 10, 15 * 60));
	}
}

static void
demo_sales_row(struct demo_deal *deal)
{
	struct demo_world *world = deal->world;
	struct demo_customer *customer = deal->customer;
	struct demo_rows *rows = &world->chunk.tables[DEMO_TABLE_opportunity];
	bool open = deal->closed_us == 0;
	int64_t since_day = date_of_us(deal->since_us, DEMO_OFFSET_MIN);

	demo_int(rows, deal->id);
	demo_text(rows, deal->number);
	demo_text(rows, deal->name);
	demo_text(rows, pinyin_sort_key(customer->scratch, deal->name, PINYIN_NAME));
	demo_int(rows, customer->id);
	demo_ref(rows, customer->contact_count > 0 ? customer->contacts[0] : 0);
	demo_text(rows, demo_stages[deal->stage].code);
	demo_int(rows, deal->amount);
	demo_text(rows, "CNY");
	demo_date(
	    rows, open ? world->today + demo_between(customer->random, 3, 120) : since_day);
	demo_int(rows, demo_stages[deal->stage].probability);
	demo_date(rows, deal->opened);
	demo_text(rows, open ? "open" : demo_stages[deal->stage].code);
	demo_int(rows, (deal->amount * demo_stages[deal->stage].probability + 50) / 100);
	demo_text(rows, "CNY");
	demo_moment(rows, deal->since_us);
	if (open)
		demo_date(rows, since_day + demo_stages[deal->stage].stall_days);
	else
		demo_null(rows);
	if (open)
		demo_null(rows);
	else
		demo_date(rows, since_day);
	demo_text(rows, strcmp(demo_stages[deal->stage].code, "lost") == 0 ? "price" : NULL);
	demo_owner(rows, world, customer->keeper);
	demo_sales_end(deal, rows, demo_at(deal->opened, 10 * 60));
}

static void
demo_sales_search(struct demo_deal *deal)
{
	/* An opportunity is its keeper's, also where the customer is in a pool. */
	struct demo_customer owned = *deal->customer;
	const struct demo_searched texts[] = {
		{ DEMO_OF_OPPORTUNITY, F_opportunity_number, deal->number },
		{ DEMO_OF_OPPORTUNITY, F_opportunity_name, deal->name },
	};

	owned.owner = owned.keeper;
	owned.pool = 0;
	demo_search_row(deal->world, &deal->world->chunk.tables[DEMO_TABLE_opportunity_search],
	    deal->id, &owned, texts, 2);
}

/* So many of one of the goods that they come to a sum worth the trouble. */
static void
demo_sales_want(struct demo_deal *deal)
{
	struct demo_random *random = deal->customer->random;
	int64_t thousands =
	    demo_between(random, 8, deal->customer->level[0] == 'A' ? 600 : 150);
	const struct demo_world *world = deal->world;

	deal->amount = thousands * 100000;
	deal->quantity = demo_between(random, 1, 12);
	if (world->good_count == 0)
		return;
	deal->good = demo_good(random, world);
	deal->quantity = thousands * 1000 * PRICE_SCALE / world->goods[deal->good].price;
	if (deal->quantity == 0)
		deal->quantity = 1;
	if (deal->quantity > 20)
		deal->quantity -= deal->quantity % 10;
	deal->amount = deal->quantity * (world->goods[deal->good].price / 100);
}

/* Quotes from the stage of proposals on; the won ones are ordered. */
static void
demo_sales_follow(const struct demo_deal *deal)
{
	bool won = strcmp(demo_stages[deal->stage].code, "won") == 0;
	int64_t day = deal->closed_us != 0
			  ? date_of_us(deal->closed_us, DEMO_OFFSET_MIN)
			  : deal->world->today - demo_between(deal->customer->random, 0, 25);
	struct demo_wanted wanted = { .opportunity = deal->id,
		.good = deal->good,
		.quantity = deal->quantity * PRICE_SCALE,
		.day = day > deal->opened ? day : deal->opened,
		.won = won };

	if (won || (deal->closed_us == 0 && deal->stage >= DEMO_STAGE_PROPOSAL))
		demo_make_trade(deal->world, deal->customer, &wanted);
}

static void
demo_sales_deal(struct demo_world *world, struct demo_customer *customer, int64_t opened)
{
	struct demo_random *random = customer->random;
	struct demo_deal deal = { .world = world, .customer = customer, .opened = opened };
	int64_t age = world->today - opened;

	deal.id = world->next_id++;
	demo_sales_want(&deal);
	deal.last_open = demo_below(random, DEMO_STAGES_OPEN);
	deal.stage = deal.last_open;
	if (age > 60 && demo_chance(random, 70)) {
		bool won = demo_chance(random, 55);

		if (won)
			deal.last_open = DEMO_STAGES_OPEN - 1;
		deal.stage = DEMO_STAGES_OPEN + !won;
		deal.closed_us = demo_at(opened + demo_between(random, 30, age - 1), 16 * 60);
	}
	deal.number = demo_number(
	    world, customer->scratch, DEMO_SERIES_OPPORTUNITY, demo_at(opened, 10 * 60));
	deal.name = arena_printf(customer->scratch, customer->english ? "%s %s" : "%s%s",
	    world->good_count > 0 && !customer->english ? world->goods[deal.good].name
							: customer->trade,
	    demo_matters[customer->english][demo_below(random, DEMO_SALES_MATTERS)]);
	demo_sales_moves(&deal);
	demo_sales_row(&deal);
	demo_sales_search(&deal);
	demo_sales_people(&deal);
	demo_sales_product(&deal);
	if (deal.closed_us == 0 && demo_chance(random, 60))
		demo_sales_plan(&deal);
	demo_sales_follow(&deal);
}

/* ---- a lead ------------------------------------------------------------------------------ */

/* Of a firm that is no customer yet; one in four waits in a pool, but for its keeper's first ones. */
static void
demo_sales_lead(struct demo_world *world, const struct demo_customer *near, bool first)
{
	struct demo_random *random = near->random;
	struct demo_customer firm = { .random = random,
		.scratch = near->scratch,
		.place = near->place,
		.keeper = near->keeper,
		.owner = near->keeper };
	struct demo_rows *rows = &world->chunk.tables[DEMO_TABLE_lead];
	static const char *const states[] = { "new", "new", "contacted", "qualified" };
	static const char *const interests[] = { "hot", "warm", "warm", "cold" };
	static const char *const sources[] = { "fair", "web", "phone", "referral", "campaign" };
	struct demo_human person = demo_human(random, near->scratch, world->vocabulary, false);
	const char *mobile = demo_mobile(random, near->scratch), *number;
	int64_t id = world->next_id++, day = world->today - demo_between(random, 0, 60);

	demo_name_customer(world, &firm, DEMO_KIND_COMPANY);
	if (!first && world->pool_count > 0 && demo_chance(random, 25)) {
		firm.owner = NULL;
		firm.pool = world->pools[demo_below(random, (uint32_t)world->pool_count)];
	}
	number = demo_number(world, near->scratch, DEMO_SERIES_LEAD, demo_at(day, 9 * 60));
	demo_int(rows, id);
	demo_text(rows, number);
	demo_text(rows, firm.name);
	demo_text(rows, pinyin_sort_key(near->scratch, firm.name, PINYIN_NAME));
	demo_text(rows, person.name);
	demo_text(rows, mobile);
	demo_text(rows, text_digits(near->scratch, mobile));
	demo_text(rows, sources[demo_below(random, 5)]);
	demo_text(rows, interests[demo_below(random, 4)]);
	demo_text(rows, arena_printf(near->scratch, "%s%s", firm.trade,
			    demo_matters[0][demo_below(random, DEMO_SALES_MATTERS)]));
	demo_date(rows, day);
	demo_text(rows, states[first ? 0 : demo_below(random, 4)]);
	demo_access(rows, world, &firm);
	demo_stamps(rows, demo_at(day, 9 * 60), demo_at(day, 9 * 60), near->keeper->user);
	demo_row_end(rows);
	demo_search_row(world, &world->chunk.tables[DEMO_TABLE_lead_search], id, &firm,
	    (const struct demo_searched[]){ { DEMO_OF_LEAD, F_lead_number, number },
		{ DEMO_OF_LEAD, F_lead_name, firm.name },
		{ DEMO_OF_LEAD, F_lead_person, person.name },
		{ DEMO_OF_LEAD, F_lead_mobile, mobile } },
	    4);
}

/* ---- the whole --------------------------------------------------------------------------- */

void
demo_make_sales(struct demo_world *world, struct demo_customer *customer)
{
	struct demo_person *keeper = &world->managers[customer->keeper - world->managers];
	struct demo_random *random = customer->random;
	uint32_t chance = strcmp(customer->stage, "active") == 0      ? 40
			  : strcmp(customer->stage, "contacted") == 0 ? 45
			  : strcmp(customer->stage, "potential") == 0 ? 15
								      : 6;
	int64_t created = date_of_us(customer->created_us, DEMO_OFFSET_MIN);
	int64_t oldest =
	    world->today - created < DEMO_SALES_DAYS ? world->today - created : DEMO_SALES_DAYS;

	if (oldest > 3 && demo_chance(random, chance))
		demo_sales_deal(
		    world, customer, world->today - demo_between(random, 2, oldest));
	if (oldest > 3 && demo_chance(random, chance / 3))
		demo_sales_deal(
		    world, customer, world->today - demo_between(random, 2, oldest));
	/* Nobody's day is without one that is new. */
	if (keeper->leads++ < DEMO_SALES_LEADS)
		demo_sales_lead(world, customer, true);
	else if (demo_chance(random, 8))
		demo_sales_lead(world, customer, false);
}
