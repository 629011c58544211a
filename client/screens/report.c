/*
 * The preview of a report: its pages as they will be printed, and from there paper (the
 * printing command) or a file. Files are streamed and appear when they are complete. The menu
 * of reports and their parameters are report_menu.c's.
 */
#include "client/screens/report.h"

#include "client/print/outfile.h"
#include "client/print/spool.h"
#include "client/screens/ask.h"
#include "client/screens/jobs.h"
#include "client/ui/pager.h"
#include "client/ui/prompt.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/text.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { REPORT_PATH_CHARS = 400 };

static Kehu__Value **
report_copy(struct arena *arena, const Kehu__Value *const *values, size_t count)
{
	Kehu__Value **list = ARENA_ARRAY(arena, Kehu__Value *, count + 1);

	for (size_t i = 0; i < count; i++) {
		list[i] = arena_memdup(arena, values[i], sizeof(*values[i]));
		list[i]->text = arena_strdup(arena, values[i]->text);
	}
	return list;
}

/* ---- the preview ---- */

enum report_goal { REPORT_SAVE, REPORT_PRINT };

/* A file of the report on its way from the server. */
struct report_fetch {
	struct outfile *file;
	uint32_t number;
	enum report_goal goal;
	size_t bytes;
};

struct report_screen {
	struct screen screen;
	struct app *app;
	struct arena *arena;
	const Kehu__ReportInfo *info;
	Kehu__Value **values;
	size_t value_count;

	struct arena *page_arena;
	const Kehu__ReportAnswer *page; /* on show */
	uint32_t asking;
	bool to_end; /* the page asked for is to be shown from its end */
	struct pager pager;

	struct prompt path;
	struct report_fetch fetch;
	struct spool *spool;
};

static const char *
report_line(void *arg, size_t index)
{
	const struct report_screen *report = arg;

	return report->page != NULL && index < report->page->n_lines
		   ? report->page->lines[index]
		   : NULL;
}

static void
report_show(struct report_screen *report, const Kehu__ServerFrame *answer)
{
	struct arena *arena = arena_new(0);
	const Kehu__ReportAnswer *page = link_keep(arena, answer)->report;

	arena_free(report->page_arena);
	report->page_arena = arena;
	report->page = page;
	report->pager.count = page->n_lines;
	report->pager.width_cols = 0;
	for (size_t i = 0; i < page->n_lines; i++) {
		int cols = (int)text_cols(page->lines[i]);

		if (cols > report->pager.width_cols)
			report->pager.width_cols = cols;
	}
	report->pager.top = report->to_end ? page->n_lines : 0;
	report->to_end = false;
}

static void
report_on_page(void *context, const Kehu__ServerFrame *answer)
{
	struct report_screen *report = context;
	enum err err = link_error(answer);

	if (link_last(answer))
		report->asking = 0;
	if (answer->answer_case == KEHU__SERVER_FRAME__ANSWER_REPORT) {
		report_show(report, answer);
	} else {
		ask_say_error(report->app, answer, 0);
		if (err != ERR_OK && report->page == NULL) {
			ui_pop_to(report->app->ui, &report->screen);
			ui_pop(report->app->ui);
			return;
		}
	}
	ui_redraw(report->app->ui);
}

static void
report_frame(const struct report_screen *report, Kehu__ClientFrame *frame,
    Kehu__Report *request, const char *format)
{
	kehu__client_frame__init(frame);
	kehu__report__init(request);
	request->name = report->info->name;
	request->format = ask_text(format);
	request->paper = ask_text(report->app->settings->print_paper);
	request->n_parameters = report->value_count;
	request->parameters = report->values;
	frame->request_case = KEHU__CLIENT_FRAME__REQUEST_REPORT;
	frame->report = request;
}

static void
report_ask(struct report_screen *report, uint32_t page)
{
	Kehu__ClientFrame frame;
	Kehu__Report request;

	ask_cancel(report->app, &report->asking);
	report_frame(report, &frame, &request, "preview");
	request.has_page = true;
	request.page = page;
	report->asking = ask_send(report->app, &frame, 0, report_on_page, report);
}

/* ---- files ---- */

static void
report_on_printed(void *context, bool printed, const char *said)
{
	struct report_screen *report = context;

	report->spool = NULL;
	if (printed)
		message_sayf(SAY_OK, tr(T_PRINTED), said);
	else
		message_sayf(SAY_ERROR, tr(T_PRINT_FAILED), said);
	ui_redraw(report->app->ui);
}

