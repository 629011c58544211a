/*
 * The company that the parts of tests/server/service.c share: an agent, a dispatcher and two
 * technicians of branch 2, somebody of a customer's own, and Ada, who looks after the customers.
 */
#ifndef KEHU_TEST_SERVICE_H
#define KEHU_TEST_SERVICE_H

#include "tests/lib/bed.h"
#include "tests/lib/company.h"

#define DB "service"

enum { USER_SUE = 201, USER_DIS = 202, USER_TOM = 203, USER_UMA = 204, USER_EXT = 205 };

extern struct bed *bed;
extern struct client *ada, *dan, *eve, *sue, *dis, *tom, *uma, *ext;

/* A customer of Ada's. */
int64_t make_customer(const char *name, const char *phone);
/* A ticket of client's. */
int64_t make_ticket(struct client *client, int64_t customer, const char *subject, const char *kind);
/* What the newest message of a user says; "" without any. */
const char *last_message(struct client *client);

int service_tickets(void);
int service_teams(void);
int service_levels(void);
int service_jobs(void);
int service_boards(void);

#endif
