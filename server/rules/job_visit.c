/*
 * 派工单: a job's life from being placed on somebody's day to being done.
 *
 * Who has it when is only ever changed by placing it: what speaks against a place is asked here, one reason at a
 * time; that nobody is held twice PostgreSQL promises (job_booking, sql/repeat/43_job.sql).
 */
#include "common/date.h"
#include "server/entity/fields.h"
#include "server/record/outbox.h"
#include "server/record/store_tree.h"
#include "server/record/job_places.h"
#include "server/service/hours.h"

#include <string.h>

#define MINUTE_US     (60 * US_PER_SECOND)
#define SOON_US	      (5 * MINUTE_US) /* clocks differ */
#define JOB_MINUTES   (14 * 24 * 60)

/* ---- what speaks against a place ---------------------------------------------------------- */

struct job_place {
	int64_t technician, start_us, minutes;
	int64_t besides; /* a job that moves away at the same time; 0: none */
};

static enum err
job_refuse(struct call *call, enum err err, uint32_t field, const char *what)
{
	const char *said = err_text(err, call->session.lang);

	return CALL_FAIL(call, err, .field = field,
	    .text = what[0] != '\0' ? arena_printf(call->arena, "%s%s%s", said, call_say(call, ": ", "："), what) : NULL);
}

/* field_who, field_when: what is to blame, of the record or of the action. */
static enum err
job_check_place(struct call *call, const struct record *job, const struct job_place *place, uint32_t field_who,
    uint32_t field_when)
{
	int64_t end_us = place->start_us + place->minutes * MINUTE_US;
	int64_t from_us = record_number(job, F_job_visit_window_from), until_us = record_number(job, F_job_visit_window_until);
	struct sql *sql = sql_new(call->arena);
	struct work_calendar calendar;
	struct rows *rows;
	enum err err;

	sql_add(sql, "SELECT refusal, detail, hours, days, offsets FROM kehu_job_fit(");
	sql_int(sql, job->is_new ? 0 : job->id);
	sql_add(sql, ", ");
	sql_int(sql, place->besides);
	sql_add(sql, ", ");
	sql_int(sql, place->technician);
	sql_add(sql, ", ");
	sql_moment(sql, place->start_us);
	sql_add(sql, ", ");
	sql_moment(sql, end_us);
	sql_add(sql, ", ");
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
	if (!rows_null(rows, 0, 0))
		return job_refuse(call, err_named(rows_text(rows, 0, 0)), field_who,
		    rows_null(rows, 0, 1) ? "" : rows_text(rows, 0, 1));
	if ((from_us != 0 && place->start_us < from_us) || (until_us != 0 && end_us > until_us))
		return CALL_FAIL(call, ERR_OUT_OF_WINDOW, .field = field_when);
	calendar = hours_of_row(call, rows, 0, 2);
	if (work_minutes_between(&calendar, place->start_us, end_us) < place->minutes)
		return job_refuse(call, ERR_OUT_OF_HOURS, field_when, rows_text(rows, 0, 2));
	return ERR_OK;
}

/* ---- saving ------------------------------------------------------------------------------ */

static void
job_copy(struct record *job, uint32_t to, const struct record *ticket, uint32_t from, bool text)
{
	if (record_value(job, to)->present || !record_value(ticket, from)->present)
		return;
	if (text)
		record_set_text(job, to, record_text(ticket, from));
	else
		record_set_number(job, to, record_number(ticket, from));
}

static enum err
job_fill_skill(struct call *call, struct record *job, int64_t product)
{
	struct sql *sql = sql_new(call->arena);
	struct rows *rows;
	enum err err;

	sql_add(sql, "SELECT kehu_job_skill(");
	sql_int(sql, product);
	sql_add(sql, ")");
	err = store_as_rule(call, sql, &rows);
	if (err == ERR_OK && !rows_null(rows, 0, 0))
		record_set_text(job, F_job_visit_skill, arena_strdup(call->arena, rows_text(rows, 0, 0)));
	return err;
}