static void
report_print_file(struct report_screen *report, const char *path)
{
	const char *why = NULL;

	report->spool = spool_start(report->app->loop, report->app->settings->print_command,
	    path, report_on_printed, report, &why);
	if (report->spool == NULL)
		message_sayf(SAY_ERROR, tr(T_PRINT_FAILED), why);
}

static void
report_fetched(struct report_screen *report)
{
	struct arena *arena = arena_new(0);
	const char *path = arena_strdup(arena, outfile_path(report->fetch.file)), *why = NULL;
	enum err err = outfile_commit(report->fetch.file, arena, &why);

	report->fetch.file = NULL;
	if (err != ERR_OK)
		message_sayf(SAY_ERROR, tr(T_FILE_FAILED), text_print(arena, why, TEXT_LINE));
	else if (report->fetch.goal == REPORT_PRINT)
		report_print_file(report, path);
	else
		message_sayf(SAY_OK, tr(T_FILE_SAVED), text_print(arena, path, TEXT_LINE),
		    (report->fetch.bytes + 1023) / 1024);
	arena_free(arena);
}

static void
report_fetch_stop(struct report_screen *report)
{
	outfile_abandon(report->fetch.file);
	report->fetch.file = NULL;
	ask_cancel(report->app, &report->fetch.number);
}

/* More rows than everybody may take away: the box for exports asks what for, and makes it a job. */
static void
report_export(struct report_screen *report)
{
	Kehu__ClientFrame frame;
	Kehu__Report request;

	report_frame(report, &frame, &request, NULL);
	export_open_report(report->app, report->info, &request,
	    report->fetch.goal == REPORT_SAVE
		? prompt_text(&report->path)
		: arena_printf(cells_scratch(), "~/%s.pdf", report->info->name));
	ui_redraw(report->app->ui);
}

static void
report_on_chunk(void *context, const Kehu__ServerFrame *answer)
{
	struct report_screen *report = context;
	bool last = link_last(answer);

	if (answer->answer_case != KEHU__SERVER_FRAME__ANSWER_REPORT) {
		report->fetch.number = 0;
		report_fetch_stop(report);
		if (link_error(answer) == ERR_REASON_NEEDED)
			report_export(report);
		else
			ask_say_error(report->app, answer, 0);
		return;
	}
	outfile_write(report->fetch.file, answer->report->data.data, answer->report->data.len);
	report->fetch.bytes += answer->report->data.len;
	if (last)
		report->fetch.number = 0;
	/* A full disk is told now, not after the rest has come for nothing. */
	if (last || outfile_failed(report->fetch.file)) {
		ask_cancel(report->app, &report->fetch.number);
		report_fetched(report);
	}
	ui_redraw(report->app->ui);
}

/* "visits.pdf" says its format itself. */
static const char *
report_format(const char *path)
{
	static const char *const known[][2] = { { ".pdf", "pdf" }, { ".csv", "csv" },
		{ ".html", "html" }, { ".htm", "html" } };
	const char *dot = strrchr(path, '.');

	for (size_t i = 0; dot != NULL && i < sizeof(known) / sizeof(known[0]); i++)
		if (strcasecmp(dot, known[i][0]) == 0)
			return known[i][1];
	return "text";
}

static void
report_fetch(struct report_screen *report, enum report_goal goal, const char *path)
{
	struct arena *arena = arena_new(0);
	const char *why = NULL, *format = goal == REPORT_SAVE
					      ? report_format(path)
					      : report->app->settings->print_format;
	Kehu__ClientFrame frame;
	Kehu__Report request;

	report_fetch_stop(report);
	report->fetch.goal = goal;
	report->fetch.bytes = 0;
	report->fetch.file = goal == REPORT_SAVE ? outfile_open(arena, path, &why)
						 : outfile_open_temporary(arena, &why);
	if (report->fetch.file == NULL) {
		message_sayf(SAY_ERROR, tr(T_FILE_FAILED), text_print(arena, why, TEXT_LINE));
	} else {
		report_frame(report, &frame, &request, format);
		report->fetch.number =
		    ask_send(report->app, &frame, 0, report_on_chunk, report);
	}
	arena_free(arena);
}

/* ---- keys ---- */

static unsigned
report_turn(struct report_screen *report, int step)
{
	int64_t to = (int64_t)report->page->page + step;

	if (to < 1 || to > (int64_t)report->page->pages || report->asking != 0)
		return UI_HANDLED;
	report->to_end = step < 0;
	report_ask(report, (uint32_t)to);
	return UI_DONE;
}

