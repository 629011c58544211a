/* Who is signed in: one's own sessions, or everybody's for those who may. F8 ends one. */
#include "client/screens/sign.h"

#include "client/screens/ask.h"
#include "client/ui/confirm.h"
#include "client/ui/list.h"
#include "common/date.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/text.h"
#include <stdlib.h>
#include <string.h>

enum { SESSIONS_COLUMNS = 6 };

struct sessions {
	struct screen screen;
	struct app *app;
	struct list list;
	struct list_column columns[SESSIONS_COLUMNS];
	struct list_row row;
	const char *cells[SESSIONS_COLUMNS];
	struct arena *arena; /* of the answer */
	const Kehu__SessionsAnswer *answer;
	bool all; /* everybody's */
	int64_t ending;
	uint32_t number;
};

static void sessions_fetch(struct sessions *sessions, int64_t end);

static const Kehu__SessionInfo *
sessions_current(const struct sessions *sessions)
{
	size_t at = sessions->list.cursor;

	return sessions->answer != NULL && at < sessions->answer->n_sessions ?
	    sessions->answer->sessions[at] : NULL;
}

static const struct list_row *
sessions_row(void *arg, size_t index)
{
	struct sessions *sessions = arg;
	const Kehu__SessionInfo *info;
	struct arena *scratch = cells_scratch();

	if (sessions->answer == NULL || index >= sessions->answer->n_sessions)
		return NULL;
	info = sessions->answer->sessions[index];
	sessions->cells[0] = arena_printf(scratch, "%s %s", info->name, info->label);
	sessions->cells[1] = info->address;
	sessions->cells[2] = info->client;
	sessions->cells[3] = date_format_us(scratch, info->began_us, sessions->app->offset_min);
	sessions->cells[4] = date_format_us(scratch, info->seen_us, sessions->app->offset_min);
	sessions->cells[5] = info->viewer != NULL && info->viewer[0] != '\0' ? tr(T_SESSIONS_VIEWED) :
	    info->own ? tr(T_SESSIONS_OWN) : info->locked ? tr(T_SESSIONS_LOCKED) : "";
	sessions->row = (struct list_row){ .id = info->id, .cells = sessions->cells };
	return &sessions->row;
}

static void
sessions_on_answer(void *context, const Kehu__ServerFrame *frame)
{
	struct sessions *sessions = context;

	sessions->number = 0;
	/* Who may not see all sees the own ones. */
	if (link_error(frame) == ERR_FORBIDDEN && sessions->all) {
		sessions->all = false;
		sessions_fetch(sessions, 0);
		return;
	}
	if (link_error(frame) != ERR_OK) {
		ask_say_error(sessions->app, frame, 0);
		return;
	}
	if (frame->answer_case != KEHU__SERVER_FRAME__ANSWER_SESSIONS)
		return;
	if (sessions->ending != 0)
		message_say(SAY_OK, 0, tr(T_SESSIONS_ENDED));
	sessions->ending = 0;
	arena_reset(sessions->arena);
	sessions->answer = link_keep(sessions->arena, frame)->sessions;
	list_set_total(&sessions->list, sessions->answer->n_sessions, false);
	ui_redraw(sessions->app->ui);
}

static void
sessions_fetch(struct sessions *sessions, int64_t end)
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__Sessions request = KEHU__SESSIONS__INIT;

	if (sessions->number != 0)
		return;
	sessions->ending = end;
	request.has_all = request.all = sessions->all;
	request.has_end = end != 0;
	request.end = end;
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_SESSIONS;
	frame.sessions = &request;
	sessions->number =
	    ask_send(sessions->app, &frame, LINK_ONCE, sessions_on_answer, sessions);
}

static void
sessions_on_sure(void *arg, int choice)
{
	struct sessions *sessions = arg;
	const Kehu__SessionInfo *info = sessions_current(sessions);

	if (choice == 1 && info != NULL)
		sessions_fetch(sessions, info->id);
}

static void
sessions_end(struct sessions *sessions)
{
	const Kehu__SessionInfo *info = sessions_current(sessions);
	struct arena *arena;

	if (info == NULL)
		return;
	if (info->own) {
		message_say(SAY_WARNING, 0, tr(T_SESSIONS_NOT_OWN));
		return;
	}
	arena = arena_new(0);
	confirm_open(sessions->app->ui,
	    &(struct confirm_config){ .title = tr(T_SESSIONS_END),
		.text = text_print(arena,
		    arena_printf(arena, tr(T_SESSIONS_SURE), info->name, info->address), TEXT_LINE),
		.choices = { tr(T_NO), tr(T_YES) },
		.letters = { 'n', 'y' },
		.answer = sessions_on_sure,
		.arg = sessions });
	arena_free(arena);
}

