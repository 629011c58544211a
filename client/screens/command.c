/* The commands of the palette, made from catalogue and module table. See command.h. */
#include "client/screens/command.h"

#include "client/screens/admin.h"
#include "client/screens/ask.h"
#include "client/screens/duplicate.h"
#include "client/screens/jobs.h"
#include "client/screens/password.h"
#include "client/screens/sign.h"
#include "client/screens/viewing.h"
#include "client/ui/help.h"
#include "client/ui/message_log.h"
#include "client/ui/picker.h"
#include "common/text.h"
#include <string.h>

enum { COMMAND_WORDS = 3 };

struct command_maker {
	const struct app *app;
	struct arena *arena;
	struct command *commands;
	size_t count;
};

static struct command *
command_new(struct command_maker *maker, enum command_kind kind, const char *label)
{
	static struct command spare;
	struct command *command =
	    maker->count < COMMAND_MAX ? &maker->commands[maker->count++] : &spare;

	*command = (struct command){ .kind = kind, .label = label };
	return command;
}

static void
command_code(struct command *command, const char *code)
{
	size_t at = 0;

	while (command->codes[at] != NULL)
		at++;
	if (at + 1 < COMMAND_CODES && code[0] != '\0')
		command->codes[at] = code;
}

/* The words of an alias: "khl kh cust". */
static size_t
command_aliases(struct arena *arena, const Kehu__Entity *entity, const char **words)
{
	char *save = NULL,
	     *copy = arena_strdup(arena, entity->alias != NULL ? entity->alias : "");
	size_t count = 0;

	for (char *word = strtok_r(copy, " ", &save); word != NULL && count < COMMAND_WORDS;
	     word = strtok_r(NULL, " ", &save))
		words[count++] = word;
	return count;
}

/* The field of an entity that names a record one works with (the customer of a visit). */
static void
command_find_object(
    struct command_maker *maker, struct command *command, const Kehu__Entity *entity)
{
	const struct cat *cat = app_cat(maker->app);

	for (size_t i = 0; i < entity->n_fields && !command->takes_object; i++) {
		const Kehu__Field *field = entity->fields[i];
		const Kehu__Entity *target = cat_entity(cat, field->references);

		if (field->type != CAT_REF || target == NULL || !target->searched ||
		    !(field->flags & CAT_REQUIRED) || (field->flags & CAT_READONLY))
			continue;
		command->takes_object = true;
		command->object_entity = target->number;
		command->object_field = field->number;
	}
}

static void
command_add_entity(struct command_maker *maker, const Kehu__Entity *entity)
{
	struct arena *arena = maker->arena;
	const char *words[COMMAND_WORDS];
	size_t count = command_aliases(arena, entity, words);
	struct command *list, *fresh;

	list = command_new(
	    maker, COMMAND_LIST, arena_printf(arena, tr(T_COMMAND_LIST), entity->label));
	list->entity = entity->number;
	for (size_t i = 0; i < count; i++)
		command_code(list, words[i]);
	for (size_t i = 0; i < count; i++)
		command_code(list, arena_printf(arena, "%sl", words[i]));
	command_code(list, entity->name);
	if (!(entity->actions_allowed & CAT_CREATE))
		return;
	fresh = command_new(
	    maker, COMMAND_NEW, arena_printf(arena, tr(T_COMMAND_NEW), entity->label));
	fresh->entity = entity->number;
	/* The shortest is the one shown: xkh rather than xkhl. */
	for (size_t i = 1; i < count; i++)
		if (strlen(words[i]) < strlen(words[0])) {
			const char *longer = words[0];

			words[0] = words[i];
			words[i] = longer;
		}
	for (size_t i = 0; i < count; i++)
		command_code(fresh, arena_printf(arena, "x%s", words[i]));
	command_code(fresh, arena_printf(arena, "%s new", entity->name));
	command_code(fresh, arena_printf(arena, "new %s", entity->name));
	fresh->first =
	    strcmp(entity->name, "visit") == 0 || strcmp(entity->name, "customer") == 0;
	command_find_object(maker, fresh, entity);
}

static void
command_add_entities(struct command_maker *maker)
{
	const struct cat *cat = app_cat(maker->app);

	/* What one works with comes before what is set up once. */
	for (uint32_t kind = CAT_ACTIVITY; kind <= CAT_SETUP; kind++)
		for (size_t i = 0; i < cat_count(cat); i++) {
			const Kehu__Entity *entity = cat_at(cat, i);

			if (entity->kind == kind && kind != CAT_LINE && entity->alias != NULL &&
			    (entity->actions_allowed & CAT_VIEW))
				command_add_entity(maker, entity);
		}
}

