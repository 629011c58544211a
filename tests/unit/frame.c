/*
 * Frames: what is let in, what is turned away and why, and that nothing turned away costs more
 * than its limit.
 */
#include "proto/frame.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include <cmocka.h>

#define CEILING_BYTES ((size_t)8 * 1024 * 1024)

/* ---- building frames by hand ---------------------------------------------------------- */

static void
put_varint(struct buf *buf, uint64_t value)
{
	while (value >= 0x80) {
		buf_putc(buf, (char)(value | 0x80));
		value >>= 7;
	}
	buf_putc(buf, (char)value);
}

static void
put_tag(struct buf *buf, uint32_t number, int type)
{
	put_varint(buf, (uint64_t)number << 3 | (unsigned)type);
}

static void
put_bytes(struct buf *buf, uint32_t number, const void *data, size_t bytes)
{
	put_tag(buf, number, 2);
	put_varint(buf, bytes);
	buf_put(buf, data, bytes);
}

/* buf becomes a field of a message around it. */
static void
wrap(struct buf *buf, uint32_t number)
{
	struct buf outer = BUF_INIT;

	put_bytes(&outer, number, buf_text(buf), buf->bytes);
	buf_fini(buf);
	*buf = outer;
}

static enum err
unpack_client(uint8_t flags, const struct buf *body, size_t ceiling, size_t *used)
{
	struct arena *arena = arena_new(ceiling);
	Kehu__ClientFrame *frame;
	const char *why = NULL;
	enum err err = frame_unpack_client(
	    arena, flags, (const uint8_t *)buf_text(body), body->bytes, &frame, &why);

	assert_true((err == ERR_OK) == (frame != NULL));
	assert_true((err == ERR_OK) == (why == NULL));
	if (used != NULL)
		*used = arena_used_bytes(arena);
	arena_free(arena);
	return err;
}

static void
assert_refused(struct buf *body)
{
	assert_int_equal(unpack_client(0, body, CEILING_BYTES, NULL), ERR_BAD_FRAME);
	buf_fini(body);
}

/* A save of a record with lines, as a client makes it. */
static void
pack_save(struct buf *out)
{
	char name[] = "客户一", phone[] = "13800001111";
	uint8_t intention[16] = { 1, 2, 3 };
	Kehu__Value value = KEHU__VALUE__INIT, line_value = KEHU__VALUE__INIT;
	Kehu__Value *values[] = { &value }, *line_values[] = { &line_value };
	Kehu__Record record = KEHU__RECORD__INIT, line = KEHU__RECORD__INIT;
	Kehu__Record *lines[] = { &line };
	Kehu__Save save = KEHU__SAVE__INIT;
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;

	value.has_field = line_value.has_field = true;
	value.field = 1;
	value.text = name;
	line_value.field = 2;
	line_value.text = phone;
	line.has_id = true;
	line.id = -1;
	line.n_values = record.n_values = record.n_lines = 1;
	line.values = line_values;
	record.values = values;
	record.lines = lines;
	save.has_intention = true;
	save.intention = (ProtobufCBinaryData){ .len = sizeof(intention), .data = intention };
	save.record = &record;
	frame.has_number = true;
	frame.number = 7;
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_SAVE;
	frame.save = &save;
	assert_int_equal(frame_pack_client(out, &frame), ERR_OK);
}

/* A page whose rows differ, so that it compresses but not absurdly. */
static enum err
pack_page(struct buf *out, size_t rows, bool zstd)
{
	struct arena *arena = arena_new(0);
	Kehu__Page page = KEHU__PAGE__INIT;
	Kehu__ServerFrame frame = KEHU__SERVER_FRAME__INIT;

	page.n_rows = rows;
	page.rows = ARENA_ARRAY(arena, Kehu__Row *, rows);
	for (size_t i = 0; i < rows; i++) {
		Kehu__Value *cell = ARENA_NEW(arena, Kehu__Value);
		Kehu__Row *row = ARENA_NEW(arena, Kehu__Row);

		kehu__value__init(cell);
		cell->text = arena_printf(arena, "客户 %zu %zx", i * 7919, i * 2654435761u);
		kehu__row__init(row);
		row->n_cells = 1;
		row->cells = ARENA_ARRAY(arena, Kehu__Value *, 1);
		row->cells[0] = cell;
		page.rows[i] = row;
	}
	frame.has_number = true;
	frame.number = 9;
	frame.answer_case = KEHU__SERVER_FRAME__ANSWER_PAGE;
	frame.page = &page;
	enum err err = frame_pack_server(out, &frame, zstd);
	arena_free(arena);
	return err;
}