/* ---- the screen ---- */

static const char *
sessions_title(struct screen *screen)
{
	return tr(((struct sessions *)screen)->all ? T_SESSIONS_ALL : T_SESSIONS);
}

static void
sessions_draw(struct screen *screen, struct rect rect)
{
	list_draw(&((struct sessions *)screen)->list, rect, true);
}

static const char *
sessions_hint(struct screen *screen)
{
	const Kehu__SessionInfo *info = sessions_current((struct sessions *)screen);

	if (info == NULL)
		return NULL;
	if (info->viewer != NULL && info->viewer[0] != '\0')
		return arena_printf(cells_scratch(), tr(T_SESSIONS_VIEWER),
		    text_print(cells_scratch(), info->viewer, TEXT_LINE),
		    date_format_us(cells_scratch(), info->ends_us, ((struct sessions *)screen)->app->offset_min));
	return arena_printf(cells_scratch(), tr(T_SESSIONS_HINT),
	    date_format_us(cells_scratch(), info->ends_us, ((struct sessions *)screen)->app->offset_min),
	    info->certificate != NULL && info->certificate[0] != '\0' ? info->certificate : "-");
}

static bool
sessions_can(struct screen *screen, enum act act)
{
	(void)screen;
	return act != ACT_edit && act != ACT_new && act != ACT_find && act != ACT_print &&
	    act != ACT_open && act != ACT_preview;
}

static const char *
sessions_label(struct screen *screen, enum act act)
{
	(void)screen;
	return act == ACT_actions ? tr(T_SESSIONS_END) : NULL;
}

static unsigned
sessions_key(struct screen *screen, enum act act, const struct event *event)
{
	struct sessions *sessions = (struct sessions *)screen;

	if (act == ACT_actions) {
		sessions_end(sessions);
		return UI_DONE;
	}
	if (act == ACT_refresh)
		return UI_DONE | UI_RELOAD;
	return list_key(&sessions->list, act, event) & ~(unsigned)UI_ACT;
}

static void
sessions_reload(struct screen *screen)
{
	sessions_fetch((struct sessions *)screen, 0);
}

static void
sessions_leave(struct screen *screen)
{
	struct sessions *sessions = (struct sessions *)screen;

	ask_cancel(sessions->app, &sessions->number);
	list_fini(&sessions->list);
	arena_free(sessions->arena);
	free(sessions);
}

static const struct screen_ops sessions_ops = {
	.name = "sessions",
	.context = CTX_LIST,
	.module = 6,
	.title = sessions_title,
	.draw = sessions_draw,
	.hint = sessions_hint,
	.can = sessions_can,
	.label = sessions_label,
	.key = sessions_key,
	.reload = sessions_reload,
	.leave = sessions_leave,
};

void
sessions_open(struct app *app)
{
	static const struct {
		enum text_id title;
		int min, want, priority;
	} columns[SESSIONS_COLUMNS] = { { T_SESSIONS_USER, 12, 20, 0 }, { T_SESSIONS_ADDRESS, 9, 15, 1 },
		{ T_SESSIONS_PROGRAM, 6, 12, 4 }, { T_SESSIONS_BEGAN, 16, 16, 3 },
		{ T_SESSIONS_SEEN, 16, 16, 2 }, { T_SESSIONS_STATE, 6, 8, 0 } };
	struct sessions *sessions = mem_zalloc(1, sizeof(*sessions));

	sessions->screen.ops = &sessions_ops;
	sessions->app = app;
	sessions->arena = arena_new(0);
	sessions->all = true;
	for (size_t i = 0; i < SESSIONS_COLUMNS; i++)
		sessions->columns[i] = (struct list_column){ .title = tr(columns[i].title),
			.min_cols = columns[i].min, .want_cols = columns[i].want,
			.priority = columns[i].priority, .stretch = i == 0 };
	sessions->list = (struct list){ .columns = sessions->columns,
		.column_count = SESSIONS_COLUMNS,
		.row = sessions_row,
		.arg = sessions };
	list_init(&sessions->list);
	ui_push(app->ui, &sessions->screen);
	sessions_fetch(sessions, 0);
}