/* "xdh": the form of an activity, its kind filled in. */
static void
command_add_activities(struct command_maker *maker)
{
	static const struct {
		enum text_id label;
		const char *kind, *codes[3];
	} kinds[] = {
		{ T_COMMAND_CALL, "phone", { "xdh", "call" } },
		{ T_COMMAND_TASK, "task", { "xrw", "task" } },
		{ T_COMMAND_MEETING, "meeting", { "xhy", "meeting" } },
	};
	const Kehu__Entity *entity = app_entity(maker->app, "visit");

	if (entity == NULL)
		return;
	struct command *calendar = command_new(maker, COMMAND_CALENDAR, tr(T_CALENDAR));
	calendar->first = true;
	command_code(calendar, "rl");
	command_code(calendar, "calendar");
	command_code(calendar, "agenda");
	for (size_t i = 0; (entity->actions_allowed & CAT_CREATE) != 0 && i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		struct command *command = command_new(maker, COMMAND_NEW, tr(kinds[i].label));

		command->entity = entity->number;
		command->activity = kinds[i].kind;
		for (int c = 0; c < 2; c++)
			command_code(command, kinds[i].codes[c]);
		command_find_object(maker, command, entity);
	}
}

static void
command_add_modules(struct command_maker *maker)
{
	static const struct {
		enum text_id label;
		const char *codes[4];
	} modules[] = {
		{ T_MODULE_HOME, { "1", "sy", "home" } },
		{ T_MODULE_CUSTOMERS, { "2" } },
		{ T_MODULE_VISITS, { "3" } },
		{ T_MODULE_CONTACTS, { "4" } },
		{ T_MODULE_REPORTS, { "5", "bb", "reports" } },
		{ T_MODULE_MINE, { "6", "wode", "mine" } },
	};

	for (int i = 0; i < APP_MODULES; i++) {
		struct command *command;

		if (!app_may_module(maker->app, i + 1))
			continue;
		command = command_new(maker, COMMAND_MODULE, tr(modules[i].label));
		command->module = i + 1;
		command->first = true;
		for (int c = 0; c < 4 && modules[i].codes[c] != NULL; c++)
			command_code(command, modules[i].codes[c]);
	}
}

static void
command_add_mine(struct command_maker *maker)
{
	static const struct {
		const char *entity, *query;
		enum text_id label;
		const char *code;
	} lists[] = {
		{ "customer", "owner:me", T_MINE_CUSTOMERS, "wdkh" },
		{ "visit", "owner:me", T_MINE_VISITS, "wdbf" },
		{ "visit", "owner:me state:planned,started sort:at", T_MINE_OPEN, "dbbf" },
		{ "saved_view", "owner:me", T_MINE_VIEWS, "wdst" },
		{ "approval", "approver:me", T_MINE_APPROVALS, "dwsp" },
		{ "approval", "owner:me", T_MINE_REQUESTS, "wdsq" },
		{ "message", "-has:read_at", T_MINE_UNREAD, "wdxx" },
		{ "lead", "owner:me state:new,contacted,qualified", T_MINE_LEADS, "wdxs" },
		{ "opportunity", "owner:me state:open", T_MINE_DEALS, "wdsj" },
		{ "opportunity", "owner:me state:open expected_on:..eom", T_MINE_CLOSING, "byqd" },
		{ "plan_step", "owner:me state:open due:<+1d", T_MINE_PLAN, "dqjh" },
		{ "work_report", "owner:me", T_MINE_REPORTS, "wdbg" },
		{ "work_report", "-owner:me state:handed_in", T_MINE_TO_READ, "dybg" },
		{ "target", "owner:me", T_MINE_TARGETS, "wdmb" },
		{ "customer", "owner:me leaves:..+7d sort:leaves_on", T_MINE_LEAVING, "jjgh" },
		{ "customer_move", "owner:me kind:recycle,release,transfer,assign", T_MINE_LEFT, "lkkh" },
		{ "duplicate", "state:open", T_MINE_DUPLICATES, "dhcf" },
		{ "ticket", "owner:me state:new,open,waiting", T_MINE_TICKETS, "wdgd" },
	};

	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		const Kehu__Entity *entity = app_entity(maker->app, lists[i].entity);

		if (entity == NULL)
			continue;
		struct command *command =
		    command_new(maker, COMMAND_MY_LIST, tr(lists[i].label));
		command->entity = entity->number;
		command->query = lists[i].query;
		command->mine = true;
		command_code(command, lists[i].code);
	}
}

