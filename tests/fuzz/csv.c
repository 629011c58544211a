/* Fuzz target: what is written as CSV is read again as it was. The first byte is the delimiter
 * and how; a cell ends at \x1f, a row at \x1e. */
#include "common/csv.h"
#include "common/text.h"
#include "tests/lib/fuzz.h"

#include <string.h>

#define CSV_CELLS 64

static size_t
csv_cells(struct arena *arena, struct fuzz *fuzz, const char **cells)
{
	size_t count = 0;

	while (count < CSV_CELLS && fuzz->left > 0) {
		size_t bytes = 0;
		while (bytes < fuzz->left && fuzz->at[bytes] != 0x1f)
			bytes++;
		const char *cell = (const char *)fuzz->at;
		if (text_clean(arena, cell, bytes, TEXT_BLOCK, &cells[count]) == ERR_OK)
			count++;
		fuzz->at += bytes;
		fuzz->left -= bytes;
		(void)fuzz_byte(fuzz);
	}
	return count;
}

static void
csv_back(struct arena *arena, char delimiter, const struct buf *file, const char *const *cells,
    size_t count)
{
	struct csv_reader *reader = csv_reader_new(delimiter);
	struct csv_row row;

	csv_reader_feed(reader, (const char *)file->data, file->bytes);
	csv_reader_finish(reader);
	fuzz_insist(csv_reader_next(reader, arena, &row) == CSV_ROW);
	fuzz_insist(row.count == count && !row.stray_quote);
	for (size_t i = 0; i < count; i++)
		fuzz_insist(strcmp(csv_armed(row.cells[i]), cells[i]) == 0);
	fuzz_insist(csv_reader_next(reader, arena, &row) == CSV_END);
	csv_reader_free(reader);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	static const char delimiters[] = ",;\t|";
	struct arena *arena = arena_new(FUZZ_CEILING_BYTES);
	struct fuzz fuzz = { .at = data, .left = bytes };
	uint8_t how = fuzz_byte(&fuzz);
	struct buf file = BUF_INIT;
	const char *cells[CSV_CELLS];
	struct csv_writer writer = {
		.out = &file,
		.delimiter = delimiters[how % 4],
		.crlf = (how & 0x40) != 0,
		.defuse = true,
	};
	size_t count = csv_cells(arena, &fuzz, cells);

	for (size_t i = 0; i < count; i++)
		csv_put(&writer, cells[i], CSV_TEXT);
	csv_end_row(&writer);
	if (count > 0)
		csv_back(arena, writer.delimiter, &file, cells, count);
	buf_fini(&file);
	arena_free(arena);
	return 0;
}
