/*
 * Why: what gives or denies a user a record: the sentence, each grant with what it reaches the
 * record through, and how every field shows. About oneself, or with F8 about somebody else.
 */
#include "client/screens/why.h"

#include "client/link/bits.h"
#include "client/screens/ask.h"
#include "client/ui/list.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/text.h"
#include <stdlib.h>
#include <string.h>

enum { WHY_COLUMNS = 4 };

struct why {
	struct screen screen;
	struct app *app;
	struct list list;
	struct list_column columns[WHY_COLUMNS];
	struct list_row row;
	const char *cells[WHY_COLUMNS];
	struct arena *arena; /* of the answer and of the user's name */
	const Kehu__WhyAnswer *answer;
	enum lang lang; /* of the answer */
	uint32_t entity, number;
	char kind[40]; /* the code of an entity that the own catalogue does not have, or "" */
	int64_t id, user; /* user 0: oneself */
	char name[120];   /* of the user */
};

static const char *
why_choice(const struct why *why, const char *dictionary, const char *code)
{
	const Kehu__DictionaryItem *item =
	    cat_item(cat_dictionary(app_cat(why->app), dictionary), code);

	return item != NULL ? item->label : code;
}

static const char *
why_clean(const char *text)
{
	return text_print(cells_scratch(), text != NULL ? text : "", TEXT_LINE);
}

static void
why_row_grant(struct why *why, const Kehu__WhyGrant *grant)
{
	struct arena *scratch = cells_scratch();
	const char *rights = bits_text(scratch, app_cat(why->app), BITS_RIGHTS, "right",
	    grant->rights, false);

	if (grant->states != NULL)
		rights = arena_printf(scratch, "%s [%s]", rights, grant->states);
	if (grant->actions != NULL)
		rights = arena_printf(scratch, "%s {%s}", rights, grant->actions);
	why->cells[0] = arena_printf(scratch, "%s %s", tr(T_WHY_ROLE), why_clean(grant->role));
	why->cells[1] = why_choice(why, "scope", grant->scope);
	why->cells[2] = grant->text != NULL && grant->text[0] != '\0'
			    ? why_clean(grant->text)
			    : why->id != 0 ? tr(T_WHY_NOT_THIS) : "";
	why->cells[3] = why_clean(rights);
	why->row.role = grant->holds || why->id == 0 ? ROLE_NORMAL : ROLE_MUTED;
}

static void
why_row_field(struct why *why, const Kehu__WhyField *field)
{
	why->cells[0] = arena_printf(
	    cells_scratch(), "%s %s", tr(T_WHY_FIELD), why_clean(field->label));
	why->cells[1] = why_choice(why, "field_show", field->show);
	why->cells[2] = why_clean(field->roles);
	why->cells[3] = "";
	why->row.role = strcmp(field->show, "clear") == 0 ? ROLE_NORMAL : ROLE_WARN;
}

/* Grants first, then fields: those that do not simply show before the others. */
static const struct list_row *
why_row(void *arg, size_t index)
{
	struct why *why = arg;
	const Kehu__WhyAnswer *answer = why->answer;

	if (answer == NULL || index >= answer->n_grants + answer->n_fields)
		return NULL;
	why->row = (struct list_row){ .id = (int64_t)index + 1, .cells = why->cells };
	if (index < answer->n_grants) {
		why_row_grant(why, answer->grants[index]);
		return &why->row;
	}
	index -= answer->n_grants;
	for (int clear = 0; clear < 2; clear++)
		for (size_t i = 0; i < answer->n_fields; i++) {
			bool is_clear = strcmp(answer->fields[i]->show, "clear") == 0;

			if ((int)is_clear == clear && index-- == 0) {
				why_row_field(why, answer->fields[i]);
				return &why->row;
			}
		}
	return NULL;
}

static void
why_on_answer(void *context, const Kehu__ServerFrame *frame)
{
	struct why *why = context;

	why->number = 0;
	if (frame->answer_case != KEHU__SERVER_FRAME__ANSWER_WHY) {
		ask_say_error(why->app, frame, why->entity);
		return;
	}
	arena_reset(why->arena);
	why->answer = link_keep(why->arena, frame)->why;
	list_reset(&why->list, why->answer->n_grants + why->answer->n_fields, false);
	ui_redraw(why->app->ui);
}

static void
why_ask(struct why *why)
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__Why request = KEHU__WHY__INIT;

	why->lang = why->app->lang;
	request.has_user = request.has_id = true;
	request.user = why->user;
	request.has_entity = why->kind[0] == '\0';
	request.entity = why->entity;
	request.entity_name = why->kind[0] != '\0' ? why->kind : NULL;
	request.id = why->id;
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_WHY;
	frame.why = &request;
	ask_cancel(why->app, &why->number);
	why->number = ask_send(why->app, &frame, 0, why_on_answer, why);
}

/* ---- whom it is about ---- */

/* The screen may have gone while the list of users was open. */
static void
why_on_user(void *context, int64_t id, const char *label)
{
	struct why *why = context;

	why->user = id;
	snprintf(why->name, sizeof(why->name), "%s", label);
	why_ask(why);
}

static bool
why_others(const struct why *why)
{
	const Kehu__Entity *role = app_entity(why->app, "role");

	return role != NULL && (role->actions_allowed & CAT_VIEW) != 0 &&
	       app_entity(why->app, "user") != NULL;
}

