/*
 * Answered rows: copied out of libpq's result into the arena of the flush, read in
 * PostgreSQL's text forms (DateStyle ISO, time zone UTC, hex bytea, set at connect).
 */
#include "common/date.h"
#include "server/store/store_impl.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct rows *
rows_from_result(struct arena *arena, const PGresult *result)
{
	struct rows *rows = ARENA_NEW(arena, struct rows);
	const char *affected = PQcmdTuples((PGresult *)(uintptr_t)result);
	size_t bytes = 0;

	rows->count = (size_t)PQntuples(result);
	rows->columns = (size_t)PQnfields(result);
	rows->affected = *affected ? strtoull(affected, NULL, 10) : 0;
	if (rows->count == 0)
		return rows;

	size_t cells = rows->count * rows->columns;
	char **cell = ARENA_ARRAY(arena, char *, cells);
	uint32_t *length = ARENA_ARRAY(arena, uint32_t, cells);
	rows->cells = ARENA_ARRAY(arena, char **, rows->count);
	rows->bytes = ARENA_ARRAY(arena, uint32_t *, rows->count);
	/* libpq checks its arguments at each call, so each cell is asked about as seldom as can
	 * be. */
	for (size_t i = 0; i < rows->count; i++) {
		rows->cells[i] = cell + i * rows->columns;
		rows->bytes[i] = length + i * rows->columns;
		for (size_t k = 0; k < rows->columns; k++) {
			rows->bytes[i][k] = (uint32_t)PQgetlength(result, (int)i, (int)k);
			bytes += rows->bytes[i][k] + 1;
		}
	}
	char *text = ARENA_ARRAY(arena, char, bytes);
	for (size_t i = 0; i < rows->count; i++) {
		for (size_t k = 0; k < rows->columns; k++) {
			size_t size = rows->bytes[i][k];
			/* A null's length is 0. */
			if (size == 0 && PQgetisnull(result, (int)i, (int)k))
				continue;
			memcpy(text, PQgetvalue(result, (int)i, (int)k), size);
			rows->cells[i][k] = text;
			text += size + 1;
		}
	}
	return rows;
}

const char *
rows_text(const struct rows *rows, size_t row, size_t column)
{
	assert(row < rows->count && column < rows->columns);
	return rows->cells[row][column];
}

bool
rows_null(const struct rows *rows, size_t row, size_t column)
{
	return rows_text(rows, row, column) == NULL;
}

int64_t
rows_int(const struct rows *rows, size_t row, size_t column)
{
	const char *text = rows_text(rows, row, column);
	uint64_t number = 0;

	if (!text)
		return 0;
	/* A bigint as PostgreSQL writes it, or the beginning of something else. */
	const char *at = text + (*text == '-');
	for (; *at >= '0' && *at <= '9'; at++)
		number = number * 10 + (uint64_t)(*at - '0');
	return (int64_t)(*text == '-' ? 0 - number : number);
}

bool
rows_bool(const struct rows *rows, size_t row, size_t column)
{
	const char *text = rows_text(rows, row, column);

	return text && text[0] == 't';
}

/* Digits at *text, which moves past them and one separator. */
static int
rows_number(const char **text)
{
	int number = 0;

	for (; **text >= '0' && **text <= '9'; (*text)++)
		number = number * 10 + (**text - '0');
	return number;
}

static int64_t
rows_day(const char **text)
{
	struct ymd ymd = { 0 };

	ymd.year = rows_number(text);
	if (**text == '-')
		(*text)++;
	ymd.month = rows_number(text);
	if (**text == '-')
		(*text)++;
	ymd.day = rows_number(text);
	return date_from_ymd(ymd);
}

int64_t
rows_date(const struct rows *rows, size_t row, size_t column)
{
	const char *text = rows_text(rows, row, column);

	return text ? rows_day(&text) : 0;
}

/* "2026-11-22 11:35:00.123456+00" */
int64_t
rows_moment(const struct rows *rows, size_t row, size_t column)
{
	const char *text = rows_text(rows, row, column);
	int64_t us, fraction = 0;
	int64_t unit = US_PER_SECOND;

	if (!text)
		return 0;
	us = rows_day(&text) * US_PER_DAY;
	if (*text == ' ')
		text++;
	us += rows_number(&text) * INT64_C(3600) * US_PER_SECOND;
	if (*text == ':')
		text++;
	us += rows_number(&text) * INT64_C(60) * US_PER_SECOND;
	if (*text == ':')
		text++;
	us += rows_number(&text) * US_PER_SECOND;
	if (*text == '.') {
		for (text++; *text >= '0' && *text <= '9' && unit >= 10; text++) {
			unit /= 10;
			fraction += (*text - '0') * unit;
		}
	}
	return us + fraction;
}

static int
rows_hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return 0;
}

const void *
rows_bytea(
    struct arena *arena, const struct rows *rows, size_t row, size_t column, size_t *bytes)
{
	const char *text = rows_text(rows, row, column);

	*bytes = 0;
	if (!text)
		return NULL;
	size_t size = rows->bytes[row][column];
	assert(size >= 2 && text[0] == '\\' && text[1] == 'x');
	size = (size - 2) / 2;
	uint8_t *data = ARENA_ARRAY(arena, uint8_t, size + 1);
	for (size_t i = 0; i < size; i++)
		data[i] = (uint8_t)(rows_hex(text[2 + i * 2]) << 4 | rows_hex(text[3 + i * 2]));
	*bytes = size;
	return data;
}

size_t
rows_texts(
    struct arena *arena, const struct rows *rows, size_t row, size_t column, char ***values)
{
	const char *text = rows_text(rows, row, column);
	size_t count = 0;

	*values = NULL;
	if (!text || text[0] != '{' || text[1] == '}')
		return 0;
	size_t room = 1;
	for (const char *c = text; *c; c++)
		room += *c == ',';
	*values = ARENA_ARRAY(arena, char *, room);
	char *out = ARENA_ARRAY(arena, char, strlen(text) + 1);
	const char *c = text + 1;
	while (*c) {
		bool quoted = *c == '"';
		char *start = out;
		c += quoted;
		while (*c && (quoted ? *c != '"' : *c != ',' && *c != '}')) {
			if (*c == '\\' && c[1])
				c++;
			*out++ = *c++;
		}
		c += quoted && *c == '"';
		*out++ = '\0';
		(*values)[count++] = !quoted && strcmp(start, "NULL") == 0 ? NULL : start;
		if (*c != ',')
			break;
		c++;
	}
	return count;
}

size_t
rows_ints(
    struct arena *arena, const struct rows *rows, size_t row, size_t column, int64_t **values)
{
	char **texts;
	size_t count = rows_texts(arena, rows, row, column, &texts);

	*values = ARENA_ARRAY(arena, int64_t, count);
	for (size_t i = 0; i < count; i++)
		(*values)[i] = texts[i] ? strtoll(texts[i], NULL, 10) : 0;
	return count;
}