/* From its ticket, what is not given. */
static enum err
job_fill(struct call *call, struct record *job)
{
	struct record *ticket;
	enum err err;

	if (!job->is_new)
		return ERR_OK;
	if (!record_value(job, F_job_visit_ticket_id)->present) {
		if (!record_value(job, F_job_visit_priority)->present)
			record_set_text(job, F_job_visit_priority, "p3");
		return ERR_OK;
	}
	err = record_read(call, catalog_entity(call->catalog, E_ticket),
	    record_number(job, F_job_visit_ticket_id), RIGHT_VIEW, false, false, &ticket);
	if (err != ERR_OK || ticket == NULL)
		return err; /* that it is not there is said where references are checked */
	job_copy(job, F_job_visit_subject, ticket, F_ticket_subject, true);
	job_copy(job, F_job_visit_customer_id, ticket, F_ticket_customer_id, false);
	job_copy(job, F_job_visit_contact_id, ticket, F_ticket_contact_id, false);
	job_copy(job, F_job_visit_place, ticket, F_ticket_place, true);
	job_copy(job, F_job_visit_region_id, ticket, F_ticket_region_id, false);
	job_copy(job, F_job_visit_priority, ticket, F_ticket_priority, true);
	job_copy(job, F_job_visit_due_at, ticket, F_ticket_due_at, false);
	if (record_number(job, F_job_visit_customer_id) != record_number(ticket, F_ticket_customer_id))
		return CALL_FAIL(call, ERR_INVALID, .field = F_job_visit_customer_id,
		    .text = call_say(call, "The ticket is another customer's", "该工单属于另一客户"));
	if (record_value(ticket, F_ticket_product_id)->present && !record_value(job, F_job_visit_skill)->present)
		err = job_fill_skill(call, job, record_number(ticket, F_ticket_product_id));
	return err;
}

static bool
job_is_placed(const struct record *job)
{
	return record_value(job, F_job_visit_technician_id)->present && record_value(job, F_job_visit_start_at)->present;
}

static void
job_set_end(struct record *job)
{
	record_set_number(job, F_job_visit_end_at,
	    record_number(job, F_job_visit_start_at) + record_number(job, F_job_visit_minutes) * MINUTE_US);
}

static enum err
job_begin(struct call *call, struct record *job)
{
	struct job_place place = { .technician = record_number(job, F_job_visit_technician_id),
		.start_us = record_number(job, F_job_visit_start_at), .minutes = record_number(job, F_job_visit_minutes) };

	if (record_value(job, F_job_visit_done_at)->present) {
		/* history, written up or imported: it holds nobody */
		if (record_number(job, F_job_visit_done_at) > date_now_us() + SOON_US)
			return CALL_FAIL(call, ERR_INVALID, .field = F_job_visit_done_at,
			    .text = call_say(call, "It cannot be done in the future", "完工时间不能在未来"));
		record_set_text(job, F_job_visit_state, "done");
		if (record_value(job, F_job_visit_start_at)->present)
			job_set_end(job);
		return ERR_OK;
	}
	record_set_text(job, F_job_visit_state, job_is_placed(job) ? "planned" : "open");
	if (!job_is_placed(job)) {
		record_set_null(job, F_job_visit_technician_id);
		record_set_null(job, F_job_visit_start_at);
		return ERR_OK;
	}
	job_set_end(job);
	return job_check_place(call, job, &place, F_job_visit_technician_id, F_job_visit_start_at);
}

