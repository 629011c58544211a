/*
 * The administration menu: one row for each kind of record that this user may set up, and for
 * what is done rather than kept (sessions, viewing as another user). Who may set up nothing has
 * no such menu.
 */
#include "client/screens/admin.h"

#include "client/screens/ask.h"
#include "client/screens/audit.h"
#include "client/screens/sign.h"
#include "client/screens/viewing.h"
#include "client/screens/why.h"
#include "client/ui/list.h"
#include "common/log.h"
#include "common/mem.h"
#include <stdlib.h>
#include <string.h>

enum { ADMIN_ROWS = 60, ADMIN_COLUMNS = 3 };
enum admin_kind { ADMIN_LIST, ADMIN_SESSIONS, ADMIN_VIEW_AS, ADMIN_WHY, ADMIN_AUDIT };

struct admin_item {
	enum admin_kind kind;
	enum text_id group, note;
	const char *entity; /* NULL: none */
};

/* In the order in which a company is set up. */
static const struct admin_item admin_items[] = {
	{ ADMIN_LIST, T_ADMIN_PEOPLE, T_ADMIN_USERS, "user" },
	{ ADMIN_LIST, T_ADMIN_PEOPLE, T_ADMIN_BRANCHES, "branch" },
	{ ADMIN_LIST, T_ADMIN_PEOPLE, T_ADMIN_DEPARTMENTS, "department" },
	{ ADMIN_LIST, T_ADMIN_PEOPLE, T_ADMIN_DELEGATIONS, "delegation" },
	{ ADMIN_LIST, T_ADMIN_RIGHTS, T_ADMIN_ROLES, "role" },
	{ ADMIN_LIST, T_ADMIN_RIGHTS, T_ADMIN_APPROVALS, "approval_rule" },
	{ ADMIN_WHY, T_ADMIN_RIGHTS, T_ADMIN_WHY, "user" },
	{ ADMIN_VIEW_AS, T_ADMIN_RIGHTS, T_ADMIN_VIEW_AS, "viewing" },
	{ ADMIN_LIST, T_ADMIN_RIGHTS, T_ADMIN_VIEWINGS, "viewing" },
	{ ADMIN_SESSIONS, T_ADMIN_SIGN, T_ADMIN_SESSIONS, "user" },
	{ ADMIN_LIST, T_ADMIN_SIGN, T_ADMIN_REVIEWS, "account_review" },
	{ ADMIN_LIST, T_ADMIN_SIGN, T_ADMIN_CERTIFICATES, "certificate" },
	{ ADMIN_LIST, T_ADMIN_SIGN, T_ADMIN_READINGS, "reading" },
	{ ADMIN_AUDIT, T_ADMIN_SIGN, T_ADMIN_AUDIT, "reading" },
	{ ADMIN_LIST, T_ADMIN_COMPANY, T_ADMIN_SETTINGS, "setting" },
	{ ADMIN_LIST, T_ADMIN_COMPANY, T_ADMIN_DICTIONARIES, "dictionary" },
	{ ADMIN_LIST, T_ADMIN_COMPANY, T_ADMIN_FIELDS, "custom_field" },
	{ ADMIN_LIST, T_ADMIN_COMPANY, T_ADMIN_NUMBERINGS, "numbering" },
	{ ADMIN_LIST, T_ADMIN_COMPANY, T_ADMIN_CALENDARS, "work_calendar" },
	{ ADMIN_LIST, T_ADMIN_COMPANY, T_ADMIN_HOLIDAYS, "holiday" },
	{ ADMIN_LIST, T_ADMIN_COMPANY, T_ADMIN_POOLS, "pool" },
	{ ADMIN_LIST, T_ADMIN_COMPANY, T_ADMIN_FOLLOW_UP, "follow_up_rule" },
	{ ADMIN_LIST, T_ADMIN_COMPANY, T_ADMIN_TEAMS, "service_team" },
	{ ADMIN_LIST, T_ADMIN_COMPANY, T_ADMIN_TECHNICIANS, "technician" },
	{ ADMIN_LIST, T_ADMIN_COMPANY, T_ADMIN_SLA, "sla" },
	{ ADMIN_LIST, T_ADMIN_COMPANY, T_ADMIN_TEMPLATES, "mail_template" },
	{ ADMIN_LIST, T_ADMIN_COMPANY, T_ADMIN_REPORTS, "report" },
	{ ADMIN_LIST, T_ADMIN_COMPANY, T_ADMIN_RETENTION, "retention_rule" },
	{ ADMIN_LIST, T_ADMIN_COMPANY, T_ADMIN_TAGS, "tag" },
	{ ADMIN_LIST, T_ADMIN_COMPANY, T_ADMIN_REGIONS, "region" },
};

