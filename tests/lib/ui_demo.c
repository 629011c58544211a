/*
 * The demo of ui_demo.h: a list with a filter line, a form, a picker, a palette, a
 * question and a pager, as screens of the client are made.
 */
#include "tests/lib/ui_demo.h"
#include "client/ui/confirm.h"
#include "client/ui/form.h"
#include "client/ui/list.h"
#include "client/ui/message_log.h"
#include "client/ui/pager.h"
#include "client/ui/picker.h"
#include "client/ui/prompt.h"
#include "client/ui/term.h"
#include "client/ui/ui.h"
#include "common/date.h"
#include "common/text.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEMO_ROWS = 500 };

static const char *const demo_cities[] = { "上海", "杭州", "宁波", "深圳", "北京", "成都",
	"西安" };
static const char *const demo_trades[] = { "银行", "软件", "轴承厂", "贸易", "港务集团",
	"设计院", "物流", "电力", "Acme电子", "农商行", "数据服务" };
static const char *const demo_methods[] = { "上门", "电话", "视频", "展会" };

static const char *
demo_name(struct arena *arena, size_t number)
{
	return arena_printf(arena, "%s%s%s%zu部",
	    demo_cities[number % (sizeof demo_cities / sizeof *demo_cities)],
	    number % 3 ? "华信" : "明珠",
	    demo_trades[number % (sizeof demo_trades / sizeof *demo_trades)], number % 17);
}

/* The form ----------------------------------------------------------------------------------
 */

enum { DEMO_CUSTOMER, DEMO_DAY, DEMO_METHOD, DEMO_AMOUNT, DEMO_REMIND, DEMO_NOTE, DEMO_FIELDS };

struct demo_form {
	struct screen screen;
	struct form form;
	struct form_field fields[DEMO_FIELDS];
};

static void
demo_form_check(void *arg, struct form *form, size_t index)
{
	struct arena *arena = arena_new(0);
	int64_t day;

	(void)arg;
	if (index == DEMO_DAY) {
		form_set_echo(form, index, NULL);
		if (date_parse(form_value(form, index),
			date_from_ymd((struct ymd){ 2026, 11, 22 }), false, &day) != ERR_OK)
			form_set_error(form, index, err_text(ERR_NOT_A_DATE, tr_lang()));
		else
			form_set_echo(form, index,
			    arena_printf(
				arena, "= %s", date_format_weekday(arena, day, tr_lang())));
	}
	arena_free(arena);
}

static void
demo_search(void *arg, struct picker *picker, const char *text)
{
	struct arena *arena = arena_new(0);
	size_t found = 0;

	(void)arg;
	picker_clear(picker);
	for (int want = *text ? 3 : 1; want >= 1; want--) {
		for (size_t i = 0; i < 60 && found < 50; i++) {
			struct picker_item item = { .id = (int64_t)i,
				.label = demo_name(arena, i),
				.note = arena_printf(arena, "#%zu", 100000 + i),
				.exact = want == 3 };

			if (picker_match(item.label, text) != want)
				continue;
			picker_add(picker, &item);
			found++;
		}
	}
	arena_free(arena);
}

static unsigned
demo_form_take(void *arg, const struct picker_item *item, const char *text)
{
	struct demo_form *demo = arg;

	(void)text;
	if (!item)
		return UI_HANDLED;
	form_put(&demo->form, DEMO_CUSTOMER, item->label);
	form_set_echo(&demo->form, DEMO_CUSTOMER, item->note);
	return UI_DONE | UI_CLOSE;
}

static void
demo_form_left(void *arg, int choice)
{
	struct demo_form *demo = arg;

	if (choice == 1)
		ui_pop_to(demo->screen.ui, ui_root(demo->screen.ui));
}

static unsigned
demo_form_key(struct screen *screen, enum act act, const struct event *event)
{
	struct demo_form *demo = (struct demo_form *)screen;
	unsigned flags = form_key(&demo->form, act, event);

	if (flags & UI_ACT) {
		message_sayf(SAY_OK, "%s", tr_pick("saved", "已保存"));
		return UI_DONE | UI_CLOSE;
	}
	if (flags & UI_LOOKUP)
		picker_open(screen->ui, &(struct picker_config){ .title = "客户",
					    .text = form_value(&demo->form, DEMO_CUSTOMER),
					    .search = demo_search,
					    .take = demo_form_take,
					    .arg = demo });
	if (flags & UI_ASK)
		confirm_paste(screen->ui, &demo->fields[demo->form.focus].edit);
	if (flags == UI_NONE && (act == ACT_back || act == ACT_cancel) &&
	    form_dirty(&demo->form)) {
		confirm_open(screen->ui, &(struct confirm_config){ .title = "未保存",
					     .text = "这张表还没有保存。",
					     .choices = { "继续填写", "放弃" },
					     .letters = { 0, 'd' },
					     .answer = demo_form_left,
					     .arg = demo });
		return UI_DONE;
	}
	return flags;
}

