/* Rows as records; see row.h. */
#include "client/screens/row.h"

const Kehu__Value *
row_value(const Kehu__Page *page, const Kehu__Row *row, uint32_t field)
{
	for (size_t i = 0; field != 0 && i < page->n_columns && i < row->n_cells; i++)
		if (page->columns[i] == field)
			return row->cells[i];
	return NULL;
}

const Kehu__Record *
row_record(struct arena *arena, const Kehu__Entity *entity, const Kehu__Page *page,
    const Kehu__Row *row)
{
	Kehu__Record *record = ARENA_NEW(arena, Kehu__Record);
	const Kehu__Value *label = row_value(page, row, entity->label_field);

	kehu__record__init(record);
	record->has_entity = record->has_id = record->has_version = record->has_rights = true;
	record->entity = entity->number;
	record->id = row->id;
	record->version = row->version;
	record->rights = row->rights;
	record->label = label != NULL ? label->text : NULL;
	record->values = ARENA_ARRAY(arena, Kehu__Value *, row->n_cells + 1);
	for (size_t i = 0; i < page->n_columns && i < row->n_cells; i++) {
		Kehu__Value *value = arena_memdup(arena, row->cells[i], sizeof(*value));

		value->has_field = true;
		value->field = page->columns[i];
		record->values[record->n_values++] = value;
	}
	return record;
}
