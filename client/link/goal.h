/* Goals of the grid of targets, for the screen and the command line: what a changed one is as a request. */
#ifndef KEHU_LINK_GOAL_H
#define KEHU_LINK_GOAL_H

#include "client/link/link.h"

/*
 * A step of a Bulk that makes, changes or (goal NULL) deletes the target of a row's month; NULL: it is as it was
 * read. entity is that of targets; all in arena, goals are numbers or minor units as the answer has them.
 */
Kehu__ClientFrame *goal_step(struct arena *arena, const Kehu__Entity *entity, const Kehu__TargetsAnswer *answer,
    const char *measure, const Kehu__TargetsRow *row, size_t month, const int64_t *goal);

#endif
