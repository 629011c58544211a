/* Login: the first screen, and again when a session has ended. Opened with login_open(). */
#ifndef KEHU_LOGIN_SCREEN_H
#define KEHU_LOGIN_SCREEN_H

#include "client/screens/app.h"

/* The link's state or its reason changed: go on to the home screen, or ask who is there. */
void login_link_changed(struct app *app);
/* The server to begin with: the one configured, else that of the last time. In the app's arena.
 */
const char *login_server(struct app *app);
/* Keep server, user, language and the number of drafts for the next start. */
void login_remember(struct app *app);

#endif
