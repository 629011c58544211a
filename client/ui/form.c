/*
 * Values, checks and keys of forms; form_draw.c draws them. What a value means (dates,
 * money, references) is the owner's business, told by the check callback.
 */
#include "client/ui/form.h"
#include "client/ui/message.h"
#include "common/mem.h"
#include "common/pinyin.h"
#include "common/text.h"
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { FORM_CHARS = 200 };

static void
form_copy(char **to, const char *text)
{
	free(*to);
	*to = text && *text ? mem_strdup(text) : NULL;
}

static bool
form_focusable(const struct form *form, size_t index)
{
	const struct form_field *field = &form->fields[index];

	return field->kind != FORM_SHOW && !field->readonly;
}

static size_t
form_step(const struct form *form, size_t from, int step)
{
	size_t stops = form->count + (form->no_button ? 0 : 1), at = from;

	for (size_t i = 0; i < stops; i++) {
		at = (at + stops + (size_t)step) % stops;
		if (at == form->count || form_focusable(form, at))
			return at;
	}
	return from;
}

void
form_init(struct form *form)
{
	for (size_t i = 0; i < form->count; i++) {
		struct form_field *field = &form->fields[i];

		edit_init(&field->edit, field->max_chars ? field->max_chars : FORM_CHARS);
		field->edit.multi = field->kind == FORM_BLOCK;
		field->edit.secret = field->kind == FORM_SECRET;
		field->edit.digits = field->digits;
		field->was = field->echo = field->error = NULL;
		field->checked = field->was_checked = field->touched = false;
	}
	form->top = 0;
	form->fresh = true;
	form->focus =
	    form->count ? form_step(form, form->count - (form->no_button ? 1 : 0), 1) : 0;
}

void
form_fini(struct form *form)
{
	for (size_t i = 0; i < form->count; i++) {
		edit_fini(&form->fields[i].edit);
		free(form->fields[i].was);
		free(form->fields[i].echo);
		free(form->fields[i].error);
	}
}

/* Values ---------------------------------------------------------------------------------- */

static void
form_set(struct form_field *field, const char *text)
{
	if (field->kind == FORM_CHECK)
		field->checked = text && strcmp(text, "1") == 0;
	else
		edit_set(&field->edit, text);
}

void
form_load(struct form *form, size_t index, const char *text)
{
	struct form_field *field = &form->fields[index];

	form_set(field, text);
	field->was_checked = field->checked;
	form_copy(&field->was, text);
	form_copy(&field->error, NULL);
	field->touched = false;
}

void
form_put(struct form *form, size_t index, const char *text)
{
	form_set(&form->fields[index], text);
	form->fields[index].touched = true;
	form_copy(&form->fields[index].error, NULL);
}

const char *
form_value(const struct form *form, size_t index)
{
	const struct form_field *field = &form->fields[index];

	if (field->kind == FORM_CHECK)
		return field->checked ? "1" : "";
	return edit_text(&field->edit);
}

int
form_choice(const struct form *form, size_t index)
{
	const struct form_field *field = &form->fields[index];

	for (size_t i = 0; i < field->choice_count; i++)
		if (strcmp(field->choices[i], edit_text(&field->edit)) == 0)
			return (int)i;
	return -1;
}

size_t
form_index(const struct form *form, int id)
{
	size_t i = 0;

	while (i < form->count && form->fields[i].id != id)
		i++;
	return i;
}

bool
form_changed(const struct form *form, size_t index)
{
	const struct form_field *field = &form->fields[index];

	if (field->kind == FORM_SHOW || field->kind == FORM_PANEL)
		return false;
	if (field->kind == FORM_CHECK)
		return field->checked != field->was_checked;
	return strcmp(edit_text(&field->edit), field->was ? field->was : "") != 0;
}

bool
form_dirty(const struct form *form)
{
	for (size_t i = 0; i < form->count; i++)
		if (form_changed(form, i))
			return true;
	return false;
}

