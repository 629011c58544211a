/*
 * vCards 2.1, 3.0 (RFC 2426) and 4.0 (RFC 6350) as rows: one card a row, the properties that
 * people keep in columns of their own, all others by name in the last one, so that nothing is
 * lost in silence. Readers of cards must forgive: folding is older than its rules, and charsets
 * stand at properties. Pictures are told of by their size alone.
 */
#include "common/intake_impl.h"

#include "common/date.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/text.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum vcard_column {
	VCARD_NAME,
	VCARD_FAMILY,
	VCARD_GIVEN,
	VCARD_SHORT,
	VCARD_KIND,
	VCARD_ORG,
	VCARD_UNIT,
	VCARD_TITLE,
	VCARD_PROFESSION,
	VCARD_MOBILE,
	VCARD_PHONE,
	VCARD_PHONE_2,
	VCARD_FAX,
	VCARD_MAIL,
	VCARD_MAIL_2,
	VCARD_SITE,
	VCARD_ADDRESS,
	VCARD_LOCALITY,
	VCARD_PROVINCE,
	VCARD_POSTCODE,
	VCARD_COUNTRY,
	VCARD_BIRTHDAY,
	VCARD_WECHAT,
	VCARD_IM,
	VCARD_TAGS,
	VCARD_UID,
	VCARD_NOTE,
	VCARD_OTHER,
	VCARD_COLUMNS
};

/* Where a field of ours means the same, the column is called like it. */
static const char *const vcard_columns[VCARD_COLUMNS] = { "name", "family", "given",
	"short_name", "kind", "customer", "department", "title", "profession", "mobile",
	"phone", "phone_2", "fax", "mail", "mail_2", "site", "address", "locality", "province",
	"postcode", "country", "birthday", "wechat", "im", "tags", "uid", "remarks", "other" };

/* Properties whose first value has a column; a second one joins the others. */
static const struct {
	const char *name;
	enum vcard_column column;
} vcard_plain[] = {
	{ "FN", VCARD_NAME },
	{ "NICKNAME", VCARD_SHORT },
	{ "KIND", VCARD_KIND },
	{ "X-ADDRESSBOOKSERVER-KIND", VCARD_KIND },
	{ "TITLE", VCARD_TITLE },
	{ "ROLE", VCARD_PROFESSION },
	{ "URL", VCARD_SITE },
	{ "X-WECHAT", VCARD_WECHAT },
	{ "IMPP", VCARD_IM },
	{ "X-QQ", VCARD_IM },
	{ "CATEGORIES", VCARD_TAGS },
	{ "UID", VCARD_UID },
	{ "NOTE", VCARD_NOTE },
};

struct intake_vcard {
	struct intake_lines lines;
	bool latin1, has_header;
	struct buf line; /* the property so far, unfolded */
	size_t skipped;  /* bytes of a picture that were not kept */
	uint64_t begun_at;
	int depth;           /* 1: in a card; more: in one inside it */
	bool old;            /* version 2.1 */
	struct arena *arena; /* of the card */
	const char *values[VCARD_COLUMNS];
	struct buf other;
	size_t bytes; /* of the card */
};

struct intake_vcard *
intake_vcard_new(bool latin1)
{
	struct intake_vcard *vcard = mem_zalloc(1, sizeof(*vcard));

	vcard->latin1 = latin1;
	vcard->arena = arena_new(0);
	return vcard;
}

void
intake_vcard_free(struct intake_vcard *vcard)
{
	if (vcard == NULL)
		return;
	buf_fini(&vcard->lines.input);
	buf_fini(&vcard->line);
	buf_fini(&vcard->other);
	arena_free(vcard->arena);
	free(vcard);
}

struct intake_lines *
intake_vcard_lines(struct intake_vcard *vcard)
{
	return &vcard->lines;
}

/* ---- a property -------------------------------------------------------------------------- */

struct vcard_property {
	const char *name; /* upper case, its group left out */
	const char
	    *types; /* " HOME WORK ": values of TYPE and words without a name, upper case */
	const char *charset;
	bool quoted, binary;
	const char *value; /* as it stands */
};

