/* Records opened last, newest first, in memory and as one note in the journal. */
#include "client/screens/recent.h"

#include "common/date.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/text.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { RECENT_SAVE_MS = 3000 };

#define RECENT_KEY "recent"

struct recent {
	struct recent_item items[RECENT_MAX]; /* labels on the heap */
	size_t count;
	int64_t user; /* whose they are */
	unsigned timer;
	bool dirty;
};

void
recent_init(struct app *app)
{
	app->recent = mem_zalloc(1, sizeof(*app->recent));
}

static void
recent_forget(struct recent *recent)
{
	for (size_t i = 0; i < recent->count; i++)
		free((char *)(uintptr_t)recent->items[i].label);
	recent->count = 0;
	recent->dirty = false;
}

/* One line each: entity, id, label. */
static void
recent_save(void *arg)
{
	struct app *app = arg;
	struct recent *recent = app->recent;
	struct journal *journal = link_journal(app->link);
	struct buf text = BUF_INIT;

	recent->timer = 0;
	if (!recent->dirty || journal == NULL || recent->user != link_user(app->link)->id)
		return;
	for (size_t i = 0; i < recent->count; i++)
		buf_printf(&text, "%" PRIu32 "\t%" PRId64 "\t%s\n", recent->items[i].entity,
		    recent->items[i].id, recent->items[i].label);
	enum err err = journal_put(journal, &(struct journal_entry){ .kind = JOURNAL_NOTE,
						.key = RECENT_KEY,
						.title = "",
						.note = "",
						.at_us = date_now_us(),
						.data = (const uint8_t *)buf_text(&text),
						.bytes = text.bytes });
	if (err != ERR_OK)
		log_warn("recent records not kept", "error=%s", err_name(err));
	recent->dirty = false;
	buf_fini(&text);
}

void
recent_fini(struct app *app)
{
	loop_cancel(app->loop, app->recent->timer);
	recent_save(app);
	recent_forget(app->recent);
	free(app->recent);
	app->recent = NULL;
}

static void
recent_insert(struct recent *recent, size_t at, uint32_t entity, int64_t id, const char *label)
{
	if (recent->count == RECENT_MAX)
		free((char *)(uintptr_t)recent->items[--recent->count].label);
	memmove(&recent->items[at + 1], &recent->items[at],
	    (recent->count - at) * sizeof(recent->items[0]));
	recent->items[at] =
	    (struct recent_item){ .entity = entity, .id = id, .label = mem_strdup(label) };
	recent->count++;
}

void
recent_add(struct app *app, uint32_t entity, int64_t id, const char *label)
{
	struct recent *recent = app->recent;
	struct arena *arena = arena_new(0);
	size_t at = 0;

	while (at < recent->count &&
	       (recent->items[at].entity != entity || recent->items[at].id != id))
		at++;
	if (at < recent->count && (label == NULL || label[0] == '\0'))
		label = arena_strdup(arena, recent->items[at].label);
	if (at < recent->count) {
		free((char *)(uintptr_t)recent->items[at].label);
		recent->count--;
		memmove(&recent->items[at], &recent->items[at + 1],
		    (recent->count - at) * sizeof(recent->items[0]));
	}
	if (label != NULL && label[0] != '\0')
		recent_insert(recent, 0, entity, id, text_print(arena, label, TEXT_LINE));
	arena_free(arena);
	recent->dirty = true;
	if (recent->timer == 0)
		recent->timer = loop_timer(app->loop, RECENT_SAVE_MS, recent_save, app);
}

size_t
recent_list(const struct app *app, uint32_t entity, struct recent_item *items, size_t max)
{
	const struct recent *recent = app->recent;
	size_t count = 0;

	for (size_t i = 0; i < recent->count && count < max; i++)
		if (entity == 0 || recent->items[i].entity == entity)
			items[count++] = recent->items[i];
	return count;
}

static void
recent_read_line(struct recent *recent, const char *line)
{
	char *end;
	unsigned long entity = strtoul(line, &end, 10);
	long long id = *end == '\t' ? strtoll(end + 1, &end, 10) : 0;

	if (*end == '\t' && entity != 0 && id != 0 && recent->count < RECENT_MAX)
		recent_insert(recent, recent->count, (uint32_t)entity, id, end + 1);
}

void
recent_load(struct app *app)
{
	struct recent *recent = app->recent;
	struct journal *journal = link_journal(app->link);
	const struct journal_entry *kept;

	if (recent->user == link_user(app->link)->id)
		return;
	recent_forget(recent);
	recent->user = link_user(app->link)->id;
	kept = journal == NULL ? NULL : journal_find(journal, JOURNAL_NOTE, RECENT_KEY);
	if (kept == NULL)
		return;
	struct arena *arena = arena_new(0);
	char *text = arena_strndup(arena, (const char *)kept->data, kept->bytes), *save = NULL;
	for (char *line = strtok_r(text, "\n", &save); line != NULL;
	     line = strtok_r(NULL, "\n", &save))
		recent_read_line(recent, line);
	arena_free(arena);
}
