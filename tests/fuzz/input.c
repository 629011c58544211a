/* Fuzz target: bytes from a terminal. The first byte is the encoding and the size of pieces;
 * bytes that come in pieces at once are the bytes that come together. */
#include "client/ui/input.h"
#include "tests/lib/fuzz.h"

#include <string.h>

#define INPUT_HOLD_MS 25

/* Every event as a few bytes of out, the hold of a lone Esc waited for at the end. */
static void
input_all(const char *codeset, const uint8_t *data, size_t bytes, size_t piece, struct buf *out)
{
	struct input *input = input_new(codeset, INPUT_HOLD_MS);
	struct event event;
	int64_t now_ms = 1000;

	input_expect_report(input);
	for (size_t at = 0; at <= bytes; at += piece) {
		size_t more = bytes - at < piece ? bytes - at : piece;
		if (at == bytes)
			now_ms += 10 * INPUT_HOLD_MS * 1000;
		input_feed(input, (const char *)data + at, more, now_ms);
		if (more < piece && at < bytes)
			piece = more;
		while (input_next(input, now_ms, &event)) {
			fuzz_insist(event.kind != EVENT_NONE);
			buf_put(out, &event.kind, sizeof(event.kind));
			if (event.kind == EVENT_PASTE)
				buf_put(out, event.text, event.bytes);
			else
				buf_put(out, &event.code, sizeof(event.code));
		}
	}
	input_free(input);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	struct fuzz fuzz = { .at = data, .left = bytes };
	uint8_t how = fuzz_byte(&fuzz);
	const char *codeset = (how & 0x80) != 0 ? "GB18030" : "UTF-8";
	struct buf whole = BUF_INIT, pieces = BUF_INIT;

	if (fuzz.left > 0) {
		input_all(codeset, fuzz.at, fuzz.left, fuzz.left, &whole);
		input_all(codeset, fuzz.at, fuzz.left, 1 + how % 7, &pieces);
		fuzz_insist(
		    whole.bytes == pieces.bytes &&
		    (whole.bytes == 0 || memcmp(whole.data, pieces.data, whole.bytes) == 0));
	}
	buf_fini(&whole);
	buf_fini(&pieces);
	return 0;
}
