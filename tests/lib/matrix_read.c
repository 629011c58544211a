/* Every way to come by a record: opening, history, lists, related ones, search, why, the day. */
#include "server/entity/fields.h"
#include "tests/lib/matrix.h"

#include <stdlib.h>

const Kehu__Row *
matrix_row_of(const Kehu__Page *page, int64_t id)
{
	for (size_t i = 0; i < page->n_rows; i++)
		if (page->rows[i]->id == id)
			return page->rows[i];
	return NULL;
}

/* Exactly the rows that the reader sees: those living, or those in the recycle bin. */
static void
matrix_check_list(size_t reader, const struct ask *ask, const struct wire_answer *answer)
{
	const struct eval_user *user = &matrix.world->readers[reader];
	bool deleted = ask->frame->list->deleted;

	matrix_check_error(reader, ask, answer);
	if (answer->err != ERR_OK)
		return;
	matrix.met[ask->entity->number].listed = true;
	for (size_t i = matrix.world->first[ask->entity->number];
	     i < matrix.world->count && matrix.world->rows[i]->row.entity == ask->entity; i++) {
		const struct world_row *row = matrix.world->rows[i];
		bool sees = row->row.deleted == deleted &&
			    (deleted ? eval_open(&matrix.world->facts, user, &row->row) == EVAL_OK
				     : eval_sees(&matrix.world->facts, user, &row->row));
		struct ask of = *ask;

		of.row = row;
		matrix.cases++;
		if (row->made && !row->absent &&
		    (matrix_row_of(answer->frame->page, row->row.id) != NULL) != sees)
			matrix_wrong(reader, &of, sees ? "is missing" : "is there (reader %zu)",
			    row->reader);
	}
}

/* Of a record that is open, everything that belongs to it. */
static void
matrix_check_related(size_t reader, const struct ask *ask, const struct wire_answer *answer)
{
	const struct entity_view *view = catalog_entity_named(matrix.world->catalog, ask->tab->entity);
	const struct field *by = entity_field_named(view, ask->tab->field);

	matrix_check_error(reader, ask, answer);
	if (answer->err != ERR_OK)
		return;
	for (size_t i = matrix.world->first[view->def->number];
	     i < matrix.world->count && matrix.world->rows[i]->row.entity == view->def; i++) {
		const struct world_row *row = matrix.world->rows[i];
		bool belongs = row->made && !row->absent && !row->row.deleted &&
			       world_value(matrix.world, row, by).present &&
			       world_value(matrix.world, row, by).number == ask->row->row.id &&
			       !eval_is_shut(&matrix.world->readers[reader], &row->row);
		struct ask of = *ask;

		of.row = row;
		matrix.cases += belongs;
		if (row->made && !row->absent &&
		    (matrix_row_of(answer->frame->page, row->row.id) != NULL) != belongs)
			matrix_wrong(reader, &of, belongs ? "is missing" : "is there");
	}
}

static void
matrix_ask_related(struct asks *asks, const struct world_row *row)
{
	for (const struct tab *tab = row->row.entity->tabs; tab != NULL && tab->entity != NULL;
	     tab++) {
		const struct entity_view *view =
		    catalog_entity_named(matrix.world->catalog, tab->entity);
		const struct field *by = entity_field_named(view, tab->field);
		const struct eval_user *user = matrix_user(asks);
		enum eval_answer expected =
		    eval_entity(&matrix.world->facts, user, row->row.entity, EVAL_VIEW);
		Kehu__Related *related = ARENA_NEW(asks->arena, Kehu__Related);
		struct ask *ask;

		if (eval_field(&matrix.world->facts, user, view->def, by) == EVAL_HIDDEN ||
		    (view->def->kind != ENTITY_ANCHORED &&
			(eval_rights(&matrix.world->facts, user, view->def) & EVAL_VIEW) == 0))
			expected = expected == EVAL_OK ? EVAL_NO_ENTITY : expected;
		if (expected == EVAL_OK)
			expected = eval_open(&matrix.world->facts, user, &row->row);
		ask = matrix_ask(asks, "related", row->row.entity, row, expected);
		ask->tab = tab;
		ask->check = matrix_check_related;
		kehu__related__init(related);
		related->has_entity = related->has_id = related->has_related =
		    related->has_field = true;
		related->has_limit = true;
		related->limit = 500;
		related->entity = row->row.entity->number;
		related->id = row->row.id;
		related->related = view->def->number;
		related->field = by->number;
		ask->frame->request_case = KEHU__CLIENT_FRAME__REQUEST_RELATED;
		ask->frame->related = related;
	}
}

static void
matrix_check_search(size_t reader, const struct ask *ask, const struct wire_answer *answer)
{
	bool found = false;

	if (answer->err != ERR_OK) {
		matrix_check_error(reader, ask, answer);
		return;
	}
	for (size_t i = 0; i < answer->frame->search->n_hits; i++)
		found |= answer->frame->search->hits[i]->id == ask->row->row.id;
	if (found != (ask->expected == EVAL_OK))
		matrix_wrong(reader, ask, found ? "is found" : "is not found");
}

