/*
 * What tests/server/twins.c compares by: the company beside the other, and the requests of a reader,
 * made from a seed.
 */
#ifndef KEHU_TESTS_PARTS_TWINS_H
#define KEHU_TESTS_PARTS_TWINS_H

#include "server/entity/fields.h"
#include "proto/kehu.pb-c.h"
#include "tests/lib/pg.h"
#include "tests/lib/world.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define RIGHT "twins_right"

extern struct world *world;
extern uint64_t twins_state; /* of the seed */

/* A number of the seed below another. */
uint32_t twins_random(uint32_t below);

/* Makes the right company another one, where the reader does not see it. */
void twins_change(size_t reader);

/* An entity, most of the time one that people work with; searched: of those a search looks through. */
const struct entity_view *twins_entity(bool searched);

/* Any field of the entity. */
const struct field *twins_field(const struct entity_view *view);

/* Any row, seen or not; mostly of the reader's surroundings. */
const struct world_row *twins_row(const struct entity_view *view, size_t reader);

/* One term of the search language about any field, with the value of any row or a made-up one.
 */
const char *twins_term(struct arena *arena, const struct entity_view *view, size_t reader);

/* A query of the search language with the values of any rows. */
const char *twins_query(struct arena *arena, const struct entity_view *view, size_t reader);

/* A list. */
void twins_list(struct arena *arena, Kehu__ClientFrame *frame, size_t reader);

/* Records related to one; false: nothing is related to it. */
bool twins_related(struct arena *arena, Kehu__ClientFrame *frame, size_t reader);

/* A search through all entities or one. */
void twins_search(struct arena *arena, Kehu__ClientFrame *frame, size_t reader);

/* In one of these ways; false: there is no such row, or it might be done. */
bool twins_record(struct arena *arena, Kehu__ClientFrame *frame, size_t reader, uint32_t way);

/* Denied ones once more, as the step of a Bulk that keeps nothing. */
bool twins_bulk(struct arena *arena, Kehu__ClientFrame *frame, size_t reader);

/* A change of all that a query finds, tried only: what is counted and refused is of what is seen. */
void twins_alter(struct arena *arena, Kehu__ClientFrame *frame, size_t reader);

/* A masked value of what is seen may be revealed, and differs; anything else is refused. */
bool twins_reveal(struct arena *arena, Kehu__ClientFrame *frame, size_t reader);

/* What leaves, comes in, or looks past scopes: of those who have not the right, who learn nothing. */
bool twins_denied(struct arena *arena, Kehu__ClientFrame *frame, size_t reader, uint32_t way);

/* The tree of any customer; false: there is no such row. */
bool twins_tree(struct arena *arena, Kehu__ClientFrame *frame, size_t reader);

/* A report, of any record where it is of one. */
void twins_report(struct arena *arena, Kehu__ClientFrame *frame, size_t reader);

#endif