static enum err
job_check_lines(struct call *call, const struct record *job)
{
	const char *currency = NULL;

	for (size_t i = 0; i < job->line_count; i++) {
		const struct record *line = job->lines[i];
		const struct value *cost;

		if (line->removed)
			continue;
		if (line->entity->def->number == E_job_visit_helper) {
			if (record_number(line, F_job_visit_helper_technician_id) == record_number(job, F_job_visit_technician_id))
				return CALL_FAIL(call, ERR_DUPLICATE, .entity = E_job_visit_helper, .line = line->id,
				    .field = F_job_visit_helper_technician_id);
			continue;
		}
		cost = record_value(line, F_job_visit_part_cost);
		if (record_number(line, F_job_visit_part_quantity) <= 0)
			return CALL_FAIL(call, ERR_INVALID, .entity = E_job_visit_part, .line = line->id,
			    .field = F_job_visit_part_quantity);
		if (cost->present && currency != NULL && strcmp(cost->text, currency) != 0)
			return CALL_FAIL(call, ERR_INVALID, .entity = E_job_visit_part, .line = line->id,
			    .field = F_job_visit_part_cost,
			    .text = call_say(call, "Costs are in one currency", "成本须为同一币种"));
		if (cost->present)
			currency = cost->text;
	}
	return ERR_OK;
}

/* A helper is as free as the technician; PostgreSQL says so last, but not why. */
static enum err
job_check_helpers(struct call *call, const struct record *job)
{
	for (size_t i = 0; i < job->line_count && job_is_placed(job); i++) {
		const struct record *line = job->lines[i];
		const struct job_place place = {
			.technician = line->entity->def->number == E_job_visit_helper
					  ? record_number(line, F_job_visit_helper_technician_id) : 0,
			.start_us = record_number(job, F_job_visit_start_at),
			.minutes = record_number(job, F_job_visit_minutes),
		};
		enum err err;

		if (place.technician == 0 || line->removed || !(line->is_new || record_changed(line, F_job_visit_helper_technician_id)))
			continue;
		err = job_check_place(call, job, &place, 0, 0);
		if (err != ERR_OK) {
			call->failure.entity = E_job_visit_helper;
			call->failure.line = line->id;
			call->failure.field = F_job_visit_helper_technician_id;
			return err;
		}
	}
	return ERR_OK;
}

static enum err
job_before_save(struct call *call, struct record *job)
{
	int64_t minutes = record_number(job, F_job_visit_minutes);
	enum err err;

	if (job->acting)
		return ERR_OK;
	if (minutes < 1 || minutes > JOB_MINUTES)
		return CALL_FAIL(call, ERR_INVALID, .field = F_job_visit_minutes);
	if (record_value(job, F_job_visit_window_from)->present && record_value(job, F_job_visit_window_until)->present &&
	    record_number(job, F_job_visit_window_until) <= record_number(job, F_job_visit_window_from))
		return CALL_FAIL(call, ERR_INVALID, .field = F_job_visit_window_until,
		    .text = call_say(call, "It ends before it begins", "结束时间须晚于开始时间"));
	err = job_check_lines(call, job);
	if (err == ERR_OK && job->is_new)
		err = job_begin(call, job);
	if (err != ERR_OK)
		return err;
	if (!job->is_new) {
		static const uint32_t fixed[] = { F_job_visit_technician_id, F_job_visit_start_at, F_job_visit_owner_id,
			F_job_visit_done_at };

		for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++)
			if (record_changed(job, fixed[i]))
				return CALL_FAIL(call, ERR_READ_ONLY, .field = fixed[i],
				    .text = call_say(call, "Place it", "请用“安排”"));
		if (record_changed(job, F_job_visit_minutes) && job_is_placed(job))
			return CALL_FAIL(call, ERR_READ_ONLY, .field = F_job_visit_minutes,
			    .text = call_say(call, "Place it", "请用“安排”"));
	}
	if (strcmp(record_text(job, F_job_visit_state), "done") == 0)
		return ERR_OK;
	return job_check_helpers(call, job);
}

