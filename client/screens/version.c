/*
 * Two versions of a record beside each other: an earlier one and another, or what there is now. Fields
 * that differ are marked; those chosen, or the whole version, are put back by a save of what is now.
 */
#include "client/screens/version.h"

#include "client/link/version.h"
#include "client/screens/ask.h"
#include "client/screens/consent.h"
#include "client/screens/viewing.h"
#include "client/ui/confirm.h"
#include "client/ui/list.h"
#include "common/date.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/text.h"
#include <stdlib.h>
#include <string.h>

enum { VERSION_COLUMNS = 3, VERSION_SIDES = 2 };

/* A field of the record or of a line, as each side has it; NULL: empty. */
struct version_row {
	uint32_t entity, field;
	const Kehu__Value *sides[VERSION_SIDES];
	bool differs;
};

struct version_screen {
	struct screen screen;
	struct app *app;
	uint32_t entity;
	int64_t id;
	struct arena *arena; /* of the changes there are to choose from */
	struct version_choice *choices; /* the newest first */
	size_t choice_count;
	size_t at[VERSION_SIDES]; /* which; choice_count: now */

	struct arena *answers; /* of what is shown */
	const Kehu__Record *sides[VERSION_SIDES], *now;
	struct version_row *rows;
	size_t row_count;
	uint32_t asking[VERSION_SIDES], asking_now, saving;
	struct consent consent;

	struct list list;
	struct list_column columns[VERSION_COLUMNS];
	struct list_row row;
	const char *cells[VERSION_COLUMNS];
};

static const struct screen_ops version_ops;

/* ---- rows ---- */

static void
version_add_fields(struct version_screen *screen, uint32_t number, const Kehu__Record *a,
    const Kehu__Record *b)
{
	const Kehu__Entity *entity = cat_entity(app_cat(screen->app), number);

	for (size_t i = 0; entity != NULL && i < entity->n_fields; i++) {
		const Kehu__Field *field = entity->fields[i];
		const Kehu__Value *old = a != NULL ? cat_value(a, field->number) : NULL;
		const Kehu__Value *new = b != NULL ? cat_value(b, field->number) : NULL;

		if ((field->flags & CAT_FIGURE) != 0 || (cat_value_empty(old) && cat_value_empty(new)))
			continue;
		screen->rows[screen->row_count++] = (struct version_row){ number, field->number,
			{ old, new }, !version_same(field, old, new) };
	}
}

static size_t
version_rows_max(const struct version_screen *screen)
{
	size_t max = 0;

	for (size_t side = 0; side < VERSION_SIDES; side++) {
		const Kehu__Record *record = screen->sides[side];
		const Kehu__Entity *entity = cat_entity(app_cat(screen->app), record->entity);

		max += entity != NULL ? entity->n_fields : 0;
		for (size_t i = 0; i < record->n_lines; i++) {
			entity = cat_entity(app_cat(screen->app), record->lines[i]->entity);
			max += entity != NULL ? entity->n_fields : 0;
		}
	}
	return max;
}

/* What differs comes first, then the rest of the version. */
static void
version_sort(struct version_screen *screen)
{
	struct version_row *sorted =
	    ARENA_ARRAY(screen->answers, struct version_row, screen->row_count + 1);
	size_t count = 0;

	for (int differs = 1; differs >= 0; differs--)
		for (size_t i = 0; i < screen->row_count; i++)
			if (screen->rows[i].differs == differs)
				sorted[count++] = screen->rows[i];
	screen->rows = sorted;
}

static void
version_build(struct version_screen *screen)
{
	const Kehu__Record *a = screen->sides[0], *b = screen->sides[1];

	if (a == NULL || b == NULL)
		return;
	screen->rows = ARENA_ARRAY(screen->answers, struct version_row, version_rows_max(screen) + 1);
	screen->row_count = 0;
	version_add_fields(screen, screen->entity, a, b);
	for (size_t i = 0; i < a->n_lines; i++)
		version_add_fields(screen, a->lines[i]->entity, a->lines[i],
		    version_line(b, a->lines[i]->entity, a->lines[i]->id));
	for (size_t i = 0; i < b->n_lines; i++)
		if (version_line(a, b->lines[i]->entity, b->lines[i]->id) == NULL)
			version_add_fields(screen, b->lines[i]->entity, NULL, b->lines[i]);
	version_sort(screen);
	list_reset(&screen->list, screen->row_count, false);
	ui_redraw(screen->app->ui);
}

