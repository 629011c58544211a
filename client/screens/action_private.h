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
	const char *how; /* of many: "act", "set", "tag", "untag", "delete", "restore"; NULL: the record alone */
	const struct action_row *rows; /* all that are meant */
	size_t row_count;
	const char *query; /* all that this finds, in place of rows; NULL: those */
	bool agreed; /* to what the trial for all of them said */
	uint64_t refused; /* of which so many cannot be */
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

/* To the server: a trial as long as nobody agreed. */
uint32_t action_many_send(struct action *action, const Kehu__Act *act,
    void (*done)(void *context, const Kehu__ServerFrame *answer), void *context);
/* After the trial: the question, choice 1 is yes. False: nothing can be done, which was said. */
bool action_many_ask(struct action *action, const Kehu__AlterAnswer *answer,
    void (*agreed)(void *arg, int choice), void *arg);
/* It is done, or a job does it. */
void action_many_said(struct action *action, const Kehu__AlterAnswer *answer);

/* ---- action_remove.c ---- */

/* Delete it; when other records go along, after their number was typed. */
void action_delete(struct action *action);
void action_restore(struct app *app, uint32_t entity, int64_t id);

#endif
