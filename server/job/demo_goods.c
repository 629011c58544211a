/*
 * What the demo company sells and for how much: products with units, price lists for everybody,
 * for the best customers and for abroad, one that ended, rates of currencies, how much may be
 * taken off, and who is asked about more.
 */
#include "server/job/demo_make.h"

#include "common/pinyin.h"
#include "server/access/roles.h"
#include "server/entity/fields.h"

#include <assert.h>
#include <string.h>

enum { DEMO_RATE_MONTHS = 14, DEMO_MONTH_DAYS = 30 };

static const struct {
	const char *name, *specification, *category, *unit;
	int64_t tax, yuan, box;
} demo_goods[] = {
#define GOODS(name, specification, category, unit, tax, yuan, box)                             \
	{ name, specification, category, unit, tax, yuan, box },
#include "server/job/demo_goods.def"
#undef GOODS
};
static_assert(sizeof(demo_goods) / sizeof(demo_goods[0]) <= DEMO_GOODS, "room for the goods");

struct demo_shop {
	struct demo_world *world;
	const int64_t *role_ids;
	int64_t since_us;
};

static struct demo_rows *
demo_shop_rows(const struct demo_shop *shop, enum demo_table table, int64_t *id)
{
	struct demo_rows *rows = &shop->world->chunk.tables[table];

	*id = shop->world->next_id++;
	demo_int(rows, *id);
	return rows;
}

static void
demo_shop_end(const struct demo_shop *shop, struct demo_rows *rows, int64_t by)
{
	demo_stamps(rows, shop->since_us, shop->since_us, by);
	demo_row_end(rows);
}

static const char *
demo_shop_key(const struct demo_shop *shop, const char *name)
{
	return pinyin_sort_key(shop->world->arena, name, PINYIN_NAME);
}

/* ---- products ---------------------------------------------------------------------------- */

static void
demo_shop_product(struct demo_shop *shop, size_t at)
{
	struct demo_world *world = shop->world;
	struct demo_good *good = &world->goods[at];
	const char *number =
	    demo_number(world, world->arena, DEMO_SERIES_PRODUCT, shop->since_us);
	const char *name = demo_goods[at].name;
	struct demo_customer keeper = { .scratch = world->arena, .owner = &world->marketing };
	struct demo_rows *rows = demo_shop_rows(shop, DEMO_TABLE_product, &good->id);
	int64_t line;

	*good = (struct demo_good){ .id = good->id,
		.name = name,
		.unit = demo_goods[at].unit,
		.tax = demo_goods[at].tax * 100,
		.price = demo_goods[at].yuan * PRICE_SCALE };
	demo_text(rows, number);
	demo_text(rows, demo_shop_key(shop, number));
	demo_text(rows, name);
	demo_text(rows, demo_shop_key(shop, name));
	demo_text(rows, demo_goods[at].category);
	demo_text(rows, good->unit);
	demo_int(rows, good->tax);
	demo_bool(rows, at + 1 < world->good_count); /* the last is sold no more */
	demo_text(rows, demo_goods[at].specification);
	demo_owner(rows, world, &world->marketing);
	demo_shop_end(shop, rows, world->marketing.user);
	demo_search_row(world, &world->chunk.tables[DEMO_TABLE_product_search], good->id,
	    &keeper,
	    (const struct demo_searched[]){ { DEMO_OF_PRODUCT, F_product_number, number },
		{ DEMO_OF_PRODUCT, F_product_name, name } },
	    2);
	if (demo_goods[at].box == 0)
		return;
	rows = demo_shop_rows(shop, DEMO_TABLE_product_unit, &line);
	demo_int(rows, good->id);
	demo_int(rows, 0);
	demo_text(rows, "box");
	demo_int(rows, demo_goods[at].box * PRICE_SCALE);
	demo_shop_end(shop, rows, world->marketing.user);
}

/* ---- price lists ------------------------------------------------------------------------- */

struct demo_list_of {
	const char *name, *level, *currency;
	bool with_tax;
	int64_t from, until; /* days; 0: open */
	int64_t percent;     /* of the standard price */
	int64_t rate;        /* scaled by RATE_SCALE */
};

/* Prices rounded to whole units of money, or tenths where they are small. */
int64_t
demo_list_price(int64_t price, int64_t percent, int64_t rate)
{
	int64_t minor = price / 100 * percent * (RATE_SCALE / 1000) / (rate / 1000);
	int64_t step = minor >= 100 * PRICE_SCALE ? PRICE_SCALE : PRICE_SCALE / 10;

	return (minor + step / 2) / step * step;
}