static enum err
job_put(struct call *call, struct record *job, const struct job_place *place)
{
	struct sql *sql = sql_new(call->arena);
	struct rows *rows;
	enum err err;

	sql_add(sql, "SELECT kehu_job_place(");
	sql_int(sql, job->stored_id);
	sql_add(sql, ", ");
	sql_int(sql, job->version);
	sql_add(sql, ", ");
	sql_int(sql, place->technician);
	sql_add(sql, ", ");
	sql_moment(sql, place->start_us);
	sql_add(sql, ", ");
	sql_int(sql, place->minutes);
	sql_add(sql, ")");
	err = store_as_rule(call, sql, &rows);
	if (err == ERR_OK)
		job->version = (uint32_t)rows_int(rows, 0, 0);
	return err;
}

/* One that came with its place belongs to whom it was placed with. */
static enum err
job_after_save(struct call *call, struct record *job)
{
	struct job_place place = { .technician = record_number(job, F_job_visit_technician_id),
		.start_us = record_number(job, F_job_visit_start_at), .minutes = record_number(job, F_job_visit_minutes) };

	if (!job->is_new || strcmp(record_text(job, F_job_visit_state), "planned") != 0)
		return ERR_OK;
	return job_put(call, job, &place);
}

/* ---- suggestions ------------------------------------------------------------------------- */

static enum err
job_suggest(struct call *call, struct record *job, const struct value *arguments)
{
	struct place best[JOB_PLACES];
	const char *text = "";
	size_t count;
	enum err err = job_places_find(call, job, record_number(job, F_job_visit_minutes), best, &count);

	(void)arguments;
	if (err != ERR_OK)
		return err;
	if (count == 0)
		return CALL_FAIL(call, ERR_NO_TECHNICIAN, .text = call_say(call,
		    "Nobody with the skill and of the area is free", "没有技能和区域相符的空闲人员"));
	for (size_t i = 0; i < count; i++)
		text = arena_printf(call->arena, call_say(call, "%s%s%s %s (way %d min, cost %d)", "%s%s%s %s（路程 %d 分，代价 %d）"),
		    text, i > 0 ? call_say(call, "; ", "；") : "", best[i].person->name,
		    date_format_us(call->arena, best[i].start_us, call->session.offset_min), (int)best[i].travel_min,
		    (int)best[i].cost);
	call->written_text = text;
	return ERR_OK;
}

/* ---- placing ----------------------------------------------------------------------------- */

static enum err
job_place_at(struct call *call, struct record *job, const struct job_place *place)
{
	enum err err;

	if (place->minutes < 1 || place->minutes > JOB_MINUTES)
		return CALL_FAIL(call, ERR_INVALID, .field = 3);
	err = job_check_place(call, job, place, 1, 2);
	for (size_t i = 0; i < job->line_count && err == ERR_OK; i++) {
		struct job_place helper = *place;

		if (job->lines[i]->entity->def->number != E_job_visit_helper || job->lines[i]->removed)
			continue;
		helper.technician = record_number(job->lines[i], F_job_visit_helper_technician_id);
		if (helper.technician == place->technician)
			return CALL_FAIL(call, ERR_DUPLICATE, .field = 1);
		err = job_check_place(call, job, &helper, 1, 2);
	}
	return err == ERR_OK ? job_put(call, job, place) : err;
}

static enum err
job_place(struct call *call, struct record *job, const struct value *arguments)
{
	struct job_place place = {
		.technician = arguments[0].present ? arguments[0].number : record_number(job, F_job_visit_technician_id),
		.start_us = arguments[1].present ? arguments[1].number : record_number(job, F_job_visit_start_at),
		.minutes = arguments[2].present ? arguments[2].number : record_number(job, F_job_visit_minutes),
	};

	if (place.technician == 0 && place.start_us == 0) {
		struct place best[JOB_PLACES];
		size_t count;
		enum err err = job_places_find(call, job, place.minutes, best, &count);

		if (err != ERR_OK)
			return err;
		if (count == 0)
			return CALL_FAIL(call, ERR_NO_TECHNICIAN, .field = 1);
		place.technician = best[0].person->id;
		place.start_us = best[0].start_us;
		call->written_text = arena_printf(call->arena, "%s %s", best[0].person->name,
		    date_format_us(call->arena, place.start_us, call->session.offset_min));
	}
	if (place.technician == 0)
		return CALL_FAIL(call, ERR_REQUIRED, .field = 1);
	if (place.start_us == 0)
		return CALL_FAIL(call, ERR_REQUIRED, .field = 2);
	return job_place_at(call, job, &place);
}

