/* The history of a record, field by field, newest first; see record_tab.h. */
#include "client/screens/ask.h"
#include "client/screens/record_tab.h"
#include "client/screens/version.h"
#include "common/date.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/text.h"
#include <stdlib.h>
#include <string.h>

enum { HISTORY_COLUMNS = 4, HISTORY_LIMIT = 50, HISTORY_TEXT_FIELDS = 3 };

/* One row of the table: a field of a change, or a change without fields. */
struct history_row {
	const Kehu__Change *change;
	const Kehu__FieldChange *field; /* NULL: none */
	bool first;                     /* of its change: says who and when */
};

struct record_history {
	struct app *app;
	uint32_t entity;
	int64_t id;
	struct arena *arena;
	struct history_row *rows;
	size_t count, room;
	ProtobufCBinaryData next;
	uint32_t asking;
	bool asked;

	struct list list;
	struct list_row row;
	const char *cells[HISTORY_COLUMNS];
};

static struct list_column history_columns[HISTORY_COLUMNS] = {
	{ .min_cols = 16, .want_cols = 16 },
	{ .min_cols = 8, .want_cols = 12 },
	{ .min_cols = 10, .want_cols = 16 },
	{ .min_cols = 20, .want_cols = 40, .stretch = true },
};

/* ---- words ---- */

static const char *
history_kind(uint32_t kind)
{
	static const enum text_id words[] = { T_HISTORY_CREATED, T_HISTORY_CHANGED,
		T_HISTORY_DELETED, T_HISTORY_RESTORED, T_HISTORY_SHARED, T_HISTORY_UNSHARED };

	return kind >= 1 && kind <= sizeof(words) / sizeof(words[0]) ? tr(words[kind - 1]) : "";
}

/* "级别", or "电话 号码" where a line was changed. */
static const char *
history_label(struct app *app, struct arena *arena, uint32_t root, const Kehu__Change *change,
    const Kehu__FieldChange *what)
{
	const Kehu__Entity *entity = cat_entity(app_cat(app), change->entity);
	const Kehu__Field *field = entity == NULL ? NULL : cat_field(entity, what->field);

	if (field == NULL)
		return "";
	return change->entity == root
		   ? field->label
		   : arena_printf(arena, "%s %s", entity->label, field->label);
}

static const char *
history_values(struct app *app, struct arena *arena, const Kehu__Change *change,
    const Kehu__FieldChange *what)
{
	const Kehu__Entity *entity = cat_entity(app_cat(app), change->entity);
	const Kehu__Field *field = entity == NULL ? NULL : cat_field(entity, what->field);
	struct cat_style style = app_style(app);
	const char *old, *new;

	if (field == NULL)
		return "";
	old = cat_value_text(arena, app_cat(app), field, what->old, &style);
	new = cat_value_text(arena, app_cat(app), field, what->new_, &style);
	if (*old == '\0' && change->kind == 1)
		return text_print(arena, new, TEXT_LINE);
	return text_print(arena,
	    arena_printf(arena, "%s -> %s", *old ? old : "-", *new ? new : "-"), TEXT_LINE);
}

const char *
record_history_text(struct app *app, struct arena *arena, const Kehu__Change *change)
{
	struct buf text = BUF_INIT;
	const char *copy;

	for (size_t i = 0; i < change->n_fields && i < HISTORY_TEXT_FIELDS; i++) {
		const Kehu__FieldChange *what = change->fields[i];

		buf_printf(&text, "%s%s %s", i > 0 ? ", " : "",
		    history_label(app, arena, change->entity, change, what),
		    history_values(app, arena, change, what));
	}
	if (change->n_fields == 0)
		buf_printf(&text, "%s%s%s", history_kind(change->kind), change->note != NULL ? " " : "",
		    change->note != NULL ? text_print(arena, change->note, TEXT_LINE) : "");
	copy = arena_strdup(arena, buf_text(&text));
	buf_fini(&text);
	return copy;
}

/* ---- rows ---- */

static const struct list_row *
history_row(void *arg, size_t index)
{
	struct record_history *history = arg;
	const struct history_row *row = &history->rows[index];
	struct arena *scratch = cells_scratch();

	memset(history->cells, 0, sizeof(history->cells));
	history->row = (struct list_row){ .id = (int64_t)index + 1, .cells = history->cells };
	if (row->first) {
		history->cells[0] =
		    date_format_us(scratch, row->change->at_us, history->app->offset_min);
		history->cells[1] = text_print(scratch,
		    row->change->user_label != NULL ? row->change->user_label : "", TEXT_LINE);
	}
	if (row->field == NULL) {
		history->cells[2] = history_kind(row->change->kind);
		if (row->change->note != NULL)
			history->cells[3] = text_print(scratch, row->change->note, TEXT_LINE);
		return &history->row;
	}
	history->cells[2] =
	    history_label(history->app, scratch, history->entity, row->change, row->field);
	history->cells[3] = history_values(history->app, scratch, row->change, row->field);
	return &history->row;
}

static void
history_add(struct record_history *history, const Kehu__Change *change,
    const Kehu__FieldChange *field, bool first)
{
	if (history->count == history->room) {
		history->room = history->room ? history->room * 2 : 64;
		history->rows = mem_resize(history->rows, history->room * sizeof(*history->rows));
	}
	history->rows[history->count++] = (struct history_row){ change, field, first };
}