struct admin {
	struct screen screen;
	struct app *app;
	struct list list;
	struct list_column columns[ADMIN_COLUMNS];
	struct list_row row;
	const char *cells[ADMIN_COLUMNS];
	const struct admin_item *items[ADMIN_ROWS];
	size_t count;
	int64_t user; /* of "why", between its two questions */
	char name[120];
};

/* Whether this user may do something there that not everybody may. */
static bool
admin_shows(const struct app *app, const struct admin_item *item)
{
	const Kehu__Entity *entity = app_entity(app, item->entity);
	const Kehu__Entity *role = app_entity(app, "role");

	if (entity == NULL)
		return false;
	switch (item->kind) {
	case ADMIN_SESSIONS:
		return (entity->actions_allowed & CAT_ACT) != 0;
	case ADMIN_VIEW_AS:
		return viewing_can(app) && !viewing_is_on(app);
	case ADMIN_WHY:
		return role != NULL && (role->actions_allowed & CAT_VIEW) != 0;
	case ADMIN_AUDIT:
		return audit_can(app);
	case ADMIN_LIST:
		break;
	}
	return entity->kind == CAT_SETUP
		   ? (entity->actions_allowed & (CAT_CREATE | CAT_EDIT)) != 0
		   : role != NULL && (role->actions_allowed & CAT_VIEW) != 0;
}

bool
admin_can(const struct app *app)
{
	for (size_t i = 0; i < sizeof(admin_items) / sizeof(admin_items[0]); i++)
		if ((admin_items[i].kind == ADMIN_LIST || admin_items[i].kind == ADMIN_AUDIT) && admin_shows(app, &admin_items[i]))
			return true;
	return false;
}

/* ---- "why", in two questions ---- */

static unsigned admin_on_kind(void *arg, const struct picker_item *item, const char *text);

static void
admin_search_kinds(void *arg, struct picker *picker, const char *text)
{
	struct admin *admin = arg;
	const struct cat *cat = app_cat(admin->app);

	picker_clear(picker);
	for (int want = *text ? 3 : 1; want >= 1; want--)
		for (size_t i = 0; i < cat_count(cat); i++) {
			const Kehu__Entity *entity = cat_at(cat, i);
			int fits = picker_match(entity->label, text);

			if (fits == want && entity->kind != CAT_LINE)
				picker_add(
				    picker, &(struct picker_item){ .id = entity->number,
						.label = entity->label,
						.note = entity->name,
						.exact = fits == 3 });
		}
}

static unsigned
admin_on_kind(void *arg, const struct picker_item *item, const char *text)
{
	struct admin *admin = arg;

	/* Who administers rights need not see the records they are about: such a kind is typed. */
	if (item != NULL)
		why_open(admin->app, (uint32_t)item->id, 0, admin->user, admin->name);
	else if (text[0] != '\0')
		why_open_kind(admin->app, text, admin->user, admin->name);
	else
		return UI_HANDLED;
	return UI_DONE | UI_CLOSE;
}

static void
admin_on_user(void *context, int64_t id, const char *label)
{
	struct admin *admin = context;

	admin->user = id;
	snprintf(admin->name, sizeof(admin->name), "%s", label);
	picker_open(admin->app->ui, &(struct picker_config){ .title = tr(T_ADMIN_WHY_KIND),
					.search = admin_search_kinds,
					.take = admin_on_kind,
					.arg = admin });
}

/* ---- the screen ---- */

