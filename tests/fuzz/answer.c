/*
 * Fuzz target: what a server, which may be a hostile one, tells the client. The catalogue is
 * asked for all it says; every value is shown as a field of every type, and what is shown holds
 * nothing that a terminal should not get.
 */
#include "client/link/catalog.h"
#include "common/text.h"
#include "proto/frame.h"
#include "tests/lib/fuzz.h"

#include <string.h>

static void
answer_shown(const char *text)
{
	size_t bytes = strlen(text), step;
	uint32_t code;

	for (size_t at = 0; at < bytes; at += step) {
		step = text_decode(text + at, bytes - at, &code);
		fuzz_insist(step > 0 && (text_code_allowed(code) || code == '\n'));
	}
}

static void
answer_value(struct arena *arena, const struct cat *cat, const Kehu__Value *value)
{
	static char dictionary[] = "level";
	const struct cat_style style = { .offset_min = 480, .lang = LANG_ZH };

	for (uint32_t type = 0; type <= CAT_REFS + 1; type++) {
		Kehu__Field field = KEHU__FIELD__INIT;
		field.has_type = true;
		field.type = type;
		field.number = value->field;
		field.has_number = value->has_field;
		field.dictionary = dictionary;
		struct arena_mark mark = arena_mark(arena);
		answer_shown(cat_value_text(arena, cat, &field, value, &style));
		arena_rewind(arena, mark);
	}
}

static void
answer_entity(const struct cat *cat, const Kehu__Entity *entity)
{
	const Kehu__Entity *lines[4];
	uint32_t columns[8];

	fuzz_insist(cat_entity(cat, entity->number) != NULL);
	fuzz_insist(cat_lines(cat, entity, lines, 4) <= 4);
	fuzz_insist(cat_columns(entity, columns, 8) <= 8);
	(void)cat_entity_nearest(cat, entity->name != NULL ? entity->name : "x");
	for (size_t i = 0; i < entity->n_fields; i++) {
		const Kehu__Field *field = entity->fields[i];
		(void)cat_field(entity, field->number);
		if (field->name != NULL)
			(void)cat_field_called(entity, field->name);
	}
	(void)cat_field_nearest(entity, "nmae");
	(void)cat_action_nearest(entity, "clsoe");
	(void)cat_line_called(cat, entity, "phones");
}

static struct cat *
answer_catalog(const Kehu__CatalogAnswer *answer)
{
	struct cat *cat = cat_new(answer);

	if (cat == NULL)
		return NULL;
	for (size_t i = 0; i < cat_count(cat); i++)
		answer_entity(cat, cat_at(cat, i));
	const Kehu__Dictionary *levels = cat_dictionary(cat, "level");
	if (levels != NULL)
		(void)cat_item_called(levels, "zy");
	for (size_t i = 0; i < cat_report_count(cat); i++)
		(void)cat_report_at(cat, i);
	return cat;
}

static void
answer_record(struct arena *arena, const struct cat *cat, const Kehu__Record *record, int depth)
{
	for (size_t i = 0; i < record->n_values; i++)
		answer_value(arena, cat, record->values[i]);
	for (size_t i = 0; depth < 3 && i < record->n_lines; i++)
		answer_record(arena, cat, record->lines[i], depth + 1);
}

static void
answer_look(struct arena *arena, const Kehu__ServerFrame *frame)
{
	Kehu__CatalogAnswer none = KEHU__CATALOG_ANSWER__INIT;
	struct cat *cat = answer_catalog(
	    frame->answer_case == KEHU__SERVER_FRAME__ANSWER_CATALOG ? frame->catalog : &none);

	if (cat == NULL)
		return;
	if (frame->answer_case == KEHU__SERVER_FRAME__ANSWER_GET && frame->get->record != NULL)
		answer_record(arena, cat, frame->get->record, 0);
	if (frame->answer_case == KEHU__SERVER_FRAME__ANSWER_PAGE)
		for (size_t i = 0; i < frame->page->n_rows; i++)
			for (size_t j = 0; j < frame->page->rows[i]->n_cells; j++)
				answer_value(arena, cat, frame->page->rows[i]->cells[j]);
	cat_free(cat);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	struct arena *arena = arena_new(FUZZ_CEILING_BYTES);
	Kehu__ServerFrame *frame;
	const char *why;

	if (bytes > 0 &&
	    frame_unpack_server(arena, data[0], data + 1, bytes - 1, &frame, &why) == ERR_OK)
		answer_look(arena, frame);
	arena_free(arena);
	return 0;
}