static enum err
job_undo_place(struct call *call, struct record *job, const struct value *arguments)
{
	struct job_place place = { .technician = record_number(job, F_job_visit_before_technician_id),
		.start_us = record_number(job, F_job_visit_before_start_at),
		.minutes = record_number(job, F_job_visit_before_minutes) };

	(void)arguments;
	if (place.technician == 0 || place.start_us == 0)
		return CALL_FAIL(call, ERR_WRONG_STATE, .entity = E_job_visit,
		    .text = call_say(call, "It was not placed before", "此前没有安排"));
	return job_place_at(call, job, &place);
}

static enum err
job_swap(struct call *call, struct record *job, const struct value *arguments)
{
	struct job_place here, there;
	struct record *other;
	struct sql *sql;
	struct rows *rows;
	enum err err = record_read(call, job->entity, arguments[0].number, RIGHT_ASSIGN, true, false, &other);

	if (err != ERR_OK)
		return err;
	if (other == NULL || !record_is_there(other))
		return CALL_FAIL(call, ERR_NO_SUCH_RECORD, .field = 1);
	if (other->id == job->id || !job_is_placed(other) || !job_is_placed(job))
		return CALL_FAIL(call, ERR_INVALID, .field = 1);
	here = (struct job_place){ .technician = record_number(job, F_job_visit_technician_id),
		.start_us = record_number(job, F_job_visit_start_at), .minutes = record_number(other, F_job_visit_minutes), .besides = job->id };
	there = (struct job_place){ .technician = record_number(other, F_job_visit_technician_id),
		.start_us = record_number(other, F_job_visit_start_at), .minutes = record_number(job, F_job_visit_minutes), .besides = other->id };
	err = job_check_place(call, job, &there, 1, 1);
	if (err == ERR_OK)
		err = job_check_place(call, other, &here, 1, 1);
	if (err != ERR_OK)
		return err;
	sql = sql_new(call->arena);
	sql_add(sql, "SELECT kehu_job_swap(");
	sql_int(sql, job->id);
	sql_add(sql, ", ");
	sql_int(sql, job->version);
	sql_add(sql, ", ");
	sql_int(sql, other->id);
	sql_add(sql, ", ");
	sql_int(sql, other->version);
	sql_add(sql, ")");
	err = store_as_rule(call, sql, &rows);
	if (err == ERR_OK)
		job->version = (uint32_t)rows_int(rows, 0, 0);
	return err;
}

/* The rest becomes a job of its own, to be placed. */
static enum err
job_split(struct call *call, struct record *job, const struct value *arguments)
{
	static const uint32_t texts[] = { F_job_visit_subject, F_job_visit_kind, F_job_visit_skill, F_job_visit_place };
	static const uint32_t numbers[] = { F_job_visit_ticket_id, F_job_visit_customer_id, F_job_visit_contact_id,
		F_job_visit_region_id, F_job_visit_window_from, F_job_visit_window_until };
	int64_t minutes = record_number(job, F_job_visit_minutes), stay = arguments[0].number;
	struct record *rest;

	if (stay < 1 || stay >= minutes)
		return CALL_FAIL(call, ERR_INVALID, .field = 1);
	rest = record_new(call->arena, job->entity);
	rest->is_new = true;
	rest->id = -1;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (record_value(job, texts[i])->present)
			record_set_text(rest, texts[i], record_text(job, texts[i]));
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		if (record_value(job, numbers[i])->present)
			record_set_number(rest, numbers[i], record_number(job, numbers[i]));
	record_set_number(rest, F_job_visit_minutes, minutes - stay);
	record_set_number(rest, F_job_visit_owner_id, call->session.user);
	record_set_number(job, F_job_visit_minutes, stay);
	if (job_is_placed(job))
		job_set_end(job);
	return record_save(call, rest);
}

