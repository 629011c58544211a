/*
 * Frames that no client sends: every kind of request in every state of a session with nothing,
 * nonsense and halves inside, lengths at their limits, frames cut after each byte or with any
 * byte changed, strings that are no text, packed frames that burst. Each is answered or ends
 * its own connection; the server and everybody else go on.
 */
#include "common/date.h"
#include "server/entity/fields.h"
#include "tests/lib/pg.h"
#include "tests/lib/wire.h"

#include <inttypes.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zstd.h>
// clang-format off
#include <cmocka.h>
// clang-format on

#define DB "bad_frames"

enum { CASES_AT_LEAST = 2000, WAIT_MS = 10000, GROWTH_KIB = 64 * 1024 };
enum state { STRANGER, GREETED, LOCKED, SIGNED_IN, STATES };

static struct bed *bed;
static struct wire *wires[STATES];
static int64_t cases, answered, closed, longest_us;

/* ---- throwing ----------------------------------------------------------------------------- */

static void
lock(struct wire *wire)
{
	static const uint8_t lock_frame[] = { 0, 0, 0, 6, 0, 0x08, 0x7f, 0xf2, 0x02, 0x00 };
	enum err err;

	assert_int_equal(
	    wire_throw(wire, lock_frame, sizeof(lock_frame), false, WAIT_MS, &err), WIRE_ANSWERED);
	assert_int_equal(err, ERR_OK);
}

static struct wire *
wire_in(enum state state)
{
	if (wires[state] == NULL) {
		wires[state] = state < LOCKED ? wire_stranger(bed, state == GREETED) :
						wire_open(bed, "cai", LANG_EN);
		if (state == LOCKED)
			lock(wires[state]);
	}
	return wires[state];
}

static void
forget(enum state state)
{
	wire_close(wires[state]);
	wires[state] = NULL;
}

static void
throw(enum state state, const void *data, size_t bytes, bool last)
{
	int64_t from_us;
	enum err err = ERR_OK;
	enum wire_end end;
	struct wire *wire = wire_in(state);

	from_us = date_monotonic_us();
	end = wire_throw(wire, data, bytes, last, WAIT_MS, &err);
	from_us = date_monotonic_us() - from_us;
	longest_us = from_us > longest_us ? from_us : longest_us;
	cases++;
	answered += end == WIRE_ANSWERED;
	closed += end == WIRE_CLOSED;
	if (end == WIRE_SILENT)
		fail_msg("case %" PRId64 " (state %d, %zu bytes) was neither answered nor ended", cases,
		    (int)state, bytes);
	/* what was not refused may have changed the session's state */
	if (end == WIRE_CLOSED || last || err == ERR_BAD_FRAME || err == ERR_OK)
		forget(state);
}

/* ---- what is thrown ----------------------------------------------------------------------- */

struct frame {
	uint8_t data[8192];
	size_t bytes;
};

static void
frame_put(struct frame *frame, const void *data, size_t bytes)
{
	assert_true(frame->bytes + bytes <= sizeof(frame->data));
	memcpy(frame->data + frame->bytes, data, bytes);
	frame->bytes += bytes;
}

static void
frame_tag(struct frame *frame, uint32_t field, unsigned type)
{
	for (uint32_t key = field << 3 | type; key > 0; key >>= 7) {
		uint8_t byte = (uint8_t)((key & 0x7f) | (key > 0x7f ? 0x80 : 0));

		frame_put(frame, &byte, 1);
	}
}

/* Its head is written by frame_end; the body begins with the number of the request. */
static struct frame
frame_begin(void)
{
	struct frame frame = { .bytes = FRAME_HEAD_BYTES };

	frame_put(&frame, "\x08\x2a", 2);
	return frame;
}

static void
frame_end(struct frame *frame, uint8_t flags)
{
	size_t body = frame->bytes - 4;

	frame->data[0] = (uint8_t)(body >> 24);
	frame->data[1] = (uint8_t)(body >> 16);
	frame->data[2] = (uint8_t)(body >> 8);
	frame->data[3] = (uint8_t)body;
	frame->data[4] = flags;
}

static void
throw_request(enum state state, uint32_t request, const void *content, size_t bytes, size_t said)
{
	struct frame frame = frame_begin();
	uint8_t length[2] = { (uint8_t)((said & 0x7f) | 0x80), (uint8_t)(said >> 7) };

	frame_tag(&frame, request, 2);
	frame_put(&frame, length, 2);
	frame_put(&frame, content, bytes);
	frame_end(&frame, 0);
	throw(state, frame.data, frame.bytes, false);
}

