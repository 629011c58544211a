/*
 * The forms an export can have. A writer turns rows of printed cells into bytes of a buffer and
 * knows neither records nor rights.
 */
#ifndef KEHU_EXPORT_WRITER_H
#define KEHU_EXPORT_WRITER_H

#include "common/csv.h"
#include "server/entity/entity.h"
#include "server/report/doc.h"

enum export_format {
	EXPORT_CSV,
	EXPORT_TSV,
	EXPORT_JSONL,
	EXPORT_VCARD,  /* 4.0 */
	EXPORT_VCARD3, /* 3.0, for old telephones and mail programs */
	EXPORT_PDF,    /* pages, as is the next: who, when and what for stand on each */
	EXPORT_TEXT,
};

enum export_encoding { EXPORT_UTF8, EXPORT_UTF8_BOM, EXPORT_GB18030 };

/* What pages say of themselves. */
struct export_head {
	const char *title, *foot, *mark_label, *mark;
	enum lang lang;
	int offset_min;
};

struct export_writer {
	enum export_format format;
	enum export_encoding encoding;
	struct buf *out; /* UTF-8; export_writer_encode() makes what is stored of it */
	struct csv_writer csv;
	bool begun;
	struct export_head head; /* of pages, set before the header */
	struct doc *doc;	 /* pages being made */
	enum err err;		 /* what failed first; export_writer_encode() tells */
};

/* "" is csv and UTF-8. False: there is no such form, or it cannot have the encoding. */
bool export_writer_open(
    struct export_writer *writer, const char *format, const char *encoding, struct buf *out);
/* "csv", "vcf": what the file's name ends in. */
const char *export_writer_suffix(const struct export_writer *writer);

/* Frees what a form of pages holds. */
void export_writer_close(struct export_writer *writer);
/* Names of the columns, once; nothing where the form has no header. */
void export_writer_header(struct export_writer *writer, const struct field *const *fields,
    const char *const *titles, size_t count);
/* cells: as people read them; a choice's code in vCards. entity tells which card it is. */
void export_writer_row(struct export_writer *writer, const struct entity *entity,
    const struct field *const *fields, const char *const *cells, size_t count);
/* The last line, which is of no record. */
void export_writer_line(struct export_writer *writer, const char *line);
/* What was written since the last time, in the file's encoding; the writer's buffer is empty
 * then. ERR_BAD_TEXT is a fault of ours: every encoding here holds all of Unicode. Else why pages
 * could not be made. */
MUST_CHECK enum err export_writer_encode(struct export_writer *writer, struct buf *bytes);

static inline bool
export_is_printed(enum export_format format)
{
	return format == EXPORT_PDF || format == EXPORT_TEXT;
}

static inline bool
export_is_vcard(enum export_format format)
{
	return format == EXPORT_VCARD || format == EXPORT_VCARD3;
}

/* export_vcard.c: the fields a card is made of, in order; NULL: there are no cards of these. */
const uint32_t *export_vcard_fields(uint32_t entity, size_t *count);
void export_vcard_put(struct buf *out, bool old, const struct entity *entity,
    const struct field *const *fields, const char *const *cells, size_t count);
void export_vcard_put_line(struct buf *out, bool old, const char *line);

#endif
