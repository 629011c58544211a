/* Keeping the stack of screens and bringing it back. See resume.h. */
#include "client/screens/resume.h"

#include "client/screens/draft.h"
#include "client/screens/viewing.h"
#include "common/date.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/text.h"
#include <stdlib.h>
#include <string.h>

#define RESUME_KEY "session"

enum { RESUME_SAVE_MS = 3000, RESUME_SCREENS = 12 };

struct resume {
	char *kept; /* what the journal has; NULL: not known */
	unsigned timer;
	bool begun; /* before, there is nothing of this user's to keep */
};

void
resume_init(struct app *app)
{
	app->resume = mem_zalloc(1, sizeof(*app->resume));
}

/* ---- keeping ---- */

/* From the lowest screen up; popups and what cannot come back are left out. */
static char *
resume_text(struct app *app, struct arena *arena)
{
	char *text = arena_strdup(arena, "");
	size_t count = 0;

	for (struct screen *screen = ui_top(app->ui); screen != NULL && count < RESUME_SCREENS;
	     screen = screen->below) {
		const char *place = screen->ops->place != NULL ? screen->ops->place(screen) : NULL;

		if (place == NULL)
			continue;
		text = arena_printf(arena, "%s\n%s", place, text);
		count++;
	}
	return text;
}

void
resume_keep(struct app *app)
{
	struct journal *journal = link_journal(app->link);
	struct resume *resume = app->resume;
	struct arena *arena;
	const char *text;
	enum err err;

	if (!resume->begun || journal == NULL || viewing_is_on(app) || app->lock != NULL ||
	    app->login != NULL || app->user != link_user(app->link)->id)
		return;
	arena = arena_new(0);
	text = resume_text(app, arena);
	if (resume->kept == NULL || strcmp(resume->kept, text) != 0) {
		free(resume->kept);
		resume->kept = mem_strdup(text);
		if (text[0] == '\0')
			err = journal_drop(journal, JOURNAL_NOTE, RESUME_KEY);
		else
			err = journal_put(journal, &(struct journal_entry){ .kind = JOURNAL_NOTE,
							.key = RESUME_KEY,
							.title = "",
							.note = "",
							.at_us = date_now_us(),
							.data = (const uint8_t *)text,
							.bytes = strlen(text) });
		if (err != ERR_OK)
			log_warn("place not kept", "error=%s", err_name(err));
	}
	arena_free(arena);
}

static void
resume_on_time(void *arg)
{
	struct app *app = arg;

	resume_keep(app);
	app->resume->timer = loop_timer(app->loop, RESUME_SAVE_MS, resume_on_time, app);
}

void
resume_fini(struct app *app)
{
	resume_keep(app);
	loop_cancel(app->loop, app->resume->timer);
	free(app->resume->kept);
	free(app->resume);
	app->resume = NULL;
}

/* ---- coming back ---- */

static void
resume_draft(struct app *app, const char *key)
{
	struct journal *journal = link_journal(app->link);
	const struct journal_entry *draft =
	    journal == NULL ? NULL : journal_find(journal, JOURNAL_DRAFT, key);

	if (draft != NULL)
		form_open_draft(app, draft);
}

/* One line; unknown ones are of a later version. */
static void
resume_open(struct app *app, char *line)
{
	char *words[RESUME_WORDS + 1], none[] = "";

	for (size_t i = 0; i < RESUME_WORDS + 1; i++)
		words[i] = line != NULL ? strsep(&line, "\t") : none;
	if (strcmp(words[0], "list") == 0)
		list_resume(app, words + 1);
	else if (strcmp(words[0], "record") == 0)
		record_resume_at(app, words + 1);
	else if (strcmp(words[0], "draft") == 0)
		resume_draft(app, words[1]);
}

static bool
resume_kept(struct app *app)
{
	struct journal *journal = link_journal(app->link);
	const struct journal_entry *kept =
	    journal == NULL ? NULL : journal_find(journal, JOURNAL_NOTE, RESUME_KEY);
	struct arena *arena;
	char *text, *line;

	if (kept == NULL)
		return false;
	arena = arena_new(0);
	text = arena_strndup(arena, (const char *)kept->data, kept->bytes);
	while ((line = strsep(&text, "\n")) != NULL)
		if (line[0] != '\0')
			resume_open(app, line);
	arena_free(arena);
	return true;
}

/* "kehu open customer 1024", "kehu open customer 银行", "kehu open customer" */
static void
resume_target(struct app *app, const char *const *target)
{
	const Kehu__Entity *entity = app_entity(app, target[0]);
	char *end;
	long long id;

	for (size_t i = 0; entity == NULL && i < cat_count(app_cat(app)); i++)
		if (strcmp(cat_at(app_cat(app), i)->label, target[0]) == 0)
			entity = cat_at(app_cat(app), i);
	if (entity == NULL) {
		message_error(ERR_NO_SUCH_ENTITY, target[0], app->lang);
		return;
	}
	id = target[1] == NULL ? 0 : strtoll(target[1] + (target[1][0] == '#'), &end, 10);
	if (target[1] != NULL && id > 0 && *end == '\0')
		record_open(app, entity->number, id);
	else
		list_open(app, entity->number, target[1] != NULL ? target[1] : "");
}

void
resume_begin(struct app *app)
{
	struct resume *resume = app->resume;

	if (app->target != NULL && app->target[0] != NULL)
		resume_target(app, app->target);
	else if (resume_kept(app))
		message_say(SAY_NOTE, 0, tr(T_RESUMED));
	app->target = NULL;
	free(resume->kept);
	resume->kept = NULL;
	resume->begun = true;
	loop_cancel(app->loop, resume->timer);
	resume->timer = loop_timer(app->loop, RESUME_SAVE_MS, resume_on_time, app);
}