/* ---- heads ---------------------------------------------------------------------------- */

static enum err
head(uint32_t length, uint8_t flags, size_t max, size_t *body)
{
	uint8_t data[FRAME_HEAD_BYTES] = { (uint8_t)(length >> 24), (uint8_t)(length >> 16),
		(uint8_t)(length >> 8), (uint8_t)length, flags };
	uint8_t got;

	return frame_head(data, sizeof(data), max, &got, body);
}

static void
head_holds_length_to_its_limit(void **state)
{
	const size_t limits[] = { FRAME_MAX_BYTES_STRANGER, FRAME_MAX_BYTES };
	size_t body;

	for (size_t i = 0; i < 2; i++) {
		uint32_t max = (uint32_t)limits[i] + 1; /* the flags count too */

		assert_int_equal(head(0, 0, limits[i], &body), ERR_BAD_FRAME);
		assert_int_equal(head(1, 0, limits[i], &body), ERR_BAD_FRAME);
		assert_int_equal(head(2, 0, limits[i], &body), ERR_OK);
		assert_int_equal(body, 1);
		assert_int_equal(head(max - 1, 0, limits[i], &body), ERR_OK);
		assert_int_equal(head(max, 0, limits[i], &body), ERR_OK);
		assert_int_equal(body, limits[i]);
		assert_int_equal(head(max + 1, 0, limits[i], &body), ERR_BAD_FRAME);
		assert_int_equal(head(1u << 31, 0, limits[i], &body), ERR_BAD_FRAME);
		assert_int_equal(head((1u << 31) - 1, 0, limits[i], &body), ERR_BAD_FRAME);
		assert_int_equal(head(UINT32_MAX, 0, limits[i], &body), ERR_BAD_FRAME);
	}
}

static void
head_refuses_unknown_flags(void **state)
{
	size_t body;

	assert_int_equal(head(10, FRAME_ZSTD, 100, &body), ERR_OK);
	for (int flags = 2; flags < 256; flags++)
		assert_int_equal(head(10, (uint8_t)flags, 100, &body), ERR_BAD_FRAME);
}

static void
head_needs_five_bytes(void **state)
{
	const uint8_t data[FRAME_HEAD_BYTES] = { 0, 0, 0, 9, 0 };
	size_t body;
	uint8_t flags;

	for (size_t i = 0; i < FRAME_HEAD_BYTES; i++)
		assert_int_equal(frame_head(data, i, 100, &flags, &body), ERR_BAD_FRAME);
}

/* ---- round trips ---------------------------------------------------------------------- */

static void
save_comes_back_as_it_was_packed(void **state)
{
	struct arena *arena = arena_new(CEILING_BYTES);
	struct buf out = BUF_INIT;
	Kehu__ClientFrame *frame;
	const char *why;
	uint8_t flags;
	size_t body;

	pack_save(&out);
	const uint8_t *data = (const uint8_t *)out.data;
	assert_int_equal(frame_head(data, out.bytes, FRAME_MAX_BYTES, &flags, &body), ERR_OK);
	assert_int_equal(body + FRAME_HEAD_BYTES, out.bytes);
	assert_int_equal(
	    frame_unpack_client(arena, flags, data + FRAME_HEAD_BYTES, body, &frame, &why),
	    ERR_OK);
	assert_int_equal(frame->number, 7);
	assert_int_equal(frame->request_case, KEHU__CLIENT_FRAME__REQUEST_SAVE);
	assert_string_equal(frame->save->record->values[0]->text, "客户一");
	assert_int_equal(frame->save->record->lines[0]->id, -1);
	assert_string_equal(frame->save->record->lines[0]->values[0]->text, "13800001111");
	arena_free(arena);
	buf_fini(&out);
}

