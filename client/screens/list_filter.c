/*
 * The filter line of a list: the search language, run while it is typed and when the hand
 * rests, with what is not understood underlined, and names and values completed by Tab.
 */
#include "client/screens/list.h"
#include "client/screens/list_private.h"

#include "client/ui/confirm.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/text.h"
#include <stdlib.h>
#include <string.h>

enum { FILTER_REST_MS = 200, FILTER_SHOWN = 12 };

/* ---- running the query ---- */

static void
filter_forget_fault(struct list_screen *screen)
{
	free(screen->fault);
	screen->fault = NULL;
}

static void
filter_run(struct list_screen *screen, bool typing)
{
	const char *text = prompt_text(&screen->prompt);
	char *copy = mem_strdup(text);

	loop_cancel(screen->app->loop, screen->debounce);
	screen->debounce = 0;
	free(screen->query);
	screen->query = copy;
	screen->typing = typing;
	filter_forget_fault(screen);
	list_screen_ask(screen, typing, false);
}

static void
filter_on_rest(void *arg)
{
	struct list_screen *screen = arg;

	screen->debounce = 0;
	filter_run(screen, true);
	ui_redraw(screen->app->ui);
}

/* From one Han character or two letters on; an emptied line shows everything again. */
static bool
filter_is_enough(const char *text)
{
	uint32_t code;

	if (text[0] == '\0' || strlen(text) >= 2)
		return true;
	return text_decode(text, strlen(text), &code) > 0 && text_is_han(code);
}

static void
filter_changed(struct list_screen *screen)
{
	const char *text = prompt_text(&screen->prompt);

	loop_cancel(screen->app->loop, screen->debounce);
	screen->debounce = 0;
	filter_forget_fault(screen);
	if (text[0] == ':' || strncmp(text, "：", 3) == 0)
		return; /* a command, run by Enter */
	if (strcmp(text, screen->query) != 0 && filter_is_enough(text))
		screen->debounce =
		    loop_timer(screen->app->loop, FILTER_REST_MS, filter_on_rest, screen);
}

void
list_filter_set(struct list_screen *screen, const char *query)
{
	prompt_set(&screen->prompt, query);
	filter_run(screen, false);
}

/* Half a query is no mistake while it is typed: only Enter makes an error of it. */
void
list_filter_failed(struct list_screen *screen, const Kehu__ServerFrame *answer)
{
	enum err err = link_error(answer);

	if (err == ERR_CANCELLED)
		return;
	struct arena *arena = arena_new(0);
	const char *text = text_print(arena,
	    answer->error->text != NULL ? answer->error->text
					: err_text(err, screen->app->lang),
	    TEXT_LINE);
	filter_forget_fault(screen);
	screen->fault_at = answer->error->has_position ? answer->error->position : SIZE_MAX;
	screen->fault = mem_strdup(text);
	if (!screen->typing || !screen->prompt.open)
		message_say(SAY_ERROR, (int)err, text);
	arena_free(arena);
}

/* ---- commands: ":save NAME" ---- */

static bool
filter_command(struct list_screen *screen)
{
	const char *text = prompt_text(&screen->prompt);
	size_t colon = text[0] == ':' ? 1 : strncmp(text, "：", 3) == 0 ? 3 : 0;

	if (colon == 0)
		return false;
	text += colon;
	if (strncmp(text, "save ", 5) == 0 && text[5 + strspn(text + 5, " ")] != '\0')
		list_save_view(screen->app, &screen->screen, text + 5 + strspn(text + 5, " "));
	else
		message_say(SAY_ERROR, ERR_QUERY, tr(T_FILTER_COMMAND));
	prompt_set(&screen->prompt, screen->query);
	return true;
}

/* ---- completion ---- */

/* What could stand for the word: how many fit, the common beginning, and some to show. */
struct completion {
	struct arena *arena;
	const char *typed;
	size_t count;
	char *common;
	const char *shown;
};

