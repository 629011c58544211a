/*
 * The help popup: a search line over the entries of the key table that mean something on
 * the screen below.
 */
#include "client/ui/help.h"
#include "client/ui/edit.h"
#include "client/ui/frame.h"
#include "client/ui/list.h"
#include "client/ui/picker.h"
#include "common/mem.h"
#include "common/text.h"
#include <stdlib.h>

enum { HELP_ROWS = 18, HELP_COLS = 60 };

struct help {
	struct screen screen;
	struct ui *ui;
	enum ctx context; /* of the screen below; CTX_ALL after F1 again */
	enum ctx below;
	struct edit edit;
	struct list list;
	struct list_column columns[2];
	enum act found[ACT_COUNT];
	size_t count;
	enum err code; /* of the message on show when help was asked for, or OK */
	struct list_row row;
	const char *cells[2];
};

static const struct list_row *
help_row(void *arg, size_t index)
{
	struct help *help = arg;
	enum act act = help->found[index];

	help->cells[0] = key_keys(cells_scratch(), act, help->context);
	help->cells[1] = key_help(act, tr_lang());
	help->row = (struct list_row){ .id = act, .cells = help->cells };
	return &help->row;
}

/* Entries whose keys, word or explanation have what was typed, best matches first. */
static void
help_search(struct help *help)
{
	const char *typed = edit_text(&help->edit);

	help->count = 0;
	for (int wanted = *typed ? 3 : 1; wanted >= 1; wanted--) {
		for (int act = 1; act < ACT_COUNT; act++) {
			char *keys = key_keys(cells_scratch(), (enum act)act, help->context);
			int fits = 0, more;

			if (!*keys || help->ui->withheld[act])
				continue;
			more = picker_match(key_label((enum act)act, tr_lang()), typed);
			fits = more;
			more = picker_match(keys, typed);
			fits = more > fits ? more : fits;
			more = picker_match(key_help((enum act)act, tr_lang()), typed) > 0;
			fits = more > fits ? more : fits;
			if (fits == wanted)
				help->found[help->count++] = (enum act)act;
		}
	}
	list_reset(&help->list, help->count, false);
}

static unsigned
help_run(struct help *help)
{
	struct ui *ui = help->screen.ui;
	enum act act = help->count ? help->found[help->list.cursor] : ACT_NONE;
	bool here = help->context == help->below;

	if (act == ACT_NONE || !here)
		return UI_HANDLED;
	ui_pop_to(ui, &help->screen);
	ui_pop(ui);
	ui_do(ui, act);
	return UI_DONE;
}

static unsigned
help_key(struct screen *screen, enum act act, const struct event *event)
{
	struct help *help = (struct help *)screen;
	unsigned flags;

	switch (act) {
	case ACT_open:
		return help_run(help);
	case ACT_help:
		help->context = CTX_ALL;
		help_search(help);
		return UI_DONE;
	case ACT_up:
	case ACT_down:
	case ACT_page_up:
	case ACT_page_down:
		return list_key(&help->list, act, event);
	case ACT_back:
	case ACT_cancel:
		return UI_DONE | UI_CLOSE;
	default:
		break;
	}
	flags = edit_key(&help->edit, act, event);
	if (flags & UI_CHANGED)
		help_search(help);
	return flags;
}

static void
help_draw(struct screen *screen, struct rect rect)
{
	struct help *help = (struct help *)screen;
	struct rect box = cells_centre(HELP_ROWS, HELP_COLS);
	struct rect body = { box.y + 1, box.x + 1, box.rows - 2, box.cols - 2 };
	int used;

	(void)rect;
	cells_box(box, tr(T_HELP_TITLE));
	list_draw(
	    &help->list, (struct rect){ body.y + 1, body.x, body.rows - 1, body.cols }, true);
	used = cells_add(body.y, body.x, body.cols, tr(T_HELP_SEARCH), ROLE_NORMAL);
	edit_draw(&help->edit, (struct rect){ body.y, body.x + used, 1, body.cols - used },
	    ROLE_NORMAL, true);
}

static const char *
help_hint(struct screen *screen)
{
	enum err code = ((struct help *)screen)->code;

	if (code == ERR_OK)
		return tr(T_HELP_HINT);
	return arena_printf(cells_scratch(),
	    tr(err_retry_safe(code) ? T_HELP_CODE_AGAIN : T_HELP_CODE), (int)code,
	    err_text(code, tr_lang()));
}

static void
help_leave(struct screen *screen)
{
	struct help *help = (struct help *)screen;

	edit_fini(&help->edit);
	list_fini(&help->list);
	free(help);
}

static const struct screen_ops help_ops = {
	.name = "help",
	.context = CTX_HELP,
	.popup = true,
	.draw = help_draw,
	.hint = help_hint,
	.key = help_key,
	.leave = help_leave,
};

void
help_open(struct ui *ui)
{
	struct help *help = mem_zalloc(1, sizeof *help);
	struct screen *top = ui_top(ui);

	help->screen.ops = &help_ops;
	help->ui = ui;
	help->below = help->context = top ? frame_context(top) : CTX_ALL;
	help->code = ui->said_code;
	edit_init(&help->edit, 40);
	help->columns[0] = (struct list_column){ .title = "", .min_cols = 18, .want_cols = 18 };
	help->columns[1] = (struct list_column){ .title = "", .min_cols = 20, .stretch = true };
	help->list = (struct list){ .columns = help->columns,
		.column_count = 2,
		.row = help_row,
		.arg = help,
		.plain = true,
		.empty = tr(T_PICK_NONE) };
	list_init(&help->list);
	help_search(help);
	ui_push(ui, &help->screen);
}
