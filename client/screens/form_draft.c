/* What stands in a form, as a draft and back; when it is kept. draft.c puts it on disk. */
#include "client/screens/draft.h"
#include "client/screens/form.h"
#include "client/screens/resume.h"
#include "common/date.h"

enum { FORM_KEEP_MS = 2000 };

bool
form_is_dirty(const struct form_screen *form)
{
	if (!form->ready)
		return false;
	for (size_t i = 0; i < form->line_count; i++)
		if (lines_dirty(form->lines[i]))
			return true;
	for (size_t i = 0; i < form->values.count; i++)
		if (form->values.boxes[i].field != NULL && form_changed(&form->values.form, i))
			return true;
	return false;
}

/* Relative dates are kept as what they meant when they were typed. */
static const char *
form_draft_text(const struct form_screen *form, struct arena *arena, size_t index)
{
	const Kehu__Field *field = form->values.boxes[index].field;
	const char *text = form_value(&form->values.form, index);
	struct cat_style style = app_style(form->app);
	Kehu__Value value;

	if ((field->type == CAT_DATE || field->type == CAT_MOMENT) && *text &&
	    values_get(&form->values, arena, index, &value) == ERR_OK)
		return cat_value_text(arena, app_cat(form->app), field, &value, &style);
	return text;
}

/* Boxes of a new record are all kept, of an old one those that changed. */
static void
form_to_draft(const struct form_screen *form, struct arena *arena, Kehu__Record *record)
{
	const struct values *values = &form->values;
	size_t lines = 1;

	kehu__record__init(record);
	record->has_entity = record->has_id = record->has_version = true;
	record->entity = form->entity->number;
	record->id = form->id;
	record->version = form->version;
	record->values = ARENA_ARRAY(arena, Kehu__Value *, values->count + 1);
	for (size_t i = 0; i < values->count; i++) {
		const struct values_box *box = &values->boxes[i];
		Kehu__Value *value;

		if (box->field == NULL || values->fields[i].kind == FORM_SHOW ||
		    (form->id != 0 && !form_changed(&values->form, i)))
			continue;
		value = ARENA_NEW(arena, Kehu__Value);
		kehu__value__init(value);
		value->has_field = true;
		value->field = box->field->number;
		value->text = arena_strdup(arena, form_draft_text(form, arena, i));
		value->has_number = box->ref_id != 0;
		value->number = box->ref_id;
		record->values[record->n_values++] = value;
	}
	for (size_t i = 0; i < form->line_count; i++)
		lines += lines_count(form->lines[i]);
	record->lines = ARENA_ARRAY(arena, Kehu__Record *, lines);
	for (size_t i = 0; i < form->line_count; i++)
		record->n_lines +=
		    lines_collect(form->lines[i], arena, record->lines + record->n_lines);
}

void
form_from_draft(struct form_screen *form, const Kehu__Record *draft)
{
	struct values *values = &form->values;

	for (size_t i = 0; i < draft->n_values; i++) {
		const Kehu__Value *kept = draft->values[i];
		size_t at = values_index(values, kept->field);

		if (at == values->count || values->fields[at].kind == FORM_SHOW)
			continue;
		if (kept->has_number && kept->text != NULL)
			values_set_ref(values, at, kept->number, kept->text);
		form_put(&values->form, at, kept->text);
		if (kept->text != NULL && *kept->text)
			form_check(&values->form, at);
	}
	for (size_t i = 0; i < form->line_count; i++)
		lines_apply(form->lines[i], draft);
	values_show_lines(values);
	if (draft->version != 0)
		form->version = draft->version;
}

/* Whether a reference says what the record is about: another record, not a person of ours. */
static bool
form_is_about(const struct form_screen *form, const struct values_box *box)
{
	const Kehu__Entity *other = box->field == NULL || box->field->type != CAT_REF
					? NULL
					: cat_entity(form->values.cat, box->field->references);

	return other != NULL && other->kind == CAT_ACTIVITY && box->ref_id != 0;
}

const char *
form_subject(const struct form_screen *form)
{
	size_t label = values_index(&form->values, form->entity->label_field);
	bool named = label < form->values.count &&
		     (form->values.boxes[label].field->flags & CAT_SEARCH) != 0;

	/* A visit's purpose is no name: it is told by its customer. */
	for (size_t i = 0; !named && i < form->values.count; i++)
		if (form_is_about(form, &form->values.boxes[i]))
			return form_value(&form->values.form, i);
	return label < form->values.count ? form_value(&form->values.form, label) : "";
}

const char *
form_title_text(const struct form_screen *form, struct arena *arena)
{
	return arena_printf(arena, tr(form->id == 0 ? T_FORM_TITLE_NEW : T_FORM_TITLE_EDIT),
	    form->entity->label, form->ready ? form_subject(form) : "");
}

void
form_keep(struct form_screen *form)
{
	struct arena *arena;
	Kehu__Record record;

	if (!form->unkept || form->finished)
		return;
	for (size_t i = 0; i < form->line_count; i++)
		if (lines_grid(form->lines[i]) != NULL)
			grid_keep(lines_grid(form->lines[i]));
	form->unkept = false;
	if (!form_is_dirty(form)) {
		if (form->kept_us != 0)
			draft_drop(form->app, form->key);
		form->kept_us = 0;
		return;
	}
	arena = arena_new(0);
	form_to_draft(form, arena, &record);
	form->kept_on_disk =
	    draft_put(form->app, form->key, form_title_text(form, arena), "", &record);
	form->kept_us = date_now_us();
	arena_free(arena);
	resume_keep(form->app);
	ui_redraw(form->app->ui);
}

static void
form_on_time(void *arg)
{
	struct form_screen *form = arg;

	form->timer = 0;
	form_keep(form);
}

void
form_touch(struct form_screen *form)
{
	form->unkept = true;
	if (form->timer == 0)
		form->timer = loop_timer(form->app->loop, FORM_KEEP_MS, form_on_time, form);
}
