/* Pager: lines to be read, moved up, down and sideways; print preview and long texts. */
#ifndef KEHU_UI_PAGER_H
#define KEHU_UI_PAGER_H

#include "client/ui/widget.h"

struct pager {
	/* by the owner: a line, or NULL past the end; borrowed until the next call */
	const char *(*line)(void *arg, size_t index);
	void *arg;
	size_t count;
	int width_cols; /* of the widest line */

	size_t top;
	int left;
	int rows_seen, cols_seen;
};

unsigned pager_key(struct pager *pager, enum act act);
void pager_draw(struct pager *pager, struct rect rect);
/* "第 1/96 行". In scratch memory. */
const char *pager_place(const struct pager *pager);

#endif
