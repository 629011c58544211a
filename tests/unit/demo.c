/*
 * The demo company without a database: the same for the same seed, believable, and whole.
 */
#include "common/text.h"
#include "common/uuid.h"
#include "server/access/roles.h"
#include "server/entity/dictionaries.h"
#include "server/entity/fields.h"
#include "server/job/demo_make.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { CUSTOMERS = 4000, TODAY = 20000, DISTRICTS = 4, REGIONS_AT = 100 };

/* A company in memory: cells by table, row, column. */
struct company {
	struct arena *arena;
	struct demo_result result;
	struct demo_world *world;
	struct demo_manager_of *managers;
	size_t manager_count;
	const char **cells[DEMO_TABLES];
	size_t columns[DEMO_TABLES], rows[DEMO_TABLES];
	uint8_t hash[DEMO_TABLES][32];
};

static const char *
no_password(void *to, const char *login)
{
	(void)to;
	return login;
}

static struct demo_region *
make_regions(struct arena *arena, size_t *count)
{
	struct demo_region *regions =
	    ARENA_ARRAY(arena, struct demo_region, demo_place_count * (1 + DISTRICTS));

	*count = 0;
	for (size_t p = 0; p < demo_place_count; p++)
		for (int d = 0; d <= DISTRICTS; d++) {
			char name[32], code[16];

			snprintf(code, sizeof(code), d > 0 ? "%s%02d" : "%s",
			    demo_places[p].code, d);
			snprintf(name, sizeof(name), "第%d区", d);
			regions[*count] =
			    (struct demo_region){ .id = REGIONS_AT + (int64_t)*count,
				    .code = arena_strdup(arena, code),
				    .name = arena_strdup(arena, name) };
			++*count;
		}
	return regions;
}

static void
keep_cells(struct company *company)
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

