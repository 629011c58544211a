/* The views of screens and the subscription they make together. */
#include "client/screens/live.h"

#include "common/log.h"
#include "common/mem.h"
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

enum {
	LIVE_REST_MS = 400, /* scrolling rests: only then the server hears what is in sight */
	LIVE_VIEWS = 32,
};

struct live_view {
	TAILQ_ENTRY(live_view) entry;
	struct app *app;
	struct live_config config;
	uint32_t entity;
	int64_t *ids;
	size_t count;
	bool all;
};

struct live {
	TAILQ_HEAD(live_head, live_view) views;
	unsigned timer;
	bool subscribed; /* the server has one that is not empty */
};

void
live_init(struct app *app)
{
	app->live = mem_zalloc(1, sizeof(*app->live));
	TAILQ_INIT(&app->live->views);
}

void
live_fini(struct app *app)
{
	loop_cancel(app->loop, app->live->timer);
	while (!TAILQ_EMPTY(&app->live->views))
		live_close(TAILQ_FIRST(&app->live->views));
	loop_cancel(app->loop, app->live->timer);
	free(app->live);
	app->live = NULL;
}

static void
live_subscribe(void *arg)
{
	struct app *app = arg;
	struct live *live = app->live;
	Kehu__Subscribe subscribe = KEHU__SUBSCRIBE__INIT;
	Kehu__Watch watches[LIVE_VIEWS], *list[LIVE_VIEWS];
	struct live_view *view;

	live->timer = 0;
	TAILQ_FOREACH(view, &live->views, entry)
	{
		Kehu__Watch *watch = &watches[subscribe.n_watch];

		if ((view->count == 0 && !view->all) || subscribe.n_watch == LIVE_VIEWS)
			continue;
		kehu__watch__init(watch);
		watch->has_entity = true;
		watch->entity = view->entity;
		watch->ids = view->ids;
		watch->n_ids = view->count;
		watch->has_all = watch->all = view->all;
		list[subscribe.n_watch++] = watch;
	}
	subscribe.watch = list;
	if (subscribe.n_watch == 0 && !live->subscribed)
		return;
	live->subscribed = subscribe.n_watch > 0;
	link_subscribe(app->link, &subscribe);
}

static void
live_later(struct app *app)
{
	loop_cancel(app->loop, app->live->timer);
	app->live->timer = loop_timer(app->loop, LIVE_REST_MS, live_subscribe, app);
}

struct live_view *
live_open(struct app *app, const struct live_config *config)
{
	struct live_view *view = mem_zalloc(1, sizeof(*view));

	view->app = app;
	view->config = *config;
	/* Screens on top come first, should there be more than fit. */
	TAILQ_INSERT_HEAD(&app->live->views, view, entry);
	return view;
}

void
live_show(struct live_view *view, uint32_t entity, const int64_t *ids, size_t count, bool all)
{
	if (view->entity == entity && view->count == count && view->all == all &&
	    (count == 0 || memcmp(view->ids, ids, count * sizeof(*ids)) == 0))
		return;
	view->entity = entity;
	view->all = all;
	view->count = count;
	view->ids = mem_resize(view->ids, (count + 1) * sizeof(*ids));
	if (count > 0)
		memcpy(view->ids, ids, count * sizeof(*ids));
	live_later(view->app);
}

void
live_close(struct live_view *view)
{
	struct app *app = view->app;

	TAILQ_REMOVE(&app->live->views, view, entry);
	if (view->count > 0 || view->all)
		live_later(app);
	free(view->ids);
	free(view);
}

static bool
live_wants(const struct live_view *view, const Kehu__ChangedRecord *record)
{
	if (record->entity != view->entity)
		return false;
	for (size_t i = 0; i < view->count; i++)
		if (view->ids[i] == record->id)
			return true;
	return view->all;
}

void
live_pushed(struct app *app, const Kehu__Changed *changed)
{
	struct live_view *view;

	TAILQ_FOREACH(view, &app->live->views, entry)
	{
		bool any = false;

		for (size_t i = 0; i < changed->n_records; i++) {
			const Kehu__ChangedRecord *record = changed->records[i];

			if (!live_wants(view, record))
				continue;
			any = true;
			view->config.changed(
			    view->config.context, record->entity, record->id, record->version);
		}
		if (any && view->config.settled != NULL)
			view->config.settled(view->config.context);
	}
}

void
live_noticed(struct app *app)
{
	const Kehu__Entity *message = app_entity(app, "message");
	Kehu__Changed changed = KEHU__CHANGED__INIT;
	Kehu__ChangedRecord record = KEHU__CHANGED_RECORD__INIT, *records[] = { &record };

	if (message == NULL)
		return;
	record.entity = message->number;
	changed.records = records;
	changed.n_records = 1;
	live_pushed(app, &changed);
}
