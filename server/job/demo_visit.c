/*
 * Two years of visits of a demo customer, and what its figures say of them. The more
 * important the customer, the more visits; dormant and lost ones had theirs long ago.
 */
#include "server/job/demo_make.h"

#include <stdio.h>
#include <string.h>

enum { DEMO_VISIT_DAYS = 730, DEMO_VISITS_MOST = 48 };

struct demo_visit {
	struct demo_world *world;
	struct demo_customer *customer;
	int64_t id, day, at_us;
	int minutes;
	const char *state;
	const struct demo_person *by;
	size_t met; /* first contact's index */
	bool english;
};

static const char *
demo_visit_word(const struct demo_visit *visit, enum demo_words zh, enum demo_words en)
{
	return demo_word(
	    visit->customer->random, visit->world->vocabulary, visit->english ? en : zh);
}

/* Puts a phrase at the end of text, its slots filled: $P person, $N number, $T trade, $W day.
 */
static char *
demo_visit_say(const struct demo_visit *visit, char *text, const char *end, const char *phrase)
{
	const struct demo_customer *customer = visit->customer;
	char number[16];

	for (; *phrase != '\0' && text < end; phrase++) {
		const char *slot = NULL;

		if (*phrase != '$') {
			*text++ = *phrase;
			continue;
		}
		phrase++;
		if (*phrase == 'P')
			slot = customer->contact_count > 0 ? customer->contact_names[visit->met]
			       : visit->english            ? "the customer"
							   : "客户本人";
		else if (*phrase == 'T')
			slot = customer->trade;
		else if (*phrase == 'W')
			slot = demo_visit_word(visit, DEMO_weekday_zh, DEMO_weekday_en);
		else {
			snprintf(
			    number, sizeof(number), "%u", 2 + demo_below(customer->random, 39));
			slot = number;
		}
		size_t bytes = strlen(slot);

		if (bytes > (size_t)(end - text))
			break;
		memcpy(text, slot, bytes);
		text += bytes;
	}
	return text;
}

static const char *
demo_visit_summary(const struct demo_visit *visit)
{
	enum { ROOM = 1600 }; /* past what four phrases can be */
	char *start = arena_alloc(visit->customer->scratch, ROOM + 1);
	const char *end = start + ROOM;
	size_t middles = demo_below(visit->customer->random, 4);
	const char *said = NULL;
	char *at = demo_visit_say(
	    visit, start, end, demo_visit_word(visit, DEMO_opening_zh, DEMO_opening_en));

	for (size_t i = 0; i < middles; i++) {
		const char *phrase = demo_visit_word(visit, DEMO_middle_zh, DEMO_middle_en);

		if (phrase == said)
			continue;
		said = phrase;
		if (visit->english && at < end)
			*at++ = ' ';
		at = demo_visit_say(visit, at, end, phrase);
	}
	if (demo_chance(visit->customer->random, 70)) {
		if (visit->english && at < end)
			*at++ = ' ';
		at = demo_visit_say(
		    visit, at, end, demo_visit_word(visit, DEMO_ending_zh, DEMO_ending_en));
	}
	*at = '\0';
	return start;
}

static const char *
demo_visit_kind(struct demo_random *random)
{
	uint32_t at = demo_below(random, 100);

	return at < 55   ? "visit"
	       : at < 75 ? "phone"
	       : at < 83 ? "video"
	       : at < 89 ? "reception"
	       : at < 93 ? "meeting"
	       : at < 95 ? "message"
	       : at < 96 ? "mail"
	       : at < 99 ? "site"
			 : "fair";
}

static const char *
demo_visit_outcome(struct demo_random *random)
{
	uint32_t at = demo_below(random, 100);

	return at < 8    ? "ordered"
	       : at < 22 ? "agreed"
	       : at < 37 ? "quote"
	       : at < 65 ? "followup"
	       : at < 82 ? "informed"
	       : at < 90 ? "solved"
	       : at < 94 ? "complaint"
	       : at < 97 ? "absent"
			 : "refused";
}

/* Outcome, next step, next date: cells of a completed visit. Returns the next day, 0: none. */
static int64_t
demo_visit_result(const struct demo_visit *visit, struct demo_rows *rows)
{
	struct demo_random *random = visit->customer->random;
	int64_t next_on = 0;

	demo_text(rows, demo_visit_summary(visit));
	demo_text(rows, demo_visit_outcome(random));
	if (demo_chance(random, 55)) {
		demo_text(rows, demo_visit_word(visit, DEMO_next_zh, DEMO_next_en));
		next_on = visit->day + demo_between(random, 3, 75);
		demo_date(rows, next_on);
	} else {
		demo_null(rows);
		demo_null(rows);
	}
	if (demo_chance(random, 25)) {
		demo_int(
		    rows, demo_between(random, 4, 160) * 500); /* fen, in steps of 5 yuan */
		demo_text(rows, "CNY");
	} else {
		demo_null(rows);
		demo_null(rows);
	}
	demo_text(rows, demo_chance(random, 8)
			    ? demo_word(random, visit->world->vocabulary, DEMO_competitor)
			    : NULL);
	return next_on;
}

