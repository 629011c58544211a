/*
 * A page of 50 customers with 8 columns in a branch's sight, over TLS from 8 connections: what
 * kehud spends beside PostgreSQL, and how many a second beside pgbench, which sends the very
 * statements kehud sends; and what these cost with row policies beside without.
 */
#include "common/log.h"
#include "server/entity/fields.h"
#include "tests/lib/figures.h"
#include "tests/lib/pg.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define ROUNDS    5
#define ANSWERS   4000
#define PGBENCH_S 2

struct page_bench {
	struct load *load, *packed; /* packed: as far clients ask, with zstd */
	const char *pgbench, *open; /* whole commands; open: past all row policies */
	struct rounds rounds, packed_rounds;
	double rates[ROUNDS], pgbench_rates[ROUNDS], open_rates[ROUNDS];
};

static void
page_next(struct load *load, size_t client, void *context, Kehu__ClientFrame *frame)
{
	Kehu__List *list = ARENA_NEW(load->arena, Kehu__List);

	(void)client;
	(void)context;
	kehu__list__init(list);
	list->has_entity = list->has_limit = true;
	list->entity = E_customer;
	list->limit = 50;
	frame->request_case = KEHU__CLIENT_FRAME__REQUEST_LIST;
	frame->list = list;
}

/* 50 rows of 8 columns, or there is nothing to compare. */
static void
page_check(struct load *load)
{
	for (size_t i = 0; i < load->count; i++) {
		Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
		Kehu__ServerFrame *answer;

		page_next(load, i, NULL, &frame);
		answer = load_ask(load, i, &frame);
		if (answer->answer_case != KEHU__SERVER_FRAME__ANSWER_PAGE ||
		    answer->page->n_rows != 50 || answer->page->n_columns != 8)
			fatal("the page is not 50 rows of 8 columns");
		for (size_t row = 1; row < 50; row++)
			if (answer->page->rows[row]->id == answer->page->rows[row - 1]->id)
				fatal("a row is twice on the page");
	}
}

/* ---- pgbench ----------------------------------------------------------------------------- */

/* "$3" becomes ":c0s1p3", a variable that the command line sets. */
static void
page_put_statement(struct buf *script, struct buf *command,
    const struct big_statement *statement, size_t client, size_t nth)
{
	for (const char *at = statement->text; *at != '\0'; at++) {
		if (*at == '$')
			buf_printf(script, ":c%zus%zup", client, nth);
		else
			buf_putc(script, *at);
	}
	buf_puts(script, ";\n");
	for (size_t i = 0; i < statement->count; i++)
		buf_printf(
		    command, " -D 'c%zus%zup%zu=%s'", client, nth, i + 1, statement->values[i]);
}

static void
page_write(const char *path, const struct buf *text)
{
	FILE *file = fopen(path, "we");

	if (file == NULL || fwrite(text->data, 1, text->bytes, file) != text->bytes ||
	    fclose(file) != 0)
		fatal("cannot write %s", path);
}

/* As server/store/connect.c sets its connections; a superuser's pass all row policies by. */
static const char *
page_command(const struct big *big, const char *role, const struct buf *rest)
{
	return arena_printf(big->arena,
	    "PGOPTIONS='%s-c jit=off -c max_parallel_workers_per_gather=0 "
	    "-c random_page_cost=1.1 -c TimeZone=UTC -c statement_timeout=5000 -c "
	    "lock_timeout=1000' "
	    "%s -n -M prepared -c %d -j 2 -T %d%s '%s' 2>&1",
	    role, pg_bin("pgbench"), LOAD_CLIENTS, PGBENCH_S, buf_text(rest),
	    pg_conninfo(big->database));
}

/* A script for each connection, with the values of its user. */
static void
page_make_pgbench(struct page_bench *bench)
{
	struct load *load = bench->load;
	const struct big *big = load->big;
	struct buf command = BUF_INIT;

	big_capture(big);
	page_check(load);
	const struct big_statement *list;
	size_t count = big_captured(big, load->arena, &list), each = count / load->count;
	if (each == 0 || count != each * load->count)
		fatal("%zu statements for %zu pages", count, load->count);
	for (size_t i = 0; i < load->count; i++) {
		const char *path = arena_printf(big->arena, "%s/page%zu.sql", big->dir, i);
		struct buf script = BUF_INIT;

		buf_puts(&script, "\\startpipeline\n");
		for (size_t nth = 0; nth < each; nth++)
			page_put_statement(&script, &command, &list[i * each + nth], i, nth);
		buf_puts(&script, "\\endpipeline\n");
		page_write(path, &script);
		buf_printf(&command, " -f %s", path);
		buf_fini(&script);
	}
	bench->pgbench = page_command(big, "-c role=kehu_app ", &command);
	bench->open = page_command(big, "", &command);
	buf_fini(&command);
}

