/*
 * The company that the parts of tests/server/customers.c share: Ada, Ben and Dan look after customers, Cai
 * leads, Guo has nothing to do with them.
 */
#ifndef KEHU_TEST_CUSTOMERS_H
#define KEHU_TEST_CUSTOMERS_H

#include "tests/lib/bed.h"
#include "tests/lib/company.h"

#define DB "customers"

extern struct bed *bed;
extern struct client *ada, *ben, *cai, *dan, *guo;

/* A customer of client's; phone "": none. */
int64_t make_customer(struct client *client, const char *name, const char *phone);

/* The whole record: lines, anniversaries, paper originals, what follows the owner. */
int customers_record(void);

#endif
