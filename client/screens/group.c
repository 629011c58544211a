/*
 * Groups: what a list finds, counted and summed by one field, as the server reckons it for the
 * reader; the last line is all of it. Enter opens the records of a group.
 */
#include "client/screens/views.h"

#include "client/screens/ask.h"
#include "client/screens/cell.h"
#include "client/screens/list.h"
#include "client/ui/list.h"
#include "common/date.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/text.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { GROUP_SUMS = 8, GROUP_COLUMNS = GROUP_SUMS + 2 };

struct group_screen {
	struct screen screen;
	struct app *app;
	struct arena *names; /* of the view */
	struct view view;
	uint32_t sums[GROUP_SUMS];
	size_t sum_count;
	struct list list;
	struct list_column columns[GROUP_COLUMNS];
	struct list_row row;
	const char *cells[GROUP_COLUMNS];
	uint8_t roles[GROUP_COLUMNS];
	struct arena *arena; /* of the answer */
	const Kehu__GroupsAnswer *answer;
	enum lang lang; /* of the columns */
	uint32_t number;
};

static const Kehu__Entity *
group_entity(const struct group_screen *group)
{
	return app_entity(group->app, group->view.entity);
}

static const Kehu__Field *
group_field(const struct group_screen *group)
{
	const Kehu__Entity *entity = group_entity(group);

	return entity == NULL || group->view.group[0] == '\0'
		   ? NULL
		   : cat_field(entity, app_field(entity, group->view.group));
}

/* ---- what stands in a row ---- */

static const char *
group_label(const struct group_screen *group, const Kehu__Value *value)
{
	const Kehu__Field *field = group_field(group);
	struct ymd ymd;

	if (field == NULL || value == NULL || (!value->has_number && value->text == NULL))
		return tr(T_GROUP_UNSET);
	if (field->type == CAT_DATE || field->type == CAT_MOMENT) {
		ymd = date_to_ymd(value->number);
		return arena_printf(cells_scratch(), "%04d-%02d", ymd.year, ymd.month);
	}
	if (field->type == CAT_BOOL)
		return tr(value->number ? T_YES : T_NO);
	return cell_text(group->app, field, value);
}

/* "1,200.00 CNY / 300.00 USD". */
static const char *
group_sum(const struct group_screen *group, const Kehu__Group *of, uint32_t number)
{
	const Kehu__Entity *entity = group_entity(group);
	const Kehu__Field *field = entity == NULL ? NULL : cat_field(entity, number);
	const char *text = "";

	for (size_t i = 0; field != NULL && i < of->n_sums; i++) {
		Kehu__Value value = KEHU__VALUE__INIT;

		if (of->sums[i]->field != number)
			continue;
		value.has_number = true;
		value.number = of->sums[i]->sum;
		value.text = of->sums[i]->currency;
		text = arena_printf(cells_scratch(), "%s%s%s", text,
		    text[0] != '\0' ? " / " : "", cell_text(group->app, field, &value));
	}
	return text;
}

static const struct list_row *
group_row(void *arg, size_t index)
{
	struct group_screen *group = arg;
	const Kehu__GroupsAnswer *answer = group->answer;
	bool total;
	const Kehu__Group *of;

	if (answer == NULL || index > answer->n_groups)
		return NULL;
	total = index == answer->n_groups;
	of = total ? answer->total : answer->groups[index];
	group->cells[0] = total ? tr(T_GROUP_TOTAL) : group_label(group, of->value);
	group->cells[1] = arena_printf(cells_scratch(), "%" PRId64, of->count);
	for (size_t i = 0; i < group->sum_count; i++)
		group->cells[2 + i] = group_sum(group, of, group->sums[i]);
	group->row = (struct list_row){ .id = (int64_t)index + 1,
		.cells = group->cells,
		.role = total ? ROLE_STRONG : ROLE_NORMAL };
	return &group->row;
}

