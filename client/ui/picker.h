/*
 * Picker: a popup list that is searched by typing; also the palette (F9), whose input line
 * is row 1. Candidates come from the owner, at once or when the server answers.
 */
#ifndef KEHU_UI_PICKER_H
#define KEHU_UI_PICKER_H

#include "client/ui/ui.h"

struct picker;

struct picker_item {
	int64_t id;
	const char *label; /* "上海浦东发展银行" */
	const char *note;  /* "#100231 A", or NULL */
	bool exact;        /* what was typed, exactly: highlighted at once */
	bool muted;        /* there is little to find behind it */
};

struct picker_config {
	const char *title; /* copied */
	const char *text;  /* first text of the input line, or NULL */
	bool palette;
	int debounce_ms; /* ask after so long without a key; 0: at each */
	/*
	 * The text changed (also at the start, with the first text): answer with
	 * picker_clear() and picker_add(), now or later. Old candidates stay until then.
	 */
	void (*search)(void *arg, struct picker *picker, const char *text);
	/*
	 * Enter on a candidate; item is NULL when there is none (the text stands for itself).
	 * It may push screens. Answer UI_CLOSE to close the picker (with UI_RELOAD for the
	 * screen below), UI_HANDLED to keep it.
	 */
	unsigned (*take)(void *arg, const struct picker_item *item, const char *text);
	/* The picker is gone: answers that come later have nowhere to go. May be NULL. */
	void (*closed)(void *arg);
	void *arg;
};

/* Opens above the top screen and lives until it is closed. */
struct picker *picker_open(struct ui *ui, const struct picker_config *config);
void picker_clear(struct picker *picker);
/* Texts are copied. */
void picker_add(struct picker *picker, const struct picker_item *item);
/* Search again with the text there is (the dictionary arrived). */
void picker_refresh(struct picker *picker);
/* The same, and the cursor stays in its row: the candidates look different now. */
void picker_again(struct picker *picker);
const char *picker_text(const struct picker *picker);
/*
 * take() had no candidate because the search is still under way: Enter is owed, and the keys after it
 * wait (screen_ops.waits). picker_settle(), when the candidates are there or will not come, does what
 * was owed; it may free the picker.
 */
void picker_owe(struct picker *picker);
void picker_settle(struct picker *picker);

/*
 * Whether what was typed fits a candidate: 0 no, 1 somewhere in it, 2 beginning of the
 * label, its pinyin or initials, 3 exactly. typed "" fits all (1).
 */
int picker_match(const char *label, const char *typed);

#endif
