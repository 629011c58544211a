/*
 * What comes before and between work: the second stage of a login (link_factor), and a session
 * that is locked (link_lock, link_unlock). Requests wait while it is; nothing is lost.
 */
#include "client/link/link_private.h"

#include "common/date.h"
#include "common/log.h"
#include "common/mem.h"
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

/* ---- the second factor ---- */

/* Keeps the ticket of an error that asks for a second factor; forgets one that is of no more use. */
void
sign_refused(struct link *link, enum err err, const Kehu__Error *error)
{
	if (error->has_ticket && error->ticket.len == sizeof(link->ticket)) {
		memcpy(link->ticket, error->ticket.data, sizeof(link->ticket));
		link->has_ticket = true;
		link->factor_enrol = err == ERR_FACTOR_ENROLL;
	} else if (err == ERR_TICKET_OLD || err == ERR_LOGIN_REFUSED) {
		sign_forget(link);
	}
}

void
sign_forget(struct link *link)
{
	OPENSSL_cleanse(link->ticket, sizeof(link->ticket));
	link->has_ticket = false;
}

void
link_factor(struct link *link, enum link_factor_step step, const char *code)
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__Factor factor = KEHU__FACTOR__INIT;
	char *own = mem_strdup(code != NULL ? code : "");

	if (link->phase == PHASE_LOGIN && link->control == 0 && link->has_ticket) {
		factor.has_step = factor.has_ticket = true;
		factor.step = (uint32_t)step;
		factor.ticket = (ProtobufCBinaryData){ sizeof(link->ticket), link->ticket };
		factor.code = own;
		frame.request_case = KEHU__CLIENT_FRAME__REQUEST_FACTOR;
		frame.factor = &factor;
		frame.has_number = true;
		frame.number = link->control = link_next_number(link);
		link_put(link, &frame);
		link_enter(link, PHASE_LOGIN);
	}
	OPENSSL_cleanse(own, strlen(own));
	free(own);
}

/* The answer to one, kept until the next; its login is the caller's to take. */
void
sign_keep_answer(struct link *link, const Kehu__ServerFrame *frame)
{
	arena_reset(link->factor_arena);
	link->factor = link_keep(link->factor_arena, frame)->factor;
}

const Kehu__FactorAnswer *
link_factor_answer(const struct link *link)
{
	return link->factor;
}

/* ---- locking ---- */

void
sign_locked(struct link *link, bool locked)
{
	link->locked = locked;
	if (!locked)
		link->subscription_due = link->subscription.bytes > 0;
	/* News even when the state is the same. */
	link->told = LINK_ENDED;
	link_tell(link);
}

static void
sign_send_lock(struct link *link, const char *password)
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__Lock lock = KEHU__LOCK__INIT;
	char *own = password == NULL ? NULL : mem_strdup(password);

	lock.password = own;
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_LOCK;
	frame.lock = &lock;
	frame.has_number = true;
	frame.number = link_next_number(link);
	link->lock_number = password == NULL ? 0 : frame.number;
	link_put(link, &frame);
	if (own != NULL)
		OPENSSL_cleanse(own, strlen(own));
	free(own);
}

void
link_lock(struct link *link)
{
	if (link->locked || !link->was_ready)
		return;
	if (link->phase == PHASE_READY)
		sign_send_lock(link, NULL);
	sign_locked(link, true);
}

void
link_unlock(struct link *link, const char *password)
{
	if (!link->locked || link->phase != PHASE_READY || link->lock_number != 0)
		return;
	sign_send_lock(link, password);
}

/* Whether the frame answers Lock. */
bool
sign_answer(struct link *link, const Kehu__ServerFrame *frame)
{
	enum err err = link_error(frame);

	if (link->lock_number == 0 || frame->number != link->lock_number)
		return false;
	link->lock_number = 0;
	if (err == ERR_SESSION_ENDED || err == ERR_LOGIN_NEEDED) {
		session_ended(link);
		return true;
	}
	link_reason(link, err, err == ERR_OK ? "" : frame->error->text);
	sign_locked(link, err != ERR_OK);
	return true;
}

/* The server says that the session is locked; who kept the password goes on by itself. */
void
sign_found_locked(struct link *link)
{
	if (!link->locked)
		sign_locked(link, true);
	if (link->password != NULL && link->options.keep_password)
		link_unlock(link, link->password);
}