void
form_clean(struct form *form)
{
	for (size_t i = 0; i < form->count; i++) {
		form_copy(&form->fields[i].was, edit_text(&form->fields[i].edit));
		form->fields[i].was_checked = form->fields[i].checked;
	}
}

void
form_set_echo(struct form *form, size_t index, const char *echo)
{
	form_copy(&form->fields[index].echo, echo);
}

void
form_set_error(struct form *form, size_t index, const char *error)
{
	form_copy(&form->fields[index].error, error);
}

void
form_focus(struct form *form, size_t index)
{
	if (index != form->count && !form_focusable(form, index))
		return;
	form->fresh |= index != form->focus;
	form->focus = index;
}

/* Checks ---------------------------------------------------------------------------------- */

static bool
form_choice_fits(struct arena *arena, const char *choice, const char *typed, bool whole)
{
	char *initials = pinyin_initials(arena, choice, PINYIN_NAME);

	if (whole)
		return strcasecmp(choice, typed) == 0 || strcasecmp(initials, typed) == 0;
	return strncasecmp(choice, typed, strlen(typed)) == 0 ||
	       strncasecmp(initials, typed, strlen(typed)) == 0;
}

/* "1", "上门", "上" or "sm" for 上门; whole matches go before beginnings. */
static void
form_check_choice(struct form *form, size_t index)
{
	struct form_field *field = &form->fields[index];
	struct arena *arena = arena_new(0);
	const char *typed = text_fold_width(arena, edit_text(&field->edit));
	size_t number = (size_t)strtoul(typed, NULL, 10), found = 0, which = 0;

	if (number >= 1 && number <= field->choice_count &&
	    strspn(typed, "0123456789") == strlen(typed)) {
		which = number - 1;
		found = 1;
	}
	for (int whole = 1; whole >= 0 && !found; whole--) {
		for (size_t i = 0; i < field->choice_count; i++) {
			if (!form_choice_fits(arena, field->choices[i], typed, whole))
				continue;
			which = i;
			found++;
		}
	}
	if (found == 1)
		edit_set(&field->edit, field->choices[which]);
	else
		form_set_error(form, index, err_text(ERR_NOT_IN_LIST, tr_lang()));
	arena_free(arena);
}

bool
form_check(struct form *form, size_t index)
{
	struct form_field *field = &form->fields[index];
	bool empty = field->kind == FORM_CHECK ? !field->checked : edit_empty(&field->edit);

	field->touched = false;
	form_set_error(form, index, NULL);
	if (field->kind == FORM_SHOW)
		return true;
	if (empty && field->required)
		form_set_error(form, index, err_text(ERR_REQUIRED, tr_lang()));
	else if (!empty && field->kind == FORM_CHOICE && form_choice(form, index) < 0)
		form_check_choice(form, index);
	if (!field->error && form->check)
		form->check(form->arg, form, index);
	return !field->error;
}

size_t
form_check_all(struct form *form)
{
	size_t errors = 0;

	for (size_t i = 0; i < form->count; i++)
		errors += !form_check(form, i);
	return errors;
}

bool
form_show_errors(struct form *form)
{
	for (size_t i = 0; i < form->count; i++) {
		const struct form_field *field = &form->fields[i];
		char text[256];

		if (!field->error)
			continue;
		form_focus(form, i);
		snprintf(text, sizeof text, "%s: %s", field->label, field->error);
		message_say(SAY_ERROR, ERR_INVALID, text);
		return true;
	}
	return false;
}

/* Keys ------------------------------------------------------------------------------------ */

/* Go to another field; the one left is checked, but nobody is held back. */
static unsigned
form_go(struct form *form, int step)
{
	size_t from = form->focus;

	if (from < form->count && (form->fields[from].touched || form->fields[from].error))
		form_check(form, from);
	form->focus = form_step(form, from, step);
	form->fresh = true;
	return UI_DONE;
}

