/*
 * The form of any record, made from the catalogue. Opened with form_open_new(),
 * form_open_edit() and form_open_draft() of app.h; what the files of the form share is here.
 */
#ifndef KEHU_SCREEN_FORM_H
#define KEHU_SCREEN_FORM_H

#include "client/screens/consent.h"
#include "client/screens/form_grid.h"
#include "client/screens/form_lines.h"
#include "client/screens/form_values.h"

enum { FORM_LINES_MAX = 8, FORM_UNDO_MAX = 60 };

struct form_undo {
	size_t index;
	char *text;
	int64_t at_ms;
};

struct form_saving;

struct form_screen {
	struct screen screen;
	struct app *app;
	struct arena *arena;
	const Kehu__Entity *entity;
	int64_t id;       /* 0: new */
	uint32_t version; /* the one read */
	const char *key;  /* of its draft */
	struct values values;
	struct lines *lines[FORM_LINES_MAX];
	size_t line_count;
	bool recheck;           /* the box at the cursor was changed */
	bool reprice;           /* something prices may depend on was typed */
	bool ready;             /* boxes are filled in */
	uint32_t asking;        /* request for the record */
	uint32_t checking;      /* request whether such a one exists; 0: none */
	uint32_t pricing;       /* request for what the server works out; 0: none */
	Kehu__Record *restored; /* a draft laid over what was read */

	struct form_undo undo[FORM_UNDO_MAX];
	size_t undo_count;

	unsigned timer;  /* the next keeping of the draft */
	bool unkept;     /* something changed since the draft was kept */
	int64_t kept_us; /* when it was; 0: there is none */
	bool kept_on_disk;

	struct form_saving *saving;
	struct consent consent; /* whom to ask, where a save needs it */
	bool save_wanted;       /* as soon as references are looked up */
	bool finished;          /* saved or given up: nothing to keep */

	void (*saved)(void *context, uint32_t entity, int64_t id);
	void *context;
};

/* Edit a record that is on screen: no round trip. */
void form_edit_record(struct app *app, const Kehu__Record *record);
/* The same with the cursor on one field; on the first where the form does not show that one. */
void form_edit_field(struct app *app, const Kehu__Record *record, uint32_t field);

/* ---- form_boxes.c ---- */

void form_make_boxes(struct form_screen *form);
/* A grid's wishes; the context is the form. form.c has them. */
extern const struct grid_owner form_grid_owner;
/* A record as read, with its lines. */
void form_load_record(struct form_screen *form, const Kehu__Record *record);
/* The cursor on the first box that waits for a person. */
void form_focus_first(struct form_screen *form);

/* ---- form_draft.c ---- */

bool form_is_dirty(const struct form_screen *form);
/* Write the draft now, if anything changed. */
void form_keep(struct form_screen *form);
/* Something changed: it is on disk within two seconds. */
void form_touch(struct form_screen *form);
/* A draft laid over what was loaded. */
void form_from_draft(struct form_screen *form, const Kehu__Record *draft);
/* "新建拜访 华信科技". In arena. */
const char *form_title_text(const struct form_screen *form, struct arena *arena);
/* What the record is about: its own name, else the record it refers to. Borrowed. */
const char *form_subject(const struct form_screen *form);

/* ---- form.c for form_save.c and conflict.c ---- */

/* Take the screen away, with what lies above it. */
void form_close(struct form_screen *form);
/* The version and values of somebody else's save come under what was typed here. */
void form_rebase(struct form_screen *form, uint32_t version);

/* ---- form_save.c ---- */

/* What changed of the record itself, without its lines; in arena. */
void form_fill_head(const struct form_screen *form, struct arena *arena, Kehu__Record *record);
/* F10 with all boxes in order: send it. */
void form_send(struct form_screen *form);
/* The screen goes while the answer is awaited: the save goes on by itself. */
void form_saving_leave(struct form_screen *form);

/* ---- form_alike.c ---- */

/* The cursor has left this box, which was changed: ask whether such a customer exists. */
void form_check_alike(struct form_screen *form, size_t left);

/* ---- form_price.c ---- */

/* Ask the server for what it works out for the lines; the answer fills their cells. */
void form_price(struct form_screen *form);

#endif
