/* Action: what the files that act on a record share. See action.h. */
#ifndef KEHU_ACTION_PRIVATE_H
#define KEHU_ACTION_PRIVATE_H

#include "client/screens/action.h"
#include "client/screens/consent.h"

/* One record and what is being done with it; lives until the last screen or answer is done. */
struct action {
	struct app *app;
	struct arena *arena;
	const Kehu__Record *record;
	const Kehu__Entity *entity;
	const Kehu__Action *what; /* the named one chosen */
	void (*done)(void *context);
	void *context;
	struct screen *owner; /* on top when the menu was opened: whose context it is */
	unsigned holds;
	struct consent consent; /* whom to ask, where it needs that */
	const struct action_row *rows; /* all that are meant; NULL: the record alone */
	size_t row_count;
	bool agreed; /* to what the trial for all of them said */
};

/* ---- action.c ---- */

struct action *action_hold(struct action *action);
void action_release(struct action *action);
/* Something was done: who opened the menu hears of it, if that screen is still there. */
void action_tell(struct action *action);
/* "客户 华信科技". In arena. */
const char *action_name(const struct action *action, struct arena *arena);

/* ---- action_run.c ---- */

/* Whether the record's state allows it. */
bool action_allowed(const struct action *action, const Kehu__Action *what);
/* Do action->what, after its form or a question where it needs one. */
void action_run(struct action *action);
/* Do it with these arguments, which are not kept. */
void action_run_with(struct action *action, Kehu__Value **arguments, size_t count);

/* ---- action_many.c ---- */

/* One step for each row; a trial as long as nobody agreed. */
uint32_t action_many_send(struct action *action, const Kehu__Act *act,
    void (*done)(void *context, const Kehu__ServerFrame *answer), void *context);
/* After a good trial: the question; choice 1 is yes. */
void action_many_ask(struct action *action, void (*answer)(void *arg, int choice), void *arg);
/* It is done, or waits for consent. */
void action_many_said(struct action *action, const Kehu__BulkAnswer *answer);
/* Nothing was done, for the sake of which row and why. */
void action_many_refused(struct action *action, const Kehu__ServerFrame *answer);

/* ---- action_remove.c ---- */

/* Delete it; when other records go along, after their number was typed. */
void action_delete(struct action *action);
void action_restore(struct app *app, uint32_t entity, int64_t id);

#endif
