/*
 * Form: fields laid out from a description. Tab and Enter go on, F10 saves from anywhere,
 * each field is checked when it is left; marks: * required, ~ changed, ! error.
 */
#ifndef KEHU_UI_FORM_H
#define KEHU_UI_FORM_H

#include "client/ui/edit.h"

enum form_kind {
	FORM_TEXT,
	FORM_BLOCK, /* many lines, in a box */
	FORM_SECRET,
	FORM_CHOICE, /* one of choices: number, text, its beginning or pinyin initials */
	FORM_CHECK,  /* [x]; Space turns it */
	FORM_SHOW,   /* to be read only, never focused */
	FORM_PANEL,  /* something of the owner's over the whole width, with its own keys */
};

struct form_field {
	/* by the owner */
	int id;
	const char *section; /* heading above this field, or NULL */
	const char *label;
	enum form_kind kind;
	int cols;         /* of the box; 0: 26 */
	int rows;         /* FORM_BLOCK; 0: 4 */
	size_t max_chars; /* 0: 200 */
	bool required, readonly, lookup, digits;
	bool retype;      /* short: the first thing typed takes the place of what is there */
	bool beside;      /* in the row of the field before, when there is room */
	const char *help; /* for row 21 */
	const char *const *choices;
	size_t choice_count;
	int (*panel_rows)(void *panel); /* FORM_PANEL */
	void (*panel_draw)(void *panel, struct rect rect, bool focus);
	void *panel;

	/* by the form; read with form_value() and friends */
	struct edit edit;
	bool checked, was_checked;
	char *was;  /* the text it came with */
	char *echo; /* beside the box: the date meant, the number of a record */
	char *error;
	bool touched; /* changed since it was last checked */
};

struct form {
	/* by the owner */
	struct form_field *fields;
	size_t count;
	int label_cols; /* 0: as wide as the widest label */
	/*
	 * A field was left, or all are checked before saving: set echo, value or error of it.
	 * Required and choice are checked before. May be NULL.
	 */
	void (*check)(void *arg, struct form *form, size_t index);
	void *arg;
	bool no_button;     /* without "< F10 Save >" (the login form has its own line) */
	const char *button; /* its text where it does something else; NULL: "< F10 Save >" */

	/* by the form */
	size_t focus; /* count: the button */
	bool fresh;   /* no key was for that field since the cursor came */
	int top;      /* first row in sight */
};

/* Fields of the owner are kept; all values empty, focus on the first field. */
void form_init(struct form *form);
void form_fini(struct form *form);

/* The value as loaded: not a change. */
void form_load(struct form *form, size_t index, const char *text);
/* The value as if typed. */
void form_put(struct form *form, size_t index, const char *text);
/* The text; of FORM_CHECK "1" or "". Borrowed until the next change. */
const char *form_value(const struct form *form, size_t index);
/* Which of the choices the value is, -1: none. */
int form_choice(const struct form *form, size_t index);
/* The field of an id; form->count when there is none. */
size_t form_index(const struct form *form, int id);
bool form_changed(const struct form *form, size_t index);
bool form_dirty(const struct form *form);
/* All values count as loaded (after the server acknowledged). */
void form_clean(struct form *form);

/* Texts are copied; NULL takes them away. */
void form_set_echo(struct form *form, size_t index, const char *echo);
void form_set_error(struct form *form, size_t index, const char *error);
/* Put the cursor on the first field with an error and say it; false when there is none. */
bool form_show_errors(struct form *form);
void form_focus(struct form *form, size_t index);

/*
 * Check one field, or all: the number of errors.
 */
bool form_check(struct form *form, size_t index);
size_t form_check_all(struct form *form);

/*
 * One key. UI_ACT: F10 or Enter on the button and every check passed; the owner saves.
 * UI_LOOKUP: F4; open the list for fields[focus]. UI_ASK: see edit.h.
 */
unsigned form_key(struct form *form, enum act act, const struct event *event);
void form_draw(struct form *form, struct rect rect, bool focus);
/* "客户: …" for the hint row. In scratch memory. */
const char *form_hint(const struct form *form);
/* "必填 3 剩 1". In scratch memory. */
const char *form_progress(const struct form *form);

#endif
