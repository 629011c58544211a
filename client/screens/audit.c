/*
 * The audit: its rows, the newest first, narrowed by words such as "user=li entity=customer
 * since=-7d" (F7); Enter shows one row whole, F8 has the server check the chain. More rows come as the cursor
 * nears the end.
 */
#include "client/screens/audit.h"

#include "client/screens/ask.h"
#include "client/screens/jobs.h"
#include "client/ui/list.h"
#include "client/ui/prompt.h"
#include "common/date.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/text.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { AUDIT_COLUMNS = 5, AUDIT_PAGE = 100, AUDIT_ROWS_MAX = 5000, AUDIT_FILTER_CHARS = 200, AUDIT_NEAR = 10 };

enum audit_step { AUDIT_LIST = 1, AUDIT_CHECK = 2 };

struct audit {
	struct screen screen;
	struct app *app;
	struct list list;
	struct list_column columns[AUDIT_COLUMNS];
	struct list_row row;
	const char *cells[AUDIT_COLUMNS];
	struct arena *arena; /* of the rows */
	const Kehu__AuditRow **rows;
	size_t count;
	ProtobufCBinaryData next; /* .len 0: there are no more */
	struct prompt filter;
	uint32_t number;
};

bool
audit_can(const struct app *app)
{
	return cat_audits(app_cat(app));
}

/* ---- asking ------------------------------------------------------------------------------ */

/* One word of the filter into the request; false: it says nothing. */
static bool
audit_take(struct audit *audit, struct arena *arena, const char *word, Kehu__Audit *request)
{
	const char *value = strchr(word, '=');
	const char *name = value != NULL ? arena_strndup(arena, word, (size_t)(value - word)) : "";
	const Kehu__Entity *entity;

	if (value == NULL || *++value == '\0')
		return false;
	if (strcmp(name, "user") == 0)
		request->who = arena_strdup(arena, value);
	else if (strcmp(name, "request") == 0)
		request->request = arena_strdup(arena, value);
	else if (strcmp(name, "action") == 0)
		request->action = arena_strdup(arena, value);
	else if (strcmp(name, "record") == 0)
		request->has_record = (request->record = strtoll(value, NULL, 10)) > 0;
	else if (strcmp(name, "entity") == 0) {
		entity = cat_entity_called(app_cat(audit->app), value);
		request->has_entity = entity != NULL;
		request->entity = entity != NULL ? entity->number : 0;
		return entity != NULL;
	} else if (strcmp(name, "since") == 0) {
		request->has_since_us =
		    date_parse_us(value, date_now_us(), audit->app->offset_min, &request->since_us) == ERR_OK;
		return request->has_since_us;
	} else if (strcmp(name, "until") == 0) {
		request->has_until_us =
		    date_parse_us(value, date_now_us(), audit->app->offset_min, &request->until_us) == ERR_OK;
		return request->has_until_us;
	} else
		return false;
	return true;
}

static void
audit_take_filter(struct audit *audit, struct arena *arena, Kehu__Audit *request)
{
	char *words = arena_strdup(arena, prompt_text(&audit->filter)), *save = NULL;

	for (char *word = strtok_r(words, " ", &save); word != NULL; word = strtok_r(NULL, " ", &save))
		if (!audit_take(audit, arena, word, request))
			message_sayf(SAY_NOTE, tr(T_AUDIT_NOT_UNDERSTOOD), word);
}

static void
audit_add_rows(struct audit *audit, const Kehu__AuditAnswer *answer)
{
	for (size_t i = 0; i < answer->n_rows && audit->count < AUDIT_ROWS_MAX; i++)
		audit->rows[audit->count++] = answer->rows[i];
	audit->next = audit->count < AUDIT_ROWS_MAX ? answer->next : (ProtobufCBinaryData){ 0 };
	list_set_total(&audit->list, audit->count, audit->next.len > 0);
}

static void
audit_on_answer(void *context, const Kehu__ServerFrame *frame)
{
	struct audit *audit = context;

	audit->number = 0;
	if (frame->answer_case != KEHU__SERVER_FRAME__ANSWER_AUDIT) {
		ask_say_error(audit->app, frame, 0);
	} else if (frame->audit->job != 0) {
		message_say(SAY_OK, 0, tr(T_AUDIT_CHECKING));
		jobs_open(audit->app, 0, NULL);
	} else {
		audit_add_rows(audit, link_keep(audit->arena, frame)->audit);
	}
	ui_redraw(audit->app->ui);
}

