/*
 * Whether a customer being typed exists already: asked when the cursor leaves its name, a phone or
 * its tax number, told in the message line. Saving asks again, in the saving transaction.
 */
#include "client/screens/form.h"

#include "client/screens/ask.h"
#include "common/text.h"

#include <string.h>

static const char *
alike_typed(const struct form_screen *form, struct arena *arena, const char *name)
{
	const Kehu__Field *field = cat_field_called(form->entity, name);
	size_t index = field != NULL ? values_index(&form->values, field->number) : SIZE_MAX;
	Kehu__Value value;

	if (index >= form->values.count || values_get(&form->values, arena, index, &value) != ERR_OK ||
	    value.text == NULL || value.masked)
		return "";
	return value.text;
}

static void
alike_on_answer(void *context, const Kehu__ServerFrame *answer)
{
	struct form_screen *form = context;

	form->checking = 0;
	/* A question too many says nothing: saving will. */
	if (answer->answer_case != KEHU__SERVER_FRAME__ANSWER_CHECK || answer->check->n_matches == 0)
		return;
	message_sayf(SAY_WARNING, "%s%s",
	    tr(answer->check->matches[0]->same ? T_CHECK_SAME : T_CHECK_LIKE),
	    text_print(cells_scratch(), answer->check->matches[0]->text, TEXT_LINE));
	ui_redraw(form->app->ui);
}

void
form_check_alike(struct form_screen *form, size_t left)
{
	static const char *const names[] = { "name", "phone", "tax_number" };
	const Kehu__Field *field = form->values.boxes[left].field;
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__Check check = KEHU__CHECK__INIT;
	struct arena *arena;
	bool asked = false;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]) && field != NULL; i++)
		asked |= strcmp(field->name, names[i]) == 0;
	if (!asked || strcmp(form->entity->name, "customer") != 0 || form->saving != NULL)
		return;
	arena = arena_new(0);
	check.name = ask_text(alike_typed(form, arena, "name"));
	check.phone = ask_text(alike_typed(form, arena, "phone"));
	check.tax_number = ask_text(alike_typed(form, arena, "tax_number"));
	check.has_person = true;
	check.person = strcmp(alike_typed(form, arena, "type"), "person") == 0;
	check.has_self = form->id != 0;
	check.self = form->id;
	check.has_typing = check.typing = true;
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_CHECK;
	frame.check = &check;
	ask_cancel(form->app, &form->checking);
	if (check.name[0] != '\0' || check.phone[0] != '\0' || check.tax_number[0] != '\0')
		form->checking = ask_send(form->app, &frame, ASK_QUIET, alike_on_answer, form);
	arena_free(arena);
}
