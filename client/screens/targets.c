/*
 * The grid of targets: one measure, people by months, keyed in cell by cell; what is done of each
 * is drawn beside it. F8 takes another measure, PgUp and PgDn other months, F10 saves all that was
 * changed as one.
 */
#include "client/screens/app.h"

#include "client/link/goal.h"
#include "client/screens/ask.h"
#include "client/screens/consent.h"
#include "client/screens/form_grid.h"
#include "client/ui/confirm.h"
#include "client/ui/picker.h"
#include "common/date.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/money.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
	TARGETS_WIDE_COLS = 110, /* from here on six months have room */
	TARGETS_MONTHS_MAX = 6,
	TARGETS_CELL_COLS = 12,
	TARGETS_BAR = 10,
	TARGETS_BELOW = 3,  /* rows below the grid: two sums and the one they stand off */
	TARGETS_FRAME = 5,  /* rows of title, head, hint, message and keys */
	TARGETS_TITLES = 2, /* rows of a grid above its lines */
	TARGETS_NAME = 1,   /* numbers of the fields the grid is made of; months follow */
	TARGETS_DONE,
	TARGETS_MONTH,
};

struct targets {
	struct screen screen;
	struct app *app;
	const Kehu__Entity *entity;   /* "target" */
	struct arena *arena;          /* of the answer and what is made of it */
	const Kehu__TargetsAnswer *answer;
	Kehu__Entity *form;           /* an entity of a line for each person, a field for each month */
	struct lines *lines;
	const char *measure;          /* code; of the application's arena */
	int64_t month;                /* first day of the first; 0: this one */
	bool dirty, closing;
	enum lang lang;
	uint32_t asking, saving;
};

static struct grid *
targets_grid(const struct targets *targets)
{
	return targets->lines != NULL ? lines_grid(targets->lines) : NULL;
}

/* The month of the column with the cursor, the first one where it stands on none. */
static size_t
targets_month(const struct targets *targets)
{
	size_t at = targets_grid(targets) != NULL ? grid_at(targets_grid(targets)) : 0;

	return at >= 1 && at <= targets->answer->n_months ? at - 1 : 0;
}

static const char *
targets_measure_label(const struct targets *targets)
{
	const Kehu__DictionaryItem *item =
	    cat_item(cat_dictionary(app_cat(targets->app), "target_measure"), targets->measure);

	return item != NULL ? item->label : targets->measure;
}

static const char *
targets_month_text(int64_t day)
{
	return arena_strndup(cells_scratch(), date_format(cells_scratch(), day), 7);
}

static const char *
targets_number(const struct targets *targets, int64_t number)
{
	return targets->answer->money ? money_format(cells_scratch(), number, 2, false)
				      : arena_printf(cells_scratch(), "%" PRId64, number);
}

/* ---- the grid ---- */

/* What stands in a cell now, typed or read; 0: nothing, or nothing that can be read. */
static int64_t
targets_goal(const struct targets *targets, size_t line, size_t month)
{
	Kehu__Value value;

	return grid_value(targets_grid(targets), cells_scratch(), line, 1 + month, &value) == ERR_OK
		   ? value.number
		   : 0;
}

/* "######---- 64%" for the month with the cursor. */
static const char *
targets_completion(const struct targets *targets, size_t line)
{
	size_t month = targets_month(targets);
	const Kehu__TargetsCell *cell = targets->answer->rows[line]->cells[month];
	int64_t goal = targets_goal(targets, line, month), full;
	char bar[TARGETS_BAR + 1];

	if (goal <= 0 || !cell->has_done)
		return "";
	full = cell->done <= 0	    ? 0
	       : cell->done >= goal ? TARGETS_BAR
				    : (int64_t)((double)cell->done / (double)goal * TARGETS_BAR);
	for (int i = 0; i < TARGETS_BAR; i++)
		bar[i] = i < full ? '#' : '-';
	bar[TARGETS_BAR] = '\0';
	return arena_printf(cells_scratch(), "%s %.0f%%", bar,
	    cell->done <= 0 ? 0.0 : (double)cell->done / (double)goal * 100);
}

static const char *
targets_show(void *context, size_t line, size_t at)
{
	const struct targets *targets = context;

	return at == 1 + targets->answer->n_months ? targets_completion(targets, line) : NULL;
}

static bool
targets_locked(void *context, size_t line)
{
	const struct targets *targets = context;

	return line < targets->answer->n_rows && !targets->answer->rows[line]->may_set;
}

static void
targets_touched(void *context)
{
	struct targets *targets = context;

	targets->dirty = true;
}

