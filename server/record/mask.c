/*
 * Masked forms by type. Short values show nothing: a mask that leaves most of a value is none.
 */
#include "server/record/mask.h"

#include "common/text.h"

#include <string.h>

/* Keeps the first and last characters; stars between, always four of them so that length stays hidden. */
static char *
mask_middle(struct arena *arena, const char *text, size_t first, size_t last)
{
	size_t chars = text_chars(text), bytes = strlen(text), at = 0, head = 0, tail = bytes;

	if (chars < first + last + 4)
		first = last = 0;
	for (size_t i = 0; at < bytes; i++) {
		uint32_t code;
		size_t length = text_decode(text + at, bytes - at, &code);

		if (i == first)
			head = at;
		if (i == chars - last)
			tail = at;
		at += length > 0 ? length : 1;
	}
	return arena_printf(arena, "%.*s****%s", (int)head, text, last > 0 ? text + tail : "");
}

char *
mask_text(struct arena *arena, const struct field *field, const char *text)
{
	const char *at;

	if (field->flags & FIELD_BLANK)
		return arena_strdup(arena, "****");
	switch (field->type) {
	case TYPE_PHONE:
		return mask_middle(arena, text, 3, 4);
	case TYPE_MAIL:
		at = strchr(text, '@');
		return arena_printf(arena, "%.1s****%s", text, at != NULL ? at : "");
	case TYPE_TEXT:
		return mask_middle(arena, text, field->flags & FIELD_PERSON ? 1 : 2, 0);
	default:
		return arena_strdup(arena, "****");
	}
}
