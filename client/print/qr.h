/* QR codes out of half blocks, two modules to a cell: dark on light, with a light margin. */
#ifndef KEHU_CLIENT_QR_H
#define KEHU_CLIENT_QR_H

#include "common/arena.h"

struct qr {
	int rows, cols;          /* cells */
	const char *const *lines; /* each cols wide; a light module is drawn, a dark one left out */
};

/* The smallest code that holds text, in arena; NULL: too long for one. */
const struct qr *qr_new(struct arena *arena, const char *text);

#endif