static void
targets_nothing(void *context)
{
	(void)context;
}

static Kehu__Field *
targets_field(struct targets *targets, uint32_t number, uint32_t type, const char *label)
{
	Kehu__Field *field = ARENA_NEW(targets->arena, Kehu__Field);

	kehu__field__init(field);
	field->has_number = field->has_type = field->has_flags = true;
	field->number = number;
	field->type = type;
	field->flags = CAT_COLUMN | (type == CAT_TEXT ? CAT_READONLY : 0U);
	field->name = arena_printf(targets->arena, "column%" PRIu32, number);
	field->label = arena_strdup(targets->arena, label);
	targets->form->fields[targets->form->n_fields++] = field;
	return field;
}

/* A name, the months, and what is done of the one with the cursor. */
static void
targets_make_form(struct targets *targets)
{
	const Kehu__TargetsAnswer *answer = targets->answer;

	targets->form = ARENA_NEW(targets->arena, Kehu__Entity);
	kehu__entity__init(targets->form);
	targets->form->label = arena_strdup(targets->arena, targets_measure_label(targets));
	targets->form->fields = ARENA_ARRAY(targets->arena, Kehu__Field *, answer->n_months + 2);
	targets_field(targets, TARGETS_NAME, CAT_TEXT, tr(T_TEAM_NAME));
	for (size_t i = 0; i < answer->n_months; i++)
		targets_field(targets, TARGETS_MONTH + (uint32_t)i, answer->money ? CAT_MONEY : CAT_INT,
		    targets_month_text(answer->months[i]));
	targets_field(targets, TARGETS_DONE, CAT_TEXT, tr(T_TARGETS_DONE));
}

static Kehu__Value *
targets_value(struct arena *arena, uint32_t field)
{
	Kehu__Value *value = ARENA_NEW(arena, Kehu__Value);

	kehu__value__init(value);
	value->has_field = true;
	value->field = field;
	return value;
}

static Kehu__Record *
targets_line(const struct targets *targets, const Kehu__TargetsRow *row)
{
	struct arena *arena = targets->arena;
	Kehu__Record *line = ARENA_NEW(arena, Kehu__Record);

	kehu__record__init(line);
	line->has_id = true;
	line->id = row->person;
	line->values = ARENA_ARRAY(arena, Kehu__Value *, row->n_cells + 1);
	line->values[line->n_values++] = targets_value(arena, TARGETS_NAME);
	line->values[0]->text = row->name;
	for (size_t i = 0; i < row->n_cells; i++) {
		Kehu__Value *value;

		if (!row->cells[i]->has_goal)
			continue;
		value = targets_value(arena, TARGETS_MONTH + (uint32_t)i);
		value->has_number = true;
		value->number = row->cells[i]->goal;
		if (targets->answer->money)
			value->text = arena_strdup(arena, "CNY");
		line->values[line->n_values++] = value;
	}
	return line;
}

static void
targets_load(struct targets *targets)
{
	const struct grid_owner owner = { .touched = targets_touched,
		.priced = targets_nothing,
		.settled = targets_nothing,
		.show = targets_show,
		.locked = targets_locked,
		.fixed = true,
		.cell_cols = TARGETS_CELL_COLS,
		.other_rows = TARGETS_FRAME + TARGETS_TITLES + TARGETS_BELOW,
		.context = targets };
	Kehu__Record record = KEHU__RECORD__INIT;

	if (targets->lines != NULL)
		lines_free(targets->lines);
	targets_make_form(targets);
	targets->lines = lines_new(targets->form);
	grid_new(targets->app, targets->lines, &owner);
	record.n_lines = targets->answer->n_rows;
	record.lines = ARENA_ARRAY(targets->arena, Kehu__Record *, record.n_lines + 1);
	for (size_t i = 0; i < record.n_lines; i++)
		record.lines[i] = targets_line(targets, targets->answer->rows[i]);
	lines_load(targets->lines, &record);
	if (record.n_lines > 0)
		grid_enter(targets_grid(targets), true);
	targets->dirty = false;
	targets->lang = targets->app->lang;
}

/* ---- reading ---- */

static void
targets_on_answer(void *context, const Kehu__ServerFrame *frame)
{
	struct targets *targets = context;

	targets->asking = 0;
	if (frame->answer_case != KEHU__SERVER_FRAME__ANSWER_TARGETS) {
		ask_say_error(targets->app, frame, targets->entity->number);
		return;
	}
	if (targets->lines != NULL)
		lines_free(targets->lines);
	targets->lines = NULL;
	arena_reset(targets->arena);
	targets->answer = link_keep(targets->arena, frame)->targets;
	targets->month = targets->answer->n_months > 0 ? targets->answer->months[0] : 0;
	targets_load(targets);
	ui_redraw(targets->app->ui);
}