static void
command_add_board(struct command_maker *maker)
{
	struct command *command;

	if (app_entity(maker->app, "opportunity") == NULL)
		return;
	command = command_new(maker, COMMAND_BOARD, tr(T_BOARD));
	command->first = true;
	command_code(command, "sjkb");
	command_code(command, "kb");
	command_code(command, "board");
}

static void
command_add_dispatch(struct command_maker *maker)
{
	struct command *command;

	if (app_entity(maker->app, "job_visit") == NULL || app_entity(maker->app, "technician") == NULL)
		return;
	command = command_new(maker, COMMAND_DISPATCH, tr(T_DISPATCH));
	command->first = true;
	command_code(command, "pg");
	command_code(command, "pgb");
	command_code(command, "dispatch");
}

static void
command_add_team(struct command_maker *maker)
{
	const Kehu__Entity *entity = app_entity(maker->app, "work_report");
	struct command *command;

	if (entity == NULL)
		return;
	command = command_new(maker, COMMAND_TEAM, tr(T_TEAM));
	command->first = true;
	command_code(command, "td");
	command_code(command, "team");
}

static void
command_add_targets(struct command_maker *maker)
{
	struct command *command;

	if (app_entity(maker->app, "target") == NULL)
		return;
	command = command_new(maker, COMMAND_TARGETS, tr(T_TARGETS));
	command_code(command, "mbb");
	command_code(command, "target-table");
}

/* For who may make customers. */
static void
command_add_check(struct command_maker *maker)
{
	const Kehu__Entity *entity = app_entity(maker->app, "customer");
	struct command *command;

	if (entity == NULL || !(entity->actions_allowed & CAT_CREATE))
		return;
	command = command_new(maker, COMMAND_CHECK, tr(T_CHECK));
	command_code(command, "cc");
	command_code(command, "check");
}

static void
command_add_scan(struct command_maker *maker)
{
	struct command *command;

	if (!duplicate_can_scan(maker->app))
		return;
	command = command_new(maker, COMMAND_SCAN, tr(T_DUPLICATE_SCAN));
	command_code(command, "smcf");
	command_code(command, "scan");
}

static void
command_add_reports(struct command_maker *maker)
{
	const struct cat *cat = app_cat(maker->app);

	for (size_t i = 0; i < cat_report_count(cat); i++) {
		const Kehu__ReportInfo *report = cat_report_at(cat, i);
		struct command *command = command_new(maker, COMMAND_REPORT,
		    arena_printf(maker->arena, tr(T_COMMAND_REPORT), report->label));

		command->report = report->name;
		/* A report on one order is called like what it is on. */
		if (app_entity(maker->app, report->name) == NULL)
			command_code(command, report->name);
		command_code(command, arena_printf(maker->arena, "report %s", report->name));
	}
}

static void
command_add_others(struct command_maker *maker)
{
	static const struct {
		enum command_kind kind;
		enum text_id label;
		const char *codes[4];
	} others[] = {
		{ COMMAND_LANGUAGE, T_COMMAND_LANGUAGE, { "yy", "lang", "language" } },
		{ COMMAND_MESSAGES, T_COMMAND_MESSAGES, { "xxjl", "log" } },
		{ COMMAND_HELP, T_COMMAND_HELP, { "bz", "help" } },
		{ COMMAND_RECONNECT, T_COMMAND_RECONNECT, { "cl", "reconnect" } },
		{ COMMAND_PASSWORD, T_COMMAND_PASSWORD, { "mm", "password" } },
		{ COMMAND_FACTOR, T_COMMAND_FACTOR, { "ecyz", "factor", "totp" } },
		{ COMMAND_JOBS, T_JOBS, { "zy", "jobs" } },
		{ COMMAND_SESSIONS, T_SESSIONS, { "hh", "sessions" } },
		{ COMMAND_ADMIN, T_ADMIN, { "gl", "admin" } },
		{ COMMAND_VIEW_AS, T_VIEWING, { "dkyh", "viewas" } },
		{ COMMAND_LOCK, T_COMMAND_LOCK, { "sd", "lock" } },
		{ COMMAND_LOGOUT, T_COMMAND_LOGOUT, { "zx", "logout" } },
		{ COMMAND_LEAVE, T_COMMAND_LEAVE, { "tc", "quit", "exit" } },
	};

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		struct command *command;

		if ((others[i].kind == COMMAND_VIEW_AS && !viewing_can(maker->app)) ||
		    (others[i].kind == COMMAND_ADMIN && !admin_can(maker->app)))
			continue;
		command = command_new(maker, others[i].kind, tr(others[i].label));
		command->mine = true;
		for (int c = 0; c < 4 && others[i].codes[c] != NULL; c++)
			command_code(command, others[i].codes[c]);
	}
}