static void
completion_take(struct completion *completion, const char *word)
{
	size_t same = 0;

	if (completion->count < FILTER_SHOWN)
		completion->shown = arena_printf(completion->arena, "%s%s%s",
		    completion->count == 0 ? "" : completion->shown,
		    completion->count == 0 ? "" : "  ", word);
	if (completion->count++ == 0) {
		completion->common = arena_strdup(completion->arena, word);
		return;
	}
	while (completion->common[same] != '\0' && completion->common[same] == word[same])
		same++;
	while (same > 0 && ((unsigned char)word[same] & 0xc0) == 0x80)
		same--;
	completion->common[same] = '\0';
}

static void
completion_offer(struct completion *completion, const char *word)
{
	if (word != NULL && word[0] != '\0' &&
	    strncmp(text_fold(completion->arena, word), completion->typed,
		strlen(completion->typed)) == 0)
		completion_take(completion, word);
}

/* One name for each field: the first of name, label and aliases that fits. */
static void
completion_fields(struct completion *completion, const Kehu__Entity *entity)
{
	for (size_t i = 0; i < entity->n_fields; i++) {
		const Kehu__Field *field = entity->fields[i];
		size_t before = completion->count;

		if (!(field->flags & CAT_FILTER))
			continue;
		for (size_t a = 0; a < field->n_aliases && completion->count == before; a++)
			completion_offer(completion, field->aliases[a]);
		if (completion->count == before)
			completion_offer(completion, field->label);
		if (completion->count == before)
			completion_offer(completion, field->name);
	}
	completion_offer(completion, "sort");
}

/* Whether a choice is meant by its label, its code or its initials. */
static bool
completion_means(const struct completion *completion, const Kehu__DictionaryItem *item)
{
	const char *const words[] = { item->label, item->code, item->pinyin };
	size_t bytes = strlen(completion->typed);

	for (size_t i = 0; i < 3; i++)
		if (words[i] != NULL && strncmp(text_fold(completion->arena, words[i]),
					    completion->typed, bytes) == 0)
			return true;
	return false;
}

static void
completion_values(
    struct completion *completion, const struct cat *cat, const Kehu__Field *field)
{
	const Kehu__Dictionary *dictionary =
	    field == NULL ? NULL : cat_dictionary(cat, field->dictionary);

	for (size_t i = 0; dictionary != NULL && i < dictionary->n_items; i++) {
		const Kehu__DictionaryItem *item = dictionary->items[i];
		bool plain = item->label != NULL && strpbrk(item->label, " ,:\"") == NULL;

		/* A label that would need quotes is written by its code. */
		if (completion_means(completion, item))
			completion_take(completion, plain ? item->label : item->code);
	}
	if (field != NULL && field->type == CAT_REF)
		completion_offer(completion, "me");
}

/* The last word is completed: its field, or the value behind its colon or comma. */
static void
filter_complete(struct list_screen *screen)
{
	const Kehu__Entity *entity = list_screen_entity(screen);
	struct arena *arena = arena_new(0);
	char *text = arena_strdup(arena, prompt_text(&screen->prompt));
	char *word = strrchr(text, ' ');
	struct completion completion = { .arena = arena, .shown = "" };

	word = word == NULL ? text : word + 1;
	word += *word == '-';
	char *colon = strchr(word, ':'), *comma = strrchr(word, ',');
	char *part = colon == NULL                    ? word
		     : comma != NULL && comma > colon ? comma + 1
						      : colon + 1;
	completion.typed = text_fold(arena, part);
	if (entity != NULL && colon == NULL)
		completion_fields(&completion, entity);
	else if (entity != NULL)
		completion_values(&completion, app_cat(screen->app),
		    cat_field_called(
			entity, arena_strndup(arena, word, (size_t)(colon - word))));
	if (completion.count == 1 ||
	    (completion.count > 0 && strlen(completion.common) >= strlen(part))) {
		*part = '\0';
		prompt_set(
		    &screen->prompt, arena_printf(arena, "%s%s%s", text, completion.common,
					 completion.count == 1 && colon == NULL ? ":" : ""));
	}
	if (completion.count == 0)
		message_say(SAY_NOTE, 0, tr(T_FILTER_NO_WORD));
	else if (completion.count > 1)
		message_say(SAY_NOTE, 0, completion.shown);
	arena_free(arena);
	filter_changed(screen);
}

