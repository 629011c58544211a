/*
 * How the home screen is drawn: today at the left; at the right the month's targets, the day hour by hour,
 * messages, the team, drafts and what was open last, each only while there is something to show.
 */
#include "client/screens/home_private.h"

#include "client/screens/row.h"
#include "client/screens/views.h"
#include "common/date.h"
#include "common/text.h"
#include <inttypes.h>
#include <string.h>

enum {
	HOME_TODAY_COLS = 48, /* of 80 */
	HOME_HOUR_FROM = 8,
	HOME_HOURS = 10,
	HOME_HOUR_COLS_MAX = 6,
	HOME_BAR_LABEL = 8,
	HOME_WIDE = 40,
	HOME_BAR_LABEL_WIDE = 14,
	HOME_BAR_FIGURES = 14, /* "10.6万/20.0万" and a gap */
};

static const struct list_row *
home_row_team(struct home_pane *pane, size_t index)
{
	const struct home *home = pane->home;
	const Kehu__TeamMember *member = home->team->members[index];
	const Kehu__DictionaryItem *report =
	    member->report == NULL ? NULL
				   : cat_item(cat_dictionary(app_cat(home->app), "work_report_state"), member->report);

	pane->cells[0] = text_print(cells_scratch(), member->name, TEXT_LINE);
	pane->cells[1] = arena_printf(cells_scratch(), tr(T_HOME_MEMBER), (int)member->visits,
	    (int)member->calls, (int)member->overdue, report != NULL ? report->label : "-");
	pane->roles[1] = member->overdue > 0 ? ROLE_BAD : ROLE_NORMAL;
	return &pane->row;
}

/* The drafts, then what is on its way to the server. */
const struct journal_entry *
home_entry(const struct home *home, size_t index)
{
	struct journal *journal = link_journal(home->app->link);

	for (enum journal_kind kind = JOURNAL_DRAFT; kind <= JOURNAL_OUTBOX; kind++)
		for (size_t i = 0; journal != NULL && i < journal_count(journal); i++)
			if (journal_at(journal, i)->kind == kind && index-- == 0)
				return journal_at(journal, i);
	return NULL;
}

size_t
home_here_count(const struct home *home)
{
	size_t count = 0;

	while (count < 500 && home_entry(home, count) != NULL)
		count++;
	return count;
}

static void
home_row_here(struct home_pane *pane, size_t index)
{
	struct app *app = pane->home->app;
	const struct journal_entry *entry = home_entry(pane->home, index);
	bool refused = entry != NULL && entry->note != NULL && entry->note[0] != '\0';

	pane->cells[0] = pane->cells[1] = "";
	if (entry == NULL)
		return;
	pane->cells[0] = tr(entry->kind == JOURNAL_OUTBOX ? T_HOME_OUTBOX : T_HOME_DRAFT);
	pane->cells[1] = arena_printf(cells_scratch(), "%s  %s",
	    text_print(cells_scratch(), entry->title, TEXT_LINE),
	    refused ? text_print(cells_scratch(), entry->note, TEXT_LINE)
		    : date_format_us(cells_scratch(), entry->at_us, app->offset_min) + 5);
	pane->roles[1] = refused ? ROLE_BAD : ROLE_NORMAL;
}

static void
home_row_recent(struct home_pane *pane, size_t index)
{
	const struct recent_item *item = &pane->home->recent[index];
	const Kehu__Entity *entity = cat_entity(app_cat(pane->home->app), item->entity);

	pane->cells[0] = entity == NULL ? "" : entity->label;
	pane->cells[1] = item->label;
}

const struct list_row *
home_row(void *arg, size_t index)
{
	struct home_pane *pane = arg;

	memset(pane->cells, 0, sizeof(pane->cells));
	memset(pane->roles, 0, sizeof(pane->roles));
	pane->row = (struct list_row){ .id = (int64_t)index, .cells = pane->cells, .roles = pane->roles };
	switch (pane->name) {
	case HOME_TODAY:
		home_today_row(pane, index);
		break;
	case HOME_MESSAGES:
		home_message_row(pane, index);
		break;
	case HOME_TEAM:
		home_row_team(pane, index);
		break;
	case HOME_HERE:
		home_row_here(pane, index);
		break;
	default:
		home_row_recent(pane, index);
	}
	return &pane->row;
}

/* ---- panes ---- */

