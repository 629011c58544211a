/*
 * Taking rows of a list, or of a report, away as a file: what form, what for, where to. Above the company's limit
 * somebody has to agree first; else the list of jobs (jobs.c) follows it and writes the file.
 */
#include "client/screens/jobs.h"

#include "client/screens/ask.h"
#include "client/screens/consent.h"
#include "client/screens/list_private.h"
#include "client/ui/form.h"
#include "common/log.h"
#include "common/mem.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { EXPORT_FORM, EXPORT_REASON, EXPORT_FILE, EXPORT_FIELDS };
enum { EXPORT_REASON_CHARS = 200, EXPORT_PATH_CHARS = 400 };

/* A list, one of people or firms, a report. */
enum { EXPORT_OF_LIST = 1, EXPORT_OF_CARDS = 2, EXPORT_OF_REPORT = 4, EXPORT_OF_ALL = 7 };

static const struct export_kind {
	enum text_id label;
	const char *format, *encoding, *suffix;
	unsigned of; /* what it can be of */
} export_kinds[] = {
	{ T_EXPORT_EXCEL, "csv", "utf-8-bom", "csv", EXPORT_OF_ALL },
	{ T_EXPORT_GB18030, "csv", "gb18030", "csv", EXPORT_OF_ALL },
	{ T_EXPORT_CSV, "csv", "", "csv", EXPORT_OF_ALL },
	{ T_EXPORT_TSV, "tsv", "", "tsv", EXPORT_OF_LIST | EXPORT_OF_CARDS },
	{ T_EXPORT_JSONL, "jsonl", "", "jsonl", EXPORT_OF_LIST | EXPORT_OF_CARDS },
	{ T_EXPORT_PDF, "pdf", "", "pdf", EXPORT_OF_ALL },
	{ T_EXPORT_TEXT, "text", "", "txt", EXPORT_OF_ALL },
	{ T_EXPORT_HTML, "html", "", "html", EXPORT_OF_REPORT },
	{ T_EXPORT_VCARD, "vcard", "", "vcf", EXPORT_OF_CARDS },
	{ T_EXPORT_VCARD3, "vcard3", "", "vcf", EXPORT_OF_CARDS },
};

#define EXPORT_KINDS (sizeof(export_kinds) / sizeof(export_kinds[0]))

struct export_screen {
	struct screen screen;
	struct app *app;
	struct arena *arena;
	Kehu__Export request;
	char *head;
	struct form form;
	struct form_field fields[EXPORT_FIELDS];
	const struct export_kind *kinds[EXPORT_KINDS];
	const char *labels[EXPORT_KINDS];
	struct consent consent;
	uint32_t number;
};

static const struct export_kind *
export_kind(const struct export_screen *export)
{
	int choice = form_choice(&export->form, EXPORT_FORM);

	return export->kinds[choice < 0 ? 0 : choice];
}

/* The name's end follows the form, whatever stands before it. */
static void
export_name_file(struct export_screen *export)
{
	const char *path = form_value(&export->form, EXPORT_FILE);
	const char *dot = strrchr(path, '.');
	size_t bytes = dot != NULL && strchr(dot, '/') == NULL ? (size_t)(dot - path)
							       : strlen(path);

	form_put(&export->form, EXPORT_FILE,
	    arena_printf(cells_scratch(), "%.*s.%s", (int)bytes, path,
		export_kind(export)->suffix));
}

static void
export_check(void *arg, struct form *form, size_t index)
{
	struct export_screen *export = arg;

	(void)form;
	if (index == EXPORT_FORM && export->screen.ops != NULL)
		export_name_file(export);
}

static void export_send(void *context);

static void
export_on_answer(void *context, const Kehu__ServerFrame *answer)
{
	struct export_screen *export = context;
	struct app *app = export->app;

	export->number = 0;
	if (consent_is_wanted(answer)) {
		consent_open(app, answer, &export->consent, export_send, export);
		return;
	}
	if (answer->answer_case == KEHU__SERVER_FRAME__ANSWER_WRITTEN &&
	    consent_said(answer->written)) {
		ui_pop_to(app->ui, &export->screen);
		ui_pop(app->ui);
	} else if (answer->answer_case == KEHU__SERVER_FRAME__ANSWER_JOB) {
		char *path =
		    arena_strdup(cells_scratch(), form_value(&export->form, EXPORT_FILE));
		int64_t id = answer->job->id;

		ui_pop_to(app->ui, &export->screen);
		ui_pop(app->ui);
		jobs_open(app, id, path);
	} else {
		ask_say_error(app, answer, export->request.entity);
	}
	ui_redraw(app->ui);
}