static bool
report_at_end(const struct report_screen *report)
{
	return report->pager.top + (size_t)report->pager.rows_seen >= report->pager.count;
}

static unsigned
report_key_path(struct report_screen *report, enum act act, const struct event *event)
{
	unsigned flags = prompt_key(&report->path, act, event);

	if ((flags & UI_ACT) && *prompt_text(&report->path))
		report_fetch(report, REPORT_SAVE, prompt_text(&report->path));
	return flags & ~(unsigned)UI_ACT;
}

static unsigned
report_key(struct screen *screen, enum act act, const struct event *event)
{
	struct report_screen *report = (struct report_screen *)screen;

	if (report->path.open)
		return report_key_path(report, act, event);
	if (report->page == NULL)
		return act == ACT_print || act == ACT_refresh ? UI_HANDLED : UI_NONE;
	switch (act) {
	case ACT_page_down:
		if (report_at_end(report))
			return report_turn(report, 1);
		break;
	case ACT_page_up:
		if (report->pager.top == 0)
			return report_turn(report, -1);
		break;
	case ACT_print:
		report_fetch(report, REPORT_PRINT, NULL);
		return UI_DONE;
	case ACT_save_file:
		prompt_open(&report->path);
		return UI_DONE;
	case ACT_refresh:
		report_ask(report, report->page->page);
		return UI_DONE;
	default:
		break;
	}
	return pager_key(&report->pager, act);
}

/* ---- drawing ---- */

static void
report_draw(struct screen *screen, struct rect rect)
{
	pager_draw(&((struct report_screen *)screen)->pager, rect);
}

static void
report_head(struct screen *screen, struct rect rect)
{
	struct report_screen *report = (struct report_screen *)screen;

	report->path.label = tr(T_SAVE_AS);
	if (report->path.open) {
		prompt_draw(&report->path, rect, NULL);
		return;
	}
	if (report->page == NULL)
		return;
	cells_put(rect.y, rect.x, rect.cols,
	    report->page->title != NULL ? report->page->title : report->info->label,
	    ROLE_STRONG);
	cells_put_right(rect.y, rect.x + rect.cols / 2, rect.cols - rect.cols / 2 - 1,
	    arena_printf(cells_scratch(), "%s  %s",
		arena_printf(cells_scratch(), tr(T_FORM_PAGE), (size_t)report->page->page,
		    (size_t)report->page->pages),
		pager_place(&report->pager)),
	    ROLE_NORMAL);
}

static const char *
report_hint(struct screen *screen)
{
	return tr(((struct report_screen *)screen)->path.open ? T_SAVE_AS_HINT : T_REPORT_HINT);
}

static const char *
report_title(struct screen *screen)
{
	(void)screen;
	return tr(T_PREVIEW);
}

static enum ctx
report_context(struct screen *screen)
{
	return ((struct report_screen *)screen)->path.open ? CTX_INPUT : CTX_PAGER;
}

static bool
report_can(struct screen *screen, enum act act)
{
	(void)screen;
	return act != ACT_new && act != ACT_find && act != ACT_actions && act != ACT_undo;
}

static void
report_leave(struct screen *screen)
{
	struct report_screen *report = (struct report_screen *)screen;

	report_fetch_stop(report);
	spool_forget(report->spool);
	ask_cancel(report->app, &report->asking);
	prompt_fini(&report->path);
	arena_free(report->page_arena);
	arena_free(report->arena);
	free(report);
}

static const struct screen_ops report_ops = {
	.name = "report",
	.context = CTX_PAGER,
	.title = report_title,
	.head = report_head,
	.draw = report_draw,
	.hint = report_hint,
	.context_now = report_context,
	.can = report_can,
	.key = report_key,
	.leave = report_leave,
};

void
report_preview(struct app *app, const Kehu__ReportInfo *info, const Kehu__Value *const *values,
    size_t count)
{
	struct report_screen *report = mem_zalloc(1, sizeof(*report));
	char path[200];

	report->screen.ops = &report_ops;
	report->app = app;
	report->arena = arena_new(0);
	report->page_arena = arena_new(0);
	report->info = info;
	report->values = report_copy(report->arena, values, count);
	report->value_count = count;
	report->pager = (struct pager){ .line = report_line, .arg = report };
	prompt_init(&report->path, REPORT_PATH_CHARS);
	snprintf(path, sizeof(path), "%s.pdf", info->name);
	prompt_set(&report->path, path);
	ui_push(app->ui, &report->screen);
	report_ask(report, 1);
}
