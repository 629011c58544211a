/* Field numbers of every shipped entity: F_customer_name, and entity numbers: E_customer. */
#ifndef KEHU_FIELDS_H
#define KEHU_FIELDS_H

#define MAKE_ENTITY "server/entity/make_enum.h"
#include "server/entity_enum.h"
#undef MAKE_ENTITY

#endif