static void
group_set_columns(struct group_screen *group)
{
	const Kehu__Entity *entity = group_entity(group);
	const Kehu__Field *by = group_field(group);

	group->columns[0] = (struct list_column){ .title = by != NULL ? by->label : "",
		.min_cols = 16,
		.want_cols = 30,
		.stretch = true };
	group->columns[1] = (struct list_column){
		.title = tr(T_GROUP_COUNT), .min_cols = 6, .want_cols = 9, .align = LIST_RIGHT
	};
	for (size_t i = 0; i < group->sum_count; i++) {
		const Kehu__Field *field =
		    entity == NULL ? NULL : cat_field(entity, group->sums[i]);
		int most = field == NULL ? 0 : (int)text_cols(field->label);

		for (size_t at = 0; group->answer != NULL && at <= group->answer->n_groups;
		     at++) {
			const Kehu__Group *of = at < group->answer->n_groups
						    ? group->answer->groups[at]
						    : group->answer->total;
			int cols = (int)text_cols(group_sum(group, of, group->sums[i]));

			most = cols > most ? cols : most;
		}
		group->columns[2 + i] =
		    (struct list_column){ .title = field == NULL ? "" : field->label,
			    .min_cols = most,
			    .want_cols = most,
			    .align = LIST_RIGHT,
			    .priority = 1 + (int)i };
	}
	group->list.column_count = 2 + group->sum_count;
	group->list.empty = tr(T_GROUP_EMPTY);
	group->lang = group->app->lang;
}

/* ---- asking ---- */

static void
group_on_answer(void *context, const Kehu__ServerFrame *frame)
{
	struct group_screen *group = context;
	const Kehu__Entity *entity = group_entity(group);

	group->number = 0;
	if (frame->answer_case != KEHU__SERVER_FRAME__ANSWER_GROUPS) {
		ask_say_error(group->app, frame, entity == NULL ? 0 : entity->number);
		return;
	}
	arena_reset(group->arena);
	group->answer = link_keep(group->arena, frame)->groups;
	group_set_columns(group);
	list_set_total(&group->list, group->answer->n_groups + 1, false);
	ui_redraw(group->app->ui);
}

static void
group_ask(struct group_screen *group)
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__Groups request = KEHU__GROUPS__INIT;
	const Kehu__Entity *entity = group_entity(group);
	char *save = NULL, *copy = arena_strdup(cells_scratch(), group->view.sums);

	if (entity == NULL)
		return;
	group->sum_count = 0;
	for (char *name = strtok_r(copy, ", ", &save);
	     name != NULL && group->sum_count < GROUP_SUMS;
	     name = strtok_r(NULL, ", ", &save)) {
		const Kehu__Field *field = cat_field(entity, app_field(entity, name));

		/* Of a view that is shared, what this reader may not sum is left out. */
		if (field != NULL && field_sums(entity, field))
			group->sums[group->sum_count++] = field->number;
	}
	request.has_entity = request.has_field = true;
	request.entity = entity->number;
	request.field = group->view.group[0] == '\0' ? 0 : app_field(entity, group->view.group);
	request.query = ask_text(group->view.query);
	request.n_sums = group->sum_count;
	request.sums = group->sums;
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_GROUPS;
	frame.groups = &request;
	ask_cancel(group->app, &group->number);
	group->number = ask_send(group->app, &frame, 0, group_on_answer, group);
}

/* ---- the screen ---- */

static const char *
group_title(struct screen *screen)
{
	const struct group_screen *group = (struct group_screen *)screen;
	const Kehu__Entity *entity = group_entity(group);

	if (group->view.name[0] != '\0')
		return text_cut(cells_scratch(),
		    text_print(cells_scratch(), group->view.name, TEXT_LINE), 16, false);
	return entity == NULL ? "" : entity->label;
}

static void
group_head(struct screen *screen, struct rect rect)
{
	const struct group_screen *group = (struct group_screen *)screen;

	cells_put(rect.y, rect.x, rect.cols,
	    text_cut(cells_scratch(), text_print(cells_scratch(), group->view.query, TEXT_LINE),
		(size_t)rect.cols, false),
	    ROLE_NORMAL);
}

static void
group_draw(struct screen *screen, struct rect rect)
{
	struct group_screen *group = (struct group_screen *)screen;

	if (group->lang != group->app->lang)
		group_set_columns(group);
	list_draw(&group->list, rect, true);
}

static const char *
group_hint(struct screen *screen)
{
	(void)screen;
	return tr(T_GROUP_HINT);
}

