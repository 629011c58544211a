/* The strip of tabs.h; it scrolls so that the current tab is in sight. */
#include "client/ui/tabs.h"
#include "common/text.h"

unsigned
tabs_key(struct tabs *tabs, enum act act)
{
	size_t to = tabs->current;

	if (!tabs->count)
		return UI_NONE;
	switch (act) {
	case ACT_next:
	case ACT_right:
		to = (to + 1) % tabs->count;
		break;
	case ACT_previous:
	case ACT_left:
		to = (to + tabs->count - 1) % tabs->count;
		break;
	default:
		return UI_NONE;
	}
	if (to == tabs->current)
		return UI_HANDLED;
	tabs->current = to;
	return UI_DONE | UI_CHANGED;
}

static char *
tabs_text(const struct tabs *tabs, size_t index)
{
	const struct tab *tab = &tabs->tabs[index];
	char *text = arena_strdup(cells_scratch(), tab->name);

	if (tab->count >= 0)
		text = arena_printf(cells_scratch(), "%s %lld", text, (long long)tab->count);
	if (index == tabs->current)
		text = arena_printf(cells_scratch(), "[%s]", text);
	return text;
}

void
tabs_draw(const struct tabs *tabs, struct rect rect, bool focus)
{
	size_t first = 0;
	int x = rect.x, cols = 0, end = rect.x + rect.cols;

	for (size_t i = 0; i <= tabs->current && i < tabs->count; i++)
		cols += (int)text_cols(tabs_text(tabs, i)) + 2;
	while (cols > rect.cols && first < tabs->current)
		cols -= (int)text_cols(tabs_text(tabs, first++)) + 2;
	cells_put(rect.y, rect.x, rect.cols, "", ROLE_NORMAL);
	for (size_t i = first; i < tabs->count && x < end; i++) {
		bool current = i == tabs->current;

		if (current && focus)
			cells_cursor(rect.y, x);
		x += cells_add(rect.y, x, end - x, tabs_text(tabs, i),
		    current ? ROLE_STRONG : ROLE_NORMAL);
		x += 2;
	}
}
