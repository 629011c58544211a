/*
 * Fuzz target: files that people bring. The first byte says how (format, header, size of the
 * pieces). A file read in pieces is the file read at once, and what is found out about it
 * holds.
 */
#include "common/intake.h"
#include "common/buf.h"
#include "tests/lib/fuzz.h"

#include <string.h>

/* All rows as one text, each cell ended by \x1f, each row by its flaw and \x1e. */
static void
intake_all(
    struct intake *intake, const uint8_t *data, size_t bytes, size_t piece, struct buf *out)
{
	enum csv_status status = CSV_MORE;

	for (size_t at = 0; status == CSV_MORE || status == CSV_ROW;) {
		struct arena *arena = arena_new(FUZZ_CEILING_BYTES);
		struct intake_row row;
		status = intake_next(intake, arena, &row);
		if (status == CSV_ROW) {
			for (size_t i = 0; i < row.count; i++) {
				buf_put(out, row.cells[i], strlen(row.cells[i]));
				buf_put(out, "\x1f", 1);
			}
			char flaw[2] = { (char)('0' + row.flaw), '\x1e' };
			buf_put(out, flaw, 2);
		} else if (status == CSV_MORE && at < bytes) {
			size_t more = bytes - at < piece ? bytes - at : piece;
			intake_feed(intake, data + at, more);
			at += more;
		} else if (status == CSV_MORE) {
			intake_finish(intake);
		} else if (status == CSV_BROKEN) {
			const char *fault = intake_fault(intake, arena, LANG_EN);
			buf_put(out, fault, strlen(fault));
		}
		arena_free(arena);
	}
}

static void
intake_twice(
    const struct intake_options *options, const uint8_t *data, size_t bytes, size_t piece)
{
	struct buf whole = BUF_INIT, pieces = BUF_INIT;
	struct intake *first = intake_new(options), *second = intake_new(options);

	/* What a file is, is found from its beginning: both see as much of it. */
	intake_all(first, data, bytes, bytes + 1, &whole);
	intake_all(second, data, bytes, piece, &pieces);
	fuzz_insist(whole.bytes == pieces.bytes &&
		    (whole.bytes == 0 || memcmp(whole.data, pieces.data, whole.bytes) == 0));
	intake_free(first);
	intake_free(second);
	buf_fini(&whole);
	buf_fini(&pieces);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	static const char *const formats[] = { "", "csv", "tsv", "vcard", "jsonl" };
	struct arena *arena = arena_new(FUZZ_CEILING_BYTES);
	struct fuzz fuzz = { .at = data, .left = bytes };
	uint8_t how = fuzz_byte(&fuzz);
	struct intake_options options = {
		.format = formats[how % 5],
		.encoding = "",
		.no_header = (how & 0x40) != 0,
	};
	struct intake_found found;

	intake_twice(&options, fuzz.at, fuzz.left, 1 + how % 61);
	intake_find(arena, &options, fuzz.at, fuzz.left, (how & 0x80) != 0, 5, LANG_ZH, &found);
	fuzz_insist(found.row_count <= 5);
	arena_free(arena);
	return 0;
}