static char *
vcard_upper(struct arena *arena, const char *text, size_t bytes)
{
	char *upper = arena_strndup(arena, text, bytes);

	for (char *c = upper; *c != '\0'; c++)
		*c = (char)toupper((unsigned char)*c);
	return upper;
}

static void
vcard_take_parameter(
    struct arena *arena, struct vcard_property *property, const char *text, size_t bytes)
{
	const char *is = memchr(text, '=', bytes);
	size_t name_bytes = is != NULL ? (size_t)(is - text) : 0;
	const char *name = vcard_upper(arena, text, name_bytes);
	char *value = is != NULL ? vcard_upper(arena, is + 1, bytes - name_bytes - 1)
				 : vcard_upper(arena, text, bytes);

	for (char *c = value; *c != '\0'; c++)
		if (*c == ',' || *c == '"')
			*c = ' ';
	if (strcmp(name, "CHARSET") == 0) {
		property->charset = value;
	} else if (strcmp(name, "ENCODING") == 0 || name_bytes == 0) {
		property->quoted |= strcmp(value, "QUOTED-PRINTABLE") == 0;
		property->binary |= strcmp(value, "BASE64") == 0 || strcmp(value, "B") == 0;
	}
	if (name_bytes == 0 || strcmp(name, "TYPE") == 0)
		property->types = arena_printf(arena, "%s%s ", property->types, value);
}

/* "group.NAME;PARAM=x;WORD:value". False: no property. */
static bool
vcard_split(struct arena *arena, const char *line, struct vcard_property *property)
{
	const char *at = line, *start = line;
	bool quoted = false, named = false;

	*property = (struct vcard_property){ .types = " " };
	for (;; at++) {
		if (*at == '\0')
			return false;
		if (*at == '"')
			quoted = !quoted;
		if (quoted || (*at != ';' && *at != ':'))
			continue;
		if (!named) {
			const char *dot = memchr(start, '.', (size_t)(at - start));

			if (dot != NULL)
				start = dot + 1;
			property->name = vcard_upper(arena, start, (size_t)(at - start));
			named = true;
		} else {
			vcard_take_parameter(arena, property, start, (size_t)(at - start));
		}
		start = at + 1;
		if (*at == ':')
			break;
	}
	property->value = start;
	return property->name[0] != '\0';
}

static bool
vcard_is(const struct vcard_property *property, const char *type)
{
	return text_has_word(property->types, type);
}

static bool
vcard_is_picture(const struct vcard_property *property)
{
	return property->binary || strcmp(property->name, "PHOTO") == 0 ||
	       strcmp(property->name, "LOGO") == 0 || strcmp(property->name, "KEY") == 0;
}

/* ---- its value --------------------------------------------------------------------------- */

static int
vcard_hex(char c)
{
	return c >= '0' && c <= '9'   ? c - '0'
	       : c >= 'A' && c <= 'F' ? c - 'A' + 10
	       : c >= 'a' && c <= 'f' ? c - 'a' + 10
				      : -1;
}

static void
vcard_unquote(struct buf *out, const char *text)
{
	for (; *text != '\0'; text++) {
		int high = *text == '=' ? vcard_hex(text[1]) : -1;
		int low = high >= 0 ? vcard_hex(text[2]) : -1;
		char byte = low >= 0 ? (char)(high * 16 + low) : *text;

		if (byte != '\0')
			buf_putc(out, byte);
		if (low >= 0)
			text += 2;
	}
}

/* The file's own bytes again, where they were taken as ISO-8859-1. */
static void
vcard_bytes(struct buf *out, const char *text)
{
	size_t left = strlen(text), length;
	uint32_t code;

	for (; left > 0 && (length = text_decode(text, left, &code)) != 0;
	     text += length, left -= length)
		if (code < 0x100)
			buf_putc(out, (char)code);
}

