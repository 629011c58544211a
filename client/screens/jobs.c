/*
 * The user's jobs: how far they are, stopping one (F8), fetching what one made (Enter). While one
 * runs the list is read again every second; an export just asked for is fetched by itself.
 */
#include "client/screens/jobs.h"

#include "client/print/outfile.h"
#include "client/screens/ask.h"
#include "client/ui/list.h"
#include "client/ui/prompt.h"
#include "common/date.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/text.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { JOBS_COLUMNS = 5, JOBS_LOOK_MS = 1000, JOBS_PATH_CHARS = 400 };

enum jobs_step { JOBS_CANCEL = 3, JOBS_READ = 4, JOBS_LIST = 5 };

/* A result on its way to a file. */
struct jobs_fetch {
	int64_t job; /* 0: none; with no file yet: as soon as it is done */
	uint32_t chunk, chunks, number;
	size_t bytes;
	struct outfile *file;
	char *path;
};

struct jobs {
	struct screen screen;
	struct app *app;
	struct list list;
	struct list_column columns[JOBS_COLUMNS];
	struct list_row row;
	const char *cells[JOBS_COLUMNS];
	struct arena *arena; /* of the answer */
	const Kehu__JobAnswer *answer;
	uint32_t number;
	unsigned timer;
	struct prompt path;
	struct jobs_fetch fetch;
};

static void jobs_ask(struct jobs *jobs, enum jobs_step step, int64_t id);

static const Kehu__JobAnswer *
jobs_current(const struct jobs *jobs)
{
	size_t at = jobs->list.cursor;

	return jobs->answer != NULL && at < jobs->answer->n_jobs ? jobs->answer->jobs[at] : NULL;
}

static bool
jobs_runs(const Kehu__JobAnswer *job)
{
	return strcmp(job->state, "waiting") == 0 || strcmp(job->state, "running") == 0;
}

static bool
jobs_has_file(const Kehu__JobAnswer *job)
{
	return strcmp(job->state, "done") == 0 && job->chunks > 0 && !job->fetched;
}

static const char *
jobs_state(const Kehu__JobAnswer *job)
{
	static const struct {
		const char *state;
		enum text_id text;
	} states[] = { { "waiting", T_JOBS_WAITING }, { "running", T_JOBS_RUNNING },
		{ "done", T_JOBS_DONE }, { "failed", T_JOBS_FAILED },
		{ "cancelled", T_JOBS_CANCELLED } };

	if (job->fetched)
		return tr(T_JOBS_FETCHED);
	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++)
		if (strcmp(states[i].state, job->state) == 0)
			return jobs_has_file(job) ? tr(T_JOBS_READY) : tr(states[i].text);
	return job->state;
}

static const char *
jobs_kind(const Kehu__JobAnswer *job)
{
	if (strcmp(job->kind, "export") == 0)
		return tr(T_JOBS_EXPORT);
	if (strcmp(job->kind, "audit_verify") == 0)
		return tr(T_JOBS_AUDIT);
	if (strcmp(job->kind, "hand_over") == 0)
		return tr(T_JOBS_HAND_OVER);
	return strcmp(job->kind, "import") == 0 ? tr(T_JOBS_IMPORT) : job->kind;
}

static const char *
jobs_progress(const Kehu__JobAnswer *job)
{
	struct arena *scratch = cells_scratch();

	if (!jobs_runs(job))
		return job->text != NULL ? text_print(scratch, job->text, TEXT_LINE) : "";
	return job->total > 0 ? arena_printf(scratch, "%" PRId64 "/%" PRId64, job->done, job->total)
			      : arena_printf(scratch, "%" PRId64, job->done);
}

static const struct list_row *
jobs_row(void *arg, size_t index)
{
	struct jobs *jobs = arg;
	struct arena *scratch = cells_scratch();
	const Kehu__JobAnswer *job;

	if (jobs->answer == NULL || index >= jobs->answer->n_jobs)
		return NULL;
	job = jobs->answer->jobs[index];
	jobs->cells[0] = jobs_kind(job);
	jobs->cells[1] = job->title != NULL ? text_print(scratch, job->title, TEXT_LINE) : "";
	jobs->cells[2] = jobs_state(job);
	jobs->cells[3] = jobs_progress(job);
	jobs->cells[4] = date_format_us(scratch, job->created_us, jobs->app->offset_min);
	jobs->row = (struct list_row){ .id = job->id, .cells = jobs->cells };
	return &jobs->row;
}

