/*
 * An import under way: the file goes up in chunks, a few at once, the job is followed, and the rows that were
 * refused are written beside the file. Nothing is done before the last chunk.
 */
#include "client/screens/import.h"

#include "client/print/outfile.h"
#include "client/screens/ask.h"
#include "common/text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SEND_LOOK_MS = 500, SEND_COUNTS = 5 };
enum send_step { SEND_START = 1, SEND_DATA, SEND_END, SEND_GIVE_UP, SEND_LEARNT };
enum send_job_step { SEND_JOB_LOOK = 2, SEND_JOB_STOP = 3, SEND_JOB_READ = 4 };

static void send_pump(struct import_columns *import);
static void send_ask_job(struct import_columns *import, enum send_job_step step);

/* ---- the end of it ----------------------------------------------------------------------- */

void
import_send_end(struct import_columns *import)
{
	for (size_t i = 0; i < IMPORT_AHEAD; i++)
		ask_cancel(import->app, &import->asking[i]);
	loop_cancel(import->app->loop, import->timer);
	import->timer = 0;
	import->under_way = 0;
	load_close(&import->load);
	outfile_abandon(import->errors);
	import->errors = NULL;
}

static void
send_over(struct import_columns *import, enum import_state state, const char *said)
{
	import_send_end(import);
	import->state = state;
	snprintf(import->said, sizeof(import->said), "%s", text_print(cells_scratch(), said, TEXT_LINE));
	ui_redraw(import->app->ui);
}

/* The answer of a request, or NULL: it failed, and so did the import. */
static const Kehu__ServerFrame *
send_answered(struct import_columns *import, const Kehu__ServerFrame *answer, int wanted)
{
	if ((int)answer->answer_case == wanted)
		return answer;
	ask_say_error(import->app, answer, import->plan.entity);
	send_over(import, IMPORT_MAPS, "");
	return NULL;
}

/* Read, created, updated, refused, number of the import's record: as the job's summary has them. */
static void
send_counts(const char *text, int64_t counts[SEND_COUNTS])
{
	for (size_t i = 0; i < SEND_COUNTS; i++) {
		char *end;

		text += strcspn(text, "0123456789");
		counts[i] = strtoll(text, &end, 10);
		text = end;
	}
}

static void
send_done(struct import_columns *import, const char *text)
{
	int64_t counts[SEND_COUNTS];

	send_counts(text, counts);
	import->record = counts[SEND_COUNTS - 1];
	send_over(import, import->dry ? IMPORT_TRIED : IMPORT_DONE, text);
}

/* ---- what was refused -------------------------------------------------------------------- */

static void
send_errors_written(struct import_columns *import)
{
	struct arena *scratch = cells_scratch();
	const char *why = NULL, *path = arena_strdup(scratch, outfile_path(import->errors));
	enum err err = outfile_commit(import->errors, scratch, &why);

	import->errors = NULL;
	if (err == ERR_OK)
		message_sayf(SAY_OK, tr(T_IMPORT_ERRORS), text_print(scratch, path, TEXT_LINE));
	else
		message_sayf(SAY_ERROR, tr(T_FILE_FAILED), text_print(scratch, why, TEXT_LINE));
	send_done(import, arena_strdup(scratch, import->said));
}

static void
send_on_errors(void *context, const Kehu__ServerFrame *answer)
{
	struct import_columns *import = context;

	import->asking[0] = 0;
	if (send_answered(import, answer, KEHU__SERVER_FRAME__ANSWER_JOB) == NULL)
		return;
	outfile_write(import->errors, answer->job->data.data, answer->job->data.len);
	if (++import->error_chunk < import->error_chunks && !outfile_failed(import->errors))
		send_ask_job(import, SEND_JOB_READ);
	else
		send_errors_written(import);
}

static void
send_fetch_errors(struct import_columns *import, const Kehu__JobAnswer *job)
{
	struct arena *scratch = cells_scratch();
	const char *why = NULL;

	import->error_chunk = 0;
	import->error_chunks = job->chunks;
	import->errors =
	    outfile_open(scratch, arena_printf(scratch, "%s.errors.csv", import->plan.path), &why);
	snprintf(import->said, sizeof(import->said), "%s", job->text);
	if (import->errors != NULL) {
		send_ask_job(import, SEND_JOB_READ);
		return;
	}
	message_sayf(SAY_ERROR, tr(T_FILE_FAILED), text_print(scratch, why, TEXT_LINE));
	send_done(import, arena_strdup(scratch, job->text));
}

/* ---- the job ----------------------------------------------------------------------------- */