static void
targets_ask(struct targets *targets)
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__Targets request = KEHU__TARGETS__INIT;

	request.measure = ask_text(targets->measure);
	request.has_months = true;
	request.months = cells_cols() >= TARGETS_WIDE_COLS ? TARGETS_MONTHS_MAX : TARGETS_MONTHS_MAX / 2;
	request.has_month = targets->month != 0;
	request.month = targets->month;
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_TARGETS;
	frame.targets = &request;
	ask_cancel(targets->app, &targets->asking);
	targets->asking = ask_send(targets->app, &frame, 0, targets_on_answer, targets);
}

/* ---- saving ---- */

/* A cell that differs from what was read. */
static Kehu__ClientFrame *
targets_step(const struct targets *targets, struct arena *arena, size_t line, size_t month)
{
	Kehu__Value value;
	enum err err = grid_value(targets_grid(targets), arena, line, 1 + month, &value);

	return goal_step(arena, targets->entity, targets->answer, targets->measure, targets->answer->rows[line], month,
	    err == ERR_OK ? &value.number : NULL);
}

/* The steps of all cells; without a list, how many. With find, the place of that step, from 1. */
static size_t
targets_gather(const struct targets *targets, struct arena *arena, Kehu__ClientFrame **list, size_t find,
    size_t *line, size_t *month)
{
	size_t count = 0;

	for (size_t i = 0; i < targets->answer->n_rows; i++)
		for (size_t m = 0; m < targets->answer->n_months; m++) {
			Kehu__ClientFrame *step =
			    targets_locked((void *)(uintptr_t)targets, i) ? NULL : targets_step(targets, arena, i, m);

			if (step == NULL)
				continue;
			if (list != NULL)
				list[count] = step;
			if (++count == find) {
				*line = i;
				*month = m;
			}
		}
	return count;
}

static void
targets_blame(struct targets *targets, const Kehu__Error *error)
{
	struct arena *arena = arena_new(0);
	size_t line, month;

	if (error->step > 0 && targets_gather(targets, arena, NULL, error->step, &line, &month) >= error->step)
		grid_blame(targets_grid(targets), line, TARGETS_MONTH + (uint32_t)month, error->text, true);
	arena_free(arena);
}

static void
targets_on_saved(void *context, const Kehu__ServerFrame *frame)
{
	struct targets *targets = context;
	bool closing = targets->closing;

	targets->saving = 0;
	targets->closing = false;
	if (frame->answer_case != KEHU__SERVER_FRAME__ANSWER_BULK) {
		ask_say_error(targets->app, frame, targets->entity->number);
		if (frame->answer_case == KEHU__SERVER_FRAME__ANSWER_ERROR)
			targets_blame(targets, frame->error);
		ui_redraw(targets->app->ui);
		return;
	}
	targets->dirty = false;
	if (frame->bulk->n_steps == 0 || !consent_said(frame->bulk->steps[0]))
		message_say(SAY_OK, 0, tr(T_TARGETS_SAVED));
	if (closing) {
		struct ui *ui = targets->app->ui;

		ui_pop_to(ui, &targets->screen);
		ui_pop(ui);
		return;
	}
	targets_ask(targets);
}

static void
targets_save(struct targets *targets)
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__Bulk bulk = KEHU__BULK__INIT;
	struct uuid intention = uuid_new();
	struct arena *arena;
	const char *error;
	size_t count;

	if (targets_grid(targets) == NULL || targets->saving != 0)
		return;
	error = grid_check(targets_grid(targets));
	if (error != NULL) {
		message_say(SAY_ERROR, 0, error);
		return;
	}
	arena = arena_new(0);
	count = targets_gather(targets, arena, NULL, 0, NULL, NULL);
	if (count == 0) {
		message_say(SAY_NOTE, 0, tr(T_TARGETS_SAME));
	} else {
		bulk.has_intention = true;
		bulk.intention.data = intention.bytes;
		bulk.intention.len = sizeof(intention.bytes);
		bulk.steps = ARENA_ARRAY(arena, Kehu__ClientFrame *, count);
		bulk.n_steps = targets_gather(targets, arena, bulk.steps, 0, NULL, NULL);
		frame.request_case = KEHU__CLIENT_FRAME__REQUEST_BULK;
		frame.bulk = &bulk;
		targets->saving = ask_send(targets->app, &frame, 0, targets_on_saved, targets);
	}
	arena_free(arena);
}

