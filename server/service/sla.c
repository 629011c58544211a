/*
 * See sla.h. A clock is a line of its ticket (server/entity/ticket_clock.def).
 */
#include "server/service/sla.h"

#include "common/date.h"
#include "server/entity/fields.h"
#include "server/service/hours.h"

#include <string.h>

struct sla {
	int64_t id; /* 0: nothing is promised */
	int64_t minutes[3], warn_percent;
	struct work_calendar calendar;
};

static const char *const sla_kinds[3] = { "answer", "on_site", "solve" };

/* id not 0: of that one; else of the one that fits the ticket. */
static enum err
sla_find(struct call *call, const struct record *ticket, int64_t id, int64_t from_us, struct sla *sla)
{
	struct sql *sql = sql_new(call->arena);
	struct rows *rows;
	enum err err;

	*sla = (struct sla){ 0 };
	sql_add(sql, "SELECT id, answer_min, on_site_min, solve_min, warn_percent, hours, days, offsets FROM kehu_sla(");
	if (id != 0)
		sql_int(sql, id);
	else
		sql_null(sql, "bigint");
	sql_add(sql, ", ");
	sql_text(sql, record_text(ticket, F_ticket_kind));
	sql_add(sql, ", ");
	sql_text(sql, record_text(ticket, F_ticket_priority));
	sql_add(sql, ", ");
	sql_int(sql, record_number(ticket, F_ticket_customer_id));
	sql_add(sql, ", ");
	sql_moment(sql, from_us);
	sql_add(sql, ")");
	err = store_as_rule(call, sql, &rows);
	if (err != ERR_OK || rows->count == 0)
		return err;
	sla->id = rows_int(rows, 0, 0);
	for (int i = 0; i < 3; i++)
		sla->minutes[i] = rows_null(rows, 0, 1 + i) ? 0 : rows_int(rows, 0, 1 + i);
	sla->warn_percent = rows_int(rows, 0, 4);
	sla->calendar = hours_of_row(call, rows, 0, 5);
	return ERR_OK;
}

static struct record *
sla_clock(const struct record *ticket, const char *kind)
{
	for (size_t i = 0; i < ticket->line_count; i++)
		if (ticket->lines[i]->entity->def->number == E_ticket_clock && !ticket->lines[i]->removed &&
		    strcmp(record_text(ticket->lines[i], F_ticket_clock_kind), kind) == 0)
			return ticket->lines[i];
	return NULL;
}

static bool
sla_is(const struct record *clock, const char *state)
{
	return strcmp(record_text(clock, F_ticket_clock_state), state) == 0;
}

static bool
sla_runs(const struct record *clock)
{
	return sla_is(clock, "running") || sla_is(clock, "breached") || sla_is(clock, "paused");
}

/* The ticket's own fields that follow from its clocks. */
static void
sla_sum_up(struct record *ticket)
{
	int64_t due = 0;

	for (size_t i = 0; i < ticket->line_count; i++) {
		const struct record *clock = ticket->lines[i];
		int64_t at;

		if (clock->entity->def->number != E_ticket_clock || clock->removed)
			continue;
		at = record_number(clock, F_ticket_clock_due_at);
		if ((sla_is(clock, "running") || sla_is(clock, "breached")) && (due == 0 || at < due))
			due = at;
		if (sla_is(clock, "breached") || sla_is(clock, "missed"))
			record_set_number(ticket, F_ticket_late, 1);
	}
	if (due != 0)
		record_set_number(ticket, F_ticket_due_at, due);
	else
		record_set_null(ticket, F_ticket_due_at);
}

/* The clock runs from that moment on with so many minutes left. ERR_INVALID: they are not worked within years. */
static enum err
sla_run(struct call *call, const struct sla *sla, struct record *clock, int64_t from_us, int64_t left)
{
	int64_t unwarned = left - record_number(clock, F_ticket_clock_minutes) * (100 - sla->warn_percent) / 100;
	int64_t due_us, warn_us;

	if (work_add_minutes(&sla->calendar, from_us, left, &due_us) != ERR_OK ||
	    work_add_minutes(&sla->calendar, from_us, unwarned > 0 ? unwarned : 0, &warn_us) != ERR_OK)
		return CALL_FAIL(call, ERR_INVALID, .entity = E_sla, .line = sla->id,
		    .text = call_say(call, "The working calendar of the service level has too few hours",
			"服务时限的工作日历中工作时间过少"));
	record_set_text(clock, F_ticket_clock_state, "running");
	record_set_number(clock, F_ticket_clock_due_at, due_us);
	record_set_number(clock, F_ticket_clock_warn_at, warn_us);
	record_set_number(clock, F_ticket_clock_alarm_at, warn_us);
	record_set_null(clock, F_ticket_clock_met_at);
	record_set_null(clock, F_ticket_clock_left_min);
	return ERR_OK;
}