static const struct list_row *
version_row(void *arg, size_t index)
{
	struct version_screen *screen = arg;
	const struct version_row *row = &screen->rows[index];
	const Kehu__Entity *entity = cat_entity(app_cat(screen->app), row->entity);
	const Kehu__Field *field = entity != NULL ? cat_field(entity, row->field) : NULL;
	struct arena *scratch = cells_scratch();
	struct cat_style style = app_style(screen->app);

	memset(screen->cells, 0, sizeof(screen->cells));
	screen->row = (struct list_row){ .id = (int64_t)index + 1, .cells = screen->cells,
		.role = row->differs ? ROLE_STRONG : ROLE_MUTED };
	if (field == NULL)
		return &screen->row;
	screen->cells[0] = arena_printf(scratch, "%s%s%s%s", row->differs ? "* " : "  ",
	    row->entity != screen->entity ? entity->label : "", row->entity != screen->entity ? " " : "",
	    field->label);
	for (size_t side = 0; side < VERSION_SIDES; side++)
		screen->cells[1 + side] = text_print(scratch,
		    cat_value_text(scratch, app_cat(screen->app), field, row->sides[side], &style), TEXT_LINE);
	return &screen->row;
}

/* ---- reading ---- */

static void
version_on_side(struct version_screen *screen, size_t side, const Kehu__ServerFrame *answer)
{
	screen->asking[side] = 0;
	if (answer->answer_case != KEHU__SERVER_FRAME__ANSWER_VERSION) {
		ask_say_error(screen->app, answer, screen->entity);
		ui_redraw(screen->app->ui);
		return;
	}
	screen->sides[side] = link_keep(screen->answers, answer)->version->record;
	version_build(screen);
}

static void
version_on_left(void *context, const Kehu__ServerFrame *answer)
{
	version_on_side(context, 0, answer);
}

static void
version_on_right(void *context, const Kehu__ServerFrame *answer)
{
	version_on_side(context, 1, answer);
}

static void
version_on_now(void *context, const Kehu__ServerFrame *answer)
{
	struct version_screen *screen = context;

	screen->asking_now = 0;
	if (answer->answer_case != KEHU__SERVER_FRAME__ANSWER_GET) {
		ask_say_error(screen->app, answer, screen->entity);
		ui_redraw(screen->app->ui);
		return;
	}
	screen->now = link_keep(screen->answers, answer)->get->record;
	if (screen->at[1] == screen->choice_count)
		screen->sides[1] = screen->now;
	version_build(screen);
}

static void
version_ask_side(struct version_screen *screen, size_t side)
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	struct arena *arena;

	screen->sides[side] = NULL;
	if (screen->at[side] == screen->choice_count) {
		screen->sides[side] = screen->now;
		version_build(screen);
		return;
	}
	arena = arena_new(0);
	version_ask(arena,
	    &(struct version_asked){ .entity = screen->entity,
		.id = screen->id,
		.change = screen->choices[screen->at[side]].change },
	    &frame);
	ask_cancel(screen->app, &screen->asking[side]);
	screen->asking[side] = ask_send(
	    screen->app, &frame, 0, side == 0 ? version_on_left : version_on_right, screen);
	arena_free(arena);
}

static void
version_ask_all(struct version_screen *screen)
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__Get get = KEHU__GET__INIT;

	ask_cancel(screen->app, &screen->asking_now);
	screen->now = screen->sides[0] = screen->sides[1] = NULL;
	screen->row_count = 0;
	list_reset(&screen->list, 0, false);
	arena_reset(screen->answers);
	get.has_entity = get.has_id = true;
	get.entity = screen->entity;
	get.id = screen->id;
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_GET;
	frame.get = &get;
	screen->asking_now = ask_send(screen->app, &frame, 0, version_on_now, screen);
	for (size_t side = 0; side < VERSION_SIDES; side++)
		if (screen->at[side] < screen->choice_count)
			version_ask_side(screen, side);
}