static void
large_answer_is_compressed_when_asked(void **state)
{
	struct arena *arena = arena_new(CEILING_BYTES);
	struct buf plain = BUF_INIT, packed = BUF_INIT;
	Kehu__ServerFrame *frame;
	const char *why;

	assert_int_equal(pack_page(&plain, 50, false), ERR_OK);
	assert_int_equal(pack_page(&packed, 50, true), ERR_OK);
	assert_int_equal(plain.data[4], 0);
	assert_int_equal(packed.data[4], FRAME_ZSTD);
	assert_true(packed.bytes < plain.bytes);
	assert_int_equal(frame_unpack_server(arena, FRAME_ZSTD,
			     (const uint8_t *)packed.data + FRAME_HEAD_BYTES,
			     packed.bytes - FRAME_HEAD_BYTES, &frame, &why),
	    ERR_OK);
	assert_int_equal(frame->page->n_rows, 50);
	assert_string_equal(frame->page->rows[1]->cells[0]->text, "客户 7919 9e3779b1");
	arena_free(arena);
	buf_fini(&plain);
	buf_fini(&packed);
}

static void
small_answer_is_left_uncompressed(void **state)
{
	struct buf out = BUF_INIT;

	assert_int_equal(pack_page(&out, 2, true), ERR_OK);
	assert_int_equal(out.data[4], 0);
	buf_fini(&out);
}

static void
answer_past_the_limit_is_not_packed(void **state)
{
	struct buf out = BUF_INIT;

	buf_puts(&out, "before");
	assert_int_equal(pack_page(&out, 60000, false), ERR_TOO_LARGE);
	assert_string_equal(buf_text(&out), "before");
	assert_int_equal(pack_page(&out, 300000, true), ERR_TOO_LARGE);
	assert_string_equal(buf_text(&out), "before");
	/* Too large as it is, small enough compressed. */
	assert_int_equal(pack_page(&out, 60000, true), ERR_OK);
	buf_fini(&out);
}

/* What we send ourselves must never look like a bomb to the other side. */
static void
very_compressible_answer_is_still_accepted(void **state)
{
	struct arena *arena = arena_new(CEILING_BYTES);
	struct buf out = BUF_INIT;
	Kehu__ServerFrame frame = KEHU__SERVER_FRAME__INIT, *back;
	Kehu__ReportAnswer report = KEHU__REPORT_ANSWER__INIT;
	const char *why = NULL;

	report.has_data = true;
	report.data.len = 900000;
	report.data.data = arena_alloc(arena, report.data.len);
	frame.answer_case = KEHU__SERVER_FRAME__ANSWER_REPORT;
	frame.report = &report;
	assert_int_equal(frame_pack_server(&out, &frame, true), ERR_OK);
	assert_int_equal(frame_unpack_server(arena, (uint8_t)out.data[4],
			     (const uint8_t *)out.data + FRAME_HEAD_BYTES,
			     out.bytes - FRAME_HEAD_BYTES, &back, &why),
	    ERR_OK);
	assert_int_equal(back->report->data.len, 900000);
	arena_free(arena);
	buf_fini(&out);
}

static void
empty_frame_is_not_packed(void **state)
{
	struct buf out = BUF_INIT;
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;

	assert_int_equal(frame_pack_client(&out, &frame), ERR_EMPTY);
	assert_int_equal(out.bytes, 0);
	buf_fini(&out);
}

/* ---- malformed messages --------------------------------------------------------------- */

/* Cut at every byte: either refused or, where a field ended just there, a shorter message. */
static void
truncation_at_every_byte_is_safe(void **state)
{
	struct buf out = BUF_INIT;
	uint32_t number;
	int request;

	pack_save(&out);
	for (size_t i = 0; i < out.bytes - FRAME_HEAD_BYTES; i++) {
		/* A copy of just so many bytes, so that reading past them is seen. */
		struct buf cut = BUF_INIT;
		uint8_t *data = malloc(i + 1);

		memcpy(data, out.data + FRAME_HEAD_BYTES, i);
		buf_put(&cut, data, i);
		enum err err = unpack_client(0, &cut, CEILING_BYTES, NULL);
		assert_true(i == 0 || i == 2 ? err == ERR_OK : err == ERR_BAD_FRAME);
		assert_int_equal(frame_peek(data, i, &number, &request), err);
		free(data);
		buf_fini(&cut);
	}
	buf_fini(&out);
}

static void
every_flipped_bit_is_safe(void **state)
{
	struct buf out = BUF_INIT;

	pack_save(&out);
	buf_shift(&out, FRAME_HEAD_BYTES);
	for (size_t bit = 0; bit < out.bytes * 8; bit++) {
		out.data[bit / 8] ^= (char)(1 << bit % 8);
		(void)!unpack_client(0, &out, CEILING_BYTES, NULL);
		out.data[bit / 8] ^= (char)(1 << bit % 8);
	}
	assert_int_equal(unpack_client(0, &out, CEILING_BYTES, NULL), ERR_OK);
	buf_fini(&out);
}

