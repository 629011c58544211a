/*
 * View as another user: whom and why, then all screens show what that user has, on a session of
 * its own, until F11 or its time. The own session waits meanwhile.
 */
#ifndef KEHU_SCREEN_VIEWING_H
#define KEHU_SCREEN_VIEWING_H

#include "client/screens/app.h"

/* May this user look as others at all? */
bool viewing_can(const struct app *app);
/* Asks as whom, then why. */
void viewing_open(struct app *app);
/* The same for a user that is known. */
void viewing_open_as(struct app *app, int64_t user, const char *label);
/* True while the screens are another user's. */
bool viewing_is_on(const struct app *app);
/* What is not done as somebody else, and F11 where nobody is looked at. */
bool viewing_withholds(const struct app *app, enum act act);
/* Tells the screens of that; whenever viewing begins or ends, and once at the start. */
void viewing_offer(struct app *app);
/* Back to the own session; from a callback of the link too. */
void viewing_end(struct app *app);
/* The link changed; true: it is one that views, and the login screen has no part in it. */
bool viewing_link_changed(struct app *app);
/* The row of the title that says so: "" when it is off. In arena. */
const char *viewing_banner(const struct app *app, struct arena *arena);
/* Frees what is left of it, at the end of the program. */
void viewing_fini(struct app *app);

#endif
