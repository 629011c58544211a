/*
 * Duplicates of customers: the one check that saving, importing and asking share. What is the same is
 * said by common/name.h and kehu_customer_alike() (sql/repeat/31_alike.sql).
 */
#ifndef KEHU_RECORD_ALIKE_H
#define KEHU_RECORD_ALIKE_H

#include "server/record/record.h"

/*
 * Before a customer is stored: ERR_DUPLICATE where it is taken for one that exists, ERR_ALIKE where the
 * caller may save it all the same and say why (record->in_spite, which is then kept in the audit).
 * Until the transaction ends nobody else saves one with the same name, phone or tax number.
 */
MUST_CHECK enum err alike_check_save(struct call *call, const struct record *customer);
/*
 * The same for many new customers of one transaction, those before counting as stored: what is refused
 * gets its failure, by place. Until it ends no other customer is saved by anybody.
 */
MUST_CHECK enum err alike_check_many(struct call *call, struct record *const *customers, size_t count,
    struct failure *refused);

#endif