static const char *
home_pane_title(const struct home *home, enum home_pane_name name)
{
	const Kehu__TodaySection *messages = home_messages(home);
	size_t unsynced = link_status(home->app->link).unsynced;

	switch (name) {
	case HOME_TODAY:
		return tr(T_HOME_TODAY);
	case HOME_MESSAGES:
		return arena_printf(cells_scratch(), "%s (%u)", tr(T_HOME_UNREAD),
		    messages != NULL ? messages->count : 0);
	case HOME_TEAM:
		return arena_printf(cells_scratch(), tr(T_HOME_TEAM),
		    home->team != NULL ? home->team->n_members : 0);
	case HOME_HERE:
		return unsynced > 0 ? arena_printf(cells_scratch(), tr(T_HOME_HERE_QUEUED), unsynced)
				    : tr(T_HOME_HERE);
	default:
		return tr(T_HOME_RECENT);
	}
}

/* Over the lines that the list left blank for them. */
static void
home_draw_heads(const struct home *home, bool focus)
{
	const struct list *list = &home->panes[HOME_TODAY].list;

	for (int i = 0; i < list->rows_seen && list->top + (size_t)i < home->item_count; i++) {
		size_t at = list->top + (size_t)i;
		const char *head = home_today_head(&home->items[at]);

		if (head != NULL)
			cells_put(list->body.y + i, list->body.x + 1, list->body.cols - 1,
			    text_cut(cells_scratch(), head, (size_t)list->body.cols - 1, false),
			    focus && at == list->cursor ? ROLE_FOCUS : ROLE_STRONG);
	}
}

static void
home_draw_pane(struct home *home, enum home_pane_name name, struct rect rect)
{
	struct home_pane *pane = &home->panes[name];
	bool focus = home->focus == name;

	pane->rect = rect;
	if (rect.rows < 2) {
		pane->rect.rows = 0;
		return;
	}
	cells_put(rect.y, rect.x + 1, rect.cols - 1,
	    text_cut(cells_scratch(), home_pane_title(home, name), (size_t)rect.cols - 1, false), ROLE_STRONG);
	list_draw(&pane->list, (struct rect){ rect.y + 1, rect.x, rect.rows - 1, rect.cols }, focus);
	if (name == HOME_TODAY)
		home_draw_heads(home, focus);
	/* The other panes show no cursor. */
	if (!focus && pane->list.total > 0)
		cells_add(pane->list.body.y + (int)(pane->list.cursor - pane->list.top), rect.x, 1, " ", ROLE_NORMAL);
}

/* ---- targets ---- */

/* One's own goals; of who has none, those of the team together. Returns how many. */
static size_t
home_goals(const struct home *home, Kehu__TeamGoal *goals, bool *team)
{
	const Kehu__TeamMember *me = home->today != NULL ? home->today->me : NULL;
	size_t count = 0;

	for (size_t i = 0; me != NULL && i < me->n_goals && count < HOME_GOALS; i++)
		goals[count++] = *me->goals[i];
	*team = count == 0 && home->team != NULL;
	for (size_t m = 0; *team && m < home->team->n_members; m++)
		for (size_t i = 0; i < home->team->members[m]->n_goals; i++) {
			const Kehu__TeamGoal *goal = home->team->members[m]->goals[i];
			size_t at = 0;

			while (at < count && strcmp(goals[at].measure, goal->measure) != 0)
				at++;
			if (at == HOME_GOALS)
				continue;
			if (at == count)
				goals[count++] = *goal;
			else {
				goals[at].goal += goal->goal;
				goals[at].done += goal->done;
			}
		}
	return count;
}

/* Amounts in the unit people speak of them in: 160万, 1.6M. */
static const char *
home_amount(const char *measure, int64_t amount)
{
	bool money = strcmp(measure, "orders") == 0 || strcmp(measure, "receipts") == 0;
	int64_t units = money ? amount / 100 : amount;

	if (units < 10000)
		return arena_printf(cells_scratch(), "%" PRId64, units);
	if (tr_lang() == LANG_ZH)
		return arena_printf(cells_scratch(), "%.*f万", units < 1000000, (double)units / 10000);
	return units < 1000000 ? arena_printf(cells_scratch(), "%" PRId64 "k", units / 1000)
			       : arena_printf(cells_scratch(), "%.1fM", (double)units / 1000000);
}

