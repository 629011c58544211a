/*
 * Consent: a write that somebody must agree to first. Asks whom to ask and why, where the server
 * wants to know, so that the write can be sent again. So with a save that makes a second one of
 * what looks the same: why it is another is asked, and goes with it.
 */
#ifndef KEHU_CONSENT_H
#define KEHU_CONSENT_H

#include "client/screens/app.h"

/* What goes with a write; zero: nothing was asked for yet. */
struct consent {
	int64_t approver; /* 0: none */
	char reason[1601];
	char in_spite[801]; /* why it is saved although a like record exists; "": not asked yet */
};

/* Whether an answer asks for one. */
bool consent_is_wanted(const Kehu__ServerFrame *answer);
/* Opens the box; given is called when it was filled in, not when it was closed. consent outlives it. */
void consent_open(struct app *app, const Kehu__ServerFrame *answer, struct consent *consent,
    void (*given)(void *context), void *context);
/* Puts it into a frame about to be sent; consent must live until then. */
void consent_fill(struct consent *consent, Kehu__ClientFrame *frame);
/* "待审批: AP2611-000012 待 蔡 审批" in the message line; false: the write is done, nothing waits. */
bool consent_said(const Kehu__Written *written);

#endif