static bool
group_can(struct screen *screen, enum act act)
{
	(void)screen;
	return act != ACT_edit && act != ACT_new && act != ACT_preview &&
	       act != ACT_find && act != ACT_actions && act != ACT_export && act != ACT_sort &&
	       act != ACT_reply && act != ACT_undo;
}

static void
group_open_row(struct group_screen *group)
{
	const Kehu__Entity *entity = group_entity(group);
	size_t at = group->list.cursor;
	struct view view = group->view;

	if (entity == NULL || group->answer == NULL || at > group->answer->n_groups)
		return;
	if (at < group->answer->n_groups)
		view.query = arena_printf(cells_scratch(), "%s%s%s", view.query,
		    view.query[0] != '\0' ? " " : "", group->answer->groups[at]->query);
	view.name = "";
	list_open_view(group->app, entity->number, &view);
}

static void
group_on_sums(void *arg, const char *names)
{
	struct group_screen *group = arg;

	group->view.sums = arena_strdup(group->names, names);
	group_ask(group);
}

static void
group_on_field(void *arg, const char *names)
{
	struct group_screen *group = arg;

	group->view.group = arena_strdup(group->names, names);
	group_ask(group);
}

static void
group_choose(struct group_screen *group, bool sums)
{
	const Kehu__Entity *entity = group_entity(group);

	if (entity != NULL)
		field_choice_open(
		    group->app, &(struct field_choice){ .entity = entity->number,
				    .title = sums ? T_SUMS_TITLE : T_GROUP_TITLE,
				    .names = sums ? group->view.sums : group->view.group,
				    .one = !sums,
				    .fits = sums ? field_sums : field_groups,
				    .chosen = sums ? group_on_sums : group_on_field,
				    .arg = group });
}

static unsigned
group_key(struct screen *screen, enum act act, const struct event *event)
{
	struct group_screen *group = (struct group_screen *)screen;
	unsigned flags;

	if (act == ACT_columns || act == ACT_group) {
		group_choose(group, act == ACT_columns);
		return UI_DONE;
	}
	if (act == ACT_refresh)
		return UI_DONE | UI_RELOAD;
	flags = list_key(&group->list, act, event);
	if (flags & UI_ACT)
		group_open_row(group);
	return flags & ~(unsigned)UI_ACT;
}

static void
group_reload(struct screen *screen)
{
	group_ask((struct group_screen *)screen);
}

static void
group_leave(struct screen *screen)
{
	struct group_screen *group = (struct group_screen *)screen;

	ask_cancel(group->app, &group->number);
	list_fini(&group->list);
	arena_free(group->arena);
	arena_free(group->names);
	free(group);
}

static const struct screen_ops group_ops = {
	.name = "group",
	.context = CTX_LIST,
	.title = group_title,
	.head = group_head,
	.draw = group_draw,
	.hint = group_hint,
	.can = group_can,
	.key = group_key,
	.reload = group_reload,
	.leave = group_leave,
};

void
group_open(struct app *app, const struct view *view)
{
	struct group_screen *group = mem_zalloc(1, sizeof(*group));

	group->screen.ops = &group_ops;
	group->app = app;
	group->names = arena_new(0);
	group->arena = arena_new(0);
	group->view = (struct view){ .name = arena_strdup(group->names, view->name),
		.entity = arena_strdup(group->names, view->entity),
		.query = arena_strdup(group->names, view->query),
		.columns = arena_strdup(group->names, view->columns),
		.sort = arena_strdup(group->names, view->sort),
		.group = arena_strdup(group->names, view->group),
		.sums = arena_strdup(group->names, view->sums) };
	group->list =
	    (struct list){ .columns = group->columns, .row = group_row, .arg = group };
	list_init(&group->list);
	group_set_columns(group);
	ui_push(app->ui, &group->screen);
	group_ask(group);
}

bool
group_view(const struct screen *screen, struct view *view)
{
	if (screen == NULL || screen->ops != &group_ops)
		return false;
	*view = ((const struct group_screen *)screen)->view;
	return true;
}

bool
group_save_view(struct app *app, struct screen *screen, const char *name)
{
	struct view view;

	if (!group_view(screen, &view))
		return false;
	view.name = name;
	views_save(app, &view);
	return true;
}
