/*
 * Deleting a record and taking it back. It runs at once and offers to be undone; when other
 * records go along they are counted first, and their number is asked for.
 */
#include "client/screens/action_private.h"
#include "client/screens/ask.h"
#include "client/ui/confirm.h"

enum { REMOVE_TABS = 12, REMOVE_COUNT_ROWS = 200 };

static void action_delete_now(struct action *action);

/* The hold of the first try goes on to the second. */
static void
action_delete_again(void *context)
{
	struct action *action = context;

	action_delete_now(action);
	action_release(action);
}

static void
action_on_deleted(void *context, const Kehu__ServerFrame *answer)
{
	struct action *action = context;

	if (consent_is_wanted(answer)) {
		consent_open(
		    action->app, answer, &action->consent, action_delete_again, action);
		return;
	}
	if (answer->answer_case == KEHU__SERVER_FRAME__ANSWER_WRITTEN &&
	    !consent_said(answer->written)) {
		action->app->deleted_entity = action->entity->number;
		action->app->deleted_id = action->record->id;
		message_sayf(SAY_OK, tr(T_DELETED), action_name(action, action->arena));
	} else if (answer->answer_case != KEHU__SERVER_FRAME__ANSWER_WRITTEN) {
		ask_say_error(action->app, answer, action->entity->number);
	}
	action_tell(action);
	ui_redraw(action->app->ui);
	action_release(action);
}

static void
action_delete_now(struct action *action)
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__Delete request = KEHU__DELETE__INIT;

	request.has_entity = request.has_id = request.has_version = true;
	request.entity = action->entity->number;
	request.id = action->record->id;
	request.version = action->record->version;
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_DELETE;
	frame.delete_ = &request;
	consent_fill(&action->consent, &frame);
	ask_send(action->app, &frame, 0, action_on_deleted, action_hold(action));
}

static void
action_on_delete_confirmed(void *context, int choice)
{
	struct action *action = context;

	if (choice == 0)
		action_delete_now(action);
	action_release(action);
}

/* What hangs on it is known: ask for the number, or go on when there is nothing. */
static void
action_on_counted(void *context, const Kehu__ServerFrame *answer)
{
	struct action *action = context;
	struct buf text = BUF_INIT;
	size_t total = 1;

	if (answer->answer_case != KEHU__SERVER_FRAME__ANSWER_GET) {
		ask_say_error(action->app, answer, action->entity->number);
		action_release(action);
		return;
	}
	for (size_t i = 0; i < answer->get->n_related; i++) {
		const Kehu__RelatedPage *page = answer->get->related[i];
		const Kehu__Entity *entity = cat_entity(app_cat(action->app), page->entity);

		if (page->page->n_rows == 0 || entity == NULL)
			continue;
		buf_printf(&text, "%s%s %zu%s", text.bytes > 0 ? ", " : "", entity->label,
		    page->page->n_rows, page->page->has_next ? "+" : "");
		total += page->page->n_rows;
	}
	if (total == 1)
		action_delete_now(action);
	else
		confirm_open(action->app->ui,
		    &(struct confirm_config){ .title = tr(T_DELETE),
			.text = arena_printf(action->arena, tr(T_DELETE_ALONG),
			    action_name(action, action->arena), buf_text(&text)),
			.number = total,
			.answer = action_on_delete_confirmed,
			.arg = action_hold(action) });
	buf_fini(&text);
	action_release(action);
}

void
action_delete(struct action *action)
{
	Kehu__ClientFrame frame;
	Kehu__Get get;
	Kehu__Related related[REMOVE_TABS], *list[REMOVE_TABS];
	size_t count = 0;

	for (size_t i = 0; i < action->entity->n_tabs && count < REMOVE_TABS; i++) {
		const Kehu__Tab *tab = action->entity->tabs[i];
		const Kehu__Entity *entity = cat_entity(app_cat(action->app), tab->entity);

		if (entity == NULL || entity->kind != CAT_ACTIVITY || tab->n_columns == 0)
			continue;
		kehu__related__init(&related[count]);
		related[count].has_related = related[count].has_field = true;
		related[count].has_limit = true;
		related[count].related = tab->entity;
		related[count].field = tab->field;
		related[count].limit = REMOVE_COUNT_ROWS;
		related[count].n_columns = 1;
		related[count].columns = tab->columns;
		list[count] = &related[count];
		count++;
	}
	if (count == 0) {
		action_delete_now(action);
		return;
	}
	ask_get_frame(&frame, &get, action->entity->number, action->record->id);
	get.n_related = count;
	get.related = list;
	ask_send(action->app, &frame, 0, action_on_counted, action_hold(action));
}

static void
action_on_restored(void *context, const Kehu__ServerFrame *answer)
{
	struct app *app = context;
	struct screen *top = ui_top(app->ui);

	if (answer->answer_case == KEHU__SERVER_FRAME__ANSWER_WRITTEN) {
		message_say(SAY_OK, 0, tr(T_RESTORED));
		app->deleted_id = 0;
	} else {
		ask_say_error(app, answer, app->deleted_entity);
	}
	if (top != NULL && top->ops->reload != NULL)
		top->ops->reload(top);
	ui_redraw(app->ui);
}

void
action_restore(struct app *app, uint32_t entity, int64_t id)
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__Restore request = KEHU__RESTORE__INIT;

	request.has_entity = request.has_id = true;
	request.entity = entity;
	request.id = id;
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_RESTORE;
	frame.restore = &request;
	ask_send(app, &frame, 0, action_on_restored, app);
}

bool
action_can_undo(const struct app *app)
{
	return app->deleted_id != 0;
}

unsigned
action_undo(struct app *app)
{
	if (app->deleted_id == 0)
		return UI_NONE;
	action_restore(app, app->deleted_entity, app->deleted_id);
	return UI_DONE;
}