/* ---- another measure, other months, leaving ---- */

static void
targets_search(void *arg, struct picker *picker, const char *text)
{
	const struct targets *targets = arg;
	const Kehu__Dictionary *measures = cat_dictionary(app_cat(targets->app), "target_measure");

	picker_clear(picker);
	for (size_t i = 0; measures != NULL && i < measures->n_items; i++)
		if (!measures->items[i]->retired && (!*text || picker_match(measures->items[i]->label, text)))
			picker_add(picker, &(struct picker_item){ .id = (int64_t)i + 1,
					       .label = measures->items[i]->label });
}

static unsigned
targets_take(void *arg, const struct picker_item *item, const char *text)
{
	struct targets *targets = arg;
	const Kehu__Dictionary *measures = cat_dictionary(app_cat(targets->app), "target_measure");

	(void)text;
	if (item == NULL || measures == NULL || (size_t)item->id > measures->n_items)
		return UI_HANDLED;
	targets->measure = arena_strdup(targets->app->arena, measures->items[item->id - 1]->code);
	targets_ask(targets);
	return UI_DONE | UI_CLOSE;
}

/* What is not saved stands in the way of looking elsewhere. */
static bool
targets_is_kept(const struct targets *targets)
{
	if (targets->dirty)
		message_say(SAY_WARNING, 0, tr(T_TARGETS_UNSAVED));
	return !targets->dirty;
}

static unsigned
targets_go(struct targets *targets, int months)
{
	if (targets->answer == NULL || !targets_is_kept(targets))
		return UI_DONE;
	targets->month = date_add_months(targets->month, months * (int)targets->answer->n_months);
	targets_ask(targets);
	return UI_DONE;
}

static void
targets_on_left(void *arg, int choice)
{
	struct targets *targets = arg;
	struct ui *ui = targets->app->ui;

	if (choice == 0) {
		targets->closing = true;
		targets_save(targets);
		targets->closing = targets->saving != 0;
	} else if (choice == 1) {
		ui_pop_to(ui, &targets->screen);
		ui_pop(ui);
	}
}

static unsigned
targets_leave_asking(struct targets *targets)
{
	if (!targets->dirty)
		return UI_DONE | UI_CLOSE;
	confirm_open(targets->app->ui, &(struct confirm_config){ .title = tr(T_LEAVE_FORM),
					   .text = tr(T_TARGETS_LEAVE),
					   .choices = { tr(T_LEAVE_FORM_SAVE), tr(T_LEAVE_FORM_DISCARD) },
					   .letters = { 's', 'd' },
					   .acts = { ACT_save, ACT_NONE },
					   .answer = targets_on_left,
					   .arg = targets });
	return UI_DONE;
}

static unsigned
targets_key(struct screen *screen, enum act act, const struct event *event)
{
	struct targets *targets = (struct targets *)screen;

	switch (act) {
	case ACT_back:
	case ACT_cancel:
		return targets_leave_asking(targets);
	case ACT_save:
		if (targets_grid(targets) != NULL)
			grid_key(targets_grid(targets), act, event);
		targets_save(targets);
		return UI_DONE;
	case ACT_page_up:
		return targets_go(targets, -1);
	case ACT_page_down:
		return targets_go(targets, 1);
	case ACT_actions:
		if (targets_is_kept(targets))
			picker_open(targets->app->ui, &(struct picker_config){ .title = tr(T_TARGETS_MEASURE),
							  .search = targets_search,
							  .take = targets_take,
							  .arg = targets });
		return UI_DONE;
	default:
		break;
	}
	if (targets_grid(targets) == NULL || targets->answer->n_rows == 0 || targets->saving != 0)
		return UI_NONE;
	return grid_key(targets_grid(targets), act, event);
}

/* ---- drawing ---- */

static const char *
targets_title(struct screen *screen)
{
	(void)screen;
	return tr(T_TARGETS);
}

static void
targets_head(struct screen *screen, struct rect rect)
{
	const struct targets *targets = (struct targets *)screen;
	const Kehu__TargetsAnswer *answer = targets->answer;

	if (answer != NULL && answer->n_months > 0)
		cells_put(rect.y, rect.x, rect.cols,
		    arena_printf(cells_scratch(), tr(T_TARGETS_HEAD), targets_measure_label(targets),
			targets_month_text(answer->months[0]),
			targets_month_text(answer->months[answer->n_months - 1]), answer->n_rows),
		    ROLE_NORMAL);
}

