/*
 * Keys: what a key means where. client/keys.def is the one list; here are dispatch, key bar,
 * help entries, the manual's table and the check that no key has two meanings.
 */
#ifndef KEHU_UI_KEY_H
#define KEHU_UI_KEY_H

#include "client/ui/input.h"
#include "common/error.h"
#include <stdio.h>

enum ctx {
	CTX_HOME = 1 << 0,
	CTX_LIST = 1 << 1,
	CTX_RECORD = 1 << 2, /* a record with tabs */
	CTX_PAGER = 1 << 3,
	CTX_BOARD = 1 << 4,
	CTX_FORM = 1 << 5,
	CTX_LOGIN = 1 << 6,
	CTX_INPUT = 1 << 7, /* the filter line */
	CTX_PICKER = 1 << 8,
	CTX_PALETTE = 1 << 9,
	CTX_HELP = 1 << 10,
	CTX_CONFIRM = 1 << 11,
	CTX_CALENDAR = 1 << 12,
	CTX_DISPATCH = 1 << 13,
	/* Letters are commands; full-width forms are folded. */
	CTX_COMMAND = CTX_HOME | CTX_LIST | CTX_RECORD | CTX_PAGER | CTX_BOARD | CTX_CALENDAR |
		      CTX_DISPATCH,
	/* Letters are text. */
	CTX_TYPING = CTX_FORM | CTX_LOGIN | CTX_INPUT | CTX_PICKER | CTX_PALETTE | CTX_HELP |
		     CTX_CONFIRM,
	CTX_ALL = CTX_COMMAND | CTX_TYPING,
};
enum { CTX_COUNT = 14 };

enum act {
	ACT_NONE,
#define KEY(id, ...) ACT_##id,
#define ALSO(...)
#include "client/keys.def"
#undef KEY
#undef ALSO
	ACT_COUNT,
	ACT_PREFIX = ACT_COUNT, /* the first key of two; wait for the second */
};

/*
 * The action of an event in a context (one bit). Full-width forms of signs and letters are
 * folded in command contexts, in event too, so that digits can be read from it.
 * ACT_NONE: the key is not bound here, and is text where text is typed.
 */
enum act key_action(enum ctx context, struct event *event);

/* "help", "page_down": the name in keys.def; ACT_NONE's is "". */
const char *key_name(enum act act);
enum act key_by_name(const char *name);
const char *key_label(enum act act, enum lang lang);
const char *key_help(enum act act, enum lang lang);
bool key_dangerous(enum act act);
/* Keys bound to the action in the context as "F7 /"; "" when none. In arena. */
char *key_keys(struct arena *arena, enum act act, enum ctx context);

/*
 * The key bar: "F1帮助 F3返回 …", at most width_cols cells, actions for which works() is true
 * (NULL: all), those of least importance left out first. label() may give an action another
 * word, or NULL for the usual one; label itself may be NULL. In arena.
 */
struct key_bar {
	enum ctx context;
	enum lang lang;
	int width_cols;
	bool (*works)(void *arg, enum act act);
	const char *(*label)(void *arg, enum act act);
	void *arg;
};
char *key_bar(struct arena *arena, const struct key_bar *bar);

/*
 * Give an action other keys ("F2 Ctrl-E"), as the user's keys file says. Refused with a line
 * in *why (in arena) for unknown actions and keys, or when a key is taken in a context.
 */
MUST_CHECK enum err key_bind(
    struct arena *arena, const char *name, const char *keys, const char **why);
/* Back to keys.def. */
void key_reset(void);

/* Keys with two meanings in one context, one line each; "" when all is well. In arena. */
char *key_conflicts(struct arena *arena);
/* "F5", "Ctrl-R", "Space" to a code; 0 when unknown. And back; in arena. */
uint32_t key_parse(const char *name);
char *key_code_name(struct arena *arena, uint32_t code);

/* The table for the manual page (mdoc list items). */
void key_print_mdoc(FILE *out, enum lang lang);

#endif