static void
audit_ask(struct audit *audit, enum audit_step step)
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__Audit request = KEHU__AUDIT__INIT;
	struct arena *arena = arena_new(0);

	ask_cancel(audit->app, &audit->number);
	request.has_step = true;
	request.step = step;
	if (step == AUDIT_LIST) {
		audit_take_filter(audit, arena, &request);
		request.has_limit = true;
		request.limit = AUDIT_PAGE;
		request.has_cursor = audit->next.len > 0;
		request.cursor = audit->next;
	}
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_AUDIT;
	frame.audit = &request;
	audit->number = ask_send(audit->app, &frame, 0, audit_on_answer, audit);
	arena_free(arena);
}

/* From the newest on. */
static void
audit_begin(struct audit *audit)
{
	arena_reset(audit->arena);
	audit->rows = ARENA_ARRAY(audit->arena, const Kehu__AuditRow *, AUDIT_ROWS_MAX);
	audit->count = 0;
	audit->next = (ProtobufCBinaryData){ 0 };
	list_set_total(&audit->list, 0, false);
	audit_ask(audit, AUDIT_LIST);
}

/* ---- showing ----------------------------------------------------------------------------- */

static const char *
audit_clean(const char *text)
{
	return text_print(cells_scratch(), text != NULL ? text : "", TEXT_LINE);
}

static const char *
audit_who(const Kehu__AuditRow *row)
{
	if (row->user_label != NULL && row->user_label[0] != '\0')
		return audit_clean(row->user_label);
	return row->has_user && row->user != 0 ? arena_printf(cells_scratch(), "#%" PRId64, row->user) : "-";
}

static const char *
audit_what(const struct audit *audit, const Kehu__AuditRow *row)
{
	const Kehu__Entity *entity = row->has_entity ? cat_entity(app_cat(audit->app), row->entity) : NULL;
	const char *kind = entity != NULL ? entity->label
			   : row->has_entity ? arena_printf(cells_scratch(), "%" PRIu32, row->entity)
					     : "";

	return row->has_record ? arena_printf(cells_scratch(), "%s #%" PRId64, kind, row->record) : kind;
}

static const char *
audit_did(const Kehu__AuditRow *row)
{
	const char *action = row->action != NULL ? row->action : "", *request = row->request != NULL ? row->request : "";

	return audit_clean(action[0] == '\0' || strcmp(action, request) == 0
			       ? request
			       : arena_printf(cells_scratch(), "%s %s", request, action));
}

static const struct list_row *
audit_row(void *arg, size_t index)
{
	struct audit *audit = arg;
	const Kehu__AuditRow *row;

	if (index >= audit->count)
		return NULL;
	row = audit->rows[index];
	audit->cells[0] = date_format_us(cells_scratch(), row->at_us, audit->app->offset_min);
	audit->cells[1] = audit_who(row);
	audit->cells[2] = audit_did(row);
	audit->cells[3] = audit_what(audit, row);
	audit->cells[4] = audit_clean(row->detail);
	audit->row = (struct list_row){ .id = row->seq, .cells = audit->cells };
	return &audit->row;
}

static const Kehu__AuditRow *
audit_current(const struct audit *audit)
{
	return audit->list.cursor < audit->count ? audit->rows[audit->list.cursor] : NULL;
}

/* The whole of a row in the line of messages' place: its number, session, request and detail. */
static const char *
audit_hint(struct screen *screen)
{
	struct audit *audit = (struct audit *)screen;
	const Kehu__AuditRow *row = audit_current(audit);

	if (audit->filter.open)
		return tr(T_AUDIT_FILTER_HELP);
	if (row == NULL)
		return tr(T_AUDIT_NONE);
	return arena_printf(cells_scratch(), "%" PRId64 "  %s", row->seq, audit_clean(row->detail));
}

static void
audit_show(struct audit *audit)
{
	const Kehu__AuditRow *row = audit_current(audit);

	if (row == NULL)
		return;
	message_sayf(SAY_NOTE, tr(T_AUDIT_ROW), row->seq,
	    date_format_us(cells_scratch(), row->at_us, audit->app->offset_min), audit_who(row), audit_did(row),
	    audit_what(audit, row), row->session, row->reference, audit_clean(row->detail));
}

/* ---- keys -------------------------------------------------------------------------------- */

