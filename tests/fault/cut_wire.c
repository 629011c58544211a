/*
 * The connection cut after each byte of each kind of writing request and of its answer. The
 * client's link comes back by itself, and what was meant once is done once. `make fault` cuts
 * at every byte; `make check` here and there.
 */
#include "common/date.h"
#include "server/entity/fields.h"
#include "tests/lib/bed.h"
#include "tests/lib/company.h"
#include "tests/lib/pg.h"
#include "tests/lib/proxy.h"

#include <inttypes.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
// clang-format off
#include <cmocka.h>
// clang-format on

#define DB "cut_wire"

enum { CUTS_OF_A_WAY = 3 };

struct cut {
	struct client *client, *aside; /* through the proxy; and not */
	struct proxy *proxy;
	int64_t id;      /* of the record that the request is about */
	const char *name; /* of what it makes */
	int serial;
	int64_t cuts;
};

/* ---- what is asked, and how often it happened ------------------------------------------------ */

static int64_t
cut_customer(struct cut *cut)
{
	return expect_written(client_save(cut->aside, E_customer, 0, 0,
				  SENT(TEXT_OF(F_customer_name, cut->name)), NULL))
	    ->id;
}

static const Kehu__ServerFrame *
ask_create(struct cut *cut)
{
	struct sent_line lines[] = { { .entity = E_customer_phone, .id = -1,
					 .values = SENT(TEXT_OF(F_customer_phone_number,
							  arena_printf(cut->aside->arena, "139%08d", cut->serial))) },
		{ 0 } };

	return client_save(cut->client, E_customer, 0, 0, SENT(TEXT_OF(F_customer_name, cut->name)), lines);
}

static const Kehu__ServerFrame *
ask_change(struct cut *cut)
{
	return client_save(cut->client, E_customer, cut->id, 1,
	    SENT(TEXT_OF(F_customer_remarks, "changed")), NULL);
}

static const Kehu__ServerFrame *
ask_delete(struct cut *cut)
{
	return client_delete(cut->client, E_customer, cut->id, 1);
}

static const Kehu__ServerFrame *
ask_restore(struct cut *cut)
{
	return client_restore(cut->client, E_customer, cut->id);
}

static const Kehu__ServerFrame *
ask_act(struct cut *cut)
{
	return client_act(cut->client, E_customer, cut->id, "comment",
	    SENT(TEXT_OF(1, "said once")));
}

static const Kehu__ServerFrame *
ask_bulk(struct cut *cut)
{
	Kehu__ClientFrame *steps[] = {
		client_save_step(cut->client, E_customer, 0, 0, SENT(TEXT_OF(F_customer_name, cut->name))),
		client_save_step(cut->client, E_customer, cut->id, 1,
		    SENT(TEXT_OF(F_customer_remarks, "changed"))),
	};

	return client_bulk(cut->client, link_intention(cut->client->link), steps, 2, false);
}

static const Kehu__ServerFrame *
ask_attach(struct cut *cut)
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__Attach attach = KEHU__ATTACH__INIT;

	attach.has_step = attach.has_entity = attach.has_record = attach.has_bytes = true;
	attach.step = 1;
	attach.entity = E_customer;
	attach.record = cut->id;
	attach.name = arena_strdup(cut->client->arena, cut->name);
	attach.bytes = 5;
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_ATTACH;
	frame.attach = &attach;
	return client_call(cut->client, &frame);
}

static const Kehu__ServerFrame *
ask_import(struct cut *cut)
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__Import import = KEHU__IMPORT__INIT;

	import.has_step = import.has_entity = true;
	import.step = 1;
	import.entity = E_customer;
	import.file = arena_strdup(cut->client->arena, cut->name);
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_IMPORT;
	frame.import = &import;
	return client_call(cut->client, &frame);
}

static const Kehu__ServerFrame *
ask_export(struct cut *cut)
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__Export export = KEHU__EXPORT__INIT;

	export.has_entity = true;
	export.entity = E_customer;
	export.query = arena_strdup(cut->client->arena, "level:A");
	export.format = arena_strdup(cut->client->arena, "csv");
	export.reason = arena_strdup(cut->client->arena, cut->name);
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_EXPORT;
	frame.export = &export;
	return client_call(cut->client, &frame);
}

static const Kehu__ServerFrame *
ask_alter(struct cut *cut)
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__Alter alter = KEHU__ALTER__INIT;
	Kehu__Value value = KEHU__VALUE__INIT, *values[] = { &value };

	value.has_field = true;
	value.field = F_customer_remarks;
	value.text = arena_strdup(cut->client->arena, "changed");
	alter.has_entity = true;
	alter.entity = E_customer;
	alter.n_ids = 1;
	alter.ids = &cut->id;
	alter.what = arena_strdup(cut->client->arena, "set");
	alter.n_values = 1;
	alter.values = values;
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_ALTER;
	frame.alter = &alter;
	return client_call(cut->client, &frame);
}

