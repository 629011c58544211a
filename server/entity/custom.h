/*
 * Custom fields: what administrators define (records of custom_field) becomes fields of the
 * catalogue. `kehud maintain` makes their columns; a definition without one is not in it yet.
 */
#ifndef KEHU_CUSTOM_H
#define KEHU_CUSTOM_H

#include "server/entity/entity.h"

#define CUSTOM_NUMBER_MIN 10000
#define CUSTOM_PER_ENTITY                                                                      \
	100 /* retired ones too: PostgreSQL has 1,600 columns a table, and they stay */
#define CUSTOM_NAME_CHARS 40

/* A definition as texts, NULL where nothing is said. Booleans are "t". */
enum custom_cell {
	CUSTOM_NAME, /* "customer.parking" */
	CUSTOM_NUMBER,
	CUSTOM_KIND,
	CUSTOM_ZH,
	CUSTOM_EN,
	CUSTOM_RETIRED,
	CUSTOM_REQUIRED,
	CUSTOM_LISTED,
	CUSTOM_SEARCHED,
	CUSTOM_INDEXED,
	CUSTOM_SENSITIVE,
	CUSTOM_MAX_CHARS,
	CUSTOM_DECIMALS,
	CUSTOM_DICTIONARY,
	CUSTOM_TARGET,
	CUSTOM_LEAST,
	CUSTOM_MOST,
	CUSTOM_INITIAL,
	CUSTOM_ALIASES,
	CUSTOM_SECTION_ZH,
	CUSTOM_SECTION_EN,
	CUSTOM_HELP_ZH,
	CUSTOM_HELP_EN,
	CUSTOM_CELLS
};

/* These cells in order, of field f and its dictionary d; catalog_fields() in
 * sql/repeat/20_caches.sql gives the same. */
#define CUSTOM_COLUMNS                                                                         \
	"f.name, f.number, f.kind, f.zh, f.en, f.retired, f.required, f.listed, f.searched, "  \
	"f.indexed, f.sensitive, f.max_chars, f.decimals, d.name, f.target, f.lowest, "        \
	"f.highest, "                                                                          \
	"f.initial, f.aliases, f.section_zh, f.section_en, f.help_zh, f.help_en"
#define CUSTOM_ORDER "split_part(f.name, '.', 1), coalesce(f.place, f.number), f.number"

/* The type of a kind such as "money"; of numbers decimals decide. false: there is no such kind.
 */
bool custom_type(const char *kind, uint32_t decimals, enum field_type *type);
/* The entity that "customer.parking" is about and may have fields of its own; NULL: none.
 * *code: "parking". */
const struct entity_view *custom_entity(
    const struct catalog *catalog, const char *name, const char **code);
/*
 * The field that a definition gives, in arena, and the entity's number. ERR_INVALID: it fits no
 * entity or kind of this program.
 */
MUST_CHECK enum err custom_make(struct arena *arena, const struct catalog *catalog,
    const char *const cells[CUSTOM_CELLS], uint32_t *entity, struct field *field);

#endif
