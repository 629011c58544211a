/*
 * Screens around signing in: setting up a second factor, the locked screen, the list of sessions.
 */
#ifndef KEHU_SCREENS_SIGN_H
#define KEHU_SCREENS_SIGN_H

#include "client/screens/app.h"

/* The login wants a second factor set up: shows the secret, takes a first code. factor.c */
void factor_open(struct app *app);
/* Signed in: the same for another telephone; asks for password and a code of the old one. */
void factor_open_own(struct app *app);
/* The link changed while it is open; false: it was not, or has closed itself. */
bool factor_link_changed(struct app *app);
/* The recovery codes of the login that just went well, if it made any. */
void factor_show_recovery(struct app *app, const Kehu__FactorAnswer *answer);

/* Begin to count how long no key was touched. lock.c */
void lock_watch(struct app *app);
/* The locked session has its screen, the other one has not. */
void lock_link_changed(struct app *app);
/* Lock it now. */
void lock_now(struct app *app);

/* Who is signed in as me, or with the right at all; F8 ends one. sessions.c */
void sessions_open(struct app *app);

#endif
