/* The customer tree: those that belong together by their relations parent and subsidiary, with sums upwards. */
#ifndef KEHU_SCREENS_TREE_H
#define KEHU_SCREENS_TREE_H

#include "client/screens/app.h"

/* Whether there is one of this record: a customer's, for who reads relations. */
bool tree_can(const struct app *app, const Kehu__Record *record);
void tree_open(struct app *app, int64_t customer);

#endif