static void
export_send(void *context)
{
	struct export_screen *export = context;
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;

	if (export->number != 0)
		return;
	export->request.format = ask_text(export_kind(export)->format);
	export->request.encoding = ask_text(export_kind(export)->encoding);
	export->request.reason = ask_text(form_value(&export->form, EXPORT_REASON));
	/* Those who are asked for their consent want to know the same. */
	if (export->consent.reason[0] == '\0')
		snprintf(export->consent.reason, sizeof(export->consent.reason), "%s",
		    export->request.reason);
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_EXPORT;
	frame.export = &export->request;
	consent_fill(&export->consent, &frame);
	export->number = ask_send(export->app, &frame, 0, export_on_answer, export);
}

/* F4: the next form. */
static void
export_next(struct export_screen *export)
{
	size_t count = export->fields[EXPORT_FORM].choice_count;
	int at = form_choice(&export->form, EXPORT_FORM);

	form_put(&export->form, EXPORT_FORM,
	    export->labels[at < 0 ? 0 : ((size_t)at + 1) % count]);
	export_name_file(export);
}

/* ---- the screen -------------------------------------------------------------------------- */

static unsigned
export_key(struct screen *screen, enum act act, const struct event *event)
{
	struct export_screen *export = (struct export_screen *)screen;
	unsigned flags;

	if (act == ACT_pick && export->form.focus == EXPORT_FORM) {
		export_next(export);
		return UI_DONE;
	}
	flags = form_key(&export->form, act, event);
	if (flags & UI_ACT)
		export_send(export);
	return flags & ~(unsigned)(UI_ACT | UI_LOOKUP | UI_ASK | UI_CHANGED);
}

static void
export_draw(struct screen *screen, struct rect rect)
{
	rect.y++;
	rect.rows--;
	form_draw(&((struct export_screen *)screen)->form, rect, true);
}

static void
export_head(struct screen *screen, struct rect rect)
{
	cells_put(
	    rect.y, rect.x, rect.cols, ((struct export_screen *)screen)->head, ROLE_STRONG);
}

static const char *
export_hint(struct screen *screen)
{
	return form_hint(&((struct export_screen *)screen)->form);
}

static const char *
export_title(struct screen *screen)
{
	(void)screen;
	return tr(T_EXPORT);
}

static bool
export_can(struct screen *screen, enum act act)
{
	const struct export_screen *export = (struct export_screen *)screen;

	if (act == ACT_pick)
		return export->form.focus == EXPORT_FORM;
	return act != ACT_actions && act != ACT_print && act != ACT_undo && act != ACT_editor;
}

static const char *
export_label(struct screen *screen, enum act act)
{
	(void)screen;
	return act == ACT_save ? tr(T_EXPORT) : NULL;
}

static void
export_leave(struct screen *screen)
{
	struct export_screen *export = (struct export_screen *)screen;

	ask_cancel(export->app, &export->number);
	form_fini(&export->form);
	arena_free(export->arena);
	free(export);
}

static const struct screen_ops export_ops = {
	.name = "export",
	.context = CTX_FORM,
	.title = export_title,
	.head = export_head,
	.draw = export_draw,
	.hint = export_hint,
	.can = export_can,
	.label = export_label,
	.key = export_key,
	.leave = export_leave,
};

/* ---- what is exported -------------------------------------------------------------------- */

static bool
export_take_marks(struct export_screen *export, const struct list *list)
{
	if (list->inverted && list->mark_count > 0)
		return false;
	export->request.ids = ARENA_ARRAY(export->arena, int64_t, list->mark_count + 1);
	for (size_t i = 0; !list->inverted && i < list->mark_count; i++)
		if (list->mark[i].marked)
			export->request.ids[export->request.n_ids++] = list->mark[i].id;
	return true;
}

static void
export_take_list(struct export_screen *export, const struct list_screen *list)
{
	Kehu__Export *request = &export->request;

	request->has_entity = true;
	request->entity = list->entity;
	request->query = arena_strdup(export->arena, list->query);
	request->has_sort = request->has_down = list->sort != 0;
	request->sort = list->sort;
	request->down = list->down;
	request->columns = arena_memdup(
	    export->arena, list->fields, list->column_count * sizeof(list->fields[0]));
	request->n_columns = list->column_count;
}

