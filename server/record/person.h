/*
 * A person's rights: find where somebody occurs, hand over everything kept of them, erase them
 * everywhere, and erase them again after a restore. The work is done by functions of the database
 * that go by the catalogue (sql/repeat/36_person.sql).
 */
#ifndef KEHU_PERSON_H
#define KEHU_PERSON_H

#include "server/gate/gate.h"

/* Does this step change something, so that it carries an intention? */
bool person_writes(const Kehu__Person *request);
/* Periodic: what the retention rules in force say is over its time. */
enum err person_retention_tick(struct worker *worker);

#endif
