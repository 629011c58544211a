/*
 * Where a job fits best: pure arithmetic over people's hours and what they have. What a place costs is said
 * here and nowhere else.
 */
#ifndef KEHU_SERVICE_PLACES_H
#define KEHU_SERVICE_PLACES_H

#include "common/worktime.h"

/* Somebody is taken from then until then; region: code of where, 0 unknown. */
struct place_taken {
	int64_t from_us, until_us, region;
};

struct place_person {
	int64_t id;
	const char *name;
	int64_t load_min; /* of work in the days looked at */
	int64_t home;	  /* region of the area; 0 unknown */
	struct work_calendar calendar;
	const struct place_taken *taken; /* by from_us */
	size_t taken_count;
};

/* What is to be placed: within from and until. */
struct place_job {
	int64_t minutes, region, from_us, until_us;
};

struct place {
	const struct place_person *person;
	int64_t start_us, travel_min, cost; /* cost: minutes of somebody's time, less is better */
};

/* Minutes of travel between two regions by their official codes (province, city, district); 0: unknown. */
int64_t place_travel_min(int64_t from, int64_t to);

/* Does somebody of this area (a code; its zeros at the end are all below, 0 is anywhere) go to that region? 0: unknown. */
bool place_covers(int64_t area, int64_t region);

/*
 * What a place costs: travelling there, an hour of the customer's waiting as ten minutes, an hour of what the person
 * has to do already as three.
 */
int64_t place_cost(int64_t travel_min, int64_t wait_min, int64_t load_min);

/* The best place of each person who has one, cheapest first, at most max. Returns how many. */
size_t places_find(const struct place_job *job, const struct place_person *persons, size_t count,
    struct place *best, size_t max);

#endif
