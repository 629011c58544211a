/*
 * The screen of conflict.h: a table (choose.h) of the fields both sides changed. Nothing is chosen for
 * the user; what is left open keeps F10 from saving.
 */
#include "client/screens/conflict.h"

#include "client/screens/choose.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/text.h"
#include "proto/frame.h"
#include <stdlib.h>
#include <string.h>

struct conflict {
	struct choose choose; /* left: theirs */
	struct form_screen *form;
	uint32_t version;
};

/* ---- what is in conflict ---- */

static Kehu__Value *
conflict_keep(struct arena *arena, const Kehu__Value *value, uint32_t field)
{
	Kehu__Value *copy = ARENA_NEW(arena, Kehu__Value);

	kehu__value__init(copy);
	if (value != NULL) {
		*copy = *value;
		copy->text = arena_strdup(arena, value->text);
	}
	copy->has_field = true;
	copy->field = field;
	return copy;
}

/* A field they changed: silently theirs when it was not changed here, else a row. */
static void
conflict_add(struct conflict *conflict, const Kehu__Difference *difference)
{
	struct values *values = &conflict->form->values;
	size_t index = values_index(values, difference->field);
	struct arena *arena = conflict->choose.arena;
	struct cat_style style = app_style(conflict->form->app);
	struct choose_row *row;
	Kehu__Value *start = ARENA_NEW(arena, Kehu__Value);

	if (index == values->count || values->fields[index].kind == FORM_SHOW)
		return;
	if (!form_changed(&values->form, index)) {
		values_load(values, index, difference->theirs);
		return;
	}
	row = &conflict->choose.rows[conflict->choose.count++];
	row->index = index;
	row->field = values->boxes[index].field;
	row->value = conflict_keep(arena, difference->theirs, difference->field);
	row->left = cat_value_text(
	    arena, app_cat(conflict->form->app), row->field, row->value, &style);
	row->right = arena_strdup(arena, form_value(&values->form, index));
	row->start = values_get(values, arena, index, start) == ERR_OK ? start : NULL;
	if (strcmp(row->left, row->right) == 0)
		row->side = CHOOSE_RIGHT; /* both meant the same */
}

/* ---- choosing ---- */

/* Theirs lies under the box; yours, or what was typed, stands above it as a change. */
static void
conflict_apply(struct conflict *conflict)
{
	struct values *values = &conflict->form->values;

	for (size_t i = 0; i < conflict->choose.count; i++) {
		const struct choose_row *row = &conflict->choose.rows[i];
		struct values_box *box = &values->boxes[row->index];
		int64_t id = box->ref_id;
		char *label = box->ref_label == NULL ? NULL : mem_strdup(box->ref_label);

		values_load(values, row->index, row->value);
		if (row->side == CHOOSE_RIGHT) {
			if (label != NULL)
				values_set_ref(values, row->index, id, label);
			form_put(&values->form, row->index, row->right);
			form_check(&values->form, row->index);
		} else if (row->side == CHOOSE_TYPED) {
			values_put(values, row->index, row->typed);
			form_check(&values->form, row->index);
		}
		free(label);
	}
	form_rebase(conflict->form, conflict->version);
}

static unsigned
conflict_save(struct choose *choose)
{
	struct conflict *conflict = (struct conflict *)choose;
	struct form_screen *form = conflict->form;

	conflict_apply(conflict);
	ui_pop(form->app->ui); /* this screen; the form is on top again */
	if (form_is_dirty(form))
		ui_do(form->app->ui, ACT_save);
	else
		message_say(SAY_NOTE, 0, tr(T_CONFLICT_NOTHING));
	return UI_DONE;
}

void
conflict_open(struct form_screen *form, const Kehu__Error *error)
{
	struct conflict *conflict = mem_zalloc(1, sizeof(*conflict));

	conflict->form = form;
	conflict->version = error->version;
	conflict->choose.app = form->app;
	conflict->choose.arena = arena_new(0);
	conflict->choose.rows =
	    ARENA_ARRAY(conflict->choose.arena, struct choose_row, error->n_differences + 1);
	for (size_t i = 0; i < error->n_differences; i++)
		conflict_add(conflict, error->differences[i]);
	conflict->choose.title = T_CONFLICT_TITLE;
	conflict->choose.hint = T_CONFLICT_HINT;
	conflict->choose.none = T_CONFLICT_NONE;
	conflict->choose.left_word = T_CONFLICT_THEIRS;
	conflict->choose.right_word = T_CONFLICT_YOURS;
	conflict->choose.left_title = tr(T_CONFLICT_THEIRS);
	conflict->choose.right_title = tr(T_CONFLICT_YOURS);
	conflict->choose.note = tr(T_CONFLICT_TEXT);
	conflict->choose.note_role = ROLE_WARN;
	conflict->choose.save_word = T_CONFLICT_SAVE;
	conflict->choose.save = conflict_save;
	message_error(ERR_CONFLICT, NULL, form->app->lang);
	choose_open(&conflict->choose);
}
