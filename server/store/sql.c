/*
 * Statements under construction: text in pieces, parameters in libpq's text form. Values never
 * become text of the statement; names in the text are constants or come from the catalogue.
 */
#include "common/date.h"
#include "common/log.h"
#include "server/store/store_impl.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct sql *
sql_new(struct arena *arena)
{
	struct sql *sql = ARENA_NEW(arena, struct sql);

	sql->arena = arena;
	sql->room = 256;
	sql->text = ARENA_ARRAY(arena, char, sql->room);
	return sql;
}

static void
sql_reserve(struct sql *sql, size_t bytes)
{
	if (sql->bytes + bytes < sql->room)
		return;
	size_t room = sql->room;
	while (sql->bytes + bytes >= room)
		room *= 2;
	char *text = ARENA_ARRAY(sql->arena, char, room);
	memcpy(text, sql->text, sql->bytes);
	sql->text = text;
	sql->room = room;
}

void
sql_add(struct sql *sql, const char *text)
{
	size_t bytes = strlen(text);

	sql_reserve(sql, bytes);
	memcpy(sql->text + sql->bytes, text, bytes + 1);
	sql->bytes += bytes;
}

static void
sql_put(struct sql *sql, const char *text, size_t bytes)
{
	sql_reserve(sql, bytes);
	memcpy(sql->text + sql->bytes, text, bytes);
	sql->bytes += bytes;
	sql->text[sql->bytes] = '\0';
}

/* Most formats hold names alone; a page's statement is made of thirty such pieces. */
static bool
sql_is_names(const char *format)
{
	for (const char *at = strchr(format, '%'); at != NULL; at = strchr(at + 2, '%'))
		if (at[1] != 's')
			return false;
	return true;
}

void
sql_addf(struct sql *sql, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	if (!sql_is_names(format)) {
		sql_add(sql, arena_vprintf(sql->arena, format, args));
		va_end(args);
		return;
	}
	for (const char *at; (at = strchr(format, '%')) != NULL; format = at + 2) {
		sql_put(sql, format, (size_t)(at - format));
		sql_add(sql, va_arg(args, const char *));
	}
	va_end(args);
	sql_add(sql, format);
}

/* Decimal digits that end before end; where they begin. */
static char *
sql_number(char *end, uint64_t number)
{
	do
		*--end = (char)('0' + number % 10);
	while ((number /= 10) > 0);
	return end;
}

/* value lives in the arena or is constant; NULL is null. */
static void
sql_bind(struct sql *sql, const char *value, const char *cast)
{
	char mark[32];

	if (sql->count == sql->value_room) {
		size_t room = sql->value_room ? sql->value_room * 2 : 8;
		const char **values = ARENA_ARRAY(sql->arena, const char *, room);
		if (sql->count > 0)
			memcpy(values, sql->values, sql->count * sizeof *values);
		sql->values = values;
		sql->value_room = room;
	}
	sql->values[sql->count++] = value;
	if (sql->count > 65535)
		fatal("a statement has more than 65535 parameters");
	char *at = sql_number(mark + sizeof mark, sql->count);
	*--at = '$';
	sql_put(sql, at, (size_t)(mark + sizeof mark - at));
	sql_add(sql, "::");
	sql_add(sql, cast);
}

void
sql_int(struct sql *sql, int64_t value)
{
	char text[24];
	char *at =
	    sql_number(text + sizeof text, value < 0 ? 0 - (uint64_t)value : (uint64_t)value);

	if (value < 0)
		*--at = '-';
	sql_bind(
	    sql, arena_strndup(sql->arena, at, (size_t)(text + sizeof text - at)), "bigint");
}

void
sql_text(struct sql *sql, const char *value)
{
	sql_bind(sql, arena_strdup(sql->arena, value), "text");
}

void
sql_bool(struct sql *sql, bool value)
{
	sql_bind(sql, value ? "t" : "f", "boolean");
}

/* PostgreSQL writes a year before 1 as "0001-01-01 BC"; day numbers stay within years 1..9999.
 */
