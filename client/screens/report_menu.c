/* The menu of reports, and the form of their parameters; the pages are report.c's. */
#include "client/screens/form_values.h"
#include "client/screens/list.h"
#include "client/screens/ask.h"
#include "client/screens/report.h"
#include "client/screens/views.h"
#include "client/ui/picker.h"
#include "common/log.h"
#include "common/mem.h"
#include <stdlib.h>
#include <string.h>

/* ---- parameters ---- */

struct parameters {
	struct screen screen;
	struct app *app;
	const Kehu__ReportInfo *info;
	struct values values;
	bool wanted;
};

static void
parameters_go(struct parameters *parameters)
{
	struct arena *arena;
	Kehu__Value **values;
	size_t count;

	parameters->wanted = parameters->values.asking > 0;
	if (parameters->wanted)
		return;
	arena = arena_new(0);
	count = values_collect(&parameters->values, arena, true, &values);
	report_preview(
	    parameters->app, parameters->info, (const Kehu__Value *const *)values, count);
	arena_free(arena);
}

static void
parameters_on_settled(void *context)
{
	struct parameters *parameters = context;

	if (!parameters->wanted)
		return;
	parameters->wanted = false;
	if (form_check_all(&parameters->values.form) > 0)
		form_show_errors(&parameters->values.form);
	else
		parameters_go(parameters);
}

static unsigned
parameters_key(struct screen *screen, enum act act, const struct event *event)
{
	struct parameters *parameters = (struct parameters *)screen;
	unsigned flags;

	if (act == ACT_back || act == ACT_cancel)
		return UI_NONE;
	flags = values_key(&parameters->values, act, event);
	if (flags & UI_ACT)
		parameters_go(parameters);
	return flags & ~(unsigned)UI_ACT;
}

static void
parameters_draw(struct screen *screen, struct rect rect)
{
	form_draw(&((struct parameters *)screen)->values.form, rect, true);
}

static void
parameters_head(struct screen *screen, struct rect rect)
{
	cells_put(
	    rect.y, rect.x, rect.cols, ((struct parameters *)screen)->info->label, ROLE_STRONG);
}

static const char *
parameters_hint(struct screen *screen)
{
	return values_hint(&((struct parameters *)screen)->values);
}

static const char *
parameters_title(struct screen *screen)
{
	(void)screen;
	return tr(T_REPORT);
}

static bool
parameters_can(struct screen *screen, enum act act)
{
	struct parameters *parameters = (struct parameters *)screen;
	size_t focus = parameters->values.form.focus;

	if (act == ACT_pick)
		return focus < parameters->values.count &&
		       (parameters->values.fields[focus].lookup ||
			   parameters->values.fields[focus].choices);
	return act != ACT_actions && act != ACT_print && act != ACT_undo && act != ACT_editor;
}

static const char *
parameters_label(struct screen *screen, enum act act)
{
	(void)screen;
	return act == ACT_save ? tr(T_PREVIEW) : NULL;
}

static void
parameters_leave(struct screen *screen)
{
	struct parameters *parameters = (struct parameters *)screen;

	values_fini(&parameters->values);
	free(parameters);
}

static const struct screen_ops parameters_ops = {
	.name = "parameters",
	.context = CTX_FORM,
	.title = parameters_title,
	.head = parameters_head,
	.draw = parameters_draw,
	.hint = parameters_hint,
	.can = parameters_can,
	.label = parameters_label,
	.key = parameters_key,
	.leave = parameters_leave,
};

static void
parameters_open(struct app *app, const Kehu__ReportInfo *info, const Kehu__Value *const *values,
    size_t count)
{
	struct parameters *parameters = mem_zalloc(1, sizeof(*parameters));

	parameters->screen.ops = &parameters_ops;
	parameters->app = app;
	parameters->info = info;
	parameters->values.app = app;
	parameters->values.settled = parameters_on_settled;
	parameters->values.context = parameters;
	values_init_fields(&parameters->values, info->parameters, info->n_parameters);
	parameters->values.form.button = tr(T_REPORT_BUTTON);
	for (size_t i = 0; i < count; i++) {
		size_t at = values_index(&parameters->values, values[i]->field);

		if (at < parameters->values.count)
			values_load(&parameters->values, at, values[i]);
	}
	values_load_defaults(&parameters->values);
	ui_push(app->ui, &parameters->screen);
}

/* Whether something is left for the user to say. */
static bool
report_is_open(const Kehu__ReportInfo *info, const Kehu__Value *const *values, size_t count)
{
	size_t given = 0;

	for (size_t i = 0; i < info->n_parameters; i++)
		for (size_t v = 0; v < count; v++)
			given += values[v]->field == info->parameters[i]->number;
	return given < info->n_parameters;
}

