/*
 * The connection cut after each byte of each kind of writing request and of its answer. The
 * client's link comes back by itself, and what was meant once is done once. `make fault` cuts
 * at every byte; `make check` here and there.
 */
#include "common/date.h"
#include "tests/lib/bed.h"
#include "tests/lib/deed.h"
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
	struct deed deed; /* its client goes through the proxy */
	struct proxy *proxy;
	int64_t cuts;
};

static void
cut_once(struct cut *cut, const struct deed_kind *kind, enum proxy_way way, int64_t at)
{
	const Kehu__ServerFrame *answer;
	int64_t count;

	deed_prepare(&cut->deed, kind);
	proxy_cut_after(cut->proxy, way, at);
	answer = kind->ask(&cut->deed);
	if (answer->answer_case == KEHU__SERVER_FRAME__ANSWER_ERROR)
		fail_msg("%s cut after %" PRId64 " bytes %s: %u %s", kind->name, at,
		    way == PROXY_UP ? "up" : "down", answer->error->code, answer->error->text);
	count = deed_count(&cut->deed, kind);
	if (count != 1)
		fail_msg("%s cut after %" PRId64 " bytes %s: done %" PRId64 " times", kind->name, at,
		    way == PROXY_UP ? "up" : "down", count);
}

static void
cut_kind(struct cut *cut, const struct deed_kind *kind, bool every)
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
	struct cut cut = { .proxy = proxy_start(bed->port), .deed.aside = client_new(bed, "cai", LANG_EN) };
	int64_t from_us = date_monotonic_us(), floor;

	through.port = proxy_port(cut.proxy);
	through.backoff_ms = 10;
	cut.deed.client = client_new(&through, "cai", LANG_EN);
	for (size_t i = 0; i < deed_kind_count; i++)
		cut_kind(&cut, &deed_kinds[i], every);
	floor = (int64_t)(deed_kind_count) * 2 * CUTS_OF_A_WAY;
	print_message("# cut_wire: %zu kinds of requests, %" PRId64 " cuts, each done once, %" PRId64
		      " s\n",
	    deed_kind_count, cut.cuts, (date_monotonic_us() - from_us) / 1000000);
	assert_true(cut.cuts >= floor);
	client_free(cut.deed.client);
	client_free(cut.deed.aside);
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