static void
send_on_time(void *arg)
{
	struct import_columns *import = arg;

	import->timer = 0;
	send_ask_job(import, SEND_JOB_LOOK);
}

static void
send_on_job(void *context, const Kehu__ServerFrame *answer)
{
	struct import_columns *import = context;
	const Kehu__JobAnswer *job;

	import->asking[0] = 0;
	if (send_answered(import, answer, KEHU__SERVER_FRAME__ANSWER_JOB) == NULL)
		return;
	job = answer->job;
	import->done = job->done;
	import->total = job->total;
	if (strcmp(job->state, "done") == 0 && job->chunks > 0)
		send_fetch_errors(import, job);
	else if (strcmp(job->state, "done") == 0)
		send_done(import, arena_strdup(cells_scratch(), job->text));
	else if (strcmp(job->state, "failed") == 0 || strcmp(job->state, "cancelled") == 0)
		send_over(import, IMPORT_MAPS,
		    job->text != NULL && job->text[0] != '\0' ? arena_strdup(cells_scratch(), job->text)
							      : tr(T_JOBS_CANCELLED));
	else
		import->timer = loop_timer(import->app->loop, SEND_LOOK_MS, send_on_time, import);
	ui_redraw(import->app->ui);
}

static void
send_ask_job(struct import_columns *import, enum send_job_step step)
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__Job request = KEHU__JOB__INIT;

	request.has_step = request.has_id = true;
	request.step = step;
	request.id = import->job;
	request.has_chunk = step == SEND_JOB_READ;
	request.chunk = import->error_chunk;
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_JOB;
	frame.job = &request;
	/* Nobody waits for the answer of a stop: the next look tells. */
	if (step == SEND_JOB_STOP)
		link_send(import->app->link, &(struct link_request){ .frame = &frame, .flags = LINK_ONCE });
	else
		import->asking[0] = ask_send(import->app, &frame, ASK_QUIET,
		    step == SEND_JOB_READ ? send_on_errors : send_on_job, import);
}

/* ---- the file ---------------------------------------------------------------------------- */

static uint32_t
send_step(struct import_columns *import, enum send_step step, Kehu__Import *request,
    void (*done)(void *context, const Kehu__ServerFrame *answer), unsigned flags)
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;

	request->has_step = true;
	request->step = step;
	request->has_id = import->job != 0;
	request->id = import->job;
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_IMPORT;
	frame.import = request;
	return ask_send(import->app, &frame, flags, done, import);
}

/* What was sent so far is not left lying on the server; nobody waits for the answer. */
static void
send_give_up(struct import_columns *import, const char *why)
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__Import step = KEHU__IMPORT__INIT;

	send_over(import, IMPORT_MAPS, why);
	if (import->job == 0)
		return;
	step.has_step = step.has_id = true;
	step.step = SEND_GIVE_UP;
	step.id = import->job;
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_IMPORT;
	frame.import = &step;
	link_send(import->app->link, &(struct link_request){ .frame = &frame, .flags = LINK_ONCE });
}

static void
send_on_end(void *context, const Kehu__ServerFrame *answer)
{
	struct import_columns *import = context;

	import->asking[0] = 0;
	if (send_answered(import, answer, KEHU__SERVER_FRAME__ANSWER_IMPORT) == NULL)
		return;
	import->state = IMPORT_RUNS;
	import->done = import->total = 0;
	send_ask_job(import, SEND_JOB_LOOK);
}

static void
send_on_chunk(void *context, const Kehu__ServerFrame *answer)
{
	struct import_columns *import = context;

	import->under_way--;
	if (send_answered(import, answer, KEHU__SERVER_FRAME__ANSWER_IMPORT) != NULL)
		send_pump(import);
}

/* As many chunks as may be under way; after the last one is answered, the end. */
static void
send_pump(struct import_columns *import)
{
	struct arena_mark mark = arena_mark(import->run_arena);
	uint8_t *data = arena_alloc(import->run_arena, LOAD_CHUNK_BYTES);

	while (!import->all_read && import->under_way < IMPORT_AHEAD) {
		Kehu__Import step = KEHU__IMPORT__INIT;
		const char *why = NULL;
		ssize_t bytes = load_read(&import->load, data);
		enum err err = bytes < 0 ? ERR_FILE_SYSTEM
					 : load_check(&import->load, data, (size_t)bytes, &why);

		if (err != ERR_OK) {
			send_give_up(import, bytes < 0 ? strerror(errno) : why);
			return;
		}
		import->all_read = bytes == 0;
		if (import->all_read)
			break;
		step.has_data = step.has_chunk = true;
		step.data = (ProtobufCBinaryData){ .data = data, .len = (size_t)bytes };
		step.chunk = import->chunk;
		import->under_way++;
		import->load.sent += bytes;
		import->asking[import->chunk++ % IMPORT_AHEAD] =
		    send_step(import, SEND_DATA, &step, send_on_chunk, ASK_QUIET);
	}
	arena_rewind(import->run_arena, mark);
	if (import->all_read && import->under_way == 0) {
		Kehu__Import step = KEHU__IMPORT__INIT;

		load_close(&import->load);
		import->asking[0] = send_step(import, SEND_END, &step, send_on_end, 0);
	}
	ui_redraw(import->app->ui);
}

