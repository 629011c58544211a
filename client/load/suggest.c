/* Which field a column of somebody's file means. */
#include "client/load/load.h"

#include "common/pinyin.h"

#include <string.h>

#define SUGGEST_BYTES 200

/* Letters and digits only, small: "Tax_Number", "tax number" and "TAX-NUMBER" are one. */
static void
suggest_fold(const char *text, char *folded)
{
	size_t bytes = 0;

	for (; *text != '\0' && bytes < SUGGEST_BYTES - 1; text++) {
		char c = *text;

		if (c >= 'A' && c <= 'Z')
			c = (char)(c - 'A' + 'a');
		if ((unsigned char)c > ' ' && strchr("_-.:*()/", c) == NULL)
			folded[bytes++] = c;
	}
	folded[bytes] = '\0';
}

static bool
suggest_same(const char *folded, const char *text)
{
	char other[SUGGEST_BYTES];

	suggest_fold(text != NULL ? text : "", other);
	return other[0] != '\0' && strcmp(folded, other) == 0;
}

/* "khmc" and "kehumingcheng" of a label in Chinese. */
static bool
suggest_sounds(struct arena *arena, const char *folded, const char *label)
{
	char key[SUGGEST_BYTES];
	const char *at = folded;

	while ((*at >= 'a' && *at <= 'z') || (*at >= '0' && *at <= '9'))
		at++;
	if (*at != '\0' || strlen(folded) < 3 || (unsigned char)label[0] < 0x80)
		return false;
	suggest_fold(pinyin_sort_key(arena, label, PINYIN_NAME), key);
	return strcmp(folded, key) == 0;
}

static const Kehu__Field *
suggest_spelled(const Kehu__Entity *entity, const char *folded)
{
	for (size_t i = 0; folded[0] != '\0' && i < entity->n_fields; i++)
		if (suggest_same(folded, entity->fields[i]->name) ||
		    suggest_same(folded, entity->fields[i]->label))
			return entity->fields[i];
	return NULL;
}

/* "客户名称" and "customer_name" among a customer's fields. */
static const char *
suggest_behind(const char *folded, const char *prefix)
{
	char own[SUGGEST_BYTES];

	suggest_fold(prefix != NULL ? prefix : "", own);
	return own[0] != '\0' && strncmp(folded, own, strlen(own)) == 0 ? folded + strlen(own) : "";
}

const Kehu__Field *
load_suggest(const Kehu__Entity *entity, const char *header)
{
	const Kehu__Field *found = cat_field_called(entity, header);
	struct arena *arena = arena_new(0);
	char folded[SUGGEST_BYTES];

	suggest_fold(header, folded);
	if (found == NULL)
		found = suggest_spelled(entity, folded);
	if (found == NULL)
		found = suggest_spelled(entity, suggest_behind(folded, entity->label));
	if (found == NULL)
		found = suggest_spelled(entity, suggest_behind(folded, entity->name));
	for (size_t i = 0; found == NULL && folded[0] != '\0' && i < entity->n_fields; i++)
		if (entity->fields[i]->label != NULL && suggest_sounds(arena, folded, entity->fields[i]->label))
			found = entity->fields[i];
	arena_free(arena);
	return found != NULL && (found->flags & CAT_READONLY) != 0 ? NULL : found;
}

const char *
load_suggest_path(
    struct arena *arena, const struct cat *cat, const Kehu__Entity *entity, const char *header)
{
	const Kehu__Field *field = load_suggest(entity, header);
	const char *dot = strrchr(header, '.');

	if (field != NULL)
		return field->name;
	const Kehu__Entity *line = dot == NULL ?
	    NULL :
	    cat_line_called(cat, entity, arena_strndup(arena, header, (size_t)(dot - header)));
	field = line != NULL ? load_suggest(line, dot + 1) : NULL;
	return field != NULL ? arena_printf(arena, "%s.%s", line->name, field->name) : NULL;
}
