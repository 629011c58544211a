/*
 * The second page of importing: which column fills which field, with suggestions. F10 tries it and tells what
 * would come of it; F10 again does it. Afterwards Enter opens the import, where it can be undone.
 */
#include "client/screens/import.h"

#include "client/screens/record.h"
#include "client/ui/picker.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/text.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define IMPORT_LINES_MAX 16

static const Kehu__Entity *
columns_entity(const struct import_columns *import)
{
	return cat_entity(app_cat(import->app), import->plan.entity);
}

/* ---- which field ------------------------------------------------------------------------- */

static void
columns_set(struct import_columns *import, struct import_column *column, const Kehu__Entity *line,
    const Kehu__Field *field)
{
	column->field = field == NULL  ? NULL
			: line != NULL ? arena_printf(import->arena, "%s.%s", line->name, field->name)
				       : arena_strdup(import->arena, field->name);
	column->label = field == NULL  ? NULL
			: line != NULL ? arena_printf(import->arena, "%s: %s", line->label, field->label)
				       : arena_strdup(import->arena, field->label);
	/* What was tried is not what would be done now. */
	if (import->state == IMPORT_TRIED)
		import->state = IMPORT_MAPS;
}

static bool
columns_taken(const struct import_columns *import, const char *field)
{
	for (size_t i = 0; i < import->column_count; i++)
		if (import->columns[i].field != NULL && strcmp(import->columns[i].field, field) == 0)
			return true;
	return false;
}

static void
columns_suggest(struct import_columns *import)
{
	const Kehu__Entity *entity = columns_entity(import);

	for (size_t i = 0; entity != NULL && i < import->column_count; i++) {
		const Kehu__Field *field = load_suggest(entity, import->columns[i].header);

		if (field != NULL && !columns_taken(import, field->name))
			columns_set(import, &import->columns[i], NULL, field);
	}
}

/* Unless the user was quicker and already changed or tried something. */
void
import_columns_take(struct import_columns *import, const Kehu__ImportAnswer *answer)
{
	const struct cat *cat = app_cat(import->app);
	const Kehu__Entity *entity = columns_entity(import);
	size_t taken = 0;

	if (entity == NULL || import->touched || import->state != IMPORT_MAPS || answer->n_map == 0)
		return;
	for (size_t i = 0; i < import->column_count; i++)
		columns_set(import, &import->columns[i], NULL, NULL);
	for (size_t k = 0; k < answer->n_map; k++) {
		const Kehu__Mapping *mapping = answer->map[k];
		const char *path = mapping->field != NULL ? mapping->field : "";
		const char *dot = strchr(path, '.');
		const Kehu__Entity *line = dot == NULL ? NULL
						       : cat_line_called(cat, entity, arena_strndup(cells_scratch(),
							     path, (size_t)(dot - path)));
		const Kehu__Field *field = dot == NULL ? cat_field_called(entity, path)
					   : line != NULL ? cat_field_called(line, dot + 1)
							  : NULL;

		for (size_t i = 0; field != NULL && mapping->column != NULL && i < import->column_count; i++)
			if (strcmp(import->columns[i].header, mapping->column) == 0 &&
			    import->columns[i].field == NULL) {
				columns_set(import, &import->columns[i], line, field);
				taken++;
				break;
			}
	}
	if (taken == 0)
		columns_suggest(import);
	else
		message_say(SAY_OK, 0, tr(T_IMPORT_LEARNT));
}

struct columns_pick {
	struct import_columns *import;
	size_t column;
};

/* A field of a line stands for itself and its line's number. */
static void
columns_offer(struct picker *picker, const Kehu__Entity *line, const Kehu__Field *field, const char *typed)
{
	struct arena *arena = cells_scratch();
	const char *label = line == NULL ? field->label
					 : arena_printf(arena, "%s: %s", line->label, field->label);

	if ((field->flags & CAT_READONLY) != 0 ||
	    (picker_match(label, typed) == 0 && picker_match(field->label, typed) == 0 &&
		strncmp(field->name, typed, strlen(typed)) != 0))
		return;
	picker_add(picker, &(struct picker_item){
			       .id = (int64_t)(line != NULL ? line->number : 0) * 1000000 + field->number,
			       .label = label,
			       .note = (field->flags & CAT_REQUIRED) != 0 ? tr(T_IMPORT_REQUIRED) : NULL });
}

static void
columns_search(void *arg, struct picker *picker, const char *typed)
{
	const struct columns_pick *pick = arg;
	const Kehu__Entity *entity = columns_entity(pick->import), *lines[IMPORT_LINES_MAX];
	size_t count;

	picker_clear(picker);
	if (entity == NULL)
		return;
	if (typed[0] == '\0')
		picker_add(picker, &(struct picker_item){ .label = tr(T_IMPORT_LEAVE_OUT) });
	for (size_t i = 0; i < entity->n_fields; i++)
		columns_offer(picker, NULL, entity->fields[i], typed);
	count = cat_lines(app_cat(pick->import->app), entity, lines, IMPORT_LINES_MAX);
	for (size_t k = 0; k < count; k++)
		for (size_t i = 0; i < lines[k]->n_fields; i++)
			columns_offer(picker, lines[k], lines[k]->fields[i], typed);
}