static void
demo_form_draw(struct screen *screen, struct rect rect)
{
	form_draw(&((struct demo_form *)screen)->form, rect, true);
}

static void
demo_form_head(struct screen *screen, struct rect rect)
{
	cells_put_right(rect.y, rect.x, rect.cols - 1,
	    form_progress(&((struct demo_form *)screen)->form), ROLE_NORMAL);
}

static const char *
demo_form_hint(struct screen *screen)
{
	return form_hint(&((struct demo_form *)screen)->form);
}

static const char *
demo_form_title(struct screen *screen)
{
	(void)screen;
	return tr_pick("New visit", "新建拜访");
}

static void
demo_form_leave(struct screen *screen)
{
	form_fini(&((struct demo_form *)screen)->form);
	free(screen);
}

static const struct screen_ops demo_form_ops = {
	.name = "demo_form",
	.context = CTX_FORM,
	.title = demo_form_title,
	.head = demo_form_head,
	.draw = demo_form_draw,
	.hint = demo_form_hint,
	.key = demo_form_key,
	.leave = demo_form_leave,
};

static void
demo_form_open(struct ui *ui)
{
	static const struct form_field fields[DEMO_FIELDS] = {
		{ .id = 1,
		    .label = "客户",
		    .required = true,
		    .lookup = true,
		    .help = "名称、拼音或编号" },
		{ .id = 2,
		    .label = "日期",
		    .required = true,
		    .cols = 14,
		    .help = "如 +3d 周五 1123" },
		{ .id = 3,
		    .label = "方式",
		    .kind = FORM_CHOICE,
		    .choices = demo_methods,
		    .choice_count = 4,
		    .cols = 8,
		    .help = "编号、文字或拼音首字母" },
		{ .id = 4,
		    .label = "金额",
		    .cols = 14,
		    .beside = true,
		    .digits = true,
		    .help = "元" },
		{ .id = 5, .label = "提醒", .kind = FORM_CHECK, .help = "空格切换" },
		{ .id = 6,
		    .label = "内容",
		    .section = "记录",
		    .kind = FORM_BLOCK,
		    .max_chars = 500,
		    .help = "拜访内容" },
	};
	struct demo_form *demo = calloc(1, sizeof *demo);

	if (!demo)
		abort();
	demo->screen.ops = &demo_form_ops;
	memcpy(demo->fields, fields, sizeof fields);
	demo->form = (struct form){ .fields = demo->fields,
		.count = DEMO_FIELDS,
		.check = demo_form_check,
		.arg = demo };
	form_init(&demo->form);
	form_load(&demo->form, DEMO_DAY, "2026-11-22");
	ui_push(ui, &demo->screen);
}

/* The pager ---------------------------------------------------------------------------------
 */

struct demo_pager {
	struct screen screen;
	struct pager pager;
	char line[400];
};

static const char *
demo_pager_line(void *arg, size_t index)
{
	struct demo_pager *demo = arg;

	snprintf(demo->line, sizeof demo->line,
	    "%3zu 拜访单 日期 客户 地点 目的 结果 下一步 负责人 金额 审批 签字 "
	    "备注一二三四五六七八九十甲乙丙丁",
	    index + 1);
	return demo->line;
}

static void
demo_pager_draw(struct screen *screen, struct rect rect)
{
	pager_draw(&((struct demo_pager *)screen)->pager, rect);
}

static unsigned
demo_pager_key(struct screen *screen, enum act act, const struct event *event)
{
	(void)event;
	return pager_key(&((struct demo_pager *)screen)->pager, act);
}

static void
demo_leave(struct screen *screen)
{
	free(screen);
}

static const struct screen_ops demo_pager_ops = {
	.name = "demo_pager",
	.context = CTX_PAGER,
	.draw = demo_pager_draw,
	.key = demo_pager_key,
	.leave = demo_leave,
};

static void
demo_pager_open(struct ui *ui)
{
	struct demo_pager *demo = calloc(1, sizeof *demo);

	if (!demo)
		abort();
	demo->screen.ops = &demo_pager_ops;
	demo->pager = (struct pager){
		.line = demo_pager_line, .arg = demo, .count = 96, .width_cols = 110
	};
	ui_push(ui, &demo->screen);
}

/* The list ----------------------------------------------------------------------------------
 */

