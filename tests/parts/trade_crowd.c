/*
 * Many at once at one customer's credit limit: KEHU_FULL=1 for 64 clients and a minute.
 */
#include "common/date.h"
#include "server/entity/fields.h"
#include "tests/lib/pg.h"
#include "tests/parts/trade.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
// clang-format off
#include <cmocka.h>
// clang-format on

#define CROWD_MAX   64
#define CROWD_LIMIT INT64_C(1000000) /* ten thousand yuan: nine pumps or so */

struct crowd {
	struct client *client;
	bool books; /* finance; else sells */
	int64_t buyer;
	size_t number, done, busy, bad;
	enum err worst;
};

static atomic_bool crowd_over;

static void
crowd_take(struct crowd *one, const Kehu__ServerFrame *answer)
{
	if (answer->answer_case == KEHU__SERVER_FRAME__ANSWER_WRITTEN) {
		one->done++;
	} else if (answer->answer_case == KEHU__SERVER_FRAME__ANSWER_ERROR &&
		   (answer->error->code == ERR_LOCKED || answer->error->code == ERR_BUSY)) {
		one->busy++;
	} else {
		one->bad++;
		one->worst = answer->answer_case == KEHU__SERVER_FRAME__ANSWER_ERROR
				 ? (enum err)answer->error->code
				 : ERR_INTERNAL;
	}
}

static void
crowd_book(struct crowd *one, size_t round)
{
	const char *reference =
	    arena_printf(one->client->arena, "CR%zu-%zu", one->number, round);

	crowd_take(one, client_save(one->client, E_receipt, 0, 0,
			    SENT(NUMBER_OF(F_receipt_customer_id, one->buyer),
				MONEY_OF(F_receipt_amount, 20000 + (int64_t)(round % 7)),
				TEXT_OF(F_receipt_reference, reference)),
			    NULL));
}

static void
crowd_sell(struct crowd *one)
{
	const Kehu__ServerFrame *answer = client_save(one->client, E_order, 0, 0,
	    SENT(NUMBER_OF(F_order_customer_id, one->buyer)),
	    LINES(LINE(E_order_line, -1, pump, SO_MANY(Q(1)))));
	int64_t order;

	crowd_take(one, answer);
	if (answer->answer_case != KEHU__SERVER_FRAME__ANSWER_WRITTEN)
		return;
	order = answer->written->id;
	crowd_take(one, client_act(one->client, E_order, order, "confirm", NULL));
	answer = client_act(one->client, E_order, order, "plan", SENT(TEXT_OF(1, "100 today")));
	/* held and not yet planned when confirming was refused as busy: a draft has no plan */
	if (answer->answer_case != KEHU__SERVER_FRAME__ANSWER_ERROR ||
	    answer->error->code != ERR_WRONG_STATE)
		crowd_take(one, answer);
}

static void *
crowd_run(void *to)
{
	struct crowd *one = to;

	for (size_t round = 0; !atomic_load(&crowd_over); round++) {
		if (one->books)
			crowd_book(one, round);
		else
			crowd_sell(one);
		arena_reset(one->client->arena);
	}
	return NULL;
}

static void
crowd_at_the_credit_limit_never_passes_it(void **state)
{
	bool full = getenv("KEHU_FULL") != NULL;
	size_t count = full ? CROWD_MAX : 12, samples = 0, done = 0, busy = 0, bad = 0;
	int64_t until, highest = 0;
	int64_t buyer = make_customer("拥挤公司");
	struct crowd crowd[CROWD_MAX] = { 0 };
	pthread_t threads[CROWD_MAX];
	enum err worst = ERR_OK;

	save(hua, E_credit_limit,
	    SENT(NUMBER_OF(F_credit_limit_customer_id, buyer),
		MONEY_OF(F_credit_limit_amount, CROWD_LIMIT)),
	    NULL);
	for (size_t i = 0; i < count; i++)
		crowd[i] =
		    (struct crowd){ .client = client_new(bed, i % 2 ? "hua" : "ada", LANG_EN),
			    .books = i % 2,
			    .buyer = buyer,
			    .number = i };
	until = date_now_us() + (full ? 60 : 5) * US_PER_SECOND;
	atomic_store(&crowd_over, false);
	for (size_t i = 0; i < count; i++)
		pthread_create(&threads[i], NULL, crowd_run, &crowd[i]);
	while (date_now_us() < until) {
		int64_t owed = pg_int(DB,
		    "SELECT coalesce((SELECT owed FROM customer_figures WHERE id = %ld), 0)",
		    (long)buyer);

		highest = owed > highest ? owed : highest;
		samples++;
	}
	atomic_store(&crowd_over, true);
	for (size_t i = 0; i < count; i++) {
		pthread_join(threads[i], NULL);
		done += crowd[i].done;
		busy += crowd[i].busy;
		bad += crowd[i].bad;
		worst = crowd[i].bad > 0 ? crowd[i].worst : worst;
		client_free(crowd[i].client);
	}
	printf("# %zu clients: %zu done, %zu told to wait, %zu samples, highest debt %lld of "
	       "%lld\n",
	    count, done, busy, samples, (long long)highest, (long long)CROWD_LIMIT);
	if (bad > 0)
		fail_msg("%zu answers were neither done nor busy, as %s", bad, err_name(worst));
	assert_true(done > count);
	assert_true(highest > CROWD_LIMIT / 2); /* it was pressed against */
	assert_true(highest <= CROWD_LIMIT);
	assert_true(number_of(ada, E_customer, buyer, F_customer_owed) <= CROWD_LIMIT);
	assert_int_equal(
	    pg_int(DB, "SELECT deadlocks FROM pg_stat_database WHERE datname = '%s'", DB), 0);
	check_account(buyer);
	/* the ledger, entry by entry, never went below zero and adds up */
	assert_int_equal(pg_int(DB,
			     "SELECT count(*) FROM (SELECT balance, sum(amount) OVER (ORDER BY "
			     "at, id) AS run"
			     " FROM prepaid_entry WHERE customer_id = %ld) e WHERE balance < 0 "
			     "OR balance <> run",
			     (long)buyer),
	    0);
}

int
trade_crowd(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(crowd_at_the_credit_limit_never_passes_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
