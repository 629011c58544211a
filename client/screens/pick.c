/*
 * Picking one record of an entity: searched ones by the server's search while typing, the
 * others (users, regions, tags) from the list of all of them, read once and matched here, by
 * pinyin as well. What was used last comes first.
 */
#include "client/screens/pick.h"

#include "client/screens/ask.h"
#include "client/screens/cell.h"
#include "client/screens/recent.h"
#include "client/screens/shelf.h"
#include "client/ui/picker.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/text.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
	PICK_REST_MS = 150,
	PICK_HITS = 30,
	PICK_SHOWN = 200,
	PICK_PAGE = 500,
	PICK_KEPT = 8,             /* entities whose rows are kept */
	PICK_KEPT_MS = 10 * 60000, /* so long: they change rarely */
	PICK_ALL_MAX = 20000, /* of an entity held here; beyond, the query asks the server */
};

struct pick_row {
	int64_t id;
	const char *label, *note;
	const char *own; /* a name shorter than the label (杭州市 of 浙江省杭州市), or NULL */
};

/* All rows of a set-up entity, kept for the next picker. */
struct pick_kept {
	uint32_t entity;
	struct arena *arena; /* NULL: free */
	struct pick_row *rows;
	size_t count;
	int64_t read_ms;
	unsigned epoch; /* of the program */
};

struct picks {
	struct pick_kept kept[PICK_KEPT];
};

struct pick {
	struct app *app;
	uint32_t entity;
	void (*chosen)(void *context, int64_t id, const char *label);
	void *context;
	struct picker *picker;
	unsigned timer;
	uint32_t number;
	char *asked;
	/* searched entities: the hits; the others: all rows so far */
	struct arena *arena;
	struct pick_row *rows;
	size_t count, room;
	uint8_t *fits; /* how well each row fits what was typed last */
	bool whole;    /* all rows are here */
	int64_t read_ms;
	uint32_t columns[4];                  /* label, note, own name */
	size_t column_count, note_at, own_at; /* 0: there is none */
	struct recent_item recent[RECENT_MAX];
};

/* ---- showing ---- */

static void
pick_show_row(struct pick *pick, int64_t id, const char *label, const char *note, bool exact)
{
	picker_add(pick->picker,
	    &(struct picker_item){ .id = id, .label = label, .note = note, .exact = exact });
}

static bool
pick_is_recent(const struct pick *pick, size_t recent, int64_t id)
{
	for (size_t i = 0; i < recent; i++)
		if (pick->recent[i].id == id)
			return true;
	return false;
}

static uint8_t
pick_match(const struct pick_row *row, const char *text)
{
	int label = picker_match(row->label, text);
	int own = row->own == NULL || label == 3 ? 0 : picker_match(row->own, text);

	int note = row->note == NULL || label == 3 ? 0 : picker_match(row->note, text);

	if (note > own)
		own = note;
	return (uint8_t)(own > label ? own : label);
}

/* Used last and fitting, then by how well the rest fits; hits keep the server's order. */
static void
pick_fill(struct pick *pick, const char *text)
{
	const Kehu__Entity *entity = cat_entity(app_cat(pick->app), pick->entity);
	struct recent_item items[RECENT_MAX];
	size_t count = recent_list(pick->app, pick->entity, items, RECENT_MAX), recent = 0,
	       shown;
	bool local = entity == NULL || !entity->searched;

	picker_clear(pick->picker);
	for (size_t i = 0; i < count; i++)
		if (picker_match(items[i].label, text) >= (local ? 1 : text[0] ? 2 : 1)) {
			pick->recent[recent++] = items[i];
			pick_show_row(
			    pick, items[i].id, items[i].label, tr(T_PALETTE_RECENT), false);
		}
	shown = recent;
	pick->fits = mem_resize(pick->fits, pick->count + 1);
	for (size_t i = 0; i < pick->count; i++)
		pick->fits[i] = local ? pick_match(&pick->rows[i], text) : 1;
	for (int want = local && text[0] ? 3 : 1; want >= 1; want--)
		for (size_t i = 0; i < pick->count && shown < PICK_SHOWN; i++) {
			const struct pick_row *row = &pick->rows[i];

			if (pick->fits[i] != want || pick_is_recent(pick, recent, row->id))
				continue;
			pick_show_row(pick, row->id, row->label, row->note,
			    text[0] != '\0' && strcmp(row->label, text) == 0);
			shown++;
		}
}

