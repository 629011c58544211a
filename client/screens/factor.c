/*
 * Setting up a second factor: the secret as a QR code and as text, a first code, and then the
 * recovery codes, once. In a login that wants one the link carries it; a signed-in user who
 * wants another telephone gives password and a code of the old one first.
 */
#include "client/screens/sign.h"

#include "client/print/qr.h"
#include "client/screens/ask.h"
#include "client/ui/edit.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/text.h"
#include <stdlib.h>
#include <string.h>

enum { FACTOR_CHARS = 128, FACTOR_TEXT_COLS = 40, FACTOR_EDITS = 2 };

struct factor {
	struct screen screen;
	struct app *app;
	struct arena *arena;
	bool own;          /* signed in: by requests of its own */
	bool busy;
	const char *secret; /* NULL: not there yet */
	const struct qr *qr;
	struct edit edits[FACTOR_EDITS]; /* own, before the secret: password, old code; else the code */
	size_t focus;
	uint32_t number;
};

struct recovery {
	struct screen screen;
	struct arena *arena;
	const char **codes;
	size_t count;
};

/* ---- recovery codes ---- */

static const char *
recovery_title(struct screen *screen)
{
	(void)screen;
	return tr(T_RECOVERY_TITLE);
}

static void
recovery_draw(struct screen *screen, struct rect rect)
{
	struct recovery *recovery = (struct recovery *)screen;
	const char **lines;
	size_t count = text_wrap(cells_scratch(), tr(T_RECOVERY_TEXT), (size_t)rect.cols - 8, &lines);
	int y = rect.y + 1;

	for (size_t i = 0; i < count; i++)
		cells_put(y++, rect.x + 4, rect.cols - 8, lines[i], ROLE_NORMAL);
	y++;
	for (size_t i = 0; i < recovery->count; i++)
		cells_putf(y + (int)i / 2, rect.x + 8 + (int)(i % 2) * 28, 26, ROLE_STRONG, "%2zu  %s", i + 1,
		    recovery->codes[i]);
	cells_put(y + (int)recovery->count / 2 + 2, rect.x + 4, rect.cols - 8, tr(T_RECOVERY_BUTTONS),
	    ROLE_STRONG);
}

/* Only Enter closes it: they are not shown again. */
static unsigned
recovery_key(struct screen *screen, enum act act, const struct event *event)
{
	(void)screen;
	(void)event;
	if (act == ACT_open)
		return UI_DONE | UI_CLOSE;
	return act == ACT_redraw || act == ACT_help ? UI_NONE : UI_DONE;
}

static bool
recovery_can(struct screen *screen, enum act act)
{
	(void)screen;
	return act == ACT_open || act == ACT_redraw || act == ACT_help;
}

static void
recovery_leave(struct screen *screen)
{
	struct recovery *recovery = (struct recovery *)screen;

	arena_free(recovery->arena);
	free(recovery);
}

static const struct screen_ops recovery_ops = {
	.name = "recovery",
	.context = CTX_LOGIN,
	.title = recovery_title,
	.draw = recovery_draw,
	.can = recovery_can,
	.key = recovery_key,
	.leave = recovery_leave,
};

void
factor_show_recovery(struct app *app, const Kehu__FactorAnswer *answer)
{
	if (answer == NULL || answer->n_recovery == 0)
		return;
	struct recovery *recovery = mem_zalloc(1, sizeof(*recovery));
	recovery->screen.ops = &recovery_ops;
	recovery->arena = arena_new(0);
	recovery->count = answer->n_recovery;
	recovery->codes = ARENA_ARRAY(recovery->arena, const char *, answer->n_recovery);
	for (size_t i = 0; i < answer->n_recovery; i++)
		recovery->codes[i] = arena_strdup(recovery->arena, answer->recovery[i]);
	ui_push(app->ui, &recovery->screen);
}

/* ---- the secret ---- */

static void
factor_take_secret(struct factor *factor, const Kehu__FactorAnswer *answer)
{
	factor->secret = arena_strdup(factor->arena, answer->secret);
	factor->qr = qr_new(factor->arena, answer->uri);
	factor->focus = 0;
	for (size_t i = 0; i < FACTOR_EDITS; i++)
		edit_clear(&factor->edits[i]);
	factor->edits[0].secret = false;
}

