/*
 * The strip of tabs.h. It turns page by page, so that a step to the next tab changes two names and not the
 * whole line.
 */
#include "client/ui/tabs.h"
#include "common/text.h"

enum { TABS_GAP_COLS = 2, TABS_MARK_COLS = 2, TABS_BRACKET_COLS = 2 };

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

const char *
tabs_count(const struct tab *tab)
{
	return tab->count < 0 ? "" : arena_printf(cells_scratch(), "%lld%s", (long long)tab->count, tab->more ? "+" : "");
}

bool
tabs_empty(const struct tab *tab)
{
	return tab->count == 0 && !tab->more;
}

static const char *
tabs_text(const struct tabs *tabs, size_t index)
{
	const struct tab *tab = &tabs->tabs[index];
	const char *count = tabs_count(tab);
	const char *text = arena_printf(cells_scratch(), "%s%s%s", tab->name, *count ? " " : "", count);

	return index == tabs->current ? arena_printf(cells_scratch(), "[%s]", text) : text;
}

/* The first tab behind the page that begins at first; each page has room for the brackets of one tab. */
static size_t
tabs_page_end(const struct tabs *tabs, size_t first, int width_cols)
{
	int left = width_cols - TABS_BRACKET_COLS - (first > 0 ? TABS_MARK_COLS : 0);
	size_t end = first;

	while (end < tabs->count) {
		int cols = (int)text_cols(tabs_text(tabs, end)) - (end == tabs->current ? TABS_BRACKET_COLS : 0);
		int mark = end + 1 < tabs->count ? TABS_MARK_COLS : 0;

		if (cols + mark > left && end > first)
			break;
		left -= cols + TABS_GAP_COLS;
		end++;
	}
	return end;
}

void
tabs_draw(const struct tabs *tabs, struct rect rect, bool focus)
{
	size_t first = 0, end = tabs_page_end(tabs, 0, rect.cols);
	int x = rect.x, right = rect.x + rect.cols;

	while (tabs->current >= end && end < tabs->count) {
		first = end;
		end = tabs_page_end(tabs, first, rect.cols);
	}
	cells_put(rect.y, rect.x, rect.cols, "", ROLE_NORMAL);
	if (first > 0)
		x += cells_add(rect.y, x, TABS_MARK_COLS, "< ", ROLE_STRONG);
	for (size_t i = first; i < end; i++) {
		bool current = i == tabs->current;
		/* Without colour the 0 says it; parentheses would only take room. */
		bool muted = tabs_empty(&tabs->tabs[i]) && !cells_mono();

		if (current && focus)
			cells_cursor(rect.y, x);
		x += cells_add(rect.y, x, right - x, tabs_text(tabs, i),
		    current	? ROLE_STRONG
			: muted ? ROLE_MUTED
				: ROLE_NORMAL);
		/* Dim on through the gap: each change of the role costs bytes. */
		if (muted && i + 1 < end)
			cells_paint(rect.y, x, TABS_GAP_COLS, ROLE_MUTED);
		x += TABS_GAP_COLS;
	}
	if (end < tabs->count)
		cells_put(rect.y, right - 1, 1, ">", ROLE_STRONG);
}