static const char *
admin_label(const struct admin *admin, const struct admin_item *item)
{
	switch (item->kind) {
	case ADMIN_SESSIONS:
		return tr(T_SESSIONS_ALL);
	case ADMIN_VIEW_AS:
		return tr(T_VIEWING);
	case ADMIN_WHY:
		return tr(T_WHY);
	case ADMIN_AUDIT:
		return tr(T_AUDIT);
	case ADMIN_LIST:
		break;
	}
	return app_entity(admin->app, item->entity)->label;
}

static const struct list_row *
admin_row(void *arg, size_t index)
{
	struct admin *admin = arg;
	const struct admin_item *item;

	if (index >= admin->count)
		return NULL;
	item = admin->items[index];
	admin->cells[0] =
	    index > 0 && admin->items[index - 1]->group == item->group ? "" : tr(item->group);
	admin->cells[1] = admin_label(admin, item);
	admin->cells[2] = tr(item->note);
	admin->row = (struct list_row){ .id = (int64_t)index + 1, .cells = admin->cells };
	return &admin->row;
}

static void
admin_go(struct admin *admin)
{
	const struct admin_item *item;

	if (admin->list.cursor >= admin->count)
		return;
	item = admin->items[admin->list.cursor];
	switch (item->kind) {
	case ADMIN_LIST:
		list_open(admin->app, app_entity(admin->app, item->entity)->number, "");
		break;
	case ADMIN_SESSIONS:
		sessions_open(admin->app);
		break;
	case ADMIN_VIEW_AS:
		viewing_open(admin->app);
		break;
	case ADMIN_AUDIT:
		audit_open(admin->app);
		break;
	case ADMIN_WHY:
		pick_open(admin->app, app_entity(admin->app, "user")->number, tr(T_WHY_WHO),
		    admin_on_user, admin);
		break;
	}
}

static const char *
admin_title(struct screen *screen)
{
	(void)screen;
	return tr(T_ADMIN);
}

static void
admin_draw(struct screen *screen, struct rect rect)
{
	list_draw(&((struct admin *)screen)->list, rect, true);
}

static bool
admin_can_act(struct screen *screen, enum act act)
{
	(void)screen;
	return act != ACT_edit && act != ACT_new && act != ACT_find && act != ACT_print &&
	       act != ACT_actions && act != ACT_preview && act != ACT_refresh &&
	       act != ACT_reply && act != ACT_undo;
}

static unsigned
admin_key(struct screen *screen, enum act act, const struct event *event)
{
	struct admin *admin = (struct admin *)screen;
	unsigned flags = list_key(&admin->list, act, event);

	if (flags & UI_ACT)
		admin_go(admin);
	return flags & ~(unsigned)UI_ACT;
}

static void
admin_leave(struct screen *screen)
{
	struct admin *admin = (struct admin *)screen;

	list_fini(&admin->list);
	free(admin);
}

static const struct screen_ops admin_ops = {
	.name = "admin",
	.context = CTX_LIST,
	.module = 6,
	.title = admin_title,
	.draw = admin_draw,
	.can = admin_can_act,
	.key = admin_key,
	.leave = admin_leave,
};

void
admin_open(struct app *app)
{
	static const struct {
		enum text_id title;
		int min, want;
	} columns[ADMIN_COLUMNS] = { { T_ADMIN_GROUP, 10, 14 }, { T_ADMIN_WHAT, 14, 22 },
		{ T_ADMIN_NOTE, 20, 60 } };
	struct admin *admin = mem_zalloc(1, sizeof(*admin));

	admin->screen.ops = &admin_ops;
	admin->app = app;
	for (size_t i = 0; i < sizeof(admin_items) / sizeof(admin_items[0]); i++)
		if (admin_shows(app, &admin_items[i]))
			admin->items[admin->count++] = &admin_items[i];
	for (size_t i = 0; i < ADMIN_COLUMNS; i++)
		admin->columns[i] = (struct list_column){ .title = tr(columns[i].title),
			.min_cols = columns[i].min,
			.want_cols = columns[i].want,
			.stretch = i == ADMIN_COLUMNS - 1 };
	admin->list = (struct list){ .columns = admin->columns,
		.column_count = ADMIN_COLUMNS,
		.row = admin_row,
		.arg = admin };
	list_init(&admin->list);
	list_reset(&admin->list, admin->count, false);
	ui_push(app->ui, &admin->screen);
}
