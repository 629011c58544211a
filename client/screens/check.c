/*
 * 查重: whether a customer is known already, asked by name, phone or tax number. Of customers the asker
 * may not see, the answer says that they are there and no more; so many questions a day.
 */
#include "client/screens/app.h"

#include "client/screens/ask.h"
#include "client/screens/form_values.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/text.h"
#include <stdlib.h>

enum { CHECK_FIELDS = 4, CHECK_CHARS = 120, CHECK_FORM_ROWS = 6 };

struct check {
	struct screen screen;
	struct app *app;
	struct arena *arena; /* of the fields */
	struct values values;
	Kehu__Field fields[CHECK_FIELDS];
	struct arena *kept; /* of the answer */
	const Kehu__CheckAnswer *answer;
	uint32_t asking;
};

static const char *
check_text(struct check *check, size_t index)
{
	Kehu__Value value;

	if (values_get(&check->values, cells_scratch(), index, &value) != ERR_OK || value.text == NULL)
		return "";
	return value.text;
}

static void
check_on_answer(void *context, const Kehu__ServerFrame *frame)
{
	struct check *check = context;

	check->asking = 0;
	if (frame->answer_case != KEHU__SERVER_FRAME__ANSWER_CHECK) {
		ask_say_error(check->app, frame, 0);
		return;
	}
	arena_reset(check->kept);
	check->answer = link_keep(check->kept, frame)->check;
	if (check->answer->has_left)
		message_sayf(SAY_NOTE, tr(T_CHECK_LEFT), check->answer->left);
	ui_redraw(check->app->ui);
}

static void
check_ask(struct check *check)
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__Check request = KEHU__CHECK__INIT;
	Kehu__Value person;

	request.name = ask_text(check_text(check, 0));
	request.phone = ask_text(check_text(check, 1));
	request.tax_number = ask_text(check_text(check, 2));
	request.has_person =
	    values_get(&check->values, cells_scratch(), 3, &person) == ERR_OK && person.number != 0;
	request.person = request.has_person;
	if (request.name[0] == '\0' && request.phone[0] == '\0' && request.tax_number[0] == '\0') {
		message_sayf(SAY_WARNING, "%s", tr(T_CHECK_EMPTY));
		return;
	}
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_CHECK;
	frame.check = &request;
	ask_cancel(check->app, &check->asking);
	check->asking = ask_send(check->app, &frame, 0, check_on_answer, check);
}

/* The first customer of the answer that the asker may see; 0: none. */
static int64_t
check_seen(const struct check *check)
{
	for (size_t i = 0; check->answer != NULL && i < check->answer->n_matches; i++)
		if (check->answer->matches[i]->has_id)
			return check->answer->matches[i]->id;
	return 0;
}

static void
check_new(struct check *check)
{
	const Kehu__Entity *customer = app_entity(check->app, "customer");
	struct form_preset preset = { 0 };
	Kehu__Value value = KEHU__VALUE__INIT;
	const Kehu__Value *values[] = { &value };

	value.has_field = true;
	value.field = app_field(customer, "name");
	value.text = ask_text(check_text(check, 0));
	preset.values = values;
	preset.count = value.text[0] != '\0' ? 1 : 0;
	form_open_new(check->app, customer->number, &preset);
}

/* ---- the screen ---- */

static const char *
check_title(struct screen *screen)
{
	(void)screen;
	return tr(T_CHECK);
}

static void
check_head(struct screen *screen, struct rect rect)
{
	(void)screen;
	cells_put(rect.y, rect.x, rect.cols, tr(T_CHECK_HINT), ROLE_NORMAL);
}

static void
check_draw_matches(const struct check *check, struct rect rect)
{
	int y = rect.y;

	if (check->answer == NULL)
		return;
	if (check->answer->n_matches == 0)
		cells_put(y, rect.x, rect.cols, tr(T_CHECK_NONE), ROLE_GOOD);
	for (size_t i = 0; i < check->answer->n_matches && y < rect.y + rect.rows; i++) {
		const Kehu__CheckMatch *match = check->answer->matches[i];
		const char **lines;
		const char *text = arena_printf(cells_scratch(), "%s%s",
		    tr(match->same ? T_CHECK_SAME : T_CHECK_LIKE),
		    text_print(cells_scratch(), match->text, TEXT_LINE));
		size_t count = text_wrap(cells_scratch(), text, (size_t)rect.cols, &lines);

		for (size_t l = 0; l < count && y < rect.y + rect.rows; l++)
			cells_put(y++, rect.x, rect.cols, lines[l], match->same ? ROLE_BAD : ROLE_WARN);
	}
}

