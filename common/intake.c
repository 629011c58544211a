/*
 * What a file is and in which encoding, and handing its text to the reader of its format.
 * Formats are intake_vcard.c, intake_json.c and csv.c; what only people look at is
 * intake_find.c.
 */
#include "common/intake_impl.h"

#include "common/log.h"
#include "common/mem.h"
#include "common/text.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum intake_kind { INTAKE_CSV, INTAKE_TSV, INTAKE_VCARD, INTAKE_JSONL };

static const char *const intake_names[] = { [INTAKE_CSV] = "csv",
	[INTAKE_TSV] = "tsv",
	[INTAKE_VCARD] = "vcard",
	[INTAKE_JSONL] = "jsonl" };
#define INTAKE_KINDS (sizeof(intake_names) / sizeof(intake_names[0]))

/* What is no text at all, by its first bytes. */
static const struct {
	const char *bytes;
	size_t count;
	const char *en, *zh;
} intake_strangers[] = {
	{ "PK\x03\x04", 4,
	    "this is a zip archive or a spreadsheet; unpack it, or save the sheet as CSV",
	    "这是 zip 压缩包或电子表格，请先解压，或将表格另存为 CSV" },
	{ "PK\x05\x06", 4, "this is an empty zip archive", "这是空的 zip 压缩包" },
	{ "\x1f\x8b", 2, "this is a gzip file; unpack it first",
	    "这是 gzip 压缩文件，请先解压" },
	{ "BZh", 3, "this is a bzip2 file; unpack it first", "这是 bzip2 压缩文件，请先解压" },
	{ "\xfd"
	  "7zXZ",
	    5, "this is an xz file; unpack it first", "这是 xz 压缩文件，请先解压" },
	{ "\x28\xb5\x2f\xfd", 4, "this is a zstd file; unpack it first",
	    "这是 zstd 压缩文件，请先解压" },
	{ "7z\xbc\xaf", 4, "this is a 7z archive; unpack it first",
	    "这是 7z 压缩包，请先解压" },
	{ "Rar!", 4, "this is a rar archive; unpack it first", "这是 rar 压缩包，请先解压" },
	{ "\xd0\xcf\x11\xe0", 4, "this is an old Office file; save the sheet as CSV",
	    "这是旧版 Office 文件，请将表格另存为 CSV" },
	{ "%PDF-", 5, "this is a PDF", "这是 PDF 文件" },
};

struct intake {
	char *asked_format, *asked_encoding;
	char asked_delimiter;
	bool no_header, begun, finished, ended;
	enum intake_kind kind;
	struct buf raw; /* until the sample is there */
	uint64_t taken; /* bytes, to be named in a fault */
	char *encoding;
	struct text_decoder *decoder;
	struct csv_reader *csv;
	struct intake_vcard *vcard;
	struct intake_json *json;
	bool has_header;          /* it was given */
	size_t columns;           /* of a CSV's first row */
	bool has_held, held_last; /* a CSV's first row, which is data */
	struct arena *held_arena;
	struct csv_row held;
	const char *bad_en, *bad_zh; /* a fault of the file as a whole */
	bool bad_byte;
	enum intake_fault fault;
	uint64_t fault_line;
	bool open_end; /* the last byte fed ends no line */
};

static char *
intake_copy(const char *text)
{
	char *copy = mem_strdup(text != NULL ? text : "");

	return copy;
}

struct intake *
intake_new(const struct intake_options *options)
{
	struct intake *intake = mem_zalloc(1, sizeof(*intake));

	intake->asked_format = intake_copy(options->format);
	intake->asked_encoding = intake_copy(options->encoding);
	intake->asked_delimiter = options->delimiter;
	intake->no_header = options->no_header;
	intake->held_arena = arena_new(0);
	return intake;
}

void
intake_free(struct intake *intake)
{
	if (intake == NULL)
		return;
	csv_reader_free(intake->csv);
	intake_vcard_free(intake->vcard);
	intake_json_free(intake->json);
	text_decoder_close(intake->decoder);
	buf_fini(&intake->raw);
	arena_free(intake->held_arena);
	free(intake->encoding);
	free(intake->asked_format);
	free(intake->asked_encoding);
	free(intake);
}

const char *
intake_format(const struct intake *intake)
{
	return intake_names[intake->kind];
}

const char *
intake_encoding(const struct intake *intake)
{
	return intake->encoding != NULL ? intake->encoding : "";
}

char
intake_delimiter(const struct intake *intake)
{
	return intake->csv != NULL ? csv_reader_delimiter(intake->csv) : '\0';
}