struct demo_list {
	struct screen screen;
	struct list list;
	struct prompt prompt;
	struct arena *arena;
	size_t rows, shown[DEMO_ROWS], drawn;
	const char *cells[6];
	struct list_row row;
	bool slow;
};

static struct list_column demo_columns[] = {
	{ .title = "编号", .min_cols = 6, .want_cols = 8 },
	{ .title = "名称",
	    .min_cols = 16,
	    .want_cols = 24,
	    .stretch = true,
	    .sort = LIST_RISING },
	{ .title = "城市", .min_cols = 4, .want_cols = 6, .priority = 1 },
	{ .title = "级", .min_cols = 2, .want_cols = 2, .priority = 2 },
	{ .title = "金额", .min_cols = 8, .want_cols = 10, .align = LIST_RIGHT, .priority = 3 },
	{ .title = "进度", .min_cols = 8, .want_cols = 10, .bar = true, .priority = 4 },
};

static const struct list_row *
demo_row(void *arg, size_t index)
{
	struct demo_list *demo = arg;
	size_t number = demo->shown[index];

	demo->cells[0] = arena_printf(cells_scratch(), "%zu", 100000 + number);
	demo->cells[1] = demo_name(cells_scratch(), number);
	demo->cells[2] = demo_cities[number % (sizeof demo_cities / sizeof *demo_cities)];
	demo->cells[3] = number % 4 ? "B" : "A";
	demo->cells[4] = arena_printf(cells_scratch(), "%zu,000", number % 900 + 1);
	demo->cells[5] = arena_printf(cells_scratch(), "%zu/50", number % 51);
	demo->row = (struct list_row){ .id = (int64_t)number, .cells = demo->cells };
	return &demo->row;
}

static void
demo_filter(struct demo_list *demo)
{
	const char *want = prompt_text(&demo->prompt);
	size_t count = 0;

	for (size_t i = 0; i < demo->rows; i++) {
		arena_reset(demo->arena);
		if (picker_match(demo_name(demo->arena, i), want))
			demo->shown[count++] = i;
	}
	list_reset(&demo->list, count, false);
}

static void
demo_list_head(struct screen *screen, struct rect rect)
{
	struct demo_list *demo = (struct demo_list *)screen;

	prompt_draw(&demo->prompt, rect, list_range(cells_scratch(), &demo->list));
}

static void
demo_list_draw(struct screen *screen, struct rect rect)
{
	struct demo_list *demo = (struct demo_list *)screen;

	demo->drawn++;
	list_draw(&demo->list, rect, !demo->prompt.open);
}

static enum ctx
demo_list_context(struct screen *screen)
{
	return ((struct demo_list *)screen)->prompt.open ? CTX_INPUT : CTX_LIST;
}

static const char *
demo_list_hint(struct screen *screen)
{
	struct demo_list *demo = (struct demo_list *)screen;

	return arena_printf(cells_scratch(), tr(T_LIST_MARKED), list_marked(&demo->list));
}

static void
demo_list_deleted(void *arg, int choice)
{
	struct demo_list *demo = arg;

	if (choice == 0) {
		message_sayf(SAY_OK, "%zu 个客户已停用", list_marked(&demo->list));
		list_unmark_all(&demo->list);
	}
}

static unsigned
demo_list_take(void *arg, const struct picker_item *item, const char *text)
{
	struct demo_list *demo = arg;

	(void)text;
	if (item)
		list_go(&demo->list, (size_t)item->id);
	return UI_DONE | UI_CLOSE;
}

static unsigned
demo_list_act(struct demo_list *demo, enum act act)
{
	struct ui *ui = demo->screen.ui;

	switch (act) {
	case ACT_find:
		prompt_open(&demo->prompt);
		return UI_DONE;
	case ACT_new:
	case ACT_edit:
		demo_form_open(ui);
		return UI_DONE;
	case ACT_print:
		demo_pager_open(ui);
		return UI_DONE;
	case ACT_actions:
		confirm_open(ui, &(struct confirm_config){ .title = "停用",
				     .text = "所选客户将停用。",
				     .number = list_marked(&demo->list),
				     .choices = { "好" },
				     .answer = demo_list_deleted,
				     .arg = demo });
		return UI_DONE;
	case ACT_go:
		picker_open(ui, &(struct picker_config){ .title = tr(T_GO_PROMPT),
				    .palette = true,
				    .search = demo_search,
				    .take = demo_list_take,
				    .arg = demo });
		return UI_DONE;
	case ACT_copy_record:
		message_log_open(ui);
		return UI_DONE;
	case ACT_copy: /* what a broken client would do */
		abort();
	case ACT_refresh:
		tr_set_lang(tr_lang() == LANG_ZH ? LANG_EN : LANG_ZH);
		return UI_DONE;
	case ACT_undo:
		message_sayf(SAY_NOTE, "drawn %zu", demo->drawn);
		return UI_DONE;
	case ACT_back:
		return UI_CLOSE;
	default:
		return UI_NONE;
	}
}