static void
export_make_form(struct export_screen *export, unsigned of, const char *path)
{
	size_t count = 0;

	for (size_t i = 0; i < EXPORT_KINDS; i++) {
		if ((export_kinds[i].of & of) == 0)
			continue;
		export->kinds[count] = &export_kinds[i];
		export->labels[count++] = tr(export_kinds[i].label);
	}
	export->fields[EXPORT_FORM] = (struct form_field){ .label = tr(T_EXPORT_FORM),
		.help = tr(T_EXPORT_FORM_HELP),
		.kind = FORM_CHOICE,
		.choices = export->labels,
		.choice_count = count,
		.lookup = true };
	export->fields[EXPORT_REASON] = (struct form_field){ .label = tr(T_EXPORT_REASON),
		.help = tr(T_EXPORT_REASON_HELP),
		.cols = 50,
		.max_chars = EXPORT_REASON_CHARS };
	export->fields[EXPORT_FILE] = (struct form_field){ .label = tr(T_EXPORT_FILE),
		.help = tr(T_EXPORT_FILE_HELP),
		.cols = 50,
		.max_chars = EXPORT_PATH_CHARS };
	for (size_t i = 0; i < EXPORT_FIELDS; i++) {
		export->fields[i].id = (int)i;
		export->fields[i].required = true;
	}
	export->form = (struct form){ .fields = export->fields,
		.count = EXPORT_FIELDS,
		.check = export_check,
		.arg = export,
		.button = tr(T_EXPORT_BUTTON) };
	form_init(&export->form);
	form_load(&export->form, EXPORT_FORM, export->labels[0]);
	form_load(&export->form, EXPORT_FILE, path);
	for (size_t i = 0; i < count; i++)
		if (strcmp(path + strlen(path) - strlen(export->kinds[i]->suffix), export->kinds[i]->suffix) == 0) {
			form_load(&export->form, EXPORT_FORM, export->labels[i]);
			break;
		}
	form_focus(&export->form, EXPORT_REASON);
}

static struct export_screen *
export_new(struct app *app)
{
	struct export_screen *export = mem_zalloc(1, sizeof(*export));

	export->app = app;
	export->arena = arena_new(0);
	kehu__export__init(&export->request);
	return export;
}

void
export_open(struct app *app, const struct list_screen *list)
{
	const Kehu__Entity *entity = list_screen_entity(list);
	struct export_screen *export = export_new(app);
	bool at_least = false, cards;
	size_t count = 0;

	export_take_list(export, list);
	if (entity == NULL || !export_take_marks(export, &list->list)) {
		message_say(SAY_WARNING, 0, tr(T_EXPORT_MARKS));
		arena_free(export->arena);
		free(export);
		return;
	}
	if (export->request.n_ids > 0) {
		count = export->request.n_ids;
	} else if (!list_data_count(list->data, &count, &at_least)) {
		count = list_data_end(list->data);
		at_least = list_data_more(list->data);
	}
	export->head = arena_printf(export->arena, tr(T_EXPORT_HEAD), entity->label,
	    arena_printf(cells_scratch(), at_least ? "%zu+" : "%zu", count),
	    list->query[0] != '\0' ? list->query : "");
	cards = strcmp(entity->name, "customer") == 0 || strcmp(entity->name, "contact") == 0;
	export_make_form(export, cards ? EXPORT_OF_CARDS : EXPORT_OF_LIST,
	    arena_printf(cells_scratch(), "~/%s.csv", entity->name));
	export->screen.ops = &export_ops;
	ui_push(app->ui, &export->screen);
}

void
export_open_report(struct app *app, const Kehu__ReportInfo *info, const Kehu__Report *report, const char *path)
{
	struct export_screen *export = export_new(app);
	Kehu__Report *copy = arena_memdup(export->arena, report, sizeof(*report));

	/* The catalogue it was named by may be another when it is sent. */
	copy->name = arena_strdup(export->arena, report->name);
	copy->format = NULL;
	copy->parameters = ARENA_ARRAY(export->arena, Kehu__Value *, report->n_parameters + 1);
	for (size_t i = 0; i < report->n_parameters; i++) {
		copy->parameters[i] =
		    arena_memdup(export->arena, report->parameters[i], sizeof(*report->parameters[i]));
		copy->parameters[i]->text = arena_strdup(export->arena, report->parameters[i]->text);
	}
	export->request.has_entity = true;
	export->request.entity = cat_report_main(app_cat(app), report);
	export->request.report = copy;
	export->head = arena_printf(export->arena, tr(T_EXPORT_REPORT_HEAD), info->label);
	export_make_form(export, EXPORT_OF_REPORT, path);
	export->screen.ops = &export_ops;
	ui_push(app->ui, &export->screen);
}
