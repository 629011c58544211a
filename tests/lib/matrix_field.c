/* Every way to come by a field: values, history, columns, sorting, filters, search, saving it. */
#include "tests/lib/matrix.h"

#include <inttypes.h>
#include <string.h>
#include <strings.h>

static bool
matrix_value_same(
    const struct field *field, const struct world_value *value, const Kehu__Value *wire)
{
	if (!value->present)
		return !wire->has_number && (wire->text == NULL || wire->text[0] == '\0');
	switch (field->type) {
	case TYPE_INT:
	case TYPE_QUANTITY:
	case TYPE_BOOL:
	case TYPE_DATE:
	case TYPE_REF:
	case TYPE_MONEY:
		return wire->has_number && wire->number == value->number;
	case TYPE_MOMENT:
		return wire->has_number && wire->number == value->number;
	default:
		return wire->text != NULL && strcmp(wire->text, value->text) == 0;
	}
}

/* One value as somebody was answered it; NULL: it is not there. */
static void
matrix_check_value(size_t reader, const struct ask *ask, const struct world_row *row,
    const struct field *field, const Kehu__Value *wire, const char *way)
{
	enum eval_show show = matrix_show(reader, row->row.entity, field);
	struct world_value value = world_value(matrix.world, row, field);
	struct ask of = *ask;

	of.field = field;
	of.what = way;
	of.entity = row->row.entity;
	matrix.cases++;
	if (show == EVAL_HIDDEN) {
		matrix.met[row->row.entity->number].kept[field->number % 200] = true;
		if (wire != NULL)
			matrix_wrong(reader, &of, "a hidden field is there");
		return;
	}
	if (!value.present)
		return;
	if (wire == NULL) {
		matrix_wrong(reader, &of, "is missing");
	} else if (show == EVAL_MASKED) {
		matrix.met[row->row.entity->number].kept[field->number % 200] = true;
		if (!wire->masked || wire->has_number || wire->text == NULL ||
		    (value.text != NULL && strstr(wire->text, value.text) != NULL))
			matrix_wrong(reader, &of, "is not masked: %s", wire->text);
	} else {
		matrix.met[row->row.entity->number].seen[field->number % 200] = true;
		if (wire->masked || !matrix_value_same(field, &value, wire))
			matrix_wrong(reader, &of, "is %s %" PRId64 " instead of %s %" PRId64,
			    wire->text != NULL ? wire->text : "-", wire->number,
			    value.text != NULL ? value.text : "-", value.number);
	}
}

static const Kehu__Value *
matrix_value_in(const Kehu__Record *record, uint32_t field)
{
	for (size_t i = 0; i < record->n_values; i++)
		if (record->values[i]->field == field)
			return record->values[i];
	return NULL;
}

static void
matrix_check_record(size_t reader, const struct ask *ask, const struct world_row *row,
    const Kehu__Record *record)
{
	const struct entity_view *view = matrix_view(row->row.entity);

	for (size_t i = 0; i < view->field_count; i++)
		matrix_check_value(reader, ask, row, view->fields[i],
		    matrix_value_in(record, view->fields[i]->number), "get");
	for (size_t i = 0; i < record->n_lines; i++) {
		const struct world_row *line = world_row(matrix.world, record->lines[i]->id);

		if (line != NULL)
			matrix_check_record(reader, ask, line, record->lines[i]);
	}
}

static void
matrix_check_get_fields(size_t reader, const struct ask *ask, const struct wire_answer *answer)
{
	matrix_check_error(reader, ask, answer);
	if (answer->err == ERR_OK)
		matrix_check_record(reader, ask, ask->row, answer->frame->get->record);
}

static void
matrix_check_history_fields(
    size_t reader, const struct ask *ask, const struct wire_answer *answer)
{
	matrix_check_error(reader, ask, answer);
	if (answer->err != ERR_OK)
		return;
	for (size_t c = 0; c < answer->frame->history->n_changes; c++) {
		const Kehu__Change *change = answer->frame->history->changes[c];
		const struct world_row *row = world_row(matrix.world, change->id);
		const struct entity_view *view =
		    row != NULL ? matrix_view(row->row.entity) : NULL;

		for (size_t i = 0; change->kind == 2 && view != NULL && i < view->field_count;
		     i++) {
			const struct field *field = view->fields[i];
			const Kehu__Value *wire = NULL;

			if (field->flags & FIELD_FIGURE ||
			    strcmp(field->name, "created_at") == 0)
				continue;
			for (size_t f = 0; f < change->n_fields; f++)
				if (change->fields[f]->field == field->number)
					wire = change->fields[f]->new_;
			matrix_check_value(reader, ask, row, field, wire, "history");
		}
	}
}

