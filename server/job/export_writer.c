/*
 * CSV, TSV, JSON lines and pages, and the encodings; vCards are export_vcard.c's, how pages look is
 * server/report/'s. See export_writer.h.
 */
#include "server/job/export_writer.h"

#include "common/text.h"
#include "server/report/render_sinks.h"

#include <string.h>

static const struct {
	const char *name, *suffix;
} export_formats[] = {
	[EXPORT_CSV] = { "csv", "csv" },
	[EXPORT_TSV] = { "tsv", "tsv" },
	[EXPORT_JSONL] = { "jsonl", "jsonl" },
	[EXPORT_VCARD] = { "vcard", "vcf" },
	[EXPORT_VCARD3] = { "vcard3", "vcf" },
	[EXPORT_PDF] = { "pdf", "pdf" },
	[EXPORT_TEXT] = { "text", "txt" },
};

static const char *const export_encodings[] = {
	[EXPORT_UTF8] = "utf-8",
	[EXPORT_UTF8_BOM] = "utf-8-bom",
	[EXPORT_GB18030] = "gb18030",
};

bool
export_writer_open(
    struct export_writer *writer, const char *format, const char *encoding, struct buf *out)
{
	size_t formats = sizeof(export_formats) / sizeof(export_formats[0]);
	size_t encodings = sizeof(export_encodings) / sizeof(export_encodings[0]);
	size_t at = 0, of = 0;

	while (format[0] != '\0' && at < formats && strcmp(export_formats[at].name, format) != 0)
		at++;
	while (encoding[0] != '\0' && of < encodings &&
	       strcasecmp(export_encodings[of], encoding) != 0)
		of++;
	if (at == formats || of == encodings)
		return false;
	*writer = (struct export_writer){ .format = (enum export_format)at,
		.encoding = (enum export_encoding)of,
		.out = out };
	writer->csv = (struct csv_writer){ .out = out,
		.delimiter = writer->format == EXPORT_TSV ? '\t' : ',',
		.crlf = true,
		.defuse = true };
	/* The standards of the others know UTF-8 alone. */
	return writer->encoding == EXPORT_UTF8 || writer->format == EXPORT_CSV ||
	       writer->format == EXPORT_TSV;
}

const char *
export_writer_suffix(const struct export_writer *writer)
{
	return export_formats[writer->format].suffix;
}

/* ---- JSON -------------------------------------------------------------------------------- */

static void
export_json_text(struct buf *out, const char *text)
{
	buf_putc(out, '"');
	while (*text != '\0') {
		size_t run = 0;

		while ((unsigned char)text[run] >= 0x20 && text[run] != '"' && text[run] != '\\')
			run++;
		buf_put(out, text, run);
		text += run;
		if (*text == '\0')
			break;
		if (*text == '"' || *text == '\\')
			buf_printf(out, "\\%c", *text);
		else
			buf_printf(out, "\\u%04x", (unsigned char)*text);
		text++;
	}
	buf_putc(out, '"');
}

/* What is not there is null; whole numbers are numbers, all else is text. */
static void
export_json_value(struct buf *out, const struct field *field, const char *cell)
{
	if (cell[0] == '\0')
		buf_puts(out, "null");
	else if (field->type == TYPE_INT && strspn(cell, "-0123456789") == strlen(cell))
		buf_puts(out, cell);
	else
		export_json_text(out, cell);
}

static void
export_json_row(struct buf *out, const struct field *const *fields, const char *const *cells,
    size_t count)
{
	for (size_t i = 0; i < count; i++) {
		buf_putc(out, i == 0 ? '{' : ',');
		export_json_text(out, field_word(fields[i]));
		buf_putc(out, ':');
		export_json_value(out, fields[i], cells[i]);
	}
	buf_puts(out, "}\n");
}

/* ---- pages ------------------------------------------------------------------------------- */

static enum err
export_print_write(void *ctx, const void *data, size_t bytes)
{
	struct export_writer *writer = ctx;

	buf_put(writer->out, data, bytes);
	return ERR_OK;
}

static bool
export_is_number(const struct field *field)
{
	return field->type == TYPE_INT || field->type == TYPE_QUANTITY || field->type == TYPE_MONEY;
}

