/*
 * The demo company of the tests, in memory: the rows the demo would load, as cells by table,
 * row and column, and how evenly texts are spread over them.
 */
#ifndef KEHU_TEST_DEMO_COMPANY_H
#define KEHU_TEST_DEMO_COMPANY_H

#include "server/job/demo_make.h"

enum {
	DEMO_COMPANY_CUSTOMERS = 4000, /* of demo_company_setup() */
	DEMO_COMPANY_TODAY = 20000,
	DEMO_COMPANY_DISTRICTS = 4,
	DEMO_COMPANY_REGIONS_AT = 100, /* ids of regions start here */
};

/* A company in memory: cells by table, row, column. */
struct demo_company {
	struct arena *arena;
	struct demo_result result;
	struct demo_world *world;
	struct demo_manager_of *managers;
	size_t manager_count;
	const char **cells[DEMO_TABLES];
	size_t columns[DEMO_TABLES], rows[DEMO_TABLES];
	uint8_t hash[DEMO_TABLES][32];
};

struct demo_company *demo_company_new(uint64_t customers, uint64_t seed);
void demo_company_free(struct demo_company *company);
/* For cmocka groups: the company of seed 7. */
int demo_company_setup(void **state);
int demo_company_teardown(void **state);

/* Fails the test when the table has no such column. */
size_t demo_company_column(enum demo_table table, const char *name);
bool demo_company_has_column(enum demo_table table, const char *name);
/* The cell of a row, NULL: null. */
const char *demo_company_cell(
    const struct demo_company *company, enum demo_table table, size_t row, size_t at);
/* A cell as a number; NULL is 0. */
int64_t demo_company_number(const char *text);

#define CELL(table, row, name)                                                                 \
	demo_company_cell(                                                                     \
	    company, DEMO_TABLE_##table, row, demo_company_column(DEMO_TABLE_##table, name))

/* Of some texts: how many, how many different ones, and how often the most frequent comes. */
struct demo_spread {
	size_t count, distinct, most;
};

struct demo_spread demo_spread_of(
    const struct demo_company *company, const char **texts, size_t count);
struct demo_spread demo_spread_column(
    const struct demo_company *company, enum demo_table table, const char *name);

#endif