/* What all are to reach and have done, under the months. */
static void
targets_draw_sums(struct targets *targets, struct rect rect)
{
	for (size_t month = 0; month < targets->answer->n_months; month++) {
		int64_t goal = 0, done = 0;
		int width, x = grid_column_x(targets_grid(targets), 1 + month, rect.cols, &width);

		for (size_t i = 0; i < targets->answer->n_rows; i++) {
			goal += targets_goal(targets, i, month);
			done += targets->answer->rows[i]->cells[month]->done;
		}
		if (x < 0)
			continue;
		cells_put_right(rect.y, rect.x + x, width, targets_number(targets, goal), ROLE_STRONG);
		cells_put_right(rect.y + 1, rect.x + x, width, targets_number(targets, done), ROLE_NORMAL);
	}
	cells_put(rect.y, rect.x + 5, 12, tr(T_TARGETS_SUM), ROLE_STRONG);
	cells_put(rect.y + 1, rect.x + 5, 12, tr(T_TARGETS_DONE), ROLE_NORMAL);
}

static void
targets_draw(struct screen *screen, struct rect rect)
{
	struct targets *targets = (struct targets *)screen;
	int rows;

	if (targets->answer == NULL)
		return;
	if (targets->lang != targets->app->lang && !targets->dirty)
		targets_load(targets);
	if (targets->answer->n_rows == 0) {
		cells_put(rect.y, rect.x + 1, rect.cols - 1, tr(T_TARGETS_NONE), ROLE_MUTED);
		return;
	}
	rows = grid_rows(targets_grid(targets));
	if (rows > rect.rows - TARGETS_BELOW)
		rows = rect.rows - TARGETS_BELOW;
	grid_draw(targets_grid(targets), (struct rect){ rect.y, rect.x, rows, rect.cols }, true);
	cells_rule(rect.y + rows, rect.x, rect.cols);
	targets_draw_sums(targets, (struct rect){ rect.y + rows + 1, rect.x, 2, rect.cols });
}

static const char *
targets_hint(struct screen *screen)
{
	const struct targets *targets = (struct targets *)screen;
	const Kehu__TargetsCell *cell;
	size_t line;

	if (targets_grid(targets) == NULL || targets->answer->n_rows == 0)
		return NULL;
	line = grid_line(targets_grid(targets));
	if (line >= targets->answer->n_rows)
		return NULL;
	if (targets_locked((void *)(uintptr_t)targets, line))
		return tr(T_TARGETS_LOCKED);
	cell = targets->answer->rows[line]->cells[targets_month(targets)];
	if (!cell->has_done)
		return tr(T_TARGETS_KEYS);
	return arena_printf(cells_scratch(), tr(T_TARGETS_HINT), targets->answer->rows[line]->name,
	    targets_month_text(targets->answer->months[targets_month(targets)]),
	    targets_number(targets, cell->done),
	    targets_number(targets, targets_goal(targets, line, targets_month(targets))), tr(T_TARGETS_KEYS));
}

static bool
targets_can(struct screen *screen, enum act act)
{
	const struct targets *targets = (struct targets *)screen;

	return act != ACT_print && act != ACT_undo && act != ACT_pick && act != ACT_editor &&
	       act != ACT_remove_line && (act != ACT_save || targets->dirty);
}

static const char *
targets_label(struct screen *screen, enum act act)
{
	(void)screen;
	return act == ACT_actions ? tr(T_TARGETS_MEASURE) : NULL;
}

static void
targets_leave(struct screen *screen)
{
	struct targets *targets = (struct targets *)screen;

	ask_cancel(targets->app, &targets->asking);
	ask_cancel(targets->app, &targets->saving);
	if (targets->lines != NULL)
		lines_free(targets->lines);
	arena_free(targets->arena);
	free(targets);
}

static const struct screen_ops targets_ops = {
	.name = "targets",
	.context = CTX_FORM,
	.title = targets_title,
	.head = targets_head,
	.draw = targets_draw,
	.hint = targets_hint,
	.can = targets_can,
	.label = targets_label,
	.key = targets_key,
	.leave = targets_leave,
};

void
targets_open(struct app *app)
{
	struct targets *targets = mem_zalloc(1, sizeof(*targets));

	targets->screen.ops = &targets_ops;
	targets->app = app;
	targets->entity = app_entity(app, "target");
	targets->arena = arena_new(0);
	targets->measure = "visits";
	targets->lang = app->lang;
	ui_push(app->ui, &targets->screen);
	targets_ask(targets);
}