/* ---- lines, for cards and objects -------------------------------------------------------- */

void
intake_lines_feed(struct intake_lines *lines, const char *data, size_t bytes)
{
	buf_shift(&lines->input, lines->at);
	lines->at = 0;
	buf_put(&lines->input, data, bytes);
}

enum csv_status
intake_lines_break(struct intake_lines *lines, enum intake_fault fault, uint64_t line)
{
	lines->fault = fault;
	lines->fault_line = line;
	return CSV_BROKEN;
}

enum csv_status
intake_lines_next(struct intake_lines *lines, const char **text, size_t *bytes, bool *ended)
{
	const char *start = buf_text(&lines->input) + lines->at;
	size_t left = lines->input.bytes - lines->at;
	size_t length = 0;

	if (lines->fault != INTAKE_FAULT_NONE)
		return CSV_BROKEN;
	while (length < left && start[length] != '\n' && start[length] != '\r' &&
	       start[length] != '\0')
		length++;
	if (length > INTAKE_RECORD_BYTES)
		return intake_lines_break(lines, INTAKE_FAULT_LONG, lines->line + 1);
	if (length < left && start[length] == '\0')
		return intake_lines_break(lines, INTAKE_FAULT_NUL, lines->line + 1);
	/* A CR at the very end may be half of CRLF. */
	if (!lines->finished &&
	    (length == left || (start[length] == '\r' && length + 1 == left)))
		return CSV_MORE;
	if (left == 0)
		return CSV_END;
	*text = start;
	*bytes = length;
	*ended = length < left;
	if (length < left && start[length] == '\r' && length + 1 < left &&
	    start[length + 1] == '\n')
		length++;
	lines->at += length + (length < left);
	lines->line++;
	return CSV_ROW;
}

/* ---- beginning --------------------------------------------------------------------------- */

static enum csv_status
intake_bad(struct intake *intake, const char *en, const char *zh)
{
	intake->bad_en = en;
	intake->bad_zh = zh;
	return CSV_BROKEN;
}

static const char *
intake_guess_encoding(const struct intake *intake)
{
	size_t bytes =
	    intake->raw.bytes < INTAKE_SAMPLE_BYTES ? intake->raw.bytes : INTAKE_SAMPLE_BYTES;
	const char *text = buf_text(&intake->raw);
	const char *encoding = text_detect_encoding(text, bytes);

	/* Old cards name the charset at each property. */
	if ((strcmp(encoding, "GB18030") == 0 || strcmp(encoding, "ISO-8859-1") == 0) &&
	    bytes > 11 && strncasecmp(text, "BEGIN:VCARD", 11) == 0 &&
	    memmem(text, bytes, ";CHARSET=", 9) != NULL)
		return "ISO-8859-1";
	return encoding;
}

static enum intake_kind
intake_guess_kind(const char *text)
{
	text += strspn(text, " \t\r\n");
	if (strncasecmp(text, "BEGIN:VCARD", 11) == 0)
		return INTAKE_VCARD;
	return intake_json_begins(text) ? INTAKE_JSONL : INTAKE_CSV;
}

static void
intake_open_kind(struct intake *intake, const char *text)
{
	intake->kind = intake_guess_kind(text);
	for (size_t i = 0; i < INTAKE_KINDS; i++)
		if (strcmp(intake_names[i], intake->asked_format) == 0)
			intake->kind = (enum intake_kind)i;
	switch (intake->kind) {
	case INTAKE_VCARD:
		intake->vcard =
		    intake_vcard_new(strcasecmp(intake->encoding, "ISO-8859-1") == 0);
		break;
	case INTAKE_JSONL:
		intake->json = intake_json_new();
		break;
	default:
		intake->csv =
		    csv_reader_new(intake->asked_delimiter != '\0' ? intake->asked_delimiter
				   : intake->kind == INTAKE_TSV    ? '\t'
								   : '\0');
	}
}

static struct intake_lines *
intake_lines(const struct intake *intake)
{
	return intake->vcard != NULL ? intake_vcard_lines(intake->vcard)
				     : intake_json_lines(intake->json);
}

static void
intake_hand_on(struct intake *intake, const struct buf *text)
{
	if (text->bytes > 0)
		intake->open_end = strchr("\r\n", text->data[text->bytes - 1]) == NULL;
	if (intake->csv != NULL) {
		csv_reader_feed(intake->csv, buf_text(text), text->bytes);
		if (intake->ended)
			csv_reader_finish(intake->csv);
	} else {
		intake_lines_feed(intake_lines(intake), buf_text(text), text->bytes);
		intake_lines(intake)->finished = intake->ended;
	}
}

