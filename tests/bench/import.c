/*
 * An import of as many customers as there are, checked for duplicates against them: what
 * PostgreSQL spends on it, beside COPY of the same rows into the same tables with the same
 * indexes, search rows included, by a superuser and without triggers. And that kehud's memory
 * stays flat.
 */
#include "common/date.h"
#include "common/log.h"
#include "server/entity/fields.h"
#include "tests/lib/figures.h"
#include "tests/lib/pg.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CHUNK_BYTES  ((size_t)60 * 1024)
#define MEMORY_KIB   (64 * 1024)
#define IMPORT_MAX_S 7200

struct import_bench {
	const struct big *big;
	struct load *load;
	int64_t last_before, id;
	uint64_t rows;
	uint32_t chunk;
	int64_t idle_kib, most_kib;
};

/* ---- the file ---------------------------------------------------------------------------- */

/* Names that sound like none other: four of 32 characters, each of another sound. */
static void
import_put_name(struct buf *file, uint64_t n)
{
	static const char *const parts[32] = { "安", "白", "才", "达", "恩", "方", "高", "海",
		"吉", "康", "兰", "明", "南", "欧", "朋", "庆", "瑞", "松", "天", "万", "祥",
		"远", "正", "宝", "创", "德", "福", "广", "华", "金", "凯", "龙" };

	for (int i = 0; i < 5; i++, n /= 32)
		buf_puts(file, parts[n % 32]);
}

static void
import_put_row(struct buf *file, uint64_t n)
{
	import_put_name(file, n);
	buf_printf(file,
	    "进口贸易有限公司,B,0999-%08" PRIu64 ",office%" PRIu64
	    "@example.com,人民路 %" PRIu64 " 号,Q%011" PRIu64 ",%" PRIu64 "\n",
	    n, n, n % 999 + 1, n, n % 500 + 1);
}

/* ---- through kehud ----------------------------------------------------------------------- */

static Kehu__ServerFrame *
import_ask(struct import_bench *bench, Kehu__Import *step)
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__ServerFrame *answer;

	step->has_step = true;
	step->has_id = bench->id != 0;
	step->id = bench->id;
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_IMPORT;
	frame.import = step;
	answer = load_ask(bench->load, 0, &frame);
	if (answer->answer_case != KEHU__SERVER_FRAME__ANSWER_IMPORT)
		fatal("import: %s", answer->error != NULL ? answer->error->text : "no answer");
	return answer;
}

static void
import_send(struct import_bench *bench, struct buf *file)
{
	Kehu__Import step = KEHU__IMPORT__INIT;

	step.step = 2;
	step.has_data = step.has_chunk = true;
	step.chunk = bench->chunk++;
	step.data = (ProtobufCBinaryData){ .data = (uint8_t *)file->data, .len = file->bytes };
	import_ask(bench, &step);
	load_forget(bench->load);
	buf_clear(file);
}

static void
import_start(struct import_bench *bench)
{
	Kehu__Import step = KEHU__IMPORT__INIT;

	bench->id = 0;
	bench->chunk = 0;
	step.step = 1;
	step.has_entity = true;
	step.entity = E_customer;
	bench->id = import_ask(bench, &step)->import->id;
}

static void
import_run(struct import_bench *bench)
{
	Kehu__Import end = KEHU__IMPORT__INIT;
	struct buf file = BUF_INIT;
	int64_t until_us = date_monotonic_us() + IMPORT_MAX_S * US_PER_SECOND;

	import_start(bench);
	buf_puts(&file, "name,level,phone,mail,address,tax_number,employees\n");
	for (uint64_t n = 0; n < bench->rows; n++) {
		import_put_row(&file, n);
		if (file.bytes > CHUNK_BYTES)
			import_send(bench, &file);
	}
	if (file.bytes > 0)
		import_send(bench, &file);
	end.step = 3;
	import_ask(bench, &end);
	while (pg_int(bench->big->database,
		   "SELECT count(*) FROM job WHERE id = %" PRId64
		   " AND state IN ('waiting', 'running')",
		   bench->id) > 0) {
		int64_t kib = big_kehud_kib(bench->big);

		bench->most_kib = kib > bench->most_kib ? kib : bench->most_kib;
		if (date_monotonic_us() > until_us)
			fatal("the import does not end");
		usleep(200000);
	}
	buf_fini(&file);
}

static int64_t
import_backends_ns(const struct big *big)
{
	const char *list = pg_exec(big->database,
	    "SELECT string_agg(pid::text, ' ') FROM pg_stat_activity "
	    "WHERE datname = '%s' AND application_name LIKE 'kehud%%'",
	    big->database);
	int64_t sum = 0;
	char *end;

	for (long pid; (pid = strtol(list, &end, 10)) > 0; list = end)
		sum += big_process_ns((pid_t)pid);
	return sum;
}

/* ---- bare -------------------------------------------------------------------------------- */

static const char *const import_tables[] = { "customer", "customer_search" };
static char import_dir[] =
    "/tmp/kehu-bench-copy-XXXXXX"; /* PostgreSQL writes there and reads */

static const char *
import_file(const char *table)
{
	static char path[64];

	snprintf(path, sizeof(path), "%s/%s.copy", import_dir, table);
	return path;
}

/* Their columns, but for those that make themselves. */
static const char *
import_columns(const struct big *big, const char *table)
{
	return pg_exec(big->database,
	    "SELECT string_agg(attname, ', ' ORDER BY attnum) FROM pg_attribute WHERE attrelid "
	    "= '%s'::regclass "
	    "AND attnum > 0 AND NOT attisdropped AND attgenerated = ''",
	    table);
}

