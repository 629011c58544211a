/*
 * Words of the client in the language of the moment. client/text.def holds English and
 * Chinese side by side; the language can change between two frames.
 */
#ifndef KEHU_UI_TR_H
#define KEHU_UI_TR_H

#include "common/error.h"

enum text_id {
#define T(id, en, zh) T_##id,
#include "client/text.def"
#undef T
	T_COUNT,
};

const char *tr(enum text_id id);
const char *tr_in(enum text_id id, enum lang lang);
/* One of two texts that come from elsewhere (the catalogue's labels). */
const char *tr_pick(const char *en, const char *zh);
enum lang tr_lang(void);
void tr_set_lang(enum lang lang);

#endif