static char *
sql_day_text(struct arena *arena, int64_t day)
{
	struct ymd ymd = date_to_ymd(day);

	return arena_printf(arena, "%04d-%02d-%02d", ymd.year, ymd.month, ymd.day);
}

void
sql_date(struct sql *sql, int64_t day)
{
	sql_bind(sql, sql_day_text(sql->arena, day), "date");
}

void
sql_moment(struct sql *sql, int64_t us)
{
	int64_t day = us / US_PER_DAY;
	int64_t rest = us % US_PER_DAY;

	if (rest < 0) {
		rest += US_PER_DAY;
		day--;
	}
	int64_t seconds = rest / US_PER_SECOND;
	sql_bind(sql,
	    arena_printf(sql->arena, "%s %02d:%02d:%02d.%06d+00", sql_day_text(sql->arena, day),
		(int)(seconds / 3600), (int)(seconds / 60 % 60), (int)(seconds % 60),
		(int)(rest % US_PER_SECOND)),
	    "timestamptz");
}

void
sql_bytes(struct sql *sql, const void *data, size_t bytes)
{
	static const char digits[] = "0123456789abcdef";
	const uint8_t *in = data;
	char *text = ARENA_ARRAY(sql->arena, char, bytes * 2 + 3);

	text[0] = '\\';
	text[1] = 'x';
	for (size_t i = 0; i < bytes; i++) {
		text[2 + i * 2] = digits[in[i] >> 4];
		text[3 + i * 2] = digits[in[i] & 15];
	}
	sql_bind(sql, text, "bytea");
}

void
sql_uuid(struct sql *sql, struct uuid uuid)
{
	sql_bind(sql, uuid_format(sql->arena, uuid), "uuid");
}

void
sql_ints(struct sql *sql, const int64_t *values, size_t count)
{
	char *text = ARENA_ARRAY(sql->arena, char, count * 21 + 3);
	size_t at = 0;

	text[at++] = '{';
	for (size_t i = 0; i < count; i++)
		at += (size_t)sprintf(text + at, i ? ",%" PRId64 : "%" PRId64, values[i]);
	text[at] = '}';
	sql_bind(sql, text, "bigint[]");
}

void
sql_texts(struct sql *sql, const char *const *values, size_t count)
{
	size_t room = 3;

	for (size_t i = 0; i < count; i++)
		room += values[i] ? strlen(values[i]) * 2 + 3 : 5;
	char *text = ARENA_ARRAY(sql->arena, char, room);
	size_t at = 0;
	text[at++] = '{';
	for (size_t i = 0; i < count; i++) {
		if (i > 0)
			text[at++] = ',';
		if (!values[i]) {
			memcpy(text + at, "NULL", 4);
			at += 4;
			continue;
		}
		text[at++] = '"';
		for (const char *c = values[i]; *c; c++) {
			if (*c == '"' || *c == '\\')
				text[at++] = '\\';
			text[at++] = *c;
		}
		text[at++] = '"';
	}
	text[at] = '}';
	sql_bind(sql, text, "text[]");
}

void
sql_null(struct sql *sql, const char *cast)
{
	sql_bind(sql, NULL, cast);
}

void
sql_named(struct sql *sql)
{
	sql->named = true;
}

const char *
sql_string(const struct sql *sql)
{
	return sql->text;
}

size_t
sql_length(const struct sql *sql)
{
	return sql->bytes;
}

const char *
sql_cut(struct sql *sql, size_t from)
{
	const char *piece = arena_strdup(sql->arena, sql->text + from);

	sql->bytes = from;
	sql->text[from] = '\0';
	return piece;
}

struct sql *
sql_copy(const struct sql *sql)
{
	struct sql *copy = arena_memdup(sql->arena, sql, sizeof(*sql));

	copy->text = arena_memdup(sql->arena, sql->text, sql->room);
	if (sql->count > 0)
		copy->values = arena_memdup(
		    sql->arena, sql->values, sql->value_room * sizeof(*sql->values));
	return copy;
}
