/*
 * The screen of merge.h: the table of choose.h over two records. What would move is what the server says
 * to a trial that keeps nothing; F10 tries again with what was chosen, shows it, and asks. What is typed
 * is saved in the same transaction.
 */
#include "client/screens/merge.h"

#include "client/screens/ask.h"
#include "client/screens/choose.h"
#include "client/screens/consent.h"
#include "client/ui/confirm.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/text.h"
#include <stdlib.h>
#include <string.h>

enum { MERGE_OTHER = 1, MERGE_TAKE, MERGE_REASON, MERGE_ARGUMENTS = 3, MERGE_LINES = 32 };
enum merge_try { MERGE_LOOKS, MERGE_TRIES, MERGE_DOES };

struct merge {
	struct choose choose; /* left: the one that stays */
	const Kehu__Entity *entity;
	const Kehu__Action *action;
	int64_t ids[2]; /* stays, goes */
	const Kehu__Record *records[2];
	enum merge_try trying;
	uint32_t asking;
	struct consent consent;
	void (*done)(void *context);
	void (*gone)(void *context);
	void *context;
};

bool
merge_is(const Kehu__Action *action)
{
	return strcmp(action->name, "merge") == 0 && action->n_arguments >= MERGE_ARGUMENTS;
}

/* ---- the rows ---- */

static struct choose_row *
merge_add(struct merge *merge, const Kehu__Field *field)
{
	struct choose_row *row = &merge->choose.rows[merge->choose.count++];

	*row = (struct choose_row){ .field = field, .side = CHOOSE_LEFT, .left = "", .right = "" };
	return row;
}

/* What belongs to a record alone (its number, who has it) is shown, and stays. */
static bool
merge_takes(const Kehu__Field *field)
{
	return (field->flags & (CAT_READONLY | CAT_MASKED | CAT_UNIQUE | CAT_FIGURE)) == 0 &&
	       strcmp(field->name, "owner_id") != 0;
}

static void
merge_add_field(struct merge *merge, const Kehu__Field *field)
{
	const Kehu__Value *values[2] = { cat_value(merge->records[0], field->number),
		cat_value(merge->records[1], field->number) };
	struct choose_row *row;

	if (cat_value_empty(values[0]) && cat_value_empty(values[1]))
		return;
	row = merge_add(merge, field);
	row->left = choose_text(&merge->choose, field, values[0]);
	row->right = choose_text(&merge->choose, field, values[1]);
	row->start = values[0];
	row->fixed = !merge_takes(field);
	if (cat_value_empty(values[0]))
		row->side = CHOOSE_RIGHT;
}

/* How many lines of each kind both have: those of both stay. */
static void
merge_add_lines(struct merge *merge, const Kehu__Entity *line)
{
	size_t counts[2] = { 0, 0 };
	struct arena *arena = merge->choose.arena;
	Kehu__Field *field = ARENA_NEW(arena, Kehu__Field);
	struct choose_row *row;

	for (size_t side = 0; side < 2; side++)
		for (size_t i = 0; i < merge->records[side]->n_lines; i++)
			counts[side] += merge->records[side]->lines[i]->entity == line->number;
	if (counts[0] + counts[1] == 0)
		return;
	kehu__field__init(field);
	field->label = line->label;
	row = merge_add(merge, field);
	row->fixed = true;
	row->left = arena_printf(arena, tr(T_MERGE_LINES), counts[0]);
	row->right = arena_printf(arena, tr(T_MERGE_LINES), counts[1]);
}

static const char *
merge_label(const struct merge *merge, size_t side)
{
	const char *label = merge->records[side]->label;

	return text_print(merge->choose.arena, label != NULL ? label : "", TEXT_LINE);
}