/* ---- keys and drawing ---- */

unsigned
list_filter_key(struct list_screen *screen, enum act act, const struct event *event)
{
	unsigned flags = prompt_key(&screen->prompt, act, event);

	if (flags & UI_ASK)
		confirm_paste(screen->app->ui, &screen->prompt.edit);
	if (flags & UI_LOOKUP)
		filter_complete(screen);
	else if (flags & UI_CHANGED)
		filter_changed(screen);
	if ((flags & UI_ACT) && !filter_command(screen) &&
	    (screen->debounce != 0 || screen->fault != NULL || screen->typing ||
		strcmp(prompt_text(&screen->prompt), screen->query) != 0)) {
		/* The rows of just this text are here or on their way already. */
		bool same = strcmp(prompt_text(&screen->prompt), screen->query) == 0 &&
			    screen->debounce == 0 && screen->fault == NULL;

		screen->typing = false;
		if (!same)
			filter_run(screen, false);
	}
	return flags & ~(unsigned)(UI_ACT | UI_LOOKUP | UI_ASK | UI_CHANGED);
}

/* "1-17/41", "1-17/10000+", with what is under way and what is new. */
static const char *
filter_place(const struct list_screen *screen)
{
	struct arena *scratch = cells_scratch();
	const struct list *list = &screen->list;
	size_t count, last = list->top + (size_t)list->rows_seen;
	bool at_least;
	const char *place = "0";

	if (!list_data_count(screen->data, &count, &at_least) || count < list->total) {
		count = list->total;
		at_least = list->at_least;
	}
	if (list->total > 0)
		place = arena_printf(scratch, tr(at_least ? T_LIST_RANGE_MORE : T_LIST_RANGE),
		    list->top + 1, last < list->total ? last : list->total, count);
	else if (list_data_waits(screen->data))
		place = "";
	if (list_data_age_ms(screen->data) >= 0 && link_status(screen->app->link).broken_ms > 0)
		place = arena_printf(
		    scratch, tr(T_LIST_KEPT), place, list_data_age_ms(screen->data) / 60000);
	if (screen->fresh_count > 0)
		place = arena_printf(scratch, tr(T_LIST_FRESH), place, screen->fresh_count);
	return list_data_waits(screen->data) || screen->debounce != 0
		   ? arena_printf(scratch, "... %s", place)
		   : place;
}

/* The word that is not understood, underlined by its colour role. */
static void
filter_draw_fault(const struct list_screen *screen, struct rect rect)
{
	const char *text = prompt_text(&screen->prompt);
	size_t at = screen->fault_at, bytes;

	if (screen->fault == NULL || at >= strlen(text) || screen->prompt.edit.scroll > at)
		return;
	bytes = strcspn(text + at, " :：,");
	bytes += bytes == 0;
	const char *before = arena_strndup(cells_scratch(), text + screen->prompt.edit.scroll,
	    at - screen->prompt.edit.scroll);
	const char *word = arena_strndup(cells_scratch(), text + at, bytes);
	cells_paint(rect.y, rect.x + (int)(text_cols(screen->prompt.label) + text_cols(before)),
	    (int)text_cols(word), ROLE_BAD);
}

void
list_filter_draw(struct list_screen *screen, struct rect rect)
{
	screen->prompt.label = tr(T_FIND_PROMPT);
	prompt_draw(&screen->prompt, rect, filter_place(screen));
	filter_draw_fault(screen, rect);
}
