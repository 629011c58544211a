/* See places.h. A day is looked at in quarters of an hour, on the clock. */
#include "server/service/places.h"

#include "common/date.h"

#define PLACE_MINUTE_US (60 * US_PER_SECOND)
#define PLACE_STEP_US	(15 * PLACE_MINUTE_US)

enum { TRAVEL_DISTRICT = 15, TRAVEL_CITY = 30, TRAVEL_PROVINCE = 90, TRAVEL_FAR = 240, TRAVEL_UNKNOWN = 30 };

int64_t
place_travel_min(int64_t from, int64_t to)
{
	if (from == 0 || to == 0)
		return TRAVEL_UNKNOWN;
	if (from == to)
		return TRAVEL_DISTRICT;
	if (from / 100 == to / 100)
		return TRAVEL_CITY;
	return from / 10000 == to / 10000 ? TRAVEL_PROVINCE : TRAVEL_FAR;
}

bool
place_covers(int64_t area, int64_t region)
{
	if (area == 0 || region == 0)
		return true;
	if (area % 10000 == 0)
		return area / 10000 == region / 10000;
	return area % 100 == 0 ? area / 100 == region / 100 : area == region;
}

int64_t
place_cost(int64_t travel_min, int64_t wait_min, int64_t load_min)
{
	return travel_min + wait_min / 6 + load_min / 20;
}

/* Free for the job and for the ways to it and from it? What is in the way ends at *until_us. */
static bool
place_is_free(const struct place_job *job, const struct place_person *person, int64_t start_us,
    int64_t *travel_min, int64_t *until_us)
{
	int64_t end_us = start_us + job->minutes * PLACE_MINUTE_US, before = 0, here = person->home;

	for (size_t i = 0; i < person->taken_count; i++) {
		const struct place_taken *taken = &person->taken[i];
		int64_t way_us = place_travel_min(taken->region, job->region) * PLACE_MINUTE_US;

		if (taken->from_us < end_us + (taken->region != 0 ? way_us : 0) &&
		    taken->until_us + (taken->region != 0 ? way_us : 0) > start_us) {
			*until_us = taken->until_us + (taken->region != 0 ? way_us : 0);
			return false;
		}
		if (taken->until_us <= start_us && taken->region != 0 && taken->until_us > before &&
		    start_us - taken->until_us < US_PER_DAY / 2) {
			before = taken->until_us;
			here = taken->region;
		}
	}
	*travel_min = place_travel_min(here, job->region);
	return true;
}

static int64_t
place_round_up(int64_t at_us)
{
	return (at_us + PLACE_STEP_US - 1) / PLACE_STEP_US * PLACE_STEP_US;
}

/* The earliest place of a person; later ones cost more. */
static bool
place_find(const struct place_job *job, const struct place_person *person, struct place *place)
{
	int64_t at_us = place_round_up(job->from_us), length_us = job->minutes * PLACE_MINUTE_US;

	while (at_us + length_us <= job->until_us) {
		int64_t begun_us, until_us = 0, travel_min = 0;

		/* to where working time goes on, if it does not now */
		if (work_add_minutes(&person->calendar, at_us, 1, &begun_us) != ERR_OK)
			return false;
		if (begun_us > at_us + PLACE_MINUTE_US) {
			at_us = place_round_up(begun_us - PLACE_MINUTE_US);
			continue;
		}
		if (!place_is_free(job, person, at_us, &travel_min, &until_us)) {
			at_us = place_round_up(until_us);
			continue;
		}
		if (work_minutes_between(&person->calendar, at_us, at_us + length_us) >= job->minutes) {
			*place = (struct place){ .person = person, .start_us = at_us, .travel_min = travel_min,
				.cost = place_cost(travel_min, (at_us - job->from_us) / PLACE_MINUTE_US, person->load_min) };
			return true;
		}
		at_us += PLACE_STEP_US;
	}
	return false;
}

size_t
places_find(const struct place_job *job, const struct place_person *persons, size_t count,
    struct place *best, size_t max)
{
	size_t found = 0;

	for (size_t i = 0; i < count; i++) {
		struct place place;
		size_t at;

		if (!place_find(job, &persons[i], &place))
			continue;
		for (at = found; at > 0 && best[at - 1].cost > place.cost; at--)
			if (at < max)
				best[at] = best[at - 1];
		if (at < max)
			best[at] = place;
		found += found < max;
	}
	return found;
}
