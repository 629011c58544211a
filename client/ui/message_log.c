/* The popup of message_log.h: a pager over the ring of message.c. */
#include "client/ui/message_log.h"
#include "client/ui/frame.h"
#include "client/ui/pager.h"
#include "common/date.h"
#include "common/mem.h"
#include <stdlib.h>
#include <string.h>

struct message_log {
	struct screen screen;
	struct pager pager;
	int offset_min;
};

static const char *
message_log_line(void *arg, size_t index)
{
	struct message_log *log = arg;
	const struct message *said = message_logged(index);
	char *when;

	if (!said)
		return NULL;
	when = date_format_us(cells_scratch(), said->when_us, log->offset_min);
	return arena_printf(cells_scratch(), "%s %s", when, message_text(said));
}

static void
message_log_draw(struct screen *screen, struct rect rect)
{
	struct message_log *log = (struct message_log *)screen;
	struct rect box = cells_centre(18, 60);

	(void)rect;
	cells_box(box, tr(T_LOG_TITLE));
	pager_draw(
	    &log->pager, (struct rect){ box.y + 1, box.x + 1, box.rows - 2, box.cols - 2 });
}

static unsigned
message_log_key(struct screen *screen, enum act act, const struct event *event)
{
	(void)event;
	if (act == ACT_open)
		return UI_DONE | UI_CLOSE;
	return pager_key(&((struct message_log *)screen)->pager, act);
}

/* Reading it shows nothing that F5, F6 and the like could act on. */
static bool
message_log_can(struct screen *screen, enum act act)
{
	(void)screen;
	return act == ACT_help || act == ACT_back || act == ACT_redraw;
}

static void
message_log_leave(struct screen *screen)
{
	free(screen);
}

static const struct screen_ops message_log_ops = {
	.name = "message_log",
	.context = CTX_PAGER,
	.popup = true,
	.draw = message_log_draw,
	.can = message_log_can,
	.key = message_log_key,
	.leave = message_log_leave,
};

void
message_log_open(struct ui *ui)
{
	struct message_log *log = mem_zalloc(1, sizeof *log);

	log->screen.ops = &message_log_ops;
	log->offset_min = frame_offset_min(ui);
	log->pager = (struct pager){ .line = message_log_line, .arg = log, .width_cols = 280 };
	while (message_logged(log->pager.count))
		log->pager.count++;
	ui_push(ui, &log->screen);
}