static struct pick_row *
pick_new_row(struct pick *pick)
{
	if (pick->count == pick->room) {
		size_t room = pick->room == 0 ? 64 : pick->room * 2;

		pick->rows = mem_resize(pick->rows, room * sizeof(*pick->rows));
		pick->room = room;
	}
	return &pick->rows[pick->count++];
}

/* ---- searched entities ---- */

static void
pick_on_hits(void *context, const Kehu__ServerFrame *answer)
{
	struct pick *pick = context;

	pick->number = 0;
	if (answer->answer_case != KEHU__SERVER_FRAME__ANSWER_SEARCH) {
		ask_say_error(pick->app, answer, pick->entity);
		picker_settle(pick->picker);
		return;
	}
	ask_say_search(answer->search);
	arena_reset(pick->arena);
	pick->count = 0;
	for (size_t i = 0; i < answer->search->n_hits; i++) {
		const Kehu__Hit *hit = answer->search->hits[i];
		bool other = hit->matched != NULL && strcmp(hit->matched, hit->label) != 0;

		*pick_new_row(pick) = (struct pick_row){ .id = hit->id,
			.label = arena_strdup(
			    pick->arena, text_print(pick->arena, hit->label, TEXT_LINE)),
			.note = other ? arena_strdup(pick->arena,
					    text_print(pick->arena, hit->matched, TEXT_LINE))
				      : arena_printf(pick->arena, "#%" PRId64, hit->id) };
	}
	pick_fill(pick, picker_text(pick->picker));
	picker_settle(pick->picker);
}

static void
pick_on_rest(void *arg)
{
	struct pick *pick = arg;
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__Search search = KEHU__SEARCH__INIT;

	pick->timer = 0;
	search.text = pick->asked;
	search.has_entity = search.has_limit = true;
	search.entity = pick->entity;
	search.limit = PICK_HITS;
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_SEARCH;
	frame.search = &search;
	ask_cancel(pick->app, &pick->number);
	pick->number = ask_send(pick->app, &frame, ASK_QUIET | LINK_CACHE, pick_on_hits, pick);
}

/* ---- the others: all rows, page by page ---- */

void
pick_init(struct app *app)
{
	app->picks = mem_zalloc(1, sizeof(*app->picks));
}

static void
pick_forget(struct pick_kept *kept)
{
	if (kept->arena != NULL)
		arena_free(kept->arena);
	free(kept->rows);
	*kept = (struct pick_kept){ 0 };
}

void
pick_fini(struct app *app)
{
	for (size_t i = 0; i < PICK_KEPT; i++)
		pick_forget(&app->picks->kept[i]);
	free(app->picks);
	app->picks = NULL;
}

/* What is kept of the entity, else the place to keep it in: the oldest. */
static struct pick_kept *
pick_place(struct app *app, uint32_t entity)
{
	struct pick_kept *oldest = &app->picks->kept[0];

	for (size_t i = 0; i < PICK_KEPT; i++) {
		struct pick_kept *kept = &app->picks->kept[i];

		if (kept->arena != NULL && kept->entity == entity)
			return kept;
		if (kept->read_ms < oldest->read_ms)
			oldest = kept;
	}
	return oldest;
}