static void
matrix_check_columns(size_t reader, const struct ask *ask, const struct wire_answer *answer)
{
	const Kehu__Page *page;
	const Kehu__Row *row;

	matrix_check_error(reader, ask, answer);
	if (answer->err != ERR_OK)
		return;
	page = answer->frame->page;
	row = matrix_row_of(page, ask->row->row.id);
	if (row == NULL) {
		matrix_wrong(reader, ask, "the row is not listed");
		return;
	}
	for (size_t i = 0; i < page->n_columns; i++) {
		const struct field *field = matrix_field(ask->row, page->columns[i]);

		if (field != NULL)
			matrix_check_value(
			    reader, ask, ask->row, field, row->cells[i], "list column");
	}
}

/* A request about one field that is answered, or refused as if there were no such field. */
static void
matrix_check_refused(size_t reader, const struct ask *ask, const struct wire_answer *answer)
{
	bool refused = answer->err == ERR_NO_SUCH_FIELD || answer->err == ERR_QUERY ||
		       answer->err == ERR_READ_ONLY;

	if (refused != (ask->expected != EVAL_OK) || (answer->err != ERR_OK && !refused))
		matrix_wrong(reader, ask, "%s: answered %s %s",
		    ask->expected == EVAL_OK ? "to be answered" : "to be refused",
		    err_name(answer->err),
		    answer->err != ERR_OK ? answer->frame->error->text : "");
}

static void
matrix_check_found(size_t reader, const struct ask *ask, const struct wire_answer *answer)
{
	bool found = false;

	if (answer->err == ERR_OK &&
	    answer->frame->answer_case == KEHU__SERVER_FRAME__ANSWER_PAGE)
		found = matrix_row_of(answer->frame->page, ask->row->row.id) != NULL;
	else if (answer->err == ERR_OK)
		for (size_t i = 0; i < answer->frame->search->n_hits; i++)
			found |= answer->frame->search->hits[i]->id == ask->row->row.id;
	if (found != (ask->expected == EVAL_OK))
		matrix_wrong(reader, ask, found ? "finds the row" : "does not find the row");
}

static const char *
matrix_query_value(
    struct arena *arena, const struct field *field, const struct world_value *value)
{
	switch (field->type) {
	case TYPE_INT:
	case TYPE_QUANTITY:
		return arena_printf(arena, "%" PRId64, value->number);
	case TYPE_MONEY:
		return arena_printf(arena, "%" PRId64, value->number / 100);
	case TYPE_BOOL:
		return value->number != 0 ? "yes" : "no";
	case TYPE_REF:
		return arena_printf(arena, "#%" PRId64, value->number);
	case TYPE_DATE:
	case TYPE_MOMENT:
		return "2026-02-20";
	case TYPE_REFS:
		return "x";
	default:
		return value->text;
	}
}

static bool
matrix_is_text(const struct field *field)
{
	return field->type == TYPE_TEXT || field->type == TYPE_PHONE ||
	       field->type == TYPE_MAIL || field->type == TYPE_LINK;
}

/* Does the name of a hidden field mean another one, too, that is not hidden? */
static bool
matrix_is_alias(const struct asks *asks, const struct entity *entity, const struct field *field)
{
	const struct entity_view *view = matrix_view(entity);

	for (size_t i = 0; i < view->field_count; i++) {
		const struct field *other = view->fields[i];

		if (other != field && matrix_show(asks->reader, entity, other) != EVAL_HIDDEN &&
		    (strcasecmp(other->en, field->name) == 0 ||
			(other->aliases != NULL &&
			    strstr(other->aliases, field->name) != NULL)))
			return true;
	}
	return false;
}

