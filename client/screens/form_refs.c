/*
 * References typed as text, and lists of values (F4). A text that is not the label of a record
 * already known is looked up on the server when its box is left; the one record it names takes
 * its place, and none or several say so. An @ in a comment or message offers the users that it may name.
 */
#include "client/screens/form_values.h"

#include "client/screens/ask.h"
#include "client/ui/picker.h"
#include "common/date.h"
#include "common/mem.h"
#include "common/text.h"
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { REFS_LIMIT = 5, REFS_ALL = 200, REFS_COLUMNS = 3 };

static void
refs_set(char **to, const char *text)
{
	free(*to);
	*to = text == NULL ? NULL : mem_strdup(text);
}

void
values_set_ref(struct values *values, size_t index, int64_t id, const char *label)
{
	struct values_box *box = &values->boxes[index];

	box->ref_id = id;
	refs_set(&box->ref_label, label);
}

/* ---- looking up ---- */

static void
refs_asked(struct values *values, struct values_box *box)
{
	if (box->asking != 0)
		values->asking--;
	box->asking = 0;
	refs_set(&box->ref_asked, NULL);
}

void
values_forget(struct values *values, size_t index)
{
	struct values_box *box = &values->boxes[index];
	uint32_t number = box->asking;

	refs_asked(values, box);
	ask_cancel(values->app, &number);
	box->ref_id = 0;
	refs_set(&box->ref_label, NULL);
	refs_set(&box->ref_failed, NULL);
}

struct refs_found {
	size_t count, same; /* same: those whose label is the very text */
	int64_t id;         /* of the first, or of the one that is the same */
	const char *label;
};

static void
refs_add(struct refs_found *found, const char *typed, int64_t id, const char *label)
{
	bool same = strcmp(label, typed) == 0;

	if (found->count == 0 || (same && found->same == 0)) {
		found->id = id;
		found->label = label;
	}
	found->count++;
	found->same += same;
}

static struct refs_found
refs_read(struct arena *arena, const Kehu__ServerFrame *answer, const char *typed)
{
	struct refs_found found = { 0 };

	if (answer->answer_case == KEHU__SERVER_FRAME__ANSWER_SEARCH)
		for (size_t i = 0; i < answer->search->n_hits; i++)
			refs_add(&found, typed, answer->search->hits[i]->id,
			    text_print(arena, answer->search->hits[i]->label, TEXT_LINE));
	if (answer->answer_case == KEHU__SERVER_FRAME__ANSWER_PAGE)
		for (size_t i = 0; i < answer->page->n_rows; i++) {
			const Kehu__Row *row = answer->page->rows[i];

			if (row->n_cells > 0 && row->cells[0]->text != NULL)
				refs_add(&found, typed, row->id,
				    text_print(arena, row->cells[0]->text, TEXT_LINE));
		}
	return found;
}

/* Exactly one fits: it takes the place of what was typed. */
static void
refs_take(struct values *values, size_t index, const struct refs_found *found)
{
	struct values_box *box = &values->boxes[index];

	if (found->count == 1 || found->same == 1) {
		edit_set(&values->fields[index].edit, found->label);
		values_set_ref(values, index, found->id, found->label);
		form_set_error(&values->form, index, NULL);
		form_set_echo(&values->form, index, NULL);
		return;
	}
	refs_set(&box->ref_failed, form_value(&values->form, index));
	box->ref_why = found->count == 0 ? tr(T_REF_NONE) : tr(T_REF_MANY);
	form_set_echo(&values->form, index, NULL);
	form_set_error(&values->form, index, box->ref_why);
}

struct refs_ask {
	struct values *values;
	size_t index;
	bool all; /* every record was asked for: initials, codes and small letters are matched here */
};

static void refs_send_all(struct values *values, size_t index, const Kehu__Entity *entity, const char *text);

/*
 * Of a short table that was read whole: who is called so, also by the beginning of the name, its
 * initials, or the login name or code beside it. Of a longer one nothing is known.
 */
