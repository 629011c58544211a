/* See pack.h. Field numbers are those of kehu.proto; tests/unit/pack.c compares the bytes. */
#include "proto/pack.h"

#include <string.h>

#define PACK_VARINT           0
#define PACK_BYTES            2
#define PACK_TAG(field, type) ((uint8_t)((field) << 3 | (type)))
#define PACK_VARINT_MAX       10 /* bytes */
#define PACK_CELLS_MAX        256 /* of a row; with more, protobuf-c does it all */

/* Fields of these messages when this was written: more of them, and protobuf-c does it all. */
static bool
pack_knows_all(const Kehu__Page *page)
{
	for (size_t i = 0; i < page->n_rows; i++)
		if (page->rows[i]->n_cells > PACK_CELLS_MAX)
			return false;
	return kehu__value__descriptor.n_fields == 4 && kehu__row__descriptor.n_fields == 4 &&
	       kehu__page__descriptor.n_fields == 6;
}

static uint8_t *
pack_varint(uint8_t *at, uint64_t value)
{
	while (value >= 0x80) {
		*at++ = (uint8_t)(value | 0x80);
		value >>= 7;
	}
	*at++ = (uint8_t)value;
	return at;
}

static uint8_t *
pack_number(uint8_t *at, unsigned field, uint64_t value)
{
	*at++ = PACK_TAG(field, PACK_VARINT);
	return pack_varint(at, value);
}

/* sint64: small negative numbers are short, too. */
static uint64_t
pack_zigzag(int64_t value)
{
	return (uint64_t)value << 1 ^ (value < 0 ? UINT64_MAX : 0);
}

static uint8_t *
pack_bytes(uint8_t *at, unsigned field, const void *data, size_t bytes)
{
	*at++ = PACK_TAG(field, PACK_BYTES);
	at = pack_varint(at, bytes);
	if (bytes > 0)
		memcpy(at, data, bytes);
	return at + bytes;
}

/* A message inside another is written behind room for the usual length, and moved if that is
 * wrong. */
static uint8_t *
pack_close(uint8_t *length_at, uint8_t *body, uint8_t *end)
{
	size_t bytes = (size_t)(end - body);
	uint8_t length[PACK_VARINT_MAX];
	size_t room = (size_t)(pack_varint(length, bytes) - length);

	if (length_at + room != body)
		memmove(length_at + room, body, bytes);
	memcpy(length_at, length, room);
	return length_at + room + bytes;
}

static uint8_t *
pack_value(uint8_t *at, const Kehu__Value *value, size_t text_bytes)
{
	uint8_t *length_at = at + 1, *body = at + 2; /* mostly under 128 bytes */

	*at = PACK_TAG(4, PACK_BYTES);
	at = body;
	if (value->has_number)
		at = pack_number(at, 1, pack_zigzag(value->number));
	if (value->text != NULL)
		at = pack_bytes(at, 2, value->text, text_bytes);
	if (value->has_field)
		at = pack_number(at, 3, value->field);
	if (value->has_masked)
		at = pack_number(at, 4, value->masked != 0);
	return pack_close(length_at, body, at);
}

static uint8_t *
pack_row(uint8_t *at, const Kehu__Row *row, const size_t *text_bytes)
{
	uint8_t *length_at = at + 1, *body = at + 3; /* mostly some 150 bytes */

	*at = PACK_TAG(2, PACK_BYTES);
	at = body;
	if (row->has_id)
		at = pack_number(at, 1, pack_zigzag(row->id));
	if (row->has_version)
		at = pack_number(at, 2, row->version);
	if (row->has_rights)
		at = pack_number(at, 3, row->rights);
	for (size_t i = 0; i < row->n_cells; i++)
		at = pack_value(at, row->cells[i], text_bytes[i]);
	return pack_close(length_at, body, at);
}

/* At most so many bytes; how long each cell's text is goes into text_bytes, which has room for all. */
static size_t
pack_row_room(const Kehu__Row *row, size_t *text_bytes)
{
	size_t room = 64;

	for (size_t i = 0; i < row->n_cells; i++) {
		text_bytes[i] = row->cells[i]->text != NULL ? strlen(row->cells[i]->text) : 0;
		room += 48 + text_bytes[i];
	}
	return room;
}

static void
pack_page(struct buf *out, const Kehu__Page *page)
{
	size_t text_bytes[PACK_CELLS_MAX];
	uint8_t *start, *at;

	for (size_t i = 0; i < page->n_columns; i++) {
		start = (uint8_t *)buf_reserve(out, 16);
		buf_wrote(out, (size_t)(pack_number(start, 1, page->columns[i]) - start));
	}
	for (size_t i = 0; i < page->n_rows; i++) {
		start = (uint8_t *)buf_reserve(out, pack_row_room(page->rows[i], text_bytes));
		buf_wrote(out, (size_t)(pack_row(start, page->rows[i], text_bytes) - start));
	}
	at = start = (uint8_t *)buf_reserve(out, 64 + page->next.len + page->previous.len);
	if (page->has_next)
		at = pack_bytes(at, 3, page->next.data, page->next.len);
	if (page->has_previous)
		at = pack_bytes(at, 4, page->previous.data, page->previous.len);
	if (page->has_total)
		at = pack_number(at, 5, pack_zigzag(page->total));
	if (page->has_total_at_least)
		at = pack_number(at, 6, page->total_at_least != 0);
	buf_wrote(out, (size_t)(at - start));
}

bool
pack_page_frame(struct buf *out, const Kehu__ServerFrame *frame)
{
	Kehu__ServerFrame head = *frame;
	struct buf page = BUF_INIT;
	uint8_t *start, *at;

	if (frame->answer_case != KEHU__SERVER_FRAME__ANSWER_PAGE || !pack_knows_all(frame->page))
		return false;
	pack_page(&page, frame->page);
	head.answer_case = KEHU__SERVER_FRAME__ANSWER__NOT_SET;
	start = (uint8_t *)buf_reserve(out, kehu__server_frame__get_packed_size(&head));
	buf_wrote(out, kehu__server_frame__pack(&head, start));
	at = start = (uint8_t *)buf_reserve(out, 16);
	at = pack_varint(at, KEHU__SERVER_FRAME__ANSWER_PAGE << 3 | PACK_BYTES);
	at = pack_varint(at, page.bytes);
	buf_wrote(out, (size_t)(at - start));
	buf_put(out, page.data, page.bytes);
	buf_fini(&page);
	return true;
}
