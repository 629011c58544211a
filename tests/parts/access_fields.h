/*
 * The company of tests/server/access_fields.c and the ways to ask it, for the files its tests are in.
 */
#ifndef KEHU_TESTS_PARTS_ACCESS_FIELDS_H
#define KEHU_TESTS_PARTS_ACCESS_FIELDS_H

#include "tests/lib/bed.h"
#include "tests/lib/company.h"
#include "tests/lib/pg.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
// clang-format off
#include <cmocka.h>
// clang-format on

#define DB "access_fields"

enum { USER_MIA = 121, USER_HAL = 122, USER_BOTH = 123, USER_EXT = 124, USER_LEA = 125, USER_SAM = 126 };

#define PHONE  "021-5566 7788"
#define PHONE2 "13912345678"
#define TAX    "91310000XYZSECRET1"
#define BANK   "6222001234567890"
#define NOTE   "hiddenremark"
#define NAME   "保密机械有限公司"

extern struct bed *bed;
extern struct client *ada, *mia, *hal, *both, *ext, *lea, *sam, *guo;
extern int64_t customer, contact, visit;

/* The bytes of the answer have this text in them. */
bool holds(const Kehu__ServerFrame *answer, const char *secret);

/* Nothing of the secrets in any form; what is allowed to show is another test's. */
void expect_no_secret(const Kehu__ServerFrame *answer);

/* A field as the client's catalogue has it; NULL: it has none. */
const Kehu__Field *field_of(struct client *client, uint32_t entity, uint32_t field);

/* A list with one column beside the usual ones, and a sort; 0: none. */
Kehu__ServerFrame *list_columns(struct client *client, uint32_t entity, const char *query, uint32_t column, uint32_t sort);

/* A record's history. */
Kehu__ServerFrame *history(struct client *client, uint32_t entity, int64_t id);

/* What of another entity belongs to the record. */
Kehu__ServerFrame *related(struct client *client, uint32_t entity, int64_t id, uint32_t other);

/* Reveals a field of the customer, or of a line of it. */
Kehu__ServerFrame *reveal_line(struct client *client, int64_t id, uint32_t field, uint32_t line_entity, int64_t line, const char *reason);

/* Reveals a field of the customer. */
Kehu__ServerFrame *reveal(struct client *client, int64_t id, uint32_t field, const char *reason);

/* The customer's version now. */
uint32_t version_of(void);

/* kehu as a person at a shell runs it; words are separated by '|'. Output in *text. */
int run(const char *user, const char *words, const char **text);

#define TEST(name) void name(void **state);
#include "tests/parts/access_fields.def"
#undef TEST

#endif