static struct refs_found
refs_match_all(struct arena *arena, const Kehu__ServerFrame *answer, const char *typed)
{
	const Kehu__Page *page =
	    answer->answer_case == KEHU__SERVER_FRAME__ANSWER_PAGE ? answer->page : NULL;
	struct refs_found found = { 0 };

	for (size_t i = 0; page != NULL && !page->has_next && i < page->n_rows; i++) {
		const Kehu__Row *row = page->rows[i];
		int best = 0;

		for (size_t c = 0; c < row->n_cells; c++) {
			int fits = row->cells[c]->text == NULL ? 0 : picker_match(row->cells[c]->text, typed);

			best = fits > best ? fits : best;
		}
		if (best < 2 || row->cells[0]->text == NULL)
			continue;
		if (found.count == 0 || (best == 3 && found.same == 0)) {
			found.id = row->id;
			found.label = text_print(arena, row->cells[0]->text, TEXT_LINE);
		}
		found.count++;
		found.same += best == 3;
	}
	return found;
}

static void
refs_on_answer(void *context, const Kehu__ServerFrame *answer)
{
	struct refs_ask *ask = context;
	struct values *values = ask->values;
	struct values_box *box = &values->boxes[ask->index];
	const char *typed = form_value(&values->form, ask->index);
	struct arena *arena = arena_new(0);
	bool stale = box->ref_asked == NULL || strcmp(box->ref_asked, typed) != 0;

	refs_asked(values, box);
	if (stale) {
		/* typed on meanwhile: it is checked when the box is left again */
	} else if (link_error(answer) != ERR_OK) {
		form_set_echo(&values->form, ask->index, NULL);
		form_set_error(
		    &values->form, ask->index, err_text(link_error(answer), tr_lang()));
	} else {
		struct refs_found found = ask->all ? refs_match_all(arena, answer, typed)
						   : refs_read(arena, answer, typed);
		const Kehu__Entity *entity = cat_entity(values->cat, box->field->references);

		if (found.count == 0 && !ask->all && entity != NULL && !entity->searched)
			refs_send_all(values, ask->index, entity, typed);
		else
			refs_take(values, ask->index, &found);
	}
	arena_free(arena);
	ui_redraw(values->app->ui);
	if (values->asking == 0 && values->settled != NULL)
		values->settled(values->context);
}

/* `label:"text"` in the search language. */
static const char *
refs_query(struct arena *arena, const Kehu__Entity *entity, const char *text)
{
	const Kehu__Field *label = cat_field(entity, entity->label_field);
	char *phrase = arena_strdup(arena, text);

	for (char *at = phrase; *at; at++)
		if (*at == '"')
			*at = ' ';
	return label == NULL ? phrase : arena_printf(arena, "%s:\"%s\"", label->name, phrase);
}

static void
refs_ask(struct values *values, size_t index, const Kehu__ClientFrame *frame, const char *text, bool all)
{
	struct values_box *box = &values->boxes[index];
	struct refs_ask *ask = ARENA_NEW(values->arena, struct refs_ask);
	char *asked = mem_strdup(text); /* text may be the one that is replaced */

	*ask = (struct refs_ask){ values, index, all };
	refs_set(&box->ref_asked, asked);
	free(asked);
	values->asking++;
	box->asking = ask_send(values->app, frame, ASK_QUIET, refs_on_answer, ask);
	form_set_echo(&values->form, index, "...");
}

static void
refs_send_all(struct values *values, size_t index, const Kehu__Entity *entity, const char *text)
{
	static const char *const beside[] = { "name", "code" };
	uint32_t columns[REFS_COLUMNS] = { entity->label_field };
	Kehu__ClientFrame frame;
	Kehu__List list;
	size_t count = 1;

	for (size_t i = 0; i < sizeof(beside) / sizeof(beside[0]); i++) {
		uint32_t field = app_field(entity, beside[i]);

		if (field != 0 && field != entity->label_field)
			columns[count++] = field;
	}
	ask_list_frame(&frame, &list,
	    &(struct ask_list){ .entity = entity->number,
		.query = "",
		.limit = REFS_ALL,
		.columns = columns,
		.column_count = count });
	refs_ask(values, index, &frame, text, true);
}