static void
history_take(struct record_history *history, const Kehu__HistoryAnswer *answer)
{
	for (size_t i = 0; i < answer->n_changes; i++) {
		const Kehu__Change *change = answer->changes[i];
		bool plain = change->kind != 2; /* created, deleted, restored: say so */

		if (plain || change->n_fields == 0)
			history_add(history, change, NULL, true);
		for (size_t f = 0; f < change->n_fields; f++)
			history_add(history, change, change->fields[f], f == 0 && !plain);
	}
	history->next = answer->next;
	if (!answer->has_next)
		history->next.len = 0;
	list_set_total(&history->list, history->count, history->next.len > 0);
}

static void
history_on_answer(void *context, const Kehu__ServerFrame *answer)
{
	struct record_history *history = context;

	history->asking = 0;
	if (answer->answer_case == KEHU__SERVER_FRAME__ANSWER_HISTORY)
		history_take(history, link_keep(history->arena, answer)->history);
	else
		ask_say_error(history->app, answer, history->entity);
	ui_redraw(history->app->ui);
}

static bool
history_is_proposal(const struct record_history *history)
{
	const Kehu__Entity *entity = app_entity(history->app, "approval");

	return entity != NULL && entity->number == history->entity;
}

static void
history_send(struct record_history *history)
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__History request = KEHU__HISTORY__INIT;
	Kehu__Proposal proposal = KEHU__PROPOSAL__INIT;

	/* Of an approval it is what would change; the word of each signer is on its first tab. */
	if (history_is_proposal(history)) {
		proposal.has_id = true;
		proposal.id = history->id;
		frame.request_case = KEHU__CLIENT_FRAME__REQUEST_PROPOSAL;
		frame.proposal = &proposal;
		history->asking =
		    ask_send(history->app, &frame, 0, history_on_answer, history);
		return;
	}
	request.has_entity = request.has_id = request.has_limit = true;
	request.entity = history->entity;
	request.id = history->id;
	request.limit = HISTORY_LIMIT;
	request.has_cursor = history->next.len > 0;
	request.cursor = history->next;
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_HISTORY;
	frame.history = &request;
	history->asking = ask_send(history->app, &frame, history->count > 0 ? ASK_QUIET : 0,
	    history_on_answer, history);
}

static void
history_visible(void *arg, size_t first, size_t count)
{
	struct record_history *history = arg;

	if (history->asking == 0 && history->next.len > 0 &&
	    first + count + 10 >= history->count)
		history_send(history);
}

/* ---- the tab ---- */

struct record_history *
record_history_new(struct app *app, uint32_t entity, int64_t id)
{
	struct record_history *history = mem_zalloc(1, sizeof(*history));

	history->app = app;
	history->entity = entity;
	history->id = id;
	history->arena = arena_new(0);
	history->list = (struct list){ .columns = history_columns,
		.column_count = HISTORY_COLUMNS,
		.row = history_row,
		.visible = history_visible,
		.arg = history };
	list_init(&history->list);
	return history;
}

void
record_history_free(struct record_history *history)
{
	ask_cancel(history->app, &history->asking);
	list_fini(&history->list);
	arena_free(history->arena);
	free(history->rows);
	free(history);
}

void
record_history_stale(struct record_history *history)
{
	history->asked = false;
}

void
record_history_ask(struct record_history *history)
{
	if (history->asked)
		return;
	ask_cancel(history->app, &history->asking);
	history->asked = true;
	history->count = 0;
	history->next.len = 0;
	arena_reset(history->arena);
	list_reset(&history->list, 0, false);
	history_send(history);
}

/* Changes of fields that are here, each once; *first is that of the row under the cursor. */
static size_t
history_choices(const struct record_history *history, struct version_choice *choices, size_t *first)
{
	size_t count = 0;

	for (size_t i = 0; i < history->count; i++) {
		const Kehu__Change *change = history->rows[i].change;

		if (change->kind > 4 || change->change.len == 0)
			continue;
		if (count == 0 || choices[count - 1].change.len != change->change.len ||
		    memcmp(choices[count - 1].change.data, change->change.data, change->change.len) != 0)
			choices[count++] = (struct version_choice){ change->change, change->at_us,
				text_print(cells_scratch(), change->user_label != NULL ? change->user_label : "",
				    TEXT_LINE) };
		if (i <= history->list.cursor)
			*first = count - 1;
	}
	return count;
}

static void
history_open_version(struct record_history *history)
{
	struct arena *arena = arena_new(0);
	struct version_choice *choices =
	    ARENA_ARRAY(arena, struct version_choice, history->count + 1);
	size_t first = 0, count = history_choices(history, choices, &first);

	if (count > 0 && !history_is_proposal(history))
		version_open(history->app, history->entity, history->id, choices, count, first);
	arena_free(arena);
}

unsigned
record_history_key(struct record_history *history, enum act act, const struct event *event)
{
	unsigned flags = list_key(&history->list, act, event);

	if (flags & UI_ACT) {
		history_open_version(history);
		return UI_DONE;
	}
	return flags;
}

void
record_history_draw(struct record_history *history, struct rect rect)
{
	static const enum text_id titles[HISTORY_COLUMNS] = { T_HISTORY_WHEN, T_HISTORY_WHO,
		T_HISTORY_FIELD, T_HISTORY_CHANGE };

	for (size_t i = 0; i < HISTORY_COLUMNS; i++)
		history_columns[i].title = tr(titles[i]);
	history->list.empty = tr(history->asking != 0 ? T_LOADING : T_LIST_EMPTY);
	list_draw(&history->list, rect, true);
}
