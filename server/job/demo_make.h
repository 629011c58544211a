/*
 * Making a demo company: from a seed to rows, without a database. demo.c gives it what the
 * database already has (regions, roles, free ids) and takes the rows away chunk by chunk.
 */
#ifndef KEHU_DEMO_MAKE_H
#define KEHU_DEMO_MAKE_H

#include "common/date.h"
#include "common/price.h"
#include "server/job/demo.h"
#include "server/job/demo_rows.h"
#include "server/job/demo_words.h"

#define DEMO_OFFSET_MIN 480  /* China has one time */
#define DEMO_MONTHS     1200 /* from 1970 */
#define DEMO_RECENT     64
#define DEMO_IDS_A_CUSTOMER                                                                    \
	60 /* more than a customer with all its records takes on average                       \
	    */
#define DEMO_IDS_A_FIRM 100000

struct demo_region {
	int64_t id;
	const char *code; /* "310115", or shorter for provinces and cities */
	const char *name;
};

/* What the makers need of a place: its divisions in the database, if there. */
struct demo_city {
	int64_t region; /* 0: unknown */
	size_t branch;  /* index */
	const struct demo_region **districts;
	uint32_t district_count;
};

struct demo_person { /* somebody who owns customers */
	int64_t user, department;
	size_t branch;
	const char *name;
	size_t leads;
};

struct demo_branch {
	int64_t id, region;
	size_t place;
	size_t first, count; /* of its account managers */
	struct demo_person agent; /* who takes its customers' tickets; user 0: nobody */
	struct demo_person dispatcher, technician;
};

/* A customer already made: for relations and contacts that stand with two. */
struct demo_known {
	int64_t id, created_us;
	bool company;
};

enum demo_series {
	DEMO_SERIES_CUSTOMER,
	DEMO_SERIES_VISIT,
	DEMO_SERIES_OPPORTUNITY,
	DEMO_SERIES_LEAD,
	DEMO_SERIES_PRODUCT,
	DEMO_SERIES_QUOTE,
	DEMO_SERIES_ORDER,
	DEMO_SERIES_DELIVERY,
	DEMO_SERIES_RETURN,
	DEMO_SERIES_RECEIPT,
	DEMO_SERIES_INVOICE,
	DEMO_SERIES_TICKET,
	DEMO_SERIES
};
/* Entities whose fields are searched for. */
enum demo_entity {
	DEMO_OF_CUSTOMER,
	DEMO_OF_CUSTOMER_PHONE,
	DEMO_OF_CUSTOMER_MAIL,
	DEMO_OF_CONTACT,
	DEMO_OF_CONTACT_PHONE,
	DEMO_OF_OPPORTUNITY,
	DEMO_OF_LEAD,
	DEMO_OF_PRODUCT,
	DEMO_OF_EQUIPMENT,
	DEMO_OF_TICKET,
	DEMO_SEARCHED
};

/* What is sold; prices in CNY with tax, scaled by PRICE_SCALE, tax by 100. */
#define DEMO_GOODS 32
struct demo_good {
	int64_t id;
	const char *name, *unit;
	int64_t tax, price;
};
enum demo_price_list { DEMO_LIST_ALL, DEMO_LIST_A, DEMO_LIST_ABROAD, DEMO_LISTS_OF_PRICES };
#define DEMO_LIST_A_PERCENT      95 /* of the standard price */
#define DEMO_LIST_ABROAD_PERCENT 90
#define DEMO_USD_RATE            INT64_C(7125000)
#define DEMO_MANAGER_DISCOUNT    500 /* what an account manager may take off, percent x 100 */

struct demo_world {
	struct arena *arena;
	const struct demo_vocabulary *vocabulary;
	uint64_t seed;
	int64_t today, now_us;
	uint64_t customers; /* to be made in all, for what depends on size */

	struct demo_city *cities; /* by place */
	struct demo_branch *branches;
	size_t branch_count;
	struct demo_person *managers; /* by branch */
	size_t manager_count;
	int64_t pools[8];
	size_t pool_count;
	int64_t tags[64];
	size_t tag_count;
	int64_t competitors[16]; /* of a new company */
	size_t competitor_count;
	struct demo_person marketing, finance; /* who keeps products, who keeps prices */
	struct demo_good goods[DEMO_GOODS];    /* of a new company */
	size_t good_count;
	int64_t lists[DEMO_LISTS_OF_PRICES];

	int64_t next_id;
	const char *patterns[DEMO_SERIES]; /* number prefixes of the catalogue: "C", "V%y%m-" */
	uint64_t numbers[DEMO_SERIES]
			[DEMO_MONTHS]; /* last one given; by month if that is in it */
	struct demo_known recent[DEMO_RECENT];
	uint64_t before, made; /* customers there already, and made since */
	char class[DEMO_SEARCHED][64]; /* search class by field number; 0: not searched */

	struct demo_chunk chunk;
	struct demo_result *result;
};

/* A world of today with its cities joined to the regions; regions stay the caller's. */
struct demo_world *demo_world_new(struct arena *arena, const struct demo_options *options,
    const struct demo_region *regions, size_t region_count, struct demo_result *result);
void demo_world_free(struct demo_world *world); /* the chunk; the rest is the arena's */
/* Which branch serves which place, once the branches are known; any, where none is named for
 * it. */
void demo_world_serve(struct demo_world *world);
/* The place of a division's code; DEMO_NOWHERE when it is none of ours or NULL. */
#define DEMO_NOWHERE SIZE_MAX
size_t demo_place_of(const char *code);
/* A number of a series given earlier: go on after it. Other series are ignored. */
void demo_number_known(struct demo_world *world, const char *prefix, uint64_t last);