/* What there is of the raw bytes as text; what is good before a bad byte counts. */
static void
intake_decode(struct intake *intake, struct buf *text)
{
	enum err err =
	    text_decoder_feed(intake->decoder, buf_text(&intake->raw), intake->raw.bytes, text);

	buf_clear(&intake->raw);
	if (err == ERR_OK && intake->finished) {
		err = text_decoder_end(intake->decoder, text);
		intake->ended = err == ERR_OK;
	}
	intake->bad_byte = err != ERR_OK;
}

static enum csv_status
intake_begin(struct intake *intake)
{
	struct buf text = BUF_INIT;
	const char *raw = buf_text(&intake->raw);

	if (!intake->finished && intake->raw.bytes < INTAKE_SAMPLE_BYTES)
		return CSV_MORE;
	for (size_t i = 0; i < sizeof(intake_strangers) / sizeof(intake_strangers[0]); i++)
		if (intake->raw.bytes >= intake_strangers[i].count &&
		    memcmp(raw, intake_strangers[i].bytes, intake_strangers[i].count) == 0)
			return intake_bad(
			    intake, intake_strangers[i].en, intake_strangers[i].zh);
	intake->encoding =
	    intake_copy(intake->asked_encoding[0] != '\0' ? intake->asked_encoding
							  : intake_guess_encoding(intake));
	intake->decoder = text_decoder_open(intake->encoding);
	if (intake->decoder == NULL)
		return intake_bad(intake, "there is no such encoding", "没有这种编码");
	intake_decode(intake, &text);
	intake_open_kind(intake, buf_text(&text));
	intake_hand_on(intake, &text);
	buf_fini(&text);
	intake->begun = true;
	return CSV_ROW;
}

void
intake_feed(struct intake *intake, const void *data, size_t bytes)
{
	struct buf text = BUF_INIT;

	buf_put(&intake->raw, data, bytes);
	intake->taken += bytes;
	if (!intake->begun || intake->bad_byte)
		return;
	intake_decode(intake, &text);
	intake_hand_on(intake, &text);
	buf_fini(&text);
}

void
intake_finish(struct intake *intake)
{
	intake->finished = true;
	if (intake->begun && !intake->bad_byte)
		intake_feed(intake, "", 0);
}

/* ---- rows -------------------------------------------------------------------------------- */

static void
intake_take_csv(struct intake_row *row, const struct csv_row *csv)
{
	*row = (struct intake_row){ .cells = csv->cells,
		.count = csv->count,
		.line = csv->line,
		.flaw = csv->stray_quote ? INTAKE_STRAY_QUOTE : INTAKE_SOUND };
}

/* The columns of a file without a header are called by their numbers; its first row comes next.
 */
static void
intake_number_columns(struct intake *intake, struct arena *arena, const struct csv_row *first,
    struct intake_row *row)
{
	const char **names = ARENA_ARRAY(arena, const char *, first->count + 1);
	const char **cells = ARENA_ARRAY(intake->held_arena, const char *, first->count + 1);

	for (size_t i = 0; i < first->count; i++) {
		names[i] = arena_printf(arena, "%zu", i + 1);
		cells[i] = arena_strdup(intake->held_arena, first->cells[i]);
	}
	intake->held = *first;
	intake->held.cells = cells;
	intake->has_held = true;
	*row =
	    (struct intake_row){ .cells = names, .count = first->count, .line = first->line };
}

static enum csv_status
intake_next_csv(struct intake *intake, struct arena *arena, struct intake_row *row)
{
	struct csv_row csv;
	enum csv_status status = CSV_ROW;

	if (intake->has_held) {
		intake_take_csv(row, &intake->held);
		intake->has_held = false;
		return CSV_ROW;
	}
	status = csv_reader_next(intake->csv, arena, &csv);
	if (status != CSV_ROW)
		return status;
	if (!intake->has_header) {
		intake->has_header = true;
		intake->columns = csv.count;
		if (intake->no_header)
			intake_number_columns(intake, arena, &csv, row);
		else
			intake_take_csv(row, &csv);
		return CSV_ROW;
	}
	if (intake->ended && intake->open_end && csv.count < intake->columns &&
	    csv_reader_at_end(intake->csv)) {
		intake->fault = INTAKE_FAULT_CUT_ROW;
		intake->fault_line = csv.line;
		return CSV_BROKEN;
	}
	intake_take_csv(row, &csv);
	return CSV_ROW;
}