/* ---- fetching ---------------------------------------------------------------------------- */

static void
jobs_fetch_stop(struct jobs *jobs)
{
	outfile_abandon(jobs->fetch.file);
	ask_cancel(jobs->app, &jobs->fetch.number);
	free(jobs->fetch.path);
	jobs->fetch = (struct jobs_fetch){ 0 };
}

static void
jobs_fetched(struct jobs *jobs)
{
	struct arena *arena = arena_new(0);
	const char *path = arena_strdup(arena, outfile_path(jobs->fetch.file)), *why = NULL;
	enum err err = outfile_commit(jobs->fetch.file, arena, &why);

	jobs->fetch.file = NULL;
	if (err == ERR_OK)
		message_sayf(SAY_OK, tr(T_FILE_SAVED), text_print(arena, path, TEXT_LINE),
		    (jobs->fetch.bytes + 1023) / 1024);
	else
		message_sayf(SAY_ERROR, tr(T_FILE_FAILED), text_print(arena, why, TEXT_LINE));
	arena_free(arena);
	jobs_fetch_stop(jobs);
	jobs_ask(jobs, JOBS_LIST, 0);
}

static void jobs_read(struct jobs *jobs);

static void
jobs_on_chunk(void *context, const Kehu__ServerFrame *answer)
{
	struct jobs *jobs = context;

	jobs->fetch.number = 0;
	if (answer->answer_case != KEHU__SERVER_FRAME__ANSWER_JOB) {
		ask_say_error(jobs->app, answer, 0);
		jobs_fetch_stop(jobs);
	} else {
		outfile_write(
		    jobs->fetch.file, answer->job->data.data, answer->job->data.len);
		jobs->fetch.bytes += answer->job->data.len;
		if (++jobs->fetch.chunk < jobs->fetch.chunks &&
		    !outfile_failed(jobs->fetch.file))
			jobs_read(jobs);
		else
			jobs_fetched(jobs);
	}
	ui_redraw(jobs->app->ui);
}

static void
jobs_read(struct jobs *jobs)
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__Job request = KEHU__JOB__INIT;

	request.has_step = request.has_id = request.has_chunk = true;
	request.step = JOBS_READ;
	request.id = jobs->fetch.job;
	request.chunk = jobs->fetch.chunk;
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_JOB;
	frame.job = &request;
	jobs->fetch.number = ask_send(jobs->app, &frame, 0, jobs_on_chunk, jobs);
}

/* The job is done, and its file wanted. */
static void
jobs_fetch_begin(struct jobs *jobs, const Kehu__JobAnswer *job)
{
	struct arena *arena = arena_new(0);
	const char *why = NULL;

	jobs->fetch.file = outfile_open(arena, jobs->fetch.path, &why);
	if (jobs->fetch.file == NULL) {
		message_sayf(SAY_ERROR, tr(T_FILE_FAILED), text_print(arena, why, TEXT_LINE));
		jobs_fetch_stop(jobs);
	} else {
		jobs->fetch.chunks = job->chunks;
		jobs_read(jobs);
	}
	arena_free(arena);
}

static void
jobs_want(struct jobs *jobs, int64_t id, const char *path)
{
	jobs_fetch_stop(jobs);
	jobs->fetch.job = id;
	jobs->fetch.path = mem_strdup(path);
}

/* ---- the list ---------------------------------------------------------------------------- */

static void
jobs_on_time(void *arg)
{
	struct jobs *jobs = arg;

	jobs->timer = 0;
	jobs_ask(jobs, JOBS_LIST, 0);
}