static void
check_draw(struct screen *screen, struct rect rect)
{
	struct check *check = (struct check *)screen;
	struct rect form = rect;

	form.rows = rect.rows < CHECK_FORM_ROWS ? rect.rows : CHECK_FORM_ROWS;
	form_draw(&check->values.form, form, true);
	rect.y += form.rows + 1;
	rect.rows -= form.rows + 1;
	check_draw_matches(check, rect);
}

static const char *
check_hint(struct screen *screen)
{
	return values_hint(&((struct check *)screen)->values);
}

static bool
check_can(struct screen *screen, enum act act)
{
	const struct check *check = (struct check *)screen;

	if (act == ACT_edit)
		return check_seen(check) != 0;
	return act != ACT_actions && act != ACT_print && act != ACT_undo && act != ACT_editor &&
	       act != ACT_pick;
}

static const char *
check_label(struct screen *screen, enum act act)
{
	(void)screen;
	return act == ACT_save ? tr(T_CHECK_ASK) : NULL;
}

static unsigned
check_key(struct screen *screen, enum act act, const struct event *event)
{
	struct check *check = (struct check *)screen;
	const Kehu__Entity *customer = app_entity(check->app, "customer");
	unsigned flags;

	if (act == ACT_back || act == ACT_cancel)
		return UI_NONE;
	if (act == ACT_edit && check_seen(check) != 0) {
		record_open(check->app, customer->number, check_seen(check));
		return UI_DONE;
	}
	if (act == ACT_new) {
		check_new(check);
		return UI_DONE;
	}
	flags = values_key(&check->values, act, event);
	if (flags & UI_ACT) {
		check_ask(check);
		return UI_DONE;
	}
	return flags;
}

static void
check_leave(struct screen *screen)
{
	struct check *check = (struct check *)screen;

	ask_cancel(check->app, &check->asking);
	values_fini(&check->values);
	arena_free(check->arena);
	arena_free(check->kept);
	free(check);
}

static const struct screen_ops check_ops = {
	.name = "check",
	.context = CTX_FORM,
	.title = check_title,
	.head = check_head,
	.draw = check_draw,
	.hint = check_hint,
	.can = check_can,
	.label = check_label,
	.key = check_key,
	.leave = check_leave,
};

static void
check_fields(struct check *check)
{
	static const struct {
		const char *name;
		enum text_id label;
		uint32_t type;
	} fields[CHECK_FIELDS] = { { "name", T_CHECK_NAME, CAT_TEXT }, { "phone", T_CHECK_PHONE, CAT_TEXT },
		{ "tax_number", T_CHECK_TAX, CAT_TEXT }, { "person", T_CHECK_PERSON, CAT_BOOL } };
	Kehu__Field *list[CHECK_FIELDS];

	for (size_t i = 0; i < CHECK_FIELDS; i++) {
		Kehu__Field *field = &check->fields[i];

		kehu__field__init(field);
		field->number = (uint32_t)i + 1;
		field->name = arena_strdup(check->arena, fields[i].name);
		field->label = arena_strdup(check->arena, tr(fields[i].label));
		field->type = fields[i].type;
		field->max_chars = CHECK_CHARS;
		list[i] = field;
	}
	values_init_fields(&check->values, list, CHECK_FIELDS);
}

void
check_open(struct app *app)
{
	struct check *check = mem_zalloc(1, sizeof(*check));

	check->screen.ops = &check_ops;
	check->app = app;
	check->arena = arena_new(0);
	check->kept = arena_new(0);
	check->values.app = app;
	check_fields(check);
	check->values.form.button = arena_printf(check->arena, "< F10 %s >", tr(T_CHECK_ASK));
	ui_push(app->ui, &check->screen);
}
