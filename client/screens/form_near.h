/*
 * Near: pick a record among those of another one, such as the people of the customer a visit
 * goes to. Further records are one row away.
 */
#ifndef KEHU_FORM_NEAR_H
#define KEHU_FORM_NEAR_H

#include "client/screens/app.h"

/*
 * Opens a picker over the records of wanted that belong to parent (one of its tabs). chosen as
 * in pick_open(). False: parent has no such tab; nothing is opened.
 */
bool near_open(struct app *app, uint32_t parent, int64_t id, uint32_t wanted, const char *title,
    void (*chosen)(void *context, int64_t id, const char *label), void *context);

#endif
