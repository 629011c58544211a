/*
 * From candidate rows to hits: each text of a search row is looked at by the right to its own
 * field, matched again, and shown, masked or left out. Which rows are candidates is search.c's.
 */
#include "server/record/search_private.h"

#include "server/record/mask.h"

#include <stdlib.h>
#include <string.h>

#define DOC_FIELDS_MAX   400
#define WHOLE_DIGITS_MIN 7

static void
search_add_class(char classes[16], char class)
{
	size_t count = strlen(classes);

	if (strchr(classes, class) == NULL && count < 15)
		classes[count] = class;
}

const struct search_sight *
search_sight(const struct call *call, const struct entity_view *entity)
{
	const struct entity_view *kinds[17] = { entity };
	size_t count = 1 + call_lines(call, entity->def, kinds + 1, 16);
	struct search_sight *sight = ARENA_NEW(call->arena, struct search_sight);

	sight->label = entity_label(entity);
	for (size_t k = 0; k < count; k++)
		for (size_t i = 0; i < kinds[k]->field_count; i++) {
			const struct field *field = kinds[k]->fields[i];

			if ((field->flags & FIELD_SEARCH) == 0 ||
			    sight->count == SEARCHED_FIELDS_MAX)
				continue;
			search_add_class(
			    field->flags & FIELD_MASKED ? sight->whole : sight->clear,
			    field->search);
			sight->fields[sight->count].entity = kinds[k]->def->number;
			sight->fields[sight->count++].field = field;
		}
	return sight;
}

bool
search_looks_whole(const char *words)
{
	size_t digits = 0;

	for (const char *at = words; *at != '\0'; at++) {
		digits = *at >= '0' && *at <= '9' ? digits + 1 : *at == ' ' ? 0 : digits;
		if (*at == '@' || digits >= WHOLE_DIGITS_MIN)
			return true;
	}
	return false;
}

/* The reader's field of a stored text; NULL: hidden. */
static const struct field *
search_seen(const struct search_sight *sight, unsigned long entity, unsigned long field)
{
	for (size_t i = 0; i < sight->count; i++)
		if (sight->fields[i].entity == entity &&
		    sight->fields[i].field->number == field)
			return sight->fields[i].field;
	return NULL;
}

/* The texts of a search row: "class entity.field<tab>text" a line. */
static size_t
search_read_doc(struct arena *arena, const char *doc, const struct search_sight *sight,
    struct token_field *fields, const struct field **seen)
{
	size_t count = 0;

	while (*doc != '\0' && count < DOC_FIELDS_MAX) {
		size_t length = strcspn(doc, "\n");
		const char *tab = memchr(doc, '\t', length);

		if (tab != NULL) {
			char *end;
			unsigned long entity = strtoul(doc + 1, &end, 10);
			unsigned long field = *end == '.' ? strtoul(end + 1, NULL, 10) : 0;

			seen[count] = search_seen(sight, entity, field);
			if (seen[count] != NULL)
				fields[count] = (struct token_field){
					.class = doc[0],
					/* customer.short_name */
					.short_name = entity == 10 && field == 3,
					.whole = (seen[count]->flags & FIELD_MASKED) != 0,
					.text = arena_strndup(
					    arena, tab + 1, length - (size_t)(tab + 1 - doc)),
				};
			count += seen[count] != NULL;
		}
		doc += length + (doc[length] == '\n');
	}
	return count;
}

static bool
search_label_is_clear(const struct search_sight *sight)
{
	return sight->label != NULL && (sight->label->flags & FIELD_MASKED) == 0;
}

const char *
search_label(struct call *call, const struct search_sight *sight, const char *label)
{
	if (sight->label == NULL || label == NULL)
		return "";
	return search_label_is_clear(sight) ? label
					    : mask_text(call->arena, sight->label, label);
}

/* The name that the record sorts by, as its search row has it; NULL: the reader is not to see
 * it. */
static const char *
search_name(const struct search_sight *sight, const struct token_field *fields,
    const struct field *const *seen, size_t count)
{
	for (size_t i = 0; i < count && search_label_is_clear(sight); i++)
		if (seen[i] == sight->label)
			return fields[i].text;
	return NULL;
}

void
search_take(struct call *call, const struct token_query *query,
    const struct search_sight *sight, bool typo, const struct rows *rows,
    struct search_result *result)
{
	struct token_field *fields =
	    ARENA_ARRAY(call->arena, struct token_field, DOC_FIELDS_MAX);
	const struct field **seen =
	    ARENA_ARRAY(call->arena, const struct field *, DOC_FIELDS_MAX + 1);
	struct arena *scratch = arena_new(0);

	for (size_t i = 0; i < rows->count; i++) {
		int64_t id = rows_int(rows, i, SEARCH_ID);
		struct token_hit hit;
		const char *name;
		size_t count;
		bool known = false;

		arena_reset(scratch);
		count = search_read_doc(
		    scratch, rows_text(rows, i, SEARCH_DOC), sight, fields, seen);
		if (!token_match(scratch, query, fields, count, typo, &hit))
			continue;
		for (size_t k = 0; k < result->count && !known && result->narrow; k++)
			known = result->hits[k].id == id;
		if (known)
			continue;
		name = search_name(sight, fields, seen, count);
		result->hits[result->count++] = (struct search_hit){
			.id = id,
			.rank = hit.rank,
			.name = name != NULL ? arena_strdup(call->arena, name) : NULL,
			.field = seen[hit.field]->number,
			.matched = fields[hit.field].whole
				       ? mask_text(call->arena, seen[hit.field],
					     fields[hit.field].text)
				       : arena_strdup(call->arena, fields[hit.field].text),
		};
	}
	arena_free(scratch);
}
