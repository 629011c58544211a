/*
 * What people are shown of a file before anything is done with it: its format, its columns and
 * first rows, whether its first row names them, and in what order it writes dates.
 */
#include "common/intake.h"

#include <stdio.h>
#include <string.h>

static const char *const intake_orders[] = { "", "ymd", "dmy", "mdy", "either" };

const char *
intake_order_word(enum intake_order order)
{
	return intake_orders[order];
}

bool
intake_order_of(const char *word, enum intake_order *order)
{
	for (size_t i = 0; i < sizeof(intake_orders) / sizeof(intake_orders[0]); i++)
		if (strcmp(intake_orders[i], word) == 0) {
			*order = (enum intake_order)i;
			return true;
		}
	return false;
}

/* ---- dates ------------------------------------------------------------------------------- */

struct intake_parts {
	int a, b, c;
	size_t first_digits, last_digits;
	const char *rest; /* a time of day */
};

/* "3/4/2024", "03.04.24 14:05", "2024-04-03": three numbers between equal signs. */
static bool
intake_date_parts(const char *text, struct intake_parts *parts)
{
	char one, two;
	int length = 0;
	size_t lead = strspn(text, " ");

	text += lead;
	if (sscanf(text, "%4d%c%2d%c%4d%n", &parts->a, &one, &parts->b, &two, &parts->c,
		&length) != 5 ||
	    one != two || strchr("/.-", one) == NULL || text[0] < '0' || text[0] > '9')
		return false;
	parts->first_digits = strspn(text, "0123456789");
	parts->last_digits = 0;
	for (const char *at = text + length; at > text && at[-1] >= '0' && at[-1] <= '9'; at--)
		parts->last_digits++;
	parts->rest = text + length;
	return parts->b > 0 &&
	       (*parts->rest == '\0' || *parts->rest == ' ' || *parts->rest == 'T');
}

struct intake_dates {
	size_t ymd, dmy, mdy, either;
};

static void
intake_dates_look(struct intake_dates *dates, const char *text)
{
	struct intake_parts parts;

	if (!intake_date_parts(text, &parts))
		return;
	if (parts.first_digits == 4 && parts.b <= 12 && parts.c <= 31)
		dates->ymd++;
	else if (parts.first_digits > 2 || (parts.last_digits != 4 && parts.last_digits != 2))
		return;
	else if (parts.a > 12 && parts.a <= 31 && parts.b <= 12)
		dates->dmy++;
	else if (parts.b > 12 && parts.b <= 31 && parts.a <= 12)
		dates->mdy++;
	else if (parts.a <= 12 && parts.b <= 12)
		dates->either++;
}

static enum intake_order
intake_dates_order(const struct intake_dates *dates)
{
	if (dates->dmy > 0 && dates->mdy > 0)
		return INTAKE_ORDER_EITHER;
	if (dates->dmy > 0)
		return INTAKE_ORDER_DMY;
	if (dates->mdy > 0)
		return INTAKE_ORDER_MDY;
	if (dates->either > 0)
		return INTAKE_ORDER_EITHER;
	return dates->ymd > 0 ? INTAKE_ORDER_YMD : INTAKE_ORDER_NONE;
}

const char *
intake_date(struct arena *arena, const char *text, enum intake_order order)
{
	struct intake_parts parts;
	int year, month, day;

	if ((order != INTAKE_ORDER_DMY && order != INTAKE_ORDER_MDY) ||
	    !intake_date_parts(text, &parts) || parts.first_digits > 2 ||
	    (parts.last_digits != 4 && parts.last_digits != 2))
		return text;
	day = order == INTAKE_ORDER_DMY ? parts.a : parts.b;
	month = order == INTAKE_ORDER_DMY ? parts.b : parts.a;
	year = parts.last_digits == 4 ? parts.c
	       : parts.c < 70         ? 2000 + parts.c
				      : 1900 + parts.c;
	return arena_printf(arena, "%04d-%02d-%02d%s", year, month, day, parts.rest);
}