#define CHANGED "SELECT version - 1 FROM customer WHERE id = %1$" PRId64

#define STARTED(kind) \
	"SELECT count(*) FROM job WHERE kind = '" kind "' AND created_at > (SELECT created_at FROM" \
	" customer WHERE id = %1$" PRId64 ")"

static const struct kind {
	const char *name;
	const Kehu__ServerFrame *(*ask)(struct cut *cut);
	const char *count; /* how often it happened: by %1 the record, %2 the name */
	bool deleted;      /* the record is in the bin before */
} kinds[] = {
	{ "create", ask_create,
	    "SELECT count(*) FROM customer c JOIN customer_phone p ON p.customer_id = c.id"
	    " WHERE c.name = '%2$s' AND c.id <> %1$" PRId64 },
	{ "change", ask_change, CHANGED },
	{ "delete", ask_delete, CHANGED },
	{ "restore", ask_restore, "SELECT version - 2 FROM customer WHERE id = %1$" PRId64, true },
	{ "act", ask_act, "SELECT count(*) FROM comment WHERE anchor_id = %1$" PRId64 },
	{ "bulk", ask_bulk, CHANGED },
	{ "attach", ask_attach, "SELECT count(*) FROM attachment WHERE anchor_id = %1$" PRId64 },
	{ "import", ask_import, STARTED("import") },
	{ "export", ask_export, STARTED("export") },
	{ "alter", ask_alter, CHANGED },
};

/* ---- cutting ------------------------------------------------------------------------------ */

static void
cut_once(struct cut *cut, const struct kind *kind, enum proxy_way way, int64_t at)
{
	const Kehu__ServerFrame *answer;
	int64_t count;

	arena_reset(cut->client->arena);
	arena_reset(cut->aside->arena);
	cut->name = arena_printf(cut->aside->arena, "before %d", ++cut->serial);
	cut->id = cut_customer(cut);
	cut->name = arena_printf(cut->aside->arena, "%s.%d", kind->name, cut->serial);
	if (kind->deleted)
		expect_written(client_delete(cut->aside, E_customer, cut->id, 1));
	proxy_cut_after(cut->proxy, way, at);
	answer = kind->ask(cut);
	if (answer->answer_case == KEHU__SERVER_FRAME__ANSWER_ERROR)
		fail_msg("%s cut after %" PRId64 " bytes %s: %u %s", kind->name, at,
		    way == PROXY_UP ? "up" : "down", answer->error->code, answer->error->text);
	count = pg_int(DB, kind->count, cut->id, cut->name);
	if (count != 1)
		fail_msg("%s cut after %" PRId64 " bytes %s: done %" PRId64 " times", kind->name, at,
		    way == PROXY_UP ? "up" : "down", count);
}

static void
cut_kind(struct cut *cut, const struct kind *kind, bool every)
{
	for (int way = PROXY_UP; way <= PROXY_DOWN; way++) {
		int64_t bytes;

		cut_once(cut, kind, (enum proxy_way)way, INT64_C(1) << 40);
		bytes = proxy_count(cut->proxy, (enum proxy_way)way);
		assert_true(bytes > 0);
		int64_t step = every ? 1 : bytes / CUTS_OF_A_WAY + 1;

		for (int64_t at = 0; at < bytes; at += step) {
			int64_t before = proxy_cuts(cut->proxy);

			cut_once(cut, kind, (enum proxy_way)way, at);
			cut->cuts += proxy_cuts(cut->proxy) - before;
		}
	}
}

static void
request_cut_at_any_byte_is_done_once(void **state)
{
	bool every = getenv("N") != NULL && atoi(getenv("N")) > 0;
	struct bed *bed = bed_new(DB), through = *bed;
	struct cut cut = { .proxy = proxy_start(bed->port), .aside = client_new(bed, "cai", LANG_EN) };
	int64_t from_us = date_monotonic_us(), floor;

	through.port = proxy_port(cut.proxy);
	through.backoff_ms = 10;
	cut.client = client_new(&through, "cai", LANG_EN);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		cut_kind(&cut, &kinds[i], every);
	floor = (int64_t)(sizeof(kinds) / sizeof(kinds[0])) * 2 * CUTS_OF_A_WAY;
	print_message("# cut_wire: %zu kinds of requests, %" PRId64 " cuts, each done once, %" PRId64
		      " s\n",
	    sizeof(kinds) / sizeof(kinds[0]), cut.cuts, (date_monotonic_us() - from_us) / 1000000);
	assert_true(cut.cuts >= floor);
	client_free(cut.client);
	client_free(cut.aside);
	proxy_stop(cut.proxy);
	bed_free(bed);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(request_cut_at_any_byte_is_done_once),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