static void
factor_wait(struct factor *factor, bool busy)
{
	if (factor->busy == busy)
		return;
	factor->busy = busy;
	if (busy)
		ui_busy_begin(factor->app->ui);
	else
		ui_busy_end(factor->app->ui);
}

bool
factor_link_changed(struct app *app)
{
	struct link_status status = link_status(app->link);
	const Kehu__FactorAnswer *answer = link_factor_answer(app->link);
	struct factor *factor = app->factor;

	if (factor == NULL || factor->own)
		return false;
	if (!status.needs_login)
		return true;
	factor_wait(factor, false);
	if (!status.needs_factor) {
		/* Too slow, or refused for good: the login begins again. */
		ui_pop_to(app->ui, &factor->screen);
		ui_pop(app->ui);
		return false;
	}
	if (factor->secret == NULL && answer != NULL && answer->secret != NULL) {
		factor_take_secret(factor, answer);
		message_clear();
	} else if (factor->secret == NULL) {
		link_factor(app->link, LINK_FACTOR_BEGIN, NULL);
	} else {
		edit_clear(&factor->edits[0]);
		message_say(SAY_ERROR, (int)status.error, status.text);
	}
	return true;
}

/* ---- of one's own accord ---- */

static void
factor_on_answer(void *context, const Kehu__ServerFrame *frame)
{
	struct factor *factor = context;
	struct app *app = factor->app;

	factor->number = 0;
	if (link_error(frame) != ERR_OK) {
		ask_say_error(app, frame, 0);
		edit_clear(&factor->edits[factor->focus]);
		return;
	}
	if (frame->answer_case != KEHU__SERVER_FRAME__ANSWER_FACTOR)
		return;
	if (factor->secret == NULL) {
		factor_take_secret(factor, frame->factor);
		return;
	}
	ui_pop_to(app->ui, &factor->screen);
	ui_pop(app->ui);
	factor_show_recovery(app, frame->factor);
}

static void
factor_send(struct factor *factor)
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__Factor request = KEHU__FACTOR__INIT;

	if (factor->number != 0)
		return;
	request.has_step = true;
	request.step = factor->secret == NULL ? 2 : 3;
	if (factor->secret == NULL) {
		request.password = ask_text(edit_text(&factor->edits[0]));
		request.code = ask_text(edit_text(&factor->edits[1]));
	} else {
		request.code = ask_text(edit_text(&factor->edits[0]));
	}
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_FACTOR;
	frame.factor = &request;
	factor->number = ask_send(factor->app, &frame, LINK_ONCE, factor_on_answer, factor);
}

/* ---- the screen ---- */

static const char *
factor_title(struct screen *screen)
{
	(void)screen;
	return tr(T_FACTOR_TITLE);
}

static void
factor_draw_edit(struct factor *factor, size_t which, const char *label, int y, int x)
{
	cells_put(y, x, 18, label, ROLE_NORMAL);
	cells_add(y, x + 18, 1, "[", ROLE_NORMAL);
	edit_draw(&factor->edits[which], (struct rect){ y, x + 19, 1, 19 }, ROLE_FIELD,
	    factor->focus == which);
	cells_add(y, x + 38, 1, "]", ROLE_NORMAL);
}

static int
factor_draw_text(const char *text, int y, int x)
{
	const char **lines;
	size_t count = text_wrap(cells_scratch(), text, FACTOR_TEXT_COLS, &lines);

	for (size_t i = 0; i < count; i++)
		cells_put(y++, x, FACTOR_TEXT_COLS, lines[i], ROLE_NORMAL);
	return y;
}

/* In groups of four, two lines: to be typed where no camera is at hand. */
static int
factor_draw_secret(const struct factor *factor, int y, int x)
{
	size_t bytes = strlen(factor->secret);

	for (size_t i = 0; i < bytes; i += 4)
		cells_putf(y + (int)(i / 16), x + (int)(i % 16 / 4) * 6, 5, ROLE_STRONG, "%.4s", factor->secret + i);
	return y + (int)((bytes + 15) / 16);
}