/* Transactions a second. */
static double
page_pgbench(const char *command)
{
	FILE *pipe = popen(command, "re");
	struct buf said = BUF_INIT;
	char line[1024];
	double rate = 0;

	while (pipe != NULL && fgets(line, sizeof(line), pipe) != NULL) {
		buf_puts(&said, line);
		if (strncmp(line, "tps = ", 6) == 0)
			rate = strtod(line + 6, NULL);
	}
	if (pipe == NULL || pclose(pipe) != 0 || rate <= 0)
		fatal("pgbench failed: %s", buf_text(&said));
	buf_fini(&said);
	return rate;
}

/* ---- the comparison ---------------------------------------------------------------------- */

static void
page_open(struct page_bench *bench, const struct big *big)
{
	const struct load_work work = { .next = page_next };
	int64_t users[LOAD_CLIENTS];

	for (int i = 0; i < LOAD_CLIENTS; i++)
		users[i] = big_reader(big, "branch", i);
	bench->load = load_new(big, users, LOAD_CLIENTS, false);
	bench->packed = load_new(big, users, LOAD_CLIENTS, true);
	page_check(bench->load);
	load_run(bench->load, &work, 1000); /* statements prepared and planned everywhere */
	page_make_pgbench(bench);
}

static void
page_round(struct page_bench *bench, size_t round)
{
	const struct load_work work = { .next = page_next };

	rounds_measure(&bench->rounds, bench->load, &work, ANSWERS);
	bench->rates[round] = 1e6 / bench->rounds.of[round].wall_us;
	bench->pgbench_rates[round] = page_pgbench(bench->pgbench);
	bench->open_rates[round] = page_pgbench(bench->open);
	rounds_measure(&bench->packed_rounds, bench->packed, &work, ANSWERS);
}

static void
page_tell(const struct page_bench *bench)
{
	const struct spent spent = rounds_median(&bench->rounds);
	const struct spent packed = rounds_median(&bench->packed_rounds);
	uint64_t customers = bench->load->big->customers;
	struct rounds rates = { 0 };
	struct spent rate;

	for (size_t i = 0; i < ROUNDS; i++)
		rounds_add(&rates, (struct spent){ .pg_us = bench->pgbench_rates[i],
				       .kehud_us = bench->rates[i],
				       .wall_us = bench->open_rates[i] });
	rate = rounds_median(&rates);
	figure("page_kehud_cpu", customers, spent.kehud_us, "us", spent.pg_us, AT_MOST, 0.35);
	figure(
	    "page_rate_to_pgbench", customers, rate.kehud_us, "1/s", rate.pg_us, AT_LEAST, 0.7);
	/* pgbench keeps the machine busy: what a page takes is what it costs. */
	figure("page_with_policies", customers, 1e6 / rate.pg_us, "us", 1e6 / rate.wall_us,
	    AT_MOST, 1.1);
	figure(
	    "page_zstd_kehud_cpu", customers, packed.kehud_us, "us", packed.pg_us, AT_MOST, 0);
	figure("page_zstd_bytes", customers, packed.bytes, "B", spent.bytes, AT_MOST, 0);
}

int
main(void)
{
	struct page_bench benches[BIG_SIZES_MAX] = { 0 };
	size_t last;

	big_start();
	last = big_count() - 1;
	for (size_t i = 0; i <= last; i++)
		page_open(&benches[i], big_at(i));
	for (size_t round = 0; round < ROUNDS; round++)
		for (size_t i = 0; i <= last; i++)
			page_round(&benches[i], round);
	for (size_t i = 0; i <= last; i++)
		page_tell(&benches[i]);
	figure_growth("page_pg_cpu", rounds_median(&benches[0].rounds).pg_us,
	    rounds_median(&benches[last].rounds).pg_us, "us");
	figure_growth("page_kehud_cpu", rounds_median(&benches[0].rounds).kehud_us,
	    rounds_median(&benches[last].rounds).kehud_us, "us");
	return 0;
}