static int
home_draw_goals(const struct home *home, struct rect rect)
{
	Kehu__TeamGoal goals[HOME_GOALS];
	bool team;
	size_t count = home_goals(home, goals, &team);

	if (count == 0 || rect.rows < (int)count + 1)
		return 0;
	cells_put(rect.y, rect.x + 1, rect.cols - 1, tr(team ? T_HOME_MONTH_TEAM : T_HOME_MONTH), ROLE_STRONG);
	for (size_t i = 0; i < count; i++) {
		const Kehu__DictionaryItem *item =
		    cat_item(cat_dictionary(app_cat(home->app), "target_measure"), goals[i].measure);
		int y = rect.y + 1 + (int)i, label = rect.cols < HOME_WIDE ? HOME_BAR_LABEL : HOME_BAR_LABEL_WIDE;
		int bar = rect.cols - label - 2 - HOME_BAR_FIGURES;

		cells_put(y, rect.x + 1, label,
		    text_cut(cells_scratch(), item != NULL ? item->label : goals[i].measure, (size_t)label, false),
		    ROLE_NORMAL);
		cells_bar(y, rect.x + 2 + label, bar, goals[i].done, goals[i].goal,
		    goals[i].done >= goals[i].goal ? ROLE_GOOD : ROLE_NORMAL);
		cells_put_right(y, rect.x + rect.cols - HOME_BAR_FIGURES + 1, HOME_BAR_FIGURES - 1,
		    arena_printf(cells_scratch(), "%s/%s", home_amount(goals[i].measure, goals[i].done),
			home_amount(goals[i].measure, goals[i].goal)),
		    ROLE_NORMAL);
	}
	return (int)count + 1;
}

/* ---- the day hour by hour ---- */

static const Kehu__TodaySection *
home_appointments(const struct home *home)
{
	for (size_t i = 0; home->today != NULL && i < home->today->n_sections; i++)
		if (strcmp(home->today->sections[i]->name, "today") == 0)
			return home->today->sections[i];
	return NULL;
}

/* One from its first to its last minute; where two lie over each other stands '!'. */
static void
home_draw_block(const struct home *home, const Kehu__Page *page, const Kehu__Row *row, struct rect rect, int hour)
{
	const Kehu__Entity *visit = app_entity(home->app, "visit");
	const Kehu__Value *at = row_value(page, row, app_field(visit, "at"));
	const Kehu__Value *length = row_value(page, row, app_field(visit, "minutes"));
	int64_t start, from, to;

	if (cat_value_empty(at))
		return;
	start = (at->number / US_PER_SECOND / 60 + home->app->offset_min) % (24 * 60) - HOME_HOUR_FROM * 60;
	from = start * hour / 60;
	to = (start + (cat_value_empty(length) ? 0 : length->number)) * hour / 60;
	for (int64_t x = from; x < to || x == from; x++) {
		const struct cell *cell;

		if (x < 0 || x >= hour * HOME_HOURS)
			continue;
		cell = cells_row(rect.y) + rect.x + x;
		cells_add(rect.y, rect.x + (int)x, 1, cell->code != ' ' && cell->code != 0 ? "!" : x == from ? "[" : "=",
		    cell->code != ' ' && cell->code != 0 ? ROLE_BAD : ROLE_NORMAL);
	}
}

static int
home_draw_strip(const struct home *home, struct rect rect)
{
	const Kehu__TodaySection *section = home_appointments(home);
	int hour = (rect.cols - 1) / HOME_HOURS;

	if (section == NULL || rect.rows < 3 || hour < 3)
		return 0;
	if (hour > HOME_HOUR_COLS_MAX)
		hour = HOME_HOUR_COLS_MAX;
	cells_putf(rect.y, rect.x + 1, rect.cols - 1, ROLE_STRONG, "%s (%u)", tr(T_HOME_DAY), section->count);
	for (int i = 0; i < HOME_HOURS; i++)
		cells_putf(rect.y + 1, rect.x + 1 + i * hour, hour, ROLE_MUTED, "%02d", HOME_HOUR_FROM + i);
	for (size_t i = 0; i < section->page->n_rows; i++)
		home_draw_block(home, section->page, section->page->rows[i],
		    (struct rect){ rect.y + 2, rect.x + 1, 1, rect.cols - 1 }, hour);
	return 3;
}

/* ---- the screen ---- */

