/* See job_places.h. */
#include "server/record/job_places.h"

#include "common/date.h"
#include "server/entity/fields.h"
#include "server/record/rule.h"
#include "server/service/hours.h"

#include <stdlib.h>
#include <string.h>

#define PLACES_DAYS   14
#define PLACES_TAKEN  4000 /* of one person */
#define PLACES_MINUTE (60 * US_PER_SECOND)

/* "µs:µs:region …", with room for as many more. */
static struct place_taken *
job_places_taken(struct call *call, const char *text, size_t spare, size_t *count)
{
	struct place_taken *taken;
	size_t room = 1 + spare;

	for (const char *p = text; *p != '\0'; p++)
		room += *p == ' ';
	taken = ARENA_ARRAY(call->arena, struct place_taken, room);
	for (*count = 0; *text != '\0' && *count + spare < room && *count < PLACES_TAKEN; (*count)++) {
		char *end;

		taken[*count].from_us = strtoll(text, &end, 10);
		taken[*count].until_us = *end == ':' ? strtoll(end + 1, &end, 10) : 0;
		taken[*count].region = *end == ':' ? strtoll(end + 1, &end, 10) : 0;
		text = *end == ' ' ? end + 1 : end + strlen(end);
	}
	return taken;
}

static struct place_person *
job_places_persons(struct call *call, const struct rows *rows, size_t spare)
{
	struct place_person *persons = ARENA_ARRAY(call->arena, struct place_person, rows->count + 1);

	for (size_t i = 0; i < rows->count; i++) {
		struct place_person *person = &persons[i];

		*person = (struct place_person){ .id = rows_int(rows, i, 0), .name = rows_text(rows, i, 1),
			.load_min = rows_int(rows, i, 2), .home = strtoll(rows_text(rows, i, 3), NULL, 10),
			.calendar = hours_of_row(call, rows, i, 5) };
		person->taken = job_places_taken(call, rows_text(rows, i, 4), spare, &person->taken_count);
	}
	return persons;
}

enum err
job_places_find(struct call *call, const struct record *job, int64_t minutes, struct place best[JOB_PLACES],
    size_t *count)
{
	int64_t now = date_now_us(), from_us = record_number(job, F_job_visit_window_from);
	int64_t until_us = record_number(job, F_job_visit_window_until);
	struct place_job wanted = { .minutes = minutes, .from_us = from_us > now ? from_us : now };
	const struct setup_record *region = access_setup(call->access, E_region, record_number(job, F_job_visit_region_id));
	struct sql *sql = sql_new(call->arena);
	struct place_person *persons;
	struct rows *rows;
	enum err err;

	wanted.until_us = until_us != 0 ? until_us : wanted.from_us + PLACES_DAYS * US_PER_DAY;
	wanted.region = region != NULL ? strtoll(region->key, NULL, 10) : 0;
	sql_add(sql, "SELECT id, name, load_min, home, busy, hours, days, offsets FROM kehu_job_candidates(");
	sql_int(sql, job->id);
	sql_add(sql, ", ");
	sql_moment(sql, wanted.from_us);
	sql_addf(sql, ", %d, ", PLACES_DAYS);
	sql_text(sql, record_value(job, F_job_visit_skill)->present ? record_text(job, F_job_visit_skill) : NULL);
	sql_add(sql, ", ");
	if (record_value(job, F_job_visit_region_id)->present)
		sql_int(sql, record_number(job, F_job_visit_region_id));
	else
		sql_null(sql, "bigint");
	sql_add(sql, ")");
	err = store_as_rule(call, sql, &rows);
	if (err != ERR_OK)
		return err;
	persons = job_places_persons(call, rows, 0);
	*count = places_find(&wanted, persons, rows->count, best, JOB_PLACES);
	return ERR_OK;
}

/* ---- all of a list ------------------------------------------------------------------------- */

/* Without skills by name somebody knows all. */
static bool
job_places_knows(const struct rows *skills, int64_t person, const char *skill, struct arena *arena)
{
	for (size_t i = 0; skill[0] != '\0' && i < skills->count; i++)
		if (rows_int(skills, i, 0) == person)
			return strstr(rows_text(skills, i, 1), arena_printf(arena, " %s ", skill)) != NULL;
	return true;
}

/* It is theirs from now on: kept in order, there is room. */
static void
job_places_take(struct place_person *person, struct place_taken *taken, const struct job_wanted *wanted)
{
	size_t at = person->taken_count;

	while (at > 0 && taken[at - 1].from_us > wanted->place.start_us) {
		taken[at] = taken[at - 1];
		at--;
	}
	taken[at] = (struct place_taken){ wanted->place.start_us,
		wanted->place.start_us + wanted->job.minutes * PLACES_MINUTE, wanted->job.region };
	person->taken_count++;
	person->load_min += wanted->job.minutes;
}

enum err
job_places_propose(struct call *call, struct job_wanted *wanted, size_t count, int64_t from_us, int64_t days)
{
	struct sql *sql = sql_new(call->arena), *asked = sql_new(call->arena);
	struct rows *rows, *skills;
	struct place_person *persons, *able;
	enum err err;

	sql_add(sql, "SELECT id, name, load_min, home, busy, hours, days, offsets FROM kehu_job_candidates(0, ");
	sql_moment(sql, from_us);
	sql_addf(sql, ", %d, NULL, NULL)", (int)days);
	err = store_as_rule(call, sql, &rows);
	sql_add(asked, "SELECT id, skills FROM kehu_job_skills()");
	if (err == ERR_OK)
		err = store_as_rule(call, asked, &skills);
	if (err != ERR_OK)
		return err;
	persons = job_places_persons(call, rows, count);
	able = ARENA_ARRAY(call->arena, struct place_person, rows->count + 1);
	for (size_t i = 0; i < count; i++) {
		size_t able_count = 0;

		for (size_t k = 0; k < rows->count; k++)
			if (place_covers(persons[k].home, wanted[i].job.region) &&
			    job_places_knows(skills, persons[k].id, wanted[i].skill, call->arena))
				able[able_count++] = persons[k];
		if (places_find(&wanted[i].job, able, able_count, &wanted[i].place, 1) == 0) {
			wanted[i].place.person = NULL;
			continue;
		}
		for (size_t k = 0; k < rows->count; k++)
			if (persons[k].id == wanted[i].place.person->id) {
				job_places_take(&persons[k], (struct place_taken *)(uintptr_t)persons[k].taken, &wanted[i]);
				wanted[i].place.person = &persons[k];
				break;
			}
	}
	return ERR_OK;
}
