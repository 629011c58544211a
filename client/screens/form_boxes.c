/* Which boxes the form of a record has, and what a record puts into them. */
#include "client/screens/ask.h"
#include "client/screens/form.h"

/* What a person fills in. Masked values are shown, so that nobody takes them for empty. */
static bool
form_shows(const Kehu__Field *field)
{
	return (field->flags & (CAT_READONLY | CAT_FIGURE)) == 0 && field->type != CAT_REFS;
}

/* A section whose first field is not shown begins at the next one that is. */
static const Kehu__Field *
form_with_section(struct form_screen *form, const Kehu__Field *field, const char *section)
{
	Kehu__Field *copy;

	if (section == NULL || (field->section != NULL && *field->section))
		return field;
	copy = arena_memdup(form->arena, field, sizeof(*field));
	copy->section = ask_text(section);
	return copy;
}

/* Fields in order; the kinds of lines come where the first section ends. */
void
form_make_boxes(struct form_screen *form)
{
	const Kehu__Entity *entity = form->entity, *kinds[FORM_LINES_MAX];
	struct values_spec *specs =
	    ARENA_ARRAY(form->arena, struct values_spec, entity->n_fields + FORM_LINES_MAX);
	size_t count = 0, sections = 0;
	const char *section = NULL;
	bool lines_in = false;

	form->line_count = cat_lines(app_cat(form->app), entity, kinds, FORM_LINES_MAX);
	for (size_t i = 0; i < form->line_count; i++) {
		struct grid_owner owner = form_grid_owner;

		form->lines[i] = lines_new(kinds[i]);
		owner.context = form;
		if (grid_wanted(kinds[i]))
			grid_new(form->app, form->lines[i], &owner);
	}
	for (size_t i = 0; i <= entity->n_fields; i++) {
		const Kehu__Field *field = i < entity->n_fields ? entity->fields[i] : NULL;

		if (field != NULL && field->section != NULL && *field->section) {
			section = field->section;
			sections++;
		}
		if ((field == NULL || sections > 1) && !lines_in) {
			lines_in = true;
			for (size_t k = 0; k < form->line_count; k++)
				specs[count++].lines = form->lines[k];
		}
		if (field == NULL || !form_shows(field))
			continue;
		specs[count++].field = form_with_section(form, field, section);
		section = NULL;
	}
	values_init(&form->values, specs, count);
}

/* The first box that waits for a person. */
void
form_focus_first(struct form_screen *form)
{
	struct form *boxes = &form->values.form;

	for (size_t i = 0; form->id == 0 && i < boxes->count; i++)
		if (boxes->fields[i].required && *form_value(boxes, i) == '\0') {
			form_focus(boxes, i);
			return;
		}
	for (size_t i = 0; i < boxes->count; i++)
		if (boxes->fields[i].kind != FORM_SHOW &&
		    (form->id != 0 || *form_value(boxes, i) == '\0')) {
			form_focus(boxes, i);
			return;
		}
}

void
form_load_record(struct form_screen *form, const Kehu__Record *record)
{
	form->version = record->version;
	for (size_t i = 0; i < form->values.count; i++) {
		const struct values_box *box = &form->values.boxes[i];

		if (box->field != NULL)
			values_load(&form->values, i, cat_value(record, box->field->number));
		else
			lines_load(box->lines, record);
	}
	values_show_lines(&form->values);
}
