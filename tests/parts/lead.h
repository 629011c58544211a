/*
 * What the parts of the test program "lead" share. Each part is one group of tests; tests/server/lead.c
 * runs them one after the other in one company.
 */
#ifndef KEHU_TEST_LEAD_H
#define KEHU_TEST_LEAD_H

#include "tests/lib/bed.h"
#include "tests/lib/company.h"

#define DB "lead"

extern struct bed *bed;
extern struct client *ada, *ben, *cai, *dan, *eve, *guo;

int64_t make_lead(struct client *client, const char *name, const char *person, const char *phone);
int64_t make_customer(struct client *client, const char *name, const char *phone);
/* Of 100,000 yuan, expected in twenty days. */
int64_t make_opportunity(struct client *client, int64_t customer, const char *name);
int64_t today(void);

/* The groups; how many tests failed. */
int lead_leads(void);
int lead_opportunities(void);
int lead_board(void);

#endif
