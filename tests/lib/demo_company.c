/* See demo_company.h. */
#include "tests/lib/demo_company.h"

#include "common/uuid.h"
#include "server/access/roles.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char *
no_password(void *to, const char *login)
{
	(void)to;
	return login;
}

static struct demo_region *
make_regions(struct arena *arena, size_t *count)
{
	struct demo_region *regions = ARENA_ARRAY(
	    arena, struct demo_region, demo_place_count * (1 + DEMO_COMPANY_DISTRICTS));

	*count = 0;
	for (size_t p = 0; p < demo_place_count; p++)
		for (int d = 0; d <= DEMO_COMPANY_DISTRICTS; d++) {
			char name[32], code[16];

			snprintf(code, sizeof(code), d > 0 ? "%s%02d" : "%s",
			    demo_places[p].code, d);
			snprintf(name, sizeof(name), "第%d区", d);
			regions[*count] = (struct demo_region){ .id = DEMO_COMPANY_REGIONS_AT +
								      (int64_t)*count,
				.code = arena_strdup(arena, code),
				.name = arena_strdup(arena, name) };
			++*count;
		}
	return regions;
}

static void
keep_cells(struct demo_company *company)
{
	for (size_t t = 0; t < DEMO_TABLES; t++) {
		const struct demo_rows *rows = &company->world->chunk.tables[t];
		size_t at = 0;

		company->rows[t] = rows->count;
		company->columns[t] = rows->columns;
		company->cells[t] =
		    ARENA_ARRAY(company->arena, const char *, rows->count * rows->columns + 1);
		for (size_t i = 0; i < rows->count * rows->columns; i++)
			company->cells[t][i] = demo_cell(rows, &at);
		assert_int_equal(at, rows->cells.bytes);
	}
}

struct demo_company *
demo_company_new(uint64_t customers, uint64_t seed)
{
	struct arena *arena = arena_new(0), *scratch = arena_new(0);
	struct demo_company *company = ARENA_NEW(arena, struct demo_company);
	struct demo_options options = { .customers = customers,
		.seed = seed,
		.today = DEMO_COMPANY_TODAY,
		.password = no_password };
	int64_t roles[32];
	size_t region_count;
	struct demo_region *regions = make_regions(arena, &region_count);

	company->arena = arena;
	for (size_t i = 0; i < role_shipped_count; i++)
		roles[i] = 10 + (int64_t)i;
	company->world =
	    demo_world_new(arena, &options, regions, region_count, &company->result);
	company->world->next_id = 1000;
	demo_make_firm(
	    company->world, &options, roles, &company->managers, &company->manager_count);
	for (uint64_t i = 0; i < customers; i++) {
		demo_make_customer(company->world, scratch);
		arena_reset(scratch);
	}
	for (size_t t = 0; t < DEMO_TABLES; t++)
		hash_sha256(buf_text(&company->world->chunk.tables[t].cells),
		    company->world->chunk.tables[t].cells.bytes, company->hash[t]);
	keep_cells(company);
	arena_free(scratch);
	return company;
}

void
demo_company_free(struct demo_company *company)
{
	demo_world_free(company->world);
	arena_free(company->arena);
}

int
demo_company_setup(void **state)
{
	*state = demo_company_new(DEMO_COMPANY_CUSTOMERS, 7);
	return 0;
}

int
demo_company_teardown(void **state)
{
	demo_company_free(*state);
	return 0;
}

size_t
demo_company_column(enum demo_table table, const char *name)
{
	const char *at = demo_tables[table].columns;
	size_t bytes = strlen(name);

	for (size_t i = 0;; i++) {
		size_t length = strcspn(at, ",");

		if (length == bytes && memcmp(at, name, bytes) == 0)
			return i;
		if (at[length] == '\0')
			fail_msg("%s has no %s", demo_tables[table].name, name);
		at += length + 2;
	}
}

bool
demo_company_has_column(enum demo_table table, const char *name)
{
	const char *at = demo_tables[table].columns;
	size_t bytes = strlen(name);

	for (;; at += strcspn(at, ",") + 2) {
		if (strncmp(at, name, bytes) == 0 && (at[bytes] == ',' || at[bytes] == '\0'))
			return true;
		if (at[strcspn(at, ",")] == '\0')
			return false;
	}
}

const char *
demo_company_cell(
    const struct demo_company *company, enum demo_table table, size_t row, size_t at)
{
	return company->cells[table][row * company->columns[table] + at];
}

int64_t
demo_company_number(const char *text)
{
	return text != NULL ? strtoll(text, NULL, 10) : 0;
}

static int
compare_texts(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

struct demo_spread
demo_spread_of(const struct demo_company *company, const char **texts, size_t count)
{
	struct demo_spread spread = { .count = count };
	size_t run = 0;

	(void)company;
	qsort(texts, count, sizeof(*texts), compare_texts);
	for (size_t i = 0; i < count; i++) {
		run = i > 0 && strcmp(texts[i], texts[i - 1]) == 0 ? run + 1 : 1;
		spread.distinct += run == 1;
		if (run > spread.most)
			spread.most = run;
	}
	return spread;
}

struct demo_spread
demo_spread_column(const struct demo_company *company, enum demo_table table, const char *name)
{
	const char **texts =
	    ARENA_ARRAY(company->arena, const char *, company->rows[table] + 1);
	size_t at = demo_company_column(table, name), count = 0;

	for (size_t row = 0; row < company->rows[table]; row++)
		if (demo_company_cell(company, table, row, at) != NULL)
			texts[count++] = demo_company_cell(company, table, row, at);
	return demo_spread_of(company, texts, count);
}
