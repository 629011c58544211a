/*
 * Fields of several yes and no in one number: each bit has a code, in the order of the words of
 * Field.bits, and a label in the field's dictionary. "view,edit" for machines and for typing,
 * "查看 修改" for people.
 */
#ifndef KEHU_BITS_H
#define KEHU_BITS_H

#include "client/link/catalog.h"

/* Codes of the rights of a grant, for numbers that come without a field (WhyGrant.rights). */
#define BITS_RIGHTS "view create edit delete restore export approve assign act"

/* In arena. plain: codes with commas between. */
const char *bits_text(struct arena *arena, const struct cat *cat, const char *words,
    const char *dictionary, int64_t bits, bool plain);
/*
 * Codes or labels with blanks or commas between, or one number. ERR_NOT_IN_LIST: a word is none
 * of them.
 */
MUST_CHECK enum err bits_parse(struct arena *arena, const struct cat *cat, const char *words,
    const char *dictionary, const char *text, int64_t *bits);

#endif
