/*
 * Leads, opportunities and development plans against a real kehud: the company that the parts in
 * tests/parts/lead_*.c work in.
 */
#include "tests/parts/lead.h"

#include "common/date.h"
#include "server/entity/fields.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
// clang-format off
#include <cmocka.h>
// clang-format on

struct bed *bed;
struct client *ada, *ben, *cai, *dan, *eve, *guo;

int64_t
make_lead(struct client *client, const char *name, const char *person, const char *phone)
{
	return expect_written(client_save(client, E_lead, 0, 0,
		SENT(TEXT_OF(F_lead_name, name), TEXT_OF(F_lead_person, person),
		    TEXT_OF(F_lead_mobile, phone)), NULL))->id;
}

int64_t
make_customer(struct client *client, const char *name, const char *phone)
{
	return expect_written(client_save(client, E_customer, 0, 0,
		SENT(TEXT_OF(F_customer_name, name), TEXT_OF(F_customer_phone, phone)), NULL))->id;
}

int64_t
make_opportunity(struct client *client, int64_t customer, const char *name)
{
	return expect_written(client_save(client, E_opportunity, 0, 0,
		SENT(TEXT_OF(F_opportunity_name, name), NUMBER_OF(F_opportunity_customer_id, customer),
		    { .field = F_opportunity_amount, .text = "CNY", .number = 10000000, .has_number = true },
		    NUMBER_OF(F_opportunity_expected_on, date_of_us(date_now_us(), 480) + 20)), NULL))->id;
}

int64_t
today(void)
{
	return date_of_us(date_now_us(), 480);
}

static void
lead_start(void)
{
	bed = bed_new(DB);
	ada = client_new(bed, "ada", LANG_ZH);
	ben = client_new(bed, "ben", LANG_ZH);
	cai = client_new(bed, "cai", LANG_ZH);
	dan = client_new(bed, "dan", LANG_ZH);
	eve = client_new(bed, "eve", LANG_EN);
	guo = client_new(bed, "guo", LANG_ZH);
}

static void
lead_end(void)
{
	struct client *const all[] = { ada, ben, cai, dan, eve, guo };

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		client_free(all[i]);
	bed_free(bed);
}

int
main(void)
{
	int (*const parts[])(void) = { lead_leads, lead_opportunities, lead_board };
	int failed = 0;

	cmocka_set_message_output(CM_OUTPUT_TAP);
	lead_start();
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		failed += parts[i]();
	lead_end();
	return failed;
}
