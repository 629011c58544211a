/*
 * Buffers of rows by table. Numbers and dates are written by hand here: a million customers are
 * some two hundred million cells.
 */
#include "server/job/demo_rows.h"
#include "common/date.h"

#include <assert.h>
#include <string.h>

#define DEMO_NULL "\1"

const struct demo_table_info demo_tables[DEMO_TABLES] = {
#define TABLE(name_, columns_) [DEMO_TABLE_##name_] = { .name = #name_, .columns = columns_ },
#include "server/job/demo_tables.def"
#undef TABLE
};

void
demo_chunk_init(struct demo_chunk *chunk)
{
	*chunk = (struct demo_chunk){ 0 };
	for (size_t i = 0; i < DEMO_TABLES; i++) {
		chunk->tables[i].columns = 1;
		for (const char *c = demo_tables[i].columns; *c != '\0'; c++)
			chunk->tables[i].columns += *c == ',';
	}
}

void
demo_chunk_fini(struct demo_chunk *chunk)
{
	for (size_t i = 0; i < DEMO_TABLES; i++)
		buf_fini(&chunk->tables[i].cells);
}

void
demo_chunk_clear(struct demo_chunk *chunk)
{
	for (size_t i = 0; i < DEMO_TABLES; i++) {
		buf_clear(&chunk->tables[i].cells);
		chunk->tables[i].count = 0;
	}
}

size_t
demo_chunk_rows(const struct demo_chunk *chunk)
{
	size_t rows = 0;

	for (size_t i = 0; i < DEMO_TABLES; i++)
		rows += chunk->tables[i].count;
	return rows;
}

static void
demo_put(struct demo_rows *rows, const char *cell, size_t bytes)
{
	buf_put(&rows->cells, cell, bytes + 1);
	rows->cell++;
}

void
demo_text(struct demo_rows *rows, const char *text)
{
	const char *cell = text != NULL ? text : DEMO_NULL;

	demo_put(rows, cell, strlen(cell));
}

void
demo_null(struct demo_rows *rows)
{
	demo_put(rows, DEMO_NULL, 1);
}

void
demo_int(struct demo_rows *rows, int64_t value)
{
	char text[24];
	char *at = text + sizeof(text) - 1;
	uint64_t rest = value < 0 ? -(uint64_t)value : (uint64_t)value;

	*at = '\0';
	do {
		*--at = (char)('0' + rest % 10);
		rest /= 10;
	} while (rest > 0);
	if (value < 0)
		*--at = '-';
	demo_put(rows, at, (size_t)(text + sizeof(text) - 1 - at));
}

void
demo_ref(struct demo_rows *rows, int64_t id)
{
	if (id == 0)
		demo_null(rows);
	else
		demo_int(rows, id);
}

void
demo_money(struct demo_rows *rows, int64_t minor, const char *currency)
{
	demo_int(rows, minor);
	demo_text(rows, currency);
}

void
demo_bool(struct demo_rows *rows, bool value)
{
	demo_put(rows, value ? "t" : "f", 1);
}

/* Writes exactly digits digits. */
static char *
demo_digits(char *to, int64_t value, int digits)
{
	for (int i = digits - 1; i >= 0; i--) {
		to[i] = (char)('0' + value % 10);
		value /= 10;
	}
	return to + digits;
}

static char *
demo_write_date(char *to, int64_t day)
{
	struct ymd ymd = date_to_ymd(day);

	to = demo_digits(to, ymd.year, 4);
	*to++ = '-';
	to = demo_digits(to, ymd.month, 2);
	*to++ = '-';
	return demo_digits(to, ymd.day, 2);
}

void
demo_date(struct demo_rows *rows, int64_t day)
{
	char text[16];

	*demo_write_date(text, day) = '\0';
	demo_put(rows, text, 10);
}

/* To the second: the demo has nothing finer. */
void
demo_moment(struct demo_rows *rows, int64_t us)
{
	int64_t day = date_of_us(us, 0);
	int64_t second = (us - day * US_PER_DAY) / US_PER_SECOND;
	char text[32];
	char *at = demo_write_date(text, day);

	*at++ = ' ';
	at = demo_digits(at, second / 3600, 2);
	*at++ = ':';
	at = demo_digits(at, second / 60 % 60, 2);
	*at++ = ':';
	at = demo_digits(at, second % 60, 2);
	memcpy(at, "+00", 4);
	demo_put(rows, text, strlen(text));
}

void
demo_row_end(struct demo_rows *rows)
{
	assert(rows->cell == rows->columns);
	rows->cell = 0;
	rows->count++;
}

const char *
demo_cell(const struct demo_rows *rows, size_t *at)
{
	const char *cell = rows->cells.data + *at;

	*at += strlen(cell) + 1;
	return strcmp(cell, DEMO_NULL) == 0 ? NULL : cell;
}