static const char *
vcard_decode(struct arena *arena, const struct buf *bytes, const char *charset)
{
	const char *text = buf_text(bytes), *result = NULL;
	struct text_decoder *decoder;
	struct buf out = BUF_INIT;

	if (charset == NULL)
		charset = text_detect_encoding(text, bytes->bytes);
	decoder = text_decoder_open(charset);
	if (decoder == NULL) /* a charset nobody knows */
		decoder = text_decoder_open(text_detect_encoding(text, bytes->bytes));
	if (text_decoder_feed(decoder, text, bytes->bytes, &out) == ERR_OK &&
	    text_decoder_end(decoder, &out) == ERR_OK)
		result = arena_strdup(arena, buf_text(&out));
	text_decoder_close(decoder);
	buf_fini(&out);
	return result;
}

/* In UTF-8, as the property's own encoding and charset say; where they lie, as it stands. */
static const char *
vcard_plain_value(const struct intake_vcard *vcard, const struct vcard_property *property)
{
	struct buf bytes = BUF_INIT;
	const char *value = NULL;

	if (property->quoted)
		vcard_unquote(&bytes, property->value);
	else if (vcard->latin1 && property->charset != NULL)
		vcard_bytes(&bytes, property->value);
	if (bytes.bytes > 0)
		value = vcard_decode(vcard->arena, &bytes, property->charset);
	buf_fini(&bytes);
	return value != NULL ? value : property->value;
}

/* The next part of a value up to a plain separator ('\0': all of it), with escapes undone. */
static const char *
vcard_part(struct arena *arena, const char **at, char separator)
{
	struct buf out = BUF_INIT;
	const char *text = *at, *part;

	for (; *text != '\0' && (separator == '\0' || *text != separator); text++) {
		if (*text != '\\' || strchr("\\,;:nN", text[1]) == NULL || text[1] == '\0')
			buf_putc(&out, *text);
		else
			buf_putc(&out, *++text == 'n' || *text == 'N' ? '\n' : *text);
	}
	*at = text + (*text != '\0');
	part = arena_strdup(arena, buf_text(&out));
	buf_fini(&out);
	return part;
}

static void
vcard_add_other(struct intake_vcard *vcard, const char *name, const char *value)
{
	if (value[0] != '\0')
		buf_printf(
		    &vcard->other, "%s%s: %s", vcard->other.bytes > 0 ? "\n" : "", name, value);
}

/* Into the first of these columns that is empty, else beside the others. */
static void
vcard_put(struct intake_vcard *vcard, enum vcard_column column, enum vcard_column second,
    const char *name, const char *value)
{
	if (value[0] == '\0')
		return;
	if (vcard->values[column] == NULL)
		vcard->values[column] = value;
	else if (second != column && vcard->values[second] == NULL)
		vcard->values[second] = value;
	else if (strcmp(vcard->values[column], value) != 0)
		vcard_add_other(vcard, name, value);
}

/* ---- properties with parts --------------------------------------------------------------- */

static void
vcard_take_name(struct intake_vcard *vcard, const char *value)
{
	const char *family = vcard_part(vcard->arena, &value, ';'),
		   *given = vcard_part(vcard->arena, &value, ';');

	vcard_put(vcard, VCARD_FAMILY, VCARD_FAMILY, "N", family);
	vcard_put(vcard, VCARD_GIVEN, VCARD_GIVEN, "N", given);
	while (*value != '\0')
		vcard_add_other(vcard, "N", vcard_part(vcard->arena, &value, ';'));
}

static void
vcard_take_org(struct intake_vcard *vcard, const char *value)
{
	vcard_put(vcard, VCARD_ORG, VCARD_ORG, "ORG", vcard_part(vcard->arena, &value, ';'));
	vcard_put(vcard, VCARD_UNIT, VCARD_UNIT, "ORG", vcard_part(vcard->arena, &value, ';'));
	while (*value != '\0')
		vcard_add_other(vcard, "ORG", vcard_part(vcard->arena, &value, ';'));
}

