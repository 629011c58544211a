/*
 * The general requests against a real kehud and PostgreSQL: the company that the parts in
 * tests/parts/requests_*.c work in.
 */
#include "tests/parts/requests.h"

#include "server/entity/fields.h"

#include <setjmp.h>
#include <stdarg.h>
// clang-format off
#include <cmocka.h>
// clang-format on

struct bed *bed;
struct client *ada, *ben, *cai, *dan, *eve, *guo;

int64_t
make_customer(struct client *client, const char *name, const char *short_name)
{
	return expect_written(client_save(client, E_customer, 0, 0,
		SENT(TEXT_OF(F_customer_name, name), TEXT_OF(F_customer_short_name, short_name)), NULL))
	    ->id;
}

const Kehu__ServerFrame *
history_of(struct client *client, uint32_t entity, int64_t id)
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__History history = KEHU__HISTORY__INIT;

	history.has_entity = history.has_id = true;
	history.entity = entity;
	history.id = id;
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_HISTORY;
	frame.history = &history;
	return client_call(client, &frame);
}

static void
requests_start(void)
{
	bed = bed_new(DB);
	ada = client_new(bed, "ada", LANG_EN);
	ben = client_new(bed, "ben", LANG_EN);
	cai = client_new(bed, "cai", LANG_EN);
	dan = client_new(bed, "dan", LANG_EN);
	eve = client_new(bed, "eve", LANG_EN);
	guo = client_new(bed, "guo", LANG_EN);
}

static void
requests_end(void)
{
	struct client *all[] = { ada, ben, cai, dan, eve, guo };

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		client_free(all[i]);
	bed_free(bed);
}

int
main(void)
{
	int (*const parts[])(void) = { requests_saving, requests_rights, requests_lists, requests_groups,
		requests_life };
	int failed = 0;

	cmocka_set_message_output(CM_OUTPUT_TAP);
	requests_start();
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		failed += parts[i]();
	requests_end();
	return failed;
}
