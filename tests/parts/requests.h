/*
 * What the parts of the test program "requests" share. Each part is one group of tests;
 * tests/server/requests.c runs them one after the other in one company.
 */
#ifndef KEHU_TEST_REQUESTS_H
#define KEHU_TEST_REQUESTS_H

#include "tests/lib/bed.h"
#include "tests/lib/company.h"

#define DB "requests"

extern struct bed *bed;
extern struct client *ada, *ben, *cai, *dan, *eve, *guo;

/* A customer of client's; its id. */
int64_t make_customer(struct client *client, const char *name, const char *short_name);
const Kehu__ServerFrame *history_of(struct client *client, uint32_t entity, int64_t id);

/* The groups; how many tests failed. */
int requests_saving(void);
int requests_rights(void);
int requests_lists(void);
int requests_life(void);
int requests_groups(void);

#endif