/* Nothing, a field of each wire type that no message has so, a half of each, bad text, depth. */
static void
throw_contents(enum state state, uint32_t request)
{
	static const struct {
		const char *data;
		size_t bytes, said;
	} contents[] = {
		{ "", 0, 0 },
		{ "\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f", 11, 11 }, /* more than 64 bits */
		{ "\x09\1\2\3\4\5\6\7\x08", 9, 9 },
		{ "\x0a\x03\xc0\x80\0", 5, 5 },
		{ "\x0d\1\2\3\4", 5, 5 },
		{ "\x0b\x0c", 2, 2 },         /* a group */
		{ "\x0f\x00", 2, 2 },         /* a type there is not */
		{ "\x0a\x7f" "a", 3, 3 },     /* text shorter than said */
		{ "\x0a", 1, 1 },
		{ "\x08\x01", 2, 90 },        /* the message shorter than said */
		{ "\x0a\x02\xed\xa0\x12\x01\xff\x1a\x02\xc3\x28", 11, 11 },
	};

	for (size_t i = 0; i < sizeof(contents) / sizeof(contents[0]); i++)
		throw_request(state, request, contents[i].data, contents[i].bytes, contents[i].said);
}

static void
each_request_in_each_state_with_nonsense(void **state_)
{
	static const uint32_t requests[] = {
#define REQ(number, name, message, state, kind, lane) number,
#include "proto/requests.def"
#undef REQ
	};

	for (int state = 0; state < STATES; state++) {
		for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++)
			throw_contents((enum state)state, requests[i]);
		for (uint32_t request = 1; request < 400; request += 7)
			throw_request((enum state)state, request, "", 0, 0);
	}
}

static void
lengths_at_their_limits(void **state_)
{
	static const uint32_t lengths[] = { 0, 1, 2, 4095, 4096, 4097, 1048575, 1048576, 1048577,
		0x7fffffff, 0x80000000, 0xffffffff };

	for (int state = 0; state < STATES; state++) {
		for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
			const uint8_t head[] = { (uint8_t)(lengths[i] >> 24), (uint8_t)(lengths[i] >> 16),
				(uint8_t)(lengths[i] >> 8), (uint8_t)lengths[i], 0, 0x08, 0x01 };

			throw((enum state)state, head, sizeof(head), true);
		}
		for (unsigned flags = 1; flags < 256; flags += 5) {
			const uint8_t head[] = { 0, 0, 0, 5, (uint8_t)flags, 0x08, 0x01, 0x72, 0x00 };

			throw((enum state)state, head, sizeof(head), true);
		}
	}
}

/* A save as a client sends it. */
static struct frame
whole_save(void)
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__Save save = KEHU__SAVE__INIT;
	Kehu__Record record = KEHU__RECORD__INIT;
	Kehu__Value value = KEHU__VALUE__INIT, *values[] = { &value };
	struct uuid intention = uuid_new();
	char name[] = "华信科技";
	struct buf out = BUF_INIT;
	struct frame whole = { 0 };

	value.has_field = record.has_entity = save.has_intention = frame.has_number = true;
	value.field = F_customer_name;
	value.text = name;
	record.entity = E_customer;
	record.n_values = 1;
	record.values = values;
	save.record = &record;
	save.intention.data = intention.bytes;
	save.intention.len = sizeof(intention.bytes);
	frame.number = 42;
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_SAVE;
	frame.save = &save;
	assert_int_equal(frame_pack_client(&out, &frame), ERR_OK);
	frame_put(&whole, out.data, out.bytes);
	buf_fini(&out);
	return whole;
}

static void
a_save_cut_after_each_byte(void **state_)
{
	struct frame save = whole_save();
	int64_t before = pg_int(DB, "SELECT count(*) FROM customer");

	for (size_t bytes = 1; bytes < save.bytes; bytes++)
		throw(SIGNED_IN, save.data, bytes, true);
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM customer"), before);
}

static void
a_save_with_any_byte_changed(void **state_)
{
	static const uint8_t changes[] = { 0x00, 0xff, 0x80, 0x7f };
	struct frame save = whole_save();

	for (size_t at = 0; at < save.bytes; at++) {
		for (size_t i = 0; i < sizeof(changes); i++) {
			struct frame changed = save;

			changed.data[at] = changes[i];
			throw(SIGNED_IN, changed.data, changed.bytes, true);
		}
	}
}