/* The rows of an earlier picker become this one's; false: there are none, or they are old. */
static bool
pick_take_kept(struct pick *pick)
{
	struct pick_kept *kept = pick_place(pick->app, pick->entity);

	if (kept->arena == NULL || kept->entity != pick->entity ||
	    kept->epoch != pick->app->epoch || loop_now_ms() - kept->read_ms > PICK_KEPT_MS)
		return false;
	arena_free(pick->arena);
	pick->arena = kept->arena;
	pick->rows = kept->rows;
	pick->count = pick->room = kept->count;
	pick->read_ms = kept->read_ms;
	pick->whole = true;
	*kept = (struct pick_kept){ 0 };
	return true;
}

static void
pick_keep(struct pick *pick)
{
	struct pick_kept *kept = pick_place(pick->app, pick->entity);

	pick_forget(kept);
	*kept = (struct pick_kept){ .entity = pick->entity,
		.arena = pick->arena,
		.rows = pick->rows,
		.count = pick->count,
		.read_ms = pick->read_ms,
		.epoch = pick->app->epoch };
	pick->arena = NULL;
	pick->rows = NULL;
}

static void pick_ask_page(struct pick *pick, ProtobufCBinaryData cursor);

static const char *
pick_cell(struct pick *pick, const Kehu__Entity *entity, const Kehu__Row *row, size_t column)
{
	const Kehu__Field *field = cat_field(entity, pick->columns[column]);
	struct cat_style style = app_style(pick->app);

	if (column >= row->n_cells || field == NULL)
		return "";
	return arena_strdup(pick->arena, text_print(pick->arena,
					     cat_value_text(pick->arena, app_cat(pick->app),
						 field, row->cells[column], &style),
					     TEXT_LINE));
}

static void
pick_on_page(void *context, const Kehu__ServerFrame *answer)
{
	struct pick *pick = context;
	const Kehu__Entity *entity = cat_entity(app_cat(pick->app), pick->entity);

	pick->number = 0;
	if (answer->answer_case != KEHU__SERVER_FRAME__ANSWER_PAGE || entity == NULL) {
		ask_say_error(pick->app, answer, pick->entity);
		return;
	}
	for (size_t i = 0; i < answer->page->n_rows; i++) {
		const Kehu__Row *row = answer->page->rows[i];

		*pick_new_row(pick) = (struct pick_row){ .id = row->id,
			.label = pick_cell(pick, entity, row, 0),
			.note = pick->note_at > 0
				    ? pick_cell(pick, entity, row, pick->note_at)
				    : arena_printf(pick->arena, "#%" PRId64, row->id),
			.own = pick->own_at > 0 ? pick_cell(pick, entity, row, pick->own_at)
						: NULL };
	}
	if (answer->page->has_next && pick->count < PICK_ALL_MAX)
		pick_ask_page(pick, answer->page->next);
	else
		pick->whole = true;
	pick->read_ms = loop_now_ms();
	pick_fill(pick, picker_text(pick->picker));
}

static void
pick_ask_page(struct pick *pick, ProtobufCBinaryData cursor)
{
	Kehu__ClientFrame frame;
	Kehu__List list;
	struct ask_list ask = { .entity = pick->entity,
		.limit = PICK_PAGE,
		.cursor = cursor,
		.columns = pick->columns,
		.column_count = pick->column_count };

	ask_list_frame(&frame, &list, &ask);
	pick->number = ask_send(pick->app, &frame, ASK_QUIET | LINK_CACHE, pick_on_page, pick);
}

/*
 * The label as people tell rows apart: the full name where there is one (浙江省杭州市); beside
 * it what is short and known to them (a login name, a code); last the record's own name.
 */
