/*
 * The first page of importing: which file, and what it is taken for, with its first rows; all of that can be
 * said otherwise. The next one is import_columns.c.
 */
#include "client/screens/import.h"

#include "client/ui/form.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/text.h"

#include <stdlib.h>
#include <string.h>

enum {
	IMPORT_FILE,
	IMPORT_FORMAT,
	IMPORT_ENCODING,
	IMPORT_SEPARATOR,
	IMPORT_HEADER,
	IMPORT_DATES,
	IMPORT_MATCH,
	IMPORT_ON_MATCH,
	IMPORT_REFERENCES,
	IMPORT_ROWS,
	IMPORT_FIELDS
};
enum { IMPORT_PREVIEW_ROWS = 3, IMPORT_MATCHES_MAX = 60, IMPORT_PATH_CHARS = 400 };

static const char *const import_formats[] = { "csv", "tsv", "vcard", "jsonl" };

struct import_screen {
	struct screen screen;
	struct app *app;
	struct arena *arena, *look_arena;
	uint32_t entity;
	struct form form;
	struct form_field fields[IMPORT_FIELDS];
	const char *dates[3], *ways[3];
	const char *matches[IMPORT_MATCHES_MAX];
	const char *match_names[IMPORT_MATCHES_MAX];
	struct intake_found found; /* in look_arena */
	char *looked;              /* what was looked at: path and options as one text */
	bool looking;
};

static const char *const import_order_words[3] = { "ymd", "dmy", "mdy" };
static const char *const import_way_words[3] = { "skip", "update", "add" };

/* ---- what the file is -------------------------------------------------------------------- */

static char
import_separator_of(const char *text)
{
	return strcmp(text, "\\t") == 0 ? '\t' : text[0];
}

/* Options as the form says them; before the file was looked at it says nothing. */
static struct intake_options
import_options(const struct import_screen *import)
{
	int format = form_choice(&import->form, IMPORT_FORMAT);

	return (struct intake_options){
		.format = format < 0 ? NULL : import_formats[format],
		.encoding = form_value(&import->form, IMPORT_ENCODING),
		.delimiter = import_separator_of(form_value(&import->form, IMPORT_SEPARATOR)),
		.no_header = form_value(&import->form, IMPORT_HEADER)[0] == '\0',
	};
}

static void
import_show_found(struct import_screen *import)
{
	const struct intake_found *found = &import->found;
	char separator[2] = { found->delimiter, '\0' };

	form_load(&import->form, IMPORT_FORMAT, found->format);
	form_load(&import->form, IMPORT_ENCODING, found->encoding);
	form_load(&import->form, IMPORT_SEPARATOR, separator[0] == '\t' ? "\\t" : separator);
	form_load(&import->form, IMPORT_HEADER, found->header ? "1" : "");
	for (size_t i = 0; i < 3; i++)
		if (strcmp(intake_order_word(found->order), import_order_words[i]) == 0)
			form_load(&import->form, IMPORT_DATES, import->dates[i]);
}

static const char *
import_key_of(const struct import_screen *import)
{
	const struct form *form = &import->form;

	return arena_printf(cells_scratch(), "%s\n%s\n%s\n%s\n%s", form_value(form, IMPORT_FILE),
	    form_value(form, IMPORT_FORMAT), form_value(form, IMPORT_ENCODING),
	    form_value(form, IMPORT_SEPARATOR), form_value(form, IMPORT_HEADER));
}

/* Looks at the file when it, or what is said of it, is another than before. */
static void
import_look(struct import_screen *import)
{
	const char *path = form_value(&import->form, IMPORT_FILE), *why = NULL;
	size_t path_bytes = strlen(path);
	bool same_file = import->looked != NULL && strncmp(import->looked, path, path_bytes) == 0 &&
			 import->looked[path_bytes] == '\n';
	struct load load = { .path = path, .lang = tr_lang(), .fd = -1 };
	enum err err;

	if (path[0] == '\0' || (import->looked != NULL && strcmp(import->looked, import_key_of(import)) == 0))
		return;
	arena_reset(import->look_arena);
	load.arena = import->look_arena;
	if (same_file && import->found.format != NULL)
		load.options = import_options(import);
	import->found = (struct intake_found){ 0 };
	err = load_open(&load, IMPORT_PREVIEW_ROWS, &why);
	load_close(&load);
	if (err == ERR_OK)
		import->found = load.found;
	import->looking = true;
	if (err == ERR_OK)
		import_show_found(import);
	form_set_error(&import->form, IMPORT_FILE, err == ERR_OK ? NULL : why);
	import->looking = false;
	free(import->looked);
	import->looked = mem_strdup(import_key_of(import));
}

