/*
 * What the parts of tests/server/outbox.c share: a company with a mail server that does as it is told.
 */
#ifndef KEHU_TEST_OUTBOX_H
#define KEHU_TEST_OUTBOX_H

#include "tests/lib/bed.h"
#include "tests/lib/company.h"
#include "tests/lib/smtp.h"

#include <stdint.h>

#define DB "outbox"

extern struct bed *bed;
extern struct smtp *smtp;
extern struct client *ada, *eve;

/* Waits until a row of the outbox is in this state. */
void expect_state(int64_t id, const char *state);

void scheduled_report_reaches_its_receivers_once(void **state);
void scheduled_report_is_made_in_its_owners_rights(void **state);
void schedule_says_what_is_wrong_with_it(void **state);
void kept_reports_expire(void **state);

#endif
