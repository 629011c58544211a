/*
 * The full-screen client: what its screens share, and how one opens another. Screens are data from
 * the catalogue (columns, fields, tabs, actions) over client/ui's widgets; they talk to the
 * server through client/link only, and never block.
 */
#ifndef KEHU_APP_H
#define KEHU_APP_H

#include "client/link/link.h"
#include "client/settings.h"
#include "client/ui/loop.h"
#include "client/ui/ui.h"

struct app {
	struct ui *ui;
	struct loop *loop;
	struct link *link;
	const struct client_settings *settings;
	struct arena *arena; /* as long as the program */
	enum lang lang;
	int offset_min;
};

/*
 * Run the full screen to its end; the exit status. link may be unconnected: the login screen
 * is first unless a session or password was given.
 */
int app_run(struct link *link, const struct client_settings *settings, enum lang lang,
    const char *user, const char *password);

/* The catalogue of the signed-in user; never NULL after login. */
const struct cat *app_cat(const struct app *app);

/* ---- screens that open others (each file of screens/ implements its own) ----------------- */

void login_open(struct app *app, const char *user, const char *password); /* login.c */
void home_open(struct app *app);                                          /* home.c */
/* A list of an entity, with a query in the search language ("" for all). */
void list_open(struct app *app, uint32_t entity, const char *query); /* list.c */
/* F9: functions, views, recent records, customers by any search text. */
void palette_open(struct app *app); /* palette.c */

/* One record on one screen with its tabs: a customer's 360 degrees. */
void record_open(struct app *app, uint32_t entity, int64_t id); /* record.c */
/*
 * The form of a new record. preset: values already known (the customer of a new visit), may be
 * NULL; labels in Value.text of references are shown. saved: called with the new id; may be NULL.
 */
struct form_preset {
	const Kehu__Value *const *values;
	size_t count;
	void (*saved)(void *context, uint32_t entity, int64_t id);
	void *context;
};
void form_open_new(struct app *app, uint32_t entity, const struct form_preset *preset); /* form.c */
void form_open_edit(struct app *app, uint32_t entity, int64_t id);
/* Continue a draft of the journal. */
void form_open_draft(struct app *app, const struct journal_entry *draft);

/* Pick a record of an entity (search while typing, last used first). chosen gets id and label. */
void pick_open(struct app *app, uint32_t entity, const char *title,
    void (*chosen)(void *context, int64_t id, const char *label), void *context); /* pick.c */

/* Named actions of a record: a menu, then the form of the action's arguments. done: after success. */
void action_open(struct app *app, const Kehu__Record *record, void (*done)(void *context),
    void *context); /* action.c */

/* A report: its parameters if it has any open ones, then its pages as they will be printed. */
void report_open(struct app *app, const char *name, const Kehu__Value *const *values,
    size_t count); /* report.c */
/* The menu of reports. */
void reports_open(struct app *app);

#endif