/* One version older or newer on a side; after the newest comes what there is now. */
static void
version_move(struct version_screen *screen, size_t side, bool older)
{
	size_t at = screen->at[side], now = screen->choice_count;

	if (older)
		at = at == now ? 0 : at + 1 < now ? at + 1 : at;
	else if (at != now)
		at = at > 0 ? at - 1 : side == 1 ? now : 0;
	if (at == screen->at[side])
		return;
	screen->at[side] = at;
	version_ask_side(screen, side);
}

/* ---- putting back ---- */

/* The fields of the marked rows; lines go with the whole only. */
static size_t
version_marked(const struct version_screen *screen, uint32_t *fields)
{
	size_t count = 0;

	for (size_t i = 0; i < screen->row_count; i++)
		if (list_is_marked(&screen->list, (int64_t)i + 1) &&
		    screen->rows[i].entity == screen->entity)
			fields[count++] = screen->rows[i].field;
	return count;
}

static void version_save(void *context);

static void
version_on_saved(void *context, const Kehu__ServerFrame *answer)
{
	struct version_screen *screen = context;

	screen->saving = 0;
	if (consent_is_wanted(answer)) {
		consent_open(screen->app, answer, &screen->consent, version_save, screen);
		return;
	}
	if (answer->answer_case != KEHU__SERVER_FRAME__ANSWER_WRITTEN) {
		ask_say_error(screen->app, answer, screen->entity);
		ui_redraw(screen->app->ui);
		return;
	}
	if (!consent_said(answer->written))
		message_say(SAY_OK, 0, tr(T_VERSION_DONE));
	ui_pop_to(screen->app->ui, &screen->screen);
	ui_pop(screen->app->ui);
}

static void
version_save(void *context)
{
	struct version_screen *screen = context;
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__Save save = KEHU__SAVE__INIT;
	struct arena *arena = arena_new(0);
	uint32_t *fields = ARENA_ARRAY(arena, uint32_t, screen->row_count + 1);
	size_t count = version_marked(screen, fields);

	save.record = version_back(
	    arena, app_cat(screen->app), screen->now, screen->sides[0], fields, count);
	if (save.record == NULL) {
		message_say(SAY_NOTE, 0, tr(T_VERSION_SAME));
	} else if (screen->saving == 0) {
		frame.request_case = KEHU__CLIENT_FRAME__REQUEST_SAVE;
		frame.save = &save;
		consent_fill(&screen->consent, &frame);
		screen->saving = ask_send(screen->app, &frame, 0, version_on_saved, screen);
	}
	arena_free(arena);
}

static void
version_on_sure(void *arg, int choice)
{
	if (choice == 1)
		version_save(arg);
}

static void
version_put_back(struct version_screen *screen)
{
	struct arena *arena = cells_scratch();
	size_t count = version_marked(screen, ARENA_ARRAY(arena, uint32_t, screen->row_count + 1));

	if (screen->now == NULL || screen->sides[0] == NULL || screen->saving != 0) {
		message_say(SAY_NOTE, 0, tr(T_LOADING));
		return;
	}
	if ((screen->now->rights & CAT_MAY_EDIT) == 0 || viewing_is_on(screen->app)) {
		message_error(ERR_FORBIDDEN, NULL, screen->app->lang);
		return;
	}
	confirm_open(screen->app->ui,
	    &(struct confirm_config){ .title = tr(T_VERSION_BACK),
		.text = count > 0 ? arena_printf(arena, tr(T_VERSION_SURE_FIELDS), count) : tr(T_VERSION_SURE_ALL),
		.choices = { tr(T_NO), tr(T_YES) },
		.letters = { 'n', 'y' },
		.acts = { ACT_NONE, ACT_save },
		.answer = version_on_sure,
		.arg = screen });
}

/* ---- the screen ---- */

/* "2026-11-20 10:12 王晓", or "now". */
static const char *
version_name(const struct version_screen *screen, size_t side)
{
	const struct version_choice *choice = &screen->choices[screen->at[side]];
	struct arena *scratch = cells_scratch();

	if (screen->at[side] == screen->choice_count)
		return tr(T_VERSION_NOW);
	return arena_printf(scratch, "%s %s",
	    date_format_us(scratch, choice->at_us, screen->app->offset_min), choice->who);
}