/* Something runs: look again. What is awaited and done is fetched; what failed is told. */
static void
jobs_look(struct jobs *jobs)
{
	bool runs = false;

	for (size_t i = 0; i < jobs->answer->n_jobs; i++) {
		const Kehu__JobAnswer *job = jobs->answer->jobs[i];

		runs |= jobs_runs(job);
		if (job->id != jobs->fetch.job || jobs->fetch.file != NULL || jobs_runs(job))
			continue;
		if (jobs_has_file(job)) {
			jobs_fetch_begin(jobs, job);
			continue;
		}
		message_sayf(SAY_ERROR, "%s: %s", jobs_state(job),
		    job->text != NULL ? text_print(cells_scratch(), job->text, TEXT_LINE) : "");
		jobs_fetch_stop(jobs);
	}
	if (runs && jobs->timer == 0)
		jobs->timer = loop_timer(jobs->app->loop, JOBS_LOOK_MS, jobs_on_time, jobs);
}

static void
jobs_on_answer(void *context, const Kehu__ServerFrame *frame)
{
	struct jobs *jobs = context;

	jobs->number = 0;
	if (frame->answer_case != KEHU__SERVER_FRAME__ANSWER_JOB) {
		ask_say_error(jobs->app, frame, 0);
		return;
	}
	/* After a cancel: how the list is now. */
	if (frame->job->has_id) {
		message_say(SAY_OK, 0, tr(T_JOBS_STOPPED));
		jobs_ask(jobs, JOBS_LIST, 0);
		return;
	}
	arena_reset(jobs->arena);
	jobs->answer = link_keep(jobs->arena, frame)->job;
	list_set_total(&jobs->list, jobs->answer->n_jobs, false);
	jobs_look(jobs);
	ui_redraw(jobs->app->ui);
}

static void
jobs_ask(struct jobs *jobs, enum jobs_step step, int64_t id)
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__Job request = KEHU__JOB__INIT;

	ask_cancel(jobs->app, &jobs->number);
	request.has_step = true;
	request.step = step;
	request.has_id = id != 0;
	request.id = id;
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_JOB;
	frame.job = &request;
	jobs->number = ask_send(
	    jobs->app, &frame, step == JOBS_LIST ? ASK_QUIET : 0, jobs_on_answer, jobs);
}

/* ---- keys -------------------------------------------------------------------------------- */

static unsigned
jobs_key_open(struct jobs *jobs)
{
	const Kehu__JobAnswer *job = jobs_current(jobs);

	if (job == NULL || jobs->fetch.file != NULL)
		return UI_HANDLED;
	if (!jobs_has_file(job)) {
		message_say(SAY_NOTE, 0, tr(job->fetched ? T_JOBS_GONE : T_JOBS_NO_FILE));
		return UI_DONE;
	}
	prompt_set(&jobs->path,
	    arena_printf(cells_scratch(), "~/%s", job->file != NULL ? job->file : "result"));
	prompt_open(&jobs->path);
	return UI_DONE;
}

static unsigned
jobs_key_path(struct jobs *jobs, enum act act, const struct event *event)
{
	const Kehu__JobAnswer *job = jobs_current(jobs);
	unsigned flags = prompt_key(&jobs->path, act, event);

	if ((flags & UI_ACT) && *prompt_text(&jobs->path) && job != NULL) {
		jobs_want(jobs, job->id, prompt_text(&jobs->path));
		jobs_fetch_begin(jobs, job);
	}
	return flags & ~(unsigned)UI_ACT;
}

static unsigned
jobs_key(struct screen *screen, enum act act, const struct event *event)
{
	struct jobs *jobs = (struct jobs *)screen;
	const Kehu__JobAnswer *job = jobs_current(jobs);

	if (jobs->path.open)
		return jobs_key_path(jobs, act, event);
	if (act == ACT_open)
		return jobs_key_open(jobs);
	if (act == ACT_actions) {
		if (job != NULL && jobs_runs(job))
			jobs_ask(jobs, JOBS_CANCEL, job->id);
		return UI_DONE;
	}
	if (act == ACT_refresh)
		return UI_DONE | UI_RELOAD;
	return list_key(&jobs->list, act, event) & ~(unsigned)UI_ACT;
}

/* ---- the screen -------------------------------------------------------------------------- */

static const char *
jobs_title(struct screen *screen)
{
	(void)screen;
	return tr(T_JOBS);
}

static void
jobs_draw(struct screen *screen, struct rect rect)
{
	list_draw(&((struct jobs *)screen)->list, rect, true);
}

