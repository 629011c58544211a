/*
 * The full-screen client: what its screens share, and how one opens another. Screens are data
 * from the catalogue (columns, fields, tabs, actions) over client/ui's widgets; they talk to
 * the server through client/link only, and never block.
 */
#ifndef KEHU_APP_H
#define KEHU_APP_H

#include "client/link/link.h"
#include "client/settings.h"
#include "client/ui/loop.h"
#include "client/ui/ui.h"

enum { APP_MODULES = 6 };

struct app {
	struct ui *ui;
	struct loop *loop;
	struct link
	    *link; /* another one after app_connect(), which only the login screen does */
	const struct client_settings *settings;
	struct arena *arena; /* as long as the program */
	enum lang lang;
	int offset_min;

	/* of viewing.c: the own link while another user is looked as; NULL: nobody is */
	struct link *base;
	unsigned base_timer;

	/* of the files that have the name */
	struct asks *asks;
	struct live *live;
	struct views *views;
	struct recent *recent;
	struct picks *picks;
	struct shelf *shelf;
	struct resume *resume;
	const char *const *target; /* what to open first, ended by NULL; NULL: nothing */
	struct login *login; /* while the login screen is open */
	struct factor *factor; /* the same of factor.c and lock.c */
	struct lock *lock;
	unsigned lock_timer;

	/* of action.c: what was deleted last and can be taken back; id 0: nothing */
	uint32_t deleted_entity;
	int64_t deleted_id;

	/* of app.c */
	struct link_options options;
	int64_t user;   /* whose screens these are */
	bool entered;   /* somebody has signed in: there is a home screen */
	unsigned epoch; /* rises when what was read may be out of date: after a break, in
			   another language */
	bool broken;    /* since it was last ready */
	int link_fd;
	unsigned link_timer, word_timer;
	const char *modules[APP_MODULES][2]; /* in the title; NULL where the user may not go */
};

/*
 * Run the full screen to its end; the exit status. The link is made from options; the login
 * screen is first, and goes by itself when user and password were given.
 * target: what to open then, an entity and an id or a query, ended by NULL; NULL: home, or where
 * the user was.
 */
int app_run(const struct link_options *options, const struct client_settings *settings,
    const char *user, const char *password, const char *const *target);

/* The catalogue of the signed-in user; never NULL after login. */
const struct cat *app_cat(const struct app *app);
/* How values are shown to this user. */
struct cat_style app_style(const struct app *app);
/* The entity of a name ("customer"); NULL when the user may not see it. */
const Kehu__Entity *app_entity(const struct app *app, const char *name);
/* The number of an entity's field by name; 0: none. */
uint32_t app_field(const Kehu__Entity *entity, const char *name);
/* Who is signed in, in the title. */
void app_show_user(struct app *app);
/* The other language, from now on and for what the server says. */
void app_set_lang(struct app *app, enum lang lang);
/*
 * Hand text, of a record of entity, to the terminal's clipboard, where the settings allow it, and say so. A
 * whole record leaves by this door only where its reader may export.
 */
void app_copy(struct app *app, const Kehu__Entity *entity, bool whole, const char *text);
/* A save came late: the record on show may be what it changed. Lists follow by themselves. */
void app_saved_late(struct app *app);
/* Leave the present server, if any, for another ("HOST:PORT"). */
void app_connect(struct app *app, const char *server);
/* End the session, keep the program: back to the login screen. */
void app_logout(struct app *app);
/* Ask whether to leave the program. */
void app_leave(struct app *app);
/* The digits 1-6 of the home screen. */
/* Does the user see anything of that module, from 1? */
bool app_may_module(const struct app *app, int module);
void app_module(struct app *app, int module);

/* ---- screens that open others (each file of screens/ implements its own) ----------------- */

void login_open(struct app *app, const char *user, const char *password); /* login.c */
void home_open(struct app *app);                                          /* home.c */
/* A list of an entity, with a query in the search language ("" for all). */
void list_open(struct app *app, uint32_t entity, const char *query); /* list.c */
/*
 * The record beside this one in the list below the top screen: step 1 the next, -1 the one
 * before. false: there is none, or it is not here. *place counts from 1.
 */
bool list_neighbour(
    struct app *app, uint32_t entity, int64_t id, int step, int64_t *other, size_t *place);
/* F9: functions, views, recent records, customers by any search text. */
void palette_open(struct app *app); /* palette.c */

/* One record on one screen with its tabs: a customer's 360 degrees. */
void record_open(struct app *app, uint32_t entity, int64_t id); /* record.c */
/*
 * The form of a new record. preset: values already known (the customer of a new visit), may be
 * NULL; labels in Value.text of references are shown. saved: called with the new id; may be
 * NULL.
 */
struct form_preset {
	const Kehu__Value *const *values;
	size_t count;
	void (*saved)(void *context, uint32_t entity, int64_t id);
	void *context;
};
void form_open_new(
    struct app *app, uint32_t entity, const struct form_preset *preset); /* form.c */
void form_open_edit(struct app *app, uint32_t entity, int64_t id);
/* Continue a draft of the journal. */
void form_open_draft(struct app *app, const struct journal_entry *draft);

/* Pick a record of an entity (search while typing, last used first). chosen gets id and label.
 */
void pick_open(struct app *app, uint32_t entity, const char *title,
    void (*chosen)(void *context, int64_t id, const char *label), void *context); /* pick.c */

/* Named actions of a record: a menu, then the form of the action's arguments. done: after
 * success. */
void action_open(struct app *app, const Kehu__Record *record, void (*done)(void *context),
    void *context); /* action.c */

/* What the people one leads did today. */
void team_open(struct app *app); /* team.c */
/* The targets of people by months, for who sees targets. */
void targets_open(struct app *app); /* targets.c */
/* Whether a customer exists already. */
void check_open(struct app *app); /* check.c */
/* Opportunities by stage, moved by keys. */
void board_open(struct app *app, const char *query); /* board.c */
/* Technicians by time, jobs placed by keys. */
void dispatch_open(struct app *app, const char *query); /* dispatch.c */

/* One's activities, or a colleague's, by day, week and month. */
void calendar_open(struct app *app); /* calendar.c */

/* A report: its parameters if it has any open ones, then its pages as they will be printed. */
void report_open(struct app *app, const char *name, const Kehu__Value *const *values,
    size_t count); /* report.c */
/* The menu of reports. */
void reports_open(struct app *app);

#endif