static unsigned
columns_take(void *arg, const struct picker_item *item, const char *text)
{
	struct columns_pick *pick = arg;
	const struct cat *cat = app_cat(pick->import->app);
	const Kehu__Entity *entity = columns_entity(pick->import), *line = NULL;

	(void)text;
	if (item == NULL || entity == NULL)
		return UI_HANDLED;
	if (item->id >= 1000000)
		line = cat_entity(cat, (uint32_t)(item->id / 1000000));
	pick->import->touched = true;
	columns_set(pick->import, &pick->import->columns[pick->column], line,
	    item->id == 0 ? NULL : cat_field(line != NULL ? line : entity, (uint32_t)(item->id % 1000000)));
	return UI_CLOSE;
}

static void
columns_pick_field(struct import_columns *import)
{
	struct columns_pick *pick = ARENA_NEW(import->arena, struct columns_pick);

	*pick = (struct columns_pick){ import, import->list.cursor };
	picker_open(import->app->ui,
	    &(struct picker_config){ .title = import->columns[pick->column].header,
		.search = columns_search,
		.take = columns_take,
		.arg = pick });
}

/* ---- keys -------------------------------------------------------------------------------- */

static bool
columns_busy(const struct import_columns *import)
{
	return import->state == IMPORT_SENDS || import->state == IMPORT_RUNS;
}

static void
columns_go(struct import_columns *import)
{
	bool any = false;

	for (size_t i = 0; i < import->column_count; i++)
		any |= import->columns[i].field != NULL;
	if (!any)
		message_say(SAY_WARNING, 0, tr(T_IMPORT_NO_FIELD));
	else
		import_send_start(import, import->state != IMPORT_TRIED);
}

static unsigned
columns_key(struct screen *screen, enum act act, const struct event *event)
{
	struct import_columns *import = (struct import_columns *)screen;

	if (columns_busy(import)) {
		if (act != ACT_cancel && act != ACT_actions)
			return act == ACT_back ? UI_NONE : UI_HANDLED;
		import_send_stop(import);
		return UI_DONE;
	}
	if (act == ACT_save && import->state != IMPORT_DONE) {
		columns_go(import);
		return UI_DONE;
	}
	if (act == ACT_open || act == ACT_pick) {
		const Kehu__Entity *kept = app_entity(import->app, "import");

		if (import->state != IMPORT_DONE)
			columns_pick_field(import);
		else if (kept != NULL && import->record != 0)
			record_open(import->app, kept->number, import->record);
		return UI_DONE;
	}
	return list_key(&import->list, act, event) & ~(unsigned)UI_ACT;
}

/* ---- the screen -------------------------------------------------------------------------- */

static const struct list_row *
columns_row(void *arg, size_t index)
{
	struct import_columns *import = arg;
	const struct import_column *column = &import->columns[index];
	struct arena *scratch = cells_scratch();

	import->cells[0] = text_print(scratch, column->header, TEXT_LINE);
	import->cells[1] = column->label != NULL ? column->label : "-";
	import->cells[2] = column->sample;
	import->row = (struct list_row){ .id = (int64_t)index + 1,
		.cells = import->cells,
		.role = column->field != NULL ? ROLE_NORMAL : ROLE_MUTED };
	return &import->row;
}

static void
columns_draw(struct screen *screen, struct rect rect)
{
	list_draw(&((struct import_columns *)screen)->list, rect, true);
}

static void
columns_head(struct screen *screen, struct rect rect)
{
	const struct import_columns *import = (struct import_columns *)screen;
	struct arena *scratch = cells_scratch();
	const char *text = import->said;

	if (import->state == IMPORT_SENDS)
		text = arena_printf(scratch, tr(T_IMPORT_SENDING), (long long)import->load.sent / 1024);
	else if (import->state == IMPORT_RUNS)
		text = arena_printf(scratch, tr(import->dry ? T_IMPORT_TRYING : T_IMPORT_RUNNING),
		    (long long)import->done, (long long)import->total);
	else if (import->state == IMPORT_TRIED)
		text = arena_printf(scratch, tr(T_IMPORT_TRIED), import->said);
	else if (import->state == IMPORT_MAPS && import->said[0] == '\0')
		text = tr(T_IMPORT_MAP);
	cells_put(rect.y, rect.x, rect.cols, text, ROLE_STRONG);
}

static const char *
columns_hint(struct screen *screen)
{
	const struct import_columns *import = (struct import_columns *)screen;

	if (columns_busy(import))
		return tr(T_IMPORT_HINT_RUNS);
	return tr(import->state == IMPORT_DONE	? T_IMPORT_HINT_DONE
		  : import->state == IMPORT_TRIED ? T_IMPORT_HINT_TRIED
						  : T_IMPORT_HINT_MAP);
}