static unsigned
form_save(struct form *form)
{
	/* What is in the box with the focus may decide what the others must have. */
	if (form->focus < form->count)
		form_check(form, form->focus);
	if (form_check_all(form) == 0)
		return UI_DONE | UI_ACT;
	form_show_errors(form);
	return UI_DONE | UI_REFUSED;
}

static unsigned
form_restore(struct form *form)
{
	struct form_field *field = &form->fields[form->focus];
	char *was = field->was ? mem_strdup(field->was) : NULL;

	field->checked = field->was_checked;
	if (field->kind != FORM_CHECK)
		edit_set(&field->edit, was);
	free(was);
	form_check(form, form->focus);
	return UI_DONE | UI_CHANGED;
}

/* Space, x and any letter but n turn a check field. */
static unsigned
form_key_check(struct form_field *field, const struct event *event)
{
	uint32_t code = event_char(event);

	if (!code)
		return UI_NONE;
	field->checked = code == ' ' || code == 0x3000 ? !field->checked
			 : code == 'n' || code == '0'  ? false
						       : true;
	field->touched = true;
	return UI_DONE | UI_CHANGED;
}

static unsigned
form_key_field(struct form *form, enum act act, const struct event *event)
{
	struct form_field *field = &form->fields[form->focus];
	unsigned flags;

	if (field->kind == FORM_PANEL)
		return UI_NONE; /* the owner has seen it */
	if (field->kind == FORM_CHECK)
		return act == ACT_NONE ? form_key_check(field, event) : UI_NONE;
	/* A code, day or amount is typed anew; whoever means to mend it moves the cursor first. */
	if (form->fresh && field->retype && act == ACT_NONE &&
	    (event->kind == EVENT_PASTE || event_char(event) != 0))
		edit_clear(&field->edit);
	form->fresh = false;
	/* Enter in a block is a new line; everywhere else it goes on. */
	flags = edit_key(&field->edit, act, event);
	if (flags & UI_CHANGED) {
		field->touched = true;
		form_set_error(form, form->focus, NULL);
	}
	if ((flags & UI_REFUSED) &&
	    text_chars(edit_text(&field->edit)) >= field->edit.max_chars)
		message_sayf(SAY_WARNING, tr(T_FORM_TOO_LONG), field->edit.max_chars);
	return flags;
}

unsigned
form_key(struct form *form, enum act act, const struct event *event)
{
	unsigned flags = UI_NONE;

	if (act == ACT_save)
		return form_save(form);
	if (form->focus < form->count)
		flags = form_key_field(form, act, event);
	if (flags != UI_NONE)
		return flags;
	switch (act) {
	case ACT_next:
	case ACT_down:
		return form_go(form, 1);
	case ACT_previous:
	case ACT_up:
		return form_go(form, -1);
	case ACT_open:
		return form->focus == form->count ? form_save(form) : form_go(form, 1);
	case ACT_pick:
		if (form->focus == form->count ||
		    !(form->fields[form->focus].lookup || form->fields[form->focus].choices))
			return UI_HANDLED | UI_REFUSED;
		return UI_DONE | UI_LOOKUP;
	case ACT_restore:
		return form->focus < form->count ? form_restore(form) : UI_HANDLED;
	default:
		return UI_NONE;
	}
}

const char *
form_hint(const struct form *form)
{
	const struct form_field *field;

	if (form->focus >= form->count)
		return NULL;
	field = &form->fields[form->focus];
	return arena_printf(
	    cells_scratch(), "%s: %s", field->label, field->help ? field->help : "");
}

const char *
form_progress(const struct form *form)
{
	size_t required = 0, left = 0;

	for (size_t i = 0; i < form->count; i++) {
		if (!form->fields[i].required)
			continue;
		required++;
		left += !*form_value(form, i);
	}
	return arena_printf(cells_scratch(), tr(T_FORM_REQUIRED), required, left);
}
