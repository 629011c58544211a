/*
 * Command: what can be gone to or done by a code from anywhere: lists and new records of every
 * entity, reports, the modules, language, messages, leaving. Made from the catalogue.
 */
#ifndef KEHU_COMMAND_H
#define KEHU_COMMAND_H

#include "client/screens/app.h"

enum { COMMAND_CODES = 10, COMMAND_MAX = 400 };

enum command_kind {
	COMMAND_LIST,
	COMMAND_NEW,
	COMMAND_REPORT,
	COMMAND_MODULE,
	COMMAND_MY_LIST,
	COMMAND_BOARD,
	COMMAND_DISPATCH,
	COMMAND_CALENDAR,
	COMMAND_TEAM,
	COMMAND_TARGETS,
	COMMAND_CHECK,
	COMMAND_SCAN,
	COMMAND_LANGUAGE,
	COMMAND_MESSAGES,
	COMMAND_HELP,
	COMMAND_RECONNECT,
	COMMAND_PASSWORD,
	COMMAND_FACTOR,
	COMMAND_JOBS,
	COMMAND_SESSIONS,
	COMMAND_ADMIN,
	COMMAND_VIEW_AS,
	COMMAND_LOCK,
	COMMAND_LOGOUT,
	COMMAND_LEAVE
};

struct command {
	enum command_kind kind;
	const char *label;
	const char
	    *codes[COMMAND_CODES]; /* lower case; the first is the one shown; ended by NULL */
	uint32_t entity;
	const char *report, *query;
	int module;
	const char *activity; /* kind of a new activity, its code; NULL: the form's own */
	bool takes_object; /* "hxkj xbf": a record of object_entity goes into field object_field
			    */
	uint32_t object_entity, object_field;
	bool first; /* shown before anything is typed */
	bool mine;  /* belongs to module 6 */
};

/* All that this user may do; in arena. */
size_t command_list(const struct app *app, struct arena *arena, struct command **commands);
/* Like picker_match(): 3 a code or the label, 2 a beginning, 1 somewhere, 0 not. */
int command_match(const struct command *command, const char *text);
/* object 0: none; label is its name. */
void command_run(
    struct app *app, const struct command *command, int64_t object, const char *label);

#endif