static const char *
columns_title(struct screen *screen)
{
	const Kehu__Entity *entity = columns_entity((struct import_columns *)screen);

	return arena_printf(cells_scratch(), tr(T_IMPORT_TITLE), entity != NULL ? entity->label : "");
}

static bool
columns_can(struct screen *screen, enum act act)
{
	const struct import_columns *import = (struct import_columns *)screen;

	if (act == ACT_save)
		return !columns_busy(import) && import->state != IMPORT_DONE;
	if (act == ACT_actions)
		return columns_busy(import);
	return act != ACT_edit && act != ACT_new && act != ACT_print && act != ACT_undo && act != ACT_editor;
}

static const char *
columns_label(struct screen *screen, enum act act)
{
	const struct import_columns *import = (struct import_columns *)screen;

	if (act == ACT_save)
		return tr(import->state == IMPORT_TRIED ? T_IMPORT : T_IMPORT_TRY);
	return act == ACT_actions ? tr(T_JOBS_STOP) : NULL;
}

static void
columns_leave(struct screen *screen)
{
	struct import_columns *import = (struct import_columns *)screen;

	/* A job that runs goes on; an upload that was cut off is no use to anybody. */
	if (import->state == IMPORT_SENDS)
		import_send_stop(import);
	import_send_end(import);
	list_fini(&import->list);
	arena_free(import->arena);
	arena_free(import->run_arena);
	free(import);
}

static const struct screen_ops columns_ops = {
	.name = "import_columns",
	.context = CTX_FORM,
	.title = columns_title,
	.head = columns_head,
	.draw = columns_draw,
	.hint = columns_hint,
	.can = columns_can,
	.label = columns_label,
	.key = columns_key,
	.leave = columns_leave,
};

/* ---- opening ----------------------------------------------------------------------------- */

static const char *
columns_sample(struct import_columns *import, const struct intake_found *found, size_t at)
{
	const char *sample = "";

	for (size_t i = 0; i < found->row_count; i++) {
		const char *cell = at < found->rows[i].count ? found->rows[i].cells[at] : "";

		if (cell[0] != '\0')
			sample = arena_printf(import->arena, "%s%s%s", sample, sample[0] != '\0' ? " | " : "",
			    text_print(import->arena, cell, TEXT_LINE));
	}
	return sample;
}

static bool
columns_read(struct import_columns *import)
{
	struct load load = { .path = import->plan.path,
		.lang = tr_lang(),
		.arena = import->run_arena,
		.options = import->plan.options,
		.fd = -1 };
	const char *why = NULL;
	enum err err = load_open(&load, 3, &why);

	load_close(&load);
	if (err != ERR_OK) {
		message_sayf(SAY_ERROR, tr(T_FILE_FAILED), text_print(cells_scratch(), why, TEXT_LINE));
		return false;
	}
	import->column_count = load.found.column_count;
	import->columns = ARENA_ARRAY(import->arena, struct import_column, import->column_count + 1);
	for (size_t i = 0; i < import->column_count; i++)
		import->columns[i] = (struct import_column){
			.header = arena_strdup(import->arena, load.found.columns[i]),
			.sample = columns_sample(import, &load.found, i) };
	return true;
}

static void
columns_copy_plan(struct import_columns *import, const struct import_plan *plan)
{
	struct arena *arena = import->arena;

	import->plan = *plan;
	import->plan.path = arena_strdup(arena, plan->path);
	import->plan.options.format = arena_strdup(arena, plan->options.format);
	import->plan.options.encoding = arena_strdup(arena, plan->options.encoding);
	import->plan.dates = arena_strdup(arena, plan->dates);
	import->plan.match = arena_strdup(arena, plan->match);
	import->plan.on_match = arena_strdup(arena, plan->on_match);
}

void
import_columns_open(struct app *app, const struct import_plan *plan)
{
	struct import_columns *import = mem_zalloc(1, sizeof(*import));

	import->app = app;
	import->arena = arena_new(0);
	import->run_arena = arena_new(0);
	import->load.fd = -1;
	columns_copy_plan(import, plan);
	if (!columns_read(import)) {
		arena_free(import->arena);
		arena_free(import->run_arena);
		free(import);
		return;
	}
	columns_suggest(import);
	import->heads[0] = (struct list_column){ .title = tr(T_IMPORT_COLUMN), .min_cols = 12, .want_cols = 24 };
	import->heads[1] = (struct list_column){ .title = tr(T_IMPORT_FIELD), .min_cols = 12, .want_cols = 20 };
	import->heads[2] = (struct list_column){ .title = tr(T_IMPORT_SAMPLE), .min_cols = 12, .want_cols = 30, .stretch = true };
	import->list = (struct list){ .columns = import->heads,
		.column_count = IMPORT_SHOWN_COLUMNS,
		.row = columns_row,
		.arg = import };
	list_init(&import->list);
	list_set_total(&import->list, import->column_count, false);
	import->screen.ops = &columns_ops;
	ui_push(app->ui, &import->screen);
	if (!plan->options.no_header)
		import_send_ask(import);
}