/* Sort, filter by the whole value, by its first half, has:, search for both, and saving it. */
static void
matrix_ask_field(struct asks *asks, const struct world_row *row, const struct field *field)
{
	const struct entity *entity = row->row.entity;
	const struct eval_user *user = matrix_user(asks);
	enum eval_show show = eval_field(&matrix.world->facts, user, entity, field);
	struct world_value value = world_value(matrix.world, row, field);
	bool clear = show == EVAL_CLEAR || show == EVAL_READONLY, filters;
	struct ask *ask;
	Kehu__List *list;

	/* Clear, masked or hidden decides, and most are clear. */
	if (clear && matrix_leaves_out(asks, field->name, entity->number, ALIKE))
		return;
	list = matrix_ask_list(asks, entity, "sort",
	    clear && field->type != TYPE_REFS ? EVAL_OK : EVAL_BAD_REQUEST, &ask);
	list->has_sort = true;
	list->sort = field->number;
	list->limit = 1;
	ask->field = field;
	ask->check = matrix_check_refused;
	if (show == EVAL_HIDDEN && !matrix_is_alias(asks, entity, field)) {
		list = matrix_ask_list(asks, entity, "list column", EVAL_BAD_REQUEST, &ask);
		list->n_columns = 1;
		list->columns = ARENA_ARRAY(asks->arena, uint32_t, 1);
		list->columns[0] = field->number;
		ask->field = field;
		ask->check = matrix_check_refused;
		list = matrix_ask_list(asks, entity, "has:", EVAL_BAD_REQUEST, &ask);
		list->query = arena_printf(asks->arena, "has:%s", field->name);
		list->limit = 1;
		ask->field = field;
		ask->check = matrix_check_refused;
	}
	if (!value.present ||
	    (value.text != NULL && strlen(value.text) < 8 && show != EVAL_CLEAR))
		return;
	if (show == EVAL_HIDDEN && matrix_is_alias(asks, entity, field))
		return;
	filters = show != EVAL_HIDDEN && (field->flags & FIELD_FILTER) != 0 &&
		  (show != EVAL_MASKED || matrix_is_text(field));
	list =
	    matrix_ask_list(asks, entity, "filter", filters ? EVAL_OK : EVAL_BAD_REQUEST, &ask);
	list->query = arena_printf(
	    asks->arena, "%s:%s", field->name, matrix_query_value(asks->arena, field, &value));
	ask->field = field;
	ask->row = row;
	ask->check =
	    filters && matrix_is_text(field) ? matrix_check_found : matrix_check_refused;
	if (ask->check == matrix_check_refused)
		list->limit = 1;
	if (!clear && value.text != NULL && filters) {
		list = matrix_ask_list(asks, entity, "filter by a part", EVAL_NO_RECORD, &ask);
		list->query = arena_printf(asks->arena, "%s:%s", field->name, value.text + 2);
		ask->field = field;
		ask->row = row;
		ask->check = matrix_check_found;
	}
}

/* A masked or hidden text is searched whole or not at all. */
static void
matrix_ask_field_search(struct asks *asks, const struct world_row *row,
    const struct world_row *of, const struct field *field)
{
	enum eval_show show =
	    eval_field(&matrix.world->facts, matrix_user(asks), of->row.entity, field);
	struct world_value value = world_value(matrix.world, of, field);

	if (!row->row.entity->searched || !value.present || (field->flags & FIELD_SEARCH) == 0)
		return;
	for (int part = 0; part < 2; part++) {
		Kehu__Search *search = ARENA_NEW(asks->arena, Kehu__Search);
		bool finds = show <= EVAL_READONLY || (show == EVAL_MASKED && !part);
		struct ask *ask =
		    matrix_ask(asks, part ? "search for a part" : "search for the whole",
			row->row.entity, row, finds ? EVAL_OK : EVAL_NO_RECORD);

		kehu__search__init(search);
		search->has_entity = search->has_limit = true;
		search->entity = row->row.entity->number;
		search->limit = 200;
		/* Without its beginning, which all texts of a row have in common. */
		search->text = arena_strdup(asks->arena, value.text + (part ? 2 : 0));
		ask->frame->request_case = KEHU__CLIENT_FRAME__REQUEST_SEARCH;
		ask->frame->search = search;
		ask->field = field;
		ask->check = matrix_check_found;
		if (part &&
		    show <= EVAL_READONLY) /* a part of a mail address need not find it */
			ask->check = matrix_check_refused;
	}
}

/* Saving a field that is not the reader's to change; lines with their record. */
static void
matrix_ask_field_save(struct asks *asks, const struct world_row *row,
    const struct world_row *of, const struct field *field)
{
	const struct eval_user *user = matrix_user(asks);
	enum eval_show show = eval_field(&matrix.world->facts, user, of->row.entity, field);
	bool readonly = (field->flags & (FIELD_READONLY | FIELD_FIGURE)) != 0;
	struct world_value value = world_new_value(matrix.world, field, asks->reader, field->number);
	Kehu__Record *record, *at;
	struct ask *ask;

	if (eval_change(&matrix.world->facts, user, &row->row, EVAL_EDIT, NULL) != EVAL_OK)
		return;
	if (show == EVAL_CLEAR && !readonly)
		return;
	if (show == EVAL_MASKED && !world_value(matrix.world, of, field).present)
		return;
	if (!value.present || field->type == TYPE_CHOICE ||
	    (value.text != NULL && strlen(value.text) < 8) || field->type == TYPE_REF ||
	    field->type == TYPE_BOOL)
		return; /* the value may be the same, which is no change */
	if (value.text == NULL && value.number == world_value(matrix.world, of, field).number)
		value.number++;
	record = at =
	    matrix_ask_save(asks, "save a field", row->row.entity, row, EVAL_BAD_REQUEST, &ask);
	ask->field = field;
	ask->check = matrix_check_refused;
	if (of != row) {
		at = ARENA_NEW(asks->arena, Kehu__Record);
		kehu__record__init(at);
		at->has_entity = at->has_id = true;
		at->entity = of->row.entity->number;
		at->id = of->row.id;
		at->values = ARENA_ARRAY(asks->arena, Kehu__Value *, 1);
		record->n_lines = 1;
		record->lines = ARENA_ARRAY(asks->arena, Kehu__Record *, 1);
		record->lines[0] = at;
	}
	at->values[at->n_values++] = matrix_value(asks->arena, field, &value);
}