static void
version_draw(struct screen *base, struct rect rect)
{
	struct version_screen *screen = (struct version_screen *)base;

	screen->columns[0].title = tr(T_HISTORY_FIELD);
	for (size_t side = 0; side < VERSION_SIDES; side++)
		screen->columns[1 + side].title = version_name(screen, side);
	screen->list.empty = tr(T_LOADING);
	list_draw(&screen->list, rect, true);
}

static const char *
version_title(struct screen *base)
{
	(void)base;
	return tr(T_VERSION_TITLE);
}

static const char *
version_hint(struct screen *base)
{
	(void)base;
	return tr(T_VERSION_HINT);
}

static bool
version_can(struct screen *base, enum act act)
{
	(void)base;
	return act != ACT_edit && act != ACT_new && act != ACT_find && act != ACT_print &&
	    act != ACT_open && act != ACT_preview && act != ACT_export && act != ACT_import && act != ACT_option &&
	    act != ACT_reply;
}

static const char *
version_label(struct screen *base, enum act act)
{
	(void)base;
	return act == ACT_actions ? tr(T_VERSION_BACK) : NULL;
}

static unsigned
version_key(struct screen *base, enum act act, const struct event *event)
{
	struct version_screen *screen = (struct version_screen *)base;

	switch (act) {
	case ACT_actions:
		version_put_back(screen);
		return UI_DONE;
	case ACT_refresh:
		return UI_DONE | UI_RELOAD;
	case ACT_narrower:
	case ACT_wider:
		version_move(screen, 0, act == ACT_narrower);
		return UI_DONE;
	case ACT_sort:
	case ACT_sort_turn:
		version_move(screen, 1, act == ACT_sort);
		return UI_DONE;
	default:
		return list_key(&screen->list, act, event) & ~(unsigned)UI_ACT;
	}
}

static void
version_reload(struct screen *base)
{
	version_ask_all((struct version_screen *)base);
}

static void
version_leave(struct screen *base)
{
	struct version_screen *screen = (struct version_screen *)base;

	ask_cancel(screen->app, &screen->asking[0]);
	ask_cancel(screen->app, &screen->asking[1]);
	ask_cancel(screen->app, &screen->asking_now);
	ask_cancel(screen->app, &screen->saving);
	list_fini(&screen->list);
	arena_free(screen->arena);
	arena_free(screen->answers);
	free(screen);
}

static const struct screen_ops version_ops = {
	.name = "version",
	.context = CTX_LIST,
	.title = version_title,
	.draw = version_draw,
	.hint = version_hint,
	.can = version_can,
	.label = version_label,
	.key = version_key,
	.reload = version_reload,
	.leave = version_leave,
};

void
version_open(struct app *app, uint32_t entity, int64_t id, const struct version_choice *choices,
    size_t count, size_t first)
{
	struct version_screen *screen = mem_zalloc(1, sizeof(*screen));

	screen->screen.ops = &version_ops;
	screen->app = app;
	screen->entity = entity;
	screen->id = id;
	screen->arena = arena_new(0);
	screen->answers = arena_new(0);
	screen->choices = arena_memdup(screen->arena, choices, count * sizeof(*choices));
	for (size_t i = 0; i < count; i++) {
		struct version_choice *choice = &screen->choices[i];

		choice->who = arena_strdup(screen->arena, choice->who);
		choice->change.data =
		    arena_memdup(screen->arena, choice->change.data, choice->change.len);
	}
	screen->choice_count = count;
	screen->at[0] = first;
	screen->at[1] = count;
	screen->columns[0] = (struct list_column){ .min_cols = 12, .want_cols = 22 };
	screen->columns[1] = screen->columns[2] =
	    (struct list_column){ .min_cols = 18, .want_cols = 28, .stretch = true };
	screen->list = (struct list){ .columns = screen->columns,
		.column_count = VERSION_COLUMNS,
		.row = version_row,
		.marks = true,
		.arg = screen };
	list_init(&screen->list);
	ui_push(app->ui, &screen->screen);
	version_ask_all(screen);
}