static void
factor_draw(struct screen *screen, struct rect rect)
{
	struct factor *factor = (struct factor *)screen;
	const struct qr *qr = factor->qr;
	bool fits = qr != NULL && qr->rows <= rect.rows && qr->cols + FACTOR_TEXT_COLS + 4 <= rect.cols;
	int x = rect.x + 2, y = rect.y + 1;

	if (factor->secret == NULL && factor->own) {
		y = factor_draw_text(tr(T_FACTOR_OWN), y, x) + 1;
		factor_draw_edit(factor, 0, tr(T_PASSWORD_OLD), y, x);
		factor_draw_edit(factor, 1, tr(T_FACTOR_OLD_CODE), y + 1, x);
		return;
	}
	if (factor->secret == NULL)
		return;
	for (int i = 0; fits && i < qr->rows; i++)
		cells_add(rect.y + i, rect.x, qr->cols, qr->lines[i], ROLE_NORMAL);
	if (fits)
		x = rect.x + qr->cols + 3;
	y = factor_draw_text(tr(fits ? T_FACTOR_TEXT : T_FACTOR_TEXT_SMALL), y, x) + 1;
	y = factor_draw_secret(factor, y, x) + 1;
	factor_draw_edit(factor, 0, tr(T_LOGIN_CODE), y, x);
	cells_put(y + 2, x, FACTOR_TEXT_COLS, tr(T_FACTOR_BUTTONS), ROLE_STRONG);
}

static bool
factor_can(struct screen *screen, enum act act)
{
	(void)screen;
	return act != ACT_pick;
}

static unsigned
factor_enter(struct factor *factor)
{
	bool two = factor->own && factor->secret == NULL;

	if (two && factor->focus == 0) {
		factor->focus = 1;
	} else if (edit_empty(&factor->edits[0])) {
		message_error(ERR_REQUIRED, tr(two ? T_PASSWORD_OLD : T_LOGIN_CODE), tr_lang());
	} else if (factor->own) {
		factor_send(factor);
	} else if (!factor->busy && factor->secret != NULL) {
		factor_wait(factor, true);
		link_factor(factor->app->link, LINK_FACTOR_CONFIRM, edit_text(&factor->edits[0]));
	}
	return UI_DONE;
}

static unsigned
factor_key(struct screen *screen, enum act act, const struct event *event)
{
	struct factor *factor = (struct factor *)screen;
	unsigned flags = edit_key(&factor->edits[factor->focus], act, event);

	if (flags != UI_NONE)
		return flags;
	switch (act) {
	case ACT_open:
	case ACT_save:
		return factor_enter(factor);
	case ACT_next:
	case ACT_previous:
	case ACT_up:
	case ACT_down:
		if (factor->own && factor->secret == NULL)
			factor->focus = !factor->focus;
		return UI_DONE;
	default:
		return UI_NONE;
	}
}

static void
factor_leave(struct screen *screen)
{
	struct factor *factor = (struct factor *)screen;

	factor_wait(factor, false);
	ask_cancel(factor->app, &factor->number);
	factor->app->factor = NULL;
	for (size_t i = 0; i < FACTOR_EDITS; i++)
		edit_fini(&factor->edits[i]);
	arena_free(factor->arena);
	free(factor);
}

static const struct screen_ops factor_ops = {
	.name = "factor",
	.context = CTX_LOGIN,
	.title = factor_title,
	.draw = factor_draw,
	.can = factor_can,
	.key = factor_key,
	.leave = factor_leave,
};

static struct factor *
factor_new(struct app *app, bool own)
{
	struct factor *factor = mem_zalloc(1, sizeof(*factor));

	factor->screen.ops = &factor_ops;
	factor->app = app;
	factor->arena = arena_new(0);
	factor->own = own;
	for (size_t i = 0; i < FACTOR_EDITS; i++)
		edit_init(&factor->edits[i], FACTOR_CHARS);
	factor->edits[0].secret = own;
	app->factor = factor;
	ui_push(app->ui, &factor->screen);
	return factor;
}

void
factor_open(struct app *app)
{
	if (app->factor != NULL)
		return;
	factor_wait(factor_new(app, false), true);
	link_factor(app->link, LINK_FACTOR_BEGIN, NULL);
}

void
factor_open_own(struct app *app)
{
	if (app->factor == NULL)
		factor_new(app, true);
}