static void
refs_send(struct values *values, size_t index, const Kehu__Entity *entity, const char *text)
{
	struct arena *arena = arena_new(0);
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__Search search = KEHU__SEARCH__INIT;
	Kehu__List list;

	if (entity->searched) {
		search.text = ask_text(text);
		search.has_entity = search.has_limit = true;
		search.entity = entity->number;
		search.limit = REFS_LIMIT;
		frame.request_case = KEHU__CLIENT_FRAME__REQUEST_SEARCH;
		frame.search = &search;
	} else {
		ask_list_frame(&frame, &list,
		    &(struct ask_list){ .entity = entity->number,
			.query = refs_query(arena, entity, text),
			.limit = REFS_LIMIT,
			.columns = &entity->label_field,
			.column_count = 1 });
	}
	refs_ask(values, index, &frame, text, false);
	arena_free(arena);
}

void
values_resolve(struct values *values, size_t index)
{
	struct values_box *box = &values->boxes[index];
	const char *text = form_value(&values->form, index);
	const struct link_user *user = link_user(values->app->link);
	const Kehu__Entity *entity = cat_entity(values->cat, box->field->references);

	if (*text == '\0') {
		values_forget(values, index);
		return;
	}
	if (box->ref_label != NULL && box->ref_id != 0 && strcmp(box->ref_label, text) == 0)
		return;
	if (entity != NULL && strcmp(entity->name, "user") == 0 &&
	    (strcmp(text, "me") == 0 || strcmp(text, "我") == 0 ||
		strcmp(text, user->name) == 0)) {
		values_set_ref(values, index, user->id, user->label);
		edit_set(&values->fields[index].edit, user->label);
		return;
	}
	if (box->ref_failed != NULL && strcmp(box->ref_failed, text) == 0) {
		form_set_error(&values->form, index, box->ref_why);
		return;
	}
	if (box->asking != 0 && strcmp(box->ref_asked, text) == 0)
		return;
	values_forget(values, index);
	if (entity == NULL)
		form_set_error(&values->form, index, err_text(ERR_NO_SUCH_ENTITY, tr_lang()));
	else
		refs_send(values, index, entity, text);
}

/* ---- lists of values ---- */

/* A value was chosen for the box: on to the next one. */
static void
refs_chosen(struct values *values, size_t index)
{
	struct event none = { EVENT_NONE };

	form_check(&values->form, index);
	if (values->changed != NULL)
		values->changed(values->context, index);
	if (values->form.focus == index)
		form_key(&values->form, ACT_next, &none);
	ui_redraw(values->app->ui);
}

static void
refs_on_picked(void *context, int64_t id, const char *label)
{
	struct refs_ask *ask = context;
	struct arena *arena = arena_new(0);
	const char *clean = text_print(arena, label, TEXT_LINE);

	values_forget(ask->values, ask->index);
	values_set_ref(ask->values, ask->index, id, clean);
	form_put(&ask->values->form, ask->index, clean);
	refs_chosen(ask->values, ask->index);
	arena_free(arena);
}

static void
refs_add_items(struct picker *picker, const struct refs_ask *ask, const char *text)
{
	const Kehu__Field *field = ask->values->boxes[ask->index].field;
	const Kehu__Dictionary *dictionary =
	    cat_dictionary(ask->values->cat, field->dictionary);

	for (int want = *text ? 3 : 1; want >= 1; want--)
		for (size_t i = 0; dictionary != NULL && i < dictionary->n_items; i++) {
			const Kehu__DictionaryItem *item = dictionary->items[i];
			int fits = picker_match(item->label, text);

			if (*text && strcmp(item->code, text) == 0)
				fits = 3;
			if (fits == want && !item->retired)
				picker_add(picker, &(struct picker_item){ .id = (int64_t)i + 1,
						       .label = item->label,
						       .note = item->code,
						       .exact = fits == 3 });
		}
}