/* Post box, more of the address, street; town, province, code, country. */
static void
vcard_take_address(struct intake_vcard *vcard, const char *value)
{
	static const enum vcard_column columns[] = { VCARD_LOCALITY, VCARD_PROVINCE,
		VCARD_POSTCODE, VCARD_COUNTRY };
	const char *whole = value, *address = "";
	size_t filled = strspn(value, "; ");

	if (value[filled] == '\0')
		return;
	if (vcard->values[VCARD_ADDRESS] != NULL || vcard->values[VCARD_LOCALITY] != NULL) {
		vcard_add_other(vcard, "ADR", vcard_part(vcard->arena, &whole, '\0'));
		return;
	}
	for (int i = 0; i < 3; i++) {
		const char *part = vcard_part(vcard->arena, &value, ';');

		if (part[0] != '\0')
			address = arena_printf(vcard->arena, "%s%s%s", address,
			    address[0] != '\0' ? ", " : "", part);
	}
	vcard_put(vcard, VCARD_ADDRESS, VCARD_ADDRESS, "ADR", address);
	for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]); i++)
		vcard_put(vcard, columns[i], columns[i], "ADR",
		    vcard_part(vcard->arena, &value, ';'));
	if (*value != '\0')
		vcard_add_other(vcard, "ADR", vcard_part(vcard->arena, &value, '\0'));
}

static void
vcard_take_phone(
    struct intake_vcard *vcard, const struct vcard_property *property, const char *value)
{
	value = vcard_part(vcard->arena, &value, '\0');
	if (strncasecmp(value, "tel:", 4) == 0)
		value += 4;
	if (vcard_is(property, "CELL") || vcard_is(property, "MOBILE") ||
	    vcard_is(property, "IPHONE"))
		vcard_put(vcard, VCARD_MOBILE, VCARD_PHONE, "TEL", value);
	else if (vcard_is(property, "FAX"))
		vcard_put(vcard, VCARD_FAX, VCARD_FAX, "TEL (fax)", value);
	else if (vcard_is(property, "PAGER"))
		vcard_add_other(vcard, "TEL (pager)", value);
	else
		vcard_put(vcard, VCARD_PHONE, VCARD_PHONE_2, "TEL", value);
}

/* 1953-10-15, 19531015, 1953-10-15T23:10:00Z; a day without a year is no date of ours. */
static void
vcard_take_birthday(struct intake_vcard *vcard, const char *value)
{
	struct ymd ymd;

	if ((sscanf(value, "%4d-%2d-%2d", &ymd.year, &ymd.month, &ymd.day) == 3 ||
		(strspn(value, "0123456789") == 8 &&
		    sscanf(value, "%4d%2d%2d", &ymd.year, &ymd.month, &ymd.day) == 3)) &&
	    date_ymd_valid(ymd))
		vcard_put(vcard, VCARD_BIRTHDAY, VCARD_BIRTHDAY, "BDAY",
		    date_format(vcard->arena, date_from_ymd(ymd)));
	else
		vcard_add_other(vcard, "BDAY", vcard_part(vcard->arena, &value, '\0'));
}

static void
vcard_take_property(struct intake_vcard *vcard, const struct vcard_property *property)
{
	static const char *const unsaid[] = { "VERSION", "REV", "PRODID", "CLIENTPIDMAP",
		"X-ABLABEL", "X-ABADR" };
	const char *name = property->name, *value = vcard_plain_value(vcard, property);

	if (strcmp(name, "VERSION") == 0)
		vcard->old = strncmp(value, "2.1", 3) == 0;
	for (size_t i = 0; i < sizeof(unsaid) / sizeof(unsaid[0]); i++)
		if (strcmp(name, unsaid[i]) == 0)
			return;
	for (size_t i = 0; i < sizeof(vcard_plain) / sizeof(vcard_plain[0]); i++)
		if (strcmp(name, vcard_plain[i].name) == 0) {
			vcard_put(vcard, vcard_plain[i].column, vcard_plain[i].column, name,
			    vcard_part(vcard->arena, &value, '\0'));
			return;
		}
	if (strcmp(name, "N") == 0)
		vcard_take_name(vcard, value);
	else if (strcmp(name, "ORG") == 0)
		vcard_take_org(vcard, value);
	else if (strcmp(name, "ADR") == 0)
		vcard_take_address(vcard, value);
	else if (strcmp(name, "TEL") == 0)
		vcard_take_phone(vcard, property, value);
	else if (strcmp(name, "EMAIL") == 0)
		vcard_put(vcard, VCARD_MAIL, VCARD_MAIL_2, name,
		    vcard_part(vcard->arena, &value, '\0'));
	else if (strcmp(name, "BDAY") == 0)
		vcard_take_birthday(vcard, value);
	else
		vcard_add_other(vcard, name, vcard_part(vcard->arena, &value, '\0'));
}