static void
nesting_stops_at_eight(void **state)
{
	/* Frame, Save and so many Records. */
	for (int records = 1; records <= 20; records++) {
		struct buf body = BUF_INIT;

		for (int i = 1; i < records; i++)
			wrap(&body, 5);
		wrap(&body, 3);
		wrap(&body, REQUEST_save);
		assert_int_equal(unpack_client(0, &body, CEILING_BYTES, NULL),
		    records + 2 <= FRAME_MAX_DEPTH ? ERR_OK : ERR_BAD_FRAME);
		buf_fini(&body);
	}
}

static void
nesting_of_a_whole_frame_is_refused_quickly(void **state)
{
	struct buf body = BUF_INIT;

	/* Built from the outside in: 100,000 levels, lengths that do not matter any more. */
	for (int i = 0; i < 100000; i++) {
		put_tag(&body, i == 0 ? REQUEST_save : i == 1 ? 3 : 5, 2);
		put_varint(&body, 4);
	}
	assert_refused(&body);
}

static void
unknown_fields_are_passed_over(void **state)
{
	struct buf body = BUF_INIT;

	put_tag(&body, 1, 0);
	put_varint(&body, 7);
	put_tag(&body, 5000, 0);
	put_varint(&body, UINT64_MAX);
	put_bytes(&body, 5001, "later", 5);
	put_bytes(&body, 5001, "later", 5);
	put_tag(&body, 5002, 5);
	buf_puts(&body, "4444");
	put_tag(&body, 5003, 1);
	buf_puts(&body, "88888888");
	put_bytes(&body, REQUEST_ping, "", 0);
	assert_int_equal(unpack_client(0, &body, CEILING_BYTES, NULL), ERR_OK);
	buf_fini(&body);
}

static void
groups_and_undefined_wire_types_are_refused(void **state)
{
	for (int type = 3; type < 8; type++) {
		struct buf body = BUF_INIT;

		if (type == 5)
			continue;
		put_tag(&body, 5000, type);
		buf_puts(&body, "12345678");
		assert_refused(&body);
	}
}

static void
field_number_zero_is_refused(void **state)
{
	struct buf body = BUF_INIT;

	put_tag(&body, 0, 0);
	put_varint(&body, 1);
	assert_refused(&body);
}

static void
varint_past_64_bits_is_refused(void **state)
{
	struct buf body = BUF_INIT;

	put_tag(&body, 1, 0);
	buf_put(&body, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11);
	assert_refused(&body);
	put_tag(&body, 1, 0);
	buf_put(&body, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 10);
	assert_refused(&body);
}

static void
length_past_the_end_is_refused(void **state)
{
	const uint64_t lengths[] = { 6, 127, 1u << 31, UINT32_MAX, INT64_MAX, UINT64_MAX };

	for (size_t i = 0; i < sizeof(lengths) / sizeof(*lengths); i++) {
		struct buf body = BUF_INIT;

		put_tag(&body, REQUEST_ping, 2);
		put_varint(&body, lengths[i]);
		buf_puts(&body, "12345");
		assert_refused(&body);
	}
}

static void
field_given_twice_is_refused(void **state)
{
	struct buf body = BUF_INIT;

	put_tag(&body, 1, 0);
	put_varint(&body, 7);
	put_tag(&body, 1, 0);
	put_varint(&body, 8);
	assert_refused(&body);

	put_bytes(&body, REQUEST_logout, "", 0);
	put_bytes(&body, REQUEST_logout, "", 0);
	assert_refused(&body);
}

static void
two_requests_in_a_frame_are_refused(void **state)
{
	struct buf body = BUF_INIT;
	uint32_t number;
	int request;

	put_bytes(&body, REQUEST_logout, "", 0);
	put_bytes(&body, REQUEST_save, "", 0);
	assert_int_equal(frame_peek((const uint8_t *)body.data, body.bytes, &number, &request),
	    ERR_BAD_FRAME);
	assert_refused(&body);
}

static void
text_that_is_not_utf8_is_refused(void **state)
{
	const char *const bad[] = { "\xff", "\xc0\x80", "\xed\xa0\x80", "\xe5\xae",
		"\xf4\x90\x80\x80", "\xc4\xe3" };

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct buf body = BUF_INIT;

		put_bytes(&body, 1, bad[i], strlen(bad[i]));
		wrap(&body, REQUEST_search);
		assert_refused(&body);
	}
}

