/*
 * Requests of a reader that ask: lists, searches, related records, reports.
 */
#include "server/report/report.h"
#include "tests/parts/twins.h"

/* ---- requests ---------------------------------------------------------------------------- */

const struct entity_view *
twins_entity(bool searched)
{
	for (;;) {
		const struct entity_view *view = catalog_at(
		    world->catalog, twins_random((uint32_t)catalog_count(world->catalog)));

		/* What the reader reads is counted meanwhile, in either company for itself. */
		if (view->def->number == E_reading)
			continue;
		/* Most of the time what people work with. */
		if (searched ? view->def->searched
			     : (view->def->kind == ENTITY_ACTIVITY || twins_random(6) == 0))
			return view;
	}
}

const struct field *
twins_field(const struct entity_view *view)
{
	return view->fields[twins_random((uint32_t)view->field_count)];
}

/* Any row, seen or not; mostly of the reader's surroundings. */
const struct world_row *
twins_row(const struct entity_view *view, size_t reader)
{
	size_t first = world->first[view->def->number], count = 0;

	while (
	    first + count < world->count && world->rows[first + count]->row.entity == view->def)
		count++;
	for (int i = 0; count > 0 && i < 200; i++) {
		const struct world_row *row =
		    world->rows[first + twins_random((uint32_t)count)];

		if (!row->absent && row->made &&
		    (row->place >= PLACE_DEPARTMENT || row->reader == reader ||
			twins_random(20) == 0))
			return row;
	}
	return NULL;
}

/*
 * A part of a value. Whole values of masked fields are not asked by: that they are found is
 * what masking leaves to those who know them.
 */
static const char *
twins_part(struct arena *arena, const struct entity_view *view, const struct field *field,
    size_t reader, const char *text, size_t least)
{
	bool masked = eval_field(&world->facts, &world->readers[reader], view->def, field) >
		      EVAL_READONLY;
	size_t most = strlen(text) - (masked && strlen(text) > least);

	return arena_strndup(arena, text,
	    !masked && twins_random(2) ? most
				       : least + twins_random((uint32_t)(most - least + 1)));
}

/* One term of the search language about any field, with the value of any row or a made-up one.
 */
const char *
twins_term(struct arena *arena, const struct entity_view *view, size_t reader)
{
	static const char *const dates[] = { "30d", "..+7d", ">2020-01-01", "2011-03-04",
		"1990-01-01..2005-12-31" };
	const struct field *field = twins_field(view);
	const struct world_row *row = twins_row(view, reader);
	struct world_value value =
	    row != NULL ? world_value(world, row, field) : (struct world_value){ 0 };
	const char *not = twins_random(5) == 0 ? "-" : "";

	if (twins_random(10) == 0)
		return arena_printf(arena, "has:%s", field->name);
	switch (field->type) {
	case TYPE_DATE:
	case TYPE_MOMENT:
		return arena_printf(arena, "%s%s:%s", not, field->name, dates[twins_random(5)]);
	case TYPE_INT:
	case TYPE_QUANTITY:
		return arena_printf(arena, "%s%s:%s%u", not, field->name,
		    twins_random(2) ? ">" : "", twins_random(90));
	case TYPE_MONEY:
		return arena_printf(arena, "%s%s:%u..", not, field->name, twins_random(5000));
	case TYPE_REF:
		return value.present ? arena_printf(arena, "%s%s:#%" PRId64, not, field->name,
					   value.number)
				     : arena_printf(arena, "%s:me", field->name);
	case TYPE_BOOL:
		return arena_printf(arena, "%s%s:yes", not, field->name);
	default:
		if (value.text == NULL)
			return arena_printf(arena, "%s%s:x", not, field->name);
		return arena_printf(arena, "%s%s:%s", not, field->name,
		    twins_part(arena, view, field, reader, value.text, 1));
	}
}

const char *
twins_query(struct arena *arena, const struct entity_view *view, size_t reader)
{
	const char *query = "";

	for (uint32_t terms = twins_random(3); terms > 0; terms--)
		query = arena_printf(arena, "%s %s", query, twins_term(arena, view, reader));
	if (twins_random(6) == 0)
		query = arena_printf(arena, "%s sort:%s%s", query, twins_random(2) ? "-" : "",
		    twins_field(view)->name);
	return query;
}