static void
pick_choose_columns(struct pick *pick, const Kehu__Entity *entity)
{
	uint32_t label = app_field(entity, "full_name"), note = 0;

	if (label == 0)
		label = entity->label_field;
	for (size_t i = 0; i < entity->n_fields && note == 0; i++)
		if (entity->fields[i]->number != label &&
		    entity->fields[i]->number != entity->label_field &&
		    (entity->fields[i]->flags & CAT_COLUMN) &&
		    entity->fields[i]->type == CAT_TEXT)
			note = entity->fields[i]->number;
	pick->columns[0] = label;
	pick->column_count = 1;
	pick->note_at = pick->own_at = 0;
	if (note != 0) {
		pick->note_at = pick->column_count;
		pick->columns[pick->column_count++] = note;
	}
	if (label != entity->label_field) {
		pick->own_at = pick->column_count;
		pick->columns[pick->column_count++] = entity->label_field;
	}
}

/* Without a link: what is kept here. */
static void
pick_take_shelf(struct pick *pick, const char *text)
{
	struct shelf_item items[PICK_HITS];
	size_t count = shelf_find(pick->app, pick->entity, text, items, PICK_HITS);

	ask_cancel(pick->app, &pick->number);
	arena_reset(pick->arena);
	pick->count = 0;
	for (size_t i = 0; i < count; i++)
		*pick_new_row(pick) = (struct pick_row){ .id = items[i].id,
			.label = arena_strdup(pick->arena, items[i].label),
			.note = tr(T_SHELF_NOTE) };
}

/* ---- the picker ---- */

static void
pick_search(void *arg, struct picker *picker, const char *text)
{
	struct pick *pick = arg;
	const Kehu__Entity *entity = cat_entity(app_cat(pick->app), pick->entity);
	uint32_t code;

	pick->picker = picker;
	if (entity != NULL && entity->searched && shelf_serves(pick->app)) {
		pick_take_shelf(pick, text);
	} else if (entity != NULL && entity->searched) {
		bool enough = strlen(text) >= 2 ||
			      (text_decode(text, strlen(text), &code) > 0 && text_is_han(code));

		ask_cancel(pick->app, &pick->number);
		loop_cancel(pick->app->loop, pick->timer);
		pick->timer = 0;
		free(pick->asked);
		pick->asked = mem_strdup(text);
		if (enough)
			pick->timer =
			    loop_timer(pick->app->loop, PICK_REST_MS, pick_on_rest, pick);
		else
			pick->count = 0;
	} else if (entity != NULL && !pick->whole && pick->number == 0 &&
		   !pick_take_kept(pick)) {
		pick_choose_columns(pick, entity);
		pick_ask_page(pick, (ProtobufCBinaryData){ 0 });
	}
	pick_fill(pick, text);
}

static unsigned
pick_take(void *arg, const struct picker_item *item, const char *text)
{
	struct pick *pick = arg;

	(void)text;
	if (item == NULL) {
		if (pick->number != 0 || pick->timer != 0)
			picker_owe(pick->picker);
		return UI_HANDLED;
	}
	recent_add(pick->app, pick->entity, item->id, item->label);
	pick->chosen(pick->context, item->id, item->label);
	return UI_DONE | UI_CLOSE;
}

static void
pick_closed(void *arg)
{
	struct pick *pick = arg;

	ask_cancel(pick->app, &pick->number);
	loop_cancel(pick->app->loop, pick->timer);
	if (pick->whole && pick->app->picks != NULL)
		pick_keep(pick);
	if (pick->arena != NULL)
		arena_free(pick->arena);
	free(pick->rows);
	free(pick->fits);
	free(pick->asked);
	free(pick);
}

void
pick_open(struct app *app, uint32_t entity, const char *title,
    void (*chosen)(void *context, int64_t id, const char *label), void *context)
{
	struct pick *pick = mem_zalloc(1, sizeof(*pick));

	*pick = (struct pick){ .app = app,
		.entity = entity,
		.chosen = chosen,
		.context = context,
		.arena = arena_new(0) };
	picker_open(app->ui, &(struct picker_config){ .title = title,
				 .search = pick_search,
				 .take = pick_take,
				 .closed = pick_closed,
				 .arg = pick });
}