/*
 * The company: branches, departments, staff, pools and tags into the chunk. role_ids by
 * position in role_shipped. Call first, and only for a new company.
 */
struct demo_manager_of {
	int64_t department, manager;
};
void demo_make_firm(struct demo_world *world, const struct demo_options *options,
    const int64_t *role_ids, struct demo_manager_of **managers, size_t *manager_count);

/* One more customer with all that belongs to it, into the chunk. */
void demo_make_customer(struct demo_world *world, struct arena *scratch);

/* ---- between the makers ------------------------------------------------------------------ */

/* A customer while it is being made. */
struct demo_customer {
	struct demo_random *random;
	struct arena *scratch;
	int64_t id;
	const char *name, *short_name, *name_en;
	const char *type, *nature, *industry, *level, *stage;
	const char *trade; /* of its texts */
	bool english, company;
	size_t place;
	bool abroad;
	char domain[64]; /* of its mail addresses */
	int64_t created_us;
	const struct demo_person *owner;  /* NULL: in a pool */
	const struct demo_person *keeper; /* owner, or who knew it last */
	int64_t pool;
	int64_t contacts[4];
	const char *contact_names[4];
	size_t contact_count;
	const char *tax_number, *bank, *bank_account; /* NULL: not known */
	struct {
		int64_t last_us, next_on, first_open_us;
		int64_t done, open;
	} visits;              /* what its figures say of them */
	int64_t owed, balance; /* of its account, CNY minor units */
	bool traded;
};

/* A name fit for the customer's type; sets the name fields, industry, trade and domain. */
void demo_name_customer(
    struct demo_world *world, struct demo_customer *customer, uint32_t kind);
enum {
	DEMO_KIND_COMPANY,
	DEMO_KIND_ENGLISH,
	DEMO_KIND_PERSON,
	DEMO_KIND_INSTITUTION,
	DEMO_KIND_GOVERNMENT,
	DEMO_KIND_HOUSEHOLD
};

struct demo_human {
	const char *name;
	const char *surname; /* borrowed */
	char login[40];      /* wangxm; Latin letters and digits */
	bool female, english;
};
struct demo_human demo_human(struct demo_random *random, struct arena *arena,
    const struct demo_vocabulary *vocabulary, bool english);

/* Phones of nobody: unassigned mobile prefixes, local numbers that do not exist, 555-01xx. */
const char *demo_mobile(struct demo_random *random, struct arena *arena);
const char *demo_landline(
    struct demo_random *random, struct arena *arena, const struct demo_place *place);
const char *demo_phone_abroad(struct demo_random *random, struct arena *arena);
/* GB 32100-2015: 18 characters, both check characters right. division: six digits. */
const char *demo_tax_number(
    struct demo_random *random, struct arena *arena, const char *division);

void demo_make_contacts(struct demo_world *world, struct demo_customer *customer);
void demo_make_visits(struct demo_world *world, struct demo_customer *customer);
/* Opportunities and perhaps a lead near by; after the contacts. */
void demo_make_sales(struct demo_world *world, struct demo_customer *customer);

/* Equipment and tickets of some; after the orders. */
void demo_make_service(struct demo_world *world, struct demo_customer *customer);

/* Products, prices, rates and limits of a new company. */
void demo_make_goods(struct demo_world *world, const int64_t *role_ids, int64_t since_us);
/* A standard price on a list of so many percent of it, in a currency of that rate. */
int64_t demo_list_price(int64_t price, int64_t percent, int64_t rate);
/* One of the goods that are sold still; the first ones more often. */
size_t demo_good(struct demo_random *random, const struct demo_world *world);
/*
 * What came of an opportunity: a quote that is out, or one that became an order with all that
 * follows. good, quantity: what was wanted; 0 goods sold: does nothing. Days are since 1970.
 */
struct demo_wanted {
	int64_t opportunity; /* 0: an order without one */
	size_t good;
	int64_t quantity; /* scaled by PRICE_SCALE */
	int64_t day;
	bool won;
};
void demo_make_trade(struct demo_world *world, struct demo_customer *customer,
    const struct demo_wanted *wanted);
/* Orders without an opportunity, and the credit the customer has; then its figures. */
void demo_make_orders(struct demo_world *world, struct demo_customer *customer);
void demo_make_figures(struct demo_world *world, struct demo_customer *customer);

/* "V2611-" in a month of that pattern; month counts from 1970. */
const char *demo_number_prefix(
    const struct demo_world *world, struct arena *arena, enum demo_series series, size_t month);
const char *demo_number(
    struct demo_world *world, struct arena *arena, enum demo_series series, int64_t created_us);
/* created_at, created_by, updated_at, updated_by. */
void demo_stamps(struct demo_rows *rows, int64_t created_us, int64_t updated_us, int64_t by);
/* Three access columns of what is a person's own. */
void demo_owner(
    struct demo_rows *rows, const struct demo_world *world, const struct demo_person *by);
/* The four access columns. */
void demo_access(struct demo_rows *rows, const struct demo_world *world,
    const struct demo_customer *customer);
/* Moment of a local time of day. */
int64_t demo_at(int64_t day, int minutes);
/* The row of a search table, from the searched texts that are there. */
struct demo_searched {
	enum demo_entity of;
	uint32_t field;
	const char *text; /* NULL: none */
};
void demo_search_row(struct demo_world *world, struct demo_rows *rows, int64_t id,
    const struct demo_customer *customer, const struct demo_searched *texts, size_t count);

#endif
