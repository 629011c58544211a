/*
 * Values of the demo company without a database: the same for the same seed, varied, and such
 * as their fields take. How rows hang together is demo.c.
 */
#include "common/text.h"
#include "server/entity/dictionaries.h"
#include "server/entity/entity.h"
#include "server/entity/fields.h"
#include "tests/lib/demo_company.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* ---- same and other seeds ---------------------------------------------------------------- */

static void
same_seed_gives_same_rows(void **state)
{
	struct demo_company *a = demo_company_new(300, 3), *b = demo_company_new(300, 3);
	struct demo_company *c = demo_company_new(300, 4);

	assert_memory_equal(a->hash, b->hash, sizeof(a->hash));
	assert_memory_not_equal(a->hash, c->hash, sizeof(a->hash));
	demo_company_free(a);
	demo_company_free(b);
	demo_company_free(c);
}

static void
results_count_the_rows(void **state)
{
	const struct demo_company *company = *state;

	assert_int_equal(company->result.customers, DEMO_COMPANY_CUSTOMERS);
	assert_int_equal(company->rows[DEMO_TABLE_customer], DEMO_COMPANY_CUSTOMERS);
	assert_int_equal(company->rows[DEMO_TABLE_customer_search], DEMO_COMPANY_CUSTOMERS);
	assert_int_equal(company->rows[DEMO_TABLE_customer_figures], DEMO_COMPANY_CUSTOMERS);
	assert_int_equal(company->rows[DEMO_TABLE_contact], company->result.contacts);
	assert_int_equal(company->rows[DEMO_TABLE_contact_search], company->result.contacts);
	assert_int_equal(company->rows[DEMO_TABLE_visit], company->result.visits);
	assert_int_equal(company->rows[DEMO_TABLE_users], company->result.user_count);
	assert_in_range(
	    company->result.visits, 4 * DEMO_COMPANY_CUSTOMERS, 7 * DEMO_COMPANY_CUSTOMERS);
	assert_in_range(company->result.contacts, 15 * DEMO_COMPANY_CUSTOMERS / 10,
	    25 * DEMO_COMPANY_CUSTOMERS / 10);
	assert_true(company->rows[DEMO_TABLE_branch] >= 12);
	assert_true(company->rows[DEMO_TABLE_pool] >= 2);
}

static void
short_names_are_mostly_distinct(void **state)
{
	struct demo_company *company = demo_company_new(20000, 1);
	struct demo_spread spread =
	    demo_spread_column(company, DEMO_TABLE_customer, "short_name");

	assert_true(spread.count > 18000);
	assert_true(spread.distinct * 100 >= spread.count * 97);
	assert_true(spread.most < 20);
	demo_company_free(company);
}

/* Surnames as they are met: a few very often, many seldom. */
static void
names_are_skewed(void **state)
{
	const struct demo_company *company = *state;
	size_t rows = company->rows[DEMO_TABLE_contact], count = 0;
	const char **texts = ARENA_ARRAY(company->arena, const char *, rows);

	for (size_t row = 0; row < rows; row++) {
		const char *name = CELL(contact, row, "name");

		if ((unsigned char)name[0] >= 0xe0)
			texts[count++] = arena_strndup(company->arena, name, 3);
	}
	struct demo_spread spread = demo_spread_of(company, texts, count);

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
	const struct demo_company *company = *state;

	for (size_t w = 0; w < 4; w++) {
		int count = 0;

		for (size_t row = 0; row < DEMO_COMPANY_CUSTOMERS; row++)
			count += strcmp(CELL(customer, row, "level"), wanted[w].level) == 0;
		assert_in_range(count,
		    DEMO_COMPANY_CUSTOMERS * wanted[w].percent / 100 -
			DEMO_COMPANY_CUSTOMERS / 40,
		    DEMO_COMPANY_CUSTOMERS * wanted[w].percent / 100 +
			DEMO_COMPANY_CUSTOMERS / 40);
	}
}

static void
numbers_run_on(void **state)
{
	const struct demo_company *company = *state;
	char wanted[32];

	for (size_t row = 0; row < DEMO_COMPANY_CUSTOMERS; row++) {
		snprintf(wanted, sizeof(wanted), "C%06zu", row + 1);
		assert_string_equal(CELL(customer, row, "number"), wanted);
	}
	struct demo_spread spread = demo_spread_column(company, DEMO_TABLE_visit, "number");

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
	const struct demo_company *company = *state;
	size_t count = 0;

	for (size_t row = 0; row < DEMO_COMPANY_CUSTOMERS; row++) {
		const char *code = CELL(customer, row, "tax_number");

		if (code != NULL) {
			check_tax_number(code);
			count++;
		}
	}
	assert_true(count > DEMO_COMPANY_CUSTOMERS / 2);
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
check_phone(const struct demo_company *company, const char *text, const char *kept)
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
	const struct demo_company *company = *state;

	for (size_t row = 0; row < DEMO_COMPANY_CUSTOMERS; row++)
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
	const struct demo_company *company = *state;

	for (size_t row = 0; row < DEMO_COMPANY_CUSTOMERS; row++)
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
check_field(
    const struct demo_company *company, enum demo_table table, const struct field *field)
{
	size_t at = demo_company_column(table, field->name);
	size_t most = field->max_chars != 0       ? field->max_chars
		      : field->type == TYPE_BLOCK ? 4000
						  : 200;

	for (size_t row = 0; row < company->rows[table]; row++) {
		const char *text = demo_company_cell(company, table, row, at);
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
	const struct demo_company *company = *state;

	for (size_t i = 0; i < sizeof(filled) / sizeof(filled[0]); i++)
		for (size_t e = 0; entity_shipped[e] != NULL; e++)
			if (entity_shipped[e]->number == filled[i].entity)
				for (const struct field *f = entity_shipped[e]->fields;
				     f->number != 0; f++)
					if (f->flags & FIELD_REQUIRED ||
					    demo_company_has_column(filled[i].table, f->name))
						check_field(company, filled[i].table, f);
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
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, demo_company_setup, demo_company_teardown);
}