static int64_t
demo_shop_list(struct demo_shop *shop, const struct demo_list_of *list)
{
	struct demo_world *world = shop->world;
	int64_t id, line;
	struct demo_rows *rows = demo_shop_rows(shop, DEMO_TABLE_price_list, &id);

	demo_text(rows, list->name);
	demo_text(rows, demo_shop_key(shop, list->name));
	demo_text(rows, list->level);
	demo_text(rows, list->currency);
	demo_bool(rows, list->with_tax);
	demo_date(rows, list->from);
	if (list->until == 0)
		demo_null(rows);
	else
		demo_date(rows, list->until);
	demo_owner(rows, world, &world->finance);
	demo_shop_end(shop, rows, world->finance.user);
	for (size_t i = 0; i < world->good_count; i++) {
		rows = demo_shop_rows(shop, DEMO_TABLE_price_line, &line);
		demo_int(rows, id);
		demo_int(rows, (int64_t)i);
		demo_int(rows, world->goods[i].id);
		demo_int(rows, 0);
		demo_int(
		    rows, demo_list_price(world->goods[i].price, list->percent, list->rate));
		demo_shop_end(shop, rows, world->finance.user);
	}
	return id;
}

static void
demo_shop_lists(struct demo_shop *shop)
{
	struct demo_world *world = shop->world;
	int year = date_to_ymd(world->today).year;
	int64_t this_year = date_from_ymd((struct ymd){ year, 1, 1 });
	int64_t next_year = date_from_ymd((struct ymd){ year + 1, 1, 1 });
	int64_t long_ago = this_year - 3 * 366;

	demo_shop_list(
	    shop, &(struct demo_list_of){ arena_printf(world->arena, "%d年末促销价", year - 1),
		      NULL, "CNY", true, this_year - 40, this_year - 1, 92, RATE_SCALE });
	world->lists[DEMO_LIST_ALL] =
	    demo_shop_list(shop, &(struct demo_list_of){ "标准价", NULL, "CNY", true, long_ago,
				     0, 100, RATE_SCALE });
	world->lists[DEMO_LIST_A] =
	    demo_shop_list(shop, &(struct demo_list_of){ "A级客户价", "A", "CNY", true,
				     long_ago, 0, DEMO_LIST_A_PERCENT, RATE_SCALE });
	world->lists[DEMO_LIST_ABROAD] =
	    demo_shop_list(shop, &(struct demo_list_of){ "出口价 USD", NULL, "USD", false,
				     long_ago, 0, DEMO_LIST_ABROAD_PERCENT, DEMO_USD_RATE });
	demo_shop_list(
	    shop, &(struct demo_list_of){ arena_printf(world->arena, "%d年标准价", year + 1),
		      NULL, "CNY", true, next_year, 0, 103, RATE_SCALE });
}

/* ---- rates and limits -------------------------------------------------------------------- */

static void
demo_shop_rates(struct demo_shop *shop)
{
	static const struct {
		const char *currency;
		int64_t rate;
	} rates[] = { { "USD", DEMO_USD_RATE }, { "EUR", 7860000 }, { "HKD", 921000 },
		{ "JPY", 47300 } };
	struct demo_world *world = shop->world;

	for (int64_t month = 0; month < DEMO_RATE_MONTHS; month++)
		for (size_t i = 0; i < sizeof(rates) / sizeof(rates[0]); i++) {
			int64_t id;
			struct demo_rows *rows =
			    demo_shop_rows(shop, DEMO_TABLE_currency_rate, &id);

			demo_text(rows, rates[i].currency);
			demo_date(rows, world->today - month * DEMO_MONTH_DAYS);
			demo_int(rows, rates[i].rate);
			demo_text(rows, "内部折算价");
			demo_owner(rows, world, &world->finance);
			demo_shop_end(shop, rows, world->finance.user);
		}
}

static int64_t
demo_shop_role(const struct demo_shop *shop, const char *name)
{
	for (size_t i = 0; i < role_shipped_count; i++)
		if (strcmp(role_shipped[i].name, name) == 0)
			return shop->role_ids[i];
	return 0;
}

static void
demo_shop_limits(struct demo_shop *shop)
{
	static const struct {
		const char *name, *role;
		int64_t percent;
	} limits[] = { { "客户经理", "account_manager", DEMO_MANAGER_DISCOUNT },
		{ "销售主管", "sales_supervisor", 1500 }, { "公司领导", "executive", 4000 } };

	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
		int64_t id;
		struct demo_rows *rows = demo_shop_rows(shop, DEMO_TABLE_discount_limit, &id);

		demo_text(rows, limits[i].name);
		demo_text(rows, demo_shop_key(shop, limits[i].name));
		demo_int(rows, demo_shop_role(shop, limits[i].role));
		demo_int(rows, limits[i].percent);
		demo_shop_end(shop, rows, 0);
	}
}

void
demo_make_goods(struct demo_world *world, const int64_t *role_ids, int64_t since_us)
{
	struct demo_shop shop = { .world = world, .role_ids = role_ids, .since_us = since_us };

	world->good_count = sizeof(demo_goods) / sizeof(demo_goods[0]);
	for (size_t i = 0; i < world->good_count; i++)
		demo_shop_product(&shop, i);
	demo_shop_lists(&shop);
	demo_shop_rates(&shop);
	demo_shop_limits(&shop);
}