/* The unfolded line is whole. What is no property is kept as it stands. */
static void
vcard_end_line(struct intake_vcard *vcard)
{
	struct vcard_property property;
	const char *line = buf_text(&vcard->line);

	if (vcard->line.bytes == 0)
		return;
	if (vcard->depth > 1 || !vcard_split(vcard->arena, line, &property))
		buf_printf(&vcard->other, "%s%s", vcard->other.bytes > 0 ? "\n" : "", line);
	else if (vcard_is_picture(&property) && vcard->line.bytes + vcard->skipped > 300)
		vcard_add_other(vcard, property.name,
		    arena_printf(vcard->arena, "(%zu)", vcard->line.bytes + vcard->skipped));
	else
		vcard_take_property(vcard, &property);
	buf_clear(&vcard->line);
	vcard->skipped = 0;
}

/* ---- lines ------------------------------------------------------------------------------- */

static bool
vcard_line_is(const char *text, size_t bytes, const char *word)
{
	while (bytes > 0 && (text[bytes - 1] == ' ' || text[bytes - 1] == '\t'))
		bytes--;
	return bytes == strlen(word) && strncasecmp(text, word, bytes) == 0;
}

/* How the property under way goes on, if this line does: by a blank, behind "=", or as base64.
 */
static bool
vcard_goes_on(struct intake_vcard *vcard, const char **text, size_t *bytes)
{
	const char *line = buf_text(&vcard->line), *value = strchr(line, ':');
	bool quoted = value != NULL &&
		      memmem(line, (size_t)(value - line), "QUOTED-PRINTABLE", 16) != NULL;

	if (vcard->line.bytes == 0)
		return false;
	if (quoted && line[vcard->line.bytes - 1] == '=') {
		vcard->line.data[--vcard->line.bytes] = '\0';
		return true;
	}
	if (*bytes > 0 && (**text == ' ' || **text == '\t')) {
		if (!vcard->old || (value != NULL && memmem(line, (size_t)(value - line),
							 "BASE64", 6) != NULL)) {
			(*text)++;
			(*bytes)--;
		}
		return true;
	}
	/* Some writers forget the blank. */
	return value != NULL && memmem(line, (size_t)(value - line), "BASE64", 6) != NULL &&
	       *bytes > 0 && memchr(*text, ':', *bytes) == NULL;
}

static void
vcard_add_line(struct intake_vcard *vcard, const char *text, size_t bytes)
{
	struct vcard_property property;

	if (vcard_goes_on(vcard, &text, &bytes)) {
		if (vcard->line.bytes > 300 &&
		    vcard_split(vcard->arena, buf_text(&vcard->line), &property) &&
		    vcard_is_picture(&property))
			vcard->skipped += bytes;
		else
			buf_put(&vcard->line, text, bytes);
		return;
	}
	vcard_end_line(vcard);
	if (bytes > 0)
		buf_put(&vcard->line, text, bytes);
}

static void
vcard_begin_card(struct intake_vcard *vcard)
{
	arena_reset(vcard->arena);
	memset(vcard->values, 0, sizeof(vcard->values));
	buf_clear(&vcard->other);
	buf_clear(&vcard->line);
	vcard->bytes = vcard->skipped = 0;
	vcard->old = false;
	vcard->depth = 1;
	vcard->begun_at = vcard->lines.line;
}

