/*
 * Files of a record: adding one in numbered chunks, saving one to this machine. One transfer at
 * a time; the path is asked for in row 1. Leaving the record stops it, and nothing half
 * remains.
 */
#include "client/print/outfile.h"
#include "client/screens/ask.h"
#include "client/screens/record.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/text.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { FILES_CHUNK_BYTES = 64 * 1024 };

enum files_step { FILES_START = 1, FILES_DATA, FILES_END, FILES_GIVE_UP, FILES_READ, FILES_GIVE_OUT, FILES_KEEP_IN };

struct record_transfer {
	struct record_screen *screen;
	uint32_t asking;
	int64_t id;     /* of the attachment */
	uint32_t chunk; /* the next one */
	uint64_t bytes, total;
	struct outfile *out; /* down */
	FILE *in;            /* up */
	char *name;
	bool gives_out; /* to the customer's own people; else it is kept in */
};

bool
record_files_here(struct record_screen *screen)
{
	const struct record_tab *tab = record_current_tab(screen);

	return tab != NULL && strcmp(tab->related->name, "attachment") == 0;
}

static void
files_fail(const char *why)
{
	struct arena *arena = arena_new(0);

	message_sayf(SAY_ERROR, tr(T_FILE_FAILED), text_print(arena, why, TEXT_LINE));
	arena_free(arena);
}

/* ---- the steps ---- */

static void
files_free(struct record_transfer *transfer)
{
	ask_cancel(transfer->screen->app, &transfer->asking);
	outfile_abandon(transfer->out);
	if (transfer->in != NULL)
		fclose(transfer->in);
	transfer->screen->transfer = NULL;
	free(transfer->name);
	free(transfer);
}

static void
files_send(struct record_transfer *transfer, enum files_step step, Kehu__Attach *attach,
    void (*done)(void *context, const Kehu__ServerFrame *answer))
{
	struct record_screen *screen = transfer->screen;
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;

	attach->has_step = attach->has_entity = attach->has_record = true;
	attach->step = step;
	attach->entity = screen->entity->number;
	attach->record = screen->id;
	attach->has_id = transfer->id != 0;
	attach->id = transfer->id;
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_ATTACH;
	frame.attach = attach;
	transfer->asking = ask_send(screen->app, &frame, 0, done, transfer);
}

/* The answer of a step; NULL: it failed, and the transfer is over. */
static const Kehu__AttachAnswer *
files_step_done(struct record_transfer *transfer, const Kehu__ServerFrame *answer)
{
	transfer->asking = 0;
	ui_redraw(transfer->screen->app->ui);
	if (answer->answer_case == KEHU__SERVER_FRAME__ANSWER_ATTACH)
		return answer->attach;
	ask_say_error(transfer->screen->app, answer, 0);
	files_free(transfer);
	return NULL;
}

static struct record_transfer *
files_new(struct record_screen *screen)
{
	struct record_transfer *transfer = mem_zalloc(1, sizeof(*transfer));

	transfer->screen = screen;
	screen->transfer = transfer;
	return transfer;
}

void
record_files_stop(struct record_screen *screen)
{
	if (screen->transfer != NULL)
		files_free(screen->transfer);
}

static void
files_progress(const struct record_transfer *transfer)
{
	if (transfer->total > FILES_CHUNK_BYTES)
		message_sayf(SAY_NOTE, tr(T_FILE_MOVES), transfer->name,
		    (int)(transfer->bytes * 100 / transfer->total));
}

/* ---- down ---- */

static void files_ask_chunk(struct record_transfer *transfer);

static void
files_saved(struct record_transfer *transfer)
{
	struct arena *arena = arena_new(0);
	const char *path = arena_strdup(arena, outfile_path(transfer->out)), *why = NULL;
	enum err err = outfile_commit(transfer->out, arena, &why);

	transfer->out = NULL;
	if (err != ERR_OK)
		files_fail(why);
	else
		message_sayf(SAY_OK, tr(T_FILE_SAVED), text_print(arena, path, TEXT_LINE),
		    (size_t)(transfer->bytes + 1023) / 1024);
	arena_free(arena);
	files_free(transfer);
}