static void
import_take_out(const struct import_bench *bench)
{
	const char *database = bench->big->database;

	for (int i = 0; i < 2; i++)
		pg_exec(database,
		    "COPY (SELECT %s FROM %s WHERE id > %" PRId64 " ORDER BY id) TO '%s'",
		    import_columns(bench->big, import_tables[i]), import_tables[i],
		    bench->last_before, import_file(import_tables[i]));
}

static void
import_remove(const struct import_bench *bench)
{
	pg_exec(bench->big->database,
	    "SET session_replication_role = replica; "
	    "DELETE FROM customer_search WHERE id > %" PRId64
	    "; DELETE FROM customer_due WHERE id > %" PRId64
	    "; DELETE FROM customer WHERE id > %" PRId64
	    "; DELETE FROM history WHERE root_id > %" PRId64
	    "; DELETE FROM change; DELETE FROM audit; DELETE FROM outcome; DELETE FROM job",
	    bench->last_before, bench->last_before, bench->last_before, bench->last_before);
	pg_exec(bench->big->database,
	    "VACUUM customer, customer_search, customer_due, history, "
	    "change, audit, outcome, import_row, import_chunk");
}

static double
import_bare(const struct import_bench *bench)
{
	struct store *store = pg_store(bench->big->database, NULL);
	struct arena *arena = arena_new(0);
	struct sql *sql = sql_new(arena);
	int64_t from_ns = 0, spent_ns;
	struct rows *rows;
	pid_t backend;

	sql_add(sql, "SELECT pg_backend_pid(), set_config('session_replication_role', "
		     "'replica', false)");
	store_begin(store);
	if (store_run(store, arena, sql, &rows) != ERR_OK)
		fatal("bare import: %s", store_message(store));
	backend = (pid_t)rows_int(rows, 0, 0);
	from_ns = big_process_ns(backend);
	for (int i = 0; i < 2; i++) {
		sql = sql_new(arena);
		sql_addf(sql, "COPY %s (%s) FROM '%s'", import_tables[i],
		    import_columns(bench->big, import_tables[i]), import_file(import_tables[i]));
		if (store_run(store, arena, sql, &rows) != ERR_OK)
			fatal("bare import: %s", store_message(store));
	}
	if (store_commit(store, arena) != ERR_OK)
		fatal("bare import: %s", store_message(store));
	spent_ns = big_process_ns(backend) - from_ns;
	store_free(store);
	arena_free(arena);
	return (double)spent_ns / 1000 / (double)bench->rows;
}

/* ---- all of it --------------------------------------------------------------------------- */

/* Few are like one that is there by chance; what was made is whole. */
static void
import_check(struct import_bench *bench)
{
	const char *database = bench->big->database;
	int64_t read = 0, created = 0, whole;

	/* The summary is in the user's language. */
	sscanf(pg_exec(database,
		   "SELECT array_to_string(regexp_split_to_array(text, '[^0-9]+'), ' ') FROM "
		   "job WHERE id = %" PRId64,
		   bench->id),
	    "%" SCNd64 " %" SCNd64, &read, &created);
	whole = pg_int(database,
	    "SELECT count(*) FROM customer c JOIN customer_search s USING (id) WHERE c.id > "
	    "%" PRId64 " AND c.number <> '' AND EXISTS (SELECT FROM history h WHERE h.root_id "
	    "= c.id AND h.kind = 1)",
	    bench->last_before);
	if (read != (int64_t)bench->rows || created != whole || created < read - read / 100)
		fatal("%" PRId64 " rows read, %" PRId64 " created, %" PRId64 " whole customers",
		    read, created, whole);
	bench->rows = (uint64_t)created;
}

static void
import_bench(const struct big *big)
{
	struct import_bench bench = { .big = big, .rows = big->customers };
	int64_t user = big_reader(big, "own", 0), from_ns;
	double spent_us, bare_us;

	bench.load = load_new(big, &user, 1, false);
	bench.load->decode = true;
	/* A run that was stopped leaves its customers. */
	bench.last_before =
	    pg_int(big->database, "SELECT coalesce(min(id) - 1, nextval('record_id')) FROM "
				  "customer WHERE name LIKE '%%进口贸易有限公司' "
				  "AND tax_number LIKE 'Q___________'");
	import_remove(&bench);
	bench.idle_kib = bench.most_kib = big_kehud_kib(big);
	from_ns = import_backends_ns(big);
	import_run(&bench);
	spent_us = (double)(import_backends_ns(big) - from_ns) / 1000;
	import_check(&bench);
	spent_us /= (double)bench.rows;
	import_take_out(&bench);
	import_remove(&bench);
	bare_us = import_bare(&bench);
	import_remove(&bench);
	figure("import_pg_cpu", big->customers, spent_us, "us", bare_us, AT_MOST, 2);
	figure("import_kehud_memory", big->customers, (double)(bench.most_kib - bench.idle_kib),
	    "KiB", MEMORY_KIB, AT_MOST, 1);
	load_free(bench.load);
}

int
main(void)
{
	if (mkdtemp(import_dir) == NULL || chmod(import_dir, 0777) != 0)
		fatal("no temporary directory");
	big_start();
	for (size_t i = 0; i < big_count(); i++)
		import_bench(big_at(i));
	for (int i = 0; i < 2; i++)
		unlink(import_file(import_tables[i]));
	rmdir(import_dir);
	return 0;
}
