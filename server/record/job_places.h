/*
 * Where jobs fit best, from what the database knows of the technicians; the arithmetic is server/service/places.h's.
 * For rules of jobs and for the dispatch board.
 */
#ifndef KEHU_JOB_PLACES_H
#define KEHU_JOB_PLACES_H

#include "server/record/record.h"
#include "server/service/places.h"

enum { JOB_PLACES = 5, JOB_WANTED = 200 };

/* The best places of a job of so many minutes, cheapest first; in the call's arena. */
MUST_CHECK enum err job_places_find(
    struct call *call, const struct record *job, int64_t minutes, struct place best[JOB_PLACES], size_t *count);

/* A job to be placed, of a list of them. */
struct job_wanted {
	int64_t id, version;
	struct place_job job;
	const char *skill; /* "": none is needed */
	struct place place; /* found; person NULL: there is none */
};

/* A place for each, one after another in their order, each as cheap as those before leave it. */
MUST_CHECK enum err job_places_propose(
    struct call *call, struct job_wanted *wanted, size_t count, int64_t from_us, int64_t days);

#endif
