/*
 * What a file to be imported is: read from its first bytes, shown on request, and watched while
 * it is sent, so that one which is cut, endless or no text stops before the server has all of
 * it.
 */
#include "client/cli/import.h"

#include "common/text.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define IMPORT_HEAD_BYTES (4 * INTAKE_SAMPLE_BYTES)
#define IMPORT_SHOWN_ROWS 3

/* Until so many bytes are there or the file ends; -1: errno. */
static ssize_t
import_read_some(int fd, uint8_t *data, size_t most)
{
	size_t bytes = 0;

	while (bytes < most) {
		ssize_t got = read(fd, data + bytes, most - bytes);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -1;
		if (got == 0)
			break;
		bytes += (size_t)got;
	}
	return (ssize_t)bytes;
}

ssize_t
import_read(struct import *import, uint8_t *data)
{
	size_t bytes =
	    import->head_bytes < IMPORT_CHUNK_BYTES ? import->head_bytes : IMPORT_CHUNK_BYTES;
	ssize_t got;

	memcpy(data, import->head, bytes);
	import->head += bytes;
	import->head_bytes -= bytes;
	got = import_read_some(import->fd, data + bytes, IMPORT_CHUNK_BYTES - bytes);
	return got < 0 ? -1 : (ssize_t)bytes + got;
}

static enum err
import_take_options(struct import *import)
{
	struct cli *cli = import->cli;
	const char *separator = cli->options.values[OPT_SEPARATOR],
		   *dates = cli->options.values[OPT_DATES];
	enum intake_order order;

	import->options = (struct intake_options){
		.format = cli->options.values[OPT_FORMAT],
		.encoding = cli->options.values[OPT_ENCODING],
		.no_header = cli->options.given & OPT_BIT(NO_HEADER),
	};
	if (separator != NULL)
		import->options.delimiter = strcmp(separator, "\\t") == 0 ? '\t' : separator[0];
	if (dates != NULL && (!intake_order_of(dates, &order) || order == INTAKE_ORDER_EITHER))
		return cli_fail(cli, ERR_INVALID, dates, "dmy, mdy, ymd");
	return ERR_OK;
}

static enum err
import_bad_file(struct import *import, const char *why)
{
	return cli_fail(import->cli, ERR_BAD_FILE, import->path, why);
}

enum err
import_open(struct import *import)
{
	struct cli *cli = import->cli;
	enum err err = import_take_options(import);
	ssize_t got;

	if (err != ERR_OK)
		return err;
	import->fd = strcmp(import->path, "-") == 0 ? dup(STDIN_FILENO)
						    : open(import->path, O_RDONLY | O_CLOEXEC);
	if (import->fd < 0 || fstat(import->fd, &import->status) != 0)
		return cli_fail(cli, ERR_FILE_SYSTEM, import->path, strerror(errno));
	if (S_ISDIR(import->status.st_mode))
		return cli_fail(cli, ERR_FILE_SYSTEM, import->path, strerror(EISDIR));
	import->bytes = S_ISREG(import->status.st_mode) ? import->status.st_size : 0;
	import->head = arena_alloc(cli->arena, IMPORT_HEAD_BYTES);
	got = import_read_some(import->fd, import->head, IMPORT_HEAD_BYTES);
	if (got < 0)
		return cli_fail(cli, ERR_FILE_SYSTEM, import->path, strerror(errno));
	import->head_bytes = (size_t)got;
	import->head_whole = import->head_bytes < IMPORT_HEAD_BYTES;
	intake_find(cli->arena, &import->options, import->head, import->head_bytes,
	    import->head_whole, IMPORT_SHOWN_ROWS, cli->lang, &import->found);
	if (import->found.fault != NULL)
		return import_bad_file(import, import->found.fault);
	import->check = intake_new(&(struct intake_options){ .format = import->found.format,
	    .encoding = import->found.encoding,
	    .delimiter = import->found.delimiter,
	    .no_header = !import->found.header });
	import->check_arena = arena_new(0);
	return ERR_OK;
}

void
import_close(struct import *import)
{
	if (import->fd >= 0)
		close(import->fd);
	import->fd = -1;
	intake_free(import->check);
	if (import->check_arena != NULL)
		arena_free(import->check_arena);
}

/* Somebody wrote to it while it was read: what was sent may be half of each. */
static bool
import_changed(const struct import *import)
{
	struct stat now;

	return S_ISREG(import->status.st_mode) &&
	       (fstat(import->fd, &now) != 0 || now.st_size != import->status.st_size ||
		   now.st_mtim.tv_sec != import->status.st_mtim.tv_sec ||
		   now.st_mtim.tv_nsec != import->status.st_mtim.tv_nsec ||
		   import->sent != now.st_size);
}

enum err
import_check(struct import *import, const uint8_t *data, size_t bytes)
{
	struct intake_row row;
	enum csv_status status;

	if (bytes > 0)
		intake_feed(import->check, data, bytes);
	else
		intake_finish(import->check);
	while ((status = intake_next(import->check, import->check_arena, &row)) == CSV_ROW)
		arena_reset(import->check_arena);
	if (status == CSV_BROKEN)
		return import_bad_file(
		    import, intake_fault(import->check, import->cli->arena, import->cli->lang));
	if (bytes == 0 && import_changed(import))
		return import_bad_file(
		    import, cli_say(import->cli, "the file changed while it was read",
				"读取期间文件发生了变化"));
	return ERR_OK;
}

/* ---- what was found ---- */

static const char *
import_separator_word(struct import *import)
{
	char delimiter = import->found.delimiter;

	if (delimiter == '\0')
		return "-";
	return delimiter == '\t' ? "\\t" : arena_printf(import->cli->arena, "%c", delimiter);
}

static const char *
import_cell(struct arena *arena, const struct intake_row *row, size_t column)
{
	const char *text = column < row->count ? row->cells[column] : "";

	return text_cut(arena, text_print(arena, text, TEXT_LINE), 30, false);
}

enum err
import_show(struct import *import)
{
	struct cli *cli = import->cli;
	const struct intake_found *found = &import->found;

	cli_print(cli, "format\t%s", found->format);
	cli_print(cli, "encoding\t%s", found->encoding);
	cli_print(cli, "separator\t%s", import_separator_word(import));
	cli_print(cli, "header\t%s", found->header ? "yes" : "no");
	cli_print(cli, "dates\t%s",
	    found->order == INTAKE_ORDER_NONE ? "-" : intake_order_word(found->order));
	for (size_t i = 0; i < found->column_count; i++) {
		const Kehu__Field *field = cat_field_called(import->entity, found->columns[i]);
		struct buf line = BUF_INIT;

		buf_printf(&line, "column\t%s\t%s",
		    text_print(cli->arena, found->columns[i], TEXT_LINE),
		    field != NULL ? field->name : "-");
		for (size_t k = 0; k < found->row_count; k++)
			buf_printf(&line, "\t%s", import_cell(cli->arena, &found->rows[k], i));
		cli_print(cli, "%s", buf_text(&line));
		buf_fini(&line);
	}
	if (found->order == INTAKE_ORDER_EITHER)
		cli_note(cli, "%s",
		    cli_say(cli, "day and month cannot be told apart: say --dates dmy or mdy",
			"无法区分日和月，请用 --dates dmy 或 mdy 说明"));
	return cli_flush(cli);
}
