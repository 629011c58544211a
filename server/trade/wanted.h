/*
 * Wanted products of opportunities.
 */
#ifndef KEHU_WANTED_H
#define KEHU_WANTED_H

#include "server/record/record.h"

/*
 * Before a save: each wanted product is one of the catalogue or said in words, quantities and
 * prices make sense; one that was just chosen is called what it is called there.
 */
MUST_CHECK enum err wanted_check(struct call *call, struct record *opportunity);
/*
 * A draft quote of what is wanted, nothing typed again. ERR_REQUIRED where the customer is
 * missing or a product is only said in words.
 */
MUST_CHECK enum err wanted_quote(struct call *call, struct record *opportunity);

#endif