static void
merge_fill(struct merge *merge)
{
	const Kehu__Entity *lines[MERGE_LINES];
	size_t count = cat_lines(app_cat(merge->choose.app), merge->entity, lines, MERGE_LINES);
	struct arena *arena = merge->choose.arena;

	merge->choose.rows =
	    ARENA_ARRAY(arena, struct choose_row, merge->entity->n_fields + count + MERGE_ARGUMENTS);
	for (size_t i = 0; i < merge->entity->n_fields; i++)
		merge_add_field(merge, merge->entity->fields[i]);
	for (size_t i = 0; i < count; i++)
		merge_add_lines(merge, lines[i]);
	merge_add(merge, merge->action->arguments[MERGE_REASON - 1]);
	merge->choose.left_title = arena_printf(arena, tr(T_MERGE_KEPT_HEAD), merge_label(merge, 0));
	merge->choose.right_title = arena_printf(arena, tr(T_MERGE_GONE_HEAD), merge_label(merge, 1));
	merge->choose.note = "";
	choose_show(&merge->choose);
}

/* ---- asking the server ---- */

static Kehu__Value *
merge_argument(struct arena *arena, uint32_t number)
{
	Kehu__Value *value = ARENA_NEW(arena, Kehu__Value);

	kehu__value__init(value);
	value->has_field = true;
	value->field = number;
	return value;
}

static bool
merge_is_reason(const struct merge *merge, const struct choose_row *row)
{
	return row->field == merge->action->arguments[MERGE_REASON - 1];
}

static Kehu__Act *
merge_act(const struct merge *merge, struct arena *arena)
{
	Kehu__Act *act = ARENA_NEW(arena, Kehu__Act);
	Kehu__Value *other = merge_argument(arena, MERGE_OTHER), *take = merge_argument(arena, MERGE_TAKE);
	const char *names = "";

	kehu__act__init(act);
	act->has_entity = act->has_id = act->has_version = true;
	act->entity = merge->entity->number;
	act->id = merge->ids[0];
	act->version = merge->records[0]->version;
	act->action = merge->action->name;
	act->arguments = ARENA_ARRAY(arena, Kehu__Value *, MERGE_ARGUMENTS);
	other->has_number = true;
	other->number = merge->ids[1];
	for (size_t i = 0; i < merge->choose.count; i++) {
		const struct choose_row *row = &merge->choose.rows[i];

		if (!row->fixed && row->side == CHOOSE_RIGHT && !merge_is_reason(merge, row))
			names = arena_printf(arena, "%s%s%s", names, names[0] != '\0' ? " " : "",
			    row->field->name);
		if (merge_is_reason(merge, row) && row->side == CHOOSE_TYPED) {
			act->arguments[2] = merge_argument(arena, MERGE_REASON);
			act->arguments[2]->text = row->typed->text;
		}
	}
	take->text = ask_text(names);
	act->arguments[0] = other;
	act->arguments[1] = take;
	act->n_arguments = act->arguments[2] != NULL ? 3 : 2;
	return act;
}

/* What was typed, over the version the merge leaves; NULL: nothing. */
static Kehu__Save *
merge_save_typed(const struct merge *merge, struct arena *arena)
{
	Kehu__Save *save = ARENA_NEW(arena, Kehu__Save);
	Kehu__Record *record = ARENA_NEW(arena, Kehu__Record);

	kehu__save__init(save);
	kehu__record__init(record);
	record->values = ARENA_ARRAY(arena, Kehu__Value *, merge->choose.count + 1);
	for (size_t i = 0; i < merge->choose.count; i++) {
		const struct choose_row *row = &merge->choose.rows[i];

		if (row->side == CHOOSE_TYPED && !merge_is_reason(merge, row))
			record->values[record->n_values++] =
			    arena_memdup(arena, row->typed, sizeof(*row->typed));
	}
	if (record->n_values == 0)
		return NULL;
	record->has_entity = record->has_id = record->has_version = true;
	record->entity = merge->entity->number;
	record->id = merge->ids[0];
	record->version = merge->records[0]->version + 1;
	save->record = record;
	return save;
}

static void merge_on_answer(void *context, const Kehu__ServerFrame *answer);

