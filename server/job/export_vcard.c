/*
 * vCards 4.0 (RFC 6350) and 3.0 (RFC 2426): a contact is a person, a customer an organisation
 * unless it is a person itself. Lines are folded at 75 octets, between characters.
 */
#include "server/entity/fields.h"
#include "server/job/export_writer.h"

#include "common/text.h"

#include <stdio.h>
#include <string.h>

#define VCARD_LINE_OCTETS 75

static const uint32_t vcard_customer[] = { F_customer_name, F_customer_short_name,
	F_customer_type, F_customer_region_id, F_customer_phone, F_customer_mail,
	F_customer_site, F_customer_address, F_customer_postcode, F_customer_remarks };
static const uint32_t vcard_contact[] = { F_contact_name, F_contact_customer_id,
	F_contact_department, F_contact_title, F_contact_mobile, F_contact_mail,
	F_contact_wechat, F_contact_birthday, F_contact_lunar, F_contact_remarks };

const uint32_t *
export_vcard_fields(uint32_t entity, size_t *count)
{
	*count = entity == E_customer ? sizeof(vcard_customer) / sizeof(vcard_customer[0])
				      : sizeof(vcard_contact) / sizeof(vcard_contact[0]);
	return entity == E_customer  ? vcard_customer
	       : entity == E_contact ? vcard_contact
				     : NULL;
}

/* ---- lines ------------------------------------------------------------------------------- */

/* Octets since the line began; one that would pass the limit goes on behind a blank. */
static void
vcard_fold(struct buf *out, size_t *octets, const char *text, size_t bytes)
{
	if (*octets + bytes > VCARD_LINE_OCTETS) {
		buf_puts(out, "\r\n ");
		*octets = 1;
	}
	buf_put(out, text, bytes);
	*octets += bytes;
}

/* A value with what would end it made harmless. */
static void
vcard_escape(struct buf *out, size_t *octets, const char *text)
{
	size_t left = strlen(text);

	while (left > 0) {
		uint32_t code;
		size_t bytes = text_decode(text, left, &code);

		if (bytes == 0)
			return;
		if (code == '\n')
			vcard_fold(out, octets, "\\n", 2);
		else if (code == '\\' || code == ',' || code == ';')
			vcard_fold(out, octets, (char[]){ '\\', (char)code }, 2);
		else if (code >= 0x20)
			vcard_fold(out, octets, text, bytes);
		text += bytes;
		left -= bytes;
	}
}

/* "NAME:part;part": parts are told apart by plain semicolons. All empty: no line. */
static void
vcard_parts(struct buf *out, const char *name, const char *const *parts, size_t count)
{
	size_t octets = strlen(name) + 1, filled = 0;

	for (size_t i = 0; i < count; i++)
		filled += parts[i][0] != '\0';
	if (filled == 0)
		return;
	buf_printf(out, "%s:", name);
	for (size_t i = 0; i < count; i++) {
		if (i > 0)
			vcard_fold(out, &octets, ";", 1);
		vcard_escape(out, &octets, parts[i]);
	}
	buf_puts(out, "\r\n");
}

static void
vcard_line(struct buf *out, const char *name, const char *value)
{
	vcard_parts(out, name, &value, 1);
}

static void
vcard_begin(struct buf *out, bool old, const char *name, bool person)
{
	buf_printf(out, "BEGIN:VCARD\r\nVERSION:%s\r\n", old ? "3.0" : "4.0");
	if (!old)
		buf_printf(out, "KIND:%s\r\n", person ? "individual" : "org");
	vcard_line(out, "FN", name);
	/* Which part of a name is the family's is not known here. */
	if (person || old)
		vcard_parts(
		    out, "N", (const char *const[]){ person ? name : "", "", "", "", "" }, 5);
	if (old && !person)
		buf_puts(out, "N:;;;;\r\n");
}

/* ---- cards ------------------------------------------------------------------------------- */

struct vcard {
	const struct field *const *fields;
	const char *const *cells;
	size_t count;
};

static const char *
vcard_cell(const struct vcard *card, uint32_t number)
{
	for (size_t i = 0; i < card->count; i++)
		if (card->fields[i]->number == number)
			return card->cells[i];
	return "";
}

static void
vcard_customer_put(struct buf *out, bool old, const struct vcard *card)
{
	const char *name = vcard_cell(card, F_customer_name);
	bool person = strcmp(vcard_cell(card, F_customer_type), "person") == 0;

	vcard_begin(out, old, name, person);
	if (!person)
		vcard_line(out, "ORG", name);
	vcard_line(out, "NICKNAME", vcard_cell(card, F_customer_short_name));
	vcard_line(out, old ? "TEL;TYPE=work" : "TEL;TYPE=work;VALUE=text",
	    vcard_cell(card, F_customer_phone));
	vcard_line(out, old ? "EMAIL;TYPE=internet" : "EMAIL", vcard_cell(card, F_customer_mail));
	vcard_line(out, "URL", vcard_cell(card, F_customer_site));
	vcard_parts(out, "ADR;TYPE=work",
	    (const char *const[]){ "", "", vcard_cell(card, F_customer_address),
		vcard_cell(card, F_customer_region_id), "",
		vcard_cell(card, F_customer_postcode), "" },
	    7);
	vcard_line(out, "NOTE", vcard_cell(card, F_customer_remarks));
}

/* 4.0 writes dates without dashes. A lunar birthday is no date of theirs. */
static void
vcard_birthday(struct buf *out, bool old, const char *date)
{
	char plain[9];

	if (strlen(date) != 10)
		return;
	snprintf(plain, sizeof(plain), "%.4s%.2s%.2s", date, date + 5, date + 8);
	vcard_line(out, "BDAY", old ? date : plain);
}

static void
vcard_contact_put(struct buf *out, bool old, const struct vcard *card)
{
	const char *lunar = vcard_cell(card, F_contact_lunar);

	vcard_begin(out, old, vcard_cell(card, F_contact_name), true);
	vcard_parts(out, "ORG",
	    (const char *const[]){ vcard_cell(card, F_contact_customer_id),
		vcard_cell(card, F_contact_department) },
	    vcard_cell(card, F_contact_department)[0] != '\0' ? 2 : 1);
	vcard_line(out, "TITLE", vcard_cell(card, F_contact_title));
	vcard_line(out, old ? "TEL;TYPE=cell" : "TEL;TYPE=cell;VALUE=text",
	    vcard_cell(card, F_contact_mobile));
	vcard_line(out, old ? "EMAIL;TYPE=internet" : "EMAIL", vcard_cell(card, F_contact_mail));
	vcard_line(out, "X-WECHAT", vcard_cell(card, F_contact_wechat));
	if (lunar[0] == '\0' || strcmp(lunar, "0") == 0)
		vcard_birthday(out, old, vcard_cell(card, F_contact_birthday));
	vcard_line(out, "NOTE", vcard_cell(card, F_contact_remarks));
}

void
export_vcard_put(struct buf *out, bool old, const struct entity *entity,
    const struct field *const *fields, const char *const *cells, size_t count)
{
	const struct vcard card = { fields, cells, count };

	if (entity->number == E_customer)
		vcard_customer_put(out, old, &card);
	else
		vcard_contact_put(out, old, &card);
	buf_puts(out, "END:VCARD\r\n");
}

void
export_vcard_put_line(struct buf *out, bool old, const char *line)
{
	vcard_begin(out, old, line, true);
	buf_puts(out, "END:VCARD\r\n");
}
