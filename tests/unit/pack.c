/* Pages packed by hand are byte for byte what protobuf-c makes of them. */
#include "proto/pack.h"

#include "proto/frame.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static uint64_t seed;

static uint64_t
any(uint64_t below)
{
	seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (seed >> 30) % below;
}

/* Of every length in bits, negative half the time. */
static int64_t
any_number(void)
{
	uint64_t number = (any(UINT64_C(1) << 32) << 32 | any(UINT64_C(1) << 32)) >> any(64);

	return (int64_t)(any(2) == 0 ? number : ~number);
}

static Kehu__Value *
any_value(struct arena *arena, size_t text_max)
{
	Kehu__Value *value = ARENA_NEW(arena, Kehu__Value);

	kehu__value__init(value);
	value->has_number = any(2) == 0;
	value->number = any_number();
	if (any(3) > 0) {
		size_t bytes = any(text_max + 1);

		value->text = arena_alloc(arena, bytes + 1);
		memset(value->text, 'x', bytes);
	}
	value->has_field = any(4) == 0;
	value->field = (uint32_t)any_number();
	value->has_masked = any(5) == 0;
	value->masked = any(2) == 0;
	return value;
}

static Kehu__Row *
any_row(struct arena *arena, size_t text_max)
{
	Kehu__Row *row = ARENA_NEW(arena, Kehu__Row);

	kehu__row__init(row);
	row->has_id = any(8) > 0;
	row->id = any_number();
	row->has_version = any(8) > 0;
	row->version = (uint32_t)any_number();
	row->has_rights = any(2) == 0;
	row->rights = (uint32_t)any(16);
	row->n_cells = any(12);
	row->cells = ARENA_ARRAY(arena, Kehu__Value *, row->n_cells + 1);
	for (size_t i = 0; i < row->n_cells; i++)
		row->cells[i] = any_value(arena, text_max);
	return row;
}

static Kehu__Page *
any_page(struct arena *arena, size_t text_max)
{
	Kehu__Page *page = ARENA_NEW(arena, Kehu__Page);

	kehu__page__init(page);
	page->n_columns = any(12);
	page->columns = ARENA_ARRAY(arena, uint32_t, page->n_columns + 1);
	for (size_t i = 0; i < page->n_columns; i++)
		page->columns[i] = (uint32_t)any_number();
	page->n_rows = any(20);
	page->rows = ARENA_ARRAY(arena, Kehu__Row *, page->n_rows + 1);
	for (size_t i = 0; i < page->n_rows; i++)
		page->rows[i] = any_row(arena, text_max);
	page->has_next = any(2) == 0;
	page->next.len = any(300);
	page->next.data = arena_alloc(arena, page->next.len);
	page->has_previous = any(2) == 0;
	page->previous.len = any(20);
	page->previous.data = arena_alloc(arena, page->previous.len);
	page->has_total = any(2) == 0;
	page->total = any_number();
	page->has_total_at_least = any(2) == 0;
	page->total_at_least = any(2) == 0;
	return page;
}

static void
assert_same_bytes(const Kehu__ServerFrame *frame)
{
	size_t bytes = kehu__server_frame__get_packed_size(frame);
	uint8_t *expected = malloc(bytes + 1);
	struct buf out = BUF_INIT;

	kehu__server_frame__pack(frame, expected);
	buf_puts(&out, "before");
	assert_true(pack_page_frame(&out, frame));
	assert_int_equal(out.bytes, bytes + 6);
	assert_memory_equal(out.data, "before", 6);
	assert_memory_equal(out.data + 6, expected, bytes);
	buf_fini(&out);
	free(expected);
}

static void
pages_have_the_bytes_of_protobuf_c(void **state)
{
	static const size_t text_max[] = { 0, 10, 130, 3000, 70000 };
	struct arena *arena = arena_new(0);

	(void)state;
	for (int i = 0; i < 400; i++) {
		Kehu__ServerFrame frame = KEHU__SERVER_FRAME__INIT;

		arena_reset(arena);
		frame.has_number = any(4) > 0;
		frame.number = (uint32_t)any_number();
		frame.has_reference = any(4) > 0;
		frame.reference = (uint64_t)any_number();
		frame.answer_case = KEHU__SERVER_FRAME__ANSWER_PAGE;
		frame.page = any_page(arena, text_max[i % 5]);
		assert_same_bytes(&frame);
	}
	arena_free(arena);
}

static void
other_answers_are_left_to_protobuf_c(void **state)
{
	Kehu__ServerFrame frame = KEHU__SERVER_FRAME__INIT;
	Kehu__Done done = KEHU__DONE__INIT;
	struct buf out = BUF_INIT;

	(void)state;
	frame.answer_case = KEHU__SERVER_FRAME__ANSWER_DONE;
	frame.done = &done;
	assert_false(pack_page_frame(&out, &frame));
	assert_int_equal(out.bytes, 0);
}

/* A field added to these messages must be added to proto/pack.c, or pages get slow again. */
static void
every_field_is_known(void **state)
{
	Kehu__ServerFrame frame = KEHU__SERVER_FRAME__INIT;
	Kehu__Page page = KEHU__PAGE__INIT;
	struct buf out = BUF_INIT;

	(void)state;
	frame.answer_case = KEHU__SERVER_FRAME__ANSWER_PAGE;
	frame.page = &page;
	assert_true(pack_page_frame(&out, &frame));
	buf_fini(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pages_have_the_bytes_of_protobuf_c),
		cmocka_unit_test(other_answers_are_left_to_protobuf_c),
		cmocka_unit_test(every_field_is_known),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
