/*
 * A page of 50 customers with 8 columns in a branch's sight, over TLS from 8 connections: what
 * kehud spends beside PostgreSQL, and how many a second beside pgbench, which sends the very
 * statements kehud sends; and the CPU these cost with row policies beside without.
 */
#include "common/log.h"
#include "server/entity/fields.h"
#include "tests/lib/figures.h"
#include "tests/lib/pg.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ROUNDS    5
#define ANSWERS   4000
#define PGBENCH_S "2"

struct page_run {
	double rate, answers, pg_us; /* transactions a second, and PostgreSQL's CPU for each */
};

struct page_bench {
	struct load *load, *packed; /* packed: as far clients ask, with zstd */
	const char *pgbench, *open; /* whole commands; open: past all row policies */
	struct rounds rounds, packed_rounds;
	double rates[ROUNDS];
	struct page_run pgbench_runs[ROUNDS], open_runs[ROUNDS];
	pid_t postmaster;
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
	    "%s -n -M prepared -c %d -j 2%s '%s' 2>&1",
	    role, pg_bin("pgbench"), LOAD_CLIENTS, buf_text(rest), pg_conninfo(big->database));
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

/* CPU of the processes of PostgreSQL that have ended, as their parent was told. */
static double
page_ended_us(pid_t postmaster)
{
	char path[64], line[1024];
	const char *rest = NULL;
	unsigned long user, kernel;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)postmaster);
	file = fopen(path, "re");
	if (file != NULL && fgets(line, sizeof(line), file) != NULL)
		rest = strrchr(line, ')');
	if (rest == NULL ||
	    sscanf(rest, ") %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %lu %lu", &user,
		&kernel) != 2)
		fatal("no %s", path);
	fclose(file);
	return (double)(user + kernel) * 1e6 / (double)sysconf(_SC_CLK_TCK);
}

/* Ended backends are counted once their parent has heard of them. */
static double
page_all_ended_us(const struct page_bench *bench)
{
	const char *database = bench->load->big->database;
	double us, before = -1;

	while (
	    pg_int(database, "SELECT count(*) FROM pg_stat_activity WHERE application_name = "
			     "'pgbench'") != 0)
		usleep(20000);
	for (us = page_ended_us(bench->postmaster); us > before;
	     us = page_ended_us(bench->postmaster)) {
		before = us;
		usleep(200000);
	}
	return us;
}

static struct page_run
page_pgbench_once(const struct page_bench *bench, const char *command, const char *length)
{
	double from_us = page_all_ended_us(bench);
	const struct big *big = bench->load->big;
	FILE *pipe = popen(arena_printf(big->arena, "%s %s", command, length), "re");
	struct page_run run = { 0 };
	struct buf said = BUF_INIT;
	char line[1024];

	while (pipe != NULL && fgets(line, sizeof(line), pipe) != NULL) {
		buf_puts(&said, line);
		sscanf(line, "tps = %lf", &run.rate);
		sscanf(line, "number of transactions actually processed: %lf", &run.answers);
	}
	if (pipe == NULL || pclose(pipe) != 0 || run.rate <= 0 || run.answers <= 0)
		fatal("pgbench failed: %s", buf_text(&said));
	buf_fini(&said);
	run.pg_us = page_all_ended_us(bench) - from_us;
	return run;
}

/* Connecting and planning are left out: what a short run spends on no more than that. */
static struct page_run
page_pgbench(const struct page_bench *bench, const char *command)
{
	struct page_run begun = page_pgbench_once(bench, command, "-t 20");
	struct page_run run = page_pgbench_once(bench, command, "-T " PGBENCH_S);

	run.answers -= begun.answers;
	run.pg_us = (run.pg_us - begun.pg_us) / run.answers;
	return run;
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
	bench->postmaster = (pid_t)pg_int(
	    big->database, "SELECT split_part(pg_read_file('postmaster.pid'), E'\\n', 1)");
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
	bench->pgbench_runs[round] = page_pgbench(bench, bench->pgbench);
	bench->open_runs[round] = page_pgbench(bench, bench->open);
	rounds_measure(&bench->packed_rounds, bench->packed, &work, ANSWERS);
}

static void
page_tell(const struct page_bench *bench)
{
	const struct spent spent = rounds_median(&bench->rounds);
	const struct spent packed = rounds_median(&bench->packed_rounds);
	uint64_t customers = bench->load->big->customers;
	struct rounds runs = { 0 }, open_runs = { 0 };
	struct spent run, open;

	for (size_t i = 0; i < ROUNDS; i++) {
		rounds_add(&runs, (struct spent){ .pg_us = bench->pgbench_runs[i].pg_us,
				      .kehud_us = bench->rates[i],
				      .wall_us = bench->pgbench_runs[i].rate });
		rounds_add(&open_runs, (struct spent){ .pg_us = bench->open_runs[i].pg_us });
	}
	run = rounds_median(&runs);
	open = rounds_median(&open_runs);
	figure("page_kehud_cpu", customers, spent.kehud_us, "us", spent.pg_us, AT_MOST, 0.35);
	figure(
	    "page_rate_to_pgbench", customers, run.kehud_us, "1/s", run.wall_us, AT_LEAST, 0.7);
	figure("page_with_policies", customers, run.pg_us, "us", open.pg_us, AT_MOST, 1.1);
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