void
report_open(struct app *app, const char *name, const Kehu__Value *const *values, size_t count)
{
	const Kehu__ReportInfo *info = cat_report(app_cat(app), name);

	if (info == NULL)
		message_error(ERR_FORBIDDEN, name, app->lang);
	else if (report_is_open(info, values, count))
		parameters_open(app, info, values, count);
	else
		report_preview(app, info, values, count);
}

/* ---- the menu ---- */

/* Over a list of customers, "customer_list" is meant most; then what else is of customers. */
static int
reports_rank(const struct app *app, const Kehu__ReportInfo *info)
{
	const Kehu__Entity *entity = cat_entity(app_cat(app), list_entity_below(app));
	size_t bytes = entity == NULL ? 0 : strlen(entity->name);

	if (entity == NULL || strncmp(info->name, entity->name, bytes) != 0 || info->name[bytes] != '_')
		return 0;
	return strcmp(info->name + bytes, "_list") == 0 ? 2 : 1;
}

/* ---- the list below ---- */

enum { REPORTS_THIS_LIST = -1, REPORTS_VALUES = 8 };

/* What is shown there becomes the parameters of the report "list", by their names. */
static size_t
reports_list_values(const Kehu__ReportInfo *info, const struct view *view, Kehu__Value *values, const Kehu__Value **list)
{
	const char *given[][2] = { { "of", view->entity }, { "query", view->query }, { "columns", view->columns },
		{ "group", view->group }, { "sums", view->group[0] != '\0' ? view->sums : "" }, { "sort", view->sort },
		{ "chart", view->group[0] != '\0' ? "bars" : "" }, { "title", view->name } };
	size_t count = 0;

	for (size_t i = 0; i < sizeof(given) / sizeof(given[0]); i++)
		for (size_t p = 0; p < info->n_parameters && given[i][1][0] != '\0'; p++)
			if (strcmp(info->parameters[p]->name, given[i][0]) == 0) {
				kehu__value__init(&values[count]);
				values[count].has_field = true;
				values[count].field = info->parameters[p]->number;
				values[count].text = ask_text(given[i][1]);
				list[count] = &values[count];
				count++;
			}
	return count;
}

static void
reports_open_list(struct app *app)
{
	const Kehu__ReportInfo *info = cat_report(app_cat(app), "list");
	Kehu__Value values[REPORTS_VALUES];
	const Kehu__Value *list[REPORTS_VALUES];
	struct view view;

	if (info != NULL && list_view_below(app, &view))
		report_preview(app, info, list, reports_list_values(info, &view, values, list));
}

/* First of all, with nothing typed or its name. */
static void
reports_add_list(const struct app *app, struct picker *picker, const char *text)
{
	const Kehu__Entity *entity;
	struct view view;
	const char *label;

	if (cat_report(app_cat(app), "list") == NULL || !list_view_below(app, &view))
		return;
	entity = cat_entity_called(app_cat(app), view.entity);
	label = arena_printf(cells_scratch(), tr(T_REPORT_THIS_LIST), entity != NULL ? entity->label : view.entity);
	if (*text == '\0' || picker_match(label, text) > 0)
		picker_add(picker, &(struct picker_item){ .id = REPORTS_THIS_LIST, .label = label, .note = "list" });
}

static void
reports_search(void *arg, struct picker *picker, const char *text)
{
	const struct app *app = arg;
	const struct cat *cat = app_cat(app);

	picker_clear(picker);
	reports_add_list(app, picker, text);
	for (int want = *text ? 11 : 5; want >= 3; want--)
		for (size_t i = 0; i < cat_report_count(cat); i++) {
			const Kehu__ReportInfo *info = cat_report_at(cat, i);
			int fits = picker_match(info->label, text);

			if (fits > 0 && fits * 3 + reports_rank(app, info) == want)
				picker_add(picker, &(struct picker_item){ .id = (int64_t)i,
						       .label = info->label,
						       .note = info->name,
						       .exact = fits == 3 });
		}
}

static unsigned
reports_take(void *arg, const struct picker_item *item, const char *text)
{
	struct app *app = arg;

	(void)text;
	if (item == NULL)
		return UI_HANDLED;
	if (item->id == REPORTS_THIS_LIST)
		reports_open_list(app);
	else
		report_open(app, cat_report_at(app_cat(app), (size_t)item->id)->name, NULL, 0);
	return UI_DONE | UI_CLOSE;
}

void
reports_open(struct app *app)
{
	picker_open(app->ui, &(struct picker_config){ .title = tr(T_REPORTS),
				 .search = reports_search,
				 .take = reports_take,
				 .arg = app });
}