static void
home_draw_right(struct home *home, struct rect rect)
{
	static const enum home_pane_name order[] = { HOME_MESSAGES, HOME_TEAM, HOME_HERE, HOME_RECENT };
	int used = home_draw_goals(home, rect), wanted[HOME_PANES] = { 0 }, left;

	used += home_draw_strip(home, (struct rect){ rect.y + used, rect.x, rect.rows - used, rect.cols });
	left = rect.rows - used;
	/* A few lines for each that has any; what is left goes to the first that wants more. */
	for (size_t i = 0; i < 4; i++) {
		size_t total = home->panes[order[i]].list.total;
		/* An empty list of what was open last tells how to begin. */
		int rows = total == 0 ? (order[i] == HOME_RECENT ? 2 : 0) : total < 3 ? (int)total + 1 : 4;

		wanted[order[i]] = rows > left ? left : rows;
		left -= wanted[order[i]];
	}
	for (size_t i = 0; i < 4; i++) {
		int more = (int)home->panes[order[i]].list.total + 1 - wanted[order[i]];

		if (wanted[order[i]] == 0 || more <= 0)
			continue;
		more = more > left ? left : more;
		wanted[order[i]] += more;
		left -= more;
	}
	for (size_t i = 0; i < 4; i++) {
		home_draw_pane(home, order[i],
		    (struct rect){ rect.y + used, rect.x, wanted[order[i]], rect.cols });
		used += wanted[order[i]];
	}
}

static void
home_draw_views(const struct home *home, int y, int cols)
{
	const char *text = tr(T_HOME_VIEWS);

	for (size_t i = 0; i < views_count(home->app); i++) {
		const struct view *view = views_at(home->app, i);

		text = arena_printf(cells_scratch(), "%s  %c %s", text, view->letter ? view->letter : '-', view->name);
	}
	if (views_count(home->app) == 0)
		text = arena_printf(cells_scratch(), "%s %s", text, tr(T_HOME_VIEWS_NONE));
	cells_put(y, 1, cols - 1, text_cut(cells_scratch(), text, (size_t)cols - 1, false), ROLE_NORMAL);
}

static void
home_count_lists(struct home *home)
{
	const Kehu__TodaySection *messages = home_messages(home);

	list_set_total(&home->panes[HOME_MESSAGES].list, messages != NULL ? messages->page->n_rows : 0, false);
	list_set_total(&home->panes[HOME_TEAM].list, home->team != NULL ? home->team->n_members : 0, false);
	list_set_total(&home->panes[HOME_HERE].list, home_here_count(home), false);
	home->recent_count = recent_list(home->app, 0, home->recent, HOME_ROWS);
	list_set_total(&home->panes[HOME_RECENT].list, home->recent_count, false);
}

void
home_draw(struct screen *screen, struct rect rect)
{
	struct home *home = (struct home *)screen;
	int left = rect.cols * HOME_TODAY_COLS / 80, rows = rect.rows - 3;

	if (home->lang != home->app->lang && link_lang(home->app->link) == home->app->lang)
		home_load(home, true);
	home_count_lists(home);
	if (home->item_rows != (size_t)rows - 1)
		home_today_make(home, (size_t)rows - 1);
	home->panes[HOME_TODAY].list.empty =
	    home->failed ? tr(T_HOME_FAILED) : home->today == NULL ? ""
			 : tr(home_can_visit(home)			? T_HOME_TODAY_NONE
			      : home_new_entity(home) != NULL	? T_HOME_TODAY_ORDER
								: T_HOME_TODAY_EMPTY);
	home->panes[HOME_RECENT].list.empty = tr(T_HOME_RECENT_NONE);
	cells_rule(rect.y, 0, rect.cols);
	home_draw_right(home, (struct rect){ rect.y + 1, left + 1, rows, rect.cols - left - 1 });
	if (!home_pane_shown(home, home->focus))
		home->focus = HOME_TODAY;
	home_draw_pane(home, HOME_TODAY, (struct rect){ rect.y + 1, 0, rows, left });
	cells_upright(rect.y + 1, left, rows);
	cells_rule(rect.y + 1 + rows, 0, rect.cols);
	home_draw_views(home, rect.y + 2 + rows, rect.cols);
	const struct list *list = &home->panes[home->focus].list;
	cells_cursor(list->body.y + (int)(list->cursor - list->top), list->body.x);
}