/* Days people mean most, and whatever date they type. */
static void
refs_add_days(struct picker *picker, const struct refs_ask *ask, const char *text)
{
	static const char *const words[2][8] = {
		{ "today", "tomorrow", "+3d", "+1w", "+2w", "next mon", "next fri", "eom" },
		{ "今天", "明天", "+3d", "+1w", "+2w", "下周一", "下周五", "月底" },
	};
	int64_t today = link_today(ask->values->app->link), day;
	struct arena *arena = arena_new(0);

	if (*text && date_parse(text, today, false, &day) == ERR_OK)
		picker_add(picker, &(struct picker_item){ .label = date_format(arena, day),
				       .note = date_format_weekday(arena, day, tr_lang()),
				       .exact = true });
	for (size_t i = 0; i < 8; i++) {
		const char *word = words[tr_lang()][i];

		if (date_parse(word, today, false, &day) == ERR_OK &&
		    (!*text || picker_match(word, text)))
			picker_add(
			    picker, &(struct picker_item){ .label = word,
					.note = date_format_weekday(arena, day, tr_lang()) });
	}
	arena_free(arena);
}

static void
refs_search(void *arg, struct picker *picker, const char *text)
{
	const struct refs_ask *ask = arg;

	picker_clear(picker);
	if (ask->values->boxes[ask->index].field->type == CAT_DATE)
		refs_add_days(picker, ask, text);
	else
		refs_add_items(picker, ask, text);
}

static unsigned
refs_take_item(void *arg, const struct picker_item *item, const char *text)
{
	struct refs_ask *ask = arg;

	(void)text;
	if (item == NULL)
		return UI_HANDLED;
	form_put(&ask->values->form, ask->index, item->label);
	refs_chosen(ask->values, ask->index);
	return UI_DONE | UI_CLOSE;
}

/* ---- mentions ---- */

static void
refs_on_mention(void *context, int64_t id, const char *label)
{
	struct refs_ask *ask = context;
	struct arena *arena = arena_new(0);
	struct edit *edit = &ask->values->fields[ask->index].edit;

	(void)id;
	if (edit_insert(edit, arena_printf(arena, "%s ", text_print(arena, label, TEXT_LINE))) &&
	    ask->values->changed != NULL)
		ask->values->changed(ask->values->context, ask->index);
	arena_free(arena);
	ui_redraw(ask->values->app->ui);
}

/* Comments, messages and answers to them tell those they name. */
static bool
refs_tells(const struct values *values, size_t index)
{
	const Kehu__Entity *message = cat_entity_called(values->cat, "message");
	const Kehu__Field *field = values->boxes[index].field;

	return values->fields[index].kind == FORM_BLOCK &&
	       (strcmp(field->name, "comment") == 0 || strcmp(field->name, "answer") == 0 ||
		   (message != NULL && field == cat_field_called(message, "text")));
}

void
values_mention(struct values *values)
{
	size_t index = values->form.focus;
	const Kehu__Entity *user = cat_entity_called(values->cat, "user");
	const struct edit *edit = &values->fields[index].edit;
	struct refs_ask *ask;

	/* Behind a letter it is a mail address. */
	if (user == NULL || !refs_tells(values, index) || edit->cursor == 0 ||
	    edit_text(edit)[edit->cursor - 1] != '@' ||
	    (edit->cursor > 1 && isalnum((unsigned char)edit_text(edit)[edit->cursor - 2])))
		return;
	ask = ARENA_NEW(values->arena, struct refs_ask);
	*ask = (struct refs_ask){ values, index };
	pick_open(values->app, user->number, user->label, refs_on_mention, ask);
}

unsigned
values_pick(struct values *values)
{
	size_t index = values->form.focus;
	struct refs_ask *ask;
	const Kehu__Field *field;

	if (index >= values->count || values->boxes[index].field == NULL)
		return UI_HANDLED;
	field = values->boxes[index].field;
	if (values_is_bits(field)) {
		values_pick_bits(values, index);
		return UI_DONE;
	}
	ask = ARENA_NEW(values->arena, struct refs_ask);
	*ask = (struct refs_ask){ values, index };
	if (field->type == CAT_REF)
		pick_open(values->app, field->references, field->label, refs_on_picked, ask);
	else
		picker_open(values->app->ui, &(struct picker_config){ .title = field->label,
						 .search = refs_search,
						 .take = refs_take_item,
						 .arg = ask });
	return UI_DONE;
}