/* The row by which a reader meets an entity's fields. */
static const struct world_row *
matrix_sample(const struct asks *asks, const struct entity *entity)
{
	static const enum world_place places[] = { PLACE_OWN, PLACE_COMMON, PLACE_COMPANY };

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		const struct world_row *row =
		    world_find(matrix.world, entity, places[i], asks->reader);

		if (row != NULL && row->made &&
		    eval_open(&matrix.world->facts, matrix_user(asks), &row->row) == EVAL_OK)
			return row;
	}
	return NULL;
}

static void
matrix_ask_columns(struct asks *asks, const struct world_row *row)
{
	const struct entity_view *view = matrix_view(row->row.entity);
	struct ask *ask;
	Kehu__List *list = matrix_ask_list(asks, row->row.entity, "list column", EVAL_OK, &ask);

	ask->row = row;
	ask->check = matrix_check_columns;
	list->columns = ARENA_ARRAY(asks->arena, uint32_t, view->field_count + 1);
	for (size_t i = 0; i < view->field_count; i++)
		if (eval_field(&matrix.world->facts, matrix_user(asks), row->row.entity,
			view->fields[i]) != EVAL_HIDDEN)
			list->columns[list->n_columns++] = view->fields[i]->number;
}

void
matrix_ask_fields(struct asks *asks, const struct entity *entity)
{
	const struct world_row *row = matrix_sample(asks, entity);
	const struct entity_view *view = matrix_view(entity);

	if (row == NULL)
		return;
	matrix_ask_get(asks, row, EVAL_OK)->check = matrix_check_get_fields;
	matrix_ask_history(asks, row, EVAL_OK)->check = matrix_check_history_fields;
	matrix_ask_columns(asks, row);
	for (size_t i = 0; i < view->field_count; i++) {
		matrix_ask_field(asks, row, view->fields[i]);
		matrix_ask_field_search(asks, row, row, view->fields[i]);
		matrix_ask_field_save(asks, row, row, view->fields[i]);
	}
	for (size_t l = 0; l < row->line_count; l++) {
		const struct entity_view *line = matrix_view(row->lines[l]->row.entity);

		for (size_t i = 0; i < line->field_count; i++) {
			matrix_ask_field_search(asks, row, row->lines[l], line->fields[i]);
			matrix_ask_field_save(asks, row, row->lines[l], line->fields[i]);
		}
	}
}

void
matrix_check_catalog(size_t reader, const struct ask *ask, const struct wire_answer *answer)
{
	const struct eval_user *user = &matrix.world->readers[reader];

	matrix_check_error(reader, ask, answer);
	for (size_t e = 0; answer->err == ERR_OK && entity_shipped[e] != NULL; e++) {
		const struct entity_view *view = matrix_view(entity_shipped[e]);
		const Kehu__Entity *wire = NULL;

		for (size_t i = 0; i < answer->frame->catalog->n_entities; i++)
			if (answer->frame->catalog->entities[i]->number == view->def->number)
				wire = answer->frame->catalog->entities[i];
		for (size_t i = 0; wire != NULL && i < view->field_count; i++) {
			const struct field *field = view->fields[i];
			enum eval_show show = eval_field(&matrix.world->facts, user, view->def, field);
			const Kehu__Field *found = NULL;
			struct ask of = *ask;

			of.entity = view->def;
			of.field = field;
			matrix.cases++;
			for (size_t f = 0; f < wire->n_fields; f++)
				if (wire->fields[f]->number == field->number)
					found = wire->fields[f];
			if ((found != NULL) != (show != EVAL_HIDDEN))
				matrix_wrong(reader, &of,
				    found != NULL ? "a hidden field is told" : "is missing");
			else if (found != NULL &&
				 ((found->flags & FIELD_MASKED) != 0) != (show == EVAL_MASKED))
				matrix_wrong(reader, &of, "told as %u", found->flags);
		}
	}
}