/* Deeper than messages may lie in each other; a thousand of one field; the same field twice. */
static void
nests_crowds_and_doubles(void **state_)
{
	struct frame deep = { 0 };

	for (int depth = 1; depth < 120; depth++) {
		uint8_t inside[600];
		size_t at = sizeof(inside);

		for (int i = 0; i < depth && sizeof(inside) - at < 120; i++) {
			at -= 2;
			inside[at] = 0x2a; /* lines of a record of lines */
			inside[at + 1] = (uint8_t)(sizeof(inside) - at - 2);
		}
		deep = frame_begin();
		frame_tag(&deep, REQUEST_save, 2);
		uint8_t lengths[] = { (uint8_t)(sizeof(inside) - at + 2), 0x1a, (uint8_t)(sizeof(inside) - at) };
		frame_put(&deep, lengths, 3);
		frame_put(&deep, inside + at, sizeof(inside) - at);
		frame_end(&deep, 0);
		throw(SIGNED_IN, deep.data, deep.bytes, true);
	}
	for (int count = 2; count < 2000; count = count * 2 + 1) {
		struct frame crowd = frame_begin();

		for (int i = 0; i < count; i++)
			frame_put(&crowd, "\x72\x00", 2); /* Ping, Ping, … */
		frame_end(&crowd, 0);
		throw(GREETED, crowd.data, crowd.bytes, true);
		throw(SIGNED_IN, crowd.data, crowd.bytes, true);
	}
}

static void
packed_frames_that_burst(void **state_)
{
	static uint8_t zeros[16 * 1024 * 1024], packed[8000];
	static const size_t sizes[] = { 1, 100, 10000, 100000, 4194304, 4194305, sizeof(zeros) };

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		size_t whole = ZSTD_compress(packed, sizeof(packed), zeros, sizes[i], 19);

		assert_false(ZSTD_isError(whole));
		for (size_t bytes = whole; bytes > 0; bytes = bytes * 2 / 3) {
			struct frame frame = { .bytes = FRAME_HEAD_BYTES };

			frame_put(&frame, packed, bytes);
			frame_end(&frame, FRAME_ZSTD);
			for (int state = 0; state < STATES; state++)
				throw((enum state)state, frame.data, frame.bytes, true);
		}
	}
}

/* ---- all of it ---------------------------------------------------------------------------- */

static long
kehud_kib(void)
{
	FILE *status = fopen(arena_printf(bed->arena, "/proc/%d/status", (int)bed->kehud), "r");
	char line[256];
	long kib = 0;

	assert_non_null(status);
	while (fgets(line, sizeof(line), status) != NULL && sscanf(line, "VmRSS: %ld", &kib) != 1)
		continue;
	fclose(status);
	return kib;
}

static long kib_before;

static void
others_never_noticed(void **state_)
{
	struct client *client = client_new(bed, "ada", LANG_EN);

	expect_written(client_save(client, E_customer, 0, 0, SENT(TEXT_OF(F_customer_name, "afterwards")), NULL));
	client_free(client);
	for (int state = 0; state < STATES; state++) {
		if (wires[state] != NULL)
			forget((enum state)state);
	}
	print_message("# bad_frames: %" PRId64 " cases, %" PRId64 " answered, %" PRId64
		      " closed, the longest took %" PRId64 " ms; kehud grew by %ld KiB\n",
	    cases, answered, closed, longest_us / 1000, kehud_kib() - kib_before);
	assert_true(cases >= CASES_AT_LEAST);
	assert_int_equal(kill(bed->kehud, 0), 0);
	assert_true(kehud_kib() - kib_before < GROWTH_KIB);
}

static int
begin(void **state)
{
	bed = bed_new(DB);
	client_free(client_new(bed, "ada", LANG_EN));
	kib_before = kehud_kib();
	return 0;
}

static int
end(void **state)
{
	bed_free(bed);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_request_in_each_state_with_nonsense),
		cmocka_unit_test(lengths_at_their_limits),
		cmocka_unit_test(a_save_cut_after_each_byte),
		cmocka_unit_test(a_save_with_any_byte_changed),
		cmocka_unit_test(nests_crowds_and_doubles),
		cmocka_unit_test(packed_frames_that_burst),
		cmocka_unit_test(others_never_noticed),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, begin, end);
}
