/* Tabs: the strip "[Overview] Contacts 6  Visits 23" of a record. */
#ifndef KEHU_UI_TABS_H
#define KEHU_UI_TABS_H

#include "client/ui/widget.h"

struct tab {
	const char *name;
	int64_t count; /* beside the name; negative: none */
};

struct tabs {
	const struct tab *tabs; /* by the owner */
	size_t count;
	size_t current;
};

/* Tab, Shift-Tab, Left, Right. UI_CHANGED with another current. */
unsigned tabs_key(struct tabs *tabs, enum act act);
void tabs_draw(const struct tabs *tabs, struct rect rect, bool focus);

#endif
