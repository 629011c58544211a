/*
 * Tabs: the strip "[Overview]  Contacts 6  Visits 23 >" of a record. It is cut between tabs; '<' and '>'
 * say that there are more on that side. What is empty is dimmed.
 */
#ifndef KEHU_UI_TABS_H
#define KEHU_UI_TABS_H

#include "client/ui/widget.h"

struct tab {
	const char *name;
	int64_t count; /* beside the name; negative: none */
	bool more;     /* there are more than count: "10+" */
};

struct tabs {
	const struct tab *tabs; /* by the owner */
	size_t count;
	size_t current;
};

/* Tab, Shift-Tab, Left, Right. UI_CHANGED with another current. */
unsigned tabs_key(struct tabs *tabs, enum act act);
/* "23", "10+"; "" where nothing is counted. In scratch memory. */
const char *tabs_count(const struct tab *tab);
/* Whether it is known to have nothing in it. */
bool tabs_empty(const struct tab *tab);
void tabs_draw(const struct tabs *tabs, struct rect rect, bool focus);

#endif
