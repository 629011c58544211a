/* The box that asks whom to ask and why; see consent.h. */
#include "client/screens/consent.h"
#include "client/screens/ask.h"
#include "client/screens/form_values.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/text.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CONSENT_APPROVER = 1, CONSENT_REASON = 2, CONSENT_CHARS = 400, IN_SPITE_CHARS = 200 };

struct consent_box {
	struct screen screen;
	struct app *app;
	struct arena *arena;
	struct values values;
	Kehu__Field approver, reason;
	struct consent *consent;
	void (*given)(void *context);
	void *context;
	bool wanted; /* as soon as the name is looked up */
	bool alike;  /* asks why it is saved although such a record exists, which text tells of */
	const char *text;
};

bool
consent_is_wanted(const Kehu__ServerFrame *answer)
{
	return link_error(answer) == ERR_APPROVER_NEEDED ||
	       link_error(answer) == ERR_APPROVAL_REASON || link_error(answer) == ERR_ALIKE;
}

void
consent_fill(struct consent *consent, Kehu__ClientFrame *frame)
{
	if (consent->approver != 0) {
		frame->n_approvers = 1;
		frame->approvers = &consent->approver;
	}
	if (consent->reason[0] != '\0')
		frame->approval_reason = consent->reason;
	if (consent->in_spite[0] != '\0' && frame->request_case == KEHU__CLIENT_FRAME__REQUEST_SAVE) {
		frame->save->has_allow_duplicate = frame->save->allow_duplicate = true;
		frame->save->duplicate_reason = consent->in_spite;
	}
}

bool
consent_said(const Kehu__Written *written)
{
	if (!written->waits)
		return false;
	message_sayf(SAY_OK, tr(T_CONSENT_WAITS),
	    text_print(cells_scratch(), written->text != NULL ? written->text : "", TEXT_LINE));
	return true;
}

static void
consent_give(struct consent_box *box)
{
	void (*given)(void *) = box->given;
	void *context = box->context;
	Kehu__Value value;

	box->wanted = box->values.asking > 0;
	if (box->wanted || form_check_all(&box->values.form) > 0) {
		if (!box->wanted)
			form_show_errors(&box->values.form);
		return;
	}
	for (size_t i = 0; i < box->values.count; i++) {
		if (values_get(&box->values, box->arena, i, &value) != ERR_OK)
			return;
		if (box->values.boxes[i].field->number == CONSENT_APPROVER)
			box->consent->approver = value.has_number ? value.number : 0;
		else
			snprintf(box->alike ? box->consent->in_spite : box->consent->reason,
			    box->alike ? sizeof(box->consent->in_spite) : sizeof(box->consent->reason),
			    "%s", value.text != NULL ? value.text : "");
	}
	ui_pop_to(box->app->ui, &box->screen);
	ui_pop(box->app->ui);
	given(context);
}

static void
consent_on_settled(void *context)
{
	struct consent_box *box = context;

	if (box->wanted)
		consent_give(box);
}

static unsigned
consent_key(struct screen *screen, enum act act, const struct event *event)
{
	struct consent_box *box = (struct consent_box *)screen;
	unsigned flags;

	if (act == ACT_back || act == ACT_cancel)
		return UI_NONE;
	flags = values_key(&box->values, act, event);
	if (flags & UI_ACT) {
		consent_give(box);
		return UI_DONE;
	}
	return flags;
}

/* What the server says exists already, above the line that asks why this is another. */
static int
consent_draw_text(const struct consent_box *box, struct rect rect)
{
	const char **lines;
	size_t count = text_wrap(cells_scratch(), box->text, (size_t)rect.cols, &lines);
	int rows = 0;

	while (rows < (int)count && rows < rect.rows - 4) {
		cells_put(rect.y + rows, rect.x, rect.cols, lines[rows], ROLE_NORMAL);
		rows++;
	}
	return rows + 1;
}

static void
consent_draw(struct screen *screen, struct rect rect)
{
	struct consent_box *box = (struct consent_box *)screen;

	if (box->alike) {
		int rows = consent_draw_text(box, rect);

		rect.y += rows;
		rect.rows -= rows;
	}
	form_draw(&box->values.form, rect, true);
}