enum csv_status
intake_next(struct intake *intake, struct arena *arena, struct intake_row *row)
{
	enum csv_status status = CSV_ROW;

	if (intake->bad_en != NULL || intake->fault != INTAKE_FAULT_NONE)
		return CSV_BROKEN;
	if (!intake->begun)
		status = intake_begin(intake);
	if (status != CSV_ROW)
		return status;
	status = intake->csv != NULL     ? intake_next_csv(intake, arena, row)
		 : intake->vcard != NULL ? intake_vcard_next(intake->vcard, arena, row)
					 : intake_json_next(intake->json, arena, row);
	if (status == CSV_END && intake->csv != NULL && !intake->has_header)
		return intake_bad(intake, "the file is empty", "文件是空的");
	return status == CSV_MORE && intake->bad_byte ? CSV_BROKEN : status;
}

/* ---- what is wrong ----------------------------------------------------------------------- */

const char *
intake_flaw_text(enum intake_flaw flaw, enum lang lang)
{
	static const char *const texts[][2] = {
		[INTAKE_SOUND] = { "sound", "无误" },
		[INTAKE_STRAY_QUOTE] = { "A quote is not closed where the cell ends",
		    "引号未在单元格结尾处闭合" },
		[INTAKE_BAD_JSON] = { "The line is not a JSON object", "本行不是 JSON 对象" },
		[INTAKE_NEW_KEY] = { "The object has a key that the first ones have not",
		    "对象含有前面没有的键" },
		[INTAKE_NO_NAME] = { "The card names nobody", "名片没有姓名" },
	};

	return texts[flaw][lang == LANG_ZH];
}

static const char *
intake_fault_text(enum intake_fault fault, enum lang lang)
{
	static const char *const texts[][2] = {
		[INTAKE_FAULT_NONE] = { "no fault", "无错误" },
		[INTAKE_FAULT_LONG] = { "longer than 4 MiB", "超过 4 MiB" },
		[INTAKE_FAULT_NUL] = { "a zero byte: this is not a text file",
		    "含有零字节：这不是文本文件" },
		[INTAKE_FAULT_CUT_CARD] = { "the card that begins here does not end: was the "
					    "file cut?",
		    "此处开始的名片没有结束，文件是否被截断？" },
		[INTAKE_FAULT_NO_CARD] = { "this is not part of a card", "此行不属于任何名片" },
		[INTAKE_FAULT_CUT_JSON] = { "the object does not end: was the file cut?",
		    "对象没有结束，文件是否被截断？" },
		[INTAKE_FAULT_NOT_LINES] = { "JSON, but not one object a line",
		    "是 JSON，但不是每行一个对象" },
		[INTAKE_FAULT_CUT_ROW] = { "the last row ends in its middle: was the file cut?",
		    "最后一行不完整，文件是否被截断？" },
	};

	return texts[fault][lang == LANG_ZH];
}

static const char *
intake_at_line(struct arena *arena, uint64_t line, const char *text, enum lang lang)
{
	return arena_printf(arena,
	    lang == LANG_ZH ? "第 %" PRIu64 " 行：%s" : "line %" PRIu64 ": %s", line, text);
}

const char *
intake_fault(const struct intake *intake, struct arena *arena, enum lang lang)
{
	const struct intake_lines *lines;
	enum csv_fault fault;
	uint64_t line;

	if (intake->bad_en != NULL)
		return lang == LANG_ZH ? intake->bad_zh : intake->bad_en;
	if (intake->fault != INTAKE_FAULT_NONE)
		return intake_at_line(
		    arena, intake->fault_line, intake_fault_text(intake->fault, lang), lang);
	if (intake->csv != NULL) {
		fault = csv_reader_fault(intake->csv, &line);
		if (fault != CSV_FAULT_NONE)
			return intake_at_line(arena, line, csv_fault_text(fault, lang), lang);
	} else if (intake->begun) {
		lines = intake_lines(intake);
		if (lines->fault != INTAKE_FAULT_NONE)
			return intake_at_line(arena, lines->fault_line,
			    intake_fault_text(lines->fault, lang), lang);
	}
	if (intake->bad_byte)
		return arena_printf(arena,
		    lang == LANG_ZH ? "第 %" PRIu64 " 字节不符合 %s 编码，请指定正确的编码"
				    : "byte %" PRIu64 " is not %s; name the right encoding",
		    text_decoder_offset(intake->decoder), intake->encoding);
	return lang == LANG_ZH ? "无错误" : "no fault";
}