static void
files_on_chunk(void *context, const Kehu__ServerFrame *frame)
{
	struct record_transfer *transfer = context;
	const Kehu__AttachAnswer *answer = files_step_done(transfer, frame);

	if (answer == NULL)
		return;
	outfile_write(transfer->out, answer->data.data, answer->data.len);
	transfer->bytes += answer->data.len;
	transfer->chunk++;
	if (answer->last || answer->data.len == 0 || outfile_failed(transfer->out)) {
		files_saved(transfer);
		return;
	}
	files_progress(transfer);
	files_ask_chunk(transfer);
}

static void
files_ask_chunk(struct record_transfer *transfer)
{
	Kehu__Attach attach = KEHU__ATTACH__INIT;

	attach.has_chunk = true;
	attach.chunk = transfer->chunk;
	files_send(transfer, FILES_READ, &attach, files_on_chunk);
}

static void
files_save(struct record_screen *screen, const char *path)
{
	const struct record_tab *tab = record_current_tab(screen);
	const Kehu__Row *row = tab == NULL ? NULL : record_tab_current(tab);
	const Kehu__Value *bytes;
	struct record_transfer *transfer;
	struct arena *arena;
	const char *why = NULL;
	struct outfile *out;

	if (row == NULL)
		return;
	arena = arena_new(0);
	out = outfile_open(arena, path, &why);
	if (out == NULL) {
		files_fail(why);
	} else {
		transfer = files_new(screen);
		transfer->out = out;
		transfer->id = row->id;
		transfer->name = mem_strdup(outfile_path(out));
		bytes = record_tab_cell(tab, row, app_field(tab->related, "bytes"));
		transfer->total = bytes != NULL ? (uint64_t)bytes->number : 0;
		files_ask_chunk(transfer);
	}
	arena_free(arena);
}

/* ---- up ---- */

static void files_send_chunk(struct record_transfer *transfer);

static void
files_on_added(void *context, const Kehu__ServerFrame *frame)
{
	struct record_transfer *transfer = context;
	struct record_screen *screen = transfer->screen;
	struct arena *arena;

	if (files_step_done(transfer, frame) == NULL)
		return;
	arena = arena_new(0);
	message_sayf(SAY_OK, tr(T_FILE_ADDED), text_print(arena, transfer->name, TEXT_LINE),
	    (size_t)(transfer->bytes + 1023) / 1024);
	arena_free(arena);
	files_free(transfer);
	record_reload(screen);
}

static void
files_on_sent(void *context, const Kehu__ServerFrame *frame)
{
	struct record_transfer *transfer = context;

	if (files_step_done(transfer, frame) == NULL)
		return;
	files_progress(transfer);
	files_send_chunk(transfer);
}

static void
files_send_chunk(struct record_transfer *transfer)
{
	Kehu__Attach attach = KEHU__ATTACH__INIT;
	uint8_t *data = mem_alloc(FILES_CHUNK_BYTES);

	attach.data.len = fread(data, 1, FILES_CHUNK_BYTES, transfer->in);
	attach.data.data = data;
	transfer->bytes += attach.data.len;
	if (ferror(transfer->in)) {
		files_fail(strerror(errno));
		files_free(transfer);
	} else if (attach.data.len == 0) {
		files_send(transfer, FILES_END, &attach, files_on_added);
	} else {
		attach.has_data = attach.has_chunk = true;
		attach.chunk = transfer->chunk++;
		files_send(transfer, FILES_DATA, &attach, files_on_sent);
	}
	free(data);
}

static void
files_on_started(void *context, const Kehu__ServerFrame *frame)
{
	struct record_transfer *transfer = context;
	const Kehu__AttachAnswer *answer = files_step_done(transfer, frame);

	if (answer == NULL)
		return;
	transfer->id = answer->id;
	files_send_chunk(transfer);
}

