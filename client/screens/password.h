/* Password: changing one's own while signed in. */
#ifndef KEHU_PASSWORD_SCREEN_H
#define KEHU_PASSWORD_SCREEN_H

#include "client/screens/app.h"

void password_open(struct app *app);

#endif