static void
text_with_nul_is_refused(void **state)
{
	struct buf body = BUF_INIT;

	put_bytes(&body, 1, "a\0b", 3);
	wrap(&body, REQUEST_search);
	assert_refused(&body);
}

static void
wrong_wire_type_is_refused(void **state)
{
	struct buf body = BUF_INIT;

	put_tag(&body, REQUEST_list, 0);
	put_varint(&body, 1);
	assert_refused(&body);
	put_tag(&body, 1, 0); /* Search.text as a number */
	put_varint(&body, 1);
	wrap(&body, REQUEST_search);
	assert_refused(&body);
	put_bytes(&body, 2, "xx", 2); /* Search.entity as bytes */
	wrap(&body, REQUEST_search);
	assert_refused(&body);
}

/* ---- amplification -------------------------------------------------------------------- */

/* Half a million empty records: 1 MiB on the wire, 100 MiB unpacked, were there no ceiling. */
static void
many_small_messages_stop_at_the_arenas_ceiling(void **state)
{
	struct buf body = BUF_INIT;
	size_t used;

	for (int i = 0; i < 500000; i++)
		put_bytes(&body, 5, "", 0);
	wrap(&body, 3);
	wrap(&body, REQUEST_save);
	assert_int_equal(unpack_client(0, &body, CEILING_BYTES, &used), ERR_BAD_FRAME);
	assert_true(used <= CEILING_BYTES + FRAME_MAX_UNPACKED_BYTES + 1024);
	buf_fini(&body);
}

static void
pack_zstd(struct buf *out, const void *data, size_t bytes, int window_log)
{
	size_t room = ZSTD_compressBound(bytes);
	ZSTD_CCtx *zstd = ZSTD_createCCtx();
	char *into = buf_reserve(out, room);

	ZSTD_CCtx_setParameter(zstd, ZSTD_c_compressionLevel, 19);
	if (window_log != 0) {
		ZSTD_CCtx_setParameter(zstd, ZSTD_c_windowLog, window_log);
		ZSTD_CCtx_setParameter(zstd, ZSTD_c_contentSizeFlag, 0);
	}
	size_t packed = ZSTD_compress2(zstd, into, room, data, bytes);
	assert_false(ZSTD_isError(packed));
	buf_wrote(out, packed);
	ZSTD_freeCCtx(zstd);
}

static void
bomb_is_refused(void **state)
{
	const size_t sizes[] = { 200 * 1000, 5 * 1000 * 1000, 64 * 1000 * 1000 };

	for (size_t i = 0; i < 3; i++) {
		struct buf bomb = BUF_INIT;
		char *zeros = calloc(1, sizes[i]);

		pack_zstd(&bomb, zeros, sizes[i], 0);
		assert_int_equal(
		    unpack_client(FRAME_ZSTD, &bomb, CEILING_BYTES, NULL), ERR_BAD_FRAME);
		free(zeros);
		buf_fini(&bomb);
	}
}

static void
window_over_a_mebibyte_is_refused(void **state)
{
	struct buf big = BUF_INIT, packed = BUF_INIT;
	uint32_t noise[256] = { 1 };

	while (big.bytes < 3 * 1024 * 1024) {
		for (size_t i = 0; i < 256; i++)
			noise[i] = noise[(i + 255) % 256] * 1664525 + 1013904223;
		put_bytes(&big, 5000, noise, sizeof(noise));
	}
	pack_zstd(&packed, buf_text(&big), big.bytes, 20);
	assert_int_equal(unpack_client(FRAME_ZSTD, &packed, CEILING_BYTES, NULL), ERR_OK);
	buf_clear(&packed);
	pack_zstd(&packed, buf_text(&big), big.bytes, 23);
	assert_int_equal(
	    unpack_client(FRAME_ZSTD, &packed, CEILING_BYTES, NULL), ERR_BAD_FRAME);
	buf_fini(&big);
	buf_fini(&packed);
}