/* Only plain files: a device or a pipe would never end. */
static FILE *
files_open(struct arena *arena, const char *path, uint64_t *bytes)
{
	const char *home = getenv("HOME");
	struct stat status;
	FILE *in;

	if (path[0] == '~' && path[1] == '/' && home != NULL)
		path = arena_printf(arena, "%s/%s", home, path + 2);
	in = fopen(path, "re");
	if (in != NULL && (fstat(fileno(in), &status) != 0 || !S_ISREG(status.st_mode))) {
		fclose(in);
		errno = EISDIR;
		in = NULL;
	}
	if (in == NULL)
		files_fail(arena_printf(arena, "%s: %s", path, strerror(errno)));
	else
		*bytes = (uint64_t)status.st_size;
	return in;
}

static void
files_add(struct record_screen *screen, const char *path)
{
	struct arena *arena = arena_new(0);
	const char *slash = strrchr(path, '/');
	Kehu__Attach attach = KEHU__ATTACH__INIT;
	struct record_transfer *transfer;
	uint64_t bytes = 0;
	FILE *in = files_open(arena, path, &bytes);

	if (in != NULL) {
		transfer = files_new(screen);
		transfer->in = in;
		transfer->total = bytes;
		transfer->name = mem_strdup(slash == NULL ? path : slash + 1);
		attach.name = transfer->name;
		attach.has_bytes = true;
		attach.bytes = bytes;
		files_send(transfer, FILES_START, &attach, files_on_started);
	}
	arena_free(arena);
}

/* ---- for whom ---- */

static bool
files_is_out(const struct record_tab *tab, const Kehu__Row *row)
{
	const Kehu__Value *out = record_tab_cell(tab, row, app_field(tab->related, "given_out"));

	return out != NULL && out->number != 0;
}

bool
record_files_can_give(struct record_screen *screen)
{
	return record_files_here(screen) && screen->record != NULL && (screen->record->rights & CAT_MAY_EDIT) != 0 &&
	       screen->transfer == NULL && record_tab_current(record_current_tab(screen)) != NULL;
}

static void
files_on_given(void *context, const Kehu__ServerFrame *frame)
{
	struct record_transfer *transfer = context;
	struct record_screen *screen = transfer->screen;
	struct arena *arena;

	if (files_step_done(transfer, frame) == NULL)
		return;
	arena = arena_new(0);
	message_sayf(SAY_OK, tr(transfer->gives_out ? T_FILE_GIVEN_OUT : T_FILE_KEPT_IN),
	    text_print(arena, transfer->name, TEXT_LINE));
	arena_free(arena);
	files_free(transfer);
	record_reload(screen);
}

void
record_files_give(struct record_screen *screen)
{
	const struct record_tab *tab = record_current_tab(screen);
	const Kehu__Row *row = record_tab_current(tab);
	const Kehu__Value *name = record_tab_cell(tab, row, app_field(tab->related, "name"));
	Kehu__Attach attach = KEHU__ATTACH__INIT;
	struct record_transfer *transfer = files_new(screen);

	transfer->id = row->id;
	transfer->name = strdup(name != NULL && name->text != NULL ? name->text : "");
	transfer->gives_out = !files_is_out(tab, row);
	files_send(transfer, transfer->gives_out ? FILES_GIVE_OUT : FILES_KEEP_IN, &attach, files_on_given);
}

/* ---- the path ---- */

void
record_files_ask(struct record_screen *screen, bool saves)
{
	const struct record_tab *tab = record_current_tab(screen);
	const Kehu__Row *row = record_tab_current(tab);
	const Kehu__Value *name;

	if (screen->transfer != NULL) {
		message_say(SAY_NOTE, 0, tr(T_FILE_BUSY));
		return;
	}
	screen->path_saves = saves;
	screen->path.label = tr(saves ? T_SAVE_AS : T_FILES_ADD_AS);
	prompt_set(&screen->path, "");
	if (saves && row != NULL) {
		name = record_tab_cell(tab, row, app_field(tab->related, "name"));
		prompt_set(&screen->path, name != NULL && name->text != NULL ? name->text : "");
	}
	prompt_open(&screen->path);
}

void
record_files_go(struct record_screen *screen)
{
	const char *path = prompt_text(&screen->path);

	if (*path == '\0' || screen->transfer != NULL)
		return;
	if (screen->path_saves)
		files_save(screen, path);
	else
		files_add(screen, path);
}