static void
jobs_head(struct screen *screen, struct rect rect)
{
	struct jobs *jobs = (struct jobs *)screen;

	jobs->path.label = tr(T_SAVE_AS);
	if (jobs->path.open)
		prompt_draw(&jobs->path, rect, NULL);
}

static const char *
jobs_hint(struct screen *screen)
{
	struct jobs *jobs = (struct jobs *)screen;
	const Kehu__JobAnswer *job = jobs_current(jobs);

	if (jobs->path.open)
		return tr(T_EXPORT_FILE_HELP);
	if (job == NULL)
		return tr(T_JOBS_NONE);
	return jobs_runs(job)	     ? tr(T_JOBS_HINT_RUNS)
	       : jobs_has_file(job) ? tr(T_JOBS_HINT_FILE)
				    : jobs_progress(job);
}

static enum ctx
jobs_context(struct screen *screen)
{
	return ((struct jobs *)screen)->path.open ? CTX_INPUT : CTX_LIST;
}

static bool
jobs_can(struct screen *screen, enum act act)
{
	const Kehu__JobAnswer *job = jobs_current((struct jobs *)screen);

	if (act == ACT_open)
		return job != NULL && jobs_has_file(job);
	if (act == ACT_actions)
		return job != NULL && jobs_runs(job);
	return act != ACT_edit && act != ACT_new && act != ACT_find && act != ACT_print &&
	       act != ACT_preview && act != ACT_export && act != ACT_import && act != ACT_reply && act != ACT_undo;
}

static const char *
jobs_label(struct screen *screen, enum act act)
{
	(void)screen;
	return act == ACT_actions ? tr(T_JOBS_STOP) : act == ACT_open ? tr(T_JOBS_FETCH) : NULL;
}

static void
jobs_reload(struct screen *screen)
{
	jobs_ask((struct jobs *)screen, JOBS_LIST, 0);
}

static void
jobs_leave(struct screen *screen)
{
	struct jobs *jobs = (struct jobs *)screen;

	if (jobs->fetch.job != 0)
		message_say(SAY_NOTE, 0, tr(T_JOBS_LATER));
	jobs_fetch_stop(jobs);
	loop_cancel(jobs->app->loop, jobs->timer);
	ask_cancel(jobs->app, &jobs->number);
	prompt_fini(&jobs->path);
	list_fini(&jobs->list);
	arena_free(jobs->arena);
	free(jobs);
}

static const struct screen_ops jobs_ops = {
	.name = "jobs",
	.context = CTX_LIST,
	.module = 6,
	.title = jobs_title,
	.head = jobs_head,
	.draw = jobs_draw,
	.hint = jobs_hint,
	.context_now = jobs_context,
	.can = jobs_can,
	.label = jobs_label,
	.key = jobs_key,
	.reload = jobs_reload,
	.leave = jobs_leave,
};

void
jobs_open(struct app *app, int64_t job, const char *path)
{
	static const struct {
		enum text_id title;
		int min, want, priority;
	} columns[JOBS_COLUMNS] = { { T_JOBS_KIND, 4, 8, 2 }, { T_JOBS_WHAT, 12, 30, 0 },
		{ T_JOBS_STATE, 8, 10, 0 }, { T_JOBS_PROGRESS, 10, 24, 1 },
		{ T_JOBS_SINCE, 16, 16, 3 } };
	struct jobs *jobs = mem_zalloc(1, sizeof(*jobs));

	jobs->screen.ops = &jobs_ops;
	jobs->app = app;
	jobs->arena = arena_new(0);
	for (size_t i = 0; i < JOBS_COLUMNS; i++)
		jobs->columns[i] = (struct list_column){ .title = tr(columns[i].title),
			.min_cols = columns[i].min,
			.want_cols = columns[i].want,
			.priority = columns[i].priority,
			.stretch = i == 1 };
	jobs->list = (struct list){ .columns = jobs->columns,
		.column_count = JOBS_COLUMNS,
		.row = jobs_row,
		.arg = jobs };
	list_init(&jobs->list);
	prompt_init(&jobs->path, JOBS_PATH_CHARS);
	if (path != NULL)
		jobs_want(jobs, job, path);
	ui_push(app->ui, &jobs->screen);
	jobs_ask(jobs, JOBS_LIST, 0);
}
