/* Masked forms: enough to recognise a value, not to use it. */
#ifndef KEHU_MASK_H
#define KEHU_MASK_H

#include "server/entity/entity.h"

/* 138****5678, w***@example.com, 张**, 91****…: by the field's type. In arena. */
char *mask_text(struct arena *arena, const struct field *field, const char *text);

#endif