static void
import_check(void *arg, struct form *form, size_t index)
{
	struct import_screen *import = arg;

	if (import->looking || import->screen.ops == NULL)
		return;
	if (index <= IMPORT_HEADER)
		import_look(import);
	if (index == IMPORT_FILE && import->found.format == NULL && form_value(form, IMPORT_FILE)[0] != '\0' &&
	    form->fields[IMPORT_FILE].error == NULL)
		form_set_error(form, IMPORT_FILE, tr(T_IMPORT_UNREAD));
	if (index == IMPORT_DATES && import->found.order == INTAKE_ORDER_EITHER &&
	    form_choice(form, IMPORT_DATES) < 0)
		form_set_error(form, IMPORT_DATES, tr(T_IMPORT_DATES_EITHER));
}

/* ---- the first rows ---------------------------------------------------------------------- */

static int
import_rows_of(void *panel)
{
	(void)panel;
	return IMPORT_PREVIEW_ROWS + 1;
}

static void
import_draw_cells(const char *const *cells, size_t count, int y, struct rect rect, enum role role)
{
	size_t shown = count < 6 ? count : 6;
	int cols = shown > 0 ? rect.cols / (int)shown : 0;

	for (size_t i = 0; i < shown; i++)
		cells_put(y, rect.x + (int)i * cols, cols - 1,
		    text_print(cells_scratch(), cells[i], TEXT_LINE), role);
}

static void
import_draw_rows(void *panel, struct rect rect, bool focus)
{
	const struct intake_found *found = &((struct import_screen *)panel)->found;

	(void)focus;
	if (found->format == NULL)
		return;
	import_draw_cells(found->columns, found->column_count, rect.y, rect, ROLE_STRONG);
	for (size_t i = 0; i < found->row_count && (int)i + 1 < rect.rows; i++)
		import_draw_cells(found->rows[i].cells, found->rows[i].count, rect.y + 1 + (int)i, rect,
		    ROLE_NORMAL);
}

/* ---- going on ---------------------------------------------------------------------------- */

static void
import_next(struct import_screen *import)
{
	const struct form *form = &import->form;
	int dates = form_choice(form, IMPORT_DATES), match = form_choice(form, IMPORT_MATCH),
	    way = form_choice(form, IMPORT_ON_MATCH);
	struct import_plan plan = { .entity = import->entity,
		.path = form_value(form, IMPORT_FILE),
		.options = import_options(import),
		.dates = dates < 0 ? "" : import_order_words[dates],
		.match = match < 0 ? "" : import->match_names[match],
		.on_match = way < 0 ? "" : import_way_words[way],
		.create_references = form_value(form, IMPORT_REFERENCES)[0] != '\0' };

	import_columns_open(import->app, &plan);
}

static unsigned
import_key(struct screen *screen, enum act act, const struct event *event)
{
	struct import_screen *import = (struct import_screen *)screen;
	unsigned flags;

	if (act == ACT_pick && import->form.focus < IMPORT_FIELDS) {
		struct form_field *field = &import->form.fields[import->form.focus];
		int at = form_choice(&import->form, import->form.focus);

		if (field->kind == FORM_CHOICE) {
			form_put(&import->form, import->form.focus,
			    field->choices[(size_t)(at + 1) % field->choice_count]);
			form_check(&import->form, import->form.focus);
		}
		return UI_DONE;
	}
	flags = form_key(&import->form, act, event);
	if (flags & UI_ACT)
		import_next(import);
	return flags & ~(unsigned)(UI_ACT | UI_LOOKUP | UI_ASK | UI_CHANGED);
}

/* ---- the screen -------------------------------------------------------------------------- */

static void
import_draw(struct screen *screen, struct rect rect)
{
	rect.y++;
	rect.rows--;
	form_draw(&((struct import_screen *)screen)->form, rect, true);
}

static const char *
import_hint(struct screen *screen)
{
	return form_hint(&((struct import_screen *)screen)->form);
}

static const char *
import_title(struct screen *screen)
{
	const struct import_screen *import = (struct import_screen *)screen;
	const Kehu__Entity *entity = cat_entity(app_cat(import->app), import->entity);

	return arena_printf(cells_scratch(), tr(T_IMPORT_TITLE), entity != NULL ? entity->label : "");
}

static bool
import_can(struct screen *screen, enum act act)
{
	const struct import_screen *import = (struct import_screen *)screen;

	if (act == ACT_pick)
		return import->form.focus < IMPORT_FIELDS &&
		       import->form.fields[import->form.focus].kind == FORM_CHOICE;
	return act != ACT_actions && act != ACT_print && act != ACT_undo && act != ACT_editor;
}

static const char *
import_label(struct screen *screen, enum act act)
{
	(void)screen;
	return act == ACT_save ? tr(T_IMPORT_NEXT) : NULL;
}

static void
import_leave(struct screen *screen)
{
	struct import_screen *import = (struct import_screen *)screen;

	form_fini(&import->form);
	arena_free(import->arena);
	arena_free(import->look_arena);
	free(import->looked);
	free(import);
}

static const struct screen_ops import_ops = {
	.name = "import",
	.context = CTX_FORM,
	.title = import_title,
	.draw = import_draw,
	.hint = import_hint,
	.can = import_can,
	.label = import_label,
	.key = import_key,
	.leave = import_leave,
};