/* The mark that the audit keeps stands on the first page; each page's foot says who, when, what for. */
static void
export_print_begin(struct export_writer *writer, const struct field *const *fields,
    const char *const *titles, size_t count)
{
	struct doc_column columns[DOC_COLUMNS_MAX] = { 0 };
	struct doc_out out = { .write = export_print_write, .ctx = writer };
	const struct doc_field mark = { .label = writer->head.mark_label, .value = writer->head.mark };

	for (size_t i = 0; i < count; i++)
		columns[i] = (struct doc_column){ .title = titles[i],
			.kind = DOC_TEXT,
			.align = export_is_number(fields[i]) ? DOC_RIGHT : DOC_LEFT,
			.wrap = true };
	writer->doc = doc_new(writer->format == EXPORT_PDF ? render_pdf_new(out) : render_text_new(out, false));
	doc_begin(writer->doc,
	    &(struct doc_head){ .title = writer->head.title,
		.lang = writer->head.lang,
		.paper = doc_paper_for(columns, count),
		.offset_min = writer->head.offset_min,
		.printed = writer->head.foot,
		.params = &mark,
		.param_count = 1 });
	writer->err = doc_table(writer->doc, &(struct doc_table){ .columns = columns, .column_count = count });
}

static void
export_print_row(struct export_writer *writer, const char *const *cells, size_t count)
{
	struct doc_cell row[DOC_COLUMNS_MAX];

	for (size_t i = 0; i < count; i++)
		row[i] = doc_text(cells[i]);
	writer->err = doc_row(writer->doc, row);
}

static void
export_print_end(struct export_writer *writer, const char *line)
{
	doc_note(writer->doc, line);
	writer->err = doc_end(writer->doc);
}

void
export_writer_close(struct export_writer *writer)
{
	if (writer->doc != NULL)
		doc_free(writer->doc);
	writer->doc = NULL;
}

/* ---- rows -------------------------------------------------------------------------------- */

/* What a spreadsheet takes as a number. */
static bool
export_is_plain_number(const struct field *field)
{
	return field->type == TYPE_INT || field->type == TYPE_QUANTITY;
}

void
export_writer_header(struct export_writer *writer, const struct field *const *fields,
    const char *const *titles, size_t count)
{
	if (writer->begun)
		return;
	writer->begun = true;
	if (writer->encoding == EXPORT_UTF8_BOM)
		buf_puts(writer->out, "\xef\xbb\xbf");
	if (export_is_printed(writer->format))
		export_print_begin(writer, fields, titles, count);
	if (writer->format != EXPORT_CSV && writer->format != EXPORT_TSV)
		return;
	for (size_t i = 0; i < count; i++)
		csv_put(&writer->csv, titles[i], CSV_TEXT);
	csv_end_row(&writer->csv);
}

void
export_writer_row(struct export_writer *writer, const struct entity *entity,
    const struct field *const *fields, const char *const *cells, size_t count)
{
	switch (writer->format) {
	case EXPORT_CSV:
	case EXPORT_TSV:
		for (size_t i = 0; i < count; i++)
			csv_put(&writer->csv, cells[i],
			    export_is_plain_number(fields[i]) ? CSV_NUMBER : CSV_TEXT);
		csv_end_row(&writer->csv);
		break;
	case EXPORT_JSONL:
		export_json_row(writer->out, fields, cells, count);
		break;
	case EXPORT_VCARD:
	case EXPORT_VCARD3:
		export_vcard_put(writer->out, writer->format == EXPORT_VCARD3, entity, fields,
		    cells, count);
		break;
	case EXPORT_PDF:
	case EXPORT_TEXT:
		export_print_row(writer, cells, count);
		break;
	}
}

void
export_writer_line(struct export_writer *writer, const char *line)
{
	switch (writer->format) {
	case EXPORT_CSV:
	case EXPORT_TSV:
		csv_put(&writer->csv, line, CSV_TEXT);
		csv_end_row(&writer->csv);
		break;
	case EXPORT_JSONL:
		buf_puts(writer->out, "{\"kehu_watermark\":");
		export_json_text(writer->out, line);
		buf_puts(writer->out, "}\n");
		break;
	case EXPORT_VCARD:
	case EXPORT_VCARD3:
		export_vcard_put_line(writer->out, writer->format == EXPORT_VCARD3, line);
		break;
	case EXPORT_PDF:
	case EXPORT_TEXT:
		export_print_end(writer, line);
		break;
	}
}

enum err
export_writer_encode(struct export_writer *writer, struct buf *bytes)
{
	enum err err = writer->err;

	if (err == ERR_OK && writer->encoding == EXPORT_GB18030)
		err = text_encode_to(
		    "GB18030", buf_text(writer->out), writer->out->bytes, bytes);
	else if (err == ERR_OK)
		buf_put(bytes, buf_text(writer->out), writer->out->bytes);
	buf_clear(writer->out);
	return err;
}