enum err
sla_start(struct call *call, struct record *ticket)
{
	int64_t from_us = record_number(ticket, F_ticket_opened_at);
	struct sla sla;
	enum err err = sla_find(call, ticket, 0, from_us, &sla);

	if (err != ERR_OK)
		return err;
	if (sla.id != 0)
		record_set_number(ticket, F_ticket_sla_id, sla.id);
	for (int i = 0; i < 3 && err == ERR_OK; i++) {
		struct record *clock = sla_clock(ticket, sla_kinds[i]);

		if (clock != NULL && !sla_is(clock, "running"))
			continue;
		if (sla.minutes[i] == 0) {
			if (clock != NULL) {
				record_set_text(clock, F_ticket_clock_state, "dropped");
				record_set_null(clock, F_ticket_clock_alarm_at);
			}
			continue;
		}
		if (clock == NULL) {
			clock = record_add_line(call->arena, ticket, catalog_entity(call->catalog, E_ticket_clock));
			record_set_text(clock, F_ticket_clock_kind, sla_kinds[i]);
		}
		record_set_number(clock, F_ticket_clock_minutes, sla.minutes[i]);
		err = sla_run(call, &sla, clock, from_us, sla.minutes[i]);
	}
	sla_sum_up(ticket);
	return err;
}

static void
sla_end(struct record *clock, const char *state, int64_t at_us)
{
	record_set_text(clock, F_ticket_clock_state, state);
	if (at_us != 0)
		record_set_number(clock, F_ticket_clock_met_at, at_us);
	record_set_null(clock, F_ticket_clock_alarm_at);
	record_set_null(clock, F_ticket_clock_left_min);
}

void
sla_reach(struct record *ticket, const char *kind)
{
	struct record *clock = sla_clock(ticket, kind);
	int64_t now = date_now_us();

	if (clock == NULL || !sla_runs(clock))
		return;
	sla_end(clock, !sla_is(clock, "paused") && now > record_number(clock, F_ticket_clock_due_at) ? "missed" : "met", now);
	sla_sum_up(ticket);
}

void
sla_solve(struct record *ticket)
{
	struct record *on_site = sla_clock(ticket, "on_site");

	sla_reach(ticket, "answer");
	if (on_site != NULL && sla_runs(on_site)) /* nobody had to go */
		sla_end(on_site, "dropped", 0);
	sla_reach(ticket, "solve");
	sla_sum_up(ticket);
}

void
sla_drop(struct record *ticket)
{
	for (int i = 0; i < 3; i++) {
		struct record *clock = sla_clock(ticket, sla_kinds[i]);

		if (clock != NULL && sla_runs(clock))
			sla_end(clock, "dropped", 0);
	}
	sla_sum_up(ticket);
}

enum err
sla_pause(struct call *call, struct record *ticket)
{
	int64_t id = record_number(ticket, F_ticket_sla_id), now = date_now_us();
	struct sla sla;
	enum err err;

	if (id == 0)
		return ERR_OK;
	sla_reach(ticket, "answer");
	err = sla_find(call, ticket, id, now, &sla);
	for (int i = 1; i < 3 && err == ERR_OK; i++) {
		struct record *clock = sla_clock(ticket, sla_kinds[i]);

		if (clock == NULL || !sla_is(clock, "running"))
			continue;
		record_set_number(clock, F_ticket_clock_left_min,
		    work_minutes_between(&sla.calendar, now, record_number(clock, F_ticket_clock_due_at)));
		record_set_text(clock, F_ticket_clock_state, "paused");
		record_set_null(clock, F_ticket_clock_alarm_at);
	}
	sla_sum_up(ticket);
	return err;
}

enum err
sla_resume(struct call *call, struct record *ticket)
{
	int64_t id = record_number(ticket, F_ticket_sla_id), now = date_now_us();
	struct sla sla;
	enum err err;

	if (id == 0)
		return ERR_OK;
	err = sla_find(call, ticket, id, now, &sla);
	for (int i = 1; i < 3 && err == ERR_OK; i++) {
		struct record *clock = sla_clock(ticket, sla_kinds[i]);

		if (clock != NULL && sla_is(clock, "paused"))
			err = sla_run(call, &sla, clock, now, record_number(clock, F_ticket_clock_left_min));
	}
	sla_sum_up(ticket);
	return err;
}

enum err
sla_restart(struct call *call, struct record *ticket)
{
	int64_t id = record_number(ticket, F_ticket_sla_id), now = date_now_us();
	struct record *clock = sla_clock(ticket, "solve");
	struct sla sla;
	enum err err;

	if (id == 0 || clock == NULL)
		return ERR_OK;
	err = sla_find(call, ticket, id, now, &sla);
	if (err == ERR_OK)
		err = sla_run(call, &sla, clock, now, record_number(clock, F_ticket_clock_minutes));
	sla_sum_up(ticket);
	return err;
}
