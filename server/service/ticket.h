/*
 * What a ticket is filled with from what is known: the caller's company and person by the phone, the
 * equipment by its serial number; and its history.
 */
#ifndef KEHU_SERVICE_TICKET_H
#define KEHU_SERVICE_TICKET_H

#include "server/record/rule.h"

/*
 * Of a new ticket: its kind, customer and contact of a phone, product, serial number and place of the equipment, or
 * the equipment of the serial number. What is given stays. ERR_DUPLICATE: several customers have the phone.
 */
MUST_CHECK enum err ticket_fill(struct call *call, struct record *ticket);

/* A line of its history: from the state it is in to another (NULL: it stays), and why. */
void ticket_add_move(struct call *call, struct record *ticket, const char *to, const char *note);

/* Tells a user of the ticket by a message, with the transaction; nobody tells themselves. Texts take its subject. */
void ticket_tell(struct call *call, const struct record *ticket, int64_t user, const char *en, const char *zh);

#endif
