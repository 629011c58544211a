/*
 * A desk: somebody sits at a terminal with the real full-screen client, in front of a bed's
 * server. For tests/screens.
 */
#ifndef KEHU_TEST_DESK_H
#define KEHU_TEST_DESK_H

#include "tests/lib/bed.h"
#include "tests/lib/vterm.h"

enum { DESK_SOON_MS = 8000, DESK_QUIET_MS = 250 };

struct desk_options {
	const char *user;     /* NULL: nobody is named */
	const char *password; /* NULL: it must be typed; else signed in at once */
	const char *lang;     /* "zh" (NULL) or "en" */
	const char *server;   /* NULL: the bed's */
	const char *term;     /* NULL: xterm-256color */
	const char *state;    /* name of a folder kept between desks; NULL: a fresh one */
	int rows, cols;       /* 0: 24, 80 */
	const char *const *open; /* a command, "open" and where, ended by NULL; NULL: none */
	bool reads_ahead;     /* for the time without a link (client.offline) */
};

/* Clock, ports and round trips are masked; the time zone is eight hours east. */
struct vt *desk_open(struct bed *bed, const struct desk_options *options);
/* Signed in, the home screen read. */
struct vt *desk_home(struct bed *bed, const char *user, const char *lang, int rows, int cols);
/* Leaves through the home screen; asserts exit status 0 and a restored terminal. */
void desk_leave(struct vt *vt);
/* Ends it whatever it shows. */
void desk_end(struct vt *vt);

/* Assert that text appears, or goes. */
#define desk_sees(vt, text)   desk_expect(vt, text, true, __FILE__, __LINE__)
#define desk_misses(vt, text) desk_expect(vt, text, false, __FILE__, __LINE__)
void desk_expect(struct vt *vt, const char *text, bool there, const char *file, int line);
/* Type and wait until the screen is at rest. */
void desk_type(struct vt *vt, const char *keys);
/* Presses key, "{Tab}", until the tab so named is the open one; asserts that there is one. */
void desk_tab(struct vt *vt, const char *key, const char *tab);
/* The screen is as tests/screens/golden/NAME.txt says. */
void desk_shows(struct vt *vt, const char *name);
/* Bytes the act sends to the terminal, printed; asserts the limit. */
void desk_costs(struct vt *vt, const char *what, const char *keys, size_t limit);

/* Sixty customers with Chinese and English names, contacts of some and a few visits, all of
 * client's. */
enum { DESK_CUSTOMERS = 60 };
void desk_company(struct client *client);
/* The id of the n-th of them, from 0. */
int64_t desk_customer(size_t number);

#endif
