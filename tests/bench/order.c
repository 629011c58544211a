/*
 * An order with 50 lines saved with everything that goes with it (prices looked up, history,
 * audit, outcome and change rows, number, row policies), beside bare INSERTs of the same rows
 * in one transaction: by a superuser, without triggers of ours.
 */
#include "common/date.h"
#include "common/log.h"
#include "server/entity/fields.h"
#include "tests/lib/beside.h"
#include "tests/lib/company.h"
#include "tests/lib/figures.h"
#include "tests/lib/pg.h"

#include <inttypes.h>
#include <stdlib.h>

#define DB     "bench_order"
#define ROUNDS 5
#define ORDERS 40
#define LINES  50

struct order_bench {
	struct beside beside;
	int64_t customer, products[LINES];
};

static void
order_save(struct order_bench *bench)
{
	struct sent values[LINES][3] = { 0 };
	struct sent_line lines[LINES + 1] = { 0 };

	for (size_t i = 0; i < LINES; i++) {
		values[i][0] =
		    (struct sent)NUMBER_OF(F_order_line_product_id, bench->products[i]);
		values[i][1] =
		    (struct sent)NUMBER_OF(F_order_line_quantity, (int64_t)(i + 1) * 10000);
		lines[i] = (struct sent_line){
			.entity = E_order_line, .id = -1 - (int64_t)i, .values = values[i]
		};
	}
	expect_written(client_save(bench->beside.ada, E_order, 0, 0,
	    SENT(NUMBER_OF(F_order_customer_id, bench->customer)), lines));
}

static void
order_bare(struct order_bench *bench, struct arena *arena, int n)
{
	struct sql *head = sql_new(arena);
	int64_t id = pg_int(DB, "SELECT nextval('record_id')");

	store_begin(bench->beside.store);
	sql_add(head, "INSERT INTO sales_order (id, number, customer_id, ordered_on, currency, "
		      "tax_included, state, net,"
		      " net_currency, tax, tax_currency, total, total_currency, rate, "
		      "total_base, total_base_currency, discount_max,"
		      " over_limit, owner_id, department_id, branch_id, created_by, "
		      "updated_by) VALUES (");
	sql_int(head, id);
	sql_add(head, ", ");
	sql_text(head, arena_printf(arena, "X%d-%" PRId64, n, id));
	sql_add(head, ", ");
	sql_int(head, bench->customer);
	sql_add(head, ", current_date, 'CNY', true, 'draft', 100, 'CNY', 13, 'CNY', 113, "
		      "'CNY', 1000000, 113, 'CNY', 0, false,"
		      " 101, 12, 2, 101, 101)");
	sql_named(head);
	store_queue(bench->beside.store, head, NULL);
	for (size_t i = 0; i < LINES; i++) {
		struct sql *line = sql_new(arena);

		sql_add(line, "INSERT INTO order_line (order_id, position, product_id, "
			      "quantity, unit, price, tax_rate, amount,"
			      " amount_currency, list_price, price_list_id, created_by, "
			      "updated_by) VALUES (");
		sql_int(line, id);
		sql_add(line, ", ");
		sql_int(line, (int64_t)i);
		sql_add(line, ", ");
		sql_int(line, bench->products[i]);
		sql_add(line, ", ");
		sql_int(line, (int64_t)(i + 1) * 10000);
		sql_add(line,
		    ", 'piece', 11300000, 1300, 113000, 'CNY', 11300000, NULL, 101, 101)");
		sql_named(line);
		store_queue(bench->beside.store, line, NULL);
	}
	if (store_commit(bench->beside.store, arena) != ERR_OK)
		fatal("bare order: %s", store_message(bench->beside.store));
}

static void
order_set_up(struct order_bench *bench)
{
	beside_open(&bench->beside, DB, true);
	pg_exec(DB,
	    "INSERT INTO product (id, number, number_key, name, name_key, unit, tax_rate, "
	    "active, owner_id) SELECT 5000 + n,"
	    " 'P' || n, 'p' || n, 'product ' || n, 'product ' || n, 'piece', 1300, true, 101 "
	    "FROM generate_series(1, %d) n;"
	    "INSERT INTO price_list (id, name, name_key, currency, tax_included, valid_from, "
	    "owner_id)"
	    " VALUES (4000, 'all', 'all', 'CNY', true, current_date - 9, 101);"
	    "INSERT INTO price_line (price_list_id, product_id, price) SELECT 4000, 5000 + n, "
	    "11300000 FROM generate_series(1, %d) n",
	    LINES, LINES);
	for (int i = 0; i < LINES; i++)
		bench->products[i] = 5001 + i;
	bench->customer = expect_written(client_save(bench->beside.ada, E_customer, 0, 0,
					     SENT(TEXT_OF(F_customer_name, "量测公司")), NULL))
			      ->id;
}

int
main(void)
{
	struct order_bench bench = { 0 };
	struct rounds saved = { 0 }, bare = { 0 };
	struct arena *arena = arena_new(0);

	order_set_up(&bench);
	for (int round = 0; round < ROUNDS + 1; round++) {
		int64_t before = beside_kehud_ns(&bench.beside), own;

		for (int i = 0; i < ORDERS; i++)
			order_save(&bench);
		own = beside_kehud_ns(&bench.beside) - before;
		before = beside_bare_ns(&bench.beside);
		for (int i = 0; i < ORDERS; i++) {
			order_bare(&bench, arena, i);
			arena_reset(arena);
		}
		if (round == 0)
			continue; /* plans and caches */
		rounds_add(&saved, (struct spent){ .pg_us = (double)own / 1000 / ORDERS });
		rounds_add(&bare,
		    (struct spent){ .pg_us = (double)(beside_bare_ns(&bench.beside) - before) /
					     1000 / ORDERS });
	}
	if (pg_int(DB, "SELECT count(*) FROM history WHERE entity = %d", E_order_line) !=
	    (ROUNDS + 1) * ORDERS * LINES)
		fatal("a line has no history");
	figure("save.order_of_50_lines", 0, rounds_median(&saved).pg_us, "us",
	    rounds_median(&bare).pg_us, AT_MOST, 3);
	beside_close(&bench.beside);
	arena_free(arena);
	return 0;
}
