/*
 * See ticket.h.
 */
#include "server/service/ticket.h"

#include "common/date.h"
#include "common/text.h"
#include "server/entity/fields.h"

#include <string.h>

#define CALLER_DIGITS_MIN 5

static bool
ticket_has(const struct record *ticket, uint32_t field)
{
	return record_value(ticket, field)->present;
}

/* ---- who calls --------------------------------------------------------------------------- */

static enum err
ticket_fill_caller(struct call *call, struct record *ticket)
{
	const char *digits = text_digits(call->arena, record_text(ticket, F_ticket_phone));
	struct sql *sql = sql_new(call->arena);
	int64_t customer = record_number(ticket, F_ticket_customer_id);
	struct rows *rows;
	enum err err;

	if (strlen(digits) < CALLER_DIGITS_MIN ||
	    (customer != 0 && ticket_has(ticket, F_ticket_contact_id)))
		return ERR_OK;
	sql_add(sql, "SELECT customer, contact FROM kehu_ticket_caller(");
	sql_text(sql, digits);
	sql_add(sql, ", ");
	sql_int(sql, customer);
	sql_add(sql, ")");
	err = store_as_rule(call, sql, &rows);
	if (err != ERR_OK || rows->count == 0)
		return err;
	for (size_t i = 1; i < rows->count; i++)
		if (rows_int(rows, i, 0) != rows_int(rows, 0, 0))
			return CALL_FAIL(call, ERR_DUPLICATE, .field = F_ticket_customer_id,
			    .text = call_say(call,
				"Several customers have this phone; choose one of them",
				"有多个客户使用此号码，请选择其中一个"));
	record_set_number(ticket, F_ticket_customer_id, rows_int(rows, 0, 0));
	if (!ticket_has(ticket, F_ticket_contact_id) && rows->count == 1 && !rows_null(rows, 0, 1))
		record_set_number(ticket, F_ticket_contact_id, rows_int(rows, 0, 1));
	return ERR_OK;
}

/* ---- what it is about -------------------------------------------------------------------- */

/* The equipment, through the ticket's own references: what the caller may not see is not filled in. */
static enum err
ticket_find_equipment(struct call *call, const struct record *ticket, struct rows **rows)
{
	struct arms arms = access_arms(
	    call->user, catalog_entity(call->catalog, E_equipment)->def, RIGHT_VIEW);
	struct sql *sql = sql_new(call->arena);

	sql_add(sql, "SELECT t.id, t.customer_id, t.product_id, t.serial, t.place, t.region_id "
		     "FROM equipment t WHERE t.deleted_at IS NULL AND ");
	if (ticket_has(ticket, F_ticket_equipment_id)) {
		sql_add(sql, "t.id = ");
		sql_int(sql, record_number(ticket, F_ticket_equipment_id));
	} else {
		sql_add(sql, "t.serial = ");
		sql_text(sql, record_text(ticket, F_ticket_serial));
	}
	sql_add(sql, " AND ");
	record_arms_where(call, sql, catalog_entity(call->catalog, E_equipment), "t", &arms);
	return store_run(call->store, call->arena, sql, rows);
}

static void
ticket_copy(struct record *ticket, uint32_t field, const struct rows *rows, int column, bool text)
{
	if (ticket_has(ticket, field) || rows_null(rows, 0, column))
		return;
	if (text)
		record_set_text(ticket, field, rows_text(rows, 0, column));
	else
		record_set_number(ticket, field, rows_int(rows, 0, column));
}

static enum err
ticket_fill_equipment(struct call *call, struct record *ticket)
{
	bool named = ticket_has(ticket, F_ticket_equipment_id);
	struct rows *rows;
	enum err err;

	if (!named && !ticket_has(ticket, F_ticket_serial))
		return ERR_OK;
	err = ticket_find_equipment(call, ticket, &rows);
	if (err != ERR_OK || rows->count == 0)
		return err;
	ticket_copy(ticket, F_ticket_customer_id, rows, 1, false);
	if (record_number(ticket, F_ticket_customer_id) != rows_int(rows, 0, 1))
		return named ? CALL_FAIL(call, ERR_INVALID, .field = F_ticket_equipment_id,
				   .text = call_say(call, "The equipment is another customer's",
				       "该设备属于另一客户"))
			     : ERR_OK;
	ticket_copy(ticket, F_ticket_equipment_id, rows, 0, false);
	ticket_copy(ticket, F_ticket_product_id, rows, 2, false);
	ticket_copy(ticket, F_ticket_serial, rows, 3, true);
	ticket_copy(ticket, F_ticket_place, rows, 4, true);
	ticket_copy(ticket, F_ticket_region_id, rows, 5, false);
	return ERR_OK;
}

enum err
ticket_fill(struct call *call, struct record *ticket)
{
	enum err err = ERR_OK;

	/* A form asks for it; what comes without one is asked for at least. */
	if (ticket->is_new && !ticket_has(ticket, F_ticket_kind))
		record_set_text(ticket, F_ticket_kind, "inquiry");
	if (ticket->is_new)
		err = ticket_fill_caller(call, ticket);
	if (err == ERR_OK &&
	    (record_changed(ticket, F_ticket_equipment_id) || record_changed(ticket, F_ticket_serial)))
		err = ticket_fill_equipment(call, ticket);
	return err;
}

/* ---- what became of it ------------------------------------------------------------------- */

void
ticket_add_move(struct call *call, struct record *ticket, const char *to, const char *note)
{
	struct record *line =
	    record_add_line(call->arena, ticket, catalog_entity(call->catalog, E_ticket_move));
	const char *from = record_text(ticket, F_ticket_state);

	record_set_number(line, F_ticket_move_at, date_now_us());
	record_set_number(line, F_ticket_move_by_id, call->session.user);
	if (from[0] != '\0')
		record_set_text(line, F_ticket_move_from_state, arena_strdup(call->arena, from));
	record_set_text(line, F_ticket_move_state, to != NULL ? to : arena_strdup(call->arena, from));
	if (note != NULL && note[0] != '\0')
		record_set_text(line, F_ticket_move_note, text_cut(call->arena, note, 400, false));
}

void
ticket_tell(struct call *call, const struct record *ticket, int64_t user, const char *en, const char *zh)
{
	const char *subject = record_text(ticket, F_ticket_subject);
	struct sql *sql;

	if (user == 0 || user == call->session.user)
		return;
	sql = sql_new(call->arena);
	sql_add(sql, "SELECT kehu_tell(");
	sql_int(sql, user);
	sql_add(sql, ", 'system', ");
	sql_text(sql, arena_printf(call->arena, "%s: %s", en, subject));
	sql_add(sql, ", ");
	sql_text(sql, arena_printf(call->arena, "%s：%s", zh, subject));
	sql_addf(sql, ", %d, ", E_ticket);
	sql_int(sql, ticket->stored_id);
	sql_add(sql, ")");
	store_queue(call->store, sql, NULL);
}