static enum err
job_step(struct call *call, const struct record *job, const char *step, const char *note)
{
	struct sql *sql = sql_new(call->arena);

	sql_add(sql, "SELECT kehu_job_step(");
	sql_int(sql, job->id);
	sql_add(sql, ", ");
	sql_text(sql, step);
	sql_add(sql, ", ");
	sql_text(sql, note);
	sql_add(sql, ")");
	store_queue(call->store, sql, NULL);
	return ERR_OK;
}

static enum err
job_unplace(struct call *call, struct record *job, const struct value *arguments)
{
	(void)arguments;
	record_set_number(job, F_job_visit_before_technician_id, record_number(job, F_job_visit_technician_id));
	record_set_number(job, F_job_visit_before_start_at, record_number(job, F_job_visit_start_at));
	record_set_number(job, F_job_visit_before_minutes, record_number(job, F_job_visit_minutes));
	(void)job_step(call, job, "unplace", NULL);
	record_set_null(job, F_job_visit_technician_id);
	record_set_null(job, F_job_visit_start_at);
	record_set_null(job, F_job_visit_end_at);
	return ERR_OK;
}

static enum err
job_tell(struct call *call, struct record *job, const struct value *arguments)
{
	(void)arguments;
	return job_step(call, job, "tell",
	    date_format_us(call->arena, record_number(job, F_job_visit_start_at), call->session.offset_min));
}

/* The customer's confirmation goes by the one outbox. */
static enum err
job_window(struct call *call, struct record *job, const struct value *arguments)
{
	const char *when = date_format_us(call->arena, record_number(job, F_job_visit_start_at), call->session.offset_min);
	const char *address = arguments[0].present ? arguments[0].text : "";
	struct record *contact = NULL;
	enum err err = ERR_OK;
	int64_t id;

	if (address[0] == '\0' && record_value(job, F_job_visit_contact_id)->present)
		err = record_read(call, catalog_entity(call->catalog, E_contact), record_number(job, F_job_visit_contact_id),
		    RIGHT_VIEW, false, false, &contact);
	if (err != ERR_OK)
		return err;
	if (contact != NULL)
		address = record_text(contact, F_contact_mail);
	if (address[0] == '\0')
		return CALL_FAIL(call, ERR_REQUIRED, .field = 1);
	return outbox_queue(call,
	    &(struct outbox_message){ .channel = OUTBOX_MAIL, .address = address,
		.subject = arena_printf(call->arena, call_say(call, "Our visit on %s", "上门时间：%s"), when),
		.body = arena_printf(call->arena, call_say(call, "We come on %s: %s (%s). Please tell us if that does not suit you.",
						      "我们将于 %s 上门：%s（%s）。如不方便请告知。"),
		    when, record_text(job, F_job_visit_subject), record_text(job, F_job_visit_number)),
		.entity = E_job_visit, .id = job->id, .owner = call->session.user },
	    &id);
}

/* ---- the technician's steps -------------------------------------------------------------- */

static enum err
job_accept(struct call *call, struct record *job, const struct value *arguments)
{
	(void)arguments;
	if (!job_is_placed(job))
		return CALL_FAIL(call, ERR_INVALID, .field = F_job_visit_technician_id,
		    .text = call_say(call, "It has no place yet", "尚未安排"));
	return job_step(call, job, "accept", NULL);
}

