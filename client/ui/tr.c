/* The words of text.def. */
#include "client/ui/tr.h"

#include <inttypes.h>

static const char *const tr_texts[T_COUNT][2] = {
#define T(id, en, zh) [T_##id] = { [LANG_EN] = en, [LANG_ZH] = zh },
#include "client/text.def"
#undef T
};

static enum lang tr_now = LANG_ZH;

const char *
tr_in(enum text_id id, enum lang lang)
{
	return tr_texts[id][lang];
}

const char *
tr(enum text_id id)
{
	return tr_in(id, tr_now);
}

const char *
tr_pick(const char *en, const char *zh)
{
	return tr_now == LANG_ZH && zh && *zh ? zh : en;
}

enum lang
tr_lang(void)
{
	return tr_now;
}

void
tr_set_lang(enum lang lang)
{
	tr_now = lang;
}