static void
merge_send(struct merge *merge, enum merge_try trying)
{
	struct arena *arena = arena_new(0);
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT, steps[2] = { KEHU__CLIENT_FRAME__INIT,
								      KEHU__CLIENT_FRAME__INIT };
	Kehu__ClientFrame *list[2] = { &steps[0], &steps[1] };
	Kehu__Bulk bulk = KEHU__BULK__INIT;

	if (merge->asking != 0)
		ask_cancel(merge->choose.app, &merge->asking);
	merge->trying = trying;
	steps[0].request_case = KEHU__CLIENT_FRAME__REQUEST_ACT;
	steps[0].act = merge_act(merge, arena);
	steps[1].request_case = KEHU__CLIENT_FRAME__REQUEST_SAVE;
	steps[1].save = merge_save_typed(merge, arena);
	bulk.steps = list;
	bulk.n_steps = steps[1].save != NULL ? 2 : 1;
	bulk.has_dry_run = true;
	bulk.dry_run = trying != MERGE_DOES;
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_BULK;
	frame.bulk = &bulk;
	if (trying == MERGE_DOES)
		consent_fill(&merge->consent, &frame);
	merge->asking = ask_send(merge->choose.app, &frame, 0, merge_on_answer, merge);
	arena_free(arena);
}

/* The labels of what is taken, or typed. */
static const char *
merge_names(const struct merge *merge, enum choose_side side)
{
	const char *names = "";

	for (size_t i = 0; i < merge->choose.count; i++) {
		const struct choose_row *row = &merge->choose.rows[i];

		if (!row->fixed && row->side == side && !merge_is_reason(merge, row))
			names = arena_printf(cells_scratch(), "%s%s%s", names,
			    names[0] != '\0' ? tr(T_MERGE_AND) : "", row->field->label);
	}
	return names[0] != '\0' ? names : tr(T_MERGE_NOTHING);
}

static void
merge_on_agreed(void *context, int choice)
{
	if (choice == 1)
		merge_send(context, MERGE_DOES);
}

static void
merge_ask(struct merge *merge)
{
	confirm_open(merge->choose.app->ui,
	    &(struct confirm_config){ .title = tr(T_MERGE_TITLE),
		.text = arena_printf(cells_scratch(), tr(T_MERGE_ASK), merge_label(merge, 1),
		    merge_label(merge, 0), merge->choose.note, merge_names(merge, CHOOSE_RIGHT),
		    merge_names(merge, CHOOSE_TYPED)),
		.choices = { tr(T_NO), tr(T_MERGE_TITLE) },
		.letters = { 'n', 'y' },
		.acts = { ACT_NONE, ACT_save },
		.answer = merge_on_agreed,
		.arg = merge });
}

static void
merge_is_done(struct merge *merge, const Kehu__BulkAnswer *answer)
{
	struct ui *ui = merge->choose.app->ui;

	if (answer->n_steps == 0 || !consent_said(answer->steps[0]))
		message_sayf(SAY_OK, tr(T_MERGE_DONE), merge_label(merge, 0));
	ui_pop_to(ui, &merge->choose.screen);
	if (merge->done != NULL)
		merge->done(merge->context);
	ui_pop(ui);
	ui_redraw(ui);
}

static void
merge_again(void *context)
{
	merge_send(context, MERGE_DOES);
}

static void
merge_on_answer(void *context, const Kehu__ServerFrame *answer)
{
	struct merge *merge = context;

	merge->asking = 0;
	if (consent_is_wanted(answer)) {
		consent_open(merge->choose.app, answer, &merge->consent, merge_again, merge);
		return;
	}
	if (answer->answer_case != KEHU__SERVER_FRAME__ANSWER_BULK) {
		ask_say_error(merge->choose.app, answer, merge->entity->number);
		return;
	}
	if (merge->trying == MERGE_DOES) {
		merge_is_done(merge, answer->bulk);
		return;
	}
	if (answer->bulk->n_steps > 0 && answer->bulk->steps[0]->text != NULL)
		merge->choose.note = arena_strdup(merge->choose.arena,
		    text_print(cells_scratch(), answer->bulk->steps[0]->text, TEXT_LINE));
	if (merge->trying == MERGE_TRIES)
		merge_ask(merge);
	ui_redraw(merge->choose.app->ui);
}