static void
demo_visit_nulls(struct demo_rows *rows, size_t count)
{
	for (size_t i = 0; i < count; i++)
		demo_null(rows);
}

/* reason, started_at, completed_at */
static void
demo_visit_course(const struct demo_visit *visit, struct demo_rows *rows)
{
	int64_t start =
	    visit->at_us + demo_below(visit->customer->random, 12) * 60 * US_PER_SECOND;

	if (strcmp(visit->state, "cancelled") == 0)
		demo_text(rows, demo_visit_word(visit, DEMO_cancel_zh, DEMO_cancel_en));
	else
		demo_null(rows);
	if (strcmp(visit->state, "started") == 0 || strcmp(visit->state, "completed") == 0)
		demo_moment(rows, start);
	else
		demo_null(rows);
	if (strcmp(visit->state, "completed") == 0)
		demo_moment(rows, start + visit->minutes * 60 * US_PER_SECOND);
	else
		demo_null(rows);
}

static void
demo_visit_contacts(const struct demo_visit *visit, int64_t created_us)
{
	struct demo_customer *customer = visit->customer;
	struct demo_rows *rows = &visit->world->chunk.tables[DEMO_TABLE_visit_contact];
	size_t met = customer->contact_count == 0 ? 0 : 1 + demo_chance(customer->random, 15);

	for (size_t i = 0; i < met && i < customer->contact_count; i++) {
		size_t which = (visit->met + i) % customer->contact_count;

		demo_int(rows, visit->world->next_id++);
		demo_int(rows, visit->id);
		demo_int(rows, (int64_t)i + 1);
		demo_int(rows, customer->contacts[which]);
		demo_stamps(rows, created_us, created_us, visit->by->user);
		demo_row_end(rows);
	}
}

static void
demo_visit_count(
    struct demo_customer *customer, const struct demo_visit *visit, int64_t next_on)
{
	if (strcmp(visit->state, "completed") == 0) {
		customer->visits.done++;
		if (visit->at_us >= customer->visits.last_us) {
			customer->visits.last_us = visit->at_us;
			customer->visits.next_on = next_on;
		}
	} else if (strcmp(visit->state, "cancelled") != 0) {
		customer->visits.open++;
		if (customer->visits.first_open_us == 0 ||
		    visit->at_us < customer->visits.first_open_us)
			customer->visits.first_open_us = visit->at_us;
	}
}

static void
demo_visit_row(struct demo_visit *visit)
{
	struct demo_world *world = visit->world;
	struct demo_customer *customer = visit->customer;
	struct demo_random *random = customer->random;
	struct demo_rows *rows = &world->chunk.tables[DEMO_TABLE_visit];
	int64_t created_us = visit->at_us - demo_between(random, 1, 96) * 3600 * US_PER_SECOND;
	bool done = strcmp(visit->state, "completed") == 0;
	int64_t next_on = 0;

	if (created_us < customer->created_us)
		created_us = customer->created_us;
	if (created_us > world->now_us)
		created_us = world->now_us;
	demo_int(rows, visit->id);
	demo_text(rows, demo_number(world, customer->scratch, DEMO_SERIES_VISIT, created_us));
	demo_int(rows, customer->id);
	demo_moment(rows, visit->at_us);
	demo_int(rows, visit->minutes);
	const char *kind = demo_visit_kind(random);
	demo_text(
	    rows, strcmp(visit->state, "planned") == 0 && visit->id % 4 == 0 ? "task" : kind);
	demo_text(rows, demo_visit_word(visit, DEMO_purpose_zh, DEMO_purpose_en));
	demo_text(rows, demo_chance(random, 30)
			    ? demo_visit_word(visit, DEMO_place_zh, DEMO_place_en)
			    : NULL);
	demo_text(rows, visit->state);
	if (done)
		next_on = demo_visit_result(visit, rows);
	else
		demo_visit_nulls(rows, 7);
	demo_visit_course(visit, rows);
	demo_int(rows, visit->by->user);
	demo_int(rows, visit->by->department);
	demo_int(rows, world->branches[visit->by->branch].id);
	demo_moment(rows, visit->at_us + visit->minutes * 60 * US_PER_SECOND);
	if (strcmp(visit->state, "planned") == 0 && visit->id % 3 == 0)
		demo_int(rows, 30);
	else
		demo_null(rows);
	demo_visit_nulls(rows, 3);
	demo_stamps(rows, created_us, done ? visit->at_us + US_PER_DAY / 24 : created_us,
	    visit->by->user);
	demo_row_end(rows);
	demo_visit_contacts(visit, created_us);
	demo_visit_count(customer, visit, next_on);
	world->result->visits++;
}