const char *
intake_day(struct arena *arena, const char *text)
{
	static const char midnight[] = "00:00:00";
	size_t bytes = strcspn(text, " T");
	const char *time = text[bytes] != '\0' ? text + bytes + 1 : text;
	size_t length = strlen(time) < 8 ? 5 : 8; /* "00:00" is enough */

	if (bytes == 0 || time == text || strncmp(time, midnight, length) != 0)
		return text;
	time += length;
	if (*time == '.')
		time += 1 + strspn(time + 1, "0");
	return *time == '\0' ? arena_strndup(arena, text, bytes) : text;
}

/* ---- the header -------------------------------------------------------------------------- */

/* What only data looks like: a number, a phone, a date, a mail address, a link. */
static bool
intake_is_data(const char *cell)
{
	struct intake_parts parts;
	size_t bytes = strlen(cell);

	if (bytes == 0)
		return false;
	return strspn(cell, "0123456789+-.,() %") == bytes || intake_date_parts(cell, &parts) ||
	       strchr(cell, '@') != NULL || strstr(cell, "://") != NULL;
}

/* A header has no cell that looks like data where the row below it does too, and none twice. */
static bool
intake_is_header(const struct intake_row *first, const struct intake_row *second)
{
	for (size_t i = 0; i < first->count; i++)
		if (intake_is_data(first->cells[i]) &&
		    (second == NULL || i >= second->count || second->cells[i][0] == '\0' ||
			intake_is_data(second->cells[i])))
			return false;
	return first->count > 0;
}

/* ---- all of it --------------------------------------------------------------------------- */

static void
intake_keep(struct arena *arena, const struct intake_row *row, struct intake_row *kept)
{
	const char **cells = ARENA_ARRAY(arena, const char *, row->count + 1);

	for (size_t i = 0; i < row->count; i++)
		cells[i] = arena_strdup(arena, row->cells[i]);
	*kept = *row;
	kept->cells = cells;
}

static void
intake_look_at_row(struct intake_dates *dates, const struct intake_row *row)
{
	for (size_t i = 0; i < row->count; i++)
		intake_dates_look(dates, row->cells[i]);
}

void
intake_find(struct arena *arena, const struct intake_options *options, const void *data,
    size_t bytes, bool whole, size_t max, enum lang lang, struct intake_found *found)
{
	struct intake *intake = intake_new(options);
	struct arena *scratch = arena_new(0);
	struct intake_row *rows = ARENA_ARRAY(arena, struct intake_row, max + 1), row,
			  header = { 0 };
	struct intake_dates dates = { 0 };
	enum csv_status status;
	bool has_header = false;

	*found = (struct intake_found){ .header = !options->no_header };
	intake_feed(intake, data, bytes);
	if (whole)
		intake_finish(intake);
	while ((status = intake_next(intake, scratch, &row)) == CSV_ROW) {
		if (!has_header) {
			intake_keep(arena, &row, &header);
			has_header = true;
		} else {
			intake_look_at_row(&dates, &row);
			if (found->row_count < max)
				intake_keep(arena, &row, &rows[found->row_count++]);
		}
		arena_reset(scratch);
	}
	if (status == CSV_BROKEN)
		found->fault = arena_strdup(arena, intake_fault(intake, arena, lang));
	found->format = arena_strdup(arena, intake_format(intake));
	found->encoding = arena_strdup(arena, intake_encoding(intake));
	found->delimiter = intake_delimiter(intake);
	if (strcmp(found->format, "csv") == 0 && found->delimiter == '\t')
		found->format = "tsv";
	if (found->delimiter != '\0' && !options->no_header && has_header)
		found->header =
		    intake_is_header(&header, found->row_count > 0 ? &rows[0] : NULL);
	found->columns = header.cells;
	found->column_count = header.count;
	found->rows = rows;
	found->order = intake_dates_order(&dates);
	intake_free(intake);
	arena_free(scratch);
}
