/*
 * The error file of an import: CSV, whatever the file was, with the refused rows as they were.
 */
#include "server/job/import_impl.h"

#include "common/csv.h"

#include <inttypes.h>
#include <stdio.h>

enum err
import_write_refusal(struct import *import, const struct import_row *row)
{
	struct buf out = BUF_INIT;
	struct csv_writer writer = { .out = &out, .delimiter = ',' };
	char line[32];
	enum err err;

	if (!import->wrote_header) {
		for (size_t i = 0; i < import->header_count; i++)
			csv_put(&writer, import->header[i], CSV_TEXT);
		csv_put(&writer, "kehu_line", CSV_TEXT);
		csv_put(&writer, "kehu_column", CSV_TEXT);
		csv_put(&writer, "kehu_reason", CSV_TEXT);
		csv_end_row(&writer);
		import->wrote_header = true;
	}
	for (size_t i = 0; i < row->count || i < import->header_count; i++)
		csv_put(&writer, i < row->count ? row->cells[i] : "", CSV_TEXT);
	snprintf(line, sizeof(line), "%" PRIu64, row->line);
	csv_put(&writer, line, CSV_NUMBER);
	csv_put(&writer, row->column, CSV_TEXT);
	csv_put(&writer, row->reason, CSV_TEXT);
	csv_end_row(&writer);
	err = job_result(import->job, out.data, out.bytes);
	buf_fini(&out);
	return err;
}
