/* Requests of screens under way; see ask.h. */
#include "client/screens/ask.h"

#include "common/log.h"
#include "common/mem.h"
#include "common/text.h"
#include <stdlib.h>
#include <sys/queue.h>

struct ask {
	TAILQ_ENTRY(ask) entry;
	struct app *app;
	uint32_t number;
	bool waited; /* the spinner turns for it */
	void (*done)(void *context, const Kehu__ServerFrame *answer);
	void *context;
};

struct asks {
	TAILQ_HEAD(ask_head, ask) list;
};

void
ask_init(struct app *app)
{
	app->asks = mem_zalloc(1, sizeof(*app->asks));
	TAILQ_INIT(&app->asks->list);
}

/* The request is over: off the list before its callback, which may ask again. */
static void
ask_remove(struct ask *ask)
{
	TAILQ_REMOVE(&ask->app->asks->list, ask, entry);
	if (ask->waited)
		ui_busy_end(ask->app->ui);
}

void
ask_fini(struct app *app)
{
	struct ask *ask;

	while ((ask = TAILQ_FIRST(&app->asks->list)) != NULL) {
		ask_remove(ask);
		link_cancel(app->link, ask->number);
		free(ask);
	}
	free(app->asks);
	app->asks = NULL;
}

static void
ask_on_done(void *context, const Kehu__ServerFrame *answer)
{
	struct ask *ask = context;
	bool last = link_last(answer);

	if (last)
		ask_remove(ask);
	ask->done(ask->context, answer);
	if (last)
		free(ask);
}

uint32_t
ask_send(struct app *app, const Kehu__ClientFrame *frame, unsigned flags,
    void (*done)(void *context, const Kehu__ServerFrame *answer), void *context)
{
	struct ask *ask = mem_zalloc(1, sizeof(*ask));

	ask->app = app;
	ask->done = done;
	ask->context = context;
	ask->waited = (flags & (ASK_QUIET | LINK_LOW)) == 0;
	TAILQ_INSERT_TAIL(&app->asks->list, ask, entry);
	if (ask->waited)
		ui_busy_begin(app->ui);
	ask->number = link_send(app->link, &(struct link_request){ .frame = frame,
					       .done = ask_on_done,
					       .context = ask,
					       .flags = flags & ~(unsigned)ASK_QUIET });
	return ask->number;
}

void
ask_cancel(struct app *app, uint32_t *number)
{
	struct ask *ask;

	if (*number == 0 || app->asks == NULL)
		return;
	TAILQ_FOREACH(ask, &app->asks->list, entry)
	if (ask->number == *number)
		break;
	*number = 0;
	if (ask == NULL)
		return;
	link_cancel(app->link, ask->number);
	ask_remove(ask);
	free(ask);
}

void
ask_cancel_all(struct app *app)
{
	Kehu__ServerFrame frame = KEHU__SERVER_FRAME__INIT;
	Kehu__Error error = KEHU__ERROR__INIT;
	struct ask *ask, *next;

	error.has_code = true;
	error.code = ERR_CANCELLED;
	error.text = ask_text(err_text(ERR_CANCELLED, app->lang));
	frame.answer_case = KEHU__SERVER_FRAME__ANSWER_ERROR;
	frame.error = &error;
	for (ask = TAILQ_FIRST(&app->asks->list); ask != NULL; ask = next) {
		next = TAILQ_NEXT(ask, entry);
		if (!ask->waited)
			continue;
		link_cancel(app->link, ask->number);
		ask_remove(ask);
		ask->done(ask->context, &frame);
		free(ask);
		next =
		    TAILQ_FIRST(&app->asks->list); /* the callback may have changed anything */
	}
}

void
ask_say_error(struct app *app, const Kehu__ServerFrame *answer, uint32_t entity_number)
{
	enum err err = link_error(answer);
	const Kehu__Entity *entity =
	    app_cat(app) == NULL ? NULL : cat_entity(app_cat(app), entity_number);
	const Kehu__Field *field = NULL;
	const char *text;

	if (err == ERR_OK || err == ERR_CANCELLED)
		return;
	text = answer->error->text != NULL ? answer->error->text : err_text(err, app->lang);
	if (entity != NULL && answer->error->field != 0)
		field = cat_field(entity, answer->error->field);
	struct arena *arena = arena_new(0);
	text = text_print(arena, text, TEXT_LINE);
	message_say(SAY_ERROR, (int)err,
	    field == NULL ? text : arena_printf(arena, "%s: %s", field->label, text));
	arena_free(arena);
	ui_redraw(app->ui);
}

void
ask_say_search(const Kehu__SearchAnswer *answer)
{
	if (answer->typo && answer->n_hits > 0)
		message_say(SAY_NOTE, 0, tr(T_SEARCH_NEAR));
	else if (answer->narrow)
		message_say(SAY_NOTE, 0, tr(T_SEARCH_MANY));
}

void
ask_list_frame(Kehu__ClientFrame *frame, Kehu__List *list, const struct ask_list *ask)
{
	kehu__client_frame__init(frame);
	kehu__list__init(list);
	list->has_entity = list->has_limit = true;
	list->entity = ask->entity;
	list->limit = ask->limit;
	if (ask->query != NULL && ask->query[0] != '\0')
		list->query = ask_text(ask->query);
	list->has_sort = list->has_down = ask->sort != 0;
	list->sort = ask->sort;
	list->down = ask->down;
	list->has_total = list->total = ask->total;
	list->has_cursor = ask->cursor.len > 0;
	list->cursor = ask->cursor;
	list->n_columns = ask->column_count;
	list->columns = (uint32_t *)(uintptr_t)ask->columns;
	frame->request_case = KEHU__CLIENT_FRAME__REQUEST_LIST;
	frame->list = list;
}

void
ask_get_frame(Kehu__ClientFrame *frame, Kehu__Get *get, uint32_t entity, int64_t id)
{
	kehu__client_frame__init(frame);
	kehu__get__init(get);
	get->has_entity = get->has_id = true;
	get->entity = entity;
	get->id = id;
	frame->request_case = KEHU__CLIENT_FRAME__REQUEST_GET;
	frame->get = get;
}
