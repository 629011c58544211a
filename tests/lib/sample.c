/* See sample.h. */
#include "tests/lib/sample.h"

#include "common/log.h"
#include "tests/lib/pg.h"

static struct rows *
sample_run(const struct big *big, struct arena *arena, const char *text)
{
	struct store *store =
	    store_new(&(struct store_options){ .conninfo = pg_conninfo(big->database),
		.statement_timeout_ms = 120000,
		.application = "sample" });
	struct sql *sql = sql_new(arena);
	struct rows *rows;

	sql_add(sql, text);
	store_begin(store);
	store_queue(store, sql, &rows);
	if (store_commit(store, arena) != ERR_OK)
		fatal("%s: %s", text, store_message(store));
	store_free(store);
	return rows;
}

struct rows *
sample_rows(const struct big *big, struct arena *arena, const char *format, ...)
{
	va_list args;
	const char *text;

	va_start(args, format);
	text = arena_vprintf(arena, format, args);
	va_end(args);
	return sample_run(big, arena, text);
}

int64_t *
sample_ids(const struct big *big, struct arena *arena, size_t *count, const char *format, ...)
{
	va_list args;
	struct rows *rows;
	int64_t *ids;

	va_start(args, format);
	rows = sample_run(big, arena, arena_vprintf(arena, format, args));
	va_end(args);
	ids = ARENA_ARRAY(arena, int64_t, rows->count + 1);
	for (size_t i = 0; i < rows->count; i++)
		ids[i] = rows_int(rows, i, 0);
	*count = rows->count;
	return ids;
}

uint64_t
sample_random(uint64_t *state, uint64_t below)
{
	*state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (*state >> 33) % below;
}
