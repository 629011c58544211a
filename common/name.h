/*
 * Names of companies and people as they are compared: two names are alike when what is left of
 * them without spelling, punctuation and legal form is the same. The one place that says so:
 * what is stored beside a name, what is searched for when one is saved, imported or checked.
 */
#ifndef KEHU_NAME_H
#define KEHU_NAME_H

#include "common/arena.h"

/*
 * "祥光（上海）股份有限公司" and "祥光(上海)有限公司" are both "祥光上海", "ACME Co., Ltd." is "acme":
 * full width and case folded, traditional characters made simplified, blanks, brackets and signs
 * left out, and legal-form words at the end (at the start where a language puts them there). A
 * name of nothing else keeps what it has; "" for a text without a letter or digit. At most
 * NAME_ALIKE_CHARS characters. In arena.
 */
#define NAME_ALIKE_CHARS 100
char *name_alike(struct arena *arena, const char *name);

/* How such a normalised name is read, in pinyin: 祥光 and 翔光 sound the same. NULL: too few Han. */
char *name_sound(struct arena *arena, const char *alike);

#endif