/* By what a row may know a record that is there: its texts and numbers that can be looked for. */
static size_t
import_find_matches(struct import_screen *import, const Kehu__Entity *entity)
{
	size_t count = 0;

	for (size_t i = 0; i < entity->n_fields && count < IMPORT_MATCHES_MAX; i++) {
		const Kehu__Field *field = entity->fields[i];

		if (field->type != CAT_TEXT || (field->flags & CAT_FILTER) == 0 || (field->flags & CAT_MASKED) != 0)
			continue;
		import->match_names[count] = arena_strdup(import->arena, field->name);
		import->matches[count++] = arena_strdup(import->arena, field->label);
	}
	return count;
}

static void
import_make_form(struct import_screen *import, const Kehu__Entity *entity)
{
	static const enum text_id labels[IMPORT_FIELDS] = { T_IMPORT_FILE, T_IMPORT_FORMAT,
		T_IMPORT_ENCODING, T_IMPORT_SEPARATOR, T_IMPORT_HEADER, T_IMPORT_DATES, T_IMPORT_MATCH,
		T_IMPORT_ON_MATCH, T_IMPORT_REFERENCES, T_IMPORT_ROWS };
	static const enum text_id helps[IMPORT_FIELDS] = { T_IMPORT_FILE_HELP, T_IMPORT_FOUND_HELP,
		T_IMPORT_FOUND_HELP, T_IMPORT_SEPARATOR_HELP, T_IMPORT_HEADER_HELP, T_IMPORT_DATES_HELP,
		T_IMPORT_MATCH_HELP, T_IMPORT_ON_MATCH_HELP, T_IMPORT_REFERENCES_HELP, T_IMPORT_ROWS };
	struct form_field *fields = import->fields;

	import->dates[0] = tr(T_IMPORT_YMD);
	import->dates[1] = tr(T_IMPORT_DMY);
	import->dates[2] = tr(T_IMPORT_MDY);
	import->ways[0] = tr(T_IMPORT_SKIP);
	import->ways[1] = tr(T_IMPORT_UPDATE);
	import->ways[2] = tr(T_IMPORT_ADD);
	for (size_t i = 0; i < IMPORT_FIELDS; i++)
		fields[i] = (struct form_field){ .id = (int)i, .label = tr(labels[i]), .help = tr(helps[i]) };
	fields[IMPORT_FILE].required = true;
	fields[IMPORT_FILE].cols = 50;
	fields[IMPORT_FILE].max_chars = IMPORT_PATH_CHARS;
	fields[IMPORT_FORMAT].choices = import_formats;
	fields[IMPORT_FORMAT].choice_count = sizeof(import_formats) / sizeof(import_formats[0]);
	fields[IMPORT_SEPARATOR].max_chars = 2;
	fields[IMPORT_SEPARATOR].cols = 4;
	fields[IMPORT_DATES].choices = import->dates;
	fields[IMPORT_DATES].choice_count = 3;
	fields[IMPORT_MATCH].choices = import->matches;
	fields[IMPORT_MATCH].choice_count = import_find_matches(import, entity);
	fields[IMPORT_ON_MATCH].choices = import->ways;
	fields[IMPORT_ON_MATCH].choice_count = 3;
	for (size_t i = 0; i < IMPORT_FIELDS; i++)
		if (fields[i].choices != NULL) {
			fields[i].kind = fields[i].choice_count > 0 ? FORM_CHOICE : FORM_SHOW;
			fields[i].lookup = true;
		}
	fields[IMPORT_HEADER].kind = fields[IMPORT_REFERENCES].kind = FORM_CHECK;
	fields[IMPORT_ROWS].kind = FORM_PANEL;
	fields[IMPORT_ROWS].panel_rows = import_rows_of;
	fields[IMPORT_ROWS].panel_draw = import_draw_rows;
	fields[IMPORT_ROWS].panel = import;
	import->form = (struct form){ .fields = fields,
		.count = IMPORT_FIELDS,
		.check = import_check,
		.arg = import,
		.button = tr(T_IMPORT_BUTTON) };
	form_init(&import->form);
	form_load(&import->form, IMPORT_ON_MATCH, import->ways[0]);
}

bool
import_may(struct app *app, const Kehu__Entity *entity)
{
	const Kehu__Entity *import = app_entity(app, "import");

	return entity != NULL && (entity->actions_allowed & CAT_CREATE) != 0 && entity->kind != CAT_LINE &&
	       import != NULL && (import->actions_allowed & CAT_ACT) != 0;
}

void
import_open(struct app *app, uint32_t entity)
{
	const Kehu__Entity *known = cat_entity(app_cat(app), entity);
	struct import_screen *import;

	if (!import_may(app, known)) {
		message_say(SAY_WARNING, 0, tr(T_IMPORT_MAY_NOT));
		return;
	}
	import = mem_zalloc(1, sizeof(*import));
	import->app = app;
	import->arena = arena_new(0);
	import->look_arena = arena_new(0);
	import->entity = entity;
	import_make_form(import, known);
	import->screen.ops = &import_ops;
	ui_push(app->ui, &import->screen);
}
