/* Likely duplicates: the pair of a record of that kind, and the scan of all customers as a job. */
#ifndef KEHU_DUPLICATE_SCREEN_H
#define KEHU_DUPLICATE_SCREEN_H

#include "client/screens/app.h"

/* Whether a record is such a pair; then the two, and what they are records of. */
bool duplicate_pair(const struct app *app, const Kehu__Record *record, uint32_t *entity, int64_t ids[2]);

bool duplicate_can_scan(const struct app *app);
/* Starts the scan and shows it in the list of jobs. */
void duplicate_scan(struct app *app);

#endif
