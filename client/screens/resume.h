/*
 * Where the user was: the stack of screens as lines of text, kept every few seconds with the
 * drafts (encrypted as they are), so that a program that ended without being left - the terminal
 * closed, the machine restarted - goes on there. Screens say their place themselves
 * (screen_ops.place).
 *
 *   list    ENTITY  PLACE  RECORD  COLUMNS  SORT  NAME  QUERY     separated by tabs
 *   record  ENTITY  RECORD TAB
 *   draft   KEY
 */
#ifndef KEHU_RESUME_H
#define KEHU_RESUME_H

#include "client/screens/app.h"

void resume_init(struct app *app);
/* While the screens are still there. */
void resume_fini(struct app *app);
/* Now and not seconds later: a draft was kept, or what stood in a form is on its way. */
void resume_keep(struct app *app);
/* Somebody has signed in and home is open: go where kehu was told to, else where they were. */
void resume_begin(struct app *app);

/* ---- each screen's own: open what its line says (without its first word) ---- */

enum { RESUME_WORDS = 7 };

void list_resume(struct app *app, char *const words[RESUME_WORDS]);   /* list.c */
void record_resume_at(struct app *app, char *const words[RESUME_WORDS]); /* record.c */

#endif