static unsigned
demo_list_key(struct screen *screen, enum act act, const struct event *event)
{
	struct demo_list *demo = (struct demo_list *)screen;
	unsigned flags;

	if (event->kind == EVENT_PASTE && !demo->prompt.open)
		prompt_open(&demo->prompt);
	if (demo->prompt.open) {
		flags = prompt_key(&demo->prompt, act, event);
		if (flags & UI_CHANGED)
			demo_filter(demo);
		return flags;
	}
	flags = list_key(&demo->list, act, event);
	if (flags & UI_ACT)
		message_sayf(SAY_NOTE, "open %zu, pending %zu", demo->list.cursor,
		    list_pending(&demo->list));
	return flags == UI_NONE ? demo_list_act(demo, act) : flags | UI_REDRAW;
}

static const char *
demo_list_title(struct screen *screen)
{
	(void)screen;
	return tr_pick("Demo", "演示");
}

static void
demo_list_leave(struct screen *screen)
{
	struct demo_list *demo = (struct demo_list *)screen;

	list_fini(&demo->list);
	prompt_fini(&demo->prompt);
	arena_free(demo->arena);
	free(demo);
}

static const struct screen_ops demo_list_ops = {
	.name = "demo_list",
	.context = CTX_LIST,
	.module = 2,
	.context_now = demo_list_context,
	.title = demo_list_title,
	.head = demo_list_head,
	.draw = demo_list_draw,
	.hint = demo_list_hint,
	.key = demo_list_key,
	.leave = demo_list_leave,
};

static struct screen *
demo_list_new(size_t rows)
{
	struct demo_list *demo = calloc(1, sizeof *demo);

	if (!demo)
		abort();
	demo->screen.ops = &demo_list_ops;
	demo->arena = arena_new(0);
	demo->rows = rows < DEMO_ROWS ? rows : DEMO_ROWS;
	demo->prompt.label = "F7> ";
	prompt_init(&demo->prompt, 80);
	demo->list = (struct list){ .columns = demo_columns,
		.column_count = sizeof demo_columns / sizeof *demo_columns,
		.row = demo_row,
		.arg = demo,
		.options = "25678",
		.marks = true };
	list_init(&demo->list);
	demo_filter(demo);
	return &demo->screen;
}

static void
demo_cancel(void *arg)
{
	ui_busy_end(arg);
}

int
ui_demo_main(int argc, char **argv)
{
	static const char *const modules[][2] = { { "Home", "首页" }, { "Customers", "客户" },
		{ "Visits", "拜访" }, { "Reports", "报表" } };
	struct term_options options = { 0 };
	const char *why = NULL;
	size_t rows = DEMO_ROWS;
	bool slow = false;
	struct loop *loop;
	struct ui *ui;

	for (int i = 2; i < argc; i++) {
		if (strcmp(argv[i], "--en") == 0)
			tr_set_lang(LANG_EN);
		else if (strcmp(argv[i], "--mono") == 0)
			options.mono = true;
		else if (strncmp(argv[i], "--theme=", 8) == 0)
			options.theme = argv[i] + 8;
		else if (strcmp(argv[i], "--ascii") == 0)
			options.ascii = true;
		else if (strcmp(argv[i], "--mouse") == 0)
			options.mouse = true;
		else if (strcmp(argv[i], "--slow") == 0)
			slow = true;
		else if (strcmp(argv[i], "--rows") == 0 && i + 1 < argc)
			rows = (size_t)strtoul(argv[++i], NULL, 10);
	}
	if (term_open(&options, &why) != ERR_OK) {
		fprintf(stderr, "ui_demo: %s\n", why);
		return err_exit_status(ERR_USAGE);
	}
	if (!term_shows_han())
		tr_set_lang(LANG_EN);
	loop = loop_new();
	ui = ui_new(loop);
	ui_set_user(ui, "wangxm@上海");
	ui_set_link(ui, "OK", ROLE_NORMAL);
	ui_set_modules(ui, modules, sizeof modules / sizeof *modules);
	ui_set_cancel(ui, demo_cancel, ui);
	if (slow)
		ui_busy_begin(ui);
	ui_push(ui, demo_list_new(rows));
	ui_run(ui);
	ui_free(ui);
	loop_free(loop);
	term_close();
	cells_fini();
	return 0;
}