static void
consent_head(struct screen *screen, struct rect rect)
{
	const struct consent_box *box = (struct consent_box *)screen;

	cells_put(rect.y, rect.x, rect.cols, tr(box->alike ? T_ALIKE_HEAD : T_CONSENT_HEAD), ROLE_STRONG);
}

static const char *
consent_hint(struct screen *screen)
{
	return values_hint(&((struct consent_box *)screen)->values);
}

static const char *
consent_title(struct screen *screen)
{
	return tr(((struct consent_box *)screen)->alike ? T_ALIKE : T_CONSENT);
}

static bool
consent_can(struct screen *screen, enum act act)
{
	(void)screen;
	return act != ACT_actions && act != ACT_print && act != ACT_undo && act != ACT_editor;
}

static const char *
consent_label(struct screen *screen, enum act act)
{
	return act != ACT_save ? NULL
			       : tr(((struct consent_box *)screen)->alike ? T_ALIKE_SAVE : T_CONSENT_SEND);
}

static void
consent_leave(struct screen *screen)
{
	struct consent_box *box = (struct consent_box *)screen;

	values_fini(&box->values);
	arena_free(box->arena);
	free(box);
}

static const struct screen_ops consent_ops = {
	.name = "consent",
	.context = CTX_FORM,
	.title = consent_title,
	.head = consent_head,
	.draw = consent_draw,
	.hint = consent_hint,
	.can = consent_can,
	.label = consent_label,
	.key = consent_key,
	.leave = consent_leave,
};

static void
consent_fields(struct consent_box *box, bool whom)
{
	const Kehu__Entity *user = app_entity(box->app, "user");
	Kehu__Field *fields[2];
	size_t count = 0;

	kehu__field__init(&box->approver);
	box->approver.number = CONSENT_APPROVER;
	box->approver.name = arena_strdup(box->arena, "approver");
	box->approver.label = arena_strdup(box->arena, tr(T_CONSENT_WHOM));
	box->approver.type = CAT_REF;
	box->approver.flags = CAT_REQUIRED;
	box->approver.references = user != NULL ? user->number : 0;
	kehu__field__init(&box->reason);
	box->reason.number = CONSENT_REASON;
	box->reason.name = arena_strdup(box->arena, "reason");
	box->reason.label = arena_strdup(box->arena, tr(box->alike ? T_ALIKE_WHY : T_CONSENT_WHY));
	box->reason.type = CAT_TEXT;
	box->reason.flags = whom ? 0 : CAT_REQUIRED;
	box->reason.max_chars = box->alike ? IN_SPITE_CHARS : CONSENT_CHARS;
	if (whom)
		fields[count++] = &box->approver;
	fields[count++] = &box->reason;
	values_init_fields(&box->values, fields, count);
}

void
consent_open(struct app *app, const Kehu__ServerFrame *answer, struct consent *consent,
    void (*given)(void *context), void *context)
{
	struct consent_box *box = mem_zalloc(1, sizeof(*box));
	bool alike = link_error(answer) == ERR_ALIKE;
	bool whom = !alike && (link_error(answer) == ERR_APPROVER_NEEDED || consent->approver != 0);
	const char *before = alike ? consent->in_spite : consent->reason;

	box->screen.ops = &consent_ops;
	box->app = app;
	box->arena = arena_new(0);
	box->consent = consent;
	box->given = given;
	box->context = context;
	box->alike = alike;
	box->text = arena_strdup(box->arena,
	    text_print(box->arena, answer->error->text != NULL ? answer->error->text : "", TEXT_LINE));
	box->values.app = app;
	box->values.settled = consent_on_settled;
	box->values.context = box;
	consent_fields(box, whom);
	box->values.form.button = arena_printf(box->arena, "< F10 %s >", tr(alike ? T_ALIKE_SAVE : T_CONSENT_SEND));
	for (size_t i = 0; i < box->values.count; i++) {
		Kehu__Value value = KEHU__VALUE__INIT;

		value.text = ask_text(before);
		if (box->values.boxes[i].field->number == CONSENT_REASON && before[0] != '\0')
			values_load(&box->values, i, &value);
	}
	ui_push(app->ui, &box->screen);
}
