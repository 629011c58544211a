/* The tick list of a field that is several yes and no: Enter turns one, Esc is done. */
#include "client/screens/form_values.h"

#include "client/link/bits.h"
#include "client/ui/picker.h"
#include "common/text.h"
#include <string.h>

struct bits_ask {
	struct values *values;
	size_t index;
	struct picker *picker;
};

/* What is ticked now; what cannot be read counts as nothing. */
static int64_t
bits_now(const struct bits_ask *ask, struct arena *arena)
{
	Kehu__Value value;

	return values_get(ask->values, arena, ask->index, &value) == ERR_OK ? value.number : 0;
}

static void
bits_search(void *arg, struct picker *picker, const char *typed)
{
	const struct bits_ask *ask = arg;
	const Kehu__Field *field = ask->values->boxes[ask->index].field;
	struct arena *arena = cells_scratch();
	const Kehu__Dictionary *list = cat_dictionary(ask->values->cat, field->dictionary);
	char *copy = arena_strdup(arena, field->bits), *save = NULL;
	int64_t bits = bits_now(ask, arena), bit = 1;

	picker_clear(picker);
	for (char *code = strtok_r(copy, " ", &save); code != NULL;
	     code = strtok_r(NULL, " ", &save), bit <<= 1) {
		const Kehu__DictionaryItem *item = cat_item(list, code);
		const char *label = item != NULL ? item->label : code;

		if (picker_match(label, typed) > 0 || strncmp(code, typed, strlen(typed)) == 0)
			picker_add(picker,
			    &(struct picker_item){ .id = bit,
				.label = arena_printf(
				    arena, "[%c] %s", bits & bit ? 'x' : ' ', label),
				.note = code });
	}
}

static unsigned
bits_take(void *arg, const struct picker_item *item, const char *text)
{
	struct bits_ask *ask = arg;
	const Kehu__Field *field = ask->values->boxes[ask->index].field;
	struct arena *arena = cells_scratch();

	(void)text;
	if (item == NULL)
		return UI_HANDLED;
	form_put(&ask->values->form, ask->index,
	    bits_text(arena, ask->values->cat, field->bits, field->dictionary,
		bits_now(ask, arena) ^ item->id, false));
	form_check(&ask->values->form, ask->index);
	picker_again(ask->picker);
	return UI_DONE;
}

void
values_pick_bits(struct values *values, size_t index)
{
	struct bits_ask *ask = ARENA_NEW(values->arena, struct bits_ask);

	*ask = (struct bits_ask){ .values = values, .index = index };
	ask->picker = picker_open(values->app->ui, &(struct picker_config){ .title = tr(T_BITS_TITLE),
					 .search = bits_search,
					 .take = bits_take,
					 .arg = ask });
}