/* ---- the screen ---- */

static const char *
why_title(struct screen *screen)
{
	(void)screen;
	return tr(T_WHY);
}

static void
why_head(struct screen *screen, struct rect rect)
{
	struct why *why = (struct why *)screen;
	const Kehu__Entity *entity = cat_entity(app_cat(why->app), why->entity);
	const char *what = entity != NULL ? entity->label : why_clean(why->kind);

	if (why->id != 0)
		what = arena_printf(cells_scratch(), "%s %s", what,
		    why->answer != NULL && why->answer->label != NULL
			? why_clean(why->answer->label)
			: arena_printf(cells_scratch(), "#%lld", (long long)why->id));
	cells_put(rect.y, rect.x, rect.cols,
	    arena_printf(cells_scratch(), " %s: %s", why_clean(why->name), what), ROLE_STRONG);
}

static void
why_draw(struct screen *screen, struct rect rect)
{
	struct why *why = (struct why *)screen;

	if (why->answer != NULL)
		cells_put(rect.y, rect.x, rect.cols,
		    arena_printf(cells_scratch(), " %s", why_clean(why->answer->text)),
		    why->answer->sees ? ROLE_GOOD : ROLE_BAD);
	rect.y += 2;
	rect.rows -= 2;
	list_draw(&why->list, rect, true);
}

static const char *
why_hint(struct screen *screen)
{
	struct why *why = (struct why *)screen;
	const struct list_row *row = list_current(&why->list);

	return row == NULL ? NULL
			   : arena_printf(cells_scratch(), "%s  %s  %s  %s", row->cells[0],
				 row->cells[1], row->cells[2], row->cells[3]);
}

static bool
why_can(struct screen *screen, enum act act)
{
	if (act == ACT_actions)
		return why_others((struct why *)screen);
	return act != ACT_edit && act != ACT_new && act != ACT_find && act != ACT_print &&
	       act != ACT_open && act != ACT_preview && act != ACT_reply && act != ACT_undo;
}

static const char *
why_label(struct screen *screen, enum act act)
{
	(void)screen;
	return act == ACT_actions ? tr(T_WHY_WHO) : NULL;
}

static unsigned
why_key(struct screen *screen, enum act act, const struct event *event)
{
	struct why *why = (struct why *)screen;

	if (act == ACT_actions && why_others(why)) {
		pick_open(why->app, app_entity(why->app, "user")->number, tr(T_WHY_WHO),
		    why_on_user, why);
		return UI_DONE;
	}
	if (act == ACT_refresh)
		return UI_DONE | UI_RELOAD;
	return list_key(&why->list, act, event) & ~(unsigned)UI_ACT;
}

static void
why_reload(struct screen *screen)
{
	why_ask((struct why *)screen);
}

static void
why_resume(struct screen *screen)
{
	struct why *why = (struct why *)screen;

	if (why->lang != why->app->lang)
		why_ask(why);
}

static void
why_leave(struct screen *screen)
{
	struct why *why = (struct why *)screen;

	ask_cancel(why->app, &why->number);
	list_fini(&why->list);
	arena_free(why->arena);
	free(why);
}

static const struct screen_ops why_ops = {
	.name = "why",
	.context = CTX_LIST,
	.module = 6,
	.title = why_title,
	.head = why_head,
	.draw = why_draw,
	.hint = why_hint,
	.can = why_can,
	.label = why_label,
	.key = why_key,
	.reload = why_reload,
	.resume = why_resume,
	.leave = why_leave,
};

static void
why_push(struct app *app, uint32_t entity, const char *kind, int64_t id, int64_t user,
    const char *name)
{
	static const struct {
		enum text_id title;
		int min, want;
		bool stretch;
	} columns[WHY_COLUMNS] = { { T_WHY_WHAT, 16, 26, false }, { T_WHY_HOW, 8, 18, false },
		{ T_WHY_THROUGH, 14, 30, true }, { T_WHY_RIGHTS, 10, 40, false } };
	struct why *why = mem_zalloc(1, sizeof(*why));

	why->screen.ops = &why_ops;
	why->app = app;
	why->arena = arena_new(0);
	why->entity = entity;
	snprintf(why->kind, sizeof(why->kind), "%s", kind);
	why->id = id;
	why->user = user;
	snprintf(why->name, sizeof(why->name), "%s",
	    user != 0 ? name : link_user(app->link)->label);
	for (size_t i = 0; i < WHY_COLUMNS; i++)
		why->columns[i] = (struct list_column){ .title = tr(columns[i].title),
			.min_cols = columns[i].min,
			.want_cols = columns[i].want,
			.stretch = columns[i].stretch,
			.priority = i == WHY_COLUMNS - 1 ? 1 : 0 };
	why->list = (struct list){
		.columns = why->columns, .column_count = WHY_COLUMNS, .row = why_row, .arg = why
	};
	list_init(&why->list);
	ui_push(app->ui, &why->screen);
	why_ask(why);
}

void
why_open(struct app *app, uint32_t entity, int64_t id, int64_t user, const char *name)
{
	why_push(app, entity, "", id, user, name);
}

void
why_open_kind(struct app *app, const char *kind, int64_t user, const char *name)
{
	why_push(app, 0, kind, 0, user, name);
}
