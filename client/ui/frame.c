/*
 * Drawing of the frame. Every frame is drawn whole into the cells; what really differs is
 * found when it is sent. Spinner and clock change without a key, so the frame also says when.
 */
#include "client/ui/frame.h"
#include "client/ui/term.h"
#include "common/date.h"
#include "common/text.h"
#include <time.h>

enum {
	FRAME_SPIN_AFTER_MS = 150,
	FRAME_SPIN_MS = 250,
	FRAME_SAY_CANCEL_MS = 2000,
	FRAME_SAY_SECONDS_MS = 10000,
	FRAME_BAR_COLS = 79,
};

bool
frame_too_small(void)
{
	return cells_rows() < FRAME_MIN_ROWS || cells_cols() < FRAME_MIN_COLS;
}

enum ctx
frame_context(struct screen *screen)
{
	return screen->ops->context_now ? screen->ops->context_now(screen)
					: screen->ops->context;
}

/* Clock and spinner --------------------------------------------------------------------------
 */

int
frame_offset_min(const struct ui *ui)
{
	time_t now = time(NULL);
	struct tm local;

	if (ui->clock_minutes != FRAME_LOCAL_CLOCK)
		return ui->clock_minutes;
	localtime_r(&now, &local);
	return (int)(local.tm_gmtoff / 60);
}

static int
frame_minute(const struct ui *ui)
{
	return (int)((date_now_us() / US_PER_SECOND / 60 + frame_offset_min(ui)) % (24 * 60));
}

static int
frame_spin(const struct ui *ui, int64_t now_ms)
{
	int64_t busy_ms = now_ms - ui->busy_since_ms;

	if (!ui->busy || busy_ms < FRAME_SPIN_AFTER_MS)
		return 0;
	return 1 + (int)(busy_ms / FRAME_SPIN_MS);
}

bool
frame_changes(struct ui *ui, int64_t now_ms)
{
	int64_t deadline_ms = message_deadline_ms();

	if (deadline_ms >= 0 && now_ms >= deadline_ms) {
		message_acted();
		return true;
	}
	return frame_minute(ui) != ui->clock_shown || frame_spin(ui, now_ms) != ui->spin_shown;
}

int64_t
frame_deadline_ms(const struct ui *ui, int64_t now_ms)
{
	int64_t until_minute_ms = 60000 - date_now_us() / 1000 % 60000 + 5;
	int64_t deadline_ms = now_ms + until_minute_ms, said_ms = message_deadline_ms(),
		busy_ms;

	if (said_ms >= 0 && said_ms < deadline_ms)
		deadline_ms = said_ms;
	if (ui->busy) {
		busy_ms = now_ms - ui->busy_since_ms;
		busy_ms = busy_ms < FRAME_SPIN_AFTER_MS
			      ? FRAME_SPIN_AFTER_MS - busy_ms
			      : FRAME_SPIN_MS - busy_ms % FRAME_SPIN_MS;
		if (now_ms + busy_ms < deadline_ms)
			deadline_ms = now_ms + busy_ms;
	}
	return deadline_ms;
}

/* Rows ----------------------------------------------------------------------------------------
 */

static int
frame_draw_modules(const struct ui *ui, const struct screen *base, int x, int cols)
{
	for (size_t i = 0; i < ui->module_count; i++) {
		const char *name = ui->modules[i][tr_lang()];
		if (name == NULL)
			continue;
		bool current = base->ops->module == (int)i + 1,
		     home = base->ops->context == CTX_HOME;
		const char *text = arena_printf(cells_scratch(), current ? "[%s]" : "%s", name);

		/* Digits go to modules on the home screen only, so only there they are shown.
		 */
		if (home)
			text = arena_printf(cells_scratch(), "%zu%s", i + 1, name);
		if ((int)text_cols(text) + 1 > cols - x)
			break;
		x += cells_add(0, x, cols - x, text, ROLE_CHROME) + 1;
	}
	return x;
}

static void
frame_draw_title(struct ui *ui, struct screen *base)
{
	const char *title = base->ops->title ? base->ops->title(base) : "";
	int cols = cells_cols(), left, link_cols = (int)text_cols(ui->link);
	char *right;

	ui->clock_shown = frame_minute(ui);
	right = arena_printf(cells_scratch(), " %s %02d:%02d %s ", ui->user,
	    ui->clock_shown / 60, ui->clock_shown % 60, ui->link);
	left = cols - (int)text_cols(right);
	cells_put(0, 0, cols, "", ROLE_CHROME);
	if (ui->banner[0] != '\0') {
		int x = cells_add(0, 0, left,
		    arena_printf(cells_scratch(), " %s %s ", tr(T_APP), title), ROLE_CHROME);

		cells_add(0, x, left > x ? left - x : 0, ui->banner, ROLE_BAD);
	} else if (ui->module_count) {
		int x = cells_add(0, 0, left,
		    arena_printf(cells_scratch(), " %s %s", tr(T_APP), title), ROLE_CHROME);

		frame_draw_modules(ui, base, x + 2, left);
	} else {
		cells_add(0, 0, left,
		    arena_printf(cells_scratch(), " %s  %s", tr(T_APP), title), ROLE_CHROME);
	}
	cells_add(0, left > 0 ? left : 0, cols, right, ROLE_CHROME);
	if (ui->link_role == ROLE_BAD) /* a lost link stands out of the reversed row */
		cells_paint(0, cols - 1 - link_cols, link_cols, ROLE_BAD);
}