static unsigned
merge_save(struct choose *choose)
{
	struct merge *merge = (struct merge *)choose;

	if (merge->records[1] == NULL)
		message_say(SAY_WARNING, 0, tr(T_MERGE_NONE));
	else
		merge_send(merge, MERGE_TRIES);
	return UI_DONE;
}

/* ---- reading both ---- */

static void merge_read(struct merge *merge, size_t side);

static void
merge_on_read(void *context, const Kehu__ServerFrame *answer)
{
	struct merge *merge = context;
	size_t side = merge->records[0] == NULL ? 0 : 1;

	merge->asking = 0;
	if (answer->answer_case != KEHU__SERVER_FRAME__ANSWER_GET || answer->get->record == NULL) {
		ask_say_error(merge->choose.app, answer, merge->entity->number);
		return;
	}
	merge->records[side] = link_keep(merge->choose.arena, answer)->get->record;
	if (side == 0) {
		merge_read(merge, 1);
	} else {
		merge_fill(merge);
		merge_send(merge, MERGE_LOOKS);
	}
}

static void
merge_read(struct merge *merge, size_t side)
{
	Kehu__ClientFrame frame;
	Kehu__Get get;

	ask_get_frame(&frame, &get, merge->entity->number, merge->ids[side]);
	merge->asking = ask_send(merge->choose.app, &frame, 0, merge_on_read, merge);
}

static void
merge_on_picked(void *context, int64_t id, const char *label)
{
	struct merge *merge = context;

	(void)label;
	if (id == merge->ids[0]) {
		message_say(SAY_WARNING, 0, tr(T_MERGE_ITSELF));
		return;
	}
	merge->ids[1] = id;
	merge->records[0] = merge->records[1] = NULL;
	merge->choose.note = tr(T_MERGE_READING);
	ask_cancel(merge->choose.app, &merge->asking);
	merge_read(merge, 0);
}

static void
merge_pick(struct choose *choose)
{
	struct merge *merge = (struct merge *)choose;

	pick_open(choose->app, merge->entity->number,
	    arena_printf(cells_scratch(), tr(T_MERGE_OTHER), merge->entity->label), merge_on_picked, merge);
}

static void
merge_gone(struct choose *choose)
{
	struct merge *merge = (struct merge *)choose;

	ask_cancel(choose->app, &merge->asking);
	if (merge->gone != NULL)
		merge->gone(merge->context);
}

void
merge_open(struct app *app, uint32_t entity, int64_t kept, int64_t other,
    void (*done)(void *context), void (*gone)(void *context), void *context)
{
	struct merge *merge = mem_zalloc(1, sizeof(*merge));

	merge->entity = cat_entity(app_cat(app), entity);
	merge->action = cat_action_called(merge->entity, "merge");
	merge->ids[0] = kept;
	merge->ids[1] = other;
	merge->done = done;
	merge->gone = gone;
	merge->context = context;
	merge->choose.app = app;
	merge->choose.arena = arena_new(0);
	merge->choose.title = T_MERGE_TITLE;
	merge->choose.hint = T_MERGE_HINT;
	merge->choose.none = T_MERGE_NONE;
	merge->choose.left_word = T_MERGE_KEPT;
	merge->choose.right_word = T_MERGE_GONE;
	merge->choose.left_title = merge->choose.right_title = "";
	merge->choose.note = other != 0 ? tr(T_MERGE_READING) : "";
	merge->choose.save_word = T_MERGE_TITLE;
	merge->choose.save = merge_save;
	merge->choose.pick = merge_pick;
	merge->choose.gone = merge_gone;
	choose_open(&merge->choose);
	if (other != 0)
		merge_read(merge, 0);
	else
		merge_pick(&merge->choose);
}
