/*
 * Values: fields of the catalogue as boxes of a form (client/ui/form.h), and back. The forms of
 * records, of actions and of reports are made from it. A box holds text; what the text means is
 * decided when it is left (dates, money, choices here, references by the server).
 */
#ifndef KEHU_FORM_VALUES_H
#define KEHU_FORM_VALUES_H

#include "client/screens/app.h"
#include "client/ui/form.h"

struct lines;

/* One box: a field, or all lines of a kind (a customer's phones). */
struct values_spec {
	const Kehu__Field *field;
	struct lines *lines; /* else this; it belongs to the caller */
};

struct values_box {
	const Kehu__Field *field; /* NULL: lines */
	struct lines *lines;
	int64_t ref_id;   /* of a reference: the id its text names */
	char *ref_label;  /* that text */
	char *ref_failed; /* a text the server found nothing for */
	const char *ref_why;
	char *ref_asked; /* the text being looked up */
	uint32_t asking; /* that request, 0: none */
};

struct values {
	/* by the owner */
	struct app *app;
	/* No reference is being looked up any more; may be NULL. */
	void (*settled)(void *context);
	/* A value was put by a picker; may be NULL. */
	void (*changed)(void *context, size_t index);
	void *context;

	/* by values */
	const struct cat
	    *cat; /* the one its labels are of: the language may be switched meanwhile */
	struct arena *arena;
	struct form form;
	struct form_field *fields;
	struct values_box *boxes;
	size_t count;
	size_t asking; /* references being looked up */
};

/* Specs are copied; fields live in the catalogue. The owner's members are kept. */
void values_init(struct values *values, const struct values_spec *specs, size_t count);
/* The boxes of arguments, parameters or of a line: every field of a list. */
void values_init_fields(struct values *values, Kehu__Field *const *fields, size_t count);
void values_fini(struct values *values);

/* The box of a field; values->count when there is none. */
size_t values_index(const struct values *values, uint32_t field);
/* A value as read: not a change. NULL: empty. */
void values_load(struct values *values, size_t index, const Kehu__Value *value);
/* A value as if typed. */
void values_put(struct values *values, size_t index, const Kehu__Value *value);
/* Default values of a new record ("me", "now", "today", codes, numbers) into empty boxes. */
void values_load_defaults(struct values *values);
/* The summaries of lines boxes follow their lines. */
void values_show_lines(struct values *values);

/*
 * What a box means: initialised here, with its field, texts in arena. ERR_OK also for an empty
 * one. A reference not looked up yet is ERR_NOT_IN_LIST.
 */
MUST_CHECK enum err values_get(
    const struct values *values, struct arena *arena, size_t index, Kehu__Value *value);
/* The values of all boxes that changed (or, with all, that are not empty), in arena. */
size_t values_collect(
    const struct values *values, struct arena *arena, bool all, Kehu__Value ***result);

/* Put the server's words at a field; false: there is no such box. */
bool values_blame(struct values *values, uint32_t field, const char *text);

/* Several yes and no in one number, and the list to tick them. */
bool values_is_bits(const Kehu__Field *field);
void values_pick_bits(struct values *values, size_t index);
/* F4: open the list of values of the box with the focus. */
unsigned values_pick(struct values *values);
/* An @ was typed into the box with the focus: in a comment it names a user, so pick one. */
void values_mention(struct values *values);
/* One key of the form; UI_LOOKUP and UI_ASK are served here. Flags as form_key(). */
unsigned values_key(struct values *values, enum act act, const struct event *event);
/*
 * The box with the focus is left: a code ("visit") becomes its label; numbers, labels and initials
 * are the form's own. values_key() does it.
 */
void values_take_code(struct values *values);
/* "目的: …" with the choices there are. In scratch memory. */
const char *values_hint(const struct values *values);

/* ---- between form_values.c and form_refs.c ---- */

/* The text of a reference box means a record: known, or the server is asked. */
void values_resolve(struct values *values, size_t index);
void values_forget(struct values *values, size_t index);
void values_set_ref(struct values *values, size_t index, int64_t id, const char *label);

#endif