static const char *
frame_spinner(const struct ui *ui, int64_t now_ms)
{
	static const char spin[] = "|/-\\";
	int64_t busy_ms = now_ms - ui->busy_since_ms;
	char turn = spin[ui->spin_shown % 4];

	if (busy_ms < FRAME_SAY_CANCEL_MS)
		return arena_printf(cells_scratch(), "%c", turn);
	if (busy_ms < FRAME_SAY_SECONDS_MS)
		return arena_printf(cells_scratch(), "%c %s", turn, tr(T_CANCEL_KEY));
	return arena_printf(
	    cells_scratch(), "%c %s  %ds", turn, tr(T_CANCEL_KEY), (int)(busy_ms / 1000));
}

static void
frame_draw_message(struct ui *ui, int y, int cols)
{
	int64_t now_ms = loop_now_ms();
	const struct message *said = message_now(now_ms);

	ui->spin_shown = frame_spin(ui, now_ms);
	if (said)
		cells_put(y, 0, cols - (ui->spin_shown ? 16 : 0), message_text(said),
		    message_role(said));
	if (ui->spin_shown)
		cells_put_right(y, said ? cols - 16 : 0, said ? 15 : cols - 1,
		    frame_spinner(ui, now_ms), ROLE_NORMAL);
}

static bool
frame_bar_works(void *arg, enum act act)
{
	struct screen *screen = arg;

	return !screen->ui->withheld[act] && (!screen->ops->can || screen->ops->can(screen, act));
}

static const char *
frame_bar_label(void *arg, enum act act)
{
	struct screen *screen = arg;

	return screen->ops->label ? screen->ops->label(screen, act) : NULL;
}

static void
frame_draw_bar(struct screen *top, int y, int cols)
{
	struct key_bar bar = {
		.context = frame_context(top),
		.lang = tr_lang(),
		.width_cols = cols - 1 < FRAME_BAR_COLS ? cols - 1 : FRAME_BAR_COLS,
		.works = frame_bar_works,
		.label = frame_bar_label,
		.arg = top,
	};

	cells_put(y, 0, cols, key_bar(cells_scratch(), &bar), ROLE_CHROME);
}

static void
frame_draw_screen(struct screen *screen, int rows, int cols)
{
	struct rect body = { .y = 2, .rows = rows - 5, .cols = cols };

	if (screen->ops->popup)
		body = (struct rect){ .rows = rows, .cols = cols };
	screen->ops->draw(screen, body);
	if (screen->ops->head) /* after the body, whose rows in sight it may name */
		screen->ops->head(screen, (struct rect){ .y = 1, .rows = 1, .cols = cols });
}

/* Screens from the topmost that is no popup upwards. */
static void
frame_draw_stack(struct screen *screen, int rows, int cols)
{
	if (screen->ops->popup && screen->below)
		frame_draw_stack(screen->below, rows, cols);
	frame_draw_screen(screen, rows, cols);
}

static void
frame_draw_notice(int rows, int cols)
{
	char *notice = arena_printf(cells_scratch(), tr(T_TOO_SMALL), cols, rows);

	for (int y = 0; y < rows && *notice; y++) {
		size_t fit = text_fit(notice, (size_t)cols, NULL);

		cells_put(y, 0, cols, arena_strndup(cells_scratch(), notice, fit), ROLE_NORMAL);
		if (!fit)
			break;
		notice += fit;
	}
}

void
ui_draw(struct ui *ui)
{
	int rows = cells_rows(), cols = cells_cols();
	struct screen *base = ui->top;
	const char *hint;

	cells_erase();
	if (frame_too_small()) {
		frame_draw_notice(rows, cols);
		return;
	}
	if (!base)
		return;
	while (base->ops->popup && base->below)
		base = base->below;
	frame_draw_title(ui, base);
	hint = ui->top->ops->hint ? ui->top->ops->hint(ui->top) : NULL;
	if (hint)
		cells_put(rows - 3, 0, cols, hint, ROLE_NORMAL);
	frame_draw_message(ui, rows - 2, cols);
	frame_draw_bar(ui->top, rows - 1, cols);
	frame_draw_stack(ui->top, rows, cols);
}