static void
compressed_body_cut_or_followed_by_more_is_refused(void **state)
{
	struct buf plain = BUF_INIT, packed = BUF_INIT;

	for (int i = 0; i < 300; i++)
		buf_printf(&plain, "\x82\xb7\x02\x04%04x", i * 40503 % 65536);
	pack_zstd(&packed, buf_text(&plain), plain.bytes, 0);
	for (size_t i = 0; i < packed.bytes; i++) {
		struct buf cut = BUF_INIT;

		buf_put(&cut, packed.data, i);
		assert_int_equal(
		    unpack_client(FRAME_ZSTD, &cut, CEILING_BYTES, NULL), ERR_BAD_FRAME);
		buf_fini(&cut);
	}
	assert_int_equal(unpack_client(FRAME_ZSTD, &packed, CEILING_BYTES, NULL), ERR_OK);
	buf_putc(&packed, 'x');
	assert_int_equal(
	    unpack_client(FRAME_ZSTD, &packed, CEILING_BYTES, NULL), ERR_BAD_FRAME);
	buf_fini(&plain);
	buf_fini(&packed);
}

static void
plain_body_marked_compressed_is_refused(void **state)
{
	struct buf out = BUF_INIT;

	pack_save(&out);
	buf_shift(&out, FRAME_HEAD_BYTES);
	assert_int_equal(unpack_client(FRAME_ZSTD, &out, CEILING_BYTES, NULL), ERR_BAD_FRAME);
	buf_fini(&out);
}

/* ---- peeking -------------------------------------------------------------------------- */

static void
peek_tells_number_and_request(void **state)
{
	struct buf out = BUF_INIT;
	uint32_t number;
	int request;

	pack_save(&out);
	assert_int_equal(frame_peek((const uint8_t *)out.data + FRAME_HEAD_BYTES,
			     out.bytes - FRAME_HEAD_BYTES, &number, &request),
	    ERR_OK);
	assert_int_equal(number, 7);
	assert_int_equal(request, REQUEST_save);
	assert_string_equal(request_name(request), "save");
	buf_fini(&out);
}

static void
peek_says_none_for_a_request_of_a_later_version(void **state)
{
	struct buf body = BUF_INIT;
	uint32_t number;
	int request;

	put_tag(&body, 1, 0);
	put_varint(&body, 3);
	put_bytes(&body, 59, "new", 3);
	assert_int_equal(
	    frame_peek((const uint8_t *)body.data, body.bytes, &number, &request), ERR_OK);
	assert_int_equal(number, 3);
	assert_int_equal(request, 0);
	assert_string_equal(request_name(59), "?");
	buf_fini(&body);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(head_holds_length_to_its_limit),
		cmocka_unit_test(head_refuses_unknown_flags),
		cmocka_unit_test(head_needs_five_bytes),
		cmocka_unit_test(save_comes_back_as_it_was_packed),
		cmocka_unit_test(large_answer_is_compressed_when_asked),
		cmocka_unit_test(small_answer_is_left_uncompressed),
		cmocka_unit_test(answer_past_the_limit_is_not_packed),
		cmocka_unit_test(very_compressible_answer_is_still_accepted),
		cmocka_unit_test(empty_frame_is_not_packed),
		cmocka_unit_test(truncation_at_every_byte_is_safe),
		cmocka_unit_test(every_flipped_bit_is_safe),
		cmocka_unit_test(nesting_stops_at_eight),
		cmocka_unit_test(nesting_of_a_whole_frame_is_refused_quickly),
		cmocka_unit_test(unknown_fields_are_passed_over),
		cmocka_unit_test(groups_and_undefined_wire_types_are_refused),
		cmocka_unit_test(field_number_zero_is_refused),
		cmocka_unit_test(varint_past_64_bits_is_refused),
		cmocka_unit_test(length_past_the_end_is_refused),
		cmocka_unit_test(field_given_twice_is_refused),
		cmocka_unit_test(two_requests_in_a_frame_are_refused),
		cmocka_unit_test(text_that_is_not_utf8_is_refused),
		cmocka_unit_test(text_with_nul_is_refused),
		cmocka_unit_test(wrong_wire_type_is_refused),
		cmocka_unit_test(many_small_messages_stop_at_the_arenas_ceiling),
		cmocka_unit_test(bomb_is_refused),
		cmocka_unit_test(window_over_a_mebibyte_is_refused),
		cmocka_unit_test(compressed_body_cut_or_followed_by_more_is_refused),
		cmocka_unit_test(plain_body_marked_compressed_is_refused),
		cmocka_unit_test(peek_tells_number_and_request),
		cmocka_unit_test(peek_says_none_for_a_request_of_a_later_version),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