/* A card without a full name is called by its parts, its company or its mail. */
static void
vcard_find_name(struct intake_vcard *vcard)
{
	const char *family = vcard->values[VCARD_FAMILY], *given = vcard->values[VCARD_GIVEN];
	static const enum vcard_column next[] = { VCARD_ORG, VCARD_SHORT, VCARD_MAIL };
	uint32_t code = 0;

	if (vcard->values[VCARD_NAME] != NULL)
		return;
	if (family != NULL && given != NULL) {
		text_decode(family, strlen(family), &code);
		vcard->values[VCARD_NAME] =
		    text_is_han(code) ? arena_printf(vcard->arena, "%s%s", family, given)
				      : arena_printf(vcard->arena, "%s %s", given, family);
	} else if (family != NULL || given != NULL) {
		vcard->values[VCARD_NAME] = family != NULL ? family : given;
	}
	for (size_t i = 0;
	     i < sizeof(next) / sizeof(next[0]) && vcard->values[VCARD_NAME] == NULL; i++)
		vcard->values[VCARD_NAME] = vcard->values[next[i]];
}

static void
vcard_end_card(struct intake_vcard *vcard, struct arena *arena, struct intake_row *row)
{
	const char **cells = ARENA_ARRAY(arena, const char *, VCARD_COLUMNS);

	vcard_end_line(vcard);
	vcard_find_name(vcard);
	vcard->values[VCARD_OTHER] = buf_text(&vcard->other);
	for (size_t i = 0; i < VCARD_COLUMNS; i++)
		cells[i] =
		    arena_strdup(arena, vcard->values[i] != NULL ? vcard->values[i] : "");
	*row = (struct intake_row){ .cells = cells,
		.count = VCARD_COLUMNS,
		.line = vcard->begun_at,
		.flaw = vcard->values[VCARD_NAME] == NULL ? INTAKE_NO_NAME : INTAKE_SOUND };
	vcard->depth = 0;
}

enum csv_status
intake_vcard_next(struct intake_vcard *vcard, struct arena *arena, struct intake_row *row)
{
	const char *text;
	enum csv_status status;
	size_t bytes;
	bool ended;

	if (!vcard->has_header) {
		vcard->has_header = true;
		*row = (struct intake_row){
			.cells = vcard_columns, .count = VCARD_COLUMNS, .line = 1
		};
		return CSV_ROW;
	}
	while ((status = intake_lines_next(&vcard->lines, &text, &bytes, &ended)) == CSV_ROW) {
		vcard->bytes += bytes;
		if (vcard->depth > 0 && vcard->bytes - vcard->skipped > INTAKE_RECORD_BYTES)
			return intake_lines_break(
			    &vcard->lines, INTAKE_FAULT_LONG, vcard->begun_at);
		if (vcard->depth == 0 && vcard_line_is(text, bytes, "BEGIN:VCARD")) {
			vcard_begin_card(vcard);
		} else if (vcard->depth == 0) {
			if (strspn(text, " \t") < bytes)
				return intake_lines_break(
				    &vcard->lines, INTAKE_FAULT_NO_CARD, vcard->lines.line);
		} else if (vcard->depth == 1 && vcard_line_is(text, bytes, "END:VCARD")) {
			vcard_end_card(vcard, arena, row);
			return CSV_ROW;
		} else {
			bool in = vcard_line_is(text, bytes, "BEGIN:VCARD"),
			     out = vcard_line_is(text, bytes, "END:VCARD");

			if (in || out)
				vcard_end_line(vcard);
			vcard->depth += in - out;
			if (!in && !out)
				vcard_add_line(vcard, text, bytes);
		}
	}
	if (status == CSV_END && vcard->depth > 0)
		return intake_lines_break(
		    &vcard->lines, INTAKE_FAULT_CUT_CARD, vcard->begun_at);
	return status;
}