static struct company *
make_company(uint64_t customers, uint64_t seed)
{
	struct arena *arena = arena_new(0), *scratch = arena_new(0);
	struct company *company = ARENA_NEW(arena, struct company);
	struct demo_options options = {
		.customers = customers, .seed = seed, .today = TODAY, .password = no_password
	};
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

static void
free_company(struct company *company)
{
	demo_world_free(company->world);
	arena_free(company->arena);
}

static int
setup(void **state)
{
	*state = make_company(CUSTOMERS, 7);
	return 0;
}

static int
teardown(void **state)
{
	free_company(*state);
	return 0;
}

static size_t
column(enum demo_table table, const char *name)
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

static bool
has_column(enum demo_table table, const char *name)
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

/* The cell of a row, NULL: null. */
static const char *
cell(const struct company *company, enum demo_table table, size_t row, size_t at)
{
	return company->cells[table][row * company->columns[table] + at];
}

#define CELL(table, row, name)                                                                 \
	cell(company, DEMO_TABLE_##table, row, column(DEMO_TABLE_##table, name))

static int64_t
number(const char *text)
{
	return text != NULL ? strtoll(text, NULL, 10) : 0;
}

/* ---- same and other seeds ---------------------------------------------------------------- */

static void
same_seed_gives_same_rows(void **state)
{
	struct company *a = make_company(300, 3), *b = make_company(300, 3);
	struct company *c = make_company(300, 4);

	assert_memory_equal(a->hash, b->hash, sizeof(a->hash));
	assert_memory_not_equal(a->hash, c->hash, sizeof(a->hash));
	free_company(a);
	free_company(b);
	free_company(c);
}

static void
results_count_the_rows(void **state)
{
	const struct company *company = *state;

	assert_int_equal(company->result.customers, CUSTOMERS);
	assert_int_equal(company->rows[DEMO_TABLE_customer], CUSTOMERS);
	assert_int_equal(company->rows[DEMO_TABLE_customer_search], CUSTOMERS);
	assert_int_equal(company->rows[DEMO_TABLE_customer_figures], CUSTOMERS);
	assert_int_equal(company->rows[DEMO_TABLE_contact], company->result.contacts);
	assert_int_equal(company->rows[DEMO_TABLE_contact_search], company->result.contacts);
	assert_int_equal(company->rows[DEMO_TABLE_visit], company->result.visits);
	assert_int_equal(company->rows[DEMO_TABLE_users], company->result.user_count);
	assert_in_range(company->result.visits, 4 * CUSTOMERS, 7 * CUSTOMERS);
	assert_in_range(company->result.contacts, 15 * CUSTOMERS / 10, 25 * CUSTOMERS / 10);
	assert_true(company->rows[DEMO_TABLE_branch] >= 12);
	assert_true(company->rows[DEMO_TABLE_pool] >= 2);
}

/* ---- sets of texts ----------------------------------------------------------------------- */

static int
compare_texts(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

struct spread {
	size_t count, distinct, most;
};

static struct spread
spread_of(const struct company *company, const char **texts, size_t count)
{
	struct spread spread = { .count = count };
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

static struct spread
spread_column(const struct company *company, enum demo_table table, const char *name)
{
	const char **texts =
	    ARENA_ARRAY(company->arena, const char *, company->rows[table] + 1);
	size_t at = column(table, name), count = 0;

	for (size_t row = 0; row < company->rows[table]; row++)
		if (cell(company, table, row, at) != NULL)
			texts[count++] = cell(company, table, row, at);
	return spread_of(company, texts, count);
}

static void
short_names_are_mostly_distinct(void **state)
{
	struct company *company = make_company(20000, 1);
	struct spread spread = spread_column(company, DEMO_TABLE_customer, "short_name");

	assert_true(spread.count > 18000);
	assert_true(spread.distinct * 100 >= spread.count * 97);
	assert_true(spread.most < 20);
	free_company(company);
}

/* Surnames as they are met: a few very often, many seldom. */
static void
names_are_skewed(void **state)
{
	const struct company *company = *state;
	size_t rows = company->rows[DEMO_TABLE_contact], count = 0;
	const char **texts = ARENA_ARRAY(company->arena, const char *, rows);

	for (size_t row = 0; row < rows; row++) {
		const char *name = CELL(contact, row, "name");

		if ((unsigned char)name[0] >= 0xe0)
			texts[count++] = arena_strndup(company->arena, name, 3);
	}
	struct spread spread = spread_of(company, texts, count);

	assert_true(spread.distinct > 120);
	assert_true(spread.most * 100 > count * 3);
	assert_true(spread.most > 5 * count / spread.distinct);
}

static void
levels_have_their_shares(void **state)
{
	static const struct {
		const char *level;
		int percent;
	} wanted[] = { { "A", 5 }, { "B", 15 }, { "C", 50 }, { "D", 30 } };
	const struct company *company = *state;

	for (size_t w = 0; w < 4; w++) {
		int count = 0;

		for (size_t row = 0; row < CUSTOMERS; row++)
			count += strcmp(CELL(customer, row, "level"), wanted[w].level) == 0;
		assert_in_range(count, CUSTOMERS * wanted[w].percent / 100 - CUSTOMERS / 40,
		    CUSTOMERS * wanted[w].percent / 100 + CUSTOMERS / 40);
	}
}

static void
numbers_run_on(void **state)
{
	const struct company *company = *state;
	char wanted[32];

	for (size_t row = 0; row < CUSTOMERS; row++) {
		snprintf(wanted, sizeof(wanted), "C%06zu", row + 1);
		assert_string_equal(CELL(customer, row, "number"), wanted);
	}
	struct spread spread = spread_column(company, DEMO_TABLE_visit, "number");

	assert_int_equal(spread.distinct, company->rows[DEMO_TABLE_visit]);
}

/* ---- codes ------------------------------------------------------------------------------- */

static int
tax_value(char c)
{
	static const char letters[] = "0123456789ABCDEFGHJKLMNPQRTUWXY";
	const char *at = c != '\0' ? strchr(letters, c) : NULL;

	assert_non_null(at);
	return (int)(at - letters);
}

/* Weights as printed in GB 32100-2015 and GB 11714-1997. */
static void
check_tax_number(const char *code)
{
	static const int weights[] = { 1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10,
		30, 28 };
	static const int inner[] = { 3, 7, 9, 10, 5, 8, 4, 2 };
	int sum = 0, part = 0;

	assert_int_equal(strlen(code), 18);
	for (int i = 0; i < 17; i++)
		sum += weights[i] * tax_value(code[i]);
	assert_int_equal((sum + tax_value(code[17])) % 31, 0);
	for (int i = 0; i < 8; i++) {
		char c = code[8 + i];

		part += inner[i] * (c <= '9' ? c - '0' : c - 'A' + 10);
	}
	part += code[16] == 'X' ? 10 : code[16] - '0';
	assert_int_equal(part % 11, 0);
}

static void
tax_numbers_have_right_check_characters(void **state)
{
	const struct company *company = *state;
	size_t count = 0;

	for (size_t row = 0; row < CUSTOMERS; row++) {
		const char *code = CELL(customer, row, "tax_number");

		if (code != NULL) {
			check_tax_number(code);
			count++;
		}
	}
	assert_true(count > CUSTOMERS / 2);
}

static bool
starts_with(const char *text, const char *start)
{
	return strncmp(text, start, strlen(start)) == 0;
}

static bool
is_landline(const char *digits)
{
	for (size_t p = 0; p < demo_place_count; p++) {
		const struct demo_place *place = &demo_places[p];
		size_t bytes = strlen(place->area_code) + (size_t)place->digits;

		if (starts_with(digits, place->area_code) &&
		    digits[strlen(place->area_code)] == '9' &&
		    (strlen(digits) == bytes || strlen(digits) == bytes + 3))
			return true;
	}
	return false;
}

/* 160 161 163 164 168 169 are given to nobody; local numbers with 9, 555-01xx, Ofcom's drama
 * numbers. */
static void
check_phone(const struct company *company, const char *text, const char *kept)
{
	static const char *const mobiles[] = { "160", "161", "163", "164", "168", "169" };
	const char *digits = text_digits(company->arena, text);

	assert_string_equal(digits, kept);
	if (starts_with(digits, "44") && strlen(digits) == 12) {
		assert_non_null(strstr(digits, digits[2] == '2' ? "79460" : "4960"));
		return;
	}
	if (starts_with(digits, "1") && strlen(digits) == 11 &&
	    memcmp(digits + 4, "55501", 5) == 0)
		return;
	if (starts_with(digits, "86"))
		digits += 2;
	for (size_t i = 0; i < 6; i++)
		if (starts_with(digits, mobiles[i]) && strlen(digits) == 11)
			return;
	if (!is_landline(digits) && !is_landline(arena_printf(company->arena, "0%s", digits)))
		fail_msg("phone %s", text);
}

static void
phones_reach_nobody(void **state)
{
	const struct company *company = *state;

	for (size_t row = 0; row < CUSTOMERS; row++)
		if (CELL(customer, row, "phone") != NULL)
			check_phone(company, CELL(customer, row, "phone"),
			    CELL(customer, row, "phone_digits"));
	for (size_t row = 0; row < company->rows[DEMO_TABLE_customer_phone]; row++)
		check_phone(company, CELL(customer_phone, row, "number"),
		    CELL(customer_phone, row, "number_digits"));
	for (size_t row = 0; row < company->rows[DEMO_TABLE_contact]; row++)
		if (CELL(contact, row, "mobile") != NULL)
			check_phone(company, CELL(contact, row, "mobile"),
			    CELL(contact, row, "mobile_digits"));
	for (size_t row = 0; row < company->rows[DEMO_TABLE_users]; row++)
		check_phone(
		    company, CELL(users, row, "phone"), CELL(users, row, "phone_digits"));
}

static void
check_mail(const char *mail)
{
	const char *at = mail != NULL ? strchr(mail, '@') : "";
	const char *dot = at;

	if (mail == NULL)
		return;
	assert_non_null(at);
	assert_true(at > mail);
	for (const char *c = mail; *c != '\0'; c++)
		assert_true((*c >= 'a' && *c <= 'z') || (*c >= '0' && *c <= '9') ||
			    strchr("@._-", *c) != NULL);
	dot = strstr(at, "example.");
	assert_non_null(dot);
	assert_true(dot[-1] == '@' || dot[-1] == '.');
	assert_true(strcmp(dot, "example.com") == 0 || strcmp(dot, "example.net") == 0 ||
		    strcmp(dot, "example.org") == 0);
}

static void
mails_lead_to_example_domains(void **state)
{
	const struct company *company = *state;

	for (size_t row = 0; row < CUSTOMERS; row++)
		check_mail(CELL(customer, row, "mail"));
	for (size_t row = 0; row < company->rows[DEMO_TABLE_customer_mail]; row++)
		check_mail(CELL(customer_mail, row, "mail"));
	for (size_t row = 0; row < company->rows[DEMO_TABLE_contact]; row++)
		check_mail(CELL(contact, row, "mail"));
	for (size_t row = 0; row < company->rows[DEMO_TABLE_users]; row++)
		check_mail(CELL(users, row, "mail"));
}

/* Every text as Kehu keeps texts, and short enough; every choice one that ships. */
static void
check_field(const struct company *company, enum demo_table table, const struct field *field)
{
	size_t at = column(table, field->name);
	size_t most = field->max_chars != 0       ? field->max_chars
		      : field->type == TYPE_BLOCK ? 4000
						  : 200;

	for (size_t row = 0; row < company->rows[table]; row++) {
		const char *text = cell(company, table, row, at);
		const char *clean;

		if (text == NULL) {
			if (field->flags & FIELD_REQUIRED)
				fail_msg(
				    "%s.%s is empty", demo_tables[table].name, field->name);
			continue;
		}
		if (field->type == TYPE_CHOICE && !dictionary_ships(field->dict, text))
			fail_msg("%s has no %s", field->dict, text);
		assert_int_equal(
		    text_clean(company->arena, text, strlen(text),
			field->type == TYPE_BLOCK ? TEXT_BLOCK : TEXT_LINE, &clean),
		    ERR_OK);
		assert_string_equal(clean, text);
		if ((field->type == TYPE_TEXT || field->type == TYPE_BLOCK) &&
		    text_chars(text) > most)
			fail_msg(
			    "%s.%s too long: %s", demo_tables[table].name, field->name, text);
	}
}

static void
values_fit_their_fields(void **state)
{
	static const struct {
		enum demo_table table;
		uint32_t entity;
	} filled[] = {
		{ DEMO_TABLE_customer, E_customer },
		{ DEMO_TABLE_customer_phone, E_customer_phone },
		{ DEMO_TABLE_customer_mail, E_customer_mail },
		{ DEMO_TABLE_customer_address, E_customer_address },
		{ DEMO_TABLE_contact, E_contact },
		{ DEMO_TABLE_customer_relation, E_customer_relation },
		{ DEMO_TABLE_visit, E_visit },
		{ DEMO_TABLE_product, E_product },
		{ DEMO_TABLE_product_unit, E_product_unit },
		{ DEMO_TABLE_quote, E_quote },
		{ DEMO_TABLE_sales_order, E_order },
		{ DEMO_TABLE_delivery, E_delivery },
		{ DEMO_TABLE_receipt, E_receipt },
	};
	const struct company *company = *state;

	for (size_t i = 0; i < sizeof(filled) / sizeof(filled[0]); i++)
		for (size_t e = 0; entity_shipped[e] != NULL; e++)
			if (entity_shipped[e]->number == filled[i].entity)
				for (const struct field *f = entity_shipped[e]->fields;
				     f->number != 0; f++)
					if (f->flags & FIELD_REQUIRED ||
					    has_column(filled[i].table, f->name))
						check_field(company, filled[i].table, f);
}

/* ---- references -------------------------------------------------------------------------- */

/* Which table an id belongs to, plus one; by id. */
static uint8_t *
tables_of_ids(const struct company *company)
{
	uint8_t *of = arena_alloc(company->arena, (size_t)company->world->next_id);

	for (size_t t = 0; t < DEMO_TABLES; t++) {
		if (t == DEMO_TABLE_record_share || t == DEMO_TABLE_customer_figures ||
		    t == DEMO_TABLE_customer_search || t == DEMO_TABLE_contact_search ||
		    t == DEMO_TABLE_opportunity_search || t == DEMO_TABLE_lead_search ||
		    t == DEMO_TABLE_product_search || t == DEMO_TABLE_sales_order_figures ||
		    t == DEMO_TABLE_receivable_figures)
			continue;
		for (size_t row = 0; row < company->rows[t]; row++) {
			int64_t id = number(cell(company, (enum demo_table)t, row, 0));

			assert_in_range(id, 1000, company->world->next_id - 1);
			assert_int_equal(of[id], 0);
			of[id] = (uint8_t)(t + 1);
		}
	}
	return of;
}

static void
check_references(const struct company *company, const uint8_t *of, enum demo_table table,
    const char *name, enum demo_table to)
{
	size_t at = column(table, name);

	for (size_t row = 0; row < company->rows[table]; row++) {
		int64_t id = number(cell(company, table, row, at));

		if (id != 0 && of[id] != to + 1)
			fail_msg("%s.%s of row %zu", demo_tables[table].name, name, row);
	}
}

static void
references_hold(void **state)
{
	static const struct {
		enum demo_table table;
		const char *name;
		enum demo_table to;
	} references[] = {
		{ DEMO_TABLE_department, "branch_id", DEMO_TABLE_branch },
		{ DEMO_TABLE_users, "department_id", DEMO_TABLE_department },
		{ DEMO_TABLE_users, "superior_id", DEMO_TABLE_users },
		{ DEMO_TABLE_user_role, "user_id", DEMO_TABLE_users },
		{ DEMO_TABLE_pool_member, "member_department_id", DEMO_TABLE_department },
		{ DEMO_TABLE_customer, "owner_id", DEMO_TABLE_users },
		{ DEMO_TABLE_customer, "department_id", DEMO_TABLE_department },
		{ DEMO_TABLE_customer, "branch_id", DEMO_TABLE_branch },
		{ DEMO_TABLE_customer, "pool_id", DEMO_TABLE_pool },
		{ DEMO_TABLE_customer_figures, "id", DEMO_TABLE_customer },
		{ DEMO_TABLE_customer_search, "id", DEMO_TABLE_customer },
		{ DEMO_TABLE_customer_phone, "customer_id", DEMO_TABLE_customer },
		{ DEMO_TABLE_customer_tag, "tag_id", DEMO_TABLE_tag },
		{ DEMO_TABLE_contact, "customer_id", DEMO_TABLE_customer },
		{ DEMO_TABLE_contact_search, "id", DEMO_TABLE_contact },
		{ DEMO_TABLE_contact_customer, "customer_id", DEMO_TABLE_customer },
		{ DEMO_TABLE_customer_relation, "other_id", DEMO_TABLE_customer },
		{ DEMO_TABLE_visit, "customer_id", DEMO_TABLE_customer },
		{ DEMO_TABLE_visit, "owner_id", DEMO_TABLE_users },
		{ DEMO_TABLE_visit_contact, "visit_id", DEMO_TABLE_visit },
		{ DEMO_TABLE_visit_contact, "contact_id", DEMO_TABLE_contact },
		{ DEMO_TABLE_record_share, "record_id", DEMO_TABLE_customer },
		{ DEMO_TABLE_record_share, "user_id", DEMO_TABLE_users },
	};
	const struct company *company = *state;
	const uint8_t *of = tables_of_ids(company);

	for (size_t i = 0; i < sizeof(references) / sizeof(references[0]); i++)
		check_references(
		    company, of, references[i].table, references[i].name, references[i].to);
	for (size_t row = 0; row < company->rows[DEMO_TABLE_customer_relation]; row++)
		assert_string_not_equal(CELL(customer_relation, row, "customer_id"),
		    CELL(customer_relation, row, "other_id"));
}

static void
owned_or_in_a_pool(void **state)
{
	const struct company *company = *state;
	size_t pooled = 0;

	for (size_t row = 0; row < CUSTOMERS; row++) {
		bool owner = CELL(customer, row, "owner_id") != NULL;

		assert_int_not_equal(owner, CELL(customer, row, "pool_id") != NULL);
		assert_int_equal(owner, CELL(customer, row, "department_id") != NULL);
		pooled += !owner;
	}
	assert_in_range(pooled, CUSTOMERS * 6 / 100, CUSTOMERS * 10 / 100);
}

static void
regions_are_real_divisions(void **state)
{
	const struct company *company = *state;
	int64_t end = REGIONS_AT + (int64_t)demo_place_count * (1 + DISTRICTS);

	for (size_t row = 0; row < CUSTOMERS; row++) {
		int64_t region = number(CELL(customer, row, "region_id"));

		if (region != 0)
			assert_in_range(region, REGIONS_AT, end - 1);
	}
}

/* ---- staff ------------------------------------------------------------------------------- */

static void
every_role_has_a_user(void **state)
{
	const struct company *company = *state;

	for (size_t r = 0; r < role_shipped_count; r++) {
		bool found = false;

		for (size_t u = 0; u < company->result.user_count; u++)
			found |=
			    strcmp(company->result.users[u].role, role_shipped[r].name) == 0;
		assert_true(found);
	}
	assert_string_equal(company->result.users[0].role, "account_manager");
	assert_string_equal(company->result.users[0].login, "wangxm");
	struct spread spread = spread_column(company, DEMO_TABLE_users, "name");

	assert_int_equal(spread.distinct, company->result.user_count);
}

static void
every_branch_sells_and_is_led(void **state)
{
	const struct company *company = *state;

	for (size_t b = 0; b < company->world->branch_count; b++)
		assert_true(company->world->branches[b].count >= 1);
	for (size_t m = 0; m < company->manager_count; m++)
		assert_int_not_equal(company->managers[m].manager, 0);
	assert_int_equal(company->manager_count, company->rows[DEMO_TABLE_department]);
}

static void
demo_salesperson_owns_and_helps(void **state)
{
	const struct company *company = *state;
	int64_t user = company->result.users[0].id;
	size_t owned = 0, shared = 0;

	for (size_t row = 0; row < CUSTOMERS; row++)
		owned += number(CELL(customer, row, "owner_id")) == user;
	for (size_t row = 0; row < company->rows[DEMO_TABLE_record_share]; row++)
		shared += number(CELL(record_share, row, "user_id")) == user;
	assert_true(owned > 30);
	assert_true(shared > 30);
}

/* ---- visits and figures ------------------------------------------------------------------ */

struct tally {
	const char *last, *next, *open_at;
	int64_t done, open;
};

/* Rows of one customer stand together; moments compare as text. */
static struct tally
tally_visits(const struct company *company, size_t *row, const char *customer)
{
	struct tally tally = { 0 };

	for (; *row < company->rows[DEMO_TABLE_visit] &&
	       strcmp(CELL(visit, *row, "customer_id"), customer) == 0;
	     ++*row) {
		const char *at = CELL(visit, *row, "at"), *state = CELL(visit, *row, "state");

		if (strcmp(state, "completed") == 0) {
			tally.done++;
			if (tally.last == NULL || strcmp(at, tally.last) >= 0) {
				tally.last = at;
				tally.next = CELL(visit, *row, "next_on");
			}
		} else if (strcmp(state, "cancelled") != 0) {
			tally.open++;
			if (tally.open_at == NULL || strcmp(at, tally.open_at) < 0)
				tally.open_at = at;
		}
	}
	return tally;
}

static void
figures_follow_visits(void **state)
{
	const struct company *company = *state;
	size_t row = 0;

	for (size_t c = 0; c < CUSTOMERS; c++) {
		struct tally tally =
		    tally_visits(company, &row, CELL(customer_figures, c, "id"));
		const char *last = CELL(customer_figures, c, "last_visit_at");
		const char *next = CELL(customer_figures, c, "next_visit_on");

		assert_int_equal(number(CELL(customer_figures, c, "visit_count")), tally.done);
		assert_int_equal(number(CELL(customer_figures, c, "open_visits")), tally.open);
		assert_true((last == NULL) == (tally.last == NULL));
		if (last != NULL)
			assert_string_equal(last, tally.last);
		if (tally.open_at != NULL) /* office hours: the same day in China and in UTC */
			assert_memory_equal(next, tally.open_at, 10);
		else if (tally.next != NULL)
			assert_string_equal(next, tally.next);
		else
			assert_null(next);
	}
	assert_int_equal(row, company->rows[DEMO_TABLE_visit]);
}

static void
states_of_visits_hold_together(void **state)
{
	const struct company *company = *state;
	struct arena *arena = company->arena;
	const char *today = date_format(arena, TODAY);
	const char *first = date_format(arena, TODAY - 731);
	size_t counts[4] = { 0 };

	for (size_t row = 0; row < company->rows[DEMO_TABLE_visit]; row++) {
		const char *at = CELL(visit, row, "at"), *is = CELL(visit, row, "state");
		bool done = strcmp(is, "completed") == 0, planned = strcmp(is, "planned") == 0;
		bool cancelled = strcmp(is, "cancelled") == 0;

		counts[done ? 0 : planned ? 1 : cancelled ? 2 : 3]++;
		if (!planned)
			assert_true(memcmp(at, today, 10) <= 0);
		assert_true(memcmp(at, first, 10) >= 0);
		assert_int_equal(done, CELL(visit, row, "summary") != NULL);
		assert_int_equal(done, CELL(visit, row, "outcome") != NULL);
		assert_int_equal(done, CELL(visit, row, "completed_at") != NULL);
		assert_int_equal(cancelled, CELL(visit, row, "reason") != NULL);
		assert_int_equal(planned || cancelled, CELL(visit, row, "started_at") == NULL);
		assert_int_equal(CELL(visit, row, "cost") == NULL,
		    CELL(visit, row, "cost_currency") == NULL);
	}
	for (size_t i = 0; i < 4; i++)
		assert_true(counts[i] > 0);
	assert_true(counts[0] * 10 > company->rows[DEMO_TABLE_visit] * 8);
}

static void
summaries_vary_and_hold_no_slots(void **state)
{
	const struct company *company = *state;
	struct spread spread = spread_column(company, DEMO_TABLE_visit, "summary");

	assert_true(spread.distinct * 10 > spread.count * 9);
	for (size_t row = 0; row < company->rows[DEMO_TABLE_visit]; row++)
		if (CELL(visit, row, "summary") != NULL)
			assert_null(strchr(CELL(visit, row, "summary"), '$'));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(same_seed_gives_same_rows),
		cmocka_unit_test(results_count_the_rows),
		cmocka_unit_test(short_names_are_mostly_distinct),
		cmocka_unit_test(names_are_skewed),
		cmocka_unit_test(levels_have_their_shares),
		cmocka_unit_test(numbers_run_on),
		cmocka_unit_test(tax_numbers_have_right_check_characters),
		cmocka_unit_test(phones_reach_nobody),
		cmocka_unit_test(mails_lead_to_example_domains),
		cmocka_unit_test(values_fit_their_fields),
		cmocka_unit_test(references_hold),
		cmocka_unit_test(owned_or_in_a_pool),
		cmocka_unit_test(regions_are_real_divisions),
		cmocka_unit_test(every_role_has_a_user),
		cmocka_unit_test(every_branch_sells_and_is_led),
		cmocka_unit_test(demo_salesperson_owns_and_helps),
		cmocka_unit_test(figures_follow_visits),
		cmocka_unit_test(states_of_visits_hold_together),
		cmocka_unit_test(summaries_vary_and_hold_no_slots),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, setup, teardown);
}
