/*
 * The tabs of a record as a whole: their names in the strip, and the list in which one is found by typing.
 * What is in a tab is record_tab.c's.
 */
#include "client/screens/record.h"

#include "client/ui/picker.h"

void
record_tabs_name(struct record_screen *screen)
{
	screen->names[0] = (struct tab){ .name = tr(T_TAB_OVERVIEW), .count = -1 };
	for (size_t i = 0; i < screen->tab_count; i++)
		screen->names[i + 1] = record_tab_name(&screen->tabs[i]);
	screen->names[screen->tab_count + 1] = (struct tab){
		.name = tr(record_is_approval(screen) ? T_TAB_PROPOSAL : T_TAB_HISTORY), .count = -1
	};
}

void
record_tabs_go(struct record_screen *screen, size_t index)
{
	screen->strip.current = index;
	if (record_on_history(screen))
		record_history_ask(screen->history);
}

/* By its name, pinyin or initials; what a tab holds is known by its English name in both languages. */
static int
record_tabs_match(const struct record_screen *screen, size_t index, const char *text)
{
	int label = picker_match(screen->names[index].name, text), name = 0;

	if (index >= 1 && index <= screen->tab_count)
		name = picker_match(screen->tabs[index - 1].related->name, text);
	return label > name ? label : name;
}

static void
record_tabs_search(void *arg, struct picker *picker, const char *text)
{
	struct record_screen *screen = arg;

	record_tabs_name(screen);
	picker_clear(picker);
	for (int want = *text ? 3 : 1; want >= 1; want--)
		for (size_t i = 0; i < screen->strip.count; i++)
			if (record_tabs_match(screen, i, text) == want)
				picker_add(picker, &(struct picker_item){ .id = (int64_t)i,
						       .label = screen->names[i].name,
						       .note = tabs_count(&screen->names[i]),
						       .exact = !*text && i == screen->strip.current,
						       .muted = tabs_empty(&screen->names[i]) });
}

static unsigned
record_tabs_take(void *arg, const struct picker_item *item, const char *text)
{
	(void)text;
	if (item == NULL)
		return UI_HANDLED | UI_REFUSED;
	record_tabs_go(arg, (size_t)item->id);
	return UI_DONE | UI_CLOSE;
}

static void
record_tabs_list(struct record_screen *screen)
{
	picker_open(screen->app->ui, &(struct picker_config){ .title = tr(T_RECORD_TABS),
					 .search = record_tabs_search,
					 .take = record_tabs_take,
					 .arg = screen });
}

unsigned
record_tabs_key(struct record_screen *screen, enum act act)
{
	unsigned flags;

	if (act == ACT_tabs) {
		record_tabs_list(screen);
		return UI_DONE;
	}
	flags = tabs_key(&screen->strip, act);
	if ((flags & UI_CHANGED) && record_on_history(screen))
		record_history_ask(screen->history);
	return flags;
}