void
twins_list(struct arena *arena, Kehu__ClientFrame *frame, size_t reader)
{
	const struct entity_view *view = twins_entity(false);
	Kehu__List *list = ARENA_NEW(arena, Kehu__List);

	kehu__list__init(list);
	list->has_entity = list->has_limit = list->has_total = list->has_deleted = true;
	list->entity = view->def->number;
	list->limit = 1 + twins_random(60);
	list->total = twins_random(2) == 0;
	list->deleted = twins_random(12) == 0;
	list->query = arena_strdup(arena, twins_query(arena, view, reader));
	if (twins_random(3) == 0) {
		list->has_sort = list->has_down = true;
		list->sort = twins_field(view)->number;
		list->down = twins_random(2) == 0;
	}
	if (twins_random(2) == 0) {
		list->columns = ARENA_ARRAY(arena, uint32_t, 4);
		list->n_columns = 1 + twins_random(4);
		for (size_t i = 0; i < list->n_columns; i++)
			list->columns[i] = twins_field(view)->number;
	}
	frame->request_case = KEHU__CLIENT_FRAME__REQUEST_LIST;
	frame->list = list;
}

bool
twins_related(struct arena *arena, Kehu__ClientFrame *frame, size_t reader)
{
	const struct entity_view *view = twins_entity(false);
	const struct world_row *row = twins_row(view, reader);
	Kehu__Related *related = ARENA_NEW(arena, Kehu__Related);
	size_t tabs = 0;

	while (view->def->tabs != NULL && view->def->tabs[tabs].entity != NULL)
		tabs++;
	if (tabs == 0 || row == NULL)
		return false;
	kehu__related__init(related);
	related->has_entity = related->has_id = related->has_related = related->has_limit =
	    true;
	related->entity = view->def->number;
	related->id = row->row.id;
	related->related = catalog_entity_named(
	    world->catalog, view->def->tabs[twins_random((uint32_t)tabs)].entity)
			       ->def->number;
	related->limit = 1 + twins_random(40);
	frame->request_case = KEHU__CLIENT_FRAME__REQUEST_RELATED;
	frame->related = related;
	return true;
}

void
twins_search(struct arena *arena, Kehu__ClientFrame *frame, size_t reader)
{
	const struct entity_view *view = twins_entity(true);
	const struct world_row *row = twins_row(view, reader);
	Kehu__Search *search = ARENA_NEW(arena, Kehu__Search);
	const struct field *field = twins_field(view);
	struct world_value value =
	    row != NULL ? world_value(world, row, field) : (struct world_value){ 0 };

	kehu__search__init(search);
	search->has_entity = twins_random(2) == 0;
	search->entity = view->def->number;
	search->has_limit = true;
	search->limit = 1 + twins_random(100);
	if (value.text == NULL || strlen(value.text) < 3)
		search->text = arena_strdup(arena, "zq0");
	else
		search->text =
		    arena_strdup(arena, twins_part(arena, view, field, reader, value.text, 3) +
					    (twins_random(3) == 0 ? 2 : 0));
	frame->request_case = KEHU__CLIENT_FRAME__REQUEST_SEARCH;
	frame->search = search;
}

void
twins_report(struct arena *arena, Kehu__ClientFrame *frame, size_t reader)
{
	static const char *const formats[] = { "csv", "text", "html" };
	Kehu__Report *report = ARENA_NEW(arena, Kehu__Report);
	size_t count = 0;
	const struct report_info *info;

	while (report_list[count] != NULL)
		count++;
	info = report_list[twins_random((uint32_t)count)];
	kehu__report__init(report);
	report->name = arena_strdup(arena, info->name);
	report->format = arena_strdup(arena, formats[twins_random(3)]);
	if (info->entity != NULL) {
		const struct world_row *row =
		    twins_row(catalog_entity_named(world->catalog, info->entity), reader);

		report->n_parameters = 1;
		report->parameters = ARENA_ARRAY(arena, Kehu__Value *, 1);
		report->parameters[0] = ARENA_NEW(arena, Kehu__Value);
		kehu__value__init(report->parameters[0]);
		report->parameters[0]->has_field = report->parameters[0]->has_number = true;
		report->parameters[0]->field = 1;
		report->parameters[0]->number = row != NULL ? row->row.id : 1;
	}
	frame->request_case = KEHU__CLIENT_FRAME__REQUEST_REPORT;
	frame->report = report;
}