static void
send_on_start(void *context, const Kehu__ServerFrame *answer)
{
	struct import_columns *import = context;

	import->asking[0] = 0;
	if (send_answered(import, answer, KEHU__SERVER_FRAME__ANSWER_IMPORT) == NULL)
		return;
	import->job = answer->import->id;
	send_pump(import);
}

static void
send_fill_map(struct import_columns *import, Kehu__Import *step)
{
	struct arena *arena = import->run_arena;

	step->map = ARENA_ARRAY(arena, Kehu__Mapping *, import->column_count + 1);
	for (size_t i = 0; i < import->column_count; i++) {
		Kehu__Mapping *mapping;

		if (import->columns[i].field == NULL)
			continue;
		mapping = step->map[step->n_map++] = ARENA_NEW(arena, Kehu__Mapping);
		kehu__mapping__init(mapping);
		mapping->column = ask_text(import->columns[i].header);
		mapping->field = ask_text(import->columns[i].field);
	}
}

static void
send_on_learnt(void *context, const Kehu__ServerFrame *answer)
{
	struct import_columns *import = context;

	import->asking[0] = 0;
	if (answer->answer_case == KEHU__SERVER_FRAME__ANSWER_IMPORT)
		import_columns_take(import, answer->import);
	ui_redraw(import->app->ui);
}

void
import_send_ask(struct import_columns *import)
{
	Kehu__Import step = KEHU__IMPORT__INIT;

	step.has_entity = true;
	step.entity = import->plan.entity;
	step.n_columns = import->column_count;
	step.columns = ARENA_ARRAY(import->run_arena, char *, import->column_count + 1);
	for (size_t i = 0; i < import->column_count; i++)
		step.columns[i] = ask_text(import->columns[i].header);
	import->asking[0] = send_step(import, SEND_LEARNT, &step, send_on_learnt, ASK_QUIET);
}

void
import_send_start(struct import_columns *import, bool dry)
{
	const struct import_plan *plan = &import->plan;
	Kehu__Import step = KEHU__IMPORT__INIT;
	const char *why = NULL;
	char delimiter[2];

	ask_cancel(import->app, &import->asking[0]);
	arena_reset(import->run_arena);
	import->load = (struct load){ .path = plan->path,
		.lang = tr_lang(),
		.arena = import->run_arena,
		.options = plan->options,
		.fd = -1 };
	if (load_open(&import->load, 1, &why) != ERR_OK) {
		send_over(import, IMPORT_MAPS, why);
		return;
	}
	import->dry = dry;
	import->state = IMPORT_SENDS;
	import->said[0] = '\0';
	import->job = import->record = 0;
	import->chunk = 0;
	import->under_way = 0;
	import->all_read = false;
	delimiter[0] = import->load.found.delimiter;
	delimiter[1] = '\0';
	step.has_entity = true;
	step.entity = plan->entity;
	step.has_dry_run = step.dry_run = dry;
	step.encoding = ask_text(import->load.found.encoding);
	step.format = ask_text(import->load.found.format);
	step.separator = delimiter[0] != '\0' ? delimiter : NULL;
	step.has_no_header = step.no_header = !import->load.found.header;
	step.dates = strcmp(plan->dates, "dmy") == 0 || strcmp(plan->dates, "mdy") == 0 ? ask_text(plan->dates) : NULL;
	step.file = ask_text(plan->path);
	step.has_create_references = step.create_references = plan->create_references;
	step.match = plan->match[0] != '\0' ? ask_text(plan->match) : NULL;
	step.on_match = plan->match[0] != '\0' ? ask_text(plan->on_match) : NULL;
	send_fill_map(import, &step);
	import->asking[0] = send_step(import, SEND_START, &step, send_on_start, 0);
}

void
import_send_stop(struct import_columns *import)
{
	if (import->state == IMPORT_SENDS)
		send_give_up(import, tr(T_JOBS_CANCELLED));
	else if (import->state == IMPORT_RUNS)
		send_ask_job(import, SEND_JOB_STOP);
}
