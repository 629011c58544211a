/*
 * Between intake.c and the readers of its formats: each is fed UTF-8 and gives rows, as csv.h's
 * does.
 */
#ifndef KEHU_INTAKE_IMPL_H
#define KEHU_INTAKE_IMPL_H

#include "common/intake.h"

#define INTAKE_RECORD_BYTES CSV_ROW_BYTES /* of one card or object */

/* Why a reader goes no further, beside csv.h's own. */
enum intake_fault {
	INTAKE_FAULT_NONE,
	INTAKE_FAULT_LONG, /* a card or line beyond INTAKE_RECORD_BYTES */
	INTAKE_FAULT_NUL,
	INTAKE_FAULT_CUT_CARD,  /* the file ends inside a card */
	INTAKE_FAULT_NO_CARD,   /* what is not a card stands between cards */
	INTAKE_FAULT_CUT_JSON,  /* the last line ends inside an object */
	INTAKE_FAULT_NOT_LINES, /* JSON, but not an object a line */
	INTAKE_FAULT_CUT_ROW,   /* the last row of a CSV is short and its line does not end */
};

/* Whole lines of what is fed; the common ground of cards and JSON lines. */
struct intake_lines {
	struct buf input;
	size_t at;
	uint64_t line; /* of the next one, from 1 */
	bool finished;
	enum intake_fault fault;
	uint64_t fault_line;
};

void intake_lines_feed(struct intake_lines *lines, const char *data, size_t bytes);
/*
 * The next line without its end, borrowed until the next feed; CSV_END once there is none.
 * *ended: a line end stood behind it.
 */
enum csv_status intake_lines_next(
    struct intake_lines *lines, const char **text, size_t *bytes, bool *ended);
enum csv_status intake_lines_break(
    struct intake_lines *lines, enum intake_fault fault, uint64_t line);

struct intake_vcard;
/* latin1: the file's bytes were taken as ISO-8859-1, so that a property's own charset can be
 * heard. */
struct intake_vcard *intake_vcard_new(bool latin1);
void intake_vcard_free(struct intake_vcard *vcard);
struct intake_lines *intake_vcard_lines(struct intake_vcard *vcard);
enum csv_status intake_vcard_next(
    struct intake_vcard *vcard, struct arena *arena, struct intake_row *row);

struct intake_json;
struct intake_json *intake_json_new(void);
void intake_json_free(struct intake_json *json);
struct intake_lines *intake_json_lines(struct intake_json *json);
/* The first call needs the sample whole: its objects' keys are the header. */
enum csv_status intake_json_next(
    struct intake_json *json, struct arena *arena, struct intake_row *row);
/* Whether a text begins as an object does. */
bool intake_json_begins(const char *text);

#endif
