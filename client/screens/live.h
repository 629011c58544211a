/*
 * Live: what is on screen follows changes of others. Each screen says what it shows; the sum is
 * the session's one subscription, sent when scrolling has come to rest.
 */
#ifndef KEHU_LIVE_H
#define KEHU_LIVE_H

#include "client/screens/app.h"

struct live_view;

struct live_config {
	/* A record shown (or, with all, any of the entity) was changed, made or deleted. */
	void (*changed)(void *context, uint32_t entity, int64_t id, uint32_t version);
	/* After each batch of changes; may be NULL. */
	void (*settled)(void *context);
	void *context;
};

void live_init(struct app *app);
void live_fini(struct app *app);

struct live_view *live_open(struct app *app, const struct live_config *config);
/* The rows in sight; all: new rows of the entity as well. Copied. */
void live_show(
    struct live_view *view, uint32_t entity, const int64_t *ids, size_t count, bool all);
void live_close(struct live_view *view);

/* The server said so. */
void live_pushed(struct app *app, const Kehu__Changed *changed);
/* The server told the user something: whoever shows all of the user's messages reads them again. */
void live_noticed(struct app *app);

#endif