/* Weekdays between nine and half past five, by quarters of an hour. */
static void
demo_visit_make(
    struct demo_world *world, struct demo_customer *customer, int64_t day, const char *state)
{
	static const int minutes[] = { 30, 45, 60, 60, 60, 90, 120 };
	const struct demo_branch *branch = &world->branches[customer->keeper->branch];
	struct demo_random *random = customer->random;
	struct demo_visit visit = { .world = world,
		.customer = customer,
		.day = day,
		.state = state,
		.by = customer->keeper };

	visit.id = world->next_id++;
	visit.at_us = demo_at(day, 9 * 60 + 15 * (int)demo_below(random, 35));
	visit.minutes = minutes[demo_below(random, 7)];
	if (demo_chance(random, 10))
		visit.by = &world->managers[branch->first +
					    demo_below(random, (uint32_t)branch->count)];
	visit.english = customer->english ? demo_chance(random, 85) : demo_chance(random, 4);
	if (customer->contact_count > 0)
		visit.met = demo_below(random, (uint32_t)customer->contact_count);
	demo_visit_row(&visit);
}

/* Of a visit that is over, or should be: some were never closed. */
static const char *
demo_visit_state(struct demo_random *random, int64_t days_ago)
{
	uint32_t at = demo_below(random, 100);

	if (at < 8)
		return "cancelled";
	return days_ago < 45 && at < 13 ? "planned" : "completed";
}

/* Working days seldom fall on a weekend. */
static int64_t
demo_workday(struct demo_random *random, int64_t day)
{
	int weekday = date_weekday(day);

	return weekday < 6 || demo_chance(random, 5) ? day : day + 8 - weekday;
}

static size_t
demo_visit_days(const struct demo_world *world, const struct demo_customer *customer,
    int64_t days[DEMO_VISITS_MOST])
{
	/* Means, before young and quiet customers take from them: 5 a customer in all. */
	uint32_t most = customer->level[0] == 'A'   ? 44
			: customer->level[0] == 'B' ? 26
			: customer->level[0] == 'C' ? 15
						    : 7;
	int64_t first = world->today - DEMO_VISIT_DAYS, last = world->today;
	int64_t created = date_of_us(customer->created_us, DEMO_OFFSET_MIN);
	size_t count;

	if (strcmp(customer->stage, "dormant") == 0)
		last -= 180;
	else if (strcmp(customer->stage, "lost") == 0)
		last -= 365;
	if (created >= first)
		first = created + 1;
	if (last - first < 3)
		return 0;
	count = (size_t)(demo_below(customer->random, most) * (uint64_t)(last - first + 90) /
			 (DEMO_VISIT_DAYS + 90));
	for (size_t i = 0; i < count; i++) {
		int64_t drawn = demo_between(customer->random, first, last - 1);
		int64_t day = demo_workday(customer->random, drawn);
		size_t at = i;

		if (day >= last)
			day = drawn;
		for (; at > 0 && days[at - 1] > day; at--)
			days[at] = days[at - 1];
		days[at] = day;
	}
	return count;
}

void
demo_make_visits(struct demo_world *world, struct demo_customer *customer)
{
	uint32_t ahead = customer->level[0] == 'A'   ? 45
			 : customer->level[0] == 'B' ? 30
			 : customer->level[0] == 'C' ? 12
						     : 4;
	bool quiet =
	    strcmp(customer->stage, "dormant") == 0 || strcmp(customer->stage, "lost") == 0;
	struct demo_random *random = customer->random;
	int64_t days[DEMO_VISITS_MOST];
	size_t count = demo_visit_days(world, customer, days);

	for (size_t i = 0; i < count; i++)
		demo_visit_make(
		    world, customer, days[i], demo_visit_state(random, world->today - days[i]));
	if (!quiet && demo_chance(random, 1))
		demo_visit_make(world, customer, world->today, "started");
	if (!quiet && demo_chance(random, ahead))
		demo_visit_make(world, customer,
		    demo_workday(random, world->today + demo_between(random, 0, 30)),
		    "planned");
}