/* By the label, whole: seen clear, or masked, it is found exactly where the row is seen. */
static void
matrix_ask_search(struct asks *asks, const struct world_row *row)
{
	const struct entity *entity = row->row.entity;
	const struct entity_view *view = matrix_view(entity);
	const struct field *label = entity_label(view);
	const struct eval_user *user = matrix_user(asks);
	Kehu__Search *search = ARENA_NEW(asks->arena, Kehu__Search);
	enum eval_answer expected = eval_entity(&matrix.world->facts, user, entity, EVAL_VIEW);
	struct ask *ask;

	if (!entity->searched || row->row.deleted)
		return;
	if (expected == EVAL_FORBIDDEN)
		expected = EVAL_NO_ENTITY; /* nothing to search in */
	/* A shut customer is found by its whole name. */
	if (expected == EVAL_OK &&
	    !(entity->number == E_customer ? eval_knows : eval_sees)(&matrix.world->facts, user, &row->row))
		expected = EVAL_NO_RECORD;
	ask = matrix_ask(asks, "search", entity, row, expected);
	ask->check = matrix_check_search;
	kehu__search__init(search);
	search->has_entity = true;
	search->entity = entity->number;
	search->text = arena_strdup(asks->arena, world_value(matrix.world, row, label).text);
	ask->frame->request_case = KEHU__CLIENT_FRAME__REQUEST_SEARCH;
	ask->frame->search = search;
}

static void
matrix_check_why(size_t reader, const struct ask *ask, const struct wire_answer *answer)
{
	if (answer->err != ERR_OK) {
		if (ask->expected != EVAL_NO_ENTITY)
			matrix_check_error(reader, ask, answer);
		return;
	}
	if (answer->frame->why->sees != (ask->expected == EVAL_OK))
		matrix_wrong(reader, ask, "explained as %s",
		    answer->frame->why->sees ? "seen" : "not seen");
}

static void
matrix_ask_why(struct asks *asks, const struct world_row *row)
{
	const struct eval_user *user = matrix_user(asks);
	Kehu__Why *why = ARENA_NEW(asks->arena, Kehu__Why);
	enum eval_answer expected = eval_open(&matrix.world->facts, user, &row->row);
	struct ask *ask;

	if (row->row.deleted)
		return;
	ask = matrix_ask(asks, "why", row->row.entity, row, expected);
	ask->check = matrix_check_why;
	kehu__why__init(why);
	why->has_entity = why->has_id = true;
	why->entity = row->row.entity->number;
	why->id = row->row.id;
	ask->frame->request_case = KEHU__CLIENT_FRAME__REQUEST_WHY;
	ask->frame->why = why;
}

static void
matrix_check_get(size_t reader, const struct ask *ask, const struct wire_answer *answer)
{
	matrix_check_error(reader, ask, answer);
	matrix.met[ask->entity->number].opened |= answer->err == ERR_OK;
}

void
matrix_ask_reading(struct asks *asks, const struct entity *entity)
{
	const struct eval_user *user = matrix_user(asks);
	const struct world_row *row;
	struct ask *ask;
	Kehu__List *list;
	size_t at = 0;

	for (int deleted = 0; deleted < 2; deleted++) {
		list = matrix_ask_list(asks, entity, deleted ? "recycle bin" : "list",
		    eval_entity(&matrix.world->facts, user, entity, EVAL_VIEW), &ask);
		list->has_deleted = list->deleted = deleted;
		ask->check = matrix_check_list;
	}
	while ((row = matrix_next(asks, entity, &at)) != NULL) {
		matrix_ask_get(asks, row, eval_open(&matrix.world->facts, user, &row->row))->check =
		    matrix_check_get;
		if (!matrix_leaves_out(asks, "history", row->row.id, ALIKE))
			matrix_ask_history(
			    asks, row, eval_open(&matrix.world->facts, user, &row->row));
		if (entity->kind == ENTITY_ANCHORED)
			continue;
		if (!matrix_leaves_out(asks, "why", row->row.id, ALIKE))
			matrix_ask_why(asks, row);
		matrix_ask_search(asks, row);
		if (row->place != PLACE_STATE &&
		    !matrix_leaves_out(asks, "related", row->row.id, ALIKE))
			matrix_ask_related(asks, row);
	}
}

void
matrix_ask_today(struct asks *asks)
{
	struct ask *ask = matrix_ask(asks, "today", entity_shipped[0], NULL, EVAL_OK);

	ask->frame->request_case = KEHU__CLIENT_FRAME__REQUEST_TODAY;
	ask->frame->today = ARENA_NEW(asks->arena, Kehu__Today);
	kehu__today__init(ask->frame->today);
	ask->frame->today->has_limit = true;
	ask->frame->today->limit = 50;
}