size_t
command_list(const struct app *app, struct arena *arena, struct command **commands)
{
	struct command_maker maker = { .app = app,
		.arena = arena,
		.commands = ARENA_ARRAY(arena, struct command, COMMAND_MAX) };

	command_add_modules(&maker);
	command_add_mine(&maker);
	command_add_entities(&maker);
	command_add_activities(&maker);
	command_add_board(&maker);
	command_add_dispatch(&maker);
	command_add_team(&maker);
	command_add_targets(&maker);
	command_add_check(&maker);
	command_add_scan(&maker);
	command_add_reports(&maker);
	command_add_others(&maker);
	*commands = maker.commands;
	return maker.count;
}

int
command_match(const struct command *command, const char *text)
{
	struct arena *arena = arena_new(0);
	const char *folded = text_fold(arena, text);
	int best = picker_match(command->label, text);

	for (size_t i = 0; command->codes[i] != NULL && best < 3; i++) {
		if (strcmp(command->codes[i], folded) == 0)
			best = 3;
		else if (strncmp(command->codes[i], folded, strlen(folded)) == 0 && best < 2)
			best = 2;
	}
	arena_free(arena);
	return best;
}

/* ---- running ---- */

static void
command_run_new(
    struct app *app, const struct command *command, int64_t object, const char *label)
{
	Kehu__Value kind = KEHU__VALUE__INIT, value = KEHU__VALUE__INIT;
	const Kehu__Value *values[2];
	size_t count = 0;

	if (command->activity != NULL) {
		kind.has_field = true;
		kind.field = app_field(cat_entity(app_cat(app), command->entity), "kind");
		kind.text = ask_text(command->activity);
		values[count++] = &kind;
	}
	if (object != 0) {
		value.has_field = value.has_number = true;
		value.field = command->object_field;
		value.number = object;
		value.text = ask_text(label);
		values[count++] = &value;
	}
	form_open_new(app, command->entity,
	    count > 0 ? &(struct form_preset){ .values = values, .count = count } : NULL);
}

void
command_run(struct app *app, const struct command *command, int64_t object, const char *label)
{
	switch (command->kind) {
	case COMMAND_LIST:
		list_open(app, command->entity, "");
		break;
	case COMMAND_MY_LIST:
		list_open(app, command->entity, command->query);
		break;
	case COMMAND_CALENDAR:
		calendar_open(app);
		break;
	case COMMAND_BOARD:
		board_open(app, "");
		break;
	case COMMAND_DISPATCH:
		dispatch_open(app, "");
		break;
	case COMMAND_CHECK:
		check_open(app);
		break;
	case COMMAND_SCAN:
		duplicate_scan(app);
		break;
	case COMMAND_TEAM:
		team_open(app);
		break;
	case COMMAND_TARGETS:
		targets_open(app);
		break;
	case COMMAND_NEW:
		command_run_new(app, command, object, label);
		break;
	case COMMAND_REPORT:
		report_open(app, command->report, NULL, 0);
		break;
	case COMMAND_MODULE:
		app_module(app, command->module);
		break;
	case COMMAND_LANGUAGE:
		app_set_lang(app, app->lang == LANG_ZH ? LANG_EN : LANG_ZH);
		break;
	case COMMAND_MESSAGES:
		message_log_open(app->ui);
		break;
	case COMMAND_FACTOR:
		factor_open_own(app);
		break;
	case COMMAND_JOBS:
		jobs_open(app, 0, NULL);
		break;
	case COMMAND_SESSIONS:
		sessions_open(app);
		break;
	case COMMAND_ADMIN:
		admin_open(app);
		break;
	case COMMAND_VIEW_AS:
		viewing_open(app);
		break;
	case COMMAND_LOCK:
		lock_now(app);
		break;
	case COMMAND_HELP:
		help_open(app->ui);
		break;
	case COMMAND_RECONNECT:
		link_retry(app->link);
		break;
	case COMMAND_PASSWORD:
		password_open(app);
		break;
	case COMMAND_LOGOUT:
		app_logout(app);
		break;
	case COMMAND_LEAVE:
		app_leave(app);
		break;
	}
}