static unsigned
audit_key_filter(struct audit *audit, enum act act, const struct event *event)
{
	unsigned flags = prompt_key(&audit->filter, act, event);

	if (flags & UI_ACT)
		audit_begin(audit);
	return flags & ~(unsigned)UI_ACT;
}

static unsigned
audit_key(struct screen *screen, enum act act, const struct event *event)
{
	struct audit *audit = (struct audit *)screen;
	unsigned flags;

	if (audit->filter.open)
		return audit_key_filter(audit, act, event);
	if (act == ACT_find) {
		prompt_open(&audit->filter);
		return UI_DONE;
	}
	if (act == ACT_actions) {
		audit_ask(audit, AUDIT_CHECK);
		return UI_DONE;
	}
	if (act == ACT_refresh) {
		audit_begin(audit);
		return UI_DONE;
	}
	flags = list_key(&audit->list, act, event);
	if (flags & UI_ACT) {
		audit_show(audit);
		return UI_DONE;
	}
	if (audit->next.len > 0 && audit->number == 0 && audit->list.cursor + AUDIT_NEAR >= audit->count)
		audit_ask(audit, AUDIT_LIST);
	return flags & ~(unsigned)UI_ACT;
}

/* ---- the screen -------------------------------------------------------------------------- */

static const char *
audit_title(struct screen *screen)
{
	(void)screen;
	return tr(T_AUDIT);
}

static void
audit_draw(struct screen *screen, struct rect rect)
{
	list_draw(&((struct audit *)screen)->list, rect, true);
}

static void
audit_head(struct screen *screen, struct rect rect)
{
	struct audit *audit = (struct audit *)screen;

	audit->filter.label = tr(T_AUDIT_FILTER);
	if (audit->filter.open)
		prompt_draw(&audit->filter, rect, NULL);
	else if (prompt_text(&audit->filter)[0] != '\0')
		cells_put(rect.y, rect.x, rect.cols, prompt_text(&audit->filter), ROLE_STRONG);
}

static enum ctx
audit_context(struct screen *screen)
{
	return ((struct audit *)screen)->filter.open ? CTX_INPUT : CTX_LIST;
}

static bool
audit_can_act(struct screen *screen, enum act act)
{
	(void)screen;
	return act != ACT_edit && act != ACT_new && act != ACT_print && act != ACT_preview && act != ACT_export && act != ACT_import &&
	       act != ACT_reply && act != ACT_undo;
}

static const char *
audit_label(struct screen *screen, enum act act)
{
	(void)screen;
	return act == ACT_actions ? tr(T_AUDIT_CHECK) : NULL;
}

static void
audit_leave(struct screen *screen)
{
	struct audit *audit = (struct audit *)screen;

	ask_cancel(audit->app, &audit->number);
	prompt_fini(&audit->filter);
	list_fini(&audit->list);
	arena_free(audit->arena);
	free(audit);
}

static const struct screen_ops audit_ops = {
	.name = "audit",
	.context = CTX_LIST,
	.module = 6,
	.title = audit_title,
	.head = audit_head,
	.draw = audit_draw,
	.hint = audit_hint,
	.context_now = audit_context,
	.can = audit_can_act,
	.label = audit_label,
	.key = audit_key,
	.leave = audit_leave,
};

void
audit_open(struct app *app)
{
	static const struct {
		enum text_id title;
		int min, want, priority;
	} columns[AUDIT_COLUMNS] = { { T_AUDIT_WHEN, 16, 16, 0 }, { T_AUDIT_WHO, 6, 10, 0 }, { T_AUDIT_DID, 8, 20, 0 },
		{ T_AUDIT_WHAT, 8, 20, 1 }, { T_AUDIT_DETAIL, 10, 30, 2 } };
	struct audit *audit = mem_zalloc(1, sizeof(*audit));

	audit->screen.ops = &audit_ops;
	audit->app = app;
	audit->arena = arena_new(0);
	for (size_t i = 0; i < AUDIT_COLUMNS; i++)
		audit->columns[i] = (struct list_column){ .title = tr(columns[i].title),
			.min_cols = columns[i].min,
			.want_cols = columns[i].want,
			.priority = columns[i].priority,
			.stretch = i == AUDIT_COLUMNS - 1 };
	audit->list = (struct list){ .columns = audit->columns,
		.column_count = AUDIT_COLUMNS,
		.row = audit_row,
		.arg = audit };
	list_init(&audit->list);
	prompt_init(&audit->filter, AUDIT_FILTER_CHARS);
	ui_push(app->ui, &audit->screen);
	audit_begin(audit);
}
