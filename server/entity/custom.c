/* From a definition in the database to a field of the catalogue; what may be defined is
 * rules/custom_field.c's. */
#include "server/entity/custom.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	const char *name;
	enum field_type type;
	uint32_t flags;
	char search; /* class of its tokens (server/record/token.h); 0: not searched for */
} custom_kinds[] = {
	{ "text", TYPE_TEXT, FIELD_SORT | FIELD_FILTER, 'n' },
	{ "block", TYPE_BLOCK, 0, 't' },
	{ "number", TYPE_INT, FIELD_SORT | FIELD_FILTER, 0 },
	{ "number", TYPE_QUANTITY, FIELD_SORT | FIELD_FILTER, 0 },
	{ "money", TYPE_MONEY, FIELD_SORT | FIELD_FILTER, 0 },
	{ "date", TYPE_DATE, FIELD_SORT | FIELD_FILTER, 0 },
	{ "moment", TYPE_MOMENT, FIELD_SORT | FIELD_FILTER, 0 },
	{ "choice", TYPE_CHOICE, FIELD_SORT | FIELD_FILTER, 0 },
	{ "reference", TYPE_REF, FIELD_FILTER, 0 },
	{ "yes_no", TYPE_BOOL, FIELD_FILTER, 0 },
	{ "phone", TYPE_PHONE, FIELD_FILTER, 'p' },
	{ "mail", TYPE_MAIL, FIELD_FILTER, 'm' },
	{ "link", TYPE_LINK, FIELD_FILTER, 't' },
};
#define CUSTOM_KINDS (sizeof(custom_kinds) / sizeof(custom_kinds[0]))

bool
custom_type(const char *kind, uint32_t decimals, enum field_type *type)
{
	for (size_t i = 0; kind != NULL && i < CUSTOM_KINDS; i++)
		if (strcmp(custom_kinds[i].name, kind) == 0 &&
		    (custom_kinds[i].type != TYPE_INT || decimals == 0)) {
			*type = custom_kinds[i].type;
			return true;
		}
	return false;
}

const struct entity_view *
custom_entity(const struct catalog *catalog, const char *name, const char **code)
{
	const char *dot = name != NULL ? strchr(name, '.') : NULL;

	for (size_t i = 0; dot != NULL && i < catalog_count(catalog); i++) {
		const struct entity_view *view = catalog_at(catalog, i);
		size_t bytes = strlen(view->def->name);

		if (bytes != (size_t)(dot - name) || memcmp(view->def->name, name, bytes) != 0)
			continue;
		*code = dot + 1;
		/* Files and remarks have no forms; definitions are not defined by themselves.
		 */
		return view->def->kind == ENTITY_ANCHORED ||
			       strcmp(view->def->name, "custom_field") == 0
			   ? NULL
			   : view;
	}
	return NULL;
}

static const char *
custom_text(struct arena *arena, const char *text)
{
	return text != NULL && text[0] != '\0' ? arena_strdup(arena, text) : NULL;
}

static uint32_t
custom_number(const char *text)
{
	return text != NULL ? (uint32_t)strtoul(text, NULL, 10) : 0;
}

static bool
custom_is(const char *const cells[CUSTOM_CELLS], enum custom_cell cell)
{
	return cells[cell] != NULL && cells[cell][0] == 't';
}

/* A retired one keeps its column and history; nobody has to fill it in, and nothing finds it.
 */
static uint32_t
custom_flags(const char *const cells[CUSTOM_CELLS], uint32_t flags, char search)
{
	flags |= FIELD_CUSTOM;
	if (custom_is(cells, CUSTOM_SENSITIVE))
		flags |= FIELD_SENSITIVE;
	if (custom_is(cells, CUSTOM_RETIRED))
		return flags | FIELD_RETIRED;
	if (custom_is(cells, CUSTOM_REQUIRED))
		flags |= FIELD_REQUIRED;
	if (custom_is(cells, CUSTOM_LISTED))
		flags |= FIELD_COLUMN;
	if (custom_is(cells, CUSTOM_SEARCHED) && search != 0)
		flags |= FIELD_SEARCH;
	if (custom_is(cells, CUSTOM_INDEXED) && (flags & (FIELD_SORT | FIELD_FILTER)) != 0)
		flags |= FIELD_INDEXED;
	return flags;
}

enum err
custom_make(struct arena *arena, const struct catalog *catalog,
    const char *const cells[CUSTOM_CELLS], uint32_t *entity, struct field *field)
{
	const char *code;
	const struct entity_view *view = custom_entity(catalog, cells[CUSTOM_NAME], &code);
	uint32_t number = custom_number(cells[CUSTOM_NUMBER]);
	enum field_type type;
	size_t kind = 0;

	if (view == NULL || number < CUSTOM_NUMBER_MIN ||
	    !custom_type(cells[CUSTOM_KIND], custom_number(cells[CUSTOM_DECIMALS]), &type) ||
	    (type == TYPE_REF && catalog_entity_named(catalog, cells[CUSTOM_TARGET]) == NULL) ||
	    (type == TYPE_CHOICE && cells[CUSTOM_DICTIONARY] == NULL))
		return ERR_INVALID;
	while (custom_kinds[kind].type != type)
		kind++;
	*entity = view->def->number;
	*field = (struct field){
		.number = number,
		.name = arena_printf(arena, "x_%" PRIu32, number),
		.code = custom_text(arena, code),
		.type = type,
		.zh = custom_text(arena, cells[CUSTOM_ZH]),
		.en = custom_text(arena, cells[CUSTOM_EN]),
		.flags =
		    custom_flags(cells, custom_kinds[kind].flags, custom_kinds[kind].search),
		.max_chars = custom_number(cells[CUSTOM_MAX_CHARS]),
		.decimals = type == TYPE_QUANTITY ? custom_number(cells[CUSTOM_DECIMALS]) : 0,
		.dict =
		    type == TYPE_CHOICE ? custom_text(arena, cells[CUSTOM_DICTIONARY]) : NULL,
		.ref = type == TYPE_REF ? custom_text(arena, cells[CUSTOM_TARGET]) : NULL,
		.search = custom_kinds[kind].search,
		.least = custom_text(arena, cells[CUSTOM_LEAST]),
		.most = custom_text(arena, cells[CUSTOM_MOST]),
		.initial = custom_is(cells, CUSTOM_RETIRED)
			       ? NULL
			       : custom_text(arena, cells[CUSTOM_INITIAL]),
		.aliases = custom_text(arena, cells[CUSTOM_ALIASES]),
		.section_zh = custom_text(arena, cells[CUSTOM_SECTION_ZH]),
		.section_en = custom_text(arena, cells[CUSTOM_SECTION_EN]),
		.help_zh = custom_text(arena, cells[CUSTOM_HELP_ZH]),
		.help_en = custom_text(arena, cells[CUSTOM_HELP_EN]),
	};
	return ERR_OK;
}