static enum err
job_refuse_it(struct call *call, struct record *job, const struct value *arguments)
{
	record_set_text(job, F_job_visit_reason, arguments[0].text);
	return job_step(call, job, "refuse", arguments[0].text);
}

static enum err
job_set_out(struct call *call, struct record *job, const struct value *arguments)
{
	(void)arguments;
	record_set_number(job, F_job_visit_on_way_at, date_now_us());
	return job_step(call, job, "set_out", NULL);
}

static enum err
job_arrive(struct call *call, struct record *job, const struct value *arguments)
{
	(void)arguments;
	record_set_number(job, F_job_visit_arrived_at, date_now_us());
	return job_step(call, job, "arrive", NULL);
}

static enum err
job_set_cost(struct call *call, struct record *job, int64_t minutes)
{
	struct sql *sql = sql_new(call->arena);
	struct rows *rows;
	enum err err;

	sql_add(sql, "SELECT cost, currency FROM kehu_job_cost(");
	sql_int(sql, job->id);
	sql_add(sql, ", ");
	sql_int(sql, minutes);
	sql_add(sql, ")");
	err = store_as_rule(call, sql, &rows);
	if (err == ERR_OK && !rows_null(rows, 0, 0))
		record_set_money(job, F_job_visit_cost, rows_int(rows, 0, 0), arena_strdup(call->arena, rows_text(rows, 0, 1)));
	return err;
}

static enum err
job_finish(struct call *call, struct record *job, const struct value *arguments)
{
	int64_t now = date_now_us(), since = record_number(job, F_job_visit_arrived_at), minutes;
	enum err err;

	if (since == 0)
		since = record_number(job, F_job_visit_on_way_at);
	minutes = arguments[1].present ? arguments[1].number : (now - since) / MINUTE_US;
	if (minutes < 0 || minutes > JOB_MINUTES)
		return CALL_FAIL(call, ERR_INVALID, .field = 2);
	record_set_number(job, F_job_visit_done_at, now);
	record_set_number(job, F_job_visit_worked_min, minutes);
	record_set_text(job, F_job_visit_result, arguments[0].text);
	if (arguments[2].present)
		record_set_text(job, F_job_visit_confirmed, arguments[2].text);
	err = job_set_cost(call, job, minutes);
	return err == ERR_OK ? job_step(call, job, "finish", arguments[0].text) : err;
}

static enum err
job_cancel(struct call *call, struct record *job, const struct value *arguments)
{
	record_set_text(job, F_job_visit_reason, arguments[0].text);
	return job_step(call, job, "cancel", arguments[0].text);
}

const struct rule rules_job_visit[] = {
	{ .hook = HOOK_DEFAULTS, .run = job_fill },
	{ .hook = HOOK_BEFORE_SAVE, .run = job_before_save },
	{ .hook = HOOK_AFTER_SAVE, .run = job_after_save },
	{ .action = "place", .act = job_place, .right = RIGHT_ASSIGN, .stores = true },
	{ .action = "suggest", .act = job_suggest, .right = RIGHT_VIEW, .reads = true, .stores = true },
	{ .action = "undo_place", .act = job_undo_place, .right = RIGHT_ASSIGN, .stores = true },
	{ .action = "swap", .act = job_swap, .right = RIGHT_ASSIGN, .stores = true },
	{ .action = "split", .act = job_split, .right = RIGHT_ASSIGN, .makes = "job_visit" },
	{ .action = "unplace", .act = job_unplace, .right = RIGHT_ASSIGN },
	{ .action = "tell", .act = job_tell },
	{ .action = "window", .act = job_window },
	{ .action = "accept", .act = job_accept },
	{ .action = "refuse", .act = job_refuse_it },
	{ .action = "set_out", .act = job_set_out },
	{ .action = "arrive", .act = job_arrive },
	{ .action = "finish", .act = job_finish },
	{ .action = "cancel", .act = job_cancel },
	{ 0 },
};
